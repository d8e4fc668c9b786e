"""The second checker's bounds on ellipsoids and on sets of blocks: of matrices that are written down here."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise
from math import hypot
from pathlib import Path

import pytest

from hallucheck.arithmetic.interval import ONE, Undefined, exact, hull, working_precision
from hallucheck.arithmetic.linear import Vector, identity, matrix_of
from hallucheck.attraction.around import Around, block_bounds, block_norm, change_of_product, changes, pairs
from hallucheck.attraction.basins import BENDS, Manifold
from hallucheck.attraction.contraction import Family, along
from hallucheck.attraction.cycle import CycleSystem, Step, TwoSteps, read_pair
from hallucheck.files.reading import box
from hallucheck.points.point import Point, System, read_witness
from hallucheck.points.problem import read_problem
from hallucheck.points.rules import Claim

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


@pytest.mark.parametrize("unit", [Fraction(1, 2), 1, 2])
@pytest.mark.parametrize(("radius", "holds"), [(HALF, True), (Fraction(7, 8), True), (1, False), (2, False)])
def test_the_bound_reaches_to_the_end_of_the_ball(radius, holds, unit):
    """On the line, of w**8, which is 1/2 at 0.917, in units in which balls are longer or shorter than their squares."""
    with working_precision(64):
        radius, family = radius * unit, Written(lambda w: (w * exact(1 / Fraction(unit))).power(8), 1)
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


def written(*rows):
    """A matrix of numbers."""
    return matrix_of([exact(Fraction(v)) for v in row] for row in rows)


def test_pairs_of_blocks_add_up_to_the_most_in_one_direction():
    """p = (2, 3), rows (3, 0, 0), (0, 4, 0) in one block and (0, 0, 5) in another, so 4 |diag(9, 16)| + 9 * 25 in all.

    If rows change by up to 1, 2 and 6, ``|L_1|`` is at most 5 and changes by up to the root of 5, ``|L_2|`` by 6.
    """
    left = written([3, 0, 0], [0, 4, 0], [0, 0, 5])
    for moved, more in (([0, 0, 0], 0), ([1, 2, 6], 4 * (10 * 5**0.5 + 5) + 9 * 96 + 12 * (30 + 11 * 5**0.5))):
        found = pairs([exact(2), exact(3)], [range(2), range(2, 3)], left, Vector(map(exact, moved)))
        assert float(found) == pytest.approx(4 * 16 + 225 + more)


@pytest.mark.parametrize(
    ("rows", "size"),
    [
        (([3, 4],), 5),  # a row and a column are vectors
        (([3], [4]), 5),
        (([3, 0], [0, 4]), 4),  # neither 5 nor 3
        (([0, 2], [0, 0]), 2),
        (([1, 0, 0], [0, 0, 2]), 2),
        (([1, 0], [0, 0], [0, 2]), 2),
        (([0, 0], [0, 0]), 0),
    ],
)
def test_norms_of_blocks_are_those_of_maps(rows, size):
    """The largest stretch, of a map of any shape."""
    assert float(block_norm(written(*rows))) == pytest.approx(size)


def test_blocks_of_a_matrix_grow_by_what_their_entries_change_by():
    """The 2-norm of each block of the matrix, and the root of the sum of squares of the changes in it."""
    here, change = written([3, 0, 1], [0, 4, 1], [2, 0, -7]), written([3, 0, 0], [4, 0, 1], [5, 12, 6])
    found = block_bounds(here, change, [range(2), range(2, 3)])
    assert [[float(v) for v in row] for row in found] == [pytest.approx(v) for v in ([9, 2**0.5 + 1], [2 + 13, 13])]


WIDE = Around(None, identity(3), [range(2), range(2, 3)], [exact(2), exact(7)])
"""The points (z_1, z_2, z_3) with |(z_1, z_2)| <= 2, |z_3| <= 7."""


def test_numbers_change_by_the_size_of_each_block():
    """With the derivative (3, 4, -5) by 2 * 5 + 7 * 5; a coordinate by the size of its block."""
    assert [float(v) for v in WIDE.most(written([3, 4, -5], [0, 0, 1]))] == [45, 7]
    assert [float(v) for v in WIDE.widths] == [2, 2, 7]


def test_forms_are_bounded_block_by_block():
    """Blocks with the norms 5, 13, 10 and 1: 4 * 5 + 14 * 13 + 14 * 10 + 49."""
    assert float(WIDE.most_of_form(written([3, 0, 5], [0, 4, 12], [6, 8, -1]))) == 4 * 5 + 14 * (13 + 10) + 49


def test_a_product_changes_by_what_both_factors_change():
    """Of the rows (1, 0) and (0, 1), whose derivatives are not symmetric: 8 + 2 root 5, and 6 * 2 root 5 + 8 * 4."""
    plane = Around(None, identity(2), [range(2)], [exact(2)])
    first, second = written([1, 0]), written([0, 1])
    of_first, of_second = (
        changes(plane, [written([0, 3], [4, 0])], second),
        changes(plane, [written([2, 1], [0, 2])], first),
    )
    assert [float(v) for v in of_first[0]] == [6, 8, 8]
    assert [float(v) for v in of_second[0]] == pytest.approx([2 * 5**0.5, 4, 2 * 5**0.5])
    assert float(change_of_product(2, of_first, of_second)[0][0]) == pytest.approx(8 + 2 * 5**0.5 + 12 * 5**0.5 + 32)


def test_which_rows_a_product_changes_by():
    """The change of the second row of L meets that of the first row of R, each with its own entry."""
    left, right = written([0, 0, 0, 0], [1, 2, 30, 40]), written([3, 5, 100, 700], [0, 0, 0, 0])
    found = change_of_product(2, left, right)
    assert [[float(v) for v in row] for row in found] == [[100, 0], [30 + 700 + 3 + 10, 40]]


def file_of(name):
    """A stored certificate, and its problem."""
    path = CERTIFICATES / f"{name}.json"
    document = json.loads(path.read_text())
    return document, read_problem(document, path)


RING = {"basis": ["1"], "step": "1p-3", "size": "1p-11", "bound": "3p-2"} | {
    "blocks": ["1"],
    "weights": ["1", "1p-8"],
    "widths": ["1p-9", "1p-8", "1p-9"],
    "reach": "3p-10",
}
"""Around (-1/2, 0), where L* = (2, 0) and W* = (2, 0)^T: all points with |xi_1| <= 1/512 and |xi_2| <= 1/512."""


def on_the_ring(x, rho=1.5):
    """`y = (rho - |x|)**2 - 1`, its derivative `L`, and `W = 2 x+`, inside of the ring, in floats."""
    length = hypot(*x)
    left = [2 * (length - rho) * v / length for v in x]
    return (rho - length) ** 2 - 1, left, [2 * (1 - rho / length) * v for v in x]


def test_bounds_of_a_manifold_hold_at_pairs_of_points_and_are_near():
    """N, e and D of the ring, from closed forms at places of the set: none is above its bound, and none far below.

    D is that of `xi_1**2 - 2 xi_2**2`, to second order, of which the bound knows no signs: 9 for 8.
    """
    problem = file_of("ring-basin")[1]
    with working_precision(128):
        point = Point(problem, True, Vector([exact(Fraction(-1, 2)), exact(0)]))
        basin = Manifold(Claim("basin", "proved", RING | {"widths": ["1p-9", "1p-8", "1p-8"]}, {}), point, written([1]))
        (n,), e, d = basin.bounds(basin.around(), exact(Fraction(1, 8)))
        bounds = [float(v.upper()) for v in (*n, *e, *d)]
    places = [(-1 / 2 + i / 2048, j / 1024) for i in range(-4, 5) for j in range(-4, 5)]
    values = [on_the_ring(x) for x in places]
    seen = [
        max(abs(1 - (a * c + b * d) / 8) for _, (a, b), _ in values for _, _, (c, d) in values),
        max(abs(w) for _, _, (_, w) in values),
        max(abs(y - 2 * (x[0] + 1 / 2)) for (y, _, _), x in zip(values, places, strict=True)),
    ]
    assert [float(v) for v in basin.left[0]] == pytest.approx([2, 0]) == [float(v) for v in basin.right[0]]
    bounds[0], seen[0] = bounds[0] - 1 / 2, seen[0] - 1 / 2
    assert all(most <= bound <= 1.5 * most for most, bound in zip(seen, bounds, strict=True)), (seen, bounds)


def test_thirds_are_weighted_by_what_is_left_of_the_way():
    """The integrals of 1 - s, from its antiderivative."""
    whole = [s - s * s / 2 for s in (Fraction(j, 3) for j in range(4))]
    assert [b - a for a, b in pairwise(whole)] == BENDS


def test_thirds_of_the_way_are_sharper_than_the_whole():
    """g, x+ and derivatives hold at points of each third of the set, and on the last as sharply as where seen once."""
    problem = file_of("ring-basin")[1]
    with working_precision(128):
        point = Point(problem, True, Vector([exact(Fraction(-1, 2)), exact(0)]))
        around = Manifold(Claim("basin", "proved", RING, {}), point, written([1])).around()
        thirds, (whole,) = list(around.images(3)), around.images(1)
        for j, (box, known) in enumerate(thirds, start=1):
            for p, q in ((1, 1), (1, -1), (-1, 1), (-1, -1), (0, 1), (-1, 0)):
                x = Vector([exact(Fraction(-1, 2) + Fraction(p * j, 1536)), exact(Fraction(q * j, 1536))])
                g = problem.f.at(x)[1]
                seen = zip(
                    [*problem.f.gradient_nodes, *problem.composed.ascended], [*g, *problem.plus(x, g)], strict=True
                )
                assert x.inside(box) and all(v.inside(known[i]) for i, v in seen)
    assert all(known.width().below(whole[1][i].width()) for i, known in thirds[-1][1].items())


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
