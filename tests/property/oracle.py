"""Random formulas, and mpmath's floating point as the arithmetic that says what they are."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import mpmath

from hallucert.balls.facade import EXP_LIMIT, UNDERFLOW_LIMIT
from hallucert.errors import ArgumentError
from hallucert.objectives.builder import TapeBuilder
from hallucert.objectives.tape import Tape


class UndefinedError(Exception):
    """The formula is not defined at the point (or is larger than any ball may be)."""


class Oracle:
    """mpmath's floating point as the arithmetic of a tape; raises where a real function is not defined."""

    @staticmethod
    def constant(value: Fraction):
        return Number(mpmath.mpf(value.numerator) / value.denominator)

    @staticmethod
    def pi():
        return Number(+mpmath.pi)

    @staticmethod
    def power(x, exponent: int):
        if exponent < 0 and x.value == 0:
            raise UndefinedError
        return Number(x.value**exponent)

    @staticmethod
    def real_power(x, exponent: Fraction):
        return Number(mpmath.power(Oracle._positive(x), mpmath.mpf(exponent.numerator) / exponent.denominator))

    @staticmethod
    def exp(x):
        if x.value > EXP_LIMIT + 1:
            raise UndefinedError
        return Number(mpmath.exp(x.value) if x.value > -2 * UNDERFLOW_LIMIT else mpmath.mpf(0))

    @staticmethod
    def log(x):
        return Number(mpmath.log(Oracle._positive(x)))

    @staticmethod
    def sqrt(x):
        return Number(mpmath.sqrt(Oracle._positive(x)))

    @staticmethod
    def sin(x):
        return Number(mpmath.sin(Oracle._moderate(x)))

    @staticmethod
    def cos(x):
        return Number(mpmath.cos(Oracle._moderate(x)))

    @staticmethod
    def tanh(x):
        return Number(mpmath.tanh(x.value) if abs(x.value) < 10**6 else mpmath.sign(x.value))

    @staticmethod
    def erf(x):
        return Number(mpmath.erf(x.value) if abs(x.value) < 10**6 else mpmath.sign(x.value))

    @staticmethod
    def softplus(x):
        tail = mpmath.exp(-abs(x.value)) if abs(x.value) < 2 * UNDERFLOW_LIMIT else mpmath.mpf(0)
        return Number(max(x.value, mpmath.mpf(0)) + mpmath.log1p(tail))

    @staticmethod
    def _positive(x):
        if x.value <= 0:
            raise UndefinedError
        return x.value

    @staticmethod
    def _moderate(x):
        if abs(x.value) > mpmath.mpf(10) ** 50:
            raise OverflowError
        return x.value


class Number:
    """An mpf whose division refuses 0."""

    def __init__(self, value):
        self.value = value

    def __add__(self, other):
        return Number(self.value + other.value)

    def __sub__(self, other):
        return Number(self.value - other.value)

    def __mul__(self, other):
        return Number(self.value * other.value)

    def __truediv__(self, other):
        if other.value == 0:
            raise UndefinedError
        return Number(self.value / other.value)

    def __neg__(self):
        return Number(-self.value)


UNARY = ("exp", "log", "sqrt", "sin", "cos", "tanh", "erf", "softplus", "neg")
BINARY = ("add", "sub", "mul", "div")
KINDS = ("unary", "binary", "binary", "power", "real_power")


def random_tape(integer: Callable[[int, int], int], rational: Callable[[], Fraction]) -> Tape:
    """Make a one-output tape in one to three variables, of three to twelve operations.

    `integer` chooses from a range, ends included; `rational` chooses a number.
    """
    d = integer(1, 3)
    builder = TapeBuilder([f"x{i}" for i in range(d)])
    nodes = [builder.variable(i) for i in range(d)] + [builder.constant(rational()), builder.pi()]
    for _ in range(integer(3, 12)):
        kind = KINDS[integer(0, len(KINDS) - 1)]
        a, b = (nodes[-1 - integer(0, min(5, len(nodes) - 1))] for _ in range(2))
        try:
            if kind == "unary":
                op = UNARY[integer(0, len(UNARY) - 1)]
                node = builder.neg(a) if op == "neg" else builder.unary(op, a)
            elif kind == "binary":
                node = getattr(builder, BINARY[integer(0, len(BINARY) - 1)])(a, b)
            elif kind == "power":
                node = builder.power(a, integer(-3, 5))
            else:
                node = builder.real_power(a, rational())
        except ArgumentError:  # a constant outside the domain, such as log(-1)
            continue
        nodes.append(node)
    return builder.tape([nodes[-1]])
