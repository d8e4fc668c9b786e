"""How long does `diagnose` take for a module of a million parameters, and how much memory?

Run with ``python benchmarks/diagnose.py [--width 1000] [--samples 1024]``; needs PyTorch. Each case runs in a process
of its own. Megabytes are what the largest resident set grows by, beside the same for one training step (forward and
backward pass and a step of SGD with momentum, single precision) of the same module on the same batch. Seconds are those
of the processor, on all threads, and of the clock. The cases: a module as it is initialised, which is moving; the same
with its data in eight batches; one whose x+ is taken for critical, where the spectrum of the target is looked at; that
with all spectra, as on request.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import torch

import hallucert as hc
from hallucert.diagnosis import kinds

nn = torch.nn
CASES = ("step", "moving", "batches", "target", "all spectra")


def grown() -> float:
    """Return the largest resident set so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(case: str, width: int, samples: int) -> None:
    """Print parameters, seconds and megabytes of a case."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(784, width), nn.ReLU(), nn.Linear(width, 200), nn.ReLU(), nn.Linear(200, 10))
    data = torch.randn(samples, 784), torch.randint(10, (samples,))
    small = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    hc.diagnose(small, "squared", (torch.randn(3, 3), torch.randn(3, 3)), 1)  # loads what is needed
    nn.functional.cross_entropy(small(torch.randn(2, 3)), torch.tensor([0, 1])).backward()
    if case in ("target", "all spectra"):
        kinds.VANISHED = 1e9  # whatever the gradient at x+, the target is looked at
    begun, worked, before = time.perf_counter(), time.process_time(), grown()
    if case == "step":
        optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
        nn.functional.cross_entropy(net(data[0]), data[1]).backward()
        optimizer.step()
        kind = "one training step"
    else:
        size = samples // 8
        parts = [(data[0][k : k + size], data[1][k : k + size]) for k in range(0, samples, size)]
        options = {"products": 200} if case == "all spectra" else {}
        given = parts if case == "batches" else data
        kind = str(hc.diagnose(net, "cross_entropy", given, "0.5", "0.1", **options).kind)
    seconds, work = time.perf_counter() - begun, time.process_time() - worked
    count = sum(p.numel() for p in net.parameters())
    print(f"{count} {work:.1f} {seconds:.1f} {grown() - before:.0f} {kind}")


def main() -> None:
    """Print a line for each case."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--width", type=int, default=1000)
    parser.add_argument("--samples", type=int, default=1024)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--one", choices=CASES)
    asked = parser.parse_args()
    if asked.one is not None:
        measure(asked.one, asked.width, asked.samples)
        return
    for case in asked.cases:
        size = ["--width", str(asked.width), "--samples", str(asked.samples)]
        run = [sys.executable, "-W", "ignore", __file__, "--one", case, *size]
        count, work, seconds, memory, kind = subprocess.check_output(run, text=True).split(maxsplit=4)
        print(f"{case:12s} {count} parameters: {work:>6s} s ({seconds:>6s} s), {memory:>5s} MB; {kind.strip()}")


if __name__ == "__main__":
    main()
