"""Claim ``target``: what the critical point ``x*+`` is that ``x*`` maps to.

Gradient system: ``g(x*+) = 0``, and the extreme eigenvalues of ``H(x*+)`` decide between strict local minimizer
(all positive), strict local maximizer (all negative) and saddle (both signs). Undecided where the smallest or
the largest cannot be told from 0: a degenerate critical point may be anything.
Residual system: ``r(x*+) = 0`` and ``f = |r|^2 / 2n >= 0``, so ``x*+`` is a global minimizer.
Numbers: ``smallest_hessian_eigenvalue``, ``largest_hessian_eigenvalue``, ``negative_eigenvalues``,
``target_value``.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from hallucert.balls.symmetric import extreme_eigenvalues, inertia
from hallucert.exact import decimal_above, decimal_below
from hallucert.prove.claims import Enclosure, Status
from hallucert.prove.reasons import Reason
from hallucert.prove.rules import Conclusion, Evidence, Facts, Inputs, Numbers, Rule

MINIMIZER, MAXIMIZER, SADDLE, GLOBAL = (
    "strict local minimizer",
    "strict local maximizer",
    "saddle",
    "global minimizer",
)


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the extreme eigenvalues of ``H(x*+)`` and the value there."""
    if evidence.residual_form:
        return {}
    point = evidence.point
    value = point.enclosure(point.objective.enclose_value(evidence.arithmetic, point.plus))
    if value is None:
        return Reason.DOMAIN
    extremes = extreme_eigenvalues(evidence.arithmetic, point.hessian_plus)
    if extremes is None:
        return Reason.PRECISION
    signs = inertia(evidence.arithmetic, point.hessian_plus)
    if signs.undecided:
        return Reason.DEGENERATE_TARGET
    count = Fraction(signs.negative)
    return {
        "smallest_hessian_eigenvalue": Enclosure(*extremes[0]),
        "largest_hessian_eigenvalue": Enclosure(*extremes[1]),
        "negative_eigenvalues": Enclosure(count, count),
        "target_value": value,
    }


def target_kind(facts: Facts, numbers: Numbers) -> str | None:
    """Return what the target is shown to be, or None."""
    if facts.witness.system == "residual":
        return GLOBAL
    smallest, largest = numbers["smallest_hessian_eigenvalue"], numbers["largest_hessian_eigenvalue"]
    if smallest.lower > 0:
        return MINIMIZER
    if largest.upper < 0:
        return MAXIMIZER
    return SADDLE if smallest.upper < 0 < largest.lower else None


def proved_kind(facts: Facts) -> str | None:
    """Return the kind that the claim ``target`` proved, or None."""
    return target_kind(facts, facts.claims["target"].numbers) if facts.proved("target") else None


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """Name the kind of critical point."""
    kind = target_kind(facts, numbers)
    if kind is None:
        return Reason.DEGENERATE_TARGET
    if kind == GLOBAL:
        return Status.PROVED, "The perturbed point x*+ is a global minimizer of f: r(x*+) = 0, and f = |r|^2/2n >= 0."
    low = decimal_below(numbers["smallest_hessian_eigenvalue"].lower)
    high = decimal_above(numbers["largest_hessian_eigenvalue"].upper)
    count = ceil(numbers["negative_eigenvalues"].lower)
    if floor(numbers["negative_eigenvalues"].upper) != count:
        return Reason.DEGENERATE_TARGET
    index = f" of index {count}" if kind == SADDLE else ""
    return (
        Status.PROVED,
        f"The perturbed point x*+ is a nondegenerate {kind}{index} of f: grad f(x*+) = 0 and the eigenvalues of the "
        f"Hessian there lie in [{low}, {high}].",
    )


RULE = Rule("target", "What kind of critical point of f is x*+?", measure, conclude)
