"""Everything that is derived from one array program, in one builder: what several derivatives need is one node.

So a run on a box of parameters computes it once: a proof asks for value, gradient and Hessian at the same box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hallucert.clock import look
from hallucert.objectives.program.builder import ProgramBuilder, prune
from hallucert.objectives.program.derivatives import by_inputs, cotangents, pushforward
from hallucert.objectives.program.hessian import Entries, HessianBuilder, jacobian_entries
from hallucert.objectives.program.program import Node, Program, Shape

if TYPE_CHECKING:
    from hallucert.objectives.program.evaluate import Array, Arrays


class Calculus:
    """The derivatives of a loss, the one output of a program: its value, (), or the residuals (m,) of ``|r|^2/2n``."""

    def __init__(self, program: Program, n: Fraction) -> None:
        self.program, self.n = program, n
        self.builder = ProgramBuilder(program.inputs)
        self.primal = self.builder.include(program, [self.builder.input(i) for i in range(len(program.inputs))])
        self.output = self.primal[program.outputs[0]]
        self.has_residuals = bool(program.output_shapes[0])
        self._orders: dict[tuple[int, ...], list[Step]] = {}

    @cached_property
    def value(self) -> int:
        """The value: half the mean square of the residuals, if these are what is given."""
        if not self.has_residuals:
            return self.output
        return self.builder.scale(1 / (2 * self.n), self.builder.contract("m,m->", self.output, self.output))

    @cached_property
    def cotangents(self) -> dict[int, int]:
        """The derivatives of the value by the program's nodes."""
        seed = self.builder.scale(1 / self.n, self.output) if self.has_residuals else self.builder.constant(1)
        return cotangents(self.builder, self.builder, self.program, self.primal, {self.program.outputs[0]: seed})

    @cached_property
    def gradient(self) -> list[int]:
        """The gradient, a node for each input."""
        found = by_inputs(self.program, self.cotangents)
        shapes = enumerate(self.program.inputs)
        return [found[i] if i in found else self.builder.filled(0, shape) for i, shape in shapes]

    @cached_property
    def jacobian(self) -> Entries:
        """The Jacobian of the output."""
        return jacobian_entries(self.builder, self.program, self.primal)

    @cached_property
    def hessian(self) -> Entries:
        """The second derivatives of the output, weighted by its cotangent; with residuals ``J^T J / n`` is missing."""
        return HessianBuilder(self.builder, self.program, self.primal, self.cotangents).build()

    @cached_property
    def gradients(self) -> Program:
        """The gradient as a program, one array for each input."""
        return self.builder.program(self.gradient)

    @cached_property
    def second(self) -> Program:
        """The derivative of the gradient along tangents, which come after the inputs: Hessian-vector products."""
        both = pushforward(self.gradients)
        return prune(replace(both, outputs=both.outputs[len(self.gradient) :]))

    def steps(self, outputs: Sequence[int]) -> list[Step]:
        """Return the nodes that the given ones need, in the order in which they are computed."""
        known = self._orders.get(tuple(outputs))
        if known is None:
            open_nodes, found = list(outputs), set[int]()
            while open_nodes:
                i = open_nodes.pop()
                if i not in found:
                    found.add(i)
                    open_nodes.extend(self.builder.node(i).args)
            known, moving = self._orders.setdefault(tuple(outputs), []), set[int]()
            for i in sorted(found):
                node = self.builder.node(i)
                if node.op == "input" or not moving.isdisjoint(node.args):
                    moving.add(i)
                known.append(Step(i, node, [self.builder.shape(j) for j in node.args], i in moving))
        return known


class Step(NamedTuple):
    """A node, its number, the shapes of what it reads, and whether its value depends on the inputs."""

    number: int
    node: Node
    shapes: list[Shape]
    moving: bool


class Run:
    """Values of nodes of a calculus on some inputs, or lanes of these, each computed when it is first needed, and kept.

    Those that depend on no input are `fixed`, for all runs of the same calculus and arrays.
    """

    def __init__(
        self, calculus: Calculus, arrays: Arrays, inputs: Sequence[Array], fixed: dict[int, Array] | None = None
    ) -> None:
        self.calculus, self.arrays, self.inputs = calculus, arrays, inputs
        self._fixed = {} if fixed is None else fixed
        self._known = dict(self._fixed)

    def values(self, outputs: Sequence[int]) -> list[Array]:
        """Return the values of some nodes."""
        known = self._known
        for i, node, shapes, moving in self.calculus.steps(outputs):
            if i not in known:
                look()
                if node.op == "input":
                    value = self.inputs[int(node.data)]  # type: ignore[call-overload]
                else:
                    value = self.arrays.array(self.arrays.value(node, shapes, [known[j] for j in node.args]))
                known[i] = value
                if not moving:
                    self._fixed[i] = value
        return [known[i] for i in outputs]

    def jacobian(self) -> Array:
        """Return the Jacobian of the output, (m, d)."""
        found = self.calculus.jacobian
        nodes = self.values(found.nodes)
        return found.assembled(nodes, self.arrays.number(Fraction(0)), front=_front(nodes))

    def hessian(self) -> Array:
        """Return the Hessian of the value, (d, d); exactly symmetric."""
        found, start, zero = self.calculus.hessian, None, self.arrays.number(Fraction(0))
        if self.calculus.has_residuals:
            j = self.jacobian()
            scaled = self.arrays.number(1 / self.calculus.n) * j
            product = self.arrays.product(*(a.reshape((-1, *a.shape[-2:])) for a in (j.swapaxes(-1, -2), scaled)))
            start = product.reshape((*j.shape[:-2], *found.shape))
        nodes = self.values(found.nodes)
        upper = found.assembled(nodes, zero, start, _front(nodes) if start is None else start.shape[:-2])
        return np.where(np.tri(found.shape[0], dtype=bool), upper.swapaxes(-1, -2), upper)


def _front(vectors: Sequence[Array]) -> tuple[int, ...]:
    """Return the lanes of vectors, of which some may have none."""
    return max((vector.shape[:-1] for vector in vectors), default=())
