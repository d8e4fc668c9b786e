"""From a record of losses and norms the monitor tells where a run stands, warns once, and writes what it has seen."""

from __future__ import annotations

import csv
import math
import warnings

import numpy as np
import pytest

from hallucert.errors import ArgumentError
from hallucert.training.monitor import COLUMNS, STALLED, Monitor, Row, Sample, Standing, standing_of


def record(f, f_plus, norms=(1.0, 1.0), returned=1.0, steps=80):
    """Rows of a run whose losses are functions of the part that is over; every 20th step is sampled."""
    rows = []
    for i in range(steps):
        t = i / steps
        sampled = {"norm": norms[0], "norm_plus": norms[1], "returned": returned} if i % 20 == 1 else {}
        rows.append(Row(i, f(t), f_plus(t), **sampled))
    return rows


FLAT = (lambda t: 2.3, lambda t: 2.4)
KINDS = {
    Standing.TRAINING: record(lambda t: 2.3 - 2 * t, lambda t: 2.4 - 2 * t),
    Standing.AT_X: record(*FLAT, norms=(0.005, 0.5)),
    Standing.AT_PLUS: record(lambda t: 2.29, lambda t: 2.3, norms=(0.3, 0.01), returned=2.0),
    Standing.BOUNCING: record(*FLAT, norms=(0.2, 0.3), returned=0.1),
    Standing.HALLUCINATED: record(lambda t: 0.2 + 0.1 * (1 - t), lambda t: 1e-9, norms=(0.3, 1e-4)),
    Standing.DIVERGED: record(lambda t: 2.3 if t < 0.5 else math.nan, lambda t: 2.4 if t < 0.5 else math.nan),
    Standing.EARLY: record(*FLAT, steps=20),
}


@pytest.mark.parametrize("standing", KINDS)
def test_each_kind_of_run_is_told(standing):
    """Losses and norms as measured of runs of this kind give its name."""
    assert standing_of(KINDS[standing]) is standing


def test_a_run_that_has_trained_is_not_called_stalled():
    """Flat losses far below the start are the end of training; so are equal losses and gradients near 0."""
    assert (
        standing_of(record(lambda t: max(0.02, 2.3 - 30 * t), lambda t: max(0.03, 2.4 - 30 * t))) is Standing.TRAINING
    )


def test_a_fall_by_chance_is_no_training():
    """Losses of batches fall by 1.5 percent: with noise of 0.05 that is within their errors, with 0.005 it is not."""
    noise = [(-1) ** (i // 3) for i in range(80)]
    for size, standing in ((0.05, Standing.AT_X), (0.005, Standing.TRAINING)):
        rows = [Row(i, 2.3 - 0.0345 * (i >= 60) + size * noise[i], 2.5) for i in range(80)]
        assert standing_of(rows) is standing


def test_growth_is_divergence():
    """Losses ten times those of the start, still finite."""
    assert standing_of(record(lambda t: 2 + 90 * t, lambda t: 2 + 90 * t)) is Standing.DIVERGED


def test_negative_losses_are_told_by_how_far_they_fall():
    """Such as densities have: at -4 a run that stays there is stalled, one that has come to -5 has trained."""
    stays, fallen = (record(lambda t, end=end: max(end, -4 - 9 * t), lambda t, end=end: end) for end in (-4, -5))
    assert standing_of(stays) is Standing.AT_X and standing_of(fallen) is Standing.TRAINING


def test_a_run_that_begins_anew_has_a_record_of_its_own():
    """Step 0 again, or a step before a checkpoint: what was recorded from there on is replaced."""
    monitor = Monitor(every=2, warn=False)
    for step, loss in [*((step, 2.3) for step in range(50)), *((step, 100.0) for step in range(45))]:
        monitor.record(step, loss, loss, None, None)
    assert [row.step for row in monitor.rows] == list(range(45)) and monitor.rows[0].f == 100.0
    assert monitor.standing is Standing.AT_X
    monitor.record(20, 1.0, 1.0, None, None)
    assert len(monitor.rows) == 21


def test_it_warns_when_the_standing_changes_and_only_then():
    """One warning for a run that stalls from the beginning, none for one that trains."""
    for f, plus, count in (*((*FLAT, 1),), (lambda t: 2.3 - 2 * t, lambda t: 2.3 - 2 * t, 0)):
        monitor = Monitor(every=20)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for row in record(f, plus, steps=200):
                monitor.record(row.step, row.f, row.f_plus, None, None)
        assert len(caught) == count
        assert (monitor.standing in STALLED) is bool(count)


def test_samples_are_what_arrays_give():
    """Norms, cosines and displacements of two steps, against numbers by hand."""
    monitor = Monitor(every=10)
    for step, (g, plus, move) in enumerate(
        (([3.0, 4.0], [3.0, -4.0], [1.0, 0.0]), ([0.0, 2.0], [0.0, 2.0], [-1.0, 1.0]))
    ):
        sample = monitor.begin(step)
        g, plus, move = map(np.array, (g, plus, move))
        sample.gradients, sample.rho = {"w": g}, 0.5
        sample.norm, sample.norm_plus, sample.product = np.linalg.norm(g), np.linalg.norm(plus), g @ plus
        monitor.record(step, 1.0, 2.0, sample, {"w": move})
    first, second = monitor.rows
    assert (first.norm, first.cosine, first.moved) == (5.0, -7 / 25, 1.0)
    assert second.next_cosine == 0.0 and math.isclose(second.returned, 1 / math.sqrt(2))
    assert monitor.begin(2) is None and isinstance(monitor.begin(10), Sample)


def test_the_record_is_written_and_sent_on(tmp_path):
    """CSV has one line a step; sink and writer get each step once."""
    seen, scalars = [], []

    class Writer:
        def add_scalar(self, name, value, step):
            scalars.append((name, value, step))

    monitor = Monitor(every=20, sink=seen.append, writer=Writer(), warn=False)
    for step in range(3):
        monitor.record(step, 1.0, None, None, None)
    monitor.to_csv(tmp_path / "run.csv")
    lines = list(csv.reader((tmp_path / "run.csv").read_text().splitlines()))
    assert lines[0] == list(COLUMNS) and len(lines) == 4 and lines[1][:2] == ["0", "1.0"]
    assert len(seen) == 3 and scalars == [("sam/f", 1.0, step) for step in range(3)]
    assert "too early" in repr(monitor) and "f(x) = 1" in str(monitor)


def test_arguments_are_checked():
    """Every argument that does not fit is named."""
    with pytest.raises(ArgumentError, match="every"):
        Monitor(every=1)
    with pytest.raises(ArgumentError, match="sink"):
        Monitor(sink=3)
    with pytest.raises(ArgumentError, match="writer"):
        Monitor(writer=3)


def test_a_window_has_two_halves():
    """Of less than four steps nobody knows whether a loss falls by chance."""
    rows = [Row(step, 1.0, 1.0) for step in range(50)]
    assert standing_of(rows, 4) is Standing.AT_X
    with pytest.raises(ArgumentError, match=r"^window must"):
        standing_of(rows, 3)
