"""Panels of ``f^SAM`` as the radius varies."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError

F = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
BOX = [(-2, 2), (-2, 2)]


def test_one_panel_a_radius_and_f_first() -> None:
    """Four radii in two columns give five panels with the radii as titles, in a figure of three rows."""
    panels = hc.plot.radii(F, BOX, ["0.5", 1, "3/2", 2.5], columns=2, resolution=20, field="none")
    assert [ax.get_title() for ax in panels] == ["$f$", *(rf"$\rho$ = {rho}" for rho in ("0.5", "1", "1.5", "2.5"))]
    assert len(panels[0].figure.axes) == 5
    assert [ax.get_subplotspec().rowspan.start for ax in panels] == [0, 0, 1, 1, 2]


def test_points_are_drawn_in_their_panel() -> None:
    """A candidate for the second radius appears in the third panel only."""
    candidate = hc.find.refine(F, (-0.75, -0.75), 7 * 2**0.5 / 4)
    panels = hc.plot.radii(F, BOX, [1, candidate.rho], points={1: [candidate]}, resolution=20, field="none")
    places = [[c.get_offsets()[0] for c in ax.collections if c.get_label() == "target x+"] for ax in panels]
    assert [len(place) for place in places] == [0, 0, 1]
    np.testing.assert_allclose(places[2][0], (1, 1), atol=1e-9)


@pytest.mark.parametrize(
    ("rho", "options", "name"),
    [
        ([], {}, "rho"),
        ("12", {}, "rho"),
        ([0], {}, "rho"),
        ([1], {"columns": 0}, "columns"),
        ([1], {"points": {1: []}}, "points"),
    ],
)
def test_misuse(rho, options, name) -> None:
    """Typed errors name the argument."""
    with pytest.raises(ArgumentError, match=name):
        hc.plot.radii(F, BOX, rho, **options)
