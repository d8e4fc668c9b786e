"""From a point in floats to a witness: Newton's method in balls, a box by inflation, and why it may fail."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.facade import BallArithmetic
from hallucert.balls.krawczyk import (
    Function,
    Jacobian,
    KrawczykOperator,
    KrawczykResult,
    approximate_preconditioner,
)
from hallucert.balls.zeros import ZeroEnclosure, prove_zero
from hallucert.check.point.existence import System, enclosed, excludes, in_domain
from hallucert.check.point.rule import Rows, Vector, Witness
from hallucert.check.problem import Balls, Point, Problem
from hallucert.check.publishing import length_at, sizes_at
from hallucert.check.reason import Reason
from hallucert.errors import ArgumentError
from hallucert.exact import LARGEST_DOUBLE, round_down, round_up
from hallucert.objectives.ascent import row_norms

NEWTON_STEPS = 20
_SLOW = 1000  # Newton's method linearises anew after a step that lowers the residual by less than this factor

# Sizes of an eigenvalue of ``H(x+)`` beside the largest: 0 to floats, hard to tell from 0, certainly below 0.
_SINGULAR, _NEARLY_SINGULAR, _NEGATIVE = 1e-9, 1e-4, -1e-6

# Which part of its box Krawczyk's image should fill: with room enough to pass the test in any arithmetic, and with so
# much latitude that the first guess usually does.
FILLING = (0.02, 0.6)


@dataclass(frozen=True)
class Located:
    """The outcome of a search for a provable box: the witness, and the SAM quantities at ``x*`` if existence is proved.

    `problem` says which equation was chosen, `excluded` that the box was proved to hold no solution, and `reason` why
    neither was shown.
    """

    problem: Problem
    witness: Witness | None
    point: Point | None = None
    excluded: bool = False
    reason: Reason | None = None


def locate(arithmetic: BallArithmetic, problem: Problem, x: Vector, radius: Fraction | None) -> Located:
    """Find a centre by Newton's method, a box by inflation, and prove existence in it.

    With a `radius` the box is fixed: it is ``x`` plus or minus `radius`, and nothing is polished.
    """
    at_start = problem.at(arithmetic, [arithmetic.constant(c) for c in x])
    problem = with_equation(at_start)
    if problem.residual:
        at_start = problem.at(arithmetic, at_start.x)
    proposal = propose(at_start, x) if radius is not None else polish(at_start, x, NEWTON_STEPS)
    if isinstance(proposal, Reason):
        return Located(problem, None, reason=_why_singular(at_start) or proposal)
    equations = proposal.equations
    if radius is not None:
        inverse = approximate_preconditioner(proposal.jacobian)
        if inverse is None:
            return Located(problem, None, reason=_why_singular(equations.at_centre) or Reason.PRECISION)
        return _in_fixed_box(equations, _witness(proposal, [radius] * len(inverse), inverse))
    found = _prove(equations, proposal.jacobian)
    if found is None and proposal.stale:
        found = _prove(equations, _float_jacobian(equations))
    if found is None:
        return Located(problem, None, reason=_why_not(equations))
    zero, radii = found
    witness = _witness(proposal, radii, zero.preconditioner)
    return _outcome(equations, witness, in_domain(equations, _tightened(equations, zero)))


def _prove(equations: System, jacobian: np.ndarray) -> tuple[ZeroEnclosure, list[Fraction]] | None:
    """Prove a zero near ``z = 0``, preconditioned by the inverse of a float Jacobian; and a box around it."""
    inverse = approximate_preconditioner(jacobian)
    if inverse is None:
        return None
    ar, origin = equations.arithmetic, [Fraction(0)] * len(inverse)
    unit = sizes_at(equations.at_centre).box
    found = prove_zero(ar, equations.value, equations.jacobian, origin, inverse, unit=unit)
    if found is None:
        return None
    shape = [unit] * len(inverse)
    return found, uniqueness_radius(ar, equations.value, equations.jacobian, found, shape, FILLING)


def _witness(proposal: Proposal, radius: Sequence[Fraction], preconditioner: list[list[Fraction]]) -> Witness:
    equations = proposal.equations
    rows = tuple(tuple(row) for row in preconditioner)
    slice_rows = _exact_rows(proposal.slice)
    return Witness(equations.exact_centre, slice_rows, tuple(radius), rows)


def _exact_rows(a: np.ndarray | None) -> Rows | None:
    return None if a is None else tuple(tuple(map(Fraction, row)) for row in a.tolist())


def _outcome(equations: System, witness: Witness, found: Point | Reason) -> Located:
    """Return where ``x*`` is, or the most likely cause of a failure."""
    if not isinstance(found, Reason):
        return Located(equations.problem, witness, found)
    return Located(equations.problem, witness, reason=found if found is Reason.DOMAIN else _why_not(equations))


def _in_fixed_box(equations: System, witness: Witness) -> Located:
    located = _outcome(equations, witness, enclosed(equations, witness))
    if located.point is None and excludes(equations, witness):
        return Located(equations.problem, witness, excluded=True)
    return located


def _tightened(equations: System, found: ZeroEnclosure) -> Balls:
    """Enclose the zero that was found as tightly as the arithmetic can.

    Where the term ``(I - C DG) Z`` is a small part of Krawczyk's image, the rest is the rounding of ``C G(0)``, and
    another step gains nothing.
    """
    ar = equations.arithmetic
    width = max(ar.upper(side) - ar.lower(side) for side in found.box)
    if 8 * found.contraction * max(found.radius) <= width:
        return found.box
    return equations.operator(found.preconditioner).tighten(found.result)


def _why_not(equations: System) -> Reason:
    """Name the most likely cause of a failed test, from the values at the centre."""
    point = equations.at_centre
    if not equations.arithmetic.is_finite(point.q):
        return Reason.ZERO_GRADIENT
    if not point.domain_certain:
        return Reason.DOMAIN
    return _why_singular(point) or Reason.NOT_A_ZERO


def _why_singular(point: Point) -> Reason | None:
    """Tell from floats whether the target or the perturbation Jacobian looks singular near a point.

    Where ``g(x+)`` is not much smaller than ``g(x)`` there is no target, and with mini-batches there are several: None.
    """
    if point.problem.claims:
        return None
    ar = point.arithmetic
    with np.errstate(over="ignore"):
        both = [ar.approximations([g]) for g in (point.gradient, point.shifted_gradient)]
        here, plus = (float(row_norms(g)[0]) for g in both)
        if not plus <= 0.1 * here:
            return None
    at_x, at_plus, jacobian = (ar.approximations(m) for m in (point.hessian, point.hessian_plus, point.perturbation))
    if not all(np.isfinite(m).all() for m in (at_x, at_plus, jacobian)):
        return None
    scale = max(np.linalg.norm(at_x, 2), np.linalg.norm(at_plus, 2))
    eigenvalues = np.linalg.eigvalsh((at_plus + at_plus.T) / 2)
    if np.abs(eigenvalues).min() <= _SINGULAR * scale:
        return Reason.DEGENERATE_SADDLE if eigenvalues[0] < _NEGATIVE * scale else Reason.DEGENERATE_TARGET
    if np.abs(eigenvalues).min() <= _NEARLY_SINGULAR * scale:
        return Reason.NEARLY_DEGENERATE
    singular = np.linalg.svd(jacobian, compute_uv=False)
    return Reason.SINGULAR_JACOBIAN if singular[-1] <= 1e-6 * singular[0] else None


def with_equation(point: Point) -> Problem:
    """Choose the residual form if there are at most `d` residuals, much smaller at ``x+`` than at the point ``x``.

    With weight decay the equations are all of ``g(x+) + w x = 0``.
    """
    ar, objective = point.arithmetic, point.objective
    if point.problem.claims or point.problem.residual or not 0 < objective.residual_count <= objective.dimension:
        return point.problem
    here = objective.enclose_residual(ar, point.x)
    try:
        size = max(abs(ar.midpoint(r)) for r in here)
        size_plus = max(abs(ar.midpoint(r)) for r in point.shifted_residual)
    except (ArithmeticError, ValueError):
        return point.problem
    return replace(point.problem, residual=10 * size_plus <= size)


def propose_slice(point: Point) -> np.ndarray | Reason:
    """Return ``S``, shape (d, m): the rows of ``Dr(x+)``, scaled to length about 1, as columns."""
    rows = point.arithmetic.approximations(point.residual_jacobian_plus)
    lengths = np.linalg.norm(rows, axis=1)
    if not np.isfinite(rows).all() or not (lengths > 0).all():
        return Reason.RANK_DEFICIENT
    return (rows / lengths[:, None]).T


@dataclass(frozen=True)
class Proposal:
    """Where existence is to be proved: a system at its centre, the floats of its slice, and of its Jacobian.

    The Jacobian is *stale* if it is that of an earlier iterate near the centre.
    """

    equations: System
    slice: np.ndarray | None
    jacobian: np.ndarray
    stale: bool = False


def propose(point: Point, x: Vector) -> Proposal | Reason:
    """The system centred at `x`, where the SAM quantities are `point`."""
    linear = _linearised(point, x)
    return linear if isinstance(linear, Reason) else Proposal(_system(point, x, linear[0]), *linear)


def _linearised(point: Point, x: Vector) -> tuple[np.ndarray | None, np.ndarray] | Reason:
    """The floats of a fresh slice (None in the gradient system) and of the Jacobian of the system on it."""
    rows = propose_slice(point) if point.problem.residual else None
    if isinstance(rows, Reason):
        return rows
    return rows, _float_jacobian(_system(point, x, rows))


def _float_jacobian(equations: System) -> np.ndarray:
    """``DG(0)`` in doubles."""
    return equations.arithmetic.approximations(equations.jacobian(equations.origin))


def _system(point: Point, x: Vector, rows: np.ndarray | None) -> System:
    balls = None if rows is None else matrix.from_floats(point.arithmetic, rows)
    return System(point.arithmetic, point.problem, x, balls, point)


def polish(point: Point, x: Vector, steps: int) -> Proposal | Reason:
    """Newton's method on the system from `x`, where the SAM quantities are `point`.

    Returns the system centred at the best iterate, which has as many bits as the arithmetic. Slice and Jacobian are
    kept while they serve: until a step gains less than a factor `_SLOW`. Stops where the residual no longer falls or
    cannot be told from 0. A step longer than ``rho/2`` means that no zero is near; so does one longer than half of
    ``|x+ - x|``, for laws under which that is another length.
    """
    ar, length = point.arithmetic, length_at(point)
    best: tuple[Point, Vector] | None = None
    linear: tuple[np.ndarray | None, np.ndarray] | None = None
    linear_at, best_size = point, Fraction(0)
    for _ in range(steps):
        value = point.equations
        if not ar.all_finite([value]):
            return Reason.DOMAIN if ar.is_finite(point.q) else Reason.ZERO_GRADIENT
        middle = [ar.midpoint(v) for v in value]
        size = max(abs(v) for v in middle)
        if best is not None and size >= best_size:
            break
        slow = _SLOW * size > best_size
        best, best_size = (point, x), size
        if linear is not None and not any(map(ar.nonzero, value)):
            break
        if linear is None or slow:
            fresh = _linearised(point, x)
            if isinstance(fresh, Reason):
                return fresh
            linear, linear_at = fresh, point
        rows, jacobian = linear
        if size == 0 or not np.isfinite(jacobian).all():
            break
        # Scaled to size 1, so that no bits of a tiny right-hand side are lost.
        right = np.array([float(v / size) for v in middle])
        step = np.linalg.lstsq(jacobian, -right, rcond=1e-15)[0]
        moves = [Fraction(move) * size for move in (step if rows is None else rows @ step).tolist()]
        if max(abs(move) for move in moves) > length / 2:
            return Reason.NOT_A_ZERO
        x = tuple(_nearby(c + move, ar.precision) for c, move in zip(x, moves, strict=True))
        point = point.problem.at(ar, [ar.constant(c) for c in x])
    if best is None or linear is None:  # no step was allowed
        return Reason.NOT_A_ZERO
    return Proposal(_system(best[0], best[1], linear[0]), *linear, stale=linear_at is not best[0])


def _nearby(value: Fraction, bits: int) -> Fraction:
    wide = bits > 53 or abs(value) > LARGEST_DOUBLE
    return round_down(value, bits) if wide else Fraction(float(value))


# ---------------------------------------------------------------------- the largest box with a zero

MAX_STEPS = 40
_NEAR = Fraction(5, 4)  # the search ends where radii too large and radii good enough are this close


def uniqueness_radius(
    ar: BallArithmetic,
    function: Function,
    jacobian: Jacobian,
    found: ZeroEnclosure,
    shape: Sequence[Fraction],
    filling: tuple[float, float] = (0.6, 1.0),
    max_steps: int = MAX_STEPS,
) -> list[Fraction]:
    """Return radii of a box around the centre of `found` that contains its zero and no other.

    The box is ``max(t shape, found.radius)`` with positive `shape`; t, up to ``2**40``, is sought so that the image
    *fills* a part of the box within the bounds of `filling`. The filling grows with t at least linearly, so a box
    filled to 0.6 is at least 0.6 of the largest that passes the test; one that is filled less leaves room for a test
    in another arithmetic. On all of the box the Jacobian is nonsingular. At most `max_steps` boxes are tried.
    """
    radius = found.radius
    if len(shape) != len(radius) or any(s <= 0 for s in shape):
        raise ArgumentError("shape", list(map(str, shape)), f"be {len(radius)} positive numbers")
    operator = KrawczykOperator(ar, function, jacobian, found.preconditioner)
    with ar:
        step = operator.newton_step(found.centre)
    best = radius
    start = max(r / s for r, s in zip(radius, shape, strict=True))
    top = 2**40 * max(Fraction(1), start)
    aim = math.sqrt(filling[0] * filling[1])
    low, low_filled = min(r / s for r, s in zip(radius, shape, strict=True)), float(min(found.contraction, Fraction(1)))
    high, high_filled = None, math.inf
    # The filling grows about linearly in t.
    guess = start * max(Fraction(1), min(Fraction(2**40), Fraction(aim / max(low_filled, 1e-300))))
    for _ in range(max_steps):
        tried = [max(round_up(guess * s, 30), r) for s, r in zip(shape, radius, strict=True)]
        with ar:
            result = operator.image(found.centre, tried, step)
        filled = _filled(result, tried)
        if result.proved and filled <= filling[1]:
            low, low_filled, best = guess, filled, tried
            if filled >= filling[0]:
                break
        else:
            high, high_filled = guess, filled
        if high is None:
            guess = low * Fraction(max(1.5, min(2.0**20, aim / max(low_filled, 1e-300))))
            if guess > top:
                break
        elif high <= low * _NEAR:
            break
        else:
            guess = _between(low, high, low_filled, high_filled, aim)
    return best


def _filled(result: KrawczykResult, radius: list[Fraction]) -> float:
    """Return the largest part of a side that the image fills, infinite from ``2**40`` on or if there is no image."""
    if not result.image:
        return math.inf
    largest = max(s / r for s, r in zip(result.spread, radius, strict=True))
    return float(largest) if largest < 2**40 else math.inf


def _between(low: Fraction, high: Fraction, low_filled: float, high_filled: float, aim: float) -> Fraction:
    """Return a number between two positive ones, where a power law through their fillings reaches `aim`.

    The geometric mean where that cannot be told; always some way from both.
    """
    part = 0.5
    if 0 < low_filled < aim < high_filled < math.inf:
        part = math.log(aim / low_filled) / math.log(high_filled / low_filled)
    ratio = high / low
    # Of numbers up to 2**1100 apart, so not through the logarithm of a float.
    bits = ratio.numerator.bit_length() - ratio.denominator.bit_length()
    exponent = min(max(part, 0.1), 0.9) * (bits + math.log2(float(ratio / Fraction(2) ** bits)))
    whole = math.floor(exponent)
    return round_up(low * Fraction(2) ** whole * Fraction(2.0 ** (exponent - whole)), 20)
