"""The checkpoint of a census: the results of its finished tasks, in memory and in a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hallucert import __version__
from hallucert.errors import CheckpointError
from hallucert.files import replacing
from hallucert.prove.census import Task, sphere_task
from hallucert.prove.census_records import (
    Problem,
    box_from_json,
    critical_from_json,
    point_from_json,
    unsettled_from_json,
)


class Checkpoint:
    """Finished tasks, in memory and, if there is a path, in a file that is replaced whole after each task.

    Parameters
    ----------
    path : Path or None
        The file; what it holds is read.
    problem : Problem
        What the census is of.
    max_boxes : int
        Its budget, on which the tasks depend.

    Raises
    ------
    CheckpointError
        If the file cannot be read or belongs to another census.
    """

    def __init__(self, path: Path | None, problem: Problem, max_boxes: int) -> None:
        self.path, self.dimension = path, problem.f.dimension
        self.results: dict[str, dict[str, Any]] = {}
        text = json.dumps([problem.to_json(), problem.backend, max_boxes, __version__], sort_keys=True)
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        if path is None or not path.exists():
            return
        try:
            data = json.loads(path.read_text(encoding="ascii"))
            belongs, self.results = data["digest"] == self.digest, dict(data["results"])
        except OSError as error:
            raise CheckpointError(f"{path} cannot be read: {error}; use another file") from None
        except (ValueError, KeyError, TypeError) as error:
            raise self._malformed(error) from None
        if not belongs:
            raise CheckpointError(f"{path} belongs to another census (function, box, rho or budget); use another file")

    def require_results(self, tasks: Sequence[Task]) -> None:
        """Check what was read for some tasks: every field that putting the results together reads.

        Raises
        ------
        CheckpointError
            If something is missing or malformed.
        """
        for name, function, arguments in tasks:
            if name not in self.results:
                continue
            try:
                if function is sphere_task:
                    _read_sphere(self.results[name], self.dimension, len(arguments[1]))
                else:
                    _read_critical(self.results[name], self.dimension)
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
                raise self._malformed(f"its entry {name!r}: {error!r}") from None

    def add(self, name: str, result: dict[str, Any]) -> None:
        """Keep a result."""
        self.results[name] = result
        if self.path is None:
            return
        with replacing(self.path) as stream:
            stream.write(json.dumps({"digest": self.digest, "results": self.results}).encode("ascii"))

    def _malformed(self, why: object) -> CheckpointError:
        return CheckpointError(f"{self.path} is not the checkpoint of a census: {why}; remove it")


def _read_critical(result: dict[str, Any], d: int) -> None:
    """Read the result of a task of the first step; raises what Python raises where it cannot be read."""
    for entry in _list(result["points"]):
        critical_from_json(entry)
        _require(len(entry["box"]) == d, "a box of another dimension")
        _read_floats(entry["unique"], d, 2)
    _read_floats(result["small"], len(result["small"]), 2 * d)
    _read_common(result, d)


def _read_sphere(result: dict[str, Any], d: int, targets: int) -> None:
    """The same for the second step."""
    for entry in _list(result["points"]):
        point = point_from_json(entry)
        _require(len(point.box) == d and point.target in range(targets), "a point of another problem")
        _require(type(entry["chart"]) is int and 0 <= entry["chart"] < 2 * d, "a chart")
        _read_floats(entry["unique"], d - 1, 2)
    _read_common(result, d)


def _read_common(result: dict[str, Any], d: int) -> None:
    for entry in _list(result["places"]):
        unsettled_from_json(entry)
        boxes = [box_from_json(entry[name]) for name in ("box", "target") if entry[name] is not None]
        _require(all(len(box) == d for box in boxes), "a box of another dimension")
    _require(type(result["spent"]) is int and type(result["pending"]) is bool, "spent or pending")


def _read_floats(rows: list[list[str]], count: int, length: int) -> None:
    _require(len(_list(rows)) == count and all(len(_list(row)) == length for row in rows), "numbers of another shape")
    for row in rows:
        for number in row:
            float.fromhex(number)


def _list(value: Any) -> list[Any]:
    _require(isinstance(value, list), "no list")
    return list(value)


def _require(good: bool, what: str) -> None:
    if not good:
        raise ValueError(what)
