"""Claim ``hallucinated_minimizer``: for exactly this ``rho``, ``x*`` is a local minimizer of ``f^SAM`` and not
stationary.

The conjunction of existence, ``nonstationary`` and a minimizer as ``target``: ``x -> x+`` is continuous at
``x*``, so ``f^SAM(y) = f(y+) >= f(x*+)`` for ``y`` near ``x*``.
Refuted where the target is proved to be no local minimizer and ``J(x*)`` nonsingular: then ``y -> y+``
takes every value near ``x*+``, some with smaller ``f``, so ``x*`` is no local minimizer of ``f^SAM``. No numbers
of its own. The same for other ascent steps, whose map ``x -> x+`` is continuous at ``x*`` too.
"""

from __future__ import annotations

from hallucert.check.claim import Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.point.target import GLOBAL, MINIMIZER, proved_kind
from hallucert.check.reason import Reason
from hallucert.exact import format_rational


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Nothing to measure: the claim is a conjunction."""
    return {}


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Combine ``existence``, ``nonstationary``, ``target`` and, for a refutation, ``regular``."""
    kind, rho = proved_kind(facts), format_rational(facts.rho)
    if kind is None or not facts.proved("existence") or not facts.proved("nonstationary"):
        return Reason.NEEDS_PREMISES
    if kind in (MINIMIZER, GLOBAL):
        scope = "global" if kind == GLOBAL else "local"
        return (
            Status.PROVED,
            f"x* is a hallucinated minimizer of f for rho = {rho}: a {scope} minimizer of f^{facts.law.name} at which "
            "grad f does not vanish.",
        )
    if not facts.proved("regular"):
        return Reason.NEEDS_PREMISES
    return (
        Status.REFUTED,
        f"x* is not a hallucinated minimizer for rho = {rho}: grad f(x*+) = 0, but x*+ is a {kind} of f and "
        f"x -> x+ is a local diffeomorphism at x*, so f^{facts.law.name} takes smaller values near x*. "
        "It is a hallucinated stationary point.",
    )


RULE = Rule(
    name="hallucinated_minimizer",
    question="Is x* a local minimizer of f^SAM with grad f(x*) != 0?",
    measure=measure,
    conclude=conclude,
)
