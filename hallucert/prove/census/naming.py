"""Zeros refined and named: floats propose where they are, all at once, and doubles or balls say what they are.

Newton's method in floats gives a guess m. Around it lies a box X of radius about `RADIUS`, in the box where the zero is
the only one. There the operator of `branch_and_prune` contracts by about RADIUS, so the image K of X is as small as
rounding allows. If K lies in the interior of X, the zero lies in K. From K come, in lanes of intervals of doubles, the
point, ``|g|``, and the matrix whose spectrum decides. A zero counts as settled only if its enclosures are tight
(`TIGHT`, `TIGHT_NUMBERS`) and every question has an answer; the others balls enclose one by one (`shrunk`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from typing import Protocol, TypeVar, cast

import numpy as np

from hallucert.arguments import Quiet
from hallucert.balls import arithmetic
from hallucert.balls.ball_lanes import Boxes, SearchLanes, ends
from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.krawczyk import approximate_preconditioner
from hallucert.balls.lanes import FloatLanes
from hallucert.balls.zeros import contract, prove_zero
from hallucert.check.census.charts import Local
from hallucert.check.census.records import (
    CriticalPoint,
    HallucinatedPoint,
    Kind,
    Problem,
    Stability,
    from_floats,
    kind_of,
    stability_of,
)
from hallucert.check.problem import Point
from hallucert.check.problem import Problem as SamProblem
from hallucert.check.publishing import published_doubles
from hallucert.clock import Clock
from hallucert.prove.census.branch_and_prune import System, Zero, chunks, image, inverses
from hallucert.prove.census.spectra import TIGHT_NUMBERS, signs_in_lanes, smallest_real_parts
from hallucert.prove.census.systems import CriticalSystem, LanePoint, SphereSystem, outside_of

RADIUS = 2.0**-32  # of X, beside coordinates and 1

# Widest enclosure of a point, as a part of rho and of its largest coordinate, or of that part of rho near 0.
TIGHT, NEAR_ZERO = 2.0**-40, 2.0**-10

NEWTON_STEPS = 8
CLOSE = 2.0**-26  # Newton's method stops when all steps are so small, beside coordinates and 1: the next is rounding

Values = np.ndarray | np.float64
Matrix = Sequence[Sequence[Ball]]
R = TypeVar("R")


class FloatPoints(Quiet):
    """Doubles in lanes, arrays of shape (k,), or one double for all: enclosures' formulas, run as plain floats.

    Nothing is rounded outward and nothing is tested: what comes out proposes, and proves nothing.
    """

    exp, log, sqrt = staticmethod(np.exp), staticmethod(np.log), staticmethod(np.sqrt)
    sin, cos, tanh = staticmethod(np.sin), staticmethod(np.cos), staticmethod(np.tanh)
    erf = staticmethod(np.vectorize(math.erf, otypes=[np.float64]))

    def softplus(self, x: Values) -> Values:
        """Return ``log(1 + exp(x))`` without overflow."""
        return np.logaddexp(0.0, x)

    def box(self, lo: np.ndarray, hi: np.ndarray) -> np.ndarray:
        """Return points near the middles of boxes."""
        return lo / 2 + hi / 2

    def permuted(self, values: Sequence[Values], order: np.ndarray) -> list[np.ndarray]:
        """Return m values for `order` (m, k): lane k of number i is that of the value ``order[i, k]``."""
        stacked = np.empty((len(values), order.shape[1]))
        for row, value in zip(stacked, values, strict=True):
            row[:] = value
        return list(stacked[order, np.arange(order.shape[1])])

    def negated(self, x: Values, where: np.ndarray) -> np.ndarray:
        """Change the signs in some lanes."""
        result: np.ndarray = np.where(where, -x, x)
        return result

    def constant(self, value: Fraction) -> np.float64:
        """Return the nearest double, or an infinite one."""
        try:
            return np.float64(value.numerator / value.denominator)
        except OverflowError:
            return np.float64(np.inf if value > 0 else -np.inf)

    def pi(self) -> np.float64:
        """Return the nearest double."""
        return np.float64(np.pi)

    def power(self, x: Values, exponent: int) -> Values:
        """Return an integer power, as products for the small exponents that formulas have."""
        if 1 <= exponent <= 4:
            square = x * x if exponent > 1 else x
            return square if exponent <= 2 else square * (x if exponent == 3 else square)
        return np.power(x, float(exponent))

    def real_power(self, x: Values, exponent: Fraction) -> Values:
        """Return a rational power."""
        return np.power(x, float(exponent))


def float_points() -> SearchLanes:
    """Return `FloatPoints` for systems of which nothing but values at points is asked."""
    return cast(SearchLanes, FloatPoints())


class Pointwise(Protocol):
    """A system that can be evaluated at points."""

    def at_points(self, points: Boxes) -> tuple[list[Ball], list[list[Ball]]]:
        """Return G and DG at points, boxes without width."""
        ...


@dataclass(frozen=True)
class Guess:
    """Where a zero may be: a point, shape (n,), and a matrix near the inverse of DG there, shape (n, n)."""

    middle: np.ndarray
    inverse: np.ndarray


def newton_steps(equations: Pointwise, points: Boxes, unknown: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps to subtract (k, n), `unknown` where DG has no inverse, and the inverses (k, n, n)."""
    value, jacobian = equations.at_points(points)
    residual, slope = np.empty(points.lo.shape), np.empty((*points.lo.shape, points.lo.shape[1]))
    for i, row in enumerate(jacobian):
        residual[:, i] = value[i]
        for j, entry in enumerate(row):
            slope[:, i, j] = entry
    slope[~(np.isfinite(slope).all((1, 2)) & np.isfinite(residual).all(1))] = np.nan
    inverse, usable = inverses(slope)
    return np.where(usable[:, None], (inverse @ residual[..., None])[..., 0], unknown), inverse


def guesses(equations: Pointwise, zeros: Sequence[Zero]) -> list[Guess]:
    """Propose a point for each zero: Newton's method for all of them at once, from the middles of their boxes."""
    if not zeros:
        return []
    tags, box = np.array([zero.tag for zero in zeros]), np.array([zero.box for zero in zeros])
    x = box.mean(axis=2)
    with Quiet():
        for _ in range(NEWTON_STEPS):
            step, inverse = newton_steps(equations, Boxes(tags, x, x), 0.0)
            x = np.clip(x - step, box[..., 0], box[..., 1])
            if (np.abs(step) <= CLOSE * (1.0 + np.abs(x))).all():
                break
    return [Guess(m, c) for m, c in zip(x, inverse, strict=True)]


def shrunk(
    ar: BallArithmetic, at: Callable[[list[Ball]], Local], box: np.ndarray, guess: Guess | None = None
) -> list[Ball]:
    """Enclose, as tightly as `ar` can, the zero that is known to be the only one in a box, shape (n, 2).

    From the guess, or else from the middle, Krawczyk's operator proves a zero in a small box; if that lies in the one
    that is known, its zero is the one in question. Otherwise the operator shrinks the box as far as it goes.
    """
    ends = [(Fraction(low), Fraction(high)) for low, high in box.tolist()]
    middle = box[:, 0] / 2 + box[:, 1] / 2 if guess is None else guess.middle
    centre = [Fraction(v) for v in middle.tolist()]

    def function(x: list[Ball]) -> list[Ball]:
        return at(x).equations

    def jacobian(x: list[Ball]) -> list[list[Ball]]:
        return at(x).jacobian

    inverse = approximate_preconditioner(ar.approximations(jacobian([ar.constant(c) for c in centre])))
    found = None if inverse is None else prove_zero(ar, function, jacobian, centre, inverse)
    if inverse is not None and found is not None:
        sides = zip(ends, centre, found.radius, strict=True)
        if all(low <= c - r and c + r <= high for (low, high), c, r in sides):
            return contract(ar, function, jacobian, found.box)
    return contract(ar, function, jacobian, [ar.interval(low, high) for low, high in ends])


# ---------------------------------------------------------------------- naming, all at once


class Straight(Point):
    """Points of a sphere at which g points at its centre: there ``u = -s n``, without the rounding of ``g/|g|``."""

    def __init__(self, lanes: FloatLanes, problem: Problem, point: LanePoint) -> None:
        super().__init__(lanes, SamProblem(problem.f, problem.rho), point.x)
        self.chart, self.normal = point.chart, point.normal

    @cached_property
    def u(self) -> list[Ball]:
        return self.chart.from_chart([self.chart.signed(-n) for n in self.normal])


def settled_in_time(
    zeros: Sequence[Zero],
    in_points: Pointwise,
    at_once: Callable[[Sequence[Zero], list[Guess]], Mapping[int, R]],
    one_by_one: Callable[[Zero, Guess], R],
    clock: Clock,
) -> tuple[list[R], list[Zero]]:
    """Say what zeros are, where doubles do not decide it one by one; return that, and those there was no time for."""
    found: list[R] = []
    unseen: list[Zero] = []
    for own in chunks(zeros):
        if clock.passed():
            unseen += own
            continue
        proposed = guesses(in_points, own)
        known = at_once(own, proposed)
        for i, zero in enumerate(own):
            one = known[i] if i in known else clock.kept(partial(one_by_one, zero, proposed[i]), zero)
            if isinstance(one, Zero):
                unseen.append(one)
            else:
                found.append(one)
    return found, unseen


def refined(system: System, zeros: Sequence[Zero], guesses: Sequence[Guess]) -> tuple[Boxes, np.ndarray]:
    """Return boxes K around k zeros in the arithmetic of the lanes, and which of them are proved to hold theirs."""
    tags, unique = np.array([zero.tag for zero in zeros]), np.stack([zero.unique for zero in zeros])
    middle = np.stack([guess.middle for guess in guesses])
    room = RADIUS * (1.0 + np.abs(middle))
    tiny = Boxes(tags, middle - room, middle + room)
    inside = ((tiny.lo >= unique[..., 0]) & (tiny.hi <= unique[..., 1])).all(1)
    _, expand = system.look(tiny)
    found = image(system.lanes, tiny, expand(np.ones(len(tiny), bool)))
    known = inside & found.proved
    lo, hi = (np.where(known[:, None], end, other) for end, other in ((found.lo, tiny.lo), (found.hi, tiny.hi)))
    return Boxes(tags, lo, hi), known


def critical_points(
    problem: Problem, system: CriticalSystem, zeros: Sequence[Zero], guesses: Sequence[Guess]
) -> dict[int, CriticalPoint]:
    """Name the zeros of the gradient that doubles decide, by their numbers."""
    lanes, f, count = system.lanes, problem.f, len(zeros)
    if not count or not isinstance(lanes, FloatLanes):
        return {}
    with lanes:
        boxes, known = refined(system, zeros, guesses)
        x = boxes.lanes(lanes)
        sides = _sides(lanes, x, count)
        settled = known & _tight_points(problem, sides) & lanes.finite(f.enclose_value(lanes, x))
        with arithmetic(problem.exact_backend, problem.precision) as ar:
            inertia = signs_in_lanes(ar, lanes, f.enclose_hessian(lanes, x), count)
    sides = published_doubles(sides)
    points = {}
    for i in np.flatnonzero(settled).tolist():
        if (kind := kind_of(int(inertia[i, 0]), int(inertia[i, 1]), f.dimension)) is not Kind.DEGENERATE:
            points[i] = CriticalPoint(from_floats(sides[i]), kind, from_floats(zeros[i].unique))
    return points


def hallucinated_points(
    problem: Problem,
    system: SphereSystem,
    targets: Sequence[CriticalPoint],
    zeros: Sequence[Zero],
    guesses: Sequence[Guess],
) -> dict[int, HallucinatedPoint | None]:
    """Tell what the zeros on the charts are, by their numbers, where doubles decide it.

    None: certainly not a hallucinated point of the box.
    """
    lanes, f, count = system.lanes, problem.f, len(zeros)
    if not count or not isinstance(lanes, FloatLanes):
        return {}
    numbers, faces = np.divmod(np.array([zero.tag for zero in zeros]), 2 * f.dimension)
    isolated = np.array([targets[i].kind is not Kind.DEGENERATE for i in numbers])
    with lanes:
        boxes, proved = refined(system, zeros, guesses)
        point = system.point(boxes)
        known = proved & isolated
        gone = known & (outside_of(lanes, point.x, problem.region) | (lanes.lower(point.outward) >= 0))
        sides = _sides(lanes, point.x, count)
        known &= ~gone & (lanes.upper(point.outward) < 0) & _tight_points(problem, sides)
        known &= ((sides[..., 0] >= problem.region[:, 0]) & (sides[..., 1] <= problem.region[:, 1])).all(1)
        centre = system.centre(numbers)
        known &= lanes.finite(f.enclose_value(lanes, point.x)) & lanes.finite(f.enclose_value(lanes, centre))
        sam = Straight(lanes, problem, point)
        matrix = lanes.matrix_product(f.enclose_hessian(lanes, centre), sam.perturbation)
        with arithmetic(problem.exact_backend, problem.precision) as ar:
            real_parts = smallest_real_parts(ar, lanes, matrix, count)
        values = np.stack([_sides(lanes, [sam.q], count)[:, 0], real_parts], 1)
    widths = values[..., 1] - values[..., 0]
    known &= (np.isfinite(widths) & (widths <= TIGHT_NUMBERS * np.abs(values).max(-1))).all(1)
    sides, values = published_doubles(sides), published_doubles(values)
    settled: dict[int, HallucinatedPoint | None] = dict.fromkeys(np.flatnonzero(gone).tolist())
    for i in np.flatnonzero(known).tolist():
        norm, real_part = from_floats(values[i])
        if (stability := stability_of(real_part)) is not Stability.UNDECIDED:
            number, unique = int(numbers[i]), from_floats(zeros[i].unique)
            settled[i] = HallucinatedPoint(
                from_floats(sides[i]), number, targets[number].kind, stability, norm, real_part, int(faces[i]), unique
            )
    return settled


def _sides(lanes: FloatLanes, values: Sequence[Ball], count: int) -> np.ndarray:
    """Return lower and upper ends of m values, shape (k, m, 2)."""
    return np.array([ends(lanes, value, count) for value in values]).transpose(2, 0, 1)


def _tight_points(problem: Problem, sides: np.ndarray) -> np.ndarray:
    """Tell which enclosures of points, shape (k, d, 2), are as tight as they should be."""
    width, rho = (sides[..., 1] - sides[..., 0]).max(1), float(problem.rho)
    size = np.maximum(np.abs(sides).max((1, 2)), NEAR_ZERO * rho)
    return np.asarray(width <= TIGHT * np.minimum(size, rho))
