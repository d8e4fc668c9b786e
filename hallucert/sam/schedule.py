"""Schedules: a number that may change from step to step (the radius `rho`, the step size)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.exact import exact

Schedule = int | float | str | Fraction | Sequence[float] | np.ndarray | Callable[[int], Any]
"""A constant, one number a step, or a function of the step number ``k = 0, 1, ...``."""


class Positive:
    """A schedule of positive numbers for a run of `steps` steps, read in slices so that long runs need no memory.

    Parameters
    ----------
    value : number, decimal string, array of shape (steps,), or callable
        A constant; one number for each step; or ``value(k)`` for step ``k``, called once a step, in order.
    steps : int
        Length of the run.
    argument : str
        Name used in error messages.

    Raises
    ------
    ArgumentError
        If a number is not positive and finite, or the array has another length than `steps`. A callable is
        checked when it is called.
    """

    def __init__(self, value: Schedule, steps: int, argument: str) -> None:
        self.argument = argument
        self.function: Callable[[int], Any] | None = None
        self.table = np.empty(0)
        if callable(value):
            self.function = value
        elif isinstance(value, (str, Fraction)) or np.ndim(value) == 0:
            number = exact(value.item() if isinstance(value, np.ndarray) else value, argument)
            self.table = self._checked(np.array([float(number)]), value)
        else:
            try:
                self.table = np.array(value, dtype=np.float64)
            except (TypeError, ValueError):
                raise ArgumentError(argument, value, "be numbers") from None
            if self.table.shape != (steps,):
                raise ArgumentError(
                    argument, f"<array of shape {self.table.shape}>", f"be one number, {steps} numbers, or a function"
                )
            self._checked(self.table, value)

    def values(self, first: int, count: int) -> np.ndarray:
        """Return the values at steps ``first .. first + count - 1``, shape (count,)."""
        if self.function is not None:
            values = [self.function(k) for k in range(first, first + count)]
            return self._checked(np.array(values, dtype=np.float64).reshape(count), values)
        if self.table.size == 1:
            return np.full(count, self.table[0])
        return self.table[first : first + count]

    def at(self, steps: np.ndarray) -> np.ndarray:
        """Return the values at the given step numbers, of any shape."""
        if self.function is not None:
            distinct, inverse = np.unique(steps, return_inverse=True)
            values = [self.function(int(k)) for k in distinct]
            return self._checked(np.array(values, dtype=np.float64), values)[inverse].reshape(np.shape(steps))
        return self.table[np.minimum(steps, self.table.size - 1)]

    def _checked(self, numbers: np.ndarray, was: object) -> np.ndarray:
        if not (np.isfinite(numbers) & (numbers > 0)).all():
            raise ArgumentError(self.argument, was, "be positive and finite at every step")
        return numbers
