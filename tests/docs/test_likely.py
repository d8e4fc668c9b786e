"""The page on how likely hallucinated points are says what the stored runs say, and some of these are run again."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "likely.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """Return what docs/study/likely.py defines."""
    return runpy.run_path(str(DOCS / "study" / "likely.py"))


def test_the_tables_are_those_of_the_stored_runs(made: dict[str, Any]) -> None:
    """Every table of the page, to the last digit."""
    texts = made["tables"](*made["stored"]())
    assert all(text in PAGE for text in texts.values()) and made["placed"](PAGE, texts) == PAGE


def test_every_run_is_in_one_class(made: dict[str, Any]) -> None:
    """Counts of a cell add up to its runs; every cell is there once."""
    cells, _ = made["stored"]()
    assert all(cell.counts.total() == cell.runs for cell in cells)
    assert len({(c.family, c.rho, c.step, c.momentum, c.batch) for c in cells}) == len(cells)
    formulas = sum(len(steps) for _, _, steps in made["FORMULAS"].values()) * len(made["RADII"])
    assert len(cells) == formulas + len(made["SETTINGS"])


@pytest.mark.parametrize("cell", [("double well", "1.5", "0.05"), ("Himmelblau", "6", "0.005")])
def test_some_cells_are_run_again(made: dict[str, Any], cell: tuple[str, str, str]) -> None:
    """The same seeds give the same counts, but for a few runs that rounding on another machine may move."""
    stored = next(c for c in made["stored"]()[0] if (c.family, c.rho, c.step) == cell)
    again = made["cell_of_formula"](*cell)
    assert sum((stored.counts - again.counts).values()) <= 5
