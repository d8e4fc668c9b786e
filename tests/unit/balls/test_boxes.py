"""Many boxes at once."""

from __future__ import annotations

import numpy as np

from hallucert.balls.ball_lanes import Boxes, ends, lane_arithmetic


def test_tags_of_boxes_survive_splitting():
    """Halves of boxes of several systems keep theirs."""
    boxes = Boxes(np.array([3, 5]), np.zeros((2, 1)), np.ones((2, 1)))
    assert boxes.halves().tag.tolist() == [3, 5, 3, 5]


def test_halves_share_a_face_exactly():
    """Across the longest side, in its middle, without a gap and without an overlap."""
    halves = Boxes(np.array([0]), np.array([[0.0, -1.0]]), np.array([[1.0, 2.0]])).halves()
    assert halves.lo.tolist() == [[0.0, -1.0], [0.0, 0.5]] and halves.hi.tolist() == [[1.0, 0.5], [1.0, 2.0]]


def test_sizes_lanes_and_ends_of_boxes():
    """Of [0, 1] x [-1, 2] and [3, 4] x [5, 5.5]: widths 3 and 1, and each side in lanes; one lane stands for all."""
    boxes = Boxes(np.array([0, 1]), np.array([[0.0, -1.0], [3.0, 5.0]]), np.array([[1.0, 2.0], [4.0, 5.5]]))
    assert boxes.width.tolist() == [3.0, 1.0] and boxes.middle.tolist() == [[0.5, 0.5], [3.5, 5.25]]
    small = Boxes(np.array([0]), np.array([[0.0, 0.0, 0.0]]), np.array([[0.25, 0.5, 0.125]]))
    assert small.width.tolist() == [0.5] and Boxes(
        np.array([0]), np.zeros((1, 0)), np.zeros((1, 0))
    ).width.tolist() == [0]
    none = boxes[np.array([], dtype=int)]
    assert len(none) == 0 and none.halves() is none
    with lane_arithmetic("float") as lanes:
        for one, (low, high) in ((boxes, ([-1, 5], [2, 5.5])), (small, ([0], [0.125]))):
            sides = one.lanes(lanes)
            assert len(sides) == one.lo.shape[1]
            found = ends(lanes, sides[-1], len(one))
            assert [end.tolist() for end in found] == [low, high]
        low, high = ends(lanes, lanes.box(np.array([1.0]), np.array([2.0])), 3)
        assert low.tolist() == [1, 1, 1] and high.tolist() == [2, 2, 2]
