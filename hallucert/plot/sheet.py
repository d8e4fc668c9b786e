"""Pictures of sheets: the hallucinated curve or surface, its targets, the ascent steps, and what is certified."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.arguments import checked_choice, checked_items, checked_text, quiet
from hallucert.errors import ArgumentError
from hallucert.find.curves.records import Sheet, Surface
from hallucert.plot.canvas import BLACK, FONT_SIZE, SKY, VERMILION, legend, own_axes
from hallucert.plot.surface import BLUE, draw_surface, new_space

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEPS = 24
"""Ascent steps drawn."""


@quiet
def sheet(
    sheet: Sheet | Surface,
    coordinates: Sequence[str] | None = None,
    ax: Axes | None = None,
    certificate: Any = None,
    title: str | None = None,
) -> Axes:
    """Draw a sheet and its targets: a curve in two coordinates, a surface in two or three.

    Parameters
    ----------
    sheet : Sheet or Surface
        From `hallucert.find.sheet`.
    coordinates : two or three variables, optional
        Their names; by default the first two for a curve and the first three for a surface. Three are for surfaces
        only.
    ax : Axes, optional
        Where to draw, three-dimensional for three coordinates; new axes by default. On three-dimensional axes what is
        drawn later lies in front (``computed_zorder`` is turned off).
    certificate : SheetCertificate or SurfaceCertificate, optional
        What is proved of a curve is underlaid by a wide band; the charts that are proved take the place of those of
        the surface, in a lighter colour.
    title : str, optional
        Title of the axes.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ArgumentError
        If an argument is not as above.
    """
    if not isinstance(sheet, Sheet | Surface):
        raise ArgumentError("sheet", sheet, "be a Sheet or a Surface")
    title, curve = checked_text(title, "title"), isinstance(sheet, Sheet)
    places = _places(sheet, coordinates, (2,) if curve else (2, 3))
    if certificate is not None and not hasattr(certificate, "curves" if curve else "atlases"):
        raise ArgumentError("certificate", certificate, f"be the certificate of a {'sheet' if curve else 'surface'}")
    ax = new_space() if ax is None and len(places) == 3 else own_axes(ax)
    if isinstance(sheet, Sheet):
        _draw_curve(ax, sheet, places, certificate)
    else:
        draw_surface(ax, sheet, places, certificate)
    if title:
        ax.set_title(title, fontsize=FONT_SIZE + 1)
    return ax


def _places(sheet: Sheet | Surface, coordinates: Sequence[str] | None, allowed: tuple[int, ...]) -> list[int]:
    """Return the positions of the coordinates among the variables; by default as many as may be."""
    variables = sheet.objective.variables
    must = f"be {' or '.join({2: 'two', 3: 'three'}[n] for n in allowed)} of {', '.join(variables[:20])}"
    wanted = variables[: allowed[-1]] if coordinates is None else coordinates
    names = [checked_choice(name, variables, "coordinates") for name in checked_items(wanted, "coordinates", must)]
    if len(names) not in allowed or len(set(names)) < len(names):
        raise ArgumentError("coordinates", coordinates, must)
    return [variables.index(name) for name in names]


def _draw_curve(ax: Axes, sheet: Sheet, places: list[int], certificate: Any) -> None:
    """Draw a curve in two coordinates."""
    i, j = places
    band: dict[str, Any] = {"color": SKY, "lw": 8.0, "alpha": 0.45, "solid_capstyle": "butt", "zorder": 1}
    for k, x in enumerate(() if certificate is None else certificate.curves):
        ax.plot(x[:, i], x[:, j], label="_certified" if k else "certified", **band)
    for k in np.unique(np.linspace(0, len(sheet) - 1, STEPS).astype(int)).tolist():
        a, b = sheet.x[k], sheet.target[k]
        label = "ascent steps" if k == 0 else "_step"
        ax.plot([a[i], b[i]], [a[j], b[j]], color=BLACK, lw=0.6, alpha=0.35, zorder=2, label=label)
    ax.plot(sheet.target[:, i], sheet.target[:, j], color=VERMILION, lw=1.9, zorder=3, label="targets: minimizers of f")
    ax.plot(sheet.x[:, i], sheet.x[:, j], color=BLUE, lw=1.9, zorder=4, label="hallucinated minimizers")
    ax.set_xlabel(sheet.objective.variables[i], fontsize=FONT_SIZE)
    ax.set_ylabel(sheet.objective.variables[j], fontsize=FONT_SIZE)
    ax.tick_params(labelsize=FONT_SIZE)
    ax.set_aspect("equal", adjustable="datalim")
    ax.margins(0.04)
    ax.grid(True, color=BLACK, alpha=0.08)
    legend(ax)
