"""Certify a sheet: from a continuation in floats to theorems about the exact curve or surface near it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from string import ascii_uppercase

from hallucert import __version__
from hallucert.balls import BallArithmetic, arithmetic
from hallucert.check.cell import unrepeated
from hallucert.check.claim import Claim, Enclosure, Measured, Provenance
from hallucert.check.problem import Point
from hallucert.check.publishing import UNSIZED, Sizes, publish, sizes_at
from hallucert.check.reason import Reason
from hallucert.check.sheet.certificate import SheetCertificate, SurfaceCertificate
from hallucert.check.sheet.claims import THEOREMS, Pieces, curve_claims, surface_claims
from hallucert.check.sheet.curve_cell import MAX_DIMENSION, CurveCellProof, CurveSystem
from hallucert.check.sheet.curve_chain import CurveChain, ProvedChain, check_curve
from hallucert.check.sheet.measures import RULES, Found, Least, Length, Measures, arc_piece
from hallucert.check.sheet.surface_atlas import (
    COVERED,
    FREE,
    MEASURED,
    Atlas,
    Neighbours,
    ProvedAtlas,
    component,
    covering,
    edges,
)
from hallucert.check.sheet.surface_chart import ChartProof
from hallucert.check.sheet.surface_system import SurfaceSystem
from hallucert.check.subdivision import Box, Subdivision, halves
from hallucert.clock import Clock, OutOfTime
from hallucert.errors import ArgumentError
from hallucert.find.curves.records import Sheet, Surface
from hallucert.prove.sheet.proposal import search_charts, search_curves

PRECISION = 106
"""Bits by default."""

MAX_CELLS = 20_000

SEARCH = 0.4
"""Part of the time budget for cells or charts; the rest is for what is said about them."""

CURVE_DEPTH, SURFACE_DEPTH, EDGE_DEPTH = 4, 10, 6
"""How often an arc, a patch or an edge may be halved where something is not certain."""

KNOWN = 9
"""A number is known well enough if its ends, counted from the threshold, differ by at most this factor."""


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
    ar = _arithmetic(backend, precisions)
    with ar:
        chains, claims = _curves(CurveSystem(ar, sheet.objective, sheet.rho), sheet, clock)
    return SheetCertificate(sheet.objective, sheet.rho, chains, claims, _provenance(ar))


def certify_surface(
    surface: Surface, backend: str, precisions: Sequence[int] | None, clock: Clock
) -> SurfaceCertificate:
    """Prove what can be proved about `surface`; see `hallucert.certify`.

    Raises
    ------
    NotAnalyticError
        If the objective is float-only, or has more than 12 variables.
    """
    surface.objective.require_rigorous()
    ar = _arithmetic(backend, precisions)
    with ar:
        atlases, claims = _surfaces(SurfaceSystem(ar, surface.objective, surface.rho), surface, clock)
    return SurfaceCertificate(surface.objective, surface.rho, atlases, claims, _provenance(ar))


def _arithmetic(backend: str, precisions: Sequence[int] | None) -> BallArithmetic:
    return arithmetic(backend, PRECISION if precisions is None else max(precisions))


def _provenance(ar: BallArithmetic) -> Provenance:
    return Provenance(__version__, ar.name, ar.version, ar.precision)


def _published(found: list[Measured[Pieces]], about: Pieces, precision: int, sizes: Sizes = UNSIZED) -> list[Claim]:
    """Return the claims about a piece; none if it is not shown to be there."""
    made = [publish(claim, about, precision, sizes) for claim in found]
    return made if made[0] else []


# ---------------------------------------------------------------------- curves


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
            if published := _published(made, about, ar.precision, sizes):
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

        cutting = _Cutting([proof.cell.span])
        try:
            with clock.watched():
                for piece, depth in cutting:
                    point, speed = arc_piece(proof, piece)
                    found = measures.of(point)
                    if depth < CURVE_DEPTH and (speed is None or not _decided(found, measures)):
                        cutting.halve()
                        continue
                    if speed is None:
                        return None
                    measures.add(found)
                    length.add(piece, came_in, speed)
                    cutting.end(MEASURED)
        except OutOfTime:
            return None
        cuts.append(cutting.subdivision)
    return tuple(cuts), measures, length


# ---------------------------------------------------------------------- surfaces


@dataclass(frozen=True)
class _Edges:
    """How the edges of a chart are cut, and for every piece, one edge after another, the chart that covers it."""

    cuts: tuple[Subdivision, ...]
    owners: list[int | None]


Edges = tuple[tuple[Subdivision, ...], ...]
"""The subdivisions of the edges of some charts."""

NOT_COVERED = _Edges((Subdivision(FREE),) * 4, [None] * 4)


def _surfaces(system: SurfaceSystem, surface: Surface, clock: Clock) -> tuple[tuple[Atlas, ...], tuple[Claim, ...]]:
    """Cover a float surface by proved charts and make their claims; one undecided claim if there are none."""
    searching = clock.part(SEARCH)
    atlases: list[Atlas] = []
    claims: list[Claim] = []
    for proved, bounds in _parts(search_charts(system, surface, MAX_CELLS, searching), surface.closed, clock):
        found = _cut_atlas(proved, clock)
        if found is None:
            continue
        cuts, measures = found
        made = surface_claims(proved, measures, len(atlases) + 1, clock)
        atlas = Atlas(tuple(proof.chart for proof in proved.proofs), proved.closed, bounds, cuts)
        about = Pieces.of(system.exact_rho, "surface", (*atlases, atlas))
        if published := _published(made, about, system.arithmetic.precision):
            atlases.append(atlas)
            claims += published
    if not atlases:
        claims.append(THEOREMS["surface"]["surface"].open(Reason.TIME if searching.passed() else Reason.PRECISION))
    return tuple(atlases), tuple(claims)


def _parts(proofs: list[ChartProof], closed: bool, clock: Clock) -> list[tuple[ProvedAtlas, Edges]]:
    """Cut the charts into those that are shown in time to hang together, each with what covers its edges."""
    if not proofs:
        return []
    near = Neighbours(proofs)
    bounds: list[_Edges] = []
    for i in range(len(proofs)):
        clock.tell("edges of charts", i, len(proofs))
        bounds.append(NOT_COVERED if clock.passed() else covered_edges(proofs, i, near))
    joined = [{j for j in edge.owners if j is not None} for edge in bounds]
    left, result = set(range(len(proofs))), []
    while left:
        part = sorted(component(joined, min(left)))
        left -= set(part)
        whole = closed and all(None not in bounds[i].owners for i in part)
        among = [proofs[i] for i in part]
        atlas = ProvedAtlas(tuple(among), whole, Neighbours(among))
        result.append((atlas, tuple(bounds[i].cuts for i in part) if whole else _spanning(bounds, part)))
    return result


def covered_edges(proofs: Sequence[ChartProof], number: int, near: Neighbours) -> _Edges:
    """Find charts that cover the pieces of the edges of one patch; an edge that is not covered is cut no further."""
    cuts: list[Subdivision] = []
    owners: list[int | None] = []
    for edge in edges(proofs[number].chart):
        cutting, free = _Cutting(edge), False
        for piece, depth in cutting:
            if depth == 0:
                cutting.halve()
                continue
            owner = next(covering(proofs, number, near, proofs[number].part(piece)), None)
            if owner is None and not free and depth < EDGE_DEPTH:
                cutting.halve()
                continue
            free = free or owner is None
            owners.append(owner)
            cutting.end(FREE if owner is None else COVERED)
        cuts.append(cutting.subdivision)
    return _Edges(tuple(cuts), owners)


def _spanning(bounds: Sequence[_Edges], part: Sequence[int]) -> Edges:
    """Leave free of the edges of connected charts what is not needed to connect them."""
    group = {i: i for i in part}
    result = []
    for i in part:
        owners, kept = iter(bounds[i].owners), []
        for cuts in bounds[i].cuts:
            letters = ""
            for letter in cuts.letters:
                if letter.islower():
                    owner = next(owners)
                    letter = FREE if owner is None or group[owner] == group[i] else COVERED
                    if owner is not None and letter == COVERED:
                        old, new = group[owner], group[i]
                        group = {j: new if g == old else g for j, g in group.items()}
                letters += letter
            while (shorter := re.sub(f"[A-Z]{FREE}{FREE}", FREE, letters)) != letters:
                letters = shorter
            kept.append(Subdivision(letters))
        result.append(tuple(kept))
    return tuple(result)


def _cut_atlas(atlas: ProvedAtlas, clock: Clock) -> tuple[tuple[Subdivision, ...], Measures] | None:
    """Cut the patches until they are measured; return how, and what was measured, or None if that cannot be had.

    A piece is tried if it is at most twice as large as the largest that could be measured on the chart before.
    """
    measures, start = Measures(atlas.proofs[0].system.exact_rho), 0
    cuts = []
    for number, proof in enumerate(atlas.proofs):
        clock.tell("charts measured", number, len(atlas.proofs))
        cutting = _Cutting(proof.chart.square)
        depths: list[int] = []
        for piece, depth in cutting:
            if clock.passed():
                return None
            part = proof.part(piece)
            if next(covering(atlas.proofs, number, atlas.neighbours, part, before=number), None) is not None:
                cutting.end(COVERED)
                continue
            point = None if depth < start else part.narrow().point()
            found = None if point is None else measures.of(point)
            if depth < SURFACE_DEPTH and (found is None or not _decided(found, measures)):
                cutting.halve()
                continue
            if found is None:
                return None
            measures.add(found)
            depths.append(depth)
            cutting.end(MEASURED)
        cuts.append(cutting.subdivision)
        start = max(min(depths, default=start) - 1, 0)
    return tuple(cuts), measures


# ---------------------------------------------------------------------- cutting


class _Cutting:
    """A subdivision of a box that is being recorded: iterating gives pieces, and how often each was halved.

    Each is to be halved or ended before the next is asked for.
    """

    def __init__(self, box: Box) -> None:
        self._letters, self._pending, self._piece = "", [(box, 0)], (box, 0)

    @property
    def subdivision(self) -> Subdivision:
        """What was recorded, when there are no more pieces."""
        return Subdivision(self._letters)

    def __iter__(self) -> Iterator[tuple[Box, int]]:
        while self._pending:
            self._piece = self._pending.pop()
            yield self._piece

    def halve(self) -> None:
        """Look next at the two halves of the piece, which is cut across its longest side."""
        box, depth = self._piece
        widths = [high - low for low, high in box]
        axis = widths.index(max(widths))
        self._letters += ascii_uppercase[axis]
        self._pending += [(half, depth + 1) for half in reversed(halves(box, axis))]

    def end(self, word: str) -> None:
        """Record what becomes of the piece."""
        self._letters += word


def _decided(found: Found, measures: Measures) -> bool:
    """Tell whether a piece need not be halved for what was found on it."""
    return all(_decides(measures.least[name], numbers, RULES[name][1][0]) for name, numbers in found.items())


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
