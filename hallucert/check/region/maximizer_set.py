"""The paper's construction around a *set* of maximizers (Theorem 2.2), for ``f = phi(s(x))``.

Where ``f`` is a function of one function ``s``, maximizer sets can be level sets ``{s = s0}`` with ``phi'(s0) = 0 >
phi''(s0)``; along them the Hessian is singular, but the factorization makes the constancy of ``f`` exact. It is either
read off the tape, which factors through one of its nodes (a *cut*); or ``s`` and ``phi`` are tapes of their own, and
``f`` and ``phi(s(x))`` have the same canonical form (`hallucert.objectives.canonical`): they agree wherever both are
defined. ``B = {b0 <= s <= b1} ∩ D`` for a box ``D``. Checked, by enclosures:

1. ``b0 < t0 < t1 < b1``, ``phi'(t0) > 0 > phi'(t1)`` and ``phi'' < 0`` on ``[t0, t1]``: ``phi`` has exactly one
   critical point ``s0`` there, a maximum.
2. ``phi < alpha`` at ``b0`` and ``b1``, and ``s`` is outside ``[b0, b1]`` on the boundary of ``D``: so ``{f >=
   alpha} ∩ B`` lies in the interior of ``B`` (Lemma A.2).
3. On ``[b0, b1]`` away from ``[t0, t1]``, ``phi < alpha`` or ``phi' != 0``; and ``grad s != 0`` wherever ``f >=
   alpha``: so the critical points of ``f`` there are exactly the points with ``s = s0``, local maximizers (Lemma
   A.9).
4. ``x*`` lies in ``B``, and every other point of ``{f >= alpha} ∩ B`` has distance ``< rho`` from ``c = x*+``.

A derivative may be defined where ``f`` is not, so ``f`` is run wherever it is not certainly below ``alpha``: its own
tape as well as ``phi(s(x))``, which may have another domain.

Inputs: ``cut`` (node number), or ``level_function`` and ``profile`` (tapes of ``s`` and ``phi``); ``band`` (``b0,
b1``), ``top`` (``t0, t1``), ``box`` (``D``), ``neighbourhood_radius``, ``penalty``.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hallucert.balls.facade import BallArithmetic
from hallucert.check.claim import Enclosure
from hallucert.check.point.rule import Evidence, Inputs, Numbers
from hallucert.check.problem import sum_of_squares
from hallucert.check.reason import Reason
from hallucert.check.region.touching import neighbourhood, touches_only_here
from hallucert.check.subdivision import Box, covers
from hallucert.objectives.builder import gradient_tape
from hallucert.objectives.canonical import composes
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.tape import Tape

_REGION = {
    "band": "dyadics",
    "top": "dyadics",
    "box": "box",
    "neighbourhood_radius": "dyadic",
    "penalty": "dyadic",
}
INPUTS = ({"cut": "integer", **_REGION}, {"level_function": "tape", "profile": "tape", **_REGION})
"""By a node of the tape, or up to rewriting."""

BISECTIONS = 30
"""Twice as many halvings (nearly) of the bracket of ``s0``: about the bits of a double."""


class Factorization:
    """``f = phi(s(x))``, with the derivatives that the checks need, in balls.

    Parameters
    ----------
    arithmetic
        The arithmetic of the proof.
    phi, s : Tape
        The two functions.
    rewritten : Tape or None
        ``f`` itself, unless it is defined wherever ``phi(s(x))`` is.
    """

    def __init__(self, arithmetic: BallArithmetic, phi: Tape, s: Tape, rewritten: Tape | None) -> None:
        self.arithmetic = arithmetic
        self._phi, self._s, self._rewritten = phi, s, rewritten
        self._phi_slope = gradient_tape(phi)
        self._phi_bend = gradient_tape(self._phi_slope)
        self._s_gradient = gradient_tape(s)

    def f_is_defined(self, x: list[Any]) -> bool:
        """Tell whether ``f`` is certainly defined on a box on which ``phi(s(x))`` is."""
        ar = self.arithmetic
        return self._rewritten is None or bool(ar.is_finite(self._rewritten.evaluate(ar, x)[0]))

    def phi(self, s: Any) -> Any:
        """``phi(s)``."""
        return self._phi.evaluate(self.arithmetic, [s])[0]

    def slope(self, s: Any) -> Any:
        """``phi'(s)``."""
        return self._phi_slope.evaluate(self.arithmetic, [s])[0]

    def bend(self, s: Any) -> Any:
        """``phi''(s)``."""
        return self._phi_bend.evaluate(self.arithmetic, [s])[0]

    def s(self, x: list[Any]) -> Any:
        """``s(x)``."""
        return self._s.evaluate(self.arithmetic, x)[0]

    def s_gradient(self, x: list[Any]) -> list[Any]:
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
        return Factorization(ar, tape.outer(cut), tape.inner(cut), None) if cut in tape.cut_nodes() else None
    phi, s = inputs["profile"], inputs["level_function"]
    return Factorization(ar, phi, s, tape) if composes(tape, phi, s) else None


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Carry out checks 1 to 4; enclose the level and the maximum."""
    point, ar = evidence.point, evidence.arithmetic
    parts = factorization(evidence, inputs)
    dimension = len(point.x)
    shaped = len(inputs["band"]) == 2 and len(inputs["top"]) == 2 and len(inputs["box"]) == dimension
    if parts is None or not shaped or not 2 <= dimension <= 3:
        return Reason.NOT_A_MAXIMIZER
    alpha = point.objective.enclose_value(ar, point.x)
    level = point.enclosure(alpha)
    top = _top(parts, inputs)
    if isinstance(top, Reason) or level is None:
        return top if isinstance(top, Reason) else Reason.DOMAIN
    if level.upper >= top.lower or not _boundary_below(evidence, parts, inputs, alpha):
        return Reason.LEVEL
    if not touches_only_here(evidence, inputs["neighbourhood_radius"], inputs["penalty"]):
        return Reason.NOT_A_MAXIMUM
    if not _every_box_settled(evidence, parts, inputs, alpha):
        return Reason.BUDGET
    return {"level": level, "maximum": top}


def _top(parts: Factorization, inputs: Inputs) -> Enclosure | Reason:
    """Check 1; return an enclosure of ``phi(s0)``, with ``s0`` bracketed by bisection on the sign of ``phi'``."""
    ar = parts.arithmetic
    (low, high), (left, right) = inputs["band"], inputs["top"]
    if not low < left < right < high:
        return Reason.NOT_A_MAXIMIZER
    if not ar.negative(parts.bend(ar.interval(left, right))):
        return Reason.NOT_A_MAXIMIZER
    if not (ar.positive(parts.slope(ar.constant(left))) and ar.negative(parts.slope(ar.constant(right)))):
        return Reason.NOT_A_MAXIMIZER
    for _ in range(BISECTIONS):
        # Beside the middle too: the middle may be s0 itself, where the sign of phi' is never certain.
        for split in (Fraction(1, 2), Fraction(29, 64)):
            middle = left + split * (right - left)
            slope = parts.slope(ar.constant(middle))
            if ar.positive(slope):
                left = middle
            elif ar.negative(slope):
                right = middle
    value = parts.phi(ar.interval(left, right))
    return Enclosure(ar.lower(value), ar.upper(value)) if ar.is_finite(value) else Reason.DOMAIN


def _boundary_below(evidence: Evidence, parts: Factorization, inputs: Inputs, alpha: Any) -> bool:
    """Check 2, and the part of check 3 that concerns ``phi`` alone."""
    ar = parts.arithmetic
    low, high = (ar.constant(b) for b in inputs["band"])
    if not all(ar.negative(parts.phi(end) - alpha) for end in (low, high)):
        return False
    top = ar.interval(*inputs["top"])

    def no_other_critical_value(piece: list[Any]) -> bool:
        s = piece[0]
        value = parts.phi(s)
        if not ar.is_finite(value):
            return False
        return ar.negative(value - alpha) or ar.contains(top, s) or ar.nonzero(parts.slope(s))

    if not covers(ar, [tuple(inputs["band"])], no_other_critical_value, 10_000):
        return False
    return all(
        covers(ar, face, lambda piece: _outside_band(ar, parts.s(piece), low, high), evidence.max_boxes, evidence.clock)
        for face in _faces(list(inputs["box"]))
    )


def _faces(box: Box) -> list[Box]:
    """The ``2 d`` faces of a box, as boxes with one side of length 0."""
    return [[*box[:i], (end, end), *box[i + 1 :]] for i in range(len(box)) for end in box[i]]


def _outside_band(ar: BallArithmetic, s: Any, low: Any, high: Any) -> bool:
    return ar.positive(s - high) or ar.negative(s - low)


def _every_box_settled(evidence: Evidence, parts: Factorization, inputs: Inputs, alpha: Any) -> bool:
    """Check 4 and the rest of check 3 on a subdivision of ``D``."""
    ar, point = evidence.arithmetic, evidence.point
    low, high = (ar.constant(b) for b in inputs["band"])
    rho_squared = ar.power(point.rho, 2)
    near = neighbourhood(evidence, inputs["neighbourhood_radius"])

    def settled(box: list[Any]) -> bool:
        s = parts.s(box)
        if _outside_band(ar, s, low, high):
            return True
        value = parts.phi(s)
        if not ar.is_finite(value):
            return False  # f may be undefined there, so that U would not be compact
        if ar.negative(value - alpha):
            return True
        if not parts.f_is_defined(box):
            return False
        distance = sum_of_squares(ar, [y - c for y, c in zip(box, point.plus, strict=True)])
        closer = ar.positive(rho_squared - distance)
        if not closer and not all(ar.contains(a, b) for a, b in zip(near, box, strict=True)):
            return False
        return any(ar.nonzero(g) for g in parts.s_gradient(box))

    inside = all(ar.within(x, *side) for side, x in zip(inputs["box"], point.x, strict=True))
    inside = inside and ar.within(parts.s(point.x), *inputs["band"])
    return inside and covers(ar, list(inputs["box"]), settled, evidence.max_boxes, evidence.clock)
