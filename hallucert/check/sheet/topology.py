"""Which closed surface an atlas is: the Euler characteristic, by counting the zeros of a differential (Poincare-Hopf).

Let ``h(x) = <a, x>`` for a fixed vector ``a``, restricted to a closed surface. The Euler characteristic is the sum of
the indices of the zeros of its gradient. In the parameters ``s`` of a chart the differential is

    (h_1, h_2) = (<a, x_1>, <a, x_2>),    x_k the derivative of x by s_k;

the gradient is a positive definite matrix times it, so their indices are the same, in any orientation. First every
patch is cut into pieces until ``(h_1, h_2)`` certainly does not vanish on them, or they are small; a piece inside of an
earlier chart is looked at there. The small ones left over hold all the zeros. They are gathered into *islands*, each
shown to lie over the inside of a rectangle of one chart, the rectangles having disjoint patches and no zeros on their
rims. The sum of the indices inside is the winding number of ``(h_1, h_2)`` along the rim, which is counted exactly:
every short part of the rim has one of the four signs ``h_1 > 0, h_2 > 0, h_1 < 0, h_2 < 0``, and neighbours, which
share a point, never have opposite ones.

The surface is connected and orientable, so its characteristic ``2 - 2 genus`` says what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls.facade import BallArithmetic
from hallucert.check.cell import Vector
from hallucert.check.sheet.surface_atlas import Neighbours, ProvedAtlas, covering
from hallucert.check.sheet.surface_chart import SIDES, ChartProof, Part
from hallucert.check.subdivision import Box, halves
from hallucert.clock import UNLIMITED, Clock

MOST_PIECES = 2000
"""More pieces that may hold zeros are too many."""

DEPTH = 10
"""How often a patch may be halved before a piece counts as one that may hold a zero."""

RIM_DEPTH = 6
"""How often a side of a rectangle may be halved."""

SIZES = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))
"""Half widths of the rectangles tried, as parts of the chart's."""


@dataclass(frozen=True)
class Piece:
    """A part of a patch that may hold a zero, the float in its middle, and its size."""

    part: Part
    middle: np.ndarray
    size: float


def euler_characteristic(atlas: ProvedAtlas, clock: Clock = UNLIMITED) -> int | None:
    """Return the Euler characteristic of a proved closed surface, or None if it cannot be had."""
    counts = (_sum_of_indices(atlas, a, clock) for a in _directions(atlas.proofs[0].system.dimension))
    return next((count for count in counts if count is not None), None)


def _directions(d: int) -> list[tuple[Fraction, ...]]:
    """The vectors ``a`` that are tried."""
    first = tuple(Fraction(1, i + 1) for i in range(d))
    return [first, first[1:] + first[:1]]


def _sum_of_indices(atlas: ProvedAtlas, direction: tuple[Fraction, ...], clock: Clock) -> int | None:
    proofs = atlas.proofs
    near, total, pieces = atlas.neighbours, 0, _where_zeros_may_be(atlas, direction, clock)
    if pieces is None:
        return None
    taken: list[Vector] = []
    for island in _islands(pieces):
        found = None if clock.passed() else _index(proofs, near, island, direction)
        if found is None or not all(_apart(proofs[0].arithmetic, found[1], other) for other in taken):
            return None
        total += found[0]
        taken.append(found[1])
    return total


def _differential(part: Part, direction: tuple[Fraction, ...]) -> Vector | None:
    """Enclose ``(h_1, h_2)`` on a part of a patch."""
    ar = part.arithmetic
    if part.velocities is None:
        return None
    vector = [ar.constant(v) for v in direction]
    return [ar.dot(vector, velocity[: len(vector)]) for velocity in part.velocities]


def _where_zeros_may_be(atlas: ProvedAtlas, direction: tuple[Fraction, ...], clock: Clock) -> list[Piece] | None:
    """Return the small pieces that may hold zeros, none inside of an earlier chart; None if there are too many."""
    found: list[Piece] = []
    for number, proof in enumerate(atlas.proofs):
        clock.tell("charts searched for zeros of a form", number, len(atlas.proofs))
        ar, pending = proof.arithmetic, [(proof.chart.square, DEPTH)]
        while pending:
            if clock.passed() or len(found) > MOST_PIECES:
                return None
            square, left = pending.pop()
            part = proof.part(square).narrow()
            differential = _differential(part, direction)
            if differential is not None and any(ar.nonzero(v) for v in differential):
                continue
            if next(covering(atlas.proofs, number, atlas.neighbours, part, before=number), None) is not None:
                continue
            if left > 0:
                pending += [(half, left - 1) for half in halves(square)]
                continue
            size = max(float(high - low) for low, high in square)
            found.append(Piece(part, atlas.neighbours.middle(number, part), size))
    return found


def _islands(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Gather pieces that are near each other; in floats, since how they are gathered proves nothing."""
    middles = np.array([piece.middle for piece in pieces])
    free, result = np.ones(len(pieces), bool), []
    while free.any():
        first = int(np.argmax(free))
        free[first] = False
        island, pending = [first], [first]
        while pending:
            i = pending.pop()
            near = np.flatnonzero(free & (np.linalg.norm(middles - pieces[i].middle, axis=1) < 8 * pieces[i].size))
            free[near] = False
            island += near.tolist()
            pending += near.tolist()
        result.append([pieces[i] for i in sorted(island)])
    return result


def _index(
    proofs: Sequence[ChartProof], near: Neighbours, island: Sequence[Piece], direction: tuple[Fraction, ...]
) -> tuple[int, Vector] | None:
    """Return the winding number around an island and an enclosure of the patch within, or None."""
    middle = np.mean([piece.middle for piece in island], axis=0)
    for owner in near.of(middle):
        proof = proofs[owner]
        y = near.inverses[owner] @ (middle - near.centres[owner])
        for size in SIZES:
            rectangle = _around(y[:SIDES], proof.chart.half_width, size)
            if rectangle is None or not all(proof.holds(piece.part, rectangle) for piece in island):
                continue
            turns = _winding(proof, rectangle, direction)
            if turns is not None:
                return turns, proof.part(rectangle).narrow().z()
    return None


def _around(s: np.ndarray, h: Fraction, size: Fraction) -> Box | None:
    """A square around `s` inside the square of a chart, or None."""
    ends = [(Fraction(v) - size * h, Fraction(v) + size * h) for v in s.tolist()]
    return ends if all(-h < low and high < h for low, high in ends) else None


def _winding(proof: ChartProof, rectangle: Box, direction: tuple[Fraction, ...]) -> int | None:
    """Count how often ``(h_1, h_2)`` goes round along the rim of a rectangle; None if it may vanish there."""
    (a, b), (c, d) = rectangle
    sides = [[(a, b), (c, c)], [(b, b), (c, d)], [(b, a), (d, d)], [(a, a), (d, c)]]
    quarters: list[int] = []
    for side in sides:
        found = _quarters(proof, side, direction, RIM_DEPTH)
        if found is None:
            return None
        quarters += found
    steps = [(q - p + 1) % 4 - 1 for p, q in zip(quarters, quarters[1:] + quarters[:1], strict=True)]
    return None if 2 in steps else sum(steps) // 4


def _quarters(proof: ChartProof, side: Box, direction: tuple[Fraction, ...], left: int) -> list[int] | None:
    """Return which signs ``(h_1, h_2)`` has along a directed side: 0, 1, 2, 3 for ``h_1 > 0, h_2 > 0, h_1 < 0, ..``."""
    ar = proof.arithmetic
    differential = _differential(proof.part([(min(ends), max(ends)) for ends in side]).narrow(), direction)
    if differential is not None:
        for quarter, holds in enumerate((ar.positive, ar.negative)):
            for k in range(SIDES):
                if holds(differential[k]):
                    return [2 * quarter + k]
    if left == 0:
        return None
    first, second = (_quarters(proof, half, direction, left - 1) for half in _halves(side))
    return None if first is None or second is None else first + second


def _halves(side: Box) -> list[Box]:
    """Cut a directed side in the middle."""
    (a, b), (c, d) = side
    e, f = (a + b) / 2, (c + d) / 2
    return [[(a, e), (c, f)], [(e, b), (f, d)]]


def _apart(ar: BallArithmetic, a: Vector, b: Vector) -> bool:
    """Tell whether two enclosures certainly have no point in common."""
    return any(ar.nonzero(x - y) for x, y in zip(a, b, strict=True))
