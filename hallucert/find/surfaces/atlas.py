"""An atlas of the surface ``r(x+) = 0`` in floats: squares in tangent planes, added until no edge is left free.

Each chart is a square in the tangent plane of a point, with half width ``h``. Where a point of its edges is not well
inside (or near enough above) another chart, a new chart is put beyond it, its tangents turned as little as
possible, so that squares tend to lie in rows. ``h`` follows the curvature: the surface may leave the plane by a given
part of ``h``; and what can be proved (`surface_size`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hallucert.clock import look
from hallucert.find.domain import arguments_with_ascent, same_side
from hallucert.find.spheres.sphere import shifted_residual, shifted_residual_jacobian
from hallucert.find.surfaces.size import provable_half_width
from hallucert.objectives.objective import Objective

CORRECTOR_STEPS = 12
CONVERGED = 1e-11  # a Newton step below this part of the radius ends the corrector

SAMPLES = 9  # points looked at along an edge; odd, so that the middle is one

INSIDE = 0.93  # a point is well inside a chart up to this part of the half width

REACH = 0.85  # a new chart's centre lies so many half widths beyond the free point

LEAVING = 0.5  # a point farther from the plane than this part of the half width is on another sheet

PROBE = 0.01  # length of the steps that measure the curvature, as a part of rho


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
        self._arguments, self.at_domain_edge = arguments_with_ascent(f, rho), False
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
        a = self._jacobian(x)
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
            with np.errstate(all="ignore"):
                residual = shifted_residual(self.f, x, self.rho)
            a = self._jacobian(x)
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
        if not same_side(self._arguments, chart.x, predicted if x is None else x):
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
        step, largest = PROBE * self.rho, 0.0
        for direction in ((1, 0), (0, 1), (1, 1), (1, -1)):
            t = tangents @ np.array(direction) / np.linalg.norm(direction)
            ahead, behind = self.correct(x + step * t), self.correct(x - step * t)
            if ahead is None or behind is None:
                return np.inf
            bend = (ahead + behind - 2 * x) / step**2
            largest = max(largest, float(np.linalg.norm(bend)))
        return largest

    def _jacobian(self, x: np.ndarray) -> np.ndarray:
        """``A``, shape (d - 2, d); NaN where it is undefined."""
        with np.errstate(all="ignore"):
            return shifted_residual_jacobian(self.f, x, self.rho)


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
