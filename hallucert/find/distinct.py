"""Distinct points: merge what a multi-start found twice, thin what it found along a continuum."""

from __future__ import annotations

import numpy as np

REPRESENTATIVES = 4  # how many points stand for one continuum of solutions


def distinct(points: np.ndarray, separation: float) -> np.ndarray:
    """Return the indices of points of which no two are within `separation`; earlier ones win."""
    kept: list[int] = []
    store = np.empty_like(points)
    for i, point in enumerate(points):
        difference = store[: len(kept)] - point
        if not kept or np.einsum("kd,kd->k", difference, difference).min() > separation**2:
            store[len(kept)] = point
            kept.append(i)
    return np.array(kept, dtype=int)


def thinned(
    points: np.ndarray, values: np.ndarray, degenerate: np.ndarray, value_tolerance: float, separation: float
) -> np.ndarray:
    """Return the indices of all nondegenerate points and a few representatives of each degenerate family.

    ``f`` is constant along a connected set of critical points, so degenerate points with one value of ``f`` form a
    family; of each family at most `REPRESENTATIVES` points are kept, each as far from the others as can be, and
    none within `separation` of another.
    """
    keep: list[int] = np.flatnonzero(~degenerate).tolist()
    rest = np.flatnonzero(degenerate)
    rest = rest[np.argsort(values[rest], kind="stable")]
    start = 0
    for end in range(1, rest.size + 1):
        if end == rest.size or values[rest[end]] - values[rest[start]] > value_tolerance:
            keep.extend(_farthest_first(points, rest[start:end], separation))
            start = end
    return np.array(sorted(keep), dtype=int)


def _farthest_first(points: np.ndarray, family: np.ndarray, separation: float) -> list[int]:
    family = np.sort(family)
    chosen = [int(family[0])]
    gap = np.linalg.norm(points[family] - points[chosen[0]], axis=1)
    while len(chosen) < REPRESENTATIVES and gap.max() > separation:
        chosen.append(int(family[int(np.argmax(gap))]))
        gap = np.minimum(gap, np.linalg.norm(points[family] - points[chosen[-1]], axis=1))
    return chosen


def lexicographic(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the order by value, ties (to nine digits of the largest) by coordinates."""
    if values.size == 0:
        return np.zeros(0, dtype=int)
    value_scale, length_scale = max(float(np.abs(values).max()), 1e-300), max(float(np.abs(points).max()), 1e-300)
    keys = [np.round(points[:, i] / length_scale, 9) for i in reversed(range(points.shape[1]))]
    return np.lexsort([*keys, np.round(values / value_scale, 9)])
