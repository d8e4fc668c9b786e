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

from fractions import Fraction
from typing import Any

from hallucert.balls import matrix
from hallucert.balls.facade import BallArithmetic
from hallucert.balls.symmetric import inertia, is_positive_definite
from hallucert.check.claim import Claim, Status, undecided
from hallucert.check.problem import is_defined
from hallucert.check.reason import Reason
from hallucert.check.subdivision import Box, balls_of, covers_exactly, middle_of
from hallucert.clock import Clock
from hallucert.exact import decimal_below, format_rational
from hallucert.objectives.objective import Objective

NAME = "weakly_convex"
QUESTION = "Is I + rho Hess f positive definite on the box, so that USAM has no hallucinated points with targets there?"


def prove(ar: BallArithmetic, f: Objective, rho: Fraction, box: Box, max_boxes: int, clock: Clock) -> Claim:
    """Make the claim for one `rho` and a box of `d` intervals with rational ends."""
    one, radius = matrix.identity(ar, len(box)), ar.constant(rho)
    bent: list[list[Fraction]] = []

    def jacobian(x: list[Any]) -> list[list[Any]]:
        return matrix.add(one, matrix.scale(radius, f.enclose_hessian(ar, x)))

    def settled(piece: Box) -> bool:
        if bent:
            return True
        balls, at = balls_of(ar, piece), [ar.constant(v) for v in middle_of(piece)]
        if is_defined(ar, f, balls) and is_positive_definite(ar, jacobian(balls)):
            return True
        if is_defined(ar, f, at) and inertia(ar, jacobian(at)).negative:
            bent.append(middle_of(piece))
        return False

    covered = covers_exactly(box, settled, max_boxes, clock)
    shown = format_rational(rho)
    if bent:
        place = ", ".join(decimal_below(v) for v in bent[0])
        return Claim(
            NAME,
            Status.REFUTED,
            f"I + rho Hess f is not positive definite on the box for rho = {shown}: it has a negative eigenvalue at a "
            f"point near ({place}). The theorem does not apply; whether there are hallucinated points is not said.",
        )
    if not covered:
        return undecided(NAME, QUESTION, Reason.TIME if clock.passed() else Reason.PRECISION)
    sides = " x ".join(f"[{format_rational(low)}, {format_rational(high)}]" for low, high in box)
    return Claim(
        NAME,
        Status.PROVED,
        f"I + rho Hess f is positive definite on {sides} for rho = {shown}, so x -> x + rho grad f(x) is injective "
        "there: no x in the box with grad f(x) != 0 has a critical point of f in the box as x + rho grad f(x).",
    )
