"""Where a published enclosure of a point may lie: in the box of its witness, with room for rounding and no more."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hallucert.check.point.existence import room_of, stays_inside
from hallucert.check.point.rule import Witness

CENTRE = (Fraction(1, 3), Fraction(-5), Fraction(0))
RADIUS = (Fraction(1, 7), Fraction(2), Fraction(1, 2**40))


@pytest.mark.parametrize("sliced", [False, True])
def test_the_room_is_the_box_and_a_rounding_more(sliced):
    """Each side is x0 +- |S| r, wider by 2**-49 to 2**-47 of its size at either end."""
    rows = tuple(tuple(Fraction(j - i, 3) for j in range(3)) for i in range(3)) if sliced else None
    witness = Witness(CENTRE, rows, RADIUS, ((Fraction(1),) * 3,) * 3)
    for i, (side, c, r) in enumerate(zip(room_of(witness), CENTRE, RADIUS, strict=True)):
        reach = sum((abs(s) * other for s, other in zip(rows[i], RADIUS, strict=True)), Fraction(0)) if sliced else r
        size = abs(c) + reach
        for room in (c - reach - side.lower, side.upper - c - reach):
            assert size / 2**49 <= room <= size / 2**47


@pytest.mark.parametrize("coordinate", [0, 1, 2])
@pytest.mark.parametrize("end", [0, 1])
def test_an_enclosure_may_not_leave_the_room_on_any_side(coordinate, end):
    """The room itself stays inside; with one end moved out by 2**-60 it does not."""
    witness = Witness(CENTRE, None, RADIUS, ((Fraction(1),) * 3,) * 3)
    box = [[side.lower, side.upper] for side in room_of(witness)]
    assert stays_inside([(low, high) for low, high in box], witness)
    box[coordinate][end] += Fraction(2 * end - 1, 2**60)
    assert not stays_inside([(low, high) for low, high in box], witness)
