"""Schedules: a number that may change from step to step (the radius `rho`, the step size)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.arguments import checked_double, checked_real
from hallucert.arrays import real_array
from hallucert.errors import ArgumentError, printed

Schedule = int | float | str | Fraction | Sequence[float] | np.ndarray | Callable[[int], Any]
"""A constant, one number a step, or a function of the step number ``k = 0, 1, ...``."""


def is_table(value: Any) -> bool:
    """Tell whether a schedule that is no function is meant as one number a step, not as a constant."""
    return not isinstance(value, str) and getattr(value, "shape", None) != () and hasattr(value, "__len__")


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
        elif not is_table(value):
            self.table = np.array([checked_double(value, argument)])
        else:
            must = f"be one number, {steps} numbers, or a function"
            table = real_array(value, argument, must)
            if table.shape != (steps,):
                raise ArgumentError(argument, f"<array of shape {table.shape}>", must)
            self.table = self._checked(table, range(steps))

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
        values = ((self.function(k), k) for k in steps)  # type: ignore[misc]
        numbers = [value if type(value) is float else self._double(value, k) for value, k in values]
        return self._checked(np.array(numbers), steps)

    def _double(self, value: Any, step: int) -> float:
        try:
            return checked_real(value, self.argument, "be positive", lambda number: number > 0)
        except ArgumentError as error:
            was = f"<{printed(value, repr)[:50]} at step {step}>"
            raise ArgumentError(self.argument, was, "be positive and finite at every step") from error

    def _checked(self, numbers: np.ndarray, steps: Sequence[int]) -> np.ndarray:
        good = np.isfinite(numbers) & (numbers > 0)
        if not good.all():
            bad = int(np.argmin(good))
            self._double(float(numbers[bad]), steps[bad])
        return numbers
