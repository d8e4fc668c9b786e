"""Complete diagrams: all hallucinated points of one target in a box, for every radius at once."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert import __version__
from hallucert.arguments import checked_seconds, checked_whole, quiet
from hallucert.arrays import exact_box
from hallucert.balls import arithmetic, require_round_to_nearest
from hallucert.balls.facade import BallArithmetic
from hallucert.check.branch.certificate import DiagramCertificate
from hallucert.check.branch.chain import Chain, Objection
from hallucert.check.branch.claims import COMPLETENESS, THEOREMS, Branches, measured_claims
from hallucert.check.branch.region import MAX_DIMENSION, Swept, completeness, sweep
from hallucert.check.branch.system import BranchSystem, proved_target
from hallucert.check.claim import Enclosure, Provenance, sizes_of
from hallucert.check.file.fields import MAX_NUMBER_BITS
from hallucert.check.reason import Reason
from hallucert.check.subdivision import Box, middle_of
from hallucert.clock import Clock, OutOfTime, Progress, working
from hallucert.errors import ArgumentError, HallucertError
from hallucert.find.curves.branch import branch, branches
from hallucert.find.curves.records import Branch
from hallucert.find.domain import LARGEST, checked_point
from hallucert.find.newton import polished_critical_point
from hallucert.find.refine import refine
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective, checked_objective
from hallucert.prove.branch.certify import PRECISION, certify_branch
from hallucert.prove.branch.proposal import propose_target

MAX_BOXES = 200_000
ROOM = Fraction(1, 8)
"""Branches are followed in a box that is larger than the given one by this part of its sides."""

BRANCHES = 0.45
"""Part of the time budget for proofs of branches; they are proved once more when all of them are known."""

ROUNDS = 6
"""How often branches are sought at places that the search has left over."""


@quiet
def diagram(
    f: Objective,
    target: Any,
    box: Any,
    *,
    backend: str = "arb",
    max_boxes: int = MAX_BOXES,
    budget: float = 300.0,
    seed: int = 0,
    progress: Progress = None,
) -> DiagramCertificate:
    """Prove which points of a box are hallucinated with one target, for all radii: branches, and that these are all.

    The branches from the critical points in and around the box are followed and certified (`hallucert.find.branches`,
    `hallucert.certify`). Then the box is searched, without a radius, for points with ``g(x) = lambda (c - x)`` and
    ``lambda > 0`` outside of all cells of the branches (`hallucert.check.branch.region`). Where some may be, branches
    are sought that were missed, and so on.

    Parameters
    ----------
    f : Objective
        A formula in 2 or 3 variables.
    target : (d,) array-like
        Near a nondegenerate critical point. Only around a minimizer can a diagram be complete: a saddle or a maximizer
        is the target of points arbitrarily near to it.
    box : (d, 2) array-like of exact numbers
        The region of ``x``, ends as ints, fractions, decimal strings or floats.
    backend : {"arb", "mpmath"}
        The arithmetic of the proof.
    max_boxes : int
        Budget of each search.
    budget : float
        Seconds.
    seed : int
        Seed of the search for critical points.
    progress : bool or callable, optional
        As for `hallucert.certify`.

    Returns
    -------
    DiagramCertificate
        The branches with their folds and stability, and the claim ``completeness``; `complete` tells whether it is
        proved. Nothing is proved (all claims are undecided) if the critical point near `target` is degenerate.

    Raises
    ------
    ArgumentError
        If an argument is not as above, `f` is no formula, or `target` is not near a critical point.
    NotAnalyticError
        If `f` can be run in floats only.

    Examples
    --------
    >>> import hallucert as hc
    >>> f = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
    >>> found = hc.diagram(f, (1, 0), [(-2, 2), (-1, 1)])
    >>> found.complete, len(found.chains)
    (True, 1)
    """
    require_round_to_nearest()
    region = _checked(f, box)
    max_boxes = checked_whole(max_boxes, 1, "max_boxes")
    seconds = checked_seconds(budget, "budget")
    size = max(float(high - low) for low, high in region)
    near = polished_critical_point(f, checked_point(target, f.dimension, "target"), size, "target")
    wide = np.array([[float(low - ROOM * (high - low)), float(high + ROOM * (high - low))] for low, high in region])
    with working(seconds, progress) as clock:
        return _proved(f, near, region, wide, arithmetic(backend, PRECISION), max_boxes, seed, clock)


def _proved(
    f: Objective,
    near: np.ndarray,
    region: Box,
    wide: np.ndarray,
    ar: BallArithmetic,
    max_boxes: int,
    seed: int,
    clock: Clock,
) -> DiagramCertificate:
    """Find and prove the branches, and that these are all."""
    provenance = Provenance(__version__, ar.name, ar.version, ar.precision)
    chains: list[Chain] = []
    size = max(high - low for low, high in region)
    with ar:
        place = propose_target(ar, f, [Fraction(v) for v in near.tolist()], sizes_of(size, size).box)
        proved = None if place is None else proved_target(ar, f, place)
    if place is None or proved is None:
        reasons = {"target": Reason.DEGENERATE_TARGET, "branch": Reason.NEEDS_PREMISES}
        open_ = [THEOREMS[name].open(reason) for name, reason in reasons.items()]
        last = COMPLETENESS.open(Reason.NEEDS_PREMISES)
        return DiagramCertificate(f, None, (), (*open_, last), provenance, None, tuple(region))
    found = _found(f, near, wide, seed, clock)
    searching, reserve = clock.part(BRANCHES), 0.0
    for number in range(ROUNDS):
        before, began = len(chains), clock.now()
        for one in found:
            # From the same floats, so that every branch has the target's box of the diagram.
            same = replace(one, target=near)
            chains += certify_branch(same, ar.name, None, searching).chains
        reserve += clock.now() - began  # about what it takes to prove them once more, at the end
        if number > 0 and len(chains) == before:
            # The same places are left, at which the same would be found.
            break
        with ar:
            system = BranchSystem(ar, f, proved.c)
            swept = sweep(system, chains, region, max_boxes, clock.reserving(reserve))
        found = [] if swept.complete else _missed(f, near, wide, swept, clock)
        if not found:
            break
    with ar:
        groups = measured_claims(system, proved, chains, clock=clock)
        sizes = proved.sizes(size)
        about = Branches(f.dimension, tuple(chains), tuple(region))
        proved_groups = [group for group in groups if not isinstance(group, Objection)]
        claims = [one.published(about, ar.precision, sizes) for group in proved_groups for one in group]
        whole = all(not isinstance(group, Objection) for group in groups) and all(claims)
        enclosure = [Enclosure(*ar.endpoints(c)).published(ar.precision, sizes.box) for c in proved.c]
    last = completeness(swept).published(about, ar.precision)
    if not whole:
        last = COMPLETENESS.open(Reason.TIME if clock.passed() else Reason.PRECISION)
    ends = tuple((e.lower, e.upper) for e in enclosure)
    return DiagramCertificate(f, place, tuple(chains), (*claims, last), provenance, ends, tuple(region))


def _found(f: Objective, target: np.ndarray, box: np.ndarray, seed: int, clock: Clock) -> list[Branch]:
    """Seek the branches from critical points; none if there is no time."""
    try:
        with clock.watched():
            return branches(f, target, box, seed=seed)
    except OutOfTime:
        return []


def _missed(f: Objective, target: np.ndarray, box: np.ndarray, swept: Swept, clock: Clock) -> list[Branch]:
    """Seek a branch through one of the places that were left over."""
    for piece in swept.left:
        x = np.array([float(v) for v in middle_of(piece)])
        distance = float(np.linalg.norm(x - target))
        try:
            with clock.watched():
                start = refine(f, x, distance)
                moved, missed = np.linalg.norm(start.x - x), np.linalg.norm(start.target - target)
                if missed <= 1e-6 * distance and moved <= 0.1 * distance:
                    return [branch(f, start, box=box)]
        except OutOfTime:
            return []
        except HallucertError:
            continue
    return []


def _checked(f: object, box: Any) -> Box:
    """Return the exact box after checking the function and it."""
    f = checked_objective(f)
    f.require_rigorous()
    if not isinstance(f, FormulaObjective) or not 2 <= f.dimension <= MAX_DIMENSION:
        must = f"be a formula of 2 to {MAX_DIMENSION} variables"
        raise ArgumentError("f", f"<{type(f).__name__} of {f.dimension} variables>", must)
    region = exact_box(box, f.dimension)
    if any(max(abs(low), abs(high)) > LARGEST for low, high in region):
        raise ArgumentError("box", box, f"have numbers of at most {LARGEST:g} in absolute value")
    if any(
        max(x.numerator.bit_length(), x.denominator.bit_length()) > MAX_NUMBER_BITS for side in region for x in side
    ):
        raise ArgumentError("box", box, f"have numbers of at most {MAX_NUMBER_BITS} bits, as a certificate may")
    return region
