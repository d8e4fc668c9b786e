"""What is published contains what was proved, with room, and says the same."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hallucert.check.claim import Enclosure
from hallucert.check.publishing import published, published_beside, published_doubles

TINY = Fraction(1, 2**80)


def test_published_intervals_are_wider():
    """What is published contains what was measured with room on both sides, also around 0 and for single points."""
    for low, high in ((-TINY, TINY), (1, 1 + TINY), (0, 0), (5, 5), (1, 2), (-3, 3)):
        measured = Enclosure(Fraction(low), Fraction(high))
        wide = published(measured, 53)
        room = Fraction(1, 2**54)
        width = measured.upper - measured.lower
        assert wide.lower <= measured.lower - 2 * width - room
        assert wide.upper >= measured.upper + 2 * width + room


@pytest.mark.parametrize("above", [Fraction(0), Fraction(-2, 3)])
def test_published_numbers_are_weaker_and_on_the_same_side(above):
    """Each end moves outward, and none across the threshold."""
    for low, high in ((1, 3), (-3, -1), (-1, 2)):
        number = Enclosure(above + low, above + high)
        made = published_beside(above, number)
        assert made.lower < number.lower and number.upper < made.upper
        assert (made.lower > above, made.upper < above) == (low > 0, high < 0)


@given(st.lists(st.floats(-1e200, 1e200), min_size=2, max_size=2))
def test_what_is_published_contains_what_was_proved(ends):
    """With room on both sides, also at 0."""
    low, high = sorted(ends)
    wide = published_doubles(np.array([low, high]))
    assert wide[0] < low and high < wide[1]
