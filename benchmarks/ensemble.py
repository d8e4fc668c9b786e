"""How much slower is the loop of any formula than one written and compiled for a formula?

Measures, in one run and on the same starts, the time of one SAM step of one lane on three functions - a polynomial, one
with `exp` and `tanh`, one of ten variables - with

- ``hallucert``: `hallucert.sam.run_ensemble`;
- ``hand-written``: the gradient by hand in numba with lanes innermost, arranged so that the compiler uses vector
  instructions and the block stays in the first-level cache, and with our vectorised `exp` and `tanh`: the best we know
  how to write;
- ``lane by lane``, of the polynomial: the loop one would write in numba, one lane after another;
- ``numpy``, of the polynomial: whole-array expressions.

The hand-written loops have no stopping rules and no statuses; hallucert's has them all, and fused multiply-adds, which
numba does not make. Lanes are split over the same number of threads. Times are those of the processor, all threads
together, because other work on the machine hardly counts in them; every figure is the best of several repetitions,
which alternate between the contestants, and the ratio is that of the best.

Run: ``python benchmarks/ensemble.py [--lanes 4096] [--steps 1000] [--repeats 15]``
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from numba import njit

import hallucert as hc
from hallucert.objectives.machine.elementary import exp
from hallucert.objectives.machine.vectors import tanh

compiled = njit(nogil=True, error_model="numpy")
RHO, ETA = 2.0, 0.001
BLOCK = 256
HIMMELBLAU = "(x**2 + y - 11)**2 + (x + y**2 - 7)**2"
BUMP = "exp(-x**2 - y**2) + tanh(x*y)/2 + (x**2 + y**2)/9"
WELLS = " + ".join(f"(x{i}**2 - 1)**2/4" for i in range(10)) + f" + ({' + '.join(f'x{i}' for i in range(10))})**2/20"


@compiled
def himmelblau(x, new, rho, eta, first, width):
    """Take a step with a block of lanes, from rows of `x` to rows of `new`."""
    for k in range(width):
        i = first + k
        a, b = x[0, i], x[1, i]
        r, s = a * a + b - 11.0, a + b * b - 7.0
        g, h = 4.0 * r * a + 2.0 * s, 2.0 * r + 4.0 * s * b
        slope = rho / np.sqrt(g * g + h * h)
        u, v = a + slope * g, b + slope * h
        r, s = u * u + v - 11.0, u + v * v - 7.0
        new[0, i] = a - eta * (4.0 * r * u + 2.0 * s)
        new[1, i] = b - eta * (2.0 * r + 4.0 * s * v)


@compiled
def bump(x, new, rho, eta, first, width):
    """Take a step with a block of lanes, from rows of `x` to rows of `new`."""
    for k in range(width):
        i = first + k
        a, b = x[0, i], x[1, i]
        t = tanh(a * b)
        e, c = 2.0 / 9.0 - 2.0 * exp(-a * a - b * b), 0.5 - 0.5 * t * t
        g, h = a * e + b * c, b * e + a * c
        slope = rho / np.sqrt(g * g + h * h)
        u, v = a + slope * g, b + slope * h
        t = tanh(u * v)
        e, c = 2.0 / 9.0 - 2.0 * exp(-u * u - v * v), 0.5 - 0.5 * t * t
        new[0, i] = a - eta * (u * e + v * c)
        new[1, i] = b - eta * (v * e + u * c)


@compiled
def wells(x, new, rho, eta, first, width):
    """Take a step with a block of lanes, from rows of `x` to rows of `new`: row by row, which here is faster."""
    total, square, shifted = np.zeros(BLOCK), np.zeros(BLOCK), np.zeros(BLOCK)
    for j in range(10):
        for k in range(width):
            total[k] += 0.1 * x[j, first + k]
    for j in range(10):
        for k in range(width):
            a = x[j, first + k]
            g = a * a * a - a + total[k]
            new[j, first + k] = g
            square[k] += g * g
    for k in range(width):
        square[k] = rho / np.sqrt(square[k])
    for j in range(10):
        for k in range(width):
            u = x[j, first + k] + square[k] * new[j, first + k]
            new[j, first + k] = u
            shifted[k] += 0.1 * u
    for j in range(10):
        for k in range(width):
            u = new[j, first + k]
            new[j, first + k] = x[j, first + k] - eta * (u * u * u - u + shifted[k])


def in_blocks(step: Callable[..., None]) -> Callable[..., None]:
    """Return what does an even number of steps on lanes, one block after the other: x and new change roles."""

    @compiled
    def run(x, new, rho, eta, steps):
        for first in range(0, x.shape[1], BLOCK):
            start, width = np.uint64(first), np.uint64(min(BLOCK, x.shape[1] - first))
            for _ in range(steps // 2):
                step(x, new, rho, eta, start, width)
                step(new, x, rho, eta, start, width)

    return run


@compiled
def lane_by_lane(x, new, rho, eta, steps):
    """Advance every lane through all steps before the next lane."""
    for i in range(x.shape[1]):
        a, b = x[0, i], x[1, i]
        for _ in range(steps):
            r, s = a * a + b - 11.0, a + b * b - 7.0
            g, h = 4.0 * r * a + 2.0 * s, 2.0 * r + 4.0 * s * b
            slope = rho / np.sqrt(g * g + h * h)
            u, v = a + slope * g, b + slope * h
            r, s = u * u + v - 11.0, u + v * v - 7.0
            a -= eta * (4.0 * r * u + 2.0 * s)
            b -= eta * (2.0 * r + 4.0 * s * v)
        x[0, i], x[1, i] = a, b


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


def rows(dimension: int, count: int) -> np.ndarray:
    """Return rows of `count` doubles, each starting on a cache line."""
    stride = -(-count // 8) * 8
    memory = np.zeros(dimension * stride + 8)
    start = -(memory.ctypes.data // 8) % 8
    return memory[start : start + dimension * stride].reshape(dimension, stride)[:, :count]


def hand_written(kernel: Callable[..., None], starts: np.ndarray, steps: int, threads: int) -> np.ndarray:
    """Run a hand-written kernel on `threads` threads; returns the end points."""

    def piece(part: np.ndarray) -> np.ndarray:
        x, other = rows(*part.T.shape), rows(*part.T.shape)
        x[:] = part.T
        kernel(x, other, RHO, ETA, steps)
        return x.T

    with ThreadPoolExecutor(threads) as pool:
        return np.concatenate(list(pool.map(piece, np.array_split(starts, threads))))


def with_hallucert(f: hc.Objective, starts: np.ndarray, steps: int, threads: int) -> np.ndarray:
    """Run our ensemble; returns the end points."""
    return hc.sam.run_ensemble(f, starts, RHO, ETA, steps, tolerance=0.0, threads=threads, progress=False).x


def compared(name: str, formula: str, step: Callable[..., None], options: argparse.Namespace) -> None:
    """Measure one function and print its tables."""
    f, steps, lanes = hc.Objective.parse(formula), 2 * (options.steps // 2), options.lanes
    starts = np.random.default_rng(0).uniform(-2, 2, (lanes, f.dimension))
    contestants: dict[str, Callable[[int], np.ndarray]] = {
        "hallucert": partial(with_hallucert, f, starts, steps),
        "hand-written": partial(hand_written, in_blocks(step), starts, steps),
    }
    if formula == HIMMELBLAU:
        contestants["lane by lane"] = partial(hand_written, lane_by_lane, starts, steps)
        contestants["numpy (1 thread)"] = lambda _: with_numpy(starts, RHO, ETA, steps)
    ends = [run(1) for run in contestants.values()]
    gap = max(np.median(np.abs(end - ends[0]).max(axis=1)) for end in ends[1:])
    print(f"\n{name}: {lanes} lanes, {steps} SAM steps; half of the end points differ by less than {gap:.0e}")
    for n in sorted({1, os.cpu_count() or 1}):
        times: dict[str, list[float]] = {contestant: [] for contestant in contestants}
        for _ in range(options.repeats):
            for contestant, run in contestants.items():
                began = time.process_time()
                run(n)
                times[contestant].append((time.process_time() - began) / lanes / steps * 1e9)
        print(f"{n} thread{'s' * (n > 1)}{'':14}ns/lane/step   hallucert's time is")
        for contestant, values in times.items():
            ratio = min(times["hallucert"]) / min(values)
            print(f"{contestant:24}{min(values):10.2f}   {ratio:.2f} of it")


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lanes", type=int, default=4096)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    compared("Himmelblau", HIMMELBLAU, himmelblau, options)
    compared("exp and tanh", BUMP, bump, options)
    compared("ten wells", WELLS, wells, options)


if __name__ == "__main__":
    main()
