"""The picture of a census shows every point, once, in its class."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError


def test_every_point_is_drawn_in_its_class():
    """The legend counts are those of the census, and the markers lie at the points."""
    found = hc.census(hc.gallery.load("four_well"), [(-2, 2), (-2, 2)], 2)
    ax = hc.plot.census(found, resolution=40)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    for kind, stabilities in found.counts().items():
        for stability, count in stabilities.items():
            assert f"target a {kind}: {stability} ({count})" in labels
    assert "excluded" in labels and "pending" not in labels
    drawn = np.concatenate([c.get_offsets() for c in ax.collections if str(c.get_label()).startswith("target a")])
    truth = [[float(side.lower + side.upper) / 2 for side in point.box] for point in found.points]
    assert len(drawn) == len(found) > 0
    np.testing.assert_allclose(sorted(drawn.tolist()), sorted(truth), atol=1e-12)
    assert r"$\rho$ = 2" in ax.get_title()


def test_other_things_are_refused():
    """Only censuses in the plane can be drawn."""
    with pytest.raises(ArgumentError, match="found"):
        hc.plot.census([1, 2])
    solid = hc.census(hc.Objective.parse("x**2 + y**2 + z**2"), [(-1, 1)] * 3, 1, workers=1)
    with pytest.raises(ArgumentError, match="two variables"):
        hc.plot.census(solid)
