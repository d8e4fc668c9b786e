"""The equations of hallucinated points, ``g(x+) = 0`` and ``r(x+) = 0``, and what a solution is on the sphere.

Legend, as in the theory: ``c`` target, ``n = (x - c)/rho`` outward normal, ``g = grad f``, ``q = |g|``, ``u = g/q``,
``H`` Hessian, ``lambda = -<g, n>/rho``, ``P = I - n n^T``. On the sphere ``S(c, rho)`` the Riemannian gradient is
``P g`` and the Riemannian Hessian ``P (H + lambda I) P``; where ``P g = 0`` and ``lambda > 0`` the point is
hallucinated (4 (d)). For other ascent steps the sphere is replaced: by all of R^d and ``f + |x - c|^2/(2 rho)`` for
USAM, and for ASAM by the ellipsoid that is the sphere of ``f(D y)``.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

import numpy as np

from hallucert.find.candidate import Candidate
from hallucert.find.eigenvalues import Ends, Operator, eigvalsh, extreme_eigenvalues, hessian_at, spectral_norm
from hallucert.find.newton import newton_point, norms
from hallucert.find.rescaled import Rescaled
from hallucert.find.rows import DenseRows, Rows, ShiftedProgram
from hallucert.objectives.objective import Objective
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.objectives.radius_law import SAM, RadiusLaw

DENSE = 400  # most variables for which the whole Hessian is formed
LANCZOS = 120  # most Hessian-vector products for the ends of a spectrum
BLOCK = 2**20  # numbers in a block of Hessian-vector products: 8 MB
MOST_ENTRIES = 2**17  # of a matrix of rows that is written out; larger ones of array programs are not

FLAT = 1e-7  # a tangential eigenvalue below this part of ``lambda + |H|`` counts as zero when a point is classified
NOISE = 1e-10  # a gradient below this part of ``|H| rho`` counts as zero: the point is an ordinary critical point


def slope(f: Objective, x: np.ndarray) -> float:
    """Return ``|g(x)|``."""
    return float(norms(f.floats.gradient(x[None, :]))[0])


class Shifted:
    """The ascent step ``x -> x+`` of a function, a radius and a law, and the equations at ``x+``, at points (d,)."""

    def __init__(self, f: Objective, rho: float, law: RadiusLaw = SAM) -> None:
        self.f, self.rho, self.law, self.step = f, rho, law, law.floats

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Return ``g(x)``."""
        return self.f.floats.gradient(x[None, :])[0]

    def by_gradient(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``F(x) = g(x+)`` and its Jacobian ``H(x+) J``: a `PointSystem`."""
        g, h = self.gradient(x), self.f.floats.hessian(x[None, :])[0]
        size, u = self.step.direction(g)
        j = np.eye(x.size) + (self.rho / size) * self.step.tangential(u, h).T
        plus = (x + self.rho * u)[None, :]
        return self.f.floats.gradient(plus)[0], self.f.floats.hessian(plus)[0] @ j

    def by_residual(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return ``r(x+)`` and its Jacobian ``A = B J``, ``B = Dr(x+)``, of shapes (m,), (m, d): a `PointSystem`."""
        g = self.gradient(x)
        return self.residual(x, g), self.residual_jacobian(x, g)

    def residual(self, x: np.ndarray, gradient: np.ndarray | None = None) -> np.ndarray:
        """Return ``r(x+)``, shape (m,); the gradient at `x` may be known."""
        g = self.gradient(x) if gradient is None else gradient
        return self.f.floats.residual((x + self.step.step(g, self.rho))[None, :])[0]

    def residual_lanes(self, x: np.ndarray) -> np.ndarray:
        """Return ``r(x+)`` on lanes (k, d), shape (k, m)."""
        return self.f.floats.residual(x + self.step.step(self.f.floats.gradient(x), self.rho))

    def residual_jacobian(self, x: np.ndarray, gradient: np.ndarray | None = None) -> np.ndarray:
        """Return ``A = B J = B + (rho/s) (B T) H`` with ``B = Dr(x+)``, shape (m, d); for SAM ``s = q``, ``T = P``.

        It takes `m` Hessian-vector products and no Hessian; they are made in blocks, so that beside ``A`` little memory
        is needed however large `d` is.
        """
        g = self.gradient(x) if gradient is None else gradient
        size, u = self.step.direction(g)
        a = np.require(self.f.floats.residual_jacobian((x + self.rho * u)[None, :])[0], requirements="W")
        block = max(1, BLOCK // x.size)
        for first in range(0, len(a), block):
            rows = a[first : first + block]
            tangential = self.step.tangential(u, rows)
            rows += (self.rho / size) * self.f.floats.hessian_vector(np.broadcast_to(x, rows.shape), tangential)
        return a

    def rows(self, x: np.ndarray) -> Rows:
        """Return the rows of ``A`` at `x`; for SAM and a large array program without their entries."""
        if self._program is None:
            return DenseRows(self.residual_jacobian(x))
        program, units = self._program
        return program.rows(x, 1.0) if units is None else program.rows(units.outside(x), units.slope_of_residuals)

    @cached_property
    def _program(self) -> tuple[ShiftedProgram, Rescaled | None] | None:
        """The program whose residuals ``r`` are, if it is a large one, and the units in which `x` is given."""
        units = self.f if isinstance(self.f, Rescaled) and self.f.uniform else None
        f, unit = (self.f, Fraction(1)) if units is None else (units.f, Fraction(2) ** units.length)
        small = f.residual_count * f.dimension <= MOST_ENTRIES
        if self.law != SAM or not isinstance(f, ProgramObjective) or small:
            return None
        return ShiftedProgram(f, Fraction(self.rho) * unit), units

    def domain_arguments(self, x: np.ndarray) -> np.ndarray:
        """Return the domain arguments at ``x`` and at ``x+`` together, on lanes (k, d)."""
        own = self.f.floats.domain_arguments(x)
        if own.shape[1] == 0:
            return own
        shifted = x + self.rho * self.step.direction(self.f.floats.gradient(x))[1]
        return np.concatenate([own, self.f.floats.domain_arguments(shifted)], axis=1)

    def length(self, x: np.ndarray) -> float:
        """Return ``|x+ - x|``, the length scale of searches about a point: ``rho`` for SAM."""
        if self.law == SAM:
            return self.rho
        return float(norms(self.rho * self.step.direction(self.gradient(x))[1][None, :])[0])

    def is_critical(self, x: np.ndarray, length: float) -> bool:
        """Tell whether ``g(x)`` is zero to floats, see `NOISE`, on a length scale."""
        if not self.law.normalised:
            # Then x+ is as near to a critical point as x itself, so only the size of x tells what is near.
            length = max(length, float(np.linalg.norm(x)))
        q = float(np.linalg.norm(self.gradient(x)))
        if x.size > DENSE:
            return not q > NOISE * length * spectral_norm(hessian_at(self.f, x), x.size)
        return not q > NOISE * length * float(np.linalg.norm(self.f.floats.hessian(x[None, :])[0]))

    def slope(self, x: np.ndarray) -> float:
        """Return ``|g(x)|``, for batches the smallest."""
        return float(np.linalg.norm(self.gradient(x)))

    def targets(self, x: np.ndarray) -> np.ndarray:
        """Return ``x+``, shape (1, d); for batches one row for each."""
        return (x + self.rho * self.step.direction(self.gradient(x))[1])[None, :]

    def kind(self, x: np.ndarray) -> str:
        """Classify a hallucinated point: what it is for ``f`` on the sphere around its target.

        For USAM: what it is for ``f(y) + |y - c|^2/(2 rho)``, whose Hessian is ``H + lambda I = J/rho``. For ASAM: what
        it is for ``f`` on the ellipsoid, by the Hessian ``D H D`` of ``f(D y)``. Eigenvalues that are zero to floats
        are left out; "minimum" if none is left (also for ``d = 1``). Above `DENSE` variables only the two extreme
        eigenvalues are computed, by Lanczos on Hessian-vector products.
        """
        g, diagonal = self.gradient(x), self.step.diagonal
        if diagonal is not None:
            g = diagonal * g
        q = float(np.linalg.norm(g))
        normal, lam = (g / q, q / self.rho) if self.law.normalised else (None, 1 / self.rho)
        if x.size <= DENSE:
            h = self.f.floats.hessian(x[None, :])[0]
            if diagonal is not None:
                h = diagonal[:, None] * h * diagonal
            eigenvalues = eigvalsh(h) + lam if normal is None else tangential_eigenvalues(h, normal, lam)
            size = float(np.linalg.norm(h))
        else:
            ends = tangential_ends(self.f, x, normal, lam, diagonal=diagonal)
            eigenvalues = np.array([ends.smallest, ends.largest])
            size = float(np.abs(eigenvalues).max())
        zero = FLAT * (lam + size)
        if not (eigenvalues < -zero).any():
            return "minimum"
        return "saddle" if (eigenvalues > zero).any() else "maximum"

    def candidate(self, x: np.ndarray, rho: Fraction, target: np.ndarray) -> Candidate:
        """Return the candidate at a hallucinated point, with the exact radius."""
        lam = float(self.step.direction(self.gradient(x))[0]) / self.rho
        return Candidate(self.f, x, rho, target, lam, self.kind(x), law=self.law)


def tangential_eigenvalues(h: np.ndarray, normal: np.ndarray, lam: float) -> np.ndarray:
    """Return the ``d - 1`` eigenvalues of ``P (H + lambda I) P`` on the tangent space, ascending."""
    basis = np.linalg.qr(normal[:, None], mode="complete")[0][:, 1:]
    return eigvalsh(basis.T @ h @ basis) + lam


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


def polished_candidate(f: Objective, x: np.ndarray, rho: Fraction, target: np.ndarray) -> Candidate:
    """Return the candidate at `x`, a hallucinated point to many digits, after Newton on ``F(x) = g(x+)``."""
    radius, shifted = float(rho), Shifted(f, float(rho))
    root = newton_point(shifted.by_gradient, x, max_steps=12, step_limit=1e-3 * radius)
    if np.isfinite(root.residual) and np.linalg.norm(root.x - x) <= 1e-3 * radius:
        x = root.x
    return shifted.candidate(x, rho, target)
