"""Claim: mini-batch SAM converges as likely as is proved; other steps, norms, sets and probabilities are refused."""

from __future__ import annotations

from copy import deepcopy
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check.batches import attractor, mean_square, reshuffled
from hallucert.check.file.fields import problem_digest
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.point.rule import Evidence
from hallucert.check.reason import Reason
from hallucert.errors import ArgumentError, CertificateError

SQUARES = hc.Objective.least_squares(["x**2 - 1", "y**2 - 1"])
"""At (-1/2, -1/2), rho = 3/2: K_0 = diag(8, 0) and K_1 = diag(0, 8), so steps below 1/4 are stable in mean square."""

HALF, RHO = (-0.5, -0.5), "1.5"
PARTS = [[0, 2], [1, 3]]


def network() -> hc.TanhNetwork:
    """Four samples."""
    rng = np.random.default_rng(0)
    return hc.TanhNetwork((2, 8, 1), rng.normal(size=(4, 2)), rng.choice([-1.0, 1.0], size=4))


@pytest.fixture(scope="module")
def squares() -> hc.Certificate:
    """The closed form, with the step 1/10."""
    return hc.certify(SQUARES, HALF, RHO, batches=1, basin="0.1")


@pytest.fixture(scope="module")
def net() -> hc.Certificate:
    """A point of a network that attracts, with the step 1/100."""
    f = network()
    return hc.certify(hc.find.hallucinate(f, f.initial(2), 8, batches=PARTS), basin="0.01")


@pytest.fixture(scope="module")
def repelling() -> hc.Certificate:
    """A point of a network whose mean kernel has an eigenvalue with negative real part."""
    f = network()
    return hc.certify(hc.find.hallucinate(f, f.initial(0), 8, batches=PARTS), basin="0.001")


def kernels(cert: hc.Certificate) -> list[np.ndarray]:
    """``K_b`` in numpy, from a network on the samples of each batch and differences of y; residuals by batches."""
    f, x, rows, plus = cert.objective, cert.x, [], []
    alone = [hc.TanhNetwork((2, 8, 1), f.inputs[part], f.targets[part]) for part in PARTS]

    def y(x: np.ndarray) -> np.ndarray:
        found = []
        for g in alone:
            u = g.gradient(x) / np.linalg.norm(g.gradient(x))
            found.append(g.residual(x + 8 * u))
        return np.concatenate(found)

    for part in alone:
        u = part.gradient(x) / np.linalg.norm(part.gradient(x))
        plus.append(part.residual_jacobian(x + 8 * u))
    h = 1e-5
    for e in np.eye(f.dimension):
        rows.append((y(x + h * e) - y(x - h * e)) / (2 * h))
    a, found = np.array(rows).T, []
    for number, b in enumerate(plus):
        k = np.zeros((4, 4))
        k[:, 2 * number : 2 * number + 2] = a @ b.T / 2
        found.append(k)
    return found


def growth(kernels: list[np.ndarray], step: float, p: tuple[float, ...] = (0.5, 0.5)) -> float:
    """The root of the spectral radius of ``sum p_b M_b (x) M_b``."""
    one = np.eye(len(kernels[0]))
    whole = sum(q * np.kron(one - step * k, one - step * k) for q, k in zip(p, kernels, strict=True))
    return float(np.sqrt(np.abs(np.linalg.eigvals(whole)).max()))


def stable_step(kernels: list[np.ndarray]) -> float:
    """The largest step that is stable in mean square."""
    low, high = 1e-6, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if growth(kernels, middle) < 1 else (low, middle)
    return low


def test_the_numbers_of_the_closed_form(squares):
    """K = diag(4, 4); in mean square 1/10 contracts by sqrt(((1 - 8/10)^2 + 1)/2), an epoch by 1 - 8/10 = 1/5."""
    real = squares["attractor"].numbers["smallest_real_part"]
    assert 3.999 < real.lower <= 4 <= real.upper < 4.001
    assert Fraction(98, 400) < squares["attractor"].inputs["step"] < Fraction(1, 4)
    assert float(squares["mean_square"].numbers["contraction"].upper) == pytest.approx(np.sqrt(0.52), abs=1e-6)
    assert float(squares["reshuffled"].numbers["contraction"].upper) == pytest.approx(0.2, abs=1e-5)


@pytest.mark.parametrize(("step", "status"), [("0.2475", "proved"), ("0.2525", "refuted")])
def test_a_step_one_percent_above_the_bound_is_not_proved(step, status):
    """The bound is 1/4 for independent batches and for epochs; above, e^2 = ((1 - 8 eta)^2 + 1)/2."""
    found = hc.certify(SQUARES, HALF, RHO, batches=1, basin=step)
    assert str(found["mean_square"].status) == status
    assert bool(found["reshuffled"]) == (status == "proved") and found["reshuffled"].status is not hc.Status.REFUTED
    if status == "refuted":
        expansion = found["mean_square"].numbers["expansion"]
        assert float(expansion.lower) == pytest.approx(np.sqrt((1.02**2 + 1) / 2), abs=1e-6)
        assert hc.verify(found)


def test_the_bound_of_a_network_is_that_of_its_kernels(net):
    """A step 1 % above what Kronecker products say is refuted; the claim attractor has one just below."""
    found = kernels(net)
    bound = stable_step(found)
    mean = sum(found) / 2
    assert float(net["attractor"].numbers["smallest_real_part"].lower) == pytest.approx(
        np.linalg.eigvals(mean).real.min(), rel=1e-4
    )
    assert 0.985 * bound < float(net["attractor"].inputs["step"]) < bound
    assert growth(found, 0.01) <= float(net["mean_square"].numbers["contraction"].upper) * (1 + 1e-6)
    claim = hc.certify(net.objective, net.x, 8, batches=PARTS, basin=1.01 * bound)["mean_square"]
    assert claim.status is hc.Status.REFUTED


def test_the_norms_of_a_network_hold_at_pairs_of_points(net):
    """In numpy at x*: the published contraction, descent and slope bound those of matrices written out."""
    inputs = net["mean_square"].inputs
    v = np.array([float(b) for b in inputs["basis"]]).reshape(4, 4)
    one, back = np.eye(4), np.linalg.inv(v)
    turned = [back @ (one - float(inputs["step"]) * k) @ v for k in kernels(net)]
    contraction = np.sqrt(np.linalg.norm(sum(t.T @ t for t in turned) / 2, 2))
    assert float(net["mean_square"].numbers["contraction"].upper) == pytest.approx(contraction, rel=1e-4)
    assert contraction < float(inputs["bound"]) < 1
    epoch = net["reshuffled"]
    v = np.array([float(b) for b in epoch.inputs["basis"]]).reshape(4, 4)
    first, second = (np.linalg.inv(v) @ (one - float(inputs["step"]) * k) @ v for k in kernels(net))
    largest = max(np.linalg.norm(first @ second, 2), np.linalg.norm(second @ first, 2))
    assert float(epoch.numbers["contraction"].upper) == pytest.approx(largest, rel=1e-4)
    assert largest < float(epoch.inputs["bound"]) < 1


def test_runs_stay_as_likely_as_is_proved_and_shrink_as_fast(squares):
    """Of 2000 runs of the exact map from the sphere of `radius` fewer than half leave; y falls in mean square."""
    claim, rng = squares["mean_square"], np.random.default_rng(0)
    size, radius = float(claim.inputs["size"]), float(claim.numbers["radius"].lower)
    angles = rng.uniform(0, 2 * np.pi, 2000)
    x = np.array(HALF) + radius * np.column_stack([np.cos(angles), np.sin(angles)])
    stayed, v = np.ones(2000, bool), np.array([float(b) for b in claim.inputs["basis"]]).reshape(2, 2)

    def norms(x: np.ndarray) -> np.ndarray:
        return np.linalg.norm(((x + 1.5) ** 2 - 1) @ np.linalg.inv(v).T, axis=1)

    first = (norms(x) ** 2).mean()
    for _ in range(30):
        move = 0.1 * 4 * (x + 1.5) * ((x + 1.5) ** 2 - 1)  # f_b = r_b^2
        drawn = rng.integers(2, size=2000)
        x[np.arange(2000), drawn] -= move[np.arange(2000), drawn]
        stayed &= np.linalg.norm(x - HALF, axis=1) <= size
    assert stayed.mean() >= 0.5
    assert (norms(x[stayed]) ** 2).mean() <= float(claim.inputs["bound"]) ** 60 * first


def test_reshuffled_runs_from_the_sphere_converge_at_the_proved_rate(squares):
    """Any order: after each epoch y is shorter by the bound, and no run leaves."""
    claim, rng = squares["reshuffled"], np.random.default_rng(1)
    size, radius = float(claim.inputs["size"]), float(claim.numbers["radius"].lower)
    for _ in range(20):
        angle = rng.uniform(0, 2 * np.pi)
        x = np.array(HALF) + radius * np.array([np.cos(angle), np.sin(angle)])
        first = np.linalg.norm((x + 1.5) ** 2 - 1)
        for epoch in range(1, 6):
            for i in rng.permutation(2):
                x[i] -= 0.4 * (x[i] + 1.5) * ((x[i] + 1.5) ** 2 - 1)
                assert np.linalg.norm(x - HALF) <= size
            assert np.linalg.norm((x + 1.5) ** 2 - 1) <= 1.01 * float(claim.inputs["bound"]) ** epoch * first


def test_a_negative_eigenvalue_of_the_mean_kernel_refutes_every_step(repelling):
    """In numpy the mean kernel has one, and Kronecker products grow for each of some steps."""
    found = kernels(repelling)
    smallest = np.linalg.eigvals(sum(found) / 2).real.min()
    assert smallest < 0 and min(growth(found, step) for step in (1e-4, 1e-2, 1)) > 1
    assert repelling["attractor"].status is hc.Status.REFUTED
    assert float(repelling["attractor"].numbers["smallest_real_part"].upper) == pytest.approx(smallest, rel=1e-4)
    assert repelling["mean_square"].status is hc.Status.REFUTED and not repelling["reshuffled"]
    assert hc.verify(repelling)


def test_other_probabilities_have_other_bounds(net, squares):
    """With 1/10 and 9/10 the mean kernel is the weighted one; claims about 1/2 and 1/2 are not those about them."""
    found = hc.certify(net.objective, net.x, 8, batches=PARTS, probabilities=["1/10", "9/10"])
    k = kernels(net)
    real = np.linalg.eigvals(0.1 * k[0] + 0.9 * k[1]).real.min()
    assert float(found["attractor"].numbers["smallest_real_part"].lower) == pytest.approx(real, rel=1e-4)
    data = deepcopy(to_json(squares))
    data["problem"]["batches"]["probabilities"] = ["1/10", "9/10"]
    data["digest"] = problem_digest(data["problem"])
    passed = {result.name: result.passed for result in hc.verify(from_json(data)).results}
    assert not passed["attractor"] and not passed["mean_square"] and passed["reshuffled"]


def evidence_of(cert: hc.Certificate) -> Evidence:
    """What a proof of a claim about the point of a certificate starts from, at 212 bits."""
    ar = arithmetic("arb", 212)
    x = [ar.interval(low, high) for low, high in cert.box]
    return Evidence(cert.problem.at(ar, x), cert.witness.centre, 1000)


@pytest.mark.parametrize("rule", [mean_square.RULE, reshuffled.RULE])
@pytest.mark.parametrize(
    "change",
    [
        {"bound": Fraction(1, 10)},  # less than at x*
        {"bound": Fraction(1)},
        {"bound": Fraction(0)},
        {"size": Fraction(3, 2)},  # gradients vanish in it
        {"size": Fraction(1, 8)},
        {"size": Fraction(0)},
        {"size": Fraction(-1)},
        {"descent": Fraction(1)},
        {"slope": Fraction(1)},
        {"step": Fraction(1)},
        {"step": Fraction(0)},
        {"basis": ()},
        {"basis": (Fraction(1),) * 4},  # singular
    ],
)
def test_wrong_inputs_are_not_re_proved(squares, rule, change):
    """A bound that does not hold, a set that is too large, a step that is too long, and no norm prove nothing."""
    with arithmetic("arb", 212):
        evidence, inputs = evidence_of(squares), squares[rule.name].inputs
        assert not isinstance(rule.measure(evidence, inputs), Reason)
        assert isinstance(rule.measure(evidence, inputs | change), Reason)


CRITICAL = hc.Objective.least_squares(["1 + y - 2*y**2 + x*y", "1 - y - 2*y**2 - x*y"])
"""At 0 with rho = 1: a common fixed point where the gradients of the batches cancel."""


def test_where_the_gradient_of_f_vanishes_no_limit_is_called_hallucinated():
    """Whatever the kernels say, no ball around such a point has limits that are known not to be critical."""
    found = hc.certify(CRITICAL, (0, 0), 1, batches=1, basin="0.01")
    assert found["existence"] and not found["mean_square"] and not found["reshuffled"]


@pytest.mark.parametrize("name", ["mean_square", "reshuffled", attractor.RULE.name])
@pytest.mark.parametrize("end", [0, 1])
def test_numbers_moved_off_their_values_are_rejected(squares, name, end):
    """Each published number without the true one in it is not proved again, or shows nothing."""
    for key in squares[name].numbers:
        data = deepcopy(to_json(squares))
        claim = next(claim for claim in data["claims"] if claim["name"] == name)
        low, high = claim["numbers"][key]
        claim["numbers"][key] = [low, low] if end else [high, high]
        try:
            verdict = hc.verify(from_json(data))
        except hc.errors.CertificateError:
            continue
        assert not next(result for result in verdict.results if result.name == name).passed


@pytest.mark.parametrize("step", ["0", "-1p-10"])
def test_a_step_that_is_not_positive_is_not_refuted_again(repelling, step):
    """Where no positive step is stable a forged file says so of others, too: backwards some of them may be."""
    data = deepcopy(to_json(repelling))
    claim = next(claim for claim in data["claims"] if claim["name"] == "mean_square")
    claim |= {"inputs": {"step": "1p-10"}, "numbers": {}}
    assert hc.verify(from_json(data))
    claim["inputs"] = {"step": step}
    with pytest.raises(CertificateError, match="must be what the numbers show"):
        from_json(data)


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
def test_both_arithmetics_prove_it_again(net, squares, backend):
    """All claims, on a formula, and on a network by the arithmetic that did not prove them."""
    assert net["mean_square"] and net["reshuffled"]
    assert hc.verify(squares, backend=backend) and (backend == "arb" or hc.verify(net))


def test_many_batches_have_too_many_orders():
    """Six batches of one residual: independent ones are decided, epochs left open with the reason."""
    f = hc.Objective.least_squares([f"x{i}**2 - 1" for i in range(6)])
    found = hc.certify(f, [-0.5] * 6, RHO, batches=1, basin="0.3", precisions=[53])
    assert found["mean_square"].status is hc.Status.REFUTED and found["reshuffled"].reason is Reason.ORDERS


@pytest.mark.parametrize("step", ["1e300", "1e1000", "1e-1000"])
def test_steps_beyond_doubles_are_undecided(step):
    """However long or short they are: a proof that fails is a result."""
    found = hc.certify(SQUARES, HALF, RHO, batches=1, basin=step, precisions=[53])
    assert found["attractor"] and {str(found[name].status) for name in ("mean_square", "reshuffled")} == {"undecided"}


@pytest.mark.parametrize("options", [{"start": HALF, "basin": 1}, {"global_box": [(-1, 1)] * 2}])
def test_what_no_claim_of_batches_takes_is_refused(options):
    """Runs from a start, and targets on boxes, are for single gradients."""
    with pytest.raises(ArgumentError, match="with batches"):
        hc.certify(SQUARES, HALF, RHO, batches=1, **options)
