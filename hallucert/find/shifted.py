"""The equations of hallucinated points, ``g(x+) = 0`` and ``r(x+) = 0``, and what a solution is on the sphere.

Legend, as in the theory: ``c`` target, ``n = (x - c)/rho`` outward normal, ``g = grad f``, ``q = |g|``, ``u = g/q``,
``H`` Hessian, ``lambda = -<g, n>/rho``, ``P = I - n n^T``. On the sphere ``S(c, rho)`` the Riemannian gradient is
``P g`` and the Riemannian Hessian ``P (H + lambda I) P``; where ``P g = 0`` and ``lambda > 0`` the point is
hallucinated (4 (d)). For other ascent steps the sphere is replaced: by all of R^d and ``f + |x - c|^2/(2 rho)`` for
USAM, and for ASAM by the ellipsoid that is the sphere of ``f(D y)``.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hallucert.find.candidate import Candidate
from hallucert.find.eigenvalues import Ends, Operator, eigvalsh, extreme_eigenvalues, hessian_at, spectral_norm
from hallucert.find.newton import PointSystem, newton_point, norms
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw

DENSE = 400  # most variables for which the whole Hessian is formed
LANCZOS = 120  # most Hessian-vector products for the ends of a spectrum
BLOCK = 2**20  # numbers in a block of Hessian-vector products: 8 MB

FLAT = 1e-7  # a tangential eigenvalue below this part of ``lambda + |H|`` counts as zero when a point is classified
NOISE = 1e-10  # a gradient below this part of ``|H| rho`` counts as zero: the point is an ordinary critical point


def slope(f: Objective, x: np.ndarray) -> float:
    """Return ``|g(x)|``."""
    return float(norms(f.gradient_lanes(x[None, :]))[0])


def shifted_gradient_system(f: Objective, rho: float, law: RadiusLaw = SAM) -> PointSystem:
    """Return the system ``F(x) = g(x + rho u) = 0`` with Jacobian ``H(x+) J``."""

    def system(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        g, h = f.gradient_lanes(x[None, :])[0], f.hessian_lanes(x[None, :])[0]
        size, u = law.floats.direction_at(g)
        j = np.eye(x.size) + (rho / size) * law.floats.tangential_matrix(u, h)
        plus = (x + rho * u)[None, :]
        return f.gradient_lanes(plus)[0], f.hessian_lanes(plus)[0] @ j

    return system


def tangential_eigenvalues(h: np.ndarray, normal: np.ndarray, lam: float) -> np.ndarray:
    """Return the ``d - 1`` eigenvalues of ``P (H + lambda I) P`` on the tangent space, ascending."""
    basis = np.linalg.qr(normal[:, None], mode="complete")[0][:, 1:]
    return eigvalsh(basis.T @ h @ basis) + lam


def shifted_residual_system(f: Objective, rho: float, law: RadiusLaw = SAM) -> PointSystem:
    """Return the system ``r(x+) = 0`` with Jacobian ``A = B J``, ``B = Dr(x+)``; shapes (m,), (m, d)."""

    def system(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        g = f.gradient_lanes(x[None, :])[0]
        return shifted_residual(f, x, rho, law, g), shifted_residual_jacobian(f, x, rho, law, g)

    return system


def shifted_residual(
    f: Objective, x: np.ndarray, rho: float, law: RadiusLaw = SAM, gradient: np.ndarray | None = None
) -> np.ndarray:
    """Return ``r(x+)``, shape (m,)."""
    g = f.gradient_lanes(x[None, :])[0] if gradient is None else gradient
    return f.residual_lanes((x + law.floats.step_at(g, rho))[None, :])[0]


def shifted_residual_jacobian(
    f: Objective, x: np.ndarray, rho: float, law: RadiusLaw = SAM, gradient: np.ndarray | None = None
) -> np.ndarray:
    """Return ``A = B J = B + (rho/s) (B T) H`` with ``B = Dr(x+)``, shape (m, d); for SAM ``s = q``, ``T = P``.

    It takes `m` Hessian-vector products and no Hessian; they are made in blocks, so that beside ``A`` little memory is
    needed however large `d` is.
    """
    g = f.gradient_lanes(x[None, :])[0] if gradient is None else gradient
    size, u = law.floats.direction_at(g)
    a = f.residual_jacobian_lanes((x + rho * u)[None, :])[0]
    block = max(1, BLOCK // x.size)
    for first in range(0, len(a), block):
        rows = a[first : first + block]
        tangential = law.floats.tangential_rows(u, rows)
        rows += (rho / size) * f.hessian_vector_lanes(np.broadcast_to(x, rows.shape), tangential)
    return a


def sphere_kind(f: Objective, x: np.ndarray, rho: float, law: RadiusLaw = SAM) -> str:
    """Classify a hallucinated point: what it is for ``f`` on the sphere around its target.

    For USAM: what it is for ``f(y) + |y - c|^2/(2 rho)``, whose Hessian is ``H + lambda I = J/rho``. For ASAM: what it
    is for ``f`` on the ellipsoid, by the Hessian ``D H D`` of ``f(D y)``.
    Eigenvalues that are zero to floats are left out; "minimum" if none is left (also for ``d = 1``). Above `DENSE`
    variables only the two extreme eigenvalues are computed, by Lanczos on Hessian-vector products.
    """
    g = f.gradient_lanes(x[None, :])[0]
    if law.floats.diagonal is not None:
        g = law.floats.diagonal * g
    q = float(np.linalg.norm(g))
    normal, lam = (g / q, q / rho) if law.normalised else (None, 1 / rho)
    if x.size <= DENSE:
        h = f.hessian_lanes(x[None, :])[0]
        if law.floats.diagonal is not None:
            h = law.floats.diagonal[:, None] * h * law.floats.diagonal
        eigenvalues = eigvalsh(h) + lam if normal is None else tangential_eigenvalues(h, normal, lam)
        size = float(np.linalg.norm(h))
    else:
        ends = tangential_ends(f, x, normal, lam, diagonal=law.floats.diagonal)
        eigenvalues = np.array([ends.smallest, ends.largest])
        size = float(np.abs(eigenvalues).max())
    zero = FLAT * (lam + size)
    if not (eigenvalues < -zero).any():
        return "minimum"
    return "saddle" if (eigenvalues > zero).any() else "maximum"


def tangential_operator(
    f: Objective, x: np.ndarray, u: np.ndarray | None, lam: float, diagonal: np.ndarray | None = None
) -> Operator:
    """Return ``v -> P (H + lambda I) P v`` with ``P = I - u u^T``.

    Without `u` the space is all of R^d; with a `diagonal` ``D`` the Hessian is ``D H D``.
    """
    hessian = hessian_at(f, x)

    def project(v: np.ndarray) -> np.ndarray:
        return v if u is None else v - (u @ v) * u

    def apply(v: np.ndarray) -> np.ndarray:
        w = project(v)
        hw = hessian(w) if diagonal is None else diagonal * hessian(diagonal * w)
        return project(hw + lam * w)

    return apply


def tangential_ends(
    f: Objective,
    x: np.ndarray,
    u: np.ndarray | None,
    lam: float,
    products: int = LANCZOS,
    diagonal: np.ndarray | None = None,
) -> Ends:
    """Return both ends of the spectrum of `tangential_operator` on the tangent space, by Lanczos.

    Divided by ``lambda`` they are those of ``J`` there (Proposition 4.1).
    """
    random = np.random.default_rng(0).standard_normal(x.size)
    start = random if u is None else random - (u @ random) * u
    return extreme_eigenvalues(tangential_operator(f, x, u, lam, diagonal), start, products)


def step_length(f: Objective, x: np.ndarray, rho: float, law: RadiusLaw) -> float:
    """Return ``|x+ - x|``, the length scale of searches about a point: ``rho`` for SAM."""
    if law == SAM:
        return rho
    return float(norms(rho * law.floats.direction_at(f.gradient_lanes(x[None, :])[0])[1][None, :])[0])


def gradient_vanishes(f: Objective, x: np.ndarray, length: float, law: RadiusLaw) -> bool:
    """Tell whether ``g(x)`` is zero to floats, see `NOISE`, on the length scale of `step_length`."""
    if not law.normalised:
        # Then x+ is as near to a critical point as x itself, so only the size of x tells what is near.
        length = max(length, float(np.linalg.norm(x)))
    q = float(np.linalg.norm(f.gradient_lanes(x[None, :])[0]))
    if x.size > DENSE:
        return not q > NOISE * length * spectral_norm(hessian_at(f, x), x.size)
    return not q > NOISE * length * float(np.linalg.norm(f.hessian_lanes(x[None, :])[0]))


def polished_candidate(f: Objective, x: np.ndarray, rho: Fraction, target: np.ndarray) -> Candidate:
    """Return the candidate at `x`, a hallucinated point to many digits, after Newton on ``F(x) = g(x+)``."""
    radius = float(rho)
    root = newton_point(shifted_gradient_system(f, radius), x, max_steps=12, step_limit=1e-3 * radius)
    if np.isfinite(root.residual) and np.linalg.norm(root.x - x) <= 1e-3 * radius:
        x = root.x
    q = float(np.linalg.norm(f.gradient_lanes(x[None, :])[0]))
    return Candidate(f, x, rho, target, q / radius, sphere_kind(f, x, radius))
