"""What a census prints: its points, each under what it is, and what is left open."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hallucert.check.census.records import HallucinatedPoint, Kind, Open, Stability, Unsettled
from hallucert.decimals import decimal_above

SHOWN, POINTS = 8, 40
"""So many places of a list are printed, and so many points of a kind."""

STABILITIES = {
    Stability.ATTRACTOR: "attracting SAM with small steps from near by",
    Stability.REPELLER: "repelling SAM from almost every start near by",
    Stability.UNDECIDED: "attracting or repelling SAM: undecided",
}


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
