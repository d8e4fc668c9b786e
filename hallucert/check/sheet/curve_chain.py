"""A chain: overlapping cells whose arcs are proved to be one connected curve, open or closed, and its total turning.

Each cell holds exactly one arc of solutions of ``r(x+) = 0``. The end ``P`` of a cell's arc, on its face ``s = s_1``,
is enclosed and shown to lie in the next cell, hence on that cell's arc, before its end; and there the next arc runs in
the same direction (the ``s``-component of the velocity in the next frame is positive). So the arcs, each from where
the curve comes in to its end, are one path that never turns back, on a smooth one-dimensional manifold of solutions.

A chain is *closed* if the end of the last cell's arc lies in the first cell in the same way. The path then comes back
to its start in its own direction, so it covers a whole connected component of the solutions, which is compact: a
smooth closed curve. All solutions in the cells lie on it, as each cell's arc meets the path. The path goes round
once if its end lies in no other cell than the first and the last: every point is covered equally often.
An *open* chain passes no point twice if no later cell holds its first point (see `hallucert.check.branch.chain`).

*Turning: how often the tangent of a closed chain in the plane goes round.* In the frame ``[T, N]`` of a cell the
velocity of the arc is ``(1, w')``: throughout the cell it lies in the open half plane that ``N`` bounds and ``T`` lies
in. At the joint of two cells it lies in the half planes of both. So the loop of velocities can be deformed, without
meeting 0, into the polygon ``T_1 v_1 T_2 v_2 .. T_k v_k`` with ``v_i`` any point of the enclosure of the velocity at
joint `i`: exact vectors, whose winding number around 0 is counted exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from hallucert.balls import matrix
from hallucert.check.cell import Cell, Joint, unrepeated
from hallucert.check.sheet.curve_cell import CurveCellProof, CurveSystem
from hallucert.check.subdivision import Subdivision
from hallucert.clock import UNLIMITED, Clock

Plane = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class CurveChain:
    """Overlapping cells, whether the last joins the first, and for each cell how its span is cut to be measured."""

    cells: tuple[Cell, ...]
    closed: bool
    cuts: tuple[Subdivision, ...] = ()

    def __len__(self) -> int:
        return len(self.cells)


@dataclass(frozen=True)
class ProvedChain:
    """A chain that was proved: its cells, the ends of their arcs, and whether the curve is closed.

    `entries` are, for each cell, intervals that hold the ``s`` where the curve comes in.
    """

    proofs: tuple[CurveCellProof, ...]
    joints: tuple[Joint, ...]
    entries: tuple[tuple[Fraction, Fraction], ...]
    closed: bool


def check_curve(
    system: CurveSystem,
    chain: CurveChain,
    proofs: Sequence[CurveCellProof] | None = None,
    clock: Clock = UNLIMITED,
) -> ProvedChain | str:
    """Prove that the cells hold one connected curve; return what was proved, or what could not be.

    With `proofs`, the prover's successful ones of the cells in the same arithmetic, only joints are left to do.
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


def total_turning(chain: ProvedChain) -> int | None:
    """Return the turning number of a proved closed chain in the plane, None if its directions are not certain."""
    polygon: list[Plane] = []
    for i, (proof, joint) in enumerate(zip(chain.proofs, chain.joints, strict=True)):
        ar, after = proof.arithmetic, chain.proofs[(i + 1) % len(chain.proofs)]
        for cell in (proof, after):
            back = cell.inverse_frame
            if back is None or not ar.positive(matrix.apply(ar, back, joint.velocity)[0]):
                return None
        tangent = (proof.cell.frame[0][0], proof.cell.frame[1][0])
        polygon += [tangent, (ar.midpoint(joint.velocity[0]), ar.midpoint(joint.velocity[1]))]
    return winding_number(polygon)


def winding_number(polygon: Sequence[Plane]) -> int:
    """Count how often a closed polygon, none of whose sides meets 0, goes round 0 counterclockwise.

    Every side that crosses the positive first axis counts, by the side it comes from.
    """
    turns = 0
    for i, (x, y) in enumerate(polygon):
        v, w = polygon[(i + 1) % len(polygon)]
        area = x * w - y * v
        if y < 0 <= w and area > 0:
            turns += 1
        elif w < 0 <= y and area < 0:
            turns -= 1
    return turns
