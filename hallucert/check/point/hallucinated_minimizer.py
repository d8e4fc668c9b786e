"""Claims ``nonstationary``, ``target`` and ``hallucinated_minimizer``: what ``x*`` and ``x*+`` are for ``f``.

*Nonstationary*: ``x*`` is not a critical point of ``f``. Proved where the enclosure of ``|g(x*)|`` excludes 0. It is
never refuted: existence already needs ``g != 0``. That of USAM does not; at an ordinary critical point, which an
enclosure cannot tell from one nearby, the claim is undecided. Numbers: ``gradient_norm``, ``multiplier``
(``lambda = |g|/rho``; USAM: ``1/rho``; ASAM: ``|D g|/rho``), ``value`` (``f(x*)``).

*Target*: what the critical point ``x*+`` is that ``x*`` maps to.
Gradient system: ``g(x*+) = 0``, and the eigenvalues of ``H(x*+)`` decide between strict local minimizer (all
positive), strict local maximizer (all negative) and saddle (both signs). An eigenvalue that cannot be told from 0
leaves open what a critical point is, but one that is certainly negative is enough to show that it is *not a local
minimizer*: along its eigenvector ``v``, ``f(x*+ + t v) = f(x*+) + t^2 (v^T H v)/2 + O(t^3)`` is smaller. Undecided
where no sign of the smallest eigenvalue is certain.
Residual system: ``r(x*+) = 0`` and ``f = |r|^2 / 2n >= 0``, so ``x*+`` is a global minimizer.
Numbers: ``smallest_hessian_eigenvalue``, ``largest_hessian_eigenvalue``, ``negative_eigenvalues`` (an interval where
not every sign is certain), ``target_value``.

*Hallucinated minimizer*: for exactly this ``rho``, ``x*`` is a local minimizer of ``f^SAM`` and not stationary. The
conjunction of existence, nonstationary and a minimizer as target: ``x -> x+`` is continuous at ``x*``, so
``f^SAM(y) = f(y+) >= f(x*+)`` for ``y`` near ``x*``.
Refuted where the target is proved to be no local minimizer and ``J(x*)`` nonsingular: then ``y -> y+``
takes every value near ``x*+``, some with smaller ``f``, so ``x*`` is no local minimizer of ``f^SAM``. No numbers
of its own. The same for other ascent steps, whose map ``x -> x+`` is continuous at ``x*`` too.
"""

from __future__ import annotations

from fractions import Fraction

from hallucert.balls.symmetric import extreme_eigenvalues
from hallucert.check.claim import Enclosure, Sentence, Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.problem import Point
from hallucert.check.reason import Reason

MINIMIZER, MAXIMIZER, SADDLE, NO_MINIMIZER, GLOBAL = (
    "strict local minimizer",
    "strict local maximizer",
    "saddle",
    "critical point that is no local minimizer",
    "global minimizer",
)
"""Kinds of critical points. A saddle has values above and below its own nearby; it may be degenerate."""


# ---------------------------------------------------------------------- nonstationary


def measure_norm(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose ``|g(x*)|``, ``lambda`` and ``f(x*)``."""
    point = evidence.point
    norm, multiplier = point.enclosure(point.q), point.enclosure(point.multiplier)
    value = point.enclosure(point.value)
    if norm is None or multiplier is None:
        return Reason.ZERO_GRADIENT
    if value is None:
        return Reason.DOMAIN
    return {"gradient_norm": norm, "multiplier": multiplier, "value": value}


def conclude_nonstationary(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """``|g(x*)| > 0``."""
    lower = numbers["gradient_norm"].lower
    if lower <= 0:
        return Reason.STRADDLES
    return Status.PROVED, Sentence("point.gradient_above", (lower,))


NONSTATIONARY = Rule(
    name="nonstationary",
    question="Is grad f(x*) different from 0?",
    measure=measure_norm,
    conclude=conclude_nonstationary,
)


# ---------------------------------------------------------------------- target


def measure_target(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the extreme eigenvalues of ``H(x*+)``, the number of negative ones, and the value there."""
    if evidence.residual_form:
        return {}
    point = evidence.point
    value = point.enclosure(point.value_plus)
    if value is None:
        return Reason.DOMAIN
    extremes = extreme_eigenvalues(evidence.arithmetic, point.hessian_plus)
    if extremes is None:
        return Reason.PRECISION
    smallest, largest = Enclosure(*extremes[0]), Enclosure(*extremes[1])
    return {
        "smallest_hessian_eigenvalue": smallest,
        "largest_hessian_eigenvalue": largest,
        "negative_eigenvalues": _negative_count(point, smallest, largest),
        "target_value": value,
    }


def _negative_count(point: Point, smallest: Enclosure, largest: Enclosure) -> Enclosure:
    """Enclose how many eigenvalues of ``H(x*+)`` are negative: often the extreme ones tell."""
    d, negative, undecided = len(point.x), 0, 0
    if largest.upper < 0:
        negative = d
    elif d == 2 and smallest.upper < 0 < largest.lower:
        negative = 1
    elif smallest.lower <= 0:
        from hallucert.balls.inertia import inertia

        signs = inertia(point.arithmetic, point.hessian_plus)
        negative, undecided = signs.negative, signs.undecided
    return Enclosure(Fraction(negative), Fraction(negative + undecided))


def target_kind(facts: Facts, numbers: Numbers) -> str | None:
    """Return what the target is shown to be, or None."""
    if facts.problem.residual:
        return GLOBAL
    smallest, largest = numbers["smallest_hessian_eigenvalue"], numbers["largest_hessian_eigenvalue"]
    if smallest.lower > 0:
        return MINIMIZER
    if largest.upper < 0:
        return MAXIMIZER
    if smallest.upper < 0:
        return SADDLE if largest.lower > 0 else NO_MINIMIZER
    return None


def proved_kind(facts: Facts) -> str | None:
    """Return the kind that the claim ``target`` proved, or None."""
    return target_kind(facts, facts.claims["target"].numbers) if facts.proved("target") else None


def conclude_target(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Name the kind of critical point."""
    kind = target_kind(facts, numbers)
    return Reason.DEGENERATE_TARGET if kind is None else (Status.PROVED, Sentence("point.target", (kind, numbers)))


TARGET = Rule(
    name="target",
    question="What kind of critical point of f is x*+?",
    measure=measure_target,
    conclude=conclude_target,
)


# ---------------------------------------------------------------------- hallucinated minimizer


def nothing(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Nothing to measure: the claim is a conjunction."""
    return {}


def conclude_minimizer(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Combine ``existence``, ``nonstationary``, ``target`` and, for a refutation, ``regular``."""
    kind = proved_kind(facts)
    if kind is None or not facts.proved("existence") or not facts.proved("nonstationary"):
        return Reason.NEEDS_PREMISES
    about = (facts.rho, facts.law, kind)
    if kind in (MINIMIZER, GLOBAL):
        return Status.PROVED, Sentence("point.hallucinated", about)
    if not facts.proved("regular"):
        return Reason.NEEDS_PREMISES
    return Status.REFUTED, Sentence("point.not_hallucinated", about)


HALLUCINATED_MINIMIZER = Rule(
    name="hallucinated_minimizer",
    question="Is x* a local minimizer of f^SAM with grad f(x*) != 0?",
    measure=nothing,
    conclude=conclude_minimizer,
)
