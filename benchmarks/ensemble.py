"""How much slower is one kernel for every formula than a loop written and compiled for one formula?

Measures, in one run and on the same starts, the time of one SAM step of one lane on Himmelblau's function with

- ``hallucert``: `hallucert.sam.run_ensemble`, whose kernel interprets the gradient's program;
- ``hand-written, lane by lane``: the loop one would write in numba, with the gradient by hand, one lane after another;
- ``hand-written, vectorised``: the same arithmetic with lanes innermost, arranged so that the compiler uses vector
  instructions and the block stays in the first-level cache: the best we know how to write;
- ``numpy``: whole-array expressions.

The hand-written loops have no stopping rules and no statuses; hallucert's has them all. Lanes are split over the same
number of threads. Every figure is the best of several repetitions, which alternate between the contestants.

Run: ``python benchmarks/ensemble.py [--lanes 4096] [--steps 2000] [--repeats 7]``
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit

import hallucert as hc

FORMULA = "(x**2 + y - 11)**2 + (x + y**2 - 7)**2"
RHO, ETA = 2.0, 0.001


@njit(cache=True, nogil=True, error_model="numpy")
def lane_by_lane(x, y, rho, eta, steps):
    """Advance every lane through all steps before the next lane."""
    for i in range(x.size):
        a, b = x[i], y[i]
        for _ in range(steps):
            r, s = a * a + b - 11.0, a + b * b - 7.0
            g, h = 4.0 * r * a + 2.0 * s, 2.0 * r + 4.0 * s * b
            slope = rho / np.sqrt(g * g + h * h)
            u, v = a + slope * g, b + slope * h
            r, s = u * u + v - 11.0, u + v * v - 7.0
            a -= eta * (4.0 * r * u + 2.0 * s)
            b -= eta * (2.0 * r + 4.0 * s * v)
        x[i], y[i] = a, b


@njit(cache=True, nogil=True, error_model="numpy")
def _vector_step(x, y, new_x, new_y, rho, eta, first, width):
    for j in range(width):
        i = first + j
        a, b = x[i], y[i]
        r, s = a * a + b - 11.0, a + b * b - 7.0
        g, h = 4.0 * r * a + 2.0 * s, 2.0 * r + 4.0 * s * b
        slope = rho / np.sqrt(g * g + h * h)
        u, v = a + slope * g, b + slope * h
        r, s = u * u + v - 11.0, u + v * v - 7.0
        new_x[i] = a - eta * (4.0 * r * u + 2.0 * s)
        new_y[i] = b - eta * (2.0 * r + 4.0 * s * v)


@njit(cache=True, nogil=True, error_model="numpy")
def vectorised(x, y, new_x, new_y, rho, eta, steps):
    """Advance a block of lanes together; `steps` is even, because x and new_x change roles every step."""
    for first in range(0, x.size, 256):
        start, width = np.uint64(first), np.uint64(min(256, x.size - first))
        for _ in range(steps // 2):
            _vector_step(x, y, new_x, new_y, rho, eta, start, width)
            _vector_step(new_x, new_y, x, y, rho, eta, start, width)


def with_numpy(x, rho, eta, steps):
    """Whole-array expressions."""
    a, b = x.T.copy()
    for _ in range(steps):
        r, s = a * a + b - 11.0, a + b * b - 7.0
        g, h = 4.0 * r * a + 2.0 * s, 2.0 * r + 4.0 * s * b
        slope = rho / np.sqrt(g * g + h * h)
        u, v = a + slope * g, b + slope * h
        r, s = u * u + v - 11.0, u + v * v - 7.0
        a, b = a - eta * (4.0 * r * u + 2.0 * s), b - eta * (2.0 * r + 4.0 * s * v)
    return np.stack([a, b], axis=1)


def columns(count: int) -> np.ndarray:
    """Return two columns of `count` doubles, each starting on a cache line."""
    memory = np.zeros(2 * count + 24)
    start = -(memory.ctypes.data // 8) % 8
    stride = -(-count // 8) * 8
    return memory[start : start + 2 * stride].reshape(2, stride)[:, :count]


def hand_written(kernel: Callable[..., None], starts: np.ndarray, steps: int, threads: int) -> np.ndarray:
    """Run a hand-written kernel on `threads` threads; returns the end points."""

    def piece(part: np.ndarray) -> np.ndarray:
        x = columns(len(part))
        x[:] = part.T
        other = columns(len(part)) if kernel is vectorised else ()
        kernel(*x, *other, RHO, ETA, steps)
        return x.T

    with ThreadPoolExecutor(threads) as pool:
        return np.concatenate(list(pool.map(piece, np.array_split(starts, threads))))


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lanes", type=int, default=4096)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    lanes, steps, threads = options.lanes, 2 * (options.steps // 2), os.cpu_count() or 1
    starts = np.random.default_rng(0).uniform(-5, 5, (lanes, 2))
    f = hc.Objective.parse(FORMULA)

    def ours(n: int) -> np.ndarray:
        return hc.sam.run_ensemble(f, starts, RHO, ETA, steps, tolerance=0.0, threads=n, progress=False).x

    contestants: list[tuple[str, Callable[[int], np.ndarray]]] = [
        ("hallucert", ours),
        ("hand-written, vectorised", lambda n: hand_written(vectorised, starts, steps, n)),
        ("hand-written, lane by lane", lambda n: hand_written(lane_by_lane, starts, steps, n)),
        ("numpy", lambda _: with_numpy(starts, RHO, ETA, steps)),
    ]
    print(f"Himmelblau, {lanes} lanes, {steps} SAM steps, rho = {RHO}, step size {ETA}")
    first = time.perf_counter()
    hc.sam.run_ensemble(f, starts, RHO, ETA, 1, progress=False)
    print(f"first call in this process (compiles, or loads the compiled kernel): {time.perf_counter() - first:.2f} s")
    ends = [run(1) for _, run in contestants]
    gaps = [np.abs(end - ends[0]).max() for end in ends[1:]]
    print(f"largest difference of an end point from hallucert's: {max(gaps):.1e}")
    for n in sorted({1, threads}):
        best = dict.fromkeys((name for name, _ in contestants), np.inf)
        for _ in range(options.repeats):
            for name, run in contestants:
                began = time.perf_counter()
                run(n)
                best[name] = min(best[name], time.perf_counter() - began)
        print(f"\n{n} thread{'s' * (n > 1)}{'':22}ns/lane/step   hallucert is")
        for name, seconds in best.items():
            ratio = best["hallucert"] / seconds
            words = f"{ratio:.2f} x as slow" if ratio >= 1 else f"{1 / ratio:.2f} x as fast"
            own_threads = " (1 thread)" if name == "numpy" and n > 1 else ""
            print(f"{name + own_threads:34}{seconds / lanes / steps * 1e9:10.2f}   {words if ratio != 1 else '-'}")


if __name__ == "__main__":
    main()
