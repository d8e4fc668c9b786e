"""SAM with momentum, from states `(x, v)`, and with weight decay.

*Momentum* `0 <= b < 1`: a step is `v' = b v + F(x)` with `x' = x - E v'` (heavy ball) or `x' = x - E (F(x) + b v')`
(Nesterov). With `k = 1`, `c = b`, or for Nesterov `k = 1 + b`, `c = b**2`, its derivative depends on `M = M(x)` alone:

    T(M) = [[I - E k M, -E c I], [M, b I]].

Let `V = [[U, 0], [W, Z]]` be nonsingular. The states `(x*, 0) + V z`, `|z| <= R`, have `x = x* + U w` with `|w| <= R`.
So if `|V^-1 T(M(x)) V| <= kappa < 1` for all these `x`, each step takes `|V^-1 (x - x*, v)|` to at most `kappa` of what
it was: means of these matrices have the bound, too. With `v = 0` it is at most `|V^-1 (I, 0)| |x - x*|`. If `T(M(x*))`
has an eigenvalue of modulus above 1, `x*` repels.

*Weight decay* `w`: with `F(x*) = 0`, `g(x*) != 0` the point is stationary neither for `f` nor, if `g + w x*` is not 0,
for `f + (w/2) |x|**2`; `g(x*+) = -w x*` is not 0 unless `x*` is. What SAM is said to minimize is `f(x+) + (w/2)
|x|**2`; its gradient `w (I - J^T) x*` is not 0 at `x*` in general. In one variable it is, and `M` is the second
derivative.
"""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction

from hallucheck.basins import RULES_OF_BASINS
from hallucheck.claims import RULES, Claim, Facts, Numbers, Rule, if_positive, only, sign
from hallucheck.contraction import Family, spectral_norm
from hallucheck.interval import ONE, ZERO, Interval, Undefined, exact
from hallucheck.linear import (
    Matrix,
    Vector,
    apply,
    identity,
    inverse,
    matmul,
    norm,
    scaled,
    spectrum,
    subtract,
    transpose,
)
from hallucheck.point import Point
from hallucheck.reading import NotCovered, dyadic, integer, items, number, record

METHOD = ("step", "momentum", "nesterov")
BALL = ("basis", "size", "bound", "subdivision")
AROUND_MANIFOLD = ("basis", "size", "bound", "blocks", "weights", "slope")


def read_method(claim: Claim) -> tuple[Fraction, Fraction, int]:
    """The inputs `E`, `b` and which method."""
    step, b = number(claim.inputs["step"], "step"), number(claim.inputs["momentum"], "momentum")
    return step, b, integer(claim.inputs["nesterov"], "nesterov", 0, 1)


def blocks(a: Matrix, b: Matrix, c: Matrix, d: Matrix) -> Matrix:
    """`[[A, B], [C, D]]`."""
    return [[*p, *q] for upper in ((a, b), (c, d)) for p, q in zip(*upper, strict=True)]


class Method:
    """The matrices `T(M) = T(0) + L M (I, 0)`."""

    def __init__(self, claim: Claim, d: int) -> None:
        step, b, nesterov = read_method(claim)
        one, none = identity(d), scaled(ZERO, identity(d))
        ahead, rest = (step * (1 + b), step * b * b) if nesterov else (step, step * b)
        self.start = blocks(one, scaled(exact(-rest), one), none, scaled(exact(b), one))
        self.left = [*scaled(exact(-ahead), one), *one]
        self.right = [[*row, *zeros] for row, zeros in zip(one, none, strict=True)]

    def at(self, m: Matrix) -> Matrix:
        """`T(M)`."""
        change = matmul(self.left, matmul(m, self.right))
        return [[a + b for a, b in zip(p, q, strict=True)] for p, q in zip(self.start, change, strict=True)]


def conclude_momentum(facts: Facts, claim: Claim) -> str | None:
    """A contraction on a set of states with an interior; or an eigenvalue outside of the unit disc."""
    if claim.status == "refuted":
        record(claim.inputs, "inputs", METHOD)
    else:
        record(claim.inputs, "inputs", (*METHOD, *(AROUND_MANIFOLD if facts.residual else BALL)))
    step, b, _ = read_method(claim)
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
    if facts.residual:
        raise NotCovered("convergence to manifolds with momentum")
    n, d = len(here), len(point.x)
    flat = [exact(v) for v in items(claim.inputs["basis"], "basis", dyadic, count=n * n)]
    v = [flat[i : i + n] for i in range(0, n * n, n)]
    size, bound = dyadic(claim.inputs["size"], "size"), dyadic(claim.inputs["bound"], "bound")
    if any(x[0] or x[1] for row in v[:d] for x in row[d:]):
        raise Undefined("velocities would move x out of the set")
    back, basis = inverse(v), [row[:d] for row in v[:d]]
    left, right = matmul(back, method.left), matmul(method.right, v)
    family = Family(point.problem, point.x, basis, left, right, matmul(back, matmul(method.start, v)))
    family.prove_bound(size, bound, claim.inputs["subdivision"], "subdivision")
    radius = exact(size) / spectral_norm(transpose([row[:d] for row in back]))
    return {"contraction": spectral_norm(matmul(back, matmul(here, v))), "radius": radius}


def decay_of(point: Point) -> tuple[Interval, Vector]:
    """`w` and `w x*`."""
    assert point.problem.exact_decay is not None
    decay = exact(point.problem.exact_decay)
    return decay, [decay * x for x in point.x]


def measure_nonstationary(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """`|g|`, `|g + w x*|` and `f`."""
    decayed = [g + x for g, x in zip(point.gradient, decay_of(point)[1], strict=True)]
    return {"gradient_norm": norm(point.gradient), "decayed_gradient_norm": norm(decayed), "value": point.value}


def conclude_nonstationary(facts: Facts, claim: Claim) -> str | None:
    """Both are positive."""
    positive = all(claim.numbers[name].positive() for name in ("gradient_norm", "decayed_gradient_norm"))
    return "proved" if positive else None


def measure_target(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """`w |x*|`, and `f(x*+)`."""
    return {"shifted_gradient_norm": norm(decay_of(point)[1]), "target_value": point.target_value}


def name_of_minimizer(facts: Facts, claim: Claim) -> Collection[str]:
    """In one variable the second derivative decides."""
    return ("second_derivative",) if facts.problem.f.dimension == 1 else ("sam_gradient_norm",)


def measure_minimizer(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """`|w (I - J^T) x*|`, or `M`."""
    if len(point.x) == 1:
        return {"second_derivative": point.dynamics[0][0]}
    turned = transpose(subtract(identity(len(point.x)), point.perturbation))
    return {"sam_gradient_norm": norm(apply(turned, decay_of(point)[1]))}


def conclude_minimizer(facts: Facts, claim: Claim) -> str | None:
    """Refuted by a gradient, or decided by the second derivative."""
    if not facts.has("existence"):
        return None
    if facts.problem.f.dimension == 1:
        return sign(claim.numbers["second_derivative"])
    return "refuted" if claim.numbers["sam_gradient_norm"].positive() else None


RULE_OF_MOMENTUM = Rule(
    lambda facts, claim: (
        ("expansion",) if claim.status == "refuted" else ("radius", *["contraction"] * (not facts.residual))
    ),
    measure_momentum,
    conclude_momentum,
    inputs=True,
)
RULES_OF_DECAY: dict[str, Rule] = {
    "nonstationary": Rule(
        only("gradient_norm", "decayed_gradient_norm", "value"), measure_nonstationary, conclude_nonstationary
    ),
    "target": Rule(only("shifted_gradient_norm", "target_value"), measure_target, if_positive("shifted_gradient_norm")),
    "hallucinated_minimizer": Rule(name_of_minimizer, measure_minimizer, conclude_minimizer),
    "attractor": RULES["attractor"],
    **RULES_OF_BASINS,
    "momentum": RULE_OF_MOMENTUM,
}
