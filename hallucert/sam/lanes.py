"""The lanes of a run: where they are, what their next steps are, and why they stopped."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import numpy as np

RUNNING, IS_CONVERGED, IS_STATIONARY, IS_DIVERGED, IS_OUTSIDE, IS_UNDERFLOW = range(6)
"""Codes that the kernels write; a lane that is not RUNNING is frozen at the point where it stopped."""


class Lanes(NamedTuple):
    """All lanes of a run, which an engine moves in place; compiled code takes it whole.

    Iterates `x` (k, d), where a lane that stopped stays; status `codes` and steps `done`, (k,) int64; `velocity` (k,
    d), or (0, 0) without momentum.
    """

    x: np.ndarray
    codes: np.ndarray
    done: np.ndarray
    velocity: np.ndarray


class Steps(NamedTuple):
    """What an engine does in one call; compiled code takes it whole.

    `rho` and `eta` (steps,) are radius and size of each step. `kept` (rows, k, d) receives the iterates before every
    step whose number is a multiple of `every`, none for 0; `batches` (steps, b) int64 are the samples of each step, (0,
    0) for all. Stop where ``|g+|^2 <= tolerance^2 + relative^2 |g|^2``, or a coordinate would exceed `bound` in
    absolute value. With `momentum` the velocity becomes ``momentum v + g+``, and the step is ``-eta`` times it. `warm`
    steps are plain descent; `normalised` is the ascent step ``rho g/|g|`` (SAM), not ``rho g``.
    """

    rho: np.ndarray
    eta: np.ndarray
    kept: np.ndarray
    batches: np.ndarray
    tolerance: float = 0.0
    relative: float = 0.0
    bound: float = np.inf
    every: int = 0
    momentum: float = 0.0
    warm: bool = False
    normalised: bool = True


class Status(StrEnum):
    """Why a run stopped. The text says what happened, then what to try."""

    CONVERGED = (
        "The norm of the shifted gradient fell below the tolerance: SAM has stopped here. "
        "hc.diagnose says what the point is, hc.find.refine sharpens it."
    )
    STATIONARY = (
        "The gradient is zero here, so the ascent direction g/|g| is undefined and SAM cannot step. "
        "This is an ordinary critical point of f: start elsewhere."
    )
    UNDERFLOW = (
        "The gradient, or its square, is too small for doubles here (below 1e-308): it counts as zero, and SAM cannot "
        "step. This need not be a critical point of f: multiply f by a large constant, or start elsewhere."
    )
    MAX_STEPS = (
        "All steps were done and the shifted gradient is still above the tolerance. "
        "Allow more steps, or call hc.diagnose: SAM may bounce around a minimizer, which no number of steps cures."
    )
    DIVERGED = (
        "The next step would leave the bound or overflow: the iteration diverges; the last point inside is kept. "
        "Use a smaller step_size or a start nearer to the minimizers."
    )
    OUTSIDE = (
        "The point or its perturbed point lies outside the domain of f (a logarithm, root or quotient is undefined), "
        "or f overflows there. Use a smaller step_size or rho, or another start."
    )
    INTERRUPTED = "The run was interrupted before it was finished; what had been done is kept."

    @property
    def label(self) -> str:
        """The name in words, such as ``"max steps"``."""
        return self.name.lower().replace("_", " ")


_STOPPED = (Status.CONVERGED, Status.STATIONARY, Status.DIVERGED, Status.OUTSIDE, Status.UNDERFLOW)
_BY_CODE = np.array([Status.MAX_STEPS, *_STOPPED], dtype=object)


def statuses(codes: np.ndarray, interrupted: bool) -> np.ndarray:
    """Return the `Status` of each code, as an object array of the same shape; RUNNING means that steps ran out."""
    result = _BY_CODE[codes]
    if interrupted:
        result[codes == RUNNING] = Status.INTERRUPTED
    return result
