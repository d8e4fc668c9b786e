"""The search for the least key: what it leaves out cannot matter, and each way to end is told."""

from __future__ import annotations

import math

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.check.region.bracket import Distances, Keys, Moduli, boxes_of, bracket, rings
from hallucert.clock import UNLIMITED, Clock, OutOfTime

LANES = lane_arithmetic("float")
WELL = hc.Objective.parse("(x**2 - 1)**2/4")
LINE = boxes_of(np.array([[[0.0, 8.0]]]))


class Beyond(Keys):
    """Points of a line have their coordinate as key, if it is at least a number; what is below is settled."""

    power = 1

    def __init__(self, start, rtol=0.1, width=1e-9, points=True):
        super().__init__(LANES, WELL, rtol)
        self.start, self.width, self.points = start, width, points

    def first(self, boxes, known):
        return np.maximum(known, boxes.lo[:, 0])

    def look(self, boxes):
        found = boxes.middle[:, 0]
        found = found[found >= self.start] if self.points else found[:0]
        return np.where(boxes.hi[:, 0] < self.start, np.inf, boxes.lo[:, 0]), float(found.min(initial=math.inf))

    def least_width(self, boxes, keys):
        return np.full(len(boxes), self.width)


def test_both_ends_are_true_and_as_close_as_asked():
    """The least coordinate from 5 on is 5."""
    found = bracket(Beyond(5.0), LINE, 10_000, UNLIMITED)
    assert found.low <= 5 <= found.high and found.low >= 0.9 * found.high and found.ended == "reached"
    narrow = bracket(Beyond(5.0, 1e-6), LINE, 10_000, UNLIMITED)
    assert narrow.low <= 5 <= narrow.high <= 5 * (1 + 1e-6)


def test_each_way_to_end_is_told():
    """A budget of boxes, of time, smallest boxes, and nothing to be found: the lower end is true, whatever the way."""
    for changes, most, clock, ended in (
        ({}, 1, UNLIMITED, "boxes"),
        ({}, 99, Clock(0.0, now=lambda: 1.0), "time"),
        ({"width": 1.0, "points": False}, 10_000, UNLIMITED, "resolution"),
    ):
        found = bracket(Beyond(5.0, **changes), LINE, most, clock)
        assert found.ended == ended and 0 <= found.low <= 5 <= found.high
        assert ended != "boxes" or found.boxes == 1
    nothing = bracket(Beyond(9.0), LINE, 99, UNLIMITED)
    assert (nothing.low, nothing.high, nothing.boxes, nothing.ended) == (math.inf, math.inf, 1, "range")
    near, slow = Beyond(5.0, 1e-6), Beyond(5.0)
    near.edge = 4.0
    found = bracket(near, LINE, 10_000, UNLIMITED)
    assert (found.low, found.ended) == (4.0, "range")

    def look(boxes):
        raise OutOfTime

    slow.look = look
    found = bracket(slow, LINE, 10_000, UNLIMITED)
    assert (found.low, found.high, found.ended) == (0.0, math.inf, "time")


def test_a_box_that_cannot_be_decided_is_a_barrier():
    """The lower end stops at a piece of the smallest size that is open, although points above it are found."""
    found = bracket(Beyond(5.0, 1e-9, width=1.0), LINE, 10_000, UNLIMITED)
    assert found.ended == "resolution" and 4 <= found.low <= 5 <= found.high


@pytest.mark.parametrize("backend", ["float", "arb"])
def test_keys_are_bounds(backend):
    """f'' = 3 x^2 - 1: squared distances from 1, and reciprocals of minus f'', on boxes of a line, by hand."""
    lanes = lane_arithmetic(backend)
    boxes = boxes_of(np.array([[[0.75, 1.5]], [[0.0, 0.5]], [[-0.25, 0.25]]]))
    with lanes:
        low, high = Distances(lanes, WELL, 0.1, np.array([[1.0, 1.0]])).look(boxes)
        assert low[0] == np.inf and low[1] == pytest.approx(0.25) and low[2] == pytest.approx(0.5625)
        assert low[1] <= 0.25 and low[2] <= 0.5625
        assert high == pytest.approx(0.25) and high >= 0.25  # f''(1/2) = -1/4
        moduli, least = Moduli(lanes, WELL, 0.1, np.array([[-2.0, 2.0]])).look(boxes)
        assert moduli[0] == np.inf and (moduli[1:] > 0.75).all() and (moduli[1:] <= 1).all()
        assert 1 < least < 1 + 1e-14  # at 0
        # The centre may be anywhere in [1/2, 1], and f'' is 6 x on [0, 1], 0 at its edge.
        wide = Distances(lanes, WELL, 0.1, np.array([[0.5, 1.0]])).squares(boxes_of(np.array([[[2.0, 3.0]]])))
        assert np.array(wide).ravel() == pytest.approx([1.0, 6.25])


def test_a_function_is_convex_up_to_where_its_second_derivative_vanishes():
    """f'' = 6 x on [0, 1], and nothing else is settled."""
    cubic, unit = hc.Objective.parse("x**3"), np.array([[0.0, 1.0]])
    with LANES:
        for keys in (Distances(LANES, cubic, 0.1, np.array([[1.0, 1.0]])), Moduli(LANES, cubic, 0.1, unit)):
            assert keys.look(boxes_of(unit[None]))[0].tolist() == [np.inf]


def test_it_is_told_how_many_boxes_were_looked_at():
    """After each batch, the last number being that of the result."""
    told = []
    found = bracket(Beyond(5.0), LINE, 10_000, Clock(report=lambda *what: told.append(what)))
    assert {what for what, _, _ in told} == {"boxes"} and told[0][1] == 1 and told[-1][1] == found.boxes > 1


def test_aims_and_least_widths():
    """99 % of the tolerance, squared for squares; widths beside the distance, the whole box, and coordinates."""
    plane = hc.Objective.parse("x**4 + y")
    near, far = [[3.0, 4.0], [-1.0, 1.0]], [[-(2.0**42), 1.0], [0.0, 1.0]]
    distances, moduli = (kind(LANES, plane, 0.1, np.array([[0.0, 4.0], [2.0, 3.0]])) for kind in (Distances, Moduli))
    assert distances.aim == pytest.approx(0.901**2) and moduli.aim == pytest.approx(0.901)
    assert (distances.edge, moduli.edge) == (2.0**40, 2.0**20)
    boxes = boxes_of(np.array([near, near, far, near]))
    assert distances.least_width(boxes, np.array([4.0, 0.0, 0.25, 0.25])) == pytest.approx(
        [0.00125, 2.0**-30, 2.0**-8, 0.0003125], 1e-9, 0
    )
    assert moduli.least_width(boxes, np.ones(4)).tolist() == [2.0**-42] * 4
    assert Distances(LANES, plane, 1e-9, np.zeros((2, 2))).smallest == 2.0**-44
    wide = rings(np.array([[0.0, 1.0]]))
    assert (wide.lo[0, 0], wide.hi[0, 0]) == pytest.approx((-1 / 16, 17 / 16))
    assert wide.lo.min() <= -(2.0**20) and wide.hi.max() >= 2.0**20 + 1


def test_nothing_is_settled_where_the_function_is_undefined():
    """0 log(x) does not show in the second derivative 2."""
    f = hc.Objective.parse("x**2 + 0*log(x)", ("x",))
    boxes = boxes_of(np.array([[[0.5, 1.0]], [[-0.5, 1.0]]]))
    with LANES:
        assert np.isinf(Distances(LANES, f, 0.1, np.array([[1.0, 1.0]])).look(boxes)[0]).tolist() == [True, False]
        assert Moduli(LANES, f, 0.1, np.array([[-1.0, 1.0]])).look(boxes)[0].tolist() == [np.inf, 0.0]
