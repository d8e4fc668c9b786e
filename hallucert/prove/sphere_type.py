"""Claim ``sphere_type``: what ``x*`` is for ``f`` restricted to the sphere ``S(x*+, rho)`` (Propositions 4.1, 4.3).

``x*`` is a critical point of ``f`` on the sphere with inward gradient (the Lagrange condition ``g = lambda (c -
x)``, Lemma A.4), and on the tangent space ``T`` the perturbation Jacobian is the Riemannian Hessian divided by
``lambda``. So the signs of the eigenvalues of ``J|_T`` tell a strict minimum from a saddle and a strict maximum.
A farthest point of the paper's construction is a maximum. In one dimension there is no tangent direction and the
claim is void. Numbers: ``smallest_tangential_eigenvalue`` and ``largest_tangential_eigenvalue`` of ``J|_T``.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hallucert.balls import matrix
from hallucert.balls.symmetric import extreme_eigenvalues
from hallucert.prove.claims import Enclosure, Status
from hallucert.prove.point import Point
from hallucert.prove.reasons import Reason
from hallucert.prove.rules import Conclusion, Evidence, Facts, Inputs, Numbers, Rule

MINIMUM, MAXIMUM, SADDLE = "minimum", "maximum", "saddle"


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the extreme eigenvalues of ``J|_T``."""
    point = evidence.point
    if len(point.x) == 1:
        return {}
    smallest, largest = tangential_extremes(point)
    if smallest is None or largest is None:
        return Reason.PRECISION
    return {"smallest_tangential_eigenvalue": smallest, "largest_tangential_eigenvalue": largest}


def tangential_extremes(point: Point) -> tuple[Enclosure | None, Enclosure | None]:
    """Enclose the smallest and largest eigenvalue of ``J|_T = P + (rho/q) P H P`` on ``T = u^perp``.

    The matrix ``P + (rho/q) P H P`` has the eigenvalue 0 for ``u``; adding ``t u u^T`` moves it to ``t``, and
    ``t`` beyond a bound of the norm keeps it away from the end that is wanted.
    """
    ar, d = point.arithmetic, len(point.x)
    projector = [[ar.constant(Fraction(int(i == j))) - point.u[i] * point.u[j] for j in range(d)] for i in range(d)]
    # P H P / q = Du P: the direction Jacobian times the projector.
    tangential = ar.matrix_product(point.direction_jacobian, projector)
    base = [[projector[i][j] + point.rho * tangential[i][j] for j in range(d)] for i in range(d)]
    if not matrix.all_finite(ar, base):
        return None, None
    shift = ar.constant(matrix.norm_inf(ar, base) + 1)
    high = extreme_eigenvalues(ar, _shifted(base, point.u, shift))
    low = extreme_eigenvalues(ar, _shifted(base, point.u, -shift))
    if high is None or low is None:
        return None, None
    return Enclosure(*high[0]), Enclosure(*low[1])


def _shifted(base: list[list[Any]], u: list[Any], shift: Any) -> list[list[Any]]:
    """``base + shift u u^T``, exactly symmetric in form."""
    d = len(u)
    lower = [[base[i][j] + shift * u[i] * u[j] for j in range(i + 1)] for i in range(d)]
    return [[lower[max(i, j)][min(i, j)] for j in range(d)] for i in range(d)]


def sphere_kind(numbers: Numbers) -> str | None:
    """Return the kind that the published numbers show, or None."""
    smallest, largest = numbers["smallest_tangential_eigenvalue"], numbers["largest_tangential_eigenvalue"]
    if smallest.lower > 0:
        return MINIMUM
    if largest.upper < 0:
        return MAXIMUM
    return SADDLE if smallest.upper < 0 < largest.lower else None


def proved_sphere_kind(facts: Facts) -> str | None:
    """Return the kind that the claim ``sphere_type`` proved, or None."""
    if not facts.proved("sphere_type") or facts.objective.dimension == 1:
        return None
    return sphere_kind(facts.claims["sphere_type"].numbers)


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Name the kind of critical point on the sphere."""
    if facts.objective.dimension == 1:
        return Status.PROVED, "In one dimension the sphere has no tangent directions and J(x*) = 1."
    kind = sphere_kind(numbers)
    if kind is None:
        return Reason.STRADDLES
    what = {
        MINIMUM: "a nondegenerate strict local minimum",
        MAXIMUM: "a nondegenerate strict local maximum",
        SADDLE: "a saddle, with curvatures of both signs",
    }[kind]
    return (
        Status.PROVED,
        f"On the sphere around x*+ with radius rho, x* is a critical point of f with inward gradient: {what}.",
    )


RULE = Rule("sphere_type", "Is x* a minimum, a saddle or a maximum of f on the sphere around x*+?", measure, conclude)
