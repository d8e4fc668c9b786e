"""The inputs of claims about regions: boxes found by halving, and subdivisions found by a search, depth first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from string import ascii_uppercase
from typing import TypeVar

import numpy as np

from hallucert.balls import arithmetic
from hallucert.balls.facade import BallArithmetic
from hallucert.check.point.rule import Evidence, Inputs, Numbers
from hallucert.check.problem import Point
from hallucert.check.reason import Reason
from hallucert.check.region.farthest_point import BallRegion
from hallucert.check.region.global_target import Beside, Piece, is_convex, is_inside
from hallucert.check.region.maximizer_set import BandRegion, Factorization, factorization
from hallucert.check.region.second_order import is_bent, touches_only_here
from hallucert.check.subdivision import (
    DEEPEST,
    LONGEST,
    Box,
    Criteria,
    P,
    Subdivision,
    balls_of,
    box_around,
    halves,
    middle_of,
)
from hallucert.clock import look
from hallucert.exact import round_up
from hallucert.find.candidate import Construction

ROOM = Fraction(1, 2**10)  # balls of pieces are larger by so much: what a checker encloses may be wider
MAX_HALVINGS = 40  # of a ball, a cube or an interval, until something holds on all of it
SMALLEST = Fraction(1, 2**40)  # for `global_target` smaller parts of the box are not halved: they would not show more
PLACES = 4096  # so many points of the box are looked at for a value below the target's
BISECTIONS = 30  # halvings of the bracket of ``s0``: its length is about the rounding of a double

T = TypeVar("T")


class Cutting:
    """A subdivision of a box that is being recorded: iterating gives pieces, depth first, and how deep each lies.

    Each is to be halved or ended before the next is asked for.
    """

    def __init__(self, box: Sequence[tuple[Fraction, Fraction]]) -> None:
        self._letters: list[str] = []
        self._piece, self._depth = list(box), 0
        self._waiting = [(self._piece, 0)]

    def __len__(self) -> int:
        """Return how many pieces were looked at."""
        return len(self._letters)

    @property
    def subdivision(self) -> Subdivision:
        """What was recorded, when there are no more pieces."""
        return Subdivision("".join(self._letters))

    def __iter__(self) -> Iterator[tuple[Box, int]]:
        while self._waiting:
            self._piece, self._depth = self._waiting.pop()
            yield self._piece, self._depth

    def halve(self) -> None:
        """Look next at the two halves of the piece, which is cut across its longest side."""
        widths = [high - low for low, high in self._piece]
        axis = widths.index(max(widths))
        self._letters.append(ascii_uppercase[axis])
        self._waiting += [(half, self._depth + 1) for half in reversed(halves(self._piece, axis))]

    def put_back(self) -> None:
        """Look at the piece again when the next one is asked for."""
        self._waiting.append((self._piece, self._depth))

    def end(self, letter: str) -> None:
        """Record what becomes of the piece."""
        self._letters.append(letter)


def subdivide(
    box: Sequence[tuple[Fraction, Fraction]],
    tests: Criteria[P],
    most: int,
    hopeless: Callable[[Box], bool] = lambda piece: False,
) -> Subdivision | Box | Reason:
    """Return a subdivision of a box, a piece that is not settled and hopeless, or why there is neither.

    At most so many pieces are looked at, those that are halved included.
    """
    room, cutting = tests.arithmetic.interval(-ROOM, ROOM), Cutting(box)
    for piece, depth in cutting:
        if len(cutting) == min(most, LONGEST):
            return Reason.BUDGET
        look("pieces", len(cutting))
        if letter := tests.settling(piece, room):
            cutting.end(letter)
        elif hopeless(piece):
            return piece
        elif depth == DEEPEST or len(piece) > len(ascii_uppercase):
            return Reason.BUDGET
        else:
            cutting.halve()
    return cutting.subdivision


def quick(ar: BallArithmetic) -> BallArithmetic:
    """Return the arithmetic of a search: Arb, which is quick, and wider than mpmath; the same without python-flint."""
    if ar.name == "arb":
        return ar
    try:
        return arithmetic("arb", ar.precision)
    except ImportError:
        return ar


def in_arb(evidence: Evidence) -> Evidence:
    """Return the same point in the arithmetic of a search: the claim's own measures what is found."""
    ar, point = quick(evidence.arithmetic), evidence.point
    if ar is evidence.arithmetic:
        return evidence
    x = [ar.interval(*evidence.arithmetic.endpoints(v)) for v in point.x]
    return replace(evidence, point=point.problem.at(ar, x))


def _halved(largest: Fraction, make: Callable[[Fraction], T | None]) -> T | None:
    """Return what can be made of a size, or of its half, and so on."""
    return next((made for k in range(MAX_HALVINGS) if (made := make(largest / 2**k)) is not None), None)


def farthest_point(evidence: Evidence, construction: Construction) -> Inputs | Reason:
    """Take the ball, or the band and the box, from the search in floats; find the rest by halving."""
    dimension = len(evidence.point.x)
    if dimension > 3 or (dimension < 2 and construction.box is not None):
        return Reason.DIMENSION
    if construction.box is not None:
        return _maximizer_set(evidence, construction)
    ball = Fraction(float(construction.ball_radius or 0))
    maximizer = tuple(Fraction(float(m)) for m in construction.maximizer)

    def concave(radius: Fraction) -> Inputs | None:
        cube = {"maximizer": maximizer, "ball_radius": ball, "cube_radius": radius}
        return cube if is_bent(evidence, box_around(maximizer, radius), -1) else None

    cube = _halved(ball / 2, concave)
    near = _neighbourhood(evidence, ball / 2)
    if cube is None or isinstance(near, Reason):
        return Reason.NOT_A_MAXIMIZER if cube is None else near
    inputs = {**cube, **near}
    region = BallRegion(evidence, inputs)
    if problem := _too_high(region.numbers()):
        return problem
    found = subdivide(region.box, region.tests, evidence.max_boxes)
    return {**inputs, "subdivision": found} if isinstance(found, Subdivision) else Reason.BUDGET


def _too_high(numbers: Numbers | Reason) -> Reason | None:
    """Say why no subdivision need be searched for."""
    if isinstance(numbers, Reason):
        return numbers
    return Reason.LEVEL if numbers["level"].upper >= numbers["maximum"].lower else None


def _maximizer_set(evidence: Evidence, construction: Construction) -> Inputs | Reason:
    """Take cut, band and box from the search; find ``[t0, t1]`` around the top of ``phi``, and ``s0``, by halving."""
    ar = evidence.arithmetic
    if construction.cut is not None:
        named: Inputs = {"cut": construction.cut}
    else:
        named = {"level_function": construction.level_function, "profile": construction.profile}
    parts = factorization(evidence, named)
    if parts is None or construction.band is None or construction.box is None:
        return Reason.NOT_A_MAXIMIZER
    low, high = (Fraction(float(b)) for b in construction.band)
    box = tuple((Fraction(float(a)), Fraction(float(b))) for a, b in construction.box)
    centre = ar.midpoint(parts.s([ar.constant(Fraction(float(m))) for m in construction.maximizer]))
    centre = Fraction(float(centre))

    def bent(radius: Fraction) -> tuple[Fraction, Fraction] | None:
        ends = centre - radius, centre + radius
        return ends if ar.negative(parts.bend(ar.interval(*ends))) else None

    top = _halved(min(centre - low, high - centre) / 2, bent)
    near = _neighbourhood(evidence, min(b - a for a, b in box) / 4)
    if top is None or isinstance(near, Reason):
        return Reason.NOT_A_MAXIMIZER if top is None else near
    inputs = {**named, "band": (low, high), "top": (top[0], *_bracket(parts, top), top[1]), "box": box, **near}
    region = BandRegion(evidence, parts, inputs)
    if problem := _too_high(region.numbers()):
        return problem
    if not region.ends_are_below():
        return Reason.LEVEL
    band = subdivide([region.band], region.band_tests, evidence.max_boxes)
    found = subdivide(box, region.tests, evidence.max_boxes) if isinstance(band, Subdivision) else band
    if not isinstance(found, Subdivision):
        return Reason.BUDGET
    return {**inputs, "band_subdivision": band, "subdivision": found}


def _bracket(parts: Factorization, top: tuple[Fraction, Fraction]) -> tuple[Fraction, Fraction]:
    """Return a short interval with ``phi' > 0`` at its lower end and ``phi' < 0`` at its upper one, by bisection."""
    ar, (left, right) = parts.arithmetic, top
    for _ in range(BISECTIONS):
        # Beside the middle too: the middle may be s0 itself, where the sign of phi' is never certain.
        for split in (Fraction(1, 2), Fraction(29, 64)):
            middle = left + split * (right - left)
            slope = parts.slope(ar.constant(middle))
            if ar.positive(slope):
                left = middle
            elif ar.negative(slope):
                right = middle
    return left, right


def _neighbourhood(evidence: Evidence, largest: Fraction) -> Inputs | Reason:
    """Find a cube around ``x*`` and a penalty, the cube as large as halving from `largest` allows."""
    penalty = _penalty(evidence.point)
    if penalty is None:
        return Reason.NOT_A_MAXIMUM

    def touching(radius: Fraction) -> Inputs | None:
        box = box_around(evidence.midpoint, radius)
        return {"neighbourhood": tuple(box), "penalty": penalty} if touches_only_here(evidence, box, penalty) else None

    return _halved(largest, touching) or Reason.NOT_A_MAXIMUM


def _penalty(point: Point) -> Fraction | None:
    """A penalty that makes ``Hess Psi(x*)`` negative definite with room, from floats.

    On the tangent space ``H + lambda I`` has largest eigenvalue ``-t``, ``t > 0``; with ``n`` its norm on all of R^d,
    the normal direction needs ``8 k rho^2 > n + n^2/t`` (Schur complement). Twice that is taken.
    """
    ar = point.arithmetic
    h = ar.approximations(point.hessian)
    lam = float(ar.midpoint(point.multiplier))
    u = np.array([float(ar.midpoint(v)) for v in point.u])
    basis = np.linalg.svd(u[None, :])[2][1:]
    shifted = h + lam * np.eye(len(u))
    top = np.linalg.eigvalsh(basis @ shifted @ basis.T)[-1] if len(u) > 1 else -1.0
    size = max(float(np.linalg.norm(shifted, 2)), lam if len(u) == 1 else 0.0)  # without tangents H + lambda may vanish
    if not top < 0 or not np.isfinite(size):
        return None
    return round_up(Fraction(float(2 * size * (1 + size / -top))) / (8 * point.exact_rho**2), 24)


def global_target(evidence: Evidence, asked: np.ndarray) -> Inputs | Reason:
    """The box as asked; the largest cube of convexity that halving finds; a lower value, or a subdivision."""
    box = [(Fraction(float(low)), Fraction(float(high))) for low, high in asked]
    ar, point = evidence.arithmetic, evidence.point
    if not is_inside(ar, point.plus, box):
        return Reason.OUTSIDE
    centre = [ar.midpoint(c) for c in point.plus]

    def convex(radius: Fraction) -> Box | None:
        cube = box_around(centre, radius)
        return cube if is_convex(evidence, cube) else None

    near = _halved(max(high - low for low, high in box), convex)
    if near is None:
        return Reason.DEGENERATE_TARGET
    beside = Beside(evidence, near, point.objective.enclose_value(ar, point.plus))
    lower = _lowest(point, box)
    if lower is not None and ar.negative(Piece(beside, lower, balls_of(ar, lower)).value - beside.value):
        return {"box": tuple(box), "elsewhere": tuple(lower)}
    smallest = SMALLEST * max(high - low for low, high in box)

    def tiny(piece: Box) -> bool:
        return all(high - low <= smallest for low, high in piece)

    found = subdivide(box, beside.tests(), evidence.max_boxes, tiny)
    if isinstance(found, Reason):
        return found
    if isinstance(found, Subdivision):
        return {"box": tuple(box), "neighbourhood": tuple(near), "subdivision": found}
    # Values are compared only where they exist: if there is a place without one, that is the reason.
    domain = subdivide(box, beside.tests({"d": Piece.is_defined}), evidence.max_boxes, tiny)
    return {"box": tuple(box), "elsewhere": tuple(found)} if isinstance(domain, Subdivision) else Reason.DOMAIN


def _lowest(point: Point, box: Box) -> Box | None:
    """Return the lowest of the midpoints of a coarse subdivision, in floats, as a box."""
    pieces = [box]
    for piece in pieces:
        if len(pieces) < PLACES:
            pieces.extend(halves(piece))
    middles = [middle_of(piece) for piece in pieces]
    values = point.objective.floats.value(np.array(middles, dtype=float))
    return None if np.isnan(values).all() else [(v, v) for v in middles[int(np.nanargmin(values))]]
