"""Claim: `find.sheet` follows the curve of hallucinated minimizers that closed forms give, and names misuse."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, SearchError
from hallucert.find.curves.records import EndReason


@pytest.fixture(scope="module")
def ring():
    return hc.Objective.least_squares(["x**2 + y**2 - 1"], n=2)


@pytest.mark.parametrize("rho", ["1.1", "1.5", "1.9"])
def test_the_hallucinated_circle_of_the_ring_is_closed(ring, rho):
    """Radius rho - 1, once round, targets opposite on the unit circle, tangents across the radius."""
    radius = float(rho) - 1
    curve = hc.find.sheet(ring, (radius * 0.8, radius * 0.6), rho)
    assert curve.closed
    assert np.allclose(np.linalg.norm(curve.x, axis=1), radius, rtol=1e-11, atol=0)
    assert np.allclose(curve.target, -curve.x / radius)
    assert np.abs((curve.x * curve.tangent).sum(axis=1)).max() < 1e-9
    angles = np.unwrap(np.arctan2(curve.x[:, 1], curve.x[:, 0]))
    assert abs(abs(angles[-1] - angles[0]) - 2 * np.pi) < 1e-9
    assert "closed" in repr(curve)


def test_a_candidate_starts_a_sheet_and_a_box_ends_it(ring):
    """The curve ends on the edge of the box at both sides of the start."""
    candidate = hc.find.refine(ring, (0.5, 0.01), "1.5")
    curve = hc.find.sheet(ring, candidate, box=[(0, 1), (-0.3, 0.2)])
    assert curve.ends == (EndReason.BOX, EndReason.BOX)
    assert sorted(np.round(curve.x[[0, -1], 1], 9)) == [-0.3, 0.2]
    assert not curve.closed


def test_a_curve_ends_where_the_gradient_vanishes():
    """A tanh network with four parameters on three samples: both ends near critical points, targets of loss 0."""
    f = hc.TanhNetwork((1, 1, 1), np.array([[-1.0], [0.0], [1.0]]), np.array([3.1, 1.6, 0.0]), loss="squared")
    start = [-0.45419527132012494, -0.006790203329450858, 0.49438413134829645, 1.5654192501346285]
    curve = hc.find.sheet(f, start, 3)
    assert curve.ends == (EndReason.CRITICAL_POINT, EndReason.CRITICAL_POINT)
    assert f.value(curve.target).max() < 1e-18
    slopes = np.linalg.norm(f.gradient(curve.x), axis=1)
    assert max(slopes[0], slopes[-1]) < 0.05 * slopes.max()


def turn_of_ascent(curve):
    """The largest angle between the ascent directions of neighbours."""
    u = (curve.target - curve.x) / float(curve.rho)
    return np.arccos(np.clip((u[1:] * u[:-1]).sum(axis=1), -1, 1)).max()


@pytest.mark.parametrize("rho", ["1.01", "1.5", "1.9"])
def test_the_ring_needs_no_residuals(rho):
    """Given as a formula the ring has the same circle, with targets opposite on the unit circle, gone round once."""
    radius = float(rho) - 1
    f = hc.Objective.parse("(x**2 + y**2 - 1)**2/4")
    curve = hc.find.sheet(f, (radius * 0.8, radius * 0.6), rho)
    assert curve.closed and not curve.given_by_residuals
    assert np.allclose(np.linalg.norm(curve.x, axis=1), radius, rtol=1e-9, atol=0)
    assert np.allclose(curve.target, -curve.x / radius)
    angles = np.unwrap(np.arctan2(curve.x[:, 1], curve.x[:, 0]))
    assert abs(abs(angles[-1] - angles[0]) - 2 * np.pi) < 1e-9


@pytest.mark.parametrize("given", ["by residuals", "by a formula", "by a function"])
def test_the_curve_of_figure_one_ends_twice_at_the_maximizer(given):
    """For rho = 2 it leaves the maximizer (log(3)/2, 0) and comes back, mirrored in y; no step leaps through it.

    The targets go along y^2/4 = 1 + tanh(x) - tanh(x)^2, between its points at distance 2 of the maximizer.
    """
    f = {
        "by residuals": hc.gallery.load("figure_one"),
        "by a formula": hc.Objective.parse("(tanh(x) + 1 - tanh(x)**2 - y**2/4)**2/2"),
        "by a function": hc.Objective.from_callable(
            lambda x: (np.tanh(x[0]) + 1 - np.tanh(x[0]) ** 2 - x[1] ** 2 / 4) ** 2 / 2, 2
        ),
    }[given]
    curve = hc.find.sheet(f, (1.27673084, -0.02002643), 2)
    assert curve.ends == (EndReason.CRITICAL_POINT, EndReason.CRITICAL_POINT)
    assert turn_of_ascent(curve) < 0.36
    maximizer = np.array([np.log(3) / 2, 0])
    assert np.linalg.norm(curve.x[[0, -1]] - maximizer, axis=1).max() < 0.02
    t = np.tanh(curve.target[:, 0])
    assert np.allclose(1 + t - t**2, curve.target[:, 1] ** 2 / 4, atol=1e-9)
    assert np.allclose(np.linalg.norm(curve.target[[0, -1]] - maximizer, axis=1), 2, atol=0.02)
    assert curve.target[0, 1] * curve.target[-1, 1] < -3
    assert abs(curve.target[0, 1] + curve.target[-1, 1]) < 0.02
    assert abs(np.diff(curve.target[:, 1])).max() < 0.25


@pytest.mark.parametrize("given", ["by residuals", "by a formula"])
@pytest.mark.parametrize("start", [(0.4, 0.3), (-0.2, 0.15)])
@pytest.mark.parametrize("rho", ["1.2", "1.5", "1.8"])
def test_the_curves_of_an_ellipse_end_at_its_centre(given, rho, start):
    """For rho between the half axes 1 and 2 the curves end at the maximizer 0, whose circle meets the ellipse there.

    The points of the ellipse at distance rho: y^2 = (4 - rho^2)/3. Loops through the centre would not be curves.
    """
    if given == "by residuals":
        f = hc.Objective.least_squares(["x**2/4 + y**2 - 1"], n=2)
    else:
        f = hc.Objective.parse("(x**2/4 + y**2 - 1)**2/4")
    curve = hc.find.sheet(f, start, rho)
    assert curve.ends == (EndReason.CRITICAL_POINT, EndReason.CRITICAL_POINT)
    assert turn_of_ascent(curve) < 0.36
    assert np.allclose(curve.target[:, 0] ** 2 / 4 + curve.target[:, 1] ** 2, 1, atol=1e-9)
    assert np.linalg.norm(curve.x[[0, -1]], axis=1).max() < 0.02
    assert np.allclose(abs(curve.target[[0, -1], 1]), np.sqrt((4 - float(rho) ** 2) / 3), atol=0.01)


def test_a_network_without_as_many_residuals_has_the_same_curve():
    """Every sample twice: the same mean loss from 6 residuals in 4 variables, found from the Hessian's kernel alone."""
    x, y = np.array([[-1.0], [0.0], [1.0]]), np.array([3.1, 1.6, 0.0])
    f = hc.TanhNetwork((1, 1, 1), x, y, loss="squared")
    twice = hc.TanhNetwork((1, 1, 1), np.vstack([x, x]), np.hstack([y, y]), loss="squared")
    start = [-0.45419527132012494, -0.006790203329450858, 0.49438413134829645, 1.5654192501346285]
    curve = hc.find.sheet(twice, start, 3)
    assert curve.ends == (EndReason.CRITICAL_POINT, EndReason.CRITICAL_POINT)
    assert abs(curve.length - hc.find.sheet(f, start, 3).length) < 0.01
    assert f.value(curve.target).max() < 1e-18
    for i in range(5, len(curve) - 5, 6):
        across = hc.find.refine(f, curve.x[i], 3)  # in residual form: the nearest solution is the point itself
        assert np.linalg.norm(across.x - curve.x[i]) < 1e-8


@pytest.mark.parametrize("given", ["by residuals", "by a formula"])
def test_a_curve_ends_where_the_rank_drops(given):
    """r = y (x^2 + y^2 - 1): where the target comes to the corner (1, 0) of {r = 0}, Dr(x+) and H(x+) vanish.

    rho is the distance to the corner of a point where the gradient points at it: solved here on the line x = -1/10.
    """

    def cross(y):  # Dr = (2 x y, x^2 + 3 y^2 - 1) against (1 - x, -y)
        return -mpmath.mpf("0.2") * y * -y - (mpmath.mpf("0.01") + 3 * y * y - 1) * mpmath.mpf("1.1")

    with mpmath.workdps(30):
        height = mpmath.findroot(cross, 0.59)
        rho = float(mpmath.sqrt(mpmath.mpf("1.21") + height**2))
    if given == "by residuals":
        f = hc.Objective.least_squares(["y*(x**2 + y**2 - 1)"])
    else:
        f = hc.Objective.parse("(y*(x**2 + y**2 - 1))**2/2")
    curve = hc.find.sheet(f, (-0.15, 0.53), rho)
    assert EndReason.BRANCH_POINT in curve.ends
    end = 0 if curve.ends[0] is EndReason.BRANCH_POINT else -1
    assert np.allclose(curve.target[end], (1, 0), atol=1e-4)
    assert np.allclose(curve.x[end], (-0.1, float(height)), atol=1e-4)


@pytest.mark.parametrize(
    ("formula", "start", "rho", "says"),
    [
        ("(x**2 - 1)**2/4 + y**2/20", (-0.45, 0.01), "1.5", "find.branch"),
        ("(x**2 + y**2 + z**2 - 1)**2/4", (0.3, 0.2, 0.3), "1.5", "2 eigenvalues"),
        ("(y*(x**2 + y**2 - 1))**2/2", (-0.15, 0.6526975), "1.2495160353435426", "2 eigenvalues"),
        # Target (0, 0): the Hessian is diag(2, 0) there, but it is isolated.
        ("x**2*(x - 1)**2 + (y**2*(1 + x))**2", (0.6, 0.0), "0.6", "may be isolated"),
    ],
)
def test_targets_that_lie_on_no_curve_are_refused(formula, start, rho, says):
    """Isolated, on a surface, at a crossing, or with a singular Hessian and isolated: the error says which."""
    with pytest.raises(SearchError, match=says):
        hc.find.sheet(hc.Objective.parse(formula), start, rho)


def test_a_curve_without_residuals_is_drawn_but_not_certified():
    """hc.certify says what is missing; hc.plot.sheet draws the circle of radius 1/2 and the unit circle."""
    import matplotlib as mpl

    mpl.use("Agg")
    curve = hc.find.sheet(hc.Objective.parse("(x**2 + y**2 - 1)**2/4"), (0.4, 0.3), "1.5")
    with pytest.raises(ArgumentError, match="least_squares") as caught:
        hc.certify(curve)
    assert caught.value.argument == "subject"
    lines = {line.get_label(): np.hypot(*line.get_data()) for line in hc.plot.sheet(curve).get_lines()}
    assert np.allclose(lines["hallucinated minimizers"], 0.5)
    assert np.allclose(lines["targets: minimizers of f"], 1)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"rho": None}, "rho"),
        ({"rho": 0}, "rho"),
        ({"start": (0.5,)}, "start"),
        ({"start": (0.5, np.nan)}, "start"),
        ({"box": [(1, 2), (1, 2)]}, "start"),
        ({"box": [(1, 0), (1, 2)]}, "box"),
        ({"ds": -1}, "ds"),
        ({"max_steps": 0}, "max_steps"),
    ],
)
def test_misuse_names_the_argument(ring, arguments, named):
    """Typed errors for wrong shapes, NaN, no radius, a start outside of the box."""
    given = {"start": (0.5, 0), "rho": "1.5"} | arguments
    with pytest.raises(ArgumentError, match=named):
        hc.find.sheet(ring, **given)


def test_functions_without_a_curve_of_minimizers_are_refused(ring):
    """One variable, three residuals fewer than variables, as many (an isolated target); a candidate with a radius."""
    with pytest.raises(ArgumentError, match="two variables"):
        hc.find.sheet(hc.Objective.parse("(x**2 - 1)**2"), (0.5,), 1)
    with pytest.raises(ArgumentError, match="one or two residuals fewer"):
        hc.find.sheet(hc.Objective.least_squares(["x + y + z + w - 1"], ["x", "y", "z", "w"]), np.full(4, 0.5), 1)
    with pytest.raises(SearchError, match=r"find\.branch"):
        hc.find.sheet(hc.Objective.least_squares(["x**2 - 1", "y"]), (-0.45, 0.01), "1.5")
    with pytest.raises(ArgumentError, match="rho"):
        hc.find.sheet(ring, hc.find.refine(ring, (0.5, 0.01), "1.5"), rho=1)


def test_a_start_without_solution_is_an_honest_failure(ring):
    """For rho = 3 the ring has no hallucinated minimizer."""
    with pytest.raises(SearchError):
        hc.find.sheet(ring, (0.5, 0), 3)


def superellipse(n, rho, start):
    """The sheet of x^n + y^n = 1, and how far its points are from those of the closed form.

    Inside, u = -(x^(n-1), y^(n-1))/|.|, so x = -t (u_i^(1/(n-1))), t > 0, and x + rho u lies on the curve: one t near 0
    for each u with |rho u|_n > 1. The largest t is no solution beyond.
    """
    curve = hc.find.sheet(hc.Objective.least_squares([f"x**{n} + y**{n} - 1"]), start, rho)
    u = (curve.target - curve.x) / float(rho)
    v = np.sign(u) * abs(u) ** (1 / (n - 1))
    t = -(curve.x * v).sum(axis=1) / (v * v).sum(axis=1)
    assert t.min() > 0 and np.abs((curve.target**n).sum(axis=1) - 1).max() < 1e-12
    assert np.abs(curve.x + t[:, None] * v).max() < 1e-6
    turns = np.diff(np.unwrap(np.arctan2(u[:, 1], u[:, 0]))) / (2 * np.pi)
    assert (turns > 0).all() or (turns < 0).all()
    return curve, abs(turns.sum())


# least |rho u|_n is rho 2^(1/n - 1/2): above 1 for all u if rho > 2^(1/2 - 1/n) = 1.1892, 1.2599, 1.2968
@pytest.mark.parametrize(
    ("n", "rho", "start"),
    [
        *[
            pytest.param(4, "1.19", (0.05, -0.19), marks=pytest.mark.thorough),
            (4, "1.2", (0.2, 0)),
            (4, "1.25", (-0.2, -0.2)),
            (4, "1.3", (0.3, 0.3)),
        ],
        *[(4, "1.3", (-0.2, 0.3)), (4, "1.9", (0.05, -0.9)), (6, "1.4", (0.05, -0.4)), (8, "1.3", (0.05, -0.3))],
    ],
)
def test_superellipses_have_closed_curves_whose_directions_go_round_once(n, rho, start):
    """Every u occurs once, in order: past hairpins 0.0006 from the critical point 0, whose arms no step confuses."""
    curve, turns = superellipse(n, rho, start)
    assert curve.closed and abs(turns - 1) < 1e-9


@pytest.mark.parametrize(
    ("n", "rho", "start"), [(4, "1.05", (0.04, -0.05)), (4, "1.18", (0.05, -0.18)), (6, "1.25", (0.2, 0))]
)
def test_below_that_radius_they_end_at_the_critical_point(n, rho, start):
    """The curve ends at 0, for the u with |rho u|_n = 1 on both sides of an axis."""
    curve, turns = superellipse(n, rho, start)
    assert curve.ends == (EndReason.CRITICAL_POINT, EndReason.CRITICAL_POINT) and turns < 0.25
    u = (curve.target - curve.x)[[0, -1]]
    assert np.abs((u**n).sum(axis=1) ** (1 / n) - 1).max() < 0.03
    assert np.linalg.norm(curve.x[[0, -1]], axis=1).max() < 0.03


@pytest.mark.parametrize("given", ["by residuals", "by a formula"])
@pytest.mark.parametrize(
    ("a", "rho", "closed"), [("6/5", "1.25", True), ("6/5", "1.9", True), ("2", "2.05", False), ("2", "3", False)]
)
def test_the_curves_of_an_ellipse_beyond_its_half_axes(given, a, rho, closed):
    """Closed if rho < 2, the shortest normal chord; else x gets to the ellipse, across from a target.

    The start lies on the long axis, at rho - a; x = -t (u_1 a^2, u_2), as for superellipses.
    """
    formula, half = f"(x/({a}))**2 + y**2 - 1", float(Fraction(a))
    f = hc.Objective.least_squares([formula]) if given == "by residuals" else hc.Objective.parse(f"({formula})**2/2")
    curve = hc.find.sheet(f, (half - float(rho), 0.01), rho)
    assert curve.closed is closed
    assert np.abs((curve.target[:, 0] / half) ** 2 + curve.target[:, 1] ** 2 - 1).max() < 1e-9
    u = (curve.target - curve.x) / float(rho)
    v = u * (half**2, 1)
    assert np.abs(curve.x[:, 0] * v[:, 1] - curve.x[:, 1] * v[:, 0]).max() < 1e-9
    turns = np.diff(np.unwrap(np.arctan2(u[:, 1], u[:, 0]))) / (2 * np.pi)
    assert (turns > 0).all() or (turns < 0).all()
    assert abs(abs(turns.sum()) - 1) < 1e-9 if closed else abs(turns.sum()) < 0.5
    if not closed:
        assert curve.ends == (EndReason.CRITICAL_POINT, EndReason.CRITICAL_POINT)
        assert np.abs((curve.x[[0, -1], 0] / half) ** 2 + curve.x[[0, -1], 1] ** 2 - 1).max() < 0.05


def test_a_curve_that_passes_beside_its_start_is_not_closed():
    """An arc 1e-5 beside the start, in its direction, is another arc; one through the start closes."""
    from hallucert.find.curves.continuation import CurvePoint
    from hallucert.find.curves.sheet_curve import SheetCurve, stopping_rule

    curve = SheetCurve(hc.Objective.least_squares(["x**2 + y**2 - 1"]), 1.5)

    def at(angle, radius=0.5):
        return CurvePoint(radius * np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)]))

    for start, closes in ((at(0), True), (at(0, 0.5 + 1e-5), False), (CurvePoint(at(0).z, -at(0).t), False)):
        stop = stopping_rule(curve, start, None)
        ends = [stop(at(0.05 * k - 0.33), at(0.05 * k - 0.28)) for k in range(8)]
        assert any(end is not None and end[1] is EndReason.CLOSED for end in ends) is closes
