"""The search for a subdivision ends with one that a checker accepts, or says where or why there is none."""

from __future__ import annotations

from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.reason import Reason
from hallucert.check.subdivision import DEEPEST, Criteria, Subdivision
from hallucert.clock import Clock, OutOfTime, look
from hallucert.prove.regions import ROOM, subdivide

UNIT = [(Fraction(0), Fraction(1))]


def bound(limit, backend="arb"):
    """Tests of pieces of a line: x is certainly below a number, or above it."""
    ar = arithmetic(backend, 53)
    line = ar.constant(Fraction(limit))
    return Criteria(
        ar,
        lambda piece, balls: balls[0],
        {"b": lambda x: ar.negative(x - line), "a": lambda x: ar.positive(x - line)},
    )


def test_what_is_found_is_settled_and_as_short_as_can_be():
    """Below 2: one piece. Around 1/3: pieces are halved where they hold it, so the search does not end."""
    assert subdivide(UNIT, bound(2), 10) == Subdivision("b")
    found = subdivide(UNIT, bound("1/3"), 1000, lambda piece: piece[0][1] - piece[0][0] <= Fraction(1, 64))
    assert found == [(Fraction(21, 64), Fraction(22, 64))]


def test_the_longest_side_is_halved():
    """A test that holds of squares only: the long side goes first."""
    ar = arithmetic("arb", 53)
    squares = Criteria(ar, lambda piece, _: piece, {"s": lambda p: p[0][1] - p[0][0] == p[1][1] - p[1][0]})
    assert subdivide([(Fraction(0), Fraction(1)), (Fraction(0), Fraction(2))], squares, 9) == Subdivision("Bss")
    assert subdivide([(Fraction(0), Fraction(4)), (Fraction(0), Fraction(1))], squares, 9) == Subdivision("AAssAss")


def test_pieces_are_settled_with_room():
    """At a distance of a part of the room of the piece nothing is settled; at twice the room it is, also for others."""
    for backend in ("arb", "mpmath"):
        assert subdivide(UNIT, bound(1 + ROOM, backend), 10) == Subdivision("b")
        assert subdivide(UNIT, bound(1 + ROOM / 4, backend), 10) != Subdivision("b")
        assert bound(1 + ROOM / 4, backend).settle(Subdivision("b"), UNIT, 10) is None


def test_budgets_end_the_search():
    """Of pieces, those that are halved included; of depth; of time."""
    assert subdivide(UNIT, bound("9/8"), 1) == Subdivision("b")
    assert subdivide(UNIT, bound("5/16"), 4) is Reason.BUDGET
    assert subdivide(UNIT, bound("1/3"), 10**6) is Reason.BUDGET
    ticks = iter(range(100))
    with Clock(5.0, now=lambda: float(next(ticks))).watched(), pytest.raises(OutOfTime):
        subdivide(UNIT, bound("1/3"), 10**6)
    assert next(ticks) < 10
    look()


def test_no_piece_is_halved_too_often():
    """A record that no checker would read is not written."""
    ar = arithmetic("arb", 53)
    asked = []
    never = Criteria(ar, lambda piece, _: asked.append(piece), {"n": lambda _: False})
    assert subdivide(UNIT, never, 10**6) is Reason.BUDGET
    assert len(asked) == DEEPEST + 1


@pytest.mark.parametrize("made", ["arb", "mpmath"])
def test_each_arithmetic_re_proves_what_the_other_proved(made):
    """Farthest point and global target, there and back: each in the arithmetic that did not make it, and in its own."""
    f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
    box = [(0, 2), (0, 2)]
    cert = hc.certify(hc.find.farthest_point(f, [0, 0], [1, 1], level="1.9"), backend=made, global_box=box)
    assert cert["farthest_point"] and cert["global_target"]
    assert hc.verify(cert, "arb") and hc.verify(cert, "mpmath")
