"""Where there are none: certified safe radii, and the smallest radius with a hallucinated point of a target."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls import require_round_to_nearest
from hallucert.errors import ArgumentError
from hallucert.exact import Exact, exact
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.prove import absence
from hallucert.prove import critical_rho as shells
from hallucert.prove.absence import SafeRadius
from hallucert.prove.critical_rho import CriticalRho

MAX_BOXES = 400_000


def safe_radius(
    f: Objective,
    target: Any,
    *,
    rtol: float = 1e-3,
    max_boxes: int = MAX_BOXES,
    seconds: float = math.inf,
    backend: str = "float",
) -> SafeRadius:
    """Certify a radius such that no hallucinated point has the target, for any smaller ``rho``.

    Parameters
    ----------
    f : Objective
        A function of at most 4 variables, given as a formula or as residuals.
    target : (d,) array-like of exact numbers
        A point near a critical point of `f`. A degenerate critical point, such as that of ``x**4 + y**4``, must be
        given exactly.
    rtol : float
        Wanted relative width of the bracket of the largest radius of a ball on which `f` is convex.
    max_boxes : int
        Budget of boxes; a spent one leaves a wider bracket.
    seconds : float
        Budget of time.
    backend : {"float", "arb", "mpmath"}
        Arithmetic of the search.

    Returns
    -------
    SafeRadius
        Its claim is ``no_hallucination``; for a convex function every radius is safe.

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
    """
    function, point = _checked(f, target, rtol, max_boxes, seconds)
    deadline = time.monotonic() + seconds
    critical = absence.prove_target(function, point)
    return absence.safe_radius(function, critical, rtol, max_boxes, deadline, backend)


def critical_rho(
    f: Objective,
    target: Any,
    *,
    rtol: float = 1e-3,
    limit: float | None = None,
    max_boxes: int = 10 * MAX_BOXES,
    seconds: float = math.inf,
    backend: str = "float",
) -> CriticalRho:
    """Bracket the smallest ``rho`` for which a hallucinated point has the target.

    Parameters
    ----------
    f : Objective
        A function of 2 to 4 variables, given as a formula or as residuals.
    target : (d,) array-like of exact numbers
        A point near a critical point of `f`.
    rtol : float
        Wanted relative width.
    limit : float, optional
        Largest radius to look at.
    max_boxes, seconds : int, float
        Budgets; a spent one leaves a wider bracket.
    backend : {"float", "arb", "mpmath"}
        Arithmetic of the search.

    Returns
    -------
    CriticalRho
        For a saddle or a maximizer the bracket is ``[0, 0]`` and says why: there is no threshold.

    Raises
    ------
    ArgumentError
        If no critical point is proved near `target`, or for malformed arguments.
    NotAnalyticError
        If the objective is float-only.
    """
    function, point = _checked(f, target, rtol, max_boxes, seconds)
    if function.dimension < 2:
        raise ArgumentError("f", f"<function of {function.dimension} variables>", "have 2 to 4 variables")
    if limit is not None and not (isinstance(limit, int | float) and 0 < limit < math.inf):
        raise ArgumentError("limit", limit, "be a positive number")
    deadline = time.monotonic() + seconds
    critical = absence.prove_target(function, point)
    safe = absence.safe_radius(function, critical, min(0.05, 10 * rtol), max_boxes, deadline, backend)
    return shells.critical_rho(function, critical, safe, rtol, max_boxes, deadline, limit, backend)


def _checked(
    f: object, target: Any, rtol: float, max_boxes: int, seconds: float
) -> tuple[FormulaObjective, list[Fraction]]:
    require_round_to_nearest()
    if not isinstance(f, Objective):
        raise ArgumentError("f", f, "be an Objective")
    f.require_rigorous()
    if not isinstance(f, FormulaObjective) or f.dimension > 4:
        raise ArgumentError(
            "f", f"<{type(f).__name__} of {f.dimension} variables>", "be a formula of at most 4 variables"
        )
    if isinstance(target, str) or np.ndim(target) != 1 or len(target) != f.dimension:
        raise ArgumentError("target", target, f"be {f.dimension} finite numbers")
    if not isinstance(rtol, float | int) or not 1e-9 <= rtol < 1:
        raise ArgumentError("rtol", rtol, "be at least 1e-9 and below 1")
    if type(max_boxes) is not int or max_boxes < 1:
        raise ArgumentError("max_boxes", max_boxes, "be a positive integer")
    if not isinstance(seconds, int | float) or not seconds > 0:
        raise ArgumentError("seconds", seconds, "be positive")
    numbers: Sequence[Exact] = list(target)
    return f, [exact(v, "target") for v in numbers]
