"""Where there are none: certified safe radii, and the smallest radius with a hallucinated point of a target."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.arguments import checked_real, checked_seconds, checked_whole, quiet
from hallucert.arrays import checked_box, exact_box, exact_point
from hallucert.balls import arithmetic, require_round_to_nearest
from hallucert.check.census.records import CriticalPoint
from hallucert.check.claim import Claim
from hallucert.check.reason import Reason
from hallucert.check.region import safe_radius as absence
from hallucert.check.region.convexity import is_convex
from hallucert.check.region.safe_radius import SafeRadius, usam_safe_radius
from hallucert.check.region.weak_convexity import WeakConvexity
from hallucert.check.subdivision import middle_of
from hallucert.check.units import CALLER, MOST, OCTAVES, Units, box_units, units_of
from hallucert.clock import Progress, working
from hallucert.errors import ArgumentError, require
from hallucert.exact import LARGEST_DOUBLE, Exact, exact_radius
from hallucert.objectives.doors import checked_formula, checked_objective, radius_law, require_sam
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw
from hallucert.prove.absence import critical_rho as shells
from hallucert.prove.absence.critical_rho import CriticalRho
from hallucert.prove.census.naming import FloatPoints
from hallucert.prove.regions import subdivide
from hallucert.settings import checked_positive

MAX_BOXES = 400_000
MAX_PIECES = 20_000  # of `certify_usam_absence`
NOISE = 2.0**-40  # an eigenvalue is negative if it is below that part of the largest, as far as units are concerned

# Relative width of the safe radius at which `critical_rho` begins: a search of shells is faster than one of balls.
BEGINNING = 0.25


@quiet
def safe_radius(
    f: Objective,
    target: Any,
    *,
    box: Any = None,
    rtol: float = 1e-3,
    max_boxes: int = MAX_BOXES,
    budget: float = math.inf,
    backend: str = "float",
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> SafeRadius:
    """Certify a radius such that no hallucinated point has the target, for any smaller ``rho``.

    For SAM it is that of a ball on which `f` is convex. For USAM, whose points may lie anywhere, it is the reciprocal
    of the modulus of weak convexity on `box`, and no point of the box has a target in the box; minimizers, saddles
    and maximizers alike (`hallucert.check.region.safe_radius`).

    Parameters
    ----------
    f : Objective
        A function of at most 4 variables, given as a formula or as residuals.
    target : (d,) array-like of exact numbers
        A point near a critical point of `f`. A degenerate critical point, such as that of ``x**4 + y**4``, must be
        given exactly.
    box : (d, 2) array-like, optional
        For USAM, where it may be left out only if `f` is convex: rows ``(low, high)`` of numbers that are doubles
        exactly, with the target inside.
    rtol : float
        Wanted relative width of the bracket of the largest radius of a ball on which `f` is convex; for USAM of the
        bracket of the largest radius for which the theorem holds.
    max_boxes : int
        Budget of boxes; a spent one leaves a wider bracket.
    budget : float
        Budget of time.
    backend : {"float", "arb", "mpmath"}
        Arithmetic of the search.
    variant : {"sam", "usam"}
        The ascent step; ``x+ = x + rho g(x)`` for "usam".
    progress : bool or callable, optional
        As for `hallucert.certify`.

    Returns
    -------
    SafeRadius
        Its claim is ``no_hallucination``; for a convex function every radius is safe. Its `ended` says why the bracket
        is wider than asked, if it is.

    Raises
    ------
    ArgumentError
        If no critical point is proved near `target`, or for malformed arguments.
    NotAnalyticError
        If the objective is float-only.

    Examples
    --------
    >>> import hallucert as hc
    >>> f = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    >>> safe = hc.safe_radius(f, [1, 0])  # f'' = 3 x^2 - 1 is 0 at 1/sqrt(3)
    >>> abs(float(safe) - (1 - 3**-0.5)) < 1e-3
    True

    There ``H >= -1``, with equality at x = 0, so USAM has no points in a box for ``rho < 1``:

    >>> safe = hc.safe_radius(f, [1, 0], box=[(-2, 2), (-2, 2)], variant="usam")
    >>> 0.999 < float(safe) < 1
    True
    """
    function, point = _checked(f, target)
    rtol, max_boxes, budget = _checked_budgets(rtol, max_boxes, budget)
    law = radius_law(variant, f.dimension) if not isinstance(variant, RadiusLaw) else variant
    require(not law.scales, "variant", law, 'be "sam" or "usam"; points of ASAM are those of SAM for f(D y)')
    require(law != SAM or box is None, "box", box, 'be left out, unless variant is "usam"')
    with working(budget, progress) as clock:
        units = curvature_units(function, point)
        critical = absence.prove_target(function, point, unit=Fraction(2) ** units.length)
        if law != SAM:
            region = _box_around(function, critical, box)
            units = CALLER if region is None else box_units(function, region)
            return usam_safe_radius(function, critical, region, rtol, max_boxes, clock, backend, units)
        return absence.safe_radius(function, critical, rtol, max_boxes, clock, backend, units)


@quiet
def critical_rho(
    f: Objective,
    target: Any,
    *,
    rtol: float = 1e-3,
    limit: float | None = None,
    max_boxes: int = 10 * MAX_BOXES,
    budget: float = math.inf,
    backend: str = "float",
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> CriticalRho:
    """Bracket the smallest ``rho`` for which a hallucinated point has the target.

    Parameters
    ----------
    f : Objective
        A function of 1 to 4 variables, given as a formula or as residuals.
    target : (d,) array-like of exact numbers
        A point near a critical point of `f`.
    rtol : float
        Wanted relative width.
    limit : float, optional
        Largest radius to look at.
    max_boxes, budget : int, float
        Budgets; a spent one leaves a wider bracket.
    backend : {"float", "arb", "mpmath"}
        Arithmetic of the search.
    variant : {"sam"}
        The ascent step: the shells that are searched are SAM's.
    progress : bool or callable, optional
        As for `hallucert.certify`.

    Returns
    -------
    CriticalRho
        For a saddle or a maximizer the bracket is ``[0, 0]`` and says why: there is no threshold. Its `ended` says why
        the bracket is wider than asked, if it is.

    Raises
    ------
    ArgumentError
        If no critical point is proved near `target`, or for malformed arguments.
    NotAnalyticError
        If the objective is float-only.
    """
    require_sam(
        variant,
        'the shells that are searched are SAM\'s; for USAM safe_radius(..., variant="usam") is a bound from below',
    )
    function, point = _checked(f, target)
    rtol, max_boxes, budget = _checked_budgets(rtol, max_boxes, budget)
    limit = None if limit is None else checked_positive(limit, "limit")
    with working(budget, progress) as clock:
        units = curvature_units(function, point)
        critical = absence.prove_target(function, point, unit=Fraction(2) ** units.length)
        safe = absence.safe_radius(function, critical, BEGINNING, max_boxes, clock, backend, units)
        return shells.critical_rho(function, critical, safe, rtol, max_boxes, clock, limit, backend, units)


def _box_around(f: FormulaObjective, target: CriticalPoint, box: Any) -> np.ndarray | None:
    """Return the box in doubles, after checking that it holds the target; None for convex functions without one."""
    if box is None:
        if is_convex(f):
            return None
        raise ArgumentError("box", box, "be given, unless f is convex: points of USAM may lie anywhere")
    region = checked_box(box, f.dimension, rounded=False)
    inside = (
        Fraction(float(low)) <= side.lower and side.upper <= Fraction(float(high))
        for (low, high), side in zip(region, target.box, strict=True)
    )
    require(all(inside), "box", box, "have the target inside")
    return region


def _checked(f: object, target: Any) -> tuple[FormulaObjective, list[Fraction]]:
    require_round_to_nearest()
    formula = checked_formula(f, 1, 4)
    point = exact_point(target, formula.dimension, "target")
    require(not any(abs(v) > LARGEST_DOUBLE for v in point), "target", target, "be within the range of doubles")
    return formula, list(point)


def _checked_budgets(rtol: Any, max_boxes: Any, budget: Any) -> tuple[float, int, float]:
    rtol = checked_real(rtol, "rtol", "be at least 1e-9 and below 1", lambda number: 1e-9 <= number < 1)
    return rtol, checked_whole(max_boxes, 1, "max_boxes"), checked_seconds(budget, "budget")


def certify_usam_absence(
    f: Objective,
    rho: Exact,
    box: Any,
    *,
    max_boxes: int = MAX_PIECES,
    budget: float = math.inf,
    backend: str = "arb",
    precision: int = 53,
    progress: Progress = None,
) -> Claim:
    """Prove that no point of a box is hallucinated under USAM with a target in the box.

    It holds where ``f`` is weakly convex with a modulus below ``1/rho`` (`hallucert.check.region.weak_convexity`). For
    one ``rho`` and any objective; ``hallucert.safe_radius(f, target, box=..., variant="usam")`` brackets the largest.

    Parameters
    ----------
    f : Objective
        The function, of few variables: the box is subdivided.
    rho : exact positive number
        The factor of the ascent step ``x+ = x + rho g(x)``.
    box : (d, 2) array-like of exact numbers
        Ends of its sides.
    max_boxes : int
        Most pieces to look at.
    budget : float
        Budget of time.
    backend : {"arb", "mpmath"}
        Arithmetic of the proof.
    precision : int
        Its bits.
    progress : bool or callable, optional
        As for `hallucert.certify`.

    Returns
    -------
    Claim
        ``weakly_convex``: proved, refuted (at some point of the box, which shows no hallucinated point) or undecided.

    Raises
    ------
    ArgumentError
        For malformed arguments.
    NotAnalyticError
        If the objective is float-only.

    Examples
    --------
    The double well has ``H >= -1``, and no hallucinated points for ``rho < 1``.

    >>> f = Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    >>> bool(certify_usam_absence(f, "0.9", [[-3, 3], [-3, 3]]))
    True
    """
    require_round_to_nearest()
    f = checked_objective(f)
    f.require_rigorous()
    radius = exact_radius(rho)
    sides = exact_box(box, f.dimension)
    max_boxes, budget = checked_whole(max_boxes, 1, "max_boxes"), checked_seconds(budget, "budget")
    if type(precision) is not int or not 30 <= precision <= 2000:
        raise ArgumentError("precision", precision, "be an integer from 30 to 2000 (bits)")
    ar = arithmetic(backend, precision)
    asked = WeakConvexity(ar, f, radius, sides)
    with working(budget, progress) as clock, ar:

        def found() -> Claim:
            record = subdivide(sides, asked.tests, max_boxes, lambda piece: asked.fails(middle_of(piece)))
            return asked.claim(middle_of(record) if isinstance(record, list) else record, max_boxes)

        return clock.kept(found, asked.claim(Reason.TIME, max_boxes))


def curvature_units(f: FormulaObjective, target: Sequence[Fraction]) -> Units:
    """Return units for a critical point and the ball around it on which a function is convex.

    The length is the least power of two at which the Hessian has a negative eigenvalue, or has none if it has
    one at the target, along axes and diagonals; if there is none, the size of the target.
    """
    c = np.array([float(v) for v in target])
    directions = np.concatenate([np.eye(len(c)), -np.eye(len(c)), np.ones((1, len(c))), -np.ones((1, len(c)))])
    first = _first_change(f, c, directions, np.arange(-MOST, MOST, OCTAVES))
    if first is not None:
        first = _first_change(f, c, directions, np.arange(first - OCTAVES + 1, first + 1))
    length = float(np.ldexp(1.0, first)) if first is not None else float(np.abs(c).max()) or 1.0
    return units_of(f, length, c + length * directions / 2)


def _first_change(f: FormulaObjective, c: np.ndarray, directions: np.ndarray, exponents: np.ndarray) -> int | None:
    """Return the first exponent of a distance from ``c`` at which the Hessian has another sign than there, or None."""
    lengths = np.ldexp(1.0, exponents)[:, None, None]
    points = np.concatenate([(c + lengths * directions).reshape(-1, len(c)), c[None]])
    with np.errstate(all="ignore"):
        rows = f.enclose_hessian(FloatPoints(), list(points.T))
        hessians = np.stack([np.stack([np.broadcast_to(v, len(points)) for v in row], 1) for row in rows], 1)
    finite = np.isfinite(hessians).all(axis=(1, 2))
    eigenvalues = np.linalg.eigvalsh(np.where(finite[:, None, None], hessians, 0.0))
    negative = eigenvalues[:, 0] < -NOISE * np.abs(eigenvalues).max(axis=1)
    convex, indefinite = finite & ~negative, finite & negative
    changed = (convex if indefinite[-1] else indefinite)[:-1].reshape(len(exponents), -1).any(axis=1)
    return int(exponents[int(np.argmax(changed))]) if changed.any() else None
