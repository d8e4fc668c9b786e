"""The spectra that decide what SAM does at a point, in floats: whole for few variables, their ends for many.

Up to `DENSE` variables matrices are formed. Beyond it everything comes from a bounded number of Hessian-vector
products, by Lanczos or Arnoldi, and an eigenvalue carries the error that its residual bounds.

Legend, with ``u``, ``s`` and ``T`` of the radius law (SAM: ``u = g/q``, ``s = q``, ``T = P = I - u u^T``):
``x+ = x + rho u``, ``J = I + (rho/s) T H(x)``, ``M = H(x+) J``, ``B = Dr(x+)``, ``K = B J B^T / n``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hallucert.find.krylov import Operator, extreme_eigenvalues, hessian_at
from hallucert.find.spheres.sphere import tangential_eigenvalues, tangential_ends
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM, RadiusLaw

DENSE = 200
"""Most variables for which whole spectra are computed."""

KERNEL = 2000
"""Most residuals for which the tangent kernel is computed."""

KERNEL_NUMBERS = 2 * 10**8
"""Most numbers in the residual Jacobian of a tangent kernel: 1.6 gigabytes."""

BLOCK = 2**20
"""Numbers in a block of Hessian-vector products."""

FLAT = 1e-6
"""An eigenvalue this small against the largest, or against the scale given, counts as zero: rounding leaves 1e-12."""

ROUNDING = 1e-12
"""Residuals, singular values of ``B`` and eigenvalues of ``K`` this small against the largest are rounding errors."""

NEARER = 0.5
"""A step to a zero of ``r`` that is one leaves at most this part of ``|r|``."""


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of a symmetric matrix.

    Attributes
    ----------
    eigenvalues : (k,) array
        Ascending: all of them, or the smallest and the largest.
    error : float
        What the smallest may be off: 0 if all are known.
    """

    eigenvalues: np.ndarray
    error: float = 0.0

    def definiteness(self, scale: float) -> str:
        """Return "minimizer", "maximizer", "saddle", or "degenerate" if no sign of an end is certain."""
        zero = FLAT * max(scale, float(np.abs(self.eigenvalues).max(initial=0.0)))
        low, high = self.eigenvalues[0], self.eigenvalues[-1]
        if low - self.error > zero:
            return "minimizer"
        if high < -zero:
            return "maximizer"
        return "saddle" if low < -zero and high > zero else "degenerate"


def hessian_spectrum(f: Objective, x: np.ndarray, products: int) -> Spectrum:
    """Return the spectrum of ``H(x)``; beyond `DENSE` variables its two ends."""
    if x.size <= DENSE:
        return Spectrum(np.linalg.eigvalsh(f.hessian(x)))
    start = np.random.default_rng(0).standard_normal(x.size)
    ends = extreme_eigenvalues(hessian_at(f, x), start, products, FLAT)
    return Spectrum(np.array([ends.smallest, ends.largest]), ends.smallest_error)


class PointSpectra:
    """The matrices of an ascent step at one point, for objectives of any size.

    Parameters
    ----------
    f : Objective
        The function.
    x : (d,) array
        The point, with nonzero gradient.
    rho : float
        Radius.
    products : int
        Most Hessian-vector products for one spectrum, beyond `DENSE` variables.
    law : RadiusLaw
        The ascent step.
    """

    def __init__(self, f: Objective, x: np.ndarray, rho: float, products: int, law: RadiusLaw = SAM) -> None:
        self.f, self.x, self.rho, self.products, self.law = f, x, rho, products, law
        g = f.gradient(x)
        size, self.u = law.direction_at(g)
        self.size = float(size)
        self.plus = x + rho * self.u
        self.dense = x.size <= DENSE

    @cached_property
    def hessian(self) -> np.ndarray:
        """``H(x)``, only for few variables."""
        return self.f.hessian(self.x)

    def tangential(self) -> Spectrum:
        """Return the spectrum of ``J`` on the tangent space of the sphere, which is symmetric (Proposition 4.1).

        For ASAM on that of the ellipsoid, where ``D^-1 J D`` is symmetric; for USAM that of ``J = I + rho H``, ``rho``
        times the Hessian of the Moreau objective, on the whole space.
        """
        diagonal, lam = self.law.diagonal, self.size / self.rho
        normal = None
        if self.law.normalised:
            normal = self.u if diagonal is None else self.u / diagonal
        if not self.dense:
            ends = tangential_ends(self.f, self.x, normal, lam, self.products, diagonal)
            return Spectrum(np.array([ends.smallest, ends.largest]) / lam, ends.smallest_error / lam)
        h = self.hessian if diagonal is None else diagonal[:, None] * self.hessian * diagonal
        if normal is None:
            return Spectrum((np.linalg.eigvalsh(h) + lam) / lam)
        return Spectrum(tangential_eigenvalues(h, normal, lam) / lam)

    def c32_margin(self) -> float:
        """Return ``lambda_min(sym Du) + 1/rho``, ``Du = T H/s``; an upper bound of it beyond `DENSE` variables."""
        if self.dense:
            du = self.law.tangential_matrix(self.u, self.hessian) / self.size
            return float(np.linalg.eigvalsh((du + du.T) / 2)[0]) + 1 / self.rho
        hessian = hessian_at(self.f, self.x)
        # For SAM T H = H - u (H u)^T: besides H v only H u is needed. ASAM's metric costs the product H D^2 v.
        hu = hessian(self.u) if self.law.normalised else None

        def symmetric(v: np.ndarray) -> np.ndarray:
            hv = hessian(v)
            if hu is None:
                return hv / self.size
            metric = self.law.metric
            both = 2 * hv if metric is None else metric * hv + hessian(metric * v)
            return (both - self.u * (hu @ v) - hu * (self.u @ v)) / (2 * self.size)

        start = np.random.default_rng(0).standard_normal(self.x.size)
        steps = (self.products - 1) // (1 if self.law.metric is None else 2)
        return extreme_eigenvalues(symmetric, start, steps).smallest + 1 / self.rho

    def sam_eigenvalues(self) -> np.ndarray:
        """Return the spectrum (k,) complex of ``M``; beyond `DENSE` variables those that Arnoldi has found.

        These are the largest in absolute value, and others at the ends of the spectrum, to about a percent.
        """
        scale = self.rho / self.size
        if self.dense:
            j = np.eye(self.x.size) + scale * self.law.tangential_matrix(self.u, self.hessian)
            return np.linalg.eigvals(self.f.hessian(self.plus) @ j).astype(complex)
        here, there = hessian_at(self.f, self.x), hessian_at(self.f, self.plus)

        def apply(v: np.ndarray) -> np.ndarray:
            return there(v + scale * self.law.tangential_matrix(self.u, here(v)[:, None])[:, 0])

        start = np.random.default_rng(0).standard_normal(self.x.size)
        return ritz_values(apply, start, self.products // 2)

    def newton_step(self, products: int) -> np.ndarray:
        """Return the step (d,) from ``x+`` to the critical point of ``f`` next to it; by MINRES beyond `DENSE`."""
        g = self.f.gradient(self.plus)
        if self.dense:
            return -np.linalg.lstsq(self.f.hessian(self.plus), g, rcond=FLAT)[0]
        from scipy.sparse.linalg import LinearOperator, minres

        hessian = LinearOperator((g.size, g.size), matvec=hessian_at(self.f, self.plus), dtype=np.float64)
        return np.asarray(minres(hessian, -g, rtol=1e-8, maxiter=products)[0])

    def tangent_kernel(self) -> tuple[np.ndarray, np.ndarray]:
        """Return ``K = B J B^T / n`` and ``B B^T``, each (m, m); `m` Hessian-vector products, made in blocks.

        ``A = B J`` is not stored: ``B J B^T = B B^T + (rho/s) (B T) (H B^T)``.
        """
        b = self.f.residual_jacobian_lanes(self.plus[None, :])[0]
        gram, product = b @ b.T, np.empty((len(b), len(b)))
        block = max(1, BLOCK // self.x.size)
        for first in range(0, len(b), block):
            rows = b[first : first + block]
            hb = self.f.hessian_vector_lanes(np.broadcast_to(self.x, rows.shape), rows)
            product[:, first : first + block] = b @ self.law.tangential_rows(self.u, hb).T
        return (gram + (self.rho / self.size) * product) / float(self.f.n), gram

    def zero_is_within(self, reach: float, newton: np.ndarray) -> bool:
        """Tell whether a zero of ``r`` seems to be within `reach` of ``x+``.

        It is sought one Gauss-Newton step ``-B^+ r(x+)`` from there, which must be no longer than `reach` and lower
        ``|r|``. A saturated network has small residuals and no zero of them anywhere near: ``B`` is small, too. Where
        ``B`` is too large to decompose, the step `newton` on ``f`` takes its place: a zero of ``r`` is one of ``g``.
        """
        r = self.f.residual_lanes(self.plus[None, :])[0]
        step = self._gauss_newton_step(r) if self.has_kernel() else newton
        if not np.linalg.norm(step) <= reach:
            return False
        left = float(np.linalg.norm(self.f.residual_lanes((self.plus + step)[None, :])[0]))
        rounding = ROUNDING * float(np.linalg.norm(self.f.residual_lanes(self.x[None, :])[0]))
        return left <= max(NEARER * float(np.linalg.norm(r)), rounding)

    def _gauss_newton_step(self, r: np.ndarray) -> np.ndarray:
        """Return ``-B^+ r``, from the triangle of ``B^T``, whose condition is that of ``B`` and not the square."""
        b = self.f.residual_jacobian_lanes(self.plus[None, :])[0]
        q, triangle = np.linalg.qr(b.T)
        return -q @ np.linalg.lstsq(triangle.T, r, rcond=ROUNDING)[0]

    def has_kernel(self) -> bool:
        """Tell whether there is a residual form small enough for `tangent_kernel`, with ``m <= d`` residuals."""
        m, d = self.f.residual_count, self.x.size
        return 0 < m <= min(KERNEL, d) and m * d <= KERNEL_NUMBERS


def ritz_values(operator: Operator, start: np.ndarray, steps: int) -> np.ndarray:
    """Return eigenvalues (k,) complex of a nonsymmetric operator that `steps` steps of Arnoldi have found.

    Kept are the Ritz values whose residual is at most a hundredth of the largest; the largest one always.
    """
    steps = min(steps, start.size)
    basis = np.empty((steps, start.size))
    upper = np.zeros((steps, steps))
    basis[0] = start / np.linalg.norm(start)
    beta = 0.0
    for k in range(steps):
        w = operator(basis[k])
        for _ in range(2):
            part = basis[: k + 1] @ w
            upper[: k + 1, k] += part
            w = w - basis[: k + 1].T @ part
        beta = float(np.linalg.norm(w))
        if k == steps - 1 or not beta > 1e-14 * np.abs(upper[: k + 1, : k + 1]).max():
            upper = upper[: k + 1, : k + 1]
            break
        upper[k + 1, k] = beta
        basis[k + 1] = w / beta
    values, vectors = np.linalg.eig(upper)
    residuals = beta * np.abs(vectors[-1])
    largest = np.abs(values).max()
    kept = (residuals <= 0.01 * largest) | (np.abs(values) == largest)
    return values[kept].astype(complex)


def projected_c32_margin(kernel: np.ndarray, gram: np.ndarray, n: float, rho: float) -> float:
    """Return ``lambda_min(N^T sym(J) N) / rho``, ``N`` an orthonormal basis of the row space of ``B``.

    With ``B = S N^T`` and ``S S^T = B B^T`` it is ``N^T J N = S^-1 (n K) S^-T``.
    """
    size, vectors = np.linalg.eigh(gram)
    kept = size > 1e-13 * size[-1]
    half = vectors[:, kept] / np.sqrt(size[kept])
    return float(np.linalg.eigvalsh(half.T @ (n * (kernel + kernel.T) / 2) @ half)[0]) / rho
