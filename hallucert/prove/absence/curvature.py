"""Units of a critical point: the distance at which the curvature changes, in floats."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from hallucert.check.census.search.float_points import FloatPoints
from hallucert.check.units import MOST, OCTAVES, Units, units_of
from hallucert.objectives.formula import FormulaObjective

NOISE = 2.0**-40
"""An eigenvalue is negative if it is below that part of the largest, as far as this is concerned."""


def curvature_units(f: FormulaObjective, target: Sequence[Fraction]) -> Units:
    """Return units for a critical point and the ball around it on which a function is convex.

    The length is the least power of two at which the Hessian has a negative eigenvalue, or has none if it has
    one at the target, along axes and diagonals; if there is none, the size of the target.
    """
    c = np.array([float(v) for v in target])
    directions = np.concatenate([np.eye(len(c)), -np.eye(len(c)), np.ones((1, len(c))), -np.ones((1, len(c)))])
    first = _first_change(f, c, directions, np.arange(-MOST, MOST, OCTAVES))
    if first is not None:
        first = _first_change(f, c, directions, np.arange(first - OCTAVES + 1, first + 1))
    length = float(np.ldexp(1.0, first)) if first is not None else float(np.abs(c).max()) or 1.0
    return units_of(f, length, c + length * directions / 2)


def _first_change(f: FormulaObjective, c: np.ndarray, directions: np.ndarray, exponents: np.ndarray) -> int | None:
    """Return the first exponent of a distance from ``c`` at which the Hessian has another sign than there, or None."""
    lengths = np.ldexp(1.0, exponents)[:, None, None]
    points = np.concatenate([(c + lengths * directions).reshape(-1, len(c)), c[None]])
    with np.errstate(all="ignore"):
        rows = f.enclose_hessian(FloatPoints(), list(points.T))
        hessians = np.stack([np.stack([np.broadcast_to(v, len(points)) for v in row], 1) for row in rows], 1)
    finite = np.isfinite(hessians).all(axis=(1, 2))
    eigenvalues = np.linalg.eigvalsh(np.where(finite[:, None, None], hessians, 0.0))
    negative = eigenvalues[:, 0] < -NOISE * np.abs(eigenvalues).max(axis=1)
    convex, indefinite = finite & ~negative, finite & negative
    changed = (convex if indefinite[-1] else indefinite)[:-1].reshape(len(exponents), -1).any(axis=1)
    return int(exponents[int(np.argmax(changed))]) if changed.any() else None
