"""What do a monitor and a guard cost?

Run with ``python benchmarks/training.py [--width 512] [--blocks 60]``; needs PyTorch. The processor time of a step of
SAM on a tanh network of three layers, batches of 128 of scikit-learn's digits: alone, with a monitor, with both, in
turns. What they are worth is in ``docs/remedies.md``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import torch
from sklearn.datasets import load_digits

from hallucert.training.torch import SAM, Guard, Monitor

torch.set_num_threads(1)
nn = torch.nn
IMAGES, LABELS = load_digits(return_X_y=True)
IMAGES, LABELS = torch.tensor(IMAGES[:128] / 16, dtype=torch.float32), torch.tensor(LABELS[:128])
OPTIONS = {"alone": (), "with a monitor": (Monitor,), "with monitor and guard": (Monitor, Guard)}


BLOCK = 50
"""Steps that are timed together: a monitor looks at vectors in two of them."""


def run(kinds: tuple[type, ...], width: int) -> Callable[[], None]:
    """Return what trains a network on, by a block of steps."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 10))
    watching = {kind.__name__.lower(): kind() for kind in kinds}
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1, rho=0.05, **watching)

    def closure() -> torch.Tensor:
        loss = nn.functional.cross_entropy(model(IMAGES), LABELS)
        loss.backward()
        return loss

    def block() -> None:
        for _ in range(BLOCK):
            optimizer.zero_grad()
            optimizer.step(closure)

    return block


def main() -> None:
    """Print the middle one of the times of a step, and what it adds to one alone, block by block."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--blocks", type=int, default=60)
    asked = parser.parse_args()
    times: dict[str, list[float]] = {name: [] for name in OPTIONS}
    blocks = {name: run(kinds, asked.width) for name, kinds in OPTIONS.items()}
    for _ in range(asked.blocks):
        for name, block in blocks.items():
            begun = time.process_time()
            block()
            times[name].append((time.process_time() - begun) / BLOCK)
    for name, taken in times.items():
        ratios = sorted(with_it / alone for with_it, alone in zip(taken, times["alone"], strict=True))
        low, middle, high = (ratios[len(ratios) * k // 4] - 1 for k in (1, 2, 3))
        print(
            f"a step {name} takes {1e3 * median(taken):.3f} ms: {middle:+.1%} "
            f"(half of all blocks {low:+.1%} to {high:+.1%})"
        )


if __name__ == "__main__":
    main()
