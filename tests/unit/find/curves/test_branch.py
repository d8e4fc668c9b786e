"""Claim: branches in rho are followed along their closed forms, through folds, to their ends, with events located.

The closed forms are those of the mathematics page; the fold's oracle is solved by mpmath from formulas written here.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from search_problems import FOUR_WELL, HIMMELBLAU, cosine_lattice, reference, same_set, wells

import hallucert as hc
from hallucert.errors import ArgumentError, SearchError
from hallucert.find.curves.branch_curve import Limits, stopping_rule
from hallucert.find.curves.continuation import CurvePoint, StepControl, follow
from hallucert.find.curves.records import EndReason, EventType

BIFURCATION = 3 / np.sqrt(2)


@pytest.fixture(scope="module")
def four_well():
    return hc.Objective.parse(FOUR_WELL)


@pytest.fixture(scope="module")
def diagonal(four_well):
    return hc.find.branch(four_well, (0, 0), (1, 1))


def test_the_diagonal_branch_follows_its_closed_form_between_two_critical_points(diagonal):
    """x = (-s, -s), rho = sqrt 2 (1 + s), lambda = 4 s (1 - s), from the maximizer to the opposite minimizer."""
    s = -diagonal.x[:, 0]
    np.testing.assert_allclose(diagonal.x[:, 1], -s, atol=1e-13)
    np.testing.assert_allclose(diagonal.rho, np.sqrt(2) * (1 + s), atol=1e-13)
    np.testing.assert_allclose(diagonal.multiplier, 4 * s * (1 - s), atol=1e-12)
    assert (diagonal.start.reason, diagonal.start.detail) == (EndReason.CRITICAL_POINT, "maximizer")
    assert (diagonal.end.reason, diagonal.end.detail) == (EndReason.CRITICAL_POINT, "minimizer")
    inner = diagonal.stability[1:-1]
    assert (inner[s[1:-1] < 0.4999] == "repelling").all()
    assert (inner[s[1:-1] > 0.5001] == "attracting").all()
    assert not diagonal.folds


def test_the_branch_point_is_named_and_located(diagonal):
    """The pitchfork at rho = 3/sqrt 2 is found as a branch point, to 1e-8 and better, with the change of stability."""
    (event,) = diagonal.branch_points
    assert abs(event.rho - BIFURCATION) < 1e-12
    np.testing.assert_allclose(event.x, [-0.5, -0.5], atol=1e-12)
    assert event.detail == "repelling to attracting"
    np.testing.assert_array_equal(diagonal.x[event.index], event.x)


def test_the_crossing_half_branches_follow_their_closed_form(four_well, diagonal):
    """x + y = -1, xy = lambda/4, rho^2 = 5 - lambda/2, to the saddles (0, -1) and (-1, 0)."""
    halves = hc.find.switch_branch(diagonal, diagonal.branch_points[0])
    assert same_set(np.array([half.end.x for half in halves]), [[0, -1], [-1, 0]], 1e-12)
    for half in halves:
        assert (half.start.reason, half.end.reason) == (EndReason.BRANCH_POINT, EndReason.CRITICAL_POINT)
        assert half.end.detail == "saddle"
        np.testing.assert_allclose(half.x.sum(axis=1), -1, atol=1e-13)
        np.testing.assert_allclose(half.x.prod(axis=1), half.multiplier / 4, atol=1e-12)
        np.testing.assert_allclose(half.rho**2, 5 - half.multiplier / 2, atol=1e-12)
        assert (half.stability[1:-1] == "repelling").all()


def test_a_start_in_the_middle_is_followed_both_ways(four_well, diagonal):
    """From a hallucinated point, or a candidate, the branch has the two ends it has from a critical point."""
    near = hc.find.branch(four_well, (-0.7, -0.7), (1, 1))
    candidate = hc.find.refine(four_well, (-0.7, -0.7), 2.404)
    for branch in (near, hc.find.branch(four_well, candidate)):
        np.testing.assert_allclose([branch.start.x, branch.end.x], [[-1, -1], [0, 0]], atol=1e-12)
        assert [e.type for e in branch.events] == [EventType.END, EventType.BRANCH_POINT, EventType.END]


def unfolded_fold():
    """Solve g = lambda (c - x), det [[H + lambda I, v], [v^T, 0]] = 0 for the four-well function + x/20."""
    with mpmath.workdps(30):
        c = mpmath.findroot(lambda x: 4 * x**3 - 4 * x + mpmath.mpf(1) / 20, 0.99)

        def system(x, y, lam):
            u, v = x - c, y - 1
            a, b = 12 * x**2 - 4 + lam, 12 * y**2 - 4 + lam
            return [4 * x**3 - 4 * x + mpmath.mpf(1) / 20 + lam * u, 4 * y**3 - 4 * y + lam * v, a * v * v + b * u * u]

        x, y, _ = mpmath.findroot(system, (-0.66, -0.36, 0.9))
        return np.array([float(x), float(y)]), float(mpmath.sqrt((x - c) ** 2 + (y - 1) ** 2))


def test_the_unfolded_pitchfork_is_two_branches_one_with_a_fold():
    """With x/20 added the crossing opens; one of the two branches folds in rho where mpmath says."""
    f = hc.Objective.parse(FOUR_WELL + " + x/20")
    found = hc.find.branches(f, (0.9937, 1), [(-2, 2), (-2, 2)])
    assert not any(branch.branch_points for branch in found)
    (fold,) = [fold for branch in found for fold in branch.folds]
    x, rho = unfolded_fold()
    assert abs(fold.rho - rho) < 1e-12
    np.testing.assert_allclose(fold.x, x, atol=1e-7)  # the place of a fold is only as good as the root of its radius
    assert fold.detail in ("attracting to repelling", "repelling to attracting")


def test_all_reference_points_lie_on_branches_from_critical_points():
    """The 18 hallucinated points of the 50-digit reference of Himmelblau's function, and no others, at its radii."""
    f = hc.Objective.parse(HIMMELBLAU)
    count = 0
    cache: dict[tuple, list] = {}
    for entry in reference()["hallucinated"]:
        target = tuple(float(v) for v in entry["target"])
        if target not in cache:
            cache[target] = hc.find.branches(f, target, [(-6, 6), (-6, 6)], rho_max=8)
        found = [p for branch in cache[target] for p in hc.find.on_branch(branch, entry["rho"])]
        expected = [[float(v) for v in p["x"]] for p in entry["points"]]
        assert same_set(np.array([p.x for p in found]).reshape(-1, 2), np.array(expected).reshape(-1, 2), 1e-12)
        count += len(found)
    assert count == 18


def test_a_change_of_stability_without_a_fold_is_found():
    """On Himmelblau's function a pair of complex eigenvalues of M crosses the imaginary axis, J staying regular."""
    f = hc.Objective.parse(HIMMELBLAU)
    branch = hc.find.branch(f, (0.0867, 2.8843), (3.5844, -1.8481))
    (event,) = [e for e in branch.events if e.type is EventType.STABILITY]
    values = np.linalg.eigvals(hc.sam.sam_matrix(f, event.x, event.rho))
    assert np.abs(values.real).max() < 1e-7
    assert np.abs(values.imag).min() > 1
    assert abs(np.linalg.det(hc.sam.perturbation_jacobian(f, event.x, event.rho))) > 0.1


def test_a_fold_is_where_the_perturbation_jacobian_is_singular():
    """At the fold of Himmelblau's branch J(x) is singular; two points on one side of it, none on the other."""
    f = hc.Objective.parse(HIMMELBLAU)
    branch = hc.find.branch(f, (-3.7793, -3.2832), (3, 2))
    (fold,) = branch.folds
    assert abs(np.linalg.det(hc.sam.perturbation_jacobian(f, fold.x, fold.rho))) < 1e-7
    assert len(hc.find.on_branch(branch, fold.rho + 1e-6)) == 2
    assert hc.find.on_branch(branch, fold.rho - 1e-6) == []


def test_one_variable():
    """(x^2 - 1)^2/4, target 1: x = 1 - rho, 1 < rho < 2, attracting."""
    branch = hc.find.branch(hc.Objective.parse("(x**2 - 1)**2/4"), [0.0], [1.0])
    np.testing.assert_allclose(branch.x[:, 0], 1 - branch.rho, atol=1e-14)
    np.testing.assert_allclose([branch.rho[0], branch.rho[-1]], [1, 2], atol=1e-14)
    assert (branch.stability[1:-1] == "attracting").all()


def test_three_variables():
    """sum (1 - cos x_i), target 0: x = -rho e_1 from pi to 2 pi."""
    branch = hc.find.branch(cosine_lattice(3), (-np.pi, 0, 0), (0, 0, 0), rho_max="6.28")
    np.testing.assert_allclose(branch.x, np.outer(-branch.rho, [1, 0, 0]), atol=1e-12)
    assert branch.end.reason is EndReason.RHO_MAX
    assert abs(branch.rho[-1] - 6.28) < 1e-12


def test_a_branch_into_a_saddle_ends_at_its_target():
    """Near a saddle c there are hallucinated stationary points for every small rho: the branch ends at the target."""
    branch = hc.find.branch(hc.Objective.parse(FOUR_WELL), (-1, 0), (0, 0), rho_min="0.01")
    np.testing.assert_allclose(branch.x[:, 1], 0, atol=1e-14)
    assert branch.end.reason is EndReason.TARGET
    assert 0 < branch.rho[-1] < 0.01


def test_limits_end_a_branch_where_they_are(four_well):
    """The box and rho_max are met to rounding."""
    boxed = hc.find.branch(four_well, (0, 0), (1, 1), box=[(-0.75, 2), (-2, 2)])
    assert boxed.end.reason is EndReason.BOX
    assert abs(boxed.x[-1, 0] + 0.75) < 1e-13
    limited = hc.find.branch(four_well, (0, 0), (1, 1), rho_max="2.5")
    assert abs(limited.rho[-1] - 2.5) < 1e-13
    stopped = hc.find.branch(four_well, (0, 0), (1, 1), max_steps=3)
    assert stopped.end.reason is EndReason.MAX_STEPS
    assert len(stopped) == 4
    # Defined for x > -0.3 only, with finite derivatives up to there.
    f = hc.Objective.parse("(x**2 - 1)**2/4 + (x + 0.3)**2.5/10")
    maximizer, target = (p.x for p in hc.find.critical_points(f, [(-0.29, 1.5)])[::-1])
    domain = hc.find.branch(f, maximizer, target)
    assert domain.end.reason is EndReason.DOMAIN
    assert abs(domain.x[-1, 0] + 0.3) < 1e-9


class Circle:
    """A circle away from multiplier 0, whose continuation closes."""

    centre = np.array([0.0, 5.0])

    def tangent(self, z, along):
        t = np.array([-(z - self.centre)[1], (z - self.centre)[0]])
        return t if t @ along > 0 else -t

    def correct(self, z, normal):
        return self.centre + (z - self.centre) / np.linalg.norm(z - self.centre)

    def radius(self, z):
        return 1.0

    def fold_test(self, z, t):
        return 0.0


def test_a_closed_curve_ends_where_it_began():
    """Continuation of a circle stops after one turn, with the start as its last point."""
    start = CurvePoint(np.array([1.0, 5.0]), np.array([0.0, 1.0]))
    stop = stopping_rule(Circle(), start, Limits(None, 0.1, np.inf))
    points, reason = follow(Circle(), start, StepControl(0.1, 1e-6, 0.2, 500), stop)
    assert reason is EndReason.CLOSED
    assert points[-1] is start
    assert 2 * np.pi / 0.2 <= len(points) < 70


@pytest.mark.parametrize(
    ("arguments", "options", "name"),
    [
        (((0, 0), None), {}, "target"),
        (((1, 1), (1, 1)), {}, "start"),
        (((0, 0), (0.4, 1)), {}, "target"),
        (((0.3, -0.9), (1, 1)), {}, "start"),
        (((0, 0, 0), (1, 1)), {}, "start"),
        (((0, np.nan), (1, 1)), {}, "start"),
        (((0, 0), (1, 1)), {"ds": -1.0}, "ds"),
        (((0, 0), (1, 1)), {"ds": 1.0, "ds_max": 0.1}, "ds"),
        (((0, 0), (1, 1)), {"ds_min": float("nan")}, "ds_min"),
        (((0, 0), (1, 1)), {"max_steps": 0}, "max_steps"),
        (((0, 0), (1, 1)), {"rho_max": 0}, "rho_max"),
        (((0, 0), (1, 1)), {"rho_max": 1, "rho_min": 2}, "rho_min"),
        (((0, 0), (1, 1)), {"box": [(0.5, 2), (-1, 1)]}, "start"),
        (((0, 0), (1, 1)), {"box": [(0, 1)]}, "box"),
        (((0, 0), (1, 1)), {"events": ["bend"]}, "events"),
    ],
)
def test_misuse_is_named(four_well, arguments, options, name):
    """Every wrong argument raises ArgumentError with its name."""
    with pytest.raises(ArgumentError) as caught:
        hc.find.branch(four_well, *arguments, **options)
    assert caught.value.argument == name


def test_degenerate_ends_are_refused():
    """A degenerate target or start is a SearchError: Proposition 4.5 says nothing there."""
    f = hc.Objective.parse("x**4 + (y**2 - 1)**2")
    with pytest.raises(SearchError, match="degenerate"):
        hc.find.branch(f, (0, -1), (0, 1))
    g = hc.Objective.parse("(x**2 - 1)**2*x**4 + y**2")
    with pytest.raises(SearchError, match="degenerate"):
        hc.find.branch(g, (0, 0), (1, 0))


def test_only_wanted_events_are_sought(four_well):
    """Without branch points among the events the pitchfork is not listed; the ends always are."""
    branch = hc.find.branch(four_well, (0, 0), (1, 1), events=["fold"])
    assert [e.type for e in branch.events] == [EventType.END, EventType.END]


def test_the_printed_branch_names_its_events(diagonal):
    """repr shows the function, the range of rho and each event with its reason."""
    text = repr(diagonal)
    assert "rho from 1.41421 to 2.82843" in text
    assert "branch point at rho = 2.12132" in text
    assert "end (critical point)" in text


def test_nothing_is_invented_at_a_degenerate_crossing():
    """In three dimensions the four-well crossing has corank two: it is named, located, and not switched at."""
    branch = hc.find.branch(wells(3), (0, 0, 0), (1, 1, 1))
    np.testing.assert_allclose(branch.x, np.outer(branch.x[:, 0], [1, 1, 1]), atol=1e-12)
    (event,) = branch.branch_points
    assert abs(event.rho - 1.5 * np.sqrt(3)) < 1e-5
    with pytest.raises(SearchError, match="degenerate"):
        hc.find.switch_branch(branch, event)


def test_a_box_where_f_is_flat_does_not_matter():
    """Two wells of width 1/10 in a wide flat box: the branch from one to the saddle between is found, and attracts."""
    f = hc.Objective.parse("1 - exp(-50*((x - 1)**2 + y**2)) - exp(-50*((x + 1)**2 + y**2))")
    (branch,) = hc.find.branches(f, (-1, 0), [(-3, 3)] * 2)
    assert [round(float(end.rho), 9) for end in (branch.start, branch.end)] == [2, 1]
    assert set(branch.stability[1:-1]) == {"attracting"}


def test_branches_of_a_steep_function():
    """cosh grows to 1e80 in the box; its critical points (-1, 0), (0, 0) and (1, 0) are joined by a branch as ever."""
    f = hc.Objective.parse("cosh(10*(x**2 - 1)) + cosh(10*y)")
    found = hc.find.branches(f, (1, 0), [(-3, 3)] * 2)
    assert any(np.allclose(sorted(end.rho for end in (b.start, b.end)), [1, 2], atol=1e-9) for b in found)
