"""Claims ``basin`` and ``converges`` in residual form: from which starts SAM converges to the manifold of solutions.

A SAM step is ``x' = x - eta B(x)^T y(x)/n`` with ``y = r(x+)`` and ``B = Dr(x+)``; let ``A = Dy``. Let V be a
nonsingular matrix (real eigenvectors of the tangent kernel, as floats), ``|y|_V = |V^-1 y|``, and Omega the ball
``|x - x*| <= R``. Suppose that g is not 0 on Omega and, for all x and x' of it,

    |V^-1 (I - E A(x') B(x)^T/n) V|_2 <= kappa < 1,    |B(x)^T V|_2/n <= b,    |V^-1 A(x)|_2 <= a.

For a step ``eta = t E``, 0 < t <= 1, as long as the segment from x to x' is in Omega, ``y(x') = (I - eta Abar B^T/n)
y(x)`` with a mean Abar of A along it, and ``I - t E K = (1 - t) I + t (I - E K)``: ``|y|_V`` falls to at most
``1 - t (1 - kappa)`` of what it was. So the path from ``x_0`` has at most the length ``E b |y(x_0)|_V/(1 - kappa)``, a
geometric series. If that and ``|x_0 - x*|`` are together at most R, all of it stays in Omega, by induction; it has a
limit with y = 0 and g != 0, a point of the manifold of solutions. As ``|y(x_0)|_V <= a |x_0 - x*|``, every start with
``|x_0 - x*| <= R/(1 + E a b/(1 - kappa))`` is one.

All three are enclosed on one box around Omega. Mean value forms are not used here: in them x and x' would be one point.
Inputs of `basin`: ``step`` (E), ``basis`` (V by rows), ``size`` (R), ``bound`` (kappa), ``descent`` (b), ``slope`` (a).
Numbers: ``contraction`` (the first norm at ``x*``), ``radius`` of the ball of starts, and ``path``, which is
``E b |V^-1|_2/(1 - kappa)``: the path has at most the length ``path |y(x_0)|``. Numbers of `converges`: ``distance``
(``|x_N - x*|``) and ``residual`` (``|y(x_N)|``).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.balls.matrix import inverse
from hallucert.check.attraction.norms import root, spectral_norm
from hallucert.check.claim import Enclosure
from hallucert.check.point.rule import Evidence, Inputs, Numbers
from hallucert.check.problem import Point
from hallucert.check.reason import Reason


@dataclass(frozen=True)
class Norms:
    """The three norms on a box around Omega, or at ``x*``."""

    contraction: Enclosure
    descent: Enclosure  # |B^T V|_2 / n
    slope: Enclosure  # |V^-1 A|_2


@dataclass(frozen=True)
class ResidualContraction:
    """The norm that V makes, and the step E."""

    evidence: Evidence
    basis: Matrix
    back: Matrix
    step: Fraction

    def around(self, size: Fraction) -> Point:
        """Everything about a box around Omega, in balls."""
        ar, point = self.evidence.arithmetic, self.evidence.point
        return Point(ar, point.problem, [x + ar.interval(-size, size) for x in point.x])

    def norms(self, point: Point) -> Norms | None:
        """Enclose the norms for all points of a box; None if one is indeterminate, f is not defined, or g may be 0."""
        ar = self.evidence.arithmetic
        if not (point.domain_certain and ar.positive(point.q)):  # the step of USAM is defined where g = 0, too
            return None
        a, b = point.residual_matrix, point.residual_jacobian_plus
        if not (ar.all_finite(a) and ar.all_finite(b)):
            return None
        part = ar.constant(1 / point.objective.n)
        left = ar.matrix_product(self.back, a)
        right = matrix.scale(part, ar.matrix_product(matrix.transpose(b), self.basis))
        moved = matrix.scale(ar.constant(self.step), ar.matrix_product(left, right))
        rest = matrix.subtract(matrix.identity(ar, len(moved)), moved)
        found = [spectral_norm(ar, rows) for rows in (matrix.transpose(rest), matrix.transpose(right), left)]
        if found[0] is None or found[1] is None or found[2] is None:
            return None
        return Norms(found[0], found[1], found[2])


def contraction_of(evidence: Evidence, inputs: Inputs) -> ResidualContraction | None:
    """Return the contraction of a step and a basis; None if they make no sense."""
    m, flat, ar = evidence.point.objective.residual_count, inputs["basis"], evidence.arithmetic
    if not evidence.residual_form or inputs["step"] <= 0 or len(flat) != m * m:
        return None
    v = matrix.from_rationals(ar, [flat[i * m : (i + 1) * m] for i in range(m)])
    back = inverse(ar, v)
    return None if back is None else ResidualContraction(evidence, v, back, inputs["step"])


def measure(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Show that the residuals contract on Omega; enclose the contraction at ``x*``, the radius and the path."""
    ar, size, bound, contraction = (
        evidence.arithmetic,
        inputs["size"],
        inputs["bound"],
        contraction_of(evidence, inputs),
    )
    if contraction is None or size <= 0 or not 0 < bound < 1:
        return Reason.NEEDS_PREMISES
    at_point, shrink = contraction.norms(evidence.point), spectral_norm(ar, contraction.back)
    if at_point is None or shrink is None:
        return Reason.PRECISION
    norms, descent, slope = contraction.norms(contraction.around(size)), inputs["descent"], inputs["slope"]
    if norms is None or norms.contraction.upper > bound or norms.descent.upper > descent or norms.slope.upper > slope:
        return Reason.STEP
    path = ar.constant(inputs["step"] * descent / (1 - bound))
    radius = ar.constant(size) / (ar.constant(Fraction(1)) + path * ar.constant(slope))
    reach = path * ar.interval(shrink.lower, shrink.upper)
    ends = {"radius": radius, "path": reach}
    if not all(map(ar.is_finite, ends.values())):
        return Reason.PRECISION
    return {"contraction": at_point.contraction} | {name: Enclosure(*ar.endpoints(v)) for name, v in ends.items()}


def measure_arrival(evidence: Evidence, x: list[Ball], ar: BallArithmetic) -> Enclosure | None:
    """Enclose ``|r(x+)|`` at a point; None if it is indeterminate."""
    point = Point(ar, evidence.point.problem, x)
    square = matrix.sum_of_squares(ar, point.shifted_residual)
    return root(Enclosure(*ar.endpoints(square))) if point.domain_certain and ar.is_finite(square) else None
