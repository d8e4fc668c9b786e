"""Sheets of hallucinated minimizers: the manifold of Theorem 3.1 for a fixed rho, in floats."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hallucert.arguments import quiet
from hallucert.clock import Progress, working
from hallucert.errors import ArgumentError, SearchError, require
from hallucert.exact import Exact
from hallucert.find.candidate import Candidate
from hallucert.find.curves.continuation import CurvePoint, StepControl, both_ways, box_limits, checked_options, follow
from hallucert.find.curves.records import EndReason, Sheet, Surface
from hallucert.find.curves.sheet_curve import SheetCurve, stopping_rule
from hallucert.find.curves.surface import surface
from hallucert.find.domain import Edges, checked_point, checked_radius
from hallucert.find.eigenvalues import eigvalsh
from hallucert.find.refine import refine
from hallucert.find.rescaled import Unit, in_units, number_text, short
from hallucert.find.shifted import Shifted, slope
from hallucert.objectives.doors import checked_objective, require_sam
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw

KERNEL = 1e-8  # of the largest eigenvalue at the target, and of ``|g|/rho``: smaller ones count as zero


@quiet
def sheet(
    f: Objective,
    start: object,
    rho: Exact | None = None,
    *,
    box: object = None,
    ds: float | None = None,
    ds_min: float | None = None,
    ds_max: float | None = None,
    max_steps: int = 2000,
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> Sheet | Surface:
    """Follow the curve or surface of hallucinated minimizers through `start` for a fixed rho.

    For a sum of squares with one or two residuals fewer than variables points ``x`` with ``r(x + rho u(x)) = 0`` and
    ``g(x) != 0`` are global hallucinated minimizers; they form a curve or surface wherever ``A = Dr(x+) J(x)`` has full
    rank (Theorem 3.1). For any other function the points with ``g(x + rho u(x)) = 0`` form a curve wherever
    ``M = H(x+) J(x)`` has rank ``d - 1``, as where critical points form curves: in floats only.

    A curve is followed by pseudo-arclength continuation, in both directions unless it closes (meets the plane across
    its start there, in its direction): to critical points of `f` with a target near at the distance rho, where such
    curves end, to points where the rank drops (``"branch point"``), and to the edge of the domain, which neither ``x``
    nor ``x+`` crosses. A surface is covered by charts, squares in its tangent planes.

    Parameters
    ----------
    f : Objective
        With at least two variables; for surfaces in residual form, with ``d - 2`` residuals.
    start : (d,) array-like or Candidate
        Near a point with ``r(x+) = 0``, or with ``g(x+) = 0`` where there are not ``d - 1`` or ``d - 2`` residuals.
    rho : exact positive number
        The radius; left out if `start` is a candidate.
    box : (d, 2) array-like, optional
        The curve ends where ``x`` leaves it; charts have their centres inside.
    ds, ds_min, ds_max : float, optional
        First, shortest and longest step; by default 0.02, 1e-9 and 0.1 of rho. For a surface only `ds_max`, the largest
        half width of a chart, by default 0.2 of rho.
    max_steps : int
        Most steps in one direction, or most charts.
    variant : {"sam"}
        The ascent step: sheets are those of SAM.
    progress : bool or callable, optional
        Show how far it is: by default on a terminal, after a second. A function gets the step, how much is done, and of
        how much (None if that is not known).

    Returns
    -------
    Sheet or Surface
        The points; `hallucert.certify` proves what can be proved about it, for sums of squares.

    Raises
    ------
    ArgumentError
        If an argument is not as above.
    SearchError
        If no such point is found near `start`, or the rank is too small there; if its target is isolated, or lies on
        a surface of critical points of a function that is not given as a sum of squares.

    Examples
    --------
    >>> ring = Objective.least_squares(["x**2 + y**2 - 1"], n=2)
    >>> curve = sheet(ring, (0.4, 0.3), "1.5")
    >>> curve.closed, round(curve.length / np.pi, 2)
    (True, 1.0)
    """
    require_sam(variant, "sheets are those of SAM; find.hallucinate has single points of other ascent steps")
    if isinstance(start, Candidate):
        start, rho = _of_candidate(start, rho)
    free = _free_dimensions(checked_objective(f))
    require(rho is not None, "rho", rho, "be given")
    radius, x = checked_radius(rho), checked_point(start, f.dimension, "start")
    options = checked_options(f, box, {"ds": ds, "ds_min": ds_min, "ds_max": ds_max}, max_steps)
    units = in_units(f, x, float(radius), slope(f, x))
    options, inner = options.inside(units), units.radius(radius)
    control = options.control(float(inner))
    for name in ("ds", "ds_min"):
        if free == 2 and name in options.lengths:
            given = ds if name == "ds" else ds_min
            raise ArgumentError(name, given, "be left out for a surface; ds_max is the largest half width")
    with working(progress=progress) as clock, clock.watched():
        near = _near(units, units.inside(x), inner)
        found = surface(units, near.x, inner, options) if free == 2 else _curve(units, near, control, options.box)
        return units.result_outside(found, rho=radius)


def _near(f: Objective, x: np.ndarray, rho: Fraction) -> Candidate:
    """Return a point near the start."""
    try:
        return refine(f, x, rho)
    except SearchError as error:
        if f.n is None:
            raise
        raise SearchError(f"{error}. hallucert.find.hallucinate(f, start, rho) seeks from farther away") from None


def _of_candidate(start: Candidate, rho: object) -> tuple[np.ndarray, Fraction]:
    """Return the point and radius of a candidate."""
    require(rho is None, "rho", rho, "be left out when the start is a candidate")
    require(start.law == SAM, "start", start, 'be a candidate of the variant "sam"')
    return start.x, start.rho


def _curve(f: Objective, near: Candidate, control: StepControl, box: np.ndarray | None) -> Sheet:
    """Follow the curve through a point."""
    curve = SheetCurve(f, float(near.rho))
    if not curve.by_residuals:
        _require_curve_of_targets(f, near.target, near.multiplier)
    first = _first(curve, near.x)
    if not all(limit.keeps(first) for limit in box_limits(box)):
        raise ArgumentError("start", short(f, first.z), "lie in the box")
    edges = Edges(Shifted(f, curve.rho).domain_arguments, first.z.size)

    def run(start: CurvePoint) -> tuple[list[CurvePoint], EndReason]:
        stop = stopping_rule(curve, start, box)
        return follow(curve, start, control, stop, lambda p: curve.step_bound(p, control), edges, curve.same_sense)

    points, ends = both_ways(run, first)
    x = np.array([p.z for p in points])
    target = x + curve.rho * SAM.floats.direction(f.floats.gradient(x))[1]
    found = Sheet(f, near.rho, x, np.array([p.t for p in points]), target, ends)
    if set(ends) == {EndReason.DS_MIN} and found.length < control.ds:
        raise SearchError(
            f"no curve was found through {short(f, first.z)}: on both sides steps fail within "
            f"{number_text(f, control.ds, Unit.LENGTH)}. The target {short(f, target[0])} may be isolated with a "
            "singular Hessian, or the rank drops nearby"
        )
    return found


def _free_dimensions(f: Objective) -> int:
    """Return 2 if the minimizers of a sum of squares form surfaces, else 1: a curve has to be looked for."""
    require(f.dimension >= 2, "f", f, "have at least two variables: hallucinated points of one variable form no curves")
    free = f.dimension - f.residual_count
    if f.residual_count and free > 2:
        had = f"<{f.residual_count} residuals in {f.dimension} variables>"
        raise ArgumentError("f", had, "have one or two residuals fewer than variables: dimension two is the largest")
    return free if f.residual_count and free == 2 else 1


def _require_curve_of_targets(f: Objective, target: np.ndarray, multiplier: float) -> None:
    """Raise unless exactly one eigenvalue of ``H(x+)`` is zero to floats, compared to ``lambda = |g|/rho`` as well."""
    values = np.abs(eigvalsh(f.floats.hessian(target[None, :])[0]))
    kernel = int((values <= KERNEL * max(values.max(), multiplier)).sum())
    if kernel == 0:
        raise SearchError(
            f"the target {short(f, target)} is an isolated critical point, and so is the hallucinated point for this "
            "rho: use find.branch, which follows it as rho changes"
        )
    if kernel > 1:
        raise SearchError(
            f"{kernel} eigenvalues of the Hessian at the target {short(f, target)} are zero, one is needed for a "
            "curve. Surfaces are found for sums of squares (Objective.least_squares) with two residuals fewer than "
            "variables"
        )


def _first(curve: SheetCurve, x: np.ndarray) -> CurvePoint:
    """Return the start on the curve; the largest entry of its tangent is positive."""
    if curve.is_singular(x):
        name = "A = Dr(x+) J" if curve.by_residuals else "M = H(x+) J"
        raise SearchError(f"{name} is rank deficient at {short(curve.f, x)}: the solutions need not form a curve there")
    t = curve.tangent(x, np.zeros(x.size))
    t = t * np.sign(t[np.argmax(np.abs(t))])
    z = curve.correct(x, t)
    if z is None or np.linalg.norm(z - x) > 1e-6 * curve.rho:
        what = "the residuals do not" if curve.by_residuals else "the gradient does not"
        value = float(np.linalg.norm(curve.equations(x)[0]))
        size = number_text(curve.f, value, Unit.RESIDUAL if curve.by_residuals else Unit.GRADIENT)
        raise SearchError(f"{what} vanish at x+ for x = {short(curve.f, x)}, the size is {size}: start elsewhere")
    return CurvePoint(z, curve.tangent(z, t))
