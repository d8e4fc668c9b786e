"""Layers that normalize, in PyTorch: whose running statistics a pass updates, and ascents that move only these."""

from __future__ import annotations

import torch

from hallucert.errors import ArgumentError, require
from hallucert.training.guard import State

BATCHNORM = ("both", "first", "second")
"""Which pass updates running statistics."""

NORMALIZATIONS = (
    torch.nn.modules.batchnorm._BatchNorm,
    torch.nn.LayerNorm,
    torch.nn.GroupNorm,
    torch.nn.modules.instancenorm._InstanceNorm,
    torch.nn.RMSNorm,
)


class RunningStatistics:
    """Running statistics of batch normalization, which one of the two passes may leave alone."""

    def __init__(self, model: torch.nn.Module | None, which: str) -> None:
        if which != "both" and not isinstance(model, torch.nn.Module):
            raise ArgumentError("model", model, f'be the network, for batchnorm="{which}"')
        self.which = which
        layers = [] if model is None or which == "both" else list(model.modules())
        self._layers = [m for m in layers if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
        self._frozen: list[torch.nn.modules.batchnorm._BatchNorm] = []
        if which == "second":
            self._freeze()

    def _freeze(self) -> None:
        """Leave statistics and the count of batches alone; passes in evaluation use them all the same."""
        self._frozen = [layer for layer in self._layers if layer.track_running_stats]
        for layer in self._frozen:
            layer.track_running_stats = False

    def _release(self) -> None:
        for layer in self._frozen:
            layer.track_running_stats = True
        self._frozen = []

    def enter_second(self) -> None:
        """Between the passes, on the way to ``x+``."""
        if self.which == "first" and not self._frozen:
            self._freeze()
        elif self.which == "second":
            self._release()

    def leave_second(self) -> None:
        """After the second pass."""
        if self.which == "first":
            self._release()
        elif self.which == "second" and not self._frozen:
            self._freeze()


def normalization_only(model: torch.nn.Module) -> list[State]:
    """Return groups of parameters in which only those of normalization layers are moved by ascents (SAM-ON).

    Source: Mueller et al., 2023.
    """
    require(isinstance(model, torch.nn.Module), "model", model, "be a module of PyTorch")
    norms = {p for m in model.modules() if isinstance(m, NORMALIZATIONS) for p in m.parameters(recurse=False)}
    others = [p for p in model.parameters() if p not in norms]
    return [{"params": [p for p in model.parameters() if p in norms]}, {"params": others, "perturb": False}]
