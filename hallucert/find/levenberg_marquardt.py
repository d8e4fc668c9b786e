"""Levenberg and Marquardt on ``r(x+) = 0``: far from solutions, and with more variables than equations."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from hallucert.clock import look
from hallucert.find.domain import same_side
from hallucert.find.newton import SOLVED, norms
from hallucert.find.shifted import Shifted

NEAR = 0.1  # part of a step at which the residual tells its second derivative
SMALLEST, LARGEST = -15, 12  # powers of ten of the damping


class _Trial(NamedTuple):
    """Where a step leads, ``r(x+)`` and its norm there; infinite if the step crosses an edge of the domain."""

    x: np.ndarray
    r: np.ndarray
    size: float


class _Steps:
    """The steps of Levenberg and Marquardt from one point.

    With ``G = A A^T`` and a damping ``mu`` the step is ``v + a/2``, where ``v = -A^T (G + mu I)^{-1} r`` and
    ``a = -A^T (G + mu I)^{-1} k`` with the second derivative ``k`` of ``r(x+)`` along ``v``, which two residuals give
    (the geodesic acceleration of Transtrum and Sethna, arXiv:1201.5885), or ``v`` if that is better. Both lie in the
    row space of ``A``. ``G`` is by far the most expensive: once it is diagonal, `best` tries several ``mu``.
    """

    def __init__(self, shifted: Shifted, here: _Trial) -> None:
        self.shifted, self.here, self.at_edge = shifted, here, False
        self.rows = shifted.rows(here.x)
        gram = self.rows.gram()
        self.trace = float(np.trace(gram))
        self.usable = bool(np.isfinite(gram).all() and gram.any())
        if self.usable:
            squares, self.basis = np.linalg.eigh(gram)
            self.squares = np.maximum(squares, 0)
            self.part = self.basis.T @ here.r

    def best(self, damping: float, enough: bool) -> tuple[_Trial, float]:
        """Return a trial near a damping, in parts of the mean square, and the damping from which to go on.

        It is the first without ``a`` that lowers ``|r|`` by a fifth, or else, of all near it, the one with the least:
        looking for that at once would be greedy, and lead to small gradients. Where none is lower it is one that is
        not, after one trial if ``|r|`` is small `enough` already.
        """
        power = round(2 * math.log10(damping)) / 2
        while not (trial := self._tried([power])[0]).size < self.here.size and not enough and power < LARGEST:
            power += 1
        if trial.size < 0.8 * self.here.size or enough:
            return trial, 10.0 ** max(power - 1, SMALLEST)
        near = [p for p in (power - 0.5, power, power + 0.5) if SMALLEST <= p <= LARGEST]
        bent = dict(zip(near, self._tried(near, bent=True), strict=True))

        def size(power: float) -> float:
            if power not in bent:
                look()
                bent[power] = self._tried([power], bent=True)[0]
            return bent[power].size

        for way in (-0.5, 0.5):
            while SMALLEST <= power + way <= LARGEST and size(power + way) < size(power):
                power += way
        return min(trial, bent.get(power, trial), key=lambda t: t.size), 10.0**power

    def _tried(self, powers: list[float], bent: bool = False) -> list[_Trial]:
        """Return where steps lead, one for each damping, without ``a`` or the better of both; in few runs of f."""
        inverse = 1 / (self.squares + (self.trace / len(self.part)) * 10.0 ** np.array(powers)[:, None])
        x = self.here.x - self._moved(inverse * self.part)
        if not bent:
            return self._trials(x, self.shifted.residual_lanes(x))
        near = self.here.x + NEAR * (x - self.here.x)
        r, r_near = np.split(self.shifted.residual_lanes(np.concatenate([x, near])), 2)
        change = -(self.squares * inverse * self.part) @ self.basis.T
        second = (2 / NEAR) * ((r_near - self.here.r) / NEAR - change)
        x_bent = x - self._moved(inverse * (second @ self.basis)) / 2
        pairs = zip(self._trials(x, r), self._trials(x_bent, self.shifted.residual_lanes(x_bent)), strict=True)
        return [min(pair, key=lambda trial: trial.size) for pair in pairs]

    def _moved(self, parts: np.ndarray) -> np.ndarray:
        """Return ``A^T w`` for vectors ``w`` in the basis, of shape (k, m)."""
        return self.rows.combined(parts @ self.basis.T)

    def _trials(self, x: np.ndarray, r: np.ndarray) -> list[_Trial]:
        """Return the trials at points (k, d) with residuals (k, m)."""
        sizes = norms(r)
        for lane, size in enumerate(sizes):
            worse = not size < self.here.size
            if np.isinf(size) or not (worse or same_side(self.shifted.domain_arguments, self.here.x, x[lane])):
                self.at_edge, sizes[lane] = True, np.inf
        return [_Trial(*lane) for lane in zip(x, r, sizes.tolist(), strict=True)]


def levenberg_marquardt(
    shifted: Shifted, x: np.ndarray, max_steps: int, tolerance: float | None
) -> tuple[np.ndarray, float, bool, bool]:
    """Lower ``|r|`` by `_Steps`, past `tolerance` as long as they win a digit: the last digits are nearly free.

    Steps on which x or x+ would cross an edge of the domain are bad ones; returned is also whether ``|r|`` is small
    enough, and whether one of the last steps that were tried was such a step.
    """
    at_edge, enough, damping = False, tolerance or 0.0, 1e-3
    r = shifted.residual(x)
    here = _Trial(x, r, float(np.linalg.norm(r)))
    for step in range(max_steps):
        look("steps of Levenberg and Marquardt", step, max_steps)
        if not np.isfinite(here.size) or here.size == 0:
            break
        steps = _Steps(shifted, here)
        if not steps.usable:
            break
        if tolerance is None:
            enough = SOLVED * float(np.linalg.norm(shifted.f.floats.residual(here.x[None, :])))
        last, (here, damping) = here, steps.best(damping, here.size <= enough)
        if not here.size < last.size:
            here, at_edge = last, steps.at_edge
            break
        if last.size <= enough and here.size > 0.5 * last.size:
            break
    return here.x, here.size, here.size <= enough, at_edge
