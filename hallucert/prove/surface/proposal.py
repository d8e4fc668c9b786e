"""Proposing charts over float points of a surface, and smaller ones where a chart cannot be proved."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls import matrix
from hallucert.check.surface.cell import Chart, ChartProof
from hallucert.check.surface.part import SIDES
from hallucert.check.surface.system import SurfaceSystem
from hallucert.clock import Clock
from hallucert.exact import round_up
from hallucert.find.curves.surface import across

ROOM = Fraction(8, 10)
"""Part of the chart's thickness that Krawczyk's image may fill, so that the test passes in any arithmetic."""

ATTEMPTS = 6
"""Most times that a chart is made thicker."""

NEWTON_STEPS = 8

SPLITS = 3
"""How often a chart that cannot be proved is replaced by four smaller ones."""

QUARTER = 0.54
"""Half width of the four as a part of the old one: they overlap."""


@dataclass(frozen=True)
class SurfaceGuide:
    """A float atlas: points (n, d), orthonormal tangents (n, d, 2), half widths (n,), and whether it is closed."""

    points: np.ndarray
    tangents: np.ndarray
    half_widths: np.ndarray
    closed: bool


def search_charts(system: SurfaceSystem, guide: SurfaceGuide, max_charts: int, clock: Clock) -> list[ChartProof]:
    """Return proved charts over the points of the guide, as many as are found in time."""
    found: list[ChartProof] = []
    pending = [
        (x, tangents, float(h), SPLITS)
        for x, tangents, h in zip(guide.points, guide.tangents, guide.half_widths, strict=True)
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
    return None if inverse is None else _thickened(system, z, frame, h, inverse)


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


def _thickened(
    system: SurfaceSystem, z: np.ndarray, frame: np.ndarray, h: float, inverse: np.ndarray
) -> ChartProof | None:
    """Make the chart as thick as the proof needs: Krawczyk's image shows how much."""
    ar, half_width = system.arithmetic, round_up(Fraction(h), 12)
    exact = [tuple(tuple(map(Fraction, row)) for row in rows.tolist()) for rows in (frame, inverse)]
    centre = tuple(map(Fraction, z.tolist()))
    radius = [round_up(half_width / 16, 12)] * system.equations
    for _ in range(ATTEMPTS):
        attempt = ChartProof(system, Chart(centre, exact[0], half_width, tuple(radius), exact[1]))
        if attempt.image is None:
            return None
        spread = [ar.magnitude(k) for k in attempt.image]
        if all(s <= ROOM * r for s, r in zip(spread, radius, strict=True)):
            return attempt if attempt.proved() else None
        radius = [max(r, round_up(s * Fraction(3, 2), 12)) for s, r in zip(spread, radius, strict=True)]
        if max(radius) > 4 * half_width:
            return None
    return None
