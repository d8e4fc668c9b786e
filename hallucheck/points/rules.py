"""What a claim is: a rule says how its numbers are enclosed again, and what follows from published ones.

`conclude` looks at published numbers alone, and at claims before it, and says "proved", "refuted" or nothing. All
inequalities are strict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from ..arithmetic.interval import Interval, OutOfTime, Undefined
from ..files.reading import NotCovered, Refused, choice, interval, items, null, record, text
from .point import Point
from .problem import Problem

MOST_CLAIMS = 100
Numbers = dict[str, Interval]


@dataclass
class Claim:
    """A claim of the file, with its inputs as they stand there."""

    name: str
    status: str
    inputs: dict[str, Any]
    numbers: Numbers


def read_claim(value: Any, where: str) -> Claim:
    """A claim, with its inputs as they stand in the file."""
    record(value, where, ("name", "status", "inputs", "numbers", "reason"))
    status = choice("proved", "refuted", "undecided")(value["status"], f"{where}.status")
    numbers, name = value["numbers"], text(value["name"], f"{where}.name", most=100)
    if not isinstance(numbers, dict) or len(numbers) > 1100 or (status == "undecided" and numbers):
        raise Refused(f"{where}.numbers", "not numbers of a claim")
    if not isinstance(value["inputs"], dict):
        raise Refused(f"{where}.inputs", "not an object")
    (text if status == "undecided" else null)(value["reason"], f"{where}.reason")
    enclosures = {text(key, where, most=100): interval(v, f"{where}.numbers.{key[:40]}") for key, v in numbers.items()}
    return Claim(name, status, value["inputs"], enclosures)


def read_claims(document: dict[str, Any], order: Sequence[str]) -> list[Claim]:
    """The field `claims` of a file about a point, in the order of their names."""
    claims = items(document["claims"], "claims", read_claim, most=MOST_CLAIMS)
    places = [order.index(claim.name) if claim.name in order else -1 for claim in claims]
    if -1 in places or sorted(set(places)) != places:
        raise Refused("claims", "an unknown name, or not each once and in order")
    return claims


@dataclass
class Result:
    """What became of a claim: nothing to object to, or an objection."""

    claim: str
    status: str
    objection: str | None = None

    def __str__(self) -> str:
        answer = f"NOT re-proved: {self.objection}" if self.objection else "re-proved"
        return f"{self.claim} ({self.status}): {'nothing claimed' if self.status == 'undecided' else answer}"


def result_of(claim: Claim, check: Callable[[Claim], str | None]) -> Result:
    """The objection of a check, or what went wrong in it."""
    try:
        return Result(claim.name, claim.status, check(claim) if claim.status != "undecided" else None)
    except (Undefined, NotCovered, OutOfTime) as error:
        return Result(claim.name, claim.status, str(error))


def compare_numbers(measured: Numbers, claim: Claim) -> str | None:
    """An objection if a number is not in the published interval."""
    wrong = [name for name, value in measured.items() if not value.inside(claim.numbers[name])]
    return f"{', '.join(wrong)}: not shown to lie in the published interval" if wrong else None


@dataclass
class Facts:
    """What a conclusion may look at besides numbers: the problem, and the claims before this one."""

    problem: Problem
    residual: bool
    rules: dict[str, Rule]
    claims: dict[str, Claim] = field(default_factory=dict)

    def has(self, *names: str, status: str = "proved") -> bool:
        """Are these claims proved, or refuted?"""
        return all(name in self.claims and self.claims[name].status == status for name in names)

    def conclude(self, claims: list[Claim]) -> None:
        """Refuse claims whose numbers do not show what they say."""
        for claim in claims:
            where, rule = f"claims.{claim.name}", self.rules[claim.name]
            if claim.status == "undecided" or not rule.inputs:
                record(claim.inputs, f"{where}.inputs", ())
            if claim.status == "undecided":
                continue
            if set(rule.numbers_of(self, claim)) != set(claim.numbers):
                raise Refused(f"{where}.numbers", "not those of the claim")
            status = rule.conclude(self, claim)
            if status != claim.status:
                raise Refused(f"{where}.status", f"the numbers show {status or 'nothing'}")
            self.claims[claim.name] = claim

    def objection(self, claim: Claim, point: Point) -> str | None:
        """An objection if a number is not shown to be as published."""
        return compare_numbers(self.rules[claim.name].measure(self, claim, point), claim)


Measures = Mapping[str, Callable[[Any], Interval]]
Conclusion = Callable[[Facts, Claim], str | None]


@dataclass
class Rule:
    """What a claim is: its numbers, what they show, and what they are of: the point, or what was proved about it.

    Most have no inputs; `conclude` reads those that there are.
    """

    numbers: Measures | Callable[[Facts, Claim], Measures]
    conclude: Conclusion
    subject: Callable[[Facts, Claim, Any], Any] = lambda facts, claim, point: point
    inputs: bool = False

    def numbers_of(self, facts: Facts, claim: Claim) -> Measures:
        """Those that this claim has."""
        return self.numbers(facts, claim) if callable(self.numbers) else self.numbers

    def measure(self, facts: Facts, claim: Claim, point: Point) -> Numbers:
        """Enclosures of all of them."""
        subject = self.subject(facts, claim, point)
        return {name: enclose(subject) for name, enclose in self.numbers_of(facts, claim).items()}


def given(*names: str) -> Measures:
    """Numbers of a subject that is a table of them."""
    return {name: itemgetter(name) for name in names}


def if_positive(*names: str) -> Conclusion:
    """Proved if these numbers are positive."""
    return lambda facts, claim: "proved" if all(claim.numbers[name].positive() for name in names) else None


def by_sign(name: str) -> Conclusion:
    """Proved if a number is positive, refuted if negative."""

    def conclude(facts: Facts, claim: Claim) -> str | None:
        return "proved" if claim.numbers[name].positive() else "refuted" if claim.numbers[name].negative() else None

    return conclude
