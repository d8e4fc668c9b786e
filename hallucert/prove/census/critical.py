"""Step one of a census: all critical points of ``f`` that a point of the box can be mapped to.

A hallucinated point of the box D has its target at distance ``rho``, so in D made wider by ``rho`` on every side. That
box is searched by branch and prune for ``g = 0``. A critical point that Krawczyk's test proves is isolated and
nondegenerate, and the inertia of the Hessian names it. One at which ``f`` is undefined, and only the formula of its
gradient is not, is dropped; if that cannot be told it is an open place. What stays at the smallest width is grouped,
and each group is kept as one *degenerate* target: a box that may contain any number of critical points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from hallucert.arguments import quiet
from hallucert.balls import arithmetic
from hallucert.balls.ball_lanes import Boxes
from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.check.census.charts import Gradient, is_undefined
from hallucert.check.census.records import (
    Box,
    CriticalPoint,
    Kind,
    Open,
    Problem,
    Unsettled,
    floats,
    from_floats,
    kind_of,
    signs,
    widened,
)
from hallucert.check.claim import Enclosure
from hallucert.check.publishing import published
from hallucert.check.subdivision import is_defined
from hallucert.clock import UNLIMITED, Clock
from hallucert.exact import float_above
from hallucert.objectives.objective import Objective
from hallucert.prove.census import naming
from hallucert.prove.census.branch_and_prune import MOST_SMALL, Zero, boxes_of, search
from hallucert.prove.census.naming import Guess, float_points, shrunk
from hallucert.prove.census.results import TaskResult, connected
from hallucert.prove.census.systems import CriticalSystem, lanes_for

CELLS = {1: 64, 2: 20, 3: 10, 4: 6}  # a side of the first subdivision, by dimension
CELLS_PER_TASK = 1024
MOST_GROUPS = 200  # more boxes of unproved critical points than that are not searched for hallucinated points


def reached(problem: Problem) -> np.ndarray:
    """Return a box of doubles that contains every point at most ``rho`` from the region."""
    room = float_above(problem.rho)
    below = np.nextafter(problem.region[:, 0] - room, -np.inf)
    return np.stack([below, np.nextafter(problem.region[:, 1] + room, np.inf)], axis=1)


def tasks(problem: Problem) -> list[int]:
    """Return the numbers of the tasks of this step."""
    count = CELLS[problem.f.dimension] ** problem.f.dimension
    return list(range(-(-count // CELLS_PER_TASK)))


def cells(problem: Problem, number: int) -> Boxes:
    """Return the cells of a task; neighbours share their faces exactly, so the cells of all tasks cover the box."""
    count = CELLS[problem.f.dimension]
    # The ends of the first and the last cell are those of the box: linspace gives both exactly.
    grid = [np.linspace(low, high, count + 1) for low, high in reached(problem)]
    first, shape = number * CELLS_PER_TASK, (count,) * problem.f.dimension
    chosen = np.arange(first, min(first + CELLS_PER_TASK, count**problem.f.dimension))
    index = np.stack(np.unravel_index(chosen, shape), axis=1)
    lo = np.stack([side[index[:, j]] for j, side in enumerate(grid)], axis=1)
    hi = np.stack([side[index[:, j] + 1] for j, side in enumerate(grid)], axis=1)
    return Boxes(np.zeros(len(index), int), lo, hi)


@quiet
def run(problem: Problem, number: int, max_boxes: int, clock: Clock = UNLIMITED) -> TaskResult[CriticalPoint]:
    """Search the cells of one task."""
    lanes = lanes_for(problem)
    system = CriticalSystem(lanes, problem.f, problem.rho, problem.region)
    smallest = np.array([problem.tolerance * problem.size])
    found = search(system, cells(problem, number), smallest, max_boxes, clock)
    in_points = CriticalSystem(float_points(), problem.f, None, problem.region)
    named, unseen = naming.settled_in_time(
        found.zeros,
        in_points,
        lambda zeros, proposed: naming.critical_points(problem, system, zeros, proposed),
        lambda zero, guess: refined(problem, zero, guess),
        clock,
    )
    points = [one for one in named if isinstance(one, CriticalPoint)]
    places = [one for one in named if isinstance(one, Unsettled)]
    found = replace(found, pending=Boxes.join([found.pending, boxes_of(unseen, problem.f.dimension)]))
    small = found.small
    if len(small) >= MOST_SMALL:
        rest = Boxes.join([small, found.pending])
        places.append(Unsettled(None, _hull(rest), Open.DEGENERATE_TARGET))
        small = small[:0]
    elif len(found.pending):
        places.append(Unsettled(None, _hull(found.pending), Open.BUDGET))
    return TaskResult(tuple(points), tuple(places), found.spent, bool(len(found.pending)), small)


def _hull(boxes: Boxes) -> Box:
    return from_floats(np.stack([boxes.lo.min(0), boxes.hi.max(0)], -1))


def refined(problem: Problem, zero: Zero, guess: Guess) -> CriticalPoint | Unsettled | None:
    """Enclose a proved zero of the gradient tightly and name it; None: `f` is certainly undefined there."""
    f = problem.f
    with arithmetic(problem.exact_backend, problem.precision) as ar:
        balls = shrunk(ar, lambda x: Gradient(ar, f, x), zero.unique, guess)
        box = tuple(published(Enclosure(*ar.endpoints(ball)), ar.precision) for ball in balls)
        if not is_defined(ar, f, balls):
            return None if is_undefined(ar, f, balls) else Unsettled(None, box, Open.DOMAIN)
        kind = kind_of(*signs(ar, f.enclose_hessian(ar, balls)), f.dimension)
    return CriticalPoint(box, kind, None if kind is Kind.DEGENERATE else from_floats(zero.unique))


def critical_balls(ar: BallArithmetic, f: Objective, box: Box) -> list[Ball]:
    """Shrink a box that contains a nondegenerate critical point to the precision of `ar`."""
    return shrunk(ar, lambda x: Gradient(ar, f, x), floats(box))


def merged(
    problem: Problem, results: Sequence[TaskResult[CriticalPoint]]
) -> tuple[list[CriticalPoint], list[Unsettled]]:
    """Put the results of all tasks together: each proved critical point once, groups of the rest."""
    found = [point for result in results for point in result.points]
    vague = [point.box for point in found if point.unique is None]
    points: list[CriticalPoint] = []
    boxes, unique = np.empty((2, len(found), problem.f.dimension, 2))
    for point in found:
        if point.unique is not None:
            box, own = floats(point.box), unique[: len(points)]
            if not ((box[:, 0] >= own[..., 0]) & (box[:, 1] <= own[..., 1])).all(axis=1).any():
                boxes[len(points)], unique[len(points)] = box, floats(point.unique)
                points.append(point)
    places = [place for result in results for place in result.places]
    small = Boxes.join([result.small for result in results])
    for own in unique[: len(points)]:
        small = small[~((small.lo >= own[:, 0]).all(1) & (small.hi <= own[:, 1]).all(1))]
    groups = [_hull(small[np.array(group)]) for group in connected(small.lo, small.hi)] if len(small) else []
    if len(groups) > MOST_GROUPS:
        places += [Unsettled(None, box, Open.DEGENERATE_TARGET) for box in groups]
        groups = []
    points = _separated(problem, points, boxes[: len(points)], vague + groups)
    return sorted(points, key=lambda point: [side.lower for side in point.box]), places


def _separated(
    problem: Problem, points: Sequence[CriticalPoint], boxes: np.ndarray, vague: Sequence[Box]
) -> list[CriticalPoint]:
    """Replace points, in boxes (k, d, 2), that cannot be told from each other by a degenerate one around them.

    `vague` are others.

    A degenerate one gets some room, so that a checker, who splits in other places, need not end exactly where it ends.
    """
    result, together = [], list(vague)
    if points:
        for group in connected(boxes[..., 0], boxes[..., 1]):
            if len(group) == 1:
                result.append(points[group[0]])
            else:
                together.append(from_floats(np.stack([boxes[group, :, 0].min(0), boxes[group, :, 1].max(0)], -1)))
    room = Fraction(problem.tolerance * problem.size) / 4
    roomy = [widened(box, room) for box in together]
    return result + [CriticalPoint(box, Kind.DEGENERATE) for box in roomy if not _is_free(problem, box)]


def _is_free(problem: Problem, box: Box) -> bool:
    """Whether balls show that the gradient has no zero in a box, of which the smallest boxes of doubles did not."""
    with arithmetic(problem.exact_backend, problem.precision) as ar:
        balls = [ar.interval(side.lower, side.upper) for side in box]
        return any(map(ar.nonzero, Gradient(ar, problem.f, balls).equations))
