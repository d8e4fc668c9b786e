"""Timers that share one thread, so that starting one costs little: most work ends before they ring."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from threading import Lock, Thread
from typing import ClassVar

POLL = 0.1
"""Seconds between two looks at the timers that run."""

IDLE = 50
"""After so many looks at none the thread that looks ends."""


class Timer:
    """Calls a function after some seconds, in one thread for all timers.

    A thread for each, as in `threading.Timer`, would cost a tenth of a call of a few milliseconds.
    """

    lock = Lock()
    running: ClassVar[set[Timer]] = set()
    thread: ClassVar[Thread | None] = None

    def __init__(self, seconds: float, call: Callable[[], object]) -> None:
        self.seconds, self.call = seconds, call
        self.due = math.inf

    def start(self) -> None:
        """Begin to wait."""
        self.due = time.monotonic() + self.seconds
        with Timer.lock:
            Timer.running.add(self)
            if Timer.thread is None:
                # A program that ends does not wait for it.
                Timer.thread = Thread(target=Timer._look, daemon=True)
                Timer.thread.start()

    def cancel(self) -> None:
        """Stop to wait."""
        with Timer.lock:
            Timer.running.discard(self)

    @staticmethod
    def _look() -> None:
        idle = 0
        while True:
            time.sleep(POLL)
            with Timer.lock:
                due = [timer for timer in Timer.running if timer.due <= time.monotonic()]
                Timer.running.difference_update(due)
                idle = 0 if Timer.running or due else idle + 1
                if idle > IDLE:
                    Timer.thread = None
                    return
            for timer in due:
                timer.call()

    @staticmethod
    def forget() -> None:
        """Begin anew, in a child that was forked: it has none of the threads."""
        Timer.lock, Timer.running, Timer.thread = Lock(), set(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=Timer.forget)
