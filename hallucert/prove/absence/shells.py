"""Shells: the spheres around one target for intervals of radii, in boxes over the charts of a census.

Upper ends of a critical radius: floats propose a point on a sphere, Krawczyk's operator proves it. Newton's method runs
from the points of a grid on every chart, on a ladder of radii at once. Where it meets a zero at which g points inward,
a tiny box around the zero is tested at exactly that radius, in enclosures. The ladder is then refined between the
smallest radius with a proved point and the one below, which has none in floats. That a radius has none in floats proves
nothing; it only says where to look.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls.ball_lanes import Boxes, SearchLanes, ends
from hallucert.objectives.formula import FormulaObjective
from hallucert.prove.census.branch_and_prune import image
from hallucert.prove.census.naming import float_points, newton_steps
from hallucert.prove.census.systems import LaneCharts, LanePoint, SphereSystem

GRID = {0: 1, 1: 12, 2: 5, 3: 3}  # points along each side of a chart at which Newton's method begins, by its dimension
NEWTON_STEPS = 12
CONVERGED = 2.0**-24  # the last step of a run that is taken for a zero is at most so large
REACH = 1.25  # Newton's method may leave the chart, -1 to 1 on every side, a little
WIDTHS = (2.0**-42, 2.0**-34, 2.0**-26)  # half widths of the boxes that are tested: wider for less regular zeros
TOGETHER, TRIED = 8, 12  # zeros tested at a time, those of the smallest radii first, and how many times at most
LADDER, ROUNDS = 16, 16  # radii of a ladder when it is refined, and how often it is refined at most


@dataclass(frozen=True)
class Around:
    """A function around a target that lies in a box (d, 2), in the arithmetic of some lanes."""

    lanes: SearchLanes
    f: FormulaObjective
    centre: np.ndarray

    def shell(self, chart: np.ndarray, low: np.ndarray, high: np.ndarray) -> Shell:
        """Return the hallucinated points of the target, with a chart (k,) and radii from `low` to `high` a box."""
        return Shell(self, chart, low, high)


class Shell(SphereSystem):
    """The hallucinated points of one target for intervals of radii; the tag of a box tells which of the k is its own.

    In float points only the middles have a meaning.
    """

    def __init__(self, around: Around, chart: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        super().__init__(around.lanes, around.f, Fraction(1), around.centre[None], None)
        self.numbers, self.low, self.high = chart, low, high

    def point(self, boxes: Boxes) -> LanePoint:
        lanes, tag = self.lanes, boxes.tag
        radius = lanes.box(self.low[tag], self.high[tag])
        chart = LaneCharts(lanes, self.numbers[tag], self.f.dimension)
        return LanePoint(lanes, self.f, radius, self.centre(np.zeros_like(tag)), chart, boxes.lanes(lanes))


@dataclass(frozen=True)
class Cells:
    """Boxes on charts with intervals of radii."""

    chart: np.ndarray  # (k,) int: numbers of the charts
    lo: np.ndarray  # (k, d - 1): ends on the chart
    hi: np.ndarray  # (k, d - 1)
    r_lo: np.ndarray  # (k,): smallest radii
    r_hi: np.ndarray  # (k,): largest radii

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
    """A radius for which there is a point with g normal to the sphere and inward, and where."""

    radius: float  # exactly
    chart: int  # its number
    box: np.ndarray  # (d - 1, 2): contains the point, on the chart
    unique: np.ndarray  # (d - 1, 2): it is the only one there


# ---------------------------------------------------------------------- proposals in floats


@dataclass(frozen=True)
class Places:
    """Points on charts."""

    chart: np.ndarray  # (k,) int: numbers of the charts
    y: np.ndarray  # (k, d - 1): coordinates there

    @staticmethod
    def grid(dimension: int) -> Places:
        """Return a grid on every chart."""
        n = dimension - 1
        side = (np.arange(GRID[n]) + 0.5) * (2 / GRID[n]) - 1
        points = np.stack([axis.ravel() for axis in np.meshgrid(*[side] * n)], axis=1) if n else np.empty((1, 0))
        return Places(np.repeat(np.arange(2 * dimension), len(points)), np.tile(points, (2 * dimension, 1)))

    def joined(self, other: Places) -> Places:
        """Return these places and others."""
        return Places(np.concatenate([self.chart, other.chart]), np.concatenate([self.y, other.y]))


def lowest_point(around: Around, floor: float, radii: np.ndarray, starts: Places, rtol: float) -> Existing | None:
    """Prove a point for a radius as small as possible, above `floor`, of one target.

    Newton's method begins at `starts`, for `radii` (m,) in ascending order; the ladder is refined until its steps are a
    quarter of `rtol`, relative to the radius. The lanes have to be entered.
    """
    best: Existing | None = None
    for _ in range(ROUNDS):
        found = _first(around, radii, starts)
        best = best if found is None else found
        if best is None:
            return None
        if found is not None:
            starts = starts.joined(Places(np.array([found.chart]), found.box.mean(axis=1)[None]))
        # The next ladder ends below the best radius; it begins at the largest that was tried in vain below it.
        below = radii[radii < best.radius]
        floor = max(floor, float(below[-1])) if len(below) else floor
        if best.radius - floor <= rtol * best.radius / 4:
            return best
        radii = np.linspace(floor, best.radius, LADDER + 2)[1:-1]
    return best


def _first(around: Around, radii: np.ndarray, starts: Places) -> Existing | None:
    """Prove a point for the smallest of some radii for which Newton's method finds one that can be proved."""
    radius, places = _zeros(around, radii, starts)
    for start in range(0, min(len(radius), TOGETHER * TRIED), TOGETHER):
        part = slice(start, start + TOGETHER)
        found = _proved(around, radius[part], Places(places.chart[part], places.y[part]))
        if found is not None:
            return found
    return None


def _zeros(around: Around, radii: np.ndarray, starts: Places) -> tuple[np.ndarray, Places]:
    """Run Newton's method from every start at every radius; the zeros at which g points inward, smallest radii first.

    Near a target that is a point of doubles, two starts that meet the same zero give two results that are nearly equal:
    one of them is kept.
    """
    radius = np.repeat(radii, len(starts.chart))
    chart, y = np.tile(starts.chart, len(radii)), np.tile(starts.y, (len(radii), 1))
    points, rows = float_points(), np.arange(len(radius))
    system = replace(around, lanes=points).shell(chart, radius, radius)
    step = np.zeros_like(y)
    with points:
        for _ in range(NEWTON_STEPS):
            step = newton_steps(system, Boxes(rows, y, y), np.inf)[0]
            y = np.clip(y - np.where(np.isfinite(step), step, 0.0), -REACH, REACH)
        inward = np.broadcast_to(system.point(Boxes(rows, y, y)).outward, rows.shape) < 0
        good = np.flatnonzero(inward & (np.abs(step) <= CONVERGED).all(1) & (np.abs(y) < REACH).all(1))
    key = np.column_stack([radius, chart, np.round(y / CONVERGED)])[good]
    _, first = np.unique(key, axis=0, return_index=True)
    good = good[first]
    return radius[good], Places(chart[good], y[good])


def _proved(around: Around, radius: np.ndarray, places: Places) -> Existing | None:
    """Prove one of some zeros, for the smallest radius that can be."""
    number = np.repeat(np.arange(len(radius)), len(WIDTHS))
    half = np.tile(np.array(WIDTHS), len(radius))[:, None]
    chart, radius, y = places.chart[number], radius[number], places.y[number]
    boxes = Boxes(np.arange(len(number)), y - half, y + half)
    system = around.shell(chart, radius, radius)
    _, expand = system.look(boxes)
    found = image(around.lanes, boxes, expand(np.ones(len(boxes), bool)))
    rows = np.flatnonzero(found.proved)
    if not len(rows):
        return None
    at = system.point(Boxes(rows, found.lo[rows], found.hi[rows]))
    rows = rows[ends(around.lanes, at.outward, len(rows))[1] < 0]
    if not len(rows):
        return None
    i = rows[np.argmin(radius[rows])]
    box, unique = np.stack([found.lo[i], found.hi[i]], -1), np.stack([boxes.lo[i], boxes.hi[i]], -1)
    return Existing(float(radius[i]), int(chart[i]), box, unique)
