"""Claim: norms of blocks, and what weights have to serve for, are those of numbers that are written down."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hallucert.balls.midrad import MidRad
from hallucert.check.attraction import manifold_basin


@pytest.mark.parametrize(
    ("slopes", "slope", "served"),
    [("9 0 0 16", 5, True), ("9 0 0 16", 4.99, False), ("9 0 0 16", -5, False), ("99 0 0 99", 7, True)],
)
def test_one_of_two_bounds_of_the_way_serves(slopes: str, slope: float, served: bool) -> None:
    """With p = (1, 1) and a = (3, 4) a slope is at least 7, or at least the root of ``p S p^T``; it is not negative."""
    squares, zeros = np.array(slopes.split(), float).reshape(2, 2), np.zeros(2)
    bounds = manifold_basin.Bounds(np.zeros((2, 2)), zeros, np.array([3.0, 4.0]), squares, zeros)
    given = (Fraction(1, 100), Fraction(1, 2), (Fraction(1), Fraction(1)), Fraction(slope))
    assert manifold_basin.serves(bounds, *given) == served


def test_a_rotation_times_a_number_is_no_longer_than_that() -> None:
    """The bound of a block of two is its 2-norm, not the root of the sum of its squares."""
    turn = 0.9 * np.array([[np.cos(1), np.sin(1)], [-np.sin(1), np.cos(1)]])
    assert manifold_basin.rotation_norm(MidRad(turn)) == pytest.approx(0.9, rel=1e-12)
    for block in np.random.default_rng(2).normal(size=(20, 2, 2)):
        bound = manifold_basin.rotation_norm(MidRad(block, 1e-9))
        assert np.linalg.norm(block, 2) <= bound <= np.linalg.norm(block, 2) + 5e-9
    assert manifold_basin.rotation_norm(MidRad(np.eye(3))) == float("inf")
