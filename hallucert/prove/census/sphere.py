"""Step two of a census: for every target, all points of its sphere where g is normal to it and points inward.

The charts of the sphere are searched by branch and prune (`systems`). A zero that is proved is refined in ball
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

import numpy as np

from hallucert.arguments import quiet
from hallucert.balls import arithmetic
from hallucert.balls.ball_lanes import Boxes
from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.check.census.charts import ChartPoint, Face, charts, is_undefined
from hallucert.check.census.records import (
    Box,
    CriticalPoint,
    HallucinatedPoint,
    Kind,
    Open,
    Problem,
    Unsettled,
    floats,
    from_floats,
    is_excluded,
    overlap,
    smallest_real_part,
    stability_of,
    widened,
)
from hallucert.check.claim import Enclosure
from hallucert.check.problem import Point
from hallucert.check.problem import Problem as SamProblem
from hallucert.check.publishing import published
from hallucert.check.subdivision import is_defined
from hallucert.clock import UNLIMITED, Clock
from hallucert.prove.census import naming
from hallucert.prove.census.branch_and_prune import (
    BATCH,
    MOST_SMALL,
    Searched,
    Zero,
    boxes_of,
    narrowed,
    search,
)
from hallucert.prove.census.critical import critical_balls
from hallucert.prove.census.naming import Guess, float_points, shrunk
from hallucert.prove.census.results import TaskResult, connected, together
from hallucert.prove.census.systems import SphereSystem, lanes_for

TARGETS_PER_TASK = {1: 64, 2: 16, 3: 6, 4: 4}  # by dimension: all charts of so many targets are searched together
CELLS = {0: 1, 1: 8, 2: 2, 3: 1}  # a side of a chart to begin with, by its dimension

# Wider boxes on a chart are split whatever the tolerance: without that small spheres would not be searched.
WIDEST_CHART_BOX = 2.0**-6
NARROWINGS = 12  # steps of the operator on a box of a degenerate target; it converges linearly at worst
FINER, AGAIN = 2.0**-14, 200  # small boxes are split to this part of the tolerance, with so many boxes for each of them
COARSE = 2.0**-8  # around a target that is known only up to this part of ``rho`` the sphere is not resolved

# A place that is left gets that part of its width, and of the tolerance, on every side, so that a checker, who splits
# in other places, need not end exactly where it ends; around a zero it gets that part of the size of the region.
ROOM, TINY_ROOM = Fraction(1, 4), Fraction(1, 2**46)


def tasks(problem: Problem, targets: int) -> list[int]:
    """Return the tasks of this step: numbers of their first targets."""
    return list(range(0, targets, TARGETS_PER_TASK[problem.f.dimension]))


def cells(problem: Problem, own: Sequence[int]) -> Boxes:
    """Return the cells of all charts of some targets; the tag is ``2 d`` times the target plus the chart."""
    d = problem.f.dimension
    tags = np.concatenate([np.arange(2 * d * i, 2 * d * (i + 1)) for i in own])
    grid = np.linspace(-1.0, 1.0, CELLS[d - 1] + 1)
    corners = np.array(list(itertools.product(range(CELLS[d - 1]), repeat=d - 1)), int)
    lo, hi = (np.tile(grid[index], (len(tags), 1)) for index in (corners, corners + 1))
    return Boxes(np.repeat(tags, len(corners)), lo, hi)


@quiet
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
    lanes = lanes_for(problem)
    system = SphereSystem(lanes, problem.f, problem.rho, boxes, problem.region)
    # On the sphere of radius rho, a step of w on the chart is at most a step of rho w. Around a degenerate target
    # nothing is seen below the size of its box.
    tolerance, unknown = problem.tolerance * problem.size / float(problem.rho), _unknown(boxes) / float(problem.rho)
    smallest = np.repeat(np.maximum(min(tolerance, WIDEST_CHART_BOX), unknown), 2 * d)
    found = search(system, cells(problem, own), smallest, max_boxes, clock)
    isolated = np.repeat([target.kind is not Kind.DEGENERATE for target in targets], 2 * d)
    found = _looked_at_again(system, found, isolated, smallest, clock)
    centres: Centres = {}
    settled, unseen = naming.settled_in_time(
        found.zeros,
        SphereSystem(float_points(), problem.f, problem.rho, boxes, None),
        lambda zeros, proposed: naming.hallucinated_points(problem, system, targets, zeros, proposed),
        lambda zero, guess: settle(problem, targets, zero, guess, centres),
        clock,
    )
    points = [one for one in settled if isinstance(one, HallucinatedPoint)]
    places = [one for one in settled if isinstance(one, Unsettled)]
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

    x: list[Ball]
    defined: bool
    hessian: list[list[Ball]]


Centres = dict[tuple[int, int], Centre]
"""Targets by their numbers and the precision of the balls."""


def centre_of(
    ar: BallArithmetic, problem: Problem, targets: Sequence[CriticalPoint], number: int, known: Centres
) -> Centre:
    """Return a target in balls; those that are not known yet are added."""
    key = (number, ar.precision)
    if key not in known:
        x = critical_balls(ar, problem.f, targets[number].box)
        known[key] = Centre(x, is_defined(ar, problem.f, x), problem.f.enclose_hessian(ar, x))
    return known[key]


def settle(
    problem: Problem,
    targets: Sequence[CriticalPoint],
    zero: Zero,
    guess: Guess | None = None,
    centres: Centres | None = None,
) -> HallucinatedPoint | Unsettled | None:
    """Decide what a proved zero is, from the guess; None: certainly not a hallucinated point of the box.

    Its tag is ``2 d`` times the number of its target plus that of the chart. Targets in balls are added to `centres`.
    """
    number, face = divmod(zero.tag, 2 * problem.f.dimension)
    target, centres = targets[number], {} if centres is None else centres
    if target.kind is Kind.DEGENERATE:
        return _settled_vaguely(problem, target, face, zero)
    place: Unsettled | None = None
    for precision in problem.precisions:
        with arithmetic(problem.exact_backend, precision) as ar:
            centre = centre_of(ar, problem, targets, number, centres)
            point = _refined(ar, problem, centre.x, charts(problem.f.dimension)[face], zero, guess)
            sides = [ar.endpoints(ball) for ball in point.x]
            inside = _inside(sides, problem.sides)
            if inside is False or ar.positive(point.outward):
                return None
            defined = is_defined(ar, problem.f, point.x)
            if not defined and is_undefined(ar, problem.f, point.x):
                return None
            box = tuple(published(Enclosure(*side), precision) for side in sides)
            around = widened(box, TINY_ROOM * Fraction(problem.size))
            if not ar.negative(point.outward):
                place = Unsettled(around, target.box, why_open(problem, targets, number, around))
            elif inside is None:
                place = Unsettled(around, target.box, Open.BOUNDARY)
            elif not (defined and centre.defined):
                place = Unsettled(around, target.box, Open.DOMAIN)
            else:
                norm, real_part = _numbers(ar, problem, centre, point)
                stability, unique = stability_of(real_part), from_floats(zero.unique)
                return HallucinatedPoint(box, number, target.kind, stability, norm, real_part, face, unique)
    return place


def _refined(
    ar: BallArithmetic, problem: Problem, centre: Sequence[Ball], face: Face, zero: Zero, guess: Guess | None
) -> ChartPoint:
    """Refine a proved zero on a chart to the precision of `ar`."""
    rho = ar.constant(problem.rho)

    def at(y: list[Ball]) -> ChartPoint:
        return ChartPoint(ar, problem.f, rho, centre, face, y)

    return at(shrunk(ar, at, zero.unique, guess) if len(zero.unique) else [])


def _settled_vaguely(problem: Problem, target: CriticalPoint, face: int, zero: Zero) -> Unsettled | None:
    """Say where the zeros of a degenerate target lie that a box has; None: nowhere."""
    lanes = lanes_for(problem)
    system = SphereSystem(lanes, problem.f, problem.rho, floats(target.box)[None], problem.region)
    left = narrowed(system, Boxes(np.array([face]), zero.box[None, :, 0], zero.box[None, :, 1]), NARROWINGS)
    with lanes:
        if not len(left) or system.impossible(left)[0]:
            return None
        return Unsettled(_x_box(problem, system, left), target.box, Open.DEGENERATE_TARGET)


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
    ends = smallest_real_part(ar, ar.matrix_product(centre.hessian, sam.perturbation))
    norm = published(Enclosure(*ar.endpoints(sam.q)), ar.precision)
    return norm, None if ends is None else published(Enclosure(*ends), ar.precision)


def why_open(problem: Problem, targets: Sequence[CriticalPoint], tag: int, box: Box | None) -> Open:
    """Say why a place on the sphere of an isolated target, number `tag`, is open, where it is not the budget."""
    own = targets[tag].box
    if box is not None and is_excluded(problem, targets, own, box):
        return Open.CRITICAL_POINT
    coarse = _unknown(floats(own)) > COARSE * float(problem.rho)
    return Open.RESOLUTION if coarse else Open.SINGULAR


def _unknown(boxes: np.ndarray) -> np.ndarray:
    """Return the largest side of each box, shape (...) for boxes (..., d, 2)."""
    return np.asarray((boxes[..., 1] - boxes[..., 0]).max(-1))


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
                whole = spent or len(own) >= MOST_SMALL
                groups = [list(range(len(own)))] if whole else connected(own.lo, own.hi)
                for i, group in enumerate(groups):
                    late = clock.passed()
                    # Without time the groups that are left are one place.
                    box = _x_box(problem, system, own[np.concatenate(groups[i:]) if late else np.array(group)])
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


def _x_box(problem: Problem, system: SphereSystem, boxes: Boxes) -> Box | None:
    """Return a box around the points ``c + rho n(y)`` of chart boxes of one target, with some room."""
    x = system.point(boxes).x
    low = [np.min(system.lanes.lower(v)) for v in x]
    high = [np.max(system.lanes.upper(v)) for v in x]
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return None
    box = from_floats(np.stack([low, high], -1))
    widest = max(side.upper - side.lower for side in box)
    return widened(box, ROOM * (widest + Fraction(problem.tolerance * problem.size)))


def merged(
    problem: Problem, targets: Sequence[CriticalPoint], results: Sequence[TaskResult[HallucinatedPoint]], clock: Clock
) -> tuple[list[HallucinatedPoint], list[Unsettled]]:
    """Put the results of all spheres together: every point once.

    A point on an edge of the cube is found on several charts. Two points of the same target whose boxes are disjoint
    are different; they are the same if the one, taken to the chart of the other, lies where that is the only solution.
    """
    kept: dict[int, list[HallucinatedPoint]] = {}  # by target
    places = [place for result in results for place in result.places]
    for point in [point for result in results for point in result.points]:
        own = kept.setdefault(point.target, [])
        close = [other for other in own if overlap(other.box, point.box)]
        if not close:
            own.append(point)
        elif not any(_same(problem, targets[point.target], point, other) for other in close):
            places.append(Unsettled(point.box, targets[point.target].box, Open.DUPLICATE))
    found = [point for own in kept.values() for point in own]
    points = sorted(found, key=lambda point: (point.target, [side.lower for side in point.box]))
    return points, together(places, clock)


def _same(problem: Problem, target: CriticalPoint, point: HallucinatedPoint, other: HallucinatedPoint) -> bool:
    """Tell whether `point` lies in the box of a chart where the other one is the only solution."""
    face = charts(problem.f.dimension)[other.chart]
    with arithmetic(problem.exact_backend, problem.precision) as ar:
        x, centre = ([ar.interval(side.lower, side.upper) for side in box] for box in (point.box, target.box))
        return face.holds(ar, x, centre, other.unique) or face.holds(
            ar, x, critical_balls(ar, problem.f, target.box), other.unique
        )
