"""A tanh network in balls: the same passes as `network_floats`, and the Hessian by an explicit formula.

Activations are matrices of balls (width x samples), so that every layer is one matrix product over all samples.

*Hessian.* The network is built from bilinear maps ``z_l = W_l a_{l-1} + b_l`` and elementwise ``a_l = tanh z_l``, so
its Hessian is the sum of their second derivatives, weighted by the adjoints that reverse mode gives. With ``Dz`` the
row of derivatives of ``z`` by the parameters, ``delta = df/dz`` and ``epsilon = df/da``, and sums over samples and
units understood,

    H = Dz_L^T Q Dz_L + sum_{l<L} epsilon_l tanh''(z_l) Dz_l^T Dz_l + sum_{l>1} delta_l (dW_l Da_{l-1} + transposed)

``Q`` is the second derivative of the loss by the last ``z``. A row ``Dz_l`` of unit ``u`` has entries only for earlier
layers (the *prefix*) and for the unit's own weights and bias.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from hallucert.objectives.network_layout import Layout
from hallucert.objectives.network_losses import Loss

Ball = Any
Rows = list[list[Ball]]


class BallNetwork:
    """The rigorous side of a network.

    Parameters
    ----------
    layout : Layout
        Where the parameters lie.
    inputs : (n, p) array
        One sample a row; doubles, taken exactly.
    bounded : bool
        Whether the last layer has a tanh too.
    """

    def __init__(self, layout: Layout, inputs: np.ndarray, bounded: bool) -> None:
        self.layout, self.inputs, self.bounded = layout, inputs, bounded
        self._runs: tuple[Pass, ...] = ()

    @cached_property
    def exact_inputs(self) -> list[list[Fraction]]:
        """The inputs as `p` rows of `n` exact numbers."""
        return [[Fraction(v) for v in column] for column in self.inputs.T.tolist()]

    def run(self, ar: Any, x: Sequence[Ball]) -> Pass:
        """Run the network forward on a box of parameters.

        A proof asks for value, gradient and Hessian of ``x`` and of ``x+`` in turn, so the last two runs are kept. They
        are recognised by the balls themselves, which never change, in the same arithmetic.
        """
        box = tuple(x)
        for done in self._runs:
            if done.ar is ar and len(done.box) == len(box) and all(map(operator.is_, done.box, box)):
                return done
        fresh = Pass(self, ar, box)
        self._runs = (fresh, *self._runs[:1])
        return fresh


class Pass:
    """One run of the network on a box of parameters, and the derivatives there."""

    def __init__(self, network: BallNetwork, ar: Any, x: tuple[Ball, ...]) -> None:
        self.network, self.ar, self.box = network, ar, x
        self.layers = network.layout.layers
        self.one = ar.constant(Fraction(1))
        self.weights = network.layout.split_rows(x)
        self.samples = len(network.inputs)
        self.a: list[Rows] = [[[ar.constant(v) for v in row] for row in network.exact_inputs]]
        for number, (w, b) in enumerate(self.weights):
            z = ar.matrix_product(w, self.a[-1])
            z = [[v + bias for v in row] for row, bias in zip(z, b, strict=True)]
            self.a.append([[ar.tanh(v) for v in row] for row in z] if self.has_tanh(number) else z)

    def has_tanh(self, number: int) -> bool:
        """Whether layer `number` (from 0) is followed by a tanh."""
        return number < len(self.layers) - 1 or self.network.bounded

    @property
    def outputs(self) -> Rows:
        """The outputs, `c` rows of `n` balls."""
        return self.a[-1]

    @cached_property
    def slopes(self) -> list[Rows | None]:
        """``1 - a^2`` after each layer with a tanh."""
        ar, one = self.ar, self.one
        return [
            [[one - ar.power(v, 2) for v in row] for row in self.a[number + 1]] if self.has_tanh(number) else None
            for number in range(len(self.layers))
        ]

    @cached_property
    def transposed_weights(self) -> list[Rows]:
        """``W_l^T``."""
        return [[list(column) for column in zip(*w, strict=True)] for w, _ in self.weights]

    @cached_property
    def transposed_activations(self) -> list[Rows]:
        """``a_0^T .. a_{L-1}^T`` with a column of ones for the bias, (n x width + 1)."""
        return [[[*column, self.one] for column in zip(*a, strict=True)] for a in self.a[:-1]]

    def adjoints(self, error: Rows) -> tuple[list[Rows], list[Rows]]:
        """Return ``df/dz_l`` and ``df/da_l`` of all layers from ``df/d outputs``."""
        delta: list[Rows] = []
        epsilon: list[Rows] = [error]
        for number in reversed(range(len(self.layers))):
            slope = self.slopes[number]
            delta.append(epsilon[-1] if slope is None else _product(epsilon[-1], slope))
            if number:
                epsilon.append(self.ar.matrix_product(self.transposed_weights[number], delta[-1]))
        return delta[::-1], epsilon[::-1]

    def gradient(self, loss: Loss) -> list[Ball]:
        """Return the gradient of a loss, by reverse mode."""
        delta, _ = self.adjoints(loss.enclose_error(self.ar, self.outputs))
        result: list[Ball] = []
        for number in range(len(self.layers)):
            rows = self.ar.matrix_product(delta[number], self.transposed_activations[number])
            for row in rows:
                result.extend(row[:-1])
            result.extend(row[-1] for row in rows)
        return result

    def output_jacobian(self) -> Rows:
        """Return the derivatives of all outputs, `n c` rows: sample by sample, in each output by output.

        Reverse mode for all of them at once: column ``i c + j`` of an adjoint belongs to output `j` of sample `i`.
        """
        c, zero = len(self.outputs), self.ar.constant(Fraction(0))
        error = [[self.one if j == column % c else zero for column in range(self.samples * c)] for j in range(c)]
        blocks: list[list[Rows]] = []
        delta: Rows = error
        for number in reversed(range(len(self.layers))):
            if number < len(self.layers) - 1:
                delta = self.ar.matrix_product(self.transposed_weights[number + 1], delta)
            slope = self.slopes[number]
            if slope is not None:
                delta = [
                    [v * slope_row[column // c] for column, v in enumerate(row)]
                    for row, slope_row in zip(delta, slope, strict=True)
                ]
            blocks.append([delta, self.transposed_activations[number]])
        rows: Rows = []
        for column in range(self.samples * c):
            row: list[Ball] = []
            for block, before in reversed(blocks):
                values = before[column // c][:-1]
                own = [line[column] for line in block]
                for v in own:
                    row.extend([v * value for value in values])
                row.extend(own)
            rows.append(row)
        return rows

    # ------------------------------------------------------------------ the Hessian

    def hessian(self, loss: Loss) -> Rows:
        """Return the Hessian of a loss, symmetric."""
        ar, last = self.ar, len(self.layers) - 1
        delta, epsilon = self.adjoints(loss.enclose_error(ar, self.outputs))
        dimension = self.layers[-1].end
        zero = ar.constant(Fraction(0))
        h: Rows = [[zero] * dimension for _ in range(dimension)]
        moved: Rows = []  # Da_{l-1}, width x (samples * prefix)
        for number, layer in enumerate(self.layers):
            prefix = layer.start
            through: Rows = ar.matrix_product(self.weights[number][0], moved) if prefix else [[]] * layer.outputs
            if number:
                self._add_bilinear(h, number, delta[number], moved)
            if number < last:
                self._add_tanh(h, number, epsilon[number], through)
                moved = self._tangents(number, through)
            else:
                self._add_loss(h, self._loss_curvature(loss, epsilon[number]), through)
        for i in range(dimension):
            for j in range(i):
                h[i][j] = h[j][i]
        return h

    def _places(self, number: int, unit: int) -> list[int]:
        """Where the derivatives of ``z`` of a unit can be nonzero: the prefix, its own weights, its own bias."""
        layer = self.layers[number]
        own = layer.start + unit * layer.inputs
        return [*range(layer.start), *range(own, own + layer.inputs), layer.bias_start + unit]

    def _rows(self, number: int, through: list[Ball]) -> Rows:
        """``Dz`` of one unit at its places, a row for each sample."""
        prefix = self.layers[number].start
        before = self.transposed_activations[number]
        return [[*through[i * prefix : (i + 1) * prefix], *before[i]] for i in range(self.samples)]

    def _add_tanh(self, h: Rows, number: int, epsilon: Rows, through: Rows) -> None:
        """Add ``epsilon tanh''(z) Dz^T Dz`` of a hidden layer; ``tanh'' = -2 a (1 - a^2)``."""
        minus_two, slope = self.ar.constant(Fraction(-2)), self.slopes[number]
        assert slope is not None
        for unit in range(self.layers[number].outputs):
            weights = [
                minus_two * a * s * e
                for a, s, e in zip(self.a[number + 1][unit], slope[unit], epsilon[unit], strict=True)
            ]
            rows = self._rows(number, through[unit])
            scaled = [[w * v for v in row] for w, row in zip(weights, rows, strict=True)]
            block = self.ar.matrix_product(_transposed(rows), scaled)
            places = self._places(number, unit)
            _add_block(h, places, places, block)

    def _add_bilinear(self, h: Rows, number: int, delta: Rows, moved: Rows) -> None:
        """Add ``delta (dW Da + transposed)``: rows below the diagonal block are those above it."""
        layer = self.layers[number]
        prefix, n = layer.start, self.samples
        flat = [[v for row in moved for v in row[i * prefix : (i + 1) * prefix]] for i in range(n)]
        block = self.ar.matrix_product(delta, flat)  # outputs x (inputs * prefix)
        for unit in range(layer.outputs):
            for j in range(layer.inputs):
                place = layer.start + unit * layer.inputs + j
                for k in range(prefix):
                    h[k][place] = h[k][place] + block[unit][j * prefix + k]

    def _tangents(self, number: int, through: Rows) -> Rows:
        """``Da`` of a layer by all parameters up to it: width x (samples * (prefix + own))."""
        layer, slope = self.layers[number], self.slopes[number]
        assert slope is not None
        zero, prefix = self.ar.constant(Fraction(0)), layer.start
        before = self.transposed_activations[number]
        result = []
        for unit in range(layer.outputs):
            line: list[Ball] = []
            for i, s in enumerate(slope[unit]):
                own = [zero] * (layer.end - prefix)
                first = unit * layer.inputs
                own[first : first + layer.inputs] = [s * v for v in before[i][:-1]]
                own[layer.bias_start - prefix + unit] = s
                line.extend(s * v for v in through[unit][i * prefix : (i + 1) * prefix])
                line.extend(own)
            result.append(line)
        return result

    def _loss_curvature(self, loss: Loss, epsilon: Rows) -> list[list[list[Ball] | None]]:
        """``Q``: the second derivative of the loss by the last ``z``, through the last tanh if there is one."""
        q = loss.enclose_curvature(self.ar, self.outputs)
        slope = self.slopes[-1]
        if slope is None:
            return q
        minus_two = self.ar.constant(Fraction(-2))
        for j, row in enumerate(q):
            for k, block in enumerate(row):
                if block is not None:
                    block = [v * s * t for v, s, t in zip(block, slope[j], slope[k], strict=True)]
                    if j == k:
                        bend = zip(self.a[-1][j], slope[j], epsilon[j], strict=True)
                        block = [v + minus_two * a * s * e for v, (a, s, e) in zip(block, bend, strict=True)]
                    row[k] = block
        return q

    def _add_loss(self, h: Rows, q: list[list[list[Ball] | None]], through: Rows) -> None:
        """Add ``Dz_j^T Q_jk Dz_k`` for all ordered pairs of outputs: the upper triangle needs both orders."""
        number = len(self.layers) - 1
        rows = [self._rows(number, line) for line in through]
        for j, row in enumerate(q):
            left = _transposed(rows[j])
            for k, block in enumerate(row):
                if block is not None:
                    scaled = [[w * v for v in line] for w, line in zip(block, rows[k], strict=True)]
                    product = self.ar.matrix_product(left, scaled)
                    _add_block(h, self._places(number, j), self._places(number, k), product)


def _product(a: Rows, b: Rows) -> Rows:
    """Multiply entry by entry."""
    return [[x * y for x, y in zip(row, other, strict=True)] for row, other in zip(a, b, strict=True)]


def _transposed(a: Rows) -> Rows:
    return [list(column) for column in zip(*a, strict=True)]


def _add_block(h: Rows, rows: list[int], columns: list[int], block: Rows) -> None:
    """Add a block to the upper triangle of `h`."""
    for i, line in zip(rows, block, strict=True):
        target = h[i]
        for j, v in zip(columns, line, strict=True):
            if j >= i:
                target[j] = target[j] + v
