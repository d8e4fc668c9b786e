"""Claim: a picture of a certificate shows what its proved claims say, and nothing that they do not say."""

from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import hallucert as hc
from hallucert.check.claim import Status
from hallucert.errors import ArgumentError
from hallucert.plot import proved

STORED = Path(__file__).parents[3] / "docs" / "certificates"


@pytest.fixture(scope="module")
def diagram() -> hc.DiagramCertificate:
    return hc.load(STORED / "himmelblau-diagram.json")


def lines(ax: plt.Axes, label: str) -> list[np.ndarray]:
    """Return the data of the lines whose label is `label`, hidden from the legend or not."""
    return [np.asarray(line.get_xydata()) for line in ax.lines if str(line.get_label()).lstrip("_") == label]


def slowest(f: hc.Objective, x: np.ndarray, rho: float) -> float:
    """Return the smallest real part of the eigenvalues of the derivative of ``grad f(x+)``, by differences."""

    def shifted(y: np.ndarray) -> np.ndarray:
        g = f.gradient(y)
        return f.gradient(y + rho * g / np.linalg.norm(g))

    columns = [(shifted(x + e) - shifted(x - e)) / 2e-5 for e in 1e-5 * np.eye(2)]
    return float(np.linalg.eigvals(np.array(columns).T).real.min())


def test_parts_of_a_diagram_have_the_stability_that_floats_find(diagram: hc.DiagramCertificate) -> None:
    """In the middle of each stretch g(x) = lambda (c - x), and SAM's derivative there has the sign that is drawn."""
    target, words = np.array([3.0, 2.0]), []
    for word, z in proved.stretches(diagram):
        words.append(word)
        x, multiplier = z[len(z) // 2, :2], z[len(z) // 2, 2]
        np.testing.assert_allclose(diagram.objective.gradient(x), multiplier * (target - x), atol=0.5)
        if word != "undecided":
            least = slowest(diagram.objective, x, float(np.linalg.norm(x - target)))
            assert (least > 0) == (word == "attracting")
    assert words == ["attracting", "undecided", "repelling", "attracting", "attracting", "repelling"]


def test_a_diagram_is_drawn_from_its_file(diagram: hc.DiagramCertificate) -> None:
    """Four branches are certified; the fold stands at the radius of its claim, and critical points at the ends."""
    ax = hc.plot.branches(diagram)
    assert len(lines(ax, "certified")) == 4
    assert (len(lines(ax, "proved: attracts SAM")), len(lines(ax, "proved: repels SAM"))) == (3, 2)
    marks = [(c.get_label().lstrip("_"), np.asarray(c.get_offsets())[0]) for c in ax.collections]
    (fold,) = [where for label, where in marks if label == "fold"]
    assert fold[0] == pytest.approx(float(diagram["fold"][0].numbers["rho"].lower), abs=1e-4)
    ends = sorted(where[0] for label, where in marks if label.startswith("critical"))
    claimed = [float(c.numbers[end].lower) for c in diagram["branch"] for end in ("rho_start", "rho_end")]
    np.testing.assert_allclose(ends, sorted(claimed), atol=5e-3)  # drawn up to the thickness of the cells


def test_what_no_claim_says_is_not_drawn_as_proved(diagram: hc.DiagramCertificate) -> None:
    """The words of the cells alone prove nothing: without its claim a part is undecided, a branch not there."""
    silent = replace(diagram, all_claims=[c for c in diagram if c.name != "stability"])
    assert {word for word, _ in proved.stretches(silent)} == {"undecided"}
    claims = [replace(c, status=Status.UNDECIDED) if c.name == "branch" else c for c in diagram]
    ax = hc.plot.branches(replace(diagram, all_claims=claims))
    assert not ax.lines and not ax.collections


def test_claims_are_about_their_own_cells(diagram: hc.DiagramCertificate) -> None:
    """A claim that ends before a cell says nothing of it."""
    claims = [replace(c, inputs={**c.inputs, "last_cell": 1}) if c.name == "stability" else c for c in diagram]
    words = [word for word, _ in proved.stretches(replace(diagram, all_claims=claims))]
    assert words.count("undecided") == 4


def test_a_curve_is_drawn_from_its_file() -> None:
    """The ring: hallucinated minimizers with |x| = 1/2, targets with |x+| = 1; attraction is said if it is proved."""
    found = hc.load(STORED / "ring-sheet.json")
    ax = hc.plot.sheet(found)
    (x,), (targets,) = lines(ax, "proved: attracts SAM"), lines(ax, "targets: minimizers of f")
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 0.5, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(targets, axis=1), 1, atol=1e-3)
    assert len(lines(ax, "certified")) == 1
    silent = replace(found, all_claims=[c for c in found if c.name == "curve"])
    assert len(lines(hc.plot.sheet(silent), "hallucinated minimizers")) == 1
    with pytest.raises(ArgumentError, match="proved"):
        hc.plot.sheet(replace(found, all_claims=()))


def test_a_surface_is_drawn_from_its_file() -> None:
    """Every chart is certified, none only found."""
    found = hc.load(STORED / "sphere-piece.json")
    ax = hc.plot.sheet(found)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "certified" in labels and "found, not certified" not in labels
    assert [len(c._faces) for c in ax.collections] == [found.cells]
