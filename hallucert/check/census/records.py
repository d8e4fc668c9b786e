"""What a census is made of: critical points, hallucinated points, and the places it could not settle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Any, Generic, TypeVar

import numpy as np

from hallucert.balls.ball_lanes import LaneArithmetic, lane_arithmetic
from hallucert.balls.facade import dyadic
from hallucert.check.census.search.branch_and_prune import Boxes
from hallucert.check.claim import Enclosure
from hallucert.exact import float_below, format_dyadic, format_rational, require_radius
from hallucert.objectives.objective import Objective

Box = tuple[Enclosure, ...]
"""A box that contains something, one enclosure a coordinate."""

PRECISIONS = (106, 212, 424)
"""Bits of the ball arithmetic that refines and classifies: more if less does not decide."""
PUBLISHED_BITS = PRECISIONS[0]
"""Numbers near 0 are published with an error of about ``2**-PUBLISHED_BITS``."""

SMALLEST, LARGEST = 2.0**-500, 2.0**500
"""Range of radii and, on the upper side, of the ends of a box."""
FARTHEST = 2**400
"""Largest end of a box beside the radius: what the search does in doubles, in units of it, does not overflow."""
TOLERANCES = (2.0**-40, 0.1)
"""Smallest and largest tolerance."""


class Kind(StrEnum):
    """What a critical point of ``f`` is; degenerate: not proved to be isolated and nondegenerate."""

    MINIMIZER = "minimizer"
    SADDLE = "saddle"
    MAXIMIZER = "maximizer"
    DEGENERATE = "degenerate"


class Stability(StrEnum):
    """What the spectrum of the SAM matrix shows (Proposition 4.2)."""

    ATTRACTOR = "attractor"
    REPELLER = "repeller"
    UNDECIDED = "undecided"


def kind_of(positive: int, negative: int, dimension: int) -> Kind:
    """Name a nondegenerate critical point by how many eigenvalues of its Hessian are certainly positive, and negative.

    Degenerate: it cannot be named.
    """
    if positive == dimension:
        return Kind.MINIMIZER
    if negative == dimension:
        return Kind.MAXIMIZER
    return Kind.SADDLE if positive and negative else Kind.DEGENERATE


class Open(StrEnum):
    """Why a place is not settled."""

    CRITICAL_POINT = "critical_point"
    SINGULAR = "singular"
    RESOLUTION = "resolution"
    DEGENERATE_TARGET = "degenerate_target"
    BOUNDARY = "boundary"
    DOMAIN = "domain"
    DUPLICATE = "duplicate"
    BUDGET = "budget"

    @property
    def explanation(self) -> str:
        """The reason as a sentence."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    Open.CRITICAL_POINT: (
        "a critical point of f lies on the sphere around the target, or too near to tell: the ascent direction is not "
        "defined there"
    ),
    Open.RESOLUTION: "rho is too small for doubles beside the coordinates of the target; take a larger rho",
    Open.SINGULAR: "the system looks singular: a fold or a branch point in rho lies nearby; try another rho",
    Open.DEGENERATE_TARGET: "the target is not proved to be an isolated, nondegenerate critical point",
    Open.BOUNDARY: "the point lies on the boundary of the box, or too near to tell; change the box",
    Open.DOMAIN: "f is not certainly defined there",
    Open.DUPLICATE: "it cannot be told from another point; raise the precision",
    Open.BUDGET: "the budget was spent; raise max_boxes or seconds",
}


@dataclass(frozen=True)
class Problem:
    """What a census is of.

    Attributes
    ----------
    f : Objective
        The function.
    rho : Fraction
        The radius, exact.
    region : (d, 2) array
        The box; its ends are taken as the dyadic numbers they are.
    tolerance : float
        Boxes of this width, relative to the size of the box, are not split any more.
    backend : str
        Arithmetic of the search: ``"float"`` (Arb settles what doubles cannot), ``"arb"`` or ``"mpmath"``.
    precision : int
        Bits of the balls, at least: of those that refine points, and of a search in balls.
    checking : bool
        A checker keeps its enclosures as they are; others publish slightly wider ones, which a checker can re-prove.
    """

    f: Objective
    rho: Fraction
    region: np.ndarray
    tolerance: float = 2.0**-22
    backend: str = "float"
    precision: int = PRECISIONS[0]
    checking: bool = False

    def __post_init__(self) -> None:
        require_radius(self.rho)

    def published(self, enclosure: Enclosure, precision: int) -> Enclosure:
        """Return an enclosure as this census reports it."""
        return enclosure if self.checking else published(enclosure, min(precision, PUBLISHED_BITS))

    @cached_property
    def sides(self) -> Box:
        """The region as exact numbers."""
        return from_floats(self.region)

    @property
    def exact_backend(self) -> str:
        """The ball arithmetic that refines and classifies."""
        return "arb" if self.backend == "float" else self.backend

    @property
    def precisions(self) -> list[int]:
        """The bits with which it refines, one after the other."""
        return sorted({max(bits, self.precision) for bits in PRECISIONS})

    @property
    def lanes(self) -> LaneArithmetic:
        """The arithmetic of the search."""
        return lane_arithmetic(self.backend, self.precision)

    def to_json(self) -> dict[str, Any]:
        """Return the problem as plain data."""
        return {
            "objective": self.f.to_json(),
            "rho": format_rational(self.rho),
            "region": [[format_dyadic(Fraction(float(v))) for v in side] for side in self.region],
            "tolerance": format_dyadic(Fraction(self.tolerance)),
        }


@dataclass(frozen=True)
class CriticalPoint:
    """A critical point of ``f`` that a point of the box could be mapped to.

    Attributes
    ----------
    box : Box
        Contains it. For a degenerate one: a box that may contain any number of critical points.
    kind : Kind
        Proved by the inertia of the Hessian; degenerate if it is not proved to be isolated.
    """

    box: Box
    kind: Kind

    @property
    def x(self) -> np.ndarray:
        """A double near it, shape (d,)."""
        return middle(self.box)


@dataclass(frozen=True)
class HallucinatedPoint:
    """A hallucinated stationary point, proved to exist and to be nondegenerate.

    Attributes
    ----------
    box : Box
        Contains the point, and no other one with this target.
    target : int
        Number of its target in `Census.critical_points`.
    kind : Kind
        What the target is. A point whose target is a minimizer is a hallucinated minimizer.
    stability : Stability
        Whether SAM with a small step is attracted.
    gradient_norm : Enclosure
        ``|g(x)|``.
    smallest_real_part : Enclosure or None
        Of the spectrum of the SAM matrix.
    """

    box: Box
    target: int
    kind: Kind
    stability: Stability
    gradient_norm: Enclosure
    smallest_real_part: Enclosure | None

    def __str__(self) -> str:
        return f"{' x '.join(map(str, self.box))}: target a {self.kind}, {self.stability}"

    @property
    def x(self) -> np.ndarray:
        """A double near it, shape (d,)."""
        return middle(self.box)

    @property
    def enclosure(self) -> np.ndarray:
        """The box in doubles rounded outward, shape (d, 2)."""
        return floats(self.box)


@dataclass(frozen=True)
class Unsettled:
    """A place where nothing is claimed.

    Attributes
    ----------
    box : Box or None
        Where hallucinated points may lie; None: anywhere in the box of the census.
    target : Box
        Where their targets would lie.
    reason : Open
        Why.
    """

    box: Box | None
    target: Box
    reason: Open

    def __str__(self) -> str:
        place = "anywhere in the box" if self.box is None else "in " + " x ".join(map(str, self.box))
        return f"{place}, with a target in {' x '.join(map(str, self.target))}: {self.reason.explanation}"


P = TypeVar("P", CriticalPoint, HallucinatedPoint)


@dataclass(frozen=True)
class Alone(Generic[P]):
    """A point and the box in which it is the only solution of its system.

    Attributes
    ----------
    point : CriticalPoint or HallucinatedPoint
        The point.
    unique : (n, 2) array
        The box: of x for a critical point, of ``n = d - 1`` coordinates of a chart for a hallucinated one.
    chart : int or None
        Number of the chart.
    """

    point: P
    unique: np.ndarray
    chart: int | None = None


@dataclass(frozen=True)
class TaskResult(Generic[P]):
    """What one task of a census found.

    Attributes
    ----------
    points : tuple of Alone
        Points that are proved; the same one may be there more than once.
    places : tuple of Unsettled
        Places that are open.
    spent : int
        Boxes looked at.
    pending : bool
        Whether the budget was spent before all boxes were looked at.
    small : Boxes
        Boxes of the smallest width that may hold unproved critical points.
    """

    points: tuple[Alone[P], ...]
    places: tuple[Unsettled, ...]
    spent: int
    pending: bool
    small: Boxes


def published(enclosure: Enclosure, precision: int) -> Enclosure:
    """Return `Enclosure.published` of an enclosure with dyadic ends, in integer arithmetic, which is much faster."""
    shift = [v.denominator.bit_length() - 1 for v in (enclosure.lower, enclosure.upper)]
    scale = max(*shift, precision) + 48  # of all numbers below, so that the slack is an integer too
    low, high = (v.numerator << (scale - own) for v, own in zip((enclosure.lower, enclosure.upper), shift, strict=True))
    slack = 2 * (high - low) + (1 << (scale - precision)) + (max(abs(low), abs(high)) >> 48)
    return Enclosure(_rounded_down(low - slack, scale, 64), -_rounded_down(-high - slack, scale, 64))


def _rounded_down(mantissa: int, scale: int, bits: int) -> Fraction:
    """Round ``mantissa / 2**scale`` down to a dyadic number of some bits."""
    drop = max(abs(mantissa).bit_length() - bits, 0)
    return dyadic(mantissa >> drop, drop - scale)


def stability_of(real_part: Enclosure | None) -> Stability:
    """Read the sign of the smallest real part of the spectrum of the SAM matrix."""
    if real_part is None or real_part.lower <= 0 <= real_part.upper:
        return Stability.UNDECIDED
    return Stability.ATTRACTOR if real_part.lower > 0 else Stability.REPELLER


def published_doubles(ends: np.ndarray) -> np.ndarray:
    """Return slightly wider enclosures, shape (..., 2), than those in doubles, which a checker can re-prove.

    Every ball arithmetic is so much tighter than doubles that a unit in the last place is room enough.
    """
    low, high = ends[..., 0], ends[..., 1]
    slack = np.maximum(np.abs(low), np.abs(high)) * 2.0**-52 + 2.0**-PUBLISHED_BITS
    # Rounding is monotone: a number minus a nonnegative one is computed as at most that number.
    return np.stack([low - slack, high + slack], -1)


def middle(box: Box) -> np.ndarray:
    """Return a double near the middle of a box."""
    return np.array([float((side.lower + side.upper) / 2) for side in box])


def floats(box: Box) -> np.ndarray:
    """Return a box in doubles rounded outward, shape (d, 2)."""
    return np.array([[_float_below(side.lower), -_float_below(-side.upper)] for side in box])


def _float_below(value: Fraction) -> float:
    """Return `float_below` of a number, faster where doubles do not overflow."""
    above, below = value.numerator, value.denominator
    try:
        nearest = above / below  # the nearest double, also of long integers
    except OverflowError:
        return float_below(value)
    numerator, denominator = nearest.as_integer_ratio()
    return nearest if numerator * below <= above * denominator else math.nextafter(nearest, -math.inf)


def from_floats(box: np.ndarray) -> Box:
    """Return a box of doubles as exact numbers."""
    return tuple(Enclosure(Fraction(float(low)), Fraction(float(high))) for low, high in box)
