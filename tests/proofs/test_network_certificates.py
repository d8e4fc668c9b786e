"""Points where SAM stopped on tanh networks are proved to be hallucinated minimizers, and stuck networks are not.

The end points in ``tests/reference/tanh_networks.json`` come from SAM runs in floats from random starts (rho = 8, step
0.05, until ``|g(x+)| <= 1e-8``). What is proved about them uses none of that.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.attraction.projected_c32 import _divided
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.decimals import format_dyadic
from hallucert.errors import CertificateError, SearchError
from hallucert.exact import parse_dyadic

DATA = json.loads((Path(__file__).parents[1] / "reference" / "tanh_networks.json").read_text())
ENDS = {"-".join(map(str, end["layer_sizes"])) + f" seed {end['data_seed']}.{end['row']}": end for end in DATA["ends"]}
SATURATED = "2-6-4-1 seed 2.1"
SOLVED = [name for name in ENDS if name != SATURATED]
RHO = 8
STEP = Fraction(1, 20)


def problem(name):
    end = ENDS[name]
    return hc.TanhNetwork(end["layer_sizes"], end["inputs"], end["targets"]), np.array(end["x"])


@pytest.fixture(scope="module")
def certificates():
    """From the end of the run: refine in floats, then prove."""
    return {name: hc.certify(hc.find.refine(*problem(name), RHO)) for name in SOLVED}


@pytest.mark.parametrize("name", SOLVED)
def test_the_end_of_a_sam_run_is_a_hallucinated_minimizer(certificates, name):
    """Existence, |g| > 0, zero loss at x+, full rank and spectral attraction are proved; near the end of the run."""
    cert = certificates[name]
    for claim in ("existence", "nonstationary", "target", "regular", "hallucinated_minimizer", "attractor"):
        assert cert[claim].status == "proved", claim
    assert cert.problem.residual
    assert "global minimizer" in cert["target"].statement
    f, x = problem(name)
    manifold = f"manifold of dimension {f.dimension - f.targets.size}"
    assert manifold in cert["regular"].statement
    assert np.abs(cert.enclosure - x[:, None]).max() < 1e-4
    assert cert["attractor"].numbers["step_bound"].lower > STEP


@pytest.mark.parametrize("name", SOLVED)
def test_numbers_agree_with_floats(certificates, name):
    """Published enclosures contain what numpy computes at the midpoint, from the definitions."""
    cert = certificates[name]
    f, x, n = cert.objective, cert.x, len(cert.objective.inputs)
    jacobian = hc.sam.perturbation_jacobian(f, x, RHO)
    b = f.residual_jacobian(hc.sam.perturbed_point(f, x, RHO))
    basis = np.linalg.qr(b.T)[0]
    symmetric = (jacobian + jacobian.T) / 2
    du = hc.sam.direction_jacobian(f, x)
    kernel = b @ jacobian @ b.T / n
    mu = np.linalg.eigvals(kernel)
    wanted = {
        ("projected_c32", "smallest_projected_eigenvalue"): np.linalg.eigvalsh(basis.T @ symmetric @ basis)[0],
        ("theorem_3_2", "smallest_eigenvalue_sym_Du"): np.linalg.eigvalsh((du + du.T) / 2)[0],
        ("regular", "smallest_singular_value"): np.linalg.svd(b @ jacobian, compute_uv=False)[-1],
        ("attractor", "smallest_real_part"): mu.real.min(),
        ("attractor", "step_bound"): (2 * mu.real / np.abs(mu) ** 2).min(),
        ("nonstationary", "gradient_norm"): np.linalg.norm(f.gradient(x)),
    }
    for (claim, number), value in wanted.items():
        enclosure = cert[claim].numbers[number]
        rounding = 1e-9 * max(1.0, abs(value))
        assert enclosure.lower - rounding <= value <= enclosure.upper + rounding, (claim, number)


def test_the_projected_condition_is_decided_where_the_papers_fails(certificates):
    """(C32) on all of R^d is refuted at each of these points; on the row space it is proved at most of them."""
    assert {cert["theorem_3_2"].status for cert in certificates.values()} == {"refuted"}
    projected = [cert["projected_c32"].status for cert in certificates.values()]
    assert set(projected) <= {"proved", "refuted"}
    assert projected.count("proved") > len(projected) / 2


@pytest.mark.parametrize("name", SOLVED)
def test_mpmath_verifies_from_the_file_alone(certificates, tmp_path, name):
    """What Arb proved, the other arithmetic proves again from the saved file: every claim, with the same numbers."""
    path = tmp_path / "c.json"
    certificates[name].save(path)
    verdict = hc.verify(path)
    assert verdict.backend == "mpmath"
    assert verdict, str(verdict)
    assert {result.name for result in verdict.results} >= {"projected_c32", "attractor", "target"}


def test_arb_verifies_what_mpmath_proved(tmp_path):
    """The other way round, for the smallest network."""
    path = tmp_path / "c.json"
    cert = hc.certify(hc.find.refine(*problem("2-4-1 seed 0.3"), RHO), backend="mpmath")
    assert cert["attractor"].status == "proved"
    cert.save(path)
    for backend in ("arb", "mpmath"):
        assert hc.verify(path, backend=backend)


def test_sam_returns_to_a_proved_attractor(certificates):
    """Pushed off the manifold by 1e-4, SAM with the step of the run comes back: |r(x+)| falls by 1e3 and stays near."""
    cert = certificates["2-4-1 seed 0.3"]
    f = cert.objective
    start = cert.x + 1e-4 * np.random.default_rng(0).normal(size=f.dimension)
    end = hc.sam.run(f, start, RHO, float(STEP), 6000, every=6000, tolerance=0.0, progress=False)
    before, after = (np.linalg.norm(f.residual(hc.sam.perturbed_point(f, x, RHO))) for x in (start, end.x))
    assert after < 1e-3 * before
    assert np.abs(end.x - cert.x).max() < 0.05


def test_the_ring_has_projected_eigenvalue_one():
    """Closed form: for r = x^2 + y^2 - 1 the row space of B is spanned by u, and u^T J = u^T, so the number is 1."""
    f = hc.Objective.least_squares(["x**2 + y**2 - 1"])
    number = hc.certify(f, [0.5, 0.0], "1.5")["projected_c32"].numbers["smallest_projected_eigenvalue"]
    assert number.lower < 1 < number.upper and number.upper - number.lower < Fraction(1, 10**9)


@pytest.mark.parametrize(
    ("ends", "e", "low", "high"),
    [((2, 3), "0.25", "1.6", "4"), ((-3, -2), "0.25", "-4", "-1.6"), ((-1, 1), "0.5", "-2", "2")],
)
def test_the_quotient_is_widened_away_from_both_ends(ends, e, low, high):
    """s / g for s in [2, 3] and g in [3/4, 5/4] fills [8/5, 4]; for a negative s the ends change places."""
    ar = arithmetic("arb", 106)
    with ar:
        quotient = _divided(ar, (Fraction(ends[0]), Fraction(ends[1])), Fraction(e))
    assert quotient.lower <= Fraction(low) and Fraction(high) <= quotient.upper
    assert quotient.upper - quotient.lower < Fraction(high) - Fraction(low) + Fraction(1, 10**6)


def _forged(cert, change):
    data = json.loads(json.dumps(to_json(cert)))
    change({claim["name"]: claim for claim in data["claims"]})
    try:
        return bool(hc.verify(from_json(data), backend="arb"))
    except CertificateError:
        return False


def test_a_better_projected_eigenvalue_is_not_believed(certificates):
    """Raising the published interval, or turning a refutation into a proof, fails verification."""
    refuted = next(c for c in certificates.values() if c["projected_c32"].status == "refuted")

    def raise_number(claims):
        ends = claims["projected_c32"]["numbers"]["smallest_projected_eigenvalue"]
        ends[:] = [format_dyadic(parse_dyadic(end) + 8) for end in ends]

    def call_it_proved(claims):
        claims["projected_c32"]["status"] = "proved"

    assert not _forged(refuted, raise_number)
    assert not _forged(refuted, call_it_proved)
    assert _forged(refuted, lambda claims: None)


def test_projected_c32_is_asked_in_residual_form_only():
    """A certificate in gradient form does not mention the claim, and one that was added cannot be verified."""
    f = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
    cert = hc.certify(f, [-0.5, 0], "1.5")
    assert "projected_c32" not in cert
    ring = hc.certify(hc.Objective.least_squares(["x**2 + y**2 - 1"]), [0.5, 0.0], "1.5")
    claims = {**cert.claims, "projected_c32": ring["projected_c32"]}
    data = to_json(cert)
    data["claims"] = [
        entry
        for name in ring.claims
        for entry in (to_json(ring if name == "projected_c32" else cert)["claims"])
        if entry["name"] == name and name in claims
    ]
    verdict = hc.verify(from_json(data))
    assert not verdict
    assert [result.name for result in verdict.results if not result.passed] == ["projected_c32"]


def _constant_predictor(weight_decay):
    """A network, and the parameters at which every sample gets the (shrunk) mean target: a saddle of the loss."""
    f = hc.TanhNetwork((1, 1, 1), [[-1.0], [0.5], [2.0]], [-1.0, 1.0, 0.5], weight_decay=weight_decay)
    return f, np.array([0.0, 0.0, 0.0, (0.5 / 3) / (1 + float(Fraction(weight_decay)))])


def test_a_network_stuck_at_a_constant_prediction_is_no_minimizer():
    """With a little weight decay the constant predictor is a saddle, so x* is refuted as a hallucinated minimizer."""
    f, target = _constant_predictor("0.01")
    found = hc.find.on_sphere(f, target, 2)
    assert found
    for candidate in found:
        cert = hc.certify(candidate)
        assert not cert.problem.residual
        assert cert["existence"].status == "proved"
        assert "saddle" in cert["target"].statement and "minimizer" not in cert["target"].statement
        assert cert["hallucinated_minimizer"].status == "refuted"
        assert hc.verify(cert)


def test_a_degenerate_constant_prediction_stays_undecided():
    """Without weight decay the constant predictors are a continuum of saddles: undecided, and the reason says it."""
    f, target = _constant_predictor("0")
    for candidate in hc.find.on_sphere(f, target, 2):
        cert = hc.certify(candidate)
        assert cert["existence"].status == "undecided" and cert["existence"].reason == "degenerate_saddle"
        assert all(claim.status == "undecided" for claim in cert.claims.values())


def test_a_saturated_network_is_not_called_a_minimizer():
    """A run that stopped on a flat slope: no zero of r(x+) and no minimizer is near, which is proved and re-proved."""
    f, x = problem(SATURATED)
    assert np.linalg.norm(hc.sam.shifted_gradient(f, x, RHO)) < 1e-8 < f.value(x)
    with pytest.raises(SearchError, match="did not converge"):
        hc.find.refine(f, x, RHO)
    cert = hc.certify(f, x, RHO, precisions=(53, 106))
    assert all(claim.status == "undecided" for claim in cert.claims.values())
    nothing = hc.certify(f, x, RHO, radius="1e-6")
    assert nothing["existence"].status == "refuted" and hc.verify(nothing)
    stall = hc.certify_stall(f, x, RHO)
    assert stall["no_minimizer_near"].status == "proved" and hc.verify(stall)


def test_weight_decay_gives_an_isolated_hallucinated_minimizer():
    """A regularised minimizer with a nondegenerate Hessian is certified in gradient form, and verified by mpmath."""
    f = hc.TanhNetwork((1, 2, 1), [[-1.0], [0.5], [2.0]], [-1.0, 1.0, 0.5], weight_decay="0.05")
    x = f.initial(3)
    for _ in range(4000):
        x = x - 0.2 * f.gradient(x)
    assert np.linalg.eigvalsh(f.hessian(x))[0] > 1e-4
    candidate = hc.find.on_sphere(f, x, 3)[0]
    cert = hc.certify(candidate)
    assert not cert.problem.residual
    assert cert["hallucinated_minimizer"].status == "proved"
    assert "strict local minimizer" in cert["target"].statement
    assert hc.verify(cert)
