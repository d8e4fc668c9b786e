"""What an objective is the training loss of: data, loss, and the outputs, for what only networks can be asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hallucert.objectives.objective import Objective


@dataclass(frozen=True, eq=False)
class Supervised:
    """A network and what it is trained on, in floats: `inputs` (n, ...), `targets` (n, c), or labels (n,).

    The `loss` is "squared" or "cross_entropy", `scale` the ``n`` in ``(1/2n) |r|^2``, `classes` the number of outputs
    of a sample, which are `bounded` if they lie between -1 and 1; `compute` takes parameters (d,) to outputs, a row or
    array for each sample.
    """

    inputs: np.ndarray
    targets: np.ndarray
    loss: str
    classes: int
    scale: float
    weight_decay: float
    label_smoothing: float
    bounded: bool
    compute: Callable[[np.ndarray], np.ndarray]

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs (n, c) at parameters (d,)."""
        return self.compute(x).reshape(len(self.inputs), -1)

    @property
    def lacks_decay(self) -> bool:
        """Whether this is a cross-entropy without weight decay, which may fall towards an infimum at infinity."""
        return self.loss == "cross_entropy" and not self.weight_decay


def supervised_of(f: Objective) -> Supervised | None:
    """Return what an objective is the training loss of: what its reader noted, or a tanh network; None otherwise."""
    if f.supervised is not None:
        return f.supervised
    from hallucert.objectives.network.floats import outputs_on
    from hallucert.objectives.network.structure import training_of

    network = training_of(f)
    if network is None:
        return None
    return Supervised(
        network.inputs,
        network.targets,
        network.loss,
        network.layer_sizes[-1],
        float(len(network.inputs) / network.factor),
        float(network.weight_decay),
        float(network.label_smoothing),
        network.bounded,
        lambda x: outputs_on(network, x[None])[0],
    )


def noted(
    data: tuple[np.ndarray, np.ndarray] | None,
    loss: str | None,
    scale: float,
    decay: float,
    smoothing: float,
    outputs: Callable[[np.ndarray], np.ndarray],
    start: np.ndarray,
) -> Supervised | None:
    """Return what a reader of a framework knows, if its loss is one of ours and outputs come one row a sample."""
    if data is None or loss is None:
        return None
    inputs, targets = data
    shape = outputs(start).shape
    if len(shape) < 1 or shape[0] != len(inputs):
        return None

    classes = int(np.prod(shape[1:], dtype=int))
    if loss == "squared":
        targets = targets.reshape(len(inputs), -1).astype(float)
        if targets.shape[1] != classes:
            return None
    elif len(shape) != 2 or targets.shape != (len(inputs),) or targets.dtype.kind != "i":
        return None
    return Supervised(inputs, targets, loss, classes, scale, decay, smoothing, False, outputs)
