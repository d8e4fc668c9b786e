"""The named functions of every front end (formulas, sympy, traced callables), composed from tape operations.

What is not real-analytic is refused with the reason (Lemmas A.7, A.8), and for what other programs have it is said what
to write instead. All these names are in `hallucert.objectives.names.RESERVED`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from hallucert.objectives.builder import TapeBuilder
from hallucert.objectives.tape import FUNCTIONS

HALF = Fraction(1, 2)

Rule = Callable[[TapeBuilder, int], int]


def power(builder: TapeBuilder, base: int, exponent: int) -> int:
    """``base ** exponent`` for nodes: integer and rational constants, otherwise ``exp(exponent * log(base))``.

    ``exp(u) ** v`` is ``exp(u * v)``, so that ``e**x`` needs no logarithm.
    """
    value = builder.node(exponent).value if builder.node(exponent).op == "const" else None
    if value is None:
        if builder.node(base).op == "exp":
            return builder.unary("exp", builder.mul(builder.node(base).a, exponent))
        return builder.unary("exp", builder.mul(exponent, builder.unary("log", base)))
    if value.denominator == 1:
        return builder.power(base, value.numerator)
    return builder.real_power(base, value)


def _sigmoid(builder: TapeBuilder, a: int) -> int:
    half = builder.constant(HALF)
    return builder.add(half, builder.mul(half, builder.unary("tanh", builder.mul(half, a))))


def _gelu(builder: TapeBuilder, a: int) -> int:
    """``a (1 + erf(a / sqrt 2)) / 2``; not the approximation by tanh that some programs call by the same name."""
    ratio = builder.div(a, builder.unary("sqrt", builder.constant(2)))
    weight = builder.add(builder.constant(1), builder.unary("erf", ratio))
    return builder.mul(builder.constant(HALF), builder.mul(a, weight))


def _operation(op: str) -> Rule:
    return lambda builder, a: builder.unary(op, a)


ANALYTIC: dict[str, Rule] = {
    **{op: _operation(op) for op in FUNCTIONS},
    "sinh": lambda b, a: b.mul(b.constant(HALF), b.sub(b.unary("exp", a), b.unary("exp", b.neg(a)))),
    "cosh": lambda b, a: b.mul(b.constant(HALF), b.add(b.unary("exp", a), b.unary("exp", b.neg(a)))),
    "tan": lambda b, a: b.div(b.unary("sin", a), b.unary("cos", a)),
    "sigmoid": _sigmoid,
    "silu": lambda b, a: b.mul(a, _sigmoid(b, a)),
    "gelu": _gelu,
    "erfc": lambda b, a: b.sub(b.constant(1), b.unary("erf", a)),
    "square": lambda b, a: b.power(a, 2),
}
"""By name, what makes a node of the builder out of another."""

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


def not_analytic_message(name: str) -> str:
    """Return the sentence that refuses the function `name`."""
    reason = NOT_ANALYTIC[name]
    return (
        f"{name} is not real-analytic: {reason}. The theorems need real-analytic functions (Lemmas A.7, A.8); "
        "use a smooth stand-in such as softplus, sqrt(x**2 + eps) or tanh, or build a float-only objective with "
        "Objective.from_callable(fn, dimension, rigorous=False)"
    )


def unknown_message(name: str) -> str:
    """Return the sentence that refuses the function `name`, which nobody here knows, with what to write instead."""
    known = ANALYTIC | NOT_ANALYTIC | FUNCTIONS_ELSEWHERE
    own = name if name in known else name.lower()
    if own in ANALYTIC:
        way_out = f": write {own}(x)"
    elif own in NOT_ANALYTIC:
        way_out = f": {own} is not real-analytic"
    else:
        instead = FUNCTIONS_ELSEWHERE.get(own)
        way_out = f": write {instead}" if instead else ""
    return f"unknown function {name[:40]!r}{way_out} (known: {', '.join(sorted(ANALYTIC))})"


def function_name(function: Callable[..., object]) -> str | None:
    """Return the name of a Python function for reports, None if it is a lambda or has none."""
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) and name != "<lambda>" else None
