"""Where a branch ends: at another critical point, at the target, at the edge of a box, at a radius, at its start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.find.curves.branch_curve import Curve
from hallucert.find.curves.branch_record import EndReason
from hallucert.find.curves.continuation import CurvePoint, Stop, locate
from hallucert.find.limits import ON_LIMIT, Limit, box_limits
from hallucert.find.linear.signs import critical_kind
from hallucert.find.newton import gradient_system, newton_point
from hallucert.find.rescaled import original, original_length

TARGET = 1e-2  # a radius below this part of that of the start means that the branch runs into its target


@dataclass(frozen=True)
class Limits:
    """The region in which a branch is followed."""

    box: np.ndarray | None  # (d, 2) or None: ``x`` stays in it
    rho_min: float  # the radius stays between them
    rho_max: float  # the radius stays between them

    def on(self, curve: Curve, start: CurvePoint) -> list[Limit]:
        """Return the limits for the curve that begins at `start`."""

        def above(p: CurvePoint) -> float:
            return curve.radius(p.z) - self.rho_max

        def below(p: CurvePoint) -> float:
            return self.rho_min - curve.radius(p.z)

        def outward(p: CurvePoint) -> float:
            return curve.fold_test(p.z, p.t)

        low = EndReason.TARGET if self.rho_min <= TARGET * curve.radius(start.z) else EndReason.RHO_MIN
        radii = [Limit(below, lambda p: -outward(p), self.rho_min, low)]
        if np.isfinite(self.rho_max):
            radii.append(Limit(above, outward, self.rho_max, EndReason.RHO_MAX))
        return [*radii, *box_limits(self.box)]

    def around(self, radius: float) -> Limits | None:
        """Return the limits of the part of the box where a start at this radius is outside; None if it is inside."""
        if radius > self.rho_max * (1 + ON_LIMIT):
            return Limits(self.box, self.rho_max, np.inf)
        return Limits(self.box, 1e-3 * radius, self.rho_min) if radius < self.rho_min * (1 - ON_LIMIT) else None

    def require(self, curve: Curve, start: CurvePoint) -> None:
        """Raise `ArgumentError`, naming the limit, unless the start lies inside or on it."""
        names = {EndReason.BOX: "box", EndReason.RHO_MAX: "rho_max"}
        for limit in self.on(curve, start):
            if limit.keeps(start):
                continue
            name, radius = names.get(limit.reason, "rho_min"), curve.radius(start.z)
            if name == "box":
                box = None if self.box is None else original(curve.f, self.box.T).T
                must = f"contain the start, {original(curve.f, start.z[:-1]).tolist()}"
                raise ArgumentError(name, box, must)
            must = "at least" if name == "rho_max" else "at most"
            given, at_start = (original_length(curve.f, value) for value in (getattr(self, name), radius))
            raise ArgumentError(name, given, f"be {must} the radius at the start, {at_start:.10g}")


def stopping_rule(curve: Curve, start: CurvePoint, limits: Limits) -> Stop:
    """Return the function that `follow` asks after each step."""
    steps, bounds = 0, limits.on(curve, start)

    def stop(here: CurvePoint, there: CurvePoint) -> tuple[CurvePoint, EndReason] | None:
        nonlocal steps
        steps += 1
        ends = [_at_zero_multiplier(curve, here, there)] if there.z[-1] <= 0 < here.z[-1] else []
        crossings = ((limit.crossing(curve, here, there), limit.reason) for limit in bounds)
        ends += [(point, reason) for point, reason in crossings if point is not None]
        if steps > 3 and _passes(here, there, start):
            ends.append((start, EndReason.CLOSED))
        # A long step may pass several ends: the branch stops at the first.
        step = there.z - here.z
        return min(ends, key=lambda end: float(end[0].z @ step), default=None)

    return stop


def _at_zero_multiplier(curve: Curve, here: CurvePoint, there: CurvePoint) -> tuple[CurvePoint, EndReason]:
    """End at the critical point where ``lambda`` vanishes."""
    near = locate(curve, here, there, lambda p: float(p.z[-1])) or there
    length = float(np.linalg.norm(there.z - here.z))
    root = newton_point(gradient_system(curve.f), near.z[:-1], max_steps=40, step_limit=0.1 * length)
    if not root.solved(curve.radius(near.z)) or np.linalg.norm(root.x - near.z[:-1]) > 0.1 * length:
        return near, EndReason.MULTIPLIER
    z = np.append(root.x, 0.0)
    if critical_kind(curve.f, root.x)[1] == "degenerate":
        return CurvePoint(z, near.t), EndReason.MULTIPLIER
    return CurvePoint(z, curve.tangent(z, near.t)), EndReason.CRITICAL_POINT


def _passes(here: CurvePoint, there: CurvePoint, start: CurvePoint) -> bool:
    """Tell whether the step goes through the start, in its direction."""
    step, back = there.z - here.z, start.z - here.z
    length = float(np.linalg.norm(step))
    part = float(back @ step) / length**2
    beside = float(np.linalg.norm(back - part * step))
    return 0 < part <= 1 and beside < 0.1 * length and float(start.t @ there.t) > 0.9
