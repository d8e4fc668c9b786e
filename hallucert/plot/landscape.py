"""Functions of two variables: ``f``, or ``f^SAM`` with the field that SAM follows, for one radius or several;
and the paper's construction of a hallucinated minimizer (its Figure 2), drawn for real data.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from hallucert.arguments import checked_items, checked_whole, quiet
from hallucert.arrays import checked_box
from hallucert.errors import ArgumentError, require
from hallucert.exact import Exact, exact_radius
from hallucert.find.candidate import Candidate, Construction
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.plot import canvas, graph, layout
from hallucert.plot.canvas import ORANGE, SKY, VERMILION, WHITE
from hallucert.plot.layout import BLACK, Axes
from hallucert.sam.maps import sam_value, shifted_gradient
from hallucert.settings import checked_choice, checked_double, checked_flag

FIELDS = ("stream", "arrows", "none")
SURFACES = ("f", "sam")
PANEL = 3.6
"""Inches a side of one panel of several."""


@quiet
def landscape(
    f: Objective,
    box: object,
    rho: Exact | None = None,
    ax: Axes | None = None,
    points: object = (),
    trajectory: object = None,
    surface: str | None = None,
    field: str = "stream",
    spheres: bool = True,
    levels: int = 24,
    resolution: int = 220,
    title: str | None = None,
) -> Axes:
    """Draw a function of one or two variables, and what SAM makes of it.

    Of one variable the graph of ``f`` is drawn, and with it that of ``f^SAM``, where a radius is given.

    Parameters
    ----------
    f : Objective
        A function of one or two variables.
    box : (d, 2) array-like
        The window: rows ``(lower, upper)``, one a variable.
    rho : int, float, str or Fraction, optional
        Radius. Given, the picture shows ``f^SAM`` and the SAM field ``-F(x)``; not given, ``f``.
    ax : Axes, optional
        Where to draw; new axes by default.
    points : sequence of Certificate or Candidate
        Hallucinated points: drawn with their targets, spheres ``S(x+, rho)`` and arrows ``x -> x+``. The marker tells
        what is proved of a certificate, and the kind on the sphere of a candidate.
    trajectory : Trajectory or (n, d) array, optional
        A run to draw.
    surface : {"f", "sam"}, optional
        What the colours show (of one variable, which graphs there are); by default ``"sam"`` if `rho` is given.
    field : {"stream", "arrows", "none"}
        How ``-F`` is drawn; its direction only, since its length varies too much.
    spheres : bool
        Whether to draw the spheres.
    levels, resolution : int
        Number of colour bands, and of grid points a side.
    title : str, optional
        Title of the axes.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ArgumentError
        If `f` does not have one or two variables, or another argument is not as above.
    """
    look = canvas.Look.checked(levels, resolution, title)
    f = canvas.require_drawable(f)
    window, radius = checked_box(box, f.dimension), None if rho is None else checked_double(rho, "rho")
    shown = _surface(surface, radius)
    field, spheres = checked_choice(field, FIELDS, "field"), checked_flag(spheres, "spheres")
    marked = canvas.checked_points(points, f.dimension)
    path = canvas.checked_path(trajectory, f.dimension)
    ax = canvas.own_axes(ax)
    if f.dimension == 1:
        graph.draw_graphs(ax, f, window, radius if shown == "sam" else None, look.resolution)
        path = None if path is None else graph.on_graph(f, path)
        _draw_run(ax, path)
        graph.draw_points(ax, f, marked)
        layout.label(ax, (*f.variables, "loss"), look.title)
        return ax
    x, y = canvas.grid(window, look.resolution)
    values = f.floats.value if radius is None or shown == "f" else partial(sam_value, f, rho=radius)
    canvas.shade(ax, x, y, canvas.sample(values, x, y), look.levels)
    if radius is not None and field != "none":
        _draw_field(ax, f, window, radius, field)
    _draw_run(ax, path)
    canvas.draw_points(ax, marked, spheres)
    layout.finish(ax, f.variables, look.title, window)
    return ax


def _draw_run(ax: Axes, path: np.ndarray | None) -> None:
    """Draw a run and its start, if there is one."""
    if path is not None:
        canvas.draw_path(ax, path, "SAM run", 1.8)
        canvas.mark(ax, path[0], canvas.Style("s", WHITE, "its start", 46), zorder=5)


def _surface(surface: str | None, radius: float | None) -> str:
    if surface is None:
        return "f" if radius is None else "sam"
    if not isinstance(surface, str) or surface not in SURFACES or (surface == "sam" and radius is None):
        raise ArgumentError("surface", surface, 'be "f", or "sam" together with rho')
    return surface


def _draw_field(ax: Axes, f: Objective, window: np.ndarray, radius: float, field: str) -> None:
    """Draw the direction of ``-F(x) = -g(x+)``, on a grid off the symmetry axes of the window."""
    x, y = canvas.grid(window, 44 if field == "stream" else 23)
    flow = -canvas.sample(partial(shifted_gradient, f, rho=radius), x, y)
    length = np.linalg.norm(flow, axis=2, keepdims=True)
    with np.errstate(all="ignore"):
        flow = np.ma.masked_invalid(flow / length)
    u, v, size = flow[..., 0], flow[..., 1], layout.scale(ax)
    if field == "stream":
        light = (1, 1, 1, 0.55)
        ax.streamplot(x, y, u, v, density=1.15, color=light, linewidth=0.75 * size, arrowsize=0.8 * size, zorder=2)
    else:
        ax.quiver(x, y, u, v, color=(1, 1, 1, 0.7), pivot="mid", scale=30, width=0.0028, zorder=2)


# ---------------------------------------------------------------------- several radii


@quiet
def radii(
    f: Objective,
    box: object,
    rho: Sequence[Exact],
    points: Mapping[int, object] | None = None,
    columns: int = 3,
    field: str = "stream",
    levels: int = 24,
    resolution: int = 160,
    size: tuple[float, float] | None = None,
) -> list[Axes]:
    """Draw ``f^SAM`` and the SAM field for several radii (the paper's Figures 10 and 11), and ``f`` itself first.

    Parameters
    ----------
    f : Objective
        A function of two variables.
    box : (2, 2) array-like
        The window, the same in all panels.
    rho : sequence of int, float, str or Fraction
        The radii, one panel each.
    points : mapping of int to sequences of Certificate or Candidate, optional
        Hallucinated points to draw, by the number of the panel's radius in `rho`.
    columns : int
        Panels side by side.
    field, levels, resolution
        As in `landscape`.
    size : (float, float), optional
        Inches of the figure; by default a few for each panel.

    Returns
    -------
    list of Axes
        ``len(rho) + 1`` panels; they share one figure.

    Raises
    ------
    ArgumentError
        If an argument is not as above.
    """
    import matplotlib.pyplot as plt

    canvas.require_plane(f)
    checked_box(box, 2), canvas.Look.checked(levels, resolution), checked_choice(field, FIELDS, "field")
    must = "be a nonempty sequence of radii"
    exact = [exact_radius(value) for value in checked_items(rho, "rho", must)]
    require(exact, "rho", rho, must)
    columns = checked_whole(columns, 1, "columns")
    require(isinstance(points, Mapping | None), "points", points, "be a mapping from the numbers of radii to points")
    marked = dict(points or {})
    require(set(marked) <= set(range(len(exact))), "points", list(marked), f"have keys from 0 to {len(exact) - 1}")
    count = len(exact) + 1
    rows, across = math.ceil(count / columns), min(columns, count)
    inches = (PANEL * across, (PANEL + 0.5) * rows) if size is None else layout.checked_size(size)
    figure, panels = plt.subplots(rows, across, figsize=inches, layout="compressed", squeeze=False)
    axes = list(panels.ravel())
    for ax in axes[count:]:
        figure.delaxes(ax)
    options: layout.Options = {"levels": levels, "resolution": resolution}
    landscape(f, box, ax=axes[0], title="f", **options)
    for number, value in enumerate(exact):
        options |= {"points": marked.get(number, ()), "field": field, "title": layout.radius_text(value)}
        landscape(f, box, value, ax=axes[number + 1], **options)
    return axes[:count]


# ---------------------------------------------------------------------- the paper's construction


@quiet
def construction(
    candidate: Candidate, ax: Axes | None = None, levels: int = 24, resolution: int = 300, title: str | None = None
) -> Axes:
    """Draw the farthest point of Theorems 2.1 and 2.2 and why it is one.

    Shown are the ball ``B`` around the maximizer, the component ``U`` of the superlevel set in it, the target
    ``x_min``, the sphere around ``x_min`` that contains ``U`` and touches it at ``x*``, and the gradient at ``x*``,
    which points straight at ``x_min``.

    Parameters
    ----------
    candidate : Candidate
        From `hallucert.find.farthest_point`, of a function of two variables.
    ax, levels, resolution, title
        As in `landscape`.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ArgumentError
        If the candidate carries no construction, or its function does not have two variables.
    """
    steps = getattr(candidate, "construction", None)
    if steps is None:
        raise ArgumentError("candidate", candidate, "come from find.farthest_point (it carries no construction)")
    look = canvas.Look.checked(levels, resolution, title)
    f, radius = canvas.require_plane(candidate.objective, "candidate"), float(candidate.rho)
    window = _window_of(candidate, steps)
    ax = canvas.own_axes(ax)
    x, y = canvas.grid(window, look.resolution)
    values = canvas.sample(f.floats.value, x, y)
    canvas.shade(ax, x, y, values, look.levels, alpha=0.55)
    _draw_component(ax, x, y, values, steps)
    _draw_ball(ax, x, y, steps)
    canvas.draw_circle(ax, steps.target, radius, ec=BLACK, label="sphere of radius rho around x_min")
    canvas.draw_step(ax, candidate.x, steps.target)
    _draw_gradient(ax, f, candidate.x, 0.22 * float((window[:, 1] - window[:, 0]).min()))
    canvas.mark(ax, steps.target, canvas.Style("*", WHITE, "x_min, the target", 190))
    canvas.mark(
        ax, steps.maximizer, canvas.Style("^", SKY, "maximizer" if steps.ball_radius else "a maximizer of the set")
    )
    canvas.mark(ax, candidate.x, canvas.Style("X", VERMILION, "x*, farthest from x_min in U", 110))
    layout.finish(ax, f.variables, look.title, window)
    return ax


def _window_of(candidate: Candidate, steps: Construction) -> np.ndarray:
    """The smallest window around everything but the far side of the sphere, with a margin, not too flat."""
    shown = [steps.component, candidate.x[None, :], steps.target[None, :]]
    if steps.ball_radius is not None:
        shown.append(steps.maximizer + steps.ball_radius * np.array([[-1.0, -1.0], [1.0, 1.0]]))
    if steps.box is not None:
        shown.append(np.asarray(steps.box).T)
    corners = np.concatenate(shown)
    low, high = corners.min(axis=0), corners.max(axis=0)
    half = (high - low) / 2
    half = np.maximum(half, 0.8 * half.max()) * 1.12
    return np.stack([(low + high) / 2 - half, (low + high) / 2 + half], axis=1)


def _draw_gradient(ax: Axes, f: Objective, x: np.ndarray, length: float) -> None:
    """Draw the direction of the gradient at `x`, computed there, as a short thick arrow."""
    g = f.gradient(x)
    canvas.draw_step(ax, x, x + length * g / np.linalg.norm(g), VERMILION, width=3.0)
    ax.plot([], [], color=VERMILION, lw=3.0 * layout.scale(ax), label="gradient at x*")


def _draw_component(ax: Axes, x: np.ndarray, y: np.ndarray, values: np.ndarray, steps: Construction) -> None:
    """Fill ``U``: the part of ``{f >= level}`` connected with the maximizer on the grid."""
    from scipy.ndimage import binary_dilation, label

    parts, _ = label(np.nan_to_num(values, nan=-np.inf) >= steps.level)
    row, column = np.abs(y - steps.maximizer[1]).argmin(), np.abs(x - steps.maximizer[0]).argmin()
    # One more ring of grid points lets the contour run exactly along f = level.
    own = binary_dilation(parts == parts[row, column], np.ones((3, 3))) if parts[row, column] else np.ones_like(parts)
    part = np.ma.masked_where((own == 0) | np.isnan(values), values)
    top = max(float(np.nanmax(values)), steps.maximum) + 1
    ax.contourf(x, y, part, levels=[steps.level, top], colors=[ORANGE], alpha=0.75, zorder=2)
    ax.contour(x, y, part, levels=[steps.level], colors=BLACK, linewidths=1.2 * layout.scale(ax), zorder=3)
    canvas.mark(ax, np.empty((0, 2)), canvas.Style("s", ORANGE, "U, where f >= level", 110))


def _draw_ball(ax: Axes, x: np.ndarray, y: np.ndarray, steps: Construction) -> None:
    """Draw the boundary of ``B``: a circle around a point, or the two level lines of ``s`` that bound a band."""
    label, width = "boundary of B, where f < level", 2.2
    if steps.ball_radius is not None:
        canvas.draw_circle(ax, steps.maximizer, steps.ball_radius, ec=SKY, lw=width, ls="-", label=label, zorder=3)
    elif steps.level_function is not None and steps.band is not None:
        levels = canvas.sample(FormulaObjective(steps.level_function).floats.value, x, y)
        ax.contour(x, y, levels, levels=sorted(steps.band), colors=SKY, linewidths=width * layout.scale(ax), zorder=3)
        ax.plot([], [], color=SKY, lw=width * layout.scale(ax), label=label)
