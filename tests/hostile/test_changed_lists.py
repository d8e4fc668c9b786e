"""A list of balls that is changed between two questions is another list: no answer is about the box that it was."""

from __future__ import annotations

from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.point.existence import System
from hallucert.check.problem import Problem
from hallucert.check.sheet.curve import CurveSystem

RING = hc.Objective.least_squares(["x**2 + y**2 - 1"])


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
@pytest.mark.parametrize("replaced", [0, 1])
def test_systems_answer_for_the_balls_that_a_list_holds_now(backend, replaced):
    """After one coordinate is replaced in place, value and Jacobian are those of a fresh list with the same balls."""
    ar = arithmetic(backend, 106)
    with ar:
        systems = [
            CurveSystem(ar, RING, Fraction(3, 2)),
            System(ar, Problem(RING, Fraction(3, 2)), (Fraction(0), Fraction(0)), None),
        ]
        for system in systems:
            box = [ar.constant(Fraction(-1, 2)), ar.constant(Fraction(1, 8))]
            before = system.value(box)
            box[replaced] = ar.constant(Fraction(2))
            after, fresh = system.value(box), system.value(list(box))
            assert [ar.endpoints(v) for v in after] == [ar.endpoints(v) for v in fresh]
            assert [ar.endpoints(v) for v in after] != [ar.endpoints(v) for v in before]
            rows, again = system.jacobian(box), system.jacobian(list(box))
            assert [[ar.endpoints(v) for v in row] for row in rows] == [[ar.endpoints(v) for v in row] for row in again]
