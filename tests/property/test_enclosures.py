"""Random formulas, their gradients and Hessians: both backends enclose what mpmath computes with 180 and 360 digits."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle, UndefinedError, random_tape

from hallucert.balls import arithmetic
from hallucert.objectives.builder import TapeBuilder, gradient_tape, hessian_tape

BITS = (600, 1200)


RATIONALS = st.fractions(min_value=-3, max_value=3, max_denominator=20)


@st.composite
def tapes(draw):
    """A one-output tape in one to three variables, of three to twelve random operations."""
    return random_tape(lambda low, high: draw(st.integers(low, high)), lambda: draw(RATIONALS))


RADII = st.sampled_from(
    [Fraction(0), Fraction(0), Fraction(1, 2**60), Fraction(1, 2**20), Fraction(1, 32), Fraction(1, 2)]
)


def truth(tape, point):
    """Return bounds of the outputs: the values with 1200 bits, plus or minus what 600 bits got wrong."""
    runs = []
    for bits in BITS:
        with mpmath.workprec(bits):
            runs.append([v.value for v in tape.evaluate(Oracle, [Oracle.constant(p) for p in point])])
    with mpmath.workprec(BITS[1]):
        slack = [4 * abs(a - b) + abs(b) * mpmath.mpf(2) ** -550 for a, b in zip(*runs, strict=True)]
        return [(v - s, v + s) for v, s in zip(runs[1], slack, strict=True)]


def check(tape, balls, ar, point):
    try:
        bounds = truth(tape, point)
    except OverflowError:  # beyond the oracle
        return
    except UndefinedError:
        assert not all(map(ar.is_finite, balls)), "finite where the formula is not defined"
        return
    with mpmath.workprec(BITS[1]):
        for ball, (below, above) in zip(balls, bounds, strict=True):
            if ar.is_finite(ball):
                low, high = (mpmath.mpf(q.numerator) / q.denominator for q in ar.endpoints(ball))
                assert low <= above and below <= high


def exercise(tape, centre, radius, samples):
    for name, precision in (("arb", 106), ("mpmath", 106), ("arb", 53), ("mpmath", 40)):
        with arithmetic(name, precision) as ar:
            box = [ar.interval(c - radius, c + radius) for c in centre]
            for derived in (tape, gradient_tape(tape), hessian_tape(tape)):
                balls = derived.evaluate(ar, box)
                for sample in samples:
                    check(derived, balls, ar, [c + radius * s for c, s in zip(centre, sample, strict=False)])


@settings(max_examples=250, deadline=None, derandomize=True)
@given(tapes(), st.lists(RATIONALS, min_size=3, max_size=3), RADII)
def test_values_gradients_and_hessians_are_enclosed_on_points_and_boxes(tape, centre, radius):
    """Random programs are enclosed with two derivatives, at points and at points of boxes."""
    corners = [(1, 1, 1), (-1, 1, -1), (Fraction(1, 3), Fraction(-2, 7), 0)]
    exercise(tape, centre[: tape.dimension], radius, corners if radius else [(0, 0, 0)])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(tapes(), st.lists(RATIONALS, min_size=3, max_size=3), RADII)
def test_the_two_backends_overlap(tape, centre, radius):
    """Where both arithmetics enclose the value of a random program on a box, the enclosures meet."""
    results = []
    for name in ("arb", "mpmath"):
        with arithmetic(name, 106) as ar:
            box = [ar.interval(c - radius, c + radius) for c in centre[: tape.dimension]]
            ball = tape.evaluate(ar, box)[0]
            results.append(ar.endpoints(ball) if ar.is_finite(ball) else None)
    if None not in results:
        (a, b), (c, d) = results
        assert max(a, c) <= min(b, d)


@pytest.mark.parametrize("name", ["arb", "mpmath"])
def test_the_oracle_itself_notices_a_wrong_enclosure(name):
    """An enclosure of exp(1/3) that is moved by one part in 2**90 is refused by the oracle."""
    # What the tests above would say if a backend were wrong: a ball moved by one part in 2**90 is caught.
    builder = TapeBuilder(["x"])
    tape = builder.tape([builder.unary("exp", builder.variable(0))])
    with arithmetic(name, 106) as ar:
        good = tape.evaluate(ar, [ar.constant(Fraction(1, 3))])
        check(tape, good, ar, [Fraction(1, 3)])
        moved = [good[0] * ar.constant(1 + Fraction(1, 2**90))]
        with pytest.raises(AssertionError):
            check(tape, moved, ar, [Fraction(1, 3)])
