"""Derivatives of SAM steps on boxes of doubles, many at a time: ``D Phi = I - eta (H(x+) J(x) + w I)``.

As in `hallucert.check.problem`, with ``T = D^2 - u u^T``, or ``T = I`` for USAM, ``J = I + (rho/s) T H(x)``; but
gradients and Hessians come from array programs, whose lanes are the boxes. Where f is not certainly defined and
analytic on a box and on its image under ``x -> x+``, or the step is not, `hallucert.errors.DomainError` is raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

import numpy as np

from hallucert.balls.midrad import MidRad, MidRadArithmetic
from hallucert.check.attraction.as_program import as_program
from hallucert.check.problem import Problem
from hallucert.errors import DomainError
from hallucert.objectives.program.calculus import Run
from hallucert.objectives.program.evaluate import Array
from hallucert.objectives.program.hessian import Entries
from hallucert.objectives.program.midrad import MidRadArrays


class StepMatrices:
    """The derivatives of the steps of a problem, of a step size."""

    def __init__(self, problem: Problem, step: Fraction) -> None:
        f = as_program(problem.objective)
        if f is None:
            raise DomainError("it is no array program")
        self.f, self.law, self.d = f, problem.law, f.dimension
        self.arrays = MidRadArrays(MidRadArithmetic())
        self.rho, self.step = MidRad.number(problem.rho), MidRad.number(step)
        self.decay = MidRad.number(problem.decay) if problem.decay else None
        self._fixed = dict[int, Array]()

    def on(self, boxes: MidRad) -> MidRad:
        """Enclose them on boxes of shape (k, d); returns (k, d, d)."""
        here, one = self._run(boxes), np.eye(self.d)
        g, hessian = self._gradient(here, len(boxes)), self._hessian(here, len(boxes))
        u, turned = g, hessian
        factor = self.rho
        if self.law.normalised:
            weighted = turned
            if self.law.scales:
                squares = MidRad.concatenate([MidRad.number(v * v).reshape(1) for v in self.law.scales])
                size, u = self._root((squares * g * g).sum(-1)), squares * g
                weighted = squares.reshape(-1, 1) * hessian
            else:
                size = self._root((g * g).sum(-1))
            u = u / size.reshape(-1, 1)
            along = (u.reshape(len(boxes), 1, self.d) @ hessian).reshape(len(boxes), 1, self.d)
            turned = weighted - u.reshape(len(boxes), self.d, 1) * along
            factor = self.rho / size.reshape(-1, 1, 1)
        there = self._run(boxes + self.rho * u)
        after = self._hessian(there, len(boxes)) @ (one + factor * turned)
        if self.decay is not None:
            after = after + self.decay * one
        return one - self.step * after

    def _run(self, boxes: MidRad) -> Run:
        """The programs on boxes, where f is defined."""
        run = Run(self.f.calculus, self.arrays, self.f.split(boxes), self._fixed)
        run.values([self.f.calculus.value])
        return run

    def _root(self, squares: MidRad) -> MidRad:
        root: MidRad = self.arrays.function("sqrt", squares)
        return root

    def _gradient(self, run: Run, lanes: int) -> MidRad:
        return joined(run.values(self.f.calculus.gradient), self.f.program.inputs, lanes)

    def _hessian(self, run: Run, lanes: int) -> MidRad:
        """The Hessian, whose entries above the diagonal are those of the programs, and ``J^T J/n`` for residuals."""
        calculus = self.f.calculus
        total = assembled(calculus.hessian, run.values(calculus.hessian.nodes), lanes)
        upper = np.triu(np.ones((self.d, self.d), dtype=bool))
        total = total.map(lambda a: np.where(upper, a, a.swapaxes(-1, -2)))
        if calculus.has_residuals:
            j = assembled(calculus.jacobian, run.values(calculus.jacobian.nodes), lanes)
            total = total + j.map(lambda a: a.swapaxes(-1, -2)) @ (MidRad.number(1 / calculus.n) * j)
        return total


def assembled(entries: Entries, values: Sequence[MidRad], lanes: int) -> MidRad:
    """Lanes of the matrix whose entries are those of some nodes, as `Entries.assembled`."""
    size = entries.shape[0] * entries.shape[1]
    total = MidRad(np.zeros((lanes, size)))
    for value, pieces in zip(values, entries.pieces, strict=True):
        for source, target, _ in pieces:

            def placed(a: np.ndarray, source: np.ndarray | None = source, target: np.ndarray = target) -> np.ndarray:
                image = np.zeros((lanes, size))
                image[:, target] = a if source is None else a[..., source]
                return image

            total = total + value.map(placed)
    return total.reshape(lanes, *entries.shape)


def joined(arrays: Sequence[MidRad], shapes: Sequence[tuple[int, ...]], lanes: int) -> MidRad:
    """Lanes of parameter arrays as lanes of vectors; what does not depend on the lane is the same in all."""
    parts = []
    for array, shape in zip(arrays, shapes, strict=True):
        parts.append(array.map(partial(np.broadcast_to, shape=(lanes, *shape))).reshape(lanes, -1))
    return MidRad.concatenate(parts, axis=-1)
