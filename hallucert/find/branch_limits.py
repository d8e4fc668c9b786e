"""Where a branch ends: at another critical point, at the target, at the edge of a box, at a radius, at its start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from hallucert.branch import EndReason
from hallucert.find.branch_curve import Curve
from hallucert.find.continuation import CurvePoint, Stop, locate
from hallucert.find.newton import gradient_system, newton_point


@dataclass(frozen=True)
class Limits:
    """The region in which a branch is followed.

    Attributes
    ----------
    box : (d, 2) array or None
        ``x`` stays in it.
    rho_min, rho_max : float
        The radius stays between them.
    """

    box: np.ndarray | None
    rho_min: float
    rho_max: float


def stopping_rule(curve: Curve, start: CurvePoint, limits: Limits) -> Stop:
    """Return the function that `follow` asks after each step."""
    steps = 0

    def stop(here: CurvePoint, there: CurvePoint) -> tuple[CurvePoint, EndReason] | None:
        nonlocal steps
        steps += 1
        ends = list(_ends(curve, here, there, limits))
        if steps > 3 and _passes(here, there, start):
            ends.append((start, EndReason.CLOSED))
        # A long step may pass several ends: the branch stops at the first.
        step = there.z - here.z
        return min(ends, key=lambda end: float(end[0].z @ step), default=None)

    return stop


def _ends(curve: Curve, here: CurvePoint, there: CurvePoint, limits: Limits) -> Iterator[tuple[CurvePoint, EndReason]]:
    """Yield the ends that lie between two neighbours."""
    box = limits.box
    if there.z[-1] <= 0 < here.z[-1]:
        yield _at_zero_multiplier(curve, here, there)
    if curve.radius(there.z) < limits.rho_min:
        yield there, EndReason.TARGET
    if box is not None and _outside(box, there.z) > 0:
        yield _crossing(curve, here, there, lambda p: _outside(box, p.z)), EndReason.BOX
    if curve.radius(here.z) <= limits.rho_max < curve.radius(there.z):
        yield _crossing(curve, here, there, lambda p: curve.radius(p.z) - limits.rho_max), EndReason.RHO_MAX


def _at_zero_multiplier(curve: Curve, here: CurvePoint, there: CurvePoint) -> tuple[CurvePoint, EndReason]:
    """End at the critical point where ``lambda`` vanishes."""
    near = _crossing(curve, here, there, lambda p: float(p.z[-1]))
    length = float(np.linalg.norm(there.z - here.z))
    root = newton_point(gradient_system(curve.f), near.z[:-1], max_steps=40, step_limit=0.1 * length)
    if not root.solved(curve.radius(near.z)) or np.linalg.norm(root.x - near.z[:-1]) > 0.1 * length:
        return near, EndReason.MULTIPLIER
    z = np.append(root.x, 0.0)
    if critical_kind(curve, root.x) == "degenerate":
        return CurvePoint(z, near.t), EndReason.MULTIPLIER
    return CurvePoint(z, curve.tangent(z, near.t)), EndReason.CRITICAL_POINT


def critical_kind(curve: Curve, x: np.ndarray) -> str:
    """Return ``"minimizer"``, ``"saddle"``, ``"maximizer"`` or ``"degenerate"`` for a critical point."""
    values = np.linalg.eigvalsh(curve.f.hessian_lanes(x[None, :])[0])
    if np.abs(values).min() <= 1e-8 * np.abs(values).max():
        return "degenerate"
    if values[0] > 0:
        return "minimizer"
    return "maximizer" if values[-1] < 0 else "saddle"


def _crossing(curve: Curve, here: CurvePoint, there: CurvePoint, test: Callable[[CurvePoint], float]) -> CurvePoint:
    """Return the point between where `test` changes sign, `there` if it cannot be found."""
    if test(here) == 0:
        return here
    return locate(curve, here, there, test) or there


def _outside(box: np.ndarray, z: np.ndarray) -> float:
    """Return how far ``x`` is outside of the box; negative inside."""
    return float(np.maximum(box[:, 0] - z[:-1], z[:-1] - box[:, 1]).max())


def _passes(here: CurvePoint, there: CurvePoint, start: CurvePoint) -> bool:
    """Tell whether the step goes through the start, in its direction."""
    step, back = there.z - here.z, start.z - here.z
    length = float(np.linalg.norm(step))
    part = float(back @ step) / length**2
    beside = float(np.linalg.norm(back - part * step))
    return 0 < part <= 1 and beside < 0.1 * length and float(start.t @ there.t) > 0.9
