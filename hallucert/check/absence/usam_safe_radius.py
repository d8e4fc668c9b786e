"""The radii up to which USAM has no hallucinated points in a box: the reciprocal modulus of weak convexity there.

**Theorem** (see `hallucert.check.absence.usam`). Let ``I + r H(y)`` be positive semidefinite at every ``y`` in a convex
set. For ``rho < r`` the matrix ``I + rho H = (1 - rho/r) I + (rho/r) (I + r H)`` is positive definite there, so
``y -> y + rho g(y)`` is injective: no ``x`` in the set with ``g(x) != 0`` has a critical point of ``f`` in the set as
``x + rho g(x)``. In other words ``f + |y|^2/(2 r)`` is convex on the set. Where ``f`` itself is convex, every ``rho``
is safe.

The largest such ``r``, for a box, is bracketed. Below: the box is subdivided until the matrix is proved to be positive
semidefinite on every piece. Above: it is proved to have a negative eigenvalue at some point. Which ``r`` is tried
comes from the most negative curvature met so far, in floats.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.check.absence.convexity import definiteness
from hallucert.check.absence.safe_radius import NAME, SafeRadius, convex_claim
from hallucert.check.census.records import CriticalPoint
from hallucert.check.census.search.branch_and_prune import Boxes, ends
from hallucert.check.claim import Claim, Enclosure, Status, undecided
from hallucert.check.reason import Reason
from hallucert.check.units import CALLER, Units
from hallucert.clock import UNLIMITED, Clock, OutOfTime
from hallucert.errors import ArgumentError
from hallucert.exact import decimal_above, decimal_below, format_rational
from hallucert.objectives.formula import FormulaObjective

BATCH = 512
SMALLEST = 2.0**-40
"""Pieces of this width, relative to the box, are not split any more."""
GRID = 9
"""Points along each side of the box at which the search for negative curvature begins."""
TRIALS = 60
"""Most radii that are tried: each either halves the bracket or doubles its lower end."""


@dataclass(frozen=True, repr=False)
class UsamSafeRadius(SafeRadius):
    """Radii for which USAM has no hallucinated point in a box with a target in the box.

    Attributes
    ----------
    lower : Fraction
        None for any ``rho < lower``; 0 if nothing is proved.
    upper : Fraction or None
        ``I + upper H`` has a negative eigenvalue at some point of the box, where the theorem ends; None: none found.
    everywhere : bool
        ``f`` is convex on the box, or on R^d: none for any ``rho``.
    box : (d, 2) array
        The box, of doubles.
    """

    box: np.ndarray

    def __str__(self) -> str:
        if self.upper is None:
            return str(self.claim)
        return f"{self.claim}\n    beyond {decimal_above(self.upper)} the theorem does not apply in this box"


def usam_safe_radius(
    f: FormulaObjective,
    target: CriticalPoint,
    box: np.ndarray | None,
    rtol: float,
    max_boxes: int,
    clock: Clock = UNLIMITED,
    backend: str = "float",
    units: Units = CALLER,
) -> UsamSafeRadius:
    """Bracket the largest radius that is safe for USAM in a box around `target`.

    Parameters
    ----------
    f : FormulaObjective
        The function.
    target : CriticalPoint
        In the box.
    box : (d, 2) array or None
        The box, of doubles; None for a function that is convex on R^d.
    rtol : float
        Wanted relative width of the bracket.
    max_boxes, clock : int, Clock
        Budgets; a spent one leaves a wider bracket, which is true.
    backend : str
        Arithmetic of the search.
    units : Units
        Those of the search, in which the ends of the box are doubles.
    """
    everywhere = convex_claim(f)
    if everywhere:
        claim = Claim(NAME, Status.PROVED, _CONVEX.format("R^d, by the rules of composition or as a quadratic,"))
        space = np.array([[-np.inf, np.inf]] * f.dimension) if box is None else box
        return UsamSafeRadius(target, Fraction(0), None, True, claim, 0, space)
    if box is None:
        raise ArgumentError("box", box, "be given unless f is convex on R^d")
    search = _Search(units.function(f), np.ldexp(box, -units.length), max_boxes, clock, backend)
    if search.curvature <= 0 and search.is_semidefinite(None):
        claim = Claim(NAME, Status.PROVED, _CONVEX.format(f"the box {_sides(box)},"))
        return UsamSafeRadius(target, Fraction(0), None, True, claim, search.spent, box)
    unit = Fraction(2) ** (2 * units.length - units.height)  # of rho: x+ = x + rho g
    lower, upper = search.bracket(rtol)
    low, high = unit * lower, None if upper is None else unit * upper
    return UsamSafeRadius(target, low, high, False, _claim(box, low), search.spent, box)


_CONVEX = (
    "f is convex on {} so no x there with grad f(x) != 0 has a critical point of f there as x + rho grad f(x), for any "
    "rho > 0 (USAM)."
)


def _claim(box: np.ndarray, lower: Fraction) -> Claim:
    if lower <= 0:
        question = (
            "Is there a radius r such that USAM has no hallucinated point in the box, with a target there, below it?"
        )
        return undecided(NAME, question, Reason.PRECISION)
    return Claim(
        NAME,
        Status.PROVED,
        f"f + |x|^2/(2 r) is convex on {_sides(box)} for r = {decimal_below(lower)}, so no x there with grad f(x) != 0 "
        "has a critical point of f there as x + rho grad f(x), for any rho < r (USAM).",
        {"safe_radius": Enclosure(lower, lower)},
    )


def _sides(box: np.ndarray) -> str:
    ends_of = ([format_rational(Fraction(float(end))) for end in side] for side in box)
    return " x ".join(f"[{low}, {high}]" for low, high in ends_of)


class _Search:
    """Tests of ``I + r H`` on a box, which share a budget and the point of the most negative curvature."""

    def __init__(self, f: FormulaObjective, box: np.ndarray, max_boxes: int, clock: Clock, backend: str) -> None:
        self.f, self.box, self.clock = f, box, clock
        self.lanes = lane_arithmetic(backend)
        self.left, self.spent = max_boxes, 0
        self.curvature, self.worst = -math.inf, box.mean(axis=1)
        self.violated = False
        axes = np.meshgrid(*(np.linspace(low, high, GRID) for low, high in box.tolist()))
        try:
            with self.lanes, clock.watched():
                self._look(np.stack([axis.ravel() for axis in axes], axis=1))
        except OutOfTime:
            pass  # then nothing is known of the curvature, and there is no time to use it

    def bracket(self, rtol: float) -> tuple[Fraction, Fraction | None]:
        """Return a radius that is proved, or 0, and one that is refuted, or None."""
        low = Fraction(0)
        high: Fraction | None = None
        unknown: Fraction | None = None
        for _ in range(TRIALS):
            if (high is not None and high - low <= Fraction(rtol) * high) or self.is_over():
                break
            trial = self._next_radius(low, [radius for radius in (high, unknown) if radius is not None], rtol)
            if self.is_semidefinite(trial):
                low = trial
            elif self.violated:
                high = trial
            elif low > 0:
                break  # Neither was shown, and what is nearer to the truth is harder still.
            else:
                unknown = trial
            beyond = Fraction((1 + rtol / 3) / self.curvature) if self.curvature > 0 else None
            if beyond is not None and (high is None or beyond < high) and self._is_violated_at_worst(beyond):
                high = beyond
        return low, high

    def is_over(self) -> bool:
        """Tell whether a budget is spent."""
        return self.left <= 0 or self.clock.passed()

    def _next_radius(self, low: Fraction, too_large: list[Fraction], rtol: float) -> Fraction:
        """Return the radius to try: just below what the curvature allows, or where the bracket is widest."""
        below = min(too_large) if too_large else None
        if self.curvature > 0:
            hoped = Fraction((1 - rtol / 3) / self.curvature)
            if low < hoped and (below is None or hoped < below):
                return hoped
        if below is None:
            return 2 * low if low else Fraction(1)
        return Fraction(math.sqrt(float(low * below))) if low else below / 2

    def is_semidefinite(self, radius: Fraction | None) -> bool:
        """Tell whether ``I + radius H`` (None: ``H``) is proved to be positive semidefinite on the box.

        Sets `violated` if it is proved not to be.
        """
        self.violated = False
        lo, hi = self.box.T
        stack, smallest = Boxes(np.zeros(1, int), lo[None], hi[None]), SMALLEST * float((hi - lo).max())
        with self.lanes:
            while len(stack):
                if self.is_over() or stack[-1:].width[0] <= smallest:
                    return False
                batch, stack = stack[-BATCH:], stack[:-BATCH]
                self.left, self.spent = self.left - len(batch), self.spent + len(batch)
                self.clock.tell("boxes", self.spent)
                try:
                    with self.clock.watched():
                        settled, _ = self._definiteness(batch, radius)
                        rest = batch[~settled]
                        self.violated = bool(len(rest)) and self._is_violated(rest.middle, radius)
                except OutOfTime:
                    return False
                if self.violated:
                    return False
                stack = Boxes.join([stack, rest.halves()])
        return True

    def _is_violated_at_worst(self, radius: Fraction) -> bool:
        """Tell whether ``I + radius H`` has a negative eigenvalue where the curvature is most negative."""
        try:
            with self.lanes, self.clock.watched():
                return self._is_violated(self.worst[None], radius)
        except OutOfTime:
            return False

    def _is_violated(self, points: np.ndarray, radius: Fraction | None) -> bool:
        self._look(points)
        at = Boxes(np.zeros(len(points), int), points, points)
        return bool(self._definiteness(at, radius)[1].any())

    def _definiteness(self, boxes: Boxes, radius: Fraction | None) -> tuple[np.ndarray, np.ndarray]:
        """Tell on which boxes the matrix is positive semidefinite, with ``f`` defined, and on which it is not."""
        count, x = len(boxes), self._balls(boxes)
        matrix = self.f.enclose_hessian(self.lanes, x)
        if radius is not None:
            factor, one = self.lanes.constant(radius), self.lanes.constant(Fraction(1))
            matrix = [
                [factor * h + one if i == j else factor * h for j, h in enumerate(r)] for i, r in enumerate(matrix)
            ]
        defined = np.isfinite(np.stack(ends(self.lanes, self.f.enclose_value(self.lanes, x), count))).all(0)
        semidefinite, negative = definiteness(self.lanes, matrix, count)
        return semidefinite & defined, negative & defined

    def _look(self, points: np.ndarray) -> None:
        """Keep the point with the most negative curvature, in floats: it only says what to try."""
        count, d = points.shape
        matrix = self.f.enclose_hessian(self.lanes, self._balls(Boxes(np.zeros(count, int), points, points)))
        h = np.empty((count, d, d))
        for i, row in enumerate(matrix):
            for j, entry in enumerate(row):
                low, high = ends(self.lanes, entry, count)
                h[:, i, j] = low / 2 + high / 2
        known = np.isfinite(h).all(axis=(1, 2))
        if known.any():
            bend = -np.linalg.eigvalsh(h[known])[:, 0]
            best = int(np.argmax(bend))
            if bend[best] > self.curvature:
                self.curvature, self.worst = float(bend[best]), points[known][best]

    def _balls(self, boxes: Boxes) -> list[Any]:
        return [self.lanes.box(boxes.lo[:, j], boxes.hi[:, j]) for j in range(boxes.lo.shape[1])]
