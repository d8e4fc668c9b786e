"""Surfaces of hallucinated minimizers: the manifold of Theorem 3.1 of dimension two, covered by charts in floats."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hallucert.errors import ArgumentError, SearchError
from hallucert.find.curves.sheet_curve import FLAT, slope
from hallucert.find.rescaled import residual_of, short
from hallucert.find.spheres.sphere import shifted_residual
from hallucert.find.surfaces.atlas import SurfaceAtlas
from hallucert.find.surfaces.record import Surface
from hallucert.objectives.objective import Objective

# By this part of its half width the surface may leave the plane of a chart: about what can be proved at once.
BEND = 0.07

LONGEST = 0.2  # largest half width of a chart, as a part of rho


def surface(
    f: Objective, x: np.ndarray, rho: Fraction, box: np.ndarray | None, longest: float | None, max_charts: int
) -> Surface:
    """Cover the surface through `x`; the arguments are those of `sheet`, checked."""
    r, least = float(rho), FLAT * slope(f, x)

    def inside(p: np.ndarray) -> bool:
        return box is None or bool(((box[:, 0] <= p) & (p <= box[:, 1])).all())

    def allowed(p: np.ndarray) -> bool:
        return inside(p) and slope(f, p) > least

    atlas = SurfaceAtlas(f, r, BEND, LONGEST * r if longest is None else longest, allowed)
    first = atlas.correct(x)
    if first is None or np.linalg.norm(first - x) > 1e-6 * r:
        size = float(np.linalg.norm(shifted_residual(f, x, r)))
        raise SearchError(
            f"the residuals do not vanish at x+ for x = {short(f, x)}, |r(x+)| = {residual_of(f, size)}: "
            "start elsewhere"
        )
    if not inside(first):
        raise ArgumentError("start", short(f, first), "lie in the box")
    closed = atlas.grow(first, max_charts)
    if not atlas.charts:
        raise SearchError(
            f"no chart was found at {short(f, x)}: A = Dr(x+) J is rank deficient there, or points beside it are not "
            "found, as next to a critical point of f: start elsewhere"
        )
    points = np.array([chart.x for chart in atlas.charts])
    g = f.gradient_lanes(points)
    target = points + r * g / np.linalg.norm(g, axis=1)[:, None]
    tangents = np.array([chart.tangents for chart in atlas.charts])
    half_widths = np.array([chart.half_width for chart in atlas.charts])
    return Surface(f, rho, points, tangents, half_widths, target, closed, atlas.at_domain_edge)
