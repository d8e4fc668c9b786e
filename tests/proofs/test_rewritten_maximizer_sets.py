"""Maximizer sets {s = s0} of f = phi(s(x)) are found however f is written, and proved only if f is that function."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.file.files import load
from hallucert.check.point import existence
from hallucert.check.point.rule import Evidence
from hallucert.check.reason import Reason
from hallucert.check.region import farthest_point
from hallucert.check.subdivision import Subdivision
from hallucert.errors import ArgumentError, CertificateError, SearchError
from hallucert.objectives.canonical import composes
from hallucert.objectives.objective import Objective


def bowl(x, y):
    """The level function of most cases."""
    return np.exp(x) - x - 1 + 2 * y**2 + y**3 / 10


def radius(s, angle, level):
    """Where {s = level} meets a ray from the origin."""
    c, d = np.cos(angle), np.sin(angle)
    return brentq(lambda r: s(r * c, r * d) - level, 0, 5.5, xtol=1e-15, rtol=1e-15)


def ring(s, level, count=24):
    """Points of {s = level}."""
    angles = 2 * np.pi * np.arange(count) / count
    return np.array([radius(s, a, level) * np.array([np.cos(a), np.sin(a)]) for a in angles])


def farthest(s, level):
    """The largest distance from the origin on {s = level}, by scipy on the polar radius."""
    angles = np.linspace(0, 2 * np.pi, 73)
    best = angles[np.argmax([radius(s, a, level) for a in angles])]
    found = minimize_scalar(lambda a: -radius(s, a, level), bounds=(best - 0.1, best + 0.1), options={"xatol": 1e-11})
    return -found.fun


# formula, s, s0, the level, the s > s0 where phi(s) is the level; phi(s) = s (s - 3)^2 unless it says something else
CASES = {
    "constants spread over the sum": (
        "(exp(x) - x - 1 + 2*y**2 + y**3/10)*(2*y**2 - 4 + exp(x) + y**3/10 - x)**2",
        *(bowl, 1, 2, 2),
    ),
    "factors taken out": (
        "(exp(x) - (x + 1) + y**2*(2 + y/10))*(y**2*(20 + y) + 10*exp(x) - 10*x - 40)**2/100",
        *(bowl, 1, 2, 2),
    ),
    "within another function: 4 s exp(1 - s)": (
        "(4*exp(x) - 4*x - 4 + 8*y**2 + 0.4*y**3)*exp(2 - exp(x) - 2*y**2 - y**3/10 + x)",
        *(bowl, 1, "3.2", brentq(lambda s: 4 * s * np.exp(1 - s) - 3.2, 1, 4, xtol=1e-15)),
    ),
    "expanded: 2 s - s^2": (
        "2*x**2 + 4*y**2 + x**3/2 + x**4/4 - x**4 - 4*y**4 - x**6/16 - x**8/64 - 4*x**2*y**2 - x**5/2 - x**6/4"
        " - x**3*y**2 - x**4*y**2/2 - x**7/16",
        *(lambda x, y: x**2 + 2 * y**2 + x**3 / 4 + x**4 / 8, 1, "0.75", 1.5),
    ),
    "of logarithms: 2 log(1 + s) - s": (
        "2*log(exp(x) + y**2*(2 + y/10) - x) + 1 - exp(x) + x - y**3/10 - 2*y**2",
        *(bowl, 1, "0.3", brentq(lambda s: 2 * np.log(1 + s) - s - 0.3, 1, 4, xtol=1e-15)),
    ),
    "of quotients: 4 s/(1 + s^2)": (
        "4*(y**3/10 + exp(x) - x - 1 + 2*y**2)/(1 + (1 + x - 2*y**2 - exp(x) - y**3/10)**2)",
        *(bowl, 1, "1.8", brentq(lambda s: 4 * s / (1 + s * s) - 1.8, 1, 4, xtol=1e-15)),
    ),
    "upside down: -(t + 1)^2 with t = -s": (
        "-(2 + x - exp(x) - 2*y**2 - y**3/10)**2 + 2*(exp(x) - x - 2 + 2*y**2 + y**3/10)**3/3*0",
        *(bowl, 1, "-0.25", 1.5),
    ),
}


@pytest.fixture(scope="module")
def certified():
    """A candidate and its certificate, for the first case."""
    formula, s, s0, level, _ = CASES["constants spread over the sum"]
    candidate = hc.find.farthest_point(Objective.parse(formula), ring(s, s0), (0, 0), level=level)
    return candidate, hc.certify(candidate)


@pytest.mark.parametrize("name", CASES)
def test_the_farthest_point_of_a_set_is_found_and_proved_however_f_is_written(name):
    """rho is the largest distance on the level curve {phi(s) = alpha}, by scipy; the certificate is re-proved."""
    formula, s, s0, level, outer = CASES[name]
    f = Objective.parse(formula)
    candidate = hc.find.farthest_point(f, ring(s, s0), (0, 0), level=level)
    assert candidate.construction.cut is None
    assert float(candidate.rho) == pytest.approx(farthest(s, outer), rel=1e-9)
    cert = hc.certify(candidate)
    assert cert["farthest_point"].status == "proved", cert["farthest_point"]
    assert "2.2" in cert["farthest_point"].statement
    assert hc.verify(cert)


def test_a_level_function_that_the_formula_does_not_show_is_taken_if_it_is_one():
    """f = s (s - 3)^2 in powers of s + 1, given s + 1: the same point; another s, or of other variables, is refused."""
    f = Objective.parse(
        "(exp(x) - x + y**2*(2 + y/10))**3 - 9*(exp(x) - x + 2*y**2 + y**3/10)**2"
        " + 24*(exp(x) - x + 2*y**2 + y**3/10) - 16"
    )
    found = hc.find.farthest_point(f, ring(bowl, 1), (0, 0), level=2, level_function="exp(x) - x + 2*y**2 + y**3/10")
    assert float(found.rho) == pytest.approx(farthest(bowl, 2), rel=1e-9)
    assert hc.certify(found)["farthest_point"].status == "proved"
    for wrong in ("exp(x) - x + 2*y**2 + y**3/9", "x", "3", "x +", Objective.parse("u**2 + v**2"), 1.0):
        with pytest.raises(ArgumentError) as caught:
            hc.find.farthest_point(f, ring(bowl, 1), (0, 0), level=2, level_function=wrong)
        assert caught.value.argument in ("level_function", "maximizer")
    with pytest.raises(ArgumentError, match="level_function must be left out"):
        hc.find.farthest_point(Objective.parse("(x**2-1)**2 + (y**2-1)**2"), (0, 0), (1, 1), level_function="x")


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        # the second factor has y^3/9: not a function of s
        ("(exp(x) - x - 1 + 2*y**2 + y**3/10)*(2*y**2 - 4 + exp(x) + y**3/9 - x)**2", "not seen to be a function"),
        # s (s - 3)^2 + x/1000 is a function of no s
        ("(exp(x) - x - 1 + 2*y**2 + y**3/10)*(2*y**2 - 4 + exp(x) + y**3/10 - x)**2 + x/1000", "not seen"),
        # phi = s (s - 4)^2 has its maximum at s = 4/3, and the points have s = 1
        ("(exp(x) - x - 1 + 2*y**2 + y**3/10)*(2*y**2 - 5 + exp(x) + y**3/10 - x)**2", "phi' is not zero"),
        # phi = -s (s - 3)^2 has a minimum there
        ("(1 + x - exp(x) - 2*y**2 - y**3/10)*(2*y**2 - 4 + exp(x) + y**3/10 - x)**2", "is not neg"),
    ],
)
def test_near_misses_are_refused_with_the_reason(formula, says):
    """No function of s, or of s with another critical value, or a minimum: refused in words."""
    with pytest.raises(ArgumentError, match=says) as caught:
        hc.find.farthest_point(Objective.parse(formula), ring(bowl, 1), (0, 0))
    assert caught.value.argument == "maximizer"


@pytest.mark.parametrize(
    ("formula", "curve"),
    [
        ("2*(x**2 - 2*x*y + y**2) - (y - x)**4 - 1", lambda x: x + 1),
        ("2*(y - x**2)**2 - (y**2 - 2*x**2*y + x**4)*(x**2 - y)**2 - 1", lambda x: x**2 + 1),
    ],
)
def test_unbounded_level_sets_are_refused(formula, curve):
    """f = -(s^2 - 1)^2 with s = y - x or y - x^2, written otherwise: the maximizers s = 1 are a line, a parabola."""
    x = np.linspace(-1, 1, 21)
    with pytest.raises((ArgumentError, SearchError), match=r"points of a bounded set|reaches the boundary of B"):
        hc.find.farthest_point(Objective.parse(formula), np.column_stack([x, curve(x)]), (0, 0))


def measured(cert, inputs):
    """What the rule measures with these inputs, as prover and checker do."""
    ar = arithmetic("arb", 106)
    with ar:
        point = existence.relocate(ar, cert.problem, cert.witness)
        evidence = Evidence(point, cert.witness.centre, 20_000)
        return farthest_point.measure(evidence, inputs)


@pytest.mark.parametrize(
    ("changed", "formula"),
    [
        ("profile", "s*(s - 3)**2 + 1/1000000000000"),
        ("profile", "s*(s - 3)**3"),
        ("profile", "3*s"),
        ("level_function", "exp(x) - x - 1 + 2*y**2 + y**3/11"),
        ("level_function", "exp(y) - y - 1 + 2*x**2 + x**3/10"),
        ("level_function", "x**2 + y**2"),
    ],
)
def test_a_factorization_that_is_none_is_not_believed(certified, changed, formula):
    """phi or s changed a little, or exchanged, with everything else as it was: nothing is measured."""
    _, cert = certified
    inputs = dict(cert["farthest_point"].inputs)
    assert not isinstance(measured(cert, inputs), Reason)
    variables = ("s",) if changed == "profile" else ("x", "y")
    lie = {**inputs, changed: Objective.parse(formula, variables=variables).tape}
    assert measured(cert, lie) is Reason.NOT_A_MAXIMIZER
    claim = dataclasses.replace(cert["farthest_point"], inputs=lie)
    assert not hc.verify(dataclasses.replace(cert, claims={**cert.claims, "farthest_point": claim}))


@pytest.mark.parametrize(
    ("name", "letters"),
    [("band_subdivision", "t"), ("band_subdivision", "g"), ("band_subdivision", "b"), ("band_subdivision", "Att")]
    + [("subdivision", letter) for letter in "obg"],
)
def test_both_subdivisions_are_walked(certified, name, letters):
    """The band, and the box: a record that names a wrong test is not settled, whichever it is."""
    _, cert = certified
    wrong = {**cert["farthest_point"].inputs, name: Subdivision(letters)}
    assert measured(cert, wrong) is Reason.UNSETTLED


@pytest.mark.parametrize(("edge", "status"), [("1", "undecided"), ("5", "proved")])
def test_the_domain_of_f_is_its_own(certified, edge, status):
    """f = phi(s(x)) + 0 log(edge - x) has the form of phi(s), but {f >= alpha} ends at x = edge, 1 < x in it."""
    candidate, _ = certified
    k = candidate.construction
    f = Objective.parse(CASES["constants spread over the sum"][0] + f" + 0*log({edge} - x)")
    assert composes(f.tape, k.profile, k.level_function) and k.component[:, 0].max() > 1
    cert = hc.certify(dataclasses.replace(candidate, objective=f), max_boxes=2000)
    assert cert["existence"].status == "proved" and cert["farthest_point"].status == status


def test_files_keep_the_factorization_exactly(certified, tmp_path):
    """Saved and loaded, the claim has the same tapes; a node that is no operation is refused when it is read."""
    _, cert = certified
    path = tmp_path / "set.json"
    cert.save(path)
    again = load(path)["farthest_point"].inputs
    assert again == cert["farthest_point"].inputs
    assert isinstance(again["band"][0], Fraction) and again["profile"].variables == ("s",)
    text = path.read_text()
    at = text.index('"profile"')
    path.write_text(text[:at] + text[at:].replace('"var"', '"eval"', 1))
    with pytest.raises(CertificateError, match="profile"):
        load(path)
