"""A tanh network in floats, on lanes of parameters: forward, reverse, and forward over reverse.

With ``a_0`` the inputs, layer ``l`` computes ``z_l = a_{l-1} W_l^T + b_l`` and ``a_l = tanh z_l`` (the last layer
may be linear). Arrays are (..., samples, width); the leading axes are the parameters' lanes. Loops run over layers. The
losses are those of `enclosures`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.objectives.floats import Floats, answer, checked_points
from hallucert.objectives.network.data import checked_inputs, checked_labels
from hallucert.objectives.network.layout import Layout, Training

if TYPE_CHECKING:
    from hallucert.objectives.network.tanh_network import TanhNetwork

Weights = list[tuple[np.ndarray, np.ndarray]]

SLICE = 2**23
"""Numbers in the widest activation of the lanes that are evaluated together: 64 megabytes."""


class FloatNetwork:
    """A network on samples `inputs` (n, p), `bounded` if its last layer has a tanh, too."""

    def __init__(self, layout: Layout, inputs: np.ndarray, bounded: bool) -> None:
        self.layout, self.inputs, self.bounded = layout, inputs, bounded
        self.samples = len(inputs)

    def activations(self, weights: Weights) -> list[np.ndarray]:
        """Return ``a_0 .. a_L``; the last are the outputs."""
        a, last = [self.inputs], len(weights) - 1
        for number, (w, b) in enumerate(weights):
            z = a[-1] @ w.swapaxes(-1, -2)
            z += b[..., None, :]
            a.append(np.tanh(z, out=z) if number < last or self.bounded else z)
        return a

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs (..., n, c) for parameters (..., d)."""
        return self.activations(self.layout.split(x))[-1]

    def gradient(self, x: np.ndarray, loss: Loss) -> np.ndarray:
        """Return the gradient (k, d) of a loss, by reverse mode."""
        weights = self.layout.split(x)
        a = self.activations(weights)
        result = np.empty(x.shape)
        parts = self.layout.split(result)
        delta = loss.error(a[-1])
        if self.bounded:
            delta = delta * (1 - a[-1] ** 2)
        for number in reversed(range(len(weights))):
            np.matmul(delta.swapaxes(-1, -2), a[number], out=parts[number][0])
            np.sum(delta, axis=-2, out=parts[number][1])
            if number:
                delta = (delta @ weights[number][0]) * (1 - a[number] ** 2)
        return result

    def hessian_products(self, x: np.ndarray, v: np.ndarray, loss: Loss) -> np.ndarray:
        """Return ``H(x) v`` of shape (k, t, d) for `t` directions ``v`` (k, t, d) at each lane ``x`` (k, d).

        Forward over reverse: ``dot`` marks the derivative along ``v`` of what reverse mode computes.
        """
        weights, moves = self.layout.split(x[:, None, :]), self.layout.split(v)
        a = self.activations(weights)
        dot = self._tangents(weights, moves, a)
        result = np.empty(v.shape)
        parts = self.layout.split(result)
        delta, delta_dot = loss.error(a[-1]), loss.curvature(a[-1], dot[-1])
        if self.bounded:
            delta, delta_dot = _through_tanh(delta, delta_dot, a[-1], dot[-1])
        for number in reversed(range(len(weights))):
            w, move = weights[number][0], moves[number][0]
            part = parts[number][0]
            np.matmul(delta_dot.swapaxes(-1, -2), a[number], out=part)
            if number:
                part += delta.swapaxes(-1, -2) @ dot[number]
            np.sum(delta_dot, axis=-2, out=parts[number][1])
            if number:
                delta, delta_dot = _through_tanh(delta @ w, delta_dot @ w + delta @ move, a[number], dot[number])
        return result

    def _tangents(self, weights: Weights, moves: Weights, a: list[np.ndarray]) -> list[np.ndarray]:
        """Return the derivatives of ``a_0 .. a_L`` along a move of the parameters (``a_0`` does not move: empty)."""
        dot = [np.empty(0)]
        for number, ((w, _), (move, bias_move)) in enumerate(zip(weights, moves, strict=True)):
            z_dot = a[number] @ move.swapaxes(-1, -2) + bias_move[..., None, :]
            if number:
                z_dot += dot[-1] @ w.swapaxes(-1, -2)
            if number < len(weights) - 1 or self.bounded:
                z_dot *= 1 - a[number + 1] ** 2
            dot.append(z_dot)
        return dot

    def output_jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return the derivatives of all outputs, (k, n c, d): sample by sample, in each output by output."""
        weights = self.layout.split(x)
        a = self.activations(weights)
        k, (n, c) = x.shape[0], a[-1].shape[-2:]
        result = np.empty((k, c, n, x.shape[1]))
        delta = np.broadcast_to(np.eye(c)[:, None, :], (k, c, n, c))
        if self.bounded:
            delta = delta * (1 - a[-1] ** 2)[:, None]
        for number in reversed(range(len(weights))):
            layer, before = self.layout.layers[number], a[number]
            before = before[:, None] if number else before
            block = delta[..., :, None] * before[..., None, :]
            result[..., layer.start : layer.bias_start] = block.reshape(k, c, n, -1)
            result[..., layer.bias_start : layer.end] = delta
            if number:
                delta = (delta @ weights[number][0][:, None]) * (1 - before**2)
        return result.swapaxes(1, 2).reshape(k, n * c, x.shape[1])


def _through_tanh(
    delta: np.ndarray, delta_dot: np.ndarray, a: np.ndarray, a_dot: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pull an adjoint and its derivative back through ``a = tanh z``: ``(1 - a^2)' = -2 a a'``."""
    slope = 1 - a**2
    return slope * delta, slope * delta_dot - 2 * a * a_dot * delta


# ---------------------------------------------------------------------- losses


class Loss(ABC):
    """What the derivatives of a network need to know about its loss; outputs come as lanes (..., n, c)."""

    @abstractmethod
    def value(self, outputs: np.ndarray) -> np.ndarray:
        """Return the loss, shape (...)."""

    @abstractmethod
    def error(self, outputs: np.ndarray) -> np.ndarray:
        """Return the derivative by the outputs, shape (..., n, c)."""

    @abstractmethod
    def curvature(self, outputs: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Return the second derivative applied to a `change` of the outputs, shape (..., n, c)."""


class SquaredLoss(Loss):
    """``(1/2n) |r|^2`` with the residuals ``r = o - y``."""

    def __init__(self, training: Training) -> None:
        self.targets, self.samples = training.targets, len(training.targets)

    def value(self, outputs: np.ndarray) -> np.ndarray:
        r = outputs - self.targets
        return np.einsum("...ij,...ij->...", r, r) / (2 * self.samples)

    def error(self, outputs: np.ndarray) -> np.ndarray:
        return (outputs - self.targets) / self.samples

    def curvature(self, outputs: np.ndarray, change: np.ndarray) -> np.ndarray:
        return change / self.samples


class CrossEntropyLoss(Loss):
    """Cross-entropy of the softmax ``p`` of the outputs."""

    def __init__(self, training: Training) -> None:
        classes = training.layout.sizes[-1]
        other = training.label_smoothing / classes
        own = 1 - training.label_smoothing + other
        self.weights = np.where(training.targets[:, None] == np.arange(classes), float(own), float(other))
        self.samples = len(training.targets)

    def value(self, outputs: np.ndarray) -> np.ndarray:
        """Return the loss, from outputs shifted so that no exponential overflows."""
        shifted = outputs - outputs.max(axis=-1, keepdims=True)
        logarithm = np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        return np.einsum("ij,...ij->...", self.weights, logarithm - shifted) / self.samples

    def error(self, outputs: np.ndarray) -> np.ndarray:
        """Return ``(p - t)/n``."""
        return (_softmax(outputs) - self.weights) / self.samples

    def curvature(self, outputs: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Return ``(diag(p) - p p^T) change / n``."""
        p = _softmax(outputs)
        return p * (change - (p * change).sum(axis=-1, keepdims=True)) / self.samples


def _softmax(outputs: np.ndarray) -> np.ndarray:
    e = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# ---------------------------------------------------------------------- the objective


class NetworkFloats(Floats):
    """The training loss of a network on lanes of parameters."""

    def __init__(self, training: Training) -> None:
        self.network = FloatNetwork(training.layout, training.inputs, training.bounded)
        self.loss = SquaredLoss(training) if training.loss == "squared" else CrossEntropyLoss(training)
        self.targets, self.decay = training.targets, float(training.weight_decay)

    def sliced(self, function: Callable[[np.ndarray], np.ndarray], x: np.ndarray, samples: int) -> np.ndarray:
        """Run a function of lanes on so many at a time that the activations fit in memory."""
        step = max(1, SLICE // (samples * max(self.network.layout.sizes[1:])))
        if len(x) <= step:
            return function(x)
        return np.concatenate([function(x[i : i + step]) for i in range(0, len(x), step)])

    def value(self, x: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            value = self.sliced(lambda x: self.loss.value(self.network.outputs(x)), x, self.network.samples)
            return value + 0.5 * self.decay * np.einsum("kd,kd->k", x, x) if self.decay else value

    def gradient(self, x: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            g = self.sliced(lambda x: self.network.gradient(x, self.loss), x, self.network.samples)
            return g + self.decay * x if self.decay else g

    def hessian(self, x: np.ndarray) -> np.ndarray:
        """Return the Hessians: products with all unit vectors, made symmetric."""
        k, d = x.shape
        with np.errstate(all="ignore"):
            full = self.network.hessian_products(x, np.broadcast_to(np.eye(d), (k, d, d)), self.loss)
            return (full + full.swapaxes(1, 2)) / 2 + self.decay * np.eye(d)

    def hessian_vector(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return the products ``H(x) v``; lanes that are views of one point (``numpy.broadcast_to``) share a pass."""
        with np.errstate(all="ignore"):
            if len(x) > 1 and x.strides[0] == 0:
                return self.network.hessian_products(x[:1], v[None], self.loss)[0] + self.decay * v
            return self.network.hessian_products(x, v[:, None, :], self.loss)[:, 0] + self.decay * v

    def residual(self, x: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return (self.network.outputs(x) - self.targets).reshape(len(x), -1)

    def residual_jacobian(self, x: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return self.network.output_jacobian(x)


def outputs_on(training: Training, x: np.ndarray, inputs: np.ndarray | None = None) -> np.ndarray:
    """Return the outputs (k, n, c) at lanes (k, d), on the samples of a network or on other inputs."""
    floats = NetworkFloats(training)
    network = floats.network if inputs is None else FloatNetwork(training.layout, inputs, training.bounded)
    with np.errstate(all="ignore"):
        return floats.sliced(network.outputs, x, network.samples)


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
    return answer(self, outputs_on(self.training, lanes, data), single)


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
