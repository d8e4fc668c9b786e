"""Claim: every certificate that has a picture is drawn and written; the others are refused by what they are."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

import hallucert as hc
from hallucert.errors import ArgumentError
from hallucert.plot.certificate import save_certificate

STORED = Path(__file__).parents[3] / "docs" / "certificates"


def test_a_point_is_drawn_with_its_target_and_step() -> None:
    """The window holds the hallucinated saddle near (-0.35, 1.54) and its target."""
    point = hc.load(STORED / "himmelblau-saddle.json")
    ax = hc.plot.certificate(point, title="saddle")
    marks = {c.get_label(): np.asarray(c.get_offsets()) for c in ax.collections if not c.get_label().startswith("_")}
    np.testing.assert_allclose(marks["proved: attracts SAM"], [point.x])
    (target,) = marks["target x+"]
    assert np.linalg.norm(target - point.x) == pytest.approx(3.5)
    for where in (point.x, target):
        assert ax.get_xlim()[0] < where[0] < ax.get_xlim()[1] and ax.get_ylim()[0] < where[1] < ax.get_ylim()[1]
    assert ax.get_title() == "saddle"


@pytest.mark.parametrize(
    ("name", "why"), [("line", "of kind point, of 1 variables"), ("bump-attracts", "of 3 variables")]
)
def test_points_of_other_dimensions_are_refused(name: str, why: str) -> None:
    """The message says of which kind and how many variables it is."""
    with pytest.raises(ArgumentError, match=why):
        hc.plot.certificate(hc.load(STORED / f"{name}.json"))


def test_other_things_are_no_certificates() -> None:
    """A number has no picture."""
    with pytest.raises(ArgumentError, match="be a certificate"):
        hc.plot.certificate(3)


@pytest.mark.parametrize("name", ["tilted-wells-fold", "sphere-piece"])
def test_pdf_embeds_its_fonts(name: str, tmp_path: Path) -> None:
    """As TrueType (42), not as the Type 3 that publishers refuse; a vector file has no picture of pixels."""
    save_certificate(hc.load(STORED / f"{name}.json"), tmp_path / "picture.pdf", (3.4, 2.6))
    content = (tmp_path / "picture.pdf").read_bytes()
    assert content.startswith(b"%PDF") and b"/FontFile2" in content and b"/Type3" not in content
    assert b"/Subtype /Image" not in content


def texts(figure: plt.Figure) -> list[Text]:
    """Return the texts that are shown."""
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]


@pytest.mark.parametrize("size", [(3.4, 2.6), (6.4, 6.2)])
@pytest.mark.parametrize("picture", ["branches", "landscape"])
def test_no_text_is_cut_in_one_column_of_a_paper(picture: str, size: tuple[float, float]) -> None:
    """Labels and legend lie inside of the figure, and the axes keep a third of its width, a quarter of its height."""
    figure, ax = plt.subplots(figsize=size, layout="compressed")
    if picture == "branches":
        hc.plot.branches(hc.load(STORED / "himmelblau-diagram.json"), ax=ax)
    else:
        point = hc.load(STORED / "himmelblau-saddle.json")
        run = np.array([[1.0, 2.0], [0.5, 1.0]])
        hc.plot.landscape(point.objective, [(-5, 5)] * 2, 3.5, ax, point, run, field="none", resolution=20)
    figure.draw_without_rendering()
    shown = [text for text in texts(figure) if _is_in_view(ax, text)]
    assert len(shown) >= 8
    for text in shown:
        box = text.get_window_extent()
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1, text
        assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1, text
    assert ax.bbox.width > figure.bbox.width / 3 and ax.bbox.height > figure.bbox.height / 4


def _is_in_view(ax: plt.Axes, text: Text) -> bool:
    """Tell whether a text is no label of a tick outside of the limits, which is not drawn."""
    for axis, (low, high), place in ((ax.xaxis, ax.get_xlim(), 0), (ax.yaxis, ax.get_ylim(), 1)):
        if text in [*axis.get_ticklabels(), *axis.get_ticklabels(minor=True)]:
            return bool(low <= text.get_position()[place] <= high)
    return True
