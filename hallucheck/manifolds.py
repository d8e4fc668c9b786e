"""Where SAM comes to a manifold of zeros of residuals: the claims `basin` and `converges` in the residual system.

With `y = r(x+)`, `B = Dr(x+)`, `A = Dy` and `|y|_V = |V^-1 y|` a step of length `t E` takes `y` to `(1 - t) y + t
(I - E A' B^T/n) y` with a mean `A'` of `A` along it. So if on a ball around `x*`, for
values of `A` and `B` at any two points of it,

    |V^-1 (I - E A B^T/n) V| <= kappa < 1,    |B^T V|/n <= b,    |V^-1 A| <= a,

then the way from `x_0` has at most the length `E b |y(x_0)|_V/(1 - kappa)`, and ends at a zero of `y` in the ball if it
cannot leave it.
"""

from __future__ import annotations

from fractions import Fraction

from hallucheck.claims import Claim, Facts, Numbers
from hallucheck.interval import ONE, Undefined, exact, hull
from hallucheck.linear import (
    Matrix,
    add,
    identity,
    inverse,
    is_positive_definite,
    matmul,
    norm,
    scaled,
    spectrum,
    symmetric_part,
    transpose,
)
from hallucheck.point import Point
from hallucheck.reading import dyadic, items, record


def grammian(n: Matrix) -> Matrix:
    """`N N^T`."""
    return symmetric_part(matmul(n, transpose(n)))


def is_at_most(n: Matrix, bound: Fraction) -> bool:
    """Is the 2-norm of every matrix in `n` below the bound? Nothing is below a negative one, whatever its square."""
    square = scaled(exact(bound * bound), identity(len(n)))
    return bound >= 0 and is_positive_definite(add(square, scaled(exact(-1), grammian(n))))


def read_basin_of_manifold(claim: Claim, m: int) -> tuple[Matrix, list[Fraction]]:
    """The inputs: `V`, and `E`, `R`, `kappa`, `b` and `a`."""
    names = ("step", "size", "bound", "descent", "slope")
    inputs = record(claim.inputs, "inputs", ("basis", *names))
    flat = items(inputs["basis"], "basis", dyadic, count=m * m)
    basis = [[exact(v) for v in flat[i : i + m]] for i in range(0, m * m, m)]
    return basis, [dyadic(inputs[name], name) for name in names]


def conclude_basin_of_manifold(facts: Facts, claim: Claim) -> str | None:
    """A contraction on a ball."""
    _, (step, size, bound, _, _) = read_basin_of_manifold(claim, len(facts.problem.f.outputs))
    proper = step > 0 and size > 0 and 0 < bound < 1
    return "proved" if proper and claim.numbers["radius"].positive() else None


def measure_basin_of_manifold(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The three bounds on a box around the ball `|x - x*| <= R`."""
    f, m = point.problem.f, len(point.problem.f.outputs)
    basis, (step, size, bound, descent, slope) = read_basin_of_manifold(claim, m)
    assert f.n is not None
    back, part = inverse(basis), exact(1 / f.n)

    def contraction(at: Point) -> tuple[Matrix, Matrix, Matrix]:
        left, right = matmul(back, at.a), scaled(part, matmul(transpose(basis), at.b))  # V^-1 A; V^T B/n
        return add(identity(m), scaled(exact(-step), matmul(left, transpose(right)))), right, left

    reach = hull([exact(-size), exact(size)])
    ball = Point(point.problem, True, [v + reach for v in point.x])
    if not norm(ball.gradient).positive():  # the step of USAM is defined there, too
        raise Undefined("nothing is hallucinated where the gradient vanishes")
    on_ball = contraction(ball)
    if not all(is_at_most(n, c) for n, c in zip(on_ball, (bound, descent, slope), strict=True)):
        raise Undefined("a bound does not hold on the ball")
    path = exact(step * descent / (1 - bound))
    return {
        "contraction": spectrum(grammian(contraction(point)[0]), symmetric=True).largest_real_part().sqrt(),
        "radius": exact(size) / (ONE + path * exact(slope)),
        "path": path * spectrum(grammian(back), symmetric=True).largest_real_part().sqrt(),
    }


def arrives(claim: Claim, facts: Facts) -> bool:
    """Does the rest of the way stay in the ball of the claim `basin`, by published numbers?"""
    region = facts.claims["basin"]
    rest = region.numbers["path"].upper() * claim.numbers["residual"].upper()
    farthest = claim.numbers["distance"].upper() + rest
    return farthest.at_most(exact(dyadic(region.inputs["size"], "size")))


def residual_size(point: Point) -> Numbers:
    """`|r(x+)|` at a point."""
    return {"residual": norm(point.problem.f.residuals_at(point.plus)[0])}
