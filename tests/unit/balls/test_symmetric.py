"""Extreme eigenvalues, and the signs of all, hold for every symmetric matrix enclosed."""

from __future__ import annotations

import random
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from hallucert.balls import matrix as mx
from hallucert.balls.inertia import Inertia, inertia, is_positive_definite
from hallucert.balls.symmetric import extreme_eigenvalues
from hallucert.errors import ArgumentError


def symmetric(rng, d):
    rows = [[Fraction(rng.randint(-9, 9), 8) for _ in range(d)] for _ in range(d)]
    return [[rows[min(i, j)][max(i, j)] for j in range(d)] for i in range(d)]


def exact_eigenvalues(rows):
    """Eigenvalues to 60 digits, as Fractions."""
    with mpmath.workdps(60):
        matrix = mpmath.matrix([[mpmath.mpf(x.numerator) / x.denominator for x in row] for row in rows])
        return sorted(
            Fraction(*map(int, mpmath.libmp.to_rational(v._mpf_))) for v in mpmath.eigsy(matrix, eigvals_only=True)
        )


EPS = Fraction(1, 10**50)


@pytest.mark.parametrize("d", [1, 2, 3, 8])
def test_extreme_eigenvalues_are_enclosed_tightly(ar, d):
    """The first and last eigenvalue of random matrices up to 8 by 8 are enclosed within 1e-13."""
    rng = random.Random(d)
    for _ in range(5):
        rows = symmetric(rng, d)
        truth = exact_eigenvalues(rows)
        (a, b), (c, e) = extreme_eigenvalues(ar, mx.from_rationals(ar, rows))
        assert a - EPS <= truth[0] <= b + EPS and c - EPS <= truth[-1] <= e + EPS
        assert max(b - a, e - c) < Fraction(1, 10**13)


def test_extreme_eigenvalues_of_wide_matrices_cover_every_symmetric_corner(ar):
    """With radius 1/20 they hold those of 30 corners, and are no wider than Weyl's bound."""
    rng, d, radius = random.Random(3), 4, Fraction(1, 20)
    rows = symmetric(rng, d)
    balls = [[ar.interval(x - radius, x + radius) for x in row] for row in rows]
    (a, b), (c, e) = extreme_eigenvalues(ar, balls)
    for _ in range(30):
        moves = symmetric(rng, d)
        truth = exact_eigenvalues(
            [
                [x + (radius if m > 0 else -radius) for x, m in zip(r, s, strict=True)]
                for r, s in zip(rows, moves, strict=True)
            ]
        )
        assert a <= truth[0] <= b and c <= truth[-1] <= e
    assert b - a <= 2 * d * radius + Fraction(1, 10**6)


@pytest.mark.parametrize("d", [2, 50])
def test_multiple_eigenvalues(ar, d):
    """For 3.1 I - 2.1 h h^T the ends 1 and 3.1 are enclosed within 1e-12, and it is positive definite."""
    # A Householder reflection of diag(1, 3.1, 3.1, ...), with entries that are exact rationals
    v = [Fraction(i + 1) for i in range(d)]
    norm = sum(x * x for x in v)
    h = [[int(i == j) - 2 * v[i] * v[j] / norm for j in range(d)] for i in range(d)]
    # H diag H = 3.1 I - 2.1 h_0 h_0^T
    rows = [[Fraction(31, 10) * int(i == j) - Fraction(21, 10) * h[i][0] * h[j][0] for j in range(d)] for i in range(d)]
    (a, b), (c, e) = extreme_eigenvalues(ar, mx.from_rationals(ar, rows))
    assert a <= 1 <= b and c <= Fraction(31, 10) <= e and max(b - a, e - c) < Fraction(1, 10**12)
    assert is_positive_definite(ar, mx.from_rationals(ar, rows))
    assert inertia(ar, mx.from_rationals(ar, [[-x for x in row] for row in rows])) == Inertia(0, d, 0)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_a_singular_matrix_is_never_definite(ar, d):
    """A Gram matrix of rank d - 1 is not definite, counts no negative, and its least eigenvalue may be 0."""
    rng = random.Random(d)
    for _ in range(10):
        tall = [[Fraction(rng.randint(-5, 5)) for _ in range(d - 1)] for _ in range(d)]
        gram = [[sum((x * y for x, y in zip(p, q, strict=True)), Fraction(0)) for q in tall] for p in tall]
        found = inertia(ar, mx.from_rationals(ar, gram))
        assert found.positive < d and found.negative == 0 and not is_positive_definite(ar, mx.from_rationals(ar, gram))
        low, high = extreme_eigenvalues(ar, mx.from_rationals(ar, gram))[0]
        assert low <= 0 <= high


@pytest.mark.parametrize("d", [1, 3, 6])
def test_inertia_counts_the_signs(ar, d):
    """Of random matrices no sign is counted too often, and none is open where the eigenvalues are off 0."""
    rng = random.Random(d)
    for _ in range(8):
        rows = symmetric(rng, d)
        truth = exact_eigenvalues(rows)
        found = inertia(ar, mx.from_rationals(ar, rows))
        assert found.positive <= sum(x > EPS for x in truth) and found.negative <= sum(x < -EPS for x in truth)
        if min(map(abs, truth)) > Fraction(1, 10**8):
            assert found.undecided == 0


def test_only_the_upper_triangle_is_read(ar):
    """With 1 above the diagonal and 100 below, the eigenvalues are those of [[2, 1], [1, 2]]."""
    rows = mx.from_floats(ar, np.array([[2.0, 1.0], [100.0, 2.0]]))
    assert is_positive_definite(ar, rows)
    (low, _), (_, high) = extreme_eigenvalues(ar, rows)
    assert low > Fraction(9, 10) and high < Fraction(31, 10)


def test_indeterminate_and_misshapen_matrices(ar):
    """Indeterminate or huge entries decide nothing; an empty matrix and one not square are refused."""
    bad = [[ar.indeterminate()]]
    assert (
        not is_positive_definite(ar, bad) and extreme_eigenvalues(ar, bad) is None and inertia(ar, bad).undecided == 1
    )
    two = [[ar.constant(Fraction(1)), ar.indeterminate()]] * 2
    assert extreme_eigenvalues(ar, two) is None
    huge = ar.power(ar.constant(Fraction(2)), 4000)
    assert not is_positive_definite(ar, [[huge, huge], [huge, huge]])
    with pytest.raises(ArgumentError):
        extreme_eigenvalues(ar, [[ar.pi(), ar.pi()]])
    with pytest.raises(ArgumentError):
        inertia(ar, [])


@pytest.mark.parametrize("norm", [10.0, 1e6, 1e12])
def test_the_smallest_eigenvalue_is_known_better_than_its_eigenvector(ar, norm):
    """An eigenvalue far below the size of its matrix is enclosed to second order in the error of the eigenvectors."""
    basis = np.linalg.qr(np.random.default_rng(4).standard_normal((3, 3)))[0]
    a = basis @ np.diag([-3.0, 0.1 * norm, norm]) @ basis.T
    rows = [[Fraction(a[min(i, j), max(i, j)]) for j in range(3)] for i in range(3)]
    truth = exact_eigenvalues(rows)
    for sign in (1, -1):  # the largest of -A is found as well as the smallest of A
        (low, high), (other_low, other_high) = extreme_eigenvalues(
            ar, mx.from_rationals(ar, [[sign * v for v in row] for row in rows])
        )
        if sign == -1:
            low, high = -other_high, -other_low
        assert low - EPS <= truth[0] <= high + EPS
        assert high - low <= Fraction(1, 2**45)


@pytest.mark.parametrize("rows", [(1, 1, 1), (-3, 2, 1), (5, 0, 5), (0, 0, 0), (7, 0, -7), (2, 6, -2)])
@pytest.mark.parametrize("hair", [0, Fraction(1, 2**60), Fraction(-1, 2**60)])
def test_eigenvalues_of_two_rows_keep_their_digits(ar, rows, hair):
    """Those of [[a, b], [b, c]] are enclosed to 60 bits of their own, also where they nearly cancel or are equal."""
    a, b, c = (Fraction(v) for v in rows)
    m = [[a, b], [b, c + hair]]
    truth = exact_eigenvalues(m)
    for (low, high), value in zip(extreme_eigenvalues(ar, mx.from_rationals(ar, m)), truth, strict=True):
        assert low - EPS <= value <= high + EPS
        assert high - low <= abs(value) / 2**60 + EPS


def test_a_singular_proposal_of_eigenvectors_bounds_nothing(ar, monkeypatch):
    """Two columns of I and a column of zeros, off from orthonormal by exactly 1, are the least that is refused."""
    from hallucert.balls import similarity

    a = [[ar.constant(Fraction(v)) for v in row] for row in ((1, 0, 0), (0, 2, 0), (0, 0, 3))]
    assert extreme_eigenvalues(ar, a) is not None
    proposal = np.array([1.0, 2.0, 3.0]), np.diag([1.0, 1.0, 0.0])
    monkeypatch.setattr(similarity, "float_eigenvectors", lambda _: proposal)
    monkeypatch.setattr(similarity, "_quotient", lambda ar, *_: ar.constant(Fraction(1)))
    assert extreme_eigenvalues(ar, a) is None


def test_the_radii_of_entries_move_eigenvalues_by_no_less(ar):
    """Of diag(1 +- r, 3 +- r), r = 2**-20 + 2**-60, the ends are reached; what is not known has no eigenvalues."""
    r, zero = Fraction(1, 2**20) + Fraction(1, 2**60), ar.constant(Fraction(0))
    rows = [[ar.interval(1 - r, 1 + r), zero], [zero, ar.interval(3 - r, 3 + r)]]
    (low, least), (most, high) = extreme_eigenvalues(ar, rows)
    assert low <= 1 - r and least >= 1 + r and most <= 3 - r and high >= 3 + r and high - most < 4 * r
    rows[1][1] = ar.indeterminate()
    assert extreme_eigenvalues(ar, rows) is None


@pytest.mark.parametrize("sign", [1, -1])
def test_two_real_eigenvalues_are_known_to_all_digits(ar, sign):
    """2**60 and 2**-60 of one sign, each to 90 bits; equal ones, and ones that are not known to be real, are not."""
    a, b, zero = Fraction(2) ** 60, Fraction(2) ** -60, Fraction(0)
    pair = mx.real_eigenvalues(ar, mx.from_rationals(ar, [[sign * a, zero], [zero, sign * b]]))
    for ball, value in zip(pair, sorted((sign * a, sign * b)), strict=True):
        low, high = ar.endpoints(ball)
        assert low <= value <= high and high - low <= abs(value) / 2**90
    assert mx.real_eigenvalues(ar, mx.identity(ar, 2)) is None
    wide, half = ar.interval(Fraction(-1), Fraction(1)), ar.constant(Fraction(1, 2))
    low, high = mx.real_eigenvalues(ar, [[wide, half], [half, wide]])
    assert ar.lower(low) <= Fraction(-3, 2) and ar.upper(high) >= Fraction(3, 2) and ar.upper(low) < 1
    with pytest.raises(ArgumentError):
        mx.require_square([[half, half], [half]])
