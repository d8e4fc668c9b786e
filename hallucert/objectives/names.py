"""Names in formulas, of functions and of variables: a printed formula is read as what it was printed from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from hallucert.arguments import checked_items
from hallucert.errors import ArgumentError, require

MAX_VARIABLES = 10_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")

FUNCTIONS = "exp log sqrt sin cos tan sinh cosh tanh erf erfc sigmoid softplus silu gelu square"
"""The functions of every front end."""

_REFUSED = """
abs absolute fabs relu leaky_relu sign sgn heaviside max maximum fmax min minimum fmin clip where piecewise elu floor
ceil trunc round mod remainder ln lg log2 log10 log1p expm1 exp2 exp10 cbrt pow sqr hypot sec csc cosec cot cotan ctg
cotg tg sech csch cosech coth asinh arcsinh arsinh acosh arccosh arcosh atanh arctanh artanh logistic expit logit
swish mish logsumexp logaddexp asin arcsin acos arccos atan arctan atan2 arctan2 arctg acot erfinv lgamma gammaln
digamma softmax sinc
"""
"""Functions that are not analytic, and those of mathematics that are no operations here. Why, and what to write
instead, says `hallucert.objectives.front_ends.functions`."""

RESERVED = frozenset({"pi", *FUNCTIONS.split(), *_REFUSED.split()})
"""Names that mean something else in a formula: no variable may have one."""


def check_variable_names(variables: Sequence[str], argument: str = "variables") -> tuple[str, ...]:
    """Return the names as a tuple after checking that they are distinct identifiers, and no functions or constants."""
    names = tuple(checked_items(variables, argument, "be a sequence of names"))
    if not 1 <= len(names) <= MAX_VARIABLES:
        raise ArgumentError(argument, f"<{len(names)} names>", f"have between 1 and {MAX_VARIABLES} names")
    for name in names:
        require(isinstance(name, str), argument, name, "be names")
    _check(names, argument)
    return names


@lru_cache(maxsize=256)
def _check(names: tuple[str, ...], argument: str) -> None:
    """Check strings; the same ones come again with every tape that is derived from a function's."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise ArgumentError(argument, name, "be identifiers of at most 64 ASCII letters, digits and underscores")
        require(name not in RESERVED, argument, name, "not be the name of a function or constant")
    require(len(set(names)) == len(names), argument, names, "be distinct")
