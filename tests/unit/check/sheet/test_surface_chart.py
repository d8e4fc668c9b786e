"""Claims: a chart holds what lies between all of its sides, and velocities need a matrix that is certainly regular."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.sheet.surface_system import SurfaceSystem
from hallucert.prove.curves.charts import chart_at


@pytest.fixture(scope="module")
def charts():
    """Charts of the sphere |x| = 1/2 about (1/2, 0, 0), a small one and a larger one, and on the opposite side."""
    f = hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1"], n=2)
    ar, x, tangents = arithmetic("arb", 106), np.array([0.5, 0.0, 0.0]), np.eye(3)[:, 1:]
    with ar:
        system = SurfaceSystem(ar, f, Fraction(3, 2))
        return [chart_at(system, sign * x, tangents, h) for sign, h in ((1, 1 / 64), (1, 1 / 32), (-1, 1 / 32))]


def test_a_chart_holds_what_is_inside_of_all_its_sides(charts):
    """The larger one holds the smaller, not the other way round, and neither one that is elsewhere."""
    small, large, opposite = charts
    with small.arithmetic:
        assert large.holds(small.whole) and not small.holds(large.whole)
        assert not large.holds(opposite.whole) and not opposite.holds(small.whole)
        inner = [(side[0] / 4, side[1] / 4) for side in large.chart.square]
        assert not large.holds(small.whole, inner)


@pytest.mark.parametrize("row", range(5))
def test_velocities_need_room_in_every_row(charts, row):
    """Where C DE F = [0, I] they are the columns of T; with an entry 3 in place of 1 nothing is said."""
    proof = charts[0]
    ar = proof.arithmetic
    with ar:
        part = proof.part(proof.chart.square)
        zero, one = ar.constant(Fraction(0)), ar.constant(Fraction(1))
        slopes = [[zero, zero, *(one if i == j else zero for j in range(5))] for i in range(5)]
        part.__dict__["_slopes"] = slopes
        for velocity, tangent in zip(part.velocities, zip(*proof.tangents, strict=True), strict=True):
            assert all(ar.within(b, *ar.endpoints(a)) for a, b in zip(velocity, tangent, strict=True))
        part = proof.part(proof.chart.square)
        slopes[row][2 + row] = ar.constant(Fraction(3))
        part.__dict__["_slopes"] = slopes
        assert part.velocities is None
