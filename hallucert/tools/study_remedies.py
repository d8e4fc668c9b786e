"""What runs with mini-batches show: remedies compared, misses and false alarms of the monitor, faults of the guard."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hallucert.diagnosis.shares import clopper_pearson
from hallucert.plot.canvas import BLUE, ORANGE, SKY, VERMILION, windowless
from hallucert.plot.layout import BLACK, spelled
from hallucert.tools.study_report import Row, Summary, cells_of, save_all, summary_of, write_table
from hallucert.tools.study_training import Run, TrainingArena
from hallucert.training.monitor import Standing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRAINED = 0.5
"""Accuracy on held-out data above which a run counts as trained; below, it is stuck. Chance is a tenth."""
CLASSES = 10
CONFIDENCE = 0.95
NO_ALARM = (Standing.TRAINING, Standing.EARLY)
"""Standings in which the monitor sees nothing wrong."""
COLOURS = {
    "SGD": BLACK,
    "SAM": VERMILION,
    "switching": SKY,
    "switching 30%": "#009e73",
    "decay": "#cc79a7",
    "late": ORANGE,
    "ramp": "#999999",
    "guard": BLUE,
}
DRAWN = ("SGD", "SAM", "switching", "guard")
"""Methods whose curves are drawn."""


@dataclass(frozen=True)
class Proportion:
    """So many of so many, and the exact (Clopper and Pearson's) interval of the probability."""

    count: int
    total: int

    @property
    def interval(self) -> tuple[float, float]:
        """Of confidence `CONFIDENCE`."""
        return clopper_pearson(self.count, self.total, CONFIDENCE)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.count} of {self.total} ({100 * low:.1f} to {100 * high:.1f} %)"


@dataclass(frozen=True)
class Mean:
    """The mean of some runs, their standard deviation, and half the width of Student's confidence interval."""

    value: float
    deviation: float
    margin: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Mean:
        """Of at least one number; of a single one deviation and margin are NaN."""
        from scipy.stats import t

        n, mean = len(values), float(np.mean(values))
        if n == 1:
            return cls(mean, math.nan, math.nan)
        deviation = float(np.std(values, ddof=1))
        return cls(mean, deviation, deviation / math.sqrt(n) * float(t.ppf((1 + CONFIDENCE) / 2, n - 1)))

    def __str__(self) -> str:
        return f"{self.value:.3f}" if math.isnan(self.margin) else f"{self.value:.3f} +- {self.margin:.3f}"


def of_arm(rows: Sequence[Row], arm: str, rho: str | None = None) -> list[Row]:
    """Return the runs of an arm in the order of their seeds; SGD has no radius."""
    return sorted((r for r in rows if r["arm"] == arm and rho in (None, r["rho"])), key=lambda row: row["seed"])


def trained(row: Row) -> bool:
    """Whether a run has trained in the end."""
    return row["accuracy"] > TRAINED


def radii_of(rows: Sequence[Row]) -> list[str]:
    """Return the radii of an arena, in order; that of SGD is none."""
    return list(dict.fromkeys(row["rho"] for row in rows if row["arm"] != "SGD"))


# ---------------------------------------------------------------------- the three questions


def detected(rows: Sequence[Row]) -> tuple[Proportion, Proportion]:
    """Of runs of SAM alone: how many stuck ones the monitor had found after a tenth, and how many alarms were false."""
    runs = of_arm(rows, "SAM")
    alarms = Counter((trained(row), row["tenth"] not in NO_ALARM) for row in runs)
    stuck, well = (Proportion(alarms[kind, True], alarms[kind, True] + alarms[kind, False]) for kind in (False, True))
    return stuck, well


def guarded(rows: Sequence[Row]) -> Summary:
    """Of one arena: runs that the guard left stuck though SGD trains, and what it costs where SAM alone trains.

    Where all runs of SAM train: how far the guard's mean accuracy is below SAM's, in standard errors of SAM's (0 if it
    is not), and the least mean radius, as a part of the radius asked for.
    """
    sgd = {row["seed"]: trained(row) for row in of_arm(rows, "SGD")}
    lost, costs = [], []
    for rho in radii_of(rows):
        own, sam = of_arm(rows, "guard", rho), of_arm(rows, "SAM", rho)
        lost += [(rho, row["seed"]) for row in own if not trained(row) and sgd.get(row["seed"], True)]
        if own and sam and all(map(trained, sam)):
            mine, theirs = ([row["accuracy"] for row in runs] for runs in (own, sam))
            mean_rho = float(np.mean([row["mean_rho"] for row in own]))
            costs.append({"rho": rho, "behind": behind(mine, theirs), "mean_rho": mean_rho})
    return {"stuck": lost, "where SAM trains": costs}


def behind(mine: Sequence[float], theirs: Sequence[float]) -> float:
    """Return how far a mean is below another one, in standard errors of that; infinite where there is none."""
    gap, error = float(np.mean(theirs) - np.mean(mine)), Mean.of(theirs).deviation / math.sqrt(len(theirs))
    return 0.0 if gap <= 0 else gap / error if error > 0 else math.inf


def compared(arena: TrainingArena, runs: list[Run], folder: Path) -> Summary:
    """Tabulate and draw the runs of an arena; return their summary."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{name: value for name, value in run.items() if not isinstance(value, dict)} for run in runs]
    write_table(folder / "table.csv", rows)
    write_table(folder / "curves.csv", curve_rows(runs))
    drawn = {"curves": draw_curves(arena.title, runs), "remedies": draw_remedies(arena.title, rows)}
    pictures = save_all(drawn, folder)
    cells = cells_of(rows, ())
    for cell in cells:
        members = of_arm(rows, cell["arm"], cell["rho"])
        cell["mean accuracy"] = str(Mean.of([row["accuracy"] for row in members]))
        cell["trained"] = sum(map(trained, members))
    stuck, well = detected(rows)
    said = {"found": str(stuck), "false alarms": str(well), "guard": guarded(rows)}
    return summary_of(arena, folder, pictures) | {"cells": cells, "monitor and guard": said}


# ---------------------------------------------------------------------- curves and pictures


def curve_rows(runs: Sequence[Run]) -> list[Row]:
    """Return the curves as a table, a row for each observation."""
    named = ("seed", "rho", "arm")
    return [
        {name: run[name] for name in named} | dict(zip(run["curves"], values, strict=True))
        for run in runs
        for values in zip(*run["curves"].values(), strict=True)
    ]


def draw_curves(title: str, runs: Sequence[Run]) -> Figure:
    """Draw training loss and accuracy along the runs, a column for each radius: means and deviations (Figure 9)."""
    radii = radii_of(runs)
    figure, axes = windowless(2, len(radii), (2.5 * len(radii) + 0.6, 4.6))
    for j, rho in enumerate(radii):
        for arm in DRAWN:
            members = of_arm(runs, arm, "0" if arm == "SGD" else rho)
            for i, name in enumerate(("value", "accuracy") if members else ()):
                steps, values = members[0]["curves"]["steps"], np.array([run["curves"][name] for run in members])
                mean, deviation, colour = values.mean(0), values.std(0), COLOURS[arm]
                axes[i, j].plot(steps, mean, color=colour, lw=1.6, label=arm)
                axes[i, j].fill_between(steps, mean - deviation, mean + deviation, color=colour, alpha=0.2, lw=0)
        axes[0, j].set_title(spelled(f"rho = {rho}"), fontsize=10)
        axes[0, j].set_ylim(0, 1.1 * math.log(CLASSES))
        axes[1, j].set_ylim(0, 1)
        axes[1, j].set_xlabel("step", fontsize=9)
    for ax, name in zip(axes[:, 0], ("training loss f(x)", "accuracy, held out"), strict=True):
        ax.set_ylabel(name, fontsize=9)
    axes[0, 0].legend(fontsize=8, frameon=False)
    figure.suptitle(title, fontsize=11)
    return figure


def draw_remedies(title: str, rows: Sequence[Row]) -> Figure:
    """Draw final accuracy and mean radius of every arm against the radius: means and deviations (Figure 6)."""
    radii, arms = radii_of(rows), list(dict.fromkeys(row["arm"] for row in rows if row["arm"] != "SGD"))
    figure, ((left, right),) = windowless(1, 2, (9.4, 3.8))
    places = np.arange(len(radii))
    for number, arm in enumerate(arms):
        style = {"color": COLOURS[arm], "marker": "os^vDPX*"[number], "ms": 5, "capsize": 2, "lw": 1.2}
        shift = 0.06 * (number - (len(arms) - 1) / 2)
        for ax, name in ((left, "accuracy"), (right, "mean_rho")):
            groups = [[row[name] for row in of_arm(rows, arm, rho)] for rho in radii]
            ax.errorbar(places + shift, list(map(np.mean, groups)), list(map(np.std, groups)), label=arm, **style)
    if plain := [row["accuracy"] for row in of_arm(rows, "SGD")]:
        left.axhline(np.mean(plain), color=BLACK, lw=1, ls="--", label="SGD")
    for ax, name in ((left, "accuracy, held out"), (right, "mean radius / rho")):
        ax.set_xticks(places, radii)
        ax.set_xlabel(spelled("rho"))
        ax.set_ylabel(name)
        ax.set_ylim(-0.03, 1.05)
        ax.grid(alpha=0.3)
    left.legend(fontsize=8, frameon=False)
    figure.suptitle(title, fontsize=11)
    return figure
