"""Where SAM with a fixed step converges from: the claims `basin` and `converges`.

*To a point*, in the gradient system. A step of length `t E`, `0 < t <= 1`, has the derivative `(1 - t) I + t (I - E M)`
with `M(x) = H(x+) J(x)`. So if on the convex set `{x* + V w: |w| <= R}`

    |V^-1 (I - E M(x)) V| <= kappa < 1,

every step takes `|V^-1 (x - x*)|` to at most `1 - t (1 - kappa)` of what it was.

*To a manifold* of zeros of residuals. With `y = r(x+)`, `B = Dr(x+)`, `A = Dy` and `|y|_V = |V^-1 y|` a step takes `y`
to `(1 - t) y + t (I - E A' B^T/n) y` with a mean `A'` of `A` along it. So if on the ball `|x - x*| <= R`, for values of
`A` and `B` at any two points of it,

    |V^-1 (I - E A B^T/n) V| <= kappa < 1,    |B^T V|/n <= b,    |V^-1 A| <= a,

then the way from `x_0` has at most the length `E b |y(x_0)|_V/(1 - kappa)`, and ends at a zero of `y` in the ball if it
cannot leave it.
"""

from __future__ import annotations

from fractions import Fraction

from hallucheck.claims import Claim, Facts, Numbers, Rule
from hallucheck.interval import ONE, ZERO, Interval, Undefined, exact, hull, precision, total, working_precision
from hallucheck.linear import (
    Matrix,
    Vector,
    add,
    apply,
    identity,
    inverse,
    is_positive_definite,
    least_singular_value,
    matmul,
    middle_of,
    norm,
    scaled,
    spectrum,
    subtract,
    symmetric_part,
    transpose,
)
from hallucheck.point import Point
from hallucheck.reading import dyadic, integer, items, positive, record, vector
from hallucheck.regions import around, cover

MOST_BITS_OF_RUNS = 20_000


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


def read_basin(facts: Facts, claim: Claim) -> tuple[Matrix, list[Fraction]]:
    """The inputs: `V`, and `E`, `R`, `kappa`, in the residual system also `b` and `a`."""
    f = facts.problem.f
    n = len(f.outputs) if facts.residual else f.dimension
    names = ("step", "size", "bound", *(("descent", "slope") if facts.residual else ()))
    inputs = record(claim.inputs, "inputs", ("basis", *names, *(() if facts.residual else ("subdivision",))))
    flat = [exact(v) for v in items(inputs["basis"], "basis", dyadic, count=n * n)]
    return [flat[i : i + n] for i in range(0, n * n, n)], [dyadic(inputs[name], name) for name in names]


def conclude_basin(facts: Facts, claim: Claim) -> str | None:
    """A contraction on a set with an interior."""
    step, size, bound, *_ = read_basin(facts, claim)[1]
    proper = step > 0 and size > 0 and 0 < bound < 1
    return "proved" if proper and claim.numbers["radius"].positive() else None


def measure_basin(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The bounds, on all of the set."""
    return (measure_around_manifold if facts.residual else measure_around_point)(facts, claim, point)


class Contraction:
    """`I - E V^-1 M(x) V` on boxes of `w`, where `x = x* + V w`."""

    def __init__(self, point: Point, step: Fraction, basis: Matrix) -> None:
        self.point, self.step = point, exact(step)
        self.basis, self.inverse = basis, inverse(basis)
        self.nodes: list[int] | None = None

    def of(self, m: Matrix, start: Interval = ONE) -> Matrix:
        """`I - E V^-1 M V`; with 0 as start without `I`."""
        turned = scaled(-self.step, matmul(self.inverse, matmul(m, self.basis)))
        return add(scaled(start, identity(len(m))), turned)

    def x(self, w: Vector) -> Vector:
        """The points of these `w`."""
        return [a + b for a, b in zip(self.point.x, apply(self.basis, w), strict=True)]

    def on(self, w: Vector) -> Matrix:
        """All its values on a box, as it is written."""
        x, problem = self.x(w), self.point.problem
        g, hessian = problem.f.hessian_at(x)
        plus = problem.plus(x, g)
        return self.of(matmul(problem.f.hessian_at(plus)[1], problem.perturbation(g, hessian)))

    def by_mean_value(self, w: Vector) -> Matrix:
        """The same: the value in the middle, and derivatives on the box times steps."""
        code, inputs, d = self.point.problem.f.code, self.point.problem.f.inputs, len(w)
        if self.nodes is None:  # all entries of M as code, by columns
            shifted, one = self.point.problem.shifted(self.point.problem.f.gradient_nodes), code.constant(1)
            self.nodes = [node for i in inputs for node in code.tangents(shifted, {i: one})]
            code.differentiable(self.nodes)
        slopes = code.jacobian(code.evaluate(self.x(w)), self.nodes, inputs)
        middle, steps = middle_of(w)
        result = self.on(middle)
        for k, step in enumerate(steps):
            direction = [row[k] for row in self.basis]
            flat = [total(a * b for a, b in zip(row, direction, strict=True)) for row in slopes]
            bend = self.of([[flat[j * d + i] for j in range(d)] for i in range(d)], ZERO)
            result = add(result, scaled(step, bend))
        return result


def measure_around_point(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The bound on every piece of the cube around the ball of `w`."""
    d = len(point.x)
    basis, (step, size, bound) = read_basin(facts, claim)
    map_of = Contraction(point, step, basis)

    def test(w: Vector) -> bool:
        if exact(size * size).below(total(v.power(2) for v in w)) or is_at_most(map_of.on(w), bound):
            return True
        return d <= 4 and is_at_most(map_of.by_mean_value(w), bound)

    cover(around([Fraction(0)] * d, size), claim.inputs["subdivision"], "subdivision", test)
    radius = exact(size) * least_singular_value(basis)
    return {"contraction": spectral_norm(map_of.of(point.dynamics)), "radius": radius}


def measure_around_manifold(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The three bounds on a box around the ball."""
    f = point.problem.f
    basis, (step, size, bound, descent, slope) = read_basin(facts, claim)
    assert f.n is not None
    back, part = inverse(basis), exact(1 / f.n)

    def contraction(at: Point) -> tuple[Matrix, Matrix, Matrix]:
        left, right = matmul(back, at.a), scaled(part, matmul(transpose(basis), at.b))  # V^-1 A; V^T B/n
        return add(identity(len(basis)), scaled(exact(-step), matmul(left, transpose(right)))), right, left

    reach = hull([exact(-size), exact(size)])
    ball = Point(point.problem, True, [v + reach for v in point.x])
    if not norm(ball.gradient).positive():  # the step of USAM is defined there, too
        raise Undefined("nothing is hallucinated where the gradient vanishes")
    if not all(is_at_most(n, c) for n, c in zip(contraction(ball), (bound, descent, slope), strict=True)):
        raise Undefined("a bound does not hold on the ball")
    path = exact(step * descent / (1 - bound))
    return {
        "contraction": spectral_norm(contraction(point)[0]),
        "radius": exact(size) / (ONE + path * exact(slope)),
        "path": path * spectral_norm(back),
    }


def read_run(claim: Claim, d: int) -> tuple[list[Fraction], Fraction, int, int]:
    """The inputs of a run: start, step, number of steps, bits."""
    inputs = record(claim.inputs, "inputs", ("start", "step", "steps", "bits"))
    start, step = vector(d)(inputs["start"], "start"), positive(inputs["step"], "step")
    return start, step, integer(inputs["steps"], "steps"), integer(inputs["bits"], "bits", 2, MOST_BITS_OF_RUNS)


def measure_converges(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """`|x_N - x*|` for the iteration from an exact start, and `|r(x_N+)|`."""
    f, plus = point.problem.f, point.problem.plus
    start, step, steps, bits = read_run(claim, len(point.x))
    with working_precision(max(precision(), 2 * bits)):
        x, eta = [exact(v) for v in start], exact(step)
        for _ in range(steps):
            shifted = f.at(plus(x, f.at(x)[1]))[1]
            x = [a - eta * b for a, b in zip(x, shifted, strict=True)]
        rest = {"residual": norm(f.residuals_at(plus(x, f.at(x)[1]))[0])} if facts.residual else {}
    return {"distance": norm([a - b for a, b in zip(x, point.x, strict=True)])} | rest


def conclude_converges(facts: Facts, claim: Claim) -> str | None:
    """By published numbers the end, or the rest of the way, lies in the ball of a basin for at least this step."""
    if not facts.has("basin"):
        return None
    basin = facts.claims["basin"]
    longest, size = read_basin(facts, basin)[1][:2]
    farthest, reach = claim.numbers["distance"].upper(), basin.numbers["radius"].lower()
    if facts.residual:
        farthest = farthest + basin.numbers["path"].upper() * claim.numbers["residual"].upper()
        reach = exact(size)
    step = read_run(claim, facts.problem.f.dimension)[1]
    return "proved" if farthest.at_most(reach) and step <= longest else None


RULES_OF_BASINS: dict[str, Rule] = {
    "basin": Rule(
        lambda facts, claim: ("contraction", "radius", *["path"] * facts.residual), measure_basin, conclude_basin
    ),
    "converges": Rule(
        lambda facts, claim: ("distance", *["residual"] * facts.residual), measure_converges, conclude_converges
    ),
}
