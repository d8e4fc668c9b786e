"""A tanh network and its losses in balls: the same passes as in `floats`; the Hessian is in `hessian`.

Activations are matrices of balls (width x samples), so that every layer is one matrix product over all samples. The
losses are means over the ``n`` samples, with ``o`` the outputs and ``c`` their number:

    squared          (1/2n) sum_i |o_i - y_i|^2
    cross-entropy    (1/n) sum_i sum_j t_ij log(sum_k exp(o_ik - o_ij))

where ``t_ij = (1 - s) [j is the label of sample i] + s/c`` with the label smoothing ``s``. Outputs come as `c` rows of
`n` balls. The *error* is the derivative of the loss by the outputs, the *curvature* the second.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hallucert.clock import look
from hallucert.objectives.network.layout import Layout, Training

if TYPE_CHECKING:
    from hallucert.balls import Ball, BallArithmetic

    Rows = list[list[Ball]]
    Blocks = list[list[list[Ball] | None]]


class BallNetwork:
    """The rigorous side of a network, `bounded` if its last layer has a tanh, too."""

    def __init__(self, layout: Layout, inputs: np.ndarray, bounded: bool) -> None:
        self.layout, self.inputs, self.bounded = layout, inputs, bounded
        self._runs: tuple[Pass, ...] = ()

    def __getstate__(self) -> dict[str, object]:
        """The network alone: runs, and the arithmetic they are in, stay with the process."""
        return self.__dict__ | {"_runs": ()}

    @cached_property
    def exact_inputs(self) -> list[list[Fraction]]:
        """The inputs as `p` rows of `n` exact numbers."""
        return [[Fraction(v) for v in column] for column in self.inputs.T.tolist()]

    def run(self, ar: BallArithmetic, x: Sequence[Ball]) -> Pass:
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

    def __init__(self, network: BallNetwork, ar: BallArithmetic, x: tuple[Ball, ...]) -> None:
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
    def relative_sums(self) -> Rows:
        """``sum_k exp(o_k - o_j)``, which is ``1/p_j`` for the softmax p: the loss and its derivatives share it."""
        samples = [_relative_sums(self.ar, sample) for sample in zip(*self.outputs, strict=True)]
        return [list(row) for row in zip(*samples, strict=True)]

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
        delta, _ = self.adjoints(loss.error(self))
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


# ---------------------------------------------------------------------- losses


class Loss(ABC):
    """What the derivatives of a network need to know about its loss."""

    @abstractmethod
    def value(self, run: Pass) -> Ball:
        """Enclose the loss."""

    @abstractmethod
    def error(self, run: Pass) -> Rows:
        """Enclose the derivative by the outputs."""

    @abstractmethod
    def curvature(self, run: Pass) -> Blocks:
        """Enclose the second derivative by the outputs `j`, `k` of each sample; None stands for zeros."""

    def residual(self, run: Pass) -> Rows:
        """Enclose the residuals, of a loss that has them."""
        raise NotImplementedError


class SquaredLoss(Loss):
    """``(1/2n) |r|^2`` with the residuals ``r = o - y``, for targets ``y`` (n, c)."""

    def __init__(self, targets: np.ndarray) -> None:
        self.targets = [[Fraction(v) for v in column] for column in targets.T.tolist()]
        self.samples = len(targets)

    def residual(self, run: Pass) -> Rows:
        """Enclose ``o - y``."""
        return [
            [o - run.ar.constant(y) for o, y in zip(row, targets, strict=True)]
            for row, targets in zip(run.outputs, self.targets, strict=True)
        ]

    def value(self, run: Pass) -> Ball:
        ar, total = run.ar, run.ar.constant(Fraction(0))
        for row in self.residual(run):
            for r in row:
                total = total + ar.power(r, 2)
        return total * ar.constant(Fraction(1, 2 * self.samples))

    def error(self, run: Pass) -> Rows:
        """Enclose ``r/n``."""
        scale = run.ar.constant(Fraction(1, self.samples))
        return [[r * scale for r in row] for row in self.residual(run)]

    def curvature(self, run: Pass) -> Blocks:
        """``1/n`` on the diagonal."""
        c, scale = len(run.outputs), run.ar.constant(Fraction(1, self.samples))
        return [[[scale] * self.samples if j == k else None for k in range(c)] for j in range(c)]


class CrossEntropyLoss(Loss):
    """Cross-entropy of the softmax ``p`` of the outputs, for labels (n,) from 0 to ``classes - 1``."""

    def __init__(self, labels: np.ndarray, classes: int, smoothing: Fraction) -> None:
        self.samples = len(labels)
        other = smoothing / classes
        own = 1 - smoothing + other
        self.weights = [[own if label == j else other for label in labels.tolist()] for j in range(classes)]

    def value(self, run: Pass) -> Ball:
        """Enclose the loss, from the differences of outputs: tight, and no exponential is large without need."""
        ar, total = run.ar, run.ar.constant(Fraction(0))
        for j, sums in enumerate(run.relative_sums):
            for i, (weight, s) in enumerate(zip(self.weights[j], sums, strict=True)):
                if weight:
                    logarithm = ar.log(s) if ar.is_finite(s) else _log_of_sum(ar, run.outputs, j, i)
                    total = total + ar.constant(weight) * logarithm
        return total * ar.constant(Fraction(1, self.samples))

    def error(self, run: Pass) -> Rows:
        """Enclose ``(p - t)/n``."""
        ar, scale = run.ar, run.ar.constant(Fraction(1, self.samples))
        return [
            [(p - ar.constant(t)) * scale for p, t in zip(row, weights, strict=True)]
            for row, weights in zip(_softmax(run), self.weights, strict=True)
        ]

    def curvature(self, run: Pass) -> Blocks:
        """Enclose ``p_j ([j = k] - p_k) / n``."""
        p, one, scale = _softmax(run), run.one, run.ar.constant(Fraction(1, self.samples))
        return [
            [
                [a * ((one - b) if j == k else -b) * scale for a, b in zip(p[j], p[k], strict=True)]
                for k in range(len(p))
            ]
            for j in range(len(p))
        ]


def loss_of(training: Training) -> Loss:
    """Return the loss of a network."""
    if training.loss == "squared":
        return SquaredLoss(training.targets)
    return CrossEntropyLoss(training.targets, training.layout.sizes[-1], training.label_smoothing)


NARROW = Fraction(1, 2**5)
"""Outputs known so closely lose hardly anything if exponentials of differences are quotients of exponentials."""


def _relative_sums(ar: BallArithmetic, outputs: Sequence[Ball]) -> list[Ball]:
    """Enclose ``sum_k exp(o_k - o_j)`` for the outputs of one sample: each but ``o_j`` enters once.

    Narrow ones from ``e_k = exp(o_k - c)``, with ``c`` near the largest: one exponential each, and
    ``1 + (sum_k e_k)/e_j`` with the sum over the others, from those before and those after.
    """
    one = ar.constant(Fraction(1))
    if not all(ar.is_finite(o) and ar.upper(ar.radius(o)) < NARROW for o in outputs):
        result = []
        for j, own in enumerate(outputs):
            total = one
            for k, other in enumerate(outputs):
                if k != j:
                    total = total + ar.exp(other - own)
            result.append(total)
        return result
    top = ar.centre(max(outputs, key=ar.approximate))
    e = [ar.exp(o - top) for o in outputs]
    zero = ar.constant(Fraction(0))
    before, after = [zero], [zero]
    for first, last in zip(e[:-1], e[:0:-1], strict=True):
        before.append(before[-1] + first)
        after.append(after[-1] + last)
    return [one + (low + high) / own for own, low, high in zip(e, before, reversed(after), strict=True)]


def _softmax(run: Pass) -> Rows:
    ar = run.ar
    return [
        [run.one / s if ar.is_finite(s) else ar.exp(-_log_of_sum(ar, run.outputs, j, i)) for i, s in enumerate(sums)]
        for j, sums in enumerate(run.relative_sums)
    ]


def _log_of_sum(ar: BallArithmetic, outputs: Rows, j: int, i: int) -> Ball:
    """Enclose ``log(sum_k exp(o_ik - o_ij))`` where the sum overflows, from ``log(e**a + e**b) = a + softplus(b - a)``.

    Wider than the logarithm of the sum, as each `a` is named twice.
    """
    total = ar.constant(Fraction(0))
    for k, other in enumerate(outputs):
        if k != j:
            total = total + ar.softplus(other[i] - outputs[j][i] - total)
    return total
