"""Claim ``farthest_point``: ``x*`` is where the paper's existence proof puts it (Theorem 2.1; Lemmas A.2-A.4, A.9).

``B`` is the closed ball around a point ``m`` with radius ``delta``, ``alpha = f(x*)``, ``c = x*+``. Checked, by
enclosures, where 2 to 4 are about every piece of a recorded subdivision of the cube around ``B``:

1. *Maximizer*: ``-H`` is positive definite on a cube around ``m``, and ``alpha < f(m)``.
2. *Lemma A.2*: ``f < alpha`` on the boundary of ``B``, so ``U = {f >= alpha} ∩ B`` is a compact set in its interior
   (*Lemma A.3*: hence ``f = alpha`` on the boundary of ``U``, by continuity).
3. *Lemma A.9*: every critical point in ``U`` lies in the cube, which holds one at most. ``f`` has a maximum on ``U``,
   at least ``f(m)``: an interior point of ``B``, hence a local maximizer ``x_max``, critical, and the only critical
   point of ``U``. Hence ``U`` is connected: on each of its components ``f`` has a maximum, a critical point.
   As ``f`` is concave on the cube, ``f(m) <= f(x_max) <= f(m) + g(m) (x_max - m)``.
4. *Farthest*: every point of ``U`` other than ``x*`` has distance ``< rho`` from ``c`` (by enclosure away from ``x*``,
   and in a box around it by `hallucert.check.region.second_order`).
5. *Lagrange, Lemma A.4*: ``x* - c = -g(x*)/lambda`` with ``lambda > 0``, which existence says already.

Proved: all of these. Not refuted: a failure of the construction proves nothing. For a maximizer *set* (Theorem 2.2) the
same is done by `hallucert.check.region.maximizer_set`. Subdivision is for d <= 3.
Numbers: ``level`` (``f(x*)``), ``maximum`` (``f(x_max)``).
Inputs: ``maximizer`` (``m``), ``ball_radius``, ``cube_radius``, ``neighbourhood`` (of ``x*``), ``penalty``,
``subdivision`` (see `TESTS`).
"""

from __future__ import annotations

from functools import cached_property

from hallucert.balls.facade import Ball
from hallucert.check.claim import Enclosure, Sentence, Status
from hallucert.check.point.perturbation import MAXIMUM, sphere_kind
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.reason import Reason
from hallucert.check.region import maximizer_set
from hallucert.check.region.second_order import TaylorBox, is_bent, is_closer, squared_distance, touches_only_here
from hallucert.check.subdivision import Box, Criteria, box_around, lies_in
from hallucert.objectives.radius_law import SAM

INPUTS = {
    "maximizer": "dyadics",
    "ball_radius": "dyadic",
    "cube_radius": "dyadic",
    "neighbourhood": "box",
    "penalty": "dyadic",
    "subdivision": "subdivision",
}


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Carry out checks 1 to 4; enclose the level and the maximum."""
    if "band" in inputs:
        return maximizer_set.measure(evidence, inputs)
    dimension = len(evidence.point.x)
    if dimension > 3 or not dimension == len(inputs["maximizer"]) == len(inputs["neighbourhood"]):
        return Reason.DIMENSION
    region = BallRegion(evidence, inputs)
    numbers = region.numbers()
    if isinstance(numbers, Reason):
        return numbers
    if not touches_only_here(evidence, region.near, inputs["penalty"]):
        return Reason.NOT_A_MAXIMUM
    if not evidence.arithmetic.positive(region.depth(evidence.point.x)):
        return Reason.BUDGET
    return region.tests.settle(inputs["subdivision"], region.box, evidence.max_boxes) or numbers


class BallRegion:
    """``B`` with the cubes around it and around its centre, from the inputs of the claim but the subdivision."""

    def __init__(self, evidence: Evidence, inputs: Inputs) -> None:
        ar, point = evidence.arithmetic, evidence.point
        self.evidence, self.radius = evidence, inputs["ball_radius"]
        self.box = box_around(inputs["maximizer"], self.radius)
        self.cube_radius = inputs["cube_radius"]
        self.cube = box_around(inputs["maximizer"], self.cube_radius)
        self.near: Box = list(inputs["neighbourhood"])
        self.radius_squared = ar.constant(self.radius**2)
        self.centre = [ar.constant(m) for m in inputs["maximizer"]]
        self.alpha = point.objective.enclose_value(ar, point.x)

    def numbers(self) -> Numbers | Reason:
        """Show that ``f`` is concave on the cube; enclose ``f(x*)`` and ``f(x_max)``."""
        ar, point = self.evidence.arithmetic, self.evidence.point
        if self.radius <= 0 or not is_bent(self.evidence, self.cube, -1):
            return Reason.NOT_A_MAXIMIZER
        level = point.enclosure(self.alpha)
        top = point.enclosure(point.objective.enclose_value(ar, self.centre))
        slope = point.objective.enclose_gradient(ar, self.centre)
        if level is None or top is None or not ar.all_finite([slope]):
            return Reason.DOMAIN
        return {"level": level, "maximum": Enclosure(top.lower, top.upper + self.cube_radius * ar.absolute_sum(slope))}

    def depth(self, balls: list[Ball]) -> Ball:
        """``delta^2 - |y - m|^2``: positive in the interior of ``B``, negative outside."""
        return self.radius_squared - squared_distance(self.evidence.arithmetic, balls, self.centre)

    @property
    def tests(self) -> Criteria[Piece]:
        """Checks 2 to 4, for a piece of `box`."""
        return Criteria(self.evidence.arithmetic, lambda piece, balls: Piece(self, piece, balls), TESTS)


class Piece:
    """A piece of the cube around ``B``, and what is enclosed on it."""

    def __init__(self, region: BallRegion, piece: Box, balls: list[Ball]) -> None:
        self.region, self.piece = region, piece
        self.evidence, self.ar = region.evidence, region.evidence.arithmetic
        self.f = self.evidence.point.objective
        self.balls = balls

    @cached_property
    def value(self) -> Ball:
        """``f`` on the piece."""
        return self.f.enclose_value(self.ar, self.balls)

    @cached_property
    def taylor(self) -> TaylorBox:
        """``f`` to second order, where it is defined."""
        return TaylorBox(self.ar, self.f, self.balls)

    @cached_property
    def depth(self) -> Ball:
        """How deep in ``B`` the piece lies."""
        return self.region.depth(self.balls)

    def is_outside(self) -> bool:
        """Whether it has no point of ``B``."""
        return self.ar.negative(self.depth)

    def is_below(self) -> bool:
        """Whether it has no point of ``U``: then it is fine on the boundary of ``B``, too."""
        return self.ar.is_finite(self.value) and self.ar.negative(self.value - self.region.alpha)

    def is_below_by_curvature(self) -> bool:
        """The same, to second order; functions share work between what is asked of the same balls in a row."""
        return self.taylor.below(self.region.alpha) and self.ar.is_finite(self.value)

    @cached_property
    def is_allowed(self) -> bool:
        """Whether it lies inside of ``B``, ``f`` is defined on it, and no point of ``U`` there is as far as ``x*``.

        Where ``f`` may be undefined ``U`` need not be compact.
        """
        if not (self.ar.positive(self.depth) and self.ar.is_finite(self.value)):
            return False
        return is_closer(self.evidence, self.balls) or lies_in(self.piece, self.region.near)

    def is_in_cube(self) -> bool:
        """Whether it is allowed, and has no critical point but one of the cube."""
        return self.is_allowed and lies_in(self.piece, self.region.cube)

    def is_sloped(self) -> bool:
        """Whether it is allowed, and has no critical point."""
        return self.is_allowed and any(map(self.ar.nonzero, self.f.enclose_gradient(self.ar, self.balls)))

    def is_sloped_by_curvature(self) -> bool:
        """The same, to second order."""
        return self.is_allowed and self.taylor.no_critical_point()


TESTS = {
    "o": Piece.is_outside,
    "b": Piece.is_below,
    "m": Piece.is_in_cube,
    "g": Piece.is_sloped,
    "c": Piece.is_below_by_curvature,
    "h": Piece.is_sloped_by_curvature,
}
"""What settles a piece, by its letter: two without the function's derivatives, two by them, two by curvature."""


def proved_sphere_kind(facts: Facts) -> str | None:
    """Return the kind on a sphere that the claim ``sphere_type`` proved, or None."""
    if not facts.proved("sphere_type") or facts.objective.dimension == 1 or facts.law != SAM:
        return None
    return sphere_kind(facts.claims["sphere_type"].numbers)


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """The level lies below the maximum and ``x*`` is a maximum on the sphere (Proposition 4.3)."""
    level, maximum = numbers["level"], numbers["maximum"]
    if level.upper >= maximum.lower:
        return Reason.LEVEL
    if facts.objective.dimension > 1 and proved_sphere_kind(facts) != MAXIMUM:  # else there is no tangent
        return Reason.NOT_A_MAXIMUM
    about = (level.upper, maximum.lower, None if "band" in inputs else inputs["ball_radius"])
    return Status.PROVED, Sentence("region.farthest", about)


RULE = Rule(
    name="farthest_point",
    needs="construction",
    question="Is x* the point farthest from x*+ on a superlevel set around a local maximizer?",
    measure=measure,
    conclude=conclude,
    inputs=(INPUTS, *maximizer_set.INPUTS),
)
