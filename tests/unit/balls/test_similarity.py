"""Discs contain every eigenvalue, components of discs their number, and signs are decided by a hair."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from hallucert.balls import arithmetic, similarity
from hallucert.balls import matrix as mx
from hallucert.balls.spectrum import Disc, Spectrum, spectrum
from hallucert.errors import ArgumentError


def exact_eigenvalues(rows):
    """Eigenvalues to about 60 digits, as pairs of Fractions."""
    if len(rows) == 1:
        return [(rows[0][0], Fraction(0))]
    with mpmath.workdps(70):
        matrix = mpmath.matrix([[mpmath.mpf(x.numerator) / x.denominator for x in row] for row in rows])
        values = mpmath.eig(matrix, left=False, right=False)
        rational = lambda v: Fraction(*map(int, mpmath.libmp.to_rational(v._mpf_)))  # noqa: E731
        return [(rational(mpmath.re(v)), rational(mpmath.im(v))) for v in values]


def rational_matrix(rng, d):
    return [[Fraction(rng.randint(-20, 20), 8) for _ in range(d)] for _ in range(d)]


def inside(disc, value, slack=Fraction(1, 10**40)):
    dx, dy = disc.re - value[0], disc.im - value[1]
    return dx * dx + dy * dy <= (disc.radius + slack) ** 2


def check(found, truth, slack=Fraction(1, 10**40)):
    assert sum(disc.count for disc in found.discs) == len(truth)
    assert all(any(inside(disc, value, slack) for disc in found.discs) for value in truth)
    for group in found.components:
        inner = [value for value in truth if any(inside(disc, value, slack) for disc in group)]
        assert len(inner) == sum(disc.count for disc in group)
    least = min(value[0] for value in truth)
    assert found.min_real_lower - slack <= least <= found.min_real_upper + slack
    if found.all_positive:
        low, high = found.step_bound
        bound = min(2 * re / (re * re + im * im) for re, im in truth)
        assert low * (1 - slack) <= bound <= high * (1 + slack)


@pytest.mark.parametrize("d", [1, 2, 3, 7])
def test_random_matrices(ar, d):
    """The eigenvalues of random rational matrices up to 7 by 7 lie in discs of radius 1e-9, as many as counted."""
    rng = random.Random(d)
    for _ in range(6):
        rows = rational_matrix(rng, d)
        found = spectrum(ar, mx.from_rationals(ar, rows))
        check(found, exact_eigenvalues(rows))
        assert max(disc.radius for disc in found.discs) < Fraction(1, 10**9)


TWO_ROWS = ["5 1 2 4", "-5 1 2 -4", "1 4 3 -1", "1 2 1/2 1", "3 -4 4 3", "-3 -5 1 -2", "1e9 1 1 1e-9", "-1e-9 1 1 -1e9"]
"""Two real eigenvalues of each sign, of both, and one that is 0; conjugate pairs; a small one beside a large one."""


@pytest.mark.parametrize("entries", TWO_ROWS)
@pytest.mark.parametrize("radius", [0, Fraction(1, 2**60)])
def test_two_rows_need_no_basis(ar, monkeypatch, entries, radius):
    """The eigenvalues of narrow matrices of two rows, and of their corners, are enclosed without a basis in floats."""
    monkeypatch.setattr("hallucert.balls.similarity.eigenvector_bases", lambda _: pytest.fail("a basis was proposed"))
    a, b, c, d = (Fraction(entry) for entry in entries.split())
    found = spectrum(ar, [[ar.interval(x - radius, x + radius) for x in row] for row in ((a, b), (c, d))])
    for signs in itertools.product((-1, 1), repeat=4):
        p, q, r, s = (x + sign * radius for x, sign in zip((a, b, c, d), signs, strict=True))
        check(found, exact_eigenvalues([[p, q], [r, s]]))
    assert max(disc.radius for disc in found.discs) <= 16 * radius + max(abs(a), abs(d)) * Fraction(1, 2**62)
    if radius == 0:
        smallest = min(found.discs, key=lambda disc: abs(disc.re))
        assert smallest.radius <= max(abs(smallest.re), abs(smallest.im)) / 2**40 or a * d == b * c


def test_one_row_is_enclosed_by_its_entry(ar):
    """The disc of a ball of one row is the ball."""
    ball = ar.interval(Fraction(-3), Fraction(5, 2))
    (disc,) = spectrum(ar, [[ball]]).discs
    assert (disc.re - disc.radius, disc.re + disc.radius) == ar.endpoints(ball) and disc.im == 0


def test_wide_or_equal_eigenvalues_take_a_basis(ar, monkeypatch):
    """Two rows of wide balls, and a Jordan block, for which the sign under the root is open."""
    asked, proposed = [], similarity.eigenvector_bases
    monkeypatch.setattr(similarity, "eigenvector_bases", lambda a: asked.append(a) or proposed(a))
    spectrum(ar, [[ar.interval(Fraction(3), Fraction(4)), ar.constant(Fraction(0))], [ar.constant(Fraction(0))] * 2])
    spectrum(ar, mx.from_rationals(ar, [[Fraction(1), Fraction(1)], [Fraction(0), Fraction(1)]]))
    assert len(asked) == 2


def test_wide_matrices_cover_the_spectra_of_corner_matrices(ar):
    """The discs of balls of radius 1/100 hold the 60-digit eigenvalues of 20 corners."""
    rng, d, radius = random.Random(9), 4, Fraction(1, 100)
    rows = [[x + 6 * int(i == j) for j, x in enumerate(row)] for i, row in enumerate(rational_matrix(rng, d))]
    found = spectrum(ar, [[ar.interval(x - radius, x + radius) for x in row] for row in rows])
    for _ in range(20):
        check(found, exact_eigenvalues([[x + rng.choice([-1, 1]) * radius for x in row] for row in rows]))


def test_a_rotation_has_a_conjugate_pair_and_the_step_bound_of_its_closed_form(ar):
    """For the eigenvalues 3 +- 4i the step bound is 6/25, within 1e-14."""
    # eigenvalues 3 +- 4i: 2 Re / |mu|^2 = 6 / 25
    found = spectrum(ar, mx.from_floats(ar, np.array([[3.0, 4.0], [-4.0, 3.0]])))
    assert {disc.im > 0 for disc in found.discs} == {True, False} and found.all_positive
    low, high = found.step_bound
    assert low <= Fraction(6, 25) <= high and high - low < Fraction(1, 10**14)


@pytest.mark.parametrize("hair", [Fraction(1, 2**30), Fraction(1, 2**45)])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_sign_of_a_real_part_is_decided_by_a_hair(ar, hair, sign):
    """Eigenvalues +-2**-45 +- i decide the sign of the smallest real part."""
    # a companion-like rotation with eigenvalues sign * hair +- i, and 2
    h = sign * hair
    rows = [[h, Fraction(1), Fraction(0)], [Fraction(-1), h, Fraction(1)], [Fraction(0), Fraction(0), Fraction(2)]]
    found = spectrum(ar, mx.from_rationals(ar, rows))
    assert found.all_positive == (sign > 0) and found.some_negative == (sign < 0)


@pytest.mark.parametrize("d", [2, 3, 6])
def test_a_singular_matrix_has_neither_sign(ar, d):
    """A matrix with the eigenvalue 0 is never all positive, and not some negative without cause."""
    rng = random.Random(d)
    for _ in range(8):
        rows = rational_matrix(rng, d)
        rows[-1] = [sum(column) for column in zip(*rows[:-1], strict=True)]
        found = spectrum(ar, mx.from_rationals(ar, rows))
        if found is not None:
            assert not found.all_positive and found.min_real_lower <= 0
            if all(re >= 0 for re, _ in exact_eigenvalues(rows)):
                assert not found.some_negative


def test_an_imaginary_pair_has_neither_sign(ar):
    """The eigenvalues +-i are neither all positive nor some negative, and there is no step bound."""
    found = spectrum(ar, mx.from_floats(ar, np.array([[0.0, 1.0], [-1.0, 0.0]])))
    assert not found.all_positive and not found.some_negative and found.step_bound is None


@pytest.mark.parametrize("d", [2, 3, 5])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_defective_matrix_is_decided_all_the_same(ar, d, sign):
    """A Jordan block of +-1 of size up to 5 has its sign, and discs that hold the eigenvalue."""
    rows = [[Fraction(sign * int(i == j) + int(j == i + 1)) for j in range(d)] for i in range(d)]
    found = spectrum(ar, mx.from_rationals(ar, rows))
    assert found is not None and found.all_positive == (sign > 0) and found.some_negative == (sign < 0)
    check(found, [(Fraction(sign), Fraction(0))] * d)


def test_a_disguised_defective_matrix_is_decided(ar):
    """A Jordan block of 2 of size 3 in another basis is all positive, with three eigenvalues at 2."""
    # S J S^-1 for a Jordan block of 3 with a unimodular integer S: entries exact, eigenvalue 2 three times
    s, inverse = np.array([[1, 2, 3], [1, 3, 5], [2, 5, 9]]), np.array([[2, -3, 1], [1, 3, -2], [-1, -1, 1]])
    assert np.array_equal(s @ inverse, np.eye(3))
    rows = s @ np.array([[2, 1, 0], [0, 2, 1], [0, 0, 2]]) @ inverse
    matrix = rows - 2 * np.eye(3, dtype=int)
    assert np.array_equal(np.linalg.matrix_power(matrix, 3), np.zeros((3, 3)))
    assert matrix.dot(matrix).any()
    found = spectrum(ar, mx.from_floats(ar, rows.astype(float)))
    assert found is not None and found.all_positive
    check(found, [(Fraction(2), Fraction(0))] * 3)


@pytest.mark.parametrize("d", [2, 50])
def test_multiple_semisimple_eigenvalues(ar, d):
    """With 49 eigenvalues 3.1 beside 1, the smallest real part and the bound 20/31 are known to 1e-9."""
    # Similar to diag(1, 3.1, ..., 3.1): 3.1 I - 2.1 p q^T with q^T p = 1
    p, q = [Fraction(i % 5 + 1) for i in range(d)], [Fraction(i % 3 + 1) for i in range(d)]
    inner = sum(x * y for x, y in zip(p, q, strict=True))
    rows = [
        [Fraction(31, 10) * int(i == j) - Fraction(21, 10) * p[i] * q[j] / inner for j in range(d)] for i in range(d)
    ]
    found = spectrum(ar, mx.from_rationals(ar, rows))
    check(found, [(Fraction(1), Fraction(0))] + [(Fraction(31, 10), Fraction(0))] * (d - 1))
    assert found.all_positive and found.min_real_upper - found.min_real_lower < Fraction(1, 10**9)
    low, high = found.step_bound
    assert low <= Fraction(20, 31) <= high and high - low < Fraction(1, 10**9)


def test_a_diagonal_matrix_with_equal_entries(ar):
    """diag(1, 3.1, ..., 3.1) of size 50 has discs that hold all, in the right number."""
    d = 50
    rows = [[Fraction((1 if i == 0 else Fraction(31, 10)) if i == j else 0) for j in range(d)] for i in range(d)]
    found = spectrum(ar, mx.from_rationals(ar, rows))
    check(found, [(Fraction(1), Fraction(0))] + [(Fraction(31, 10), Fraction(0))] * (d - 1))


def test_overlapping_discs_claim_only_what_their_component_contains():
    """A disc in Re < 0 shows a negative real part only while it is 2**-80 apart from the others."""
    # one disc in Re < 0 that touches one in Re > 0: the single eigenvalue of either may be anywhere in the union
    left, right = Disc(Fraction(-2), Fraction(0), Fraction(1)), Disc(Fraction(1), Fraction(0), Fraction(2))
    found = Spectrum((left, right))
    assert len(found.components) == 1 and found.min_real_upper == 3 and not found.some_negative
    apart = Spectrum((left, Disc(Fraction(2), Fraction(0), Fraction(2) - Fraction(1, 2**80))))
    assert len(apart.components) == 2 and apart.some_negative and not apart.all_positive


def test_the_step_bound_of_a_disc_is_the_range_of_its_inverse():
    """2 Re(1/mu) runs from 2/3 to 2 over the disc around 2 of radius 1, and from 2/7 to 6/7 around 2 + 2i."""
    # On the disc around 2 of radius 1 the values 2 Re(mu) / |mu|^2 run from 2/3 (at 3) to 2 (at 1).
    assert Spectrum((Disc(Fraction(2), Fraction(0), Fraction(1)),)).step_bound == (Fraction(2, 3), 2)
    # Around 2 + 2i of radius 1, inversion maps to the disc around (2 - 2i) / 7 of radius 1/7: Re from 1/7 to 3/7.
    assert Spectrum((Disc(Fraction(2), Fraction(2), Fraction(1)),)).step_bound == (Fraction(2, 7), Fraction(6, 7))


def test_chains_of_discs_are_one_component():
    """Five discs that touch like beads are one component, in whatever order they are given."""
    discs = tuple(Disc(Fraction(k), Fraction(0), Fraction(1, 2)) for k in (0, 4, 2, 1, 3))
    assert len(Spectrum(discs).components) == 1


def test_indeterminate_and_misshapen_matrices(ar):
    """Entries that are indeterminate or beyond doubles give None, and a row of two is refused."""
    assert spectrum(ar, [[ar.indeterminate()]]) is None
    with pytest.raises(ArgumentError):
        spectrum(ar, [[ar.pi(), ar.pi()]])
    huge = ar.power(ar.constant(Fraction(2)), 4000)
    assert spectrum(ar, [[huge, huge], [huge, -huge]]) is None


@pytest.mark.parametrize("norm", [10.0, 1e6, 1e12])
def test_the_smallest_real_part_is_known_better_than_its_basis(ar, norm):
    """An eigenvalue far below the size of its matrix is enclosed to second order in the error of a basis of doubles."""
    basis = np.random.default_rng(3).standard_normal((3, 3))
    a = basis @ np.diag([1.0, norm, 2 * norm]) @ np.linalg.inv(basis)
    rows = [[Fraction(v) for v in row] for row in a.tolist()]
    found = spectrum(ar, mx.from_rationals(ar, rows))
    check(found, exact_eigenvalues(rows))
    assert found.min_real_upper - found.min_real_lower <= Fraction(1, 2**45)


def test_entries_near_the_largest_double_are_undecided_or_enclosed(ar):
    """A matrix whose product with its basis leaves the range of doubles raises nothing."""
    huge = Fraction(2) ** 1023
    with ar:
        found = spectrum(ar, [[ar.constant(v) for v in row] for row in ((huge, huge), (huge, -huge))])
    assert found is None or found.min_real_lower <= -huge


NEAR = Fraction(1, 2**60)


@pytest.mark.parametrize(
    ("values", "first", "last", "norms", "low", "high"),
    [
        ((0, 10, 10, 20), (1, 2), (78, 79), ("1/2", "1/2"), Fraction(13, 68), Fraction(1344, 68)),
        ((0, 2, 10, 20), (1, 2), (78, 79), ("1/2", "1/2"), -1, Fraction(1344, 68)),
        ((0, "9/4", 10, 20), (5, 6), (78, 79), ("1/2", "1/2"), -1, Fraction(1344, 68)),
        ((0, 10, 18, 20), (1, 2), (78, 79), ("1/2", "1/2"), Fraction(13, 68), 21),
        ((0, 10, "71/4", 20), (1, 2), (74, 75), ("1/2", "1/2"), Fraction(13, 68), 21),
        ((-1, 10, 10, 20), (-4, -3), (78, 79), ("1/2", Fraction(1, 2**60)), -1 - 2 * NEAR, 20 + 2 * NEAR),
        ((-20, -10, -10, -1), (-80, -79), (-4, -3), ("1/2", Fraction(1, 2**60)), -20 - 2 * NEAR, -1 + 2 * NEAR),
        ((0, 10, 10, 20), (1, 2), (78, 79), (None, "1/2"), None, None),
        ((0, 10, 10, 20), (1, 2), (78, 79), (1, "1/2"), None, None),
        ((0, 10, 10, 20), (1, 2), (78, 79), ("1/2", None), None, None),
    ],
)
def test_bauer_fike_and_temple_by_hand(monkeypatch, values, first, last, norms, low, high):
    """Quotients in quarters, |M w - q w|^2 from 1 to 2, |w|^2 = 4 and 16: reach 1, and 1/4 - (2/4)/(10 - 1 - 1/2)."""
    left = [norm if norm is None else Fraction(norm) for norm in norms]
    floats = np.array([float(Fraction(v)) for v in values]), np.diag([2.0, 1.0, 1.0, 4.0])
    with arithmetic("mpmath", 106) as ar:  # whose intervals have the ends that they are given
        quotients = [ar.interval(*(Fraction(end, 4) for end in side)) for side in (first, last)]
        monkeypatch.setattr(similarity, "float_eigenvectors", lambda _: floats)
        monkeypatch.setattr(similarity, "_quotient", lambda ar, w, mw, gram, j: quotients[j > 0])
        monkeypatch.setattr(similarity, "_residual", lambda *_: ar.interval(Fraction(1), Fraction(2)))
        monkeypatch.setattr(similarity, "frobenius_norm", lambda *_: left.pop(0))
        found = similarity.extremes(ar, mx.identity(ar, 4))
    if low is None:
        assert found is None
        return
    expected = ((low, Fraction(first[1], 4)), (Fraction(last[0], 4), high))
    assert all(
        abs(a - b) < NEAR / 2
        for ends, true in zip(found, expected, strict=True)
        for a, b in zip(ends, true, strict=True)
    )


def test_eigenvalues_are_enclosed_with_poor_eigenvectors(ar, monkeypatch):
    """Of Q diag(-3, 1, 2, 7) Q with a reflection Q: scaled columns, shifted values, and noise of any size."""
    v, true = [1, 2, 0, 2], (-3, 1, 2, 7)
    q = [[Fraction(i == j) - Fraction(2 * v[i] * v[j], 9) for j in range(4)] for i in range(4)]
    m = [[sum(q[i][k] * true[k] * q[k][j] for k in range(4)) for j in range(4)] for i in range(4)]
    rng, exact, seen = np.random.default_rng(0), np.array([[float(x) for x in row] for row in q]), 0
    for scale, move, noise in itertools.product((1.0, 0.9), (0.0, 0.25), (0.0, 1e-6, 1e-2, 0.1, 1.0)):
        floats = np.array(true, float) + move * np.array([1, 0, 0, -1])
        proposed = scale * exact + noise * rng.uniform(-1, 1, (4, 4))
        monkeypatch.setattr(similarity, "float_eigenvectors", lambda _, found=(floats, proposed): found)
        found = similarity.extremes(ar, mx.from_rationals(ar, m))
        if found is not None:
            seen += 1
            assert all(low <= value <= high for (low, high), value in zip(found, (-3, 7), strict=True))
    assert seen >= 8
    monkeypatch.setattr(similarity, "float_eigenvectors", lambda _: None)
    assert similarity.extremes(ar, mx.from_rationals(ar, m)) is None


@pytest.mark.parametrize(
    ("radii", "good", "found", "tried"),
    [
        ((None, 4, 2, 3), 0, 2, 4),
        ((None, 4, 2, 3), 2, 2, 3),
        ((None, 4, 2, 3), 5, 4, 2),
        ((2, None, 3), 0, 2, 3),
        ((None, None), 5, None, 2),
    ],
)
def test_the_basis_with_the_smallest_discs_is_taken(ar, monkeypatch, radii, good, found, tried):
    """Or the first whose largest is good enough, after which none is tried; None where none is a basis."""
    seen = []

    def from_basis(ar, a, basis):
        seen.append(basis)
        return basis and [(Fraction(0), Fraction(0), Fraction(r)) for r in (1, basis)]

    monkeypatch.setattr(similarity, "eigenvector_bases", lambda _: iter(radii))
    monkeypatch.setattr(similarity, "_from_basis", from_basis)
    best = similarity.discs(ar, [], np.eye(2), good)
    assert (best and best[1][2], len(seen)) == (found, tried)


@pytest.mark.parametrize(
    ("re", "im", "other_re", "other_im", "radius"),
    [
        (0, 0, 10, 0, Fraction(32, 63)),
        (0, 0, 0, 10, Fraction(32, 63)),
        (0, 0, 0, -10, Fraction(32, 63)),
        (0, 10, 0, 0, Fraction(32, 63)),
        (0, 30, 0, -30, 1),
        (0, -30, 0, 30, 1),
        (0, 30, 0, 30, 1),
        (0, 0, Fraction(17, 8), 0, 1),
        (0, 0, 7, 0, Fraction(32, 39)),
        (0, 0, 6, 0, 1),
        (2**50, 0, 2**50 + 10, 0, 1),
        (-(2**50), 0, 10 - 2**50, 0, 1),
        (-(2**49), 0, 10 - 2**49, 0, Fraction(32, 63)),
    ],
)
def test_a_disc_is_made_smaller_by_its_distance_from_the_others(ar, re, im, other_re, other_im, radius):
    """Radii 1 + 1/8 and 1, coupling 2: factor 4/(distance - 17/8) for what is beside; not where it is 1 and more."""
    b = mx.from_rationals(ar, [[Fraction(0), Fraction(1)], [Fraction(-2), Fraction(0)]])
    numbers = [Fraction(x) for x in (re, im, other_re, other_im)]
    block = similarity._Block(range(1), *numbers[:2], Fraction(1), Fraction(1, 8), Fraction(9, 8))
    other = similarity._Block(range(1, 2), *numbers[2:], Fraction(1), Fraction(0), Fraction(1))
    found = similarity._shrunk(ar, b, [block, other], 0).radius
    assert 0 <= found - radius - Fraction(1, 8) < Fraction(1, 2**28)


@pytest.mark.parametrize(("rows", "norm"), [(((1, 2), (3, 4)), 7), (((1, 3), (2, 4)), 7), (((-5,),), 5)])
def test_the_norm_of_a_block(ar, rows, norm):
    """The larger one of the greatest sums of rows and of columns, of sizes."""
    assert similarity._norm(ar, mx.from_rationals(ar, [[Fraction(x) for x in row] for row in rows])) == norm


def test_what_is_no_basis_gives_no_discs(ar, monkeypatch):
    """A singular one, a product that is not known, and a middle that no double holds."""
    one, unknown = mx.identity(ar, 2), ar.indeterminate()
    singular = similarity.Basis(np.ones((2, 2)), [0, 0], [1, 1])
    assert similarity._from_basis(ar, one, singular) is None
    assert similarity._gershgorin(ar, one, [[unknown] * 2] * 2, one, [1, 1]) is None
    huge = ar.constant(Fraction(2) ** 2000)
    assert similarity._gershgorin(ar, one, [[huge, one[0][1]], one[1]], one, [1, 1]) is None
    monkeypatch.setattr(similarity, "discs", lambda *_: None)
    assert spectrum(ar, mx.identity(ar, 3)) is None


def test_discs_touch_in_the_plane():
    """One above another, at the same height, and too far away: by the distance of the middles."""
    half = Fraction(1, 2)
    for (re, im), joined in (((1, 1), True), ((0, 0), True), ((0, -1), False), ((1, 0), False), ((2, 1), False)):
        discs = (Disc(Fraction(0), Fraction(1), half), Disc(Fraction(re), Fraction(im), half))
        assert len(Spectrum(discs).components) == (1 if joined else 2)


@pytest.mark.parametrize("name", ["arb", "mpmath"])
def test_a_block_is_off_from_a_rotation_in_each_entry(name):
    """``[[2, -3], [4, 5]]`` from ``[[1, 2], [-2, 1]]``, and 7 from 3."""
    with arithmetic(name, 106) as ar:
        part = mx.from_rationals(ar, [[Fraction(2), Fraction(-3)], [Fraction(4), Fraction(5)]])
        off = similarity._deviation(ar, part, Fraction(1), Fraction(2))
        assert [[ar.endpoints(x) for x in row] for row in off] == [[(1, 1), (-5, -5)], [(6, 6), (4, 4)]]
        off = similarity._deviation(ar, mx.from_rationals(ar, [[Fraction(7)]]), Fraction(3), Fraction(0))
        assert [[ar.endpoints(x) for x in row] for row in off] == [[(4, 4)]]
