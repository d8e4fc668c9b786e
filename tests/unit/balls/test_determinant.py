"""Determinants by the sum over permutations, of exact matrices and of those in wide ones, and their derivatives."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from math import prod

import numpy as np
import pytest

from hallucert.balls import matrix as mx
from hallucert.balls.determinant import determinant, expanded
from hallucert.errors import ArgumentError


def terms(n):
    """Permutations with their signs."""
    return [(p, (-1) ** sum(p[i] > p[j] for i in range(n) for j in range(i + 1, n))) for p in permutations(range(n))]


def by_permutations(a):
    return sum(sign * prod(row[j] for row, j in zip(a, p, strict=True)) for p, sign in terms(len(a)))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_determinants_of_exact_matrices(ar, n):
    """Random integers, a matrix whose pivots have to be exchanged, and a singular one."""
    rng = np.random.default_rng(n)
    exchanged = [[int(j == (i + 1) % n) for j in range(n)] for i in range(n)]
    for a in (rng.integers(-5, 6, (n, n)).tolist(), rng.integers(-5, 6, (n, n)).tolist(), exchanged, [[0] * n] * n):
        found = determinant(ar, mx.from_rationals(ar, [[Fraction(x) for x in row] for row in a]))
        low, high = ar.endpoints(found)
        assert low <= by_permutations(a) <= high and high - low < Fraction(1, 2**25)


@pytest.mark.parametrize("width", ["1/100", "3/8", "2", "3"])
def test_determinants_in_a_wide_matrix(ar, width):
    """All corners that are drawn around the identity in four dimensions, with both signs where it is wide."""
    width, rng, seen = Fraction(width), np.random.default_rng(0), []
    one, zero = Fraction(1), Fraction(0)
    balls = [[ar.interval((i == j) - width, (i == j) + width) for j in range(4)] for i in range(4)]
    low, high = ar.endpoints(determinant(ar, balls))
    signs = [np.full((4, 4), -1), np.ones((4, 4), int), *rng.choice([-1, 1], (20, 4, 4))]
    for corner in signs:
        a = [[(one if i == j else zero) + int(corner[i, j]) * width for j in range(4)] for i in range(4)]
        seen.append(by_permutations(a))
    assert low <= min(seen) and max(seen) <= high and (min(seen) < 0) == (width > Fraction(1, 4))


def test_what_has_no_determinant(ar):
    """No rows, rows of other lengths; an entry that is not known leaves the determinant unknown."""
    one, unknown = ar.constant(Fraction(1)), ar.indeterminate()
    for a in ([], [[one, one], [one]], [[one], [one, one]]):
        with pytest.raises(ArgumentError):
            determinant(ar, a)
    for n in (1, 3, 4, 5):
        a = mx.identity(ar, n)
        a[n - 1][0] = unknown
        assert not ar.is_finite(determinant(ar, a))


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_derivative_along_a_line_of_matrices(n):
    """In whole numbers: of each product of entries the derivative by the product rule; without one, none."""
    rng = np.random.default_rng(n)
    a, b = rng.integers(-5, 6, (2, n, n)).tolist()
    slope = sum(by_permutations([*a[:i], b[i], *a[i + 1 :]]) for i in range(n))
    pairs = [list(zip(*rows, strict=True)) for rows in zip(a, b, strict=True)]
    assert expanded(pairs) == (by_permutations(a), slope)
    for i in range(n):
        for j in range(n):
            without = [[(x, None) if (k, m) == (i, j) else (x, y) for m, (x, y) in enumerate(row)]
                       for k, row in enumerate(pairs)]  # fmt: skip
            assert expanded(without) == (by_permutations(a), None)
