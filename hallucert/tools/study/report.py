"""The study in numbers, words and pictures: medians, classes, the paper's Figures 5 and 8 and what they do not show."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.files import save_picture
from hallucert.plot.canvas import BLACK, ORANGE, SKY, VERMILION
from hallucert.sam.result import Ensemble
from hallucert.tools.study.arena import Arena, claims_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import Console

Row = dict[str, Any]
"""One run in the table."""
Summary = dict[str, Any]
"""What is said of an arena, as plain data."""

ARM_COLOURS = (VERMILION, SKY, ORANGE, BLACK)


def cells_of(rows: list[Row]) -> dict[tuple[str, str], list[Row]]:
    """Group rows by radius and arm, in the order of the table."""
    cells: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        cells.setdefault((row["rho"], row["arm"]), []).append(row)
    return cells


def summary_of(arena: Arena, rows: list[Row]) -> Summary:
    """Return medians, classes and counts of proved claims, for each radius and arm."""
    cells, claims = [], claims_of(arena)
    for (rho, arm), members in cells_of(rows).items():
        cell: Summary = {"rho": rho, "arm": arm, "runs": len(members)}
        for name in ("value", "sam_value", "gradient_norm", "shifted_gradient_norm", "accuracy"):
            if name in members[0]:
                median = float(np.median([row[name] for row in members]))
                cell[name] = median if np.isfinite(median) else None
        cell["classes"] = dict(Counter(row["class"] for row in members).most_common())
        if claims:
            tried = [row for row in members if row[claims[0]]]
            cell["certified"] = len(tried)
            cell["proved"] = {name: sum(row[name] == "proved" for row in tried) for name in claims}
        cells.append(cell)
    return {"title": arena.title, "step_size": arena.step_size, "steps": arena.steps, "cells": cells}


def print_summaries(summaries: dict[str, Summary], folder: Path) -> None:
    """Print a table for every arena, and where the files are."""
    from rich.console import Console

    console = Console()
    console.width = max(console.width, 120)
    for summary in summaries.values():
        _print_summary(summary, console)
    print(f"Tables, pictures and certificates are in {folder}.")


def _print_summary(summary: Summary, console: Console) -> None:
    """Print the summary of one arena as a table on a rich console."""
    from rich.table import Table

    has_accuracy = "accuracy" in summary["cells"][0]
    has_proofs = "proved" in summary["cells"][0]
    table = Table(title=f"{summary['title']}, step {summary['step_size']}, {summary['steps']} steps (medians)")
    for name in ("rho", "arm", "f(x)", "f(x+)", "|g|", "|g+|"):
        table.add_column(name, justify="left" if name == "arm" else "right")
    if has_accuracy:
        table.add_column("accuracy", justify="right")
    table.add_column("end points", overflow="fold")
    if has_proofs:
        table.add_column("proved", overflow="fold")
    for cell in summary["cells"]:
        texts = [cell["rho"], cell["arm"], _number(cell["value"]), _number(cell["sam_value"])]
        texts += [_number(cell["gradient_norm"]), _number(cell["shifted_gradient_norm"])]
        if has_accuracy:
            texts.append(f"{cell['accuracy']:.3f}")
        texts.append("; ".join(f"{count} {name}" for name, count in cell["classes"].items()))
        if has_proofs:
            proved = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in cell["proved"].items() if count)
            texts.append(f"of {cell['certified']}: {proved or 'none'}" if cell["certified"] else "")
        table.add_row(*texts)
    console.print(table)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


# ---------------------------------------------------------------------- pictures


def draw_all(arena: Arena, ends: Ensemble, rows: list[Row], folder: Path) -> list[Path]:
    """Draw all pictures of an arena into a folder and return their paths."""
    drawn = {
        "losses": loss_curves(arena, ends),
        "gradients": gradient_curves(arena, ends),
        "final": final_values(arena, ends),
        "classes": classes(arena, rows),
    }
    paths = [folder / f"{name}.png" for name in drawn]
    for path, figure in zip(paths, drawn.values(), strict=True):
        save_picture(figure, path)
    return paths


def loss_curves(arena: Arena, ends: Ensemble) -> Figure:
    """Training loss of every run, a row for each arm and a column for each radius (the paper's Figure 5)."""
    assert ends.curves is not None
    figure, axes = _panels(ends)
    for (i, j), lanes in _cells(ends).items():
        ax = axes[i][j]
        ax.plot(ends.curves.steps, ends.curves.value[:, lanes], color=ARM_COLOURS[i], lw=1, alpha=0.8)
        ax.set_yscale("log")
    _label(figure, axes, ends, arena, "loss f(x)")
    return figure


def gradient_curves(arena: Arena, ends: Ensemble) -> Figure:
    """``|g|`` and ``|g+|`` of every run: a hallucinated point has a second that vanishes and a first that does not."""
    assert ends.curves is not None
    figure, axes = _panels(ends)
    for (i, j), lanes in _cells(ends).items():
        ax = axes[i][j]
        for values, colour, name in (
            (ends.curves.gradient_norm, BLACK, "|g(x)|"),
            (ends.curves.shifted_gradient_norm, VERMILION, "|g(x+)|"),
        ):
            lines = ax.plot(ends.curves.steps, values[:, lanes], color=colour, lw=1, alpha=0.7)
            lines[0].set_label(name)
        ax.set_yscale("log")
    axes[0][0].legend(fontsize=8, frameon=False)
    _label(figure, axes, ends, arena, "gradient norms")
    return figure


def final_values(arena: Arena, ends: Ensemble) -> Figure:
    """Final loss and accuracy against the radius (the paper's Figure 8)."""
    radii = _names(ends.rho)
    columns = [("final loss f(x)", ends.value)]
    if ends.accuracy is not None:
        columns.append(("accuracy on held-out data", ends.accuracy))
    figure, axes = _figure(1, len(columns), 4.6 * len(columns), 3.6)
    for (name, values), ax in zip(columns, axes[0], strict=True):
        for number, arm in enumerate(_names(ends.arm)):
            members = [values[(ends.rho == rho) & (ends.arm == arm)] for rho in radii]
            places = np.arange(len(radii)) + 0.16 * (number - 0.5)
            for place, points in zip(places, members, strict=True):
                ax.plot(np.full(points.size, place), points, "o", color=ARM_COLOURS[number], ms=4, alpha=0.5, mew=0)
            ax.plot(places, [np.median(points) for points in members], "-", color=ARM_COLOURS[number], label=arm)
        ax.set_xticks(np.arange(len(radii)), radii)
        ax.set_xlabel("rho")
        ax.set_ylabel(name)
        ax.grid(alpha=0.3)
    axes[0][0].set_yscale("log")
    axes[0][0].legend(frameon=False)
    figure.suptitle(arena.title, fontsize=11)
    return figure


def classes(arena: Arena, rows: list[Row]) -> Figure:
    """``f(x+)`` against ``f(x)`` at the end points, by class; below the diagonal SAM believes in a lower loss."""
    figure, axes = _figure(1, 1, 5.6, 4.8)
    ax = axes[0][0]
    markers = "os^vDPX*"
    for number, name in enumerate(dict.fromkeys(row["class"] for row in rows)):
        members = [row for row in rows if row["class"] == name]
        x, y = (np.maximum([row[key] for row in members], 1e-30) for key in ("value", "sam_value"))
        ax.plot(x, y, markers[number % len(markers)], label=f"{len(members)} {name}", ms=6, alpha=0.7)
    ax.set_xscale("log")
    ax.set_yscale("log")
    finite = [row["value"] for row in rows if np.isfinite(row["value"]) and row["value"] > 0]
    if finite:
        ax.plot([min(finite), max(finite)], [min(finite), max(finite)], color=BLACK, lw=0.8, ls="--")
    ax.set_xlabel("f(x)")
    ax.set_ylabel("f(x+)")
    ax.legend(fontsize=8, frameon=False)
    ax.set_title(arena.title, fontsize=11)
    return figure


def _panels(ends: Ensemble) -> tuple[Figure, np.ndarray]:
    rows, columns = len(_names(ends.arm)), len(_names(ends.rho))
    return _figure(rows, columns, 2.4 * columns + 0.6, 2.1 * rows + 0.6, share=True)


def _cells(ends: Ensemble) -> dict[tuple[int, int], np.ndarray]:
    """Return the lanes of every panel: row by arm, column by radius."""
    return {
        (i, j): np.flatnonzero((ends.arm == arm) & (ends.rho == rho))
        for i, arm in enumerate(_names(ends.arm))
        for j, rho in enumerate(_names(ends.rho))
    }


def _names(column: np.ndarray) -> list[str]:
    return list(dict.fromkeys(column.tolist()))


def _label(figure: Figure, axes: np.ndarray, ends: Ensemble, arena: Arena, quantity: str) -> None:
    for j, rho in enumerate(_names(ends.rho)):
        axes[0][j].set_title(f"rho = {rho}", fontsize=10)
        axes[-1][j].set_xlabel("step", fontsize=9)
    for i, arm in enumerate(_names(ends.arm)):
        axes[i][0].set_ylabel(f"{arm}\n{quantity}", fontsize=9)
    for ax in (ax for row in axes for ax in row):
        ax.tick_params(labelsize=8)
    figure.suptitle(arena.title, fontsize=11)


def _figure(rows: int, columns: int, width: float, height: float, share: bool = False) -> tuple[Figure, np.ndarray]:
    """Make a figure that belongs to no window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, sharex=share, sharey=share, squeeze=False)
