"""Eigenvalues: NaN for what is not finite, signs that floats know, and ends of a spectrum with their errors."""

import numpy as np
import pytest

from hallucert.find import eigenvalues
from hallucert.find.eigenvalues import extreme_eigenvalues, signed_eigenvalues, spectral_norm
from hallucert.objectives.objective import Objective

BAD = [np.array([[1.0, value], [value, 2.0]]) for value in (np.nan, np.inf)]


@pytest.mark.parametrize("a", BAD)
def test_nothing_is_raised_for_what_is_not_finite(a):
    """Where numpy raises LinAlgError every decomposition is NaN, of the shape that it would have had."""
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.eigvals(a)
    for found in (
        eigenvalues.eigvals(a),
        eigenvalues.eigvalsh(a),
        eigenvalues.eigh(a)[0],
        eigenvalues.singular_values(a),
        eigenvalues.svd(a)[1],
        eigenvalues.lstsq(a, np.ones(2), 1e-9),
    ):
        assert found.shape == (2,) and np.isnan(found).all()


def test_a_bad_lane_leaves_the_others():
    """Among lanes only those that are not finite are NaN: diag(3, 1) has the eigenvalues 1 and 3."""
    lanes = np.stack([BAD[0], np.diag([3.0, 1.0]), BAD[1]])
    for values in (eigenvalues.eigvalsh(lanes), eigenvalues.eigh(lanes)[0]):
        assert (values[1] == [1, 3]).all() and np.isnan(values[[0, 2]]).all()


@pytest.mark.parametrize(
    ("formula", "x", "certain"),
    [
        ("1e-12*x**2 + y**2", (0, 0), [True, True]),  # both exact
        ("(x**2 + y**2 - 1)**2", (0.6, 0.8), [False, True]),  # along the circle the eigenvalue is 0
        ("x**4 + y**2", (1e-6, 0), [False, True]),  # the Hessian is positive, and at the critical point it is not
        ("1e-12*(x**2 + y**2) + 1e8*(x - y)**2", (1e-3, 1e-3), [False, True]),  # 1e-12 against the rounding of 1e8
        ("1 - exp(-x**2 - y**2)", (0, 25), [False, False]),  # a plateau, not a point
    ],
)
def test_signs_are_certain_where_rounding_cannot_change_them(formula, x, certain):
    """An eigenvalue as small as 1e-12 is certain if it is exact, and none is that would be zero a Newton step on."""
    values, doubt, _ = signed_eigenvalues(Objective.parse(formula), np.array([x], dtype=float))
    assert (np.abs(values) > doubt)[0].tolist() == certain


def clustered(seed: int, d: int = 150) -> np.ndarray:
    """Return a matrix like a network's Hessian: a few large eigenvalues, a few negative, a crowd near zero."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((d, d)))[0]
    values = np.concatenate([[-0.3, -0.02, 5.0, 40.0], 1e-3 * rng.standard_normal(d - 4)])
    return basis @ np.diag(values) @ basis.T


@pytest.mark.parametrize("products", [5, 20, 80, 150])
@pytest.mark.parametrize("seed", range(3))
def test_the_error_holds_whatever_the_number_of_products(seed: int, products: int) -> None:
    """An eigenvalue lies within the stated error of each end, none outside the spectrum; also without the basis."""
    a, calls = clustered(seed), []
    start = np.random.default_rng(seed + 9).standard_normal(len(a))
    ends = extreme_eigenvalues(lambda v: (calls.append(1), a @ v)[1], start, products, 1e-12)
    w = np.linalg.eigvalsh(a)
    assert len(calls) <= products
    assert w[0] - 1e-12 <= ends.smallest <= ends.largest <= w[-1] + 1e-12
    assert np.abs(w - ends.smallest).min() <= ends.smallest_error + 1e-12
    assert np.linalg.norm(a @ ends.vector - ends.smallest * ends.vector) == pytest.approx(ends.smallest_error, abs=1e-9)
    assert np.abs(w - ends.largest).min() <= ends.largest_error + 1e-12
    assert ends.vector @ a @ ends.vector == pytest.approx(ends.smallest, abs=1e-12)
    if products >= 80:
        np.testing.assert_allclose([ends.smallest, ends.largest], w[[0, -1]], atol=1e-9)
    alone = extreme_eigenvalues(lambda v: a @ v, start, products, 1e-12, vector=False)
    assert w[0] - 1e-12 <= alone.smallest <= alone.largest <= w[-1] + 1e-12 and alone.vector.size == 0
    assert np.abs(w - alone.smallest).min() <= alone.smallest_error + 1e-12
    assert np.abs(w - alone.largest).min() <= alone.largest_error + 1e-12
    if products == 5:  # as long as nothing has converged both are the same
        assert alone.smallest_error == pytest.approx(ends.smallest_error, rel=1e-9)
    if products >= 80:
        np.testing.assert_allclose([alone.smallest, alone.largest], w[[0, -1]], atol=1e-9)


def test_a_start_in_an_invariant_subspace_stays_there() -> None:
    """From a vector without part in the first two coordinates only the other eigenvalues are seen."""
    a, start = np.diag([-7.0, 9.0, 1.0, 2.0, 3.0]), np.array([0, 0, 1.0, 1.0, 1.0])
    ends = extreme_eigenvalues(lambda v: a @ v, start, 10)
    np.testing.assert_allclose([ends.smallest, ends.largest], [1, 3], atol=1e-12)


def test_the_norm_is_a_lower_bound_to_two_digits() -> None:
    """The power method gives the largest |eigenvalue| of a matrix with a gap, and zero for zero."""
    assert spectral_norm(lambda v: clustered(0) @ v, 150) == pytest.approx(40, rel=1e-2)
    assert spectral_norm(lambda v: 0 * v, 5) == 0
