"""What the tasks of a census find, put together: every point once, places that hang together as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from hallucert.balls.ball_lanes import Boxes
from hallucert.check.census.records import (
    Box,
    CriticalPoint,
    HallucinatedPoint,
    Open,
    Unsettled,
    floats,
)
from hallucert.check.claim import Enclosure
from hallucert.clock import UNLIMITED, Clock

P = TypeVar("P", CriticalPoint, HallucinatedPoint)


@dataclass(frozen=True)
class TaskResult(Generic[P]):
    """What one task of a census found.

    Attributes
    ----------
    points : tuple of CriticalPoint or HallucinatedPoint
        Points that are proved; the same one may be there more than once.
    places : tuple of Unsettled
        Places that are open.
    spent : int
        Boxes looked at.
    pending : bool
        Whether the budget was spent before all boxes were looked at.
    small : Boxes
        Boxes of the smallest width that may hold unproved critical points.
    """

    points: tuple[P, ...]
    places: tuple[Unsettled, ...]
    spent: int
    pending: bool
    small: Boxes


def connected(lo: np.ndarray, hi: np.ndarray, clock: Clock = UNLIMITED) -> list[list[int]]:
    """Return the index sets of boxes that hang together, step by step from one to another that it meets.

    Along the coordinate in which they overlap least, boxes are compared with those that begin before they end. When
    the time is up the boxes that are left are compared with no others.

    Parameters
    ----------
    lo, hi : (k, n) arrays
        Ends of the boxes.
    clock : Clock
        When to compare no more.
    """
    firsts, lasts = np.sort(lo, axis=0), np.empty_like(lo, dtype=int)
    for j in range(lo.shape[1]):
        lasts[:, j] = np.searchsorted(firsts[:, j], hi[:, j], side="right")
    axis = int(np.argmin(lasts.sum(axis=0)))
    order = np.argsort(lo[:, axis], kind="stable")
    first = np.arange(len(lo))  # of each group, by way of other members

    def leader(i: int) -> int:
        while first[i] != i:
            first[i] = first[first[i]]
            i = int(first[i])
        return i

    for position, i in enumerate(order.tolist()):
        if clock.passed():
            break
        later = order[position + 1 : lasts[i, axis]]
        for j in later[((lo[later] <= hi[i]) & (hi[later] >= lo[i])).all(axis=1)].tolist():
            a, b = leader(i), leader(j)
            first[max(a, b)] = min(a, b)
    groups: dict[int, list[int]] = {}
    for i in range(len(lo)):
        groups.setdefault(leader(i), []).append(i)
    return list(groups.values())


def together(places: Sequence[Unsettled], clock: Clock) -> list[Unsettled]:
    """Join places with the same target and reason that hang together, as on the edges of the charts."""
    alike: dict[tuple[Box, Open], list[Box]] = {}
    joined: list[Unsettled] = []
    for place in places:
        if place.box is None:
            joined.append(place)
        else:
            alike.setdefault((place.target, place.reason), []).append(place.box)
    for number, ((target, reason), boxes) in enumerate(alike.items()):
        clock.tell("joining open places", number, len(alike))
        ends = np.array([floats(box) for box in boxes])
        for group in connected(ends[..., 0], ends[..., 1], clock):
            sides = zip(*(boxes[i] for i in group), strict=True)
            hull = (Enclosure(min(s.lower for s in side), max(s.upper for s in side)) for side in sides)
            joined.append(Unsettled(tuple(hull), target, reason))
    return joined
