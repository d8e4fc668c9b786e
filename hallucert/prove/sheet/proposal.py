"""Proposing straight cells along a float curve, as long as they can be proved, each overlapping the one before."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls import matrix
from hallucert.check.sheet.cell import CurveCellProof, straight_cell
from hallucert.check.sheet.system import ManifoldSystem
from hallucert.clock import Clock
from hallucert.exact import round_up
from hallucert.prove.branch.proposal import ATTEMPTS, OVERLAP, Guide, Track

ROOM = Fraction(8, 10)
"""Part of the tube that Krawczyk's image may fill, so that the test passes in any arithmetic."""

GROWTH = 1.2
"""A cell may be longer than the one before by this factor; one that fails is halved."""

FIRST = 1 / 32
"""The first cell tried, as a part of the whole length."""

SHORTEST = 2.0**-14
"""No cell is shorter than this part of the whole length, unless the search took steps nearly as short there."""

OF_A_STEP = 1 / 16
"""There no cell is shorter than this part of such a step."""

JOINED = 1 / 4
"""How far the last cell of a closed curve reaches into the first, as a part of its length."""


@dataclass(frozen=True)
class CurveGuide:
    """A float curve: points (n, d) in order, unit tangents (n, d), and whether the last point is the first again."""

    points: np.ndarray
    tangents: np.ndarray
    closed: bool

    def track(self, system: ManifoldSystem) -> Track:
        """Return the curve by arclength; a closed one goes on for a second round."""
        points, tangents = self.points, self.tangents
        if self.closed:
            points, tangents = (np.concatenate([a, a[1:]]) for a in (points, tangents))
        guide = Guide(points, tangents, 1.0, np.array([], dtype=int), False, False)
        return Track(system, guide)  # type: ignore[arg-type]


def search_curves(
    system: ManifoldSystem, guide: CurveGuide, max_cells: int, clock: Clock
) -> list[tuple[list[CurveCellProof], bool]]:
    """Cover a curve by proved cells, and tell of each row of cells whether it should be closed.

    Where no short cell can be proved a row ends, and the next begins behind a hole that grows until it does. Only a
    closed curve without holes is closed.
    """
    track = guide.track(system)
    whole = track.total / 2 if guide.closed else track.total
    stop, step, sigma = whole, FIRST * whole, 0.0
    rows: list[list[CurveCellProof]] = [[]]
    shortest = _shortest(track, whole, sigma)
    left, hole, whole_round = max_cells, shortest, guide.closed
    while sigma < stop:
        clock.tell("cells", max_cells - left)
        if left == 0 or clock.passed():
            whole_round = False
            break
        upto = min(sigma + step, stop)
        found = cell_between(track, sigma, upto)
        if found is not None:
            if guide.closed and left == max_cells:
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


def _shortest(track: Track, whole: float, sigma: float) -> float:
    """Return the length of the shortest cell that is tried at `sigma`."""
    steps = np.diff(track.lengths)
    i = min(int(np.searchsorted(track.lengths, sigma, side="right")) - 1, len(steps) - 1)
    return float(min(SHORTEST * whole, OF_A_STEP * steps[i]))


def cell_between(track: Track, sigma: float, upto: float) -> CurveCellProof | None:
    """Return a proved cell that covers the curve from arclength `sigma` to `upto`, or None."""
    a, b, m = (track.point(v) for v in (sigma, upto, (sigma + upto) / 2))
    jacobian = track.jacobian(m)
    if not np.isfinite(jacobian).all():
        return None
    right = np.linalg.svd(jacobian)[2]
    tangent = right[-1] if right[-1] @ (b - a) > 0 else -right[-1]
    frame = np.column_stack([tangent, right[:-1].T])
    low, high = float(tangent @ (a - m)), float(tangent @ (b - m))
    inverse = matrix.float_inverse(jacobian @ frame[:, 1:])
    if not low < 0 < high or inverse is None:
        return None
    span = (Fraction(low - OVERLAP * (high - low)), Fraction(high))
    return _thickened(track, m, frame, span, inverse)


def _thickened(
    track: Track, m: np.ndarray, frame: np.ndarray, span: tuple[Fraction, Fraction], inverse: np.ndarray
) -> CurveCellProof | None:
    """Make the tube as thick as the proof needs: Krawczyk's image shows how much."""
    system: ManifoldSystem = track.system  # type: ignore[assignment]
    ar, length = system.arithmetic, span[1] - span[0]
    exact = [tuple(tuple(map(Fraction, row)) for row in rows.tolist()) for rows in (frame, inverse)]
    centre = tuple(map(Fraction, m.tolist()))
    radius = [round_up(length / 512, 12)] * system.dimension
    for _ in range(ATTEMPTS):
        attempt = CurveCellProof(system, straight_cell(centre, exact[0], span, tuple(radius), exact[1]))
        image = attempt.image(attempt.box)
        if image is None or not ar.all_finite([image]):
            return None
        spread = [ar.magnitude(k) for k in image]
        if all(s <= ROOM * r for s, r in zip(spread, radius, strict=True)):
            return attempt if attempt.proved() else None
        radius = [max(r, round_up(s * Fraction(3, 2), 12)) for s, r in zip(spread, radius, strict=True)]
        if max(radius) > length:
            return None
    return None
