"""SAM with momentum, from states `(x, v)`: the claim `momentum`.

*Momentum* `0 <= b < 1`: a step is `v' = b v + F(x)` with `x' = x - E v'` (heavy ball) or `x' = x - E (F(x) + b v')`
(Nesterov). With `k = 1`, `c = b`, or for Nesterov `k = 1 + b`, `c = b**2`, its derivative depends on `M = M(x)` alone:

    T(M) = [[I - E k M, -E c I], [M, b I]].

Let `V = [[U, 0], [W, Z]]` be nonsingular. The states `(x*, 0) + V z`, `|z| <= R`, have `x = x* + U w` with `|w| <= R`.
So if `|V^-1 T(M(x)) V| <= kappa < 1` for all these `x`, each step takes `|V^-1 (x - x*, v)|` to at most `kappa` of what
it was: means of these matrices have the bound, too. With `v = 0` it is at most `|V^-1 (I, 0)| |x - x*|`. If `T(M(x*))`
has an eigenvalue of modulus above 1, `x*` repels.

*To a manifold* of zeros of `y = r(x+)`, with the notation of `basins`: write `v = B(x*)^T o/n + z`, with `o' = b o +
y`, `z' = b z + (B - B(x*))^T y/n`. Then with `(y, o) = P q`, `P = (P1; P2)`, its inverse `(Q1, Q2)`, `L = Q1 A`, and

    G = Q1 P1 + Q2 (P1 + b P2),    W = (k B^T P1 + c B(x*)^T P2)/n,
    q' = (G - E L W) q - c E L z,    z' = b z + (W - W(x*)) q/k,    x' - x = -E (W q + c z).

So if on the ball `|x - x*| <= R` the norms of blocks are bounded, `|G - E L W| <= N`, `|W| <= beta`, `|L| <= a`, `|W -
W(x*)| <= d`, and

    p N + pi d/k <= kappa p,    c E p a + pi b <= kappa pi,
    p N + pi d/k + E beta <= p,    c E p a + pi b + E c <= pi,

`p |q| + pi |z|` falls by the factor `kappa`, and by at least the length of the step: so the way from a state has at
most this length, and ends at a zero of `y` in the ball if it cannot leave it.
"""

from __future__ import annotations

from fractions import Fraction

from ..arithmetic.interval import ONE, ZERO, Interval, Undefined, dot, exact
from ..arithmetic.linear import Matrix, Vector, identity, norm
from ..arithmetic.norms import spectral_norm
from ..arithmetic.spectrum import spectrum
from ..files.reading import dyadic, integer, items, number, record, square_matrix
from ..points.point import Point
from ..points.rules import Claim, Facts, Measures, Numbers, Rule, given
from ..points.subdivisions import require
from .around import ball_around, block_bounds, change_of_product, changes, combined, norms, pairs, read_blocks
from .contraction import Family, blocks

METHOD = ("step", "momentum", "nesterov")
BALL = ("basis", "size", "bound")
AROUND_MANIFOLD = ("blocks", "weights", "slope")


def read_method(claim: Claim) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    """`E`, `b`, `k` and `c`, from the inputs; without momentum `b = c = 0`."""
    step = number(claim.inputs["step"], "step")
    if "momentum" not in claim.inputs:
        return step, Fraction(0), Fraction(1), Fraction(0)
    b, nesterov = number(claim.inputs["momentum"], "momentum"), integer(claim.inputs["nesterov"], "nesterov", 0, 1)
    return (step, b, 1 + b, b**2) if nesterov else (step, b, Fraction(1), b)


class Method:
    """The matrices `T(M) = T(0) + L M (I, 0)`."""

    def __init__(self, claim: Claim, d: int) -> None:
        self.step, self.b, self.k, self.c = read_method(claim)
        one, none = identity(d), identity(d) * ZERO
        self.start = blocks(one, one * exact(-self.step * self.c), none, one * exact(self.b))
        self.left, self.right = Matrix([*(one * exact(-self.step * self.k)), *one]), Matrix([*one, *none]).T

    def at(self, m: Matrix) -> Matrix:
        """`T(M)`."""
        return self.start + self.left @ m @ self.right


def conclude_momentum(facts: Facts, claim: Claim) -> str | None:
    """A contraction on a set of states with an interior; or an eigenvalue outside of the unit disc."""
    if claim.status == "refuted":
        record(claim.inputs, "inputs", METHOD)
    else:
        record(claim.inputs, "inputs", (*METHOD, *BALL, *(AROUND_MANIFOLD if facts.residual else ("subdivision",))))
    step, b, *_ = read_method(claim)
    if step <= 0 or not 0 <= b < 1:
        return None
    if claim.status == "refuted":
        return "refuted" if ONE.below(claim.numbers["expansion"]) else None
    size, bound = dyadic(claim.inputs["size"], "size"), dyadic(claim.inputs["bound"], "bound")
    proper = size > 0 and 0 < bound < 1
    return "proved" if proper and claim.numbers["radius"].positive() else None


def measure_momentum(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The bound on all of the set, or the spectral radius at the point."""
    method = Method(claim, len(point.dynamics))
    here = method.at(point.dynamics)
    if claim.status == "refuted":
        return {"expansion": spectrum(here).largest_modulus()}
    n, d = len(here), len(point.x)
    v = square_matrix(n)(claim.inputs["basis"], "basis")
    if facts.residual:
        return {"radius": measure_around_manifold(claim, point, method, v)}
    size, bound = dyadic(claim.inputs["size"], "size"), dyadic(claim.inputs["bound"], "bound")
    if any(x[0] or x[1] for row in v[:d] for x in row[d:]):
        raise Undefined("velocities would move x out of the set")
    back, basis = v.inverse(), Matrix(v.columns(0, d)[:d])
    left, right = back @ method.left, method.right @ v
    family = Family(point.problem, point.x, basis, left, right, back @ method.start @ v)
    family.prove_bound(size, bound, claim.inputs["subdivision"], "subdivision")
    radius = exact(size) / spectral_norm(back.columns(0, d).T)
    return {"contraction": spectral_norm(back @ here @ v), "radius": radius}


def read_weights(claim: Claim, m: int) -> tuple[list[range], Vector, Interval]:
    """The blocks of columns, `p`, and `pi`; all weights are positive."""
    own = read_blocks(claim, m)
    weights = items(claim.inputs["weights"], "weights", dyadic, count=len(own) + 1)
    if min(weights) <= 0:
        raise Undefined("weights that are not positive")
    *p, pi = map(exact, weights)
    return own, Vector(p), pi


def measure_around_manifold(claim: Claim, point: Point, method: Method, basis: Matrix) -> Interval:
    """`R/(1 + slope)`, if the bounds hold on the ball, or this is undefined.

    With `P = (P1; P2)` and its inverse `(Q1, Q2)`. From `|x_0 - x*| = r` on the way is at most `r` times the length of
    a sum of `p_i` times unit combinations of the rows of block `i` of a mean of `L`, so at most `r sqrt(p S p^T)`, if
    `|L L'^T| <= S`; and at most `r p a`.
    """
    m, d, share = len(basis) // 2, len(point.x), point.problem.f.share
    own, p, pi = read_weights(claim, 2 * m)
    size, bound, slope = (exact(dyadic(claim.inputs[name], name)) for name in ("size", "bound", "slope"))
    step, k, c, b = map(exact, (method.step, method.k, method.c, method.b))
    upper, lower, back = Matrix(basis[:m]), Matrix(basis[m:]), basis.inverse()
    first, inner = back.columns(0, m), upper.T * (k * exact(share))
    left, right = first @ point.a, (inner + lower.T * (c * exact(share))) @ point.b  # L; the rows of W^T
    around = ball_around(point, size)
    of_left, of_right = map(combined, (first, inner), next(around.second_derivatives(1)))
    moved, descent = changes(around, of_left, right), changes(around, of_right, left)
    rest = first @ upper + back.columns(m) @ (upper + lower * b) - left @ right.T * step
    n = block_bounds(rest, change_of_product(d, moved, descent) * step, own)
    of_rows, of_columns = (Vector(norm(row[:d]) for row in rows) for rows in (moved, descent))
    a, beta = norms(Vector(map(norm, left)) + of_rows, own), norms(Vector(map(norm, right)) + of_columns, own)
    drift, way = norms(of_columns, own) * (pi / k), dot(p, a)
    for j, column in enumerate(n.T):
        taken = dot(p, column) + drift[j]
        require(taken.at_most(bound * p[j]), (taken + step * beta[j]).at_most(p[j]))
    taken = c * step * way + pi * b
    require(taken.at_most(bound * pi), (taken + step * c).at_most(pi))
    require(way.at_most(slope) or (ZERO.at_most(slope) and pairs(p, own, left, of_rows).at_most(slope.power(2))))
    return size / (ONE + slope)


def momentum_numbers(facts: Facts, claim: Claim) -> Measures:
    """By status, and by what it is about."""
    if claim.status == "refuted":
        return given("expansion")
    return given("radius") if facts.residual else given("contraction", "radius")


RULES = {"momentum": Rule(momentum_numbers, conclude_momentum, measure_momentum, inputs=True)}
