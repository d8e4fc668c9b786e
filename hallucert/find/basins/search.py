"""Which cells of a box flow where: a search in floats, over cells that it makes smaller where that helps.

Cells are followed in the order in which their centres arrive, so that most find settled cells early. One that fails
has a place to blame, where its tube was last as small as the cell there, which was not settled. The cell that stands at
the end of these pointers is split, those first on which the largest area waits, and whoever waited is followed again as
soon as the place is settled. Above the level `base` all cells that fail are split: coarse tubes fail by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from hallucert.find.basins import kernel
from hallucert.find.basins.tree import Tree, leaves_at, settle_all
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.machine.program import lower

FIRST_LEVEL = 5
BATCH = 500
"""Cells that are followed at once; those that are settled help the next ones."""
SPLITS = 6000
"""Cells below the level `base` that are split between two passes."""
JUMPS = 12
COARSE = 8
"""Cells of this level or below are not split if their centres do not arrive."""
MORE = 50
"""Steps that a cell is followed beyond twice those that its centre takes to arrive."""


@dataclass
class Search:
    """The state of a search.

    `ellipses` (E, 8) are rows ``z, B, radius**2, label`` for the sets ``|B (x - z)| <= radius``, B by rows; `depth` is
    the deepest level and `base` as above, `most` the steps of one tube. `alike` (256,) is the label as which each label
    counts where cells lean on it. What is found does not depend on the number of threads.
    """

    f: FormulaObjective
    box: np.ndarray
    rho: float
    step: float
    ellipses: np.ndarray
    depth: int
    base: int
    most: int
    alike: np.ndarray = field(default_factory=lambda: np.arange(256))
    found: list[np.ndarray] = field(default_factory=list)
    threads: int = 1

    def __post_init__(self) -> None:
        programs = [lower(tape) for tape in (self.f.gradient_tape, self.f.hessian_tape)]
        self.gradient, self.hessian = ((p.code, p.constants, p.outputs) for p in programs)
        self.registers = max(p.registers for p in programs)
        self.ellipses = np.column_stack([self.ellipses[:, :7], self.alike[self.ellipses[:, 7].astype(int)]])
        self.tree = Tree()
        self.new = np.zeros((1, 3), np.int64)
        for _ in range(min(FIRST_LEVEL, self.depth)):
            self.new = self._split(self.new)
        self.waiting, self.blamed, self.lost = np.zeros((0, 3), np.int64), np.zeros((0, 2)), np.zeros(0, bool)
        self._failed: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self.passes, self.goals, self.share = 0, np.zeros(256, bool), 0.0

    @property
    def settled(self) -> np.ndarray:
        """Rows ``(level, i, j, label, steps)``."""
        return np.concatenate([np.zeros((0, 5), np.int64), *self.found])

    @property
    def unsettled(self) -> np.ndarray:
        """The other leaves (n, 3)."""
        self._collect()
        return np.concatenate([self.new, self.waiting])

    def resume(self, settled: np.ndarray, unsettled: np.ndarray, goals: Sequence[int] = ()) -> None:
        """Begin with what another search had found; with goals, labels of cells that are where runs end, settled so."""
        self.goals[list(goals)] = True
        self.tree = Tree()
        cells = np.concatenate([settled[:, :3], unsettled])
        for level in range(int(cells[:, 0].max(initial=0))):
            deeper = cells[cells[:, 0] > level]
            above = deeper[:, 1:] >> (deeper[:, :1] - level)
            nodes = np.unique(above, axis=0)
            self.tree.split(np.column_stack([np.full(len(nodes), level), nodes]))
        settle_all(self.tree.arrays, settled[:, :3].copy(), self.alike[settled[:, 3]])
        self.waiting, self.blamed, self.lost = self.waiting[:0], self.blamed[:0], self.lost[:0]
        self._failed.clear()
        self.found, self.new, self.passes = [settled], unsettled, self.base
        self.share = share_of(settled)

    def run(self, goal: float, passed: Callable[[], bool], tell: Callable[[float], object]) -> None:
        """Search until a part `goal` of the box is settled, nothing can be split, or the time is `passed`."""
        while len(self.new):
            before = self.share
            self._pass(passed, tell)
            if passed() or self.share >= goal:
                return
            if not self._refine() and self.share == before:
                return  # the same cells would fail again and again

    def compile(self) -> None:
        """Give nothing to all that is compiled when it is first called, which takes seconds if it is in no cache."""
        nothing, _ = self._leaves(np.zeros((0, 2)))
        self._followed(nothing, self.arrivals(nothing))

    def _pass(self, passed: Callable[[], bool], tell: Callable[[float], object]) -> None:
        """Follow the new cells; those whose centres do not arrive anywhere cannot be settled as they are."""
        cells, parts = self.new, []
        for first in range(0, len(cells), BATCH):
            if passed():
                return
            parts.append(self.arrivals(cells[first : first + BATCH]))
        arrivals = np.concatenate(parts)
        order = np.argsort(arrivals, kind="stable")
        lost = arrivals[order] == self.most
        self._fail(cells[order[lost]], self.centres(cells[order[lost]]), True)
        self.new = cells[order[~lost]]
        self._follow(2 * arrivals[order[~lost]] + MORE, passed, tell)

    def _follow(self, steps: np.ndarray, passed: Callable[[], bool], tell: Callable[[float], object]) -> None:
        """Follow the new cells, for so many steps at most; those that are left are new still."""
        cells = self.new
        for first in range(0, len(cells), BATCH):
            if passed():
                return
            batch = cells[first : first + BATCH]
            labels, taken, blamed = self._followed(batch, np.minimum(steps[first : first + BATCH], self.most))
            done = labels > 0
            self.found.append(np.column_stack([batch, labels, taken])[done])
            self._fail(batch[~done], blamed[~done], False)
            self.new, self.share = cells[first + BATCH :], self.share + share_of(self.found[-1])
            tell(self.share)
        self.passes += 1

    def _followed(self, cells: np.ndarray, most: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Settle cells; return their labels, the steps that they took, and the places to blame."""
        finest = float((self.box[:, 1] - self.box[:, 0]).max()) * 2.0**-self.depth / 2
        follow = partial(
            kernel.follow_all, self.tree.arrays, finest, self.box, self.ellipses, self.gradient, self.hessian, self.rho,
            self.step, self.registers,
        )  # fmt: skip
        labels, taken, blamed = np.zeros(len(cells), np.int64), np.zeros(len(cells), np.int64), self.centres(cells)
        self._in_threads(follow, cells, most, labels, taken, blamed)
        settle_all(self.tree.arrays, cells, labels)
        return labels, taken, blamed

    def _fail(self, cells: np.ndarray, blamed: np.ndarray, lost: bool) -> None:
        """Let cells wait for the places that are to blame; of those that are lost the centre arrives nowhere."""
        self._failed.append((cells, blamed, np.full(len(cells), lost)))

    def _collect(self) -> None:
        """Let all that failed be arrays: one by one would copy what waits again and again."""
        parts = [(self.waiting, self.blamed, self.lost), *self._failed]
        self.waiting, self.blamed, self.lost = (np.concatenate(part) for part in zip(*parts, strict=True))
        self._failed.clear()

    def _refine(self) -> bool:
        """Split cells, and let those be followed again whose blamed place is settled; tell whether any is split."""
        self._collect()
        leaves, labels = self._leaves(self.blamed)
        retried = labels > 0
        level, area = self.waiting[:, 0], 4.0 ** -self.waiting[:, 0]
        own, wanted = codes(self.waiting), codes(leaves)
        order = np.argsort(own)
        at = order[np.minimum(np.searchsorted(own[order], wanted), len(own) - 1)] if len(own) else order
        end = np.where(own[at] == wanted, at, np.arange(len(own)))
        for _ in range(JUMPS):
            end = end[end]
        finer = (level < self.depth) & ~(self.lost & (level >= COARSE))
        votes = np.where(finer, np.bincount(end, weights=area, minlength=len(own)), 0.0)
        stuck = ~finer[end] & finer & ~retried
        split = (level < min(self.base, FIRST_LEVEL + self.passes)) & finer & ~retried
        for chosen in (votes, np.where(stuck, area, 0.0)):
            top = np.argsort(-chosen, kind="stable")[:SPLITS]
            split[top[chosen[top] > 0]] = True
        again = retried & ~split
        self.new = np.concatenate([self._split(self.waiting[split]), self.waiting[again]])
        left = ~split & ~again
        self.waiting, self.blamed, self.lost = self.waiting[left], self.blamed[left], self.lost[left]
        return bool(split.any())

    def _split(self, cells: np.ndarray) -> np.ndarray:
        """Split leaves; return their children."""
        self.tree.split(cells)
        corners = [(a, b) for a in (0, 1) for b in (0, 1)]
        children = [np.stack([cells[:, 0] + 1, 2 * cells[:, 1] + a, 2 * cells[:, 2] + b], -1) for a, b in corners]
        return np.concatenate(children)

    def _leaves(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the leaves at points of the box, and their labels."""
        place = (points - self.box[:, 0]) / (self.box[:, 1] - self.box[:, 0])
        place = np.clip(np.nan_to_num(place, nan=0.5), 0.0, 1.0)  # what overflowed is blamed somewhere
        levels, labels = np.empty((2, len(place)), np.int64)
        leaves_at(self.tree.arrays, place, levels, labels)
        n = 2 ** levels[:, None]
        indices = np.minimum((place * n).astype(np.int64), n - 1)
        return np.column_stack([levels, indices]), labels

    def labels_of(self, cells: np.ndarray) -> np.ndarray:
        """Return the labels of cells, 0 of those that hold smaller ones."""
        leaves, labels = self._leaves(self.centres(cells))
        result: np.ndarray = np.where(leaves[:, 0] <= cells[:, 0], labels, 0)
        return result

    def arrivals(self, cells: np.ndarray) -> np.ndarray:
        """Return after how many steps the centres of cells arrive somewhere."""
        result = np.empty(len(cells), np.int64)
        arrive = partial(
            kernel.arrivals, self.tree.arrays, self.goals, self.box, self.ellipses, self.gradient, self.rho, self.step,
            self.registers, self.most,
        )  # fmt: skip
        self._in_threads(arrive, self.centres(cells), result)
        return result

    def _in_threads(self, work: Callable[..., None], *arrays: np.ndarray) -> None:
        """Give each thread a part of arrays, which it works on as it would alone."""
        parts = zip(*(np.array_split(a, self.threads) for a in arrays), strict=True)
        with ThreadPoolExecutor(self.threads) as pool:
            for _ in pool.map(lambda part: work(*part), parts):
                pass

    def centres(self, cells: np.ndarray) -> np.ndarray:
        """Return the middles (n, 2) of cells."""
        sides = (self.box[:, 1] - self.box[:, 0]) * 2.0 ** -cells[:, :1]
        result: np.ndarray = self.box[:, 0] + (cells[:, 1:] + 0.5) * sides
        return result


def share_of(cells: np.ndarray) -> float:
    """Return the part of the box that cells take."""
    return float((4.0 ** -cells[:, 0]).sum())


def codes(cells: np.ndarray) -> np.ndarray:
    """Return a number for each cell."""
    result: np.ndarray = (cells[:, 0] << 56) | (cells[:, 1] << 28) | cells[:, 2]
    return result


def ellipses_of(rows: Sequence[Sequence[float]]) -> np.ndarray:
    """Return rows of `Search.ellipses` as the array that they are."""
    return np.array(rows, float).reshape(-1, 8)
