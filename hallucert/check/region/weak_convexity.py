"""Claim ``weakly_convex``: on a box ``f`` is weakly convex with a modulus below ``1/rho``, so USAM has no points there.

*Theorem.* Let ``B`` be convex and ``J(y) = I + rho H(y)`` positive definite at every ``y`` in ``B``. Then no ``x`` in
``B`` with ``g(x) != 0`` has ``x+ = x + rho g(x)`` in ``B`` and ``g(x+) = 0``.
*Proof.* Put ``F(y) = y + rho g(y)``, whose derivative is ``J``. For ``y != z`` in ``B``, with ``w = y - z``,

    <F(y) - F(z), w> = integral over 0 <= t <= 1 of w^T J(z + t w) w  >  0,

so ``F`` is injective on ``B``. A critical point ``c`` in ``B`` has ``F(c) = c``. If ``F(x) = c`` then ``x = c``, where
``g = 0``.

The hypothesis, ``H > -I/rho``, says that ``f`` is weakly convex on a compact ``B`` with a modulus below ``1/rho``. It
is proved on the pieces of a subdivision of the box. Refuted: at some point of the box ``J`` has a negative eigenvalue,
so that the theorem does not apply; this does not prove that there are hallucinated points.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.balls.inertia import inertia, is_positive_definite
from hallucert.check.claim import Claim, Status
from hallucert.check.reason import Reason
from hallucert.check.subdivision import Box, Criteria, Subdivision, is_defined, lies_in
from hallucert.decimals import decimal_below
from hallucert.exact import format_rational
from hallucert.objectives.objective import Objective

NAME = "weakly_convex"
QUESTION = "Is I + rho Hess f positive definite on the box, so that USAM has no hallucinated points with targets there?"


@dataclass(frozen=True)
class WeakConvexity:
    """What is asked: about one `rho`, and a box of `d` intervals with rational ends."""

    arithmetic: BallArithmetic
    objective: Objective
    rho: Fraction
    box: Box

    def jacobian(self, x: list[Ball]) -> Matrix:
        """``I + rho H``."""
        ar = self.arithmetic
        return matrix.add(
            matrix.identity(ar, len(x)), matrix.scale(ar.constant(self.rho), self.objective.enclose_hessian(ar, x))
        )

    def holds(self, x: list[Ball]) -> bool:
        """Whether it is certainly positive definite on a box, and ``f`` defined there."""
        ar = self.arithmetic
        return is_defined(ar, self.objective, x) and is_positive_definite(ar, self.jacobian(x))

    def fails(self, point: list[Fraction]) -> bool:
        """Whether it certainly has a negative eigenvalue at a point of the box, where ``f`` is defined."""
        ar, x = self.arithmetic, [self.arithmetic.constant(v) for v in point]
        if not lies_in([(v, v) for v in point], self.box):
            return False
        return is_defined(ar, self.objective, x) and inertia(ar, self.jacobian(x)).negative > 0

    @property
    def tests(self) -> Criteria[list[Ball]]:
        """What settles a piece of the box: positive definite."""
        return Criteria(self.arithmetic, lambda piece, balls: balls, {"p": self.holds})

    def claim(self, found: Subdivision | list[Fraction] | Reason, max_boxes: int) -> Claim:
        """Make the claim, from a subdivision that shows it, from a point that refutes it, or open."""
        if isinstance(found, Subdivision):
            found = self.tests.settle(found, self.box, max_boxes) or found
        shown = format_rational(self.rho)
        if isinstance(found, list) and self.fails(found):
            place = ", ".join(map(decimal_below, found))
            return Claim(
                NAME,
                Status.REFUTED,
                f"I + rho Hess f is not positive definite on the box for rho = {shown}: it has a negative eigenvalue "
                f"at a point near ({place}). The theorem does not apply; whether there are hallucinated points is not "
                "said.",
            )
        if not isinstance(found, Subdivision):
            return Claim(
                NAME, Status.UNDECIDED, QUESTION, reason=Reason.TIME if found is Reason.TIME else Reason.PRECISION
            )
        sides = " x ".join(f"[{format_rational(low)}, {format_rational(high)}]" for low, high in self.box)
        return Claim(
            NAME,
            Status.PROVED,
            f"I + rho Hess f is positive definite on {sides} for rho = {shown}, so x -> x + rho grad f(x) is injective "
            "there: no x in the box with grad f(x) != 0 has a critical point of f in the box as x + rho grad f(x).",
        )
