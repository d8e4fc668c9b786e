"""Bounds of norms and eigenvalues hold on matrices whose values are known, and hopeless cases are not proved."""

import math
from fractions import Fraction

import numpy as np
import pytest

from hallucert.balls.midrad import MidRad, MidRadArithmetic, norms
from hallucert.errors import ArgumentError


def rational_determinant_signs(a):
    """Signs of the leading minors, exactly."""
    rows = [[Fraction(x) for x in row] for row in a.tolist()]
    signs, sign = [], 1
    for k in range(len(rows)):
        pivot = rows[k][k]
        sign = sign * ((pivot > 0) - (pivot < 0))
        signs.append(sign)
        if not pivot:
            break
        for row in rows[k + 1 :]:
            factor = row[k] / pivot
            row[k:] = [x - factor * y for x, y in zip(row[k:], rows[k][k:], strict=True)]
    return signs


@pytest.mark.parametrize("method", ["bounded", "sliced"])
@pytest.mark.parametrize("least", [1e-3, 1e-9, 3e-15, 0.0, -1e-15, -1e-3])
def test_a_positive_bound_means_that_all_minors_are_positive(least, method):
    """Exact elimination decides; what is within 1e-14 of singular, or indefinite by 1e-15, is not proved."""
    rng = np.random.default_rng(2)
    q, _ = np.linalg.qr(rng.normal(size=(12, 12)))
    values = np.linspace(0.5, 1, 12)
    values[0] = least
    a = (q * values) @ q.T
    a = (a + a.T) / 2
    with MidRadArithmetic(method):
        bound = norms.cholesky_lower(MidRad(a))
    assert bound <= least + 1e-15 and bound > least - 1e-13
    assert bound <= 0 or set(rational_determinant_signs(a)) == {1}
    shifted = a - bound * np.eye(12)
    assert set(rational_determinant_signs(shifted + 1e-15 * np.eye(12))) == {1}


def test_radii_count_in_full():
    """A radius moves the least eigenvalue by n times itself at most, and so far the bound goes down, not farther."""
    n, radius = 9, 1e-4
    worst = np.eye(n) - radius
    bound = norms.cholesky_lower(MidRad(np.eye(n), np.full((n, n), radius)))
    assert bound <= np.linalg.eigvalsh(worst)[0] + 1e-14 and bound > 1 - n * radius - 1e-12
    skew = MidRad(np.eye(2) + np.array([[0.0, 1e-3], [-1e-3, 0.0]]))
    assert 1 - 1e-12 < norms.cholesky_lower(skew) <= 1


def test_what_cannot_be_factored_has_no_bound():
    """Matrices of huge entries, and what is not a square matrix."""
    assert norms.cholesky_lower(MidRad(np.full((2, 2), 1e308))) < 0
    ones, mixed = np.ones(2), np.array([1.0, -1.0])
    for misuse in (
        lambda: norms.cholesky_lower(MidRad(np.ones((2, 3)))),
        lambda: norms.cholesky_lower(MidRad(np.ones((2, 2, 2)))),
        lambda: norms.spectral_norm_upper(ones),
        lambda: norms.matrix_vector_upper(np.ones((2, 2)), mixed),
        lambda: norms.matrix_vector_upper(mixed[None], ones),
    ):
        with pytest.raises(ArgumentError):
            misuse()


def test_norms_are_upper_bounds_and_sharp_for_nonnegative_matrices():
    """Against singular values, of matrices of all sizes, and against what is known exactly."""
    rng = np.random.default_rng(4)
    for scale in (1e-300, 1e-3, 1.0, 1e200):
        a = np.abs(rng.normal(size=(7, 11))) * scale
        sharp = np.linalg.norm(a / scale, 2) * scale
        assert sharp * (1 - 1e-14) <= norms.spectral_norm_upper(a) <= sharp * (2 if scale != 1 else 1.001)
    assert math.isclose(norms.spectral_norm_upper(np.ones((3, 12))), 6, rel_tol=1e-9)
    assert norms.spectral_norm_upper(np.ones((3, 12))) >= 6
    assert norms.frobenius_upper(MidRad(np.ones((5, 5)), np.ones((5, 5)))) >= 10
    assert norms.spectral_norm_upper(np.zeros((2, 2))) == 0
    assert norms.frobenius_upper(np.full((2, 1), 5e-324)) > 5e-324  # times the root of 2
    v = rng.random(50)
    exact = sum(Fraction(x) * Fraction(y) for x, y in zip(v.tolist(), v[::-1].tolist(), strict=True))
    assert exact <= Fraction(float(norms.matrix_vector_upper(v[None], v[::-1])[0])) <= exact * (1 + Fraction(1, 10**12))


def test_what_a_long_sum_loses_is_made_good():
    """64 ones, and 2**17 numbers too small to move a sum by themselves, as much together as a thousand roundings."""
    a = np.full((1, 2**17), 2.0**-54)
    a[0, :64] = 1.0
    bound = norms.matrix_vector_upper(a, np.ones(2**17))
    assert Fraction(float(bound[0])) >= 64 + (2**17 - 64) * Fraction(1, 2**54)


def test_slices_do_without_a_bound_of_what_the_library_rounds(monkeypatch):
    """One method bounds roundings of a product by BLAS, the other has no use for that."""
    products = []
    blocked = norms.blocked_product
    monkeypatch.setattr(norms, "blocked_product", lambda a, b: products.append(a) or blocked(a, b))
    for method, count in (("sliced", 0), ("bounded", 1)):
        with MidRadArithmetic(method):
            assert 0.9 < norms.cholesky_lower(MidRad(np.eye(2))) <= 1
        assert len(products) == count
