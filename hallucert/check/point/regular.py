"""Claim ``regular``: the perturbation map is a local diffeomorphism at ``x*`` (Theorem 3.1, Lemma B.2).

Gradient system: the perturbation Jacobian ``J(x*)`` is nonsingular, so ``x*`` is isolated if its target is.
Residual system: ``A = Dr(x*+) J(x*)`` has full row rank, so near ``x*`` the solutions of ``r(x+) = 0`` are a
manifold of dimension ``d - m`` (Theorem 3.1 in residual form).
Proved where the smallest singular value is positive; a singular matrix cannot be proved, so it is never refuted.
Number: ``smallest_singular_value`` (of ``J``, or of ``A``).
"""

from __future__ import annotations

from fractions import Fraction

from hallucert.balls import matrix
from hallucert.balls.matrix import inverse
from hallucert.balls.symmetric import extreme_eigenvalues
from hallucert.check.claim import Enclosure, Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.reason import Reason
from hallucert.exact import decimal_below


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the smallest singular value of ``A`` or of ``J``."""
    found = _of_rows(evidence) if evidence.residual_form else _of_square(evidence)
    if found is None:
        return Reason.RANK_DEFICIENT if evidence.residual_form else Reason.SINGULAR_JACOBIAN
    return {"smallest_singular_value": found}


def _of_rows(evidence: Evidence) -> Enclosure | None:
    """The root of the smallest eigenvalue of ``M M^T``, M in the middle of A, which moves by at most ``|A - M|``.

    (Weyl's inequality for singular values; the norm is at most the root of the sum of squares.)
    """
    ar, rows = evidence.arithmetic, evidence.point.residual_matrix
    if not ar.all_finite(rows):
        return None
    middle = [[ar.centre(v) for v in row] for row in rows]
    spread = matrix.frobenius_norm(ar, matrix.subtract(rows, middle))
    extremes = extreme_eigenvalues(ar, ar.matrix_product(middle, matrix.transpose(middle)))
    if spread is None or extremes is None or extremes[0][0] <= 0:
        return None
    low, high = (ar.sqrt(ar.constant(end)) for end in extremes[0])
    low, high = ar.lower(low) - spread, ar.upper(high) + spread
    return Enclosure(low, high) if low > 0 else None


def _of_square(evidence: Evidence) -> Enclosure | None:
    """One over the root of the largest eigenvalue of ``X X^T``, ``X = J^-1``.

    Near a critical point of ``f`` the norm of ``J`` is about ``rho |H|/q``, and the rounding of ``J J^T``, about its
    square, would hide the smallest singular value, which is moderate there.
    """
    ar = evidence.arithmetic
    x = inverse(ar, evidence.point.perturbation)
    extremes = None if x is None else extreme_eigenvalues(ar, ar.matrix_product(x, matrix.transpose(x)))
    if extremes is None or extremes[1][0] <= 0:
        return None
    one = ar.constant(Fraction(1))
    high, low = (one / ar.sqrt(ar.constant(end)) for end in extremes[1])
    return Enclosure(ar.lower(low), ar.upper(high))


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """The smallest singular value is positive."""
    lower = numbers["smallest_singular_value"].lower
    if lower <= 0:
        return Reason.STRADDLES
    bound = decimal_below(lower)
    if not facts.problem.residual:
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


RULE = Rule(
    name="regular",
    question="Is the perturbation map regular at x*?",
    measure=measure,
    conclude=conclude,
)
