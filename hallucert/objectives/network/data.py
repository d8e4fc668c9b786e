"""What users give for a network: its widths, its data and the numbers of its loss, checked; and where it starts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hallucert.arguments import checked_items, checked_real, checked_whole
from hallucert.arrays import real_array
from hallucert.errors import ArgumentError, require
from hallucert.exact import exact, whole
from hallucert.objectives.network.layout import LOSSES, MAX_LAYERS, OUTPUTS, Layout, Training
from hallucert.settings import checked_choice

if TYPE_CHECKING:
    from hallucert.objectives.network.tanh_network import TanhNetwork

MAX_PARAMETERS = 2**26
"""Half a gigabyte of doubles; a certificate may have far fewer, see `tanh_network.MOST_PARAMETERS`."""

SCHEMES = ("uniform_fan_in", "xavier", "normal")


def checked_training(
    layer_sizes: object,
    inputs: object,
    targets: object,
    loss: object,
    weight_decay: object,
    label_smoothing: object,
    output: object,
) -> Training:
    """Return what a network is made of; ArgumentError names what is wrong."""
    layout = checked_layout(layer_sizes)
    loss = checked_choice(loss, LOSSES, "loss")
    output = checked_choice(output, OUTPUTS, "output")
    data = checked_inputs(inputs, layout)
    decay, must = exact(weight_decay, "weight_decay"), "be at least 0, and within the range of doubles"
    checked_real(decay, "weight_decay", must, lambda number: number >= 0)
    smoothing = exact(label_smoothing, "label_smoothing")
    require(0 <= smoothing < 1, "label_smoothing", label_smoothing, "be at least 0 and less than 1")
    if smoothing and loss != "cross_entropy":
        raise ArgumentError("label_smoothing", label_smoothing, 'be 0 unless loss="cross_entropy"')
    if loss == "squared":
        wanted = _targets(targets, layout.sizes[-1], len(data))
    elif layout.sizes[-1] < 2:
        raise ArgumentError("layer_sizes", layout.sizes, "have at least two outputs for the cross-entropy")
    else:
        wanted = checked_labels(targets, layout, len(data), "targets")
    return Training(layout, data, wanted, loss, decay, smoothing, output)


def checked_layout(layer_sizes: object, argument: str = "layer_sizes") -> Layout:
    """Return the layout of the given widths: two or more positive integers, not too many parameters."""
    must = f"be 2 to {MAX_LAYERS} positive integers, from the number of inputs to the number of outputs"
    sizes = [whole(size) for size in checked_items(layer_sizes, argument, must)]
    widths = tuple(size for size in sizes if size is not None and size >= 1)
    require(2 <= len(sizes) <= MAX_LAYERS and len(widths) >= len(sizes), argument, layer_sizes, must)
    layout = Layout(widths)
    require(layout.dimension <= MAX_PARAMETERS, argument, layer_sizes, f"have at most {MAX_PARAMETERS} parameters")
    return layout


def checked_inputs(inputs: object, layout: Layout, argument: str = "inputs") -> np.ndarray:
    """Return the inputs as a read-only array (n, p)."""
    p = layout.sizes[0]
    return _numbers(inputs, argument, f"be finite numbers of shape (n, {p}), n >= 1", p)


def _targets(targets: object, c: int, samples: int) -> np.ndarray:
    """Return the targets of the squared loss as a read-only array (n, c); for one output (n,) will do."""
    must = f"be finite numbers of shape ({samples}, {c})" + f" or ({samples},)" * (c == 1)
    result = _numbers(targets, "targets", must, c, single=c == 1)
    require(len(result) == samples, "targets", f"<array of shape {result.shape}>", must)
    return result


def checked_labels(labels: object, layout: Layout, samples: int, argument: str) -> np.ndarray:
    """Return class labels as a read-only array (n,) of int64: the number of an output, or +-1 if there is one."""
    c = layout.sizes[-1]
    must = f"be integer labels from 0 to {c - 1} of shape ({samples},)" if c > 1 else f"be +-1, of shape ({samples},)"
    array = real_array(labels, argument, must, rounded=False)
    require(array.shape == (samples,), argument, f"<array of shape {array.shape}>", must)
    if not np.isin(array, np.arange(c) if c > 1 else (-1, 1)).all():
        raise ArgumentError(argument, array.tolist(), must)
    return _frozen(array.astype(np.int64))


def _numbers(values: object, argument: str, must: str, width: int, single: bool = False) -> np.ndarray:
    """Return a read-only float array of shape (n, width), n >= 1, of exactly these numbers; a `single` column is flat.

    The data are part of the function that theorems are about, and kept as doubles: others are refused, not rounded.
    """
    array = real_array(values, argument, must, rounded=False)
    if single and array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != width or not len(array):
        raise ArgumentError(argument, f"<array of shape {array.shape}>", must)
    return _frozen(array)


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


def initial(
    self: TanhNetwork, seed: int, scheme: str = "uniform_fan_in", gain: float = 1.0, count: int | None = None
) -> np.ndarray:
    """Return random starting parameters, shape (d,) or (count, d).

    Parameters
    ----------
    seed : int
        Row ``i`` depends on `seed` and ``i`` alone; without `count` it is row 0.
    scheme : {"uniform_fan_in", "xavier", "normal"}
        Layers with ``p`` inputs and ``o`` outputs get weights and biases uniform below ``gain/sqrt(p)`` (PyTorch's
        rule); or weights uniform below ``gain sqrt(6/(p + o))``, or normal with deviation ``gain/sqrt(p)``, with
        biases 0.
    gain : float
        Positive factor.
    count : int, optional
        Number of rows.

    Returns
    -------
    (d,) or (count, d) array

    Raises
    ------
    ArgumentError
        If an argument is out of its range.
    """
    seed = checked_whole(seed, 0, "seed")
    scheme = checked_choice(scheme, SCHEMES, "scheme")
    gain = checked_real(gain, "gain", "be finite and positive", lambda number: number > 0)
    largest = MAX_PARAMETERS // self.dimension
    rows = np.zeros((1 if count is None else checked_whole(count, 1, "count", largest), self.dimension))
    for number, row in enumerate(rows):
        _fill(row, self.training.layout, np.random.default_rng((seed, number)), scheme, gain)
    return rows[0] if count is None else rows


def _fill(row: np.ndarray, layout: Layout, generator: np.random.Generator, scheme: str, gain: float) -> None:
    for layer, (w, b) in zip(layout.layers, layout.split(row), strict=True):
        fan_in, fan_out = layer.inputs, layer.outputs
        if scheme == "normal":
            w[...] = generator.normal(0.0, gain / math.sqrt(fan_in), w.shape)
        elif scheme == "xavier":
            bound = gain * math.sqrt(6 / (fan_in + fan_out))
            w[...] = generator.uniform(-bound, bound, w.shape)
        else:
            bound = gain / math.sqrt(fan_in)
            w[...] = generator.uniform(-bound, bound, w.shape)
            b[...] = generator.uniform(-bound, bound, b.shape)
