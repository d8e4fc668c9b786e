"""Schedules: a number that may change from step to step (the radius `rho`, the step size)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.arguments import checked_double
from hallucert.arrays import real_array
from hallucert.errors import ArgumentError

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
        checked when it is called; errors of its own are its own.
    """

    def __init__(self, value: Schedule, steps: int, argument: str) -> None:
        self.argument = argument
        self.function: Callable[[int], Any] | None = None
        self.table = np.empty(0)
        if callable(value):
            self.function = value
        elif isinstance(value, (str, Fraction)) or np.ndim(value) == 0:
            number = value.item() if isinstance(value, np.ndarray) else value
            self.table = np.array([checked_double(number, argument)])
        else:
            table = real_array(value)
            if table is None or table.shape != (steps,):
                was = value if table is None else f"<array of shape {table.shape}>"
                raise ArgumentError(argument, was, f"be one number, {steps} numbers, or a function")
            self.table = self._checked(table, table, range(steps))

    def values(self, first: int, count: int) -> np.ndarray:
        """Return the values at steps ``first .. first + count - 1``, shape (count,)."""
        if self.function is not None:
            return self._called(range(first, first + count))
        if self.table.size == 1:
            return np.full(count, self.table[0])
        return self.table[first : first + count]

    def at(self, steps: np.ndarray) -> np.ndarray:
        """Return the values at the given step numbers, of any shape."""
        if self.function is not None:
            distinct, inverse = np.unique(steps, return_inverse=True)
            return self._called(distinct.tolist())[inverse].reshape(np.shape(steps))
        return self.table[np.minimum(steps, self.table.size - 1)]

    def _called(self, steps: Sequence[int]) -> np.ndarray:
        """Return the values of the function at some steps, shape (len(steps),)."""
        values = [self.function(k) for k in steps]  # type: ignore[misc]
        numbers = real_array(values)
        if numbers is None or numbers.shape != (len(steps),):  # "1/3" among them, or what is no number
            numbers = np.array([checked_double(value, self.argument) for value in values])
        return self._checked(numbers, values, steps)

    def _checked(self, numbers: np.ndarray, was: Sequence[Any] | np.ndarray, steps: Sequence[int]) -> np.ndarray:
        good = np.isfinite(numbers) & (numbers > 0)
        if not good.all():
            bad = int(np.argmin(good))
            raise ArgumentError(
                self.argument, f"<{was[bad]!r} at step {steps[bad]}>", "be positive and finite at every step"
            )
        return numbers
