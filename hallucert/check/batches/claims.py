"""Claims ``existence`` to ``hallucinated_minimizer`` of mini-batch SAM: what ``x*`` is for the batches and for f.

*Existence*: Krawczyk's test for ``G(z) = y(x0 + S z)``, ``y = (r_b(x_b+))_b``, whose Jacobian is ``A S`` with
``A = Dy`` (`hallucert.check.point.existence`): exactly one ``x*`` in the slice with ``r_b(x_b*+) = 0`` for all b. ``y``
is smooth on the box because no ``g_b`` has a zero there. A step with batch b is ``x - eta Dr_b(x_b+)^T r_b(x_b+)/n_b``,
so ``x*`` is a fixed point of the steps with every batch and every ``eta``, in any order.

*Nonstationary*: ``g_b(x*) != 0`` for every batch, and ``g(x*) != 0``, so that ``x*`` is no critical point of ``f``. The
latter does not follow: gradients of batches may cancel. Proved where the enclosures of these norms exclude 0; never
refuted. Numbers: ``gradient_norm`` (``|g(x*)|``), ``batch_gradient_norm`` (the smallest ``|g_b(x*)|``), ``value``
(``f(x*)``).

*Target*: each ``x_b*+`` is a global minimizer of its ``f_b``, since ``r_b(x_b*+) = 0`` and ``f_b >= 0``. No numbers.

*Regular*: ``A`` has full row rank at ``x*``. Then near ``x*`` the common fixed points with ``y = 0`` are a manifold of
dimension ``d - m``, by the implicit function theorem. Number: ``smallest_singular_value``, of ``A``.

*Hallucinated minimizer*: ``x*`` is a global minimizer, with the value 0, of ``sum_b p_b f_b(x_b+)``, the mean loss that
steps of mini-batch SAM see, for all probabilities, while ``f(x*) > 0`` and ``grad f(x*) != 0``. The conjunction of
existence, nonstationary and target, and of ``value > 0``. No numbers of its own.
"""

from __future__ import annotations

from typing import cast

from hallucert.balls import matrix
from hallucert.check.batches.problem import BatchPoint
from hallucert.check.claim import Sentence, Status
from hallucert.check.point import existence
from hallucert.check.point.perturbation import measure_regular
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.reason import Reason

EXISTENCE = Rule(
    name="existence",
    question="Is there a point x* near the given one with r_b(x* + rho u_b(x*)) = 0 for every batch b?",
    measure=existence.measure,
    conclude=existence.conclude,
)


def nothing(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Nothing to measure."""
    return {}


def measure_norms(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose ``|g(x*)|``, the smallest ``|g_b(x*)|`` and ``f(x*)``."""
    ar, point = evidence.arithmetic, cast(BatchPoint, evidence.point)
    norm = point.enclosure(ar.sqrt(matrix.sum_of_squares(ar, point.gradient)))
    smallest, value = point.enclosure(point.q), point.enclosure(point.value)
    if norm is None or smallest is None:
        return Reason.ZERO_GRADIENT
    return Reason.DOMAIN if value is None else {"gradient_norm": norm, "batch_gradient_norm": smallest, "value": value}


def conclude_nonstationary(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Neither a gradient of a batch nor that of f vanishes."""
    norm, smallest = numbers["gradient_norm"].lower, numbers["batch_gradient_norm"].lower
    if norm <= 0 or smallest <= 0:
        return Reason.ZERO_GRADIENT
    return Status.PROVED, Sentence("batches.gradients_above", (smallest, norm))


NONSTATIONARY = Rule(
    name="nonstationary",
    question="Is x* a point where no gradient, of f or of the loss of a batch, vanishes?",
    measure=measure_norms,
    conclude=conclude_nonstationary,
)


def conclude_target(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Zeros of residuals are global minimizers."""
    return Status.PROVED, Sentence("batches.target")


TARGET = Rule(
    name="target",
    question="What are the perturbed points x_b*+ for the losses of their batches?",
    measure=nothing,
    conclude=conclude_target,
)


def conclude_regular(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """The smallest singular value is positive."""
    lower = numbers["smallest_singular_value"].lower
    if lower <= 0:
        return Reason.STRADDLES
    manifold = facts.objective.dimension - facts.objective.residual_count
    return Status.PROVED, Sentence("batches.regular", (lower, manifold))


REGULAR = Rule(
    name="regular",
    question="Is the map to the residuals of all batches at their perturbed points regular at x*?",
    measure=measure_regular,
    conclude=conclude_regular,
)


def conclude_minimizer(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Combine existence, nonstationary and target."""
    if not all(map(facts.proved, ("existence", "nonstationary", "target"))):
        return Reason.NEEDS_PREMISES
    value = facts.claims["nonstationary"].numbers["value"]
    if value.lower <= 0:
        return Reason.STRADDLES
    return Status.PROVED, Sentence("batches.hallucinated", (facts.rho, value))


HALLUCINATED_MINIMIZER = Rule(
    name="hallucinated_minimizer",
    question="Is x* a minimizer of the mean of f_b(x_b+) with f(x*) > 0 and grad f(x*) != 0?",
    measure=nothing,
    conclude=conclude_minimizer,
)
