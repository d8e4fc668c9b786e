"""A zero near a centre: the smallest box that proves it, the largest in which it is unique, and its tight enclosure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.krawczyk_operator import (
    Function,
    Jacobian,
    KrawczykResult,
    _newton_step,
    approximate_preconditioner,
    image_from_step,
    krawczyk_image,
)
from hallucert.balls.matrix import midpoints
from hallucert.errors import ArgumentError
from hallucert.exact import round_up

__all__ = [
    "Function",
    "Jacobian",
    "KrawczykResult",
    "ZeroEnclosure",
    "ZeroFailure",
    "approximate_preconditioner",
    "contract",
    "krawczyk_image",
    "prove_zero",
]

_INFLATION_STEPS = 12
_NEAR = Fraction(5, 4)
"""The uniqueness radius is settled to within this factor."""


@dataclass(frozen=True)
class ZeroEnclosure:
    """A proved zero. ``bool()`` is True.

    Attributes
    ----------
    centre : list of Fraction
        The centre of all boxes.
    box : list of Ball
        Contains the zero: Krawczyk's image of the existence box, intersected with it.
    existence_radius : list of Fraction
        ``centre +- existence_radius`` contains exactly one zero.
    uniqueness_radius : list of Fraction
        ``centre +- uniqueness_radius`` contains the same zero and no other; at least `existence_radius`. On all of it
        the Jacobian is nonsingular.
    contraction : Fraction
        Upper bound of ``|I - C DG|_inf`` on the existence box.
    uniqueness_contraction : Fraction
        The same on the uniqueness box.
    preconditioner : list of list of Fraction
        C.
    steps : int
        How often Krawczyk's operator was applied.
    """

    centre: list[Fraction]
    box: list[Ball]
    existence_radius: list[Fraction]
    uniqueness_radius: list[Fraction]
    contraction: Fraction
    uniqueness_contraction: Fraction
    preconditioner: list[list[Fraction]]
    steps: int

    @property
    def proved(self) -> bool:
        """True."""
        return True

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True)
class ZeroFailure:
    """No proof of a zero: undecided. ``bool()`` is False.

    Attributes
    ----------
    reason : str
        What failed at the last attempt.
    contraction : Fraction or None
        ``|I - C DG|_inf`` at the last attempt.
    radius : list of Fraction
        The last box tried.
    steps : int
        How often Krawczyk's operator was applied.
    """

    reason: str
    contraction: Fraction | None
    radius: list[Fraction]
    steps: int

    @property
    def proved(self) -> bool:
        """False."""
        return False

    def __bool__(self) -> bool:
        return False


def prove_zero(
    ar: BallArithmetic,
    function: Function,
    jacobian: Jacobian,
    centre: Sequence[Fraction],
    preconditioner: Sequence[Sequence[Fraction]] | None = None,
    *,
    scale: Sequence[Fraction] | None = None,
    relative_floor: Fraction = Fraction(1, 2**60),
    absolute_floor: Fraction = Fraction(1, 2**80),
    max_steps: int = 40,
    maximal: bool = True,
) -> ZeroEnclosure | ZeroFailure:
    """Prove a zero near `centre`, in a small box (existence) and in a large one (uniqueness).

    The existence box is found by inflation: begin with twice the Newton step (but not below the floors), and while the
    image leaves the box, take a box 9/8 of the image in each coordinate. The uniqueness box is ``centre +- t scale``
    (but not below the existence box) for the largest t found (up to ``2**40``): jumps guided by the contraction, then
    bisection.

    Parameters
    ----------
    ar : BallArithmetic
        The arithmetic.
    function, jacobian : callable
        G and DG in balls.
    centre : sequence of Fraction
        A point near the zero.
    preconditioner : rows of Fraction, optional
        C; by default the double inverse of the Jacobian's midpoint at `centre`.
    scale : sequence of positive Fraction, optional
        Shape of the uniqueness box; by default ones.
    relative_floor, absolute_floor : Fraction
        No first radius is below ``relative_floor * |centre_i| + absolute_floor``: rounding needs room.
    max_steps : int
        Cap on applications of Krawczyk's operator, all told.
    maximal : bool
        False: do not look for a larger uniqueness box.
    """
    centre = list(centre)
    if max_steps < 1:
        raise ArgumentError("max_steps", max_steps, "be at least 1")
    if scale is not None and (len(scale) != len(centre) or any(s <= 0 for s in scale)):
        raise ArgumentError("scale", list(map(str, scale)), f"be {len(centre)} positive numbers")
    with ar:
        if preconditioner is None:
            matrix = jacobian([ar.constant(c) for c in centre])
            preconditioner = approximate_preconditioner(midpoints(ar, matrix))
            if preconditioner is None:
                reason = "the Jacobian at the centre is singular to working precision, or indeterminate"
                return ZeroFailure(reason, None, [], 0)
        c = [list(row) for row in preconditioner]
        step = _newton_step(ar, function, centre, c)
        if step is None:
            return ZeroFailure("the function is indeterminate at the centre", None, [], 0)

        def attempt(radius: list[Fraction]) -> KrawczykResult:
            return image_from_step(ar, function, jacobian, centre, c, radius, step)

        floors = [relative_floor * abs(x) + absolute_floor for x in centre]
        radius = [round_up(max(2 * ar.magnitude(s), f), 30) for s, f in zip(step, floors, strict=True)]
        for steps in range(1, min(_INFLATION_STEPS, max_steps) + 1):
            result = attempt(radius)
            if result.proved or not result.image:
                break
            wanted = [round_up(s * Fraction(9, 8), 30) for s in result.spread]
            if steps > 2 and any(w > 2**20 * r for w, r in zip(wanted, radius, strict=True)):
                break
            radius = [max(w, f) for w, f in zip(wanted, floors, strict=True)]
        if not result.proved or result.contraction is None:
            return ZeroFailure(result.reason, result.contraction, radius, steps)
        box = [
            ar.interval(max(ar.lower(k), x - r), min(ar.upper(k), x + r))
            for k, x, r in zip(result.image, centre, radius, strict=True)
        ]
        largest, widest = radius, result.contraction
        if maximal:
            shape = list(scale) if scale is not None else [Fraction(1)] * len(centre)
            largest, widest, steps = _largest(attempt, radius, shape, result.contraction, steps, max_steps)
        return ZeroEnclosure(centre, box, radius, largest, result.contraction, widest, c, steps)


def _largest(
    attempt: object, radius: list[Fraction], shape: list[Fraction], contraction: Fraction, steps: int, max_steps: int
) -> tuple[list[Fraction], Fraction, int]:
    """Find a large factor t for which the box ``max(t shape, radius)`` passes Krawczyk's test."""

    def box(t: Fraction) -> list[Fraction]:
        return [max(round_up(t * s, 30), r) for s, r in zip(shape, radius, strict=True)]

    best, best_contraction = radius, contraction
    low = min(r / s for r, s in zip(radius, shape, strict=True))
    start = max(r / s for r, s in zip(radius, shape, strict=True))
    high: Fraction | None = None
    # The contraction grows about linearly in t: the first guess aims at 1/2. Without growth: 2**40 at most.
    guess = start * min(Fraction(2**40), 1 / (2 * contraction)) if contraction else start * 2**40
    guess = max(guess, start)
    while steps < max_steps:
        result = attempt(box(guess))  # type: ignore[operator]
        steps += 1
        if result.proved:
            low, best, best_contraction = guess, box(guess), result.contraction
        else:
            high = guess
        if high is None:
            growth = min(Fraction(2**20), Fraction(7, 10) / best_contraction) if best_contraction else Fraction(2**20)
            guess = low * max(growth, Fraction(3, 2))
            if guess > 2**40 * max(Fraction(1), start):
                break
        elif high <= low * _NEAR:
            break
        else:
            guess = round_up(_between(low, high), 20)
    return best, best_contraction, steps


def _between(low: Fraction, high: Fraction) -> Fraction:
    """Return a number between two positive ones: the mean, or near the geometric mean where they are far apart."""
    if high <= 4 * low:
        return (low + high) / 2
    ratio = high / low
    bits = ratio.numerator.bit_length() - ratio.denominator.bit_length()
    return low * 2 ** max(1, bits // 2)


def contract(
    ar: BallArithmetic,
    function: Function,
    jacobian: Jacobian,
    box: Sequence[Ball],
    preconditioner: Sequence[Sequence[Fraction]] | None = None,
    max_steps: int = 10,
) -> list[Ball]:
    """Shrink a box that is known to contain a zero, keeping the zero: ``Z <- Z and K(Z)`` about the midpoint.

    Each zero in the box lies in the result; nothing else is claimed. Stops when no side shrinks to half.

    Parameters
    ----------
    ar : BallArithmetic
        The arithmetic; its precision limits how small the box gets.
    function, jacobian : callable
        G and DG in balls.
    box : sequence of Ball
        A box proved to contain a zero.
    preconditioner : rows of Fraction, optional
        By default computed anew in each step.
    max_steps : int
        Cap on the steps.

    Raises
    ------
    ArgumentError
        If the box certainly contains no zero.
    """
    with ar:
        current = list(box)
        if not all(ar.is_finite(x) for x in current):
            raise ArgumentError("box", "<an indeterminate box>", "be finite")
        for _ in range(max_steps):
            ends = [ar.endpoints(x) for x in current]
            centre = [ar.midpoint(ar.constant((low + high) / 2)) for low, high in ends]
            # The exact radius from this centre that covers the box; a point keeps a radius of its last bit.
            radius = [
                max(high - c, c - low) or (abs(c) or Fraction(1)) / 2**ar.precision
                for c, (low, high) in zip(centre, ends, strict=True)
            ]
            c = preconditioner or approximate_preconditioner(midpoints(ar, jacobian(current)))
            if c is None:
                break
            image = krawczyk_image(ar, function, jacobian, centre, c, radius).image
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
