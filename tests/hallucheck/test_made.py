"""The second checker on curves that are made here: what this library proves of them is proved again."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.file.save import to_json
from hallucert.errors import SearchError
from hallucert.tools.cli import main
from hallucheck.arithmetic.interval import exact, hull, working_precision
from hallucheck.curves import sheet
from hallucheck.curves.cells import Equation
from hallucheck.curves.sheet import ArcPoint
from hallucheck.files import reading
from hallucheck.files.reading import NotCovered
from hallucheck.points.point import Point
from hallucheck.points.problem import read_problem
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


def straight():
    """The certificate of a piece of a straight curve, along which the gradient grows and u is constant."""
    f = hc.Objective.least_squares(["(x**2 - 1)*exp(y)"])
    start = hc.find.hallucinate(f, (-0.43, 0.1), "2").x
    return to_json(hc.certify(hc.find.sheet(f, start, "2", box=[(-2, 2), (0.05, 0.15)])))


@pytest.mark.parametrize("curve", ["slanted", "straight"])
def test_parts_of_an_arc_hold_their_points(curve, document, tmp_path):
    """g, u, x+ and J at single points of a part lie in what is enclosed on it, which is sharper than its box."""
    document = document if curve == "slanted" else straight()
    with working_precision(128):
        problem = read_problem(document, tmp_path / "none.json")
        equation = Equation(problem.f.code, problem.f.inputs, problem.composed.shifted(problem.f.outputs), 0)
        chain = sheet.Sheet(problem, equation, document["sheets"][0], "sheets[0]")
        chain.prove()
        for cell in chain.cells[:2]:
            low, high = cell.span
            for a, b in ((0, 1), (0, Fraction(1, 4)), (Fraction(1, 2), 1)):
                s = hull([exact(low + c * (high - low)) for c in (a, b)])
                part, plain = ArcPoint(problem, cell, s), Point(problem, True, cell.z(s, cell.arc(s)))
                assert any(x.width().below(y.width()) for x, y in zip(part.plus, plain.plus, strict=True))
                for c in (0, 0.3, 1):  # at the ends a curved map is farthest from a straight one
                    place = exact(low + (a + Fraction(c) * (b - a)) * (high - low))
                    here = Point(problem, True, cell.z(place, cell.sharpened(place, 4)))
                    for name in ("gradient", "u", "plus"):
                        pairs = zip(getattr(here, name), getattr(part, name), strict=True)
                        assert all(x.inside(y) for x, y in pairs), name
                    rows = zip(here.perturbation, part.perturbation, strict=True)
                    assert all(x.inside(y) for row, wide in rows for x, y in zip(row, wide, strict=True))


def test_short_exponents_do_not_fill_the_memory(document, tmp_path, monkeypatch):
    """All numbers of a file together have no more bits than it may have."""
    monkeypatch.setattr(reading, "MOST_BITS_OF_FILE", 10_000)
    path = tmp_path / "curve.json"
    path.write_text(json.dumps({"numbers": ["1p20000"]}))
    with pytest.raises(NotCovered, match="altogether"):
        verify(path)


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
