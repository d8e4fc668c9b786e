"""A complete diagram: every hallucinated point of a region with one target lies on one of the proved branches.

If ``x+ = c`` for some ``rho > 0``, then ``g(x) = lambda (c - x)`` with ``lambda > 0`` (the sphere picture). So

    g_i (c - x)_j = g_j (c - x)_i,    lambda = <g, c - x>/|c - x|^2 > 0,

without rho. A recorded subdivision settles every piece X of the region in one of these ways:

- ``a``: some ``g_i (c - x)_j - g_j (c - x)_i`` certainly does not vanish on X;
- ``b``: ``<g, c - x>`` is certainly not positive;
- ``c``: ``H`` is positive definite on the box spanned by X and c: then ``<g, x - c> > 0`` for x != c there, by the mean
  value theorem along the segment, which is the wrong sign;
- ``d``: ``lambda = <g, v>/<c - x, v>`` for every v. The enclosures for several v do not meet, or lie in
  ``lambda <= 0``. The eigenvectors of ``H`` are such v: in a soft one little is seen of what a step across the curve
  does to ``g``;
- ``t``: a cell of a branch holds all ``(x, lambda)`` with x in X and lambda in its enclosure. A cell holds exactly one
  arc of solutions, so all solutions in X are points of that arc, and of the curve. The tube may be thicker than in the
  branch's own proof, as long as Krawczyk's test shows that it still holds exactly one arc.

A branch that starts at a critical point c' has a cell with a face at exactly ``lambda = 0`` there. Of a piece around c'
only the solutions with ``lambda > 0`` are wanted, and they lie on the right side of that face.

Inputs: ``subdivision``; ``holders``, for each ``t`` in it the number of a cell, counted through all branches from 0;
``thickness``, for each cell by what its radius is multiplied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache, cached_property

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, Matrix
from hallucert.balls.inertia import is_positive_definite
from hallucert.check.branch.cell import BranchCell
from hallucert.check.branch.chain import Chain
from hallucert.check.branch.system import BranchSystem
from hallucert.check.cell import Cell, Vector
from hallucert.check.claim import Inputs
from hallucert.check.reason import Reason
from hallucert.check.subdivision import Box, Criteria, middle_of

MAX_DIMENSION = 3
"""A box is split into too many pieces beyond."""

HELD = "t"
"""The test with a cell."""


class Piece:
    """A part of the region, with what is known of all of its points `x`."""

    def __init__(self, system: BranchSystem, box: Box, x: Vector) -> None:
        self.system, self.arithmetic, self.box, self.x = system, system.arithmetic, box, x
        self.offset = [c - v for v, c in zip(x, system.target, strict=True)]

    @cached_property
    def hessian(self) -> Matrix | None:
        """``H``; None if it is indeterminate."""
        hessian = self.system.objective.enclose_hessian(self.arithmetic, self.x)
        return hessian if self.arithmetic.all_finite(hessian) else None

    @cached_property
    def _at_middle(self) -> tuple[Vector, Vector]:
        """``g`` at the middle, and ``x`` from there."""
        middle = [self.arithmetic.constant(v) for v in middle_of(self.box)]
        gradient = self.system.objective.enclose_gradient(self.arithmetic, middle)
        return gradient, [v - m for v, m in zip(self.x, middle, strict=True)]

    @cached_property
    def gradient(self) -> Vector | None:
        """``g``, also by the mean value theorem; None if it is indeterminate."""
        ar = self.arithmetic
        plain = self.system.objective.enclose_gradient(ar, self.x)
        if self.hessian is None or not ar.all_finite([plain]):
            return None
        start, step = self._at_middle
        moved = matrix.apply(ar, self.hessian, step)
        return matrix.intersected(ar, plain, [a + b for a, b in zip(start, moved, strict=True)])

    @cached_property
    def inward(self) -> Ball | None:
        """``<g, c - x>``; None if it is indeterminate."""
        ar = self.arithmetic
        inward = None if self.gradient is None else ar.dot(self.gradient, self.offset)
        return inward if inward is not None and ar.is_finite(inward) else None

    @cached_property
    def multiplier(self) -> tuple[Fraction, Fraction] | None:
        """The interval, maybe empty, in which all finite enclosures of ``lambda`` and ``lambda >= 0`` meet; or None."""
        ar = self.arithmetic
        if self.gradient is None or self.hessian is None or self.inward is None:
            return None
        square = sum((ar.power(v, 2) for v in self.offset[1:]), ar.power(self.offset[0], 2))
        values = [self.inward / square, *(g / v for g, v in zip(self.gradient, self.offset, strict=True))]
        start, step = self._at_middle
        for v in self._directions(self.hessian):
            along = ar.dot(start, v) + ar.dot(matrix.apply(ar, self.hessian, v), step)
            values.append(along / ar.dot(self.offset, v))
        ends = [ar.endpoints(value) for value in values if ar.is_finite(value)]
        return (max(Fraction(0), *(low for low, _ in ends)), min(high for _, high in ends)) if ends else None

    def _directions(self, hessian: Matrix) -> list[Vector]:
        """Return the eigenvectors of ``H`` in floats, made exact: directions in which to measure ``lambda``."""
        middle = self.arithmetic.approximations(hessian)
        if not np.isfinite(middle).all():
            return []
        return [[self.arithmetic.constant(Fraction(t)) for t in v] for v in np.linalg.eigh(middle)[1].T.tolist()]


def is_across(piece: Piece) -> bool:
    """Tell whether ``g`` is certainly nowhere parallel to ``c - x``."""
    g, v, nonzero = piece.gradient, piece.offset, piece.arithmetic.nonzero
    return g is not None and any(nonzero(g[i] * v[j] - g[j] * v[i]) for i in range(len(g)) for j in range(i))


def is_outward(piece: Piece) -> bool:
    """Tell whether ``<g, c - x>`` is certainly not positive."""
    return piece.inward is not None and bool(piece.arithmetic.upper(piece.inward) <= 0)


def is_convex(piece: Piece) -> bool:
    """Tell whether ``f`` is certainly convex on all segments from the target to the piece."""
    ar, system = piece.arithmetic, piece.system
    if piece.gradient is None:
        return False
    hessian = system.objective.enclose_hessian(ar, list(map(ar.hull, piece.x, system.target)))
    return ar.all_finite(hessian) and is_positive_definite(ar, hessian)


def is_apart(piece: Piece) -> bool:
    """Tell whether no ``lambda > 0`` is in all enclosures of it."""
    return piece.multiplier is not None and (piece.multiplier[1] <= 0 or piece.multiplier[1] < piece.multiplier[0])


EMPTY: Mapping[str, Callable[[Piece], bool]] = {"a": is_across, "b": is_outward, "c": is_convex, "d": is_apart}
"""The tests that show that there are no points in a piece."""


def is_held(proof: BranchCell, piece: Piece) -> bool:
    """Tell whether a cell certainly holds the points ``(x, lambda)`` of a piece with ``lambda > 0``."""
    if piece.multiplier is None or is_apart(piece):
        return piece.multiplier is not None
    ar, (low, high) = proof.arithmetic, proof.cell.span
    found = proof.coordinates([*piece.x, ar.interval(*piece.multiplier)])
    if found is None or not ar.all_finite([[found[0]], found[1]]):
        return False
    first, last = ar.endpoints(found[0])
    if proof.multiplier_ends is not None:
        # lambda = m + s T alone: s grows with lambda or falls, and lambda > 0 keeps to one side of a face at 0.
        slope = proof.cell.frame[-1][0]
        first, last = sorted((value - proof.cell.centre[-1]) / slope for value in piece.multiplier)
    within = low <= first and last <= high
    return within and all(ar.within(v, -r, r) for v, r in zip(found[1], proof.cell.radius, strict=True))


def cells_of(chains: Sequence[Chain]) -> list[Cell]:
    """Return the cells of all chains."""
    return [link.cell for chain in chains for link in chain.links]


def thickened(system: BranchSystem, cell: Cell, factor: Fraction) -> BranchCell:
    """Return a cell with a thicker tube, not proved yet."""
    return BranchCell(system, replace(cell, radius=tuple(factor * r for r in cell.radius)))


def settle(system: BranchSystem, chains: Sequence[Chain], region: Box, inputs: Inputs, most: int) -> Reason | None:
    """Walk the recorded subdivision of a region; None if every point of it is accounted for by proved chains.

    At most so many pieces are looked at.
    """
    cells, holders = cells_of(chains), iter(inputs["holders"])
    if len(inputs["thickness"]) != len(cells):
        return Reason.UNSETTLED

    @cache
    def proved(number: int) -> BranchCell | None:
        proof = thickened(system, cells[number], inputs["thickness"][number])
        return proof if proof.proved() else None

    def held(piece: Piece) -> bool:
        number = next(holders, -1)
        if number not in range(len(cells)):
            return False
        proof = proved(int(number))
        return proof is not None and is_held(proof, piece)

    tests = Criteria(system.arithmetic, lambda box, x: Piece(system, box, x), {**EMPTY, HELD: held})
    return tests.settle(inputs["subdivision"], region, most)
