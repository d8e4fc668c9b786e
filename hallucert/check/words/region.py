"""What is said of regions: that a point is farthest in one, or its target lowest."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from hallucert.decimals import decimal_above, decimal_below, decimal_enclosure

Sides = Iterable[tuple[Fraction, Fraction]]


def farthest(level: Fraction, maximum: Fraction, ball_radius: Fraction | None) -> str:
    """The point is the paper's construction, around one maximizer in a ball or, without one, around a set of them."""
    if ball_radius is None:
        place, theorem = "around a set of local maximizers", "2.2"
        critical = "every critical point is a local maximizer, of value above alpha, namely"
    else:
        place, theorem = f"(a ball of radius {decimal_below(ball_radius)}...)", "2.1"
        critical = "the only critical point is an isolated local maximizer, of value above alpha, namely"
    digits = _separating_digits(level, maximum)
    return (
        f"x* is the construction of Theorem {theorem}: in the certificate's closed region B {place} the points with "
        f"f >= alpha = f(x*), alpha <= {decimal_above(level, digits)}, form a compact set in the interior of B, "
        f"on which {critical} at least {decimal_below(maximum, digits)}, and of which x* is the only point "
        "farthest from x*+, at distance rho."
    )


def _separating_digits(level: Fraction, maximum: Fraction) -> int:
    """The significant digits, from 6 to 40, from which on the printed level stays below the printed maximum."""
    for digits in range(6, 40):
        if Fraction(decimal_above(level, digits)) < Fraction(decimal_below(maximum, digits)):
            return digits
    return 40


def lower_elsewhere(box: Sides, elsewhere: Fraction, at_target: Fraction) -> str:
    """The target is not lowest: the box is printed around itself, since some point of it is meant."""
    sides = " x ".join(decimal_enclosure(low, high) for low, high in box)
    return (
        f"x*+ is not a global minimizer of f over {sides}: f takes a value of at most {decimal_above(elsewhere)} "
        f"there, below f(x*+) >= {decimal_below(at_target)}."
    )


def lowest(box: Sides) -> str:
    """The target is lowest: the box is printed inside of itself, since every point of it is meant."""
    sides = " x ".join(f"[{decimal_above(low)}, {decimal_below(high)}]" for low, high in box)
    return f"x*+ is a global minimizer of f over the box {sides}: f(y) >= f(x*+) for every y in it."
