"""`r(x+)` and `M(x)` as code, to be differentiated once more."""

from __future__ import annotations

from functools import cached_property

from ..arithmetic.linear import Matrix, Vector, matrix_of
from ..functions.composition import substitute, tangents
from .problem import Problem


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
