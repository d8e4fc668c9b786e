"""The settings of a run: schedules, mini-batches, and the `Options` of `run`, checked and put into a `Plan`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.arguments import checked_real, checked_whole
from hallucert.arrays import real_array
from hallucert.errors import ArgumentError, printed, require
from hallucert.objectives.ascent import row_norms
from hallucert.objectives.batches import checked_batches
from hallucert.objectives.doors import radius_law
from hallucert.objectives.network.structure import training_of
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw
from hallucert.settings import checked_choice, checked_double

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

    A constant; one number for each step; or ``value(k)`` for step ``k``, called once a step, in order. Anything else,
    also numbers that are not positive and finite, is an `ArgumentError` about `argument`; of a callable they are seen
    when it is called, and errors of its own are its own.
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
            require(table.shape == (steps,), argument, f"<array of shape {table.shape}>", must)
            self.table = self._checked(table, range(steps))

    def values(self, first: int, count: int) -> np.ndarray:
        """Return the values at steps ``first .. first + count - 1``, shape (count,)."""
        return self.at(np.arange(first, first + count))

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


class Shuffled:
    """Shuffled mini-batches of `size` out of `samples` samples, drawn without replacement within an epoch.

    Epoch ``e`` shuffles the samples by the seed ``(seed, e)`` and leaves out the last ``samples % size`` of them, so
    that the batch of a step depends on the step number alone: not on the lane, on how a run is cut into calls, or on
    where it was resumed.
    """

    def __init__(self, samples: int, size: int, seed: int) -> None:
        self.samples, self.size, self.seed = samples, size, seed
        self.key = (samples, size, seed)
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


ORDERS = INDEPENDENT, RESHUFFLED = "independent", "reshuffled"
"""How the batches of a fixed partition follow each other."""
DRAWS = 1024
"""Independent batches are drawn so many at once."""


class Partition:
    """The batches of a fixed partition, sample numbers (b, size): independent, or each once an epoch.

    Block ``e`` of independent draws, and epoch ``e``, have the seed ``(seed, e)``; see `Shuffled`.
    """

    def __init__(self, parts: np.ndarray, probabilities: tuple[Fraction, ...], order: str, seed: int) -> None:
        self.parts, self.order, self.seed = parts, order, seed
        self.weights = np.array([float(p) for p in probabilities])
        self.key = (parts.tolist(), probabilities, order, seed)
        self._block, self._drawn = -1, np.empty(0, dtype=np.int64)

    def at(self, first: int, count: int) -> np.ndarray:
        """Return the sample numbers of steps ``first .. first + count - 1``, shape (count, size)."""
        length = DRAWS if self.order == INDEPENDENT else len(self.parts)
        chosen = np.empty(count, dtype=np.int64)
        for i in range(count):
            block, place = divmod(first + i, length)
            if block != self._block:
                draw = np.random.default_rng((self.seed, block))
                if self.order == INDEPENDENT:
                    self._drawn = draw.choice(len(self.parts), DRAWS, p=self.weights / self.weights.sum())
                else:
                    self._drawn = draw.permutation(len(self.parts))
                self._block = block
            chosen[i] = self._drawn[place]
        return self.parts[chosen]


@dataclass(frozen=True)
class Plan:
    """What a run does; `lanes.Steps` has what is not said here.

    The first `warmup_steps` are plain descent. The iterates are kept, and the lanes observed, before every step that is
    a multiple of `every` and `observe_every`; 0 for never. There are at most `threads` threads, by default one a
    processor, and gradients are divided by ``2**height`` before they are squared.
    """

    rho: Positive
    step_size: Positive
    steps: int
    warmup_steps: int
    tolerance: float
    relative: float
    bound: float
    momentum: float = 0.0
    batches: Shuffled | Partition | None = None
    dtype: str = "float64"
    every: int = 0
    observe_every: int = 0
    threads: int | None = None
    law: RadiusLaw = SAM
    height: int = 0


@dataclass(frozen=True)
class Options:
    """What a run is asked for besides its schedules: the arguments of `run` and `run_ensemble`, as they were given."""

    tolerance: float | None
    bound: float | None
    momentum: float
    batch_size: int | None
    batch_seed: int
    batches: object
    batch_order: str
    dtype: str
    threads: int | None
    variant: str | RadiusLaw

    def plan(
        self,
        f: Objective,
        starts: np.ndarray,
        rho: Schedule,
        step_size: Schedule,
        steps: int,
        warmup: float,
        every: int = 0,
        observe_every: int = 0,
    ) -> Plan:
        """Return the plan from checked starts (k, d); a wrong type, shape or range is an `ArgumentError`."""
        steps = checked_whole(steps, 0, "steps")
        warmup, tolerance, bound = checked_warmup(warmup), self.tolerance, self.bound
        momentum = checked_real(self.momentum, "momentum", "be at least 0 and less than 1", lambda v: 0 <= v < 1)
        if tolerance is not None:
            tolerance = checked_real(tolerance, "tolerance", "be finite and not negative", lambda v: v >= 0)
        if bound is not None:
            bound = checked_real(bound, "bound", "be finite and positive", lambda v: v > 0)
        dtype = checked_choice(self.dtype, DTYPES, "dtype")
        if dtype != "float64" and training_of(f) is None:
            raise ArgumentError("dtype", dtype, 'be "float64" for an objective that is not a network')
        law, radii = radius_law(self.variant, f.dimension), Positive(rho, steps, "rho")
        slope, length = _scales(f, starts, float(radii.values(0, 1)[0]) if steps else 0.0, law)
        return Plan(
            rho=radii,
            step_size=Positive(step_size, steps, "step_size"),
            steps=steps,
            warmup_steps=math.ceil(warmup * steps),
            # Unnormalised, g vanishes with g+ at a critical point of f: gradients elsewhere tell what is small.
            tolerance=(0.0 if law.normalised else TOLERANCE * slope) if tolerance is None else tolerance,
            relative=TOLERANCE if tolerance is None else 0.0,
            bound=BOUND * length if bound is None else bound,
            momentum=momentum,
            batches=self._drawn(f),
            dtype=dtype,
            every=every,
            observe_every=observe_every,
            threads=None if self.threads is None else checked_whole(self.threads, 1, "threads"),
            law=law,
            height=_height(f, slope),
        )

    def _drawn(self, f: Objective) -> Shuffled | Partition | None:
        """Return which samples the steps see; None for all."""
        seed = checked_whole(self.batch_seed, 0, "batch_seed")
        order = checked_choice(self.batch_order, ORDERS, "batch_order")
        if self.batches is None:
            return None if self.batch_size is None else _shuffled(f, self.batch_size, seed)
        require(self.batch_size is None, "batch_size", self.batch_size, "be left out with batches")
        return _partition(f, self.batches, order, seed)


def checked_warmup(value: object) -> float:
    """Return the fraction of the steps that are plain gradient descent."""
    return checked_real(value, "warmup", "be a fraction between 0 and 1", lambda number: 0 <= number <= 1)


def _scales(objective: Objective, starts: np.ndarray, rho: float, law: RadiusLaw) -> tuple[float, float]:
    """Return the size of gradients and of coordinates at the starts (k, d): medians, of ``|g|`` where it is not zero.

    A coordinate has at least the size of the ascent step.
    """
    with np.errstate(all="ignore"):
        g = objective.floats.gradient(starts)
        size, along = law.floats.size(g), law.floats.weighted(g)
        slopes = size if law == SAM else row_norms(g)
        steps = rho * ((slopes if along is g else row_norms(along)) / size)
    slopes = slopes[np.isfinite(slopes) & (slopes > 0)]
    steps = steps[np.isfinite(steps)]
    largest = max(float(np.abs(starts).max(initial=0.0)), float(steps.max(initial=0.0)))
    return float(np.median(slopes)) if slopes.size else 0.0, largest or 1.0


def _height(objective: Objective, slope: float) -> int:
    """Return the exponent of gradients of size `slope` if their squares are not for doubles, else 0."""
    height = math.frexp(slope)[1]
    if abs(height) <= SQUARABLE or training_of(objective) is not None:
        return 0
    return max(-LARGEST, min(LARGEST, height))


def _shuffled(objective: Objective, size: object, seed: int) -> Shuffled:
    if (network := training_of(objective)) is None:
        raise ArgumentError("batch_size", size, "be left out for an objective that is not a network")
    samples = len(network.inputs)
    if (size := checked_whole(size, 1, "batch_size")) > samples:
        raise ArgumentError("batch_size", size, f"be at most the number of samples, {samples}")
    return Shuffled(samples, size, seed)


def _partition(objective: Objective, batches: object, order: str, seed: int) -> Partition:
    if (network := training_of(objective)) is None:
        raise ArgumentError("batches", batches, "be left out for an objective that is not a network")
    samples = len(network.inputs)
    found, each = checked_batches(objective, batches), objective.residual_count // samples
    parts = [sorted({row // each for row in rows}) for rows in found.rows]
    if len({len(part) for part in parts}) > 1 or sum(map(len, parts)) > samples:
        raise ArgumentError("batches", batches, "have the same number of whole samples each")
    return Partition(np.array(parts, dtype=np.int64), found.probabilities, order, seed)
