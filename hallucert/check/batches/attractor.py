"""Claim ``attractor`` of mini-batch SAM: does the manifold through ``x*`` attract in mean square, for small steps?

Batches are drawn independently with probabilities ``p_b``; a step with batch b takes ``y = (r_b(x_b+))_b`` to ``(I -
eta K_b) y`` to first order, ``K_b = A B_b^T E_b/n_b`` (`hallucert.check.batches.steps`). *Stable in mean square* for a
step eta: some norm has ``sum p_b |(I - eta K_b) y|_V^2 < |y|_V^2`` for all ``y != 0``; then the manifold of common
fixed points attracts near ``x*``, as the claim `mean_square` says. Let ``K = sum p_b K_b``, the mean kernel.

Proved: all eigenvalues of K have positive real part. By Lyapunov there is ``P > 0`` with ``P K + K^T P > 0``, and

    sum p_b (I - eta K_b)^T P (I - eta K_b) = P - eta (P K + K^T P) + eta^2 sum p_b K_b^T P K_b < P

for small eta. With the inputs ``step`` (E) and ``basis`` (V by rows) also for how small: if ``sum p_b |T_b y|^2 <=
c^2 |y|^2`` with c < 1 for eta = E, then for ``t E`` by the triangle inequality with the factor ``1 - t (1 - c)``.

Refuted: some eigenvalue of K has negative real part. The mean of the linearised process, ``(I - eta K)^k y_0``, grows
without bound for every eta > 0, from all y_0 outside of a proper subspace; so, as ``|mean|^2 <= mean of squares``,
no step is stable in mean square. This does not say that runs leave: a product of random matrices may go to 0 almost
surely while its mean grows. Nor does it exclude that runs converge for larger steps.

Numbers: ``smallest_real_part`` of the eigenvalues of K; with the inputs ``contraction`` (c, at ``x*``).
"""

from __future__ import annotations

from hallucert.balls import matrix
from hallucert.balls.facade import Matrix
from hallucert.balls.spectrum import spectrum
from hallucert.check.batches.problem import BatchPoint
from hallucert.check.batches.steps import norm_of, probabilities_of
from hallucert.check.claim import Enclosure, Sentence, Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.reason import Reason


def mean_kernel(point: BatchPoint) -> Matrix:
    """``K = sum p_b A B_b^T E_b/n_b``."""
    ar = point.arithmetic
    shares = zip(point.parts, point.batches.probabilities, strict=True)
    factors = [ar.constant(p / part.objective.n) for part, p in shares for _ in range(part.objective.residual_count)]
    product = ar.matrix_product(point.residual_matrix, matrix.transpose(point.residual_jacobian_plus))
    return [[entry * factor for entry, factor in zip(row, factors, strict=True)] for row in product]


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the spectrum of the mean kernel, and the contraction of a step."""
    point = evidence.point
    found = spectrum(evidence.arithmetic, mean_kernel(point)) if isinstance(point, BatchPoint) else None
    if found is None:
        return Reason.PRECISION
    numbers = {"smallest_real_part": Enclosure(found.min_real_lower, found.min_real_upper)}
    if not inputs:
        return numbers
    norm = norm_of(evidence, inputs)
    steps = None if norm is None else norm.at_point
    ends = None if steps is None else steps.mean_square(probabilities_of(evidence))
    return Reason.PRECISION if ends is None else numbers | {"contraction": ends[1]}


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Read the sign of the smallest real part."""
    smallest = numbers["smallest_real_part"]
    if smallest.upper < 0 and not inputs:
        return Status.REFUTED, Sentence("batches.never_stable", (smallest.upper,))
    if smallest.lower <= 0 or ("contraction" in numbers) != bool(inputs):
        return Reason.STRADDLES
    if not inputs:
        return Status.PROVED, Sentence("batches.attracts", (smallest.lower,))
    if numbers["contraction"].upper >= 1:
        return Reason.STRADDLES
    return Status.PROVED, Sentence("batches.attracts", (smallest.lower, inputs["step"]))


RULE = Rule(
    name="attractor",
    question="Do common fixed points near x* attract mini-batch SAM in mean square, for small fixed steps?",
    measure=measure,
    conclude=conclude,
    inputs=({}, {"step": "dyadic", "basis": "dyadics"}),
)
