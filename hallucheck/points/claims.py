"""The claims about a point that need no inputs: their numbers, and what these show."""

from __future__ import annotations

from ..arithmetic.interval import ZERO, Interval, exact, hull
from ..arithmetic.linear import norm
from ..arithmetic.spectrum import least_singular_value, least_symmetric_eigenvalue, spectrum
from .point import Point
from .rules import Claim, Facts, Measures, Rule, by_sign, if_positive


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
    """The least eigenvalue of `(J + J^T)/2` on the row space of `B`: that of `(B B^T)^-1 B (J + J^T)/2 B^T`, as with
    `B B^T = L L^T` the rows of `L^-1 B` are an orthonormal basis.
    """
    inner = (point.a @ point.b.T).symmetric_part()
    return spectrum(point.b.gram().inverse() @ inner).least_real_part()


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


RULES: dict[str, Rule] = {
    "existence": Rule(
        lambda facts, claim: {"offset": lambda p: hull(p.offsets)} if claim.numbers else {},
        lambda facts, claim: "proved" if claim.numbers else "refuted",
    ),
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
