"""The Hessian of a tanh network in balls, by an explicit formula.

The network is built from bilinear maps ``z_l = W_l a_{l-1} + b_l`` and elementwise ``a_l = tanh z_l``, so
its Hessian is the sum of their second derivatives, weighted by the adjoints that reverse mode gives. With ``Dz`` the
row of derivatives of ``z`` by the parameters, ``delta = df/dz`` and ``epsilon = df/da``, and sums over samples and
units understood,

    H = Dz_L^T Q Dz_L + sum_{l<L} epsilon_l tanh''(z_l) Dz_l^T Dz_l + sum_{l>1} delta_l (dW_l Da_{l-1} + transposed)

``Q`` is the second derivative of the loss by the last ``z``. A row ``Dz_l`` of unit ``u`` has entries only for earlier
layers (the *prefix*) and for the unit's own weights and bias, where they are ``a_{l-1}`` and 1 for every unit. So a
layer adds a block to the prefix, one between the prefix and its own parameters, and one among its own; each is one
matrix product for all units and samples.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hallucert.clock import look
from hallucert.errors import ArgumentError
from hallucert.objectives.network.enclosures import Pass
from hallucert.objectives.network.losses import Blocks, Loss

Ball = Any
Rows = list[list[Ball]]


class HessianSum:
    """The Hessian at one run of the network, built up layer by layer: each adds its parameters' rows and columns."""

    def __init__(self, run: Pass) -> None:
        self.run, self.ar, self.layers, self.samples = run, run.ar, run.layers, run.samples
        self.zero, self.minus_two = self.ar.constant(Fraction(0)), self.ar.constant(Fraction(-2))

    def of(self, loss: Loss) -> Rows:
        """Return the Hessian of a loss, symmetric."""
        ar, last = self.ar, len(self.layers) - 1
        delta, epsilon = self.run.adjoints(loss.enclose_error(ar, self.run.outputs))
        h: Rows = []  # its upper triangle
        moved: Rows = []  # Da_{l-1}, width x (samples * prefix)
        for number, layer in enumerate(self.layers):
            prefix = layer.start
            through: Rows = ar.matrix_product(self.run.weights[number][0], moved) if prefix else []
            curvature = loss.enclose_curvature(ar, self.run.outputs) if number == last else None
            q = self._curvature(number, epsilon[number], curvature)
            own = self._own_block(number, q)
            if prefix:
                curved = self._weighted(q, through, prefix)
                self._add_to_prefix(h, through, curved)
                for row, columns in zip(h, self._across(number, curved, delta[number], moved), strict=True):
                    row.extend(columns)
            h.extend(own)
            if number < last:
                moved = self._tangents(number, through)
        for i in range(len(h)):
            look()
            for j in range(i):
                h[i][j] = h[j][i]
        return h

    def _curvature(self, number: int, epsilon: Rows, outer: Blocks | None) -> Blocks:
        """The second derivative by ``z`` of unit `j` and unit `k` for each sample; None stands for zeros.

        Through the tanh of the layer, ``tanh'' = -2 a (1 - a^2)``, if it has one; `outer` is the loss's by its outputs.
        """
        units, slope = self.layers[number].outputs, self.run.slopes[number]
        q: Blocks = [[None] * units for _ in range(units)]
        for j in range(units):
            if outer is not None:
                for k in range(units):
                    block = outer[j][k]
                    if slope is not None and block is not None:
                        block = [v * s * t for v, s, t in zip(block, slope[j], slope[k], strict=True)]
                    q[j][k] = block
            if slope is not None:
                bend = [
                    self.minus_two * a * s * e
                    for a, s, e in zip(self.run.a[number + 1][j], slope[j], epsilon[j], strict=True)
                ]
                block = q[j][j]
                q[j][j] = bend if block is None else [v + w for v, w in zip(block, bend, strict=True)]
        return q

    def _weighted(self, q: Blocks, through: Rows, prefix: int) -> Rows:
        """``sum_k Q_jk Dz_k`` on the prefix, laid out as `through`: a row for each unit `j`, sample by sample."""
        single = [row[j] for j, row in enumerate(q) if all((block is None) == (k != j) for k, block in enumerate(row))]
        if len(single) == len(q):
            rows = []
            for block, line in zip(single, through, strict=True):
                look()
                if block is not None:
                    rows.append([w * v for i, w in enumerate(block) for v in line[i * prefix : (i + 1) * prefix]])
            return rows
        result: Rows = [[] for _ in through]
        for i in range(self.samples):
            weights = [[self.zero if block is None else block[i] for block in row] for row in q]
            rows = [line[i * prefix : (i + 1) * prefix] for line in through]
            for line, part in zip(result, self.ar.matrix_product(weights, rows), strict=True):
                line.extend(part)
        return result

    def _add_to_prefix(self, h: Rows, through: Rows, curved: Rows) -> None:
        """Add ``Dz^T Q Dz`` on the prefix."""
        prefix, starts = len(h), range(0, len(through[0]), len(h))
        left = [line[i : i + prefix] for line in through for i in starts]
        right = [line[i : i + prefix] for line in curved for i in starts]
        block = self.ar.matrix_product(_transposed(left), right)
        for i, (target, line) in enumerate(zip(h, block, strict=True)):
            look()
            target[i:] = [v + w for v, w in zip(target[i:], line[i:], strict=True)]

    def _across(self, number: int, curved: Rows, delta: Rows, moved: Rows) -> Rows:
        """The block between the prefix and the layer's own parameters: ``Dz^T Q Dz`` and ``delta dW Da``."""
        layer, n = self.layers[number], self.samples
        prefix, inputs = layer.start, layer.inputs
        columns = [line[i::prefix] for line in curved for i in range(prefix)]  # (unit, place) x samples
        bent = self.ar.matrix_product(columns, self.run.transposed_activations[number])
        flat = [[v for row in moved for v in row[i * prefix : (i + 1) * prefix]] for i in range(n)]
        bilinear = self.ar.matrix_product(delta, flat)  # units x (inputs * prefix)
        result = []
        for i in range(prefix):
            look()
            line: list[Ball] = []
            for unit in range(layer.outputs):
                own = bent[unit * prefix + i]
                line.extend(v + w for v, w in zip(own[:inputs], bilinear[unit][i::prefix], strict=True))
            line.extend(bent[unit * prefix + i][inputs] for unit in range(layer.outputs))
            result.append(line)
        return result

    def _own_block(self, number: int, q: Blocks) -> Rows:
        """The rows of the layer's own parameters: zeros for the prefix, then ``Dz^T Q Dz`` among themselves."""
        layer, before = self.layers[number], self.run.transposed_activations[number]
        size = layer.inputs + 1
        pairs = [
            (j, k, block) for j, row in enumerate(q) for k, block in enumerate(row) if block is not None and k >= j
        ]
        scaled = []
        for i, line in enumerate(before):
            look()
            scaled.append([block[i] * v for _, _, block in pairs for v in line])
        product = self.ar.matrix_product(_transposed(before), scaled)
        inputs, biases = layer.inputs, layer.bias_start
        result: Rows = [[self.zero] * layer.end for _ in range(layer.end - layer.start)]
        for (j, k, _), first in zip(pairs, range(0, len(pairs) * size, size), strict=True):
            look()
            weights = layer.start + k * inputs
            for i, line in enumerate(product[:inputs]):
                target = result[j * inputs + i]
                target[weights : weights + inputs] = line[first : first + inputs]
                target[biases + k] = line[first + inputs]
            *mixed, corner = product[inputs][first : first + size]
            result[biases - layer.start + j][biases + k] = corner
            for i, v in enumerate(mixed):  # the bias of `j` comes after the weights of `k`
                result[k * inputs + i][biases + j] = v
        return result

    def _tangents(self, number: int, through: Rows) -> Rows:
        """``Da`` of a layer by all parameters up to it: width x (samples * (prefix + own))."""
        layer, slope = self.layers[number], self.run.slopes[number]
        if slope is None:
            raise ArgumentError("number", number, "be that of a hidden layer")
        prefix = layer.start
        before = self.run.transposed_activations[number]
        result = []
        for unit in range(layer.outputs):
            line: list[Ball] = []
            for i, s in enumerate(slope[unit]):
                look()
                own = [self.zero] * (layer.end - prefix)
                first = unit * layer.inputs
                own[first : first + layer.inputs] = [s * v for v in before[i][:-1]]
                own[layer.bias_start - prefix + unit] = s
                if prefix:
                    line.extend(s * v for v in through[unit][i * prefix : (i + 1) * prefix])
                line.extend(own)
            result.append(line)
        return result


def _transposed(a: Rows) -> Rows:
    return [list(column) for column in zip(*a, strict=True)]
