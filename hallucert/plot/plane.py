"""The loss and the SAM loss on a plane, or along a line, through points of a space of any dimension.

The pictures of the paper's Figures 4 and 7: where SAM has stopped at a hallucinated minimizer, ``f^SAM`` shows a
minimizer and ``f``, on the same plane or line, shows none. Coordinates are distances: the point with coordinates ``a``
is ``center + sum_i a_i e_i`` with orthonormal ``e_i``. Values are computed in bounded memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.arguments import checked_items, quiet
from hallucert.errors import ArgumentError, require
from hallucert.exact import Exact, exact_radius
from hallucert.objectives.doors import checked_objective
from hallucert.objectives.network.structure import training_of
from hallucert.objectives.objective import Objective
from hallucert.plot import canvas, layout
from hallucert.plot.canvas import ORANGE, SKY, VERMILION, WHITE
from hallucert.plot.layout import BLACK, FONT_SIZE, SIZE, Axes
from hallucert.sam.maps import sam_value
from hallucert.settings import checked_positive

MARKERS = (("o", ORANGE), ("D", SKY), ("s", WHITE), ("^", VERMILION))
"""Marker and colour of the centre and of the points after it, in turn."""

MARGIN = 0.35
"""How far the window reaches beyond the points, as a fraction of its largest side."""

CHUNK_BYTES = 2**27
"""Memory for the arrays of one batch of lanes; one lane is evaluated in any case."""

FLAT = 1e-6
"""A gradient below this part of its median size on the window counts as zero at a marked point."""

COLLINEAR = 1e-9
"""A direction whose part orthogonal to the ones before is smaller than this part of it counts as dependent."""


@quiet
def plane(
    f: Objective,
    center: object,
    directions: object = None,
    points: object = None,
    rho: Exact | None = None,
    ax: Any = None,
    trajectory: object = None,
    names: Sequence[str] | None = None,
    extent: float | None = None,
    levels: int = 24,
    resolution: int = 101,
    title: str | None = None,
) -> Any:
    """Draw ``f``, and ``f^SAM`` beside it if `rho` is given, on a plane through points of a space of any dimension.

    The plane goes through `center` and either the first two `points` or along two `directions`. One point or one
    direction makes a line instead: then both losses are drawn as curves in one picture. Directions are made
    orthonormal, the first kept, so that coordinates are distances from `center`. Other points, and the trajectory, are
    projected onto the plane orthogonally; how far off the plane a point lies is said in the legend, and its marker is
    hollow.

    What is not finite is left blank, as is ``f^SAM`` where the gradient is zero and ``x+`` is not defined; at the
    marked points, a gradient below 1e-6 of its median size on the window counts as zero, since its direction is
    rounding. Each plane has its own colour levels, quantiles of its values. On a line the losses share one scale, which
    is compressed (by the inverse hyperbolic sine) if one is so much larger that the other would look flat.

    Parameters
    ----------
    f : Objective
        A function of any number ``d`` of variables.
    center : (d,) array-like
        The origin of the coordinates, for example where SAM stopped.
    directions : (d,), (1, d) or (2, d) array-like, optional
        What spans the line or the plane; their lengths do not matter.
    points : (d,) or (k, d) array-like, optional
        Points to mark; without `directions` they span the line or the plane.
    rho : int, float, str or Fraction, optional
        Radius of ``f^SAM``.
    ax : Axes, or two Axes for a plane with rho, optional
        Where to draw; new axes by default.
    trajectory : Trajectory or (n, d) array, optional
        A run to draw on a plane.
    names : sequence of str, optional
        How the legend calls `center` and `points`.
    extent : float, optional
        Half the side of the window around `center`. By default the window holds all points, and without points
        it is `rho`, or 1.
    levels, resolution : int
        Number of colour bands, and of grid points a side; a line has four times as many.
    title : str, optional
        Title; ``f`` or ``f^SAM`` follows it.

    Returns
    -------
    Axes, or tuple of two Axes for a plane with rho
        The axes drawn on.

    Raises
    ------
    ArgumentError
        If an argument is not as above, if the points or directions lie on one line (through `center`), or if the
        function is finite nowhere on the window.
    """
    f = checked_objective(f)
    look = canvas.Look.checked(levels, resolution, title)
    origin = canvas.checked_rows(center, "center", f.dimension, (1,))[0]
    marked = None if points is None else canvas.checked_rows(points, "points", f.dimension)
    radius = None if rho is None else exact_radius(rho)
    frame = _frame(origin, directions, marked)
    rows = origin[None, :] if marked is None else np.vstack([origin, marked])
    window = _window(frame.project(rows)[0], radius, extent)
    shown = show(f, frame, rows, _names(names, len(rows)), radius, window)
    path = canvas.checked_path(trajectory, f.dimension)
    panels = [None] if radius is None else [None, radius]
    if len(frame.basis) == 1:
        require(path is None, "trajectory", "<a trajectory>", "be drawn on a plane, not on a line")
        (own,) = _axes(ax, 1)
        _draw_profile(own, f, frame, shown, window[0], panels, look._replace(resolution=4 * look.resolution))
        return own
    axes = _axes(ax, len(panels))
    for own, panel in zip(axes, panels, strict=True):
        what = "f" if panel is None else f"f^SAM, {layout.radius_text(panel)}"
        title = f"{look.title}: {what}" if look.title else what
        _draw_panel(own, f, frame, shown, window, panel, look._replace(title=title), path)
    return axes[0] if radius is None else tuple(axes)


def _frame(center: np.ndarray, directions: object, points: np.ndarray | None) -> Frame:
    if directions is not None:
        rows = canvas.checked_rows(directions, "directions", center.size, (1, 2))
        return frame_along(center, rows, "directions", "be nonzero and not parallel")
    if points is None:
        raise ArgumentError("points", None, "be given, or directions")
    must = "not lie on one line with center: the first two span the plane" if len(points) > 1 else "differ from center"
    return frame_along(center, points[:2] - center, "points", must)


def _names(names: object, count: int) -> list[str]:
    if names is None:
        return ["center", *(f"point {i}" for i in range(1, count))]
    if isinstance(names, str) or not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise ArgumentError("names", names, "be strings")
    require(len(names) == count, "names", list(names), f"be {count}: of center and of the points")
    return list(names)


def _window(places: np.ndarray, radius: Fraction | None, extent: float | None) -> np.ndarray:
    """Return rows ``(lower, upper)``, one a coordinate; a plane's window is not flatter than 1 to 2."""
    m = places.shape[1]
    if extent is not None:
        half_side = checked_positive(extent, "extent")
        return np.tile([-half_side, half_side], (m, 1))
    low, high = places.min(axis=0), places.max(axis=0)
    side = float((high - low).max())
    if side == 0:
        half = np.full(m, 1.0 if radius is None else float(radius))
    else:
        half = np.maximum((high - low) / 2 + MARGIN * side, (0.5 + MARGIN) * side / 2)
    return np.stack([(low + high) / 2 - half, (low + high) / 2 + half], axis=1)


def _axes(ax: Any, count: int) -> list[Axes]:
    if ax is None:
        import matplotlib.pyplot as plt

        size = SIZE[0] * count, SIZE[1]
        return list(plt.subplots(1, count, figsize=size, layout="compressed", squeeze=False)[1][0])
    must = f"be {count} Axes" if count > 1 else "be one Axes"
    single = hasattr(ax, "contourf")
    axes = [ax] if single else checked_items(ax.ravel() if isinstance(ax, np.ndarray) else ax, "ax", must)
    require(len(axes) == count and all(hasattr(own, "contourf") for own in axes), "ax", ax, must)
    return axes


def _draw_panel(
    ax: Axes,
    f: Objective,
    frame: Frame,
    shown: list[Shown],
    window: np.ndarray,
    radius: Fraction | None,
    look: canvas.Look,
    path: np.ndarray | None,
) -> None:
    """Draw one loss on the plane."""
    x, y = canvas.grid(window, look.resolution)
    values = canvas.sample(lambda coordinates: values_on(f, frame, coordinates, radius), x, y)
    if not np.isfinite(values).any():
        must = "lie near the domain: nothing on the plane's window is finite"
        raise ArgumentError("center", frame.center.tolist(), must)
    canvas.shade(ax, x, y, values, look.levels)
    size = layout.scale(ax)
    if path is not None:
        canvas.draw_path(ax, frame.project(path)[0], "SAM run, projected", 1.6)
    for i, point in enumerate(shown):
        marker, colour = MARKERS[min(i, 1 + (i - 1) % (len(MARKERS) - 1))]
        face, edge, width = ("none", colour, 1.6) if point.off else (colour, BLACK, 1.1)
        style: layout.Options = {"facecolors": face, "edgecolors": edge, "linewidths": width * size, "zorder": 6}
        label = point.label(radius is not None)
        ax.scatter(point.place[0], point.place[1], s=75 * size**2, marker=marker, label=label, **style)
    layout.finish(ax, ("first direction", "second direction"), look.title, window)


# ---------------------------------------------------------------------- lines


def _draw_profile(
    ax: Axes,
    f: Objective,
    frame: Frame,
    shown: list[Shown],
    window: np.ndarray,
    radii: Sequence[Fraction | None],
    look: canvas.Look,
) -> None:
    """Draw a curve for each of `radii` (None stands for ``f`` itself), and where the points are.

    The points themselves are among the places where the curves are evaluated, however sharp the valley around them.
    """
    t = np.union1d(np.linspace(window[0], window[1], look.resolution), [point.place[0] for point in shown])
    curves = [values_on(f, frame, t[:, None], radius) for radius in radii]
    # A minimizer's value of f^SAM would depend on the direction of rounding errors, and the curve may jump there.
    blank = [point.place[0] for point in shown if not point.off and np.isnan(point.sam_value)]
    for curve in curves[1:]:
        curve[np.isin(t, blank)] = np.nan
    if not any(np.isfinite(curve).any() for curve in curves):
        raise ArgumentError("center", frame.center.tolist(), "lie near the domain: nothing on the line is finite")
    size = layout.scale(ax)
    for radius, curve in zip(radii, curves, strict=True):
        label, colour = ("f", SKY) if radius is None else (f"f^SAM, {layout.radius_text(radius)}", VERMILION)
        ax.plot(t, curve, color=colour, lw=2.0 * size, label=label)
        for point in shown:
            height = point.value if radius is None else point.sam_value
            if not point.off and np.isfinite(height):
                ax.plot(point.place[0], height, "o", color=colour, mec=BLACK, ms=7 * size, zorder=5)
    for point in shown:
        ax.axvline(point.place[0], color=BLACK, lw=0.9 * size, ls=(0, (4, 3)), alpha=0.5, zorder=0)
        name = f"{point.name}, {point.off:.3g} off" if point.off else point.name
        place: layout.Options = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
        ax.annotate(name, (point.place[0], 1), xytext=(4 * size, -12 * size), fontsize=FONT_SIZE * size, **place)
    _compress(ax, curves)
    ax.set_xlim(*window)
    layout.label(ax, ("distance along the line", "loss"), look.title)


def _compress(ax: Axes, curves: list[np.ndarray]) -> None:
    """Compress large values if the other curve would look flat; linear up to a quarter of the lower one's maximum."""
    with np.errstate(all="ignore"):
        sizes = [float(np.nanmax(np.abs(curve))) for curve in curves if np.isfinite(curve).any()]
    if len(sizes) < 2 or not max(sizes) > 5 * min(sizes) > 0:
        return
    width = min(sizes) / 4
    ax.set_yscale("asinh", linear_width=width)
    low, high = (np.arcsinh(end(np.concatenate(curves)) / width) for end in (np.nanmin, np.nanmax))
    margin = 0.06 * (high - low)
    bottom, top = width * np.sinh(low - margin), width * np.sinh(high + margin)
    # Decades from the linear part up: the axis' own choice crowds around 0.
    decades = 10.0 ** np.arange(np.round(np.log10(width)), np.log10(max(-bottom, top)) + 1)
    decades = decades[:: -(-len(decades) // 8)]
    ticks = np.concatenate([-decades[::-1], [0.0], decades])
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_ylim(bottom, top)


# ---------------------------------------------------------------------- points and values


@dataclass(frozen=True)
class Frame:
    """A point (d,), the origin of the coordinates, and orthonormal rows (m, d): 1 for a line, 2 for a plane."""

    center: np.ndarray
    basis: np.ndarray

    def lift(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the points (k, d) with the given coordinates (k, m)."""
        return self.center + coordinates @ self.basis

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the coordinates (k, m) of the orthogonal projections of `points` (k, d), and the distances (k,)."""
        away = points - self.center
        coordinates = away @ self.basis.T
        return coordinates, np.linalg.norm(away - coordinates @ self.basis, axis=1)


@dataclass(frozen=True)
class Shown:
    """A point that is marked: what the legend calls it, where it is, and what the losses are at the point itself.

    ``place`` (m,) are the coordinates of its projection, and ``off`` is its distance from the line or the plane, 0
    within rounding. Values are NaN where undefined, and ``f^SAM`` without a radius.
    """

    name: str
    place: np.ndarray
    off: float
    value: float
    sam_value: float

    def label(self, sam: bool) -> str:
        """Return the legend entry: the name, the value at the point, and how far off the plane it lies."""
        value = self.sam_value if sam else self.value
        what = "f^SAM" if sam else "f"
        text = f"{self.name}: {what} = {value:.3g}" if np.isfinite(value) else f"{self.name}: {what} undefined"
        return f"{text} ({self.off:.3g} off)" if self.off else text


def frame_along(center: np.ndarray, directions: np.ndarray, argument: str, must: str) -> Frame:
    """Return the frame of `directions` (m, d) by the method of Gram and Schmidt: the first keeps its direction.

    A direction that is zero or depends on the ones before is an `ArgumentError`.
    """
    basis: list[np.ndarray] = []
    for row in directions:
        size = float(np.abs(row).max())
        rest = row / size if size > 0 else row
        whole = float(np.linalg.norm(rest))
        for _ in range(2):  # once more, because cancellation leaves a part along the first
            for e in basis:
                rest = rest - (rest @ e) * e
        length = float(np.linalg.norm(rest))
        require(length > COLLINEAR * whole, argument, f"<array of shape {directions.shape}>", must)
        basis.append(rest / length)
    return Frame(center, np.stack(basis))


def values_on(f: Objective, frame: Frame, coordinates: np.ndarray, rho: Exact | None = None) -> np.ndarray:
    """Return ``f``, or ``f^SAM`` if `rho` is given, at the points with the given coordinates (k, m): shape (k,).

    NaN where it is undefined (``f^SAM`` also where the gradient is zero) or overflows. Batches of lanes keep the memory
    below `CHUNK_BYTES`, unless a single lane needs more.
    """
    count = max(1, CHUNK_BYTES // _lane_bytes(f))
    values = np.empty(len(coordinates))
    with np.errstate(all="ignore"):
        for start in range(0, len(coordinates), count):
            lanes = frame.lift(coordinates[start : start + count])
            values[start : start + count] = f.floats.value(lanes) if rho is None else sam_value(f, lanes, rho)
    return np.where(np.isfinite(values), values, np.nan)


def show(
    f: Objective, frame: Frame, rows: np.ndarray, names: list[str], rho: Exact | None, window: np.ndarray
) -> list[Shown]:
    """Return the points `rows` (k, d) with their places and values; `window` holds the ends of each coordinate."""
    places, off = frame.project(rows)
    off = np.where(off > 1e-9 * np.abs(window).max(), off, 0.0)
    values = _values_at(f, rows, None)
    sam_values = np.full(len(rows), np.nan)
    if rho is not None:
        spread = np.stack(np.meshgrid(*[np.linspace(low, high, 5) for low, high in window]), axis=-1).reshape(
            -1, len(window)
        )
        usual = _gradient_norms(f, frame.lift(spread))
        usual = usual[np.isfinite(usual)]
        sloped = _gradient_norms(f, rows) > (FLAT * np.median(usual) if usual.size else 0.0)
        sam_values = np.where(sloped, _values_at(f, rows, rho), np.nan)
    return [
        Shown(*each) for each in zip(names, places, off.tolist(), values.tolist(), sam_values.tolist(), strict=True)
    ]


def _values_at(f: Objective, rows: np.ndarray, rho: Exact | None) -> np.ndarray:
    return np.concatenate([values_on(f, Frame(row, np.zeros((1, row.size))), np.zeros((1, 1)), rho) for row in rows])


def _gradient_norms(f: Objective, rows: np.ndarray) -> np.ndarray:
    """Norms of the gradients at `rows`, one lane at a time as memory may not hold two."""
    with np.errstate(all="ignore"):
        return np.array([np.linalg.norm(f.floats.gradient(row[None, :])) for row in rows])


def _lane_bytes(f: Objective) -> int:
    """Bytes that one lane takes: the point and its gradient, and a network's activations and adjoints."""
    numbers = 8 * f.dimension
    if (network := training_of(f)) is not None:
        numbers += 4 * len(network.inputs) * sum(network.layer_sizes[1:])
    return 8 * numbers
