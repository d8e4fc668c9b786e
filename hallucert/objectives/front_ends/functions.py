"""The named functions of every front end (formulas, sympy, traced callables), composed from tape operations; and tapes
written as formulas that the parser reads back.

What is refused, and why, is in `hallucert.objectives.names`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from hallucert.exact import format_rational
from hallucert.objectives.builder import TapeBuilder
from hallucert.objectives.names import FUNCTIONS_ELSEWHERE, NOT_ANALYTIC
from hallucert.objectives.tape import FUNCTIONS, Tape

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


# ---------------------------------------------------------------------- writing

_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)
MAX_LENGTH = 2000


def formula(tape: Tape, output: int = 0) -> str | None:
    """Return the formula of one output, or None if it would be longer than `MAX_LENGTH` characters.

    Examples
    --------
    >>> from hallucert.objectives.front_ends.parser import parse_tape
    >>> formula(parse_tape(["(x**2 + y - 11)**2"]))
    '(x**2 + y - 11)**2'
    """
    texts: list[tuple[str, int]] = []
    for op, a, b, value in tape.nodes:
        match op:
            case "var":
                entry = (tape.variables[a], _ATOM)
            case "const":
                text = format_rational(value)  # type: ignore[arg-type]
                entry = (text, _SUM if text.startswith("-") else _PRODUCT if "/" in text else _ATOM)
            case "pi":
                entry = ("pi", _ATOM)
            case "add":
                entry = (f"{_in(texts[a], _SUM)} + {_in(texts[b], _PRODUCT)}", _SUM)
            case "sub":
                entry = (f"{_in(texts[a], _SUM)} - {_in(texts[b], _PRODUCT)}", _SUM)
            case "mul":
                entry = (f"{_in(texts[a], _PRODUCT)}*{_in(texts[b], _SIGN)}", _PRODUCT)
            case "div":
                entry = (f"{_in(texts[a], _PRODUCT)}/{_in(texts[b], _POWER)}", _PRODUCT)
            case "neg":
                entry = (f"-{_in(texts[a], _POWER)}", _SUM)
            case "pow":
                entry = (f"{_in(texts[a], _ATOM)}**{b if b >= 0 else f'({b})'}", _POWER)
            case "rpow":
                entry = (f"{_in(texts[a], _ATOM)}**({format_rational(value)})", _POWER)  # type: ignore[arg-type]
            case _:
                entry = (f"{op}({texts[a][0]})", _ATOM)
        if len(entry[0]) > MAX_LENGTH:
            return None
        texts.append(entry)
    return texts[tape.outputs[output]][0]


def _in(entry: tuple[str, int], level: int) -> str:
    """The text of an operand, in parentheses if it binds less tightly than `level`."""
    text, own = entry
    return text if own >= level else f"({text})"
