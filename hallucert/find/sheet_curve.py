"""The curve ``r(x+) = 0`` in floats, for one residual fewer than variables and a fixed rho.

``A(x) = Dr(x+) J(x)`` has a null vector, the tangent. Where ``A`` has full rank the solutions are a smooth curve
(Theorem 3.1 in residual form); the corrector solves ``r(x+) = 0`` in the hyperplane orthogonal to the last tangent.
"""

from __future__ import annotations

import numpy as np

from hallucert.find.sphere import shifted_residual, shifted_residual_jacobian
from hallucert.objectives.objective import Objective

CORRECTOR_STEPS = 12
CONVERGED = 1e-11
"""A Newton step below this part of the radius ends the corrector."""


FLAT = 1e-2
"""A sheet ends at a critical point of ``f`` where ``|g|`` falls below this part of its value at the start."""


def slope(f: Objective, x: np.ndarray) -> float:
    """``|g(x)|``."""
    return float(np.linalg.norm(f.gradient_lanes(x[None, :])[0]))


class SheetCurve:
    """Tangents and corrector for `hallucert.find.continuation`."""

    def __init__(self, f: Objective, rho: float) -> None:
        self.f, self.rho = f, rho

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """``A``, shape (d - 1, d); NaN where it is undefined."""
        with np.errstate(all="ignore"):
            return shifted_residual_jacobian(self.f, x, self.rho)

    def tangent(self, z: np.ndarray, along: np.ndarray) -> np.ndarray:
        """Return the unit null vector of ``A`` that points along `along`; NaN where there is none."""
        a = self.jacobian(z)
        if not np.isfinite(a).all():
            return np.full(z.size, np.nan)
        t = np.asarray(np.linalg.svd(a)[2][-1])
        return t if t @ along >= 0 else -t

    def correct(self, z: np.ndarray, normal: np.ndarray) -> np.ndarray | None:
        """Return the solution in the hyperplane through `z` orthogonal to `normal`, by Newton's method, or None."""
        start, last = z, np.inf
        for _ in range(CORRECTOR_STEPS):
            with np.errstate(all="ignore"):
                residual = np.append(shifted_residual(self.f, z, self.rho), normal @ (z - start))
            stacked = np.vstack([self.jacobian(z), normal])
            if not (np.isfinite(residual).all() and np.isfinite(stacked).all()):
                return None
            step = np.linalg.lstsq(stacked, -residual, rcond=1e-13)[0]
            size = float(np.linalg.norm(step))
            if size <= CONVERGED * self.rho and size >= 0.5 * last:
                return z
            z, last = z + step, size
            if size <= 1e-15 * self.rho:
                return z
        return z if last <= CONVERGED * self.rho else None
