"""What SAM and its variants descend along, given ``g`` at ``x`` and ``g+`` at ``x+``, in PyTorch.

A descent gets both gradients of each weight and changes that at ``x+`` in place to what the base optimizer shall see.
Those that need the gradient at ``x`` say so; only then a copy of it is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from hallucert.errors import ArgumentError, require
from hallucert.training.ascents import Memory, Tensor, widened
from hallucert.training.guard import real


@dataclass(frozen=True)
class Pair:
    """The gradients of one weight at ``x`` (None if it had none) and at ``x+``, and what is remembered of it."""

    first: Tensor | None
    second: Tensor
    memory: Memory


class Descent:
    """SAM: ``x <- x - eta g(x+)``, or what the base optimizer makes of this gradient."""

    name: ClassVar[str] = "SAM"
    needs_first: ClassVar[bool] = False

    def ascends(self, step: int) -> bool:
        """Tell whether there is an ascent in this step, counted from 0."""
        return True

    def combine(self, pairs: Sequence[Pair]) -> None:
        """Change the gradients at ``x+`` in place."""

    def replace(self, pairs: Sequence[Pair]) -> None:
        """Change the gradients at ``x`` in place, in a step without ascent."""


def dot(a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
    """Return the scalar product of all entries together, on the device of the first tensor."""
    home = a[0].device
    products = [(widened(x) * widened(y)).sum().to(home) for x, y in zip(a, b, strict=True)]
    return torch.stack(products).sum()


def both(pairs: Sequence[Pair]) -> tuple[list[Tensor], list[Tensor]]:
    """Return the gradients at ``x`` and at ``x+`` of the weights that have both."""
    found = [(p.first, p.second) for p in pairs if p.first is not None]
    return [first for first, _ in found], [second for _, second in found]


def _share(a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
    """Return ``a.b/|b|^2``, 0 where b is."""
    square = dot(b, b)
    return torch.where(square > 0, dot(a, b) / square, torch.zeros_like(square))


@dataclass(frozen=True)
class SurrogateGap(Descent):
    """GSAM: along ``g+ - alpha g_v``, ``g_v`` the part of ``g`` that is orthogonal to ``g+`` (Zhuang et al. 2022).

    Fixed points need ``g+ = alpha g_v``, both orthogonal: so ``g+ = 0`` and ``g = 0``. No hallucinated point is one;
    runs hover near them, since ``g_v`` is small only where ``g`` is.

    Parameters
    ----------
    alpha : float
        In [0, 1); 0 is SAM.
    """

    name: ClassVar[str] = "GSAM"
    needs_first: ClassVar[bool] = True

    alpha: float = 0.4

    def __post_init__(self) -> None:
        require(real(self.alpha) and 0 <= self.alpha < 1, "alpha", self.alpha, "lie in [0, 1)")

    def combine(self, pairs: Sequence[Pair]) -> None:
        first, second = both(pairs)
        if not first:
            return
        share = _share(first, second)
        for g, plus in zip(first, second, strict=True):
            plus.sub_(self.alpha * (g - share.to(g) * plus))


@dataclass(frozen=True)
class Weighted(Descent):
    """WSAM: along ``(1 - w) g + w g+`` with ``w = gamma/(1 - gamma)`` (Yue et al. 2023, coupled form).

    ``gamma = 1/2`` is SAM. Fixed points have ``g(x+) = -((1 - w)/w) g(x)``.

    Parameters
    ----------
    gamma : float
        In (0, 1).
    """

    name: ClassVar[str] = "WSAM"
    needs_first: ClassVar[bool] = True

    gamma: float = 0.9

    def __post_init__(self) -> None:
        require(real(self.gamma) and 0 < self.gamma < 1, "gamma", self.gamma, "lie in (0, 1)")

    def combine(self, pairs: Sequence[Pair]) -> None:
        weight = self.gamma / (1 - self.gamma)
        for pair in pairs:
            pair.second.mul_(weight)
            if pair.first is not None:
                pair.second.add_(pair.first, alpha=1 - weight)


@dataclass(frozen=True)
class Look(Descent):
    """LookSAM: SAM in every k-th step, between them ``g + alpha (|g|/|g_v|) g_v`` (Liu et al. 2022).

    ``g_v`` is what is orthogonal to ``g`` in the last ``g+``.

    Parameters
    ----------
    every : int
        k; 1 is SAM.
    alpha : float
        Weight of the remembered part.
    """

    name: ClassVar[str] = "LookSAM"
    needs_first: ClassVar[bool] = True

    every: int = 5
    alpha: float = 0.7

    def __post_init__(self) -> None:
        if isinstance(self.every, bool) or not isinstance(self.every, int) or self.every < 1:
            raise ArgumentError("every", self.every, "be an integer of at least 1")
        require(real(self.alpha), "alpha", self.alpha, "be a number")

    def ascends(self, step: int) -> bool:
        """Tell whether it is a k-th step."""
        return step % self.every == 0

    def combine(self, pairs: Sequence[Pair]) -> None:
        """Remember the part of ``g+`` that is orthogonal to ``g``."""
        first, second = both(pairs)
        if not first:
            return
        share = _share(second, first)
        for pair in pairs:
            if pair.first is not None:
                pair.memory["orthogonal"] = pair.second - share.to(pair.second) * pair.first

    def replace(self, pairs: Sequence[Pair]) -> None:
        """Add the remembered part, scaled to the gradient."""
        known = [pair for pair in pairs if "orthogonal" in pair.memory]
        if not known:
            return
        gradients, kept = [p.second for p in known], [p.memory["orthogonal"] for p in known]
        size = dot(kept, kept).sqrt()
        scale = torch.where(size > 0, dot(gradients, gradients).sqrt() / size, torch.zeros_like(size))
        for g, v in zip(gradients, kept, strict=True):
            g.add_(self.alpha * scale.to(v) * v)


DESCENTS: dict[str, type[Descent]] = {"sam": Descent, "gsam": SurrogateGap, "wsam": Weighted, "looksam": Look}
"""Those that have a name; what has options can be made by hand."""


def descent_of(value: object) -> Descent:
    """Return the descent that an argument names."""
    if isinstance(value, str) and value in DESCENTS:
        return DESCENTS[value]()
    if isinstance(value, Descent):
        return value
    raise ArgumentError("descent", value, f"be one of {', '.join(DESCENTS)}, or a Descent")
