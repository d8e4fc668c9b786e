"""Where SAM stalls at a saddle it is proved that no minimizer is near; near a minimizer that is never proved."""

from __future__ import annotations

import json
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.decimals import format_dyadic
from hallucert.errors import ArgumentError, CertificateError, DomainError, NotAnalyticError

CLAIM = "no_minimizer_near"
FOUR_WELLS = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
DATA = np.random.default_rng(4).normal(size=(6, 2))


def network(**options):
    labels = np.arange(6) % 3 if options.get("loss") == "cross_entropy" else DATA.sum(axis=1, keepdims=True)
    return hc.TanhNetwork((2, 3, 3 if options.get("loss") == "cross_entropy" else 1), DATA, labels, **options)


def test_the_attractor_with_a_saddle_as_target() -> None:
    """Proposition 4.7: at (0, -s), rho = 1 + s, the target (0, 1) has curvature -4 along x; both arithmetics agree."""
    cert = hc.certify_stall(FOUR_WELLS, (0, -0.5), "1.5")
    claim = cert[CLAIM]
    assert claim.status == "proved"
    assert claim.numbers["curvature"].lower <= -4 <= claim.numbers["curvature"].upper < 0
    assert claim.numbers["gradient_norm"].contains(type(claim.numbers["value"])(Fraction(3, 2), Fraction(3, 2)))
    assert claim.numbers["value"].lower <= Fraction(25, 16) <= claim.numbers["value"].upper
    assert claim.numbers["shifted_gradient_square"].upper < Fraction(1, 10**15)
    for backend in ("arb", "mpmath"):
        assert hc.verify(cert, backend=backend)


def test_a_minimizer_is_not_excluded() -> None:
    """At (-3/4, -3/4) with its target (1, 1), and at any box that reaches such a point, nothing is proved."""
    at = 7 * 2**0.5 / 4
    assert hc.certify_stall(FOUR_WELLS, (-0.75, -0.75), at)[CLAIM].status == "undecided"
    near = hc.certify_stall(FOUR_WELLS, (-0.7, -0.7), at, radius="0.06")
    assert near[CLAIM].status == "undecided"


@pytest.mark.parametrize(
    "options",
    [
        {"loss": "squared"},
        {"loss": "squared", "output": "tanh", "weight_decay": "0.1"},
        {"loss": "cross_entropy", "label_smoothing": "0.1"},
        {"loss": "cross_entropy", "weight_decay": "0.05", "output": "tanh"},
    ],
)
def test_second_derivatives_of_networks(options) -> None:
    """The enclosure of v^T H v contains the value from the network's whole Hessian, in both arithmetics."""
    f = network(**options)
    x, v = np.random.default_rng(0).normal(size=(2, f.dimension))
    for backend in ("arb", "mpmath"):
        ar = arithmetic(backend, 80)
        with ar:
            balls, direction = ([ar.constant(Fraction(float(u))) for u in vector] for vector in (x, v))
            along = f.enclose_second_derivative(ar, balls, direction)
            rows = f.enclose_hessian(ar, balls)
            whole = sum(
                (
                    a * h * b
                    for a, row in zip(direction, rows, strict=True)
                    for h, b in zip(row, direction, strict=True)
                ),
                ar.constant(Fraction(0)),
            )
            assert ar.upper(along) - ar.lower(along) < Fraction(1, 10**15)
            assert ar.lower(along) <= ar.upper(whole) and ar.lower(whole) <= ar.upper(along)
        assert abs(float(ar.midpoint(along)) - v @ f.hessian(x) @ v) < 1e-10


def test_second_derivative_against_mpmath() -> None:
    """mpmath's numerical second derivative of the loss along v lies in the enclosure."""
    f = network(loss="cross_entropy")
    x, v = np.random.default_rng(1).normal(size=(2, f.dimension))

    def loss(t):
        theta = [mpmath.mpf(a) + t * mpmath.mpf(b) for a, b in zip(x, v, strict=True)]
        total = mpmath.mpf(0)
        for sample, label in zip(DATA, f.targets, strict=True):
            hidden = [
                mpmath.tanh(sum(theta[2 * i + j] * mpmath.mpf(sample[j]) for j in range(2)) + theta[6 + i])
                for i in range(3)
            ]
            out = [sum(theta[9 + 3 * k + i] * hidden[i] for i in range(3)) + theta[18 + k] for k in range(3)]
            total += mpmath.log(sum(mpmath.exp(o) for o in out)) - out[label]
        return total / len(DATA)

    with mpmath.workdps(60):
        expected = mpmath.diff(loss, 0, 2)
    ar = arithmetic("arb", 120)
    with ar:
        balls, direction = ([ar.constant(Fraction(float(u))) for u in vector] for vector in (x, v))
        along = f.enclose_second_derivative(ar, balls, direction)
    assert abs(float(ar.midpoint(along)) - float(expected)) < 1e-14


def test_a_network_that_stalls_at_a_constant_predictor(tmp_path) -> None:
    """With zero output weights x+ predicts one constant; the loss curves down there, on a whole box, re-proved."""
    f = hc.TanhNetwork((2, 3, 1), DATA, DATA.sum(axis=1, keepdims=True))
    target = f.initial(3)
    target[9:12] = 0
    target[12] = f.targets.mean()
    assert np.linalg.eigvalsh(f.hessian(target))[0] < -1e-2
    # Go back along a direction until the gradient there points at the target, as after a long SAM run.
    ends = hc.sam.run_ensemble(f, target + f.initial(5, count=64), "1", 0.05, 3000, tolerance=1e-9)
    plus = np.array([hc.sam.perturbed_point(f, x, 1) for x in ends.x])
    curved = [np.linalg.eigvalsh(f.hessian(p))[0] for p in plus]
    x = ends.x[int(np.argmin(curved))]
    cert = hc.certify_stall(f, x, 1)
    assert cert[CLAIM].status == "proved"
    cert.save(tmp_path / "stall.json")
    assert hc.verify(tmp_path / "stall.json")
    assert hc.load(tmp_path / "stall.json")[CLAIM].statement in str(cert)


def test_forged_stalls_are_refused(tmp_path) -> None:
    """A larger box, a better number, another direction, or another claim with a box: never re-proved, or not read."""
    cert = hc.certify_stall(FOUR_WELLS, (0, -0.5), "1.5", radius="0.01")
    path = tmp_path / "stall.json"

    def forged(change):
        cert.save(path)
        data = json.loads(path.read_text())
        change(data)
        path.write_text(json.dumps(data))
        return path

    def wide(data):
        data["witness"]["radius"] = ["1", "1"]

    def better(data):
        data["claims"][0]["numbers"]["curvature"] = [format_dyadic(Fraction(-9)), format_dyadic(Fraction(-8))]

    def turned(data):
        data["claims"][0]["inputs"]["direction"] = data["claims"][0]["inputs"]["direction"][::-1]

    def moved(data):
        data["witness"]["centre"] = [format_dyadic(Fraction(1, 2)), format_dyadic(Fraction(-1, 2))]

    for change in (wide, better, turned, moved):
        assert not hc.verify(forged(change)), change

    def renamed(data):
        data["claims"][0]["name"] = "attractor"

    def short(data):
        data["claims"][0]["inputs"]["direction"] = []

    def solving(data):
        data["witness"]["system"] = "gradient"

    for change in (renamed, solving):
        with pytest.raises(CertificateError):
            hc.load(forged(change))
    assert not hc.verify(forged(short))


def test_misuse() -> None:
    """Typed errors name the argument."""
    with pytest.raises(ArgumentError, match="x"):
        hc.certify_stall(FOUR_WELLS, [[0, 1]], 1)
    with pytest.raises(ArgumentError, match="rho"):
        hc.certify_stall(FOUR_WELLS, (0, 0.5), 0)
    with pytest.raises(ArgumentError, match="radius"):
        hc.certify_stall(FOUR_WELLS, (0, 0.5), 1, radius=-1)
    with pytest.raises(DomainError):
        hc.certify_stall(FOUR_WELLS, (0, 0), 1)
    with pytest.raises(NotAnalyticError):
        hc.certify_stall(hc.Objective.from_callable(lambda x: (x**2).sum(), 2, rigorous=False), (1, 1), 1)
