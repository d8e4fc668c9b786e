"""What bounds of roundings are made of, and arrays from other arithmetics, number by number."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad, MidRadArithmetic, functions, norms, rounding
from hallucert.balls.midrad.rounding import LONGEST, UNIT, UP, blocked_product, doubles, gamma
from hallucert.errors import ArgumentError, DomainError


def test_gamma_is_above_its_definition_up_to_a_limit() -> None:
    """``n u/(1 - n u)``, for sums of at most 2^25 numbers."""
    assert LONGEST == 2**25 and Fraction(UP) == 1 + Fraction(1, 2**47)
    for n in (0, 1, 100, LONGEST):
        exact = n * Fraction(UNIT) / (1 - n * Fraction(UNIT))
        assert exact <= Fraction(gamma(n)) <= exact + 3 * Fraction(UNIT)
    with pytest.raises(ArgumentError, match="at most 33554432"):
        gamma(LONGEST + 1)


def test_numbers_are_finite_doubles_or_integers_that_are() -> None:
    """Up to 2^53; an empty array of integers is none."""
    assert doubles(np.array([2**53, -(2**53)]), "a").dtype == doubles(np.zeros(0), "a").dtype == np.float64
    for wrong in (
        np.zeros(0, int),
        np.array([2**53 + 1]),
        np.array([-(2**53) - 1]),
        np.array([np.nan]),
        np.array(["1"]),
        np.array([True]),
    ):
        with pytest.raises(ArgumentError, match="finite doubles"):
            doubles(wrong, "a")


@pytest.mark.parametrize(("shape", "depth"), [((2, 300, 5), 5), ((3, 128), 128), ((2, 129), 130), ((2, 400), 132)])
def test_products_go_through_so_many_roundings(shape: tuple[int, ...], depth: int) -> None:
    """Blocks of 128 along the inner axis, and one for each block that is added."""
    rng = np.random.default_rng(1)
    a, b = rng.integers(-9, 9, shape) * 1.0, rng.integers(-9, 9, (shape[-1], 2)) * 1.0
    product, found = blocked_product(a, b)
    assert (product == a @ b).all() and found == depth


@pytest.mark.parametrize("name", ["arb", "mpmath"])
def test_balls_of_other_arithmetics_are_enclosed_tightly(name: str) -> None:
    """Both ends of each, and hardly more; one that is indeterminate is refused."""
    ends = [[(1, 2), (-3, -3)], [(Fraction(1, 3), Fraction(1, 3)), (-1, 1)]]
    with arithmetic(name, 106) as ar:
        balls = [[ar.interval(Fraction(low), Fraction(high)) for low, high in row] for row in ends]
        found = MidRad.from_balls(ar, balls)
        for place in np.ndindex(2, 2):
            low, high = map(Fraction, ends[place[0]][place[1]])
            mid, rad = Fraction(float(found.mid[place])), Fraction(float(found.rad[place]))
            assert mid - rad <= low and high <= mid + rad <= high + Fraction(1, 2**28) and low - (mid - rad) < 1e-8
        with pytest.raises(DomainError):
            MidRad.from_balls(ar, [ar.indeterminate()])


def test_what_arb_leaves_between_a_ball_and_its_double_is_charged() -> None:
    """1/3 and its double are apart, and the radius says so; so does that of a double, which has none."""
    with arithmetic("arb", 200) as ar:
        found = MidRad.from_balls(ar, [ar.constant(Fraction(1, 3)), ar.constant(Fraction(1, 2))])
    apart = abs(Fraction(float(found.mid[0])) - Fraction(1, 3))
    assert 0 < apart <= Fraction(float(found.rad[0])) < apart * (1 + Fraction(1, 2**40)) and 0 < found.rad[1] < 1e-200


def test_numbers_stand_on_either_side() -> None:
    """Sums and differences of an array and a number, from the left and from the right."""
    a = MidRad(np.array([1.0, 2.0]), 0.25)
    for found, mid in ((5 + a, [6, 7]), (a + 5, [6, 7]), (5 - a, [4, 3]), (a - 5, [-4, -3])):
        assert found.mid.tolist() == mid and (abs(found.rad - 0.25) < 1e-12).all()
    ar = MidRadArithmetic()
    assert ar.array(a) is a and ar.array([1.0], [0.5]).rad.tolist() == [0.5] and not ar.array([1.0]).rad.any()


@pytest.mark.parametrize("name", ["log", "sqrt"])
def test_every_entry_has_to_be_positive(name: str) -> None:
    """Also after others that are, and by its radius; from 2^-1000 on."""
    function = getattr(functions, name)
    function(MidRad(np.array([1.0, 2.0**-999])))
    for second, radius in ((0.0, 0.0), (-1.0, 0.0), (1.0, 1.0), (2.0**-1001, 0.0)):
        with pytest.raises(DomainError, match=name):
            function(MidRad(np.array([1.0, second]), np.array([0.0, radius])))


def test_a_bound_that_is_rounded_is_never_too_small() -> None:
    """``u |mid|`` and the parts, each of which may be 2^-1074, or nothing."""
    assert (rounding.rounded(np.zeros(2), None, np.array([5e-324, 0.0])) > 0).all()
    found = rounding.rounded(np.array([3.0]), np.array([0.5]), np.array([0.25]))
    assert Fraction(3, 4) + 3 * Fraction(UNIT) <= Fraction(found.item()) < Fraction(3, 4) + Fraction(1, 2**40)


def test_sizes_of_points_are_exact_and_bounds_of_products_positive() -> None:
    """Of balls the sizes are rounded up; a product of what may have underflowed is not taken for 0."""
    values = np.array([1.0, -(2.0**-1074), 1 / 3])
    assert MidRad(values).magnitude().tolist() == np.abs(values).tolist()
    assert (MidRad(values, 0.25).magnitude() > np.abs(values) + 0.25).all()
    assert (norms.matrix_vector_upper(np.zeros((2, 2)), np.ones(2)) > 0).all()
