"""Claim: what lies in an ellipse lies in the certified basin, and one is only had from a basin for the step."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.basins import attractor
from hallucert.check.basins.attractor import Ellipse, ellipses_of, regions_of, zeros_of
from hallucert.check.basins.zeros import Zeros
from hallucert.check.problem import Problem

STEP = Fraction(1, 10)


@pytest.fixture(scope="module")
def point() -> hc.Certificate:
    """A hallucinated minimizer at (-1/2, 0)."""
    return hc.certify(hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 2"), (-0.5, 0), "1.5", basin="0.1")


def test_the_ellipse_is_inside_the_basin(point: hc.Certificate) -> None:
    """Points on its rim have ``|V^-1 (y - x*)| < R``, exactly, and nearly R."""
    (ellipse,) = ellipses_of(point, point.problem, STEP)
    inputs = point["basin"].inputs
    (a, b), (c, d) = inputs["basis"][:2], inputs["basis"][2:]
    for angle in np.linspace(0, 6, 7):
        w = ellipse.radius * np.array([np.cos(angle), np.sin(angle)])
        y = [Fraction(v) for v in (ellipse.centre + np.linalg.solve(ellipse.back, w)).tolist()]
        off = [y[0] + Fraction(1, 2), y[1]]
        determinant = a * d - b * c
        square = ((d * off[0] - b * off[1]) ** 2 + (a * off[1] - c * off[0]) ** 2) / determinant**2
        assert Fraction(999, 1000) < square / inputs["size"] ** 2 < Fraction(1000001, 1000000)


def test_a_larger_step_has_no_ellipse(point: hc.Certificate) -> None:
    """The claim is about steps up to its own."""
    assert ellipses_of(point, point.problem, STEP / 2)
    assert ellipses_of(point, point.problem, STEP + Fraction(1, 2**60)) == ()
    assert ellipses_of(hc.certify(point.objective, (-0.5, 0), "1.5"), point.problem, STEP) == ()


def test_only_a_proved_basin_of_such_a_claim_has_an_ellipse(point: hc.Certificate) -> None:
    """None of one that is undecided or refuted, that is about another set, or of a point that lies in no box."""
    basin = point["basin"]
    other = {name: value for name, value in basin.inputs.items() if name != "subdivision"}
    claims = [replace(basin, status=hc.Status.UNDECIDED), replace(basin, status=hc.Status.REFUTED)]
    for claim in (*claims, replace(basin, inputs=other)):
        assert ellipses_of(replace(point, claims={"basin": claim}), point.problem, STEP) == ()
    assert ellipses_of(replace(point, box=None), point.problem, STEP) == ()


def test_the_basin_of_another_problem_is_none(point: hc.Certificate) -> None:
    """Another function or radius; the point of USAM at (-3/5, 0), which has a basin, is none of SAM's."""
    f, radius = point.objective, point.rho
    for other in (Problem(f, radius + 1), Problem(hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2"), radius)):
        assert ellipses_of(point, other, STEP) == ()
    usam = hc.certify(f, (-0.6, 0), "25/6", variant="usam", basin="0.1")
    assert usam["basin"]
    assert ellipses_of(usam, Problem(f, usam.rho), STEP) == ()


def test_a_point_with_weight_decay_has_no_ellipse(point: hc.Certificate) -> None:
    """It has the function, the radius and a claim `basin` for the step: but of other steps."""
    decayed = hc.certify(point.objective, (-0.5, 0), "1.5", basin="0.1", weight_decay="1/100")
    assert decayed["basin"]
    assert regions_of(decayed, Problem(point.objective, point.rho), STEP) == ()


@pytest.mark.parametrize("centre", [Fraction(0), Fraction(1, 3)])
def test_what_doubles_make_of_a_basis_is_allowed_for(centre: Fraction) -> None:
    """Of nearly singular bases, and for numbers beyond doubles: points on the rim are in the set, in fractions."""
    unit, size = Fraction(1, 2**60), Fraction(2**60 - 1, 2**61)
    bases = [[1 + k * unit, 1 + (1 << 37) * unit, 1 + 3 * unit, 1 + Fraction(k, 2**20)] for k in range(1, 9)]
    for v in ([Fraction(1), Fraction(0), Fraction(0), Fraction(1)], *bases):
        ellipse, largest = attractor._ellipse(((centre, centre), (centre, centre)), v, size), Fraction(0)
        (p, q), (r, s) = [list(map(Fraction, row)) for row in ellipse.back.tolist()]
        radius, z = Fraction(ellipse.radius), Fraction(float(ellipse.centre[0]))
        for t in (Fraction(k, 7) for k in range(-28, 29)):
            w = 2 * radius * t / (1 + t * t), radius * (1 - t * t) / (1 + t * t)
            off = [
                (s * w[0] - q * w[1]) / (p * s - q * r) + z - centre,
                (p * w[1] - r * w[0]) / (p * s - q * r) + z - centre,
            ]
            back = v[3] * off[0] - v[1] * off[1], v[0] * off[1] - v[2] * off[0]
            largest = max(largest, (back[0] ** 2 + back[1] ** 2) / (v[0] * v[3] - v[1] * v[2]) ** 2)
        assert size**2 / 4 < largest <= size**2


def test_numbers_that_no_double_holds_are_refused(point: hc.Certificate) -> None:
    """Bases and boxes from files, which may be anything: too large, too small, singular."""
    basin, tiny, huge = point["basin"], Fraction(1, 2**2000), Fraction(2**2000)

    def changed(**inputs: object) -> hc.Certificate:
        return replace(point, claims={"basin": replace(basin, inputs={**basin.inputs, **inputs})})

    v = basin.inputs["basis"]
    assert ellipses_of(changed(), point.problem, STEP)
    for scale in (tiny, huge, Fraction(1, 2**320), Fraction(2**320), Fraction(0)):
        basis = tuple(scale * number for number in v)
        size = basin.inputs["size"] / (scale or 1)
        assert ellipses_of(changed(basis=basis, size=size), point.problem, STEP) == ()
    for box in (((huge, huge), (tiny, tiny)), ((-huge, huge), (tiny, tiny))):
        assert ellipses_of(replace(point, box=box), point.problem, STEP) == ()


def test_an_ellipse_is_inside_wherever_in_the_box_the_point_is() -> None:
    """Discs of radius 10 around numbers that no double holds: the farthest one is 3 away from where the ellipse is."""
    near, unit = 2**60, [Fraction(v) for v in (1, 0, 0, 1)]
    turned = [Fraction(v) for v in (0, -1, 1, 0)]
    for low, high in ((near + 1, near + 3), (near - 3, near - 1)):
        for v in (unit, turned):
            sides = (Fraction(low), Fraction(high)), (Fraction(0), Fraction(0))
            for box in (sides, sides[::-1]):
                ellipse = attractor._ellipse(box, v, Fraction(10))
                assert sorted(ellipse.centre) == [0, near] and 0 < ellipse.radius <= 7


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("place", range(2))
def test_an_ellipse_of_extreme_axes_or_far_away_is_none(sign: int, place: int) -> None:
    """One axis beyond ``2**300``, or one coordinate, of either sign, and a size as any other."""
    zero, one = (Fraction(0), Fraction(0)), Fraction(sign)
    for tiny in (one, Fraction(sign, 2**310)):
        v = [one, Fraction(0), Fraction(0), one]
        v[3 * place] = tiny
        assert (attractor._ellipse((zero, zero), v, Fraction(1)) is None) == (abs(tiny) < 1)
    box = [zero, zero]
    box[place] = (one * 2**310, one * 2**310)
    assert attractor._ellipse(tuple(box), [one, Fraction(0), Fraction(0), one], Fraction(1)) is None


@pytest.fixture(scope="module")
def cycle() -> hc.CycleCertificate:
    """The cycle around (3, 2) of Himmelblau's function, rho = 1/10, step 1/100."""
    return hc.load(Path(__file__).parents[4] / "docs" / "certificates" / "himmelblau-two-cycle.json")


def test_a_cycle_has_two_ellipses(cycle: hc.CycleCertificate) -> None:
    """Around p and around q, with the points of ``V w`` in them for ``|w|`` just below R, and none just above."""
    inputs = cycle["basin"].inputs
    both = ellipses_of(cycle, Problem(cycle.objective, cycle.rho), cycle.problem.step)
    assert len(both) == 2
    for ellipse, x, flat, size in zip(both, cycle.points, inputs["bases"], inputs["sizes"], strict=True):
        v = np.array(flat, float).reshape(2, 2)
        for angle in np.linspace(0, 6, 7):
            y = x + float(size) * v @ [np.cos(angle), np.sin(angle)]
            for factor, holds in ((1 - 1e-9, True), (1 + 1e-9, False)):
                place = x + factor * (y - x)
                assert ellipse.contains(np.stack([place, place], -1)[None]).all() is np.bool_(holds)


def test_a_cycle_is_one_of_its_step(cycle: hc.CycleCertificate) -> None:
    """Not of a smaller one, nor of another radius; bases of another number make none, and nothing is raised."""
    problem, step, basin = Problem(cycle.objective, cycle.rho), cycle.problem.step, cycle["basin"]
    assert ellipses_of(cycle, problem, step / 2) == () == ellipses_of(cycle, Problem(problem.objective, step), step)
    bases, sizes = basin.inputs["bases"], basin.inputs["sizes"]
    for change in (
        {"bases": bases[:1]},
        {"bases": (*bases, bases[0])},
        {"sizes": sizes[:1]},
        {"bases": (bases[0], ())},
    ):
        forged = replace(cycle, claims={"basin": replace(basin, inputs={**basin.inputs, **change})})
        assert ellipses_of(forged, problem, step) == ()


def test_boxes_are_inside_if_their_corners_are() -> None:
    """A box whose corner is on the rim is not: there is room for rounding."""
    ellipse = Ellipse(np.zeros(2), np.eye(2), 1.0)
    inside, touching, outside = ([[-s, s], [-0.5, 0.75]] for s in (0.5, np.sqrt(1 - 0.75**2), 0.7))
    boxes = np.array([inside, touching, outside])
    for way in ((1, 1), (-1, 1), (1, -1)):
        moved = np.sort(boxes * np.array(way)[:, None] + [[0.1 * way[0]], [0.0]], axis=-1)
        assert replace(ellipse, centre=np.array([0.1 * way[0], 0.0])).contains(moved).tolist() == [True, False, False]
        off = np.sort(np.array([[[0.0, 0.9], [0.0, 0.5]]]) * np.array(way)[:, None], axis=-1)
        assert not ellipse.contains(off).any()
    assert not ellipse.contains(np.full((1, 2, 2), np.nan)).any()


RING = hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2)


@pytest.fixture(scope="module")
def zero() -> hc.Certificate:
    """A point of the circle of radius 1/2, the zeros of ``r(x+)``."""
    return hc.certify(RING, (0.5, 0), "1.5")


def test_a_zero_of_the_residual_stands_for_all(zero: hc.Certificate) -> None:
    """With the function, radius and step of the problem; none for another one, or without the proof of what it is."""
    problem = Problem(RING, Fraction(3, 2))
    assert regions_of(zero, problem, STEP) == (Zeros(RING, Fraction(3, 2), STEP),)
    claims = {name: claim for name, claim in zero.claims.items() if name != "hallucinated_minimizer"}
    others = [Problem(RING, Fraction(1)), Problem(hc.Objective.least_squares(["x**2 + y**2 - 1"]), Fraction(3, 2))]
    assert regions_of(replace(zero, claims=claims), problem, STEP) == ()
    open_ = replace(zero["hallucinated_minimizer"], status=hc.Status.UNDECIDED)
    assert regions_of(replace(zero, claims=claims | {"hallucinated_minimizer": open_}), problem, STEP) == ()
    assert all(regions_of(zero, other, STEP) == () for other in others)


def test_only_one_residual_has_curves_of_zeros() -> None:
    """Two residuals have points, which are proved in residual form, too; and so do formulas."""
    two = hc.Objective.least_squares(["x**2 - 1", "y"])
    point = hc.certify(two, (-0.5, 0), "1.5")
    assert point.problem.residual and point["hallucinated_minimizer"]
    assert regions_of(point, Problem(two, Fraction(3, 2)), STEP) == ()


def test_only_a_zero_of_the_same_residual_stands_for_a_curve() -> None:
    """Not a point of the gradient system, where r(x+) may be anything, nor one of another radius or ascent step."""
    point = hc.certify(hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2), [0.5, 0], "1.5")
    asked, step = point.problem, Fraction(1, 10)
    assert zeros_of(point, asked, step)
    of_gradient = replace(point, problem=replace(asked, residual=False))
    assert zeros_of(of_gradient, of_gradient.problem, step) == zeros_of(of_gradient, asked, step) == ()
    assert zeros_of(point, replace(asked, rho=Fraction(2)), step) == ()
