"""The numbers of the claims about a point on a slice, enclosed in midpoint-radius arrays.

The claims, what they conclude and what their numbers mean are those of every point (`hallucert.check.point`,
`hallucert.check.attraction`); only how the numbers are enclosed differs. ``A`` and ``B`` have ``d`` columns, and what
is needed of them are the products ``A B^T``, ``B B^T`` and ``A A^T``, of size m. What is said of the Hessian, with
d rows, is in `hallucert.check.large.curvature`.

**Projected (C32).** With ``C`` nearly orthonormalizing the rows of B, ``e >= |C B B^T C^T - I|_inf < 1``: as in
`hallucert.check.attraction.projected_c32`, with ``Y J Y^T = C A B^T C^T`` for ``Y = C B``.

**Full rank of A.** Its least singular value is the root of the least eigenvalue of ``A A^T``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np

from hallucert.balls.midrad import MidRad, matrix_vector_upper
from hallucert.balls.midrad.rounding import UP
from hallucert.balls.midrad.spectra import (
    least_eigenvalue,
    orthonormalizer,
    spectrum,
    symmetric_part,
)
from hallucert.check.attraction.attractor import numbers_of
from hallucert.check.claim import Enclosure, Measured, Numbers
from hallucert.check.large.curvature import Curvature, enclosure
from hallucert.check.large.existence import SlicedWitness, Test, refined
from hallucert.check.large.isolated import Matrices
from hallucert.check.large.slice import Runs, Slice
from hallucert.check.point.rule import BY_NAME, Facts
from hallucert.check.reason import Reason
from hallucert.clock import UNLIMITED, Clock, OutOfTime
from hallucert.errors import DomainError
from hallucert.objectives.program.evaluate import Array

ON_A_SLICE = ("scalars", "kernel", "square", "hessian", "curvature", "move")
IN_A_BOX = ("scalars", "jacobian", "target", "perturbation", "direction", "move")
"""The programs that claims need."""


@dataclass(frozen=True)
class SlicedEvidence:
    """What is enclosed about the proved point: ``x* = x(z*)`` with ``z*`` in `z`, midpoint-radius arrays or balls."""

    slice: Slice
    z: Array
    clock: Clock = field(default=UNLIMITED)

    def measured(self, name: str) -> Measured[Facts]:
        """Return a claim with its numbers."""
        try:
            with self.clock.watched():
                self.scalars  # noqa: B018  (raises unless f is defined at x* and x*+, which every claim needs)
                measures = MEASURES if self.slice.problem.residual else ISOLATED
                numbers = measures[name](self) if name in measures else Reason.SIZE
        except OutOfTime:
            numbers = Reason.TIME
        except DomainError:
            numbers = Reason.PRECISION
        return Measured(BY_NAME[name], numbers)

    @cached_property
    def runs(self) -> Runs:
        """The programs at ``x*``."""
        return self.slice.at(self.z, *(ON_A_SLICE if self.slice.problem.residual else IN_A_BOX))

    @cached_property
    def scalars(self) -> list[MidRad]:
        """``|g(x*)|``, ``f(x*)`` and ``f(x*+)``: enclosed, so that f is defined at both points."""
        return self.runs.run("scalars")

    @cached_property
    def curvature(self) -> Curvature:
        """The Hessian at ``x*``, along directions."""
        return Curvature(self.runs, self.scalars[0])

    @cached_property
    def matrices(self) -> Matrices:
        """The matrices at ``x*``, of a function without residuals."""
        return Matrices(self.runs, self.scalars[2])

    @cached_property
    def kernel(self) -> list[MidRad]:
        """``A B^T`` and ``B B^T``."""
        return self.runs.columns("kernel")

    @cached_property
    def orthonormal(self) -> tuple[MidRad, float] | None:
        """``C``, exact, and ``e``; None if B looks rank deficient."""
        c = orthonormalizer(self.kernel[1].mid)
        if c is None:
            return None
        scaling, m = MidRad(c), self.slice.unknowns
        off = (scaling @ self.kernel[1] @ scaling.T - np.eye(m)).magnitude()
        e = float(matrix_vector_upper(off, np.ones(m)).max())
        return (scaling, e) if e < 1 else None


class Evidences:
    """What is enclosed about a proved point, in doubles as far as possible, then in balls alone where that is feasible.

    Existence was proved with the slice, in the box of the witness, as the test showed; claims give up by the clock.
    """

    def __init__(self, slice: Slice, witness: SlicedWitness, test: Test, clock: Clock) -> None:
        self.slice, self.witness, self.test, self.clock = slice, witness, test, clock

    def __iter__(self) -> Iterator[SlicedEvidence]:
        if not self.slice.whole:
            yield self._in_doubles
        if self._in_balls is not None:
            yield self._in_balls

    @cached_property
    def _in_doubles(self) -> SlicedEvidence:
        return SlicedEvidence(self.slice, MidRad(self.witness.middle, self.test.reach), self.clock)

    @cached_property
    def _in_balls(self) -> SlicedEvidence | None:
        """In a box that Newton's method makes as small as balls can tell."""
        slice_ = self.slice if self.slice.whole else self.slice.thorough()
        if slice_ is None:
            return None
        late = MidRad(self.witness.middle, self.test.reach)
        z = self.clock.kept(lambda: refined(slice_, self.witness, self.test.reach), late)
        return SlicedEvidence(slice_, z, self.clock)


def existence(evidence: SlicedEvidence) -> Numbers | Reason:
    """Bound ``|S z*|``, the distance of ``x*`` from ``x0``, in every coordinate."""
    moves = evidence.runs.run("move")
    distance = Fraction(max(float(move.magnitude().max()) for move in moves))
    return {"offset": Enclosure(-distance, distance)}


def nonstationary(evidence: SlicedEvidence) -> Numbers | Reason:
    """Enclose ``|g(x*)|``, ``lambda = |g|/rho`` and ``f(x*)``."""
    q, value, _ = map(enclosure, evidence.scalars)
    rho = evidence.slice.problem.rho
    return {"gradient_norm": q, "multiplier": Enclosure(q.lower / rho, q.upper / rho), "value": value}


def nothing(evidence: SlicedEvidence) -> Numbers | Reason:
    """Nothing to measure: in residual form the target is a global minimizer, and the rest is a conjunction."""
    return {}


def regular(evidence: SlicedEvidence) -> Numbers | Reason:
    """Enclose the least singular value of A."""
    ends = least_eigenvalue(symmetric_part(evidence.runs.columns("square")[0]))
    if ends is None or ends[0] <= 0:
        return Reason.PRECISION
    low, high = Fraction(math.sqrt(ends[0]) * (2 - UP)), Fraction(math.sqrt(ends[1]) * UP)
    return {"smallest_singular_value": Enclosure(low, high)}


def projected_c32(evidence: SlicedEvidence) -> Numbers | Reason:
    """Enclose the least eigenvalue of the symmetric part of J on the row space of B."""
    if evidence.orthonormal is None:
        return Reason.RANK_DEFICIENT
    scaling, e = evidence.orthonormal
    ends = least_eigenvalue(symmetric_part(scaling @ evidence.kernel[0] @ scaling.T))
    if ends is None:
        return Reason.PRECISION
    quotients = [end / (1 + sign * Fraction(e)) for end in ends for sign in (1, -1)]
    return {"smallest_projected_eigenvalue": Enclosure(min(quotients), max(quotients))}


def attractor(evidence: SlicedEvidence) -> Numbers | Reason:
    """Enclose the spectrum of the tangent kernel ``K = A B^T / n``."""
    return numbers_of(spectrum(evidence.kernel[0] * MidRad.number(1 / evidence.slice.f.n)))


MEASURES: Mapping[str, Callable[[SlicedEvidence], Numbers | Reason]] = {
    "existence": existence,
    "nonstationary": nonstationary,
    "target": nothing,
    "regular": regular,
    "hallucinated_minimizer": nothing,
    "sphere_type": lambda evidence: evidence.curvature.sphere_type(),
    "theorem_3_2": lambda evidence: evidence.curvature.theorem_3_2(),
    "projected_c32": projected_c32,
    "attractor": attractor,
}
"""Of a point on a slice."""

ISOLATED: Mapping[str, Callable[[SlicedEvidence], Numbers | Reason]] = {
    "existence": existence,
    "nonstationary": nonstationary,
    "target": lambda evidence: evidence.matrices.target(),
    "regular": lambda evidence: evidence.matrices.regular(),
    "hallucinated_minimizer": nothing,
    "sphere_type": lambda evidence: evidence.matrices.sphere_type(),
    "theorem_3_2": lambda evidence: evidence.matrices.theorem_3_2(),
    "attractor": lambda evidence: evidence.matrices.attractor(),
}
"""Of a point with an isolated target, of a function without residuals."""
