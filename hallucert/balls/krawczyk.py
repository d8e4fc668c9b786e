"""A zero near a centre: the smallest box that proves it, the largest in which it is unique, and its tight enclosure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.krawczyk_operator import (
    Function,
    Jacobian,
    KrawczykOperator,
    KrawczykResult,
    approximate_preconditioner,
)
from hallucert.balls.linear.matrix import midpoints
from hallucert.errors import ArgumentError
from hallucert.exact import round_up

Attempt = Callable[[list[Fraction]], KrawczykResult]
"""Krawczyk's operator on the box with the given radii."""

_INFLATION_STEPS = 12
_NEAR = Fraction(5, 4)
"""The search for the uniqueness box ends where radii too large and radii good enough are this close."""


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
    unit: Fraction = Fraction(1),
    relative_floor: Fraction = Fraction(1, 2**60),
    absolute_floor: Fraction = Fraction(1, 2**80),
    max_steps: int = 40,
    maximal: bool = True,
    filling: tuple[float, float] = (0.6, 1.0),
) -> ZeroEnclosure | ZeroFailure:
    """Prove a zero near `centre`, in a small box (existence) and in a large one (uniqueness).

    The existence box is found by inflation: begin with twice the Newton step (but not below the floors), and while the
    image leaves the box, take a box 9/8 of the image in each coordinate. The uniqueness box is ``centre +- t scale``
    (but not below the existence box); t, up to ``2**40``, is sought so that the image *fills* a part of the box within
    the bounds of `filling`. The filling grows with t at least linearly, so a box filled to 0.6 is at least 0.6 of the
    largest that passes the test.

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
        Shape of the uniqueness box; by default `unit` in every coordinate.
    unit : Fraction
        The size of the unknowns, positive.
    relative_floor, absolute_floor : Fraction
        No first radius is below ``relative_floor * |centre_i| + absolute_floor * unit``: rounding needs room.
    max_steps : int
        Cap on applications of Krawczyk's operator, all told.
    maximal : bool
        False: do not look for a larger uniqueness box.
    filling : (low, high), 0 < low < high <= 1
        Which part of the uniqueness box its image should fill: `low` ends the search, beyond `high` a box is too large.
        A smaller `high` leaves room for a test in another arithmetic.
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
        operator = KrawczykOperator(ar, function, jacobian, c)
        step = operator.newton_step(centre)
        if step is None:
            return ZeroFailure("the function is indeterminate at the centre", None, [], 0)

        def attempt(radius: list[Fraction]) -> KrawczykResult:
            return operator.image(centre, radius, step)

        floors = [relative_floor * abs(x) + absolute_floor * unit for x in centre]
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
            shape = list(scale) if scale is not None else [unit] * len(centre)
            largest, widest, steps = _largest(attempt, radius, shape, result.contraction, filling, steps, max_steps)
        return ZeroEnclosure(centre, box, radius, largest, result.contraction, widest, c, steps)


def _largest(
    attempt: Attempt,
    radius: list[Fraction],
    shape: list[Fraction],
    contraction: Fraction,
    filling: tuple[float, float],
    steps: int,
    max_steps: int,
) -> tuple[list[Fraction], Fraction, int]:
    """Find a factor t for which the image of the box ``max(t shape, radius)`` fills a part of it within `filling`."""

    def box(t: Fraction) -> list[Fraction]:
        return [max(round_up(t * s, 30), r) for s, r in zip(shape, radius, strict=True)]

    best, best_contraction = radius, contraction
    start = max(r / s for r, s in zip(radius, shape, strict=True))
    top = 2**40 * max(Fraction(1), start)
    aim = math.sqrt(filling[0] * filling[1])
    low, low_filled = min(r / s for r, s in zip(radius, shape, strict=True)), float(min(contraction, Fraction(1)))
    high, high_filled = None, math.inf
    # The filling grows about linearly in t.
    guess = start * max(Fraction(1), min(Fraction(2**40), Fraction(aim / max(low_filled, 1e-300))))
    while steps < max_steps:
        tried = box(guess)
        result = attempt(tried)
        steps += 1
        filled = _filled(result, tried)
        if result.proved and result.contraction is not None and filled <= filling[1]:
            low, low_filled, best, best_contraction = guess, filled, tried, result.contraction
            if filled >= filling[0]:
                break
        else:
            high, high_filled = guess, filled
        if high is None:
            guess = low * Fraction(max(1.5, min(2.0**20, aim / max(low_filled, 1e-300))))
            if guess > top:
                break
        elif high <= low * _NEAR:
            break
        else:
            guess = _between(low, high, low_filled, high_filled, aim)
    return best, best_contraction, steps


def _filled(result: KrawczykResult, radius: list[Fraction]) -> float:
    """Return the largest part of a side that the image fills, infinite from ``2**40`` on or if there is no image."""
    if not result.image:
        return math.inf
    largest = max(s / r for s, r in zip(result.spread, radius, strict=True))
    return float(largest) if largest < 2**40 else math.inf


def _between(low: Fraction, high: Fraction, low_filled: float, high_filled: float, aim: float) -> Fraction:
    """Return a number between two positive ones, where a power law through their fillings reaches `aim`.

    The geometric mean where that cannot be told; always some way from both.
    """
    part = 0.5
    if 0 < low_filled < aim < high_filled < math.inf:
        part = math.log(aim / low_filled) / math.log(high_filled / low_filled)
    ratio = high / low
    # Of numbers up to 2**1100 apart, so not through the logarithm of a float.
    bits = ratio.numerator.bit_length() - ratio.denominator.bit_length()
    exponent = min(max(part, 0.1), 0.9) * (bits + math.log2(float(ratio / Fraction(2) ** bits)))
    whole = math.floor(exponent)
    return round_up(low * Fraction(2) ** whole * Fraction(2.0 ** (exponent - whole)), 20)


def tighten(
    ar: BallArithmetic,
    function: Function,
    jacobian: Jacobian,
    box: Sequence[Ball],
    preconditioner: Sequence[Sequence[Fraction]],
    max_steps: int = 12,
) -> list[Ball]:
    """Shrink a box that is known to contain exactly one zero around it, as far as the precision goes.

    Steps ``z <- z - C G(z)`` with the midpoint move the centre, which costs no Jacobian; then a zero is proved in a
    tiny box there. If that box lies in the given one, its zero is the one sought. Otherwise the box is contracted.

    Parameters
    ----------
    ar : BallArithmetic
        The arithmetic.
    function, jacobian : callable
        G and DG in balls.
    box : sequence of Ball
        A box proved to contain exactly one zero.
    preconditioner : rows of Fraction
        C.
    max_steps : int
        Cap on the steps of the centre.
    """
    with ar:
        ends = [ar.endpoints(x) for x in box]
        operator = KrawczykOperator(ar, function, jacobian, preconditioner)
        centre = [ar.midpoint(ar.centre(x)) for x in box]
        best, best_size = centre, None
        for _ in range(max_steps):
            step = operator.newton_step(centre)
            if step is None:
                break
            size = max(ar.magnitude(s) for s in step)
            if best_size is not None and 2 * size > best_size:
                break
            best, best_size = centre, size
            if not any(map(ar.nonzero, step)):
                break
            centre = [ar.midpoint(ar.constant(c - ar.midpoint(s))) for c, s in zip(centre, step, strict=True)]
        floor = Fraction(1, 2 ** max(ar.precision - 20, 30))
        widest = max(high - low for low, high in ends)
        found = prove_zero(
            ar,
            function,
            jacobian,
            best,
            preconditioner,
            unit=widest or Fraction(1),
            relative_floor=floor,
            absolute_floor=floor / 2**20,
            maximal=False,
        )
        if isinstance(found, ZeroEnclosure) and all(
            low <= c - r and c + r <= high for (low, high), c, r in zip(ends, best, found.existence_radius, strict=True)
        ):
            return found.box
        return contract(ar, function, jacobian, box, preconditioner)


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
                c = approximate_preconditioner(midpoints(ar, jacobian(current)))
                if c is None:
                    break
                operator = KrawczykOperator(ar, function, jacobian, c)
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
