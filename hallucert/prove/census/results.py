"""What the tasks of a census find: put together, every point once, and kept in a checkpoint as plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from hallucert import __version__
from hallucert.balls.ball_lanes import Boxes
from hallucert.check.census.file import CRITICAL_POINT, PLACE, POINT, box_from_json, double, place_from_json
from hallucert.check.census.records import (
    Box,
    CriticalPoint,
    HallucinatedPoint,
    Open,
    Problem,
    Unsettled,
    floats,
    from_floats,
)
from hallucert.check.claim import Enclosure
from hallucert.check.file.fields import read_fields, read_integer, read_list
from hallucert.check.writing.census import problem_json
from hallucert.check.writing.fields import plain, record
from hallucert.clock import UNLIMITED, Clock
from hallucert.errors import CertificateError
from hallucert.files import Checkpoint

MOST = 10_000_000  # entries of each list of a checkpoint

P = TypeVar("P", CriticalPoint, HallucinatedPoint)


@dataclass(frozen=True)
class TaskResult(Generic[P]):
    """What one task of a census found."""

    points: tuple[P, ...]  # proved; the same one may be there more than once
    places: tuple[Unsettled, ...]  # open ones
    spent: int  # boxes looked at
    pending: bool  # whether the budget was spent before all boxes were looked at
    small: Boxes  # boxes of the smallest width that may hold unproved critical points


def connected(lo: np.ndarray, hi: np.ndarray, clock: Clock = UNLIMITED) -> list[list[int]]:
    """Return the index sets of boxes that hang together, step by step from one to another that it meets.

    Along the coordinate in which they overlap least, boxes with the ends `lo` and `hi` (k, n) are compared with those
    that begin before they end. When the time is up the boxes that are left are compared with no others.
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


# ---------------------------------------------------------------------- checkpoints


def checkpoint_of(path: Path | None, problem: Problem, max_boxes: int) -> Checkpoint:
    """Return the checkpoint of a census, whose tasks depend on its budget."""
    text = json.dumps([problem_json(problem), problem.backend, max_boxes, __version__], sort_keys=True)
    return Checkpoint(path, hashlib.sha256(text.encode()).hexdigest(), "census", "function, box, rho or budget")


def result_to_json(result: TaskResult[P]) -> dict[str, object]:
    """Return a result as plain data."""
    small = zip(result.small.lo, result.small.hi, strict=True)
    return {
        "points": [record(p, CRITICAL_POINT if isinstance(p, CriticalPoint) else POINT) for p in result.points],
        "places": [record(place, PLACE) for place in result.places],
        "spent": result.spent,
        "pending": result.pending,
        "small": [plain(from_floats(np.stack(ends, -1))) for ends in small],
    }


def result_from_json(
    kept: Checkpoint, name: str, dimension: int, point_from_json: Callable[[object, str], P]
) -> TaskResult[P]:
    """Read what was kept of a task."""
    try:
        names = {"points", "places", "spent", "pending", "small"}
        entry = read_fields(kept.entries[name], names, "its entry")
        small = [box_from_json(item, dimension, "small") for item in read_list(entry["small"], "small", MOST)]
        ends = np.array([[double(v, "small") for side in box for v in (side.lower, side.upper)] for box in small])
        ends = ends.reshape(len(small), dimension, 2)
        if type(entry["pending"]) is not bool:
            raise CertificateError("pending", "must be true or false")
        return TaskResult(
            tuple(point_from_json(item, "points") for item in read_list(entry["points"], "points", MOST)),
            tuple(place_from_json(item, dimension, "places") for item in read_list(entry["places"], "places", MOST)),
            read_integer(entry["spent"], "spent"),
            entry["pending"],
            Boxes(np.zeros(len(small), int), ends[..., 0], ends[..., 1]),
        )
    except CertificateError as error:
        kept.refuse(f"its entry {name!r}: {error}")
