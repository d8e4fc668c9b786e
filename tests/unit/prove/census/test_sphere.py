"""The spheres of a census: which points are in the box; oracle: exact numbers by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hallucert.check.claim import Enclosure
from hallucert.prove.census.sphere import _inside

REGION = (Enclosure(Fraction(0), Fraction(1)), Enclosure(Fraction(0), Fraction(2)))


@pytest.mark.parametrize(
    ("x", "y", "answer"),
    [
        ((0, 1), (0, 2), True),
        ((-2, -1), (0, 1), False),
        ((0, 1), (3, 4), False),
        ((-1, 0), (0, 1), None),
        ((1, 2), (0, 1), None),
        ((0, 1), (1, 3), None),
        ((2, 3), (1, 3), False),
    ],
)
def test_points_are_inside_outside_or_on_the_edge_for_all_that_is_known(x, y, answer):
    """Certainly in the box, certainly beside one of its sides, or neither."""
    sides = [(Fraction(low), Fraction(high)) for low, high in (x, y)]
    assert _inside(sides, REGION) is answer
