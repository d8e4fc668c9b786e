"""What a census is made of: spectra of two rows, boxes in doubles; oracles: mpmath, fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hallucert.balls import arithmetic
from hallucert.check.census.records import floats, from_floats, signs, smallest_real_part
from hallucert.check.claim import Enclosure

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
