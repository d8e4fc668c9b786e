"""The spectra that decide what SAM does at a point, in floats: whole for few variables, their ends for many.

Up to `DENSE` variables matrices are formed. Beyond it everything comes from a bounded number of Hessian-vector
products, by Lanczos or Arnoldi, and an eigenvalue carries the error that its residual bounds.

Legend: ``u = g/q``, ``P = I - u u^T``, ``J = I + (rho/q) P H(x)``, ``M = H(x+) J``, ``B = Dr(x+)``,
``K = B J B^T / n``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hallucert.find.krylov import Operator, extreme_eigenvalues, hessian_at
from hallucert.find.sphere import tangential_eigenvalues, tangential_ends
from hallucert.objectives.objective import Objective

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
    """The matrices of SAM at one point, for objectives of any size.

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
    """

    def __init__(self, f: Objective, x: np.ndarray, rho: float, products: int) -> None:
        self.f, self.x, self.rho, self.products = f, x, rho, products
        g = f.gradient(x)
        self.q = float(np.linalg.norm(g))
        self.u = g / self.q
        self.plus = x + rho * self.u
        self.dense = x.size <= DENSE

    @cached_property
    def hessian(self) -> np.ndarray:
        """``H(x)``, only for few variables."""
        return self.f.hessian(self.x)

    def tangential(self) -> Spectrum:
        """Return the spectrum of ``J`` on the tangent space of the sphere, which is symmetric (Proposition 4.1)."""
        lam = self.q / self.rho
        if self.dense:
            return Spectrum(tangential_eigenvalues(self.hessian, self.u, lam) / lam)
        ends = tangential_ends(self.f, self.x, self.u, lam, self.products)
        return Spectrum(np.array([ends.smallest, ends.largest]) / lam, ends.smallest_error / lam)

    def c32_margin(self) -> float:
        """Return ``lambda_min(sym Du) + 1/rho``, ``Du = P H/q``; an upper bound of it beyond `DENSE` variables."""
        if self.dense:
            du = (self.hessian - np.outer(self.u, self.u @ self.hessian)) / self.q
            return float(np.linalg.eigvalsh((du + du.T) / 2)[0]) + 1 / self.rho
        hessian, u = hessian_at(self.f, self.x), self.u

        def symmetric(v: np.ndarray) -> np.ndarray:
            # P H = H - u u^T H and H P = H - H u u^T: besides H v only H u is needed.
            hv = hessian(v)
            return (2 * hv - u * (hu @ v) - hu * (u @ v)) / (2 * self.q)

        hu = hessian(u)
        start = np.random.default_rng(0).standard_normal(self.x.size)
        return extreme_eigenvalues(symmetric, start, self.products - 1).smallest + 1 / self.rho

    def sam_eigenvalues(self) -> np.ndarray:
        """Return the spectrum (k,) complex of ``M``; beyond `DENSE` variables those that Arnoldi has found.

        These are the largest in absolute value, and others at the ends of the spectrum, to about a percent.
        """
        if self.dense:
            j = np.eye(self.x.size) + (self.rho / self.q) * (self.hessian - np.outer(self.u, self.u @ self.hessian))
            return np.linalg.eigvals(self.f.hessian(self.plus) @ j).astype(complex)
        here, there = hessian_at(self.f, self.x), hessian_at(self.f, self.plus)

        def apply(v: np.ndarray) -> np.ndarray:
            hv = here(v)
            return there(v + (self.rho / self.q) * (hv - (self.u @ hv) * self.u))

        start = np.random.default_rng(0).standard_normal(self.x.size)
        return ritz_values(apply, start, self.products // 2)

    def tangent_kernel(self) -> tuple[np.ndarray, np.ndarray]:
        """Return ``K = B J B^T / n`` and ``B B^T``, each (m, m); `m` Hessian-vector products, made in blocks.

        ``A = B J`` is not stored: ``B J B^T = B B^T + (rho/q) (B P) (H B^T)``.
        """
        b = self.f.residual_jacobian_lanes(self.plus[None, :])[0]
        gram, product = b @ b.T, np.empty((len(b), len(b)))
        block = max(1, BLOCK // self.x.size)
        for first in range(0, len(b), block):
            rows = b[first : first + block]
            hb = self.f.hessian_vector_lanes(np.broadcast_to(self.x, rows.shape), rows)
            product[:, first : first + block] = b @ (hb - np.outer(hb @ self.u, self.u)).T
        return (gram + (self.rho / self.q) * product) / float(self.f.n), gram

    def residual_distance(self) -> float:
        """Return how far a zero of ``r`` is from ``x+`` by one Gauss-Newton step: ``|B^+ r(x+)|``."""
        b = self.f.residual_jacobian_lanes(self.plus[None, :])[0]
        r = self.f.residual_lanes(self.plus[None, :])[0]
        # The shortest solution of B s = r, from the triangle of B^T: its condition is that of B, not the square.
        triangle: np.ndarray = np.asarray(np.linalg.qr(b.T, mode="r"))
        with np.errstate(all="ignore"):
            try:
                return float(np.linalg.norm(np.linalg.solve(triangle.T, r)))
            except np.linalg.LinAlgError:
                return np.inf if r.any() else 0.0

    def has_kernel(self) -> bool:
        """Tell whether there is a residual form small enough for `tangent_kernel`."""
        m = self.f.residual_count
        return 0 < m <= KERNEL and m * self.x.size <= KERNEL_NUMBERS


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
    """Return ``lambda_min(N^T sym(J) N) / rho``, ``N`` an orthonormal basis of the row space of ``B`` (theory 5).

    With ``B = S N^T`` and ``S S^T = B B^T`` it is ``N^T J N = S^-1 (n K) S^-T``.
    """
    size, vectors = np.linalg.eigh(gram)
    kept = size > 1e-13 * size[-1]
    half = vectors[:, kept] / np.sqrt(size[kept])
    return float(np.linalg.eigvalsh(half.T @ (n * (kernel + kernel.T) / 2) @ half)[0]) / rho
