"""The landscape of ``f``, or of ``f^SAM`` with the field that SAM follows, and the points proved in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.arguments import checked_choice, checked_double, checked_flag, checked_text, quiet
from hallucert.arrays import real_array
from hallucert.errors import ArgumentError
from hallucert.exact import Exact
from hallucert.objectives.objective import Objective
from hallucert.plot.canvas import (
    BLACK,
    WHITE,
    finish,
    grid,
    legend,
    own_axes,
    require_box,
    require_levels,
    require_plane,
    require_resolution,
    sample,
    shade,
)
from hallucert.plot.points import checked_points, draw_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIELDS = ("stream", "arrows", "none")
SURFACES = ("f", "sam")


@quiet
def landscape(
    f: Objective,
    box: Any,
    rho: Exact | None = None,
    ax: Axes | None = None,
    points: Any = (),
    trajectory: Any = None,
    surface: str | None = None,
    field: str = "stream",
    spheres: bool = True,
    levels: int = 24,
    resolution: int = 220,
    title: str | None = None,
) -> Axes:
    """Draw a function of two variables, and what SAM makes of it.

    Parameters
    ----------
    f : Objective
        A function of two variables.
    box : (2, 2) array-like
        The window: rows ``(lower, upper)``, one a variable.
    rho : int, float, str or Fraction, optional
        Radius. Given, the picture shows ``f^SAM`` and the SAM field ``-F(x)``; not given, ``f``.
    ax : Axes, optional
        Where to draw; new axes by default.
    points : sequence of Certificate or Candidate
        Hallucinated points: drawn with their targets, spheres ``S(x+, rho)`` and arrows ``x -> x+``. The marker tells
        what is proved of a certificate, and the kind on the sphere of a candidate.
    trajectory : Trajectory or (n, 2) array, optional
        A run to draw.
    surface : {"f", "sam"}, optional
        What the colours show; by default ``"sam"`` if `rho` is given.
    field : {"stream", "arrows", "none"}
        How ``-F`` is drawn; its direction only, since its length varies too much.
    spheres : bool
        Whether to draw the spheres.
    levels : int
        Number of colour bands.
    resolution : int
        Grid points a side.
    title : str, optional
        Title of the axes.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ArgumentError
        If `f` does not have two variables, or another argument is not as above.
    """
    levels, title = require_levels(levels), checked_text(title, "title")
    require_plane(f)
    window, count = require_box(box), require_resolution(resolution)
    radius = None if rho is None else checked_double(rho, "rho")
    shown = _surface(surface, radius)
    field, spheres = checked_choice(field, FIELDS, "field"), checked_flag(spheres, "spheres")
    marked = checked_points(points)
    path = None if trajectory is None else _path(trajectory)
    ax = own_axes(ax)
    x, y = grid(window, count)
    shade(ax, x, y, sample(_values(f, radius if shown == "sam" else None), x, y), levels)
    if radius is not None and field != "none":
        _draw_field(ax, f, window, radius, field)
    if path is not None:
        _draw_path(ax, path)
    draw_points(ax, marked, spheres)
    finish(ax, f, window, title)
    legend(ax)
    return ax


def _surface(surface: str | None, radius: float | None) -> str:
    if surface is None:
        return "f" if radius is None else "sam"
    if not isinstance(surface, str) or surface not in SURFACES or (surface == "sam" and radius is None):
        raise ArgumentError("surface", surface, 'be "f", or "sam" together with rho')
    return surface


def _values(f: Objective, radius: float | None) -> Any:
    """Return ``f`` or ``f^SAM`` as a function of lanes, NaN where undefined."""
    if radius is None:
        return f.value_lanes
    return lambda lanes: f.value_lanes(_shifted(f, lanes, radius))


def _shifted(f: Objective, lanes: np.ndarray, radius: float) -> np.ndarray:
    g = f.gradient_lanes(lanes)
    return lanes + radius * g / np.linalg.norm(g, axis=1, keepdims=True)


def _draw_field(ax: Axes, f: Objective, window: np.ndarray, radius: float, field: str) -> None:
    """Draw the direction of ``-F(x) = -g(x+)``, on a grid off the symmetry axes of the window."""
    count = 44 if field == "stream" else 23
    x, y = grid(window, count)
    flow = -sample(lambda lanes: f.gradient_lanes(_shifted(f, lanes, radius)), x, y)
    length = np.linalg.norm(flow, axis=2, keepdims=True)
    with np.errstate(all="ignore"):
        flow = np.ma.masked_invalid(flow / length)
    if field == "stream":
        ax.streamplot(
            x,
            y,
            flow[..., 0],
            flow[..., 1],
            density=1.15,
            color=(1, 1, 1, 0.55),
            linewidth=0.75,
            arrowsize=0.8,
            zorder=2,
        )
    else:
        ax.quiver(x, y, flow[..., 0], flow[..., 1], color=(1, 1, 1, 0.7), pivot="mid", scale=30, width=0.0028, zorder=2)


def _path(trajectory: Any) -> np.ndarray:
    must = "be a Trajectory or have shape (n, 2)"
    path = real_array(getattr(trajectory, "history", trajectory), "trajectory", must)
    if path.ndim != 2 or path.shape[1] != 2 or path.shape[0] == 0:
        raise ArgumentError("trajectory", f"<array of shape {path.shape}>", must)
    return path


def _draw_path(ax: Axes, path: np.ndarray) -> None:
    from matplotlib.patheffects import withStroke

    (line,) = ax.plot(path[:, 0], path[:, 1], color=WHITE, lw=1.8, label="SAM run", zorder=4)
    line.set_path_effects([withStroke(linewidth=3.6, foreground=BLACK)])
    ax.scatter(path[:1, 0], path[:1, 1], s=46, marker="s", c=WHITE, edgecolors=BLACK, label="its start", zorder=5)
