"""Pseudo-arclength continuation: from one point of a curve to the next, with a step that the curve itself chooses.

The predictor is the tangent; the corrector is Newton's method in the hyperplane orthogonal to it, so that a fold in a
coordinate or a parameter is a point like any other. A step is refused if the corrector does not converge or the
tangent turns by more than `MAX_TURN`: then the corrector may have landed on another curve. No step crosses an edge of
the domain; towards one they become shorter and shorter, and the curve ends at the last double before it. Limits are
quantities that stay below zero, and where the curve leaves them is located to rounding.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from hallucert.arguments import checked_items
from hallucert.clock import look
from hallucert.errors import ArgumentError, require
from hallucert.find.curves.records import EndReason, EventType
from hallucert.find.domain import Edges, checked_box, checked_count, checked_radius
from hallucert.find.eigenvalues import svd
from hallucert.find.rescaled import Rescaled
from hallucert.objectives.objective import Objective
from hallucert.settings import checked_positive

MAX_TURN = 0.35  # largest angle between the tangents of two neighbours, in radians
AIM = 0.12  # the angle that the step control aims at

# As parts of the longest step: where an edge is this near the curve ends there; where steps fail, or run out, with an
# edge straight ahead within the second, that is why. Towards a pole the multiplier grows without bound.
AT_EDGE, BEFORE_EDGE = 1e-8, 1e-2

ON_LIMIT = 1e-10  # a start beyond a limit by less than this part of its size lies on it
ROUNDING = 1e-15  # part of its size to which a quantity is known

DEFAULT_EVENTS = (EventType.FOLD, EventType.BRANCH_POINT, EventType.STABILITY)


class SmoothCurve(ABC):
    """What continuation needs to know of a curve of zeros: the derivative, and how a point is moved onto the curve."""

    @abstractmethod
    def jacobian(self, z: np.ndarray) -> np.ndarray:
        """Return the derivative, whose null vector is the tangent."""

    @abstractmethod
    def correct(self, z: np.ndarray, normal: np.ndarray) -> np.ndarray | None:
        """Return the point of the curve in the hyperplane through `z` orthogonal to `normal`, or None."""

    def tangent(self, z: np.ndarray, along: np.ndarray) -> np.ndarray:
        """Return the unit null vector with a component along `along` that is not negative; NaN if there is none."""
        null = svd(self.jacobian(z))[2][-1]
        return null if null @ along >= 0 else -null


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


End = tuple[CurvePoint, EndReason]

# Given the last two points: None to go on, or the point that replaces the second, and why the branch ends there.
Stop = Callable[[CurvePoint, CurvePoint], "End | None"]
Stays = Callable[[CurvePoint, CurvePoint], bool]  # given two neighbours: whether they lie on the same arc


@dataclass(frozen=True)
class Options:
    """The options of a branch or sheet, checked; what is not given has a default for each."""

    box: np.ndarray | None  # (d, 2): where ``x`` stays
    lengths: dict[str, float]  # those given of rho_max, rho_min, ds, ds_min and ds_max
    max_steps: int
    events: frozenset[EventType]  # what is looked for
    units: int = 0  # the lengths are multiples of ``2**units`` of those that were given

    def inside(self, f: Rescaled) -> Options:
        """Return the options in the units of `f`."""
        box = None if self.box is None else self.box / f.diagonal[:, None]
        lengths = {name: float(np.ldexp(value, -f.length)) for name, value in self.lengths.items()}
        return replace(self, box=box, lengths=lengths, units=self.units + f.length)

    def control(self, length: float) -> StepControl:
        """Return the step lengths, by default in units of `length`."""
        longest = self.lengths.get("ds_max") or 0.1 * length
        first = self.lengths.get("ds") or min(0.02 * length, longest)
        shortest = self.lengths.get("ds_min") or min(1e-9 * length, first)
        if not shortest <= first <= longest:
            ends = f"ds_min ({self.given(shortest):.3g}) and ds_max ({self.given(longest):.3g})"
            raise ArgumentError("ds", self.given(first), f"lie between {ends}")
        return StepControl(first, shortest, longest, self.max_steps)

    def given(self, value: float) -> float:
        """Return a length as it was given."""
        return float(np.ldexp(value, self.units))


def checked_options(
    f: Objective, box: object, lengths: Mapping[str, object], max_steps: object, events: Iterable[str] = DEFAULT_EVENTS
) -> Options:
    """Return the options of a branch or sheet, each checked for itself."""
    return Options(
        None if box is None else checked_box(box, f.dimension),
        {name: _checked_length(value, name) for name, value in lengths.items() if value is not None},
        checked_count(max_steps, "max_steps"),
        _checked_events(events),
    )


def _checked_length(value: object, name: str) -> float:
    return checked_positive(value, name) if name.startswith("ds") else float(checked_radius(value, name))


def _checked_events(events: Iterable[str]) -> frozenset[EventType]:
    known = {str(event): event for event in DEFAULT_EVENTS}
    must = f"be among {', '.join(known)}"
    names = [events] if isinstance(events, str) else checked_items(events, "events", must)
    for name in names:
        require(isinstance(name, str) and name in known, "events", name, must)
    return frozenset(known[name] for name in names)


# ---------------------------------------------------------------------- following


def both_ways(
    run: Callable[[CurvePoint], tuple[list[CurvePoint], EndReason]], first: CurvePoint
) -> tuple[list[CurvePoint], tuple[EndReason, EndReason]]:
    """Follow a curve from `first` forwards and, unless it closes, backwards; return all points and both ends."""
    forward, end = run(first)
    if end is EndReason.CLOSED:
        return forward, (end, end)
    backward, begin = run(CurvePoint(first.z, -first.t))
    turned = [CurvePoint(p.z, -p.t) for p in reversed(backward[1:])]
    return turned + forward, (begin, end)


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


def step_across(
    value: np.ndarray, jacobian: np.ndarray, offset: np.ndarray, normal: np.ndarray, weight: float, rcond: float
) -> np.ndarray | None:
    """Return Newton's step to a zero in a hyperplane, ``<normal, offset + step> = 0``, by least squares.

    The equation of the hyperplane counts with a weight. None where something is not finite.
    """
    residual, stacked = np.append(value, weight * (normal @ offset)), np.vstack([jacobian, weight * normal])
    if not (np.isfinite(residual).all() and np.isfinite(stacked).all()):
        return None
    return np.asarray(np.linalg.lstsq(stacked, -residual, rcond=rcond)[0])


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


# ---------------------------------------------------------------------- limits


@dataclass(frozen=True)
class Limit:
    """A quantity that is positive outside."""

    excess: Callable[[CurvePoint], float]  # the quantity at a point of the curve
    slope: Callable[[CurvePoint], float]  # its derivative along the curve, up to a positive factor
    size: float  # its scale, for what counts as zero
    reason: EndReason  # why a curve ends that leaves it

    def crossing(self, curve: SmoothCurve, here: CurvePoint, there: CurvePoint) -> CurvePoint | None:
        """Return where the curve leaves between two neighbours, `here` inside or on the limit; None if it does not."""
        outside = there
        if not self.excess(there) > 0:
            if not self.slope(here) > 0 > self.slope(there):
                return None
            # Both ends are inside, and between them the quantity has its maximum: a fold, for the radius.
            top = locate(curve, here, there, self.slope)
            if top is None or not self.excess(top) > ROUNDING * self.size:
                return None
            outside = top
        if self.excess(here) >= -ROUNDING * self.size:
            return here
        return locate(curve, here, outside, self.excess) or outside

    def keeps(self, start: CurvePoint) -> bool:
        """Tell whether a start lies inside or on the limit."""
        return self.excess(start) <= ON_LIMIT * self.size


def box_limits(box: np.ndarray | None) -> list[Limit]:
    """Return the limits that a box (d, 2) sets to the first `d` coordinates of a curve."""

    def side(i: int, bound: float, sign: float, size: float) -> Limit:
        return Limit(lambda p: sign * (float(p.z[i]) - bound), lambda p: sign * float(p.t[i]), size, EndReason.BOX)

    rows = [] if box is None else box.tolist()
    return [
        side(i, bound, sign, max(abs(low), abs(high)))
        for i, (low, high) in enumerate(rows)
        for bound, sign in ((low, -1.0), (high, 1.0))
    ]


def ends_at_limits(limits: list[Limit], curve: SmoothCurve, here: CurvePoint, there: CurvePoint) -> list[End]:
    """Return where the curve leaves its limits between two neighbours, and why it ends there."""
    crossings = ((limit.crossing(curve, here, there), limit.reason) for limit in limits)
    return [(point, reason) for point, reason in crossings if point is not None]


def first_end(ends: list[End], here: CurvePoint, there: CurvePoint) -> End | None:
    """Return the first of the ends between two neighbours: a long step may pass several."""
    step = there.z - here.z
    return min(ends, key=lambda end: float(end[0].z @ step), default=None)
