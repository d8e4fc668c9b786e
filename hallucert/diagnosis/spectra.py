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

from hallucert.find.eigenvalues import (
    DECOMPOSITION,
    EPSILON,
    STEPS,
    Ends,
    Operator,
    eigvals,
    eigvalsh,
    extreme_eigenvalues,
    hessian_at,
    lstsq,
    places_beside,
    signed_eigenvalues,
)
from hallucert.find.shifted import Shifted, tangential_eigenvalues, tangential_ends
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
"""Beyond `DENSE` variables an eigenvalue this small against the largest, or against the scale given, counts as zero."""

ROUNDING = 1e-12
"""Residuals, singular values of ``B`` and eigenvalues of ``K`` this small against the largest are rounding errors."""

NEARER = 0.5
"""A step to a zero of ``r`` that is one leaves at most this part of ``|r|``."""


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues (k,) of a symmetric matrix, ascending: all of them, or the smallest and the largest.

    `doubt` (k,) is how far each may be off: where it is no smaller than the eigenvalue, the sign is not known.
    """

    eigenvalues: np.ndarray
    doubt: np.ndarray

    def definiteness(self) -> str:
        """Return "minimizer", "maximizer", "saddle", or "degenerate" if the signs that are known do not settle it."""
        positive, negative = self.eigenvalues > self.doubt, self.eigenvalues < -self.doubt
        if positive.all():
            return "minimizer"
        if negative.all():
            return "maximizer"
        return "saddle" if positive.any() and negative.any() else "degenerate"

    @property
    def unknown(self) -> int:
        """How many signs are not known."""
        return int(np.count_nonzero(~(np.abs(self.eigenvalues) > self.doubt)))


def spectrum_of_ends(ends: Ends, scale: float) -> Spectrum:
    """Return what Lanczos knows, for a matrix that is divided by `scale`; what is small against its norm is unknown."""
    values = np.array([ends.smallest, ends.largest]) / scale
    zero = FLAT * float(np.abs(values).max())
    # Ritz values lie in the spectrum, so the largest eigenvalue is larger, and only the smallest may be smaller.
    below = ends.smallest_error / scale if ends.smallest > 0 else 0.0
    return Spectrum(values, np.array([zero + below, zero]))


def hessian_spectrum(f: Objective, x: np.ndarray, products: int, scale: float = 0.0, reach: float = np.inf) -> Spectrum:
    """Return the spectrum of ``H(x)`` near a critical point.

    No sign is known along eigenvectors on which a Newton step is longer than `reach`: the critical point is elsewhere.
    Beyond `DENSE` variables the two ends of the spectrum, and no sign of what is small against `scale`.
    """
    if x.size <= DENSE:
        values, doubt, vectors = (lanes[0] for lanes in signed_eigenvalues(f, x[None, :]))
        far = ~(np.abs(vectors.T @ f.floats.gradient(x[None, :])[0]) <= reach * np.abs(values))
        return Spectrum(values, np.where(far, np.inf, doubt))
    start = np.random.default_rng(0).standard_normal(x.size)
    ends = extreme_eigenvalues(hessian_at(f, x), start, products, FLAT, vector=False)
    found = spectrum_of_ends(ends, 1.0)
    return Spectrum(found.eigenvalues, np.maximum(found.doubt, FLAT * scale))


class PointSpectra:
    """The matrices of an ascent step at one point `x` (d,) with nonzero gradient, for objectives of any size.

    Beyond `DENSE` variables a spectrum takes at most so many Hessian-vector `products`.
    """

    def __init__(self, f: Objective, x: np.ndarray, rho: float, products: int, law: RadiusLaw = SAM) -> None:
        self.f, self.x, self.rho, self.products, self.law = f, x, rho, products, law
        size, self.u = law.floats.direction(f.floats.gradient(x[None, :])[0])
        self.size = float(size)
        self.plus = x + rho * self.u
        self.dense = x.size <= DENSE

    @cached_property
    def hessian(self) -> np.ndarray:
        """``H(x)``, only for few variables."""
        return self.f.floats.hessian(self.x[None, :])[0]

    def tangential(self) -> Spectrum:
        """Return the spectrum of ``J`` on the tangent space of the sphere, which is symmetric (Proposition 4.1).

        For ASAM on that of the ellipsoid, where ``D^-1 J D`` is symmetric; for USAM that of ``J = I + rho H``, ``rho``
        times the Hessian of the Moreau objective, on the whole space.
        """
        if not self.dense:
            lam = self.size / self.rho
            ends = tangential_ends(self.f, self.x, self._normal, lam, self.products, self.law.floats.diagonal)
            return spectrum_of_ends(ends, lam)
        values = self._tangential_values()
        doubt = rounding_of(values.size, np.abs(values).max(initial=1.0)) * np.ones(values.size)
        for beside in self.beside:
            # Eigenvalues of symmetric matrices move by no more than the matrix does (Weyl), in their order.
            doubt = np.maximum(doubt, np.abs(beside._tangential_values() - values))
        return Spectrum(values, doubt)

    @property
    def _normal(self) -> np.ndarray | None:
        if not self.law.normalised:
            return None
        return self.u if self.law.floats.diagonal is None else self.u / self.law.floats.diagonal

    def _tangential_values(self) -> np.ndarray:
        diagonal, lam, normal = self.law.floats.diagonal, self.size / self.rho, self._normal
        h = self.hessian if diagonal is None else diagonal[:, None] * self.hessian * diagonal
        return (eigvalsh(h) + lam if normal is None else tangential_eigenvalues(h, normal, lam)) / lam

    @cached_property
    def beside(self) -> list[PointSpectra]:
        """The same a few units in the last place away, and a few Newton steps: what changes there is not known.

        A Newton step leads to the hallucinated point, whose derivative is ``M``; it counts the rounding of ``g(x+)``.
        """
        at = [self.moved(move) for move in places_beside(self.x)]
        steps = [lstsq(self._system[1], -point._system[0], ROUNDING) for point in (self, *at)]
        longest = max(steps, key=lambda step: float(np.nan_to_num(np.linalg.norm(step), nan=np.inf)))
        return [*at, *(self.moved(sign * STEPS * longest) for sign in (1, -1))]

    def moved(self, move: np.ndarray) -> PointSpectra:
        """Return the spectra at another point, which may lie outside the domain: then all is NaN."""
        return PointSpectra(self.f, self.x + move, self.rho, self.products, self.law)

    @cached_property
    def _system(self) -> tuple[np.ndarray, np.ndarray]:
        """``g(x+)`` (d,) and ``M`` (d, d), only for few variables."""
        return Shifted(self.f, self.rho, self.law).by_gradient(self.x)

    @cached_property
    def direction_jacobian(self) -> np.ndarray:
        """``Du = T H/s``, shape (d, d), only for few variables."""
        return self.law.floats.tangential(self.u, self.hessian).T / self.size

    @property
    def jacobian(self) -> np.ndarray:
        """``J``, shape (d, d), only for few variables."""
        return np.eye(self.x.size) + self.rho * self.direction_jacobian

    def c32_margin(self) -> float:
        """Return ``lambda_min(sym Du) + 1/rho``, ``Du = T H/s``; an upper bound of it beyond `DENSE` variables."""
        if self.dense:
            return float(eigvalsh((self.direction_jacobian + self.direction_jacobian.T) / 2)[0]) + 1 / self.rho
        hessian = hessian_at(self.f, self.x)
        # For SAM T H = H - u (H u)^T: besides H v only H u is needed. ASAM's metric costs the product H D^2 v.
        hu = hessian(self.u) if self.law.normalised else None

        def symmetric(v: np.ndarray) -> np.ndarray:
            hv = hessian(v)
            if hu is None:
                return hv / self.size
            metric = self.law.floats.metric
            both = 2 * hv if metric is None else metric * hv + hessian(metric * v)
            return (both - self.u * (hu @ v) - hu * (self.u @ v)) / (2 * self.size)

        start = np.random.default_rng(0).standard_normal(self.x.size)
        steps = (self.products - 1) // (1 if self.law.floats.metric is None else 2)
        return extreme_eigenvalues(symmetric, start, steps).smallest + 1 / self.rho

    def sam_eigenvalues(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the spectrum (k,) complex of ``M`` and how far each may be off, (k,).

        Beyond `DENSE` variables those that Arnoldi has found: the largest in absolute value, and others at the ends of
        the spectrum, to about a percent.
        """
        scale = self.rho / self.size
        if self.dense:
            return self._dense_sam_eigenvalues()
        here, there = hessian_at(self.f, self.x), hessian_at(self.f, self.plus)

        def apply(v: np.ndarray) -> np.ndarray:
            return there(v + scale * self.law.floats.tangential(self.u, here(v)))

        start = np.random.default_rng(0).standard_normal(self.x.size)
        values, residuals = ritz_values(apply, start, self.products // 2)
        return values, np.maximum(residuals, FLAT * np.abs(values).max())

    def _dense_sam_eigenvalues(self) -> tuple[np.ndarray, np.ndarray]:
        """First-order perturbation: ``M + E`` has the eigenvalue ``mu + y^* E x/(y^* x)`` with eigenvectors x, y."""
        m = self._system[1]
        size = float(np.linalg.norm(self.f.floats.hessian(self.plus[None, :])[0]) * np.linalg.norm(self.jacobian))
        try:
            values, right = np.linalg.eig(m)
            left = np.linalg.norm(np.linalg.inv(right), axis=1)
        except np.linalg.LinAlgError:
            values = eigvals(m)
            return values, np.full(values.size, np.inf)
        changes = [np.linalg.norm((beside._system[1] - m) @ right, axis=0) for beside in self.beside]
        doubt = left * (np.max(changes, axis=0) + rounding_of(values.size, size))
        return values.astype(complex), np.where(np.isnan(doubt), np.inf, doubt)

    def newton_step(self, products: int) -> np.ndarray:
        """Return the step (d,) from ``x+`` to the critical point of ``f`` next to it; by MINRES beyond `DENSE`."""
        g = self.f.gradient(self.plus)
        if self.dense:
            return -lstsq(self.f.hessian(self.plus), g, FLAT)
        from scipy.sparse.linalg import LinearOperator, minres

        hessian = LinearOperator((g.size, g.size), matvec=hessian_at(self.f, self.plus), dtype=np.float64)
        return np.asarray(minres(hessian, -g, rtol=1e-8, maxiter=products)[0])

    def tangent_kernel(self) -> tuple[np.ndarray, np.ndarray]:
        """Return ``K = B J B^T / n`` and ``B B^T``, each (m, m); `m` Hessian-vector products, made in blocks.

        ``A = B J`` is not stored: ``B J B^T = B B^T + (rho/s) (B T) (H B^T)``.
        """
        b = self.f.floats.residual_jacobian(self.plus[None, :])[0]
        gram, product = b @ b.T, np.empty((len(b), len(b)))
        block = max(1, BLOCK // self.x.size)
        for first in range(0, len(b), block):
            rows = b[first : first + block]
            hb = self.f.floats.hessian_vector(np.broadcast_to(self.x, rows.shape), rows)
            product[:, first : first + block] = b @ self.law.floats.tangential(self.u, hb).T
        return (gram + (self.rho / self.size) * product) / float(self.f.n), gram

    def zero_is_within(self, reach: float, newton: np.ndarray) -> bool:
        """Tell whether a zero of ``r`` seems to be within `reach` of ``x+``.

        It is sought one Gauss-Newton step ``-B^+ r(x+)`` from there, which must be no longer than `reach` and lower
        ``|r|``. A saturated network has small residuals and no zero of them anywhere near: ``B`` is small, too. Where
        ``B`` is too large to decompose, the step `newton` on ``f`` takes its place: a zero of ``r`` is one of ``g``.
        """
        r = self.f.floats.residual(self.plus[None, :])[0]
        step = self._gauss_newton_step(r) if self.has_kernel() else newton
        if not np.linalg.norm(step) <= reach:
            return False
        left = float(np.linalg.norm(self.f.floats.residual((self.plus + step)[None, :])[0]))
        rounding = ROUNDING * float(np.linalg.norm(self.f.floats.residual(self.x[None, :])[0]))
        return left <= max(NEARER * float(np.linalg.norm(r)), rounding)

    def _gauss_newton_step(self, r: np.ndarray) -> np.ndarray:
        """Return ``-B^+ r``, from the triangle of ``B^T``, whose condition is that of ``B`` and not the square."""
        b = self.f.floats.residual_jacobian(self.plus[None, :])[0]
        q, triangle = np.linalg.qr(b.T)
        return -q @ lstsq(triangle.T, r, ROUNDING)

    def has_kernel(self) -> bool:
        """Tell whether there is a residual form small enough for `tangent_kernel`, with ``m <= d`` residuals."""
        m, d = self.f.residual_count, self.x.size
        return 0 < m <= min(KERNEL, d) and m * d <= KERNEL_NUMBERS


def ritz_values(operator: Operator, start: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues (k,) complex of a nonsymmetric operator that `steps` steps of Arnoldi have found.

    And their residuals (k,).

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
    return values[kept].astype(complex), residuals[kept]


def rounding_of(d: int, size: float) -> float:
    """Return what computing the eigenvalues of a matrix (d, d) of that size may change it by."""
    return DECOMPOSITION * d * EPSILON * size


def projected_c32_margin(kernel: np.ndarray, gram: np.ndarray, n: float, rho: float) -> float:
    """Return ``lambda_min(N^T sym(J) N) / rho``, ``N`` an orthonormal basis of the row space of ``B``.

    With ``B = S N^T`` and ``S S^T = B B^T`` it is ``N^T J N = S^-1 (n K) S^-T``.
    """
    size, vectors = np.linalg.eigh(gram)
    kept = size > 1e-13 * size[-1]
    half = vectors[:, kept] / np.sqrt(size[kept])
    return float(np.linalg.eigvalsh(half.T @ (n * (kernel + kernel.T) / 2) @ half)[0]) / rho
