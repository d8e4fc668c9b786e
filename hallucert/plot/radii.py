"""How ``f^SAM`` and its field change with the radius: one landscape a radius, side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hallucert.arguments import checked_choice, checked_items, checked_whole, quiet
from hallucert.errors import ArgumentError
from hallucert.exact import Exact, exact_radius, format_rational
from hallucert.objectives.objective import Objective
from hallucert.plot.canvas import require_box, require_levels, require_plane, require_resolution
from hallucert.plot.landscape import FIELDS, landscape

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL = 3.6
"""Inches a side of one panel."""


@quiet
def radii(
    f: Objective,
    box: Any,
    rho: Sequence[Exact],
    points: Mapping[int, Any] | None = None,
    columns: int = 3,
    field: str = "stream",
    levels: int = 24,
    resolution: int = 160,
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

    require_plane(f)
    require_box(box), require_levels(levels), require_resolution(resolution), checked_choice(field, FIELDS, "field")
    must = "be a nonempty sequence of radii"
    exact = [exact_radius(value) for value in checked_items(rho, "rho", must)]
    if not exact:
        raise ArgumentError("rho", rho, must)
    columns = checked_whole(columns, 1, "columns")
    if not isinstance(points, Mapping | None):
        raise ArgumentError("points", points, "be a mapping from the numbers of radii to points")
    marked = dict(points or {})
    if not set(marked) <= set(range(len(exact))):
        raise ArgumentError("points", list(marked), f"have keys from 0 to {len(exact) - 1}")
    count = len(exact) + 1
    rows, across = math.ceil(count / columns), min(columns, count)
    figure, grid = plt.subplots(
        rows, across, figsize=(PANEL * across, (PANEL + 0.5) * rows), layout="compressed", squeeze=False
    )
    panels = list(grid.ravel())
    for ax in panels[count:]:
        figure.delaxes(ax)
    options: dict[str, Any] = {"levels": levels, "resolution": resolution}
    landscape(f, box, ax=panels[0], title="f", **options)
    for number, value in enumerate(exact):
        title = f"rho = {format_rational(value) if value.denominator < 100 else f'{float(value):.4g}'}"
        landscape(
            f, box, value, ax=panels[number + 1], points=marked.get(number, ()), field=field, title=title, **options
        )
    return panels[:count]
