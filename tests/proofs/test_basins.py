"""Claim: from every start in a proved basin SAM converges, at the proved rate; wrong basins are refused."""

from __future__ import annotations

import gc
import json
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.mean_value import MeanValueArithmetic
from hallucert.check.attraction import basin
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.point.rule import Evidence
from hallucert.check.problem import Point
from hallucert.check.reason import Reason
from hallucert.check.subdivision import Subdivision, balls_of
from hallucert.decimals import format_dyadic
from hallucert.errors import ArgumentError, CertificateError
from hallucert.prove.regions import subdivide

WELL, LOG = "(x**2 - 1)**2 / 4 + y**2 / 20", " + 0*log(y + 1/32)"


@pytest.fixture(scope="module")
def well():
    return hc.certify(hc.Objective.parse(WELL), (-0.5, 0), "1.5", basin="0.5")


@pytest.fixture(scope="module")
def himmelblau():
    f = hc.gallery.load("himmelblau")
    return hc.certify(f, (-0.4, 2.9), "3.5", basin="0.002")


@pytest.mark.parametrize("name", ["well", "himmelblau"])
def test_runs_from_the_edge_of_the_basin_converge_at_the_proved_rate(name, request) -> None:
    """Float runs from starts on the sphere of the proved radius end at x*, no slower than the bound says."""
    cert = request.getfixturevalue(name)
    claim = cert["basin"]
    assert str(claim.status) == "proved"
    radius, contraction = float(claim.numbers["radius"].lower), float(claim.inputs["bound"])
    assert 2e-3 < radius < float(cert.rho) / 2 and claim.numbers["contraction"].upper < contraction < 1
    middle = np.asarray(cert.enclosure).mean(axis=1)
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    starts = middle + radius * np.column_stack([np.cos(angles), np.sin(angles)])
    step, many = float(claim.inputs["step"]), 40
    ends = starts.copy()
    for _ in range(many):
        ends = ends - step * hc.sam.shifted_gradient(cert.objective, ends, cert.rho)
    basis = np.array(claim.inputs["basis"], dtype=float).reshape(2, 2)
    before, after = (np.linalg.norm(np.linalg.solve(basis, (x - middle).T), axis=0) for x in (starts, ends))
    assert (after <= contraction**many * before + 1e-12).all()
    half = starts.copy()
    for _ in range(many):
        half = half - step / 2 * hc.sam.shifted_gradient(cert.objective, half, cert.rho)
    slower = np.linalg.norm(np.linalg.solve(basis, (half - middle).T), axis=0)
    assert (slower <= (1 - (1 - contraction) / 2) ** many * before + 1e-12).all()


def evidence_of(cert) -> Evidence:
    """What a proof of a claim about the point of a certificate starts from, at 212 bits."""
    ar = arithmetic("arb", 212)
    x = [ar.interval(low, high) for low, high in cert.box]
    return Evidence(Point(ar, cert.problem, x), cert.witness.centre, 1000)


def test_the_scale_of_the_basis_does_not_matter(himmelblau) -> None:
    """The set x* + V w, |w| <= R is the same for 128 V and R/128: so are the contraction and the radius."""
    inputs = himmelblau["basin"].inputs
    scaled = {**inputs, "basis": tuple(128 * v for v in inputs["basis"]), "size": inputs["size"] / 128}
    with arithmetic("arb", 212):
        one, other = (basin.measure_basin(evidence_of(himmelblau), given) for given in (inputs, scaled))
        assert set(one) == set(other)
        for name in one:
            assert abs(one[name].upper - other[name].upper) < Fraction(1, 2**30) * one[name].upper


def norms(cert, w, law="sam"):
    """The norm of V^-1 (I - eta M) V at ``x* + V w``, M by differences in floats."""
    inputs, h = cert["basin"].inputs, 1e-6
    basis, d = np.array(inputs["basis"], dtype=float).reshape(w.shape[1], -1), w.shape[1]
    x = np.asarray(cert.enclosure).mean(axis=1) + w @ basis.T
    ahead, behind = (
        [hc.sam.shifted_gradient(cert.objective, x + s * e, cert.rho, variant=law) for e in np.eye(d)] for s in (h, -h)
    )
    m = np.stack([(a - b) / (2 * h) for a, b in zip(ahead, behind, strict=True)], -1)
    return np.linalg.norm(np.linalg.inv(basis) @ (np.eye(d) - float(inputs["step"]) * m) @ basis, 2, axis=(1, 2))


@pytest.mark.parametrize("name", ["well", "himmelblau"])
def test_the_contraction_is_bounded_everywhere_on_the_basin(name, request) -> None:
    """At 2000 points of Omega, in floats, the norm is at most the bound, and at its middle the published one."""
    cert, rng = request.getfixturevalue(name), np.random.default_rng(0)
    claim, w = cert["basin"], rng.normal(size=(2000, 2))
    w *= float(claim.inputs["size"]) / np.linalg.norm(w, axis=1, keepdims=True) * rng.uniform(0, 1, (2000, 1)) ** 0.5
    assert norms(cert, w).max() <= float(claim.inputs["bound"])
    assert abs(norms(cert, np.zeros((1, 2)))[0] - float(claim.numbers["contraction"].upper)) < 1e-5


@pytest.mark.parametrize("name", ["well", "himmelblau"])
def test_a_set_that_is_a_tenth_too_large_is_refused(name, request) -> None:
    """Where in floats the norm exceeds the bound first, on 360 rays: Omega must not reach a tenth beyond."""
    cert, angles = request.getfixturevalue(name), np.radians(np.arange(360))
    inputs, rays = cert["basin"].inputs, np.column_stack([np.cos(angles), np.sin(angles)])
    size = float(inputs["size"])
    while norms(cert, size * rays).max() <= float(inputs["bound"]):
        size *= 1.02
    assert size < 4 * float(inputs["size"])
    with arithmetic("arb", 212):
        for factor, passes in ((Fraction(11, 10) * Fraction(size) / inputs["size"], False), (Fraction(1), True)):
            changed = {**inputs, "size": factor * inputs["size"]}
            found = basin.measure_basin(evidence_of(cert), changed)
            assert found != Reason.UNSETTLED if passes else found is Reason.UNSETTLED
            region = basin.Region(basin.contraction_of(evidence_of(cert), changed), changed["size"], inputs["bound"])
            assert isinstance(subdivide(region.box, region.tests, 600), Subdivision) is passes


def test_the_box_holds_the_set(himmelblau) -> None:
    """Points x* + V w with |w| = R lie in it, and touch each of its sides."""
    inputs, angles = himmelblau["basin"].inputs, np.radians(np.arange(0, 360, 0.25))
    basis, size = np.array(inputs["basis"], dtype=float).reshape(2, 2), float(inputs["size"])
    x = (
        np.asarray(himmelblau.enclosure).mean(axis=1)
        + size * np.column_stack([np.cos(angles), np.sin(angles)]) @ basis.T
    )
    ar = arithmetic("arb", 212)
    with ar:
        box = basin.contraction_of(evidence_of(himmelblau), inputs).on_all(inputs["size"])
        sides = np.array([[float(end) for end in ar.endpoints(side)] for side in box.x])
    assert (sides[:, 0] <= x.min(0) + 1e-12).all() and (x.max(0) - 1e-12 <= sides[:, 1]).all()
    assert np.abs(np.column_stack([x.min(0), x.max(0)]) - sides).max() < 1e-3 * size


def test_the_radius_is_that_of_the_largest_ball_in_the_set(himmelblau) -> None:
    """R times the smallest singular value of V, which is not orthogonal."""
    inputs = himmelblau["basin"].inputs
    basis = np.array(inputs["basis"], dtype=float).reshape(2, 2)
    singular = np.linalg.svd(basis, compute_uv=False)
    assert singular[1] < 0.95 * singular[0]
    radius = himmelblau["basin"].numbers["radius"]
    expected = float(inputs["size"]) * singular[1]
    assert abs(float(radius.lower) - expected) < 1e-6 * expected and radius.lower < radius.upper


def test_the_pieces_cover_the_set(himmelblau) -> None:
    """Those on which the bound is shown: every point with |w| <= R lies in one of them."""
    inputs = himmelblau["basin"].inputs
    size, cube = inputs["size"], [(-inputs["size"], inputs["size"])] * 2
    shown = [piece for letter, piece in inputs["subdivision"].pieces(cube) if letter == "f"]
    angles = np.radians(np.arange(0, 360, 0.5))
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    points = float(size) * np.concatenate([s * circle for s in (1.0, 0.97, 0.6, 0.3)])
    low, high = np.moveaxis(np.array(shown, dtype=float), 2, 0)
    room = 1e-9 * float(size)
    assert ((low - room <= points[:, None]) & (points[:, None] <= high + room)).all(2).any(1).all()


def test_a_piece_is_outside_if_its_nearest_point_is(well) -> None:
    """Of the set |w| <= 5: [3, 4] x [4, 6] touches it in (3, 4), [-4, -3] x [4, 6] too; farther ones do not."""
    with arithmetic("arb", 212):
        contraction = basin.contraction_of(evidence_of(well), well["basin"].inputs)
        region = basin.Region(contraction, Fraction(5), Fraction(1))
        for sides, outside in {
            ((3, 4), (4, 6)): False,
            ((-4, -3), (4, 6)): False,
            ((-4, -3), (-6, -4)): False,
            ((-1, 1), (-6, 6)): False,
            ((-4, 4), (5, 6)): False,
            (("3.01", 4), (4, 6)): True,
            ((-4, "-3.01"), (4, 6)): True,
            ((-4, -3), (-6, "-4.01")): True,
            ((-4, 4), ("5.01", 6)): True,
        }.items():
            piece = [(Fraction(low), Fraction(high)) for low, high in sides]
            assert basin.Piece(region, piece, []).is_outside() is outside


def test_a_piece_on_which_the_bound_fails_is_not_settled(well) -> None:
    """Near the end of the basin the norm is the bound, nearly; a hair less is shown neither at once nor by forms."""
    inputs = well["basin"].inputs
    with arithmetic("arb", 212) as ar:
        contraction = basin.contraction_of(evidence_of(well), inputs)
        worst = contraction.at_point().upper
        piece = [(Fraction(-1, 2**20), Fraction(1, 2**20))] * 2
        for bound, shown in ((worst + Fraction(1, 2**10), True), (worst - Fraction(1, 2**10), False)):
            seen = basin.Piece(basin.Region(contraction, Fraction(1, 2**20), bound), piece, balls_of(ar, piece))
            assert seen.is_bounded() is seen.is_bounded_at_once() is shown


@pytest.mark.parametrize("variant", ["usam", "asam"])
def test_basins_of_other_ascent_steps(variant) -> None:
    """At 500 points of Omega the norm, with the law's own iteration in floats, is at most the bound."""
    law = "usam" if variant == "usam" else hc.RadiusLaw("asam", ["2", "1"])
    at, rho = ((-0.7236, 0), 5) if variant == "usam" else ((-0.5, 0), "0.75")
    cert = hc.certify(hc.Objective.parse(WELL), at, rho, basin="0.0625", variant=law)
    w = np.random.default_rng(0).normal(size=(500, 2))
    w *= float(cert["basin"].inputs["size"]) / np.linalg.norm(w, axis=1, keepdims=True)
    assert str(cert["basin"].status) == "proved" and hc.verify(cert)
    found = norms(cert, w, law)
    assert (
        found.max() <= float(cert["basin"].inputs["bound"]) and found.max() > float(cert["basin"].inputs["bound"]) / 2
    )
    at_point = norms(cert, np.zeros((1, 2)), law)[0]
    assert abs(at_point - float(cert["basin"].numbers["contraction"].upper)) < 1e-5


def test_nothing_of_a_proof_stays_in_memory() -> None:
    """Cubes have an arithmetic each; none is kept by the tapes of the function."""

    def kept() -> int:
        gc.collect()
        return sum(type(thing) is MeanValueArithmetic for thing in gc.get_objects())

    f, before = hc.Objective.parse(WELL), kept()  # others may hold some of theirs
    hc.certify(f, (-0.5, 0), "1.5", basin="0.5", precisions=[53])
    assert kept() <= before


def test_a_basin_stays_in_the_domain() -> None:
    """0*log(y + 1/32) changes no step, but the function is not defined below y = -1/32."""
    wide, narrow = (hc.certify(hc.Objective.parse(f), (-0.5, 0), "1.5", basin="0.5") for f in (WELL, WELL + LOG))
    assert wide["basin"].numbers["radius"].lower > Fraction(1, 16)
    assert Fraction(1, 128) < narrow["basin"].numbers["radius"].lower < Fraction(1, 32)


@pytest.mark.parametrize("backend", ["mpmath", "arb"])
def test_a_basin_is_re_proved(well, tmp_path, backend) -> None:
    """From the file alone, in both arithmetics; and made by the other one."""
    well.save(tmp_path / "basin.json")
    assert hc.verify(tmp_path / "basin.json", backend=backend)
    again = hc.certify(hc.Objective.parse(WELL), (-0.5, 0), "1.5", basin="0.5", backend="mpmath")
    assert str(again["basin"].status) == "proved" and hc.verify(again, backend="arb")


def test_steps_without_a_basin_are_undecided() -> None:
    """A step above the bound of `attractor`, also of a manifold, and a repelling point have no proved basin."""
    f = hc.Objective.parse(WELL)
    bound = hc.certify(f, (-0.5, 0), "1.5")["attractor"].numbers["step_bound"]
    too_long = hc.certify(f, (-0.5, 0), "1.5", basin=bound.upper * 2)["basin"]
    assert str(too_long.status) == "undecided" and too_long.reason.value == "step"
    wells = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
    repelling = hc.certify(wells, (-0.3, -0.3), 1.3 * 2**0.5, basin="0.001")
    assert str(repelling["attractor"].status) == "refuted" and str(repelling["basin"].status) == "undecided"
    ring = hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2)
    assert hc.certify(ring, (0.5, 0), "1.5", basin="10")["basin"].reason.value == "step"


def test_nobody_who_does_not_ask_gets_the_claim() -> None:
    """Only with `basin=`."""
    assert "basin" not in hc.certify(hc.Objective.parse(WELL), (-0.5, 0), "1.5").claims


@pytest.mark.parametrize(
    "change",
    [
        {"size": lambda v: format_dyadic(Fraction(1))},
        {"step": lambda v: format_dyadic(Fraction(8))},
        {"basis": lambda v: [v[0], v[1], v[0], v[1]]},
        {"basis": lambda v: v[:3]},
        {"size": lambda v: format_dyadic(Fraction(-1, 512))},
        {"bound": lambda v: format_dyadic(Fraction(1, 2))},
        {"bound": lambda v: format_dyadic(Fraction(1))},
        {"subdivision": lambda v: "w"},
        {"subdivision": lambda v: "o"},
        {"subdivision": lambda v: "Aff"},
        {"subdivision": lambda v: "C" + v + v},
        {"subdivision": lambda v: v.replace("f", "x", 1)},
        {"subdivision": lambda v: v[:-1]},
    ],
    ids=[
        *("larger", "longer step", "singular basis", "basis of another shape", "negative", "faster", "no contraction"),
        *("at once", "outside", "coarse", "a third side", "another test", "cut off"),
    ],
)
def test_forged_basins_are_not_re_proved(well, change) -> None:
    """A larger set, a longer step, a singular or malformed basis."""
    data = json.loads(json.dumps(to_json(well)))
    (claim,) = [claim for claim in data["claims"] if claim["name"] == "basin"]
    for key, new in change.items():
        claim["inputs"][key] = new(claim["inputs"][key])
    try:
        verdict = hc.verify(from_json(data), backend="arb")
    except CertificateError as error:  # the numbers of the file do not show it
        assert error.field.startswith("claims[8]")
    else:
        assert [result.name for result in verdict.results if not result.passed] == ["basin"]


def test_a_better_contraction_than_proved_is_refused(well) -> None:
    """The published contraction must contain what is enclosed."""
    data = json.loads(json.dumps(to_json(well)))
    (claim,) = [claim for claim in data["claims"] if claim["name"] == "basin"]
    claim["numbers"]["contraction"] = [claim["numbers"]["contraction"][0]] * 2
    assert not hc.verify(from_json(data), backend="arb")


@pytest.mark.thorough
def test_a_network_with_weight_decay_has_basins() -> None:
    """Isolated points of networks too: seven parameters."""
    f = hc.TanhNetwork((1, 2, 1), [[-1.0], [0.5], [1.5]], [-1.0, 0.5, 1.0], weight_decay="0.01")
    run = hc.sam.run(f, f.initial(seed=2), rho=2, step_size="0.1", steps=100_000, tolerance=1e-12)
    cert = hc.certify(hc.find.refine(f, run.x, 2), basin="0.05")
    assert str(cert["basin"].status) == "proved" and hc.verify(cert, backend="arb")
    assert cert["basin"].numbers["radius"].lower > Fraction(1, 10**8)


def test_malformed_steps_are_named() -> None:
    """`basin` is an exact positive number."""
    f = hc.Objective.parse(WELL)
    for bad in (0, -1, "nan", "fast"):
        with pytest.raises(ArgumentError, match="basin"):
            hc.certify(f, (-0.5, 0), "1.5", basin=bad)
