"""Tanh networks in balls, against a small network in mpmath at 60 digits."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from network_strategies import networks

import hallucert as hc
from hallucert.balls import arithmetic

BACKENDS = ("arb", "mpmath")
DIGITS = 60


def rational(value):
    return mpmath.mpf(value.numerator) / value.denominator


def reference_outputs(f, x):
    """Outputs by plain loops over samples and units; `x` are mpmath numbers."""
    rows = []
    for sample in f.inputs:
        a, position = [mpmath.mpf(v) for v in sample], 0
        for number, (p, o) in enumerate(zip(f.layer_sizes, f.layer_sizes[1:], strict=False)):
            w, b = x[position : position + o * p], x[position + o * p : position + o * p + o]
            position += o * p + o
            z = [mpmath.fdot(w[i * p : (i + 1) * p], a) + b[i] for i in range(o)]
            a = [mpmath.tanh(v) for v in z] if number < len(f.layer_sizes) - 2 or f.output == "tanh" else z
        rows.append(a)
    return rows


def reference_value(f, x):
    n, c, total = len(f.inputs), f.layer_sizes[-1], mpmath.mpf(0)
    for i, o in enumerate(reference_outputs(f, x)):
        if f.loss == "squared":
            total += mpmath.fsum((a - mpmath.mpf(y)) ** 2 for a, y in zip(o, f.targets[i], strict=True)) / 2
        else:
            s = rational(f.label_smoothing)
            own = [(1 - s) * (j == f.targets[i]) + s / c for j in range(c)]
            total -= mpmath.fsum(
                t * mpmath.log(mpmath.exp(a) / mpmath.fsum(map(mpmath.exp, o))) for t, a in zip(own, o, strict=True)
            )
    return total / n + rational(f.weight_decay) / 2 * mpmath.fsum(v**2 for v in x)


def fraction(value):
    sign, man, exp, _ = value._mpf_
    return Fraction(-man if sign else man) * Fraction(2) ** exp


def assert_contains(ar, ball, value, slack):
    """The ball holds `value`, which is known to within `slack`."""
    low, high = ar.endpoints(ball)
    assert low - slack <= fraction(value) <= high + slack


def shifted(x, *moves):
    """`x` with some coordinates moved."""
    result = list(x)
    for i, h in moves:
        result[i] = result[i] + h
    return result


@settings(max_examples=12, deadline=None)
@given(networks(lanes=1))
def test_enclosures_contain_the_values_at_60_digits(case):
    """Value, gradient and Hessian enclosures at a point contain central differences at 60 digits, in both arithmetics.

    With step 1e-15 a central difference errs by about 1e-30 times a third or fourth derivative (which is below 1e6
    here), rounding by 1e-60/1e-30: the slack of 1e-22 is far below any mistake in a formula.
    """
    f, lanes = case
    slack = Fraction(1, 10**22)
    with mpmath.workdps(DIGITS):
        x, h = [mpmath.mpf(v) for v in lanes[0]], mpmath.mpf(10) ** -15
        d = f.dimension

        def value(*moves):
            return reference_value(f, shifted(x, *moves))

        middle = value()
        up, down = [value((i, h)) for i in range(d)], [value((i, -h)) for i in range(d)]
        pairs = [(0, d - 1), (d // 2, d // 2), (0, d // 2), (d // 2, d - 1), (d - 1, d - 1)]
        for backend in BACKENDS:
            ar = arithmetic(backend, 212)
            with ar:
                balls = [ar.constant(Fraction(v)) for v in lanes[0]]
                assert_contains(ar, f.enclose_value(ar, balls), middle, Fraction(1, 10**55))
                for i, ball in enumerate(f.enclose_gradient(ar, balls)):
                    assert_contains(ar, ball, (up[i] - down[i]) / (2 * h), slack)
                hessian = f.enclose_hessian(ar, balls)
            assert all(hessian[i][j] is hessian[j][i] for i in range(d) for j in range(i))
            for i, j in pairs:
                if i == j:
                    second = (up[i] - 2 * middle + down[i]) / h**2
                else:
                    second = (
                        value((i, h), (j, h))
                        - value((i, h), (j, -h))
                        - value((i, -h), (j, h))
                        + value((i, -h), (j, -h))
                    ) / (4 * h**2)
                assert_contains(ar, hessian[i][j], second, slack)


@settings(max_examples=12, deadline=None)
@given(networks(residual_form=True, lanes=1))
def test_residual_enclosures_contain_the_values_at_60_digits(case):
    """Residuals and their Jacobian, sample by sample, in both arithmetics."""
    f, lanes = case
    with mpmath.workdps(DIGITS):
        x, h = [mpmath.mpf(v) for v in lanes[0]], mpmath.mpf(10) ** -15

        def residual(*moves):
            rows = reference_outputs(f, shifted(x, *moves))
            return [
                o - mpmath.mpf(y) for row, ys in zip(rows, f.targets, strict=True) for o, y in zip(row, ys, strict=True)
            ]

        middle = residual()
        columns = [
            [(a - b) / (2 * h) for a, b in zip(residual((k, h)), residual((k, -h)), strict=True)]
            for k in range(f.dimension)
        ]
        for backend in BACKENDS:
            ar = arithmetic(backend, 212)
            with ar:
                balls = [ar.constant(Fraction(v)) for v in lanes[0]]
                enclosed, jacobian = f.enclose_residual(ar, balls), f.enclose_residual_jacobian(ar, balls)
            for i, value in enumerate(middle):
                assert_contains(ar, enclosed[i], value, Fraction(1, 10**55))
                for k in range(f.dimension):
                    assert_contains(ar, jacobian[i][k], columns[k][i], Fraction(1, 10**22))


@settings(max_examples=15, deadline=None)
@given(networks(lanes=1))
def test_enclosures_of_boxes_contain_the_floats_inside(case):
    """On a box of width 0.02 every enclosure contains the float values at points of the box, up to their rounding."""
    f, lanes = case
    generator = np.random.default_rng(0)
    inside = lanes[0] + generator.uniform(-0.01, 0.01, (5, f.dimension))
    wanted = (f.value(inside), f.gradient(inside), f.hessian(inside))
    for backend in BACKENDS:
        ar = arithmetic(backend, 53)
        with ar:
            box = [ar.interval(Fraction(v) - Fraction(1, 100), Fraction(v) + Fraction(1, 100)) for v in lanes[0]]
            answers = (f.enclose_value(ar, box), f.enclose_gradient(ar, box), f.enclose_hessian(ar, box))
        for balls, values in zip(answers, wanted, strict=True):
            flat = np.array(balls, dtype=object).reshape(-1)
            ends = np.array([[float(e) for e in ar.endpoints(ball)] for ball in flat])
            values = values.reshape(5, -1)
            rounding = 1e-11 * (1 + np.abs(values))
            assert (ends[:, 0] <= values + rounding).all() and (values - rounding <= ends[:, 1]).all()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_indeterminate_parameters_give_indeterminate_answers(backend, loss):
    """A parameter about which nothing is known leaves value and gradient indeterminate, never a finite guess."""
    f = hc.TanhNetwork((1, 2, 2), [[1.0]], [[0.0, 1.0]] if loss == "squared" else [1], loss=loss)
    ar = arithmetic(backend, 53)
    with ar:
        x = [ar.constant(Fraction(1))] * f.dimension
        x[0] = ar.indeterminate()
        assert not ar.is_finite(f.enclose_value(ar, x))
        assert not any(ar.is_finite(g) for g in f.enclose_gradient(ar, x))


def test_cross_entropy_of_far_outputs_is_tight():
    """Outputs 1000 apart: the loss is 1000 to within 1e-400, where naive exponentials lose everything."""
    f = hc.TanhNetwork((1, 2), [[1.0]], [0], loss="cross_entropy")
    for backend in BACKENDS:
        ar = arithmetic(backend, 106)
        with ar:
            ball = f.enclose_value(ar, [ar.constant(Fraction(v)) for v in (0, 1000, 0, 0)])
        low, high = ar.endpoints(ball)
        assert low <= 1000 <= high and high - low < Fraction(1, 2**90)


@pytest.mark.parametrize("backend", BACKENDS)
def test_answers_do_not_depend_on_what_was_asked_before(backend):
    """Runs that are kept are used for the same box in the same arithmetic only: any order of questions agrees."""

    def network():
        return hc.TanhNetwork((1, 2, 1), [[1.0], [2.0]], [1.0, -1.0])

    f, low, high = network(), arithmetic(backend, 53), arithmetic(backend, 212)
    points = network().initial(0, count=3)
    for ar in (low, high, low):
        for point in points[[0, 1, 0, 2, 0]]:
            with ar:
                x = [ar.constant(Fraction(v)) for v in point]
                again, fresh = f.enclose_gradient(ar, x), network().enclose_gradient(ar, x)
                assert [ar.endpoints(g) for g in again] == [ar.endpoints(g) for g in fresh]
                assert ar.endpoints(f.enclose_value(ar, x)) == ar.endpoints(network().enclose_value(ar, x))


def test_the_same_balls_in_a_finer_arithmetic_are_run_again():
    """A question at 212 bits is not answered from a run at 53 bits on the very same balls."""
    f, low, high = hc.TanhNetwork((1, 2, 1), [[1.0]], [1.0]), arithmetic("arb", 53), arithmetic("arb", 212)
    x = [low.constant(Fraction(v)) for v in f.initial(0)]
    widths = []
    for ar in (low, high):
        with ar:
            ends = ar.endpoints(f.enclose_value(ar, x))
        widths.append(ends[1] - ends[0])
    assert widths[1] < widths[0] / 2**100


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("size", [1e2, 1e4, 1e7])
def test_cross_entropy_of_large_weights_is_enclosed(backend, classes, size):
    """Outputs up to 1e8 apart: value and derivatives are finite and hold the reference; probabilities underflow."""
    rng = np.random.default_rng(3)
    inputs, labels = rng.normal(size=(4, 2)), rng.integers(0, classes, 4)
    f = hc.TanhNetwork((2, 5, classes), inputs, labels, loss="cross_entropy", label_smoothing="0.1")
    x = rng.normal(size=f.dimension) * size
    with arithmetic(backend, 106) as ar, mpmath.workdps(DIGITS):
        balls = [ar.from_float(v) for v in x]
        reference = reference_value(f, [mpmath.mpf(v) for v in x])
        value = f.enclose_value(ar, balls)
        low, high = ar.endpoints(value)
        assert_contains(ar, value, reference, fraction(reference) / 10**45)
        assert high - low < fraction(reference) / 10**25
        gradient = f.enclose_gradient(ar, balls)
        assert ar.all_finite([gradient]) and ar.all_finite(f.enclose_hessian(ar, balls))
        for i in (0, f.dimension - 1):
            ahead = [mpmath.mpf(v) + (j == i) * mpmath.mpf(10) ** -15 for j, v in enumerate(x)]
            slope = (reference_value(f, ahead) - reference) * mpmath.mpf(10) ** 15
            assert_contains(ar, gradient[i], slope, Fraction(1, 10**9))
