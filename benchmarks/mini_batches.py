"""Common fixed points of mini-batch SAM: how many are found and proved, and whether runs do what is proved.

Run with ``python benchmarks/mini_batches.py [--starts 60] [--size 4] [--rho 8] [--random 0] [--quick]``. Tanh networks
2-8-1 with the squared error of 8 samples, in batches of consecutive samples. Starts are random weights: of the first
layer normal with deviation 1/sqrt(2), its biases 0.1, of the second 1/sqrt(8), its bias 0; start number k has the seed
100 + k. From each `find.hallucinate` looks for a common fixed point; each that it finds is certified for each step.
Then SAM with independent batches runs from 1e-6 beside all of them: a run *returns* if in the end it is within 0.01 of
its point, and the residuals at the perturbed points are at most a hundredth of what they were at the start.
`--random` runs from that many random starts, too, and from certified points with fresh random batches in every epoch.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

import numpy as np

import hallucert as hc
from hallucert.errors import SearchError

STEPS = {"0.05": 40_000, "0.01": 100_000, "0.002": 200_000}
"""Steps of SAM, and how many of them a run has."""
BESIDE, NEAR, FALLEN = 1e-6, 1e-2, 1e-2


def network() -> hc.TanhNetwork:
    """The data: the third set that the generator draws, since the first trial had drawn two smaller ones before."""
    rng = np.random.default_rng(0)
    for samples, inputs in ((3, 1), (4, 1), (8, 2)):
        x, y = rng.normal(size=(samples, inputs)), rng.choice([-1.0, 1.0], size=samples)
    return hc.TanhNetwork((2, 8, 1), x, y)


def start(k: int) -> np.ndarray:
    """Random weights."""
    rng = np.random.default_rng(100 + k)
    first, biases = rng.normal(size=16) / np.sqrt(2), 0.1 * rng.normal(size=8)
    return np.concatenate([first, biases, rng.normal(size=8) / np.sqrt(8), [0.0]])


def residuals(f: hc.TanhNetwork, size: int, rho: float, x: np.ndarray) -> np.ndarray:
    """``|(r_b(x_b+))_b|`` at points (k, d)."""
    squares = np.zeros(len(x))
    with np.errstate(all="ignore"):
        for first in range(0, len(f.inputs), size):
            part = hc.TanhNetwork((2, 8, 1), f.inputs[first : first + size], f.targets[first : first + size])
            g = part.floats.gradient(x)
            plus = x + rho * g / np.linalg.norm(g, axis=1, keepdims=True)
            squares += (part.floats.residual(plus) ** 2).sum(axis=1)
    return np.sqrt(squares)


def searched(f: hc.TanhNetwork, starts: int, size: int, rho: str) -> list[hc.find.BatchCandidate]:
    """What the search finds."""
    found = []
    for k in range(starts):
        try:
            found.append(hc.find.hallucinate(f, start(k), rho, batches=size))
        except SearchError:
            continue
    return found


def compared(
    f: hc.TanhNetwork, found: list[hc.find.BatchCandidate], size: int, rho: str, step: str, count: int
) -> None:
    """Certify all points for a step, run from beside them, and print what agrees."""
    began = time.process_time()
    certificates = [hc.certify(candidate, basin=step) for candidate in found]
    seconds = (time.process_time() - began) / len(found)
    proved = [c for c in certificates if c["existence"]]
    names = ("hallucinated_minimizer", "regular", "attractor", "mean_square", "reshuffled")
    print(f"step {step}: existence proved {len(proved)} of {len(found)}, {seconds:.2f} s of the processor each")
    for name in names:
        print(f"    {name}:", ", ".join(f"{n} {s}" for s, n in Counter(str(c[name].status) for c in proved).items()))
    x = np.stack([c.x for c in proved])
    away = np.random.default_rng(1).normal(size=x.shape)
    begun = x + BESIDE * away / np.linalg.norm(away, axis=1, keepdims=True)
    end = hc.sam.run_ensemble(f, begun, rho, step, count, batches=size, batch_seed=1, tolerance=0, progress=False).x
    before, after = (residuals(f, size, float(rho), points) for points in (begun, end))
    returned = (np.linalg.norm(end - x, axis=1) < NEAR) & (after <= FALLEN * before)
    stable = np.array([bool(c["mean_square"]) for c in proved])
    print(
        f"    runs: of {stable.sum()} proved stable in mean square {(returned & stable).sum()} return, of the other "
        f"{(~stable).sum()} {(returned & ~stable).sum()}: {(returned == stable).mean():.1%} as predicted",
        flush=True,
    )


def at_random(f: hc.TanhNetwork, found: list[hc.find.BatchCandidate], size: int, rho: str, count: int) -> None:
    """Runs from random starts, and runs with fresh batches from points that are proved stable."""
    starts = np.stack([start(k) for k in range(count)])
    stable = np.stack([c.x for c in (hc.certify(candidate, basin="0.01") for candidate in found) if c["mean_square"]])
    for order in ("independent", "reshuffled"):
        end = hc.sam.run_ensemble(
            f, starts, rho, "0.01", 100_000, batches=size, batch_order=order, tolerance=0, progress=False
        ).x
        print(f"random starts, {order}: {(residuals(f, size, float(rho), end) < 1e-6).sum()} of {count} converge")
    end = hc.sam.run_ensemble(f, stable, rho, "0.01", 20_000, batch_size=size, tolerance=0, progress=False).x
    left = np.linalg.norm(end - stable, axis=1) > NEAR
    print(f"fresh random batches from {len(stable)} stable points: {left.sum()} leave")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=60)
    parser.add_argument("--size", type=int, default=4, help="samples of a batch")
    parser.add_argument("--rho", default="8")
    parser.add_argument("--random", type=int, default=0, help="random starts of runs")
    parser.add_argument("--quick", action="store_true", help="a tenth of the steps")
    options = parser.parse_args()
    f = network()
    found = searched(f, options.starts, options.size, options.rho)
    print(
        f"batches of {options.size}, rho = {options.rho}: {len(found)} points from {options.starts} starts", flush=True
    )
    for step, count in STEPS.items():
        if found:
            compared(f, found, options.size, options.rho, step, count // 10 if options.quick else count)
    if options.random:
        at_random(f, found, options.size, options.rho, options.random)


if __name__ == "__main__":
    main()
