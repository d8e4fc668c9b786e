"""Newton's method with least-squares steps: in lanes for searching, one point at a time for polishing.

Both solve ``r(x) = 0`` for a residual ``r : R^d -> R^m`` of any shape and accept a step only if it lowers ``|r|``, so
they stop at rounding level by themselves. Where the Jacobian ``A`` is singular, as on a manifold of solutions, the
shortest least-squares step leads to the nearest solution. What a multi-start finds is merged where it was found twice,
and thinned along a continuum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hallucert.clock import look
from hallucert.errors import ArgumentError
from hallucert.find.domain import clear_of_edge, require_defined
from hallucert.find.eigenvalues import hessian_at, spectral_norm
from hallucert.find.rescaled import Unit, number_text, original, short
from hallucert.objectives.ascent import row_norms
from hallucert.objectives.objective import Objective

LanesFunction = Callable[[np.ndarray], np.ndarray]
PointSystem = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

HALVINGS = 14  # shortest trial of a damped step: ``2**-13`` of the full one
RANK_TOLERANCE = 1e-11  # of the largest: smaller singular values count as zero when one point is polished
SOLVED = 1e-9  # of the length scale: a root is accepted if the least-squares step and ``|r| / |A|`` are below

# A root is not known better than to this part of the length scale: nearer to an edge of the domain it is on it.
EDGE = 1e-12

# ``|g| <= VANISHED |H| scale`` is a critical point even where the Hessian is singular: rounding leaves 1e-15 or so,
# and along the directions that the Hessian sees the critical point is no farther away than this part of the scale.
VANISHED = 1e-11
MINRES = 1000  # most products of one linear system
PATIENCE = 8  # Newton ends after so many steps in a row that do not halve the smallest ``|g|``

REPRESENTATIVES = 4  # so many points stand for one continuum of solutions


def norms(lanes: np.ndarray) -> np.ndarray:
    """Return the Euclidean norms (k,) of lanes (k, m), infinite where a lane is not finite."""
    size = row_norms(lanes)
    size[np.isnan(size)] = np.inf
    return size


def frobenius(matrices: np.ndarray) -> np.ndarray:
    """Return the Frobenius norms (k,) of matrices (k, m, d), infinite where one is not finite."""
    return norms(matrices.reshape(len(matrices), matrices.shape[1] * matrices.shape[2]))


def least_squares_steps(jacobians: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    """Return ``-(A^T A + mu^2 I)^{-1} A^T r`` for lanes ``A`` (k, m, d), ``r`` (k, m); shape (k, d).

    ``mu = 1e-7 |A|`` is the least damping for which the normal equations are solvable in doubles (their condition
    number is the square of that of ``A``). A direction with singular value ``s`` converges by the factor
    ``mu^2 / (s^2 + mu^2)`` a step, at once unless ``s`` is itself near ``1e-7 |A|``.
    """
    scale = frobenius(jacobians)
    usable = np.isfinite(scale) & (scale > 0) & np.isfinite(residuals).all(axis=1)
    steps = np.zeros((jacobians.shape[0], jacobians.shape[2]))
    a = jacobians[usable] / scale[usable, None, None]
    r = residuals[usable] / scale[usable, None]
    transposed = a.swapaxes(1, 2)
    normal = transposed @ a + 1e-14 * np.eye(a.shape[2])
    steps[usable] = -np.linalg.solve(normal, transposed @ r[:, :, None])[:, :, 0]
    return steps


def newton_lanes(
    residual: LanesFunction,
    jacobian: LanesFunction,
    x: np.ndarray,
    steps: int,
    step_limit: float,
    move: Callable[[np.ndarray, np.ndarray], np.ndarray] = np.add,
) -> tuple[np.ndarray, np.ndarray]:
    """Run damped Newton on lanes of starts until no lane can lower its residual.

    `move` makes points of points and steps; a retraction when `x` lives on a sphere. Returned are the end points, and
    ``|r|`` there (infinite where a lane left the domain).
    """
    x = x.copy()
    r = residual(x)
    size = norms(r)

    def backtrack(lanes: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Halve the steps of the lanes until ``|r|`` falls; return who moved."""
        accepted, pending = np.zeros(lanes.size, dtype=bool), np.arange(lanes.size)
        for halving in range(HALVINGS):
            trial = move(x[lanes[pending]], step[pending] * 0.5**halving)
            trial_r = residual(trial)
            trial_size = norms(trial_r)
            better = trial_size < size[lanes[pending]]
            who = lanes[pending[better]]
            x[who], r[who], size[who] = trial[better], trial_r[better], trial_size[better]
            accepted[pending[better]] = True
            pending = pending[~better]
            if pending.size == 0:
                break
        return accepted

    active = np.isfinite(size) & (size > 0)
    for _ in range(steps):
        look()
        lanes = np.flatnonzero(active)
        if lanes.size == 0:
            break
        step = least_squares_steps(jacobian(x[lanes]), r[lanes])
        length = norms(step)
        step *= np.minimum(1.0, step_limit / np.maximum(length, 1e-300))[:, None]
        accepted = backtrack(lanes, step)
        tiny = length <= 4e-16 * norms(x[lanes])
        active[lanes[~accepted | tiny | (size[lanes] == 0)]] = False
    return x, size


@dataclass(frozen=True)
class Root:
    """Where `newton_point` stopped."""

    x: np.ndarray  # (d,): the point
    residual: float  # ``|r(x)|``
    step: float  # length of the least-squares step at `x`, an estimate of the error
    slope: float  # spectral norm of the Jacobian

    def solved(self, scale: float) -> bool:
        """Tell whether this is a root to floats, for lengths of order `scale` (see `SOLVED`)."""
        return self.residual == 0 or (self.step <= SOLVED * scale and self.residual <= SOLVED * self.slope * scale)


def newton_point(
    system: PointSystem,
    x: np.ndarray,
    max_steps: int,
    step_limit: float,
    allowed: Callable[[np.ndarray, np.ndarray], bool] = lambda here, there: True,
    report: str = "",
) -> Root:
    """Run damped Newton from one point, with least-squares steps from the singular value decomposition."""
    x = x.copy()
    r, a = system(x)
    size = _norm(r)
    for number in range(max_steps):
        look(report, number, max_steps)
        if not np.isfinite(size) or size == 0:
            break
        step, _slope = _step(a, r)
        length = _norm(step)
        if length <= 2e-17 * _norm(x):
            break
        step *= min(1.0, step_limit / length)
        for halving in range(HALVINGS):
            trial = x + step * 0.5**halving
            trial_r, trial_a = system(trial)
            if _norm(trial_r) < size and allowed(x, trial):
                break
        else:
            break
        x, r, a, size = trial, trial_r, trial_a, _norm(trial_r)
    step, slope = _step(a, r)
    return Root(x, size, _norm(step), slope)


def _step(a: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the shortest least-squares step and the spectral norm of `a`."""
    if not (np.isfinite(a).all() and np.isfinite(r).all()):
        return np.full(a.shape[1], np.inf), np.inf
    solution, _, _, singular_values = np.linalg.lstsq(a, -r, rcond=RANK_TOLERANCE)
    return solution, float(singular_values[0]) if singular_values.size else 0.0


def _norm(v: np.ndarray) -> float:
    return float(norms(v[None, :])[0])


def gradient_system(f: Objective) -> PointSystem:
    """Return the system ``g(x) = 0`` with Jacobian ``H(x)``."""

    def system(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        lanes = x[None, :]
        return f.floats.gradient(lanes)[0], f.floats.hessian(lanes)[0]

    return system


def polished_critical_point(f: Objective, x: np.ndarray, scale: float, argument: str) -> np.ndarray:
    """Return the critical point of `f` next to `x` by Newton on the gradient, at most ``max(scale, |x|)/20`` away."""
    require_defined(f, x, argument)
    reach, given = max(scale, float(np.linalg.norm(x))), original(f, x).tolist()
    root = newton_point(gradient_system(f), x, max_steps=80, step_limit=0.02 * reach)
    if not clear_of_edge(f, root.x[None, :], EDGE * reach)[0]:
        raise ArgumentError(
            argument,
            given,
            f"be a critical point of f; Newton leads to {short(f, root.x)}, where f is not defined, or on the edge of "
            "its domain",
        )
    if not root.solved(reach):
        size = number_text(f, _norm(f.floats.gradient(x[None, :])[0]), Unit.GRADIENT)
        raise ArgumentError(argument, given, f"be a critical point of f (it has |g| = {size})")
    if float(np.linalg.norm(root.x - x)) > 0.05 * reach:
        raise ArgumentError(argument, given, f"be a critical point of f; Newton leads to {short(f, root.x)}")
    return root.x


def critical_point_near(f: Objective, x: np.ndarray, scale: float, argument: str) -> np.ndarray:
    """Do as `polished_critical_point` with MINRES on Hessian products, for many variables.

    Where the critical points form a manifold, the shortest step leads to the nearest one.
    """
    from scipy.sparse.linalg import LinearOperator, minres

    require_defined(f, x, argument)
    d, reach = x.size, max(scale, float(np.linalg.norm(x)))
    here, g = x, f.floats.gradient(x[None, :])[0]
    size = start = float(np.linalg.norm(g))
    point, best, without_gain = here, size, 0
    while 0 < size < np.inf and without_gain < PATIENCE:
        h = LinearOperator((d, d), matvec=hessian_at(f, here), dtype=np.float64)
        step = minres(h, -g, rtol=1e-13, maxiter=MINRES)[0]
        step *= min(1.0, 0.02 * reach / max(float(np.linalg.norm(step)), 1e-300))
        # No damping: with eigenvalues near zero the way to the critical point leads through larger gradients.
        here = here + step
        g = f.floats.gradient(here[None, :])[0]
        size = float(np.linalg.norm(g))
        without_gain = 0 if size < 0.5 * best else without_gain + 1
        if size < best:
            point, best = here, size
    given, curvature = f"<array of shape ({d},)>", spectral_norm(hessian_at(f, point), d)
    if not clear_of_edge(f, point[None, :], VANISHED * reach)[0] or not best <= VANISHED * curvature * reach:
        before, after = (number_text(f, value, Unit.GRADIENT) for value in (start, best))
        must = f"be a critical point of f (it has |g| = {before}, and Newton ends at |g| = {after})"
        raise ArgumentError(argument, given, must)
    moved = float(np.linalg.norm(point - x))
    if moved > 0.05 * reach:
        away = number_text(f, moved, Unit.LENGTH)
        raise ArgumentError(argument, given, f"be a critical point of f; Newton leads to one at distance {away}")
    return point


def bisected(
    keeps: LanesFunction, inner: np.ndarray, outer: np.ndarray, halvings: int
) -> tuple[np.ndarray, np.ndarray]:
    """Halve the ways from `inner` to `outer`, numbers (k,) or points (k, d); what `keeps` accepts is inside."""
    for _ in range(halvings):
        middle = 0.5 * (inner + outer)
        inside = keeps(middle)
        inner, outer = np.where(inside, middle, inner), np.where(inside, outer, middle)
    return inner, outer


def sign_changes(function: LanesFunction, lower: np.ndarray, upper: np.ndarray, halvings: int) -> np.ndarray:
    """Bisect all brackets (k,) of sign changes of a function at once; return their middles after so many halvings."""
    below = np.sign(function(lower))
    lower, upper = bisected(lambda t: np.sign(function(t)) == below, lower, upper, halvings)
    return 0.5 * (lower + upper)


# ---------------------------------------------------------------------- what a multi-start found


def distinct(points: np.ndarray, separation: float) -> np.ndarray:
    """Return the indices of points of which no two are within `separation`; earlier ones win."""
    kept: list[int] = []
    store = np.empty_like(points)
    for i, point in enumerate(points):
        difference = store[: len(kept)] - point
        if not kept or np.einsum("kd,kd->k", difference, difference).min() > separation**2:
            store[len(kept)] = point
            kept.append(i)
    return np.array(kept, dtype=int)


def thinned(
    points: np.ndarray, values: np.ndarray, degenerate: np.ndarray, value_tolerance: float, separation: float
) -> np.ndarray:
    """Return the indices of all nondegenerate points and a few representatives of each degenerate family.

    ``f`` is constant along a connected set of critical points, so degenerate points with one value of ``f`` form a
    family; of each family at most `REPRESENTATIVES` points are kept, each as far from the others as can be, and
    none within `separation` of another.
    """
    keep: list[int] = np.flatnonzero(~degenerate).tolist()
    rest = np.flatnonzero(degenerate)
    rest = rest[np.argsort(values[rest], kind="stable")]
    start = 0
    for end in range(1, rest.size + 1):
        if end == rest.size or values[rest[end]] - values[rest[start]] > value_tolerance:
            keep.extend(_farthest_first(points, rest[start:end], separation))
            start = end
    return np.array(sorted(keep), dtype=int)


def _farthest_first(points: np.ndarray, family: np.ndarray, separation: float) -> list[int]:
    family = np.sort(family)
    chosen = [int(family[0])]
    gap = np.linalg.norm(points[family] - points[chosen[0]], axis=1)
    while len(chosen) < REPRESENTATIVES and gap.max() > separation:
        chosen.append(int(family[int(np.argmax(gap))]))
        gap = np.minimum(gap, np.linalg.norm(points[family] - points[chosen[-1]], axis=1))
    return chosen


def lexicographic(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the order by value, ties (to nine digits of the largest) by coordinates."""
    if values.size == 0:
        return np.zeros(0, dtype=int)
    value_scale, length_scale = max(float(np.abs(values).max()), 1e-300), max(float(np.abs(points).max()), 1e-300)
    keys = [np.round(points[:, i] / length_scale, 9) for i in reversed(range(points.shape[1]))]
    return np.lexsort([*keys, np.round(values / value_scale, 9)])
