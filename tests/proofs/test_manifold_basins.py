"""Claim: in residual form SAM converges to the manifold from all of a proved basin; wrong bounds are refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.attraction import manifold_basin
from hallucert.check.file.files import from_json, to_json
from hallucert.check.point.rule import Evidence
from hallucert.check.problem import Point
from hallucert.check.reason import Reason
from hallucert.errors import CertificateError

START = ("-0.6", "0.2")


@pytest.fixture(scope="module")
def ring() -> hc.Certificate:
    """|x+| = 1 with rho = 3/2: SAM goes along the ray through its start, to the circle of radius 1/2."""
    f = hc.Objective.least_squares(["x**2 + y**2 - 1"])
    end = hc.sam.run(f, [-0.6, 0.2], "1.5", "0.1", 10_000)
    return hc.certify(f, end.x, "1.5", basin="0.1", start=START)


def test_on_the_ring_the_limit_is_that_of_the_closed_form(ring: hc.Certificate) -> None:
    """The limit is (-3, 1)/(2 sqrt 10), and N steps on the ray reach the stated distance from the circle."""
    claim = ring["converges"]
    assert claim.status is hc.Status.PROVED
    limit = np.array([-3, 1]) / (2 * np.sqrt(10))
    np.testing.assert_allclose(ring.x, limit, atol=1e-9)
    radius = np.sqrt(0.4)
    for _ in range(claim.inputs["steps"]):  # on the ray: x+ is at radius - 3/2, f = (r+^2 - 1)^2/2
        plus = radius - 1.5
        radius -= 0.1 * 2 * plus * (plus**2 - 1)
    assert float(claim.numbers["distance"].upper) == pytest.approx(radius - 0.5, rel=1e-3)
    assert float(claim.numbers["residual"].upper) == pytest.approx(1 - (radius - 1.5) ** 2, rel=1e-3)
    size, path = ring["basin"].inputs["size"], ring["basin"].numbers["path"].upper
    assert claim.numbers["distance"].upper + path * claim.numbers["residual"].upper <= size


def test_runs_from_the_edge_converge_at_the_proved_rate(ring: hc.Certificate) -> None:
    """Float runs from the proved sphere of starts end on the circle, in Omega, no slower than kappa says."""
    claim, middle = ring["basin"], ring.x
    radius, kappa = float(claim.numbers["radius"].lower), float(claim.inputs["bound"])
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    x = middle + radius * np.column_stack([np.cos(angles), np.sin(angles)])
    first = np.abs(np.linalg.norm(x, axis=1) - 0.5)
    for _ in range(30):
        x = x - 0.1 * hc.sam.shifted_gradient(ring.objective, x, ring.rho)
    assert (np.abs(np.linalg.norm(x, axis=1) - 0.5) <= 1.01 * kappa**30 * first + 1e-15).all()
    assert (np.linalg.norm(x - middle, axis=1) <= float(claim.inputs["size"])).all()


def evidence_of(cert: hc.Certificate) -> Evidence:
    """What a proof of a claim about the point of a certificate starts from, at 212 bits."""
    ar = arithmetic("arb", 212)
    x = [ar.interval(low, high) for low, high in cert.box]
    return Evidence(Point(ar, cert.problem, x), cert.witness.centre, 1000)


@pytest.mark.parametrize(
    "change",
    [
        {"bound": Fraction(3, 5)},  # that at x*, not on the set
        {"size": Fraction(1, 2)},  # Omega contains the origin, where g = 0
        {"size": Fraction(1, 50)},
        {"descent": Fraction(1, 10)},
        {"slope": Fraction(1, 2)},
        {"step": Fraction(1)},  # too long: 1 - 4 = -3
        {"step": Fraction(-1, 10)},
        {"size": Fraction(0)},
        {"bound": Fraction(1)},
        {"basis": ()},
        {"basis": (Fraction(0),)},
    ],
)
def test_wrong_bounds_are_not_re_proved(ring: hc.Certificate, change: dict) -> None:
    """A bound that does not hold on the set, a set that is too large and a step that is too long prove nothing."""
    with arithmetic("arb", 212):
        inputs = ring["basin"].inputs | change
        assert isinstance(manifold_basin.measure(evidence_of(ring), inputs), Reason)
        assert not isinstance(manifold_basin.measure(evidence_of(ring), ring["basin"].inputs), Reason)


def test_the_norms_are_those_of_matrices_written_out(ring: hc.Certificate) -> None:
    """At two points of Omega, in numpy: B = (2 x+)^T and A = 2 r+ u^T; the bounds hold for the pair, with room."""
    inputs, rng = ring["basin"].inputs, np.random.default_rng(0)
    (v,), size = [float(b) for b in inputs["basis"]], float(inputs["size"])
    step, bound = float(inputs["step"]), float(inputs["bound"])
    for _ in range(200):
        x, other = (ring.x + size * d / np.linalg.norm(d) * rng.uniform() for d in rng.normal(size=(2, 2)))
        plus = x * (1 - 1.5 / np.linalg.norm(x))  # u points inward: f falls with the radius there
        b = 2 * plus
        radius = np.linalg.norm(other)
        a = 2 * (radius - 1.5) * other / radius
        assert abs(1 - step * a @ b) <= bound
        assert np.linalg.norm(b) * abs(v) <= float(inputs["descent"])
        assert np.linalg.norm(a) / abs(v) <= float(inputs["slope"])


def test_inputs_of_the_other_form_are_refused(ring: hc.Certificate) -> None:
    """A file whose basin has a subdivision, for a point in residual form, states nothing that its numbers show."""
    data = to_json(ring)
    claim = next(claim for claim in data["claims"] if claim["name"] == "basin")
    claim["inputs"] = {k: v for k, v in claim["inputs"].items() if k not in ("descent", "slope")} | {"subdivision": "w"}
    with pytest.raises(CertificateError):
        from_json(data)


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_both_arithmetics_prove_it_again(ring: hc.Certificate, backend: str) -> None:
    """A basin and a run of a manifold are re-proved; with a residual that is too small to be true they are not."""
    assert hc.verify(ring, backend=backend)
    data = to_json(ring)
    claim = next(claim for claim in data["claims"] if claim["name"] == "converges")
    claim["numbers"]["residual"] = ["1p-40", "1p-39"]
    verdict = hc.verify(from_json(data), backend=backend)
    assert not verdict


def test_samples_divide_the_step() -> None:
    """With f = |r|^2/(2 n), n = 2, the contraction at x* is 1 - 4 E/n = 0.8; radius and path have their formulas."""
    f = hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2)
    basin = hc.certify(f, (-0.5, 0), "1.5", basin="0.1")["basin"]
    numbers, inputs = basin.numbers, {name: float(v) for name, v in basin.inputs.items() if name != "basis"}
    assert numbers["contraction"].lower < Fraction(8, 10) < numbers["contraction"].upper
    path = 0.1 * inputs["descent"] / (1 - inputs["bound"])  # |V| = 1
    assert float(numbers["path"].upper) == pytest.approx(path)
    assert float(numbers["radius"].lower) == pytest.approx(inputs["size"] / (1 + path * inputs["slope"]))
    assert 1 <= inputs["descent"] < 1.5  # |B|/n = 2/2 at x*
    assert 2 <= inputs["slope"] < 3  # |A| = 2 |x+|
