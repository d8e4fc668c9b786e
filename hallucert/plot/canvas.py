"""What every picture starts from: a checked function of two variables, a box, a grid of values, and axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.arguments import checked_whole
from hallucert.arrays import checked_box
from hallucert.errors import ArgumentError
from hallucert.objectives.objective import Objective, checked_objective

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette: distinguishable with any common colour vision deficiency, and on viridis.
VERMILION, ORANGE, SKY, BLACK, WHITE = "#d55e00", "#e69f00", "#56b4e9", "#000000", "#ffffff"
COLOUR_MAP = "viridis"
FONT_SIZE = 10.0


def require_plane(f: Any, argument: str = "f") -> Objective:
    """Return `f` if it is an objective of two variables.

    Raises
    ------
    ArgumentError
        If it is something else, or has another number of variables.
    """
    f = checked_objective(f, argument)
    if f.dimension != 2:
        raise ArgumentError(argument, f"<function of {f.dimension} variables>", "have two variables to be drawn")
    return f


def require_box(box: Any) -> np.ndarray:
    """Return `box` as a (2, 2) array of finite rows ``lower < upper``."""
    return checked_box(box, 2)


def require_resolution(value: Any) -> int:
    """Return `value` if it is an integer from 10 to 2000: grid points a side."""
    return checked_whole(value, 10, "resolution", 2000)


def require_levels(value: Any) -> int:
    """Return `value` if it is an integer from 1 to 1000: bands of colour."""
    return checked_whole(value, 1, "levels", 1000)


def own_axes(ax: Any, width: float = 6.4, height: float = 6.2) -> Axes:
    """Return `ax` if it is the axes of a picture, and new axes for None."""
    if ax is None:
        return new_axes(width, height)
    if not hasattr(ax, "contourf"):
        raise ArgumentError("ax", ax, "be Axes of matplotlib, or None")
    return ax


def new_axes(width: float = 6.4, height: float = 6.2) -> Axes:
    """Make axes in a figure of their own (pyplot, so that notebooks show it), `width` by `height` inches."""
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(width, height), layout="compressed")[1]


def new_axes_row(count: int) -> list[Axes]:
    """Make `count` axes side by side in a figure of their own."""
    import matplotlib.pyplot as plt

    return list(plt.subplots(1, count, figsize=(6.4 * count, 6.2), layout="compressed", squeeze=False)[1][0])


def grid(box: np.ndarray, resolution: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the coordinates of a grid over `box`: two arrays of shape (resolution,)."""
    return tuple(np.linspace(low, high, resolution) for low, high in box)  # type: ignore[return-value]


def sample(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Evaluate `function` of lanes (k, 2) on the grid: shape (y, x, ...), NaN where it is undefined or infinite."""
    lanes = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    with np.errstate(all="ignore"):
        values = np.asarray(function(lanes), dtype=float)
    return np.where(np.isfinite(values), values, np.nan).reshape(y.size, x.size, *values.shape[1:])


def contour_levels(values: np.ndarray, count: int) -> np.ndarray:
    """Choose increasing levels that show minimizers and maximizers whatever the scale of the function.

    Equal steps would spend nearly all levels on the steep rim of the box. These are quantiles of the values, so that
    every band covers some area, at probabilities ``sin(pi t/2)**2``, which crowd at both ends.
    """
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        raise ArgumentError("box", "<a box where the function is nowhere defined>", "meet the domain of f")
    probabilities = np.sin(np.linspace(0, np.pi / 2, count + 1)) ** 2
    levels = np.unique(np.quantile(finite, probabilities))
    # A constant has one quantile; contours need two different levels.
    return levels if levels.size > 1 else levels[0] + np.array([-0.5, 0.5])


def shade(ax: Axes, x: np.ndarray, y: np.ndarray, values: np.ndarray, count: int, alpha: float = 1.0) -> np.ndarray:
    """Fill contours of `values`, one colour a band, with thin lines between; return the levels."""
    from matplotlib.colors import BoundaryNorm

    levels = contour_levels(values, count)
    norm = BoundaryNorm(levels, 256)
    masked = np.ma.masked_invalid(values)
    ax.contourf(x, y, masked, levels=levels, cmap=COLOUR_MAP, norm=norm, alpha=alpha, zorder=0)
    ax.contour(x, y, masked, levels=levels, colors=BLACK, linewidths=0.35, alpha=0.25 * alpha, zorder=1)
    return levels


def finish(ax: Axes, f: Objective, box: np.ndarray, title: str | None) -> None:
    """Set the window, equal scales unless the box is very flat, the labels and the text sizes."""
    ax.set_xlim(*box[0])
    ax.set_ylim(*box[1])
    width, height = box[:, 1] - box[:, 0]
    ax.set_aspect("equal" if 0.3 < width / height < 3 else "auto")
    ax.set_xlabel(f.variables[0], fontsize=FONT_SIZE)
    ax.set_ylabel(f.variables[1], fontsize=FONT_SIZE)
    ax.tick_params(labelsize=FONT_SIZE)
    if title:
        ax.set_title(title, fontsize=FONT_SIZE + 1)


def legend(ax: Axes) -> None:
    """Put the legend below the axes, where it hides nothing."""
    handles, labels = ax.get_legend_handles_labels()
    if handles:
        ax.legend(
            handles,
            labels,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.11),
            ncols=2,
            fontsize=FONT_SIZE - 0.5,
            frameon=False,
            handlelength=1.8,
            columnspacing=1.4,
        )
