"""Claim: what is enclosed on a ball is what mpmath finds at its points, to first order no more, and so is a rest."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad
from hallucert.check.attraction import manifold_basin
from hallucert.check.attraction.manifold_basin import OnBall
from hallucert.check.claim import Enclosure
from hallucert.check.problem import Point, Problem
from hallucert.errors import DomainError
from hallucert.objectives.radius_law import SAM, RadiusLaw


@pytest.fixture(params=["arb", "mpmath"])
def ar(request):
    with arithmetic(request.param, 106) as chosen:
        yield chosen


F = hc.Objective.least_squares(["x*y + z**2 - 1", "x + y*z/2 - z**3/4"], n=3)
USAM, ASAM = RadiusLaw("usam"), RadiusLaw("asam", (Fraction(1, 2), Fraction(3), Fraction(4)))
RHO, CENTRE = Fraction(1, 2), (Fraction(3, 4), Fraction(-1, 2), Fraction(5, 8))


def ascended(x):
    """``g``, ``x+``, ``B = Dr(x+)`` and ``A = B J`` of the same, by hand, in mpmath."""

    def residuals(x, y, z):
        return [x * y + z**2 - 1, x + y * z / 2 - z**3 / 4]

    def slopes(x, y, z):
        return mpmath.matrix([[y, x, 2 * z], [1, z / 2, y / 2 - 3 * z**2 / 4]])

    r, jacobian = mpmath.matrix(residuals(*x)), slopes(*x)
    bends = ([[0, 1, 0], [1, 0, 0], [0, 0, 2]], [[0, 0, 0], [0, 0, 0.5], [0, 0.5, -3 * x[2] / 2]])
    hessian = (
        jacobian.T * jacobian + sum((v * mpmath.matrix(m) for v, m in zip(r, bends, strict=True)), mpmath.zeros(3))
    ) / 3
    g = jacobian.T * r / 3
    q = mpmath.norm(g)
    u = g / q
    plus = [v + w / 2 for v, w in zip(x, u, strict=True)]
    turned = mpmath.eye(3) + (hessian - u * (u.T * hessian)) / (2 * q)
    b = slopes(*plus)
    return list(g), plus, b, b * turned, hessian, turned


def point_of(ar, x=CENTRE) -> Point:
    return Point(ar, Problem(F, RHO, residual=True), [ar.constant(v) for v in x])


def inside(found, exact, room=1e-25) -> bool:
    """Tell whether an array of balls holds numbers, which are known to some room."""
    exact = np.array([float(v) for v in exact]).reshape(found.mid.shape)
    return bool((np.abs(found.mid - exact) <= found.rad + room + 2.0**-50).all())


@pytest.mark.parametrize("lanes", [2, 4096])
def test_gradients_and_images_on_a_ball_change_as_derivatives_say(monkeypatch, lanes) -> None:
    """By R times norms of rows of H and J, to first order; at random points of a larger ball they are what they are."""
    monkeypatch.setattr(manifold_basin, "LANES", lanes)
    ar, rng = arithmetic("mpmath", 106), np.random.default_rng(1)
    with ar, mpmath.workdps(40):
        g, plus, _, _, hessian, turned = ascended([mpmath.mpf(float(v)) for v in CENTRE])
        small, size = OnBall(point_of(ar), Fraction(1, 2**24)), 2.0**-24
        for found, middle, slope in ((small.g, g, hessian), (small.plus, plus, turned)):
            (array,) = found
            assert inside(array, middle)
            reach = [size * np.linalg.norm([float(slope[i, j]) for j in range(3)]) for i in range(3)]
            np.testing.assert_allclose(array.rad, reach, rtol=1e-5)
        np.testing.assert_allclose(small.x[0].mid, [float(v) for v in CENTRE])
        np.testing.assert_allclose(small.x[0].rad, size, rtol=1e-6)
        large = OnBall(point_of(ar), Fraction(1, 64))
        for direction in rng.normal(size=(20, 3)):
            move = direction / np.linalg.norm(direction) / 64
            x = [mpmath.mpf(float(v)) + mpmath.mpf(m) for v, m in zip(CENTRE, move, strict=True)]
            values = ascended(x)
            assert inside(large.x[0], x) and inside(large.g[0], values[0]) and inside(large.plus[0], values[1])


def test_derivatives_on_a_ball_are_those_of_both_matrices() -> None:
    """Of ``e A`` and ``B^T v`` for rows e and v by each coordinate, by differences, at random points of a ball."""
    ar, rows, columns = arithmetic("mpmath", 106), np.array([[1.0, 0.5], [-2.0, 1.0]]), np.array([[0.25, 1.0]])
    rng, h = np.random.default_rng(2), mpmath.mpf(10) ** -15
    with ar, mpmath.workdps(50):
        for size, places in ((Fraction(1, 2**30), 1), (Fraction(1, 128), 6)):
            of_left, of_right = manifold_basin.derivatives(point_of(ar), size, MidRad(rows), MidRad(columns))
            assert of_left.mid.shape == (2, 3, 3) and of_right.mid.shape == (1, 3, 3)
            for direction in rng.normal(size=(places, 3)):
                move = direction / np.linalg.norm(direction) * float(size) * (places > 1)
                x = [mpmath.mpf(float(v)) + mpmath.mpf(m) for v, m in zip(CENTRE, move, strict=True)]
                for k in range(3):
                    ahead, behind = (ascended([v + sign * h * (i == k) for i, v in enumerate(x)]) for sign in (1, -1))
                    by_b, by_a = ((ahead[n] - behind[n]) / (2 * h) for n in (2, 3))
                    for i, row in enumerate(rows):
                        exact = [sum(row[m] * by_a[m, e] for m in range(2)) for e in range(3)]
                        assert inside(of_left[i, :, k], exact, 1e-12)
                    exact = [sum(columns[0, m] * by_b[m, e] for m in range(2)) for e in range(3)]
                    assert inside(of_right[0, :, k], exact, 1e-12)
            if places == 1:
                assert max(of_left.rad.max(), of_right.rad.max()) < 1e-6


INPUTS = (mpmath.mpf(2), mpmath.mpf(-2.5))
NETWORK = hc.TanhNetwork((1, 1, 1), [[2.0], [-2.5]], [-1.0, 1.0])


def outputs(x):
    """The residuals of the network, by its layers."""
    a, b, c, d = x
    return [c * mpmath.tanh(a * t + b) + d - y for t, y in zip(INPUTS, (-1, 1), strict=True)]


def slope(function, x, h):
    """The gradient of a function by differences."""
    units = [[h * (i == k) for i in range(len(x))] for k in range(len(x))]
    ends = ([[v + sign * w for v, w in zip(x, unit, strict=True)] for sign in (1, -1)] for unit in units)
    return [(function(ahead) - function(behind)) / (2 * h) for ahead, behind in ends]


CASES = {
    "sam": (F, lambda x: [x[0] * x[1] + x[2] ** 2 - 1, x[0] + x[1] * x[2] / 2 - x[2] ** 3 / 4], 3, SAM),
    "usam": (F, lambda x: [x[0] * x[1] + x[2] ** 2 - 1, x[0] + x[1] * x[2] / 2 - x[2] ** 3 / 4], 3, USAM),
    "asam": (F, lambda x: [x[0] * x[1] + x[2] ** 2 - 1, x[0] + x[1] * x[2] / 2 - x[2] ** 3 / 4], 3, ASAM),
    "network": (NETWORK, outputs, 2, SAM),
}


@pytest.mark.parametrize("case", CASES)
def test_programs_are_those_of_the_ascent_step(case) -> None:
    """Of x+, H, J and the derivatives of both matrices, by differences, for each law and for several arrays."""
    f, residuals, n, law = CASES[case]
    place = [*CENTRE, Fraction(1, 4)][: f.dimension]
    ar, size, e = arithmetic("mpmath", 106), Fraction(1, 2**40), (1.0, -0.5)
    with ar, mpmath.workdps(80):
        fine, coarse = mpmath.mpf(10) ** -25, mpmath.mpf(10) ** -12

        def gradient(x):
            return slope(lambda z: sum(v * v for v in residuals(z)) / (2 * n), x, fine)

        def ascended(x):
            g = gradient(x)
            scales = [mpmath.mpf(float(v)) for v in law.scales] or [1] * len(x)
            turned = [s * s * v for s, v in zip(scales, g, strict=True)]
            size = mpmath.sqrt(sum((s * v) ** 2 for s, v in zip(scales, g, strict=True))) if law.normalised else 1
            return [v + w / size / 2 for v, w in zip(x, turned, strict=True)]

        def descent(x):
            return slope(lambda z: sum(a * b for a, b in zip(e, residuals(z), strict=True)), ascended(x), fine)

        def back(x):
            return slope(lambda z: sum(a * b for a, b in zip(e, residuals(ascended(z)), strict=True)), x, coarse)

        def entry(function, i, x):
            return slope(lambda z: function(z)[i], x, coarse)

        x = [mpmath.mpf(v.numerator) / v.denominator for v in place]
        point = Point(ar, Problem(f, RHO, law, residual=True), [ar.constant(v) for v in place])
        ball = OnBall(point, size)
        given = MidRad(np.array([e]))
        of_left, of_right = manifold_basin.derivatives(point, size, given, given)
        joined = [np.concatenate([part.mid.ravel() for part in parts]) for parts in (ball.g, ball.plus)]
        np.testing.assert_allclose(
            joined, [[float(v) for v in gradient(x)], [float(v) for v in ascended(x)]], atol=1e-9
        )
        curved = ball.moved(ball.programs.curved, *ball.x)
        turned = ball.moved(ball.programs.turned, *ball.x, *ball.g)
        for found, function in ((curved, gradient), (turned, ascended), (of_left[0], back), (of_right[0], descent)):
            exact = [[float(v) for v in entry(function, i, x)] for i in range(len(x))]
            np.testing.assert_allclose(found.mid, exact, atol=1e-6)
            assert (np.abs(found.mid - exact) <= found.rad + 1e-12).all() and found.rad.max() < 1e-6


def test_without_an_array_program_nothing_is_enclosed(ar, monkeypatch) -> None:
    """That is an honest failure."""
    monkeypatch.setattr(manifold_basin, "as_program", lambda f: None)
    with pytest.raises(DomainError, match="array program"):
        OnBall(point_of(ar), Fraction(1, 64))


def test_the_rest_of_a_path_is_bounded_where_residuals_are_known(ar, monkeypatch) -> None:
    """``p |V^-1 y|`` for V = diag(1/2, 2), p = (3, 5), and y = r(x+) in mpmath; None without a basin or a domain."""
    inputs = {
        "basis": (Fraction(1, 2), Fraction(0), Fraction(0), Fraction(2)),
        "blocks": (Fraction(1), Fraction(1)),
        "step": Fraction(1, 4),
        "weights": (Fraction(3), Fraction(5)),
    }
    evidence = SimpleNamespace(arithmetic=ar, residual_form=True, point=point_of(ar), claims={})
    x = point_of(ar).x

    def arrival(claim, place=x):
        evidence.claims = {} if claim is None else {"basin": SimpleNamespace(inputs=claim)}
        return manifold_basin.measure_arrival(evidence, place, ar)

    with mpmath.workdps(40):
        _, (a, b, c), *_ = ascended([mpmath.mpf(float(v)) for v in CENTRE])
        exact = Fraction(mpmath.nstr(6 * abs(a * b + c**2 - 1) + abs(a + b * c / 2 - c**3 / 4) * 5 / 2, 35))
    found = arrival(inputs)
    assert isinstance(found, Enclosure) and found.lower - Fraction(1, 10**25) <= exact
    assert exact <= found.upper + Fraction(1, 10**25) and found.upper - found.lower < Fraction(1, 10**12)
    assert arrival(None) is None
    assert arrival({name: value for name, value in inputs.items() if name != "weights"}) is None
    assert arrival({**inputs, "step": Fraction(0)}) is None
    assert arrival(inputs, [ar.interval(Fraction(-2), Fraction(2))] * 3) is None
    assert arrival(inputs, [ar.indeterminate(), *x[1:]]) is None
    for certain, y in ((False, x[:2]), (True, [x[0], ar.indeterminate()])):
        place = SimpleNamespace(domain_certain=certain, shifted_residual=y)
        monkeypatch.setattr(manifold_basin, "Point", lambda *_, place=place: place)
        assert arrival(inputs) is None
