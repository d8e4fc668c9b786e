"""The SAM loop in numpy, for objectives without a compiled one (networks too large for it, float-only callables).

Step for step it does what `kernel.advance` does; tests compare the two on the same function.
"""

from __future__ import annotations

import numpy as np

from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw
from hallucert.sam.status import IS_CONVERGED, IS_DIVERGED, IS_OUTSIDE, IS_STATIONARY


def advance_plain(
    objective: Objective,
    lanes: np.ndarray,
    x: np.ndarray,
    codes: np.ndarray,
    done: np.ndarray,
    rho: np.ndarray,
    eta: np.ndarray,
    warm: bool,
    tolerance: tuple[float, float],
    bound: float,
    kept: np.ndarray,
    every: int,
    velocity: np.ndarray,
    momentum: float,
    law: RadiusLaw = SAM,
    height: int = 0,
) -> None:
    """Do up to ``len(rho)`` steps on the running lanes, in place.

    The arguments are those of `kernel.advance`, and instead of `normalised` the law of the ascent step; gradients are
    divided by ``2**height``.
    """
    first, row = int(done[lanes[0]]), 0
    with np.errstate(all="ignore"):
        for k in range(rho.size):
            points = x[lanes]
            if every > 0 and (first + k) % every == 0:
                kept[row, lanes] = points
                row += 1
            step = np.ldexp(objective.gradient_lanes(points), -height)
            q2 = shifted = np.einsum("ij,ij->i", step, step)
            if not warm:
                ascent = step if law.metric is None else law.metric * step
                points_there = points + (rho[k] / law.size(step))[:, None] * ascent
                step = np.ldexp(objective.gradient_lanes(points_there), -height)
                shifted = np.einsum("ij,ij->i", step, step)
            if momentum:
                step = velocity[lanes] = momentum * velocity[lanes] + step
            following = points - eta[k] * step
            code = _codes(q2, shifted, following, warm, tolerance, bound)
            stop, go = code != 0, code == 0
            codes[lanes[stop]] = code[stop]
            lanes = lanes[go]
            x[lanes] = following[go]
            done[lanes] = first + k + 1
            if lanes.size == 0:
                return


def _codes(
    q2: np.ndarray, shifted: np.ndarray, following: np.ndarray, warm: bool, tolerance: tuple[float, float], bound: float
) -> np.ndarray:
    """Status code of every lane, 0 if it runs on; later lines overrule earlier ones."""
    code = np.zeros(q2.size, dtype=np.int64)
    code[~(np.abs(following) <= bound).all(axis=1)] = IS_DIVERGED
    if not warm:
        code[shifted <= tolerance[0] ** 2 + tolerance[1] ** 2 * q2] = IS_CONVERGED
        code[np.isinf(shifted)] = IS_DIVERGED
        code[np.isnan(shifted)] = IS_OUTSIDE
    code[np.isinf(q2)] = IS_DIVERGED
    code[np.isnan(q2)] = IS_OUTSIDE
    code[q2 == 0] = IS_STATIONARY
    return code
