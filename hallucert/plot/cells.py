"""Basins in the plane: which cells are proved to flow where."""

from __future__ import annotations

from math import ceil, floor

import numpy as np

from hallucert.arguments import quiet
from hallucert.check.basins.certificate import Basins
from hallucert.check.basins.graph import FIRST, LEAVES
from hallucert.check.basins.partition import corners
from hallucert.check.point.certificate import Certificate
from hallucert.check.point.hallucinated_minimizer import MAXIMIZER, SADDLE, proved_kind
from hallucert.check.point.rule import Facts
from hallucert.decimals import short_rational
from hallucert.errors import require
from hallucert.plot import canvas, layout
from hallucert.plot.canvas import BLUE, GREEN, ORANGE, SKY, VERMILION, WHITE
from hallucert.plot.layout import BLACK, Axes
from hallucert.settings import checked_flag

HALLUCINATED, OTHER, TWO_CYCLE, TRAP = "hallucinated minimizer", "attractor", "two-cycle", "trap"
KINDS = {
    HALLUCINATED: ("o", ORANGE),
    "attractor, target a saddle": ("s", SKY),
    "attractor, target a maximizer": ("^", BLUE),
    OTHER: ("D", VERMILION),
    TWO_CYCLE: ("P", GREEN),
}
"""What an attractor is proved to be, with its marker, and the colour of it and its cells."""
OUTSIDE, OPEN = "#8c8c8c", WHITE
TRAPS = ("#cc79a7", "#e6bcd3"), ("#6a4c93", "#b9a5d4"), ("#8a2f5d", "#cf9ab4"), ("#4b4ba6", "#adadde")
"""The colours of the core of the first, second, .. trap, and of what flows in or does what may happen instead."""
TINTS = (0.0, 0.45, 0.25, 0.65)
"""How much white is in the cells of the first, second, .. attractor of a kind."""
FINEST = 10
"""Pixels are cells of this level; those that hold smaller cells have the mean of their colours."""


@quiet
def basins(
    found: canvas.Found,
    ax: Axes | None = None,
    steps: bool = True,
    levels: int = 24,
    resolution: int = 220,
    title: str | None = None,
) -> Axes:
    """Draw which starts are proved to converge to which attractor of SAM, from basins alone.

    The colour of a cell tells what its attractor is proved to be, its tint which of them; traps are purple, each in
    a shade of its own, their cores darker. Grey cells leave the box, and of white ones nothing is proved. Of cells
    drawn at random those of which something is proved are dots in the same colours. Attractors and traps have the
    numbers that they have in the claims, and lines lead from points to their targets; of a two-cycle both points are
    drawn. The legend says how much of the box each kind has, rounded so that it remains true.

    Parameters
    ----------
    found : Basins
        From `hallucert.basins`, or from a file.
    steps : bool
        Whether to draw the lines ``x -> x+``.
    ax, levels, resolution, title
        As in `landscape`, for contour lines of ``f``; by default the title says ``rho`` and the step.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    ArgumentError
        If it is none of basins, or another argument is not as above.
    """
    require(isinstance(found, Basins), "found", found, "be basins")
    steps, look = checked_flag(steps, "steps"), canvas.Look.checked(levels, resolution, title)
    ax = canvas.own_axes(ax)
    kinds = [kind_of(point) for point in found.attractors]
    colours = _colours(kinds, len(found.traps))
    image = picture(found, colours)
    extent = tuple(found.box.ravel().tolist())
    ax.imshow(image.swapaxes(0, 1), origin="lower", extent=extent, interpolation="nearest", zorder=0)
    x, y = canvas.grid(found.box, look.resolution)
    _draw_lines(ax, x, y, canvas.sample(found.objective.floats.value, x, y), look.levels)
    at_rest = [canvas.checked_points(c)[0] for c in found.attractors if c.problem.period == 1]
    places = [np.asarray(c.x).reshape(-1, 2) for c in found.attractors]
    if steps:
        _draw_targets(ax, at_rest, found.box)
    for kind, (marker, colour) in KINDS.items():
        own = [k for k, name in enumerate(kinds) if name == kind]
        if own:
            share = sum(found.share(k + FIRST) for k in own)
            label = f"{kind} ({len(own)}): {floor(1000 * share) / 10} %"
            canvas.mark(ax, np.concatenate([places[k] for k in own]), canvas.Style(marker, colour, label, 90))
    for k, place in enumerate(places, 1):
        _number(ax, place[0], str(k))
    for colour, label in (
        *(_trap_entry(found, k) for k in range(len(found.traps))),
        (OUTSIDE, f"leaves the box: {floor(1000 * found.share(LEAVES)) / 10} %"),
        (OPEN, f"nothing proved: {ceil(1000 * found.share(0)) / 10} %"),
    ):
        ax.scatter([], [], 40 * layout.scale(ax) ** 2, marker="s", c=colour, edgecolors=BLACK, label=label)
    if found.draw is not None:
        _draw_dots(ax, found, found.draw.labels, colours)
    text = f"{layout.radius_text(found.rho)}, step {short_rational(found.step)}"
    layout.finish(ax, found.objective.variables, text if look.title is None else look.title, found.box)
    return ax


def _draw_dots(ax: Axes, found: Basins, labels: np.ndarray, colours: np.ndarray) -> None:
    """Draw where drawn cells with some labels are, but those of which nothing is proved, and count them."""
    low, high = corners(found.box, found.drawn)
    proved, size = labels > 0, layout.scale(ax) ** 2
    x, y = ((low + high) / 2)[proved].T
    ax.scatter(x, y, 3 * size, c=colours[labels[proved]], linewidths=0, zorder=2)
    ax.scatter([], [], 8 * size, c=BLACK, label=f"dots: {proved.sum()} of {len(labels)} drawn cells are proved")


def _trap_entry(found: Basins, k: int) -> tuple[str, str]:
    """Return the colour and the words of a trap in the legend; only some traps name what may happen instead."""
    instead = ", or what it names" if found.traps[k].others else ""
    return TRAPS[k % len(TRAPS)][
        1
    ], f"{TRAP} {k + 1}{instead}: {floor(1000 * found.share(*found.traps[k].labels)) / 10} %"


def kind_of(point: Certificate) -> str:
    """Return what an attractor is proved to be: one of `KINDS`."""
    if point.problem.period == 2:
        return TWO_CYCLE
    if point.witness is None:
        return OTHER
    facts = Facts(point.problem, point.witness, dict(point.claims))
    if facts.proved("hallucinated_minimizer"):
        return HALLUCINATED
    target = {SADDLE: "saddle", MAXIMIZER: "maximizer"}.get(proved_kind(facts) or "")
    return OTHER if target is None else f"attractor, target a {target}"


def picture(found: Basins, colours: np.ndarray) -> np.ndarray:
    """Return the picture of cells (n, n, 3), by the indices of its pixels, from the colour (3,) of each label."""
    cells, mine = found.partition.cells, colours[found.labels]
    finest = min(int(cells[:, 0].max()), FINEST)
    image = np.zeros((1, 1, 3))
    for level in range(finest + 1):
        if level:
            image = image.repeat(2, axis=0).repeat(2, axis=1)
        own = cells[:, 0] == level
        image[cells[own, 1], cells[own, 2]] = mine[own]
    small = cells[:, 0] > finest
    down = cells[small, 0] - finest
    np.add.at(image, (cells[small, 1] >> down, cells[small, 2] >> down), mine[small] / 4.0 ** down[:, None])
    return np.clip(image, 0.0, 1.0)


def _colours(kinds: list[str], traps: int) -> np.ndarray:
    """Return the colours of all labels, (labels, 3)."""
    from matplotlib.colors import to_rgb

    rows = [np.array(to_rgb(OPEN)), np.array(to_rgb(OUTSIDE))]
    for k, kind in enumerate(kinds):
        tint, colour = TINTS[kinds[:k].count(kind) % len(TINTS)], np.array(to_rgb(KINDS[kind][1]))
        rows.append(colour + tint * (1 - colour))
    return np.array([*rows, *(np.array(to_rgb(colour)) for k in range(traps) for colour in TRAPS[k % len(TRAPS)])])


def _draw_lines(ax: Axes, x: np.ndarray, y: np.ndarray, values: np.ndarray, count: int) -> None:
    """Draw contour lines of f, if it is defined somewhere."""
    if np.isfinite(values).any():
        style: layout.Options = {"colors": BLACK, "linewidths": 0.35 * layout.scale(ax), "alpha": 0.35, "zorder": 1}
        ax.contour(x, y, np.ma.masked_invalid(values), levels=canvas.contour_levels(values, count), **style)


def _draw_targets(ax: Axes, points: list[canvas.Drawn], box: np.ndarray) -> None:
    """Draw arrows from attractors to their targets, and those of these that lie in the box."""
    for point in points:
        canvas.draw_step(ax, point.x, point.plus, width=1.0)
    targets = np.unique(np.round([point.plus for point in points], 9).reshape(-1, 2), axis=0)
    targets = targets[((targets >= box[:, 0]) & (targets <= box[:, 1])).all(axis=1)]
    if len(targets):
        canvas.mark(ax, targets, canvas.Style("*", WHITE, "target x+", 170))


def _number(ax: Axes, where: np.ndarray, text: str) -> None:
    """Write the number of an attractor beside it, on a rim that shows on any ground."""
    from matplotlib.patheffects import withStroke

    size = layout.scale(ax)
    options: layout.Options = {"textcoords": "offset points", "zorder": 8, "annotation_clip": True}
    drawn = ax.annotate(text, (where[0], where[1]), (5 * size, 4 * size), fontsize=layout.FONT_SIZE * size, **options)
    drawn.set_path_effects([withStroke(linewidth=2.5 * size, foreground=WHITE)])
