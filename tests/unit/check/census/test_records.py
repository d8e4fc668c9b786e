"""What a census is made of: spectra of two rows, boxes in doubles; oracles: mpmath, fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hallucert.balls import arithmetic
from hallucert.balls.facade import SIZE_LIMIT
from hallucert.check.census.records import (
    Open,
    Problem,
    Unsettled,
    floats,
    from_floats,
    middle,
    signs,
    smallest_real_part,
)
from hallucert.check.claim import Enclosure
from hallucert.errors import ArgumentError

MATRICES = st.lists(st.integers(-40, 40), min_size=4, max_size=4)


@given(MATRICES)
@settings(max_examples=150, deadline=None)
def test_smallest_real_parts_of_two_rows(entries):
    """The enclosure holds (a + d - sqrt((a - d)^2 + 4 b c))/2, or its real part, computed with 60 digits."""
    a, b, c, d = entries
    ar = arithmetic("arb", 106)
    with ar, mpmath.workdps(60):
        root = mpmath.sqrt(mpmath.mpc((a - d) ** 2 + 4 * b * c))
        expected = ((a + d) - root).real / 2
        found = smallest_real_part(ar, [[ar.constant(Fraction(v)) for v in row] for row in ((a, b), (c, d))])
        if found is not None:
            low, high = (mpmath.mpf(v.numerator) / v.denominator for v in found)
            assert low - mpmath.mpf(10) ** -40 <= expected <= high + mpmath.mpf(10) ** -40
        if (a - d) ** 2 + 4 * b * c:
            assert found is not None and found[1] - found[0] < Fraction(1, 2**80)


@given(MATRICES)
@settings(max_examples=150, deadline=None)
def test_signs_of_symmetric_matrices_of_two_rows(entries):
    """Exactly the signs of the eigenvalues, by trace and determinant; a singular matrix has at most one sign."""
    a, b, _, d = entries
    ar = arithmetic("arb", 106)
    with ar:
        found = signs(ar, [[ar.constant(Fraction(v)) for v in row] for row in ((a, b), (b, d))])
    determinant = a * d - b * b
    if determinant < 0:
        assert found == (1, 1)
    elif determinant > 0:
        assert found == ((2, 0) if a + d > 0 else (0, 2))
    else:
        assert found[0] <= (a + d > 0) and found[1] <= (a + d < 0)


DYADIC = st.builds(lambda m, e: Fraction(m) * Fraction(2) ** e, st.integers(-(2**110), 2**110), st.integers(-260, 60))


@given(st.lists(DYADIC, min_size=2, max_size=2))
@settings(max_examples=200, deadline=None)
def test_boxes_in_doubles_are_the_nearest_doubles_outside(ends):
    """No double lies between an end and its double."""
    low, high = sorted(ends)
    (box,) = floats((Enclosure(low, high),))
    assert Fraction(box[0]) <= low < Fraction(math.nextafter(box[0], math.inf))
    assert Fraction(math.nextafter(box[1], -math.inf)) < high <= Fraction(box[1])
    assert floats(from_floats(np.array([box]))).tolist() == [box.tolist()]


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_other_matrices_have_signs_and_a_smallest_real_part(backend):
    """One row, three rows, and what is not known; the sign of an entry beyond all sizes is not known, either."""
    ar, huge = arithmetic(backend, 106), Fraction(2) ** (SIZE_LIMIT + 1)
    with ar:

        def matrix(*rows):
            return [[ar.constant(Fraction(v)) for v in row] for row in rows]

        for rows, least, counts in (
            (([5],), 5, (1, 0)),
            (([-5],), -5, (0, 1)),
            (([3, 0, 0], [0, -1, 0], [0, 0, 2]), -1, (2, 1)),
            (([3, 0, 0], [0, 1, 0], [0, 0, 2]), 1, (3, 0)),
        ):
            low, high = smallest_real_part(ar, matrix(*rows))
            assert low <= least <= high and high - low < Fraction(1, 2**60)
            assert signs(ar, matrix(*rows)) == counts
        unknown = matrix([1, 2, 3], [4, 5, 6])
        unknown.append([ar.indeterminate()] * 3)
        assert smallest_real_part(ar, unknown) is None
        assert smallest_real_part(ar, matrix([huge, 1], [-1, huge])) is None
        assert signs(ar, matrix([huge, 0], [0, 1 / huge]))[1] == 0


def test_the_middle_of_a_box():
    """Of [1, 2] x [0, 4] it is (3/2, 2)."""
    box = Enclosure(Fraction(1), Fraction(2)), Enclosure(Fraction(0), Fraction(4))
    assert middle(box).tolist() == [1.5, 2.0]


def test_a_place_holds_what_lies_in_it():
    """Anywhere holds everything, and is called so."""
    unit, half = ((Enclosure(Fraction(0), Fraction(v)),) for v in (1, Fraction(1, 2)))
    place = Unsettled(half, unit, Open.BUDGET)
    assert place.holds(half) and not place.holds(unit) and Unsettled(None, unit, Open.BUDGET).holds(unit)
    assert str(place).startswith("in [0, 0.5], with a target in [0, 1]: ")
    assert str(Unsettled(None, unit, Open.BUDGET)).startswith("anywhere in the box, with")


def test_a_problem_knows_the_arithmetics_that_refine_its_points():
    """Arb for a search in doubles, with 106 bits or those that are asked for, twice and four times 106."""
    problem = Problem(None, Fraction(1), np.array([[-1.0, 1.0], [0.0, 3.0]]))
    assert (problem.exact_backend, problem.precisions, problem.size) == ("arb", [106, 212, 424], 3.0)
    assert problem.tolerance == 2.0**-22
    other = Problem(None, Fraction(1), problem.region, backend="mpmath", precision=300)
    assert (other.exact_backend, other.precisions) == ("mpmath", [300, 424])
    with pytest.raises(ArgumentError, match="rho"):
        Problem(None, Fraction(0), problem.region)
