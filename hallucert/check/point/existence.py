"""Claim ``existence``: exactly one hallucinated stationary point in an explicit box (Krawczyk's test).

Gradient system: ``F(x) = g(x + rho u(x))``, ``DF = M = H(x+) J``. Residual system: ``G(z) = r((x0 + S z)+)``,
``DG = A S``. With a preconditioner ``C`` and the box ``Z`` around 0,

    K(Z) = -C G(0) + (I - C [DG(Z)]) Z    in the interior of Z

proves exactly one zero in ``Z`` and that every matrix of ``[DG(Z)]`` is nonsingular. ``G`` is smooth on ``Z``
because its enclosure is finite there, which needs ``g != 0``; that ``f`` itself is defined at ``x*`` and ``x*+``
is checked on the final enclosure by running the function's own tape. Under USAM, ``x+ = x + rho g(x)``, ``G`` is
smooth where ``g = 0`` too, and ``x*`` may be an ordinary critical point: `nonstationary` tells.
Refuted (for a box that the caller fixed): ``K(Z)`` and ``Z`` are disjoint, or some component of ``G`` excludes 0
on ``Z``. Number: ``offset``, an interval that contains every coordinate of ``x* - centre``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls.krawczyk import ZeroEnclosure, prove_zero, tighten
from hallucert.balls.krawczyk_operator import approximate_preconditioner, krawczyk_image
from hallucert.balls.linear import matrix
from hallucert.check.claim import Claim, Enclosure, Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.reason import Reason
from hallucert.check.sam_point import Point
from hallucert.check.witness import Proposal, Rows, System, Vector, Witness, choose_system, polish, propose
from hallucert.exact import decimal_above, decimal_below, format_rational, round_down, round_up
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw, row_norms

NEWTON_STEPS = 20
_SINGULAR, _NEARLY_SINGULAR, _NEGATIVE = 1e-9, 1e-4, -1e-6
"""Sizes of an eigenvalue of ``H(x+)`` beside the largest: 0 to floats, hard to tell from 0, certainly below 0."""

FILLING = (0.02, 0.6)
"""Which part of its box Krawczyk's image should fill: with room enough to pass the test in any arithmetic, and with so
much latitude that the first guess usually does."""


@dataclass(frozen=True)
class Located:
    """The outcome of a search for a provable box: the witness, and ``x*`` enclosed if existence is proved.

    `excluded` tells that the box was proved to hold no solution; `reason` says why neither was shown.
    """

    witness: Witness | None
    x: list[Any] | None = None
    excluded: bool = False
    reason: Reason | None = None


def system_of(arithmetic: Any, objective: Objective, rho: Fraction, witness: Witness) -> System:
    """Return the equations of a witness."""
    rows = None if witness.slice is None else matrix.from_rationals(arithmetic, witness.slice)
    return System(arithmetic, objective, rho, witness.system, witness.centre, rows, law=witness.law)


def locate(
    arithmetic: Any, objective: Objective, rho: Fraction, x: Vector, radius: Fraction | None, law: RadiusLaw = SAM
) -> Located:
    """Find a centre by Newton's method, a box by inflation, and prove existence in it.

    With a `radius` the box is fixed: it is ``x`` plus or minus `radius`, and nothing is polished.
    """
    at_start = Point(arithmetic, objective, rho, [arithmetic.constant(c) for c in x], law)
    system = choose_system(at_start)
    proposal = propose(at_start, system, x) if radius is not None else polish(at_start, system, x, NEWTON_STEPS)
    if isinstance(proposal, Reason):
        return Located(None, reason=_why_singular(at_start) or proposal)
    equations = proposal.equations
    if radius is not None:
        inverse = approximate_preconditioner(proposal.jacobian)
        if inverse is None:
            return Located(None, reason=_why_singular(equations.at_centre) or Reason.PRECISION)
        return _in_fixed_box(equations, _witness(proposal, [radius] * len(inverse), inverse))
    found = _prove(equations, proposal.jacobian)
    if found is None and proposal.stale:
        found = _prove(equations, equations.float_jacobian())
    if found is None:
        return Located(None, reason=_why_not(equations))
    witness = _witness(proposal, found.uniqueness_radius, found.preconditioner)
    return _checked(equations, witness, _tightened(equations, found))


def _prove(equations: System, jacobian: np.ndarray) -> ZeroEnclosure | None:
    """Prove a zero near ``z = 0``, with the inverse of a float Jacobian as preconditioner."""
    inverse = approximate_preconditioner(jacobian)
    if inverse is None:
        return None
    ar, origin = equations.arithmetic, [Fraction(0)] * len(inverse)
    unit = equations.at_centre.sizes.box
    found = prove_zero(ar, equations.value, equations.jacobian, origin, inverse, unit=unit, filling=FILLING)
    return found if isinstance(found, ZeroEnclosure) else None


def _witness(proposal: Proposal, radius: Sequence[Fraction], preconditioner: list[list[Fraction]]) -> Witness:
    equations = proposal.equations
    rows = tuple(tuple(row) for row in preconditioner)
    slice_rows = _exact_rows(proposal.slice)
    return Witness(equations.system, equations.exact_centre, slice_rows, tuple(radius), rows, equations.law)


def _exact_rows(a: np.ndarray | None) -> Rows | None:
    return None if a is None else tuple(tuple(map(Fraction, row)) for row in a.tolist())


def room_of(witness: Witness) -> list[Enclosure]:
    """Return, for each coordinate, where the box of a witness lies: ``x0 +- |S| radius``, with room for rounding.

    No published enclosure of ``x*`` is larger: whatever lies in it is near the only solution there is. The ends are
    dyadic, and at least ``2**-49`` of their size outside of the box, which is far more than a checker's rounding.
    """
    reach = witness.radius
    if witness.slice is not None:
        reach = tuple(_absolute_sum(row, witness.radius) for row in witness.slice)
    slack = [(abs(c) + r) / 2**48 for c, r in zip(witness.centre, reach, strict=True)]
    return [
        Enclosure(round_up(c - r - s, 64), round_down(c + r + s, 64))
        for c, r, s in zip(witness.centre, reach, slack, strict=True)
    ]


def stays_inside(box: Sequence[tuple[Fraction, Fraction]], witness: Witness) -> bool:
    """Tell whether a published enclosure lies in the box of the witness."""
    pairs = zip(box, room_of(witness), strict=True)
    return all(room.lower <= low and high <= room.upper for (low, high), room in pairs)


def _absolute_sum(row: Vector, radius: Vector) -> Fraction:
    return sum((abs(s) * r for s, r in zip(row, radius, strict=True)), Fraction(0))


def relocate(arithmetic: Any, objective: Objective, rho: Fraction, witness: Witness) -> list[Any] | None:
    """Prove existence in the box of a witness; return the tight enclosure of ``x*``, or None."""
    return _enclosed(system_of(arithmetic, objective, rho, witness), witness).x


def excludes(arithmetic: Any, objective: Objective, rho: Fraction, witness: Witness) -> bool:
    """Tell whether the box of a witness certainly holds no solution."""
    return _in_fixed_box(system_of(arithmetic, objective, rho, witness), witness).excluded


def _tightened(equations: System, found: ZeroEnclosure) -> list[Any]:
    """Enclose the zero that was found as tightly as the arithmetic can.

    Where the term ``(I - C DG) Z`` is a small part of Krawczyk's image, the rest is the rounding of ``C G(0)``, and
    another step gains nothing.
    """
    ar = equations.arithmetic
    width = max(ar.upper(side) - ar.lower(side) for side in found.box)
    if 8 * found.contraction * max(found.existence_radius) <= width:
        return found.box
    return tighten(ar, equations.value, equations.jacobian, found.box, found.preconditioner)


def _enclosed(equations: System, witness: Witness) -> Located:
    """Apply Krawczyk's test to the box of a witness, and enclose the zero tightly."""
    ar = equations.arithmetic
    origin, inverse = [Fraction(0)] * witness.unknowns, [list(row) for row in witness.preconditioner]
    test = krawczyk_image(ar, equations.value, equations.jacobian, origin, inverse, list(witness.radius))
    if not test.proved:
        return Located(witness, reason=_why_not(equations))
    return _checked(equations, witness, tighten(ar, equations.value, equations.jacobian, test.image, inverse))


def _checked(equations: System, witness: Witness, z: list[Any]) -> Located:
    """Check that ``f`` is defined where the zero is enclosed."""
    x = equations.to_x(z)
    if not Point(equations.arithmetic, equations.objective, equations.rho, x, equations.law).domain_certain:
        return Located(witness, reason=Reason.DOMAIN)
    return Located(witness, x=x)


def _in_fixed_box(equations: System, witness: Witness) -> Located:
    located = _enclosed(equations, witness)
    if located.x is not None:
        return located
    ar = equations.arithmetic
    box = [ar.interval(-r, r) for r in witness.radius]
    value = equations.value(box)
    if all(ar.is_finite(v) for v in value) and any(ar.nonzero(v) for v in value):
        return Located(witness, excluded=True)
    origin, inverse = [Fraction(0)] * witness.unknowns, [list(row) for row in witness.preconditioner]
    test = krawczyk_image(ar, equations.value, equations.jacobian, origin, inverse, list(witness.radius))
    disjoint = bool(test.image) and any(
        ar.is_finite(image) and ar.intersection(image, side) is None
        for image, side in zip(test.image, box, strict=True)
    )
    return Located(witness, excluded=True) if disjoint else located


def _why_not(equations: System) -> Reason:
    """Name the most likely cause of a failed test, from the values at the centre."""
    point = equations.at_centre
    if not equations.arithmetic.is_finite(point.q):
        return Reason.ZERO_GRADIENT
    if not point.domain_certain:
        return Reason.DOMAIN
    return _why_singular(point) or Reason.NOT_A_ZERO


def _why_singular(point: Point) -> Reason | None:
    """Tell from floats whether the target or the perturbation Jacobian looks singular near a point.

    Where ``g(x+)`` is not much smaller than ``g(x)`` there is no target, and None is the answer.
    """
    ar = point.arithmetic
    with np.errstate(over="ignore"):
        both = [matrix.midpoints(ar, [g]) for g in (point.gradient, point.shifted_gradient)]
        here, plus = (float(row_norms(g)[0]) for g in both)
        if not plus <= 0.1 * here:
            return None
    at_x, at_plus, jacobian = (matrix.midpoints(ar, m) for m in (point.hessian, point.hessian_plus, point.perturbation))
    if not all(np.isfinite(m).all() for m in (at_x, at_plus, jacobian)):
        return None
    scale = max(np.linalg.norm(at_x, 2), np.linalg.norm(at_plus, 2))
    eigenvalues = np.linalg.eigvalsh((at_plus + at_plus.T) / 2)
    if np.abs(eigenvalues).min() <= _SINGULAR * scale:
        return Reason.DEGENERATE_SADDLE if eigenvalues[0] < _NEGATIVE * scale else Reason.DEGENERATE_TARGET
    if np.abs(eigenvalues).min() <= _NEARLY_SINGULAR * scale:
        return Reason.NEARLY_DEGENERATE
    singular = np.linalg.svd(jacobian, compute_uv=False)
    return Reason.SINGULAR_JACOBIAN if singular[-1] <= 1e-6 * singular[0] else None


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Bound the distance of ``x*`` from the centre."""
    ar = evidence.arithmetic
    distance = max(
        ar.magnitude(x - ar.constant(c)) for x, c in zip(evidence.point.x, evidence.witness.centre, strict=True)
    )
    return {"offset": Enclosure(-distance, distance)}


def box_sentence(witness: Witness) -> str:
    """Describe the box of a witness."""
    low, high = decimal_below(min(witness.radius), 3), decimal_above(max(witness.radius), 3)
    width = f"{low}..." if min(witness.radius) == max(witness.radius) else f"between {low} and {high}"
    if witness.slice is None:
        return f"the box with the certificate's centre and half width {width}"
    return f"the slice x0 + S z, z in R^{witness.unknowns} with half width {width}, of the certificate"


def equation(witness: Witness) -> str:
    """The equation that the witness solves."""
    what = "grad f" if witness.system == "gradient" else "r"
    return f"{what}(x + {witness.law.step_text}) = 0{witness.law.direction_text}"


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """State existence and uniqueness in the witness's box; without a number, that it holds no solution."""
    if not numbers:
        return _refuted(facts)
    return (
        Status.PROVED,
        f"For rho = {format_rational(facts.rho)} there is exactly one x = x* in {box_sentence(facts.witness)} with "
        f"{equation(facts.witness)}; |x* - centre| <= "
        f"{decimal_above(numbers['offset'].upper, 3)} in every coordinate.",
    )


def _refuted(facts: Facts) -> tuple[Status, str]:
    where = box_sentence(facts.witness)
    return (
        Status.REFUTED,
        f"For rho = {format_rational(facts.rho)} there is no x in {where} with {equation(facts.witness)}.",
    )


def refutation(facts: Facts) -> Claim:
    """The claim that the box holds no solution."""
    return Claim(RULE.name, *_refuted(facts))


RULE = Rule(
    name="existence",
    question="Is there a point x* near the given one with grad f(x* + rho u(x*)) = 0?",
    measure=measure,
    conclude=conclude,
    questions={"usam": "Is there a point x* near the given one with grad f(x* + rho grad f(x*)) = 0?"},
)
