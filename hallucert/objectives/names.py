"""Names of variables: what may be one, so that a printed formula is read as the function that it was printed from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

from hallucert.arguments import checked_items
from hallucert.errors import ArgumentError

MAX_VARIABLES = 10_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")

CONSTANTS_ELSEWHERE: dict[str, str] = {
    **dict.fromkeys(("e", "E"), "write exp(1) for Euler's number"),
    **dict.fromkeys(("Pi", "PI"), "write pi for the number"),
    "I": "numbers must be real",
    **dict.fromkeys(("inf", "Inf", "INF", "infinity", "Infinity", "oo", "zoo"), "numbers must be finite"),
    **dict.fromkeys(("nan", "NaN", "NAN"), "numbers must be finite"),
    **dict.fromkeys(("True", "False", "true", "false", "None"), "formulas are made of numbers"),
}
"""Names that Python, numpy, sympy or a textbook takes for a constant, and what to write for that constant here.

They are variables where somebody lists them. A formula that holds one is never read without such a list, and whatever
prints a function says that they are variables.
"""


@cache
def reserved_names() -> frozenset[str]:
    """Return the names that mean something else in a formula: no variable may have one."""
    from hallucert.objectives import functions  # composed of tapes, whose variables are checked here

    return frozenset({"pi", *functions.ANALYTIC, *functions.NOT_ANALYTIC, *functions.FUNCTIONS_ELSEWHERE})


def check_variable_names(variables: Sequence[str], argument: str = "variables") -> tuple[str, ...]:
    """Return the names as a tuple after checking that they are distinct identifiers, and no functions or constants.

    Raises
    ------
    ArgumentError
        If they are not.
    """
    names = tuple(checked_items(variables, argument, "be a sequence of names"))
    if not 1 <= len(names) <= MAX_VARIABLES:
        raise ArgumentError(argument, f"<{len(names)} names>", f"have between 1 and {MAX_VARIABLES} names")
    for name in names:
        if not isinstance(name, str):
            raise ArgumentError(argument, name, "be names")
    _check(names, argument)
    return names


@lru_cache(maxsize=256)
def _check(names: tuple[str, ...], argument: str) -> None:
    """Check strings; the same ones come again with every tape that is derived from a function's."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise ArgumentError(argument, name, "be identifiers of at most 64 ASCII letters, digits and underscores")
        if name in reserved_names():
            raise ArgumentError(argument, name, "not be the name of a function or constant")
    if len(set(names)) != len(names):
        raise ArgumentError(argument, names, "be distinct")


def mistakable(variables: Iterable[str]) -> list[str]:
    """Return the names of variables that a reader may take for constants, or in small letters for functions.

    Examples
    --------
    >>> mistakable(["x", "e", "y", "Log"])
    ['e', 'Log']
    """
    return [name for name in variables if name in CONSTANTS_ELSEWHERE or name.lower() in reserved_names()]
