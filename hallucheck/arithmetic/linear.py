"""Vectors and matrices of intervals. Floats propose inverses here; what is proved holds whatever they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import overload

from .interval import HALF, ONE, ZERO, Interval, Undefined, ball, check_time, dot, exact, hull, largest, meet, total

Floats = list[list[float]]


class Vector(list[Interval]):
    """A list of intervals, a box of vectors, with the operations of vectors in place of those of lists."""

    def __add__(self, other: Sequence[Interval]) -> Vector:  # type: ignore[override]
        return Vector([a + b for a, b in zip(self, other, strict=True)])

    def __sub__(self, other: Sequence[Interval]) -> Vector:
        return Vector([a - b for a, b in zip(self, other, strict=True)])

    def __mul__(self, factor: Interval) -> Vector:  # type: ignore[override]
        return Vector([factor * a for a in self])

    def inside(self, other: Vector) -> bool:
        """Does the other box contain this one?"""
        return all(a.inside(b) for a, b in zip(self, other, strict=True))

    def strictly_inside(self, other: Vector) -> bool:
        """Does its interior?"""
        return all(a.strictly_inside(b) for a, b in zip(self, other, strict=True))

    def meet(self, other: Vector) -> Vector:
        """The common part of two boxes that have one."""
        return Vector(meet(a, b) for a, b in zip(self, other, strict=True))

    def is_half(self, before: Vector) -> bool:
        """Has some side at most half the length that it had before?"""
        return any(x.width().at_most(HALF * y.width()) for x, y in zip(self, before, strict=True))

    def cube(self, radius: Interval) -> Vector:
        """The cube around it."""
        return Vector(x + ball(radius) for x in self)

    def middle_and_steps(self) -> tuple[Vector, Vector]:
        """A point of the box, in its middle, and the steps from it to all of the box."""
        middle = Vector(x.middle() for x in self)
        return middle, self - middle


class Matrix(list[Vector]):
    """Rows, with the operations of matrices in place of those of lists."""

    def __add__(self, other: Matrix) -> Matrix:  # type: ignore[override]
        return Matrix([a + b for a, b in zip(self, other, strict=True)])

    def __sub__(self, other: Matrix) -> Matrix:
        return Matrix([a - b for a, b in zip(self, other, strict=True)])

    def __mul__(self, factor: Interval) -> Matrix:  # type: ignore[override]
        return Matrix([a * factor for a in self])

    @overload
    def __matmul__(self, other: Matrix) -> Matrix: ...
    @overload
    def __matmul__(self, other: Vector) -> Vector: ...
    def __matmul__(self, other: Matrix | Vector) -> Matrix | Vector:
        check_time()
        if isinstance(other, Vector):
            return Vector([dot(row, other) for row in self])
        columns = other.T
        return Matrix([Vector([dot(row, column) for column in columns]) for row in self])

    @property
    def T(self) -> Matrix:
        """Rows become columns."""
        return Matrix(map(Vector, zip(*self, strict=True)))

    def columns(self, start: int, stop: int | None = None) -> Matrix:
        """Some columns, one after the other."""
        return matrix_of(row[start:stop] for row in self)

    def symmetric_part(self) -> Matrix:
        """`(A + A^T)/2`."""
        return (self + self.T) * HALF

    def gram(self) -> Matrix:
        """`A A^T`."""
        return self @ self.T

    def middles(self) -> Matrix:
        """Numbers near the middles, with no width."""
        return matrix_of([x.middle() for x in row] for row in self)

    def approximate_inverse(self) -> Matrix:
        """A matrix near the inverse of one with entries of moderate size: floats, then Newton's method."""
        n, floats = len(self), [[float(x) for x in row] for row in self]
        inverse = from_floats(float_solve(floats, [[float(i == j) for j in range(n)] for i in range(n)]))
        for _ in range(2):
            inverse = (inverse + inverse @ (identity(n) - self @ inverse)).middles()
        return inverse

    def inverse(self) -> Matrix:
        """`A^-1`."""
        r = self.approximate_inverse()
        return corrected(r, self, r)


def matrix_of(rows: Iterable[Iterable[Interval]]) -> Matrix:
    """The matrix with these rows."""
    return Matrix(map(Vector, rows))


def diagonal(entries: Sequence[Interval]) -> Matrix:
    """The diagonal matrix with these entries."""
    return matrix_of([x if i == j else ZERO for j in range(len(entries))] for i, x in enumerate(entries))


def identity(n: int) -> Matrix:
    """The unit matrix."""
    return diagonal([ONE] * n)


def outer(v: Sequence[Interval]) -> Matrix:
    """`v v^T`, with squares on the diagonal."""
    return matrix_of([a.power(2) if i == j else a * b for j, b in enumerate(v)] for i, a in enumerate(v))


def norm(v: Iterable[Interval]) -> Interval:
    """The Euclidean norm of a vector; its lower end is 0 if it may vanish."""
    square = total(x.power(2) for x in v)
    if square.positive():
        return square.sqrt()
    return hull([ZERO, square.upper().sqrt()]) if square[1] > 0 else ZERO


def float_solve(a: Floats, b: Floats) -> Floats:
    """Gauss in floats: near `A^-1 B`, and large where a pivot vanishes."""
    n = len(a)
    rows = [[*p, *q] for p, q in zip(a, b, strict=True)]
    for k in range(n):
        check_time()
        best = max(range(k, n), key=lambda i: abs(rows[i][k]))
        rows[k], rows[best] = rows[best], rows[k]
        pivot = rows[k][k] or 1e-300
        rows[k] = [v / pivot for v in rows[k]]
        for i in range(n):
            if i != k and (factor := rows[i][k]):
                rows[i] = [v - factor * w for v, w in zip(rows[i], rows[k], strict=True)]
    return [row[n:] for row in rows]


def from_floats(a: Floats) -> Matrix:
    """The doubles, exactly."""
    try:
        return matrix_of([exact(Fraction(v)) for v in row] for row in a)
    except (ValueError, OverflowError):
        raise Undefined("floats overflow") from None


def corrected(r: Matrix, v: Matrix, t: Matrix) -> Matrix:
    """`(R V)^-1 T`. With `E = R V - I` it differs from `T` in each column by at most `e/(1 - e)` of its
    largest entry, where `e < 1` bounds the sums of the rows of `|E|`.
    """
    error = r @ v - identity(len(v))
    e = largest(total(map(abs, row)) for row in error)
    if not e.below(ONE):
        raise Undefined("a matrix may be singular")
    share = e / (ONE - e)
    changes = [ball(share * largest(map(abs, column))) for column in t.T]
    return Matrix([row + changes for row in t])
