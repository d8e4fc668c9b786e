"""What a network answers, in floats: outputs on its samples or on other data, and how many are right."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.objectives.floats import answer, checked_points
from hallucert.objectives.network.data import checked_inputs, checked_labels
from hallucert.objectives.network.layout import Training
from hallucert.objectives.network.structure import outputs_program
from hallucert.objectives.program.floats import FloatPlan

if TYPE_CHECKING:
    from hallucert.objectives.network.tanh_network import TanhNetwork


def outputs_on(training: Training, x: np.ndarray, inputs: np.ndarray | None = None) -> np.ndarray:
    """Return the outputs (k, n, c) at lanes (k, d), on the samples of a network or on other inputs."""
    arrays = [array for pair in training.layout.split(x) for array in pair]
    plan = _plan(training) if inputs is None else FloatPlan(outputs_program(training, inputs), [True] * len(arrays))
    return plan.on_lanes(arrays, len(x))[0]


@lru_cache(maxsize=8)
def _plan(training: Training) -> FloatPlan:
    """Return the plan of the outputs on the network's own samples."""
    program = outputs_program(training, training.inputs)
    return FloatPlan(program, [True] * len(program.inputs))


def shares_right(training: Training, x: np.ndarray, inputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return for lanes (k, d) which fraction of data is classified correctly, (k,)."""
    outputs = outputs_on(training, x, inputs)
    found = outputs.argmax(axis=-1) if outputs.shape[-1] > 1 else np.sign(outputs[..., 0])
    return (found == labels).mean(axis=-1)


# ---------------------------------------------------------------------- methods of `TanhNetwork`


def predict(self: TanhNetwork, x: object, inputs: object = None) -> np.ndarray:
    """Return the network's outputs.

    Parameters
    ----------
    x : (d,) or (k, d) array
        Parameters.
    inputs : (n, p) array, optional
        Data; by default the samples of the objective.

    Returns
    -------
    (n, c) or (k, n, c) array

    Raises
    ------
    ArgumentError
        If an array has the wrong shape or is not finite.
    """
    lanes, single = checked_points(self, x)
    data = None if inputs is None else checked_inputs(inputs, self.training.layout)
    return answer(self, lanes, outputs_on(self.training, lanes, data), single)


def accuracy(self: TanhNetwork, x: object, inputs: object, labels: object) -> Any:
    """Return which fraction of data is classified correctly: a float, or shape (k,) for lanes.

    Parameters
    ----------
    x : (d,) or (k, d) array
        Parameters.
    inputs : (n, p) array
        The data.
    labels : (n,) array of int
        The number of the right output, which must be the largest; for a network with one output its sign, +-1.

    Returns
    -------
    float or (k,) array

    Raises
    ------
    ArgumentError
        If an array has the wrong shape, or `labels` are no classes of this network.
    """
    lanes, single = checked_points(self, x)
    data = checked_inputs(inputs, self.training.layout)
    shares = shares_right(self.training, lanes, data, checked_labels(labels, self.training.layout, len(data), "labels"))
    return float(shares[0]) if single else shares
