"""What floats know of eigenvalues: signs at critical points, and both ends of a spectrum by Hessian products.

Matrices may have left the range of doubles: their decompositions are NaN, where numpy raises.

An eigenvalue ``v^T H v`` at a computed critical point is wrong by the rounding of the decomposition, by that of ``H``
itself, and because the point is not quite the critical point. The last two are seen, not derived: ``H`` is computed
again a few units in the last place away, and a few Newton steps ``-(v^T g)/(v^T H v) v`` away, and what it changes by
is the doubt. A Newton step there counts the rounding of ``g``, too. At a degenerate point the steps are as long as the
way to where ``H`` is another matrix; so are they on a plateau, however small ``g`` is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hallucert.arguments import quiet
from hallucert.clock import look
from hallucert.find.rescaled import Rescaled
from hallucert.objectives.objective import Objective

Operator = Callable[[np.ndarray], np.ndarray]

EPSILON = float(np.finfo(float).eps)
STEPS = 4.0  # so many Newton steps: at a zero of order n one leaves ``1 - 1/n`` of the distance
DECOMPOSITION = 8.0  # the eigenvalues of a matrix are computed to this multiple of ``d eps |H|``

# So many units in the last place of a point lie between it and where derivatives are computed again: odd numbers of
# several sizes, because what cancels is a multiple of one unit, and may be the same at several points in a row.
PLACES = np.array([1.0, -1.0, 3.0, -5.0, 17.0, -33.0])


def eigvalsh(a: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of symmetric matrices (..., d, d), ascending; NaN for each that is not finite."""
    return _decomposed(lambda m: (np.linalg.eigvalsh(m),), a, a.shape[:-1])[0]


def eigh(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues and eigenvectors of symmetric matrices (..., d, d); NaN for each that is not finite."""
    values, vectors = _decomposed(np.linalg.eigh, a, a.shape[:-1], a.shape)
    return values, vectors


def eigvals(a: np.ndarray) -> np.ndarray:
    """Return the eigenvalues (d,) complex of a matrix; NaN if it is not finite."""
    return _decomposed(lambda m: (np.linalg.eigvals(m),), a, a.shape[:1])[0].astype(complex)


def svd(a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the full singular value decomposition of a matrix (m, d); NaN if it is not finite."""
    m, d = a.shape
    left, values, right = _decomposed(np.linalg.svd, a, (m, m), (min(m, d),), (d, d))
    return left, values, right


def singular_values(a: np.ndarray) -> np.ndarray:
    """Return the singular values of a matrix (m, d), descending; NaN if it is not finite."""
    return _decomposed(lambda m: (np.linalg.svd(m, compute_uv=False),), a, (min(a.shape),))[0]


def lstsq(a: np.ndarray, b: np.ndarray, rcond: float) -> np.ndarray:
    """Return the shortest least-squares solution (d,); NaN if ``a`` (m, d) or ``b`` (m,) is not finite."""
    if not np.isfinite(b).all():
        return np.full(a.shape[1], np.nan)
    return _decomposed(lambda m: (np.linalg.lstsq(m, b, rcond=rcond)[0],), a, a.shape[1:])[0]


def _decomposed(
    decompose: Callable[[np.ndarray], tuple[np.ndarray, ...]], a: np.ndarray, *shapes: tuple[int, ...]
) -> tuple[np.ndarray, ...]:
    """Return the parts of a decomposition of matrices (..., m, d), NaN of the shapes given for each that has none."""
    finite = np.isfinite(a)
    if finite.all():
        try:
            return decompose(a)
        except np.linalg.LinAlgError:
            pass
    parts = tuple(np.full(shape, np.nan) for shape in shapes)
    if a.ndim > 2 and not finite.all():
        usable = finite.all(axis=(-2, -1))
        found = _decomposed(decompose, a[usable], *(part[usable].shape for part in parts))
        for part, of_usable in zip(parts, found, strict=True):
            part[usable] = of_usable
    return parts


@quiet
def signed_eigenvalues(f: Objective, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the Hessian eigenvalues at critical points, and what is certain of their signs."""
    g, h = f.floats.gradient(x), f.floats.hessian(x)
    values, vectors = eigh(h)
    ulps = places_beside(x)
    noise = _along(vectors, _again(f.floats.gradient, x, ulps) - g)
    along = _along(vectors, g[None])[0]
    # Of both signs: how the errors of two directions go together is not known.
    size = np.abs(values).max(axis=1, keepdims=True)
    size = np.where(size > 0, size, 1.0)

    def change(moves: np.ndarray) -> np.ndarray:
        # Divided, because squares may be out of the range of doubles.
        parts = ((_again(f.floats.hessian, x, moves) - h) @ vectors) / size[:, None]
        return np.asarray(size * np.sqrt((parts**2).sum(axis=2)).max(axis=0))

    doubt = change(ulps) + DECOMPOSITION * x.shape[1] * EPSILON * size + smallest_curvature(f)
    # Along an eigenvalue of unknown sign the step means nothing: there may be a manifold of critical points.
    length = (np.abs(along) + np.abs(noise).max(axis=0)) / np.abs(values)
    length = np.where(np.abs(values) > doubt, length, 0.0)
    signed = np.where(along * values > 0, -length, length)
    steps = np.einsum("kij,skj->ski", vectors, STEPS * np.stack([signed, -signed, length]))
    return values, doubt + change(steps), vectors


def uncertain(values: np.ndarray, doubt: np.ndarray) -> np.ndarray:
    """Tell for eigenvalues (..., d) whether there is one of unknown sign: a degenerate point, to floats."""
    return np.asarray(~(np.abs(values) > doubt).all(axis=-1))


def critical_kind(f: Objective, x: np.ndarray) -> tuple[np.ndarray, str]:
    """Return the eigenvalues (d,) at a critical point, and what it is: a kind of `CriticalPointKind`."""
    values, doubt = (lanes[0] for lanes in signed_eigenvalues(f, x[None, :])[:2])
    if uncertain(values, doubt):
        return values, "degenerate"
    if values[0] > 0:
        return values, "minimizer"
    return values, "maximizer" if values[-1] < 0 else "saddle"


def smallest_curvature(f: Objective) -> float:
    """Return the size of second derivatives below which doubles lose digits."""
    unit = float(np.abs(f.curvatures).max()) if isinstance(f, Rescaled) else 1.0
    return float(np.finfo(float).tiny) * unit


def places_beside(x: np.ndarray) -> np.ndarray:
    """Return moves (s, ...) by a few units in the last place of points (..., d)."""
    return np.asarray(EPSILON * np.abs(x) * _patterns(x.shape[-1]).reshape(-1, *[1] * (x.ndim - 1), x.shape[-1]))


def _patterns(d: int) -> np.ndarray:
    """Return `PLACES` for each variable, shape (s, d), in every other row with alternating signs."""
    alternating = np.where((np.arange(d) % 2) * (np.arange(len(PLACES))[:, None] // 2 % 2), -1.0, 1.0)
    return PLACES[:, None] * alternating


def _again(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Return a function on lanes at ``x + moves``, for moves (s, k, d); shape (s, k, ...)."""
    lanes = function((x + moves).reshape(-1, x.shape[1]))
    return np.asarray(lanes.reshape(*moves.shape[:2], *lanes.shape[1:]))


def _along(vectors: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Return ``v_j^T g`` for eigenvectors (k, d, d) and gradients (s, k, d); shape (s, k, d)."""
    return np.asarray(np.einsum("kij,ski->skj", vectors, g))


# ---------------------------------------------------------------------- Hessian-vector products


def hessian_at(f: Objective, x: np.ndarray) -> Operator:
    """Return ``v -> H(x) v`` for vectors (d,)."""
    lanes = x[None, :]
    return lambda v: f.floats.hessian_vector(lanes, v.reshape(1, -1))[0]


@dataclass(frozen=True)
class Ends:
    """Both ends of a symmetric spectrum, as Lanczos sees them."""

    smallest: float  # Ritz values: never outside the spectrum
    largest: float
    vector: np.ndarray  # (d,): unit Ritz vector of `smallest`; (0,) if it was not asked for
    smallest_error: float  # an eigenvalue lies within this distance of the Ritz value
    largest_error: float


def extreme_eigenvalues(
    operator: Operator, start: np.ndarray, products: int, accuracy: float = 1e-4, vector: bool = True
) -> Ends:
    """Return the smallest and the largest eigenvalue of a symmetric operator, by Lanczos from one vector.

    The basis is kept orthogonal, so no eigenvalue appears twice; it takes `products` vectors of memory at most. Without
    `vector`, which is then empty, it takes two: what is found may appear twice, which moves no end (Paige). ARPACK
    gives nothing where it does not converge, as near the many eigenvalues around zero of a network's Hessian; here the
    number of products is bounded and the answer comes with its error.
    """
    steps = min(products, start.size)
    kept = steps if vector else min(steps, 2)
    basis = np.empty((kept, start.size))
    alpha, beta = np.zeros(steps), np.zeros(steps)
    basis[0] = start / np.linalg.norm(start)
    for k in range(steps):
        look()
        latest, known = basis[k % kept], basis[: k + 1]
        w = operator(latest)
        alpha[k] = float(w @ latest)
        for _ in range(2):  # twice is enough (Kahan): once leaves the rounding of a cancellation
            w = w - known.T @ (known @ w)
        beta[k] = float(np.linalg.norm(w))
        last = k == steps - 1 or not beta[k] > 1e-14 * np.abs(alpha[: k + 1]).max()
        if last or k % 10 == 9:
            values, vectors = eigh(np.diag(alpha[: k + 1]) + np.diag(beta[:k], 1) + np.diag(beta[:k], -1))
            errors = beta[k] * np.abs(vectors[-1])
            scale = max(abs(values[0]), abs(values[-1]))
            if last or max(errors[0], errors[-1]) <= accuracy * scale:
                break
        np.divide(w, beta[k], out=basis[(k + 1) % kept])
    of_smallest = basis[: k + 1].T @ vectors[:, 0] if vector else np.empty(0)
    return Ends(float(values[0]), float(values[-1]), of_smallest, float(errors[0]), float(errors[-1]))


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
