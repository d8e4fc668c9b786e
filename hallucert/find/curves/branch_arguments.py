"""Arguments of the continuation: ends, step lengths, limits and events, each checked and put into its own units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hallucert.arguments import checked_items, checked_positive
from hallucert.errors import ArgumentError, SearchError
from hallucert.find.arguments import checked_box, checked_count, checked_point, checked_radius
from hallucert.find.candidate import Candidate
from hallucert.find.curves.branch_limits import Limits
from hallucert.find.curves.branch_record import EventType
from hallucert.find.curves.continuation import StepControl
from hallucert.find.domain import require_defined
from hallucert.find.linear.signs import critical_kind
from hallucert.find.newton import polished_critical_point
from hallucert.find.rescaled import Rescaled, original, short
from hallucert.objectives.objective import Objective

DEFAULT_EVENTS = (EventType.FOLD, EventType.BRANCH_POINT, EventType.STABILITY)


def branch_ends(f: Objective, start: Any, target: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the start and the target as they are given."""
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
    if not np.linalg.norm(x - near) > 0:
        raise ArgumentError("start", start, "differ from the target")
    return x, near


def polished_target(f: Objective, x: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Return the target ``c`` of a branch through `x`, a nondegenerate critical point."""
    distance = float(np.linalg.norm(x - near))
    c = polished_critical_point(f, near, distance, "target")
    if np.linalg.norm(x - c) <= 1e-6 * (distance + float(np.abs(c).max())):
        raise ArgumentError("start", original(f, x).tolist(), "differ from the target")
    if critical_kind(f, c)[1] == "degenerate":
        raise SearchError(f"the target {short(f, c)} is a degenerate critical point; branches need a nondegenerate one")
    return c


def multiplier_scale(f: Objective, x: np.ndarray, c: np.ndarray) -> float:
    """Return the power of two near ``|H|/|x - c|``: then a unit of lambda/scale and of x change ``G`` alike."""
    sizes = [float(np.linalg.norm(h, 2)) for h in f.hessian_lanes(np.stack([x, c])) if np.isfinite(h).all()]
    size = max([*sizes, 1e-300]) / float(np.linalg.norm(x - c))
    return float(2.0 ** np.round(np.log2(size)))


@dataclass(frozen=True)
class Options:
    """The options of a branch, checked; what is None has a default for each branch."""

    box: np.ndarray | None  # (d, 2) or None: where ``x`` stays
    rho_max: float | None  # lengths
    rho_min: float | None  # lengths
    ds: float | None  # lengths
    ds_min: float | None  # lengths
    ds_max: float | None  # lengths
    max_steps: int  # most steps
    events: frozenset[EventType]  # what is looked for
    units: int = 0  # the lengths are multiples of ``2**units`` of those that were given

    def inside(self, f: Rescaled) -> Options:
        """Return the options in the units of `f`."""

        def length(value: float | None) -> float | None:
            return None if value is None else float(np.ldexp(value, -f.length))

        return replace(
            self,
            box=None if self.box is None else self.box / f.diagonal[:, None],
            rho_max=length(self.rho_max),
            rho_min=length(self.rho_min),
            ds=length(self.ds),
            ds_min=length(self.ds_min),
            ds_max=length(self.ds_max),
            units=self.units + f.length,
        )

    def limits(self, f: Objective, x: np.ndarray, length: float) -> Limits:
        """Return the region to follow the branch in; `x` is where it starts, `length` its distance to the target."""
        if self.box is not None and not ((self.box[:, 0] <= x) & (x <= self.box[:, 1])).all():
            raise ArgumentError("start", original(f, x).tolist(), "lie in the box")
        largest = np.inf if self.rho_max is None else self.rho_max
        smallest = 1e-3 * min(length, largest) if self.rho_min is None else self.rho_min
        if smallest >= largest:
            raise ArgumentError("rho_min", self._given(smallest), "be below rho_max")
        return Limits(self.box, smallest, largest)

    def control(self, length: float) -> StepControl:
        """Return the step lengths, by default in units of `length`."""
        longest = self.ds_max or 0.1 * length
        first = self.ds or min(0.02 * length, longest)
        shortest = self.ds_min or min(1e-9 * length, first)
        if not shortest <= first <= longest:
            ends = f"ds_min ({self._given(shortest):.3g}) and ds_max ({self._given(longest):.3g})"
            raise ArgumentError("ds", self._given(first), f"lie between {ends}")
        return StepControl(first, shortest, longest, self.max_steps)

    def _given(self, value: float) -> float:
        return float(np.ldexp(value, self.units))


def checked_options(
    f: Objective,
    box: Any,
    rho_max: Any = None,
    rho_min: Any = None,
    ds: Any = None,
    ds_min: Any = None,
    ds_max: Any = None,
    max_steps: Any = 2000,
    events: Iterable[str] = DEFAULT_EVENTS,
) -> Options:
    """Return the options of a branch or sheet, each checked for itself."""
    return Options(
        None if box is None else checked_box(box, f.dimension),
        None if rho_max is None else float(checked_radius(rho_max, "rho_max")),
        None if rho_min is None else float(checked_radius(rho_min, "rho_min")),
        _positive(ds, "ds"),
        _positive(ds_min, "ds_min"),
        _positive(ds_max, "ds_max"),
        checked_count(max_steps, "max_steps"),
        wanted_events(events),
    )


def _positive(value: Any, argument: str) -> float | None:
    return None if value is None else checked_positive(value, argument)


def wanted_events(events: Iterable[str]) -> frozenset[EventType]:
    """Return the events to look for."""
    known = {str(e): e for e in DEFAULT_EVENTS}
    must = f"be among {', '.join(known)}"
    names = [events] if isinstance(events, str) else checked_items(events, "events", must)
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise ArgumentError("events", name, must)
    return frozenset(known[name] for name in names)
