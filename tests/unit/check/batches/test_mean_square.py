"""Claims about attraction of mini-batches: what is measured for them, against a closed form, and what numbers show."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import two_squares as known

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.batches import attractor, mean_square, reshuffled
from hallucert.check.claim import Claim, Enclosure, Status
from hallucert.check.point.rule import Facts
from hallucert.check.reason import Reason

BALL = {"step": Fraction(1), "basis": (), "size": Fraction(1), "bound": Fraction(1, 2), "slope": Fraction(1)}
GOOD = {"contraction": (0.1, 0.2), "leaving": (1, 2), "path": (1, 2), "radius": (0.1, 0.2)}


@pytest.fixture(scope="module")
def facts() -> Facts:
    """A point with no claims."""
    f = hc.Objective.least_squares(["x**2 - 1", "y**2 - 1"])
    cert = hc.certify(f, (-0.5, -0.5), "1.5", batches=1, precisions=[53])
    return Facts(cert.problem, cert.witness)


def enclosures(numbers: dict) -> dict:
    """Numbers as a file has them."""
    return {name: Enclosure(Fraction(low), Fraction(high)) for name, (low, high) in numbers.items()}


@pytest.mark.parametrize(
    ("rule", "numbers", "inputs", "shown"),
    [
        (mean_square, GOOD, BALL, "proved"),
        (mean_square, GOOD | {"radius": (-0.1, 0.2)}, BALL, None),
        (mean_square, GOOD, BALL | {"bound": Fraction(1)}, None),
        (mean_square, GOOD, BALL | {"bound": Fraction(0)}, None),
        (mean_square, GOOD, BALL | {"size": Fraction(0)}, None),
        (mean_square, {"contraction": (0.1, 0.2)}, BALL, None),
        (mean_square, {"expansion": (1.5, 2)}, {"step": Fraction(1), "basis": ()}, "refuted"),
        (mean_square, {"expansion": (1, 2)}, {"step": Fraction(1), "basis": ()}, None),
        (mean_square, {"expansion": (0.5, 2)}, {"step": Fraction(1), "basis": ()}, None),
        (mean_square, GOOD | {"expansion": (1.5, 2)}, {"step": Fraction(1), "basis": ()}, None),
        (mean_square, {}, {"step": Fraction(1)}, None),  # the claim attractor is not there
        (mean_square, GOOD | {"leaving": (-2, -1)}, BALL, None),
        (mean_square, GOOD | {"leaving": (-1, 0)}, BALL, "proved"),
        (mean_square, GOOD | {"radius": (0, 0.2)}, BALL, None),
        (reshuffled, GOOD, BALL, "proved"),
        (reshuffled, GOOD | {"radius": (0, 0.2)}, BALL, None),
        (reshuffled, GOOD, BALL | {"bound": Fraction(1)}, None),
        (reshuffled, GOOD, BALL | {"size": Fraction(0)}, None),
        (attractor, {"smallest_real_part": (1, 2)}, {}, "proved"),
        (attractor, {"smallest_real_part": (-2, -1)}, {}, "refuted"),
        (attractor, {"smallest_real_part": (-1, 1)}, {}, None),
        (attractor, {"smallest_real_part": (-1, 0)}, {}, None),
        (attractor, {"smallest_real_part": (-1, 0.5)}, {}, None),
        (attractor, {"smallest_real_part": (0, 1)}, {}, None),
        (attractor, {"smallest_real_part": (1, 2)}, {"step": Fraction(1), "basis": ()}, None),
        (attractor, {"smallest_real_part": (1, 2), "contraction": (0.5, 1)}, {"step": Fraction(1), "basis": ()}, None),
        (
            attractor,
            {"smallest_real_part": (1, 2), "contraction": (0.5, 0.9)},
            {"step": Fraction(1), "basis": ()},
            "proved",
        ),
        (
            attractor,
            {"smallest_real_part": (-2, -1), "contraction": (0.5, 0.9)},
            {"step": Fraction(1), "basis": ()},
            None,
        ),
    ],
)
def test_numbers_show_what_they_show(facts, rule, numbers, inputs, shown):
    """At a threshold, beyond it, and with numbers that are not those of the claim, nothing is stated."""
    found = rule.RULE.conclude(facts, enclosures(numbers), inputs)
    assert isinstance(found, Reason) if shown is None else str(found[0]) == shown


def test_sentences_name_the_ends_that_are_certain(facts):
    """Of what is above something the lower end of its enclosure, of what is below the upper one."""
    at_point, numbers = {"step": Fraction(7), "basis": ()}, {"contraction": (0.5, 0.75)}
    for rule, found, inputs, end in (
        (attractor, {"smallest_real_part": (1, 2)}, {}, 1),
        (attractor, {"smallest_real_part": (1, 2), **numbers}, at_point, 1),
        (attractor, {"smallest_real_part": (-2, -1)}, {}, -1),
        (mean_square, {"expansion": (1.5, 2)}, at_point, Fraction(3, 2)),
    ):
        assert end in rule.RULE.conclude(facts, enclosures(found), inputs)[1].about


@pytest.mark.parametrize(("step", "shown"), [("1/100", True), (0, False), ("-1/100", False)])
@pytest.mark.parametrize("status", list(Status))
def test_where_every_step_is_unstable_a_positive_one_is(facts, step, status, shown):
    """A refuted attractor says nothing of steps that are not positive, and another one nothing at all."""
    there = Facts(facts.problem, facts.witness, {"attractor": Claim("attractor", status, "")})
    found = mean_square.RULE.conclude(there, {}, {"step": Fraction(step)})
    assert found[0] is Status.REFUTED if shown and status is Status.REFUTED else isinstance(found, Reason)
    assert isinstance(mean_square.RULE.conclude(there, enclosures(GOOD), {"step": Fraction(step)}), Reason)


# ---------------------------------------------------------------------- what is measured

SUM = sum(float(p) * t.T @ t for p, t in zip(known.P, known.TURNED, strict=True))
GAMMA = np.linalg.norm(SUM, 2) ** 0.5
EPOCH = max(np.linalg.norm(a @ b, 2) for a, b in (known.TURNED, known.TURNED[::-1]))
WAY = max(known.DESCENTS[a] + known.DESCENTS[b] * np.linalg.norm(known.TURNED[a], 2) for a, b in ((0, 1), (1, 0)))


def exactly(value: float) -> Fraction:
    """A double as the number it is."""
    return Fraction(float(value))


def edges(rule):
    """For each bound: the number at the point, and how much more it is on the ball, to first order."""
    slope = known.SLOPE, known.OF_SLOPE
    if rule is mean_square:
        p = [float(q) for q in known.P]
        descent = (np.dot(p, known.DESCENTS), np.dot(p, known.OF_DESCENTS))
        return {"bound": (GAMMA, None), "descent": descent, "slope": slope}
    return {"bound": (EPOCH, None), "descent": (WAY, None), "slope": slope}


def inputs_of(rule, more: float = 1e-4) -> dict:
    """Inputs that bound all, by so much more than they have to."""
    bounds = {name: exactly(value * (1 + more)) for name, (value, _) in edges(rule).items()}
    return known.AT_POINT | {"size": known.SIZE} | bounds


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
@pytest.mark.parametrize("rule", [mean_square, reshuffled])
def test_numbers_on_a_ball_are_those_of_the_theorem(rule, backend):
    """The factor at the point, path, radius and c from the inputs and the norm of V^-1, at 50 digits."""
    inputs = inputs_of(rule)
    with arithmetic(backend, 106) as ar:
        found = rule.measure(known.evidence(ar), inputs)
    way = inputs["step"] * inputs["descent"] / (1 - inputs["bound"])
    assert known.encloses(found["contraction"], GAMMA if rule is mean_square else EPOCH)
    double = 2 if rule is mean_square else 1
    radius = known.SIZE / (1 + double * way * inputs["slope"])
    expected = {"radius": radius} | ({"leaving": way * inputs["slope"]} if rule is mean_square else {})
    assert set(found) == {"contraction", "path", *expected}
    for name, value in expected.items():
        assert found[name].lower <= value <= found[name].upper
        assert found[name].upper - found[name].lower < value / 2**90
    with mpmath.workdps(50):  # the largest eigenvalue of V^-1 V^-T, of trace 81/16 and determinant 4
        norm = mpmath.sqrt((mpmath.mpf(81) / 16 + mpmath.sqrt((mpmath.mpf(81) / 16) ** 2 - 16)) / 2)
        path = norm * way.numerator / way.denominator
        low, high = (mpmath.mpf(end.numerator) / end.denominator for end in (found["path"].lower, found["path"].upper))
        assert low < path < high and high - low < path / 2**50


@pytest.mark.parametrize(
    ("rule", "name"),
    [(rule, name) for rule in (mean_square, reshuffled) for name in ("bound", "descent", "slope")],
)
def test_bounds_that_hold_at_the_point_and_not_on_the_ball_are_refused(rule, name):
    """Between the two, and below both, nothing is shown; a little above it is."""
    inputs, (at_point, _) = inputs_of(rule), edges(rule)[name]
    with arithmetic("arb", 106) as ar:
        evidence = known.evidence(ar)
        for part, shown in ((-1e-3, False), (1e-9, False), (1e-4, True)):
            found = rule.measure(evidence, inputs | {name: exactly(at_point * (1 + part))})
            assert isinstance(found, Reason) != shown


@pytest.mark.parametrize("name", ["descent", "slope"])
def test_bounds_on_the_ball_are_those_of_its_derivatives(name):
    """In mean square they are refused just below what the derivatives add, and taken just above."""
    at_point, more = edges(mean_square)[name]
    with arithmetic("arb", 106) as ar:
        for part, shown in ((0.99, False), (1.01, True)):
            inputs = inputs_of(mean_square) | {name: exactly(at_point + part * more)}
            assert isinstance(mean_square.measure(known.evidence(ar), inputs), Reason) != shown


@pytest.mark.parametrize("rule", [mean_square, reshuffled])
@pytest.mark.parametrize(
    "change",
    [
        {"bound": Fraction(1)},
        {"bound": Fraction(0)},
        {"bound": Fraction(3, 2)},
        {"size": Fraction(0)},
        {"size": -known.SIZE},
        {"size": Fraction(1)},  # a gradient vanishes
        {"step": Fraction(0)},
        {"step": -known.STEP},
        {"basis": ()},
        {"descent": Fraction(0)},
        {"descent": Fraction(-100)},
        {"slope": Fraction(0)},
        {"slope": Fraction(-100)},
        {"slope": Fraction(2) ** 70_000, "descent": Fraction(2) ** 70_000},
    ],
)
def test_what_is_no_ball_and_no_bound_shows_nothing(rule, change):
    """Signs, zeros and ends of the ranges in which the theorems are stated."""
    with arithmetic("arb", 106) as ar:
        assert isinstance(rule.measure(known.evidence(ar), inputs_of(rule) | change), Reason)


def test_without_a_ball_the_expansion_at_the_point_is_measured():
    """The root of the smallest eigenvalue of the sum; without a basis nothing is."""
    with arithmetic("arb", 106) as ar:
        found = mean_square.measure(known.evidence(ar), dict(known.AT_POINT))
        assert set(found) == {"expansion"} and known.encloses(found["expansion"], np.linalg.eigvalsh(SUM)[0] ** 0.5)
        assert mean_square.measure(known.evidence(ar), {"step": known.STEP}) == {}
        vague = known.evidence(ar, Fraction(1))
        assert mean_square.measure(vague, dict(known.AT_POINT)) is Reason.PRECISION
        assert mean_square.measure(vague, inputs_of(mean_square)) is Reason.PRECISION
        assert reshuffled.measure(vague, inputs_of(reshuffled)) is Reason.PRECISION


def test_the_mean_kernel_has_probabilities_and_sizes_of_batches_in_its_columns():
    """diag(8/4, 32 * 3/4), and with a step its factor; nothing where the point is vague, or the basis is none."""
    with arithmetic("arb", 106) as ar:
        evidence = known.evidence(ar)
        kernel = attractor.mean_kernel(evidence.point)
        assert [[float(ar.midpoint(ball)) for ball in row] for row in kernel] == [[2, 0], [0, 24]]
        found = attractor.measure(evidence, {})
        assert set(found) == {"smallest_real_part"} and known.encloses(found["smallest_real_part"], 2)
        found = attractor.measure(evidence, dict(known.AT_POINT))
        assert set(found) == {"smallest_real_part", "contraction"} and known.encloses(found["contraction"], GAMMA)
        for change in ({"step": Fraction(0)}, {"step": -known.STEP}, {"basis": ()}):
            assert attractor.measure(evidence, known.AT_POINT | change) is Reason.PRECISION
        assert attractor.measure(known.evidence(ar, Fraction(1)), {}) is Reason.PRECISION
