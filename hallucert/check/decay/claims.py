"""Claims ``existence`` to ``attractor`` of SAM with weight decay: what a fixed point ``x*`` is, and what it is not.

*Existence*: Krawczyk's test for ``G(x) = g(x+) + w x``, whose Jacobian is ``M_w = H(x+) J + w I``: exactly one ``x*``
in the box with ``G(x*) = 0``. It is a fixed point of the steps ``x - eta G(x)`` for every ``eta``, and with momentum.

*Nonstationary*: ``x*`` is a critical point neither of f nor of ``f + (w/2) |x|^2``, whose gradient is ``g + w x``.
Numbers: ``gradient_norm`` (``|g(x*)|``), ``decayed_gradient_norm`` (``|g(x*) + w x*|``), ``value`` (``f(x*)``).

*Target*: ``x*+`` is no critical point of f either, unless ``x* = 0``: ``g(x*+) = -w x*``. Numbers:
``shifted_gradient_norm`` (``w |x*|``), ``target_value`` (``f(x*+)``).

*Hallucinated minimizer*: is ``x*`` a local minimizer of ``phi(x) = f(x+) + (w/2) |x|^2``, which SAM with decay is meant
to minimize? ``grad phi = J^T g(x+) + w x``, at ``x*`` that is ``w (I - J^T) x*``. Refuted where it is not 0: steps stop
where ``phi`` still falls. On the line ``J = 1``, so ``phi' = G`` and ``phi'' = M_w``: proved where that is positive
and ``x*`` is not stationary. Numbers: ``sam_gradient_norm``; on the line ``second_derivative``.

*Attractor*: as in `hallucert.check.attraction.attractor`, with ``M_w`` in place of M.
"""

from __future__ import annotations

from hallucert.balls import matrix
from hallucert.balls.facade import Ball
from hallucert.check.attraction import attractor
from hallucert.check.claim import Enclosure, Sentence, Status
from hallucert.check.point import existence
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.problem import Point
from hallucert.check.reason import Reason

EXISTENCE = Rule(
    name="existence",
    question="Is there a point x* near the given one with grad f(x* + rho u(x*)) + w x* = 0?",
    measure=existence.measure,
    conclude=existence.conclude,
)


def _decay(point: Point) -> list[Ball]:
    """``w x*``."""
    w = point.arithmetic.constant(point.problem.decay)
    return [w * x for x in point.x]


def _norm(point: Point, v: list[Ball]) -> Enclosure | None:
    """Enclose the length of a vector."""
    return point.enclosure(point.arithmetic.sqrt(matrix.sum_of_squares(point.arithmetic, v)))


def measure_norms(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose ``|g(x*)|``, ``|g(x*) + w x*|`` and ``f(x*)``."""
    point = evidence.point
    norm, value = point.enclosure(point.q), point.enclosure(point.value)
    decayed = _norm(point, [g + v for g, v in zip(point.gradient, _decay(point), strict=True)])
    if norm is None or decayed is None:
        return Reason.ZERO_GRADIENT
    return Reason.DOMAIN if value is None else {"gradient_norm": norm, "decayed_gradient_norm": decayed, "value": value}


def conclude_nonstationary(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Neither gradient vanishes."""
    norm, decayed = numbers["gradient_norm"].lower, numbers["decayed_gradient_norm"].lower
    if norm <= 0 or decayed <= 0:
        return Reason.STRADDLES
    return Status.PROVED, Sentence("decay.gradients_above", (norm, decayed))


NONSTATIONARY = Rule(
    name="nonstationary",
    question="Is x* a critical point neither of f nor of f(x) + (w/2) |x|^2?",
    measure=measure_norms,
    conclude=conclude_nonstationary,
)


def measure_target(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose ``|g(x*+)| = w |x*|`` and ``f(x*+)``."""
    point = evidence.point
    norm, value = _norm(point, _decay(point)), point.enclosure(point.value_plus)
    if norm is None or value is None:
        return Reason.STRADDLES if norm is None else Reason.DOMAIN
    return {"shifted_gradient_norm": norm, "target_value": value}


def conclude_target(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """The perturbed point is critical only if ``x* = 0``."""
    norm = numbers["shifted_gradient_norm"]
    return Reason.STRADDLES if norm.lower <= 0 else (Status.PROVED, Sentence("decay.target", (norm,)))


TARGET = Rule(
    name="target",
    question="What is the perturbed point x*+ for f?",
    measure=measure_target,
    conclude=conclude_target,
)


def measure_minimizer(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose ``|grad phi(x*)|``, or on the line ``phi''(x*)``."""
    point, ar = evidence.point, evidence.arithmetic
    if len(point.x) == 1:
        second = point.enclosure(point.sam_matrix[0][0])
        return Reason.PRECISION if second is None else {"second_derivative": second}
    decay = _decay(point)
    turned = matrix.apply(ar, matrix.transpose(point.perturbation), decay)
    norm = _norm(point, [a - b for a, b in zip(decay, turned, strict=True)])
    return Reason.STRADDLES if norm is None else {"sam_gradient_norm": norm}


def conclude_minimizer(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Where the gradient is not 0 there is no minimizer; on the line the second derivative tells."""
    if not facts.proved("existence"):
        return Reason.NEEDS_PREMISES
    if facts.objective.dimension == 1:
        second = numbers["second_derivative"]
        if second.upper < 0:
            return Status.REFUTED, Sentence("decay.maximizer", (second.upper,))
        if second.lower <= 0:
            return Reason.STRADDLES
        if not facts.proved("nonstationary"):
            return Reason.NEEDS_PREMISES
        return Status.PROVED, Sentence("decay.minimizer", (second.lower,))
    norm = numbers["sam_gradient_norm"].lower
    return Reason.STRADDLES if norm <= 0 else (Status.REFUTED, Sentence("decay.no_minimizer", (norm,)))


HALLUCINATED_MINIMIZER = Rule(
    name="hallucinated_minimizer",
    question="Is x* a local minimizer of f(x+) + (w/2) |x|^2, and not stationary?",
    measure=measure_minimizer,
    conclude=conclude_minimizer,
)


def conclude_attractor(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Read the sign of the smallest real part."""
    smallest = numbers["smallest_real_part"]
    if smallest.upper < 0:
        return Status.REFUTED, Sentence("decay.repels", (smallest.upper,))
    if smallest.lower <= 0 or "step_bound" not in numbers or numbers["step_bound"].lower <= 0:
        return Reason.STRADDLES
    return Status.PROVED, Sentence("decay.attracts", (smallest.lower, numbers["step_bound"].lower))


ATTRACTOR = Rule(
    name="attractor",
    question="Does SAM with weight decay and a small enough fixed step converge to x*?",
    measure=attractor.measure,
    conclude=conclude_attractor,
)
