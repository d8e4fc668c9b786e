"""Does the monitor find runs that are stuck, does the guard keep them from it, and what does monitoring cost?

Run with ``python benchmarks/training.py [--seeds 1 2 3] [--steps 600]``; needs PyTorch. Networks are trained on 512 of
scikit-learn's digits with batches of 64 (SGD with momentum 0.9, weight decay 5e-4, cosine schedule) and with all data
(SGD 0.1), at several radii. For each run: what the monitor says after a tenth of it, whether the run has trained in the
end (accuracy on 500 other digits above one half), the same with a guard, its mean radius, and plain SGD. At the end the
counts, and the time of a step with and without a monitor.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

import numpy as np
import torch
from sklearn.datasets import load_digits

from hallucert.training.monitor import Standing
from hallucert.training.torch import SAM, Guard, Monitor

torch.set_num_threads(1)
nn = torch.nn
IMAGES, LABELS = load_digits(return_X_y=True)
IMAGES, LABELS = torch.tensor(IMAGES / 16, dtype=torch.float32), torch.tensor(LABELS)
CHOSEN = np.random.default_rng(0).permutation(len(LABELS))
TRAIN, TEST = CHOSEN[:512], CHOSEN[512:1012]
RADII = (0.05, 0.5, 1.0, 2.0, 5.0)
GOOD = (Standing.TRAINING, Standing.EARLY)


def layered(activation: type, normalized: bool = False) -> nn.Module:
    """A network 64-64-64-10."""
    norm = [nn.LayerNorm(64)] if normalized else []
    return nn.Sequential(
        nn.Linear(64, 64), *norm, activation(), nn.Linear(64, 64), *norm, activation(), nn.Linear(64, 10)
    )


NETWORKS = {
    "tanh": lambda: layered(nn.Tanh),
    "GELU, LayerNorm": lambda: layered(nn.GELU, True),
    "ReLU": lambda: layered(nn.ReLU),
}


def train(
    network: str, full: bool, rho: float, seed: int, steps: int, guard: Guard | None
) -> tuple[Standing, float, float]:
    """Return the standing after a tenth of the run, the accuracy at its end, and the mean radius."""
    torch.manual_seed(seed)
    model, draw = NETWORKS[network](), torch.Generator().manual_seed(seed)
    options = {"lr": 0.1} if full else {"lr": 0.05, "momentum": 0.9, "weight_decay": 5e-4}
    monitor = Monitor(every=20, warn=False)
    optimizer = SAM(model.parameters(), torch.optim.SGD, rho=rho, monitor=monitor, guard=guard, **options)
    schedule = None if full else torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    early, radii = Standing.EARLY, []
    for step in range(steps):
        batch = TRAIN if full else TRAIN[torch.randint(512, (64,), generator=draw).numpy()]

        def closure(batch: np.ndarray = batch) -> torch.Tensor:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(IMAGES[batch]), LABELS[batch])
            loss.backward()
            return loss

        radii.append(rho * optimizer.factor)
        optimizer.step(closure)
        if schedule is not None:
            schedule.step()
        if step == steps // 10:
            early = monitor.standing
    right = (model(IMAGES[TEST]).argmax(1) == LABELS[TEST]).float().mean().item()
    return early, right, float(np.mean(radii))


def cost(monitored: bool, width: int = 512, steps: int = 200) -> float:
    """Return the processor time of a step on a wider network."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 10))
    optimizer = SAM(model.parameters(), torch.optim.SGD, lr=0.1, rho=0.05, monitor=Monitor() if monitored else None)
    begun = time.process_time()
    for _ in range(steps):
        for step in (optimizer.first_step, optimizer.second_step):
            nn.functional.cross_entropy(model(IMAGES[TRAIN[:128]]), LABELS[TRAIN[:128]]).backward()
            step(zero_grad=True)
    return (time.process_time() - begun) / steps


def main() -> None:
    """Print a line for each cell, and the counts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, default=600)
    asked = parser.parse_args()
    counts: Counter[str] = Counter()
    for network in NETWORKS:
        for full in (False, True):
            for rho in RADII:
                cells = []
                for seed in asked.seeds:
                    early, right, _ = train(network, full, rho, seed, asked.steps, None)
                    _, guarded, mean = train(network, full, rho, seed, asked.steps, Guard())
                    trained, called = right > 0.5, early in GOOD
                    counts[f"{'trained' if trained else 'stuck'}, called {'training' if called else 'stalled'}"] += 1
                    counts["guarded runs stuck"] += guarded <= 0.5
                    cells.append(f"{right:.2f} ({early}), guard {guarded:.2f} at {mean / rho:.0%} of rho")
                print(f"{network:16s} {'full' if full else 'mini'} rho {rho:<5g} " + "; ".join(cells), flush=True)
    for what, count in sorted(counts.items()):
        print(f"{count:4d} {what}")
    plain, watched = (min(cost(on) for _ in range(5)) for on in (False, True))
    print(f"a step takes {1e3 * plain:.3f} ms, with a monitor {1e3 * watched:.3f} ms: {watched / plain - 1:+.1%}")


if __name__ == "__main__":
    main()
