"""Claims: a chart holds what lies between all of its sides, and velocities need a matrix that is certainly regular."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from rings import RHO

import hallucert as hc
from hallucert.balls import arithmetic, matrix
from hallucert.check.sheet import surface_chart
from hallucert.check.sheet.surface_chart import Chart, ChartProof, Part
from hallucert.check.sheet.surface_system import SurfaceSystem
from hallucert.prove.curves.charts import chart_at


@pytest.fixture(scope="module")
def charts():
    """Charts of the sphere |x| = 1/2 about (1/2, 0, 0), a small one and a larger one, and on the opposite side."""
    f = hc.Objective.least_squares(["x**2 + y**2 + z**2 - 1"], n=2)
    ar, x, tangents = arithmetic("arb", 106), np.array([0.5, 0.0, 0.0]), np.eye(3)[:, 1:]
    with ar:
        system = SurfaceSystem(ar, f, RHO)
        return [chart_at(system, sign * x, tangents, h) for sign, h in ((1, 1 / 64), (1, 1 / 32), (-1, 1 / 32))]


@pytest.fixture
def ar():
    with arithmetic("mpmath", 106) as chosen:
        yield chosen


def test_a_chart_holds_what_is_inside_of_all_its_sides(charts):
    """The larger one holds the smaller, not the other way round, and neither one that is elsewhere."""
    small, large, opposite = charts
    with small.arithmetic:
        assert large.holds(small.whole) and not small.holds(large.whole)
        assert not large.holds(opposite.whole) and not opposite.holds(small.whole)
        inner = [(side[0] / 4, side[1] / 4) for side in large.chart.square]
        assert not large.holds(small.whole, inner)


def box_chart(ar, centre, ends):
    """Return a chart of three coordinates in a frame that is askew, with h = 2 and r = 3, and a part of it."""
    frame = [[Fraction(v) for v in row] for row in ((0, 2, 0), (1, 0, 0), (1, 0, 1))]
    made = ChartProof.__new__(ChartProof)
    balls = matrix.from_rationals(ar, frame)
    chart = SimpleNamespace(square=[(Fraction(-2), Fraction(2))] * 2, radius=(Fraction(3),))
    made.__dict__.update(arithmetic=ar, chart=chart, centre=[ar.constant(Fraction(v)) for v in centre], frame=balls)
    s1, s2, w = (ar.interval(*map(Fraction, pair)) for pair in ends)
    return made, SimpleNamespace(proof=made, s=[s1, s2], w=[w])


@pytest.mark.parametrize("coordinate", range(3))
@pytest.mark.parametrize("sign", [1, -1])
def test_each_side_counts(ar, coordinate, sign):
    """A part that touches a side, or lies beyond it, is not held, and one that comes close is."""
    moves = np.array([[0, 2, 0], [1, 0, 0], [1, 0, 1]])  # how a chart moves for its s_1, s_2, w
    owner, _ = box_chart(ar, (5, 6, 7), ((0, 0),) * 3)
    for beyond, held in ((Fraction(-1, 100), True), (0, False), (Fraction(1, 100), False), (9, False)):
        ends = [(Fraction(-1), Fraction(1))] * 3
        reach = (2, 2, 3)[coordinate] + beyond - 1
        centre = [v + sign * reach * int(row[coordinate]) for v, row in zip((5, 6, 7), moves, strict=True)]
        _, part = box_chart(ar, centre, ends)
        assert owner.holds(part) is held
    _, part = box_chart(ar, (5, 6, 7), ((-1, 1),) * 3)
    side = [(Fraction(-2), Fraction(2)), (Fraction(-2), Fraction(2))]
    assert owner.holds(part, side)
    if coordinate < 2:
        side[coordinate] = (Fraction(-2), Fraction(1)) if sign > 0 else (Fraction(-1), Fraction(2))
        assert not owner.holds(part, side)


def test_nothing_is_held_by_a_chart_without_coordinates(ar):
    """Its frame may be singular."""
    owner, part = box_chart(ar, (0, 0, 0), ((0, 0),) * 3)
    assert owner.holds(part)
    owner, part = box_chart(ar, (0, 0, 0), ((0, 0),) * 3)
    owner.__dict__["inverse_frame"] = None
    assert not owner.holds(part)


# ---------------------------------------------------------------------- second derivatives


class Quadratic:
    """A system of 5 unknowns and 3 equations whose second and third derivatives are given; `dimension` is pretended."""

    def __init__(self, ar, dimension, *, second=1, third=1):
        self.arithmetic, self.dimension, self.seen = ar, dimension, []
        self.given = [v if v is None else ar.constant(Fraction(v)) for v in (second, third)]

    def number(self, k):
        return self.arithmetic.indeterminate() if self.given[k] is None else self.given[k]

    def second(self, z, frame):
        self.seen.append(z)
        one = self.arithmetic.constant(Fraction(1))
        return [[[one if i else self.number(0) for _ in range(5)] for _ in range(5)] for i in range(3)]


def quadratic(ar, dimension, **given):
    """Return a chart of a `Quadratic`: unit frame and preconditioner, h = 1/3, and the radii 1/5."""
    frame, c = (tuple(tuple(Fraction(int(i == j)) for j in range(n)) for i in range(n)) for n in (5, 3))
    chart = Chart((Fraction(1),) * 5, frame, Fraction(1, 3), (Fraction(1, 5),) * 3, c)
    proof = ChartProof(Quadratic(ar, dimension, **given), chart)
    proof._changes = lambda z, y: [[proof.system.number(1)] * 15 for _ in range(3)]
    return proof


@pytest.mark.parametrize(("dimension", "mean"), [(3, True), (4, True), (5, False), (12, False)])
def test_few_variables_have_a_mean_value_form(ar, dimension, mean):
    """At the centre, plus what changes; of more than four variables on a chart that is larger by a 1024th."""
    proof = quadratic(ar, dimension)
    found = [ar.midpoint(v) for rows in proof.bend for row in rows for v in row]
    assert found == [1 + mean] * 75
    (z,) = proof.system.seen
    for k, ball in enumerate(z):
        reach = 0 if mean else (Fraction(1, 3) if k < 2 else Fraction(1, 5)) * Fraction(1025, 1024)
        low, high = ar.endpoints(ball)
        assert abs(low - 1 + reach) < Fraction(1, 10**20) and abs(high - 1 - reach) < Fraction(1, 10**20)


@pytest.mark.parametrize(("dimension", "given"), [(3, {"second": None}), (5, {"second": None}), (3, {"third": None})])
def test_derivatives_that_are_not_known_everywhere_are_not_used(ar, dimension, given):
    """Nor is anything that would be computed of them."""
    proof = quadratic(ar, dimension, **given)
    assert proof.bend is None and proof.image is None and not proof.proved()
    assert proof.bend_rows == [] and proof.curvatures == []


def test_an_image_that_is_not_known_is_none(ar):
    """One ball of it is enough."""
    proof = quadratic(ar, 3)
    one = ar.constant(Fraction(1))
    for balls, known in (([one, one], True), ([one, ar.indeterminate()], False)):
        proof.__dict__.pop("image", None)
        proof.__dict__["whole"] = SimpleNamespace(image=lambda balls=balls: balls)
        assert (proof.image == balls) is known and (proof.image is None) is not known


# ---------------------------------------------------------------------- parts


def test_a_part_is_narrowed_twice_by_the_whole_and_once_by_itself(ar):
    """A first box is [-1/5, 1/5] cut with [0, 1] and with [-1, 1/8]; then it is cut with [1/16, 2], once."""
    proof = quadratic(ar, 3)
    images = [ar.interval(Fraction(0), Fraction(1)), ar.interval(Fraction(-1), Fraction(1, 8)), None]
    proof.__dict__["whole"] = SimpleNamespace(image_of=lambda s, box: [images.pop(0)] * 3)
    rectangle = [(Fraction(0), Fraction(1, 3)), (Fraction(-1, 3), Fraction(0))]
    part = proof.part(rectangle)
    assert len(images) == 1 and [ar.endpoints(v) for v in part.w] == [(0, Fraction(1, 8))] * 3
    own = [ar.interval(Fraction(1, 16), Fraction(2)), ar.interval(Fraction(1, 10), Fraction(2))]
    part.image = lambda: [own.pop(0)] * 3
    for _ in range(2):
        assert part.narrow() is part
        assert [ar.endpoints(v) for v in part.w] == [(Fraction(1, 16), Fraction(1, 8))] * 3
    assert len(own) == 1


def with_slopes(charts, change=lambda slopes, ar: None):
    """Return a part of the first chart where C DE F = [0, I], but for a change."""
    proof = charts[0]
    ar = proof.arithmetic
    zero, one = ar.constant(Fraction(0)), ar.constant(Fraction(1))
    slopes = [[zero, zero, *(one if i == j else zero for j in range(5))] for i in range(5)]
    change(slopes, ar)
    part = proof.part(proof.chart.square)
    part.__dict__["_slopes"] = slopes
    return part


@pytest.mark.parametrize("row", range(5))
def test_velocities_need_room_in_every_row(charts, row):
    """Where C DE F = [0, I] they are the columns of T; with a 3 for a 1, or an unknown entry, nothing is said."""
    proof = charts[0]
    ar = proof.arithmetic

    def three(slopes, ar):
        slopes[row][2 + row] = ar.constant(Fraction(3))

    def unknown(slopes, ar):
        slopes[row][row % 2] = ar.indeterminate()

    with ar:
        part = with_slopes(charts)
        for velocity, tangent in zip(part.velocities, zip(*proof.tangents, strict=True), strict=True):
            assert all(ar.within(b, *ar.endpoints(a)) for a, b in zip(velocity, tangent, strict=True))
        for change in (three, unknown):
            part = with_slopes(charts, change)
            assert part.velocities is None and part.point() is None


def test_velocities_are_made_sharper_twice(ar):
    """D = 1/4, b = 1 and r = 1: w = -4/5 in [-4/3, 4/3], in -1 + [-1, 1]/3, and in -3/4 + [-1, 1]/12."""
    one = Fraction(1)
    frame = tuple(tuple(Fraction(int(i == j)) for j in range(3)) for i in range(3))
    system = SimpleNamespace(arithmetic=ar, dimension=1)
    proof = ChartProof(system, Chart((one,) * 3, frame, one, (one,), ((one,),)))
    part = Part(proof, proof.chart.square, proof.box)
    part.__dict__["_slopes"] = [[ar.constant(v) for v in (one, Fraction(0), Fraction(5, 4))]]
    first, second = part.velocities
    assert [ar.midpoint(v) for v in (*first[:2], *second[:2])] == [1, 0, 0, 1]
    for ball, ends in (
        (first[2], (Fraction(-5, 6), Fraction(-2, 3))),
        (second[2], (Fraction(-1, 12), Fraction(1, 12))),
    ):
        assert all(abs(a - b) < Fraction(1, 10**8) for a, b in zip(ar.endpoints(ball), ends, strict=True))
    assert ar.within(ar.constant(Fraction(-4, 5)), *ar.endpoints(first[2]))
    assert len(part.velocities) == surface_chart.SIDES
