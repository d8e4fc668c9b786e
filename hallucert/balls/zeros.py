"""Searching for a box in which Krawczyk's operator proves a zero, and shrinking one. No check needs this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.krawczyk import (
    Function,
    Jacobian,
    KrawczykOperator,
    KrawczykResult,
    approximate_preconditioner,
)
from hallucert.errors import ArgumentError
from hallucert.exact import round_up

_INFLATION_STEPS = 12


@dataclass(frozen=True)
class ZeroEnclosure:
    """A proved zero: a `box` that contains it, the `result` that proved it, and the `preconditioner` C.

    `contraction` bounds ``|I - C DG(Z)|_inf`` on the box Z of the result.
    """

    box: list[Ball]
    result: KrawczykResult
    contraction: Fraction
    preconditioner: list[list[Fraction]]

    @property
    def centre(self) -> list[Fraction]:
        """The middle of the box that contains exactly one zero."""
        return list(self.result.centre)

    @property
    def radius(self) -> list[Fraction]:
        """Half widths of that box."""
        return list(self.result.radius)


def prove_zero(
    ar: BallArithmetic,
    function: Function,
    jacobian: Jacobian,
    centre: Sequence[Fraction],
    preconditioner: Sequence[Sequence[Fraction]] | None = None,
    *,
    unit: Fraction = Fraction(1),
    relative_floor: Fraction = Fraction(1, 2**60),
    absolute_floor: Fraction = Fraction(1, 2**80),
) -> ZeroEnclosure | None:
    """Prove a zero near `centre` in a small box, or return None: undecided.

    The box is found by inflation: begin with twice the Newton step (but not below the floors), and while the image
    leaves the box, take a box 9/8 of the image in each coordinate.

    By default the preconditioner is the double inverse of the Jacobian's midpoint at `centre`. No radius is below
    ``relative_floor * |centre_i| + absolute_floor * unit``, `unit` the size of the unknowns: rounding needs room.
    """
    centre = list(centre)
    with ar:
        if preconditioner is None:
            matrix = jacobian([ar.constant(c) for c in centre])
            preconditioner = approximate_preconditioner(ar.approximations(matrix))
            if preconditioner is None:
                return None
        c = [list(row) for row in preconditioner]
        operator = KrawczykOperator(ar, function, jacobian, c)
        step = operator.newton_step(centre)
        if step is None:
            return None
        floors = [relative_floor * abs(x) + absolute_floor * unit for x in centre]
        radius = [round_up(max(2 * ar.magnitude(s), f), 30) for s, f in zip(step, floors, strict=True)]
        for steps in range(1, _INFLATION_STEPS + 1):
            result = operator.image(centre, radius, step)
            if result.proved or not result.image:
                break
            wanted = [round_up(s * Fraction(9, 8), 30) for s in result.spread]
            if steps > 2 and any(w > 2**20 * r for w, r in zip(wanted, radius, strict=True)):
                break
            radius = [max(w, f) for w, f in zip(wanted, floors, strict=True)]
        if not result.proved:
            return None
        box = [
            ar.interval(max(ar.lower(k), x - r), min(ar.upper(k), x + r))
            for k, x, r in zip(result.image, centre, radius, strict=True)
        ]
        return ZeroEnclosure(box, result, round_up(ar.largest_absolute_sum(result.defect), 30), c)


def contract(
    ar: BallArithmetic,
    function: Function,
    jacobian: Jacobian,
    box: Sequence[Ball],
    preconditioner: Sequence[Sequence[Fraction]] | None = None,
    max_steps: int = 10,
) -> list[Ball]:
    """Shrink a box that is known to contain a zero, keeping the zero: ``Z <- Z and K(Z)`` about the midpoint.

    Each zero in the box lies in the result; nothing else is claimed. Stops when no side shrinks to half, or after
    `max_steps`. Without a `preconditioner` there is a new one in each step. ArgumentError if the box certainly has no
    zero.
    """
    with ar:
        current = list(box)
        fixed = None if preconditioner is None else KrawczykOperator(ar, function, jacobian, preconditioner)
        if not all(ar.is_finite(x) for x in current):
            raise ArgumentError("box", "<an indeterminate box>", "be finite")
        for _ in range(max_steps):
            ends = [ar.endpoints(x) for x in current]
            centre = [ar.midpoint(ar.constant((low + high) / 2)) for low, high in ends]
            # The exact radius from this centre that covers the box; a point keeps a radius of its last bit.
            size = max(max(abs(low), abs(high)) for low, high in ends) or Fraction(1)
            radius = [
                max(high - c, c - low) or (abs(c) or size) / 2**ar.precision
                for c, (low, high) in zip(centre, ends, strict=True)
            ]
            operator = fixed
            if operator is None:
                inverse = approximate_preconditioner(ar.approximations(jacobian(current)))
                if inverse is None:
                    break
                operator = KrawczykOperator(ar, function, jacobian, inverse)
            image = operator.image(centre, radius).image
            if not image:
                break
            smaller = []
            for old, new in zip(current, image, strict=True):
                common = ar.intersection(old, new)
                if common is None:
                    raise ArgumentError("box", "<a box without a zero>", "contain a zero of the function")
                smaller.append(common)
            widths = [ar.endpoints(x) for x in smaller]
            progress = any(2 * (b - a) <= high - low != 0 for (a, b), (low, high) in zip(widths, ends, strict=True))
            current = [
                x if b - a <= high - low else old
                for x, old, (a, b), (low, high) in zip(smaller, current, widths, ends, strict=True)
            ]
            if not progress:
                break
        return current
