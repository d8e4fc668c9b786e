"""Certify a surface: from charts in floats to charts that are proved, how they join, and theorems about the surface."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hallucert.check.claim import Claim
from hallucert.check.file.unfinished import Unfinished
from hallucert.check.publishing import provenance
from hallucert.check.reason import Reason
from hallucert.check.sheet.certificate import SurfaceCertificate
from hallucert.check.sheet.claims import THEOREMS, Pieces, surface_claims
from hallucert.check.sheet.measures import Found, Measures
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
from hallucert.check.subdivision import Subdivision
from hallucert.clock import Clock
from hallucert.errors import ArgumentError
from hallucert.find.curves.records import Surface
from hallucert.prove.curves.charts import pending_places, search_charts, solution
from hallucert.prove.curves.resume import alike, too_short, unfinished
from hallucert.prove.curves.sheet import folded, largest_arithmetic, measured, published_claims
from hallucert.prove.regions import Cutting

MAX_CHARTS = 20_000
SEARCH = 0.4  # part of the time budget for charts; the rest is for what is said about them
DEPTH, EDGE_DEPTH = 10, 6  # how often a patch or an edge may be halved where something is not certain


def certify_surface(
    surface: Surface,
    backend: str,
    precisions: Sequence[int] | None,
    clock: Clock,
    resume: SurfaceCertificate | None = None,
) -> SurfaceCertificate:
    """Prove what can be proved about `surface`; `NotAnalyticError` if it is float-only. See `hallucert.certify`."""
    surface.objective.require_rigorous()
    ar = largest_arithmetic(backend, precisions)
    with ar:
        search = Search(SurfaceSystem(ar, surface.objective, surface.rho), surface)
        work = None if resume is None or resume.unfinished is None else resume.unfinished.work
        if isinstance(work, Search) and work.is_same(search):
            search = work  # of this process: it has the proofs
        elif resume is not None and not search.took_up(resume, clock):
            raise too_short(resume)
        search.run(MAX_CHARTS, clock)
        atlases, claims = _claimed(search, clock)
    if resume is not None and search.unfinished and sum(map(len, atlases)) < resume.cells:
        raise too_short(resume)
    found = surface.objective, surface.rho, atlases, claims, provenance(ar)
    return SurfaceCertificate(*found, unfinished=search.unfinished)


@dataclass(frozen=True)
class _Edges:
    """How the edges of a chart are cut, and for every piece, one edge after another, the chart that covers it."""

    cuts: tuple[Subdivision, ...]
    owners: list[int | None]


Edges = tuple[tuple[Subdivision, ...], ...]
"""The subdivisions of the edges of some charts."""


class MeasuredChart(NamedTuple):
    """How the patch of a chart is cut, what was measured on its pieces, and which earlier charts hold the others."""

    cut: Subdivision
    found: list[Found]
    owners: set[int]


class Search:
    """Covers a surface by charts, each proved, joined to others by its edges and measured, as many as time allows.

    Of the first of the `proofs`, `bounds` are what covers their edges, and `measured` what was measured; `unfinished`
    is what is left, if it did not come to the end.
    """

    def __init__(self, system: SurfaceSystem, surface: Surface) -> None:
        self.system, self.surface = system, surface
        self.proofs: list[ChartProof] = []
        self.bounds: list[_Edges] = []
        self.measured: list[MeasuredChart] = []
        self.pending = pending_places(surface)
        self.unfinished: Unfinished | None = None

    def is_same(self, other: Search) -> bool:
        """Tell whether another search is of the same surface, in the same arithmetic."""
        return alike((self.system, self.surface), (other.system, other.surface))

    def took_up(self, before: SurfaceCertificate, clock: Clock) -> bool:
        """Prove again what a certificate has of the surface, to go on beside it; False if the time does not suffice.

        Raises `ArgumentError` if it is not proved.
        """
        for atlas in before.atlases:
            first, proofs = len(self.proofs), [ChartProof(self.system, chart) for chart in atlas.charts]
            near = Neighbours(proofs)
            for number, (proof, cut) in enumerate(zip(proofs, atlas.cuts, strict=True)):
                clock.tell("charts proved again", number, len(proofs))
                if clock.passed():
                    return False
                chart = _measured_again(proofs, number, near, cut) if proof.proved() else None
                if chart is None:
                    raise ArgumentError("resume", before, f"be proved: chart {number} of its surface is not")
                self.measured.append(chart._replace(owners={first + owner for owner in chart.owners}))
            self.proofs += proofs
        centres = np.array([proof.chart.centre for proof in self.proofs], float).reshape(-1, self.system.unknowns)
        self.pending = [place for place in self.pending if not self._is_centre(place[0], centres)]
        return True

    def _is_centre(self, x: np.ndarray, centres: np.ndarray) -> bool:
        """Tell whether a chart has been made at a place."""
        z = solution(self.system, x)
        return z is not None and bool(np.any(np.abs(centres - z).max(axis=1, initial=0.0) <= 1e-9 * np.abs(z).max()))

    def run(self, max_charts: int, clock: Clock) -> None:
        """Go on until all is done, or the time is up."""
        began, before, self.unfinished = clock.now(), len(self.measured), None
        search_charts(self.system, self.pending, self.proofs, max_charts, clock.part(SEARCH))
        self._bound(clock.part(SEARCH))
        self._measure(clock)
        done, whole = len(self.measured), len(self.proofs) + len(self.pending)
        if done < whole and clock.passed():
            self.unfinished = unfinished([0.0, float(before), float(done), float(whole)], clock.now() - began, self)

    def _bound(self, clock: Clock) -> None:
        """Find what covers the edges of the charts; for those with free edges again, since there may be more charts."""
        near = Neighbours(self.proofs) if self.proofs else None
        for i in range(len(self.proofs)):
            clock.tell("edges of charts", i, len(self.proofs))
            known = i < len(self.bounds)
            if near is None or clock.passed() or (known and None not in self.bounds[i].owners):
                continue
            self.bounds[i : i + 1] = [covered_edges(self.proofs, i, near)]

    def _measure(self, clock: Clock) -> None:
        """Cut patches until they are measured, those whose edges are known; one that cannot be ends it.

        A piece is tried if it is at most twice as large as the largest that could be measured on the chart before.
        """
        measures, near, start = Measures(self.system.exact_rho), None, 0
        for chart in self.measured:
            for found in chart.found:
                measures.add(found)
        for number in range(len(self.measured), len(self.bounds)):
            clock.tell("charts measured", number, len(self.proofs))
            near = near or Neighbours(self.proofs)
            cut = _cut_chart(self.proofs, number, near, measures, start, clock)
            if cut is None:
                return
            chart, start = cut
            for found in chart.found:
                measures.add(found)
            self.measured.append(chart)


def _claimed(search: Search, clock: Clock) -> tuple[tuple[Atlas, ...], tuple[Claim, ...]]:
    """Return the atlases that are proved and measured, with their claims, and what is left undecided."""
    system, bounds, finished = search.system, search.bounds, search.unfinished is None
    atlases: list[Atlas] = []
    claims: list[Claim] = []
    for part in _parts(bounds, search.measured):
        covered = all(owner in part for i in part for owner in bounds[i].owners)
        closed = search.surface.closed and finished and covered
        among = [search.proofs[i] for i in part]
        measures = folded(system.exact_rho, [found for i in part for found in search.measured[i].found])
        proved = ProvedAtlas(tuple(among), closed, Neighbours(among))
        made = surface_claims(proved, measures, len(atlases) + 1, clock)
        edges = tuple(bounds[i].cuts for i in part) if closed else _spanning(bounds, part)
        atlas = Atlas(tuple(p.chart for p in among), closed, edges, tuple(search.measured[i].cut for i in part))
        about = Pieces.of(system.exact_rho, "surface", (*atlases, atlas))
        if published := published_claims(made, about, system.arithmetic.precision):
            atlases.append(atlas)
            claims += published
    if not finished or not atlases:
        claims.append(THEOREMS["surface"]["surface"].open(Reason.PRECISION if finished else Reason.TIME))
    return tuple(atlases), tuple(claims)


def _parts(bounds: Sequence[_Edges], measured: Sequence[MeasuredChart]) -> list[list[int]]:
    """Return the numbers of measured charts that hang together by their edges.

    A chart of which a piece was not measured, since an earlier chart holds it, is left out unless that one is with it.
    """
    usable = set(range(min(len(bounds), len(measured))))
    while True:
        joined = [{j for j in edge.owners if j is not None and {i, j} <= usable} for i, edge in enumerate(bounds)]
        left, parts = set(usable), []
        while left:
            parts.append(sorted(component(joined, min(left))))
            left -= set(parts[-1])
        lost = {i for part in parts for i in part if not measured[i].owners <= set(part)}
        if not lost:
            return parts
        usable -= lost


def covered_edges(proofs: Sequence[ChartProof], number: int, near: Neighbours) -> _Edges:
    """Find charts that cover the pieces of the edges of one patch; an edge that is not covered is cut no further."""
    cuts: list[Subdivision] = []
    owners: list[int | None] = []
    for edge in edges(proofs[number].chart):
        cutting, free = Cutting(edge), False
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
                    letter = FREE if owner not in group or group[owner] == group[i] else COVERED
                    if owner is not None and letter == COVERED:
                        old, new = group[owner], group[i]
                        group = {j: new if g == old else g for j, g in group.items()}
                letters += letter
            while (shorter := re.sub(f"[A-Z]{FREE}{FREE}", FREE, letters)) != letters:
                letters = shorter
            kept.append(Subdivision(letters))
        result.append(tuple(kept))
    return tuple(result)


def _cut_chart(
    proofs: Sequence[ChartProof], number: int, near: Neighbours, measures: Measures, start: int, clock: Clock
) -> tuple[MeasuredChart, int] | None:
    """Cut a patch until it is measured; return that and the depth to begin with next, or None if it cannot be had."""
    cutting, depths = Cutting(proofs[number].chart.square), list[int]()
    result, owners = list[Found](), set[int]()
    for piece, depth in cutting:
        if clock.passed():
            return None
        part = proofs[number].part(piece)
        owner = next(covering(proofs, number, near, part, before=number), None)
        if owner is not None:
            owners.add(owner)
            cutting.end(COVERED)
            continue
        point = None if depth < start else part.narrow().point()
        found = None if point is None else measured(measures, point, depth < DEPTH)
        if found is not None:
            result.append(found)
            depths.append(depth)
            cutting.end(MEASURED)
        elif depth < DEPTH:
            cutting.halve()
        else:
            return None
    return MeasuredChart(cutting.subdivision, result, owners), max(min(depths, default=start) - 1, 0)


def _measured_again(
    proofs: Sequence[ChartProof], number: int, near: Neighbours, cut: Subdivision
) -> MeasuredChart | None:
    """Measure a patch that is cut, but for pieces that earlier charts hold; None if something is not as it says."""
    proof, result, owners = proofs[number], list[Found](), set[int]()
    measures = Measures(proof.system.exact_rho)
    for word, piece in cut.pieces(proof.chart.square):
        part = proof.part(piece)
        owner = next(covering(proofs, number, near, part, before=number), None) if word == COVERED else None
        point = part.narrow().point() if word == MEASURED else None
        if owner is not None:
            owners.add(owner)
        elif point is not None:
            result.append(measures.of(point))
        else:
            return None
    return MeasuredChart(cut, result, owners)
