"""Covering a box: split it until every piece is settled by a test, or the budget is spent.

A piece that a test settles needs no further look; a piece that it does not settle is halved along its longest
side. If every piece is settled, what the test proves for a piece holds on the whole box.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hallucert.balls.facade import BallArithmetic
from hallucert.clock import UNLIMITED, Clock, OutOfTime

Box = list[tuple[Fraction, Fraction]]


def covers(
    arithmetic: BallArithmetic, box: Box, settled: Callable[[list[Any]], bool], max_boxes: int, clock: Clock = UNLIMITED
) -> bool:
    """Tell whether `settled` holds for all pieces of some subdivision of `box`.

    The balls of a piece may reach beyond it, and beyond the box: their midpoints need not be points of it. What looks
    for a point of the box takes the pieces themselves, see `covers_exactly`.

    Parameters
    ----------
    arithmetic
        The arithmetic whose balls `settled` receives.
    box : list of (Fraction, Fraction)
        Ends of each side.
    settled : callable
        Given a piece as a list of balls, tell whether the property is certain on all of it.
    max_boxes : int
        How many pieces may be looked at.
    clock : Clock
        Give up when its time is up.
    """
    return covers_exactly(box, lambda piece: settled(balls_of(arithmetic, piece)), max_boxes, clock)


def covers_exactly(box: Box, settled: Callable[[Box], bool], max_boxes: int, clock: Clock = UNLIMITED) -> bool:
    """Do what `covers` does, with `settled` given the exact ends of each piece."""
    return cover(box, settled, max_boxes, clock).complete


@dataclass(frozen=True)
class Covering:
    """What became of a box: `complete` if all pieces are settled; `place`, a smallest piece that is not."""

    complete: bool
    place: Box | None = None


def cover(
    box: Box,
    settled: Callable[[Box], bool],
    max_boxes: int,
    clock: Clock = UNLIMITED,
    smallest: Fraction = Fraction(0),
) -> Covering:
    """Settle the pieces of a box, depth first, until one of them is not settled and not longer than `smallest`."""
    pending = [list(box)]
    for count in range(max_boxes):
        if not pending:
            return Covering(True)
        if clock.passed():
            return Covering(False)
        clock.tell("pieces", count)
        piece = pending.pop()
        try:
            with clock.watched():
                done = settled(piece)
        except OutOfTime:
            return Covering(False)
        if done:
            continue
        if max(high - low for low, high in piece) <= smallest:
            return Covering(False, piece)
        pending.extend(halves(piece))
    return Covering(not pending)


def balls_of(arithmetic: BallArithmetic, piece: Box) -> list[Any]:
    """Enclose a piece in balls."""
    return [arithmetic.interval(low, high) for low, high in piece]


def middle_of(piece: Box) -> list[Fraction]:
    """Return the centre of a piece, exactly."""
    return [(low + high) / 2 for low, high in piece]


def halves(piece: Box) -> tuple[Box, Box]:
    """Split a box in the middle of its longest side."""
    widths = [high - low for low, high in piece]
    longest = widths.index(max(widths))
    low, high = piece[longest]
    middle = (low + high) / 2
    first, second = list(piece), list(piece)
    first[longest], second[longest] = (low, middle), (middle, high)
    return first, second


def box_around(centre: Sequence[Fraction], radius: Fraction) -> Box:
    """Return the cube with the given centre and half width."""
    return [(c - radius, c + radius) for c in centre]
