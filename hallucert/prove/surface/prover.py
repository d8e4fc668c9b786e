"""The prover for surfaces of hallucinated minimizers: from a float atlas to charts and claims, in one arithmetic."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from hallucert.balls.facade import BallArithmetic
from hallucert.check.claim import Claim
from hallucert.check.pieces.sentences import Pieces
from hallucert.check.reason import Reason
from hallucert.check.surface.atlas import Atlas, Neighbours, component, covered_edges
from hallucert.check.surface.cell import ChartProof
from hallucert.check.surface.claims import THEOREMS, surface_claims
from hallucert.check.surface.system import SurfaceSystem
from hallucert.clock import Clock
from hallucert.objectives.objective import Objective
from hallucert.prove.surface.proposal import SurfaceGuide, search_charts

SEARCH = 0.4
"""Part of the time budget for charts; the rest is for what is said about them."""


def prove_surface(
    arithmetic: BallArithmetic, objective: Objective, rho: Fraction, guide: SurfaceGuide, max_charts: int, clock: Clock
) -> tuple[tuple[Atlas, ...], tuple[Claim, ...]]:
    """Cover a float surface by proved charts and make their claims.

    Parameters
    ----------
    arithmetic
        The arithmetic of the proof.
    objective, rho
        The problem.
    guide : SurfaceGuide
        The surface in floats.
    max_charts : int
        Most charts.
    clock : Clock
        When to give up.

    Returns
    -------
    tuple of Atlas, tuple of Claim
        The atlases that were proved, numbered from 1 in the claims; one undecided claim if there is none.
    """
    searching = clock.part(SEARCH)
    system = SurfaceSystem(arithmetic, objective, rho)
    proofs = search_charts(system, guide, max_charts, searching)
    atlases: list[Atlas] = []
    claims: list[Claim] = []
    for part in _parts(proofs, guide.closed, clock):
        atlas = Atlas(tuple(proof.chart for proof in part.proofs), part.closed)
        found = surface_claims(system, atlas, len(atlases) + 1, part.proofs, part.covers, clock)
        if isinstance(found, str):
            continue
        about = Pieces(rho, "surface", tuple((piece.closed, len(piece.charts)) for piece in (*atlases, atlas)))
        made = [claim.published(about, arithmetic.precision) for claim in found]
        if made[0]:
            atlases.append(atlas)
            claims += made
    if not atlases:
        reason = Reason.TIME if searching.passed() else Reason.PRECISION
        claims.append(THEOREMS["surface"].open(reason))
    return tuple(atlases), tuple(claims)


class _Part(NamedTuple):
    """Charts that are shown to hang together, what covers their edges, and whether none is left free."""

    proofs: list[ChartProof]
    covers: list[list[int | None]]
    closed: bool


def _parts(proofs: list[ChartProof], closed: bool, clock: Clock) -> list[_Part]:
    """Cut the charts into those that are shown in time to hang together."""
    if not proofs:
        return []
    near = Neighbours(proofs)
    covers: list[list[int | None]] = []
    for i in range(len(proofs)):
        clock.tell("edges of charts", i, len(proofs))
        covers.append([None] if clock.passed() else covered_edges(proofs, i, near))
    joined = [{j for j in row if j is not None} for row in covers]
    left, result = set(range(len(proofs))), []
    while left:
        part = sorted(component(joined, min(left)))
        left -= set(part)
        number = {old: new for new, old in enumerate(part)}
        rows = [[None if j is None else number[j] for j in covers[i]] for i in part]
        result.append(_Part([proofs[i] for i in part], rows, closed and all(None not in row for row in rows)))
    return result
