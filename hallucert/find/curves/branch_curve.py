"""The curve of a target: the zeros of ``G(x, lambda) = g(x) + lambda (x - c)`` in floats, with rho free.

Points are ``z = (x, lambda/scale)``, so that arclength weighs both parts alike. ``DG = [H + lambda I, x - c]`` has a
null vector, the tangent. Where ``DG`` has full rank the zeros are a smooth curve; where they do not, branches cross.

Test functions, each zero at one kind of event:

========================  ====================================================================================
fold in rho               ``<x - c, x'>``, half the derivative of ``rho^2`` along the curve
branch point              ``det [DG; t]`` with the tangent ``t`` continued smoothly
change of stability       the smallest real part of the eigenvalues of ``lambda M = H(c) (lambda I + P H(x))``
========================  ====================================================================================
"""

from __future__ import annotations

import numpy as np

from hallucert.find.linear.eigenvalues import eigvals, eigvalsh, svd
from hallucert.objectives.objective import Objective

FLAT = 1e-7  # an eigenvalue below this part of the matrix's size counts as zero when a point is classified

RANK_TOLERANCE = 1e-9  # singular values below this part of the largest count as zero in the corrector

NEWTON_STEPS = 8
# A corrected point is accepted when Newton's last step is below this part of the size of the point.
CONVERGED = 1e-12


class Curve:
    """The equation of a branch."""

    def __init__(self, f: Objective, target: np.ndarray, scale: float) -> None:
        self.f = f
        self.target = target
        self.scale = scale
        self.dimension = f.dimension
        hessian = f.hessian_lanes(target[None, :])[0]
        size = float(np.abs(hessian).max())
        # Only signs are asked of its products, which may be out of the range of doubles where a Hessian is not.
        self.target_hessian = hessian / size if size > 0 else hessian

    def residual(self, z: np.ndarray) -> np.ndarray:
        """``G`` at one point (d + 1,): shape (d,)."""
        x = z[:-1]
        return self.f.gradient_lanes(x[None, :])[0] + self.scale * z[-1] * (x - self.target)

    def hessian(self, z: np.ndarray) -> np.ndarray:
        """``H(x)``."""
        return self.f.hessian_lanes(z[None, :-1])[0]

    def jacobian(self, z: np.ndarray) -> np.ndarray:
        """``DG`` in the scaled variables: shape (d, d + 1)."""
        block = self.hessian(z) + self.scale * z[-1] * np.eye(self.dimension)
        return np.column_stack([block, self.scale * (z[:-1] - self.target)])

    def tangent(self, z: np.ndarray, along: np.ndarray) -> np.ndarray:
        """Return the unit null vector of ``DG`` with a positive component along `along`."""
        return self._oriented(self.jacobian(z), along)

    def _oriented(self, jacobian: np.ndarray, along: np.ndarray) -> np.ndarray:
        if not np.isfinite(jacobian).all():
            return np.full(self.dimension + 1, np.nan)
        null = svd(jacobian)[2][-1]
        return null if null @ along >= 0 else -null

    def correct(self, z: np.ndarray, normal: np.ndarray) -> np.ndarray | None:
        """Return the point of the curve in the hyperplane through `z` orthogonal to `normal`, by Newton; or None."""
        start, last = z, np.inf
        with np.errstate(all="ignore"):
            for _ in range(NEWTON_STEPS):
                residual = np.append(self.residual(z), normal @ (z - start))
                matrix = np.vstack([self.jacobian(z), self._row(normal)])
                if not (np.isfinite(residual).all() and np.isfinite(matrix).all()):
                    return None
                # Beside a branch point the direction of the other curve has no weight: it is left out.
                right = -np.append(residual[:-1], self.scale * residual[-1])
                step = np.linalg.lstsq(matrix, right, rcond=RANK_TOLERANCE)[0]
                size = float(np.linalg.norm(step))
                z = z + step
                if size <= CONVERGED * (1.0 + float(np.linalg.norm(z))) and (size < 1e-15 or size > 0.1 * last):
                    return z
                if size > 4 * last:
                    return None
                last = size
        return z if last <= CONVERGED * (1.0 + float(np.linalg.norm(z))) else None

    def _row(self, normal: np.ndarray) -> np.ndarray:
        """The hyperplane's row, of the size of the other rows."""
        return self.scale * normal

    # ------------------------------------------------------------------ quantities and test functions

    def radius(self, z: np.ndarray) -> float:
        """``rho = |x - c|``."""
        return float(np.linalg.norm(z[:-1] - self.target))

    def fold_test(self, z: np.ndarray, t: np.ndarray) -> float:
        """``<x - c, x'>``."""
        return float((z[:-1] - self.target) @ t[:-1])

    def branch_test(self, z: np.ndarray, t: np.ndarray) -> float:
        """``det [DG; t]``, of matrices divided by the scale."""
        return float(np.linalg.det(np.vstack([self.jacobian(z) / self.scale, t])))

    def stability_matrix(self, z: np.ndarray) -> np.ndarray:
        """``lambda M/|H(c)|``, with ``lambda M = H(c) (lambda I + P H(x))``."""
        normal = (z[:-1] - self.target) / self.radius(z)
        h = self.hessian(z)
        inner = self.scale * z[-1] * np.eye(self.dimension) + h - np.outer(normal, normal @ h)
        return np.asarray(self.target_hessian @ inner)

    def stability_test(self, z: np.ndarray) -> float:
        """The smallest real part of the eigenvalues of ``lambda M``."""
        return float(eigvals(self.stability_matrix(z)).real.min())

    def stability(self, z: np.ndarray) -> str:
        """``"attracting"``, ``"repelling"`` or ``"undecided"``."""
        matrix = self.stability_matrix(z)
        size = float(np.abs(matrix).max())
        smallest = float(eigvals(matrix).real.min())
        if not abs(smallest) > FLAT * size:
            return "undecided"
        return "attracting" if smallest > 0 else "repelling"

    def kind(self, z: np.ndarray) -> str:
        """``"minimum"``, ``"saddle"``, ``"maximum"`` on the sphere, or ``"degenerate"``."""
        if self.dimension == 1:
            return "minimum"
        normal = (z[:-1] - self.target) / self.radius(z)
        basis = svd(normal[None, :])[2][1:]
        h = self.hessian(z)
        tangential = basis @ h @ basis.T + self.scale * z[-1] * np.eye(self.dimension - 1)
        values = eigvalsh(tangential)
        if not np.abs(values).min() > FLAT * (np.abs(h).max() + self.scale * abs(z[-1])):
            return "degenerate"
        if values[0] > 0:
            return "minimum"
        return "maximum" if values[-1] < 0 else "saddle"

    def curvature_form(self, z: np.ndarray, v: np.ndarray, w: np.ndarray) -> np.ndarray:
        """``D^2 G[v, w]``, with the third derivative of ``f`` by central differences of the Hessian; shape (d,)."""
        third = self._third_along(z, v[:-1]) @ w[:-1]
        return np.asarray(third + self.scale * (v[-1] * w[:-1] + w[-1] * v[:-1]))

    def _third_along(self, z: np.ndarray, v: np.ndarray) -> np.ndarray:
        size = float(np.linalg.norm(v))
        if size == 0:
            return np.zeros((self.dimension, self.dimension))
        # The cube root of the unit roundoff balances rounding and truncation of a central difference.
        h = 6e-6 * max(1.0, float(np.abs(z[:-1]).max())) / size
        x = z[None, :-1]
        difference = self.f.hessian_lanes(x + h * v)[0] - self.f.hessian_lanes(x - h * v)[0]
        return np.asarray(difference / (2 * h))
