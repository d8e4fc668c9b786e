"""What settles a piece of the ball around a maximizer, with numbers by hand, and what is enclosed of the maximum.

``f = x - x^2 - 3 y^2/2`` and ``rho = 1/2`` have ``x* = 0``, ``alpha = 0``, ``c = (1/2, 0)``, which is the maximizer, of
value 1/4. ``B`` has the radius 3/4, the cube the half width 1/8, and the neighbourhood of ``x*`` the half width 1/16.
"""

from __future__ import annotations

from fractions import Fraction

import pytest
from region_samples import box, evidence

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.claim import Claim, Enclosure, Status
from hallucert.check.point.rule import Evidence, Facts
from hallucert.check.problem import Point, Problem
from hallucert.check.reason import Reason
from hallucert.check.region import farthest_point
from hallucert.check.region.farthest_point import BallRegion, Piece
from hallucert.check.region.second_order import is_bent, is_closer
from hallucert.check.subdivision import Subdivision, balls_of, box_around
from hallucert.objectives.radius_law import RadiusLaw

HILL = "x - x**2 - 3*y**2/2"


def ball(ar, formula=HILL, **changes):
    """The region of the module's docstring, or one that is changed."""
    inputs = {
        "maximizer": (Fraction(1, 2), Fraction(0)),
        "ball_radius": Fraction(3, 4),
        "cube_radius": Fraction(1, 8),
        "neighbourhood": tuple(box_around([Fraction(0)] * 2, Fraction(1, 16))),
        **changes,
    }
    return BallRegion(evidence(ar, formula, (0, 0), "1/2"), inputs)


OUT, LOW, TOP = (("1.3", "1.4"), (0, "0.1")), (("-0.2", "-0.1"), (0, "0.1")), (("0.4", "0.6"), ("-0.1", "0.1"))
HERE, SIDE, RIM = (("-1/32", "1/32"),) * 2, (("0.25", "0.3"), (0, "0.1")), (("1.2", "1.3"), (0, "0.1"))
TOUCHING = (("-1/8", 0), ("-1/32", "1/32"))
"""Outside of B, below the level, around the maximizer, around x*, in the interior of U, across the boundary of B; and
one on which the greatest value is the level, in x*."""


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
@pytest.mark.parametrize(
    ("test", "holds", "fails"),
    [
        (Piece.is_outside, [OUT, (("1.26", 2), (-1, 1))], [RIM, LOW, TOP, (("1.25", 2), (0, 1))]),
        (Piece.is_below, [LOW, OUT, RIM], [HERE, TOP, SIDE, TOUCHING]),
        (Piece.is_below_by_curvature, [LOW, OUT, RIM], [HERE, TOP, SIDE, TOUCHING]),
        (Piece.is_in_cube, [TOP, (("3/8", "5/8"), ("-1/8", "1/8"))], [SIDE, HERE, (("0.37", "0.5"), (0, "0.1"))]),
        (Piece.is_sloped, [SIDE, HERE], [TOP, RIM, (("1.1", "1.2"), (0, "0.1")), (("-1/8", 0), (0, "1/16"))]),
        (Piece.is_sloped_by_curvature, [SIDE, HERE], [TOP, RIM, (("1.1", "1.2"), (0, "0.1"))]),
    ],
)
def test_a_piece_is_settled_where_the_test_holds(test, holds, fails, backend):
    """Each test holds of some pieces and of no others; a piece is not below where it reaches the level."""
    ar = arithmetic(backend, 106)
    with ar:
        region = ball(ar)
        for sides, expected in [(s, True) for s in holds] + [(s, False) for s in fails]:
            piece = box(*sides)
            assert bool(test(Piece(region, piece, balls_of(ar, piece)))) is expected, sides


@pytest.mark.parametrize("test", [Piece.is_below, Piece.is_in_cube, Piece.is_sloped, Piece.is_sloped_by_curvature])
def test_nothing_but_outside_is_settled_where_f_may_be_undefined(test):
    """0 log(2/5 - y) does not show in derivatives; pieces that reach y = 2/5 are outside of the domain."""
    ar = arithmetic("arb", 106)
    with ar:
        region = ball(ar, f"{HILL} + 0*log(2/5 - y)", cube_radius=Fraction(1))
        high = box(("0.3", "0.4") if test is not Piece.is_below else (2, 3), ("0.35", "0.4"))
        low = [high[0], (Fraction(0), Fraction(1, 10))]
        assert [bool(test(Piece(region, piece, balls_of(ar, piece)))) for piece in (low, high)] == [True, False]
        above = box(("-0.2", "-0.1"), ("0.35", "0.4"))
        assert not Piece(region, above, balls_of(ar, above)).is_below_by_curvature()


def test_below_is_below_the_level_whatever_it_is_and_inside_is_inside_of_the_ball():
    """A level of -1; a ball of radius 1/4, across whose boundary a piece lies; 1/12, which is no double."""
    ar = arithmetic("arb", 106)
    with ar:
        for sides, below in ((LOW, True), (TOP, False), (HERE, False)):
            assert Piece(ball(ar, f"{HILL} - 1"), box(*sides), balls_of(ar, box(*sides))).is_below() is below
        piece = box(("0.2", "0.3"), (0, "0.1"))
        for radius, sloped in ((Fraction(3, 4), True), (Fraction(1, 4), False)):
            assert Piece(ball(ar, ball_radius=radius), piece, balls_of(ar, piece)).is_sloped() is sloped
        assert ball(ar, f"{HILL} + 0*log(x)").numbers() is Reason.DOMAIN
        maximum = ball(ar, f"({HILL})/3").numbers()["maximum"]
        assert maximum.lower < Fraction(1, 12) < maximum.upper


def test_the_maximum_is_enclosed():
    """1/4 from a point beside the maximizer, whose value is less and whose slope bounds the rest; not from nowhere."""
    ar = arithmetic("arb", 106)
    with ar:
        numbers = ball(ar, maximizer=(Fraction(33, 64), Fraction(1, 64))).numbers()
        beside = Fraction(1, 4) - Fraction(1, 64**2) - Fraction(3, 2) / 64**2
        rise = (Fraction(1, 32) + Fraction(3, 64)) / 8
        assert numbers["maximum"].lower <= beside and Fraction(1, 4) <= numbers["maximum"].upper
        assert abs(numbers["maximum"].upper - beside - rise) < Fraction(1, 2**80)
        assert numbers["level"].lower <= 0 <= numbers["level"].upper
        for changes in ({"ball_radius": Fraction(0)}, {"cube_radius": Fraction(0)}, {"cube_radius": Fraction(-1)}):
            assert ball(ar, **changes).numbers() is Reason.NOT_A_MAXIMIZER
        assert ball(ar, "x**2 - y**2 + x").numbers() is Reason.NOT_A_MAXIMIZER
        assert ball(ar, "x + y**2 + x**2").numbers() is Reason.NOT_A_MAXIMIZER


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, Reason.UNSETTLED),  # (1, 0) is as far: no subdivision of it is settled
        ({"penalty": Fraction(0)}, Reason.NOT_A_MAXIMUM),
        ({"neighbourhood": box_around([Fraction(1), Fraction(0)], Fraction(1, 16))}, Reason.NOT_A_MAXIMUM),
        ({"ball_radius": Fraction(1, 2)}, Reason.BUDGET),  # x* on the boundary of B
        ({"maximizer": (Fraction(1, 2),)}, Reason.DIMENSION),
        ({"neighbourhood": ()}, Reason.DIMENSION),
        ({"cube_radius": Fraction(-1)}, Reason.NOT_A_MAXIMIZER),
    ],
)
def test_each_hypothesis_is_looked_at(changes, reason):
    """Inputs that break one of them name it."""
    ar = arithmetic("arb", 106)
    inputs = {
        "maximizer": (Fraction(1, 2), Fraction(0)),
        "ball_radius": Fraction(3, 4),
        "cube_radius": Fraction(1, 8),
        "neighbourhood": tuple(box_around([Fraction(0)] * 2, Fraction(1, 1024))),
        "penalty": Fraction(3),
        "subdivision": Subdivision("m"),
        **changes,
    }
    with ar:
        assert farthest_point.measure(evidence(ar, HILL, (0, 0), "1/2"), inputs) is reason


def test_a_level_that_is_the_maximum_is_none():
    """Published intervals that meet in one number decide nothing; a hair between them does, for a proved maximum."""
    one, hair = Enclosure(Fraction(1), Fraction(1)), Fraction(1, 2**80)
    numbers = {"smallest_tangential_eigenvalue": Enclosure(Fraction(-2), Fraction(-1))}
    numbers["largest_tangential_eigenvalue"] = numbers["smallest_tangential_eigenvalue"]
    sphere = Claim("sphere_type", Status.PROVED, "a maximum", numbers)
    facts = Facts(Problem(hc.Objective.parse("x + y"), Fraction(1)), None, {"sphere_type": sphere})
    inputs = {"ball_radius": Fraction(1)}
    above = Enclosure(1 + hair, Fraction(2))
    assert farthest_point.conclude(facts, {"level": one, "maximum": one}, inputs) is Reason.LEVEL
    below = Enclosure(Fraction(0), Fraction(1))
    status, sentence = farthest_point.conclude(facts, {"level": below, "maximum": above}, inputs)
    assert status is Status.PROVED and sentence.about == (1, 1 + hair, 1)
    assert farthest_point.conclude(facts, {"level": one, "maximum": above}, {"band": ()})[1].about[2] is None
    line = Facts(Problem(hc.Objective.parse("x"), Fraction(1)), None, {})
    assert farthest_point.conclude(line, {"level": one, "maximum": above}, inputs)[0] is Status.PROVED
    line.claims["sphere_type"] = Claim("sphere_type", Status.PROVED, "nothing")
    assert farthest_point.proved_sphere_kind(line) is None
    usam = Facts(
        Problem(hc.Objective.parse("x + y"), Fraction(1), law=RadiusLaw("usam")), None, {"sphere_type": sphere}
    )
    assert farthest_point.conclude(usam, {"level": one, "maximum": above}, inputs) is Reason.NOT_A_MAXIMUM
    overlapping = {"level": Enclosure(Fraction(0), Fraction(3, 2)), "maximum": Enclosure(Fraction(1), Fraction(2))}
    assert farthest_point.conclude(facts, overlapping, inputs) is Reason.LEVEL
    facts.claims.clear()
    assert farthest_point.conclude(facts, {"level": one, "maximum": above}, inputs) is Reason.NOT_A_MAXIMUM


def test_closer_is_closer_than_rho():
    """The sphere itself is not closer; neither is what reaches beyond it."""
    ar = arithmetic("arb", 106)
    with ar:
        here = evidence(ar, HILL, (0, 0), "1/2")
        for sides, expected in (
            ((("0.01", "0.9"), (0, "0.05")), True),
            (((0, "0.9"), (0, "0.05")), False),
            ((("0.4", "0.6"), (0, "0.5")), False),
            ((("0.4", "0.6"), (0, "0.48")), True),
        ):
            assert is_closer(here, balls_of(ar, box(*sides))) is expected


def test_a_function_is_bent_on_all_of_a_box():
    """x^3: concave to the left, convex to the right, neither on a box that reaches 0; no box has an empty side."""
    ar = arithmetic("arb", 106)
    with ar:
        here = evidence(ar, "x**3 + x*y**2", (1, 1), "1/2")  # H = (6 x, 2 y; 2 y, 2 x)
        for sides, sign, expected in (
            (((1, 2), ("-0.1", "0.1")), 1, True),
            (((1, 2), ("-0.1", "0.1")), -1, False),
            (((-2, -1), ("-0.1", "0.1")), -1, True),
            (((0, 1), ("-0.1", "0.1")), 1, False),
            (((1, 1), ("-0.1", "0.1")), 1, False),
        ):
            assert is_bent(here, box(*sides), sign) is expected


@pytest.mark.parametrize(("dimension", "refused"), [(3, False), (4, True)])
def test_subdivisions_are_of_three_dimensions_at_most(dimension, refused):
    """A ball in four is refused at once."""
    names = [f"x{i}" for i in range(dimension)]
    f = hc.Objective.parse(f"x0 - {' - '.join(f'{name}**2' for name in names)}", names)
    ar, zero = arithmetic("arb", 106), (Fraction(0),) * dimension
    inputs = {"maximizer": (Fraction(1, 2), *zero[1:]), "ball_radius": Fraction(3, 4), "cube_radius": Fraction(1, 8)}
    inputs |= {"neighbourhood": box_around(list(zero), Fraction(1, 16)), "penalty": Fraction(0)}
    with ar:
        here = Evidence(Point(ar, Problem(f, Fraction(1, 2)), [ar.constant(v) for v in zero]), (), 10)
        assert (farthest_point.measure(here, inputs) is Reason.DIMENSION) is refused
