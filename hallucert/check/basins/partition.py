"""A box cut into dyadic cells, and which of them boxes touch.

A cell of level l is one of the ``2**l`` by ``2**l`` parts of the box, with indices (i, j); the cells of a partition
are the leaves of a tree in which every other node has four children.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from functools import cached_property
from string import ascii_lowercase, ascii_uppercase

import numpy as np

from hallucert.clock import look
from hallucert.errors import ArgumentError

DEEPEST = 24
RANGE = 2.0**100
"""Of coordinates of a box, and of units in its sides."""
PIECE = 2**18
"""Nodes that are looked at together: boxes of a hostile file may touch all cells each."""
_MARGIN = 2.0**-18
"""Of the side of a cell of the deepest level: coordinates in units of it have errors below ``2**-24``."""


@dataclass(frozen=True)
class Partition:
    """Cells that cover a box (2, 2) of doubles once: rows ``(level, i, j)`` of an (n, 3) array of integers."""

    box: np.ndarray
    cells: np.ndarray

    def __post_init__(self) -> None:
        if not _cover_once(self.cells):
            raise ArgumentError("cells", f"<{len(self.cells)} cells>", "be the leaves of one tree")

    @cached_property
    def order(self) -> np.ndarray:
        """The numbers of the cells in the order of their Morton codes."""
        return np.argsort(_first(self.cells), kind="stable")

    @cached_property
    def _sorted(self) -> np.ndarray:
        result: np.ndarray = _first(self.cells)[self.order]
        return result

    def bounds(self, which: np.ndarray | slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Return lower and upper corners of cells (k, 2), rounded outward."""
        return corners(self.box, self.cells[which])

    def at(self, nodes: np.ndarray) -> np.ndarray:
        """Return the numbers of the cells that hold the first corners of nodes ``(level, i, j)``."""
        return self.order[np.searchsorted(self._sorted, _first(nodes), side="right") - 1]

    def touched(self, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return which cells boxes (k, 2, 2) touch: pairs (number of the box, of the cell), and which leave the box.

        Coordinates must be finite, and not so large that they overflow in units of the smallest cells. OutOfTime if the
        clock that is watched says so.
        """
        scale = 2.0**DEEPEST / (self.box[:, 1] - self.box[:, 0])
        with np.errstate(all="ignore"):
            place = (boxes - self.box[:, 0, None]) * scale[:, None]
            first, last = np.floor(place[..., 0] - _MARGIN), np.floor(place[..., 1] + _MARGIN)
        most = 2**DEEPEST - 1
        leaves = ~((first >= 0) & (last <= most)).all(axis=1)
        inside = np.flatnonzero(((first <= most) & (last >= 0) & np.isfinite(place).all(axis=2)).all(axis=1))
        first = np.clip(first[inside], 0, most).astype(np.int64)
        last = np.clip(last[inside], 0, most).astype(np.int64)
        found, waiting = [np.zeros(0, np.int64)], [_within_four(first, last)]
        while waiting:
            numbers, nodes = waiting.pop()
            if len(nodes) > PIECE:
                waiting += [(numbers[part], nodes[part]) for part in (slice(PIECE, None), slice(PIECE))]
                continue
            look()
            cell = self.at(nodes)
            whole = self.cells[cell, 0] <= nodes[:, 0]
            found.append(inside[numbers[whole]] * len(self.cells) + cell[whole])
            if not whole.all():
                waiting.append(_children(numbers[~whole], nodes[~whole], first, last))
        return *np.divmod(np.unique(np.concatenate(found)), len(self.cells)), leaves


def _within_four(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the one to four nodes that cover each box, of the deepest level that has so few: numbers, and nodes."""
    down = np.frexp((last - first).max(axis=1, initial=0).astype(float))[1][:, None].astype(np.int64)
    low, high, numbers, nodes = first >> down, last >> down, [], []
    for a in (0, 1):
        for b in (0, 1):
            corner = low + np.array([a, b])
            here = np.flatnonzero((corner <= high).all(axis=1))
            numbers.append(here)
            nodes.append(np.concatenate([DEEPEST - down[here], corner[here]], axis=1))
    return np.concatenate(numbers), np.concatenate(nodes)


def _children(
    numbers: np.ndarray, nodes: np.ndarray, first: np.ndarray, last: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the children of nodes that boxes touch, from the cells of the deepest level that these reach."""
    kept_numbers, kept = [], []
    for a in (0, 1):
        for b in (0, 1):
            child = np.stack([nodes[:, 0] + 1, 2 * nodes[:, 1] + a, 2 * nodes[:, 2] + b], -1)
            down = (DEEPEST - child[:, :1]).astype(np.int64)
            low, high = first[numbers] >> down, last[numbers] >> down
            touches = ((child[:, 1:] >= low) & (child[:, 1:] <= high)).all(axis=1)
            kept_numbers.append(numbers[touches])
            kept.append(child[touches])
    return np.concatenate(kept_numbers), np.concatenate(kept)


def corners(box: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return lower and upper corners (k, 2) of nodes (k, 3) of a box, rounded outward."""
    sides = (box[:, 1] - box[:, 0]) * 2.0 ** -cells[:, :1]
    slack = 2.0**-50 * (np.abs(box).max(axis=1) + np.abs(box[:, 1] - box[:, 0]))
    return box[:, 0] + cells[:, 1:] * sides - slack, box[:, 0] + (cells[:, 1:] + 1) * sides + slack


def _first(nodes: np.ndarray) -> np.ndarray:
    """Return the Morton codes of the first cells of the deepest level in nodes."""
    down = DEEPEST - nodes[:, 0]
    return _interleaved(nodes[:, 1] << down, nodes[:, 2] << down)


# ---------------------------------------------------------------------- as text

SPLIT = "+"
OPEN, OUTSIDE = ".", "-"
NAMES = ascii_uppercase + ascii_lowercase
"""What stands for a cell: that it is split, that nothing is known of it, that it leaves the box, and the others."""
LABELS = OPEN + OUTSIDE + NAMES
"""The letter of each label."""


def to_text(cells: np.ndarray, labels: np.ndarray) -> tuple[str, np.ndarray]:
    """Return a partition in preorder, a letter a node, and in which order the cells come.

    Labels are 0 where nothing is known, 1 where the box is left, and 2, 3, .. for attractors.
    """
    order = np.argsort(_first(cells), kind="stable")
    text, path = [], 0
    waiting: list[int] = [0]
    for level, label in zip(cells[order, 0].tolist(), labels[order].tolist(), strict=True):
        path = waiting.pop()
        text.append(SPLIT * (level - path) + LABELS[label])
        for deeper in range(path + 1, level + 1):
            waiting += [deeper] * 3
    return "".join(text), order


def _cover_once(cells: np.ndarray) -> bool:
    """Tell whether every point of the box, but for faces, is in exactly one cell: each is an interval of codes."""
    level, i, j = cells.T
    if not (len(cells) and (level >= 0).all() and (level <= DEEPEST).all()):
        return False
    down = DEEPEST - level
    if not all((k >> level == 0).all() for k in (i, j)):  # -1 of negative ones
        return False
    first = _first(cells)
    order = np.argsort(first)
    first, after = first[order], (first + (1 << 2 * down))[order]
    return bool(first[0] == 0 and after[-1] == 4**DEEPEST and (first[1:] == after[:-1]).all())


def _interleaved(i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Return Morton codes, of which the bits of `i` are the higher ones; both are below ``2**31``."""
    result: np.ndarray = _spread(i) << 1 | _spread(j)
    return result


def _spread(k: np.ndarray) -> np.ndarray:
    """Put zeros between bits."""
    for shift, mask in ((16, 0xFFFF0000FFFF), (8, 0xFF00FF00FF00FF), (4, 0xF0F0F0F0F0F0F0F), (2, 0x3333333333333333)):
        k = (k | k << shift) & mask
    result: np.ndarray = (k | k << 1) & 0x5555555555555555
    return result


def from_text(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells (n, 3) and the labels of a partition.

    Raises
    ------
    ValueError
        If the text is not the preorder of one tree no deeper than `DEEPEST`.
    """
    labels_of = {letter: label for label, letter in enumerate(LABELS)}
    cells, labels = array("q"), array("q")  # lists of so many numbers take ten times as much memory
    waiting = [(0, 0, 0)]
    for letter in text:
        if not waiting:
            raise ValueError("end with the last cell of the box")
        level, i, j = waiting.pop()
        if letter != SPLIT:
            if letter not in labels_of:
                raise ValueError(f"have no letter {letter!r}")
            cells.extend((level, i, j))
            labels.append(labels_of[letter])
        elif level == DEEPEST:
            raise ValueError(f"have no cell below the level {DEEPEST}")
        else:
            waiting += [(level + 1, 2 * i + a, 2 * j + b) for a in (1, 0) for b in (1, 0)]
    if waiting:
        raise ValueError("have all cells of the box")
    return np.array(cells, np.int64).reshape(-1, 3), np.array(labels, np.int64)
