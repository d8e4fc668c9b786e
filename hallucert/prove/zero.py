"""The largest box in which a proved zero is the only one: a search whose result Krawczyk's operator has proved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from hallucert.balls.facade import BallArithmetic
from hallucert.balls.krawczyk import Function, Jacobian, KrawczykOperator, KrawczykResult, ZeroEnclosure
from hallucert.errors import ArgumentError
from hallucert.exact import round_up

MAX_STEPS = 40
_NEAR = Fraction(5, 4)
"""The search ends where radii too large and radii good enough are this close."""


def uniqueness_radius(
    ar: BallArithmetic,
    function: Function,
    jacobian: Jacobian,
    found: ZeroEnclosure,
    shape: Sequence[Fraction],
    filling: tuple[float, float] = (0.6, 1.0),
    max_steps: int = MAX_STEPS,
) -> list[Fraction]:
    """Return radii of a box around the centre of `found` that contains its zero and no other.

    The box is ``max(t shape, found.radius)``; t, up to ``2**40``, is sought so that the image *fills* a part of the box
    within the bounds of `filling`. The filling grows with t at least linearly, so a box filled to 0.6 is at least 0.6
    of the largest that passes the test. On all of the box the Jacobian is nonsingular.

    Parameters
    ----------
    ar : BallArithmetic
        The arithmetic.
    function, jacobian : callable
        G and DG in balls.
    found : ZeroEnclosure
        Of the zero in question.
    shape : sequence of positive Fraction
        Proportions of the box.
    filling : (low, high), 0 < low < high <= 1
        Which part of the box its image should fill: `low` ends the search, beyond `high` a box is too large. A smaller
        `high` leaves room for a test in another arithmetic.
    max_steps : int
        Cap on applications of Krawczyk's operator.
    """
    radius = found.radius
    if len(shape) != len(radius) or any(s <= 0 for s in shape):
        raise ArgumentError("shape", list(map(str, shape)), f"be {len(radius)} positive numbers")
    operator = KrawczykOperator(ar, function, jacobian, found.preconditioner)
    with ar:
        step = operator.newton_step(found.centre)
    best = radius
    start = max(r / s for r, s in zip(radius, shape, strict=True))
    top = 2**40 * max(Fraction(1), start)
    aim = math.sqrt(filling[0] * filling[1])
    low, low_filled = min(r / s for r, s in zip(radius, shape, strict=True)), float(min(found.contraction, Fraction(1)))
    high, high_filled = None, math.inf
    # The filling grows about linearly in t.
    guess = start * max(Fraction(1), min(Fraction(2**40), Fraction(aim / max(low_filled, 1e-300))))
    for _ in range(max_steps):
        tried = [max(round_up(guess * s, 30), r) for s, r in zip(shape, radius, strict=True)]
        with ar:
            result = operator.image(found.centre, tried, step)
        filled = _filled(result, tried)
        if result.proved and filled <= filling[1]:
            low, low_filled, best = guess, filled, tried
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
    return best


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
