"""Functions of one variable: the graphs of ``f`` and of ``f^SAM``, with hallucinated points and the step to their
targets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.objectives.objective import Objective
from hallucert.plot import canvas, layout
from hallucert.plot.canvas import SKY, VERMILION
from hallucert.plot.layout import Axes
from hallucert.sam.maps import sam_value

FINER = 4
"""A line has so many times as many points as a side of a grid."""

ROOM = 0.06
"""Of the height, above and below; what ``f^SAM`` has above the highest point of ``f`` is cut."""


def draw_graphs(ax: Axes, f: Objective, window: np.ndarray, radius: float | None, resolution: int) -> None:
    """Draw ``f``, and ``f^SAM`` if there is a radius, over an interval, shape (1, 2).

    The graph of ``f^SAM`` is broken at critical points of ``f``, where the direction uphill changes sign.
    """
    low, high = window[0].tolist()
    x = np.linspace(low, high, FINER * resolution)
    curves = {"f": _sampled(f.floats.value, x)}
    if radius is not None:
        signs = np.sign(_sampled(lambda lanes: f.gradient(lanes)[:, 0], x))
        broken = np.append(signs[1:] != signs[:-1], False) | (signs == 0)
        curves[f"f^SAM, {layout.radius_text(radius)}"] = np.where(
            broken, np.nan, _sampled(partial(sam_value, f, rho=radius), x)
        )
    if not any(np.isfinite(curve).any() for curve in curves.values()):
        raise ArgumentError("box", "<an interval where the function is nowhere defined>", "meet the domain of f")
    for (name, curve), colour in zip(curves.items(), (SKY, VERMILION), strict=False):
        ax.plot(x, curve, color=colour, lw=2.0 * layout.scale(ax), label=layout.spelled(name), zorder=2)
    ax.set_xlim(low, high)
    own, every = curves["f"], np.concatenate(list(curves.values()))
    low, high = np.nanmin(every), np.nanmax(own if np.isfinite(own).any() else every)
    room = ROOM * (high - low) or 1.0
    ax.set_ylim(low - room, high + room)


def on_graph(f: Objective, x: Sequence[np.ndarray] | np.ndarray, radius: float | None = None) -> np.ndarray:
    """Return the points of the graph of ``f``, or of ``f^SAM``, over points (k, 1): shape (k, 2)."""
    lanes = np.reshape(x, (-1, 1))
    value = f.floats.value if radius is None else partial(sam_value, f, rho=radius)
    return np.column_stack([lanes, _sampled(value, lanes[:, 0])])


def draw_points(ax: Axes, f: Objective, points: Sequence[canvas.Drawn]) -> None:
    """Draw hallucinated points on the graph of ``f``, and the step from there to the target's point of it."""
    starts, ends = (on_graph(f, [getattr(point, name) for point in points]) for name in ("x", "plus"))
    for start, end in zip(starts, ends, strict=True):
        canvas.draw_step(ax, start, end)
    if points:
        canvas.mark(ax, np.unique(np.round(ends, 9), axis=0), canvas.Style("*", canvas.WHITE, "target x+", 170))
    for style in dict.fromkeys(point.style for point in points):
        canvas.mark(ax, starts[[point.style == style for point in points]], style)


def _sampled(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """Evaluate a function of lanes, NaN where it is undefined or infinite."""
    with np.errstate(all="ignore"):
        values = np.asarray(function(x[:, None]), dtype=float)
    return np.where(np.isfinite(values), values, np.nan)
