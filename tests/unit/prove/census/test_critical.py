"""The critical points of a census put together: what is no critical point is dropped, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls.ball_lanes import Boxes
from hallucert.check.census.records import Kind
from hallucert.prove.census.census import checked_problem
from hallucert.prove.census.critical import merged
from hallucert.prove.census.results import TaskResult


@pytest.mark.parametrize("backend", ["float", "mpmath"])
def test_a_group_of_small_boxes_is_dropped_only_where_the_gradient_has_no_zero(backend):
    """Of (x^4 + y^4)/4: around 0, on the edge of a box, where one component has a zero, and where none has."""
    problem = checked_problem(hc.Objective.parse("(x**4 + y**4)/4"), [(-1, 1), (-1, 1)], 1, 2.0**-20, backend)
    size = 2.0**-20
    for (x, y), kept in (
        ((-size / 2, -size / 2), True),
        ((-size, 0.0), True),
        ((size / 8, size / 8), True),  # within the room around
        ((0.0, 0.5), False),
        ((0.5, 0.0), False),
        ((0.5, 0.5), False),
    ):
        low = np.array([[x, y]])
        small = Boxes(np.zeros(1, int), low, low + size)
        points, places = merged(problem, [TaskResult((), (), 1, False, small)])
        assert not places and [point.kind for point in points] == [Kind.DEGENERATE] * kept
