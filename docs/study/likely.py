"""How likely is it that SAM ends at hallucinated points? The tables and the picture of docs/likely.md.

    python docs/study/likely.py run      # some ten minutes of one core; writes likely.csv beside this file
    python docs/study/likely.py radii    # some minutes more; writes least_radius.csv
    python docs/study/likely.py          # the tables of what is stored

``tests/docs/test_likely.py`` computes the tables again from the stored counts, and a few of the counts.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import hallucert as hc
from hallucert.check.claim import Status
from hallucert.diagnosis.report import Kind
from hallucert.diagnosis.shares import HALLUCINATED, Share, clopper_pearson
from hallucert.errors import SearchError
from hallucert.plot.canvas import save_picture, windowless
from hallucert.tools.study_report import write_table

FOLDER, DOCS = Path(__file__).parent, Path(__file__).parents[1]
PAGE, PICTURE = DOCS / "likely.md", DOCS / "images" / "likely.png"
COUNTS, LEAST = FOLDER / "likely.csv", FOLDER / "least_radius.csv"
CLASSES = ("minimizer", "other target", "around", "moving", "diverged")
"""Hallucinated minimizers; hallucinated points with another target; at or around a critical point; not stopped."""
NEAR = 2.0
"""A run that has not stopped is around a critical point of a formula if it is nearer than so many steps."""
CONFIDENCE = 0.95

TRIALS, RADIUS_WIDTHS = 20, (4, 8, 16, 32, 64)
"""Starts for each radius, and the widths of 2-w-1 networks, of which least radii are looked for."""

FORMULAS = {
    "double well": ("(x**2 - 1)**2/4 + y**2/20", [(-2, 2), (-1, 1)], ("0.05", "0.005")),
    "four wells": ("(x**2 - 1)**2 + (y**2 - 1)**2", [(-2, 2), (-2, 2)], ("0.02", "0.002")),
    "Himmelblau": ("(x**2 + y - 11)**2 + (x + y**2 - 7)**2", [(-6, 6), (-6, 6)], ("0.005", "0.0005")),
    "three-hump camel": ("2*x**2 - 21*x**4/20 + x**6/6 + x*y + y**2", [(-3, 3), (-3, 3)], ("0.02", "0.002")),
}
"""Formula, box of the starts, steps."""
RADII = ("0.5", "1", "1.5", "2", "3", "4", "6")
RUNS, STEPS = 1000, 40_000
"""Starts of a cell, and most steps."""

WIDTHS = ((2, 4, 1), (2, 8, 1), (2, 16, 1), (2, 32, 1), (2, 8, 8, 1))
NETWORK_RADII = ("1", "2", "4", "8", "16")
NETWORK_RUNS, NETWORK_TIME = 100, 1000
"""Starts of a cell, and steps times step."""
SETTINGS = (
    *(("0.01", "0", 8, shape, rho) for shape in WIDTHS for rho in NETWORK_RADII),
    *((step, momentum, 8, (2, 8, 1), "8") for step in ("0.05", "0.002") for momentum in ("0", "0.9")),
    ("0.01", "0.9", 8, (2, 8, 1), "8"),
    *(("0.01", "0", batch, (2, 8, 1), "8") for batch in (4, 1)),
)
"""Step, momentum, batch size, layers and radius of the networks' cells."""


@dataclass(frozen=True)
class Cell:
    """How many runs of a cell ended in each class."""

    family: str
    rho: str
    step: str
    momentum: str
    batch: str
    runs: int
    counts: Counter[str]

    def row(self) -> dict[str, object]:
        """Return the cell as a row of the table."""
        known = {k: v for k, v in asdict(self).items() if k != "counts"}
        return known | {name: self.counts[name] for name in CLASSES}

    @staticmethod
    def of(row: dict[str, str]) -> Cell:
        """Return the cell of a row."""
        texts = (row[name] for name in ("family", "rho", "step", "momentum", "batch"))
        return Cell(*texts, int(row["runs"]), Counter({name: int(row[name]) for name in CLASSES}))

    def part(self, *names: str) -> str:
        """Return the part of the runs in some classes, with its interval, in per cent."""
        count = sum(self.counts[name] for name in names)
        low, high = clopper_pearson(count, self.runs, CONFIDENCE)
        return f"{100 * count / self.runs:.0f} ({100 * low:.0f} to {100 * high:.0f})"


def class_of(share: Share) -> str:
    """Return the class of some runs."""
    if share.kind is None:
        return "diverged"
    if not share.stopped:
        return "moving"
    if share.hallucinated and share.kind in HALLUCINATED:
        return "minimizer" if share.kind is Kind.MINIMIZER else "other target"
    return "around"


def counted(found: hc.Prevalence, critical: np.ndarray | None = None) -> Counter[str]:
    """Return how many runs ended in each class; those on the way may be around one of the critical points (k, d)."""
    counts: Counter[str] = Counter()
    for share in found.shares.shares:
        name = class_of(share)
        if name != "moving" or critical is None:
            counts[name] += share.count
        else:
            near = sum(is_near(found, run, critical) for run in share.runs)
            counts += Counter({"around": near, "moving": share.count - near})
    return counts


def is_near(found: hc.Prevalence, run: int, critical: np.ndarray) -> bool:
    """Whether the end of a run is nearer to a critical point than a few of its steps."""
    f, x = found.objective, found.shares.ensemble.x[run]
    gradient = f.gradient(x)
    shifted = f.gradient(x + float(found.rho) * gradient / np.linalg.norm(gradient))
    away = np.linalg.norm(critical - x, axis=1).min()
    return bool(away <= NEAR * float(found.step_size) * np.linalg.norm(shifted))


def network(shape: Sequence[int]) -> hc.TanhNetwork:
    """Return a network of this shape on eight random points with labels 1 and -1."""
    generator = np.random.default_rng(0)
    return hc.TanhNetwork(
        shape, generator.normal(size=(8, shape[0])), np.sign(generator.normal(size=8)), loss="squared"
    )


def cell_of_formula(name: str, rho: str, step: str, runs: int = RUNS) -> Cell:
    """Run SAM from random starts in the box of a formula."""
    formula, box, _ = FORMULAS[name]
    f = hc.Objective.parse(formula)
    found = hc.prevalence(f, box, rho, step, runs, STEPS, progress=False)
    critical = np.array([point.x for point in hc.find.critical_points(f, box)])
    return Cell(name, rho, step, "0", "full", runs, counted(found, critical))


def cell_of_network(
    step: str, momentum: str, batch: int, shape: Sequence[int], rho: str, runs: int = NETWORK_RUNS
) -> Cell:
    """Run SAM from random weights of a network."""
    options = {} if momentum == "0" else {"momentum": momentum}
    if batch < 8:
        options["batch_size"] = batch  # fresh batches in every epoch
    steps = round(NETWORK_TIME / float(step))
    found = hc.prevalence(network(shape), None, rho, step, runs, steps, progress=False, **options)
    name = "-".join(map(str, shape))
    return Cell(name, rho, step, momentum, "full" if batch == 8 else str(batch), runs, counted(found))


def all_cells() -> Iterator[Cell]:
    """Run everything."""
    for name, (_, _, steps) in FORMULAS.items():
        for step in steps:
            for rho in RADII:
                yield cell_of_formula(name, rho, step)
    for setting in SETTINGS:
        yield cell_of_network(*setting)


def least_radius(width: int) -> dict[str, object]:
    """Return the smallest radius of a ladder at which a hallucinated minimizer of a 2-w-1 network is found and proved.

    Downwards by factors of the square root of two, rounded to two digits, until none of `TRIALS` starts leads to one.
    """
    f = network((2, width, 1))
    starts = 1.5 * np.random.default_rng(1).normal(size=(TRIALS, f.dimension))
    found = {"width": width, "parameters": f.dimension, "rho": "", "next": ""}
    for power in range(8, -9, -1):
        rho = f"{2 ** (power / 2):.2g}"
        if not any(proved_from(f, start, rho) for start in starts):
            return found | {"next": rho}
        found["rho"] = rho
    return found


def proved_from(f: hc.TanhNetwork, start: np.ndarray, rho: str) -> bool:
    """Whether a hallucinated minimizer is found from a start, and proved."""
    try:
        claims = hc.certify(hc.find.hallucinate(f, start, rho))
        return claims["hallucinated_minimizer"].status is Status.PROVED
    except SearchError:
        return False


def stored() -> tuple[list[Cell], list[dict[str, object]]]:
    """Return the stored cells, and least radii."""
    with COUNTS.open(newline="") as counts, LEAST.open(newline="") as least:
        return [Cell.of(row) for row in csv.DictReader(counts)], [dict(row) for row in csv.DictReader(least)]


# ---------------------------------------------------------------------- tables and the picture


def markdown(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a table of Markdown."""
    rows = [header, ["---"] * len(header), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def against_rho(cells: Sequence[Cell], names: Sequence[str], *classes: str) -> str:
    """Return the parts of some classes: a line for each family and step, a column for each radius."""
    own = [cell for cell in cells if cell.family in names]
    radii = sorted({cell.rho for cell in own}, key=float)
    lines = []
    for family, step in dict.fromkeys((cell.family, cell.step) for cell in own):
        line = {cell.rho: cell.part(*classes) for cell in own if (cell.family, cell.step) == (family, step)}
        lines.append([family, step, *(line[rho] for rho in radii)])
    return markdown(["", "step", *(f"rho = {rho}" for rho in radii)], lines)


def tables(cells: Sequence[Cell], least: Sequence[dict[str, object]]) -> dict[str, str]:
    """Return the tables of the page by the names of their places."""
    shapes = ["-".join(map(str, shape)) for shape in WIDTHS]
    plain = [cell for cell in cells if (cell.step, cell.momentum, cell.batch) == ("0.01", "0", "full")]
    others = [cell for cell in cells if cell.family == "2-8-1" and cell.rho == "8"]
    settings = [
        [c.step, c.momentum, c.batch, c.part("minimizer"), c.part("around"), c.part("moving", "diverged")]
        for c in sorted(others, key=lambda c: (-float(c.step), c.momentum, c.batch == "full", c.batch))
    ]
    return {
        "minimizers": against_rho(cells, list(FORMULAS), "minimizer"),
        "others": against_rho(cells, list(FORMULAS), "other target"),
        "networks": against_rho(plain, shapes, "minimizer"),
        "settings": markdown(
            ["step", "momentum", "batch", "hallucinated minimizers", "critical points", "not stopped"], settings
        ),
        "radii": markdown(
            ["width", "parameters", "smallest radius with a proof", "next one, without"],
            [[str(value) for value in row.values()] for row in least],
        ),
    }


def placed(page: str, texts: dict[str, str]) -> str:
    """Return the page with the tables in their places."""
    for name, text in texts.items():
        pattern = rf"(<!-- begin {name} -->\n).*?(\n<!-- end {name} -->)"
        page = re.sub(pattern, lambda found, text=text: found[1] + text + found[2], page, flags=re.DOTALL)
    return page


COLOURS = {
    "minimizer": "#c0392b",
    "other target": "#e59866",
    "around": "#2e86c1",
    "moving": "#aeb6bf",
    "diverged": "#f4f6f7",
}
WORDS = {
    "minimizer": "hallucinated minimizer",
    "other target": "hallucinated, another target",
    "around": "at or around a critical point",
    "moving": "still moving",
    "diverged": "diverged",
}


def draw(cells: Sequence[Cell], path: Path) -> None:
    """Draw where runs ended against rho, one part on top of the other: formulas above, networks below."""
    rows = [
        [(name, min(steps, key=float)) for name, (_, _, steps) in FORMULAS.items()],
        [("-".join(map(str, shape)), "0.01") for shape in WIDTHS[:3] + WIDTHS[4:]],
    ]
    figure, grid = windowless(2, 4, (13, 5.6), share=False)
    for line, axes in zip(rows, grid, strict=True):
        for (name, step), ax in zip(line, axes, strict=True):
            own = sorted(
                (c for c in cells if (c.family, c.step, c.momentum, c.batch) == (name, step, "0", "full")),
                key=lambda c: float(c.rho),
            )
            below = np.zeros(len(own))
            for kind in CLASSES:
                part = np.array([100 * c.counts[kind] / c.runs for c in own])
                ax.bar(range(len(own)), part, 0.85, bottom=below, color=COLOURS[kind], label=WORDS[kind])
                below += part
            ax.set_xticks(range(len(own)), [c.rho for c in own])
            ax.set_title(f"{name}, step {step}", fontsize=10)
        axes[0].set_ylabel("per cent of the runs")
    for ax in grid[-1]:
        ax.set_xlabel("rho")
    figure.legend(*grid[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
    save_picture(figure, path)


def main() -> None:
    """Run what is asked for and take it over, or print the tables of what is stored."""
    if "run" in sys.argv[1:]:
        found = []
        for cell in all_cells():
            found.append(cell)
            print(cell.family, cell.rho, cell.step, cell.momentum, cell.batch, dict(cell.counts), flush=True)
        write_table(COUNTS, [cell.row() for cell in found])
    if "radii" in sys.argv[1:]:
        write_table(LEAST, [least_radius(width) for width in RADIUS_WIDTHS])
    if len(sys.argv) > 1:
        draw(stored()[0], PICTURE)
        PAGE.write_text(placed(PAGE.read_text(encoding="utf-8"), tables(*stored())), encoding="utf-8")
    else:
        print("\n\n".join(tables(*stored()).values()))


if __name__ == "__main__":
    main()
