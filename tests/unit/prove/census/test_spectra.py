"""Spectra in lanes of intervals: mpmath with many digits and samples are the oracles."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hallucert.balls import arithmetic
from hallucert.balls.lanes import FloatLanes, Lanes
from hallucert.prove.census import spectra
from hallucert.prove.census.spectra import signs_in_lanes, smallest_in_real_basis, smallest_real_parts

ENTRY = st.integers(-20, 20)


@given(st.lists(st.lists(ENTRY, min_size=3, max_size=3), min_size=3, max_size=3), st.sampled_from([2, 3]))
@settings(max_examples=100, deadline=None)
def test_spectra_in_lanes(rows, n):
    """Smallest real parts, and signs of the symmetric part, lie where mpmath's eigenvalues with 40 digits say."""
    rows = [row[:n] for row in rows[:n]]
    lanes, ar, two = FloatLanes(), arithmetic("arb", 106), np.array([1.0, 0.5])
    matrix = [[Lanes(v * two, v * two) for v in row] for row in rows]
    sums = np.array(rows) + np.array(rows).T
    both = [[Lanes(v * two, v * two) for v in row] for row in sums]
    with lanes, ar, mpmath.workdps(40):
        found, counted = smallest_real_parts(ar, lanes, matrix, 2), signs_in_lanes(ar, lanes, both, 2)
        values = mpmath.eig(mpmath.matrix(rows))[0]
        least = min(mpmath.re(v) for v in values)
        symmetric = mpmath.eigsy(mpmath.matrix(sums.tolist()), eigvals_only=True)
    for (low, high), factor in zip(found, two, strict=True):
        if not math.isnan(low):
            assert low - 1e-12 <= factor * least <= high + 1e-12 and (n == 3 or high - low < 1e-3)
    for positive, negative in counted:
        assert positive <= sum(v > -1e-15 for v in symmetric) and negative <= sum(v < 1e-15 for v in symmetric)
        if all(abs(v) > 1e-9 for v in symmetric):
            assert positive + negative == n or (n == 2 and min(abs(v) for v in symmetric) < 1e-9)


def test_spectra_of_interval_matrices_hold_those_of_every_matrix():
    """Around a double eigenvalue, where s changes its sign: undecided, or around what 200 samples have."""
    lanes, ar, rng, decided = FloatLanes(), arithmetic("arb", 106), np.random.default_rng(0), 0
    for _ in range(200):
        middle = rng.integers(-3, 4, (2, 2)).astype(float)
        radius = 2.0 ** -rng.integers(1, 12) * rng.integers(0, 2, (2, 2))
        with lanes, ar:
            matrix = [
                [Lanes(m - r, m + r) for m, r in zip(*rows, strict=True)] for rows in zip(middle, radius, strict=True)
            ]
            ((low, high),) = smallest_real_parts(ar, lanes, matrix, 1)
        samples = middle + radius * rng.choice([-1, -0.5, 0, 0.5, 1], (200, 2, 2))
        least = np.linalg.eigvals(samples).real.min(axis=1)
        if not math.isnan(low):
            decided += 1
            assert low - 1e-6 <= least.min() and least.max() <= high + 1e-6
    assert 50 < decided < 200


def matrices(n: int) -> np.ndarray:
    """Intervals around matrices with real and with complex, simple and double eigenvalues, (30, n, n, 2)."""
    rng = np.random.default_rng(n)
    middle = rng.normal(size=(30, n, n))
    middle[::2] = middle[::2] @ middle[::2].transpose(0, 2, 1)
    middle[::5] = np.round(middle[::5])
    middle[::7] *= 1e-5
    middle[3:30:20] = np.eye(n) + np.triu(np.ones((n, n)), 1)  # defective
    radius = np.where(rng.random(middle.shape) < 0.5, 0.0, 1e-12 * np.abs(middle))
    return np.stack([middle - radius, middle + radius], -1)


def misses(found: np.ndarray, intervals: np.ndarray) -> list[int]:
    """The numbers of enclosures that do not hold the least real part of one of the end matrices, to 50 digits."""
    wrong = []
    with mpmath.workdps(50):
        for i in np.flatnonzero(~np.isnan(found).any(1)).tolist():
            for matrix in intervals[i].transpose(2, 0, 1).tolist():
                least = min(mpmath.re(v) for v in mpmath.eig(mpmath.matrix(matrix), left=False, right=False))
                if not found[i, 0] <= least <= found[i, 1]:
                    wrong.append(i)
    return wrong


@pytest.mark.parametrize("n", [3, 4])
def test_real_bases_enclose_the_least_eigenvalue(n):
    """Most matrices are decided, tightly where their eigenvalues are simple, and all enclosures are true."""
    lanes, intervals = FloatLanes(), matrices(n)
    with lanes:
        found = smallest_in_real_basis(lanes, intervals)
    decided = ~np.isnan(found).any(1)
    assert 15 <= decided.sum() < 30 and not misses(found, intervals)
    widths = (found[:, 1] - found[:, 0])[decided] / np.abs(intervals).max((1, 2, 3))[decided]
    assert np.median(widths) < 1e-10


def test_a_rough_inverse_of_the_basis_widens_the_enclosure(monkeypatch):
    """An inverse that is off by a thousandth is accounted for: enclosures are wide and true."""
    lanes, intervals = FloatLanes(), matrices(3)
    whole, rng = spectra.inverses, np.random.default_rng(0)

    def rough(basis):
        inverse, usable = whole(basis)
        return inverse * (1 + 1e-3 * rng.normal(size=inverse.shape)), usable

    monkeypatch.setattr(spectra, "inverses", rough)
    with lanes:
        found = smallest_in_real_basis(lanes, intervals)
    assert (~np.isnan(found).any(1)).sum() > 10 and not misses(found, intervals)


def test_what_no_float_basis_has_is_undecided(monkeypatch):
    """Entries that are not finite, and a routine that fails, propose nothing."""
    lanes, intervals = FloatLanes(), matrices(3)
    intervals[0, 1, 1] = -np.inf, np.inf
    with lanes:
        assert np.isnan(smallest_in_real_basis(lanes, intervals)[0]).all()

    def fail(matrices):
        raise np.linalg.LinAlgError

    monkeypatch.setattr(np.linalg, "eig", fail)
    with lanes:
        assert np.isnan(smallest_in_real_basis(lanes, intervals)).all()


def test_linked_discs_are_taken_together(monkeypatch):
    """The leftmost disc of [[0, 1], [-2.2, 3]], [-1, 1], holds none of its eigenvalues, 1.28 and 1.72."""
    matrix = np.array([[0.0, 1.0, 0.0], [-2.2, 3.0, 0.0], [0.0, 0.0, 50.0]])[None]
    monkeypatch.setattr(spectra, "_real_bases", lambda a: (np.broadcast_to(np.eye(3), a.shape), np.ones(len(a), bool)))
    lanes = FloatLanes()
    with lanes:
        ((low, high),) = smallest_in_real_basis(lanes, np.stack([matrix, matrix], -1))
    least = (3 - math.sqrt(0.2)) / 2
    assert low <= least <= high < 6
