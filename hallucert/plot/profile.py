"""The line profile: the loss and the SAM loss as curves over the distance along a line (the paper's Figure 7(a))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.objectives.objective import Objective
from hallucert.plot.canvas import BLACK, FONT_SIZE, SKY, VERMILION, legend
from hallucert.plot.frame import Frame, Shown, values_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_profile(
    ax: Axes, f: Objective, frame: Frame, shown: list[Shown], window: np.ndarray, radii: list[Any], count: int
) -> None:
    """Draw a curve for each of `radii` (None stands for ``f`` itself), and where the points are.

    The points themselves are among the places where the curves are evaluated, however sharp the valley around them.

    Raises
    ------
    ArgumentError
        If nothing on the line is finite.
    """
    t = np.union1d(np.linspace(window[0], window[1], count), [point.place[0] for point in shown])
    curves = [values_on(f, frame, t[:, None], radius) for radius in radii]
    # A minimizer's value of f^SAM would depend on the direction of rounding errors, and the curve may jump there.
    blank = [point.place[0] for point in shown if not point.off and np.isnan(point.sam_value)]
    for curve in curves[1:]:
        curve[np.isin(t, blank)] = np.nan
    if not any(np.isfinite(curve).any() for curve in curves):
        raise ArgumentError("center", frame.center.tolist(), "lie near the domain: nothing on the line is finite")
    for radius, curve in zip(radii, curves, strict=True):
        sam = radius is not None
        label = f"f^SAM, rho = {float(radius):.6g}" if sam else "f"
        ax.plot(t, curve, color=VERMILION if sam else SKY, lw=2.0, label=label)
        for point in shown:
            height = point.sam_value if sam else point.value
            if not point.off and np.isfinite(height):
                ax.plot(point.place[0], height, "o", color=VERMILION if sam else SKY, mec=BLACK, ms=7, zorder=5)
    for point in shown:
        ax.axvline(point.place[0], color=BLACK, lw=0.9, ls=(0, (4, 3)), alpha=0.5, zorder=0)
        name = f"{point.name}, {point.off:.3g} off" if point.off else point.name
        ax.annotate(
            name,
            (point.place[0], 1),
            xycoords=("data", "axes fraction"),
            xytext=(4, -12),
            textcoords="offset points",
            fontsize=FONT_SIZE,
        )
    _compress(ax, curves)
    ax.set_xlim(*window)
    ax.set_xlabel("distance along the line", fontsize=FONT_SIZE)
    ax.set_ylabel("loss", fontsize=FONT_SIZE)
    ax.tick_params(labelsize=FONT_SIZE)
    legend(ax)


def _compress(ax: Axes, curves: list[np.ndarray]) -> None:
    """Compress large values if the other curve would look flat; linear up to a quarter of the lower one's maximum."""
    with np.errstate(all="ignore"):
        sizes = [float(np.nanmax(np.abs(curve))) for curve in curves if np.isfinite(curve).any()]
    if len(sizes) < 2 or not max(sizes) > 5 * min(sizes) > 0:
        return
    width = min(sizes) / 4
    ax.set_yscale("asinh", linear_width=width)
    low, high = (np.arcsinh(end(np.concatenate(curves)) / width) for end in (np.nanmin, np.nanmax))
    margin = 0.06 * (high - low)
    bottom, top = width * np.sinh(low - margin), width * np.sinh(high + margin)
    # Decades from the linear part up: the axis' own choice crowds around 0.
    decades = 10.0 ** np.arange(np.round(np.log10(width)), np.log10(max(-bottom, top)) + 1)
    decades = decades[:: -(-len(decades) // 8)]
    ticks = np.concatenate([-decades[::-1], [0.0], decades])
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_ylim(bottom, top)
