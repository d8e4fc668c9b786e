"""A float curve as a guide for cells: points of a branch by arclength, corrected onto the curve. Proposals only."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls import matrix
from hallucert.check.branch.system import BranchSystem, Vector

CORRECTOR_STEPS = 6


@dataclass(frozen=True)
class Guide:
    """What the prover needs to know of a branch found in floats.

    Attributes
    ----------
    points : (n, d + 1) array
        The curve in ``(x, lambda/scale)``.
    tangents : (n, d + 1) array
        Unit tangents.
    scale : float
        A power of two.
    singular : (m,) int array
        Indices of branch points, which no cell can contain.
    from_critical, to_critical : bool
        Whether the first and the last point are critical points with ``lambda = 0``.
    """

    points: np.ndarray
    tangents: np.ndarray
    scale: float
    singular: np.ndarray
    from_critical: bool
    to_critical: bool

    @property
    def arclength(self) -> np.ndarray:
        """Chord length from the first point to each point."""
        steps = np.linalg.norm(np.diff(self.points, axis=0), axis=1)
        return np.concatenate([[0.0], np.cumsum(steps)])


class Track:
    """Points of the curve for any arclength of a guide, corrected by Newton's method.

    Parameters
    ----------
    system : BranchSystem
        The equation; its balls are used for their midpoints.
    guide : Guide
        The curve.
    """

    def __init__(self, system: BranchSystem, guide: Guide) -> None:
        self.system, self.guide, self.scale = system, guide, guide.scale
        self.lengths = guide.arclength
        self.total = float(self.lengths[-1])
        self.unscaled = np.append(np.ones(system.dimension), guide.scale)

    def balls(self, z: np.ndarray) -> Vector:
        """Return a float point, exactly, in ``(x, lambda)``."""
        return [self.system.arithmetic.constant(Fraction(v)) for v in (z * self.unscaled).tolist()]

    def jacobian(self, z: np.ndarray) -> np.ndarray:
        """``DG`` in the scaled variables."""
        return matrix.midpoints(self.system.arithmetic, self.system.jacobian(self.balls(z))) * self.unscaled

    def point(self, sigma: float) -> np.ndarray:
        """Return the point of the curve near arclength `sigma`; the ends exactly as they are in the guide."""
        points, lengths = self.guide.points, self.lengths
        if sigma <= 0 or sigma >= self.total:
            return points[0] if sigma <= 0 else points[-1]
        i = min(int(np.searchsorted(lengths, sigma, side="right")) - 1, len(points) - 2)
        length = lengths[i + 1] - lengths[i]
        if length == 0:
            return points[i]
        p = (sigma - lengths[i]) / length
        a, b, t, u = points[i], points[i + 1], self.guide.tangents[i], self.guide.tangents[i + 1]
        guess = (
            (1 + 2 * p) * (1 - p) ** 2 * a
            + p * (1 - p) ** 2 * length * t
            + p * p * (3 - 2 * p) * b
            + p * p * (p - 1) * length * u
        )
        return self.corrected(guess, (b - a) / length)

    def corrected(self, z: np.ndarray, normal: np.ndarray) -> np.ndarray:
        """Newton's method in the hyperplane through `z` orthogonal to `normal`; `z` itself where it fails."""
        start, unit = z, float(np.abs(self.guide.points).max())
        for _ in range(CORRECTOR_STEPS):
            value = self.system.value(self.balls(z))
            jacobian = self.jacobian(z)
            row = normal * np.abs(jacobian).max()  # of the size of the others
            residual = np.append(matrix.midpoints(self.system.arithmetic, [value])[0], row @ (z - start))
            stacked = np.vstack([jacobian, row])
            if not (np.isfinite(stacked).all() and np.isfinite(residual).all()):
                return start
            step = np.linalg.lstsq(stacked, -residual, rcond=1e-12)[0]
            z = z + step
            if np.abs(step).max() <= 4e-16 * unit:
                break
        return z
