"""``hallucert study``: the paper's Figures 5 and 8 at a size for two cores, and what the end points really are."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hallucert.arguments import checked_whole
from hallucert.clock import working
from hallucert.errors import ArgumentError
from hallucert.files import replacing, require_writable
from hallucert.sam import each, run_ensemble
from hallucert.sam.lanes import Status
from hallucert.sam.result import Ensemble
from hallucert.sam.settings import Positive
from hallucert.tools.study.arena import ARENAS, Arena, load_arena
from hallucert.tools.study.report import summary_of
from hallucert.tools.study.verdicts import table_of

RADII = ("0.5", "1", "2", "5", "10")
ARMS = {"SAM": 0.0, "switching": 0.1}
OBSERVATIONS = 100
"""Rows of the curves."""


def run_study(
    output: str | Path,
    data: Sequence[str] = tuple(ARENAS),
    seeds: int = 5,
    radii: Sequence[str] = RADII,
    quick: bool = False,
    threads: int | None = None,
    progress: bool | None = None,
) -> dict[str, Any]:
    """Train networks with SAM for all seeds, radii and arms; say what the end points are; draw and tabulate it.

    Parameters
    ----------
    output : path
        A folder, made if it is missing. Checkpoints are kept in it: the same call after an interruption, or after the
        process was killed, goes on and arrives at the same table.
    data : sequence of {"tiny", "digits", "mnist"}
        The arenas.
    seeds : int
        Number of starts.
    radii : sequence of exact positive numbers, as text
        Perturbation radii.
    quick : bool
        Fewer samples and steps, for a first look.
    threads : int, optional
        Number of threads, by default one for each processor; results do not depend on it.
    progress : bool, optional
        Whether to show progress; by default on a terminal.

    Returns
    -------
    dict
        For each arena its counts, medians and files, as plain data.

    Raises
    ------
    ArgumentError
        If an argument is not as above.
    MissingPackageError
        If the data are not installed.
    CheckpointError
        If `output` holds the checkpoints of another study.
    """
    count = checked_whole(seeds, 1, "seeds")
    if isinstance(data, str) or not data:
        raise ArgumentError("data", data, f"be some of {', '.join(ARENAS)}")
    each(*radii)
    for radius in radii:  # before a folder is made
        Positive(radius, 1, "rho")
    arenas = [load_arena(name, quick) for name in data]
    folder = Path(output)
    require_writable(folder, "output")
    results = {}
    for arena in arenas:
        ends = _trained(arena, count, radii, folder, threads, progress)
        results[arena.name] = _evaluated(arena, ends, folder / arena.name, progress)
    return results


def _trained(
    arena: Arena, seeds: int, radii: Sequence[str], folder: Path, threads: int | None, progress: bool | None
) -> Ensemble:
    ends = run_ensemble(
        arena.network,
        arena.network.initial(0, count=seeds),
        each(*radii),
        arena.step_size,
        arena.steps,
        each(**ARMS),
        tolerance=arena.tolerance,
        threads=threads,
        progress=progress,
        dtype=arena.dtype,
        held_out=arena.held_out,
        observe_every=max(1, arena.steps // OBSERVATIONS),
        checkpoint=folder / "checkpoints" / arena.name,
    )
    if Status.INTERRUPTED in ends.counts():
        raise KeyboardInterrupt
    return ends


def _evaluated(arena: Arena, ends: Ensemble, folder: Path, progress: bool | None) -> dict[str, Any]:
    """Classify, certify, tabulate and draw; return the summary."""
    from hallucert.tools.study.pictures import draw_all

    certificates = folder / "certificates"
    (certificates if arena.certify else folder).mkdir(parents=True, exist_ok=True)
    with working(progress=progress) as clock:
        rows = table_of(arena, ends, certificates, lambda done: clock.tell("end points", done, len(ends)))
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    with replacing(folder / "table.csv") as stream:
        stream.write(table.getvalue().encode())
    pictures = draw_all(arena, ends, rows, folder)
    return summary_of(arena, rows) | {"table": str(folder / "table.csv"), "pictures": [str(p) for p in pictures]}
