"""What a checkpoint of an ensemble holds: in a folder, for each cell of the grid, the exact state of its lanes."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict, cast

import numpy as np

from hallucert.checkpoint import Checkpoint
from hallucert.errors import CheckpointError
from hallucert.files import kind_of_file, write_nothing
from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM
from hallucert.sam.driver import State
from hallucert.sam.lanes import Lanes
from hallucert.sam.settings import Plan

FORMAT = "hallucert-checkpoint-2"


class _Array(TypedDict):
    """An array as plain data, to the last bit."""

    dtype: str
    shape: list[int]
    data: str


class CellCheckpoint:
    """The saved state of a cell of the grid, by its number, in a folder that is made if it is missing.

    The fingerprint is that of the run. A folder that cannot be made or written is a `CheckpointError`.
    """

    def __init__(self, folder: Path, cell: int, fingerprint: str) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_nothing(folder)
        except FileExistsError:
            raise CheckpointError(
                f"the checkpoint {folder} must be a folder; it is {kind_of_file(folder) or 'a file'}: use another path"
            ) from None
        except OSError as error:
            raise CheckpointError(
                f"the checkpoint folder {folder} cannot be made or written to: {error.strerror}"
            ) from None
        path = folder / f"cell-{cell:04d}.json"
        self.kept = Checkpoint(path, fingerprint, "run", "other data, starts, or settings")

    def load(self) -> State | None:
        """Return the saved state, None if there is none."""
        entries = self.kept.entries
        if not entries:
            return None
        try:
            lanes = Lanes(*(_array_from_json(cast(_Array, entries[name])) for name in Lanes._fields))
            observed = [_array_from_json(row) for row in cast(list[_Array], entries["observed"])]
            position = int(cast(int, entries["position"]))
            return State(lanes.x, lanes.codes, lanes.done, lanes.velocity, position, observed=observed)
        except (ValueError, KeyError, TypeError) as error:
            self.kept.refuse(repr(error), "delete it")

    def save(self, state: State) -> None:
        """Write the state; if that cannot be done the old file stays, and there is a `CheckpointError`."""
        entries = self.kept.entries
        entries |= {name: _array_to_json(getattr(state, name)) for name in Lanes._fields}
        entries["observed"] = [_array_to_json(row) for row in state.observed]
        self.kept.add("position", state.position)


def _array_to_json(array: np.ndarray) -> _Array:
    data = base64.b64encode(array.tobytes()).decode()
    return {"dtype": array.dtype.str, "shape": list(array.shape), "data": data}


def _array_from_json(entry: _Array) -> np.ndarray:
    if entry["dtype"] not in ("<f8", "<f4", "<i8"):
        raise ValueError(f"numbers of the type {entry['dtype']!r}")
    content = np.frombuffer(base64.b64decode(entry["data"]), entry["dtype"])
    return content.reshape(entry["shape"]).copy()


def fingerprint_of(objective: Objective, starts: np.ndarray, plan: Plan, held_out: Iterable[np.ndarray]) -> str:
    """Return a digest of all that determines the numbers of a run: objective, starts, schedules and settings."""
    digest = hashlib.sha256(FORMAT.encode())
    for array in (*_objective_arrays(objective, starts), starts, *held_out):
        digest.update(str((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    for first in range(0, plan.steps, 4096):
        count = min(4096, plan.steps - first)
        digest.update(plan.rho.values(first, count).tobytes() + plan.step_size.values(first, count).tobytes())
    batches = None if plan.batches is None else (plan.batches.samples, plan.batches.size, plan.batches.seed)
    settings = (plan.steps, plan.warmup_steps, plan.tolerance, plan.relative, plan.bound, plan.momentum, plan.dtype)
    digest.update(repr((settings, batches, plan.observe_every)).encode())
    if plan.law != SAM:
        digest.update(repr(plan.law).encode())
    return digest.hexdigest()


def _objective_arrays(objective: Objective, starts: np.ndarray) -> list[np.ndarray]:
    """Return arrays that tell the objective from others."""
    if isinstance(objective, TanhNetwork):
        kind = (objective.layer_sizes, objective.loss, objective.output)
        numbers = (str(objective.weight_decay), str(objective.label_smoothing))
        return [np.array(repr((kind, numbers))), objective.inputs, objective.targets]
    if objective.rigorous:
        return [np.array(json.dumps(objective.to_json(), sort_keys=True))]
    # A float-only callable cannot be written down; its gradients at the starts stand for it.
    return [objective.gradient_lanes(starts)]
