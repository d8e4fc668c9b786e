"""However a census is run, cut short, resumed or shared between processes, it is the same census."""

from __future__ import annotations

import pytest

import hallucert as hc
from hallucert.check.file.save import to_json
from hallucert.errors import CheckpointError

PLANE = [(-2, 2), (-2, 2)]


def test_killed_and_resumed_it_is_the_same_census(tmp_path):
    """A census that dies after any number of tasks, and is taken up again, is the census that never died."""
    f, box = hc.gallery.load("styblinski_tang", dimension=3), [(-5, 5)] * 3
    path, whole = tmp_path / "census.json", to_json(hc.census(f, box, 3, workers=1))

    def killer(tasks):
        left = iter(range(tasks))

        def progress(step, done, total):
            if done and next(left, None) is None:
                raise KeyboardInterrupt

        return progress

    for tasks in (0, 1, 2):
        with pytest.raises(KeyboardInterrupt):
            hc.census(f, box, 3, workers=1, checkpoint=path, progress=killer(tasks))
    calls = []
    again = hc.census(f, box, 3, workers=1, checkpoint=path, progress=lambda *call: calls.append(call))
    assert to_json(again) == whole
    assert calls[0] == ("critical", 1, 1) and calls[1][1] >= 2  # these were not done again
    with pytest.raises(CheckpointError):
        hc.census(f, box, "3.1", workers=1, checkpoint=path)


def test_time_that_runs_out_can_be_continued(himmelblau, tmp_path):
    """A census cut short by the clock is partial; its checkpoint continues to the whole one."""
    path = tmp_path / "census.json"
    short = hc.census(himmelblau, [(-6, 6), (-6, 6)], "3.5", budget=1e-9, checkpoint=path)
    assert not short.complete
    longer = hc.census(himmelblau, [(-6, 6), (-6, 6)], "3.5", checkpoint=path)
    assert to_json(longer) == to_json(hc.census(himmelblau, [(-6, 6), (-6, 6)], "3.5"))


def test_two_workers_give_the_same_answer(four_well, monkeypatch):
    """Processes change nothing."""
    monkeypatch.setattr("hallucert.processes.WORTH", 0.0)
    one, two = (to_json(hc.census(four_well, PLANE, "2.2", workers=n)) for n in (1, 2))
    assert one == two


@pytest.mark.filterwarnings("default")
def test_a_dask_cluster_gives_the_same_answer(four_well):
    """joblib hands the tasks to a local dask.distributed cluster."""
    distributed = pytest.importorskip("distributed")
    joblib = pytest.importorskip("joblib")
    here = to_json(hc.census(four_well, PLANE, "2.2"))
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        there = to_json(hc.census(four_well, PLANE, "2.2"))
    assert here == there
