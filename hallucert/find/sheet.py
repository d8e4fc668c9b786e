"""Sheets of hallucinated minimizers: the manifold of Theorem 3.1 for a fixed rho, in floats."""

from __future__ import annotations

from typing import Any

import numpy as np

from hallucert.branch import EndReason
from hallucert.candidate import Candidate
from hallucert.errors import ArgumentError, SearchError
from hallucert.exact import Exact
from hallucert.find.arguments import checked_box, checked_objective, checked_point, checked_radius
from hallucert.find.branch_arguments import checked_control, short
from hallucert.find.continuation import CurvePoint, StepControl, Stop, follow, locate
from hallucert.find.refine import refine
from hallucert.find.sheet_curve import FLAT, SheetCurve, slope
from hallucert.find.sphere import shifted_residual
from hallucert.find.surface import surface
from hallucert.objectives.objective import Objective
from hallucert.radius_law import SAM, RadiusLaw, require_sam
from hallucert.sheet import Sheet
from hallucert.surface import Surface


def sheet(
    f: Objective,
    start: Any,
    rho: Exact | None = None,
    *,
    box: Any = None,
    ds: float | None = None,
    ds_min: float | None = None,
    ds_max: float | None = None,
    max_steps: int = 2000,
    variant: str | RadiusLaw = "sam",
) -> Sheet | Surface:
    """Follow the curve or surface of hallucinated minimizers through `start` for a fixed rho.

    `f` is a sum of squares with one or two residuals fewer than variables, so that the minimizers with ``r = 0`` form
    curves or surfaces. The points ``x`` with ``r(x + rho u(x)) = 0`` and ``g(x) != 0`` are global hallucinated
    minimizers, and form a curve or surface wherever ``A = Dr(x+) J(x)`` has full rank (Theorem 3.1). A curve is
    followed by pseudo-arclength continuation in both directions, unless it closes, to critical points of `f`, where
    ``x+`` is not defined and such curves end. A surface is covered by charts, squares in its tangent planes.

    Parameters
    ----------
    f : Objective
        From `Objective.least_squares`, or a network with squared loss, with ``d - 1`` or ``d - 2`` residuals.
    start : (d,) array-like or Candidate
        Near a hallucinated minimizer with ``r(x+) = 0``.
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

    Returns
    -------
    Sheet or Surface
        The points; `hallucert.certify` proves what can be proved about it.

    Raises
    ------
    ArgumentError
        If an argument is not as above.
    SearchError
        If no hallucinated minimizer with ``r(x+) = 0`` is found near `start`, or ``A`` is rank deficient there.

    Examples
    --------
    >>> ring = Objective.least_squares(["x**2 + y**2 - 1"], n=2)
    >>> curve = sheet(ring, (0.4, 0.3), "1.5")
    >>> curve.closed, round(curve.length / np.pi, 2)
    (True, 1.0)
    """
    require_sam(variant, "sheets are those of SAM; find.hallucinate has single points of other ascent steps")
    if isinstance(start, Candidate):
        if rho is not None:
            raise ArgumentError("rho", rho, "be left out when the start is a candidate")
        if start.law != SAM:
            raise ArgumentError("start", start, 'be a candidate of the variant "sam"')
        start, rho = start.x, start.rho
    free = checked_objective(f).dimension - f.residual_count
    if not f.residual_count or free not in (1, 2):
        had = f"<{f.residual_count} residuals in {f.dimension} variables>"
        raise ArgumentError("f", had, "be a sum of squares with one or two residuals fewer than variables")
    if rho is None:
        raise ArgumentError("rho", rho, "be given")
    radius = checked_radius(rho)
    x, r = checked_point(start, f.dimension, "start"), float(radius)
    control = checked_control(r, ds, ds_min, ds_max, max_steps)
    rows = None if box is None else checked_box(box, f.dimension)
    if free == 2:
        for name, value in (("ds", ds), ("ds_min", ds_min)):
            if value is not None:
                raise ArgumentError(name, value, "be left out for a surface; ds_max is the largest half width")
        return surface(f, refine(f, x, radius).x, radius, rows, None if ds_max is None else control.ds_max, max_steps)
    curve = SheetCurve(f, r)
    first = _first(curve, refine(f, x, radius).x)
    if rows is not None and _outside(rows, first.z) > 0:
        raise ArgumentError("start", short(first.z), "lie in the box")
    forward, end = _run(curve, first, control, rows)
    if end is EndReason.CLOSED:
        return _sheet(f, radius, forward, (end, end))
    backward, begin = _run(curve, CurvePoint(first.z, -first.t), control, rows)
    turned = [CurvePoint(p.z, -p.t) for p in reversed(backward[1:])]
    return _sheet(f, radius, turned + forward, (begin, end))


def _first(curve: SheetCurve, x: np.ndarray) -> CurvePoint:
    """Return the start on the curve; the largest entry of its tangent is positive."""
    a = curve.jacobian(x)
    singular = np.linalg.svd(a, compute_uv=False) if np.isfinite(a).all() else np.zeros(1)
    if not singular[-1] > 1e-9 * singular[0]:
        raise SearchError(f"A = Dr(x+) J is rank deficient at {short(x)}: the solutions need not form a curve there")
    t = curve.tangent(x, np.zeros(x.size))
    t = t * np.sign(t[np.argmax(np.abs(t))])
    z = curve.correct(x, t)
    if z is None or np.linalg.norm(z - x) > 1e-6 * curve.rho:
        size = float(np.linalg.norm(shifted_residual(curve.f, x, curve.rho)))
        raise SearchError(
            f"the residuals do not vanish at x+ for x = {short(x)}, |r(x+)| = {size:.3g}: start elsewhere"
        )
    return CurvePoint(z, curve.tangent(z, t))


def _run(
    curve: SheetCurve, first: CurvePoint, control: StepControl, box: np.ndarray | None
) -> tuple[list[CurvePoint], EndReason]:
    return follow(curve, first, control, _stopping_rule(curve, first, box))


def _stopping_rule(curve: SheetCurve, start: CurvePoint, box: np.ndarray | None) -> Stop:
    """Return the function that `follow` asks after each step."""
    steps, first = 0, slope(curve.f, start.z)

    def stop(here: CurvePoint, there: CurvePoint) -> tuple[CurvePoint, EndReason] | None:
        nonlocal steps
        steps += 1
        if steps > 3 and _passes(here, there, start):
            return start, EndReason.CLOSED
        if slope(curve.f, there.z) < FLAT * first:
            return there, EndReason.CRITICAL_POINT
        if box is not None and _outside(box, there.z) > 0:
            edge = locate(curve, here, there, lambda p: _outside(box, p.z))
            return edge or there, EndReason.BOX
        return None

    return stop


def _outside(box: np.ndarray, x: np.ndarray) -> float:
    """Return how far `x` is outside of the box; negative inside."""
    return float(np.maximum(box[:, 0] - x, x - box[:, 1]).max())


def _passes(here: CurvePoint, there: CurvePoint, start: CurvePoint) -> bool:
    """Tell whether the step goes through the start, in its direction."""
    step, back = there.z - here.z, start.z - here.z
    size = float(np.linalg.norm(step))
    part = float(back @ step) / size**2
    return 0 < part <= 1 and float(np.linalg.norm(back - part * step)) < 0.1 * size and float(start.t @ there.t) > 0.9


def _sheet(f: Objective, rho: Any, points: list[CurvePoint], ends: tuple[EndReason, EndReason]) -> Sheet:
    x = np.array([p.z for p in points])
    g = f.gradient_lanes(x)
    target = x + float(rho) * g / np.linalg.norm(g, axis=1)[:, None]
    return Sheet(f, rho, x, np.array([p.t for p in points]), target, ends)
