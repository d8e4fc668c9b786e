"""Functions of midpoint-radius arrays contain what mpmath gives, and are as sharp as their constants say."""

import mpmath
import numpy as np
import pytest

from hallucert.balls.midrad import MidRad, functions
from hallucert.errors import DomainError

ORACLES = {
    "reciprocal": lambda x: 1 / x,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
}
POSITIVE = ("log", "sqrt", "reciprocal")
RELATIVE = {"exp": 5, "log": 12, "sqrt": 2, "reciprocal": 2, "tanh": 12, "sigmoid": 10, "softplus": 14, "erf": 24}
"""Radii at points are at most so many u of the value; erf's error is absolute beyond 1/8, where it is 0.14."""


def arguments(name, rng, count=150):
    """Ordinary, tiny, near a node or a zero, and large."""
    if name in POSITIVE:
        near = 1 + rng.normal(size=count) * 10.0 ** rng.uniform(-16, -1, count)
        return np.concatenate([np.exp(rng.normal(size=count)), near, 10.0 ** rng.uniform(-300, 300, count), [1.0]])
    sign = rng.choice([-1.0, 1.0], count)
    edges = np.array([0.0, 5e-324, 0.125, -0.125, 0.34657, 22.0, 5.99, 6.01, 699.9, -700.1, -746.0, -1e300])
    angles = np.arange(-40, 40) * np.pi / 2
    wide = sign * 10.0 ** rng.uniform(-300, 2.8, count)
    return np.concatenate([3 * rng.normal(size=count), sign * 10.0 ** rng.uniform(-12, 0, count), wide, edges, angles])


def exact(name):
    return ORACLES.get(name) or getattr(mpmath, name)


@pytest.mark.parametrize("name", functions.FUNCTIONS)
def test_points_are_enclosed_sharply(name):
    """60 digits of mpmath lie within the radii, which are a few units in the last place."""
    x = arguments(name, np.random.default_rng(5))
    y = functions.FUNCTIONS[name](MidRad(x))
    with mpmath.workdps(60):
        for v, mid, rad in zip(x.tolist(), y.mid.tolist(), y.rad.tolist(), strict=True):
            assert abs(exact(name)(mpmath.mpf(v)) - mpmath.mpf(mid)) <= mpmath.mpf(rad)
            allowed = RELATIVE[name] * abs(mid) if name in RELATIVE else 5.0 if abs(v) < 2**19 else 2.0**54
            assert rad <= allowed * 2.0**-53 + 2e-289


@pytest.mark.parametrize("name", functions.FUNCTIONS)
def test_boxes_are_enclosed(name):
    """Both ends and two points inside, of boxes from a rounding to half of the number, lie within the radii."""
    rng = np.random.default_rng(6)
    x = arguments(name, rng)
    rad = np.minimum(np.abs(x) * 10.0 ** rng.uniform(-16, -0.31, x.size), 50.0 if name == "exp" else np.inf)
    y = functions.FUNCTIONS[name](MidRad(x, rad))
    with mpmath.workdps(40):
        for i, (m, r) in enumerate(zip(y.mid.tolist(), y.rad.tolist(), strict=True)):
            for part in (-1, -0.375, 0.75, 1):
                point = mpmath.mpf(x[i]) + part * mpmath.mpf(rad[i])
                assert abs(exact(name)(point) - mpmath.mpf(m)) <= mpmath.mpf(r) * (1 + mpmath.mpf(10) ** -30)


@pytest.mark.parametrize("radius", [None, 1e-9, 0.3, 3.0])
def test_log_sum_exp_is_enclosed(radius):
    """Rows near each other, far apart, and of one entry."""
    rng = np.random.default_rng(7)
    for x in (rng.normal(size=(6, 9)), 300 * rng.normal(size=(6, 9)), rng.normal(size=(4, 1)), np.full((1, 50), -1e5)):
        moved = x + (0 if radius is None else radius * rng.choice([-1, 1], x.shape))
        y = functions.logsumexp(MidRad(x, None if radius is None else np.abs(moved - x)))
        assert radius != 1e-9 or (y.rad < 1.01e-9).all() or np.abs(x).max() > 1e4
        with mpmath.workdps(60):
            for row, mid, rad in zip(moved.tolist(), y.mid.tolist(), y.rad.tolist(), strict=True):
                value = mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(v)) for v in row))
                assert abs(value - mpmath.mpf(mid)) <= mpmath.mpf(rad)


def test_weights_of_log_sum_exp_change_over_a_box():
    """Of (0, -1 + t), -1/2 <= t <= 1/2, softmax at the middle times the radius would be too small."""
    y = functions.logsumexp(MidRad([0.0, -1.0], [0.0, 0.5]))
    for end in (np.log1p(np.exp(-0.5)), np.log1p(np.exp(-1.5))):
        assert abs(end - y.mid) <= y.rad <= 0.5


@pytest.mark.parametrize("values", [[0.0, -1.0, 0.25], [3.0, 2.5, 2.75, -4.0]])
def test_log_sum_exp_is_charged_what_its_analysis_says(values):
    """At points ``(2 n + 16 + |value|) u``; on boxes the mean of the radii besides, times ``1 + 4 R``, in full."""
    x, n = np.array(values), len(values)
    y = functions.logsumexp(MidRad(x))
    charged = (2 * n + 16 + abs(y.mid.item())) * 2.0**-53
    assert charged <= y.rad.item() < charged + 20 * 2.0**-53
    rad = np.full(n, 2.0**-10)
    rad[0] = largest = 2.0**-6
    with mpmath.workdps(40):
        weights = [mpmath.exp(v) for v in values]
        mean = mpmath.fsum(w * r for w, r in zip(weights, rad.tolist(), strict=True)) / mpmath.fsum(weights)
        exact = mean * (1 + 4 * largest) + charged
        assert exact <= mpmath.mpf(functions.logsumexp(MidRad(x, rad)).rad.item()) < exact * (1 + mpmath.mpf(2) ** -40)


@pytest.mark.parametrize("name", ["log", "sqrt", "reciprocal"])
def test_outside_of_the_domain_nothing_is_enclosed(name):
    """0, a negative number and a box that touches 0 are refused; so is an exponential that overflows."""
    function = functions.FUNCTIONS[name]
    for x in (MidRad([1.0, 0.0]), MidRad([0.5], [0.5]), MidRad([2.0], [3.0])):
        with pytest.raises(DomainError):
            function(x)
    for x in (MidRad([709.9]), MidRad([0.0], [800.0])):
        with pytest.raises(DomainError):
            functions.exp(x)


@pytest.mark.parametrize("radius", [0.5, 1.0, 1.9, 2.0, 3.0])
def test_an_exponential_grows_over_a_box_of_any_radius(radius):
    """``e^r`` is an end of the exponential of +-r; ``r (1 + r)`` is no bound of its growth beyond 1.79."""
    y = functions.exp(MidRad([0.0], [radius]))
    with mpmath.workdps(30):
        assert mpmath.exp(radius) <= mpmath.mpf(y.mid.item()) + mpmath.mpf(y.rad.item())
