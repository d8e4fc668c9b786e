"""What is said of a census: whether a box holds hallucinated points."""

from __future__ import annotations

from fractions import Fraction

from hallucert.check.census.records import Box
from hallucert.check.claim import Enclosure
from hallucert.decimals import decimal_above, decimal_below, decimal_enclosure
from hallucert.exact import format_rational


def question(rho: Fraction, region: Box) -> str:
    """Whether there are points."""
    where = sides(region, inward=False)
    return f"Is there no hallucinated stationary point in the box {where} for rho = {format_rational(rho)}?"


def some(rho: Fraction, region: Box, count: int) -> str:
    """There are points."""
    where = sides(region, inward=False)
    return f"For rho = {format_rational(rho)} the box {where} holds hallucinated stationary points: {count} are proved."


def none(rho: Fraction, region: Box) -> str:
    return (
        f"For rho = {format_rational(rho)} there is no x in the box {sides(region, inward=True)} with grad f(x) != 0 "
        "and grad f(x + rho u(x)) = 0."
    )


def sides(region: Box, inward: bool) -> str:
    """Print the box: rounded inward, if something is said of all of it, or outward, if of something in it."""
    return " x ".join(_printed_inside(side) if inward else decimal_enclosure(side.lower, side.upper) for side in region)


def _printed_inside(side: Enclosure) -> str:
    """Print an interval rounded inward, or exactly if less than half of it would be left."""
    low, high = decimal_above(side.lower), decimal_below(side.upper)
    if 2 * (Fraction(high) - Fraction(low)) < side.upper - side.lower:
        low, high = format_rational(side.lower), format_rational(side.upper)
    return f"[{low}, {high}]"
