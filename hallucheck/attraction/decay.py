"""SAM with weight decay `w`.

With `F(x*) = 0`, `g(x*) != 0` the point is stationary neither for `f` nor, if `g + w x*` is not 0,
for `f + (w/2) |x|**2`; `g(x*+) = -w x*` is not 0 unless `x*` is. What SAM is said to minimize is `f(x+) + (w/2)
|x|**2`; its gradient `w (I - J^T) x*` is not 0 at `x*` in general. In one variable it is, and `M` is the second
derivative.
"""

from __future__ import annotations

from ..arithmetic.interval import exact
from ..arithmetic.linear import Vector, identity, norm
from ..points.claims import RULES as RULES_OF_POINTS
from ..points.point import Point
from ..points.rules import Claim, Facts, Measures, Rule, by_sign, if_positive
from . import basins, converges, momentum


def decayed(point: Point) -> Vector:
    """`w x*`."""
    return point.x * exact(point.problem.exact_decay)


def minimizer_numbers(facts: Facts, claim: Claim) -> Measures:
    """The gradient `w (I - J^T) x*`; in one variable it is 0, and the second derivative decides."""
    if facts.problem.f.dimension == 1:
        return {"second_derivative": lambda p: p.dynamics[0][0]}
    return {"sam_gradient_norm": lambda p: norm((identity(len(p.x)) - p.perturbation).T @ decayed(p))}


def conclude_minimizer(facts: Facts, claim: Claim) -> str | None:
    """Refuted by a gradient, or decided by the second derivative; proved only of a point that is not stationary."""
    if not facts.has("existence"):
        return None
    if facts.problem.f.dimension == 1:
        status = by_sign("second_derivative")(facts, claim)
        return None if status == "proved" and not facts.has("nonstationary") else status
    return "refuted" if claim.numbers["sam_gradient_norm"].positive() else None


RULES: dict[str, Rule] = {
    "existence": RULES_OF_POINTS["existence"],
    "nonstationary": Rule(
        {
            "gradient_norm": lambda p: norm(p.gradient),
            "decayed_gradient_norm": lambda p: norm(p.gradient + decayed(p)),
            "value": lambda p: p.value,
        },
        if_positive("gradient_norm", "decayed_gradient_norm"),
    ),
    "target": Rule(
        {"shifted_gradient_norm": lambda p: norm(decayed(p)), "target_value": lambda p: p.target_value},
        if_positive("shifted_gradient_norm"),
    ),
    "hallucinated_minimizer": Rule(minimizer_numbers, conclude_minimizer),
    "attractor": RULES_OF_POINTS["attractor"],
    **basins.RULES,
    **momentum.RULES,
    **converges.RULES,
}
