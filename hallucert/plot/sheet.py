"""Pictures of sheets: the hallucinated curve, the manifold it is mapped to, the ascent steps, and what is certified."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.plot.canvas import BLACK, FONT_SIZE, SKY, VERMILION, legend, new_axes
from hallucert.sheet import Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE = "#0072b2"
STEPS = 24
"""Ascent steps drawn."""


def sheet(
    sheet: Sheet,
    coordinates: Sequence[str] | None = None,
    ax: Axes | None = None,
    certificate: Any = None,
    title: str | None = None,
) -> Axes:
    """Draw a sheet and its targets, projected to two coordinates.

    Parameters
    ----------
    sheet : Sheet
        From `hallucert.find.sheet`.
    coordinates : two variables, optional
        Their names; by default the first two.
    ax : Axes, optional
        Where to draw; new axes by default.
    certificate : SheetCertificate, optional
        What is proved is underlaid by a wide band.
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
    if not isinstance(sheet, Sheet):
        raise ArgumentError("sheet", sheet, "be a Sheet")
    variables = sheet.objective.variables
    names = tuple(variables[:2] if coordinates is None else coordinates)
    if len(names) != 2 or any(name not in variables for name in names):
        raise ArgumentError("coordinates", coordinates, f"be two of {', '.join(variables[:20])}")
    if certificate is not None and not hasattr(certificate, "curves"):
        raise ArgumentError("certificate", certificate, "be the certificate of a sheet")
    i, j = (variables.index(name) for name in names)
    ax = new_axes() if ax is None else ax
    band: dict[str, Any] = {"color": SKY, "lw": 8.0, "alpha": 0.45, "solid_capstyle": "butt", "zorder": 1}
    for k, x in enumerate(() if certificate is None else certificate.curves):
        ax.plot(x[:, i], x[:, j], label="_certified" if k else "certified", **band)
    for k in np.unique(np.linspace(0, len(sheet) - 1, STEPS).astype(int)).tolist():
        a, b = sheet.x[k], sheet.target[k]
        label = "ascent steps" if k == 0 else "_step"
        ax.plot([a[i], b[i]], [a[j], b[j]], color=BLACK, lw=0.6, alpha=0.35, zorder=2, label=label)
    ax.plot(sheet.target[:, i], sheet.target[:, j], color=VERMILION, lw=1.9, zorder=3, label="targets: minimizers of f")
    ax.plot(sheet.x[:, i], sheet.x[:, j], color=BLUE, lw=1.9, zorder=4, label="hallucinated minimizers")
    ax.set_xlabel(names[0], fontsize=FONT_SIZE)
    ax.set_ylabel(names[1], fontsize=FONT_SIZE)
    ax.tick_params(labelsize=FONT_SIZE)
    ax.set_aspect("equal", adjustable="datalim")
    ax.margins(0.04)
    ax.grid(True, color=BLACK, alpha=0.08)
    if title:
        ax.set_title(title, fontsize=FONT_SIZE + 1)
    legend(ax)
    return ax
