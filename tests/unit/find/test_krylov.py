"""Matrix-free linear algebra agrees with dense linear algebra and says how far it may be off."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError
from hallucert.find.krylov import critical_point_near, extreme_eigenvalues, spectral_norm
from hallucert.objectives.objective import Objective


def clustered(seed: int, d: int = 150) -> np.ndarray:
    """Return a matrix like a network's Hessian: a few large eigenvalues, a few negative, a crowd near zero."""
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((d, d)))[0]
    values = np.concatenate([[-0.3, -0.02, 5.0, 40.0], 1e-3 * rng.standard_normal(d - 4)])
    return basis @ np.diag(values) @ basis.T


@pytest.mark.parametrize("products", [5, 20, 80, 150])
@pytest.mark.parametrize("seed", range(3))
def test_the_error_holds_whatever_the_number_of_products(seed: int, products: int) -> None:
    """An eigenvalue lies within the stated error of each end, and no Ritz value leaves the spectrum."""
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


def test_a_start_in_an_invariant_subspace_stays_there() -> None:
    """From a vector without part in the first two coordinates only the other eigenvalues are seen."""
    a, start = np.diag([-7.0, 9.0, 1.0, 2.0, 3.0]), np.array([0, 0, 1.0, 1.0, 1.0])
    ends = extreme_eigenvalues(lambda v: a @ v, start, 10)
    np.testing.assert_allclose([ends.smallest, ends.largest], [1, 3], atol=1e-12)


def test_the_norm_is_a_lower_bound_to_two_digits() -> None:
    """The power method gives the largest |eigenvalue| of a matrix with a gap, and zero for zero."""
    assert spectral_norm(lambda v: clustered(0) @ v, 150) == pytest.approx(40, rel=1e-2)
    assert spectral_norm(lambda v: 0 * v, 5) == 0


def test_a_degenerate_target_is_polished_to_the_nearest_point_of_its_manifold() -> None:
    """For (|x|^2 - 1)^2/4 in 250 dimensions Newton leads from 1.01 e to e."""
    names = [f"x{i}" for i in range(250)]
    f = Objective.parse("(" + " + ".join(f"{n}**2" for n in names) + " - 1)**2/4", names)
    e = np.random.default_rng(0).standard_normal(250)
    e /= np.linalg.norm(e)
    np.testing.assert_allclose(critical_point_near(f, 1.01 * e, 1.0, "target"), e, atol=1e-13)


def test_what_is_no_critical_point_is_refused_by_name() -> None:
    """A point far from every critical point, and a function that has none, raise an ArgumentError."""
    rng = np.random.default_rng(1)
    network = hc.TanhNetwork((8, 30, 1), rng.standard_normal((20, 8)), rng.standard_normal(20))
    names = [f"x{i}" for i in range(210)]
    slope = Objective.parse(" + ".join(f"exp({n})" for n in names), names)
    # Nearly critical, but x0^3/3 + x0/10^6 only rises: |g| = 1e-6 while |H| = 1.
    ramp = Objective.parse("x0**3/3 + x0/10**6 + " + " + ".join(f"{n}**2/2" for n in names[1:]), names)
    for f, x in ((network, network.initial(0)), (slope, np.zeros(210)), (ramp, np.zeros(210))):
        with pytest.raises(ArgumentError, match=r"^target must be a critical point"):
            critical_point_near(f, x, 1.0, "target")
