"""The losses of a network as functions of its outputs, in floats and in balls.

Both are means over the ``n`` samples, with ``o`` the outputs and ``c`` their number:

    squared          (1/2n) sum_i |o_i - y_i|^2
    cross-entropy    (1/n) sum_i sum_j t_ij log(sum_k exp(o_ik - o_ij))

where ``t_ij = (1 - s) [j is the label of sample i] + s/c`` with the label smoothing ``s``. Floats come as lanes
(..., n, c); balls as `c` rows of `n` values. The *error* is the derivative by the outputs, the *curvature* the second.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

Rows = list[list[Any]]
Blocks = list[list[list[Any] | None]]


class Loss(ABC):
    """What the derivatives of a network need to know about its loss."""

    samples: int

    @abstractmethod
    def value(self, outputs: np.ndarray) -> np.ndarray:
        """The loss, shape (...)."""

    @abstractmethod
    def error(self, outputs: np.ndarray) -> np.ndarray:
        """The derivative by the outputs, shape (..., n, c)."""

    @abstractmethod
    def curvature(self, outputs: np.ndarray, change: np.ndarray) -> np.ndarray:
        """The second derivative applied to a `change` of the outputs, shape (..., n, c)."""

    @abstractmethod
    def enclose_value(self, ar: Any, outputs: Rows) -> Any:
        """The loss in balls."""

    @abstractmethod
    def enclose_error(self, ar: Any, outputs: Rows) -> Rows:
        """The derivative by the outputs in balls."""

    @abstractmethod
    def enclose_curvature(self, ar: Any, outputs: Rows) -> Blocks:
        """The second derivative by the outputs `j`, `k` of each sample; None stands for zeros."""


class SquaredLoss(Loss):
    """``(1/2n) |r|^2`` with the residuals ``r = o - y``.

    Parameters
    ----------
    targets : (n, c) array
        ``y``.
    """

    def __init__(self, targets: np.ndarray) -> None:
        self.targets = targets
        self.samples = len(targets)

    def residual(self, outputs: np.ndarray) -> np.ndarray:
        """Return ``o - y``."""
        return outputs - self.targets

    def value(self, outputs: np.ndarray) -> np.ndarray:
        """The loss."""
        r = self.residual(outputs)
        return np.einsum("...ij,...ij->...", r, r) / (2 * self.samples)

    def error(self, outputs: np.ndarray) -> np.ndarray:
        """``r/n``."""
        return self.residual(outputs) / self.samples

    def curvature(self, outputs: np.ndarray, change: np.ndarray) -> np.ndarray:
        """``change / n``."""
        return change / self.samples

    @cached_property
    def _exact_targets(self) -> list[list[Fraction]]:
        return [[Fraction(v) for v in column] for column in self.targets.T.tolist()]

    def enclose_residual(self, ar: Any, outputs: Rows) -> Rows:
        """``o - y`` in balls."""
        return [
            [o - ar.constant(y) for o, y in zip(row, targets, strict=True)]
            for row, targets in zip(outputs, self._exact_targets, strict=True)
        ]

    def enclose_value(self, ar: Any, outputs: Rows) -> Any:
        """The loss in balls."""
        total = ar.constant(Fraction(0))
        for row in self.enclose_residual(ar, outputs):
            for r in row:
                total = total + ar.power(r, 2)
        return total * ar.constant(Fraction(1, 2 * self.samples))

    def enclose_error(self, ar: Any, outputs: Rows) -> Rows:
        """``r/n`` in balls."""
        scale = ar.constant(Fraction(1, self.samples))
        return [[r * scale for r in row] for row in self.enclose_residual(ar, outputs)]

    def enclose_curvature(self, ar: Any, outputs: Rows) -> Blocks:
        """``1/n`` on the diagonal."""
        c, scale = len(outputs), ar.constant(Fraction(1, self.samples))
        return [[[scale] * self.samples if j == k else None for k in range(c)] for j in range(c)]


class CrossEntropyLoss(Loss):
    """Cross-entropy of the softmax of the outputs.

    Parameters
    ----------
    labels : (n,) array of int
        From 0 to ``classes - 1``.
    classes : int
        Number of outputs ``c``.
    smoothing : Fraction
        ``s``.
    """

    def __init__(self, labels: np.ndarray, classes: int, smoothing: Fraction) -> None:
        self.samples = len(labels)
        other = smoothing / classes
        own = 1 - smoothing + other
        self._exact = [[own if label == j else other for label in labels.tolist()] for j in range(classes)]
        self.weights = np.where(labels[:, None] == np.arange(classes), float(own), float(other))

    def value(self, outputs: np.ndarray) -> np.ndarray:
        """The loss, from outputs shifted so that no exponential overflows."""
        shifted = outputs - outputs.max(axis=-1, keepdims=True)
        logarithm = np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        return np.einsum("ij,...ij->...", self.weights, logarithm - shifted) / self.samples

    def error(self, outputs: np.ndarray) -> np.ndarray:
        """``(p - t)/n`` with the softmax ``p``."""
        return (_softmax(outputs) - self.weights) / self.samples

    def curvature(self, outputs: np.ndarray, change: np.ndarray) -> np.ndarray:
        """``(diag(p) - p p^T) change / n``."""
        p = _softmax(outputs)
        return p * (change - (p * change).sum(axis=-1, keepdims=True)) / self.samples

    def enclose_value(self, ar: Any, outputs: Rows) -> Any:
        """The loss in balls, from the differences of outputs: tight, and no exponential is large without need."""
        total = ar.constant(Fraction(0))
        for j, sums in enumerate(_relative_sums(ar, outputs)):
            for i, (weight, s) in enumerate(zip(self._exact[j], sums, strict=True)):
                if weight:
                    logarithm = ar.log(s) if ar.is_finite(s) else _log_of_sum(ar, outputs, j, i)
                    total = total + ar.constant(weight) * logarithm
        return total * ar.constant(Fraction(1, self.samples))

    def enclose_error(self, ar: Any, outputs: Rows) -> Rows:
        """``(p - t)/n`` in balls."""
        scale = ar.constant(Fraction(1, self.samples))
        return [
            [(p - ar.constant(t)) * scale for p, t in zip(row, weights, strict=True)]
            for row, weights in zip(_enclosed_softmax(ar, outputs), self._exact, strict=True)
        ]

    def enclose_curvature(self, ar: Any, outputs: Rows) -> Blocks:
        """``p_j ([j = k] - p_k) / n`` in balls."""
        p, one = _enclosed_softmax(ar, outputs), ar.constant(Fraction(1))
        scale = ar.constant(Fraction(1, self.samples))
        return [
            [
                [a * ((one - b) if j == k else -b) * scale for a, b in zip(p[j], p[k], strict=True)]
                for k in range(len(p))
            ]
            for j in range(len(p))
        ]


def _softmax(outputs: np.ndarray) -> np.ndarray:
    e = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _relative_sums(ar: Any, outputs: Rows) -> Rows:
    """Enclose ``sum_k exp(o_k - o_j)``, which is ``1/p_j``: each output but ``o_j`` enters once."""
    one = ar.constant(Fraction(1))
    result = []
    for j, own in enumerate(outputs):
        sums = [one] * len(own)
        for k, other in enumerate(outputs):
            if k != j:
                sums = [s + ar.exp(b - a) for s, a, b in zip(sums, own, other, strict=True)]
        result.append(sums)
    return result


def _enclosed_softmax(ar: Any, outputs: Rows) -> Rows:
    one = ar.constant(Fraction(1))
    return [
        [one / s if ar.is_finite(s) else ar.exp(-_log_of_sum(ar, outputs, j, i)) for i, s in enumerate(sums)]
        for j, sums in enumerate(_relative_sums(ar, outputs))
    ]


def _log_of_sum(ar: Any, outputs: Rows, j: int, i: int) -> Any:
    """Enclose ``log(sum_k exp(o_ik - o_ij))`` where the sum overflows, from ``log(e**a + e**b) = a + softplus(b - a)``.

    Wider than the logarithm of the sum, as each `a` is named twice.
    """
    total = ar.constant(Fraction(0))
    for k, other in enumerate(outputs):
        if k != j:
            total = total + ar.softplus(other[i] - outputs[j][i] - total)
    return total
