"""How the parameters of a network lie in one flat vector: layer by layer, weights row-major (out x in), then bias."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hallucert.arguments import checked_items
from hallucert.errors import ArgumentError
from hallucert.exact import whole

MAX_LAYERS = 100
MAX_PARAMETERS = 2**26
"""Half a gigabyte of doubles; a certificate may have far fewer, see `reading.MAX_VARIABLES`."""


@dataclass(frozen=True)
class Layer:
    """One affine map of the network: ``z = W a + b``.

    Attributes
    ----------
    inputs, outputs : int
        Width of ``a`` and of ``z``.
    start : int
        Where its weights begin in the flat vector.
    """

    inputs: int
    outputs: int
    start: int

    @property
    def bias_start(self) -> int:
        """Where its bias begins."""
        return self.start + self.inputs * self.outputs

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.bias_start + self.outputs


@dataclass(frozen=True)
class Layout:
    """The layers of a network of given widths.

    Attributes
    ----------
    sizes : tuple of int
        Widths, from the inputs to the outputs.
    """

    sizes: tuple[int, ...]

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The affine maps, in order."""
        found, start = list[Layer](), 0
        for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False):
            found.append(Layer(inputs, outputs, start))
            start = found[-1].end
        return tuple(found)

    @property
    def dimension(self) -> int:
        """Number of parameters."""
        return self.layers[-1].end

    def split(self, x: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return views ``W`` (..., out, in) and ``b`` (..., out) of flat parameters (..., d), for each layer."""
        lead = x.shape[:-1]
        return [
            (x[..., c.start : c.bias_start].reshape(*lead, c.outputs, c.inputs), x[..., c.bias_start : c.end])
            for c in self.layers
        ]

    def split_rows(self, x: Sequence[Any]) -> list[tuple[list[list[Any]], list[Any]]]:
        """Do what `split` does for a plain sequence of values of any kind; matrices are lists of rows."""
        return [
            (
                [list(x[c.start + i * c.inputs : c.start + (i + 1) * c.inputs]) for i in range(c.outputs)],
                list(x[c.bias_start : c.end]),
            )
            for c in self.layers
        ]

    def names(self) -> Iterator[str]:
        """Yield the parameters' names: ``W2_1_3`` is the weight of layer 2 from unit 3 to unit 1, all from 1."""
        for number, layer in enumerate(self.layers, 1):
            for i in range(1, layer.outputs + 1):
                for j in range(1, layer.inputs + 1):
                    yield f"W{number}_{i}_{j}"
            for i in range(1, layer.outputs + 1):
                yield f"b{number}_{i}"


def checked_layout(layer_sizes: object, argument: str = "layer_sizes") -> Layout:
    """Return the layout of the given widths.

    Raises
    ------
    ArgumentError
        If they are not two or more positive integers, or too many parameters.
    """
    must = f"be 2 to {MAX_LAYERS} positive integers, from the number of inputs to the number of outputs"
    sizes = [whole(size) for size in checked_items(layer_sizes, argument, must)]
    widths = tuple(size for size in sizes if size is not None and size >= 1)
    if not 2 <= len(sizes) <= MAX_LAYERS or len(widths) < len(sizes):
        raise ArgumentError(argument, layer_sizes, must)
    layout = Layout(widths)
    if layout.dimension > MAX_PARAMETERS:
        raise ArgumentError(argument, layer_sizes, f"have at most {MAX_PARAMETERS} parameters")
    return layout
