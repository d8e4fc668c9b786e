"""All claims about one point, in the order in which they build on each other."""

from __future__ import annotations

from collections.abc import Iterable

from hallucert.check.attraction import attractor, basin, converges, projected_c32, theorem_3_2
from hallucert.check.claim import Claim
from hallucert.check.point import (
    existence,
    hallucinated_minimizer,
    no_minimizer_near,
    nonstationary,
    regular,
    sphere_type,
    target,
)
from hallucert.check.point.rule import Evidence, Facts, Rule
from hallucert.check.reason import Reason
from hallucert.check.region import farthest_point, global_target
from hallucert.objectives.radius_law import RadiusLaw

RULES: tuple[Rule, ...] = (
    existence.RULE,
    nonstationary.RULE,
    target.RULE,
    regular.RULE,
    hallucinated_minimizer.RULE,
    sphere_type.RULE,
    theorem_3_2.RULE,
    projected_c32.RULE,
    attractor.RULE,
    basin.RULE,
    converges.RULE,
    farthest_point.RULE,
    global_target.RULE,
)
BOX_RULES: tuple[Rule, ...] = (no_minimizer_near.RULE,)
"""Claims about every point of a box, where nothing is solved."""

BY_NAME = {rule.name: rule for rule in (*RULES, *BOX_RULES)}
OPTIONAL = frozenset({basin.RULE.name, converges.RULE.name, farthest_point.RULE.name, global_target.RULE.name})
RESIDUAL_ONLY = frozenset({projected_c32.RULE.name})
"""Claims that only a point proved to exist in residual form has."""


def prove_claims(evidence: Evidence, facts: Facts) -> dict[str, Claim]:
    """Make every claim that is asked; later claims may use earlier ones."""
    for number, rule in enumerate(RULES):
        if rule.asked(evidence):
            evidence.clock.tell(f"claim {rule.name}", number, len(RULES))
            facts.claims[rule.name] = rule.prove(evidence, facts)
    return facts.claims


def without_existence(first: Claim, asked: Iterable[str], law: RadiusLaw) -> dict[str, Claim]:
    """Return the claims of a point that is not proved to exist: `first`, and the rest undecided."""
    claims = {first.name: first}
    for rule in RULES[1:]:
        if rule.name in asked or rule.name not in OPTIONAL | RESIDUAL_ONLY:
            claims[rule.name] = rule.about(law).open(Reason.NEEDS_EXISTENCE)
    return claims
