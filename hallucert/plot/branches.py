"""Bifurcation diagrams: rho against a coordinate along branches, with stability, events and what is certified."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.arguments import checked_items, checked_text, quiet
from hallucert.errors import ArgumentError
from hallucert.find.curves.records import Branch, EndReason, EventType
from hallucert.plot.canvas import BLACK, FONT_SIZE, ORANGE, SKY, VERMILION, WHITE, legend, own_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE = "#0072b2"
DENSITY = 24
"""Points drawn between two neighbours of a branch."""


@dataclass(frozen=True)
class LineStyle:
    """How a stability is drawn."""

    colour: str
    dashes: Any
    label: str


STABILITY = {
    "attracting": LineStyle(BLUE, "-", "attracts SAM"),
    "repelling": LineStyle(VERMILION, (0, (4, 2)), "repels SAM"),
    "undecided": LineStyle(BLACK, (0, (1, 2)), "stability undecided"),
}
EVENTS = {
    EventType.FOLD: (">", ORANGE, "fold"),
    EventType.BRANCH_POINT: ("D", WHITE, "branch point"),
    EventType.STABILITY: ("s", SKY, "stability change"),
}


@quiet
def branches(
    branches: Branch | Iterable[Branch],
    coordinate: str | None = None,
    ax: Axes | None = None,
    certificates: Any = (),
    title: str | None = None,
) -> Axes:
    """Draw branches as rho against a coordinate.

    Parameters
    ----------
    branches : Branch or iterable of Branch
        From `hallucert.find.branch` and its relatives, all of one function.
    coordinate : str, optional
        A variable, ``"f"`` or ``"multiplier"``; by default the first variable.
    ax : Axes, optional
        Where to draw; new axes by default.
    certificates : BranchCertificate or iterable of BranchCertificate
        What is proved of them is underlaid by a wide band.
    title : str, optional
        Title of the axes.

    Returns
    -------
    Axes
        The axes drawn on. Solid lines attract SAM, dashed lines repel it, as floats say.

    Raises
    ------
    ArgumentError
        If an argument is not as above.
    """
    drawn, title = _checked(branches), checked_text(title, "title")
    name = drawn[0].objective.variables[0] if coordinate is None else coordinate
    must = "be certificates of branches"
    single = hasattr(certificates, "curves")
    proved = [certificates] if single else checked_items(certificates, "certificates", must)
    if not all(hasattr(certificate, "curves") for certificate in proved):
        raise ArgumentError("certificates", certificates, must)
    for branch in drawn:
        branch.coordinate(name)
    ax = own_axes(ax, 7.2, 5.4)
    for certificate in proved:
        _draw_certified(ax, certificate, name)
    for branch in drawn:
        _draw_branch(ax, branch, name)
    for branch in drawn:
        _mark_events(ax, branch, name)
    _finish(ax, name, title)
    return ax


def _checked(branches: Any) -> list[Branch]:
    must = "be branches, at least one"
    items = [branches] if isinstance(branches, Branch) else checked_items(branches, "branches", must)
    if not items or not all(isinstance(branch, Branch) for branch in items):
        raise ArgumentError("branches", branches, must)
    if any(branch.objective.variables != items[0].objective.variables for branch in items):
        raise ArgumentError("branches", "<branches of several functions>", "belong to one function")
    return items


def _dense(branch: Branch, i: int) -> np.ndarray:
    """Return points in ``(x, lambda)`` between neighbours `i` and ``i + 1``, by cubic interpolation with tangents."""
    a, b = branch.points[i], branch.points[i + 1]
    length = float(np.linalg.norm(b - a))
    p = np.linspace(0.0, 1.0, DENSITY)[:, None]
    z = (
        (1 + 2 * p) * (1 - p) ** 2 * a
        + p * (1 - p) ** 2 * length * branch.tangent[i]
        + p * p * (3 - 2 * p) * b
        + p * p * (p - 1) * length * branch.tangent[i + 1]
    )
    z[:, -1] *= branch.scale
    return np.asarray(z)


def _numbers(objective: Any, target: np.ndarray, z: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return rho and the coordinate for points in ``(x, lambda)``."""
    x = z[:, :-1]
    rho = np.linalg.norm(x - target, axis=1)
    if name in objective.variables:
        return rho, x[:, objective.variables.index(name)]
    values = {"f": objective.value_lanes, "rho": lambda _: rho, "multiplier": lambda _: z[:, -1]}
    return rho, np.asarray(values[name](x))


def _draw_branch(ax: Axes, branch: Branch, name: str) -> None:
    """Draw one line for each stretch of one stability."""
    stretch: list[np.ndarray] = []
    last = ""
    for i in range(len(branch) - 1):
        pair = [str(s) for s in branch.stability[i : i + 2] if s != "undecided"]
        word = pair[0] if pair else "undecided"
        if stretch and word != last:
            _line(ax, branch, np.concatenate(stretch), last, name)
            stretch = []
        stretch.append(_dense(branch, i))
        last = word
    if stretch:
        _line(ax, branch, np.concatenate(stretch), last, name)


def _line(ax: Axes, branch: Branch, z: np.ndarray, word: str, name: str) -> None:
    style = STABILITY[word]
    rho, value = _numbers(branch.objective, branch.target, z, name)
    ax.plot(rho, value, color=style.colour, ls=style.dashes, lw=1.9, label=_once(ax, style.label), zorder=3)


def _draw_certified(ax: Axes, certificate: Any, name: str) -> None:
    if not certificate.curves:
        return
    target = np.array([float(low + high) / 2 for low, high in certificate.box])
    for z in certificate.curves:
        rho, value = _numbers(certificate.objective, target, z, name)
        style: dict[str, Any] = {"color": SKY, "lw": 8.0, "alpha": 0.45, "solid_capstyle": "butt"}
        ax.plot(rho, value, label=_once(ax, "certified"), zorder=1, **style)


def _mark_events(ax: Axes, branch: Branch, name: str) -> None:
    values = branch.coordinate(name)
    for event in branch.events:
        if event.type is EventType.END:
            if event.reason is EndReason.CRITICAL_POINT:
                _mark(ax, event.rho, values[event.index], "o", WHITE, "critical point of f (multiplier 0)")
            continue
        marker, colour, label = EVENTS[event.type]
        _mark(ax, event.rho, values[event.index], marker, colour, label)


def _mark(ax: Axes, rho: float, value: float, marker: str, colour: str, label: str) -> None:
    ax.scatter(
        [rho],
        [value],
        s=48,
        marker=marker,
        c=colour,
        edgecolors=BLACK,
        linewidths=1.1,
        label=_once(ax, label),
        zorder=5,
    )


def _once(ax: Axes, label: str) -> str:
    """Return a label the first time, and one that the legend leaves out afterwards."""
    return f"_{label}" if label in ax.get_legend_handles_labels()[1] else label


def _finish(ax: Axes, name: str, title: str | None) -> None:
    ax.set_xlabel("rho", fontsize=FONT_SIZE)
    ax.set_ylabel(name, fontsize=FONT_SIZE)
    ax.tick_params(labelsize=FONT_SIZE)
    ax.margins(0.04)
    ax.grid(True, color=BLACK, alpha=0.08)
    if title:
        ax.set_title(title, fontsize=FONT_SIZE + 1)
    legend(ax)
