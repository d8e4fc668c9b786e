"""Certify a sheet: from a continuation in floats to chains of straight cells and theorems about the exact curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from hallucert.balls import BallArithmetic, arithmetic
from hallucert.check.cell import Vector, unrepeated
from hallucert.check.claim import Claim, Enclosure, Measured
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
from hallucert.check.subdivision import Subdivision
from hallucert.clock import Clock, OutOfTime
from hallucert.errors import ArgumentError
from hallucert.exact import round_up
from hallucert.find.curves.records import Sheet
from hallucert.prove.curves.cells import STRAIGHT, Guide, Track, exact_rows
from hallucert.prove.regions import Cutting

PRECISION = 106  # bits by default
MAX_CELLS = 20_000
SEARCH = 0.4  # part of the time budget for cells or charts; the rest is for what is said about them
DEPTH = 4  # how often an arc may be halved where something is not certain
HARDEST_FIRST = ("projected_c32", "attractor", "gradient", "regular", "theorem_3_2")
KNOWN = 9  # a number is known well enough if its ends, counted from the threshold, differ by at most this factor
GROWTH = 1.2  # a cell may be longer than the one before by this factor; one that fails is halved
FIRST = 1 / 32  # the first cell tried, as a part of the whole length

# No cell is shorter than this part of the whole length, unless the search took steps nearly as short there; then it is
# no shorter than this part of such a step.
SHORTEST, OF_A_STEP = 2.0**-14, 1 / 16
JOINED = 1 / 4  # how far the last cell of a closed curve reaches into the first, as a part of its length


def certify_sheet(sheet: Sheet, backend: str, precisions: Sequence[int] | None, clock: Clock) -> SheetCertificate:
    """Prove what can be proved about `sheet`; see `hallucert.certify`.

    Raises
    ------
    ArgumentError
        If the function has too many variables, or is not given as a sum of squares with ``d - 1`` residuals.
    NotAnalyticError
        If the objective is float-only.
    """
    sheet.objective.require_rigorous()
    if not sheet.given_by_residuals:
        must = "be a curve of a function given as a sum of squares (Objective.least_squares) with d - 1 residuals; for "
        must += "others g(x+) = 0 has one equation too many to be regular, so that nothing can be proved"
        raise ArgumentError("subject", f"<a sheet of {sheet.objective.name[:40]!r}>", must)
    if sheet.objective.dimension > MAX_DIMENSION:
        raise ArgumentError("subject", sheet, f"have at most {MAX_DIMENSION} variables")
    ar = largest_arithmetic(backend, precisions)
    with ar:
        chains, claims = _curves(CurveSystem(ar, sheet.objective, sheet.rho), sheet, clock)
    return SheetCertificate(sheet.objective, sheet.rho, chains, claims, provenance(ar))


def largest_arithmetic(backend: str, precisions: Sequence[int] | None) -> BallArithmetic:
    """Return the arithmetic of curves and surfaces."""
    return arithmetic(backend, PRECISION if precisions is None else max(precisions))


def _curves(system: CurveSystem, sheet: Sheet, clock: Clock) -> tuple[tuple[CurveChain, ...], tuple[Claim, ...]]:
    """Cover a float curve by chains of proved cells and make their claims; one undecided claim if there is none."""
    searching, ar = clock.part(SEARCH), system.arithmetic
    first = [ar.constant(Fraction(v)) for v in sheet.x[0].tolist()]
    sizes = sizes_at(Point(ar, system.problem, first))
    chains: list[CurveChain] = []
    claims: list[Claim] = []
    for row, closed in search_curves(system, sheet, MAX_CELLS, searching):
        for chain, proofs in _linked(row, closed):
            proved = check_curve(system, chain, proofs, clock)
            found = None if isinstance(proved, str) else _cut_chain(proved, clock)
            if isinstance(proved, str) or found is None:
                continue
            cuts, measures, length = found
            made = curve_claims(proved, measures, length, len(chains) + 1)
            about = Pieces.of(system.rho, "curve", (*chains, chain))
            if published := published_claims(made, about, ar.precision, sizes):
                chains.append(replace(chain, cuts=cuts))
                claims += published
    if not chains:
        claims.append(THEOREMS["curve"]["curve"].open(Reason.TIME if searching.passed() else Reason.PRECISION))
    return tuple(chains), tuple(claims)


def _linked(row: Sequence[CurveCellProof], closed: bool) -> list[tuple[CurveChain, list[CurveCellProof]]]:
    """Cut a row where a joint is not proved; it is closed if all joints are, also the last with the first."""
    joined = [_joins(a, b) for a, b in pairwise(row)]
    parts: list[list[CurveCellProof]] = [[row[0]]]
    for proof, good in zip(row[1:], joined, strict=True):
        if good:
            parts[-1].append(proof)
        else:
            parts.append([proof])
    closed = closed and len(parts) == 1 and _joins(row[-1], row[0])
    if not closed:
        # A piece that comes back to its first point ends before the cell in which it may do so.
        parts = [part[: unrepeated(part)] for part in parts]
    return [(CurveChain(tuple(proof.cell for proof in part), closed), part) for part in parts]


def _joins(before: CurveCellProof, after: CurveCellProof) -> bool:
    return before.end is not None and after.entry(before.end) is not None


def _cut_chain(chain: ProvedChain, clock: Clock) -> tuple[tuple[Subdivision, ...], Measures, Length] | None:
    """Cut the arcs until they are measured; return how, and what was measured, or None if that cannot be had."""
    measures, length = Measures(chain.proofs[0].system.rho), Length()
    cuts = []
    for number, (proof, came_in) in enumerate(zip(chain.proofs, chain.entries, strict=True)):
        clock.tell("cells measured", number, len(chain.proofs))

        cutting = Cutting([proof.cell.span])
        try:
            with clock.watched():
                for piece, depth in cutting:
                    point, speed = arc_piece(proof, piece)
                    found = None if speed is None else measured(measures, point, depth < DEPTH)
                    if found is not None and speed is not None:
                        measures.add(found)
                        length.add(piece, came_in, speed)
                        cutting.end(MEASURED)
                    elif depth < DEPTH:
                        cutting.halve()
                    else:
                        return None
        except OutOfTime:
            return None
        cuts.append(cutting.subdivision)
    return tuple(cuts), measures, length


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
    """Return a float curve by arclength; a closed one goes on for a second round."""
    points, tangents = sheet.x, sheet.tangent
    if sheet.closed:
        points, tangents = (np.concatenate([a, a[1:]]) for a in (points, tangents))
    guide = Guide(points, tangents, 1.0, np.array([], dtype=int), False, False)
    return Track(system, guide)


def search_curves(
    system: CurveSystem, sheet: Sheet, max_cells: int, clock: Clock
) -> list[tuple[list[CurveCellProof], bool]]:
    """Cover a curve by proved cells, and tell of each row of cells whether it should be closed.

    Where no short cell can be proved a row ends, and the next begins behind a hole that grows until it does. Only a
    closed curve without holes is closed.
    """
    track = track_of(system, sheet)
    whole = track.total / 2 if sheet.closed else track.total
    stop, step, sigma = whole, FIRST * whole, 0.0
    rows: list[list[CurveCellProof]] = [[]]
    shortest = _shortest(track, whole, sigma)
    left, hole, whole_round = max_cells, shortest, sheet.closed
    while sigma < stop:
        clock.tell("cells", max_cells - left)
        if left == 0 or clock.passed():
            whole_round = False
            break
        upto = min(sigma + step, stop)
        found = cell_between(track, sigma, upto)
        if found is not None:
            if sheet.closed and left == max_cells:
                stop = whole + JOINED * upto
            rows[-1].append(found)
            left, sigma, step = left - 1, upto, GROWTH * step
            hole = shortest = _shortest(track, whole, sigma)
        elif step > shortest:
            step = max(0.5 * min(step, upto - sigma), shortest)
        else:
            rows.append([])
            stop, whole_round = whole, False
            sigma, hole = sigma + hole, 2 * hole
            shortest = _shortest(track, whole, sigma)
            step = max(step, hole)
    return [(row, whole_round) for row in rows if row]


def _shortest(track: Track[CurveSystem], whole: float, sigma: float) -> float:
    """Return the length of the shortest cell that is tried at `sigma`."""
    steps = np.diff(track.lengths)
    i = min(int(np.searchsorted(track.lengths, sigma, side="right")) - 1, len(steps) - 1)
    return float(min(SHORTEST * whole, OF_A_STEP * steps[i]))


def cell_between(track: Track[CurveSystem], sigma: float, upto: float) -> CurveCellProof | None:
    """Return a proved cell that covers the curve from arclength `sigma` to `upto`, or None."""
    system, shape = track.system, track.shape(sigma, upto)
    if shape is None:
        return None
    span = (Fraction(shape.span[0]), Fraction(shape.span[1]))
    centre, frame = tuple(map(Fraction, shape.centre.tolist())), exact_rows(shape.frame)
    preconditioner = exact_rows(shape.preconditioner)

    def attempt(radius: tuple[Fraction, ...]) -> tuple[CurveCellProof, Vector | None]:
        proof = CurveCellProof(system, straight_cell(centre, frame, span, radius, preconditioner))
        return proof, proof.image(proof.box)

    length = span[1] - span[0]
    return STRAIGHT.thickened(system.arithmetic, attempt, [round_up(length / 512, 12)] * system.dimension, length)
