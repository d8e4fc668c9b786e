"""Claim: searches stop at the edge of the domain, also at poles between two points, and say so.

Terms such as ``0*log(x + 0.4)`` change no number but the domain, so the closed forms of the wells are the oracles.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, SearchError
from hallucert.find.curves.continuation import CurvePoint, StepControl, follow
from hallucert.find.curves.records import EndReason
from hallucert.find.domain import Edges
from hallucert.objectives.radius_law import RadiusLaw

WELL = "(x**2 - 1)**2/4 + y**2/20"
ASAM = RadiusLaw("asam", (1, 2))  # type: ignore[arg-type]


def well(term):
    return hc.Objective.parse(f"{WELL} + {term}")


@pytest.mark.parametrize(
    ("term", "edge", "vanishing"),
    [
        ("0*log(x + 0.4)", -0.4, "x + 2/5"),
        ("0/(x + 0.4)", -0.4, "x + 2/5"),
        ("0*(x + 0.3)**-4", -0.3, "x + 3/10"),
        ("0*(2*x + 0.7)**1.5", -0.35, "2*x + 7/10"),
        ("0*sqrt(log(x + 1.2))", -0.2, "log(x + 6/5)"),
        ("0*tan(4*x)", -np.pi / 8, "cos(4*x)"),
        ("0*exp(-1/(x + 0.4)**2)", -0.4, "x + 2/5"),
        ("0*log(y + 1 - exp(-x - 0.4))", -0.4, "exp("),
    ],
)
def test_a_branch_ends_at_the_last_double_before_the_edge(term, edge, vanishing):
    """From (0, 0) to (1, 0) the branch is x = 1 - rho; it ends where f does, with the place and what vanishes there."""
    branch = hc.find.branch(well(term), (0, 0), (1, 0))
    assert branch.start.reason is EndReason.CRITICAL_POINT and branch.end.reason is EndReason.DOMAIN
    assert abs(branch.x[-1, 0] - edge) < 1e-14
    assert abs(branch.rho[-1] - (1 - edge)) < 1e-14 and branch.rho.max() == branch.rho[-1]
    assert np.isfinite(branch.value).all()
    assert vanishing in branch.end.detail and "not defined" in branch.end.detail


@pytest.mark.parametrize("argument", ["(x + 0.4)**2 + y**2", "x**2 + 0.8*x + 0.16"])
@pytest.mark.parametrize("operation", ["0*sqrt({})", "0*log({})", "0/({})"])
def test_an_argument_that_vanishes_without_a_change_of_sign_is_an_edge(operation, argument):
    """A double zero, which no pair of neighbours shows, is not stepped over."""
    branch = hc.find.branch(well(operation.format(argument)), (0, 0), (1, 0))
    assert branch.end.reason is EndReason.DOMAIN
    assert -0.4 <= branch.x[-1, 0] < -0.4 + 2e-8


@pytest.mark.parametrize(
    ("term", "slope"),
    [
        ("-1/(1000*(x + 0.4))", lambda s: 1e-3 / s**2),
        ("log(x + 0.4)/1000", lambda s: 1e-3 / s),
        ("sqrt(x + 0.4)/1000", lambda s: 5e-4 / np.sqrt(s)),
        ("-(x + 0.4)**-0.5/1000", lambda s: 5e-4 / s**1.5),
    ],
)
def test_towards_a_pole_the_multiplier_grows_without_bound(term, slope):
    """x nears the edge to a part in 1e8, and lambda = g/(c - x) there is as large as the pole's slope makes it."""
    f = well(term)
    start = hc.find.critical_points(f, [(-0.25, 0.3), (-0.1, 0.1)])[0].x
    branch = hc.find.branch(f, start, (1, 0))
    assert branch.end.reason is EndReason.DOMAIN
    x, s = branch.x[:, 0], branch.x[:, 0] + 0.4
    assert 0 < s[-1] < 1e-8 and (np.diff(x) < 0).all()
    early = s > 1e-4  # beyond, x + 0.4 has lost its digits
    closed = (x**3 - x + slope(s)) / (branch.target[0] - x)
    np.testing.assert_allclose(branch.multiplier[early], closed[early], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("term", ["1/(1000*(x + 0.4))", "-log(x + 0.4)/1000", "1/(10000*(x + 0.4)**2)"])
def test_a_pole_is_not_jumped_over(term):
    """Before a wall there is a minimizer of f, where the branch ends."""
    f = well(term)
    saddle, target = (hc.find.critical_points(f, [box, (-0.1, 0.1)])[0].x for box in ((-0.2, 0.2), (0.5, 1.5)))
    branch = hc.find.branch(f, saddle, target)
    derivative = {
        "1/(1000*(x + 0.4))": lambda x: x**3 - x - 1 / (1000 * (x + mpmath.mpf(2) / 5) ** 2),
        "-log(x + 0.4)/1000": lambda x: x**3 - x - 1 / (1000 * (x + mpmath.mpf(2) / 5)),
        "1/(10000*(x + 0.4)**2)": lambda x: x**3 - x - 2 / (10000 * (x + mpmath.mpf(2) / 5) ** 3),
    }[term]
    with mpmath.workdps(30):
        minimizer = mpmath.findroot(derivative, (-0.3999, -0.25), solver="illinois", maxsteps=200)
    assert (branch.end.reason, branch.end.detail) == (EndReason.CRITICAL_POINT, "minimizer")
    assert abs(branch.x[-1, 0] - float(minimizer)) < 1e-11


class Circle:
    """The unit circle, whose tangent keeps away from edges that the circle itself meets."""

    def tangent(self, z, along):
        t = np.array([-z[1], z[0]])
        return t if t @ along > 0 else -t

    def correct(self, z, normal):
        return z / np.linalg.norm(z)


@pytest.mark.parametrize("edge", [0.9999, 0.99, 0.9])
def test_a_curve_that_bends_across_an_edge_ends_there(edge):
    """From (1, 0) steps along (0, 1) are parallel to the edge x = const; their ends on the circle are beyond it."""
    start, edges = CurvePoint(np.array([1.0, 0.0]), np.array([0.0, 1.0])), Edges(lambda x: x[:, :1] - edge, 2)
    points, reason = follow(Circle(), start, StepControl(0.3, 1e-6, 0.3, 500), lambda here, there: None, edges=edges)
    assert reason is EndReason.DOMAIN
    assert all(p.z[0] > edge for p in points) and points[-1].z[0] - edge < 1e-14


def test_both_directions_and_half_branches_end_at_edges():
    """Between log(x + 0.4) and log(-0.1 - x) a branch has two edges; of two half-branches one meets the edge."""

    branch = hc.find.branch(well("0*log(x + 0.4)*log((x - 0.5)*(x + 0.1))"), (-0.2, 0), (1, 0))
    assert {branch.start.reason, branch.end.reason} == {EndReason.DOMAIN}
    np.testing.assert_allclose(sorted(branch.x[[0, -1], 0]), [-0.4, -0.1], atol=1e-14)
    wells = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2 + 0*log(y - x + 0.5)")
    diagonal = hc.find.branch(wells, (0, 0), (1, 1))
    halves = hc.find.switch_branch(diagonal, diagonal.branch_points[0])
    ends = {half.end.reason: half.end.x for half in halves}
    # They are x + y = -1, from (-1/2, -1/2) to the saddles (-1, 0) and (0, -1).
    np.testing.assert_allclose(ends[EndReason.CRITICAL_POINT], [-1, 0], atol=1e-12)
    np.testing.assert_allclose(ends[EndReason.DOMAIN], [-0.25, -0.75], atol=1e-12)


def test_a_float_only_function_ends_where_it_is_no_number():
    """Nothing is known of a callable but its values: the branch ends at the last one that is finite."""
    f = hc.Objective.from_callable(
        lambda x: (x[0] ** 2 - 1) ** 2 / 4 + x[1] ** 2 / 20 + 0 * np.log(x[0] + 0.4), 2, rigorous=False
    )
    branch = hc.find.branch(f, (-0.3, 0), (1, 0))
    assert branch.end.reason is EndReason.DOMAIN and abs(branch.x[-1, 0] + 0.4) < 1e-14


def ring(term, variables="x**2 + y**2"):
    return hc.Objective.least_squares([f"{variables} - 1 + {term}"], n=2)


@pytest.mark.parametrize(
    ("term", "first"),
    [
        ("0*log(x + 0.9)", 0.45),  # of x+ = -2 x
        ("0/(x + 0.1)", 0.05),
        ("0*sqrt(0.45 - x)", 0.45),  # of x
        ("0*(x + 0.8)**1.5", 0.4),
        ("0/sin(pi*(x + 0.6))", 0.3),
    ],
)
def test_a_sheet_ends_where_x_or_its_target_leaves_the_domain(term, first):
    """For rho = 3/2 the circle of radius 1/2 is mapped by x+ = -2 x; it is cut at a value of the first coordinate."""
    sheet = hc.find.sheet(ring(term), (0.02, 0.5), "1.5")
    assert sheet.ends == (EndReason.DOMAIN, EndReason.DOMAIN) and "edge of the domain" in repr(sheet)
    np.testing.assert_allclose(np.linalg.norm(sheet.x, axis=1), 0.5, atol=1e-12)
    assert np.abs(sheet.x[[0, -1], 0] - first).min() < 2e-12
    assert (
        np.isfinite(ring(term).floats.value(sheet.x)).all() and np.isfinite(ring(term).floats.value(sheet.target)).all()
    )


def test_a_surface_is_cut_at_the_edge_of_the_domain():
    """The sphere of radius 1/2 is covered on one side of x = 0.4 only, where x+ = -2 x leaves log(x + 0.8)."""
    near = hc.find.sheet(ring("0*log(x + 0.8)", "x**2 + y**2 + z**2"), (0.35, 0.35, 0), "1.5", max_steps=12)
    assert near.at_domain_edge and not near.closed and "edge of the domain" in repr(near)
    assert (near.x[:, 0] < 0.4).all() and (near.target[:, 0] > -0.8).all()


@pytest.mark.parametrize(
    "term", ["0/(x + 0.45)", "0*log(x + 0.45)", "0/(x + 0.45)**2", "0*sqrt(x + 0.45)", "0*tan(pi*(x - 0.05))"]
)
@pytest.mark.parametrize("variant", ["sam", ASAM])
def test_refine_crosses_no_edge(term, variant):
    """The hallucinated point (-1/2, 0) lies beyond the edge: it is not reached, and the message says why."""
    with pytest.raises(SearchError, match="edge of the domain"):
        hc.find.refine(well(term), (-0.4, 0.01), "1.5", variant=variant)
    assert abs(hc.find.refine(well("0/(x - 0.5)"), (-0.4, 0.01), "1.5", variant=variant).x[0] + 0.5) < 1e-12


def test_hallucinate_crosses_no_edge():
    """On the way from |x| = 0.45 to |x| = 1/2 there is an edge at |x|^2 = 0.22; without it the circle is reached."""
    start = (0.2, 0.4)
    assert abs(np.linalg.norm(hc.find.hallucinate(ring("0"), start, "1.5").x) - 0.5) < 1e-12
    for term in ("0/(x**2 + y**2 - 0.22)", "0*log(0.22 - x**2 - y**2)*(x - 8)"):
        with pytest.raises(SearchError, match=r"edge of the domain|not defined at x"):
            hc.find.hallucinate(ring(term), start, "1.5")
    with pytest.raises(ArgumentError, match="not defined"):
        hc.find.hallucinate(ring("0*log(x - 1)"), start, "1.5")


@pytest.mark.parametrize("term", ["0*log(x + 0.4)", "0/(x + 1)", "0*sqrt(x + 1)", "0/(x**2 - 1)", "0*(x - 0.2)**0.5"])
def test_critical_points_are_where_f_is_defined(term):
    """Of -1, 0 and 1 those are found at which the term is a number, not the doubles beside a removable pole."""
    keep = {"0*log(x + 0.4)": [0, 1], "0/(x + 1)": [0, 1], "0*sqrt(x + 1)": [0, 1], "0/(x**2 - 1)": [0]}
    found = sorted(p.x[0] for p in hc.find.critical_points(well(term), [(-2, 2), (-1, 1)], starts=128))
    np.testing.assert_allclose(found, keep.get(term, [1]), atol=1e-12)


def test_points_on_spheres_are_where_f_is_defined():
    """Of the points of SAM, ASAM and USAM for a target those with x <= -0.45 are left out, the others stay."""
    for variant, rho in (("sam", "1.5"), (ASAM, "1.5"), ("usam", "16/3")):
        target = (1, 0)
        everything = hc.find.on_sphere(well("0"), target, rho, variant=variant)
        inside = hc.find.on_sphere(well("0*log(x + 0.45)"), target, rho, variant=variant)
        kept = [p.x for p in everything if p.x[0] > -0.45]
        assert len(kept) < len(everything)
        np.testing.assert_allclose([p.x for p in inside], kept, atol=1e-9)


def test_the_construction_keeps_to_one_side_of_a_pole():
    """The component of {f >= 3/2} around the origin reaches x = 0.366, beyond the pole at 0.3: that is no component."""
    wells = "(x**2 - 1)**2 + (y**2 - 1)**2"
    assert (
        hc.find.farthest_point(hc.Objective.parse(f"{wells} + 0/(x - 0.9)"), (0, 0), (-1, -1), level="1.5") is not None
    )
    with pytest.raises(SearchError, match="edge of the domain"):
        hc.find.farthest_point(hc.Objective.parse(f"{wells} + 0/(x - 0.3)"), (0, 0), (-1, -1), level="1.5")


UNDEFINED_TARGET = {
    "branch": lambda f, c: hc.find.branch(f, (-0.5, 0), c),
    "branches": lambda f, c: hc.find.branches(f, c, [(-2, 2), (-1, 1)]),
    "diagram": lambda f, c: hc.diagram(f, c, [(-2, 2), (-1, 1)], budget=5),
    "on_sphere": lambda f, c: hc.find.on_sphere(f, c, "1.5"),
    "on_sphere, usam": lambda f, c: hc.find.on_sphere(f, c, 5, variant="usam"),
    "on_sphere, asam": lambda f, c: hc.find.on_sphere(f, c, "1.5", variant=ASAM),
    "farthest_point": lambda f, c: hc.find.farthest_point(f, (0, 0), c),
    "safe_radius": lambda f, c: hc.safe_radius(f, c),
    "critical_rho": lambda f, c: hc.critical_rho(f, c),
}


@pytest.mark.parametrize("name", UNDEFINED_TARGET)
@pytest.mark.parametrize("term", ["0/(x - 1)", "0*log(x - 1)", "0*sqrt(1 - x)", "0*(x - 2)**0.5", "exp(-1/(x - 1)**2)"])
def test_a_target_where_f_is_undefined_is_named(name, term):
    """Every function with a target says that f is not defined there, not that the gradient has some size."""
    with pytest.raises(ArgumentError, match="not defined") as caught:
        UNDEFINED_TARGET[name](well(term), (1, 0))
    assert caught.value.argument == "target" and "|g|" not in str(caught.value)


def test_newton_does_not_lead_to_a_target_on_an_edge():
    """From 1.001 Newton on the gradient ends beside the removable pole at 1: that is no critical point."""
    with pytest.raises(ArgumentError, match="not defined"):
        hc.find.on_sphere(well("0/(x - 1)"), (1.001, 0), "1.5")
