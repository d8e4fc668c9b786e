"""Claim: points are proved to be common fixed points of mini-batch SAM where they are, and of no other batches."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

import hallucert as hc
import hallucheck.verify
from hallucert.check.file.fields import problem_digest
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.reason import Reason
from hallucert.errors import ArgumentError, CertificateError

SQUARES = hc.Objective.least_squares(["x**2 - 1", "y**2 - 1"])
"""Each residual moves its own coordinate: for rho = 3/2 the common fixed points are (+-1/2, +-1/2)."""

HALF = (-0.5, -0.5)


def network(samples: int = 4) -> hc.TanhNetwork:
    """A small network, and its data."""
    rng = np.random.default_rng(0)
    return hc.TanhNetwork((2, 8, 1), rng.normal(size=(samples, 2)), rng.choice([-1.0, 1.0], size=samples))


@pytest.fixture(scope="module")
def squares() -> hc.Certificate:
    """The closed form."""
    return hc.certify(SQUARES, (-0.49, -0.5), "1.5", batches=1)


@pytest.fixture(scope="module")
def net() -> hc.Certificate:
    """Four samples in two batches, at a point that a search finds."""
    f = network()
    return hc.certify(hc.find.hallucinate(f, f.initial(4), 8, batches=[[0, 2], [1, 3]]))


def test_the_closed_form_is_proved_with_its_numbers(squares):
    """x_0* in (-1/2, -1/2); there f = 9/16, |g_b| = 3/2, |g| = 3/4 sqrt 2, and A = diag(2, 2)."""
    for (low, high), value in zip(squares.box, HALF, strict=True):
        assert low <= value <= high
    assert all(squares[name] for name in ("existence", "nonstationary", "target", "regular", "hallucinated_minimizer"))
    for claim, name, value in [
        ("nonstationary", "value", 9 / 16),
        ("nonstationary", "batch_gradient_norm", 3 / 2),
        ("nonstationary", "gradient_norm", 3 * 2**0.5 / 4),
        ("regular", "smallest_singular_value", 2),
    ]:
        number = squares[claim].numbers[name]
        assert float(number.lower) <= value * (1 + 1e-15) and value * (1 - 1e-15) <= float(number.upper)
        assert number.upper - number.lower < 1e-9
    assert "manifold of dimension 0" in squares["regular"].statement
    assert "{0} with probability 1/2" in str(squares)


def test_the_numbers_of_a_network_are_those_of_its_batches(net):
    """In numpy: residuals at the perturbed points vanish, and the gradients of batches and f have these norms."""
    f, x = net.objective, net.x
    norms = []
    for samples in ([0, 2], [1, 3]):
        alone = hc.TanhNetwork((2, 8, 1), f.inputs[samples], f.targets[samples])
        g = alone.gradient(x)
        norms.append(np.linalg.norm(g))
        assert np.abs(alone.residual(x + 8 * g / norms[-1])).max() < 1e-8
    numbers = net["nonstationary"].numbers
    np.testing.assert_allclose(float(numbers["batch_gradient_norm"].lower), min(norms), rtol=1e-6)
    np.testing.assert_allclose(float(numbers["gradient_norm"].lower), np.linalg.norm(f.gradient(x)), rtol=1e-6)
    np.testing.assert_allclose(float(numbers["value"].lower), f.value(x), rtol=1e-6)
    assert net["hallucinated_minimizer"] and f"manifold of dimension {f.dimension - 4}" in net["regular"].statement


@pytest.mark.parametrize("batches", [None, 4, 2, 1])
def test_another_partition_is_not_proved(net, batches):
    """At the same point, with full batches, consecutive pairs or single samples, nothing is there."""
    found = hc.certify(net.objective, net.x, 8, batches=batches, precisions=[106])
    assert not found["existence"] and not found["hallucinated_minimizer"]


def test_a_batch_without_gradient_is_not_proved():
    """r_1 = 0 at y = 1: the step of the second batch is not defined there, and nothing is claimed."""
    for y in (1.0, 0.0):
        found = hc.certify(SQUARES, (-0.5, y), "1.5", batches=1)
        assert found["existence"].reason is Reason.ZERO_GRADIENT


def test_a_critical_point_of_f_is_not_called_hallucinated():
    """Gradients of batches that cancel at 0: a common fixed point is proved, a hallucinated minimizer is not."""
    f = hc.Objective.least_squares(["1 + y - 2*y**2 + x*y", "1 - y - 2*y**2 - x*y"])  # r_0(0, 1) = r_1(0, -1) = 0
    found = hc.certify(f, (0, 0), 1, batches=1)
    assert found["existence"] and found["regular"] and abs(found.x).max() < 1e-9
    assert found["nonstationary"].reason is Reason.ZERO_GRADIENT
    assert found["hallucinated_minimizer"].reason is Reason.NEEDS_PREMISES


def test_a_fixed_box_is_decided():
    """A box with the point in it is proved, and one without any refuted."""
    assert hc.certify(SQUARES, (-0.5005, -0.4995), "1.5", batches=1, radius="1/1000")["existence"]
    found = hc.certify(SQUARES, (-0.51, -0.5), "1.5", batches=1, radius="1/1000")["existence"]
    assert found.status is hc.Status.REFUTED and "for every batch b" in found.statement


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_both_arithmetics_prove_it_again(net, squares, tmp_path, backend):
    """What is written is read, says the same, and is proved again."""
    for number, cert in enumerate((net, squares)):
        path = tmp_path / f"{number}.json"
        cert.save(path)
        read = hc.load(path)
        assert str(read).split("\n")[1:] == str(cert).split("\n")[1:]
        assert read.problem.batches == cert.problem.batches
        assert hc.verify(path, backend=backend)


def changed(cert: hc.Certificate, batches: object) -> dict:
    """The file of a certificate with other batches, and the digest that belongs to them."""
    data = deepcopy(to_json(cert))
    data["problem"]["batches"] = batches
    data["digest"] = problem_digest(data["problem"])
    return data


def test_a_file_with_other_batches_is_not_proved_again(net):
    """The point of one partition is none of another; other probabilities change nothing but what attracts."""
    rows, half = [[0, 2], [1, 3]], ["1/2", "1/2"]
    results = hc.verify(from_json(changed(net, {"rows": rows, "probabilities": ["1/3", "2/3"]}))).results
    assert {result.name for result in results if not result.passed} == {"attractor"}
    verdict = hc.verify(from_json(changed(net, {"rows": [[0, 1], [2, 3]], "probabilities": half})))
    assert not any(result.passed for result in verdict.results)
    data = changed(net, None)
    del data["problem"]["batches"]
    data["digest"] = problem_digest(data["problem"])
    with pytest.raises(CertificateError):  # the attractor of a full gradient has a bound of the step
        from_json(data)
    data["claims"] = data["claims"][:-1]
    assert not any(result.passed for result in hc.verify(from_json(data)).results)


@pytest.mark.parametrize("batches", [{"rows": [[0, 1]], "probabilities": ["1"]}, {"rows": [[0, 1, 2, 3]]}, None, 4])
def test_batches_that_do_not_fit_the_problem_are_refused(net, batches):
    """Too few residuals, a missing field, and other data."""
    with pytest.raises(CertificateError, match="batches"):
        from_json(changed(net, batches))


def test_batches_belong_to_sam_and_residuals(squares):
    """A variant, or the gradient system, beside batches is refused."""
    data = to_json(squares)
    for change in ({"variant": "usam"}, {}):
        other = deepcopy(data)
        other["problem"] |= change
        if not change:
            other["witness"] |= {"system": "gradient", "slice": None}
        other["digest"] = problem_digest(other["problem"])
        with pytest.raises(CertificateError):
            from_json(other)


def test_what_knows_one_gradient_refuses_points_of_batches(squares, tmp_path):
    """Theorems for Coq, and pictures, would speak of another x+; the second checker speaks of those of batches."""
    with pytest.raises(ArgumentError, match="full gradients"):
        squares.export(tmp_path / "a.v", to="coq")
    with pytest.raises(ArgumentError, match="mini-batches"):
        hc.plot.certificate(squares)
    squares.save(tmp_path / "a.json")
    assert hallucheck.verify.verify(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"batches": 1, "variant": "usam"}, "variant"),
        ({"probabilities": [1]}, "probabilities"),
        ({"batches": 3}, "batches"),
        ({"batches": 1, "backend": "midrad"}, "backend"),
    ],
)
def test_what_does_not_go_with_batches_is_refused(options, argument):
    """Other ascent steps, probabilities of nothing, a size that does not divide, and proofs in arrays."""
    with pytest.raises(ArgumentError) as caught:
        hc.certify(SQUARES, HALF, "1.5", **options)
    assert caught.value.argument == argument
