"""What is published contains what was proved, with room, and says the same."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.claim import Enclosure, Measured, Status, Theorem
from hallucert.check.problem import Point, Problem
from hallucert.check.publishing import (
    DIMENSIONS,
    Sizes,
    length_at,
    provenance,
    publish,
    published,
    published_beside,
    published_doubles,
    sizes_at,
    sizes_of,
)
from hallucert.check.reason import Reason
from hallucert.objectives.radius_law import SAM, RadiusLaw

TINY = Fraction(1, 2**80)


def test_published_intervals_are_wider():
    """What is published contains what was measured with room on both sides, also around 0 and for single points."""
    for low, high in ((-TINY, TINY), (1, 1 + TINY), (0, 0), (5, 5), (1, 2), (-3, 3)):
        measured = Enclosure(Fraction(low), Fraction(high))
        wide = published(measured, 53)
        room = Fraction(1, 2**54)
        width = measured.upper - measured.lower
        assert wide.lower <= measured.lower - 2 * width - room
        assert wide.upper >= measured.upper + 2 * width + room


@pytest.mark.parametrize("above", [Fraction(0), Fraction(-2, 3)])
def test_published_numbers_are_weaker_and_on_the_same_side(above):
    """Each end moves outward, and none across the threshold."""
    for low, high in ((1, 3), (-3, -1), (-1, 2)):
        number = Enclosure(above + low, above + high)
        made = published_beside(above, number)
        assert made.lower < number.lower and number.upper < made.upper
        assert (made.lower > above, made.upper < above) == (low > 0, high < 0)


@given(st.lists(st.floats(-1e200, 1e200), min_size=2, max_size=2))
def test_what_is_published_contains_what_was_proved(ends):
    """With room on both sides, also at 0."""
    low, high = sorted(ends)
    wide = published_doubles(np.array([low, high]))
    assert wide[0] < low and high < wide[1]


UNITS = {
    "offset": (1, 0),
    "rho_end": (1, 0),
    "level": (0, 1),
    "value_elsewhere": (0, 1),
    "gradient_norm": (-1, 1),
    "multiplier": (-2, 1),
    "second_derivative": (-2, 1),
    "smallest_real_part": (-2, 1),
    "step_bound": (2, -1),
    "shifted_gradient_square": (-2, 2),
    "smallest_eigenvalue_sym_Du": (-1, 0),
    "turns": (0, 0),
    "radius": (1, 0),
    "smallest_singular_value": (0, 0),
}
"""Powers of a length and of a value that numbers are measured in."""


@pytest.mark.parametrize(("length", "value"), [(3, 0), (0, 5), (4, 6), (-7, 2), (-2, -11)])
def test_units_are_what_a_number_is_measured_in(length, value):
    """Powers of two of the length and of the value; of residuals, the root of a value over a length."""
    sizes = Sizes(length, value)
    for name, (a, b) in UNITS.items():
        assert sizes.of(name) == Fraction(2) ** (a * length + b * value)
    assert sizes.box == Fraction(2) ** length
    assert Sizes(length, value, True).of("smallest_singular_value") == Fraction(2) ** ((value - 2 * length) // 2)
    assert Sizes(length, value, True).of("offset") == sizes.of("offset")
    assert Sizes().of("step_bound") == Sizes(0, 0).of("level") == 1 and not Sizes().residual
    assert {name: DIMENSIONS.get(name, (0, 0)) for name in UNITS} == {n: (2 * a, 2 * b) for n, (a, b) in UNITS.items()}


def test_sizes_are_powers_of_two_near_length_and_value():
    """A value is a length times a gradient; what is 0 has the size 1."""
    for length, gradient in (
        (Fraction(3, 4), Fraction(1, 5)),
        (Fraction(7), Fraction(1, 1000)),
        (Fraction(1, 9), Fraction(3)),
    ):
        found = sizes_of(length, gradient, True)
        assert found.residual and Fraction(1, 2) <= length / Fraction(2) ** found.length <= 2
        assert Fraction(1, 4) <= length * gradient / Fraction(2) ** found.value <= 4
    assert (
        sizes_of(Fraction(0), Fraction(1, 4)).length == 0
        and sizes_of(Fraction(2), Fraction(0)).value == 0 == sizes_of(Fraction(64), Fraction(0)).value
    )
    assert not sizes_of(Fraction(1), Fraction(1)).residual


def test_sizes_at_a_point_are_those_of_its_step_and_gradient():
    """rho under SAM; under other laws rho times the largest side of u; kept, and never of what is indeterminate."""
    f = hc.Objective.parse("64*x + 3*y")
    with arithmetic("arb", 106) as ar:
        x = [ar.constant(Fraction(1)), ar.constant(Fraction(2))]
        sam, usam = (Point(ar, Problem(f, Fraction(3, 4), law), x) for law in (SAM, RadiusLaw("usam")))
        assert length_at(sam) == Fraction(3, 4) and length_at(usam) == 48
        assert sizes_at(sam) == sizes_of(Fraction(3, 4), Fraction(64)) and sizes_at(sam) is sizes_at(sam)
        assert sizes_at(usam) == sizes_of(Fraction(48), Fraction(64))
        left = Point(ar, Problem(hc.Objective.parse("-64*x + 3*y"), Fraction(3, 4), RadiusLaw("usam")), x)
        assert length_at(left) == 48 and sizes_at(left) == sizes_of(Fraction(48), Fraction(64))
        nowhere = Point(ar, Problem(hc.Objective.parse("sqrt(x - 1) + y"), Fraction(3, 4), RadiusLaw("usam")), x)
        assert length_at(nowhere) == Fraction(3, 4) and sizes_at(nowhere) == sizes_of(Fraction(3, 4), Fraction(1))
        undefined = Point(ar, Problem(hc.Objective.parse("sqrt(x - 1)"), Fraction(3, 4)), x[:1])
        assert sizes_at(undefined) == sizes_of(Fraction(3, 4), Fraction(0))


def test_a_term_for_the_precision_is_added_where_it_is_known():
    """2**-precision units on each side; without a precision 2**-48 of the size and twice the width."""
    measured = Enclosure(Fraction(-3), Fraction(1))
    narrow, mirrored = published(measured, None), published(Enclosure(Fraction(-1), Fraction(3)), None)
    assert (mirrored.lower, mirrored.upper) == (-narrow.upper, -narrow.lower)
    expected = 2 * 4 + Fraction(3, 2**48)
    for room in (-3 - narrow.lower, narrow.upper - 1):
        assert expected <= room <= expected + Fraction(1, 2**58)
    wide = published(measured, 10, Fraction(32))
    for room in (-3 - wide.lower, wide.upper - 1):
        assert expected + Fraction(1, 32) <= room <= expected + Fraction(1, 32) + Fraction(1, 2**58)
    zero = published(Enclosure(Fraction(0), Fraction(0)), 20)
    assert (zero.lower, zero.upper) == (-Fraction(1, 2**20), Fraction(1, 2**20))


def test_doubles_are_published_with_a_few_units_of_room():
    """Two ends each, 2**-52 of the larger size and 2**-106 outward, whatever the shape."""
    ends = np.array([[[1.0, 4.0], [-8.0, 2.0]], [[0.0, 0.0], [-1.0, -0.5]]])
    found = published_doubles(ends)
    assert found.shape == ends.shape
    for (low, high), (below, above) in zip(ends.reshape(-1, 2), found.reshape(-1, 2), strict=True):
        slack = Fraction(max(abs(low), abs(high))) / 2**52 + Fraction(1, 2**106)
        for room in (Fraction(low) - Fraction(below), Fraction(above) - Fraction(high)):
            assert slack / 2 <= room <= 2 * slack


def test_a_claim_is_made_from_published_numbers():
    """Wider than measured, beside its threshold where there is one; an honest failure is an open claim."""

    def conclude(facts, numbers, inputs):
        return (Status.PROVED, "It is.") if numbers["offset"].lower > 0 else Reason.STRADDLES

    theorem = Theorem(name="t", question="Is it?", conclude=conclude, subject="piece")
    numbers, inputs = {"offset": Enclosure(Fraction(5), Fraction(6))}, {"piece": 2}
    claim = publish(Measured(theorem, numbers, inputs), None, 53, Sizes(20, 0))
    assert (claim.status, claim.statement, claim.inputs) == ("proved", "It is.", inputs)
    assert claim.numbers == {"offset": published(numbers["offset"], 53, Fraction(2**20))}
    beside = publish(Measured(theorem, numbers, inputs, Fraction(4)), None, 53)
    assert beside.numbers == {"offset": published_beside(Fraction(4), numbers["offset"])}
    straddling = Measured(theorem, {"offset": Enclosure(Fraction(-1), Fraction(1))}, inputs)
    for measured, reason in ((straddling, Reason.STRADDLES), (Measured(theorem, Reason.DOMAIN, inputs), Reason.DOMAIN)):
        opened = publish(measured, None, 53)
        assert (opened.status, opened.reason, opened.inputs) == ("undecided", reason, inputs)


def test_weaker_ends_are_off_by_one_part_in_256_from_the_threshold():
    """Outward, and rounded outward; a number at the threshold stays there."""
    for low, high in ((1, 3), (-3, -1), (-1, 2), (0, 0), (-1, Fraction(1, 2)), (Fraction(-1, 2), 1)):
        made = published_beside(Fraction(5), Enclosure(Fraction(5 + low), Fraction(5 + high)))
        share = Fraction(257, 256)
        below = low / share if low > 0 else low * share
        above = high / share if high < 0 else high * share
        assert 0 <= 5 + below - made.lower < Fraction(1, 2**50) and 0 <= made.upper - 5 - above < Fraction(1, 2**50)


def test_the_maker_is_named():
    """Version, arithmetic, its version, and its bits."""
    ar = arithmetic("arb", 77)
    made = provenance(ar)
    assert (made.hallucert, made.backend, made.precision) == (
        hc.__version__,
        "arb",
        77,
    ) and "flint" in made.backend_version


def test_units_of_numbers_that_are_no_lengths():
    """Residuals are roots of values, 2**3 for values of 2**6; by hand also a square of gradients, and a curvature."""
    sizes = Sizes(length=2, value=6)
    units = {"residual": 3, "shifted_gradient_square": 8, "smallest_eigenvalue_sym_Du": -2, "offset": 2, "value": 6}
    assert {name: sizes.of(name) for name in units} == {name: Fraction(2) ** power for name, power in units.items()}
