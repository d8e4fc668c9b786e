"""Branches of hallucinated points with rho free, followed in floats: ``g = lambda (c - x)`` and ``|x - c| = rho``."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np

from hallucert.arguments import quiet
from hallucert.clock import Progress, working
from hallucert.errors import ArgumentError, SearchError
from hallucert.exact import Exact
from hallucert.find.arguments import checked_objective
from hallucert.find.curves.branch_arguments import (
    DEFAULT_EVENTS,
    Options,
    branch_ends,
    checked_options,
    multiplier_scale,
    polished_target,
)
from hallucert.find.curves.branch_curve import Curve
from hallucert.find.curves.branch_events import crossing_directions, events_between
from hallucert.find.curves.branch_limits import Limits, stopping_rule
from hallucert.find.curves.branch_record import Branch, BranchEvent, EndReason, EventType
from hallucert.find.curves.branch_units import branch_units, inside, outside, start_units
from hallucert.find.curves.continuation import CurvePoint, StepControl, advance, follow
from hallucert.find.domain import Edges, edge_at
from hallucert.find.linear.signs import critical_kind
from hallucert.find.newton import gradient_system, newton_point
from hallucert.find.rescaled import original, short
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw, require_sam


@quiet
def branch(
    f: Objective,
    start: Any,
    target: Any = None,
    *,
    box: Any = None,
    rho_max: Exact | None = None,
    rho_min: Exact | None = None,
    ds: float | None = None,
    ds_min: float | None = None,
    ds_max: float | None = None,
    max_steps: int = 2000,
    events: Iterable[str] = DEFAULT_EVENTS,
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> Branch:
    """Follow the branch of hallucinated points through `start`, by pseudo-arclength continuation.

    The points solve ``g(x) = lambda (c - x)`` with ``lambda > 0``; then ``x`` is a hallucinated point of target ``c``
    for the radius ``rho = |x - c|``. From a critical point ``c' != c`` of `f` exactly one branch starts, at
    ``lambda = 0`` (Proposition 4.5). From a hallucinated point the branch is followed in both directions. Folds in rho
    are no obstacle. The branch ends at the edge of the domain of `f`; at a pole, where ``lambda`` grows without bound,
    close to it, with steps that grow with ``lambda``.

    Parameters
    ----------
    f : Objective
        The function.
    start : (d,) array-like or Candidate
        A critical point of `f` (nondegenerate, not the target), a hallucinated point of this target for some radius,
        or a candidate. A point of USAM lies on the branch of SAM, at the radius ``|x - c|``, so its candidate will do,
        but not one of ASAM.
    target : (d,) array-like
        ``c``, near a critical point of `f`. Left out if `start` is a candidate.
    box : (d, 2) array-like, optional
        The branch ends where ``x`` leaves it.
    rho_max : exact positive number, optional
        The branch ends where rho grows through it.
    rho_min : exact positive number, optional
        The branch ends where rho falls through it; by default 1e-3 of the distance of `start`, at the target.
    ds, ds_min, ds_max : float, optional
        First, shortest and longest step, in arclength of ``(x, lambda/scale)``; by default 0.02, 1e-9 and 0.1 of the
        distance from `start` to the target.
    max_steps : int
        Most steps in one direction.
    events : iterable of str
        Which of ``"fold"``, ``"branch point"``, ``"stability change"`` to detect and locate. Ends are always listed.
    variant : {"sam"}
        The ascent step: radii and stability along the branch are those of SAM. The points of USAM, for
        ``rho = 1/lambda``, are the same curve.
    progress : bool or callable, optional
        Show how far it is: by default on a terminal, after a second. A function gets the step, how much is done, and of
        how much (None if that is not known).

    Returns
    -------
    Branch
        The points and events; `hallucert.certify` proves what can be proved about it.

    Raises
    ------
    ArgumentError
        If an argument is not as above; if `f` is not defined at `start` or the target, or the start lies outside of the
        box or of the limits of rho.
    SearchError
        If `start` or the target is a degenerate critical point.

    Examples
    --------
    >>> f = Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
    >>> curve = branch(f, (0, 0), (1, 1), rho_max=2.5)
    >>> [(str(e.type), round(e.rho, 6)) for e in curve.events]
    [('end', 1.414214), ('branch point', 2.12132), ('end', 2.5)]
    """
    checked_objective(f)
    require_sam(
        variant, "radii and stability of a branch are SAM's; the points of USAM are the same curve with rho = 1/lambda"
    )
    x, near = branch_ends(f, start, target)
    options = checked_options(f, box, rho_max, rho_min, ds, ds_min, ds_max, max_steps, events)
    units = start_units(f, x, near)
    with working(progress=progress) as clock, clock.watched():
        return outside(units, _both_ways(units, units.inside(x), units.inside(near), options.inside(units)))


def _both_ways(f: Objective, x: np.ndarray, near: np.ndarray, options: Options) -> Branch:
    """Follow the branch through `x` forwards and, unless it starts there, backwards."""
    c = polished_target(f, x, near)
    curve, length = Curve(f, c, multiplier_scale(f, x, c)), float(np.linalg.norm(x - c))
    limits, control, wanted = options.limits(f, x, length), options.control(length), options.events
    first, critical = _first_point(curve, x)
    limits.require(curve, first)
    forward, end = _run(curve, first, control, limits)
    if critical:
        return _assembled(curve, forward, (EndReason.CRITICAL_POINT, end), wanted)
    if end is EndReason.CLOSED:
        return _assembled(curve, forward, (end, end), wanted)
    backward, begin = _run(curve, CurvePoint(first.z, -first.t), control, limits)
    reversed_part = [CurvePoint(p.z, -p.t) for p in reversed(backward[1:])]
    return _assembled(curve, reversed_part + forward, (begin, end), wanted)


def first_piece(f: Objective, start: np.ndarray, target: np.ndarray, options: Options) -> Branch | None:
    """Return the first piece between the limits of the branch that starts at a critical point, which may lie outside.

    None if the branch stays outside.
    """
    x, near = branch_ends(f, start, target)
    c = polished_target(f, x, near)
    curve, length = Curve(f, c, multiplier_scale(f, x, c)), float(np.linalg.norm(x - c))
    limits, control = options.limits(f, x, length), options.control(length)
    first, begin = _first_point(curve, x)[0], EndReason.CRITICAL_POINT
    around = limits.around(curve.radius(first.z))
    if around is not None:
        outside, reason = _run(curve, first, control, around)
        above = np.isinf(around.rho_max)
        if reason not in ((EndReason.RHO_MIN, EndReason.TARGET) if above else (EndReason.RHO_MAX,)):
            return None
        first, begin = outside[-1], EndReason.RHO_MAX if above else EndReason.RHO_MIN
    points, end = _run(curve, first, control, limits)
    return _assembled(curve, points, (begin, end), options.events) if len(points) > 1 else None


@quiet
def switch_branch(
    branch: Branch,
    event: BranchEvent,
    *,
    box: Any = None,
    rho_max: Exact | None = None,
    rho_min: Exact | None = None,
    ds: float | None = None,
    ds_min: float | None = None,
    ds_max: float | None = None,
    max_steps: int = 2000,
    events: Iterable[str] = DEFAULT_EVENTS,
) -> list[Branch]:
    """Follow the two halves of the branch that crosses `branch` at one of its branch points.

    Parameters
    ----------
    branch : Branch
        A branch.
    event : BranchEvent
        One of ``branch.branch_points``.
    box, rho_max, rho_min, ds, ds_min, ds_max, max_steps, events
        As for `branch`.

    Returns
    -------
    list of Branch
        Two half-branches, each starting at the branch point; fewer where no step from it succeeds.

    Raises
    ------
    ArgumentError
        If `event` is not a branch point of `branch`, or another argument is not as for `branch`.
    SearchError
        If no other curve crosses transversally there.
    """
    if not isinstance(branch, Branch):
        raise ArgumentError("branch", branch, "be a Branch")
    if not any(event is own for own in branch.branch_points):
        raise ArgumentError("event", event, "be one of branch.branch_points")
    options = checked_options(branch.objective, box, rho_max, rho_min, ds, ds_min, ds_max, max_steps, events)
    units = branch_units(branch, event.rho)
    halves = switched(inside(units, branch), event.index, options.inside(units))
    return [outside(units, half) for half in halves]


def switched(branch: Branch, index: int, options: Options) -> list[Branch]:
    """Return the halves of the branch that crosses `branch` at its point number `index`, see `switch_branch`."""
    curve = Curve(branch.objective, branch.target, branch.scale)
    z = branch.points[index]
    along = branch.points[min(index + 1, len(branch) - 1)] - branch.points[max(index - 1, 0)]
    directions = crossing_directions(curve, z)
    if not directions:
        where = short(curve.f, z[:-1])
        raise SearchError(f"no second curve crosses transversally at x = {where}; the point is degenerate")
    other = min(directions, key=lambda t: abs(float(t @ along)))
    length = curve.radius(z)
    limits, control = options.limits(curve.f, z[:-1], length), options.control(length)
    limits.require(curve, CurvePoint(z, other))
    halves = []
    for direction in (other, -other):
        here = CurvePoint(z, direction)
        there = advance(curve, here, min(control.ds, 0.01 * length), _edges(curve, here))
        if there is None:
            continue
        ended = stopping_rule(curve, there, limits)(here, there)
        points, end = _run(curve, there, control, limits) if ended is None else ([ended[0]], ended[1])
        halves.append(_assembled(curve, [here, *points], (EndReason.BRANCH_POINT, end), options.events))
    return halves


# ---------------------------------------------------------------------- following


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
    g = f.gradient_lanes(x[None, :])[0]
    multiplier = float(g @ (c - x)) / distance**2
    z = np.append(x, multiplier / curve.scale)
    on_curve = curve.correct(z, curve.tangent(z, upward))
    moved = np.inf if on_curve is None else float(np.linalg.norm((on_curve - z)[:-1]))
    if on_curve is None or moved > 0.05 * distance or not on_curve[-1] > 0:
        raise ArgumentError(
            "start",
            original(f, x).tolist(),
            "be near a critical point of f, or near a hallucinated point of the target: g(x) = lambda (c - x)",
        )
    return CurvePoint(on_curve, curve.tangent(on_curve, upward)), False


def _run(curve: Curve, first: CurvePoint, control: StepControl, limits: Limits) -> tuple[list[CurvePoint], EndReason]:
    # The line x = c of solutions crosses at the target: steps stay short beside it.
    edges, stop = _edges(curve, first), stopping_rule(curve, first, limits)
    return follow(curve, first, control, stop, lambda p: edges.longest(p.z, 0.4 * curve.radius(p.z)), edges)


def _edges(curve: Curve, start: CurvePoint) -> Edges:
    return Edges(curve.f.domain_arguments, curve.dimension, far=curve.radius(start.z))


def _assembled(
    curve: Curve, points: list[CurvePoint], ends: tuple[EndReason, EndReason], wanted: frozenset[EventType]
) -> Branch:
    """Locate the events and put everything into arrays."""
    on_branch, located = [points[0]], []
    begin = 2 if ends[0] is EndReason.BRANCH_POINT else 1
    for i, (a, b) in enumerate(pairwise(points), 1):
        # From a branch point the first step has a singular end, where the tests mean nothing.
        for event in events_between(curve, a, b, wanted) if i >= begin else []:
            located.append((len(on_branch), event))
            on_branch.append(event.point)
        on_branch.append(b)
    z = np.array([p.z for p in on_branch])
    x, multiplier = z[:, :-1], curve.scale * z[:, -1]
    rho = np.array([curve.radius(p) for p in z])
    stability = np.array([curve.stability(p) for p in z], dtype=object)
    kind = np.array([curve.kind(p) for p in z], dtype=object)
    inner = []
    for i, event in located:
        if event.type is not EventType.STABILITY:
            kind[i] = "degenerate" if curve.dimension > 1 else kind[i]
        stability[i] = "undecided"
        inner.append(BranchEvent(event.type, i, x[i], float(rho[i]), float(multiplier[i]), None, event.detail))
    outer = [
        BranchEvent(
            EventType.END, i, x[i], float(rho[i]), float(multiplier[i]), reason, _end_detail(curve, z[i], reason)
        )
        for i, reason in ((0, ends[0]), (len(z) - 1, ends[1]))
    ]
    return Branch(
        curve.f,
        curve.target,
        x,
        rho,
        multiplier,
        np.array([p.t for p in on_branch]),
        curve.scale,
        kind.astype(str),
        stability.astype(str),
        curve.f.value_lanes(x),
        (outer[0], *inner, outer[1]),
    )


def _end_detail(curve: Curve, z: np.ndarray, reason: EndReason) -> str:
    if reason is EndReason.CRITICAL_POINT:
        return critical_kind(curve.f, z[:-1])[1]
    return edge_at(curve.f, z[:-1]) if reason is EndReason.DOMAIN else ""
