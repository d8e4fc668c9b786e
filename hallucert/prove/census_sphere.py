"""Step two of a census: for every target, all points of its sphere where g is normal to it and points inward.

Each chart of the sphere is searched by branch and prune (`census_equations`). A zero that is proved is refined in ball
arithmetic, and there it is decided whether g points inward, whether the point is in the box, and what the spectrum of
the SAM matrix says. A zero at which g cannot be told from 0 is left open. If another critical point lies in its tiny
box, at a distance from the target that cannot be told from ``rho``, the box is *excluded*; otherwise it is pending.

For a degenerate target the sphere is swept with a whole box of centres: if nothing is left, no point of the box is
mapped into that box of centres. Existence is never claimed for one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls import arithmetic
from hallucert.balls.spectrum import spectrum
from hallucert.prove.branch_and_prune import BATCH, MOST_SMALL, Boxes, Searched, Zero, narrowed, search, touching_groups
from hallucert.prove.census_critical import critical_balls, published, shrunk
from hallucert.prove.census_equations import Chart, ChartPoint, SphereSystem, charts
from hallucert.prove.census_records import (
    Box,
    CriticalPoint,
    HallucinatedPoint,
    Kind,
    Open,
    Problem,
    Stability,
    Unsettled,
    floats,
    from_floats,
    point_from_json,
    point_to_json,
    unsettled_from_json,
    unsettled_to_json,
)
from hallucert.prove.claims import Enclosure
from hallucert.prove.domain import is_defined, is_undefined
from hallucert.prove.point import Point

TARGETS_PER_TASK = 24
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


def tasks(problem: Problem, targets: int) -> list[tuple[int, int]]:
    """Return the tasks of this step: number of the chart, and of the first target."""
    starts = range(0, targets, TARGETS_PER_TASK)
    return [(chart, start) for start in starts for chart in range(2 * problem.f.dimension)]


def run(
    problem: Problem,
    targets: Sequence[CriticalPoint],
    task: tuple[int, int],
    max_boxes: int,
    deadline: float = math.inf,
) -> dict[str, Any]:
    """Search one chart for one group of targets; returns plain data."""
    chart, start = charts(problem.f.dimension)[task[0]], task[1]
    own = range(start, min(start + TARGETS_PER_TASK, len(targets)))
    boxes = np.array([floats(target.box) for target in targets])
    system = SphereSystem(problem.lanes, problem.f, problem.rho, boxes, chart, problem.region)
    # On the sphere of radius rho, a step of w on the chart is at most a step of rho w. Around a degenerate target
    # nothing is seen below the size of its box.
    size = float((problem.region[:, 1] - problem.region[:, 0]).max())
    tolerance, unknown = problem.tolerance * size / float(problem.rho), _unknown(boxes) / float(problem.rho)
    smallest = np.maximum(min(tolerance, WIDEST_CHART_BOX), unknown)
    lo = np.full((len(own), problem.f.dimension - 1), -1.0)
    found = search(system, Boxes(np.array(own), lo, -lo), smallest, max_boxes, deadline)
    isolated = np.array([target.kind is not Kind.DEGENERATE for target in targets])
    found = _looked_at_again(system, found, isolated, smallest, deadline)
    points, places = [], []
    for zero in found.zeros:
        settled = settle(problem, targets, chart, zero)
        if isinstance(settled, HallucinatedPoint):
            unique = [[v.hex() for v in side] for side in zero.unique.tolist()]
            points.append(point_to_json(settled) | {"unique": unique})
        elif settled is not None:
            places.append(settled)
    places += _leftovers(problem, system, targets, found)
    return {
        "chart": task[0],
        "points": points,
        "places": [unsettled_to_json(place) for place in places],
        "spent": found.spent,
        "pending": bool(len(found.pending)),
    }


def _looked_at_again(
    system: SphereSystem, found: Searched, isolated: np.ndarray, smallest: np.ndarray, deadline: float
) -> Searched:
    """Split small boxes further: nearly singular zeros are told apart, of singular ones the coarse boxes are kept.

    A budget of its own keeps this short; boxes around a singular zero multiply as they shrink.
    """
    again = found.small[isolated[found.small.tag]]
    if not len(again) or len(again) >= MOST_SMALL:
        return found
    finer = search(system, again, smallest * FINER, AGAIN * len(again) + BATCH, deadline)
    unresolved = np.union1d(finer.small.tag, finer.pending.tag)
    keep = ~isolated[found.small.tag] | np.isin(found.small.tag, unresolved)
    return Searched(found.zeros + finer.zeros, found.small[keep], found.pending, found.spent + finer.spent)


def chart_ball_point(
    ar: Any, problem: Problem, target: CriticalPoint, chart: Chart, box: np.ndarray
) -> tuple[list[Any], ChartPoint]:
    """Refine a proved zero on a chart to the precision of `ar`; returns the target and the point, enclosed."""
    f, rho = problem.f, ar.constant(problem.rho)
    centre = critical_balls(ar, f, target.box)

    def at(y: list[Any]) -> ChartPoint:
        return ChartPoint(ar, f, rho, centre, chart, y)

    y = shrunk(ar, lambda y: at(y).equations, lambda y: at(y).jacobian, from_floats(box))
    return centre, at(y)


def settle(
    problem: Problem, targets: Sequence[CriticalPoint], chart: Chart, zero: Zero
) -> HallucinatedPoint | Unsettled | None:
    """Decide what a proved zero is; None: certainly not a hallucinated point of the box."""
    target = targets[zero.tag]
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
            centre, point = chart_ball_point(ar, problem, target, chart, zero.unique)
            inside = _inside(ar, point.x, problem.region)
            if inside is False or ar.positive(point.outward):
                return None
            box = published(problem, ar, point.x)
            if is_undefined(ar, problem.f, point.x):
                return None
            if not ar.negative(point.outward):
                place = Unsettled(box, target.box, why_open(problem, targets, zero.tag, box))
            elif inside is None:
                place = Unsettled(box, target.box, Open.BOUNDARY)
            elif not (is_defined(ar, problem.f, point.x) and is_defined(ar, problem.f, centre)):
                place = Unsettled(box, target.box, Open.DOMAIN)
            else:
                return _classified(ar, problem, zero.tag, target.kind, centre, point)
    return place


def _inside(ar: Any, x: Sequence[Any], region: np.ndarray) -> bool | None:
    """Tell whether a point is in the region: True, False, or None if it cannot be told."""
    sides = [(*ar.endpoints(ball), side) for ball, side in zip(x, from_floats(region), strict=True)]
    if any(high < side.lower or low > side.upper for low, high, side in sides):
        return False
    return True if all(side.lower <= low and high <= side.upper for low, high, side in sides) else None


def _classified(
    ar: Any, problem: Problem, target: int, kind: Kind, centre: list[Any], point: ChartPoint
) -> HallucinatedPoint:
    """Enclose the spectrum of ``M = H(c) J(x)``."""
    sam = Point(ar, problem.f, problem.rho, point.x)
    spectrum_of = spectrum(ar, ar.matrix_product(problem.f.enclose_hessian(ar, centre), sam.perturbation))
    real_part = None
    if spectrum_of is not None:
        real_part = problem.published(Enclosure(spectrum_of.min_real_lower, spectrum_of.min_real_upper), ar.precision)
    norm = problem.published(Enclosure(*ar.endpoints(sam.q)), ar.precision)
    return HallucinatedPoint(published(problem, ar, point.x), target, kind, stability(real_part), norm, real_part)


def stability(real_part: Enclosure | None) -> Stability:
    """Read the sign of the smallest real part."""
    if real_part is None or real_part.lower <= 0 <= real_part.upper:
        return Stability.UNDECIDED
    return Stability.ATTRACTOR if real_part.lower > 0 else Stability.REPELLER


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
    others = [other for i, other in enumerate(targets) if i != tag and other.kind is not Kind.DEGENERATE]
    if box is not None and any(
        _is_around(problem, box, other.box) and _may_be_apart(own.box, other.box, problem.rho) for other in others
    ):
        return Open.CRITICAL_POINT
    coarse = _unknown(floats(own.box)) > COARSE * float(problem.rho)
    return Open.RESOLUTION if coarse else Open.SINGULAR


def _unknown(boxes: np.ndarray) -> np.ndarray:
    """Return the largest side of each box, shape (...) for boxes (..., d, 2)."""
    return np.asarray((boxes[..., 1] - boxes[..., 0]).max(-1))


def _is_around(problem: Problem, box: Box, point: Box) -> bool:
    """Tell whether a place meets the box of a critical point and is a small neighbourhood of it."""
    size = float((problem.region[:, 1] - problem.region[:, 0]).max())
    room = Fraction(min(NEIGHBOURHOOD * problem.tolerance * size, WIDEST * float(problem.rho)))
    near = all(c.lower - room <= a.lower and a.upper <= c.upper + room for a, c in zip(box, point, strict=True))
    return near and overlap(box, point)


def _may_be_apart(box: Box, other: Box, distance: Fraction) -> bool:
    """Tell whether points of two boxes may be at exactly that distance."""
    nearest, farthest = Fraction(0), Fraction(0)
    for a, b in zip(box, other, strict=True):
        nearest += max(b.lower - a.upper, a.lower - b.upper, Fraction(0)) ** 2
        farthest += max(b.upper - a.lower, a.upper - b.lower) ** 2
    return nearest <= distance**2 <= farthest


def _leftovers(
    problem: Problem, system: SphereSystem, targets: Sequence[CriticalPoint], found: Searched
) -> list[Unsettled]:
    """Group the boxes that are left, target by target."""
    places = []
    with system.lanes:
        for boxes, spent in ((found.small, False), (found.pending, True)):
            for tag in np.unique(boxes.tag).tolist():
                own = boxes[boxes.tag == tag]
                # What was not looked at is one place; so is what is too much to be told apart.
                together = spent or len(own) >= MOST_SMALL
                groups = [np.arange(len(own))] if together else touching_groups(own.lo, own.hi)
                for group in groups:
                    box = _x_box(system, own[group])
                    if spent:
                        reason = Open.BUDGET
                    elif targets[tag].kind is Kind.DEGENERATE:
                        reason = Open.DEGENERATE_TARGET
                    else:
                        reason = why_open(problem, targets, tag, box)
                    places.append(Unsettled(box, targets[tag].box, reason))
    return places


def _x_box(system: SphereSystem, boxes: Boxes) -> Box | None:
    """Return a box around the points ``c + rho n(y)`` of chart boxes of one target."""
    x = system.point(boxes).x
    low = [np.min(system.lanes.lower(v)) for v in x]
    high = [np.max(system.lanes.upper(v)) for v in x]
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return None
    return from_floats(np.stack([low, high], -1))


def merged(
    problem: Problem, targets: Sequence[CriticalPoint], results: Sequence[dict[str, Any]]
) -> tuple[list[HallucinatedPoint], list[Unsettled]]:
    """Put the results of all charts together: every point once.

    A point on an edge of the cube is found on several charts. Two points of the same target whose boxes are disjoint
    are different; they are the same if the one, taken to the chart of the other, lies where that is the only solution.
    """
    points: list[HallucinatedPoint] = []
    solved: list[tuple[Chart, np.ndarray]] = []
    places = [unsettled_from_json(data) for result in results for data in result["places"]]
    for number, data in [(result["chart"], data) for result in results for data in result["points"]]:
        point, chart = point_from_json(data), charts(problem.f.dimension)[number]
        close = [i for i, p in enumerate(points) if p.target == point.target and overlap(p.box, point.box)]
        if not close:
            points.append(point)
            solved.append((chart, np.array([[float.fromhex(v) for v in side] for side in data["unique"]])))
        elif not any(_same(problem, targets[point.target], point, *solved[i]) for i in close):
            places.append(Unsettled(point.box, targets[point.target].box, Open.DUPLICATE))
    points.sort(key=lambda point: (point.target, [side.lower for side in point.box]))
    return points, _together(places)


def _together(places: Sequence[Unsettled]) -> list[Unsettled]:
    """Join places with the same target and reason that overlap, as on the edges of the charts."""
    joined: list[Unsettled] = []
    for place in places:
        box = place.box
        for i, other in enumerate(joined):
            same = (other.target, other.reason) == (place.target, place.reason)
            if same and box is not None and other.box is not None and overlap(box, other.box):
                hull = (
                    Enclosure(min(a.lower, b.lower), max(a.upper, b.upper)) for a, b in zip(box, other.box, strict=True)
                )
                joined[i] = Unsettled(tuple(hull), place.target, place.reason)
                break
        else:
            joined.append(place)
    return joined


def _same(problem: Problem, target: CriticalPoint, point: HallucinatedPoint, chart: Chart, unique: np.ndarray) -> bool:
    """Tell whether `point` lies in the box `unique` of a chart, where another one is the only solution."""
    ar = arithmetic(problem.exact_backend, problem.precision)
    with ar:
        centre = critical_balls(ar, problem.f, target.box)
        radial = [ar.interval(side.lower, side.upper) - c for side, c in zip(point.box, centre, strict=True)]
        axis, sign = chart.axis, chart.sign
        if not (ar.positive(radial[axis]) if sign > 0 else ar.negative(radial[axis])):
            return False
        factor = ar.constant(Fraction(sign)) / radial[axis]
        y = [radial[j] * factor for j in chart.others(len(radial))]
        return all(ar.within(ball, side.lower, side.upper) for ball, side in zip(y, from_floats(unique), strict=True))
