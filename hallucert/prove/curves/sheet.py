"""Certify a sheet: from a continuation in floats to chains of straight cells and theorems about the exact curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from hallucert.balls import BallArithmetic, arithmetic
from hallucert.check.cell import Vector, unrepeated
from hallucert.check.claim import Claim, Enclosure, Measured
from hallucert.check.file.unfinished import Unfinished
from hallucert.check.point.rule import Evidence
from hallucert.check.problem import Point
from hallucert.check.publishing import UNSIZED, Sizes, provenance, publish, sizes_at
from hallucert.check.reason import Reason
from hallucert.check.sheet.certificate import SheetCertificate
from hallucert.check.sheet.claims import THEOREMS, Pieces, curve_claims
from hallucert.check.sheet.curve import (
    MAX_DIMENSION,
    CurveCellProof,
    CurveChain,
    CurveSystem,
    ProvedChain,
    check_curve,
    straight_cell,
)
from hallucert.check.sheet.measures import RULES, Found, Least, Length, Measures, arc_piece
from hallucert.check.sheet.surface_atlas import MEASURED
from hallucert.check.subdivision import Box, Subdivision
from hallucert.clock import Clock, OutOfTime
from hallucert.errors import ArgumentError, require
from hallucert.exact import round_up
from hallucert.find.curves.records import Sheet
from hallucert.prove.curves.cells import STRAIGHT, Guide, Track, exact_rows
from hallucert.prove.curves.resume import BACK, alike, expected, located, too_short, unfinished
from hallucert.prove.regions import Cutting

PRECISION = 106  # bits by default
MAX_CELLS = 20_000
DEPTH = 4  # how often an arc may be halved where something is not certain
HARDEST_FIRST = ("projected_c32", "attractor", "gradient", "regular", "theorem_3_2")
KNOWN = 9  # a number is known well enough if its ends, counted from the threshold, differ by at most this factor
GROWTH = 1.2  # a cell may be longer than the one before by this factor; one that fails is halved
FIRST = 1 / 32  # the first cell tried, as a part of the whole length

# No cell is shorter than this part of the whole length, unless the search took steps nearly as short there; then it is
# no shorter than this part of such a step.
SHORTEST, OF_A_STEP = 2.0**-14, 1 / 16
JOINED = 1 / 4  # how far the last cell of a closed curve reaches into the first, as a part of its length


def certify_sheet(
    sheet: Sheet, backend: str, precisions: Sequence[int] | None, clock: Clock, resume: SheetCertificate | None = None
) -> SheetCertificate:
    """Prove what can be proved about `sheet`; see `hallucert.certify`.

    `ArgumentError` if the function has too many variables, or is no sum of ``d - 1`` squares, or if `resume` is of
    another curve; `NotAnalyticError` if it is float-only.
    """
    sheet.objective.require_rigorous()
    if not sheet.given_by_residuals:
        must = "be a curve of a function given as a sum of squares (Objective.least_squares) with d - 1 residuals; for "
        must += "others g(x+) = 0 has one equation too many to be regular, so that nothing can be proved"
        raise ArgumentError("subject", f"<a sheet of {sheet.objective.name[:40]!r}>", must)
    require(sheet.objective.dimension <= MAX_DIMENSION, "subject", sheet, f"have at most {MAX_DIMENSION} variables")
    ar = largest_arithmetic(backend, precisions)
    with ar:
        search = Search(CurveSystem(ar, sheet.objective, sheet.rho), sheet)
        work = None if resume is None or resume.unfinished is None else resume.unfinished.work
        if isinstance(work, Search) and work.is_same(search):
            search = work  # of this process: it has the proofs
        elif resume is not None and not search.took_up(resume, clock):
            raise too_short(resume)
        search.run(MAX_CELLS, clock)
        chains, claims = _claimed(search)
    return SheetCertificate(sheet.objective, sheet.rho, chains, claims, provenance(ar), unfinished=search.unfinished)


def largest_arithmetic(backend: str, precisions: Sequence[int] | None) -> BallArithmetic:
    """Return the arithmetic of curves and surfaces."""
    return arithmetic(backend, PRECISION if precisions is None else max(precisions))


def _claimed(search: Search) -> tuple[tuple[CurveChain, ...], tuple[Claim, ...]]:
    """Return the chains that are proved and measured, with their claims, and what is left undecided."""
    system = search.system
    ar, sheet = system.arithmetic, search.sheet
    first = [ar.constant(Fraction(v)) for v in sheet.x[0].tolist()]
    sizes = sizes_at(Point(ar, system.problem, first))
    chains: list[CurveChain] = []
    claims: list[Claim] = []
    for row in search.rows:
        found = row.chain(closed=search.whole and search.unfinished is None) if row.cells else None
        if found is None:
            continue
        chain, made = found[0], curve_claims(*found[1:], len(chains) + 1)
        about = Pieces.of(system.rho, "curve", (*chains, chain))
        if published := published_claims(made, about, ar.precision, sizes):
            chains.append(chain)
            claims += published
    if search.unfinished or not chains:
        claims.append(THEOREMS["curve"]["curve"].open(Reason.TIME if search.unfinished else Reason.PRECISION))
    return tuple(chains), tuple(claims)


class MeasuredCell(NamedTuple):
    """A proved cell, how its arc is cut, and what was measured on each piece: where it lies, the speed, the numbers."""

    proof: CurveCellProof
    cut: Subdivision
    pieces: list[tuple[Box, Enclosure, Found]]


class Row:
    """Cells that take up each other's curve, all proved and measured."""

    def __init__(self, rho: Fraction) -> None:
        self.rho, self.measures = rho, Measures(rho)
        self.cells: list[MeasuredCell] = []

    def add(self, proof: CurveCellProof, cut: Subdivision | None = None) -> bool:
        """Add a proved cell, cut until it is measured or as it was; False if it does not follow, or cannot be."""
        if self.cells and not _joins(self.cells[-1].proof, proof):
            return False
        cell = _measured_cell(proof, self.measures) if cut is None else _measured_again(proof, self.measures, cut)
        if cell is None:
            return False
        for _, _, found in cell.pieces:
            self.measures.add(found)
        self.cells.append(cell)
        return True

    def chain(self, closed: bool) -> tuple[CurveChain, ProvedChain, Measures, Length] | None:
        """Return the chain of the cells, closed if it should be and is proved to be, with what was measured of it.

        A piece that comes back to its first point ends before the cell in which it may do so.
        """
        proofs = [cell.proof for cell in self.cells]
        closed = closed and len(proofs) > 1 and _joins(proofs[-1], proofs[0])
        count = len(proofs) if closed else unrepeated(proofs)
        cells = self.cells[:count]
        chain = CurveChain(tuple(p.cell for p in proofs[:count]), closed, tuple(cell.cut for cell in cells))
        proved = check_curve(proofs[0].system, chain, proofs[:count])
        if isinstance(proved, str):
            return self.chain(closed=False) if closed else None
        measures, length = folded(self.rho, [found for cell in cells for _, _, found in cell.pieces]), Length()
        for cell, came_in in zip(cells, proved.entries, strict=True):
            for piece, speed, _ in cell.pieces:
                length.add(piece, came_in, speed)
        return chain, proved, measures, length


def folded(rho: Fraction, pieces: Sequence[Found]) -> Measures:
    """Return what holds on all of some pieces; what was not measured on one of them is open."""
    measures = Measures(rho)
    for found in pieces:
        measures.add({name: found.get(name, Reason.PRECISION) for name in RULES})
    return measures


def _joins(before: CurveCellProof, after: CurveCellProof) -> bool:
    return before.end is not None and after.entry(before.end) is not None


def _measured_cell(proof: CurveCellProof, measures: Measures) -> MeasuredCell | None:
    """Cut an arc until it is measured; None if that cannot be had."""
    cutting, pieces = Cutting([proof.cell.span]), []
    for piece, depth in cutting:
        point, speed = arc_piece(proof, piece)
        found = None if speed is None else measured(measures, point, depth < DEPTH)
        if found is not None and speed is not None:
            pieces.append((piece, speed, found))
            cutting.end(MEASURED)
        elif depth < DEPTH:
            cutting.halve()
        else:
            return None
    return MeasuredCell(proof, cutting.subdivision, pieces)


def _measured_again(proof: CurveCellProof, measures: Measures, cut: Subdivision) -> MeasuredCell | None:
    """Measure an arc that is cut."""
    pieces = []
    for word, piece in cut.pieces([proof.cell.span]):
        point, speed = arc_piece(proof, piece)
        if word != MEASURED or speed is None:
            return None
        pieces.append((piece, speed, measures.of(point)))
    return MeasuredCell(proof, cut, pieces)


def published_claims(
    found: list[Measured[Pieces]], about: Pieces, precision: int, sizes: Sizes = UNSIZED
) -> list[Claim]:
    """Return the claims about a piece; none if it is not shown to be there."""
    made = [publish(claim, about, precision, sizes) for claim in found]
    return made if made[0] else []


def measured(measures: Measures, point: Point, in_full: bool) -> Found | None:
    """Measure whatever has not failed on another piece; None as soon as something is not decided, if all has to be."""
    found: dict[str, Mapping[str, Enclosure] | Reason] = {}
    for name in HARDEST_FIRST:
        rule, (deciding, *_) = RULES[name]
        least = measures.least[name]
        if not least.failed:
            found[name] = rule.measure(Evidence(point), {})
            if in_full and not _decides(least, found[name], deciding):
                return None
    return found


def _decides(least: Least, found: Mapping[str, Enclosure] | Reason, deciding: str) -> bool:
    """Tell whether a piece is on one side of the threshold, or it no longer matters: some piece is below it."""
    if isinstance(found, Reason):
        return False
    if deciding in least.numbers and _below(least.numbers[deciding], least.threshold):
        return True
    number = found[deciding]
    low, high = number.lower - least.threshold, number.upper - least.threshold
    return KNOWN * low > high or _below(number, least.threshold)


def _below(number: Enclosure, threshold: Fraction) -> bool:
    """Tell whether a number is below the threshold, known within the factor."""
    return KNOWN * (threshold - number.upper) > threshold - number.lower


# ---------------------------------------------------------------------- cells


def track_of(system: CurveSystem, sheet: Sheet) -> Track[CurveSystem]:
    """Return a float curve by arclength; a closed one goes on for more rounds, so that it may begin anywhere."""
    points, tangents = sheet.x, sheet.tangent
    if sheet.closed:
        points, tangents = (np.concatenate([a, a[1:], a[1:]]) for a in (points, tangents))
    guide = Guide(points, tangents, 1.0, np.array([], dtype=int), False, False)
    return Track(system, guide)


class Search:
    """Covers a curve by rows of cells, each proved, joined to the one before and measured as soon as it is found.

    Where no short cell can be had a row ends, and the next begins behind a hole that grows until there is one. So
    nothing is lost when the time is up: `rows` are there, `unfinished` is what is left. They are the `whole` curve if
    they go round a closed one without a hole.
    """

    def __init__(self, system: CurveSystem, sheet: Sheet) -> None:
        self.system, self.sheet, self.track = system, sheet, track_of(system, sheet)
        self.rows: list[Row] = []
        self.begin = self.sigma = 0.0
        self.length = self.track.total / 3 if sheet.closed else self.track.total
        self.stop, self.step = self.length, FIRST * self.length
        self.whole = sheet.closed
        self.unfinished: Unfinished | None = None

    def is_same(self, other: Search) -> bool:
        """Tell whether another search is along the same curve, in the same arithmetic."""
        return alike((self.system, self.sheet), (other.system, other.sheet))

    def took_up(self, before: SheetCertificate, clock: Clock) -> bool:
        """Prove again what a certificate has of the curve, to go on behind it; False if the time does not suffice.

        Raises `ArgumentError` if its cells lie on another curve.
        """
        cells = [chain.cells for chain in before.chains]
        where = located(self.track, cells, self.length)
        require(where is not None or not cells, "resume", before, "be a certificate of a part of this curve")
        for number, chain in enumerate(before.chains):
            row = Row(self.system.rho)
            for done, (cell, cut) in enumerate(zip(chain.cells, chain.cuts, strict=True)):
                clock.tell("cells proved again", done, len(chain.cells))
                proof = CurveCellProof(self.system, cell)
                if clock.passed():
                    return False
                if not (proof.proved() and row.add(proof, cut)):
                    raise ArgumentError("resume", before, f"be proved: cell {done} of its sheet {number + 1} is not")
            self.rows.append(row)
        if where is not None:
            self.begin, self.sigma, length = where
            self.sigma -= BACK * length
            self.step = GROWTH * length
            self.whole = self.whole and len(cells) == 1
            self.stop = self.begin + self.length
            if self.whole:
                self.stop += JOINED * float(cells[0][0].span[1] - cells[0][0].span[0])
        if any(chain.closed for chain in before.chains):
            self.sigma = self.stop
        return True

    def run(self, max_cells: int, clock: Clock) -> None:
        """Go on until the end of the curve, or of the time."""
        began, first, self.unfinished = clock.now(), self.sigma, None
        try:
            with clock.watched():
                self._run(max_cells, clock)
        except OutOfTime:
            pass
        if self.stop - self.sigma > self._shortest:
            way = [self.track.steps_until(sigma) for sigma in (self.begin, first, self.sigma, self.stop)]
            self.unfinished = unfinished(way, clock.now() - began, self)

    def _run(self, max_cells: int, clock: Clock) -> None:
        before, hole = sum(len(row.cells) for row in self.rows), self._shortest
        first, left = self.sigma, max_cells
        while self.stop - self.sigma > self._shortest and left > 0 and not clock.passed():
            done = max_cells - left
            so_far = [self.track.steps_until(sigma) for sigma in (first, self.sigma, self.stop)]
            clock.tell("cells", before + done, expected(before, done, *so_far))
            upto = min(self.sigma + self.step, self.stop)
            found = cell_between(self.track, self.sigma, upto)
            if not self.rows:
                self.rows.append(Row(self.system.rho))
            if found is not None and self.rows[-1].add(found):
                if self.whole and before + done == 0:
                    self.stop = self.begin + self.length + JOINED * upto
                left, self.sigma, self.step = left - 1, upto, GROWTH * self.step
                hole = self._shortest
            elif self.step > self._shortest:
                self.step = max(0.5 * min(self.step, upto - self.sigma), self._shortest)
            else:
                if self.rows[-1].cells:
                    self.rows.append(Row(self.system.rho))
                self.stop, self.whole = self.begin + self.length, False
                self.sigma, hole = self.sigma + hole, 2 * hole
                self.step = max(self.step, hole)

    @property
    def _shortest(self) -> float:
        """The length of the shortest cell that is tried at the place."""
        steps = np.diff(self.track.lengths)
        i = min(int(np.searchsorted(self.track.lengths, self.sigma, side="right")) - 1, len(steps) - 1)
        return float(min(SHORTEST * self.length, OF_A_STEP * steps[i]))


def cell_between(track: Track[CurveSystem], sigma: float, upto: float) -> CurveCellProof | None:
    """Return a proved cell that covers the curve from arclength `sigma` to `upto`, or None."""
    system, shape = track.system, track.shape(sigma, upto)
    if shape is None:
        return None
    span = (Fraction(shape.span[0]), Fraction(shape.span[1]))
    centre, frame = tuple(map(Fraction, shape.centre.tolist())), exact_rows(shape.frame)
    preconditioner = exact_rows(shape.preconditioner)

    length = span[1] - span[0]
    axis = CurveCellProof(system, straight_cell(centre, frame, span, (length,) * system.dimension, preconditioner))

    def attempt(radius: tuple[Fraction, ...]) -> tuple[CurveCellProof, Vector | None]:
        proof = CurveCellProof(system, straight_cell(centre, frame, span, radius, preconditioner))
        proof.along_axis = axis.along_axis  # the same for every thickness, and most of the work
        return proof, proof.image(proof.box)

    return STRAIGHT.thickened(system.arithmetic, attempt, [round_up(length / 512, 12)] * system.dimension, length)
