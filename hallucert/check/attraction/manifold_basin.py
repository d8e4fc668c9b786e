"""Claims ``basin`` and ``converges`` in residual form: from which starts SAM converges to the manifold of solutions.

A SAM step is ``x' = x - eta B(x)^T y(x)/n`` with ``y = r(x+)`` and ``B = Dr(x+)``; let ``A = Dy``. Let V be a
nonsingular matrix (real eigenvectors of the tangent kernel, as floats), its columns cut into blocks (one column, or
the two of a pair of complex eigenvalues), ``L = V^-1 A``, ``W = B^T V/n``, and ``|w|`` the vector of the 2-norms of
the blocks of ``w = V^-1 y``. Omega is the ball ``|x - x*| <= R``. Suppose that g is not 0 on Omega, and that for all
x, x' of it

    |I - E L(x') W(x)| <= N,    |W(x)| <= b,    |L(x)| <= a,    |L(x) L(x')^T| <= S,

N and S matrices of bounds of the 2-norms of blocks, b and a vectors of bounds for blocks of columns and of rows. Let
weights ``p > 0`` make it a contraction and pay for the way:

    p N <= kappa p,  kappa < 1,    and    p N + E b <= p.

For a step ``eta = t E``, 0 < t <= 1, as long as the segment from x to x' is in Omega, ``y(x') = (I - eta Abar B^T/n)
y(x)`` with a mean Abar of A along it, and ``I - t E L W = (1 - t) I + t (I - E L W)``: so ``p |w'| <= (1 - t) p |w| +
t p N |w|``, at most ``1 - t (1 - kappa)`` times ``p |w|``, and at most ``p |w| - t E b |w|``, where ``t E b |w|``
bounds the length of the step. So the path from ``x_0`` has at most the length ``p |w(x_0)|``. If that and
``|x_0 - x*|`` are together at most R, all of it stays in Omega, by induction; it has a limit with y = 0 and g != 0, a
point of the manifold of solutions. With a mean Lbar of L from ``x*`` to x_0 and unit vectors c_i, one for each block,
``p |w(x_0)| = (sum p_i c_i^T Lbar_i) (x_0 - x*)``, and the square of that row is ``sum p_i p_j c_i^T Lbar_i Lbar_j^T
c_j``, at most ``p S p^T``. So with ``slope = sqrt(p S p^T)``, or ``p a``, every start with ``|x_0 - x*| <= R/(1 +
slope)`` is one.

N, b, a and S are their values at ``x*``, in balls, and what L and W change on Omega: by the mean value theorem a row of
L changes by at most R times the 2-norm of its derivative on a box around Omega, entries of ``L(x') W(x*)`` and
``L(x*) W(x)`` likewise, and ``(L(x') - L(x*)) (W(x) - W(x*))`` by products of such norms. The derivatives are array
programs, run in midpoint-radius arrays (`hallucert.check.attraction.ascent_programs`), in which g and x+ are enclosed
by the mean value theorem, too.

Inputs of `basin`: ``step`` (E), ``basis`` (V by rows), ``blocks`` (their sizes), ``size`` (R), ``bound`` (kappa),
``weights`` (p), ``slope`` (a bound of one of the two). Number: ``radius``, ``R/(1 + slope)``. Numbers of `converges`:
``distance`` (``|x_N - x*|``) and ``rest`` (``p |w(x_N)|``, which bounds the rest of the path).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.balls.matrix import inverse
from hallucert.balls.midrad import MidRad, MidRadArithmetic
from hallucert.balls.midrad.rounding import TINY, UP, Doubles, excess
from hallucert.check.attraction.as_program import as_program
from hallucert.check.attraction.ascent_programs import AscentPrograms
from hallucert.check.attraction.norms import root
from hallucert.check.attraction.step_matrices import joined
from hallucert.check.claim import Enclosure
from hallucert.check.point.rule import Evidence, Inputs, Numbers
from hallucert.check.problem import Point
from hallucert.check.reason import Reason
from hallucert.clock import look
from hallucert.errors import DomainError
from hallucert.exact import float_above
from hallucert.objectives.program.midrad import MidRadArrays
from hallucert.objectives.program.program import Program

LANES = 2**12
"""Directions at a time."""


@dataclass(frozen=True)
class Bounds:
    """Bounds on a ball around ``x*``, block by block: N, b, a and S, and of how far W is from its value at ``x*``."""

    contraction: Doubles
    descent: Doubles
    slope: Doubles
    slopes: Doubles
    change: Doubles


@dataclass(frozen=True)
class Frame:
    """What ``G - E L(x') W(x)`` is made of, around the point of some evidence, and the blocks of its coordinates.

    ``L = Q A`` with Q, `back`, and ``W = (B^T V + B_*^T S)/n`` with V, `basis`, and S, `still`, where B_* is B at
    ``x*``; None is 0. G is `fixed`. Of a basin Q is the inverse of V, ``S = 0`` and ``G = I``.
    """

    evidence: Evidence
    basis: Matrix
    back: Matrix
    blocks: tuple[int, ...]
    step: Fraction
    fixed: Matrix
    still: Matrix | None = None

    @cached_property
    def at_point(self) -> tuple[MidRad, MidRad, MidRad]:
        """``L``, ``W`` and ``G - E L W`` at ``x*``, computed in balls."""
        ar, point = self.evidence.arithmetic, self.evidence.point
        left = ar.matrix_product(self.back, point.residual_matrix)
        part, b = ar.constant(1 / point.objective.n), point.residual_jacobian_plus
        all_of_it = self.basis if self.still is None else matrix.add(self.basis, self.still)
        right = matrix.scale(part, ar.matrix_product(matrix.transpose(b), all_of_it))
        moved = matrix.scale(ar.constant(self.step), ar.matrix_product(left, right))
        rest = matrix.subtract(self.fixed, moved)
        return rounded(ar, left), rounded(ar, right), rounded(ar, rest)

    @cached_property
    def _doubles(self) -> tuple[MidRad, MidRad]:
        """``V`` and Q."""
        return rounded(self.evidence.arithmetic, self.basis), rounded(self.evidence.arithmetic, self.back)

    def bounds(self, size: Fraction) -> Bounds | None:
        """Return N, b and a on a ball; None if f is not certainly defined there, g may be 0, or nothing is bounded."""
        ar, point = self.evidence.arithmetic, self.evidence.point
        box = [x + ar.interval(-size, size) for x in point.x]
        around = Point(ar, point.problem, box)
        if not (around.domain_certain and ar.positive(around.q)):  # the step of USAM is defined where g = 0, too
            return None
        try:
            (left, right, rest), (v, back) = self.at_point, self._doubles
            scaled = MidRad.number(1 / point.objective.n) * v.T
            of_left, of_right = derivatives(point, size, back, scaled)
            by_left, by_right = right.T @ of_left, left @ of_right  # D (L W(x*))_ij at [i, j], D (L(x*) W)_ij at [j, i]
        except DomainError:
            return None
        reach = float_above(size)
        turned = norms(by_left, -1) + norms(by_right, -1).T
        rows, columns = (reach * norms(a.reshape(len(a), -1), -1) * UP for a in (of_left, of_right))
        own = norms(left, -1)
        change = (reach * turned + np.outer(rows, columns)) * float_above(self.step) * UP
        here, moved, slope = (self._squeezed(a[:, None])[:, 0] for a in (own, rows, own + rows))
        crossed = np.outer(here, moved)
        slopes = self._squeezed(left @ left.T) + crossed + crossed.T + np.outer(moved, moved)
        return Bounds(
            (self._diagonal(rest, self._squeezed(rest)) + self._squeezed(change)) * UP,
            self._squeezed(norms(right.T, -1)[None] + columns)[0] * UP,
            slope * UP,
            slopes * UP,
            self._squeezed(columns[None])[0] * UP,
        )

    def _squeezed(self, entries: MidRad | Doubles) -> Doubles:
        """Bounds of the 2-norms of blocks, from entries or their bounds; axes of length 1 stay."""
        squares = (entries.magnitude() if isinstance(entries, MidRad) else entries) ** 2
        starts = np.cumsum([0, *self.blocks[:-1]])
        for axis, length in enumerate(squares.shape):
            if length > 1:
                squares = np.add.reduceat(squares, starts, axis=axis)
        return np.sqrt(squares * excess(max(self.blocks) ** 2) + TINY) * UP

    def _diagonal(self, rest: MidRad, norms: Doubles) -> Doubles:
        """The same of ``G - E L W``, with sharper bounds of the blocks on the diagonal: rotations are no longer."""
        first = 0
        for i, size in enumerate(self.blocks):
            norms[i, i] = min(norms[i, i], rotation_norm(rest[first : first + size, first : first + size]))
            first += size
        return norms

    def rest(self, y: Sequence[Ball], ar: BallArithmetic, weights: Sequence[Fraction]) -> Ball:
        """Enclose ``p |V^-1 y|``."""
        return weighted(ar, matrix.apply(ar, self.back, list(y)), self.blocks, weights)


def weighted(ar: BallArithmetic, w: Sequence[Ball], blocks: Sequence[int], weights: Sequence[Fraction]) -> Ball:
    """Enclose the sum of the norms of the blocks of a vector times their weights."""
    total, first = ar.constant(Fraction(0)), 0
    for size, weight in zip(blocks, weights, strict=True):
        norm = root(Enclosure(*ar.endpoints(matrix.sum_of_squares(ar, w[first : first + size]))))
        total, first = total + ar.constant(weight) * ar.interval(norm.lower, norm.upper), first + size
    return total


class OnBall:
    """x, g and x+ on the ball ``|x - x*| <= R``, and programs there; `DomainError` if nothing can be enclosed.

    By the mean value theorem an entry of g changes by at most R times the norm of a row of H, and one of ``x+`` by R
    times that of a row of J, which are enclosed on the box around the ball. Taken are these or the values on the box,
    entry by entry, whichever are sharper.
    """

    def __init__(self, point: Point, size: Fraction) -> None:
        f, self._arithmetic = as_program(point.problem.objective), point.arithmetic
        if f is None:
            raise DomainError("it is no array program")
        self.f, self.programs = f, AscentPrograms(f, point.problem.rho, point.law)
        self._arrays, self._reach = MidRadArrays(MidRadArithmetic()), float_above(size)
        x = f.split(rounded(self._arithmetic, [[c + self._arithmetic.interval(-size, size) for c in point.x]])[0])
        g = self._sharper(f.gradients, x, point.gradient, self.moved(self.programs.curved, *x))
        plus = self._sharper(self.programs.plus, [*x, *g], point.plus, self.moved(self.programs.turned, *x, *g))
        self.x, self.g, self.plus = x, g, plus

    def moved(self, program: Program, *given: MidRad) -> MidRad:
        """The results of a program of a direction, for all coordinates: entry, coordinate."""
        d, parts = self.f.dimension, []
        for start in range(0, d, LANES):
            look()
            directions = np.eye(min(LANES, d - start), d, start)
            results = self._arrays.run(program, [*given, *self.f.split(directions)])
            parts.append(joined(results, self.f.program.inputs, len(directions)))
        return MidRad.concatenate(parts).T

    def _sharper(self, program: Program, given: list[MidRad], at_point: list[Ball], changes: MidRad) -> list[MidRad]:
        """Parameter arrays, from a program and from their values at the point and derivatives on the box."""
        wide = joined(self._arrays.run(program, given), self.f.program.inputs, 1)[0]
        change = MidRad(np.zeros(len(at_point)), norms(changes, -1) * self._reach * UP)
        sharp = rounded(self._arithmetic, [at_point])[0] + change
        nearer = sharp.rad < wide.rad
        mid, rad = (np.where(nearer, a, b) for a, b in ((sharp.mid, wide.mid), (sharp.rad, wide.rad)))
        found: list[MidRad] = self.f.split(MidRad(mid, rad))
        return found


def derivatives(point: Point, size: Fraction, rows: MidRad, columns: MidRad) -> tuple[MidRad, MidRad]:
    """Enclose on a ball the derivatives of ``e A`` for each row e, and of ``B^T v`` for each of other rows v.

    They have shapes (rows, d, d): row, entry, coordinate. `DomainError` if there is no array program, or no enclosure.
    """
    ball = OnBall(point, size)
    at, programs = [*ball.x, *ball.g, *ball.plus], ball.programs
    return (
        MidRad.concatenate([ball.moved(programs.back, *at, rows[i])[None] for i in range(len(rows))]),
        MidRad.concatenate([ball.moved(programs.descent, *at, columns[i])[None] for i in range(len(columns))]),
    )


def rotation_norm(block: MidRad) -> float:
    """Bound the 2-norm of a block of one entry, or of two by two; infinite for a larger one.

    ``[[p, q], [r, s]]`` is the sum of a rotation and of a reflection, each times a number, half of the lengths of
    ``(p + s, q - r)`` and of ``(p - s, q + r)``.
    """
    if len(block) == 1:
        return float(block.magnitude()[0, 0])
    if len(block) > 2:
        return float("inf")
    p, q, r, s = (block[i, j] for i in range(2) for j in range(2))
    lengths = [norms(np.array([a.magnitude(), b.magnitude()]), 0) for a, b in ((p + s, q - r), (p - s, q + r))]
    return float((lengths[0] + lengths[1]) / 2 * UP)


def norms(entries: MidRad | Doubles, axis: int) -> Doubles:
    """Bounds of 2-norms along an axis."""
    sizes = entries.magnitude() if isinstance(entries, MidRad) else entries
    bounds: Doubles = np.sqrt((sizes**2).sum(axis=axis) * excess(sizes.shape[axis]) + TINY) * UP
    return bounds


def rounded(ar: BallArithmetic, rows: Sequence[Sequence[Ball]]) -> MidRad:
    """The doubles around a matrix of balls; `DomainError` if there are none."""
    return MidRad.from_balls(ar, np.array([list(row) for row in rows], dtype=object))


def frame_of(evidence: Evidence, inputs: Inputs) -> Frame | None:
    """Return the frame of the inputs of a basin; None if they make no sense."""
    ar, m = evidence.arithmetic, evidence.point.objective.residual_count
    found = coordinates_of(evidence, inputs, m)
    return None if found is None else Frame(evidence, *found, inputs["step"], matrix.identity(ar, m))


def coordinates_of(evidence: Evidence, inputs: Inputs, order: int) -> tuple[Matrix, Matrix, tuple[int, ...]] | None:
    """Return a basis of so many vectors, its inverse and its blocks; None if they make no sense."""
    flat, ar = inputs["basis"], evidence.arithmetic
    blocks = tuple(int(size) for size in inputs["blocks"] if size.denominator == 1 and size > 0)
    fits = len(blocks) == len(inputs["blocks"]) and sum(blocks) == order and len(flat) == order**2
    if not (evidence.residual_form and inputs["step"] > 0 and fits):
        return None
    v = matrix.from_rationals(ar, [flat[i * order : (i + 1) * order] for i in range(order)])
    back = inverse(ar, v)
    return None if back is None else (v, back, blocks)


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Show that the weights contract and pay for the way on Omega; the radius follows."""
    frame = frame_of(evidence, inputs)
    return Reason.NEEDS_PREMISES if frame is None else measure_ball(frame.bounds, evidence, inputs)


def measure_ball(
    bounds_on: Callable[[Fraction], Bounds | None], evidence: Evidence, inputs: Inputs
) -> Numbers | Reason:
    """The same, with the bounds on a ball of a given radius."""
    size, bound, weights, slope = (inputs[name] for name in ("size", "bound", "weights", "slope"))
    if not (size > 0 and 0 < bound < 1 and all(weight > 0 for weight in weights)):
        return Reason.NEEDS_PREMISES
    bounds = bounds_on(size)
    if bounds is None or not serves(bounds, inputs["step"], bound, weights, slope):
        return Reason.STEP
    radius = evidence.arithmetic.constant(size / (1 + slope))
    return {"radius": Enclosure(*evidence.arithmetic.endpoints(radius))}


def serves(bounds: Bounds, step: Fraction, bound: Fraction, weights: Sequence[Fraction], slope: Fraction) -> bool:
    """Tell, exactly, whether ``p N <= kappa p``, ``p N + E b <= p``, and ``p a <= slope`` or ``p S p^T <= slope^2``."""
    parts = (bounds.contraction, bounds.descent, bounds.slope, bounds.slopes)
    n, b, a, s = ([Fraction(v) for v in part.reshape(-1).tolist()] for part in parts)
    count = len(weights)
    if len(b) != count:
        return False
    for j, weight in enumerate(weights):
        taken = sum(p * v for p, v in zip(weights, n[j::count], strict=True))
        if taken > bound * weight or taken + step * b[j] > weight:
            return False
    pairs = (p * q for p in weights for q in weights)
    square = sum(pair * v for pair, v in zip(pairs, s, strict=True))
    return slope >= 0 and (square <= slope**2 or sum(p * v for p, v in zip(weights, a, strict=True)) <= slope)


def measure_arrival(evidence: Evidence, x: list[Ball], ar: BallArithmetic) -> Enclosure | None:
    """Enclose the bound ``p |V^-1 y|`` of the rest of the path from a point, by the claim `basin` that was proved.

    None if there is none, or something is indeterminate.
    """
    region = evidence.claims.get("basin")
    if region is None or "weights" not in region.inputs:
        return None
    frame, point = frame_of(evidence, region.inputs), Point(ar, evidence.point.problem, x)
    if frame is None or not (point.domain_certain and ar.all_finite([point.shifted_residual])):
        return None
    rest = frame.rest(point.shifted_residual, ar, region.inputs["weights"])
    return Enclosure(*ar.endpoints(rest)) if ar.is_finite(rest) else None
