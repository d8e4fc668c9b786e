"""The page on remedies says what the stored runs say: its tables are computed again, and its sentences checked."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from hallucert.tools.study_remedies import detected, guarded, of_arm

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "remedies.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """Return what docs/study/make.py defines, and under "rows" the stored runs."""
    script = runpy.run_path(str(DOCS / "study" / "make.py"))
    return script | {"rows": script["read"](script["RUNS"])}


def test_the_tables_are_those_of_the_stored_runs(made: dict[str, Any]) -> None:
    """Every table of the page, to the last digit; one that is missing, or has a digit changed, is noticed."""
    texts = made["tables"](made["rows"])
    assert all(text in PAGE for text in texts.values()) and made["placed"](PAGE, texts) == PAGE
    assert made["placed"](PAGE.replace("0.9", "0.8"), texts) != PAGE.replace("0.9", "0.8")


def test_the_grid_is_whole(made: dict[str, Any]) -> None:
    """Five networks on digits, three radii, fifteen seeds, seven methods and SGD; and the paper's methods on MNIST."""
    for name in made["COLUMNS"]:
        rows, arms = made["of_arena"](made["rows"], name), 7 if name in made["DIGITS"] else 3
        assert len(rows) == 15 * (1 + 3 * arms)
        assert len({(row["seed"], row["rho"], row["arm"]) for row in rows}) == len(rows)


def test_what_the_page_says_of_monitor_and_guard(made: dict[str, Any]) -> None:
    """At least 95 % of the stuck runs are found, at most 10 % of the alarms are false; the guard leaves no run stuck.

    Where all runs of SAM train the guard keeps 90 % of the radius, and its accuracy is less than a standard error
    below SAM's.
    """
    stuck, well = detected([row for row in made["rows"] if row["seed"] >= made["FIRST"]])
    assert stuck.count >= 0.95 * stuck.total and well.count <= 0.1 * well.total
    for name in made["COLUMNS"]:
        said = guarded(made["of_arena"](made["rows"], name))
        assert said["stuck"] == [] and said["where SAM trains"]
        assert all(cost["mean_rho"] >= 0.9 for cost in said["where SAM trains"])
        assert all(cost["behind"] < 1 for cost in said["where SAM trains"])
        assert len(of_arm(made["of_arena"](made["rows"], name), "guard")) == 45


def test_runs_that_train_late_are_called_stalled(made: dict[str, Any]) -> None:
    """At rho = 0.5 with GELU, residual convolutions and attention: all of them; with the other networks none."""
    rows = [row for row in made["read"](made["BETWEEN"]) if row["rho"] == "0.5"]
    for name in made["DIGITS"]:
        well = detected(made["of_arena"](rows, name))[1]
        late = name in ("digits-gelu", "digits-residual", "digits-attention")
        assert (well.count, well.total) == (6 * late, 6), name
