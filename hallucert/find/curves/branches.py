"""All branches of a target that start at a critical point, or cross one of those."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from hallucert.arguments import quiet
from hallucert.clock import Progress, working
from hallucert.errors import SearchError
from hallucert.exact import Exact
from hallucert.find.arguments import checked_box, checked_objective, checked_point
from hallucert.find.critical_points import CriticalPointKind, critical_points
from hallucert.find.curves.branch import first_piece, switched
from hallucert.find.curves.branch_arguments import DEFAULT_EVENTS, Options, checked_options
from hallucert.find.curves.branch_record import Branch, BranchEvent, EndReason
from hallucert.find.curves.branch_units import outside
from hallucert.find.domain import require_defined
from hallucert.find.newton import polished_critical_point
from hallucert.find.rescaled import in_units
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw, require_sam

INSTEAD = "radii and stability of branches are SAM's; the points of USAM are the same curves with rho = 1/lambda"
SAME = 1e-6  # points this close, relative to the box, are the same end or branch point


@quiet
def branches(
    f: Objective,
    target: Any,
    box: Any,
    rho_max: Exact | None = None,
    *,
    rho_min: Exact | None = None,
    ds: float | None = None,
    ds_min: float | None = None,
    ds_max: float | None = None,
    max_steps: int = 2000,
    events: Iterable[str] = DEFAULT_EVENTS,
    seed: int = 0,
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> list[Branch]:
    """Follow every branch of a target from the other critical points in a box, and those that cross them.

    By Proposition 4.5 each nondegenerate critical point other than the target starts one branch. A branch that joins
    two of them is listed once. Branches that neither reach a critical point nor cross such a branch (closed curves,
    for example) are not found.

    Parameters
    ----------
    f : Objective
        The function.
    target : (d,) array-like
        The target, a critical point.
    box : (d, 2) array-like
        Where critical points are sought, and where branches end.
    rho_max : exact positive number, optional
        A branch ends where rho grows through it. Of one that starts at a critical point farther away the first piece
        within is listed; so for `rho_min`.
    rho_min, ds, ds_min, ds_max, max_steps, events
        As for `hallucert.find.branch`.
    seed : int
        Seed of the search for critical points.
    variant : {"sam"}
        As for `hallucert.find.branch`.
    progress : bool or callable, optional
        As for `hallucert.find.branch`.

    Returns
    -------
    list of Branch
        First those from critical points, ordered by the values there, then the crossing ones.

    Raises
    ------
    ArgumentError
        If an argument is not as above.
    SearchError
        If the target is degenerate.
    """
    checked_objective(f)
    require_sam(variant, INSTEAD)
    limits = checked_box(box, f.dimension)
    near = checked_point(target, f.dimension, "target")
    options = checked_options(f, limits, rho_max, rho_min, ds, ds_min, ds_max, max_steps, events)
    require_defined(f, near, "target")
    units = in_units(f, limits.mean(axis=1), float(np.linalg.norm(limits[:, 1] - limits[:, 0])))
    with working(progress=progress) as clock, clock.watched():
        return [outside(units, found) for found in _all(units, units.inside(near), seed, options.inside(units))]


def _all(f: Objective, near: np.ndarray, seed: int, options: Options) -> list[Branch]:
    assert options.box is not None
    limits, found = options.box, list[Branch]()
    size = float(np.linalg.norm(limits[:, 1] - limits[:, 0]))
    c = polished_critical_point(f, near, 0.05 * size, "target")
    reached: list[np.ndarray] = []
    for point in critical_points(f, limits, seed=seed):
        outside = point.kind is CriticalPointKind.DEGENERATE or np.linalg.norm(point.x - c) <= SAME * size
        if outside or _among(point.x, reached, size):
            continue
        piece = first_piece(f, np.clip(point.x, limits[:, 0], limits[:, 1]), c, options)
        # A piece between two critical points beyond rho_max is entered from both.
        if piece is None or _among(piece.start.x, [end.x for b in found for end in (b.start, b.end)], size):
            continue
        found.append(piece)
        reached += [e.x for e in (piece.start, piece.end) if e.reason is EndReason.CRITICAL_POINT]
    for own in list(found):
        for event in own.branch_points:
            if not _already_crossed(event, own, found, size):
                found += _halves(own, event, options)
    return found


def _halves(own: Branch, event: BranchEvent, options: Options) -> list[Branch]:
    try:
        return switched(own, event.index, options)
    except SearchError:
        return []


def _already_crossed(event: BranchEvent, own: Branch, found: list[Branch], size: float) -> bool:
    """Tell whether another branch of the list has the same branch point, or starts there."""
    others = [b for b in found if b is not own]
    return any(_among(event.x, [e.x for e in (*b.branch_points, b.start)], size) for b in others)


def _among(x: np.ndarray, points: list[np.ndarray], size: float) -> bool:
    return any(np.linalg.norm(x - p) <= SAME * size for p in points)
