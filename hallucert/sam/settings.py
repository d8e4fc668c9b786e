"""The settings of a run: schedules, mini-batches, and the arguments of `run`, checked and put into a `Plan`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.arguments import checked_choice, checked_double, checked_real, checked_whole
from hallucert.arrays import real_array
from hallucert.errors import ArgumentError, printed
from hallucert.objectives.ascent import row_norms
from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw, radius_law

DTYPES = ("float64", "float32")

TOLERANCE = 1e-10
"""Default for ``|g+|`` against ``|g|``, well above the level near 1e-15 where rounding stalls ordinary functions."""

BOUND = 1e8
"""Default for the largest coordinate against the lengths at the start: beyond it the digits of ``x`` no longer resolve
the 1e-8th part of those."""

SQUARABLE = 200
"""Gradients of a size from ``2**-200`` to ``2**200`` are squared as they are."""

LARGEST = 1000
"""``2**1000`` and its inverse are doubles with all their digits; multiplied so, any double can be squared."""

Schedule = int | float | str | Fraction | Sequence[float] | np.ndarray | Callable[[int], object]
"""A constant, one number a step, or a function of the step number ``k = 0, 1, ...``."""


def is_table(value: object) -> bool:
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
        self.function: Callable[[int], object] | None = None
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

    def _double(self, value: object, step: int) -> float:
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


class Batches:
    """Shuffled mini-batches of `size` out of `samples` samples, drawn without replacement within an epoch.

    Epoch ``e`` shuffles the samples by the seed ``(seed, e)`` and leaves out the last ``samples % size`` of them, so
    that the batch of a step depends on the step number alone: not on the lane, on how a run is cut into calls, or on
    where it was resumed.

    Parameters
    ----------
    samples, size, seed : int
        Number of samples, of samples in a batch, and the seed.
    """

    def __init__(self, samples: int, size: int, seed: int) -> None:
        self.samples, self.size, self.seed = samples, size, seed
        self._epoch, self._order = -1, np.empty(0, dtype=np.int64)

    def at(self, first: int, count: int) -> np.ndarray:
        """Return the sample numbers of steps ``first .. first + count - 1``, shape (count, size)."""
        per_epoch = self.samples // self.size
        batches = np.empty((count, self.size), dtype=np.int64)
        for i in range(count):
            epoch, place = divmod(first + i, per_epoch)
            if epoch != self._epoch:
                order = np.random.default_rng((self.seed, epoch)).permutation(self.samples)
                self._epoch, self._order = epoch, order.astype(np.int64)
            batches[i] = self._order[place * self.size : (place + 1) * self.size]
        return batches


@dataclass(frozen=True)
class Plan:
    """What a run is asked to do.

    Attributes
    ----------
    rho, step_size : Positive
        Schedules.
    steps, warmup_steps : int
        Number of steps; the first `warmup_steps` are plain descent.
    tolerance, relative : float
        Stop where ``|g+|^2 <= tolerance^2 + relative^2 |g|^2``.
    bound : float
        Stop where a coordinate would exceed it in absolute value.
    momentum : float
        Heavy ball; 0 for none.
    batches : Batches or None
        The samples of each step, None for all of them.
    dtype : str
        "float64" or "float32".
    every, observe_every : int
        Keep the iterates, and observe the lanes, before every step that is a multiple of it; 0 for never.
    threads : int or None
        At most so many threads, by default one a processor.
    law : RadiusLaw
        The ascent step.
    height : int
        Gradients are divided by ``2**height`` before they are squared.
    """

    rho: Positive
    step_size: Positive
    steps: int
    warmup_steps: int
    tolerance: float
    relative: float
    bound: float
    momentum: float = 0.0
    batches: Batches | None = None
    dtype: str = "float64"
    every: int = 0
    observe_every: int = 0
    threads: int | None = None
    law: RadiusLaw = SAM
    height: int = 0


def checked_plan(
    objective: Objective,
    rho: Schedule,
    step_size: Schedule,
    steps: int,
    warmup: float,
    *,
    momentum: float,
    batch_size: int | None,
    batch_seed: int,
    dtype: str,
    tolerance: float | None,
    bound: float | None,
    starts: np.ndarray,
    every: int = 0,
    observe_every: int = 0,
    threads: int | None = None,
    variant: str | RadiusLaw = "sam",
) -> Plan:
    """Return the plan of a run with these arguments (those of `run` and `run_ensemble`).

    Raises
    ------
    ArgumentError
        If one has the wrong type, shape or range.
    """
    count = checked_whole(steps, 0, "steps")
    warmup = checked_warmup(warmup)
    momentum = checked_real(momentum, "momentum", "be at least 0 and less than 1", lambda number: 0 <= number < 1)
    if tolerance is not None:
        tolerance = checked_real(tolerance, "tolerance", "be finite and not negative", lambda number: number >= 0)
    if bound is not None:
        bound = checked_real(bound, "bound", "be finite and positive", lambda number: number > 0)
    dtype = checked_choice(dtype, DTYPES, "dtype")
    law = radius_law(variant, objective.dimension)
    radii = Positive(rho, count, "rho")
    slope, length = _scales(objective, starts, float(radii.values(0, 1)[0]) if count else 0.0, law)
    return Plan(
        rho=radii,
        step_size=Positive(step_size, count, "step_size"),
        steps=count,
        warmup_steps=math.ceil(warmup * count),
        # Unnormalised, g vanishes with g+ at a critical point of f, and only gradients elsewhere tell what is small.
        tolerance=(0.0 if law.normalised else TOLERANCE * slope) if tolerance is None else tolerance,
        relative=TOLERANCE if tolerance is None else 0.0,
        bound=BOUND * length if bound is None else bound,
        momentum=momentum,
        batches=_batches(objective, batch_size, batch_seed),
        dtype=dtype,
        every=every,
        observe_every=observe_every,
        threads=threads,
        law=law,
        height=_height(objective, slope),
    )


def checked_warmup(value: object) -> float:
    """Return the fraction of the steps that are plain gradient descent."""
    return checked_real(value, "warmup", "be a fraction between 0 and 1", lambda number: 0 <= number <= 1)


def _scales(objective: Objective, starts: np.ndarray, rho: float, law: RadiusLaw) -> tuple[float, float]:
    """Return the size of gradients and of coordinates at the starts (k, d): medians, of ``|g|`` where it is not zero.

    A coordinate has at least the size of the ascent step.
    """
    with np.errstate(all="ignore"):
        g = objective.gradient_lanes(starts)
        slopes = row_norms(g)
        steps = row_norms(rho * law.floats.direction(g)[1])
    slopes = slopes[np.isfinite(slopes) & (slopes > 0)]
    steps = steps[np.isfinite(steps)]
    largest = max(float(np.abs(starts).max(initial=0.0)), float(steps.max(initial=0.0)))
    return float(np.median(slopes)) if slopes.size else 0.0, largest or 1.0


def _height(objective: Objective, slope: float) -> int:
    """Return the exponent of gradients of size `slope` if their squares are not for doubles, else 0."""
    height = math.frexp(slope)[1]
    if abs(height) <= SQUARABLE or isinstance(objective, TanhNetwork):
        return 0
    return max(-LARGEST, min(LARGEST, height))


def _batches(objective: Objective, size: object, seed: object) -> Batches | None:
    seed = checked_whole(seed, 0, "batch_seed")
    if size is None:
        return None
    if not isinstance(objective, TanhNetwork):
        raise ArgumentError("batch_size", size, "be left out for an objective that is not a network")
    samples = len(objective.inputs)
    if (size := checked_whole(size, 1, "batch_size")) > samples:
        raise ArgumentError("batch_size", size, f"be at most the number of samples, {samples}")
    return Batches(samples, size, seed)
