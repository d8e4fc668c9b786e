"""Claim: of cells drawn from what is open it is proved what their starts do, and nothing of those that had no time."""

from __future__ import annotations

import os
import signal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.basins import graph
from hallucert.check.basins.draw import LEVEL
from hallucert.check.basins.partition import corners
from hallucert.errors import ArgumentError
from hallucert.prove.attraction import draws

WELL = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 2")
BOX, RHO, STEP = [(-1.5, -0.125), (-0.5, 0.5)], "1.5", "0.1"


@pytest.fixture(scope="module")
def found() -> hc.Basins:
    """Basins of the hallucinated minimizer (-1/2, 0) and of leaving, and 150 cells drawn from the rest."""
    point = hc.certify(WELL, (-0.5, 0), RHO, basin=STEP)
    return hc.basins(WELL, BOX, RHO, STEP, attractors=[point], depth=6, workers=1, draws=150, seed=5)


def test_starts_in_drawn_cells_do_what_is_proved(found: hc.Basins, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the closed form of the map, in doubles, from their middles; hardly any are open, and both labels occur."""
    draw = found.draw
    assert draw is not None and len(draw) == 150 and draw.seed == 5
    low, high = corners(found.box, found.drawn)
    assert (found.drawn[:, 0] == LEVEL).all() and (found.at((low + high) / 2) == 0).all()
    x, left = (low + high) / 2, np.zeros(150, bool)
    for _ in range(600):
        g = np.stack([x[:, 0] ** 3 - x[:, 0], x[:, 1]], -1)
        p = x + 1.5 * g / np.hypot(*g.T)[:, None]
        x = x - 0.1 * np.stack([p[:, 0] ** 3 - p[:, 0], p[:, 1]], -1)
        left |= ((x < [-1.5, -0.5]) | (x > [-0.125, 0.5])).any(axis=1)
    converged = np.abs(x - [-0.5, 0]).max(axis=1) < 1e-6
    assert converged[draw.labels == 2].all() and left[draw.labels == 1].all()
    assert min((draw.labels == k).sum() for k in (1, 2)) > 10 and (draw.labels == 0).sum() < 15
    assert found.likely(*found.single) > found.decided + (1 - found.decided) * Fraction(3, 4)


def test_drawn_cells_come_to_a_trap() -> None:
    """Around the minimizer of a bowl all runs bounce, in no single cycle: all cells flow in, none is of the core."""
    bowl = hc.Objective.parse("(x**2 + y**2)/2")
    found = hc.basins(bowl, [(-0.75, 0.75)] * 2, "1", "0.125", depth=8, goal=0.3, workers=1, draws=20)
    assert found.draw is not None and (found.draw.labels == found.traps[0].labels[1]).all()


def test_a_draw_is_proved_again(found: hc.Basins, tmp_path: Path) -> None:
    """From a file, with all its claims; with another seed other cells are meant, and it is not."""
    found.save(tmp_path / "basins.json")
    read = hc.load(tmp_path / "basins.json")
    verdict = hc.verify(read)
    assert verdict and [r.name for r in verdict.results].count("drawn_share") == 1
    assert read.draw.steps.tolist() == found.draw.steps.tolist() and read.drawn.tolist() == found.drawn.tolist()
    text = (tmp_path / "basins.json").read_text()
    assert text.count('"seed": 5') == 1
    (tmp_path / "basins.json").write_text(text.replace('"seed": 5', '"seed": 6'))
    results = {r.name: r.passed for r in hc.verify(tmp_path / "basins.json").results}
    assert results["basin_share (attractor 1)"] and not results["drawn_share (attractor 1)"]


@pytest.mark.parametrize("when", ["drawn cells", "drawn cells proved"])
def test_control_c_leaves_the_rest_open(found: hc.Basins, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """Of what was proved until then something is shown, of other cells nothing; the cells of the box are kept."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(draws, "CHUNK", 50)
    monkeypatch.setattr(graph, "CHUNK", 50)

    def progress(step: str, done: int, total: int | None) -> None:
        if step == when and done == 1:
            os.kill(os.getpid(), signal.SIGINT)

    options = {"attractors": list(found.attractors), "depth": 6, "workers": 1, "draws": 150, "seed": 5}
    try:
        part = hc.basins(WELL, BOX, RHO, STEP, progress=progress, **options)
    finally:
        signal.signal(signal.SIGINT, before)
    assert part.decided == found.decided and part.draw is not None and found.draw is not None
    some = part.draw.labels > 0
    assert 0 < some.sum() < (found.draw.labels > 0).sum()
    assert (part.draw.labels[some] == found.draw.labels[some]).all() and hc.verify(part)


def test_without_time_or_an_open_cell_there_is_no_draw(found: hc.Basins) -> None:
    """Nor if none is asked for; a number of cells is one that is not negative."""
    options = {"attractors": list(found.attractors), "workers": 1}
    inside = [(-0.5078125, -0.4921875), (-0.0078125, 0.0078125)]
    assert hc.basins(WELL, inside, RHO, STEP, draws=5, depth=3, **options).draw is None
    assert hc.basins(WELL, BOX, RHO, STEP, draws=5, budget=1e-9, **options).draw is None
    assert hc.basins(WELL, inside, RHO, STEP, depth=1, **options).draw is None
    for wrong in (-1, 0.5, 100_001):
        with pytest.raises(ArgumentError, match="draws"):
            hc.basins(WELL, BOX, RHO, STEP, draws=wrong, **options)  # type: ignore[arg-type]
