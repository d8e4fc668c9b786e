"""Files about a box in which SAM stalls, and nothing is solved: the claim `no_minimizer_near`."""

from __future__ import annotations

from typing import Any

from ..arithmetic.interval import ball, exact, total
from ..arithmetic.linear import Vector, norm
from ..files.reading import Refused, fields, items, matrix, null, number, positive, record, text, vector
from .composed import tangents
from .point import Point
from .problem import Problem
from .rules import Claim, Facts, Numbers, Result, Rule, given, read_claims, result_of
from .subdivisions import require


class Place(Point):
    """A box, and the point in its middle."""

    def __init__(self, centre: Vector, whole: Vector) -> None:
        self.centre, self.whole = centre, whole


def read_box(value: Any, problem: Problem) -> Place:
    """The field `witness` where nothing is solved."""
    d = problem.f.dimension
    boxes = {"centre": vector(d), "radius": vector(d, positive(number))}
    found = fields(value, "witness", system=text, slice=null, preconditioner=matrix(0, 0), **boxes)
    return Place(found.centre, found.centre + Vector(map(ball, found.radius)))


def measure_stall(facts: Facts, claim: Claim, place: Place) -> Numbers:
    """`v^T H(y+) v/|v|**2 < 0` for every `y` of a box: no `y+` is a local minimizer of `f`."""
    problem, f = facts.problem, facts.problem.f
    direction = items(claim.inputs["direction"], "direction", number, count=f.dimension)
    require(problem.variant is None, any(direction))
    seeds = {i: f.code.constant(v) for i, v in zip(f.inputs, direction, strict=True) if v}
    (bend,) = tangents(f.code, tangents(f.code, [f.value], seeds), seeds)
    bend_on_box = f.code.evaluate(problem.plus(place.whole, f.at(place.whole)[1]))[bend]
    value, g = f.at(place.centre)
    sam_value, shifted = f.at(problem.plus(place.centre, g))
    return {
        "curvature": bend_on_box / exact(sum(v * v for v in direction)),
        "gradient_norm": norm(g),
        "shifted_gradient_square": total(v.power(2) for v in shifted),
        "value": value,
        "sam_value": sam_value,
    }


def conclude_stall(facts: Facts, claim: Claim) -> str | None:
    """The curvature is negative."""
    record(claim.inputs, "inputs", ("direction",))
    return "proved" if claim.numbers["curvature"].negative() else None


NUMBERS = given("curvature", "gradient_norm", "shifted_gradient_square", "value", "sam_value")
RULES = {"no_minimizer_near": Rule(NUMBERS, conclude_stall, measure_stall, inputs=True)}


def verify_box(problem: Problem, document: dict[str, Any]) -> list[Result]:
    """A file about a box in which nothing is solved."""
    if document["enclosure"] is not None:
        raise Refused("enclosure", "nothing is solved")
    facts, place = Facts(problem, False, RULES), read_box(document["witness"], problem)
    claims = read_claims(document, list(RULES))
    facts.conclude(claims)
    return [result_of(claim, lambda claim: facts.objection(claim, place)) for claim in claims]
