"""Upper ends of a critical radius: floats propose a point on a sphere, Krawczyk's operator proves it.

Newton's method runs from the points of a grid on every chart, on a ladder of radii at once. Where it meets a zero at
which g points inward, a tiny box around the zero is tested at exactly that radius, in enclosures. The ladder is then
refined between the smallest radius with a proved point and the one below, which has none in floats. That a radius has
none in floats proves nothing; it only says where to look.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hallucert.balls.ball_lanes import Boxes, ends
from hallucert.objectives.formula import FormulaObjective
from hallucert.prove.absence.shell_system import Existing, Shell
from hallucert.prove.census.branch_and_prune import image, inverses
from hallucert.prove.census.refine import float_points

GRID = {1: 12, 2: 5, 3: 3}
"""Points along each side of a chart at which Newton's method begins, by the dimension of the chart."""
NEWTON_STEPS = 12
CONVERGED = 2.0**-24
"""The last step of a run that is taken for a zero is at most so large."""
REACH = 1.25
"""Newton's method may leave the chart, -1 to 1 on every side, a little."""
WIDTHS = (2.0**-42, 2.0**-34, 2.0**-26)
"""Half widths of the boxes that are tested: the wider the less singular the zero is."""
TOGETHER, TRIED = 8, 12
"""Zeros are tested so many at a time, those of the smallest radii first, and at most so many times."""
LADDER, ROUNDS = 16, 16
"""Radii of a ladder when it is refined, and how often it is refined at most."""


@dataclass(frozen=True)
class Places:
    """Points on charts.

    Attributes
    ----------
    chart : (k,) int array
        Numbers of the charts.
    y : (k, d - 1) array
        Coordinates there.
    """

    chart: np.ndarray
    y: np.ndarray

    @staticmethod
    def grid(dimension: int) -> Places:
        """Return a grid on every chart."""
        n = dimension - 1
        side = (np.arange(GRID[n]) + 0.5) * (2 / GRID[n]) - 1
        points = np.stack([axis.ravel() for axis in np.meshgrid(*[side] * n)], axis=1)
        return Places(np.repeat(np.arange(2 * dimension), len(points)), np.tile(points, (2 * dimension, 1)))

    def joined(self, other: Places) -> Places:
        """Return these places and others."""
        return Places(np.concatenate([self.chart, other.chart]), np.concatenate([self.y, other.y]))


def lowest_point(
    lanes: Any, f: FormulaObjective, centre: np.ndarray, floor: float, radii: np.ndarray, starts: Places, rtol: float
) -> Existing | None:
    """Prove a point for a radius as small as possible.

    Parameters
    ----------
    lanes
        Arithmetic of lanes, entered.
    f : FormulaObjective
        The function.
    centre : (d, 2) array
        A box that contains the target, which is a critical point.
    floor : float
        No smaller radius is of interest.
    radii : (m,) array
        The radii that are tried, above `floor`, in ascending order.
    starts : Places
        Where Newton's method begins.
    rtol : float
        The ladder is refined until its steps are a quarter of this, relative to the radius.
    """
    best: Existing | None = None
    for _ in range(ROUNDS):
        found = _first(lanes, f, centre, radii, starts)
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


def _first(lanes: Any, f: FormulaObjective, centre: np.ndarray, radii: np.ndarray, starts: Places) -> Existing | None:
    """Prove a point for the smallest of some radii for which Newton's method finds one that can be proved."""
    radius, places = _zeros(f, centre, radii, starts)
    for start in range(0, min(len(radius), TOGETHER * TRIED), TOGETHER):
        part = slice(start, start + TOGETHER)
        found = _proved(lanes, f, centre, radius[part], Places(places.chart[part], places.y[part]))
        if found is not None:
            return found
    return None


def _zeros(f: FormulaObjective, centre: np.ndarray, radii: np.ndarray, starts: Places) -> tuple[np.ndarray, Places]:
    """Run Newton's method from every start at every radius; the zeros at which g points inward, smallest radii first.

    Near a target that is a point of doubles, two starts that meet the same zero give two results that are nearly equal:
    one of them is kept.
    """
    radius = np.repeat(radii, len(starts.chart))
    chart, y = np.tile(starts.chart, len(radii)), np.tile(starts.y, (len(radii), 1))
    points, rows = float_points(), np.arange(len(radius))
    system = Shell(points, f, centre, chart, radius, radius)
    step = np.zeros_like(y)
    with points:
        for _ in range(NEWTON_STEPS):
            at = system.point(Boxes(rows, y, y))
            residual, slope = np.empty(y.shape), np.empty((*y.shape, y.shape[1]))
            for i, (value, row) in enumerate(zip(at.equations, at.jacobian, strict=True)):
                residual[:, i] = value
                for j, entry in enumerate(row):
                    slope[:, i, j] = entry
            slope[~(np.isfinite(slope).all((1, 2)) & np.isfinite(residual).all(1))] = np.nan
            inverse, usable = inverses(slope)
            step = np.where(usable[:, None], (inverse @ residual[..., None])[..., 0], np.inf)
            y = np.clip(y - np.where(np.isfinite(step), step, 0.0), -REACH, REACH)
        inward = np.broadcast_to(system.point(Boxes(rows, y, y)).outward, rows.shape) < 0
        good = np.flatnonzero(inward & (np.abs(step) <= CONVERGED).all(1) & (np.abs(y) < REACH).all(1))
    key = np.column_stack([radius, chart, np.round(y / CONVERGED)])[good]
    _, first = np.unique(key, axis=0, return_index=True)
    good = good[first]
    return radius[good], Places(chart[good], y[good])


def _proved(lanes: Any, f: FormulaObjective, centre: np.ndarray, radius: np.ndarray, places: Places) -> Existing | None:
    """Prove one of some zeros, for the smallest radius that can be."""
    number = np.repeat(np.arange(len(radius)), len(WIDTHS))
    half = np.tile(np.array(WIDTHS), len(radius))[:, None]
    chart, radius, y = places.chart[number], radius[number], places.y[number]
    boxes = Boxes(np.arange(len(number)), y - half, y + half)
    system = Shell(lanes, f, centre, chart, radius, radius)
    _, expand = system.look(boxes)
    found = image(lanes, boxes, expand(np.ones(len(boxes), bool)))
    rows = np.flatnonzero(found.proved)
    if not len(rows):
        return None
    at = system.point(Boxes(rows, found.lo[rows], found.hi[rows]))
    rows = rows[ends(lanes, at.outward, len(rows))[1] < 0]
    if not len(rows):
        return None
    i = rows[np.argmin(radius[rows])]
    box, unique = np.stack([found.lo[i], found.hi[i]], -1), np.stack([boxes.lo[i], boxes.hi[i]], -1)
    return Existing(float(radius[i]), int(chart[i]), box, unique)
