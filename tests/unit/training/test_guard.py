"""Guards follow the rule they state, schedules their curve, and both go on from a saved state."""

from __future__ import annotations

import math

import pytest

from hallucert.errors import ArgumentError
from hallucert.training.guard import Guard, Schedule


def test_the_rule_of_the_guard():
    """Above 0.9 of the first loss the factor falls by a tenth, below it grows by a fiftieth, up to 1."""
    guard = Guard(smoothing=0.0)
    guard.update(2.0, 3.0)
    guard.update(2.0, 1.9)
    assert math.isclose(guard.factor, 0.81)
    guard.update(0.1, 1.7)
    assert math.isclose(guard.factor, 0.81 * 1.02)
    for _ in range(50):
        guard.update(0.1, 0.2)
    assert guard.factor == 1.0


def test_losses_that_are_not_finite_lower_the_factor():
    """And leave the average alone."""
    guard = Guard()
    guard.update(2.0, 1.0)
    guard.update(math.nan, math.inf)
    assert math.isclose(guard.factor, 0.9) and guard.average == 1.0


@pytest.mark.parametrize(
    ("make", "values"),
    [
        (lambda: Schedule.warm_start(10, 0.3), [0, 0, 0, 1, 1]),
        (lambda: Schedule.late(10, 0.3), [0] * 7 + [1]),
        (lambda: Schedule.ramp(10), [i / 10 for i in range(11)] + [1]),
        (lambda: Schedule.decay(2), [1, 0.5, 0, 0]),
    ],
)
def test_schedules_follow_their_curves(make, values):
    """The factor before each step, from the first on; a saved state goes on from there."""
    schedule, again = make(), make()
    for value in values:
        assert math.isclose(schedule.factor, value, abs_tol=1e-12)
        schedule.update(None, 1.0)
    again.load_state_dict(schedule.state_dict())
    assert again.factor == schedule.factor


@pytest.mark.parametrize("options", [{"level": 0}, {"lower": 1}, {"higher": 1}, {"smoothing": 1}])
def test_options_of_guards_are_checked(options):
    """Each option out of its range is named."""
    with pytest.raises(ArgumentError) as error:
        Guard(**options)
    assert error.value.argument in options


def test_a_schedule_needs_a_number_of_steps():
    """Its length is a positive integer."""
    for total in (0, 2.5, True):
        with pytest.raises(ArgumentError):
            Schedule.ramp(total)
