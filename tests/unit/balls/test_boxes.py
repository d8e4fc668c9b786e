"""Many boxes at once."""

from __future__ import annotations

import numpy as np

from hallucert.balls.boxes import Boxes


def test_tags_of_boxes_survive_splitting():
    """Halves of boxes of several systems keep theirs."""
    boxes = Boxes(np.array([3, 5]), np.zeros((2, 1)), np.ones((2, 1)))
    assert boxes.halves().tag.tolist() == [3, 5, 3, 5]
