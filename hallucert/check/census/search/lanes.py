"""Settling zeros of a census all at once, in intervals of doubles; where doubles do not decide, balls do it one by one.

Around each guess m lies a box X of radius about `RADIUS`, in the box where the zero is the only one. There the operator
of `branch_and_prune` contracts by about RADIUS, so the image K of X is as small as rounding allows. If K lies in the
interior of X, the zero lies in K. From K come, in lanes, the point, ``|g|``, and the matrix whose spectrum decides.

A zero counts as settled only if its enclosures are tight (`TIGHT`, `TIGHT_NUMBERS`) and every question has an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hallucert.balls import arithmetic
from hallucert.balls.lanes import FloatLanes, Lanes
from hallucert.check.census.records import (
    CriticalPoint,
    HallucinatedPoint,
    Kind,
    Problem,
    Stability,
    from_floats,
    kind_of,
    published_doubles,
    stability_of,
)
from hallucert.check.census.search.branch_and_prune import Boxes, System, Zero, image
from hallucert.check.census.search.equations import CriticalSystem, SphereSystem, outside_of
from hallucert.check.census.search.refine import Guess
from hallucert.check.census.search.spectrum import signs_in_lanes, smallest_real_parts
from hallucert.check.problem import Point
from hallucert.check.problem import Problem as SamProblem

RADIUS = 2.0**-32
"""Of X, beside coordinates and 1."""
TIGHT, NEAR_ZERO = 2.0**-40, 2.0**-10
"""Widest enclosure of a point, as a part of rho and of its largest coordinate, or of that part of rho near 0."""
TIGHT_NUMBERS = 2.0**-30
"""Widest enclosure of a number, as a part of it."""


@dataclass(frozen=True)
class Refined:
    """Boxes K of k zeros: `boxes`, and which of them are proved to hold theirs, `known` (k,)."""

    boxes: Boxes
    known: np.ndarray


def refined(system: System, zeros: Sequence[Zero], guesses: Sequence[Guess]) -> Refined:
    """Enclose the zeros of a system in the arithmetic of its lanes."""
    tags, unique = np.array([zero.tag for zero in zeros]), np.stack([zero.unique for zero in zeros])
    middle = np.stack([guess.middle for guess in guesses])
    room = RADIUS * (1.0 + np.abs(middle))
    tiny = Boxes(tags, middle - room, middle + room)
    inside = ((tiny.lo >= unique[..., 0]) & (tiny.hi <= unique[..., 1])).all(1)
    _, expand = system.look(tiny)
    found = image(system.lanes, tiny, expand(np.ones(len(tiny), bool)))
    known = inside & found.proved
    lo, hi = (np.where(known[:, None], end, other) for end, other in ((found.lo, tiny.lo), (found.hi, tiny.hi)))
    return Refined(Boxes(tags, lo, hi), known)


def critical_points(
    problem: Problem, system: CriticalSystem, zeros: Sequence[Zero], guesses: Sequence[Guess]
) -> dict[int, CriticalPoint]:
    """Name the zeros of the gradient that doubles decide.

    Parameters
    ----------
    problem : Problem
        What the census is of.
    system : CriticalSystem
        The gradient, in lanes.
    zeros, guesses : sequences of length k
        What the search proved, and where they may be.

    Returns
    -------
    dict
        By the numbers of the zeros.
    """
    lanes, f, count = system.lanes, problem.f, len(zeros)
    if not count or not isinstance(lanes, FloatLanes):
        return {}
    with lanes:
        found = refined(system, zeros, guesses)
        x = found.boxes.lanes(lanes)
        sides = _ends(lanes, x, count)
        settled = found.known & _tight_points(problem, sides) & lanes.finite(f.enclose_value(lanes, x))
        with _balls(problem) as ar:
            signs = signs_in_lanes(ar, lanes, f.enclose_hessian(lanes, x), count)
    sides = published_doubles(sides)
    points = {}
    for i in np.flatnonzero(settled).tolist():
        if (kind := kind_of(int(signs[i, 0]), int(signs[i, 1]), f.dimension)) is not Kind.DEGENERATE:
            points[i] = CriticalPoint(from_floats(sides[i]), kind)
    return points


def hallucinated_points(
    problem: Problem,
    system: SphereSystem,
    targets: Sequence[CriticalPoint],
    zeros: Sequence[Zero],
    guesses: Sequence[Guess],
) -> dict[int, HallucinatedPoint | None]:
    """Tell what the zeros on the charts are, where doubles decide it.

    Parameters
    ----------
    problem : Problem
        What the census is of.
    system : SphereSystem
        All charts of all targets, in lanes.
    targets : sequence of CriticalPoint
        All of them.
    zeros, guesses : sequences of length k
        What the search proved, and where they may be.

    Returns
    -------
    dict
        By the numbers of the zeros; None: certainly not a hallucinated point of the box.
    """
    lanes, f, count = system.lanes, problem.f, len(zeros)
    if not count or not isinstance(lanes, FloatLanes):
        return {}
    numbers = np.array([zero.tag for zero in zeros]) // (2 * f.dimension)
    isolated = np.array([targets[i].kind is not Kind.DEGENERATE for i in numbers])
    with lanes:
        found = refined(system, zeros, guesses)
        point = system.point(found.boxes)
        known = found.known & isolated
        gone = known & (outside_of(lanes, point.x, problem.region) | (lanes.lower(point.outward) >= 0))
        sides = _ends(lanes, point.x, count)
        known &= ~gone & (lanes.upper(point.outward) < 0) & _tight_points(problem, sides)
        known &= ((sides[..., 0] >= problem.region[:, 0]) & (sides[..., 1] <= problem.region[:, 1])).all(1)
        centre = system.centre(numbers)
        known &= lanes.finite(f.enclose_value(lanes, point.x)) & lanes.finite(f.enclose_value(lanes, centre))
        sam = Point(lanes, SamProblem(f, problem.rho), point.x)
        sam.gradient = point.chart.from_chart(point.gradient)  # known already
        sam.u = point.chart.from_chart([point.chart.signed(-n) for n in point.normal])
        matrix = lanes.matrix_product(f.enclose_hessian(lanes, centre), sam.perturbation)
        with _balls(problem) as ar:
            real_parts = smallest_real_parts(ar, lanes, matrix, count)
        values = np.stack([_ends(lanes, [sam.q], count)[:, 0], real_parts], 1)
    widths = values[..., 1] - values[..., 0]
    known &= (np.isfinite(widths) & (widths <= TIGHT_NUMBERS * np.abs(values).max(-1))).all(1)
    sides, values = published_doubles(sides), published_doubles(values)
    settled: dict[int, HallucinatedPoint | None] = dict.fromkeys(np.flatnonzero(gone).tolist())
    for i in np.flatnonzero(known).tolist():
        norm, real_part = from_floats(values[i])
        if (stability := stability_of(real_part)) is not Stability.UNDECIDED:
            number = int(numbers[i])
            kind = targets[number].kind
            settled[i] = HallucinatedPoint(from_floats(sides[i]), number, kind, stability, norm, real_part)
    return settled


def _balls(problem: Problem) -> Any:
    return arithmetic(problem.exact_backend, problem.precision)


def _ends(lanes: FloatLanes, values: Sequence[Lanes], count: int) -> np.ndarray:
    """Return lower and upper ends of m values, shape (k, m, 2)."""
    result = np.empty((count, len(values), 2))
    for i, value in enumerate(values):
        result[:, i, 0], result[:, i, 1] = lanes.ends(value)
    return result


def _tight_points(problem: Problem, sides: np.ndarray) -> np.ndarray:
    """Tell which enclosures of points, shape (k, d, 2), are as tight as they should be."""
    width, rho = (sides[..., 1] - sides[..., 0]).max(1), float(problem.rho)
    size = np.maximum(np.abs(sides).max((1, 2)), NEAR_ZERO * rho)
    return np.asarray(width <= TIGHT * np.minimum(size, rho))
