"""The total turning of a closed chain in the plane: how often its tangent goes round.

In the frame ``[T, N]`` of a cell the velocity of the arc is ``(1, w')``: throughout the cell it lies in the open half
plane that ``N`` bounds and ``T`` lies in. At the joint of two cells it lies in the half planes of both. So the loop of
velocities can be deformed, without meeting 0, into the polygon ``T_1 v_1 T_2 v_2 .. T_k v_k`` with ``v_i`` any point
of the enclosure of the velocity at joint `i`: exact vectors, whose winding number around 0 is counted exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hallucert.balls import matrix
from hallucert.check.sheet.chain import ProvedChain

Plane = tuple[Fraction, Fraction]


def total_turning(chain: ProvedChain) -> int | None:
    """Return the turning number of a proved closed chain in the plane, None if its directions are not certain."""
    polygon: list[Plane] = []
    for i, (proof, joint) in enumerate(zip(chain.proofs, chain.joints, strict=True)):
        ar, after = proof.arithmetic, chain.proofs[(i + 1) % len(chain.proofs)]
        for cell in (proof, after):
            if cell.inverse_frame is None:
                return None
            if not ar.positive(matrix.apply(ar, cell.inverse_frame, joint.velocity)[0]):
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
