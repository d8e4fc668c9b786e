"""Polygons of proved curves: points of the parabolas of cells, or the middles of cells."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import numpy as np

from hallucert.check.polygons import branch_polygon, doubles, sheet_polygon


def cell(centre, frame, span, bend=(0,)):
    """The exact data that a polygon looks at."""
    return SimpleNamespace(centre=centre, frame=frame, span=tuple(map(Fraction, span)), bend=bend)


def test_numbers_beyond_doubles_are_infinite():
    """With their signs."""
    assert doubles([Fraction(1, 2), Fraction(2) ** 2000, -(Fraction(2) ** 2000)]).tolist() == [0.5, np.inf, -np.inf]


def test_a_branch_is_drawn_along_its_parabolas():
    """m = (1, 2), T = (1, 3), N = (0, 2), q = 3, from s = 1/2 to 1: nine points (1 + s, 2 + 3 s + 6 s^2)."""
    piece = cell((1, 2), ((1, 0), (3, 2)), (-1, 1), (3,))
    drawn = branch_polygon(SimpleNamespace(links=[SimpleNamespace(cell=piece, start=Fraction(1, 2))]), 1)
    s = np.linspace(0.5, 1, 9)
    assert np.allclose(drawn, np.stack([1 + s, 2 + 3 * s + 6 * s**2], 1), rtol=1e-14)
    assert branch_polygon(SimpleNamespace(links=[]), 1).shape == (0, 2)


def test_a_sheet_is_drawn_through_the_middles_of_its_cells():
    """Three cells, with the ends of the first and the last along their tangents; a closed chain comes back."""
    frames = [((1, 9), (2, 9)), ((5, 9), (5, 9)), ((3, 9), (4, 9))]
    middles = [(0, 0), (1, 0), (2, 1)]
    cells = [cell(m, frame, (-1, 2)) for m, frame in zip(middles, frames, strict=True)]
    for closed, wanted in ((True, [*middles, (0, 0)]), (False, [(-1, -2), *middles, (8, 9)])):
        assert sheet_polygon(SimpleNamespace(cells=cells, closed=closed), 2).tolist() == [list(p) for p in wanted]
        assert sheet_polygon(SimpleNamespace(cells=[], closed=closed), 2).shape == (0, 2)
