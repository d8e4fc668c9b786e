"""Following branches in floats: from a start, between limits, across a branch point, all of a target."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from hallucert.errors import ArgumentError, SearchError, require
from hallucert.find.candidate import Candidate
from hallucert.find.critical_points import CriticalPointKind, critical_points
from hallucert.find.curves.branch_curve import Curve, Limits, crossing_directions, events_between, stopping_rule
from hallucert.find.curves.continuation import CurvePoint, Options, StepControl, advance, both_ways, follow, locate
from hallucert.find.curves.records import Branch, BranchEvent, EndReason, EventType
from hallucert.find.domain import Edges, checked_point, edge_at, require_defined
from hallucert.find.eigenvalues import critical_kind
from hallucert.find.newton import frobenius, gradient_system, newton_point, polished_critical_point
from hallucert.find.rescaled import Rescaled, Unit, exponent, in_units, original, short
from hallucert.find.shifted import Shifted
from hallucert.objectives.objective import Objective

SAME = 1e-6  # of the size of the box: points this close are the same end or branch point


# ---------------------------------------------------------------------- ends and units


def branch_ends(f: Objective, start: object, target: object) -> tuple[np.ndarray, np.ndarray]:
    """Return the start and the target as they are given."""
    if isinstance(start, Candidate):
        require(target is None, "target", target, "be left out when the start is a candidate")
        require(start.objective is f, "start", start, "be a candidate of the function f")
        # g(x) = lambda (c - x) is the equation of SAM and of USAM; that of ASAM has another metric.
        require(not start.law.scales, "start", start, 'be a candidate of the variant "sam" or "usam"')
        x, near = np.array(start.x, dtype=float), np.array(start.target, dtype=float)
    else:
        x = checked_point(start, f.dimension, "start")
        require(target is not None, "target", target, "be given: the critical point c that the branch belongs to")
        near = checked_point(target, f.dimension, "target")
    require_defined(f, near, "target")
    require_defined(f, x, "start")
    require(np.linalg.norm(x - near) > 0, "start", start, "differ from the target")
    return x, near


def start_units(f: Objective, x: np.ndarray, c: np.ndarray) -> Rescaled:
    """Return `f` in the units of a branch: its length is ``|x - c|``, and second derivatives there are of size 1."""
    length = float(np.linalg.norm(x - c))
    sizes = frobenius(f.floats.hessian(np.stack([x, c])))
    sizes = sizes[np.isfinite(sizes)]
    return in_units(f, c, length, float(np.ldexp(sizes.max(initial=0.0), exponent(length))))


def branch_units(branch: Branch, length: float) -> Rescaled:
    """Return the function of a branch in units of a length and of its scale."""
    long = exponent(length)
    high = exponent(branch.scale) + 3 * long
    return in_units(branch.objective, branch.target, length, float(np.ldexp(1.0, high - long)))


def outside(units: Rescaled, branch: Branch) -> Branch:
    """Return a branch in `units` as one of ``f``; raise `SearchError` if its multipliers are out of range."""
    scale = units.number_outside(branch.scale, Unit.MULTIPLIER_BY_LENGTH)
    largest = units.number_outside(np.abs(branch.multiplier).max(initial=0.0), Unit.MULTIPLIER)
    if not 0 < scale < np.inf or np.isinf(largest):
        raise SearchError(
            f"the multipliers of this branch over its lengths, 2**{units.height - 3 * units.length} and so, are out of "
            "the range of doubles. Rescale f or x"
        )
    return units.result_outside(branch)


# ---------------------------------------------------------------------- following


@dataclass(frozen=True)
class Tracing:
    """The curve of a target, and how it is followed."""

    curve: Curve
    limits: Limits
    control: StepControl
    wanted: frozenset[EventType]

    @classmethod
    def of(cls, curve: Curve, x: np.ndarray, options: Options) -> Tracing:
        """Return how a branch through `x` is followed."""
        f, length, box = curve.f, float(np.linalg.norm(x - curve.target)), options.box
        if box is not None and not ((box[:, 0] <= x) & (x <= box[:, 1])).all():
            raise ArgumentError("start", original(f, x).tolist(), "lie in the box")
        largest = options.lengths.get("rho_max", np.inf)
        smallest = options.lengths.get("rho_min", 1e-3 * min(length, largest))
        require(smallest < largest, "rho_min", options.given(smallest), "be below rho_max")
        return cls(curve, Limits(box, smallest, largest), options.control(length), options.events)

    def run(self, first: CurvePoint, limits: Limits | None = None) -> tuple[list[CurvePoint], EndReason]:
        """Follow the curve from `first` to its end, or to other limits."""
        # The line x = c of solutions crosses at the target: steps stay short beside it.
        edges, stop = self.edges(first), stopping_rule(self.curve, first, limits or self.limits)
        return follow(
            self.curve, first, self.control, stop, lambda p: edges.longest(p.z, 0.4 * self.curve.radius(p.z)), edges
        )

    def edges(self, start: CurvePoint) -> Edges:
        """Return the edge of the domain, for steps from `start`."""
        return Edges(self.curve.f.floats.domain_arguments, self.curve.dimension, far=self.curve.radius(start.z))

    def branch(self, points: list[CurvePoint], ends: tuple[EndReason, EndReason]) -> Branch:
        """Locate the events and put everything into arrays."""
        curve, on_branch, located = self.curve, [points[0]], []
        begin = 2 if ends[0] is EndReason.BRANCH_POINT else 1
        for i, (a, b) in enumerate(pairwise(points), 1):
            # From a branch point the first step has a singular end, where the tests mean nothing.
            for event in events_between(curve, a, b, self.wanted) if i >= begin else []:
                located.append((len(on_branch), event))
                on_branch.append(event.point)
            on_branch.append(b)
        z = np.array([p.z for p in on_branch])
        x, multiplier = z[:, :-1], curve.scale * z[:, -1]
        rho = np.array([curve.radius(p) for p in z])
        stability = np.array([curve.stability(p) for p in z], dtype=object)
        kind = np.array([curve.kind(p) for p in z], dtype=object)

        def event_at(type: EventType, i: int, reason: EndReason | None, detail: str) -> BranchEvent:
            return BranchEvent(type, i, x[i], float(rho[i]), float(multiplier[i]), reason, detail)

        events = [event_at(EventType.END, 0, ends[0], _end_detail(curve, z[0], ends[0]))]
        for i, found in located:
            if found.type is not EventType.STABILITY:
                kind[i] = "degenerate" if curve.dimension > 1 else kind[i]
            stability[i] = "undecided"
            events.append(event_at(found.type, i, None, found.detail))
        events.append(event_at(EventType.END, len(z) - 1, ends[1], _end_detail(curve, z[-1], ends[1])))
        return Branch(
            objective=curve.f,
            target=curve.target,
            x=x,
            rho=rho,
            multiplier=multiplier,
            tangent=np.array([p.t for p in on_branch]),
            scale=curve.scale,
            kind=kind.astype(str),
            stability=stability.astype(str),
            value=curve.f.floats.value(x),
            events=tuple(events),
        )


def _end_detail(curve: Curve, z: np.ndarray, reason: EndReason) -> str:
    if reason is EndReason.CRITICAL_POINT:
        return critical_kind(curve.f, z[:-1])[1]
    return edge_at(curve.f, z[:-1]) if reason is EndReason.DOMAIN else ""


def _tracing_through(f: Objective, x: np.ndarray, near: np.ndarray, options: Options) -> Tracing:
    """Return how the branch through `x` is followed, of the target next to `near`, a nondegenerate critical point."""
    distance = float(np.linalg.norm(x - near))
    c = polished_critical_point(f, near, distance, "target")
    if np.linalg.norm(x - c) <= 1e-6 * (distance + float(np.abs(c).max())):
        raise ArgumentError("start", original(f, x).tolist(), "differ from the target")
    if critical_kind(f, c)[1] == "degenerate":
        raise SearchError(f"the target {short(f, c)} is a degenerate critical point; branches need a nondegenerate one")
    # The power of two near |H|/|x - c|: then a unit of lambda/scale and of x change G alike.
    sizes = [float(np.linalg.norm(h, 2)) for h in f.floats.hessian(np.stack([x, c])) if np.isfinite(h).all()]
    size = max([*sizes, 1e-300]) / float(np.linalg.norm(x - c))
    return Tracing.of(Curve(f, c, float(2.0 ** np.round(np.log2(size)))), x, options)


def through(f: Objective, x: np.ndarray, near: np.ndarray, options: Options) -> Branch:
    """Follow the branch through `x` forwards and, unless it starts there, backwards."""
    tracing = _tracing_through(f, x, near, options)
    first, critical = _first_point(tracing.curve, x)
    tracing.limits.require(tracing.curve, first)
    if critical:
        points, end = tracing.run(first)
        return tracing.branch(points, (EndReason.CRITICAL_POINT, end))
    return tracing.branch(*both_ways(tracing.run, first))


def _first_piece(f: Objective, start: np.ndarray, target: np.ndarray, options: Options) -> Branch | None:
    """Return the first piece between the limits of the branch that starts at a critical point, which may lie outside.

    None if the branch stays outside.
    """
    x, near = branch_ends(f, start, target)
    tracing = _tracing_through(f, x, near, options)
    first, begin = _first_point(tracing.curve, x)[0], EndReason.CRITICAL_POINT
    around = tracing.limits.around(tracing.curve.radius(first.z))
    if around is not None:
        beyond, reason = tracing.run(first, around)
        above = np.isinf(around.rho_max)
        if reason not in ((EndReason.RHO_MIN, EndReason.TARGET) if above else (EndReason.RHO_MAX,)):
            return None
        first, begin = beyond[-1], EndReason.RHO_MAX if above else EndReason.RHO_MIN
    points, end = tracing.run(first)
    return tracing.branch(points, (begin, end)) if len(points) > 1 else None


def switched(branch: Branch, index: int, options: Options) -> list[Branch]:
    """Return the halves of the branch that crosses `branch` at its point number `index`, see `switch_branch`."""
    curve, z = Curve(branch.objective, branch.target, branch.scale), branch.points[index]
    along = branch.points[min(index + 1, len(branch) - 1)] - branch.points[max(index - 1, 0)]
    directions = crossing_directions(curve, z)
    if not directions:
        where = short(curve.f, z[:-1])
        raise SearchError(f"no second curve crosses transversally at x = {where}; the point is degenerate")
    other = min(directions, key=lambda t: abs(float(t @ along)))
    tracing = Tracing.of(curve, z[:-1], options)
    tracing.limits.require(curve, CurvePoint(z, other))
    halves = []
    for direction in (other, -other):
        here = CurvePoint(z, direction)
        there = advance(curve, here, min(tracing.control.ds, 0.01 * curve.radius(z)), tracing.edges(here))
        if there is None:
            continue
        ended = stopping_rule(curve, there, tracing.limits)(here, there)
        points, end = tracing.run(there) if ended is None else ([ended[0]], ended[1])
        halves.append(tracing.branch([here, *points], (EndReason.BRANCH_POINT, end)))
    return halves


def _first_point(curve: Curve, x: np.ndarray) -> tuple[CurvePoint, bool]:
    """Return the start on the curve, with the tangent along which lambda grows, and whether it is a critical point."""
    f, c, d = curve.f, curve.target, curve.dimension
    distance = float(np.linalg.norm(x - c))
    upward = np.append(np.zeros(d), 1.0)
    root = newton_point(gradient_system(f), x, max_steps=60, step_limit=0.02 * distance)
    if root.solved(distance) and np.linalg.norm(root.x - x) <= 1e-3 * distance:
        if critical_kind(f, root.x)[1] == "degenerate":
            raise SearchError(f"the start {short(f, root.x)} is a degenerate critical point, where no branch is known")
        z = np.append(root.x, 0.0)
        return CurvePoint(z, curve.tangent(z, upward)), True
    g = f.floats.gradient(x[None, :])[0]
    multiplier = float(g @ (c - x)) / distance**2
    z = np.append(x, multiplier / curve.scale)
    on_curve = curve.correct(z, curve.tangent(z, upward))
    moved = np.inf if on_curve is None else float(np.linalg.norm((on_curve - z)[:-1]))
    if on_curve is None or moved > 0.05 * distance or not on_curve[-1] > 0:
        must = "be near a critical point of f, or near a hallucinated point of the target: g(x) = lambda (c - x)"
        raise ArgumentError("start", original(f, x).tolist(), must)
    return CurvePoint(on_curve, curve.tangent(on_curve, upward)), False


# ---------------------------------------------------------------------- all of a target, and one radius


def of_target(f: Objective, near: np.ndarray, seed: int, options: Options) -> list[Branch]:
    """Return all branches of the target next to `near`, see `branches`."""
    assert options.box is not None
    limits, found = options.box, list[Branch]()
    size = float(np.linalg.norm(limits[:, 1] - limits[:, 0]))
    c = polished_critical_point(f, near, 0.05 * size, "target")
    reached: list[np.ndarray] = []
    for point in critical_points(f, limits, seed=seed):
        outside = point.kind is CriticalPointKind.DEGENERATE or np.linalg.norm(point.x - c) <= SAME * size
        if outside or _among(point.x, reached, size):
            continue
        piece = _first_piece(f, np.clip(point.x, limits[:, 0], limits[:, 1]), c, options)
        # A piece between two critical points beyond rho_max is entered from both.
        if piece is None or _among(piece.start.x, [end.x for b in found for end in (b.start, b.end)], size):
            continue
        found.append(piece)
        reached += [e.x for e in (piece.start, piece.end) if e.reason is EndReason.CRITICAL_POINT]
    for own in list(found):
        for event in own.branch_points:
            if not _already_crossed(event, own, found, size):
                found += _halves(own, event, options)
    return found


def _halves(own: Branch, event: BranchEvent, options: Options) -> list[Branch]:
    try:
        return switched(own, event.index, options)
    except SearchError:
        return []


def _already_crossed(event: BranchEvent, own: Branch, found: list[Branch], size: float) -> bool:
    """Tell whether another branch of the list has the same branch point, or starts there."""
    others = [b for b in found if b is not own]
    return any(_among(event.x, [e.x for e in (*b.branch_points, b.start)], size) for b in others)


def _among(x: np.ndarray, points: list[np.ndarray], size: float) -> bool:
    return any(np.linalg.norm(x - p) <= SAME * size for p in points)


def passages(branch: Branch, radius: Fraction) -> list[Candidate]:
    """Return the points of a branch at a radius, see `on_branch`."""
    r, curve = float(radius), Curve(branch.objective, branch.target, branch.scale)
    points = [CurvePoint(z, t) for z, t in zip(branch.points, branch.tangent, strict=True)]
    offset, found = branch.rho - r, list[CurvePoint | None]()
    for i, point in enumerate(points):
        if offset[i] == 0:
            found.append(point)
        elif i + 1 < len(points) and offset[i] * offset[i + 1] < 0:
            found.append(locate(curve, point, points[i + 1], lambda p: curve.radius(p.z) - r))
    shifted = Shifted(curve.f, r)
    return [shifted.candidate(p.z[:-1], radius, curve.target) for p in found if p is not None and p.z[-1] > 0]
