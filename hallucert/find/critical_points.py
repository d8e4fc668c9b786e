"""Critical points of an objective in a box: multi-start damped Newton on the gradient, in lanes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hallucert.arguments import quiet
from hallucert.clock import Progress, look, working
from hallucert.find.candidate import point_text
from hallucert.find.domain import checked_box, checked_count, checked_seed, clear_of_edge, defined
from hallucert.find.eigenvalues import critical_kind, signed_eigenvalues, uncertain
from hallucert.find.newton import (
    distinct,
    frobenius,
    gradient_system,
    least_squares_steps,
    lexicographic,
    newton_lanes,
    newton_point,
    norms,
    thinned,
)
from hallucert.find.rescaled import in_units
from hallucert.objectives.doors import checked_objective
from hallucert.objectives.objective import Objective

MAX_ROUNDS = 12  # rounds of starts; the search ends earlier, when two rounds in a row add no point
MAX_POINTS = 5000  # the search ends when it has so many points: by then the box is too large for the function

# Newton in lanes does not see along eigenvectors of eigenvalues below this part of the largest: its roots there may lie
# anywhere on a line, of which a few are polished.
BLURRED = 1e-7


class CriticalPointKind(StrEnum):
    """What a critical point is, by the signs of its Hessian eigenvalues."""

    MINIMIZER = "minimizer"
    SADDLE = "saddle"
    MAXIMIZER = "maximizer"
    DEGENERATE = "degenerate"


@dataclass(frozen=True)
class CriticalPoint:
    """A point where floats say that the gradient vanishes.

    Attributes
    ----------
    x : (d,) array
        The point.
    value : float
        ``f(x)``.
    gradient_norm : float
        ``|g(x)|``, at rounding level.
    hessian_eigenvalues : (d,) array
        Ascending.
    kind : CriticalPointKind
        ``"minimizer"``, ``"saddle"``, ``"maximizer"``; ``"degenerate"`` if rounding at the point may have changed the
        sign of an eigenvalue, as on a curve of minimizers.
    """

    x: np.ndarray
    value: float
    gradient_norm: float
    hessian_eigenvalues: np.ndarray
    kind: CriticalPointKind

    def __repr__(self) -> str:
        at, (low, high) = point_text(self.x), self.hessian_eigenvalues[[0, -1]]
        return f"<CriticalPoint at {at}, {self.kind}, f = {self.value:.6g}, Hessian from {low:.4g} to {high:.4g}>"


@quiet
def critical_points(
    f: Objective, box: object, starts: int | None = None, seed: int = 0, *, progress: Progress = None
) -> list[CriticalPoint]:
    """Find the critical points of `f` in a box.

    Rounds of `starts` Newton runs from a Latin hypercube go on until two in a row add no point (at most
    `MAX_ROUNDS`). A family of degenerate points (a curve of minimizers) is represented by at most four of them.

    Parameters
    ----------
    f : Objective
        The function.
    box : (d, 2) array-like
        Rows ``(lower, upper)``. Points are kept up to 1e-12 of its size outside.
    starts : int, optional
        Starts of a round; by default 512 in one dimension, 1024 in two, 2048 in three to nine, fewer beyond.
    seed : int
        Seed of the starts; the answer is a function of the arguments.
    progress : bool or callable, optional
        As for `hallucert.find.sheet`.

    Returns
    -------
    list of CriticalPoint
        By value, ties by coordinates. A search in floats proves neither that these are all nor that they exist.

    Raises
    ------
    ArgumentError
        If `box`, `starts` or `seed` is not as above.

    Examples
    --------
    >>> f = Objective.parse("(x**2 - 1)**2 / 4")
    >>> [(round(float(p.x[0]), 9) + 0, str(p.kind)) for p in critical_points(f, [(-2, 2)])]
    [(-1.0, 'minimizer'), (1.0, 'minimizer'), (0.0, 'maximizer')]
    """
    d = checked_objective(f).dimension
    limits = checked_box(box, d)
    count = default_starts(d) if starts is None else checked_count(starts, "starts")
    rng = np.random.default_rng(checked_seed(seed))
    units = in_units(f, limits.mean(axis=1), float(norms((limits[:, 1] - limits[:, 0])[None, :])[0]))
    with working(progress=progress) as clock, clock.watched():
        found = _found(units, units.inside(limits.T).T, count, rng)
    return [units.result_outside(point) for point in found]


def _found(f: Objective, limits: np.ndarray, count: int, rng: np.random.Generator) -> list[CriticalPoint]:
    """Run the rounds."""
    d, diameter = len(limits), float(np.linalg.norm(limits[:, 1] - limits[:, 0]))
    found = np.empty((0, d))
    curvature, quiet = 0.0, 0
    for number in range(MAX_ROUNDS):
        look("rounds of Newton runs", number)
        x = latin_hypercube(rng, limits, count)
        curvature = max(curvature, typical_curvature(f, x))
        roots = _newton_round(f, x, limits, diameter)
        before = len(found)
        found = _merged(f, np.concatenate([found, roots]), diameter, curvature)
        quiet = quiet + 1 if len(found) <= before else 0
        if quiet == 2 or len(found) > MAX_POINTS:
            break
    points = []
    for x in found:
        look()
        if (point := _described(f, x, limits, diameter)) is not None:
            points.append(point)
    points = [points[i] for i in distinct(np.array([p.x for p in points]).reshape(-1, d), 1e-6 * diameter)]
    return [points[i] for i in lexicographic(np.array([p.value for p in points]), np.array([p.x for p in points]))]


def default_starts(dimension: int) -> int:
    """Return the number of starts of a round: more for more dimensions, until linear algebra bounds it."""
    return {1: 512, 2: 1024}.get(dimension, 2048 if dimension < 10 else max(64, 20000 // dimension))


def latin_hypercube(rng: np.random.Generator, box: np.ndarray, count: int) -> np.ndarray:
    """Return `count` points of `box` (d, 2), one in each of `count` slices of every coordinate; shape (count, d)."""
    cells = np.column_stack([rng.permutation(count) for _ in range(len(box))])
    return box[:, 0] + (cells + rng.random(cells.shape)) / count * (box[:, 1] - box[:, 0])


def typical_curvature(f: Objective, x: np.ndarray) -> float:
    """Return the median Frobenius norm of the Hessian on (some of) the lanes, a unit for values."""
    h = f.floats.hessian(x[:64])
    sizes = frobenius(h)
    sizes = sizes[np.isfinite(sizes)]
    return float(np.median(sizes)) if sizes.size else 0.0


def _newton_round(f: Objective, x: np.ndarray, limits: np.ndarray, diameter: float) -> np.ndarray:
    """Run Newton from the starts and return the roots in the box, best first."""
    x, size = newton_lanes(f.floats.gradient, f.floats.hessian, x, steps=60, step_limit=0.25 * diameter)
    slack = 1e-9 * diameter
    inside = ((x >= limits[:, 0] - slack) & (x <= limits[:, 1] + slack)).all(axis=1) & np.isfinite(size)
    inside &= defined(f, x)
    x, size = x[inside], size[inside]
    if x.shape[0] == 0:
        return x
    hessians = f.floats.hessian(x)
    slope = frobenius(hessians)
    step = norms(least_squares_steps(hessians, f.floats.gradient(x)))
    # 1e-6: a lane that creeps into a degenerate point is kept; the final polish decides at 1e-9.
    root = (size <= 1e-6 * slope * diameter) & (step <= 1e-6 * diameter) & np.isfinite(slope)
    x, step = x[root], step[root]
    return x[np.argsort(step, kind="stable")]


def _merged(f: Objective, points: np.ndarray, diameter: float, curvature: float) -> np.ndarray:
    """Drop duplicates and thin families of degenerate points."""
    points = points[distinct(points, 1e-6 * diameter)]
    if points.shape[0] == 0:
        return points
    eigenvalues, doubt, _ = signed_eigenvalues(f, points)
    sizes = np.abs(eigenvalues)
    degenerate = uncertain(eigenvalues, doubt) | (sizes.min(axis=1) <= BLURRED * sizes.max(axis=1))
    values = f.floats.value(points)
    # Newton ends within 1e-6 diameters of the family, where f differs by curvature times the square of that.
    tolerance = 1e-10 * curvature * diameter**2
    return points[thinned(points, values, degenerate, tolerance, 1e-3 * diameter)]


def _described(f: Objective, x: np.ndarray, limits: np.ndarray, diameter: float) -> CriticalPoint | None:
    """Polish one point; None if it is no root after all, or not in the box."""
    root = newton_point(gradient_system(f), x, max_steps=60, step_limit=1e-3 * diameter)
    slack = 1e-12 * diameter
    if not (root.solved(diameter) and clear_of_edge(f, root.x[None, :], slack)[0]) or not (
        (root.x >= limits[:, 0] - slack).all() and (root.x <= limits[:, 1] + slack).all()
    ):
        return None
    value = float(f.floats.value(root.x[None, :])[0])
    eigenvalues, kind = critical_kind(f, root.x)
    return CriticalPoint(root.x, value, root.residual, eigenvalues, CriticalPointKind(kind))
