"""A file from end to end: read it, prove existence, then every claim, and say what stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hallucheck.basins import RULES_OF_BASINS
from hallucheck.batches import RULES_OF_BATCHES, BatchSystem
from hallucheck.branch import verify_branches
from hallucheck.claims import EXISTENCE, RULES, Claim, Facts, Result, Rule, compare_numbers, read_claim, result_of
from hallucheck.cycle import RULES_OF_CYCLES, CycleSystem, Step, read_pair
from hallucheck.interval import OutOfTime, budget, working_precision
from hallucheck.linear import Vector
from hallucheck.momentum import RULE_OF_MOMENTUM, RULES_OF_DECAY
from hallucheck.point import System, read_witness
from hallucheck.problem import Problem, read_problem
from hallucheck.reading import Companion, NotCovered, Refused, box, choice, integer, items, load, positive, record, text
from hallucheck.regions import RULES_OF_BOXES, RULES_OF_REGIONS, measure_stall, read_box
from hallucheck.sheet import verify_sheets

KINDS = ("point", "large", "branch", "diagram", "sheet", "surface", "census", "basins", "cycle")
POINTS = {"existence": EXISTENCE, **RULES, **RULES_OF_BASINS, "momentum": RULE_OF_MOMENTUM, **RULES_OF_REGIONS}
MOST_CLAIMS = 100
FIELDS = ("format", "schema", "kind", "provenance", "problem", "digest", "witness", "enclosure", "claims")


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
    record(document, "file", FIELDS, ("doubles",))
    problem, witness = read_problem(document, companion), document["witness"]
    decays, batches = problem.exact_decay is not None, problem.batches is not None
    if isinstance(witness, dict) and witness.get("system") == "box" and not decays:
        return verify_box(problem, document)
    rules = RULES_OF_BATCHES if batches else RULES_OF_DECAY if decays else POINTS
    claims = read_claims(document, {"existence": EXISTENCE, **rules})
    found = None if witness is None else read_witness(witness, problem)
    facts = Facts(problem, found is not None and found.slice is not None, {"existence": EXISTENCE, **rules})
    system = None if found is None else (BatchSystem if batches else System)(problem, found)
    return check_claims(facts, system, document["enclosure"], claims)


def verify_cycle(document: dict[str, Any], companion: Companion) -> list[Result]:
    """A file of kind cycle."""
    record(document, "file", FIELDS, ("doubles",))
    problem = read_problem(document, companion)
    claims = read_claims(document, RULES_OF_CYCLES)
    step = Step(problem, positive(document["problem"]["step"], "problem.step"))
    witness = document["witness"]
    system = None if witness is None else CycleSystem(problem, read_pair(witness, problem), step)
    return check_claims(Facts(problem, False, RULES_OF_CYCLES), system, document["enclosure"], claims)


def verify_box(problem: Problem, document: dict[str, Any]) -> list[Result]:
    """A file about a box in which nothing is solved."""
    claims = read_claims(document, RULES_OF_BOXES)
    if document["enclosure"] is not None:
        raise Refused("enclosure", "nothing is solved")
    facts, place = Facts(problem, False, RULES_OF_BOXES), read_box(document["witness"], problem)
    facts.conclude(claims)
    return [
        result_of(claim, lambda claim: compare_numbers(measure_stall(facts, claim, place), claim)) for claim in claims
    ]


def read_claims(document: dict[str, Any], rules: dict[str, Rule]) -> list[Claim]:
    """The field `claims`, in the order of the rules."""
    claims, order = items(document["claims"], "claims", read_claim, most=MOST_CLAIMS), list(rules)
    places = [order.index(claim.name) if claim.name in rules else -1 for claim in claims]
    if -1 in places or sorted(set(places)) != places:
        raise Refused("claims", "an unknown name, or not each once and in order")
    return claims


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
    point = None if facts.refutes("existence") else system.prove()

    def check(claim: Claim) -> str | None:
        if claim.name == "existence" and claim.status == "refuted":
            return None if system.excluded() else "a point may be there"
        if point is None:
            return "Krawczyk's test fails in the box"
        if claim.name == "existence":
            whole = system.x(system.box)
            if not (point.x.inside(published) and published.inside(whole)):
                return "the enclosure does not hold the point, or leaves the box"
        return facts.objection(claim, point)

    return [result_of(claim, check) for claim in claims]


READERS: dict[str, Callable[[dict[str, Any], Companion], list[Result]]] = {
    "point": verify_point,
    "cycle": verify_cycle,
    "branch": verify_branches,
    "sheet": verify_sheets,
}
