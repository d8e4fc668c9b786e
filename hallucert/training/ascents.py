"""How SAM and its variants get from the weights ``x`` to ``x+``, in PyTorch: one small class for each ascent.

An ascent gets the weights and their gradients, and returns a direction for each weight and one size for all of them;
then ``x+ = x + (rho/size) direction``. Sums run over all weights together. What a variant remembers from step to step
lies in `memory`, one dict a weight, which the optimizer saves with its state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import torch

from hallucert.errors import ArgumentError, require
from hallucert.training.guard import Group, real

Tensor: TypeAlias = torch.Tensor
Memory = dict[str, Tensor]
"""What is remembered of one weight."""


@dataclass(frozen=True)
class Weight:
    """A weight that has a gradient, with the options of its group, and what is remembered of it."""

    tensor: Tensor
    gradient: Tensor
    options: Group
    memory: Memory


def widened(tensor: Tensor) -> Tensor:
    """Return half precision as float32 (bfloat16 as float64), where squares of gradients do not under- or overflow."""
    wide = {torch.float16: torch.float32, torch.bfloat16: torch.float64}.get(tensor.dtype)
    return tensor if wide is None else tensor.to(wide)


def norm(tensors: Sequence[Tensor]) -> Tensor:
    """Return the norm of all entries together, on the device of the first tensor."""
    home = tensors[0].device
    return torch.stack([torch.linalg.vector_norm(t).to(home) for t in tensors]).norm(p=2)


Directions = tuple[list[Tensor], Tensor]


class Ascent:
    """SAM: ``x+ = x + rho g/|g|`` (Foret et al. 2021), and with ``adaptive`` groups ``x+ = x + rho T^2 g/|T g|``.

    ``T`` is the diagonal of ``|x|`` (ASAM, Kwon et al. 2021). Fixed points of the iteration have ``g(x+) = 0``.
    """

    name: ClassVar[str] = "SAM"
    generator: ClassVar[torch.Generator | None] = None
    """Of what is random; its state is saved with the optimizer's."""

    def directions(self, weights: Sequence[Weight]) -> Directions:
        """Return ``g`` (adaptive: ``T^2 g``) and ``|g|`` (``|T g|``)."""
        return _in_metric(weights, [widened(w.gradient) for w in weights])


def _in_metric(weights: Sequence[Weight], directions: list[Tensor]) -> Directions:
    """Return directions ``T^2 v`` and the size ``|T v|``, with ``T = 1`` for groups that are not adaptive."""
    adaptive = [bool(w.options.get("adaptive")) for w in weights]
    if not any(adaptive):
        return directions, norm(directions)
    spread = [widened(w.tensor) if on else None for w, on in zip(weights, adaptive, strict=True)]
    sized = [v if t is None else t.abs() * v for v, t in zip(directions, spread, strict=True)]
    return [v if t is None else t.square() * v for v, t in zip(directions, spread, strict=True)], norm(sized)


@dataclass(frozen=True)
class Unnormalised(Ascent):
    """USAM: ``x+ = x + rho g`` (Andriushchenko and Flammarion 2022); rho is no length."""

    name: ClassVar[str] = "USAM"

    def directions(self, weights: Sequence[Weight]) -> Directions:
        directions, size = super().directions(weights)
        return directions, torch.ones_like(size)


@dataclass(frozen=True)
class Fisher(Ascent):
    """Fisher SAM with a diagonal metric: ``x+ = x + rho F^-1 g/sqrt(g F^-1 g)``, ``F = 1 + eta g^2`` (Kim et al. 2022).

    Parameters
    ----------
    eta : float
        Weight of the diagonal; 0 is SAM.
    """

    name: ClassVar[str] = "Fisher SAM"

    eta: float = 1.0

    def __post_init__(self) -> None:
        require(real(self.eta) and self.eta >= 0, "eta", self.eta, "be at least 0")

    def directions(self, weights: Sequence[Weight]) -> Directions:
        gradients = [widened(w.gradient) for w in weights]
        metric = [1 + self.eta * g.square() for g in gradients]
        size = norm([g / f.sqrt() for g, f in zip(gradients, metric, strict=True)])
        return [g / f for g, f in zip(gradients, metric, strict=True)], size


@dataclass(frozen=True)
class Friendly(Ascent):
    """F-SAM: along ``g - sigma m``, ``m`` the moving average of earlier gradients (Li et al. 2024).

    Parameters
    ----------
    sigma : float
        How much of the average is taken away.
    decay : float
        ``m <- decay m + (1 - decay) g``, in [0, 1).
    """

    name: ClassVar[str] = "F-SAM"

    sigma: float = 1.0
    decay: float = 0.9

    def __post_init__(self) -> None:
        require(real(self.sigma), "sigma", self.sigma, "be a number")
        require(real(self.decay) and 0 <= self.decay < 1, "decay", self.decay, "lie in [0, 1)")

    def directions(self, weights: Sequence[Weight]) -> Directions:
        """Return the gradient without the average of those before, which then takes it up; at first the gradient."""
        gradients = [widened(w.gradient) for w in weights]
        if not torch.isfinite(size := norm(gradients)):
            return gradients, size  # x+ = x, and the average stays
        left = []
        for w, g in zip(weights, gradients, strict=True):
            average = w.memory.get("average")
            left.append(g if average is None else g - self.sigma * average)
            w.memory["average"] = g.clone() if average is None else average.lerp_(g, 1 - self.decay)
        return _in_metric(weights, left)


@dataclass(frozen=True)
class VarianceSuppressed(Ascent):
    """VaSSO: along the moving average ``d <- (1 - theta) d + theta g`` (Li and Giannakis 2023).

    Parameters
    ----------
    theta : float
        In (0, 1]; 1 is SAM.
    """

    name: ClassVar[str] = "VaSSO"

    theta: float = 0.2

    def __post_init__(self) -> None:
        require(real(self.theta) and 0 < self.theta <= 1, "theta", self.theta, "lie in (0, 1]")

    def directions(self, weights: Sequence[Weight]) -> Directions:
        gradients = [widened(w.gradient) for w in weights]
        if not torch.isfinite(size := norm(gradients)):
            return gradients, size  # x+ = x, and the average stays
        averages = []
        for w, g in zip(weights, gradients, strict=True):
            average = w.memory.setdefault("average", torch.zeros_like(g))
            average.mul_(1 - self.theta).add_(g, alpha=self.theta)
            averages.append(average)
        return _in_metric(weights, averages)


@dataclass(frozen=True)
class Masked(Ascent):
    """ESAM's stochastic weight perturbation: SAM's step on a random part of the weights (Du et al. 2022).

    Parameters
    ----------
    part : float
        Probability with which a tensor is moved, in (0, 1].
    seed : int
        Of the choice.
    """

    name: ClassVar[str] = "ESAM"

    part: float = 0.6
    seed: int = 0

    def __post_init__(self) -> None:
        require(real(self.part) and 0 < self.part <= 1, "part", self.part, "lie in (0, 1]")
        object.__setattr__(self, "generator", torch.Generator().manual_seed(self.seed))

    def directions(self, weights: Sequence[Weight]) -> Directions:
        """Return SAM's direction, divided by `part`, where the tensor is chosen, and 0 elsewhere."""
        chosen = torch.rand(len(weights), generator=self.generator) < self.part
        directions, size = super().directions(weights)
        return [v / self.part if on else torch.zeros_like(v) for v, on in zip(directions, chosen, strict=True)], size


ASCENTS: dict[str, type[Ascent]] = {
    "sam": Ascent,
    "usam": Unnormalised,
    "fisher": Fisher,
    "friendly": Friendly,
    "vasso": VarianceSuppressed,
    "esam": Masked,
}
"""Those that have a name; what has options can be made by hand."""


def ascent_of(value: object) -> Ascent:
    """Return the ascent that an argument names."""
    if isinstance(value, str) and value in ASCENTS:
        return ASCENTS[value]()
    if isinstance(value, Ascent):
        return value
    raise ArgumentError("ascent", value, f"be one of {', '.join(ASCENTS)}, or an Ascent")
