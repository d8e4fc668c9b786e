"""Norms, and matrices that depend on a point, bounded on ellipsoids around it."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from operator import add, mul
from typing import Any

from ..arithmetic.interval import ball, dot, exact, total
from ..arithmetic.linear import Matrix, Vector, matrix_of
from ..arithmetic.norms import is_at_most
from ..points.problem import Problem
from ..points.subdivisions import cover

MOST_VARIABLES = 4  # for mean value forms


class Family:
    """The matrices `N(x) = start + L M(x) R` for `x = x* + U w`, by boxes of `w`."""

    def __init__(self, problem: Problem, x: Vector, basis: Matrix, left: Matrix, right: Matrix, start: Matrix) -> None:
        self.problem, self.centre, self.basis = problem, x, basis
        self.left, self.right, self.start = left, right, start

    def x(self, w: Vector) -> Vector:
        """The points of these `w`."""
        return self.centre + self.basis @ w

    def turned(self, m: Matrix) -> Matrix:
        """`L M R`."""
        return self.left @ (m @ self.right)

    def at(self, w: Vector) -> Matrix:
        """All its values on a box, as it is written."""
        return self.start + self.turned(self.problem.field_slopes(self.x(w)))

    def slopes(self, w: Vector) -> list[Matrix]:
        """Its derivatives by the coordinates of `w` on a box."""
        return [self.turned(bend) for bend in along(self.problem.composed.bends(self.x(w)), self.basis)]

    def by_mean_value(self, w: Vector) -> Matrix:
        """All its values again: the value in the middle, and derivatives on the box times steps."""
        middle, steps = w.middle_and_steps()
        return reduce(add, map(mul, self.slopes(w), steps), self.at(middle))

    def prove_bound(self, size: Fraction, bound: Fraction, tree: Any, where: str) -> None:
        """See that the norms are at most the bound for all `|w| <= R`, or this is undefined."""
        d = len(self.centre)

        def test(w: Vector) -> bool:
            if exact(size * size).below(total(v.power(2) for v in w)) or is_at_most(self.at(w), bound):
                return True
            return d <= MOST_VARIABLES and is_at_most(self.by_mean_value(w), bound)

        cover(Vector([ball(exact(size))] * d), tree, where, test)


def blocks(a: Matrix, b: Matrix, c: Matrix, d: Matrix) -> Matrix:
    """`[[A, B], [C, D]]`."""
    return matrix_of([*p, *q] for upper in ((a, b), (c, d)) for p, q in zip(*upper, strict=True))


def along(bends: list[Matrix], directions: Matrix) -> list[Matrix]:
    """Derivatives along the columns of a matrix, from those by the variables."""
    d = len(bends)
    return [
        matrix_of([dot(column, [bend[i][j] for bend in bends]) for j in range(d)] for i in range(d))
        for column in directions.T
    ]
