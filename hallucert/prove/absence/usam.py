"""Certified absence for USAM: no hallucinated points where the function is weakly convex enough."""

from __future__ import annotations

import math
from typing import Any

from hallucert.arguments import checked_seconds, checked_whole
from hallucert.arrays import exact_box
from hallucert.balls import arithmetic, require_round_to_nearest
from hallucert.check.absence.usam import WeakConvexity
from hallucert.check.claim import Claim
from hallucert.check.reason import Reason
from hallucert.check.subdivision import middle_of
from hallucert.clock import OutOfTime, Progress, working
from hallucert.errors import ArgumentError
from hallucert.exact import Exact, exact_radius
from hallucert.objectives.objective import Objective, checked_objective
from hallucert.prove.regions import subdivide

MAX_BOXES = 20_000


def certify_usam_absence(
    f: Objective,
    rho: Exact,
    box: Any,
    *,
    max_boxes: int = MAX_BOXES,
    seconds: float = math.inf,
    backend: str = "arb",
    precision: int = 53,
    progress: Progress = None,
) -> Claim:
    """Prove that no point of a box is hallucinated under USAM with a target in the box.

    It holds where ``f`` is weakly convex with a modulus below ``1/rho``, see `hallucert.check.absence.usam`. For one
    ``rho`` and any objective; ``hallucert.safe_radius(f, target, box=..., variant="usam")`` brackets the largest.

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
    seconds : float
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
    max_boxes, seconds = checked_whole(max_boxes, 1, "max_boxes"), checked_seconds(seconds, "seconds")
    if type(precision) is not int or not 30 <= precision <= 2000:
        raise ArgumentError("precision", precision, "be an integer from 30 to 2000 (bits)")
    ar = arithmetic(backend, precision)
    asked = WeakConvexity(ar, f, radius, sides)
    with working(seconds, progress) as clock, ar:
        try:
            with clock.watched():
                found = subdivide(sides, asked.tests, max_boxes, lambda piece: asked.fails(middle_of(piece)))
                return asked.claim(middle_of(found) if isinstance(found, list) else found, max_boxes)
        except OutOfTime:
            return asked.claim(Reason.TIME, max_boxes)
