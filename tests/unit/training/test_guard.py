"""Guards follow the rule they state, schedules their curve, and both go on from a saved state."""

from __future__ import annotations

import json
import math

import pytest

from hallucert.errors import ArgumentError
from hallucert.training.guard import Guard, Schedule


def factors(guard, losses):
    """Return the factor after each pair of losses."""
    return [(guard.update(*pair), guard.factor)[1] for pair in losses]


def test_rho_is_raised_where_the_loss_ahead_is_low():
    """From a tenth by a fifth a step, up to 1; a loss at exactly 0.9 of the first one is low enough."""
    found = factors(Guard(smoothing=0.0), [(2.0, 2.5), (1.9, 1.9), (1.9, 1.8), *[(1.0, 1.0)] * 20])
    assert found[:4] == pytest.approx([0.1, 0.1, 0.12, 0.144])
    assert found[-1] == 1.0


def test_rho_stays_while_the_loss_falls_and_is_lowered_where_it_stands():
    """Above the level: not in the first steps, not where f(x) has fallen by a hundredth in four, else by a tenth."""
    falling = [(2.0 * 0.997**k, 3.0) for k in range(9)]
    assert factors(Guard(smoothing=0.0, patience=4), falling) == [0.1] * 9
    standing = [(2.0 * 0.998**k, 3.0) for k in range(6)]
    assert factors(Guard(smoothing=0.0, patience=4), standing) == pytest.approx([0.1] * 4 + [0.09, 0.081])


def test_rho_never_falls_below_its_least_value():
    """However long nothing is learnt, there is an ascent."""
    assert factors(Guard(patience=1, least=0.05), [(2.0, 2.0)] * 30)[-1] == 0.05


def test_a_run_that_had_trained_is_lowered_at_once_and_raised_slowly():
    """Also where f(x) falls; afterwards rho grows only below 0.8 of the first loss, and by a fiftieth a step."""
    guard = Guard(smoothing=0.0, begin=0.5)
    found = factors(guard, [(2.0, 1.5), (1.5, 1.9), (1.0, 1.7), (1.0, 1.5)])
    assert found == pytest.approx([0.6, 0.54, 0.54, 0.54 * 1.02])


def test_a_negative_reference_is_lowered_too():
    """A loss that begins at -4 has trained at -4.4, not at -4.3."""
    assert factors(Guard(smoothing=0.0), [(-4.0, -4.3), (-4.0, -4.5)]) == pytest.approx([0.1, 0.12])


def test_states_of_others_are_refused():
    """A run that was saved with a schedule does not go on with a guard, nor the other way round."""
    for mine, other in ((Guard(), Schedule.ramp(5)), (Schedule.ramp(5), Guard())):
        with pytest.raises(ArgumentError, match=f"that of a {type(mine).__name__}"):
            mine.load_state_dict(other.state_dict())


def test_losses_that_are_not_finite_lower_the_factor():
    """And leave the averages alone."""
    guard = Guard()
    guard.update(2.0, 1.0)
    guard.update(math.nan, math.inf)
    assert guard.factor == pytest.approx(0.12 * 0.9) and guard.average == 1.0 and list(guard.averages) == [2.0]


def test_a_guard_goes_on_from_a_saved_state():
    """Whatever was seen before: the factors that follow are the same, to the last bit."""
    losses = [(2.3 - 0.01 * k % 0.7, 2.6 - 0.013 * k % 1.1) for k in range(200)]
    whole, first, second = Guard(), Guard(), Guard()
    expected = factors(whole, losses)
    assert factors(first, losses[:90]) == expected[:90]
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert factors(second, losses[90:]) == expected[90:]
    assert len(set(expected)) > 50


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


@pytest.mark.parametrize(
    "options",
    [
        *(
            {"level": 0},
            {"level": 2},
            {"lower": 1},
            {"higher": 1},
            {"smoothing": 1},
            {"begin": 0},
            {"least": 0.2},
            {"rise": 1},
        ),
        *({"again": 1}, {"patience": 0}, {"progress": 1}, {"reference": "start"}),
    ],
)
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


@pytest.mark.parametrize("late", [1.5, -0.1, math.nan, None, True])
def test_a_curve_gives_factors(late):
    """What is no number from 0 to 1 is refused when it comes, also from a saved state: SAM would go down, or far."""
    schedule = Schedule(2, lambda t: late if t == 1 else t)
    schedule.update(None, 1.0)
    with pytest.raises(ArgumentError, match=r"^curve must give factors"):
        schedule.update(None, 1.0)
    with pytest.raises(ArgumentError, match=r"^curve must give factors"):
        Schedule(2, lambda t: late if t == 1 else t).load_state_dict({"count": 2})
