"""Checkpoints of long ensembles: a folder with one file for each cell of the grid.

A file holds the exact state of the cell's lanes and the fingerprint of everything that determines the run, so that a
run is only ever continued by itself. Files are replaced in one step: whoever kills the process, at whatever moment,
leaves the old file or the new one.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from hallucert.errors import CheckpointError
from hallucert.files import kind_of_file, replacing, write_nothing
from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import SAM
from hallucert.sam.driver import Plan, State

FORMAT = "hallucert-checkpoint-1"
_ARRAYS = ("x", "codes", "done", "velocity")


class Checkpoint:
    """The saved state of a cell of the grid, by its number, in a folder that is made if it is missing.

    The fingerprint is that of the run. A folder that cannot be made or written is a `CheckpointError`.
    """

    def __init__(self, folder: Path, cell: int, fingerprint: str) -> None:
        self.path = folder / f"cell-{cell:04d}.npz"
        self.fingerprint = fingerprint
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

    def load(self) -> State | None:
        """Return the saved state, None if there is none; a damaged file, or one of another run, is an error."""
        try:
            with self.path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                stored = {name: file[name] for name in (*_ARRAYS, "observed", "position", "format", "fingerprint")}
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise CheckpointError(f"{self.path} cannot be read as a checkpoint ({error}): delete it") from None
        if str(stored["format"]) != FORMAT or str(stored["fingerprint"]) != self.fingerprint:
            raise CheckpointError(
                f"{self.path} is the checkpoint of another run (other data, starts, or settings): "
                "choose another folder, or delete this one"
            )
        x, codes, done, velocity = (np.array(stored[name]) for name in _ARRAYS)
        return State(x, codes, done, velocity, int(stored["position"]), observed=list(stored["observed"]))

    def save(self, state: State) -> None:
        """Write the state; if that cannot be done the old file stays, and there is a `CheckpointError`."""
        arrays = {name: getattr(state, name) for name in _ARRAYS}
        observed = np.array(state.observed) if state.observed else np.empty((0, 0, 0))
        labels: dict[str, Any] = {"position": state.position, "format": FORMAT, "fingerprint": self.fingerprint}
        try:
            with replacing(self.path) as stream:
                np.savez(stream, observed=observed, **arrays, **labels)
        except OSError as error:
            raise CheckpointError(f"the checkpoint {self.path} cannot be written: {error.strerror}") from None


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
        kind: Any = (objective.layer_sizes, objective.loss, objective.output)
        numbers = (str(objective.weight_decay), str(objective.label_smoothing))
        return [np.array(repr((kind, numbers))), objective.inputs, objective.targets]
    if objective.rigorous:
        return [np.array(json.dumps(objective.to_json(), sort_keys=True))]
    # A float-only callable cannot be written down; its gradients at the starts stand for it.
    return [objective.gradient_lanes(starts)]
