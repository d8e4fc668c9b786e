"""The maps of SAM in floats: perturbed point, SAM value, shifted gradient, SAM gradient and their matrices.

With ``g`` the gradient, ``H`` the Hessian, ``q = |g|``, ``u = g/q`` and ``P = I - u u^T`` at ``x``. Every function
takes one point ``x`` of shape (d,) or lanes (k, d), and the radius `rho` as an int, float, Fraction or decimal string.
Where ``g(x) = 0`` the ascent direction is undefined: a single point raises `DomainError`, lanes come out as NaN.

With ``variant="usam"`` the step is not normalised, ``x+ = x + rho g``, and is defined where ``g(x) = 0``. A `RadiusLaw`
of the variant "asam" has ``u = D^2 g/|D g|``. Formulas below are SAM's; those of the others are in
`hallucert.objectives.radius_law`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hallucert.arguments import checked_double, quiet
from hallucert.errors import DomainError
from hallucert.exact import Exact
from hallucert.objectives.ascent import row_norms
from hallucert.objectives.floats import answer, checked_points
from hallucert.objectives.objective import Objective, checked_objective
from hallucert.objectives.radius_law import SAM, RadiusLaw, radius_law


@quiet
def perturbed_point(f: Objective, x: Any, rho: Exact, variant: str | RadiusLaw = "sam") -> np.ndarray:
    """Return ``x+ = x + rho u(x)``, the point SAM looks at.

    Parameters
    ----------
    f : Objective
        The function.
    x : (d,) or (k, d) array
        Points.
    rho : exact positive number
        The perturbation radius.
    variant : {"sam", "usam"} or RadiusLaw
        The ascent step.

    Returns
    -------
    (d,) or (k, d) array

    Raises
    ------
    ArgumentError
        If `x` has the wrong shape or is not finite, `rho` is not positive, or there is no such variant.
    DomainError
        If `x` is a single point with zero gradient or outside the domain of `f`.

    Examples
    --------
    >>> f = Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    >>> bool(abs(perturbed_point(f, [-0.5, 0], "1.5") - [1, 0]).max() < 1e-15)
    True
    """
    law = radius_law(variant, checked_objective(f).dimension)
    lanes, single = _points(f, x, law)
    return _answer(f, _perturbed(f, lanes, _radius(rho), law), single)


@quiet
def sam_value(f: Objective, x: Any, rho: Exact, variant: str | RadiusLaw = "sam") -> Any:
    """Return the SAM objective ``f^SAM(x) = f(x+)``. Raises as `perturbed_point`.

    Parameters
    ----------
    f : Objective
        The function.
    x : (d,) or (k, d) array
        Points.
    rho : exact positive number
        The perturbation radius.
    variant : {"sam", "usam"} or RadiusLaw
        The ascent step.

    Returns
    -------
    float or (k,) array
    """
    law = radius_law(variant, checked_objective(f).dimension)
    lanes, single = _points(f, x, law)
    return _answer(f, f.value_lanes(_perturbed(f, lanes, _radius(rho), law)), single)


@quiet
def shifted_gradient(f: Objective, x: Any, rho: Exact, variant: str | RadiusLaw = "sam") -> np.ndarray:
    """Return ``F(x) = g(x+)``, what SAM steps along (not the gradient of ``f^SAM``). Raises as `perturbed_point`.

    Parameters
    ----------
    f : Objective
        The function.
    x : (d,) or (k, d) array
        Points.
    rho : exact positive number
        The perturbation radius.
    variant : {"sam", "usam"} or RadiusLaw
        The ascent step.

    Returns
    -------
    (d,) or (k, d) array
    """
    law = radius_law(variant, checked_objective(f).dimension)
    lanes, single = _points(f, x, law)
    return _answer(f, f.gradient_lanes(_perturbed(f, lanes, _radius(rho), law)), single)


@quiet
def sam_gradient(f: Objective, x: Any, rho: Exact, variant: str | RadiusLaw = "sam") -> np.ndarray:
    """Return ``grad f^SAM(x) = J^T g(x+)``, from Hessian-vector products.

    ``J^T v = v + rho H P v / q``. Raises as `perturbed_point`.

    Parameters
    ----------
    f : Objective
        The function.
    x : (d,) or (k, d) array
        Points.
    rho : exact positive number
        The perturbation radius.
    variant : {"sam", "usam"} or RadiusLaw
        The ascent step.

    Returns
    -------
    (d,) or (k, d) array
    """
    law = radius_law(variant, checked_objective(f).dimension)
    lanes, single = _points(f, x, law)
    radius = _radius(rho)
    size, u = law.floats.direction(f.gradient_lanes(lanes))
    v = f.gradient_lanes(lanes + radius * u)
    with np.errstate(all="ignore"):
        turned = f.hessian_vector_lanes(lanes, law.floats.tangential(u, v))
        return _answer(f, v + (radius / size)[:, None] * turned, single)


@quiet
def direction_jacobian(f: Objective, x: Any, variant: str | RadiusLaw = "sam") -> np.ndarray:
    """Return ``Du = P H / q``, which is not symmetric. Raises as `perturbed_point`.

    Parameters
    ----------
    f : Objective
        The function.
    x : (d,) or (k, d) array
        Points.
    variant : {"sam", "usam"} or RadiusLaw
        The ascent step.

    Returns
    -------
    (d, d) or (k, d, d) array
    """
    law = radius_law(variant, checked_objective(f).dimension)
    lanes, single = _points(f, x, law)
    return _answer(f, _direction_jacobian(f, lanes, law), single)


@quiet
def perturbation_jacobian(f: Objective, x: Any, rho: Exact, variant: str | RadiusLaw = "sam") -> np.ndarray:
    """Return ``J = D x+ = I + rho Du``.

    Its eigenvalues are 1 and ``1 - rho kappa_i`` with the principal curvatures ``kappa_i`` of the level set through
    `x` (Proposition 4.1). Raises as `perturbed_point`.

    Parameters
    ----------
    f : Objective
        The function.
    x : (d,) or (k, d) array
        Points.
    rho : exact positive number
        The perturbation radius.
    variant : {"sam", "usam"} or RadiusLaw
        The ascent step.

    Returns
    -------
    (d, d) or (k, d, d) array
    """
    law = radius_law(variant, checked_objective(f).dimension)
    lanes, single = _points(f, x, law)
    return _answer(f, np.eye(f.dimension) + _radius(rho) * _direction_jacobian(f, lanes, law), single)


@quiet
def sam_matrix(f: Objective, x: Any, rho: Exact, variant: str | RadiusLaw = "sam") -> np.ndarray:
    """Return ``M = DF = H(x+) J(x)``.

    At a hallucinated point the linearised SAM map is ``I - eta M`` (Proposition 4.2). Raises as `perturbed_point`.

    Parameters
    ----------
    f : Objective
        The function.
    x : (d,) or (k, d) array
        Points.
    rho : exact positive number
        The perturbation radius.
    variant : {"sam", "usam"} or RadiusLaw
        The ascent step.

    Returns
    -------
    (d, d) or (k, d, d) array
    """
    law = radius_law(variant, checked_objective(f).dimension)
    lanes, single = _points(f, x, law)
    radius = _radius(rho)
    jacobian = np.eye(f.dimension) + radius * _direction_jacobian(f, lanes, law)
    return _answer(f, f.hessian_lanes(_perturbed(f, lanes, radius, law)) @ jacobian, single)


def sam_lanes(
    f: Objective, x: np.ndarray, rho: np.ndarray, law: RadiusLaw = SAM
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return ``f(x), f(x+), |g(x)|, |g(x+)|`` on lanes (k, d) with radii (k,), each (k,); NaN where undefined."""
    g = f.gradient_lanes(x)
    shifted = x + rho[:, None] * law.floats.direction(g)[1]
    return f.value_lanes(x), f.value_lanes(shifted), row_norms(g), row_norms(f.gradient_lanes(shifted))


def _points(f: Objective, x: Any, law: RadiusLaw) -> tuple[np.ndarray, bool]:
    """Return `x` as checked lanes (k, d) and whether it was one point, at which the direction must be defined."""
    lanes, single = checked_points(f, x)
    if single and law.normalised and row_norms(f.gradient_lanes(lanes))[0] == 0:
        raise DomainError(
            f"the gradient of {f.name} is zero at x, so the ascent direction g/|g| and the SAM maps are undefined there"
        )
    return lanes, single


def _answer(f: Objective, lanes: np.ndarray, single: bool) -> Any:
    return answer(f, lanes, single)


def _radius(rho: Exact) -> float:
    return checked_double(rho, "rho")


def _perturbed(f: Objective, lanes: np.ndarray, radius: float, law: RadiusLaw) -> np.ndarray:
    return lanes + radius * law.floats.direction(f.gradient_lanes(lanes))[1]


def _direction_jacobian(f: Objective, lanes: np.ndarray, law: RadiusLaw) -> np.ndarray:
    size, u = law.floats.direction(f.gradient_lanes(lanes))
    hessian = f.hessian_lanes(lanes)
    with np.errstate(all="ignore"):
        return law.floats.tangential_columns(u, hessian) / size[:, None, None]
