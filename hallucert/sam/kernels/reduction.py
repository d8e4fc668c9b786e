"""A smaller network with the same SAM runs, when the inputs do not use all of their space.

Write the inputs as ``X = L Q^T`` with ``Q`` (p x r) of orthonormal columns: unit vectors for columns of X that are
not constantly zero, or, with fewer samples than such columns, a basis of what the samples span. The network with
inputs ``L`` and first weights ``Z = W Q`` has the same outputs, because ``W X^T = (W Q) L^T``. Let ``E`` be the error
of the first layer, so ``dW = E^T X`` and ``dZ = E^T L``. Then:

    dW = dZ Q^T, so |dW| = |dZ|, and a step along dW moves W by (its step in Z) Q^T, and W Q by its step in Z:
    by induction the run in Z is W Q along the run in W, which moves only by (Z - W_start Q) Q^T.

This holds for the perturbed step, and with momentum too; not with weight decay, which moves the part of W outside the
span. Biases and later layers are untouched. Bounds on single weights are meant in the coordinates of the run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.linalg

from hallucert.objectives.network.layout import Layout, Training

WORTHWHILE = 0.9
"""More than this fraction of the columns left is not worth a reduction."""


@dataclass(frozen=True)
class Reduction:
    """A network on the inputs ``L``, and the way to and fro.

    `columns` (q,) are the input columns that are not constantly zero; `basis` (q, r) are the rows of ``Q`` for them,
    None if ``Q`` consists of their unit vectors. The first layer of the full network has `inputs` and `outputs` as
    widths.
    """

    network: Training
    columns: np.ndarray
    basis: np.ndarray | None
    inputs: int
    outputs: int

    def project(self, x: np.ndarray) -> np.ndarray:
        """Return the reduced parameters (k, d_r) of parameters (k, d), in their precision."""
        weights, rest = self._first(x)
        reduced = weights[:, :, self.columns]
        if self.basis is not None:
            reduced = reduced @ self.basis.astype(x.dtype)
        return np.concatenate([reduced.reshape(len(x), -1), rest], axis=1)

    def lift(self, z: np.ndarray, start: np.ndarray) -> np.ndarray:
        """Return parameters (k, d) of a run from `start` (k, d) that has come to `z` (k, d_r) in reduced ones."""
        width = len(self.columns) if self.basis is None else self.basis.shape[1]
        size = self.outputs * width
        moved = z[:, :size].reshape(len(z), self.outputs, width)
        x = np.array(start, dtype=z.dtype)
        weights, rest = self._first(x)
        if self.basis is None:
            weights[:, :, self.columns] = moved
        else:
            basis = self.basis.astype(z.dtype)
            weights[:, :, self.columns] += (moved - weights[:, :, self.columns] @ basis) @ basis.T
        rest[:] = z[:, size:]
        return x

    def _first(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return views of the first layer's weights (k, out, in) and of the other parameters (k, rest)."""
        size = self.outputs * self.inputs
        return x[:, :size].reshape(len(x), self.outputs, self.inputs), x[:, size:]


def reduce_inputs(network: Training) -> Reduction | None:
    """Return the reduction of a network, None if it has weight decay or would keep more than 9/10 of the inputs.

    Examples
    --------
    Two of three columns are zero:

    >>> from hallucert import TanhNetwork
    >>> f = TanhNetwork((3, 2, 1), [[0.0, 1.0, 0.0], [0.0, 2.0, 0.0]], [1.0, -1.0])
    >>> reduce_inputs(f.training).network.layer_sizes
    (1, 2, 1)
    """
    if network.weight_decay:
        return None
    samples, p = network.inputs.shape
    columns = np.flatnonzero(network.inputs.any(axis=0))
    if columns.size == 0:
        # A network has at least one input.
        columns = np.zeros(1, dtype=np.int64)
    inputs = network.inputs[:, columns]
    if min(columns.size, samples) > WORTHWHILE * p:
        return None
    basis = None
    if samples < columns.size:
        inputs, basis = _in_span(inputs)
    sizes = (inputs.shape[1], *network.layer_sizes[1:])
    reduced = replace(network, layout=Layout(sizes), inputs=inputs)
    return Reduction(reduced, columns, basis, p, network.layer_sizes[1])


def _in_span(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``L`` (n, r) and ``Q`` (q, r) with ``L Q^T`` the inputs, to rounding; ``r <= n`` is their rank."""
    q, triangle, order = scipy.linalg.qr(inputs.T, mode="economic", pivoting=True)
    pivots = np.abs(triangle.diagonal())
    # What is left behind a pivot this small is rounding.
    rank = max(1, int(np.sum(pivots > pivots[0] * max(inputs.shape) * np.finfo(np.float64).eps)))
    reduced = np.empty((len(inputs), rank))
    reduced[order] = triangle[:rank].T
    return reduced, np.ascontiguousarray(q[:, :rank])
