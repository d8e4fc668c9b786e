"""What public functions share: checked arguments, a quiet numpy, methods that load late.

Each check names the argument, says what it was and what it must be.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Set, Sized
from fractions import Fraction
from functools import cached_property, wraps
from importlib import import_module
from itertools import islice
from numbers import Real
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar

import numpy as np

from hallucert.errors import ArgumentError, HallucertError, require
from hallucert.exact import exact, whole

P = ParamSpec("P")
R = TypeVar("R")

LARGEST_INTEGER = 2**63 - 1
MOST_ITEMS = 10**5
"""Of an iterator, which may have no end."""
NO_ITEMS = str | bytes | bytearray | memoryview | Set | Mapping
"""Collections of which nobody says which item is the first number."""


def checked_items(value: object, argument: str, must: str) -> list[Any]:
    """Return the items of a list, tuple, array or other collection that is no string and has an order and an end."""
    if isinstance(value, NO_ITEMS) or not isinstance(value, Iterable):
        raise ArgumentError(argument, value, must)
    try:
        items = list(value if isinstance(value, Sized) else islice(value, MOST_ITEMS))
    except HallucertError:
        raise
    except Exception:  # an array without dimensions, or whatever a foreign object raises
        raise ArgumentError(argument, value, must) from None
    require(isinstance(value, Sized) or len(items) != MOST_ITEMS, argument, value, f"{must}, and come to an end")
    return items


def checked_whole(value: object, least: int, argument: str, largest: int = LARGEST_INTEGER) -> int:
    """Return an integer from `least` to `largest`."""
    number = whole(value)
    if number is None or not least <= number <= largest:
        bound = f"of at least {least}" if largest == LARGEST_INTEGER else f"from {least} to {largest}"
        raise ArgumentError(argument, value, f"be an integer {bound}")
    return number


def checked_real(value: object, argument: str, must: str, accept: Callable[[Fraction | float], bool]) -> float:
    """Return the double nearest to an exact number; both have to be what is accepted.

    For settings of searches, of which nothing is claimed.
    """
    try:
        number = exact(value, argument, must)
        double = float(number)
    except OverflowError:
        raise ArgumentError(argument, value, f"{must}, within the range of doubles") from None
    require(accept(number) and accept(double), argument, value, must)
    return double


def checked_seconds(value: object, argument: str) -> float:
    """Return a positive number of seconds, which may be infinite."""
    if isinstance(value, Real) and value == math.inf:
        return math.inf
    return checked_real(value, argument, "be a positive number of seconds", lambda number: number > 0)


def checked_path(value: object, argument: str = "path") -> Path:
    """Return the path of a file or folder, which need not be there."""
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(text, str) or not text:
        raise ArgumentError(argument, value, "be a path: a string that is not empty, or a pathlib.Path")
    try:
        valid = b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        valid = False
    require(valid, argument, value, "have no null characters and no lone surrogates: no path can hold them")
    return Path(text)


def checked_text(value: object, argument: str) -> str | None:
    """Return a name or title: a string, or None for want of one."""
    if value is not None and not isinstance(value, str):
        raise ArgumentError(argument, value, "be a string, or None")
    return value


def check_progress(value: object) -> None:
    """Refuse what nobody can ask for about the progress of a long run."""
    if not (value is None or isinstance(value, bool) or callable(value)):
        raise ArgumentError("progress", value, "be True, False, None or a function")


class Quiet:
    """A context in which numpy neither warns of floating-point errors nor raises them.

    They are data here: NaN outside of a domain, infinities beyond the range, zeros. What a caller has set
    (``numpy.seterr``) is about the caller's arithmetic: every public function that computes in floats ignores it while
    it runs, and leaves it as it was.
    """

    def __enter__(self) -> Self:
        self._state = np.errstate(all="ignore")
        self._state.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._state.__exit__(None, None, None)


def quiet(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that does the same in a `Quiet` context.

    Examples
    --------
    >>> @quiet
    ... def inverse(x):
    ...     return 1 / np.asarray(x)
    >>> with np.errstate(all="raise"):
    ...     float(inverse(0.0))
    inf
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with Quiet():
            return function(*args, **kwargs)

    return run


class Late:
    """A function of the same name in another `module`, as a method of the class in whose body this stands.

    So that module sees the class, the class does not see that module, and a checker that needs the class loads none of
    it. With ``made=staticmethod`` it takes no object of the class, as one that makes such objects; with
    ``made=cached_property`` it is a property.
    """

    def __init__(self, module: str, made: Callable[[Callable[..., Any]], Any] = lambda function: function) -> None:
        self.module, self.made = module, made

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner, name

    def __get__(self, instance: object, owner: type) -> Any:
        member = self.made(getattr(import_module(self.module), self.name))
        if isinstance(member, cached_property):
            member.__set_name__(self.owner, self.name)
        setattr(self.owner, self.name, member)
        return getattr(owner if instance is None else instance, self.name)
