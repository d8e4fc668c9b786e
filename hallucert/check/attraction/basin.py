"""Claim ``basin``: from which starts, and how fast, SAM with a given step converges to ``x*``.

Isolated targets. A SAM step is ``Phi(x) = x - eta F(x)`` with ``D Phi = I - eta M(x)``, ``M(x) = H(x+) J(x)``. Let V be
a nonsingular matrix (the real eigenvectors of ``M(x*)``, as floats) and ``|v|_V = |V^-1 v|``. On the convex set

    Omega = {x* + V w : |w| <= R},    suppose ``|V^-1 (I - eta M(x)) V|_2 <= kappa < 1`` for all x of it.

By the mean value theorem along segments ``|Phi(x) - x*|_V <= kappa |x - x*|_V`` there: Omega is mapped into itself and
SAM converges to ``x*`` from all of it. The same holds for every smaller step ``t eta``, 0 < t <= 1, with the factor
``1 - t (1 - kappa)``, since ``I - t eta M = (1 - t) I + t (I - eta M)``. Omega contains the ball ``|x - x*| <= r`` with
``r = R/|V^-1|_2``. M is enclosed on the pieces of a recorded subdivision of the cube ``|w_i| <= R`` (see `TESTS`).

Made only when asked, for a step. Inputs: ``step`` (eta, dyadic), ``basis`` (V by rows), ``size`` (R), ``bound``
(kappa), ``subdivision``. Numbers: ``contraction`` (the norm at ``x*``) and ``radius`` (r).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, Matrix
from hallucert.balls.matrix import inverse
from hallucert.balls.mean_value import MeanValueArithmetic
from hallucert.check.attraction.norms import spectral_norm
from hallucert.check.claim import Enclosure, Sentence, Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule
from hallucert.check.problem import Point
from hallucert.check.reason import Reason
from hallucert.check.subdivision import Box, Criteria, box_around
from hallucert.objectives.formula import FormulaObjective

MOST_VARIABLES = 4
"""Mean value forms are for so few."""


def measure_basin(evidence: Evidence, inputs: Inputs) -> Numbers | Reason:
    """Show that SAM contracts on Omega; enclose the contraction at ``x*`` and the radius of the ball in Omega."""
    if "subdivision" not in inputs:
        from hallucert.check.attraction.manifold import basin  # with arrays, which isolated points do without

        return basin.measure(evidence, inputs) if "widths" in inputs else Reason.NEEDS_PREMISES
    return measure_set(contraction_of(evidence, inputs), inputs)


def measure_set(contraction: Contraction | None, inputs: Inputs) -> Numbers | Reason:
    """Show the bound on Omega; enclose the norm at ``x*`` and the radius of the ball in Omega."""
    if contraction is None or inputs["size"] <= 0:
        return Reason.NEEDS_PREMISES
    evidence, ar = contraction.evidence, contraction.evidence.arithmetic
    at_point, shrink = contraction.at_point(), spectral_norm(ar, contraction.back)
    if at_point is None or shrink is None or shrink.lower <= 0:
        return Reason.PRECISION
    region = Region(contraction, inputs["size"], inputs["bound"])
    if open_ := region.tests.settle(inputs["subdivision"], region.box, evidence.max_boxes):
        return open_
    radius = Enclosure(*ar.endpoints(ar.constant(inputs["size"]) / ar.interval(shrink.lower, shrink.upper)))
    return {"contraction": at_point, "radius": radius}


@dataclass(frozen=True)
class Contraction:
    """The norm ``|N + L M(x) U|_2`` of the derivative of a step, in coordinates in which ``x = x* + U w``.

    `basis` is U, `left` L and `fixed` N, in balls; `back` takes ``x - x*`` to coordinates. For a step of SAM ``U = V``,
    ``L = -eta V^-1`` and ``N = I``. N may have more columns than ``L M U``, which is added to the first: those of
    coordinates that do not move x.
    """

    evidence: Evidence
    basis: list[list[Ball]]
    back: list[list[Ball]]
    left: list[list[Ball]]
    fixed: list[list[Ball]]

    def at_point(self) -> Enclosure | None:
        """Enclose it at ``x*``; None if it is indeterminate."""
        return self._norm(self.evidence.point)

    def around(self, moves: Iterable[Ball]) -> Point:
        """Everything about points beside ``x*``, in balls."""
        point = self.evidence.point
        x = [a + b for a, b in zip(point.x, moves, strict=True)]
        return point.problem.at(self.evidence.arithmetic, x)

    def on_all(self, size: Fraction) -> Point:
        """Everything about a box around Omega, in balls."""
        ar = self.evidence.arithmetic
        reach = ar.interval(-size, size)
        # The row of V bounds how far x* + V w goes in one coordinate.
        return self.around(reach * ar.sqrt(matrix.sum_of_squares(ar, row)) for row in self.basis)

    def on_piece(self, w: list[Ball]) -> Point:
        """Everything about ``x* + V w`` for w in a box, in mean value forms of w."""
        ar, point = self.evidence.arithmetic, self.evidence.point
        middle = [ar.centre(side) for side in w]
        forms = MeanValueArithmetic(ar, [side - c for side, c in zip(w, middle, strict=True)])
        x = [forms.linear(x + ar.dot(row, middle), row) for x, row in zip(point.x, self.basis, strict=True)]
        return point.problem.at(forms, x)

    def is_bounded(self, point: Point, bound: Fraction) -> bool:
        """Tell whether it is certainly at most `bound` for all x of a point."""
        if not point.domain_certain:
            return False
        found = self._norm(point)
        return found is not None and found.upper <= bound

    def _norm(self, point: Point) -> Enclosure | None:
        """Enclose it for all x of a point, in balls or in mean value forms."""
        turned = self.turned(point)
        if turned is None:
            return None
        if isinstance(point.arithmetic, MeanValueArithmetic):
            turned = [[entry.value for entry in row] for row in turned]
        return spectral_norm(self.evidence.arithmetic, matrix.transpose(turned))

    def turned(self, point: Point) -> Matrix | None:
        """The derivative of a step in coordinates, in the arithmetic of a point; None if it is indeterminate."""
        ar, m = point.arithmetic, point.sam_matrix
        if not all(ar.is_finite(entry) for row in m for entry in row):
            return None
        basis, left, fixed = self.basis, self.left, self.fixed
        if isinstance(ar, MeanValueArithmetic):
            basis, left, fixed = (
                [[ar.number(entry) for entry in row] for row in rows] for rows in (basis, left, fixed)
            )
        moved, d = ar.matrix_product(left, ar.matrix_product(m, basis)), len(basis)
        return [
            [a + b for a, b in zip(row[:d], change, strict=True)] + row[d:]
            for row, change in zip(fixed, moved, strict=True)
        ]


class Region:
    """Omega, where R is `size`, and the bound kappa that is asked for on it."""

    def __init__(self, contraction: Contraction, size: Fraction, bound: Fraction) -> None:
        self.contraction, self.size, self.bound = contraction, size, bound
        self.box = box_around([Fraction(0)] * len(contraction.basis), size)

    @cached_property
    def is_bounded(self) -> bool:
        """Whether the bound holds on a box around Omega, in balls."""
        return self.contraction.is_bounded(self.contraction.on_all(self.size), self.bound)

    @property
    def has_forms(self) -> bool:
        """Whether mean value forms can be had."""
        objective = self.contraction.evidence.point.objective
        return isinstance(objective, FormulaObjective) and len(self.box) <= MOST_VARIABLES

    @property
    def tests(self) -> Criteria[Piece]:
        """What settles a piece of the cube of w."""
        return Criteria(self.contraction.evidence.arithmetic, lambda piece, balls: Piece(self, piece, balls), TESTS)


@dataclass(frozen=True)
class Piece:
    """A piece of the cube ``|w_i| <= R``."""

    region: Region
    piece: Box
    balls: list[Ball]

    def is_outside(self) -> bool:
        """Whether it has no point of Omega."""
        nearest = (max(low, -high, Fraction(0)) for low, high in self.piece)
        return sum(v**2 for v in nearest) > self.region.size**2

    def is_bounded(self) -> bool:
        """Whether the bound holds on it, in mean value forms."""
        contraction = self.region.contraction
        return self.region.has_forms and contraction.is_bounded(contraction.on_piece(self.balls), self.region.bound)

    def is_bounded_at_once(self) -> bool:
        """Whether the bound holds on all of Omega."""
        return self.region.is_bounded


TESTS = {"w": Piece.is_bounded_at_once, "o": Piece.is_outside, "f": Piece.is_bounded}
"""What settles a piece, by its letter: whole, outside, by forms."""


def contraction_of(evidence: Evidence, inputs: Inputs) -> Contraction | None:
    """Return the contraction of a step and a basis; None if they make no sense."""
    d, flat, ar = len(evidence.point.x), inputs["basis"], evidence.arithmetic
    if evidence.residual_form or inputs["step"] <= 0 or len(flat) != d * d:
        return None
    v = matrix.from_rationals(ar, [flat[i * d : (i + 1) * d] for i in range(d)])
    back = inverse(ar, v)
    if back is None:
        return None
    return Contraction(evidence, v, back, matrix.scale(ar.constant(-inputs["step"]), back), matrix.identity(ar, d))


def conclude_basin(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """A contraction on Omega makes a basin."""
    radius, bound = numbers["radius"], inputs["bound"]
    if facts.problem.residual != ("widths" in inputs) or radius.lower <= 0 or bound >= 1:
        return Reason.STEP
    path = inputs["reach"] if facts.problem.residual else None
    return Status.PROVED, Sentence("attraction.basin", (facts.law, radius.lower, inputs["step"], bound, path))


SET = {"step": "dyadic", "basis": "dyadics", "size": "dyadic", "bound": "dyadic"}
"""Inputs that say on which set which norm contracts."""
ON_MANIFOLD = {"blocks": "vector", "weights": "dyadics", "widths": "dyadics", "reach": "dyadic"}

BASIN = Rule(
    name="basin",
    needs="basin",
    question="From which starts does SAM with this step converge to x*?",
    measure=measure_basin,
    conclude=conclude_basin,
    inputs=(SET | {"subdivision": "subdivision"}, SET | ON_MANIFOLD),
)
