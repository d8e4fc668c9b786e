"""Numbers of a whole sheet: what the theorems about a point read, enclosed on all of it, piece by piece.

The rules of points (`nonstationary`, `regular`, `theorem_3_2`, `projected_c32`, `attractor`) measure whatever region
their evidence holds, here a piece of the arc of a cell or of the patch of a chart. A number of the sheet is the least
value that the number of a point takes on it: its lower end is the least of the lower ends of all pieces, its upper end
the least upper end. Into which pieces the cells and charts are cut is recorded in the certificate. A piece of a patch
that lies inside an earlier chart has been measured there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from hallucert.check.attraction import attractor, projected_c32, theorem_3_2
from hallucert.check.cell import arc_box
from hallucert.check.claim import Enclosure
from hallucert.check.point.hallucinated_minimizer import NONSTATIONARY
from hallucert.check.point.perturbation import REGULAR
from hallucert.check.point.rule import Evidence, Rule
from hallucert.check.problem import Point
from hallucert.check.reason import Reason
from hallucert.check.sheet.curve import CurveCellProof, ProvedChain
from hallucert.check.sheet.surface_atlas import COVERED, MEASURED, ProvedAtlas, covering
from hallucert.check.subdivision import Box, Subdivision
from hallucert.clock import UNLIMITED, Clock, OutOfTime

SPEED = Fraction(11, 10)
"""On a piece of an arc the greatest speed must be below so many times the least."""

LATE = "the time budget was spent before all of it was measured"

RULES: Mapping[str, tuple[Rule, tuple[str, ...]]] = {
    "gradient": (NONSTATIONARY, ("gradient_norm",)),
    "regular": (REGULAR, ("smallest_singular_value",)),
    "theorem_3_2": (theorem_3_2.RULE, ("smallest_eigenvalue_sym_Du",)),
    "projected_c32": (projected_c32.RULE, ("smallest_projected_eigenvalue",)),
    "attractor": (attractor.RULE, ("smallest_real_part", "step_bound")),
}
"""For each question the rule of a point that measures it, and its numbers; the first is compared to a threshold."""

Found = Mapping[str, Mapping[str, Enclosure] | Reason]
"""What was measured on a piece."""


@dataclass
class Least:
    """The least value on a sheet of each number of a claim; `failed` where some piece could not be measured."""

    threshold: Fraction
    numbers: dict[str, Enclosure] = field(default_factory=dict)
    failed: bool = False

    def add(self, found: Mapping[str, Enclosure] | Reason, names: tuple[str, ...]) -> None:
        """Take in a piece; a name that it lacks (a step bound where nothing attracts) is lost for the sheet."""
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


class Measures:
    """What has been measured of a sheet so far."""

    def __init__(self, rho: Fraction) -> None:
        self.least = {name: Least(threshold(name, rho)) for name in RULES}

    def of(self, point: Point) -> Found:
        """Measure on one piece whatever has not failed on another."""
        return {name: RULES[name][0].measure(Evidence(point), {}) for name in RULES if not self.least[name].failed}

    def add(self, found: Found) -> None:
        """Take in the numbers of a piece."""
        for name, numbers in found.items():
            self.least[name].add(numbers, RULES[name][1])

    def numbers(self, name: str) -> dict[str, Enclosure] | Reason:
        """Return the numbers of a question on the whole sheet."""
        return Reason.PRECISION if self.least[name].failed else self.least[name].numbers


def threshold(name: str, rho: Fraction) -> Fraction:
    """Return what the number of a question is compared to."""
    return -1 / rho if name == "theorem_3_2" else Fraction(0)


def arc_piece(proof: CurveCellProof, piece: Box) -> tuple[Point, Enclosure | None]:
    """Return the SAM map on a piece of an arc, and the speed if it is known well enough."""
    ar, ((low, high),) = proof.arithmetic, piece
    _, _, x = arc_box(proof, low, high, proof.box)
    speed = proof.speed(x)
    ends = None if speed is None or not ar.is_finite(speed) else Enclosure(*ar.endpoints(speed))
    known = ends is not None and ends.upper < SPEED * ends.lower
    return proof.system.point(x), ends if known else None


class Length:
    """The length of a curve: the speeds on the pieces of its arcs, times how long they are."""

    def __init__(self) -> None:
        self.low = self.high = Fraction(0)

    def add(self, piece: Box, came_in: tuple[Fraction, Fraction], speed: Enclosure) -> None:
        """Add what the curve, which comes in somewhere in an interval, has of a piece of an arc."""
        ((low, high),) = piece
        self.low += speed.lower * max(high - max(low, came_in[1]), Fraction(0))
        self.high += speed.upper * max(high - max(low, came_in[0]), Fraction(0))


def measured_curve(
    chain: ProvedChain, cuts: Sequence[Subdivision], rho: Fraction, clock: Clock = UNLIMITED
) -> tuple[Measures, Length] | str:
    """Measure a proved chain on the recorded pieces; return the numbers and the length, or why they cannot be had."""
    measures, length = Measures(rho), Length()
    for number, (proof, came_in, cut) in enumerate(zip(chain.proofs, chain.entries, cuts, strict=True)):
        clock.tell("cells measured", number, len(chain.proofs))
        try:
            with clock.watched():
                for word, piece in cut.pieces([proof.cell.span]):
                    point, speed = arc_piece(proof, piece)
                    if word != MEASURED or speed is None:
                        return f"the arc in cell {number} is not measured"
                    measures.add(measures.of(point))
                    length.add(piece, came_in, speed)
        except OutOfTime:
            return LATE
    return measures, length


def measured_surface(
    atlas: ProvedAtlas, cuts: Sequence[Subdivision], rho: Fraction, clock: Clock = UNLIMITED
) -> Measures | str:
    """Measure a proved atlas on the recorded pieces; return the numbers, or why they cannot be had."""
    measures = Measures(rho)
    for number, (proof, cut) in enumerate(zip(atlas.proofs, cuts, strict=True)):
        clock.tell("charts measured", number, len(atlas.proofs))
        for word, piece in cut.pieces(proof.chart.square):
            if clock.passed():
                return LATE
            part = proof.part(piece)
            if word == COVERED:
                if next(covering(atlas.proofs, number, atlas.neighbours, part, before=number), None) is None:
                    return f"a piece of chart {number} is not shown to lie inside earlier charts"
                continue
            point = part.narrow().point()
            if word != MEASURED or point is None:
                return f"a piece of chart {number} is not measured"
            measures.add(measures.of(point))
    return measures
