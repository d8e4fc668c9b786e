"""Ctrl-C as the end of the time of long work that keeps what it has."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from hallucert.clock import Clock
from hallucert.processes import in_order

R = TypeVar("R")


@contextmanager
def ended_by_interrupt(clock: Clock) -> Iterator[None]:
    """Let the first Ctrl-C be the end of a clock's time, so that what was done is kept; the second interrupts.

    In the main thread, and unless the program has a handler of its own.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def end(number: int, frame: object) -> None:
        clock.end = clock.now()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def in_time(tasks: Sequence[Callable[[], R]], what: str, jobs: int | None, worth: float, clock: Clock) -> Iterator[R]:
    """Do tasks as `in_order` does, and tell how many are done, until the clock's time is up, or Ctrl-C."""
    with ended_by_interrupt(clock):
        for number, result in enumerate(in_order(tasks, jobs, worth), 1):
            yield result
            clock.tell(what, number, len(tasks))
            if clock.passed():
                break
