"""What is said of a census: whether a box holds hallucinated points, and its card: points, each under what it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from hallucert.check.census.records import Box, HallucinatedPoint, Kind, Open, Stability, Unsettled, from_floats
from hallucert.check.claim import Enclosure
from hallucert.decimals import decimal_above, decimal_below, decimal_enclosure, short_rational
from hallucert.exact import format_rational

if TYPE_CHECKING:
    from hallucert.check.census.census import Census

SHOWN, POINTS = 8, 40
"""So many places of a list are printed, and so many points of a kind."""

STABILITIES = {
    Stability.ATTRACTOR: "attracting SAM with small steps from near by",
    Stability.REPELLER: "repelling SAM from almost every start near by",
    Stability.UNDECIDED: "attracting or repelling SAM: undecided",
}


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


def in_brackets(census: Census) -> str:
    """Say in one line what a census is."""
    state = _extent(census) if census.complete else f"{len(census.pending)} places pending"
    return (
        f"<Census of {census.problem.f.name[:40]!r}, rho = {short_rational(census.problem.rho)}: "
        f"{len(census)} points, {state}>"
    )


def card(census: Census) -> list[str]:
    """Say which points there are, those of one kind together, and what is left open.

    Parameters
    ----------
    census : Census
        All points of a box, and what is open.

    Returns
    -------
    list of str
        Lines of the card.
    """
    problem, count, near = census.problem, len(census), len(census.critical_points)
    took = f" in {census.seconds:.2f} s" if math.isfinite(census.seconds) else ""
    return [
        f"rho = {short_rational(problem.rho)}, box {sides(from_floats(problem.region), census.complete)}",
        f"{count} hallucinated stationary point{'s' * (count != 1)}, {_extent(census)}",
        *listed(census.points, census.excluded, census.pending),
        f"{near} critical point{'s' * (near != 1)} within reach, {census.boxes} boxes{took}, arithmetic "
        f"{problem.backend}",
    ]


def _extent(census: Census) -> str:
    """Say of how much of the box the points are all."""
    if not census.complete:
        return "NOT complete"
    places = len(census.excluded)
    return "complete" + f" outside of {places} excluded place{'s' * (places > 1)}" * (places > 0)


def listed(
    points: Sequence[HallucinatedPoint], excluded: Sequence[Unsettled], pending: Sequence[Unsettled]
) -> list[str]:
    """Return the points, those of one kind together, and what is left open."""
    lines = []
    for kind, stability in sorted({(point.kind, point.stability) for point in points}):
        alike = [point for point in points if (point.kind, point.stability) == (kind, stability)]
        lines.append(f"  {_title(alike)}:")
        lines += _first(["    " + " x ".join(map(str, point.box)) for point in alike], "    ", POINTS)
    if excluded:
        lines.append(f"  excluded: {_together(excluded)}: {Open.CRITICAL_POINT.explanation}")
    return lines + _first([f"  pending: {place}" for place in pending], "  ")


def _title(points: Sequence[HallucinatedPoint]) -> str:
    """Say what points of one kind are: a regular point is a minimizer of ``f^SAM`` if and only if its target is one."""
    kind, many = points[0].kind, "s" * (len(points) > 1)
    what = "hallucinated minimizer" if kind is Kind.MINIMIZER else "hallucinated stationary point"
    no = "" if kind is Kind.MINIMIZER else f", no minimizer{many} of f^SAM"
    return f"{len(points)} {what}{many}{no} (target a {kind} of f), {STABILITIES[points[0].stability]}"


def _first(lines: list[str], indent: str, count: int = SHOWN) -> list[str]:
    """Return the first of many lines."""
    more = len(lines) - count
    return lines if more <= 0 else [*lines[:count], f"{indent}... and {more} more"]


def _together(places: Sequence[Unsettled]) -> str:
    """Say where the neighbourhoods of critical points are: around which points, and within which distance of them."""
    centres: dict[str, None] = {}
    farthest = Fraction(0)
    for place in places:
        shown = []
        for side in place.box or ():
            middle = (side.lower + side.upper) / 2
            shown.append("0" if abs(middle) < side.upper - side.lower else f"{float(middle):.5g}")
            farthest = max(farthest, side.upper - Fraction(shown[-1]), Fraction(shown[-1]) - side.lower)
        centres[f"({', '.join(shown)})"] = None
    around = ", ".join(_first(list(centres), ""))
    which = f"{len(places)} places, all" if len(places) > 1 else "1 place,"
    return f"{which} within {decimal_above(farthest, 3)} of {around} in every coordinate"
