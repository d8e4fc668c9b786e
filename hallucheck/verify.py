"""A file from end to end: read it, prove existence, then every claim, and say what stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hallucheck.claims import RULES, Claim, Facts, Numbers
from hallucheck.interval import Undefined, working_precision
from hallucheck.objectives import read_objective
from hallucheck.point import Point, System, Witness, prove, read_witness
from hallucheck.problem import Function, Problem
from hallucheck.reading import (
    Companion,
    NotCovered,
    Refused,
    box,
    choice,
    digest,
    integer,
    interval,
    items,
    load,
    positive_rational,
    positive_vector,
    record,
    text,
    vector,
)
from hallucheck.regions import REGIONS, check_stall

KINDS = ("point", "large", "branch", "diagram", "sheet", "surface", "census")
ORDER = (
    *("existence", "nonstationary", "target", "regular", "hallucinated_minimizer", "sphere_type", "theorem_3_2"),
    *("projected_c32", "attractor", "basin", "converges", "farthest_point", "global_target", "no_minimizer_near"),
)
MOST_CLAIMS = 100


@dataclass
class Result:
    """What became of a claim: nothing to object to, or an objection."""

    claim: str
    status: str
    objection: str | None = None

    def __str__(self) -> str:
        if self.status == "undecided":
            return f"{self.claim} (undecided): nothing claimed"
        return f"{self.claim} ({self.status}): " + (
            "re-proved" if not self.objection else f"NOT re-proved: {self.objection}"
        )


@dataclass
class Verdict:
    """The results for a file; `bits` it was computed with."""

    kind: str
    bits: int
    results: list[Result]

    def __bool__(self) -> bool:
        claimed = [result for result in self.results if result.status != "undecided"]
        return bool(claimed) and not any(result.objection for result in claimed)

    def __str__(self) -> str:
        claimed = [result for result in self.results if result.status != "undecided"]
        failed = sum(1 for result in claimed if result.objection)
        last = f"All {len(claimed)} claims re-proved." if self else f"{failed} of {len(claimed)} claims NOT re-proved."
        lines = [f"{self.kind}: checked at {self.bits} bits", *(f"  {result}" for result in self.results)]
        return "\n".join([*lines, last if claimed else "Nothing is claimed."])


def verify(path: Path) -> Verdict:
    """Check the certificate in a file. Raises `Refused` if it is none, and `NotCovered` if it is of another kind."""
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
        with working_precision(bits):
            return Verdict(kind, bits, READERS[kind](document, Companion(path, document.get("doubles"))))
    except OverflowError:
        raise NotCovered("numbers that large") from None


def read_claim(value: Any, where: str) -> Claim:
    """A claim, with its inputs as they stand in the file."""
    record(value, where, ("name", "status", "inputs", "numbers", "reason"))
    status = choice("proved", "refuted", "undecided")(value["status"], f"{where}.status")
    numbers, reason, name = value["numbers"], value["reason"], text(value["name"], f"{where}.name", most=100)
    if not isinstance(numbers, dict) or len(numbers) > 1100 or (status == "undecided" and numbers):
        raise Refused(f"{where}.numbers", "not numbers of a claim")
    if status == "undecided":
        text(reason, f"{where}.reason", most=100)
    elif reason is not None:
        raise Refused(f"{where}.reason", "a reason for what is decided")
    enclosures = {text(key, where, most=100): interval(v, f"{where}.numbers.{key[:40]}") for key, v in numbers.items()}
    return Claim(name, status, value["inputs"], enclosures)


def read_problem(document: dict[str, Any], companion: Companion) -> Problem:
    """The field `problem`, and its digest."""
    value = record(document["problem"], "problem", ("objective", "rho"), ("variant", "scales"))
    f = Function(read_objective(value["objective"], "problem.objective", companion))
    variant = choice(None, "usam", "asam")(value.get("variant"), "problem.variant")
    if ("variant" in value) != (variant is not None) or ("scales" in value) != (variant == "asam"):
        raise Refused("problem.variant", "not one of the ascent steps")
    scales = positive_vector(f.dimension)(value["scales"], "problem.scales") if variant == "asam" else None
    check_digest(document, companion)
    return Problem(f, positive_rational(value["rho"], "problem.rho"), variant, scales)


def check_digest(document: dict[str, Any], companion: Companion) -> None:
    """The hash of the problem, and that the companion holds nothing else."""
    if document["digest"] != digest(document["problem"]):
        raise Refused("digest", "the problem is not the one that was hashed")


def verify_point(document: dict[str, Any], companion: Companion) -> list[Result]:
    """A file of kind point."""
    names = ("format", "schema", "kind", "provenance", "problem", "digest", "witness", "enclosure", "claims")
    record(document, "file", names, ("doubles",))
    problem = read_problem(document, companion)
    claims = items(document["claims"], "claims", read_claim, most=MOST_CLAIMS)
    places = [ORDER.index(claim.name) if claim.name in ORDER else -1 for claim in claims]
    if -1 in places or sorted(set(places)) != places:
        raise Refused("claims", "an unknown name, or not each once and in order")
    witness = document["witness"]
    if isinstance(witness, dict) and witness.get("system") == "box":
        return verify_stall(problem, document, claims)
    if witness is None:
        found, enclosure = None, None
    else:
        found = read_witness(witness, problem)
        enclosure = document["enclosure"]
    if enclosure is not None:
        enclosure = box(problem.f.dimension)(enclosure, "enclosure")
    return check_claims(problem, found, enclosure, claims)


def verify_stall(problem: Problem, document: dict[str, Any], claims: list[Claim]) -> list[Result]:
    """A file about a box in which nothing is solved."""
    witness, d = document["witness"], problem.f.dimension
    record(witness, "witness", ("system", "centre", "slice", "radius", "preconditioner"))
    if witness["slice"] is not None or witness["preconditioner"] != [] or document["enclosure"] is not None:
        raise Refused("witness", "a box has neither slice nor preconditioner nor enclosure")
    centre = vector(d)(witness["centre"], "witness.centre")
    radius = positive_vector(d)(witness["radius"], "witness.radius")
    if any(claim.name != "no_minimizer_near" for claim in claims):
        raise Refused("claims", "not about a box")
    results = []
    for claim in claims:
        objection = None
        if claim.status != "undecided":
            try:
                numbers, status = check_stall(problem, centre, radius, claim)
                objection = compare_numbers(numbers, claim) or conclusion(status, claim)
            except Undefined as error:
                objection = str(error)
        results.append(Result(claim.name, claim.status, objection))
    return results


def check_claims(problem: Problem, witness: Witness | None, enclosure: Any, claims: list[Claim]) -> list[Result]:
    """One result for each claim."""
    facts = Facts(problem, witness is not None and witness.residual)
    existence = next((claim for claim in claims if claim.name == "existence"), None)
    proved = existence is not None and existence.status == "proved"
    if (enclosure is not None) != proved:
        raise Refused("enclosure", "there is one exactly if existence is proved")
    located = prove(problem, witness) if proved and witness is not None else None
    results = []
    for claim in claims:
        objection = None
        if claim.status != "undecided":
            try:
                if claim.name == "existence":
                    objection = check_existence(problem, witness, enclosure, claim, located)
                elif located is None:
                    objection = "there is no point without existence"
                else:
                    objection = check_claim(claim, facts, located[0])
            except (Undefined, NotCovered) as error:
                objection = str(error)
            if objection is None:
                facts.claims[claim.name] = claim
        results.append(Result(claim.name, claim.status, objection))
    return results


def check_existence(
    problem: Problem, witness: Witness | None, enclosure: Any, claim: Claim, located: tuple[Point, System] | None
) -> str | None:
    """An objection to the claim `existence`, if there is one."""
    if claim.inputs != {} or witness is None:
        return "no box, or inputs of a claim that has none"
    if claim.status == "refuted":
        return None if not claim.numbers and System(problem, witness).excluded() else "a point may be there"
    if located is None:
        return "Krawczyk's test fails in the box"
    if set(claim.numbers) != {"offset"}:
        return "not the numbers of this claim"
    point, system = located
    whole = system.x(system.box)
    if not all(x.inside(e) and e.inside(w) for x, e, w in zip(point.x, enclosure, whole, strict=True)):
        return "the enclosure does not hold the point, or leaves the box"
    offsets = [x - c for x, c in zip(point.x, system.centre, strict=True)]
    return None if all(o.inside(claim.numbers["offset"]) for o in offsets) else "the point is farther away"


def check_claim(claim: Claim, facts: Facts, point: Point) -> str | None:
    """An objection to any other claim about a point."""
    if claim.name in REGIONS:
        numbers, status = REGIONS[claim.name](claim, facts, point)
        return conclusion(status, claim) or compare_numbers(numbers, claim)
    if claim.name not in RULES or (claim.name == "projected_c32" and not point.residual):
        return "no claim of this system"
    if claim.inputs != {}:
        return "inputs of a claim that has none"
    measure, conclude = RULES[claim.name]
    return compare_numbers(measure(point), claim) or conclusion(conclude(facts, claim.numbers), claim)


def compare_numbers(measured: Numbers, claim: Claim) -> str | None:
    """An objection if a number is not in the published interval."""
    if set(measured) != set(claim.numbers):
        return "not the numbers of this claim"
    wrong = [name for name, value in measured.items() if not value.inside(claim.numbers[name])]
    return f"{', '.join(wrong)}: not shown to lie in the published interval" if wrong else None


def conclusion(status: str | None, claim: Claim) -> str | None:
    """An objection if something else follows from the published numbers."""
    return None if status == claim.status else f"the published numbers say {status or 'nothing'}"


READERS: dict[str, Callable[[dict[str, Any], Companion], list[Result]]] = {"point": verify_point}
