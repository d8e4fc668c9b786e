"""A cell of a curve ``r(x+) = 0``: a region of ``x`` proved to hold exactly one piece of it.

As for all cells (`hallucert.check.cell`), but straight, ``x(s, w) = m + s T + N w``, and with first derivatives
only, so that networks have cells too. Krawczyk's operator for ``w -> G(x(s, w))`` and all ``s`` in the span S at once:

    K = -C G(x(S, 0)) + (I - C [A(X) N]) W,     K in the interior of W

proves for every ``s``: exactly one ``w(s)`` in W has ``G = 0``. ``C``, every ``A N`` on the cell and hence ``A`` have
full rank, and ``g != 0`` on it, so the zeros in the cell are one smooth arc from the face ``s = s_0`` to ``s = s_1``
(implicit function theorem). On pieces of S around ``t``, ``C G(x(s, 0)) = C G(x(t, 0)) + (s - t) C A T``.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, Matrix
from hallucert.balls.krawczyk import contract
from hallucert.check.cell import Cell, CellProof, Vector
from hallucert.check.sheet.point import Region
from hallucert.check.sheet.system import ManifoldSystem
from hallucert.errors import ArgumentError

PIECES = 2
"""Into so many pieces the span is cut where ``G`` is enclosed along the axis of a cell."""


def straight_cell(
    centre: tuple[Fraction, ...],
    frame: tuple[tuple[Fraction, ...], ...],
    span: tuple[Fraction, Fraction],
    radius: tuple[Fraction, ...],
    preconditioner: tuple[tuple[Fraction, ...], ...],
) -> Cell:
    """Return a cell without bend."""
    return Cell(centre, frame, (Fraction(0),) * len(radius), span, radius, preconditioner)


class CurveCellProof(CellProof[ManifoldSystem]):
    """A straight cell in an arithmetic."""

    def at(self, s: Ball, w: Vector) -> Region:
        """``x(s, w)``, with its position, so that mean-value forms can be used."""
        ar, y = self.arithmetic, [s, *w]
        middle = [ar.centre(v) for v in y]

        def point(y: Vector) -> Vector:
            return [m + v for m, v in zip(self.centre, matrix.apply(ar, self.frame, y), strict=True)]

        return Region(point(y), point(middle), self.frame, [v - c for v, c in zip(y, middle, strict=True)])

    def base(self, s: Ball) -> Vector:
        """``x(s, 0)``."""
        return self.at(s, [self.arithmetic.constant(Fraction(0))] * self.system.dimension)

    def image(self, w: Vector) -> Vector | None:
        """Return ``K`` over the whole span for the box `w` around 0; None where it is indeterminate."""
        ar, c = self.arithmetic, self.preconditioner
        jacobian = self.system.jacobian(self.at(self.span, w))
        along = self._along_axis()
        if along is None or not ar.all_finite(jacobian):
            return None
        across = ar.matrix_product(c, ar.matrix_product(jacobian, self.normals))
        error = matrix.subtract(matrix.identity(ar, self.system.dimension), across)
        return [e - v for e, v in zip(matrix.apply(ar, error, w), along, strict=True)]

    def section(self, s: Fraction) -> Vector:
        """Return a tight enclosure of the point of the arc at one ``s`` of the span."""
        if s not in self.sections:
            self.sections[s] = self._section(s)
        return self.sections[s]

    def _section(self, s: Fraction) -> Vector:
        ar, exact = self.arithmetic, self.arithmetic.constant(s)

        def value(w: Vector) -> Vector:
            return self.system.value(self.at(exact, w))

        def jacobian(w: Vector) -> Matrix:
            return ar.matrix_product(self.system.jacobian(self.at(exact, w)), self.normals)

        narrow = self.narrowed(exact, self.box)
        try:
            return self.at(exact, contract(ar, value, jacobian, narrow))
        except ArgumentError:
            # Only if the cell is not proved; the wide enclosure is still true of nothing.
            return self.at(exact, narrow)

    def _along_axis(self) -> Vector | None:
        """Enclose ``C G(x(s, 0))`` for all ``s`` of the span; None where it is indeterminate."""
        ar, c, (low, high) = self.arithmetic, self.preconditioner, self.cell.span
        result: Vector | None = None
        for k in range(PIECES):
            ends = [low + (high - low) * Fraction(j, PIECES) for j in (k, k + 1)]
            s, t = ar.interval(*ends), ar.constant((ends[0] + ends[1]) / 2)
            value = self.system.value(self.base(t))
            slope = matrix.apply(ar, self.system.jacobian(self.base(s)), self.tangent)
            if not ar.all_finite([value, slope]):
                return None
            c_value, c_slope = matrix.apply(ar, c, value), matrix.apply(ar, c, slope)
            piece = [v + (s - t) * w for v, w in zip(c_value, c_slope, strict=True)]
            result = piece if result is None else [ar.hull(a, b) for a, b in zip(result, piece, strict=True)]
        return result

    def speed(self, x: Vector) -> Ball | None:
        """Enclose ``|x'(s)|`` for arc points `x`; None if ``A N`` may be singular.

        With ``x' = F y``, ``y = (1, w')`` and ``A N w' = -A T``, ``|x'|^2 = y^T (F^T F) y``. The frame is orthonormal
        up to rounding, so this is near ``1 + |w'|^2`` also where the sum of the squares of ``x'`` is wide.
        """
        ar = self.arithmetic
        jacobian = self.system.jacobian(x)
        across = self.across(jacobian, [-v for v in matrix.apply(ar, jacobian, self.tangent)])
        if across is None:
            return None
        y, square = [ar.constant(Fraction(1)), *across], ar.constant(Fraction(0))
        for i, row in enumerate(self.gram):
            square = square + row[i] * ar.power(y[i], 2)
            for j in range(i):
                square = square + (row[j] + row[j]) * y[i] * y[j]
        return ar.sqrt(square)

    @cached_property
    def gram(self) -> Matrix:
        """``F^T F``."""
        return self.arithmetic.matrix_product(matrix.transpose(self.frame), self.frame)
