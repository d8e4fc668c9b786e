"""Cells of a parabola whose arcs are known: what Krawczyk's test may and may not prove, and where an arc comes in."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from hallucert.check.cell import Cell, CellProof, Joint, Tube, arc_box, unrepeated

HEIGHT = Fraction(3, 16)
HALF = Fraction(1, 2)
CELL = Cell(
    centre=(Fraction(0), Fraction(0)),
    frame=((Fraction(1), Fraction(0)), (Fraction(0), Fraction(1))),
    bend=(Fraction(1),),
    span=(-HALF, HALF),
    radius=(Fraction(1, 4),),
    preconditioner=((Fraction(1),),),
)


class Parabola:
    """``y = x^2 + 3/16``: in the frame of `CELL` the arc has ``w = 3/16`` for every ``s``."""

    dimension = 1

    def __init__(self, ar, everywhere=True):
        self.arithmetic, self.everywhere = ar, everywhere

    def value(self, z):
        return [z[1] - self.arithmetic.power(z[0], 2) - self.arithmetic.constant(HEIGHT)]

    def jacobian(self, z):
        return [[-z[0] - z[0], self.arithmetic.constant(Fraction(1))]]

    def defined(self, z):
        return self.everywhere


class Plain(CellProof):
    """Krawczyk's operator in its plain form."""

    def image(self, w):
        return self._krawczyk(self.span, w)


def proved(ar, everywhere=True, **changes) -> bool:
    return Plain(Parabola(ar, everywhere), replace(CELL, **changes)).proved()


def test_a_cell_needs_the_image_inside_its_tube(ar) -> None:
    """The arc at w = 3/16 is in a tube of radius 1/4, and not inside of one that ends at 3/16, or before."""
    straight = {"bend": (Fraction(0),), "span": (-HALF / 8, HALF / 8)}
    assert proved(ar, **straight)
    assert not proved(ar, radius=(HEIGHT,), **straight)
    assert not proved(ar, radius=(HEIGHT / 2,), **straight)


def test_a_cell_is_about_its_centre_and_where_the_system_is_defined(ar) -> None:
    """The span holds 0, the frame has an inverse, the system is defined on all of the cell."""
    straight = {"bend": (Fraction(0),)}
    for span in ((1, 2), (-2, -1), (0, 1), (-1, 0)):
        assert not proved(ar, span=tuple(end * HALF / 16 for end in span), **straight)
    assert not proved(ar, everywhere=False, span=(-HALF / 8, HALF / 8), **straight)
    flat = ((Fraction(1), Fraction(0)), (Fraction(1), Fraction(0)))
    assert not proved(ar, frame=flat, span=(-HALF / 8, HALF / 8), **straight)


def test_an_arc_passes_tubes_inside_of_the_cell_only(ar) -> None:
    """A tube around w = 3/16 is passed, one that leaves the cell is not, nor one beside the arc."""
    proof = Plain(Parabola(ar), replace(CELL, bend=(Fraction(0),)))
    for centre, radius, passed in ((12, 1, True), (12, 5, False), (6, 2, False), (6, 5, False), (6, 7, True)):
        tube = Tube(-HALF / 8, HALF / 8, (Fraction(centre, 64),), (Fraction(radius, 64),))
        assert (proof.passed(tube) is not None) == passed


def test_a_place_is_believed_only_where_the_arc_is(ar) -> None:
    """At s = 1/8 the arc is at (1/8, 13/64): a box beside that is no place, and the point is enclosed all the same."""
    s, width = Fraction(1, 8), Fraction(1, 2**60)
    for w, believed in ((HEIGHT + s * s, True), (HEIGHT, False), (HEIGHT + s * s + width, False)):
        place = Tube(s, s, (w,), (width,))
        proof = Plain(Parabola(ar), replace(CELL, bend=(Fraction(0),)), [place])
        assert (proof.passed(place) is not None) == believed
        x, y = proof.section(s)
        assert ar.lower(x) == ar.upper(x) == s and ar.lower(y) <= HEIGHT + s * s <= ar.upper(y)


def test_a_curve_comes_in_forward_and_before_the_end(ar) -> None:
    """A joint on the arc is an entry if its velocity points forward and it is not on the last face, or outside."""
    proof = Plain(Parabola(ar), CELL)

    def entered(s, side=HEIGHT, velocity=1) -> bool:
        z = [ar.constant(v) for v in (s, s * s + side)]
        found = proof.entry(Joint(z, [ar.constant(Fraction(v)) for v in (velocity, 0)]))
        return found is not None and found[0] <= s <= found[1]

    assert entered(Fraction(0)) and entered(-HALF / 2)
    assert not entered(HALF)
    assert not entered(Fraction(0), velocity=-1)
    assert not entered(Fraction(0), side=HALF)
    assert not entered(2 * HALF)


class Given(CellProof):
    """Krawczyk's operator gives what it is told to."""

    given = None

    def image(self, w):
        return self.given


class Bent(Parabola):
    """``u + u^2 = 0`` with ``u`` the equation of the parabola: no box is narrowed to a point at once."""

    def value(self, z):
        u = super().value(z)[0]
        return [u + u * u]

    def jacobian(self, z):
        u, (row,) = super().value(z)[0], super().jacobian(z)
        return [[r + (u + u) * r for r in row]]


class Two(Parabola):
    """Both of ``y = x^2 + 3/16`` and ``z = 0``."""

    dimension = 2

    def value(self, z):
        return [*super().value(z), z[2]]

    def jacobian(self, z):
        zero, one = (self.arithmetic.constant(Fraction(k)) for k in (0, 1))
        return [[*super().jacobian(z)[0], zero], [zero, zero, one]]


def unit(n):
    return tuple(tuple(Fraction(i == j) for j in range(n)) for i in range(n))


STRAIGHT = replace(CELL, bend=(Fraction(0),))
SPACE = Cell((Fraction(0),) * 3, unit(3), (Fraction(0),) * 2, (-HALF, HALF), (HALF / 2, HALF), unit(2))


def width(ar, ball):
    """The distance of its ends."""
    return ar.upper(ball) - ar.lower(ball)


def nothing(ar):
    """What is not known."""
    return ar.constant(HALF) / ar.interval(-HALF, HALF)


@pytest.mark.parametrize(
    ("first", "second", "inside"),
    [
        ((-3, 3), (-7, 7), True),
        ((-4, 3), (-7, 7), False),
        ((-3, 4), (-7, 7), False),
        ((-9, -5), (-7, 7), False),
        ((5, 9), (-7, 7), False),
        ((-3, 3), (-8, 7), False),
        ((-3, 3), (-7, 8), False),
        (None, (0, 0), False),
        ((0, 0), None, False),
    ],
)
def test_an_image_is_strictly_inside_in_every_coordinate(ar, first, second, inside) -> None:
    """Of half widths 4/16 and 8/16, both ends; what is not known is not inside, nor is anything in a flat frame."""
    proof = Given(Two(ar), SPACE)
    assert not proof.proved()
    ends = (side and [Fraction(end, 16) for end in side] for side in (first, second))
    proof.given = [ar.interval(*side) if side else nothing(ar) for side in ends]
    assert proof.proved() == inside
    flat = Given(Two(ar), replace(SPACE, frame=(unit(3)[0],) * 3))
    flat.given = proof.given
    assert not flat.proved()


def test_points_of_a_cell_and_the_slope_of_its_axis(ar) -> None:
    """By hand: m = (1, 2), T = (1, 0), N = (1, 2), q = 3, s = 1/2, w = 1/4."""
    frame = ((Fraction(1), Fraction(1)), (Fraction(0), Fraction(2)))
    proof = Plain(Parabola(ar), replace(CELL, centre=(Fraction(1), Fraction(2)), frame=frame, bend=(Fraction(3),)))
    s, w = ar.constant(HALF), [ar.constant(HALF / 2)]
    assert [ar.midpoint(v) for v in proof.at(s, w)] == [Fraction(5, 2), 4]
    assert [ar.midpoint(v) for v in proof.slope(s)] == [4, 6]
    where = proof.coordinates(proof.at(s, w))
    assert (ar.midpoint(where[0]), ar.midpoint(where[1][0])) == (HALF, HALF / 2)


@pytest.mark.parametrize(
    ("low", "high", "centre", "radius", "passed"),
    [
        (-1, 1, 0, 32, True),
        (-1, 1, -4, 30, False),
        (0, 8, 24, 1, False),
        (-8, 0, 24, 1, False),
        (0, 0, 22, 2, False),
        (0, 0, 26, 2, False),
        (0, 0, 22, 3, True),
        (-8, 8, 27, 5, False),
        (-8, 8, 21, 5, False),
        (-8, 8, 24, 5, True),
    ],
)
def test_what_is_passed_holds_the_arc_over_all_of_the_tube(ar, low, high, centre, radius, passed) -> None:
    """In 64ths of s, 128ths of w, where the cell ends at 32 and ``w = 24 + 128 s^2``: it is enclosed 4 to each side."""
    s = [Fraction(end, 64) for end in (low, high)]
    tube = Tube(*s, (Fraction(centre, 128),), (Fraction(radius, 128),))
    assert (Plain(Parabola(ar), STRAIGHT).passed(tube) is not None) == passed


def test_a_tube_has_to_fit_in_every_coordinate(ar) -> None:
    """Of (w, z) = (3/16, 0): around both, beside one of both, and out of the cell in one of both."""
    proof, zero = Plain(Two(ar), SPACE), Fraction(0)
    for centre, radius, passed in (
        ((3, 0), (1, 1), True),
        ((0, 0), (1, 1), False),
        ((3, 4), (1, 1), False),
        ((3, 0), (2, 1), False),
        ((3, 0), (1, 9), False),
    ):
        sides = (tuple(Fraction(v, 16) for v in side) for side in (centre, radius))
        assert (proof.passed(Tube(zero, zero, *sides)) is not None) == passed


def test_only_single_points_are_places_and_they_are_tight(ar) -> None:
    """A place of width 2**-90 is as tight in the section, which is far tighter than what narrowing gives."""
    s, room = Fraction(1, 8), Fraction(1, 2**90)
    tubes = [Tube(at, upto, (HEIGHT + s * s,), (room,)) for at, upto in ((s, s), (-s, s))]
    proof = Plain(Bent(ar), STRAIGHT, tubes)
    assert set(proof.places) == {s}
    assert width(ar, proof.section(s)[1]) < 4 * room < width(ar, Plain(Bent(ar), STRAIGHT).section(s)[1])


@pytest.mark.parametrize(("low", "high"), [(0, 4), (-4, 2), (2, 3)])
def test_krawczyks_operator_holds_all_that_newtons_step_gives(ar, low, high) -> None:
    """``w - C G(z(s, w))`` for 25 points (s, w) of a part of the cell, in exact numbers, lies in the image."""
    s, w = [Fraction(end, 32) for end in (low, high)], [Fraction(1, 16), Fraction(1, 4)]
    proof = Plain(Bent(ar), STRAIGHT)
    (image,) = proof._krawczyk(ar.interval(*s), [ar.interval(*w)])
    for i in range(5):
        for j in range(5):
            x, y = (side[0] + k * (side[1] - side[0]) / 4 for k, side in ((i, s), (j, w)))
            u = y - x * x - HEIGHT
            assert ar.lower(image) <= y - u - u * u <= ar.upper(image)
    (narrow,) = proof.narrowed(ar.interval(*s), [ar.interval(*w)])
    assert width(ar, narrow) < Fraction(3, 16) and ar.lower(narrow) >= w[0] and ar.upper(narrow) <= w[1]


@pytest.mark.parametrize(
    ("x", "y", "misses", "holds"),
    [
        ((0, 0), (0, 0), False, True),
        ((-7, 7), (-3, 3), False, True),
        ((-9, 8), (-4, 4), False, False),
        ((-8, 8), (-4, 5), False, False),
        ((-16, -9), (0, 0), True, False),
        ((9, 16), (0, 0), True, False),
        ((0, 0), (-16, -5), True, False),
        ((0, 0), (5, 16), True, False),
        ((8, 16), (0, 0), False, False),
        ((-16, -8), (0, 0), False, False),
        ((-16, 16), (-16, 16), False, False),
        (None, (0, 0), False, False),
    ],
)
def test_what_a_cell_holds_and_what_it_misses(ar, x, y, misses, holds) -> None:
    """In 16ths, of the cell of half widths 8 and 4; in a flat frame, and of what is not known, nothing."""
    z = [ar.interval(*(Fraction(v, 16) for v in side)) if side else nothing(ar) for side in (x, y)]
    proof = Plain(Parabola(ar), STRAIGHT)
    assert (proof.misses(z), proof.holds(z)) == (misses, holds)
    half = ar.constant(HALF)
    assert not proof._outside(half, HALF, 2 * HALF) and not proof._outside(half, Fraction(0), HALF)
    flat = Plain(Parabola(ar), replace(STRAIGHT, frame=(unit(2)[0],) * 2))
    assert flat.coordinates(z) is None and flat.entry(Joint(z, z)) is None
    assert not flat.misses(z) and not flat.holds(z)


def test_the_end_of_an_arc_and_where_it_comes_in(ar) -> None:
    """The end is (1/2, 7/16) with velocity (1, 1); a joint with s from 1/8 to 1/4 is entered there, one at 1/2 not."""
    end = Plain(Parabola(ar), CELL).end
    for ball, value in zip([*end.z, *end.velocity], (HALF, HALF**2 + HEIGHT, 1, 1), strict=True):
        assert ar.lower(ball) <= value <= ar.upper(ball) and width(ar, ball) < HALF**60
    proof = Plain(Parabola(ar), STRAIGHT)
    assert [ar.midpoint(v) for v in proof.velocity([ar.constant(HALF / 2)] * 2, ar.constant(HALF / 2))] == [1, HALF]
    for low, high, entered in ((HALF / 4, HALF / 2, True), (HALF / 2, HALF, False)):
        joint = Joint([ar.interval(low, high), ar.constant(HALF**3)], [ar.constant(Fraction(1))] * 2)
        found = proof.entry(joint)
        assert (found is not None) == entered
        assert not entered or all(abs(a - b) < HALF**20 for a, b in zip(found, (low, high), strict=True))


def test_nothing_follows_from_what_is_not_known(ar) -> None:
    """Without a finite Jacobian, value or right side, or across a singular Jacobian, there is no image and no end."""
    one, zero, open_ = ar.constant(Fraction(1)), ar.constant(Fraction(0)), nothing(ar)
    proof = Plain(Parabola(ar), STRAIGHT)
    for jacobian, right in (([[one, open_]], [one]), ([[one, one]], [open_]), ([[one, zero]], [one])):
        assert proof.across(jacobian, right) is None
    assert ar.midpoint(proof.across([[one, one + one]], [one])[0]) == HALF
    tube, w = Tube(Fraction(0), Fraction(0), (HEIGHT,), (HALF**4,)), [ar.interval(-HALF, HALF)]
    assert proof.passed(tube) is not None
    proof.system.value = lambda z: [open_]
    assert proof.passed(tube) is None
    proof.system.jacobian = lambda z: [[one, open_]]
    assert proof._krawczyk(zero, w) is None and proof.narrowed(zero, w) is w and proof.passed(tube) is None
    assert not proof.proved() and proof.velocity([zero, zero], zero) is None and proof.end is None


def test_the_first_cell_that_may_hold_the_beginning_again_is_found(ar) -> None:
    """The arc begins at (-1/2, 7/16): cells do not hold that which hold its end, or its point with their first s."""
    shifts = {(16, -4, 4): 0, (6, -4, 4): HALF / 2, (-2, 0, 4): 0}
    far, end, other = (
        Plain(
            Parabola(ar),
            replace(
                CELL,
                centre=(Fraction(shift, 8), Fraction(0)),
                span=(Fraction(low, 8), Fraction(high, 8)),
                radius=(HALF / 2 + more,),
            ),
        )
        for (shift, low, high), more in shifts.items()
    )
    first = Plain(Parabola(ar), CELL)
    assert unrepeated([first]) == 1 and unrepeated([first, first, far]) == 1
    assert unrepeated([first, far, end, far]) == 4 and unrepeated([first, other, first]) == 2


def test_a_part_of_an_arc_is_enclosed_over_all_of_it(ar) -> None:
    """From s = 0 to 1/8 the arc goes from (0, 12/64) to (1/8, 13/64)."""
    s, w, z = arc_box(Plain(Parabola(ar), STRAIGHT), Fraction(0), HALF / 4, [ar.interval(-HALF / 2, HALF / 2)])
    for x in (0, HALF / 4):
        y = HEIGHT + x * x
        for ball, value in zip([s, *w, *z], (x, y, x, y), strict=True):
            assert ar.lower(ball) <= value <= ar.upper(ball) and width(ar, ball) < HALF / 2
