"""Does a network give the same answer to every sample? SAM can get stuck at such points, mostly saddles or plateaus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hallucert.objectives.network import TanhNetwork
from hallucert.objectives.objective import Objective

SAME = 1e-2
"""Outputs whose spread over the samples is this part of what the targets ask for are the same: far less than a network
that learned anything, far more than a run that has not quite ended at a constant."""

NO_BETTER = 1e-3
"""A loss that differs from the best constant's by this part of it is no better: the network has learned nothing yet."""

TRAINED = 1e-2
"""A loss of at most this part of the best constant's: the network has learned its samples."""


@dataclass(frozen=True)
class ConstantPredictor:
    """A network's answers compared with the best constant one.

    Attributes
    ----------
    spread : float
        Largest difference between the outputs of two samples, against that of the targets (squared loss), against 1 for
        the log-odds of cross-entropy.
    loss : float
        The loss without weight decay.
    best_loss : float
        The least loss of a constant: squared loss, half the variance of the targets; cross-entropy, the entropy of the
        mean label.
    """

    spread: float
    loss: float
    best_loss: float

    @property
    def constant(self) -> bool:
        """Whether the outputs are equal on all samples (to `SAME`)."""
        return self.spread <= SAME

    @property
    def trained(self) -> bool:
        """Whether the loss is a small part of the best constant's (`TRAINED`)."""
        return self.loss <= TRAINED * self.best_loss

    @property
    def no_better(self) -> bool:
        """Whether the loss is that of the best constant (to `NO_BETTER`), whatever the outputs."""
        return abs(self.loss - self.best_loss) <= NO_BETTER * self.best_loss


def constant_predictor(f: Objective, x: np.ndarray) -> ConstantPredictor | None:
    """Compare the outputs of a network at parameters `x` (d,) with constants.

    None if ``f`` is no network, or has one sample, or targets that are all the same, so that a constant is right.
    """
    if not isinstance(f, TanhNetwork):
        return None
    outputs = f.predict(x)
    loss = f.value(x) - 0.5 * float(f.weight_decay) * float(x @ x)
    if f.loss == "squared":
        asked = float(np.ptp(f.targets, axis=0).max())
        mean = f.targets.mean(axis=0)
        if f.output == "tanh":
            mean = mean.clip(-1, 1)
        best = float(((f.targets - mean) ** 2).sum()) / (2 * len(f.targets))
    else:
        asked = float(len(np.unique(f.targets)) > 1)
        classes, smoothing = f.layer_sizes[-1], float(f.label_smoothing)
        share = np.bincount(f.targets, minlength=classes) / len(f.targets)
        share = (1 - smoothing) * share + smoothing / classes
        best = -float(sum(p * np.log(p) for p in share if p > 0))
        # Only differences of outputs matter to softmax.
        outputs = outputs - outputs.mean(axis=1, keepdims=True)
    if asked == 0:
        return None
    return ConstantPredictor(float(np.ptp(outputs, axis=0).max()) / asked, loss, best)
