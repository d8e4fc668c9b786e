"""The paper's construction of a hallucinated minimizer (its Figure 2), drawn for real data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hallucert.arguments import quiet
from hallucert.errors import ArgumentError
from hallucert.find.candidate import Candidate, Construction
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.plot import canvas
from hallucert.plot.canvas import BLACK, ORANGE, SKY, VERMILION, WHITE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
    ax : Axes, optional
        Where to draw; new axes by default.
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
        If the candidate carries no construction, or its function does not have two variables.
    """
    steps = getattr(candidate, "construction", None)
    if steps is None:
        raise ArgumentError("candidate", candidate, "come from find.farthest_point (it carries no construction)")
    look = canvas.Look.checked(levels, resolution, title)
    f, radius = canvas.require_plane(candidate.objective, "candidate"), float(candidate.rho)
    window = _window(candidate, steps)
    ax = canvas.own_axes(ax)
    x, y = canvas.grid(window, look.resolution)
    values = canvas.sample(f.value_lanes, x, y)
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
    canvas.finish(ax, f.variables, look.title, window)
    return ax


def _window(candidate: Candidate, steps: Construction) -> np.ndarray:
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
    ax.plot([], [], color=VERMILION, lw=3.0, label="gradient at x*")


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
    ax.contour(x, y, part, levels=[steps.level], colors=BLACK, linewidths=1.2, zorder=3)
    ax.scatter([], [], s=110, marker="s", c=ORANGE, edgecolors=BLACK, label="U, where f >= level")


def _draw_ball(ax: Axes, x: np.ndarray, y: np.ndarray, steps: Construction) -> None:
    """Draw the boundary of ``B``: a circle around a point, or the two level lines of ``s`` that bound a band."""
    label, width = "boundary of B, where f < level", 2.2
    if steps.ball_radius is not None:
        canvas.draw_circle(ax, steps.maximizer, steps.ball_radius, ec=SKY, lw=width, ls="-", label=label, zorder=3)
    elif steps.level_function is not None and steps.band is not None:
        levels = canvas.sample(FormulaObjective(steps.level_function).value_lanes, x, y)
        ax.contour(x, y, levels, levels=sorted(steps.band), colors=SKY, linewidths=width, zorder=3)
        ax.plot([], [], color=SKY, lw=width, label=label)
