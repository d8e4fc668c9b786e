"""Names in formulas: of functions, of what is refused and why, and of variables, so that a printed formula is read as
the function that it was printed from.

What is not real-analytic is refused with the reason (Lemmas A.7, A.8), and for what other programs have it is said what
to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

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


_ELEMENTARY = ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "erfc")
FUNCTION_NAMES = frozenset({*_ELEMENTARY, "sigmoid", "softplus", "silu", "gelu", "square"})
"""The functions of every front end."""

_REASONS = {
    "it has a kink at 0": "abs absolute fabs relu leaky_relu",
    "it jumps at 0": "sign sgn heaviside",
    "it has a kink where its arguments are equal": "max maximum fmax min minimum fmin",
    "it has kinks at its bounds": "clip",
    "it is pieced together from branches": "where piecewise",
    "it is analytic only piecewise: its second derivative jumps at 0": "elu",
    "it jumps at the integers": "floor ceil trunc",
    "it jumps": "round mod remainder",
}
NOT_ANALYTIC = {name: reason for reason, names in _REASONS.items() for name in names.split()}
"""Functions that are refused, and why."""

FUNCTIONS_ELSEWHERE: dict[str, str] = {
    "ln": "log(x)",
    "lg": "log(x)/log(10)",
    "log2": "log(x)/log(2)",
    "log10": "log(x)/log(10)",
    "log1p": "log(1 + x)",
    "expm1": "exp(x) - 1",
    "exp2": "2**x",
    "exp10": "10**x",
    "cbrt": "x**(1/3) for x > 0",
    "pow": "x**y",
    "sqr": "x**2",
    "hypot": "sqrt(x**2 + y**2)",
    "sec": "1/cos(x)",
    **dict.fromkeys(("csc", "cosec"), "1/sin(x)"),
    **dict.fromkeys(("cot", "cotan", "ctg", "cotg"), "cos(x)/sin(x)"),
    "tg": "tan(x)",
    "sech": "1/cosh(x)",
    **dict.fromkeys(("csch", "cosech"), "1/sinh(x)"),
    "coth": "cosh(x)/sinh(x)",
    **dict.fromkeys(("asinh", "arcsinh", "arsinh"), "log(x + sqrt(x**2 + 1))"),
    **dict.fromkeys(("acosh", "arccosh", "arcosh"), "log(x + sqrt(x**2 - 1))"),
    **dict.fromkeys(("atanh", "arctanh", "artanh"), "log((1 + x)/(1 - x))/2"),
    **dict.fromkeys(("logistic", "expit"), "sigmoid(x)"),
    "logit": "log(x/(1 - x))",
    "swish": "silu(x)",
    "mish": "x*tanh(softplus(x))",
    **dict.fromkeys(("logsumexp", "logaddexp"), "log(exp(x) + exp(y))"),
    **dict.fromkeys(("asin", "arcsin", "acos", "arccos", "atan", "arctan", "atan2", "arctan2", "arctg", "acot"), ""),
    **dict.fromkeys(("erfinv", "lgamma", "gammaln", "digamma", "softmax", "sinc"), ""),
}
"""Functions of mathematics that are no operations here, and how to write those that can be composed; empty where no
composition is the same function. They are no names of variables either: whoever writes ``ln*(x)``, or reads it, means
the logarithm. Names that are as common for variables, such as ``gamma`` or ``power``, are not among them."""

RESERVED = frozenset({"pi", *FUNCTION_NAMES, *NOT_ANALYTIC, *FUNCTIONS_ELSEWHERE})
"""Names that mean something else in a formula: no variable may have one."""


def check_variable_names(variables: Sequence[str], argument: str = "variables") -> tuple[str, ...]:
    """Return the names as a tuple after checking that they are distinct identifiers, and no functions or constants."""
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
        if name in RESERVED:
            raise ArgumentError(argument, name, "not be the name of a function or constant")
    if len(set(names)) != len(names):
        raise ArgumentError(argument, names, "be distinct")


def function_name(function: Callable[..., object]) -> str | None:
    """Return the name of a Python function for reports, None if it is a lambda or has none."""
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) and name != "<lambda>" else None
