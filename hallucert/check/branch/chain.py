"""A chain: overlapping cells whose arcs are proved to be one connected curve of hallucinated points.

Each cell holds exactly one arc. The end ``P`` of a cell's arc, on its face ``s = s_1``, is enclosed and shown to lie in
the next cell; there it is a zero of ``G``, so it lies on the next cell's only arc, and the two arcs meet. The velocity
at P points forward in the next cell, so the curve never turns back on itself. The curve of the chain goes, in each
cell, from the point where it comes in (at ``s >= start``) to the face ``s = s_1``.

It passes no point twice: a path that never turns back on a one-dimensional manifold meets a point again only if it
goes round a closed component, and then it passes its own first point again, in a later cell. So it is enough that no
later cell holds the first point. For the same reason the part of an arc between ``start`` and where the curve comes
in belongs to the curve: it leads back along it, and cannot reach beyond the first point.

On every cell ``lambda > 0`` and ``x != c``, so ``g(x) = lambda (c - x) != 0`` and ``x+ = x + rho u(x) = c`` for
``rho = |x - c|``. The one exception is a face at ``lambda = 0`` exactly, the first or last of the chain: the point of
the arc on it is a critical point of ``f``, where the branch begins or ends (Proposition 4.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from itertools import groupby, pairwise
from typing import NamedTuple

from hallucert.check.branch.cell import (
    ATTRACTING,
    FALLING,
    FOLD,
    GROWING,
    REPELLING,
    UNDECIDED,
    Arc,
    BranchCell,
    Fold,
    fold_on,
    radius_at,
)
from hallucert.check.branch.system import BranchSystem
from hallucert.check.cell import Cell, Tube
from hallucert.check.claim import Enclosure
from hallucert.check.reason import Reason
from hallucert.clock import UNLIMITED, Clock

WORDS = {"turning": (GROWING, FALLING, FOLD, UNDECIDED), "stability": (ATTRACTING, REPELLING, UNDECIDED)}
"""What may be said of the parts of an arc."""


class Part(NamedTuple):
    """What is said of the arc in a tube: what rho does, and whether SAM is attracted."""

    tube: Tube
    turning: str
    stability: str


@dataclass(frozen=True)
class Link:
    """A cell of a chain, `places` of the arc at single ``s``, and what is said of the curve in its `parts`.

    They divide ``[start, s_1]``, and the curve comes in at some ``s >= start``.
    """

    cell: Cell
    places: tuple[Tube, ...]
    parts: tuple[Part, ...]

    @property
    def start(self) -> Fraction:
        """Where the parts begin."""
        return self.parts[0].tube.low if self.parts else self.cell.span[1]

    @property
    def divided(self) -> bool:
        """Whether the parts divide the arc from `start` to its end."""
        cuts = [self.start, *(part.tube.high for part in self.parts)]
        begun = [part.tube.low for part in self.parts]
        return cuts[-1] == self.cell.span[1] and cuts[:-1] == begun and all(a < b for a, b in pairwise(cuts))


@dataclass(frozen=True)
class Chain:
    """Overlapping cells, and whether the first and last face are at ``lambda = 0``."""

    links: tuple[Link, ...]
    from_critical: bool
    to_critical: bool


class Fault(Enum):
    """What an objection is about: a cell by itself, its joint with the cell before, or the chain's first point."""

    CELL = "cell"
    JOINT = "joint"
    FIRST_POINT = "first point"


@dataclass(frozen=True)
class Objection:
    """Why a cell is not shown to belong to a chain.

    `text` tells a checker, `reason` the claim that stays undecided; `fault` whether a chain could begin with the cell.
    """

    text: str
    reason: Reason
    fault: Fault = Fault.CELL

    def in_cell(self, number: int) -> Objection:
        """Say in which cell."""
        return replace(self, text=f"cell {number}: {self.text}")


NOT_PROVED = Objection("it is not shown to hold exactly one arc", Reason.PRECISION)
NOT_JOINED = Objection("the arc before is not shown to go on into it", Reason.PRECISION, Fault.JOINT)
STARTS_LATE = Objection("the curve does not come in after its start", Reason.PRECISION, Fault.JOINT)
RETURNS = Objection(
    "it is not shown to keep away from the first point, so that no point is passed twice",
    Reason.PRECISION,
    Fault.FIRST_POINT,
)
NO_RADIUS = Objection("the radius at an end is not enclosed", Reason.PRECISION)
UNDIVIDED = Objection("its parts do not divide the arc", Reason.STRADDLES)
EMPTY = Objection("it has no cells", Reason.PRECISION)
LATE = Objection("the time budget was spent before its last cell", Reason.TIME)


@dataclass(frozen=True)
class Run:
    """A part of the chain's curve with one stability: the cells and the radii at its two ends."""

    word: str
    first_cell: int
    last_cell: int
    rho_from: Enclosure
    rho_to: Enclosure


@dataclass(frozen=True)
class ChainFacts:
    """What was proved about a chain: radii at its ends, folds and runs in order, without what is undecided.

    `turning_complete` tells whether rho is strictly monotone between the folds, so that these are all.
    """

    rho_start: Enclosure
    rho_end: Enclosure
    folds: tuple[Fold, ...]
    runs: tuple[Run, ...]
    turning_complete: bool


def check_chain(
    system: BranchSystem, chain: Chain, proofs: Sequence[BranchCell] | None = None, clock: Clock = UNLIMITED
) -> ChainFacts | Objection:
    """Prove everything that a chain claims; return the facts, or what could not be proved.

    The prover gives the `proofs` of its cells in the same arithmetic, which were already successful, as were those of
    the parts. Only joints, ends, folds and signs are left to do then.
    """
    if not chain.links:
        return EMPTY
    folds: list[Fold] = []
    done: list[BranchCell] = []
    for i, link in enumerate(chain.links):
        clock.tell("cells joined", i, len(chain.links))
        if clock.passed():
            return LATE
        proof = BranchCell(system, link.cell, link.places) if proofs is None else proofs[i]
        if proofs is None and not proof.proved():
            return NOT_PROVED.in_cell(i)
        ends = (chain.from_critical and i == 0, chain.to_critical and i == len(chain.links) - 1)
        found = check_link(proof, link, done, ends, again=proofs is None)
        if isinstance(found, Objection):
            return found.in_cell(i)
        folds += found
        done.append(proof)
    start, end = radius_at(done[0], done[0].cell.span[0]), radius_at(done[-1], done[-1].cell.span[1])
    runs = _runs(chain, done)
    if start is None or end is None or runs is None:
        return NO_RADIUS
    complete = all(part.turning != UNDECIDED for link in chain.links for part in link.parts)
    return ChainFacts(start, end, tuple(folds), runs, complete)


def check_link(
    proof: BranchCell, link: Link, before: Sequence[BranchCell], ends: tuple[bool, bool], again: bool
) -> list[Fold] | Objection:
    """Prove that a cell, which holds exactly one arc, belongs behind those `before` in a chain; return its folds.

    Prover and checker ask the same, so that a chain of links that were all accepted is confirmed; `again`, what is said
    of the parts of `link` is proved too. `ends` tell whether the first and the last face are said to be at
    ``lambda = 0``.
    """
    if objection := hallucinated(proof, *ends):
        return objection
    came_in = _entry(before, proof, link)
    if isinstance(came_in, Objection):
        return came_in
    if before and not proof.misses(before[0].section(before[0].cell.span[0])):
        return RETURNS
    if not link.parts or not link.divided:
        return UNDIVIDED
    folds = []
    for part in link.parts:
        if part.turning == FOLD:
            # Strictly inside the cell's own part of the curve, so that no fold is counted twice.
            if not (came_in < part.tube.low and part.tube.high < proof.cell.span[1]):
                return Objection("a fold is too close to the end of its cell", Reason.STRADDLES)
            fold = fold_on(Arc(proof, part.tube))
            if fold is None:
                return Objection("a fold is not confirmed", Reason.STRADDLES)
            folds.append(fold)
        if again and (missing := unconfirmed(proof, part)):
            return Objection(f"{missing} is not confirmed on a part", Reason.STRADDLES)
    return folds


def unconfirmed(proof: BranchCell, part: Part) -> str | None:
    """Return what is said of a part, but of folds, and does not certainly hold; None if everything does."""
    turning, stability = part.turning not in (UNDECIDED, FOLD), part.stability != UNDECIDED
    if not (turning or stability):
        return None
    arc = Arc(proof, part.tube)
    if turning and arc.turning != part.turning:
        return part.turning
    return part.stability if stability and arc.stability != part.stability else None


def hallucinated(proof: BranchCell, from_critical: bool, to_critical: bool) -> Objection | None:
    """Return None if certainly ``lambda > 0`` and ``x != c`` on the cell, but for a face at ``lambda = 0``."""
    ar = proof.arithmetic
    z = proof.at(proof.span, proof.box)
    if not ar.positive(proof.system.squared_radius(z)):
        return Objection("x may meet the target", Reason.ZERO_GRADIENT)
    ends = proof.multiplier_ends
    if from_critical and (ends is None or ends[0] != 0 or ends[1] <= 0):
        return Objection("its first face is not at lambda = 0", Reason.ZERO_GRADIENT)
    if to_critical and (ends is None or ends[1] != 0 or ends[0] <= 0):
        return Objection("its last face is not at lambda = 0", Reason.ZERO_GRADIENT)
    if from_critical or to_critical or (ends is not None and min(ends) > 0) or ar.positive(z[-1]):
        return None
    return Objection("lambda may not be positive", Reason.ZERO_GRADIENT)


def _entry(before: Sequence[BranchCell], proof: BranchCell, link: Link) -> Fraction | Objection:
    """Return an ``s`` at which the curve has certainly come in, or what is wrong."""
    low = proof.cell.span[0]
    if not before:
        first = Objection("the first cell must begin at its first face", Reason.PRECISION)
        return low if link.start == low else first
    joint = before[-1].end
    where = None if joint is None else proof.entry(joint)
    if where is None:
        return NOT_JOINED
    return where[1] if low <= link.start <= where[0] else STARTS_LATE


def _runs(chain: Chain, proofs: Sequence[BranchCell]) -> tuple[Run, ...] | None:
    """Join neighbours of one stability, also across cells; None if a radius is not enclosed."""
    parts = [(part, i) for i, link in enumerate(chain.links) for part in link.parts]
    runs = []
    for word, group in groupby(parts, lambda pair: pair[0].stability):
        together = list(group)
        if word == UNDECIDED:
            continue
        (head, first), (tail, last) = together[0], together[-1]
        rho_from, rho_to = radius_at(proofs[first], head.tube.low), radius_at(proofs[last], tail.tube.high)
        if rho_from is None or rho_to is None:
            return None
        runs.append(Run(word, first, last, rho_from, rho_to))
    return tuple(runs)
