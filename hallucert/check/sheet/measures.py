"""Numbers of a whole curve: what the theorems about a point read, enclosed on all of it, cell by cell.

The rules of points (`nonstationary`, `regular`, `theorem_3_2`, `projected_c32`, `attractor`) measure whatever region
their evidence holds, here a piece of the arc of a cell. A number of the curve is the least value that the number of a
point takes on it: its lower end is the least of the lower ends of all pieces, its upper end the least upper end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from hallucert.check.attraction import attractor, projected_c32, theorem_3_2
from hallucert.check.cell import Vector, arc_box
from hallucert.check.claim import Enclosure
from hallucert.check.point import nonstationary, regular
from hallucert.check.point.rule import Evidence, Rule
from hallucert.check.problem import Point
from hallucert.check.reason import Reason
from hallucert.check.sheet.cell import CurveCellProof
from hallucert.check.sheet.chain import ProvedChain
from hallucert.clock import UNLIMITED, Clock, OutOfTime

DEPTH = 4
"""How often a part of an arc may be halved where a sign is not certain."""

PUBLISHED = Fraction(9, 4)
"""Signs must survive publication, which moves each end out by twice the width (`Enclosure.published`)."""

SPEED = Fraction(6, 5)
"""A piece is halved while its greatest speed is not known to be below so many times its least."""

RULES: Mapping[str, tuple[Rule, tuple[str, ...]]] = {
    "gradient": (nonstationary.RULE, ("gradient_norm",)),
    "regular": (regular.RULE, ("smallest_singular_value",)),
    "theorem_3_2": (theorem_3_2.RULE, ("smallest_eigenvalue_sym_Du",)),
    "projected_c32": (projected_c32.RULE, ("smallest_projected_eigenvalue",)),
    "attractor": (attractor.RULE, ("smallest_real_part", "step_bound")),
}
"""For each question the rule of a point that measures it, and its numbers; the first is compared to a threshold."""


@dataclass
class Least:
    """The least value on a curve of each number of a claim; `failed` where some piece could not be measured."""

    threshold: Fraction
    numbers: dict[str, Enclosure] = field(default_factory=dict)
    failed: bool = False

    def decides(self, found: Mapping[str, Enclosure] | Reason, deciding: str) -> bool:
        """Tell whether a piece is on one side of the threshold, or it no longer matters: some piece is below it."""
        if isinstance(found, Reason):
            return False
        if deciding in self.numbers and self.below(self.numbers[deciding]):
            return True
        return self.above(found[deciding]) or self.below(found[deciding])

    def above(self, least: Enclosure) -> bool:
        """Tell whether a number is above the threshold, with a margin that survives publication."""
        return least.lower - PUBLISHED * (least.upper - least.lower) > self.threshold

    def below(self, least: Enclosure) -> bool:
        """Tell whether a number is below the threshold, with a margin that survives publication."""
        return least.upper + PUBLISHED * (least.upper - least.lower) < self.threshold

    def add(self, found: Mapping[str, Enclosure] | Reason, names: tuple[str, ...]) -> None:
        """Take in a piece; a name that it lacks (a step bound where nothing attracts) is lost for the curve."""
        if isinstance(found, Reason):
            self.failed = True
            return
        first = not self.numbers
        for name in names:
            if name not in found or (name not in self.numbers and not first):
                self.numbers.pop(name, None)
                continue
            own = self.numbers.get(name, found[name])
            self.numbers[name] = Enclosure(min(own.lower, found[name].lower), min(own.upper, found[name].upper))


@dataclass(frozen=True)
class CurveNumbers:
    """What was measured along a curve.

    Attributes
    ----------
    claims : mapping of str to dict of str to Enclosure, or None
        For each claim of `RULES` its numbers, None where a piece could not be measured.
    length : Enclosure
        Of the curve.
    """

    claims: Mapping[str, dict[str, Enclosure] | None]
    length: Enclosure


def measured_curve(chain: ProvedChain, clock: Clock = UNLIMITED) -> CurveNumbers | str:
    """Measure a proved chain; return the numbers, or why they cannot be had."""
    system = chain.proofs[0].system
    least = nothing_measured(system.rho)
    low, high = Fraction(0), Fraction(0)
    for number, (proof, came_in) in enumerate(zip(chain.proofs, chain.entries, strict=True)):
        clock.tell("cells measured", number, len(chain.proofs))
        try:
            with clock.watched():
                speed = _walk(proof, least)
        except OutOfTime:
            return "the time budget was spent before all of it was measured"
        if speed is None:
            return "the speed along an arc is not enclosed"
        end = proof.cell.span[1]
        low += speed.lower * (end - came_in[1])
        high += speed.upper * (end - came_in[0])
    return CurveNumbers(all_numbers(least), Enclosure(low, high))


def _walk(proof: CurveCellProof, least: Mapping[str, Least]) -> Enclosure | None:
    """Measure the arc of a cell, halving it where needed; return the speed ``|x'(s)|`` along it."""
    speeds: list[Enclosure] = []
    pending: list[tuple[Fraction, Fraction, Vector, int]] = [(*proof.cell.span, proof.box, DEPTH)]
    while pending:
        low, high, w, left = pending.pop()
        _, narrow, x = arc_box(proof, low, high, w)
        found = measure(proof.system.point(x), least)
        speed = _speed(proof, x)
        if left > 0 and (speed is None or not decided(found, least)):
            middle = (low + high) / 2
            pending += [(middle, high, narrow, left - 1), (low, middle, narrow, left - 1)]
            continue
        if speed is None:
            return None
        speeds.append(speed)
        take_in(found, least)
    return Enclosure(min(s.lower for s in speeds), max(s.upper for s in speeds))


def _speed(proof: CurveCellProof, x: Vector) -> Enclosure | None:
    """Enclose the speed at the arc points `x`; None if that is not certainly between two numbers near each other."""
    ar, speed = proof.arithmetic, proof.speed(x)
    if speed is None or not ar.is_finite(speed):
        return None
    low, high = ar.endpoints(speed)
    return Enclosure(low, high) if high < SPEED * low else None


def measure(point: Point, least: Mapping[str, Least]) -> dict[str, Mapping[str, Enclosure] | Reason]:
    """Measure on one piece whatever has not failed on another."""
    return {name: RULES[name][0].measure(Evidence(point), {}) for name in RULES if not least[name].failed}


def decided(found: Mapping[str, Mapping[str, Enclosure] | Reason], least: Mapping[str, Least]) -> bool:
    """Tell whether a piece need not be halved for what was found on it."""
    return all(least[name].decides(found[name], RULES[name][1][0]) for name in found if not least[name].failed)


def nothing_measured(rho: Fraction, kind: type[Least] = Least) -> dict[str, Least]:
    """Return the state before the first piece."""
    return {name: kind(-1 / rho if name == "theorem_3_2" else Fraction(0)) for name in RULES}


def take_in(found: Mapping[str, Mapping[str, Enclosure] | Reason], least: Mapping[str, Least]) -> None:
    """Add the numbers of a piece."""
    for name, numbers in found.items():
        least[name].add(numbers, RULES[name][1])


def all_numbers(least: Mapping[str, Least]) -> dict[str, dict[str, Enclosure] | None]:
    """Return the numbers of the whole; None where a piece could not be measured."""
    return {name: None if found.failed else found.numbers for name, found in least.items()}
