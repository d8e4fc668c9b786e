"""How a piece of a region is settled: by signs that are certain, by convexity from the target, by a proved cell."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.branch.region import Piece, is_across, is_apart, is_convex, is_held, is_outward, settle
from hallucert.check.branch.system import BranchSystem, proved_target
from hallucert.check.reason import Reason
from hallucert.check.subdivision import Subdivision, balls_of


@pytest.fixture(scope="module")
def wells():
    return hc.diagram(hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20"), (1, 0), [("-0.6", "-0.4"), ("-0.1", "0.1")])


@pytest.fixture
def system(wells):
    ar = arithmetic("mpmath", 106)
    with ar:
        yield BranchSystem(ar, wells.objective, proved_target(ar, wells.objective, wells.target).c)


def test_signs_settle_only_where_they_are_certain() -> None:
    """``<g, c - x>`` is not positive up to 0, and ``lambda`` has no value above 0 in all of its enclosures."""
    ar = arithmetic("mpmath", 53)
    for ends, outward in (((-1, 0), True), ((-1, 1), False), ((1, 2), False)):
        inward = ar.interval(*map(Fraction, ends))
        assert is_outward(SimpleNamespace(arithmetic=ar, inward=inward)) == outward
    assert not is_outward(SimpleNamespace(arithmetic=ar, inward=None))
    for g, across in (((1, 2), False), ((2, 1), True), ((1, -2), True), (None, False)):
        balls = [None if v is None else [ar.constant(Fraction(t)) for t in v] for v in (g, (1, 2))]
        assert is_across(SimpleNamespace(arithmetic=ar, gradient=balls[0], offset=balls[1])) == across
    for ends, apart in (((1, 2), False), ((0, 1), False), ((2, 1), True), ((0, 0), True)):
        assert is_apart(SimpleNamespace(multiplier=ends)) == apart
    assert not is_apart(SimpleNamespace(multiplier=None))


def test_convexity_is_asked_for_all_the_way_to_the_target(system) -> None:
    """Around (-1, 0) f is convex, but not between there and (1, 0); around (1, 0) nothing is between."""
    for x, convex in ((Fraction(-1), False), (Fraction(1), True)):
        box = [(x - Fraction(1, 16), x + Fraction(1, 16)), (Fraction(-1, 16), Fraction(1, 16))]
        assert is_convex(Piece(system, box, balls_of(system.arithmetic, box))) == convex


def test_a_cell_holds_what_is_between_its_faces_and_in_its_tube(system) -> None:
    """All of x, and of the lambda that are enclosed: a piece that sticks out at one end of the span is not held."""
    ar, one = system.arithmetic, Fraction(1)
    cell = SimpleNamespace(span=(-one, one), radius=(one, one), centre=(0, 0, one), frame=((0,), (0,), (one, 0, 0)))
    for x, multiplier, held in (
        ((0, 0), (0, 1), True),
        ((0, 0), (one / 2, 3), False),
        ((0, 2), (0, 1), False),
        ((0, 2), (2, 1), True),
    ):
        balls = [ar.constant(Fraction(v)) for v in x]
        proof = SimpleNamespace(
            arithmetic=ar,
            cell=cell,
            multiplier_ends=(Fraction(0), 2 * one),
            coordinates=lambda z: (z[2] - ar.constant(one), z[:2]),
        )
        piece = SimpleNamespace(x=balls, multiplier=tuple(map(Fraction, multiplier)))
        assert is_held(proof, piece) == held


def test_a_record_settles_the_region_only_as_it_stands(wells, system) -> None:
    """Without a cell, with another one, with tubes too thick to be proved, or one piece named otherwise: nothing."""
    record, region = wells.all_claims[-1].inputs, list(wells.region)
    letters = record["subdivision"].letters
    assert settle(system, wells.chains, region, record, 10_000) is None
    assert settle(system, wells.chains, region, record, len(record["subdivision"]) - 1) is Reason.BUDGET
    last = letters.rindex("t")
    for change in (
        {"holders": ()},
        {"holders": tuple(number + 1000 for number in record["holders"])},
        {"holders": tuple(number + Fraction(1, 2) for number in record["holders"])},
        {"thickness": ()},
        {"thickness": tuple(2**60 * factor for factor in record["thickness"])},
        {"thickness": tuple(0 * factor for factor in record["thickness"])},
        {"subdivision": Subdivision(f"{letters[:last]}b{letters[last + 1 :]}")},
        {"subdivision": Subdivision(f"{letters[:last]}x{letters[last + 1 :]}")},
    ):
        assert settle(system, wells.chains, region, {**record, **change}, 10_000) is Reason.UNSETTLED
    assert settle(system, (), region, record, 10_000) is Reason.UNSETTLED


def test_a_diagram_needs_every_branch_of_its_sentence(wells) -> None:
    """With a cell that is not proved the box is settled as before, and completeness is not re-proved."""
    (chain,) = wells.chains
    thin = replace(chain.links[0].cell, radius=tuple(r / 2**40 for r in chain.links[0].cell.radius))
    forged = replace(wells, chains=(replace(chain, links=(replace(chain.links[0], cell=thin), *chain.links[1:])),))
    assert hc.verify(wells, "arb")
    message = hc.verify(forged, "arb").results[-1].message
    assert message == "the branches that it speaks of are not re-proved"
