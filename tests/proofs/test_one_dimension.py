"""Functions of one variable, where everything is known: f' = x^3 - x of the double well, and what misses by little."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import mpmath
import pytest

import hallucert as hc
from hallucert.check.census.records import Open

WELL = hc.Objective.parse("(x**2 - 1)**2 / 4")
LINE = [(-2, 2)]


def _points(census) -> list[tuple[float, str, str]]:
    return sorted((float(point.x[0]), str(point.kind), str(point.stability)) for point in census.points)


@pytest.mark.parametrize(
    ("rho", "expected"),
    [
        ("0.5", [(-0.5, "maximizer", "repeller"), (0.5, "maximizer", "repeller")]),
        ("1.25", [(-0.25, "minimizer", "attractor"), (0.25, "minimizer", "attractor")]),
        ("1.75", [(-0.75, "minimizer", "attractor"), (0.75, "minimizer", "attractor")]),
        ("2.5", []),
    ],
)
def test_a_census_of_the_double_well_is_the_closed_form(rho, expected):
    """1 - rho and rho - 1 for 1 < rho < 2; below 1 the two points that see the maximizer; beyond 2 none."""
    census = hc.census(WELL, LINE, rho, workers=1)
    assert census.complete and not census.excluded
    assert _points(census) == [(pytest.approx(x), kind, stability) for x, kind, stability in expected]
    assert str(census.claim.status) == ("refuted" if expected else "proved")


def test_critical_points_on_the_sphere_are_excluded_not_counted():
    """For rho = 1 and 2 critical points see critical points: the direction uphill is not defined there."""
    for rho, count in ((1, 4), (2, 2)):
        census = hc.census(WELL, LINE, rho, workers=1)
        assert census.complete and not census.points
        assert [place.reason for place in census.excluded] == [Open.CRITICAL_POINT] * count


def test_a_census_of_the_line_is_re_proved_and_a_changed_one_is_not(tmp_path):
    """Both arithmetics; a point left out, one too many, another sign of its chart, a target left out."""
    census = hc.census(WELL, LINE, "1.5", workers=1)
    census.save(tmp_path / "census.json")
    for backend in ("arb", "mpmath"):
        assert hc.verify(tmp_path / "census.json", backend)
    first, second = census.points
    critical = census.critical_points
    fewer = replace(census, critical_points=critical[:2], points=tuple(p for p in (first, second) if p.target < 2))
    for wrong in (
        replace(census, points=(first,)),
        replace(census, points=()),
        replace(census, points=(first, first, second)),
        replace(census, points=(replace(first, chart=1 - first.chart), second)),
        replace(census, points=(replace(first, box=second.box), second)),
        replace(census, points=(replace(first, unique=first.box), second)),
        fewer,
    ):
        assert not hc.verify(wrong)


def test_the_critical_radius_is_the_distance_to_the_maximizer():
    """1 for the double well. Of cos x + x^2/20 the minimizer sees the maximizer 0 between: its own distance."""
    found = hc.critical_rho(WELL, [1], rtol=1e-4)
    assert found.lower <= 1 <= found.upper and found.relative_width <= 1e-4
    assert hc.safe_radius(WELL, [1]).lower <= found.lower
    wave = hc.Objective.parse("cos(x) + x**2/20")
    with mpmath.workdps(30):
        c = mpmath.findroot(lambda x: mpmath.sin(x) - x / 10, 2.85)
    found = hc.critical_rho(wave, [float(c)], rtol=1e-3)
    assert float(found.lower) <= c <= float(found.upper) and found.relative_width <= 1e-3


def test_a_diagram_of_the_line_is_complete(tmp_path):
    """One branch from rho = 1 to 2 that attracts; without it the box is not empty, and a changed file is refused."""
    diagram = hc.diagram(WELL, [1], LINE)
    diagram.save(tmp_path / "diagram.json")
    assert diagram.complete and hc.verify(tmp_path / "diagram.json")
    numbers = diagram["branch"][0].numbers
    assert {round(float(numbers[name].lower), 4) for name in ("rho_start", "rho_end")} == {1.0, 2.0}
    assert [claim.inputs["attracting"] for claim in diagram["stability"]] == [1]
    claims = [claim for claim in diagram.all_claims if claim.name in ("target", "completeness")]
    assert not hc.verify(replace(diagram, chains=(), all_claims=tuple(claims)))
    convex = hc.diagram(hc.Objective.parse("x**2 + x**4"), [0], LINE)
    assert convex.complete and not convex.chains


def test_existence_and_attraction_meet_on_the_line(tmp_path):
    """The farthest point of x^4/4 - x^3/3 - x^2 around 0 from 2 is -1/2 at its level: proved, and it attracts."""
    f = hc.Objective.parse("x**4/4 - x**3/3 - x**2")
    candidate = hc.find.farthest_point(f, [0], [2], level=Fraction(-37, 192))
    cert = hc.certify(candidate)
    assert abs(cert.x[0] + 0.5) < 1e-9
    assert all(cert[name] for name in ("farthest_point", "hallucinated_minimizer", "theorem_3_2", "attractor"))
    assert "Theorem 2.1" in cert["farthest_point"].statement
    cert.save(tmp_path / "farthest.json")
    for backend in ("arb", "mpmath"):
        assert hc.verify(tmp_path / "farthest.json", backend)
    claim = cert["farthest_point"]
    for name, value in (("ball_radius", 4 * claim.inputs["ball_radius"]), ("maximizer", (Fraction(-1),))):
        wrong = replace(claim, inputs={**claim.inputs, name: value})
        assert not hc.verify(replace(cert, claims={**cert.claims, "farthest_point": wrong}))


def test_a_point_on_the_other_slope_is_not_hallucinated():
    """1/2 sees 2 for rho = 3/2, were it to rise there; it falls, and sees -1. Existence at 1 + rho is not proved."""
    assert hc.certify(WELL, [0.5], "1.5")["target"]
    outside = hc.certify(WELL, [2.5], "1.5", radius="0.01")
    assert str(outside["existence"].status) == "refuted"
