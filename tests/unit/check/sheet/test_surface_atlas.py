"""Claims: turns are counted only where each sign is next to the one before, and islands must be disjoint."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hallucert.balls import arithmetic
from hallucert.check.sheet import surface_atlas
from hallucert.check.sheet.surface_atlas import component

SQUARE = [(Fraction(-1), Fraction(1))] * 2


@pytest.mark.parametrize(
    ("quarters", "turns"),
    [([0, 1, 2, 3], 1), ([0, 3, 2, 1], -1), ([0, 1, 0, 3], 0), ([0, 2, 0, 2], None), ([0, 1, 1, 3], None)],
)
def test_signs_along_a_rim_go_round(monkeypatch, quarters, turns):
    """Once, backwards, not at all; opposite neighbours decide nothing."""
    found = iter(quarters)
    monkeypatch.setattr(surface_atlas, "_quarters", lambda *arguments: [next(found)])
    assert surface_atlas._winding(None, SQUARE, ()) == turns


def test_boxes_are_apart_in_one_coordinate():
    """That is enough, and touching boxes are not apart."""
    ar = arithmetic("arb", 53)
    one, two = ar.interval(Fraction(0), Fraction(1)), ar.interval(Fraction(2), Fraction(3))
    assert surface_atlas._apart(ar, [one, one], [one, two])
    assert not surface_atlas._apart(ar, [one, one], [one, one])


def test_charts_are_connected_in_both_directions():
    """0 is covered by 1, which covers a segment of 2; 3 is alone."""
    joined = [{1}, set(), {1}, set()]
    assert component(joined, 0) == component(joined, 1) == component(joined, 2) == {0, 1, 2}
    assert component(joined, 3) == {3}
