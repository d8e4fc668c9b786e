"""Why a SAM run stopped: integer codes for the kernels, sentences for people."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

RUNNING, IS_CONVERGED, IS_STATIONARY, IS_DIVERGED, IS_OUTSIDE, IS_UNDERFLOW = range(6)
"""Codes that the kernels write; a lane that is not RUNNING is frozen at the point where it stopped."""


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
        "The point or its perturbed point lies outside the domain of f (a logarithm, root or quotient is undefined). "
        "Use a smaller step_size or rho, or another start."
    )
    INTERRUPTED = "The run was interrupted before it was finished; what had been done is kept."

    @property
    def label(self) -> str:
        """The name in words, such as ``"max steps"``."""
        return self.name.lower().replace("_", " ")


_BY_CODE = np.array(
    [
        Status.MAX_STEPS,
        Status.CONVERGED,
        Status.STATIONARY,
        Status.DIVERGED,
        Status.OUTSIDE,
        Status.UNDERFLOW,
    ],
    dtype=object,
)


def statuses(codes: np.ndarray, interrupted: bool) -> np.ndarray:
    """Return the `Status` of each code, as an object array of the same shape; RUNNING means that steps ran out."""
    result = _BY_CODE[codes]
    if interrupted:
        result[codes == RUNNING] = Status.INTERRUPTED
    return result
