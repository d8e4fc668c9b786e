"""The two systems behind a census: critical points of ``f``, and hallucinated points of one target on its sphere.

For a target c and ``g(x) != 0`` these are equivalent: ``x+ = c``, and ``g(x) = lambda (c - x)`` with ``lambda > 0``,
``|x - c| = rho``. So the hallucinated points of c are the points of a sphere where g is normal to it and points
inward. The sphere is covered by ``2 d`` *charts*, the faces of a cube. On the face of coordinate i and sign s, 1 or -1,
coordinates are taken in the order of the chart, i first, and numbered from 0:

    x = c + s rho n,    n = v/|v|,    v = (1, y_1, .., y_{d-1}),    -1 <= y_j <= 1,
    G_j = g_j - y_j g_0 = 0 for j > 0         (g is parallel to v),
    s g_0 < 0                                 (and points inward; g_0 |v|^2 = g . v where G = 0).

These are ``d - 1`` smooth equations in as many unknowns, also where g = 0. With ``dn/dy_k = (e_k - n n_k)/|v|`` and
``B_jl = H_jl - y_j H_0l``:

    dG_j/dy_k = s rho/|v| (B_jk - (B n)_j n_k) - g_0 [j = k].

The formulas are written once, for lanes of boxes and for single balls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from hallucert.balls.lanes import sum_of_products
from hallucert.check.census.search.branch_and_prune import Boxes, Expansion, excludes_zero
from hallucert.objectives.objective import Objective


@dataclass(frozen=True)
class Chart:
    """A face of the cube: ``v`` is the coordinate vector of `axis` and its sign in the middle of the face."""

    axis: int
    sign: int

    def others(self, dimension: int) -> list[int]:
        """The coordinates that belong to unknowns."""
        return [j for j in range(dimension) if j != self.axis]

    def signed(self, value: Any) -> Any:
        """Return s times a value, exactly."""
        return value if self.sign > 0 else -value

    def to_chart(self, values: Sequence[Any]) -> list[Any]:
        """Return one value for each coordinate in the order of the chart."""
        return [values[self.axis], *(values[j] for j in self.others(len(values)))]

    def from_chart(self, values: Sequence[Any]) -> list[Any]:
        """Return them in their own order."""
        return [*values[1 : self.axis + 1], values[0], *values[self.axis + 1 :]]

    def matrix_to_chart(self, rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """Return a matrix with rows and columns in the order of the chart."""
        return [self.to_chart(row) for row in self.to_chart(rows)]

    def picked(self, which: np.ndarray) -> Chart:
        """Return the chart of some of the lanes."""
        return self


def charts(dimension: int) -> list[Chart]:
    """Return all faces."""
    return [Chart(axis, sign) for axis in range(dimension) for sign in (1, -1)]


@dataclass(frozen=True)
class LaneCharts:
    """A chart of its own in each of k lanes: the interface of `Chart`.

    Attributes
    ----------
    lanes
        Arithmetic of lanes.
    numbers : (k,) int array
        Numbers of the charts, in the order of `charts`.
    dimension : int
        d.
    """

    lanes: Any
    numbers: np.ndarray
    dimension: int

    def signed(self, value: Any) -> Any:
        """Return s times a value in each lane, exactly."""
        return self.lanes.negated(value, self._negative)

    @cached_property
    def _negative(self) -> np.ndarray:
        """Where s is -1, shape (k,)."""
        return np.asarray(self.numbers % 2 == 1)

    @cached_property
    def _order(self) -> np.ndarray:
        """Row m holds the coordinates that are number m in the order of the charts, shape (d, k)."""
        orders = np.array([chart.to_chart(range(self.dimension)) for chart in charts(self.dimension)])
        return np.asarray(orders[self.numbers].T)

    @cached_property
    def _own_order(self) -> np.ndarray:
        """Row i holds the numbers that coordinate i has in the order of the charts, shape (d, k)."""
        return self._order.argsort(axis=0)

    def to_chart(self, values: Sequence[Any]) -> list[Any]:
        """Return one value for each coordinate in the order of the chart of each lane."""
        return list(self.lanes.permuted(values, self._order))

    def from_chart(self, values: Sequence[Any]) -> list[Any]:
        """Return them in their own order."""
        return list(self.lanes.permuted(values, self._own_order))

    def matrix_to_chart(self, rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """Return a matrix with rows and columns in the order of the chart of each lane."""
        d, order = self.dimension, self._order
        pairs = (d * order[:, None] + order[None]).reshape(d * d, -1)
        flat = self.lanes.permuted([entry for row in rows for entry in row], pairs)
        return [flat[i * d : (i + 1) * d] for i in range(d)]

    def picked(self, which: np.ndarray) -> LaneCharts:
        """Return the charts of some of the lanes."""
        return LaneCharts(self.lanes, self.numbers[which], self.dimension)


class ChartPoint:
    """Everything about ``x = c + s rho n`` on one chart, enclosed.

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
    chart : Chart or LaneCharts
        The face.
    y : d - 1 balls
        The unknowns.
    """

    def __init__(
        self,
        arithmetic: Any,
        f: Objective,
        radius: Any,
        centre: Sequence[Any],
        chart: Chart | LaneCharts,
        y: Sequence[Any],
    ) -> None:
        self.arithmetic, self.f, self.chart, self.y = arithmetic, f, chart, list(y)
        total = arithmetic.constant(Fraction(1))
        for value in self.y:
            total = total + arithmetic.power(value, 2)
        scale = arithmetic.constant(Fraction(1)) / arithmetic.sqrt(total)
        self.normal = [scale, *(value * scale for value in self.y)]
        steps = [chart.signed(radius * n) for n in self.normal]
        self.x = [c + step for c, step in zip(centre, chart.from_chart(steps), strict=True)]
        self.factor = steps[0]  # s rho/|v|

    @cached_property
    def gradient(self) -> list[Any]:
        """``g(x)``, in the order of the chart."""
        return self.chart.to_chart(self.f.enclose_gradient(self.arithmetic, self.x))

    @cached_property
    def outward(self) -> Any:
        """``s g_0``: negative where g is normal to the sphere and points inward."""
        return self.chart.signed(self.gradient[0])

    @cached_property
    def radial(self) -> Any:
        """``s g . v``: negative at hallucinated points."""
        total = self.gradient[0]
        for g, y in zip(self.gradient[1:], self.y, strict=True):
            total = total + g * y
        return self.chart.signed(total)

    @cached_property
    def equations(self) -> list[Any]:
        """G."""
        first, *others = self.gradient
        return [g - y * first for g, y in zip(others, self.y, strict=True)]

    @cached_property
    def jacobian(self) -> list[list[Any]]:
        """DG."""
        rows = self.chart.matrix_to_chart(self.f.enclose_hessian(self.arithmetic, self.x))
        result = []
        for j, y in enumerate(self.y, start=1):
            b = [h - y * first for h, first in zip(rows[j], rows[0], strict=True)]
            along = sum_of_products(b, self.normal)
            row = [self.factor * (b[k] - along * self.normal[k]) for k in range(1, len(b))]
            row[j - 1] = row[j - 1] - self.gradient[0]
            result.append(row)
        return result

    def picked(self, which: np.ndarray) -> ChartPoint:
        """Return the point of some of the lanes."""
        pick, part = self.arithmetic.picked, copy(self)
        part.__dict__ = {}
        part.arithmetic, part.f, part.chart = self.arithmetic, self.f, self.chart.picked(which)
        for name in ("y", "normal", "x", "gradient", "equations"):
            setattr(part, name, [pick(value, which) for value in getattr(self, name)])
        part.factor = pick(self.factor, which)
        return part


def outside_of(lanes: Any, x: Sequence[Any], region: np.ndarray) -> np.ndarray:
    """Tell which points are certainly outside of a region, shape (d, 2)."""
    result: np.ndarray = np.any(
        [lanes.outside(side, low, high) for side, (low, high) in zip(x, region, strict=True)], axis=0
    )
    return result


def _with_middles(boxes: Boxes) -> Boxes:
    """Return boxes, and after them their midpoints."""
    middle, tags = boxes.middle, np.concatenate([boxes.tag, boxes.tag])
    return Boxes(tags, np.concatenate([boxes.lo, middle]), np.concatenate([boxes.hi, middle]))


class SphereSystem:
    """The hallucinated points in a region, of several targets; the tag of a box is its target.

    Parameters
    ----------
    lanes
        Arithmetic of lanes; with `FloatPoints` only `at_points` has a meaning.
    f : Objective
        The function.
    rho : Fraction
        The radius.
    targets : (T, d, 2) array
        Boxes that contain the targets.
    chart : Chart or None
        The face. None: all faces, and a tag is ``2 d`` times the number of the target plus that of the chart.
    region : (d, 2) array or None
        Points outside are not wanted.
    """

    def __init__(
        self,
        lanes: Any,
        f: Objective,
        rho: Fraction,
        targets: np.ndarray,
        chart: Chart | None,
        region: np.ndarray | None,
    ) -> None:
        self.lanes, self.f, self.chart = lanes, f, chart
        self.rho = lanes.constant(rho)
        self.targets, self.region = targets, region

    def point(self, boxes: Boxes) -> ChartPoint:
        """Everything about the points of the boxes."""
        lanes, dimension, tags = self.lanes, self.f.dimension, boxes.tag
        chart: Chart | LaneCharts | None = self.chart
        if chart is None:
            tags, numbers = np.divmod(boxes.tag, 2 * dimension)
            chart = LaneCharts(lanes, numbers, dimension)
        return ChartPoint(lanes, self.f, self.rho, self.centre(tags), chart, boxes.lanes(lanes))

    def centre(self, numbers: np.ndarray) -> list[Any]:
        """The targets with these numbers, d values."""
        own = self.targets[numbers]
        return [self.lanes.box(own[:, j, 0], own[:, j, 1]) for j in range(self.f.dimension)]

    def impossible(self, boxes: Boxes) -> np.ndarray:
        """Outside the region, or g certainly not normal to the sphere, or certainly not inward."""
        return self._impossible(self.point(boxes), len(boxes)) if len(boxes) else np.zeros(0, bool)

    def _impossible(self, point: ChartPoint, count: int) -> np.ndarray:
        lanes, result = self.lanes, np.zeros(count, bool)
        if self.region is not None:
            result |= outside_of(lanes, point.x, self.region)
        for inward in (point.outward, point.radial):
            result |= lanes.lower(inward) >= 0
        impossible: np.ndarray = result | excludes_zero(lanes, point.equations, count)
        return impossible

    def look(self, boxes: Boxes) -> tuple[np.ndarray, Callable[[np.ndarray], Expansion]]:
        """What is impossible, and the expansion of the rest."""
        count, point = len(boxes), self.point(_with_middles(boxes))

        def expand(left: np.ndarray) -> Expansion:
            rows = np.flatnonzero(left)
            own = point.picked(rows)
            at_middle = [self.lanes.picked(value, rows + count) for value in point.equations]
            return Expansion(own.equations, at_middle, own.jacobian)

        return self._impossible(point, 2 * count)[:count], expand

    def at_points(self, points: Boxes) -> tuple[list[Any], list[list[Any]]]:
        """G and DG."""
        point = self.point(points)
        return point.equations, point.jacobian

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

    def look(self, boxes: Boxes) -> tuple[np.ndarray, Callable[[np.ndarray], Expansion]]:
        """What is impossible, and the expansion of the rest.

        Impossible is what is too far from the region or, all of it, too near; or the gradient is certainly not 0.
        """
        lanes, count = self.lanes, len(boxes)
        gradient = self.value(_with_middles(boxes))
        impossible = excludes_zero(lanes, gradient, 2 * count)[:count]
        left = np.flatnonzero(~impossible)
        impossible[left] = self._unreachable(boxes[left])

        def expand(which: np.ndarray) -> Expansion:
            rows = np.flatnonzero(which)
            on_box, at_middle = ([lanes.picked(g, part) for g in gradient] for part in (rows, rows + count))
            return Expansion(on_box, at_middle, self.jacobian(boxes[rows]))

        return impossible, expand

    def _unreachable(self, boxes: Boxes) -> np.ndarray:
        """Tell which boxes are too far from the region or, all of them, too near to all of it."""
        lanes, (count, d) = self.lanes, boxes.lo.shape
        if self.rho is None or not count:
            return np.zeros(count, bool)
        # Side by side: a point can be at most p = hi - low below, and q = high - lo above, a point of the region.
        lo, hi, low, high = boxes.lo.ravel(), boxes.hi.ravel(), *np.tile(self.region.T, count)
        p, q = (lanes.upper(lanes.box(a, a) - lanes.box(b, b)) for a, b in ((hi, low), (high, lo)))
        sides = np.concatenate([np.maximum(np.maximum(-p, -q), 0.0), np.maximum(p, q)])  # nearest, farthest
        squares, first = lanes.power(lanes.box(sides, sides), 2), d * np.arange(2 * count)
        distance = lanes.picked(squares, first)
        for j in range(1, d):
            distance = distance + lanes.picked(squares, first + j)
        (lower, upper), square = lanes.ends(distance), lanes.ends(lanes.power(lanes.constant(self.rho), 2))
        return np.asarray((lower[:count] > square[1]) | (upper[count:] < square[0]))

    def at_points(self, points: Boxes) -> tuple[list[Any], list[list[Any]]]:
        """The gradient and the Hessian."""
        return self.value(points), self.jacobian(points)

    def value(self, boxes: Boxes) -> list[Any]:
        """The gradient."""
        return self.f.enclose_gradient(self.lanes, boxes.lanes(self.lanes))

    def jacobian(self, boxes: Boxes) -> list[list[Any]]:
        """The Hessian."""
        return self.f.enclose_hessian(self.lanes, boxes.lanes(self.lanes))
