"""Norms, and matrices that depend on a point, bounded on ellipsoids around it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hallucheck.interval import Interval, exact, total
from hallucheck.linear import (
    Matrix,
    Vector,
    add,
    apply,
    identity,
    inverse,
    is_positive_definite,
    matmul,
    middle_of,
    scaled,
    spectrum,
    subtract,
    symmetric_part,
    transpose,
)
from hallucheck.problem import Problem
from hallucheck.regions import around, cover

MOST_VARIABLES = 4  # for mean value forms


def grammian(n: Matrix) -> Matrix:
    """`N N^T`."""
    return symmetric_part(matmul(n, transpose(n)))


def spectral_norm(n: Matrix) -> Interval:
    """The 2-norm."""
    return spectrum(grammian(n), symmetric=True).largest_real_part().sqrt()


def is_at_most(n: Matrix, bound: Fraction) -> bool:
    """Is the 2-norm of every matrix in `n` below the bound? Nothing is below a negative one, whatever its square."""
    square = scaled(exact(bound * bound), identity(len(n)))
    return bound >= 0 and is_positive_definite(subtract(square, grammian(n)))


class Family:
    """The matrices `N(x) = start + L M(x) R` for `x = x* + U w`, by boxes of `w`."""

    def __init__(self, problem: Problem, x: Vector, basis: Matrix, left: Matrix, right: Matrix, start: Matrix) -> None:
        self.problem, self.centre, self.basis = problem, x, basis
        self.left, self.right, self.start = left, right, start

    def x(self, w: Vector) -> Vector:
        """The points of these `w`."""
        return [a + b for a, b in zip(self.centre, apply(self.basis, w), strict=True)]

    def turned(self, m: Matrix) -> Matrix:
        """`L M R`."""
        return matmul(self.left, matmul(m, self.right))

    def at(self, w: Vector) -> Matrix:
        """All its values on a box, as it is written."""
        return add(self.start, self.turned(self.problem.field_slopes(self.x(w))))

    def slopes(self, w: Vector) -> list[Matrix]:
        """Its derivatives by the coordinates of `w` on a box."""
        return [self.turned(bend) for bend in along(self.problem.bends(self.x(w)), self.basis)]

    def by_mean_value(self, w: Vector) -> Matrix:
        """All its values again: the value in the middle, and derivatives on the box times steps."""
        middle, steps = middle_of(w)
        result = self.at(middle)
        for step, slope in zip(steps, self.slopes(w), strict=True):
            result = add(result, scaled(step, slope))
        return result

    def prove_bound(self, size: Fraction, bound: Fraction, tree: Any, where: str) -> None:
        """See that the norms are at most the bound for all `|w| <= R`, or this is undefined."""
        d = len(self.centre)

        def test(w: Vector) -> bool:
            if exact(size * size).below(total(v.power(2) for v in w)) or is_at_most(self.at(w), bound):
                return True
            return d <= MOST_VARIABLES and is_at_most(self.by_mean_value(w), bound)

        cover(around([Fraction(0)] * d, size), tree, where, test)


def along(bends: list[Matrix], directions: Matrix) -> list[Matrix]:
    """Derivatives along the columns of a matrix, from those by the variables."""
    d = len(bends)
    return [
        [[total(bends[k][i][j] * column[k] for k in range(d)) for j in range(d)] for i in range(d)]
        for column in transpose(directions)
    ]


class StepFamily(Family):
    """`V^-1 (I - E M(x)) V`."""

    def __init__(self, problem: Problem, x: Vector, step: Fraction, basis: Matrix) -> None:
        self.inverse = inverse(basis)
        super().__init__(problem, x, basis, scaled(exact(-step), self.inverse), basis, identity(len(x)))
