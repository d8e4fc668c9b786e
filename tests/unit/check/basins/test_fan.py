"""Claim: the boxes of a fan hold what SAM makes of all points of a tube, with any direction where g = 0."""

from __future__ import annotations

import itertools
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.check.basins import fan as fans
from hallucert.check.basins.fan import SIDES, TURNS, fan
from hallucert.check.basins.tube import SamStep, Tubes
from hallucert.clock import Clock, OutOfTime

F = hc.gallery.load("himmelblau")
SADDLE = np.array([-0.12796134674459, -1.95371498000014])


def gradient(x, y):
    """The gradient of Himmelblau's function, written down anew."""
    p, q = x**2 + y - 11, x + y**2 - 7
    return 4 * x * p + 2 * q, 2 * p + 4 * y * q


def image(x: np.ndarray, u: tuple[float, float] | None = None) -> tuple[float, float]:
    """One step with rho = 7/2 and eta = 1/2000 in 40 digits; in a given direction, if there is one."""
    with mpmath.workdps(40):
        a, b = map(mpmath.mpf, x.tolist())
        p, q = gradient(a, b) if u is None else map(mpmath.mpf, u)
        size = mpmath.sqrt(p * p + q * q)
        p, q = gradient(a + mpmath.mpf("3.5") * p / size, b + mpmath.mpf("3.5") * q / size)
        return float(a - p / 2000), float(b - q / 2000)


def fanned(backend: str, tubes: Tubes, f: hc.Objective = F) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The fan of some tubes."""
    lanes = lane_arithmetic(backend)
    with lanes:
        return fan(SamStep(lanes, f, Fraction(7, 2), Fraction(1, 2000)), tubes)


@pytest.mark.parametrize("backend", ["float", "mpmath"])
def test_images_lie_in_the_boxes_of_all_directions(backend: str) -> None:
    """Of points of turned tubes at and near a saddle, and of the saddle with many directions; boxes are small."""
    turn = np.array([[0.6, 0.8], [0.8, -0.6], [1.0, 0.0]])
    tubes = Tubes(SADDLE + np.array([[0, 0], [0.01, 0.004], [0.5, 0.5]]), turn, np.tile([0.004, 0.001], (3, 1)))
    owner, boxes, known = fanned(backend, tubes)
    assert known.all()
    rng = np.random.default_rng(0)
    for k in range(3):
        (a, b), mine = turn[k], boxes[owner == k]
        points = [
            tubes.centre[k] + np.array([[a, -b], [b, a]]) @ (r * tubes.size[k]) for r in rng.uniform(-1, 1, (40, 2))
        ]
        images = [image(x) for x in points]
        if k == 0:
            images += [image(SADDLE, (np.cos(t), np.sin(t))) for t in rng.uniform(0, 2 * np.pi, 100)]
        for x, y in images:
            assert ((mine[:, 0, 0] <= x) & (x <= mine[:, 0, 1]) & (mine[:, 1, 0] <= y) & (y <= mine[:, 1, 1])).any()
        assert (mine[..., 1] - mine[..., 0]).max() < 0.05
    assert (owner == 0).sum() == len(SIDES) * TURNS
    assert (owner == 2).sum() <= 3


def test_directions_on_all_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Around the saddle with four arcs on a side, and with rough ones on large tubes of a quartic."""
    monkeypatch.setattr("hallucert.check.basins.fan.TURNS", 4)
    offsets = 0.3 * np.array([[np.cos(t), np.sin(t)] for t in np.arange(12) * np.pi / 6])
    tubes = Tubes.around(SADDLE + offsets - 0.001, SADDLE + offsets + 0.001)
    owner, boxes, known = fanned("float", tubes)
    assert known.all()
    for k, centre in enumerate(tubes.centre):
        x, y = image(centre)
        mine = boxes[owner == k]
        assert ((mine[:, 0, 0] <= x) & (x <= mine[:, 0, 1]) & (mine[:, 1, 0] <= y) & (y <= mine[:, 1, 1])).any()


@pytest.mark.parametrize(("rho", "size"), [("1/1000000", 1.0), ("1/1000000", 0.05), ("2", 0.001), ("1", 0.5)])
def test_large_steps_of_a_quartic(monkeypatch: pytest.MonkeyPatch, rho: str, size: float) -> None:
    """The images of points of ``x**4 + 3 x y + y**4`` with all directions, with eta = 1/2 and arcs of 45 degrees."""
    monkeypatch.setattr("hallucert.check.basins.fan.TURNS", 2)
    with lane_arithmetic("float") as lanes:
        step = SamStep(lanes, hc.Objective.parse("x**4 + 3*x*y + y**4"), Fraction(rho), Fraction(1, 2))
        _, boxes, known = fan(step, Tubes.around(np.full((1, 2), -size), np.full((1, 2), size)))
    assert known.all()
    for t in np.linspace(0, 2 * np.pi, 200):
        for x in ((0.0, 0.0), (size, size), (-size, size), (size, -0.5 * size)):
            a, b = x[0] + float(Fraction(rho)) * np.cos(t), x[1] + float(Fraction(rho)) * np.sin(t)
            y = np.array([x[0] - (4 * a**3 + 3 * b) / 2, x[1] - (4 * b**3 + 3 * a) / 2])
            assert ((boxes[:, :, 0] - 1e-9 <= y) & (y <= boxes[:, :, 1] + 1e-9)).all(axis=1).any()


@pytest.mark.parametrize("rho", ["1/1000000", "1"])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("sizes", [(0.4, 0.02), (0.02, 0.4), (0.001, 0.001)])
def test_turned_tubes_with_a_critical_point_go_in_all_directions(
    monkeypatch: pytest.MonkeyPatch, sizes: tuple[float, float], sign: int, rho: str
) -> None:
    """Long one way and the other, f convex and concave along the axes: corners of the tube, with any direction."""
    monkeypatch.setattr("hallucert.check.basins.fan.TURNS", 2)
    with lane_arithmetic("float") as lanes:
        f = hc.Objective.parse(f"{sign}*(x**4/8 + y**4/4 + 2*x**2) + 3*x*y")
        tubes = Tubes(np.zeros((1, 2)), np.array([[0.6, 0.8]]), np.array([sizes]))
        _, boxes, known = fan(SamStep(lanes, f, Fraction(rho), Fraction(1, 2)), tubes)
    assert known.all()
    t = np.linspace(0, 2 * np.pi, 200)
    for r in ((1, 1), (-1, 1), (1, -1), (-1, -1), (0, 0)):
        x = np.array([[0.6, -0.8], [0.8, 0.6]]) @ (np.array(r) * sizes)
        a, b = x[0] + float(Fraction(rho)) * np.cos(t), x[1] + float(Fraction(rho)) * np.sin(t)
        slope = np.stack([sign * (a**3 / 2 + 4 * a) + 3 * b, sign * b**3 + 3 * a])
        y = (x[:, None] - slope / 2).T[:, None]
        assert ((boxes[:, :, 0] - 1e-9 <= y) & (y <= boxes[:, :, 1] + 1e-9)).all(axis=2).any(axis=1).all()


def test_no_direction_of_a_large_tube_is_left_out() -> None:
    """Of tubes on which the direction turns, long one way and the other: images of their points lie in the boxes."""
    rng = np.random.default_rng(3)
    centre, angle = rng.uniform(-0.1, 0.1, (30, 2)), rng.uniform(0, 2 * np.pi, 30)
    turn = np.stack([np.cos(angle), np.sin(angle)], -1)
    size = np.where(np.arange(30)[:, None] % 2, [0.05, 0.002], [0.002, 0.05])
    with lane_arithmetic("float") as lanes:
        f = hc.Objective.parse("x**4 + 3*x*y + y**2/4 + x**2*y")
        owner, boxes, known = fan(SamStep(lanes, f, Fraction(2), Fraction(1)), Tubes(centre, turn, size))
    assert known.all()

    def slope(x: np.ndarray) -> np.ndarray:
        a, b = x.T
        return np.stack([4 * a**3 + 3 * b + 2 * a * b, 3 * a + b / 2 + a**2], -1)

    for k, (a, b) in enumerate(turn):
        r = np.concatenate([rng.uniform(-1, 1, (60, 2)), [[1, 1], [1, -1], [-1, 1], [-1, -1]]]) * size[k]
        x = centre[k] + r @ np.array([[a, b], [-b, a]])
        u = slope(x) / np.linalg.norm(slope(x), axis=1, keepdims=True)
        y, mine = (x - slope(x + 2 * u))[:, None], boxes[owner == k]
        assert ((mine[:, :, 0] - 1e-12 <= y) & (y <= mine[:, :, 1] + 1e-12)).all(axis=2).any(axis=1).all()


def test_ends_of_boxes_are_reached() -> None:
    """The union of the boxes is hardly larger than the images of a tiny tube at the saddle are."""
    _, boxes, _ = fanned("float", Tubes(SADDLE[None], np.array([[1.0, 0.0]]), np.full((1, 2), 1e-9)))
    images = np.array([image(SADDLE, (np.cos(t), np.sin(t))) for t in np.linspace(0, 2 * np.pi, 400)])
    assert np.allclose(boxes[..., 0].min(0), images.min(0), atol=0.01)
    assert np.allclose(boxes[..., 1].max(0), images.max(0), atol=0.01)


def test_nothing_is_known_where_the_function_is_undefined() -> None:
    """``log(x) + y**2`` is undefined at the tube, or at what some direction leads to."""
    f = hc.Objective.parse("log(x) + y**2")
    ahead = Tubes.around(
        np.array([[-2.0, 1.0], [2.0, -0.1], [9.0, -0.1]]), np.array([[-1.9, 1.1], [2.1, 0.1], [9.1, 0.1]])
    )
    owner, _, known = fanned("float", Tubes(ahead.centre, ahead.turn, ahead.size), f)
    assert known.tolist() == [False, True, True]
    assert set(owner) == {1, 2}
    backward, here = hc.Objective.parse("y**2 - log(x)"), np.array([[-2.0, -0.01]])
    assert fanned("float", ahead, backward)[2].tolist() == [False, False, True]
    assert not fanned("float", Tubes.around(here, here + 0.02), backward)[2].any()  # though x+ is where f is defined


def test_a_direction_between_two_arcs_is_in_both() -> None:
    """Of a function of x alone it is (1, 0) or (-1, 0) all over a tube: a component of g is exactly 0."""
    centre = np.array([[1.0, 0.25], [-1.0, 0.25]])
    owner, boxes, known = fanned("float", Tubes.around(centre, centre), hc.Objective.parse("x**2/2 + 0*y"))
    assert known.all()
    assert owner.tolist() == [0, 0, 1, 1]
    assert (boxes[..., 0] <= centre[owner] * [1 - 4.5 / 2000, 1]).all()
    assert (centre[owner] * [1 - 4.5 / 2000, 1] <= boxes[..., 1]).all()


def test_each_of_many_tubes_has_its_own_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five tubes, two at a time, of which the last is undefined: as each alone."""
    monkeypatch.setattr("hallucert.check.basins.fan.TOGETHER", 2)
    f = hc.Objective.parse("(x**2 + y - 11)**2 + (x + y**2 - 7)**2 + 0*log(5 - x)")
    centres = np.array([[3.0, 1.0], [-3.0, 3.0], [0.5, -2.0], [-1.0, 0.5], [6.0, 0.0]])
    tubes = Tubes.around(centres - 0.001, centres + 0.001)
    owner, boxes, known = fanned("float", tubes, f)
    assert known.tolist() == [True, True, True, True, False]
    for k in range(5):
        alone, mine, _ = fanned("float", tubes[k : k + 1], f)
        assert len(alone) == (owner == k).sum() and np.array_equal(mine, boxes[owner == k])


def test_many_tubes_end_with_the_time() -> None:
    """The clock is asked for each few of them."""
    tubes = Tubes.around(np.ones((300, 2)), 2 * np.ones((300, 2)))
    ticks = iter([0.0, 0.0, 9.0])
    with Clock(1.0, now=lambda: next(ticks)).watched(), pytest.raises(OutOfTime):
        fanned("float", tubes)


def test_arcs_reach_from_the_least_to_the_largest_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the enclosures of both of their ends, whichever comes first."""
    wide = {-1: (0.0, 1.0), 1: (2.0, 3.0), 0: (9.0, 9.0)}
    monkeypatch.setattr(fans, "_ends", lambda: np.array([[-1.0, 1.0], [1.0, -1.0]]))
    monkeypatch.setattr(fans, "_units", lambda lanes, t: np.array([[wide[int(v)]] * 2 for v in t]))
    arcs, middles = fans._directions(None)
    assert (arcs == [0.0, 3.0]).all() and (middles == 9.0).all() and arcs.shape == (2, 2, 2)


@pytest.mark.parametrize(("first", "last"), [((0.0, 0.5), (0.25, 0.75)), ((-0.5, -0.25), (0.0, 0.0))])
def test_images_of_an_arc_hold_those_of_each_of_its_directions(first, last) -> None:
    """With the middle at one of its ends, for a cubic, in fractions: u goes from the first to the last."""
    f, rho, step = hc.Objective.parse("x**3/6 + x*y**2/2 + y**2 + x*y"), Fraction(3, 2), Fraction(1, 4)
    lanes, c = lane_arithmetic("mpmath", 106), (Fraction(1), Fraction(1, 2))
    with lanes:
        made = SamStep(lanes, f, rho, step)
        thin = [lanes.constant(v) for v in c]
        still = [lanes.box(np.zeros(1), np.zeros(1))] * 2
        sides = [np.sort([a, b]) for a, b in zip(first, last, strict=True)]
        arc = [lanes.box(side[:1], side[1:]) for side in sides]
        for middle in (first, last):
            u = [lanes.box(np.array([v]), np.array([v])) for v in middle]
            (boxes,), known = fans._images(made, thin, still, arc, u, 1)
            assert known.all()
            for direction in itertools.product(*[[*side, side.mean()] for side in sides]):
                x, y = (a + rho * Fraction(float(b)) for a, b in zip(c, direction, strict=True))
                exact = c[0] - step * (x * x / 2 + y * y / 2 + y), c[1] - step * (x * y + 2 * y + x)
                for v, (low, high) in zip(exact, boxes.tolist(), strict=True):
                    assert low <= v <= high
