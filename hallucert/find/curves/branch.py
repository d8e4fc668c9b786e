"""Branches of hallucinated points with rho free, followed in floats: ``g = lambda (c - x)`` and ``|x - c| = rho``."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from hallucert.arguments import quiet
from hallucert.clock import Progress, working
from hallucert.errors import require
from hallucert.exact import Exact
from hallucert.find.candidate import Candidate
from hallucert.find.curves.continuation import DEFAULT_EVENTS, checked_options
from hallucert.find.curves.records import Branch, BranchEvent
from hallucert.find.curves.tracing import (
    branch_ends,
    branch_units,
    of_target,
    outside,
    passages,
    start_units,
    switched,
    through,
)
from hallucert.find.domain import checked_box, checked_point, checked_radius, require_defined
from hallucert.find.rescaled import in_units
from hallucert.objectives.doors import checked_objective, require_sam
from hallucert.objectives.objective import Objective
from hallucert.objectives.radius_law import RadiusLaw


@quiet
def branch(
    f: Objective,
    start: object,
    target: object = None,
    *,
    box: object = None,
    rho_max: Exact | None = None,
    rho_min: Exact | None = None,
    ds: float | None = None,
    ds_min: float | None = None,
    ds_max: float | None = None,
    max_steps: int = 2000,
    events: Iterable[str] = DEFAULT_EVENTS,
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> Branch:
    """Follow the branch of hallucinated points through `start`, by pseudo-arclength continuation.

    The points solve ``g(x) = lambda (c - x)`` with ``lambda > 0``: ``x`` is hallucinated, with target ``c``, for the
    radius ``rho = |x - c|``. From a critical point other than ``c`` one branch starts, at ``lambda = 0`` (Proposition
    4.5); from a hallucinated point it is followed in both directions. Folds in rho are no obstacle. The branch ends at
    the edge of the domain of `f`, at a pole close to it, with steps that grow with ``lambda``.

    Parameters
    ----------
    f : Objective
        The function.
    start : (d,) array-like or Candidate
        A critical point of `f` (nondegenerate, not the target), a hallucinated point of this target for some radius,
        or a candidate. A point of USAM lies on the branch of SAM, at the radius ``|x - c|``, so its candidate will do,
        but not one of ASAM.
    target : (d,) array-like
        ``c``, near a critical point of `f`. Left out if `start` is a candidate.
    box : (d, 2) array-like, optional
        The branch ends where ``x`` leaves it.
    rho_max, rho_min : exact positive number, optional
        The branch ends where rho grows or falls through it; `rho_min` is by default 1e-3 of the distance of `start`, at
        the target.
    ds, ds_min, ds_max : float, optional
        First, shortest and longest step, in arclength of ``(x, lambda/scale)``; by default 0.02, 1e-9 and 0.1 of the
        distance from `start` to the target.
    max_steps : int
        Most steps in one direction.
    events : iterable of str
        Which of ``"fold"``, ``"branch point"``, ``"stability change"`` to detect and locate. Ends are always listed.
    variant : {"sam"}
        Radii and stability along the branch are those of SAM; the points of USAM are the same curve.
    progress : bool or callable, optional
        Show how far it is: by default on a terminal, after a second. A function gets the step, how much is done, and of
        how much (None if that is not known).

    Returns
    -------
    Branch
        The points and events; `hallucert.certify` proves what can be proved about it.

    Raises
    ------
    ArgumentError
        If an argument is not as above, or the start lies outside of the domain, the box or the limits of rho.
    SearchError
        If `start` or the target is a degenerate critical point.

    Examples
    --------
    >>> f = Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
    >>> curve = branch(f, (0, 0), (1, 1), rho_max=2.5)
    >>> [(str(e.type), round(e.rho, 6)) for e in curve.events]
    [('end', 1.414214), ('branch point', 2.12132), ('end', 2.5)]
    """
    checked_objective(f)
    require_sam(
        variant, "radii and stability of a branch are SAM's; the points of USAM are the same curve with rho = 1/lambda"
    )
    x, near = branch_ends(f, start, target)
    lengths = {"rho_max": rho_max, "rho_min": rho_min, "ds": ds, "ds_min": ds_min, "ds_max": ds_max}
    options = checked_options(f, box, lengths, max_steps, events)
    units = start_units(f, x, near)
    with working(progress=progress) as clock, clock.watched():
        return outside(units, through(units, units.inside(x), units.inside(near), options.inside(units)))


@quiet
def switch_branch(
    branch: Branch,
    event: BranchEvent,
    *,
    box: object = None,
    rho_max: Exact | None = None,
    rho_min: Exact | None = None,
    ds: float | None = None,
    ds_min: float | None = None,
    ds_max: float | None = None,
    max_steps: int = 2000,
    events: Iterable[str] = DEFAULT_EVENTS,
) -> list[Branch]:
    """Follow the two halves of the branch that crosses `branch` at one of its branch points.

    Parameters
    ----------
    branch : Branch
        A branch.
    event : BranchEvent
        One of ``branch.branch_points``.
    box, rho_max, rho_min, ds, ds_min, ds_max, max_steps, events
        As for `branch`.

    Returns
    -------
    list of Branch
        Two half-branches, each starting at the branch point; fewer where no step from it succeeds.

    Raises
    ------
    ArgumentError
        If `event` is not a branch point of `branch`, or another argument is not as for `branch`.
    SearchError
        If no other curve crosses transversally there.
    """
    require(isinstance(branch, Branch), "branch", branch, "be a Branch")
    require(any(event is own for own in branch.branch_points), "event", event, "be one of branch.branch_points")
    lengths = {"rho_max": rho_max, "rho_min": rho_min, "ds": ds, "ds_min": ds_min, "ds_max": ds_max}
    options = checked_options(branch.objective, box, lengths, max_steps, events)
    units = branch_units(branch, event.rho)
    halves = switched(units.result_inside(branch), event.index, options.inside(units))
    return [outside(units, half) for half in halves]


@quiet
def branches(
    f: Objective,
    target: object,
    box: object,
    rho_max: Exact | None = None,
    *,
    rho_min: Exact | None = None,
    ds: float | None = None,
    ds_min: float | None = None,
    ds_max: float | None = None,
    max_steps: int = 2000,
    events: Iterable[str] = DEFAULT_EVENTS,
    seed: int = 0,
    variant: str | RadiusLaw = "sam",
    progress: Progress = None,
) -> list[Branch]:
    """Follow every branch of a target from the other critical points in a box, and those that cross them.

    By Proposition 4.5 each nondegenerate critical point other than the target starts one branch. A branch that joins
    two of them is listed once. Branches that neither reach a critical point nor cross such a branch (closed curves,
    for example) are not found.

    Parameters
    ----------
    f : Objective
        The function.
    target : (d,) array-like
        The target, a critical point.
    box : (d, 2) array-like
        Where critical points are sought, and where branches end.
    rho_max : exact positive number, optional
        A branch ends where rho grows through it. Of one that starts at a critical point farther away the first piece
        within is listed; so for `rho_min`.
    seed : int
        Seed of the search for critical points.
    rho_min, ds, ds_min, ds_max, max_steps, events, variant, progress
        As for `hallucert.find.branch`.

    Returns
    -------
    list of Branch
        First those from critical points, ordered by the values there, then the crossing ones.

    Raises
    ------
    ArgumentError
        If an argument is not as above.
    SearchError
        If the target is degenerate.
    """
    checked_objective(f)
    require_sam(
        variant, "radii and stability of branches are SAM's; the points of USAM are the same curves with rho = 1/lambda"
    )
    limits = checked_box(box, f.dimension)
    near = checked_point(target, f.dimension, "target")
    lengths = {"rho_max": rho_max, "rho_min": rho_min, "ds": ds, "ds_min": ds_min, "ds_max": ds_max}
    options = checked_options(f, limits, lengths, max_steps, events)
    require_defined(f, near, "target")
    units = in_units(f, limits.mean(axis=1), float(np.linalg.norm(limits[:, 1] - limits[:, 0])))
    with working(progress=progress) as clock, clock.watched():
        return [outside(units, found) for found in of_target(units, units.inside(near), seed, options.inside(units))]


@quiet
def on_branch(branch: Branch, rho: Exact) -> list[Candidate]:
    """Return the points of a branch whose radius is `rho`, in order along it.

    Parameters
    ----------
    branch : Branch
        A branch; its folds must be among its points, as `hallucert.find.branch` leaves them.
    rho : exact positive number
        The radius.

    Returns
    -------
    list of Candidate
        One for each passage through `rho`; empty if the branch does not reach it. Ends at critical points are not
        hallucinated and do not count.

    Raises
    ------
    ArgumentError
        If an argument is not as above.

    Examples
    --------
    >>> from hallucert.find import branch
    >>> from hallucert.objectives.objective import Objective
    >>> f = Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
    >>> [c.x.round(9) + 0.0 for c in on_branch(branch(f, (0, 1), (1, 1)), "1.5")]
    [array([-0.5,  1. ])]
    """
    require(isinstance(branch, Branch), "branch", branch, "be a Branch")
    radius = checked_radius(rho)
    units = branch_units(branch, float(radius))
    found = passages(units.result_inside(branch), units.radius(radius))
    return [units.result_outside(candidate, rho=radius) for candidate in found]
