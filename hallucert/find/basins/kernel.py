"""The compiled part of the search for basins: cells are followed in intervals of floats that are not rounded outward.

A cell is followed by a parallelogram, as in `hallucert.check.basins.tube`, until all of its image lies in cells that
are settled, with one label, or in one ellipse. Where the parallelogram cannot go on, because g may be 0 there or u
turns too much, it may end with a step for all directions (`hallucert.check.basins.fan`). What is found here is
proposed; `hallucert.check.basins.graph` proves it.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from hallucert.find.basins.intervals import product, run, scaled, square
from hallucert.find.basins.tree import STACK, in_ellipse, leaf_at, of_box, of_ellipses

PARTS = 3
"""A tube is covered by so many by so many boxes."""
ROOM = 2.0**-10
"""A box is larger by this part than it need be, so that a proof, which rounds, passes with what passes here."""
GROWTH = 6.0
"""A tube that is so many times as large as its cell is given up."""
CHECKS = 1.1
"""Where a tube lies is looked up after so many times as many steps as the last time."""
TURNS = 32
"""A quarter of all directions is cut into so many."""


@njit(cache=True, nogil=True, error_model="numpy")
def _of_tube(tree, box, ellipses, c, t, s, stack):  # type: ignore[no-untyped-def]
    """The one label of all boxes of a tube; 0 if there is none."""
    x = (abs(t[0]) * s[0] + abs(t[1]) * s[1]) / PARTS * (1 + ROOM) + 1e-12 * abs(c[0])
    y = (abs(t[1]) * s[0] + abs(t[0]) * s[1]) / PARTS * (1 + ROOM) + 1e-12 * abs(c[1])
    label = -1
    for i in range(PARTS):
        for j in range(PARTS):
            u, v = (2 * i + 1 - PARTS) / PARTS * s[0], (2 * j + 1 - PARTS) / PARTS * s[1]
            p, q = c[0] + t[0] * u - t[1] * v, c[1] + t[1] * u + t[0] * v
            found = of_box(tree, box, ellipses, p, q, x, y, stack)
            label = found if label < 0 or label == found else 0
            if label == 0:
                return 0
    return label


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
def _along(p, low, high, s):  # type: ignore[no-untyped-def]
    """How far ``p . (M r)``, ``|r_j| <= s_j``, reaches for a matrix of intervals."""
    total = 0.0
    for j in range(2):
        a, b = scaled(p[0], (low[0, j], high[0, j])), scaled(p[1], (low[1, j], high[1, j]))
        total += max(abs(a[0] + b[0]), abs(a[1] + b[1])) * s[j]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _of_fan(tree, box, ellipses, gradient, hessian, rho, eta, c, t, s, work, blamed):  # type: ignore[no-untyped-def]
    """The label of the image of a tube for all directions u that the gradient may have there; 0 if there is none."""
    lo, hi, low, high, _, stack = work
    x, y = abs(t[0]) * s[0] + abs(t[1]) * s[1], abs(t[1]) * s[0] + abs(t[0]) * s[1]
    g, h = _gradient_at(gradient, lo, hi, c[0], c[1]), _hessian_at(hessian, lo, hi, c[0], c[1], x, y)
    columns, label = ((t[0], t[1]), (-t[1], t[0])), -1
    for i in range(2):
        for j in range(2):
            a, b = scaled(columns[j][0], h[i]), scaled(columns[j][1], h[i + 1])
            low[i, j], high[i, j] = a[0] + b[0], a[1] + b[1]
    for quarter in range(4):
        e = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[quarter]
        f = (-e[1], e[0])
        for turn in range(TURNS):
            first, last = 2 * turn / TURNS - 1, 2 * (turn + 1) / TURNS - 1
            ahead, left = e, (f[0] - first * e[0], f[1] - first * e[1])
            right = (last * e[0] - f[0], last * e[1] - f[1])
            possible = True
            for p in (ahead, left, right):
                possible &= p[0] * g[0] + p[1] * g[1] + _along(p, low, high, s) * (1 + ROOM) >= 0
            if not possible:
                continue
            m = (first + last) / 2
            n = 1 / math.sqrt(1 + m * m)
            w = 1.1 / TURNS * n * n  # the half width of the arc
            u = (n * (e[0] + m * f[0]), n * (e[1] + m * f[1]))
            du = (w * abs(u[1]) + w * w, w * abs(u[0]) + w * w)
            z = (c[0] + rho * u[0], c[1] + rho * u[1])
            shifted = _gradient_at(gradient, lo, hi, z[0], z[1])
            k = _hessian_at(hessian, lo, hi, z[0], z[1], x + rho * du[0], y + rho * du[1])
            a, b, d = max(abs(k[0][0]), abs(k[0][1])), max(abs(k[1][0]), abs(k[1][1])), max(abs(k[2][0]), abs(k[2][1]))
            far = eta * rho
            p = max(abs(1 - eta * k[0][0]), abs(1 - eta * k[0][1])) * x + eta * b * y + far * (a * du[0] + b * du[1])
            q = max(abs(1 - eta * k[2][0]), abs(1 - eta * k[2][1])) * y + eta * b * x + far * (b * du[0] + d * du[1])
            x1, y1 = c[0] - eta * shifted[0], c[1] - eta * shifted[1]
            found = of_box(tree, box, ellipses, x1, y1, p * (1 + ROOM) + 1e-12, q * (1 + ROOM) + 1e-12, stack)
            label = found if label < 0 or label == found else 0
            if label == 0:
                a, b = (x1 - box[0, 0]) / (box[0, 1] - box[0, 0]), (y1 - box[1, 0]) / (box[1, 1] - box[1, 0])
                if 0 <= a < 1 and 0 <= b < 1 and leaf_at(tree, a, b)[1] == 0:
                    blamed[0], blamed[1] = x1, y1
                return 0
    return max(label, 0)


@njit(cache=True, nogil=True, error_model="numpy")
def _follow(tree, finest, box, ellipses, gradient, hessian, rho, eta, cell, most, work, blamed):  # type: ignore[no-untyped-def]
    """Return the label of a cell and its number of steps, 0 and 0 for none; into `blamed` the place that is to blame.

    That is where the tube was last no larger than the leaf there, which was not settled. The number is negative if the
    last step is one for all directions.
    """
    lo, hi, low, high, out, stack = work
    n = 1 << cell[0]
    width = (box[0, 1] - box[0, 0], box[1, 1] - box[1, 0])
    s = (width[0] / n / 2, width[1] / n / 2)
    c = (box[0, 0] + (2 * cell[1] + 1) * s[0], box[1, 0] + (2 * cell[2] + 1) * s[1])
    t = (1.0, 0.0)
    blamed[0], blamed[1] = c[0], c[1]
    limit = GROWTH * max(max(s[0], s[1]), finest)
    label, check, k = of_ellipses(ellipses, c[0] - s[0], c[0] + s[0], c[1] - s[1], c[1] + s[1]), 1, 0
    while label == 0 and k < most:
        known = _advance(gradient, hessian, lo, hi, rho, eta, c, t, s, low, high, out)
        here = (c, t, s)
        if known:
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
        if label == 0 and (not known or size > limit):
            label = _of_fan(tree, box, ellipses, gradient, hessian, rho, eta, *here, work, blamed)
            return label, (-k if known else -k - 1) if label else 0
    return label, k if label else 0


@njit(cache=True, nogil=True, error_model="numpy")
def follow_all(tree, finest, box, ellipses, gradient, hessian, rho, eta, registers, cells, most, labels, steps, blamed):  # type: ignore[no-untyped-def]
    """Follow cells (n, 3), each for so many steps at most."""
    work = (
        np.zeros(registers),
        np.zeros(registers),
        np.empty((2, 2)),
        np.empty((2, 2)),
        np.empty(6),
        np.empty((STACK, 4), np.int64),
    )
    for n in range(cells.shape[0]):
        label, k = _follow(tree, finest, box, ellipses, gradient, hessian, rho, eta, cells[n], most[n], work, blamed[n])
        labels[n], steps[n] = label, k


@njit(cache=True, nogil=True, error_model="numpy")
def arrivals(tree, goals, box, ellipses, gradient, rho, eta, registers, most, points, steps):  # type: ignore[no-untyped-def]
    """Put into `steps` after how many points (n, 2) come into an ellipse or a goal, or leave the box, or `most`.

    Goals are the leaves whose label has a True in an array (256,).
    """
    width = (box[0, 1] - box[0, 0], box[1, 1] - box[1, 0])
    lo, hi = np.zeros(registers), np.zeros(registers)
    for n in range(points.shape[0]):
        x, y = points[n, 0], points[n, 1]
        for k in range(most):
            done = not (box[0, 0] <= x <= box[0, 1] and box[1, 0] <= y <= box[1, 1])
            for e in range(ellipses.shape[0]):
                done |= in_ellipse(ellipses[e], x, y)
            done = done or goals[leaf_at(tree, (x - box[0, 0]) / width[0], (y - box[1, 0]) / width[1])[1]]
            if done:
                steps[n] = k
                break
            g = _gradient_at(gradient, lo, hi, x, y)
            q = math.hypot(g[0], g[1])
            f = _gradient_at(gradient, lo, hi, x + rho * g[0] / q, y + rho * g[1] / q)
            x, y = x - eta * f[0], y - eta * f[1]
        else:
            steps[n] = most
