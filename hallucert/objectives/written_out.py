"""A small array program written out as a formula, for proofs that need third derivatives: its arrays hold nodes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from hallucert.objectives.builder import TapeBuilder
from hallucert.objectives.formula import FormulaObjective, least_squares
from hallucert.objectives.program.evaluate import Array, Arrays
from hallucert.objectives.program.program import Program, entries


class _Number:
    """A node of a tape, with the operators that arrays need."""

    def __init__(self, builder: TapeBuilder, node: int) -> None:
        self.builder, self.node = builder, node

    def __add__(self, other: _Number) -> _Number:
        return _Number(self.builder, self.builder.add(self.node, other.node))

    def __mul__(self, other: _Number) -> _Number:
        return _Number(self.builder, self.builder.mul(self.node, other.node))

    def __neg__(self) -> _Number:
        return _Number(self.builder, self.builder.neg(self.node))


class TapeArrays(Arrays):
    """Arrays of nodes of a tape, in its builder."""

    def __init__(self, builder: TapeBuilder) -> None:
        self.builder = builder

    def constant(self, values: Array) -> Array:
        return self._each(lambda v: self.builder.constant(Fraction(v)), values)

    def number(self, value: Fraction | None) -> Array:
        result = np.empty((), dtype=object)
        result[()] = _Number(self.builder, self.builder.pi() if value is None else self.builder.constant(value))
        return result

    def function(self, name: str, a: Array) -> Array:
        return self._each(lambda x: self.builder.unary(name, x.node), a)

    def power(self, a: Array, exponent: int) -> Array:
        return self._each(lambda x: self.builder.power(x.node, exponent), a)

    def product(self, a: Array, b: Array) -> Array:
        return np.add.reduce(a[:, :, :, None] * b[:, None, :, :], axis=2)

    def logsumexp(self, a: Array) -> Array:
        return self.function("log", np.add.reduce(self.function("exp", a), axis=-1))

    def defined(self, result: Array, left: Callable[[], Array]) -> Array:
        """A result, plus 0 times the entries that are left out: the builder keeps what may be undefined."""
        for number in left().reshape(-1).tolist():
            result = result + _Number(self.builder, self.builder.mul(self.builder.constant(0), number.node))
        return result

    def _each(self, function: Callable[..., int], a: Array) -> Array:
        result = np.empty(a.size, dtype=object)
        result[:] = [_Number(self.builder, function(x)) for x in a.reshape(-1).tolist()]
        return result.reshape(a.shape)


def written_out(program: Program, variables: tuple[str, ...], n: Fraction, name: str) -> FormulaObjective:
    """Return the formula that a program with one output is.

    Parameters
    ----------
    program : Program
        The value, or the residuals.
    variables : tuple of str
        Names of the entries of its inputs.
    n : Fraction
        The ``n`` in ``(1/2n) |r|^2``.
    name : str
        Name for reports.
    """
    builder = TapeBuilder(variables)
    numbers = iter(_Number(builder, builder.variable(i)) for i in range(len(variables)))
    inputs = []
    for shape in program.inputs:
        array = np.empty(entries(shape), dtype=object)
        array[:] = [next(numbers) for _ in range(array.size)]
        inputs.append(array.reshape(shape))
    output = TapeArrays(builder).run(program, inputs)[0]
    tape = builder.tape([number.node for number in output.reshape(-1)])
    if output.ndim == 0:
        return FormulaObjective(tape, name=name)
    return least_squares(tape, n, name)
