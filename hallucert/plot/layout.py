"""How texts of a picture are laid out: their sizes, the spelling of symbols, where the legend stands; and saving.

A picture fits one column of a paper as well as a poster: texts, marks and lines grow with the width of its axes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.arguments import checked_path, quiet
from hallucert.arrays import real_array
from hallucert.decimals import decimal_below
from hallucert.errors import ArgumentError, require
from hallucert.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
else:
    Axes = Any  # for annotations: matplotlib loads when something is drawn

BLACK = "#000000"
Options = dict[str, Any]
"""Settings of matplotlib."""

FONT_SIZE = 10.0
SIZE = 6.4, 6.2
"""Inches of a figure."""

FORMATS = ("pdf", "svg", "png")
FONTS = 42
"""How PDF embeds fonts: TrueType, which publishers take."""

ENOUGH = 1.15
"""How much more room a legend beside the axes must leave them than one below, where a reader looks for it."""

LEGEND = -3.8, -3.8
"""How far below the axes it begins, in sizes of the text: of a plane, and of space, whose labels are inside."""

PADS = ((4.0, 0.0), (3.5, 0.0)), ((0.5, 21.0), (2.5, 8.0))
"""Points between axes, or labels of ticks, and labels, at the usual size, and what matplotlib adds to them: of a plane,
and of space."""

SPELLINGS = {
    r"\bf\^(U?SAM|ASAM)\b": r"$f^{\\mathrm{\1}}$",
    r"\bf\(x\+\)": r"$f(x^+)$",
    r"\bf\(x\)": r"$f(x)$",
    r"\brho\b": r"$\\rho$",
    r"\bx_min\b": r"$x_{\\min}$",
    r"\bx\*": r"$x^*$",
    r"\bx\+(?!\w)": r"$x^+$",
    r">=": r"$\\geq$",
    r"(?<![$\w])f(?![\w(^$])": r"$f$",
    r"\b([UB])(?=,| |$)": r"$\1$",
}
"""How symbols are written in pictures, by a pattern of how they are written in plain text."""


def checked_size(size: object, argument: str = "size") -> tuple[float, float]:
    """Return width and height of a picture in inches."""
    must = "be width and height in inches, from 2 to 50"
    sides = real_array(size, argument, must).tolist()
    require(np.shape(sides) == (2,) and all(2 <= side <= 50 for side in sides), argument, size, must)
    return sides[0], sides[1]


def finish(
    ax: Axes, names: Sequence[str], title: str | None = None, window: np.ndarray | None = None, equal: bool = False
) -> None:
    """Set labels, text sizes, title, legend and scales.

    With a window (2, 2) scales are equal unless it is very flat; without one there are margins and a grid, and scales
    are equal if that is asked for.
    """
    if window is not None:
        width, height = window[:, 1] - window[:, 0]
        ax.set_xlim(*window[0])
        ax.set_ylim(*window[1])
        ax.set_aspect("equal" if 0.3 < width / height < 3 else "auto")
    else:
        if equal:
            ax.set_aspect("equal", adjustable="datalim")
        ax.margins(0.04)
        ax.grid(True, color=BLACK, alpha=0.08)
    label(ax, names, title)


def label(ax: Axes, names: Sequence[str], title: str | None = None) -> None:
    """Set labels, ticks and title in their sizes, and the legend."""
    larger, space = scale(ax), ax.name == "3d"
    size, (label_pad, tick_pad) = FONT_SIZE * larger, (larger * (pad + own) - own for pad, own in PADS[space])
    for axis, name in zip("xyz", names, strict=False):
        getattr(ax, f"set_{axis}label")(spelled(name), fontsize=size, labelpad=label_pad)
    ax.tick_params(labelsize=size * (0.9 if space else 1), pad=tick_pad)
    if title:
        ax.set_title(spelled(title), fontsize=size + 1, pad=6 * larger)
    legend(ax)


def inches_of(ax: Axes) -> tuple[float, float]:
    """Return how many inches of the figure's width and height belong to the axes and what is around them."""
    figure, place = ax.get_figure(root=True), ax.get_subplotspec()
    width, height = SIZE if figure is None else map(float, figure.get_size_inches())
    if place is None:
        return width, height
    rows, columns = place.get_gridspec().get_geometry()
    return width * len(place.colspan) / columns, height * len(place.rowspan) / rows


def scale(ax: Axes) -> float:
    """Return the size of texts, marks and lines, as a part of the usual one: from one column of a paper to a poster."""
    width = inches_of(ax)[0]
    return max(min(width / 4, 1.0), width / SIZE[0], 0.7)


TINY, HUGE = 1e-300, 1e300
"""Beyond them a radius is not written as a double."""


def radius_text(rho: Fraction | float) -> str:
    """Write a radius in decimals; as a short fraction where six digits are not all of it, or with six digits.

    Examples
    --------
    >>> [radius_text(rho) for rho in (Fraction(6, 5), 3.5, 8, 1 / 3, 2**0.5, Fraction(10) ** 400)]
    ['rho = 1.2', 'rho = 3.5', 'rho = 8', 'rho = 1/3', 'rho = 1.41421', 'rho = 1e+400']
    """
    if not TINY <= rho <= HUGE:
        return f"rho = {decimal_below(Fraction(rho), 6)}"
    value, text = float(rho), f"{float(rho):.6g}"
    near = Fraction(value).limit_denominator(99)
    return f"rho = {near if float(text) != value == float(near) else text}"


def spelled(text: str) -> str:
    """Return a text of a picture with its symbols as mathematics; one that has mathematics already stays."""
    if "$" in text:
        return text
    if re.fullmatch("[A-Za-z]", text):
        return f"${text}$"
    for pattern, symbol in SPELLINGS.items():
        text = re.sub(pattern, symbol, text)
    return text.replace("$$", "")


def legend(ax: Axes) -> None:
    """Put the legend where it leaves most room for the axes: below them, in two columns or one, or beside them."""
    handles, labels = ax.get_legend_handles_labels()
    if not handles or ax.get_figure(root=True) is None:
        return
    labels = [spelled(label) for label in labels]
    width, height = inches_of(ax)
    size = (FONT_SIZE - 0.5) * scale(ax) * (0.8 if scale(ax) < 1 else 1)
    rooms: dict[tuple[int, bool], float] = {}
    for columns, beside in ((2, False), (1, False), (1, True)):
        across, down = _put_legend(ax, handles, labels, columns, beside, size)
        room = (width - across, height) if beside else (width, height - down)
        rooms[columns, beside] = _worth(ax, *room) if across < 0.9 * width or (columns == 1 and not beside) else 0.0
    best = max(rooms, key=lambda place: rooms[place] * (1 if place[1] else ENOUGH))
    across, _ = _put_legend(ax, handles, labels, *best, size)
    if across > 0.96 * width:
        _put_legend(ax, handles, labels, *best, size * max(0.96 * width / across, 0.6))


def _worth(ax: Axes, width: float, height: float) -> float:
    """Return what so much room for the axes is worth: where scales are equal, the shorter side counts."""
    width, height = max(width - 0.5 * scale(ax), 0.0), max(height - 0.75 * scale(ax), 0.0)
    return width * height if ax.get_aspect() == "auto" and ax.name != "3d" else min(width, height) ** 2


def _put_legend(
    ax: Axes, handles: list[Any], labels: list[str], columns: int, beside: bool, size: float
) -> tuple[float, float]:
    """Put the legend below or beside the axes, and return its width and height in inches."""
    from matplotlib.transforms import ScaledTranslation

    figure = ax.figure
    right, up = (0.6 * size / 72, 0.0) if beside else (0.0, LEGEND[ax.name == "3d"] * FONT_SIZE * scale(ax) / 72)
    place = ax.transAxes + ScaledTranslation(right, up, figure.dpi_scale_trans)
    options: Options = {"loc": "center left", "bbox_to_anchor": (1, 0.5)} if beside else {"loc": "upper center"}
    options = {"bbox_to_anchor": (0.5, 0)} | options | {"bbox_transform": place, "frameon": False, "ncols": columns}
    spacing: Options = {"handlelength": 1.8, "columnspacing": 1.4, "borderpad": 0, "labelspacing": 0.4}
    box = ax.legend(handles, labels, fontsize=size, **spacing, **options).get_window_extent()
    return box.width / figure.dpi, box.height / figure.dpi


@quiet
def save(ax: Axes, path: str | PathLike[str]) -> None:
    """Save the figure of some axes for a paper: a PDF or SVG of lines and letters, or a PNG.

    Parameters
    ----------
    ax : Axes
        Axes that something is drawn on, such as a picture returns. Make them in their final size, in inches, by
        ``matplotlib.pyplot.subplots(figsize=(3.4, 2.6), layout="compressed")``: what is drawn takes its sizes from it.
    path : str or path
        Where to; ends in ``.pdf`` (fonts are embedded as TrueType, as publishers want them), ``.svg`` or ``.png``. An
        existing file is replaced.

    Raises
    ------
    ArgumentError
        If `ax` are no axes, or `path` ends in something else.
    OSError
        If the path cannot be written.
    """
    import matplotlib

    figure = ax.get_figure(root=True) if hasattr(ax, "contourf") else None
    if figure is None:
        raise ArgumentError("ax", ax, "be Axes of matplotlib, in a figure")
    target = checked_path(path)
    kind = Path(target).suffix[1:].lower()
    require(kind in FORMATS, "path", str(path), f"end in .{', .'.join(FORMATS)}")
    with matplotlib.rc_context({"pdf.fonttype": FONTS}), replacing(target) as stream:
        figure.savefig(stream, format=kind, dpi=200)
