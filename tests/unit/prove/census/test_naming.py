"""Settling the points of a census in intervals of doubles; oracles: mpmath with many digits, exact fractions."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls.lanes import FloatLanes
from hallucert.check.census.records import CriticalPoint, Kind, Problem, Stability, from_floats
from hallucert.clock import Clock, look
from hallucert.prove.census import naming, sphere
from hallucert.prove.census.branch_and_prune import Zero
from hallucert.prove.census.naming import Guess, float_points, guesses
from hallucert.prove.census.systems import CriticalSystem, SphereSystem

PLANE = np.array([[-3.0, 3.0], [-3.0, 3.0]])
WELLS = "(x**2 - 1)**2 + (y**2 - 4)**2"


def critical(formula, middle, unique, region=PLANE, rho=1):
    """What doubles say of one zero of the gradient."""
    f = hc.Objective.parse(formula)
    problem = Problem(f, Fraction(rho), region)
    system = CriticalSystem(FloatLanes(), f, None, region)
    unique = np.array(unique, float)
    zeros, proposed = [Zero(0, unique, unique)], [Guess(np.array(middle, float), np.eye(2))]
    return naming.critical_points(problem, system, zeros, proposed)


@pytest.mark.parametrize(
    ("middle", "kind"), [((1, 2), Kind.MINIMIZER), ((0, -2), Kind.SADDLE), ((0, 0), Kind.MAXIMIZER)]
)
def test_critical_points_are_enclosed_and_named(middle, kind):
    """Also from a guess that is off by 2^-34; their boxes hold the closed forms."""
    for shift in (0.0, 2.0**-34):
        guess = [v + shift for v in middle]
        found = critical(WELLS, guess, [[v - 0.1, v + 0.1] for v in middle])
        assert found[0].kind is kind
        for side, value in zip(found[0].box, middle, strict=True):
            assert side.lower < value < side.upper and side.upper - side.lower < 2**-40 * 2


@pytest.mark.parametrize(
    ("formula", "middle", "unique"),
    [
        (WELLS, (1 + 2.0**-20, 2), [[0.9, 1.1], [1.9, 2.1]]),  # not near the zero
        (WELLS, (1, 2), [[1, 1.1], [1.9, 2.1]]),  # X is not in the box
        ("x**4 + y**2", (0, 0), [[-1, 1], [-1, 1]]),  # singular
        ("-log(x) - x + y**2", (-1, 0), [[-1.1, -0.9], [-0.1, 0.1]]),  # only the gradient is defined there
        ("(x - y)**2 + 2**-60*x**2 + 1e-9*x", (0, 0), [[-1, 1], [-1, 1]]),  # too ill-conditioned for doubles
    ],
)
def test_what_doubles_do_not_show_is_left_to_balls(formula, middle, unique):
    """Nothing is said of it."""
    assert critical(formula, middle, unique) == {}


def settled(formula, rho, region, targets):
    """What doubles say of the zeros on all charts, with the system they come from."""
    f = hc.Objective.parse(formula)
    problem = Problem(f, Fraction(rho), np.array(region, float))
    boxes = np.array([[[float(s.lower), float(s.upper)] for s in t.box] for t in targets])
    system = SphereSystem(FloatLanes(), f, problem.rho, boxes, problem.region)
    size = float((problem.region[:, 1] - problem.region[:, 0]).max())
    smallest = np.full(4 * len(targets), 2.0**-22 * size)
    found = sphere.search(system, sphere.cells(problem, range(len(targets))), smallest, 100_000)
    proposed = guesses(SphereSystem(float_points(), f, problem.rho, boxes, None), found.zeros)
    return naming.hallucinated_points(problem, system, targets, found.zeros, proposed), found.zeros


DOUBLE_WELL = "(x**2 - 1)**2/4 + y**2/20"


@pytest.mark.parametrize("region", [[[-2, 2], [-2, 2]], [[-2, 2], [0.25, 2]], [[-0.25, 2], [-2, 2]]])
def test_points_of_the_double_well(region):
    """With target (1, 0) and rho = 3/2 the points on the axis are -1/2 (attracting) and 5/2; only those in the box."""
    (target,) = [
        p
        for p in hc.census(hc.Objective.parse(DOUBLE_WELL), [(-2, 2), (-2, 2)], "1.5").critical_points
        if p.kind is Kind.MINIMIZER and p.x[0] > 0
    ]
    answers, zeros = settled(DOUBLE_WELL, Fraction(3, 2), region, [target])
    assert set(answers) == set(range(len(zeros)))
    points = [p for p in answers.values() if p is not None]
    inside = region[0][0] <= -0.5 and region[1][0] <= 0
    straight = [p for p in points if abs(p.x[1]) < 1e-9]
    assert len(straight) == inside
    for point in straight:
        assert point.box[0].lower < Fraction(-1, 2) < point.box[0].upper and point.stability is Stability.ATTRACTOR
        # g = (x^3 - x, 0) = 3/8, H(c) = diag(2, 1/10), J = diag(1, 1 + rho/q f_yy) = diag(1, 1 + 4/10)
        norm, least = point.gradient_norm, point.smallest_real_part
        assert norm.lower < Fraction(3, 8) < norm.upper and least.lower < Fraction(14, 100) < least.upper
        assert norm.upper - norm.lower < 2**-30 and least.upper - least.lower < 2**-30
    for point in points:
        assert all(
            low <= side.lower and side.upper <= high for side, (low, high) in zip(point.box, region, strict=True)
        )


def on_axis(term="0", region=((-2, 2), (-2, 2)), kind=Kind.MINIMIZER):
    """How many points on the axis doubles settle, with the target (1, 0) and rho = 3/2."""
    target = CriticalPoint(from_floats(np.array([[1.0, 1.0], [0.0, 0.0]])), kind)
    answers, _ = settled(f"{DOUBLE_WELL} + {term}", Fraction(3, 2), region, [target])
    return sum(p is not None and abs(p.x[1]) < 1e-9 for p in answers.values())


@pytest.mark.parametrize(
    ("term", "count"), [("0*log(x + 3)", 1), ("0*log(x + 1/4)", 0), ("0*log(1/2 - x)", 0), ("0*log(x + 1/2)", 0)]
)
def test_points_where_the_function_may_be_undefined_are_left_to_balls(term, count):
    """The terms change no derivative; they must be defined at the point, -1/2, and at the target, 1."""
    assert on_axis(term) == count


def test_points_on_the_boundary_are_left_to_balls():
    """At the edge x = -1/2 the point is neither in the box nor out of it, for doubles."""
    assert (on_axis(region=((-0.5, 2), (-2, 2))), on_axis(region=((-0.625, 2), (-2, 2)))) == (0, 1)


def test_degenerate_targets_have_no_points():
    """Existence is not claimed for a target that is not proved to be isolated."""
    assert on_axis(kind=Kind.DEGENERATE) == 0


def test_half_infinite_numbers_settle_nothing():
    """Where the spectrum overflows on one side only, points are left to balls, and no infinity is published."""
    one, r = 2**20, 2.0**-19
    x, y = f"({one}*x)", f"({one}*y)"
    formula = f"{x}**2*0.5 + {x}*{y}/3 + {y}**2*0.7 + {x}**4/4 - {x}**3/2 + {y}**3/3"
    f = hc.Objective.parse(f"1.1714586547267575e+142*({formula})")
    found = hc.census(f, [[-r, r], [-r, r]], 0.5 / one)
    assert found.complete and len(found) > 0


def test_no_zero_is_forgotten_when_the_time_is_up(monkeypatch):
    """Zeros are settled at once, one by one, or named as unseen: those of the operation in which the time ends, too."""
    zeros = [Zero(k, np.zeros((1, 2)), np.zeros((1, 2))) for k in range(6)]
    monkeypatch.setattr(naming, "guesses", lambda equations, own: [None] * len(own))
    monkeypatch.setattr(naming, "chunks", lambda zeros: (zeros[:4], zeros[4:]))
    ticks = itertools.count()
    clock = Clock(2.0, now=lambda: float(next(ticks)) / 2)  # begins at 0; asked at 1/2, 1, ...

    def one_by_one(zero, guess):
        look()
        return zero.tag

    found, unseen = naming.settled_in_time(zeros, None, lambda own, proposed: {0: None}, one_by_one, clock)
    assert found[0] is None and sorted([zero.tag for zero in unseen] + found[1:]) == [1, 2, 3, 4, 5]
    assert found[1:] and len(unseen) > 2
