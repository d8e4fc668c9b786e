"""The arguments of a run, checked and put into a `Plan`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hallucert.arguments import checked_choice, checked_real, checked_whole
from hallucert.errors import ArgumentError
from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw, radius_law, row_norms
from hallucert.sam.batches import Batches
from hallucert.sam.driver import Plan
from hallucert.sam.engine import DTYPES
from hallucert.sam.schedule import Positive, Schedule

TOLERANCE = 1e-10
"""Default for ``|g+|`` against ``|g|``, well above the level near 1e-15 where rounding stalls ordinary functions."""

BOUND = 1e8
"""Default for the largest coordinate against the lengths at the start: beyond it the digits of ``x`` no longer resolve
the 1e-8th part of those."""

SQUARABLE = 200
"""Gradients of a size from ``2**-200`` to ``2**200`` are squared as they are."""

LARGEST = 1000
"""``2**1000`` and its inverse are doubles with all their digits; multiplied so, any double can be squared."""


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
    dtype = checked_choice(dtype, tuple(DTYPES), "dtype")
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


def checked_warmup(value: Any) -> float:
    """Return the fraction of the steps that are plain gradient descent."""
    return checked_real(value, "warmup", "be a fraction between 0 and 1", lambda number: 0 <= number <= 1)


def _scales(objective: Objective, starts: np.ndarray, rho: float, law: RadiusLaw) -> tuple[float, float]:
    """Return the size of gradients and of coordinates at the starts (k, d): medians, of ``|g|`` where it is not zero.

    A coordinate has at least the size of the ascent step.
    """
    with np.errstate(all="ignore"):
        g = objective.gradient_lanes(starts)
        slopes = row_norms(g)
        steps = row_norms(rho * law.direction(g)[1])
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


def _batches(objective: Objective, size: Any, seed: Any) -> Batches | None:
    seed = checked_whole(seed, 0, "batch_seed")
    if size is None:
        return None
    if not isinstance(objective, TanhNetwork):
        raise ArgumentError("batch_size", size, "be left out for an objective that is not a network")
    samples = len(objective.inputs)
    if (size := checked_whole(size, 1, "batch_size")) > samples:
        raise ArgumentError("batch_size", size, f"be at most the number of samples, {samples}")
    return Batches(samples, size, seed)
