"""The residuals after an ascent step, ``y(x) = r(x+)``, as array programs: what basins of manifolds are proved with.

With ``J = Dx+``, ``B(x) = Dr(x+)`` and ``A = B J = Dy``, the programs are

============  ======================================================
``plus``      ``(x, g) -> x+``
``curved``    ``(x, v) -> H v``
``turned``    ``(x, g, v) -> J v``
``back``      ``(x, g, x+, e, v) -> D_v (A^T e)``
``descent``   ``(x, g, x+, e, v) -> D_v (B^T e)``
============  ======================================================

where ``x``, its gradient ``g`` and ``x+`` stand for the parameter arrays, directions ``v`` and the results are such
arrays, and ``e`` is a vector of as many entries as there are residuals. On a set of x, g and x+ are enclosed by other
means than by running programs on a box around it, which forget how coordinates belong together: so these are inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from hallucert.check.attraction.as_program import as_program
from hallucert.check.problem import Problem
from hallucert.errors import DomainError
from hallucert.objectives.program.builder import ProgramBuilder, prune
from hallucert.objectives.program.derivatives import pullback, pushforward
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.objectives.program.program import Program, Shape
from hallucert.objectives.program.sliced import included, inner
from hallucert.objectives.radius_law import RadiusLaw


@dataclass(frozen=True)
class AscentPrograms:
    """The programs of a function with residuals, a radius and a law of the ascent step."""

    f: ProgramObjective
    rho: Fraction
    law: RadiusLaw

    @classmethod
    def of(cls, problem: Problem) -> AscentPrograms:
        """Those of a problem; `DomainError` if its function is no array program."""
        f = as_program(problem.objective)
        if f is None:
            raise DomainError("it is no array program")
        return cls(f, problem.rho, problem.law)

    @cached_property
    def plus(self) -> Program:
        """``(x, g) -> x+``."""
        builder, (x, g) = self._builder(2)
        return builder.program(self._ascended(builder, x, g))

    @cached_property
    def curved(self) -> Program:
        """``(x, v) -> H v``."""
        return _tangents(self.f.gradients, self._count)

    @cached_property
    def turned(self) -> Program:
        """``(x, g, v) -> J v``."""
        builder, (x, g, v) = self._builder(3)
        return builder.program(self._moved(builder, x, g, v)[1])

    @cached_property
    def descent(self) -> Program:
        """``(x, g, x+, e, v) -> D_v (B^T e)``."""
        builder, (x, g, plus, v), e = self._with_residuals()
        return prune(builder.program(self._descended(builder, plus, e, self._moved(builder, x, g, v)[1])))

    @cached_property
    def back(self) -> Program:
        """``(x, g, x+, e, v) -> D_v (A^T e)``: of ``J^T c`` with ``c = B^T e``, where J depends on x and g."""
        builder, (x, g, plus, v), e = self._with_residuals()
        change, moved = self._moved(builder, x, g, v)
        c, change_of_c = (
            included(builder, self.f.residual_pullback, [*plus, e]),
            self._descended(builder, plus, e, moved),
        )
        program = _tangents(self._pulled, 3 * self._count)
        return prune(builder.program(included(builder, program, [*x, *g, *c, *v, *change, *change_of_c])))

    @cached_property
    def _pulled(self) -> Program:
        """``(x, g, c) -> J^T c``, which is ``c_x + H c_g`` with what ``(x, g) -> x+`` pulls back."""
        builder, (x, g, c) = self._builder(3)
        found = included(builder, pullback(self.plus), [*x, *g, *c])
        by_x, by_g = found[: self._count], found[self._count :]
        turned = included(builder, self.curved, [*x, *by_g])
        return builder.program([builder.add(a, b) for a, b in zip(by_x, turned, strict=True)])

    @property
    def _count(self) -> int:
        return len(self.f.program.inputs)

    def _builder(self, count: int, *others: Shape) -> tuple[ProgramBuilder, list[list[int]]]:
        """Start a program of so many lists of parameter arrays, and of others behind them."""
        shapes = self.f.program.inputs
        builder = ProgramBuilder([*(shapes * count), *others])
        numbers = [builder.input(i) for i in range(len(shapes) * count)]
        return builder, [numbers[i : i + len(shapes)] for i in range(0, len(numbers), len(shapes))]

    def _with_residuals(self) -> tuple[ProgramBuilder, list[list[int]], int]:
        """Start a program of ``(x, g, x+, e, v)``; e comes last in the answer."""
        shapes = self.f.program.inputs
        builder, found = self._builder(3, (self.f.residual_count,), *shapes)
        e = 3 * len(shapes)
        return builder, [*found, [builder.input(e + 1 + i) for i in range(len(shapes))]], builder.input(e)

    def _moved(self, builder: ProgramBuilder, x: list[int], g: list[int], v: list[int]) -> tuple[list[int], list[int]]:
        """``H v`` and ``J v``."""
        change = included(builder, self.curved, [*x, *v])
        return change, included(builder, _tangents(self.plus, 2 * self._count), [*x, *g, *v, *change])

    def _descended(self, builder: ProgramBuilder, plus: list[int], e: int, moved: list[int]) -> list[int]:
        """How much ``B^T e`` changes as ``x+`` moves."""
        return included(builder, _tangents(self.f.residual_pullback, self._count), [*plus, e, *moved])

    def _ascended(self, builder: ProgramBuilder, x: list[int], g: list[int]) -> list[int]:
        """``x+ = x + rho u``."""
        u, size = g, None
        if self.law.scales:
            d = self._scales(builder)
            scaled = [builder.mul(a, b) for a, b in zip(d, g, strict=True)]
            size, u = inner(builder, scaled, scaled), [builder.mul(a, b) for a, b in zip(d, scaled, strict=True)]
        elif self.law.normalised:
            size = inner(builder, g, g)
        factor = builder.constant(self.rho)
        if size is not None:
            factor = builder.scale(self.rho, builder.power(builder.unary("sqrt", size), -1))
        return [builder.add(a, builder.mul(factor, b)) for a, b in zip(x, u, strict=True)]

    def _scales(self, builder: ProgramBuilder) -> list[int]:
        """The diagonal of ``D``, as parameter arrays."""
        numbers, arrays = iter(self.law.scales), []
        for shape in self.f.program.inputs:
            array = builder.filled(0, shape)
            for i in range(int(np.prod(shape))):
                array = builder.add(array, builder.put(builder.constant(next(numbers)), np.asarray(i), shape))
            arrays.append(array)
        return arrays


def _tangents(program: Program, moving: int) -> Program:
    """The program of how its results change as so many of its first inputs move, which come last."""
    derived = pushforward(program, range(moving))
    return prune(replace(derived, outputs=derived.outputs[len(program.outputs) :]))
