"""Claim ``theorem_3_2``: the paper's condition for attraction holds at ``x*`` (Theorem 3.2, Corollary B.3).

    lambda_min( (Du(x*) + Du(x*)^T) / 2 ) > -1/rho                                                            (C32)

Proved: (C32) holds. If ``x*`` is also a hallucinated minimizer with an isolated target, Corollary B.3 applies
and the statement says so; if not, the statement says what is missing. Refuted: the reverse strict inequality is
proved, so the theorem does not apply at ``x*`` (which proves nothing about repulsion: see ``attractor``).
Number: ``smallest_eigenvalue_sym_Du``.

For other ascent steps the condition is read as ``J + J^T`` positive definite, which for SAM is the same; under USAM
``J = I + rho H`` is symmetric. The proof uses no more: ``grad f(x+) = J^T F``, so ``<J^T F, F> >= mu |F|^2``,
``mu`` the smallest eigenvalue of the symmetric part of ``J``. Number: ``smallest_eigenvalue_sym_J``.
"""

from __future__ import annotations

from fractions import Fraction

from hallucert.balls import matrix
from hallucert.balls.symmetric import extreme_eigenvalues
from hallucert.check.claim import Enclosure, Sentence, Status
from hallucert.check.point.hallucinated_minimizer import MINIMIZER, proved_kind
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.reason import Reason
from hallucert.objectives.radius_law import SAM


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the smallest eigenvalue of ``sym Du = (H - (w u^T + u w^T)/2)/q`` with ``w = H u``, or that of sym J."""
    ar, point = evidence.arithmetic, evidence.point
    if point.law != SAM:
        extremes = extreme_eigenvalues(ar, matrix.symmetric_part(ar, point.perturbation))
        return Reason.PRECISION if extremes is None else {"smallest_eigenvalue_sym_J": Enclosure(*extremes[0])}
    inverse = ar.constant(Fraction(1)) / point.q
    half = inverse * ar.constant(Fraction(1, 2))
    z = [half * w for w in point.hessian_along]
    extremes = extreme_eigenvalues(ar, matrix.symmetric_update(inverse, point.hessian, z, point.u))
    if extremes is None:
        return Reason.PRECISION
    return {"smallest_eigenvalue_sym_Du": Enclosure(*extremes[0])}


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Compare with ``-1/rho``, exactly; for other laws than SAM's, that of ``J`` with 0."""
    if facts.law != SAM:
        return _of_variant(facts, numbers)
    smallest, threshold = numbers["smallest_eigenvalue_sym_Du"], -1 / facts.rho
    if smallest.upper < threshold:
        return Status.REFUTED, Sentence("attraction.c32_fails", (smallest, facts.rho))
    if smallest.lower <= threshold:
        return Reason.STRADDLES
    about = (smallest, facts.rho, _isolated(facts), facts.problem.residual)
    return Status.PROVED, Sentence("attraction.c32_holds", about)


def _isolated(facts: Facts) -> bool:
    """Whether ``x*`` is proved to be an isolated hallucinated minimizer."""
    return proved_kind(facts) == MINIMIZER and facts.proved("hallucinated_minimizer") and facts.proved("regular")


def _of_variant(facts: Facts, numbers: Numbers) -> Conclusion:
    """Read the sign of the smallest eigenvalue of the symmetric part of ``J``."""
    smallest = numbers["smallest_eigenvalue_sym_J"]
    if smallest.upper < 0:
        return Status.REFUTED, Sentence("attraction.variant_fails", (smallest, facts.law))
    if smallest.lower <= 0:
        return Reason.STRADDLES
    return Status.PROVED, Sentence("attraction.variant_holds", (smallest, facts.law, _isolated(facts)))


RULE = Rule(
    name="theorem_3_2",
    question="Does condition (C32) of Theorem 3.2 hold at x*?",
    measure=measure,
    conclude=conclude,
)
