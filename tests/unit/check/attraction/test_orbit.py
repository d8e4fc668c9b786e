"""Claim: where `follow` puts a cube, all its points are after the steps, and its errors grow as derivatives do."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.balls.midrad import MidRad
from hallucert.check.attraction import orbit
from hallucert.check.attraction.method import Method
from hallucert.check.attraction.orbit import Cube, Errors, follow
from hallucert.check.problem import Problem
from hallucert.check.reason import Reason
from hallucert.objectives.radius_law import SAM, RadiusLaw

INPUTS, TARGETS = [2.0408, -2.5556], [-1.0, 1.0]
NETWORK = hc.TanhNetwork((1, 2, 1), np.array(INPUTS)[:, None], TARGETS)
PROBLEM, STEP = Problem(NETWORK, Fraction(2), residual=True), Method(Fraction(1, 50))
START = NETWORK.initial(0, count=64, gain=2.0)[36]


def exact(x: np.ndarray) -> tuple[Fraction, ...]:
    """Doubles as they are."""
    return tuple(Fraction(v) for v in x.tolist())


def simulated(start: list[mpmath.mpf], steps: int, b: float = 0.0, nesterov: int = 0) -> list[mpmath.mpf]:
    """SAM on the network with the formulas of its layers written out, in mpmath's numbers: x and the velocity."""
    x, v, n = list(start), [mpmath.mpf(0)] * len(start), len(INPUTS)

    def gradient(x: list[mpmath.mpf]) -> list[mpmath.mpf]:
        (a, c), (b, d), (v, w), o = x[0:2], x[2:4], x[4:6], x[6]
        g = [mpmath.mpf(0)] * 7
        for t, y in zip(INPUTS, TARGETS, strict=True):
            p, q = mpmath.tanh(a * t + b), mpmath.tanh(c * t + d)
            e = (v * p + w * q + o - y) / n
            left, right = e * v * (1 - p * p), e * w * (1 - q * q)
            g = [s + r for s, r in zip(g, [left * t, right * t, left, right, e * p, e * q, e], strict=True)]
        return g

    for _ in range(steps):
        g = gradient(x)
        factor = 2 / mpmath.sqrt(sum(v * v for v in g))
        force = gradient([a + factor * s for a, s in zip(x, g, strict=True)])
        v = [b * c + s for c, s in zip(v, force, strict=True)]
        moves = [s + b * c for c, s in zip(v, force, strict=True)] if nesterov else v  # as PyTorch's SGD
        x = [a - move / 50 for a, move in zip(x, moves, strict=True)]
    return [*x, *v]


@pytest.mark.parametrize(("backend", "steps"), [("arb", 60), ("mpmath", 20)])
def test_a_simulation_in_2000_bits_is_in_the_cube(backend: str, steps: int) -> None:
    """After some steps from the exact start; the cube is no wider than 2^-90, and balls would lose 3 bits a step."""
    with mpmath.workprec(2000):
        end = simulated([mpmath.mpf(float(v)) for v in START], steps)[:7]
        found = follow(PROBLEM, arithmetic(backend, 128), STEP, Cube(exact(START), Fraction(0)), steps)
        assert isinstance(found, Cube)
        assert found.radius < Fraction(1, 2**90)
        for value, middle in zip(end, found.centre, strict=True):
            assert abs(value - mpmath.mpf(middle.numerator) / middle.denominator) <= float(found.radius)


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_a_start_that_is_rounded_is_in_the_cube(backend: str) -> None:
    """No step leads from a point to itself, and 1/3 has no exact ball; the cube is not much larger for that."""
    start = Cube((Fraction(1, 3), *exact(START)[1:]), Fraction(0))
    found = follow(PROBLEM, arithmetic(backend, 64), STEP, start, 0)
    assert isinstance(found, Cube)
    assert found.holds(start) and found.radius < Fraction(1, 2**60)


HEAVY = [Method(Fraction(1, 50), Fraction(b), nesterov) for b in ("1/2", "7/8") for nesterov in (0, 1)]


@pytest.mark.parametrize("method", HEAVY, ids=str)
def test_states_with_momentum_are_in_the_cube(method: Method) -> None:
    """A simulation in 2000 bits: positions and the step size times velocities, both from a start at rest."""
    with mpmath.workprec(2000):
        end = simulated([mpmath.mpf(float(v)) for v in START], 40, float(method.momentum or 0), method.nesterov)
        first = Cube(method.at_rest(exact(START)), Fraction(0))
        found = follow(PROBLEM, arithmetic("arb", 128), method, first, 40)
        assert isinstance(found, Cube) and found.radius < Fraction(1, 2**90)
        for value, middle in zip([*end[:7], *(v / 50 for v in end[7:])], found.centre, strict=True):
            assert abs(value - mpmath.mpf(middle.numerator) / middle.denominator) <= float(found.radius)


@pytest.mark.parametrize("method", HEAVY, ids=str)
def test_the_derivative_of_a_step_with_momentum_is_that_of_the_map(method: Method) -> None:
    """Differences of the step written out, at a state in motion, in all its 14 coordinates; boxes hold them."""
    rng, b, eta = np.random.default_rng(1), float(method.momentum or 0), 0.02
    state = np.concatenate([START, rng.normal(size=7) / 10])

    def step(state: np.ndarray) -> np.ndarray:
        x, w = np.split(state, 2)
        force = eta * hc.sam.shifted_gradient(NETWORK, x, 2)
        after = b * w + force
        return np.concatenate([x - (force + b * after if method.nesterov else after), after])

    units = np.eye(14) * 1e-5
    expected = np.stack([(step(state + h) - step(state - h)) / 2e-5 for h in units], axis=1)
    boxes = MidRad(state[None], np.full((1, 14), 1e-9))
    found = orbit.derivatives(orbit.StepMatrices(PROBLEM, method.step), method, boxes)
    np.testing.assert_allclose(found.mid[0], expected, atol=1e-7)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(found.mid[0].T, expected, atol=1e-7)


@pytest.mark.parametrize("method", [STEP, *HEAVY], ids=str)
def test_corners_of_a_cube_stay_in_the_next(method: Method) -> None:
    """Runs from corners of a cube of half width 2^-36 end in its image, and fill a good part of it."""
    start, rng = Cube(method.at_rest(exact(START)), Fraction(1, 2**36)), np.random.default_rng(0)
    found = follow(PROBLEM, arithmetic("arb", 128), method, start, 40)
    assert isinstance(found, Cube)
    middle, radius, reached = [float(c) for c in found.centre], float(found.radius), 0.0
    b, moving = float(method.momentum or 0), method.momentum is not None
    for signs in rng.choice([-1.0, 1.0], size=(8, len(start.centre))):
        x, w = START + signs[:7] * 2.0**-36, signs[7:] * 2.0**-36 if moving else np.zeros(7)
        for _ in range(40):
            force = 0.02 * hc.sam.shifted_gradient(NETWORK, x, 2)
            w = b * w + force
            x = x - (force + b * w if method.nesterov else w)
        reached = max(reached, np.abs(np.concatenate([x, w] if moving else [x]) - middle).max())
    assert radius / (50 if moving else 30) < reached <= radius


def test_two_segments_are_weaker_than_one_and_short_numbers_do_no_harm() -> None:
    """From a cube around the middle of a run the rest ends around the end of the whole."""
    ar, start = arithmetic("arb", 128), Cube(exact(START), Fraction(0))
    whole, half = follow(PROBLEM, ar, STEP, start, 80), follow(PROBLEM, ar, STEP, start, 40)
    assert isinstance(whole, Cube) and isinstance(half, Cube)
    rest = follow(PROBLEM, ar, STEP, Cube(half.centre, 2 * half.radius), 40)
    assert isinstance(rest, Cube)
    assert Cube(rest.centre, 2 * rest.radius).holds(whole)
    assert not whole.holds(rest)


def test_a_start_that_is_no_dyadic_number_has_a_radius() -> None:
    """1/3 is within what the first balls take for it."""
    start = Cube((Fraction(1, 3),) * 7, Fraction(0))
    coarse, fine = (follow(PROBLEM, arithmetic("arb", bits), STEP, start, 8) for bits in (64, 200))
    assert isinstance(coarse, Cube) and isinstance(fine, Cube)
    assert coarse.holds(fine)
    assert Fraction(1, 2**70) < coarse.radius < Fraction(1, 2**40)


@pytest.mark.parametrize("law", [SAM, RadiusLaw("usam"), RadiusLaw("asam", (Fraction(1, 2), Fraction(3)))])
def test_formulas_and_other_ascent_steps_are_followed(law: RadiusLaw) -> None:
    """A run in floats is in the cube, to rounding."""
    f = hc.Objective.parse("exp(x/2)*y + y**2 - x*y**3/5 + x**2.0")
    problem, x = Problem(f, Fraction(1, 4), law), np.array([0.5, -0.25])
    found = follow(problem, arithmetic("arb", 106), Method(Fraction(1, 8)), Cube(exact(x), Fraction(0)), 30)
    for _ in range(30):
        x = x - hc.sam.shifted_gradient(f, x, "0.25", variant=law) / 8
    assert isinstance(found, Cube)
    np.testing.assert_allclose([float(c) for c in found.centre], x, atol=1e-12)
    assert found.radius < Fraction(1, 2**80)


@pytest.mark.parametrize(
    ("formula", "start"),
    [
        ("log(x) + y**2", (0.75, 1.0)),
        ("(x**2 - 1)**2 + y**2", (0.0, 0.0)),
        ("sqrt(1 - x) + y**2", (0.5, 0.1)),
        ("(x**2 - 1)**2/4 + y**2/20 + log(x)**0", (-0.6, 0.25)),
    ],
)
def test_runs_that_are_not_defined_end(formula: str, start: tuple[float, float]) -> None:
    """At 0 for a logarithm, a zero of the gradient, where x+ leaves the domain, and where no step shows that f ends."""
    f = hc.Objective.parse(formula)
    cube = Cube(tuple(map(Fraction, start)), Fraction(0))
    assert follow(Problem(f, Fraction(1)), arithmetic("arb", 106), Method(Fraction(1, 4)), cube, 60) is Reason.PRECISION


def test_a_cube_that_is_too_wide_is_not_followed() -> None:
    """Where boxes hold a zero of the gradient."""
    wide = Cube(exact(START), Fraction(4))
    assert follow(PROBLEM, arithmetic("arb", 128), STEP, wide, 4) is Reason.PRECISION


def test_errors_of_rotations_do_not_grow() -> None:
    """After 640 turns by 1 rad of the plane a square is at most a few times as large; boxes would be e^214."""
    turn = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    errors: Errors | None = Errors.within(Fraction(1, 2**100), 2)
    for _ in range(10):
        assert errors is not None
        errors = errors.moved(MidRad(np.repeat(turn[None], 64, axis=0)), [Fraction(0)] * 64, Fraction(1))
    assert errors is not None
    assert Fraction(1, 2**100) <= errors.reach <= Fraction(3, 2**100)


def test_errors_hold_products_of_matrices_and_what_is_added() -> None:
    """Random errors, moved by random matrices in the enclosures and by random defects, stay in the set, at any size."""
    rng = np.random.default_rng(4)
    middle = rng.normal(size=(24, 3, 3)) / 1.5
    for unit in (Fraction(1), Fraction(1, 2**1500)):
        errors = Errors.within(unit, 3).moved(MidRad(middle, 1e-3), [unit / 100] * 24, unit * 10**6)
        assert errors is not None
        for _ in range(50):
            e = rng.choice([-1.0, 1.0], size=3)
            for m in middle:
                e = (m + 1e-3 * rng.uniform(-1, 1, size=(3, 3))) @ e + 0.01 * rng.uniform(-1, 1, size=3)
            scale = unit / Fraction(2) ** errors.unit
            inside = np.linalg.solve(errors.edges, e * float(scale))
            assert (np.abs(inside) <= errors.sides * (1 + 1e-9)).all()
    small = Errors.within(Fraction(1), 3).moved(MidRad(middle), [Fraction(0)] * 24, Fraction(1, 2))
    assert small is None  # boxes that do not hold the errors show nothing


def test_a_cube_holds_what_is_in_it_in_every_coordinate_and_on_both_sides() -> None:
    """Up to its faces: what is beyond one of them is not in it."""
    cube, half = Cube((Fraction(1), Fraction(2)), Fraction(1)), Fraction(1, 2)
    for x, y in ((1, 2), (half, 2), (Fraction(3, 2), Fraction(5, 2))):
        assert cube.holds(Cube((Fraction(x), Fraction(y)), half))
    for x, y in ((2, 2), (0, 2), (1, 3), (1, 1)):
        assert not cube.holds(Cube((Fraction(x), Fraction(y)), half)) and cube.holds(Cube((x, y), Fraction(0)))
    assert not cube.holds(Cube(cube.centre, Fraction(2)))


def test_errors_reach_as_far_as_in_their_longest_coordinate() -> None:
    """2^-7 times a set with sides 1 and 4, and with edges that are turned by 45 degrees."""
    sides, turn = np.array([1.0, 4.0]), np.array([[1.0, -1.0], [1.0, 1.0]])
    assert 4 <= Errors(np.eye(2), sides, -7).reach * 2**7 < Fraction(401, 100)
    assert 5 <= Errors(turn, sides, -7).reach * 2**7 < Fraction(501, 100)


def test_each_step_moves_errors_and_adds_its_own() -> None:
    """Doublings, after each of which 1/4 comes to a coordinate; of none hardly any remain."""
    for count in (1, 2, 3):
        found = Errors.within(Fraction(1), 2).moved(
            MidRad(np.array([2 * np.eye(2)] * count)), [Fraction(1, 4)] * count, Fraction(9)
        )
        assert found is not None
        assert 0 <= found.reach - (2**count + Fraction(2**count - 1, 4)) < Fraction(1, 2**30)
    found = Errors.within(Fraction(0), 2).moved(MidRad(np.eye(2)[None]), [Fraction(0)], Fraction(1))
    assert found is not None and (found.sides > 0).all() and found.reach < Fraction(1, 2**900)


@pytest.mark.parametrize(("sides", "defect"), [((0.5, 4.0), 0), ((0.5, 0.5), 1)])
def test_errors_beyond_the_boxes_show_nothing(sides: tuple[float, float], defect: int) -> None:
    """In one coordinate alone, or by what the first of two steps adds: its matrices are those of boxes up to 1."""
    errors, two = Errors(np.eye(2), np.array(sides), 0), MidRad(np.array([np.eye(2) / 2] * 2))
    assert errors.moved(two, [Fraction(defect)] * 2, Fraction(1)) is None
    assert errors.moved(two, [Fraction(defect)] * 2, Fraction(5)) is not None


def test_edges_that_are_not_orthogonal_are_taken_for_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors with the sides 1/1000 and 1 are in a set with skew edges; edges that are too skew are refused."""
    for skew in (0.2, 0.5):
        frame = np.array([[1.0, skew, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        monkeypatch.setattr(orbit.np.linalg, "qr", lambda a, frame=frame: (frame, a))
        errors = Errors(np.eye(3), np.array([1e-3, 1.0, 1e-3]), 0)
        found = errors.moved(MidRad(np.eye(3)[None]), [Fraction(0)], Fraction(2))
        if skew == 0.5:
            assert found is None
        else:
            assert found is not None
            for signs in ((1, 1, 1), (1, -1, 1), (-1, 1, -1)):
                inside = np.linalg.solve(found.edges, errors.sides * signs)
                assert (np.abs(inside) <= found.sides * 2.0**found.unit).all()


@pytest.mark.parametrize("power", [50, -50])
def test_lengths_are_in_a_unit_that_follows_them(power: int) -> None:
    """After a step that changes them by 2**50 the sides are near 1 again, and the set is as large as it is."""
    steps = MidRad(np.eye(2)[None] * 2.0**power)
    found = Errors.within(Fraction(1), 2).moved(steps, [Fraction(0)], Fraction(2))
    assert found is not None and found.unit != 0 and 0.25 <= found.sides.max() <= 4
    assert 1 <= found.reach / Fraction(2) ** power < 1 + Fraction(1, 2**30)
