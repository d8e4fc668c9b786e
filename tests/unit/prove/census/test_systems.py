"""The systems of a census in lanes: which boxes they drop, what charts enclose; oracles: fractions, single balls."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.ball_lanes import Boxes, lane_arithmetic
from hallucert.balls.lanes import FloatLanes
from hallucert.check.census.charts import ChartPoint, charts
from hallucert.objectives.objective import Objective
from hallucert.prove.census.systems import CriticalSystem, LaneCharts


def test_boxes_are_unreachable_only_if_no_point_of_the_region_is_at_that_distance():
    """The grid of all small boxes with ends in 1/2, against exact distances; touching counts as reachable."""
    region = np.array([[-1.0, 0.5], [0.0, 1.0]])
    ends = np.arange(-3, 3.5, 0.5)
    sides = [(a, b) for a, b in itertools.combinations(ends, 2) if b - a <= 1]
    pairs = list(itertools.product(sides, sides))
    lo, hi = (np.array([[side[k] for side in pair] for pair in pairs]) for k in (0, 1))
    flat = hc.Objective.parse("0*x + 0*y")  # its gradient is 0 everywhere: only the distance can exclude a box
    for rho in (Fraction(1, 2), Fraction(5, 4), Fraction(3)):
        for lanes in (FloatLanes(), lane_arithmetic("mpmath", 64)):
            with lanes:
                impossible, _ = CriticalSystem(lanes, flat, rho, region).look(Boxes(np.zeros(len(lo), int), lo, hi))
            for dropped, low, high in zip(impossible, lo, hi, strict=True):
                nearest = sum(max(a - d, c - b, 0) ** 2 for a, b, (c, d) in zip(low, high, region, strict=True))
                farthest = sum(max(b - c, d - a) ** 2 for a, b, (c, d) in zip(low, high, region, strict=True))
                outside = nearest > float(rho**2) * (1 + 1e-12) or farthest < float(rho**2) * (1 - 1e-12)
                assert dropped == outside


@pytest.mark.parametrize("dimension", [2, 3, 4])
@pytest.mark.parametrize("backend", ["float", "arb"])
def test_charts_in_lanes_are_the_charts(backend, dimension):
    """All faces of the cube at once, each in its own lane, enclose what single balls enclose on each face."""
    names = ["x", "y", "z", "w"][:dimension]
    f = Objective.parse(" + ".join(f"({i} + 2)*{v}**3" for i, v in enumerate(names)) + " + " + "*".join(names))
    rng, faces, n = np.random.default_rng(0), charts(dimension), dimension - 1
    y, centre, lanes = rng.uniform(-1, 1, (len(faces), n)), rng.normal(size=dimension), lane_arithmetic(backend)
    with lanes:
        chart = LaneCharts(lanes, np.arange(len(faces)), dimension)
        columns = [lanes.box(y[:, j], y[:, j]) for j in range(n)]
        points = [lanes.box(np.full(len(faces), c), np.full(len(faces), c)) for c in centre]
        whole = ChartPoint(lanes, f, lanes.constant(Fraction(3)), points, chart, columns)
        values = [*whole.x, whole.outward, whole.radial, *whole.equations, *(v for row in whole.jacobian for v in row)]
        lows, highs = (
            np.array([np.broadcast_to(end(v), len(faces)) for v in values]) for end in (lanes.lower, lanes.upper)
        )
    ar = arithmetic("arb", 106)
    with ar:
        for k, face in enumerate(faces):
            single = [ar.from_float(v) for v in y[k]]
            own = ChartPoint(ar, f, ar.constant(Fraction(3)), [ar.from_float(c) for c in centre], face, single)
            x = np.array([ar.approximate(v) for v in own.x])
            assert np.argmax(abs(x - centre)) == face.axis or np.abs(y[k]).max() > 0.999
            assert np.sign(x - centre)[face.axis] == face.sign and abs(np.linalg.norm(x - centre) - 3) < 1e-12
            balls = [*own.x, own.outward, own.radial, *own.equations, *(v for row in own.jacobian for v in row)]
            for ball, low, high in zip(balls, lows[:, k], highs[:, k], strict=True):
                assert Fraction(low) <= ar.upper(ball) and ar.lower(ball) <= Fraction(high) and high - low < 1e-9
