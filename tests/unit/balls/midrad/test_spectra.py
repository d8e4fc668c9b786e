"""Eigenvalues of matrices in midpoint-radius arrays, against matrices whose eigenvalues are known exactly."""

import math

import numpy as np
import pytest

from hallucert.balls.bases import Basis
from hallucert.balls.midrad import MidRad
from hallucert.balls.midrad.spectra import _discs, _similar, least_eigenvalue, orthonormalizer, spectrum, symmetric_part
from hallucert.errors import DomainError


@pytest.fixture
def rng():
    """The same numbers in every test, whichever came before."""
    return np.random.default_rng(2)


def companion(roots):
    """A matrix of integers with the given integers as eigenvalues."""
    coefficients = np.array([1])
    for root in roots:
        coefficients = np.convolve(coefficients, [1, -root])
    return np.vstack([-coefficients[1:].astype(float), np.eye(len(roots))[:-1]])


def integral(rng, diagonal):
    """An integer matrix that is similar to a block diagonal one by integer matrices of determinant 1."""
    n = len(diagonal)
    lower, upper = (
        np.tril(rng.integers(-1, 2, (n, n)), -1) + np.eye(n),
        np.triu(rng.integers(-1, 2, (n, n)), 1) + np.eye(n),
    )
    p = lower @ upper
    inverse = np.round(np.linalg.inv(p))
    assert (p @ inverse == np.eye(n)).all()
    return p @ diagonal @ inverse


def test_the_spectrum_of_integer_matrices_is_enclosed(rng):
    """Real eigenvalues 1 to 6 and a pair 2 +- 3i: the least real part and the step bound are 1 and 4/13."""
    blocks = np.diag([1.0, 2, 3, 4, 5, 6, 2, 2])
    blocks[6, 7], blocks[7, 6] = 3, -3
    found = spectrum(MidRad(integral(rng, blocks)))
    assert found.min_real_lower <= 1 <= found.min_real_upper
    assert found.min_real_upper - found.min_real_lower < 1e-9
    for value in (*range(1, 7), 2 + 3j, 2 - 3j):
        assert any(abs(complex(disc.re, disc.im) - value) <= disc.radius * (1 + 1e-9) for disc in found.discs)
    assert len(found.discs) == 8
    low, high = found.step_bound
    assert low <= 4 / 13 * (1 + 1e-15) and high >= 4 / 13 * (1 - 1e-15) and high - low < 1e-9


def test_every_matrix_of_a_ball_is_meant(rng):
    """With radii, the discs contain the eigenvalues of matrices at corners of the ball; too large ones show no sign."""
    a = companion([1, 3, 7])
    found = spectrum(MidRad(a, np.full((3, 3), 1e-4)))
    for _ in range(20):
        values = np.linalg.eigvals(a + 1e-4 * rng.choice([-1, 1], (3, 3)))
        for value in values:
            assert any(abs(complex(d.re, d.im) - value) <= d.radius + 1e-9 for d in found.discs)
    assert found.all_positive
    wide = spectrum(MidRad(a, np.full((3, 3), 10.0)))
    assert wide is None or not (wide.all_positive or wide.some_negative)


@pytest.mark.parametrize("sign", [1, -1])
def test_defective_matrices_have_their_sign(rng, sign):
    """A Jordan block of size 4 at +-1, in an integer basis, is enclosed on its side of 0."""
    block = sign * np.eye(4) + np.diag(np.ones(3), 1)
    found = spectrum(MidRad(integral(rng, block)))
    assert (found.all_positive, found.some_negative) == (sign > 0, sign < 0)
    assert found.min_real_lower <= sign <= found.min_real_upper


def test_eigenvalues_near_zero_are_not_given_a_sign(rng):
    """An eigenvalue 0 has no sign, nor has one of 1e-18 in a matrix of size 1."""
    for least in (0.0, 1e-18):
        found = spectrum(MidRad(integral(rng, np.diag([least, 1.0, 2.0]))))
        assert not found.all_positive and not found.some_negative


@pytest.mark.parametrize("radius", [0.0, 1e-6])
def test_the_least_eigenvalue_of_the_second_difference(radius):
    """``2 - 2 cos(pi/(n+1))`` is the least eigenvalue of tridiagonal (-1, 2, -1); radii widen it by n radii at most."""
    n = 12
    a = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    low, high = least_eigenvalue(symmetric_part(MidRad(a, np.full((n, n), radius))))
    exact = 2 - 2 * math.cos(math.pi / (n + 1))
    assert low <= exact * (1 + 1e-14) and exact * (1 - 1e-14) <= high
    assert high - low <= 2 * n * radius + 1e-13


def test_what_nearly_is_orthonormal_and_what_cannot_be(rng):
    """``C G C^T`` is the identity to rounding; a singular G, or an indefinite one, has no C."""
    b = rng.normal(size=(4, 9))
    c = orthonormalizer(b @ b.T)
    assert abs(c @ b @ b.T @ c.T - np.eye(4)).max() < 1e-13
    assert orthonormalizer(-np.eye(3)) is None and orthonormalizer(np.zeros((2, 2))) is None


def test_bases_that_overflow_serve_for_nothing():
    """Numbers near the largest double: no enclosure, or a true one, and no error of another kind."""
    huge = MidRad(np.array([[1e308, 1e308], [1e308, 1e308]]))
    tiny = MidRad(np.array([[1e-310, 1.0], [0.0, 1.0]]))
    assert spectrum(huge) is None
    found = spectrum(tiny)
    assert found is None or found.min_real_lower <= 1e-310
    ends = least_eigenvalue(huge)
    assert ends is None or ends[0] <= 0 <= ends[1]


@pytest.mark.parametrize("seed", range(5))
def test_a_poor_inverse_of_the_basis_widens_the_discs(rng, monkeypatch, seed):
    """An inverse that is wrong by a hundredth: each eigenvalue is still in a disc, and the least in its interval."""
    rng = np.random.default_rng(seed)
    k = rng.normal(size=(4, 4)) + np.diag([1.0, 20.0, 40.0, 60.0])
    wrong, inverse = 0.01 * rng.normal(size=(4, 4)), np.linalg.inv
    monkeypatch.setattr(np.linalg, "inv", lambda a: inverse(a) + wrong @ inverse(a))
    found = spectrum(MidRad(k))
    for value in np.linalg.eigvals(k):
        assert any(
            abs(value - complex(float(disc.re), float(disc.im))) <= float(disc.radius) + 1e-12 for disc in found.discs
        )


def test_what_an_inverse_is_off_by_is_charged_in_full(monkeypatch):
    """Three quarters of 1 as its inverse: the row is a quarter off, and both terms make it; -1 is no inverse at all."""
    k = np.array([[4.0, 1.0], [0.0, 4.0]])
    monkeypatch.setattr(np.linalg, "inv", lambda a: np.diag([0.75, 1.0]))
    similar = _similar(MidRad(k), Basis(np.eye(2), [0, 0], [1, 1]))
    assert (abs(similar.mid - k) <= similar.rad).all() and similar.rad[0, 0] < 1 + 1e-12
    monkeypatch.setattr(np.linalg, "inv", lambda a: -a)
    with pytest.raises(DomainError):
        _similar(MidRad(k), Basis(np.eye(2), [0, 0], [1, 1]))


def test_powers_of_two_grade_what_is_beside_the_diagonal():
    """``diag(1, 1/8)`` makes 8 above the diagonal 1, and what is below eight times as large."""
    similar = _similar(MidRad(np.array([[1.0, 8.0], [0.25, 1.0]])), Basis(np.eye(2), [0, 3], [1, 1]))
    assert (abs(similar.mid - [[1, 1], [2, 1]]) <= similar.rad).all() and similar.rad.max() < 1e-14


@pytest.mark.parametrize("spread", [[[1, 1], [0, 0]], [[1, 0], [1, 0]]])
def test_a_block_is_off_by_its_rows_and_its_columns(spread):
    """The norm of a row or column of two ones is the root of 2: more than one of its sums, and no more than both."""
    for disc in _discs(MidRad(np.array([[0.0, 3.0], [-3.0, 0.0]]), 0.125 * np.array(spread)), [2]).discs:
        assert 0.125 * math.sqrt(2) <= disc.radius < 0.25 + 1e-12
