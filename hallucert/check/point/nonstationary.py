"""Claim ``nonstationary``: ``x*`` is not a critical point of ``f``.

Proved where the enclosure of ``|g(x*)|`` excludes 0. It is never refuted: existence already needs ``g != 0``. That of
USAM does not; at an ordinary critical point, which an enclosure cannot tell from one nearby, the claim is undecided.
Numbers: ``gradient_norm``, ``multiplier`` (``lambda = |g|/rho``; USAM: ``1/rho``; ASAM: ``|D g|/rho``), ``value``
(``f(x*)``).
"""

from __future__ import annotations

from hallucert.check.claim import Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.reason import Reason
from hallucert.exact import decimal_below


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose ``|g(x*)|``, ``lambda`` and ``f(x*)``."""
    point = evidence.point
    norm, multiplier = point.enclosure(point.q), point.enclosure(point.multiplier)
    value = point.enclosure(point.objective.enclose_value(evidence.arithmetic, point.x))
    if norm is None or multiplier is None:
        return Reason.ZERO_GRADIENT
    if value is None:
        return Reason.DOMAIN
    return {"gradient_norm": norm, "multiplier": multiplier, "value": value}


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """``|g(x*)| > 0``."""
    lower = numbers["gradient_norm"].lower
    if lower <= 0:
        return Reason.STRADDLES
    return Status.PROVED, f"The gradient does not vanish at x*: |grad f(x*)| >= {decimal_below(lower)}."


RULE = Rule(
    name="nonstationary",
    question="Is grad f(x*) different from 0?",
    measure=measure,
    conclude=conclude,
)
