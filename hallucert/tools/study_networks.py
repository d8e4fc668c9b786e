"""Networks that the study trains with mini-batches, for square grey images and ten classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

CLASSES = 10


def layered(side: int, activation: type, norm: Callable[[int], Any] | None = None, width: int = 64) -> nn.Module:
    """Two hidden layers, each normalized before the activation if there is a `norm`."""
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs in (side * side, width):
        layers += [nn.Linear(inputs, width), *([] if norm is None else [norm(width)]), activation()]
    return nn.Sequential(*layers, nn.Linear(width, CLASSES))


class Block(nn.Module):  # type: ignore[misc,unused-ignore]
    """Two convolutions with batch normalization, and their input added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = convolution(channels, channels), convolution(channels, channels)

    def forward(self, x: Any) -> Any:
        """Map (n, channels, s, s) to the same shape."""
        return torch.relu(x + self.second(torch.relu(self.first(x))))


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    """A 3 x 3 convolution and batch normalization."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs))


def residual(side: int) -> nn.Module:
    """A residual convolutional network; large images are halved once more."""
    stem = [convolution(1, 8, 2)] if side < 16 else [convolution(1, 4, 2), nn.ReLU(), convolution(4, 8, 2)]
    end = nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, CLASSES)
    return nn.Sequential(nn.Unflatten(1, (1, side)), *stem, nn.ReLU(), Block(8), *end)


class Attention(nn.Module):  # type: ignore[misc,unused-ignore]
    """A transformer's layer, normalized ahead of each part, on the rows of an image."""

    def __init__(self, side: int, width: int = 16) -> None:
        super().__init__()
        self.embedding, self.place = nn.Linear(side, width), nn.Parameter(0.1 * torch.randn(side, width))
        self.queries, self.mixed = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.norms = nn.ModuleList([nn.LayerNorm(width) for _ in range(3)])
        self.hidden = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.answer = nn.Linear(side * width, CLASSES)

    def forward(self, x: Any) -> Any:
        """Map (n, side, side) to (n, 10)."""
        x = self.embedding(x) + self.place
        query, key, value = self.queries(self.norms[0](x)).chunk(3, -1)
        weights = torch.softmax(query @ key.transpose(1, 2) / query.shape[-1] ** 0.5, -1)
        x = x + self.mixed(weights @ value)
        x = x + self.hidden(self.norms[1](x))
        return self.answer(self.norms[2](x).flatten(1))


NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "tanh": lambda side: layered(side, nn.Tanh),
    "gelu": lambda side: layered(side, nn.GELU, nn.LayerNorm),
    "silu": lambda side: layered(side, nn.SiLU, nn.BatchNorm1d),
    "residual": residual,
    "attention": Attention,
}
"""By name, for images of so many pixels a side."""
