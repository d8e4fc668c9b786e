"""Claims about common fixed points of mini-batches: what is measured at the closed form, and what numbers show."""

from __future__ import annotations

from fractions import Fraction

import pytest
import two_squares as known

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.batches.claims import (
    HALLUCINATED_MINIMIZER,
    NONSTATIONARY,
    REGULAR,
    TARGET,
    conclude_minimizer,
    measure_norms,
)
from hallucert.check.batches.problem import batch_problem
from hallucert.check.claim import Claim, Enclosure, Status
from hallucert.check.point.rule import Evidence, Facts, Witness
from hallucert.check.problem import Problem
from hallucert.check.reason import Reason

WITNESS = Witness((known.HALF,) * 2, None, (Fraction(1),) * 2, ())
NORMS = {"gradient_norm": (1, 2), "batch_gradient_norm": ("1/2", "3/4"), "value": ("1/4", "1/3")}


def enclosures(numbers: dict) -> dict:
    """Numbers as a file has them."""
    return {name: Enclosure(Fraction(low), Fraction(high)) for name, (low, high) in numbers.items()}


def test_norms_and_value_are_those_of_the_closed_form():
    """|g| = |(3/4, 3)|, the smallest of 3/2 and 6, and f = (9/16 + 9/4)/2."""
    with arithmetic("arb", 106) as ar:
        found = measure_norms(known.evidence(ar), {})
    assert known.encloses(found["gradient_norm"], 1.5 * (0.25 + 4) ** 0.5)
    assert known.encloses(found["batch_gradient_norm"], 1.5) and known.encloses(found["value"], 45 / 32)
    assert set(found) == {"gradient_norm", "batch_gradient_norm", "value"}


@pytest.mark.parametrize(
    ("residuals", "reason"),
    [
        (["x", "y"], Reason.ZERO_GRADIENT),  # that of each batch
        (["x + 1", "y"], Reason.ZERO_GRADIENT),  # that of the second
        (["1 + x", "1 - x"], Reason.ZERO_GRADIENT),  # their sum
        (["1 + x", "1 + y"], None),
    ],
)
def test_norms_that_may_be_0_are_not_measured(residuals, reason):
    """At 0, of a batch alone, and of batches that cancel."""
    made = batch_problem(
        Problem(hc.Objective.least_squares(residuals, variables=["x", "y"]), Fraction(1)), known.problem().batches
    )
    with arithmetic("arb", 106) as ar:
        found = measure_norms(Evidence(made.at(ar, [ar.constant(Fraction(0))] * 2)), {})
    assert found is reason if reason else isinstance(found, dict)


@pytest.mark.parametrize(
    ("rule", "numbers", "shown"),
    [
        (NONSTATIONARY, NORMS, "|grad f_b(x*)| >= 0.5 for every batch b, and |grad f(x*)| >= 1:"),
        (NONSTATIONARY, NORMS | {"gradient_norm": (0, 2)}, None),
        (NONSTATIONARY, NORMS | {"batch_gradient_norm": (0, 2)}, None),
        (NONSTATIONARY, NORMS | {"gradient_norm": (-1, 2)}, None),
        (NONSTATIONARY, NORMS | {"batch_gradient_norm": (-1, 2)}, None),
        (REGULAR, {"smallest_singular_value": ("1/2", 1)}, "(smallest singular value >= 0.5), so near"),
        (REGULAR, {"smallest_singular_value": (0, 1)}, None),
        (REGULAR, {"smallest_singular_value": (-1, 1)}, None),
        (TARGET, {}, "is a global minimizer of f_b"),
    ],
)
def test_numbers_show_what_they_show(rule, numbers, shown):
    """At 0 and below it nothing is stated; above it, the lower end."""
    found = rule.conclude(Facts(known.problem(), WITNESS), enclosures(numbers), {})
    if shown is None:
        assert isinstance(found, Reason)
    else:
        assert found[0] is Status.PROVED and shown in str(found[1])


def test_the_manifold_has_the_dimension_that_is_left():
    """Three variables, two residuals: a curve."""
    f = hc.Objective.least_squares(["x**2 - 1 + z", "y**2 - 1"])
    facts = Facts(batch_problem(Problem(f, Fraction(1)), known.problem().batches), WITNESS)
    found = REGULAR.conclude(facts, enclosures({"smallest_singular_value": (1, 2)}), {})
    assert "form a manifold of dimension 1." in str(found[1])


PREMISES = ("existence", "nonstationary", "target")


def of_premises(value: tuple, **statuses: Status):
    """What follows from premises with these statuses, by default all proved, and a value of f."""
    claims = {
        name: Claim(name, statuses.get(name, Status.PROVED), "", enclosures({"value": value})) for name in PREMISES
    }
    return conclude_minimizer(Facts(known.problem(), WITNESS, claims), {}, {})


def test_a_hallucinated_minimizer_has_all_premises_and_a_positive_value():
    """Without one of the three, or with a value that may be 0, there is none."""
    status, said = of_premises(("1/4", "1/3"))
    assert status is Status.PROVED and "f(x*) is between 0.25 and 0.333334" in str(said) and "rho = 3/2" in str(said)
    assert of_premises((0, 1)) is Reason.STRADDLES and of_premises((-1, 1)) is Reason.STRADDLES
    for name in PREMISES:
        for other in (Status.UNDECIDED, Status.REFUTED):
            assert of_premises((1, 2), **{name: other}) is Reason.NEEDS_PREMISES
    assert conclude_minimizer(Facts(known.problem(), WITNESS), {}, {}) is Reason.NEEDS_PREMISES
    assert HALLUCINATED_MINIMIZER.measure(None, {}) == TARGET.measure(None, {}) == {}
