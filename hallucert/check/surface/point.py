"""The SAM map along a part of a patch, in a frame that turns with the ascent direction.

On a curved surface ``u`` turns, and all matrices with it, so that plain enclosures are wide although what theorems read
(eigenvalues, singular values) hardly changes. Let ``z(s) = (x, c, lambda)`` be the zeros of ``E`` on a part of a patch,
``t`` a point of the part and ``z_k`` the derivatives. Along the segment from ``t`` to ``s``, ``u = (c - x)/rho`` turns
by ``u' = Om u`` with the skew ``Om = u' u^T - u u'^T``. Let ``Q' = Om Q``, ``Q = I`` at ``t``: ``Q`` is orthogonal and
``u(s) = Q u(t)``. In the frame ``Q``

    Q^T u = u(t),    (Q^T H Q)' = Q^T (H' + H Om - Om H) Q,    (B Q)' = (B' + B Om) Q,    B = Dr(x+).

``|Q - I| <= th``, the length of the path of ``u``; so ``Q^T Y Q`` lies within ``(2 th + th^2) |Y|`` of ``Y``, and
``Y Q`` within ``th |Y|``, in every entry. Everything that `Point` computes from ``u``, ``H``, ``B`` and
``q = rho lambda`` (``J``, ``A``, products) is then what it is in the frame ``Q``, with the same eigenvalues and
singular values.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, Matrix
from hallucert.check.cell import Vector
from hallucert.check.problem import Point, Problem, sum_of_squares
from hallucert.check.surface.system import SurfaceSystem


class PatchPoint(Point):
    """Every quantity that theorems on sums of squares read, in the frame that turns with ``u``.

    Parameters
    ----------
    system : SurfaceSystem
        The equation.
    z : 2d + 1 balls
        All ``z(s)``.
    middle : 2d + 1 balls
        ``z(t)``.
    velocities : two lists of 2d + 1 balls
        ``z_k``, the derivatives by ``s_k`` at all ``s``.
    offsets : two balls
        ``s_k - t_k``.
    """

    def __init__(
        self, system: SurfaceSystem, z: Vector, middle: Vector, velocities: Sequence[Vector], offsets: Vector
    ) -> None:
        ar, (x, c, multiplier) = system.arithmetic, system.split(z)
        super().__init__(ar, Problem(system.objective, system.exact_rho, residual=True), x)
        self.system, self.offsets = system, offsets
        self.middle_x, self.middle_c, middle_multiplier = system.split(middle)
        self.velocities = [system.split(velocity) for velocity in velocities]
        moved = middle_multiplier
        for (_, _, change), offset in zip(self.velocities, offsets, strict=True):
            moved = moved + change * offset
        common = ar.intersection(multiplier, moved)
        # These take the place of the properties that would compute them from x.
        self.__dict__["plus"] = list(c)
        self.__dict__["multiplier"] = multiplier if common is None else common
        self.__dict__["q"] = system.rho * self.multiplier
        self.__dict__["u"] = self._direction(self.middle_x, self.middle_c)

    @cached_property
    def hessian(self) -> Matrix:
        """``Q^T H Q``."""
        ar = self.arithmetic
        plain = self.objective.enclose_hessian(ar, self.x)
        third = self.system.third_derivatives(self.x)
        changes = []
        for (v_x, _, _), turn in zip(self.velocities, self._turns, strict=True):
            moved = [[ar.dot(entries, v_x) for entries in rows] for rows in third]
            turned = ar.matrix_product(plain, turn)  # H Om; its transpose is -Om H
            changes.append(matrix.add(moved, matrix.add(turned, matrix.transpose(turned))))
        square = self._angle * (self._angle + ar.constant(Fraction(2)))
        return self._moved(self.objective.enclose_hessian(ar, self.middle_x), changes, square)

    @cached_property
    def residual_jacobian_plus(self) -> Matrix:
        """``B Q``."""
        ar = self.arithmetic
        plain = self.objective.enclose_residual_jacobian(ar, self.plus)
        second = self.system.residual_hessians(self.plus)
        changes = []
        for (_, v_c, _), turn in zip(self.velocities, self._turns, strict=True):
            moved = [matrix.apply(ar, rows, v_c) for rows in second]
            changes.append(matrix.add(moved, ar.matrix_product(plain, turn)))
        return self._moved(self.objective.enclose_residual_jacobian(ar, self.middle_c), changes, self._angle)

    @cached_property
    def _turns(self) -> list[Matrix]:
        """``Om`` for each velocity, exactly skew."""
        u, zero = self._direction(self.x, self.plus), self.arithmetic.constant(Fraction(0))
        turns = []
        for v_x, v_c, _ in self.velocities:
            v = self._direction(v_x, v_c)
            turn = [[zero] * len(u) for _ in u]
            for i in range(len(u)):
                for j in range(i):
                    turn[i][j] = v[i] * u[j] - u[i] * v[j]
                    turn[j][i] = -turn[i][j]
            turns.append(turn)
        return turns

    @cached_property
    def _angle(self) -> Ball:
        """An upper bound of ``th``."""
        ar, total = self.arithmetic, self.arithmetic.constant(Fraction(0))
        for (v_x, v_c, _), offset in zip(self.velocities, self.offsets, strict=True):
            total = total + self._size(self._direction(v_x, v_c)) * ar.constant(ar.magnitude(offset))
        return total

    def _moved(self, start: Matrix, changes: Sequence[Matrix], slack: Ball) -> Matrix:
        """``start + Y``, ``Y = sum_k changes_k (s_k - t_k)``, and every entry up to ``slack |Y|`` off."""
        ar = self.arithmetic
        total, *others = (matrix.scale(offset, change) for change, offset in zip(changes, self.offsets, strict=True))
        for other in others:
            total = matrix.add(total, other)
        size = self._size([v for row in total for v in row]) * slack
        if not ar.is_finite(size):
            return [[ar.indeterminate() for _ in row] for row in start]
        off = ar.interval(-ar.upper(size), ar.upper(size))
        return [[a + b + off for a, b in zip(row, other, strict=True)] for row, other in zip(start, total, strict=True)]

    def _size(self, entries: Sequence[Ball]) -> Ball:
        """An upper bound of the root of the sum of squares; indeterminate if an entry is."""
        ar, total = self.arithmetic, sum_of_squares(self.arithmetic, entries)
        if not ar.is_finite(total):
            return total
        top = ar.constant(ar.upper(total))
        return ar.sqrt(top) if ar.positive(top) else top

    def _direction(self, x: Sequence[Ball], c: Sequence[Ball]) -> Vector:
        """``(c - x)/rho``."""
        return [(b - a) / self.rho for a, b in zip(x, c, strict=True)]
