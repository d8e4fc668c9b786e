"""A part of a patch: what is known of the points ``z(s, w(s))`` of a chart over a rectangle of its square.

Everything is expanded about the middle ``(t, v)`` of the part, where ``(s, w) = (t, v) + y``, from one evaluation of
``E`` and of ``DE``. With the chart's ``B_a = C D^2E(Z) F_a`` (`surface_cell`)

    K = v - C E - C DE T y_s - C D^2E(Z)[T y_s, T y_s]/2 + R y_w,    R = I - C DE N - sum_a y_a B_a N

is Krawczyk's operator. Every ``w(s)`` in the box lies in ``K``, so the box may be narrowed to it, again and again with
the same ``R``. With ``y_s = 0`` the same line encloses ``w(t)``.

*Velocities.* ``z_k = T_k + N w_k`` with ``M w_k = -b_k``, where ``M = C DE N`` and ``b_k = C DE T_k`` at ``z(s, w(s))``
lie in ``C DE(z(t, v)) F + sum_a y_a B_a``. Let ``D = M - I``, and ``r`` the radii of the chart. Where
``sum_j |D_ij| r_j < r_i`` for all ``i``, which Krawczyk's test has shown on the whole chart up to roundings, ``M`` is
nonsingular; and where ``|w_k|_i/r_i`` has its largest value ``beta``,

    beta r_i = |b_k + D w_k|_i <= |b_k|_i + beta sum_j |D_ij| r_j,

so ``beta`` is at most the largest ``|b_k|_i / (r_i - sum_j |D_ij| r_j)``. Inserting ``|w_k|_i <= beta r_i`` in
``w_k = -b_k - D w_k`` makes it sharper.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from hallucert.balls import BallArithmetic, matrix
from hallucert.balls.facade import Ball, Matrix
from hallucert.check.cell import Vector
from hallucert.check.surface.point import PatchPoint

if TYPE_CHECKING:
    from hallucert.check.surface.cell import ChartProof

Rectangle = tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]

SIDES = 2
"""Dimension of a surface."""

SHARPENED = 2
"""How often ``w_k = -b_k - D w_k`` is used to make bounds of ``w_k`` sharper."""


class Part:
    """The points of a chart over a rectangle with ``w`` in a box, and of the patch among them.

    Parameters
    ----------
    proof : ChartProof
        The chart, whose second derivatives must be finite (`ChartProof.bend`).
    rectangle : two pairs of rationals
        The parameters.
    box : 2d - 1 balls
        A part of the chart's box. What is said of the patch is said of the ``w(s)`` in it.

    Attributes
    ----------
    s : two balls
        The rectangle.
    w : 2d - 1 balls
        A box that contains every ``w(s)`` of the given one; `narrow` makes it smaller.
    middle : 2d + 1 balls
        ``z(t, v)``, for proposals: a point of the chart near the part of the patch.
    """

    def __init__(self, proof: ChartProof, rectangle: Rectangle, box: Vector) -> None:
        ar = self.arithmetic = proof.arithmetic
        self.proof, self.rectangle, self.w = proof, rectangle, box
        self.s = [ar.interval(*ends) for ends in rectangle]
        t, self.v = [ar.centre(side) for side in self.s], [ar.centre(side) for side in box]
        self.offsets, self.thickness = _minus(self.s, t), _minus(box, self.v)
        self.middle = proof.at(t, self.v)

    # ------------------------------------------------------------------ Krawczyk's operator

    def image(self) -> Vector:
        """``K`` for the box as it is now; indeterminate where something is."""
        return self._krawczyk(self._along)

    def narrow(self, steps: int = 2) -> Part:
        """Narrow the box to ``K``, at most `steps` times and as long as that halves it."""
        ar = self.arithmetic
        for _ in range(steps):
            common = [ar.intersection(old, new) for old, new in zip(self.w, self.image(), strict=True)]
            narrow = [old if new is None else new for old, new in zip(self.w, common, strict=True)]
            before, after = (max(ar.approximate(ar.radius(x)) for x in box) for box in (self.w, narrow))
            self.w = narrow
            if 2 * after > before:
                break
        return self

    def _krawczyk(self, along: Vector) -> Vector:
        """``along + R y_w``."""
        back = matrix.apply(self.arithmetic, self._deviation, _minus(self.w, self.v))
        return _minus(along, back)

    @cached_property
    def _newton(self) -> Vector:
        """``v - C E``."""
        proof = self.proof
        value = matrix.apply(self.arithmetic, proof.preconditioner, proof.system.value(self.middle))
        return _minus(self.v, value)

    @cached_property
    def _along(self) -> Vector:
        """``K`` but for its last term."""
        ar, (first, second) = self.arithmetic, self.offsets
        half = ar.constant(Fraction(1, 2))
        terms = [first, second, half * ar.power(first, 2), half * ar.power(second, 2), first * second]
        rows = [[*row[:SIDES], *curved] for row, curved in zip(self._slope, self.proof.curvatures, strict=True)]
        return _minus(self._newton, matrix.apply(ar, rows, terms))

    @cached_property
    def _slope(self) -> Matrix:
        """``C DE F`` in the middle."""
        ar, proof = self.arithmetic, self.proof
        jacobian = proof.system.jacobian(self.middle)
        return ar.matrix_product(proof.preconditioner, ar.matrix_product(jacobian, proof.frame))

    @cached_property
    def _deviation(self) -> Matrix:
        """``-R``, for the box as it was given."""
        return _less_identity(self.arithmetic, self._slopes(self.thickness))

    def _slopes(self, thickness: Vector) -> Matrix:
        """``C DE F`` at all points of the part whose ``w`` is not farther from ``v`` than that."""
        ar, size = self.arithmetic, len(self.proof.frame)
        turned = matrix.apply(ar, self.proof.bend_rows, [*self.offsets, *thickness])
        rows = [turned[i : i + size] for i in range(0, len(turned), size)]
        return matrix.add(self._slope, rows)

    # ------------------------------------------------------------------ the patch, once the chart is proved

    def z(self) -> Vector:
        """All points of the part."""
        return self.proof.at(self.s, self.w)

    @cached_property
    def velocities(self) -> list[Vector] | None:
        """``z_1`` and ``z_2``, the derivatives by ``s_1`` and ``s_2``; None if ``M`` may be singular."""
        ar, proof = self.arithmetic, self.proof
        slopes = self._slopes(_minus(self.w, self.v))
        deviation, right = _less_identity(ar, slopes), [row[:SIDES] for row in slopes]
        # D times the box [-r, r] reaches from -sum_j |D_ij| r_j to the sum.
        room = _minus(proof.radius, matrix.apply(ar, deviation, proof.box))
        if not all(ar.positive(v) for v in room):
            return None
        sizes = [[b / v] for row, v in zip(right, room, strict=True) for b in row]
        if not ar.all_finite(sizes):
            return None
        beta = ar.constant(ar.largest_absolute_sum(sizes))
        across = [[beta * side] * SIDES for side in proof.box]
        for _ in range(SHARPENED):
            across = [[-v for v in row] for row in matrix.add(right, ar.matrix_product(deviation, across))]
        return matrix.transpose(matrix.add(proof.tangents, ar.matrix_product(proof.normals, across)))

    def point(self) -> PatchPoint | None:
        """The SAM map on the part of the patch; None if the part is too large."""
        if self.velocities is None:
            return None
        ar, proof = self.arithmetic, self.proof
        t = [ar.centre(side) for side in self.s]
        middle = proof.at(t, self._krawczyk(self._newton))
        return PatchPoint(proof.system, self.z(), middle, self.velocities, self.offsets)


def _less_identity(ar: BallArithmetic, slopes: Matrix) -> Matrix:
    """``C DE N - I``."""
    rows, one = [row[SIDES:] for row in slopes], ar.constant(Fraction(1))
    for i, row in enumerate(rows):
        row[i] = row[i] - one
    return rows


def _minus(a: Sequence[Ball], b: Sequence[Ball]) -> Vector:
    """``a - b``."""
    return [x - y for x, y in zip(a, b, strict=True)]
