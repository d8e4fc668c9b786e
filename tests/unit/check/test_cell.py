"""Cells of a parabola whose arcs are known: what Krawczyk's test may and may not prove, and where an arc comes in."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from hallucert.balls import arithmetic
from hallucert.check.cell import Cell, CellProof, Joint, Tube

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


@pytest.fixture(params=["arb", "mpmath"])
def ar(request):
    with arithmetic(request.param, 106) as chosen:
        yield chosen


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
    assert not proved(ar, span=(HALF / 16, HALF / 8), **straight)
    assert not proved(ar, span=(-HALF / 8, -HALF / 16), **straight)
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
