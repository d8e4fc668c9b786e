"""A file from end to end: read it, prove existence, then every claim, and say what stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hallucheck.basins import RULES_OF_BASINS
from hallucheck.batches import RULES_OF_BATCHES, BatchSystem
from hallucheck.branch import verify_branches
from hallucheck.claims import RULES, Claim, Facts, Result, Rule, compare_numbers, read_claim, result_of
from hallucheck.interval import OutOfTime, budget, exact, hull, working_precision
from hallucheck.linear import Vector
from hallucheck.point import System, read_witness
from hallucheck.problem import Problem, read_problem
from hallucheck.reading import (
    Companion,
    NotCovered,
    Refused,
    box,
    choice,
    integer,
    items,
    load,
    positive_vector,
    record,
    text,
    vector,
)
from hallucheck.regions import RULES_OF_REGIONS, STALL, measure_stall
from hallucheck.sheet import verify_sheets

KINDS = ("point", "large", "branch", "diagram", "sheet", "surface", "census", "basins", "cycle")
ORDER = (
    *("existence", "nonstationary", "target", "regular", "hallucinated_minimizer", "sphere_type", "theorem_3_2"),
    *("projected_c32", "attractor", "basin", "converges", "momentum"),
    *("farthest_point", "global_target", "no_minimizer_near"),
)
ALL_RULES = RULES | RULES_OF_REGIONS | RULES_OF_BASINS
WITHOUT_INPUTS = {"existence", *RULES} - {"attractor"}
ORDER_OF_BATCHES = ("existence", *RULES_OF_BATCHES)
MOST_CLAIMS = 100


@dataclass
class Verdict:
    """The results for a file; `bits` it was computed with."""

    kind: str
    bits: int
    results: list[Result]

    def __bool__(self) -> bool:
        claimed = [result for result in self.results if result.status != "undecided"]
        return bool(claimed) and not any(result.objection for result in claimed)

    def as_json(self, path: Path) -> dict[str, Any]:
        """Plain data with the fields that `hallucert verify --json` has."""
        claims = [
            {"name": r.claim, "status": r.status, "passed": r.objection is None, "message": r.objection or ""}
            for r in self.results
        ]
        asserted = sum(result.status != "undecided" for result in self.results)
        return {"file": str(path), "passed": bool(self), "asserted": asserted, "claims": claims}

    def __str__(self) -> str:
        claimed = [result for result in self.results if result.status != "undecided"]
        failed = sum(1 for result in claimed if result.objection)
        last = f"All {len(claimed)} claims re-proved." if self else f"{failed} of {len(claimed)} claims NOT re-proved."
        lines = [f"{self.kind}: checked at {self.bits} bits", *(f"  {result}" for result in self.results)]
        return "\n".join([*lines, last if claimed else "Nothing is claimed."])


def verify(path: Path, seconds: float = 600.0) -> Verdict:
    """Check the certificate in a file. Raises `Refused` if it is none, and `NotCovered` if it is of another kind.

    What is not reached within a budget of seconds counts as not re-proved.
    """
    document = load(path)
    if document.get("format") != "hallucert-certificate" or type(document.get("schema")) is not int:
        raise Refused("format", "not a hallucert certificate")
    if document["schema"] != 2:
        raise Refused("schema", "another version of the format")
    kind = choice(*KINDS)(document.get("kind"), "kind")
    if kind not in READERS:
        raise NotCovered(f"certificates of kind {kind}")
    record(document.get("provenance"), "provenance", ("hallucert", "backend", "backend_version", "precision"))
    provenance = document["provenance"]
    for name in ("hallucert", "backend_version"):
        text(provenance[name], f"provenance.{name}", most=200)
    choice("arb", "mpmath", "midrad")(provenance["backend"], "provenance.backend")
    bits = max(128, 2 * integer(provenance["precision"], "provenance.precision", 2, 2000) + 22)
    try:
        with working_precision(bits), budget(seconds):
            return Verdict(kind, bits, READERS[kind](document, Companion(path, document)))
    except OverflowError:
        raise NotCovered("numbers that large") from None
    except OutOfTime as error:
        raise NotCovered(str(error)) from None


def verify_point(document: dict[str, Any], companion: Companion) -> list[Result]:
    """A file of kind point."""
    names = ("format", "schema", "kind", "provenance", "problem", "digest", "witness", "enclosure", "claims")
    record(document, "file", names, ("doubles",))
    problem = read_problem(document, companion)
    claims = items(document["claims"], "claims", read_claim, most=MOST_CLAIMS)
    order = ORDER if problem.batches is None else ORDER_OF_BATCHES
    places = [order.index(claim.name) if claim.name in order else -1 for claim in claims]
    if -1 in places or sorted(set(places)) != places:
        raise Refused("claims", "an unknown name, or not each once and in order")
    witness = document["witness"]
    if isinstance(witness, dict) and witness.get("system") == "box":
        return verify_stall(problem, document, claims)
    found = None if witness is None else read_witness(witness, problem)
    facts = Facts(problem, found is not None and found.residual)
    for claim in claims:
        if claim.status != "undecided":
            check_conclusion(facts, claim)
            facts.claims[claim.name] = claim
    if facts.has("existence") != (document["enclosure"] is not None):
        raise Refused("enclosure", "there is one exactly if existence is proved")
    if found is None:
        if facts.claims:
            raise Refused("witness", "nothing can be proved without one")
        return [Result(claim.name, claim.status) for claim in claims]
    enclosure = box(problem.f.dimension)(document["enclosure"], "enclosure") if facts.has("existence") else None
    system = System(problem, found) if problem.batches is None else BatchSystem(problem, found)
    return check_claims(facts, system, enclosure, claims)


def rules_of(facts: Facts) -> dict[str, Rule]:
    """The rules for the claims about a problem."""
    return ALL_RULES if facts.problem.batches is None else RULES_OF_BATCHES


def check_conclusion(facts: Facts, claim: Claim) -> None:
    """Refuse a claim whose numbers do not show what it says."""
    where = f"claims.{claim.name}"
    if claim.name in WITHOUT_INPUTS or (claim.name == "attractor" and facts.problem.batches is None):
        record(claim.inputs, f"{where}.inputs", ())
    if claim.name == "existence":
        names, status = ({"offset"}, "proved") if claim.numbers else (set(), "refuted")
    elif claim.name == "no_minimizer_near":
        names = set(STALL)
        status = "proved" if "curvature" in claim.numbers and claim.numbers["curvature"].negative() else "nothing"
    else:
        rule = rules_of(facts)[claim.name]
        names = set(rule.names(facts, claim))
        status = rule.conclude(facts, claim) or "nothing" if names == set(claim.numbers) else "nothing"
    if names != set(claim.numbers):
        raise Refused(f"{where}.numbers", "not those of the claim")
    if status != claim.status:
        raise Refused(f"{where}.status", f"the numbers show {status}")


def verify_stall(problem: Problem, document: dict[str, Any], claims: list[Claim]) -> list[Result]:
    """A file about a box in which nothing is solved."""
    witness, d = document["witness"], problem.f.dimension
    record(witness, "witness", ("system", "centre", "slice", "radius", "preconditioner"))
    if witness["slice"] is not None or witness["preconditioner"] != [] or document["enclosure"] is not None:
        raise Refused("witness", "a box has neither slice nor preconditioner nor enclosure")
    centre = vector(d)(witness["centre"], "witness.centre")
    radius = positive_vector(d)(witness["radius"], "witness.radius")
    x = [exact(c) for c in centre]
    whole = [c + hull([exact(-r), exact(r)]) for c, r in zip(x, radius, strict=True)]
    facts = Facts(problem, False)
    for claim in claims:
        if claim.name != "no_minimizer_near":
            raise Refused("claims", "not about a box")
        if claim.status != "undecided":
            check_conclusion(facts, claim)
    return [
        result_of(claim, lambda claim: compare_numbers(measure_stall(facts, claim, x, whole), claim))
        for claim in claims
    ]


def check_claims(facts: Facts, system: System, enclosure: Vector | None, claims: list[Claim]) -> list[Result]:
    """One result for each claim."""
    point = None if facts.refutes("existence") else system.prove()

    def check(claim: Claim) -> str | None:
        if claim.name == "existence" and claim.status == "refuted":
            return None if system.excluded() else "a point may be there"
        if point is None:
            return "Krawczyk's test fails in the box"
        if claim.name == "existence":
            assert enclosure is not None
            whole = system.x(system.box)
            if not all(x.inside(e) and e.inside(w) for x, e, w in zip(point.x, enclosure, whole, strict=True)):
                return "the enclosure does not hold the point, or leaves the box"
            offsets = [x - c for x, c in zip(point.x, system.centre, strict=True)]
            return None if all(o.inside(claim.numbers["offset"]) for o in offsets) else "the point is farther away"
        return compare_numbers(rules_of(facts)[claim.name].measure(facts, claim, point), claim)

    return [result_of(claim, check) for claim in claims]


READERS: dict[str, Callable[[dict[str, Any], Companion], list[Result]]] = {
    "point": verify_point,
    "branch": verify_branches,
    "sheet": verify_sheets,
}
