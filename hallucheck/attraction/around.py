"""What `g`, `x+` and the derivatives of `y = r(x+)` change by at most on a set around a point `x*`.

The set is given by directions, the columns of a matrix `F` in blocks, and a size for each block: its points are `x* + F
z` with `|z_b| <= s_b`. By the mean value theorem a number with the derivative `h` on it, a row, changes by at most
`sum s_b |(h F)_b|`. A ball has `F = I` and one block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from ..arithmetic.interval import ZERO, Interval, Undefined, ball, dot, exact, total
from ..arithmetic.linear import Matrix, Vector, identity, matrix_of, norm
from ..arithmetic.norms import frobenius
from ..arithmetic.spectrum import spectrum
from ..files.reading import items, number, positive
from ..points.point import Point
from ..points.rules import Claim


def read_blocks(claim: Claim, m: int) -> list[range]:
    """The blocks of `m` columns, one after the other, from their sizes."""
    sizes = items(claim.inputs["blocks"], "blocks", positive(number))
    if sum(sizes) != m or any(size.denominator > 1 for size in sizes):
        raise Undefined("blocks that are none")
    ends = [int(sum(sizes[: i + 1])) for i in range(len(sizes))]
    return [range(end - int(size), end) for end, size in zip(ends, sizes, strict=True)]


class Around:
    """The set, where all of `r(x+)` is analytic and `g` does not vanish."""

    def __init__(self, point: Point, directions: Matrix, blocks: list[range], sizes: Sequence[Interval]) -> None:
        self.point, self.directions, self.blocks, self.sizes = point, directions, blocks, sizes
        self.widths = self.most(directions)

    def most(self, rows: Matrix) -> Vector:
        """What numbers change by at most, from their derivatives along the directions, a row each."""
        return Vector(dot(self.sizes, norms(row, self.blocks)).upper() for row in rows)

    def most_of_form(self, form: Matrix) -> Interval:
        """The largest `|z^T M z|` at most."""
        sized = list(zip(self.sizes, self.blocks, strict=True))
        return total(s * t * frobenius(block(form, b, c)) for s, b in sized for t, c in sized).upper()

    def images(self, parts: int) -> Iterator[tuple[Vector, dict[int, Interval]]]:
        """Boxes around the set times `1/parts`, `2/parts`, .. `1`, and where `g` and `x+` are on each of these.

        On the j-th they are as far from what they are at `x*` as their derivatives on the first j say, each for its
        part of the way.
        """
        f, point, ascended = self.point.problem.f, self.point, self.point.problem.composed.ascended
        changed = [Vector([ZERO] * len(point.x))] * 2
        for j in range(1, parts + 1):
            box, known = (
                point.x + Vector(ball(w * exact(Fraction(j, parts))) for w in self.widths),
                dict[int, Interval](),
            )
            ways = (f.gradient_nodes, point.gradient, f.hessian_end), (ascended, point.plus, None)
            for k, (nodes, here, end) in enumerate(ways):
                rows = f.code.jacobian(f.code.evaluate(box, end, known), nodes, f.inputs, self.directions)
                changed[k] = changed[k] + self.most(rows) * exact(Fraction(1, parts))
                known |= zip(nodes, here + Vector(map(ball, changed[k])), strict=True)
            yield box, known

    def second_derivatives(self, parts: int) -> Iterator[tuple[list[Matrix], list[Matrix]]]:
        """For each variable the derivatives, along all directions, of its column of `A = Dy`; and of `B = Dr(x+)`.

        On the set times `1/parts`, `2/parts`, .. `1`.
        """
        f, nodes = self.point.problem.f, self.point.problem.composed.columns
        m, d = len(f.outputs), len(f.inputs)
        for box, known in self.images(parts):
            values = f.code.evaluate(box, known=known)
            if not norm(values[i] for i in f.gradient_nodes).positive():  # the step of USAM is defined there, too
                raise Undefined("nothing is hallucinated where the gradient vanishes")
            slopes = f.code.jacobian(values, nodes, f.inputs, self.directions)
            found = [Matrix(slopes[k : k + m]) for k in range(0, len(slopes), m)]
            yield found[:d], found[d:]


def ball_around(point: Point, size: Interval) -> Around:
    """The ball `|x - x*| <= R`."""
    d = len(point.x)
    return Around(point, identity(d), [range(d)], [size])


def norms(v: Sequence[Interval], blocks: list[range]) -> Vector:
    """Those of the blocks of a vector."""
    return Vector(norm(v[b.start : b.stop]) for b in blocks)


def block(a: Matrix, rows: range, columns: range) -> Matrix:
    """A part of a matrix."""
    return matrix_of(row[columns.start : columns.stop] for row in a[rows.start : rows.stop])


def block_norm(a: Matrix) -> Interval:
    """The 2-norm of a matrix that may be a row or a column."""
    if min(len(a), len(a[0])) == 1:
        return frobenius(a)
    square = spectrum(a.gram()).largest_real_part()
    return square.sqrt() if square.positive() else frobenius(a)


def block_bounds(here: Matrix, change: Matrix, blocks: list[range]) -> Matrix:
    """Bounds of the 2-norms of all blocks of a matrix, of which the entries change by at most so much."""
    return matrix_of([block_norm(block(here, b, c)) + frobenius(block(change, b, c)) for c in blocks] for b in blocks)


def combined(rows: Matrix, slopes: list[Matrix]) -> list[Matrix]:
    """For each row of a matrix its product with another one, differentiated, from the derivatives of the latter."""
    return [Matrix([slope.T @ row for slope in slopes]) for row in rows]


def changes(around: Around, slopes: list[Matrix], others: Matrix) -> Matrix:
    """What the entries of each row change by at most, and then its products with other rows: from derivatives of it."""
    return Matrix(Vector([*around.most(slope), *around.most(others @ slope)]) for slope in slopes)


def change_of_product(d: int, of_left: Matrix, of_right: Matrix) -> Matrix:
    """What the entries of `L R^T` change by at most, from the changes of `L`, with the rows of `R`, and the converse.

    `(L + l) (R + r)^T - L R^T = l R^T + L r^T + l r^T`; the rows of `L` and `R` have `d` entries.
    """
    return matrix_of(
        [row[d + j] + column[d + i] + dot(row[:d], column[:d]) for j, column in enumerate(of_right)]
        for i, row in enumerate(of_left)
    )


def pairs(p: Sequence[Interval], blocks: list[range], left: Matrix, moved: Sequence[Interval]) -> Interval:
    """`p S p^T`, where `S` bounds the blocks of `L L'^T` if rows of both change by at most so much."""
    squares = left @ left.T
    here, more = norms(Vector(map(norm, left)), blocks), norms(moved, blocks)
    ends = here + more
    return total(
        p[i] * p[j] * (block_norm(block(squares, b, c)) + here[i] * more[j] + more[i] * ends[j])
        for i, b in enumerate(blocks)
        for j, c in enumerate(blocks)
    )
