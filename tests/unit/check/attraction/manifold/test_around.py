"""Claim: what is enclosed on a set is what mpmath finds at its points, and to first order no more."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad
from hallucert.check.attraction.manifold import around as module
from hallucert.check.attraction.manifold import ascent_programs
from hallucert.check.attraction.manifold.around import Around, OnSet, derivatives, norms, rotation_norm, squeezed
from hallucert.check.attraction.manifold.ascent_programs import AscentPrograms
from hallucert.check.problem import Point, Problem
from hallucert.clock import Clock, OutOfTime
from hallucert.errors import DomainError
from hallucert.objectives.radius_law import RadiusLaw

F = hc.Objective.least_squares(["x*y + z**2 - 1", "x + y*z/2 - z**3/4"], n=3)
RHO, CENTRE = Fraction(1, 2), (Fraction(3, 4), Fraction(-1, 2), Fraction(5, 8))


def ascended(x):
    """``g``, ``x+``, ``B = Dr(x+)`` and ``A = B J`` of the same, by hand, in mpmath."""

    def residuals(x, y, z):
        return [x * y + z**2 - 1, x + y * z / 2 - z**3 / 4]

    def slopes(x, y, z):
        return mpmath.matrix([[y, x, 2 * z], [1, z / 2, y / 2 - 3 * z**2 / 4]])

    r, jacobian = mpmath.matrix(residuals(*x)), slopes(*x)
    bends = ([[0, 1, 0], [1, 0, 0], [0, 0, 2]], [[0, 0, 0], [0, 0, 0.5], [0, 0.5, -3 * x[2] / 2]])
    hessian = (
        jacobian.T * jacobian + sum((v * mpmath.matrix(m) for v, m in zip(r, bends, strict=True)), mpmath.zeros(3))
    ) / 3
    g = jacobian.T * r / 3
    q = mpmath.norm(g)
    u = g / q
    plus = [v + w / 2 for v, w in zip(x, u, strict=True)]
    turned = mpmath.eye(3) + (hessian - u * (u.T * hessian)) / (2 * q)
    b = slopes(*plus)
    return list(g), plus, b, b * turned, hessian, turned


def point_of(ar, x=CENTRE) -> Point:
    return Point(ar, Problem(F, RHO, residual=True), [ar.constant(v) for v in x])


def programs_of(ar) -> AscentPrograms:
    return AscentPrograms.of(point_of(ar).problem)


def on_set(ar, around: Around) -> OnSet:
    return OnSet(point_of(ar), programs_of(ar), around)


def inside(found, exact, room=1e-25) -> bool:
    """Tell whether an array of balls holds numbers, which are known to some room."""
    exact = np.array([float(v) for v in exact]).reshape(found.mid.shape)
    return bool((np.abs(found.mid - exact) <= found.rad + room + 2.0**-50).all())


SKEW = np.array([[1.0, 0.5, -1, 0], [0, 2, 0.25, 1], [-0.5, 0, 1, 1]])
"""Four directions, in blocks of one, two and one."""


def ball_or_skew(which: str, size: float) -> tuple[Around, list[slice]]:
    """A set of either kind, about so large, and where its blocks are."""
    if which == "ball":
        return Around.ball(3, Fraction(size)), [slice(0, 3)]
    around = Around(MidRad(SKEW), (1, 2, 1), np.array([1, 0.25, 0.5]) * size)
    return around, [slice(0, 1), slice(1, 3), slice(3, 4)]


def moves(around: Around, cuts: list[slice], count: int, rng) -> np.ndarray:
    """Random moves to the edge of all blocks."""
    z = rng.normal(size=(count, around.directions.shape[1]))
    for cut, size in zip(cuts, around.sizes, strict=True):
        z[:, cut] *= size / np.linalg.norm(z[:, cut], axis=1, keepdims=True)
    return z @ around.directions.mid.T


def reach(around: Around, cuts: list[slice], slopes) -> np.ndarray:
    """How much numbers with these derivatives change at most, which they do: each block along the derivative."""
    along = np.asarray(slopes, float) @ around.directions.mid
    return sum(s * np.linalg.norm(along[..., cut], axis=-1) for s, cut in zip(around.sizes, cuts, strict=True))


@pytest.mark.parametrize("which", ["ball", "skew"])
def test_the_change_on_a_set_is_the_most_that_there_is(which: str) -> None:
    """At random points it is less, at the one along the derivatives as much; of balls of derivatives by their ends."""
    (around, cuts), rng = ball_or_skew(which, 0.75), np.random.default_rng(1)
    rows = rng.normal(size=(2, 5, 3))
    given, points = rows @ around.directions.mid, moves(around, cuts, 400, rng)
    exact, found = reach(around, cuts, rows), around.change(given)
    assert (exact <= found).all() and (np.abs(rows @ points.T) <= found[..., None]).all()
    np.testing.assert_allclose(found, exact, rtol=1e-12)
    np.testing.assert_allclose(around.change(MidRad(given)), found, rtol=1e-12)
    np.testing.assert_allclose(around.change(MidRad(given, 0.5)), around.change(np.abs(given) + 0.5), rtol=1e-12)
    np.testing.assert_allclose(around.widths, reach(around, cuts, np.eye(3)), rtol=1e-12)
    assert (np.abs(points) <= around.widths).all() and (np.abs(points).max(axis=0) >= 0.8 * around.widths).all()
    part = around.scaled(Fraction(1, 3))
    assert (part.directions, part.blocks) == (around.directions, around.blocks)
    assert all(Fraction(a) >= Fraction(b) / 3 for a, b in zip(part.sizes, around.sizes, strict=True))
    np.testing.assert_allclose(part.sizes, around.sizes / 3, rtol=1e-12)


def test_a_ball_is_one_block() -> None:
    """Of all coordinates, with a radius that is no less."""
    around = Around.ball(3, Fraction(1, 3))
    assert (around.directions.mid == np.eye(3)).all() and around.blocks == (3,)
    assert Fraction(around.sizes.item()) >= Fraction(1, 3) and around.sizes == pytest.approx([1 / 3], rel=1e-15)


@pytest.mark.parametrize(("which", "lanes"), [("ball", 2), ("ball", 4096), ("skew", 3), ("skew", 4096)])
def test_gradients_and_images_on_a_set_change_as_derivatives_say(monkeypatch, which: str, lanes: int) -> None:
    """By what rows of H and J say, to first order; at random points of a larger set they are what they are."""
    monkeypatch.setattr(module, "LANES", lanes)
    ar, rng = arithmetic("mpmath", 106), np.random.default_rng(1)
    centre = [mpmath.mpf(float(v)) for v in CENTRE]
    with ar, mpmath.workdps(40):
        g, plus, _, _, hessian, turned = ascended(centre)
        around, cuts = ball_or_skew(which, 2.0**-24)
        small = on_set(ar, around)
        for found, middle, slope in ((small.g, g, hessian), (small.plus, plus, turned)):
            (array,) = found
            assert inside(array, middle)
            np.testing.assert_allclose(array.rad, reach(around, cuts, slope.tolist()), rtol=1e-5)
        np.testing.assert_allclose(small.x[0].mid, [float(v) for v in CENTRE])
        np.testing.assert_allclose(small.x[0].rad, around.widths, rtol=1e-6)
        around, cuts = ball_or_skew(which, 1 / 64)
        large = on_set(ar, around)
        for move in moves(around, cuts, 20, rng):
            x = [v + mpmath.mpf(m) for v, m in zip(centre, move, strict=True)]
            values = ascended(x)
            assert inside(large.x[0], x) and inside(large.g[0], values[0]) and inside(large.plus[0], values[1])


@pytest.mark.parametrize("which", ["ball", "skew"])
def test_derivatives_on_a_set_are_those_of_both_matrices(which: str) -> None:
    """Of ``e A`` and ``B^T v`` for rows e and v by each direction, by differences, at random points of a set."""
    ar, rows, columns = arithmetic("mpmath", 106), np.array([[1.0, 0.5], [-2.0, 1.0]]), np.array([[0.25, 1.0]])
    rng, h = np.random.default_rng(2), mpmath.mpf(10) ** -15
    with ar, mpmath.workdps(50):
        for size, places in ((2.0**-32, 1), (1 / 128, 4)):
            around, cuts = ball_or_skew(which, size)
            directions = around.directions.mid.T
            of_left, of_right = derivatives(point_of(ar), programs_of(ar), around, MidRad(rows), MidRad(columns))
            assert of_left.mid.shape == (2, 3, len(directions)) and of_right.mid.shape == (1, 3, len(directions))
            for move in moves(around, cuts, places, rng):
                x = [mpmath.mpf(float(v)) + mpmath.mpf(m) * (places > 1) for v, m in zip(CENTRE, move, strict=True)]
                for k, way in enumerate(directions):
                    ahead, behind = (
                        ascended([v + sign * h * mpmath.mpf(w) for v, w in zip(x, way, strict=True)])
                        for sign in (1, -1)
                    )
                    by_b, by_a = ((ahead[n] - behind[n]) / (2 * h) for n in (2, 3))
                    for i, row in enumerate(rows):
                        exact = [sum(row[m] * by_a[m, e] for m in range(2)) for e in range(3)]
                        assert inside(of_left[i, :, k], exact, 1e-12)
                    exact = [sum(columns[0, m] * by_b[m, e] for m in range(2)) for e in range(3)]
                    assert inside(of_right[0, :, k], exact, 1e-12)
            if places == 1:
                assert max(of_left.rad.max(), of_right.rad.max()) < 1e-6


def test_without_an_array_program_nothing_is_enclosed(ar, monkeypatch) -> None:
    """That is an honest failure."""
    monkeypatch.setattr(ascent_programs, "as_program", lambda f: None)
    with pytest.raises(DomainError, match="array program"):
        programs_of(ar)


def test_a_rotation_times_a_number_is_no_longer_than_that() -> None:
    """The bound of a block of two is its 2-norm, not the root of the sum of its squares."""
    turn = 0.9 * np.array([[np.cos(1), np.sin(1)], [-np.sin(1), np.cos(1)]])
    assert rotation_norm(MidRad(turn)) == pytest.approx(0.9, rel=1e-12)
    for block in np.random.default_rng(2).normal(size=(20, 2, 2)):
        bound = rotation_norm(MidRad(block, 1e-9))
        assert np.linalg.norm(block, 2) <= bound <= np.linalg.norm(block, 2) + 5e-9
    assert rotation_norm(MidRad(np.eye(3))) == float("inf")
    assert 3.5 <= rotation_norm(MidRad(np.array([[-3.0]]), 0.5)) < 3.5 + 1e-12


@pytest.mark.parametrize("blocks", [(1, 2, 1), (2, 2), (4,), (1, 1, 1, 1), (3, 1)])
def test_blocks_have_the_roots_of_sums_of_squares(blocks) -> None:
    """Of entries, and of the sizes of balls, along one axis, the other or both."""
    entries, parts = np.arange(1.0, 17.0).reshape(4, 4) * (-1) ** np.arange(4), []
    parts = [slice(a, b) for a, b in pairwise(np.cumsum([0, *blocks]))]
    for given, sizes in ((np.abs(entries), np.abs(entries)), (MidRad(entries, 0.5), np.abs(entries) + 0.5)):
        for axes, exact in (
            ((0, 1), [[np.linalg.norm(sizes[a, b]) for b in parts] for a in parts]),
            ((0,), [np.linalg.norm(sizes[a], axis=0) for a in parts]),
            ((-1,), np.transpose([np.linalg.norm(sizes[:, a], axis=1) for a in parts])),
        ):
            found = squeezed(given, blocks, *axes)
            assert (found >= exact).all()
            np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_norms_along_an_axis_are_those_of_the_largest_numbers() -> None:
    """Of balls of their sizes."""
    entries = np.array([[3.0, -4.0], [6.0, 8.0]])
    for given, sizes in ((entries, entries), (MidRad(entries, 1.0), np.abs(entries) + 1)):
        for axis in (0, -1):
            exact = np.linalg.norm(sizes, axis=axis)
            found = norms(given, axis)
            assert (found >= exact).all()
            np.testing.assert_allclose(found, exact, rtol=1e-12)


def test_what_underflows_is_in_the_bound() -> None:
    """Products far below the least double, and squares, are not taken for 0."""
    tiny = 2.0**-700
    around = Around(MidRad(np.eye(2)), (1, 1), np.array([tiny, tiny]))
    assert around.change(np.array([tiny, 0.0])) > 0 and around.change(np.zeros(2)) > 0
    assert norms(np.full(3, tiny), 0) > 2 * tiny and (squeezed(np.full(3, tiny), (1, 2), 0) > 2 * tiny).all()


@pytest.mark.parametrize("blocks", [(1, 4001), (4001, 1), (2001, 2001)])
def test_bounds_of_long_blocks_have_room_for_each_rounding(blocks: tuple[int, ...]) -> None:
    """Squares of 2^-54 that are added to 1 are lost one by one, as many as there are."""
    entries = np.full(4002, 2.0**-27)
    firsts = np.cumsum([0, *blocks[:-1]])
    entries[firsts] = 1.0
    found = squeezed(entries, blocks, 0)
    for bound, size in zip(found.tolist(), blocks, strict=True):
        exact = 1 + (size - 1) * Fraction(1, 2**54)
        assert exact <= Fraction(bound) ** 2 <= exact * (1 + Fraction(1, 2**36))


def test_the_time_is_looked_at_between_lanes(monkeypatch) -> None:
    """Directions are taken so many at a time; when the time is up that ends."""
    with arithmetic("arb", 106) as ar, Clock(-1.0).watched(), pytest.raises(OutOfTime):
        on_set(ar, Around.ball(3, Fraction(1, 64)))


def test_directions_that_are_not_known_exactly_reach_farther() -> None:
    """By their radii, in every coordinate."""
    around = Around(MidRad(SKEW, 0.25), (1, 2, 1), np.array([1, 0.25, 0.5]))
    exact = np.abs(SKEW) + 0.25
    reached = exact[:, 0] + 0.25 * np.linalg.norm(exact[:, 1:3], axis=1) + 0.5 * exact[:, 3]
    assert (around.widths >= reached).all()
    np.testing.assert_allclose(around.widths, reached, rtol=1e-12)


def test_the_sharper_enclosure_is_taken_with_its_own_middle(monkeypatch) -> None:
    """Entry by entry: here the first by its value at the point, the second by the box."""
    monkeypatch.setattr(module, "joined", lambda *_: MidRad(np.full((1, 2), 5.0), np.full((1, 2), 2.0)))
    monkeypatch.setattr(module, "rounded", lambda *_: MidRad(np.ones((1, 2))))
    on = SimpleNamespace(
        f=SimpleNamespace(program=SimpleNamespace(inputs=None), split=lambda found: [found]),
        _arrays=SimpleNamespace(run=lambda *_: None),
        _around=SimpleNamespace(change=lambda _: np.array([0.5, 9.0])),
        _arithmetic=None,
    )
    (found,) = OnSet._sharper(on, None, [], [None] * 2, None)
    assert found.mid.tolist() == [1, 5] and found.rad == pytest.approx([0.5, 2], rel=1e-12)
    assert (found.rad >= [0.5, 2]).all()


DISC = hc.Objective.least_squares(["x", "y"])


def test_images_bend_as_far_as_gradients_turn() -> None:
    """With ``x+ = x + 16 x/|x|``, around (1, 0), points go farther back than ``J = diag(1, 17)`` there says: by 1/8.

    A = J and B = I, so derivatives of A are second ones of x+, and those of B are 0.
    """
    with arithmetic("arb", 106) as ar:
        point = Point(ar, Problem(DISC, Fraction(16), residual=True), [ar.constant(Fraction(v)) for v in (1, 0)])
        programs, ball = AscentPrograms.of(point.problem), Around.ball(2, Fraction(1, 8))
        found = OnSet(point, programs, ball).plus[0]
        back, forth = derivatives(point, programs, ball, MidRad(np.eye(2)), MidRad(np.eye(2)))
    angles = np.linspace(0, 2 * np.pi, 61)
    x = np.array([1, 0]) + np.column_stack([np.cos(angles), np.sin(angles)]) / 8
    length = np.linalg.norm(x, axis=1, keepdims=True)
    plus, u = x * (1 + 16 / length), x / length
    assert (plus[:, 0] - 17).min() < -0.16
    assert (np.abs(plus - found.mid) <= found.rad).all()
    for v, k in ((np.array([1.0, 0.0]), 0), (np.array([0.0, 1.0]), 1)):
        turned = (v - u * (u @ v)[:, None]) / length  # D_v u
        both, across = turned[:, :, None] * u[:, None, :], np.eye(2) - u[:, :, None] * u[:, None, :]
        shorter = both + both.swapaxes(1, 2) + across * (u @ v)[:, None, None] / length[:, :, None]
        there = -16 * shorter / length[:, :, None]
        assert (np.abs(there - back.mid[:, :, k]) <= back.rad[:, :, k] + 1e-12).all()
        assert (np.abs(forth.mid[:, :, k]) <= forth.rad[:, :, k]).all()


@pytest.mark.parametrize(("known", "size"), [(Fraction(0), Fraction(1, 64)), (Fraction(1, 64), Fraction(1, 2**40))])
def test_derivatives_grow_with_points_and_with_images(known: Fraction, size: Fraction) -> None:
    """Of ``r = x**3`` and USAM: ``B = 3 p**2`` and ``A = B p'`` with ``p = x + 3 x**5/4``, at both ends of an interval.

    All that they are made of grows, so that at the upper end no factor can be less than it is there. The interval is
    the ball, or that in which the point is known to be.
    """
    with arithmetic("arb", 106) as ar:
        problem = Problem(hc.Objective.least_squares(["x**3"]), Fraction(1, 4), RadiusLaw("usam"), residual=True)
        point, one = Point(ar, problem, [ar.interval(1 - known, 1 + known)]), MidRad(np.eye(1))
        back, forth = derivatives(point, AscentPrograms.of(problem), Around.ball(1, size), one, one)
    for x in (1 - 2**-6, 1, 1 + 2**-6):
        p, slope, bend = x + 3 * x**5 / 4, 1 + 15 * x**4 / 4, 15 * x**3
        for found, there in ((back, 6 * p * slope**2 + 3 * p**2 * bend), (forth, 6 * p * slope)):
            assert abs(there - found.mid.item()) <= found.rad.item() <= 0.25 * there
