"""Claim ``global_target``: ``x*+`` is a global minimizer of ``f`` over a stated box ``D``, by interval branch
and bound.

On a cube around ``c = x*+`` where the Hessian is positive definite, ``f >= f(c)`` because ``c`` is a critical
point and ``f`` is convex there. Every other piece of ``D`` has ``f > f(c)`` by enclosure. Refuted: some
point of ``D`` has ``f < f(c)``. Undecided where f is not certainly defined on all of ``D``, or where another point of
``D`` has a value too close to ``f(c)``, for example another global minimizer: a tiny piece there is enough to give up.
Made only when asked. Inputs: ``box`` (``D``), ``convex_radius`` (half width of the cube, dyadic). Number:
``target_value``; of a tie also ``value_elsewhere`` and ``elsewhere[i]``, the sides of the piece.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hallucert.balls.facade import BallArithmetic
from hallucert.balls.symmetric import is_positive_definite
from hallucert.check.claim import Enclosure, Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.problem import is_defined
from hallucert.check.reason import Reason
from hallucert.check.subdivision import Box, balls_of, cover, halves
from hallucert.exact import decimal_above, decimal_below, decimal_enclosure

LOWER = "value_elsewhere"
SMALLEST = Fraction(1, 2**40)
"""Pieces are not halved below this part of the box: what they do not show is not shown by many more of them."""


def _centre(evidence: Evidence) -> list[Fraction]:
    """The midpoint of the enclosure of the target."""
    return [evidence.arithmetic.midpoint(c) for c in evidence.point.plus]


def is_convex(evidence: Evidence, radius: Fraction) -> bool:
    """Whether the cube contains the target, ``f`` is defined on it and the Hessian is positive definite there."""
    ar, f = evidence.arithmetic, evidence.point.objective
    if radius <= 0:
        return False
    cube = [ar.interval(c - radius, c + radius) for c in _centre(evidence)]
    if not all(ar.contains(side, c) for side, c in zip(cube, evidence.point.plus, strict=True)):
        return False
    return ar.is_finite(f.enclose_value(ar, cube)) and is_positive_definite(ar, f.enclose_hessian(ar, cube))


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Look for a lower value first, then branch and bound."""
    ar, point = evidence.arithmetic, evidence.point
    if len(inputs["box"]) != len(point.x):
        return Reason.NEEDS_PREMISES
    if not is_inside(ar, point.plus, inputs["box"]):
        return Reason.OUTSIDE
    value = point.objective.enclose_value(ar, point.plus)
    published = point.enclosure(value)
    if published is None or not is_convex(evidence, inputs["convex_radius"]):
        return Reason.DEGENERATE_TARGET
    radius = inputs["convex_radius"]
    cube = [ar.interval(c - radius, c + radius) for c in _centre(evidence)]

    lower = _lower_value(evidence, inputs, value)
    if lower is not None:
        return {"target_value": published, LOWER: lower}

    def defined(piece: Box) -> bool:
        return is_defined(ar, point.objective, balls_of(ar, piece))

    def above(piece: Box) -> bool:
        balls = balls_of(ar, piece)
        if all(ar.contains(a, b) for a, b in zip(cube, balls, strict=True)):
            return True
        return ar.positive(point.objective.enclose_value(ar, balls) - value)

    box = list(inputs["box"])
    limits = evidence.max_boxes, evidence.clock, SMALLEST * max(high - low for low, high in box)
    # Before the values: they are compared only where they exist.
    domain = cover(box, defined, *limits)
    found = cover(box, above, *limits) if domain.complete else domain
    if found.complete:
        return {"target_value": published}
    if found.place is None:
        return Reason.TIME if evidence.clock.passed() else Reason.BUDGET
    if not domain.complete:
        return Reason.DOMAIN
    elsewhere = point.enclosure(point.objective.enclose_value(ar, balls_of(ar, found.place)))
    sides = {f"elsewhere[{i}]": Enclosure(*side) for i, side in enumerate(found.place)}
    return Reason.TIE if elsewhere is None else {"target_value": published, LOWER: elsewhere, **sides}


def is_inside(ar: BallArithmetic, balls: list[Any], box: Any) -> bool:
    return all(ar.within(ball, low, high) for (low, high), ball in zip(box, balls, strict=True))


def _lower_value(evidence: Evidence, inputs: Inputs, value: Any) -> Enclosure | None:
    """Look for a point with a smaller value: midpoints of a coarse subdivision."""
    ar, f = evidence.arithmetic, evidence.point.objective
    pending = [list(inputs["box"])]
    for _ in range(4096):
        piece = pending.pop(0)
        middle = [ar.constant((low + high) / 2) for low, high in piece]
        here = f.enclose_value(ar, middle)
        if ar.negative(here - value):
            return evidence.point.enclosure(here)
        pending.extend(halves(piece))
    return None


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Say over which box: printed inside of it if something is proved for all of it, around it if for some point."""
    if LOWER in numbers:
        if numbers[LOWER].upper >= numbers["target_value"].lower:
            return Reason.TIE
        sides = " x ".join(decimal_enclosure(low, high) for low, high in inputs["box"])
        return (
            Status.REFUTED,
            f"x*+ is not a global minimizer of f over {sides}: f takes a value of at most "
            f"{decimal_above(numbers[LOWER].upper)} there, below "
            f"f(x*+) >= {decimal_below(numbers['target_value'].lower)}.",
        )
    sides = " x ".join(f"[{decimal_above(low)}, {decimal_below(high)}]" for low, high in inputs["box"])
    return Status.PROVED, f"x*+ is a global minimizer of f over the box {sides}: f(y) >= f(x*+) for every y in it."


RULE = Rule(
    name="global_target",
    question="Is x*+ a global minimizer of f over the stated box?",
    measure=measure,
    conclude=conclude,
    inputs=({"box": "box", "convex_radius": "dyadic"},),
)
