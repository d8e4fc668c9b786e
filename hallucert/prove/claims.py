"""Which claims are made about a point, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from hallucert.check.claim import Claim, Measured
from hallucert.check.point.rule import BY_NAME, OF_A_POINT, Evidence, Facts, Inputs, Rule, Rules
from hallucert.check.reason import MOST_BITS, Reason
from hallucert.objectives.radius_law import RadiusLaw
from hallucert.prove import choices
from hallucert.prove.choices import Hints

CHOICES: dict[str, Callable[[Evidence, Hints, Mapping[str, Claim]], Inputs | Reason]] = {
    "basin": choices.basin,
    "converges": choices.converges,
    "farthest_point": choices.farthest_point,
    "global_target": choices.global_target,
    "no_minimizer_near": choices.no_minimizer_near,
}
"""What chooses the inputs of the claims that have some."""

NO_HINTS = Hints()


def is_due(rule: Rule, hints: Hints, residual: bool) -> bool:
    """Tell whether a claim is made: by itself, or because somebody asks for it."""
    asked = not rule.needs or getattr(hints, rule.needs) is not None
    return asked and (residual or not rule.residual_only)


def prove(rule: Rule, evidence: Evidence, facts: Facts, hints: Hints = NO_HINTS) -> Claim:
    """Make a claim; an honest failure is an undecided claim, with the numbers that decide nothing."""
    choose = CHOICES.get(rule.name, choices.nothing)
    inputs = evidence.in_time(lambda: choose(evidence, hints, facts.claims))
    if isinstance(inputs, Reason):
        return rule.about(facts.law).open(inputs)
    measured = rule.measured(evidence, inputs)
    precision, sizes = evidence.arithmetic.precision, evidence.point.sizes
    claim = measured.published(facts, precision, sizes)
    if claim.reason is None or isinstance(measured.numbers, Reason):
        return claim
    numbers = {key: enclosure.published(precision, sizes.of(key)) for key, enclosure in measured.numbers.items()}
    return replace(claim, numbers=numbers, reason=_cause(measured, claim.reason, facts, precision))


def _cause(measured: Measured[Facts], reason: Reason, facts: Facts, precision: int) -> Reason:
    """Name the cause where nothing but the absolute margin of publication leaves the numbers undecided."""
    without = replace(measured, publish=lambda enclosure, *_: enclosure.published(None))
    if without.published(facts, precision).reason is not None:
        return reason
    return Reason.SCALE if precision >= MOST_BITS else Reason.STRADDLES


def prove_claims(evidence: Evidence, facts: Facts, hints: Hints) -> dict[str, Claim]:
    """Make every claim that is due or asked for; later claims may use earlier ones."""
    for number, name in enumerate(OF_A_POINT):
        if is_due(BY_NAME[name], hints, evidence.residual_form):
            evidence.clock.tell(f"claim {name}", number, len(OF_A_POINT))
            facts.claims[name] = prove(BY_NAME[name], evidence, facts, hints)
    return facts.claims


def without_existence(first: Claim, hints: Hints, law: RadiusLaw) -> dict[str, Claim]:
    """Return the claims of a point that is not proved to exist: `first`, and the rest undecided."""
    rest = [rule for rule in Rules(OF_A_POINT[1:], law).values() if is_due(rule, hints, residual=False)]
    return {first.name: first, **{rule.name: rule.open(Reason.NEEDS_EXISTENCE) for rule in rest}}
