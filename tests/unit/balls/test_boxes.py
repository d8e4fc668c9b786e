"""Many boxes at once."""

from __future__ import annotations

import numpy as np

from hallucert.balls.ball_lanes import Boxes


def test_tags_of_boxes_survive_splitting():
    """Halves of boxes of several systems keep theirs."""
    boxes = Boxes(np.array([3, 5]), np.zeros((2, 1)), np.ones((2, 1)))
    assert boxes.halves().tag.tolist() == [3, 5, 3, 5]


def test_halves_share_a_face_exactly():
    """Across the longest side, in its middle, without a gap and without an overlap."""
    halves = Boxes(np.array([0]), np.array([[0.0, -1.0]]), np.array([[1.0, 2.0]])).halves()
    assert halves.lo.tolist() == [[0.0, -1.0], [0.0, 0.5]] and halves.hi.tolist() == [[1.0, 0.5], [1.0, 2.0]]
