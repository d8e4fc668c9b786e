"""The linearised steps of mini-batch SAM, number by number: against closed forms, at the point and on balls."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import two_squares as known

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.batches.problem import batch_problem
from hallucert.check.batches.steps import BatchNorm, Steps, _wider, norm_of, probabilities_of
from hallucert.check.claim import Enclosure
from hallucert.check.point.rule import Evidence
from hallucert.check.problem import Problem
from hallucert.objectives.batches import Batches


def norm(ar) -> BatchNorm:
    """The norm of the closed form."""
    found = norm_of(known.evidence(ar), known.AT_POINT)
    assert found is not None
    return found


def ends(ar, rows) -> np.ndarray:
    """The ends of a matrix of balls, shape (2, rows, columns)."""
    return np.array([[[float(end) for end in ar.endpoints(ball)] for ball in row] for row in rows]).transpose(2, 0, 1)


def test_the_steps_at_the_point_are_those_of_the_closed_form(ar):
    """T_b, the norms of W_b and the norm of L, each batch with its own n_b, rows of V and place."""
    steps = norm(ar).at_point
    assert probabilities_of(known.evidence(ar)) == known.P
    for rows, expected in zip(steps.turned, known.TURNED, strict=True):
        np.testing.assert_allclose(ends(ar, rows), [expected, expected], rtol=1e-15, atol=1e-30)
    assert known.encloses(steps.slope, known.SLOPE)
    assert all(map(known.encloses, steps.descents, known.DESCENTS))


def test_the_steps_on_a_ball_change_as_far_as_their_derivatives_say(ar):
    """Each entry of T_b by the first and second order of the module's docstring, norms by those of rows and columns."""
    here, around = norm(ar).at_point, norm(ar).around(known.SIZE)
    for rows, expected, change in zip(around.turned, known.TURNED, known.CHANGES, strict=True):
        low, high = ends(ar, rows)
        np.testing.assert_allclose(high - expected, change, rtol=1e-4, atol=1e-16)
        np.testing.assert_allclose(expected - low, change, rtol=1e-4, atol=1e-16)
    for found, old, change in zip(
        [*around.descents, around.slope],
        [*here.descents, here.slope],
        [*known.OF_DESCENTS, known.OF_SLOPE],
        strict=True,
    ):
        assert float(found.upper - old.upper) == pytest.approx(change, rel=1e-4)
        assert float(old.lower - found.lower) == pytest.approx(change, rel=1e-4)


CURVED = hc.Objective.least_squares(["x**2 + y*z/2 - 1", "y**2 + x*z/3 - 1", "z**2 + x*y/4 - x"])


def test_pairs_of_points_of_a_ball_have_their_steps_in_its_enclosure():
    """L at one point and W_b at another, in floats, of residuals that move all coordinates."""
    place, size, rng = np.array([-0.5, 0.25, 0.75]), Fraction(1, 64), np.random.default_rng(0)
    batches = Batches(((0, 2), (1,)), (Fraction(1, 3), Fraction(2, 3)))
    made = batch_problem(Problem(CURVED, Fraction(1, 2)), batches)
    v = np.array([[1.0, 0.5, 0.0], [0.25, 2.0, -0.5], [0.0, 0.125, 1.0]])
    basis = tuple(Fraction(b) for b in v.reshape(-1).tolist())

    def parts(x):
        """L and the W_b, by differences of the residuals after the ascent step of each batch."""
        rows, rights, done = [], [], 0
        for f in batches.parts(CURVED):

            def plus(x, f=f):
                g = f.gradient(x)
                return x + g / np.linalg.norm(g) / 2

            h = 1e-6
            rows += list(
                np.transpose([(f.residual(plus(x + e)) - f.residual(plus(x - e))) / (2 * h) for e in h * np.eye(3)])
            )
            own = v[done : done + f.residual_count]
            rights.append(f.residual_jacobian(plus(x)).T @ own / float(f.n))
            done += f.residual_count
        return np.linalg.inv(v) @ np.array(rows), rights

    with arithmetic("arb", 106) as ar:
        x = [ar.from_float(c) for c in place.tolist()]
        found = norm_of(Evidence(made.at(ar, x)), {"step": Fraction(1, 8), "basis": basis})
        steps = found.around(size)
        turned = [ends(ar, rows) for rows in steps.turned]
    reached = 0.0
    for _ in range(20):
        first, second = (place + float(size) * w / np.linalg.norm(w) for w in rng.normal(size=(2, 3)))
        (left, _), (_, rights) = parts(first), parts(second)
        assert np.linalg.norm(left, 2) <= float(steps.slope.upper)
        for (low, high), right, descent in zip(turned, rights, steps.descents, strict=True):
            t = np.eye(3) - left @ right / 8
            assert (low - 1e-9 <= t).all() and (t <= high + 1e-9).all()
            assert np.linalg.norm(right, 2) <= float(descent.upper)
            wide = high > low
            reached = max(reached, (np.abs(2 * t - low - high) / (high - low + ~wide))[wide].max())
    assert reached > 0.05  # the enclosure is no more than twenty times as wide as what these points show


def test_the_mean_square_is_that_of_all_matrices():
    """At two narrow matrices the roots of the extreme eigenvalues; of wide ones they hold those of their corners."""
    with arithmetic("arb", 106) as ar:
        exact = [[[ar.from_float(x) for x in row] for row in rows] for rows in known.TURNED.tolist()]
        one = Enclosure(Fraction(1), Fraction(1))
        least, most = Steps(ar, exact, [one, one], one).mean_square(known.P)
        whole = sum(float(p) * t.T @ t for p, t in zip(known.P, known.TURNED, strict=True))
        values = np.sqrt(np.linalg.eigvalsh(whole))
        assert known.encloses(least, values[0]) and known.encloses(most, values[1])
        wide = [[[ar.interval(Fraction(1, 2), Fraction(3, 4))]], [[ar.interval(Fraction(-1), Fraction(1, 4))]]]
        least, most = Steps(ar, wide, [one, one], one).mean_square((Fraction(1, 2), Fraction(1, 2)))
        assert float(most.upper) == pytest.approx(np.sqrt((0.75**2 + 1) / 2))
        assert float(least.lower) == pytest.approx(np.sqrt(0.5**2 / 2), rel=0.05) or least.lower == 0
        wide[1][0][0] = ar.indeterminate()
        assert Steps(ar, wide, [one, one], one).mean_square(known.P) is None


@pytest.mark.parametrize(
    "change",
    [
        {"step": Fraction(0)},
        {"step": Fraction(-1, 64)},
        {"basis": ()},
        {"basis": (Fraction(1),) * 4},
        {"basis": (Fraction(1), Fraction(0), Fraction(0))},
        {"basis": (*known.AT_POINT["basis"], Fraction(0))},
    ],
)
def test_what_is_no_norm_or_no_step_makes_none(change):
    """A step that is not positive, a singular basis, and one of another length."""
    with arithmetic("arb", 106) as ar:
        assert norm_of(known.evidence(ar), known.AT_POINT | change) is None


@pytest.mark.parametrize("size", [Fraction(1, 2), Fraction(2)])
def test_where_a_gradient_may_vanish_nothing_is_bounded(size):
    """At x = 0 that of the first batch does, and beyond other points are nearest."""
    with arithmetic("arb", 106) as ar:
        found = norm(ar)
        assert found.around(size) is None and found.around(Fraction(1, 64)) is not None


def test_each_of_three_batches_has_its_own_rows():
    """One after the other, whatever their sizes."""
    made = batch_problem(Problem(CURVED, Fraction(1, 2)), Batches(((0,), (1,), (2,)), (Fraction(1, 3),) * 3))
    with arithmetic("arb", 106) as ar:
        evidence = Evidence(made.at(ar, [ar.constant(Fraction(v, 4)) for v in (-2, 1, 3)]))
        found = norm_of(evidence, {"step": Fraction(1, 8), "basis": tuple(map(Fraction, (1, 0, 0, 0, 1, 0, 0, 0, 1)))})
    assert [own for _, own in found.parts] == [[0], [1], [2]]


def test_what_batches_change_in_a_row_is_added():
    """Two batches with the same residual, L = (2 a, a) with a = 2 x+: |L| grows by sqrt(5) times what a does."""
    f = hc.Objective.least_squares(["x**2 - 1", "x**2 - 1"], variables=["x", "y"])
    made = batch_problem(Problem(f, Fraction(3, 2)), Batches(((0,), (1,)), known.P))
    with arithmetic("arb", 106) as ar:
        x = [ar.constant(known.HALF), ar.constant(Fraction(0))]
        found = norm_of(Evidence(made.at(ar, x)), {"step": known.STEP, "basis": tuple(map(Fraction, (1, -1, 0, 1)))})
        grown = found.around(known.SIZE).slope.upper - found.at_point.slope.upper
    assert float(grown) == pytest.approx(2 * np.sqrt(5) * float(known.SIZE), rel=1e-4)


def test_a_norm_that_changes_is_known_less_on_both_sides():
    """It is no less than 0."""
    one, two = Fraction(1), Fraction(2)
    assert _wider(Enclosure(one, two), one / 4) == Enclosure(Fraction(3, 4), Fraction(9, 4))
    assert _wider(Enclosure(one / 8, two), one / 4) == Enclosure(Fraction(0), Fraction(9, 4))


def test_where_the_gradient_of_the_mean_may_vanish_nothing_is_bounded():
    """At x = -1/2 the gradients of both batches are opposite: at no point of the ball is one 0, but their mean is."""
    f = hc.Objective.least_squares(["x**2 - 1", "-(x + 2)*x"])
    problem = batch_problem(Problem(f, Fraction(3, 2)), Batches(((0,), (1,)), (Fraction(1, 2),) * 2))
    with arithmetic("mpmath", 106) as ar:
        identity = [[ar.constant(Fraction(i == j)) for j in range(2)] for i in range(2)]
        for x, known_there in ((Fraction(-1, 2), False), (Fraction(-3, 4), True)):
            evidence = Evidence(problem.at(ar, [ar.constant(x)]))
            made = BatchNorm(evidence, identity, identity, Fraction(1, 10))
            assert made.at_point is not None and (made.around(Fraction(1, 64)) is not None) is known_there
