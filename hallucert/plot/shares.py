"""How likely each end of a run is, against the radius: proportions with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from hallucert.arguments import checked_items, checked_text, quiet
from hallucert.diagnosis.report import Kind
from hallucert.diagnosis.shares import Share, clopper_pearson
from hallucert.errors import ArgumentError, require
from hallucert.plot import canvas, layout
from hallucert.plot.canvas import BLUE, ORANGE, SKY, VERMILION
from hallucert.plot.layout import BLACK, Axes
from hallucert.prove.prevalence import Prevalence

CLASSES: dict[str, tuple[str, Callable[[Share], bool]]] = {
    "hallucinated minimizer": (VERMILION, lambda share: share.hallucinated and share.kind is Kind.MINIMIZER),
    "hallucinated, another target": (ORANGE, lambda share: share.hallucinated and share.kind is not Kind.MINIMIZER),
    "two-cycle": (BLUE, lambda share: share.kind is Kind.BOUNCING),
    "stopped in another way": (
        SKY,
        lambda share: share.stopped and not share.hallucinated and share.kind is not Kind.BOUNCING,
    ),
    "not stopped": (BLACK, lambda share: not share.stopped),
}
"""What is drawn, with its colour; every run is in exactly one of them."""


@quiet
def prevalence(found: Prevalence | Iterable[Prevalence], ax: Axes | None = None, title: str | None = None) -> Axes:
    """Draw the proportions of starts by what became of them, against rho.

    Parameters
    ----------
    found : Prevalence or iterable of Prevalence
        From `hallucert.prevalence`, of one function.
    ax : Axes, optional
        Where to draw; new axes by default.
    title : str, optional
        Title of the axes.

    Returns
    -------
    Axes
        The axes drawn on, with intervals as error bars; classes that never occur are left out.

    Raises
    ------
    ArgumentError
        If an argument is not as above.
    """
    must = "be results of hallucert.prevalence for one function, at least one"
    items = [found] if isinstance(found, Prevalence) else checked_items(found, "found", must)
    require(items and all(isinstance(item, Prevalence) for item in items), "found", found, must)
    if any(item.objective is not items[0].objective for item in items):
        raise ArgumentError("found", "<results of several functions>", must)
    title, ax = checked_text(title, "title"), canvas.own_axes(ax)
    items = sorted(items, key=lambda item: item.rho)
    size = layout.scale(ax)
    rho = np.array([float(item.rho) for item in items])
    for name, (colour, belongs) in CLASSES.items():
        counts = [sum(share.count for share in item.shares.shares if belongs(share)) for item in items]
        if not any(counts):
            continue
        totals = [len(item.shares) for item in items]
        parts = np.array(counts) / totals
        ends = [
            clopper_pearson(count, total, item.shares.confidence)
            for count, total, item in zip(counts, totals, items, strict=True)
        ]
        reach = np.abs(np.array(ends).T - parts)
        style: layout.Options = {"marker": "o", "color": colour, "label": name}
        style |= {"ms": 4 * size, "lw": 1.6 * size, "capsize": 3 * size}
        ax.errorbar(rho, parts, yerr=reach, **style)
    layout.finish(ax, ("rho", "proportion of starts"), title)
    ax.set_ylim(-0.03, 1.03)
    return ax
