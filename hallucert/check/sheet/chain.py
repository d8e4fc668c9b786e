"""A chain: overlapping cells whose arcs are proved to be one connected curve, open or closed.

Each cell holds exactly one arc of solutions of ``r(x+) = 0``. The end ``P`` of a cell's arc, on its face ``s = s_1``,
is enclosed and shown to lie in the next cell, hence on that cell's arc, before its end; and there the next arc runs in
the same direction (the ``s``-component of the velocity in the next frame is positive). So the arcs, each from where
the curve comes in to its end, are one path that never turns back, on a smooth one-dimensional manifold of solutions.

A chain is *closed* if the end of the last cell's arc lies in the first cell in the same way. The path then comes back
to its start in its own direction, so it covers a whole connected component of the solutions, which is compact: a
smooth closed curve. All solutions in the cells lie on it, as each cell's arc meets the path. The path goes round
once if its end lies in no other cell than the first and the last: every point is covered equally often.
An *open* chain passes no point twice if no later cell holds its first point (see `branch_chain`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from hallucert.check.cell import Cell, Joint, unrepeated
from hallucert.check.sheet.cell import CurveCellProof
from hallucert.check.sheet.system import ManifoldSystem
from hallucert.clock import UNLIMITED, Clock


@dataclass(frozen=True)
class CurveChain:
    """Overlapping cells, and whether the last joins the first."""

    cells: tuple[Cell, ...]
    closed: bool


@dataclass(frozen=True)
class ProvedChain:
    """A chain that was proved.

    Attributes
    ----------
    proofs : tuple of CurveCellProof
        One for each cell.
    joints : tuple of Joint
        The end of each cell's arc.
    entries : tuple of (Fraction, Fraction)
        For each cell an interval that holds the ``s`` where the curve comes in.
    closed : bool
        Whether the curve is closed.
    """

    proofs: tuple[CurveCellProof, ...]
    joints: tuple[Joint, ...]
    entries: tuple[tuple[Fraction, Fraction], ...]
    closed: bool


def check_curve(
    system: ManifoldSystem,
    chain: CurveChain,
    proofs: Sequence[CurveCellProof] | None = None,
    clock: Clock = UNLIMITED,
) -> ProvedChain | str:
    """Prove that the cells hold one connected curve; return what was proved, or what could not be.

    Parameters
    ----------
    system : ManifoldSystem
        The equation.
    chain : CurveChain
        The data.
    proofs : sequence of CurveCellProof, optional
        The prover's successful proofs of the cells in the same arithmetic; only joints are left to do then.
    clock : Clock
        Give up when its time is up.
    """
    count = len(chain.cells)
    if count < (3 if chain.closed else 1):
        return "it has too few cells"
    done, joints = [], []
    for i, cell in enumerate(chain.cells):
        if clock.passed():
            return "the time budget was spent before its last cell"
        proof = CurveCellProof(system, cell) if proofs is None else proofs[i]
        if proofs is None and not proof.proved():
            return f"cell {i} is not shown to hold exactly one arc"
        if proof.end is None:
            return f"the end of the arc in cell {i} is not enclosed"
        done.append(proof)
        joints.append(proof.end)
    first = done[0].cell.span[0]
    entries = [(first, first)]
    for i in range(0 if chain.closed else 1, count):
        came_in = done[i].entry(joints[i - 1])
        if came_in is None:
            return f"cell {i} is not shown to take up the curve of the cell before"
        entries[i:] = [came_in]
    if chain.closed and not all(proof.misses(joints[-1].z) for proof in done[1:-1]):
        return "the curve is not shown to go round only once"
    if not chain.closed and unrepeated(done) < count:
        return "the curve may come back to its first point"
    return ProvedChain(tuple(done), tuple(joints), tuple(entries), chain.closed)
