"""Newton to a hallucinated point from a nearby one, with the target unknown."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.arguments import quiet
from hallucert.clock import Progress, working
from hallucert.errors import SearchError
from hallucert.exact import Exact
from hallucert.find.arguments import checked_count, checked_objective, checked_point, checked_radius
from hallucert.find.candidate import Candidate
from hallucert.find.domain import arguments_with_ascent, clear_of_edge, defined, same_side
from hallucert.find.newton import EDGE, Root, gradient_system, least_squares_steps, newton_point, norms
from hallucert.find.rescaled import gradient_of, in_units, length_of, short
from hallucert.find.spheres.sphere import (
    gradient_vanishes,
    shifted_gradient_system,
    shifted_residual_system,
    sphere_kind,
    step_length,
)
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw, radius_law

STEPS = "steps of Newton"


@quiet
def refine(
    f: Objective,
    x: Any,
    rho: Exact,
    max_steps: int = 100,
    *,
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> Candidate:
    """Return the hallucinated point next to `x`, for example next to the end of a SAM run.

    Solves ``F(x) = g(x + rho u(x)) = 0`` by damped Newton with the SAM matrix ``H(x+) J``; its least-squares steps
    also converge when the target lies on a manifold of minimizers. Objectives in residual form with ``m <= d``
    residuals are first solved in that form (residual form): Gauss-Newton on ``r(x+) = 0`` with ``A = Dr(x+) J``.

    Parameters
    ----------
    f : Objective
        The function.
    x : (d,) array-like
        Start, where the gradient is not zero.
    rho : int, float, str or Fraction
        Radius, positive and exact.
    max_steps : int
        Most Newton steps.
    variant : {"sam", "usam"} or RadiusLaw
        The ascent step; ``x+ = x + rho g(x)`` for "usam".
    progress : bool or callable, optional
        As for `hallucert.find.sheet`.

    Returns
    -------
    Candidate
        Its target is the critical point next to ``x+``.

    Raises
    ------
    ArgumentError
        If an argument is not as above.
    SearchError
        If the start is outside the domain or has zero gradient, if Newton does not converge, or if it converges to a
        point where the gradient itself vanishes: an ordinary critical point.

    Examples
    --------
    >>> f = Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    >>> refine(f, (-0.45, 0.01), "1.5").x.round(12) + 0.0
    array([-0.5,  0. ])
    """
    d = checked_objective(f).dimension
    law = radius_law(variant, d)
    start = checked_point(x, d, "x")
    radius = checked_radius(rho, law=law)
    steps = checked_count(max_steps, "max_steps")
    with working(progress=progress) as clock, clock.watched():
        length = _checked_start(f, start, float(radius), law)
        units = in_units(f, start, length, float(norms(f.gradient_lanes(start[None, :]))[0]))
        found = _refined(units, units.inside(start), units.radius(radius, law), steps, law)
        return units.original(found, radius, law)


def _refined(f: Objective, start: np.ndarray, radius: Fraction, steps: int, law: RadiusLaw) -> Candidate:
    r = float(radius)
    length = step_length(f, start, r, law)
    root = _nearest_root(f, start, r, steps, length, law)
    if not np.isfinite(root.slope) or not np.isfinite(root.residual) or not _defined(f, root.x[None, :]):
        raise SearchError("refine left the domain of f: start from a point nearer to the hallucinated one")
    if not root.solved(length) and _meets_edge(f, root, r, length, law):
        raise SearchError(
            f"refine stopped at the edge of the domain of f, at {short(f, root.x)}: the next step of Newton, or that "
            "of its x+, would cross it. Start from a point nearer to the hallucinated one"
        )
    # Unnormalised, x+ is as near to a critical point as x itself, so only the size of x tells what is near.
    if gradient_vanishes(f, root.x, length if law.normalised else max(length, float(np.linalg.norm(root.x)))):
        raise SearchError(
            f"refine ended at {short(f, root.x)}, where the gradient of f vanishes: an ordinary critical point, "
            "which is not hallucinated. Start from another point"
        )
    if not root.solved(length):
        raise SearchError(
            f"refine did not converge: at {short(f, root.x)} |g(x+)| = {gradient_of(f, root.residual)} and the Newton "
            f"step is {length_of(f, root.step)} long. Continue the SAM run, start nearer, or raise max_steps (now "
            f"{steps})"
        )
    candidate = _candidate(f, root.x, radius, length, law)
    ends = np.stack([candidate.x, candidate.target])
    if not clear_of_edge(f, ends, EDGE * length).all():
        raise SearchError(
            f"refine ended at {short(f, root.x)} with x or x+ outside of the domain of f or on its edge: start "
            "elsewhere"
        )
    return candidate


def _nearest_root(f: Objective, x: np.ndarray, rho: float, steps: int, length: float, law: RadiusLaw) -> Root:
    """Run Newton; in residual form first Gauss-Newton, which is kept if it converges within a quarter of `length`."""
    roots, arguments = [], arguments_with_ascent(f, rho, law)

    def allowed(here: np.ndarray, there: np.ndarray) -> bool:
        return same_side(arguments, here, there)

    if 0 < f.residual_count <= f.dimension:
        root = newton_point(shifted_residual_system(f, rho, law), x, steps, length, allowed, STEPS)
        if root.solved(length) and np.linalg.norm(root.x - x) <= 0.25 * length:
            return root
        roots.append(root)
    # A target whose residuals are not zero (a saddle, say) solves g(x+) = 0 but not r(x+) = 0.
    roots.append(newton_point(shifted_gradient_system(f, rho, law), x, steps, length, allowed, STEPS))
    return min(reversed(roots), key=lambda root: (not root.solved(length), float(np.linalg.norm(root.x - x))))


def _meets_edge(f: Objective, root: Root, rho: float, length: float, law: RadiusLaw) -> bool:
    """Tell whether the full step from where Newton stopped crosses an edge of the domain."""
    with np.errstate(all="ignore"):
        r, a = shifted_gradient_system(f, rho, law)(root.x)
    step = least_squares_steps(a[None], r[None])[0]
    step *= min(1.0, length / max(float(np.linalg.norm(step)), 1e-300))
    return not same_side(arguments_with_ascent(f, rho, law), root.x, root.x + step)


def _checked_start(f: Objective, x: np.ndarray, rho: float, law: RadiusLaw) -> float:
    """Return the length scale of the search, see `step_length`."""
    with np.errstate(all="ignore"):
        g = f.gradient_lanes(x[None, :])[0]
        q = float(norms(g[None, :])[0])
        if not np.isfinite(q) or not _defined(f, x[None, :]):
            raise SearchError(f"refine: f or its gradient is not defined (or overflows) at x = {short(f, x)}")
        if q == 0 and law.normalised:
            raise SearchError(f"refine: the gradient is zero at x = {short(f, x)}, so x+ is not defined there")
        if q == 0:
            raise SearchError(f"refine: x = {short(f, x)} is an ordinary critical point of f, where x+ = x")
        ascent = rho * law.floats.direction_at(g)[1]
        if not _defined(f, (x + ascent)[None, :]):
            raise SearchError(f"refine: f or its gradient is not defined (or overflows) at x+ of x = {short(f, x)}")
    return step_length(f, x, rho, law)


def _defined(f: Objective, x: np.ndarray) -> bool:
    """Tell whether ``f`` is defined on the lanes, and its gradient finite."""
    with np.errstate(all="ignore"):
        return bool(defined(f, x).all() and np.isfinite(f.gradient_lanes(x)).all())


def _candidate(f: Objective, x: np.ndarray, rho: Any, length: float, law: RadiusLaw) -> Candidate:
    r = float(rho)
    g = f.gradient_lanes(x[None, :])[0]
    size = float(law.floats.direction_at(g)[0])
    target = newton_point(gradient_system(f), x + law.floats.step_at(g, r), max_steps=20, step_limit=1e-6 * length).x
    return Candidate(f, x, rho, target, size / r, sphere_kind(f, x, r, law), law=law)
