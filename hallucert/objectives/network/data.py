"""The data of a network, checked and frozen: inputs, targets or labels, and the numbers of the loss."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.arguments import checked_real
from hallucert.arrays import real_array
from hallucert.errors import ArgumentError
from hallucert.exact import exact
from hallucert.objectives.network.layout import Layout

LOSSES = ("squared", "cross_entropy")
OUTPUTS = ("linear", "tanh")


def checked_inputs(inputs: Any, layout: Layout, argument: str = "inputs") -> np.ndarray:
    """Return the inputs as a read-only array (n, p)."""
    p = layout.sizes[0]
    return _frozen(_numbers(inputs, argument, f"be finite numbers of shape (n, {p}), n >= 1", p))


def checked_targets(targets: Any, layout: Layout, samples: int) -> np.ndarray:
    """Return the targets of the squared loss as a read-only array (n, c); for one output (n,) will do."""
    c = layout.sizes[-1]
    must = f"be finite numbers of shape ({samples}, {c})" + f" or ({samples},)" * (c == 1)
    result = _numbers(targets, "targets", must, c, single=c == 1)
    if len(result) != samples:
        raise ArgumentError("targets", f"<array of shape {np.shape(targets)}>", must)
    return _frozen(result)


def checked_labels(targets: Any, layout: Layout, samples: int) -> np.ndarray:
    """Return the labels of the cross-entropy as a read-only array (n,) of int64."""
    if layout.sizes[-1] < 2:
        raise ArgumentError("layer_sizes", layout.sizes, "have at least two outputs for the cross-entropy")
    return checked_classes(targets, layout, samples, "targets")


def checked_classes(labels: Any, layout: Layout, samples: int, argument: str) -> np.ndarray:
    """Return class labels as a read-only array (n,) of int64: the number of an output, or +-1 if there is one."""
    c = layout.sizes[-1]
    must = f"be integer labels from 0 to {c - 1} of shape ({samples},)" if c > 1 else f"be +-1, of shape ({samples},)"
    array = real_array(labels, argument, must, rounded=False)
    if array.shape != (samples,):
        raise ArgumentError(argument, f"<array of shape {array.shape}>", must)
    if not np.isin(array, np.arange(c) if c > 1 else (-1, 1)).all():
        raise ArgumentError(argument, array.tolist(), must)
    return _frozen(array.astype(np.int64))


def checked_weight_decay(value: object) -> Fraction:
    """Return the exact weight decay."""
    result, must = exact(value, "weight_decay"), "be at least 0, and within the range of doubles"
    checked_real(result, "weight_decay", must, lambda number: number >= 0)
    return result


def checked_smoothing(value: object, loss: str) -> Fraction:
    """Return the exact label smoothing."""
    result = exact(value, "label_smoothing")
    if not 0 <= result < 1:
        raise ArgumentError("label_smoothing", value, "be at least 0 and less than 1")
    if result and loss != "cross_entropy":
        raise ArgumentError("label_smoothing", value, 'be 0 unless loss="cross_entropy"')
    return result


def _numbers(values: Any, argument: str, must: str, width: int, single: bool = False) -> np.ndarray:
    """Return a fresh float array of shape (n, width), n >= 1, of exactly these numbers; a `single` column may be flat.

    The data are part of the function that theorems are about, and kept as doubles: others are refused, not rounded.
    """
    array = real_array(values, argument, must, rounded=False)
    if single and array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != width or not len(array):
        raise ArgumentError(argument, f"<array of shape {array.shape}>", must)
    return array


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array
