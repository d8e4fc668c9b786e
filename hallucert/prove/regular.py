"""Claim ``regular``: the perturbation map is a local diffeomorphism at ``x*`` (Theorem 3.1, Lemma B.2).

Gradient system: the perturbation Jacobian ``J(x*)`` is nonsingular, so ``x*`` is isolated if its target is.
Residual system: ``A = Dr(x*+) J(x*)`` has full row rank, so near ``x*`` the solutions of ``r(x+) = 0`` are a
manifold of dimension ``d - m`` (Theorem 3.1 in residual form).
Proved where the smallest singular value is positive; a singular matrix cannot be proved, so it is never refuted.
Number: ``smallest_singular_value`` (of ``J``, or of ``A``).
"""

from __future__ import annotations

from hallucert.balls import matrix
from hallucert.balls.symmetric import extreme_eigenvalues
from hallucert.exact import decimal_below
from hallucert.prove.claims import Enclosure, Status
from hallucert.prove.reasons import Reason
from hallucert.prove.rules import Conclusion, Evidence, Facts, Inputs, Numbers, Rule


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the smallest singular value through the smallest eigenvalue of ``J J^T`` (``A A^T``)."""
    ar, point = evidence.arithmetic, evidence.point
    rows = point.residual_matrix if evidence.residual_form else point.perturbation
    extremes = extreme_eigenvalues(ar, ar.matrix_product(rows, matrix.transpose(rows)))
    if extremes is None or extremes[0][0] <= 0:
        return Reason.RANK_DEFICIENT if evidence.residual_form else Reason.SINGULAR_JACOBIAN
    low, high = (ar.sqrt(ar.constant(end)) for end in extremes[0])
    return {"smallest_singular_value": Enclosure(ar.lower(low), ar.upper(high))}


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """The smallest singular value is positive."""
    lower = numbers["smallest_singular_value"].lower
    if lower <= 0:
        return Reason.STRADDLES
    bound = decimal_below(lower)
    if facts.witness.system == "gradient":
        return (
            Status.PROVED,
            "The perturbation Jacobian J(x*) is nonsingular, so x -> x+ is a local diffeomorphism at x* "
            f"(smallest singular value >= {bound}).",
        )
    dimension = facts.objective.dimension - facts.objective.residual_count
    return (
        Status.PROVED,
        f"A = Dr(x*+) J(x*) has full row rank (smallest singular value >= {bound}), so the solutions of r(x+) = 0 "
        f"near x* form a manifold of dimension {dimension}.",
    )


RULE = Rule("regular", "Is the perturbation map regular at x*?", measure, conclude)
