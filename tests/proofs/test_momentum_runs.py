"""Claim: SAM with momentum, from a given start at rest, converges: its state comes into a proved set."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

import hallucert as hc
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.errors import CertificateError
from hallucheck.__main__ import main as second_checker

WELL, RING = hc.gallery.load("double_well"), hc.Objective.least_squares(["x**2 + y**2 - 1"])
NETWORK = hc.TanhNetwork((1, 2, 1), [[2.0408], [-2.5556]], [-1.0, 1.0])
WEIGHTS = NETWORK.initial(0, count=64, gain=2.0)[36]
CASES: dict[str, tuple[Any, ...]] = {
    "a point": (WELL, (-0.5, 0), "1.5", "1/2", ("-0.9", "0.5"), "1/2", False),
    "a ring, Nesterov": (RING, (-0.5, 0), "1.5", "1/10", ("-0.4", "0"), "9/10", True),
    "a network": (NETWORK, None, 2, "0.02", WEIGHTS, "1/2", False),
}


@pytest.fixture(scope="module", params=CASES.values(), ids=CASES)
def cert(request: pytest.FixtureRequest) -> hc.Certificate:
    """A run that is proved to converge; that of a network is in segments, and proposes the point."""
    f, x, rho, step, start, b, nesterov = request.param
    return hc.certify(f, x, rho, basin=step, start=start, momentum=b, nesterov=nesterov, precisions=[53])


def simulated(cert: hc.Certificate, extra: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Positions and velocities of the run in doubles, as PyTorch's SGD makes them, with so many steps more."""
    inputs, f = cert["converges"].inputs, cert.objective
    step, b = float(inputs["step"]), float(inputs["momentum"])
    x, v = np.array([float(c) for c in inputs["start"]]), np.zeros(f.dimension)
    states = [(x, v)]
    steps = int(inputs["ends"][-1]) if "ends" in inputs else inputs["steps"]
    for _ in range(steps + extra):
        force = hc.sam.shifted_gradient(f, x, cert.rho)
        v = b * v + force
        x = x - step * (force + b * v if inputs["nesterov"] else v)
        states.append((x, v))
    return states[steps:]


def test_runs_with_momentum_converge_as_they_are_proved_to(cert: hc.Certificate) -> None:
    """The run in doubles is where the claim says after N steps, stays in the set, and ends at a hallucinated point."""
    claim, size = cert["converges"], float(cert["momentum"].inputs["size"])
    assert claim.status is hc.Status.PROVED and "velocity 0" in claim.statement
    (x, v), *_, (end, still) = simulated(cert, 2000)
    gradient = np.linalg.norm(hc.sam.shifted_gradient(cert.objective, end, cert.rho))
    assert gradient < 1e-12 and np.linalg.norm(still) < 1e-12
    assert np.linalg.norm(cert.objective.gradient(end)) > 1e-3
    if "distance" in claim.numbers:
        number, found = claim.numbers["distance"], np.linalg.norm(x - cert.x)
        assert np.linalg.norm(end - cert.x) <= size and sum(float(n.upper) for n in claim.numbers.values()) <= size
    else:
        d = cert.objective.dimension
        basis = np.array([float(c) for c in cert["momentum"].inputs["basis"]]).reshape(2 * d, 2 * d)
        number, found = claim.numbers["state"], np.linalg.norm(np.linalg.solve(basis, np.concatenate([x - cert.x, v])))
        assert np.linalg.norm(end - cert.x) < 1e-12
    assert float(number.lower) - 1e-9 <= found <= float(number.upper) + 1e-9


def test_the_rest_of_the_way_is_at_most_what_is_proved(cert: hc.Certificate) -> None:
    """From the state on, the steps of the run in doubles are together no longer than the number `rest`."""
    if "rest" not in cert["converges"].numbers:
        pytest.skip("a point has none")
    states = simulated(cert, 1000)
    way = sum(np.linalg.norm(b - a) for (a, _), (b, _) in pairwise(states))
    assert way <= float(cert["converges"].numbers["rest"].upper) + 1e-9


def test_both_checkers_show_the_run_again(cert: hc.Certificate, tmp_path: Path) -> None:
    """From the file: the other arithmetic, and the checker that shares nothing."""
    cert.save(tmp_path / "run.json")
    assert hc.verify(tmp_path / "run.json")
    assert second_checker([str(tmp_path / "run.json")]) == 0


FORGERIES: dict[str, dict[str, Any]] = {
    "another momentum": {"momentum": "7/8"},
    "the other method": {"nesterov": lambda n: 1 - n},
    "a shorter step": {"step": "1/99"},
    "a start elsewhere": {"start": lambda x: ["-1", *x[1:]]},
    "no method": {"nesterov": 2},
    "a momentum of 1": {"momentum": "1"},
}


@pytest.mark.parametrize("change", FORGERIES.values(), ids=FORGERIES)
def test_forged_runs_with_momentum_are_not_re_proved(cert: hc.Certificate, change: dict, tmp_path: Path) -> None:
    """Only the claim `momentum` of exactly this method has a set to arrive in."""
    data = to_json(cert)
    claim = next(claim for claim in data["claims"] if claim["name"] == "converges")
    for name, value in change.items():
        claim["inputs"][name] = value(claim["inputs"][name]) if callable(value) else value
    try:
        forged = from_json(data)
    except CertificateError:
        return
    assert [result.name for result in hc.verify(forged, backend="arb").results if not result.passed] == ["converges"]
    forged.save(tmp_path / "forged.json")
    assert second_checker([str(tmp_path / "forged.json")]) != 0


def test_a_run_needs_the_set_that_it_arrives_in(cert: hc.Certificate) -> None:
    """Without the claim `momentum`, or as a run without momentum, a file is refused when it is read."""
    data = to_json(cert)
    alone = {**data, "claims": [claim for claim in data["claims"] if claim["name"] != "momentum"]}
    claim = data["claims"][-1]
    plain = {name: value for name, value in claim["inputs"].items() if name not in ("momentum", "nesterov")}
    for forged in (alone, {**data, "claims": [*data["claims"][:-1], {**claim, "inputs": plain}]}):
        with pytest.raises(CertificateError, match="claims"):
            from_json(forged)


def test_the_state_is_that_of_the_iteration_written_out() -> None:
    """Double well, in 60 digits: x' = x - (b w + E F), with the norm of the claim's basis, is in the number `state`."""
    f, x, rho, step, start, b, nesterov = CASES["a point"]
    cert = hc.certify(f, x, rho, basin=step, start=start, momentum=b, nesterov=nesterov, precisions=[53])
    inputs, state = cert["converges"].inputs, cert["converges"].numbers["state"]
    with mpmath.workdps(60):
        x, y, v, w = mpmath.mpf("-0.9"), mpmath.mpf("0.5"), mpmath.mpf(0), mpmath.mpf(0)
        for _ in range(inputs["steps"]):
            g = (x * (x**2 - 1), y / 10)
            size = mpmath.hypot(*g)
            p, q = x + 1.5 * g[0] / size, y + 1.5 * g[1] / size
            v, w = v / 2 + p * (p**2 - 1), w / 2 + q / 10
            x, y = x - v / 2, y - w / 2
        flat = [mpmath.mpf(c.numerator) / c.denominator for c in cert["momentum"].inputs["basis"]]
        z = mpmath.lu_solve(
            mpmath.matrix(4, 4) + mpmath.matrix([flat[4 * i : 4 * i + 4] for i in range(4)]),
            mpmath.matrix([x + mpmath.mpf(1) / 2, y, v, w]),
        )  # the target (1, 0) is 3/2 from (-1/2, 0)
        found = mpmath.norm(z)
        low, high = (mpmath.mpf(end.numerator) / end.denominator for end in (state.lower, state.upper))
        assert low <= found <= high and high - low < mpmath.mpf("1e-12")


def test_a_start_that_does_not_arrive_is_undecided() -> None:
    """From the other side of the double well the run goes to the mirror image."""
    claim = hc.certify(WELL, (-0.5, 0), "1.5", basin="1/2", start=(0.9, 0.5), momentum="1/2", precisions=[53])[
        "converges"
    ]
    assert claim.status is hc.Status.UNDECIDED
