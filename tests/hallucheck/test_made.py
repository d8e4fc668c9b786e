"""The second checker on curves that are made here: what this library proves of them is proved again."""

from __future__ import annotations

import json

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import SearchError
from hallucert.tools.cli import main
from hallucheck import sheet
from hallucheck.point import Point
from hallucheck.verify import verify

SLANTED = "exp(x)/2 + y**2 - 1.3 + x*y/5"  # near a critical point: u turns fast, and boxes of slanted parts are wide


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    """The certificate of a short curve of `SLANTED`, without all claims but two."""
    path = tmp_path_factory.mktemp("made") / "curve.json"
    f = hc.Objective.least_squares([SLANTED])
    curve = hc.find.sheet(f, (-0.2, 0.94226), "2", box=[(-0.2001, -0.1999), (0.9, 1)])
    hc.certify(curve).save(path)
    found = json.loads(path.read_text())
    return found | {"claims": [claim for claim in found["claims"] if claim["name"] in ("curve", "regular")]}


def answer(tmp_path, document):
    """The verdict on a document, and its objections."""
    path = tmp_path / "curve.json"
    path.write_text(json.dumps(document))
    verdict = verify(path)
    return bool(verdict), [result.objection for result in verdict.results if result.objection]


@pytest.mark.thorough
def test_a_slanted_curve_is_measured_along_itself(tmp_path, document, monkeypatch):
    """What is enclosed in boxes alone does not exclude smaller values."""
    assert answer(tmp_path, document) == (True, [])
    monkeypatch.setattr(sheet, "ArcPoint", lambda problem, cell, s: Point(problem, True, cell.z(s, cell.arc(s))))
    assert answer(tmp_path, document) == (False, ["a smaller value on the curve is not excluded"])


@pytest.mark.parametrize(
    ("claim", "name", "low", "high", "objection"),
    [
        ("curve", "length", "1p-10", "1p-9", "length"),
        ("regular", "smallest_singular_value", "1", "3p-1", "no value"),
        ("regular", "smallest_singular_value", "1p1", "3", "smaller value"),
    ],
)
def test_other_numbers_of_a_curve_are_refused(tmp_path, document, claim, name, low, high, objection):
    """Another length; a least value that no point has, or that is too large."""
    changed = json.loads(json.dumps(document))
    next(one for one in changed["claims"] if one["name"] == claim)["numbers"][name] = [low, high]
    passed, objections = answer(tmp_path, changed)
    assert not passed and len(objections) == 1 and objection in objections[0]


CURVES = {
    "a fold": ("tanh(3*x) + y**3 - y/2 + x*y", "1.1"),
    "a network": ("a*tanh(b) - 1/2", "1.5"),
    "open": ("x*y - 1 + x**2/5", "1.3"),
    "three variables": ("x**2 + y**2 + z**2 - 1; z - x/3 + y**2/5", "1.8"),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", CURVES)
def test_curves_are_re_proved(tmp_path, name):
    """Whole ones, or what is proved in half a second."""
    residuals, rho = CURVES[name]
    f, random = hc.Objective.least_squares(residuals.split("; ")), np.random.default_rng(0)
    for x in random.uniform(-2, 2, (80, f.dimension)):
        try:
            curve = hc.find.sheet(f, hc.find.hallucinate(f, x, rho).x, rho)
        except SearchError:
            continue
        break
    hc.certify(curve, budget=0.5).save(tmp_path / "curve.json")
    verdict = verify(tmp_path / "curve.json", 3000)
    assert verdict, str(verdict)


@pytest.mark.thorough
def test_curves_that_were_gone_on_with_are_re_proved(tmp_path):
    """An ellipse, in pieces of half a second."""
    f, path = hc.Objective.least_squares(["x**2/2 + y**2 - 1 + x/8"]), tmp_path / "part.json"
    curve = hc.find.sheet(f, hc.find.hallucinate(f, (0.3, 0.1), "1.9").x, "1.9")
    hc.certify(curve, budget=0.5).save(path)
    hc.certify(curve, budget=1.5, resume=path).save(path)
    assert verify(path, 3000)


@pytest.mark.thorough
def test_branches_of_the_command_line_are_re_proved(tmp_path):
    """From a formula and a point to a file."""
    path = tmp_path / "branch.json"
    where = ["--start=-1,0.1", "--target=1.06,-1.18", f"--save={path}"]
    with pytest.raises(SystemExit, match="0"):
        main(["branch", "(x**2 - 1)**2/4 + y**2/20 + x*y/9", *where])
    assert verify(path, 3000)
