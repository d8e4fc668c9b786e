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
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from hallucert.balls.facade import Ball
from hallucert.check.branch.cell import Cell, CellProof
from hallucert.check.branch.parts import UNDECIDED, Part, confirmed
from hallucert.check.branch.stability import ATTRACTING, REPELLING, stability
from hallucert.check.branch.system import BranchSystem, Vector
from hallucert.check.branch.turning import FALLING, FOLD, GROWING, fold_numbers, turning
from hallucert.check.claim import Enclosure
from hallucert.check.reason import Reason
from hallucert.clock import UNLIMITED, Clock

DEPTH = 16
"""How often a checker may halve a part of an arc to confirm what is said of it; the prover halves less."""


@dataclass(frozen=True)
class Link:
    """A cell of a chain and what is claimed of the curve in it.

    Attributes
    ----------
    cell : Cell
        The region.
    start : Fraction
        The curve comes in at some ``s >= start``.
    turning, stability : tuple of Part
        Properties by parts of ``[start, s_1]``: what rho does, and whether SAM is attracted.
    """

    cell: Cell
    start: Fraction
    turning: tuple[Part, ...]
    stability: tuple[Part, ...]


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

    Attributes
    ----------
    text : str
        For the checker: what could not be proved.
    reason : Reason
        For the claim that stays undecided.
    fault : Fault
        Whether a chain could begin with the cell.
    """

    text: str
    reason: Reason
    fault: Fault = Fault.CELL


@dataclass(frozen=True)
class Fold:
    """Enclosures at a certified fold: rho, and the second derivative of rho by the arclength of x."""

    rho: Enclosure
    second_derivative: Enclosure


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
    """What was proved about a chain.

    Attributes
    ----------
    rho_start, rho_end : Enclosure
        The radii at the two ends of the curve.
    folds : tuple of Fold
        In order.
    runs : tuple of Run
        In order; what is undecided is left out.
    turning_complete : bool
        Whether rho is strictly monotone between the folds, so that these are all.
    """

    rho_start: Enclosure
    rho_end: Enclosure
    folds: tuple[Fold, ...]
    runs: tuple[Run, ...]
    turning_complete: bool


def check_chain(
    system: BranchSystem,
    chain: Chain,
    proofs: Sequence[CellProof] | None = None,
    clock: Clock = UNLIMITED,
) -> ChainFacts | str:
    """Prove everything that a chain claims; return the facts, or what could not be proved.

    Parameters
    ----------
    system : BranchSystem
        The equation.
    chain : Chain
        The data.
    proofs : sequence of CellProof, optional
        Proofs of its cells in the same arithmetic that were already successful, as were those of the parts: the
        prover's. Only joints, ends, folds and signs are left to do then.
    clock : Clock
        Give up when its time is up.
    """
    folds: list[Fold] = []
    walk = _Walk(again=proofs is None)
    before: CellProof | None = None
    begin: Vector | None = None
    for i, link in enumerate(chain.links):
        clock.tell("cells joined", i, len(chain.links))
        if clock.passed():
            return "the time budget was spent before its last cell"
        proof = CellProof(system, link.cell) if proofs is None else proofs[i]
        if proofs is None and not proof.proved():
            return f"cell {i} is not shown to hold exactly one arc"
        first, last = i == 0, i == len(chain.links) - 1
        ends = (chain.from_critical and first, chain.to_critical and last)
        found = check_link(proof, link, before, begin, ends, again=proofs is None)
        if isinstance(found, Objection):
            return f"cell {i}: {found.text}"
        folds += found
        if problem := walk.add(i, proof, link):
            return f"cell {i}: {problem}"
        if first:
            start, begin = _radius_at(proof, link.cell.span[0]), proof.section(link.cell.span[0])
        before = proof
    if before is None:
        return "it has no cells"
    end = _radius_at(before, chain.links[-1].cell.span[1])
    runs = walk.finished()
    if start is None or end is None or runs is None:
        return "the radius at an end is not enclosed"
    complete = all(part.word != UNDECIDED for link in chain.links for part in link.turning)
    return ChainFacts(start, end, tuple(folds), runs, complete)


def check_link(
    proof: CellProof,
    link: Link,
    before: CellProof | None,
    begin: Vector | None,
    ends: tuple[bool, bool],
    again: bool,
) -> list[Fold] | Objection:
    """Prove that a cell, which holds exactly one arc, belongs where it stands in a chain; return its folds.

    Prover and checker ask the same, so that a chain of links that were all accepted is confirmed.

    Parameters
    ----------
    proof : CellProof
        Of the cell, already successful.
    link : Link
        The data.
    before : CellProof or None
        Of the cell before; None for the first.
    begin : list of balls or None
        The first point of the first cell's arc; None for the first.
    ends : (bool, bool)
        Whether its first and its last face are said to be at ``lambda = 0``.
    again : bool
        Prove also what was found out when the parts of `link` were made.
    """
    if objection := hallucinated(proof, *ends):
        return objection
    came_in = _entry(before, proof, link)
    if isinstance(came_in, Objection):
        return came_in
    if begin is not None and not proof.misses(begin):
        return RETURNS
    found = _check_turning(proof, link, came_in, again)
    return Objection(found, Reason.STRADDLES) if isinstance(found, str) else found


NOT_JOINED = Objection("the arc before is not shown to go on into it", Reason.PRECISION, Fault.JOINT)
RETURNS = Objection(
    "it is not shown to keep away from the first point, so that no point is passed twice",
    Reason.PRECISION,
    Fault.FIRST_POINT,
)


def hallucinated(proof: CellProof, from_critical: bool, to_critical: bool) -> Objection | None:
    """Return None if certainly ``lambda > 0`` and ``x != c`` on the cell, but for a face at ``lambda = 0``."""
    ar = proof.arithmetic
    z = proof.at(proof.span, proof.box)
    if not ar.positive(proof.system.squared_radius(z)):
        return Objection("x may meet the target", Reason.ZERO_GRADIENT)
    ends = proof.cell.multiplier_ends
    if from_critical and (ends is None or ends[0] != 0 or ends[1] <= 0):
        return Objection("its first face is not at lambda = 0", Reason.ZERO_GRADIENT)
    if to_critical and (ends is None or ends[1] != 0 or ends[0] <= 0):
        return Objection("its last face is not at lambda = 0", Reason.ZERO_GRADIENT)
    if from_critical or to_critical or (ends is not None and min(ends) > 0) or ar.positive(z[-1]):
        return None
    return Objection("lambda may not be positive", Reason.ZERO_GRADIENT)


def entry(before: CellProof, proof: CellProof) -> Ball | None:
    """Enclose the ``s`` at which the arc of one cell comes into the next, going forward; None if that is not shown."""
    ar, face = proof.arithmetic, before.cell.span[1]
    joint = before.section(face)
    where, velocity = proof.coordinates(joint), before.velocity(joint, ar.constant(face))
    if where is None or velocity is None or proof.inverse_frame is None or not proof.holds(joint):
        return None
    # ds/ds of the next cell along the arc before.
    return where[0] if ar.positive(ar.dot(proof.inverse_frame[0], velocity)) else None


def _entry(before: CellProof | None, proof: CellProof, link: Link) -> Fraction | Objection:
    """Return an ``s`` at which the curve has certainly come in, or what is wrong."""
    ar, (low, high) = proof.arithmetic, link.cell.span
    if before is None:
        if link.start != low:
            return Objection("the first cell must begin at its first face", Reason.PRECISION)
        return low
    where = entry(before, proof)
    if where is None:
        return NOT_JOINED
    if not (low <= link.start <= ar.lower(where) and ar.upper(where) < high):
        return Objection("the curve does not come in after its start", Reason.PRECISION, Fault.JOINT)
    return ar.upper(where)


def _parts(parts: Sequence[Part], start: Fraction, end: Fraction) -> list[tuple[Fraction, Fraction, str]] | None:
    """Return ``(low, high, word)`` of each part, or None if they do not divide ``[start, end]``."""
    result, low = [], start
    for part in parts:
        if not low < part.high:
            return None
        result.append((low, part.high, part.word))
        low = part.high
    return result if low == end else None


def _check_turning(proof: CellProof, link: Link, came_in: Fraction, again: bool) -> list[Fold] | str:
    parts = _parts(link.turning, link.start, link.cell.span[1])
    if parts is None:
        return "the parts of turning do not divide the arc"
    folds = []
    for low, high, word in parts:
        if word == FOLD:
            numbers = fold_numbers(proof, low, high)
            if numbers is None:
                return "a fold is not confirmed"
            # Strictly inside the cell's own part of the curve, so that no fold is counted twice.
            if not (came_in < low and high < link.cell.span[1]):
                return "a fold is too close to the end of its cell"
            rho, second = _enclosure(proof, numbers.rho), _enclosure(proof, numbers.second_derivative)
            if rho is None or second is None:
                return "the numbers of a fold are not enclosed"
            folds.append(Fold(rho, second))
        elif word in (GROWING, FALLING):
            if again and not confirmed(proof, low, high, word, turning, DEPTH):
                return f"rho is not confirmed to be {word} on a part"
        elif word != UNDECIDED:
            return f"{word!r} is nothing that rho does"
    return folds


class _Walk:
    """Collects the runs of stability along a chain, proved `again` part by part or as they are."""

    def __init__(self, again: bool) -> None:
        self.again = again
        self.runs: list[tuple[str, int, int, Enclosure | None, Enclosure | None]] = []
        self.open: tuple[str, int, Enclosure | None] | None = None
        self.last: tuple[int, CellProof, Fraction] | None = None

    def add(self, number: int, proof: CellProof, link: Link) -> str | None:
        """Confirm the parts of one cell, the `number`-th; return what could not be confirmed, or None."""
        parts = _parts(link.stability, link.start, link.cell.span[1])
        if parts is None:
            return "the parts of stability do not divide the arc"
        for low, high, word in parts:
            if word not in (ATTRACTING, REPELLING, UNDECIDED):
                return f"{word!r} is no stability"
            if self.again and word != UNDECIDED and not confirmed(proof, low, high, word, stability, DEPTH):
                return f"{word} is not confirmed on a part"
            if self.open is not None and self.open[0] != word:
                self._close()
            if self.open is None and word != UNDECIDED:
                self.open = (word, number, _radius_at(proof, low))
            self.last = (number, proof, high)
        return None

    def _close(self) -> None:
        if self.open is not None and self.last is not None:
            (word, first, radius), (last, proof, s) = self.open, self.last
            self.runs.append((word, first, last, radius, _radius_at(proof, s)))
        self.open = None

    def finished(self) -> tuple[Run, ...] | None:
        """Return the runs; None if a radius was not enclosed."""
        self._close()
        runs = [Run(word, i, j, a, b) for word, i, j, a, b in self.runs if a is not None and b is not None]
        return tuple(runs) if len(runs) == len(self.runs) else None


def _radius_at(proof: CellProof, s: Fraction) -> Enclosure | None:
    """Enclose rho at one ``s`` of the arc."""
    return _enclosure(proof, proof.system.radius(proof.section(s)))


def _enclosure(proof: CellProof, ball: object) -> Enclosure | None:
    ar = proof.arithmetic
    return Enclosure(*ar.endpoints(ball)) if ar.is_finite(ball) else None


def unrepeated(proofs: Sequence[CellProof]) -> int:
    """Return how many cells there are before the first that may hold the first point of the first cell's arc again."""
    begin = proofs[0].section(proofs[0].cell.span[0])
    return next((i for i, proof in enumerate(proofs) if i > 0 and not proof.misses(begin)), len(proofs))
