"""The linearised steps of mini-batch SAM around ``x*``, in a norm: what the theorems about attraction enclose.

A step with batch b is ``x' = x - eta B_b(x)^T y_b(x)/n_b`` with ``B_b = Dr_b(x_b+)`` and ``y = (y_b)_b =
(r_b(x_b+))_b``; let ``A = Dy``. If the segment from x to x' lies in a convex set Omega, the mean of A along it lies in
every convex set of matrices that holds A on Omega, and ``y(x') = (I - eta K_b) y(x)`` with ``K_b = Abar B_b(x)^T
E_b/n_b``, where ``E_b`` selects the residuals of b. Let V be a nonsingular matrix and ``|y|_V = |V^-1 y|``. In the
coordinates ``V^-1 y`` a step with ``eta = E`` is ``T_b = I - E (V^-1 Abar) (B_b^T E_b V/n_b)``, and with ``eta = t E``,
0 < t <= 1, it is ``(1 - t) I + t T_b``. It moves x by at most ``eta b_b |y|_V``, where ``b_b`` bounds ``|B_b^T E_b
V/n_b|_2``.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from hallucert.balls import matrix
from hallucert.balls.facade import BallArithmetic, Matrix
from hallucert.balls.matrix import inverse
from hallucert.balls.symmetric import extreme_eigenvalues
from hallucert.check.attraction.norms import root, spectral_norm
from hallucert.check.batches.problem import BatchPoint
from hallucert.check.claim import Enclosure
from hallucert.check.point.rule import Evidence, Inputs


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

    @property
    def at_point(self) -> Steps | None:
        """The steps at ``x*``."""
        return self.steps(cast(BatchPoint, self.evidence.point))

    def around(self, size: Fraction) -> Steps | None:
        """The steps on a box around the ball ``|x - x*| <= size``, where no gradient, of f or of a batch, vanishes."""
        ar, point = self.evidence.arithmetic, self.evidence.point
        box = cast(BatchPoint, point.problem.at(ar, [x + ar.interval(-size, size) for x in point.x]))
        if not ar.positive(matrix.sum_of_squares(ar, box.gradient)):
            return None
        return self.steps(box)

    def steps(self, point: BatchPoint) -> Steps | None:
        """The steps on a box; None if something is indeterminate, some f_b is not defined, or some g_b may be 0."""
        ar = self.evidence.arithmetic
        if not (point.domain_certain and all(ar.positive(part.q) for part in point.parts)):
            return None
        a, done = point.residual_matrix, 0
        if not ar.all_finite(a):
            return None
        left, turned, descents = ar.matrix_product(self.back, a), list[Matrix](), list[Enclosure]()
        slope, minus, one = spectral_norm(ar, left), ar.constant(-self.step), matrix.identity(ar, len(a))
        for part in point.parts:
            b = part.residual_jacobian_plus
            own = self.basis[done : done + len(b)]
            done += len(b)
            right = matrix.scale(ar.constant(1 / part.objective.n), ar.matrix_product(matrix.transpose(b), own))
            descent = spectral_norm(ar, matrix.transpose(right))
            if descent is None or slope is None:
                return None
            descents.append(descent)
            turned.append(matrix.add(one, matrix.scale(minus, ar.matrix_product(left, right))))
        return None if slope is None else Steps(ar, turned, descents, slope)


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
