"""Claim ``existence``: exactly one hallucinated stationary point in an explicit box (Krawczyk's test).

Gradient system: ``F(x) = g(x + rho u(x))``, ``DF = M = H(x+) J``. Residual system: ``G(z) = r((x0 + S z)+)``,
``DG = A S``. With a preconditioner ``C`` and the box ``Z`` around 0,

    K(Z) = -C G(0) + (I - C [DG(Z)]) Z    in the interior of Z

proves exactly one zero in ``Z`` and that every matrix of ``[DG(Z)]`` is nonsingular. ``G`` is smooth on ``Z``
because its enclosure is finite there, which needs ``g != 0``; that ``f`` itself is defined at ``x*`` and ``x*+``
is checked on the final enclosure by running the function's own tape.
Refuted (for a box that the caller fixed): ``K(Z)`` and ``Z`` are disjoint, or some component of ``G`` excludes 0
on ``Z``. Number: ``offset``, an interval that contains every coordinate of ``x* - centre``.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.krawczyk import ZeroFailure, approximate_preconditioner, contract, krawczyk_image, prove_zero
from hallucert.exact import decimal_above, decimal_below, format_rational, round_down
from hallucert.objectives.objective import Objective
from hallucert.prove.claims import Claim, Enclosure, Status
from hallucert.prove.point import Point
from hallucert.prove.reasons import Reason
from hallucert.prove.rules import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.prove.witness import System, Vector, Witness, choose_system, equations_at, polish

NEWTON_STEPS = 20


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
    return System(arithmetic, objective, rho, witness.system, witness.centre, witness.slice)


def locate(arithmetic: Any, objective: Objective, rho: Fraction, x: Vector, radius: Fraction | None) -> Located:
    """Find a centre by Newton's method, a box by inflation, and prove existence in it.

    With a `radius` the box is fixed: it is ``x`` plus or minus `radius`, and nothing is polished.
    """
    system = choose_system(arithmetic, objective, rho, x)
    if radius is None:
        polished = polish(arithmetic, objective, rho, system, x, NEWTON_STEPS)
        if isinstance(polished, Reason):
            return Located(None, reason=_why_singular(arithmetic, objective, rho, x) or polished)
        x = polished
    equations = equations_at(arithmetic, objective, rho, system, x)
    if isinstance(equations, Reason):
        return Located(None, reason=equations)
    slice_rows, size = equations.exact_slice, len(equations.origin())
    origin = [Fraction(0)] * size
    jacobian = matrix.midpoints(arithmetic, equations.jacobian(equations.origin()))
    inverse = approximate_preconditioner(jacobian)
    if inverse is None:
        return Located(None, reason=_why_singular(arithmetic, objective, rho, x) or Reason.PRECISION)
    preconditioner = tuple(tuple(row) for row in inverse)
    if radius is not None:
        return _in_fixed_box(equations, Witness(system, x, slice_rows, (radius,) * size, preconditioner))
    found = prove_zero(arithmetic, equations.value, equations.jacobian, origin, inverse)
    if isinstance(found, ZeroFailure):
        return Located(None, reason=_why_singular(arithmetic, objective, rho, x) or _why_not(equations))
    # Half of the largest radius at which the test passes, so that it passes in any arithmetic.
    box = tuple(round_down(r / 2, 30) for r in found.uniqueness_radius)
    witness = Witness(system, x, slice_rows, box, preconditioner)
    return _enclosed(equations, witness)


def relocate(arithmetic: Any, objective: Objective, rho: Fraction, witness: Witness) -> list[Any] | None:
    """Prove existence in the box of a witness; return the tight enclosure of ``x*``, or None."""
    return _enclosed(system_of(arithmetic, objective, rho, witness), witness).x


def excludes(arithmetic: Any, objective: Objective, rho: Fraction, witness: Witness) -> bool:
    """Tell whether the box of a witness certainly holds no solution."""
    return _in_fixed_box(system_of(arithmetic, objective, rho, witness), witness).excluded


def _enclosed(equations: System, witness: Witness) -> Located:
    ar = equations.arithmetic
    origin, inverse = [Fraction(0)] * witness.unknowns, [list(row) for row in witness.preconditioner]
    test = krawczyk_image(ar, equations.value, equations.jacobian, origin, inverse, list(witness.radius))
    if not test.proved:
        return Located(witness, reason=_why_not(equations))
    x = equations.to_x(contract(ar, equations.value, equations.jacobian, test.image, inverse))
    if not Point(ar, equations.objective, equations.rho, x).domain_certain:
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
    ar = equations.arithmetic
    point = equations.point(equations.origin())
    if not ar.is_finite(point.q):
        return Reason.ZERO_GRADIENT
    if not point.domain_certain:
        return Reason.DOMAIN
    return _why_singular(ar, equations.objective, equations.rho, equations.centre) or Reason.NOT_A_ZERO


def _why_singular(arithmetic: Any, objective: Objective, rho: Fraction, x: Any) -> Reason | None:
    """Tell from floats whether the target or the perturbation Jacobian looks singular near `x`."""
    balls = [arithmetic.constant(c) if isinstance(c, Fraction) else c for c in x]
    point = Point(arithmetic, objective, rho, balls)
    at_x, at_plus, jacobian = (
        matrix.midpoints(arithmetic, m) for m in (point.hessian, point.hessian_plus, point.perturbation)
    )
    if not all(np.isfinite(m).all() for m in (at_x, at_plus, jacobian)):
        return None
    scale = max(np.linalg.norm(at_x, 2), np.linalg.norm(at_plus, 2))
    if np.abs(np.linalg.eigvalsh((at_plus + at_plus.T) / 2)).min() <= 1e-4 * scale:
        return Reason.DEGENERATE_TARGET
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
    return "grad f(x + rho u(x)) = 0" if witness.system == "gradient" else "r(x + rho u(x)) = 0"


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """State existence and uniqueness in the witness's box."""
    return (
        Status.PROVED,
        f"For rho = {format_rational(facts.rho)} there is exactly one x = x* in {box_sentence(facts.witness)} with "
        f"{equation(facts.witness)}, u = grad f/|grad f|; |x* - centre| <= "
        f"{decimal_above(numbers['offset'].upper, 3)} in every coordinate.",
    )


def refutation(facts: Facts) -> Claim:
    """The claim that the box holds no solution."""
    return Claim(
        RULE.name,
        Status.REFUTED,
        f"For rho = {format_rational(facts.rho)} there is no x in {box_sentence(facts.witness)} with "
        f"{equation(facts.witness)}, u = grad f/|grad f|.",
    )


RULE = Rule("existence", "Is there a point x* near the given one with grad f(x* + rho u(x*)) = 0?", measure, conclude)
