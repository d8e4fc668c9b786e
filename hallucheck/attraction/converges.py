"""Where SAM from an exact start goes: the claim `converges`.

The run is repeated in intervals. Alone, it has arrived if `|x_N - x*|` is at most the radius of the claim `basin`; or,
of a sum of squares, if it is in the set of starts of the claim: if the largest share of what `P |w|`, `|L* xi|` and
`|Pi' xi| + q |w|` may be, with `xi = x_N - x*`, is less than 1. With momentum it starts with the velocity 0 and has
arrived if its state is in the set of the claim `momentum`: if `|V^-1 (x_N - x*, v_N)|` is at most `R`; or, of a sum of
squares, `|x_N - x*| + p |q| + pi |z|`, for any `o` that makes up the velocity.
"""

from __future__ import annotations

from fractions import Fraction

from ..arithmetic.interval import ONE, Undefined, dot, exact, precision, total, working_precision
from ..arithmetic.linear import Vector, norm
from ..files.reading import NotCovered, Refused, dyadic, integer, items, number, positive, record, square_matrix
from ..points.point import Point
from ..points.rules import Claim, Facts, Measures, Numbers, Rule, given
from .around import norms
from .basins import Manifold, read_basin
from .momentum import read_method, read_weights

MOST_BITS_OF_RUNS, LOST_BITS = 20_000, 8


def read_run(claim: Claim, d: int) -> tuple[list[Fraction], int, int]:
    """The inputs of a run beside its step: start, number of steps, bits.

    Of a run in segments only the number of steps at the end counts here, and the cubes in between do not help: the run
    is repeated in intervals, which lose some bits a step.
    """
    segments = "ends" in claim.inputs
    names = ("ends", "centres", "radii") if segments else ("steps",)
    carried = ("momentum", "nesterov") if "momentum" in claim.inputs else ()
    inputs = record(claim.inputs, "inputs", ("start", "step", "bits", *names, *carried))
    start = items(inputs["start"], "start", number, count=d)
    bits = integer(inputs["bits"], "bits", 2, MOST_BITS_OF_RUNS)
    if not segments:
        return start, integer(inputs["steps"], "steps"), bits
    ends = items(inputs["ends"], "ends", positive(number))
    if not ends or ends[-1].denominator != 1:
        raise Refused("ends", "not whole numbers of steps")
    return start, int(ends[-1]), bits + LOST_BITS * int(ends[-1])


def measure(facts: Facts, claim: Claim, point: Point) -> Numbers:
    """The numbers by which the run has arrived."""
    problem, (step, b, k, c) = point.problem, read_method(claim)
    start, steps, bits = read_run(claim, len(point.x))
    if bits > MOST_BITS_OF_RUNS:
        raise NotCovered(f"runs in segments of more than {MOST_BITS_OF_RUNS // LOST_BITS} steps are not covered here")
    if not facts.has(premise(claim)):
        raise Undefined("there is nothing to arrive in")
    with working_precision(max(precision(), 2 * bits)):
        x, v = (Vector(map(exact, entries)) for entries in (start, [0] * len(start)))
        for _ in range(steps):
            force = problem.field(x)
            x = x - force * exact(step * k) - v * exact(step * c)
            v = v * exact(b) + force
        if premise(claim) == "momentum":
            return with_momentum(facts, point, x, v)
        distance, known = {"distance": norm(x - point.x)}, facts.claims["basin"]
        if not facts.residual:
            return distance
        basin = Manifold(known, point, read_basin(facts, known)[0])
        return distance | {"share": basin.share(x - point.x, residuals(point, x))}


def with_momentum(facts: Facts, point: Point, x: Vector, v: Vector) -> Numbers:
    """The same in the norms of the claim `momentum`."""
    known, f, d = facts.claims["momentum"], point.problem.f, len(x)
    from_rest, m = x - point.x, len(f.outputs)
    if not facts.residual:
        back = square_matrix(2 * d)(known.inputs["basis"], "basis").inverse()
        return {"state": norm(back @ Vector([*from_rest, *v]))}
    back, normals = square_matrix(2 * m)(known.inputs["basis"], "basis").inverse(), point.b * exact(f.share)
    blocks, p, pi = read_weights(known, 2 * m)
    nearest = (normals @ normals.T).approximate_inverse() @ (normals @ v)
    o = Vector(entry.middle() for entry in nearest)
    z = v - normals.T @ o
    q = norms(back @ Vector([*residuals(point, x), *o]), blocks)
    return {"distance": norm(from_rest), "rest": dot(p, q) + pi * norm(z)}


def residuals(point: Point, x: Vector) -> Vector:
    """`r(x+)`."""
    f = point.problem.f
    return f.residuals_at(point.problem.plus(x, f.at(x)[1]))[0]


def premise(claim: Claim) -> str:
    """The claim with the set in which a run arrives."""
    return "momentum" if "momentum" in claim.inputs else "basin"


def names(facts: Facts, claim: Claim) -> Measures:
    """Which numbers there are."""
    if premise(claim) == "basin":
        return given("distance", "share") if facts.residual else given("distance")
    return given("distance", "rest") if facts.residual else given("state")


def conclude(facts: Facts, claim: Claim) -> str | None:
    """By published numbers the run is in the set of the claim before it, which is for this method."""
    if not facts.has(premise(claim)):
        return None
    known, (step, *method) = facts.claims[premise(claim)], read_method(claim)
    read_run(claim, facts.problem.f.dimension)
    if premise(claim) == "momentum":
        way, size = total(number.upper() for number in claim.numbers.values()), dyadic(known.inputs["size"], "size")
        arrived, fits = way.at_most(exact(size)), [step, *method] == [*read_method(known)]
    else:
        share, distance = claim.numbers.get("share"), claim.numbers["distance"]
        arrived = share.below(ONE) if share else distance.at_most(known.numbers["radius"])
        fits = 0 < step <= read_basin(facts, known)[1][0]
    return "proved" if fits and arrived else None


RULES = {"converges": Rule(names, conclude, measure, inputs=True)}
