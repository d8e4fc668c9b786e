"""Take a census: all hallucinated stationary points of a box for one ``rho``, on all cores, resumable."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from os import PathLike
from typing import Generic

import numpy as np

from hallucert.arguments import checked_path, checked_real, checked_seconds, checked_whole, quiet
from hallucert.arrays import checked_box
from hallucert.balls import arithmetic, require_round_to_nearest
from hallucert.balls.ball_lanes import LANE_BACKENDS
from hallucert.check.census.census import Census, taken_out_of
from hallucert.check.census.file import critical_from_json, point_from_json
from hallucert.check.census.records import FARTHEST, LARGEST, SMALLEST, TOLERANCES, Open, Problem
from hallucert.check.publishing import provenance
from hallucert.check.units import box_units
from hallucert.clock import UNLIMITED, Clock, Progress, working
from hallucert.errors import require
from hallucert.exact import Exact, exact_radius
from hallucert.files import Checkpoint
from hallucert.objectives.doors import checked_formula, require_sam
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw
from hallucert.processes import checked_workers, in_order, jobs_of
from hallucert.prove.census import critical, sphere
from hallucert.prove.census.results import P, TaskResult, checkpoint_of, result_from_json, result_to_json

MAX_BOXES = 4_000_000
TOLERANCE = 2.0**-22


@quiet
def census(
    f: Objective,
    box: object,
    rho: Exact,
    *,
    max_boxes: int = MAX_BOXES,
    budget: float = math.inf,
    workers: int | None = None,
    checkpoint: str | PathLike[str] | None = None,
    progress: Progress = None,
    tolerance: float = TOLERANCE,
    backend: str = "float",
    variant: str | RadiusLaw = "sam",
) -> Census:
    """Find all hallucinated stationary points of `f` in a box, with a proof that there are no others.

    Parameters
    ----------
    f : Objective
        A function of 1 to 4 variables, given as a formula or as residuals.
    box : (d, 2) array-like
        Rows ``(low, high)`` of numbers that are doubles exactly; others are refused, not rounded.
    rho : exact positive number
        The radius.
    max_boxes : int
        Budget of boxes for each of the two steps, shared equally between its tasks. What a spent budget leaves is in
        `Census.pending`.
    budget : float
        Budget of time. A census that it cut short can be continued if it has a `checkpoint`.
    workers : int, optional
        At most so many processes, -1 for all cores; they start as soon as they seem to save more time than that
        takes. By default what a surrounding ``joblib.parallel_config`` says (any backend of joblib, such as
        ``"dask"``), otherwise all cores. The answer is the same for every number.
    checkpoint : path, optional
        File in which finished tasks are kept; if it is there, they are not done again. It is believed: unlike a saved
        census it holds no proofs.
    progress : bool or callable
        Show how far it is: by default on a terminal, after a second. A function gets the name of the step, tasks done,
        and tasks all told.
    tolerance : float
        Boxes of this width, relative to the largest side of `box`, are not split any more.
    backend : {"float", "arb", "mpmath"}
        Arithmetic of the search: intervals of doubles, or one of the ball arithmetics throughout. Doubles give
        points to 12 digits and numbers to 9, at least; where they cannot, Arb does.
    variant : {"sam"}
        The ascent step: a census sweeps spheres, which other ascent steps do not have.

    Returns
    -------
    Census
        The points, the excluded neighbourhoods, and what is pending.

    Raises
    ------
    ArgumentError
        For a function of another dimension or not given as a formula, and for malformed arguments.
    NotAnalyticError
        If the objective is float-only.
    CheckpointError
        If the checkpoint cannot be read or written, or belongs to another census.

    Examples
    --------
    >>> import hallucert as hc
    >>> f = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    >>> found = hc.census(f, [(-2, 2), (-2, 2)], "1.5")
    >>> found.complete, found.counts()["minimizer"]
    (True, {'attractor': 2})
    """
    require_round_to_nearest()
    require_sam(
        variant,
        'a census sweeps spheres; for USAM find.on_sphere(..., variant="usam") searches for points, and '
        'safe_radius(..., variant="usam") proves that there are none',
    )
    problem = checked_problem(f, box, rho, tolerance, backend)
    max_boxes, budget = checked_whole(max_boxes, 1, "max_boxes"), checked_seconds(budget, "budget")
    jobs, worth = jobs_of(checked_workers(workers))
    path = None if checkpoint is None else checked_path(checkpoint, "checkpoint")
    kept = checkpoint_of(path, problem, max_boxes)
    with working(budget, progress) as clock:
        return take(problem, max_boxes, Workers(jobs, worth, kept, clock))


def checked_problem(f: object, box: object, rho: Exact, tolerance: float, backend: str) -> Problem:
    """Return the problem after checking every argument."""
    f = checked_formula(f, 1, 4)
    region = checked_box(box, f.dimension, rounded=False)
    radius = exact_radius(rho)
    require(SMALLEST <= radius <= LARGEST, "rho", rho, "be between 2**-500 and 2**500")
    farthest = Fraction(float(np.abs(region).max()))
    require(farthest <= min(Fraction(LARGEST), FARTHEST * radius), "box", box, "lie within 2**500 and 2**400 rho of 0")
    must = "be between 2**-40 and 0.1"
    tolerance = checked_real(tolerance, "tolerance", must, lambda number: TOLERANCES[0] <= number <= TOLERANCES[1])
    require(isinstance(backend, str) and backend in LANE_BACKENDS, "backend", backend, 'be "float", "arb" or "mpmath"')
    return Problem(f, radius, region, tolerance, backend)


def _do(run: Callable[[Clock], TaskResult[P]], finish: float) -> TaskResult[P]:
    """Do one task, wherever that is; `finish` is a wall-clock time, which other processes know too."""
    require_round_to_nearest()
    return run(Clock(finish - time.time()))


@dataclass(frozen=True)
class Task(Generic[P]):
    """A part of a step of a census: its name, what does it, and what reads a point of a result that was kept."""

    name: str
    run: Callable[[Clock], TaskResult[P]]
    point_from_json: Callable[[object, str], P]


@dataclass(frozen=True)
class Workers:
    """Do tasks, in so many processes as soon as they are worth it, and keep the results."""

    jobs: int | None
    worth: float
    kept: Checkpoint
    clock: Clock

    def results(self, tasks: Sequence[Task[P]], dimension: int) -> list[TaskResult[P]]:
        """Do the tasks that are not done yet; return all results in order."""
        kept, finish = self.kept, time.time() + self.clock.left()
        results = {
            task.name: result_from_json(kept, task.name, dimension, task.point_from_json)
            for task in tasks
            if task.name in kept.entries
        }
        todo = [task for task in tasks if task.name not in results]
        if todo:
            kept.require_place()
        step = tasks[0].name.split()[0] if tasks else ""
        self.clock.tell(step, len(results), len(tasks))
        done = in_order([partial(_do, task.run, finish) for task in todo], self.jobs, self.worth)
        for task, result in zip(todo, done, strict=True):
            results[task.name] = result
            # What the clock cut short is done again by the next run.
            if kept.path is not None and not (result.pending and time.time() >= finish):
                kept.add(task.name, result_to_json(result))
            self.clock.tell(step, len(results), len(tasks))
        return [results[task.name] for task in tasks]


def take(whole: Problem, max_boxes: int, workers: Workers | None = None) -> Census:
    """Take the census, by default in this process.

    The tasks, and what each of them does, depend on the problem and on `max_boxes` alone, and their results are put
    together in a fixed order: whoever runs them, the census is the same. Each of the two steps may look at `max_boxes`
    boxes, shared equally between its tasks.
    """
    workers = workers or Workers(1, 0.0, checkpoint_of(None, whole, max_boxes), UNLIMITED)
    began, d = time.monotonic(), whole.f.dimension
    units = box_units(whole.f, whole.region, whole.rho)
    problem = units.problem(whole)
    numbers = critical.tasks(problem)
    share = max(max_boxes // len(numbers), 1)
    read, runs = partial(critical_from_json, d), {n: partial(critical.run, problem, n, share) for n in numbers}
    first = workers.results([Task(f"critical {n}", run, read) for n, run in runs.items()], d)
    targets, places = critical.merged(problem, first)
    starts = sphere.tasks(problem, len(targets))
    share = max(max_boxes // max(len(starts), 1), 1)
    reads = partial(point_from_json, d, len(targets))
    sweeps = {start: partial(sphere.run, problem, targets, start, share) for start in starts}
    second = workers.results([Task(f"sphere {start}", sweep, reads) for start, sweep in sweeps.items()], d)
    points, more = sphere.merged(problem, targets, second, workers.clock)
    ar = arithmetic(problem.exact_backend, problem.precision)
    open_places = places + more
    found = Census(
        problem,
        tuple(targets),
        tuple(points),
        tuple(place for place in open_places if place.reason is Open.CRITICAL_POINT),
        tuple(place for place in open_places if place.reason is not Open.CRITICAL_POINT),
        sum(result.spent for result in first) + sum(result.spent for result in second),
        time.monotonic() - began,
        provenance(ar),
    )
    return taken_out_of(units, found, whole)
