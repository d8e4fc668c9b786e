"""Claim: every picture fits a column of a paper and a poster, symbols have one spelling, PDF has no Type 3 fonts."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text

import hallucert as hc
from hallucert.errors import ArgumentError
from hallucert.plot.layout import SIZE, checked_size, radius_text, spelled

STORED = Path(hc.__file__).parents[1] / "docs" / "certificates"
COLUMN, POSTER = (3.4, 2.6), (24, 18)
BOX = [(-5, 5), (-5, 5)]


def stored(name: str) -> hc.Certificate:
    """Return a stored certificate."""
    return hc.load(STORED / f"{name}.json")


def landscape(ax: Axes) -> None:
    points = [stored("himmelblau-saddle"), stored("himmelblau-minimum-repels"), stored("himmelblau-farthest")]
    run = np.array([[1.0, 2.0], [0.5, 1.0]])
    hc.plot.landscape(points[0].objective, BOX, 3.5, ax, points, run, field="arrows", resolution=20, title="f^SAM")


def construction(ax: Axes) -> None:
    f = hc.gallery.load("himmelblau")
    hc.plot.construction(hc.find.farthest_point(f, (-0.27, -0.92), (3, 2)), ax, resolution=30, title="x*, of x_min")


def plane(axes: list[Axes]) -> None:
    f = hc.Objective.parse("x**2 + y**2*z**2 + z**4 - z")
    points, names = [(1, 0, 0), (0, 2, 1), (1, 1, 1)], ["where SAM stopped", "a minimizer", "another one", "the start"]
    hc.plot.plane(f, (0, 0, 0), points=points, rho="0.5", ax=axes, names=names, resolution=12, title="a plane")


def profile(ax: Axes) -> None:
    f = hc.Objective.parse("x**2 + y**2*z**2 + z**4 - z")
    hc.plot.plane(f, (0, 0, 0), points=[(1, 0, 0)], rho="0.5", ax=ax, resolution=12, title="a line")


def prevalence(ax: Axes) -> None:
    box, f = [(-3, 3), (-3, 3)], hc.gallery.load("double_well")
    hc.plot.prevalence([hc.prevalence(f, box, rho, "0.1", runs=12, steps=300) for rho in ("0.2", "1.5")], ax)


PICTURES: dict[str, Callable[..., object]] = {
    "landscape": landscape,
    "construction": construction,
    "plane": plane,
    "profile": profile,
    "prevalence": prevalence,
    "census": lambda ax: hc.plot.census(stored("himmelblau-census"), ax, resolution=20),
    "branches": lambda ax: hc.plot.branches(stored("himmelblau-diagram"), ax=ax, title="all branches"),
    "curve": lambda ax: hc.plot.sheet(stored("ring-sheet"), ax=ax, title="a curve"),
    "surface": lambda ax: hc.plot.sheet(stored("sphere-piece"), ax=ax, title="a surface"),
    "certificate": lambda ax: hc.plot.certificate(stored("himmelblau-minimum-attracts"), ax=ax),
}


QUICK = {"census", "branches", "plane", "surface"}
"""Those that are drawn in every run: legends of many entries beside and below, two panels, and space."""


def drawn(name: str, size: tuple[float, float]) -> plt.Figure:
    """Draw a picture in a figure of so many inches."""
    space = {"projection": "3d"} if name == "surface" else {}
    figure, axes = plt.subplots(1, 1 + (name == "plane"), figsize=size, layout="compressed", subplot_kw=space)
    PICTURES[name](axes)
    return figure


def is_in_view(text: Text) -> bool:
    """Tell whether a text is no label of a tick outside of the limits, which is not drawn."""
    for ax in text.figure.axes:
        for axis, limits, place in ((ax.xaxis, ax.get_xlim(), 0), (ax.yaxis, ax.get_ylim(), 1)):
            if text in [*axis.get_ticklabels(), *axis.get_ticklabels(minor=True)]:
                return ax.name != "3d" and bool(limits[0] <= text.get_position()[place] <= limits[1])
        if ax.name == "3d" and text in ax.zaxis.get_ticklabels():
            return False
    return True


def require_whole(figure: plt.Figure) -> None:
    """Check that each text that is shown, legends among them, lies inside of the figure, and that axes keep room."""
    figure.draw_without_rendering()
    shown = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text() and is_in_view(text)]
    assert len(shown) >= 2
    for text in shown:
        box = text.get_window_extent()
        assert figure.bbox.x0 <= box.x0 + 0.5 and box.x1 <= figure.bbox.x1 + 0.5, text
        assert figure.bbox.y0 <= box.y0 + 0.5 and box.y1 <= figure.bbox.y1 + 0.5, text
    for ax in figure.axes:
        legend = ax.get_legend()
        if legend is not None:
            box = legend.get_window_extent()
            assert figure.bbox.x0 <= box.x0 + 1 and box.x1 <= figure.bbox.x1 + 1 and figure.bbox.y0 <= box.y0 + 1
            axes = [ax.xaxis, ax.yaxis, *([ax.zaxis] if ax.name == "3d" else [])]
            assert not any(axis.label.get_text() and axis.label.get_window_extent().overlaps(box) for axis in axes)
        assert ax.bbox.height > figure.bbox.height / 3 and ax.bbox.width > figure.bbox.width / 6, ax.bbox


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.thorough) for name in PICTURES]
)
def test_no_text_is_cut_in_one_column(name: str) -> None:
    """Labels, title and legend lie inside of a small figure, and the axes keep a third of its height."""
    require_whole(drawn(name, COLUMN))


@pytest.mark.thorough
@pytest.mark.parametrize("size", [SIZE, POSTER], ids=["usual", "poster"])
@pytest.mark.parametrize("name", PICTURES)
def test_no_text_is_cut_in_a_larger_picture(name: str, size: tuple[float, float]) -> None:
    """The same holds for the usual size and for a poster."""
    require_whole(drawn(name, size))


def test_several_panels_fit_too() -> None:
    """Panels of several radii are drawn in a figure of the size that is asked for."""
    f = hc.gallery.load("himmelblau")
    panels = hc.plot.radii(f, BOX, ["3.5"], columns=2, field="none", resolution=12, size=COLUMN)
    figure = panels[0].figure
    assert tuple(figure.get_size_inches()) == COLUMN
    figure.draw_without_rendering()
    assert min(ax.bbox.height for ax in panels) > figure.bbox.height / 3
    with pytest.raises(ArgumentError, match="size must be width and height in inches"):
        hc.plot.radii(f, BOX, ["3.5"], size=(3, 0))
    assert checked_size([2, 3]) == (2, 3)


def test_texts_and_marks_grow_with_the_picture() -> None:
    """On a poster letters, marks and lines are nearly four times the usual ones, in a column somewhat smaller."""
    sizes = {}
    for size in (COLUMN, SIZE, POSTER):
        (ax,) = drawn("census", size).axes
        sizes[size] = (ax.xaxis.label.get_fontsize(), ax.collections[-1].get_sizes()[0] ** 0.5)
    for smaller, larger, factor in ((SIZE, POSTER, 3.75), (COLUMN, SIZE, 1 / 0.85)):
        ratios = [b / a for a, b in zip(sizes[smaller], sizes[larger], strict=True)]
        assert ratios == pytest.approx([factor, factor])


def test_symbols_have_one_spelling() -> None:
    """Plain notation of titles, labels and legends becomes mathematics; what is mathematics stays."""
    assert spelled("f^SAM at rho = 3/2") == r"$f^{\mathrm{SAM}}$ at $\rho$ = 3/2"
    assert spelled("target x+ of x*") == "target $x^+$ of $x^*$"
    assert spelled("minimizers of f") == "minimizers of $f$"
    assert spelled("U, where f >= level") == r"$U$, where $f$ $\geq$ level"
    assert spelled("x") == "$x$" and spelled("weight_1") == "weight_1" and spelled("a $rho$") == "a $rho$"
    (ax,) = drawn("landscape", SIZE).axes
    assert ax.get_title() == r"$f^{\mathrm{SAM}}$"
    assert "target $x^+$" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_radii_have_one_spelling() -> None:
    """The title of a census and the legend of a graph, which a census of the line has as well, are in decimals."""
    (census,) = drawn("census", SIZE).axes
    (graph,) = plt.subplots(squeeze=False)[1].ravel()
    hc.plot.landscape(hc.Objective.parse("(x**2 - 1)**2/4"), [(-2, 2)], "6/5", graph)
    assert census.get_title().startswith(r"$\rho$ = 3.5: ")
    assert r"$f^{\mathrm{SAM}}$, $\rho$ = 1.2" in [text.get_text() for text in graph.get_legend().get_texts()]
    assert [radius_text(rho) for rho in (Fraction(1, 3), 2**0.5)] == ["rho = 1/3", "rho = 1.41421"]


@pytest.mark.thorough
@pytest.mark.parametrize("name", PICTURES)
def test_a_saved_picture_has_no_type_3_fonts(name: str, tmp_path: Path) -> None:
    """PDF embeds TrueType, for letters and for mathematics, whatever the settings of matplotlib are otherwise."""
    hc.plot.save(drawn(name, COLUMN).axes[0], tmp_path / "picture.pdf")
    content = (tmp_path / "picture.pdf").read_bytes()
    assert content.startswith(b"%PDF") and b"/FontFile2" in content and b"/Type3" not in content
    assert plt.rcParams["pdf.fonttype"] == 3


def test_what_cannot_be_saved_is_named(tmp_path: Path) -> None:
    """Axes and the ending of a path."""
    with pytest.raises(ArgumentError, match="ax must be Axes"):
        hc.plot.save(3, tmp_path / "picture.pdf")
    with pytest.raises(ArgumentError, match=r"path must end in \.pdf, \.svg, \.png"):
        hc.plot.save(drawn("curve", COLUMN).axes[0], tmp_path / "picture.jpg")
    assert list(tmp_path.iterdir()) == []
