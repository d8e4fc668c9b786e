"""Curves and cells by hand, where all is known in closed form.

The ring ``f = (|x|^2 - 1)^2/4`` with rho = 3/2 has the hallucinated minimizers ``|x| = 1/2``: inside of the unit circle
``x+ = (|x| - 3/2) x/|x|``. There ``q = 3/8``, ``A = 2 x+^T``, ``K = A B^T/2 = 2``, and across ``u`` the slope of ``u``
is -2. The level set of `Level` is the same circle without a SAM map, so that its cells may be long.
"""

from __future__ import annotations

import math
from fractions import Fraction

import hallucert as hc
from hallucert.balls.facade import BallArithmetic
from hallucert.check.cell import Cell, Matrix, Vector
from hallucert.check.sheet.curve import straight_cell

RHO = Fraction(3, 2)
RING = hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2)
SHORT = Fraction(1, 128)


class Level:
    """``G(x, y) = x^2 + y^2 - 1/4`` where ``x`` is less than `most`."""

    dimension = 1

    def __init__(self, arithmetic: BallArithmetic, most: Fraction = Fraction(2)) -> None:
        self.arithmetic, self.most = arithmetic, arithmetic.constant(most)

    def value(self, z: Vector) -> Vector:
        ar = self.arithmetic
        known = ar.negative(z[0] - self.most)
        return [ar.power(z[0], 2) + ar.power(z[1], 2) - ar.constant(Fraction(1, 4)) if known else ar.indeterminate()]

    def jacobian(self, z: Vector) -> Matrix:
        return [[v + v if self.arithmetic.negative(z[0] - self.most) else self.arithmetic.indeterminate() for v in z]]

    def defined(self, z: Vector) -> bool:
        return bool(self.arithmetic.negative(z[0] - self.most))


def cell_at(
    angle: float, span: tuple[Fraction, Fraction], radius: Fraction, way: int = 1, slope: Fraction = Fraction(1)
) -> Cell:
    """Return a cell at an angle of the circle, counterclockwise or the other `way`, with ``DG N`` the given slope."""
    c, s = Fraction(math.cos(angle)), Fraction(math.sin(angle))
    return straight_cell((c / 2, s / 2), ((-way * s, c), (way * c, s)), span, (radius,), ((1 / slope,),))


def round_cells(count: int, start: float = 0.0, way: int = 1, share: float = 1.2) -> tuple[Cell, ...]:
    """Return cells of `Level` all round the circle: each has a `share` of what would do."""
    h = Fraction(share * math.sin(math.pi / count) / 2).limit_denominator(10**4)
    return tuple(cell_at(start + way * 2 * math.pi * k / count, (-h, h), 3 * h * h, way) for k in range(count))


def ring_cell(angle: float = 0.0) -> Cell:
    """Return a cell of the ring with the radius 1/200, which is proved: its ``DG N`` is -2."""
    return cell_at(angle, (-SHORT, SHORT), Fraction(1, 200), slope=Fraction(-2))
