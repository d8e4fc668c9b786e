"""A component of a superlevel set, and its point farthest from a target.

Legend: ``U`` component of ``{f >= alpha}``, ``c`` target, ``g = grad f``, ``lambda`` multiplier in the Lagrange
condition ``g(x) = lambda (c - x)`` of the farthest point.
"""

from __future__ import annotations

import numpy as np

from hallucert.errors import SearchError
from hallucert.find.newton import LanesFunction, PointSystem, Root, bisected, distinct, newton_point, norms
from hallucert.find.rescaled import Unit, number_text, original
from hallucert.objectives.objective import Objective

# Grid cells along a side, by dimension; the coarse grid is for float-only objectives, whose lanes are slow.
FINE = {1: 2000, 2: 300, 3: 60}
COARSE = {1: 400, 2: 80, 3: 24}

MAX_ZOOMS = 14
MAX_STARTS = 24


def component_boundary(
    value: LanesFunction, level: float, inside: LanesFunction, seed_point: np.ndarray, box: np.ndarray, fast: bool
) -> np.ndarray:
    """Return points on the boundary of the component of ``{value >= level}`` that holds `seed_point`; ``d <= 3``.

    `value` is NaN where it is not defined; the component must not reach beyond what is `inside`, a part of `box`.

    A flood fill on a grid, zoomed until the component fills most of it; every edge of the grid that leaves the
    component is bisected, so the points lie on the level to machine precision.
    """
    view, cells = box, (FINE if fast else COARSE)[len(box)]
    for zoom in range(MAX_ZOOMS):
        axes, component = _flood(lambda x: (value(x) >= level) & inside(x), seed_point, view, cells)
        next_view = _next_view(axes, component, view, box)
        if next_view is None or zoom == MAX_ZOOMS - 1:
            break
        view = next_view
    inner, outer = _leaving_edges(axes, component)
    if not inside(outer).all():
        escaped = outer[~inside(outer)]
        if inner.shape[0] == 0 or (value(escaped) >= level).any():
            raise SearchError(
                "the component of {f >= level} that holds the maximizer reaches the boundary of B: raise the level"
            )
    return _on_level(value, level, inner, outer)


def _flood(
    member: LanesFunction, seed_point: np.ndarray, view: np.ndarray, cells: int
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the grid axes and the mask of the component."""
    from scipy.ndimage import label

    width = (view[:, 1] - view[:, 0]) / cells
    first = np.floor((view[:, 0] - seed_point) / width).astype(int) - 1
    last = np.ceil((view[:, 1] - seed_point) / width).astype(int) + 1
    axes = [s + h * np.arange(i, j + 1) for s, h, i, j in zip(seed_point, width, first, last, strict=True)]
    nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    lanes = nodes.reshape(-1, len(axes))
    mask = member(lanes).reshape(nodes.shape[:-1])
    seed_index = tuple(-first)
    mask[seed_index] = True
    labels, _ = label(mask)
    return axes, labels == labels[seed_index]


def _next_view(axes: list[np.ndarray], component: np.ndarray, view: np.ndarray, box: np.ndarray) -> np.ndarray | None:
    """Return the view for the next zoom, or None if the component fills at least half of every side."""
    following = view.copy()
    good = True
    for i, axis in enumerate(axes):
        others = tuple(j for j in range(len(axes)) if j != i)
        present = np.flatnonzero(component.any(axis=others))
        low, high = axis[present[0]], axis[present[-1]]
        size, cell = high - low, axis[1] - axis[0]
        cut_low = present[0] <= 1 and view[i, 0] > box[i, 0]
        cut_high = present[-1] >= axis.size - 2 and view[i, 1] < box[i, 1]
        cut = cut_low or cut_high
        if cut or size < 0.5 * (view[i, 1] - view[i, 0]):
            good = False
        margin = max(0.75 * size, 2 * cell) if cut else max(0.12 * size, 2 * cell)
        following[i] = max(low - margin, box[i, 0]), min(high + margin, box[i, 1])
    return None if good else following


def _leaving_edges(axes: list[np.ndarray], component: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the grid edges from the component (first array) out of it (second array), each (k, d)."""
    inner, outer = [], []
    for i in range(len(axes)):
        for shift in (1, -1):
            neighbour = np.roll(component, -shift, axis=i)
            edge = [slice(None)] * len(axes)
            edge[i] = slice(-1, None) if shift == 1 else slice(0, 1)
            neighbour[tuple(edge)] = True
            index = np.argwhere(component & ~neighbour)
            inner.append(index)
            outer.append(index + shift * np.eye(len(axes), dtype=int)[i])

    def points(index: np.ndarray) -> np.ndarray:
        return np.column_stack([axis[index[:, i]] for i, axis in enumerate(axes)])

    return points(np.concatenate(inner)), points(np.concatenate(outer))


def _on_level(value: LanesFunction, level: float, inner: np.ndarray, outer: np.ndarray) -> np.ndarray:
    """Return the points of the level on the ways from `inner` to `outer`, from inside."""
    inner, outer = bisected(lambda x: (value(x) >= level)[:, None], inner, outer, 52)
    if np.isnan(value(outer)).any():
        raise SearchError(
            "the component of {f >= level} that holds the maximizer reaches the edge of the domain of f: "
            "raise the level"
        )
    return inner


def ray_boundary(
    value: LanesFunction, level: float, centre: np.ndarray, reach: float, directions: np.ndarray
) -> np.ndarray:
    """Return where rays from `centre` first leave ``{f >= level}`` within `reach`; for ``d > 3``."""
    inner, outer = np.zeros(len(directions)), np.full(len(directions), np.nan)
    for r in np.linspace(0, reach, 257)[1:]:
        above = value(centre + r * directions) >= level
        open_ray = np.isnan(outer)
        inner[open_ray & above] = r
        outer[open_ray & ~above] = r
    left = np.isfinite(outer)
    e = directions[left]
    return _on_level(value, level, centre + inner[left, None] * e, centre + outer[left, None] * e)


def ascend_level_set(f: Objective, level: float, target: np.ndarray, x: np.ndarray, steps: int) -> np.ndarray:
    """Move the points `x` (k, d) of ``{f = level}`` along it, away from `target`; for ``d > 3``."""
    rate = np.full(len(x), 0.1)
    for _ in range(steps):
        g, away = f.floats.gradient(x), x - target
        square = np.einsum("kd,kd->k", g, g)
        tangent = away - (np.einsum("kd,kd->k", away, g) / square)[:, None] * g
        trial = x + rate[:, None] * tangent
        for _ in range(4):
            slope = f.floats.gradient(trial)
            missing = level - f.floats.value(trial)
            trial = trial + (missing / np.einsum("kd,kd->k", slope, slope))[:, None] * slope
        error = np.abs(f.floats.value(trial) - level) / np.sqrt(square)
        distance = norms(away)
        # Staying on the level to 1e-9 and near x keeps the point in its component.
        better = (norms(trial - target) > distance) & (error < 1e-9 * distance)
        better &= norms(trial - x) < 3 * rate * norms(tangent) + 1e-12 * distance
        x = np.where(better[:, None], trial, x)
        rate *= np.where(better, 1.5, 0.4)
    return x


def farthest_system(f: Objective, level: float, target: np.ndarray, x: np.ndarray) -> tuple[PointSystem, np.ndarray]:
    """Return the Lagrange system ``g(x) = lambda (c - x)``, ``f(x) = alpha`` and its start at `x`.

    The unknowns are ``x / L`` and ``lambda / lambda_0`` with ``L = |x - c|``, ``lambda_0 = q / L`` at the start, and
    the equations are divided by ``q`` and ``q L``: everything is of order 1 whatever the units.
    """
    start_g = f.floats.gradient(x[None, :])[0]
    length, q = float(np.linalg.norm(x - target)), float(np.linalg.norm(start_g))
    lam0 = q / length

    def system(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        point, lam = length * z[:-1], lam0 * z[-1]
        lanes = point[None, :]
        g, h, inward = f.floats.gradient(lanes)[0], f.floats.hessian(lanes)[0], target - point
        r = np.append((g - lam * inward) / q, (f.floats.value(lanes)[0] - level) / (q * length))
        a = np.zeros((z.size, z.size))
        a[:-1, :-1] = (h + lam * np.eye(point.size)) * (length / q)
        a[:-1, -1] = -lam0 * inward / q
        a[-1, :-1] = g / q
        return r, a

    lam = float(start_g @ (target - x)) / length**2
    return system, np.append(x / length, lam / lam0)


def farthest_of(f: Objective, level: float, target: np.ndarray, boundary: np.ndarray) -> np.ndarray:
    """Return the point of the boundary of ``U`` farthest from `target`."""
    distance = norms(boundary - target)
    order = np.argsort(-distance, kind="stable")
    boundary, distance = boundary[order], distance[order]
    size = float(np.linalg.norm(np.ptp(boundary, axis=0)))
    near = boundary[distance >= distance[0] - 0.1 * size]
    best: tuple[float, np.ndarray, float] | None = None
    for x in near[distinct(near, 0.02 * size)][:MAX_STARTS]:
        length = float(np.linalg.norm(x - target))
        system, z = farthest_system(f, level, target, x)
        root: Root = newton_point(system, z, max_steps=60, step_limit=0.1 * size / length)
        point = length * root.x[:-1]
        if not root.solved(1.0) or np.linalg.norm(point - x) > 0.15 * size:
            continue
        far = float(np.linalg.norm(point - target))
        if best is None or far > best[0]:
            g = f.floats.gradient(point[None, :])[0]
            best = far, point, float(g @ (target - point)) / far**2
    if best is None or best[0] < distance[0] * (1 - 1e-9):
        raise SearchError(
            "Newton on the Lagrange system did not confirm the farthest point near "
            f"{original(f, boundary[0]).tolist()}: try another level"
        )
    if not best[2] > 0:
        lam = number_text(f, best[2], Unit.MULTIPLIER)
        raise SearchError(f"the multiplier at the farthest point is {lam}, not positive (Lemma A.4)")
    return best[1]
