"""The second checker on mini-batches: what it accepts, and what it refuses for its own reasons."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from pathlib import Path

import pytest

import hallucert as hc
from hallucheck import verify as checker
from hallucheck.files.reading import NotCovered, Refused, digest

CERTIFICATES = Path(__file__).parents[2] / "docs" / "certificates"
SQUARES = hc.Objective.least_squares(["x**2 - 1", "y**2 - 1"])
"""At (-1/2, -1/2), rho = 3/2: K_0 = diag(8, 0) and K_1 = diag(0, 8), so steps below 1/4 are stable in mean square."""


@pytest.fixture(scope="module")
def proved(tmp_path_factory):
    """A file in which all claims are proved."""
    path = tmp_path_factory.mktemp("batches") / "point.json"
    hc.certify(SQUARES, (-0.5, -0.5), "1.5", batches=[[0], [1]], basin="1/16").save(path)
    return json.loads(path.read_text())


def verdict_on(tmp_path, document):
    """The verdict on a document, with its digest."""
    document["digest"] = digest(document["problem"])
    path = tmp_path / "file.json"
    path.write_text(json.dumps(document))
    return checker.verify(path)


def claim(document, name):
    """A claim of a file."""
    return next(claim for claim in document["claims"] if claim["name"] == name)


def test_all_claims_of_a_closed_form_are_re_proved(tmp_path, proved):
    """Existence to the epochs in any order."""
    verdict = verdict_on(tmp_path, copy.deepcopy(proved))
    assert verdict and len(verdict.results) == 8, str(verdict)


@pytest.mark.thorough
def test_the_stored_certificate_of_a_network_is_re_proved():
    """Two batches of two samples."""
    assert checker.verify(CERTIFICATES / "batches-attract.json")


@pytest.mark.parametrize(("step", "status"), [("0.2475", "proved"), ("0.2525", "refuted")])
def test_steps_beside_the_bound_are_told_apart(tmp_path, step, status):
    """One percent below 1/4 is stable in mean square, one above is not; what has no number does not become one."""
    hc.certify(SQUARES, (-0.5, -0.5), "1.5", batches=[[0], [1]], basin=step).save(tmp_path / "own.json")
    document = json.loads((tmp_path / "own.json").read_text())
    assert claim(document, "mean_square")["status"] == status
    assert verdict_on(tmp_path, document)
    claim(document, "mean_square")["status"] = "refuted" if status == "proved" else "proved"
    with pytest.raises(Refused, match="the numbers show"):
        verdict_on(tmp_path, document)


def test_a_step_refuted_with_all_others_is_positive(tmp_path):
    """Where small steps are not stable none is; a step that is not positive is none."""
    f = hc.Objective.least_squares(["x**2 + 4*y**2 - 1"])
    found = hc.certify(f, (-0.641994, 0.078829), "1.2", batches=[[0]], basin="1/64")
    assert found["attractor"].status is hc.Status.REFUTED
    found.save(tmp_path / "own.json")
    document = json.loads((tmp_path / "own.json").read_text())
    claim(document, "mean_square").update(status="refuted", inputs={"step": "1"}, numbers={}, reason=None)
    assert verdict_on(tmp_path, copy.deepcopy(document))
    for step in ("0", "-1"):
        claim(document, "mean_square")["inputs"] = {"step": step}
        with pytest.raises(Refused, match="the numbers show"):
            verdict_on(tmp_path, copy.deepcopy(document))


@pytest.mark.parametrize(
    ("change", "failing"),
    [
        (lambda d: d["problem"]["batches"].update(probabilities=["1/4", "3/4"]), {"attractor", "mean_square"}),
        (lambda d: d["problem"].update(rho="7/5"), None),
        (lambda d: claim(d, "mean_square")["inputs"].update(size="1p-9"), {"mean_square"}),
        (lambda d: claim(d, "mean_square")["inputs"].update(bound="101p-7"), {"mean_square"}),
        (lambda d: claim(d, "mean_square")["inputs"].update(descent="1p-9"), {"mean_square"}),
        (lambda d: claim(d, "mean_square")["inputs"].update(slope="1"), {"mean_square"}),
        (lambda d: claim(d, "reshuffled")["inputs"].update(size="1p-9"), {"reshuffled"}),
        (lambda d: claim(d, "reshuffled")["inputs"].update(bound="1p-1"), {"reshuffled"}),
        (lambda d: claim(d, "reshuffled")["inputs"].update(slope="1"), {"reshuffled"}),
        (lambda d: claim(d, "reshuffled")["inputs"].update(step="1p-2"), {"reshuffled"}),
        (lambda d: claim(d, "reshuffled")["inputs"].update(basis=["1", "0", "0"]), {"reshuffled"}),
        (lambda d: claim(d, "attractor")["inputs"].update(step="1p-2"), {"attractor"}),
    ],
)
def test_what_does_not_hold_is_not_re_proved(tmp_path, proved, change, failing):
    """Other probabilities, another radius, balls, bounds, steps and norms that were not shown; the rest stands."""
    document = copy.deepcopy(proved)
    change(document)
    verdict = verdict_on(tmp_path, document)
    found = {result.claim for result in verdict.results if result.objection}
    assert found == failing if failing else "existence" in found


@pytest.mark.parametrize(
    "batches",
    [
        {"rows": [[0]], "probabilities": ["1"]},
        {"rows": [[0, 1], [1]], "probabilities": ["1/2", "1/2"]},
        {"rows": [[1], [0]], "probabilities": ["1/2", "1/2"]},
        {"rows": [[0], [2]], "probabilities": ["1/2", "1/2"]},
        {"rows": [[0], [1], []], "probabilities": ["1/2", "1/4", "1/4"]},
        {"rows": [[0], [1]], "probabilities": ["1/2", "1/4"]},
        {"rows": [[0], [1]], "probabilities": ["3/2", "-1/2"]},
        {"rows": [[0], [1]], "probabilities": ["1"]},
        {"rows": [[0], [1]]},
    ],
)
def test_what_is_no_partition_is_refused(tmp_path, proved, batches):
    """Residuals that are missing, twice, out of order or not there, and numbers that are no probabilities."""
    document = copy.deepcopy(proved)
    document["problem"]["batches"] = batches
    with pytest.raises(Refused):
        verdict_on(tmp_path, document)


def test_another_partition_has_no_point_there(tmp_path, proved):
    """With one batch of both the step goes elsewhere."""
    document = copy.deepcopy(proved)
    document["problem"]["batches"] = {"rows": [[0, 1]], "probabilities": ["1"]}
    assert verdict_on(tmp_path, document).results[0].objection


def test_batches_are_those_of_points_of_sam(tmp_path, proved):
    """Not of USAM, of gradients, or of other kinds of files."""
    for change in (
        lambda d: d["problem"].update(variant="usam"),
        lambda d: d["witness"].update(system="gradient", slice=None),
    ):
        document = copy.deepcopy(proved)
        change(document)
        with pytest.raises(Refused):
            verdict_on(tmp_path, document)
    stored = json.loads((CERTIFICATES / "ring-sheet.json").read_text())
    stored["problem"]["batches"] = {"rows": [[0]], "probabilities": ["1"]}
    with pytest.raises((Refused, NotCovered)):
        verdict_on(tmp_path, stored)


def test_epochs_of_an_order_have_their_products_and_sums():
    """Of numbers 1/2 and 1/4 with descents 1 and 3: the product 1/8, and 1 + 3/2 or 3 + 1/4."""
    from hallucheck.arithmetic.interval import exact, working_precision
    from hallucheck.arithmetic.linear import Vector, matrix_of
    from hallucheck.attraction.batches import Steps

    with working_precision(64):
        turned = [matrix_of([[exact(Fraction(1, n))]]) for n in (2, 4)]
        ends = Steps(turned, Vector([exact(1), exact(3)]), exact(1)).all_epochs()
        assert [(float(product[0][0]), float(way)) for product, way in ends] == [(0.125, 2.5), (0.125, 3.25)]
