"""How a piece of a region is settled: by signs that are certain, by convexity from the target, by a proved cell."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.branch import region as regions
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


def test_a_record_settles_the_region_only_as_it_stands(wells, system, monkeypatch) -> None:
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
    monkeypatch.setattr(regions, "is_held", lambda *_: False)
    assert settle(system, wells.chains, region, record, 10_000) is Reason.UNSETTLED


def test_a_diagram_needs_every_branch_of_its_sentence(wells) -> None:
    """With a cell that is not proved the box is settled as before, and completeness is not re-proved."""
    (chain,) = wells.chains
    thin = replace(chain.links[0].cell, radius=tuple(r / 2**40 for r in chain.links[0].cell.radius))
    forged = replace(wells, chains=(replace(chain, links=(replace(chain.links[0], cell=thin), *chain.links[1:])),))
    assert hc.verify(wells, "arb")
    message = hc.verify(forged, "arb").results[-1].message
    assert message == "the branches that it speaks of are not re-proved"


def whole(ar, *values):
    """Balls, of ends or of single numbers."""
    return [ar.interval(*map(Fraction, v)) if isinstance(v, tuple) else ar.constant(Fraction(v)) for v in values]


def nowhere(ar):
    """What is indeterminate."""
    return ar.constant(Fraction(1)) / ar.interval(Fraction(-1), Fraction(1))


def seen(ar, **known) -> Piece:
    """A piece of which is known what is given, with the target at 0."""
    made = Piece.__new__(Piece)
    objective = SimpleNamespace(
        enclose_gradient=lambda _, x: known["gradients"][int(ar.upper(x[0]) > ar.lower(x[0]))],
        enclose_hessian=lambda _, x: known["hessians"],
    )
    made.system, made.arithmetic = SimpleNamespace(objective=objective, target=whole(ar, 0, 0)), ar
    vars(made).update(known)
    return made


def test_a_gradient_is_known_in_two_ways() -> None:
    """g is (5, 7) at (1, 2): on [0, 4] x [1, 3] with H = [[1, 0], [0, 1/2]] it is in [4, 8] x [13/2, 15/2]."""
    ar = arithmetic("mpmath", 53)
    hessian = [whole(ar, 1, 0), whole(ar, 0, Fraction(1, 2))]
    for plain, found in ((((0, 20), (0, 20)), ((4, 8), (6.5, 7.5))), (((7, 20), (0, 7)), ((7, 8), (6.5, 7)))):
        gradients = whole(ar, 5, 7), whole(ar, *plain)
        piece = seen(ar, gradients=gradients, hessians=hessian, x=whole(ar, (0, 4), (1, 3)))
        piece.box = [(Fraction(0), Fraction(2)), (Fraction(1), Fraction(3))]
        assert [tuple(map(float, ar.endpoints(g))) for g in piece.gradient] == [*map(pytest.approx, found)]
        assert piece.hessian is hessian
    unbounded = [whole(ar, 1, 0), [ar.constant(Fraction(0)), nowhere(ar)]]
    for changes in ({"hessians": unbounded}, {"gradients": (gradients[0], [nowhere(ar)] * 2)}):
        known = {"gradients": gradients, "hessians": hessian, "x": piece.x, "box": piece.box} | changes
        piece = seen(ar, **known)
        assert piece.gradient is None and (piece.hessian is None) == ("hessians" in changes)


def test_no_inward_slope_without_a_gradient() -> None:
    """3 (-1) + 2 (5) = 7; nothing of a gradient that is not known, nor of an offset that is not bounded."""
    ar = arithmetic("mpmath", 53)
    gradient, offset = whole(ar, 3, 2), whole(ar, -1, 5)
    assert ar.endpoints(seen(ar, gradient=gradient, offset=offset).inward) == (7, 7)
    assert seen(ar, gradient=None, offset=offset).inward is None
    assert seen(ar, gradient=gradient, offset=[offset[0], nowhere(ar)]).inward is None


WIDE = (-1000, 1000)
MULTIPLIERS = {
    "inward": (WIDE, WIDE, (25, 50), WIDE, (1, 2)),  # by 3^2 + 4^2
    "first": ((6, 12), WIDE, WIDE, WIDE, (2, 4)),
    "second": (WIDE, (4, 12), WIDE, WIDE, (1, 3)),
    "direction": (WIDE, WIDE, WIDE, (0, 6), (0, 5)),  # (g(m) + H [-1, 3]) v / <c - x, v> along v = (0, 1/2)
    "all": ((6, 15), (-4, 18), (0, 300), (0, 6), (2, 4.5)),
    "none": (WIDE, WIDE, WIDE, WIDE, (0, 40)),
}


@pytest.mark.parametrize("name", MULTIPLIERS)
def test_the_multiplier_lies_in_all_of_its_enclosures(name) -> None:
    """Those of <g, c - x>/|c - x|^2, of both coordinates, and along a direction, from 0 on; c - x is (3, 4)."""
    ar = arithmetic("mpmath", 53)
    *known, second, found = MULTIPLIERS[name]
    first, other, inward = whole(ar, *known)
    known = {"gradient": [first, other], "inward": inward, "offset": whole(ar, 3, 4)}
    known["hessian"] = [whole(ar, 7, 0), whole(ar, 0, 5 if second == (0, 6) else 4000)]
    known["_at_middle"] = whole(ar, 9, 5 if second == (0, 6) else 0), whole(ar, 11, (-1, 3))
    known["_directions"] = lambda hessian: [whole(ar, 0, Fraction(1, 2))]
    assert [*map(float, seen(ar, **known).multiplier)] == pytest.approx(found, rel=1e-12)
    for missing in ("gradient", "hessian", "inward"):
        assert seen(ar, **known | {missing: None}).multiplier is None
    assert seen(ar, **known | {"offset": whole(ar, (-1, 1), (-1, 1))}).multiplier is None


def test_directions_are_eigenvectors_of_what_is_bounded() -> None:
    """Of [[0, 2], [2, 0]] they are (1, 1) and (1, -1), of length 1; a Hessian with a hole in it has none."""
    ar = arithmetic("mpmath", 53)
    found = [[ar.approximate(t) for t in v] for v in seen(ar)._directions([whole(ar, 0, 2), whole(ar, 2, 0)])]
    assert sorted(abs(v[0] / v[1] + 1) for v in found) == pytest.approx([0, 2])
    assert [v[0] ** 2 + v[1] ** 2 for v in found] == pytest.approx([1, 1])
    assert seen(ar)._directions([[nowhere(ar), *whole(ar, 2)], whole(ar, 2, 0)]) == []


def test_one_pair_that_is_not_parallel_is_enough() -> None:
    """(1, 0, 0) and (1, 1, 0): the first two coordinates show it, the others do not."""
    ar = arithmetic("mpmath", 53)
    assert is_across(SimpleNamespace(arithmetic=ar, gradient=whole(ar, 1, 0, 0), offset=whole(ar, 1, 1, 0)))


def test_what_is_not_bounded_is_not_convex(monkeypatch) -> None:
    """Neither where the gradient is not known, nor the Hessian; a saddle is not, either."""
    ar = arithmetic("mpmath", 53)
    known = {"x": whole(ar, 1, 1), "gradient": whole(ar, 1, 1), "hessians": [whole(ar, 2, 0), whole(ar, 0, 3)]}
    assert is_convex(seen(ar, **known)) and not is_convex(seen(ar, **known | {"gradient": None}))
    assert not is_convex(seen(ar, **known | {"hessians": [whole(ar, 2, 0), whole(ar, 0, -3)]}))
    monkeypatch.setattr(regions, "is_positive_definite", lambda *_: True)
    assert not is_convex(seen(ar, **known | {"hessians": [whole(ar, 2, 0), [*whole(ar, 0), nowhere(ar)]]}))


@pytest.mark.parametrize(
    ("multiplier", "slope", "found", "held"),
    [
        ((1, 3), 2, (WIDE, 0), True),  # lambda = 2 + 2 s alone: s from -1/2 to 1/2, whatever the box shows
        ((0, 4), 2, (WIDE, 0), True),  # to both faces, which belong to the cell
        ((3, 5), 2, (WIDE, 0), False),
        ((0, 1), -1, (WIDE, 0), False),
        ((1, 3), -1, (WIDE, 0), True),
        ((1, 3), 0, (WIDE, 0), False),
        ((1, 3), 0, ((-1, 1), 0), True),
        ((1, 3), 0, ((-2, 0), 0), False),
        ((1, 3), 0, ((0, 2), 0), False),
        ((1, 3), 0, ((-1, 1), 2), False),
        ((1, 3), 2, (None, 0), False),
        ((1, 3), 2, (0, None), False),
        ((1, 3), 2, None, False),
        ((3, 1), 2, None, True),  # no lambda at all
        (None, 2, ((-1, 1), 0), False),
    ],
)
def test_what_a_cell_holds_is_between_its_faces(multiplier, slope, found, held) -> None:
    """By lambda alone, where it tells s, and otherwise by coordinates, which have to be known."""
    ar, one = arithmetic("mpmath", 53), Fraction(1)
    balls = found and [nowhere(ar) if v is None else whole(ar, v)[0] for v in found]
    proof = SimpleNamespace(
        arithmetic=ar,
        cell=SimpleNamespace(span=(-one, one), radius=(one,), centre=(3, -one, 2 * one), frame=((), (), (slope, 0))),
        multiplier_ends=(2 - slope, 2 + slope) if slope else None,
        coordinates=lambda z: balls and (balls[0], balls[1:]),
    )
    piece = SimpleNamespace(x=whole(ar, 0, 0), multiplier=multiplier and tuple(map(Fraction, multiplier)))
    assert is_held(proof, piece) == held


def test_a_point_of_lambda_is_no_gap() -> None:
    """Enclosures that meet in one number leave it; there are three of the coordinates at most."""
    assert regions.MAX_DIMENSION == 3
    assert not is_apart(SimpleNamespace(multiplier=(Fraction(2), Fraction(2))))
    assert is_apart(SimpleNamespace(multiplier=(Fraction(0), Fraction(0))))
