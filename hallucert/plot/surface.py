"""Pictures of surfaces: the charts as patches, the targets faintly, some ascent steps, and what is certified.

A chart is drawn as the square in the tangent plane that it is. In three dimensions matplotlib sorts the patches of one
collection by their depth, but not different artists: what is drawn later is over what was drawn before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.find.curves.records import Surface
from hallucert.plot.canvas import BLACK, FONT_SIZE, SKY, VERMILION, WHITE, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE = "#0072b2"
CORNERS = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=float)
STEPS = 10
"""Ascent steps drawn."""

LIGHT = np.array([0.35, -0.55, 0.76])
"""Where the light comes from, in three dimensions: about unit length, from beside matplotlib's usual viewpoint."""

AMBIENT = 0.6
"""Brightness of a patch on edge to the light; one that faces it, on either side, has 1."""


def new_space() -> Axes:
    """Make three-dimensional axes in a figure of their own."""
    import matplotlib.pyplot as plt

    axes: Axes = plt.figure(figsize=(6.4, 6.2), layout="compressed").add_subplot(projection="3d")
    return axes


def draw_surface(ax: Axes, surface: Surface, places: list[int], certificate: Any) -> None:
    """Draw a surface on axes of two or three dimensions.

    Parameters
    ----------
    ax : Axes
        As many dimensions as there are `places`.
    surface : Surface
        What to draw.
    places : list of int
        The two or three coordinates shown.
    certificate : SurfaceCertificate or None
        Its charts are drawn in another colour, in the place of those of the surface.

    Raises
    ------
    ArgumentError
        If the axes have another number of dimensions.
    """
    if (ax.name == "3d") != (len(places) == 3):
        raise ArgumentError("ax", f"<{ax.name} axes>", f"have {len(places)} dimensions, one for each coordinate")
    # Matplotlib takes limits from what is plotted first: the targets.
    ax.plot(
        *surface.target.T[places],
        ".",
        color=VERMILION,
        ms=2.5,
        alpha=0.35,
        zorder=2,
        label="targets: minimizers of f",
    )
    own = squares(surface.x, surface.tangents, surface.half_widths)
    if certificate is not None:
        proved = certified_squares(certificate, surface.objective.dimension)
        own = own[~_within(own, *proved)]
        _patches(ax, squares(*proved)[..., places], SKY, "certified")
    _patches(ax, own[..., places], BLUE, "hallucinated minimizers" if certificate is None else "found, not certified")
    for k in np.unique(np.linspace(0, len(surface) - 1, STEPS).astype(int)).tolist():
        ends = np.stack([surface.x[k], surface.target[k]])
        label = "ascent steps" if k == 0 else "_step"
        ax.plot(*ends.T[places], color=BLACK, lw=0.9, alpha=0.6, zorder=3, label=label)
    _finish(ax, surface, places)


def squares(x: np.ndarray, tangents: np.ndarray, half_widths: np.ndarray) -> np.ndarray:
    """Return the corners of charts, (n, 4, d), from their centres (n, d), tangents (n, d, 2) and half widths (n,)."""
    offsets = np.einsum("ndk,ck->ncd", tangents, CORNERS)
    return np.asarray(x[:, None] + half_widths[:, None, None] * offsets)


def certified_squares(certificate: Any, d: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what `squares` takes for the charts of a certificate; of ``(x, c, lambda)`` only ``x`` is drawn."""
    charts = [chart for atlas in certificate.atlases for chart in atlas.charts]
    x = np.array([[float(v) for v in chart.centre[:d]] for chart in charts]).reshape(-1, d)
    tangents = np.array([[[float(v) for v in row[:2]] for row in chart.frame[:d]] for chart in charts])
    return x, tangents.reshape(-1, d, 2), np.array([float(chart.half_width) for chart in charts])


def _within(own: np.ndarray, x: np.ndarray, tangents: np.ndarray, half_widths: np.ndarray) -> np.ndarray:
    """Tell which squares (n, 4, d) have their middle and all corners, a bit inside, over one of other charts."""
    middle = own.mean(axis=1, keepdims=True)
    points = np.concatenate([middle, middle + 0.9 * (own - middle)], axis=1)
    inside = np.zeros(points.shape[:2], dtype=bool)
    for centre, tangent, h in zip(x, tangents, half_widths, strict=True):
        s, height = _coordinates(points - centre, tangent)
        inside |= (np.abs(s).max(axis=-1) <= h) & (height <= h * np.linalg.norm(tangent))
    return np.asarray(inside.all(axis=1))


def _coordinates(offset: np.ndarray, tangent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the parameters ``s`` (.., 2) of the foot of a point in a tangent plane, and its distance from there."""
    s = offset @ np.linalg.pinv(tangent).T
    return s, np.linalg.norm(offset - s @ tangent.T, axis=-1)


def _patches(ax: Any, corners: np.ndarray, colour: str, label: str) -> None:
    """Draw quadrilaterals (n, 4, 2) flat and half transparent, or (n, 4, 3) solid and shaded."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgb

    if not len(corners):
        return
    if corners.shape[-1] == 2:
        ax.add_collection(PolyCollection(list(corners), fc=colour, ec=colour, lw=0.4, alpha=0.3, zorder=4, label=label))
        return
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 3] - corners[:, 0])
    length = np.linalg.norm(normals, axis=1)
    facing = np.abs(normals @ LIGHT) / np.where(length > 0, length, 1)
    shaded = (AMBIENT + (1 - AMBIENT) * np.minimum(facing, 1))[:, None] * np.array(to_rgb(colour))
    rim = (*to_rgb(WHITE), 0.4)
    patches = Poly3DCollection(corners, facecolors=shaded, edgecolors=rim, lw=0.3, zorder=4, label="_" + label)
    ax.add_collection(patches, autolim=False)
    ax.plot(*[[np.nan]] * 3, "s", color=colour, ms=8, label=label)  # the legend shows colours without shade


def _finish(ax: Any, surface: Surface, places: list[int]) -> None:
    """Set labels, equal scales and the legend."""
    names, shown = surface.objective.variables, np.concatenate([surface.x, surface.target])[:, places]
    ax.set_xlabel(names[places[0]], fontsize=FONT_SIZE)
    ax.set_ylabel(names[places[1]], fontsize=FONT_SIZE)
    ax.tick_params(labelsize=FONT_SIZE)
    if len(places) == 2:
        ax.update_datalim(shown)
        ax.autoscale_view()
        ax.set_aspect("equal", adjustable="datalim")
        ax.margins(0.04)
        ax.grid(True, color=BLACK, alpha=0.08)
    else:
        ax.computed_zorder = False
        ax.auto_scale_xyz(*shown.T, had_data=True)
        ax.set_zlabel(names[places[2]], fontsize=FONT_SIZE)
        ax.set_aspect("equal")
        ax.tick_params(labelsize=FONT_SIZE - 1)
        ax.locator_params(nbins=5)
    legend(ax)
