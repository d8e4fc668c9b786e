"""Claim: from boxes that are accepted SAM converges to a zero of the residual, and stays where it is said to."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.check.basins import zeros as zero_sets
from hallucert.check.basins.zeros import Zeros

RING, RHO = hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2), 1.5
"""Its hallucinated minimizers for this radius are the circle of radius 1/2. A step below 1 contracts."""


def run(x: np.ndarray, step: float, count: int) -> np.ndarray:
    """All points of runs, (count + 1, k, 2), by the closed form: inside of the unit circle SAM moves radially."""
    points = [x]
    for _ in range(count):
        size = np.hypot(*points[-1].T)[:, None]
        ahead = RHO - size
        points.append(points[-1] * (1 + step * (ahead**2 - 1) * ahead / size))
    return np.array(points)


def zeros(step: str, f: hc.Objective = RING) -> Zeros:
    """The zeros for a step."""
    return Zeros(f, Fraction(3, 2), Fraction(step))


def boxes(centres: np.ndarray, half: float) -> np.ndarray:
    """Squares around points."""
    return np.stack([centres - half, centres + half], -1)


def accepted(step: str, squares: np.ndarray, backend: str = "float", f: hc.Objective = RING) -> list[bool]:
    """Which squares are accepted."""
    with lane_arithmetic(backend) as lanes:
        return zeros(step, f).contains(squares, lanes).tolist()


@pytest.mark.parametrize("step", ["0.1", "0.7"])
def test_runs_from_accepted_boxes_converge(step: str) -> None:
    """From corners of random squares to the point of the circle in their direction; with 0.7 they swing across it."""
    size, angle = np.random.default_rng(1).uniform([0.4, 0], [0.6, 2 * np.pi], (400, 2)).T
    squares = boxes(np.stack([size * np.cos(angle), size * np.sin(angle)], -1), 1 / 1024)
    good = squares[accepted(step, squares)]
    assert len(good) > 5
    corners = np.concatenate([np.stack([good[:, 0, i], good[:, 1, j]], -1) for i in (0, 1) for j in (0, 1)])
    assert np.ptp(np.hypot(*corners.T)) > 0.005
    with np.errstate(all="raise"):
        ends = run(corners, float(step), 400)[-1]
    assert np.abs(ends - corners / (2 * np.hypot(*corners.T))[:, None]).max() < 1e-12


@pytest.mark.parametrize(
    ("step", "square"), [("0.1", [[0.478, 0.48], [0.01, 0.012]]), ("0.7", [[0.494, 0.4945], [0.02, 0.0205]])]
)
def test_runs_stay_where_they_are_said_to_be(step: str, square: list[list[float]]) -> None:
    """In ``X0 + D``, of which they need a tenth in some direction; also as intervals of another arithmetic."""
    start = np.array([square])
    around = start + np.array([-0.016, 0.016])
    axes = [np.linspace(*side, 5) for side in square]
    x = run(np.stack(np.meshgrid(*axes), -1).reshape(-1, 2), float(step), 200).reshape(-1, 2)
    for backend in ("float", "mpmath"):
        with lane_arithmetic(backend) as lanes:
            (reach,), known = zeros(step).reach(lanes, start, around)
        assert known.all()
        assert (x >= reach[:, 0]).all() and (x <= reach[:, 1]).all()
        assert (np.ptp(x, axis=0) > np.ptp(reach, axis=1) / 10).any()


@pytest.mark.parametrize("long", [0, 1])
def test_runs_from_both_ends_of_a_long_box_stay(long: int) -> None:
    """Its middle is on the circle: all that moves is moved by how y varies along it, across to its short side."""
    start = np.full((1, 2, 1), 0.125**0.5) + np.array([[[-1e-5, 1e-5]] * 2])
    start[0, long] += [-0.005, 0.005]
    x = run(np.stack(np.meshgrid(*start[0]), -1).reshape(-1, 2), 0.1, 300).reshape(-1, 2)
    with lane_arithmetic("float") as lanes:
        (reach,), known = zeros("0.1").reach(lanes, start, start + np.array([-0.008, 0.008]))
    assert known.all()
    assert (x >= reach[:, 0]).all() and (x <= reach[:, 1]).all()
    assert np.ptp(x[:, 1 - long]) > 50 * np.ptp(start[0, 1 - long])


def test_signs_are_kept_by_short_steps_only() -> None:
    """With 0.1 no run from the inside goes back; with 0.7 the bound is on both sides."""
    start = np.array([[[0.46, 0.461], [-0.001, 0.001]]])
    around = start + np.array([-0.02, 0.02])
    with lane_arithmetic("float") as lanes:
        (short,), (long,) = (zeros(step).reach(lanes, start, around)[0] for step in ("0.1", "0.7"))
    assert short[0, 0] > 0.4599 and short[0, 1] > 0.5
    assert long[0, 0] < 0.4 and long[0, 1] > 0.5


def test_a_step_a_little_beyond_half_of_the_bound_is_bounded_on_both_sides() -> None:
    """With 0.55 the factor is -0.1 at the circle: runs may end on both sides of where they would go at once."""
    start = np.array([[[0.499, 0.4991], [-0.0001, 0.0001]]])
    with lane_arithmetic("float") as lanes:
        (reach,), known = zeros("0.55").reach(lanes, start, start + np.array([-0.002, 0.002]))
    assert known.all()
    assert 0.499 - reach[0, 0] == pytest.approx(reach[0, 1] - 0.4991, abs=1e-9)


def test_boxes_whose_perturbed_points_may_have_no_residual_are_refused() -> None:
    """Its derivatives do not show it: ``0 log(y + 1/4)`` is defined at some of these, at that of the middle too."""
    f = hc.Objective.least_squares(["x**2 + y**2 - 1 + 0*log(y + 1/4)"], n=2)
    sines = np.array([0.24, 0.249])
    on_curve = boxes(np.stack([(1 - sines**2) ** 0.5, sines], -1) / 2, 2.0**-10)
    assert accepted("0.1", on_curve) == [True, True]
    assert accepted("0.1", on_curve, f=f) == [True, False]


@pytest.mark.parametrize("backend", ["float", "mpmath"])
def test_near_misses_are_refused(backend: str) -> None:
    """A step 2 % above the bound, boxes where g = 0, the centre and the minimizers, and boxes far off."""
    on_curve = boxes(np.array([[0.5, 0.0]]), 2.0**-18)
    assert accepted("0.98", on_curve, backend) == [True]
    assert accepted("1.02", on_curve, backend) == [False]
    at = np.array([[0.0, 0.0], [1.0, 0.0], [0.9995, 0.0], [1.2, 0.0]])
    far = [[0.25 * i, 0.25 * j] for i in (-1, 1) for j in (-1, 1)]  # whatever direction it moves in, it leaves its X
    assert accepted("0.1", boxes(np.concatenate([at, far]), 2.0**-10), backend) == [False] * 8
    wide = np.array([[[0.0, 0.5], [-0.1, 0.1]], [[0.48, np.inf], [0.0, 0.1]], [[np.nan, 0.5], [0.0, 0.1]]])
    assert accepted("0.1", wide[: 1 if backend == "mpmath" else 3], backend) == [False] * (
        1 if backend == "mpmath" else 3
    )


def test_curves_through_points_without_gradient_are_refused() -> None:
    """For rho = 1 the only zero is the centre, where g = 0; beside it ``a.b`` is as large as ever."""
    centred = Zeros(RING, Fraction(1), Fraction(1, 10))
    with lane_arithmetic("float") as lanes:
        beside = boxes(np.array([[0.0, 0.0], [0.01, 0.0], [0.03, 0.0]]), 2.0**-12)
        assert not centred.contains(beside, lanes).any()
        _, known = centred.reach(lanes, beside, beside)
    assert known.tolist() == [False, True, True]


def test_the_repelling_part_of_a_curve_is_refused() -> None:
    """For the ellipse ``x^2/4 + y^2 = 1`` a.b > 0 at (0, 1/2), and a.b < -10 at (0.306, 0.065), zeros both."""
    f = hc.Objective.least_squares(["x**2/4 + y**2 - 1"])
    on_curve = boxes(np.array([[0.0, 0.5], [0.305913775008, 0.065300833984]]), 2.0**-14)
    assert accepted("0.01", on_curve, f=f) == [True, False]


def test_curves_along_minimizers_are_refused() -> None:
    """With ``r = x (x^2 - 9/4)`` both sides of x = 0 are mapped to zeros of r: SAM comes to points where g = 0."""
    f = hc.Objective.least_squares(["x**3 - 9*x/4 + 0*y"])
    on_line = boxes(np.array([[0.0, 0.3], [2.0**-12, 0.0], [-(2.0**-9), 0.0]]), 2.0**-12)
    assert accepted("0.01", on_line, f=f) == [False] * 3


def test_perturbed_points_and_their_derivatives_are_enclosed_on_all_of_the_box() -> None:
    """Of corners of a box, inside of an ellipse, by the formulas; they are no farther from each other than is said."""
    f, low, high = hc.Objective.least_squares(["x**2/4 + y**2 - 1"]), np.array([0.5, 0.3]), np.array([0.501, 0.302])
    with lane_arithmetic("float") as lanes:
        x, c = [lanes.box(*side) for side in zip(low, high, strict=True)], [lanes.box(v, v) for v in (low + high) / 2]
        plus, j, _ = Zeros(f, Fraction(5, 4), Fraction(1, 100))._ascent(lanes, lanes.box(-1.0, -1.0), x, c)
        ends = [[np.concatenate(lanes.ends(v)) for v in row] for row in (plus, *j)]
    curved, seen = np.diag([0.5, 2.0]), []
    for corner in ([a, b] for a in (low[0], high[0]) for b in (low[1], high[1])):
        slope = curved @ corner
        size = -np.linalg.norm(slope)  # r < 0
        u = slope / size
        seen.append([corner + 1.25 * u, *(np.eye(2) + 1.25 / size * (np.eye(2) - np.outer(u, u)) @ curved)])
    least, most = np.min(seen, axis=0), np.max(seen, axis=0)
    assert (np.array(ends)[..., 0] <= least).all() and (most <= np.array(ends)[..., 1]).all()
    assert (np.ptp(ends[0], axis=1) < 1.1 * (most - least)[0]).all()


def test_runs_from_a_slanted_curve_stay_where_they_are_said_to_be() -> None:
    """Beside a zero for an ellipse where J is far from symmetric, from a segment along y, which they leave along x."""
    f, zero = hc.Objective.least_squares(["x**2/4 + y**2 - 1"]), np.array([0.2654320914, 0.163419011496])
    start = boxes(zero[None], 1e-5)
    start[0, 0] = zero[0] - 1e-8, zero[0] + 1e-8
    x, y = np.full(5, zero[0]), np.linspace(*start[0, 1], 5)
    lowest, highest = np.array([x.min(), y.min()]), np.array([x.max(), y.max()])
    for _ in range(3000):
        gx, gy = x / 2, 2 * y
        size = -np.hypot(gx, gy)  # r < 0 inside of the ellipse
        px, py = x + 1.25 * gx / size, y + 1.25 * gy / size
        r = px**2 / 4 + py**2 - 1
        x, y = x - 0.01 * r * px / 2, y - 0.01 * r * 2 * py
        lowest, highest = np.minimum(lowest, [x.min(), y.min()]), np.maximum(highest, [x.max(), y.max()])
    with lane_arithmetic("float") as lanes:
        (reach,), known = Zeros(f, Fraction(5, 4), Fraction(1, 100)).reach(
            lanes, start, start + np.array([-1e-4, 1e-4])
        )
    assert known.all()
    assert (lowest >= reach[:, 0]).all() and (highest <= reach[:, 1]).all()
    assert (highest - lowest)[0] > np.ptp(reach[0]) / 3


def oval(x: np.ndarray) -> np.ndarray:
    """``r = x^2 + 2 y^2 + x y - 1`` at points (.., 2)."""
    return x[..., 0] ** 2 + 2 * x[..., 1] ** 2 + x[..., 0] * x[..., 1] - 1


def oval_slope(x: np.ndarray) -> np.ndarray:
    """Its gradient."""
    return np.stack([2 * x[..., 0] + x[..., 1], 4 * x[..., 1] + x[..., 0]], -1)


def climbed(x: np.ndarray, rho: float) -> np.ndarray:
    """``x+``."""
    slope = oval_slope(x)
    return x + rho * np.sign(oval(x))[..., None] * slope / np.linalg.norm(slope, axis=-1, keepdims=True)


@pytest.mark.parametrize(("step", "rho"), [("1/100", 1.5), ("1/40", 1.5), ("1/5", 1.5), ("1", 0.5), ("3", 0.5)])
def test_what_is_reached_holds_every_move_of_the_theorem(step: str, rho: float) -> None:
    """Of points of random boxes around random starts: moves for every t, and none is known where a hypothesis fails."""
    rng = np.random.default_rng(6)
    centre, half = rng.uniform(-1.5, 1.5, (3000, 2)), rng.uniform(0, 1 / 128, (3000, 2))
    half[::3, 0], half[1::3, 1] = half[::3, 0] / 64, half[1::3, 1] / 64
    starts = np.stack([centre - half, centre + half], -1)
    around = np.stack([centre - half - rng.uniform(0, 1 / 32, half.shape), centre + half], -1)
    around[::2, :, 1] += rng.uniform(0, 1 / 32, (1500, 2))
    f = hc.Objective.least_squares(["x**2 + 2*y**2 + x*y - 1"], n=2)
    with lane_arithmetic("float") as lanes:
        reach, known = Zeros(f, Fraction(rho), Fraction(step)).reach(lanes, starts, around)
    share = np.concatenate([rng.random((30, 2)), [[0, 0], [0, 1], [1, 0], [1, 1]]])
    x0, x = (b[:, None, :, 0] + share * (b[:, None, :, 1] - b[:, None, :, 0]) for b in (starts, around))
    moves = 1e-6 * np.eye(2)
    ahead = [(oval(climbed(x + move, rho)) - oval(climbed(x - move, rho))) / 2e-6 for move in moves]
    b, a, eta = oval_slope(climbed(x, rho)), np.stack(ahead, -1), float(Fraction(step)) / 2
    products = eta * np.einsum("kim,kjm->kij", a, b).reshape(len(x), -1)
    low, high = products.min(axis=1), products.max(axis=1)
    usable = (low > -1e-6) & (high < 2 + 1e-6) & ((oval(x) > 0).all(axis=1) | (oval(x) < 0).all(axis=1))
    assert not (known & ~usable).any() and known.sum() > 50
    high_enough = known & (high > 1 + 1e-6)
    assert high_enough.any()
    sums = oval(climbed(x0, rho)) / np.minimum(low, 2 - high)[:, None]
    for t in (sums, 0 * sums, np.where(high_enough[:, None], -sums, 0)):
        y = (x0[:, :, None] - eta * t[:, :, None, None] * b[:, None])[known]
        ends = reach[known][:, None, None]
        assert ((ends[..., 0] - 1e-7 <= y) & (y <= ends[..., 1] + 1e-7)).all()


@pytest.mark.parametrize("side", range(2))
@pytest.mark.parametrize("axis", range(2))
def test_a_box_that_is_left_on_one_side_is_none(monkeypatch: pytest.MonkeyPatch, axis: int, side: int) -> None:
    """What is always reached a little beyond X, at one of four ends, or is not known, is never accepted."""

    def beyond(known: bool, starts: np.ndarray, around: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        reached = around.copy()
        reached[:, axis, side] += known * (2 * side - 1) / 8
        return reached, np.full(len(starts), known)

    for known in (True, False):
        monkeypatch.setattr(Zeros, "reach", lambda _, lanes, *boxes, known=known: beyond(known, *boxes))
        assert accepted("1/10", boxes(np.zeros((2, 2)), 1.0)) == [False, False]


@pytest.mark.parametrize("step", ["0.3", "0.7"])
@pytest.mark.parametrize(("away", "half"), [(-5e-4, (0, 0)), (5e-4, (0, 0)), (0, (3e-4, 0)), (0, (0, 3e-4))])
def test_all_points_of_runs_to_a_slanted_line_are_where_the_proof_says(
    step: str, away: float, half: tuple[float, float]
) -> None:
    """``r = t**2 - 1``, t = (3 x + 4 y)/5: runs from beside t = 1/2, or across it; with 0.7 they swing."""
    f = hc.Objective.least_squares(["((3*x + 4*y)/5)**2 - 1"], n=2)
    centre = (0.5 + away) * np.array([0.6, 0.8])
    start = np.stack([centre - half, centre + half], -1)[None]
    around = np.stack([centre - 0.0012, centre + 0.0012], -1)[None]
    with lane_arithmetic("float") as lanes:
        reach, known = zeros(step, f).reach(lanes, start, around)
    assert known.all()
    x = np.array([[start[0, 0, i], start[0, 1, j]] for i in (0, 1) for j in (0, 1)])
    for _ in range(40):
        ahead = x @ [0.6, 0.8] - RHO  # r < 0 < r': the ascent goes to smaller t
        x = x - float(step) / 2 * ((ahead**2 - 1) * 2 * ahead)[:, None] * [0.6, 0.8]
        assert (reach[0, :, 0] - 1e-13 <= x).all() and (x <= reach[0, :, 1] + 1e-13).all()
    assert (around[..., 0] < reach[..., 0]).all() and (reach[..., 1] < around[..., 1]).all()


@pytest.mark.parametrize(("low", "high"), [(0.498, 0.51), (0.49, 0.502)])
def test_runs_that_swing_reach_as_far_on_both_sides(low: float, high: float) -> None:
    """With the step 3/4, n = 2, b = 1.98 and ``eta a b/n`` = 1.47 the 0.02 of y at the far end are 0.028 of x."""
    starts = np.array([[[low, high], [0.0, 0.0]]])
    with lane_arithmetic("float") as lanes:
        ((reach,), known) = zeros("3/4").reach(lanes, starts, starts)
    assert known.all() and reach[0, 0] < low - 0.025 and high + 0.025 < reach[0, 1]


@pytest.mark.parametrize("call", [3, 4, 5, 6])
@pytest.mark.parametrize("side", [0, 1])
def test_a_number_without_an_end_loses_its_box(monkeypatch: pytest.MonkeyPatch, call: int, side: int) -> None:
    """The residual at the image, the y of the theorem, or a side of what is reached; with all ends it is known."""
    calls = itertools.count(1)

    def ends(lanes, value, count):  # type: ignore[no-untyped-def]
        found = list(whole(lanes, value, count))
        if next(calls) == call:
            found[side] = found[side] + (np.inf if side else -np.inf)
        return tuple(found)

    whole, starts = zero_sets.ends, np.array([[[0.499, 0.501], [-0.001, 0.001]]])
    with lane_arithmetic("float") as lanes:
        assert zeros("1/10").reach(lanes, starts, starts)[1].all()
        monkeypatch.setattr(zero_sets, "ends", ends)
        assert not zeros("1/10").reach(lanes, starts, starts)[1].any()
    assert next(calls) > 6


@pytest.mark.parametrize("axis", [0, 1])
def test_nothing_is_reached_from_around_a_zero_of_the_gradient(axis: int) -> None:
    """The origin, at which r is not 0, lies in the box around the start along one axis."""
    f = hc.Objective.least_squares([("4*x**2 + y**2/500 - 1", "x**2/500 + 4*y**2 - 1")[axis]], n=2)
    starts, around = np.full((1, 2, 2), 0.0), np.array([[[-0.0001, 0.0001]] * 2])
    starts[0, axis], around[0, axis] = [0.009, 0.011], [-0.01, 0.015]
    with lane_arithmetic("float") as lanes:
        assert not zeros("1/1000", f).reach(lanes, starts, around)[1].any()
