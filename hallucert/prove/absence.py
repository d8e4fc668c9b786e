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
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls import arithmetic
from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.balls.krawczyk import ZeroEnclosure, contract, prove_zero
from hallucert.balls.symmetric import inertia
from hallucert.errors import ArgumentError
from hallucert.exact import decimal_above, decimal_below
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.prove.branch_and_prune import Boxes, ends
from hallucert.prove.census_records import PRECISIONS, CriticalPoint, Kind, floats
from hallucert.prove.claims import Claim, Enclosure, Status, undecided
from hallucert.prove.convexity import definiteness, is_convex
from hallucert.prove.domain import is_defined
from hallucert.prove.reasons import Reason

NAME = "no_hallucination"
BATCH = 512
START = 1.0
NOTHING = 2.0**-30
"""Convexity that is not proved on a box around the centre of this relative width is not proved at all."""
DOUBLINGS = 20
"""The search begins with the cube of half width `START` and doubles it so often at most."""


@dataclass(frozen=True)
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
    """

    target: CriticalPoint
    lower: Fraction
    upper: Fraction | None
    everywhere: bool
    claim: Claim
    boxes: int

    def __float__(self) -> float:
        return math.inf if self.everywhere else float(self.lower)

    def __str__(self) -> str:
        return str(self.claim)


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


def prove_target(f: Objective, target: Sequence[Fraction], backend: str = "arb") -> CriticalPoint:
    """Enclose the critical point near `target`, and name it; a degenerate one only where the gradient is exactly 0.

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
        found = prove_zero(ar, gradient, hessian, list(target), maximal=False)
        if isinstance(found, ZeroEnclosure):
            balls = contract(ar, gradient, hessian, found.box, max_steps=4)
            signs = inertia(ar, f.enclose_hessian(ar, balls))
            kind = Kind.SADDLE
            if f.dimension in (signs.positive, signs.negative):
                kind = Kind.MINIMIZER if signs.positive else Kind.MAXIMIZER
            if not signs.undecided and is_defined(ar, f, balls):
                sides = (Enclosure(*ar.endpoints(ball)).published(ar.precision) for ball in balls)
                return CriticalPoint(tuple(sides), kind)
        at = [ar.constant(x) for x in target]
        if all(ar.is_finite(g) and ar.magnitude(g) == 0 for g in gradient(at)) and is_defined(ar, f, at):
            return CriticalPoint(tuple(Enclosure(x, x) for x in target), Kind.DEGENERATE)
    raise ArgumentError("target", [float(x) for x in target], "be (near) a critical point of f, where f is defined")


def safe_radius(
    f: FormulaObjective,
    target: CriticalPoint,
    rtol: float,
    max_boxes: int,
    deadline: float = math.inf,
    backend: str = "float",
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
    max_boxes, deadline : int, float
        Budgets; a spent one leaves a wider bracket, which is true.
    backend : str
        Arithmetic of the search.
    """
    claim = convex_claim(f)
    if claim:
        return SafeRadius(target, Fraction(0), None, True, claim, 0)
    if target.kind in (Kind.SADDLE, Kind.MAXIMIZER):
        return SafeRadius(target, Fraction(0), Fraction(0), False, _claim(target, Fraction(0)), 0)
    half, spent, low, high = START, 0, 0.0, math.inf
    for _ in range(DOUBLINGS):
        here, high, boxes = _bracket(f, floats(target.box), half, rtol, max_boxes - spent, deadline, backend)
        # A search that the clock cut short may prove less than the one before it.
        low, spent = max(low, here), spent + boxes
        if math.isfinite(high) or here < half * half or spent >= max_boxes:
            break
        half *= 2
    lower = _root_below(low)
    upper = _root_above(high) if math.isfinite(high) else None
    return SafeRadius(target, lower, upper, False, _claim(target, lower), spent)


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
    f: FormulaObjective, centre: np.ndarray, half: float, rtol: float, max_boxes: int, deadline: float, backend: str
) -> tuple[float, float, int]:
    """Search the cube of half width `half`: bounds of the squared distance of the nearest point without convexity."""
    lanes = lane_arithmetic(backend)
    lo, hi = np.nextafter(centre[:, 0] - half, -np.inf), np.nextafter(centre[:, 1] + half, np.inf)
    stack = Boxes(np.zeros(1, int), lo[None], hi[None])
    near, upper, spent = np.zeros(1), math.inf, 0
    # Beyond the cube nothing is looked at; points outside are at least `half` away from the centre.
    edge = half * half
    aim = (1 - rtol) ** 2
    with lanes:
        while len(stack):
            order = np.argsort(near, kind="stable")
            stack, near = stack[order], near[order]
            keep = near < min(upper, edge)
            stack, near = stack[keep], near[keep]
            if not len(stack) or near[0] >= aim * upper or spent >= max_boxes or time.monotonic() > deadline:
                break
            if near[0] == 0 and stack.width[0] < NOTHING * half:
                break
            batch, stack, near = stack[:BATCH], stack[BATCH:], near[BATCH:]
            spent += len(batch)
            settled, violated = _test(lanes, f, batch, centre)
            upper = min(upper, violated)
            rest = batch[~settled].halves()
            near = np.concatenate([near, _squared_distance(lanes, rest, centre)[0]])
            stack = Boxes.join([stack, rest])
        if len(stack):
            edge = min(edge, float(near.min()))
    return min(upper, edge), upper, spent


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


def describe_bracket(lower: Fraction, upper: Fraction | None) -> str:
    """Print a bracket, rounded outward."""
    return f"[{decimal_below(lower)}, {'inf' if upper is None else decimal_above(upper)})"
