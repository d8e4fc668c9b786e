"""Numbers of a whole surface: what the theorems about a point read, enclosed on all of it, chart by chart.

As for curves (`manifold_measures`): the rules of points measure pieces of the patches, and a number of the surface is
the least value that the number of a point takes on it. A piece that lies inside an earlier chart has been measured
there. There are many pieces, so they are only cut until a number is known within a factor of 3, counted from its
threshold; what is published is weaker by still more than that factor, so that a checker with other roundings, which
cuts elsewhere, arrives at it too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from hallucert.check.claim import Enclosure
from hallucert.check.sheet.measures import Least, all_numbers, decided, measure, nothing_measured, take_in
from hallucert.check.surface.atlas import ProvedAtlas, covering, halved
from hallucert.clock import UNLIMITED, Clock
from hallucert.exact import round_down, round_up

DEPTH = 10
"""How often a patch may be halved where a sign is not certain."""

RELAX = 16
"""So often larger pieces are tried again."""

KNOWN = 3
"""A number is known well enough if its ends, counted from the threshold, differ by at most this factor."""

PUBLISHED = Fraction(10, 3)
"""The ends of a published number, counted from the threshold, are weaker by this factor."""


@dataclass
class RoughLeast(Least):
    """A least value that need not be known better than within a factor."""

    def above(self, least: Enclosure) -> bool:
        """Tell whether a number is above the threshold, known within the factor."""
        return KNOWN * (least.lower - self.threshold) > least.upper - self.threshold

    def below(self, least: Enclosure) -> bool:
        """Tell whether a number is below the threshold, known within the factor."""
        return KNOWN * (self.threshold - least.upper) > self.threshold - least.lower


def published_least(threshold: Fraction = Fraction(0)) -> Callable[[Enclosure, int, Fraction], Enclosure]:
    """Return how numbers with a threshold are published: farther out, but never across the threshold."""

    def publish(least: Enclosure, precision: int, unit: Fraction) -> Enclosure:
        low, high = least.lower - threshold, least.upper - threshold
        low = low / PUBLISHED if low > 0 else low * PUBLISHED
        high = high / PUBLISHED if high < 0 else high * PUBLISHED
        return Enclosure(round_down(threshold + low, 64), round_up(threshold + high, 64))

    return publish


def measured_surface(atlas: ProvedAtlas, clock: Clock = UNLIMITED) -> Mapping[str, dict[str, Enclosure] | None] | str:
    """Measure a proved atlas; return for each question its numbers, or why they cannot be had."""
    least, start = nothing_measured(atlas.proofs[0].system.exact_rho, RoughLeast), 0
    for number in range(len(atlas.proofs)):
        clock.tell("charts measured", number, len(atlas.proofs))
        depth = _walk(atlas, number, least, start, clock)
        if isinstance(depth, str):
            return depth
        start = max(depth - 1, 0) if number % RELAX == 0 else depth
    return all_numbers(least)


def _walk(atlas: ProvedAtlas, number: int, least: Mapping[str, Least], start: int, clock: Clock) -> int | str:
    """Measure the patch of a chart, halving it where needed; return why some of it cannot be measured.

    Pieces halved less than `start` times are not tried, because on the charts before they were too large. Otherwise
    returns how often the largest piece was halved: where to start on the next chart.
    """
    proof, depths = atlas.proofs[number], []
    pending = [(proof.chart.square, proof.box, 0)]
    while pending:
        if clock.passed():
            return "the time budget was spent before all of it was measured"
        rectangle, box, depth = pending.pop()
        part = proof.part(rectangle, box)
        if covering(atlas.proofs, number, atlas.neighbours, part, before=number) is not None:
            continue
        point = None if depth < start else part.point()
        found = None if point is None else measure(point, least)
        if depth < DEPTH and (found is None or not decided(found, least)):
            pending += [(half, part.w, depth + 1) for half in halved(rectangle)]
        elif found is not None:
            depths.append(depth)
            take_in(found, least)
        else:
            return "some part of a patch is too large to be measured"
    return min(depths, default=start)
