"""How long a proof about a tanh network takes, and its checking.

Run with ``python benchmarks/certify_networks.py``. First `hallucert.certify` from the raw ends of SAM runs in
``tests/reference/tanh_networks.json`` (residual form, all claims) and `hallucert.verify` of what it made; the ends
that are proved count. Then networks with weight decay (gradient form): a hallucinated point near a copy of a minimizer
with one hidden unit negated, which is a minimizer too (Proposition 4.5).
"""

from __future__ import annotations

import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

import hallucert as hc
from hallucert.find.candidate import Candidate

REFERENCE = Path(__file__).parents[1] / "tests" / "reference" / "tanh_networks.json"
REPEATS = 7


def ends() -> dict[str, list[tuple[hc.TanhNetwork, np.ndarray, str]]]:
    """Return the ends of SAM runs by architecture."""
    data = json.loads(REFERENCE.read_text())
    found = defaultdict(list)
    for end in data["ends"]:
        f = hc.TanhNetwork(end["layer_sizes"], end["inputs"], end["targets"])
        name = "-".join(map(str, end["layer_sizes"])) + f" on {len(end['inputs'])}, d = {f.dimension}"
        found[name].append((f, np.array(end["x"]), data["rho"]))
    return dict(found)


def milliseconds(task: Callable[..., Any], *arguments: Any) -> list[float]:
    """Times of several runs after one warm-up."""
    task(*arguments)
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        task(*arguments)
        times.append(1e3 * (time.perf_counter() - start))
    return times


def decayed(sizes: tuple[int, int, int], samples: int, **options: Any) -> Candidate:
    """Return a hallucinated point with a trained minimizer as target, near the minimizer with a unit negated."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(samples, sizes[0]))
    labels = options.get("loss") == "cross_entropy"
    targets = rng.integers(0, sizes[-1], samples) if labels else np.sign(rng.normal(size=(samples, sizes[-1])))
    f = hc.TanhNetwork(sizes, inputs, targets, **options)
    start = f.initial(0, gain=2.0)
    target = newton(minimize(f.value, start, jac=f.gradient, method="BFGS", options={"gtol": 1e-7}).x, f, None, 0.0)
    first, last = f.training.layout.layers
    units = [np.linalg.norm(target[first.start + i * first.inputs :][: first.inputs]) for i in range(sizes[1])]
    unit = int(np.argmax(units))
    x = target.copy()
    x[first.start + unit * first.inputs :][: first.inputs] *= -1
    x[first.bias_start + unit] *= -1
    x[last.start + unit : last.bias_start : last.inputs] *= -1
    for multiplier in np.geomspace(1e-6, 1e-4, 5):
        x = newton(x, f, target, multiplier)
    return hc.find.refine(f, x, float(np.linalg.norm(x - target)))


def newton(x: np.ndarray, f: hc.TanhNetwork, target: np.ndarray | None, multiplier: float) -> np.ndarray:
    """Solve ``g(x) = multiplier (target - x)``, the equation of a hallucinated point; a critical point for 0."""
    for _ in range(30):
        value = f.gradient(x) - (0 if target is None else multiplier * (target - x))
        x = x - np.linalg.solve(f.hessian(x) + multiplier * np.eye(f.dimension), value)
    return x


def main() -> None:
    """Measure and print both tables."""
    print(f"{'network':28s} {'decided':>10s} {'certify arb: median':>20s} {'worst':>7s} {'verify mpmath':>14s}")
    for name, problems in ends().items():
        proving, checking, decided, asked = [], [], 0, 0
        for f, x, rho in problems:
            cert = hc.certify(f, x, rho)
            decided += sum(claim.status != "undecided" for claim in cert.claims.values())
            asked += len(cert.claims)
            if cert["existence"].status != "proved":
                continue
            proving.append(milliseconds(hc.certify, f, x, rho))
            start = time.perf_counter()
            assert hc.verify(cert)
            checking.append(1e3 * (time.perf_counter() - start))
        medians = [statistics.median(times) for times in proving]
        print(
            f"{name:28s} {decided:4d}/{asked:<5d} {statistics.median(medians):20.1f} {max(map(max, proving)):7.1f} "
            f"{statistics.median(checking):14.0f} ms"
        )
    entropy = {"loss": "cross_entropy", "weight_decay": "0.003"}
    cases = [((2, 8, 1), 8, {"weight_decay": "0.01"}), ((4, 8, 3), 20, entropy), ((6, 10, 3), 30, entropy)]
    for sizes, samples, options in cases:
        candidate = decayed(sizes, samples, **options)
        cert = hc.certify(candidate)
        decided = sum(claim.status != "undecided" for claim in cert.claims.values())
        repeated = milliseconds(hc.certify, candidate)
        start = time.perf_counter()
        assert hc.verify(cert)
        checking_time = 1e3 * (time.perf_counter() - start)
        name = "-".join(map(str, sizes)) + f" with decay, d = {candidate.objective.dimension}"
        print(
            f"{name:28s} {decided:4d}/{len(cert.claims):<5d} {statistics.median(repeated):20.1f} {max(repeated):7.1f} "
            f"{checking_time:14.0f} ms"
        )


if __name__ == "__main__":
    main()
