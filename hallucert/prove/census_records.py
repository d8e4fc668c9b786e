"""What a census is made of: critical points, hallucinated points, and the places it could not settle."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.balls.ball_lanes import LaneArithmetic, lane_arithmetic
from hallucert.exact import float_above, float_below, format_dyadic, format_rational, parse_dyadic
from hallucert.objectives.objective import Objective
from hallucert.prove.claims import Enclosure

Box = tuple[Enclosure, ...]
"""A box that contains something, one enclosure a coordinate."""

PRECISIONS = (106, 212, 424)
"""Bits of the ball arithmetic that refines and classifies: more if less does not decide."""
PUBLISHED_BITS = PRECISIONS[0]
"""Numbers near 0 are published with an error of about ``2**-PUBLISHED_BITS``."""

SMALLEST, LARGEST = 2.0**-200, 2.0**200
"""Range of radii and, on the upper side, of the ends of a box: what the search does in doubles does not overflow."""
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
        Arithmetic of the search: ``"float"`` (points are then refined by Arb), ``"arb"`` or ``"mpmath"``.
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

    def published(self, enclosure: Enclosure, precision: int) -> Enclosure:
        """Return an enclosure as this census reports it."""
        return enclosure if self.checking else enclosure.published(min(precision, PUBLISHED_BITS))

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


def middle(box: Box) -> np.ndarray:
    """Return a double near the middle of a box."""
    return np.array([float((side.lower + side.upper) / 2) for side in box])


def floats(box: Box) -> np.ndarray:
    """Return a box in doubles rounded outward, shape (d, 2)."""
    return np.array([[float_below(side.lower), float_above(side.upper)] for side in box])


def from_floats(box: np.ndarray) -> Box:
    """Return a box of doubles as exact numbers."""
    return tuple(Enclosure(Fraction(float(low)), Fraction(float(high))) for low, high in box)


def box_to_json(box: Box) -> list[list[str]]:
    """Return a box as plain data."""
    return [[format_dyadic(side.lower), format_dyadic(side.upper)] for side in box]


def box_from_json(data: Any) -> Box:
    """Read `box_to_json` back."""
    return tuple(Enclosure(parse_dyadic(low), parse_dyadic(high)) for low, high in data)


def point_to_json(point: HallucinatedPoint) -> dict[str, Any]:
    """Return a point as plain data."""
    return {
        "box": box_to_json(point.box),
        "target": point.target,
        "kind": str(point.kind),
        "stability": str(point.stability),
        "gradient_norm": box_to_json((point.gradient_norm,))[0],
        "smallest_real_part": None if point.smallest_real_part is None else box_to_json((point.smallest_real_part,))[0],
    }


def point_from_json(data: Any) -> HallucinatedPoint:
    """Read `point_to_json` back."""
    spectrum = data["smallest_real_part"]
    return HallucinatedPoint(
        box_from_json(data["box"]),
        data["target"],
        Kind(data["kind"]),
        Stability(data["stability"]),
        box_from_json([data["gradient_norm"]])[0],
        None if spectrum is None else box_from_json([spectrum])[0],
    )


def unsettled_to_json(place: Unsettled) -> dict[str, Any]:
    """Return a place as plain data."""
    box = None if place.box is None else box_to_json(place.box)
    return {"box": box, "target": box_to_json(place.target), "reason": str(place.reason)}


def unsettled_from_json(data: Any) -> Unsettled:
    """Read `unsettled_to_json` back."""
    box = None if data["box"] is None else box_from_json(data["box"])
    return Unsettled(box, box_from_json(data["target"]), Open(data["reason"]))


def critical_to_json(point: CriticalPoint) -> dict[str, Any]:
    """Return a critical point as plain data."""
    return {"box": box_to_json(point.box), "kind": str(point.kind)}


def critical_from_json(data: Any) -> CriticalPoint:
    """Read `critical_to_json` back."""
    return CriticalPoint(box_from_json(data["box"]), Kind(data["kind"]))
