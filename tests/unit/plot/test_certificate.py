"""Claim: every certificate that has a picture is drawn and written; the others are refused by what they are."""

from pathlib import Path

import numpy as np
import pytest

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


def test_points_of_other_dimensions_are_refused() -> None:
    """The message says of which kind and how many variables it is."""
    with pytest.raises(ArgumentError, match="of kind point, of 3 variables"):
        hc.plot.certificate(hc.load(STORED / "bump-attracts.json"))


def test_other_things_are_no_certificates() -> None:
    """A number has no picture."""
    with pytest.raises(ArgumentError, match="be a certificate"):
        hc.plot.certificate(3)


@pytest.mark.parametrize("name", ["sphere-piece"])
def test_pdf_embeds_its_fonts(name: str, tmp_path: Path) -> None:
    """As TrueType (42), not as the Type 3 that publishers refuse; a vector file has no picture of pixels."""
    save_certificate(hc.load(STORED / f"{name}.json"), tmp_path / "picture.pdf", (3.4, 2.6))
    content = (tmp_path / "picture.pdf").read_bytes()
    assert content.startswith(b"%PDF") and b"/FontFile2" in content and b"/Type3" not in content
    assert b"/Subtype /Image" not in content
