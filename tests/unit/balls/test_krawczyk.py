"""Krawczyk's test proves simple zeros, encloses them tightly, and never proves or takes what is not there."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from hallucert.balls import arithmetic
from hallucert.balls.krawczyk import (
    KrawczykOperator,
    approximate_preconditioner,
)
from hallucert.balls.zeros import contract, prove_zero
from hallucert.errors import ArgumentError
from hallucert.prove.locate import uniqueness_radius


def krawczyk_image(ar, g, dg, centre, preconditioner, radius):
    """Apply the operator once."""
    with ar:
        return KrawczykOperator(ar, g, dg, preconditioner).image(centre, radius)


def polynomial(ar, coefficients):
    """Return G, DG of one variable, from the coefficients in ascending order."""
    c = [ar.constant(Fraction(q)) for q in coefficients]
    n = len(c)

    def g(z):
        return [sum((c[k] * ar.power(z[0], k) for k in range(1, n)), c[0])]

    def dg(z):
        return [[sum((k * c[k] * ar.power(z[0], k - 1) for k in range(2, n)), c[1])]]

    return g, dg


def circle_and_line(ar):
    one, two = ar.constant(Fraction(1)), ar.constant(Fraction(2))
    return (
        lambda z: [z[0] * z[0] + z[1] * z[1] - one, z[0] - z[1]],
        lambda z: [[two * z[0], two * z[1]], [one, -one]],
    )


HALF_ROOT = Fraction("0.70710678118654752440084436210484903928483593768847")


def test_a_circle_meets_a_line_exactly_once_nearby(ar):
    """The zero (1, 1)/sqrt(2) is enclosed within 1e-15, and is the only one up to where the Jacobian is singular."""
    g, dg = circle_and_line(ar)
    found = prove_zero(ar, g, dg, [Fraction(0.7071067811865476)] * 2)
    assert found
    unique = uniqueness_radius(ar, g, dg, found, [Fraction(1)] * 2)
    for ball, centre, small, large in zip(found.box, found.centre, found.radius, unique, strict=True):
        assert ar.lower(ball) < HALF_ROOT < ar.upper(ball)
        assert abs(HALF_ROOT - centre) < small < Fraction(1, 10**15)
        # The other zero is at minus this one, and the Jacobian is singular where x + y = 0.
        assert Fraction(1, 4) < large < HALF_ROOT
    assert found.contraction < Fraction(1, 10**14)
    assert krawczyk_image(ar, g, dg, found.centre, found.preconditioner, unique).proved


def test_the_result_of_the_search_passes_the_test_by_itself(ar):
    """Both radii of a found zero pass the bare test with its own centre and preconditioner."""
    g, dg = circle_and_line(ar)
    found = prove_zero(ar, g, dg, [Fraction(0.7071067811865476)] * 2)
    for radius in (found.radius, uniqueness_radius(ar, g, dg, found, [Fraction(1)] * 2)):
        assert krawczyk_image(ar, g, dg, found.centre, found.preconditioner, radius).proved


def test_contraction_reaches_the_precision_and_keeps_the_zero(ar):
    """Contracted at 106 bits, the box of (1, 1)/sqrt(2) is less than 2**-98 wide and holds it."""
    g, dg = circle_and_line(ar)
    found = prove_zero(ar, g, dg, [Fraction(7, 10)] * 2)
    assert found
    for ball in contract(ar, g, dg, found.box):
        low, high = ar.endpoints(ball)
        assert low < HALF_ROOT < high and high - low < Fraction(1, 2**98)


def test_contraction_from_a_point_box_keeps_the_zero(ar):
    """The box [1/2, 1/2] of the zero of 4x^2 - 1 is not lost."""
    g, dg = polynomial(ar, [-1, 0, 4])  # 4 x^2 - 1, the zero 1/2 is a dyadic point
    (ball,) = contract(ar, g, dg, [ar.constant(Fraction(1, 2))])
    assert ar.lower(ball) <= Fraction(1, 2) <= ar.upper(ball)


def test_contraction_keeps_a_zero_near_the_edge_of_the_box(ar):
    """A zero 2**-40 inside the lower or the upper end of a box stays in a box 2**-90 wide."""
    g, dg = polynomial(ar, [Fraction(-1, 4), 0, 1])
    for low, high in ((Fraction(1, 2), Fraction(9, 10)), (Fraction(1, 10), Fraction(1, 2))):
        (ball,) = contract(ar, g, dg, [ar.interval(low - Fraction(1, 2**40), high + Fraction(1, 2**40))])
        assert ar.lower(ball) <= Fraction(1, 2) <= ar.upper(ball)
        assert ar.upper(ball) - ar.lower(ball) < Fraction(1, 2**90)


def test_contraction_of_a_box_without_a_zero_is_refused(ar):
    """[0.6, 0.7], which holds no zero of 4x^2 - 1, raises an error that names `box`."""
    g, dg = polynomial(ar, [-1, 0, 4])
    with pytest.raises(ArgumentError, match="box"):
        contract(ar, g, dg, [ar.interval(Fraction(6, 10), Fraction(7, 10))])


@pytest.mark.parametrize("offset", ["0", "1/1000000", "-1/1000", "1/2"])
def test_a_double_root_is_never_proved(ar, offset):
    """(x - 1)^2 is proved to have a single zero from no centre, radius or slope."""
    g, dg = polynomial(ar, [1, -2, 1])  # (x - 1)^2
    centre = [1 + Fraction(offset)]
    assert not prove_zero(ar, g, dg, centre)
    for exponent in range(1, 60, 6):
        for slope in (Fraction(1), Fraction(1, 100), Fraction(10**6)):
            radius = [Fraction(1, 2**exponent)]
            assert not krawczyk_image(ar, g, dg, centre, [[slope]], radius).proved


@pytest.mark.parametrize("hair", [Fraction(1, 2**30), Fraction(1, 2**90)])
def test_two_roots_a_hair_apart_are_never_proved_to_be_one(ar, hair):
    """Of roots 2h apart, h as small as 2**-90, one is proved, and never unique in a box that holds both."""
    g, dg = polynomial(ar, [-(hair**2), 0, 1])  # roots +-hair
    # The default floors, 2**-80 at the least, would be wider than the smaller gap.
    found = prove_zero(ar, g, dg, [hair], absolute_floor=hair / 2**60)
    assert found and uniqueness_radius(ar, g, dg, found, [Fraction(1)])[0] < 2 * hair
    for exponent in range(0, 100, 3):
        radius = hair * 2 + Fraction(1, 2**exponent)
        assert not krawczyk_image(ar, g, dg, [hair], [[1 / (2 * hair)]], [radius]).proved


@pytest.mark.parametrize("hair", [Fraction(1, 2**30), Fraction(1, 2**90)])
def test_a_near_miss_of_the_axis_is_never_proved(ar, hair):
    """x^2 + h^2, h as small as 2**-90, has no zero and none is proved from any centre."""
    g, dg = polynomial(ar, [hair**2, 0, 1])  # x^2 + hair^2 has no real root
    for centre in (Fraction(0), hair, -hair, Fraction(1, 10)):
        assert not prove_zero(ar, g, dg, [centre])


def test_the_image_must_lie_in_the_interior_not_touch_the_boundary(ar):
    """The image {1} proves nothing for [-1, 1] and proves the zero for a box 2**-20 larger."""
    # G(x) = x - 1 about 0 with C = 1: K(Z) = {1} for every box; [-1, 1] has it on its boundary.
    g, dg = polynomial(ar, [-1, 1])
    one = [[Fraction(1)]]
    assert not krawczyk_image(ar, g, dg, [Fraction(0)], one, [Fraction(1)]).proved
    assert krawczyk_image(ar, g, dg, [Fraction(0)], one, [1 + Fraction(1, 2**20)]).proved


def test_a_singular_preconditioner_proves_nothing(ar):
    """With the zero matrix, or one of rank 1, as preconditioner even a true zero is not proved."""
    g, dg = circle_and_line(ar)
    centre = [HALF_ROOT] * 2
    for c in ([[Fraction(0)] * 2] * 2, [[Fraction(1, 4), Fraction(1, 4)]] * 2):
        assert not krawczyk_image(ar, g, dg, centre, c, [Fraction(1, 10)] * 2).proved


def test_a_box_on_which_the_function_is_undefined_proves_nothing(ar):
    """Where log or its derivative is undefined on the box nothing is proved, and there is no image."""
    log = lambda z: [ar.log(z[0])]  # noqa: E731
    reciprocal = lambda z: [[ar.constant(Fraction(1)) / z[0]]]  # noqa: E731
    result = krawczyk_image(ar, log, reciprocal, [Fraction(1)], [[Fraction(1)]], [Fraction(2)])
    assert not result.proved and not result.image
    lying = lambda z: [[ar.constant(Fraction(1))]]  # a derivative with a larger domain than the function  # noqa: E731
    result = krawczyk_image(ar, log, lying, [Fraction(1)], [[Fraction(1)]], [Fraction(2)])
    assert not result.proved and not result.image
    assert prove_zero(ar, log, reciprocal, [Fraction(-1)]) is None
    assert prove_zero(ar, log, reciprocal, [Fraction(999, 1000)])


def test_a_singular_or_indeterminate_midpoint_has_no_preconditioner():
    """A singular matrix and NaN have no approximate inverse; that of 2 is exactly 1/2."""
    assert approximate_preconditioner(np.ones((2, 2))) is None
    assert approximate_preconditioner(np.array([[np.nan]])) is None
    assert approximate_preconditioner(np.array([[2.0]])) == [[Fraction(1, 2)]]


def test_coordinates_of_very_different_size_keep_radii_of_their_own(ar):
    """Zeros near 1e12 and 1e-12 are unique in half to three halves of their own scale."""
    # x^2 = 2 * 10^24 and y^2 = 2 * 10^-24, coupled weakly
    a, b = ar.constant(Fraction(2 * 10**24)), ar.constant(Fraction(2, 10**24))
    zero, two = ar.constant(Fraction(0)), ar.constant(Fraction(2))
    scale = [Fraction(10**12), Fraction(1, 10**12)]
    with mpmath.workprec(200):
        root = Fraction(str(mpmath.nstr(mpmath.sqrt(2), 50)))
    system = (lambda z: [z[0] * z[0] - a, z[1] * z[1] - b], lambda z: [[two * z[0], zero], [zero, two * z[1]]])
    found = prove_zero(
        ar,
        *system,
        [Fraction(1.4142e12), Fraction(1.4142e-12)],
    )
    assert found
    unique = uniqueness_radius(ar, *system, found, scale)
    for i in range(2):
        assert ar.lower(found.box[i]) < root * scale[i] < ar.upper(found.box[i])
        assert Fraction(1, 2) * scale[i] < unique[i] < Fraction(3, 2) * scale[i]


def test_the_cap_on_steps_of_the_search_is_kept(ar):
    """Four steps take four Jacobians at most, and without any the box is the one that was proved."""
    g, dg = circle_and_line(ar)
    calls = []
    counted = lambda z: calls.append(1) or dg(z)  # noqa: E731
    found = prove_zero(ar, g, dg, [Fraction(7, 10)] * 2)
    assert uniqueness_radius(ar, g, counted, found, [Fraction(1)] * 2, max_steps=4) >= found.radius
    assert 0 < len(calls) <= 4
    assert uniqueness_radius(ar, g, counted, found, [Fraction(1)] * 2, max_steps=0) == found.radius


def test_a_linear_system_is_unique_everywhere_up_to_the_cap(ar):
    """The zero of 3x - 1 is the only one at least up to a distance of 1000."""
    g, dg = polynomial(ar, [-1, 3])
    found = prove_zero(ar, g, dg, [Fraction(1, 3)])
    assert found and uniqueness_radius(ar, g, dg, found, [Fraction(1)])[0] > 1000


def test_wrong_shapes_are_refused_by_name(ar):
    """A radius 0, a scale below 0 and results of the wrong shape raise errors that name the argument."""
    g, dg = polynomial(ar, [-1, 3])
    one = [[Fraction(1)]]
    with pytest.raises(ArgumentError, match="radius"):
        krawczyk_image(ar, g, dg, [Fraction(0)], one, [Fraction(0)])
    with pytest.raises(ArgumentError, match="preconditioner"):
        krawczyk_image(ar, g, dg, [Fraction(0)], [[Fraction(1)] * 2], [Fraction(1)])
    with pytest.raises(ArgumentError, match="function"):
        krawczyk_image(ar, lambda z: z + z, dg, [Fraction(0)], one, [Fraction(1)])
    with pytest.raises(ArgumentError, match="jacobian"):
        krawczyk_image(ar, g, lambda z: [z + z], [Fraction(0)], one, [Fraction(1)])
    found = prove_zero(ar, g, dg, [Fraction(1, 3)])
    for shape in ([Fraction(-1)], [Fraction(1)] * 2):
        with pytest.raises(ArgumentError, match="shape"):
            uniqueness_radius(ar, g, dg, found, shape)


def test_fifty_dimensions(ar):
    """A symmetric cubic system in 50 variables has its zero, known to 60 digits, in the box that is proved."""
    # z_i + z_i^3 / 10 + (sum of z) / 100 = 1: by symmetry and monotony the zero has equal entries t, here to 60 digits.
    d = 50
    tenth, hundredth, one = (ar.constant(Fraction(1, n)) for n in (10, 100, 1))
    cube = ar.constant(Fraction(3, 10))

    def g(z):
        mean = sum(z[1:], z[0]) * hundredth
        return [x + tenth * ar.power(x, 3) + mean - one for x in z]

    def dg(z):
        return [[hundredth + (one + cube * ar.power(z[i], 2) if i == j else 0) for j in range(d)] for i in range(d)]

    with mpmath.workdps(60):
        t = mpmath.findroot(lambda s: s + s**3 / 10 + s / 2 - 1, 0.65)
        truth = Fraction(*map(int, mpmath.libmp.to_rational(t._mpf_)))
    found = prove_zero(ar, g, dg, [Fraction(float(truth))] * d)
    assert found and all(ar.lower(x) < truth < ar.upper(x) for x in found.box)
    assert min(uniqueness_radius(ar, g, dg, found, [Fraction(1)] * d, max_steps=9)) > Fraction(1, 10)


def test_a_function_that_overflows_on_large_boxes_is_proved_on_small_ones(ar):
    """exp(x) - 2 has its only zero at log 2; the search for the uniqueness box passes 2**15, where exp overflows."""

    def value(x):
        return [ar.exp(x[0]) - ar.constant(Fraction(2))]

    def jacobian(x):
        return [[ar.exp(x[0]) if ar.within(x[0], Fraction(0), Fraction(1)) else ar.indeterminate()]]

    found = prove_zero(ar, value, jacobian, [Fraction(69315, 100000)])
    assert found and ar.within(ar.log(ar.constant(Fraction(2))), *ar.endpoints(found.box[0]))
    assert uniqueness_radius(ar, value, jacobian, found, [Fraction(1)], (0.99, 1.0))[0] < Fraction(7, 10)


def square(ar, right):
    """``z^2 - right`` and its derivative."""
    c, two = ar.constant(Fraction(right)), ar.constant(Fraction(2))
    return (lambda z: [z[0] * z[0] - c]), (lambda z: [[two * z[0]]])


def test_a_wide_box_shrinks_to_the_precision(ar):
    """From [1/2, 1] around 1/sqrt(2), with one Jacobian."""
    g, dg = square(ar, "0.5")
    calls = []
    counted = lambda z: calls.append(1) or dg(z)  # noqa: E731
    operator = KrawczykOperator(ar, g, counted, [[Fraction(7, 10)]])
    result = operator.image([Fraction(3, 4)], [Fraction(1, 4)])
    (ball,) = operator.tighten(result, max_steps=60)
    low, high = ar.endpoints(ball)
    assert result.proved and low < HALF_ROOT < high and high - low < Fraction(1, 2**90)
    assert len(calls) == 1


def test_the_result_of_a_proof_gets_tighter(ar):
    """A box found at 53 bits is tightened at 106; both hold the zero."""
    coarse = arithmetic(ar.name, 53)
    with coarse:
        g, dg = square(coarse, "0.5")
        found = prove_zero(coarse, g, dg, [Fraction(0.7071067811865476)])
        ends = coarse.endpoints(found.box[0])
    operator = KrawczykOperator(ar, *square(ar, "0.5"), found.preconditioner)
    (ball,) = operator.tighten(operator.image(found.centre, found.radius))
    low, high = ar.endpoints(ball)
    assert ends[0] <= low < HALF_ROOT < high <= ends[1] and high - low < Fraction(1, 2**95)


def test_another_zero_is_not_taken(ar):
    """Nothing is evaluated outside of the box, to which a step may lead: what was proved stays."""
    g, dg = square(ar, "0.5")
    seen = []
    noted = lambda z: seen.append(z[0]) or g(z)  # noqa: E731
    operator = KrawczykOperator(ar, noted, dg, [[Fraction(7, 10)]])
    result = operator.image([Fraction(3, 4)], [Fraction(1, 4)])
    seen.clear()
    wide = replace(result, step=[ar.interval(Fraction(1, 99), Fraction(3))])  # its middle leads to -3/4
    (ball,) = operator.tighten(wide)
    low, high = ar.endpoints(ball)
    assert result.proved and low < HALF_ROOT < high
    assert all(ar.within(z, Fraction(1, 2), Fraction(1)) for z in seen)


def test_a_poor_preconditioner_keeps_the_zero(ar):
    """z - 1/8 with C = 1/16 goes a sixteenth of the way in one step: the zero is 16 steps off, and still enclosed."""
    eighth, one = ar.constant(Fraction(1, 8)), ar.constant(Fraction(1))
    operator = KrawczykOperator(ar, lambda z: [z[0] - eighth], lambda z: [[one]], [[Fraction(1, 16)]])
    result = operator.image([Fraction(0)], [Fraction(1)])
    (ball,) = result.around(ar, result.centre, result.step)
    assert result.proved and ar.within(eighth, *ar.endpoints(ball))
