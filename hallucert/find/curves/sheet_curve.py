"""Curves of hallucinated points for a fixed rho in floats: ``r(x+) = 0``, or ``g(x+) = 0`` without residuals.

For a sum of squares with one residual fewer than variables, ``A(x) = Dr(x+) J(x)`` has ``d - 1`` rows, and where it has
full rank its null vector is the tangent (Theorem 3.1 in residual form). For any other function whose critical points
near ``x+`` form a curve, ``g(x+) = 0`` are `d` equations with the derivative ``M(x) = H(x+) J(x)``. ``H(x+)`` has one
zero eigenvalue, so ``M`` has rank at most ``d - 1``, and where it has that rank its null vector is the tangent.

Either way `equations` has rank ``d - 1``. The corrector solves them in the hyperplane orthogonal to the last tangent,
by least squares: on the curve the equations are consistent, so that it converges like Newton's method.
"""

from __future__ import annotations

import numpy as np

from hallucert.find.curves.continuation import MAX_TURN, CurvePoint, StepControl, angle
from hallucert.find.newton import SOLVED, norms
from hallucert.find.spheres.sphere import shifted_gradient_system, shifted_residual_system
from hallucert.objectives.objective import Objective

CORRECTOR_STEPS = 12
CONVERGED = 1e-11  # a Newton step below this part of the radius ends the corrector

# A sheet ends at a critical point of ``f`` where ``|g|`` falls below this part of its value at the start.
FLAT = 1e-2

# The rank drops where the last singular value that is not zero falls below this part of the first, and of
# ``|r|/rho`` or ``|g|/rho`` at ``x``: that is how much the equations change on the way to ``x+``.
SINGULAR = 1e-6

DIFFERENCE = 1e-9  # difference quotients are taken over this part of the radius


def slope(f: Objective, x: np.ndarray) -> float:
    """``|g(x)|``."""
    return float(norms(f.gradient_lanes(x[None, :]))[0])


class SheetCurve:
    """Tangents, corrector and step lengths for `hallucert.find.curves.continuation`."""

    def __init__(self, f: Objective, rho: float) -> None:
        self.f, self.rho = f, rho
        self.by_residuals = f.residual_count == f.dimension - 1
        self.equations = (shifted_residual_system if self.by_residuals else shifted_gradient_system)(f, rho)

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """``A``, shape (d - 1, d), or ``M``, shape (d, d); NaN where it is undefined."""
        with np.errstate(all="ignore"):
            return self.equations(x)[1]

    def tangent(self, z: np.ndarray, along: np.ndarray) -> np.ndarray:
        """Return the unit null vector of the jacobian that points along `along`; NaN where there is none."""
        a = self.jacobian(z)
        if not np.isfinite(a).all():
            return np.full(z.size, np.nan)
        t = np.asarray(np.linalg.svd(a)[2][-1])
        return t if t @ along >= 0 else -t

    def correct(self, z: np.ndarray, normal: np.ndarray) -> np.ndarray | None:
        """Return the solution in the hyperplane through `z` orthogonal to `normal`, by Gauss-Newton, or None.

        On the way ``u`` may turn by half of `MAX_TURN` at most: near a critical point of `f` there are other arcs.
        """
        found = self._solved(z, normal)
        if found is None or not angle(self.direction(z), self.direction(found)) <= 0.5 * MAX_TURN:
            return None
        return found

    def _solved(self, z: np.ndarray, normal: np.ndarray) -> np.ndarray | None:
        start, last, solved = z, np.inf, False
        for _ in range(CORRECTOR_STEPS):
            with np.errstate(all="ignore"):
                value, jacobian = self.equations(z)
            residual = np.append(value, normal @ (z - start))
            stacked = np.vstack([jacobian, normal])
            if not (np.isfinite(residual).all() and np.isfinite(stacked).all()):
                return None
            step = np.linalg.lstsq(stacked, -residual, rcond=1e-13)[0]
            size = float(np.linalg.norm(step))
            # One equation too many: Gauss-Newton may also stop where they have no solution.
            solved = bool(np.linalg.norm(value) <= SOLVED * self.rho * np.linalg.norm(jacobian))
            if solved and size <= CONVERGED * self.rho and size >= 0.5 * last:
                return z
            z, last = z + step, size
            if solved and size <= 1e-15 * self.rho:
                return z
        return z if solved and last <= CONVERGED * self.rho else None

    def direction(self, x: np.ndarray) -> np.ndarray:
        """``u(x)``; NaN at critical points of `f`."""
        g = self.f.gradient_lanes(x[None, :])[0]
        with np.errstate(all="ignore"):
            return g / np.linalg.norm(g)

    def singular_values(self, x: np.ndarray) -> np.ndarray:
        """Return the ``d - 1`` singular values of the jacobian that are not zero on a smooth curve; descending."""
        a = self.jacobian(x)
        if not np.isfinite(a).all():
            return np.zeros(x.size - 1)
        return np.linalg.svd(a, compute_uv=False)[: x.size - 1]

    def is_singular(self, x: np.ndarray) -> bool:
        """Tell whether the rank is less than ``d - 1`` to floats: the solutions near `x` need not be a curve."""
        values, rows = self.singular_values(x), x[None, :]
        unperturbed = self.f.residual_lanes(rows) if self.by_residuals else self.f.gradient_lanes(rows)
        return not values[-1] > SINGULAR * max(values[0], float(np.linalg.norm(unperturbed)) / self.rho)

    def same_sense(self, here: CurvePoint, there: CurvePoint) -> bool:
        """Tell whether the tangents run the same way along one arc, as far as the equations tell.

        Along an arc the sign of ``det [A; t]`` never changes, for ``A`` has full rank. Two arcs of a hairpin may be as
        near and as parallel as they like: a tangent that is carried over from one to the other has the other sign.
        ``M`` has one row too many, and is bordered by its left null vector, which turns with the target.
        """
        (a, left), (b, other) = self._bordered(here), self._bordered(there)
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            return False
        turned = 1.0 if left is None or other is None else float(left @ other)
        return abs(turned) > 0.5 and bool(np.sign(turned) * np.linalg.slogdet(a)[0] == np.linalg.slogdet(b)[0])

    def _bordered(self, p: CurvePoint) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the jacobian with the tangent as its last row, square, and the left null vector if it has one."""
        a = self.jacobian(p.z)
        if self.by_residuals or not np.isfinite(a).all():
            return np.vstack([a, p.t]), None
        left = np.asarray(np.linalg.svd(a)[0][:, -1])
        return np.block([[a, left[:, None]], [p.t[None, :], np.zeros((1, 1))]]), left

    def step_bound(self, here: CurvePoint, control: StepControl) -> float:
        """Return how far a step may go: not through a critical point of `f`, nor to where the rank drops.

        Along the tangent ``u`` may turn by half of `MAX_TURN` (the corrector may take the other half): beyond a
        critical point it is turned round. It is asked at half the step, too. And the last singular value may fall by a
        half at most, by its slope here and at the end of the step: steps become shorter and shorter towards a zero.
        """
        u, now = self.direction(here.z), self.singular_values(here.z)[-1]

        def at(step: float) -> np.ndarray:
            return here.z + step * here.t

        def allowed(step: float) -> bool:
            turns = (angle(u, self.direction(at(part * step))) for part in (0.5, 1.0))
            return all(turn <= 0.5 * MAX_TURN for turn in turns) and self.singular_values(at(step))[-1] >= 0.5 * now

        short = DIFFERENCE * self.rho
        fall = (now - self.singular_values(at(short))[-1]) / short
        step = min(control.ds_max, 0.5 * now / fall) if fall > 0 else control.ds_max
        while step > control.ds_min and not allowed(step):
            step *= 0.5
        return step
