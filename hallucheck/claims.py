"""The claims about a point: how the numbers of each are enclosed, and what follows from published ones.

A `Rule` says for each number how it is enclosed again, at the point or at what was proved of it. `conclude` looks at
published numbers alone, and at claims before it, and says "proved", "refuted" or nothing. All inequalities are strict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from hallucheck.interval import ZERO, Interval, OutOfTime, Undefined, exact, hull
from hallucheck.linear import norm, solve_lower
from hallucheck.point import Point
from hallucheck.problem import Problem
from hallucheck.reading import NotCovered, Refused, choice, interval, record, text
from hallucheck.spectrum import least_singular_value, least_symmetric_eigenvalue

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

    def has(self, *names: str) -> bool:
        """Are these claims proved?"""
        return all(name in self.claims and self.claims[name].status == "proved" for name in names)

    def refutes(self, name: str) -> bool:
        """Is this claim refuted?"""
        return name in self.claims and self.claims[name].status == "refuted"

    def conclude(self, claims: list[Claim]) -> None:
        """Refuse claims whose numbers do not show what they say."""
        for claim in claims:
            if claim.status != "undecided":
                where, rule = f"claims.{claim.name}", self.rules[claim.name]
                if not rule.inputs:
                    record(claim.inputs, f"{where}.inputs", ())
                if set(rule.numbers_of(self, claim)) != set(claim.numbers):
                    raise Refused(f"{where}.numbers", "not those of the claim")
                status = rule.conclude(self, claim)
                if status != claim.status:
                    raise Refused(f"{where}.status", f"the numbers show {status or 'nothing'}")
                self.claims[claim.name] = claim

    def objection(self, claim: Claim, point: Point) -> str | None:
        """An objection if a number is not shown to be as published."""
        return compare_numbers(self.rules[claim.name].measure(self, claim, point), claim)


Measures = Mapping[str, Callable[[Any], Interval]]
Conclusion = Callable[[Facts, Claim], str | None]


@dataclass
class Rule:
    """What a claim is: its numbers, what they show, and what they are of: the point, or what was proved about it.

    Most have no inputs; `conclude` reads those that there are.
    """

    numbers: Measures | Callable[[Facts, Claim], Measures]
    conclude: Conclusion
    subject: Callable[[Facts, Claim, Point], Any] = lambda facts, claim, point: point
    inputs: bool = False

    def numbers_of(self, facts: Facts, claim: Claim) -> Measures:
        """Those that this claim has."""
        return self.numbers(facts, claim) if callable(self.numbers) else self.numbers

    def measure(self, facts: Facts, claim: Claim, point: Point) -> Numbers:
        """Enclosures of all of them."""
        subject = self.subject(facts, claim, point)
        return {name: enclose(subject) for name, enclose in self.numbers_of(facts, claim).items()}


def given(*names: str) -> Measures:
    """Numbers of a subject that is a table of them."""
    return {name: itemgetter(name) for name in names}


def if_positive(*names: str) -> Conclusion:
    """Proved if these numbers are positive."""
    return lambda facts, claim: "proved" if all(claim.numbers[name].positive() for name in names) else None


def by_sign(name: str) -> Conclusion:
    """Proved if a number is positive, refuted if negative."""

    def conclude(facts: Facts, claim: Claim) -> str | None:
        return "proved" if claim.numbers[name].positive() else "refuted" if claim.numbers[name].negative() else None

    return conclude


def target_numbers(facts: Facts, claim: Claim) -> Measures:
    """The signs of the eigenvalues of `H(x*+)`; a zero of the residuals needs none."""
    if facts.residual:
        return {}
    return {
        "smallest_hessian_eigenvalue": lambda p: p.target_spectrum.least_real_part(),
        "largest_hessian_eigenvalue": lambda p: p.target_spectrum.largest_real_part(),
        "negative_eigenvalues": lambda p: Interval((*p.target_spectrum.negative(), 0)),
        "target_value": lambda p: p.target_value,
    }


def conclude_target(facts: Facts, claim: Claim) -> str | None:
    """It is named if it is a zero of the residuals, all eigenvalues are positive, or one is negative."""
    smallest = claim.numbers.get("smallest_hessian_eigenvalue")
    return "proved" if smallest is None or smallest.positive() or smallest.negative() else None


def conclude_minimizer(facts: Facts, claim: Claim) -> str | None:
    """`x -> x+` is continuous; refuted where it is a local diffeomorphism and the target is no local minimizer."""
    if not facts.has("existence", "nonstationary", "target"):
        return None
    smallest = facts.claims["target"].numbers.get("smallest_hessian_eigenvalue")
    if smallest is None or smallest.positive():
        return "proved"
    return "refuted" if smallest.negative() and facts.has("regular") else None


def sphere_numbers(facts: Facts, claim: Claim) -> Measures:
    """For the kind of critical point of `f` on the sphere (ASAM: ellipsoid), or of USAM's Moreau objective; the sphere
    of dimension 0 has no directions.
    """
    kind = "moreau" if facts.problem.variant == "usam" else "tangential"
    if kind == "tangential" and facts.problem.f.dimension == 1:
        return {}
    return {
        f"smallest_{kind}_eigenvalue": lambda p: p.sphere_spectrum.least_real_part(),
        f"largest_{kind}_eigenvalue": lambda p: p.sphere_spectrum.largest_real_part(),
    }


def conclude_sphere_type(facts: Facts, claim: Claim) -> str | None:
    """A minimum, a maximum, or a saddle."""
    if not claim.numbers:
        return "proved"
    low, high = (claim.numbers[name] for name in sphere_numbers(facts, claim))
    return "proved" if low.positive() or high.negative() or (low.negative() and high.positive()) else None


def theorem_3_2_numbers(facts: Facts, claim: Claim) -> Measures:
    """The least eigenvalue of the symmetric part of `Du`, of other steps than SAM of `J`."""
    if facts.problem.variant is None:
        return {"smallest_eigenvalue_sym_Du": lambda p: least_symmetric_eigenvalue(p.turn)}
    return {"smallest_eigenvalue_sym_J": lambda p: least_symmetric_eigenvalue(p.perturbation)}


def conclude_theorem_3_2(facts: Facts, claim: Claim) -> str | None:
    """Above or below `-1/rho`, or 0."""
    (smallest,) = claim.numbers.values()
    bound = exact(-1 / facts.problem.exact_rho) if facts.problem.variant is None else ZERO  # enclosed
    return "proved" if bound.below(smallest) else "refuted" if smallest.below(bound) else None


def projected_eigenvalue(point: Point) -> Interval:
    """The least eigenvalue of `(J + J^T)/2` on the row space of `B`: with `B B^T = L L^T` that of
    `L^-1 B (J + J^T)/2 B^T L^-T`, as the rows of `L^-1 B` are an orthonormal basis.
    """
    factor = point.b.gram().cholesky()
    if factor is None:
        raise Undefined("B may not have full rank")
    half = solve_lower(factor, (point.a @ point.b.T).symmetric_part()).T
    return least_symmetric_eigenvalue(solve_lower(factor, half))


def attractor_numbers(facts: Facts, claim: Claim) -> Measures:
    """Of the spectrum of `M` or `K`; a bound for steps only if it attracts."""
    smallest: Measures = {"smallest_real_part": lambda p: p.dynamics_spectrum.least_real_part()}
    bound: Measures = {"step_bound": lambda p: p.dynamics_spectrum.step_bound()}
    return {**smallest, **bound} if claim.status == "proved" else smallest


def conclude_attractor(facts: Facts, claim: Claim) -> str | None:
    """Attracts, with a bound for steps, or repels."""
    if "step_bound" in claim.numbers:
        return if_positive("smallest_real_part", "step_bound")(facts, claim)
    return "refuted" if claim.numbers["smallest_real_part"].negative() else None


EXISTENCE = Rule(
    lambda facts, claim: {"offset": lambda p: hull(p.offsets)} if claim.numbers else {},
    lambda facts, claim: "proved" if claim.numbers else "refuted",
)
RULES: dict[str, Rule] = {
    "nonstationary": Rule(
        {
            "gradient_norm": lambda p: norm(p.gradient),
            "multiplier": lambda p: p.s / p.problem.rho,
            "value": lambda p: p.value,
        },
        if_positive("gradient_norm"),
    ),
    "target": Rule(target_numbers, conclude_target),
    "regular": Rule(
        {"smallest_singular_value": lambda p: least_singular_value(p.a if p.residual else p.perturbation)},
        if_positive("smallest_singular_value"),
    ),
    "hallucinated_minimizer": Rule({}, conclude_minimizer),
    "sphere_type": Rule(sphere_numbers, conclude_sphere_type),
    "theorem_3_2": Rule(theorem_3_2_numbers, conclude_theorem_3_2),
    "projected_c32": Rule(
        {"smallest_projected_eigenvalue": projected_eigenvalue},
        lambda facts, claim: by_sign("smallest_projected_eigenvalue")(facts, claim) if facts.residual else None,
    ),
    "attractor": Rule(attractor_numbers, conclude_attractor),
}
