"""The end of a census: what was found on all spheres together, every point once, places that hang together as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hallucert.balls import arithmetic
from hallucert.balls.facade import BallArithmetic
from hallucert.check.census.critical import critical_balls
from hallucert.check.census.groups import connected
from hallucert.check.census.records import (
    Alone,
    Box,
    CriticalPoint,
    HallucinatedPoint,
    Open,
    Problem,
    TaskResult,
    Unsettled,
    floats,
    from_floats,
)
from hallucert.check.census.search.equations import Chart, charts
from hallucert.check.census.sphere import overlap
from hallucert.check.claim import Enclosure
from hallucert.clock import Clock


def merged(
    problem: Problem, targets: Sequence[CriticalPoint], results: Sequence[TaskResult[HallucinatedPoint]], clock: Clock
) -> tuple[list[HallucinatedPoint], list[Unsettled]]:
    """Put the results of all spheres together: every point once.

    A point on an edge of the cube is found on several charts. Two points of the same target whose boxes are disjoint
    are different; they are the same if the one, taken to the chart of the other, lies where that is the only solution.
    """
    kept: dict[int, list[Alone[HallucinatedPoint]]] = {}  # by target
    places = [place for result in results for place in result.places]
    for alone in [alone for result in results for alone in result.points]:
        point = alone.point
        own = kept.setdefault(point.target, [])
        close = [k for k in own if overlap(k.point.box, point.box)]
        if not close:
            own.append(alone)
        elif not any(_same(problem, targets[point.target], point, other) for other in close):
            places.append(Unsettled(point.box, targets[point.target].box, Open.DUPLICATE))
    found = [k.point for own in kept.values() for k in own]
    points = sorted(found, key=lambda point: (point.target, [side.lower for side in point.box]))
    return points, _together(places, clock)


def _together(places: Sequence[Unsettled], clock: Clock) -> list[Unsettled]:
    """Join places with the same target and reason that hang together, as on the edges of the charts."""
    alike: dict[tuple[Box, Open], list[Box]] = {}
    joined: list[Unsettled] = []
    for place in places:
        if place.box is None:
            joined.append(place)
        else:
            alike.setdefault((place.target, place.reason), []).append(place.box)
    for number, ((target, reason), boxes) in enumerate(alike.items()):
        clock.tell("joining open places", number, len(alike))
        ends = np.array([floats(box) for box in boxes])
        for group in connected(ends[..., 0], ends[..., 1], clock):
            sides = zip(*(boxes[i] for i in group), strict=True)
            hull = (Enclosure(min(s.lower for s in side), max(s.upper for s in side)) for side in sides)
            joined.append(Unsettled(tuple(hull), target, reason))
    return joined


def _same(problem: Problem, target: CriticalPoint, point: HallucinatedPoint, other: Alone[HallucinatedPoint]) -> bool:
    """Tell whether `point` lies in the box of a chart where the other one is the only solution."""
    ar, chart = arithmetic(problem.exact_backend, problem.precision), charts(problem.f.dimension)[other.chart or 0]
    with ar:
        x, centre = ([ar.interval(side.lower, side.upper) for side in box] for box in (point.box, target.box))
        if _is_on_chart(ar, x, centre, chart, other.unique):
            return True
        return _is_on_chart(ar, x, critical_balls(ar, problem.f, target.box), chart, other.unique)


def _is_on_chart(ar: BallArithmetic, x: Sequence[Any], centre: Sequence[Any], chart: Chart, box: np.ndarray) -> bool:
    """Tell whether a point certainly lies over a box of a chart."""
    radial = chart.to_chart([side - c for side, c in zip(x, centre, strict=True)])
    if not ar.positive(chart.signed(radial[0])):
        return False
    y = [side / radial[0] for side in radial[1:]]
    return all(ar.within(ball, side.lower, side.upper) for ball, side in zip(y, from_floats(box), strict=True))
