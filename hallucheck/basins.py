"""Where SAM with a fixed step converges from: the claims `basin` and `converges`.

*To a point*, in the gradient system. A step of length `t E`, `0 < t <= 1`, has the derivative `(1 - t) I + t (I - E M)`
with `M(x) = H(x+) J(x)`. So if on the convex set `{x* + V w: |w| <= R}`

    |V^-1 (I - E M(x)) V| <= kappa < 1,

every step takes `|V^-1 (x - x*)|` to at most `1 - t (1 - kappa)` of what it was.

*To a manifold* of zeros of residuals. With `y = r(x+)`, `B = Dr(x+)`, `A = Dy`, `L = V^-1 A`, `W = B^T V/n` and
`w = V^-1 y` a step of length `t E` takes `w` to `(1 - t) w + t (I - E L' W) w` with a mean `L'` of `L` along it, and is
`t E |W w|` long. Let the columns of `V` be in blocks, and `|w|` be the norms of the blocks of `w`. So if on the ball
`|x - x*| <= R`, for values of `L` and `W` at any two points of it, the norms of the blocks have the bounds

    |I - E L W| <= N,    |W| <= b,    |L| <= a,    with    p N <= kappa p,  kappa < 1,    p N + E b <= p,    p > 0,

then `p |w|` falls to at most `1 - t (1 - kappa)` of what it was, and by at least the length of the step; so the way
from `x_0` has at most the length `p |w(x_0)|`, and ends at a zero of `y` in the ball if it cannot leave it. From
`|x_0 - x*| = r` on it is at most `r p a`.
"""

from __future__ import annotations

from fractions import Fraction

from hallucheck.claims import Claim, Facts, Numbers, Rule
from hallucheck.contraction import StepFamily, spectral_norm
from hallucheck.interval import ONE, Interval, Undefined, dot, exact, hull, precision, total, working_precision
from hallucheck.linear import (
    Matrix,
    Vector,
    add,
    apply,
    identity,
    inverse,
    least_singular_value,
    matmul,
    norm,
    scaled,
    transpose,
)
from hallucheck.point import Point
from hallucheck.reading import NotCovered, Refused, dyadic, integer, items, positive, record, vector

MOST_BITS_OF_RUNS, LOST_BITS = 20_000, 8


def read_basin(facts: Facts, claim: Claim) -> tuple[Matrix, list[Fraction]]:
    """The inputs: `V`, and `E`, `R`, `kappa`."""
    f = facts.problem.f
    n = len(f.outputs) if facts.residual else f.dimension
    more = ("blocks", "weights", "slope") if facts.residual else ("subdivision",)
    inputs = record(claim.inputs, "inputs", ("basis", "step", "size", "bound", *more))
    flat = [exact(v) for v in items(inputs["basis"], "basis", dyadic, count=n * n)]
    return [flat[i : i + n] for i in range(0, n * n, n)], [dyadic(inputs[k], k) for k in ("step", "size", "bound")]


def read_weights(claim: Claim, m: int) -> tuple[list[range], list[Fraction]]:
    """The blocks of columns, and `p`; all positive."""
    sizes = items(claim.inputs["blocks"], "blocks", positive)
    weights = items(claim.inputs["weights"], "weights", dyadic, count=len(sizes))
    if sum(sizes) != m or any(size.denominator > 1 for size in sizes) or min(weights) <= 0:
        raise Undefined("blocks that are none, or weights that are not positive")
    ends = [int(sum(sizes[: i + 1])) for i in range(len(sizes))]
    return [range(end - int(size), end) for end, size in zip(ends, sizes, strict=True)], weights


def conclude_basin(facts: Facts, claim: Claim) -> str | None:
    """A contraction on a set with an interior."""
    step, size, bound = read_basin(facts, claim)[1]
    proper = step > 0 and size > 0 and 0 < bound < 1
    return "proved" if proper and claim.numbers["radius"].positive() else None


def measure_basin(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The bounds, on all of the set."""
    return (measure_around_manifold if facts.residual else measure_around_point)(facts, claim, point)


def measure_around_point(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The bound on every piece of the cube around the ball of `w`."""
    basis, (step, size, bound) = read_basin(facts, claim)
    family = StepFamily(point.problem, point.x, step, basis)
    family.prove_bound(size, bound, claim.inputs["subdivision"], "subdivision")
    here = add(family.start, family.turned(point.dynamics))
    return {"contraction": spectral_norm(here), "radius": exact(size) * least_singular_value(basis)}


def measure_around_manifold(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The bounds on a box around the ball, from values at the point and derivatives on the box."""
    basis, (step, size, bound) = read_basin(facts, claim)
    blocks, weights = read_weights(claim, len(basis))
    slope = dyadic(claim.inputs["slope"], "slope")
    reach = hull([exact(-size), exact(size)])
    ball = Point(point.problem, True, [v + reach for v in point.x])
    if not norm(ball.gradient).positive():  # the step of USAM is defined there, too
        raise Undefined("nothing is hallucinated where the gradient vanishes")
    n, b, a = bounds_on(ball.x, point, basis, blocks, step, exact(size))
    p = [exact(weight) for weight in weights]
    for j, weight in enumerate(p):
        taken = total(w * row[j] for w, row in zip(p, n, strict=True))
        if not (taken.at_most(exact(bound) * weight) and (taken + exact(step) * b[j]).at_most(weight)):
            raise Undefined("the weights do not fall by enough")
    if not total(w * v for w, v in zip(p, a, strict=True)).at_most(exact(slope)):
        raise Undefined("the slope is larger")
    return {"radius": exact(size) / (ONE + exact(slope))}


def bounds_on(
    box: Vector, point: Point, basis: Matrix, blocks: list[range], step: Fraction, size: Interval
) -> tuple[Matrix, Vector, Vector]:
    """`N`, `b` and `a` on the ball of a size in a box.

    On it `L_i = L_i(x*) + D L_i (x - x*)`, the derivative being a mean of values on the box, and so `W_j`; each changes
    by at most `size` times the norm of that derivative, and so do `L W(x*)` and `L(x*) W`.
    """
    f = point.problem.f
    assert f.n is not None
    m, back, part = len(basis), inverse(basis), exact(1 / f.n)
    left, right = matmul(back, point.a), scaled(part, matmul(transpose(basis), point.b))  # L; the rows of W^T
    of_a, of_b = second_derivatives(box, point)
    of_left = [[combined(row, entries) for entries in of_a] for row in back]
    of_right = [[combined([part * v for v in column], entries) for entries in of_b] for column in transpose(basis)]
    rows, columns = ([size * norm([v for row in d for v in row]) for d in parts] for parts in (of_left, of_right))
    rest = add(identity(m), scaled(exact(-step), matmul(left, transpose(right))))
    change = [[(rows[i] * columns[j]).upper() for j in range(m)] for i in range(m)]
    for i in range(m):
        for j in range(m):
            turned = norm(combined(right[j], of_left[i])) + norm(combined(left[i], of_right[j]))
            change[i][j] = exact(step) * (change[i][j] + size * turned)
    n = [[block_norm([[rest[i][j] for j in q] for i in p]) for q in blocks] for p in blocks]
    moved = [[norm([change[i][j] for i in p for j in q]) for q in blocks] for p in blocks]
    b, a = (
        [norm([norm(v) + c for v, c in zip(lines, changes, strict=True)][p.start : p.stop]) for p in blocks]
        for lines, changes in ((right, columns), (left, rows))
    )
    return add(n, moved), b, a


def block_norm(block: Matrix) -> Interval:
    """A bound of the 2-norm: that of a square block, else the root of the sum of squares."""
    if len(block) == len(block[0]) == 1:
        return abs(block[0][0])
    return spectral_norm(block) if len(block) == len(block[0]) else norm([v for row in block for v in row])


def combined(factors: Vector, rows: Matrix) -> Vector:
    """The sum of multiples of rows."""
    return [dot(factors, column) for column in zip(*rows, strict=True)]


def second_derivatives(box: Vector, point: Point) -> tuple[list[Matrix], list[Matrix]]:
    """For each variable the derivatives, by all variables, of its column of `A`, the derivative of `y`; and of `B`."""
    f = point.problem.f
    m, d, nodes = len(f.outputs), len(f.inputs), point.problem.columns
    slopes = f.code.jacobian(f.code.evaluate(box), nodes, f.inputs)
    found = [slopes[k : k + m] for k in range(0, len(slopes), m)]
    return found[:d], found[d:]


def read_run(claim: Claim, d: int) -> tuple[list[Fraction], Fraction, int, int]:
    """The inputs of a run: start, step, number of steps, bits.

    Of a run in segments only the number of steps at the end counts here, and the cubes in between do not help: the run
    is repeated in intervals, which lose some bits a step.
    """
    segments = "ends" in claim.inputs
    names = ("ends", "centres", "radii") if segments else ("steps",)
    inputs = record(claim.inputs, "inputs", ("start", "step", "bits", *names))
    start, step = vector(d)(inputs["start"], "start"), positive(inputs["step"], "step")
    bits = integer(inputs["bits"], "bits", 2, MOST_BITS_OF_RUNS)
    if not segments:
        return start, step, integer(inputs["steps"], "steps"), bits
    ends = items(inputs["ends"], "ends", positive)
    if not ends or ends[-1].denominator != 1:
        raise Refused("ends", "not whole numbers of steps")
    return start, step, int(ends[-1]), bits + LOST_BITS * int(ends[-1])


def measure_converges(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """`|x_N - x*|` for the iteration from an exact start, and what bounds the rest of the way, `p |V^-1 r(x_N+)|`."""
    problem = point.problem
    start, step, steps, bits = read_run(claim, len(point.x))
    if bits > MOST_BITS_OF_RUNS:
        raise NotCovered(f"runs in segments of more than {MOST_BITS_OF_RUNS // LOST_BITS} steps are not covered here")
    with working_precision(max(precision(), 2 * bits)):
        x, eta = [exact(v) for v in start], exact(step)
        for _ in range(steps):
            x = [a - eta * b for a, b in zip(x, problem.field(x), strict=True)]
        rest = {}
        if facts.residual:
            if not facts.has("basin"):
                raise Undefined("there is no basin")
            basis = read_basin(facts, facts.claims["basin"])[0]
            blocks, weights = read_weights(facts.claims["basin"], len(basis))
            w = apply(inverse(basis), problem.f.residuals_at(problem.plus(x, problem.f.at(x)[1]))[0])
            parts = (exact(p) * norm(w[q.start : q.stop]) for p, q in zip(weights, blocks, strict=True))
            rest = {"rest": total(parts)}
    return {"distance": norm([a - b for a, b in zip(x, point.x, strict=True)])} | rest


def conclude_converges(facts: Facts, claim: Claim) -> str | None:
    """By published numbers the end, or the rest of the way, lies in the ball of a basin for at least this step."""
    if not facts.has("basin"):
        return None
    basin = facts.claims["basin"]
    longest, size, _ = read_basin(facts, basin)[1]
    farthest, reach = claim.numbers["distance"].upper(), basin.numbers["radius"].lower()
    if facts.residual:
        farthest = farthest + claim.numbers["rest"].upper()
        reach = exact(size)
    step = read_run(claim, facts.problem.f.dimension)[1]
    return "proved" if farthest.at_most(reach) and step <= longest else None


RULES_OF_BASINS: dict[str, Rule] = {
    "basin": Rule(
        lambda facts, claim: ("radius", *["contraction"] * (not facts.residual)),
        measure_basin,
        conclude_basin,
        inputs=True,
    ),
    "converges": Rule(
        lambda facts, claim: ("distance", *["rest"] * facts.residual),
        measure_converges,
        conclude_converges,
        inputs=True,
    ),
}
