"""The units of a branch: its length is ``|x - c|`` at the start, and second derivatives there are of size 1."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hallucert.errors import SearchError
from hallucert.find.curves.branch_record import Branch
from hallucert.find.newton import frobenius
from hallucert.find.rescaled import Rescaled, exponent, in_units
from hallucert.objectives.objective import Objective


def start_units(f: Objective, x: np.ndarray, c: np.ndarray) -> Rescaled:
    """Return `f` in the units of a branch from `x` with the target `c`."""
    length = float(np.linalg.norm(x - c))
    sizes = frobenius(f.hessian_lanes(np.stack([x, c])))
    sizes = sizes[np.isfinite(sizes)]
    return in_units(f, c, length, float(np.ldexp(sizes.max(initial=0.0), exponent(length))))


def branch_units(branch: Branch, length: float) -> Rescaled:
    """Return the function of a branch in units of a length and of its scale."""
    long = exponent(length)
    high = exponent(branch.scale) + 3 * long
    return in_units(branch.objective, branch.target, length, float(np.ldexp(1.0, high - long)))


def inside(units: Rescaled, branch: Branch) -> Branch:
    """Return a branch of ``f`` in `units`."""
    return _in(branch, units, -units.length, -units.height)


def outside(units: Rescaled, branch: Branch) -> Branch:
    """Return a branch in `units` as one of ``f``."""
    with np.errstate(all="ignore"):
        scale = np.ldexp(branch.scale, units.height - 3 * units.length)
        largest = np.ldexp(np.abs(branch.multiplier).max(initial=0.0), units.height - 2 * units.length)
    if not 0 < scale < np.inf or np.isinf(largest):
        raise SearchError(
            f"the multipliers of this branch over its lengths, 2**{units.height - 3 * units.length} and so, are out of "
            "the range of doubles. Rescale f or x"
        )
    return _in(branch, units.f, units.length, units.height)


def _in(branch: Branch, f: Objective, length: int, height: int) -> Branch:
    """Return a branch with its lengths multiplied by ``2**length``, and its values by ``2**height``."""
    multiplier = height - 2 * length
    events = tuple(
        replace(
            event,
            x=np.ldexp(event.x, length),
            rho=float(np.ldexp(event.rho, length)),
            multiplier=float(np.ldexp(event.multiplier, multiplier)),
        )
        for event in branch.events
    )
    with np.errstate(all="ignore"):
        return replace(
            branch,
            objective=f,
            target=np.ldexp(branch.target, length),
            x=np.ldexp(branch.x, length),
            rho=np.ldexp(branch.rho, length),
            multiplier=np.ldexp(branch.multiplier, multiplier),
            scale=float(np.ldexp(branch.scale, multiplier - length)),
            value=np.ldexp(branch.value, height),
            events=events,
        )
