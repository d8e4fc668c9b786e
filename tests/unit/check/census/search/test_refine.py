"""Refining zeros of a census: what is proved, what is refused, and the formulas for two rows; oracles: closed forms."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hallucert.balls import arithmetic
from hallucert.balls.ball_lanes import lane_arithmetic
from hallucert.check.census.records import floats, from_floats, published
from hallucert.check.census.search.branch_and_prune import Boxes, Zero
from hallucert.check.census.search.equations import ChartPoint, CriticalSystem, LaneCharts, charts
from hallucert.check.census.search.float_points import FloatPoints
from hallucert.check.census.search.refine import Guess, around, guesses, refined_zero
from hallucert.check.census.search.spectrum import signs, smallest_real_part
from hallucert.check.claim import Enclosure
from hallucert.objectives.objective import Objective

INVERSE = np.array([[math.sqrt(0.125)]])
BACKENDS = [("arb", 106), ("arb", 424), ("mpmath", 212)]


class Parabola:
    """``x^2 - 2``."""

    def __init__(self, ar, x):
        two = ar.constant(Fraction(2))
        self.equations, self.jacobian = [ar.power(x[0], 2) - two], [[two * x[0]]]


@pytest.mark.parametrize(("backend", "precision"), BACKENDS)
def test_a_zero_gets_all_bits_of_the_balls(backend, precision):
    """The root of 2 from its double, and from a box around it, to all but some bits."""
    ar, root = arithmetic(backend, precision), math.sqrt(2)
    with ar, mpmath.workprec(2 * precision):
        for guess in (Guess(np.array([root]), np.zeros(1), INVERSE), around(np.array([[1.4142135, 1.4142136]]))):
            low, high = ar.endpoints(refined_zero(ar, lambda x: Parabola(ar, x), guess)[0])
            assert low**2 <= 2 <= high**2 and high - low < Fraction(1, 2 ** (precision - 12))


@pytest.mark.parametrize(
    "guess",
    [
        Guess(np.array([1.5]), np.zeros(1), np.array([[0.0]])),
        Guess(np.array([1.5]), np.zeros(1), np.array([[-0.35]])),
        Guess(np.array([1.5]), np.zeros(1), np.array([[1e9]])),
        Guess(np.array([0.0]), np.zeros(1), np.empty((0, 0))),
        Guess(np.array([1e200]), np.zeros(1), np.empty((0, 0))),
        Guess(np.array([math.nan]), np.zeros(1), INVERSE),
        Guess(np.array([0.0]), np.array([3.0]), INVERSE),
    ],
)
def test_bad_guesses_prove_nothing(guess):
    """Not near a zero, a bad or no inverse, two zeros in reach: None, whatever floats are proposed."""
    ar = arithmetic("arb", 106)
    with ar:
        assert refined_zero(ar, lambda x: Parabola(ar, x), guess) is None


class Slanted:
    """``x + (y - 1)/2^17`` and ``y - 3/2 - 1/2^10``."""

    def __init__(self, ar, x):
        slope, one, zero = (ar.constant(v) for v in (Fraction(1, 2**17), Fraction(1), Fraction(0)))
        end = ar.constant(Fraction(3, 2) + Fraction(1, 2**10))
        self.equations, self.jacobian = [x[0] + slope * (x[1] - one), x[1] - end], [[one, slope], [zero, one]]


def test_the_image_must_lie_in_the_interior_in_every_coordinate():
    """The zero is 2^-27 away in a coordinate in which Newton's step is 0: X does not hold it, and None says so."""
    ar, guess = arithmetic("arb", 106), Guess(np.array([-(2.0**-18), 1.5]), np.zeros(2), np.eye(2))
    with ar:
        assert refined_zero(ar, lambda x: Slanted(ar, x), guess) is None


def test_a_zero_outside_of_the_box_is_refused():
    """The only zero of a box is not another one: X must lie in the box."""
    ar, root = arithmetic("arb", 106), math.sqrt(2)
    guess = Guess(np.array([root]), np.zeros(1), INVERSE)
    with ar:
        for box in ([[-2.0, -1.0]], [[root, 2.0]], [[1.0, root]]):
            assert refined_zero(ar, lambda x: Parabola(ar, x), guess, np.array(box)) is None
        assert refined_zero(ar, lambda x: Parabola(ar, x), guess, np.array([[1.0, 2.0]])) is not None


def test_newton_in_floats_proposes_critical_points():
    """All four minimizers of (x^2 - 1)^2 + (y^2 - 4)^2 at once; where the Hessian is singular the guess is finite."""
    f = Objective.parse("(x**2 - 1)**2 + (y**2 - 4)**2")
    system = CriticalSystem(FloatPoints(), f, None, np.array([[-3.0, 3], [-3, 3]]))
    corners = [(s, 2.0 * t) for s in (-1, 1) for t in (-1, 1)]
    zeros = [Zero(0, np.array([[x - 0.1, x + 0.05], [y - 0.1, y + 0.02]]), np.zeros((2, 2))) for x, y in corners]
    found = guesses(system, zeros)
    np.testing.assert_allclose([guess.middle for guess in found], corners, atol=1e-12)
    flat = CriticalSystem(FloatPoints(), Objective.parse("x**4 + 0*y"), None, system.region)
    (guess,) = guesses(flat, [Zero(0, np.array([[-1.0, 1], [-1, 1]]), np.zeros((2, 2)))])
    assert np.isfinite(guess.middle).all() and np.isfinite(guess.inverse).all()


MATRICES = st.lists(st.integers(-40, 40), min_size=4, max_size=4)


@given(MATRICES)
@settings(max_examples=150, deadline=None)
def test_smallest_real_parts_of_two_rows(entries):
    """The enclosure holds (a + d - sqrt((a - d)^2 + 4 b c))/2, or its real part, computed with 60 digits."""
    a, b, c, d = entries
    ar = arithmetic("arb", 106)
    with ar, mpmath.workdps(60):
        root = mpmath.sqrt(mpmath.mpc((a - d) ** 2 + 4 * b * c))
        expected = ((a + d) - root).real / 2
        found = smallest_real_part(ar, [[ar.constant(Fraction(v)) for v in row] for row in ((a, b), (c, d))])
        if found is not None:
            low, high = (mpmath.mpf(v.numerator) / v.denominator for v in found)
            assert low - mpmath.mpf(10) ** -40 <= expected <= high + mpmath.mpf(10) ** -40
        if (a - d) ** 2 + 4 * b * c:
            assert found is not None and found[1] - found[0] < Fraction(1, 2**80)


@given(MATRICES)
@settings(max_examples=150, deadline=None)
def test_signs_of_symmetric_matrices_of_two_rows(entries):
    """Exactly the signs of the eigenvalues, by trace and determinant; a singular matrix has at most one sign."""
    a, b, _, d = entries
    ar = arithmetic("arb", 106)
    with ar:
        found = signs(ar, [[ar.constant(Fraction(v)) for v in row] for row in ((a, b), (b, d))])
    determinant = a * d - b * b
    if determinant < 0:
        assert found == (1, 1)
    elif determinant > 0:
        assert found == ((2, 0) if a + d > 0 else (0, 2))
    else:
        assert found[0] <= (a + d > 0) and found[1] <= (a + d < 0)


DYADIC = st.builds(lambda m, e: Fraction(m) * Fraction(2) ** e, st.integers(-(2**110), 2**110), st.integers(-260, 60))


@given(DYADIC, DYADIC, st.sampled_from([53, 106]))
@settings(max_examples=300, deadline=None)
def test_published_is_what_an_enclosure_publishes(low, high, precision):
    """The integer arithmetic gives the same ends as the rational one."""
    own = Enclosure(min(low, high), max(low, high))
    assert published(own, precision) == own.published(precision)


@given(st.lists(DYADIC, min_size=2, max_size=2))
@settings(max_examples=200, deadline=None)
def test_boxes_in_doubles_are_the_nearest_doubles_outside(ends):
    """No double lies between an end and its double."""
    low, high = sorted(ends)
    (box,) = floats((Enclosure(low, high),))
    assert Fraction(box[0]) <= low < Fraction(math.nextafter(box[0], math.inf))
    assert Fraction(math.nextafter(box[1], -math.inf)) < high <= Fraction(box[1])
    assert floats(from_floats(np.array([box]))).tolist() == [box.tolist()]


@pytest.mark.parametrize("dimension", [2, 3, 4])
@pytest.mark.parametrize("backend", ["float", "arb"])
def test_charts_in_lanes_are_the_charts(backend, dimension):
    """All faces of the cube at once, each in its own lane, enclose what single balls enclose on each face."""
    names = ["x", "y", "z", "w"][:dimension]
    f = Objective.parse(" + ".join(f"({i} + 2)*{v}**3" for i, v in enumerate(names)) + " + " + "*".join(names))
    rng, faces, n = np.random.default_rng(0), charts(dimension), dimension - 1
    y, centre, lanes = rng.uniform(-1, 1, (len(faces), n)), rng.normal(size=dimension), lane_arithmetic(backend)
    with lanes:
        chart = LaneCharts(lanes, np.arange(len(faces)), dimension)
        columns = [lanes.box(y[:, j], y[:, j]) for j in range(n)]
        points = [lanes.box(np.full(len(faces), c), np.full(len(faces), c)) for c in centre]
        whole = ChartPoint(lanes, f, lanes.constant(Fraction(3)), points, chart, columns)
        values = [*whole.x, whole.outward, whole.radial, *whole.equations, *(v for row in whole.jacobian for v in row)]
        lows, highs = (
            np.array([np.broadcast_to(end(v), len(faces)) for v in values]) for end in (lanes.lower, lanes.upper)
        )
    ar = arithmetic("arb", 106)
    with ar:
        for k, face in enumerate(faces):
            single = [ar.from_float(v) for v in y[k]]
            own = ChartPoint(ar, f, ar.constant(Fraction(3)), [ar.from_float(c) for c in centre], face, single)
            x = np.array([ar.approximate(v) for v in own.x])
            assert np.argmax(abs(x - centre)) == face.axis or np.abs(y[k]).max() > 0.999
            assert np.sign(x - centre)[face.axis] == face.sign and abs(np.linalg.norm(x - centre) - 3) < 1e-12
            balls = [*own.x, own.outward, own.radial, *own.equations, *(v for row in own.jacobian for v in row)]
            for ball, low, high in zip(balls, lows[:, k], highs[:, k], strict=True):
                assert Fraction(low) <= ar.upper(ball) and ar.lower(ball) <= Fraction(high) and high - low < 1e-9


def test_the_jacobian_on_a_chart_is_the_derivative():
    """Differences of the equations at 106 bits, on every face in three dimensions."""
    f, ar, step = Objective.parse("x**3*y + sin(y*z) + x*z**2"), arithmetic("arb", 106), 2.0**-30
    with ar:
        for face in charts(3):

            def at(y, face=face):
                balls, centre = [ar.from_float(v) for v in y], [ar.from_float(v) for v in (0.25, -0.5, 1.0)]
                return ChartPoint(ar, f, ar.constant(Fraction(2)), centre, face, balls)

            middle = np.array([0.375, -0.625])
            jacobian = ar.approximations(at(middle).jacobian)
            for k in range(2):
                shift = step * np.eye(2)[k]
                above, below = (ar.approximations([at(middle + s * shift).equations])[0] for s in (1, -1))
                np.testing.assert_allclose((above - below) / (2 * step), jacobian[:, k], rtol=1e-6, atol=1e-6)


def test_tags_of_boxes_survive_splitting():
    """Halves of boxes of several systems keep theirs."""
    boxes = Boxes(np.array([3, 5]), np.zeros((2, 1)), np.ones((2, 1)))
    assert boxes.halves().tag.tolist() == [3, 5, 3, 5]
