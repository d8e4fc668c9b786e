"""Hallucinated points from one start: Newton next to it, or Gauss-Newton from anywhere, wherever SAM goes."""

from __future__ import annotations

from fractions import Fraction
from typing import overload

import numpy as np

from hallucert.arguments import quiet
from hallucert.clock import Progress, working
from hallucert.errors import SearchError, require
from hallucert.exact import Exact, exact_radius
from hallucert.find.batches import BatchCandidate, ShiftedBatches, units_for
from hallucert.find.candidate import Candidate
from hallucert.find.decay import DecayCandidate, decayed
from hallucert.find.domain import (
    checked_count,
    checked_point,
    checked_radius,
    clear_of_edge,
    defined,
    require_defined,
    same_side,
)
from hallucert.find.levenberg_marquardt import levenberg_marquardt
from hallucert.find.newton import EDGE, Root, gradient_system, least_squares_steps, newton_point, norms
from hallucert.find.rescaled import Rescaled, Unit, in_units, number_text, short
from hallucert.find.shifted import Shifted, slope
from hallucert.objectives.batches import checked_batches
from hallucert.objectives.doors import checked_objective, radius_law, require_sam
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw
from hallucert.settings import checked_double, checked_positive

STEPS = "steps of Newton"


@overload
def refine(
    f: Objective,
    x: object,
    rho: Exact,
    max_steps: int = 100,
    *,
    weight_decay: None = None,
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> Candidate: ...
@overload
def refine(
    f: Objective,
    x: object,
    rho: Exact,
    max_steps: int = 100,
    *,
    weight_decay: Exact,
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> DecayCandidate: ...


@quiet
def refine(
    f: Objective,
    x: object,
    rho: Exact,
    max_steps: int = 100,
    *,
    weight_decay: Exact | None = None,
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> Candidate | DecayCandidate:
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
    weight_decay : exact positive number w, optional
        Of SAM: solve ``g(x+) + w x = 0``, a fixed point of steps with weight decay, which acts at ``x``.
    variant : {"sam", "usam"} or RadiusLaw
        The ascent step; ``x+ = x + rho g(x)`` for "usam".
    progress : bool or callable, optional
        As for `hallucert.find.sheet`.

    Returns
    -------
    Candidate or DecayCandidate
        Its target is the critical point next to ``x+``; with weight decay there is none.

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
    if weight_decay is not None:
        require_sam(law, "weight decay has the ascent step of SAM")
        checked_double(weight_decay, "weight_decay")
    with working(progress=progress) as clock, clock.watched():
        units = in_units(f, start, _checked_start(f, start, float(radius), law), slope(f, start))
        if weight_decay is not None:
            return decayed(units, start, radius, exact_radius(weight_decay, "weight_decay"), steps)
        found = _refined(units, units.inside(start), units.radius(radius, law), steps, law)
        return units.result_outside(found, rho=radius, law=law)


def _refined(f: Objective, start: np.ndarray, radius: Fraction, steps: int, law: RadiusLaw) -> Candidate:
    shifted = Shifted(f, float(radius), law)
    length = shifted.length(start)
    root = _nearest_root(shifted, start, steps, length)
    if not np.isfinite(root.slope) or not np.isfinite(root.residual) or not _defined(f, root.x[None, :]):
        raise SearchError("refine left the domain of f: start from a point nearer to the hallucinated one")
    if not root.solved(length) and _meets_edge(shifted, root, length):
        raise SearchError(
            f"refine stopped at the edge of the domain of f, at {short(f, root.x)}: the next step of Newton, or that "
            "of its x+, would cross it. Start from a point nearer to the hallucinated one"
        )
    if shifted.is_critical(root.x, length):
        raise SearchError(
            f"refine ended at {short(f, root.x)}, where the gradient of f vanishes: an ordinary critical point, "
            "which is not hallucinated. Start from another point"
        )
    if not root.solved(length):
        left, step = number_text(f, root.residual, Unit.GRADIENT), number_text(f, root.step, Unit.LENGTH)
        raise SearchError(
            f"refine did not converge: at {short(f, root.x)} |g(x+)| = {left} and the Newton step is {step} long. "
            f"Continue the SAM run, start nearer, or raise max_steps (now {steps})"
        )
    plus = root.x + law.floats.step(shifted.gradient(root.x), shifted.rho)
    target = newton_point(gradient_system(f), plus, max_steps=20, step_limit=1e-6 * length).x
    if not clear_of_edge(f, np.stack([root.x, target]), EDGE * length).all():
        raise SearchError(
            f"refine ended at {short(f, root.x)} with x or x+ outside of the domain of f or on its edge: start "
            "elsewhere"
        )
    return shifted.candidate(root.x, radius, target)


def _nearest_root(shifted: Shifted, x: np.ndarray, steps: int, length: float) -> Root:
    """Run Newton; in residual form first Gauss-Newton, which is kept if it converges within a quarter of `length`."""
    roots = []

    def allowed(here: np.ndarray, there: np.ndarray) -> bool:
        return same_side(shifted.domain_arguments, here, there)

    if 0 < shifted.f.residual_count <= x.size:
        root = newton_point(shifted.by_residual, x, steps, length, allowed, STEPS)
        if root.solved(length) and np.linalg.norm(root.x - x) <= 0.25 * length:
            return root
        roots.append(root)
    # A target whose residuals are not zero (a saddle, say) solves g(x+) = 0 but not r(x+) = 0.
    roots.append(newton_point(shifted.by_gradient, x, steps, length, allowed, STEPS))
    return min(reversed(roots), key=lambda root: (not root.solved(length), float(np.linalg.norm(root.x - x))))


def _meets_edge(shifted: Shifted, root: Root, length: float) -> bool:
    """Tell whether the full step from where Newton stopped crosses an edge of the domain."""
    r, a = shifted.by_gradient(root.x)
    step = least_squares_steps(a[None], r[None])[0]
    step *= min(1.0, length / max(float(np.linalg.norm(step)), 1e-300))
    return not same_side(shifted.domain_arguments, root.x, root.x + step)


def _checked_start(f: Objective, x: np.ndarray, rho: float, law: RadiusLaw) -> float:
    """Return the length of the step from a start, where that and `f` are defined."""
    g = f.floats.gradient(x[None, :])[0]
    q = float(norms(g[None, :])[0])
    if not np.isfinite(q) or not _defined(f, x[None, :]):
        raise SearchError(f"refine: f or its gradient is not defined (or overflows) at x = {short(f, x)}")
    if q == 0 and law.normalised:
        raise SearchError(f"refine: the gradient is zero at x = {short(f, x)}, so x+ is not defined there")
    if q == 0:
        raise SearchError(f"refine: x = {short(f, x)} is an ordinary critical point of f, where x+ = x")
    ascent = rho * law.floats.direction(g)[1]
    if not _defined(f, (x + ascent)[None, :]):
        raise SearchError(f"refine: f or its gradient is not defined (or overflows) at x+ of x = {short(f, x)}")
    return Shifted(f, rho, law).length(x)


def _defined(f: Objective, x: np.ndarray) -> bool:
    """Tell whether ``f`` is defined on the lanes, and its gradient finite."""
    return bool(defined(f, x).all() and np.isfinite(f.floats.gradient(x)).all())


@overload
def hallucinate(
    f: Objective,
    start: object,
    rho: Exact,
    max_steps: int = 500,
    tolerance: float | None = None,
    *,
    batches: None = None,
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> Candidate: ...
@overload
def hallucinate(
    f: Objective,
    start: object,
    rho: Exact,
    max_steps: int = 500,
    tolerance: float | None = None,
    *,
    batches: object,
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> BatchCandidate: ...


@quiet
def hallucinate(
    f: Objective,
    start: object,
    rho: Exact,
    max_steps: int = 500,
    tolerance: float | None = None,
    *,
    batches: object = None,
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> Candidate | BatchCandidate:
    """Solve ``r(x + rho u(x)) = 0`` from `start` by Levenberg-Marquardt (residual form).

    A solution with nonzero gradient is a global hallucinated minimizer, whatever SAM does there. With ``m`` residuals
    a step costs ``m`` Hessian-vector products and an ``m`` by ``m`` solve; no Hessian is formed, so `d` may be large.
    With `batches` it solves ``r_b(x + rho u_b(x)) = 0`` for all of them at once: then `x` is a fixed point of the steps
    with each batch. Under USAM every zero of ``r`` is a solution, too, and a start near one ends there: an error.

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
        Largest ``|r(x+)|`` that is accepted; by default `SOLVED` (1e-9) of ``|r(x)|``, in whatever units. Beyond it
        steps go on as long as they win a digit.
    batches : int, or lists of int, optional
        Of SAM: a fixed partition of the samples of a network, or of the residuals of other objectives, each batch with
        a gradient of its own. The size of batches of consecutive samples, or lists of their numbers from 0; with 1
        each sample has its own (m-sharpness).
    variant : {"sam", "usam"} or RadiusLaw
        The ascent step; ``x+ = x + rho g(x)`` for "usam", `RadiusLaw` for ASAM.
    progress : bool or callable, optional
        As for `hallucert.find.sheet`.

    Returns
    -------
    Candidate or BatchCandidate
        Its target is ``x+``, a zero of ``r``; with batches one for each.

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
    require(0 < f.residual_count <= d, "f", f, "be in residual form with at most as many residuals as variables")
    x = checked_point(start, d, "start")
    radius, steps = checked_radius(rho, law=law), checked_count(max_steps, "max_steps")
    tolerance = None if tolerance is None else checked_positive(tolerance, "tolerance")
    if batches is not None:
        require_sam(law, "mini-batches have the ascent step of SAM")
        parts = checked_batches(f, batches)
    units = _units_of_start(f, x, float(radius), law) if batches is None else units_for(f, x, float(radius), parts)
    small = None if tolerance is None else units.number_inside(tolerance, Unit.RESIDUAL)
    inside = units.radius(radius, law)
    with working(progress=progress) as clock, clock.watched():
        if batches is not None:
            solution = _solved(ShiftedBatches(units, float(inside), parts), units.inside(x), steps, small)
            return ShiftedBatches(f, float(radius), parts).candidate_of(units.outside(solution), radius)
        shifted = Shifted(units, float(inside), law)
        solution = _solved(shifted, units.inside(x), steps, small)
        found = shifted.candidate(solution, inside, shifted.targets(solution)[0])
    return units.result_outside(found, rho=radius, law=law)


def _units_of_start(f: Objective, x: np.ndarray, radius: float, law: RadiusLaw) -> Rescaled:
    """Return `f` in units of the first step, which must lead to where it is defined."""
    require_defined(f, x, "start")
    shifted = x + radius * law.floats.direction(f.floats.gradient(x[None, :])[0])[1]
    if np.isfinite(shifted).all() and not defined(f, shifted[None, :])[0]:
        where = short(f, shifted)
        raise SearchError(f"f is not defined at x+ = {where} of the start: try another start, or another rho")
    length, steepness = Shifted(f, radius, law).length(x), slope(f, x)
    if not (0 < length < np.inf and 0 < steepness < np.inf):
        raise SearchError(f"hallucinate: the gradient vanishes or overflows at the start {short(f, x)}: try another")
    return in_units(f, x, length, steepness)


def _solved(shifted: Shifted, x: np.ndarray, steps: int, tolerance: float | None) -> np.ndarray:
    """Return the solution that Levenberg and Marquardt come to, after checking that it is one and hallucinated."""
    f, law = shifted.f, shifted.law
    x, size, solved, at_edge = levenberg_marquardt(shifted, x, steps, tolerance)
    left = number_text(f, size, Unit.RESIDUAL)
    if not solved and at_edge:
        raise SearchError(
            f"hallucinate stopped at the edge of the domain of f, with |r(x+)| = {left} at x = "
            f"{short(f, x)}: further steps of x or of x+ would cross it. Try another start, or another rho"
        )
    if not solved:
        raise SearchError(
            f"hallucinate did not converge: |r(x+)| = {left} after at most {steps} steps, where |g| = "
            f"{number_text(f, slope(f, x), Unit.GRADIENT)}. Try another start, another rho, or raise max_steps"
        )
    if shifted.is_critical(x, shifted.length(x)):
        hint = "" if law.normalised else " farther from the minimizers of f, or a larger rho"
        q = number_text(f, shifted.slope(x), Unit.GRADIENT)
        raise SearchError(f"hallucinate ended where |g| = {q}: an ordinary critical point. Try another start{hint}")
    if not clear_of_edge(f, np.stack([x, *shifted.targets(x)]), EDGE * float(norms(x[None, :])[0])).all():
        raise SearchError(
            f"hallucinate ended at {short(f, x)} with x or x+ on the edge of the domain of f: start elsewhere"
        )
    return x
