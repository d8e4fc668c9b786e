"""Functions that underflow, saturate or overflow: every arithmetic encloses what mpmath computes with 60 digits."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from hallucert.balls import arithmetic
from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.balls.facade import EXP_LIMIT, UNDERFLOW_LIMIT
from hallucert.balls.mean_value import MeanValueArithmetic
from hallucert.objectives.builder import gradient_tape, hessian_tape
from hallucert.objectives.front_ends.parser import parse_tape

FORMULAS = {
    "exp(-1e5*(x - 2)**2) + exp(-1e6*(x + 1)**2)": lambda x: (
        mpmath.exp(-(10**5) * (x - 2) ** 2) + mpmath.exp(-(10**6) * (x + 1) ** 2)
    ),
    "exp(-exp(30*x))": lambda x: falling(mpmath.exp(30 * x)),
    "x*exp(-x**2*1e6)": lambda x: x * mpmath.exp(-(x**2) * 10**6),
    "softplus(1e6*x)": lambda x: softplus(10**6 * x),
    "log(1 + exp(-1e6*x))": lambda x: softplus(-(10**6) * x),
    "tanh(1e8*x)": lambda x: mpmath.tanh(10**8 * x),
    "sigmoid(-1e5*x)": lambda x: 1 / (1 + mpmath.exp(10**5 * x)),
    "erf(1e5*x)": lambda x: mpmath.erf(10**5 * x),
    "gelu(1e4*x)": lambda x: 10**4 * x * mpmath.erfc(-(10**4) * x / mpmath.sqrt(2)) / 2,
    "sqrt(exp(-1e5*x))": lambda x: mpmath.exp(-(10**5) * x / 2),
    "log(exp(-1e5*x))": lambda x: -(10**5) * x,
    "1/exp(-1e6*x)": lambda x: mpmath.exp(10**6 * x),
    "exp(-1e5*x)**(1/3)": lambda x: mpmath.exp(-(10**5) * x / 3),
    "1/cosh(1e4*x)": lambda x: 1 / mpmath.cosh(10**4 * x),
    "exp(-1e30*x**2)": lambda x: falling(10**30 * x**2),
}
POINTS = [Fraction(p) for p in ("0", "-1/3", "2", "1/1000", "-1/100000", "1000")]
RADII = [Fraction(0), Fraction(1, 2**40), Fraction(2)]


def falling(x):
    """exp(-x); what is below exp(-1e40) takes mpmath too long and counts as 0."""
    return mpmath.exp(-x) if x < mpmath.mpf(10) ** 40 else mpmath.mpf(0)


def softplus(x):
    return x + softplus(-x) if x > 0 else mpmath.log1p(mpmath.exp(x))


def number(value: Fraction):
    if value.denominator & (value.denominator - 1) == 0:
        return mpmath.ldexp(value.numerator, 1 - value.denominator.bit_length())
    return mpmath.mpf(value.numerator) / value.denominator


def holds(low: Fraction, high: Fraction, value, size) -> bool:
    """Compare with an oracle that is right to 50 digits of `size`."""
    slack = abs(size) * mpmath.mpf(10) ** -50
    return bool(number(low) - slack <= value <= number(high) + slack)


def samples(centre: Fraction, radius: Fraction) -> list[Fraction]:
    return [centre + radius * part for part in (Fraction(1), Fraction(-1), Fraction(1, 3))]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_values_are_enclosed_in_balls_and_in_the_mean_value_form(formula, backend):
    """Values of points and boxes, however far out; and the plain enclosure of a point is finite unless it overflows."""
    tape, oracle = parse_tape([formula]), FORMULAS[formula]
    with arithmetic(backend, 106) as ar, mpmath.workdps(60):
        for centre in POINTS:
            for radius in RADII:
                box = ar.interval(centre - radius, centre + radius)
                mean = MeanValueArithmetic(ar, [box - ar.constant(centre)])
                for ball in (
                    tape.evaluate(ar, [box])[0],
                    tape.evaluate(mean, [mean.linear(ar.constant(centre), [ar.constant(Fraction(1))])])[0].value,
                ):
                    if ar.is_finite(ball):
                        for value in (oracle(number(p)) for p in samples(centre, radius)):
                            assert holds(*ar.endpoints(ball), value, value), (centre, radius)
                    else:
                        assert radius or "1/" in formula or "exp(-1e5*x)" in formula, (centre, radius)


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_derivatives_are_enclosed_where_they_underflow(formula, backend):
    """Gradient and Hessian at points contain mpmath's numerical derivatives of the closed form."""
    tape, oracle = parse_tape([formula]), FORMULAS[formula]
    with arithmetic(backend, 106) as ar:
        for centre in POINTS:
            for order, derived in ((1, gradient_tape(tape)), (2, hessian_tape(gradient_tape(tape)))):
                ball = derived.evaluate(ar, [ar.constant(centre)])[0]
                if ar.is_finite(ball):
                    with mpmath.workdps(300):
                        x = number(centre)
                        step = mpmath.mpf(10) ** -100
                        value = mpmath.diff(oracle, x, order, h=step, method="step")
                        size = max(abs(value), abs(oracle(x)) * mpmath.mpf(10) ** 20, mpmath.mpf(10) ** -20)
                        assert holds(*ar.endpoints(ball), value, size), (centre, order)


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("backend", ["float", "mpmath"])
def test_values_are_enclosed_in_lanes(formula, backend):
    """The same in lanes of doubles and of balls; what overflows is indeterminate, not wrong."""
    tape, oracle = parse_tape([formula]), FORMULAS[formula]
    boxes = [(float(c - r), float(c + r)) for c in POINTS for r in RADII]
    with lane_arithmetic(backend) as lanes, mpmath.workdps(60):
        box = lanes.box(*np.array(boxes).T)
        low, high = lanes.lower(tape.evaluate(lanes, [box])[0]), lanes.upper(tape.evaluate(lanes, [box])[0])
        for (a, b), below, above in zip(boxes, low, high, strict=True):
            for x in (a, b, (a + b) / 2):
                value = oracle(mpmath.mpf(x))
                slack = abs(value) * mpmath.mpf(10) ** -50
                assert mpmath.mpf(float(below)) - slack <= value <= mpmath.mpf(float(above)) + slack, (a, b)


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_exp_encloses_below_every_limit_and_never_above(backend):
    """exp(x) for x far below 0 begins at 0 or above it and ends at most at its upper bound; exp(2**15 + 1) is open."""
    with arithmetic(backend, 64) as ar:
        for x in (10**5, 10**6, 10**12, UNDERFLOW_LIMIT - 1, UNDERFLOW_LIMIT + 1, 10**30, 10**300):
            ball = ar.exp(ar.constant(Fraction(-x)))
            low, high = ar.endpoints(ball)
            assert ar.is_finite(ball) and low <= 0 < high <= Fraction(1, 2**40000)
            assert ar.positive(ball) == (x <= UNDERFLOW_LIMIT)
            assert low == 0 or not ar.positive(ball)
        assert ar.within(ar.constant(Fraction(1)), *ar.endpoints(ar.exp(ar.interval(Fraction(-(10**6)), Fraction(0)))))
        across = ar.exp(ar.interval(Fraction(-4 * UNDERFLOW_LIMIT), Fraction(-UNDERFLOW_LIMIT // 4)))
        assert ar.is_finite(across) and not ar.positive(across) and not ar.negative(across)
        assert not ar.is_finite(ar.exp(ar.constant(Fraction(EXP_LIMIT + 1))))
        assert not ar.is_finite(ar.exp(ar.interval(Fraction(-(10**9)), Fraction(EXP_LIMIT + 1))))


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_tiny_numbers_keep_their_size(backend):
    """exp(-1e12) is not just small: its logarithm, root, seventh power and third root are those of the number."""
    with arithmetic(backend, 80) as ar, mpmath.workdps(60):
        tiny = ar.exp(ar.constant(Fraction(-(10**12))))
        for ball, exact in (
            (tiny, -(10**12)),
            (ar.sqrt(tiny), -(10**12) // 2),
            (ar.power(tiny, 7), -7 * 10**12),
            (ar.real_power(tiny, Fraction(1, 5)), -(10**12) // 5),
            (tiny / ar.exp(ar.constant(Fraction(-(10**9)))), -(10**12) + 10**9),
        ):
            low, high = ar.endpoints(ar.log(ball))
            assert low <= exact <= high and high - low < Fraction(1, 2**20)
