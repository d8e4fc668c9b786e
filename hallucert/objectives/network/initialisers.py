"""Random starting parameters of a network, from explicit seeds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hallucert.arguments import checked_choice, checked_real, checked_whole
from hallucert.objectives.network.layout import MAX_PARAMETERS, Layout

SCHEMES = ("uniform_fan_in", "xavier", "normal")


def initial_parameters(layout: Layout, seed: int, scheme: str, gain: float, count: int | None) -> np.ndarray:
    """Return parameters of shape (d,), or (count, d).

    Row ``i`` comes from a generator seeded with ``(seed, i)``: it does not depend on `count`, and the single vector is
    row 0. With ``p`` inputs and ``o`` outputs of a layer:

    ================  ====================================  =================
    scheme            weights                               bias
    ================  ====================================  =================
    uniform_fan_in    uniform, ``|w| < gain/sqrt(p)``       the same
    xavier            uniform, ``|w| < gain sqrt(6/(p+o))`` 0
    normal            normal, deviation ``gain/sqrt(p)``    0
    ================  ====================================  =================
    """
    seed = checked_whole(seed, 0, "seed")
    scheme = checked_choice(scheme, SCHEMES, "scheme")
    gain = checked_real(gain, "gain", "be finite and positive", lambda number: number > 0)
    largest = MAX_PARAMETERS // layout.dimension
    rows = np.zeros((1 if count is None else checked_whole(count, 1, "count", largest), layout.dimension))
    for number, row in enumerate(rows):
        _fill(row, layout, np.random.default_rng((seed, number)), scheme, gain)
    return rows[0] if count is None else rows


def _fill(row: np.ndarray, layout: Layout, generator: Any, scheme: str, gain: float) -> None:
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
