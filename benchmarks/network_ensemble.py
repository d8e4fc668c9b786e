"""How fast are ensembles of SAM runs on tiny tanh networks, against JAX, PyTorch, and what a core can do?

2-8-1 and 2-16-16-1 on 8 samples (inputs standard normal, labels +-1), squared loss, 64 seeds, float64, and 64-32-10 of
`layered.py`, which compares it with others. Contestants:

- ``hallucert``: `hallucert.sam.run_ensemble`, with its stopping rules and statuses;
- ``JAX``: `vmap` of a jitted `lax.scan` over steps of ``x - eta grad(f)(x + rho g/|g|)``, compiled beforehand;
- ``PyTorch``: a Python loop over steps of ``torch.func.vmap(torch.func.grad(f))``.

A contestant that is not installed is left out. Repetitions alternate between the contestants, and times are those of
the processor, all threads together, because other work on the machine hardly counts in them; the table has medians and
best repetitions.

The ceiling is what the operations of a step, counted by hand, would take if each took the time that one core was just
measured to take for it where nothing waits: a hyperbolic tangent in a loop of ours over registers, and any other
operation as a fused multiply-add in a loop of independent ones. Bytes are those that a step's vectors load and store.

`NUMBA_CPU_NAME=haswell` and the features of that processor in `NUMBA_CPU_FEATURES` hide AVX-512 from hallucert, and
`XLA_FLAGS=--xla_cpu_max_isa=AVX2` from JAX.

Run: ``python benchmarks/network_ensemble.py [--seeds 64] [--steps 1000] [--repeats 15]``
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import os
import time
from collections.abc import Callable
from functools import reduce

import numpy as np
from llvmlite import ir

import hallucert as hc
from hallucert.objectives.machine.native import lanes_at_once, loaded, repeated
from hallucert.objectives.machine.vectors import call, constant, emit_exponential, emit_tanh

NETWORKS = ((2, 8, 1), (2, 16, 16, 1))
SAMPLES, RHO, ETA = 8, 0.1, 0.05
Runner = Callable[[int], np.ndarray]


def with_hallucert(f: hc.TanhNetwork, starts: np.ndarray) -> Runner:
    """Return ``run(steps)``, which gives the end points."""
    return lambda steps: hc.sam.run_ensemble(f, starts, RHO, ETA, steps, tolerance=0.0, progress=False).x


def outputs(f: hc.TanhNetwork, x, a, tanh):
    """Return the outputs (n,) at the parameters x (d,), for inputs a (n, p): arrays of either framework."""
    start, last = 0, len(f.layer_sizes) - 1
    for l, (fan_in, fan_out) in enumerate(itertools.pairwise(f.layer_sizes), 1):
        end = start + fan_in * fan_out
        z = a @ x[start:end].reshape(fan_out, fan_in).T + x[end : end + fan_out]
        a, start = z if l == last else tanh(z), end + fan_out
    return a[:, 0]


def with_jax(f: hc.TanhNetwork, starts: np.ndarray) -> Runner:
    """Return ``run(steps)``; raises ImportError without JAX."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    inputs, targets = jnp.asarray(f.inputs), jnp.asarray(f.targets[:, 0])
    compiled: dict[int, Callable] = {}

    def loss(x):
        residual = outputs(f, x, inputs, jnp.tanh) - targets
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
        residual = outputs(f, x, inputs, torch.tanh) - targets
        return residual @ residual / (2 * SAMPLES)

    gradient = torch.func.vmap(torch.func.grad(loss))

    def run(steps: int) -> np.ndarray:
        x = torch.tensor(starts)
        for _ in range(steps):
            g = gradient(x)
            x = x - ETA * gradient(x + RHO * g / torch.linalg.norm(g, dim=1, keepdim=True))
        return x.numpy()

    return run


def operations(f: hc.TanhNetwork) -> tuple[int, int, int]:
    """Return the hyperbolic tangents, exponentials and other operations of one SAM step of one seed.

    A multiply-add is one.
    """
    sizes, classified = f.layer_sizes, f.loss == "cross_entropy"
    weights = sum(a * b for a, b in itertools.pairwise(sizes))
    behind_first, units = weights - sizes[0] * sizes[1], sum(sizes[1:-1])
    # Activations, derivatives and errors; derivatives of biases; the slopes; errors of outputs, with largest one,
    # difference, sum and quotient of a softmax.
    sample = 2 * weights + behind_first + sum(sizes[1:]) + 2 * units + (6 if classified else 2) * sizes[-1]
    gradients = 2 * len(f.inputs)
    # Two norms, up, down, and whether a coordinate is within its bound.
    return gradients * units, gradients * sizes[-1] * classified, gradients * sample + 6 * f.dimension


def kilobytes(f: hc.TanhNetwork) -> float:
    """Return how many kilobytes a SAM step of one seed loads and stores: parameters, derivatives and activations."""
    sizes, d, bundles = f.layer_sizes, f.dimension, SAMPLES // 4
    behind_first = sum(a * b for a, b in itertools.pairwise(sizes[1:]))
    gradient = bundles * (d + behind_first + d) + (bundles - 1) * d  # weights twice, derivatives
    pairs = sum(a * b / 2 for a, b in itertools.pairwise(sizes[1:]))  # two neurons at a time
    gradient += SAMPLES * (2 * pairs + sizes[0] * sizes[1] / 2 + 4 * sum(sizes[1:]))
    return 8 * (2 * gradient + 8 * d) / 1000


def nanoseconds(
    emit: Callable[[ir.IRBuilder, ir.Value], ir.Value], vectors: int, chains: int, single: bool = False
) -> float:
    """Return how long an operation takes for one number, done to some independent long vectors again and again."""
    number, lanes = (ir.FloatType(), 2 * lanes_at_once()) if single else (ir.DoubleType(), lanes_at_once())
    module = ir.Module()
    function = ir.Function(module, ir.FunctionType(number, [ir.IntType(64)]), "run")
    builder = ir.IRBuilder(function.append_basic_block())
    kind = ir.VectorType(number, lanes * vectors)
    starts = [constant(kind, 0.1 + 0.01 * i) for i in range(chains)]
    ends = repeated(builder, function.args[0], starts, lambda _, values: [emit(builder, value) for value in values])
    builder.ret(builder.extract_element(reduce(builder.fadd, ends), ir.IntType(32)(0)))
    engine, count, best = loaded(module), 2000, float("inf")
    result = ctypes.c_float if single else ctypes.c_double
    run = ctypes.CFUNCTYPE(result, ctypes.c_int64)(engine.get_function_address("run"))
    for _ in range(300):
        began = time.perf_counter()
        run(count)
        best = min(best, time.perf_counter() - began)
    return best / count / (lanes * vectors * chains) * 1e9


def multiply_add(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Emit ``x/2 + 1/2``."""
    return call(builder, "fma", x, constant(x.type, 0.5), constant(x.type, 0.5))


def tangent(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Emit ``tanh(x + 1/2)``."""
    return emit_tanh(builder, builder.fadd(x, constant(x.type, 0.5)))


def exponential(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Emit ``exp(x - 2)``."""
    return emit_exponential(builder, builder.fsub(x, constant(x.type, 2.0)))


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=64)
    parser.add_argument("--steps", type=int, default=1000, help="of the contestants but hallucert, which does 20 times")
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    costs = ceilings(False)
    for sizes in NETWORKS:
        rng = np.random.default_rng(0)
        f = hc.TanhNetwork(sizes, rng.normal(size=(SAMPLES, 2)), np.sign(rng.normal(size=SAMPLES)))
        print(f"{kilobytes(f):.0f} kB a seed-step")
        compared(f, costs, table(f, options))
    rng = np.random.default_rng(0)
    f = hc.TanhNetwork((64, 32, 10), rng.normal(size=(200, 64)), rng.integers(0, 10, 200), "cross_entropy")
    starts = f.initial(0, count=20)
    settings = {"tolerance": 0.0, "dtype": "float32", "threads": 1, "progress": False}
    best = float("inf")
    for _ in range(options.repeats):
        began = time.process_time()
        hc.sam.run_ensemble(f, starts, RHO, ETA, options.steps, **settings)
        best = min(best, (time.process_time() - began) / options.steps / 20 * 1e6)
    print("\n64-32-10, 200 samples, cross-entropy, float32, 20 seeds on one core")
    compared(f, ceilings(True), best)


def ceilings(single: bool) -> tuple[float, float, float]:
    """Return how many ns a hyperbolic tangent, an exponential and a multiply-add of one number take on one core."""
    functions = [min(nanoseconds(emit, 4, chains, single) for chains in (1, 2, 4)) for emit in (tangent, exponential)]
    other = nanoseconds(multiply_add, 1, 12, single)
    print(f"one core, {'float32' if single else 'float64'}, ns a number: ", end="")
    print(f"tanh {functions[0]:.3f}, exp {functions[1]:.3f}, multiply-add {other:.4f}")
    return functions[0], functions[1], other


def compared(f: hc.TanhNetwork, costs: tuple[float, float, float], best: float) -> None:
    """Print the ceiling of a network, and how near to it our best time in us a seed-step is."""
    counts = operations(f)
    ceiling = sum(count * cost for count, cost in zip(counts, costs, strict=True)) / 1e3
    print("{} tanh, {} exp, {} others: ".format(*counts), end="")
    print(f"at least {ceiling:.3f} us; hallucert takes {best:.3f} us, {ceiling / best:.0%} of the ceiling")


def table(f: hc.TanhNetwork, options: argparse.Namespace) -> float:
    """Measure the contestants on a network, print their table, and return our best time in us a seed-step."""
    starts = f.initial(0, count=options.seeds)
    # PyTorch takes hundreds of times as long, so it does fewer steps.
    makers = {"hallucert": (with_hallucert, 20.0), "JAX": (with_jax, 1.0), "PyTorch": (with_torch, 0.05)}
    runs: dict[str, tuple[Runner, int]] = {}
    for name, (maker, share) in makers.items():
        try:
            runs[name] = (maker(f, starts), max(1, int(options.steps * share)))
        except ImportError:
            print(f"{name} is not installed: left out")
    short = {name: run(50) for name, (run, _) in runs.items()}
    for name, ends in short.items():
        gap = np.abs(ends - short["hallucert"]).max()
        print(f"{name}: end points after 50 steps differ from hallucert's by {gap:.1e}")
    times: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(options.repeats + 2):
        for name, (run, steps) in runs.items():
            time.sleep(0.1)  # until threads of others that wait by spinning have gone to sleep
            began = time.process_time()
            run(steps)
            if repeat > 1:  # the first repetitions compile
                times[name].append((time.process_time() - began) / steps / options.seeds * 1e6)
    widths, cores = "-".join(map(str, f.layer_sizes)), os.cpu_count() or 1
    print(f"\n{widths}, {SAMPLES} samples, {options.seeds} seeds, {cores} cores, load {os.getloadavg()[0]:.1f}")
    print("us/seed-step       median      best   hallucert is")
    ours = times["hallucert"]
    for name, values in times.items():
        faster = f"{np.median(values) / np.median(ours):.1f} x as fast (best: {min(values) / min(ours):.1f} x)"
        print(f"{name:14}{np.median(values):10.3f}{min(values):10.3f}   {'-' if name == 'hallucert' else faster}")
    return min(ours)


if __name__ == "__main__":
    main()
