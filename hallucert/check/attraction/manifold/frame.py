"""How residuals contract near a manifold of solutions: coordinates for them, and bounds of ``G - E L(x') W(x)``.

A step of SAM is ``x' = x - E B(x)^T y(x)/n`` with ``y = r(x+)`` and ``B = Dr(x+)``; let ``A = Dy``. Basins, with
momentum or without, are shown with matrices ``L = Q A`` and ``W = (B^T V + B_*^T S)/n``, where B_* is B at ``x*``, and
bounds of 2-norms, block by block, at any two points of a set (`hallucert.check.attraction.manifold.around`).

With ``L = L_* + dL`` and ``W = W_* + dW``, the values at ``x*`` being computed in balls, ``L W`` differs from ``L_*
W_*`` by ``dL W_* + L_* dW + dL dW``: by changes of numbers, of which the derivatives are enclosed on the set, and by
products of changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.balls.matrix import inverse
from hallucert.balls.midrad import MidRad
from hallucert.balls.midrad.rounding import UP, Doubles, excess
from hallucert.check.attraction.manifold.around import Around, derivatives, rotation_norm, rounded, squeezed
from hallucert.check.attraction.manifold.ascent_programs import AscentPrograms
from hallucert.check.attraction.norms import root
from hallucert.check.claim import Enclosure
from hallucert.check.point.rule import Evidence, Inputs
from hallucert.check.problem import Point
from hallucert.exact import float_above

Slopes = tuple[MidRad, MidRad]
"""Derivatives of the rows of L and of the columns of W along the directions of a set: each row, entry, direction."""


@dataclass(frozen=True)
class Frame:
    """What ``G - E L(x') W(x)`` is made of, around the point of some evidence, and the blocks of its coordinates.

    Q is `back`, V `basis`, S `still`; None is 0. G is `fixed`. Of a basin Q is the inverse of V, ``S = 0``, ``G = I``.
    """

    evidence: Evidence
    basis: Matrix
    back: Matrix
    blocks: tuple[int, ...]
    step: Fraction
    fixed: Matrix
    still: Matrix | None = None

    @cached_property
    def in_balls(self) -> tuple[Matrix, Matrix]:
        """``L`` and ``W`` at ``x*``."""
        ar, point = self.evidence.arithmetic, self.evidence.point
        part, b = ar.constant(1 / point.objective.n), point.residual_jacobian_plus
        all_of_it = self.basis if self.still is None else matrix.add(self.basis, self.still)
        right = matrix.scale(part, ar.matrix_product(matrix.transpose(b), all_of_it))
        return ar.matrix_product(self.back, point.residual_matrix), right

    @cached_property
    def at_point(self) -> tuple[MidRad, MidRad, MidRad]:
        """``L``, ``W`` and ``G - E L W`` at ``x*``; `DomainError` if they are not finite."""
        ar, (left, right) = self.evidence.arithmetic, self.in_balls
        moved = matrix.scale(ar.constant(self.step), ar.matrix_product(left, right))
        rest = matrix.subtract(self.fixed, moved)
        return rounded(ar, left), rounded(ar, right), rounded(ar, rest)

    def is_hallucinated_on(self, around: Around) -> bool:
        """Tell whether f is certainly analytic at x and ``x+``, and g not 0, on the box around a set."""
        ar, point = self.evidence.arithmetic, self.evidence.point
        widths = (Fraction(width) for width in around.widths.tolist())
        box = [x + ar.interval(-width, width) for x, width in zip(point.x, widths, strict=True)]
        there = Point(ar, point.problem, box)
        return bool(there.domain_certain and ar.positive(there.q))  # the step of USAM is defined where g = 0, too

    @cached_property
    def programs(self) -> AscentPrograms:
        """What derivatives on sets are enclosed by; `DomainError` if there are none."""
        return AscentPrograms.of(self.evidence.point.problem)

    def slopes(self, around: Around) -> Slopes:
        """The derivatives on a set; `DomainError` if there are none."""
        ar, point = self.evidence.arithmetic, self.evidence.point
        scaled = MidRad.number(1 / point.objective.n) * rounded(ar, self.basis).T
        return derivatives(point, self.programs, around, rounded(ar, self.back), scaled)

    def changes(self, around: Around, slopes: Slopes) -> tuple[Doubles, Doubles, Doubles]:
        """Bounds of ``dL W_* + L_* dW``, dL and dW^T by entries, where the derivatives are these."""
        (left, right, _), (of_left, of_right) = self.at_point, slopes
        products = around.change(right.T @ of_left) + around.change(left @ of_right).T  # at [i, j] and at [j, i]
        return products * UP, around.change(of_left), around.change(of_right)

    def contraction(self, products: Doubles, of_left: Doubles, of_right: Doubles) -> Doubles:
        """Bounds of the blocks of ``G - E L W`` by those of the changes."""
        rest = self.at_point[2]
        moved = (products + of_left @ of_right.T * excess(of_left.shape[1]) * UP) * float_above(self.step) * UP
        return (self._diagonal(rest, self.by_blocks(rest, 0, 1)) + self.by_blocks(moved, 0, 1)) * UP

    def by_blocks(self, entries: MidRad | Doubles, *axes: int) -> Doubles:
        """Bounds of the 2-norms of blocks along some axes."""
        return squeezed(entries, self.blocks, *axes)

    def _diagonal(self, rest: MidRad, norms: Doubles) -> Doubles:
        """The same of ``G - E L W``, with sharper bounds of the blocks on the diagonal: rotations are no longer."""
        first = 0
        for i, size in enumerate(self.blocks):
            norms[i, i] = min(norms[i, i], rotation_norm(rest[first : first + size, first : first + size]))
            first += size
        return norms


def coordinates_of(evidence: Evidence, inputs: Inputs, order: int) -> tuple[Matrix, Matrix, tuple[int, ...]] | None:
    """Return a basis of so many vectors, its inverse and its blocks; None if they make no sense."""
    flat, ar = inputs["basis"], evidence.arithmetic
    blocks = tuple(int(size) for size in inputs["blocks"] if size.denominator == 1 and size > 0)
    fits = len(blocks) == len(inputs["blocks"]) and sum(blocks) == order and len(flat) == order**2
    if not (evidence.residual_form and inputs["step"] > 0 and fits):
        return None
    v = matrix.from_rationals(ar, [flat[i * order : (i + 1) * order] for i in range(order)])
    back = inverse(ar, v)
    return None if back is None else (v, back, blocks)


def block_norms(ar: BallArithmetic, w: Sequence[Ball], blocks: Iterable[int]) -> list[Ball]:
    """Enclose the norms of the blocks of a vector."""
    found, first = list[Ball](), 0
    for size in blocks:
        norm = root(Enclosure(*ar.endpoints(matrix.sum_of_squares(ar, w[first : first + size]))))
        found.append(ar.interval(norm.lower, norm.upper))
        first += size
    return found


def weighted(ar: BallArithmetic, norms: Sequence[Ball], weights: Sequence[Fraction]) -> Ball:
    """Enclose the sum of some norms times their weights."""
    terms = (ar.constant(weight) * norm for weight, norm in zip(weights, norms, strict=True))
    return sum(terms, ar.constant(Fraction(0)))
