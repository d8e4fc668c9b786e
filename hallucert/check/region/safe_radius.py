"""Absence: radii up to which there are no hallucinated points, by convexity.

**Theorem** (Proposition A.1, and its local form). Let ``g(x) != 0``, ``u = g(x)/|g(x)|`` and let f be convex along the
segment from x to ``x+ = x + rho u``. Then ``t -> <g(x + t u), u>`` is nondecreasing and starts at ``|g(x)| > 0``, so
``g(x+) != 0``. Hence

- if f is convex on R^d there is no hallucinated point, for any ``rho``;
- if f is convex on the ball ``|y - c| <= r``, no hallucinated point has the target c for any ``rho <= r``.

**Theorem** for USAM (see `hallucert.check.region.weak_convexity`). Let ``I + r H(y)`` be positive semidefinite at every
``y`` in a convex set. For ``rho < r`` the matrix ``I + rho H = (1 - rho/r) I + (rho/r) (I + r H)`` is positive definite
there, so ``y -> y + rho g(y)`` is injective: no ``x`` in the set with ``g(x) != 0`` has a critical point of ``f`` in
the set as ``x + rho g(x)``. In other words ``f + |y|^2/(2 r)`` is convex on the set. Where ``f`` itself is convex,
every ``rho`` is safe.

The largest such r is bracketed by `hallucert.check.region.bracket`: for SAM it is the distance from c of the nearest
point at which ``f`` is not convex, for USAM the least ``1/l`` of a point of a box at which H has an eigenvalue ``-l``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls import arithmetic
from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.balls.facade import Ball
from hallucert.balls.inertia import inertia
from hallucert.balls.krawczyk import KrawczykOperator
from hallucert.balls.zeros import prove_zero
from hallucert.check.attraction.norms import root
from hallucert.check.census.records import PRECISIONS, CriticalPoint, Kind, floats, kind_of
from hallucert.check.claim import Claim, Enclosure, Status
from hallucert.check.publishing import published
from hallucert.check.reason import Reason
from hallucert.check.region.bracket import Distances, Moduli, SearchEnd, boxes_of, bracket, rings
from hallucert.check.region.convexity import is_convex
from hallucert.check.subdivision import is_defined
from hallucert.check.units import CALLER, Units
from hallucert.clock import UNLIMITED, Clock
from hallucert.decimals import decimal_above, decimal_below
from hallucert.errors import ArgumentError
from hallucert.exact import format_rational
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective

NAME = "no_hallucination"
ON_SPACE = "R^d, by the rules of composition or as a quadratic,"
USAM_CONVEX = (
    "f is convex on {} so no x there with grad f(x) != 0 has a critical point of f there as x + rho grad f(x), for any "
    "rho > 0 (USAM)."
)


@dataclass(frozen=True, repr=False)
class SafeRadius:
    """A certified safe radius: no hallucinated point has this target for any ``rho <= lower``.

    Attributes
    ----------
    target : CriticalPoint
        The critical point.
    lower : Fraction
        ``f`` is convex on the ball of this radius around the target; 0 if nothing is proved. Of USAM: no point of the
        box has a target in the box, for any ``rho < lower``.
    upper : Fraction or None
        ``f`` is not convex on a ball of this radius; of USAM, ``I + upper H`` has a negative eigenvalue at some point
        of the box, where the theorem ends. None: no such radius was found.
    everywhere : bool
        ``f`` is convex on R^d, or, of USAM, on the box, so every radius is safe.
    claim : Claim
        ``no_hallucination``.
    boxes : int
        How many boxes were looked at.
    ended : SearchEnd
        Why the search ended: ``"reached"``, or what made the bracket wider than asked.
    box : (d, 2) array or None
        Of USAM: the box, of doubles.
    """

    target: CriticalPoint
    lower: Fraction
    upper: Fraction | None
    everywhere: bool
    claim: Claim
    boxes: int
    ended: SearchEnd
    box: np.ndarray | None = None

    def __float__(self) -> float:
        return math.inf if self.everywhere else float(self.lower)

    def __repr__(self) -> str:
        if self.everywhere:
            return "<SafeRadius: every radius, f is convex>"
        high = "infinity" if self.upper is None else decimal_above(self.upper, 8)
        why = f", {self._why_wide}" if self._why_wide else ""
        return f"<SafeRadius in [{decimal_below(self.lower, 8)}, {high}]{why}>"

    def __str__(self) -> str:
        text = str(self.claim)
        if self.upper is not None and self.box is None:
            text += f"\n    f is not convex on the ball of radius {decimal_above(self.upper)}"
        elif self.upper is not None:
            text += f"\n    beyond {decimal_above(self.upper)} the theorem does not apply in this box"
        return text + (f"\n    {self._why_wide}" if self._why_wide else "")

    @property
    def _why_wide(self) -> str:
        """Why the bracket is wider than asked; empty if it is not."""
        return "" if self.ended is SearchEnd.REACHED else self.ended.explanation


def convex_claim(f: FormulaObjective) -> Claim:
    """State Proposition A.1, if `f` is proved to be convex on all of R^d."""
    question = "Is there no hallucinated stationary point of f, for any rho?"
    if not is_convex(f):
        return Claim(NAME, Status.UNDECIDED, question, reason=Reason.NEEDS_PREMISES)
    return Claim(
        NAME,
        Status.PROVED,
        f"f is convex on {ON_SPACE} so there is no x with grad f(x) != 0 and grad f(x + rho u(x)) = 0, for any rho > 0 "
        "(Proposition A.1).",
    )


def prove_target(
    f: Objective, target: Sequence[Fraction], backend: str = "arb", unit: Fraction = Fraction(1)
) -> CriticalPoint:
    """Enclose the critical point near `target`, and name it; a degenerate one only where the gradient is exactly 0.

    Numbers near 0 are compared with `unit`, the length of the problem. ArgumentError if no critical point at which `f`
    is defined is proved there.
    """
    ar = arithmetic(backend, PRECISIONS[0])

    def gradient(x: list[Ball]) -> list[Ball]:
        return f.enclose_gradient(ar, x)

    def hessian(x: list[Ball]) -> list[list[Ball]]:
        return f.enclose_hessian(ar, x)

    with ar:
        found = prove_zero(ar, gradient, hessian, list(target), unit=unit)
        if found is not None:
            balls = KrawczykOperator(ar, gradient, hessian, found.preconditioner).tighten(found.result)
            signs = inertia(ar, f.enclose_hessian(ar, balls))
            kind = kind_of(signs.positive, signs.negative, f.dimension)
            if not signs.undecided and is_defined(ar, f, balls):
                sides = (published(Enclosure(*ar.endpoints(ball)), ar.precision, unit) for ball in balls)
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
    """Bracket the largest radius of a ball around `target` on which `f` is convex, to a relative width.

    It is searched for in some units, in an arithmetic of lanes; a spent budget leaves a wider bracket, which is true.
    """
    claim = convex_claim(f)
    if claim:
        return SafeRadius(target, Fraction(0), None, True, claim, 0, SearchEnd.REACHED)
    if target.kind in (Kind.SADDLE, Kind.MAXIMIZER):
        return SafeRadius(target, Fraction(0), Fraction(0), False, _ball_claim(target, 0), 0, SearchEnd.REACHED)
    centre = floats(units.inside_box(target.box))
    keys = Distances(lane_arithmetic(backend), units.function(f), rtol, centre)
    found = bracket(keys, rings(centre), max_boxes, clock)
    lower = units.length_outside(_root(min(found.low, keys.edge)).lower)
    upper = units.length_outside(_root(found.high).upper) if math.isfinite(found.high) else None
    return SafeRadius(target, lower, upper, False, _ball_claim(target, lower), found.boxes, found.ended)


def _root(square: float) -> Enclosure:
    """Enclose the root of a double."""
    exact = Fraction(max(square, 0.0))
    return root(Enclosure(exact, exact))


def _ball_claim(target: CriticalPoint, lower: Fraction | int) -> Claim:
    if lower <= 0:
        question = "Is there a radius r such that no hallucinated point has this target for any rho <= r?"
        return Claim(NAME, Status.UNDECIDED, question, reason=Reason.NEEDS_PREMISES)
    sides = " x ".join(str(side) for side in target.box)
    sentence = (
        f"f is convex on the ball of radius r = {decimal_below(Fraction(lower))} around its critical point c in "
        f"{sides}, so no x with grad f(x) != 0 has x + rho u(x) = c, for any rho <= r."
    )
    return _proved(sentence, Fraction(lower))


def _proved(sentence: str, lower: Fraction) -> Claim:
    return Claim(NAME, Status.PROVED, sentence, {"safe_radius": Enclosure(lower, lower)})


def usam_safe_radius(
    f: FormulaObjective,
    target: CriticalPoint,
    box: np.ndarray | None,
    rtol: float,
    max_boxes: int,
    clock: Clock = UNLIMITED,
    backend: str = "float",
    units: Units = CALLER,
) -> SafeRadius:
    """Bracket the largest radius that is safe for USAM in a box (d, 2) of doubles around `target`.

    The box may be None if f is convex on R^d; its ends are doubles in the units, too. Otherwise as `safe_radius`.
    """
    if is_convex(f):
        claim = Claim(NAME, Status.PROVED, USAM_CONVEX.format(ON_SPACE))
        space = np.array([[-np.inf, np.inf]] * f.dimension) if box is None else box
        return SafeRadius(target, Fraction(0), None, True, claim, 0, SearchEnd.REACHED, space)
    if box is None:
        raise ArgumentError("box", box, "be given unless f is convex on R^d")
    inner = np.ldexp(box, -units.length)
    keys = Moduli(lane_arithmetic(backend), units.function(f), rtol, inner)
    found = bracket(keys, boxes_of(inner[None]), max_boxes, clock)
    sides = " x ".join(f"[{', '.join(format_rational(Fraction(float(end))) for end in side)}]" for side in box)
    if found.low == math.inf:
        claim = Claim(NAME, Status.PROVED, USAM_CONVEX.format(f"the box {sides},"))
        return SafeRadius(target, Fraction(0), None, True, claim, found.boxes, SearchEnd.REACHED, box)
    unit = Fraction(2) ** (2 * units.length - units.height)  # of rho: x+ = x + rho g
    lower, upper = unit * Fraction(found.low), unit * Fraction(found.high) if math.isfinite(found.high) else None
    return SafeRadius(target, lower, upper, False, _box_claim(sides, lower), found.boxes, found.ended, box)


def _box_claim(sides: str, lower: Fraction) -> Claim:
    if lower <= 0:
        question = (
            "Is there a radius r such that USAM has no hallucinated point in the box, with a target there, below it?"
        )
        return Claim(NAME, Status.UNDECIDED, question, reason=Reason.PRECISION)
    return _proved(
        f"f + |x|^2/(2 r) is convex on {sides} for r = {decimal_below(lower)}, so no x there with grad f(x) != 0 has a "
        "critical point of f there as x + rho grad f(x), for any rho < r (USAM).",
        lower,
    )
