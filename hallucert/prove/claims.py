"""Which claims are made about a point, and in which order."""

from __future__ import annotations

from collections.abc import Iterable

from hallucert.check.claim import Claim
from hallucert.check.point.claims import BY_NAME, OF_A_POINT, Rules
from hallucert.check.point.rule import Evidence, Facts
from hallucert.check.reason import Reason
from hallucert.objectives.radius_law import RadiusLaw

HINTS = {"basin": "step", "converges": "start", "farthest_point": "construction", "global_target": "global_box"}
"""Claims that are made only if the evidence has this."""

RESIDUAL_ONLY = frozenset({"projected_c32"})
"""Claims that only a point proved to exist in residual form has."""


def prove_claims(evidence: Evidence, facts: Facts) -> dict[str, Claim]:
    """Make every claim that is asked; later claims may use earlier ones."""
    for number, name in enumerate(OF_A_POINT):
        rule = BY_NAME[name]
        if rule.asked(evidence):
            evidence.clock.tell(f"claim {name}", number, len(OF_A_POINT))
            facts.claims[name] = rule.prove(evidence, facts)
    return facts.claims


def without_existence(first: Claim, asked: Iterable[str], law: RadiusLaw) -> dict[str, Claim]:
    """Return the claims of a point that is not proved to exist: `first`, and the rest undecided."""
    rules, claims = Rules(OF_A_POINT, law), {first.name: first}
    for name in OF_A_POINT[1:]:
        if name in asked or name not in HINTS.keys() | RESIDUAL_ONLY:
            claims[name] = rules[name].open(Reason.NEEDS_EXISTENCE)
    return claims
