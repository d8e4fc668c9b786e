"""Runs of PyTorch in the study: those of a plain loop, the same wherever they are done, and kept when it is stopped."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import joblib
import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)
pytest.importorskip("sklearn")

from hallucert.errors import CheckpointError  # noqa: E402
from hallucert.files import Checkpoint  # noqa: E402
from hallucert.tools.study import load_arena, run_study  # noqa: E402
from hallucert.tools.study_training import METHODS, fingerprint, train, train_all  # noqa: E402
from hallucert.training.guard import Guard, Schedule  # noqa: E402

pytestmark = pytest.mark.frameworks
ARENA = replace(load_arena("digits-tanh", quick=True), steps=40, arms=("SGD", "SAM", "guard"))
OTHERS = {"level": 0.91, "lower": 0.8, "higher": 1.03, "smoothing": 0.8, "reference": 1.0, "begin": 0.2, "least": 0.02}
OTHERS |= {"rise": 1.1, "again": 0.7, "patience": 41, "progress": 0.02}
"""Parameters of the guard that are not the usual ones."""


def one(rho, arm, seed):
    """Train a single run."""
    (run,) = train(ARENA, [(rho, arm, seed)])
    return run


def test_radii_are_those_of_the_method():
    """The mean factor of each schedule over 40 steps, from its definition."""
    for arm, mean in {"SAM": 1.0, "switching": 0.9, "switching 30%": 0.7, "late": 0.3, "ramp": 0.4875}.items():
        assert one("0.1", arm, 0)["mean_rho"] == pytest.approx(mean), arm
    assert one("0", "SGD", 0)["mean_rho"] == 0.0 and METHODS.keys() >= {"SGD", "decay", "guard"}


def test_what_is_kept_of_a_run():
    """Ten rows of curves that end with the run, the losses of its first tenth, and where it stood then."""
    run = one("5", "SAM", 1)
    assert run["curves"]["steps"] == list(range(4, 41, 4)) and len(run["early"]["f_plus"]) == 4
    assert all(len(values) == 10 for values in run["curves"].values())
    assert run["accuracy"] == run["curves"]["accuracy"][-1] and run["value"] == run["curves"]["value"][-1]
    assert run["tenth"] == "too early to tell" and run["sam_value"] > run["value"]


def test_a_radius_is_any_exact_number():
    """A fraction is the number that it is written for."""
    assert one("1/5", "SAM", 0)["accuracy"] == one("0.2", "SAM", 0)["accuracy"]


def test_a_run_changes_nothing_outside():
    """Random numbers and the number of threads are as they were."""
    state, threads = torch.random.get_rng_state(), torch.get_num_threads()
    one("0.1", "SAM", 0)
    assert torch.equal(torch.random.get_rng_state(), state) and torch.get_num_threads() == threads


def test_a_stopped_study_goes_on(tmp_path):
    """After Ctrl-C what was done is not done again; more seeds come on top; it ends as an undisturbed one."""
    calls = []

    def impatient(step, done, total):
        calls.append((done, total))
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_all(ARENA, 2, ["0.2", "5"], tmp_path, 1, impatient)
    again = train_all(ARENA, 3, ["0.2", "5"], tmp_path, 1, lambda step, done, total: calls.append((done, total)))
    assert calls == [(0, 10), (5, 10), (5, 15), (10, 15), (15, 15)]
    whole = train_all(ARENA, 3, ["0.2", "5"], tmp_path / "whole", 1, False)
    assert json.dumps(again) == json.dumps(whole)  # with NaN
    with pytest.raises(CheckpointError, match="another run"):
        train_all(replace(ARENA, steps=41), 2, ["0.2"], tmp_path, 1, False)


class Other(Guard):
    """A guard with the same numbers and another rule."""

    def _lower(self):
        self.factor = self.least


@pytest.mark.parametrize(
    ("arm", "method"),
    [
        *(("guard", lambda steps, name=name, value=value: Guard(**{name: value})) for name, value in OTHERS.items()),
        ("guard", lambda steps: Other()),
        ("late", lambda steps: Schedule.late(steps, 0.4)),
        ("switching", Schedule.ramp),
    ],
    ids=[*OTHERS, "another rule", "a part of a schedule", "another schedule"],
)
def test_a_folder_of_other_methods_is_refused(tmp_path, monkeypatch, arm, method):
    """Every parameter of the guard, its rule and the schedules belong to what was trained."""
    train_all(ARENA, 0, [], tmp_path, 1, False)
    kept = Checkpoint(tmp_path / f"{ARENA.name}.json", fingerprint(ARENA), "run", "")
    kept.add("SGD rho 0 seed 0", {})
    monkeypatch.setitem(METHODS, arm, method)
    with pytest.raises(CheckpointError, match="another run"):
        train_all(ARENA, 1, [], tmp_path, 1, False)


@pytest.mark.filterwarnings("default")
def test_a_dask_cluster_gives_the_same_runs(tmp_path):
    """joblib hands the runs to a local dask.distributed cluster; they are those of this process to the last digit."""
    distributed = pytest.importorskip("distributed")
    here = train_all(ARENA, 1, ["5"], tmp_path / "here", 1, False)
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        there = train_all(ARENA, 1, ["5"], tmp_path / "there", None, False)
    assert json.dumps(here) == json.dumps(there)  # with NaN


def test_the_study_tabulates_and_draws(tmp_path):
    """A row for each run and for each observation, pictures, and a summary of plain data."""
    summary = run_study(tmp_path, ["digits-tanh"], 1, ["5"], quick=True, threads=1)["digits-tanh"]
    texts = ((tmp_path / "digits-tanh" / f"{name}.csv").read_text() for name in ("table", "curves"))
    rows, curves = (list(csv.DictReader(text.splitlines())) for text in texts)
    assert len(rows) == len(METHODS) and len(curves) == 10 * len(rows)
    assert [cell["arm"] for cell in summary["cells"]] == list(METHODS)
    assert all((tmp_path / "digits-tanh" / f"{name}.png").stat().st_size > 5000 for name in ("curves", "remedies"))
    assert summary["monitor and guard"].keys() == {"found", "false alarms", "guard"}
