"""How the parameters of a network lie in one flat vector, layer by layer, weights row-major (out x in), then bias."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

LOSSES = ("squared", "cross_entropy")
OUTPUTS = ("linear", "tanh")
MAX_LAYERS = 100


@dataclass(frozen=True)
class Layer:
    """One affine map of the network, ``z = W a + b``; the widths of ``a`` and ``z``, and where its weights begin."""

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
    """The layers of a network of given widths, from the inputs to the outputs."""

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


@dataclass(frozen=True, eq=False)
class Training:
    """A network and its data, checked: what `TanhNetwork` is made of. `targets` are (n, c), or (n,) labels.

    The squared error is ``(factor/2n) sum_i |o_i - y_i|^2`` over the ``n`` samples: the factor of means over samples
    and outputs is 2/c.
    """

    layout: Layout
    inputs: np.ndarray
    targets: np.ndarray
    loss: str
    weight_decay: Fraction
    label_smoothing: Fraction
    output: str
    factor: Fraction = Fraction(1)

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Widths from inputs to outputs."""
        return self.layout.sizes

    @property
    def dimension(self) -> int:
        """Number of parameters."""
        return self.layout.dimension

    @property
    def bounded(self) -> bool:
        """Whether the last layer has a tanh, too."""
        return self.output == "tanh"

    @property
    def lacks_decay(self) -> bool:
        """Whether this is a cross-entropy without weight decay, which may fall towards an infimum at infinity."""
        return self.loss == "cross_entropy" and not self.weight_decay
