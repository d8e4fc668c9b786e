"""The compiled part of the search for basins: cells are followed in intervals of floats that are not rounded outward.

A cell is followed by a parallelogram, as in `hallucert.check.basins.tube`, until all of its image lies in cells that
are settled, with one label, or in one ellipse. The cells are the leaves of a tree in one flat array, which has a place
for every node down to the deepest level: `SPLIT`, a label from 1 on, or 0 if a leaf is not settled. What is found here
is proposed; `hallucert.check.basins.graph` proves it.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from hallucert.find.basins.intervals import product, run, scaled, square

SPLIT = 255
OUTSIDE = 1
"""The label of whatever is outside of the box."""

PARTS = 3
"""A tube is covered by so many by so many boxes."""
ROOM = 2.0**-10
"""A box is larger by this part than it need be, so that a proof, which rounds, passes with what passes here."""
GROWTH = 6.0
"""A tube that is so many times as large as its cell is given up."""
CHECKS = 1.1
"""Where a tube lies is looked up after so many times as many steps as the last time."""
STACK = 256


@njit(cache=True, nogil=True)
def place(level, i, j):  # type: ignore[no-untyped-def]
    """Where a node is in the array."""
    return (4**level - 1) // 3 + (i << level) + j


@njit(cache=True, nogil=True)
def settle(tree, level, i, j, label):  # type: ignore[no-untyped-def]
    """Label a leaf, and its ancestors as far as all of their children have the label."""
    tree[place(level, i, j)] = label
    while level > 0:
        i, j = i & ~1, j & ~1
        for a in range(2):
            for b in range(2):
                if tree[place(level, i + a, j + b)] != label:
                    return
        level, i, j = level - 1, i >> 1, j >> 1
        tree[place(level, i, j)] = label


@njit(cache=True, nogil=True)
def leaf_at(tree, x, y):  # type: ignore[no-untyped-def]
    """The level of the leaf at a place of the unit square, and its label; a coordinate that is no number is 0."""
    x, y = x if 0 <= x <= 1 else 0.0, y if 0 <= y <= 1 else 0.0
    level = 0
    while True:
        n = 1 << level
        value = tree[place(level, min(int(x * n), n - 1), min(int(y * n), n - 1))]
        if value != SPLIT:
            return level, value
        level += 1


@njit(cache=True, nogil=True)
def _of_cells(tree, x0, x1, y0, y1, stack):  # type: ignore[no-untyped-def]
    """The one label of everything that a box touches, in coordinates of the unit square; 0 if there is none."""
    label = 0
    if x0 < 0 or y0 < 0 or x1 > 1 or y1 > 1:
        label = OUTSIDE
        if x1 < 0 or y1 < 0 or x0 > 1 or y0 > 1:
            return label
    stack[0, 0], stack[0, 1], stack[0, 2] = 0, 0, 0
    height = 1
    while height > 0:
        height -= 1
        level, i, j = stack[height, 0], stack[height, 1], stack[height, 2]
        value = tree[place(level, i, j)]
        if value == SPLIT:
            n = 1 << (level + 1)
            if height + 4 > STACK:
                return 0
            for a in range(2):
                for b in range(2):
                    p, q = 2 * i + a, 2 * j + b
                    if p <= x1 * n and p + 1 >= x0 * n and q <= y1 * n and q + 1 >= y0 * n:
                        stack[height, 0], stack[height, 1], stack[height, 2] = level + 1, p, q
                        height += 1
        elif value == 0 or (label != 0 and value != label):
            return 0
        else:
            label = value
    return label


@njit(cache=True, nogil=True)
def _in_ellipse(ellipse, x, y):  # type: ignore[no-untyped-def]
    u, v = x - ellipse[0], y - ellipse[1]
    a, b = ellipse[2] * u + ellipse[3] * v, ellipse[4] * u + ellipse[5] * v
    return a * a + b * b <= ellipse[6]


@njit(cache=True, nogil=True)
def _of_ellipses(ellipses, x0, x1, y0, y1):  # type: ignore[no-untyped-def]
    """The label of an ellipse around a box; 0 if there is none."""
    for e in range(ellipses.shape[0]):
        ellipse = ellipses[e]
        lower = _in_ellipse(ellipse, x0, y0) and _in_ellipse(ellipse, x1, y0)
        if lower and _in_ellipse(ellipse, x0, y1) and _in_ellipse(ellipse, x1, y1):
            return int(ellipse[7])
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def _of_tube(tree, box, ellipses, c, t, s, stack):  # type: ignore[no-untyped-def]
    """The one label of all boxes of a tube; 0 if there is none."""
    x = (abs(t[0]) * s[0] + abs(t[1]) * s[1]) / PARTS * (1 + ROOM) + 1e-12 * abs(c[0])
    y = (abs(t[1]) * s[0] + abs(t[0]) * s[1]) / PARTS * (1 + ROOM) + 1e-12 * abs(c[1])
    a, b = 1 / (box[0, 1] - box[0, 0]), 1 / (box[1, 1] - box[1, 0])
    label = 0
    for i in range(PARTS):
        for j in range(PARTS):
            u, v = (2 * i + 1 - PARTS) / PARTS * s[0], (2 * j + 1 - PARTS) / PARTS * s[1]
            p, q = c[0] + t[0] * u - t[1] * v, c[1] + t[1] * u + t[0] * v
            found = _of_ellipses(ellipses, p - x, p + x, q - y, q + y)
            if found == 0:
                p, q = (p - box[0, 0]) * a, (q - box[1, 0]) * b
                found = _of_cells(tree, p - x * a, p + x * a, q - y * b, q + y * b, stack)
            if found == 0 or (label != 0 and found != label):
                return 0
            label = found
    return label


# ---------------------------------------------------------------------- tubes


@njit(cache=True, nogil=True, error_model="numpy")
def _gradient_at(tape, lo, hi, x, y):  # type: ignore[no-untyped-def]
    """g at a point; a tape is its code, constants and outputs."""
    lo[0], hi[0], lo[1], hi[1] = x, x, y, y
    run(tape[0], tape[1], lo, hi)
    return lo[tape[2][0]], lo[tape[2][1]]


@njit(cache=True, nogil=True, error_model="numpy")
def _hessian_at(tape, lo, hi, x, y, u, v):  # type: ignore[no-untyped-def]
    """The three different entries of H on the box ``x +- u, y +- v``."""
    lo[0], hi[0], lo[1], hi[1] = x - u, x + u, y - v, y + v
    run(tape[0], tape[1], lo, hi)
    a, b, c = tape[2][0], tape[2][1], tape[2][2]
    return (lo[a], hi[a]), (lo[b], hi[b]), (lo[c], hi[c])


@njit(cache=True, nogil=True, error_model="numpy")
def _reach(low, high, i, s):  # type: ignore[no-untyped-def]
    """The largest component i of a matrix times r, ``|r_j| <= s_j``."""
    first, second = max(abs(low[i, 0]), abs(high[i, 0])), max(abs(low[i, 1]), abs(high[i, 1]))
    return first * s[0] + second * s[1]


@njit(cache=True, nogil=True, error_model="numpy")
def _jacobian(gradient, hessian, lo, hi, rho, c, p, t, s, g, low, high):  # type: ignore[no-untyped-def]
    """``J Q`` on a tube, into `low` and `high`; False where g may be 0; `g` is that of the centre c, p is ``c+``."""
    x, y = abs(t[0]) * s[0] + abs(t[1]) * s[1], abs(t[1]) * s[0] + abs(t[0]) * s[1]
    h = _hessian_at(hessian, lo, hi, c[0], c[1], x, y)
    columns = ((t[0], t[1]), (-t[1], t[0]))
    for i in range(2):
        for j in range(2):
            a, b = scaled(columns[j][0], h[i]), scaled(columns[j][1], h[i + 1])
            low[i, j], high[i, j] = a[0] + b[0], a[1] + b[1]
    r0, r1 = _reach(low, high, 0, s), _reach(low, high, 1, s)
    a, b = square(g[0] - r0, g[0] + r0), square(g[1] - r1, g[1] + r1)
    shortest, longest = math.sqrt(a[0] + b[0]), math.sqrt(a[1] + b[1])
    if not shortest > 0:
        return False
    small, large = 1 / longest, 1 / shortest
    v0, v1 = product(-g[1] - r1, -g[1] + r1, small, large), product(g[0] - r0, g[0] + r0, small, large)
    for j in range(2):
        a, b = product(v0[0], v0[1], low[0, j], high[0, j]), product(v1[0], v1[1], low[1, j], high[1, j])
        z = product(a[0] + b[0], a[1] + b[1], rho * small, rho * large)
        a, b = product(v0[0], v0[1], z[0], z[1]), product(v1[0], v1[1], z[0], z[1])
        low[0, j], high[0, j] = columns[j][0] + a[0], columns[j][0] + a[1]
        low[1, j], high[1, j] = columns[j][1] + b[0], columns[j][1] + b[1]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _advance(gradient, hessian, lo, hi, rho, eta, c, t, s, low, high, out):  # type: ignore[no-untyped-def]
    """One step of a tube: the new centre, turn and sizes into `out`; False where nothing is known."""
    g = _gradient_at(gradient, lo, hi, c[0], c[1])
    q = math.hypot(g[0], g[1])
    if not q > 0:
        return False
    p = (c[0] + rho * g[0] / q, c[1] + rho * g[1] / q)
    f = _gradient_at(gradient, lo, hi, p[0], p[1])
    if not _jacobian(gradient, hessian, lo, hi, rho, c, p, t, s, g, low, high):
        return False
    h = _hessian_at(hessian, lo, hi, p[0], p[1], _reach(low, high, 0, s), _reach(low, high, 1, s))
    columns = ((t[0], t[1]), (-t[1], t[0]))
    for j in range(2):
        first, second = (low[0, j], high[0, j]), (low[1, j], high[1, j])
        for i in range(2):
            a = product(h[i][0], h[i][1], first[0], first[1])
            b = product(h[i + 1][0], h[i + 1][1], second[0], second[1])
            low[i, j], high[i, j] = columns[j][i] - eta * (a[1] + b[1]), columns[j][i] - eta * (a[0] + b[0])
    along = (low[0, 0] + high[0, 0], low[1, 0] + high[1, 0])
    beside = (low[0, 1] + high[0, 1], low[1, 1] + high[1, 1])
    if math.hypot(beside[0], beside[1]) * s[1] > math.hypot(along[0], along[1]) * s[0]:
        along = (beside[1], -beside[0])
    norm = math.hypot(along[0], along[1])
    if not (norm > 1e-100 and norm < np.inf):
        return False
    a, b = along[0] / norm, along[1] / norm
    out[0], out[1], out[2], out[3] = c[0] - eta * f[0], c[1] - eta * f[1], a, b
    for i in range(2):
        axis = (a, b) if i == 0 else (-b, a)
        total = 0.0
        for j in range(2):
            x, y = scaled(axis[0], (low[0, j], high[0, j])), scaled(axis[1], (low[1, j], high[1, j]))
            total += max(abs(x[0] + y[0]), abs(x[1] + y[1])) * s[j]
        out[4 + i] = total
    return bool(np.isfinite(out).all())


@njit(cache=True, nogil=True, error_model="numpy")
def _follow(tree, finest, box, ellipses, gradient, hessian, rho, eta, cell, most, work, blamed):  # type: ignore[no-untyped-def]
    """Return the label of a cell and its number of steps, 0 and 0 for none; into `blamed` the place that is to blame.

    That is where the tube was last no larger than the leaf there, which was not settled.
    """
    lo, hi, low, high, out, stack = work
    n = 1 << cell[0]
    width = (box[0, 1] - box[0, 0], box[1, 1] - box[1, 0])
    s = (width[0] / n / 2, width[1] / n / 2)
    c = (box[0, 0] + (2 * cell[1] + 1) * s[0], box[1, 0] + (2 * cell[2] + 1) * s[1])
    t = (1.0, 0.0)
    blamed[0], blamed[1] = c[0], c[1]
    limit = GROWTH * max(max(s[0], s[1]), finest)
    label, check, k = _of_ellipses(ellipses, c[0] - s[0], c[0] + s[0], c[1] - s[1], c[1] + s[1]), 1, 0
    while label == 0 and k < most:
        if not _advance(gradient, hessian, lo, hi, rho, eta, c, t, s, low, high, out):
            return 0, 0
        c, t, s = (out[0], out[1]), (out[2], out[3]), (out[4], out[5])
        k += 1
        size = max(s[0], s[1])
        x, y = (c[0] - box[0, 0]) / width[0], (c[1] - box[1, 0]) / width[1]
        if 0 <= x < 1 and 0 <= y < 1:
            level, value = leaf_at(tree, x, y)
            if value == 0 and size * (1 << level) <= max(width[0], width[1]):
                blamed[0], blamed[1] = c[0], c[1]
        if k >= check or size > limit:
            check = max(k + 1, int(k * CHECKS))
            label = _of_tube(tree, box, ellipses, c, t, s, stack)
        if label == 0 and size > limit:
            return 0, 0
    return label, k if label else 0


@njit(cache=True, nogil=True, error_model="numpy")
def follow_all(tree, finest, box, ellipses, gradient, hessian, rho, eta, cells, most, registers, labels, steps, blamed):  # type: ignore[no-untyped-def]
    """Follow cells (n, 3) one by one, each for so many steps at most; each that is settled helps those after it."""
    work = (
        np.zeros(registers),
        np.zeros(registers),
        np.empty((2, 2)),
        np.empty((2, 2)),
        np.empty(6),
        np.empty((STACK, 3), np.int64),
    )
    for n in range(cells.shape[0]):
        label, k = _follow(tree, finest, box, ellipses, gradient, hessian, rho, eta, cells[n], most[n], work, blamed[n])
        labels[n], steps[n] = label, k
        if label:
            settle(tree, cells[n, 0], cells[n, 1], cells[n, 2], label)


@njit(cache=True, nogil=True, error_model="numpy")
def arrivals(tree, goals, box, ellipses, gradient, rho, eta, points, most, registers):  # type: ignore[no-untyped-def]
    """Return after how many steps points (n, 2) come into an ellipse or a goal, or leave the box, or `most`.

    Goals are the leaves whose label has a True in an array (256,).
    """
    width = (box[0, 1] - box[0, 0], box[1, 1] - box[1, 0])
    lo, hi, result = np.zeros(registers), np.zeros(registers), np.full(points.shape[0], most)
    for n in range(points.shape[0]):
        x, y = points[n, 0], points[n, 1]
        for k in range(most):
            done = not (box[0, 0] <= x <= box[0, 1] and box[1, 0] <= y <= box[1, 1])
            for e in range(ellipses.shape[0]):
                done |= _in_ellipse(ellipses[e], x, y)
            done = done or goals[leaf_at(tree, (x - box[0, 0]) / width[0], (y - box[1, 0]) / width[1])[1]]
            if done:
                result[n] = k
                break
            g = _gradient_at(gradient, lo, hi, x, y)
            q = math.hypot(g[0], g[1])
            f = _gradient_at(gradient, lo, hi, x + rho * g[0] / q, y + rho * g[1] / q)
            x, y = x - eta * f[0], y - eta * f[1]
    return result
