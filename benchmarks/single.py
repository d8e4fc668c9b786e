"""How long do the first call and a single long run take?

Measures, each in a fresh process,

- the first call of `hallucert.sam.run` with an empty compilation cache (everything is compiled), and the next one;
- the same with the cache filled;

and then, in this process, a two-dimensional run of 100,000 steps with its whole history, and one that keeps every
thousandth iterate.

Run: ``python benchmarks/single.py``
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

import hallucert as hc

FIRST_CALL = """
import time, hallucert as hc
f = hc.Objective.parse("(x**2 - 1)**2/4 + y**2/20")
for _ in range(2):
    began = time.perf_counter()
    hc.sam.run(f, [-0.6, 0.4], 1.5, 0.1, 100)
    print(f"{time.perf_counter() - began:.4f}")
"""


def first_calls(cache: str) -> tuple[float, float]:
    """Return the seconds of the first and the second call in a fresh process that uses the given cache."""
    environment = os.environ | {"NUMBA_CACHE_DIR": cache}
    output = subprocess.run(
        [sys.executable, "-c", FIRST_CALL], env=environment, capture_output=True, text=True, check=True
    ).stdout
    first, second = map(float, output.split())
    return first, second


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as cache:
        for state in ("empty", "filled"):
            first, second = first_calls(cache)
            print(f"cache {state:7} first call {first:7.3f} s, second call {second * 1e3:6.2f} ms")
    f = hc.Objective.parse("(x**2 + y - 11)**2 + (x + y**2 - 7)**2")
    for every in (1, 1000):
        best = float("inf")
        for _ in range(5):
            began = time.perf_counter()
            end = hc.sam.run(f, [1.0, 2.0], 0.1, 0.001, 100_000, tolerance=0.0, every=every, progress=False)
            best = min(best, time.perf_counter() - began)
        print(f"{end.steps} steps, every = {every:4}: {best * 1e3:6.1f} ms, {len(end.history)} iterates kept")


if __name__ == "__main__":
    main()
