"""Ctrl-C as the end of the time of long work that keeps what it has."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hallucert.clock import Clock


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
