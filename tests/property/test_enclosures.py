"""Random formulas, their gradients and Hessians: both backends enclose what mpmath computes with 180 and 360 digits."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hallucert.balls import arithmetic
from hallucert.balls.facade import EXP_LIMIT, UNDERFLOW_LIMIT
from hallucert.errors import ArgumentError
from hallucert.objectives.builder import TapeBuilder, gradient_tape, hessian_tape

BITS = (600, 1200)


class UndefinedError(Exception):
    """The formula is not defined at the point (or is larger than any ball may be)."""


class Oracle:
    """mpmath's floating point as the arithmetic of a tape; raises where a real function is not defined."""

    @staticmethod
    def constant(value: Fraction):
        return Number(mpmath.mpf(value.numerator) / value.denominator)

    @staticmethod
    def pi():
        return Number(+mpmath.pi)

    @staticmethod
    def power(x, exponent: int):
        if exponent < 0 and x.value == 0:
            raise UndefinedError
        return Number(x.value**exponent)

    @staticmethod
    def real_power(x, exponent: Fraction):
        return Number(mpmath.power(Oracle._positive(x), mpmath.mpf(exponent.numerator) / exponent.denominator))

    @staticmethod
    def exp(x):
        if x.value > EXP_LIMIT + 1:
            raise UndefinedError
        return Number(mpmath.exp(x.value) if x.value > -2 * UNDERFLOW_LIMIT else mpmath.mpf(0))

    @staticmethod
    def log(x):
        return Number(mpmath.log(Oracle._positive(x)))

    @staticmethod
    def sqrt(x):
        return Number(mpmath.sqrt(Oracle._positive(x)))

    @staticmethod
    def sin(x):
        return Number(mpmath.sin(Oracle._moderate(x)))

    @staticmethod
    def cos(x):
        return Number(mpmath.cos(Oracle._moderate(x)))

    @staticmethod
    def tanh(x):
        return Number(mpmath.tanh(x.value) if abs(x.value) < 10**6 else mpmath.sign(x.value))

    @staticmethod
    def erf(x):
        return Number(mpmath.erf(x.value) if abs(x.value) < 10**6 else mpmath.sign(x.value))

    @staticmethod
    def softplus(x):
        tail = mpmath.exp(-abs(x.value)) if abs(x.value) < 2 * UNDERFLOW_LIMIT else mpmath.mpf(0)
        return Number(max(x.value, mpmath.mpf(0)) + mpmath.log1p(tail))

    @staticmethod
    def _positive(x):
        if x.value <= 0:
            raise UndefinedError
        return x.value

    @staticmethod
    def _moderate(x):
        if abs(x.value) > mpmath.mpf(10) ** 50:
            raise OverflowError
        return x.value


class Number:
    """An mpf whose division refuses 0."""

    def __init__(self, value):
        self.value = value

    def __add__(self, other):
        return Number(self.value + other.value)

    def __sub__(self, other):
        return Number(self.value - other.value)

    def __mul__(self, other):
        return Number(self.value * other.value)

    def __truediv__(self, other):
        if other.value == 0:
            raise UndefinedError
        return Number(self.value / other.value)

    def __neg__(self):
        return Number(-self.value)


UNARY = ("exp", "log", "sqrt", "sin", "cos", "tanh", "erf", "softplus", "neg")
BINARY = ("add", "sub", "mul", "div")
RATIONALS = st.fractions(min_value=-3, max_value=3, max_denominator=20)


@st.composite
def tapes(draw):
    """A one-output tape in one to three variables, of three to twelve random operations."""
    d = draw(st.integers(1, 3))
    builder = TapeBuilder([f"x{i}" for i in range(d)])
    nodes = [builder.variable(i) for i in range(d)] + [builder.constant(draw(RATIONALS)), builder.pi()]
    for _ in range(draw(st.integers(3, 12))):
        kind = draw(st.sampled_from(("unary", "binary", "binary", "power", "real_power")))
        a, b = (nodes[-1 - draw(st.integers(0, min(5, len(nodes) - 1)))] for _ in range(2))
        try:
            if kind == "unary":
                op = draw(st.sampled_from(UNARY))
                node = builder.neg(a) if op == "neg" else builder.unary(op, a)
            elif kind == "binary":
                node = getattr(builder, draw(st.sampled_from(BINARY)))(a, b)
            elif kind == "power":
                node = builder.power(a, draw(st.integers(-3, 5)))
            else:
                node = builder.real_power(a, draw(RATIONALS))
        except ArgumentError:  # a constant outside the domain, such as log(-1)
            continue
        nodes.append(node)
    return builder.tape([nodes[-1]])


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
