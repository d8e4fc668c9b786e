"""Claim: boxes of a tube hold the images of all points of its cell, in every arithmetic, and nearly no more."""

from __future__ import annotations

import itertools
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.check.basins import tube
from hallucert.check.basins.tube import SamStep, Tubes

RHO, STEP = Fraction(7, 2), Fraction(1, 2000)
F = hc.gallery.load("himmelblau")


def image(x: tuple[float, float], steps: int) -> tuple[mpmath.mpf, mpmath.mpf]:
    """The image of a point under SAM for Himmelblau's function, in 60 digits: the gradient is written down anew."""

    def g(x, y):
        p, q = x**2 + y - 11, x + y**2 - 7
        return 4 * x * p + 2 * q, 2 * p + 4 * y * q

    with mpmath.workdps(60):
        a, b = mpmath.mpf(x[0]), mpmath.mpf(x[1])
        for _ in range(steps):
            u, v = g(a, b)
            size = mpmath.sqrt(u * u + v * v)
            u, v = g(a + mpmath.mpf("3.5") * u / size, b + mpmath.mpf("3.5") * v / size)
            a, b = a - u / 2000, b - v / 2000
    return a, b


def followed(backend: str, lo: np.ndarray, hi: np.ndarray, steps: int) -> np.ndarray:
    """Boxes after some steps."""
    lanes = lane_arithmetic(backend)
    tubes = Tubes.around(lo, hi)
    with lanes:
        step = SamStep(lanes, F, RHO, STEP)
        for _ in range(steps):
            tubes, known = step.image(tubes)
            assert known.all()
    return tubes.boxes()


@pytest.mark.parametrize(("backend", "steps"), [("float", 1), ("float", 40), ("arb", 12), ("mpmath", 3)])
def test_images_lie_in_the_boxes(backend: str, steps: int) -> None:
    """Corners, centres and random points, by another program in 60 digits; the boxes are not ten times as large."""
    centres = np.array([[-0.83, 1.04], [2.85, 5.48], [-1.31, 0.2], [2.81, -4.64]])
    lo, hi = centres - 2.0**-8, centres + 2.0**-8
    boxes = followed(backend, lo, hi, steps)
    draw = np.random.default_rng(1).uniform(size=(4, 2))
    for k in range(len(centres)):
        points = [lo[k], hi[k], (lo[k, 0], hi[k, 1]), centres[k], *(lo[k] + d * (hi[k] - lo[k]) for d in draw)]
        found = [image(tuple(map(float, p)), steps) for p in points]
        for a, b in found:
            assert any(x0 <= a <= x1 and y0 <= b <= y1 for (x0, x1), (y0, y1) in boxes[k].tolist())
        reach = max(float(max(abs(a - found[3][0]), abs(b - found[3][1]))) for a, b in found)
        assert (boxes[k, :, :, 1].max(0) - boxes[k, :, :, 0].min(0)).max() < 20 * reach


def test_tubes_around_boxes_and_boxes_of_tubes_hold_them_exactly() -> None:
    """In fractions: boxes of a few units of the last place, and tubes far narrower than that."""
    one = np.array([[1.0, 3.0], [-0.1, 1e-9], [0.3, -7.0]])
    hi = one
    for _ in range(3):
        hi = np.nextafter(hi, np.inf)
        tubes = Tubes.around(one, hi)
        for centre, size, low, high in zip(
            tubes.centre.ravel(), tubes.size.ravel(), one.ravel(), hi.ravel(), strict=True
        ):
            middle, half = Fraction(centre), Fraction(size)
            assert middle - half <= Fraction(low) and Fraction(high) <= middle + half
    angles = np.random.default_rng(2).uniform(0, 2 * np.pi, 12)
    turns = np.stack([np.cos(angles), np.sin(angles)], -1)
    sizes = np.repeat([[1e-18, 3e-18], [1e-17, 1e-5], [0.2, 1e-16]], 4, axis=0)
    tubes = Tubes(np.resize(one, (12, 2)), turns, sizes)
    for k, boxes in enumerate(tubes.boxes()):
        (x, y), (a, b), size = (list(map(Fraction, v[k].tolist())) for v in (tubes.centre, turns, sizes))
        for r in ((s * size[0] / 3, t * size[1] / 3) for s in range(-3, 4) for t in range(-3, 4)):
            point = x + a * r[0] - b * r[1], y + b * r[0] + a * r[1]
            held = [
                all(Fraction(p) <= v <= Fraction(q) for v, (p, q) in zip(point, box, strict=True))
                for box in boxes.tolist()
            ]
            assert any(held)


def test_images_of_points_lie_in_tubes() -> None:
    """In 60 digits, where next to nothing is wider than the double nearest to a centre is away from it."""
    points, count = np.random.default_rng(4).uniform(1, 2, (20, 2)), 20
    with lane_arithmetic("mpmath") as lanes:
        of_points = Tubes(points, np.tile([0.6, 0.8], (count, 1)), np.zeros((count, 2)))
        tubes, known = SamStep(lanes, F, RHO, STEP).image(of_points)
    assert known.all()
    with mpmath.workdps(60):
        for x, centre, turn, size in zip(points, tubes.centre, tubes.turn, tubes.size, strict=True):
            (p, q), (a, b) = image(tuple(x.tolist()), 1), map(mpmath.mpf, turn.tolist())
            p, q = p - float(centre[0]), q - float(centre[1])
            r = (a * p + b * q) / (a * a + b * b), (a * q - b * p) / (a * a + b * b)
            assert abs(r[0]) <= float(size[0]) and abs(r[1]) <= float(size[1])


def test_nothing_is_known_where_the_gradient_may_vanish() -> None:
    """A cell around a critical point has no image."""
    lanes = lane_arithmetic("float")
    with lanes:
        step = SamStep(lanes, F, RHO, STEP)
        _, known = step.image(
            Tubes.around(np.array([[2.99, 1.99], [1.0, 1.0]]), np.array([[3.01, 2.01], [1.01, 1.01]]))
        )
    assert known.tolist() == [False, True]


@pytest.mark.parametrize(
    ("formula", "x", "rho", "certain"),
    [
        ("log(x) + y**2", -2.0, "1/8", False),  # nowhere
        ("y**2 - log(x)", -0.5, "1", False),  # at x+ only
        ("y**2 - log(x)", 0.5, "1", False),  # at x only
        ("log(x) + x**2/2 + y**2", 1.0, "1/8", True),
        ("(x - 2)**2 + y**2 + 0*x**(-1)", 0.0, "1/8", False),  # not at 0, which its derivatives do not show
        ("(x - 2)**2 + y**2", 0.0, "1/8", True),
    ],
)
def test_nothing_is_known_where_the_function_is_undefined(formula: str, x: float, rho: str, certain: bool) -> None:
    """The derivatives of log(x) are defined for negative x, the function is not."""
    with lane_arithmetic("float") as lanes:
        step = SamStep(lanes, hc.Objective.parse(formula), Fraction(rho), Fraction(1, 100))
        _, known = step.image(Tubes.around(np.array([[x - 0.01, 0.0]]), np.array([[x + 0.01, 0.01]])))
    assert known.tolist() == [certain]


@pytest.mark.parametrize("turned", [0.0, 1.0])
def test_tubes_of_any_shape_hold_what_becomes_of_their_points(turned: float) -> None:
    """Long one way or the other, along the axes or not, where derivatives change: corners and points inside."""
    rng = np.random.default_rng(5)
    centre, angle = rng.uniform(-1, 1, (300, 2)), turned * rng.uniform(0, 2 * np.pi, 300)
    turn = np.stack([np.cos(angle), np.sin(angle)], -1)
    size = np.choose(np.arange(300)[:, None] % 3, [[0.05, 0.001], [0.001, 0.05], [0.02, 0.02]])
    with lane_arithmetic("float") as lanes:
        f = hc.Objective.parse("x**4 + 2*y**4 + x*y + x**2")
        found, known = SamStep(lanes, f, Fraction(1, 2), Fraction(1, 10)).image(Tubes(centre, turn, size))
    assert known.sum() > 100

    def slope(x: np.ndarray) -> np.ndarray:
        return np.stack([4 * x[..., 0] ** 3 + x[..., 1] + 2 * x[..., 0], 8 * x[..., 1] ** 3 + x[..., 0]], -1)

    r = np.concatenate([rng.uniform(-1, 1, (40, 2)), [[1, 1], [1, -1], [-1, 1], [-1, -1]]]) * size[:, None]
    (a, b), (p, q) = (t[:, None].transpose(2, 0, 1) for t in (turn, found.turn))
    x = centre[:, None] + np.stack([a * r[..., 0] - b * r[..., 1], b * r[..., 0] + a * r[..., 1]], -1)
    u = slope(x) / np.linalg.norm(slope(x), axis=-1, keepdims=True)
    off = x - slope(x + u / 2) / 10 - found.centre[:, None]
    back = (
        np.stack([p * off[..., 0] + q * off[..., 1], p * off[..., 1] - q * off[..., 0]], -1) / (p**2 + q**2)[..., None]
    )
    assert (abs(back) <= found.size[:, None] + 1e-12)[known].all()


def test_a_point_is_in_the_boxes_of_its_tube() -> None:
    """Also 0, where nothing is rounded: sizes are above 0, and boxes are the right way round."""
    tubes = Tubes.around(np.zeros((1, 2)), np.zeros((1, 2)))
    assert (tubes.size > 0).all()
    for boxes in (tubes.boxes(), Tubes(np.zeros((1, 2)), np.array([[1.0, 0.0]]), np.zeros((1, 2))).boxes()):
        assert (boxes[..., 0] < 0).all() and (boxes[..., 1] > 0).all()


@pytest.mark.parametrize(
    ("formula", "total"),
    [
        ("x**2*y + exp(y)*sin(x) - tanh(x)", True),
        ("x**0 + y**2", True),
        ("x**(-2) + y**2", False),
        ("x/y", False),
        ("log(x) + y", False),
        ("sqrt(x) + y", False),
        ("x**2.5 + y", False),
    ],
)
def test_domains_are_looked_at_where_there_are_some(formula: str, total: bool) -> None:
    """Where every operation is defined everywhere nothing has to be."""
    assert SamStep(lane_arithmetic("float"), hc.Objective.parse(formula), Fraction(1), STEP).total is total


def bare_step(monkeypatch: pytest.MonkeyPatch, **given: object) -> SamStep:
    """Return a step of a paraboloid with other methods."""
    step = SamStep(lane_arithmetic("float"), hc.Objective.parse("(x**2 + y**2)/2"), Fraction(1), Fraction(1, 8))
    for name, value in given.items():
        monkeypatch.setattr(step, name, value, raising=False)
    return step


def test_a_value_is_known_if_both_its_ends_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is endless is not enough."""
    low, high = np.array([0, -np.inf, 0, -np.inf]), np.array([1, 1, np.inf, np.inf])
    monkeypatch.setattr(tube, "ends", lambda *_: (low, high))
    step = bare_step(monkeypatch, total=False)
    with step.lanes:
        assert step.defined([step.lanes.constant(Fraction(1))] * 2, 4).tolist() == [True, False, False, False]


@pytest.mark.parametrize("lost", ["jacobian", "sizes"])
def test_one_number_that_is_not_known_loses_its_tube(monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    """Of the derivative, or of the sizes, of the second of two tubes; what is lost has no size."""
    step, tubes = bare_step(monkeypatch), Tubes.around(np.array([[1.0, 1.0]] * 2), np.array([[1.25, 1.25]] * 2))
    whole, sizes = step._jacobian, step._sizes

    def jacobian(*given):  # type: ignore[no-untyped-def]
        found, defined = whole(*given)
        endless = np.array([0.0, np.inf])
        found[0][1] = found[0][1] + step.lanes.box(-endless, endless)
        return found, defined

    if lost == "jacobian":
        monkeypatch.setattr(step, "_jacobian", jacobian)
    else:
        monkeypatch.setattr(step, "_sizes", lambda *given: sizes(*given) * np.array([[1, 1], [1, np.inf]]))
    with step.lanes:
        found, known = step.image(tubes)
    assert known.tolist() == [True, False] and (found.size[0] > 0).all() and (found.size[1] == 0).all()


@pytest.mark.parametrize(("a", "b"), [(8, "1/500"), ("1/500", 8)])
def test_a_gradient_that_vanishes_inside_of_a_tube_is_seen(
    monkeypatch: pytest.MonkeyPatch, a: object, b: object
) -> None:
    """Of (a x^2 + b y^2)/2 at 0, which lies in the tube, but not in its middle, along the steep axis."""
    f = hc.Objective.parse(f"({a}*x**2 + {b}*y**2)/2")
    steep = 0 if a == 8 else 1
    low, high = np.array([[-0.0001, -0.0001]]), np.array([[0.0001, 0.0001]])
    low[0, steep], high[0, steep] = -0.01, 0.03
    lanes = lane_arithmetic("float")
    with lanes:
        assert not SamStep(lanes, f, Fraction(1), Fraction(1, 8)).image(Tubes.around(low, high))[1].any()


@pytest.mark.parametrize("turn", [(1.0, 0.0), (0.0, 1.0), (0.6, 0.8), (-0.8, 0.6)])
@pytest.mark.parametrize("sizes", [(1 / 3, 1e-12), (1e-12, 1 / 3), (0.1, 0.7)])
def test_boxes_about_0_hold_the_corners_of_a_tube_exactly(
    turn: tuple[float, float], sizes: tuple[float, float]
) -> None:
    """In fractions, for tubes of many sizes about a middle in which nothing is rounded, each by itself."""
    a, b = map(Fraction, turn)
    for scale in np.random.default_rng(0).uniform(1, 2, 50):
        size = scale * np.array([sizes])
        (boxes,) = Tubes(np.zeros((1, 2)), np.array([turn]), size).boxes()
        for first, second in itertools.product((1, -1), repeat=2):
            r, s = first * Fraction(size[0, 0].item()), second * Fraction(size[0, 1].item())
            x, y = a * r - b * s, b * r + a * s
            assert any(p <= x <= q and u <= y <= v for (p, q), (u, v) in boxes.tolist())
