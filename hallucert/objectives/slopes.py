"""The derivatives of functions of one number, written once: for tapes, and entry by entry for array programs."""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

from hallucert.errors import ArgumentError


class SlopeBuilder(Protocol):
    """What a builder of tapes and one of array programs have in common."""

    def constant(self, value: Fraction | int) -> int: ...
    def pi(self) -> int: ...
    def sub(self, a: int, b: int) -> int: ...
    def neg(self, a: int) -> int: ...
    def mul(self, a: int, b: int) -> int: ...
    def div(self, a: int, b: int) -> int: ...
    def power(self, a: int, exponent: int) -> int: ...
    def unary(self, op: str, a: int) -> int: ...


def function_slope(builder: SlopeBuilder, op: str, exponent: int, result: int, operand: int) -> int:
    """Return the derivative of a power ``pow``, or of a function of the tape, as a node of the builder."""
    one = builder.constant(1)
    match op:
        case "pow":
            if exponent == 0:
                return builder.constant(0)
            return builder.mul(builder.constant(exponent), builder.power(operand, exponent - 1))
        case "exp":
            return result
        case "log":
            return builder.div(one, operand)
        case "sqrt":
            return builder.div(builder.constant(Fraction(1, 2)), result)
        case "sin":
            return builder.unary("cos", operand)
        case "cos":
            return builder.neg(builder.unary("sin", operand))
        case "tanh":
            return builder.sub(one, builder.power(result, 2))
        case "erf":  # 2/sqrt(pi) exp(-a**2)
            factor = builder.div(builder.constant(2), builder.unary("sqrt", builder.pi()))
            return builder.mul(factor, builder.unary("exp", builder.neg(builder.power(operand, 2))))
        case "softplus":  # 1/(1 + exp(-a)), in a form that neither overflows nor cancels
            return builder.unary("exp", builder.neg(builder.unary("softplus", builder.neg(operand))))
    raise ArgumentError("tape", op, "hold operations that have a derivative")
