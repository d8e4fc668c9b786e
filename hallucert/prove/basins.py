"""Prove which starts in a box of the plane converge to which attractors of SAM with a fixed step.

Runs in floats find the attractors, `certify` proves them with their basins, a search in floats
(`hallucert.find.basins`) proposes cells and how long each is followed, and intervals of doubles prove what is proposed
(`hallucert.check.basins.graph`), on all cores. A trap is sought around runs that end in no attractor, and
among the cells that the search leaves open: it goes on with one, where all attractors are as good.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from os import PathLike

import numpy as np

from hallucert import __version__
from hallucert.arguments import checked_items, checked_path, checked_real, checked_seconds, checked_whole, quiet
from hallucert.arrays import checked_box
from hallucert.balls import arithmetic, require_round_to_nearest
from hallucert.balls.ball_lanes import LaneArithmetic, lane_arithmetic
from hallucert.check.basins.attractor import Ellipse, Region, regions_of
from hallucert.check.basins.certificate import Basins
from hallucert.check.basins.draw import MOST
from hallucert.check.basins.graph import FIRST, Edges, Flow
from hallucert.check.basins.partition import NAMES, RANGE, Partition, from_text, to_text
from hallucert.check.basins.trap import Trap
from hallucert.check.basins.zeros import Zeros
from hallucert.check.file.verify import MAX_BOXES, verify
from hallucert.check.point.certificate import Certificate
from hallucert.check.problem import Problem
from hallucert.check.publishing import provenance
from hallucert.clock import Clock, Progress, working
from hallucert.errors import ArgumentError, CertificateError, require
from hallucert.exact import Exact, exact_radius
from hallucert.files import Checkpoint
from hallucert.find.basins.search import Search, share_of
from hallucert.find.basins.search import ellipses_of as rows_of
from hallucert.interrupt import ended_by_interrupt, in_time
from hallucert.objectives.doors import checked_formula
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.processes import checked_workers, cores, jobs_of
from hallucert.prove.attraction.attractors import COARSE, beside_curves, found_by_runs, other_cells
from hallucert.prove.attraction.draws import followed
from hallucert.prove.attraction.traps import among_open, around_ends
from hallucert.sam.runs import run_ensemble

BUDGET = 600.0
DEPTH = 12
"""The level down to which cells are split: sides of 1/4096 of the box."""
DEEPEST = 16
FAR = Fraction(10**100)
"""Of radius and step: squares of doubles are far from overflow."""
LONGEST = 4000
"""Steps of one tube."""
SEARCHING, TRAPPING = 0.5, 0.25
"""Of the time, for the search, and of what is left for that with traps: the rest is for the proof of what was found."""
LEAST = 2.0**-8
"""Of the box: a trap that leads to less is the last one."""
KEEPING = 60.0
"""Seconds of the search after which its checkpoint is written again."""
_PRECISION = 106


@quiet
def basins(
    f: Objective,
    box: object,
    rho: Exact,
    step_size: Exact,
    *,
    attractors: Sequence[Certificate] | None = None,
    goal: float = 0.97,
    depth: int = DEPTH,
    budget: float = BUDGET,
    workers: int | None = None,
    checkpoint: str | PathLike[str] | None = None,
    seed: int = 0,
    draws: int = 0,
    progress: Progress = None,
) -> Basins:
    """Divide a box of the plane into cells from which SAM provably converges, leaves the box, or is trapped.

    Parameters
    ----------
    f : Objective
        A function of two variables, given as a formula.
    box : (2, 2) array-like
        Rows ``(low, high)`` of numbers that are doubles exactly.
    rho, step_size : exact positive numbers
        Radius, and step of plain SAM.
    attractors : sequence of Certificate, optional
        Points with the claim ``basin`` for the step or a larger one, and two-cycles of the step, which are proved
        again. By default the ends of 200 runs from random starts are certified; an attractor that none of them found
        has no basin here, and its starts stay undecided.
    goal : float
        The search ends when it has settled this part of the box; below it traps are sought.
    depth : int
        Cells are halved in both directions at most so often, up to 16 times.
    budget : float
        Seconds; half of them are for the search, an eighth for traps, the rest for the proof. What is not decided by
        then stays so. Compiling, some seconds the first time on a machine, does not count.
    workers : int, optional
        Threads that search and processes that prove, as for `hallucert.census`. The search finds the same with each.
    checkpoint : path, optional
        File in which what the search has found is kept, about every minute and at its end; if it is there, the search
        goes on from it. What is in it is proved again.
    seed : int
        Of the random starts, and of draws.
    draws : int
        So many cells, with 2**-44 of the sides of the box, are drawn at random from what is not decided, and each is
        followed with proof. If n do one thing, a part of what is not decided does it that is hardly less than n of all
        (claims ``drawn_share``).
    progress : bool or callable, optional
        As for `hallucert.census`.

    Returns
    -------
    Basins
        What was proved when the goal was reached, nothing could be split, or the time was up. The first Ctrl-C is the
        end of the search, whose result is then proved, the next one that of the proof. If less than the goal is
        settled, traps are sought in what is open: cells where runs stay for ever or do one of several things.

    Raises
    ------
    ArgumentError
        For a function that is no formula of two variables, for malformed arguments, and for attractors of another
        problem or without a basin.
    NotAnalyticError
        If the objective is float-only.
    CheckpointError
        If the checkpoint cannot be read or written, or belongs to other basins.

    Examples
    --------
    >>> import hallucert as hc
    >>> f = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 2")
    >>> found = hc.basins(f, [(-0.75, -0.25), (-0.25, 0.25)], "1.5", "0.1")
    >>> len(found), found.hallucinated > Fraction("0.9")
    (1, True)
    """
    require_round_to_nearest()
    f = checked_formula(f, 2, 2)
    region = checked_box(box, 2, rounded=False)
    if not all(high - low >= 1 / RANGE and max(abs(low), abs(high)) <= RANGE for low, high in region):
        raise ArgumentError("box", box, "have sides of at least 2**-100, within 2**100 of 0")
    radius, step = exact_radius(rho), exact_radius(step_size, "step_size")
    for name, number in (("rho", radius), ("step_size", step)):
        require(1 / FAR <= number <= FAR, name, f"<{name}>", "lie between 1e-100 and 1e100")
    goal = checked_real(goal, "goal", "be a number from 0 to 1", lambda number: 0 <= number <= 1)
    depth, seconds = checked_whole(depth, 1, "depth"), checked_seconds(budget, "budget")
    require(depth <= DEEPEST, "depth", depth, f"be at most {DEEPEST}")
    jobs, worth = jobs_of(checked_workers(workers))
    drawn, seed = checked_whole(draws, 0, "draws", MOST), checked_whole(seed, 0, "seed")
    path = None if checkpoint is None else checked_path(checkpoint, "checkpoint")
    problem = Problem(f, radius)
    with working(seconds, progress) as clock:
        began = clock.now()
        clock.tell("kernels compiled", 0)
        _search(problem, step, region, (), 1, (), 1).compile()
        if attractors is None:
            run_ensemble(f, region.T[:1], radius, step, 1, progress=False)
        clock.end += clock.now() - began
        if attractors is None:
            found, ends = found_by_runs(problem, step, region, seed, clock)
        else:
            given = checked_items(attractors, "attractors", "be certificates of points or two-cycles")
            found, ends = [(point, _checked(point, problem, step)) for point in given], np.zeros((0, 2))
        points, regions = [point for point, _ in found], [own for _, own in found]
        require(len(points) <= len(NAMES), "attractors", f"<{len(points)} points>", f"be at most {len(NAMES)}")
        first, room = FIRST + len(points), (len(NAMES) - len(points)) // 2
        core = around_ends(problem, step, region, regions, ends[: len(ends) * (room > 0)], depth)
        traps = [Trap(first, ())] * (len(core) > 0)
        kept = _checkpoint(path, problem, step, region, points, core, depth)
        kept.require_place()
        threads = cores(jobs)
        search = _search(problem, step, region, regions, depth, traps, threads)
        goals = [k for k, own in enumerate(regions, FIRST) if isinstance(own[0], Zeros)]
        if _KEPT in kept.entries:
            search.resume(*_resumed(kept, depth), [*goals, first + 1])
        elif traps:
            search.resume(*_beside(_rows(core, first), depth), [*goals, first + 1])
        elif goals:
            search.resume(*beside_curves(regions, region, depth), goals)
        on = _run(search, clock.part(SEARCHING), goal, clock, kept)
        proof = _proof(_flow(search, problem, step, regions, traps), None, jobs, worth, clock)
        last, part = -1.0, clock.part(TRAPPING)
        while on and not clock.passed() and last + LEAST < (share := _share(proof)) < goal and len(traps) < room:
            last, search = share, _only_proved(search, proof)
            core, others = among_open(problem, step, search, regions, depth)
            if not len(core) and len(points) + len(traps) < 2:
                break  # it would be nothing new
            trap = Trap(first + 2 * len(traps), tuple(range(FIRST, first + 2 * len(traps))))
            rows = np.concatenate([search.settled, _rows(core, trap.core)])
            search = _search(problem, step, region, regions, depth, [*traps, trap], threads)
            search.resume(rows, others, [trap.labels[1]])
            on = _run(search, part, goal, clock) and not part.passed()
            more = _proof(_flow(search, problem, step, regions, [*traps, trap]), proof, jobs, worth, clock)
            if not np.isin(more.labels, trap.labels).any():
                break
            traps, proof = [*traps, trap], more
        if traps and not np.isin(proof.labels, traps[-1].labels).any():  # the only one
            traps = []
        ar, labels = arithmetic("arb", _PRECISION), proof.labels
        steps = np.where(labels > 0, proof.steps, 0)
        result = Basins(problem, step, proof.partition, labels, steps, tuple(points), provenance(ar), tuple(traps))
        if drawn:
            flow = replace(proof, traps=traps)
            result = replace(result, draw=followed(flow, result.single, seed, drawn, jobs, worth, clock))
    return result


def _rows(core: np.ndarray, label: int) -> np.ndarray:
    """Return the cells of a core as rows of a search."""
    return np.insert(core, 3, label, axis=1)


def _beside(settled: np.ndarray, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of a search, and the other cells."""
    return settled, other_cells(settled[:, :3], min(COARSE, depth))


def _checked(point: Certificate, problem: Problem, step: Fraction) -> tuple[Region, ...]:
    """Return the regions of an attractor that the user gives."""
    regions = regions_of(point, problem, step) if isinstance(point, Certificate) else ()
    require(regions, "attractors", point, "be certificates of this problem with a basin for the step")
    # a certificate may come from a file
    require(verify(point, None, MAX_BOXES, Clock()), "attractors", point, "be certificates that are proved again")
    return regions


def _search(
    problem: Problem,
    step: Fraction,
    region: np.ndarray,
    regions: Sequence[tuple[Region, ...]],
    depth: int,
    traps: Sequence[Trap],
    threads: int,
) -> Search:
    """Return the search, which sees ellipses a little smaller than they are, and what a trap leans on as the trap."""
    labelled = [(e, k) for k, own in enumerate(regions, FIRST) for e in own if isinstance(e, Ellipse)]
    rows = [[*e.centre, *e.back.ravel(), (e.radius * (1 - 2.0**-20)) ** 2, k] for e, k in labelled]
    f = problem.objective
    assert isinstance(f, FormulaObjective)
    alike = np.arange(256)
    for trap in traps:
        alike[[trap.core, *trap.others]] = trap.labels[1]
    rho, eta = float(problem.rho), float(step)
    return Search(f, region, rho, eta, rows_of(rows), depth, depth, LONGEST, alike, threads=threads)


def _run(search: Search, part: Clock, goal: float, clock: Clock, kept: Checkpoint | None = None) -> bool:
    """Search, until the goal, the end of a part of the time, or Ctrl-C; keep now and then what is proposed.

    Return whether it was not ended by Ctrl-C, nor by the end of all time.
    """
    last, end = clock.now(), part.end

    def tell(share: float) -> None:
        nonlocal last
        clock.tell("parts of 10000", round(10_000 * share), 10_000)
        if kept is not None and clock.now() - last >= KEEPING:
            _keep(kept, search)
            last = clock.now()

    with ended_by_interrupt(part):
        search.run(goal, part.passed, tell)
    if kept is not None:
        _keep(kept, search)
    return part.end == end and not clock.passed()


def _leaves(search: Search) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all cells of a search, with labels and steps."""
    settled, rest = search.settled, search.unsettled
    labels, steps = (np.concatenate([settled[:, k], np.zeros(len(rest), np.int64)]) for k in (3, 4))
    return np.concatenate([settled[:, :3], rest]), labels, steps


def _carried(before: Flow, flow: Flow) -> Edges:
    """Return what is proved of cells that are in another flow, too, as it was: it leans on nothing that is open."""
    old, none = np.flatnonzero(before.labels), np.zeros(0, np.int64)
    new = flow.partition.at(before.partition.cells[old])
    rows = [np.column_stack([each.partition.cells, each.labels, each.steps]) for each in (before, flow)]
    return Edges(new[(rows[0][old] == rows[1][new]).all(axis=1)], none, none)


def _flow(
    search: Search, problem: Problem, step: Fraction, regions: Sequence[tuple[Region, ...]], traps: Sequence[Trap]
) -> Flow:
    """Return what a search proposes."""
    cells, labels, steps = _leaves(search)
    return Flow(problem, step, Partition(search.box, cells), labels, steps, regions, traps)


def _proof(flow: Flow, before: Flow | None, jobs: int | None, worth: float, clock: Clock) -> Flow:
    """Return a flow with the labels of what is proved, as much as can be looked at in time, and was proved before."""
    found = [] if before is None else [_carried(before, flow)]
    found += in_time(flow.tasks(_lanes, found), "proved", jobs, worth, clock)
    return replace(flow, labels=np.where(flow.settled(found), flow.labels, 0))


def _share(proof: Flow) -> float:
    """Return the part of the box that is proved."""
    return share_of(proof.partition.cells[proof.labels > 0])


def _only_proved(search: Search, proof: Flow) -> Search:
    """Return a search for which settled is what is proved."""
    cells, labels, steps = proof.partition.cells, proof.labels, proof.steps
    done = labels > 0
    search.resume(np.column_stack([cells, labels, steps])[done], cells[~done], np.flatnonzero(search.goals).tolist())
    return search


def _lanes() -> LaneArithmetic:
    return lane_arithmetic("float")


# ---------------------------------------------------------------------- checkpoints

_KEPT = "cells"


def _checkpoint(
    path: object,
    problem: Problem,
    step: Fraction,
    region: np.ndarray,
    points: Sequence[Certificate],
    core: np.ndarray,
    depth: int,
) -> Checkpoint:
    """Return the checkpoint of basins, which depend on their attractors, and on a trap around the ends of runs."""
    from hallucert.check.file.save import to_json

    settings = [problem.objective.to_json(), str(problem.rho), str(step), region.tolist(), depth, __version__]
    text = json.dumps([settings, [to_json(point) for point in points], core.tolist()], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Checkpoint(path, digest, "basins", "function, box, rho, step, depth or attractors")  # type: ignore[arg-type]


def _keep(kept: Checkpoint, search: Search) -> None:
    """Keep what a search has settled, and the other leaves, if there is a file for it."""
    if kept.path is None:
        return
    cells, labels, steps = _leaves(search)
    text, order = to_text(cells, labels)
    kept.add(_KEPT, {"cells": text, "steps": steps[order].tolist()})


def _resumed(kept: Checkpoint, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what was settled and what was not; the steps are of all cells."""
    try:
        entry = kept.entries[_KEPT]
        cells, labels = from_text(entry["cells"])  # type: ignore[index]
        steps = np.array(entry["steps"], np.int64)  # type: ignore[index]
        if steps.shape != labels.shape or cells[:, 0].max() > depth or np.abs(steps).max() > LONGEST:
            raise CertificateError(_KEPT, "must fit the search")
    except (CertificateError, ValueError, TypeError, KeyError, OverflowError) as error:
        kept.refuse(str(error))
    done = labels > 0
    return np.column_stack([cells, labels, steps])[done], cells[~done]
