"""Many runs of SAM with mini-batches at once, one a lane: the same network with other weights, radii and methods.

Weights of all lanes are stacked, so that a step costs the overhead of one run. Lanes do not see each other. A lane does
what `hallucert.training.torch.SAM` with its monitor and guard does, up to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch.func import functional_call, stack_module_state, vmap

from hallucert.training.guard import Guard
from hallucert.training.monitor import Row

Tensors = dict[str, torch.Tensor]
"""By the names of a network's tensors, with the lanes along the first axis."""


class Lanes:
    """Networks of one kind that are trained side by side, with the momentum of SGD."""

    def __init__(self, networks: Sequence[torch.nn.Module], momentum: float, weight_decay: float) -> None:
        self.momentum, self.weight_decay = momentum, weight_decay
        self.network = networks[0]
        self.weights, self.buffers = stack_module_state(list(networks))
        self.velocity = {name: torch.zeros_like(w) for name, w in self.weights.items()}

    def _gradients(
        self, weights: Tensors, buffers: Tensors, inputs: torch.Tensor, answers: torch.Tensor
    ) -> tuple[torch.Tensor, Tensors]:
        """Return losses (lanes,) and gradients; the pass updates the running statistics in `buffers`."""
        leaves = {name: w.detach().requires_grad_() for name, w in weights.items()}

        def loss(weights: Tensors, buffers: Tensors, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return torch.nn.functional.cross_entropy(functional_call(self.network, (weights, buffers), (x,)), y)

        losses = vmap(loss)(leaves, buffers, inputs, answers)
        found = torch.autograd.grad(losses.sum(), list(leaves.values()))  # no lane's loss depends on another's weights
        return losses.detach(), dict(zip(leaves, found, strict=True))

    def step(self, inputs: torch.Tensor, answers: torch.Tensor, rho: torch.Tensor, rate: float) -> Tensors:
        """Do a step on batches (lanes, n, ...) with radii (lanes,); return losses and norms at ``x`` and ``x+``.

        Running statistics are those at ``x``. Where ``g = 0``, or it is not finite, ``x+ = x``.
        """
        self.network.train()
        f, g = self._gradients(self.weights, self.buffers, inputs, answers)
        norm = lengths(g)
        scale = torch.where((norm > 0) & torch.isfinite(norm), rho / norm, 0.0)
        ahead = {name: w + along(scale, g[name]) for name, w in self.weights.items()}
        kept = {name: b.clone() for name, b in self.buffers.items()}
        f_plus, g_plus = self._gradients(ahead, kept, inputs, answers)
        for name, w in self.weights.items():
            self.velocity[name] = self.momentum * self.velocity[name] + g_plus[name] + self.weight_decay * w.detach()
            self.weights[name] = w.detach() - rate * self.velocity[name]
        return {"f": f, "f_plus": f_plus, "norm": norm, "norm_plus": lengths(g_plus)}

    def accuracy(self, inputs: torch.Tensor, answers: torch.Tensor) -> list[float]:
        """Return the part of the answers that are right, in evaluation, for each lane."""
        self.network.eval()

        def answer(weights: Tensors, buffers: Tensors) -> torch.Tensor:
            return functional_call(self.network, (weights, buffers), (inputs,)).argmax(1)

        with torch.no_grad():
            found: list[float] = (vmap(answer)(self.weights, self.buffers) == answers).double().mean(1).tolist()
        return found


def lengths(vectors: Tensors) -> torch.Tensor:
    """Return the norms (lanes,) of vectors that consist of several tensors."""
    return torch.stack([v.detach().flatten(1).square().sum(1) for v in vectors.values()]).sum(0).sqrt()


def along(scale: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    """Multiply the vector of each lane by its number; 0 gives 0, also of what is not finite."""
    factor = scale.reshape(-1, *[1] * (vectors.dim() - 1))
    return torch.where(factor == 0, 0.0, factor * vectors)


class Record:
    """What is seen of every lane: rows as those of a `Monitor`, the factors of the radius, and accuracies."""

    def __init__(self, guards: Sequence[Guard | None], every: int) -> None:
        self.guards, self.every = guards, every
        self.rows: list[list[Row]] = [[] for _ in guards]
        self.factors: list[list[float]] = [[] for _ in guards]
        self.accuracies: list[list[float]] = [[] for _ in guards]
        self._before: Tensors = {}

    def factor(self) -> list[float]:
        """Return what the guards multiply the radius by, and note it."""
        now = [1.0 if guard is None else guard.factor for guard in self.guards]
        for kept, factor in zip(self.factors, now, strict=True):
            kept.append(factor)
        return now

    def take(self, step: int, seen: Tensors, velocity: Tensors, rate: float) -> None:
        """Take what a step along a velocity has shown; tell the guards."""
        sampled = step % self.every in (0, 1)
        if sampled:
            moved = {name: rate * v for name, v in velocity.items()}
            if step % self.every == 1:
                both = lengths({name: v + self._before[name] for name, v in moved.items()})
                seen = seen | {"returned": both / lengths(moved)}
            self._before = moved
        names = [name for name in seen if sampled or name in ("f", "f_plus")]
        columns = [seen[name].tolist() for name in names]
        for rows, guard, values in zip(self.rows, self.guards, zip(*columns, strict=True), strict=True):
            row = Row(step, **dict(zip(names, values, strict=True)))
            rows.append(row)
            if guard is not None:
                guard.update(row.f, row.f_plus)

    def columns(self, lane: int) -> dict[str, np.ndarray]:
        """Return losses, norms and factors of a lane by columns."""
        names = ("f", "f_plus", "norm", "norm_plus")
        found = {name: np.array([getattr(row, name) for row in self.rows[lane]]) for name in names}
        return found | {"factor": np.array(self.factors[lane])}


def cosine(rate: float, step: int, steps: int) -> float:
    """Return the learning rate of a step, from `rate` to 0 along a cosine."""
    return rate * (1 + math.cos(math.pi * step / steps)) / 2
