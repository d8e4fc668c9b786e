"""One clock for long work: when its time is up, and who is told how far it is.

Whoever begins long work makes a clock (`working`) and hands it down; every loop looks at it between two steps. A loop
that can end early asks `Clock.passed` and keeps what it has. What has nothing to keep, as a product of matrices, calls
`look`, which raises `OutOfTime` if the time of the clock that is watched is up (``with clock.watched():``); whoever has
it watched catches that. So no operation keeps any loop waiting for long.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from hallucert.arguments import check_progress

Report = Callable[[str, int, "int | None"], object]
"""Told what is being done, how many steps of it are done, and of how many; None if nobody knows."""

Progress = bool | Report | None
"""True shows a line, False none, None one on a terminal if the work takes long; a function gets (step, done, total)."""

Now = Callable[[], float]

R = TypeVar("R")
L = TypeVar("L")


class OutOfTime(Exception):
    """The time for an operation is up."""


class Clock:
    """Tells when the time, so many `seconds` from now on, is up, and passes on reports, of which there may be many.

    Examples
    --------
    >>> clock = Clock(5.0, now=lambda: 12.0)
    >>> clock.passed(), clock.left()
    (False, 5.0)
    """

    def __init__(self, seconds: float = math.inf, report: Report | None = None, now: Now = time.monotonic) -> None:
        self.now, self.report, self.end = now, report, now() + seconds
        self.outer: Clock | None = None

    @contextmanager
    def watched(self) -> Iterator[Clock]:
        """Let `look` look at this clock, for a block of code in this thread."""
        token = _WATCHED.set(self)
        try:
            yield self
        finally:
            _WATCHED.reset(token)

    def kept(self, work: Callable[[], R], late: L) -> R | L:
        """Do some work with an eye on this clock; return `late` if the time is up before it is done."""
        try:
            with self.watched():
                return work()
        except OutOfTime:
            return late

    def passed(self) -> bool:
        """Tell whether the time is up."""
        return self.now() >= self.end or (self.outer is not None and self.outer.passed())

    def left(self) -> float:
        """Return the seconds left, at least 0."""
        return max(self.end - self.now(), 0.0)

    def part(self, share: float) -> Clock:
        """Return a clock with a share of the time left, for a part of the work."""
        part = Clock(share * self.left(), self.report, self.now)
        part.outer = self
        return part

    def tell(self, step: str, done: int, total: int | None = None) -> None:
        """Report how far the work is."""
        if self.report is not None:
            self.report(step, done, total)


_WATCHED: ContextVar[Clock | None] = ContextVar("watched", default=None)

UNLIMITED = Clock()
"""Its time is never up, and nobody listens."""


def look(step: str = "", done: int = 0, total: int | None = None) -> None:
    """Look at the clock that is watched, if there is one: report a step, if it has a name; OutOfTime if time is up."""
    clock = _WATCHED.get()
    if clock is None:
        return
    if step:
        clock.tell(step, done, total)
    if clock.passed():
        raise OutOfTime


@contextmanager
def working(seconds: float = math.inf, progress: Progress = None) -> Iterator[Clock]:
    """Give the clock for a piece of long work, and show how far the work is to whoever asked.

    Within other work that is watched it has no more time than that.
    """
    with shown(progress) as report:
        clock, outer = Clock(seconds, report), _WATCHED.get()
        if outer is not None:
            clock.end, clock.report, clock.outer = min(clock.end, outer.end), report or outer.report, outer
        yield clock


@contextmanager
def shown(progress: Progress) -> Iterator[Report | None]:
    """Give the function to which reports go; None if nobody wants them. See `working`."""
    check_progress(progress)
    if callable(progress):
        yield progress
    elif progress is False or (progress is None and not _on_terminal()):
        yield None
    else:
        from hallucert.progress import line  # on terminals alone it is needed, and loaded

        with line(stays=bool(progress)) as report:
            yield report


def _on_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False
