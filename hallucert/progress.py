"""The line on a terminal that shows how far long work is."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock, Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Progress

    from hallucert.clock import Report

PATIENCE = 1.0
"""Seconds of work after which a line appears that nobody asked for."""


@contextmanager
def line(stays: bool) -> Iterator[Report | None]:
    """Give the function that draws a line: at once if the line `stays` on the terminal, else after some time.

    None if there is a line: work within work, or beside it, shows none.
    """
    if not _Line.free.acquire(blocking=False):
        yield None
        return
    drawn = _Line(stays)
    waiting = Timer(PATIENCE, drawn.show)
    waiting.daemon = True  # a program that ends does not wait for it
    try:
        waiting.start()
        if stays:
            drawn.show()
        yield drawn.report
    finally:
        waiting.cancel()
        drawn.close()
        _Line.free.release()


class _Line:
    """The line: what is done, how much of it, since when. It draws itself again and again, in a thread of its own."""

    free = Lock()
    """Held by the one line of a process."""

    def __init__(self, stays: bool) -> None:
        self.stays = stays
        self.lock = Lock()
        self.closed = False
        self.latest: tuple[str, int, int | None] = ("working", 0, None)
        self.began = ("working", 0, time.monotonic())
        self.arrived = time.monotonic()
        self.bar: Progress | None = None

    def report(self, step: str, done: int, total: int | None = None) -> None:
        """Keep what is to be drawn next, and since when."""
        if (step, done) != self.latest[:2]:
            self.arrived = time.monotonic()
        self.latest = (step, done, total)
        if step != self.began[0]:
            self.began = (step, done, self.arrived)

    @property
    def left(self) -> str:
        """About how long the step still takes, at its mean pace; empty if nobody knows.

        What was known when the last part was done, less the time since: so it falls evenly until the next part is.
        """
        (step, done, total), (named, before, since), arrived = self.latest, self.began, self.arrived
        took = arrived - since
        if total is None or step != named or done <= before or took < PATIENCE:
            return ""
        left = took * (total - done) / (done - before) - (time.monotonic() - arrived)
        return f", about {max(left, 0):.0f} s left"

    def show(self) -> None:
        """Begin to draw, unless the work is done."""
        with self.lock:
            if not self.closed and self.bar is None:
                self.bar = _bar(self)
                self.bar.start()

    def close(self) -> None:
        """Take the line away."""
        with self.lock:
            self.closed = True
            if self.bar is not None:
                self.bar.stop()


def _bar(line: _Line) -> Progress:
    """Return a bar of rich, which loads here, that asks for what it shows whenever it is drawn."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    class Asking(Progress):
        def get_renderables(self) -> Iterable[RenderableType]:
            if self.tasks:
                step, done, total = line.latest
                self.update(self.tasks[0].id, description=step + line.left, completed=done, total=total)
            yield from super().get_renderables()

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    bar = Asking(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=not line.stays)
    bar.add_task("working", total=None)
    return bar
