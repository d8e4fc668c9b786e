"""Products of matrices contain the exact ones, by both methods, which do not rest on each other."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from hallucert.balls.midrad import MidRad, MidRadArithmetic, products
from hallucert.errors import ArgumentError, DomainError, EnvironmentRefused


def contains(enclosure, exact):
    """Tell whether an enclosure of shape () contains a rational number."""
    return abs(Fraction(float(enclosure.mid)) - exact) <= Fraction(float(enclosure.rad))


def product_cases(n):
    rng = np.random.default_rng(n)
    a, b = rng.normal(size=(3, n)), rng.normal(size=(n, 2))
    a[0] = np.where(np.arange(n) % 2, -1e8, 1e8)  # cancels
    return a, b, np.abs(rng.normal(size=a.shape)) * 1e-12, np.abs(rng.normal(size=b.shape)) * 1e-9


@pytest.mark.parametrize("method", ["bounded", "sliced"])
@pytest.mark.parametrize("n", [1, 2, 15, 17, 300])
def test_products_and_sums_of_any_length_contain_the_exact_ones(n, method):
    """Of exact matrices and of boxes, at the corner that lies farthest out, and with cancellation."""
    a, b, ra, rb = product_cases(n)
    for x, y in itertools.product([MidRad(a), MidRad(a, ra)], [MidRad(b), MidRad(b, rb)]):
        with MidRadArithmetic(method):
            product, total = x @ y, x.sum(1)
        for i in range(3):
            row = [Fraction(m) + Fraction(r) for m, r in zip(x.mid[i].tolist(), x.rad[i].tolist(), strict=True)]
            assert contains(total[i], sum(row))
            for j in range(2):
                signs = np.sign(x.mid[i]) * 1.0
                column = [
                    Fraction(m) + Fraction(r * s)
                    for m, r, s in zip(y.mid[:, j].tolist(), y.rad[:, j].tolist(), signs.tolist(), strict=True)
                ]
                assert contains(product[i, j], sum(p * q for p, q in zip(row, column, strict=True)))


def test_long_sums_are_as_tight_as_their_blocks():
    """A sum of 10**6 ones, and a product of that length, are known to 1e-12, not to 1e-10."""
    ones = MidRad(np.ones((1, 10**6)))
    assert contains(ones.sum(), Fraction(10**6)) and ones.sum().rad < 1e-12 * 10**6
    assert (ones @ ones.T).rad < 1e-12 * 10**6


@pytest.mark.parametrize("method", ["bounded", "sliced"])
def test_entries_of_all_sizes_are_enclosed(method):
    """Rows and columns of very different sizes, entries that cancel but for the last bits, zeros and subnormals."""
    rng = np.random.default_rng(8)
    a = rng.normal(size=(6, 40)) * 2.0 ** rng.integers(-60, 60, size=(6, 40)) * 2.0 ** rng.integers(-300, 300, (6, 1))
    b = rng.normal(size=(40, 5)) * 2.0 ** rng.integers(-60, 60, size=(40, 5)) * 2.0 ** rng.integers(-300, 300, (1, 5))
    a[0], b[:, 0], a[1, :20] = 0.0, 5e-324, 0.0
    a[2, 20:], b[20:] = -a[2, :20], b[:20] * (1 + 2.0**-52)
    with MidRadArithmetic(method):
        for product in (MidRad(a) @ MidRad(b), MidRad(a, abs(a) * 2.0**-30) @ MidRad(b, abs(b) * 2.0**-20)):
            for i, j in np.ndindex(6, 5):
                assert contains(
                    product[i, j], sum(Fraction(x) * Fraction(y) for x, y in zip(a[i], b[:, j], strict=True))
                )


def test_slices_are_far_sharper_than_a_bound_for_any_order():
    """Length 2000: a radius of 5 units in the last place of what is added, where the bound has a hundred."""
    rng = np.random.default_rng(9)
    a, b = rng.normal(size=(1, 2000)), rng.normal(size=(2000, 1))
    size = float((abs(a) @ abs(b))[0, 0])
    with MidRadArithmetic("sliced"):
        product = MidRad(a) @ MidRad(b)
    exact = sum(Fraction(x) * Fraction(y) for x, y in zip(a[0].tolist(), b[:, 0].tolist(), strict=True))
    assert contains(product[0, 0], exact) and float(product.rad[0, 0]) < 5 * 2.0**-53 * size
    assert float((MidRad(a) @ MidRad(b)).rad[0, 0]) > 100 * 2.0**-53 * size


def test_what_slices_leave_out_is_charged():
    """A thousand small entries beside a large one, each with digits below the last slice, against ones."""
    small = 2.0**-20 * (1 + 2.0**-40 - 2.0**-52)
    a = np.full((1, 1000), small)
    a[0, 0] = 0.75
    with MidRadArithmetic("sliced"):
        product = MidRad(a) @ MidRad(np.ones((1000, 1)))
    assert contains(product[0, 0], Fraction(3, 4) + 999 * Fraction(small))
    assert abs(Fraction(float(product.mid[0, 0])) - Fraction(3, 4) - 999 * Fraction(small)) > Fraction(2.0**-53)


def test_stacks_and_vectors():
    """Stacks of matrices, one matrix against a stack, and vectors, as numpy multiplies them."""
    rng = np.random.default_rng(10)
    a, b, v = rng.integers(-9, 9, (3, 2, 4)) * 1.0, rng.integers(-9, 9, (4, 5)) * 1.0, rng.integers(-9, 9, 4) * 1.0
    for method in ("bounded", "sliced"):
        with MidRadArithmetic(method):
            for x, y in ((a, b), (a[0], a.transpose(0, 2, 1)), (a, v), (v, b), (v, v)):
                product = MidRad(x) @ MidRad(y)
                assert product.shape == np.shape(x @ y) and (abs(product.mid - x @ y) <= product.rad).all()
    for x, y in ((a, v[:3]), (np.float64(2), v), (v, np.float64(2))):
        with pytest.raises(ArgumentError):
            MidRad(x) @ MidRad(y)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_of_the_library_change_no_bound(threads):
    """Slices give the product to a few units; the bounded enclosures of any number of threads contain it."""
    rng = np.random.default_rng(11)
    a, b = rng.normal(size=(150, 700)), rng.normal(size=(700, 130))
    with MidRadArithmetic("sliced"):
        sharp = MidRad(a) @ MidRad(b)
    with threadpool_limits(threads, user_api="blas"):
        product = MidRad(a) @ MidRad(b)
    assert (np.abs(product.mid - sharp.mid) <= product.rad - sharp.rad).all()


def test_a_wrong_product_of_whole_numbers_is_found(monkeypatch):
    """One entry of one product of slices that is off by one unit ends the computation."""
    exact = np.matmul

    def wrong(x, y):
        product = exact(x, y)
        if product.dtype == np.float64:
            product[..., 1, 2] += 1
        return product

    with MidRadArithmetic("sliced"):
        monkeypatch.setattr(products.np, "matmul", wrong)
        with pytest.raises(EnvironmentRefused, match="whole numbers"):
            MidRad(np.eye(3) / 3) @ MidRad(np.ones((3, 3)) / 7)


def test_methods_nest_and_are_checked():
    """The method of the innermost block counts, and is gone after it; slices refuse numbers beyond 2**400."""
    large = MidRad(np.full((2, 2), 2.0**401))
    with MidRadArithmetic("sliced"):
        with MidRadArithmetic():
            assert (large @ large).rad.max() > 0
        with pytest.raises(DomainError):
            large @ large
    assert (large @ large).exact is False
    with pytest.raises(ArgumentError):
        MidRadArithmetic("fast")


@pytest.mark.parametrize("method", ["bounded", "sliced"])
@pytest.mark.parametrize("n", [1, 40, 2100])
def test_radii_as_large_as_midpoints_count_twice(method, n):
    """Entries from 1/2 to 3/2 on both sides: products up to 9/4 each, also in a sum of several pieces; none of none."""
    a, b = MidRad(np.ones((1, n)), 0.5), MidRad(np.ones((n, 1)), 0.5)
    with MidRadArithmetic(method):
        for product, end in ((a @ b, Fraction(9, 4)), (a @ b.mid, Fraction(3, 2)), (a.mid @ b, Fraction(3, 2))):
            assert contains(product[0, 0], n * end)
        none = MidRad(np.zeros((4, 2, 0))) @ MidRad(np.zeros((4, 0, 3)))
    assert none.shape == (4, 2, 3) and not none.mid.any()


def test_roundings_between_pieces_of_slices_are_charged():
    """Sums of 2100 positive numbers: they are off by some units in the last place, and no more than their radius."""
    rng = np.random.default_rng(12)
    a, b = rng.random((4, 2100)), rng.random((2100, 4))
    with MidRadArithmetic("sliced"):
        product = MidRad(a) @ MidRad(b)
    for i, j in np.ndindex(4, 4):
        assert contains(product[i, j], sum(Fraction(x) * Fraction(y) for x, y in zip(a[i], b[:, j], strict=True)))


def test_a_library_may_lose_as_much_as_is_allowed(monkeypatch):
    """Each product below the exact one by n units of what is added: midpoints and radii make that good."""
    n, matmul = 4096, np.matmul

    def least(x, y, out=None):
        product = matmul(x, y) - x.shape[-1] * 2.0**-53 * matmul(abs(x), abs(y))
        return product if out is None else np.copyto(out, product) or out

    monkeypatch.setattr(products.np, "matmul", least)
    for a, b in itertools.product((None, 0.5), repeat=2):
        product = MidRad(np.ones((1, n)), a) @ MidRad(np.ones((n, 1)), b)
        assert contains(product[0, 0], n * (1 + Fraction(a or 0)) * (1 + Fraction(b or 0)))


def test_the_radius_of_a_product_in_slices_is_what_they_leave_out():
    """Of 1 and -1, which cancel: ``4 n e^3 + 25 u n e``, e = 2^-bits, times the powers of two that were divided out."""
    for n, bits in ((2, 24), (1024, 20)):
        a, b = np.full((3, n), 0.75), np.ones((n, 2))
        b[: n // 2] = -1
        mid, rad = products._sliced_piece(a, b)
        assert (mid == 0).all()
        e = 2.0**-bits  # 1 is 1/2 times 2
        np.testing.assert_allclose(rad, 2 * (4 * n * e**3 + 25 * n * e * 2.0**-53), rtol=1e-9)
    mid, rad = products._sliced_piece(np.full((1, 2), 0.75), np.ones((2, 1)))
    np.testing.assert_allclose(rad, 1.5 * 2.0**-53 + 2 * (8 * 2.0**-72 + 50 * 2.0**-77), rtol=1e-12)


@pytest.mark.parametrize("shape", [(3, 4), (1500, 3), (2, 1500, 3), (1500, 2, 3)])
def test_products_of_radii_are_rounded_up_to_few_bits(shape):
    """No less than they are, and no more than what one unit of a slice makes, in each factor."""
    rng = np.random.default_rng(13)
    a, b = rng.random(shape) + 2.0**-30, rng.random((shape[-1], 2)) * 2.0**70
    a[..., 0] *= 2.0**-90
    found = products._nonnegative_product(a, b)
    step = 2.0 ** (1 - 24)  # 24 bits for an inner length of 3 or 4
    rows = 2.0 ** np.frexp(a.max(axis=-1, keepdims=True))[1]
    columns = 2.0 ** np.frexp(b.max(axis=-2, keepdims=True))[1]
    most = ((a / rows + step) @ (b / columns + step)) * rows * columns
    assert found.shape == (*shape[:-1], 2) and (found <= most * (1 + 2.0**-45)).all()
    places = list(np.ndindex(*found.shape))[:60]
    for *place, j in places:
        exact = sum(Fraction(x) * Fraction(y) for x, y in zip(a[tuple(place)].tolist(), b[:, j].tolist(), strict=True))
        assert Fraction(float(found[(*place, j)])) >= exact
    assert products._nonnegative_product(np.array([[2.0**-700]]), np.array([[2.0**-700]])) > 0
    assert products._nonnegative_product(np.zeros((1, 2)), np.ones((2, 1))) > 0  # what underflowed to 0 counts


def test_slices_take_numbers_below_a_size():
    """Below 2^400 in every row and column, whatever the others hold; empty ones are below it."""
    below = np.diag([2.0**400 * (1 - 2.0**-53), 1.0])
    assert products._sliced_piece(below, np.eye(2))[0].tolist() == below.tolist()
    for a, b in ((np.diag([1.0, 2.0**400]), np.eye(2)), (np.eye(2), np.diag([2.0**400, 1.0]))):
        with pytest.raises(DomainError, match=r"2\*\*400"):
            products._sliced_piece(a, b)
    with MidRadArithmetic("sliced"):
        assert (MidRad(np.zeros((0, 3))) @ MidRad(np.ones((3, 2)))).shape == (0, 2)


@pytest.mark.parametrize("pieces", [1, 3])
def test_radii_of_pieces_are_added_with_their_roundings(pieces, monkeypatch):
    """Each piece of an inner length of 4 adds its own error, and the rounding of the sum of midpoints."""
    monkeypatch.setattr(products, "_LONGEST", 4)
    monkeypatch.setattr(products, "_sliced_piece", lambda *_: (np.ones((1, 1)), np.full((1, 1), 0.25)))
    n = 4 * pieces - 1
    mid, rad = products._sliced(np.ones((1, n)), None, np.ones((n, 1)), None)
    sums = sum(Fraction(k, 2**53) for k in range(2, pieces + 1))
    least = pieces * Fraction(1, 4) + sums
    assert mid == pieces and least < Fraction(rad.item()) < least * (1 + Fraction(1, 2**46))
    assert Fraction(rad.item()) >= (pieces * Fraction(1, 4)) * (
        1 + Fraction(1, 2**47) + 4 * pieces * Fraction(1, 2**53)
    )
