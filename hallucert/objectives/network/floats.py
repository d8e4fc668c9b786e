"""A tanh network in floats, on lanes of parameters: forward, reverse, and forward over reverse.

With ``a_0`` the inputs, layer ``l`` computes ``z_l = a_{l-1} W_l^T + b_l`` and ``a_l = tanh z_l`` (the last layer
may be linear). Arrays are (..., samples, width); the leading axes are the parameters' lanes. Loops run over layers.
"""

from __future__ import annotations

import numpy as np

from hallucert.objectives.network.layout import Layout
from hallucert.objectives.network.losses import Loss

Weights = list[tuple[np.ndarray, np.ndarray]]


class FloatNetwork:
    """The float side of a network.

    Parameters
    ----------
    layout : Layout
        Where the parameters lie.
    inputs : (n, p) array
        One sample a row.
    bounded : bool
        Whether the last layer has a tanh too.
    """

    def __init__(self, layout: Layout, inputs: np.ndarray, bounded: bool) -> None:
        self.layout, self.inputs, self.bounded = layout, inputs, bounded

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
