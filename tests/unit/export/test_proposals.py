"""Claim: what is proposed for a theorem has the properties that it needs, as far as floats can tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hallucert as hc
from hallucert.export.proposals import Proposals

CERTIFICATES = Path(hc.__file__).parents[1] / "docs" / "certificates"


def proposed(name: str) -> Proposals:
    """Return the proposals for a stored certificate."""
    return Proposals(hc.load(CERTIFICATES / f"{name}.json"))


def floats(rows) -> np.ndarray:
    """Return exact numbers as doubles."""
    return np.array(rows, dtype=float)


@pytest.mark.parametrize("name", ["himmelblau-minimum-attracts", "bump-attracts", "double-well-basin"])
def test_the_hessian_is_a_sum_of_squares_and_a_dominant_diagonal(name):
    """What is left of the Hessian without `R^T R` dominates its rows, at the target."""
    found = proposed(name)
    rest = found.hessian() - floats(found.root()).T @ floats(found.root())
    assert np.all(np.diag(rest) > 2 * (np.abs(rest).sum(axis=1) - np.abs(np.diag(rest))))


@pytest.mark.parametrize("name", ["himmelblau-minimum-attracts", "usam-attracts", "wells-saddle"])
def test_corners_of_the_box_look_into_the_target_box(name):
    """From every corner of the box SAM looks into the inner half of the box about the target."""
    found = proposed(name)
    cert, (centre, radius) = found.certificate, found.target()
    d = len(found.radius)
    for corner in np.ndindex(*[2] * d):
        x = floats(found.centre) + (2 * np.array(corner) - 1) * floats(found.radius)
        ahead = hc.sam.perturbed_point(cert.objective, x, cert.rho, variant=cert.law)
        assert np.all(np.abs(ahead - floats(centre)) <= 0.51 * floats(radius))


@pytest.mark.parametrize("name", ["himmelblau-minimum-attracts", "bump-attracts", "wells-attract"])
def test_a_step_contracts_the_region(name):
    """At the point `W (I - step M) V` has a norm below 1, also where the eigenvalues of `M` are far from real."""
    found = proposed(name)
    region = found.region()
    assert region is not None
    m = hc.sam.sam_matrix(found.certificate.objective, found.certificate.x, found.certificate.rho)
    chart, inverse = floats(region.chart), floats(region.inverse)
    assert np.allclose(chart @ inverse, np.eye(len(m)))
    assert np.linalg.norm(chart @ (np.eye(len(m)) - float(region.step) * m) @ inverse, 2) < 1
    room = np.linalg.norm(np.abs(chart) @ (floats(region.start) + floats(region.inner)))
    assert room <= float(region.size)


def test_the_step_is_the_one_that_the_certificate_is_about():
    """A certificate with a basin names a step, and the theorem is about that one."""
    region = proposed("double-well-basin").region()
    assert (
        region is not None and region.step == hc.load(CERTIFICATES / "double-well-basin.json")["basin"].inputs["step"]
    )


def test_directions_at_a_saddle_have_curvatures_of_both_signs():
    """At the target of a point above a saddle, one direction is proposed for each sign."""
    found = proposed("himmelblau-saddle")
    lowest, highest = found.directions()
    hessian = found.hessian()
    assert floats(lowest) @ hessian @ floats(lowest) < 0 < floats(highest) @ hessian @ floats(highest)
