"""The precision of FLINT, which python-flint keeps once for the process, not for each thread.

Whatever the precision is, Arb's balls contain what they should; it decides how tight they are, so whether a proof
succeeds, and what is published. So a thread that computes at a precision has it to itself: others wait.
"""

from __future__ import annotations

import os
from threading import RLock
from types import TracebackType
from typing import Self

from flint import ctx

_lock = RLock()


class FlintPrecision:
    """A context in which FLINT has a precision that no other thread changes; the one before is restored at its end.

    Contexts nest, also of different precisions.

    Parameters
    ----------
    bits : int
        The precision.
    """

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self._saved: list[int] = []

    def __enter__(self) -> Self:
        _lock.acquire()
        self._saved.append(ctx.prec)
        ctx.prec = self.bits
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        ctx.prec = self._saved.pop()
        _lock.release()


def _renew_in_child() -> None:
    """Make a lock for a forked process if the old one belongs to a thread that was left behind in the parent."""
    global _lock
    if _lock.acquire(blocking=False):
        _lock.release()
    else:
        _lock = RLock()


os.register_at_fork(after_in_child=_renew_in_child)
