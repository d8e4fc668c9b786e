"""How fast are ensembles of SAM runs on a tiny tanh network, against JAX and PyTorch?

A 2-8-1 network on 8 samples (inputs standard normal, labels +-1), squared loss, 64 seeds, float64. Contestants:

- ``hallucert``: `hallucert.sam.run_ensemble`, with its stopping rules and statuses;
- ``JAX``: `vmap` of a jitted `lax.scan` over steps of ``x - eta grad(f)(x + rho g/|g|)``, compiled beforehand;
- ``PyTorch``: a Python loop over steps of ``torch.func.vmap(torch.func.grad(f))``.

A contestant that is not installed is left out. Repetitions alternate between the contestants, so that a busy machine
hits all of them; the table has medians and best repetitions. Flops are counted by hand, a tanh as 26 and a division
as one, against the peak of one fused multiply-add of eight doubles on two ports, at the clock of `--gigahertz`.

Run: ``python benchmarks/network_ensemble.py [--seeds 64] [--steps 20000] [--repeats 9] [--gigahertz 4.0]``
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from collections.abc import Callable

import numpy as np

import hallucert as hc

SIZES, SAMPLES, RHO, ETA = (2, 8, 1), 8, 0.1, 0.05
Runner = Callable[[int], np.ndarray]


def with_hallucert(f: hc.TanhNetwork, starts: np.ndarray) -> Runner:
    """Return ``run(steps)``, which gives the end points."""
    return lambda steps: hc.sam.run_ensemble(f, starts, RHO, ETA, steps, tolerance=0.0, progress=False).x


def with_jax(f: hc.TanhNetwork, starts: np.ndarray) -> Runner:
    """Return ``run(steps)``; raises ImportError without JAX."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    inputs, targets = jnp.asarray(f.inputs), jnp.asarray(f.targets[:, 0])
    compiled: dict[int, Callable] = {}

    def loss(x):
        w, b, v, c = x[:16].reshape(8, 2), x[16:24], x[24:32], x[32]
        residual = jnp.tanh(inputs @ w.T + b) @ v + c - targets
        return residual @ residual / (2 * SAMPLES)

    def step(x, _):
        g = jax.grad(loss)(x)
        return x - ETA * jax.grad(loss)(x + RHO * g / jnp.sqrt(g @ g)), None

    def run(steps: int) -> np.ndarray:
        if steps not in compiled:
            one = jax.jit(lambda x: jax.lax.scan(step, x, None, length=steps)[0])
            compiled[steps] = jax.jit(jax.vmap(one))
        return np.asarray(compiled[steps](starts).block_until_ready())

    return run


def with_torch(f: hc.TanhNetwork, starts: np.ndarray) -> Runner:
    """Return ``run(steps)``; raises ImportError without PyTorch."""
    import torch

    inputs, targets = torch.tensor(f.inputs), torch.tensor(f.targets[:, 0])

    def loss(x):
        w, b, v, c = x[:16].reshape(8, 2), x[16:24], x[24:32], x[32]
        residual = torch.tanh(inputs @ w.T + b) @ v + c - targets
        return residual @ residual / (2 * SAMPLES)

    gradient = torch.func.vmap(torch.func.grad(loss))

    def run(steps: int) -> np.ndarray:
        x = torch.tensor(starts)
        for _ in range(steps):
            g = gradient(x)
            x = x - ETA * gradient(x + RHO * g / torch.linalg.norm(g, dim=1, keepdim=True))
        return x.numpy()

    return run


def flops_per_step(f: hc.TanhNetwork) -> int:
    """Return the floating-point operations of one SAM step of one seed; a multiply-add counts twice."""
    weights = sum(p * o for p, o in itertools.pairwise(SIZES))
    behind_first = weights - SIZES[0] * SIZES[1]
    units = sum(SIZES[1:-1])
    sample = 2 * (2 * weights + behind_first) + 2 * sum(SIZES[1:]) + units * (26 + 3) + 2 * SIZES[-1]
    return 2 * SAMPLES * sample + 8 * f.dimension


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=64)
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--gigahertz", type=float, default=4.0, help="clock for the peak")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    f = hc.TanhNetwork(SIZES, rng.normal(size=(SAMPLES, 2)), np.sign(rng.normal(size=SAMPLES)))
    starts = f.initial(0, count=options.seeds)
    # PyTorch takes hundreds of times as long, so it does fewer steps.
    makers = {"hallucert": (with_hallucert, 1), "JAX": (with_jax, 1), "PyTorch": (with_torch, 400)}
    runs: dict[str, tuple[Runner, int]] = {}
    for name, (maker, fewer) in makers.items():
        try:
            runs[name] = (maker(f, starts), max(1, options.steps // fewer))
        except ImportError:
            print(f"{name} is not installed: left out")
    short = {name: run(50) for name, (run, _) in runs.items()}
    for name, ends in short.items():
        gap = np.abs(ends - short["hallucert"]).max()
        print(f"{name}: end points after 50 steps differ from hallucert's by {gap:.1e}")
    times: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(options.repeats + 1):
        for name, (run, steps) in runs.items():
            began = time.perf_counter()
            run(steps)
            if repeat:  # the first repetition compiles
                times[name].append((time.perf_counter() - began) / steps / options.seeds * 1e6)
    cores = os.cpu_count() or 1
    print(f"\n2-8-1, {SAMPLES} samples, {options.seeds} seeds, {cores} cores, load {os.getloadavg()[0]:.1f}")
    print("us/seed-step       median      best   hallucert is")
    ours = times["hallucert"]
    for name, values in times.items():
        faster = f"{np.median(values) / np.median(ours):.1f} x as fast (best: {min(values) / min(ours):.1f} x)"
        print(f"{name:14}{np.median(values):11.3f}{min(values):10.3f}   {'-' if name == 'hallucert' else faster}")
    rate = flops_per_step(f) / min(ours) / 1e3
    peak = cores * 32 * options.gigahertz
    print(f"best: {rate:.1f} Gflop/s, {rate / peak:.0%} of {peak:.0f} Gflop/s ({options.gigahertz} GHz assumed)")


if __name__ == "__main__":
    main()
