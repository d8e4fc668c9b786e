"""Absence: convexity proves that there are no hallucinated points.

**Theorem** (Proposition A.1, and its local form). Let ``g(x) != 0``, ``u = g(x)/|g(x)|`` and let f be convex along the
segment from x to ``x+ = x + rho u``. Then ``t -> <g(x + t u), u>`` is nondecreasing and starts at ``|g(x)| > 0``, so
``g(x+) != 0``. Hence

- if f is convex on R^d there is no hallucinated point, for any ``rho``;
- if f is convex on the ball ``|y - c| <= r``, no hallucinated point has the target c for any ``rho <= r``.

The *safe radius* of a critical point c is bracketed by a best-first search over boxes around c: the lower end is the
distance of the nearest box on which the Hessian is not proved to be positive semidefinite (and f to be defined), the
upper end that of the nearest point at which it is proved not to be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls import arithmetic
from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.balls.krawczyk import contract, prove_zero
from hallucert.balls.symmetric import inertia
from hallucert.check.absence.convexity import definiteness, is_convex
from hallucert.check.absence.search_end import SearchEnd
from hallucert.check.census.records import PRECISIONS, CriticalPoint, Kind, floats
from hallucert.check.census.search.branch_and_prune import Boxes, ends
from hallucert.check.claim import Claim, Enclosure, Status, undecided
from hallucert.check.problem import is_defined
from hallucert.check.reason import Reason
from hallucert.check.units import CALLER, Units
from hallucert.clock import UNLIMITED, Clock, OutOfTime
from hallucert.errors import ArgumentError
from hallucert.exact import decimal_above, decimal_below
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective

NAME = "no_hallucination"
BATCH = 512
CORE, CUBE = 2.0**-4, 2.0**20
"""Half widths of the cube that is searched first, and of all that is searched: larger radii are not of interest."""
FEW = 64
"""So many boxes are looked at together at least: a step in doubles costs about the same for one as for a hundred."""
FARTHER = 4.0
"""Boxes are looked at together if their squared distances differ at most by this factor."""
PART = 0.99
"""The ends come so close to each other, as a part of the tolerance: the rest is for rounding."""
NOTHING = 2.0**-30
"""Convexity that is not proved on a box of this width around the centre is not proved at all."""
SMALLEST, ROUNDING = 2.0**-44, 2.0**-50
"""Smaller boxes are not split, beside their distance, whatever the tolerance, and beside their coordinates."""


@dataclass(frozen=True, repr=False)
class SafeRadius:
    """A certified safe radius: no hallucinated point has this target for any ``rho <= lower``.

    Attributes
    ----------
    target : CriticalPoint
        The critical point.
    lower : Fraction
        ``f`` is convex on the ball of this radius around the target; 0 if nothing is proved.
    upper : Fraction or None
        ``f`` is not convex on a ball of this radius; None: no such radius was found.
    everywhere : bool
        ``f`` is convex on R^d, so every radius is safe.
    claim : Claim
        ``no_hallucination``.
    boxes : int
        How many boxes were looked at.
    ended : SearchEnd or None
        Why the search ended: ``"reached"``, or what made the bracket wider than asked. None: it is not told.
    """

    target: CriticalPoint
    lower: Fraction
    upper: Fraction | None
    everywhere: bool
    claim: Claim
    boxes: int
    ended: SearchEnd | None = field(default=None, kw_only=True)

    def __float__(self) -> float:
        return math.inf if self.everywhere else float(self.lower)

    def __repr__(self) -> str:
        name = type(self).__name__
        if self.everywhere:
            return f"<{name}: every radius, f is convex>"
        high = "infinity" if self.upper is None else decimal_above(self.upper, 8)
        why = f", {self._why_wide}" if self._why_wide else ""
        return f"<{name} in [{decimal_below(self.lower, 8)}, {high}]{why}>"

    def __str__(self) -> str:
        text = str(self.claim)
        if self.upper is not None:
            text += f"\n    f is not convex on the ball of radius {decimal_above(self.upper)}"
        return text + (f"\n    {self._why_wide}" if self._why_wide else "")

    @property
    def _why_wide(self) -> str:
        """Why the bracket is wider than asked; empty if it is not."""
        return self.ended.explanation if self.ended and self.ended is not SearchEnd.REACHED else ""


def convex_claim(f: FormulaObjective) -> Claim:
    """State Proposition A.1, if `f` is proved to be convex on all of R^d."""
    question = "Is there no hallucinated stationary point of f, for any rho?"
    if not is_convex(f):
        return undecided(NAME, question, Reason.NEEDS_PREMISES)
    return Claim(
        NAME,
        Status.PROVED,
        "f is convex on R^d, by the rules of composition or as a quadratic, so there is no x with grad f(x) != 0 and "
        "grad f(x + rho u(x)) = 0, for any rho > 0 (Proposition A.1).",
    )


def prove_target(
    f: Objective, target: Sequence[Fraction], backend: str = "arb", unit: Fraction = Fraction(1)
) -> CriticalPoint:
    """Enclose the critical point near `target`, and name it; a degenerate one only where the gradient is exactly 0.

    Numbers near 0 are compared with `unit`, the length of the problem.

    Raises
    ------
    ArgumentError
        If no critical point at which `f` is defined is proved there.
    """
    ar = arithmetic(backend, PRECISIONS[0])

    def gradient(x: list[Any]) -> list[Any]:
        return f.enclose_gradient(ar, x)

    def hessian(x: list[Any]) -> list[list[Any]]:
        return f.enclose_hessian(ar, x)

    with ar:
        found = prove_zero(ar, gradient, hessian, list(target), unit=unit)
        if found is not None:
            balls = contract(ar, gradient, hessian, found.box, max_steps=4)
            signs = inertia(ar, f.enclose_hessian(ar, balls))
            kind = Kind.SADDLE
            if f.dimension in (signs.positive, signs.negative):
                kind = Kind.MINIMIZER if signs.positive else Kind.MAXIMIZER
            if not signs.undecided and is_defined(ar, f, balls):
                sides = (Enclosure(*ar.endpoints(ball)).published(ar.precision, unit) for ball in balls)
                return CriticalPoint(tuple(sides), kind)
        at = [ar.constant(x) for x in target]
        if all(ar.is_finite(g) and ar.magnitude(g) == 0 for g in gradient(at)) and is_defined(ar, f, at):
            return CriticalPoint(tuple(Enclosure(x, x) for x in target), Kind.DEGENERATE)
        here = is_defined(ar, f, at)
    must = "be (near) a critical point of f" if here else "be a critical point of f: f is not defined there"
    raise ArgumentError("target", [float(x) for x in target], must)


def safe_radius(
    f: FormulaObjective,
    target: CriticalPoint,
    rtol: float,
    max_boxes: int,
    clock: Clock = UNLIMITED,
    backend: str = "float",
    units: Units = CALLER,
) -> SafeRadius:
    """Bracket the largest radius of a ball around `target` on which `f` is convex.

    Parameters
    ----------
    f : FormulaObjective
        The function.
    target : CriticalPoint
        Around it.
    rtol : float
        Wanted relative width of the bracket.
    max_boxes, clock : int, Clock
        Budgets; a spent one leaves a wider bracket, which is true.
    backend : str
        Arithmetic of the search.
    units : Units
        Those of the search.
    """
    claim = convex_claim(f)
    if claim:
        return SafeRadius(target, Fraction(0), None, True, claim, 0, ended=SearchEnd.REACHED)
    if target.kind in (Kind.SADDLE, Kind.MAXIMIZER):
        nothing = _claim(target, Fraction(0))
        return SafeRadius(target, Fraction(0), Fraction(0), False, nothing, 0, ended=SearchEnd.REACHED)
    inner, centre = units.function(f), floats(units.inside_box(target.box))
    low, high, spent, ended = _bracket(inner, centre, rtol, max_boxes, clock, backend)
    lower = units.length_outside(_root_below(low))
    upper = units.length_outside(_root_above(high)) if math.isfinite(high) else None
    return SafeRadius(target, lower, upper, False, _claim(target, lower), spent, ended=ended)


def _claim(target: CriticalPoint, lower: Fraction) -> Claim:
    question = "Is there a radius r such that no hallucinated point has this target for any rho <= r?"
    if lower <= 0:
        return undecided(NAME, question, Reason.NEEDS_PREMISES)
    sides = " x ".join(str(side) for side in target.box)
    return Claim(
        NAME,
        Status.PROVED,
        f"f is convex on the ball of radius r = {decimal_below(lower)} around its critical point c in {sides}, so no x "
        f"with grad f(x) != 0 has x + rho u(x) = c, for any rho <= r.",
        {"safe_radius": Enclosure(lower, lower)},
    )


def _root_below(square: float) -> Fraction:
    root = Fraction(math.sqrt(max(square, 0.0)))
    while root * root > Fraction(square):
        root = Fraction(math.nextafter(float(root), 0.0))
    return root


def _root_above(square: float) -> Fraction:
    root = Fraction(math.sqrt(square))
    while root * root < Fraction(square):
        root = Fraction(math.nextafter(float(root), math.inf))
    return root


def _bracket(
    f: FormulaObjective, centre: np.ndarray, rtol: float, max_boxes: int, clock: Clock, backend: str
) -> tuple[float, float, int, SearchEnd]:
    """Search a large cube, what is nearest first.

    Returns bounds of the squared distance of the nearest point without convexity, the number of boxes, and why the
    search ended.
    """
    lanes = lane_arithmetic(backend)
    stack, few = _rings(centre), FEW if backend == "float" else 1
    upper, spent = math.inf, 0
    # Outside of the cube, and beyond the nearest box that cannot be decided, nothing is looked at.
    edge, barrier, aim = CUBE * CUBE, math.inf, (1 - PART * rtol) ** 2
    smallest, ended = max(rtol * rtol / 16, SMALLEST), None
    with lanes:
        near = _squared_distance(lanes, stack, centre)[0]
        while ended is None:
            keep = near < min(upper, edge, barrier)
            stack, near = stack[keep], near[keep]
            order = np.argsort(near, kind="stable")
            stack, near = stack[order], near[order]
            low = min(float(near[0]) if len(near) else math.inf, upper, edge, barrier)
            if low >= aim * upper:
                ended = SearchEnd.REACHED
            elif not len(stack):
                ended = SearchEnd.RESOLUTION if barrier < edge else SearchEnd.RANGE
            elif spent >= max_boxes:
                ended = SearchEnd.BOXES
            elif clock.passed():
                ended = SearchEnd.TIME
            else:
                count = max(int(np.searchsorted(near[:BATCH], FARTHER * near[0], side="right")), few)
                batch, stack, near = stack[:count], stack[count:], near[count:]
                spent += len(batch)
                clock.tell("boxes", spent)
                try:
                    with clock.watched():
                        settled, violated = _test(lanes, f, batch, centre)
                except OutOfTime:
                    ended = SearchEnd.TIME
                    break
                upper = min(upper, violated)
                rest = batch[~settled]
                distance = _squared_distance(lanes, rest, centre)[0]
                tiny = rest.width <= _least_width(rest, distance, smallest)
                barrier = min(barrier, float(distance[tiny].min(initial=math.inf)))
                rest = rest[~tiny].halves()
                near = np.concatenate([near, _squared_distance(lanes, rest, centre)[0]])
                stack = Boxes.join([stack, rest])
    return low, upper, spent, ended


def _rings(centre: np.ndarray) -> Boxes:
    """Cover the large cube by a small one and, around it, the rings between cubes, each twice as wide as the next."""
    d, half = len(centre), CORE
    inner = _cube(centre, half)
    boxes = [inner]
    while half < CUBE:
        half *= 2
        outer = _cube(centre, half)
        for j in range(d):
            # Below and above the inner cube in coordinate j: within it in those before j, anywhere in those after.
            low = np.where(np.arange(d)[:, None] < j, inner, outer)
            high = low.copy()
            low[j], high[j] = (outer[j, 0], inner[j, 0]), (inner[j, 1], outer[j, 1])
            boxes += [low, high]
        inner = outer
    sides = np.array(boxes)
    return Boxes(np.zeros(len(sides), int), sides[..., 0], sides[..., 1])


def _cube(centre: np.ndarray, half: float) -> np.ndarray:
    return np.stack([np.nextafter(centre[:, 0] - half, -np.inf), np.nextafter(centre[:, 1] + half, np.inf)], -1)


def _least_width(boxes: Boxes, near: np.ndarray, relative: float) -> np.ndarray:
    """Return widths below which boxes are not split: beside their distance, and beside doubles of their size."""
    size = np.maximum(np.abs(boxes.lo), np.abs(boxes.hi)).max(axis=1)
    result: np.ndarray = np.maximum(np.where(near > 0, relative * np.sqrt(near), NOTHING), size * ROUNDING)
    return result


def _test(lanes: Any, f: FormulaObjective, boxes: Boxes, centre: np.ndarray) -> tuple[np.ndarray, float]:
    """Tell which boxes are convex; and the squared distance of the nearest point found where the Hessian is not."""
    count = len(boxes)
    x = _balls(lanes, boxes)
    settled, _ = definiteness(lanes, f.enclose_hessian(lanes, x), count)
    settled &= np.isfinite(np.stack(ends(lanes, f.enclose_value(lanes, x), count))).all(0)
    # The nearest point of an unsettled box is often still convex; its middle need not be.
    nearest, middle = np.clip(centre.mean(axis=1), boxes.lo, boxes.hi), boxes.middle
    points = Boxes.join([Boxes(boxes.tag, x, x)[~settled] for x in (nearest, middle)])
    if not len(points):
        return settled, math.inf
    at = _balls(lanes, points)
    _, indefinite = definiteness(lanes, f.enclose_hessian(lanes, at), len(points))
    far = _squared_distance(lanes, points, centre)[1][indefinite]
    return settled, float(far.min()) if far.size else math.inf


def _balls(lanes: Any, boxes: Boxes) -> list[Any]:
    return [lanes.box(boxes.lo[:, j], boxes.hi[:, j]) for j in range(boxes.lo.shape[1])]


def _squared_distance(lanes: Any, boxes: Boxes, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bound the squared distances from the centre to the points of each box."""
    count = len(boxes)
    if not count:
        return np.zeros(0), np.zeros(0)
    total = lanes.constant(Fraction(0))
    for x, (low, high) in zip(_balls(lanes, boxes), centre, strict=True):
        total = total + lanes.power(x - lanes.box(np.full(count, low), np.full(count, high)), 2)
    low, high = ends(lanes, total, count)
    return np.maximum(low, 0.0), high
