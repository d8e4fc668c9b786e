"""What a census is made of: critical points, hallucinated points, and the places it could not settle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cached_property

import numpy as np

from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.inertia import inertia
from hallucert.balls.matrix import two_rows
from hallucert.balls.spectrum import spectrum
from hallucert.check.claim import Enclosure
from hallucert.check.reason import Coded
from hallucert.exact import float_above, float_below, require_radius
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.tape import Arithmetic

Box = tuple[Enclosure, ...]
"""A box that contains something, one enclosure a coordinate."""

PRECISIONS = (106, 212, 424)
"""Bits of the ball arithmetic that refines and classifies: more if less does not decide."""

SMALLEST, LARGEST = 2.0**-500, 2.0**500
"""Range of radii and, on the upper side, of the ends of a box."""
FARTHEST = 2**400
"""Largest end of a box beside the radius: what the search does in doubles, in units of it, does not overflow."""
TOLERANCES = (2.0**-40, 0.1)
"""Smallest and largest tolerance."""
NEIGHBOURHOOD, WIDEST = 2, 2.0**-6
"""An excluded place ends at most so many tolerances from its critical point, and at most this part of ``rho``."""


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


class Open(Coded):
    """Why a place is not settled."""

    CRITICAL_POINT = "critical_point"
    SINGULAR = "singular"
    RESOLUTION = "resolution"
    DEGENERATE_TARGET = "degenerate_target"
    BOUNDARY = "boundary"
    DOMAIN = "domain"
    DUPLICATE = "duplicate"
    BUDGET = "budget"


@dataclass(frozen=True)
class Problem:
    """What a census is of: a function, an exact radius, and a box, `region` (d, 2), whose ends are taken as they are.

    Boxes of a width of `tolerance`, relative to the size of the box, are not split any more. The `backend` is that of
    the search: ``"float"`` (Arb settles what doubles cannot), ``"arb"`` or ``"mpmath"``; `precision` is the least
    number of bits of the balls that refine points, and of those of a search in balls.
    """

    f: FormulaObjective
    rho: Fraction
    region: np.ndarray
    tolerance: float = 2.0**-22
    backend: str = "float"
    precision: int = PRECISIONS[0]

    def __post_init__(self) -> None:
        require_radius(self.rho)

    @cached_property
    def sides(self) -> Box:
        """The region as exact numbers."""
        return from_floats(self.region)

    @property
    def size(self) -> float:
        """The longest side of the region."""
        return float((self.region[:, 1] - self.region[:, 0]).max())

    @property
    def exact_backend(self) -> str:
        """The ball arithmetic that refines and classifies."""
        return "arb" if self.backend == "float" else self.backend

    @property
    def precisions(self) -> list[int]:
        """The bits with which it refines, one after the other."""
        return sorted({max(bits, self.precision) for bits in PRECISIONS})


@dataclass(frozen=True)
class CriticalPoint:
    """A critical point of ``f`` that a point of the box could be mapped to.

    Attributes
    ----------
    box : Box
        Contains it. For a degenerate one: a box that may contain any number of critical points.
    kind : Kind
        Proved by the inertia of the Hessian; degenerate if it is not proved to be isolated.
    unique : Box or None
        A box around it without another one. None: it was not asked for, or the point is degenerate.
    """

    box: Box
    kind: Kind
    unique: Box | None = None

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
    chart : int
        Number of a chart of the sphere around the target.
    unique : Box
        A box of ``d - 1`` coordinates of that chart without another solution of its equations.
    """

    box: Box
    target: int
    kind: Kind
    stability: Stability
    gradient_norm: Enclosure
    smallest_real_part: Enclosure | None
    chart: int
    unique: Box

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

    def holds(self, box: Sequence[Enclosure]) -> bool:
        """Tell whether a box lies in the place."""
        return self.box is None or within(box, self.box)


def is_excluded(problem: Problem, targets: Sequence[CriticalPoint], target: Box, place: Box) -> bool:
    """Tell whether a place is a small neighbourhood of a critical point that may lie on the sphere around a target.

    There the ascent direction is not defined. The critical point must be proved, and must not be the target itself; so
    must the target: how far a degenerate one is away, its box does not tell.
    """
    proved = [point for point in targets if point.kind is not Kind.DEGENERATE]
    if all(point.box != target for point in proved):
        return False
    size = min(NEIGHBOURHOOD * problem.tolerance * problem.size, WIDEST * float(problem.rho))
    return any(
        within(place, widened(other.box, Fraction(size))) and may_be_apart(target, other.box, problem.rho)
        for other in proved
        if other.box != target and overlap(place, other.box)
    )


def smallest_real_part(ar: BallArithmetic, matrix: Sequence[Sequence[Ball]]) -> tuple[Fraction, Fraction] | None:
    """Enclose the smallest real part of the eigenvalues of every matrix in `matrix`; None if it is undecided.

    Of two rows: with ``t = (a + d)/2``, ``h = (a - d)/2`` and ``s = h^2 + b c`` the eigenvalues of ``[[a, b], [c, d]]``
    are ``t - sqrt(s)`` and ``t + sqrt(s)``. If certainly ``s > 0``, the smaller one is ``t - sqrt(s)``; if certainly
    ``s < 0``, both have the real part t.
    """
    if len(matrix) == 2:
        mean, square, smaller = eigenvalues_of_two_rows(ar, matrix)
        if ar.negative(square) and ar.is_finite(mean):
            return ar.endpoints(mean)
        if ar.is_finite(smaller):
            return ar.endpoints(smaller)
    found = spectrum(ar, matrix)
    return None if found is None else (found.min_real_lower, found.min_real_upper)


def eigenvalues_of_two_rows(ar: Arithmetic[Ball], matrix: Sequence[Sequence[Ball]]) -> tuple[Ball, Ball, Ball]:
    """Return t, s and ``t - sqrt(s)``, which is indeterminate unless certainly ``s > 0``."""
    mean, square = two_rows(ar, matrix)
    return mean, square, mean - ar.sqrt(square)


def signs(ar: BallArithmetic, matrix: Sequence[Sequence[Ball]]) -> tuple[int, int]:
    """Count the eigenvalues of a symmetric matrix that are certainly positive, and certainly negative.

    Two rows have eigenvalues of both signs if ``a d - b^2 < 0``, and two of the sign of a if ``a d - b^2 > 0``.
    """
    if len(matrix) == 2:
        (a, b), (_, d) = matrix
        determinant = a * d - b * b
        if ar.negative(determinant):
            return 1, 1
        if ar.positive(determinant) and ar.nonzero(a):
            return (2, 0) if ar.positive(a) else (0, 2)
    found = inertia(ar, matrix)
    return found.positive, found.negative


def stability_of(real_part: Enclosure | None) -> Stability:
    """Read the sign of the smallest real part of the spectrum of the SAM matrix."""
    if real_part is None or real_part.lower <= 0 <= real_part.upper:
        return Stability.UNDECIDED
    return Stability.ATTRACTOR if real_part.lower > 0 else Stability.REPELLER


def overlap(box: Sequence[Enclosure], other: Sequence[Enclosure]) -> bool:
    """Tell whether two boxes have a common point."""
    return all(a.lower <= b.upper and b.lower <= a.upper for a, b in zip(box, other, strict=True))


def within(inner: Sequence[Enclosure], outer: Sequence[Enclosure]) -> bool:
    """Tell whether a box lies in another."""
    return all(b.lower <= a.lower and a.upper <= b.upper for a, b in zip(inner, outer, strict=True))


def widened(box: Box, room: Fraction) -> Box:
    """Return a box made wider by so much on every side."""
    return tuple(Enclosure(side.lower - room, side.upper + room) for side in box)


def may_be_apart(box: Box, other: Box, distance: Fraction) -> bool:
    """Tell whether points of two boxes may be at exactly that distance."""
    nearest, farthest = Fraction(0), Fraction(0)
    for a, b in zip(box, other, strict=True):
        nearest += max(b.lower - a.upper, a.lower - b.upper, Fraction(0)) ** 2
        farthest += max(b.upper - a.lower, a.upper - b.lower) ** 2
    return nearest <= distance**2 <= farthest


def middle(box: Box) -> np.ndarray:
    """Return a double near the middle of a box."""
    return np.array([float((side.lower + side.upper) / 2) for side in box])


def floats(box: Box) -> np.ndarray:
    """Return a box in doubles rounded outward, shape (d, 2)."""
    return np.array([[float_below(side.lower), float_above(side.upper)] for side in box])


def from_floats(box: np.ndarray) -> Box:
    """Return a box of doubles as exact numbers."""
    return tuple(Enclosure(Fraction(low), Fraction(high)) for low, high in box.tolist())
