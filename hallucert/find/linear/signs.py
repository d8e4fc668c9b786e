"""What floats know of the signs of Hessian eigenvalues: how far rounding, and an inexact point, may have moved them.

An eigenvalue ``v^T H v`` at a computed critical point is wrong by the rounding of the decomposition, by that of ``H``
itself, and because the point is not quite the critical point. The last two are seen, not derived: ``H`` is computed
again a few units in the last place away, and a few Newton steps ``-(v^T g)/(v^T H v) v`` away, and what it changes by
is the doubt. A Newton step there counts the rounding of ``g``, too. At a degenerate point the steps are as long as the
way to where ``H`` is another matrix; so are they on a plateau, however small ``g`` is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hallucert.find.linear.eigenvalues import eigh
from hallucert.find.rescaled import Rescaled
from hallucert.objectives.objective import Objective

EPSILON = float(np.finfo(float).eps)

# So many units in the last place of a point lie between it and where derivatives are computed again: odd
# numbers of several sizes, because what cancels is a multiple of one unit, and may be the same at several
# points in a row.
PLACES = np.array([1.0, -1.0, 3.0, -5.0, 17.0, -33.0])

STEPS = 4.0  # so many Newton steps: at a zero of order n one leaves ``1 - 1/n`` of the distance

DECOMPOSITION = 8.0  # the eigenvalues of a matrix are computed to this multiple of ``d eps |H|``


def signed_eigenvalues(f: Objective, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the Hessian eigenvalues at critical points, and what is certain of their signs."""
    with np.errstate(all="ignore"):
        g, h = f.gradient_lanes(x), f.hessian_lanes(x)
        values, vectors = eigh(h)
        ulps = places_beside(x)
        noise = _along(vectors, _again(f.gradient_lanes, x, ulps) - g)
        along = _along(vectors, g[None])[0]
        # Of both signs: how the errors of two directions go together is not known.
        size = np.abs(values).max(axis=1, keepdims=True)
        size = np.where(size > 0, size, 1.0)

        def change(moves: np.ndarray) -> np.ndarray:
            # Divided, because squares may be out of the range of doubles.
            parts = ((_again(f.hessian_lanes, x, moves) - h) @ vectors) / size[:, None]
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
