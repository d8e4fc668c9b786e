"""Hallucinated points in a picture: the point, its target, the sphere between them and the step ``x -> x+``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.arguments import checked_items
from hallucert.errors import ArgumentError
from hallucert.plot.canvas import BLACK, ORANGE, SKY, VERMILION, WHITE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Style:
    """Marker, colour and legend entry of a kind of point."""

    marker: str
    colour: str
    label: str


Drawn = tuple[np.ndarray, float, np.ndarray, Style]
"""A point ``x``, its ``rho``, ``x+``, and how it is drawn."""

ATTRACTS = Style("o", ORANGE, "proved: attracts SAM")
REPELS = Style("X", VERMILION, "proved: repels SAM")
CERTIFIED = Style("D", SKY, "proved to exist")
UNPROVED = Style("D", WHITE, "not proved")
CANDIDATES = {
    "minimum": Style("o", ORANGE, "candidate: minimum on its sphere"),
    "saddle": Style("s", SKY, "candidate: saddle on its sphere"),
    "maximum": Style("X", VERMILION, "candidate: maximum on its sphere"),
}


def style_of(point: Any) -> Style:
    """Return how a certificate or a candidate is drawn: what is proved about it, or its kind on the sphere."""
    if not hasattr(point, "claims"):
        return CANDIDATES.get(getattr(point, "kind", ""), UNPROVED)
    status = {name: str(claim.status) for name, claim in point.claims.items()}
    if status.get("existence") != "proved":
        return UNPROVED
    return {"proved": ATTRACTS, "refuted": REPELS}.get(status.get("attractor", ""), CERTIFIED)


def checked_points(points: Any) -> list[Drawn]:
    """Return ``(x, rho, x+, style)`` of every certificate or candidate in `points` (or of the one that it is)."""
    single, must = hasattr(points, "x") and hasattr(points, "rho"), "be certificates or candidates"
    items = [points] if single else checked_items(points, "points", must)
    checked = []
    for point in items:
        if not (hasattr(point, "x") and hasattr(point, "rho") and hasattr(point, "objective")):
            raise ArgumentError("points", point, must)
        x = np.asarray(point.x, dtype=float)
        if x.shape != (2,):
            raise ArgumentError("points", f"<a point of shape {x.shape}>", "be points of the plane")
        rho = float(point.rho)
        g = point.objective.gradient(x)
        checked.append((x, rho, x + rho * g / np.linalg.norm(g), style_of(point)))
    return checked


def draw_points(ax: Axes, checked: list[Drawn], spheres: bool = True) -> None:
    """Draw points with the arrow ``x -> x+``, their targets and, if `spheres`, the circles ``S(x+, rho)``."""
    for x, rho, plus, _ in checked:
        if spheres:
            draw_sphere(ax, plus, rho)
        draw_step(ax, x, plus)
    if checked:
        targets = np.unique(np.round([plus for _, _, plus, _ in checked], 9), axis=0)
        mark(ax, targets, "*", WHITE, "target x+", size=170)
    for style in dict.fromkeys(style for *_, style in checked):
        where = np.array([x for x, _, _, own in checked if own == style])
        mark(ax, where, style.marker, style.colour, style.label)


def mark(ax: Axes, where: np.ndarray, marker: str, colour: str, label: str, size: float = 85) -> None:
    """Draw markers with a dark edge, which stand out from every colour of the map."""
    where = np.atleast_2d(where)
    ax.scatter(
        where[:, 0],
        where[:, 1],
        s=size,
        marker=marker,
        c=colour,
        edgecolors=BLACK,
        linewidths=1.1,
        label=label,
        zorder=6,
    )


def draw_sphere(ax: Axes, centre: np.ndarray, radius: float, colour: str = WHITE, label: str | None = None) -> None:
    """Draw the circle ``S(centre, radius)``, dashed."""
    from matplotlib.patches import Circle

    ax.add_patch(
        Circle((centre[0], centre[1]), radius, fill=False, ec=colour, lw=1.4, ls=(0, (5, 3)), label=label, zorder=4)
    )


def draw_step(ax: Axes, start: np.ndarray, end: np.ndarray, colour: str = WHITE, width: float = 1.7) -> None:
    """Draw an arrow from `start` to `end`: light, with a dark rim, so that it shows on any ground."""
    from matplotlib.patheffects import withStroke

    arrow = ax.annotate(
        "",
        xy=(end[0], end[1]),
        xytext=(start[0], start[1]),
        zorder=5,
        arrowprops={
            "arrowstyle": "-|>",
            "color": colour,
            "lw": width,
            "shrinkA": 4,
            "shrinkB": 7,
            "mutation_scale": 14,
        },
    )
    if arrow.arrow_patch is not None:
        arrow.arrow_patch.set_path_effects([withStroke(linewidth=width + 1.5, foreground=BLACK, alpha=0.65)])
        arrow.arrow_patch.set_zorder(5)
