"""The checkpoint of a census: the results of its finished tasks, in memory and in a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hallucert import __version__
from hallucert.check.census.census import Task, sphere_task
from hallucert.check.census.data import (
    critical_from_json,
    critical_to_json,
    point_from_json,
    point_to_json,
    unsettled_from_json,
    unsettled_to_json,
)
from hallucert.check.census.records import LARGEST, Alone, Box, CriticalPoint, Problem, TaskResult
from hallucert.check.census.search.branch_and_prune import Boxes
from hallucert.errors import CheckpointError
from hallucert.files import CENSUS, is_file_or_nothing, kind_of_file, replacing, require_place


class Checkpoint:
    """Finished tasks, in memory and, if there is a path, in a file that is replaced whole after each task.

    Parameters
    ----------
    path : Path or None
        The file.
    problem : Problem
        What the census is of.
    max_boxes : int
        Its budget, on which the tasks depend.

    Attributes
    ----------
    results : dict of str to TaskResult
        By the names of the tasks.

    Raises
    ------
    CheckpointError
        If the file cannot be read or belongs to another census.
    """

    def __init__(self, path: Path | None, problem: Problem, max_boxes: int) -> None:
        self.path, self.dimension = path, problem.f.dimension
        self.results: dict[str, TaskResult[Any]] = {}
        self.data: dict[str, Any] = {}  # of the file
        if path is None:
            return
        text = json.dumps([problem.to_json(), problem.backend, max_boxes, __version__], sort_keys=True)
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        belongs = True
        try:
            usable = is_file_or_nothing(path)
            if usable and path.exists():
                data = json.loads(path.read_text(encoding="ascii"))
                belongs, self.data = data["digest"] == self.digest, dict(data["results"])
        except OSError as error:
            raise CheckpointError(f"{path} cannot be read: {error}; use another file") from None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            kind = kind_of_file(path)
            why = repr(error) if kind in (None, CENSUS) else f"it is {kind}"
            raise self._malformed(why, "use another file") from None
        if not usable:
            raise CheckpointError(f"{path} cannot be read: it is no file; use another path")
        if not belongs:
            raise CheckpointError(f"{path} belongs to another census (function, box, rho or budget); use another file")

    def read(self, tasks: Sequence[Task]) -> None:
        """Add to `results` what the file holds of some tasks.

        Raises
        ------
        CheckpointError
            If something is missing or malformed, or if some of the tasks are to be done and their results could not be
            kept.
        """
        for name, function, arguments in tasks:
            if name not in self.data:
                continue
            try:
                targets = len(arguments[1]) if function is sphere_task else None
                self.results[name] = _from_json(self.data[name], self.dimension, targets)
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
                raise self._malformed(f"its entry {name!r}: {error!r}") from None
        if self.path is not None and any(name not in self.results for name, _, _ in tasks):
            try:
                require_place(self.path)
            except OSError as error:
                raise self._unwritable(error) from None

    def add(self, name: str, result: TaskResult[Any]) -> None:
        """Keep a result.

        Raises
        ------
        CheckpointError
            If the file cannot be written; the old one stays.
        """
        self.results[name] = result
        if self.path is None:
            return
        self.data[name] = _to_json(result)
        text = json.dumps({"digest": self.digest, "results": self.data})
        try:
            with replacing(self.path) as stream:
                stream.write(text.encode("ascii"))
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> CheckpointError:
        return CheckpointError(f"the checkpoint {self.path} cannot be written: {error.strerror or error}")

    def _malformed(self, why: str, what_to_do: str = "remove it") -> CheckpointError:
        return CheckpointError(f"{self.path} is not the checkpoint of a census: {why}; {what_to_do}")


def _to_json(result: TaskResult[Any]) -> dict[str, Any]:
    """Return a result as plain data."""
    return {
        "points": [_alone_to_json(alone) for alone in result.points],
        "places": [unsettled_to_json(place) for place in result.places],
        "spent": result.spent,
        "pending": result.pending,
        "small": _floats_to_json(np.hstack([result.small.lo, result.small.hi])),
    }


def _alone_to_json(alone: Alone[Any]) -> dict[str, Any]:
    own = critical_to_json(alone.point) if isinstance(alone.point, CriticalPoint) else point_to_json(alone.point)
    return {**own, "chart": alone.chart, "unique": _floats_to_json(alone.unique)}


def _from_json(data: Any, d: int, targets: int | None) -> TaskResult[Any]:
    """Read a result; raises what Python raises where it cannot be read.

    Parameters
    ----------
    data : Any
        What the file holds.
    d : int
        Dimension.
    targets : int or None
        For a task of the second step: how many targets there are.
    """
    points = []
    for entry in _list(data["points"]):
        alone: Alone[Any]
        if targets is None:
            _require(entry["chart"] is None, "no chart")
            alone = Alone(critical_from_json(entry), _floats_from_json(entry["unique"], d, 2))
        else:
            _require(type(entry["chart"]) is int and 0 <= entry["chart"] < 2 * d, "a chart")
            _require(type(entry["target"]) is int and 0 <= entry["target"] < targets, "a target of the problem")
            alone = Alone(point_from_json(entry), _floats_from_json(entry["unique"], d - 1, 2), entry["chart"])
        points.append(alone)
        _require_box(alone.point.box, d)
        _require((alone.unique[:, 0] <= alone.unique[:, 1]).all(), "ends in order")
    places = [unsettled_from_json(entry) for entry in _list(data["places"])]
    for box in [box for place in places for box in (place.box, place.target) if box is not None]:
        _require_box(box, d)
    _require(
        type(data["spent"]) is int and data["spent"] >= 0 and type(data["pending"]) is bool,
        "a number of boxes, and whether more are pending",
    )
    small = _floats_from_json(data["small"], len(_list(data["small"])), 2 * d)
    boxes = Boxes(np.zeros(len(small), int), small[:, :d], small[:, d:])
    _require((boxes.lo <= boxes.hi).all(), "ends in order")
    return TaskResult(tuple(points), tuple(places), data["spent"], data["pending"], boxes)


def _floats_to_json(rows: np.ndarray) -> list[list[str]]:
    return [[number.hex() for number in row] for row in rows.tolist()]


def _floats_from_json(rows: Any, count: int, length: int) -> np.ndarray:
    _require(len(_list(rows)) == count and all(len(_list(row)) == length for row in rows), "numbers of the right shape")
    numbers = np.array([[float.fromhex(number) for number in row] for row in rows]).reshape(count, length)
    _require(np.isfinite(numbers).all(), "finite numbers")
    return numbers


def _list(value: Any) -> list[Any]:
    _require(isinstance(value, list), "a list")
    return list(value)


def _require_box(box: Box, d: int) -> None:
    _require(len(box) == d, "a box of the dimension")
    for side in box:
        _require(side.lower <= side.upper and max(abs(side.lower), abs(side.upper)) < LARGEST**2, "a box in range")


def _require(good: Any, what: str) -> None:
    if not good:
        raise ValueError(f"there must be {what}")
