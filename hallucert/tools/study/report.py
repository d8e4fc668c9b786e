"""The study in numbers and words: medians and classes for each radius and arm."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from hallucert.tools.study.arena import Arena
from hallucert.tools.study.verdicts import claims_of

Row = dict[str, Any]


def cells_of(rows: list[Row]) -> dict[tuple[str, str], list[Row]]:
    """Group rows by radius and arm, in the order of the table."""
    cells: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        cells.setdefault((row["rho"], row["arm"]), []).append(row)
    return cells


def summary_of(arena: Arena, rows: list[Row]) -> dict[str, Any]:
    """Return medians, classes and counts of proved claims, for each radius and arm."""
    cells, claims = [], claims_of(arena)
    for (rho, arm), members in cells_of(rows).items():
        cell: dict[str, Any] = {"rho": rho, "arm": arm, "runs": len(members)}
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


def print_summary(summary: dict[str, Any], console: Any) -> None:
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
