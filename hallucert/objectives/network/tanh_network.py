"""Tanh networks: the training loss as a function of the flat parameter vector.

The floats are in `network_floats`, the balls in `network_enclosures`, the losses in `network_losses`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from hallucert.arguments import checked_choice, checked_text
from hallucert.errors import ArgumentError
from hallucert.exact import Exact, format_dyadic, format_rational
from hallucert.objectives.floats import answer, checked_points
from hallucert.objectives.network.data import (
    LOSSES,
    OUTPUTS,
    checked_classes,
    checked_inputs,
    checked_labels,
    checked_smoothing,
    checked_targets,
    checked_weight_decay,
)
from hallucert.objectives.network.enclosures import BallNetwork
from hallucert.objectives.network.floats import FloatNetwork
from hallucert.objectives.network.hessian import HessianSum
from hallucert.objectives.network.initialisers import initial_parameters
from hallucert.objectives.network.jets import second_derivative
from hallucert.objectives.network.layout import Layout, checked_layout
from hallucert.objectives.network.losses import CrossEntropyLoss, Loss, SquaredLoss
from hallucert.objectives.objective import Objective

SLICE = 2**23
"""Numbers in the widest activation of the lanes that are evaluated together: 64 megabytes."""


class TanhNetwork(Objective):
    """The training loss of a fully connected tanh network with biases.

    Its ``d`` variables are the parameters, layer by layer, each layer's weights row-major (out x in), then its bias.
    With ``o_i`` the outputs on sample ``i`` of ``n``::

        f = (1/2n) sum_i |o_i - y_i|^2 + (w/2) |theta|^2            squared; n counts samples, not residuals
        f = (1/n) sum_i -log softmax(o_i)[y_i] + (w/2) |theta|^2    cross-entropy

    Squared loss without weight decay is in residual form: ``f = (1/2n) |r|^2`` with the ``m`` = samples x outputs
    residuals ``o_i - y_i``, sample by sample.

    Parameters
    ----------
    layer_sizes : sequence of int
        Widths from inputs to outputs: ``(2, 8, 1)`` has one hidden layer of 8 units.
    inputs : (n, p) array
        One sample a row; taken as the exact doubles they are.
    targets : (n, c) array, or (n,)
        Squared loss: numbers, taken exactly; (n,) if there is one output. Cross-entropy: (n,) integer labels.
    loss : {"squared", "cross_entropy"}
        The loss.
    weight_decay : exact nonnegative number
        ``w``; it acts on all parameters, biases too. ``"0.01"`` is 1/100.
    label_smoothing : exact number in [0, 1)
        ``s``: the label's weight is ``1 - s + s/c``, every other class has ``s/c``. Cross-entropy only.
    output : {"linear", "tanh"}
        Whether the outputs have a tanh too.
    name : str, optional
        Name for reports.

    Raises
    ------
    ArgumentError
        If an argument is not as above.

    Examples
    --------
    >>> f = TanhNetwork((1, 1, 1), [[1.0]], [0.5])
    >>> f.variables, f.dimension, f.residual_count
    (('W1_1_1', 'b1_1', 'W2_1_1', 'b2_1'), 4, 1)
    >>> f.value([0.0, 0.0, 1.0, 2.5])
    2.0
    """

    def __init__(
        self,
        layer_sizes: Sequence[int],
        inputs: Any,
        targets: Any,
        loss: str = "squared",
        weight_decay: Exact = 0,
        label_smoothing: Exact = 0,
        output: str = "linear",
        name: str | None = None,
    ) -> None:
        self.layout: Layout = checked_layout(layer_sizes)
        self.loss = checked_choice(loss, LOSSES, "loss")
        self.output = checked_choice(output, OUTPUTS, "output")
        self.inputs = checked_inputs(inputs, self.layout)
        self.weight_decay = checked_weight_decay(weight_decay)
        self.label_smoothing = checked_smoothing(label_smoothing, self.loss)
        samples = len(self.inputs)
        self._loss: Loss
        if self.loss == "squared":
            self.targets = checked_targets(targets, self.layout, samples)
            self._loss = SquaredLoss(self.targets)
        else:
            self.targets = checked_labels(targets, self.layout, samples)
            self._loss = CrossEntropyLoss(self.targets, self.layout.sizes[-1], self.label_smoothing)
        bounded = self.output == "tanh"
        self._floats = FloatNetwork(self.layout, self.inputs, bounded)
        self._balls = BallNetwork(self.layout, self.inputs, bounded)
        self._decay = float(self.weight_decay)
        self.n = Fraction(samples)
        self.name = checked_text(name, "name") or self._describe()

    def _describe(self) -> str:
        widths = "-".join(map(str, self.layout.sizes))
        decay = f", weight decay {float(self.weight_decay):.3g}" if self.weight_decay else ""
        loss = {"squared": "squared error", "cross_entropy": "cross-entropy"}[self.loss]
        return f"tanh network {widths} on {len(self.inputs)} samples, {loss}{decay}"

    def __repr__(self) -> str:
        return f"<TanhNetwork {self.name[:60]!r} of {self.dimension} parameters>"

    @cached_property
    def variables(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the parameters: ``W2_1_3`` is the weight of layer 2 to unit 1 from unit 3, ``b2_1`` a bias."""
        return tuple(self.layout.names())

    @property
    def dimension(self) -> int:
        """Number of parameters."""
        return self.layout.dimension

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Widths from inputs to outputs."""
        return self.layout.sizes

    @property
    def residual_count(self) -> int:
        """Samples times outputs for the squared loss without weight decay, 0 otherwise: no residual form."""
        return 0 if self.loss != "squared" or self.weight_decay else self.targets.size

    @property
    def lacks_decay(self) -> bool:
        """Whether this is a cross-entropy without weight decay, which may fall towards an infimum at infinity."""
        return self.loss == "cross_entropy" and not self.weight_decay

    def initial(
        self, seed: int, scheme: str = "uniform_fan_in", gain: float = 1.0, count: int | None = None
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
        return initial_parameters(self.layout, seed, scheme, gain, count)

    def predict(self, x: Any, inputs: Any = None) -> np.ndarray:
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
        network = self._floats
        if inputs is not None:
            network = FloatNetwork(self.layout, checked_inputs(inputs, self.layout), self._floats.bounded)
        with np.errstate(all="ignore"):
            return answer(self, self._sliced(network.outputs, lanes, len(network.inputs)), single)

    def accuracy(self, x: Any, inputs: Any, labels: Any) -> Any:
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
        outputs = self.predict(x, inputs)
        classes = checked_classes(labels, self.layout, outputs.shape[-2], "labels")
        found = outputs.argmax(axis=-1) if outputs.shape[-1] > 1 else np.sign(outputs[..., 0])
        share = (found == classes).mean(axis=-1)
        return float(share) if share.ndim == 0 else share

    def checked_classes(self, labels: Any, samples: int, argument: str) -> np.ndarray:
        """Return labels for `accuracy`, checked.

        Parameters
        ----------
        labels : (samples,) array of int
            As in `accuracy`.
        samples : int
            How many there must be.
        argument : str
            How the caller's argument is called, for the message.

        Returns
        -------
        (samples,) array of int

        Raises
        ------
        ArgumentError
            If there are more or fewer, or one is no class of this network.
        """
        return checked_classes(labels, self.layout, samples, argument)

    # ------------------------------------------------------------------ floats

    def _sliced(self, function: Callable[[np.ndarray], np.ndarray], x: np.ndarray, samples: int) -> np.ndarray:
        """Run a function of lanes on so many at a time that the activations fit in memory."""
        step = max(1, SLICE // (samples * max(self.layout.sizes[1:])))
        if len(x) <= step:
            return function(x)
        return np.concatenate([function(x[i : i + step]) for i in range(0, len(x), step)])

    def value_lanes(self, x: np.ndarray) -> np.ndarray:
        """``f`` on lanes, unchecked."""
        with np.errstate(all="ignore"):
            value = self._sliced(lambda x: self._loss.value(self._floats.outputs(x)), x, len(self.inputs))
            return value + 0.5 * self._decay * np.einsum("kd,kd->k", x, x) if self._decay else value

    def gradient_lanes(self, x: np.ndarray) -> np.ndarray:
        """Gradients on lanes, unchecked."""
        with np.errstate(all="ignore"):
            g = self._sliced(lambda x: self._floats.gradient(x, self._loss), x, len(self.inputs))
            return g + self._decay * x if self._decay else g

    def hessian_lanes(self, x: np.ndarray) -> np.ndarray:
        """Hessians on lanes, unchecked: products with all unit vectors, made symmetric."""
        k, d = x.shape
        with np.errstate(all="ignore"):
            full = self._floats.hessian_products(x, np.broadcast_to(np.eye(d), (k, d, d)), self._loss)
            return (full + full.swapaxes(1, 2)) / 2 + self._decay * np.eye(d)

    def hessian_vector_lanes(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Hessian-vector products on lanes, unchecked.

        Lanes that are views of one point (``numpy.broadcast_to``) share its forward pass.
        """
        with np.errstate(all="ignore"):
            if len(x) > 1 and x.strides[0] == 0:
                return self._floats.hessian_products(x[:1], v[None], self._loss)[0] + self._decay * v
            return self._floats.hessian_products(x, v[:, None, :], self._loss)[:, 0] + self._decay * v

    def _squared_loss(self) -> SquaredLoss:
        """The loss of an objective in residual form."""
        self.require_residuals()
        if not isinstance(self._loss, SquaredLoss):
            raise ArgumentError("loss", self.loss, "be squared for residuals")
        return self._loss

    def residual_lanes(self, x: np.ndarray) -> np.ndarray:
        """Residuals on lanes, unchecked."""
        loss = self._squared_loss()
        with np.errstate(all="ignore"):
            return loss.residual(self._floats.outputs(x)).reshape(len(x), -1)

    def residual_jacobian_lanes(self, x: np.ndarray) -> np.ndarray:
        """Residual Jacobians on lanes, unchecked."""
        self.require_residuals()
        with np.errstate(all="ignore"):
            return self._floats.output_jacobian(x)

    # ------------------------------------------------------------------ balls

    def enclose_value(self, arithmetic: Any, x: Sequence[Any]) -> Any:
        """Enclosure of ``f`` on the box `x`."""
        value = self._loss.enclose_value(arithmetic, self._balls.run(arithmetic, x).outputs)
        if self.weight_decay:
            total = arithmetic.constant(Fraction(0))
            for v in x:
                total = total + arithmetic.power(v, 2)
            value = value + arithmetic.constant(self.weight_decay / 2) * total
        return value

    def enclose_gradient(self, arithmetic: Any, x: Sequence[Any]) -> list[Any]:
        """Enclosure of the gradient on the box `x`."""
        g = self._balls.run(arithmetic, x).gradient(self._loss)
        if self.weight_decay:
            decay = arithmetic.constant(self.weight_decay)
            g = [slope + decay * v for slope, v in zip(g, x, strict=True)]
        return g

    def enclose_hessian(self, arithmetic: Any, x: Sequence[Any]) -> list[list[Any]]:
        """Enclosure of the Hessian on the box `x`."""
        h = HessianSum(self._balls.run(arithmetic, x)).of(self._loss)
        if self.weight_decay:
            decay = arithmetic.constant(self.weight_decay)
            for i, row in enumerate(h):
                row[i] = row[i] + decay
        return h

    def enclose_second_derivative(self, arithmetic: Any, x: Sequence[Any], v: Sequence[Any]) -> Any:
        """Enclosure of ``v^T H v`` on the box `x`, without a Hessian."""
        bend = second_derivative(self._balls.run(arithmetic, x), self._loss, v)
        if self.weight_decay:
            total = arithmetic.constant(Fraction(0))
            for a in v:
                total = total + arithmetic.power(a, 2)
            bend = bend + arithmetic.constant(self.weight_decay) * total
        return bend

    def enclose_residual(self, arithmetic: Any, x: Sequence[Any]) -> list[Any]:
        """Enclosure of the residuals on the box `x`."""
        rows = self._squared_loss().enclose_residual(arithmetic, self._balls.run(arithmetic, x).outputs)
        return [r for sample in zip(*rows, strict=True) for r in sample]

    def enclose_residual_jacobian(self, arithmetic: Any, x: Sequence[Any]) -> list[list[Any]]:
        """Enclosure of the residual Jacobian on the box `x`."""
        self.require_residuals()
        return self._balls.run(arithmetic, x).output_jacobian()

    def as_formula(self) -> Objective:
        """Return the network written out, up to 12 parameters; see `Objective.as_formula`."""
        from hallucert.objectives.network.formula import network_formula  # which makes formulas of networks

        return network_formula(self)

    def to_json(self) -> dict[str, Any]:
        """Return architecture and data as plain data; numbers are exact text."""
        labels = self.loss == "cross_entropy"
        return {
            "kind": "tanh_network",
            "layer_sizes": list(self.layer_sizes),
            "output": self.output,
            "loss": self.loss,
            "weight_decay": format_rational(self.weight_decay),
            "label_smoothing": format_rational(self.label_smoothing),
            "inputs": _dyadic_rows(self.inputs),
            "targets": self.targets.tolist() if labels else _dyadic_rows(self.targets),
        }


def _dyadic_rows(array: np.ndarray) -> list[list[str]]:
    return [[format_dyadic(Fraction(v)) for v in row] for row in array.tolist()]
