"""How the checker of a census covers a region or a sphere by pieces, and when a piece is settled."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import pytest
from census_samples import ANYWHERE, AR, FIRST, TINY, box, small

from hallucert.check.census import verify
from hallucert.check.census.records import Open, Unsettled


@pytest.fixture
def pieces():
    """What settles a piece of a chart around 0, of the box [-2, 2] x [-3, 1]: known boxes and places, and the piece."""

    def run(known=(), places=(), uncovered=None, **changes):
        own, asked = small(region=((-2, 2), (-3, 1))), []
        own.centres[FIRST] = [AR.constant(Fraction(0))] * 2
        own._is_covered = lambda system, whole, settled, size: (
            asked.append((whole, size, settled)) or (len(asked) - 1 != uncovered)
        )
        covered = own.holds_all_points(FIRST, known, places)
        assert all(what[:2] == ([(-1, 1)], 1) for what in asked)
        zero, minus = AR.constant(Fraction(0)), AR.constant(Fraction(-1))
        local = {"x": [AR.constant(Fraction(1)), zero], "outward": minus, "equations": [zero, zero], "radial": minus}
        local |= changes
        return covered, [settled(box((0, Fraction(1, 2))), SimpleNamespace(**local)) for *_, settled in asked[:1]]

    with AR:
        yield run


def place(*sides):
    return Unsettled(box(*sides), (), Open.BUDGET)


def ball(low, high=None):
    return AR.interval(Fraction(low), Fraction(low if high is None else high))


@pytest.mark.parametrize(
    ("given", "settled"),
    [
        ({}, False),
        ({"x": [ball(-3), ball(0)]}, True),
        ({"x": [ball(3), ball(0)]}, True),
        ({"x": [ball(0), ball(-4)]}, True),
        ({"x": [ball(0), ball(2)]}, True),
        ({"x": [ball(-3, -1), ball(0, 2)]}, False),
        ({"outward": ball(1)}, True),
        ({"outward": ball(0)}, True),
        ({"outward": ball(-1, 1)}, False),
        ({"equations": [ball(0), ball(1)]}, True),
        ({"radial": ball(1, 2)}, True),
        ({"radial": ball(-1, 1)}, False),
        ({"known": ((0, box((0, 1))),)}, True),
        ({"known": ((0, box((0, Fraction(1, 4)))), (0, box((Fraction(1, 4), 1))))}, False),
        ({"known": ((2, box((-1, 1))),)}, False),  # x lies over the chart of the other axis from 1 on
        ({"known": ((2, box((0, 9))),), "x": [ball(1), ball(Fraction(1, 2))]}, True),
        ({"known": ((2, box((0, 1))),), "x": [ball(1), ball(Fraction(1, 2))]}, False),
        (
            {
                "places": (
                    Unsettled(box((3, 4), (0, 1)), (), Open.BUDGET),
                    Unsettled(box((0, 2), (0, 1)), (), Open.BUDGET),
                )
            },
            True,
        ),
        ({"places": (Unsettled(box((3, 4), (0, 1)), (), Open.BUDGET),)}, False),
        ({"places": (Unsettled(box((0, 2), (0, 1)), (), Open.BUDGET),), "x": [ball(1), AR.indeterminate()]}, False),
    ],
)
def test_a_piece_of_a_sphere_is_settled_by_one_of_these(pieces, given, settled) -> None:
    """Outside of the box, no solution, gradient outward, a point that is known, or a place that is declared."""
    assert pieces(**given) == (True, [settled])


def test_every_chart_is_covered(pieces) -> None:
    """Unless a place may be anywhere: then there is nothing to show."""
    assert [pieces(uncovered=k)[0] for k in range(5)] == [False] * 4 + [True]
    assert pieces(places=(place((0, 1), (0, 1)), ANYWHERE)) == (True, [])


@pytest.mark.parametrize(("settled", "undefined"), [(True, False), (False, True), (False, False)])
def test_a_sphere_of_two_points_is_settled_by_each(monkeypatch, settled, undefined) -> None:
    """Or it is where the function is undefined."""
    monkeypatch.setattr(verify, "is_undefined", lambda *_: undefined)
    own, asked = small(), []
    point = SimpleNamespace(x=[])
    found = own._is_covered(lambda y: point, [], lambda *what: asked.append(what) or settled, Fraction(1))
    assert found == (settled or undefined) and asked == [((), point)]


HALF, SMALLEST = Fraction(1, 2), verify.SMALLEST


@pytest.mark.parametrize(
    ("left", "looks", "covered", "most"),
    [
        (lambda piece: None, 1, True, 9),
        (lambda piece: piece if piece[0][1] - piece[0][0] > HALF else None, 3, True, 9),
        (lambda piece: piece if piece[0][1] - piece[0][0] > HALF else None, 2, False, 2),
        (lambda piece: piece if piece[0][1] - piece[0][0] > HALF else None, 3, True, 3),
        (lambda piece: [(Fraction(0), 2 * SMALLEST)] * 2, 1, False, 9),
        (lambda piece: [(Fraction(0), Fraction(0)), (Fraction(0), 5 * SMALLEST)], 9, False, 9),
    ],
)
def test_pieces_are_halved_until_nothing_is_left(left, looks, covered, most) -> None:
    """As long as they are not the smallest, here of size 2, and there are not too many."""
    own, seen = small(), []
    own.max_boxes = most
    own._left = lambda system, piece, settled, size: seen.append(piece) or left(piece)
    assert own._is_covered(None, [(Fraction(0), Fraction(1))] * 2, None, Fraction(2)) == covered
    assert len(seen) == looks
    own.clock = SimpleNamespace(passed=lambda: True)
    assert not own._is_covered(None, [(Fraction(0), Fraction(1))], None, Fraction(2)) and len(seen) == looks


W = verify.SMALL


@pytest.mark.parametrize(
    ("widths", "then", "left", "contracted"),
    [
        ((2 * W, W / 9), [], "piece", 0),
        ((W, W / 9), [(W / 2, W / 2), "empty"], None, 2),
        ((W, W / 9), [(W / 2, W / 99), (W / 2 + W / 1000, W / 99)], "smaller", 2),
        ((W, W), [(W / 10, 9 * W / 10)], "piece", 1),
        ((W, W), [(2 * W / 5, W / 9), "empty"], None, 2),
        ((W, W), ["empty"], None, 1),
        ((W, W), ["point", "empty"], None, 2),
    ],
)
def test_a_small_piece_is_contracted_as_long_as_that_halves_it(monkeypatch, widths, then, left, contracted) -> None:
    """Then it is what is left; nothing is, where one side is empty."""
    monkeypatch.setattr(verify, "is_undefined", lambda *_: False)
    one = Fraction(1)
    shapes = {"empty": [(one, one), (one, 0 * one)], "point": [(one, one)] * 2}
    steps = [shapes[step] if isinstance(step, str) else [(one, one + width) for width in step] for step in then]
    piece, todo = [(one, one + width) for width in widths], iter(steps)
    own, views = small(), []
    own._contracted = lambda *_: next(todo)
    found = own._left(lambda y: views.append(y) or SimpleNamespace(x=y), piece, lambda *_: False, one)
    assert found == {"piece": piece, "smaller": steps[0] if steps else None, None: None}[left]
    assert next(todo, "none") == "none" and len(views) == max(contracted, 1)


def test_a_small_piece_is_dropped_where_it_is_settled_or_undefined(monkeypatch) -> None:
    """Without being contracted."""
    own, piece = small(), [(Fraction(0), W)]
    own._contracted = lambda *_: pytest.fail("is not asked")
    system, seen = lambda y: SimpleNamespace(x=y), []
    assert own._left(system, piece, lambda found, local: seen.append(found) or True, Fraction(1)) is None
    assert seen == [box((0, W))]
    monkeypatch.setattr(verify, "is_undefined", lambda *_: True)
    assert own._left(system, piece, lambda *_: False, Fraction(1)) is None


def test_the_operator_has_no_use_where_there_is_no_inverse(monkeypatch) -> None:
    """Of a derivative that is not bounded, of one that is singular, and on a piece without an inside."""
    with AR:
        own, piece = small(), [(Fraction(0), W)]
        singular, unbounded = ([[ball]] for ball in (AR.constant(Fraction(0)), AR.indeterminate()))
        system = lambda y: SimpleNamespace(equations=y)  # noqa: E731
        assert own._operator(system, SimpleNamespace(jacobian=singular), piece) is None
        monkeypatch.setattr(verify, "approximate_preconditioner", lambda _: pytest.fail("is not asked"))
        assert own._operator(system, SimpleNamespace(jacobian=unbounded), piece) is None
        own._operator = lambda *_: SimpleNamespace(image=None)
        assert own._contracted(system, None, piece) == piece
        own._operator = lambda *_: None
        assert own._contracted(system, None, piece) == piece
        assert own._proved(lambda y: None, box((0, W))) is None


def test_a_zero_is_the_only_one_in_its_box_or_in_a_smaller_one_around_it() -> None:
    """Of half the room between, again and again; a point has no other."""
    own, asked, shown = small(), [], [None]
    own._proved = lambda system, where: asked.append(where) or (shown[0] if len(asked) == 2 else "zero")
    tiny = Fraction(1, 2**AR.precision)
    inner = box((-1 - tiny, 3 + tiny), (-1 - tiny, 2 + tiny))
    around_it = box(((-6 - tiny) / 2, (10 + tiny) / 2), ((-6 - tiny) / 2, (9 + tiny) / 2))
    found = own._only_zero(None, box((0, 2), (0, 1)), box((-5, 7), (-5, 7)))
    assert found == ("zero", around_it) and asked == [inner, box((-5, 7), (-5, 7)), around_it]
    assert own._only_zero(None, box((0, 2)), box((0, 2))) is None and own._only_zero(None, box((0, 2)), None) is None
    assert own._only_zero(None, (), ()) == ([], ())
    for where, unique in ((box((0, 1)), ()), ((), box((0, 1)))):
        with pytest.raises(ValueError):
            own._only_zero(None, where, unique)
    own._proved = lambda *_: None
    assert own._only_zero(None, box((0, 2)), box((-5, 7))) is None


@pytest.mark.parametrize(("tolerance", "room"), [(0.1, Fraction(1, 2**20)), (2.0**-30, Fraction(1, 2**28))])
def test_a_published_box_hardly_sticks_out(tolerance, room) -> None:
    """By the tolerance, or 2^-22 if that is less, of the size of the region, 4; and it holds what is known."""
    with AR:
        own, zero = small(), [AR.constant(Fraction(0))]
        own.problem = replace(own.problem, tolerance=tolerance)
        for low, high, near in (
            (-room, room, True),
            (-room * (1 + TINY), room, False),
            (-room, room * (1 + TINY), False),
            (room / 4, room / 2, False),
        ):
            assert own._is_near(zero, box((low, high))) is near


def test_boxes_that_meet_are_found_in_any_order() -> None:
    """Whatever lies between them, and wherever they lie."""
    one, other = box((0, 1), (0, 1)), box((Fraction(1, 2), 3), (Fraction(1, 2), 1))
    between = box((Fraction(3, 2), 2), (Fraction(1, 5), Fraction(3, 10)))
    assert verify._meet([one, between, other]) and not verify._meet([one, between])
    assert verify._meet([box((0, 1), (5, 6)), box((Fraction(1, 2), 3), (5, 6))])
    assert verify._meet([box((0, 9), (-5, -4)), box((1, 2), (-5, -4))])
