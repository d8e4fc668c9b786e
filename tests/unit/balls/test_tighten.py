"""Tightening keeps the one zero of a box and reaches the precision; another zero nearby is never taken for it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hallucert.balls import arithmetic, prove_zero, tighten

HALF_ROOT = Fraction("0.70710678118654752440084436210484903928483593768847")


@pytest.fixture(params=["arb", "mpmath"])
def ar(request):
    with arithmetic(request.param, 106) as chosen:
        yield chosen


def square(ar, right):
    """``z^2 - right`` and its derivative."""
    c, two = ar.constant(Fraction(right)), ar.constant(Fraction(2))
    return (lambda z: [z[0] * z[0] - c]), (lambda z: [[two * z[0]]])


def test_a_wide_box_shrinks_to_the_precision(ar):
    """From [1/2, 1] around 1/sqrt(2), with one Jacobian."""
    g, dg = square(ar, "0.5")
    calls = []
    counted = lambda z: calls.append(1) or dg(z)  # noqa: E731
    (ball,) = tighten(ar, g, counted, [ar.interval(Fraction(1, 2), Fraction(1))], [[Fraction(7, 10)]], max_steps=60)
    low, high = ar.endpoints(ball)
    assert low < HALF_ROOT < high and high - low < Fraction(1, 2**90)
    assert len(calls) == 1


def test_the_result_of_a_proof_gets_tighter(ar):
    """A box found at 53 bits is tightened at 106; both hold the zero."""
    coarse = arithmetic(ar.name, 53)
    with coarse:
        g, dg = square(coarse, "0.5")
        found = prove_zero(coarse, g, dg, [Fraction(0.7071067811865476)])
        ends = coarse.endpoints(found.box[0])
    g, dg = square(ar, "0.5")
    (ball,) = tighten(ar, g, dg, [ar.interval(*ends)], found.preconditioner)
    low, high = ar.endpoints(ball)
    assert ends[0] <= low < HALF_ROOT < high <= ends[1] and high - low < Fraction(1, 2**95)


def test_another_zero_is_not_taken(ar):
    """z^3 - z has one zero, 1, in [1/2, 7/2]; the first step from the middle, 2, with C = 1/2 leads to the zero -1."""
    one, three = ar.constant(Fraction(1)), ar.constant(Fraction(3))
    g = lambda z: [ar.power(z[0], 3) - z[0]]  # noqa: E731
    dg = lambda z: [[three * ar.power(z[0], 2) - one]]  # noqa: E731
    (ball,) = tighten(ar, g, dg, [ar.interval(Fraction(1, 2), Fraction(7, 2))], [[Fraction(1, 2)]])
    low, high = ar.endpoints(ball)
    assert 0 < low <= 1 <= high
