"""What follows from numbers about two-cycles: thresholds, premises, and inputs that make no sense."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.claim import Enclosure, Status
from hallucert.check.cycle import around, basin, claims
from hallucert.check.cycle.problem import CycleProblem
from hallucert.check.point.rule import Evidence, Facts
from hallucert.check.reason import Reason

CERT = hc.load(Path(__file__).parents[4] / "docs" / "certificates" / "himmelblau-two-cycle.json")
TINY = Fraction(1, 2**60)


def facts_of(*names: str) -> Facts:
    """What is claimed before."""
    return Facts(CERT.problem, CERT.witness, {name: CERT[name] for name in names})


@pytest.mark.parametrize(
    ("largest", "status"),
    [((1 - 2 * TINY, 1 - TINY), Status.PROVED), ((1 + TINY, 1 + 2 * TINY), Status.REFUTED)],
)
def test_the_largest_multiplier_is_compared_with_one(largest, status) -> None:
    """By a hair below it attracts, by a hair above it repels, and an enclosure that touches 1 decides nothing."""
    known = facts_of("existence")
    assert claims.conclude_attractor(known, {"largest_multiplier": Enclosure(*largest)}, {})[0] is status
    for touching in ((largest[0], Fraction(1)), (Fraction(1), largest[1])):
        ends = Enclosure(min(touching), max(touching))
        assert claims.conclude_attractor(known, {"largest_multiplier": ends}, {}) is Reason.STRADDLES


@pytest.mark.parametrize("rule", [claims.NONSTATIONARY, claims.ATTRACTOR, around.RULE, basin.RULE])
def test_every_claim_needs_the_cycle(rule) -> None:
    """With true numbers, but without a proved existence, nothing is concluded."""
    claim = CERT[rule.name]
    assert rule.state(facts_of("existence"), claim.numbers, claim.inputs) == claim
    assert rule.state(facts_of(), claim.numbers, claim.inputs) is Reason.NEEDS_PREMISES


def test_numbers_at_their_thresholds_decide_nothing() -> None:
    """A distance, a gradient, an eigenvalue or a radius that may be 0, and a bound of 1."""
    known, zero = facts_of("existence"), Enclosure(Fraction(0), Fraction(1))
    for rule, numbers, reason in (
        (claims.EXISTENCE, {"distance": zero}, Reason.NO_CYCLE),
        (claims.NONSTATIONARY, {"gradient_norm": zero}, Reason.ZERO_GRADIENT),
        (around.RULE, {"smallest_hessian_eigenvalue": zero}, Reason.NO_MINIMIZER),
        (basin.RULE, {"radius": zero}, Reason.STEP),
    ):
        claim = CERT[rule.name]
        assert rule.conclude(known, {**claim.numbers, **numbers}, claim.inputs) is reason
    claim = CERT["basin"]
    assert basin.conclude(known, claim.numbers, {**claim.inputs, "bound": Fraction(1)}) is Reason.STEP


def test_a_pair_is_one_of_a_step() -> None:
    """How much the gradients ahead are at least depends on it: half of the step, twice the bound."""
    known = facts_of("existence")
    other = replace(known, problem=CycleProblem(CERT.objective, CERT.rho, step=CERT.problem.step / 2))
    about = [claims.conclude_nonstationary(each, CERT["nonstationary"].numbers, {})[1].about for each in (known, other)]
    assert about[1][1] == 2 * about[0][1] > 0


@pytest.mark.parametrize(
    "change",
    [
        {"bases": CERT["basin"].inputs["bases"][:1]},
        {"bases": (CERT["basin"].inputs["bases"][0], ())},
        {"bases": (CERT["basin"].inputs["bases"][0], (Fraction(0),) * 4)},
        {"sizes": (Fraction(1, 2**8), Fraction(0))},
        {"sizes": (Fraction(-1, 2**8), Fraction(1, 2**8))},
    ],
)
def test_basins_without_sense_are_not_measured(change) -> None:
    """Bases that are missing, short or singular, and sets that are points or less."""
    with arithmetic("arb", 106) as ar:
        point = CERT.problem.at(ar, [ar.interval(low, high) for low, high in CERT.box])
        evidence = Evidence(point, CERT.witness.centre, 1000)
        found = basin.measure(evidence, {**CERT["basin"].inputs, **change})
    assert isinstance(found, Reason)


@pytest.mark.parametrize("change", [{"centre": (Fraction(3),)}, *({"half_width": Fraction(h)} for h in (0, -1))])
def test_boxes_without_sense_hold_no_minimizer(change) -> None:
    """A centre of another dimension, and a box that is empty or a point."""
    with arithmetic("arb", 106) as ar:
        point = CERT.problem.at(ar, [ar.interval(low, high) for low, high in CERT.box])
        found = around.measure(Evidence(point), {**CERT["around"].inputs, **change})
    assert found is Reason.NEEDS_PREMISES


def test_a_box_beside_the_middle_is_not_the_one() -> None:
    """The minimizer (3, 2) is alone in the box of half width 1/1024 around it, but the middle is not in that."""
    with arithmetic("arb", 106) as ar:
        point = CERT.problem.at(ar, [ar.interval(low, high) for low, high in CERT.box])
        for half_width, shown in ((Fraction(1, 1024), False), (Fraction(1, 8), True)):
            inputs = {"centre": (Fraction(3), Fraction(2)), "half_width": half_width}
            found = around.measure(Evidence(point), inputs)
            assert (found is Reason.NO_MINIMIZER) is not shown


def test_norms_are_those_of_two_steps_and_balls_the_smaller() -> None:
    """Against floats: ``|V^-1 DS DS V|`` at p and at q, the step that is made first on the right, and both radii."""
    f, inputs = CERT.objective, CERT["basin"].inputs
    first, second = (np.eye(2) - 0.01 * hc.sam.sam_matrix(f, x, "0.1") for x in CERT.points)
    norms, radii = [], []
    for product, flat, size in zip((second @ first, first @ second), inputs["bases"], inputs["sizes"], strict=True):
        v = np.array(flat, float).reshape(2, 2)
        norms.append(np.linalg.norm(np.linalg.solve(v, product @ v), 2))
        radii.append(float(size) * np.linalg.svd(v, compute_uv=False)[-1])
    with arithmetic("arb", 106) as ar:
        point = CERT.problem.at(ar, [ar.interval(low, high) for low, high in CERT.box])
        evidence = Evidence(point, CERT.witness.centre, 1000)
        both = [each.at_point() for each in basin.contractions_of(evidence, inputs["bases"])]
        found = basin.measure(evidence, inputs)
    assert [float(each.upper) for each in both] == pytest.approx(norms, rel=1e-9)
    assert float(found["contraction"].upper) == pytest.approx(max(norms), rel=1e-9)
    assert float(found["radius"].upper) == pytest.approx(min(radii), rel=1e-9) and max(radii) > 1.01 * min(radii)


def pair_of(ar, points, radius=Fraction(0), problem=CERT.problem) -> Evidence:
    """Boxes around two points, as if they were proved to be a cycle."""
    x = [Fraction(v) for point in points for v in point]
    return Evidence(problem.at(ar, [ar.interval(v - radius, v + radius) for v in x]), tuple(x))


def test_what_is_measured_of_the_cycle_is_what_floats_say() -> None:
    """Distance, the smaller gradient, the largest multiplier, at the certified pair and at one that is no cycle."""
    f = CERT.objective
    with arithmetic("arb", 106) as ar:
        for p, q in (CERT.points, np.array([[0.5, -1.0], [0.25, 3.0]])):
            evidence = pair_of(ar, (p, q))
            norm = claims.measure_norms(evidence, {})["gradient_norm"]
            assert float(norm.upper) == pytest.approx(min(np.linalg.norm(f.gradient(x)) for x in (p, q)), rel=1e-9)
            first, second = (np.eye(2) - 0.01 * hc.sam.sam_matrix(f, x, "0.1") for x in (p, q))
            largest = max(abs(np.linalg.eigvals(second @ first)))
            found = claims.measure_multipliers(evidence, {})["largest_multiplier"]
            assert float(found.lower) == pytest.approx(largest, rel=1e-9)
            assert found.lower <= found.upper < found.lower * (1 + TINY)
        box = Evidence(CERT.problem.at(ar, [ar.interval(*ends) for ends in CERT.box]), CERT.witness.centre)
        found = claims.measure_existence(box, {})
        assert set(found) == {"offset", "distance"}
        assert float(found["distance"].upper) == pytest.approx(np.linalg.norm(np.subtract(*CERT.points)), rel=1e-9)


def test_a_pair_with_a_critical_point_has_no_norm_and_no_multiplier() -> None:
    """At (3, 2) the gradient of Himmelblau's function is 0, so SAM has no step."""
    with arithmetic("arb", 106) as ar:
        evidence = pair_of(ar, ((3, 2), (1, 1)))
        assert claims.measure_norms(evidence, {}) is Reason.ZERO_GRADIENT
        assert claims.measure_multipliers(evidence, {}) is Reason.PRECISION


def test_sentences_have_the_ends_that_hold() -> None:
    """Lower ends of what is at least so large, upper ends of what is at most; numbers between 0 and 1 suffice."""
    known, half = facts_of("existence"), Enclosure(Fraction(1, 2), Fraction(3, 4))
    assert claims.conclude_existence(known, {}, {})[0] is Status.REFUTED  # no number: there is none in the box
    about = claims.conclude_existence(known, {"offset": half, "distance": half}, {})[1].about
    assert about[-2:] == (Fraction(3, 4), Fraction(1, 2))
    apart = replace(CERT["existence"], numbers={"distance": half})
    known.claims["existence"] = apart
    about = claims.conclude_nonstationary(known, {"gradient_norm": half}, {})[1].about
    assert about == (Fraction(1, 2), Fraction(1, 2) / CERT.problem.step)
    assert claims.conclude_attractor(known, {"largest_multiplier": half}, {})[1].about == (Fraction(3, 4),)
    above = Enclosure(Fraction(3, 2), Fraction(2))
    assert claims.conclude_attractor(known, {"largest_multiplier": above}, {})[1].about == (Fraction(3, 2),)
    numbers = {"smallest_hessian_eigenvalue": half, "distance": half}
    about = around.conclude(known, numbers, {"half_width": Fraction(5)})[1].about
    assert about == (Fraction(5), Fraction(1, 2), Fraction(3, 4))


def test_of_two_sets_the_worse_counts(monkeypatch) -> None:
    """The larger contraction and the smaller radius, end by end; what is not shown of one is not shown."""
    each = [
        {"contraction": Enclosure(Fraction(1, 4), Fraction(1, 2)), "radius": Enclosure(Fraction(3), Fraction(4))},
        {"contraction": Enclosure(Fraction(1, 8), Fraction(3, 4)), "radius": Enclosure(Fraction(2), Fraction(5))},
    ]
    with arithmetic("arb", 106) as ar:
        evidence = pair_of(ar, CERT.points)
        for order in (each, each[::-1]):
            given = iter(order)
            monkeypatch.setattr(basin, "measure_set", lambda *_, given=given: next(given))
            found = basin.measure(evidence, CERT["basin"].inputs)
            assert found["contraction"] == Enclosure(Fraction(1, 4), Fraction(3, 4))
            assert found["radius"] == Enclosure(Fraction(2), Fraction(4))
        for order in ([Reason.STEP, each[0]], [each[0], Reason.STEP]):
            given = iter(order)
            monkeypatch.setattr(basin, "measure_set", lambda *_, given=given: next(given))
            assert basin.measure(evidence, CERT["basin"].inputs) is Reason.STEP
        three = {**CERT["basin"].inputs, "sizes": (*CERT["basin"].inputs["sizes"], Fraction(1))}
        assert basin.measure(evidence, three) is Reason.NEEDS_PREMISES


def test_two_steps_from_a_critical_point_have_no_norm() -> None:
    """Where the first step, or only the second, is not defined there is no derivative in coordinates."""
    bases = CERT["basin"].inputs["bases"]
    with arithmetic("arb", 106) as ar:
        good, bad = (basin.contractions_of(pair_of(ar, pair), bases)[0] for pair in (CERT.points, ((3, 2), (1, 1))))
        here, there = good.evidence.point, bad.evidence.point
        assert good.turned(here) is not None and good.turned(there) is None
        here.after = there  # the first step is defined, the second is not
        assert good.turned(here) is None


def test_the_minimizer_is_that_of_the_box() -> None:
    """Himmelblau's (3, 2), exactly: the distance of the farther of two boxes from it, the smaller eigenvalue there."""
    radius, inputs = Fraction(1, 64), {"centre": (Fraction(3), Fraction(2)), "half_width": Fraction(1, 8)}
    least = np.linalg.eigvalsh(CERT.objective.hessian((3, 2)))[0]
    for pair in (((3.25, 2), (2.875, 2)), ((2.875, 2), (3.25, 2))):
        with arithmetic("arb", 106) as ar:
            found = around.measure(pair_of(ar, pair, radius), inputs)
        assert float(found["smallest_hessian_eigenvalue"].lower) == pytest.approx(least, rel=1e-9)
        low, high = 0.25 - 1 / 64, np.hypot(0.25 + 1 / 64, 1 / 64)
        assert float(found["distance"].lower) == pytest.approx(low, rel=1e-6)
        assert float(found["distance"].upper) == pytest.approx(high, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "reach", "found"),
    [
        ("x**2 + y**2", 2, True),
        ("log(x + 1)**0 + x**2 + y**2", 2, False),  # not defined at the left of the box
        ("log(1 - x)**0 + x**2 + y**2", 2, False),  # nor at the right
        ("log(x + 1)**0 + x**2 + y**2", "1/2", True),
        ("x**4 + y**2", 1, False),  # a singular Hessian
        ("(x**2 - 1)**2 + y**2", 2, False),  # three critical points
        ("(x - 3)**2 + y**2", 1, False),  # none
    ],
)
def test_a_box_has_one_critical_point_where_the_function_is_defined(text, reach, found) -> None:
    """Exactly one, at 0; none is named where there may be others, or none, or where f is not defined."""
    with arithmetic("arb", 106) as ar:
        c = around.critical_point(ar, hc.Objective.parse(text), (Fraction(0), Fraction(0)), Fraction(reach))
        assert (c is not None) is found
        assert c is None or all(ar.within(v, -TINY, TINY) for v in c)


def test_no_minimizer_where_the_hessian_is_not_known() -> None:
    """The middle is in the box, but in the box is no critical point, or more than one."""
    with arithmetic("arb", 106) as ar:
        for centre, reach in (((1, 1), Fraction(1, 8)), ((0, 0), Fraction(4))):
            pair = ((centre[0] - 0.0625, centre[1]), (centre[0] + 0.0625, centre[1]))
            inputs = {"centre": tuple(map(Fraction, centre)), "half_width": reach}
            assert around.measure(pair_of(ar, pair), inputs) is Reason.NO_MINIMIZER
