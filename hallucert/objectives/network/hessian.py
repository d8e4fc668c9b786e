"""Second derivatives of a tanh network in balls: the Hessian by an explicit formula, and along one direction.

The network is built from bilinear maps ``z_l = W_l a_{l-1} + b_l`` and elementwise ``a_l = tanh z_l``, so
its Hessian is the sum of their second derivatives, weighted by the adjoints that reverse mode gives. With ``Dz`` the
row of derivatives of ``z`` by the parameters, ``delta = df/dz`` and ``epsilon = df/da``, and sums over samples and
units understood,

    H = Dz_L^T Q Dz_L + sum_{l<L} epsilon_l tanh''(z_l) Dz_l^T Dz_l + sum_{l>1} delta_l (dW_l Da_{l-1} + transposed)

``Q`` is the second derivative of the loss by the last ``z``. A row ``Dz_l`` of unit ``u`` has entries only for earlier
layers (the *prefix*) and for the unit's own weights and bias, where they are ``a_{l-1}`` and 1 for every unit. So a
layer adds a block to the prefix, one between the prefix and its own parameters, and one among its own; each is one
matrix product for all units and samples.

Along one direction, ``x + t v`` with ``v = (V_l, v_l)``, no Hessian is needed: every layer carries ``a, a', a''``
(derivatives by ``t`` at 0),

    z' = W a' + V a + v ;  z'' = W a'' + 2 V a' ;  a' = s z' ;  a'' = s (z'' - 2 a z'^2) ,  s = 1 - a^2

and with the error ``e`` and the curvature ``C`` of the loss by the outputs, ``v^T H v = sum e . o'' + o'^T C o'``.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from hallucert.clock import look
from hallucert.errors import ArgumentError
from hallucert.objectives.network.enclosures import Loss, Pass

if TYPE_CHECKING:
    from hallucert.balls import Ball
    from hallucert.objectives.network.enclosures import Blocks, Rows


class HessianSum:
    """The Hessian at one run of the network, built up layer by layer: each adds its parameters' rows and columns."""

    def __init__(self, run: Pass) -> None:
        self.run, self.ar, self.layers, self.samples = run, run.ar, run.layers, run.samples
        self.zero, self.minus_two = self.ar.constant(Fraction(0)), self.ar.constant(Fraction(-2))

    def of(self, loss: Loss) -> Rows:
        """Return the Hessian of a loss, symmetric."""
        ar, last = self.ar, len(self.layers) - 1
        delta, epsilon = self.run.adjoints(loss.error(self.run))
        h: Rows = []  # its upper triangle
        moved: Rows = []  # Da_{l-1}, width x (samples * prefix)
        for number, layer in enumerate(self.layers):
            prefix = layer.start
            through: Rows = ar.matrix_product(self.run.weights[number][0], moved) if prefix else []
            curvature = loss.curvature(self.run) if number == last else None
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


# ---------------------------------------------------------------------- along one direction


def second_derivative(run: Pass, loss: Loss, v: Sequence[Ball]) -> Ball:
    """Enclose ``v^T H v`` on the box of a run, for `d` balls ``v``."""
    ar = run.ar
    dot, ddot = output_jets(run, v)
    error, curvature = loss.error(run), loss.curvature(run)
    total = ar.constant(Fraction(0))
    for e_row, o_row in zip(error, ddot, strict=True):
        for e, o in zip(e_row, o_row, strict=True):
            total = total + e * o
    for j, blocks in enumerate(curvature):
        for k, block in enumerate(blocks):
            if block is not None:
                for c, a, b in zip(block, dot[j], dot[k], strict=True):
                    total = total + c * (ar.power(a, 2) if j == k else a * b)
    return total


def output_jets(run: Pass, v: Sequence[Ball]) -> tuple[Rows, Rows]:
    """Enclose the first and second derivatives of the outputs along ``v``, `c` rows of `n` balls each."""
    ar = run.ar
    two, zero = ar.constant(Fraction(2)), ar.constant(Fraction(0))
    dot: Rows = [[zero] * run.samples for _ in run.a[0]]
    ddot = dot
    for number, (move, bias) in enumerate(run.network.layout.split_rows(v)):
        w, a = run.weights[number][0], run.a[number]
        along = ar.matrix_product(move, a)
        bend = [[two * x for x in row] for row in ar.matrix_product(move, dot)]
        if number:
            along = _sum(along, ar.matrix_product(w, dot))
            bend = _sum(bend, ar.matrix_product(w, ddot))
        dot = [[x + b for x in row] for row, b in zip(along, bias, strict=True)]
        ddot = bend
        slopes = run.slopes[number]
        if slopes is not None:
            after = run.a[number + 1]
            ddot = [
                [s * (y - two * x * ar.power(z, 2)) for s, x, y, z in zip(*rows, strict=True)]
                for rows in zip(slopes, after, ddot, dot, strict=True)
            ]
            dot = [[s * z for s, z in zip(*rows, strict=True)] for rows in zip(slopes, dot, strict=True)]
    return dot, ddot


def _sum(a: Rows, b: Rows) -> Rows:
    return [[x + y for x, y in zip(row, other, strict=True)] for row, other in zip(a, b, strict=True)]
