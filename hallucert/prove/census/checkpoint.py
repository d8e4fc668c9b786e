"""What a checkpoint of a census holds: the results of its tasks as plain data, and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hallucert import __version__
from hallucert.balls.ball_lanes import Boxes
from hallucert.check.census.file import CRITICAL_POINT, PLACE, POINT, box_from_json, double, place_from_json
from hallucert.check.census.records import CriticalPoint, Problem, from_floats
from hallucert.check.file.fields import plain, read_fields, read_integer, read_list, record
from hallucert.checkpoint import Checkpoint
from hallucert.errors import CertificateError
from hallucert.prove.census.merging import P, TaskResult

MOST = 10_000_000
"""Of each list."""


def checkpoint_of(path: Path | None, problem: Problem, max_boxes: int) -> Checkpoint:
    """Return the checkpoint of a census, whose tasks depend on its budget."""
    text = json.dumps([problem.to_json(), problem.backend, max_boxes, __version__], sort_keys=True)
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
