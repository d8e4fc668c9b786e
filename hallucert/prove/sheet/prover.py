"""The prover for curves of hallucinated minimizers: from a float guide to chains and claims, in one arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from hallucert.balls.facade import BallArithmetic
from hallucert.check.cell import unrepeated
from hallucert.check.claim import Claim
from hallucert.check.pieces.sentences import Pieces
from hallucert.check.problem import Point
from hallucert.check.reason import Reason
from hallucert.check.sheet.cell import CurveCellProof
from hallucert.check.sheet.chain import CurveChain
from hallucert.check.sheet.claims import THEOREMS, sheet_claims
from hallucert.check.sheet.system import ManifoldSystem
from hallucert.clock import Clock
from hallucert.objectives.objective import Objective
from hallucert.prove.sheet.proposal import CurveGuide, search_curves

SEARCH = 0.4
"""Part of the time budget for cells; the rest is for what is said about them."""


def prove_sheet(
    arithmetic: BallArithmetic, objective: Objective, rho: Fraction, guide: CurveGuide, max_cells: int, clock: Clock
) -> tuple[tuple[CurveChain, ...], tuple[Claim, ...]]:
    """Cover a float curve by chains of proved cells and make their claims.

    Parameters
    ----------
    arithmetic
        The arithmetic of the proof.
    objective, rho
        The problem.
    guide : CurveGuide
        The curve in floats.
    max_cells : int
        Most cells.
    clock : Clock
        When to give up.

    Returns
    -------
    tuple of CurveChain, tuple of Claim
        The chains that were proved, numbered from 1 in the claims; one undecided claim if there is none.
    """
    searching = clock.part(SEARCH)
    system = ManifoldSystem(arithmetic, objective, rho)
    first = [arithmetic.constant(Fraction(v)) for v in guide.points[0].tolist()]
    sizes = Point(arithmetic, system.problem, first).sizes
    chains: list[CurveChain] = []
    claims: list[Claim] = []
    for row, closed in search_curves(system, guide, max_cells, searching):
        for chain, proofs in _linked(row, closed):
            found = sheet_claims(system, chain, len(chains) + 1, proofs, clock)
            if isinstance(found, str):
                continue
            about = Pieces(rho, "curve", tuple((piece.closed, len(piece.cells)) for piece in (*chains, chain)))
            made = [claim.published(about, arithmetic.precision, sizes) for claim in found]
            if made[0]:
                chains.append(chain)
                claims += made
    if not chains:
        reason = Reason.TIME if searching.passed() else Reason.PRECISION
        claims.append(THEOREMS["curve"].open(reason))
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
