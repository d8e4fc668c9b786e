"""What do a monitor and a guard cost?

Run with ``python benchmarks/training.py [--width 512] [--steps 200]``; needs PyTorch. The processor time of a step of
SAM on a tanh network of three layers, batches of 128 of scikit-learn's digits: alone, with a monitor, with both. What
they are worth is in ``docs/remedies.md``.
"""

from __future__ import annotations

import argparse
import time

import torch
from sklearn.datasets import load_digits

from hallucert.training.torch import SAM, Guard, Monitor

torch.set_num_threads(1)
nn = torch.nn
IMAGES, LABELS = load_digits(return_X_y=True)
IMAGES, LABELS = torch.tensor(IMAGES[:128] / 16, dtype=torch.float32), torch.tensor(LABELS[:128])
OPTIONS = {"alone": (), "with a monitor": (Monitor,), "with monitor and guard": (Monitor, Guard)}


def cost(kinds: tuple[type, ...], width: int, steps: int) -> float:
    """Return the processor time of a step."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 10))
    watching = {kind.__name__.lower(): kind() for kind in kinds}
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1, rho=0.05, **watching)

    def closure() -> torch.Tensor:
        loss = nn.functional.cross_entropy(model(IMAGES), LABELS)
        loss.backward()
        return loss

    begun = time.process_time()
    for _ in range(steps):
        optimizer.zero_grad()
        optimizer.step(closure)
    return (time.process_time() - begun) / steps


def main() -> None:
    """Print the least of five times for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--steps", type=int, default=200)
    asked = parser.parse_args()
    times = {name: min(cost(kinds, asked.width, asked.steps) for _ in range(5)) for name, kinds in OPTIONS.items()}
    for name, seconds in times.items():
        print(f"a step {name} takes {1e3 * seconds:.3f} ms: {seconds / times['alone'] - 1:+.1%}")


if __name__ == "__main__":
    main()
