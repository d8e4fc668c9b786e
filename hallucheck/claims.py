"""The claims about a point: how the numbers of each are enclosed, and what follows from published ones.

A rule has two parts. `measure` encloses the numbers at the point again. `conclude` looks at published numbers
alone (and at claims before it) and says `"proved"`, `"refuted"` or nothing. All inequalities are strict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hallucheck.interval import ONE, ZERO, Interval, Undefined, exact, total
from hallucheck.linear import (
    Matrix,
    Spectrum,
    add,
    cholesky,
    identity,
    least_singular_value,
    matmul,
    norm,
    scaled,
    solve_lower,
    spectrum,
    symmetric_part,
    transpose,
)
from hallucheck.point import Point
from hallucheck.problem import Problem

Numbers = dict[str, Interval]


@dataclass
class Claim:
    """A claim of the file, with its inputs as they stand there."""

    name: str
    status: str
    inputs: Any
    numbers: Numbers


@dataclass
class Facts:
    """What a conclusion may look at besides numbers: the problem, and the claims that were re-proved before."""

    problem: Problem
    residual: bool
    claims: dict[str, Claim] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Is this claim proved?"""
        return name in self.claims and self.claims[name].status == "proved"


Measure = Callable[[Point], Numbers]
Conclude = Callable[[Facts, Numbers], str | None]


def extremes(s: Spectrum, name: str) -> Numbers:
    """Smallest and largest eigenvalue of a symmetric matrix."""
    return {f"smallest_{name}_eigenvalue": s.least_real_part(), f"largest_{name}_eigenvalue": s.largest_real_part()}


def sign(x: Interval) -> str | None:
    """Proved if positive, refuted if negative."""
    return "proved" if x.positive() else "refuted" if x.negative() else None


# --- existence itself is proved in `point`; what follows is about its point -------------------------------------------


def measure_nonstationary(point: Point) -> Numbers:
    """`|g|`, `lambda = s/rho` and `f`."""
    return {
        "gradient_norm": norm(point.gradient),
        "multiplier": point.s / point.problem.rho,
        "value": point.value,
    }


def measure_target(point: Point) -> Numbers:
    """The signs of the eigenvalues of `H(x*+)`; a zero of the residuals needs none."""
    if point.residual:
        return {}
    s = spectrum(symmetric_part(point.target_hessian), symmetric=True)
    low, high = s.negative()
    negative = {"negative_eigenvalues": Interval((low, high, 0)), "target_value": point.target_value}
    return extremes(s, "hessian") | negative


def conclude_target(facts: Facts, numbers: Numbers) -> str | None:
    """It is named if it is a zero of the residuals, all eigenvalues are positive, or one is negative."""
    if facts.residual:
        return "proved"
    smallest = numbers["smallest_hessian_eigenvalue"]
    return "proved" if smallest.positive() or smallest.negative() else None


def measure_regular(point: Point) -> Numbers:
    """Of `J`, or of `A`."""
    return {"smallest_singular_value": least_singular_value(point.a if point.residual else point.perturbation)}


def conclude_minimizer(facts: Facts, numbers: Numbers) -> str | None:
    """`x -> x+` is continuous; refuted where it is a local diffeomorphism and the target is no local minimizer."""
    if not all(facts.has(name) for name in ("existence", "nonstationary", "target")):
        return None
    smallest = facts.claims["target"].numbers.get("smallest_hessian_eigenvalue")
    if smallest is None or smallest.positive():
        return "proved"
    return "refuted" if smallest.negative() and facts.has("regular") else None


def tangential(point: Point) -> Matrix:
    """`J` on the tangent space, in an orthonormal basis: a symmetric matrix.

    With `y = D^-1 x` the step is SAM's for `h(y) = f(D y)`, whose `J` is `I + (rho/s) P D H D` with `P = I -
    v v^T` for the unit vector `v = D g/s`. The columns but one of Householder's reflection that takes `v` to
    an axis are a basis of `v^perp`.
    """
    d, scales = len(point.x), point.problem.scales
    v = [c * g / point.s for c, g in zip(scales, point.gradient, strict=True)]
    axis = max(range(d), key=lambda i: abs(float(v[i])))
    w = [x + (ONE if float(v[axis]) > 0 else -ONE) if i == axis else x for i, x in enumerate(v)]
    factor = exact(2) / total(x.power(2) for x in w)
    basis = [[(ONE if i == k else ZERO) - factor * w[i] * w[k] for i in range(d)] for k in range(d) if k != axis]
    inner = [[scales[i] * point.hessian[i][j] * scales[j] for j in range(d)] for i in range(d)]
    product = matmul(basis, matmul(inner, transpose(basis)))
    ratio = point.problem.rho / point.s
    return symmetric_part(add(identity(d - 1), scaled(ratio, product)))


def measure_sphere_type(point: Point) -> Numbers:
    """The kind of critical point of `f` on the sphere (ASAM: ellipsoid), or of USAM's Moreau objective."""
    if point.problem.variant == "usam":
        return extremes(spectrum(symmetric_part(point.perturbation), symmetric=True), "moreau")
    return extremes(spectrum(tangential(point), symmetric=True), "tangential") if len(point.x) > 1 else {}


def conclude_sphere_type(facts: Facts, numbers: Numbers) -> str | None:
    """A minimum, a maximum, or a saddle."""
    if not numbers:
        return "proved"
    low, high = numbers.values()
    low, high = (low, high) if next(iter(numbers)).startswith("smallest") else (high, low)
    return "proved" if low.positive() or high.negative() or (low.negative() and high.positive()) else None


def theorem_3_2_name(problem: Problem) -> str:
    """SAM's is stated with `Du`."""
    return "smallest_eigenvalue_sym_Du" if problem.variant is None else "smallest_eigenvalue_sym_J"


def measure_theorem_3_2(point: Point) -> Numbers:
    """The least eigenvalue of the symmetric part of `Du`, or `J`."""
    matrix = point.turn if point.problem.variant is None else point.perturbation
    return {theorem_3_2_name(point.problem): spectrum(symmetric_part(matrix), symmetric=True).least_real_part()}


def conclude_theorem_3_2(facts: Facts, numbers: Numbers) -> str | None:
    """Above or below `-1/rho`, or 0."""
    (least,) = numbers.values()
    if facts.problem.variant is not None:
        return sign(least)
    bound = exact(-1 / facts.problem.exact_rho)  # an enclosure, exact for dyadic numbers
    return "proved" if bound.below(least) else "refuted" if least.below(bound) else None


def measure_projected(point: Point) -> Numbers:
    """The least eigenvalue of `(J + J^T)/2` on the row space of `B`: with `B B^T = L L^T` that of
    `L^-1 B (J + J^T)/2 B^T L^-T`, as the rows of `L^-1 B` are an orthonormal basis.
    """
    factor = cholesky(symmetric_part(matmul(point.b, transpose(point.b))))
    if factor is None:
        raise Undefined("B may not have full rank")
    form = symmetric_part(matmul(point.a, transpose(point.b)))
    half = transpose(solve_lower(factor, form))
    least = spectrum(symmetric_part(solve_lower(factor, half)), symmetric=True).least_real_part()
    return {"smallest_projected_eigenvalue": least}


def measure_attractor(point: Point) -> Numbers:
    """The spectrum of `M` or `K`."""
    s = spectrum(point.dynamics)
    least = s.least_real_part()
    return {"smallest_real_part": least} | ({"step_bound": s.step_bound()} if least.positive() else {})


def conclude_attractor(facts: Facts, numbers: Numbers) -> str | None:
    """Attracts, with a bound for steps, or repels."""
    least, bound = numbers["smallest_real_part"], numbers.get("step_bound")
    if bound is not None:
        return "proved" if least.positive() and bound.positive() else None
    return "refuted" if least.negative() else None


def by_sign(name: str) -> Conclude:
    """The conclusion from the sign of one number."""
    return lambda facts, numbers: sign(numbers[name])


def if_positive(name: str) -> Conclude:
    """Proved if a number is positive, else nothing."""
    return lambda facts, numbers: "proved" if numbers[name].positive() else None


RULES: Mapping[str, tuple[Measure, Conclude]] = {
    "nonstationary": (measure_nonstationary, if_positive("gradient_norm")),
    "target": (measure_target, conclude_target),
    "regular": (measure_regular, if_positive("smallest_singular_value")),
    "hallucinated_minimizer": (lambda point: {}, conclude_minimizer),
    "sphere_type": (measure_sphere_type, conclude_sphere_type),
    "theorem_3_2": (measure_theorem_3_2, conclude_theorem_3_2),
    "projected_c32": (measure_projected, by_sign("smallest_projected_eigenvalue")),
    "attractor": (measure_attractor, conclude_attractor),
}
