"""Which claims are made about a point, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from hallucert.check.claim import Claim
from hallucert.check.point.claims import BY_NAME, OF_A_POINT, Rules
from hallucert.check.point.rule import Evidence, Facts, Inputs, Numbers, Rule, in_time
from hallucert.check.reason import MOST_BITS, Reason
from hallucert.objectives.radius_law import RadiusLaw
from hallucert.prove import choices
from hallucert.prove.choices import Hints

ASKED = {"basin": "step", "converges": "start", "farthest_point": "construction", "global_target": "global_box"}
"""Claims that are made only if the hints have this."""

RESIDUAL_ONLY = frozenset({"projected_c32"})
"""Claims that only a point proved to exist in residual form has."""

CHOICES: dict[str, Callable[[Evidence, Hints, Mapping[str, Claim]], Inputs | Reason]] = {
    "basin": choices.basin,
    "converges": choices.converges,
    "farthest_point": choices.farthest_point,
    "global_target": choices.global_target,
    "no_minimizer_near": choices.no_minimizer_near,
}
"""What chooses the inputs of the claims that have some."""

NO_HINTS = Hints()


def is_asked(name: str, hints: Hints) -> bool:
    """Tell whether somebody asks for a claim that is not made by itself."""
    return name in ASKED and getattr(hints, ASKED[name]) is not None


def prove(rule: Rule, evidence: Evidence, facts: Facts, hints: Hints = NO_HINTS) -> Claim:
    """Make a claim; an honest failure is an undecided claim, with the numbers that decide nothing."""
    choose, about = CHOICES.get(rule.name, choices.nothing), rule.about(facts.law)
    inputs = in_time(evidence, lambda: choose(evidence, hints, facts.claims))
    if isinstance(inputs, Reason):
        return about.open(inputs)
    measured = in_time(evidence, lambda: rule.measure(evidence, inputs))
    if isinstance(measured, Reason):
        return about.open(measured)
    precision, sizes = evidence.arithmetic.precision, evidence.sizes
    numbers = {key: enclosure.published(precision, sizes.of(key)) for key, enclosure in measured.items()}
    stated = rule.state(facts, numbers, inputs)
    if isinstance(stated, Reason):
        return replace(about.open(_cause(rule, stated, evidence, facts, measured, inputs)), numbers=numbers)
    return stated


def _cause(rule: Rule, reason: Reason, evidence: Evidence, facts: Facts, measured: Numbers, inputs: Inputs) -> Reason:
    """Name the cause where nothing but the absolute margin of publication leaves the numbers undecided."""
    numbers = {key: enclosure.published(None) for key, enclosure in measured.items()}
    if isinstance(rule.conclude(facts, numbers, inputs), Reason):
        return reason
    return Reason.SCALE if evidence.arithmetic.precision >= MOST_BITS else Reason.STRADDLES


def prove_claims(evidence: Evidence, facts: Facts, hints: Hints) -> dict[str, Claim]:
    """Make every claim that is due or asked for; later claims may use earlier ones."""
    for number, name in enumerate(OF_A_POINT):
        if evidence.residual_form if name in RESIDUAL_ONLY else name not in ASKED or is_asked(name, hints):
            evidence.clock.tell(f"claim {name}", number, len(OF_A_POINT))
            facts.claims[name] = prove(BY_NAME[name], evidence, facts, hints)
    return facts.claims


def without_existence(first: Claim, hints: Hints, law: RadiusLaw) -> dict[str, Claim]:
    """Return the claims of a point that is not proved to exist: `first`, and the rest undecided."""
    rules, claims = Rules(OF_A_POINT, law), {first.name: first}
    for name in OF_A_POINT[1:]:
        if is_asked(name, hints) or name not in ASKED.keys() | RESIDUAL_ONLY:
            claims[name] = rules[name].open(Reason.NEEDS_EXISTENCE)
    return claims
