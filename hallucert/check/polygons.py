"""Proved curves as polygons of doubles, for pictures. No check needs them."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.arguments import quiet
from hallucert.check.branch.certificate import BranchCertificate

SAMPLES = 9
"""Points of each cell of a branch."""


@quiet
def curves(certificate: Any) -> tuple[np.ndarray, ...]:
    """For pictures: each chain as a polygon.

    Of a branch through its cells, shape (n, d + 1) in ``(x, lambda)``; of a sheet through the axes of its cells, shape
    (n, d).
    """
    drawn = branch_polygon if isinstance(certificate, BranchCertificate) else sheet_polygon
    return tuple(drawn(chain, certificate.objective.dimension) for chain in certificate.chains)


def doubles(numbers: Any) -> np.ndarray:
    """Return a vector or matrix of exact numbers in doubles: infinite beyond their range."""
    result: np.ndarray = np.vectorize(_double, otypes=[float])(np.array(numbers, dtype=object))
    return result


def _double(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def branch_polygon(chain: Any, dimension: int) -> np.ndarray:
    """Return points of the arcs of a chain's cells, shape (n, d + 1)."""
    pieces = [arc_points(link.cell, link.start, link.cell.span[1]) for link in chain.links]
    return np.concatenate([np.empty((0, dimension + 1)), *pieces])


def arc_points(cell: Any, start: Fraction, end: Fraction) -> np.ndarray:
    """Return points of the parabola ``m + s T + s^2 N q`` of a cell of a branch, from one ``s`` to another."""
    centre, frame, bend = (doubles(a) for a in (cell.centre, cell.frame, cell.bend))
    s = np.linspace(_double(start), _double(end), SAMPLES)[:, None]
    return np.asarray(centre + s * frame[:, 0] + s**2 * (frame[:, 1:] @ bend))


def sheet_polygon(chain: Any, dimension: int) -> np.ndarray:
    """Return the middles of a chain's cells, and both ends; a closed chain comes back to its first middle."""
    points = [doubles(cell.centre) for cell in chain.cells]
    if not points:
        return np.empty((0, dimension))
    if chain.closed:
        return np.array([*points, points[0]])
    ends = []
    for cell, middle, side in ((chain.cells[0], points[0], 0), (chain.cells[-1], points[-1], 1)):
        ends.append(middle + doubles(cell.span)[side] * doubles(cell.frame)[:, 0])
    return np.array([ends[0], *points, ends[1]])
