"""A file about a point: existence, then every claim."""

from __future__ import annotations

from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

from ..arithmetic.interval import ball, exact
from ..arithmetic.linear import Vector
from ..files.reading import Refused, box, record
from .claims import RULES
from .point import System, read_witness
from .problem import read_problem
from .rules import Claim, Facts, Result, read_claims, result_of

FIELDS = ("format", "schema", "kind", "provenance", "problem", "digest", "witness", "enclosure", "claims")
ROUNDING = exact(Fraction(1, 2**48))
"""How far, as a part of its size, an enclosure may reach out of the box."""
ROOMS = {
    "basin": "attraction.basins",
    "momentum": "attraction.momentum",
    "converges": "attraction.converges",
    "farthest_point": "points.farthest",
    "global_target": "points.global_target",
}


def verify(document: dict[str, Any], path: Path) -> list[Result]:
    """A file of kind point."""
    record(document, "file", FIELDS, ("doubles",))
    problem, witness, kind = read_problem(document, path), document["witness"], System
    rules, late = dict(RULES), ROOMS
    if problem.batches is not None:
        from ..attraction import batches

        kind, rules, late = batches.BatchSystem, batches.RULES, {}
    elif problem.exact_decay:
        from ..attraction import decay

        rules, late = decay.RULES, {}
    elif isinstance(witness, dict) and witness.get("system") == "box":
        from . import stall

        return stall.verify_box(problem, document)
    claims = read_claims(document, [*rules, *late])
    for room in {late[claim.name] for claim in claims if claim.name in late}:
        rules |= import_module(f"hallucheck.{room}").RULES
    found = None if witness is None else read_witness(witness, problem)
    facts = Facts(problem, found is not None and found.slice is not None, rules)
    return check_claims(facts, None if found is None else kind(problem, found), document["enclosure"], claims)


def check_claims(facts: Facts, system: System | None, enclosure: Any, claims: list[Claim]) -> list[Result]:
    """One result for each claim."""
    facts.conclude(claims)
    if facts.has("existence") != (enclosure is not None):
        raise Refused("enclosure", "there is one exactly if existence is proved")
    if system is None:
        if facts.claims:
            raise Refused("witness", "nothing can be proved without one")
        return [Result(claim.name, claim.status) for claim in claims]
    published = box(len(system.centre))(enclosure, "enclosure") if enclosure is not None else Vector()
    point = None if facts.has("existence", status="refuted") else system.prove()

    def check(claim: Claim) -> str | None:
        if claim.name == "existence" and claim.status == "refuted":
            return None if system.excluded() else "a point may be there"
        if point is None:
            return "Krawczyk's test fails in the box"
        if claim.name == "existence":
            whole = Vector(x + ball(abs(x).upper() * ROUNDING) for x in system.x(system.box))
            if not (point.x.inside(published) and published.inside(whole)):
                return "the enclosure does not hold the point, or leaves the box"
        return facts.objection(claim, point)

    return [result_of(claim, check) for claim in claims]
