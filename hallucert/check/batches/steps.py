"""The linearised steps of mini-batch SAM around ``x*``, in a norm: what the theorems about attraction enclose.

A step with batch b is ``x' = x - eta B_b(x)^T y_b(x)/n_b`` with ``B_b = Dr_b(x_b+)`` and ``y = (y_b)_b =
(r_b(x_b+))_b``; let ``A = Dy``. If the segment from x to x' lies in a convex set Omega, the mean of A along it lies in
every convex set of matrices that holds A on Omega, and ``y(x') = (I - eta K_b) y(x)`` with ``K_b = Abar B_b(x)^T
E_b/n_b``, where ``E_b`` selects the residuals of b. Let V be a nonsingular matrix and ``|y|_V = |V^-1 y|``. In the
coordinates ``V^-1 y`` a step with ``eta = E`` is ``T_b = I - E (V^-1 Abar) (B_b^T E_b V/n_b)``, and with ``eta = t E``,
0 < t <= 1, it is ``(1 - t) I + t T_b``. It moves x by at most ``eta b_b |y|_V``, where ``b_b`` bounds ``|B_b^T E_b
V/n_b|_2``.

With ``L = V^-1 A`` and ``W_b = B_b^T E_b V/n_b``, ``T_b = I - E L(x') W_b(x)``. On the ball ``|x - x*| <= R`` it
differs from its value at ``x*``, which is computed in balls, by E times ``(L(x') - L) W_b + L (W_b(x) - W_b) + (L(x') -
L)(W_b(x) - W_b)``. By the mean value theorem an entry of the first two changes by at most R times the 2-norm of its
derivative on a box around the ball, a row of L and a column of W_b likewise, and the last is bounded by products of
these. That holds for means of ``L(x')``, too. The derivatives are array programs
(`hallucert.check.attraction.manifold.around`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import cast

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.facade import BallArithmetic, Matrix
from hallucert.balls.matrix import inverse
from hallucert.balls.midrad import MidRad
from hallucert.balls.midrad.rounding import UP, Doubles
from hallucert.balls.symmetric import extreme_eigenvalues
from hallucert.check.attraction.manifold.around import Around, derivatives, norms, rounded
from hallucert.check.attraction.manifold.ascent_programs import AscentPrograms
from hallucert.check.attraction.norms import root, spectral_norm
from hallucert.check.batches.problem import BatchPoint, BatchProblem
from hallucert.check.claim import Enclosure
from hallucert.check.point.rule import Evidence, Inputs
from hallucert.check.problem import Problem
from hallucert.errors import DomainError
from hallucert.exact import float_above


@dataclass(frozen=True)
class Steps:
    """The steps of all batches at the points of a box.

    `turned` are the ``T_b``, `descents` enclose ``|B_b^T E_b V/n_b|_2``, and `slope` encloses ``|V^-1 A|_2``.
    """

    arithmetic: BallArithmetic
    turned: list[Matrix]
    descents: list[Enclosure]
    slope: Enclosure

    def mean_square(self, probabilities: tuple[Fraction, ...]) -> tuple[Enclosure, Enclosure] | None:
        """Enclose the roots of the smallest and the largest eigenvalue of ``sum p_b T_b^T T_b``.

        Each T_b may be any matrix of its enclosure, another one for each batch.
        """
        ar, total = self.arithmetic, None
        for p, rows in zip(probabilities, self.turned, strict=True):
            square = matrix.scale(ar.constant(p), ar.matrix_product(matrix.transpose(rows), rows))
            total = square if total is None else matrix.add(total, square)
        if total is None or not ar.all_finite(total):
            return None
        found = extreme_eigenvalues(ar, matrix.symmetric_part(ar, total))
        return None if found is None else (root(Enclosure(*found[0])), root(Enclosure(*found[1])))


@dataclass(frozen=True)
class BatchNorm:
    """The norm that V makes, and the step E."""

    evidence: Evidence
    basis: Matrix
    back: Matrix
    step: Fraction

    @cached_property
    def parts(self) -> list[tuple[Problem, list[int]]]:
        """The problem of each batch, and which of the residuals are its own, batch after batch."""
        found, done = list[tuple[Problem, list[int]]](), 0
        for part in cast(BatchProblem, self.evidence.point.problem).parts:
            count = part.objective.residual_count
            found.append((part, list(range(done, done + count))))
            done += count
        return found

    @cached_property
    def _factors(self) -> tuple[Matrix, list[Matrix]]:
        """``L = V^-1 A`` and each ``W_b = B_b^T E_b V/n_b``, at ``x*``."""
        ar, point = self.evidence.arithmetic, cast(BatchPoint, self.evidence.point)
        rights = []
        for here, (part, own) in zip(point.parts, self.parts, strict=True):
            product = ar.matrix_product(matrix.transpose(here.residual_jacobian_plus), [self.basis[i] for i in own])
            rights.append(matrix.scale(ar.constant(1 / part.objective.n), product))
        return ar.matrix_product(self.back, point.residual_matrix), rights

    @cached_property
    def at_point(self) -> Steps | None:
        """The steps at ``x*``; None if something is indeterminate."""
        ar, (left, rights) = self.evidence.arithmetic, self._factors
        minus, one = ar.constant(-self.step), matrix.identity(ar, len(left))
        turned = [matrix.add(one, matrix.scale(minus, ar.matrix_product(left, right))) for right in rights]
        slope, descents = spectral_norm(ar, left), [spectral_norm(ar, matrix.transpose(right)) for right in rights]
        known = [descent for descent in descents if descent is not None]
        return None if slope is None or len(known) < len(descents) else Steps(ar, turned, known, slope)

    def around(self, size: Fraction) -> Steps | None:
        """The steps on the ball ``|x - x*| <= size``.

        None if some f_b is not certainly defined, a gradient, of f or of a batch, may be 0, or nothing is bounded.
        """
        ar, point, here = self.evidence.arithmetic, self.evidence.point, self.at_point
        box = [x + ar.interval(-size, size) for x in point.x]
        around = cast(BatchPoint, point.problem.at(ar, box))
        defined = around.domain_certain and all(ar.positive(part.q) for part in around.parts)
        if here is None or not (defined and ar.positive(matrix.sum_of_squares(ar, around.gradient))):
            return None
        try:
            rows, changes = self._changes(size)
        except DomainError:
            return None
        turned = [
            [[t + ar.interval(-Fraction(c), Fraction(c)) for t, c in zip(*both, strict=True)] for both in pairs]
            for pairs in (
                zip(t, change.tolist(), strict=True) for t, (change, _) in zip(here.turned, changes, strict=True)
            )
        ]
        descents = [_wider(b, _size(columns)) for b, (_, columns) in zip(here.descents, changes, strict=True)]
        return Steps(ar, turned, descents, _wider(here.slope, _size(rows)))

    @cached_property
    def _programs(self) -> list[AscentPrograms]:
        """What derivatives are enclosed by, of each batch; `DomainError` if there are none."""
        return [AscentPrograms.of(part) for part, _ in self.parts]

    def _changes(self, size: Fraction) -> tuple[Doubles, list[tuple[Doubles, Doubles]]]:
        """Bound how much L changes on the ball, row by row, and for each batch T_b by entries and W_b by columns."""
        ar, (left, rights), x, reach = self.evidence.arithmetic, self._factors, self.evidence.point.x, float_above(size)
        back, v, here = (rounded(ar, rows) for rows in (self.back, self.basis, left))
        around = Around.ball(len(x), size)
        found = [
            derivatives(part.at(ar, x), programs, around, back[:, own], MidRad.number(1 / part.objective.n) * v[own].T)
            for (part, own), programs in zip(self.parts, self._programs, strict=True)
        ]
        of_left = found[0][0]
        for more, _ in found[1:]:
            of_left = of_left + more
        rows = reach * norms(of_left.reshape(len(of_left), -1), -1) * UP
        changes = []
        for right, (_, of_right) in zip(rights, found, strict=True):
            w = rounded(ar, right)
            turned = norms(w.T @ of_left, -1) + norms(here @ of_right, -1).T
            columns = reach * norms(of_right.reshape(len(of_right), -1), -1) * UP
            change = (reach * turned * UP + np.outer(rows, columns)) * float_above(self.step) * UP
            changes.append((change * UP, columns))
        return rows, changes


def _size(entries: Doubles) -> Fraction:
    """Bound the 2-norm of a vector."""
    return Fraction(float(norms(entries, 0)))


def _wider(norm: Enclosure, change: Fraction) -> Enclosure:
    """Return where a norm is on the ball."""
    return Enclosure(max(norm.lower - change, Fraction(0)), norm.upper + change)


def norm_of(evidence: Evidence, inputs: Inputs) -> BatchNorm | None:
    """Return the norm of a basis, and the step; None if they make no sense."""
    m, flat, ar = evidence.point.objective.residual_count, inputs["basis"], evidence.arithmetic
    if inputs["step"] <= 0 or len(flat) != m * m:
        return None
    v = matrix.from_rationals(ar, [flat[i * m : (i + 1) * m] for i in range(m)])
    back = inverse(ar, v)
    return None if back is None else BatchNorm(evidence, v, back, inputs["step"])


def probabilities_of(evidence: Evidence) -> tuple[Fraction, ...]:
    """Return the probabilities of the batches."""
    return cast(BatchPoint, evidence.point).batches.probabilities
