"""Complete diagrams: all hallucinated points of one target in a box, for every radius at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from fractions import Fraction
from operator import le
from os import PathLike
from typing import Any

import numpy as np

from hallucert.arguments import checked_seconds, checked_whole, quiet
from hallucert.arrays import exact_box
from hallucert.balls import arithmetic, matrix, require_round_to_nearest
from hallucert.balls.facade import BallArithmetic
from hallucert.check.branch.cell import BranchCell
from hallucert.check.branch.certificate import COMPLETENESS, Branches, DiagramCertificate
from hallucert.check.branch.chain import Chain
from hallucert.check.branch.region import (
    EMPTY,
    HELD,
    MAX_DIMENSION,
    Piece,
    cells_of,
    is_convex,
    is_held,
    settle,
    thickened,
)
from hallucert.check.branch.system import BranchSystem, TargetBox
from hallucert.check.cell import Cell
from hallucert.check.claim import Claim, Inputs, Measured
from hallucert.check.file.cells import MAX_NUMBER_BITS
from hallucert.check.file.unfinished import Unfinished
from hallucert.check.polygons import doubles
from hallucert.check.publishing import provenance, publish
from hallucert.check.reason import Reason
from hallucert.check.subdivision import Box, Criteria, middle_of
from hallucert.clock import UNLIMITED, Clock, OutOfTime, Progress, working
from hallucert.errors import ArgumentError, HallucertError
from hallucert.find.curves.branch import branch, branches
from hallucert.find.curves.records import Branch
from hallucert.find.domain import LARGEST, checked_point
from hallucert.find.newton import polished_critical_point
from hallucert.find.refine import refine
from hallucert.interrupt import ended_by_interrupt
from hallucert.objectives.doors import checked_formula
from hallucert.objectives.objective import Objective
from hallucert.prove.curves.branch import NO_TARGET, PRECISION, Prover
from hallucert.prove.curves.resume import checked_resume, expected, too_short, unfinished
from hallucert.prove.regions import ROOM as LARGER
from hallucert.prove.regions import Cutting

MAX_BOXES = 200_000
ROOM = Fraction(1, 8)  # branches are followed in a box that is larger than the given one by this part of its sides
BRANCHES = 0.75  # part of the time budget for proofs of branches
ROUNDS = 6  # how often branches are sought at places that the search has left over
THICKER = tuple(Fraction(4**k) for k in range(6, -1, -1))  # factors by which tubes grow; the first proved one is taken
SMALLEST = Fraction(1, 2**24)  # pieces below this part of the region's longest side are not split any more
MOST_LEFT = 64  # the search ends when so many smallest pieces are left
NEAR = 4  # cells tried for a piece: those whose axes its middle is nearest to


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
    resume: DiagramCertificate | str | PathLike[str] | None = None,
) -> DiagramCertificate:
    """Prove which points of a box are hallucinated with one target, for all radii: branches, and that these are all.

    The branches from the critical points in and around the box are followed and certified (`hallucert.find.branches`,
    `hallucert.certify`). Then the box is searched, without a radius, for points with ``g(x) = lambda (c - x)`` and
    ``lambda > 0`` outside of all cells of the branches (`hallucert.check.branch.region`). Where some may be, branches
    are sought that were missed, and so on.

    Parameters
    ----------
    f : Objective
        A formula in 1 to 3 variables.
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
    resume : DiagramCertificate or path, optional
        What an earlier call, whose time was up, has proved of the same diagram: its branches are proved again, without
        a search, and the proof goes on. In the process that made it the search of the box goes on where it was, if
        it is around the same branches; behind a file, which holds only what is proved, it begins again.

    Returns
    -------
    DiagramCertificate
        The branches with their folds and stability, and the claim ``completeness``; `complete` tells whether it is
        proved. Nothing is proved (all claims are undecided) if the critical point near `target` is degenerate.

    Raises
    ------
    ArgumentError
        If an argument is not as above, `f` is no formula, or `target` is not near a critical point; if the time is too
        short to prove again what `resume` has.
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
    before = checked_resume(resume, DiagramCertificate, (f, None), "a diagram")
    if before is not None and before.region != tuple(region):
        raise ArgumentError("resume", resume, "be a certificate of this diagram: the same box")
    if before is not None and before.target is not None and not _within(near, before.target):
        raise ArgumentError("resume", resume, "be a certificate of this diagram: the same target")
    chains = [] if before is None else list(before.chains)
    work = None if before is None or before.unfinished is None else before.unfinished.work
    searched = work if isinstance(work, Search) else None
    with working(seconds, progress) as clock, ended_by_interrupt(clock):
        found = _proved(f, near, region, wide, arithmetic(backend, PRECISION), max_boxes, seed, clock, chains, searched)
    if before is not None and found.unfinished is not None and found.cells < before.cells:
        raise too_short(before)
    return found


def _within(near: np.ndarray, target: TargetBox) -> bool:
    """Tell whether a point lies in the box in which a target is the only critical point."""
    away = [abs(Fraction(v) - c) for v, c in zip(near.tolist(), target.centre, strict=True)]
    return all(map(le, away, target.radius))


def _proved(
    f: Objective,
    near: np.ndarray,
    region: Box,
    wide: np.ndarray,
    ar: BallArithmetic,
    max_boxes: int,
    seed: int,
    clock: Clock,
    before: list[Chain],
    searched: Search | None,
) -> DiagramCertificate:
    """Find and prove the branches, some of which were proved `before`, and that these are all.

    A part of the box may be `searched` already.
    """
    size = max(b - a for a, b in region)
    with ar:
        prover = Prover.at(ar, f, [Fraction(v) for v in near.tolist()], size)
        if prover is None:
            last = COMPLETENESS.open(Reason.NEEDS_PREMISES)
            return DiagramCertificate(f, None, (), (*NO_TARGET, last), provenance(ar), None, tuple(region))
        found, searching = _found(f, near, wide, seed, clock), clock.part(BRANCHES)
        left, began = None, clock.now()
        for number in range(ROUNDS):
            count = len(prover.chains)
            for done, one in enumerate(found):
                known = prover.along(one, before)
                before = [chain for chain in before if chain not in known]
                prover.add(one, None, searching, known)
                if left is None and prover.unfinished is not None:
                    way = [0.0, 0.0, done + prover.unfinished.share, float(len(found))]
                    left = unfinished(way, clock.now() - began)
            if number > 0 and len(prover.chains) == count:
                # The same places are left, at which the same would be found.
                break
            with prover.searching.arithmetic:
                swept = sweep(prover.searching, prover.chains, region, max_boxes, clock, searched)
            found = [] if swept.record else _missed(f, near, wide, swept, clock)
            if not found:
                break
        left = left if left is not None else swept.unfinished
        claims, about = prover.claims(region), Branches(f.dimension, tuple(prover.chains), tuple(region))
        if swept.record and prover.searching is not prover.system:
            obstacle = settle(prover.system, prover.chains, region, swept.record, max_boxes)
            swept = replace(swept, obstacle=obstacle)
        last = completeness(swept, about)
    if not all(claims):
        last = COMPLETENESS.open(Reason.TIME if clock.passed() else Reason.PRECISION)
    return DiagramCertificate(
        f,
        prover.place,
        tuple(prover.chains),
        (*claims, last),
        provenance(ar),
        prover.box,
        tuple(region),
        unfinished=left,
    )


@dataclass
class Search:
    """How far the search of a region is, and `about` what: function, target, chains, region and arithmetic.

    `left` are smallest pieces that may hold points, `holders` the cells of pieces that lie in one, and `share` is how
    much of the region has been looked at, in so many `seconds`.
    """

    about: tuple[object, ...]
    cutting: Cutting
    left: list[Box] = field(default_factory=list)
    holders: list[Fraction] = field(default_factory=list)
    share: float = 0.0
    seconds: float = 0.0

    def copy(self) -> Search:
        """Return one that can go on while this stays as it is."""
        return replace(self, cutting=deepcopy(self.cutting), left=list(self.left), holders=list(self.holders))


@dataclass(frozen=True)
class Swept:
    """What a search of a region found: its record, or smallest pieces that were `left`, and why it ended."""

    left: list[Box]
    record: Inputs | None
    obstacle: Reason | None = None
    unfinished: Unfinished | None = None


def completeness(swept: Swept, about: Branches) -> Claim:
    """Return the claim that follows from a search."""
    return publish(Measured(COMPLETENESS, swept.obstacle or {}, swept.record or {}), about, PRECISION)


def sweep(
    system: BranchSystem,
    chains: Sequence[Chain],
    region: Box,
    max_boxes: int,
    clock: Clock = UNLIMITED,
    before: Search | None = None,
) -> Swept:
    """Search a region for hallucinated points of the target that lie in no cell of proved chains.

    At most `max_boxes` pieces are looked at. A search of the same, whose time was up `before`, goes on.
    """
    ar = system.arithmetic
    target = [ar.endpoints(c) for c in system.target]
    about = (system.objective.to_json(), target, list(chains), list(region), ar.name, ar.precision)
    search = before.copy() if before is not None and before.about == about else Search(about, Cutting(region))
    tubes, cutting, left = _Tubes(system, cells_of(chains), search.holders), search.cutting, search.left
    tests = Criteria(
        ar,
        lambda box, x: Piece(system, box, x),
        {**EMPTY, "c": lambda piece: _may_be_convex(piece) and is_convex(piece), HELD: tubes.hold},
    )
    room, smallest = ar.interval(-LARGER, LARGER), SMALLEST * max(high - low for low, high in region)
    began = clock.now() - search.seconds
    for piece, depth in cutting:
        looked, share = len(cutting), search.share
        clock.tell("pieces of the box", looked, expected(0, looked, 0.0, share, 1.0) if share < 1 else looked)
        if len(left) >= MOST_LEFT:
            return Swept(left, None, Reason.PLACES)
        if clock.passed():
            cutting.put_back()
            search.seconds = clock.now() - began
            rest = search.seconds * (1 - share) / share if share else math.inf
            return Swept(left, None, Reason.TIME, Unfinished(share, rest, search))
        if looked == max_boxes:
            return Swept(left, None, Reason.PLACES if left else Reason.BUDGET)
        letter = tests.settling(piece, room)
        if letter is None and max(high - low for low, high in piece) > smallest:
            cutting.halve()
        else:
            search.share += 2.0**-depth
            left += [] if letter else [piece]
            cutting.end(letter or "")
    if left:
        return Swept(left, None, Reason.PLACES)
    thickness = tuple(factor for _, factor in tubes.thick)
    return Swept([], {"subdivision": cutting.subdivision, "holders": tuple(search.holders), "thickness": thickness})


def _may_be_convex(piece: Piece) -> bool:
    """Tell whether the diagonal of ``H`` is positive."""
    ar = piece.arithmetic
    return piece.hessian is not None and all(ar.positive(row[i]) for i, row in enumerate(piece.hessian))


class _Tubes:
    """The cells, as thick as is proved, and a look-up of them in floats, which proposes and proves nothing."""

    def __init__(self, system: BranchSystem, cells: Sequence[Cell], holders: list[Fraction]) -> None:
        self.thick = [_thick(system, cell) for cell in cells]
        self.holders = holders
        self.numbers = [number for number, (proof, _) in enumerate(self.thick) if proof is not None]
        self.proofs = [proof for proof, _ in self.thick if proof is not None]
        cells = [proof.cell for proof in self.proofs]
        inverses = [matrix.float_inverse(doubles(cell.frame)) for cell in cells]
        nothing = [np.full_like(doubles(cell.frame), np.nan) for cell in cells]
        self.inverses = np.array([n if i is None else i for n, i in zip(nothing, inverses, strict=True)])
        self.centres, self.bends, self.spans, self.radii = (
            np.array([doubles(getattr(cell, name)) for cell in cells]) for name in ("centre", "bend", "span", "radius")
        )

    def hold(self, piece: Piece) -> bool:
        """Tell whether one cell certainly holds all ``(x, lambda)`` of a piece with ``lambda > 0``; keep its number."""
        if not self.proofs or piece.multiplier is None:
            return False
        z = np.array([*map(float, middle_of(piece.box)), float(sum(piece.multiplier)) / 2])
        with np.errstate(all="ignore"):
            y = np.einsum("nij,nj->ni", self.inverses, z - self.centres)
            s, w = y[:, 0], y[:, 1:] - self.bends * y[:, :1] ** 2
            depth = np.max(np.abs(w) / self.radii, axis=1)
        depth[(s < self.spans[:, 0]) | (s > self.spans[:, 1])] = np.inf
        for i in np.argsort(depth)[:NEAR].tolist():
            if depth[i] < 1 and is_held(self.proofs[i], piece):
                self.holders.append(Fraction(self.numbers[i]))
                return True
        return False


def _thick(system: BranchSystem, cell: Cell) -> tuple[BranchCell | None, Fraction]:
    """Return the thickest tube around a cell's arc that certainly holds exactly one arc, and its factor."""
    for factor in THICKER:
        proof = thickened(system, cell, factor)
        if proof.proved():
            return proof, factor
    return None, Fraction(0)


def _found(f: Objective, target: np.ndarray, box: np.ndarray, seed: int, clock: Clock) -> list[Branch]:
    """Seek the branches from critical points; none if there is no time."""
    return clock.kept(lambda: branches(f, target, box, seed=seed), [])


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
    region = exact_box(box, checked_formula(f, 1, MAX_DIMENSION).dimension)
    if any(max(abs(low), abs(high)) > LARGEST for low, high in region):
        raise ArgumentError("box", box, f"have numbers of at most {LARGEST:g} in absolute value")
    if any(
        max(x.numerator.bit_length(), x.denominator.bit_length()) > MAX_NUMBER_BITS for side in region for x in side
    ):
        raise ArgumentError("box", box, f"have numbers of at most {MAX_NUMBER_BITS} bits, as a certificate may")
    return region
