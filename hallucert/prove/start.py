"""From a start to a theorem: a run is followed until a point near its end has a basin in which the run is.

Floats cannot tell where a run ends: where rounding errors grow by more than 53 bits, as they do while steps are at the
edge of stability, the run in exact arithmetic is another one. So the run itself, in balls, proposes the point.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from hallucert.arguments import checked_path
from hallucert.check.claim import Status
from hallucert.check.point.certificate import Certificate
from hallucert.check.problem import Problem
from hallucert.clock import Clock
from hallucert.errors import ArgumentError, require
from hallucert.exact import exact_radius, float_below
from hallucert.objectives.doors import checked_objective, radius_law
from hallucert.objectives.objective import Objective
from hallucert.prove.claims import Given, Hints
from hallucert.prove.point import MAX_BOXES, PointTask, Prover, certify_point
from hallucert.prove.runs import Run
from hallucert.sam import perturbed_point, shifted_gradient

SETTLED, SOONER = 1e-5, 4.0
"""A point is looked for where ``|g(x+)|`` is below the one, and again where it is by the other factor smaller."""


def prover_from_start(f: Objective, given: Given) -> Prover:
    """Return what follows a run from its start to a point that is proved."""
    require("rho" in given, "rho", None, "be given")
    f = checked_objective(f)
    f.require_rigorous()
    problem = Problem(f, exact_radius(given["rho"]), radius_law(given.get("variant", "sam"), f.dimension))
    beside = ("radius", "global_box", "batches", "probabilities", "weight_decay")
    if name := next((name for name in beside if name in given), None):
        raise ArgumentError(name, given[name], "be left out where the run from a start proposes the point")
    path = checked_path(given["checkpoint"], "checkpoint") if "checkpoint" in given else None
    return partial(_follow, problem, Hints.asked(given, f.dimension), path)


def _follow(
    problem: Problem, hints: Hints, path: Any, backend: str, ladder: tuple[int, ...] | None, clock: Clock
) -> Certificate:
    """Return the certificate of the point at which a run arrives; or of the last that was tried, if it does not."""
    assert hints.start is not None and hints.method is not None
    run, last = Run(problem, hints.start, hints.method, backend, path), math.inf
    found: Certificate | None = None
    while True:
        going = clock.kept(run.go_on, False)
        centre = run.last.centre[: problem.objective.dimension]
        x = np.nan_to_num([float_below(v) for v in centre])  # what is beyond doubles, to the largest
        size = float(np.linalg.norm(shifted_gradient(problem.objective, x, problem.rho, variant=problem.law)))
        near = size < SETTLED and size * SOONER < last and not (found and _is_far(found, problem, x))
        if near or not going:
            task = PointTask(problem, centre, None, replace(hints, run=run), MAX_BOXES)
            found, last = certify_point(task, backend, ladder, clock), size
            if not going or found["converges"].status is Status.PROVED:
                return found


def _is_far(found: Certificate, problem: Problem, x: np.ndarray) -> bool:
    """Tell, in floats, whether residuals are too large for a basin like the one of an earlier point."""
    basin = next((claim for claim in found if claim.name == "basin"), None)
    if not basin or "widths" not in basin.inputs:
        return False
    m, sizes = problem.objective.residual_count, [int(n) for n in basin.inputs["blocks"]]
    v, weights, widths = (np.array(basin.inputs[name], float) for name in ("basis", "weights", "widths"))
    y = problem.objective.residual(perturbed_point(problem.objective, x, problem.rho, variant=problem.law))
    w, k = np.linalg.solve(v.reshape(m, m), y), len(sizes)
    norms = np.sqrt(np.add.reduceat(w**2, np.cumsum([0, *sizes[:-1]])))
    return bool((weights[: k * k].reshape(k, k) @ norms > widths[:k]).any())
