"""Claims: zeros of a form are counted, each once and with its index, and nothing is said where one may be missed."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from flat import DIRECTION, flat_atlas

from hallucert.balls import arithmetic
from hallucert.check.sheet import topology
from hallucert.check.sheet.topology import Piece
from hallucert.clock import UNLIMITED, Clock

SQUARE = [(Fraction(-1), Fraction(1))] * 2
ONE = ("0", "0", "1")


@pytest.fixture
def ar():
    with arithmetic("arb", 53) as chosen:
        yield chosen


def plane(re, im):
    """Return a field from what real and imaginary part are at ``x + iy``, as functions of balls."""
    return lambda x, y: (re(x, y), im(x, y))


IDENTITY = plane(lambda x, y: x, lambda x, y: y)
CONJUGATE = plane(lambda x, y: x, lambda x, y: -y)
SQUARED = plane(lambda x, y: x * x - y * y, lambda x, y: x * y + x * y)
CUBED = plane(lambda x, y: x * x * x - (x + x + x) * y * y, lambda x, y: (x + x + x) * x * y - y * y * y)


def shifted(field, *, x="0", y="0"):
    """Return a field about another place."""

    def moved(a, b):
        return field(a - ar_of(a).constant(Fraction(x)), b - ar_of(b).constant(Fraction(y)))

    return moved


def ar_of(ball):
    """Return the arithmetic of all tests here."""
    return arithmetic("arb", 53)


def pieces_of(atlas, clock=UNLIMITED):
    return topology._where_zeros_may_be(atlas, DIRECTION, clock)


@pytest.mark.parametrize(("x", "y", "found"), [("1/3", "1/5", 1), ("0", "1/5", 2), ("0", "0", 4)])
def test_small_pieces_hold_the_zeros(monkeypatch, ar, x, y, found):
    """On a square of width 2 those of width 1/16 in which the zero lies, or on whose rim."""
    reports = []
    pieces = pieces_of(flat_atlas(ar, shifted(IDENTITY, x=x, y=y), [ONE]), Clock(report=lambda *a: reports.append(a)))
    assert [told[1:] for told in reports] == [(0, 1)] and len(pieces) == found
    place = np.array([float(Fraction(x)), float(Fraction(y))])
    for piece in pieces:
        assert piece.size == 1 / 16 and np.abs(piece.middle - place).max() <= 1 / 32
        assert all(Fraction(1, 16) <= ar.upper(s) - ar.lower(s) < Fraction(1, 15) for s in piece.part.s)
    monkeypatch.setattr(topology, "DEPTH", 9)
    assert {piece.size for piece in pieces_of(flat_atlas(ar, shifted(IDENTITY, x=x, y=y), [ONE]))} == {1 / 8}


def test_a_zero_in_two_charts_is_found_in_the_first(ar):
    """A second square of the same place, or one beside it, has nothing more; where one number is not 0 nothing is."""
    field = shifted(IDENTITY, x="1/3", y="1/5")
    for squares in ([ONE, ("1/4", "1/8", "1/2")], [ONE, ("1/4", "1/8", "1")]):
        assert [piece.part.proof.centre for piece in pieces_of(flat_atlas(ar, field, squares))] == [(0, 0)]
    assert len(pieces_of(flat_atlas(ar, field, [("3", "0", "1"), ONE, ("-3", "0", "1")]))) == 1
    places = ("-3/4", "-5/4")

    def both(x, y):
        (a, b), (c, d) = (shifted(IDENTITY, x=place, y="1/5")(x, y) for place in places)
        return a * c - b * d, a * d + b * c

    found = pieces_of(flat_atlas(ar, both, [ONE, ("-1", "0", "1/2")]))
    assert {(piece.part.proof.centre[0], round(piece.middle[0], 0)) for piece in found} == {(0, -1), (-1, -1)}
    for one_sided in (lambda x, y: (x, ar.constant(Fraction(1))), lambda x, y: (ar.constant(Fraction(1)), y)):
        assert pieces_of(flat_atlas(ar, one_sided, [ONE])) == []


def test_where_nothing_is_known_pieces_are_halved(ar):
    """Nothing is known of pieces longer than 1/2, and of those near the place 1/3 of the first axis."""

    def field(x, y):
        wide = ar.upper(x) - ar.lower(x) > Fraction(1, 2)
        return (
            None if wide or ar.within(ar.constant(Fraction(1, 3)), *ar.endpoints(x)) else (x, ar.constant(Fraction(1)))
        )

    assert len(pieces_of(flat_atlas(ar, field, [ONE]))) == 32


def test_too_many_pieces_or_too_little_time_give_nothing(monkeypatch, ar):
    """Four pieces where at most three, or four, may be."""
    atlas = flat_atlas(ar, shifted(IDENTITY), [ONE, ("3", "0", "1")])
    assert pieces_of(atlas, Clock(0.0)) is None and topology._sum_of_indices(atlas, DIRECTION, Clock(0.0)) is None
    for most, found in ((3, None), (4, 4)):
        monkeypatch.setattr(topology, "MOST_PIECES", most)
        pieces = pieces_of(atlas)
        assert (pieces and len(pieces)) == found


def test_pieces_near_each_other_are_one_island():
    """Of size 1: those less than 8 apart, also by way of others."""
    places = [(0, 0), (40, 8), (7, 0), (40, 0), (7, 7.9), (40, 16)]
    pieces = [Piece(k, np.array(place, float), 1.0) for k, place in enumerate(places)]
    assert [[piece.part for piece in island] for island in topology._islands(pieces)] == [[0, 2, 4], [1], [3], [5]]
    assert topology._islands([]) == []


def test_squares_around_an_island_lie_inside_of_the_chart():
    """About (1/2, 0) and (0, -1/2) in the square of half width 1, a quarter of it: not one that touches its rim."""
    half, quarter = Fraction(1, 2), Fraction(1, 4)
    for place in ((0.5, 0.0), (0.0, -0.5)):
        found = topology._around(np.array(place), Fraction(1), quarter)
        assert found == [(Fraction(v) - quarter, Fraction(v) + quarter) for v in place]
        assert topology._around(np.array(place), Fraction(2), quarter) == [
            (Fraction(v) - half, Fraction(v) + half) for v in place
        ]
    for place in ((0.5, 0.0), (0.0, -0.5), (-0.5, 0.0), (0.0, 0.5), (9.0, 0.0), (0.0, -9.0)):
        assert topology._around(np.array(place), Fraction(1), half) is None


@pytest.mark.parametrize(
    ("quarters", "turns"),
    [([0, 1, 2, 3], 1), ([0, 3, 2, 1], -1), ([0, 1, 0, 3], 0), ([0, 2, 0, 2], None), ([0, 1, 1, 3], None)],
)
def test_signs_along_a_rim_go_round(monkeypatch, quarters, turns):
    """Once, backwards, not at all; opposite neighbours decide nothing."""
    found = iter(quarters)
    monkeypatch.setattr(topology, "_quarters", lambda *arguments: [next(found)])
    assert topology._winding(None, SQUARE, ()) == turns


@pytest.mark.parametrize("places", [{0: "1/7", 1: "-1/5"}])
@pytest.mark.parametrize(("field", "index"), [(IDENTITY, 1), (CONJUGATE, -1), (SQUARED, 2), (CUBED, 3)])
def test_a_rim_is_cut_until_signs_are_known(monkeypatch, ar, field, index, places):
    """Around the zero and beside it; a zero on the rim gives nothing, after each side was halved six times."""
    chart = flat_atlas(ar, shifted(field, x=places[0], y=places[1]), [ONE]).proofs[0]
    assert topology._winding(chart, SQUARE, DIRECTION) == index
    beside = [(Fraction(1, 4), Fraction(1)), (Fraction(0), Fraction(1))]
    assert topology._winding(chart, beside, DIRECTION) == 0
    for touching in (
        [(Fraction(1, 7), Fraction(1)), (Fraction(-1), Fraction(1))],
        [(Fraction(-1), Fraction(1, 7)), (Fraction(-1), Fraction(1))],
        [(Fraction(-1), Fraction(1)), (Fraction(-1, 5), Fraction(1))],
        [(Fraction(-1), Fraction(1)), (Fraction(-1), Fraction(-1, 5))],
    ):
        assert topology._winding(chart, touching, DIRECTION) is None
    seen = []
    monkeypatch.setattr(topology, "_differential", lambda part, direction: seen.append(part.s[0]))
    assert topology._winding(chart, SQUARE, DIRECTION) is None
    assert min(ar.upper(s) - ar.lower(s) for s in seen) < Fraction(2, 2**6) * Fraction(1001, 1000)
    assert len(seen) == 2**7 - 1


def index_of(ar, field, squares=(ONE,)):
    return topology._sum_of_indices(flat_atlas(ar, field, squares), DIRECTION, UNLIMITED)


@pytest.mark.parametrize(("field", "index"), [(IDENTITY, 1), (CONJUGATE, -1), (SQUARED, 2), (CUBED, 3)])
def test_indices_are_those_of_powers(ar, field, index):
    """In the first chart or the second, wherever the zero lies; where there is none the sum is 0."""
    assert index_of(ar, shifted(field, x="1/7", y="-1/5")) == index
    assert index_of(ar, shifted(field, x="1/7", y="-1/5"), [("5", "0", "1"), ONE, ("1/8", "0", "1/2")]) == index
    assert index_of(ar, shifted(field, x="3/5", y="-3/5")) == index
    assert index_of(ar, shifted(field, x="4")) == 0


def test_indices_of_far_zeros_are_added(ar):
    """z (z - 4)^2 has index 3, conj(z) (z - 4)^2 index 1, in two charts; two zeros of an island count together."""
    for first, both in ((IDENTITY, 3), (CONJUGATE, 1)):

        def product(x, y, first=first):
            (a, b), (c, d) = first(x, y), shifted(SQUARED, x="4")(x, y)
            return a * c - b * d, a * d + b * c

        assert index_of(ar, product, [ONE, ("4", "0", "1")]) == both

    def close(x, y):
        (a, b), (c, d) = shifted(IDENTITY, x="-1/16", y="1/9")(x, y), shifted(IDENTITY, x="1/16", y="1/9")(x, y)
        return a * c - b * d, a * d + b * c

    assert index_of(ar, close) == 2


def test_a_zero_at_the_rim_of_all_charts_is_not_counted(ar):
    """No rectangle of a chart surrounds it; and a field that vanishes on a line has no index."""
    assert index_of(ar, shifted(IDENTITY, x="1", y="1/5")) is None
    assert index_of(ar, plane(lambda x, y: x, lambda x, y: x)) is None


def test_rectangles_that_overlap_count_nothing(monkeypatch, ar):
    """If each of four pieces about a zero is an island of its own, it would count four times."""
    monkeypatch.setattr(topology, "_islands", lambda pieces: [[piece] for piece in pieces])
    assert index_of(ar, IDENTITY) is None
    assert index_of(ar, shifted(IDENTITY, x="1/7", y="1/5")) == 1
    atlas = flat_atlas(ar, IDENTITY, [ONE])
    monkeypatch.setattr(topology, "_where_zeros_may_be", lambda atlas, direction, clock: pieces_at(atlas)[:1])
    assert topology._sum_of_indices(atlas, DIRECTION, UNLIMITED) == 1
    assert topology._sum_of_indices(atlas, DIRECTION, Clock(0.0)) is None


def pieces_at(atlas):
    """Return a piece about the middle of the first chart."""
    small = [(Fraction(-1, 32), Fraction(1, 32))] * 2
    return [Piece(atlas.proofs[0].part(small), np.zeros(2), 1 / 16)]


def test_rectangles_of_three_sizes_are_tried(monkeypatch, ar):
    """In each chart that the island lies in, all of it; where the first rim shows nothing, the next one may."""
    atlas = flat_atlas(ar, IDENTITY, [ONE, ("1/16", "0", "1/2")])
    tried = []

    def winding(proof, rectangle, direction):
        tried.append((proof.half_width, *rectangle[0]))

    monkeypatch.setattr(topology, "_winding", winding)
    assert topology._index(atlas.proofs, atlas.neighbours, pieces_at(atlas), DIRECTION) is None
    sizes = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))
    assert tried == [
        *((1, -size, size) for size in sizes),
        *((Fraction(1, 2), Fraction(-1, 16) - size / 2, Fraction(-1, 16) + size / 2) for size in sizes),
    ]
    beside = Piece(atlas.proofs[0].part([(Fraction(7, 16), Fraction(9, 16))] * 2), np.array([0.5, 0.5]), 1 / 8)
    tried.clear()
    assert topology._index(atlas.proofs, atlas.neighbours, [beside], DIRECTION) is None
    assert tried == [(1, Fraction(1, 4), Fraction(3, 4))]
    far = [*pieces_at(atlas), Piece(atlas.proofs[0].part([(Fraction(3, 8), Fraction(2, 5))] * 2), np.zeros(2), 1 / 16)]
    tried.clear()
    assert topology._index(atlas.proofs, atlas.neighbours, far, DIRECTION) is None
    assert [high for h, _, high in tried if h == 1] == [Fraction(1, 2), Fraction(3, 4)]
    monkeypatch.setattr(topology, "_winding", lambda proof, rectangle, direction: 7 if rectangle[0][1] > 0.6 else None)
    turns, place = topology._index(atlas.proofs, atlas.neighbours, pieces_at(atlas), DIRECTION)
    assert turns == 7 and all(ar.within(v, Fraction(-4, 5), Fraction(4, 5)) for v in place)


def test_a_form_is_the_velocities_along_a_vector(ar):
    """And unknown where they are."""
    velocities = [[ar.constant(Fraction(v)) for v in row] for row in ((1, 2, 3, 9), (4, 5, 6, 9))]
    part = SimpleNamespace(arithmetic=ar, velocities=velocities)
    found = topology._differential(part, (Fraction(1), Fraction(1, 2), Fraction(1, 3)))
    assert [
        ar.within(ar.constant(Fraction(n)), *ar.endpoints(v)) for n, v in zip(("3", "17/2"), found, strict=True)
    ] == [
        True,
        True,
    ]
    assert topology._differential(SimpleNamespace(arithmetic=ar, velocities=None), ()) is None


def test_the_second_direction_is_tried_where_the_first_gives_nothing(monkeypatch):
    """(1, 1/2, 1/3) and (1/2, 1/3, 1)."""
    third, half = Fraction(1, 3), Fraction(1, 2)
    atlas = SimpleNamespace(proofs=[SimpleNamespace(system=SimpleNamespace(dimension=3))])
    for known, result in (({0: 2, 1: 0}, 2), ({0: 0, 1: 2}, 0), ({1: 2}, 2), ({}, None)):
        asked = []

        def indices(atlas, direction, clock, known=known, asked=asked):
            asked.append(direction)
            return known.get(len(asked) - 1)

        monkeypatch.setattr(topology, "_sum_of_indices", indices)
        assert topology.euler_characteristic(atlas) == result
        assert asked == [(1, half, third), (half, third, 1)][: 1 if 0 in known else 2]


def test_boxes_are_apart_in_one_coordinate(ar):
    """That is enough, and touching boxes are not apart."""
    one, two = ar.interval(Fraction(1), Fraction(2)), ar.interval(Fraction(3), Fraction(4))
    assert topology._apart(ar, [one, one], [one, two])
    assert not topology._apart(ar, [one, one], [one, one])
