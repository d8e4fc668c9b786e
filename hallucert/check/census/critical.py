"""Step one of a census: all critical points of ``f`` that a point of the box can be mapped to.

A hallucinated point of the box D has its target at distance ``rho``, so in D made wider by ``rho`` on every side. That
box is searched by branch and prune for ``g = 0``. A critical point that Krawczyk's test proves is isolated and
nondegenerate, and the inertia of the Hessian names it. One at which ``f`` is undefined, and only the formula of its
gradient is not, is dropped; if that cannot be told it is an open place. What stays at the smallest width is grouped,
and each group is kept as one *degenerate* target: a box that may contain any number of critical points.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from hallucert.balls import arithmetic
from hallucert.balls.facade import BallArithmetic
from hallucert.balls.krawczyk import Function, Jacobian, contract, prove_zero
from hallucert.check.census.groups import touching_groups
from hallucert.check.census.records import (
    Alone,
    Box,
    CriticalPoint,
    Kind,
    Open,
    Problem,
    TaskResult,
    Unsettled,
    floats,
    from_floats,
    kind_of,
)
from hallucert.check.census.search import lanes as census_lanes
from hallucert.check.census.search.branch_and_prune import MOST_SMALL, Boxes, Zero, boxes_of, chunks, search
from hallucert.check.census.search.equations import CriticalSystem
from hallucert.check.census.search.float_points import FloatPoints
from hallucert.check.census.search.refine import Guess, Local, around, guesses, refined_zero
from hallucert.check.census.search.spectrum import signs
from hallucert.check.claim import Enclosure
from hallucert.check.problem import is_defined, is_undefined
from hallucert.clock import UNLIMITED, Clock, OutOfTime
from hallucert.exact import float_above
from hallucert.objectives.objective import Objective

CELLS = {1: 64, 2: 16, 3: 10, 4: 6}
"""Cells a side of the first subdivision, by dimension."""
CELLS_PER_TASK = 1024
NEWTON_STEPS = 30
CONTRACTIONS = 4
"""Each doubles the bits: from a double to the highest precision in use. A zero at 0 could be contracted for ever."""
MOST_GROUPS = 200
"""More boxes of unproved critical points than that are not searched for hallucinated points."""


def widened(problem: Problem) -> np.ndarray:
    """Return a box of doubles that contains every point at most ``rho`` from the region."""
    room = float_above(problem.rho)
    below = np.nextafter(problem.region[:, 0] - room, -np.inf)
    return np.stack([below, np.nextafter(problem.region[:, 1] + room, np.inf)], axis=1)


def tasks(problem: Problem) -> list[int]:
    """Return the numbers of the tasks of this step."""
    cells = CELLS[problem.f.dimension] ** problem.f.dimension
    return list(range(-(-cells // CELLS_PER_TASK)))


def cells(problem: Problem, number: int) -> Boxes:
    """Return the cells of a task; neighbours share their faces exactly, so the cells of all tasks cover the box."""
    count = CELLS[problem.f.dimension]
    # The ends of the first and the last cell are those of the box: linspace gives both exactly.
    grid = [np.linspace(low, high, count + 1) for low, high in widened(problem)]
    chosen = itertools.product(range(count), repeat=problem.f.dimension)
    index = np.array(list(itertools.islice(chosen, number * CELLS_PER_TASK, (number + 1) * CELLS_PER_TASK)))
    lo = np.stack([side[index[:, j]] for j, side in enumerate(grid)], axis=1)
    hi = np.stack([side[index[:, j] + 1] for j, side in enumerate(grid)], axis=1)
    return Boxes(np.zeros(len(index), int), lo, hi)


def run(problem: Problem, number: int, max_boxes: int, clock: Clock = UNLIMITED) -> TaskResult[CriticalPoint]:
    """Search the cells of one task."""
    size = float((problem.region[:, 1] - problem.region[:, 0]).max())
    system = CriticalSystem(problem.lanes, problem.f, problem.rho, problem.region)
    found = search(system, cells(problem, number), np.array([problem.tolerance * size]), max_boxes, clock)
    in_points = CriticalSystem(FloatPoints(), problem.f, None, problem.region)
    points: list[Alone[CriticalPoint]] = []
    places: list[Unsettled] = []
    unseen: list[Zero] = []  # proved, but there was no time to name them
    for zeros in chunks(found.zeros):
        if clock.passed():
            unseen += zeros
            continue
        proposed = guesses(in_points, zeros)
        at_once = census_lanes.critical_points(problem, system, zeros, proposed)
        for i, (zero, guess) in enumerate(zip(zeros, proposed, strict=True)):
            try:
                with clock.watched():
                    named = at_once.get(i) or refined(problem, zero, guess)
            except OutOfTime:
                unseen.append(zero)
                continue
            if isinstance(named, CriticalPoint):
                points.append(Alone(named, zero.unique))
            elif named is not None:
                places.append(named)
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
    f, ar = problem.f, arithmetic(problem.exact_backend, problem.precision)
    with ar:
        balls = shrunk(ar, lambda x: _Gradient(ar, f, x), zero.unique, guess)
        if not is_defined(ar, f, balls):
            if is_undefined(ar, f, balls):
                return None
            return Unsettled(None, published(problem, ar, balls), Open.DOMAIN)
        positive, negative = signs(ar, f.enclose_hessian(ar, balls))
    return CriticalPoint(published(problem, ar, balls), kind_of(positive, negative, f.dimension))


class _Gradient:
    """The gradient and the Hessian of `f` on balls."""

    def __init__(self, ar: BallArithmetic, f: Objective, x: list[Any]) -> None:
        self.ar, self.f, self.x = ar, f, x

    @cached_property
    def equations(self) -> list[Any]:
        return self.f.enclose_gradient(self.ar, self.x)

    @property
    def jacobian(self) -> list[list[Any]]:
        return self.f.enclose_hessian(self.ar, self.x)


def critical_balls(ar: BallArithmetic, f: Objective, box: Box) -> list[Any]:
    """Shrink a box that contains a nondegenerate critical point to the precision of `ar`."""
    ends = floats(box)

    def at(x: list[Any]) -> _Gradient:
        return _Gradient(ar, f, x)

    # X contains the box: if exactly one zero lies in X, it is the one in the box.
    return refined_zero(ar, at, around(ends)) or shrunk(ar, at, ends)


def shrunk(
    ar: BallArithmetic, at: Callable[[list[Any]], Local], box: np.ndarray, guess: Guess | None = None
) -> list[Any]:
    """Enclose, as tightly as `ar` can, the zero that is known to be the only one in a box, shape (n, 2).

    If the guess is good, exactly one zero lies in a tiny X in the box: the one in question. Otherwise Newton's method
    proposes a centre and Krawczyk's test proves a zero in a small box around it.
    """
    found = None if guess is None else refined_zero(ar, at, guess, box)
    if found is not None:
        return found
    unique = from_floats(box)

    def function(x: list[Any]) -> list[Any]:
        return at(x).equations

    def jacobian(x: list[Any]) -> list[list[Any]]:
        return at(x).jacobian

    balls = [ar.interval(side.lower, side.upper) for side in unique]
    centre = _newton(ar, function, jacobian, unique)
    proved = None if centre is None else prove_zero(ar, function, jacobian, centre)
    if proved is not None:
        small = [(c - r, c + r) for c, r in zip(proved.centre, proved.radius, strict=True)]
        if all(side.lower <= low and high <= side.upper for side, (low, high) in zip(unique, small, strict=True)):
            balls = proved.box
    return contract(ar, function, jacobian, balls, max_steps=CONTRACTIONS)


def _newton(ar: BallArithmetic, function: Function, jacobian: Jacobian, box: Box) -> list[Fraction] | None:
    """Propose a point near the zero in a box."""
    low, high = floats(box).T
    x = np.clip((low + high) / 2, low, high)
    for _ in range(NEWTON_STEPS):
        balls = [ar.from_float(v) for v in x.tolist()]
        slope = ar.approximations(jacobian(balls))
        value = ar.approximations([function(balls)])[0]
        if not (np.isfinite(slope).all() and np.isfinite(value).all()):
            return None
        following = np.clip(x - np.linalg.lstsq(slope, value, rcond=None)[0], low, high)
        done = np.abs(following - x).max() <= 2.0**-50 * (np.abs(x) + high - low).max()
        x = following
        if done:
            break
    return [Fraction(v) for v in x.tolist()]


def published(problem: Problem, ar: BallArithmetic, balls: list[Any]) -> Box:
    """Return a box around balls, as the census reports it."""
    return tuple(problem.published(Enclosure(*ar.endpoints(ball)), ar.precision) for ball in balls)


def merged(
    problem: Problem, results: Sequence[TaskResult[CriticalPoint]]
) -> tuple[list[CriticalPoint], list[Unsettled]]:
    """Put the results of all tasks together: each proved critical point once, groups of the rest."""
    points: list[CriticalPoint] = []
    known = [alone for result in results for alone in result.points]
    unique = np.empty((len(known), problem.f.dimension, 2))
    for alone in known:
        box, own = floats(alone.point.box), unique[: len(points)]
        if ((box[:, 0] >= own[..., 0]) & (box[:, 1] <= own[..., 1])).all(axis=1).any():
            continue
        unique[len(points)] = alone.unique
        points.append(alone.point)
    unique = unique[: len(points)]
    places = [place for result in results for place in result.places]
    points = _separated(points)
    small = Boxes.join([result.small for result in results])
    for own in unique:
        small = small[~((small.lo >= own[:, 0]).all(1) & (small.hi <= own[:, 1]).all(1))]
    if len(small):
        groups = list(touching_groups(small.lo, small.hi))
        boxes = [_hull(small[group]) for group in groups]
        if len(boxes) > MOST_GROUPS:
            places += [Unsettled(None, box, Open.DEGENERATE_TARGET) for box in boxes]
        else:
            points += [CriticalPoint(box, Kind.DEGENERATE) for box in boxes]
    order = sorted(range(len(points)), key=lambda i: [side.lower for side in points[i].box])
    return [points[i] for i in order], places


def _separated(points: list[CriticalPoint]) -> list[CriticalPoint]:
    """Replace points that cannot be told from each other by a degenerate one around them."""
    if not points:
        return []
    boxes = np.array([floats(point.box) for point in points])
    result = []
    for group in touching_groups(boxes[..., 0], boxes[..., 1]):
        if len(group) == 1:
            result.append(points[group[0]])
        else:
            hull = np.stack([boxes[group, :, 0].min(0), boxes[group, :, 1].max(0)], -1)
            result.append(CriticalPoint(from_floats(hull), Kind.DEGENERATE))
    return result
