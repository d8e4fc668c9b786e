"""Bounds of the smallest eigenvalue, from below and from above, hold for every matrix of an enclosure."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.check.region import convexity
from hallucert.check.region.convexity import smallest_eigenvalues

BACKENDS = ["float", "arb", "mpmath"]


def bounds(low, high, backend="float"):
    """The bounds for one matrix of intervals."""
    lanes = lane_arithmetic(backend)
    with lanes:
        rows = [
            [lanes.box(np.array([a]), np.array([b])) for a, b in zip(*rows, strict=True)]
            for rows in zip(np.array(low, float), np.array(high, float), strict=True)
        ]
        return tuple(float(bound[0]) for bound in smallest_eigenvalues(lanes, rows, 1))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("matrix", "smallest"),
    [
        ([[3]], 3),
        ([[-3]], -3),
        ([[1, 2], [2, 1]], -1),  # 1 +- 2
        ([[2, 1], [1, 2]], 1),
        ([[4, 12], [12, -3]], -12),  # (1 +- 25)/2
        ([[-5, 0], [0, -7]], -7),
        ([[2, -1, 0], [-1, 2, -1], [0, -1, 2]], 2 - math.sqrt(2)),
        ([[0, 1, 1], [1, 0, 1], [1, 1, 0]], -1),
    ],
)
def test_thin_matrices_are_bounded_closely(matrix, smallest, backend):
    """The eigenvalue by hand lies between the bounds, which are a few units apart."""
    low, high = bounds(matrix, matrix, backend)
    assert low <= smallest + 1e-15 and smallest - 1e-15 <= high
    assert high - low < 1e-14 * (1 + abs(smallest))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_semidefinite_matrix_is_told_by_its_diagonal(backend):
    """diag(2, 0) is exactly dominant, and (1, 1; 1, 1) is not told from one with an eigenvalue below 0."""
    assert bounds([[2, 0], [0, 0]], [[2, 0], [0, 0]], backend)[0] == 0
    assert -1e-14 < bounds([[1, 1], [1, 1]], [[1, 1], [1, 1]], backend)[0] < 0
    assert bounds([[2, 1], [1, 1]], [[2, 1], [1, 1]], backend)[0] > 0.3  # the diagonal alone says 0


def test_all_matrices_of_an_enclosure_are_bounded():
    """Random symmetric matrices in it, by LAPACK, are not below the lower bound; the middle is not above the upper."""
    rng = np.random.default_rng(1)
    for d in (1, 2, 3, 4):
        for _ in range(60):
            middle, radius = rng.normal(size=(d, d)), rng.uniform(0, 0.3, size=(d, d)) * rng.integers(0, 2)
            middle, radius = middle + middle.T, radius + radius.T
            low, high = bounds(middle - radius, middle + radius)
            inside = middle + radius * rng.choice([-1, 1], size=(200, d, d))
            inside = np.tril(inside) + np.tril(inside, -1).transpose(0, 2, 1)
            found = np.linalg.eigvalsh(inside)[:, 0]
            assert low <= found.min() + 1e-13 and found.max() <= high + 1e-13


def test_what_is_not_finite_has_no_bounds():
    """An entry that may be anything: nothing is known of that lane, and the others are not touched."""
    lanes = lane_arithmetic("float")
    with lanes:
        ends = np.array([1.0, -np.inf, 2.0, -np.inf, 1.0]), np.array([1.0, np.inf, 2.0, 1.0, np.inf])
        low, high = smallest_eigenvalues(lanes, [[lanes.box(*ends)]], 5)
    assert np.isneginf(low[[1, 3, 4]]).all() and np.isposinf(high[[1, 3, 4]]).all()
    assert abs(low[0] - 1) < 1e-15 and abs(high[2] - 2) < 1e-14
    unit, below, above = [[1, 0], [0, 1]], [[1, -np.inf], [-np.inf, 1]], [[1, np.inf], [np.inf, 1]]
    assert bounds(below, unit) == bounds(unit, above) == (-np.inf, np.inf)


def test_entries_near_the_largest_double_have_bounds():
    """Sums of two of them overflow, and there are bounds all the same."""
    h = 1.6e308
    matrix = [[0, h, -0.3 * h], [h, 0.5 * h, -h], [-0.3 * h, -h, h]]
    low, high = bounds(matrix, matrix)
    assert low <= 1.6e308 * np.linalg.eigvalsh(np.array(matrix) / h)[0] <= high
    assert bounds([[h, 0, 0], [0, h, 0], [0, 0, h]], [[h, 0, 0], [0, h, 0], [0, 0, h]])[0] == h


@pytest.mark.parametrize(("formula", "expected"), [("", True), (" + 5*x*z", False)])
def test_quadratics_of_three_variables(formula, expected):
    """(2, 3, 0; 3, 8, 1; 0, 1, 2) has the minors 2, 7 and 12; with 5 in its corner the last is -158."""
    f = hc.Objective.parse(f"x**2 + 3*x*y + 4*y**2 + z**2 + y*z{formula}", ("x", "y", "z"))
    assert convexity.is_convex(f) is expected


TURN = [[0.8, -0.6], [0.6, 0.8]]


@pytest.mark.parametrize(
    ("w", "low", "high", "bounds_by_hand"),
    [
        (TURN, [[3, 1], [1, 3]], None, (2.0, 3 - 0.96)),  # W^T H W has the diagonal 3 +- 0.96
        ([[0.9, 0], [0, 0.9]], [[3, 1], [1, 3]], None, (2.0, 3.0)),  # e = 0.19: 2.43/0.81
        ([[0.9, 0], [0, 0.9]], [[-3, 1], [1, -3]], None, (-4.0, -2.43 / 1.19)),
        ([[0.9, 0], [0, 1]], [[1, 2], [2, 1]], None, (-1.0, 1.0)),
        ([[1, 0], [0, 2]], [[3, 1], [1, 3]], None, (2.0, np.inf)),  # e = 3
        ([[1, 1], [0, 0]], [[3, 1], [1, 3]], None, (2.0, np.inf)),
        ([[0, 0], [0, 0]], [[3, 1], [1, 3]], None, (2.0, np.inf)),
        ([[np.nan, 0], [0, 1]], [[3, 1], [1, 3]], None, (2.0, np.inf)),
        ([[1, 0], [0, 1]], [[0, 0], [0, 0]], [[0, 2], [2, 0]], (-2.0, 0.0)),
        ([[1, 0], [0, 1]], [[0, -2], [-2, 0]], [[0, 0], [0, 0]], (-2.0, 0.0)),
    ],
)
def test_whatever_basis_is_proposed(w, low, high, bounds_by_hand, monkeypatch):
    """Vectors that are too long, short or parallel, or no numbers: the diagonal and the rows of W^T H W, by hand."""
    monkeypatch.setattr(np.linalg, "eigh", lambda a: (None, np.array([w], float)))
    assert bounds(low, low if high is None else high) == pytest.approx(bounds_by_hand, abs=1e-14)


def test_bounds_are_rounded_outwards(monkeypatch):
    """1 - 2^-60 is not a double, and a quotient by 1 need not be exact."""
    assert Fraction(bounds([[1, 2.0**-60], [2.0**-60, 1]], [[1, 2.0**-60], [2.0**-60, 1]])[0]) <= 1 - Fraction(1, 2**60)
    monkeypatch.setattr(convexity, "_distance_from_orthogonal", np.zeros_like)
    for value in (-1.0, 1.0):
        low, high = bounds([[value]], [[value]])
        assert low <= value <= high


def test_the_distance_from_an_orthogonal_matrix_is_bounded_closely():
    """|W^T W - I|, exactly, of turns, of long and short vectors and of products that underflow."""
    turns = [[[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]] for t in np.linspace(0.1, 6, 40)]
    long = np.random.default_rng(2).normal(size=(40, 1, 1)) * 1e4
    x, y = 1e4 * np.random.default_rng(3).normal(size=(2, 40))
    askew = np.array([[x, -0.7 * y], [y, 0.7 * x]]).transpose(2, 0, 1)  # columns that are orthogonal but for rounding
    for w in (np.array(turns), askew, long, np.array([[[1e-170, 1e-170], [0.0, 0.0]]]), np.array([[[0.25]]])):
        for found, one in zip(convexity._distance_from_orthogonal(w), w, strict=True):
            columns = [[Fraction(v) for v in column] for column in one.T.tolist()]
            for i, a in enumerate(columns):
                for j, b in enumerate(columns):
                    size = sum(abs(p * q) for p, q in zip(a, b, strict=True))
                    exact = abs(sum(p * q for p, q in zip(a, b, strict=True)) - (i == j))
                    assert (
                        exact
                        <= Fraction(found[i, j])
                        <= exact * (1 + Fraction(1, 10**14)) + Fraction(1, 10**14) * (1 + size)
                    )


@pytest.mark.parametrize("end", [(1, math.inf), (-math.inf, 1), (-math.inf, math.inf)])
def test_one_entry_without_a_bound_leaves_nothing_known(end):
    """Whatever is known of the others: nothing is bounded, not even from the side that would be."""
    low, high = ([[1, 0], [0, side]] for side in end)
    assert bounds(low, high) == (-math.inf, math.inf)
