"""Bounds of the smallest eigenvalue, from below and from above, hold for every matrix of an enclosure."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hallucert.balls.ball_lanes import lane_arithmetic
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
        entry = lanes.box(np.array([1.0, -np.inf, 2.0]), np.array([1.0, np.inf, 2.0]))
        low, high = smallest_eigenvalues(lanes, [[entry]], 3)
    assert low[1] == -np.inf and high[1] == np.inf
    assert abs(low[0] - 1) < 1e-15 and abs(high[2] - 2) < 1e-14
