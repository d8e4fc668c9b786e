"""Which way rho goes along an arc, and its nondegenerate folds.

Along an arc ``z(s)`` of a proved cell ``phi = <x - c, x'>`` is ``rho rho'``. Its sign is that of the tangential
determinant ``D``, times a sign that is constant on the cell. Where D keeps a sign rho is strictly monotone. Where
``D'`` keeps a sign, D has at most one zero, and exactly one if its signs at the two ends differ: a simple one, so a
nondegenerate fold. There ``phi'/(rho |x'|^2)``, with ``phi' = |x'|^2 + <x - c, x''>``, does not depend on the
parametrisation: it is the second derivative of rho by the arclength of x.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hallucert.balls.facade import Ball
from hallucert.check.branch.cell import CellProof, arc_box
from hallucert.check.branch.determinant import along_arc, determinant_slope, orientation, tangential_determinant
from hallucert.check.branch.system import Vector
from hallucert.exact import round_down, round_up

GROWING, FALLING, FOLD = "growing", "falling", "fold"
NEWTON_STEPS = 12


@dataclass(frozen=True)
class FoldNumbers:
    """``rho`` at a fold and the second derivative of rho by the arclength of x there."""

    rho: Ball
    second_derivative: Ball


def turning(proof: CellProof, low: Fraction, high: Fraction, w: Vector) -> str | None:
    """Return what rho certainly does on a part of the span where `w` encloses ``w(s)``; None if undecided."""
    ar = proof.arithmetic
    found = along_arc(proof, low, high, w)
    if ar.nonzero(found.value):
        return way(proof, found.value)
    if found.slope is None or not ar.nonzero(found.slope):
        return None
    first, last = determinant_at(proof, low), determinant_at(proof, high)
    if not (ar.nonzero(first) and ar.nonzero(last)):
        return None
    return FOLD if ar.positive(first) != ar.positive(last) else way(proof, first)


def way(proof: CellProof, determinant: Ball) -> str | None:
    """Return which way rho goes where ``D`` has this sign, which must be certain."""
    sign = orientation(proof)
    if sign == 0:
        return None
    return GROWING if proof.arithmetic.positive(determinant) == (sign > 0) else FALLING


def determinant_at(proof: CellProof, s: Fraction) -> Ball:
    """Enclose ``D`` at one ``s``."""
    return tangential_determinant(proof.system, proof.section(s))


def fold_numbers(proof: CellProof, low: Fraction, high: Fraction) -> FoldNumbers | None:
    """Prove that the arc has exactly one fold, nondegenerate, with ``s`` in ``[low, high]``, and return its numbers."""
    ar = proof.arithmetic
    s, _, z = arc_box(proof, low, high, proof.box, steps=40)
    slope = determinant_slope(proof, s, z)
    first, last = determinant_at(proof, low), determinant_at(proof, high)
    signs = (ar.positive(first) and ar.negative(last)) or (ar.negative(first) and ar.positive(last))
    velocity = proof.velocity(z, s)
    if slope is None or velocity is None or not (ar.nonzero(slope) and signs):
        return None
    acceleration = proof.acceleration(z, velocity)
    if acceleration is None:
        return None
    square = ar.dot(velocity[:-1], velocity[:-1])
    rho = proof.system.radius(z)
    return FoldNumbers(rho, (square + ar.dot(proof.system.offset(z), acceleration[:-1])) / (rho * square))


def narrowed_fold(proof: CellProof, low: Fraction, high: Fraction) -> tuple[Fraction, Fraction]:
    """Return a short part of ``[low, high]``, which holds one fold, that still holds it with room at both ends.

    Interval Newton: the fold lies in ``t - D(t)/D'([low, high])``.
    """
    ar = proof.arithmetic
    outer, w = (low, high), proof.box
    for _ in range(NEWTON_STEPS):
        s, w, z = arc_box(proof, low, high, w, steps=40)
        slope, t = determinant_slope(proof, s, z), round_down((low + high) / 2, 80)
        if slope is None or not ar.nonzero(slope):
            break
        step = determinant_at(proof, t) / slope
        if not ar.is_finite(step):
            break
        left, right = max(low, t - ar.upper(step)), min(high, t - ar.lower(step))
        if not left < right or right - left > (high - low) / 2:
            break
        low, high = round_down(left, 80), round_up(right, 80)
    # Room for the signs of D at the ends in any arithmetic: far more than rounding, far less than 1e-8.
    room = max(4 * (high - low), (outer[1] - outer[0]) / 2**36)
    low, high = round_down((low + high) / 2 - room, 60), round_up((low + high) / 2 + room, 60)
    return max(outer[0], low), min(outer[1], high)
