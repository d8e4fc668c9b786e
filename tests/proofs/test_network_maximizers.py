"""Networks and maximizers: none with linear outputs (Proposition 4.6); with a tanh on the output, one, with the paper's
construction proved around it.

That a network with targets inside of the range of tanh has no maximizer is not claimed, and not tested.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.region.second_order import TaylorBox
from hallucert.errors import ArgumentError

INPUTS = [-4, -2, -1, 1, 2, 4]
TARGETS = [800, -400, 200, -200, 400, -800]
MAXIMIZER, MINIMIZER = (0.63, 0.0), (-0.61, 0.0)


@pytest.fixture(scope="module")
def unit():
    """One tanh unit, ``tanh(W x + b)``."""
    return hc.TanhNetwork((1, 1), [[float(x)] for x in INPUTS], [float(y) for y in TARGETS], output="tanh")


@pytest.fixture(scope="module")
def certificate(unit):
    return hc.certify(hc.find.farthest_point(unit, MAXIMIZER, MINIMIZER))


def linear_networks():
    """Both losses, with and without weight decay, one layer and two."""
    x = np.linspace(-1, 1, 10).reshape(5, 2)
    y = x[:, :1] * [1, -2, 3] + 1
    labels = [0, 1, 2, 1, 0]
    return [
        hc.TanhNetwork((2, 3), x, y),
        hc.TanhNetwork((2, 4, 3), x, y, weight_decay="0.1"),
        hc.TanhNetwork((2, 3), x, labels, loss="cross_entropy"),
        hc.TanhNetwork((2, 4, 3), x, labels, loss="cross_entropy", weight_decay="0.01", label_smoothing="0.1"),
    ]


@pytest.mark.parametrize("f", linear_networks(), ids=lambda f: f.name)
def test_one_output_bias_has_the_stated_positive_curvature(f):
    """Along one bias the second derivative is 1 + w, or the mean of p (1 - p) plus w, wherever the parameters are."""
    w = float(f.weight_decay)
    lanes = f.initial(3, gain=2.0, count=20)
    outputs = f.predict(lanes)
    p = np.exp(outputs) / np.exp(outputs).sum(axis=-1, keepdims=True)
    wanted = np.ones((20, 3)) if f.loss == "squared" else (p * (1 - p)).mean(axis=1)
    biases = slice(f.training.layout.layers[-1].bias_start, f.training.layout.layers[-1].end)
    block = f.hessian(lanes)[:, biases, biases]
    np.testing.assert_allclose(np.einsum("kii->ki", block), wanted + w, rtol=1e-12)
    if f.loss == "cross_entropy":
        np.testing.assert_allclose(block.sum(axis=(1, 2)), 3 * w, atol=1e-15)


@pytest.mark.parametrize("f", linear_networks(), ids=lambda f: f.name)
@pytest.mark.parametrize("points", ["zeros", "set", "nonsense"])
def test_linear_outputs_are_refused_with_the_proposition(f, points):
    """Whatever points are given, the refusal is about f: it has no maximizer, by name and with the reason."""
    zero = np.zeros(f.dimension)
    maximizer, target = {
        "zeros": (zero, zero + 1),
        "set": (np.stack([zero, zero + 0.1]), zero + 1),
        "nonsense": ("top", None),
    }[points]
    with pytest.raises(
        ArgumentError, match=r"has none \(Proposition 4\.6\).*strictly convex along the bias"
    ) as refusal:
        hc.find.farthest_point(f, maximizer, target)
    assert refusal.value.argument == "f"


def test_a_bounded_output_is_judged_by_its_points(unit):
    """The same data without a maximizer at the place: the refusal is about the point, not about all networks."""
    tame = hc.TanhNetwork((1, 1), unit.inputs, unit.targets / 1000, output="tanh")
    for f, point in ((tame, MAXIMIZER), (unit, (0.6724, 0.0)), (unit, MINIMIZER)):
        with pytest.raises(ArgumentError) as refusal:
            hc.find.farthest_point(f, point, (-2.0, 0.5))
        assert refusal.value.argument in ("maximizer", "target")


def test_mpmath_sees_the_maximizer_and_the_minimizer(unit):
    """Written out and solved at 40 digits: the gradient vanishes with H < 0 at one point and H > 0 at the other."""

    def f(w, b):
        return sum((mpmath.tanh(w * x + b) - y) ** 2 for x, y in zip(INPUTS, TARGETS, strict=True)) / 12

    with mpmath.workdps(40):
        for start, sign in ((MAXIMIZER, -1), (MINIMIZER, 1)):
            w = mpmath.findroot(lambda w: mpmath.diff(lambda s: f(s, mpmath.mpf(0)), w), start[0])
            a, c, d = (mpmath.diff(f, (w, 0), n) for n in ((2, 0), (1, 1), (0, 2)))
            assert abs(mpmath.diff(f, (w, 0), (0, 1))) < mpmath.mpf(10) ** -15
            assert sign * a > 0 and a * d - c**2 > 0
            np.testing.assert_allclose(unit.hessian([float(w), 0.0]), np.array([[a, c], [c, d]], float), atol=1e-6)


def test_the_construction_around_the_maximizer_is_a_theorem(certificate):
    """Every claim is decided: the farthest point is a hallucinated minimizer, (C32) fails there and it repels SAM."""
    refuted = {"theorem_3_2", "attractor"}
    assert {n for n, claim in certificate.claims.items() if claim.status == "refuted"} == refuted
    assert {n for n, claim in certificate.claims.items() if claim.status == "proved"} == set(
        certificate.claims
    ) - refuted
    assert "Theorem 2.1" in certificate["farthest_point"].statement
    assert certificate["sphere_type"].numbers["largest_tangential_eigenvalue"].upper < 0


def test_the_statement_tells_level_and_maximum_apart(certificate):
    """Both are 140187.29..., and as many digits are printed as it takes to see which is larger."""
    words = certificate["farthest_point"].statement.replace(",", " ").split()
    level = Fraction(words[words.index("<=") + 1])
    maximum = Fraction(words[words.index("least") + 1])
    numbers = certificate["farthest_point"].numbers
    assert numbers["level"].upper <= level < maximum <= numbers["maximum"].lower


def test_mpmath_verifies_it_from_the_file_alone(certificate, tmp_path):
    """The other arithmetic re-proves all claims with the network's own enclosures."""
    path = tmp_path / "network.json"
    certificate.save(path)
    verdict = hc.verify(path)
    assert verdict.backend == "mpmath"
    assert verdict, str(verdict)


def test_the_formula_of_the_network_agrees(certificate):
    """The same loss as a formula, on a tape: the same point, and the same claims."""
    terms = [f"(tanh(W*({x}) + b) - ({y}))**2" for x, y in zip(INPUTS, TARGETS, strict=True)]
    f = hc.Objective.parse(f"({' + '.join(terms)}) / 12", variables=("W", "b"))
    other = hc.certify(hc.find.farthest_point(f, MAXIMIZER, MINIMIZER))
    assert {n: c.status for n, c in other.claims.items()} == {n: c.status for n, c in certificate.claims.items()}
    np.testing.assert_allclose(other.x, certificate.x, atol=1e-8)


def test_a_ball_beyond_the_passes_is_not_believed(certificate, unit):
    """With a ball that reaches over the passes Lemma A.2 fails, and the construction stays undecided."""
    honest = hc.find.farthest_point(unit, MAXIMIZER, MINIMIZER)
    lie = replace(honest, construction=replace(honest.construction, ball_radius=0.3))
    cert = hc.certify(lie, max_boxes=2000)
    assert cert["hallucinated_minimizer"].status == "proved"
    assert cert["farthest_point"].status == "undecided"


@pytest.mark.parametrize(
    ("formula", "side", "alpha", "below", "free"),
    [
        ("x**2", (-1, 1), "1.01", True, False),
        ("x**2", (-1, 1), "0.99", False, False),
        ("x**2", (Fraction(-1, 8), Fraction(7, 8)), "0.76", False, False),
        ("x**2", (Fraction(1, 8), Fraction(7, 8)), 1, True, True),
        ("(1 + x - x)**3 + x**3 / 100", (-1, 1), "1.2", True, False),
        ("x**1.5", (0, 1), 9, False, False),
    ],
)
def test_second_order_enclosures_contain_and_are_tight(formula, side, alpha, below, free):
    """By hand: sup f and the zeros of f' on an interval; where the Hessian is unbounded nothing is said."""
    ar = arithmetic("arb", 106)
    with ar:
        f = hc.Objective.parse(formula)
        box = TaylorBox(ar, f, [ar.interval(*map(Fraction, side))])
        assert box.below(ar.constant(Fraction(alpha))) is below
        assert box.no_critical_point() is free
