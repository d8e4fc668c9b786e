"""A formula as an array program: its tape is run in an arithmetic whose numbers are nodes, on entries of one vector.

So what is enclosed in arrays, many points at a time, is enclosed for formulas, too. ``a ** v`` with a rational ``v``
that is no integer is ``exp(v log a)``, which has the same domain.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.objectives.tape import FUNCTIONS


@dataclass(frozen=True)
class Number:
    """A node of shape (), with the operators that tapes need."""

    builder: ProgramBuilder
    node: int

    def __neg__(self) -> Number:
        return Number(self.builder, self.builder.neg(self.node))

    def __add__(self, other: Number) -> Number:
        return Number(self.builder, self.builder.add(self.node, other.node))

    def __sub__(self, other: Number) -> Number:
        return Number(self.builder, self.builder.sub(self.node, other.node))

    def __mul__(self, other: Number) -> Number:
        return Number(self.builder, self.builder.mul(self.node, other.node))

    def __truediv__(self, other: Number) -> Number:
        return Number(self.builder, self.builder.div(self.node, other.node))


class NodeArithmetic:
    """The arithmetic of `Number`."""

    lasting = False  # it belongs to one builder

    def __init__(self, builder: ProgramBuilder) -> None:
        self.builder = builder

    def constant(self, value: Fraction) -> Number:
        """An exact number."""
        return Number(self.builder, self.builder.constant(value))

    def pi(self) -> Number:
        """The number pi."""
        return Number(self.builder, self.builder.pi())

    def power(self, x: Number, exponent: int) -> Number:
        """An integer power."""
        return Number(self.builder, self.builder.power(x.node, exponent))

    def real_power(self, x: Number, exponent: Fraction) -> Number:
        """``exp(v log x)``."""
        logarithm = self.builder.unary("log", x.node)
        return Number(self.builder, self.builder.unary("exp", self.builder.scale(exponent, logarithm)))

    def __getattr__(self, name: str) -> Any:
        if name not in FUNCTIONS:
            raise AttributeError(name)
        return lambda x: Number(self.builder, self.builder.unary(name, x.node))


def as_program(f: Objective) -> ProgramObjective | None:
    """Return a function as an array program of its residuals, if it has some, or of its value; None if it is neither.

    The variables of a formula are the entries of one vector.
    """
    if isinstance(f, ProgramObjective):
        return f
    if not isinstance(f, FormulaObjective):
        return None
    builder = ProgramBuilder([(f.dimension,)])
    variables = [Number(builder, builder.index(builder.input(0), i)) for i in range(f.dimension)]
    tape = f.tape if f.residuals is None else f.residuals
    found = [number.node for number in tape.evaluate(NodeArithmetic(builder), variables)]
    if f.residuals is None:
        return ProgramObjective(builder.program(found), ["x"])
    vector = builder.filled(0, (len(found),))
    for i, node in enumerate(found):
        vector = builder.add(vector, builder.put(node, np.asarray(i), (len(found),)))
    return ProgramObjective(builder.program([vector]), ["x"], f.n)
