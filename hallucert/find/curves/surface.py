"""Surfaces of hallucinated minimizers: the manifold of Theorem 3.1 of dimension two, covered by charts in floats.

Each chart is a square in the tangent plane of a point, with half width ``h``. Where a point of its edges is not well
inside (or near enough above) another chart, a new chart is put beyond it, its tangents turned as little as possible, so
that squares tend to lie in rows. ``h`` follows the curvature: the surface may leave the plane by a given part of ``h``;
and what can be proved, by how fast the matrix of Krawczyk's test changes along the chart, in floats.

A chart is proved by that test for ``E(x, c, lambda) = 0`` (`docs/mathematics/surfaces.md`) in a frame ``[T, N]``. The
test fails where ``C DE(z) N``, the identity in the middle, is too different from it. On a square of half width ``h`` it
is different by at most ``h B`` to first order, with

    B = sum_k |C (dDE/ds_k) N|    (entry by entry),    k = 1, 2.

In a box whose radii are an eigenvector of Perron of ``B`` this takes up the part ``h p`` of the box, ``p`` the spectral
radius of ``B``. The curvature and its changes take up the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.clock import look
from hallucert.errors import ArgumentError, SearchError
from hallucert.find.curves.continuation import Options
from hallucert.find.curves.records import Surface
from hallucert.find.domain import same_side
from hallucert.find.rescaled import Unit, number_text, short
from hallucert.find.shifted import Shifted, slope
from hallucert.objectives.objective import Objective

CORRECTOR_STEPS = 12
CONVERGED = 1e-11  # a Newton step below this part of the radius ends the corrector
FLAT = 1e-2  # sheets end at a critical point of ``f`` where ``|g|`` is below this part of its value at the start

BEND = 0.07  # by this part of ``h`` the surface may leave the plane of a chart: about what can be proved at once
LONGEST = 0.2  # largest ``h``, as a part of rho
SAMPLES = 9  # points looked at along an edge; odd, so that the middle is one
INSIDE = 0.93  # a point is well inside a chart up to this part of the half width
REACH = 0.85  # a new chart's centre lies so many half widths beyond the free point
LEAVING = 0.5  # a point farther from the plane than this part of the half width is on another sheet
CURVATURE_PROBE = 0.01  # length of the steps that measure the curvature, as a part of rho

TAKEN = 0.19  # part of the box that the change of the matrix may take up: with more most charts are not proved
MOST_VARIABLES = 12  # surfaces with more variables are not proved, and the matrices would be large
CHANGE_PROBE = 1e-4  # length of the steps that measure the change, as a part of rho


def surface(f: Objective, x: np.ndarray, rho: Fraction, options: Options) -> Surface:
    """Cover the surface through `x`; the arguments are those of `sheet`, checked."""
    r, least, box = float(rho), FLAT * slope(f, x), options.box

    def inside(p: np.ndarray) -> bool:
        return box is None or bool(((box[:, 0] <= p) & (p <= box[:, 1])).all())

    def allowed(p: np.ndarray) -> bool:
        return inside(p) and slope(f, p) > least

    atlas = SurfaceAtlas(f, r, BEND, options.lengths.get("ds_max", LONGEST * r), allowed)
    first = atlas.correct(x)
    if first is None or np.linalg.norm(first - x) > 1e-6 * r:
        size = number_text(f, float(np.linalg.norm(atlas.shifted.residual(x))), Unit.RESIDUAL)
        raise SearchError(f"the residuals do not vanish at x+ for x = {short(f, x)}, |r(x+)| = {size}: start elsewhere")
    if not inside(first):
        raise ArgumentError("start", short(f, first), "lie in the box")
    closed = atlas.grow(first, options.max_steps)
    if not atlas.charts:
        raise SearchError(
            f"no chart was found at {short(f, x)}: A = Dr(x+) J is rank deficient there, or points beside it are not "
            "found, as next to a critical point of f: start elsewhere"
        )
    points = np.array([chart.x for chart in atlas.charts])
    g = f.floats.gradient(points)
    target = points + r * g / np.linalg.norm(g, axis=1)[:, None]
    tangents = np.array([chart.tangents for chart in atlas.charts])
    half_widths = np.array([chart.half_width for chart in atlas.charts])
    return Surface(f, rho, points, tangents, half_widths, target, closed, atlas.at_domain_edge)


@dataclass(frozen=True)
class FloatChart:
    """A point, orthonormal tangents (d, 2) and half width."""

    x: np.ndarray
    tangents: np.ndarray
    half_width: float


class SurfaceAtlas:
    """The charts so far; `grow` adds those that are missing, but none across the edge of the domain of x or of x+."""

    def __init__(
        self, f: Objective, rho: float, bend: float, longest: float, allowed: Callable[[np.ndarray], bool]
    ) -> None:
        self.f, self.rho, self.bend, self.longest, self.allowed = f, rho, bend, longest, allowed
        self.shifted, self.at_domain_edge = Shifted(f, rho), False
        self.charts: list[FloatChart] = []
        d = f.dimension
        self._centres, self._tangents, self._half_widths = (np.empty((64, *shape)) for shape in ((d,), (d, 2), ()))

    def grow(self, x: np.ndarray, max_charts: int) -> bool:
        """Cover the surface through `x` as far as allowed; return whether no edge is left free."""
        first = self.chart(x, None)
        if first is None:
            return False
        self._add(first)
        pending, closed = deque([0]), True
        while pending:
            look("charts", len(self.charts) - len(pending), len(self.charts))
            chart = self.charts[pending.popleft()]
            near = self._near(chart)
            for s, outward in _edge_points(chart.half_width):
                p = chart.x + chart.tangents @ s
                if self._covered(p, near):
                    continue
                new = self._beyond(chart, p, outward)
                if new is None or len(self.charts) == max_charts:
                    closed = False
                    continue
                near.append(len(self.charts))
                pending.append(len(self.charts))
                self._add(new)
        return closed

    def chart(self, x: np.ndarray, near: np.ndarray | None) -> FloatChart | None:
        """Return the chart at a point of the surface, with tangents turned as little as possible from `near`."""
        a = self.shifted.residual_jacobian(x)
        if not np.isfinite(a).all():
            return None
        singular, right = np.linalg.svd(a)[1:]
        if not singular[-1] > 1e-9 * singular[0]:
            return None
        null = right[len(a) :].T
        if near is not None:
            left, _, back = np.linalg.svd(null.T @ near)
            null = null @ left @ back
        curvature, half_width = self._curvature(x, null), provable_half_width(self.f, x, self.rho, null)
        if curvature > 0:
            half_width = min(half_width, 2 * self.bend / curvature)
        half_width = min(half_width, self.longest)
        # Where points beside x are not found the surface is not seen, and a chart without a width covers nothing.
        return FloatChart(x, null, half_width) if half_width > 0 else None

    def correct(self, x: np.ndarray) -> np.ndarray | None:
        """Return the solution near `x`, by Newton's method with least changes, or None."""
        last = np.inf
        for _ in range(CORRECTOR_STEPS):
            residual, a = self.shifted.by_residual(x)
            if not (np.isfinite(residual).all() and np.isfinite(a).all()):
                return None
            step = np.linalg.lstsq(a, -residual, rcond=1e-13)[0]
            x, last = x + step, float(np.linalg.norm(step))
            if last <= 1e-3 * CONVERGED * self.rho:
                return x
        return x if last <= CONVERGED * self.rho else None

    def _beyond(self, chart: FloatChart, p: np.ndarray, outward: np.ndarray) -> FloatChart | None:
        """Return a chart that has `p` inside, its centre farther out."""
        predicted = p + REACH * chart.half_width * (chart.tangents @ outward)
        x = self.correct(predicted)
        if not same_side(self.shifted.domain_arguments, chart.x, predicted if x is None else x):
            self.at_domain_edge = True
            return None
        if x is None or not self.allowed(x):
            return None
        new = self.chart(x, chart.tangents)
        if new is not None and new.half_width < 0.8 * chart.half_width:
            # Where the surface bends more the smaller square must still reach back over the free point.
            x = self.correct(p + REACH * new.half_width * (chart.tangents @ outward))
            new = None if x is None else self.chart(x, chart.tangents)
        return new

    def _near(self, chart: FloatChart) -> list[int]:
        """Return the charts that may cover a point of the square of `chart`, from one look at all centres."""
        centres, half_widths = self._centres[: len(self.charts)], self._half_widths[: len(self.charts)]
        reach = np.hypot(np.sqrt(2), LEAVING) * half_widths + np.sqrt(2) * chart.half_width
        return np.flatnonzero(np.linalg.norm(centres - chart.x, axis=1) <= reach).tolist()

    def _covered(self, p: np.ndarray, near: list[int]) -> bool:
        """Tell whether `p` lies well inside one of the charts `near`, or near enough above."""
        centres, tangents, half_widths = self._centres[near], self._tangents[near], self._half_widths[near]
        offset = p - centres
        s = np.einsum("ndk,nd->nk", tangents, offset)
        height = np.linalg.norm(offset - np.einsum("ndk,nk->nd", tangents, s), axis=1)
        inside = (np.abs(s).max(axis=1) < INSIDE * half_widths) & (height < LEAVING * half_widths)
        return bool(inside.any())

    def _add(self, chart: FloatChart) -> None:
        n = len(self.charts)
        if n == len(self._half_widths):  # no room left in the tables
            self._centres, self._tangents, self._half_widths = (
                np.concatenate([table, np.empty_like(table)])
                for table in (self._centres, self._tangents, self._half_widths)
            )
        self._centres[n], self._tangents[n], self._half_widths[n] = chart.x, chart.tangents, chart.half_width
        self.charts.append(chart)

    def _curvature(self, x: np.ndarray, tangents: np.ndarray) -> float:
        """Return the largest normal curvature along the tangents and between them, by second differences."""
        step, largest = CURVATURE_PROBE * self.rho, 0.0
        for direction in ((1, 0), (0, 1), (1, 1), (1, -1)):
            t = tangents @ np.array(direction) / np.linalg.norm(direction)
            ahead, behind = self.correct(x + step * t), self.correct(x - step * t)
            if ahead is None or behind is None:
                return np.inf
            bend = (ahead + behind - 2 * x) / step**2
            largest = max(largest, float(np.linalg.norm(bend)))
        return largest


def _edge_points(h: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Points along the edges of the square and the outward directions, the middles of the edges first."""
    along = h * np.linspace(-1, 1, SAMPLES)
    order = sorted(range(SAMPLES), key=lambda k: abs(k - SAMPLES // 2))
    result = []
    for k in order:
        for axis in (0, 1):
            for sign in (1.0, -1.0):
                s, outward = np.empty(2), np.zeros(2)
                s[axis], s[1 - axis], outward[axis] = sign * h, along[k], sign
                result.append((s, outward))
    return result


# ---------------------------------------------------------------------- what can be proved


def provable_half_width(f: Objective, x: np.ndarray, rho: float, tangents: np.ndarray) -> float:
    """Return about the largest half width of a chart at `x` that can be proved; inf if nothing speaks against it.

    0 where the matrices are singular, or not finite.
    """
    if f.dimension > MOST_VARIABLES:
        return np.inf
    try:
        spectral = _change(f, x, rho, tangents)
    except np.linalg.LinAlgError:
        return 0.0
    return TAKEN / spectral if spectral > 0 else np.inf


def _change(f: Objective, x: np.ndarray, rho: float, tangents: np.ndarray) -> float:
    """Return how much the matrix changes over a unit of length along the chart; raises `LinAlgError` like numpy."""
    d = f.dimension
    g = f.floats.gradient(x[None])[0]
    z = np.concatenate([x, x + rho * g / np.linalg.norm(g), [np.linalg.norm(g) / rho]])
    middle = _jacobians(f, z[None])[0]
    null = np.linalg.svd(middle)[2][len(middle) :].T
    along = null @ np.linalg.inv(tangents.T @ null[:d])
    normals = across(tangents, g)
    step = CHANGE_PROBE * rho
    ahead, behind = (_jacobians(f, z + sign * step * along.T) for sign in (1, -1))
    changes = np.linalg.solve(middle @ normals, (ahead - behind) @ normals / (2 * step))
    return float(np.abs(np.linalg.eigvals(np.abs(changes).sum(axis=0))).max())


def _jacobians(f: Objective, z: np.ndarray) -> np.ndarray:
    """``DE`` at the rows of `z`."""
    (n, size), d = z.shape, f.dimension
    x, c, multiplier = z[:, :d], z[:, d:-1], z[:, -1]
    scalar, m = multiplier[:, None, None] * np.eye(d), f.residual_count
    result = np.zeros((n, d + 1 + m, size))
    result[:, :d, :d], result[:, :d, d:-1] = f.floats.hessian(x) + scalar, -scalar
    result[:, :d, -1] = result[:, d, :d] = x - c
    result[:, d, d:-1] = c - x
    result[:, d + 1 :, d:-1] = f.floats.residual_jacobian(c)
    return result


def across(tangents: np.ndarray, ascent: np.ndarray) -> np.ndarray:
    """Return a basis of ``z = (x, c, lambda)`` across ``(tangents, 0, 0)``: the normals of a chart.

    With them its parameters are the coordinates of x along the tangents. Each vector moves x or c, along the ascent
    step, along the surface or in another direction, or lambda: in these directions solutions move in different ways,
    so that boxes along them can be narrow.
    """
    d, sides = tangents.shape
    base = np.linalg.qr(np.column_stack([tangents, ascent, np.eye(d)]))[0]
    normals = np.zeros((2 * d + 1, 2 * d + 1 - sides))
    normals[:d, : d - sides], normals[d:-1, d - sides : -1], normals[-1, -1] = base[:, sides:], base, 1.0
    return normals
