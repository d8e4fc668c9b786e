"""The hyperbolic tangent and the exponential of compiled code: one for numbers, vectors and bundles."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from hallucert.objectives.machine.compilation import compiled
from hallucert.objectives.machine.vectors import (
    EXPONENTIAL_ERROR,
    LANES,
    SAMPLES,
    TANH_ERROR,
    exponential,
    load,
    load_bundle,
    store,
    tanh,
)

FORMATS = {np.float64: 2.0**-53, np.float32: 2.0**-24}

MEASURED = 3.5 * 2.0**-53
"""In doubles `tanh` errs less than its bound says: no argument below is worse."""


@compiled
def _tanh(x, out):
    for i in range(0, x.size, LANES):
        store(out, np.uint64(i), tanh(load(x, np.uint64(i))))


@compiled
def _tanh_of_bundles(x, out):
    for i in range(0, x.size, SAMPLES * LANES):
        store(out, np.uint64(i), tanh(load_bundle(x, np.uint64(i))))


@compiled
def _both(x, y, t, e):
    for i in range(x.size):
        t[i] = tanh(x[i])
    for i in range(x.size):
        e[i] = exponential(y[i])


def test_tanh_of_vectors_errs_by_less_than_its_bound() -> None:
    """On 12000 arguments of all sizes the error is below 3.5 units, against mpmath at 40 digits."""
    rng = np.random.default_rng(3)
    sizes = np.concatenate([rng.uniform(0, 1, 4000), rng.uniform(0, 22, 4000), 10.0 ** rng.uniform(-300, 308, 4000)])
    # Where the reduction changes k, and where the result saturates.
    edges = np.concatenate([np.log(2) / 4 * np.arange(1, 96, 2), [19.0615474653984, 20.0, 1.7e308, 2.3e-308]])
    edges = np.concatenate([np.nextafter(edges, 0), edges, np.nextafter(edges, 3e-308), np.zeros(4)])
    x = np.concatenate([sizes, edges]) * rng.choice([-1.0, 1.0], sizes.size + edges.size)
    x = x[: x.size // (SAMPLES * LANES) * SAMPLES * LANES]
    out, bundled, single, unused = np.empty(x.size), np.empty(x.size), np.empty(x.size), np.empty(x.size)
    _tanh(x, out)
    _tanh_of_bundles(x, bundled)
    _both(x, x, single, unused)
    assert np.array_equal(out, bundled) and np.array_equal(out, single)
    assert TANH_ERROR * FORMATS[np.float64] > MEASURED
    with mpmath.workdps(40):
        for a, b in zip(x.tolist(), out.tolist(), strict=True):
            exact = mpmath.tanh(mpmath.mpf(a)) if abs(a) > 1e-30 else mpmath.mpf(a)
            assert abs(b - exact) <= MEASURED * abs(exact), a


def test_tanh_of_special_arguments() -> None:
    """Zeros keep their sign, infinities give +-1, NaN gives NaN, subnormal numbers are their own tanh."""
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -1e-310, -25.0])
    out = np.empty(8)
    _tanh(x, out)
    np.testing.assert_array_equal(out, [0.0, 0.0, 1.0, -1.0, np.nan, 5e-324, -1e-310, -1.0])
    assert np.signbit(out[:2]).tolist() == [False, True]


@pytest.mark.parametrize("dtype", FORMATS)
def test_tanh_and_exponential_err_by_at_most_their_bounds(dtype) -> None:
    """On 9000 arguments of all sizes the errors are below the stated bounds, against mpmath at 40 digits."""
    rng, tiny = np.random.default_rng(3), float(np.finfo(dtype).tiny)
    exponents = rng.uniform(np.log10(tiny) + 1, 38, 1000)
    edges = np.log(2) / 4 * np.arange(1, 96, 2)  # where the reduction changes k
    x = np.concatenate([rng.uniform(0, 1, 4000), rng.uniform(0, 22, 4000), 10.0**exponents, edges]).astype(dtype)
    x *= rng.choice(np.array([-1, 1], dtype), x.size)
    floor = np.log(tiny)
    y = -np.concatenate([rng.uniform(0, 2, 4000), rng.uniform(0, 0.99 * -floor, x.size - 4000)]).astype(dtype)
    t, e = np.empty_like(x), np.empty_like(x)
    _both(x, y, t, e)
    with mpmath.workdps(40):
        for value, a, argument, b in zip(*(row.tolist() for row in (x, t, y, e)), strict=True):
            exact = mpmath.tanh(value) if abs(value) > 1e-12 else mpmath.mpf(value)
            assert abs(a - exact) <= TANH_ERROR * FORMATS[dtype] * abs(exact), value
            assert abs(b - mpmath.exp(argument)) <= EXPONENTIAL_ERROR * FORMATS[dtype] * mpmath.exp(argument), argument


@pytest.mark.parametrize("dtype", FORMATS)
def test_special_arguments_of_tanh_and_exponential(dtype) -> None:
    """Signed zeros, infinities, NaN and subnormal numbers, as numpy has them; tiny exponentials are 0."""
    small = float(np.finfo(dtype).smallest_subnormal)
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, small, -25.0, 1.0], dtype)
    y = np.array([0.0, -0.0, -np.inf, np.nan, -1e4, -1e30, np.nan, -small], dtype)
    t, e = np.empty_like(x), np.empty_like(x)
    _both(x, y, t, e)
    np.testing.assert_array_equal(t[:-1], [0.0, 0.0, 1.0, -1.0, np.nan, small, -1.0])
    assert np.signbit(t[:2]).tolist() == [False, True]
    np.testing.assert_array_equal(e, [1.0, 1.0, 0.0, np.nan, 0.0, 0.0, np.nan, 1.0])
