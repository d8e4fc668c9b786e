"""The maps of SAM in floats: perturbed point, SAM value, shifted gradient, SAM gradient and their matrices.

With ``g`` the gradient, ``H`` the Hessian, ``q = |g|``, ``u = g/q`` and ``P = I - u u^T`` at ``x``. Every function
takes one point ``x`` of shape (d,) or lanes (k, d), and the radius `rho` as an int, float, Fraction or decimal string.
Where ``g(x) = 0`` the ascent direction is undefined: a single point raises `DomainError`, lanes come out as NaN.

With ``variant="usam"`` the step is not normalised, ``x+ = x + rho g``, and is defined where ``g(x) = 0``. A `RadiusLaw`
of the variant "asam" has ``u = D^2 g/|D g|``. Formulas below are SAM's; those of the others are in
`hallucert.objectives.radius_law`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from hallucert.arguments import quiet
from hallucert.arrays import short
from hallucert.errors import DomainError
from hallucert.exact import Exact
from hallucert.objectives.ascent import row_norms
from hallucert.objectives.doors import checked_objective, radius_law
from hallucert.objectives.floats import answer, checked_points
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw
from hallucert.settings import checked_double

FLAT = 2.0**-10
"""A gradient that is zero in doubles so far away, as a part of rho, is zero around the point."""


class _Place:
    """Checked points, lanes (k, d) in any case, with the law of the ascent step and the radius."""

    def __init__(self, f: Objective, x: object, rho: Exact, variant: str | RadiusLaw) -> None:
        self.f = f
        self.law = radius_law(variant, checked_objective(f).dimension).floats
        self.x, self.single = checked_points(f, x)
        if self.single and self.law.normalised and row_norms(f.floats.gradient(self.x))[0] == 0:
            raise DomainError(
                f"the gradient of {f.name} is zero at x = {short(self.x[0])}, so the ascent direction g/|g| and the "
                "SAM maps are undefined there"
            )
        self.rho = checked_double(rho, "rho")

    @cached_property
    def size_and_direction(self) -> tuple[np.ndarray, np.ndarray]:
        """``s`` (k,) and ``u`` (k, d)."""
        return self.law.direction(self.f.floats.gradient(self.x))

    @property
    def plus(self) -> np.ndarray:
        """``x+``, shape (k, d)."""
        return self.x + self.rho * self.size_and_direction[1]

    def direction_jacobian(self) -> np.ndarray:
        """Return ``Du``, shape (k, d, d)."""
        size, u = self.size_and_direction
        with np.errstate(all="ignore"):
            return self.law.tangential(u[:, None], self.f.floats.hessian(self.x)).swapaxes(1, 2) / size[:, None, None]

    def perturbation_jacobian(self) -> np.ndarray:
        """Return ``J``, shape (k, d, d)."""
        return np.eye(self.f.dimension) + self.rho * self.direction_jacobian()


class SamMap(Protocol):
    """What the maps of SAM are: functions of points, for one radius and one ascent step."""

    def __call__(self, f: Objective, x: object, rho: Exact, variant: str | RadiusLaw = "sam") -> Any: ...


DOCUMENTATION = """

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
    %s array

    Raises
    ------
    ArgumentError
        If `x` has the wrong shape or is not finite, `rho` is not positive, or there is no such variant.
    DomainError
        If `x` is a single point with zero gradient or outside the domain of `f`.
    """


def _map(shape: str) -> Callable[[Callable[[_Place], np.ndarray]], SamMap]:
    """Make a public map of what gives its values on lanes, with the documentation that all maps share."""

    def made(on_lanes: Callable[[_Place], np.ndarray]) -> SamMap:
        @quiet
        def sam_map(f: Objective, x: object, rho: Exact, variant: str | RadiusLaw = "sam") -> Any:
            place = _Place(f, x, rho, variant)
            return answer(f, place.x, on_lanes(place), place.single)

        sam_map.__name__ = sam_map.__qualname__ = on_lanes.__name__
        text, _, examples = (on_lanes.__doc__ or "").partition("    Examples\n")
        sam_map.__doc__ = text.rstrip() + DOCUMENTATION % shape + ("\n    Examples\n" + examples if examples else "")
        return sam_map

    return made


@_map("(d,) or (k, d)")
def perturbed_point(at: _Place) -> np.ndarray:
    """Return ``x+ = x + rho u(x)``, the point SAM looks at.

    Examples
    --------
    >>> f = Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    >>> bool(abs(perturbed_point(f, [-0.5, 0], "1.5") - [1, 0]).max() < 1e-15)
    True
    """
    return at.plus


@_map("float or (k,)")
def sam_value(at: _Place) -> np.ndarray:
    """Return the SAM objective ``f^SAM(x) = f(x+)``."""
    return at.f.floats.value(at.plus)


@_map("(d,) or (k, d)")
def shifted_gradient(at: _Place) -> np.ndarray:
    """Return ``F(x) = g(x+)``, what SAM steps along (not the gradient of ``f^SAM``)."""
    return at.f.floats.gradient(at.plus)


@_map("(d,) or (k, d)")
def sam_gradient(at: _Place) -> np.ndarray:
    """Return ``grad f^SAM(x) = J^T g(x+)``, from Hessian-vector products: ``J^T v = v + rho H P v / q``."""
    size, u = at.size_and_direction
    v = at.f.floats.gradient(at.plus)
    with np.errstate(all="ignore"):
        return v + (at.rho / size)[:, None] * at.f.floats.hessian_vector(at.x, at.law.tangential(u, v))


@_map("(d, d) or (k, d, d)")
def perturbation_jacobian(at: _Place) -> np.ndarray:
    """Return ``J = D x+ = I + rho Du``.

    Its eigenvalues are 1 and ``1 - rho kappa_i`` with the principal curvatures ``kappa_i`` of the level set through
    `x` (Proposition 4.1).
    """
    return at.perturbation_jacobian()


@_map("(d, d) or (k, d, d)")
def sam_matrix(at: _Place) -> np.ndarray:
    """Return ``M = DF = H(x+) J(x)``.

    At a hallucinated point the linearised SAM map is ``I - eta M`` (Proposition 4.2).
    """
    return at.f.floats.hessian(at.plus) @ at.perturbation_jacobian()


@quiet
def direction_jacobian(f: Objective, x: object, variant: str | RadiusLaw = "sam") -> np.ndarray:
    """Return ``Du = P H / q``, which is not symmetric.

    Parameters
    ----------
    f, x, variant
        As in `perturbed_point`, which raises the same.

    Returns
    -------
    (d, d) or (k, d, d) array
    """
    place = _Place(f, x, 1, variant)
    return answer(f, place.x, place.direction_jacobian(), place.single)


def sam_lanes(
    f: Objective, x: np.ndarray, rho: np.ndarray, law: RadiusLaw = SAM
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return ``f(x), f(x+), |g(x)|, |g(x+)|`` on lanes (k, d) with radii (k,), each (k,); NaN where undefined."""
    g = f.floats.gradient(x)
    size, u = law.floats.direction(g)
    shifted, norms = x + rho[:, None] * u, size if law == SAM else row_norms(g)
    return f.floats.value(x), f.floats.value(shifted), norms, row_norms(f.floats.gradient(shifted))


def is_flat(f: Objective, x: np.ndarray, rho: float) -> bool:
    """Tell whether the gradient is zero in doubles all around a point (d,), as it is for no analytic function."""
    lengths = np.array([1.0, -1.0, 0.5, -0.5]) * FLAT * rho
    directions = np.random.default_rng(0).standard_normal((lengths.size, x.size))
    with np.errstate(all="ignore"):
        return not f.floats.gradient(x + lengths[:, None] * directions).any()
