"""The tree of cells of a search for basins, and what label a box has that lies in cells and ellipses.

The nodes are in two arrays: the number of the first of the four children, 0 for a leaf, and the label of a leaf, 0 if
it is not settled. The children of a node ``(level, i, j)`` are ``(level + 1, 2 i + a, 2 j + b)``, in the order of
``2 a + b``; the root has the number 0.
"""

from __future__ import annotations

import numpy as np
from numba import njit

OUTSIDE = 1
"""The label of whatever is outside of the box."""
STACK = 256
_PATH = 64
"""More than levels."""


class Tree:
    """A tree that grows: `arrays` are as above, with room for more."""

    def __init__(self) -> None:
        self.arrays = np.zeros(1 << 16, np.int32), np.zeros(1 << 16, np.uint8)
        self.nodes = 1

    def split(self, cells: np.ndarray) -> None:
        """Give children to leaves (n, 3), rows ``(level, i, j)``."""
        after = self.nodes + 4 * len(cells)
        if after > len(self.arrays[0]):
            more = 2 * after - len(self.arrays[0])
            self.arrays = np.pad(self.arrays[0], (0, more)), np.pad(self.arrays[1], (0, more))
        _split(self.arrays, cells, self.nodes)
        self.nodes = after


@njit(cache=True, nogil=True)
def _split(tree, cells, free):  # type: ignore[no-untyped-def]
    """Give children to leaves, from the number `free` on."""
    path = np.empty(_PATH, np.int64)
    for n in range(cells.shape[0]):
        node = path[_descend(tree, cells[n, 0], cells[n, 1], cells[n, 2], path)]
        tree[0][node] = free + 4 * n


@njit(cache=True, nogil=True)
def _descend(tree, level, i, j, path):  # type: ignore[no-untyped-def]
    """Put the nodes on the way to a cell into `path`; return how many levels below the root the last of them is."""
    path[0] = 0
    for depth in range(level):
        first = tree[0][path[depth]]
        if first == 0:
            return depth
        down = level - 1 - depth
        path[depth + 1] = first + 2 * ((i >> down) & 1) + ((j >> down) & 1)
    return level


@njit(cache=True, nogil=True)
def settle(tree, level, i, j, label):  # type: ignore[no-untyped-def]
    """Label a leaf, and its ancestors as far as all of their children have the label."""
    path = np.empty(_PATH, np.int64)
    depth = _descend(tree, level, i, j, path)
    tree[1][path[depth]] = label
    while depth > 0:
        depth -= 1
        first = tree[0][path[depth]]
        for k in range(4):
            if tree[0][first + k] != 0 or tree[1][first + k] != label:
                return
        tree[1][path[depth]] = label
        tree[0][path[depth]] = 0


@njit(cache=True, nogil=True)
def settle_all(tree, cells, labels):  # type: ignore[no-untyped-def]
    """Label the leaves (n, 3) of which the labels are not 0."""
    for n in range(cells.shape[0]):
        if labels[n]:
            settle(tree, cells[n, 0], cells[n, 1], cells[n, 2], labels[n])


@njit(cache=True, nogil=True)
def leaf_at(tree, x, y):  # type: ignore[no-untyped-def]
    """The level of the leaf at a place of the unit square, and its label; a coordinate that is no number is 0."""
    x, y = x if 0 <= x <= 1 else 0.0, y if 0 <= y <= 1 else 0.0
    level, node, first = 0, 0, tree[0][0]
    while first != 0:
        level += 1
        n = 1 << level
        node = first + 2 * (min(int(x * n), n - 1) & 1) + (min(int(y * n), n - 1) & 1)
        first = tree[0][node]
    return level, tree[1][node]


@njit(cache=True, nogil=True)
def leaves_at(tree, places, levels, labels):  # type: ignore[no-untyped-def]
    """The levels and labels of the leaves at places (n, 2) of the unit square."""
    for n in range(places.shape[0]):
        levels[n], labels[n] = leaf_at(tree, places[n, 0], places[n, 1])


@njit(cache=True, nogil=True)
def of_cells(tree, x0, x1, y0, y1, stack):  # type: ignore[no-untyped-def]
    """The one label of everything that a box touches, in coordinates of the unit square; 0 if there is none."""
    label = -1
    if x0 < 0 or y0 < 0 or x1 > 1 or y1 > 1:
        label = OUTSIDE
        if x1 < 0 or y1 < 0 or x0 > 1 or y0 > 1:
            return label
    stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3] = 0, 0, 0, 0
    height = 1
    while height > 0:
        height -= 1
        level, i, j, node = stack[height, 0], stack[height, 1], stack[height, 2], stack[height, 3]
        first = tree[0][node]
        if first != 0:
            n = 1 << (level + 1)
            if height + 4 > STACK:
                return 0
            for a in range(2):
                for b in range(2):
                    p, q = 2 * i + a, 2 * j + b
                    if p <= x1 * n and p + 1 >= x0 * n and q <= y1 * n and q + 1 >= y0 * n:
                        stack[height, 0], stack[height, 1], stack[height, 2] = level + 1, p, q
                        stack[height, 3] = first + 2 * a + b
                        height += 1
            continue
        value = tree[1][node]
        if value == 0 or (label >= 0 and value != label):
            return 0
        label = value
    return max(label, 0)


@njit(cache=True, nogil=True)
def in_ellipse(ellipse, x, y):  # type: ignore[no-untyped-def]
    """Tell whether a point is in an ellipse, a row of `Search.ellipses`."""
    u, v = x - ellipse[0], y - ellipse[1]
    a, b = ellipse[2] * u + ellipse[3] * v, ellipse[4] * u + ellipse[5] * v
    return a * a + b * b <= ellipse[6]


@njit(cache=True, nogil=True)
def of_ellipses(ellipses, x0, x1, y0, y1):  # type: ignore[no-untyped-def]
    """The label of an ellipse around a box; 0 if there is none."""
    for e in range(ellipses.shape[0]):
        ellipse = ellipses[e]
        lower = in_ellipse(ellipse, x0, y0) and in_ellipse(ellipse, x1, y0)
        if lower and in_ellipse(ellipse, x0, y1) and in_ellipse(ellipse, x1, y1):
            return int(ellipse[7])
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def of_box(tree, box, ellipses, p, q, x, y, stack):  # type: ignore[no-untyped-def]
    """The label of the box ``p +- x, q +- y``; 0 if there is none."""
    found = of_ellipses(ellipses, p - x, p + x, q - y, q + y)
    if found:
        return found
    a, b = 1 / (box[0, 1] - box[0, 0]), 1 / (box[1, 1] - box[1, 0])
    p, q = (p - box[0, 0]) * a, (q - box[1, 0]) * b
    return of_cells(tree, p - x * a, p + x * a, q - y * b, q + y * b, stack)
