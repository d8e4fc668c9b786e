"""Shells: the spheres around one target for intervals of radii, in boxes over the charts of a census."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls.ball_lanes import Boxes
from hallucert.objectives.formula import FormulaObjective
from hallucert.prove.census.systems import LaneCharts, LanePoint, SphereSystem


class Shell(SphereSystem):
    """The hallucinated points of one target, with a chart and an interval of radii for each box.

    Parameters
    ----------
    lanes
        Arithmetic of lanes; with `FloatPoints` only `at_points` and `point` have a meaning, at the middles.
    f : FormulaObjective
        The function.
    centre : (d, 2) array
        A box that contains the target.
    chart : (k,) int array
        Numbers of charts; the tag of a box says which of the k belongs to it.
    low, high : (k,) arrays
        Smallest and largest radii.
    """

    def __init__(
        self,
        lanes: Any,
        f: FormulaObjective,
        centre: np.ndarray,
        chart: np.ndarray,
        low: np.ndarray,
        high: np.ndarray,
    ) -> None:
        super().__init__(lanes, f, Fraction(1), centre[None], None)
        self.numbers, self.low, self.high = chart, low, high

    def point(self, boxes: Boxes) -> LanePoint:
        """Everything about the points of the boxes, at all of their radii."""
        lanes, tag = self.lanes, boxes.tag
        radius = lanes.box(self.low[tag], self.high[tag])
        chart = LaneCharts(lanes, self.numbers[tag], self.f.dimension)
        return LanePoint(lanes, self.f, radius, self.centre(np.zeros_like(tag)), chart, boxes.lanes(lanes))


@dataclass(frozen=True)
class Cells:
    """Boxes on charts with intervals of radii.

    Attributes
    ----------
    chart : (k,) int array
        Numbers of the charts.
    lo, hi : (k, d - 1) arrays
        Ends on the chart.
    r_lo, r_hi : (k,) arrays
        Smallest and largest radii.
    """

    chart: np.ndarray
    lo: np.ndarray
    hi: np.ndarray
    r_lo: np.ndarray
    r_hi: np.ndarray

    def __len__(self) -> int:
        return len(self.chart)

    def __getitem__(self, which: Any) -> Cells:
        return Cells(*(getattr(self, name)[which] for name in self.__dataclass_fields__))

    @staticmethod
    def whole(dimension: int, inner: float, outer: float) -> Cells:
        """Return all charts, from one radius to another."""
        count, n = 2 * dimension, dimension - 1
        ones = np.ones((count, n))
        return Cells(np.arange(count), -ones, ones, np.full(count, inner), np.full(count, outer))

    @staticmethod
    def join(*parts: Cells) -> Cells:
        """Put cells one after the other."""
        names = Cells.__dataclass_fields__
        return Cells(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    @property
    def boxes(self) -> Boxes:
        """The boxes on the charts; the tag is the number of the cell."""
        return Boxes(np.arange(len(self)), self.lo, self.hi)

    @property
    def sides(self) -> np.ndarray:
        """All sides, shape (k, d): those on the chart, and that of the radii relative to their size."""
        return np.concatenate([self.hi - self.lo, ((self.r_hi - self.r_lo) / self.r_hi)[:, None]], axis=1)

    def up_to(self, radius: float) -> Cells:
        """Return what is left of the cells below a radius."""
        low = self[self.r_lo < radius]
        return Cells(low.chart, low.lo, low.hi, low.r_lo, np.minimum(low.r_hi, radius))

    def smallest_radii_first(self) -> Cells:
        """Sort them; of equal radii the smallest cells first, so that what cannot be decided is soon found."""
        return self[np.lexsort((self.sides.max(axis=1), self.r_lo))]

    def halves(self) -> Cells:
        """Split every cell across its longest side."""
        axis, rows = self.sides.argmax(axis=1), np.arange(len(self))
        lower = np.concatenate([self.lo, self.r_lo[:, None]], axis=1)
        upper = np.concatenate([self.hi, self.r_hi[:, None]], axis=1)
        cut = lower[rows, axis] + (upper[rows, axis] - lower[rows, axis]) / 2
        first, second = upper.copy(), lower.copy()
        first[rows, axis], second[rows, axis] = cut, cut
        return Cells.join(
            Cells(self.chart, self.lo, first[:, :-1], self.r_lo, first[:, -1]),
            Cells(self.chart, second[:, :-1], self.hi, second[:, -1], self.r_hi),
        )


@dataclass(frozen=True)
class Existing:
    """A radius for which there is a point with g normal to the sphere and inward, and where.

    Attributes
    ----------
    radius : float
        The radius, exactly.
    chart : int
        Number of the chart.
    box : (d - 1, 2) array
        Contains the point, on the chart.
    unique : (d - 1, 2) array
        It is the only one there.
    """

    radius: float
    chart: int
    box: np.ndarray
    unique: np.ndarray
