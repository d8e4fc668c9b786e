"""Claim: of a run said to converge every input is looked at, each segment, and where all of the last cube is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from spoken import spoken

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.attraction import converges, manifold
from hallucert.check.attraction.basin import BASIN
from hallucert.check.attraction.method import Method
from hallucert.check.attraction.orbit import Cube
from hallucert.check.claim import Claim, Enclosure, Status
from hallucert.check.point.rule import Evidence, Facts, Inputs, Witness
from hallucert.check.problem import Point, Problem
from hallucert.check.reason import Reason
from hallucert.clock import Clock

HALF = Fraction(1, 2)
WELL = Problem(hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 2"), Fraction(3, 2))
RING = Problem(hc.Objective.least_squares(["x**2 + y**2 - 1"]), Fraction(3, 2), residual=True)
LIMIT, START, STEP = (-HALF, Fraction(0)), (Fraction(-3, 4), Fraction(0)), Fraction(1, 10)
TINY = Fraction(1, 2**60)
WIDE = Fraction(1, 2**24)
"""What Arb adds to wide balls, whose radii have 30 bits."""


def on_the_axis(x: Fraction, steps: int) -> Fraction:
    """SAM of the double well where y is 0 and -1 < x < 0: the slope is positive there, so x+ is x + 3/2."""
    for _ in range(steps):
        x -= STEP * ((x + 3 * HALF) ** 3 - (x + 3 * HALF))
    return x


def evidence(problem: Problem = WELL, at: Sequence[Fraction] = LIMIT) -> Evidence:
    """A point that is said to be proved."""
    ar = arithmetic("arb", 64)
    return Evidence(Point(ar, problem, [ar.constant(v) for v in at]))


def cubes(*, ends: Sequence[object] = (2, 5), **changed: object) -> Inputs:
    """The inputs of a run of five steps in two segments, or others."""
    whole = [int(end) if isinstance(end, int) and end < 10 else 0 for end in ends]
    plain: dict[str, object] = {
        "start": START,
        "step": STEP,
        "bits": 128,
        "ends": tuple(Fraction(end) for end in ends),  # type: ignore[arg-type]
        "centres": tuple((on_the_axis(START[0], n), Fraction(0)) for n in whole),
        "radii": (TINY,) * len(whole),
    }
    return plain | changed


def test_cubes_are_the_start_and_what_is_listed() -> None:
    """The first is the exact start; numbers of steps up to the most, the same included, are taken."""
    found = converges.cubes_of(cubes())
    assert found is not None and found[0] == Cube(START, Fraction(0))
    assert [cube.radius for cube in found[1:]] == [TINY, TINY]
    assert [cube.centre[0] for cube in found[1:]] == [on_the_axis(START[0], 2), on_the_axis(START[0], 5)]
    assert converges.cubes_of(cubes(ends=(7,))) is not None
    assert converges.cubes_of(cubes(ends=(1, converges.MOST_STEPS))) is not None
    assert converges.MOST_STEPS == 1_000_000


SENSELESS = {
    "nothing": cubes(ends=()),
    "a number of steps less": cubes() | {"ends": (Fraction(5),)},
    "a centre less": cubes() | {"centres": cubes()["centres"][:1]},
    "a radius less": cubes() | {"radii": (TINY,)},
    "a coordinate less": cubes() | {"centres": (START[:1], START)},
    "a coordinate more at the end": cubes() | {"centres": (START, (*START, Fraction(0)))},
    "no coordinates": cubes() | {"centres": ((), ())},
    "no whole number": cubes() | {"ends": (Fraction(3, 2), Fraction(5))},
    "no whole number at the end": cubes() | {"ends": (Fraction(2), Fraction(11, 2))},
    "no whole numbers at all": cubes() | {"ends": (Fraction(3, 2), Fraction(11, 2))},
    "the same number twice": cubes() | {"ends": (Fraction(5), Fraction(5))},
    "back in time": cubes() | {"ends": (Fraction(5), Fraction(2))},
    "no step to the first": cubes() | {"ends": (Fraction(0), Fraction(5))},
    "before the start": cubes() | {"ends": (Fraction(-1), Fraction(5))},
    "a step too many": cubes() | {"ends": (Fraction(2), Fraction(1_000_001))},
    "a radius of 0": cubes() | {"radii": (TINY, Fraction(0))},
    "a radius below 0": cubes() | {"radii": (-TINY, TINY)},
}


@pytest.mark.parametrize("inputs", SENSELESS.values(), ids=SENSELESS)
def test_senseless_cubes_are_none(inputs: Inputs) -> None:
    """Numbers of steps that are no increasing whole numbers from 1, cubes without a size, lists that do not fit."""
    assert converges.cubes_of(inputs) is None
    assert converges.measure_converges(evidence(), inputs) is Reason.NEEDS_PREMISES


BEFORE = {
    "a coordinate less": {"start": START[:1]},
    "a coordinate more": {"start": (*START, Fraction(0))},
    "no step": {"step": Fraction(0)},
    "uphill": {"step": -STEP},
    "too few bits": {"bits": 63},
    "too many bits": {"bits": 20_001},
}


@pytest.mark.parametrize("change", BEFORE.values(), ids=BEFORE)
def test_premises_are_looked_at_first(change: Inputs) -> None:
    """A start of the point's dimension, a positive step, bits between 64 and 20,000; both forms of a run."""
    for inputs in (cubes(), {"start": START, "step": STEP, "bits": 128, "steps": 3}):
        assert converges.measure_converges(evidence(), inputs | change) is Reason.NEEDS_PREMISES


@pytest.mark.parametrize("bits", [64, 20_000])
def test_a_run_step_by_step_is_where_the_formula_says(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """After three exact steps of a cubic, with the fewest and the most bits; the most steps are one step of many."""
    inputs = {"start": START, "step": STEP, "bits": bits, "steps": 3}
    found = converges.measure_converges(evidence(), inputs)
    assert isinstance(found, dict) and list(found) == ["distance"]
    distance, there = found["distance"], abs(on_the_axis(START[0], 3) - LIMIT[0])
    assert distance.lower <= there <= distance.upper and distance.upper - distance.lower < 2**10 * TINY
    monkeypatch.setattr(converges, "MOST_STEPS", 3)
    assert isinstance(converges.measure_converges(evidence(), inputs), dict)
    assert converges.measure_converges(evidence(), inputs | {"steps": 4}) is Reason.NEEDS_PREMISES


def test_a_run_ends_where_a_step_is_not_defined() -> None:
    """From a critical point, where the gradient is 0, no step leads anywhere; where f is not defined neither."""
    still = {"start": (Fraction(0), Fraction(0)), "step": STEP, "bits": 64, "steps": 1}
    assert converges.measure_converges(evidence(), still) is Reason.PRECISION
    root = Problem(hc.Objective.parse("sqrt(x) + y**2"), Fraction(3, 2))
    beyond = still | {"start": (Fraction(-1), Fraction(1))}
    assert converges.measure_converges(evidence(root), beyond) is Reason.PRECISION
    finite = Problem(hc.Objective.parse("log(x)**0 + x**2 + y**2"), Fraction(3, 2))
    inside = beyond | {"start": (Fraction(4), Fraction(1))}
    assert isinstance(converges.measure_converges(evidence(finite), inside), dict)
    assert converges.measure_converges(evidence(finite), beyond) is Reason.PRECISION


def test_a_segment_leads_into_the_cube_of_its_exact_end_and_into_no_other() -> None:
    """From a point, and from a cube: the cube of the ends has to be inside; when the time is over nothing is shown."""
    end, radius = on_the_axis(START[0], 3), Fraction(1, 2**30)

    def leads(start: Fraction, to: Fraction, until: float = math.inf, around: Fraction = radius, n: int = 3) -> bool:
        first = Cube(START, start)
        return converges.leads(WELL, "arb", 128, Method(STEP), until, first, Cube((to, Fraction(0)), around), n)

    assert leads(Fraction(0), end) and leads(Fraction(0), end, around=TINY)
    assert not leads(Fraction(0), end + 2 * radius) and not leads(Fraction(0), end, n=2)
    assert not leads(Fraction(0), end + Fraction(1, 2**40), around=TINY)
    assert leads(Fraction(1, 2**34), end) and not leads(4 * radius, end)
    assert not leads(Fraction(1), end, around=Fraction(2))  # the cube goes over the saddle, where g is 0
    assert not leads(Fraction(0), end, until=0.0)


def test_every_segment_is_shown() -> None:
    """Of a run of two segments either may be the one that does not lead into its cube."""
    found = converges.measure_converges(replace(evidence(), clock=Clock(1000)), cubes())
    assert isinstance(found, dict)
    there = abs(on_the_axis(START[0], 5) - LIMIT[0])
    assert found["distance"].lower < there - TINY / 2 and there + TINY / 2 < found["distance"].upper
    centres = cubes()["centres"]
    for moved in range(2):
        other = [(x + (Fraction(1, 2**50) if k == moved else 0), y) for k, (x, y) in enumerate(centres)]
        assert converges.measure_converges(evidence(), cubes() | {"centres": tuple(other)}) is Reason.PRECISION


def test_the_distance_is_that_of_all_points_of_a_cube() -> None:
    """Around x* - (1, 0) with half width 1/4: from 3/4 to |(5/4, 1/4)|; around x* itself from 0."""
    for centre, low, high in ((Fraction(-1), Fraction(9, 16), Fraction(26, 16)), (Fraction(0), 0, Fraction(2, 16))):
        found = converges.arrival_of(evidence(), Method(STEP), Cube((LIMIT[0] + centre, LIMIT[1]), Fraction(1, 4)), 64)
        assert found is not None and list(found) == ["distance"]
        distance = found["distance"]
        assert low - WIDE <= distance.lower**2 <= low and high <= distance.upper**2 <= high + WIDE


def test_what_is_indeterminate_arrives_nowhere() -> None:
    """An endless ball as a coordinate; in residual form, a run without the basin that bounds the rest of its path."""
    ar = arithmetic("arb", 64)
    with ar:
        endless = ar.constant(Fraction(1)) / ar.interval(Fraction(-1), Fraction(1))
        assert converges.arrival(evidence(), Method(STEP), [endless, ar.constant(Fraction(0))], 64) is None
        assert converges.arrival(evidence(RING), Method(STEP), [ar.constant(v) for v in START], 64) is None
    found = converges.measure_converges(
        evidence(RING, (HALF, Fraction(0))),
        {"start": (Fraction(2, 5), Fraction(0)), "step": STEP, "bits": 64, "steps": 2},
    )
    assert found is Reason.PRECISION


def test_a_share_has_to_be_less_than_one() -> None:
    """In residual form it and the distance, which counts for nothing, are spoken of with their upper ends."""
    facts = Facts(RING, Witness((HALF, Fraction(0)), None, (Fraction(1),) * 2, ()))
    region = {"size": Fraction(1, 16), "step": STEP, "widths": (), "reach": Fraction(5)}
    facts.claims[BASIN.name] = Claim(BASIN.name, Status.PROVED, ".", {}, region)
    numbers = {
        "distance": Enclosure(Fraction(1, 8), Fraction(3)),
        "share": Enclosure(Fraction(1, 2), Fraction(3, 4)),
    }
    status, words = spoken(converges.conclude_converges(facts, numbers, cubes()))
    assert status is Status.PROVED and "after 5 steps" in words and "at most 3 from" in words
    assert "reaches at most 0.75" in words and "within 5 of x*" in words
    for high, proved in ((1 - TINY, True), (Fraction(1), False), (1 + TINY, False)):
        given = numbers | {"share": Enclosure(Fraction(1, 2), high)}
        assert (spoken(converges.conclude_converges(facts, given, cubes())) is Reason.START) is not proved


HEAVY = {"step": STEP, "momentum": HALF, "nesterov": 0}
RUN = {"start": START, "bits": 64, "steps": 3}


def in_motion(residual: bool) -> Facts:
    """What is proved before: a set of the radius 1/4 in the norm of the claim `momentum`."""
    region = HEAVY | {"size": Fraction(1, 4)} | ({"weights": (Fraction(1),)} if residual else {})
    known = Claim("momentum", Status.PROVED, ".", {"radius": Enclosure(TINY, TINY)}, region)
    return Facts(RING if residual else WELL, Witness(LIMIT, None, (TINY, TINY), ()), {"momentum": known})


@pytest.mark.parametrize("residual", [False, True])
def test_with_momentum_the_state_has_to_come_into_the_set_of_this_method(residual: bool) -> None:
    """The numbers add up to at most its radius, and step, momentum and method are exactly those of the set."""
    facts, quarter = in_motion(residual), Fraction(1, 4)
    parts = {"distance": quarter - TINY, "rest": TINY} if residual else {"state": quarter}
    numbers = {name: Enclosure(Fraction(0), part) for name, part in parts.items()}
    status, words = spoken(converges.conclude_converges(facts, numbers, HEAVY | RUN))
    assert status is Status.PROVED and "momentum (heavy ball) 1/2" in words and "after 3 steps" in words
    further = {name: Enclosure(Fraction(0), part + TINY) for name, part in parts.items()}
    assert converges.conclude_converges(facts, further, HEAVY | RUN) is Reason.START
    for other in ({"step": STEP / 2}, {"step": 2 * STEP}, {"momentum": quarter}, {"nesterov": 1}):
        assert converges.conclude_converges(facts, numbers, HEAVY | RUN | other) is Reason.START
    alone = {"step": STEP} | RUN
    assert converges.conclude_converges(facts, numbers, alone) is Reason.NEEDS_PREMISES
    open_ = Facts(facts.problem, facts.witness, {"momentum": Claim("momentum", Status.UNDECIDED, ".")})
    assert converges.conclude_converges(open_, numbers, HEAVY | RUN) is Reason.NEEDS_PREMISES


@pytest.mark.parametrize("problem", [WELL, RING])
def test_with_momentum_nothing_arrives_where_no_set_is_known(problem: Problem) -> None:
    """Neither without the claim `momentum`, nor of a method that is none."""
    for change in ({}, {"momentum": Fraction(1)}, {"momentum": -HALF}, {"nesterov": 2}, {"step": Fraction(0)}):
        found = converges.measure_converges(evidence(problem), HEAVY | RUN | change)
        assert found is (Reason.NEEDS_PREMISES if change else Reason.PRECISION)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("moving", [False, True])
def test_what_is_measured_of_an_end_depends_on_form_and_method(
    residual: bool, moving: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The distance but of states to an isolated point; of these the state, and on manifolds the rest or the share."""
    one, two = (Enclosure(Fraction(n), Fraction(n)) for n in (1, 2))
    monkeypatch.setattr(converges.momentum, "measure_arrival", lambda evidence, x, v, ar: one if len(x + v) == 4 else 0)
    monkeypatch.setattr(manifold.basin, "measure_arrival", lambda evidence, x, ar: two)
    method = Method(STEP, HALF) if moving else Method(STEP)
    with arithmetic("arb", 64) as ar:
        state = [ar.constant(v) for v in method.at_rest(START)]
        found = converges.arrival(evidence(RING if residual else WELL), method, state, 64)
    assert found is not None
    distance = found.pop("distance", None)
    assert (distance is None) is (moving and not residual)
    assert found == ({"rest" if residual else "state": one} if moving else {"share": two} if residual else {})


def test_every_part_of_a_run_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Step by step and in segments; where the end is not known of the last cube nothing is."""
    told: list[tuple[object, ...]] = []
    monkeypatch.setattr(converges, "look", lambda *given: told.append(given))
    inputs = {"start": START, "step": STEP, "bits": 64, "steps": 3}
    assert isinstance(converges.measure_converges(evidence(), inputs), dict) and told == [()] * 3
    told.clear()
    three = cubes(ends=(1, 2, 5))
    assert converges.steps_of(three) == 5 and converges.steps_of(inputs) == 3
    assert isinstance(converges.measure_converges(evidence(), three), dict)
    assert told == [("steps of a run", n, 5) for n in (1, 2, 5)]
    monkeypatch.setattr(converges, "arrival_of", lambda *_: None)
    assert converges.measure_converges(evidence(), three) is Reason.PRECISION


@pytest.mark.parametrize("step", [STEP / 2, STEP])
def test_a_run_with_a_smaller_step_comes_into_the_basin_of_a_larger_one(step: Fraction) -> None:
    """Of a basin for all steps up to its own; without momentum the sentence names none."""
    facts = Facts(WELL, Witness(LIMIT, None, (TINY, TINY), ()))
    facts.claims[BASIN.name] = Claim(BASIN.name, Status.PROVED, ".", {"radius": Enclosure(HALF, HALF)}, {"step": STEP})
    numbers = {"distance": Enclosure(Fraction(0), HALF)}
    status, sentence = converges.conclude_converges(facts, numbers, RUN | {"step": step})
    assert status is Status.PROVED and sentence.about == (WELL.law, START, step, 3, HALF, None, HALF)
