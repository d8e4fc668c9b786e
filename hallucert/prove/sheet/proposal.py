"""Proposing straight cells along a float curve and charts over float points of a surface, as large as can be proved."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar

import numpy as np

from hallucert.balls import BallArithmetic, matrix
from hallucert.check.cell import Vector
from hallucert.check.sheet.curve_cell import CurveCellProof, CurveSystem, straight_cell
from hallucert.check.sheet.surface_chart import SIDES, Chart, ChartProof
from hallucert.check.sheet.surface_system import SurfaceSystem
from hallucert.clock import Clock
from hallucert.exact import round_up
from hallucert.find.curves.records import Sheet, Surface
from hallucert.find.curves.surface import across
from hallucert.prove.branch.proposal import OVERLAP, Guide, Track

ROOM = Fraction(8, 10)
"""Part of a region's thickness that Krawczyk's image may fill, so that the test passes in any arithmetic."""

ATTEMPTS = 6
"""Most times that a region is made thicker."""

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

NEWTON_STEPS = 8

SPLITS = 3
"""How often a chart that cannot be proved is replaced by four smaller ones."""

QUARTER = 0.54
"""Half width of the four as a part of the old one: they overlap."""

Proof = TypeVar("Proof", CurveCellProof, ChartProof)
Rows = tuple[tuple[Fraction, ...], ...]


def thickened(
    ar: BallArithmetic,
    attempt: Callable[[tuple[Fraction, ...]], tuple[Proof, Vector | None]],
    radius: list[Fraction],
    most: Fraction,
) -> Proof | None:
    """Make a cell or chart as thick as its proof needs, as Krawczyk's image shows, up to a thickness; None if it fails.

    `attempt` takes the radii to the proof, not yet looked at, and to the image.
    """
    for _ in range(ATTEMPTS):
        proof, image = attempt(tuple(radius))
        if image is None or not ar.all_finite([image]):
            return None
        spread = [ar.magnitude(k) for k in image]
        if all(s <= ROOM * r for s, r in zip(spread, radius, strict=True)):
            return proof if proof.proved() else None
        radius = [max(r, round_up(s * Fraction(3, 2), 12)) for s, r in zip(spread, radius, strict=True)]
        if max(radius) > most:
            return None
    return None


def _exact(rows: np.ndarray) -> Rows:
    return tuple(tuple(map(Fraction, row)) for row in rows.tolist())


# ---------------------------------------------------------------------- curves


def track_of(system: CurveSystem, sheet: Sheet) -> Track:
    """Return a float curve by arclength; a closed one goes on for a second round."""
    points, tangents = sheet.x, sheet.tangent
    if sheet.closed:
        points, tangents = (np.concatenate([a, a[1:]]) for a in (points, tangents))
    guide = Guide(points, tangents, 1.0, np.array([], dtype=int), False, False)
    return Track(system, guide)  # type: ignore[arg-type]


def search_curves(
    system: CurveSystem, sheet: Sheet, max_cells: int, clock: Clock
) -> list[tuple[list[CurveCellProof], bool]]:
    """Cover a curve by proved cells, and tell of each row of cells whether it should be closed.

    Where no short cell can be proved a row ends, and the next begins behind a hole that grows until it does. Only a
    closed curve without holes is closed.
    """
    track = track_of(system, sheet)
    whole = track.total / 2 if sheet.closed else track.total
    stop, step, sigma = whole, FIRST * whole, 0.0
    rows: list[list[CurveCellProof]] = [[]]
    shortest = _shortest(track, whole, sigma)
    left, hole, whole_round = max_cells, shortest, sheet.closed
    while sigma < stop:
        clock.tell("cells", max_cells - left)
        if left == 0 or clock.passed():
            whole_round = False
            break
        upto = min(sigma + step, stop)
        found = cell_between(track, sigma, upto)
        if found is not None:
            if sheet.closed and left == max_cells:
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
    system: CurveSystem = track.system  # type: ignore[assignment]
    span = (Fraction(low - OVERLAP * (high - low)), Fraction(high))
    centre, turned, preconditioner = tuple(map(Fraction, m.tolist())), _exact(frame), _exact(inverse)

    def attempt(radius: tuple[Fraction, ...]) -> tuple[CurveCellProof, Vector | None]:
        proof = CurveCellProof(system, straight_cell(centre, turned, span, radius, preconditioner))
        return proof, proof.image(proof.box)

    length = span[1] - span[0]
    return thickened(system.arithmetic, attempt, [round_up(length / 512, 12)] * system.dimension, length)


# ---------------------------------------------------------------------- surfaces


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
        proof = chart_at(system, x, tangents, h)
        if proof is not None:
            found.append(proof)
        elif left > 0:
            shifts = [(a, b) for a in (-0.5, 0.5) for b in (-0.5, 0.5)]
            pending += [(x + h * (tangents @ np.array(shift)), tangents, QUARTER * h, left - 1) for shift in shifts]
    return found


def chart_at(system: SurfaceSystem, x: np.ndarray, tangents: np.ndarray, h: float) -> ChartProof | None:
    """Return a proved chart around the solution next to `x`, with parameters along `tangents`, or None."""
    z = _solution(system, x)
    return None if z is None else chart_around(system, z, tangents, h)


def chart_around(system: SurfaceSystem, z: np.ndarray, tangents: np.ndarray, h: float) -> ChartProof | None:
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
    centre, turned, preconditioner = tuple(map(Fraction, z.tolist())), _exact(frame), _exact(inverse)

    def attempt(radius: tuple[Fraction, ...]) -> tuple[ChartProof, Vector | None]:
        proof = ChartProof(system, Chart(centre, turned, half_width, radius, preconditioner))
        return proof, proof.image

    return thickened(system.arithmetic, attempt, [round_up(half_width / 16, 12)] * system.equations, 4 * half_width)


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
    return matrix.midpoints(ar, system.jacobian([ar.from_float(v) for v in z.tolist()]))
