"""The Riemannian derivatives of `Sphere` are the derivatives of f along great circles."""

import mpmath
import numpy as np
import pytest
from search_problems import shift

from hallucert.find.shifted import Shifted
from hallucert.find.spheres.sphere import Sphere
from hallucert.objectives.objective import Objective

FORMULA = "x**3*y - 2*y**2*z + x*z + z**4/3"


def exact_f(x):
    return x[0] ** 3 * x[1] - 2 * x[1] ** 2 * x[2] + x[0] * x[2] + x[2] ** 4 / 3


@pytest.mark.parametrize("seed", range(4))
def test_first_and_second_derivative_along_a_great_circle(seed):
    """<P g, v> and <v, P (H + lambda I) P v> are those of f(c + rho (n cos t + v sin t)) over rho and rho^2."""
    rng = np.random.default_rng(seed)
    c, rho = rng.standard_normal(3), 0.7
    basis = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    n, v = basis[:, 0], basis[:, 1]
    sphere = Sphere(Objective.parse(FORMULA), c, rho)
    x = sphere.at(n[None, :])
    with mpmath.workdps(60):

        def along(t):
            cos, sin = mpmath.cos(t), mpmath.sin(t)
            return exact_f([mpmath.mpf(a) + rho * (p * cos + q * sin) for a, p, q in zip(c, n, v, strict=True)])

        first, second = (float(mpmath.diff(along, 0, k)) for k in (1, 2))
    assert sphere.gradient(x)[0] @ v == pytest.approx(first / rho, abs=1e-12)
    assert v @ sphere.hessian(x)[0] @ v == pytest.approx(second / rho**2, abs=1e-12)
    assert np.abs(sphere.hessian(x)[0] @ n).max() < 1e-13


def test_the_sam_matrix_is_the_derivative_of_the_shifted_gradient():
    """The Jacobian of x -> g(x+) against derivatives of the definition, taken at 60 digits."""
    f, x, rho = Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2"), np.array([0.3, -0.7]), 1.3

    def shifted(i, a, b):
        ga, gb = 4 * a * (a * a - 1), 4 * b * (b * b - 1)
        q = mpmath.sqrt(ga * ga + gb * gb)
        p = a + rho * ga / q if i == 0 else b + rho * gb / q
        return 4 * p * (p * p - 1)

    r, a = Shifted(f, rho).by_gradient(x)
    assert np.allclose(r, f.gradient(shift(f, x, rho)), rtol=0, atol=1e-13)
    with mpmath.workdps(60):
        for i in range(2):
            for j, order in enumerate([(1, 0), (0, 1)]):
                exact = mpmath.diff(lambda s, t, i=i: shifted(i, s, t), tuple(map(mpmath.mpf, x)), order)
                assert a[i, j] == pytest.approx(float(exact), rel=1e-12)
