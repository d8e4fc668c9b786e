"""A cell of a branch: the test of `hallucert.check.cell` for ``(x, lambda)``, with derivatives of second order.

Both terms of Krawczyk's operator are mean-value forms, preconditioned before they are widened. With
``y = (s, s^2 q + w)`` and the columns ``F_k`` of the frame, on the convex box Z around ``m`` and the cell,

    I - C DG(z) N = (I - C DG(m) N) - sum_k y_k C D^2G(Z)[F_k, N]
    C G(z(s, 0))  = C G(m) + s C DG(m) T + (s^2/2) C (D^2G(Z)[b', b'] + 2 DG(Z) N q),    b' = T + 2 s N q.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

from hallucert.balls import matrix
from hallucert.balls.determinant import determinant
from hallucert.balls.facade import Matrix
from hallucert.check.branch.system import BranchSystem
from hallucert.check.cell import CellProof, Vector


class BranchCell(CellProof[BranchSystem]):
    """A cell of a branch in an arithmetic."""

    @property
    def multiplier_ends(self) -> tuple[Fraction, Fraction] | None:
        """``lambda`` at the two faces if it depends on ``s`` alone and linearly; otherwise None."""
        middle, row = self.cell.centre[-1], self.cell.frame[-1]
        if any(row[1:]) or row[0] == 0:
            return None
        return middle + self.cell.span[0] * row[0], middle + self.cell.span[1] * row[0]

    @cached_property
    def orientation(self) -> int:
        """The sign of ``phi / D`` along the arc, see `hallucert.check.branch.measures`; 0 if it is not enclosed.

        ``-D det [T, N] = (-1)^d phi det(DG N)``, and ``det(DG N)`` has the sign it has at the centre.
        """
        ar, system = self.arithmetic, self.system
        frame = determinant(ar, self.frame)
        across = determinant(ar, ar.matrix_product(system.jacobian(self.centre), self.normals))
        product = frame * across
        if not ar.nonzero(product):
            return 0
        sign = 1 if ar.positive(product) else -1
        return sign if system.dimension % 2 else -sign

    @cached_property
    def _at_centre(self) -> tuple[Vector, Vector, Matrix]:
        """``C G(m)``, ``C DG(m) T`` and ``I - C DG(m) N``."""
        ar, system = self.arithmetic, self.system
        jacobian = system.jacobian(self.centre)
        c_value = matrix.apply(ar, self.preconditioner, system.value(self.centre))
        c_frame = ar.matrix_product(self.preconditioner, ar.matrix_product(jacobian, self.frame))
        error = matrix.subtract(matrix.identity(ar, system.dimension), [row[1:] for row in c_frame])
        return c_value, [row[0] for row in c_frame], error

    def image(self, w: Vector) -> Vector | None:
        """Return ``K`` over the whole span for the box `w` around 0; None where it is indeterminate."""
        ar, system = self.arithmetic, self.system
        third = system.third_derivatives(self.at(self.span, w))
        if not all(ar.all_finite(rows) for rows in third):
            return None
        c_value, c_tangent, error = self._at_centre
        square = ar.power(self.span, 2)
        y = [self.span, *(q * square + v for q, v in zip(self.bend, w, strict=True))]
        for step, axis in zip(y, self.axes, strict=True):
            bilinear = ar.matrix_product(system.along(third, axis), self.normals)
            error = matrix.subtract(error, matrix.scale(step, ar.matrix_product(self.preconditioner, bilinear)))
        slope = self.slope(self.span)
        curvature = matrix.apply(ar, self.preconditioner, system.second(third, slope, slope))
        turned = matrix.apply(ar, error, self.bend)
        half = square * ar.constant(Fraction(1, 2))
        shift = matrix.apply(ar, error, w)
        return [
            e - v - self.span * t - half * (c + (q + q) - (r + r))
            for e, v, t, c, q, r in zip(shift, c_value, c_tangent, curvature, self.bend, turned, strict=True)
        ]

    def acceleration(self, z: Vector, velocity: Vector) -> Vector | None:
        """Return ``z''(s)``: ``z'' = N v`` with ``DG N v = -D^2G[z', z']``; ``v`` takes in ``2 q``."""
        ar = self.arithmetic
        third = self.system.third_derivatives(z)
        if not all(ar.all_finite(rows) for rows in third):
            return None
        moved = self.across(self.system.jacobian(z), [-v for v in self.system.second(third, velocity, velocity)])
        return None if moved is None else matrix.apply(ar, self.normals, moved)
