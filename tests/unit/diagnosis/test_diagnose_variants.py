"""`diagnose` for USAM and ASAM: closed forms, the matrices of `hallucert.sam.maps`, and products alone."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.diagnosis import kinds, spectra
from hallucert.diagnosis.diagnose import Kind
from hallucert.errors import ArgumentError, SearchError
from hallucert.objectives.program.floats import ProgramFloats
from hallucert.objectives.radius_law import RadiusLaw

LINE = hc.Objective.parse("(x**2 - 1)**2 / 4")
PLANE = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")
METRIC = RadiusLaw("asam", ("1/2", 3))  # type: ignore[arg-type]
DIAGONAL = tuple(Fraction(k + 40, 60) for k in range(33))
CORNERS, XOR = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1.0]]), np.array([-1, 1, 1, -1.0])


@pytest.mark.parametrize(("x", "j"), [(-0.75, 14 / 3), (-0.25, -10 / 3)])
def test_usam_on_the_double_well(x, j):
    """rho = 16/3, target 1: J = 14/3 attracts for steps below 2/(2 J) = 3/14, J = -10/3 repels; M = 2 J."""
    found = hc.diagnose(LINE, [x], "16/3", "0.1", variant="usam")
    assert found.kind is Kind.MINIMIZER and found.law.variant == "usam" and found.attracts == (j > 0)
    assert found.sphere_type == ("minimum" if j > 0 else "maximum")
    np.testing.assert_allclose(found.tangential_eigenvalues, [j])
    np.testing.assert_allclose(found.sam_eigenvalues, [2 * j])
    assert found.c32_margin == pytest.approx(j * 3 / 16) and found.edge_of_stability == pytest.approx(0.1 * abs(j))
    assert found.alignment == pytest.approx(1) and found.target_distance < 1e-12
    if j > 0:
        assert found.step_bound == pytest.approx(3 / 14) and "it attracts USAM" in found.verdict
        assert "too large" in hc.diagnose(LINE, [x], "16/3", "0.3", variant="usam").verdict
    text = str(found)
    assert 'variant="usam"' in text and "Moreau objective" in text and "sphere" not in text
    assert "SAM" not in text.replace("USAM", "")


def test_the_same_point_is_another_thing_to_sam():
    """At -3/4 SAM with rho = 7/4 lands on 1 as well, and USAM with rho = 7/4 does not."""
    assert hc.diagnose(LINE, [-0.75], "1.75").kind is Kind.MINIMIZER
    assert hc.diagnose(LINE, [-0.75], "1.75", variant="usam").kind is Kind.MOVING


def test_a_maximizer_as_target():
    """Target 0: x = 3/5 for rho = 25/16 has J = 9/8 and M = -9/8, so it repels USAM, and is no minimizer."""
    found = hc.diagnose(LINE, [0.6], "25/16", variant="usam")
    assert found.kind is Kind.MAXIMIZER and found.attracts is False and "USAM is stuck" in found.verdict
    np.testing.assert_allclose(found.sam_eigenvalues, [-9 / 8])


def test_asam_on_the_double_well():
    """(-1/2, 0), D = diag(1/2, 3), rho = 3: lambda = 1/16, J across 1 + (9/10)/lambda; M = diag(2, that/10)."""
    found = hc.diagnose(PLANE, [-0.5, 0], 3, "0.1", variant=METRIC)
    across = 1 + 0.9 * 16
    assert found.kind is Kind.MINIMIZER and found.attracts and found.sphere_type == "minimum"
    np.testing.assert_allclose(found.tangential_eigenvalues, [across])
    np.testing.assert_allclose(np.sort(found.sam_eigenvalues.real), sorted([2, across / 10]))
    assert found.alignment == pytest.approx(1) and "on the ellipsoid" in str(found) and "ASAM" in found.verdict


@pytest.mark.parametrize("variant", ["usam", METRIC], ids=["usam", "asam"])
def test_numbers_are_those_of_the_maps(variant):
    """Off the axes the spectra are those of J, Du and M, as `hallucert.sam` defines them at refined points."""
    f = hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2 + x*y/7")
    start, rho = ((-0.8, -0.2), "1.5") if variant == "usam" else ((-0.14, -0.996), "2.3")
    x = hc.find.refine(f, start, rho, variant=variant).x
    found = hc.diagnose(f, x, rho, variant=variant)
    j = np.linalg.eigvals(hc.sam.perturbation_jacobian(f, x, rho, variant=variant))
    du = hc.sam.direction_jacobian(f, x, variant=variant)
    m = hc.sam.sam_matrix(f, x, rho, variant=variant)
    wanted = np.sort(j) if variant == "usam" else np.delete(j, np.argmin(np.abs(j - 1)))
    np.testing.assert_allclose(found.tangential_eigenvalues, wanted, rtol=1e-9)
    np.testing.assert_allclose(np.sort_complex(found.sam_eigenvalues), np.sort_complex(np.linalg.eigvals(m)), rtol=1e-9)
    assert found.c32_margin == pytest.approx(np.linalg.eigvalsh((du + du.T) / 2)[0] + 1 / float(Fraction(rho)))
    assert found.target_distance < 1e-10 and found.alignment == pytest.approx(1, abs=1e-12)


def test_runs_of_usam_end_where_it_attracts():
    """From both sides of -1/4, which repels: to -3/4, hallucinated, or to 0, where H (1 + rho H) = 13/3 > 0.

    So USAM converges to the maximizer 0 of f itself, which is no hallucinated point.
    """
    ends = {start: hc.sam.run(LINE, [start], "16/3", "0.05", 4000, variant="usam").x for start in (-0.3, -0.2)}
    found = {start: hc.diagnose(LINE, x, "16/3", "0.05", variant="usam") for start, x in ends.items()}
    assert found[-0.3].kind is Kind.MINIMIZER and ends[-0.3] == pytest.approx([-0.75], abs=1e-6)
    assert found[-0.2].kind is Kind.CRITICAL and ends[-0.2] == pytest.approx([0], abs=1e-6)
    assert "USAM has converged to a critical point of f itself (maximizer)" in found[-0.2].verdict


def test_a_two_cycle_of_usam():
    """x^2/2 with rho = step = 1: one step is x -> x - (x + x) = -x, so USAM bounces for ever."""
    found = hc.diagnose(hc.Objective.parse("x**2/2", ("x",)), [0.3], 1, 1, variant="usam")
    assert found.kind is Kind.BOUNCING and found.cycle == pytest.approx(0.6) and "USAM bounces" in found.verdict
    assert hc.diagnose(hc.Objective.parse("x**2/2", ("x",)), [0.3], 1, "0.1", variant="usam").kind is Kind.MOVING


def constructed(variant):
    """Return a network, a radius, a law, and a hallucinated minimizer of it which attracts."""
    f = hc.TanhNetwork((2, 8, 1), CORNERS, XOR)
    rho, law = (30.0, variant) if variant == "usam" else (6.0, RadiusLaw("asam", DIAGONAL))
    for seed in range(30):
        try:
            x = hc.find.hallucinate(f, f.initial(seed), rho, variant=law).x
        except SearchError:
            continue
        if hc.diagnose(f, x, rho, variant=law).attracts:
            return f, rho, law, x
    raise AssertionError("no attractor was constructed")


@pytest.mark.parametrize("variant", ["usam", "asam"])
def test_the_kernel_has_the_nonzero_spectrum_of_m(variant):
    """K = A B^T/n and M = B^T A/n have the same nonzero eigenvalues, 4 of 33; M is formed from dense Hessians."""
    f, rho, law, x = constructed(variant)
    found = hc.diagnose(f, x, rho, variant=law)
    assert found.kind is Kind.MINIMIZER and found.residual_ratio < 1e-12
    mu = np.linalg.eigvals(hc.sam.sam_matrix(f, x, rho, variant=law))
    largest = np.sort_complex(mu[np.argsort(-np.abs(mu))[:4]])
    np.testing.assert_allclose(np.sort_complex(found.kernel_eigenvalues), largest, rtol=1e-7, atol=1e-9)
    assert f"hc.find.hallucinate(f, x, rho, variant={'RadiusLaw' if variant == 'asam' else chr(34)}" in found.advice


@pytest.mark.parametrize("variant", ["usam", "asam"])
def test_products_alone_give_the_dense_answer(monkeypatch, variant):
    """With the limit of dense matrices at 0 every number that both ways know agrees."""
    f, rho, law, x = constructed(variant)
    dense = hc.diagnose(f, x, rho, 0.01, variant=law)
    monkeypatch.setattr(spectra, "DENSE", 0)
    free = hc.diagnose(f, x, rho, 0.01, products=500, variant=law)
    assert free.kind is dense.kind and free.sphere_type == dense.sphere_type and free.attracts == dense.attracts
    ends = dense.tangential_eigenvalues[[0, -1]]
    np.testing.assert_allclose(free.tangential_eigenvalues, ends, atol=1e-6 * np.abs(ends).max())
    for name in ("c32_margin", "projected_c32_margin", "step_bound", "edge_of_stability", "alignment"):
        assert getattr(free, name) == pytest.approx(getattr(dense, name), rel=1e-6), name


@pytest.mark.parametrize("variant", ["sam", "usam", "asam"])
@pytest.mark.parametrize("products", [20, 57])
def test_the_number_of_products_is_bounded(monkeypatch, variant, products):
    """All Hessian-vector products together are at most the bound given, for every ascent step."""
    rng = np.random.default_rng(0)
    f = hc.TanhNetwork((10, 20, 3), rng.standard_normal((30, 10)), rng.integers(0, 3, 30), loss="cross_entropy")
    law = RadiusLaw("asam", (Fraction(1, 2),) * f.dimension) if variant == "asam" else variant
    monkeypatch.setattr(kinds, "VANISHED", 1e9)  # any point takes the way of a hallucinated one
    calls: list[int] = []
    original = ProgramFloats.hessian_vector

    def counted(self, x, v):
        calls.append(len(x))
        return original(self, x, v)

    monkeypatch.setattr(ProgramFloats, "hessian_vector", counted)
    hc.diagnose(f, f.initial(0), 1, products=products, variant=law)
    assert sum(calls) <= products


def test_misuse():
    """Names that are none, a metric that is missing or does not fit, are refused by name."""
    for wrong in ("usa", "asam", METRIC, None, 3):
        with pytest.raises(ArgumentError, match=r"^variant must"):
            hc.diagnose(LINE, [0.5], 1, variant=wrong)
