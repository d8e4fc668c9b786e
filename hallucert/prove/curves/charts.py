"""Charts along a float surface: places where they are sought, points corrected onto the exact surface, and proofs."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hallucert.balls import matrix
from hallucert.check.cell import Vector
from hallucert.check.sheet.surface_chart import SIDES, Chart, ChartProof
from hallucert.check.sheet.surface_system import SurfaceSystem
from hallucert.clock import Clock
from hallucert.exact import round_up
from hallucert.find.curves.records import Surface
from hallucert.find.curves.surface import across
from hallucert.prove.curves.cells import STRAIGHT, exact_rows

NEWTON_STEPS = 8
SPLITS = 3  # how often a chart that cannot be proved is replaced by four smaller ones
QUARTER = 0.54  # half width of the four as a part of the old one: they overlap

Place = tuple[np.ndarray, np.ndarray, float, int]
"""Where a chart is sought: the point, the tangents, half its width, and how often it may be split."""


def pending_places(surface: Surface) -> list[Place]:
    """Return the places where charts of a float surface are sought, the last first."""
    rows = zip(surface.x, surface.tangents, surface.half_widths, strict=True)
    return [(x, tangents, float(h), SPLITS) for x, tangents, h in rows][::-1]


def search_charts(
    system: SurfaceSystem, pending: list[Place], found: list[ChartProof], max_charts: int, clock: Clock
) -> None:
    """Move charts from pending places to those that are proved, as many as time allows."""
    while pending and len(found) < max_charts and not clock.passed():
        clock.tell("charts", len(found), len(found) + len(pending))
        x, tangents, h, left = pending.pop()
        proof = (chart_at(system, x, tangents, h, found[-1]) if found else None) or chart_at(system, x, tangents, h)
        if proof is not None:
            found.append(proof)
        elif left > 0:
            shifts = [(a, b) for a in (-0.5, 0.5) for b in (-0.5, 0.5)]
            pending += [(x + h * (tangents @ np.array(shift)), tangents, QUARTER * h, left - 1) for shift in shifts]


def chart_at(
    system: SurfaceSystem, x: np.ndarray, tangents: np.ndarray, h: float, like: ChartProof | None = None
) -> ChartProof | None:
    """Return a proved chart around the solution next to `x`, with parameters along `tangents`, or None.

    It may be about as thick as another one, for its size; then fewer thicknesses are tried.
    """
    z = solution(system, x)
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


def solution(system: SurfaceSystem, x: np.ndarray) -> np.ndarray | None:
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
