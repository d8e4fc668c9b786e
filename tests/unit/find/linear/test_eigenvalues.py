"""Decompositions of matrices that are not finite are NaN, and the signs of eigenvalues are those that floats know."""

import numpy as np
import pytest

from hallucert.find.linear import eigenvalues
from hallucert.find.linear.signs import signed_eigenvalues
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
