"""The two systems behind a census: critical points of ``f``, and hallucinated points of one target on its sphere.

For a target c and ``g(x) != 0`` these are equivalent: ``x+ = c``, and ``g(x) = lambda (c - x)`` with ``lambda > 0``,
``|x - c| = rho``. So the hallucinated points of c are the points of a sphere where g is normal to it and points
inward. The sphere is covered by ``2 d`` *charts*, the faces of a cube: on the face ``y_i = s`` with ``s = 1`` or -1

    x = c + rho n,    n = y/|y|,    -1 <= y_j <= 1 for j != i,
    G_j = s g_j - y_j g_i = 0 for j != i      (g is parallel to y),
    s g_i < 0                                 (and points inward; s g_i |y|^2 = g . y where G = 0).

These are ``d - 1`` smooth equations in as many unknowns, also where g = 0. With ``n_k = dn/dy_k = (e_k - n n_k)/|y|``:

    dG_j/dy_k = s (H x_k)_j - y_j (H x_k)_i - g_i [j = k],    x_k = rho n_k.

The formulas are written once, for lanes of boxes and for single balls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from hallucert.objectives.objective import Objective
from hallucert.prove.branch_and_prune import Boxes, ends, excludes_zero


@dataclass(frozen=True)
class Chart:
    """A face of the cube: ``y[axis] = sign``."""

    axis: int
    sign: int

    def others(self, dimension: int) -> list[int]:
        """The coordinates that are unknowns."""
        return [j for j in range(dimension) if j != self.axis]


def charts(dimension: int) -> list[Chart]:
    """Return all faces."""
    return [Chart(axis, sign) for axis in range(dimension) for sign in (1, -1)]


class ChartPoint:
    """Everything about ``x = c + rho y/|y|`` on one chart, enclosed.

    Parameters
    ----------
    arithmetic
        Of lanes, or of balls: anything with ``constant``, ``sqrt`` and ``power``.
    f : Objective
        The function.
    radius : ball
        ``rho``.
    centre : d balls
        c.
    chart : Chart
        The face.
    y : d - 1 balls
        The unknowns.
    """

    def __init__(
        self, arithmetic: Any, f: Objective, radius: Any, centre: Sequence[Any], chart: Chart, y: Sequence[Any]
    ) -> None:
        self.arithmetic, self.f, self.radius, self.chart = arithmetic, f, radius, chart
        self.sign = arithmetic.constant(Fraction(chart.sign))
        self.y = list(y)
        self.y.insert(chart.axis, self.sign)
        self.others = chart.others(len(self.y))
        total = arithmetic.constant(Fraction(1))
        for j in self.others:
            total = total + arithmetic.power(self.y[j], 2)
        self.scale = arithmetic.constant(Fraction(1)) / arithmetic.sqrt(total)
        self.normal = [value * self.scale for value in self.y]
        self.x = [c + radius * n for c, n in zip(centre, self.normal, strict=True)]

    @cached_property
    def gradient(self) -> list[Any]:
        """``g(x)``."""
        return self.f.enclose_gradient(self.arithmetic, self.x)

    @cached_property
    def outward(self) -> Any:
        """``s g_i``: negative where g is normal to the sphere and points inward."""
        return self.sign * self.gradient[self.chart.axis]

    @cached_property
    def radial(self) -> Any:
        """``g . n``: negative at hallucinated points."""
        total = self.gradient[0] * self.normal[0]
        for g, n in zip(self.gradient[1:], self.normal[1:], strict=True):
            total = total + g * n
        return total

    @cached_property
    def equations(self) -> list[Any]:
        """G."""
        g_i = self.gradient[self.chart.axis]
        return [self.sign * self.gradient[j] - self.y[j] * g_i for j in self.others]

    @cached_property
    def jacobian(self) -> list[list[Any]]:
        """DG."""
        hessian, axis = self.f.enclose_hessian(self.arithmetic, self.x), self.chart.axis
        along = [_dot(row, self.normal) for row in hessian]
        factor = self.radius * self.scale
        turned = {  # H x_k
            k: [factor * (row[k] - h * self.normal[k]) for row, h in zip(hessian, along, strict=True)]
            for k in self.others
        }
        return [
            [
                self.sign * turned[k][j] - self.y[j] * turned[k][axis] - self.gradient[axis]
                if j == k
                else self.sign * turned[k][j] - self.y[j] * turned[k][axis]
                for k in self.others
            ]
            for j in self.others
        ]


def _dot(a: Sequence[Any], b: Sequence[Any]) -> Any:
    total = a[0] * b[0]
    for x, y in zip(a[1:], b[1:], strict=True):
        total = total + x * y
    return total


class SphereSystem:
    """The hallucinated points in a region, of several targets, on one chart; the tag of a box is its target.

    Parameters
    ----------
    lanes
        Arithmetic of lanes.
    f : Objective
        The function.
    rho : Fraction
        The radius.
    targets : (T, d, 2) array
        Boxes that contain the targets.
    chart : Chart
        The face.
    region : (d, 2) array or None
        Points outside are not wanted.
    """

    def __init__(
        self, lanes: Any, f: Objective, rho: Fraction, targets: np.ndarray, chart: Chart, region: np.ndarray | None
    ) -> None:
        self.lanes, self.f, self.chart = lanes, f, chart
        self.rho = lanes.constant(rho)
        self.targets, self.region = targets, region

    def point(self, boxes: Boxes) -> ChartPoint:
        """Everything about the points of the boxes."""
        lanes, own = self.lanes, self.targets[boxes.tag]
        centre = [lanes.box(own[:, j, 0], own[:, j, 1]) for j in range(own.shape[1])]
        y = [lanes.box(boxes.lo[:, j], boxes.hi[:, j]) for j in range(boxes.lo.shape[1])]
        return ChartPoint(lanes, self.f, self.rho, centre, self.chart, y)

    def impossible(self, boxes: Boxes) -> np.ndarray:
        """Outside the region, or g certainly not normal to the sphere, or certainly not inward."""
        count, lanes = len(boxes), self.lanes
        if not count:
            return np.zeros(0, bool)
        point = self.point(boxes)
        result = np.zeros(count, bool)
        if self.region is not None:
            for x, (low, high) in zip(point.x, self.region, strict=True):
                x_low, x_high = ends(lanes, x, count)
                result |= (x_low > high) | (x_high < low)
        for inward in (point.outward, point.radial):
            result |= ends(lanes, inward, count)[0] >= 0
        return result | excludes_zero(lanes, point.equations, count)

    def value(self, boxes: Boxes) -> list[Any]:
        """G."""
        return self.point(boxes).equations

    def jacobian(self, boxes: Boxes) -> list[list[Any]]:
        """DG."""
        return self.point(boxes).jacobian


class CriticalSystem:
    """The critical points of ``f`` that are at distance ``rho`` from some point of a region.

    Parameters
    ----------
    lanes
        Arithmetic of lanes.
    f : Objective
        The function.
    rho : Fraction or None
        The distance; None: no condition.
    region : (d, 2) array
        The region.
    """

    def __init__(self, lanes: Any, f: Objective, rho: Fraction | None, region: np.ndarray) -> None:
        self.lanes, self.f, self.rho, self.region = lanes, f, rho, region

    def _x(self, boxes: Boxes) -> list[Any]:
        return [self.lanes.box(boxes.lo[:, j], boxes.hi[:, j]) for j in range(boxes.lo.shape[1])]

    def impossible(self, boxes: Boxes) -> np.ndarray:
        """Too far from the region or, all of it, too near; or the gradient is certainly not 0."""
        if not len(boxes):
            return np.zeros(0, bool)
        result = excludes_zero(self.lanes, self.value(boxes), len(boxes))
        return result | self._unreachable(boxes)

    def _unreachable(self, boxes: Boxes) -> np.ndarray:
        count, lanes = len(boxes), self.lanes
        if self.rho is None:
            return np.zeros(count, bool)
        zero, none = lanes.constant(Fraction(0)), np.zeros(count)
        nearest, farthest = zero, zero
        for j, (low, high) in enumerate(self.region):
            here_low, here_high = lanes.box(boxes.lo[:, j], boxes.lo[:, j]), lanes.box(boxes.hi[:, j], boxes.hi[:, j])
            low_ball, high_ball = (lanes.box(none + end, none + end) for end in (low, high))
            below, above = ends(lanes, low_ball - here_high, count)[0], ends(lanes, here_low - high_ball, count)[0]
            gap = np.maximum(np.maximum(below, above), 0.0)
            nearest = nearest + lanes.power(lanes.box(gap, gap), 2)
            reach = np.maximum(ends(lanes, high_ball - here_low, count)[1], ends(lanes, here_high - low_ball, count)[1])
            farthest = farthest + lanes.power(lanes.box(reach, reach), 2)
        square = ends(lanes, lanes.power(lanes.constant(self.rho), 2), count)
        return (ends(lanes, nearest, count)[0] > square[1]) | (ends(lanes, farthest, count)[1] < square[0])

    def value(self, boxes: Boxes) -> list[Any]:
        """The gradient."""
        return self.f.enclose_gradient(self.lanes, self._x(boxes))

    def jacobian(self, boxes: Boxes) -> list[list[Any]]:
        """The Hessian."""
        return self.f.enclose_hessian(self.lanes, self._x(boxes))
