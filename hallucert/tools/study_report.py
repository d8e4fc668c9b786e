"""The study in numbers, words and pictures: medians, classes, the paper's Figures 5 and 8 and what they do not show."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.files import replacing
from hallucert.plot.canvas import ORANGE, SKY, VERMILION, save_picture, windowless
from hallucert.plot.layout import BLACK, spelled
from hallucert.sam.result import Ensemble

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import Console

Row = dict[str, Any]
"""One run in the table."""
Summary = dict[str, Any]
"""What is said of an arena, as plain data."""

ARM_COLOURS = (VERMILION, SKY, ORANGE, BLACK)


def write_table(path: Path, rows: Sequence[Row]) -> None:
    """Write rows with the same columns as CSV; an existing file is replaced."""
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    with replacing(path) as stream:
        stream.write(table.getvalue().encode())


def summary_of(arena: Any, folder: Path, pictures: Sequence[Path]) -> Summary:
    """Return what is said of every arena; its cells come on top."""
    said = {"title": arena.title, "step_size": arena.step_size, "steps": arena.steps}
    return said | {"table": str(folder / "table.csv"), "pictures": [str(path) for path in pictures]}


def cells_of(rows: list[Row], claims: Sequence[str]) -> list[Summary]:
    """Return medians, classes and counts of proved claims for each radius and arm, in the order of the table."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["rho"], row["arm"]), []).append(row)
    cells = []
    for (rho, arm), members in groups.items():
        cell: Summary = {"rho": rho, "arm": arm, "runs": len(members)}
        for name in ("value", "sam_value", "gradient_norm", "shifted_gradient_norm", "accuracy", "mean_rho"):
            if name in members[0]:
                median = float(np.median([row[name] for row in members]))
                cell[name] = median if np.isfinite(median) else None
        cell["classes"] = dict(Counter(row["class"] for row in members).most_common())
        if claims:
            tried = [row for row in members if row[claims[0]]]
            cell["certified"] = len(tried)
            cell["proved"] = {name: sum(row[name] == "proved" for row in tried) for name in claims}
        cells.append(cell)
    return cells


def print_summaries(summaries: dict[str, Summary], folder: Path) -> None:
    """Print a table for every arena, and where the files are."""
    from rich.console import Console

    console = Console()
    console.width = max(console.width, 120)
    for summary in summaries.values():
        _print_summary(summary, console)
    print(f"Tables, pictures and certificates are in {folder}.")


def _print_summary(summary: Summary, console: Console) -> None:
    """Print the summary of one arena as a table; what its cells do not have is no column."""
    from rich.table import Table

    columns = {
        "rho": lambda cell: cell["rho"],
        "arm": lambda cell: cell["arm"],
        "f(x)": lambda cell: _number(cell["value"]),
        "f(x+)": lambda cell: _number(cell["sam_value"]),
        "|g|": lambda cell: _number(cell["gradient_norm"]),
        "|g+|": lambda cell: _number(cell["shifted_gradient_norm"]),
        "accuracy": lambda cell: f"{cell['accuracy']:.3f}",
        "end points": lambda cell: "; ".join(f"{count} {name}" for name, count in cell["classes"].items()),
        "proved": _proved,
    }
    shown = {name: text for name, text in columns.items() if name in summary["cells"][0] or name not in OPTIONAL}
    table = Table(title=f"{summary['title']}, step {summary['step_size']}, {summary['steps']} steps (medians)")
    for name in shown:
        words = name in ("arm", "end points", "proved")
        table.add_column(name, justify="left" if words else "right", overflow="fold" if words else "ellipsis")
    for cell in summary["cells"]:
        table.add_row(*(text(cell) for text in shown.values()))
    console.print(table)


OPTIONAL = ("accuracy", "proved")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _proved(cell: Summary) -> str:
    proved = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in cell["proved"].items() if count)
    return f"of {cell['certified']}: {proved or 'none'}" if cell["certified"] else ""


# ---------------------------------------------------------------------- pictures


def draw_all(title: str, ends: Ensemble, rows: list[Row], folder: Path) -> list[Path]:
    """Draw all pictures of an arena into a folder and return their paths."""
    assert ends.curves is not None
    losses = [("f(x)", ends.curves.value, None)]
    norms = [("|g(x)|", ends.curves.gradient_norm, BLACK), ("|g(x+)|", ends.curves.shifted_gradient_norm, VERMILION)]
    drawn = {
        "losses": curves(title, ends, "loss f(x)", losses),
        "gradients": curves(title, ends, "gradient norms", norms),
        "final": final_values(title, ends),
        "classes": classes(title, rows),
    }
    return save_all(drawn, folder)


def save_all(drawn: Mapping[str, Figure], folder: Path) -> list[Path]:
    """Save pictures by their names, and return their paths."""
    paths = [folder / f"{name}.png" for name in drawn]
    for path, figure in zip(paths, drawn.values(), strict=True):
        save_picture(figure, path)
    return paths


def curves(title: str, ends: Ensemble, quantity: str, lines: Sequence[tuple[str, np.ndarray, str | None]]) -> Figure:
    """Draw quantities along every run, a row for each arm and a column for each radius (the paper's Figure 5).

    Each of the `lines` is a name, values (n, k) and a colour, None for that of the arm. Of ``|g|`` and ``|g+|`` a
    hallucinated point has a second that vanishes and a first that does not.
    """
    assert ends.curves is not None
    arms, radii = _names(ends.arm), _names(ends.rho)
    size = 2.4 * len(radii) + 0.6, 2.1 * len(arms) + 0.6
    figure, axes = windowless(len(arms), len(radii), size, share=True)
    for (i, j), ax in np.ndenumerate(axes):
        lanes = np.flatnonzero((ends.arm == arms[i]) & (ends.rho == radii[j]))
        for name, values, colour in lines:
            drawn = ax.plot(ends.curves.steps, values[:, lanes], color=colour or ARM_COLOURS[i], lw=1, alpha=0.75)
            drawn[0].set_label(name)
        ax.set_yscale("log")
        ax.tick_params(labelsize=8)
    for j, rho in enumerate(radii):
        axes[0, j].set_title(spelled(f"rho = {rho}"), fontsize=10)
        axes[-1, j].set_xlabel("step", fontsize=9)
    for i, arm in enumerate(arms):
        axes[i, 0].set_ylabel(f"{arm}\n{quantity}", fontsize=9)
    if len(lines) > 1:
        axes[0, 0].legend(fontsize=8, frameon=False)
    figure.suptitle(title, fontsize=11)
    return figure


def final_values(title: str, ends: Ensemble) -> Figure:
    """Final loss and accuracy against the radius (the paper's Figure 8)."""
    radii = _names(ends.rho)
    columns = [("final loss f(x)", ends.value)]
    if ends.accuracy is not None:
        columns.append(("accuracy on held-out data", ends.accuracy))
    figure, axes = windowless(1, len(columns), (4.6 * len(columns), 3.6))
    for (name, values), ax in zip(columns, axes[0], strict=True):
        for number, arm in enumerate(_names(ends.arm)):
            members = [values[(ends.rho == rho) & (ends.arm == arm)] for rho in radii]
            places = np.arange(len(radii)) + 0.16 * (number - 0.5)
            for place, points in zip(places, members, strict=True):
                ax.plot(np.full(points.size, place), points, "o", color=ARM_COLOURS[number], ms=4, alpha=0.5, mew=0)
            ax.plot(places, [np.median(points) for points in members], "-", color=ARM_COLOURS[number], label=arm)
        ax.set_xticks(np.arange(len(radii)), radii)
        ax.set_xlabel(spelled("rho"))
        ax.set_ylabel(name)
        ax.grid(alpha=0.3)
    axes[0, 0].set_yscale("log")
    axes[0, 0].legend(frameon=False)
    figure.suptitle(title, fontsize=11)
    return figure


def classes(title: str, rows: list[Row]) -> Figure:
    """``f(x+)`` against ``f(x)`` at the end points, by class; below the diagonal SAM believes in a lower loss."""
    figure, ((ax,),) = windowless(1, 1, (5.6, 4.8))
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
    ax.set_xlabel(spelled("f(x)"))
    ax.set_ylabel(spelled("f(x+)"))
    ax.legend(fontsize=8, frameon=False)
    ax.set_title(title, fontsize=11)
    return figure


def _names(column: np.ndarray) -> list[str]:
    return list(dict.fromkeys(column.tolist()))
