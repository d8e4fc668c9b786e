"""The claims about a point: how the numbers of each are enclosed, and what follows from published ones.

`measure` encloses the numbers at the point again. `conclude` looks at published numbers alone, and at claims
before it, and says "proved", "refuted" or nothing. All inequalities are strict.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from hallucheck.interval import ONE, ZERO, Interval, OutOfTime, Undefined, exact, total
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
from hallucheck.reading import NotCovered, Refused, choice, interval, record, text

Numbers = dict[str, Interval]


@dataclass
class Claim:
    """A claim of the file, with its inputs as they stand there."""

    name: str
    status: str
    inputs: dict[str, Any]
    numbers: Numbers


def read_claim(value: Any, where: str) -> Claim:
    """A claim, with its inputs as they stand in the file."""
    record(value, where, ("name", "status", "inputs", "numbers", "reason"))
    status = choice("proved", "refuted", "undecided")(value["status"], f"{where}.status")
    numbers, reason, name = value["numbers"], value["reason"], text(value["name"], f"{where}.name", most=100)
    if not isinstance(numbers, dict) or len(numbers) > 1100 or (status == "undecided" and numbers):
        raise Refused(f"{where}.numbers", "not numbers of a claim")
    if not isinstance(value["inputs"], dict):
        raise Refused(f"{where}.inputs", "not an object")
    if status == "undecided":
        text(reason, f"{where}.reason", most=100)
    elif reason is not None:
        raise Refused(f"{where}.reason", "a reason for what is decided")
    enclosures = {text(key, where, most=100): interval(v, f"{where}.numbers.{key[:40]}") for key, v in numbers.items()}
    return Claim(name, status, value["inputs"], enclosures)


@dataclass
class Result:
    """What became of a claim: nothing to object to, or an objection."""

    claim: str
    status: str
    objection: str | None = None

    def __str__(self) -> str:
        if self.status == "undecided":
            return f"{self.claim} (undecided): nothing claimed"
        return f"{self.claim} ({self.status}): " + (
            "re-proved" if not self.objection else f"NOT re-proved: {self.objection}"
        )


def result_of(claim: Claim, check: Callable[[Claim], str | None]) -> Result:
    """The objection of a check, or what went wrong in it."""
    try:
        return Result(claim.name, claim.status, check(claim) if claim.status != "undecided" else None)
    except (Undefined, NotCovered, OutOfTime) as error:
        return Result(claim.name, claim.status, str(error))


def compare_numbers(measured: Numbers, claim: Claim) -> str | None:
    """An objection if a number is not in the published interval."""
    wrong = [name for name, value in measured.items() if not value.inside(claim.numbers[name])]
    return f"{', '.join(wrong)}: not shown to lie in the published interval" if wrong else None


@dataclass
class Facts:
    """What a conclusion may look at besides numbers: the problem, and the claims before this one."""

    problem: Problem
    residual: bool
    rules: dict[str, Rule]
    claims: dict[str, Claim] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Is this claim proved?"""
        return name in self.claims and self.claims[name].status == "proved"

    def refutes(self, name: str) -> bool:
        """Is this claim refuted?"""
        return name in self.claims and self.claims[name].status == "refuted"


@dataclass
class Rule:
    """What a claim is: the names of its numbers, how they are enclosed again at the point, and what they show.

    Most have no inputs; `conclude` reads those that there are.
    """

    names: Callable[[Facts, Claim], Collection[str]]
    measure: Callable[[Facts, Claim, Point], Numbers]
    conclude: Callable[[Facts, Claim], str | None]
    inputs: bool = False


def check_conclusion(facts: Facts, claim: Claim) -> None:
    """Refuse a claim whose numbers do not show what it says."""
    where, rule = f"claims.{claim.name}", facts.rules[claim.name]
    if not rule.inputs:
        record(claim.inputs, f"{where}.inputs", ())
    if set(rule.names(facts, claim)) != set(claim.numbers):
        raise Refused(f"{where}.numbers", "not those of the claim")
    status = rule.conclude(facts, claim)
    if status != claim.status:
        raise Refused(f"{where}.status", f"the numbers show {status or 'nothing'}")


def extremes(s: Spectrum, name: str) -> Numbers:
    """Smallest and largest eigenvalue of a symmetric matrix."""
    return {f"smallest_{name}_eigenvalue": s.least_real_part(), f"largest_{name}_eigenvalue": s.largest_real_part()}


def sign(x: Interval) -> str | None:
    """Proved if positive, refuted if negative."""
    return "proved" if x.positive() else "refuted" if x.negative() else None


def measure_nonstationary(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """`|g|`, `lambda = s/rho` and `f`."""
    multiplier = point.s / point.problem.rho
    return {"gradient_norm": norm(point.gradient), "multiplier": multiplier, "value": point.value}


def measure_target(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The signs of the eigenvalues of `H(x*+)`; a zero of the residuals needs none."""
    if point.residual:
        return {}
    s = spectrum(symmetric_part(point.target_hessian), symmetric=True)
    low, high = s.negative()
    negative = {"negative_eigenvalues": Interval((low, high, 0)), "target_value": point.target_value}
    return extremes(s, "hessian") | negative


def conclude_target(facts: Facts, claim: Claim) -> str | None:
    """It is named if it is a zero of the residuals, all eigenvalues are positive, or one is negative."""
    smallest = claim.numbers.get("smallest_hessian_eigenvalue")
    return "proved" if smallest is None or smallest.positive() or smallest.negative() else None


def measure_regular(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """Of `J`, or of `A`."""
    return {"smallest_singular_value": least_singular_value(point.a if point.residual else point.perturbation)}


def conclude_minimizer(facts: Facts, claim: Claim) -> str | None:
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


def names_of_sphere_type(facts: Facts, claim: Claim) -> Collection[str]:
    """USAM has eigenvalues in every dimension, the sphere none in dimension 1."""
    kind = "moreau" if facts.problem.variant == "usam" else "tangential"
    some = kind == "moreau" or facts.problem.f.dimension > 1
    return (f"smallest_{kind}_eigenvalue", f"largest_{kind}_eigenvalue") if some else ()


def measure_sphere_type(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The kind of critical point of `f` on the sphere (ASAM: ellipsoid), or of USAM's Moreau objective."""
    if point.problem.variant == "usam":
        return extremes(spectrum(symmetric_part(point.perturbation), symmetric=True), "moreau")
    return extremes(spectrum(tangential(point), symmetric=True), "tangential") if len(point.x) > 1 else {}


def conclude_sphere_type(facts: Facts, claim: Claim) -> str | None:
    """A minimum, a maximum, or a saddle."""
    if not claim.numbers:
        return "proved"
    low, high = (claim.numbers[name] for name in names_of_sphere_type(facts, claim))
    return "proved" if low.positive() or high.negative() or (low.negative() and high.positive()) else None


def name_of_theorem_3_2(facts: Facts, claim: Claim) -> Collection[str]:
    """SAM's is stated with `Du`."""
    return ("smallest_eigenvalue_sym_Du" if facts.problem.variant is None else "smallest_eigenvalue_sym_J",)


def measure_theorem_3_2(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The least eigenvalue of the symmetric part of `Du`, or `J`."""
    matrix = point.turn if point.problem.variant is None else point.perturbation
    (name,) = name_of_theorem_3_2(facts, claim)
    return {name: spectrum(symmetric_part(matrix), symmetric=True).least_real_part()}


def conclude_theorem_3_2(facts: Facts, claim: Claim) -> str | None:
    """Above or below `-1/rho`, or 0."""
    (smallest,) = claim.numbers.values()
    if facts.problem.variant is not None:
        return sign(smallest)
    bound = exact(-1 / facts.problem.exact_rho)  # an enclosure, exact for dyadic numbers
    return "proved" if bound.below(smallest) else "refuted" if smallest.below(bound) else None


def measure_projected(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The least eigenvalue of `(J + J^T)/2` on the row space of `B`: with `B B^T = L L^T` that of
    `L^-1 B (J + J^T)/2 B^T L^-T`, as the rows of `L^-1 B` are an orthonormal basis.
    """
    factor = cholesky(symmetric_part(matmul(point.b, transpose(point.b))))
    if factor is None:
        raise Undefined("B may not have full rank")
    form = symmetric_part(matmul(point.a, transpose(point.b)))
    half = transpose(solve_lower(factor, form))
    smallest = spectrum(symmetric_part(solve_lower(factor, half)), symmetric=True).least_real_part()
    return {"smallest_projected_eigenvalue": smallest}


def measure_attractor(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The spectrum of `M` or `K`."""
    s = spectrum(point.dynamics)
    bound = {"step_bound": s.step_bound()} if claim.status == "proved" else {}
    return {"smallest_real_part": s.least_real_part()} | bound


def conclude_attractor(facts: Facts, claim: Claim) -> str | None:
    """Attracts, with a bound for steps, or repels."""
    smallest, bound = claim.numbers["smallest_real_part"], claim.numbers.get("step_bound")
    if bound is not None:
        return "proved" if smallest.positive() and bound.positive() else None
    return "refuted" if smallest.negative() else None


def only(*names: str) -> Callable[[Facts, Claim], Collection[str]]:
    """These names, always."""
    return lambda facts, claim: names


def if_positive(name: str) -> Callable[[Facts, Claim], str | None]:
    """Proved if a number is positive, else nothing."""
    return lambda facts, claim: "proved" if claim.numbers[name].positive() else None


EXISTENCE = Rule(
    lambda facts, claim: ("offset",) if claim.numbers else (),
    lambda facts, claim, point: {},
    lambda facts, claim: "proved" if claim.numbers else "refuted",
)
HESSIAN = ("smallest_hessian_eigenvalue", "largest_hessian_eigenvalue", "negative_eigenvalues", "target_value")
RULES: dict[str, Rule] = {
    "nonstationary": Rule(
        only("gradient_norm", "multiplier", "value"), measure_nonstationary, if_positive("gradient_norm")
    ),
    "target": Rule(lambda facts, claim: () if facts.residual else HESSIAN, measure_target, conclude_target),
    "regular": Rule(only("smallest_singular_value"), measure_regular, if_positive("smallest_singular_value")),
    "hallucinated_minimizer": Rule(only(), lambda facts, claim, point: {}, conclude_minimizer),
    "sphere_type": Rule(names_of_sphere_type, measure_sphere_type, conclude_sphere_type),
    "theorem_3_2": Rule(name_of_theorem_3_2, measure_theorem_3_2, conclude_theorem_3_2),
    "projected_c32": Rule(
        only("smallest_projected_eigenvalue"),
        measure_projected,
        lambda facts, claim: sign(claim.numbers["smallest_projected_eigenvalue"]) if facts.residual else None,
    ),
    "attractor": Rule(
        lambda facts, claim: ("smallest_real_part", *["step_bound"] * (claim.status == "proved")),
        measure_attractor,
        conclude_attractor,
    ),
}
