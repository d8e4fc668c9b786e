"""The claim `farthest_point` stands on each of its hypotheses: one of them broken, and it is not proved."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.point.rule import Evidence
from hallucert.check.problem import Problem
from hallucert.check.region.maximizer_set import is_outside
from hallucert.check.region.second_order import touches_only_here
from hallucert.check.subdivision import box_around
from hallucert.prove.locate import locate


def test_a_locally_farthest_point_is_not_the_farthest():
    """An elongated hill has two locally farthest points from a well beside its axis; only the farther one is proved."""
    f = hc.Objective.parse("exp(-(x**2/4 + 4*y**2)/2) - exp(-((x - 1/5)**2 + (y + 5)**2))")
    honest = hc.find.farthest_point(f, (0, 0), (0.2, -5), level="0.5")
    assert honest.x[0] < 0 and hc.certify(honest)["farthest_point"].status == "proved"
    boundary = honest.construction.component
    right = boundary[boundary[:, 0] > 0]
    near = right[np.linalg.norm(right - honest.target, axis=1).argmax()]
    rho = float(np.linalg.norm(near - honest.target))
    other = hc.find.refine(f, near, rho)
    assert other.kind == "maximum" and np.linalg.norm(other.target - honest.target) < 1e-8
    lie = replace(other, construction=replace(honest.construction, x=other.x))
    cert = hc.certify(lie, max_boxes=20_000)
    assert cert["hallucinated_minimizer"].status == "proved"
    assert cert["farthest_point"].status == "undecided"


def test_a_band_that_cuts_the_superlevel_set_is_refused():
    """If phi >= alpha at an end of the band, {f >= alpha} reaches the boundary of B, and Lemma A.2 fails."""
    f = hc.gallery.load("ring_of_maximizers")
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    samples = []
    for c, s in zip(np.cos(angles), np.sin(angles), strict=True):
        low, high = 0.0, 6.0
        for _ in range(80):
            r = (low + high) / 2
            inside = 2 * (np.exp(r * c / 2) - 1 - r * c / 2) + (r * s) ** 2 < 1
            low, high = (r, high) if inside else (low, r)
        samples.append((low * c, low * s))
    honest = hc.find.farthest_point(f, np.array(samples), (0, 0))
    assert hc.certify(honest)["farthest_point"].status == "proved"
    lie = replace(honest, construction=replace(honest.construction, band=(0.9, honest.construction.band[1])))
    assert hc.certify(lie)["farthest_point"].status == "undecided"


@pytest.mark.parametrize(("radius", "expected"), [("1/300", True), ("1/60", False)])
def test_the_penalty_bounds_the_neighbourhood(radius, expected):
    """Psi >= f needs 0 <= s <= lambda/2k. Near the top of the four-well hill lambda is about 0.19 and the curvature -4.

    With k = 3 the bound is s <= 0.032: a cube of half width 1/60 reaches s = 0.06, although Hess Psi < 0 on all of it.
    """
    f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2")
    candidate = hc.find.farthest_point(f, (0, 0), (1, 1), level="1.99")
    ar = arithmetic("arb", 106)
    with ar:
        located = locate(ar, Problem(f, candidate.rho), tuple(Fraction(v) for v in candidate.x.tolist()), None)
        evidence = Evidence(located.point, located.witness.centre, 1000)
        assert touches_only_here(evidence, box_around(evidence.midpoint, Fraction(radius)), Fraction(3)) is expected


@pytest.mark.parametrize(("curvature", "expected"), [(3, True), (1, False)])
def test_the_point_must_be_a_maximum_on_the_sphere(curvature, expected):
    """f = x - x^2 - t y^2/2 and rho = 1/2 have x* = 0, g = (1, 0), c = (1/2, 0) and lambda = 2, by hand.

    Along the sphere f has the curvature lambda - t: a maximum if t > 2, a minimum if t < 2 (f is still concave).
    """
    f = hc.Objective.parse(f"x - x**2 - {curvature}*y**2/2")
    ar = arithmetic("arb", 106)
    with ar:
        located = locate(ar, Problem(f, Fraction(1, 2)), (Fraction(0), Fraction(0)), None)
        evidence = Evidence(located.point, located.witness.centre, 1000)
        assert touches_only_here(evidence, box_around(evidence.midpoint, Fraction(1, 1000)), Fraction(2)) is expected


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((3, 4), True),
        ((-2, -1), True),
        ((0, 1), False),
        ((-1, 3), False),
        ((1, 3), False),
        ((-1, 0), False),
        ((2, 3), False),
    ],
)
def test_a_box_is_outside_the_band_if_all_its_values_are(ends, expected):
    """The band is [0, 2]: values beyond either end, and neither a part of them nor an end itself."""
    ar = arithmetic("arb", 106)
    with ar:
        s, low, high = ar.interval(*map(Fraction, ends)), ar.constant(Fraction(0)), ar.constant(Fraction(2))
        assert is_outside(ar, s, low, high) is expected
