"""A cell of a curve ``r(x+) = 0``: a region of ``x`` proved to hold exactly one piece of it.

As for branches (`hallucert.check.branch.cell`), but straight, ``x(s, w) = m + s T + N w``, and with first derivatives
only, so that networks have cells too. Krawczyk's operator for ``w -> G(x(s, w))`` and all ``s`` in the span S at once:

    K = -C G(x(S, 0)) + (I - C [A(X) N]) W,     K in the interior of W

proves for every ``s``: exactly one ``w(s)`` in W has ``G = 0``. ``C``, every ``A N`` on the cell and hence ``A`` have
full rank, and ``g != 0`` on it, so the zeros in the cell are one smooth arc from the face ``s = s_0`` to ``s = s_1``
(implicit function theorem). On pieces of S around ``t``, ``C G(x(s, 0)) = C G(x(t, 0)) + (s - t) C A T``.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from hallucert.balls import matrix
from hallucert.balls.facade import Ball
from hallucert.check.branch.cell import Cell, CellProof
from hallucert.check.branch.system import Matrix, Vector
from hallucert.check.sheet.point import Region
from hallucert.check.sheet.system import ManifoldSystem

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


class Joint(NamedTuple):
    """The end of a cell's arc: its enclosure, and the velocity of the arc there."""

    x: Vector
    velocity: Vector


class CurveCellProof(CellProof):
    """A straight cell in an arithmetic; everything else is as for a cell of a branch.

    Parameters
    ----------
    system : ManifoldSystem
        The equation.
    cell : Cell
        The data, with bend 0.
    """

    system: ManifoldSystem  # type: ignore[assignment]

    def __init__(self, system: ManifoldSystem, cell: Cell) -> None:
        super().__init__(system, cell)  # type: ignore[arg-type]

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

    @cached_property
    def end(self) -> Joint | None:
        """The end of the arc of a proved cell, on its face ``s = s_1``; None if it is not enclosed."""
        s = self.cell.span[1]
        x = self.section(s)
        velocity = self.velocity(x, self.arithmetic.constant(s))
        return None if velocity is None else Joint(x, velocity)

    def speed(self, x: Vector) -> Ball | None:
        """Enclose ``|x'(s)|`` for arc points `x`; None if ``A N`` may be singular.

        With ``x' = F y``, ``y = (1, w')`` and ``A N w' = -A T``, ``|x'|^2 = y^T (F^T F) y``. The frame is orthonormal
        up to rounding, so this is near ``1 + |w'|^2`` also where the sum of the squares of ``x'`` is wide.
        """
        ar = self.arithmetic
        jacobian = self.system.jacobian(x)
        across = self._solve(jacobian, [-v for v in matrix.apply(ar, jacobian, self.tangent)])
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
