"""The arguments of a run, checked and put into a `Plan`."""

from __future__ import annotations

import math
from typing import Any

from hallucert.arguments import checked_choice, checked_real, checked_whole
from hallucert.errors import ArgumentError
from hallucert.objectives.network import TanhNetwork
from hallucert.objectives.objective import Objective
from hallucert.radius_law import RadiusLaw, radius_law
from hallucert.sam.batches import Batches
from hallucert.sam.driver import Plan
from hallucert.sam.engine import DTYPES
from hallucert.sam.schedule import Positive, Schedule


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
    tolerance: float,
    bound: float,
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
    tolerance = checked_real(tolerance, "tolerance", "be finite and not negative", lambda number: number >= 0)
    bound = checked_real(bound, "bound", "be finite and positive", lambda number: number > 0)
    dtype = checked_choice(dtype, tuple(DTYPES), "dtype")
    return Plan(
        rho=Positive(rho, count, "rho"),
        step_size=Positive(step_size, count, "step_size"),
        steps=count,
        warmup_steps=math.ceil(warmup * count),
        tolerance=tolerance,
        bound=bound,
        momentum=momentum,
        batches=_batches(objective, batch_size, batch_seed),
        dtype=dtype,
        every=every,
        observe_every=observe_every,
        threads=threads,
        law=radius_law(variant, objective.dimension),
    )


def checked_warmup(value: Any) -> float:
    """Return the fraction of the steps that are plain gradient descent."""
    return checked_real(value, "warmup", "be a fraction between 0 and 1", lambda number: 0 <= number <= 1)


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
