"""Claim ``existence``: exactly one hallucinated stationary point in an explicit box (Krawczyk's test).

Gradient system: ``F(x) = g(x + rho u(x))``, ``DF = M = H(x+) J``. Residual system: ``G(z) = r((x0 + S z)+)``,
``DG = A S``. With a preconditioner ``C`` and the box ``Z`` around 0,

    K(Z) = -C G(0) + (I - C [DG(Z)]) Z    in the interior of Z

proves exactly one zero in ``Z`` and that every matrix of ``[DG(Z)]`` is nonsingular. ``G`` is smooth on ``Z``
because its enclosure is finite there, which needs ``g != 0``; that ``f`` itself is defined at ``x*`` and ``x*+``
is checked on the final enclosure by running the function's own tape. Under USAM, ``x+ = x + rho g(x)``, ``G`` is
smooth where ``g = 0`` too, and ``x*`` may be an ordinary critical point: `nonstationary` tells.
Refuted (for a box that the caller fixed): ``K(Z)`` and ``Z`` are disjoint, or some component of ``G`` excludes 0
on ``Z``. Number: ``offset``, an interval that contains every coordinate of ``x* - centre``.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from fractions import Fraction

from hallucert.balls import matrix
from hallucert.balls.facade import BallArithmetic, Matrix
from hallucert.balls.krawczyk import KrawczykOperator
from hallucert.check.claim import Claim, Enclosure, Sentence, Status
from hallucert.check.point.rule import Conclusion, Evidence, Facts, Inputs, Numbers, Rule, Vector, Witness
from hallucert.check.problem import Balls, Kept, Point, Problem
from hallucert.check.reason import Reason
from hallucert.exact import round_down, round_up

Box = Sequence[tuple[Fraction, Fraction]]

WELL_BELOW = 4
"""Bits by which the enclosure of ``x*`` is narrower than that of a prover with half of the bits."""


class System:
    """The map ``G`` of a witness and its Jacobian, in balls, with the exact `slice` ``S``; None for the identity.

    `at_centre` are the SAM quantities at ``x0``, if they are known.
    """

    def __init__(
        self,
        arithmetic: BallArithmetic,
        problem: Problem,
        centre: Vector,
        slice: Matrix | None,
        at_centre: Point | None = None,
    ) -> None:
        self.arithmetic, self.problem = arithmetic, problem
        self.exact_centre, self.slice = centre, slice
        self.centre = [arithmetic.constant(c) for c in centre]
        size = len(centre) if slice is None else len(slice[0])
        self.origin = [arithmetic.constant(Fraction(0))] * size
        self._at_centre = at_centre
        self._last: Kept[Point] = Kept()

    @classmethod
    def of(cls, arithmetic: BallArithmetic, problem: Problem, witness: Witness) -> System:
        """Return the equations of a witness."""
        rows = None if witness.slice is None else matrix.from_rationals(arithmetic, witness.slice)
        return cls(arithmetic, problem, witness.centre, rows)

    def to_x(self, z: Balls) -> Balls:
        """``x0 + S z``."""
        moves = z if self.slice is None else matrix.apply(self.arithmetic, self.slice, z)
        return [c + move for c, move in zip(self.centre, moves, strict=True)]

    @property
    def at_centre(self) -> Point:
        """The SAM quantities at ``x0``."""
        if self._at_centre is None:
            self._at_centre = self.problem.at(self.arithmetic, self.centre)
        return self._at_centre

    def point(self, z: Balls) -> Point:
        """The SAM quantities at ``x0 + S z``; the last one is kept, since ``G`` and ``DG`` are asked together."""
        if all(map(operator.is_, z, self.origin)):
            return self.at_centre
        return self._last.of(z, lambda: self.problem.at(self.arithmetic, self.to_x(z)))

    def value(self, z: Balls) -> Balls:
        """``G(z)``."""
        return self.point(z).equations

    def jacobian(self, z: Balls) -> Matrix:
        """``DG(z)``."""
        jacobian = self.point(z).jacobian
        return jacobian if self.slice is None else self.arithmetic.matrix_product(jacobian, self.slice)

    def operator(self, preconditioner: Sequence[Sequence[Fraction]]) -> KrawczykOperator:
        """Krawczyk's operator of ``G``."""
        return KrawczykOperator(self.arithmetic, self.value, self.jacobian, preconditioner)


def room_of(witness: Witness) -> list[Enclosure]:
    """Return, for each coordinate, where the box of a witness lies: ``x0 +- |S| radius``, with room for rounding.

    No published enclosure of ``x*`` is larger: whatever lies in it is near the only solution there is. The ends are
    dyadic, and at least ``2**-49`` of their size outside of the box, which is far more than a checker's rounding.
    """
    reach = witness.radius
    if witness.slice is not None:
        reach = tuple(_absolute_sum(row, witness.radius) for row in witness.slice)
    slack = [(abs(c) + r) / 2**48 for c, r in zip(witness.centre, reach, strict=True)]
    return [
        Enclosure(round_up(c - r - s, 64), round_down(c + r + s, 64))
        for c, r, s in zip(witness.centre, reach, slack, strict=True)
    ]


def stays_inside(box: Box, witness: Witness) -> bool:
    """Tell whether a published enclosure lies in the box of the witness."""
    pairs = zip(box, room_of(witness), strict=True)
    return all(room.lower <= low and high <= room.upper for (low, high), room in pairs)


def _absolute_sum(row: Vector, radius: Vector) -> Fraction:
    """Return the sum of ``|s| r`` exactly, over one denominator: most are powers of two."""
    pairs = list(zip(row, radius, strict=True))
    common = math.lcm(*{s.denominator * r.denominator for s, r in pairs})
    parts = (abs(s.numerator) * r.numerator * (common // (s.denominator * r.denominator)) for s, r in pairs)
    return Fraction(sum(parts), common)


def relocate(arithmetic: BallArithmetic, problem: Problem, witness: Witness) -> Point | Reason:
    """Prove existence in the box of a witness; return ``x*`` as tightly as half of the bits allow.

    No prover had more of them; `WELL_BELOW` leaves room for another arithmetic.
    """
    return enclosed(System.of(arithmetic, problem, witness), witness, arithmetic.precision // 2 + WELL_BELOW)


def enclosed(equations: System, witness: Witness, bits: int | None = None) -> Point | Reason:
    """Apply Krawczyk's test to the box of a witness, and enclose ``x*`` tightly, to so many `bits` or to all."""
    operator = equations.operator(witness.preconditioner)
    test = operator.image([Fraction(0)] * witness.unknowns, witness.radius)
    return in_domain(equations, operator.tighten(test, bits=bits)) if test.proved else Reason.PRECISION


def in_domain(equations: System, z: Balls) -> Point | Reason:
    """Return the SAM quantities at ``x0 + S z``, after checking that ``f`` is defined there and on its image."""
    point = equations.problem.at(equations.arithmetic, equations.to_x(z))
    return point if point.domain_certain else Reason.DOMAIN


def excludes(equations: System, witness: Witness) -> bool:
    """Tell whether certainly ``G`` does not vanish on the box, or Krawczyk's image of the box is disjoint from it."""
    ar = equations.arithmetic
    box = [ar.interval(-r, r) for r in witness.radius]
    value = equations.value(box)
    if all(ar.is_finite(v) for v in value) and any(ar.nonzero(v) for v in value):
        return True
    image = equations.operator(witness.preconditioner).image([Fraction(0)] * witness.unknowns, witness.radius).image
    return bool(image) and any(ar.intersection(k, side) is None for k, side in zip(image, box, strict=True))


def measure(evidence: Evidence, inputs: Inputs) -> Numbers:
    """Bound the distance of ``x*`` from the centre."""
    ar = evidence.arithmetic
    distance = max(ar.magnitude(x - ar.constant(c)) for x, c in zip(evidence.point.x, evidence.centre, strict=True))
    return {"offset": Enclosure(-distance, distance)}


def conclude(facts: Facts, numbers: Numbers, inputs: Inputs) -> Conclusion:
    """State existence and uniqueness in the witness's box; without a number, that it holds no solution."""
    if not numbers:
        refuted = refutation(facts)
        return refuted.status, refuted.said
    about = (facts.rho, facts.problem.equation, facts.witness.place, numbers["offset"].upper)
    return Status.PROVED, Sentence("point.one_solution", about)


def refutation(facts: Facts) -> Claim:
    """The claim that the box holds no solution."""
    about = (facts.rho, facts.problem.equation, facts.witness.place)
    return Claim(RULE.name, Status.REFUTED, Sentence("point.no_solution", about))


RULE = Rule(
    name="existence",
    question="Is there a point x* near the given one with grad f(x* + rho u(x*)) = 0?",
    measure=measure,
    conclude=conclude,
    questions={"usam": "Is there a point x* near the given one with grad f(x* + rho grad f(x*)) = 0?"},
)
