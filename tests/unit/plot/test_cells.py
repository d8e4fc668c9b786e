"""Claim: the picture of basins shows of every cell what is proved of it, and names attractors by what they are."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import hallucert as hc
from hallucert.check.basins.partition import Partition
from hallucert.check.basins.trap import Trap
from hallucert.errors import ArgumentError
from hallucert.plot import cells

STORED = Path(__file__).parents[3] / "docs" / "certificates"


@pytest.fixture(scope="module")
def found() -> hc.Basins:
    """Basins of the hallucinated minimizer (-1/2, 0), and two cells that are said to leave."""
    stored = hc.load(STORED / "well-basins.json")
    labels = stored.labels.copy()
    labels[np.flatnonzero(labels == 0)[:2]] = 1
    return replace(stored, labels=labels)


def test_colours_are_those_of_what_is_proved(found: hc.Basins) -> None:
    """At 500 random places of the box the pixel has the colour of the label there; all three labels occur."""
    ax = hc.plot.basins(found, resolution=40)
    (image,) = ax.images
    colours = [to_rgb(cells.OPEN), to_rgb(cells.OUTSIDE), to_rgb(cells.KINDS["hallucinated minimizer"][1])]
    places = np.random.default_rng(0).uniform(*found.box.T, (500, 2))
    pixels = image.get_array()
    x0, x1, y0, y1 = image.get_extent()
    assert [[x0, x1], [y0, y1]] == found.box.tolist() and image.origin == "lower"
    rows = ((places[:, 1] - y0) / (y1 - y0) * len(pixels)).astype(int)
    columns = ((places[:, 0] - x0) / (x1 - x0) * pixels.shape[1]).astype(int)
    labels = found.at(places)
    assert set(labels) == {0, 1, 2}
    np.testing.assert_allclose(pixels[rows, columns], np.array(colours)[labels], atol=1e-12)


def test_the_legend_names_what_is_proved(found: hc.Basins) -> None:
    """It says what the attractor is, where it lies, and shares that are not rounded up; `certificate` draws it."""
    ax = hc.plot.certificate(found)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    share = floor(1000 * found.share(2)) / 10
    assert f"hallucinated minimizer (1): {share} %" in labels
    assert Fraction(str(share)) <= 100 * found.share(2)
    assert {label.partition(":")[0] for label in labels} >= {"leaves the box", "nothing proved"}
    (marks,) = [c for c in ax.collections if str(c.get_label()).startswith("hallucinated")]
    np.testing.assert_allclose(marks.get_offsets(), [[-0.5, 0]], atol=1e-9)
    assert "1" in [text.get_text() for text in ax.texts]
    assert r"$\rho$ = 1.5, step 1/10" in ax.get_title()


def test_traps_are_told_apart(found: hc.Basins) -> None:
    """Each trap has colours of its own, which the legend shows; only one that names something else is said to."""
    labels = np.where(np.arange(len(found.labels)) % 2, 4, 6) * (found.labels > 0)
    both = replace(found, labels=labels, traps=(Trap(3, ()), Trap(5, (3, 4))))
    ax = hc.plot.basins(both, resolution=20)
    named = [(str(c.get_label()).partition(":")[0], c) for c in ax.collections]
    marks = {label: c.get_facecolor()[0, :3] for label, c in named if label.startswith("trap")}
    first, second = marks["trap 1"], marks["trap 2, or what it names"]
    colours = cells._colours(["attractor"], 5)
    assert (colours[4] == first).all() and (colours[6] == second).all() and np.abs(first - second).max() > 0.1
    assert len(np.unique(colours[:11], axis=0)) == 11 and (colours[11:13] == colours[3:5]).all()


def test_what_is_not_proved_of_an_attractor_is_not_said(found: hc.Basins) -> None:
    """Without the claim a hallucinated minimizer is an attractor; the one with a saddle as target is named so."""
    (point,) = found.attractors
    claims = {name: claim for name, claim in point.claims.items() if name != "hallucinated_minimizer"}
    assert cells.kind_of(point) == "hallucinated minimizer"
    assert cells.kind_of(replace(point, claims=claims)) == "attractor"
    assert cells.kind_of(hc.load(STORED / "himmelblau-saddle.json")) == "attractor, target a saddle"


def test_drawn_cells_are_dots() -> None:
    """Those of which something is proved, where they are, with the colour of what it is; the legend counts them."""
    found = hc.load(STORED / "camel-basins.json")
    assert found.draw is not None
    ax, labels = hc.plot.basins(found, resolution=40), found.draw.labels
    (dots,) = [c for c in ax.collections if len(c.get_offsets()) == (labels > 0).sum()]
    places = found.box[:, 0] + (found.drawn[:, 1:] + 0.5) / 2.0**44 * (found.box[:, 1] - found.box[:, 0])
    np.testing.assert_allclose(dots.get_offsets(), places[labels > 0], atol=1e-9)
    assert not np.isin(found.at(dots.get_offsets()), found.single).any()
    minimizer, outside = to_rgb(cells.KINDS["hallucinated minimizer"][1]), to_rgb(cells.OUTSIDE)
    colours = dots.get_facecolors()[:, :3]
    np.testing.assert_allclose(colours[labels[labels > 0] == 2], np.tile(minimizer, ((labels == 2).sum(), 1)))
    np.testing.assert_allclose(colours[labels[labels > 0] == 1], np.tile(outside, ((labels == 1).sum(), 1)))
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert f"dots: {(labels > 0).sum()} of 1000 drawn cells are proved" in texts


def test_both_points_of_a_two_cycle_are_drawn() -> None:
    """They are named so, with one number, and have no target."""
    cycle = hc.load(STORED / "himmelblau-two-cycle.json")
    box = [(2.75, 3.25), (1.75, 2.25)]
    found = hc.basins(cycle.objective, box, "0.1", "0.01", attractors=[cycle], depth=3, workers=1)
    ax = hc.plot.basins(found, resolution=30)
    assert cells.kind_of(cycle) == "two-cycle"
    (marks,) = [c for c in ax.collections if str(c.get_label()).startswith("two-cycle (1): ")]
    np.testing.assert_allclose(marks.get_offsets(), cycle.points, atol=1e-12)
    assert [text.get_text() for text in ax.texts] == ["1"]
    assert not [c for c in ax.collections if c.get_label() == "target x+"]


def test_small_cells_are_mixed(found: hc.Basins, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pixel with one cell of label 2 in four has a quarter of its colour."""
    monkeypatch.setattr(cells, "FINEST", 0)
    small = [(1, i, j) for i in (0, 1) for j in (0, 1)]
    one = replace(found, partition=Partition(found.box, np.array(small)), labels=np.array([2, 0, 0, 0]))
    colours = np.array([[0.0, 0, 0], [0, 0, 0], [0.8, 0.4, 1]])
    np.testing.assert_allclose(cells.picture(one, colours), [[[0.2, 0.1, 0.25]]])


def test_other_things_are_refused() -> None:
    """A point has another picture."""
    with pytest.raises(ArgumentError, match="found"):
        hc.plot.basins(hc.load(STORED / "himmelblau-saddle.json"))
