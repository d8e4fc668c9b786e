"""The SAM map of an objective in residual form, on a slice, as array programs: the theory's matrices as their lanes.

The slice through ``x0`` is ``x(z) = x0 + S z``, ``z in R^m``, with ``S = Dr(x0+)^T`` exactly: nobody has to write it
down. With ``A = Dr(x+) J``, the derivative of ``r(x+)``, and ``B = Dr(x+)``, both at ``x = x(z)``, the programs are

==============  ===================================================
``residual``    ``(x0, z) -> r(x+)``
``jacobian``    ``(x0, z, e) -> A S e``
``kernel``      ``(x0, z, e) -> (A B^T e, B B^T e)``
``square``      ``(x0, z, e) -> A A^T e``
``hessian``     ``(x0, z, v) -> H(x) v``
``curvature``   ``(x0, z, v) -> (v^T H v, g^T v, g^T H v, g^T H g, |v|^2)``, ``g`` and ``H`` at ``x``
``move``        ``(x0, z) -> S z``
``scalars``     ``(x0, z) -> (|g(x)|, f(x), f(x+))``
``back``        ``(x, e) -> A^T e``
``gram``        ``(x, e) -> A A^T e``
==============  ===================================================

where ``x0``, ``v``, ``H v``, ``S z`` and ``A^T e`` are the parameter arrays one by one, and ``x`` is any point. A
column ``e`` of the unit matrix gives a column, so lanes give a block of columns. Derivatives come from the rules of all
programs: no formula for ``J`` stands here.

Of a function without residuals there is no slice: ``x(z) = x0 + z``, ``z in R^d``, one parameter array after the other.
Then the programs `BoxPrograms` are ``residual``, ``jacobian``, ``move`` and ``scalars`` with ``g(x+)`` for ``r(x+)``
and ``S = I``, so that ``jacobian`` gives columns of ``M = H(x+) J``, and

==================  =======================
``target``          ``(x0, z, e) -> H(x+) e``
``perturbation``    ``(x0, z, e) -> J e``
``direction``       ``(x0, z) -> u(x)``
==================  =======================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from hallucert.objectives.program.builder import ProgramBuilder, prune
from hallucert.objectives.program.derivatives import pullback, pushforward
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.objectives.program.program import Program, Shape


@dataclass(frozen=True)
class SlicedPrograms:
    """The programs of a function in residual form and a radius."""

    f: ProgramObjective
    rho: Fraction

    @property
    def _z(self) -> Shape:
        return (self.f.residual_count,)

    @cached_property
    def shifted(self) -> Program:
        """``x -> r(x+)``."""
        builder = ProgramBuilder(self.f.program.inputs)
        plus, _ = self._ascended(builder, _inputs(builder))
        return builder.program(included(builder, self.f.program, plus))

    @cached_property
    def residual(self) -> Program:
        """``(x0, z) -> r(x+)``."""
        builder, x, _ = self._on_slice()
        return builder.program(included(builder, self.shifted, x))

    @cached_property
    def jacobian(self) -> Program:
        """``(x0, z, e) -> A S e``."""
        count = len(self.f.program.inputs)
        derived = pushforward(self.residual, [count])
        return prune(replace(derived, outputs=derived.outputs[1:]))

    @cached_property
    def kernel(self) -> Program:
        """``(x0, z, e) -> (A B^T e, B B^T e)``."""
        builder, x, e = self._on_slice(self._z)
        plus, _ = self._ascended(builder, x)
        direction = included(builder, self.f.residual_pullback, [*plus, *e])
        along = included(builder, pushforward(self.shifted), [*x, *direction])[1]
        return builder.program([along, included(builder, pushforward(self.f.program), [*plus, *direction])[1]])

    @cached_property
    def square(self) -> Program:
        """``(x0, z, e) -> A A^T e``."""
        builder, x, e = self._on_slice(self._z)
        return builder.program(included(builder, self.gram, [*x, *e]))

    @cached_property
    def back(self) -> Program:
        """``(x, e) -> A^T e``."""
        return pullback(self.shifted)

    @cached_property
    def gram(self) -> Program:
        """``(x, e) -> A A^T e``."""
        builder = ProgramBuilder(self.back.inputs)
        inputs = _inputs(builder)
        direction = included(builder, self.back, inputs)
        return builder.program([included(builder, pushforward(self.shifted), [*inputs[:-1], *direction])[1]])

    @cached_property
    def hessian(self) -> Program:
        """``(x0, z, v) -> H(x) v``."""
        builder, x, v = self._on_slice(*self.f.program.inputs)
        return builder.program(included(builder, self.f.calculus.second, [*x, *v]))

    @cached_property
    def curvature(self) -> Program:
        """``(x0, z, v) -> (v^T H v, g^T v, g^T H v, g^T H g, |v|^2)``."""
        builder, x, v = self._on_slice(*self.f.program.inputs)
        g, _ = self._gradient(builder, x)
        along, turned = (included(builder, self.f.calculus.second, [*x, *side]) for side in (v, g))
        pairs = (v, along), (g, v), (turned, v), (g, turned), (v, v)
        return builder.program([inner(builder, *pair) for pair in pairs])

    @cached_property
    def move(self) -> Program:
        """``(x0, z) -> S z``."""
        builder = ProgramBuilder([*self.f.program.inputs, self._z])
        *x0, z = _inputs(builder)
        return builder.program(self._moved(builder, x0, z))

    @cached_property
    def scalars(self) -> Program:
        """``(x0, z) -> (|g(x)|, f(x), f(x+))``."""
        builder, x, _ = self._on_slice()
        plus, q = self._ascended(builder, x)
        return builder.program([q, *(included(builder, self.f.value_program, y)[0] for y in (x, plus))])

    # ------------------------------------------------------------------ pieces

    def _on_slice(self, *others: Shape) -> tuple[ProgramBuilder, list[int], list[int]]:
        """Return a builder with the inputs ``x0``, ``z`` and others, the nodes of ``x(z)`` and those of the others."""
        count = len(self.f.program.inputs)
        builder = ProgramBuilder([*self.f.program.inputs, self._z, *others])
        inputs = _inputs(builder)
        x0, z = inputs[:count], inputs[count]
        x = [builder.add(a, b) for a, b in zip(x0, self._moved(builder, x0, z), strict=True)]
        return builder, x, inputs[count + 1 :]

    def _moved(self, builder: ProgramBuilder, x0: list[int], z: int) -> list[int]:
        """``S z``."""
        plus, _ = self._ascended(builder, x0)
        return included(builder, self.f.residual_pullback, [*plus, z])

    def _ascended(self, builder: ProgramBuilder, x: list[int]) -> tuple[list[int], int]:
        """``x+ = x + rho g/|g|`` and ``|g|``."""
        gradient, q = self._gradient(builder, x)
        factor = builder.scale(self.rho, builder.power(q, -1))
        return [builder.add(a, builder.mul(factor, g)) for a, g in zip(x, gradient, strict=True)], q

    def _gradient(self, builder: ProgramBuilder, x: list[int]) -> tuple[list[int], int]:
        """``g`` and ``|g|``."""
        gradient = included(builder, self.f.gradients, x)
        return gradient, builder.unary("sqrt", inner(builder, gradient, gradient))


class BoxPrograms(SlicedPrograms):
    """The programs of a function without residuals, around a point."""

    @property
    def _z(self) -> Shape:
        return (self.f.dimension,)

    @cached_property
    def shifted(self) -> Program:
        """``x -> g(x+)``."""
        builder = ProgramBuilder(self.f.program.inputs)
        plus, _ = self._ascended(builder, _inputs(builder))
        return builder.program([self._joined(builder, included(builder, self.f.gradients, plus))])

    @cached_property
    def target(self) -> Program:
        """``(x0, z, e) -> H(x+) e``."""
        builder, x, (e,) = self._on_slice(self._z)
        plus, _ = self._ascended(builder, x)
        along = included(builder, self.f.calculus.second, [*plus, *self._parts(builder, e)])
        return builder.program([self._joined(builder, along)])

    @cached_property
    def perturbation(self) -> Program:
        """``(x0, z, e) -> J e``."""
        builder, x, (e,) = self._on_slice(self._z)
        own = ProgramBuilder(self.f.program.inputs)
        ascent = own.program(self._ascended(own, _inputs(own))[0])
        turned = included(builder, pushforward(ascent), [*x, *self._parts(builder, e)])[len(x) :]
        return builder.program([self._joined(builder, turned)])

    @cached_property
    def direction(self) -> Program:
        """``(x0, z) -> u(x)``."""
        builder, x, _ = self._on_slice()
        gradient, q = self._gradient(builder, x)
        return builder.program([builder.mul(builder.power(q, -1), self._joined(builder, gradient))])

    def _moved(self, builder: ProgramBuilder, x0: list[int], z: int) -> list[int]:
        """``z``, as parameter arrays."""
        return self._parts(builder, z)

    def _parts(self, builder: ProgramBuilder, vector: int) -> list[int]:
        """A vector as parameter arrays."""
        places = self.f.split(np.arange(self.f.dimension))
        return [builder.take(vector, part) for part in places]

    def _joined(self, builder: ProgramBuilder, arrays: list[int]) -> int:
        """Parameter arrays as a vector."""
        places = self.f.split(np.arange(self.f.dimension))
        total = builder.filled(0, self._z)
        for array, part in zip(arrays, places, strict=True):
            total = builder.add(total, builder.put(array, part, self._z))
        return total


def _inputs(builder: ProgramBuilder) -> list[int]:
    return [builder.input(i) for i in range(len(builder.inputs))]


def included(builder: ProgramBuilder, program: Program, inputs: list[int]) -> list[int]:
    """The outputs of a program that is copied into the builder's."""
    done = builder.include(program, inputs)
    return [done[i] for i in program.outputs]


def inner(builder: ProgramBuilder, a: Sequence[int], b: Sequence[int]) -> int:
    """The inner product of two lists of arrays."""
    total = builder.constant(0)
    for x, y in zip(a, b, strict=True):
        letters = "abcdefghijklmnop"[: len(builder.shape(x))]
        total = builder.add(total, builder.contract(f"{letters},{letters}->", x, y))
    return total
