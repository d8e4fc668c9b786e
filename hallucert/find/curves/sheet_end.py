"""Where a sheet ends, in floats: back at its start, at a critical point of f, where the rank drops, at the box."""

from __future__ import annotations

import numpy as np

from hallucert.find.curves.branch_record import EndReason
from hallucert.find.curves.continuation import CurvePoint, Stop, interpolated
from hallucert.find.curves.sheet_curve import FLAT, SheetCurve, slope
from hallucert.find.limits import box_limits
from hallucert.find.newton import PointSystem, gradient_system, newton_point

# A curve is back at its start if it meets the plane across the start this near to it, as a part of the
# radius.
BACK = 1e-8

NEAR = 0.02  # a sheet ends at a critical point of ``f`` that is this near, as a part of the radius

LINE_STEPS = 20  # steps of Newton's method along the tangent towards a critical point

VANISHED = 0.2  # a gradient this much smaller than before vanishes to first order

# The target moves at most this far, as a part of the radius, while ``x`` goes the rest of the way.
SWING = 0.2


def stopping_rule(curve: SheetCurve, start: CurvePoint, box: np.ndarray | None) -> Stop:
    """Return the function that `hallucert.find.curves.continuation.follow` asks after each step."""
    steps, first, bounds = 0, slope(curve.f, start.z), box_limits(box)

    def stop(here: CurvePoint, there: CurvePoint) -> tuple[CurvePoint, EndReason] | None:
        nonlocal steps
        steps += 1
        if steps > 3 and _comes_back(curve, here, there, start):
            return start, EndReason.CLOSED
        crossings = [p for limit in bounds if (p := limit.crossing(curve, here, there)) is not None]
        if crossings:
            return min(crossings, key=lambda p: float((there.z - here.z) @ p.z)), EndReason.BOX
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
        along, rate = f.gradient_lanes(rows)[0] @ u, here.t @ f.hessian_lanes(rows)[0] @ u
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
            value, jacobian = f.residual_lanes(rows)[0], f.residual_jacobian_lanes(rows)[0]
        else:
            value, jacobian = f.gradient_lanes(rows)[0], f.hessian_lanes(rows)[0]
        off = c - centre
        scale = np.linalg.norm(jacobian) / rho
        sphere = 0.5 * scale * (off @ off - rho**2)
        return np.append(value, sphere), np.vstack([jacobian, scale * off])

    return system
