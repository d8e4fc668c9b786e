"""Progress of long work: a line on standard error, a function of the caller's, or nothing."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from hallucert.arguments import checked_progress
from hallucert.clock import Clock, Report

Progress = bool | Report | None
"""True shows a line, False none, None one on a terminal if the work takes long; a function gets (step, done, total)."""

StepProgress = bool | Callable[[int, int], object] | None
"""The same for work of one kind of steps; a function gets (done, total)."""

PATIENCE = 1.0
"""Seconds of work after which the line appears by itself, on a terminal."""


@contextmanager
def working(seconds: float = math.inf, progress: Progress = None) -> Iterator[Clock]:
    """Give the clock for a piece of long work, and show how far the work is to whoever asked.

    Parameters
    ----------
    seconds : float
        Time for the work.
    progress : bool, callable or None
        What the caller of a public function asked for.

    Raises
    ------
    ArgumentError
        If `progress` is anything else.
    """
    with shown(progress) as report:
        yield Clock.for_work(seconds, report)


@contextmanager
def shown(progress: Progress) -> Iterator[Report | None]:
    """Give the function to which reports go; None if nobody wants them. See `working`."""
    checked_progress(progress)
    if callable(progress):
        yield progress
    elif progress is False or (progress is None and not _on_terminal()) or not _Line.free.acquire(blocking=False):
        yield None
    else:
        line = _Line(stays=bool(progress))
        waiting = Timer(PATIENCE, line.show)
        try:
            waiting.start()
            if progress:
                line.show()
            yield line.report
        finally:
            waiting.cancel()
            line.close()
            _Line.free.release()


def without_step(progress: StepProgress) -> Progress:
    """Return what `shown` takes, for work of one kind of steps."""
    checked_progress(progress)
    if progress is None or isinstance(progress, bool):
        return progress
    hook = progress
    return lambda step, done, total: hook(done, total or 0)


def _on_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False


def Timer(seconds: float, call: Callable[[], object]) -> Any:
    """Return a timer that has not begun; on terminals alone they are needed, and loaded."""
    from hallucert.timer import Timer

    return Timer(seconds, call)


class _Line:
    """The line: what is done, how much of it, since when. It draws itself again and again, in a thread of its own."""

    free = Lock()
    """Held by the one line of a process: work within work, or beside it, shows none."""

    def __init__(self, stays: bool) -> None:
        self.stays = stays  # on the terminal, when the work is done
        self.lock = Lock()
        self.closed = False
        self.latest: tuple[str, int, int | None] = ("working", 0, None)
        self.bar: Any = None

    def report(self, step: str, done: int, total: int | None = None) -> None:
        """Keep what is to be drawn next."""
        self.latest = (step, done, total)

    def show(self) -> None:
        """Begin to draw, unless the work is done."""
        with self.lock:
            if not self.closed and self.bar is None:
                self.bar = _bar(lambda: self.latest, self.stays)
                self.bar.start()

    def close(self) -> None:
        """Take the line away."""
        with self.lock:
            self.closed = True
            if self.bar is not None:
                self.bar.stop()


def _bar(latest: Callable[[], tuple[str, int, int | None]], stays: bool) -> Any:
    """Return a bar of rich that asks for what it shows whenever it is drawn."""
    from rich.console import Console, RenderableType
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    class Asking(Bar):
        def get_renderables(self) -> Iterable[RenderableType]:
            if self.tasks:
                step, done, total = latest()
                self.update(self.tasks[0].id, description=step, completed=done, total=total)
            yield from super().get_renderables()

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    bar = Asking(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=not stays)
    bar.add_task("working", total=None)
    return bar
