"""Where SAM with a fixed step converges from: the claim `basin`.

*To a point*, in the gradient system. A step of length `t E`, `0 < t <= 1`, has the derivative `(1 - t) I + t (I - E M)`
with `M(x) = H(x+) J(x)`. So if on the convex set `{x* + V w: |w| <= R}`

    |V^-1 (I - E M(x)) V| <= kappa < 1,

every step takes `|V^-1 (x - x*)|` to at most `1 - t (1 - kappa)` of what it was.

*To a manifold* of zeros of residuals. With `y = r(x+)`, `B = Dr(x+)`, `A = Dy`, `L = V^-1 A`, `W = B^T V/n` and
`w = V^-1 y` a step of length `t E` takes `w` to `(1 - t) w + t (I - E L' W) w` with a mean `L'` of `L` along it, and is
`t E |W w|` long. Let the columns of `V` be in blocks, and `|w|` be the norms of the blocks of `w`. So if on the ball
`|x - x*| <= R`, for values of `L` and `W` at any two points of it, the norms of the blocks have the bounds

    |I - E L W| <= N,   |W| <= b,   |L L'^T| <= S,   with   p N <= kappa p,  kappa < 1,   p N + E b <= p,   p > 0,

then `p |w|` falls to at most `1 - t (1 - kappa)` of what it was, and by at least the length of the step; so the way
from `x_0` has at most the length `p |w(x_0)|`, and ends at a zero of `y` in the ball if it cannot leave it. From
`|x_0 - x*| = r` on it is at most `r` times the length of a sum of `p_i` times unit combinations of the rows of block
`i` of a mean of `L`, so at most `r sqrt(p S p^T)`; and at most `r p a`, if `|L| <= a`.
"""

from __future__ import annotations

from fractions import Fraction

from ..arithmetic.interval import ONE, ZERO, Interval, Undefined, ball, dot, exact, total
from ..arithmetic.linear import Matrix, Vector, identity, matrix_of, norm
from ..arithmetic.spectrum import least_singular_value, spectral_norm
from ..files.reading import dyadic, items, number, positive, record, square_matrix
from ..points.point import Point
from ..points.rules import Claim, Facts, Numbers, Rule, given
from ..points.subdivisions import require
from .contraction import Family


def read_basin(facts: Facts, claim: Claim) -> tuple[Matrix, list[Fraction]]:
    """The inputs: `V`, and `E`, `R`, `kappa`."""
    f = facts.problem.f
    n = len(f.outputs) if facts.residual else f.dimension
    more = ("blocks", "weights", "slope") if facts.residual else ("subdivision",)
    inputs = record(claim.inputs, "inputs", ("basis", "step", "size", "bound", *more))
    return square_matrix(n)(inputs["basis"], "basis"), [dyadic(inputs[k], k) for k in ("step", "size", "bound")]


def read_weights(claim: Claim, m: int, more: int = 0) -> tuple[list[range], list[Fraction]]:
    """The blocks of columns, and `p`, and `pi` if there is one, else 0; the others are positive."""
    sizes = items(claim.inputs["blocks"], "blocks", positive(number))
    weights = items(claim.inputs["weights"], "weights", dyadic, count=len(sizes) + more)
    if sum(sizes) != m or any(size.denominator > 1 for size in sizes) or min(weights) <= 0:
        raise Undefined("blocks that are none, or weights that are not positive")
    ends = [int(sum(sizes[: i + 1])) for i in range(len(sizes))]
    blocks = [range(end - int(size), end) for end, size in zip(ends, sizes, strict=True)]
    return blocks, weights if more else [*weights, Fraction(0)]


def conclude_basin(facts: Facts, claim: Claim) -> str | None:
    """A contraction on a set with an interior."""
    step, size, bound = read_basin(facts, claim)[1]
    proper = step > 0 and size > 0 and 0 < bound < 1
    return "proved" if proper and claim.numbers["radius"].positive() else None


def measure_around_point(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The bound on every piece of the cube around the ball of `w`."""
    basis, (step, size, bound) = read_basin(facts, claim)
    left, one = basis.inverse() * exact(-step), identity(len(basis))
    family = Family(point.problem, point.x, basis, left, basis, one)  # V^-1 (I - E M(x)) V
    family.prove_bound(size, bound, claim.inputs["subdivision"], "subdivision")
    here = family.start + family.turned(point.dynamics)
    return {"contraction": spectral_norm(here), "radius": exact(size) * least_singular_value(basis)}


def measure_around_manifold(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The bounds with `P1 = V`, and nothing that is left of residuals before."""
    basis, (step, _, _) = read_basin(facts, claim)
    m, plain = len(basis), (Fraction(1), Fraction(0), Fraction(0))
    radius = prove_around_manifold(
        claim, point, step, plain, basis.inverse(), basis, basis * ZERO, identity(m), read_weights(claim, m)
    )
    return {"radius": radius}


def prove_around_manifold(
    claim: Claim,
    point: Point,
    step: Fraction,
    method: tuple[Fraction, Fraction, Fraction],
    back: Matrix,
    upper: Matrix,
    lower: Matrix,
    start: Matrix,
    weighted: tuple[list[range], list[Fraction]],
) -> Interval:
    """`R/(1 + slope)`, if the bounds hold on the ball `|x - x*| <= R`, or this is undefined.

    With `method = (k, c, b)`, `W = (k B^T P1 + c B(x*)^T P2)/n` and `L = Q1 A` they are, on a box around the ball,

        |G - E L W| <= N,    |W| <= beta,    |L| <= a,    |L L'^T| <= S,    |W - W(x*)| <= d.

    Of the weights the last one, `pi`, is for what is left of velocities, of which there is nothing if `c = b = 0`.
    """
    f, (k, c, b), (blocks, weights) = point.problem.f, method, weighted
    size, bound, slope = (exact(dyadic(claim.inputs[name], name)) for name in ("size", "bound", "slope"))
    box = Point(point.problem, True, point.x.cube(size))
    if not norm(box.gradient).positive():  # the step of USAM is defined there, too
        raise Undefined("nothing is hallucinated where the gradient vanishes")
    inner, length = upper.T * exact(k * f.share), exact(step)
    left, right = back @ point.a, (inner + lower.T * exact(c * f.share)) @ point.b  # L; the rows of W^T
    of_a, of_b = second_derivatives(box.x, point, size)
    change, rows, columns = change_of_product(size, left, right, combined(back, of_a), combined(inner, of_b))
    rest = start - left @ right.T * length
    n = [[block_norm(block(rest, p, q)) + length * block(change, p, q).frobenius() for q in blocks] for p in blocks]
    beta, a = (
        Vector(norm((Vector(map(norm, lines)) + changes)[p.start : p.stop]) for p in blocks)
        for lines, changes in ((right, columns), (left, rows))
    )
    *p, pi = Vector(map(exact, weights))
    drift, way = pi / exact(k), dot(p, a)
    for j, weight in enumerate(p):
        taken = dot(p, [row[j] for row in n]) + drift * norm(columns[blocks[j].start : blocks[j].stop])
        require(taken.at_most(bound * weight), (taken + length * beta[j]).at_most(weight))
    taken = exact(c) * length * way + pi * exact(b)
    require(taken.at_most(bound * pi), (taken + length * exact(c)).at_most(pi))
    require(way.at_most(slope) or (ZERO.at_most(slope) and pairs(p, blocks, left, rows).at_most(slope.power(2))))
    return size / (ONE + slope)


def pairs(p: list[Interval], blocks: list[range], left: Matrix, rows: Vector) -> Interval:
    """`p S p^T`: of each two blocks the product at `x*`, and what it changes by if rows change by at most so much."""
    squares = left @ left.T
    here, moved = ([norm(part[q.start : q.stop]) for q in blocks] for part in (Vector(map(norm, left)), rows))
    ends = [a + b for a, b in zip(here, moved, strict=True)]
    return total(
        p[i] * p[j] * (block(squares, a, b).frobenius() + ends[i] * ends[j] - here[i] * here[j])
        for i, a in enumerate(blocks)
        for j, b in enumerate(blocks)
    )


def block(a: Matrix, rows: range, columns: range) -> Matrix:
    """A part of a matrix."""
    return matrix_of([a[i][j] for j in columns] for i in rows)


def block_norm(a: Matrix) -> Interval:
    """A bound of the 2-norm: that of a square block, else the root of the sum of squares."""
    if len(a) == len(a[0]) == 1:
        return abs(a[0][0])
    return spectral_norm(a) if len(a) == len(a[0]) else a.frobenius()


def combined(rows: Matrix, slopes: list[Matrix]) -> list[Matrix]:
    """For each row of a matrix its product with another one, differentiated, from the derivatives of the latter."""
    return [Matrix([slope.T @ row for slope in slopes]) for row in rows]


def change_of_product(
    reach: Interval, left: Matrix, right: Matrix, of_left: list[Matrix], of_right: list[Matrix]
) -> tuple[Matrix, Vector, Vector]:
    """What `L R^T`, `L` and `R` change by at most on a ball, by entries and by rows: from the derivatives of the rows.

    `(L + l) (R + r)^T - L R^T = l R^T + L r^T + l r^T`, and by the mean value theorem each of `l`, `r`, `l R^T` and
    `L r^T` is at most the radius times the norm of a derivative.
    """
    rows, columns = (Vector([reach * d.frobenius() for d in parts]) for parts in (of_left, of_right))
    change = matrix_of(
        [
            rows[i] * columns[j] + reach * (norm(of_left[i].T @ right[j]) + norm(of_right[j].T @ left[i]))
            for j in range(len(right))
        ]
        for i in range(len(left))
    )
    return change, rows, columns


def second_derivatives(box: Vector, point: Point, size: Interval) -> tuple[list[Matrix], list[Matrix]]:
    """For each variable the derivatives, by all variables, of its column of `A`, the derivative of `y`; and of `B`.

    On the ball of a size in the box.
    """
    f = point.problem.f
    m, d, nodes = len(f.outputs), len(f.inputs), point.problem.composed.columns
    slopes = f.code.jacobian(f.code.evaluate(box, known=known_on_ball(box, point, size)), nodes, f.inputs)
    found = [Matrix(slopes[k : k + m]) for k in range(0, len(slopes), m)]
    return found[:d], found[d:]


def known_on_ball(box: Vector, point: Point, size: Interval) -> dict[int, Interval]:
    """Where `g` and `x+` are: they change by at most `size` times the norms of their derivatives, known on the box."""
    f, known = point.problem.f, dict[int, Interval]()
    ascended = point.problem.composed.ascended
    for nodes, here, end in ((f.gradient_nodes, point.gradient, f.hessian_end), (ascended, point.plus, None)):
        rows = f.code.jacobian(f.code.evaluate(box, end, known), nodes, f.inputs)
        known |= {i: v + ball(size * norm(row)) for i, v, row in zip(nodes, here, rows, strict=True)}
    return known


RULES = {
    "basin": Rule(
        lambda facts, claim: given("radius") if facts.residual else given("contraction", "radius"),
        conclude_basin,
        lambda facts, *of: (measure_around_manifold if facts.residual else measure_around_point)(facts, *of),
        inputs=True,
    ),
}
