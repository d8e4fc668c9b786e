"""Random starting parameters of a network, from explicit seeds."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.objectives.network_layout import Layout

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
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        raise ArgumentError("seed", seed, "be a nonnegative integer")
    if scheme not in SCHEMES:
        raise ArgumentError("scheme", scheme, f"be one of {', '.join(SCHEMES)}")
    if isinstance(gain, bool) or not isinstance(gain, Real) or not 0 < gain < math.inf:
        raise ArgumentError("gain", gain, "be finite and positive")
    if count is not None and (isinstance(count, bool) or not isinstance(count, Integral) or count < 1):
        raise ArgumentError("count", count, "be a positive integer or None")
    rows = np.zeros((1 if count is None else int(count), layout.dimension))
    for number, row in enumerate(rows):
        _fill(row, layout, np.random.default_rng((int(seed), number)), scheme, float(gain))
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
