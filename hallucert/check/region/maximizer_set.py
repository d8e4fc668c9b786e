"""Claim ``farthest_point`` for a maximizer set (Theorem 2.2): a set ``X = {s = s0}`` with ``f = phi(s(x))``.

``f`` is constant on ``X`` and its Hessian is singular, but the factorization makes the constancy of ``f`` exact. It is
either read off the tape, which factors through one of its nodes (a *cut*); or ``s`` and ``phi`` are tapes of their
own, and ``f`` and ``phi(s(x))`` have the same canonical form (`hallucert.objectives.canonical`): they agree wherever
both are defined. ``B = {b0 <= s <= b1} ∩ D`` for a box ``D``, ``U = {f >= alpha} ∩ B``. Checked, by enclosures:

1. ``b0 < t0 <= u0 < u1 <= t1 < b1``, ``phi'(u0) > 0 > phi'(u1)`` and ``phi'' < 0`` on ``[t0, t1]``: ``phi`` has exactly
   one critical point ``s0`` in ``[t0, t1]``, a maximum, and it lies in ``[u0, u1]``.
2. On each piece of a subdivision of ``[b0, b1]``: ``phi < alpha``, or ``phi' != 0``, or it is a part of ``[t0, t1]``.
   And ``phi < alpha`` at ``b0`` and ``b1``.
3. On each piece of a subdivision of ``D``: ``s`` is outside of ``[b0, b1]``; or ``phi(s) < alpha``; or ``grad s != 0``,
   every point of ``U`` but ``x*`` has distance ``< rho`` from ``c = x*+``, and the piece does not reach the boundary of
   ``D``. So ``U`` lies in the interior of ``B`` (Lemma A.2), and its critical points have ``phi'(s) = 0``: they are
   exactly the points with ``s = s0``, local maximizers (Lemma A.9).
4. ``x*`` lies in ``B``.

A derivative may be defined where ``f`` is not, so ``f`` is run wherever it is not certainly below ``alpha``: its own
tape as well as ``phi(s(x))``, which may have another domain.

Inputs: ``cut`` (node number), or ``level_function`` and ``profile`` (tapes of ``s`` and ``phi``); ``band`` (``b0,
b1``), ``top`` (``t0, u0, u1, t1``), ``box`` (``D``), ``neighbourhood`` (of ``x*``), ``penalty``, ``band_subdivision``,
``subdivision``.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.check.point.rule import Evidence, Inputs, Numbers
from hallucert.check.reason import Reason
from hallucert.check.region.second_order import is_closer, touches_only_here
from hallucert.check.subdivision import Box, Criteria, lies_in
from hallucert.objectives.builder import gradient_tape
from hallucert.objectives.canonical import composes, cut_nodes, inner_part, outer_part
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.tape import Tape

_REGION = {
    "band": "dyadics",
    "top": "dyadics",
    "box": "box",
    "neighbourhood": "box",
    "penalty": "dyadic",
    "band_subdivision": "subdivision",
    "subdivision": "subdivision",
}
INPUTS = ({"cut": "integer", **_REGION}, {"level_function": "tape", "profile": "tape", **_REGION})
"""By a node of the tape, or up to rewriting."""


class Factorization:
    """``f = phi(s(x))``, with the derivatives that the checks need, in balls.

    `rewritten` is the tape of ``f`` itself, unless it is defined wherever ``phi(s(x))`` is.
    """

    def __init__(self, arithmetic: BallArithmetic, phi: Tape, s: Tape, rewritten: Tape | None) -> None:
        self.arithmetic = arithmetic
        self._phi, self._s, self._rewritten = phi, s, rewritten
        self._phi_slope = gradient_tape(phi)
        self._phi_bend = gradient_tape(self._phi_slope)
        self._s_gradient = gradient_tape(s)

    def f_is_defined(self, x: list[Ball]) -> bool:
        """Tell whether ``f`` is certainly defined on a box on which ``phi(s(x))`` is."""
        ar = self.arithmetic
        return self._rewritten is None or ar.is_finite(self._rewritten.evaluate(ar, x)[0])

    def phi(self, s: Ball) -> Ball:
        """``phi(s)``."""
        return self._phi.evaluate(self.arithmetic, [s])[0]

    def slope(self, s: Ball) -> Ball:
        """``phi'(s)``."""
        return self._phi_slope.evaluate(self.arithmetic, [s])[0]

    def bend(self, s: Ball) -> Ball:
        """``phi''(s)``."""
        return self._phi_bend.evaluate(self.arithmetic, [s])[0]

    def s(self, x: list[Ball]) -> Ball:
        """``s(x)``."""
        return self._s.evaluate(self.arithmetic, x)[0]

    def s_gradient(self, x: list[Ball]) -> list[Ball]:
        """``grad s(x)``."""
        return self._s_gradient.evaluate(self.arithmetic, x)


def factorization(evidence: Evidence, inputs: Inputs) -> Factorization | None:
    """Return the factorization of the objective that the inputs name, or None if it is none."""
    objective, ar = evidence.point.objective, evidence.arithmetic
    if not isinstance(objective, FormulaObjective):
        return None
    tape = objective.tape
    if "cut" in inputs:
        cut = inputs["cut"]
        return Factorization(ar, outer_part(tape, cut), inner_part(tape, cut), None) if cut in cut_nodes(tape) else None
    phi, s = inputs["profile"], inputs["level_function"]
    return Factorization(ar, phi, s, tape) if composes(tape, phi, s) else None


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Carry out checks 1 to 4; enclose the level and the maximum."""
    parts = factorization(evidence, inputs)
    dimension, sides = len(evidence.point.x), (len(inputs["box"]), len(inputs["neighbourhood"]))
    shaped = (len(inputs["band"]), len(inputs["top"])) == (2, 4) and sides == (dimension, dimension)
    if parts is None or not shaped or not 2 <= dimension <= 3:
        return Reason.NOT_A_MAXIMIZER
    region = BandRegion(evidence, parts, inputs)
    numbers = region.numbers()
    if isinstance(numbers, Reason):
        return numbers
    if not region.ends_are_below():
        return Reason.LEVEL
    if not touches_only_here(evidence, region.near, inputs["penalty"]):
        return Reason.NOT_A_MAXIMUM
    if not region.holds_point():
        return Reason.BUDGET
    most = evidence.max_boxes
    return (
        region.band_tests.settle(inputs["band_subdivision"], [region.band], most)
        or region.tests.settle(inputs["subdivision"], region.box, most)
        or numbers
    )


class BandRegion:
    """``B`` with the factorization, from the inputs of the claim but the subdivisions."""

    def __init__(self, evidence: Evidence, parts: Factorization, inputs: Inputs) -> None:
        ar, point = evidence.arithmetic, evidence.point
        self.evidence, self.parts = evidence, parts
        self.band = (inputs["band"][0], inputs["band"][1])
        self.ends = [ar.constant(end) for end in self.band]
        self.top: tuple[Fraction, ...] = inputs["top"]
        self.box: Box = list(inputs["box"])
        self.near: Box = list(inputs["neighbourhood"])
        self.alpha = point.objective.enclose_value(ar, point.x)

    def numbers(self) -> Numbers | Reason:
        """Carry out check 1; enclose ``f(x*)`` and ``phi(s0)``."""
        ar, parts = self.evidence.arithmetic, self.parts
        (low, high), (t0, u0, u1, t1) = self.band, self.top
        if not low < t0 <= u0 < u1 <= t1 < high or not ar.negative(parts.bend(ar.interval(t0, t1))):
            return Reason.NOT_A_MAXIMIZER
        if not (ar.positive(parts.slope(ar.constant(u0))) and ar.negative(parts.slope(ar.constant(u1)))):
            return Reason.NOT_A_MAXIMIZER
        level = self.evidence.point.enclosure(self.alpha)
        top = self.evidence.point.enclosure(parts.phi(ar.interval(u0, u1)))
        return Reason.DOMAIN if level is None or top is None else {"level": level, "maximum": top}

    def ends_are_below(self) -> bool:
        """Whether ``phi < alpha`` at the ends of the band."""
        return all(self.evidence.arithmetic.negative(self.parts.phi(end) - self.alpha) for end in self.ends)

    def holds_point(self) -> bool:
        """Whether ``x*`` certainly lies in ``B``."""
        ar, x = self.evidence.arithmetic, self.evidence.point.x
        return all(ar.within(v, *side) for side, v in zip(self.box, x, strict=True)) and ar.within(
            self.parts.s(x), *self.band
        )

    @property
    def band_tests(self) -> Criteria[BandPiece]:
        """Check 2, for a piece of the band."""
        return Criteria(self.evidence.arithmetic, lambda piece, balls: BandPiece(self, piece, balls), BAND_TESTS)

    @property
    def tests(self) -> Criteria[BoxPiece]:
        """Check 3, for a piece of ``D``."""
        return Criteria(self.evidence.arithmetic, lambda piece, balls: BoxPiece(self, piece, balls), TESTS)


def is_outside(ar: BallArithmetic, s: Ball, low: Ball, high: Ball) -> bool:
    """Whether no value of ``s`` lies in the band."""
    return ar.positive(s - high) or ar.negative(s - low)


class BandPiece:
    """A piece of the band: values of ``s``."""

    def __init__(self, region: BandRegion, piece: Box, balls: list[Ball]) -> None:
        self.region, self.piece, self.ar = region, piece, region.evidence.arithmetic
        self.s = balls[0]

    @cached_property
    def value(self) -> Ball:
        """``phi`` on it."""
        return self.region.parts.phi(self.s)

    def is_at_top(self) -> bool:
        """Whether ``phi`` has no critical point but ``s0`` there."""
        return lies_in(self.piece, [(self.region.top[0], self.region.top[3])])

    def is_below(self) -> bool:
        """Whether ``phi < alpha`` there."""
        return self.ar.is_finite(self.value) and self.ar.negative(self.value - self.region.alpha)

    def is_sloped(self) -> bool:
        """Whether ``phi`` has no critical point there."""
        return self.ar.is_finite(self.value) and self.ar.nonzero(self.region.parts.slope(self.s))


class BoxPiece:
    """A piece of ``D``."""

    def __init__(self, region: BandRegion, piece: Box, balls: list[Ball]) -> None:
        self.region, self.piece, self.ar = region, piece, region.evidence.arithmetic
        self.balls = balls

    @cached_property
    def s(self) -> Ball:
        """``s`` on it."""
        return self.region.parts.s(self.balls)

    @cached_property
    def value(self) -> Ball:
        """``phi(s)`` on it."""
        return self.region.parts.phi(self.s)

    def is_outside(self) -> bool:
        """Whether it has no point of ``B``."""
        return is_outside(self.ar, self.s, *self.region.ends)

    def is_below(self) -> bool:
        """Whether ``phi(s) < alpha`` there."""
        return self.ar.is_finite(self.value) and self.ar.negative(self.value - self.region.alpha)

    def is_sloped(self) -> bool:
        """Whether it is inside of ``D``, ``f`` defined, ``grad s != 0``, and no point of ``U`` there as far as ``x*``.

        Where ``f`` may be undefined ``U`` need not be compact.
        """
        region, balls = self.region, self.balls
        inside = all(low < a and b < high for (a, b), (low, high) in zip(self.piece, region.box, strict=True))
        if not inside or not self.ar.is_finite(self.value) or not region.parts.f_is_defined(balls):
            return False
        if not is_closer(region.evidence, balls) and not lies_in(self.piece, region.near):
            return False
        return any(map(self.ar.nonzero, region.parts.s_gradient(balls)))


BAND_TESTS = {"t": BandPiece.is_at_top, "b": BandPiece.is_below, "g": BandPiece.is_sloped}
TESTS = {"o": BoxPiece.is_outside, "b": BoxPiece.is_below, "g": BoxPiece.is_sloped}
"""What settles a piece of the band, and of ``D``, by its letter."""
