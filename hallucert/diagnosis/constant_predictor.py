"""Does a network give the same answer to every sample? SAM can get stuck at such points, mostly saddles or plateaus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hallucert.objectives.network.supervised import Supervised, supervised_of
from hallucert.objectives.objective import Objective

SAME = 1e-2
"""Outputs whose spread over the samples is this part of what the targets ask for are the same: far less than a network
that learned anything, far more than a run that has not quite ended at a constant."""

NO_BETTER = 1e-3
"""A loss that differs from the best constant's by this part of it is no better: the network has learned nothing yet."""

HARDLY = 1e-2
"""Of the way from the best constant's loss to the least that any network has, so little is hardly anything."""

EQUAL = 1e-12
"""Losses that differ by this part are equal but for rounding."""

TRAINED = 1e-2
"""Of a value, this part of the best constant's loss is near zero; of the way from that loss to the least that any
network has, so little is left to a network that has learned its samples."""


@dataclass(frozen=True)
class ConstantPredictor:
    """A network's answers compared with the best constant one.

    ``f`` has a `value`, and a `loss` without weight decay, `decayed` if there is some. The least loss of a constant is,
    for squared loss, half the variance of the targets, for cross-entropy the entropy of the mean label; no function of
    the inputs has less than `floor`, the loss of the best constant on each set of equal inputs. `spread` is the largest
    difference between the outputs of two samples, against that of the targets, or against 1 for the log-odds of
    cross-entropy. The loss is `endless` if cross-entropy falls to zero, and never is, as the last layer grows: every
    sample is classified right.
    """

    spread: float
    value: float
    loss: float
    best_loss: float
    floor: float
    decayed: bool
    endless: bool

    @property
    def constant(self) -> bool:
        """Whether the outputs are equal on all samples (to `SAME`)."""
        return self.spread <= SAME

    @property
    def learned(self) -> bool:
        """Whether the loss is near the least that any network has (`TRAINED`), whatever the weight decay."""
        return self.loss - self.floor <= TRAINED * (self.best_loss - self.floor)

    @property
    def trained(self) -> bool:
        """Whether the value, with weight decay, is near zero (`TRAINED`)."""
        return self.value <= TRAINED * self.best_loss

    @property
    def hardly_better(self) -> bool:
        """Whether the loss is near that of the best constant (`HARDLY`), whatever the outputs and the weight decay."""
        return abs(self.best_loss - self.loss) <= HARDLY * (self.best_loss - self.floor)

    @property
    def no_better(self) -> bool:
        """Whether the loss is that of the best constant (to `NO_BETTER`), whatever the outputs."""
        return abs(self.loss - self.best_loss) <= NO_BETTER * self.best_loss


def constant_predictor(f: Objective, x: np.ndarray) -> ConstantPredictor | None:
    """Compare the outputs of a network at parameters `x` (d,) with constants.

    None if ``f`` is no network, or has one sample, or data for which a constant is right: equal targets, or inputs that
    do not tell them apart.
    """
    network = supervised_of(f)
    if network is None:
        return None
    value, decay = f.value(x), network.weight_decay
    loss = value - 0.5 * decay * float(x @ x)
    everything = np.zeros(len(network.inputs), int)
    best = _least_loss(network, everything)
    rows = network.inputs.reshape(len(network.inputs), -1)
    floor = _least_loss(network, np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1))
    if best - floor <= EQUAL * best:
        return None
    floor = floor if floor > EQUAL * best else 0.0
    outputs, asked = network.outputs(x), 1.0
    hard = network.lacks_decay and not network.label_smoothing and not network.bounded
    if network.loss == "squared":
        asked = float(np.ptp(network.targets, axis=0).max())
    else:
        # Only differences of outputs matter to softmax.
        outputs = outputs - outputs.mean(axis=1, keepdims=True)
    spread = float(np.ptp(outputs, axis=0).max()) / asked
    return ConstantPredictor(spread, value, loss, best, floor, decay > 0, hard and _all_right(network, outputs))


def _least_loss(f: Supervised, group: np.ndarray) -> float:
    """Return the least loss of functions that are constant on each `group` of samples, numbers of shape (n,)."""
    wanted = f.targets if f.loss == "squared" else _labels(f)
    sizes = np.bincount(group).astype(float)
    means = np.stack([np.bincount(group, column) for column in wanted.T], axis=1) / sizes[:, None]
    if f.loss == "squared":
        if f.bounded:
            means = means.clip(-1, 1)
        return float(((wanted - means[group]) ** 2).sum()) / (2 * f.scale)
    positive = means > 0
    entropies = -np.where(positive, means * np.log(np.where(positive, means, 1.0)), 0.0).sum(axis=1)
    return float(sizes @ entropies) / len(wanted)


def _labels(f: Supervised) -> np.ndarray:
    """Return the smoothed labels of cross-entropy, shape (n, c)."""
    classes, smoothing = f.classes, f.label_smoothing
    return (1 - smoothing) * np.eye(classes)[f.targets] + smoothing / classes


def _all_right(f: Supervised, outputs: np.ndarray) -> bool:
    """Tell whether the output of its label is the only largest one on every sample."""
    right = np.eye(f.classes, dtype=bool)[f.targets]
    return bool((outputs[right][:, None] > outputs[~right].reshape(len(outputs), -1)).all())
