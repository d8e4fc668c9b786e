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
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.check.branch.system import Tensor, formula_of, third_derivative_tape
from hallucert.check.cell import Vector
from hallucert.exact import require_radius
from hallucert.objectives.builder import jacobian_tape
from hallucert.objectives.objective import Objective
from hallucert.objectives.tape import Tape

FOURTH = 4
"""Up to so many variables fourth derivatives are formed, ``d^4`` of them."""


class SurfaceSystem:
    """``E`` for one function and radius.

    Parameters
    ----------
    arithmetic
        One of `hallucert.balls.arithmetic`.
    objective : Objective
        The function in residual form: a formula, or a small network, which is written out as one.
    rho : Fraction
        Exact perturbation radius.

    Raises
    ------
    ArgumentError
        Unless `rho` is positive.
    NotAnalyticError
        If third derivatives are not to be had (`third_derivative_tape`).
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

    def split(self, z: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any], Any]:
        """``x``, ``c`` and ``lambda``."""
        d = self.dimension
        return z[:d], z[d : 2 * d], z[-1]

    def value(self, z: Vector) -> Vector:
        """``E(z)``."""
        ar, (x, c, multiplier) = self.arithmetic, self.split(z)
        offset = [a - b for a, b in zip(x, c, strict=True)]
        gradient = self.objective.enclose_gradient(ar, x)
        square = -ar.power(self.rho, 2)
        for v in offset:
            square = square + ar.power(v, 2)
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
        third = self.third_derivatives(x)
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

    def third_along(self, z: Vector, frame: Matrix) -> Matrix:
        """``D^3E(z)[F_a, F_b, F_c]`` for the k columns of a frame: for each equation a row of ``k^3`` balls.

        Only ``D^4f`` and ``D^3r`` are left; for at most `FOURTH` variables.
        """
        ar, d, (x, c, _) = self.arithmetic, self.dimension, self.split(z)
        in_x, in_c, _ = self.split(frame)
        by_x, by_c = self.fourth.evaluate(ar, x), self.residual_third.evaluate(ar, c)
        size, cube = d**2, d**3
        fourth = [[v for j in range(d) for v in by_x[_place(i, j) * size :][:size]] for i in range(d)]
        third = [by_c[i : i + cube] for i in range(0, len(by_c), cube)]
        of_square = [ar.constant(Fraction(0))] * len(frame[0]) ** 3
        return [*_contracted(ar, fourth, in_x), of_square, *_contracted(ar, third, in_c)]

    def defined(self, z: Vector) -> bool:
        """Tell whether certainly ``lambda > 0``, and ``f`` is defined at all ``x`` and all ``c``.

        The function's own tape is run, not a derivative's: a derivative may be defined where the function is not.
        """
        ar, (x, c, multiplier) = self.arithmetic, self.split(z)
        values = [self.objective.enclose_value(ar, side) for side in (x, c)]
        return bool(ar.positive(multiplier) and ar.all_finite([values]))

    def third_derivatives(self, x: Sequence[Ball]) -> Tensor:
        """``D^3f(x)`` as `d` by `d` by `d` balls."""
        d, flat = self.dimension, self.third.evaluate(self.arithmetic, x)
        return [[[flat[_place(i, j) * d + k] for k in range(d)] for j in range(d)] for i in range(d)]

    def residual_hessians(self, c: Sequence[Ball]) -> Tensor:
        """The second derivatives of the residuals at ``c``: for each residual `d` by `d` balls."""
        d, flat = self.dimension, self.residual_second.evaluate(self.arithmetic, c)
        rows = [flat[k * d : (k + 1) * d] for k in range(len(flat) // d)]
        return [rows[i * d : (i + 1) * d] for i in range(len(rows) // d)]


def _congruent(ar: BallArithmetic, rows: Matrix, frame: Sequence[Vector]) -> Matrix:
    """``F^T R F``."""
    return ar.matrix_product(matrix.transpose(frame), ar.matrix_product(rows, frame))


def _contracted(ar: BallArithmetic, rows: Matrix, frame: Sequence[Vector]) -> Matrix:
    """Insert the columns of a frame in trilinear forms: rows of ``d^3`` balls become rows of ``k^3``."""
    d = len(frame)
    for _ in range(3):
        # Each round replaces the last index, and puts its place first.
        products = [ar.matrix_product([row[i : i + d] for i in range(0, len(row), d)], frame) for row in rows]
        rows = [[v for column in matrix.transpose(product) for v in column] for product in products]
    return rows


def _place(i: int, j: int) -> int:
    """Position of an entry of a symmetric matrix in its lower triangle."""
    return max(i, j) * (max(i, j) + 1) // 2 + min(i, j)
