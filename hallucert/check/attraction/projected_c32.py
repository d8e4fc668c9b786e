"""Claim ``projected_c32``: condition (C32) where the proof of Theorem 3.2 needs it (residual form).

SAM moves along ``F = B^T y / n`` with ``y = r(x+)``, ``B = Dr(x+)``, so only the row space of ``B`` matters: with ``N``
an orthonormal basis of it, the condition is that ``N^T (J + J^T) N`` is positive definite, that is, that

    smallest eigenvalue of N^T (J + J^T)/2 N  >  0                                                  (projected C32)

No orthonormal basis can be computed, and none is needed: the row space of ``B`` is ``{B^T y}``, so that number is the
least quotient ``y^T B J B^T y / |B^T y|^2``, which does not change if ``B`` is replaced by ``Y = C B`` with ``C``
nonsingular. ``C`` is chosen in floats so that ``G = Y Y^T`` is nearly the identity. If ``|G - I|_inf <= e < 1`` for the
enclosure of ``G``, then ``G`` is positive definite, so ``C`` is nonsingular and ``B`` has full rank, and
``(1 - e)|y|^2 <= y^T G y <= (1 + e)|y|^2``: the quotient's least value lies between the least eigenvalue ``s`` of the
symmetric part of ``Y J Y^T`` divided by ``1 + e`` and by ``1 - e``.

Proved: the condition holds at ``x*``. Then ``K + K^T > 0`` for the tangent kernel ``K = (1/n) B J B^T``, so all its
eigenvalues have positive real part: the claim ``attractor`` follows, with a step bound of its own.
Refuted: the smallest eigenvalue is negative, which proves nothing about repulsion.
Number: ``smallest_projected_eigenvalue``.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.facade import BallArithmetic
from hallucert.balls.symmetric import extreme_eigenvalues
from hallucert.check.claim import Enclosure, Sentence, Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.reason import Reason


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the smallest eigenvalue of the symmetric part of ``J`` on the row space of ``B``."""
    ar, point = evidence.arithmetic, evidence.point
    if not evidence.residual_form:
        return Reason.NEEDS_PREMISES
    b = point.residual_jacobian_plus
    scaling = orthonormalizer(ar.approximations(b))
    if scaling is None:
        return Reason.RANK_DEFICIENT
    c = matrix.from_floats(ar, scaling)
    y = ar.matrix_product(c, b)
    yt = matrix.transpose(y)
    gram_error = matrix.subtract(ar.matrix_product(y, yt), matrix.identity(ar, len(y)))
    form = ar.matrix_product(ar.matrix_product(c, point.residual_matrix), yt)
    if not (ar.all_finite(gram_error) and ar.all_finite(form)):
        return Reason.PRECISION
    e = ar.largest_absolute_sum(gram_error)
    extremes = extreme_eigenvalues(ar, matrix.symmetric_part(ar, form))
    if e >= 1 or extremes is None:
        return Reason.PRECISION
    return {"smallest_projected_eigenvalue": _divided(ar, extremes[0], e)}


def orthonormalizer(b: np.ndarray) -> np.ndarray | None:
    """Return ``C`` in doubles with ``C B`` nearly orthonormal, or None if `b` looks rank deficient."""
    try:
        with np.errstate(all="ignore"):
            u, singular, _ = np.linalg.svd(b, full_matrices=False)
            c = (u / singular).T
    except np.linalg.LinAlgError:
        return None
    return c if np.isfinite(c).all() else None


def _divided(ar: BallArithmetic, ends: tuple[Fraction, Fraction], e: Fraction) -> Enclosure:
    """Enclose ``s / g`` for ``s`` between the ends and ``1 - e <= g <= 1 + e``."""
    quotient = ar.interval(*ends) / ar.interval(1 - e, 1 + e)
    return Enclosure(ar.lower(quotient), ar.upper(quotient))


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Read the sign."""
    smallest = numbers["smallest_projected_eigenvalue"]
    if smallest.upper < 0:
        return Status.REFUTED, Sentence("attraction.projected_fails", (smallest,))
    if smallest.lower <= 0:
        return Reason.STRADDLES
    return Status.PROVED, Sentence("attraction.projected_holds", (smallest, facts.law))


RULE = Rule(
    name="projected_c32",
    residual_only=True,
    question="Does condition (C32) hold at x* on the row space of Dr(x*+), where SAM moves?",
    measure=measure,
    conclude=conclude,
)
