"""Definiteness and inertia are decided where they are certain, beside what is not, and by a hair."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hallucert.balls import arithmetic
from hallucert.balls import matrix as mx
from hallucert.balls.inertia import Inertia, inertia, is_positive_definite


@pytest.fixture(params=["arb", "mpmath"])
def ar(request):
    with arithmetic(request.param, 106) as chosen:
        yield chosen


@pytest.mark.parametrize("hair", [Fraction(1, 2**40), Fraction(1, 2**60)])
def test_definiteness_is_decided_by_a_hair_on_either_side(ar, hair):
    """A determinant of 2**-60 is positive definite, and one of -2**-60 has one negative eigenvalue."""
    rows = lambda h: mx.from_rationals(ar, [[Fraction(1), Fraction(1)], [Fraction(1), 1 + h]])  # noqa: E731
    assert is_positive_definite(ar, rows(hair))
    assert inertia(ar, rows(-hair)) == Inertia(1, 1, 0)


def test_a_ball_that_contains_a_singular_matrix_is_not_definite(ar):
    """[[1, 1], [1, [1, 2]]] and [0, 1] touch a singular matrix and are not positive definite."""
    one, edge = ar.constant(Fraction(1)), ar.interval(Fraction(1), Fraction(2))
    assert not is_positive_definite(ar, [[one, one], [one, edge]])
    assert not is_positive_definite(ar, [[ar.interval(Fraction(0), Fraction(1))]])


def test_inertia_counts_what_is_certain_beside_what_is_not(ar):
    """diag(5, [-1, 1], -7) has one positive, one negative and one undecided eigenvalue."""
    wide, zero = ar.interval(Fraction(-1), Fraction(1)), ar.constant(Fraction(0))
    diagonal = [ar.constant(Fraction(5)), wide, ar.constant(Fraction(-7))]
    rows = [[diagonal[i] if i == j else zero for j in range(3)] for i in range(3)]
    assert inertia(ar, rows) == Inertia(1, 1, 1)


def test_bad_scaling_does_not_hide_definiteness(ar):
    """[[1, 1e-9], [1e-9, e]] is positive definite for e = 1e-17 and indefinite for e = 1e-19."""
    rows = [[Fraction(1), Fraction(1, 10**9)], [Fraction(1, 10**9), Fraction(1, 10**17)]]  # det 9e-18 > 0
    assert is_positive_definite(ar, mx.from_rationals(ar, rows))
    rows[1][1] = Fraction(1, 10**19)  # det < 0
    assert inertia(ar, mx.from_rationals(ar, rows)) == Inertia(1, 1, 0)
