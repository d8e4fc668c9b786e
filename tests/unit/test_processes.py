"""Tasks come back in order, from this process or others, and who decides how many there are is who was asked."""

from __future__ import annotations

import threading
from functools import partial

import joblib
import pytest

from hallucert.errors import ArgumentError
from hallucert.processes import WORTH, checked_workers, in_order, jobs_of


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_tasks(jobs):
    """Also from two workers at once; none is lost, none done twice."""
    done: list[int] = []
    tasks = [partial(lambda i: done.append(i) or i * i, i) for i in range(7)]
    with joblib.parallel_config("threading"):
        assert list(in_order(tasks, jobs)) == [i * i for i in range(7)]
    assert sorted(done) == list(range(7))


def test_work_that_is_not_worth_it_stays_here():
    """Where all tasks together are shorter than what other workers are worth, joblib is never asked."""
    here = threading.current_thread()
    with joblib.parallel_config("threading", n_jobs=2):
        assert set(in_order([threading.current_thread] * 5, None, worth=1e9)) == {here}
        assert here not in list(in_order([threading.current_thread] * 5, None))[1:]


def test_processes_start_when_they_save_enough(monkeypatch):
    """Two workers save half of what is left: they start where that is worth it, and one worker never does."""
    clock = iter(range(1000))
    monkeypatch.setattr("hallucert.processes.time.monotonic", lambda: float(next(clock)))
    here, tasks = threading.current_thread(), [threading.current_thread] * 5
    with joblib.parallel_config("threading", n_jobs=2):
        # A task takes a second: after i tasks 5 - i seconds are left, of which half is saved.
        done = list(in_order(tasks, 2, worth=1.6))
        assert done[0] == here and here not in done[1:]
        assert set(in_order(tasks, 2, worth=2.1)) == {here}
        assert set(in_order(tasks, 1, worth=0.1)) == {here}


def test_who_decides_about_the_number_of_workers():
    """The caller, else a configuration around the call, else all cores; without one, for work that is worth it."""
    assert jobs_of(3) == (3, WORTH)
    with joblib.parallel_config("threading", n_jobs=2):
        assert jobs_of(None) == (None, 0.0)
    assert jobs_of(None) == (-1, WORTH)


@pytest.mark.parametrize("workers", [0, -2, 1.5, "two"])
def test_a_number_of_workers_is_checked(workers):
    """None of these is a number of processes."""
    with pytest.raises(ArgumentError, match="workers"):
        checked_workers(workers)
