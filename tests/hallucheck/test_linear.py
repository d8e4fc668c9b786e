"""The second checker's linear algebra against matrices of rational numbers whose inverses and eigenvalues are known."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from hallucheck.arithmetic.interval import ONE, TWO, ZERO, Undefined, ball, exact, hull, total, working_precision
from hallucheck.arithmetic.linear import Vector, diagonal, identity, matrix_of, norm, outer
from hallucheck.arithmetic.norms import frobenius, is_at_most, is_positive_definite, spectral_norm
from hallucheck.arithmetic.spectrum import Spectrum, least_singular_value, spectrum
from hallucheck.points.krawczyk import only_zero

BASIS, BACK = ((1, 2, 0), (0, 1, 1), (1, 3, 2)), ((-1, -4, 2), (1, 2, -1), (-1, -1, 1))
"""A matrix and its inverse."""
EIGENVALUES = (
    ((3, 0, 0), (0, 5, 0), (0, 0, 7)),
    ((-3, 0, 0), (0, 2, -1), (0, 1, 2)),  # 2 +- i
    ((9, 0, 0), (0, -1, -2), (0, 2, -1)),  # -1 +- 2i
    ((2, 0, 0), (0, 2, 0), (0, 0, -5)),
    ((4, 1, 0), (0, 4, 0), (0, 0, 1)),  # defective
)
PARTS = ([3, 5, 7], [-3, 2 + 1j, 2 - 1j], [9, -1 + 2j, -1 - 2j], [2, 2, -5], [4, 4, 1])


@pytest.fixture(autouse=True)
def bits():
    """At a working precision."""
    with working_precision(128):
        yield


def product(*matrices):
    """Of matrices of numbers."""
    first, *others = matrices
    for other in others:
        first = [
            [sum(a * b for a, b in zip(row, column, strict=True)) for column in zip(*other, strict=True)]
            for row in first
        ]
    return first


def enclosed(a, radius=Fraction(0)):
    """The matrix of intervals around numbers."""
    return matrix_of([exact(Fraction(x)) + ball(exact(radius)) for x in row] for row in a)


def holds(x, value):
    """Does an interval contain a number?"""
    low, high = x.ends()
    return low <= value <= high


@pytest.mark.parametrize("radius", [Fraction(0), Fraction(1, 10**9), Fraction(1, 1000)])
@pytest.mark.parametrize("k", range(5))
def test_eigenvalues_are_enclosed(k, radius):
    """Least and largest real part, step bound, largest modulus, and how many are negative: real, complex, multiple."""
    values = PARTS[k]
    found = spectrum(enclosed(product(BASIS, EIGENVALUES[k], BACK), radius))
    real = [Fraction(v.real) for v in values]
    assert holds(found.least_real_part(), min(real)) and holds(found.largest_real_part(), max(real))
    modulus = found.largest_modulus()
    square = max(Fraction(v.real) ** 2 + Fraction(v.imag) ** 2 for v in values)
    assert holds(modulus.power(2), square)
    least, most = found.negative()
    assert least <= sum(v < 0 for v in real) <= most
    if min(real) > 0 and radius < 1 / 1001:
        assert holds(found.step_bound(), min(2 * v / v**2 for v in real))
    if radius == 0 and k < 4:
        assert least == most and found.least_real_part().ends()[1] - min(real) < Fraction(1, 10**6)


def test_eigenvalues_of_different_sizes_are_found():
    """Multiple ones, a thousand times smaller than others, in matrices that are turned by reflections."""
    rng = random.Random(1)
    for _ in range(8):
        values = [Fraction(1, 1000)] * 3 + [Fraction(1)] * 4 + [Fraction(-1), Fraction(3)]
        turned = identity(9)
        for _ in range(3):
            v = Vector(exact(Fraction(rng.randint(-9, 9), 10)) for _ in range(9))
            turned = turned @ (identity(9) - outer(v) * (TWO / total(x.power(2) for x in v)))
        found = spectrum((turned @ diagonal(list(map(exact, values))) @ turned.T).symmetric_part())
        for end, value in ((found.least_real_part(), -1), (found.largest_real_part(), 3)):
            assert holds(end, value) and end.ends()[1] - end.ends()[0] < Fraction(1, 10**20)
        assert found.negative() == (1, 1)


def test_a_group_of_discs_holds_its_eigenvalues_somewhere():
    """All of them may be in one disc of the group."""
    radius = exact(Fraction(1, 8))
    near, far, left = ((exact(re), ZERO, radius) for re in (1, 3, -2))
    group, single = Spectrum([[near, far]]), Spectrum([[left], [near, far]])
    low, high = group.least_real_part().ends()
    assert low <= Fraction(7, 8) and high >= Fraction(25, 8)
    assert holds(group.largest_real_part(), Fraction(7, 8)) and holds(group.largest_modulus(), Fraction(25, 8))
    assert single.least_real_part().ends() == (Fraction(-17, 8), Fraction(-15, 8)) and single.negative() == (1, 1)
    assert Spectrum([[left, near]]).negative() == (0, 2)


def test_eigenvalues_of_all_matrices_in_an_interval_are_enclosed():
    """Of random ones in it, also where discs meet."""
    rng, middle = random.Random(3), ((2, 1, 0), (1, 2, 0), (0, 0, 3))
    found = spectrum(enclosed(middle, Fraction(1, 8)))
    for _ in range(6):
        shift = [[Fraction(rng.randint(-16, 16), 128) for _ in range(3)] for _ in range(3)]
        one = spectrum(
            enclosed([[a + b for a, b in zip(p, q, strict=True)] for p, q in zip(middle, shift, strict=True)])
        )
        for name in ("least_real_part", "largest_real_part", "largest_modulus"):
            outer, inner = getattr(found, name)(), getattr(one, name)()
            assert not inner.below(outer) and not outer.below(inner)


def test_inverses_hold_the_inverse():
    """Of single matrices, and of all in an interval; a singular one has none."""
    for radius in (Fraction(0), Fraction(1, 2**20), Fraction(1, 100)):
        found = enclosed(BASIS, radius).inverse()
        assert all(
            holds(x, value)
            for row, values in zip(found, BACK, strict=True)
            for x, value in zip(row, values, strict=True)
        )
        change = [[1 + radius, 2 - radius, radius], [-radius, 1 - radius, 1 + radius], [1 - radius, 3, 2 - radius]]
        one = enclosed(change) @ enclosed(change).inverse()
        assert all(
            x.inside(y + ball(exact(Fraction(1, 2**60))))
            for p, q in zip(one, identity(3), strict=True)
            for x, y in zip(p, q, strict=True)
        )
        inside = enclosed(change).inverse()
        assert all(
            not x.below(y) and not y.below(x)
            for p, q in zip(inside, found, strict=True)
            for x, y in zip(p, q, strict=True)
        )
    for matrix, radius in ((((1, 2), (2, 4)), 0), (((1, 2), (2, 3)), 1)):
        with pytest.raises(Undefined):
            enclosed(matrix, Fraction(radius)).inverse()


@pytest.mark.parametrize(
    ("matrix", "radius", "definite"),
    [
        (((2, 1), (1, 2)), 0, True),
        (((2, 1), (1, 2)), Fraction(1, 3), True),
        (((2, 1), (1, 2)), Fraction(1, 2), False),  # 3/2 and 3/2
        (((1, 1), (1, 1)), 0, False),
        (((1, 2), (2, 1)), 0, False),
        (((0, 0), (0, 1)), 0, False),
        (((-1, 0), (0, 1)), 0, False),
    ],
)
def test_definite_matrices_are_known(matrix, radius, definite):
    """Those with positive pivots, for all matrices of an interval."""
    assert is_positive_definite(enclosed(matrix, Fraction(radius))) == definite


def test_norms_are_those_of_known_matrices():
    """[[3, 0], [4, 5]] has the singular values 3 sqrt 5 and sqrt 5; a rotation 1; nothing is below a negative bound."""
    a = enclosed(((3, 0), (4, 5)))
    assert holds(spectral_norm(a).power(2), 45) and holds(least_singular_value(a).power(2), 5)
    assert holds(frobenius(a).power(2), 50)
    assert is_at_most(a, Fraction(671, 100)) and not is_at_most(a, Fraction(670, 100))
    assert not is_at_most(enclosed(((0, 1), (0, 0))), Fraction(1)) and not is_at_most(a * ZERO, Fraction(-1))
    assert holds(norm(Vector([hull([-ONE, ONE]), ZERO])), 0)


def test_boxes_and_products_hold_their_points():
    """Cubes, common parts, columns, symmetric parts, and derivatives of linear maps by Krawczyk's test."""
    x = Vector([exact(1), exact(2)])
    around = x.cube(exact(Fraction(1, 3)))
    assert all(
        holds(side, Fraction(n) + sign * Fraction(1, 3))
        for side, n in zip(around, (1, 2), strict=True)
        for sign in (-1, 1)
    )
    assert x.strictly_inside(around) and x.inside(x) and not x.strictly_inside(x) and not around.inside(x)
    assert around.meet(x).inside(x.cube(exact(Fraction(1, 2**100))))
    a = enclosed(((1, 2), (3, 4)))
    assert [[float(v) for v in row] for row in a.symmetric_part()] == [[1, 2.5], [2.5, 4]]
    assert [[float(v) for v in row] for row in a.columns(1)] == [[2], [4]]
    assert [float(v) for v in a @ x] == [5, 11] and [float(v) for v in (a.T @ a)[0]] == [10, 14]


@pytest.mark.parametrize(
    ("root", "reach", "found"), [(0, 1, True), (Fraction(9, 10), 1, True), (1, 1, False), (2, 1, False)]
)
def test_krawczyk_finds_zeros_in_the_interior_alone(root, reach, found):
    """Of x - root; and nothing of x**2, whose zero is double, nor with an inverse that is none."""
    one, zone = identity(1), Vector([ball(exact(reach))])
    value, slope = (lambda x: x - Vector([exact(root)])), (lambda x: one)
    assert (only_zero(value, slope, one, zone) is not None) == found
    assert only_zero(lambda x: Vector([x[0].power(2)]), lambda x: matrix_of([[x[0] + x[0]]]), one, zone) is None
    assert only_zero(value, slope, one * -ONE, zone) is None
