"""A tanh network in balls: the same passes as `network_floats`; the Hessian is in `network_hessian`.

Activations are matrices of balls (width x samples), so that every layer is one matrix product over all samples.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from hallucert.clock import look
from hallucert.objectives.network.layout import Layout
from hallucert.objectives.network.losses import Loss

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

    def __getstate__(self) -> dict[str, Any]:
        """The network alone: runs, and the arithmetic they are in, stay with the process."""
        return self.__dict__ | {"_runs": ()}

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
    """One run of the network on a box of parameters, and the first derivatives there."""

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
            look()
            row: list[Ball] = []
            for block, before in reversed(blocks):
                values = before[column // c][:-1]
                own = [line[column] for line in block]
                for v in own:
                    row.extend([v * value for value in values])
                row.extend(own)
            rows.append(row)
        return rows


def _product(a: Rows, b: Rows) -> Rows:
    """Multiply entry by entry."""
    return [[x * y for x, y in zip(row, other, strict=True)] for row, other in zip(a, b, strict=True)]
