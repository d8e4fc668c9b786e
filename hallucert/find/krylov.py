"""Matrix-free linear algebra on Hessian-vector products, for functions of too many variables to form a Hessian."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hallucert.clock import look
from hallucert.errors import ArgumentError
from hallucert.find.domain import clear_of_edge, require_defined
from hallucert.find.linear.eigenvalues import eigh
from hallucert.find.rescaled import gradient_of, length_of
from hallucert.objectives.objective import Objective

Operator = Callable[[np.ndarray], np.ndarray]

# Most variables of the searches that work with whole Hessians; the searches beyond it use products only.
LARGE = 200

# ``|g| <= VANISHED |H| scale`` is a critical point even where the Hessian is singular: rounding leaves 1e-15
# or so, and along the directions that the Hessian sees the critical point is no farther away than this part
# of the scale.
VANISHED = 1e-11

MINRES = 1000  # most products of one linear system

PATIENCE = 8  # newton ends after so many steps in a row that do not halve the smallest ``|g|``


def hessian_at(f: Objective, x: np.ndarray) -> Operator:
    """Return ``v -> H(x) v`` for vectors (d,)."""
    lanes = x[None, :]
    return lambda v: f.hessian_vector_lanes(lanes, v.reshape(1, -1))[0]


@dataclass(frozen=True)
class Ends:
    """Both ends of a symmetric spectrum, as Lanczos sees them."""

    # ritz values: never outside the spectrum, so the smallest eigenvalue is at most `smallest`
    smallest: float
    # ritz values: never outside the spectrum, so the smallest eigenvalue is at most `smallest`
    largest: float
    vector: np.ndarray  # (d,): unit Ritz vector of `smallest`
    smallest_error: float  # an eigenvalue lies within this distance of the Ritz value
    largest_error: float  # an eigenvalue lies within this distance of the Ritz value


def extreme_eigenvalues(operator: Operator, start: np.ndarray, products: int, accuracy: float = 1e-4) -> Ends:
    """Return the smallest and the largest eigenvalue of a symmetric operator, by Lanczos from one vector.

    The basis is kept orthogonal, so no eigenvalue appears twice; it takes `products` vectors of memory at most. ARPACK
    gives nothing where it does not converge, as near the many eigenvalues around zero of a network's Hessian; here the
    number of products is bounded and the answer comes with its error.
    """
    steps = min(products, start.size)
    basis = np.empty((steps, start.size))
    alpha, beta = np.zeros(steps), np.zeros(steps)
    basis[0] = start / np.linalg.norm(start)
    for k in range(steps):
        look()
        w = operator(basis[k])
        alpha[k] = float(w @ basis[k])
        for _ in range(2):  # twice is enough (Kahan): once leaves the rounding of a cancellation
            w = w - basis[: k + 1].T @ (basis[: k + 1] @ w)
        beta[k] = float(np.linalg.norm(w))
        last = k == steps - 1 or not beta[k] > 1e-14 * np.abs(alpha[: k + 1]).max()
        if last or k % 10 == 9:
            values, vectors = eigh(
                np.diag(alpha[: k + 1]) + np.diag(beta[:k], 1) + np.diag(beta[:k], -1)
            )  # fmt: skip
            errors = beta[k] * np.abs(vectors[-1])
            scale = max(abs(values[0]), abs(values[-1]))
            if last or max(errors[0], errors[-1]) <= accuracy * scale:
                break
        basis[k + 1] = w / beta[k]
    vector = basis[: k + 1].T @ vectors[:, 0]
    return Ends(float(values[0]), float(values[-1]), vector, float(errors[0]), float(errors[-1]))


def spectral_norm(operator: Operator, d: int, products: int = 12) -> float:
    """Estimate the norm of a symmetric operator from below by the power method: a unit for tolerances, two digits."""
    v = np.random.default_rng(0).standard_normal(d)
    size = 0.0
    for _ in range(products):
        norm = float(np.linalg.norm(v))
        if not 0 < norm < np.inf:
            return size if norm == 0 else norm
        v = operator(v / norm)
        size = max(size, float(np.linalg.norm(v)))
    return size


def critical_point_near(f: Objective, x: np.ndarray, scale: float, argument: str) -> np.ndarray:
    """Return the critical point of `f` next to `x` by Newton on the gradient, with MINRES on Hessian products.

    Where the critical points form a manifold, the shortest step leads to the nearest one.
    """
    from scipy.sparse.linalg import LinearOperator, minres

    require_defined(f, x, argument)
    d, reach = x.size, max(scale, float(np.linalg.norm(x)))
    here, g = x, f.gradient_lanes(x[None, :])[0]
    size = start = float(np.linalg.norm(g))
    point, best, without_gain = here, size, 0
    while 0 < size < np.inf and without_gain < PATIENCE:
        h = LinearOperator((d, d), matvec=hessian_at(f, here), dtype=np.float64)
        step = minres(h, -g, rtol=1e-13, maxiter=MINRES)[0]
        step *= min(1.0, 0.02 * reach / max(float(np.linalg.norm(step)), 1e-300))
        # No damping: with eigenvalues near zero the way to the critical point leads through larger gradients.
        here = here + step
        g = f.gradient_lanes(here[None, :])[0]
        size = float(np.linalg.norm(g))
        without_gain = 0 if size < 0.5 * best else without_gain + 1
        if size < best:
            point, best = here, size
    curvature = spectral_norm(hessian_at(f, point), d)
    if not clear_of_edge(f, point[None, :], VANISHED * reach)[0] or not best <= VANISHED * curvature * reach:
        raise ArgumentError(
            argument, f"<array of shape ({d},)>", f"be a critical point of f (it has |g| = "
            f"{gradient_of(f, start)}, and Newton ends at |g| = {gradient_of(f, best)})"
        )  # fmt: skip
    moved = float(np.linalg.norm(point - x))
    if moved > 0.05 * reach:
        raise ArgumentError(
            argument,
            f"<array of shape ({d},)>",
            f"be a critical point of f; Newton leads to one at distance {length_of(f, moved)}",
        )
    return point
