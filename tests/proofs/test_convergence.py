"""Claim ``converges``: SAM from a given start; oracles: the iteration written out in mpmath, and runs in floats."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.attraction.converges import CONVERGES
from hallucert.check.claim import Enclosure
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.point import existence
from hallucert.check.point.rule import Evidence, Facts
from hallucert.decimals import format_dyadic
from hallucert.errors import ArgumentError, CertificateError
from hallucert.prove.claims import Hints, prove

WELL = "(x**2 - 1)**2 / 4 + y**2 / 20"
AT = (-0.5, 0)


@pytest.fixture(scope="module")
def far():
    return hc.certify(hc.Objective.parse(WELL), AT, "1.5", basin="1/20", start=["-0.9", "0.5"])


@pytest.fixture(scope="module")
def near():
    return hc.certify(hc.Objective.parse(WELL), AT, "1.5", basin="0.5", precisions=[53])


def asked(cert, start):
    """The claim about a start, made as `certify` makes it, from the basin of a certificate."""
    step = cert["basin"].inputs["step"]
    ar = arithmetic("arb", 53)
    with ar:
        point = existence.relocate(ar, cert.problem, cert.witness)
        evidence = Evidence(point, cert.witness.centre)
        facts = Facts(cert.problem, cert.witness, dict(cert.claims))
        hints = Hints(basin=step, start=tuple(map(Fraction, start)))
        return prove(CONVERGES, evidence, facts, hints)


def test_the_distance_is_that_of_the_iteration_written_out(far) -> None:
    """SAM of the double well by hand with 60 digits: after N steps the distance from (-1/2, 0) is the published one."""
    claim = far["converges"]
    assert str(claim.status) == "proved" and claim.inputs["start"] == (Fraction(-9, 10), Fraction(1, 2))
    assert "x_0 = (-9/10, 1/2) with the fixed step 1/20 converges" in claim.statement
    with mpmath.workdps(60):
        x, y, step = mpmath.mpf(-9) / 10, mpmath.mpf(1) / 2, mpmath.mpf(1) / 20

        def gradient(x, y):
            return x**3 - x, y / 10

        for _ in range(claim.inputs["steps"]):
            g, h = gradient(x, y)
            norm = mpmath.hypot(g, h)
            g, h = gradient(x + 1.5 * g / norm, y + 1.5 * h / norm)
            x, y = x - step * g, y - step * h
        distance, found = mpmath.hypot(x + mpmath.mpf(1) / 2, y), claim.numbers["distance"]
        low, high = (mpmath.mpf(v.numerator) / v.denominator for v in (found.lower, found.upper))
        assert low <= distance <= high < mpmath.mpf("0.0938") and high - low < 1e-12


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_runs_are_re_proved_from_the_file(far, tmp_path, backend) -> None:
    """In both arithmetics, and made by the other one."""
    far.save(tmp_path / "run.json")
    assert hc.verify(tmp_path / "run.json", backend=backend)
    again = hc.certify(far.objective, AT, "1.5", basin="0.5", start=[-0.75, 0.25], backend="mpmath")
    assert str(again["converges"].status) == "proved" and hc.verify(again, backend=backend)


@pytest.mark.thorough
def test_claims_agree_with_runs_in_floats(near) -> None:
    """On a grid of starts a run is proved to converge only if it does in floats, and nearly always if it does."""
    starts = [(x, y) for x in (-1.5, -0.25, 0.5) for y in (-0.5, 0.25)]
    proved, reached = [], []
    for start in starts:
        claim = asked(near, start)
        proved.append(str(claim.status) == "proved")
        end = hc.sam.run(near.objective, start, "1.5", step_size="0.5", steps=2000).x
        reached.append(bool(np.linalg.norm(end - AT) < 1e-6))
        if not proved[-1]:
            assert claim.reason.value == "start"
    assert proved == reached and 2 <= sum(reached) < len(starts)


@pytest.mark.parametrize("start", [(1, 0), (0, 0), (-1, 0)])
def test_no_run_starts_at_a_critical_point(near, start) -> None:
    """SAM is not defined there."""
    assert str(asked(near, start).status) == "undecided" and str(near["basin"].status) == "proved"


def test_the_run_must_stay_in_the_domain() -> None:
    """0*log(y + 1/8) changes no step, but from y = -1/4 the function is not defined at first."""
    f = hc.Objective.parse(WELL + " + 0*log(y + 1/8)")
    inside, outside = (hc.certify(f, AT, "1.5", basin="0.5", start=(-0.6, y)) for y in (0.25, -0.25))
    assert (str(inside["converges"].status), str(outside["converges"].status)) == ("proved", "undecided")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("start", ["1", "1p-2"]),
        ("start", ["-9/10"]),
        ("step", "1p-1"),
        ("step", "0"),
        ("steps", 40),
        ("steps", 10**9),
        ("bits", 4),
        ("bits", 10**6),
    ],
)
def test_forged_runs_are_not_re_proved(far, name, value) -> None:
    """Another start, a longer step, too few or absurdly many steps and bits."""
    data = json.loads(json.dumps(to_json(far)))
    (claim,) = [claim for claim in data["claims"] if claim["name"] == "converges"]
    claim["inputs"][name] = value
    assert refused(data) == ["converges"]


def with_claims(cert, **claims):
    """What is re-proved of a certificate some of whose claims are replaced, or left out."""
    data = json.loads(json.dumps(to_json(cert)))
    data["claims"] = [claims.get(claim["name"], claim) for claim in data["claims"]]
    data["claims"] = [claim for claim in data["claims"] if claim is not None]
    return refused(data)


def refused(data):
    """The claims that are not re-proved, or whose numbers, with the claims before it, do not show it to the reader."""
    try:
        verdict = hc.verify(from_json(data), backend="arb")
    except CertificateError as error:
        return [data["claims"][int(error.field.partition("[")[2].partition("]")[0])]["name"]]
    return [result.name for result in verdict.results if not result.passed]


def claim_of(cert, name):
    """A claim as plain data."""
    return next(claim for claim in json.loads(json.dumps(to_json(cert)))["claims"] if claim["name"] == name)


def test_a_run_without_its_basin_is_not_re_proved(far) -> None:
    """The claim rests on the claim `basin` of the same file, proved."""
    repelled = hc.certify(hc.Objective.parse(WELL), AT, "1.5", basin="30")
    assert claim_of(repelled, "basin")["status"] == "undecided"
    assert with_claims(far) == []
    assert with_claims(far, basin=None) == ["converges"]
    assert with_claims(far, basin=claim_of(repelled, "basin")) == ["converges"]


def test_the_step_must_be_one_of_the_basin(far) -> None:
    """A true claim about a longer step does not follow from the basin of a shorter one."""
    longer = hc.certify(far.objective, AT, "1.5", basin="1/16", start=["-0.9", "0.5"])
    assert with_claims(longer) == [] and with_claims(far, converges=claim_of(longer, "converges")) == ["converges"]
    assert with_claims(longer, converges=claim_of(far, "converges")) == []


def test_the_run_must_come_into_the_ball(far) -> None:
    """Its distance before the first step is enclosed truly, and shows nothing."""
    claim = claim_of(far, "converges")
    claim["inputs"]["steps"], root = 0, Fraction(math.sqrt(0.41))
    claim["numbers"]["distance"] = [format_dyadic(root + Fraction(sign, 2**40)) for sign in (-1, 1)]
    assert with_claims(far, converges=claim) == ["converges"]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"start": (-0.9, 0.5)}, "start"),
        ({"start": (-0.9,), "basin": "0.5"}, "start"),
        ({"start": ("a", "b"), "basin": "0.5"}, "start"),
        ({"start": (float("nan"), 0), "basin": "0.5"}, "start"),
        ({"start": 3, "basin": "0.5"}, "start"),
    ],
)
def test_malformed_starts_are_named(options, name) -> None:
    """A start has d exact coordinates and needs a step."""
    with pytest.raises(ArgumentError) as caught:
        hc.certify(hc.Objective.parse(WELL), AT, "1.5", **options)
    assert caught.value.argument == name


@pytest.mark.thorough
def test_many_variables_and_long_starts_survive_the_file(tmp_path) -> None:
    """60 coordinates, and one of 1999 digits: the sentence stays short, and the file is read and re-proved."""
    names = [f"x{i}" for i in range(60)]
    f = hc.Objective.parse(f"(x0**2 - 1)**2/4 + ({' + '.join(v + '**2' for v in names[1:])})/20")
    x, start = np.zeros(60), np.full(60, 0.0003)
    x[0], start[0] = -0.5, -0.5003
    for given in (start, ["-0.5003", "1e-1900", *["0"] * 58]):
        cert = hc.certify(f, x, "1.5", basin="0.1", start=given, precisions=[53])
        assert str(cert["converges"].status) == "proved" and "among the inputs" in cert["converges"].statement
        cert.save(tmp_path / "long.json")
        assert hc.load(tmp_path / "long.json")["converges"] == cert["converges"]
    assert hc.verify(tmp_path / "long.json", backend="arb")


@pytest.mark.parametrize(
    ("argument", "options"), [("start", {"start": (-0.5, "1e-7000")}), ("basin", {"basin": "1e-7000"})]
)
def test_numbers_that_no_file_could_hold_are_refused(argument, options) -> None:
    """By name, before anything is done."""
    with pytest.raises(ArgumentError) as caught:
        hc.certify(hc.Objective.parse(WELL), AT, "1.5", **{"basin": "0.1", **options})
    assert caught.value.argument == argument


@pytest.mark.parametrize(("variant", "at", "rho"), [("usam", (-0.7236, 0), 5), ("asam", AT, "0.75")])
def test_runs_of_other_ascent_steps(variant, at, rho) -> None:
    """USAM and ASAM with scales (2, 1): basin and run are proved, and are those of their own iteration in floats."""
    f = hc.Objective.parse(WELL)
    law = "usam" if variant == "usam" else hc.RadiusLaw("asam", ["2", "1"])
    start = (at[0] + 0.03125, 0.25)
    cert = hc.certify(f, at, rho, basin="0.0625", start=start, variant=law)
    claim = cert["converges"]
    assert str(cert["basin"].status) == str(claim.status) == "proved" and hc.verify(cert)
    assert variant.upper() in claim.statement
    x = np.array(start)
    for _ in range(claim.inputs["steps"]):
        x = x - 0.0625 * hc.sam.shifted_gradient(f, x, rho, variant=law)
    distance = np.linalg.norm(x - np.asarray(cert.enclosure).mean(axis=1))
    assert claim.inputs["steps"] > 0
    assert float(claim.numbers["distance"].lower) - 1e-9 <= distance <= float(claim.numbers["distance"].upper) + 1e-9


def test_the_distance_is_compared_with_the_lower_end_of_the_radius(far) -> None:
    """Between the ends of the radius nothing is concluded."""
    inputs, region = far["converges"].inputs, far["basin"]
    wide = replace(region, numbers={**region.numbers, "radius": Enclosure(Fraction(1, 8), Fraction(1, 2))})
    facts = Facts(far.problem, far.witness, {"basin": wide})
    for distance, proved in ((Fraction(1, 8), True), (Fraction(1, 4), False)):
        found = CONVERGES.conclude(facts, {"distance": Enclosure(Fraction(0), distance)}, inputs)
        assert (found != "start") == proved
