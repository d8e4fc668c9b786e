"""What settles a piece of a band, or of the set of maximizers above it, with numbers by hand.

``f = 3 s - s^2`` with ``s = x^2 + y^2``; ``x* = (7/5, 0)``, ``rho = 7/5``, ``c = 0``,
``alpha = 3 (49/25) - (49/25)^2 = 2.0384``.
"""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import pytest
from region_samples import box, evidence

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.claim import Enclosure
from hallucert.check.problem import Point
from hallucert.check.reason import Reason
from hallucert.check.region import farthest_point, maximizer_set
from hallucert.check.region.maximizer_set import BandPiece, BandRegion, BoxPiece, Factorization
from hallucert.check.subdivision import Subdivision, balls_of

S, PHI = hc.Objective.parse("x**2 + y**2"), hc.Objective.parse("3*s - s**2", ("s",))


def band_inputs():
    """The top of phi is 9/4 at 3/2."""
    return {
        "band": (Fraction(1), Fraction(21, 10)),
        "top": tuple(map(Fraction, ("1.3", "1.49", "1.51", "1.8"))),
        "box": tuple(box((-2, 2), (-2, 2))),
        "neighbourhood": tuple(box(("1.3", "1.5"), ("-0.1", "0.1"))),
    }


def band(ar, **changes):
    """The region of this set, or one that is changed."""
    inputs = {**band_inputs(), **changes}
    here = evidence(ar, "3*(x**2 + y**2) - (x**2 + y**2)**2", ("7/5", 0), "7/5")
    return BandRegion(here, Factorization(ar, PHI.tape, S.tape, None), inputs)


@pytest.mark.parametrize(
    ("test", "holds", "fails"),
    [
        (
            BoxPiece.is_outside,
            [((0, "0.7"), (0, "0.7")), (("1.5", 2), (0, 1))],
            [((0, 1), (0, "0.1")), ((1, 2), (0, 1)), (("1.1", "1.2"), (0, "0.1"))],
        ),
        (BoxPiece.is_below, [(("1.44", "1.45"), (0, "0.01"))], [(("1.39", "1.41"), (0, "0.01")), ((1, 2), (0, 1))]),
        (
            BoxPiece.is_sloped,
            [(("1.1", "1.2"), (0, "0.1")), (("1.35", "1.45"), (0, "0.1"))],
            [(("-0.1", "0.1"), ("-0.1", "0.1")), (("1.35", "1.45"), (0, "0.2")), (("1.9", 2), (0, "0.1"))],
        ),
    ],
)
def test_pieces_of_a_set_are_settled_where_the_test_holds(test, holds, fails):
    """Outside of the band, below the level, or with a slope of s: inside of D, and closer than x* or beside it."""
    ar = arithmetic("arb", 106)
    with ar:
        region = band(ar)
        for sides, expected in [(s, True) for s in holds] + [(s, False) for s in fails]:
            piece = box(*sides)
            assert bool(test(BoxPiece(region, piece, balls_of(ar, piece)))) is expected, sides


@pytest.mark.parametrize("sides", [((-1, 0), (1, 2)), ((0, 1), (-2, -1)), ((1, 2), (0, 1)), ((-2, -1), (0, 1))])
def test_no_piece_at_the_boundary_is_settled_by_its_slope(sides):
    """{f >= alpha} must not reach the boundary of D: each of its four sides counts."""
    ar = arithmetic("arb", 106)
    with ar:
        piece = box(*sides)
        for end, expected in (("1", False), ("1.01", True)):
            sizes = [(-2 * Fraction(end), 2 * Fraction(end))] * 2
            region = band(ar, box=tuple(sizes), neighbourhood=tuple(box((-3, 3), (-3, 3))))
            assert BoxPiece(region, piece, balls_of(ar, piece)).is_sloped() is expected


@pytest.mark.parametrize(
    ("test", "holds", "fails"),
    [
        (BandPiece.is_at_top, [("1.3", "1.8")], [("1.29", "1.5"), ("1.5", "1.81")]),
        (BandPiece.is_below, [(1, "1.005"), ("2.08", "2.1")], [(1, "1.1"), ("1.9", 2)]),
        (BandPiece.is_sloped, [(1, "1.4"), ("1.6", 2)], [("1.4", "1.6")]),
    ],
)
def test_pieces_of_a_band_are_settled_where_the_test_holds(test, holds, fails):
    """Around the top, below the level, or with a slope of phi, which is 3 - 2 s."""
    ar = arithmetic("arb", 106)
    with ar:
        region = band(ar)
        for side, expected in [(s, True) for s in holds] + [(s, False) for s in fails]:
            piece = box(side)
            assert test(BandPiece(region, piece, balls_of(ar, piece))) is expected, side


@pytest.mark.parametrize(
    ("top", "band_", "fine"),
    [
        (("1.3", "1.49", "1.51", "1.8"), (1, "2.1"), True),
        (("1.49", "1.49", "1.51", "1.51"), (1, "2.1"), True),
        (("1.5", "1.49", "1.51", "1.8"), (1, "2.1"), False),
        (("1.3", "1.51", "1.49", "1.8"), (1, "2.1"), False),
        (("1.3", "1.49", "1.51", "1.505"), (1, "2.1"), False),
        (("1.3", "1.505", "1.51", "1.8"), (1, "2.1"), False),  # phi' < 0 at both ends
        (("1.3", "1.49", "1.495", "1.8"), (1, "2.1"), False),
        (("1.3", "1.49", "1.51", "1.8"), ("1.3", "2.1"), False),
        (("1.3", "1.49", "1.51", "1.8"), (1, "1.8"), False),
    ],
)
def test_the_top_lies_where_it_is_bracketed(top, band_, fine):
    """In order, inside of the band, with a slope up before and down behind it; its value is enclosed."""
    ar = arithmetic("arb", 106)
    with ar:
        found = band(ar, top=tuple(map(Fraction, top)), band=tuple(map(Fraction, band_))).numbers()
        if not fine:
            assert found is Reason.NOT_A_MAXIMIZER
        else:
            assert found["maximum"].lower <= Fraction(9, 4) <= found["maximum"].upper < Fraction(9, 4) + Fraction(1, 10)
            assert found["level"].contains(Enclosure(Fraction(20384, 10000), Fraction(20384, 10000)))


def test_the_ends_of_the_band_are_below_and_the_point_is_in_it():
    """phi(1) = 2 and phi(2.1) = 1.89 are; phi(1.1) = 2.09 is not. x* has s = 1.96."""
    ar = arithmetic("arb", 106)
    with ar:
        assert band(ar).ends_are_below() and band(ar).holds_point()
        assert not band(ar, band=(Fraction(11, 10), Fraction(21, 10))).ends_are_below()
        assert not band(ar, band=(Fraction(1), Fraction(19, 10))).ends_are_below()
        assert not band(ar, band=(Fraction(1), Fraction(19, 10))).holds_point()
        assert not band(ar, band=(Fraction(2), Fraction(21, 10))).holds_point()
        assert not band(ar, box=tuple(box((-2, 1), (-2, 2)))).holds_point()


def test_a_set_needs_a_factorization_and_two_ends():
    """Another function than phi(s(x)), or inputs of another shape: nothing is measured."""
    ar = arithmetic("arb", 106)
    inputs = {
        **band_inputs(),
        "level_function": S.tape,
        "profile": PHI.tape,
        "neighbourhood": tuple(box(("1.39", "1.41"), ("-0.01", "0.01"))),
        "penalty": Fraction(1),
        "band_subdivision": Subdivision("b"),
        "subdivision": Subdivision("o"),
    }
    with ar:
        here = evidence(ar, "3*(x**2 + y**2) - (x**2 + y**2)**2", ("7/5", 0), "7/5")
        for changes in ({"profile": S.tape}, {"band": ()}, {"top": ()}, {"box": ()}, {"neighbourhood": ()}):
            assert maximizer_set.measure(here, {**inputs, **changes}) is Reason.NOT_A_MAXIMIZER
        assert maximizer_set.measure(here, {**inputs, "top": inputs["top"][::-1]}) is Reason.NOT_A_MAXIMIZER
        nodes = here.point.objective.tape.nodes
        found = [maximizer_set.factorization(here, {"cut": i}) is not None for i in range(len(nodes))]
        assert next(node.op for node, cut in zip(nodes, found, strict=True) if cut) == "add" and not any(found[:3])
        high = {"band": (Fraction(11, 10), Fraction(21, 10))}
        assert maximizer_set.measure(here, {**inputs, **high}) is Reason.LEVEL
        # the whole circle is as far as x*, so that no neighbourhood shows a single point
        assert farthest_point.measure(here, inputs) is Reason.NOT_A_MAXIMUM


def test_the_point_lies_in_the_band(monkeypatch):
    """Whatever touches the ball around its target: here D ends before x*."""
    monkeypatch.setattr(maximizer_set, "touches_only_here", lambda *_: True)
    inputs = {**band_inputs(), "level_function": S.tape, "profile": PHI.tape, "penalty": Fraction(1)}
    inputs |= {
        "band_subdivision": Subdivision("b"),
        "subdivision": Subdivision("o"),
        "box": tuple(box((-2, 1), (-2, 2))),
    }
    ar = arithmetic("arb", 106)
    with ar:
        here = evidence(ar, "3*(x**2 + y**2) - (x**2 + y**2)**2", ("7/5", 0), "7/5")
        assert maximizer_set.measure(here, inputs) is Reason.BUDGET


def test_the_top_is_concave_on_all_of_it():
    """phi = s (s - 3)^2 has phi'' = 6 s - 12: a top that reaches beyond 2 may hold other critical points."""
    ar = arithmetic("arb", 106)
    phi = hc.Objective.parse("s*(s - 3)**2", ("s",))
    with ar:
        here = evidence(ar, "(x**2 + y**2)*(x**2 + y**2 - 3)**2", ("7/5", 0), "7/5")
        for end, fine in (("1.9", True), ("2.1", False)):
            top = tuple(map(Fraction, ("0.9", "0.99", "1.01", end)))
            inputs = {"band": (Fraction(1, 8), Fraction(5, 2)), "top": top, "box": (), "neighbourhood": ()}
            found = BandRegion(here, Factorization(ar, phi.tape, S.tape, None), inputs).numbers()
            assert (found is not Reason.NOT_A_MAXIMIZER) is fine


def test_no_piece_is_settled_where_phi_may_be_undefined():
    """0 log(41/20 - s) does not show in the gradient of s."""
    ar = arithmetic("arb", 106)
    phi = hc.Objective.parse("3*s - s**2 + 0*log(41/20 - s)", ("s",))
    with ar:
        region = band(ar)
        holed = BandRegion(region.evidence, Factorization(ar, phi.tape, S.tape, None), band_inputs())
        piece, inner = box(("1.3", "1.45"), (0, "0.1")), box(("1.3", "1.4"), (0, "0.1"))
        assert BoxPiece(region, piece, balls_of(ar, piece)).is_sloped()
        assert not BoxPiece(holed, piece, balls_of(ar, piece)).is_sloped()
        assert BoxPiece(holed, inner, balls_of(ar, inner)).is_sloped()
        itself = hc.Objective.parse("3*(x**2 + y**2) - (x**2 + y**2)**2 + 0*log(41/20 - x**2 - y**2)").tape
        rewritten = BandRegion(region.evidence, Factorization(ar, PHI.tape, S.tape, itself), band_inputs())
        assert not BoxPiece(rewritten, piece, balls_of(ar, piece)).is_sloped()
        assert BoxPiece(rewritten, inner, balls_of(ar, inner)).is_sloped()
        for side, sloped in ((("1.6", 2), True), (("1.6", "2.1"), False)):
            assert BandPiece(holed, box(side), balls_of(ar, box(side))).is_sloped() is sloped


def test_only_formulas_are_factorized():
    """Programs have no tape that could be cut."""
    network = hc.TanhNetwork((1, 1), [[1.0]], [0.5])
    here = SimpleNamespace(point=SimpleNamespace(objective=network), arithmetic=None)
    assert maximizer_set.factorization(here, {"cut": 1}) is None


@pytest.mark.parametrize(("dimension", "looked_at"), [(1, False), (2, True), (3, True), (4, False)])
def test_sets_are_of_two_or_three_variables(dimension, looked_at, monkeypatch):
    """Of others nothing is measured."""
    monkeypatch.setattr(maximizer_set, "factorization", lambda *_: object())
    monkeypatch.setattr(maximizer_set, "BandRegion", lambda *_: SimpleNamespace(numbers=lambda: Reason.LEVEL))
    here = SimpleNamespace(point=SimpleNamespace(x=[0] * dimension))
    inputs = {"band": (0, 1), "top": (0, 1, 2, 3), "box": [0] * dimension, "neighbourhood": [0] * dimension}
    assert maximizer_set.measure(here, inputs) is (Reason.LEVEL if looked_at else Reason.NOT_A_MAXIMIZER)


@pytest.mark.parametrize("known", [0, 1])
def test_the_level_and_the_maximum_have_to_be_known(known, monkeypatch):
    """If one of both has no value, f is not known to be defined."""
    with arithmetic("arb", 106) as ar:
        region, whole = band(ar), Point.enclosure
        calls = iter((True, False) if known else (False, True))
        monkeypatch.setattr(Point, "enclosure", lambda self, ball: whole(self, ball) if next(calls) else None)
        assert region.numbers() is Reason.DOMAIN
