"""With weight decay, minimizers of a network's loss are isolated, and hallucinated minimizers of it are proved.

The points come from SAM runs, or from a symmetry: a tanh unit with all its weights negated computes the same, so a
minimizer has copies, each a nondegenerate minimizer of its own, and by Proposition 4.5 a branch of hallucinated points
with the first as target starts at every copy.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.optimize import minimize

import hallucert as hc

STEP = 0.02

CLAIMS = {
    "existence",
    "nonstationary",
    "target",
    "regular",
    "hallucinated_minimizer",
    "sphere_type",
    "theorem_3_2",
    "attractor",
}

COPIES = {
    "2-8-1 squared, near the copy": ((2, 8, 1), 8, {"weight_decay": "0.01"}, 1e-4),
    "2-8-1 squared, far along the branch": ((2, 8, 1), 8, {"weight_decay": "0.01"}, 1e-3),
    "2-8-1 squared, little decay": ((2, 8, 1), 8, {"weight_decay": "0.001"}, 1e-5),
    "2-6-2 cross-entropy": ((2, 6, 2), 12, {"loss": "cross_entropy", "weight_decay": "0.01"}, 1e-4),
    "4-8-3 cross-entropy, smoothed": (
        (4, 8, 3),
        20,
        {"loss": "cross_entropy", "weight_decay": "0.01", "label_smoothing": "0.1"},
        1e-4,
    ),
    "5-9-3 cross-entropy": ((5, 9, 3), 30, {"loss": "cross_entropy", "weight_decay": "0.003"}, 1e-4),
}


def network(sizes, samples, **options):
    """Standard normal inputs; random signs, or random labels for the cross-entropy, as targets."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(samples, sizes[0]))
    if options.get("loss") == "cross_entropy":
        targets = rng.integers(0, sizes[-1], samples)
    else:
        targets = np.where(rng.random((samples, sizes[-1])) < 0.5, -1.0, 1.0)
    return hc.TanhNetwork(sizes, inputs, targets, **options)


def newton(x, gradient, hessian):
    """Newton's method in floats, to rounding."""
    for _ in range(30):
        step = np.linalg.solve(hessian(x), gradient(x))
        x = x - step
        if np.linalg.norm(step) < 1e-13:
            break
    return x


def negated_unit(f, x):
    """The parameters with that hidden unit negated which moves them farthest: another minimizer with the same loss."""
    first, last = f.training.layout.layers
    copies = []
    for unit in range(first.outputs):
        copy = x.copy()
        copy[first.start + unit * first.inputs : first.start + (unit + 1) * first.inputs] *= -1
        copy[first.bias_start + unit] *= -1
        copy[last.start + unit : last.bias_start : last.inputs] *= -1
        copies.append(copy)
    return max(copies, key=lambda copy: np.linalg.norm(copy - x))


@cache
def proved(name):
    """Follow the branch from the copy up to the multiplier, refine and prove."""
    sizes, samples, options, multiplier = COPIES[name]
    f = network(sizes, samples, **options)
    found = minimize(f.value, f.initial(0, gain=2.0), jac=f.gradient, method="BFGS", options={"gtol": 1e-7})
    target = newton(found.x, f.gradient, f.hessian)
    x = negated_unit(f, target)
    for lam in np.geomspace(multiplier / 100, multiplier, 5):
        x = newton(
            x,
            lambda y, lam=lam: f.gradient(y) - lam * (target - y),
            lambda y, lam=lam: f.hessian(y) + lam * np.eye(f.dimension),
        )
    candidate = hc.find.refine(f, x, float(np.linalg.norm(x - target)))
    return candidate, hc.certify(candidate)


@pytest.mark.parametrize("name", COPIES)
def test_every_claim_is_decided(name):
    """Existence, the minimizer as target, regularity and the hallucinated minimizer are proved; no claim stays open."""
    _, cert = proved(name)
    assert set(cert.claims) == CLAIMS
    assert not cert.problem.residual
    for claim in ("existence", "nonstationary", "target", "regular", "hallucinated_minimizer"):
        assert cert[claim].status == "proved", claim
    assert "nondegenerate strict local minimizer" in cert["target"].statement
    assert all(claim.status != "undecided" for claim in cert.claims.values())


@pytest.mark.parametrize("name", COPIES)
def test_the_answers_are_those_of_floats(name):
    """What is decided, and the numbers, agree with numpy's eigenvalues at the midpoint, from the definitions."""
    candidate, cert = proved(name)
    f, x, rho = cert.objective, cert.x, candidate.rho
    h = f.hessian(hc.sam.perturbed_point(f, x, rho))
    du = hc.sam.direction_jacobian(f, x)
    u = f.gradient(x) / np.linalg.norm(f.gradient(x))
    jacobian = np.eye(f.dimension) + float(rho) * du
    basis = np.linalg.svd(u[None, :])[2][1:].T
    tangential = np.linalg.eigvalsh(basis.T @ (jacobian + jacobian.T) @ basis / 2)
    mu = np.linalg.eigvals(h @ jacobian)
    wanted = {
        ("target", "smallest_hessian_eigenvalue"): np.linalg.eigvalsh(h)[0],
        ("target", "largest_hessian_eigenvalue"): np.linalg.eigvalsh(h)[-1],
        ("regular", "smallest_singular_value"): np.linalg.svd(jacobian, compute_uv=False)[-1],
        ("sphere_type", "smallest_tangential_eigenvalue"): tangential[0],
        ("sphere_type", "largest_tangential_eigenvalue"): tangential[-1],
        ("theorem_3_2", "smallest_eigenvalue_sym_Du"): np.linalg.eigvalsh((du + du.T) / 2)[0],
        ("attractor", "smallest_real_part"): mu.real.min(),
    }
    for (claim, number), value in wanted.items():
        enclosure = cert[claim].numbers[number]
        rounding = 1e-6 * max(1.0, abs(value))
        assert enclosure.lower - rounding <= value <= enclosure.upper + rounding, (claim, number)
        assert enclosure.upper - enclosure.lower <= rounding, (claim, number)
    assert cert["attractor"].status == ("proved" if mu.real.min() > 0 else "refuted")
    assert cert["theorem_3_2"].status == "refuted"


@pytest.mark.parametrize("name", [name for name in COPIES if name.startswith("2")])
def test_mpmath_verifies(name):
    """The other arithmetic proves all of it again; the larger networks are in the next test."""
    verdict = hc.verify(proved(name)[1], backend="mpmath")
    assert verdict.backend == "mpmath" and verdict, str(verdict)


def test_a_nearly_degenerate_target_gets_more_precision():
    """53 bits do not separate an eigenvalue of 2e-4 from 0 beside one of 6: undecided for that reason, then proved."""
    candidate, cert = proved("2-8-1 squared, little decay")
    assert hc.certify(candidate, precisions=(53,))["existence"].reason == "nearly_degenerate"
    assert cert.provenance.precision == 106


@pytest.mark.parametrize(
    ("name", "backend"),
    [
        pytest.param("4-8-3 cross-entropy, smoothed", "mpmath", marks=pytest.mark.thorough),
        ("5-9-3 cross-entropy", "arb"),
    ],
)
def test_large_certificates_are_verified(name, backend):
    """67 parameters in either arithmetic; 84 with Arb at twice the bits, since mpmath takes about ten seconds."""
    verdict = hc.verify(proved(name)[1], backend=backend)
    assert verdict.backend == backend and verdict, str(verdict)


def test_a_copy_may_repel():
    """On one branch of one network: nearest to the copy SAM is repelled, farther along it is attracted.

    Both points are minima of f on the sphere: positive eigenvalues of J do not decide about attraction.
    """
    near, far = (proved(name)[1] for name in list(COPIES)[:2])
    for cert in (near, far):
        assert "local minimum" in cert["sphere_type"].statement
    assert near["attractor"].status == "refuted"
    assert far["attractor"].status == "proved"


def end_of_run(f, start, rho):
    """Run SAM until it stops, refine and prove."""
    run = hc.sam.run(f, start, rho, STEP, 200_000, tolerance=1e-6, progress=False)
    assert run.shifted_gradient_norm <= 1e-6 and run.gradient_norm > 1e-2
    cert = hc.certify(hc.find.refine(f, run.x, rho))
    assert np.abs(cert.enclosure - run.x[:, None]).max() < 1e-3
    assert all(claim.status != "undecided" for claim in cert.claims.values())
    assert cert["attractor"].status == "proved"
    assert cert["attractor"].numbers["step_bound"].lower > STEP
    return cert


@pytest.mark.thorough
def test_a_run_stops_at_a_hallucinated_minimizer():
    """Cross-entropy with decay: the end of the run is near a proved one, which attracts SAM at the step of the run.

    The start is the end of a run from ``initial(0, count=2)[1]``, to one digit: that run is chaotic, this one is not.
    """
    f = network((2, 6, 2), 12, loss="cross_entropy", weight_decay="0.01")
    first = [-0.2, 0.1, -0.2, 0.1, -0.7, -1.0, -1.8, 1.6, -0.2, 0.1, -1.9, -0.7, 0.1, 0.1, 1.4, -0.8, 0.1, 0.3]
    last = [-0.2, -0.2, -1.1, -1.9, -0.2, 1.1]
    cert = end_of_run(f, [*first, *last, *(-v for v in last), -0.3, 0.3], rho=6)
    assert cert["hallucinated_minimizer"].status == "proved"
    assert hc.verify(cert)


def test_a_run_stops_at_a_point_whose_target_is_a_saddle():
    """Proposition 4.7 in a network: SAM is attracted, and what attracts it is proved not to be a minimizer of f^SAM."""
    f = network((2, 4, 1), 5, weight_decay="0.01")
    cert = end_of_run(f, f.initial(0, count=2)[1], rho=4)
    assert "saddle of index 3" in cert["target"].statement
    assert cert["hallucinated_minimizer"].status == "refuted"
    assert cert["attractor"].statement.endswith("Its target is a saddle, not a minimizer of f.")
    assert hc.verify(cert)


@pytest.mark.parametrize("smoothing", ["0", "0.1"])
def test_cross_entropy_without_decay_is_reported_and_never_proved(smoothing):
    """No minimizer is isolated, or attained: the end of a run gets undecided claims, and advice."""
    f = network((2, 4, 3), 8, loss="cross_entropy", label_smoothing=smoothing)
    run = hc.sam.run(f, f.initial(0), 1, "0.1", 5000, progress=False)
    cert = hc.certify(f, run.x, 1)
    assert all(claim.status == "undecided" for claim in cert.claims.values())
    assert "weight decay" in cert["existence"].reason.explanation
