"""Step two of a census: for every target, all points of its sphere where g is normal to it and points inward.

The charts of the sphere are searched by branch and prune (`census_equations`). A zero that is proved is refined in ball
arithmetic, and there it is decided whether g points inward, whether the point is in the box, and what the spectrum of
the SAM matrix says. A zero at which g cannot be told from 0 is left open. If another critical point lies in its tiny
box, at a distance from the target that cannot be told from ``rho``, the box is *excluded*; otherwise it is pending.

For a degenerate target the sphere is swept with a whole box of centres: if nothing is left, no point of the box is
mapped into that box of centres. Existence is never claimed for one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls import arithmetic
from hallucert.balls.facade import BallArithmetic
from hallucert.check.census.critical import critical_balls, shrunk
from hallucert.check.census.groups import touching_groups
from hallucert.check.census.records import (
    Alone,
    Box,
    CriticalPoint,
    HallucinatedPoint,
    Kind,
    Open,
    Problem,
    TaskResult,
    Unsettled,
    floats,
    from_floats,
    stability_of,
)
from hallucert.check.census.search import lanes as census_lanes
from hallucert.check.census.search.branch_and_prune import (
    BATCH,
    MOST_SMALL,
    Boxes,
    Searched,
    Zero,
    boxes_of,
    chunks,
    narrowed,
    search,
)
from hallucert.check.census.search.equations import Chart, ChartPoint, SphereSystem, charts
from hallucert.check.census.search.float_points import FloatPoints
from hallucert.check.census.search.refine import Guess, guesses
from hallucert.check.census.search.spectrum import smallest_real_part
from hallucert.check.claim import Enclosure
from hallucert.check.problem import Point, is_defined, is_undefined
from hallucert.check.problem import Problem as SamProblem
from hallucert.clock import UNLIMITED, Clock, OutOfTime

TARGETS_PER_TASK = {2: 16, 3: 6, 4: 4}
"""By dimension: all charts of so many targets are searched together."""
CELLS = {1: 4, 2: 2, 3: 1}
"""Cells a side of a chart to begin with, by its dimension."""
WIDEST_CHART_BOX = 2.0**-6
"""Wider boxes on a chart are split whatever the tolerance: without that small spheres would not be searched."""
NARROWINGS = 12
"""Steps of the operator on a box of a degenerate target; it converges linearly at worst."""
FINER, AGAIN = 2.0**-14, 200
"""Small boxes are looked at again down to this part of the tolerance, with so many boxes for each of them."""
NEIGHBOURHOOD, WIDEST = 16, 2.0**-6
"""An excluded place ends at most so many tolerances from its critical point, and at most this part of ``rho``."""
COARSE = 2.0**-8
"""Around a target that is known only up to this part of ``rho`` the sphere is not resolved."""


def tasks(problem: Problem, targets: int) -> list[int]:
    """Return the tasks of this step: numbers of their first targets."""
    return list(range(0, targets, TARGETS_PER_TASK[problem.f.dimension]))


def cells(problem: Problem, own: Sequence[int]) -> Boxes:
    """Return the cells of all charts of some targets; the tag is ``2 d`` times the target plus the chart."""
    d = problem.f.dimension
    tags = np.concatenate([np.arange(2 * d * i, 2 * d * (i + 1)) for i in own])
    grid = np.linspace(-1.0, 1.0, CELLS[d - 1] + 1)
    corners = np.array(list(itertools.product(range(CELLS[d - 1]), repeat=d - 1)))
    lo, hi = (np.tile(grid[index], (len(tags), 1)) for index in (corners, corners + 1))
    return Boxes(np.repeat(tags, len(corners)), lo, hi)


def run(
    problem: Problem, targets: Sequence[CriticalPoint], start: int, max_boxes: int, clock: Clock = UNLIMITED
) -> TaskResult[HallucinatedPoint]:
    """Search the spheres of one group of targets."""
    d = problem.f.dimension
    own = range(start, min(start + TARGETS_PER_TASK[d], len(targets)))
    if clock.passed():
        nothing = tuple(Unsettled(None, targets[i].box, Open.BUDGET) for i in own)
        return TaskResult((), nothing, 0, True, cells(problem, own)[:0])
    boxes = np.array([floats(target.box) for target in targets])
    system = SphereSystem(problem.lanes, problem.f, problem.rho, boxes, None, problem.region)
    # On the sphere of radius rho, a step of w on the chart is at most a step of rho w. Around a degenerate target
    # nothing is seen below the size of its box.
    size = float((problem.region[:, 1] - problem.region[:, 0]).max())
    tolerance, unknown = problem.tolerance * size / float(problem.rho), _unknown(boxes) / float(problem.rho)
    smallest = np.repeat(np.maximum(min(tolerance, WIDEST_CHART_BOX), unknown), 2 * d)
    found = search(system, cells(problem, own), smallest, max_boxes, clock)
    isolated = np.repeat([target.kind is not Kind.DEGENERATE for target in targets], 2 * d)
    found = _looked_at_again(system, found, isolated, smallest, clock)
    points: list[Alone[HallucinatedPoint]] = []
    places: list[Unsettled] = []
    centres: Centres = {}
    unseen: list[Zero] = []  # proved, but there was no time to say what they are
    in_points = SphereSystem(FloatPoints(), problem.f, problem.rho, boxes, None, None)
    for zeros in chunks(found.zeros):
        if clock.passed():
            unseen += zeros
            continue
        proposed = guesses(in_points, zeros)
        at_once = census_lanes.hallucinated_points(problem, system, targets, zeros, proposed)
        for i, (zero, guess) in enumerate(zip(zeros, proposed, strict=True)):
            number, chart = divmod(zero.tag, 2 * d)
            settled: HallucinatedPoint | Unsettled | None
            try:
                with clock.watched():
                    own_zero = Zero(number, zero.box, zero.unique)
                    settled = (
                        at_once[i]
                        if i in at_once
                        else settle(problem, targets, charts(d)[chart], own_zero, guess, centres)
                    )
            except OutOfTime:
                unseen.append(zero)
                continue
            if isinstance(settled, HallucinatedPoint):
                points.append(Alone(settled, zero.unique, chart))
            elif settled is not None:
                places.append(settled)
    found = replace(found, pending=Boxes.join([found.pending, boxes_of(unseen, d - 1)]))
    places += _leftovers(problem, system, targets, found, clock)
    pending = any(place.reason is Open.BUDGET for place in places)
    return TaskResult(tuple(points), tuple(places), found.spent, pending, found.small[:0])


def _looked_at_again(
    system: SphereSystem, found: Searched, isolated: np.ndarray, smallest: np.ndarray, clock: Clock
) -> Searched:
    """Split small boxes further: nearly singular zeros are told apart, of singular ones the coarse boxes are kept.

    A budget of its own keeps this short; boxes around a singular zero multiply as they shrink.
    """
    again = found.small[isolated[found.small.tag]]
    if not len(again) or len(again) >= MOST_SMALL:
        return found
    finer = search(system, again, smallest * FINER, AGAIN * len(again) + BATCH, clock)
    unresolved = np.union1d(finer.small.tag, finer.pending.tag)
    keep = ~isolated[found.small.tag] | np.isin(found.small.tag, unresolved)
    return Searched(found.zeros + finer.zeros, found.small[keep], found.pending, found.spent + finer.spent)


@dataclass(frozen=True)
class Centre:
    """A target in balls: the point, whether `f` is certainly defined there, and the Hessian."""

    x: list[Any]
    defined: bool
    hessian: list[list[Any]]


Centres = dict[tuple[int, int], Centre]
"""Targets by their numbers and the precision of the balls."""


def centre_of(
    ar: BallArithmetic, problem: Problem, targets: Sequence[CriticalPoint], number: int, known: Centres
) -> Centre:
    """Return a target in balls; those that are not known yet are added."""
    key = (number, ar.precision)
    if key not in known:
        f = problem.f
        x = critical_balls(ar, f, targets[number].box)
        known[key] = Centre(x, is_defined(ar, f, x), f.enclose_hessian(ar, x))
    return known[key]


def chart_ball_point(
    ar: BallArithmetic, problem: Problem, centre: Sequence[Any], chart: Chart, zero: Zero, guess: Guess | None
) -> ChartPoint:
    """Refine a proved zero on a chart around a target to the precision of `ar`."""
    rho = ar.constant(problem.rho)

    def at(y: list[Any]) -> ChartPoint:
        return ChartPoint(ar, problem.f, rho, centre, chart, y)

    return at(shrunk(ar, at, zero.unique, guess))


def settle(
    problem: Problem,
    targets: Sequence[CriticalPoint],
    chart: Chart,
    zero: Zero,
    guess: Guess | None = None,
    centres: Centres | None = None,
) -> HallucinatedPoint | Unsettled | None:
    """Decide what a proved zero is; None: certainly not a hallucinated point of the box.

    Parameters
    ----------
    problem : Problem
        What the census is of.
    targets : sequence of CriticalPoint
        All of them; the tag of the zero is the number of its target.
    chart : Chart
        Where the zero lies.
    zero : Zero
        It.
    guess : Guess, optional
        Where it may be.
    centres : dict, optional
        The targets in balls as far as they are known; others are added.
    """
    target, centres = targets[zero.tag], {} if centres is None else centres
    if target.kind is Kind.DEGENERATE:
        region = problem.region
        system = SphereSystem(problem.lanes, problem.f, problem.rho, floats(target.box)[None], chart, region)
        left = narrowed(system, Boxes(np.zeros(1, int), zero.box[None, :, 0], zero.box[None, :, 1]), NARROWINGS)
        with system.lanes:
            if not len(left) or system.impossible(left)[0]:
                return None
            return Unsettled(_x_box(system, left), target.box, Open.DEGENERATE_TARGET)
    place: Unsettled | None = None
    for precision in problem.precisions:
        ar = arithmetic(problem.exact_backend, precision)
        with ar:
            centre = centre_of(ar, problem, targets, zero.tag, centres)
            point = chart_ball_point(ar, problem, centre.x, chart, zero, guess)
            sides = [ar.endpoints(ball) for ball in point.x]
            inside = _inside(sides, problem.sides)
            if inside is False or ar.positive(point.outward):
                return None
            defined = is_defined(ar, problem.f, point.x)
            if not defined and is_undefined(ar, problem.f, point.x):
                return None
            box = tuple(problem.published(Enclosure(*side), precision) for side in sides)
            if not ar.negative(point.outward):
                place = Unsettled(box, target.box, why_open(problem, targets, zero.tag, box))
            elif inside is None:
                place = Unsettled(box, target.box, Open.BOUNDARY)
            elif not (defined and centre.defined):
                place = Unsettled(box, target.box, Open.DOMAIN)
            else:
                norm, real_part = _numbers(ar, problem, centre, point)
                return HallucinatedPoint(box, zero.tag, target.kind, stability_of(real_part), norm, real_part)
    return place


def _inside(sides: Sequence[tuple[Fraction, Fraction]], region: Box) -> bool | None:
    """Tell whether a point is in the region: True, False, or None if it cannot be told."""
    pairs = list(zip(sides, region, strict=True))
    if any(high < side.lower or low > side.upper for (low, high), side in pairs):
        return False
    return True if all(side.lower <= low and high <= side.upper for (low, high), side in pairs) else None


def _numbers(
    ar: BallArithmetic, problem: Problem, centre: Centre, point: ChartPoint
) -> tuple[Enclosure, Enclosure | None]:
    """Enclose ``|g|`` and the smallest real part of the spectrum of ``M = H(c) J(x)``."""
    sam = Point(ar, SamProblem(problem.f, problem.rho), point.x)
    sam.gradient = point.chart.from_chart(point.gradient)  # known already
    ends = smallest_real_part(ar, ar.matrix_product(centre.hessian, sam.perturbation))
    norm = problem.published(Enclosure(*ar.endpoints(sam.q)), ar.precision)
    return norm, None if ends is None else problem.published(Enclosure(*ends), ar.precision)


def overlap(box: Box, other: Box) -> bool:
    """Tell whether two boxes have a common point."""
    return all(a.lower <= b.upper and b.lower <= a.upper for a, b in zip(box, other, strict=True))


def why_open(problem: Problem, targets: Sequence[CriticalPoint], tag: int, box: Box | None) -> Open:
    """Say why a place on the sphere of an isolated target is open, where it is not the budget.

    Parameters
    ----------
    problem : Problem
        What the census is of.
    targets : sequence of CriticalPoint
        All of them.
    tag : int
        Number of the target.
    box : Box or None
        The place.
    """
    own = targets[tag]
    if box is not None and any(
        _is_around(problem, box, other.box) and _may_be_apart(own.box, other.box, problem.rho)
        for i, other in enumerate(targets)
        if i != tag and other.kind is not Kind.DEGENERATE and overlap(box, other.box)
    ):
        return Open.CRITICAL_POINT
    coarse = _unknown(floats(own.box)) > COARSE * float(problem.rho)
    return Open.RESOLUTION if coarse else Open.SINGULAR


def _unknown(boxes: np.ndarray) -> np.ndarray:
    """Return the largest side of each box, shape (...) for boxes (..., d, 2)."""
    return np.asarray((boxes[..., 1] - boxes[..., 0]).max(-1))


def _is_around(problem: Problem, box: Box, point: Box) -> bool:
    """Tell whether a place lies in a small neighbourhood of the box of a critical point."""
    size = float((problem.region[:, 1] - problem.region[:, 0]).max())
    room = Fraction(min(NEIGHBOURHOOD * problem.tolerance * size, WIDEST * float(problem.rho)))
    return all(c.lower - room <= a.lower and a.upper <= c.upper + room for a, c in zip(box, point, strict=True))


def _may_be_apart(box: Box, other: Box, distance: Fraction) -> bool:
    """Tell whether points of two boxes may be at exactly that distance."""
    nearest, farthest = Fraction(0), Fraction(0)
    for a, b in zip(box, other, strict=True):
        nearest += max(b.lower - a.upper, a.lower - b.upper, Fraction(0)) ** 2
        farthest += max(b.upper - a.lower, a.upper - b.lower) ** 2
    return nearest <= distance**2 <= farthest


def _leftovers(
    problem: Problem, system: SphereSystem, targets: Sequence[CriticalPoint], found: Searched, clock: Clock
) -> list[Unsettled]:
    """Group the boxes that are left, chart by chart."""
    places = []
    with system.lanes:
        for boxes, spent in ((found.small, False), (found.pending, True)):
            for tag in np.unique(boxes.tag).tolist():
                own, number = boxes[boxes.tag == tag], tag // (2 * problem.f.dimension)
                # What was not looked at is one place; so is what is too much to be told apart.
                together = spent or len(own) >= MOST_SMALL
                groups = [np.arange(len(own))] if together else list(touching_groups(own.lo, own.hi))
                for i, group in enumerate(groups):
                    late = clock.passed()
                    # Without time the groups that are left are one place.
                    box = _x_box(system, own[np.concatenate(groups[i:]) if late else group])
                    if spent or late:
                        reason = Open.BUDGET
                    elif targets[number].kind is Kind.DEGENERATE:
                        reason = Open.DEGENERATE_TARGET
                    else:
                        reason = why_open(problem, targets, number, box)
                    places.append(Unsettled(box, targets[number].box, reason))
                    if late:
                        break
    return places


def _x_box(system: SphereSystem, boxes: Boxes) -> Box | None:
    """Return a box around the points ``c + rho n(y)`` of chart boxes of one target."""
    x = system.point(boxes).x
    low = [np.min(system.lanes.lower(v)) for v in x]
    high = [np.max(system.lanes.upper(v)) for v in x]
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return None
    return from_floats(np.stack([low, high], -1))
