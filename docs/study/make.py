"""Take over what ``hallucert study`` has found about remedies, and write it into docs/remedies.md.

    hallucert study --data remedies --seeds 15 --output DIR
    python docs/study/make.py DIR

Stores the tables of all runs beside this file and pictures in docs/images, and replaces the tables of the page, which
``tests/docs/test_remedies.py`` computes again from the stored ones. Without DIR the tables are printed.
``between.csv`` has the runs of SAM alone, from the seeds 100 to 105, at two radii between those of the study; they are
what `hallucert.tools.study_training.train` gives for these.
"""

from __future__ import annotations

import csv
import re
import shutil
import sys
from pathlib import Path

import numpy as np

from hallucert.plot.canvas import save_picture, windowless
from hallucert.plot.layout import spelled
from hallucert.tools.study_remedies import COLOURS, Mean, Proportion, detected, guarded, of_arm, radii_of, trained
from hallucert.tools.study_report import Row, write_table
from hallucert.tools.study_training import METHODS

FOLDER, DOCS = Path(__file__).parent, Path(__file__).parents[1]
PAGE = DOCS / "remedies.md"
RUNS, BETWEEN = FOLDER / "training.csv", FOLDER / "between.csv"
COLUMNS = {
    "digits-tanh": "tanh",
    "digits-gelu": "GELU, LayerNorm",
    "digits-silu": "SiLU, BatchNorm",
    "digits-residual": "residual",
    "digits-attention": "attention",
    "mnist-residual": "residual, MNIST",
}
DIGITS = [name for name in COLUMNS if name.startswith("digits")]
WORDS = {"switching": "switching 10%", "decay": "decaying rho", "late": "late phase"}


FIRST = 5
"""The first seed of the tables: nothing was chosen with a look at its runs, or those of later ones."""


def read(path: Path) -> list[Row]:
    """Return the rows of a table, with numbers where there are numbers."""
    texts = ("arena", "rho", "arm", "tenth", "class")
    with path.open(newline="") as stream:
        return [{k: v if k in texts else float(v) for k, v in row.items()} for row in csv.DictReader(stream)]


def of_arena(rows: list[Row], name: str) -> list[Row]:
    """Return the runs of an arena."""
    return [row for row in rows if row["arena"] == name]


# ---------------------------------------------------------------------- tables


def markdown(header: list[str], lines: list[list[str]]) -> str:
    """Return a table of Markdown."""
    rows = [header, ["---"] * len(header), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def mean_of(members: list[Row]) -> str:
    """Return the mean accuracy of some runs with its interval."""
    return str(Mean.of([row["accuracy"] for row in members])).replace("+-", "±")


def accuracies(rows: list[Row], arenas: list[str]) -> str:
    """Mean accuracy of every method with its interval, over the seeds; how many are stuck, and the mean radius."""
    lines = []
    for rho in ["0", *radii_of(rows)]:
        for arm in METHODS if rho != "0" else ("SGD",):
            cells = [of_arm(of_arena(rows, name), arm, rho) for name in arenas]
            members = [row for cell in cells for row in cell]
            if not members or (arm == "SGD") != (rho == "0"):
                continue
            shown = [mean_of(cell) for cell in cells]
            stuck = sum(not trained(row) for row in members)
            mean = float(np.mean([row["mean_rho"] for row in members]))
            lines.append([rho, WORDS.get(arm, arm), *shown, f"{stuck} of {len(members)}", f"{mean:.2f}"])
    return markdown(["rho", "method", *(COLUMNS[name] for name in arenas), "stuck", "mean radius / rho"], lines)


def costs(rows: list[Row]) -> str:
    """What the guard costs where all runs of SAM train."""
    lines = []
    for name in COLUMNS:
        own = of_arena(rows, name)
        for cost in guarded(own)["where SAM trains"]:
            shown = [mean_of(of_arm(own, arm, cost["rho"])) for arm in ("SAM", "guard")]
            lines.append([COLUMNS[name], cost["rho"], *shown, f"{cost['behind']:.1f}", f"{cost['mean_rho']:.2f}"])
    return markdown(["network", "rho", "SAM", "guard", "standard errors behind", "mean radius / rho"], lines)


def alarms(rows: list[Row]) -> str:
    """Misses and false alarms of the monitor, decided at a tenth of the run, for each network and in all."""
    counts = [(COLUMNS[name], *detected(of_arena(rows, name))) for name in COLUMNS]
    lines = [[name, f"{stuck.count} of {stuck.total}", f"{well.count} of {well.total}"] for name, stuck, well in counts]
    stuck, well = (Proportion(sum(c[i].count for c in counts), sum(c[i].total for c in counts)) for i in (1, 2))
    return markdown(["network", "stuck runs found", "false alarms"], [*lines, ["all", str(stuck), str(well)]])


def late_runs() -> str:
    """Misses and false alarms at radii between those of the study, on the runs that thresholds were chosen with."""
    rows, lines = read(BETWEEN), []
    for name in DIGITS:
        for rho in radii_of(rows):
            stuck, well = detected([row for row in of_arena(rows, name) if row["rho"] == rho])
            shown = [f"{share.count} of {share.total}" if share.total else "" for share in (stuck, well)]
            lines.append([COLUMNS[name], rho, *shown])
    stuck, well = detected(rows)
    return markdown(
        ["network", "rho", "stuck runs found", "false alarms"], [*lines, ["all", "", str(stuck), str(well)]]
    )


def tables(rows: list[Row]) -> dict[str, str]:
    """Return the tables of the page by the names of their places."""
    everything, rows = rows, [row for row in rows if row["seed"] >= FIRST]
    return {
        "digits": accuracies([row for row in rows if row["arena"] in DIGITS], DIGITS),
        "mnist": accuracies(of_arena(rows, "mnist-residual"), ["mnist-residual"]),
        "alarms": alarms(rows),
        "late": late_runs(),
        "costs": costs(everything),
    }


def placed(page: str, texts: dict[str, str]) -> str:
    """Return the page with the tables in their places."""
    for name, text in texts.items():
        pattern = rf"(<!-- begin {name} -->\n).*?(\n<!-- end {name} -->)"
        page = re.sub(pattern, lambda found, text=text: found[1] + text + found[2], page, flags=re.DOTALL)
    return page


# ---------------------------------------------------------------------- pictures


def draw_frontier(rows: list[Row], path: Path) -> None:
    """Accuracy against the mean radius, over the networks on digits: less SAM is to the left, better SAM is above."""
    rows = [row for row in rows if row["arena"] in DIGITS and row["seed"] >= FIRST]
    radii = radii_of(rows)
    figure, (axes,) = windowless(1, len(radii), (3.4 * len(radii), 3.6), share=True)
    for ax, rho in zip(axes, radii, strict=True):
        for number, arm in enumerate(METHODS):
            members = of_arm(rows, arm, "0" if arm == "SGD" else rho)
            means = [float(np.mean([row["accuracy"] for row in of_arena(members, name)])) for name in DIGITS]
            radius = float(np.mean([row["mean_rho"] for row in members]))
            marker, colour = "os^vDPX*"[number], COLOURS[arm]
            ax.plot([radius] * len(means), means, marker, color=colour, ms=4, alpha=0.4, mew=0)
            ax.plot(radius, np.mean(means), marker, color=colour, ms=9, mew=0, label=spelled(WORDS.get(arm, arm)))
        ax.set_title(spelled(f"rho = {rho}"), fontsize=10)
        ax.set_xlabel(spelled("mean radius / rho"))
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("accuracy, held out")
    axes[0].legend(fontsize=7, frameon=False, loc="lower right")
    save_picture(figure, path)


def main() -> None:
    """Take over a study, or print the tables of the stored one."""
    if len(sys.argv) > 1:
        source = Path(sys.argv[1])
        found = [{"arena": name} | row for name in COLUMNS for row in read(source / name / "table.csv")]
        write_table(RUNS, found)
        shutil.copy(source / "mnist-residual" / "curves.csv", FOLDER / "mnist-residual-curves.csv")
        for name in ("curves", "remedies"):
            shutil.copy(source / "mnist-residual" / f"{name}.png", DOCS / "images" / f"remedies-mnist-{name}.png")
        draw_frontier(read(RUNS), DOCS / "images" / "remedies-digits.png")
        PAGE.write_text(placed(PAGE.read_text(encoding="utf-8"), tables(read(RUNS))), encoding="utf-8")
    else:
        print("\n\n".join(tables(read(RUNS)).values()))


if __name__ == "__main__":
    main()
