"""Claim: a set is no basin where the step does not contract, whatever boxes a file says that it is cut into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.attraction.basin import measure_basin
from hallucert.check.point import existence
from hallucert.check.point.rule import Evidence
from hallucert.check.reason import Reason


@pytest.fixture(scope="module")
def point() -> hc.Certificate:
    """A hallucinated minimizer at (-1/2, 0), between 0 and -1, where the gradient is 0 or at right angles to x."""
    return hc.certify(hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 2"), (-0.5, 0), "1.5", basin="0.1")


@pytest.fixture(params=["arb", "mpmath"])
def evidence(request: pytest.FixtureRequest, point: hc.Certificate) -> Iterator[Evidence]:
    """What is known of the point."""
    with arithmetic(request.param, 106) as ar:
        yield Evidence(existence.relocate(ar, point.problem, point.witness), max_boxes=1000)


def test_a_set_of_any_size_but_its_own_is_measured_again(point: hc.Certificate, evidence: Evidence) -> None:
    """Twice as large it holds x = -0.7, where ``1 - 0.1 (3 (x + 1.5)^2 - 1)`` is 0.908."""
    inputs = point["basin"].inputs
    assert not isinstance(measure_basin(evidence, inputs), Reason)
    assert 2 * inputs["size"] > Fraction(1, 5) and inputs["bound"] < Fraction(908, 1000)
    for factor in (2, 10, 1000, 0, -1):
        assert isinstance(measure_basin(evidence, {**inputs, "size": factor * inputs["size"]}), Reason)
    for step in (0, Fraction(-1, 10), 1000):
        assert isinstance(measure_basin(evidence, {**inputs, "step": Fraction(step)}), Reason)


def test_what_lacks_a_subdivision_is_no_set(point: hc.Certificate, evidence: Evidence) -> None:
    """Without it, nor weights, it is not said what is measured; and without boxes to spend nothing is."""
    inputs = {name: value for name, value in point["basin"].inputs.items() if name != "subdivision"}
    assert measure_basin(evidence, inputs) is Reason.NEEDS_PREMISES
    assert measure_basin(replace(evidence, max_boxes=1), point["basin"].inputs) is Reason.BUDGET
