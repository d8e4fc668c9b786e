"""Nothing that is false is ever proved: inputs that are wrong by a hair, and functions without hallucinated points."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError, DomainError, NotAnalyticError

DOUBLE_WELL = "(x**2 - 1)**2/4 + y**2/20"


def _any_proved(cert):
    return any(claim.status == "proved" for claim in cert.claims.values())


def test_a_fixed_box_is_proved_only_for_its_rho():
    """x* = (1 - rho, 0) moves by 1e-9 with rho: a box of half width 1e-10 holds it for rho = 1.5 only, and says so."""
    f = hc.Objective.parse(DOUBLE_WELL)
    right = hc.certify(f, ["-0.5", 0], "1.5", radius="1e-10")
    wrong = hc.certify(f, ["-0.5", 0], "1.500000001", radius="1e-10")
    assert right["existence"].status == "proved"
    assert wrong["existence"].status == "refuted"
    assert not _any_proved(wrong)
    assert hc.verify(right) and hc.verify(wrong)
    other = replace(wrong["existence"], said=right["existence"].said)
    assert not hc.verify(replace(wrong, claims={**wrong.claims, "existence": other}))


def test_a_box_beside_the_point_is_refuted_in_residual_form_too():
    """The hallucinated circle of the ring has radius 1/2 at rho = 3/2: a slice through (0.6, 0) misses it by 0.1."""
    ring = hc.Objective.least_squares(["x**2 + y**2 - 1"])
    cert = hc.certify(ring, ["0.6", 0], "1.5", radius="0.01")
    assert cert["existence"].status == "refuted" and not _any_proved(cert)
    assert hc.verify(cert)


@pytest.mark.parametrize("tilt", ["1e-12", "-1e-12"])
def test_a_target_that_is_a_saddle_by_a_hair(tilt):
    """f = (x^2-1)^2/4 + t y^2/2 + y^4: with t = -1e-12 the target (1, 0) is a saddle, with +1e-12 a minimizer."""
    f = hc.Objective.parse(f"(x**2 - 1)**2/4 + ({tilt})*y**2/2 + y**4")
    cert = hc.certify(f, ["-0.5", 0], "1.5")
    kind, status = ("saddle", "refuted") if tilt.startswith("-") else ("strict local minimizer", "proved")
    assert cert["target"].status == "proved" and f"is a nondegenerate {kind} " in cert["target"].statement
    assert cert["hallucinated_minimizer"].status == cert["attractor"].status == status


@pytest.mark.parametrize(
    "formula", ["x**2 + y**2", "x**4 + y**4", "exp(x) + exp(-x) + y**2", "log(1 + exp(x)) + y**2 - x/2"]
)
@pytest.mark.parametrize("start", [(0.5, 0.25), (-0.3, 1.0)])
def test_convex_functions_have_no_hallucinated_points(formula, start):
    """Proposition A.1: whatever the start and rho, nothing is proved for a convex function."""
    f = hc.Objective.parse(formula)
    for rho in ("0.1", "1", "3"):
        assert not _any_proved(hc.certify(f, start, rho))


def test_a_degenerate_minimizer_is_never_a_proved_target():
    """(x^2-1)^4 + y^2 has degenerate minimizers: its hallucinated points stay undecided, and the reason says why."""
    cert = hc.certify(hc.Objective.parse("(x**2 - 1)**4 + y**2"), [-0.5, 0.0], "1.5")
    assert not _any_proved(cert)
    assert cert["existence"].reason == "degenerate_target"


def test_a_function_undefined_at_the_target_is_not_certified():
    """0*log(x) + ... is defined for x > 0 only: the point (-1/2, 0) of the double well is refused."""
    f = hc.Objective.parse(DOUBLE_WELL + " + 0*log(x)")
    with pytest.raises(DomainError, match="domain"):
        hc.certify(f, [-0.5, 0], "1.5")
    shifted = hc.Objective.parse(DOUBLE_WELL + " + 0*log(0.9 - x)")  # excludes the target (1, 0), not the point
    cert = hc.certify(shifted, [-0.5, 0], "1.5")
    assert not _any_proved(cert) and cert["existence"].reason == "domain"


def test_a_saddle_is_not_accepted_as_a_maximizer(four_well):
    """The prover checks the maximizer itself: a construction that claims a saddle as maximizer proves nothing."""
    honest = hc.find.farthest_point(four_well, [0, 0], [1, 1])
    lie = _with_construction(honest, maximizer=np.array([0.0, 1.0]))
    cert = hc.certify(lie)
    assert cert["hallucinated_minimizer"] and cert["farthest_point"].status == "undecided"


def test_a_ball_with_high_boundary_is_not_accepted(four_well):
    """If f >= alpha somewhere on the boundary of B (the ball is too small), Lemma A.2 fails."""
    honest = hc.find.farthest_point(four_well, [0, 0], [1, 1])
    lie = _with_construction(honest, ball_radius=0.52)
    assert hc.certify(lie, max_boxes=3000)["farthest_point"].status == "undecided"


@pytest.mark.parametrize(("tilt", "status"), [("0", "undecided"), ("1e-5", "proved"), ("-1e-5", "proved")])
def test_a_second_farthest_point_is_not_overlooked(tilt, status):
    """Of two farthest points that mirror each other none is called the only one; a tilt of 1e-5 makes it one."""
    f = hc.Objective.parse(f"(x**2 - 1)**2 + y**2*(x**2 - 1/16) + ({tilt})*y**3*(x - 1)**2")
    candidate = hc.find.farthest_point(f, [0, 0], [1, 0], level="0.95")
    assert tilt == "0" or (candidate.x[1] > 0) == (float(tilt) > 0)
    cert = hc.certify(candidate, max_boxes=5000)
    assert cert["existence"].status == "proved" and cert["farthest_point"].status == status


def test_without_a_construction_no_point_is_called_farthest():
    """None of the three points on a sphere around (1, 0) comes with a region B, so none is called farthest."""
    f = hc.Objective.parse("(x**2 - 1)**2 + y**2*(y**2 - 3)**2/4 - x**2*y**2/100")
    certificates = [hc.certify(candidate) for candidate in hc.find.on_sphere(f, [1, 0], "1.2")]
    assert len(certificates) == 3
    assert all(cert["existence"].status == "proved" and "farthest_point" not in cert for cert in certificates)


def test_global_target_needs_the_lowest_value():
    """f = (x^2-1)^2/4 + x/10 + y^2: its higher well is refuted as global minimizer over the box, the lower proved."""
    f = hc.Objective.parse("(x**2 - 1)**2/4 + x/10 + y**2")
    minimizers = [p for p in hc.find.critical_points(f, [[-2, 2], [-1, 1]]) if p.kind == "minimizer"]
    low, high = sorted(minimizers, key=lambda p: p.value)
    box = [[-2, 2], [-1, 1]]
    for point, expected in ((low, "proved"), (high, "refuted")):
        candidate = min(hc.find.on_sphere(f, point.x, "1.5"), key=lambda c: abs(c.x[1]))
        cert = hc.certify(candidate, global_box=box)
        assert cert["global_target"].status == expected
        assert hc.verify(cert), str(hc.verify(cert))


def test_two_global_minimizers_cannot_be_told_apart(four_well):
    """The four minimizers of the four-well function tie: global minimality over the box stays undecided."""
    candidate = hc.find.on_sphere(four_well, [1, 1], "2.5")[0]
    cert = hc.certify(candidate, global_box=[[-2, 2], [-2, 2]], max_boxes=5000)
    assert cert["global_target"].status == "undecided" and cert["global_target"].reason == "tie"


def test_a_float_only_objective_is_refused():
    """certify says why it will not: there is no formula to enclose."""
    import autograd.numpy as anp

    f = hc.Objective.from_callable(lambda z: anp.sum(z**2), 2, rigorous=False)
    with pytest.raises(NotAnalyticError, match="float-only"):
        hc.certify(f, [1.0, 0.0], 1)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (([1.0], 1), "x"),
        (([1.0, float("nan")], 1), "x"),
        (([1.0, 0.0], 0), "rho"),
        (([1.0, 0.0], -1), "rho"),
        (([1.0, 0.0], "one"), "rho"),
        (([1.0, 0.0], float("inf")), "rho"),
        (([1.0, 0.0], None), "rho"),
        (("xy", 1), "x"),
    ],
)
def test_misuse_names_the_argument(arguments, name):
    """Wrong shapes, NaN, infinities and rho <= 0 raise an ArgumentError that names the argument."""
    f = hc.Objective.parse(DOUBLE_WELL)
    with pytest.raises(ArgumentError) as caught:
        hc.certify(f, *arguments)
    assert caught.value.argument == name


def test_a_critical_point_is_refused():
    """At a point with zero gradient the SAM map is not defined."""
    with pytest.raises(DomainError, match="critical point"):
        hc.certify(hc.Objective.parse("x**2 + y**2"), [0, 0], 1)


def test_precision_ladder_reaches_hard_points(four_well):
    """1e-9 beyond the pitchfork the tangential eigenvalue is about 2e-8: more bits decide what 53 cannot."""
    s = Fraction(1, 2) + Fraction(1, 10**9)
    f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2 + 0*z**2 + z**2", ("x", "y", "z"))
    rho_squared = 2 * (1 + s) ** 2
    rho = Fraction(round(Fraction(rho_squared).limit_denominator(10**12) ** Fraction(1, 2) * 10**15), 10**15)
    cert = hc.certify(f, [-s, -s, 0], rho)
    assert cert["attractor"].status == "proved"
    assert cert.provenance.precision > 53


def _with_construction(candidate, **changes):
    from dataclasses import replace

    return replace(candidate, construction=replace(candidate.construction, **changes))
