"""The equation of a surface of hallucinated minimizers in balls, without roots: point, target and multiplier together.

For a sum of squares with ``m`` residuals and a fixed rho, ``z = (x, c, lambda)`` in ``R^(2d+1)`` and

    E(z) = ( g(x) + lambda (x - c),  (|x - c|^2 - rho^2)/2,  r(c) ),    d + 1 + m equations.

Where ``lambda > 0`` the first two say that ``c = x + rho u(x)`` and ``lambda = |g(x)|/rho`` (the sphere picture), the
last that ``r(x+) = 0``: the zeros of ``E`` with ``lambda > 0`` and the global hallucinated minimizers are the same,
one ``z`` for each ``x``. The derivative by ``(c, lambda)`` of the first two is nonsingular there (its determinant is
``lambda^(d-1) rho^2`` up to sign), so ``DE`` has full row rank exactly where ``A = Dr(x+) J(x)`` has: then the zeros
are a manifold of dimension ``d - m`` (Theorem 3.1). Compared to ``r(x + rho u(x))`` nothing is divided by ``|g|``, and
every second derivative of ``E`` is one of ``g``, of ``r`` or constant, so that cells may be several times as large.

    D^2E[v, w] = ( D^3f[v_x, w_x] + v_lambda (w_x - w_c) + w_lambda (v_x - v_c),  <v_x - v_c, w_x - w_c>,
                   D^2r[v_c, w_c] )

*A frame that turns with the ascent direction.* On a curved surface ``u`` turns, and all matrices with it, so that plain
enclosures are wide although what theorems read (eigenvalues, singular values) hardly changes. Let
``z(s) = (x, c, lambda)`` be the zeros of ``E`` on a part of a patch, ``t`` a point of the part and ``z_k`` the
derivatives. Along the segment from ``t`` to ``s``, ``u = (c - x)/rho`` turns by ``u' = Om u`` with the skew
``Om = u' u^T - u u'^T``. Let ``Q' = Om Q``, ``Q = I`` at ``t``: ``Q`` is orthogonal and ``u(s) = Q u(t)``. In the frame
``Q``

    Q^T u = u(t),    (Q^T H Q)' = Q^T (H' + H Om - Om H) Q,    (B Q)' = (B' + B Om) Q,    B = Dr(x+).

Integrate from ``t`` to ``s``. At a part ``p`` of the way, from 0 to 1, ``|Q - I| <= p th`` with ``th`` a bound of the
length of the path of ``u``. ``Q`` is orthogonal, so that for a bracket ``Y`` there

    |Q^T Y Q - Y| = |Y (Q - I) - (Q - I) Y| <= 2 p th |Y|,    |Y Q - Y| <= p th |Y|,

which bounds every entry. Over all of the way that is ``th |Y|`` and ``(th/2) |Y|``.
Everything that `Point` computes from ``u``, ``H``, ``B`` and ``q = rho lambda`` (``J``, ``A``, products) is then what
it is in the frame ``Q``, with the same eigenvalues and singular values.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import TypeVar

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.check.branch.system import (
    Tensor,
    formula_of,
    lower_place,
    third_derivative_tape,
    third_derivatives,
)
from hallucert.check.cell import Vector
from hallucert.check.problem import Point, Problem
from hallucert.exact import require_radius
from hallucert.objectives.builder import jacobian_tape
from hallucert.objectives.objective import Objective
from hallucert.objectives.tape import Tape

T = TypeVar("T")

FOURTH = 4
"""Up to so many variables fourth derivatives are formed, ``d^4`` of them."""


class SurfaceSystem:
    """``E`` for one function in residual form (a formula, or a small network, written out as one) and exact radius.

    Raises `ArgumentError` unless `rho` is positive, `NotAnalyticError` if third derivatives are not to be had.
    """

    def __init__(self, arithmetic: BallArithmetic, objective: Objective, rho: Fraction) -> None:
        require_radius(rho)
        self.arithmetic, self.exact_rho = arithmetic, rho
        self.objective = formula_of(objective.as_formula())
        self.third = third_derivative_tape(self.objective)
        self.rho = arithmetic.constant(rho)
        self.dimension = objective.dimension
        self.equations = self.dimension + 1 + objective.residual_count
        self.unknowns = 2 * self.dimension + 1

    @cached_property
    def residual_second(self) -> Tape:
        """The tape of the second derivatives of the residuals, ``m d^2`` outputs."""
        return jacobian_tape(self.objective.residual_jacobian_tape)

    @cached_property
    def fourth(self) -> Tape:
        """The tape of the derivatives of the third derivatives."""
        return jacobian_tape(self.third)

    @cached_property
    def residual_third(self) -> Tape:
        """The tape of the third derivatives of the residuals, ``m d^3`` outputs."""
        return jacobian_tape(self.residual_second)

    def split(self, z: Sequence[T]) -> tuple[Sequence[T], Sequence[T], T]:
        """``x``, ``c`` and ``lambda``."""
        d = self.dimension
        return z[:d], z[d : 2 * d], z[-1]

    def value(self, z: Vector) -> Vector:
        """``E(z)``."""
        ar, (x, c, multiplier) = self.arithmetic, self.split(z)
        offset = [a - b for a, b in zip(x, c, strict=True)]
        gradient = self.objective.enclose_gradient(ar, x)
        square = matrix.sum_of_squares(ar, offset) - ar.power(self.rho, 2)
        return [
            *(g + multiplier * v for g, v in zip(gradient, offset, strict=True)),
            square * ar.constant(Fraction(1, 2)),
            *self.objective.enclose_residual(ar, c),
        ]

    def jacobian(self, z: Vector) -> Matrix:
        """``DE(z)``."""
        ar, d, (x, c, multiplier) = self.arithmetic, self.dimension, self.split(z)
        zero, offset = ar.constant(Fraction(0)), [a - b for a, b in zip(x, c, strict=True)]
        rows = []
        for i, row in enumerate(self.objective.enclose_hessian(ar, x)):
            by_x = [h + multiplier if i == j else h for j, h in enumerate(row)]
            rows.append([*by_x, *(-multiplier if i == j else zero for j in range(d)), offset[i]])
        rows.append([*offset, *(-v for v in offset), zero])
        rows += [[*[zero] * d, *row, zero] for row in self.objective.enclose_residual_jacobian(ar, c)]
        return rows

    def second(self, z: Vector, frame: Matrix) -> Tensor:
        """``D^2E(z)[F_a, F_b]`` for the columns of a frame: for each equation a matrix of balls, symmetric."""
        ar, d, (x, c, _) = self.arithmetic, self.dimension, self.split(z)
        in_x, in_c, in_multiplier = self.split(frame)
        offset = matrix.subtract(in_x, in_c)
        third = third_derivatives(ar, self.third, x)
        size, result = len(in_multiplier), []
        for i in range(d):
            entries = _congruent(ar, third[i], in_x)
            for a in range(size):
                for b in range(a + 1):
                    bilinear = in_multiplier[a] * offset[i][b] + in_multiplier[b] * offset[i][a]
                    entries[a][b] = entries[b][a] = entries[a][b] + bilinear
            result.append(entries)
        result.append(ar.matrix_product(matrix.transpose(offset), offset))
        return result + [_congruent(ar, rows, in_c) for rows in self.residual_hessians(c)]

    def third_pairs(self, z: Vector, frame: Matrix) -> tuple[Matrix, Matrix]:
        """``D^4f(x)[F_a, F_b, ., .]`` and ``D^3r(c)[F_a, F_b, .]``: all that is left of ``D^3E``; for few variables.

        For each of the `d` (or `m`) equations a row that has the `d` entries of the last place for each `pairs` of
        columns.
        """
        ar, d, (x, c, _) = self.arithmetic, self.dimension, self.split(z)
        in_x, in_c, _ = self.split(frame)
        by_x, by_c = self.fourth.evaluate(ar, x), self.residual_third.evaluate(ar, c)
        size, cube = d**2, d**3
        fourth = [[v for j in range(d) for v in by_x[lower_place(i, j) * size :][:size]] for i in range(d)]
        third = [by_c[i : i + cube] for i in range(0, len(by_c), cube)]
        return _in_pairs(ar, fourth, in_x), _in_pairs(ar, third, in_c)

    def defined(self, z: Vector) -> bool:
        """Tell whether certainly ``lambda > 0``, and ``f`` is defined at all ``x`` and all ``c``.

        The function's own tape is run, not a derivative's: a derivative may be defined where the function is not.
        """
        ar, (x, c, multiplier) = self.arithmetic, self.split(z)
        values = [self.objective.enclose_value(ar, side) for side in (x, c)]
        return bool(ar.positive(multiplier) and ar.all_finite([values]))

    def residual_hessians(self, c: Sequence[Ball]) -> Tensor:
        """The second derivatives of the residuals at ``c``: for each residual `d` by `d` balls."""
        d, flat = self.dimension, self.residual_second.evaluate(self.arithmetic, c)
        rows = [flat[k * d : (k + 1) * d] for k in range(len(flat) // d)]
        return [rows[i * d : (i + 1) * d] for i in range(len(rows) // d)]


def _congruent(ar: BallArithmetic, rows: Matrix, frame: Sequence[Vector]) -> Matrix:
    """``F^T R F``."""
    return ar.matrix_product(matrix.transpose(frame), ar.matrix_product(rows, frame))


def pairs(size: int) -> list[tuple[int, int]]:
    """The places of a symmetric matrix."""
    return [(a, b) for a in range(size) for b in range(a + 1)]


def _in_pairs(ar: BallArithmetic, rows: Matrix, frame: Sequence[Vector]) -> Matrix:
    """Insert pairs of columns of a frame in the first two places of trilinear forms, rows of ``d^3`` balls."""
    d, size, across = len(frame), len(frame[0]), matrix.transpose(frame)
    result = []
    for row in rows:
        by_first = ar.matrix_product(across, [row[i * d * d : (i + 1) * d * d] for i in range(d)])
        second = [[v for entries in by_first for v in entries[j * d : (j + 1) * d]] for j in range(d)]
        by_both = ar.matrix_product(across, second)
        result.append([v for a, b in pairs(size) for v in by_both[a][b * d : (b + 1) * d]])
    return result


class PatchPoint(Point):
    """Every quantity that theorems on sums of squares read on a part of a patch, in the frame that turns with ``u``.

    `z` are all ``z(s)`` of the part, `middle` is ``z(t)``, `velocities` are the two ``z_k``, the derivatives by ``s_k``
    at all ``s``, and `offsets` the two ``s_k - t_k``.
    """

    def __init__(
        self, system: SurfaceSystem, z: Vector, middle: Vector, velocities: Sequence[Vector], offsets: Vector
    ) -> None:
        ar, (x, c, multiplier) = system.arithmetic, system.split(z)
        super().__init__(ar, Problem(system.objective, system.exact_rho, residual=True), x)
        self.system, self.offsets = system, offsets
        self.middle_x, self.middle_c, middle_multiplier = system.split(middle)
        self.velocities = [system.split(velocity) for velocity in velocities]
        moved = middle_multiplier
        for (_, _, change), offset in zip(self.velocities, offsets, strict=True):
            moved = moved + change * offset
        common = ar.intersection(multiplier, moved)
        # These take the place of the properties that would compute them from x.
        self.__dict__["plus"] = list(c)
        self.__dict__["multiplier"] = multiplier if common is None else common
        self.__dict__["q"] = system.rho * self.multiplier
        self.__dict__["u"] = self._direction(self.middle_x, self.middle_c)

    @cached_property
    def hessian(self) -> Matrix:
        """``Q^T H Q``."""
        ar = self.arithmetic
        plain = self.objective.enclose_hessian(ar, self.x)
        third = third_derivatives(ar, self.system.third, self.x)
        changes = []
        for (v_x, _, _), turn in zip(self.velocities, self._turns, strict=True):
            moved = [[ar.dot(entries, v_x) for entries in rows] for rows in third]
            turned = ar.matrix_product(plain, turn)  # H Om; its transpose is -Om H
            changes.append(matrix.add(moved, matrix.add(turned, matrix.transpose(turned))))
        return self._moved(self.objective.enclose_hessian(ar, self.middle_x), changes, self._angle)

    @cached_property
    def residual_jacobian_plus(self) -> Matrix:
        """``B Q``."""
        ar = self.arithmetic
        plain = self.objective.enclose_residual_jacobian(ar, self.plus)
        second = self.system.residual_hessians(self.plus)
        changes = []
        for (_, v_c, _), turn in zip(self.velocities, self._turns, strict=True):
            moved = [matrix.apply(ar, rows, v_c) for rows in second]
            changes.append(matrix.add(moved, ar.matrix_product(plain, turn)))
        slack = self._angle * ar.constant(Fraction(1, 2))
        return self._moved(self.objective.enclose_residual_jacobian(ar, self.middle_c), changes, slack)

    @cached_property
    def perturbation(self) -> Matrix:
        """``J = I + (rho/q) P H``, ``P = I - u u^T``: in this frame ``u`` is nearly exact, and ``H`` is not."""
        ar = self.arithmetic
        product = ar.matrix_product(self._across, self.hessian)
        return matrix.add(matrix.identity(ar, len(product)), matrix.scale(self.rho / self.q, product))

    @cached_property
    def residual_matrix(self) -> Matrix:
        """``A = B + (rho/q) B P H``."""
        ar, b = self.arithmetic, self.residual_jacobian_plus
        product = ar.matrix_product(ar.matrix_product(b, self._across), self.hessian)
        return matrix.add(b, matrix.scale(self.rho / self.q, product))

    @cached_property
    def _across(self) -> Matrix:
        """``P``."""
        along = [[v * w for w in self.u] for v in self.u]
        return matrix.subtract(matrix.identity(self.arithmetic, len(along)), along)

    @cached_property
    def _turns(self) -> list[Matrix]:
        """``Om`` for each velocity, exactly skew."""
        u, zero = self._direction(self.x, self.plus), self.arithmetic.constant(Fraction(0))
        turns = []
        for v_x, v_c, _ in self.velocities:
            v = self._direction(v_x, v_c)
            turn = [[zero] * len(u) for _ in u]
            for i in range(len(u)):
                for j in range(i):
                    turn[i][j] = v[i] * u[j] - u[i] * v[j]
                    turn[j][i] = -turn[i][j]
            turns.append(turn)
        return turns

    @cached_property
    def _angle(self) -> Ball:
        """An upper bound of ``th``."""
        ar, total = self.arithmetic, self.arithmetic.constant(Fraction(0))
        for (v_x, v_c, _), offset in zip(self.velocities, self.offsets, strict=True):
            total = total + self._size(self._direction(v_x, v_c)) * ar.constant(ar.magnitude(offset))
        return total

    def _moved(self, start: Matrix, changes: Sequence[Matrix], slack: Ball) -> Matrix:
        """``start + Y``, ``Y = sum_k changes_k (s_k - t_k)``, and every entry up to ``slack |Y|`` off."""
        ar = self.arithmetic
        total, *others = (matrix.scale(offset, change) for change, offset in zip(changes, self.offsets, strict=True))
        for other in others:
            total = matrix.add(total, other)
        size = self._size([v for row in total for v in row]) * slack
        if not ar.is_finite(size):
            return [[ar.indeterminate() for _ in row] for row in start]
        off = ar.interval(-ar.upper(size), ar.upper(size))
        return [[a + b + off for a, b in zip(row, other, strict=True)] for row, other in zip(start, total, strict=True)]

    def _size(self, entries: Sequence[Ball]) -> Ball:
        """An upper bound of the root of the sum of squares; indeterminate if an entry is."""
        ar, total = self.arithmetic, matrix.sum_of_squares(self.arithmetic, entries)
        if not ar.is_finite(total):
            return total
        top = ar.constant(ar.upper(total))
        return ar.sqrt(top) if ar.positive(top) else top

    def _direction(self, x: Sequence[Ball], c: Sequence[Ball]) -> Vector:
        """``(c - x)/rho``."""
        return [(b - a) / self.rho for a, b in zip(x, c, strict=True)]
