"""The claim `global_target`: `f(y) >= f(x*+)` for all `y` of a box; refuted by a place with a lower value."""

from __future__ import annotations

from ..arithmetic.linear import Vector
from ..arithmetic.norms import is_positive_definite
from ..files.reading import box, record
from .point import Point
from .rules import Claim, Facts, Measures, Numbers, Rule, given
from .subdivisions import cover, range_on, require


def global_target_numbers(facts: Facts, claim: Claim) -> Measures:
    """Refuted, also the value elsewhere, and the place."""
    names = [f"elsewhere[{i}]" for i in range(facts.problem.f.dimension)]
    return given("target_value", "value_elsewhere", *names) if "elsewhere" in claim.inputs else given("target_value")


def measure_global_target(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """`f(y) >= f(x*+)` for all `y` of a box: larger on a piece, or convex on a neighbourhood of `x*+`."""
    f, d = point.problem.f, len(point.x)
    values = {"target_value": point.target_value}
    if "elsewhere" in claim.inputs:
        inputs = record(claim.inputs, "inputs", ("box", "elsewhere"))
        place = box(d)(inputs["elsewhere"], "elsewhere")
        require(place.inside(box(d)(inputs["box"], "box")))
        return values | {"value_elsewhere": f.at(place)[0]} | {f"elsewhere[{i}]": x for i, x in enumerate(place)}
    inputs = record(claim.inputs, "inputs", ("box", "neighbourhood", "subdivision"))
    whole, near = box(d)(inputs["box"], "box"), box(d)(inputs["neighbourhood"], "neighbourhood")
    convex = is_positive_definite(f.hessian_at(near)[1])
    require(convex, point.plus.inside(near), point.plus.inside(whole))

    def test(x: Vector) -> bool:
        return x.inside(near) or any(point.target_value.below(value) for value in range_on(f, x))

    cover(whole, inputs["subdivision"], "subdivision", test)
    return values


def conclude_global_target(facts: Facts, claim: Claim) -> str | None:
    """Refuted by a lower value."""
    if "elsewhere" not in claim.inputs:
        return "proved"
    return "refuted" if claim.numbers["value_elsewhere"].below(claim.numbers["target_value"]) else None


RULES = {"global_target": Rule(global_target_numbers, conclude_global_target, measure_global_target, inputs=True)}
