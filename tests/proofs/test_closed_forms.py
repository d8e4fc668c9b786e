"""The closed forms of the theory come out as theorems: points, eigenvalues and changes of stability by hand."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

import hallucert as hc

PITCHFORK = 3 / math.sqrt(2)


def _statuses(cert):
    return {name: str(claim.status) for name, claim in cert.claims.items()}


@pytest.mark.parametrize("rho", ["1.1", "1.5", "1.9"])
def test_double_well(rho):
    """(x^2-1)^2/4 + b y^2/2 with b = 1/10: x* = (1 - rho, 0), M = diag(2, b (1 + rho b / q)), q = |x^3 - x|."""
    f = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
    x = 1 - Fraction(rho)
    cert = hc.certify(f, [x, 0], rho)
    (low, high), (down, up) = cert.box
    assert low <= x <= high and down <= 0 <= up
    q, b = abs(x**3 - x), Fraction(1, 10)
    numbers = cert["nonstationary"].numbers
    assert numbers["gradient_norm"].lower <= q <= numbers["gradient_norm"].upper
    smallest = min(Fraction(2), b * (1 + Fraction(rho) * b / q))
    enclosure = cert["attractor"].numbers["smallest_real_part"]
    assert enclosure.lower <= smallest <= enclosure.upper
    largest = max(Fraction(2), b * (1 + Fraction(rho) * b / q))
    step = cert["attractor"].numbers["step_bound"]
    assert step.lower <= 2 / largest <= step.upper  # real eigenvalues: 2 Re/|mu|^2 = 2/mu
    assert cert["attractor"] and cert["theorem_3_2"] and cert["hallucinated_minimizer"]
    assert hc.verify(cert)


@pytest.mark.parametrize("offset", [-0.3, -1e-3, 1e-3, 0.3])
def test_four_well_changes_stability_at_the_pitchfork(four_well, offset):
    """(-s,-s), rho = sqrt2 (1+s): J_T = (2s-1)(s+1)/(s(1-s)); it repels below rho = 3/sqrt2 and attracts above."""
    rho = PITCHFORK + offset
    s = rho / math.sqrt(2) - 1
    cert = hc.certify(four_well, [-s, -s], rho)
    expected = "refuted" if offset < 0 else "proved"
    assert cert["attractor"].status == expected and cert["theorem_3_2"].status == expected
    assert cert["hallucinated_minimizer"]
    tangential = cert["sphere_type"].numbers["smallest_tangential_eigenvalue"]
    value = (2 * s - 1) * (s + 1) / (s * (1 - s))
    assert float(tangential.lower) - 1e-9 <= value <= float(tangential.upper) + 1e-9
    assert hc.verify(cert)


def test_at_the_pitchfork_nothing_is_claimed(four_well):
    """At rho = 3/sqrt2 (to a double) J is singular to working precision; nothing false is claimed about stability."""
    s = PITCHFORK / math.sqrt(2) - 1
    cert = hc.certify(four_well, [-s, -s], PITCHFORK, precisions=(53,))
    assert cert["existence"].status == "undecided"
    assert cert["existence"].reason == "singular_jacobian"


def test_half_branches_of_the_four_well_repel(four_well):
    """x + y = -1, xy = lambda/4, rho^2 = 5 - lambda/2: the half branches repel; lambda = q/rho is enclosed."""
    lam = 0.5
    root = math.sqrt(1 - lam)
    cert = hc.certify(four_well, [(-1 + root) / 2, (-1 - root) / 2], math.sqrt(5 - lam / 2))
    assert cert["hallucinated_minimizer"] and cert["attractor"].status == "refuted"
    multiplier = cert["nonstationary"].numbers["multiplier"]
    assert abs(float(multiplier.lower) - lam) < 1e-12


def test_sam_is_attracted_to_a_point_with_a_saddle_target(four_well):
    """Proposition 4.7: (0,-s), target (0,1), M = diag(4/(s(1-s)) - 4, 8): attracts, is no hallucinated minimizer."""
    s = Fraction(2, 5)
    cert = hc.certify(four_well, [0, -s], 1 + s)
    assert cert["attractor"] and "not a minimizer" in cert["attractor"].statement
    assert cert["hallucinated_minimizer"].status == "refuted"
    assert "saddle of index 1" in cert["target"].statement
    smallest = min(4 / (s * (1 - s)) - 4, Fraction(8))
    enclosure = cert["attractor"].numbers["smallest_real_part"]
    assert enclosure.lower <= smallest <= enclosure.upper
    assert hc.verify(cert)


@pytest.mark.parametrize("dimension", [2, 10, 50])
def test_cosine_lattice_attracts_in_any_dimension(dimension):
    """sum(1 - cos x_i), target 0: -rho e_1, q = |sin rho|, J = diag(1, 1 + rho/q, ...): an attractor."""
    f = hc.Objective.parse(" + ".join(f"(1 - cos(x{i}))" for i in range(dimension)))
    cert = hc.certify(f, [-4] + [0] * (dimension - 1), 4)
    assert set(_statuses(cert).values()) == {"proved"}
    tangential = cert["sphere_type"].numbers["largest_tangential_eigenvalue"]
    assert float(tangential.lower) - 1e-9 <= 1 + 4 / abs(math.sin(4)) <= float(tangential.upper) + 1e-9
    assert hc.verify(cert, "arb" if dimension == 50 else None)


def test_ring_is_decided_in_residual_form():
    """(|x|^2-1)^2/4 in R^2: the circle of radius rho - 1 is hallucinated, K = 2, and A = Dr J has full rank."""
    ring = hc.Objective.least_squares(["(x**2 + y**2 - 1)/sqrt(2)"])
    cert = hc.certify(ring, [0.3, 0.4], "1.5")
    (a, b), (c, d) = cert.box
    assert (a * a + c * c) <= Fraction(1, 4) <= (b * b + d * d)
    kernel = cert["attractor"].numbers["smallest_real_part"]
    assert kernel.lower <= 2 <= kernel.upper
    assert "global minimizer" in cert["target"].statement
    assert cert["hallucinated_minimizer"] and cert["regular"] and cert["attractor"]
    assert hc.verify(cert)


def test_ring_as_a_plain_formula_is_undecided_with_the_right_reason():
    """Without the residual form a curve of minimizers is a degenerate target: nothing is proved."""
    cert = hc.certify(hc.Objective.parse("(x**2 + y**2 - 1)**2/4"), [0.3, 0.4], "1.5")
    assert set(_statuses(cert).values()) == {"undecided"}
    assert cert["existence"].reason == "degenerate_target"


@pytest.mark.parametrize("x", ["-0.5", "-0.9"])
def test_in_one_dimension_every_point_attracts(x):
    """For d = 1, J = 1 and M = f''(target) = 8 for (x^2-1)^2 at 1: always an attractor."""
    cert = hc.certify(hc.Objective.parse("(x**2 - 1)**2"), [x], 1 - Fraction(x))
    assert set(_statuses(cert).values()) == {"proved"}
    enclosure = cert["attractor"].numbers["smallest_real_part"]
    assert enclosure.lower <= 8 <= enclosure.upper
    assert hc.verify(cert)
