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
