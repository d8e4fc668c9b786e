"""Pseudo-arclength continuation: from one point of a curve to the next, with a step that the curve itself chooses.

The predictor is the tangent; the corrector is Newton's method in the hyperplane orthogonal to it, so that a fold in a
coordinate or a parameter is a point like any other. A step is refused if the corrector does not converge or the
tangent turns by more than `MAX_TURN`: then the corrector may have landed on another curve. No step crosses an edge of
the domain; towards one they become shorter and shorter, and the curve ends at the last double before it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hallucert.clock import look
from hallucert.find.curves.branch_record import EndReason
from hallucert.find.domain import Edges

MAX_TURN = 0.35  # largest angle between the tangents of two neighbours, in radians

AIM = 0.12  # the angle that the step control aims at

# As parts of the longest step: where an edge is this near the curve ends there; where steps fail, or run out,
# with an edge straight ahead within the second, that is why. Towards a pole the multiplier grows without
# bound.
AT_EDGE, BEFORE_EDGE = 1e-8, 1e-2


class SmoothCurve(Protocol):
    """What continuation needs to know of a curve in R^(d+1)."""

    def tangent(self, z: np.ndarray, along: np.ndarray) -> np.ndarray: ...
    def correct(self, z: np.ndarray, normal: np.ndarray) -> np.ndarray | None: ...


@dataclass(frozen=True)
class StepControl:
    """Arclength steps: the first, the shortest, the longest, and how many."""

    ds: float
    ds_min: float
    ds_max: float
    max_steps: int


@dataclass(frozen=True)
class CurvePoint:
    """A point ``z`` of the curve with its unit tangent ``t``, oriented along the continuation."""

    z: np.ndarray
    t: np.ndarray


# Given the last two points: None to go on, or the point that replaces the second, and why the branch ends
# there.
Stop = Callable[[CurvePoint, CurvePoint], "tuple[CurvePoint, EndReason] | None"]

Stays = Callable[[CurvePoint, CurvePoint], bool]  # given two neighbours: whether they lie on the same arc


def follow(
    curve: SmoothCurve,
    start: CurvePoint,
    control: StepControl,
    stop: Stop,
    longest: Callable[[CurvePoint], float] | None = None,
    edges: Edges | None = None,
    stays: Stays | None = None,
) -> tuple[list[CurvePoint], EndReason]:
    """Follow a curve from `start` until `stop` ends it."""
    points, step = [start], control.ds
    for number in range(control.max_steps):
        look("steps along the curve", number)
        here = points[-1]
        if longest is not None:
            step = max(min(step, longest(here)), control.ds_min)
        if edges is not None:
            step = edges.clear(here.z, here.t, step, min(control.ds_min, AT_EDGE * control.ds_max))
            if step == 0 or edges.ahead(here.z, here.t, AT_EDGE * control.ds_max) is not None:
                return _to_edge(curve, points, edges, control), EndReason.DOMAIN
        there = advance(curve, here, step, edges, stays)
        while there is None and step > control.ds_min:
            step = max(step / 2, control.ds_min)
            there = advance(curve, here, step, edges, stays)
        if there is None:
            return points, _before_edge(here, edges, control) or EndReason.DS_MIN
        ended = stop(here, there)
        if ended is not None:
            return points if ended[0] is here else [*points, ended[0]], ended[1]
        points.append(there)
        turn = max(angle(here.t, there.t), 1e-6)
        most = control.ds_max if edges is None else edges.longest(there.z, control.ds_max)
        step = min(max(step * min(max(AIM / turn, 0.5), 1.6), control.ds_min), most)
    return points, _before_edge(points[-1], edges, control) or EndReason.MAX_STEPS


def _to_edge(curve: SmoothCurve, points: list[CurvePoint], edges: Edges, control: StepControl) -> list[CurvePoint]:
    """Return the points with the last one before the edge, nearer than any step, if the curve goes on to it."""
    here, reach = points[-1], 2 * AT_EDGE * control.ds_max
    part = edges.ahead(here.z, here.t, reach) or 0.0
    # The corrector may move the last double across; then a little less.
    for spare in (0.0, 1e-6, 1e-3) if part else ():
        z = curve.correct(here.z + (1 - spare) * part * here.t, here.t)
        if z is None or not np.linalg.norm(z - here.z) <= 2 * reach or not edges.inside(here.z, z):
            continue
        t = curve.tangent(z, here.t)
        if np.isfinite(t).all() and angle(here.t, t) <= MAX_TURN:
            return [*points, CurvePoint(z, t)]
    return points


def _before_edge(here: CurvePoint, edges: Edges | None, control: StepControl) -> EndReason | None:
    ends = edges is not None and edges.ahead(here.z, here.t, BEFORE_EDGE * control.ds_max) is not None
    return EndReason.DOMAIN if ends else None


def advance(
    curve: SmoothCurve, here: CurvePoint, step: float, edges: Edges | None = None, stays: Stays | None = None
) -> CurvePoint | None:
    """Take one step of the given length; None if it must be shorter."""
    predicted = here.z + step * here.t
    z = curve.correct(predicted, here.t)
    if z is None or np.linalg.norm(z - predicted) > 0.5 * step:
        return None
    if edges is not None and not edges.keeps(here.z, z):
        return None
    t = curve.tangent(z, here.t)
    if not np.isfinite(t).all() or angle(here.t, t) > MAX_TURN:
        return None
    there = CurvePoint(z, t)
    return there if stays is None or stays(here, there) else None


def angle(t: np.ndarray, s: np.ndarray) -> float:
    """Return the angle between two unit vectors; accurate for small angles."""
    return float(2 * np.arcsin(min(1.0, 0.5 * float(np.linalg.norm(t - s)))))


def interpolated(a: CurvePoint, b: CurvePoint, part: float) -> np.ndarray:
    """Return the value of the cubic with the points and tangents of `a` and `b`, at the part 0..1 of the way."""
    p, length = part, float(np.linalg.norm(b.z - a.z))
    return np.asarray(
        (1 + 2 * p) * (1 - p) ** 2 * a.z
        + p * (1 - p) ** 2 * length * a.t
        + p * p * (3 - 2 * p) * b.z
        + p * p * (p - 1) * length * b.t
    )


def between(curve: SmoothCurve, a: CurvePoint, b: CurvePoint, part: float) -> CurvePoint | None:
    """Return the point of the curve at the part 0..1 of the way from `a` to `b`, near their cubic interpolation."""
    chord = b.z - a.z
    length = float(np.linalg.norm(chord))
    if length == 0:
        return a
    z = curve.correct(interpolated(a, b, part), chord / length)
    if z is None:
        return None
    return CurvePoint(z, curve.tangent(z, chord / length))


def locate(
    curve: SmoothCurve,
    a: CurvePoint,
    b: CurvePoint,
    test: Callable[[CurvePoint], float],
    tolerance: float = 1e-14,
    max_steps: int = 80,
) -> CurvePoint | None:
    """Return the point between `a` and `b` where `test`, of opposite signs there, vanishes; None if it gets lost.

    Regula falsi with the Illinois rule, with a bisection whenever it does not halve the bracket in three steps.
    """
    low, high = 0.0, 1.0
    at_low, at_high = test(a), test(b)
    best, last_side, slow, width = a if abs(at_low) < abs(at_high) else b, 0, 0, 1.0
    for _ in range(max_steps):
        if high - low <= tolerance or at_low == at_high:
            break
        part = high - at_high * (high - low) / (at_high - at_low)
        if slow >= 3 or not low < part < high:
            part, slow, width = 0.5 * (low + high), 0, high - low
        point = between(curve, a, b, part)
        if point is None:
            # Beside a singular point the corrector fails; the bracket is then as narrow as it gets.
            return best if high - low < 1e-3 else None
        value = test(point)
        best = point
        if value == 0 or not np.isfinite(value):
            break
        side = 1 if (value > 0) == (at_high > 0) else -1
        if side > 0:
            high, at_high = part, value
            at_low = 0.5 * at_low if last_side > 0 else at_low
        else:
            low, at_low = part, value
            at_high = 0.5 * at_high if last_side < 0 else at_high
        last_side = side
        slow = slow + 1 if high - low > 0.5 * width else 0
        width = min(width, high - low) if slow == 0 else width
    return best
