"""Claim ``around``: which minimizer of f a two-cycle of SAM goes around.

Proved: a box with a given centre and half width holds the middle ``(p + q)/2`` of the cycle and, by Krawczyk's test for
g, exactly one critical point c of f, at which the Hessian is positive definite: c is a nondegenerate minimizer. f is
defined on all of the box. Nothing follows about a larger box, in which there may be others. Never refuted.

Inputs: ``centre`` and ``half_width`` of the box. Numbers: ``smallest_hessian_eigenvalue`` at c, and ``distance``, the
larger of ``|p - c|`` and ``|q - c|``.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.krawczyk import KrawczykOperator, approximate_preconditioner
from hallucert.balls.symmetric import extreme_eigenvalues
from hallucert.check.attraction.norms import root
from hallucert.check.claim import Enclosure, Sentence, Status
from hallucert.check.cycle.claims import of_cycle
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.reason import Reason
from hallucert.check.subdivision import is_defined
from hallucert.objectives.objective import Objective


def critical_point(ar: BallArithmetic, f: Objective, centre: Sequence[Fraction], reach: Fraction) -> list[Ball] | None:
    """Enclose the critical point that is the only one in a box; None if that is not shown."""
    if not is_defined(ar, f, [ar.interval(c - reach, c + reach) for c in centre]):
        return None
    hessian = f.enclose_hessian(ar, [ar.constant(c) for c in centre])
    inverse = approximate_preconditioner(ar.approximations(hessian)) if ar.all_finite(hessian) else None
    if inverse is None:
        return None
    operator = KrawczykOperator(ar, lambda x: f.enclose_gradient(ar, x), lambda x: f.enclose_hessian(ar, x), inverse)
    result = operator.image(centre, [reach] * len(centre))
    return operator.tighten(result) if result.proved else None


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the minimizer, and how far the cycle is from it."""
    ar, point = evidence.arithmetic, of_cycle(evidence)
    f, centre, reach = point.objective, inputs["centre"], inputs["half_width"]
    if len(centre) != f.dimension or reach <= 0:
        return Reason.NEEDS_PREMISES
    p, q = (part.x for part in point.parts)
    half = ar.constant(Fraction(1, 2))
    if not all(ar.within((a + b) * half, m - reach, m + reach) for a, b, m in zip(p, q, centre, strict=True)):
        return Reason.NO_MINIMIZER
    c = critical_point(ar, f, centre, reach)
    eigenvalues = None if c is None else extreme_eigenvalues(ar, f.enclose_hessian(ar, c))
    if c is None or eigenvalues is None:
        return Reason.NO_MINIMIZER
    away = [matrix.sum_of_squares(ar, [a - b for a, b in zip(x, c, strict=True)]) for x in (p, q)]
    ends = [root(Enclosure(*ar.endpoints(square))) for square in away]
    farther = Enclosure(max(end.lower for end in ends), max(end.upper for end in ends))
    return {"smallest_hessian_eigenvalue": Enclosure(*eigenvalues[0]), "distance": farther}


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """The critical point is a minimizer."""
    if not facts.proved("existence"):
        return Reason.NEEDS_PREMISES
    smallest = numbers["smallest_hessian_eigenvalue"].lower
    if smallest <= 0:
        return Reason.NO_MINIMIZER
    about = (inputs["half_width"], smallest, numbers["distance"].upper)
    return Status.PROVED, Sentence("cycle.around", about)


RULE = Rule(
    name="around",
    question="Which minimizer of f does the cycle go around?",
    measure=measure,
    conclude=conclude,
    inputs=({"centre": "vector", "half_width": "exact"},),
)
