"""Derivatives along directions, and `r(x+)` and `M(x)` as code: what is differentiated more than twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from ..arithmetic.linear import Matrix, Vector, matrix_of
from ..functions.code import Code
from .problem import Problem


def tangents(code: Code, outputs: Sequence[int], direction: Mapping[int, int]) -> list[int]:
    """Derivatives of nodes along a direction, which has a node for each input: chain rule from the inputs on."""
    zero, known = code.constant(0), dict(direction)
    for i in range(max(outputs) + 1):
        if i not in known:
            known[i] = code.dot([(known[a], partial) for a, partial in code.partials(i)])
    return [known.get(i, zero) for i in outputs]


def substitute(code: Code, outputs: Sequence[int], images: Mapping[int, int]) -> list[int]:
    """Nodes for the outputs with other nodes in place of the inputs."""
    known = dict(images)
    for i in range(max(outputs) + 1):
        if i not in known:
            operation, arguments, data = code.nodes[i]
            known[i] = code.node(operation, [known[a] for a in arguments], data)
    return [known[i] for i in outputs]


class Composed:
    """Nodes of functions of `x` that go by `x+`."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.f, self.code = problem, problem.f, problem.f.code

    def shifted(self, outputs: list[int]) -> list[int]:
        """Nodes at `x+` in place of `x`."""
        problem, f, code = self.problem, self.f, self.code
        scales = [code.constant(c) for c in problem.exact_scales]
        rho, s = code.constant(problem.exact_rho), code.constant(1)
        if problem.variant != "usam":
            weighted = [code.mul(c, g) for c, g in zip(scales, f.gradient_nodes, strict=True)]
            s = code.of("sqrt", code.sum([code.mul(v, v) for v in weighted]))
        images = {}
        for i, c, g in zip(f.inputs, scales, f.gradient_nodes, strict=True):
            images[i] = code.of("add", i, code.of("div", code.mul(rho, code.mul(code.mul(c, c), g)), s))
        return substitute(code, outputs, images)

    def by_columns(self, outputs: list[int]) -> list[int]:
        """Nodes of their derivative, column after column."""
        return [node for i in self.f.inputs for node in tangents(self.code, outputs, {i: self.code.constant(1)})]

    @cached_property
    def entries(self) -> list[int]:
        """Nodes of all entries of `D(g(x+))`, by columns, to be differentiated."""
        nodes = self.by_columns(self.shifted(self.f.gradient_nodes))
        self.code.differentiable(nodes)
        return nodes

    def bends(self, x: Vector) -> list[Matrix]:
        """The derivatives of `M` by each variable, on a box."""
        entries, d = self.entries, len(x)
        slopes = self.code.jacobian(self.code.evaluate(x), entries, self.f.inputs)
        return [matrix_of([slopes[j * d + i][k] for j in range(d)] for i in range(d)) for k in range(d)]

    @cached_property
    def columns(self) -> list[int]:
        """Nodes of all entries of `A = D(r(x+))` and of `B = Dr(x+)`, by columns, to be differentiated."""
        outputs = self.f.outputs
        shifted = self.shifted(
            [*outputs, *self.by_columns(outputs)]
        )  # at once: what is shifted twice need not be defined
        nodes = self.by_columns(shifted[: len(outputs)]) + shifted[len(outputs) :]
        self.code.differentiable(nodes)
        return nodes

    @cached_property
    def ascended(self) -> list[int]:
        """Nodes of `x+`, to be differentiated."""
        assert self.columns  # which would shift them, if they were there before
        nodes = self.shifted(self.f.inputs)
        self.code.differentiable(nodes)
        return nodes
