"""The small network of the tests of training, its batches, and what is asked of weights."""

from __future__ import annotations

import torch
from torch import nn


def network(seed=0, *layers):
    """Return a network with the weights of that seed: 5 inputs and 3 classes, unless it has other layers."""
    torch.manual_seed(seed)
    return nn.Sequential(*(layers or (nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3))))


def batches(count, seed=1):
    """Return so many batches of 16 inputs and labels."""
    generator = torch.Generator().manual_seed(seed)
    return [
        (torch.randn(16, 5, generator=generator), torch.randint(3, (16,), generator=generator)) for _ in range(count)
    ]


def loss_of(model, batch):
    """Return the cross-entropy of a batch."""
    return nn.functional.cross_entropy(model(batch[0]), batch[1])


def weights_of(model):
    """Return copies of the weights."""
    return [p.detach().clone() for p in model.parameters()]


def same(a, b):
    """Tell whether tensors are equal to the last bit, one by one."""
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
