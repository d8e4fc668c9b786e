"""Where a published enclosure of a point may lie: in the box of its witness, with room for rounding and no more."""

from __future__ import annotations

from fractions import Fraction

import pytest
from spoken import spoken

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.claim import Enclosure, Status
from hallucert.check.point import existence
from hallucert.check.point.existence import (
    System,
    conclude,
    enclosed,
    excludes,
    measure,
    refutation,
    room_of,
    stays_inside,
)
from hallucert.check.point.rule import Evidence, Facts, Witness
from hallucert.check.problem import Point, Problem
from hallucert.check.reason import Reason

CENTRE = (Fraction(1, 3), Fraction(-5), Fraction(0))
RADIUS = (Fraction(1, 7), Fraction(2), Fraction(1, 2**40))


@pytest.mark.parametrize("sliced", [False, True])
def test_the_room_is_the_box_and_a_rounding_more(sliced):
    """Each side is x0 +- |S| r, wider by 2**-49 to 2**-47 of its size at either end."""
    rows = tuple(tuple(Fraction(j - i, 3) for j in range(3)) for i in range(3)) if sliced else None
    witness = Witness(CENTRE, rows, RADIUS, ((Fraction(1),) * 3,) * 3)
    for i, (side, c, r) in enumerate(zip(room_of(witness), CENTRE, RADIUS, strict=True)):
        reach = sum((abs(s) * other for s, other in zip(rows[i], RADIUS, strict=True)), Fraction(0)) if sliced else r
        size = abs(c) + reach
        for room in (c - reach - side.lower, side.upper - c - reach):
            assert size / 2**49 <= room <= size / 2**47


@pytest.mark.parametrize("coordinate", [0, 1, 2])
@pytest.mark.parametrize("end", [0, 1])
def test_an_enclosure_may_not_leave_the_room_on_any_side(coordinate, end):
    """The room itself stays inside; with one end moved out by 2**-60 it does not."""
    witness = Witness(CENTRE, None, RADIUS, ((Fraction(1),) * 3,) * 3)
    box = [[side.lower, side.upper] for side in room_of(witness)]
    assert stays_inside([(low, high) for low, high in box], witness)
    box[coordinate][end] += Fraction(2 * end - 1, 2**60)
    assert not stays_inside([(low, high) for low, high in box], witness)


WELL = Problem(hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20"), Fraction(3, 2))
"""Its only hallucinated point near here is (-1/2, 0)."""
INVERSE = ((Fraction(5), Fraction(0)), (Fraction(0), Fraction(50)))


def _slope(ar, problem, centre):
    """A preconditioner from the Jacobian at a point."""
    system = System(ar, problem, centre, None)
    rows = existence.matrix.float_inverse(system.arithmetic.approximations(system.jacobian(system.origin)))
    return tuple(tuple(map(Fraction, row)) for row in rows.tolist())


@pytest.mark.parametrize(
    ("centre", "radius", "proved"),
    [(("-1/2", 0), "1/1024", True), (("-1/2", "1/64"), "1/1024", False), (("-33/64", 0), "1/1024", False)],
)
def test_existence_is_proved_around_the_point_alone(centre, radius, proved):
    """In a box with the point; beside it, in either coordinate, the image is no proof: the reason is precision."""
    centre = tuple(map(Fraction, centre))
    with arithmetic("arb", 106) as ar:
        inverse = _slope(ar, WELL, (Fraction(-1, 2), Fraction(0)))
        witness = Witness(centre, None, (Fraction(radius),) * 2, inverse)
        found = enclosed(System.of(ar, WELL, witness), witness)
        assert (found is not Reason.PRECISION) is proved
        if proved:
            assert all(
                ar.within(ar.constant(Fraction(v)), *ar.endpoints(x)) for x, v in zip(found.x, ("-1/2", 0), strict=True)
            )
            assert all(
                ar.within(x, Fraction(v) - TINY, Fraction(v) + TINY) for x, v in zip(found.x, ("-1/2", 0), strict=True)
            )


TINY = Fraction(1, 2**80)


def test_the_offset_is_the_largest_distance_from_the_centre():
    """Symmetric, and taken over all coordinates; the sentence rounds its upper end up."""
    with arithmetic("mpmath", 106) as ar:
        point = Point(ar, WELL, [ar.constant(Fraction(-1, 2)), ar.constant(Fraction(1, 8192))])
        numbers = measure(Evidence(point, (Fraction(-1, 2), Fraction(3, 8192))), {})
        assert numbers == {"offset": Enclosure(Fraction(-2, 8192), Fraction(2, 8192))}
        numbers = measure(Evidence(point, (Fraction(0), Fraction(0))), {})
        assert numbers == {"offset": Enclosure(Fraction(-1, 2), Fraction(1, 2))}
    facts = Facts(WELL, Witness((Fraction(0),) * 2, None, (Fraction(1),) * 2, INVERSE))
    status, sentence = spoken(conclude(facts, {"offset": Enclosure(Fraction(-1), Fraction(2, 8192))}, {}))
    assert status is Status.PROVED and sentence.endswith("|x* - centre| <= 0.000245 in every coordinate.")
    assert sentence.startswith("For rho = 3/2 there is exactly one x = x* in the box")
    assert spoken(conclude(facts, {}, {})) == (Status.REFUTED, refutation(facts).statement)
    assert refutation(facts).statement.startswith("For rho = 3/2 there is no x in the box")


@pytest.mark.parametrize(
    ("value", "image", "expected"),
    [
        ("+ +", "0 0", True),
        ("0 -", "0 0", True),
        ("0 0", "0 0", False),
        ("? +", "0 0", False),
        ("0 0", "5 0", True),
        ("0 0", "0 -5", True),
        ("0 0", "? 0", False),
        ("0 0", "", False),
    ],
)
def test_a_box_is_empty_where_a_component_has_a_sign_or_the_image_is_elsewhere(monkeypatch, value, image, expected):
    """One component away from 0 is enough where all are known, or one coordinate of the image away from the box."""
    with arithmetic("mpmath", 106) as ar:
        balls = {
            sign: ar.interval(Fraction(low), Fraction(high))
            for sign, low, high in (("+", 1, 2), ("-", -2, -1), ("0", -1, 1))
        }
        balls |= {
            "?": ar.indeterminate(),
            "5": ar.interval(Fraction(4), Fraction(5)),
            "-5": ar.interval(Fraction(-5), Fraction(-4)),
        }
        witness = Witness((Fraction(0),) * 2, None, (Fraction(1),) * 2, INVERSE)
        system = System.of(ar, WELL, witness)
        system.value = lambda z: [balls[word] for word in value.split()]

        class Operator:
            def image(self, centre, radius):
                assert centre == [0, 0] and radius == witness.radius
                self.image = [balls[word] for word in image.split()]
                return self

        system.operator = lambda preconditioner: Operator()
        assert excludes(system, witness) is expected


def test_a_system_of_residuals_asks_for_residuals():
    """Value and Jacobian are of r(x+) along the slice, as many as it has columns; without one, of g(x+)."""
    f = hc.Objective.least_squares(["x**2 + y**2 + z - 1", "x - z"])
    centre, rows = (Fraction(1, 2), Fraction(1, 3), Fraction(1, 5)), ((1, 0), (0, 1), (1, 1))
    rows = tuple(tuple(map(Fraction, row)) for row in rows)
    with arithmetic("arb", 106) as ar:
        system = System.of(ar, Problem(f, Fraction(1), residual=True), Witness(centre, rows, (Fraction(1),) * 2, ()))
        point = system.at_centre
        assert len(system.origin) == 2 and system.value(system.origin) is point.shifted_residual
        slopes = system.jacobian(system.origin)
        for i in range(2):
            for j in range(2):
                entry = sum(ar.midpoint(point.residual_matrix[i][k]) * rows[k][j] for k in range(3))
                assert abs(ar.midpoint(slopes[i][j]) - entry) < TINY
        plain = System(ar, Problem(f, Fraction(1)), centre, None)
        assert plain.value(plain.origin) is plain.at_centre.shifted_gradient
        assert plain.jacobian(plain.origin) is plain.at_centre.sam_matrix
        short = Witness(centre, tuple(row[:1] for row in rows), (Fraction(1),), ())
        assert len(System.of(ar, Problem(f, Fraction(1), residual=True), short).origin) == 1
