"""Curves of hallucinated points for a fixed rho in floats: ``r(x+) = 0``, or ``g(x+) = 0`` without residuals.

For a sum of squares with one residual fewer than variables, ``A(x) = Dr(x+) J(x)`` has ``d - 1`` rows, and where it has
full rank its null vector is the tangent (Theorem 3.1 in residual form). For any other function whose critical points
near ``x+`` form a curve, ``g(x+) = 0`` are `d` equations with the derivative ``M(x) = H(x+) J(x)``. ``H(x+)`` has one
zero eigenvalue, so ``M`` has rank at most ``d - 1``, and where it has that rank its null vector is the tangent.

Either way `equations` has rank ``d - 1``. The corrector solves them in the hyperplane orthogonal to the last tangent,
by least squares: on the curve the equations are consistent, so that it converges like Newton's method. A sheet ends
back at its start, at a critical point of ``f``, where the rank drops, and at the box.
"""

from __future__ import annotations

import numpy as np

from hallucert.find.curves.continuation import (
    MAX_TURN,
    CurvePoint,
    End,
    SmoothCurve,
    StepControl,
    Stop,
    angle,
    box_limits,
    ends_at_limits,
    first_end,
    interpolated,
    step_across,
)
from hallucert.find.curves.records import EndReason
from hallucert.find.curves.surface import CONVERGED, CORRECTOR_STEPS, FLAT
from hallucert.find.newton import SOLVED, PointSystem, gradient_system, newton_point
from hallucert.find.shifted import Shifted, slope
from hallucert.objectives.objective import Objective

DIFFERENCE = 1e-9  # difference quotients are taken over this part of the radius

# The rank drops where the last singular value that is not zero falls below this part of the first, and of ``|r|/rho``
# or ``|g|/rho`` at ``x``: that is how much the equations change on the way to ``x+``.
SINGULAR = 1e-6

# As parts of the radius:
BACK = 1e-8  # a curve is back at its start if it meets the plane across the start this near to it
NEAR = 0.02  # a sheet ends at a critical point of ``f`` that is this near
SWING = 0.2  # the target moves at most this far while ``x`` goes the rest of the way

LINE_STEPS = 20  # steps of Newton's method along the tangent towards a critical point
VANISHED = 0.2  # a gradient this much smaller than before vanishes to first order


class SheetCurve(SmoothCurve):
    """Tangents, corrector and step lengths for `hallucert.find.curves.continuation`."""

    def __init__(self, f: Objective, rho: float) -> None:
        self.f, self.rho = f, rho
        self.by_residuals = f.residual_count == f.dimension - 1
        shifted = Shifted(f, rho)
        self.equations = shifted.by_residual if self.by_residuals else shifted.by_gradient

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """``A``, shape (d - 1, d), or ``M``, shape (d, d); NaN where it is undefined."""
        return self.equations(x)[1]

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
            value, jacobian = self.equations(z)
            step = step_across(value, jacobian, z - start, normal, 1.0, 1e-13)
            if step is None:
                return None
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
        g = self.f.floats.gradient(x[None, :])[0]
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
        unperturbed = self.f.floats.residual(rows) if self.by_residuals else self.f.floats.gradient(rows)
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


# ---------------------------------------------------------------------- where a sheet ends


def stopping_rule(curve: SheetCurve, start: CurvePoint, box: np.ndarray | None) -> Stop:
    """Return the function that `hallucert.find.curves.continuation.follow` asks after each step."""
    steps, first, bounds = 0, slope(curve.f, start.z), box_limits(box)

    def stop(here: CurvePoint, there: CurvePoint) -> End | None:
        nonlocal steps
        steps += 1
        if steps > 3 and _comes_back(curve, here, there, start):
            return start, EndReason.CLOSED
        end = first_end(ends_at_limits(bounds, curve, here, there), here, there)
        if end is not None:
            return end
        if slope(curve.f, there.z) < FLAT * first and _ends_at_critical_point(curve, there):
            return there, EndReason.CRITICAL_POINT
        if curve.is_singular(there.z):
            return there, EndReason.BRANCH_POINT
        return None

    return stop


def _comes_back(curve: SheetCurve, here: CurvePoint, there: CurvePoint, start: CurvePoint) -> bool:
    """Tell whether the curve between two neighbours goes through the start, in its direction.

    Another arc may pass beside the start, as near as it likes. So the point of this one, from its own interpolation, is
    corrected in the plane through the start across the step: on the same arc that is the start itself.
    """
    chord, back = there.z - here.z, start.z - here.z
    length = float(np.linalg.norm(chord))
    part = float(back @ chord) / length**2
    if not 0 < part <= 1 or np.linalg.norm(back - part * chord) > 0.2 * length or start.t @ there.t < 0.9:
        return False
    guess, across = interpolated(here, there, part), chord / length
    guess = guess - (across @ (guess - start.z)) * across
    found = curve.correct(guess, across)
    return found is not None and bool(np.linalg.norm(found - start.z) <= BACK * curve.rho)


def _ends_at_critical_point(curve: SheetCurve, here: CurvePoint) -> bool:
    """Tell whether the curve runs into a critical point ``p`` of `f` just ahead.

    As ``x`` goes to ``p``, ``x+`` goes to a point at distance rho from ``p`` where the equations of targets hold. Where
    there is none near ``x+`` the curve only passes by: a small gradient is no evidence.
    """
    p = _critical_point_ahead(curve, here)
    if p is None:
        return False
    target = here.z + curve.rho * curve.direction(here.z)
    limit = newton_point(_targets_around(curve, p), target, max_steps=60, step_limit=0.1 * curve.rho)
    return limit.solved(curve.rho) and bool(np.linalg.norm(limit.x - target) <= SWING * curve.rho)


def _critical_point_ahead(curve: SheetCurve, here: CurvePoint) -> np.ndarray | None:
    """Return where the gradient vanishes on the tangent, at most `NEAR` ahead, to first order; None if nowhere.

    Critical points may form a manifold, so it is looked for on the line first: by Newton's method for ``<g, u>``, whose
    steps are too short by a factor if the point is degenerate.
    """
    f, u, ahead = curve.f, curve.direction(here.z), 0.0
    for _ in range(LINE_STEPS):
        rows = (here.z + ahead * here.t)[None, :]
        along, rate = f.floats.gradient(rows)[0] @ u, here.t @ f.floats.hessian(rows)[0] @ u
        if not abs(along) < abs(rate) * curve.rho:
            break
        ahead -= along / rate
        if not 0 < ahead <= NEAR * curve.rho:
            return None
    p = here.z + ahead * here.t
    if not ahead > 0 or slope(f, p) > VANISHED * slope(f, here.z):
        return None
    root = newton_point(gradient_system(f), p, max_steps=20, step_limit=0.1 * ahead)
    return root.x if np.linalg.norm(root.x - p) <= 0.5 * ahead else p


def _targets_around(curve: SheetCurve, centre: np.ndarray) -> PointSystem:
    """Return the equations of targets at distance rho from `centre`; the sphere weighs as much as they do."""
    f, rho = curve.f, curve.rho

    def system(c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = c[None, :]
        if curve.by_residuals:
            value, jacobian = f.floats.residual(rows)[0], f.floats.residual_jacobian(rows)[0]
        else:
            value, jacobian = f.floats.gradient(rows)[0], f.floats.hessian(rows)[0]
        off = c - centre
        scale = np.linalg.norm(jacobian) / rho
        sphere = 0.5 * scale * (off @ off - rho**2)
        return np.append(value, sphere), np.vstack([jacobian, scale * off])

    return system
