"""Certify a surface: from charts in floats to charts that are proved, how they join, and theorems about the surface."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls import matrix
from hallucert.check.cell import Vector
from hallucert.check.claim import Claim
from hallucert.check.publishing import provenance
from hallucert.check.reason import Reason
from hallucert.check.sheet.certificate import SurfaceCertificate
from hallucert.check.sheet.claims import THEOREMS, Pieces, surface_claims
from hallucert.check.sheet.measures import Measures
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
from hallucert.check.sheet.surface_chart import SIDES, Chart, ChartProof
from hallucert.check.sheet.surface_system import SurfaceSystem
from hallucert.check.subdivision import Subdivision
from hallucert.clock import Clock
from hallucert.exact import round_up
from hallucert.find.curves.records import Surface
from hallucert.find.curves.surface import across
from hallucert.prove.curves.cells import STRAIGHT, exact_rows
from hallucert.prove.curves.sheet import SEARCH, largest_arithmetic, measured, published_claims
from hallucert.prove.regions import Cutting

MAX_CHARTS = 20_000
DEPTH, EDGE_DEPTH = 10, 6  # how often a patch or an edge may be halved where something is not certain
NEWTON_STEPS = 8
SPLITS = 3  # how often a chart that cannot be proved is replaced by four smaller ones
QUARTER = 0.54  # half width of the four as a part of the old one: they overlap


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
    ar = largest_arithmetic(backend, precisions)
    with ar:
        atlases, claims = _surfaces(SurfaceSystem(ar, surface.objective, surface.rho), surface, clock)
    return SurfaceCertificate(surface.objective, surface.rho, atlases, claims, provenance(ar))


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
    for proved, bounds in _parts(search_charts(system, surface, MAX_CHARTS, searching), surface.closed, clock):
        found = _cut_atlas(proved, clock)
        if found is None:
            continue
        cuts, measures = found
        made = surface_claims(proved, measures, len(atlases) + 1, clock)
        atlas = Atlas(tuple(proof.chart for proof in proved.proofs), proved.closed, bounds, cuts)
        about = Pieces.of(system.exact_rho, "surface", (*atlases, atlas))
        if published := published_claims(made, about, system.arithmetic.precision):
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
        cutting = Cutting(proof.chart.square)
        depths: list[int] = []
        for piece, depth in cutting:
            if clock.passed():
                return None
            part = proof.part(piece)
            if next(covering(atlas.proofs, number, atlas.neighbours, part, before=number), None) is not None:
                cutting.end(COVERED)
                continue
            point = None if depth < start else part.narrow().point()
            found = None if point is None else measured(measures, point, depth < DEPTH)
            if found is not None:
                measures.add(found)
                depths.append(depth)
                cutting.end(MEASURED)
            elif depth < DEPTH:
                cutting.halve()
            else:
                return None
        cuts.append(cutting.subdivision)
        start = max(min(depths, default=start) - 1, 0)
    return tuple(cuts), measures


# ---------------------------------------------------------------------- charts


def search_charts(system: SurfaceSystem, surface: Surface, max_charts: int, clock: Clock) -> list[ChartProof]:
    """Return proved charts over the points of a float surface, as many as are found in time."""
    found: list[ChartProof] = []
    pending = [
        (x, tangents, float(h), SPLITS)
        for x, tangents, h in zip(surface.x, surface.tangents, surface.half_widths, strict=True)
    ]
    pending.reverse()
    while pending and len(found) < max_charts and not clock.passed():
        clock.tell("charts", len(found), len(found) + len(pending))
        x, tangents, h, left = pending.pop()
        proof = (chart_at(system, x, tangents, h, found[-1]) if found else None) or chart_at(system, x, tangents, h)
        if proof is not None:
            found.append(proof)
        elif left > 0:
            shifts = [(a, b) for a in (-0.5, 0.5) for b in (-0.5, 0.5)]
            pending += [(x + h * (tangents @ np.array(shift)), tangents, QUARTER * h, left - 1) for shift in shifts]
    return found


def chart_at(
    system: SurfaceSystem, x: np.ndarray, tangents: np.ndarray, h: float, like: ChartProof | None = None
) -> ChartProof | None:
    """Return a proved chart around the solution next to `x`, with parameters along `tangents`, or None.

    It may be about as thick as another one, for its size; then fewer thicknesses are tried.
    """
    z = _solution(system, x)
    return None if z is None else chart_around(system, z, tangents, h, like)


def chart_around(
    system: SurfaceSystem, z: np.ndarray, tangents: np.ndarray, h: float, like: ChartProof | None = None
) -> ChartProof | None:
    """Return a proved chart around a zero of ``E`` in floats, or None."""
    d = system.dimension
    jacobian = _floats(system, z)
    null = np.linalg.svd(jacobian)[2][system.equations :].T
    turned = tangents.T @ null[:d]
    if abs(np.linalg.det(turned)) < 1e-8:
        return None
    frame = np.column_stack([null @ np.linalg.inv(turned), across(tangents, z[d:-1] - z[:d])])
    inverse = matrix.float_inverse(jacobian @ frame[:, SIDES:])
    if inverse is None:
        return None
    half_width = round_up(Fraction(h), 12)
    centre, turned, preconditioner = tuple(map(Fraction, z.tolist())), exact_rows(frame), exact_rows(inverse)

    def attempt(radius: tuple[Fraction, ...]) -> tuple[ChartProof, Vector | None]:
        proof = ChartProof(system, Chart(centre, turned, half_width, radius, preconditioner))
        return proof, proof.image

    ar, thickness = system.arithmetic, [Fraction(1, 16)] * system.equations
    if like is not None and like.image is not None:
        thickness = [STRAIGHT.growth * ar.magnitude(k) / like.chart.half_width for k in like.image]
    return STRAIGHT.thickened(ar, attempt, [round_up(t * half_width, 12) for t in thickness], 4 * half_width)


def _solution(system: SurfaceSystem, x: np.ndarray) -> np.ndarray | None:
    """Newton's method in floats from ``(x, x+, |g|/rho)``, by least changes; None if it does not get to a solution."""
    ar, rho = system.arithmetic, float(system.exact_rho)
    exact = [ar.from_float(v) for v in x.tolist()]
    g = np.array([ar.approximate(v) for v in system.objective.enclose_gradient(ar, exact)])
    size = float(np.linalg.norm(g))
    if not (np.isfinite(size) and size > 0):
        return None
    z = np.concatenate([x, x + rho * g / size, [size / rho]])
    for _ in range(NEWTON_STEPS):
        value = np.array([ar.approximate(v) for v in system.value([ar.from_float(v) for v in z.tolist()])])
        jacobian = _floats(system, z)
        if not (np.isfinite(value).all() and np.isfinite(jacobian).all()):
            return None
        step = np.linalg.lstsq(jacobian, value, rcond=None)[0]
        z = z - step
        if np.linalg.norm(step) <= 1e-14 * np.linalg.norm(z):
            break
    return z if z[-1] > 0 and np.linalg.norm(step) <= 1e-9 * np.linalg.norm(z) else None


def _floats(system: SurfaceSystem, z: np.ndarray) -> np.ndarray:
    ar = system.arithmetic
    return ar.approximations(system.jacobian([ar.from_float(v) for v in z.tolist()]))
