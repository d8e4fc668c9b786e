"""The Hessian of a tanh network in balls, by an explicit formula.

The network is built from bilinear maps ``z_l = W_l a_{l-1} + b_l`` and elementwise ``a_l = tanh z_l``, so
its Hessian is the sum of their second derivatives, weighted by the adjoints that reverse mode gives. With ``Dz`` the
row of derivatives of ``z`` by the parameters, ``delta = df/dz`` and ``epsilon = df/da``, and sums over samples and
units understood,

    H = Dz_L^T Q Dz_L + sum_{l<L} epsilon_l tanh''(z_l) Dz_l^T Dz_l + sum_{l>1} delta_l (dW_l Da_{l-1} + transposed)

``Q`` is the second derivative of the loss by the last ``z``. A row ``Dz_l`` of unit ``u`` has entries only for earlier
layers (the *prefix*) and for the unit's own weights and bias.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hallucert.objectives.network_enclosures import Pass
from hallucert.objectives.network_losses import Blocks, Loss

Ball = Any
Rows = list[list[Ball]]


class HessianSum:
    """The Hessian at one run of the network, summed up layer by layer in the upper triangle ``h``."""

    def __init__(self, run: Pass) -> None:
        self.run, self.ar, self.layers, self.samples = run, run.ar, run.layers, run.samples
        self.zero, self.minus_two = self.ar.constant(Fraction(0)), self.ar.constant(Fraction(-2))
        dimension = self.layers[-1].end
        self.h: Rows = [[self.zero] * dimension for _ in range(dimension)]

    def of(self, loss: Loss) -> Rows:
        """Return the Hessian of a loss, symmetric."""
        ar, h, last = self.ar, self.h, len(self.layers) - 1
        delta, epsilon = self.run.adjoints(loss.enclose_error(ar, self.run.outputs))
        moved: Rows = []  # Da_{l-1}, width x (samples * prefix)
        for number, layer in enumerate(self.layers):
            prefix = layer.start
            through: Rows = ar.matrix_product(self.run.weights[number][0], moved) if prefix else [[]] * layer.outputs
            if number:
                self._add_bilinear(number, delta[number], moved)
            if number < last:
                self._add_tanh(number, epsilon[number], through)
                moved = self._tangents(number, through)
            else:
                self._add_loss(self._loss_curvature(loss, epsilon[number]), through)
        for i in range(len(h)):
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
        before = self.run.transposed_activations[number]
        return [[*through[i * prefix : (i + 1) * prefix], *before[i]] for i in range(self.samples)]

    def _add_tanh(self, number: int, epsilon: Rows, through: Rows) -> None:
        """Add ``epsilon tanh''(z) Dz^T Dz`` of a hidden layer; ``tanh'' = -2 a (1 - a^2)``."""
        slope = self.run.slopes[number]
        assert slope is not None
        for unit in range(self.layers[number].outputs):
            weights = [
                self.minus_two * a * s * e
                for a, s, e in zip(self.run.a[number + 1][unit], slope[unit], epsilon[unit], strict=True)
            ]
            rows = self._rows(number, through[unit])
            scaled = [[w * v for v in row] for w, row in zip(weights, rows, strict=True)]
            block = self.ar.matrix_product(_transposed(rows), scaled)
            places = self._places(number, unit)
            self._add_block(places, places, block)

    def _add_bilinear(self, number: int, delta: Rows, moved: Rows) -> None:
        """Add ``delta (dW Da + transposed)``: rows below the diagonal block are those above it."""
        layer = self.layers[number]
        prefix, n = layer.start, self.samples
        flat = [[v for row in moved for v in row[i * prefix : (i + 1) * prefix]] for i in range(n)]
        block = self.ar.matrix_product(delta, flat)  # outputs x (inputs * prefix)
        for unit in range(layer.outputs):
            for j in range(layer.inputs):
                place = layer.start + unit * layer.inputs + j
                for k in range(prefix):
                    self.h[k][place] = self.h[k][place] + block[unit][j * prefix + k]

    def _tangents(self, number: int, through: Rows) -> Rows:
        """``Da`` of a layer by all parameters up to it: width x (samples * (prefix + own))."""
        layer, slope = self.layers[number], self.run.slopes[number]
        assert slope is not None
        prefix = layer.start
        before = self.run.transposed_activations[number]
        result = []
        for unit in range(layer.outputs):
            line: list[Ball] = []
            for i, s in enumerate(slope[unit]):
                own = [self.zero] * (layer.end - prefix)
                first = unit * layer.inputs
                own[first : first + layer.inputs] = [s * v for v in before[i][:-1]]
                own[layer.bias_start - prefix + unit] = s
                line.extend(s * v for v in through[unit][i * prefix : (i + 1) * prefix])
                line.extend(own)
            result.append(line)
        return result

    def _loss_curvature(self, loss: Loss, epsilon: Rows) -> Blocks:
        """``Q``: the second derivative of the loss by the last ``z``, through the last tanh if there is one."""
        q = loss.enclose_curvature(self.ar, self.run.outputs)
        slope = self.run.slopes[-1]
        if slope is None:
            return q
        for j, row in enumerate(q):
            for k, block in enumerate(row):
                if block is not None:
                    block = [v * s * t for v, s, t in zip(block, slope[j], slope[k], strict=True)]
                    if j == k:
                        bend = zip(self.run.a[-1][j], slope[j], epsilon[j], strict=True)
                        block = [v + self.minus_two * a * s * e for v, (a, s, e) in zip(block, bend, strict=True)]
                    row[k] = block
        return q

    def _add_loss(self, q: Blocks, through: Rows) -> None:
        """Add ``Dz_j^T Q_jk Dz_k`` for all ordered pairs of outputs: the upper triangle needs both orders."""
        number = len(self.layers) - 1
        rows = [self._rows(number, line) for line in through]
        for j, row in enumerate(q):
            left = _transposed(rows[j])
            for k, block in enumerate(row):
                if block is not None:
                    scaled = [[w * v for v in line] for w, line in zip(block, rows[k], strict=True)]
                    product = self.ar.matrix_product(left, scaled)
                    self._add_block(self._places(number, j), self._places(number, k), product)

    def _add_block(self, rows: list[int], columns: list[int], block: Rows) -> None:
        """Add a block to the upper triangle."""
        for i, line in zip(rows, block, strict=True):
            target = self.h[i]
            for j, v in zip(columns, line, strict=True):
                if j >= i:
                    target[j] = target[j] + v


def _transposed(a: Rows) -> Rows:
    return [list(column) for column in zip(*a, strict=True)]
