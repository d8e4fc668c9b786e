"""Proposition 4.3 in action: the paper's point repels, the minimum on the sphere attracts.

For each function: the farthest point is certified as a hallucinated minimizer and as the construction of Theorem 2.1 or
2.2, and Theorem 3.2 is refuted there. From the same target an attractor is certified, and a float SAM run started near
it converges to it.
"""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc

# gallery name: maximizer (None: a ring of them), target, radius of a sphere around it that holds an attractor
CASES = {
    "himmelblau": ((-0.2708, -0.923), (3, 2), 5),
    "four_well": ((0, 0), (1, 1), "2.6"),
    "styblinski_tang": ((0.156, 0.156), (-2.9035, -2.9035), "5.5"),
    "cosine_lattice": ((3.14, 3.14), (0, 0), 4),
    "ring_of_maximizers": (None, (0, 0), None),
}


def _ring_samples():
    """Points with s = 2 (e^(x/2) - 1 - x/2) + y^2 = 1, by bisection on rays from the origin."""
    points = []
    for angle in np.linspace(0, 2 * np.pi, 40, endpoint=False):
        c, s = np.cos(angle), np.sin(angle)
        low, high = 0.0, 6.0
        for _ in range(80):
            middle = (low + high) / 2
            x, y = middle * c, middle * s
            low, high = (middle, high) if 2 * (np.exp(x / 2) - 1 - x / 2) + y**2 < 1 else (low, middle)
        points.append((low * c, low * s))
    return np.array(points)


@pytest.mark.parametrize("name", CASES)
def test_farthest_point_is_certified_and_theorem_3_2_fails_there(name):
    """The construction is a theorem, a hallucinated minimizer, a maximum on the sphere, and (C32) is refuted."""
    maximizer, target, _ = CASES[name]
    f = hc.gallery.load(name)
    candidate = hc.find.farthest_point(f, _ring_samples() if maximizer is None else maximizer, target)
    cert = hc.certify(candidate)
    assert cert["farthest_point"].status == "proved", cert["farthest_point"]
    assert cert["hallucinated_minimizer"].status == "proved"
    assert cert["theorem_3_2"].status == "refuted"
    assert cert["attractor"].status == "refuted"
    assert cert["sphere_type"].numbers["largest_tangential_eigenvalue"].upper < 0
    assert ("2.2" if maximizer is None else "2.1") in cert["farthest_point"].statement
    verdict = hc.verify(cert)
    assert verdict, str(verdict)


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name][2] is not None])
def test_from_the_same_target_an_attractor_is_certified_and_reached(name):
    """Proposition 4.4: a minimum on a sphere around the same target attracts, and a SAM run beside it ends there."""
    _, target, rho = CASES[name]
    f = hc.gallery.load(name)
    attractors = []
    for candidate in hc.find.on_sphere(f, target, rho):
        cert = hc.certify(candidate)
        if cert["attractor"].status == "proved" and cert["hallucinated_minimizer"].status == "proved":
            attractors.append(cert)
    assert attractors
    cert = attractors[0]
    step = 0.5 * float(cert["attractor"].numbers["step_bound"].lower)
    run = hc.sam.run(f, cert.x + 1e-3, rho, step, 20_000)
    assert np.abs(run.x - cert.x).max() < 1e-8


@pytest.mark.thorough
def test_three_dimensions():
    """In R^3 the same subdivision proves the construction for the eight-well function."""
    f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2 + (z**2 - 1)**2")
    cert = hc.certify(hc.find.farthest_point(f, [0, 0, 0], [1, 1, 1]))
    assert cert["farthest_point"].status == "proved" and cert["theorem_3_2"].status == "refuted"


def test_beyond_three_dimensions_the_claim_says_so():
    """For d = 4 the construction is undecided for its dimension, and the curvature claim is still proved."""
    f = hc.Objective.parse(" + ".join(f"(x{i}**2 - 1)**2" for i in range(4)))
    cert = hc.certify(hc.find.farthest_point(f, [0] * 4, [1] * 4))
    assert cert["farthest_point"].reason == "dimension"
    assert cert["sphere_type"].numbers["largest_tangential_eigenvalue"].upper < 0
