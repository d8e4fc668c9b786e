"""Claim ``converges``: SAM from a given start, with a given fixed step, converges to ``x*``, or to the manifold there.

The start ``x_0`` and the step eta are exact numbers. If after N steps ``x_N`` is certainly in the basin of the claim
``basin`` for a step of at least eta, the run converges. In residual form it is there if its `share` of the bounds of
that set is less than 1 (`hallucert.check.attraction.manifold.basin`). With momentum the run starts with velocity 0, and
its state has to come into the set of the claim ``momentum`` for exactly this step and momentum; in residual form by the
distance from ``x*`` and the bound of the rest of the path together, which are at most R.

Where ``x_N`` is, is shown in one of two ways. *Step by step*: the iterates are enclosed in balls, which lose some bits
a step, so that many bits are taken, and doubled until they suffice. *In segments*: after certain numbers of steps, the
last of them N, the run is in cubes, which the claim lists. From every point of a cube, the first of which is the start,
so many steps lead into the next. Each segment is shown for itself (`hallucert.check.attraction.orbit`), in any order
and in several processes.

At each step it is checked that f is defined at ``x_k`` and at ``x_k+``, and that g is not 0, so that the step is
defined. Made only when asked, together with `basin`. Inputs: ``start``, ``step`` (exact), ``bits``, and ``steps`` (N)
or ``ends`` (numbers of steps), ``centres`` and ``radii`` of cubes; with momentum its ``momentum`` and ``nesterov``, and
the centres are states (`hallucert.check.attraction.method`). Numbers: ``distance`` (``|x_N - x*|``), in residual form
``share``, too, with momentum ``rest`` in place of it; with momentum to an isolated point ``state`` alone, the norm of
that set.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from hallucert.balls import arithmetic, matrix
from hallucert.balls.facade import Ball
from hallucert.check.attraction import momentum
from hallucert.check.attraction.basin import BASIN
from hallucert.check.attraction.method import Method
from hallucert.check.attraction.norms import root
from hallucert.check.claim import Claim, Enclosure, Sentence, Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.problem import Problem
from hallucert.check.reason import Reason
from hallucert.clock import Clock, OutOfTime, look
from hallucert.processes import in_order, jobs_of

if TYPE_CHECKING:
    from hallucert.check.attraction.orbit import Cube

FEWEST_BITS, MOST_BITS = 64, 20_000
MOST_STEPS = 1_000_000


def measure_converges(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Enclose the distance of ``x_N`` from ``x*``, and what bounds the rest of the path."""
    method, start, bits = Method.of(inputs), inputs["start"], inputs["bits"]
    if not (len(start) == len(evidence.point.x) and method.makes_sense and FEWEST_BITS <= bits <= MOST_BITS):
        return Reason.NEEDS_PREMISES
    if "ends" in inputs:
        cubes = cubes_of(inputs)
        return Reason.NEEDS_PREMISES if cubes is None else measure_segments(evidence, inputs, cubes)
    if inputs["steps"] > MOST_STEPS:
        return Reason.NEEDS_PREMISES
    for k, state in enumerate(run(evidence, method, start, bits)):
        if k == inputs["steps"]:
            return arrival(evidence, method, state, bits) or Reason.PRECISION
        look()
    return Reason.PRECISION


def steps_of(inputs: Inputs) -> int:
    """Return N."""
    return int(inputs["ends"][-1]) if "ends" in inputs else int(inputs["steps"])


def cubes_of(inputs: Inputs) -> list[Cube] | None:
    """Return the start and the cubes after it; None if they make no sense."""
    from hallucert.check.attraction.orbit import Cube

    ends, centres, radii = inputs["ends"], inputs["centres"], inputs["radii"]
    first = Method.of(inputs).at_rest(inputs["start"])
    fit = len(ends) == len(centres) == len(radii) > 0 and all(len(centre) == len(first) for centre in centres)
    whole = all(end.denominator == 1 for end in ends) and all(a < b for a, b in pairwise((0, *ends)))
    if not (fit and whole and ends[-1] <= MOST_STEPS and min(radii) > 0):
        return None
    return [Cube(first, Fraction(0)), *map(Cube, centres, radii)]


def measure_segments(evidence: Evidence, inputs: Inputs, cubes: Sequence[Cube]) -> Numbers | Reason:
    """Show that each segment leads from one cube into the next; enclose where the last one is."""
    problem, method, ends = evidence.point.problem, Method.of(inputs), [0, *map(int, inputs["ends"])]
    until = time.time() + evidence.clock.left()
    show = partial(leads, problem, evidence.arithmetic.name, inputs["bits"], method, until)
    lengths = (last - first for first, last in pairwise(ends))
    tasks = [partial(show, *pair, n) for pair, n in zip(pairwise(cubes), lengths, strict=True)]
    for done, held in enumerate(in_order(tasks, *jobs_of(None)), 1):
        look("steps of a run", ends[done], ends[-1])
        if not held:
            return Reason.PRECISION
    return arrival_of(evidence, method, cubes[-1], inputs["bits"]) or Reason.PRECISION


def leads(problem: Problem, name: str, bits: int, method: Method, until: float, start: Cube, end: Cube, n: int) -> bool:
    """Tell whether n steps certainly lead from every point of one cube into another; False when the time is over."""
    from hallucert.check.attraction.orbit import Cube, follow

    with Clock(until - time.time()).watched():
        try:
            found = follow(problem, arithmetic(name, bits), method, start, n)
        except OutOfTime:
            return False
    return isinstance(found, Cube) and end.holds(found)


def arrival_of(evidence: Evidence, method: Method, cube: Cube, bits: int) -> dict[str, Enclosure] | None:
    """The same as `arrival` for all points of a cube."""
    ar = arithmetic(evidence.arithmetic.name, bits)
    with ar:
        return arrival(evidence, method, [ar.interval(c - cube.radius, c + cube.radius) for c in cube.centre], bits)


def run(evidence: Evidence, method: Method, start: Sequence[Fraction], bits: int) -> Iterator[list[Ball]]:
    """Yield the states from the start on, in balls; ends where a step is not certainly defined."""
    ar = arithmetic(evidence.arithmetic.name, bits)
    with ar:
        state: list[Ball] | None = [ar.constant(v) for v in method.at_rest(start)]
    while state is not None:
        yield state
        with ar:
            state = method.after(evidence.point.problem, ar, state)


def arrival(evidence: Evidence, method: Method, state: Sequence[Ball], bits: int) -> dict[str, Enclosure] | None:
    """Enclose the numbers of the claim for the run in this state; None if one is indeterminate."""
    ar, x, residual = arithmetic(evidence.arithmetic.name, bits), list(method.position(state)), evidence.residual_form
    found: dict[str, Enclosure | None] = {}
    with ar:
        if residual or method.momentum is None:
            square = matrix.sum_of_squares(ar, [a - b for a, b in zip(x, evidence.point.x, strict=True)])
            found["distance"] = root(Enclosure(*ar.endpoints(square))) if ar.is_finite(square) else None
        if method.momentum is not None:
            reached = momentum.measure_arrival(evidence, x, method.velocity(ar, state), ar)
            found["rest" if residual else "state"] = reached
        elif residual:
            from hallucert.check.attraction.manifold import basin  # with arrays, which isolated points do without

            found["share"] = basin.measure_arrival(evidence, x, ar)
    known = {name: number for name, number in found.items() if number is not None}
    return known if len(known) == len(found) else None


def limit_of(region: Claim) -> Fraction:
    """Return how far a run may be, by the claim `basin`, or with momentum by `momentum`; a share has to be below 1."""
    if region.name == BASIN.name:
        return Fraction(1) if "widths" in region.inputs else region.numbers["radius"].lower
    size: Fraction = region.inputs["size"]
    return size


def farthest(numbers: Numbers) -> Fraction:
    """Return how far from ``x*`` the rest of a run goes at most, or its share of the bounds of a set around it."""
    if "share" in numbers:
        return numbers["share"].upper
    return sum((number.upper for number in numbers.values()), Fraction(0))


def conclude_converges(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """A run that comes into a basin converges."""
    method, residual = Method.of(inputs), facts.problem.residual
    premise = BASIN.name if method.momentum is None else momentum.RULE.name
    if not facts.proved(premise):
        return Reason.NEEDS_PREMISES
    region = facts.claims[premise]
    fits = method.step <= region.inputs["step"] if premise == BASIN.name else method == Method.of(region.inputs)
    way, limit = farthest(numbers), limit_of(region)
    if not fits or way > limit or ("share" in numbers and way == limit):
        return Reason.START
    distance = numbers["distance" if residual or premise == BASIN.name else "state"].upper
    rest = numbers["rest" if method.momentum is not None else "share"].upper if residual else None
    within = region.inputs["reach"] if "widths" in region.inputs else limit
    about = (facts.law, inputs["start"], method.step, steps_of(inputs), distance, rest, within)
    carried = () if method.momentum is None else (method.momentum, method.nesterov)
    return Status.PROVED, Sentence("attraction.converges", about + carried)


RUN = {"start": "vector", "step": "exact", "bits": "integer"}
STEPWISE, SEGMENTS = {"steps": "integer"}, {"ends": "vector", "centres": "rows", "radii": "dyadics"}
MOMENTUM = {"momentum": "exact", "nesterov": "integer"}

CONVERGES = Rule(
    name="converges",
    needs="start",
    question="Does SAM from this start, with this step, converge to x*?",
    measure=measure_converges,
    conclude=conclude_converges,
    inputs=tuple(RUN | how | carried for carried in ({}, MOMENTUM) for how in (STEPWISE, SEGMENTS)),
)
