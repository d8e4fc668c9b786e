"""What every picture is made of: axes, a shaded ground, and marks in one style; palette and text sizes.

Hallucinated points come with their target, the sphere between them and the step ``x -> x+``.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from hallucert.arguments import checked_items, checked_text, checked_whole
from hallucert.arrays import checked_lanes, real_array
from hallucert.errors import ArgumentError, require
from hallucert.files import replacing
from hallucert.objectives.doors import checked_objective
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM
from hallucert.plot.layout import BLACK, SIZE, Axes, Options, scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's palette: distinguishable with any common colour vision deficiency, and on viridis.
VERMILION, ORANGE, SKY, BLUE, GREEN, WHITE = "#d55e00", "#e69f00", "#56b4e9", "#0072b2", "#009e73", "#ffffff"
COLOUR_MAP = "viridis"
Found = Any
"""Something found or proved that is drawn; it is known by its attributes."""


class Look(NamedTuple):
    """Number of colour bands, grid points a side, and title."""

    levels: int
    resolution: int
    title: str | None = None

    @classmethod
    def checked(cls, levels: object, resolution: object, title: object = None) -> Look:
        """Return what a public function got, if it is 1 to 1000 levels, 10 to 2000 points and a text."""
        bands, text = checked_whole(levels, 1, "levels", 1000), checked_text(title, "title")
        return cls(bands, checked_whole(resolution, 10, "resolution", 2000), text)


def require_plane(f: object, argument: str = "f") -> Objective:
    """Return `f` if it is an objective of two variables, else raise `ArgumentError`."""
    return require_drawable(f, argument, least=2)


def require_drawable(f: object, argument: str = "f", least: int = 1) -> Objective:
    """Return `f` if it is an objective of so few variables, at most two, else raise `ArgumentError`."""
    f = checked_objective(f, argument)
    if not least <= f.dimension <= 2:
        must = "have one or two variables to be drawn" if least == 1 else "have two variables to be drawn"
        raise ArgumentError(argument, f"<function of {f.dimension} variables>", must)
    return f


def checked_rows(values: object, argument: str, dimension: int, counts: Sequence[int] | None = None) -> np.ndarray:
    """Return `values` as finite rows (k, d), with ``k`` one of `counts` if they are given."""
    number = "one or more" if counts is None else " or ".join(map(str, counts))
    must = f"be {number} rows of {dimension} finite numbers"
    rows = np.atleast_2d(real_array(values, argument, must))
    if rows.ndim != 2 or rows.shape[1] != dimension or len(rows) not in (counts or range(1, len(rows) + 1)):
        raise ArgumentError(argument, f"<array of shape {rows.shape}>", must)
    return rows


def checked_path(trajectory: object, dimension: int) -> np.ndarray | None:
    """Return the points (n, d) of a `Trajectory` or an array, None if there is none to draw."""
    if trajectory is None:
        return None
    path = checked_lanes(getattr(trajectory, "history", trajectory), dimension, "trajectory")
    require(len(path), "trajectory", f"<array of shape {path.shape}>", "have at least one point")
    return path


# ---------------------------------------------------------------------- axes


def own_axes(ax: object, width: float = SIZE[0], height: float = SIZE[1]) -> Axes:
    """Return `ax` if it is the axes of a picture; for None axes in a figure of their own, that notebooks show."""
    if ax is None:
        import matplotlib.pyplot as plt

        return plt.subplots(figsize=(width, height), layout="compressed")[1]
    require(hasattr(ax, "contourf"), "ax", ax, "be Axes of matplotlib, or None")
    return cast("Axes", ax)


def once(ax: Axes, label: str) -> str:
    """Return a label the first time, and one that the legend leaves out afterwards."""
    return f"_{label}" if label in ax.get_legend_handles_labels()[1] else label


def windowless(
    rows: int, columns: int, size: tuple[float, float], share: bool = False, projection: str | None = None
) -> tuple[Figure, np.ndarray]:
    """Make a figure of so many inches and its axes (rows, columns) without pyplot, which would look for a screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="compressed")
    FigureCanvasAgg(figure)
    each = {"projection": projection}
    return figure, figure.subplots(rows, columns, sharex=share, sharey=share, squeeze=False, subplot_kw=each)


def save_picture(figure: Figure, path: Path) -> None:
    """Save a figure as PNG with 256 colours, a third of the size."""
    from PIL import Image

    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=100, format="png")
    image = Image.open(drawn).convert("RGB")
    with replacing(path) as stream:
        image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(stream, "png", optimize=True)


# ---------------------------------------------------------------------- the ground


def grid(box: np.ndarray, resolution: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the coordinates of a grid over `box`: two arrays of shape (resolution,)."""
    x, y = (np.linspace(low, high, resolution) for low, high in box)
    return x, y


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
    require(finite.size != 0, "box", "<a box where the function is nowhere defined>", "meet the domain of f")
    probabilities = np.sin(np.linspace(0, np.pi / 2, count + 1)) ** 2
    levels = np.unique(np.quantile(finite, probabilities))
    # A constant has one quantile; contours need two different levels.
    return levels if levels.size > 1 else levels[0] + np.array([-0.5, 0.5])


def shade(ax: Axes, x: np.ndarray, y: np.ndarray, values: np.ndarray, count: int, alpha: float = 1.0) -> None:
    """Fill contours of `values`, one colour a band, with thin lines between."""
    from matplotlib.colors import BoundaryNorm

    levels = contour_levels(values, count)
    norm = BoundaryNorm(levels, 256)
    masked = np.ma.masked_invalid(values)
    ax.contourf(x, y, masked, levels=levels, cmap=COLOUR_MAP, norm=norm, alpha=alpha, zorder=0)
    ax.contour(x, y, masked, levels=levels, colors=BLACK, linewidths=0.35 * scale(ax), alpha=0.25 * alpha, zorder=1)


# ---------------------------------------------------------------------- marks


@dataclass(frozen=True)
class Style:
    """Marker, colour, legend entry and size of a kind of point."""

    marker: str
    colour: str
    label: str = ""
    size: float = 85


def mark(ax: Axes, where: np.ndarray, style: Style, zorder: float = 6) -> None:
    """Draw markers with a dark edge, which stand out from every colour of the map."""
    x, y = np.atleast_2d(where).T
    size = scale(ax)
    options: Options = {"edgecolors": BLACK, "linewidths": 1.1 * size, "zorder": zorder}
    ax.scatter(x, y, s=style.size * size**2, marker=style.marker, c=style.colour, label=style.label, **options)


def draw_path(ax: Axes, path: np.ndarray, label: str, width: float) -> None:
    """Draw a run (n, 2): light, with a dark rim, so that it shows on any ground."""
    from matplotlib.patheffects import withStroke

    width *= scale(ax)
    (line,) = ax.plot(path[:, 0], path[:, 1], color=WHITE, lw=width, label=label, zorder=4)
    line.set_path_effects([withStroke(linewidth=2 * width, foreground=BLACK)])


def draw_circle(ax: Axes, centre: np.ndarray, radius: float, **style: Any) -> None:
    """Draw a circle, by default the dashed one of a sphere ``S(centre, radius)``."""
    from matplotlib.patches import Circle

    sphere: Options = {"ec": WHITE, "lw": 1.4, "ls": (0, (5, 3)), "zorder": 4} | style
    ax.add_patch(Circle((centre[0], centre[1]), radius, fill=False, **sphere | {"lw": sphere["lw"] * scale(ax)}))


def draw_step(ax: Axes, start: np.ndarray, end: np.ndarray, colour: str = WHITE, width: float = 1.7) -> None:
    """Draw an arrow from `start` to `end`, light, with a dark rim."""
    from matplotlib.patheffects import withStroke

    size = scale(ax)
    width *= size
    ends = {"shrinkA": 4 * size, "shrinkB": 7 * size, "mutation_scale": 14 * size}
    arrow = {"arrowstyle": "-|>", "color": colour, "lw": width, **ends}
    drawn = ax.annotate("", xy=(end[0], end[1]), xytext=(start[0], start[1]), zorder=5, arrowprops=arrow)
    if drawn.arrow_patch is not None:
        drawn.arrow_patch.set_path_effects([withStroke(linewidth=width + 1.5 * size, foreground=BLACK, alpha=0.65)])
        drawn.arrow_patch.set_zorder(5)


# ---------------------------------------------------------------------- hallucinated points

ATTRACTS = Style("o", ORANGE, "proved: attracts SAM")
REPELS = Style("X", VERMILION, "proved: repels SAM")
CERTIFIED = Style("D", SKY, "proved to exist")
UNPROVED = Style("D", WHITE, "not proved")
CANDIDATES = {
    "minimum": Style("o", ORANGE, "candidate: minimum on its sphere"),
    "saddle": Style("s", SKY, "candidate: saddle on its sphere"),
    "maximum": Style("X", VERMILION, "candidate: maximum on its sphere"),
}


class Drawn(NamedTuple):
    """A hallucinated point, its target ``x+``, the radius of the sphere between them (SAM's), and how it is drawn."""

    x: np.ndarray
    plus: np.ndarray
    radius: float | None
    style: Style


def style_of(point: Found) -> Style:
    """Return how a certificate or a candidate is drawn: what is proved about it, or its kind on the sphere."""
    if not hasattr(point, "claims"):
        return CANDIDATES.get(getattr(point, "kind", ""), UNPROVED)
    status = {name: str(claim.status) for name, claim in point.claims.items()}
    if status.get("existence") != "proved":
        return UNPROVED
    return {"proved": ATTRACTS, "refuted": REPELS}.get(status.get("attractor", ""), CERTIFIED)


def checked_points(points: object, dimension: int = 2) -> list[Drawn]:
    """Return how every certificate or candidate in `points` (or the one that it is) is drawn."""
    single, must = hasattr(points, "x") and hasattr(points, "rho"), "be certificates or candidates"
    checked = []
    for point in [points] if single else checked_items(points, "points", must):
        if not (hasattr(point, "x") and hasattr(point, "rho") and hasattr(point, "objective")):
            raise ArgumentError("points", point, must)
        if (
            hasattr(point, "batches")
            or hasattr(point, "weight_decay")
            or getattr(getattr(point, "problem", None), "claims", None)
        ):
            must = "be points of full gradients, without weight decay, to be drawn"
            raise ArgumentError("points", "<a cycle, or of mini-batches or with weight decay>", must)
        x = np.asarray(point.x, dtype=float)
        if x.shape != (dimension,):
            where = "the plane" if dimension == 2 else "the line"
            raise ArgumentError("points", f"<a point of shape {x.shape}>", f"be points of {where}")
        rho, law = float(point.rho), getattr(point, "law", SAM)
        plus = x + law.floats.step(point.objective.gradient(x), rho)
        checked.append(Drawn(x, plus, rho if law == SAM else None, style_of(point)))
    return checked


def draw_points(ax: Axes, points: list[Drawn], spheres: bool = True) -> None:
    """Draw points with the arrow ``x -> x+``, their targets and, if `spheres`, the circles ``S(x+, rho)``."""
    for point in points:
        if spheres and point.radius is not None:
            draw_circle(ax, point.plus, point.radius)
        draw_step(ax, point.x, point.plus)
    if points:
        targets = np.unique(np.round([point.plus for point in points], 9), axis=0)
        mark(ax, targets, Style("*", WHITE, "target x+", 170))
    for style in dict.fromkeys(point.style for point in points):
        mark(ax, np.array([point.x for point in points if point.style == style]), style)
