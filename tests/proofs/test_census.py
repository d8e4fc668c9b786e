"""Censuses are complete: nothing that another method finds is missing, and nothing is there twice."""

from __future__ import annotations

import itertools
import json
import math
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.census.records import CriticalPoint, Kind, Open, Problem, floats
from hallucert.check.claim import Enclosure
from hallucert.check.file.fields import problem_digest
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.errors import CertificateError
from hallucert.prove.census.sphere import why_open

PLANE = [(-2, 2), (-2, 2)]


def _gallery(name, **parameters):
    entry = hc.gallery.info(name, **parameters)
    return entry.objective(), [(float(low), float(high)) for low, high in entry.box]


def _on_circle(f, target, rho, box, count=200_000):
    """Hallucinated points of a target by a scan of the angle in floats: sign changes of the tangential gradient."""
    angle = np.linspace(0, 2 * np.pi, count + 1) + 0.1234567
    normal = np.stack([np.cos(angle), np.sin(angle)], 1)
    x = target + rho * normal
    g = f.gradient(x)
    tangential = g[:, 1] * normal[:, 0] - g[:, 0] * normal[:, 1]
    change = np.flatnonzero((tangential[:-1] * tangential[1:] < 0) & ((g * normal).sum(1)[:-1] < 0))
    low, high = np.array(box).T
    return [x[i] for i in change if (x[i] > low).all() and (x[i] < high).all()]


@pytest.mark.parametrize(
    ("name", "rho"),
    [("six_hump_camel", "1"), ("six_hump_camel", "0.3"), ("styblinski_tang", "3"), ("styblinski_tang", "5.5")],
)
def test_plane_censuses_are_complete_and_agree_with_a_scan_of_the_angle(name, rho):
    """No place is left open, and the points are those of a scan of every circle in 200000 steps, one to one."""
    f, box = _gallery(name)
    found = hc.census(f, box, rho)
    assert found.complete and not found.excluded
    expected = []
    for critical in found.critical_points:
        expected += _on_circle(f, critical.x, float(rho), box)
    assert len(expected) == len(found) > 0
    for x in expected:
        assert min(np.abs(point.x - x).max() for point in found.points) < 1e-3


def test_the_critical_points_are_those_of_the_gallery():
    """Every critical point of Himmelblau's function that the gallery lists is enclosed, with its kind, once."""
    f, box = _gallery("himmelblau")
    found, known = hc.census(f, box, "3.5"), hc.gallery.info("himmelblau")
    assert len(found.critical_points) == 9
    for kind in ("minimizer", "saddle", "maximizer"):
        for point in getattr(known, kind + "s"):
            inside = [c for c in found.critical_points if np.abs(c.x - point.x).max() < 1e-12]
            assert [c.kind for c in inside] == [kind]


def test_the_reference_points_are_in_the_censuses(himmelblau, reference):
    """The 18 points of the reference, to 30 digits, lie in boxes of the censuses of their radii."""
    for rho in {entry["rho"] for entry in reference["hallucinated"]}:
        found = hc.census(himmelblau, [(-8, 8), (-8, 8)], rho)
        assert found.complete
        for entry in (e for e in reference["hallucinated"] if e["rho"] == rho):
            for point in entry["points"]:
                x = [Fraction(v) for v in point["x"]]
                (box,) = [
                    p for p in found.points if all(s.lower <= v <= s.upper for s, v in zip(p.box, x, strict=True))
                ]
                smallest = min(Fraction(re) for re, _ in point["sam_matrix_eigenvalues"])
                assert box.smallest_real_part.lower <= smallest <= box.smallest_real_part.upper
                assert (box.kind, box.stability) == ("minimizer", "attractor" if smallest > 0 else "repeller")


def test_three_variables():
    """Styblinski-Tang in three variables: complete, and the points are a set that permutations of x leave as it is."""
    f, box = _gallery("styblinski_tang", dimension=3)
    found = hc.census(f, box, "3", workers=1)
    assert found.complete and not found.excluded and len(found.critical_points) == 27
    points = np.array([point.x for point in found.points])
    for order in itertools.permutations(range(3)):
        gaps = np.abs(points[:, None] - points[None, :, list(order)]).max(2)
        assert (gaps.min(0) < 1e-9).all() and (gaps < 1e-6).sum() == len(points)


def test_closed_forms_of_the_four_wells(four_well):
    """(-s, -s) with target (1, 1) and (0, -s) with target (0, 1) are there, with the stability of the theory."""
    found = hc.census(four_well, PLANE, "2.4")
    s = 2.4 / math.sqrt(2) - 1
    (diagonal,) = [p for p in found.points if np.abs(p.x + s).max() < 1e-9]
    assert (diagonal.kind, diagonal.stability) == ("minimizer", "attractor")
    found = hc.census(four_well, PLANE, "1.4")
    (axis,) = [p for p in found.points if np.abs(p.x - [0, -0.4]).max() < 1e-9]
    assert (axis.kind, axis.stability) == ("saddle", "attractor")
    assert found.complete


def test_every_attractor_is_reached_and_every_stop_is_in_the_census(himmelblau):
    """SAM started beside an attractor ends there; SAM from a grid ends in the census, where it ends at all."""
    found = hc.census(himmelblau, [(-6, 6), (-6, 6)], "3.5")
    points = np.array([point.x for point in found.points])
    for point in (p for p in found.points if p.stability == "attractor"):
        cert = hc.certify(himmelblau, point.x, "3.5")  # for the bound of the step
        step = float(cert["attractor"].numbers["step_bound"].lower) / 2
        start = point.x + 1e-3
        end = hc.sam.run(himmelblau, start, "3.5", step, 20_000).x
        assert np.abs(end - point.x).max() < 1e-9
    grid = np.array(list(itertools.product(np.linspace(-4.4, 4.3, 7), repeat=2)))
    run = hc.sam.run_ensemble(himmelblau, grid, "3.5", "0.001", 20_000)
    stopped = run.x[(run.shifted_gradient_norm < 1e-8) & (run.gradient_norm > 1e-3)]
    assert len(stopped) > 5
    assert max(np.abs(points - x).max(1).min() for x in stopped) < 1e-6


@pytest.mark.parametrize("formula", ["exp(x) - x + y**2/2 + y**4/4", "x**4 + y**4", "(x + y)**2 + x**4"])
def test_convex_functions_have_an_empty_census(formula):
    """Nothing is found, nothing is open, and absence is proved, also around a degenerate minimizer."""
    found = hc.census(hc.Objective.parse(formula), PLANE, "0.7")
    assert found.complete and not found.excluded and len(found) == 0
    assert found.claim.name == "no_hallucination" and found.claim.status == "proved"


def test_critical_points_on_spheres_are_excluded_and_named(four_well):
    """rho = 2 is the distance of neighbouring critical points: only tiny boxes around them are left out."""
    found = hc.census(four_well, PLANE, 2)
    assert found.complete and len(found.excluded) == 12
    for place in found.excluded:
        assert place.reason is Open.CRITICAL_POINT
        near = np.round([float(side.lower) for side in place.box])
        assert all(
            abs(float(s.lower) - n) < 1e-12 and s.upper - s.lower < 1e-12 for s, n in zip(place.box, near, strict=True)
        )
    assert hc.verify(found)


SHIFTED = "((x - 3)**2 - 1)**2 + ((y - 5)**2 - 1)**2"


def test_a_sphere_too_small_for_doubles_is_left_open_and_said_to_be():
    """(3 + rho, 4) has the saddle (3, 4) as target for 0 < rho < 1; at 1e-14 it is not found, nor called absent."""
    f, rho = hc.Objective.parse(SHIFTED), "1e-14"
    assert hc.certify(f, (3 + 1e-14, 4.0), rho)["existence"]
    found = hc.census(f, [(2.5, 3.5), (3.5, 4.5)], rho)
    assert not found.complete and not found.excluded and found.claim.status == "undecided"
    assert {place.reason for place in found.pending} == {Open.RESOLUTION} and "too small for doubles" in str(found)
    data = to_json(found)
    data["excluded"] = [place | {"reason": "critical_point"} for place in data["pending"]]
    assert not hc.verify(from_json(data | {"pending": []}), "arb")


@pytest.mark.parametrize("backend", ["float", "arb"])
def test_no_census_of_tiny_spheres_is_empty_and_complete(himmelblau, backend):
    """Targets with a negative curvature have points for every small rho; a census without them is not complete."""
    found = hc.census(himmelblau, [(-0.5, 0.5), (2.5, 3.2)], "1e-17", backend=backend)
    assert len(found.critical_points) == 1 and len(found) == 0
    assert not found.complete and not found.excluded


@pytest.mark.parametrize("rho", ["1e-6", "1e-9", "1e-12"])
def test_small_spheres_have_two_points_for_each_negative_eigenvalue(himmelblau, rho):
    """For rho to 0 they lie at c -+ rho v, H v = mu v, mu < 0: two around each of 4 saddles, 4 around the maximizer."""
    found = hc.census(himmelblau, [(-6, 6), (-6, 6)], rho)
    assert found.complete and not found.excluded
    assert found.counts() == {"maximizer": {"repeller": 4}, "saddle": {"repeller": 8}}


def _targets(*places):
    boxes = [tuple(Enclosure(Fraction(v), Fraction(v)) for v in x) for x, _ in places]
    return [CriticalPoint(box, kind) for box, (_, kind) in zip(boxes, places, strict=True)]


@pytest.mark.parametrize(
    ("other", "kind", "box", "reason"),
    [
        ((1, 0), Kind.SADDLE, [(1, 1), (0, 0)], Open.CRITICAL_POINT),
        ((0.6, 0.8), Kind.SADDLE, [(0.6, 0.6), (0.8, 0.8)], Open.SINGULAR),  # as doubles not on the unit circle
        ((1 + 2**-40, 0), Kind.SADDLE, [(1, 1 + 2**-30), (0, 0)], Open.SINGULAR),  # they meet, the sphere is elsewhere
        ((1, 0), Kind.DEGENERATE, [(1, 1), (0, 0)], Open.SINGULAR),  # not proved to be there
        ((1, 0), Kind.SADDLE, [(-1, 1), (-1, 1)], Open.SINGULAR),  # no neighbourhood of it
        ((1, 0), Kind.SADDLE, [(-1, -1), (0, 0)], Open.SINGULAR),
        ((2, 0), Kind.SADDLE, [(0, 0), (0, 0)], Open.SINGULAR),  # it is the target that lies there
    ],
)
def test_a_place_is_excluded_only_at_another_critical_point_on_the_sphere(four_well, other, kind, box, reason):
    """Around (0, 0) with rho = 1: not for the target itself, nor for boxes that only meet."""
    problem = Problem(four_well, Fraction(1), np.array(PLANE, float))
    place = tuple(Enclosure(Fraction(low), Fraction(high)) for low, high in box)
    targets = _targets(((0, 0), Kind.MAXIMIZER), (other, kind))
    assert why_open(problem, targets, 0, place) is reason


def test_the_target_must_be_known_much_better_than_the_radius(four_well):
    """A target that is known to 2**-40 does not resolve a sphere of radius 2**-41, but one of radius 1."""
    side = Enclosure(Fraction(0), Fraction(1, 2**40))
    for radius, reason in ((Fraction(1, 2**41), Open.RESOLUTION), (Fraction(1), Open.SINGULAR)):
        problem = Problem(four_well, radius, np.array(PLANE, float))
        assert why_open(problem, [CriticalPoint((side, side), Kind.SADDLE)], 0, None) is reason


def test_critical_points_where_the_function_is_undefined_are_none():
    """-log(x) - x has the derivative -1/x - 1, which is 0 at -1, where there is no logarithm."""
    f = hc.Objective.parse("-log(x) - x + y**2")
    found = hc.census(f, [(-1.2, -0.8), (-0.2, 0.2)], "0.1")
    assert not found.critical_points and not found.points and hc.verify(found)
    g = hc.Objective.parse("x**4/4 + y**4/4 - 3*x**2/4 - y**2/2 - log(x + 2*y + 1)")
    found = hc.census(g, [(-1.5, 1.7), (-1.6, 1.4)], "0.7", max_boxes=20_000)
    assert found.critical_points and found.points
    assert all(c.x @ [1, 2] > -1 for c in (*found.critical_points, *found.points))


def test_critical_points_where_the_function_may_be_undefined_are_pending():
    """A term that is 0 wherever it is defined changes nothing at 0; at (sqrt 2, 0) it is on the edge of its domain."""
    inside = hc.census(hc.Objective.parse("x**2 - y**2 + 0*log(1 + x - y)"), [(-0.1, 0.1)] * 2, "0.1")
    assert [c.kind for c in inside.critical_points] == ["saddle"] and inside.complete
    edge = hc.census(hc.Objective.parse("(x**2 - 2)**2 + y**2 + 0*log(x**2 - 2 + y)"), [(1.3, 1.5), (-0.1, 0.1)], "0.1")
    assert not edge.critical_points and not edge.complete
    assert {place.reason for place in edge.pending} == {Open.DOMAIN}


@pytest.mark.parametrize(
    ("box", "shown"),
    [
        ([(1 + 2**-40, 1 + 2**-30), (0, 1)], "[1099511627777/1099511627776, 1073741825/1073741824] x [0, 1]"),
        ([(0, 1 / 3), (0, 2 / 3)], "[0, 0.333333] x [0, 0.666666]"),
    ],
)
def test_the_printed_box_lies_in_the_box_and_is_most_of_it(box, shown):
    """What is proved of all of a box is printed with ends rounded inward, or exactly where these would lose it."""
    found = hc.census(hc.Objective.parse("x**4 + y**4 + x*y + x**2 + y**2"), box, "0.5")
    assert found.claim.status == "proved" and f"the box {shown} with" in found.claim.statement
    assert f"box {shown}\n" in str(found) and "complete" in str(found)


def test_at_a_pitchfork_the_place_is_left_open(four_well):
    """At rho = 3/sqrt2 (to a double) the points near (-1/2, -1/2) are not isolated for the arithmetic: it says so."""
    found = hc.census(four_well, PLANE, 3 / math.sqrt(2))
    assert not found.complete
    assert {place.reason for place in found.pending} == {Open.SINGULAR}
    assert all(min(abs(abs(float(side.lower)) - 0.5) for side in place.box) < 1e-2 for place in found.pending)


def test_a_curve_of_minimizers_is_not_reported_complete():
    """Targets that are not isolated stay pending."""
    found = hc.census(hc.gallery.load("ring"), PLANE, "1.5", max_boxes=50_000)
    assert not found.complete and found.claim.status == "undecided"
    assert Open.DEGENERATE_TARGET in {place.reason for place in found.pending}


def test_a_spent_budget_keeps_what_was_found():
    """With few boxes the census is partial and marked so; what it has is in the full one."""
    f, box = _gallery("styblinski_tang", dimension=3)
    part, full = (hc.census(f, box, 3, max_boxes=n, workers=1) for n in (9_000, 4_000_000))
    assert not part.complete and full.complete
    assert {place.reason for place in part.pending} == {Open.BUDGET}
    known = np.array([point.x for point in full.points])
    assert 0 < len(part) < len(full)
    assert all(np.abs(known - point.x).max(1).min() < 1e-12 for point in part.points)


def _meets(place, point, target):
    """Whether a place, as a file has it, holds a point and its target, both in floats."""
    inside = [low <= v <= high for (low, high), v in zip(floats(place.target), target, strict=True)]
    if place.box is not None:
        inside += [low <= v <= high for (low, high), v in zip(floats(place.box), point, strict=True)]
    return all(inside)


def test_a_partial_census_is_checked_as_far_as_it_goes(himmelblau):
    """What is missing must lie where the file declares it pending: no place that hides a point can be deleted."""
    part = hc.census(himmelblau, [(-6, 6), (-6, 6)], "3.5", max_boxes=450)
    assert not part.complete and 0 < len(part) < 14
    data = to_json(part)
    assert hc.verify(from_json(data), "arb")
    results = {result.name: result for result in hc.verify(from_json(data), "arb").results}
    assert (results["completeness"].status, results["completeness_elsewhere"].status) == ("undecided", "proved")
    full = hc.census(himmelblau, [(-6, 6), (-6, 6)], "3.5")
    known = np.array([point.x for point in part.points])
    missing = [p for p in full.points if np.abs(known - p.x).max(1).min() > 1e-9]
    needed = 0
    for i in range(len(part.pending)):
        rest = part.pending[:i] + part.pending[i + 1 :]
        hides = any(not any(_meets(place, p.x, full.critical_points[p.target].x) for place in rest) for p in missing)
        accepted = hc.verify(from_json(data | {"pending": data["pending"][:i] + data["pending"][i + 1 :]}), "arb")
        assert not (accepted and hides)
        needed += hides and not accepted
    assert needed
    data["pending"] = []
    assert not hc.verify(from_json(data), "arb")


def test_a_saved_census_is_proved_again_by_the_other_arithmetic(himmelblau, tmp_path):
    """What is saved is read back, and mpmath and Arb each prove all of it again."""
    found = hc.census(himmelblau, [(-6, 6), (-6, 6)], "3.5")
    found.save(tmp_path / "census.json")
    again = hc.load(tmp_path / "census.json")
    assert to_json(again) == to_json(found)
    for backend in ("mpmath", "arb"):
        verdict = hc.verify(again, backend)
        assert verdict and verdict.backend == backend
        assert [result.name for result in verdict.results if result.name.startswith("points")] == [
            f"points[{i}]" for i in range(14)
        ]
        assert {result.name: result.status for result in verdict.results}["completeness"] == "proved"


FORGERIES = {
    "a point is missing": lambda d: d["points"].pop(),
    "a point twice": lambda d: d["points"].append(d["points"][0]),
    "another stability": lambda d: d["points"][0].update(stability="repeller"),
    "another kind": lambda d: d["points"][0].update(kind="saddle"),
    "another target": lambda d: d["points"][0].update(target=(d["points"][0]["target"] + 1) % 9),
    "a critical point is missing": lambda d: d["critical_points"].pop(),
    "a critical point of another kind": lambda d: d["critical_points"][0].update(kind="maximizer"),
    "the spectrum": lambda d: d["points"][0].update(smallest_real_part=["1p-9", "1p-8"]),
    "another radius": lambda d: _pose(d, rho="18/5"),
    "a smaller box": lambda d: _pose(d, region=[["-1p1", "1p1"], ["-1p1", "1p1"]]),
}


def _pose(data, **changes):
    """Change the problem of a file, as a forger would."""
    data["problem"].update(changes)
    data["digest"] = problem_digest(data["problem"])


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_censuses_are_refused(himmelblau, name):
    """Each change of a file that changes what it says is found by the checker."""
    global _SAVED
    if _SAVED is None:
        _SAVED = json.dumps(to_json(hc.census(himmelblau, [(-6, 6), (-6, 6)], "3.5")))
    data = json.loads(_SAVED)
    FORGERIES[name](data)
    try:
        verdict = hc.verify(from_json(data), "arb")
    except CertificateError:
        return
    assert not verdict and any(result.message for result in verdict.results if not result.passed)


_SAVED = None


def test_a_place_that_is_not_declared_open_is_missed(four_well):
    """A file that hides the excluded neighbourhoods is refused."""
    data = to_json(hc.census(four_well, PLANE, 2))
    data["excluded"] = data["excluded"][1:]
    assert "a point is missing" in str(hc.verify(from_json(data), "arb"))
    data = to_json(hc.census(four_well, PLANE, 2))
    data["excluded"][0]["box"] = [["-1p1", "1p1"]] * 2
    assert "excluded in the file" in str(hc.verify(from_json(data), "arb"))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(format="x"),
        lambda d: d.update(schema=1),
        lambda d: d.pop("points"),
        lambda d: _pose(d, rho="-1"),
        lambda d: _pose(d, region=[["0", "0"], ["0", "1"]]),
        lambda d: d["points"][0].update(box=[["1", "0"], ["0", "1"]]),
        lambda d: d["points"][0].update(box=5),
        lambda d: d["points"][0].update(target=99),
        lambda d: d.update(search="floats"),
    ],
)
def test_malformed_files_raise_a_certificate_error(four_well, change):
    """Nothing but a `CertificateError` comes out of a file that is no census."""
    data = to_json(hc.census(four_well, PLANE, "1.4"))
    change(data)
    with pytest.raises(CertificateError):
        from_json(json.loads(json.dumps(data)))
