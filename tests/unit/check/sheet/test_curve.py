"""Claims: cells are one curve only where all joints hold, and what is enclosed along a cell is as thin as it can be."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product
from types import SimpleNamespace

import mpmath
import pytest
from rings import RHO, RING, Level, cell_at, ring_cell, round_cells

import hallucert as hc
from hallucert.check.cell import Joint
from hallucert.check.sheet.curve import (
    CurveCellProof,
    CurveChain,
    CurveSystem,
    ProvedChain,
    Region,
    ThinPoint,
    check_curve,
    straight_cell,
    total_turning,
    winding_number,
)
from hallucert.clock import Clock


def is_about(ar, ball, low, high, share=Fraction(1, 10**6)) -> bool:
    """Tell whether a ball is an interval, and at most by a share of its length larger (radii in Arb have 30 bits)."""
    (least, most), room = ar.endpoints(ball), share * (high - low) + Fraction(1, 10**20)
    return low - room < least <= low <= high <= most < high + room


# ---------------------------------------------------------------------- chains


def fakes(count, **answers):
    """Return proofs of cells that say what they are asked to say, each with its number and a joint named after it."""
    said = {"ends": True, "takes": lambda i, joint: True, "misses": lambda i, z: True, **answers}
    return [
        SimpleNamespace(
            cell=SimpleNamespace(span=(Fraction(-1 - i), Fraction(1))),
            end=Joint(i, None) if said["ends"] is True or said["ends"] != i else None,
            entry=lambda joint, i=i: (i, joint.z) if said["takes"](i, joint.z) else None,
            misses=lambda z, i=i: said["misses"](i, z),
            section=lambda s, i=i: ("start", i, s),
        )
        for i in range(count)
    ]


@pytest.mark.parametrize(
    ("count", "closed", "answers", "fault"),
    [
        (0, False, {}, "too few"),
        (2, True, {}, "too few"),
        (1, False, {}, None),
        (3, True, {}, None),
        (5, True, {"ends": 4}, "arc in cell 4"),
        (5, False, {"ends": 0}, "arc in cell 0"),
        (5, True, {"takes": lambda i, z: i > 0}, "cell 0"),
        (5, False, {"takes": lambda i, z: i > 0}, None),
        (5, False, {"takes": lambda i, z: i != 1}, "cell 1"),
        (5, True, {"takes": lambda i, z: i != 4}, "cell 4"),
        *((5, True, {"misses": lambda i, z, k=k: (i, z) != (k, 4)}, "only once") for k in (1, 2, 3)),
        (5, True, {"misses": lambda i, z: 0 < i < 4 and z == 4}, None),
        *((5, False, {"misses": lambda i, z, k=k: i != k}, "first point") for k in (1, 4)),
        (5, False, {"misses": lambda i, z: i > 0 and z == ("start", 0, -1)}, None),
    ],
)
def test_each_joint_counts(count, closed, answers, fault):
    """A closed chain comes back into its first cell, and its end lies in no other; an open one misses its start."""
    proofs = fakes(count, **answers)
    found = check_curve(None, CurveChain((None,) * count, closed), proofs)
    if fault is not None:
        assert fault in found
        return
    assert (found.proofs, found.closed) == (tuple(proofs), closed)
    assert [joint.z for joint in found.joints] == list(range(count))
    first = (0, count - 1) if closed else (-1, -1)
    assert found.entries == (first, *((i, i - 1) for i in range(1, count)))


def test_no_cell_is_believed_without_its_proof(ar):
    """Of the last of twelve cells, which is made too thin; and no time is no proof."""
    cells, system = round_cells(12), Level(ar)
    assert not isinstance(check_curve(system, CurveChain(cells[:3], False)), str)
    thin = cell_at(2 * math.pi * 11 / 12, cells[11].span, Fraction(1, 1000))
    assert "cell 11 is not shown to hold" in check_curve(system, CurveChain((*cells[:11], thin), True))
    assert "time" in check_curve(system, CurveChain(cells, True), clock=Clock(0.0))
    assert "take up" in check_curve(system, CurveChain(cells[:3], True))


def test_the_curve_comes_in_where_the_arc_before_ends(ar):
    """An arc ends at the angle asin(2 h) in its cell, 30 degrees before that in the next."""
    cells = round_cells(12)
    chain = check_curve(Level(ar), CurveChain(cells, True))
    h = float(cells[0].span[1])
    exact = math.sin(math.asin(2 * h) - math.pi / 6) / 2
    assert all(low - 1e-12 < exact < high + 1e-12 and high - low < 1e-4 for low, high in chain.entries)
    assert len(chain.entries) == 12


# ---------------------------------------------------------------------- turning


def turned(ar, angles, between, spread=0):
    """Return a chain whose frames have some angles, and whose arcs end with velocities at the angles `between`."""

    def vector(angle):
        return Fraction(math.cos(angle)), Fraction(math.sin(angle))

    proofs, joints = [], []
    for angle, later in zip(angles, between, strict=True):
        c, s = vector(angle)
        back = [[ar.constant(v) for v in row] for row in ((c, s), (-s, c))]
        cell = SimpleNamespace(frame=((c, -s), (s, c)))
        proofs.append(SimpleNamespace(arithmetic=ar, cell=cell, inverse_frame=back))
        joints.append(Joint([], [ar.interval(v - spread, v + spread) for v in vector(later)]))
    return ProvedChain(tuple(proofs), tuple(joints), (), True)


@pytest.mark.parametrize("start", [0.1, 0.8, 1.5, 2.2, 2.9, 3.6, 4.3, 5.0, 5.7])
@pytest.mark.parametrize(("count", "turns"), [(3, 1), (3, -1), (7, 2), (7, -2)])
def test_tangents_go_round_as_often_as_frames_do(ar, count, turns, start):
    """Frames that turn evenly, with the velocities a third of the way from one to the next."""
    step = 2 * math.pi * turns / count
    angles = [start + k * step for k in range(count)]
    assert total_turning(turned(ar, angles, [angle + step / 3 for angle in angles])) == turns


def test_a_velocity_must_point_ahead_in_both_frames(ar):
    """80 degrees off it does, 100 degrees off one of both it does not, and a wide ball does not for certain."""
    angles = [2 * math.pi * k / 6 for k in range(6)]
    for ahead, spread, known in ((20, 0, 1), (80, 0, 1), (-20, 0, 1), (100, 0, None), (-40, 0, None), (20, 1, None)):
        assert total_turning(turned(ar, angles, [a + math.radians(ahead) for a in angles], spread)) == known
    for k in range(6):
        chain = turned(ar, angles, angles)
        chain.proofs[k].inverse_frame = None
        assert total_turning(chain) is None


def test_cells_of_a_circle_turn_once_either_way(ar):
    """Counterclockwise or clockwise."""
    for way in (1, -1):
        chain = check_curve(Level(ar), CurveChain(round_cells(12, 0.3, way), True))
        assert total_turning(chain) == way


@pytest.mark.parametrize("size", [Fraction(1, 10), Fraction(10)])
def test_corners_on_the_axes_are_counted_once(size):
    """Squares with corners on the axes, and with two corners above the axis one after the other, small and large."""
    for polygon in (
        [(1, 0), (0, 1), (-1, 0), (0, -1)],
        [(2, 1), (1, 2), (-2, 1), (-1, -2)],
        [(1, 0), (2, 1), (-1, 1), (-1, 0), (-1, -1)],
        [(1, 0), (0, 1), (-1, 0), (-2, 0), (0, -1), (2, 0)],
    ):
        scaled = [(size * x, size * y) for x, y in polygon]
        assert winding_number(scaled) == 1 and winding_number(scaled[::-1]) == -1


# ---------------------------------------------------------------------- enclosures along a cell


def sam_at(x, y):
    """``g``, ``q``, ``u``, ``x+`` and ``r(x+)`` of r = x^2 + x y + 2 y^2 - 1, n = 2, rho = 3/2, in mpmath."""

    def residual(x, y):
        return x * x + x * y + 2 * y * y - 1

    g = [residual(x, y) * v / 2 for v in (2 * x + y, x + 4 * y)]
    q = mpmath.hypot(*g)
    u = [v / q for v in g]
    plus = [x + u[0] * 3 / 2, y + u[1] * 3 / 2]
    return [*g, q, *u, *plus, residual(*plus)]


@pytest.mark.parametrize("centre", [(0.25, 0.25), (-0.75, 0.125), (0.75, -0.5)])
@pytest.mark.parametrize("frame", [((0.75, -0.5), (0.25, 1)), ((1, 0.25), (-0.5, -0.5))])
@pytest.mark.parametrize("sizes", [(2.0**-24, 2.0**-30), (2.0**-30, 2.0**-24), (2.0**-26, 2.0**-26)])
def test_every_quantity_is_enclosed_to_first_order(ar, centre, frame, sizes):
    """On a small region a function is linear, and takes its ends at corners: mean-value forms say no more than that."""
    f = hc.Objective.least_squares(["x**2 + x*y + 2*y**2 - 1"], n=2)
    with mpmath.workdps(60):
        values = []
        for signs in product((-1, 1), repeat=2):
            y = [sign * size for sign, size in zip(signs, sizes, strict=True)]
            x = [mpmath.mpf(m) + row[0] * y[0] + row[1] * y[1] for m, row in zip(centre, frame, strict=True)]
            values.append(sam_at(*x))
        ends = [(Fraction(str(min(column))), Fraction(str(max(column)))) for column in zip(*values, strict=True)]
    middle, offsets = [ar.from_float(v) for v in centre], [ar.interval(Fraction(-r), Fraction(r)) for r in sizes]
    rows = [[ar.from_float(v) for v in row] for row in frame]
    x = [m + ar.dot(row, offsets) for m, row in zip(middle, rows, strict=True)]
    point = CurveSystem(ar, f, RHO).point(Region(x, middle, rows, offsets))
    assert isinstance(point, ThinPoint)
    found = [*point.gradient, point.q, *point.u, *point.plus]
    for ball, (low, high) in zip(found, ends, strict=False):
        assert is_about(ar, ball, low, high, Fraction(1, 100))
    assert ar.lower(point.shifted_residual[0]) < ends[-1][0] and ends[-1][1] < ar.upper(point.shifted_residual[0])


def test_where_the_gradient_may_vanish_nothing_is_known(ar):
    """A region around the origin, where the ring has no ascent direction."""
    zero, offset = ar.constant(Fraction(0)), ar.interval(Fraction(-1), Fraction(1))
    rows = [[ar.constant(Fraction(1)), zero], [zero, ar.constant(Fraction(1))]]
    system = CurveSystem(ar, RING, RHO)
    region = Region([offset, offset], [zero, ar.constant(Fraction(1, 4))], rows, [offset, offset])
    point = system.point(region)
    assert not any(ar.is_finite(v) for v in (point.q, *point.u, *point.plus, *system.value(region)))
    assert not system.defined(region)


def test_a_straight_cell_has_no_bend():
    """And the data that it is given."""
    cell = ring_cell()
    assert cell.bend == (0,) and cell.span == (Fraction(-1, 128), Fraction(1, 128))
    assert straight_cell(cell.centre, cell.frame, cell.span, cell.radius, cell.preconditioner) == cell


H = Fraction(1, 64)


def long_cell(ar, most=2):
    """Return the cell of `Level` at (1/2, 0) over [-H, 2 H], of the radius 1/32: there ``C G(x(s, 0)) = s^2``."""
    return CurveCellProof(Level(ar, Fraction(most)), cell_at(0.0, (-H, 2 * H), Fraction(1, 32)))


def test_points_of_a_cell_know_where_they_lie(ar):
    """x(s, w) = (1/2 + w, s): the centre in the middle of the balls, the offsets around 0."""
    proof = long_cell(ar)
    region = proof.at(ar.interval(Fraction(1), Fraction(3)), [ar.interval(Fraction(2), Fraction(6))])
    for ball, ends in zip(region, ((Fraction(5, 2), Fraction(13, 2)), (1, 3)), strict=True):
        assert is_about(ar, ball, *ends)
    assert [ar.midpoint(v) for v in region.centre] == [Fraction(9, 2), 2]
    assert is_about(ar, region.offsets[0], -1, 1) and is_about(ar, region.offsets[1], -2, 2)
    s = ar.interval(Fraction(1), Fraction(3))
    assert [ar.midpoint(v) for v in proof.base(s)] == [Fraction(1, 2), 2]


def test_the_axis_is_expanded_about_the_middles_of_both_halves(ar):
    """(s + c)^2, in (c - H/4)^2 + [-3/4 H, 3/4 H] 2 [c - H, c + H/2] and the like about c + 5/4 H; then the image."""
    proof, r = long_cell(ar), Fraction(1, 32)
    low, high = Fraction(-23, 16) * H * H, Fraction(73, 16) * H * H
    assert is_about(ar, proof.along_axis[0], low, high)
    # (1 - C DG N) W = -2 W W
    assert is_about(ar, proof.image(proof.box)[0], -high - 2 * r * r, -low + 2 * r * r)
    assert proof.proved()
    cell = proof.cell
    off = straight_cell((Fraction(1, 2), 4 * H), cell.frame, cell.span, cell.radius, cell.preconditioner)
    ends = Fraction(117, 16) * H * H, Fraction(585, 16) * H * H
    assert is_about(ar, CurveCellProof(Level(ar), off).along_axis[0], *ends)


@pytest.mark.parametrize("most", [Fraction(1, 2), Fraction(33, 64)])
def test_an_image_needs_the_function_on_all_of_the_cell(ar, most):
    """It is undefined on the axis, or on a part of the tube beside it."""
    proof = long_cell(ar, most)
    assert (proof.along_axis is None) == (most == Fraction(1, 2))
    assert proof.image(proof.box) is None and not proof.proved()


def test_an_image_needs_the_axis(ar):
    """However well the function is known on the tube."""
    proof = long_cell(ar)
    proof.__dict__["along_axis"] = None
    assert proof.image(proof.box) is None


def test_the_speed_is_that_over_the_tangent_of_the_frame(ar):
    """At (3/10, 2/5) with T = (1/2, 2) and N = (1, 1/4): w' = -<x, T>/<x, N> = -19/8, x' = (-15/8, 45/32)."""
    frame = ((Fraction(1, 2), Fraction(1)), (Fraction(2), Fraction(1, 4)))
    cell = straight_cell((Fraction(0), Fraction(0)), frame, (-H, H), (H,), ((Fraction(1),),))
    proof = CurveCellProof(Level(ar), cell)
    speed = Fraction(75, 32)
    assert is_about(ar, proof.speed([ar.constant(Fraction(3, 10)), ar.constant(Fraction(2, 5))]), speed, speed)
    assert proof.speed([ar.constant(Fraction(-1, 10)), ar.constant(Fraction(2, 5))]) is None


def test_cells_of_the_ring_are_proved_by_its_sam_map(ar):
    """The arc |x| = 1/2, and no arc beside it: residuals of x+ are the equation."""
    system, cell = CurveSystem(ar, RING, RHO), ring_cell(0.3)
    assert CurveCellProof(system, cell).proved()
    centre = (2 * cell.centre[0], 2 * cell.centre[1])
    off = straight_cell(centre, cell.frame, cell.span, cell.radius, cell.preconditioner)
    assert not CurveCellProof(system, off).proved()
