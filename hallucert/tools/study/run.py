"""``hallucert study``: the paper's Figures 5 and 8 at a size for two cores, and what the end points really are."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import hallucert as hc
from hallucert.arguments import checked_whole
from hallucert.clock import working
from hallucert.diagnosis.diagnose import diagnose
from hallucert.errors import ArgumentError, DomainError, SearchError
from hallucert.files import replacing, require_writable
from hallucert.sam import each, run_ensemble
from hallucert.sam.lanes import Status
from hallucert.sam.result import Ensemble
from hallucert.sam.settings import Positive
from hallucert.tools.study.arena import ARENAS, Arena, claims_of, load_arena
from hallucert.tools.study.report import Row, Summary, draw_all, summary_of

RADII = ("0.5", "1", "2", "5", "10")
ARMS = {"SAM": 0.0, "switching": 0.1}
OBSERVATIONS = 100
"""Rows of the curves."""
STALLED = 0.1
"""``|g+| <= STALLED |g|`` at the end of a run that did not converge: SAM sees hardly a slope, and yet there is one."""


def run_study(
    output: str | Path,
    data: Sequence[str] = tuple(ARENAS),
    seeds: int = 5,
    radii: Sequence[str] = RADII,
    quick: bool = False,
    threads: int | None = None,
    progress: bool | None = None,
) -> dict[str, Summary]:
    """Train networks with SAM for all seeds, radii and arms; say what the end points are; draw and tabulate it.

    Checkpoints are kept in the folder `output`, made if it is missing: the same call after an interruption, or after
    the process was killed, goes on and arrives at the same table. `data` are names of arenas, `seeds` is the number of
    starts, and with `quick` there are fewer samples and steps. Returns for each arena its counts, medians and files, as
    plain data. Wrong arguments, data that are not installed, and checkpoints of another study are typed errors.
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


def _evaluated(arena: Arena, ends: Ensemble, folder: Path, progress: bool | None) -> Summary:
    """Classify, certify, tabulate and draw; return the summary."""
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


# ---------------------------------------------------------------------- what end points are


def classify(ends: Ensemble, lane: int, step_size: str) -> str:
    """Return the class of an end point in words, by `hallucert.diagnose`."""
    if ends.status[lane] in (Status.DIVERGED, Status.OUTSIDE):
        return ends.status[lane].label
    try:
        return str(diagnose(ends.objective, ends.x[lane], ends.rho[lane], step_size).kind)
    except DomainError:
        return "undefined"


def certificate_of(arena: Arena, ends: Ensemble, lane: int) -> hc.Certificate | None:
    """Certify where a run stopped; None where there is nothing to certify.

    With squared error, runs that converged near a zero of ``r(x+)``; with cross-entropy, runs that stalled.
    """
    f, x, rho = ends.objective, ends.x[lane], ends.rho[lane]
    if not arena.network.residual_count:
        stalled = ends.shifted_gradient_norm[lane] <= STALLED * ends.gradient_norm[lane]
        return hc.certify_stall(f, x, rho) if stalled else None
    if ends.status[lane] is not Status.CONVERGED:
        return None
    try:
        return hc.certify(hc.find.refine(f, x, rho))
    except SearchError:
        return None


def table_of(arena: Arena, ends: Ensemble, folder: Path, report: Callable[[int], None]) -> list[Row]:
    """Return the records of an ensemble with the class of each end point, and what is proved about it.

    Certificates go into a folder, and ``report(done)`` is called after every run.
    """
    rows, claims = [], claims_of(arena)
    for lane, record in enumerate(ends.records()):
        row = record | {"class": classify(ends, lane, arena.step_size)}
        if claims:
            cert = certificate_of(arena, ends, lane)
            row |= {name: "" if cert is None else str(cert[name].status) for name in claims}
            if cert is not None:
                cert.save(folder / f"{arena.name}-rho{row['rho']}-{row['arm']}-{row['seed']}.json")
        rows.append(row)
        report(lane + 1)
    return rows
