"""Claim ``farthest_point``: ``x*`` is where the paper's existence proof puts it (Theorem 2.1; Lemmas A.2-A.4, A.9).

``B`` is the closed ball around a point ``m`` with radius ``delta``, ``alpha = f(x*)``, ``c = x*+``. Checked, by
enclosures:

1. *Maximizer*: ``f`` has a critical point ``x_max`` in a cube in ``B`` on which the Hessian is negative
   definite, so it is an isolated local maximizer and the only critical point in the cube.
2. *Lemma A.2*: ``f < alpha`` on the boundary of ``B``, so ``U = {f >= alpha} ∩ B`` lies in its interior (*Lemma
   A.3*: hence ``f = alpha`` on the boundary of ``U``, by continuity).
3. *Lemma A.9*: every critical point in ``U`` lies in the cube, so it is ``x_max``. Hence ``U`` is connected:
   each of its components is compact, ``f`` has a maximum on it, and that is a critical point of ``f``.
   For 2 and 3, natural and second-order enclosures are tried (`hallucert.check.region.taylor`).
4. *Farthest*: every point of ``U`` other than ``x*`` has distance ``< rho`` from ``c`` (subdivision away from
   ``x*``, `hallucert.check.region.touching` near it).
5. *Lagrange, Lemma A.4*: ``x* - c = -g(x*)/lambda`` with ``lambda > 0``, which existence says already.

Proved: all of these, with ``f(x_max) > alpha``. Not refuted: a failure of the construction proves nothing. For a
maximizer
*set* (Theorem 2.2) the same is done by `hallucert.check.region.maximizer_set`. Subdivision is for 2 <= d <= 3.
Numbers: ``level`` (``f(x*)``), ``maximum`` (``f(x_max)``).
Inputs: ``maximizer`` (``m``), ``ball_radius``, ``cube_radius``, ``neighbourhood_radius``, ``penalty``.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hallucert.balls import matrix
from hallucert.balls.facade import BallArithmetic
from hallucert.balls.krawczyk import approximate_preconditioner, prove_zero
from hallucert.balls.symmetric import is_positive_definite
from hallucert.check.claim import Enclosure, Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.point.sphere_type import MAXIMUM, proved_sphere_kind
from hallucert.check.problem import sum_of_squares
from hallucert.check.reason import Reason
from hallucert.check.region import maximizer_set as farthest_point_set
from hallucert.check.region.taylor import TaylorBox
from hallucert.check.region.touching import neighbourhood, touches_only_here
from hallucert.check.subdivision import box_around, covers
from hallucert.exact import decimal_above, decimal_below

INPUTS = {
    "maximizer": "dyadics",
    "ball_radius": "dyadic",
    "cube_radius": "dyadic",
    "neighbourhood_radius": "dyadic",
    "penalty": "dyadic",
}


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Carry out checks 1 to 4; enclose the level and the maximum."""
    if "band" in inputs:
        return farthest_point_set.measure(evidence, inputs)
    dimension = len(evidence.point.x)
    if not 2 <= dimension <= 3 or len(inputs["maximizer"]) != dimension:
        return Reason.DIMENSION
    if inputs["ball_radius"] <= 0:
        return Reason.NOT_A_MAXIMIZER
    ar, point = evidence.arithmetic, evidence.point
    alpha = point.objective.enclose_value(ar, point.x)
    top = _maximum(evidence, list(inputs["maximizer"]), inputs["cube_radius"], inputs["ball_radius"])
    level = point.enclosure(alpha)
    if isinstance(top, Reason) or level is None:
        return top if isinstance(top, Reason) else Reason.DOMAIN
    if level.upper >= top.lower:
        return Reason.LEVEL
    if not touches_only_here(evidence, inputs["neighbourhood_radius"], inputs["penalty"]):
        return Reason.NOT_A_MAXIMUM
    if not _in_ball(evidence, inputs, point.x) or not _every_box_settled(evidence, inputs, alpha):
        return Reason.BUDGET
    return {"level": level, "maximum": top}


def is_concave(evidence: Evidence, centre: list[Fraction], radius: Fraction) -> bool:
    """Whether ``f`` is defined and ``-H`` positive definite on the whole cube."""
    ar, f = evidence.arithmetic, evidence.point.objective
    cube = [ar.interval(c - radius, c + radius) for c in centre]
    if not ar.is_finite(f.enclose_value(ar, cube)):
        return False
    hessian = f.enclose_hessian(ar, cube)
    return is_positive_definite(ar, [[-entry for entry in row] for row in hessian])


def _maximum(evidence: Evidence, centre: list[Fraction], radius: Fraction, ball: Fraction) -> Enclosure | Reason:
    """Check 1; return an enclosure of ``f(x_max)``."""
    ar, f = evidence.arithmetic, evidence.point.objective
    if radius <= 0 or radius**2 * len(centre) >= ball**2 or not is_concave(evidence, centre, radius):
        return Reason.NOT_A_MAXIMIZER
    middle = [ar.constant(c) for c in centre]
    preconditioner = approximate_preconditioner(matrix.midpoints(ar, f.enclose_hessian(ar, middle)))
    if preconditioner is None:
        return Reason.NOT_A_MAXIMIZER
    found = prove_zero(
        ar,
        lambda z: f.enclose_gradient(ar, z),
        lambda z: f.enclose_hessian(ar, z),
        centre,
        preconditioner,
        unit=evidence.point.sizes.box,
    )
    cube = [ar.interval(c - radius, c + radius) for c in centre]
    if found is None or not all(ar.contains(side, x) for side, x in zip(cube, found.box, strict=True)):
        return Reason.NOT_A_MAXIMIZER
    top = evidence.point.enclosure(f.enclose_value(ar, found.box))
    return Reason.DOMAIN if top is None else top


def _squared_distance(evidence: Evidence, box: list[Any], centre: list[Any]) -> Any:
    return sum_of_squares(evidence.arithmetic, [y - c for y, c in zip(box, centre, strict=True)])


def _in_ball(evidence: Evidence, inputs: Inputs, box: list[Any]) -> bool:
    """Whether `box` certainly lies in the interior of ``B``."""
    ar = evidence.arithmetic
    centre = [ar.constant(m) for m in inputs["maximizer"]]
    return ar.positive(ar.constant(inputs["ball_radius"] ** 2) - _squared_distance(evidence, box, centre))


def _every_box_settled(evidence: Evidence, inputs: Inputs, alpha: Any) -> bool:
    """Checks 2, 3 and 4 on a subdivision of the cube around ``B``."""
    ar, point, f = evidence.arithmetic, evidence.point, evidence.point.objective
    centre = [ar.constant(m) for m in inputs["maximizer"]]
    radius_squared, rho_squared = ar.constant(inputs["ball_radius"] ** 2), ar.power(point.rho, 2)
    cube = [ar.interval(m - inputs["cube_radius"], m + inputs["cube_radius"]) for m in inputs["maximizer"]]
    near = neighbourhood(evidence, inputs["neighbourhood_radius"])

    def settled(box: list[Any]) -> bool:
        from_centre = _squared_distance(evidence, box, centre)
        if ar.positive(from_centre - radius_squared):
            return True  # outside B
        value = f.enclose_value(ar, box)
        if not ar.is_finite(value):
            return False  # f may be undefined there, so that U would not be compact
        if ar.negative(value - alpha):
            return True  # below the level: no point of U, and fine on the boundary of B
        if not ar.positive(radius_squared - from_centre):
            return TaylorBox(ar, f, box).below(alpha)  # meets the boundary of B
        closer = ar.positive(rho_squared - _squared_distance(evidence, box, point.plus))
        allowed = closer or _inside(ar, near, box)
        if allowed and (_inside(ar, cube, box) or any(ar.nonzero(g) for g in f.enclose_gradient(ar, box))):
            return True
        tight = TaylorBox(ar, f, box)
        return tight.below(alpha) or (allowed and tight.no_critical_point())

    return covers(
        ar, box_around(inputs["maximizer"], inputs["ball_radius"]), settled, evidence.max_boxes, evidence.clock
    )


def _inside(ar: BallArithmetic, outer: list[Any], inner: list[Any]) -> bool:
    return all(ar.contains(a, b) for a, b in zip(outer, inner, strict=True))


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """The level lies below the maximum and ``x*`` is a maximum on the sphere (Proposition 4.3)."""
    level, maximum = numbers["level"], numbers["maximum"]
    if level.upper >= maximum.lower:
        return Reason.LEVEL
    if proved_sphere_kind(facts) != MAXIMUM:
        return Reason.NOT_A_MAXIMUM
    if "band" in inputs:
        place, theorem = "around a set of local maximizers", "2.2"
        critical = "every critical point is a local maximizer, of value above alpha, namely"
    else:
        place, theorem = f"(a ball of radius {decimal_below(inputs['ball_radius'])}...)", "2.1"
        critical = "the only critical point is an isolated local maximizer, of value above alpha, namely"
    digits = _separating_digits(level.upper, maximum.lower)
    return (
        Status.PROVED,
        f"x* is the construction of Theorem {theorem}: in the certificate's closed region B {place} the points with "
        f"f >= alpha = f(x*), alpha <= {decimal_above(level.upper, digits)}, form a compact set in the interior of B, "
        f"on which {critical} at least {decimal_below(maximum.lower, digits)}, and of which x* is the only point "
        "farthest from x*+, at distance rho.",
    )


def _separating_digits(level: Fraction, maximum: Fraction) -> int:
    """The significant digits, from 6 to 40, from which on the printed level stays below the printed maximum."""
    for digits in range(6, 40):
        if Fraction(decimal_above(level, digits)) < Fraction(decimal_below(maximum, digits)):
            return digits
    return 40


RULE = Rule(
    name="farthest_point",
    question="Is x* the point farthest from x*+ on a superlevel set around a local maximizer?",
    measure=measure,
    conclude=conclude,
    inputs=(INPUTS, *farthest_point_set.INPUTS),
)
