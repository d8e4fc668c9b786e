"""Approximate eigenvectors in floats: proposals, which nobody has to believe or to read."""

from __future__ import annotations

from math import hypot

from .interval import Undefined, check_time
from .linear import Floats

SMALL = 3e-16  # beside the largest entry of a matrix, which is from 1/2 to 1


def schur(a: Floats) -> tuple[list[list[complex]], list[list[complex]]]:
    """`(T, Q)` with `A` near `Q T Q^*` and `T` nearly upper triangular: shifted QR with Givens rotations."""
    n = len(a)
    t = [[complex(x) for x in row] for row in a]
    q = [[complex(i == j) for j in range(n)] for i in range(n)]  # the adjoint, by rows

    def rotate(i: int, k: int, x: complex, y: complex) -> None:
        """Turn rows and columns `i` and `k` so that the vector `(x, y)` gets its second entry 0."""
        if not y:
            return
        length = hypot(abs(x), abs(y))
        c, s = x / length, y / length
        for rows in (t, q):
            u, v = rows[i], rows[k]
            rows[i] = [c.conjugate() * f + s.conjugate() * g for f, g in zip(u, v, strict=True)]
            rows[k] = [c * g - s * f for f, g in zip(u, v, strict=True)]
        for row in t:
            row[i], row[k] = row[i] * c + row[k] * s, row[k] * c.conjugate() - row[i] * s.conjugate()

    for j in range(n - 2):  # Hessenberg form
        check_time()
        for i in range(j + 2, n):
            rotate(j + 1, i, t[j + 1][j], t[i][j])
    high, steps = n - 1, 0
    while high > 0 and steps < 60 * n:
        check_time()
        low = high
        while low > 0 and abs(t[low][low - 1]) > SMALL:
            low -= 1
        if low == high:
            high -= 1
            continue
        (e, f), (g, h) = t[high - 1][high - 1 : high + 1], t[high][high - 1 : high + 1]
        root = ((e - h) ** 2 / 4 + f * g) ** 0.5
        shift = min((e + h) / 2 + root, (e + h) / 2 - root, key=lambda v: abs(v - h))
        if steps % 11 == 10:
            shift += abs(g)
        x, y = t[low][low] - shift, t[low + 1][low]
        for k in range(low, high):  # chase the bulge
            rotate(k, k + 1, x, y)
            if k + 2 <= high:
                x, y = t[k + 1][k], t[k + 2][k]
        steps += 1
    return t, [list(column) for column in zip(*[[v.conjugate() for v in row] for row in q], strict=True)]


def eigenvectors(a: Floats) -> tuple[Floats, list[list[int]]]:
    """Approximate eigenvectors as columns, real and imaginary parts of complex ones; which columns go together."""
    n = len(a)
    t, q = schur(a)
    columns: Floats = []
    blocks: list[list[int]] = []
    for k in range(n):
        mu = t[k][k]
        if mu.imag < -1e-9:
            continue  # its conjugate is there, too
        y = [0j] * n
        y[k] = 1 + 0j
        for i in range(k - 1, -1, -1):
            gap = t[i][i] - mu
            gap = gap if abs(gap) > 1e-8 else 1e-8 + 0j
            y[i] = -sum(t[i][j] * y[j] for j in range(i + 1, k + 1)) / gap
        v = [sum(q[i][j] * y[j] for j in range(k + 1)) for i in range(n)]
        largest = max(v, key=abs)
        v = [w / largest for w in v]
        parts = [[w.real for w in v], [w.imag for w in v]] if mu.imag > 1e-9 else [[w.real for w in v]]
        blocks.append(list(range(len(columns), len(columns) + len(parts))))
        columns += parts
    if len(columns) != n:
        raise Undefined("eigenvalues were not found")
    return [list(row) for row in zip(*columns, strict=True)], blocks
