"""The second checker's bounds on ellipsoids: of matrices that are written down here."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from hallucheck.arithmetic.interval import ONE, Undefined, exact, hull, working_precision
from hallucheck.arithmetic.linear import Vector, identity, matrix_of
from hallucheck.attraction.basins import change_of_product, pairs
from hallucheck.attraction.contraction import Family, along
from hallucheck.attraction.cycle import CycleSystem, Step, TwoSteps, read_pair
from hallucheck.files.reading import box
from hallucheck.points.point import System, read_witness
from hallucheck.points.problem import read_problem

CERTIFICATES = Path(__file__).parents[2] / "docs" / "certificates"
HALF = Fraction(1, 2)


class Written(Family):
    """The number `of(w)` times the unit matrix, for `w` in the plane or on the line."""

    def __init__(self, of, d=2):
        one = identity(d)
        super().__init__(None, Vector([exact(0)] * d), one, one, one, one)
        self.of = of

    def at(self, w):
        """Its values on a box."""
        return identity(len(w)) * self.of(*w)

    def by_mean_value(self, w):
        """No others."""
        return self.at(w)


@pytest.mark.parametrize(
    ("of", "holds"),
    [
        (lambda x, y: ONE - x.power(2) - y.power(2), False),  # 1 in the middle, 0 on the circle
        (lambda x, y: x.power(2) + y.power(2), False),  # 1 on the circle
        (lambda x, y: x.power(2), False),  # 1 at two places of it
        (lambda x, y: x * y, False),  # 1/2 exactly
        (lambda x, y: x * y * exact(Fraction(5, 8)), True),  # less in the disc, but not in the square
        (lambda x, y: -x * y * exact(Fraction(33, 32)), False),
        (lambda x, y: (x * y).power(2) * exact(HALF) + exact(Fraction(1, 8)), True),
    ],
)
def test_the_bound_is_that_of_the_disc(of, holds):
    """At all places of the unit disc, below 1/2; in the corners of the square nothing is asked."""
    with working_precision(64):
        family = Written(of)
        if holds:
            family.prove_bound(Fraction(1), HALF, "m", "subdivision")
        else:
            with pytest.raises(Undefined):
                family.prove_bound(Fraction(1), HALF, "m", "subdivision")


@pytest.mark.parametrize(("radius", "holds"), [(HALF, True), (Fraction(7, 8), True), (1, False), (2, False)])
def test_the_bound_reaches_to_the_end_of_the_ball(radius, holds):
    """On the line, of w**8, which is 1/2 at 0.917."""
    with working_precision(64):
        family = Written(lambda w: w.power(8), 1)
        if holds:
            family.prove_bound(Fraction(radius), HALF, "m", "subdivision")
        else:
            with pytest.raises(Undefined):
                family.prove_bound(Fraction(radius), HALF, "m", "subdivision")


def test_derivatives_along_columns_are_sums_of_those_by_variables():
    """With the bends (1, 10) and the columns (2, 3), (5, 7): 32 and 75."""
    with working_precision(64):
        bends = [matrix_of([[exact(1)] * 2] * 2), matrix_of([[exact(10)] * 2] * 2)]
        found = along(bends, matrix_of([[exact(2), exact(5)], [exact(3), exact(7)]]))
        assert [float(m[0][1]) for m in found] == [32, 75]


def test_pairs_of_blocks_add_up_to_the_most_in_one_direction():
    """p = (2, 3), rows (3, 0, 0), (0, 4, 0) in one block and (0, 0, 5) in another, so 4 |(9, 16)| + 9 * 25 in all.

    If rows change by up to 1, 2 and 6, ``|L_1|`` is 5 and changes by up to the root of 5, ``|L_2|`` by 6.
    """
    left = matrix_of([[exact(v) for v in row] for row in ([3, 0, 0], [0, 4, 0], [0, 0, 5])])
    for moved, more in (([0, 0, 0], 0), ([1, 2, 6], 4 * (10 * 5**0.5 + 5) + 9 * 96 + 12 * (30 + 11 * 5**0.5))):
        found = pairs([exact(2), exact(3)], [range(2), range(2, 3)], left, Vector(map(exact, moved)))
        assert float(found) == pytest.approx(4 * 337**0.5 + 225 + more)


def test_a_product_changes_by_what_both_factors_change():
    """Of the rows (1, 0) and (0, 1), whose derivatives are not symmetric: 10 6 + 2 (4 + root 5), by hand."""
    first, second = matrix_of([[exact(1), exact(0)]]), matrix_of([[exact(0), exact(1)]])
    of_first = matrix_of([[exact(0), exact(3)], [exact(4), exact(0)]])
    of_second = matrix_of([[exact(2), exact(1)], [exact(0), exact(2)]])
    change, rows, columns = change_of_product(exact(2), first, second, [of_first], [of_second])
    assert [float(rows[0]), float(columns[0])] == [10, 6]
    assert abs(float(change[0][0]) - (60 + 2 * (4 + 5**0.5))) < 1e-12


def file_of(name):
    """A stored certificate, and its problem."""
    path = CERTIFICATES / f"{name}.json"
    document = json.loads(path.read_text())
    return document, read_problem(document, path)


def family_of(name):
    """The matrices of a stored basin, with a basis that is neither symmetric nor orthogonal."""
    document, problem = file_of(name)
    enclosure = document["enclosure"]
    x = Vector(end.middle() for end in box(len(enclosure))(enclosure, "enclosure"))
    basis = matrix_of([[exact(Fraction(n, 64)) for n in row] for row in ((3, 1), (-2, 5))])
    if name != "himmelblau-two-cycle":
        return Family(problem, x, basis, basis.T, basis, identity(2))
    return TwoSteps(Step(problem, Fraction(document["problem"]["step"])), Vector(x[:2]), basis)


@pytest.mark.parametrize("name", ["himmelblau-decay", "himmelblau-saddle", "himmelblau-two-cycle"])
def test_forms_hold_the_matrices_at_all_points(name):
    """As they are written and by the mean value theorem, which is sharper, at places of a box; so do slopes."""
    with working_precision(128):
        family = family_of(name)
        ends = [(HALF**14, HALF**13), (-(HALF**14), HALF**15)]
        whole = Vector(hull([exact(low), exact(high)]) for low, high in ends)
        plain, sharp = family.at(whole), family.by_mean_value(whole)
        slopes = family.slopes(whole)
        assert sharp[0][0].width().below(plain[0][0].width())
        for a, b in ((0, 0), (0, 1), (1, 0), (1, 1), (HALF, HALF / 2), (HALF / 4, 1)):
            w = Vector(exact(low + Fraction(c) * (high - low)) for (low, high), c in zip(ends, (a, b), strict=True))
            here = family.at(w)
            if name == "himmelblau-two-cycle":
                assert family.image(w).inside(family.image(whole))
            pairs = [(here, plain), (here, sharp), *zip(family.slopes(w), slopes, strict=True)]
            assert all(row.inside(wide) for m, form in pairs for row, wide in zip(m, form, strict=True))


@pytest.mark.parametrize("name", ["himmelblau-decay", "himmelblau-saddle", "himmelblau-two-cycle"])
def test_matrices_are_those_of_the_map(name):
    """Differences of F, or of two steps, lie in the matrices on a box times steps."""
    with working_precision(128):
        family = family_of(name)
        w = Vector([exact(Fraction(1, 1 << 20)), exact(Fraction(-3, 1 << 21))])
        ends = [family.x(w), family.centre]
        if name == "himmelblau-two-cycle":
            images = [family.step.of(family.step.of(x)) for x in ends]
        else:
            images = [family.problem.field(x) for x in ends]
            family.start = identity(2) * exact(0)
        moved = family.left @ (images[0] - images[1])
        reach = family.at(Vector(hull([exact(0), v]) for v in w)) @ w
        assert all(not a.below(b) and not b.below(a) for a, b in zip(moved, reach, strict=True))
        assert (reach[0].width() * exact(8)).below(abs(reach[0]) + abs(reach[1]))  # it says something


@pytest.mark.parametrize("name", ["himmelblau-decay", "himmelblau-two-cycle", "usam-attracts", "ring-basin"])
def test_systems_have_the_derivatives_of_their_values(name):
    """Differences of values lie in derivatives on a box times steps: the mean value theorem of Krawczyk's test."""
    with working_precision(128):
        document, problem = file_of(name)
        if name == "himmelblau-two-cycle":
            step = Step(problem, Fraction(document["problem"]["step"]))
            system = CycleSystem(problem, read_pair(document["witness"], problem), step)
        else:
            system = System(problem, read_witness(document["witness"], problem))
        middle, n = Vector([exact(0)] * len(system.box)), len(system.box)
        for k in range(n):
            z = Vector([exact(Fraction(1, 1 << 20 if i == k else 1 << 23)) for i in range(n)])
            reach = system.derivative(Vector(hull([a, b]) for a, b in zip(middle, z, strict=True))) @ z
            moved = system.value(z) - system.value(middle)
            assert all(not a.below(b) and not b.below(a) for a, b in zip(moved, reach, strict=True))
            assert (reach[0].width() * exact(8)).below(abs(reach[0]) + abs(reach[-1]))  # it says something
