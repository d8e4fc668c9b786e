"""The checker of a census: each thing that it asks is needed, and what is true passes; oracle: a closed form.

Of ``(x^2 - 1)^2/4 + y^2/20`` with rho = 3/2 and the box [-2, 2]^2 the critical points are (0, 0) and (+-1, 0), and the
hallucinated points (-+1/2, 0), with |g| = 3/8 and the spectrum {2, 7/50}.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.census.charts import charts
from hallucert.check.census.records import (
    CriticalPoint,
    Kind,
    Open,
    Problem,
    Stability,
    Unsettled,
    is_excluded,
    kind_of,
    may_be_apart,
    overlap,
    stability_of,
    widened,
    within,
)
from hallucert.check.census.verify import Checker, _meet, _nonnegative, check
from hallucert.check.claim import Enclosure
from hallucert.clock import UNLIMITED

AR = arithmetic("arb", 106)
HALF, TINY = Fraction(-1, 2), Fraction(1, 2**60)


def side(low, high):
    return Enclosure(Fraction(low), Fraction(high))


def box(*sides):
    return tuple(side(low, high) for low, high in sides)


@pytest.fixture(scope="module")
def census():
    return hc.census(hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20"), [(-2, 2), (-2, 2)], "1.5")


def checker(census, most=2000):
    """A checker of which the critical points are proved, and all that is known of the points."""
    own = Checker(census, AR, most, UNLIMITED)
    assert not list(own.about_critical_points())
    for point in own.census.points:
        assert not list(own.about_point(point))
    return own


def target_of(own, point):
    return own.census.critical_points[point.target]


def test_each_point_is_needed_and_all_of_them_suffice(census):
    """Without the box of a point its sphere is not shown to be empty; those of the saddle are, without any."""
    with AR:
        own = checker(census)
        for point in own.census.points:
            target = target_of(own, point)
            assert own.holds_all_points(target, tuple(own.known[target]), ())
            assert not own.holds_all_points(target, (), ())
        (saddle,) = [c for c in own.census.critical_points if c.kind is Kind.SADDLE]
        assert own.holds_all_points(saddle, (), ())


@pytest.mark.parametrize(
    ("place", "hides"),
    [
        (box((-0.75, -0.25), (-0.25, 0.25)), True),
        (box((HALF - TINY, HALF + TINY), (-TINY, TINY)), True),
        (box((-0.75, -0.5 - 2**-40), (-0.25, 0.25)), False),
        (box((-0.5 + 2**-40, -0.25), (-0.25, 0.25)), False),
        (box((-0.75, -0.25), (2**-40, 0.25)), False),
    ],
)
def test_a_place_hides_a_point_exactly_if_it_holds_it(census, place, hides):
    """Also a place of the size of its rounding; one that ends 2^-40 beside the point hides nothing."""
    with AR:
        own = checker(census)
        (point,) = [p for p in own.census.points if p.x[0] < 0]
        target = target_of(own, point)
        assert own.holds_all_points(target, (), (Unsettled(place, target.box, Open.BUDGET),)) is hides
        assert own.holds_all_points(target, (), (Unsettled(None, target.box, Open.BUDGET),))


def test_places_of_other_targets_hide_nothing(census):
    """A point that is left out must lie in a place of its own target."""
    wide = box((-2, 2), (-2, 2))
    for i, point in enumerate(census.points):
        rest = census.points[:i] + census.points[i + 1 :]
        for number, target in enumerate(census.critical_points):
            pending = (Unsettled(wide, target.box, Open.BUDGET),)
            with AR:
                results = check(replace(census, points=rest, pending=pending), AR, 50, UNLIMITED)
            found = {result.name: result.passed for result in results}
            assert found["completeness_elsewhere"] is (number == point.target)


def test_each_critical_point_is_needed(census):
    """Without the box of one of them the region is not shown to hold no others; its target as a place will do."""
    with AR:
        own = checker(census)
        assert own.holds_all_targets(tuple(own.alone))
        for i, one in enumerate(own.alone):
            rest = (*own.alone[:i], *own.alone[i + 1 :])
            assert not own.holds_all_targets(rest)
            assert own.holds_all_targets((*rest, own.census.critical_points[i].box))
            assert not own.holds_all_targets((*rest, (side(one[0].lower, one[0].upper), side(2**-40, 1))))


def test_critical_points_out_of_reach_are_not_asked_for(census):
    """At distance 3/2 from the box [0.9, 1.1] x [-0.1, 0.1] there is none of (0, 0) and (1, 0), only perhaps beyond."""
    near = replace(census.problem, region=np.array([[0.9, 1.1], [-0.1, 0.1]]))
    with AR:
        assert Checker(replace(census, problem=near), AR, 2000, UNLIMITED).holds_all_targets(())
        far = replace(near, rho=Fraction(1))
        assert not Checker(replace(census, problem=far), AR, 2000, UNLIMITED).holds_all_targets(())


def changed(census, **changes):
    return replace(census, points=(replace(census.points[0], **changes), *census.points[1:]))


def problems(census):
    """What is wrong with the first point."""
    with AR:
        own = Checker(census, AR, 200, UNLIMITED)
        list(own.about_critical_points())
        return "; ".join(own.about_point(own.census.points[0]))


def moved(sides, by):
    return tuple(Enclosure(s.lower + Fraction(by), s.upper + Fraction(by)) for s in sides)


def test_what_is_wrong_with_a_point_is_said(census):
    """Box, region, stability, norm and spectrum, each beside what is true; nothing is wrong with the file."""
    point = census.points[0]
    assert problems(census) == ""
    tiny = Fraction(1, 2**30)
    wide = widened(point.box, Fraction(1, 2**18))
    for part, wrong in (
        ({"box": moved(point.box, tiny)}, "holds one point"),
        ({"box": wide}, "much too large"),
        ({"chart": point.chart ^ 1}, "holds one point"),
        ({"unique": moved(point.unique, 10)}, "holds one point"),
        ({"stability": Stability.REPELLER}, "do not show that it is repeller"),
        ({"stability": Stability.UNDECIDED}, "do not show that it is undecided"),
        ({"gradient_norm": moved([point.gradient_norm], tiny)[0]}, "gradient_norm is not"),
        ({"smallest_real_part": moved([point.smallest_real_part], tiny)[0]}, "smallest_real_part is not"),
        ({"kind": Kind.SADDLE}, "its target is another"),
    ):
        assert wrong in problems(changed(census, **part)), part
    inside = np.array([[-0.4, 2], [-2, 2]]) if point.x[0] < 0 else np.array([[-2, 0.4], [-2, 2]])
    assert "not certainly in the box" in problems(replace(census, problem=replace(census.problem, region=inside)))


def test_a_point_whose_gradient_points_outward_is_none():
    """Of x^2 + y^2 the point (1, 0) on the circle around 0 solves the equations of its chart; g points outward."""
    f = hc.Objective.parse("x**2 + y**2")
    census = hc.census(f, [(-2, 2), (-2, 2)], 1)
    bowl = replace(census.problem, f=hc.Objective.parse("x**2 + 2*y**2"))
    zero = CriticalPoint(box((-(2**-60), 2**-60), (-(2**-60), 2**-60)), Kind.MINIMIZER, box((-1, 1), (-1, 1)))
    template = hc.census(hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20"), [(-2, 2), (-2, 2)], "1.5").points[0]
    around = box((1 - 2**-60, 1 + 2**-60), (-(2**-60), 2**-60))
    point = replace(template, box=around, target=0, kind=Kind.MINIMIZER, chart=0, unique=box((-0.25, 0.25)))
    said = problems(replace(census, problem=bowl, critical_points=(zero,), points=(point,)))
    assert "does not certainly point to the target" in said


def test_critical_points_are_proved_one_by_one(census):
    """A box without one, a box that is too large, another kind, one that is there twice, one that is not isolated."""
    points = census.critical_points
    vague = CriticalPoint(points[0].box, Kind.DEGENERATE)
    for wrong in (
        (replace(points[0], box=moved(points[0].box, Fraction(1, 2**30))), *points[1:]),
        (replace(points[0], unique=None), *points[1:]),
        (replace(points[0], kind=Kind.SADDLE), *points[1:]),
        (*points, points[0]),
        (*points, replace(vague, box=box((0.25, 0.5), (-0.5, 0.5)))),
        (*points, replace(vague, box=box((-512, 512), (-1, 1)))),
        points[1:],
    ):
        with AR:
            own = Checker(replace(census, critical_points=wrong), AR, 200, UNLIMITED)
            assert list(own.about_critical_points())
    with AR:
        more = replace(census, critical_points=(*points, vague))
        assert not list(Checker(more, AR, 2000, UNLIMITED).about_critical_points())


def test_a_box_with_two_zeros_proves_none():
    """Krawczyk's operator is asked in the box of the file or a smaller one around the point, never in a larger one."""
    f = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
    census = hc.census(f, [(-2, 2), (-2, 2)], "1.5")
    right = next(c for c in census.critical_points if c.x[0] > 0.5)
    with AR:
        own = Checker(census, AR, 200, UNLIMITED)
        found = own.critical_point(replace(right, unique=box((-2, 3), (-1, 1))))
        assert not isinstance(found, str) and found[1][0].lower > Fraction(3, 5)  # g' = 3 x^2 - 1 is 0 at 0.577
        assert isinstance(own.critical_point(replace(right, unique=box((1 + 2**-50, 3), (-1, 1)))), str)


def test_the_box_of_another_zero_proves_nothing(census):
    """Exactly one critical point lies in a box around (-1, 0), but it is not (1, 0)."""
    right = next(c for c in census.critical_points if c.x[0] > 0.5)
    tenth = Fraction(1, 10)
    with AR:
        own = Checker(census, AR, 200, UNLIMITED)
        assert isinstance(own.critical_point(right), tuple)
        assert isinstance(
            own.critical_point(replace(right, unique=box((-1 - tenth, -1 + tenth), (-tenth, tenth)))), str
        )


def test_a_zero_on_the_edge_of_a_box_is_not_in_every_piece_that_meets_it(census):
    """The point (-1/2, 0) is not covered by the box [0, 1] of its chart, whose end it is."""
    with AR:
        own = checker(census)
        (point,) = [p for p in own.census.points if p.x[0] < 0]
        target = target_of(own, point)
        assert own.holds_all_points(target, ((point.chart, box((-1, 1))),), ())
        assert not own.holds_all_points(target, ((point.chart, box((0, 1))),), ())


def test_a_piece_of_which_one_point_is_left_is_not_empty(census, monkeypatch):
    """The zero may be that point."""
    with AR:
        own = checker(census)
        half = Fraction(1, 2**10)
        for left, empty in (([(half, half)] * 2, False), ([(half, half - Fraction(1, 2**80)), (half, half)], True)):
            monkeypatch.setattr(own, "_contracted", lambda *_, left=left: left)
            assert (own._left(own.gradient, [(Fraction(0), half)] * 2, lambda *_: False, own.size) is None) is empty


def test_what_fails_with_what(census):
    """A box without points is refuted by one point, absence needs all; completeness fails with any of the points."""
    norm = moved([census.points[0].gradient_norm], 1)[0]
    one = changed(census, gradient_norm=norm)
    both = replace(one, points=tuple(replace(point, gradient_norm=norm) for point in one.points))
    empty = hc.census(hc.Objective.parse("x**2 + y**2"), [(-2, 2), (-2, 2)], 1)
    for found, refuted, complete in (
        (census, True, True),
        (one, True, False),
        (both, False, False),
        (replace(census, points=census.points[1:]), True, False),
        (empty, True, True),
        (replace(empty, critical_points=()), False, False),
        (replace(census, points=()), False, False),
    ):
        with AR:
            results = {result.name: result.passed for result in check(found, AR, 50, UNLIMITED)}
        assert (results["no_hallucination"], results["completeness"]) == (refuted, complete)


def test_lengths_and_heights_make_no_difference():
    """The same function of x/2^30, times 2^100: its file is checked in units in which both are about 1."""
    f = hc.Objective.parse("((x/2**30)**2 - 1)**2*2**98 + (y/2**30)**2/20*2**100")
    found = hc.census(f, [(-(2**31), 2**31)] * 2, 3 * 2**29)
    assert len(found) == 2 and found.complete and hc.verify(found, "arb")
    assert all(within(point.box, point.unique) for point in found.critical_points)


def test_the_sign_of_a_spectrum_decides_and_0_does_not():
    """An interval with 0 at its end is undecided; a semidefinite Hessian names nothing."""
    ends = [(0, 1), (-1, 0), (-1, 1), (Fraction(1, 2**60), 1), (-1, Fraction(-1, 2**60))]
    words = [Stability.UNDECIDED] * 3 + [Stability.ATTRACTOR, Stability.REPELLER]
    assert [stability_of(side(*pair)) for pair in ends] == words and stability_of(None) is Stability.UNDECIDED
    counts = [(2, 0), (1, 1), (0, 2), (1, 0), (0, 1), (0, 0)]
    kinds = [Kind.MINIMIZER, Kind.SADDLE, Kind.MAXIMIZER] + [Kind.DEGENERATE] * 3
    assert [kind_of(*count, 2) for count in counts] == kinds


def test_boxes_that_touch_meet():
    """Two of several boxes, in any order; a common coordinate is not a common point."""
    a, b, c = box((0, 1), (0, 1)), box((1, 2), (1, 2)), box((0, 1), (2, 3))
    assert _meet([a, b]) and _meet([b, c, a]) and not _meet([a, c]) and not _meet([a]) and not _meet([])
    assert overlap(a, b) and overlap(b, a) and not overlap(a, c)
    assert within(a, a) and not within(a, box((0, 1), (0, Fraction(1023, 1024))))
    assert not within(a, box((Fraction(1, 1024), 1), (0, 1)))


def test_balls_that_hold_no_negative_number():
    """0 and above; what is not known may be negative."""
    with arithmetic("mpmath", 106) as ar:
        for low, high, expected in ((0, 1, True), (1, 2, True), (Fraction(-1, 2**40), 1, False), (-2, -1, False)):
            assert _nonnegative(ar, ar.interval(Fraction(low), Fraction(high))) is expected
        assert not _nonnegative(ar, ar.indeterminate())


@pytest.mark.parametrize(
    ("other", "distance", "expected"),
    [((3, 4), 5, True), ((3, 4), Fraction(5) - Fraction(1, 2**80), False), ((3, 4), 5 + Fraction(1, 2**80), False)],
)
def test_points_are_apart_exactly(other, distance, expected):
    """The distance of (0, 0) and (3, 4) is 5, without rounding."""
    a, b = box((0, 0), (0, 0)), box((other[0],) * 2, (other[1],) * 2)
    assert may_be_apart(a, b, Fraction(distance)) is may_be_apart(b, a, Fraction(distance)) is expected


def test_intervals_of_distances():
    """Between [0, 1] and [3, 5] it is from 2 to 5; boxes that meet may be at distance 0."""
    a, b = box((0, 1), (0, 0)), box((3, 5), (0, 0))
    for one, other in ((a, b), (b, a)):
        shown = [may_be_apart(one, other, d) for d in (Fraction(15, 8), Fraction(2), Fraction(5), Fraction(41, 8))]
        assert shown == [False, True, True, False]
    assert may_be_apart(a, box((1, 2), (0, 0)), Fraction(1, 2**60))


def test_an_excluded_place_ends_near_its_critical_point():
    """Two tolerances of the size, or 2^-6 rho if that is less; not at the target, nor of or at a degenerate point."""
    f, at = hc.Objective.parse("x**2 + y**2"), CriticalPoint(box((1, 1), (0, 0)), Kind.SADDLE)
    target = box((0, 0), (0, 0))
    own = CriticalPoint(target, Kind.MINIMIZER)
    problem = Problem(f, Fraction(1), np.array([[-2.0, 2.0], [-2.0, 1.0]]), 2.0**-22)  # 2 * 2^-22 * 4 = 2^-19
    for room, expected in ((Fraction(1, 2**19), True), (Fraction(1, 2**19) + Fraction(1, 2**60), False)):
        for place in (box((1 - room, 1), (0, 0)), box((1, 1 + room), (0, 0)), box((1, 1), (-room, room))):
            assert is_excluded(problem, [own, at], target, place) is expected
            assert not is_excluded(problem, [own, replace(at, kind=Kind.DEGENERATE)], target, place)
            assert not is_excluded(problem, [replace(own, kind=Kind.DEGENERATE), at], target, place)
            assert not is_excluded(problem, [own, at], at.box, place)
    small = replace(problem, rho=Fraction(1, 2**16))
    near = CriticalPoint(box((Fraction(1, 2**16),) * 2, (0, 0)), Kind.SADDLE)
    edge = Fraction(1, 2**16) + Fraction(1, 2**22)
    assert is_excluded(small, [own, near], target, box((Fraction(1, 2**16), edge), (0, 0)))
    assert not is_excluded(small, [own, near], target, box((Fraction(1, 2**16), edge + Fraction(1, 2**60)), (0, 0)))
    assert not is_excluded(problem, [own, at], target, box((-1, -1), (0, 0)))
    beside = box((1 + Fraction(1, 2**21), 1 + Fraction(1, 2**20)), (0, 0))
    assert not is_excluded(problem, [own, at], target, beside)  # it does not hold the critical point
    inside = replace(at, box=box((Fraction(1, 2),) * 2, (0, 0)))
    assert not is_excluded(problem, [own, inside], target, inside.box)  # which is not on the sphere
    wide = replace(own, box=box((-1, 1), (-1, 1)))
    assert not is_excluded(problem, [wide], wide.box, target)  # itself


def test_a_point_lies_over_a_box_of_its_chart_only():
    """(3, 3/2) seen from 0: y = 1/2 on the face of x, both ends of a box included; behind 0 it is on the other face."""
    with AR:
        x, zero = [AR.constant(Fraction(v)) for v in (3, Fraction(3, 2))], [AR.constant(Fraction(0))] * 2
        plus, minus = charts(2)[:2]
        assert plus.holds(AR, x, zero, box((0, 1))) and not minus.holds(AR, x, zero, box((0, 1)))
        assert plus.holds(AR, x, zero, box((Fraction(1, 2), 1))) and plus.holds(AR, x, zero, box((0, Fraction(1, 2))))
        assert not plus.holds(AR, x, zero, box((0, Fraction(1, 2) - Fraction(1, 2**60))))
        back = [-v for v in x]
        assert minus.holds(AR, back, zero, box((0, 1))) and not plus.holds(AR, back, zero, box((0, 1)))
        assert not plus.holds(AR, [AR.interval(Fraction(-1), Fraction(3)), x[1]], zero, box((-9, 9)))


def test_a_piece_without_width_is_left_as_it_is(census):
    """Krawczyk's operator is about boxes with an inside: on others it shows nothing, and drops nothing."""
    with AR:
        own = checker(census)
        for piece in ([(Fraction(1), Fraction(1)), (Fraction(-1), Fraction(1))], [(Fraction(1), Fraction(1))] * 2):
            local = own.gradient([AR.interval(*ends) for ends in piece])
            assert own._contracted(own.gradient, local, piece) == piece
