"""Definiteness and inertia are decided where they are certain, beside what is not, and by a hair."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hallucert.balls import matrix as mx
from hallucert.balls.inertia import Inertia, _dominant, inertia, is_positive_definite


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


@pytest.mark.parametrize(
    ("diagonal", "beside", "count"),
    [((1, 1), 1, 0), ((-1, 1), 2, 1), ((0, 1), 2, 1), ((2, 1), 1, 1), ((2, 3), 1, 2), ((-1, -1), 0, 0)],
)
def test_rows_are_dominant_among_the_positive_ones(ar, diagonal, beside, count):
    """By hand, of two rows: one that is just met is not, and what is not positive is in no sum."""
    b = mx.from_rationals(ar, [[Fraction(0), Fraction(beside)], [Fraction(beside), Fraction(0)]])
    assert _dominant(ar, [Fraction(d) for d in diagonal], b) == count


def test_nothing_is_counted_where_nothing_is_known(ar, monkeypatch):
    """An entry that is not known, no float eigenvectors, or a product that is not known: all signs are open."""
    one, unknown = ar.constant(Fraction(1)), ar.indeterminate()
    assert inertia(ar, [[one, unknown], [one, one]]) == Inertia(0, 0, 2)
    assert inertia(ar, mx.identity(ar, 2)) == Inertia(2, 0, 0)
    with monkeypatch.context() as patch:
        patch.setattr(mx, "float_eigenvectors", lambda _: None)
        assert inertia(ar, mx.identity(ar, 2)) == Inertia(0, 0, 2)
    monkeypatch.setattr(type(ar), "matrix_product", lambda *_: [[unknown] * 2] * 2)
    assert inertia(ar, mx.identity(ar, 2)) == Inertia(0, 0, 2)


def test_float_eigenvectors_are_finite(monkeypatch):
    """Of a matrix that is not finite in one entry there are none, nor where the routine returns what is not."""
    finite, nan = np.eye(2), np.array([[1.0, np.nan], [1.0, 1.0]])
    assert mx.float_eigenvectors(finite) is not None and mx.float_eigenvectors(nan) is None
    for values, vectors in ((finite[0], nan), (nan[0], finite), (nan[0] * np.nan, finite)):
        monkeypatch.setattr(np.linalg, "eigh", lambda _, found=(values, vectors): found)
        assert mx.float_eigenvectors(finite) is None
    monkeypatch.setattr(np.linalg, "eigh", lambda _: (finite[0], finite))
    assert mx.float_eigenvectors(nan) is None and mx.float_eigenvectors(nan * np.nan) is None
