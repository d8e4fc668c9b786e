"""Progress of long runs: a bar on standard error, a function of the caller's, or nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from hallucert.arguments import checked_progress

Progress = bool | Callable[[int, int], None] | None
"""True shows a bar, False shows none, None shows one on a terminal after two seconds; a function gets (done, total)."""

PATIENCE = 2.0
"""Seconds of a run after which a bar appears by itself, on a terminal."""


class Reporter:
    """Tells whoever asked how many of `total` steps are done.

    Parameters
    ----------
    progress : bool, callable or None
        What the caller of `run` asked for.
    total : int
        Number of steps.
    steps : str
        What is counted.

    Raises
    ------
    ArgumentError
        If `progress` is anything else.
    """

    def __init__(self, progress: Progress, total: int, steps: str = "SAM steps") -> None:
        self.total, self.steps = total, steps
        checked_progress(progress)
        self.hook = progress if callable(progress) else None
        self.wanted = progress is True
        self.allowed = progress is True or (progress is None and sys.stderr.isatty())
        self.began = time.monotonic()
        self.bar: Any = None
        self.task: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.stop()

    def update(self, done: int, running: int | None = None) -> None:
        """Report that `done` steps are done and, if that makes sense, that `running` lanes still run."""
        if self.hook is not None:
            self.hook(done, self.total)
        if self.bar is None and self.allowed and (self.wanted or time.monotonic() - self.began > PATIENCE):
            self._show()
        if self.bar is not None:
            self.bar.update(self.task, completed=done, running="" if running is None else f"{running} running")

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn(self.steps), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.bar = Bar(*columns, TextColumn("{task.fields[running]}"), console=Console(stderr=True))
        self.task = self.bar.add_task("steps", total=self.total, running="")
        self.bar.start()
