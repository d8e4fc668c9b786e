"""Constructing a hallucinated minimizer of a least-squares objective from any start, whether or not SAM goes there."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.arguments import checked_positive, quiet
from hallucert.clock import Progress, look, working
from hallucert.errors import ArgumentError, SearchError
from hallucert.exact import Exact
from hallucert.find.arguments import checked_count, checked_objective, checked_point, checked_radius
from hallucert.find.candidate import Candidate
from hallucert.find.domain import arguments_with_ascent, clear_of_edge, defined, require_defined, same_side
from hallucert.find.newton import EDGE, SOLVED, norms
from hallucert.find.rescaled import gradient_of, in_units, residual_of, short
from hallucert.find.spheres.sphere import (
    gradient_vanishes,
    shifted_residual,
    shifted_residual_jacobian,
    sphere_kind,
    step_length,
)
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw, radius_law


@quiet
def hallucinate(
    f: Objective,
    start: Any,
    rho: Exact,
    max_steps: int = 500,
    tolerance: float | None = None,
    *,
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> Candidate:
    """Solve ``r(x + rho u(x)) = 0`` from `start` by Levenberg-Marquardt (residual form).

    Under USAM every zero of ``r`` solves it, too, and a start near one ends there: that is an error.

    A solution with nonzero gradient is a global hallucinated minimizer, whatever SAM does there. With ``m`` residuals
    a step costs ``m`` Hessian-vector products and an ``m`` by ``m`` solve; no Hessian is formed, so `d` may be large.

    Parameters
    ----------
    f : Objective
        In residual form with ``m <= d`` residuals: `Objective.least_squares`, a network with squared loss.
    start : (d,) array-like
        Any point with nonzero gradient, for example random weights.
    rho : int, float, str or Fraction
        Radius, positive and exact.
    max_steps : int
        Most steps.
    tolerance : float, optional
        Largest ``|r(x+)|`` that is accepted; by default `SOLVED` (1e-9) of ``|A| |x+ - x|``, ``A`` the derivative of
        ``r(x+)``, in whatever units. Beyond it steps go on as long as they win a digit.
    variant : {"sam", "usam"} or RadiusLaw
        The ascent step; ``x+ = x + rho g(x)`` for "usam", `RadiusLaw` for ASAM.
    progress : bool or callable, optional
        As for `hallucert.find.sheet`.

    Returns
    -------
    Candidate
        Its target is ``x+``, a zero of ``r``.

    Raises
    ------
    ArgumentError
        If the objective has no residual form, or more residuals than variables, or an argument is not as above, such
        as a start where `f` is not defined.
    SearchError
        If the iteration ends above `tolerance`, which may be at the edge of the domain, or where the gradient vanishes.

    Examples
    --------
    >>> f = Objective.least_squares(["x**2 + y**2 - 1"])
    >>> float(abs(np.linalg.norm(hallucinate(f, (0.2, 0.4), "1.5").x) - 0.5)) < 1e-12
    True
    """
    d = checked_objective(f).dimension
    law = radius_law(variant, d)
    if not 0 < f.residual_count <= d:
        raise ArgumentError("f", f, "be in residual form with at most as many residuals as variables")
    x = checked_point(start, d, "start")
    radius, steps = checked_radius(rho, law=law), checked_count(max_steps, "max_steps")
    tolerance = None if tolerance is None else checked_positive(tolerance, "tolerance")
    require_defined(f, x, "start")
    shifted = x + float(radius) * law.floats.direction_at(f.gradient_lanes(x[None, :])[0])[1]
    if np.isfinite(shifted).all() and not defined(f, shifted[None, :])[0]:
        where = short(f, shifted)
        raise SearchError(f"f is not defined at x+ = {where} of the start: try another start, or another rho")
    length, slope = step_length(f, x, float(radius), law), float(norms(f.gradient_lanes(x[None, :]))[0])
    if not (0 < length < np.inf and 0 < slope < np.inf):
        raise SearchError(f"hallucinate: the gradient vanishes or overflows at the start {short(f, x)}: try another")
    units = in_units(f, x, length, slope)
    small = None if tolerance is None else units.residual_inside(tolerance)
    with working(progress=progress) as clock, clock.watched():
        found = _hallucinated(units, units.inside(x), units.radius(radius, law), steps, small, law)
    return units.original(found, radius, law)


def _hallucinated(
    f: Objective, x: np.ndarray, radius: Fraction, steps: int, tolerance: float | None, law: RadiusLaw
) -> Candidate:
    x, size, solved, at_edge = _levenberg_marquardt(f, x, float(radius), steps, tolerance, law)
    if not solved and at_edge:
        raise SearchError(
            f"hallucinate stopped at the edge of the domain of f, with |r(x+)| = {residual_of(f, size)} at x = "
            f"{short(f, x)}: further steps of x or of x+ would cross it. Try another start, or another rho"
        )
    if not solved:
        raise SearchError(
            f"hallucinate did not converge: |r(x+)| = {residual_of(f, size)} after at most {steps} steps. "
            "Try another start, another rho, or raise max_steps"
        )
    candidate = _candidate(f, x, radius, law)
    if not clear_of_edge(f, np.stack([candidate.x, candidate.target]), EDGE * float(norms(x[None, :])[0])).all():
        raise SearchError(
            f"hallucinate ended at {short(f, x)} with x or x+ on the edge of the domain of f: start elsewhere"
        )
    return candidate


def _levenberg_marquardt(
    f: Objective, x: np.ndarray, rho: float, max_steps: int, tolerance: float | None, law: RadiusLaw
) -> tuple[np.ndarray, float, bool, bool]:
    """Lower ``|r|`` by steps ``-A^T (A A^T + mu I)^{-1} r``; ``mu`` falls after a good step and rises after a bad one.

    The normal equations are those of the ``m`` residuals, so that a step lies in the row space of ``A``; ``A`` is
    computed where a step was accepted, not at every trial. Runs past `tolerance` as long as full steps keep lowering
    ``|r|``: the last digits are nearly free. Steps on which x or x+ would cross an edge of the domain are bad ones;
    returned is also whether ``|r|`` is small enough, and whether the last bad step was such a step.
    """
    arguments, at_edge, enough = arguments_with_ascent(f, rho, law), False, tolerance or 0.0
    with np.errstate(all="ignore"):
        r = shifted_residual(f, x, rho, law)
        size, damping = float(np.linalg.norm(r)), 1e-3
        moved = True
        for step in range(max_steps):
            look("steps of Levenberg and Marquardt", step, max_steps)
            if moved:
                if not np.isfinite(size) or size == 0:
                    break
                a = shifted_residual_jacobian(f, x, rho, law)
                gram = a @ a.T
                if not (np.isfinite(gram).all() and gram.any()):
                    break
                scale = float(np.trace(gram)) / len(r)
                if tolerance is None:
                    enough = SOLVED * float(np.linalg.norm(a)) * step_length(f, x, rho, law)
            trial = x - a.T @ np.linalg.solve(gram + damping * scale * np.eye(len(r)), r)
            trial_r = shifted_residual(f, trial, rho, law)
            trial_size = float(np.linalg.norm(trial_r))
            better = trial_size < size
            at_edge = not np.isfinite(trial_size) or (better and not same_side(arguments, x, trial))
            moved = better and not at_edge
            if moved:
                stalled = size <= enough and trial_size > 0.5 * size
                x, r, size, damping = trial, trial_r, trial_size, max(damping / 10, 1e-15)
                if stalled:
                    break
            elif size <= enough or damping > 1e12:
                break
            else:
                damping *= 10
    return x, size, size <= enough, at_edge


def _candidate(f: Objective, x: np.ndarray, rho: Fraction, law: RadiusLaw) -> Candidate:
    radius = float(rho)
    g = f.gradient_lanes(x[None, :])[0]
    # Unnormalised, x+ is as near to a critical point as x itself, so only the size of x tells what is near.
    length = step_length(f, x, radius, law)
    if gradient_vanishes(f, x, length if law.normalised else max(length, float(np.linalg.norm(x)))):
        hint = "" if law.normalised else " farther from the minimizers of f, or a larger rho"
        q = gradient_of(f, float(np.linalg.norm(g)))
        raise SearchError(f"hallucinate ended where |g| = {q}: an ordinary critical point. Try another start{hint}")
    size, u = law.floats.direction_at(g)
    return Candidate(f, x, rho, x + radius * u, float(size) / radius, sphere_kind(f, x, radius, law), law=law)
