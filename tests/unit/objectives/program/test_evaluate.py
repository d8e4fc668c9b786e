"""Array programs run alike in floats, in lanes and in balls, and balls contain what 60 digits give."""

from fractions import Fraction

import mpmath
import numpy as np
import program_samples as samples
import pytest

from hallucert.balls import arithmetic
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.derivatives import pullback, pushforward
from hallucert.objectives.program.evaluate import Arrays, BallArrays, FloatArrays

FLOATS = FloatArrays()


class MpArrays(Arrays):
    """Numbers of mpmath, whose functions are not this library's."""

    def constant(self, values):
        return self._each(mpmath.mpf, values)

    def number(self, value):
        exact = +mpmath.pi if value is None else mpmath.mpf(value.numerator) / value.denominator
        return np.array(exact, dtype=object)

    def function(self, name, a):
        if name == "softplus":
            return self._each(lambda x: mpmath.log1p(mpmath.exp(x)), a)
        return self._each(getattr(mpmath, name), a)

    def power(self, a, exponent):
        return self._each(lambda x: x**exponent, a)

    def product(self, a, b):
        return np.array(
            [[[mpmath.fdot(row, column) for column in y.T] for row in x] for x, y in zip(a, b, strict=True)]
        )

    def logsumexp(self, a):
        total = self._each(mpmath.exp, a).sum(axis=-1)
        return self._each(mpmath.log, np.asarray(total, dtype=object))

    @staticmethod
    def _each(function, a):
        result = np.empty(a.size, dtype=object)
        result[:] = [function(x) for x in a.reshape(-1).tolist()]
        return result.reshape(a.shape)


def with_derivatives(name):
    """The program of a sample and of two derivatives, with inputs for all of them."""
    program, x = samples.program(name), samples.points(name)
    v = [np.cos(np.arange(a.size)).reshape(a.shape) for a in x]
    one = np.array(1.0)
    return [(program, x), (pullback(program), [*x, one]), (pushforward(pullback(program)), [*x, one, *v, 0 * one])]


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
@pytest.mark.parametrize("name", samples.SAMPLES)
def test_balls_contain_what_sixty_digits_give(name, backend):
    """Value, gradient and Hessian-vector product, at points and at points of boxes."""
    for program, inputs in with_derivatives(name):
        with arithmetic(backend, 106) as ar:
            for radius in (Fraction(0), Fraction(1, 2**20)):
                arrays = BallArrays(ar)
                balls = [
                    arrays._each(lambda v, r=radius: ar.interval(Fraction(v) - r, Fraction(v) + r), np.asarray(a))
                    for a in inputs
                ]
                enclosures = arrays.run(program, balls)
                with mpmath.workdps(60):
                    moved = [np.array(MpArrays._each(mpmath.mpf, np.asarray(a)), dtype=object) for a in inputs]
                    moved = [a + mpmath.mpf(radius.numerator) / radius.denominator for a in moved]
                    values = MpArrays().run(program, [np.asarray(a, dtype=object) for a in moved])
                    for ball, value in zip(enclosures, values, strict=True):
                        for b, v in zip(ball.reshape(-1).tolist(), value.reshape(-1).tolist(), strict=True):
                            low, high = (mpmath.mpf(q.numerator) / q.denominator for q in ar.endpoints(b))
                            assert low - mpmath.mpf(10) ** -50 <= v <= high + mpmath.mpf(10) ** -50
                            assert high - low < (mpmath.mpf(10) ** -25 if radius == 0 else 0.1)


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_lanes_give_what_points_give_one_by_one(name):
    """With lanes of inputs, and lanes of tangents at one point."""
    program, x = samples.program(name), samples.points(name, 3)
    back = pullback(program)
    lanes = FLOATS.run(back, [*x, np.ones(3)])
    for k in range(3):
        single = FLOATS.run(back, [*(a[k] for a in x), np.array(1.0)])
        for many, one in zip(lanes, single, strict=True):
            assert np.allclose(np.broadcast_to(many, (3, *one.shape))[k], one, rtol=1e-13, atol=1e-14)
    second, point = pushforward(back), [a[0] for a in x]
    directions = [np.random.default_rng(5).normal(size=a.shape) for a in x]
    lanes = FLOATS.run(second, [*point, np.array(1.0), *directions, np.zeros(3)])[len(x) :]
    for k in range(3):
        v = [a[k] for a in directions]
        single = FLOATS.run(second, [*point, np.array(1.0), *v, np.array(0.0)])[len(x) :]
        for many, one in zip(lanes, single, strict=True):
            assert np.allclose(np.broadcast_to(many, (3, *one.shape))[k], one, rtol=1e-12, atol=1e-13)


def test_large_exponents_overflow_neither_floats_nor_balls():
    """Log-sum-exp and softplus of 10**4 are what they should be, to rounding."""
    b = ProgramBuilder([(2,)])
    program = b.program([b.logsumexp(b.input(0)), b.unary("softplus", b.input(0))])
    found = FLOATS.run(program, [np.array([1e4, 1e4])])
    assert np.allclose(found[0], 1e4 + np.log(2)) and np.allclose(found[1], 1e4)
    with arithmetic("arb", 106) as ar:
        x = np.array([ar.constant(Fraction(10**4)), ar.constant(Fraction(-(10**4)))], dtype=object)
        lse, softplus = BallArrays(ar).run(program, [x])
        assert ar.is_finite(lse[()]) and all(map(ar.is_finite, softplus))
        assert ar.within(lse[()], *ar.endpoints(ar.interval(Fraction(10**4), Fraction(10**4) + Fraction(1, 10**9))))


@pytest.mark.parametrize("op", ["log", "sqrt"])
def test_outside_of_the_domain_balls_are_indeterminate_and_floats_are_nan(op):
    """Nothing is decided where a function is not defined."""
    b = ProgramBuilder([(2,)])
    program = b.program([b.sum(b.unary(op, b.input(0)), [0])])
    with np.errstate(all="ignore"):
        assert np.isnan(FLOATS.run(program, [np.array([1.0, -1.0])])[0])
    with arithmetic("mpmath", 80) as ar:
        x = np.array([ar.constant(Fraction(1)), ar.constant(Fraction(-1))], dtype=object)
        assert not ar.is_finite(BallArrays(ar).run(program, [x])[0][()])


@pytest.mark.parametrize("name", ["arb", "mpmath"])
def test_what_is_undefined_is_so_also_where_it_is_left_out(name):
    """A logarithm of -1 whose entry nobody takes, or that is put nowhere, leaves no entry defined; one of 1 does."""
    builder = ProgramBuilder([(2,)])
    logarithms = builder.unary("log", builder.input(0))
    left_out = [builder.take(logarithms, np.array([0, -1])), builder.put(logarithms, np.array([1, -1]), (2,))]
    program, ar = builder.program(left_out), arithmetic(name, 106)
    with ar:
        for last, defined in ((1.0, True), (-1.0, False)):
            point = np.array([ar.from_float(2.0), ar.from_float(last)], dtype=object)
            found = BallArrays(ar).run(program, [point])
            assert [ar.is_finite(ball) for array in found for ball in array] == [defined] * 4
