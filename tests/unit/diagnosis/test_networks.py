"""`diagnose` on networks: the tangent kernel, constant predictors, and answers from products alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hallucert as hc
from hallucert.diagnosis import kinds as criteria
from hallucert.diagnosis import spectra
from hallucert.diagnosis.diagnose import Kind
from hallucert.errors import ArgumentError
from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.objectives.program.floats import ProgramFloats

CORNERS, XOR = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1.0]]), np.array([-1, 1, 1, -1.0])


def sam(f: TanhNetwork, x: np.ndarray, rho: float, eta: float, steps: int) -> np.ndarray:
    """Run SAM from its definition."""
    for _ in range(steps):
        g = f.floats.gradient(x[None])[0]
        x = x - eta * f.floats.gradient((x + rho * g / np.linalg.norm(g))[None])[0]
    return x


def hallucinated(f: TanhNetwork, rho: float, seed: int = 0) -> np.ndarray:
    return hc.find.hallucinate(f, f.initial(seed), rho).x


def test_the_kernel_has_the_nonzero_spectrum_of_m() -> None:
    """K = A B^T/n and M = B^T A/n have the same nonzero eigenvalues, here 4 of 33; M is formed from dense Hessians."""
    f, rho = hc.TanhNetwork((2, 8, 1), CORNERS, XOR), 3.0
    x = hallucinated(f, rho)
    found = hc.diagnose(f, x, rho)
    assert found.kind is Kind.MINIMIZER and found.target_type == "minimizer" and found.residual_ratio < 1e-12
    m = hc.sam.sam_matrix(f, x, rho)
    largest = np.sort_complex(np.linalg.eigvals(m)[np.argsort(-np.abs(np.linalg.eigvals(m)))[:4]])
    np.testing.assert_allclose(np.sort_complex(found.kernel_eigenvalues), largest, rtol=1e-8, atol=1e-9)
    assert found.alignment == pytest.approx(1, abs=1e-12) and found.target_distance < 1e-12


def test_sam_stays_below_the_step_bound_and_leaves_above_it() -> None:
    """From 1e-6 beside the point the loss at x+ shrinks for 0.9 of the bound and grows for 1.1 of it."""
    f, rho = hc.TanhNetwork((2, 8, 1), CORNERS, XOR), 3.0
    x = next(x for x in (hallucinated(f, rho, seed) for seed in range(9)) if hc.diagnose(f, x, rho).attracts)
    bound = hc.diagnose(f, x, rho).step_bound
    x = x + 1e-6 * np.random.default_rng(0).standard_normal(33)
    for part, side in ((0.9, -1), (1.1, 1)):
        end = sam(f, x, rho, part * bound, 150)
        change = hc.sam.sam_value(f, end, rho) / hc.sam.sam_value(f, x, rho)
        assert side * np.log(change) > 0
        edge = hc.diagnose(f, x, rho, part * bound).edge_of_stability
        assert edge == pytest.approx(part * bound * np.abs(hc.diagnose(f, x, rho).kernel_eigenvalues).max() / 2)


def test_a_run_that_ends_at_a_hallucinated_minimizer_is_named() -> None:
    """SAM itself on XOR with a large radius: of twelve starts those with |g+| -> 0 are attracted minimizers."""
    f, rho, eta = hc.TanhNetwork((2, 8, 1), CORNERS, XOR), 6.0, 0.05
    x = f.initial(0, count=12)
    for _ in range(6000):
        g = f.floats.gradient(x)
        x = x - eta * f.floats.gradient(x + rho * g / np.linalg.norm(g, axis=1)[:, None])
    found = [hc.diagnose(f, z, rho, eta) for z in x]
    minimizers = [d for d in found if d.kind is Kind.MINIMIZER]
    assert minimizers
    for d in minimizers:
        assert d.attracts and d.edge_of_stability > 0 and d.sam_value < 1e-6 * d.value
    assert {d.kind for d in found} <= {Kind.MINIMIZER, Kind.BOUNCING, Kind.MOVING}


def test_projected_c32_against_its_definition() -> None:
    """lambda_min(N^T sym(J) N)/rho with N from the singular value decomposition of Dr(x+)."""
    f, rho = hc.TanhNetwork((2, 8, 1), CORNERS, XOR), 3.0
    x = hallucinated(f, rho)
    g = f.gradient(x)
    basis = np.linalg.svd(f.residual_jacobian(x + rho * g / np.linalg.norm(g)), full_matrices=False)[2].T
    j = hc.sam.perturbation_jacobian(f, x, rho)
    expected = np.linalg.eigvalsh(basis.T @ ((j + j.T) / 2) @ basis)[0] / rho
    assert hc.diagnose(f, x, rho).projected_c32_margin == pytest.approx(expected, rel=1e-8)


def constant_point(f: TanhNetwork) -> np.ndarray:
    """Return a critical point of the XOR network with constant answers: W1 = 0, hidden units tanh(b1), outputs 0."""
    x = f.initial(0)
    w1, b1, w2, b2 = f.split(x)
    w1[:] = 0
    b1[:] = [0.7, -0.4]
    w2[:] = [[1.1, 0.5]]
    b2[:] = -w2 @ np.tanh(b1)
    return x


def test_a_constant_predictor_is_not_called_a_minimizer() -> None:
    """Points that SAM maps to a saddle with equal outputs get the kind of their own, with both losses: 1/2 and 1/2."""
    f = hc.TanhNetwork((2, 2, 1), CORNERS, XOR)
    c = constant_point(f)
    assert np.linalg.norm(f.gradient(c)) < 1e-15
    at_it = hc.diagnose(f, c, 1)
    assert at_it.kind is Kind.CONSTANT and "constant predictor" in at_it.verdict
    # Along an eigenvector v of a negative eigenvalue, x = c - rho v has x+ near c for small rho (theory 8).
    v = np.linalg.eigh(f.hessian(c))[1][:, 0]
    found = hc.diagnose(f, hc.find.refine(f, c - 0.01 * v, "0.01").x, "0.01")
    assert found.kind is Kind.CONSTANT
    assert "stuck at a constant predictor: a saddle or plateau, not a hallucinated minimizer" in found.verdict
    assert found.constant_loss == pytest.approx(0.5, abs=1e-6) and found.best_constant_loss == 0.5


def test_constants_that_are_right_are_minimizers() -> None:
    """If all targets are equal, or weight decay makes zero the minimizer, a constant target is a minimizer."""
    f = hc.TanhNetwork((2, 8, 1), CORNERS, np.ones(4))
    found = hc.diagnose(f, hallucinated(f, 12), 12)
    assert found.kind is Kind.MINIMIZER and found.best_constant_loss is None
    decayed = hc.TanhNetwork((2, 4, 1), CORNERS, XOR, weight_decay="0.02")
    assert hc.diagnose(decayed, np.zeros(17), 1).kind is Kind.CRITICAL
    (point, *_) = hc.find.on_sphere(decayed, np.zeros(17), 3, starts=4)
    found = hc.diagnose(decayed, point.x, 3)
    assert found.kind is Kind.MINIMIZER and found.constant_loss == pytest.approx(0.5, abs=1e-9)


def test_the_best_constant_of_cross_entropy() -> None:
    """Three labels in shares 1/2, 1/4, 1/4, smoothed by 0.1: the entropy of the mean label."""
    f = hc.TanhNetwork((2, 3, 3), CORNERS, [0, 1, 0, 2], loss="cross_entropy", label_smoothing="0.1")
    share = 0.9 * np.array([0.5, 0.25, 0.25]) + 0.1 / 3
    found = hc.diagnose(f, np.zeros(f.dimension), 1)
    assert found.best_constant_loss == pytest.approx(-(share * np.log(share)).sum(), rel=1e-14)
    assert found.constant_loss == pytest.approx(f.value(found.target), rel=1e-14)


def test_products_alone_give_the_dense_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the limit of dense matrices at 0 every number that both ways know agrees."""
    f, rho = hc.TanhNetwork((2, 8, 1), CORNERS, XOR), 3.0
    x = hallucinated(f, rho)
    dense = hc.diagnose(f, x, rho, 0.01)
    monkeypatch.setattr(spectra, "DENSE", 0)
    free = hc.diagnose(f, x, rho, 0.01, products=400)
    assert free.kind is dense.kind and free.sphere_type == dense.sphere_type and free.attracts == dense.attracts
    assert free.sam_eigenvalues is None
    np.testing.assert_allclose(free.tangential_eigenvalues, dense.tangential_eigenvalues[[0, -1]], rtol=1e-6)
    np.testing.assert_allclose(free.target_eigenvalues, dense.target_eigenvalues[[0, -1]], rtol=1e-6, atol=1e-9)
    for name in ("c32_margin", "projected_c32_margin", "step_bound", "edge_of_stability", "alignment"):
        assert getattr(free, name) == pytest.approx(getattr(dense, name), rel=1e-6)


@pytest.mark.thorough
def test_leading_eigenvalues_of_m_without_a_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """With weight decay there is no residual form: Arnoldi gives the largest eigenvalue of M, and no more."""
    f = hc.TanhNetwork((2, 8, 1), CORNERS, XOR, weight_decay="0.01")
    c = hc.sam.run(f, f.initial(0), 1e-6, 0.2, 20_000, every=20_000).x
    (point, *_) = hc.find.on_sphere(f, c, 2, starts=4)
    mu = np.linalg.eigvals(hc.sam.sam_matrix(f, point.x, 2))
    monkeypatch.setattr(spectra, "DENSE", 0)
    found = hc.diagnose(f, point.x, 2, 0.1, products=400)
    assert found.edge_of_stability == pytest.approx(0.05 * np.abs(mu).max(), rel=1e-6)
    assert found.attracts is (False if (mu.real < -1e-6 * np.abs(mu).max()).any() else None)
    assert found.kind is Kind.MINIMIZER and found.alignment == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("products", [20, 40, 200])
def test_the_number_of_products_is_bounded(monkeypatch: pytest.MonkeyPatch, products: int) -> None:
    """All Hessian-vector products together, those of the Newton step too, are at most the bound given."""
    rng = np.random.default_rng(0)
    f = hc.TanhNetwork((10, 20, 3), rng.standard_normal((30, 10)), rng.integers(0, 3, 30), loss="cross_entropy")
    monkeypatch.setattr(criteria, "VANISHED", 1e9)  # any point takes the way of a hallucinated one
    calls: list[int] = []
    original = ProgramFloats.hessian_vector

    def counted(self: ProgramFloats, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        calls.append(len(x))
        return original(self, x, v)

    monkeypatch.setattr(ProgramFloats, "hessian_vector", counted)
    hc.diagnose(f, f.initial(0), 1, products=products)
    assert sum(calls) <= products


def test_everything_is_printed() -> None:
    """The text names the kernel, the edge of stability, both conditions, the aim and the residual ratio."""
    f = hc.TanhNetwork((2, 8, 1), CORNERS, XOR)
    found = hc.diagnose(f, hallucinated(f, 3.0), 3, 0.01)
    text = str(found)
    for part in ("tangent kernel K", "edge of stability", "projected (C32)", "points at it", "|r(x+)| / |r(x)|"):
        assert part in text
    assert "edge of stability" in repr(found) and "hallucinated minimizer" in repr(found)


def test_misuse_of_products_is_named() -> None:
    """Fewer than twenty products, or no number, is refused by name."""
    f = hc.TanhNetwork((2, 8, 1), CORNERS, XOR)
    for wrong in (19, 0, 2.5, True, "20"):
        bad: Any = wrong
        with pytest.raises(ArgumentError, match=r"^products must"):
            hc.diagnose(f, f.initial(0), 1, products=bad)


def test_runs_that_learned_and_runs_that_did_not() -> None:
    """Three clusters: small rho ends near zero loss, rho = 3 often moves about a constant predictor."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    inputs = rng.normal(size=(3, 5))[labels] * 1.5 + rng.normal(size=(60, 5))
    f = hc.TanhNetwork((5, 8, 3), inputs, labels, loss="cross_entropy")
    learned = hc.sam.run_ensemble(f, f.initial(0, count=2), "0.3", "0.1", 5000)
    assert {str(hc.diagnose(f, x, "0.3", "0.1").kind) for x in learned.x} == {"near zero loss"}
    lost = hc.sam.run_ensemble(f, f.initial(0, count=5), 3, "0.1", 5000)
    found = [hc.diagnose(f, x, 3, "0.1") for x in lost.x]
    hovering = [d for d in found if d.kind == "moving around a constant predictor"]
    assert hovering
    for d in hovering:
        # The best constant of three equally frequent classes has the loss log 3.
        assert abs(d.value - np.log(3)) < 2e-3 and "1.09861" in d.verdict


def test_small_residuals_without_a_zero_near_are_not_hallucinated() -> None:
    """A saturated end of a run, for which r(x+) provably has no zero near, is called a stall; the others minimizers."""
    ends = json.loads((Path(__file__).parents[2] / "reference" / "tanh_networks.json").read_text())["ends"]
    kinds: dict[bool, set[Kind]] = {}
    for end in ends:
        f = hc.TanhNetwork(end["layer_sizes"], end["inputs"], end["targets"])
        saturated = end["layer_sizes"] == [2, 6, 4, 1] and (end["data_seed"], end["row"]) == (2, 1)
        found = hc.diagnose(f, end["x"], 8, "0.05")
        kinds.setdefault(saturated, set()).add(found.kind)
        if saturated:
            assert found.residual_ratio < criteria.VANISHED and found.attracts is None
            assert "stalls on a plateau" in found.verdict and "hc.certify_stall" in found.advice
            assert hc.certify_stall(f, end["x"], 8)["no_minimizer_near"].status == "proved"
    assert kinds == {False: {Kind.MINIMIZER}, True: {Kind.PLATEAU}}


def test_zeros_of_r_are_seen_without_the_matrix_b(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Dr(x+) is too large to decompose, a Newton step by products tells the two kinds apart as well."""
    ends = json.loads((Path(__file__).parents[2] / "reference" / "tanh_networks.json").read_text())["ends"]
    monkeypatch.setattr(spectra, "KERNEL", 0)
    for end in ends:
        f = hc.TanhNetwork(end["layer_sizes"], end["inputs"], end["targets"])
        saturated = end["layer_sizes"] == [2, 6, 4, 1] and (end["data_seed"], end["row"]) == (2, 1)
        for dense in (200, 0):
            monkeypatch.setattr(spectra, "DENSE", dense)
            found = hc.diagnose(f, end["x"], 8, "0.05", products=1000)
            assert found.kind is (Kind.PLATEAU if saturated else Kind.MINIMIZER)
            assert found.kernel_eigenvalues is None


def test_a_zero_beyond_reach_does_not_count() -> None:
    """r = (x^2 - 1, (y - 1)/10^5): SAM at (-1/2, 0) sees (1, 0), where r is small, but its zero (1, 1) is far."""
    found = hc.diagnose(hc.Objective.least_squares(["x**2 - 1", "(y - 1)/10**5"]), (-0.5, 0), "1.5")
    assert found.residual_ratio < 1e-4 and found.shifted_gradient_norm < 1e-9
    assert found.kind is Kind.PLATEAU
    near = hc.diagnose(hc.Objective.least_squares(["x**2 - 1", "(y - 1)/10**5"]), (-0.5, 1), "1.5")
    assert near.kind is Kind.MINIMIZER


def test_repeated_residuals_do_not_hide_a_zero() -> None:
    """The ring with its residual written twice: B has rank one, and the circle |x| = rho - 1 still attracts."""
    f = hc.Objective.least_squares(["x**2 + y**2 - 1", "(x**2 + y**2 - 1)*sqrt(2)/3"], n=2)
    for angle in np.linspace(0, 6, 25):
        found = hc.diagnose(f, 0.5 * np.array([np.cos(angle), np.sin(angle)]) * (1 + 1e-6), "1.5")
        assert found.kind is Kind.MINIMIZER and found.attracts
        assert found.step_bound == pytest.approx(9 / 11, rel=1e-4)  # K = |B|^2 / n = 4 (1 + 2/9) / 2 across rank one
    network = hc.TanhNetwork((2, 8, 1), np.repeat(CORNERS, 2, axis=0), np.repeat(XOR, 2))
    assert hc.diagnose(network, hallucinated(hc.TanhNetwork((2, 8, 1), CORNERS, XOR), 3.0), 3).kind is Kind.MINIMIZER


def test_more_residuals_than_variables() -> None:
    """Three residuals that vanish at (1, 0) of the plane: M decides, as there is no kernel to speak of."""
    f = hc.Objective.least_squares(["(x**2 - 1)/sqrt(2)", "y/3", "y*x/5"])
    plain = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/18 + y**2*x**2/50")
    for x in ((-0.5, 0.0), (-0.5, 1e-6)):
        found, wanted = hc.diagnose(f, x, "1.5"), hc.diagnose(plain, x, "1.5")
        assert found.kind is wanted.kind is Kind.MINIMIZER and found.kernel_eigenvalues is None
        assert found.attracts == wanted.attracts and found.step_bound == pytest.approx(wanted.step_bound, rel=1e-6)


def test_a_run_that_has_learned_hardly_anything_is_said_to() -> None:
    """Downhill from the classes' shares as answers the loss is their entropy less half a percent, and then less two."""
    rng = np.random.default_rng(3)
    labels = np.array([0] * 9 + [1] * 8 + [2] * 7)
    f = hc.TanhNetwork((2, 4, 3), rng.normal(size=(24, 2)), labels, loss="cross_entropy")
    shares = np.bincount(labels) / 24
    entropy = -shares @ np.log(shares)
    x = f.initial(0)
    x[-15:-3], x[-3:] = 0, np.log(shares)
    assert f.value(x) == pytest.approx(entropy, rel=1e-14)
    for less, said in ((0.995, True), (0.98, False)):
        while f.value(x) > less * entropy:
            x = x - 0.01 * f.gradient(x)
        found = hc.diagnose(f, x, "0.01")
        assert found.kind is Kind.MOVING and found.best_constant_loss == pytest.approx(entropy, rel=1e-14)
        losses = f"(loss {f.value(x):.6g}, the best constant has {entropy:.6g})"
        assert (f"So far it answers hardly better than a constant {losses}." in found.verdict) == said
