"""Claim ``global_target``: ``x*+`` is a global minimizer of ``f`` over a stated box ``D``, by branch and bound.

On a neighbourhood of ``c = x*+``, a box where the Hessian is positive definite, ``f >= f(c)`` because ``c`` is a
critical point and ``f`` is convex there. Every other piece of a recorded subdivision of ``D`` has ``f > f(c)`` by
enclosure. Refuted: ``f < f(c)`` on a part of ``D`` (elsewhere), such as a point. Undecided where f is not certainly
defined on all of ``D``, or where another point of ``D`` has a value too close to ``f(c)``, for example another global
minimizer: a tiny piece there is enough to give up.
Made only when asked. Inputs: ``box`` (``D``), and ``neighbourhood`` and ``subdivision``, or ``elsewhere``. Numbers:
``target_value``; with ``elsewhere`` also ``value_elsewhere`` and ``elsewhere[i]``, its sides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.check.claim import Enclosure, Sentence, Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.reason import Reason
from hallucert.check.region.second_order import is_bent
from hallucert.check.subdivision import Box, Criteria, balls_of, lies_in


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the target's value, and the other one or walk the subdivision."""
    ar, point = evidence.arithmetic, evidence.point
    box, other = list(inputs["box"]), list(inputs["elsewhere" if "elsewhere" in inputs else "neighbourhood"])
    if not len(box) == len(other) == len(point.x):
        return Reason.NEEDS_PREMISES
    if not is_inside(ar, point.plus, box):
        return Reason.OUTSIDE
    at_target = point.objective.enclose_value(ar, point.plus)
    value = point.enclosure(at_target)
    if value is None:
        return Reason.DEGENERATE_TARGET
    if "elsewhere" in inputs:
        return _elsewhere(evidence, box, other, value)
    if not is_convex(evidence, other):
        return Reason.DEGENERATE_TARGET
    tests = Beside(evidence, other, at_target).tests()
    return tests.settle(inputs["subdivision"], box, evidence.max_boxes) or {"target_value": value}


def _elsewhere(evidence: Evidence, box: Box, place: Box, value: Enclosure) -> Numbers | Reason:
    ar, point = evidence.arithmetic, evidence.point
    found = point.enclosure(point.objective.enclose_value(ar, balls_of(ar, place))) if lies_in(place, box) else None
    if found is None:
        return Reason.TIE
    sides = {f"elsewhere[{i}]": Enclosure(*side) for i, side in enumerate(place)}
    return {"target_value": value, "value_elsewhere": found, **sides}


def is_inside(ar: BallArithmetic, balls: list[Ball], box: Box) -> bool:
    """Whether a point certainly lies in a box."""
    return all(ar.within(ball, low, high) for (low, high), ball in zip(box, balls, strict=True))


def is_convex(evidence: Evidence, box: Box) -> bool:
    """Whether a box contains the target, and ``f`` is defined and strictly convex on it."""
    return is_inside(evidence.arithmetic, evidence.point.plus, box) and is_bent(evidence, box, 1)


class Piece:
    """A piece of ``D``, with an enclosure of ``f`` on it."""

    def __init__(self, beside: Beside, piece: Box, balls: list[Ball]) -> None:
        self.beside, self.piece, self.ar = beside, piece, beside.evidence.arithmetic
        self.balls = balls

    @cached_property
    def value(self) -> Ball:
        """``f`` on it."""
        return self.beside.evidence.point.objective.enclose_value(self.ar, self.balls)

    def is_near(self) -> bool:
        """Whether it is a part of the neighbourhood."""
        return lies_in(self.piece, self.beside.neighbourhood)

    def is_above(self) -> bool:
        """Whether ``f`` is defined on it, and above the target's value."""
        return self.ar.is_finite(self.value) and self.ar.positive(self.value - self.beside.value)

    def is_defined(self) -> bool:
        """Whether ``f`` is defined on it."""
        return self.ar.is_finite(self.value)


@dataclass(frozen=True)
class Beside:
    """What the pieces of ``D`` are compared with: the value of the target, and its neighbourhood."""

    evidence: Evidence
    neighbourhood: Box
    value: Ball

    def tests(self, tests: Mapping[str, Callable[[Piece], bool]] | None = None) -> Criteria[Piece]:
        """Return what settles a piece."""
        return Criteria(
            self.evidence.arithmetic, lambda piece, balls: Piece(self, piece, balls), TESTS if tests is None else tests
        )


TESTS = {"c": Piece.is_near, "a": Piece.is_above}
"""What settles a piece, by its letter: convex there, or above."""


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Lowest over the box, or not if another value is lower."""
    if "elsewhere" in inputs:
        if numbers["value_elsewhere"].upper >= numbers["target_value"].lower:
            return Reason.TIE
        values = (numbers["value_elsewhere"].upper, numbers["target_value"].lower)
        return Status.REFUTED, Sentence("region.lower_elsewhere", (inputs["box"], *values))
    return Status.PROVED, Sentence("region.lowest", (inputs["box"],))


RULE = Rule(
    name="global_target",
    needs="global_box",
    question="Is x*+ a global minimizer of f over the stated box?",
    measure=measure,
    conclude=conclude,
    inputs=(
        {"box": "box", "neighbourhood": "box", "subdivision": "subdivision"},
        {"box": "box", "elsewhere": "box"},
    ),
)
