"""The floating-point errors of numpy, which are data here: NaN outside of a domain, infinities beyond the range, zeros.

What a caller has set (``numpy.seterr``) is about the caller's arithmetic. Every public function that computes in floats
ignores it while it runs, and leaves it as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, Self, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")


class Quiet:
    """A context in which numpy neither warns of floating-point errors nor raises them."""

    def __enter__(self) -> Self:
        self._state = np.errstate(all="ignore")
        self._state.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._state.__exit__(*error)


def quiet(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that does the same in a `Quiet` context.

    Examples
    --------
    >>> @quiet
    ... def inverse(x):
    ...     return 1 / np.asarray(x)
    >>> with np.errstate(all="raise"):
    ...     float(inverse(0.0))
    inf
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with Quiet():
            return function(*args, **kwargs)

    return run
