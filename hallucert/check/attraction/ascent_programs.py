"""The residuals after an ascent step, ``y(x) = r(x+)``, as array programs: what basins of manifolds are proved with.

With ``A = Dy`` and ``B(x) = Dr(x+)``, both at ``x``, the programs are

===========  ============================
``back``     ``(x, e) -> A^T e``
``descent``  ``(x, e) -> B^T e``
===========  ============================

where ``x`` stands for the parameter arrays, ``e`` is a vector of as many entries as there are residuals, and the
results are parameter arrays. `moved` gives how much they change along a direction of ``x``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from hallucert.objectives.program.builder import ProgramBuilder, prune
from hallucert.objectives.program.derivatives import pullback, pushforward
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.objectives.program.program import Program
from hallucert.objectives.program.sliced import included, inner
from hallucert.objectives.radius_law import RadiusLaw


@dataclass(frozen=True)
class AscentPrograms:
    """The programs of a function with residuals, a radius and a law of the ascent step."""

    f: ProgramObjective
    rho: Fraction
    law: RadiusLaw

    def ascended(self, builder: ProgramBuilder, x: list[int]) -> list[int]:
        """``x+ = x + rho u``."""
        g = included(builder, self.f.gradients, x)
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

    @cached_property
    def back(self) -> Program:
        """``(x, e) -> A^T e``."""
        builder = ProgramBuilder(self.f.program.inputs)
        plus = self.ascended(builder, [builder.input(i) for i in range(len(builder.inputs))])
        return pullback(builder.program(included(builder, self.f.program, plus)))

    @cached_property
    def descent(self) -> Program:
        """``(x, e) -> B^T e``."""
        count = len(self.f.program.inputs)
        builder = ProgramBuilder([*self.f.program.inputs, (self.f.residual_count,)])
        plus = self.ascended(builder, [builder.input(i) for i in range(count)])
        return builder.program(included(builder, self.f.residual_pullback, [*plus, builder.input(count)]))

    def moved(self, program: Program) -> Program:
        """``(x, e, v) -> D_x p(x, e) v`` of a program p."""
        derived = pushforward(program, range(len(self.f.program.inputs)))
        return prune(replace(derived, outputs=derived.outputs[len(program.outputs) :]))
