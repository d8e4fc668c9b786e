"""Arguments of the continuation: ends, step lengths, limits and events, each checked and put into its own units."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from hallucert.arguments import checked_items, checked_positive
from hallucert.branch import EventType
from hallucert.candidate import Candidate
from hallucert.errors import ArgumentError, SearchError
from hallucert.find.arguments import checked_box, checked_count, checked_point, checked_radius
from hallucert.find.branch_limits import Limits
from hallucert.find.continuation import StepControl
from hallucert.find.domain import require_defined
from hallucert.find.newton import polished_critical_point
from hallucert.objectives.objective import Objective

DEFAULT_EVENTS = (EventType.FOLD, EventType.BRANCH_POINT, EventType.STABILITY)


def branch_ends(f: Objective, start: Any, target: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the start and the polished target."""
    if isinstance(start, Candidate):
        if target is not None:
            raise ArgumentError("target", target, "be left out when the start is a candidate")
        if start.objective is not f:
            raise ArgumentError("start", start, "be a candidate of the function f")
        # g(x) = lambda (c - x) is the equation of SAM and of USAM; that of ASAM has another metric.
        if start.law.scales:
            raise ArgumentError("start", start, 'be a candidate of the variant "sam" or "usam"')
        x, near = np.array(start.x, dtype=float), np.array(start.target, dtype=float)
    else:
        x = checked_point(start, f.dimension, "start")
        if target is None:
            raise ArgumentError("target", target, "be given: the critical point c that the branch belongs to")
        near = checked_point(target, f.dimension, "target")
    require_defined(f, near, "target")
    require_defined(f, x, "start")
    distance = float(np.linalg.norm(x - near))
    if distance == 0:
        raise ArgumentError("start", start, "differ from the target")
    c = polished_critical_point(f, near, distance, "target")
    if np.linalg.norm(x - c) <= 1e-6 * (distance + float(np.abs(c).max())):
        raise ArgumentError("start", start, "differ from the target")
    h = f.hessian_lanes(c[None, :])[0]
    if is_degenerate_hessian(h):
        raise SearchError(f"the target {short(c)} is a degenerate critical point; branches need a nondegenerate one")
    return x, c


def multiplier_scale(f: Objective, x: np.ndarray, c: np.ndarray) -> float:
    """Return the power of two near ``|H|/|x - c|``: then a unit of lambda/scale and of x change ``G`` alike."""
    sizes = [float(np.linalg.norm(h, 2)) for h in f.hessian_lanes(np.stack([x, c])) if np.isfinite(h).all()]
    size = max([*sizes, 1e-300]) / float(np.linalg.norm(x - c))
    return float(2.0 ** np.round(np.log2(size)))


def is_degenerate_hessian(hessian: np.ndarray) -> bool:
    """Tell whether an eigenvalue is zero to floats."""
    if not np.isfinite(hessian).all():
        return True
    values = np.abs(np.linalg.eigvalsh(hessian))
    return bool(values.min() <= 1e-8 * values.max())


def checked_options(
    rho_max: Any, rho_min: Any, ds: Any, ds_min: Any, ds_max: Any, max_steps: Any, events: Any
) -> dict[str, Any]:
    """Return the options of a continuation by name, each checked by itself."""
    radii, lengths = {"rho_max": rho_max, "rho_min": rho_min}, {"ds": ds, "ds_min": ds_min, "ds_max": ds_max}
    return {
        **{name: None if value is None else checked_radius(value, name) for name, value in radii.items()},
        **{name: None if value is None else checked_positive(value, name) for name, value in lengths.items()},
        "max_steps": checked_count(max_steps, "max_steps"),
        "events": sorted(wanted_events(events)),
    }


def checked_limits(f: Objective, x: np.ndarray, length: float, box: Any, rho_max: Any, rho_min: Any) -> Limits:
    """Return the region to follow the branch in; `x` is where it starts, `length` its distance to the target."""
    rows = None if box is None else checked_box(box, f.dimension)
    if rows is not None and not ((rows[:, 0] <= x) & (x <= rows[:, 1])).all():
        raise ArgumentError("start", x.tolist(), "lie in the box")
    largest = np.inf if rho_max is None else float(checked_radius(rho_max, "rho_max"))
    smallest = 1e-3 * min(length, largest) if rho_min is None else float(checked_radius(rho_min, "rho_min"))
    if smallest >= largest:
        raise ArgumentError("rho_min", smallest, "be below rho_max")
    return Limits(rows, smallest, largest)


def checked_control(length: float, ds: Any, ds_min: Any, ds_max: Any, max_steps: Any) -> StepControl:
    """Return the step lengths, by default in units of `length`."""
    steps = checked_count(max_steps, "max_steps")
    longest = _positive(ds_max, "ds_max", 0.1 * length)
    first = _positive(ds, "ds", min(0.02 * length, longest))
    shortest = _positive(ds_min, "ds_min", min(1e-9 * length, first))
    if not shortest <= first <= longest:
        raise ArgumentError("ds", first, f"lie between ds_min ({shortest:.3g}) and ds_max ({longest:.3g})")
    return StepControl(first, shortest, longest, steps)


def _positive(value: Any, argument: str, default: float) -> float:
    return default if value is None else checked_positive(value, argument)


def wanted_events(events: Iterable[str]) -> frozenset[EventType]:
    """Return the events to look for."""
    known = {str(e): e for e in DEFAULT_EVENTS}
    must = f"be among {', '.join(known)}"
    names = [events] if isinstance(events, str) else checked_items(events, "events", must)
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise ArgumentError("events", name, must)
    return frozenset(known[name] for name in names)


def short(x: np.ndarray) -> str:
    """Return a point for messages."""
    return np.array2string(x, precision=6, separator=", ", threshold=8, edgeitems=3)
