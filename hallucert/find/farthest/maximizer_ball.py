"""Step 1 of the existence proof for an isolated maximizer: a ball ``B`` on whose boundary ``f`` is lower."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hallucert.errors import ArgumentError, SearchError
from hallucert.find.critical_points import CriticalPointKind, critical_points
from hallucert.find.linear.signs import critical_kind
from hallucert.find.newton import norms, polished_critical_point
from hallucert.find.rescaled import original, original_multiplier, original_value
from hallucert.find.spheres.sphere import Sphere
from hallucert.objectives.objective import Objective


@dataclass(frozen=True)
class MaximizerBall:
    """The ball ``B`` around an isolated maximizer."""

    centre: np.ndarray  # (d,): the maximizer
    radius: float  # radius of ``B``
    boundary_value: float  # largest ``f`` found on the boundary, and ``f`` at the centre
    maximum: float  # largest ``f`` found on the boundary, and ``f`` at the centre
    # largest ``f`` at a critical point found in ``B`` that is not a maximizer; ``-inf`` if there is none
    critical_value: float


def first_valley(values: np.ndarray, top: float) -> int | None:
    """Return the index of the lowest value before the first clear rise (2 % of the depth), or None."""
    lowest, where = top, None
    for i, value in enumerate(values):
        if where is None and abs(value - top) <= 1e-12 * abs(top):
            continue  # still within rounding of the top
        if not value < top or value > lowest + 0.02 * (top - lowest):
            break
        if value < lowest:
            lowest, where = float(value), i
    return where


def directions(dimension: int, count: int, seed: int) -> np.ndarray:
    """Return unit vectors (k, d): both in one dimension, even in two and three, else random ones and the axes."""
    if dimension == 1:
        return np.array([[-1.0], [1.0]])
    if dimension == 2:
        angle = 2 * np.pi * np.arange(count, dtype=np.float64) / count
        return np.column_stack([np.cos(angle), np.sin(angle)])
    if dimension == 3:
        i = np.arange(count) + 0.5
        turn, z = np.pi * (1 + 5**0.5) * i, 1 - 2 * i / count
        ring = np.sqrt(1 - z**2)
        return np.column_stack([ring * np.cos(turn), ring * np.sin(turn), z])
    normal = np.random.default_rng(seed).standard_normal((count, dimension))
    return np.concatenate([normal / norms(normal)[:, None], np.eye(dimension), -np.eye(dimension)])


def maximizer_ball(f: Objective, maximizer: np.ndarray, target: np.ndarray, seed: int) -> MaximizerBall:
    """Polish the maximizer and choose the ball.

    The radius is the first at which the maximum of ``f`` over the sphere has a minimum: the lowest pass out of the
    neighbourhood of the maximizer, so that as many levels as possible are admissible.
    """
    apart = float(np.linalg.norm(maximizer - target))
    centre: np.ndarray = polished_critical_point(f, maximizer, apart, "maximizer")
    _require_maximizer(f, centre)
    reach = float(np.linalg.norm(centre - target))
    if reach <= 1e-6 * max(apart, float(np.linalg.norm(centre))):
        raise ArgumentError("target", original(f, target).tolist(), "differ from the maximizer")
    maximum = float(f.value_lanes(centre[None, :])[0])
    radii = np.geomspace(1e-4, 2.0, 160 if f.rigorous and f.dimension <= 3 else 48) * reach
    coarse = first_valley(boundary_maxima(f, centre, radii, seed), maximum)
    if coarse is None:
        raise SearchError("f on small spheres around the maximizer is not below its value there: is it isolated?")
    fine = np.linspace(radii[max(coarse - 1, 0)], radii[min(coarse + 1, radii.size - 1)], 25)
    values = boundary_maxima(f, centre, fine, seed)
    values[~np.isfinite(values)] = np.inf
    radius = float(fine[int(np.argmin(values))])
    boundary = float(largest_on_sphere(f, centre, radius, seed, steps=80))
    if not boundary < maximum:
        top = original_value(f, maximum)
        raise SearchError(f"no ball around the maximizer was found on whose boundary f is below {top!r}")
    return MaximizerBall(centre, radius, boundary, maximum, _critical_value(f, centre, radius, maximum, seed))


def boundary_maxima(f: Objective, centre: np.ndarray, radii: np.ndarray, seed: int) -> np.ndarray:
    """Return the maximum of ``f`` over each sphere, (k,): dense sampling for ``d <= 3``, ascent beyond."""
    d = centre.size
    if d > 3:
        return np.array([largest_on_sphere(f, centre, r, seed, steps=15) for r in radii])
    count = {1: 2, 2: 360, 3: 1000}[d] if f.rigorous else {1: 2, 2: 60, 3: 150}[d]
    e = directions(d, count, seed)
    with np.errstate(all="ignore"):
        lanes = (centre + radii[:, None, None] * e).reshape(-1, d)
        return f.value_lanes(lanes).reshape(radii.size, len(e)).max(axis=1)


def largest_on_sphere(f: Objective, centre: np.ndarray, radius: float, seed: int, steps: int) -> float:
    """Return the largest ``f`` found on a sphere; NaN if the sphere leaves the domain."""
    d = centre.size
    x = centre + radius * directions(d, 720 if d == 2 else 1500 if d == 3 else 200, seed)
    with np.errstate(all="ignore"):
        values = f.value_lanes(x)
        if d == 1 or np.isnan(values).any():
            return float(values.max())
        best = np.argsort(-values)[: 64 if d > 3 else 24]
        x = Sphere(f, centre, radius).descend(x[best], -1.0, steps)
        return float(max(values.max(), f.value_lanes(x).max()))


def _require_maximizer(f: Objective, x: np.ndarray) -> None:
    eigenvalues, kind = critical_kind(f, x)
    if kind == "maximizer":
        return
    low, high = (original_multiplier(f, float(value)) for value in eigenvalues[[0, -1]])
    what = kind if kind == "degenerate" else f"a {kind}"
    raise ArgumentError(
        "maximizer",
        original(f, x).tolist(),
        f"be near a local maximizer with negative definite Hessian; the critical point there is {what}, with Hessian "
        f"eigenvalues from {low:.4g} to {high:.4g} (give points of a maximizer set as rows)",
    )


def _critical_value(f: Objective, centre: np.ndarray, radius: float, maximum: float, seed: int) -> float:
    box = np.column_stack([centre - radius, centre + radius])
    starts = 256 if f.rigorous else 32
    values = [
        p.value
        for p in critical_points(f, box, starts, seed)
        if np.linalg.norm(p.x - centre) <= radius and p.kind != CriticalPointKind.MAXIMIZER and p.value < maximum
    ]
    return max(values, default=-np.inf)
