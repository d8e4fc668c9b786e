"""Where SAM with a fixed step converges from: the claim `basin`.

*To a point*, in the gradient system. A step of length `t E`, `0 < t <= 1`, has the derivative `(1 - t) I + t (I - E M)`
with `M(x) = H(x+) J(x)`. So if on the convex set `{x* + V w: |w| <= R}`

    |V^-1 (I - E M(x)) V| <= kappa < 1,

every step takes `|V^-1 (x - x*)|` to at most `1 - t (1 - kappa)` of what it was.

*To a manifold* of zeros of residuals. With `y = r(x+)`, `B = Dr(x+)`, `A = Dy`, `L = V^-1 A`, `W = B^T V/n` and
`w = V^-1 y` a step of length `t E` takes `w` to `(1 - t) w + t (I - E L' W) w` with a mean `L'` of `L` along it. With
`L*` and `W*` at `x*`, `G = W* (L* W*)^-1`, `Pi = I - G L*` and the orthogonal projection `Pi'` with `Pi' W* = 0`, `xi =
G L* xi + Pi Pi' xi`. Let the columns of `V` be in blocks, and `|w|` be the norms of the blocks of `w`. The set is that
of all `x* + xi` with `|L* xi| <= sigma` and `|Pi' xi| <= gamma`; if on it, for `L` and `W` at any two points,

    |I - E L W| <= N,    |Pi' W| <= e,    |w(x* + s xi) - s L* xi| <= s**2 D    (0 <= s <= 1),

and with `theta = max(|L*| r/sigma, r/gamma) <= 1` and `a = |L*| r + theta**2 D` there are `P >= I` and `q >= 0` with

    P N <= kappa P,  kappa < 1,    q N + E e <= q,    P a <= omega,    omega + D < sigma,    r + q a < gamma,

then from `|x_0 - x*| <= r` on `P |w|` stays below `omega` and `|Pi' xi| + q |w|` below `gamma`, so that runs are in the
set; and `P |w|` falls to at most `1 - t (1 - kappa)` of what it was. Of `p a` the part `p |L*| r` is the most that `r`
times the length of a sum of `p_i` times unit combinations of the rows of block `i` of `L*` can be: `r sqrt(p S p^T)`,
with `|L* L*^T| <= S`.

Changes are means of derivatives over the way from `x*`, and derivatives are bounded on thirds of it.
"""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from operator import add

from ..arithmetic.interval import ONE, ZERO, Interval, Undefined, dot, exact, largest
from ..arithmetic.linear import Matrix, Vector, identity, matrix_of, norm
from ..arithmetic.norms import spectral_norm
from ..arithmetic.spectrum import least_singular_value
from ..files.reading import dyadic, items, record, square_matrix
from ..points.point import Point
from ..points.rules import Claim, Facts, Numbers, Rule, given
from ..points.subdivisions import require
from .around import Around, block_bounds, block_norm, change_of_product, changes, combined, norms, pairs, read_blocks
from .contraction import Family

BENDS = [Fraction(5, 18), Fraction(3, 18), Fraction(1, 18)]
"""The integrals of `1 - s` over the thirds of the way."""


def read_basin(facts: Facts, claim: Claim) -> tuple[Matrix, list[Fraction]]:
    """The inputs: `V`, and `E`, `R` or `r`, `kappa`."""
    f = facts.problem.f
    n = len(f.outputs) if facts.residual else f.dimension
    more = ("blocks", "weights", "widths", "reach") if facts.residual else ("subdivision",)
    inputs = record(claim.inputs, "inputs", ("basis", "step", "size", "bound", *more))
    return square_matrix(n)(inputs["basis"], "basis"), [dyadic(inputs[k], k) for k in ("step", "size", "bound")]


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


class Manifold:
    """The set of a claim about a manifold, its weights, and matrices at `x*`."""

    def __init__(self, claim: Claim, point: Point, basis: Matrix) -> None:
        m, d = len(basis), len(point.x)
        blocks = self.blocks = read_blocks(claim, m)
        k = len(blocks)
        weights = items(claim.inputs["weights"], "weights", dyadic, count=k * (k + 1))
        widths = items(claim.inputs["widths"], "widths", dyadic, count=2 * k + 1)
        if min(widths) <= 0 or any(v < (i % (k + 1) == 0 and i < k * k) for i, v in enumerate(weights)):
            raise Undefined("widths or weights that are none")
        *self.p, self.q = (Vector(map(exact, weights[i : i + k])) for i in range(0, len(weights), k))
        self.omega, self.sigma, self.gamma = *(Vector(map(exact, widths[i : i + k])) for i in (0, k)), exact(widths[-1])
        self.point, self.back, self.inner = point, basis.inverse(), basis.T * exact(point.problem.f.share)
        self.left, self.right = self.back @ point.a, self.inner @ point.b  # L*; the rows of W*^T
        self.normal = identity(d) - self.right.T @ (self.right @ self.right.T).inverse() @ self.right  # Pi'

    def around(self) -> Around:
        """The set, in the directions `(G, Pi)`."""
        m, d = len(self.left), len(self.normal)
        along = self.right.T @ (self.left @ self.right.T).inverse()
        directions = matrix_of([*a, *b] for a, b in zip(along, identity(d) - along @ self.left, strict=True))
        return Around(self.point, directions, [*self.blocks, range(m, m + d)], [*self.sigma, self.gamma])

    def bounds(self, whole: Around, step: Interval) -> tuple[Matrix, Vector, Vector]:
        """`N`, `e` and `D` on the set."""
        m, d, found = len(self.left), len(self.normal), []
        others, turned = Matrix([*self.left, *self.normal]), whole.directions.T
        third = exact(Fraction(1, 3))
        for bend, slopes in zip(BENDS, whole.second_derivatives(3), strict=True):
            of_left, of_right = map(combined, (self.back, self.inner), slopes)
            forms = Matrix([Vector(whole.most_of_form(turned @ slope) for slope in of_left)]) * exact(bend)
            found.append((changes(whole, of_left, self.right) * third, changes(whole, of_right, others) * third, forms))
        moved, descent, (bent,) = (reduce(add, parts) for parts in zip(*found, strict=True))
        change = change_of_product(d, moved, descent) * step
        n = block_bounds(identity(m) - self.left @ self.right.T * step, change, self.blocks)
        leaving = norms(Vector(norm(row[d + m :]) for row in descent), self.blocks)
        return n, leaving, norms(bent, self.blocks)

    def prove(self, step: Interval, r: Interval, bound: Interval, reach: Interval) -> None:
        """See that all inequalities hold, or this is undefined."""
        whole, slopes = self.around(), Vector(block_norm(Matrix(self.left[b.start : b.stop])) for b in self.blocks)
        n, leaving, bend = self.bounds(whole, step)
        theta = largest([*(a * r / s for a, s in zip(slopes, self.sigma, strict=True)), r / self.gamma])
        curved = bend * theta.power(2)

        def most(p: Vector) -> Interval:  # of `p |w|` at a start
            square = pairs(p, self.blocks, self.left, [ZERO] * len(self.left))
            return r * (square.sqrt() if square.positive() else dot(p, slopes)) + dot(p, curved)

        require(theta.at_most(ONE), norm(whole.widths).at_most(reach), (r + most(self.q)).below(self.gamma))
        require(all(most(p).at_most(o) for p, o in zip(self.p, self.omega, strict=True)))
        require(all((o + b).below(s) for o, b, s in zip(self.omega, bend, self.sigma, strict=True)))
        for j, column in enumerate(n.T):
            require(all(dot(p, column).at_most(bound * p[j]) for p in self.p))
            require((dot(self.q, column) + step * leaving[j]).at_most(self.q[j]))

    def share(self, xi: Vector, y: Vector) -> Interval:
        """How far `x* + xi` with the residuals `y` is on the way out of the set of starts: the largest quotient."""
        w, along = norms(self.back @ y, self.blocks), norms(self.left @ xi, self.blocks)
        sizes = [*(dot(p, w) for p in self.p), *along, norm(self.normal @ xi) + dot(self.q, w)]
        return largest(a / b for a, b in zip(sizes, [*self.omega, *self.sigma, self.gamma], strict=True))


def measure_around_manifold(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """`r`, from where all starts converge."""
    basis, (step, size, bound) = read_basin(facts, claim)
    reach = dyadic(claim.inputs["reach"], "reach")
    Manifold(claim, point, basis).prove(*map(exact, (step, size, bound, reach)))
    return {"radius": exact(size)}


RULES = {
    "basin": Rule(
        lambda facts, claim: given("radius") if facts.residual else given("contraction", "radius"),
        conclude_basin,
        lambda facts, *of: (measure_around_manifold if facts.residual else measure_around_point)(facts, *of),
        inputs=True,
    ),
}
