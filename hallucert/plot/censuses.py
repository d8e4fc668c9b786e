"""All points of a census: in the plane, or on the graphs of a function of one variable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hallucert.arguments import quiet
from hallucert.errors import ArgumentError
from hallucert.plot import canvas, graph, layout
from hallucert.plot.canvas import ORANGE, SKY, VERMILION, WHITE
from hallucert.plot.layout import BLACK, Axes
from hallucert.settings import checked_flag

TARGETS = {"minimizer": "o", "saddle": "s", "maximizer": "^"}
STABILITIES = {"attractor": ORANGE, "repeller": VERMILION, "undecided": SKY}
CRITICAL = {"minimizer": ("*", 190), "saddle": ("P", 60), "maximizer": ("v", 60), "degenerate": ("X", 60)}


@quiet
def census(
    found: canvas.Found,
    ax: Axes | None = None,
    steps: bool = True,
    levels: int = 24,
    resolution: int = 220,
    title: str | None = None,
) -> Axes:
    """Draw all points of a census in the plane, or on the graphs of a function of one variable.

    The marker tells what the target is, the colour whether the point attracts or repels SAM. White marks are the
    critical points of ``f``, thin lines lead from each point to its target, and grey boxes are places left open.

    Parameters
    ----------
    found : Census
        A census of a function of one or two variables.
    steps : bool
        Whether to draw the lines ``x -> x+``.
    ax, levels, resolution, title
        As in `landscape`; by default the title says ``rho`` and the number of points.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ArgumentError
        If it is not a census of a function of one or two variables.
    """
    if not (hasattr(found, "points") and hasattr(found, "critical_points") and hasattr(found, "problem")):
        raise ArgumentError("found", found, "be a census")
    steps, look = checked_flag(steps, "steps"), canvas.Look.checked(levels, resolution, title)
    f, window = canvas.require_drawable(found.problem.f, "found"), found.problem.region
    ax = canvas.own_axes(ax)

    def _where(points: Sequence[canvas.Found]) -> np.ndarray:
        places = np.array([point.x for point in points]).reshape(-1, f.dimension)
        return graph.on_graph(f, places) if f.dimension == 1 else places

    if f.dimension == 1:
        graph.draw_graphs(ax, f, window, float(found.problem.rho), look.resolution)
    else:
        x, y = canvas.grid(window, look.resolution)
        canvas.shade(ax, x, y, canvas.sample(f.floats.value, x, y), look.levels)
    if steps:
        for point in found.points:
            ends = _where([point, found.critical_points[point.target]])
            ax.plot(ends[:, 0], ends[:, 1], color=WHITE, lw=0.8 * layout.scale(ax), alpha=0.7, zorder=4)
    for kind, (marker, size) in CRITICAL.items():
        where = _where([point for point in found.critical_points if point.kind == kind])
        where = where[
            ((where[:, : f.dimension] >= window[:, 0]) & (where[:, : f.dimension] <= window[:, 1])).all(axis=1)
        ]
        if len(where):
            canvas.mark(ax, where, canvas.Style(marker, WHITE, f"{kind} of f", size))
    for kind, marker in TARGETS.items():
        for stability, colour in STABILITIES.items():
            own = [point for point in found.points if (point.kind, point.stability) == (kind, stability)]
            if own:
                canvas.mark(
                    ax, _where(own), canvas.Style(marker, colour, f"target a {kind}: {stability} ({len(own)})", 60)
                )
    if f.dimension == 2:
        _draw_open(ax, found)
    text = f"{layout.radius_text(found.problem.rho)}: {len(found.points)} points"
    text += "" if found.complete else ", not complete"
    title = text if look.title is None else look.title
    if f.dimension == 1:
        layout.label(ax, (*f.variables, "loss"), title)
    else:
        layout.finish(ax, f.variables, title, window)
    return ax


def _draw_open(ax: Axes, found: canvas.Found) -> None:
    """Draw excluded and pending places as boxes, at least as large as can be seen."""
    from matplotlib.patches import Rectangle

    least = 0.015 * (found.problem.region[:, 1] - found.problem.region[:, 0])
    for places, name in ((found.excluded, "excluded"), (found.pending, "pending")):
        boxes = [place.box for place in places if place.box is not None]
        for number, box in enumerate(boxes):
            low, high = (np.array([float(getattr(side, end)) for side in box]) for end in ("lower", "upper"))
            middle, size = (low + high) / 2, np.maximum(high - low, least)
            edge: layout.Options = {"fill": False, "ec": BLACK, "lw": 1.6 * layout.scale(ax), "zorder": 7}
            label = None if number else name
            ax.add_patch(Rectangle(tuple(middle - size / 2), *size, label=label, **edge))
