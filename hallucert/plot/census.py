"""A census in the plane: every hallucinated point by class, on the landscape of ``f``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.arguments import checked_flag, checked_text, quiet
from hallucert.errors import ArgumentError
from hallucert.plot.canvas import (
    BLACK,
    ORANGE,
    SKY,
    VERMILION,
    WHITE,
    finish,
    grid,
    legend,
    own_axes,
    require_levels,
    require_plane,
    require_resolution,
    sample,
    shade,
)
from hallucert.plot.points import mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = {"minimizer": "o", "saddle": "s", "maximizer": "^"}
COLOURS = {"attractor": ORANGE, "repeller": VERMILION, "undecided": SKY}
STARS = {"minimizer": ("*", 190), "saddle": ("P", 60), "maximizer": ("v", 60), "degenerate": ("X", 60)}


@quiet
def census(
    found: Any, ax: Axes | None = None, steps: bool = True, levels: int = 24, resolution: int = 220, title: Any = None
) -> Axes:
    """Draw all points of a census in the plane.

    The marker tells what the target is, the colour whether the point attracts or repels SAM. White marks are the
    critical points of ``f``, thin lines lead from each point to its target, and grey boxes are places left open.

    Parameters
    ----------
    found : Census
        A census of a function of two variables.
    ax : Axes, optional
        Where to draw; new axes by default.
    steps : bool
        Whether to draw the lines ``x -> x+``.
    levels : int
        Number of colour bands.
    resolution : int
        Grid points a side.
    title : str, optional
        Title; by default ``rho`` and the number of points.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ArgumentError
        If it is not a census of a function of two variables.
    """
    if not (hasattr(found, "points") and hasattr(found, "critical_points") and hasattr(found, "problem")):
        raise ArgumentError("found", found, "be a census")
    levels, title, steps = require_levels(levels), checked_text(title, "title"), checked_flag(steps, "steps")
    f, window = require_plane(found.problem.f, "found"), found.problem.region
    count = require_resolution(resolution)
    ax = own_axes(ax)
    x, y = grid(window, count)
    shade(ax, x, y, sample(f.value_lanes, x, y), levels)
    if steps:
        for point in found.points:
            ends = np.stack([point.x, found.critical_points[point.target].x])
            ax.plot(ends[:, 0], ends[:, 1], color=WHITE, lw=0.8, alpha=0.7, zorder=4)
    for kind, (marker, size) in STARS.items():
        where = _where([point for point in found.critical_points if point.kind == kind])
        where = where[((where >= window[:, 0]) & (where <= window[:, 1])).all(axis=1)]
        if len(where):
            mark(ax, where, marker, WHITE, f"{kind} of f", size)
    for kind, marker in MARKERS.items():
        for stability, colour in COLOURS.items():
            own = [point for point in found.points if (point.kind, point.stability) == (kind, stability)]
            if own:
                mark(ax, _where(own), marker, colour, f"target a {kind}: {stability} ({len(own)})", 60)
    _draw_open(ax, found)
    text = f"rho = {found.problem.rho}: {len(found.points)} points" + ("" if found.complete else ", not complete")
    finish(ax, f, window, text if title is None else title)
    legend(ax)
    return ax


def _where(points: list[Any]) -> np.ndarray:
    return np.array([point.x for point in points]).reshape(-1, 2)


def _draw_open(ax: Axes, found: Any) -> None:
    """Draw excluded and pending places as boxes, at least as large as can be seen."""
    from matplotlib.patches import Rectangle

    least = 0.015 * (found.problem.region[:, 1] - found.problem.region[:, 0])
    for places, name in ((found.excluded, "excluded"), (found.pending, "pending")):
        label: str | None = name
        for place in places:
            if place.box is None:
                continue
            low = np.array([float(side.lower) for side in place.box])
            high = np.array([float(side.upper) for side in place.box])
            middle, size = (low + high) / 2, np.maximum(high - low, least)
            ax.add_patch(
                Rectangle(tuple(middle - size / 2), *size, fill=False, ec=BLACK, lw=1.6, label=label, zorder=7)
            )
            label = None
