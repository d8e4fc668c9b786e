"""The facade answers each question as its table says, in both backends."""

from __future__ import annotations

import math
import subprocess
import sys
from fractions import Fraction

import flint
import mpmath
import pytest

from hallucert.balls import arithmetic
from hallucert.balls.facade import EXP_LIMIT, SIZE_LIMIT
from hallucert.errors import ArgumentError

THIRD = Fraction(1, 3)
FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tanh", "erf", "softplus")


@pytest.mark.parametrize("backend", ["flint", "iv", "", None])
def test_unknown_backends_are_refused(backend):
    """A name that is neither "arb" nor "mpmath" raises an error that names `backend`."""
    with pytest.raises(ArgumentError, match="backend"):
        arithmetic(backend, 106)


@pytest.mark.parametrize("precision", [29, 100_001, 53.0, "53", True])
def test_precisions_outside_the_range_are_refused(precision):
    """29 and 100001 bits, a float, a text and True raise an error that names `precision`."""
    with pytest.raises(ArgumentError, match="precision"):
        arithmetic("arb", precision)


def test_the_factory_is_cached_and_names_its_library(ar):
    """Asking twice for 106 bits gives one object, whose version begins with the name of its library."""
    assert arithmetic(ar.name, 106) is ar
    assert ar.version.startswith({"arb": "python-flint ", "mpmath": "mpmath "}[ar.name])


def test_blocks_set_the_process_precision_and_restore_it_when_nested_and_after_an_error():
    """Each block has its own precision inside, and the process has its old one after it, errors or not."""
    before = flint.ctx.prec
    a, b = arithmetic("arb", 80), arithmetic("arb", 200)
    with a, b:
        with a:
            assert flint.ctx.prec == 80
        assert flint.ctx.prec == 200
    with pytest.raises(KeyError), a:
        raise KeyError
    assert flint.ctx.prec == before


def test_importing_the_package_loads_no_backend():
    """`import hallucert.balls` in a fresh process loads neither flint nor mpmath, scipy, numba or sympy."""
    code = "import sys, hallucert.balls; assert not {'flint', 'mpmath', 'scipy', 'numba', 'sympy'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-W", "error", "-c", code]).returncode == 0


def test_one_backend_does_not_load_the_other():
    """A process that asks for one arithmetic does not load the library of the other."""
    for name, other in (("arb", "mpmath"), ("mpmath", "flint")):
        code = f"import sys, hallucert.balls as b; b.arithmetic('{name}'); assert '{other}' not in sys.modules"
        assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("value", [Fraction(0), THIRD, Fraction(-22, 7), Fraction(10**60 + 1, 3), Fraction(2) ** -400])
def test_a_constant_contains_its_value_tightly(ar, value):
    """The ball of a rational, huge, tiny or 0, holds it and is at most 2**-103 of it wide."""
    low, high = ar.endpoints(ar.constant(value))
    assert low <= value <= high
    assert high - low <= abs(value) * Fraction(2) ** -103


def test_a_dyadic_constant_is_a_point(ar):
    """The ball of 3/8 is exactly [3/8, 3/8]."""
    assert ar.endpoints(ar.constant(Fraction(3, 8))) == (Fraction(3, 8), Fraction(3, 8))


def test_an_interval_contains_its_ends_tightly(ar):
    """The ball of [-1/3, 22/7] holds both ends and is wider by less than one part in 2**28."""
    low, high = ar.endpoints(ar.interval(-THIRD, Fraction(22, 7)))
    assert low <= -THIRD and high >= Fraction(22, 7)
    assert high - low < (Fraction(22, 7) + THIRD) * (1 + Fraction(1, 2**28))


def test_a_reversed_interval_is_refused(ar):
    """An interval whose lower end is above the upper by 2**-300 raises an error that names `lower`."""
    with pytest.raises(ArgumentError, match="lower"):
        ar.interval(Fraction(1), Fraction(1) - Fraction(1, 2**300))


def domain_failures(ar):
    zero, around = ar.constant(Fraction(0)), ar.interval(Fraction(-1), Fraction(1))
    touching = ar.interval(Fraction(0), Fraction(1))
    minus, one = ar.constant(Fraction(-2)), ar.constant(Fraction(1))
    yield from ((f"log {x}", ar.log(x)) for x in (zero, around, minus))
    yield from ((f"sqrt {x}", ar.sqrt(x)) for x in (zero, around, touching, minus))
    yield from ((f"rpow {x}", ar.real_power(x, q)) for x in (zero, around, minus) for q in (THIRD, Fraction(2)))
    yield from ((f"div {x}", one / x) for x in (zero, around, touching))
    yield from ((f"div0 {x}", zero / x) for x in (zero, around, touching))
    yield from ((f"pow {x}", ar.power(x, n)) for x in (zero, around, touching) for n in (-1, -2))
    yield "exp", ar.exp(ar.constant(Fraction(10**10)))
    yield "given", ar.indeterminate()


def test_outside_the_domain_the_result_is_indeterminate_and_every_predicate_is_false(ar):
    """An indeterminate ball has no sign, lies in nothing, holds nothing, and has no number to give."""
    one = ar.constant(Fraction(1))
    for what, ball in domain_failures(ar):
        assert not ar.is_finite(ball), what
        assert not (ar.positive(ball) or ar.negative(ball) or ar.nonzero(ball)), what
        assert not ar.within(ball, Fraction(-(10**9)), Fraction(10**9)), what
        assert math.isnan(ar.approximate(ball)), what
        for method in (ar.lower, ar.upper, ar.midpoint, ar.magnitude, ar.endpoints):
            with pytest.raises(ArgumentError):
                method(ball)
        with pytest.raises(ArgumentError):
            ar.absolute_sum([one, ball])


def test_indeterminate_is_sticky_through_every_operation(ar):
    """No operation makes a finite ball of an indeterminate one, not even a product with 0."""
    zero, one = ar.constant(Fraction(0)), ar.constant(Fraction(1))
    for what, ball in domain_failures(ar):
        results = [
            ball + one,
            one - ball,
            ball * one,
            ball * zero,
            zero * ball,
            ball - ball,
            ball / one,
            one / ball,
            -ball,
        ]
        results += [getattr(ar, name)(ball) for name in FUNCTIONS]
        results += [ar.power(ball, n) for n in (0, 1, 2, -2)] + [ar.real_power(ball, q) for q in (THIRD, Fraction(0))]
        results += [ar.hull(ball, one), ar.hull(one, ball), ar.dot([zero, ball], [zero, zero])]
        results += [ar.matrix_product([[zero] * 6], [[zero]] * 5 + [[ball]])[0][0]]
        assert not any(map(ar.is_finite, results)), (what, [ar.is_finite(r) for r in results])


def test_the_matrix_product_keeps_determinate_entries_beside_indeterminate_ones_true(ar):
    """One indeterminate entry spoils its row of a product, and the other rows stay exact."""
    zero, one = ar.constant(Fraction(0)), ar.constant(Fraction(1))
    bad = [[ar.indeterminate() if (i, j) == (0, 0) else one for j in range(6)] for i in range(6)]
    product = ar.matrix_product(bad, [[zero if i else one for _ in range(6)] for i in range(6)])
    assert not ar.is_finite(product[0][3]) and ar.endpoints(product[1][3]) == (1, 1)


def test_huge_numbers_neither_hang_nor_pass_for_finite(ar):
    """exp(EXP_LIMIT/2) to the power 10000**4 is not finite, has no sign, and no function makes it finite."""
    x = ar.exp(ar.constant(Fraction(EXP_LIMIT // 2)))
    assert ar.is_finite(x) and ar.positive(x)
    for _ in range(4):
        x = ar.power(x, 10_000)
    assert not ar.is_finite(x) and not ar.positive(x)
    assert not any(ar.is_finite(getattr(ar, name)(x)) for name in FUNCTIONS)


def test_tiny_numbers_have_outward_endpoints_of_limited_size(ar):
    """exp(-EXP_LIMIT/2)**(10000**4) is positive, with ends around it of about SIZE_LIMIT bits at most."""
    x = ar.exp(ar.constant(Fraction(-EXP_LIMIT // 2)))
    for _ in range(4):
        x = ar.power(x, 10_000)
    low, high = ar.endpoints(x)
    assert low <= 0 < high or low < 0 <= high
    assert max(abs(low), high).denominator.bit_length() <= SIZE_LIMIT + 2
    assert ar.positive(x) and not ar.is_finite(ar.constant(Fraction(1)) / x)


def test_points_too_small_to_be_written_are_between_their_ends(ar):
    """2**-200000 is a point and exact; its ends are written as multiples of 2**-SIZE_LIMIT, on its two sides."""
    x, unit = ar.power(ar.constant(Fraction(1, 2)), 200_000), Fraction(1, 2**SIZE_LIMIT)
    assert ar.positive(x) and ar.negative(-x)
    assert (ar.endpoints(x), ar.endpoints(-x)) == ((0, unit), (-unit, 0))


def test_exp_is_finite_up_to_its_limit(ar):
    """exp is finite one below EXP_LIMIT and indeterminate one above."""
    assert ar.is_finite(ar.exp(ar.constant(Fraction(EXP_LIMIT - 1))))
    assert not ar.is_finite(ar.exp(ar.constant(Fraction(EXP_LIMIT + 1))))


def test_sine_and_cosine_of_huge_arguments_stay_between_minus_one_and_one(ar):
    """At 2**5000, 10**100 and close to the size limit sine and cosine stay in [-1, 1] up to 2**-20."""
    for argument in (Fraction(2) ** 5000, Fraction(10) ** 100, Fraction(2) ** (SIZE_LIMIT * 7 // 8)):
        for f in (ar.sin, ar.cos):
            low, high = ar.endpoints(f(ar.constant(argument)))
            assert low >= -1 - Fraction(1, 2**20) and high <= 1 + Fraction(1, 2**20)


def test_predicates_are_strict_at_zero_and_certain_only(ar):
    """A ball that holds or touches 0 has no sign; 2**-900 is positive and its negative is negative."""
    zero, touching = ar.constant(Fraction(0)), ar.interval(Fraction(0), Fraction(1))
    around, hair = ar.interval(Fraction(-1), Fraction(1)), ar.constant(Fraction(1, 2**900))
    for ball in (zero, touching, around):
        assert not (ar.positive(ball) or ar.negative(ball) or ar.nonzero(ball))
    assert ar.positive(hair) and ar.nonzero(hair) and not ar.negative(hair)
    assert ar.negative(-hair) and ar.nonzero(-hair) and not ar.positive(-hair)


def test_containment_compares_exact_endpoints(ar):
    """An end of a ball lies within its ends; 2**-100 beyond it is outside, and before it inside."""
    unit = ar.interval(Fraction(-1), Fraction(1))
    low, high = ar.endpoints(unit)
    point, hair = ar.constant(high), Fraction(1, 2**100)
    assert ar.endpoints(point) == (high, high)
    assert ar.within(unit, *ar.endpoints(unit))
    for end in (point, ar.constant(low)):
        assert ar.within(end, *ar.endpoints(unit))
    assert not ar.within(ar.constant(high + hair), *ar.endpoints(unit)) and not ar.within(
        ar.constant(low - hair), *ar.endpoints(unit)
    )
    assert ar.within(ar.constant(high - hair), low, high) and ar.within(ar.constant(low + hair), low, high)
    assert not ar.within(unit, *ar.endpoints(point))


def test_lying_within_exact_bounds_is_not_confused_by_outward_rounding(ar):
    """The ball of 1/3 does not lie within bounds that end at 1/3, and 1/2 does within [1/2, 1/2]."""
    third, hair = Fraction(1, 3), Fraction(1, 2**30)
    ball = ar.constant(third)
    assert not ar.within(ball, third, Fraction(1)) and not ar.within(ball, Fraction(0), third)
    assert ar.within(ball, third - hair, third + hair)
    assert ar.within(ar.constant(Fraction(1, 2)), Fraction(1, 2), Fraction(1, 2))
    assert not ar.within(ar.indeterminate(), Fraction(-(2**100)), Fraction(2**100))


def test_hull_and_intersection(ar):
    """Of [0, 2] and [1, 3] they are [0, 3] and [1, 2], tightly; disjoint balls have no intersection."""
    a, b = ar.interval(Fraction(0), Fraction(2)), ar.interval(Fraction(1), Fraction(3))
    low, high = ar.endpoints(ar.hull(a, b))
    assert low <= 0 and high >= 3 and high - low < Fraction(31, 10)
    low, high = ar.endpoints(ar.intersection(a, b))
    assert low <= 1 and high >= 2 and high - low < Fraction(11, 10)
    assert ar.intersection(a, ar.constant(Fraction(5, 2))) is None
    touch = ar.intersection(ar.interval(Fraction(0), Fraction(1)), ar.interval(Fraction(1), Fraction(2)))
    assert touch is not None and ar.endpoints(touch)[0] <= 1 <= ar.endpoints(touch)[1]
    assert ar.intersection(ar.indeterminate(), a) is a and ar.intersection(a, ar.indeterminate()) is a


def test_midpoint_centre_magnitude_and_absolute_sum(ar):
    """Of [-3, 1] the midpoint is -1 and the magnitude 3; absolute sums are upper bounds within 2**-25."""
    a, b = ar.interval(Fraction(-3), Fraction(1)), ar.constant(THIRD)
    assert ar.midpoint(a) == -1 and 3 <= ar.magnitude(a) < 3 + Fraction(1, 2**25) and ar.approximate(a) == -1.0
    centre = ar.endpoints(ar.centre(b))
    assert centre[0] == centre[1] and abs(centre[0] - THIRD) < Fraction(1, 2**100)
    total = ar.absolute_sum([a, b, -b])
    assert 3 + 2 * THIRD <= total < 3 + 2 * THIRD + Fraction(1, 2**25)
    assert ar.absolute_sum([]) == 0


@pytest.mark.parametrize(("exponent", "low", "high"), [(2, 0, 9), (3, -27, 8), (4, 0, 81), (1, -3, 2), (0, 1, 1)])
def test_powers_are_tight_on_wide_balls_around_zero(ar, exponent, low, high):
    """[-3, 2] to the powers 0 to 4 is its exact range, 2**-20 wider at most: even powers begin at 0."""
    got = ar.endpoints(ar.power(ar.interval(Fraction(-3), Fraction(2)), exponent))
    slack = Fraction(1, 2**20)
    assert low - slack <= got[0] <= low and high <= got[1] <= high + slack


def test_negative_powers_are_tight_on_wide_balls(ar):
    """[1, 2] to the power -2 is [1/4, 1], 2**-20 wider at most."""
    got = ar.endpoints(ar.power(ar.interval(Fraction(1), Fraction(2)), -2))
    assert Fraction(1, 4) - Fraction(1, 2**20) < got[0] <= Fraction(1, 4) and 1 <= got[1] < 1 + Fraction(1, 2**20)


def test_exp_keeps_its_sign_on_a_wide_ball(ar):
    """exp of [-4, 4] is certainly positive, although a ball around its midpoint need not be."""
    assert ar.positive(ar.exp(ar.interval(Fraction(-4), Fraction(4))))


def test_tanh_of_a_wide_ball_stays_within_its_range(ar):
    """tanh of [-50, 1] lies between -1 and 0.77, up to 2**-20."""
    low, high = ar.endpoints(ar.tanh(ar.interval(Fraction(-50), Fraction(1))))
    assert -1 - Fraction(1, 2**20) < low and high < Fraction(77, 100)


def test_pi_is_between_archimedes_bounds_and_near_the_60_digit_value(ar):
    """pi lies between 223/71 and 22/7, in a ball 2**-100 wide that holds its 60 known digits."""
    low, high = ar.endpoints(ar.pi())
    assert Fraction(223, 71) < low < high < Fraction(22, 7)
    sixty = Fraction("3.14159265358979323846264338327950288419716939937510582097494")
    assert low < sixty < high and high - low < Fraction(1, 2**100)


def test_products_match_exact_rational_arithmetic(ar):
    """Each entry of a 5 by 7 times 7 by 4 product of rationals is enclosed within 2**-90."""
    rows = [[Fraction(i - 2 * j, 7) for j in range(7)] for i in range(5)]
    columns = [[Fraction(3 * i + j, 11) for j in range(4)] for i in range(7)]
    product = ar.matrix_product([list(map(ar.constant, r)) for r in rows], [list(map(ar.constant, r)) for r in columns])
    for i in range(5):
        for j in range(4):
            low, high = ar.endpoints(product[i][j])
            truth = sum(rows[i][k] * columns[k][j] for k in range(7))
            assert low <= truth <= high and high - low < Fraction(1, 2**90)


def test_dot_of_vectors_of_different_length_is_refused(ar):
    """The dot product of one entry with two raises an ArgumentError."""
    with pytest.raises(ArgumentError):
        ar.dot([ar.pi()], [ar.pi(), ar.pi()])


def test_integers_mix_with_balls_from_both_sides(ar):
    """The four operations between a ball and an int, in either order, and `sum` of balls are exact."""
    x = ar.constant(Fraction(4))
    assert [ar.endpoints(v)[0] for v in (1 + x, x + 1, 1 - x, x - 1, 3 * x, x * 3, 8 / x, x / 8, sum([x, x]))] == [
        5, 5, -3, 3, 12, 12, 2, Fraction(1, 2), 8,
    ]  # fmt: skip


def test_high_precision_delivers(ar):
    """With 2000 bits the ball of e is 2**-1990 wide and holds e."""
    with arithmetic(ar.name, 2000) as precise:
        low, high = precise.endpoints(precise.exp(precise.constant(Fraction(1))))
    mpmath_e = Fraction(*mpmath.libmp.to_rational(mpmath.libmp.mpf_e(2100, "d")))
    assert low < mpmath_e + Fraction(1, 2**2090) and high > mpmath_e and high - low < Fraction(1, 2**1990)


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_results_outside_a_block_are_true_all_the_same(backend):
    """1/3 computed outside of any block lies strictly between its bounds."""
    ar = arithmetic(backend, 300)
    third = ar.constant(Fraction(1)) / ar.constant(Fraction(3))
    assert ar.lower(third) < THIRD < ar.upper(third)


def test_hulls_and_products_of_nothing(ar):
    """The hull of disjoint balls, in both orders, has the outer ends; without entries there is no inner product."""
    a, b = ar.interval(Fraction(0), Fraction(1)), ar.interval(Fraction(2), Fraction(3))
    for hull in (ar.hull(a, b), ar.hull(b, a)):
        low, high = ar.endpoints(hull)
        assert low <= 0 and high >= 3 and high - low < Fraction(31, 10)
    with pytest.raises(ArgumentError):
        ar.dot([], [])


def test_the_range_of_precisions_and_the_default():
    """30 and 100,000 bits are taken, 106 by default; a list is no name of a backend."""
    assert [arithmetic("mpmath", bits).precision for bits in (30, 100_000)] == [30, 100_000]
    assert arithmetic().precision == 106
    with pytest.raises(ArgumentError):
        arithmetic(["arb"])
