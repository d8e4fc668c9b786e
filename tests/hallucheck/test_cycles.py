"""The second checker on two-cycles: what it accepts, and what it refuses for its own reasons."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import hallucert as hc
from hallucheck import verify as checker
from hallucheck.files.reading import Refused, digest

STORED = Path(__file__).parents[2] / "docs" / "certificates" / "himmelblau-two-cycle.json"


def verdict_on(tmp_path, document):
    """The verdict on a document, with its digest."""
    document["digest"] = digest(document["problem"])
    path = tmp_path / "file.json"
    path.write_text(json.dumps(document))
    return checker.verify(path)


def changed(change, source=STORED):
    """A document that was changed."""
    document = json.loads(source.read_text())
    change(document)
    return document


def claim(document, name):
    """A claim of a file."""
    return next(claim for claim in document["claims"] if claim["name"] == name)


def without_basin(document):
    """The claim that takes longest is left out."""
    document["claims"] = [claim for claim in document["claims"] if claim["name"] != "basin"]


def test_a_stored_cycle_is_re_proved():
    """Existence, attraction, the minimizer in its middle, and the basins of both points."""
    verdict = checker.verify(STORED)
    assert verdict and len(verdict.results) == 5, str(verdict)


def bowl(points):
    """The certificate of a cycle of (4 x^2 + y^2)/2; rho = 1/2, step 1/4."""
    f = hc.Objective.parse("2*x**2 + y**2/2")
    return hc.certify(hc.find.TwoCycle(f, np.array(points), Fraction(1, 2), Fraction(1, 4)), precisions=[53])


@pytest.mark.parametrize(
    ("points", "status"),
    [
        pytest.param(((1 / 2, 0), (-1 / 2, 0)), "proved", marks=pytest.mark.thorough),
        (((0, 1 / 14), (0, -1 / 14)), "refuted"),
    ],
)
def test_cycles_of_a_bowl_attract_along_the_largest_eigenvalue_alone(tmp_path, points, status):
    """The multipliers are in closed form."""
    bowl(points).save(tmp_path / "bowl.json")
    verdict = checker.verify(tmp_path / "bowl.json")
    assert verdict, str(verdict)
    assert next(result for result in verdict.results if result.claim == "attractor").status == status


@pytest.mark.parametrize(
    ("change", "failing"),
    [
        (lambda d: d["problem"].update(step="1/99"), {"existence", "nonstationary", "attractor", "around"}),
        (lambda d: d["problem"].update(rho="1/11"), {"existence", "nonstationary", "attractor", "around"}),
        (lambda d: claim(d, "existence")["numbers"].update(distance=["1p-5", "1p-4"]), {"existence"}),
        (lambda d: claim(d, "nonstationary")["numbers"].update(gradient_norm=["1", "1p1"]), {"nonstationary"}),
        (lambda d: claim(d, "attractor")["numbers"].update(largest_multiplier=["1p-5", "1p-4"]), {"attractor"}),
        (lambda d: claim(d, "around")["inputs"].update(centre=["3", "1"]), {"around"}),
        (lambda d: claim(d, "around")["inputs"].update(half_width="1p1"), {"around"}),
        (lambda d: claim(d, "around")["inputs"].update(centre=["25p-3", "1p1"]), {"around"}),
        (lambda d: claim(d, "around")["inputs"].update(centre=["769p-8", "1p1"], half_width="1p-7"), {"around"}),
        (lambda d: claim(d, "around")["numbers"].update(distance=["1p-9", "1p-8"]), {"around"}),
        (lambda d: claim(d, "around")["numbers"].update(smallest_hessian_eigenvalue=["1", "3"]), {"around"}),
        (lambda d: d["enclosure"].reverse(), {"existence"}),
    ],
)
def test_what_does_not_hold_is_not_re_proved(tmp_path, change, failing):
    """Other steps and radii, boxes that hold no minimizer or not the middle, numbers beside the values."""
    document = changed(without_basin)
    change(document)
    assert {result.claim for result in verdict_on(tmp_path, document).results if result.objection} == failing


@pytest.mark.parametrize("name", ["nonstationary", "attractor", "around", "basin"])
def test_nothing_is_said_of_a_cycle_that_is_not_proved_to_exist(tmp_path, name):
    """Both points might be the same fixed point: every other claim needs that they are not."""

    def change(document):
        document["enclosure"] = None
        document["claims"][0].update(status="undecided", numbers={}, reason="precision")
        document["claims"] = [document["claims"][0], claim(document, name)]

    with pytest.raises(Refused, match="the numbers show nothing"):
        verdict_on(tmp_path, changed(change))


@pytest.fixture(scope="module")
def quartic(tmp_path_factory):
    """A cycle on the line around 0, where the curvature varies, with existence and basin alone."""
    x, path = 0.1, tmp_path_factory.mktemp("cycles") / "quartic.json"
    for _ in range(400):
        x -= 0.25 * ((x + 0.5 * (1 if x > 0 else -1)) * 2 + (x + 0.5 * (1 if x > 0 else -1)) ** 3)
    f = hc.Objective.parse("x**2 + x**4/4")
    cycle = hc.find.TwoCycle(f, np.array([[abs(x)], [-abs(x)]]), Fraction(1, 2), Fraction(1, 4))
    hc.certify(cycle, precisions=[53]).save(path)
    document = json.loads(path.read_text())
    return document | {"claims": [document["claims"][0], document["claims"][-1]]}


@pytest.mark.parametrize(
    ("change", "failing"),
    [
        ({}, set()),
        ({"sizes": 0}, {"basin"}),
        ({"sizes": 1}, {"basin"}),
        ({"bound": "1p-9"}, {"basin"}),
        ({"bases": [["1p-2"], ["0"]]}, {"basin"}),
        ({"subdivision_p": "Aff"}, set()),
        ({"subdivision_q": "Af"}, {"file"}),
        ({"subdivision_p": "f f"}, {"file"}),
    ],
)
def test_larger_basins_and_better_rates_are_not_re_proved(tmp_path, quartic, change, failing):
    """Of either point; what is no subdivision, or no norm, proves nothing, and other cuts are only cuts."""
    document = copy.deepcopy(quartic)
    inputs = claim(document, "basin")["inputs"]
    if isinstance(change.get("sizes"), int):
        change = {"sizes": ["1" if i == change["sizes"] else size for i, size in enumerate(inputs["sizes"])]}
    inputs.update(change)
    try:
        assert {result.claim for result in verdict_on(tmp_path, document).results if result.objection} == failing
    except Refused:
        assert failing == {"file"}


@pytest.mark.parametrize(
    "change",
    [
        lambda d: claim(d, "existence")["numbers"].update(distance=["0", "1"]),
        lambda d: claim(d, "existence")["numbers"].pop("distance"),
        lambda d: claim(d, "existence").update(status="refuted"),
        lambda d: claim(d, "nonstationary")["numbers"].update(gradient_norm=["0", "1"]),
        lambda d: claim(d, "attractor").update(status="refuted"),
        lambda d: claim(d, "attractor")["numbers"].update(largest_multiplier=["0", "1"]),
        lambda d: claim(d, "attractor").update(status="refuted", numbers={"largest_multiplier": ["1p-1", "1p1"]}),
        lambda d: claim(d, "around")["numbers"].update(smallest_hessian_eigenvalue=["-1", "1"]),
        lambda d: claim(d, "around")["inputs"].update(half_width="0"),
        lambda d: claim(d, "basin")["inputs"].update(bound="1"),
        lambda d: claim(d, "basin")["inputs"].update(bound="0"),
        lambda d: claim(d, "basin")["inputs"].update(sizes=["27p-11", "0"]),
        lambda d: claim(d, "basin")["inputs"].update(sizes=["27p-11"]),
        lambda d: claim(d, "basin")["numbers"].update(radius=["0", "1"]),
        lambda d: claim(d, "basin")["inputs"].update(step="1"),
        lambda d: d["problem"].update(step="0"),
        lambda d: d["problem"].update(variant="usam"),
        lambda d: d["problem"].update(weight_decay="1/10"),
        lambda d: d["problem"].pop("step"),
        lambda d: d["witness"].update(slice=None),
        lambda d: d["enclosure"].pop(),
        lambda d: d.update(enclosure=None),
        lambda d: d["claims"].reverse(),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, change):
    """Numbers that do not show the status, balls and steps that are none, fields of other kinds."""
    with pytest.raises(Refused):
        verdict_on(tmp_path, changed(change))
