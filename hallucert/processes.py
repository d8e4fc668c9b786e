"""Independent tasks, done in this process or spread over others by joblib, with any of its backends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from hallucert.arguments import checked_whole
from hallucert.errors import ArgumentError

WORTH = 1.0
"""Seconds that processes have to save to be worth their start, which takes about as long (measured)."""

R = TypeVar("R")


def checked_workers(workers: int | None) -> int | None:
    """Check a number of processes: -1 for all cores, None for what `jobs_of` finds."""
    if workers is not None and (workers := checked_whole(workers, -1, "workers")) == 0:
        raise ArgumentError("workers", workers, "be a positive integer, or -1 for all cores")
    return workers


def jobs_of(workers: int | None) -> tuple[int | None, float]:
    """Return the number of processes for joblib, and how many seconds they must save.

    None lets a surrounding configuration decide, and otherwise all cores are meant.
    """
    from joblib.parallel import get_active_backend

    _, configured = get_active_backend()
    if workers is None and configured not in (None, 1):
        return None, 0.0
    return (-1 if workers is None else workers), WORTH


def cores(jobs: int | None) -> int:
    """Return how many processes joblib would start for what `jobs_of` returned."""
    from joblib import effective_n_jobs

    return int(effective_n_jobs(jobs))


def in_order(tasks: Sequence[Callable[[], R]], jobs: int | None, worth: float = 0.0) -> Iterator[R]:
    """Do tasks and yield their results in order; processes start when they seem to save `worth` seconds."""
    from joblib import Parallel, delayed

    begun, count, saved = time.monotonic(), len(tasks), 1 - 1 / cores(jobs)
    for i, task in enumerate(tasks):
        expected = (time.monotonic() - begun) / i * (count - i) if i else 0.0
        if jobs != 1 and count - i > 1 and saved * expected >= worth:
            parallel = Parallel(n_jobs=jobs, return_as="generator")
            yield from parallel(delayed(left)() for left in tasks[i:])
            return
        yield task()
