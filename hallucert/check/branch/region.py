"""A complete diagram: every hallucinated point of a region with one target lies on one of the proved branches.

If ``x+ = c`` for some ``rho > 0``, then ``g(x) = lambda (c - x)`` with ``lambda > 0`` (the sphere picture). So

    g_i (c - x)_j = g_j (c - x)_i,    lambda = <g, c - x>/|c - x|^2 > 0,

without rho. The region is split until every piece X is settled in one of these ways:

- some ``g_i (c - x)_j - g_j (c - x)_i`` certainly does not vanish on X, or ``<g, c - x>`` is certainly not positive;
- ``lambda = <g, v>/<c - x, v>`` for every v. The enclosures for several v do not meet, or lie in ``lambda <= 0``. The
  eigenvectors of ``H`` are such v: in a soft one little is seen of what a step across the curve does to ``g``;
- ``H`` is positive definite on the box spanned by X and c: then ``<g, x - c> > 0`` for x != c there, by the mean value
  theorem along the segment, which is the wrong sign;
- a cell of a branch holds all ``(x, lambda)`` with x in X and lambda in its enclosure. A cell holds
  exactly one arc of solutions, so all solutions in X are points of that arc, and of the curve. The tube may be thicker
  than in the branch's own proof, as long as Krawczyk's test shows that it still holds exactly one arc.

A branch that starts at a critical point c' has a cell with a face at exactly ``lambda = 0`` there. Of a piece around c'
only the solutions with ``lambda > 0`` are wanted, and they lie on the right side of that face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.balls.symmetric import is_positive_definite
from hallucert.check.branch.cell import BranchCell
from hallucert.check.branch.chain import Chain
from hallucert.check.branch.claims import COMPLETENESS, Branches
from hallucert.check.branch.system import BranchSystem
from hallucert.check.cell import Cell, Vector
from hallucert.check.claim import Measured
from hallucert.check.reason import Reason
from hallucert.check.subdivision import Box, balls_of, halves, middle_of
from hallucert.clock import UNLIMITED, Clock

MAX_DIMENSION = 3
"""A box is split into too many pieces beyond."""

THICKER = tuple(4**k for k in range(6, -1, -1))
"""Factors by which tubes are made thicker; the first that is proved is taken."""

SMALLEST = Fraction(1, 2**24)
"""Pieces below this part of the region's longest side are not split any more."""

MOST_LEFT = 64
"""The search ends when so many smallest pieces are left."""

NEAR = 4
"""Cells tried for a piece: those whose axes its middle is nearest to."""


@dataclass(frozen=True)
class Swept:
    """What a search left over: nothing, if it is complete.

    Attributes
    ----------
    left : list of boxes
        Smallest pieces that were not settled.
    finished : bool
        Whether no budget was spent before the end.
    pieces : int
        How many pieces were looked at.
    late : bool
        Whether it was the time that ran out.
    """

    left: list[Box]
    finished: bool
    pieces: int
    late: bool = False

    @property
    def complete(self) -> bool:
        """Whether every point of the region is accounted for."""
        return self.finished and not self.left

    @property
    def obstacle(self) -> Reason | None:
        """Why not every point of the region is accounted for; None if it is."""
        if self.complete:
            return None
        if self.late:
            return Reason.TIME
        return Reason.PLACES if self.left else Reason.BUDGET


def sweep(
    system: BranchSystem, chains: Sequence[Chain], region: Box, max_boxes: int, clock: Clock = UNLIMITED
) -> Swept:
    """Search a region for hallucinated points of the target that lie in no cell of proved chains.

    Parameters
    ----------
    system : BranchSystem
        With the target's enclosure.
    chains : sequence of Chain
        Proved.
    region : list of (Fraction, Fraction)
        Exact ends of each side.
    max_boxes : int
        Budget of pieces.
    clock : Clock
        When to give up.
    """
    tubes = _Tubes(system, [link.cell for chain in chains for link in chain.links])
    smallest = SMALLEST * max(high - low for low, high in region)
    pending = [list(region)]
    left: list[Box] = []
    for count in range(max_boxes):
        if not pending:
            return Swept(left, True, count)
        clock.tell("pieces of the box", count)
        if len(left) >= MOST_LEFT or clock.passed():
            return Swept(left, False, count, len(left) < MOST_LEFT)
        piece = pending.pop()
        if _settled(system, tubes, piece):
            continue
        if max(high - low for low, high in piece) <= smallest:
            left.append(piece)
        else:
            pending.extend(halves(piece))
    return Swept(left, not pending, max_boxes)


def completeness(swept: Swept) -> Measured[Branches]:
    """Return the claim that follows from a search."""
    return Measured(COMPLETENESS, {} if swept.obstacle is None else swept.obstacle)


def _settled(system: BranchSystem, tubes: _Tubes, piece: Box) -> bool:
    """Tell whether certainly every wanted solution of a piece lies on a branch."""
    ar, d = system.arithmetic, system.dimension
    x = balls_of(ar, piece)
    offset = [c - v for v, c in zip(x, system.target, strict=True)]
    plain = system.objective.enclose_gradient(ar, x)
    hessian = system.objective.enclose_hessian(ar, x)
    if not (ar.all_finite([plain]) and ar.all_finite(hessian)):
        return False
    middle = [ar.constant(v) for v in middle_of(piece)]
    step = [v - m for v, m in zip(x, middle, strict=True)]
    moved = matrix.apply(ar, hessian, step)
    at_middle = system.objective.enclose_gradient(ar, middle)
    gradient = [ar.intersection(p, a + b) or p for p, a, b in zip(plain, at_middle, moved, strict=True)]
    across = [gradient[i] * offset[j] - gradient[j] * offset[i] for i in range(d) for j in range(i)]
    if any(ar.nonzero(v) for v in across):
        return True
    inward = ar.dot(gradient, offset)
    if not ar.is_finite(inward) or ar.upper(inward) <= 0:
        return ar.is_finite(inward)
    if _convex_from_target(system, x):
        return True
    square = sum((ar.power(v, 2) for v in offset[1:]), ar.power(offset[0], 2))
    multipliers = [inward / square, *(g / v for g, v in zip(gradient, offset, strict=True))]
    for v in _eigenvectors(ar, hessian):
        along = ar.dot(at_middle, v) + ar.dot(matrix.apply(ar, hessian, v), step)
        multipliers.append(along / ar.dot(offset, v))
    low, high = _common(ar, multipliers)
    if high is None or high <= 0 or high < low:
        return high is not None
    return tubes.hold(x, (max(low, Fraction(0)), high), middle_of(piece))


def _convex_from_target(system: BranchSystem, x: Vector) -> bool:
    ar = system.arithmetic
    spanned = [ar.hull(v, c) for v, c in zip(x, system.target, strict=True)]
    hessian = system.objective.enclose_hessian(ar, spanned)
    return ar.all_finite(hessian) and is_positive_definite(ar, hessian)


def _eigenvectors(ar: BallArithmetic, hessian: Matrix) -> list[Vector]:
    """Return the eigenvectors of ``H`` in floats, made exact: directions in which to measure ``lambda``."""
    middle = matrix.midpoints(ar, hessian)
    if not np.isfinite(middle).all():
        return []
    return [[ar.constant(Fraction(t)) for t in v] for v in np.linalg.eigh(middle)[1].T.tolist()]


def _common(ar: BallArithmetic, values: Sequence[Ball]) -> tuple[Fraction, Fraction | None]:
    """Return the interval in which the finite ones of some enclosures meet, empty or not; None for no upper bound."""
    ends = [ar.endpoints(value) for value in values if ar.is_finite(value)]
    return max((a for a, _ in ends), default=Fraction(0)), min((b for _, b in ends), default=None)


class _Tubes:
    """The cells, as thick as is proved, and a look-up of them in floats, which proposes and proves nothing."""

    def __init__(self, system: BranchSystem, cells: Sequence[Cell]) -> None:
        self.proofs = [proof for cell in cells if (proof := _thick(system, cell)) is not None]
        frames = np.array([[[float(v) for v in row] for row in proof.cell.frame] for proof in self.proofs])
        self.centres = np.array([[float(v) for v in proof.cell.centre] for proof in self.proofs])
        found = [matrix.float_inverse(frame) for frame in frames]
        self.inverses = np.array(
            [np.full(f.shape, np.nan) if i is None else i for f, i in zip(frames, found, strict=True)]
        )
        self.bends = np.array([[float(v) for v in proof.cell.bend] for proof in self.proofs])
        self.spans = np.array([[float(v) for v in proof.cell.span] for proof in self.proofs])
        self.radii = np.array([[float(v) for v in proof.cell.radius] for proof in self.proofs])

    def hold(self, x: Vector, multiplier: tuple[Fraction, Fraction], middle: Sequence[Fraction]) -> bool:
        """Tell whether one cell certainly holds all ``(x, lambda)`` of a piece with ``lambda > 0``."""
        if not self.proofs:
            return False
        z = np.array([*(float(v) for v in middle), float(sum(multiplier)) / 2])
        with np.errstate(all="ignore"):
            y = np.einsum("nij,nj->ni", self.inverses, z - self.centres)
            s, w = y[:, 0], y[:, 1:] - self.bends * y[:, :1] ** 2
            depth = np.max(np.abs(w) / self.radii, axis=1)
        depth[(s < self.spans[:, 0]) | (s > self.spans[:, 1])] = np.inf
        nearest = [int(i) for i in np.argsort(depth)[:NEAR] if depth[i] < 1]
        return any(_holds(self.proofs[i], x, multiplier) for i in nearest)


def _thick(system: BranchSystem, cell: Cell) -> BranchCell | None:
    """Return the thickest tube around a cell's arc that is proved to hold exactly one arc."""
    for factor in THICKER:
        proof = BranchCell(system, replace(cell, radius=tuple(factor * r for r in cell.radius)))
        if proof.proved():
            return proof
    return None


def _holds(proof: BranchCell, x: Vector, multiplier: tuple[Fraction, Fraction]) -> bool:
    """Tell whether a cell certainly holds the points of a piece with ``lambda > 0``."""
    ar, (low, high) = proof.arithmetic, proof.cell.span
    found = proof.coordinates([*x, ar.interval(*multiplier)])
    if found is None or not ar.all_finite([[found[0]], found[1]]):
        return False
    first, last = ar.endpoints(found[0])
    ends = proof.multiplier_ends
    if ends is not None:
        # lambda = m + s T alone: s grows with lambda or falls, and lambda > 0 keeps to one side of a face at 0.
        slope = proof.cell.frame[-1][0]
        exact = sorted((value - proof.cell.centre[-1]) / slope for value in multiplier)
        first, last = exact[0], exact[1]
    within = low <= first and last <= high
    return within and all(ar.within(v, -r, r) for v, r in zip(found[1], proof.cell.radius, strict=True))
