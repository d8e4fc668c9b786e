"""Eigenvalues, in discs around approximate ones. Floats propose them; what is proved holds whatever they are."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import hypot

from hallucheck.functions import size
from hallucheck.interval import HALF, TWO, ZERO, Interval, Undefined, ball, check_time, exact, hull, least, total
from hallucheck.linear import Floats, Matrix, corrected, float_solve, from_floats, identity, norm


def schur(a: Floats) -> tuple[list[list[complex]], list[list[complex]]]:
    """`(T, Q)` with `A` near `Q T Q^*` and `T` nearly upper triangular: shifted QR with Givens rotations."""
    n = len(a)
    t = [[complex(x) for x in row] for row in a]
    q = [[complex(i == j) for j in range(n)] for i in range(n)]  # the adjoint, by rows

    def rotate(i: int, k: int, x: complex, y: complex) -> None:
        """Turn rows and columns `i` and `k` so that the vector `(x, y)` gets its second entry 0."""
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
            if t[i][j]:
                rotate(j + 1, i, t[j + 1][j], t[i][j])
    high, steps = n - 1, 0
    while high > 0 and steps < 60 * n:
        check_time()
        small = 1e-16 * (abs(t[high][high]) + abs(t[high - 1][high - 1])) + 1e-300
        if abs(t[high][high - 1]) <= small:
            t[high][high - 1], high = 0j, high - 1
            continue
        low = high
        while low > 0 and abs(t[low][low - 1]) > 1e-16 * (abs(t[low][low]) + abs(t[low - 1][low - 1])) + 1e-300:
            low -= 1
        (e, f), (g, h) = t[high - 1][high - 1 : high + 1], t[high][high - 1 : high + 1]
        root = ((e - h) ** 2 / 4 + f * g) ** 0.5
        shift = min((e + h) / 2 + root, (e + h) / 2 - root, key=lambda v: abs(v - h))
        if steps % 11 == 10:
            shift += abs(t[high][high - 1])
        x, y = t[low][low] - shift, t[low + 1][low]
        for k in range(low, high):  # chase the bulge
            if abs(x) + abs(y) > 0:
                rotate(k, k + 1, x, y)
            if k + 2 <= high:
                x, y = t[k + 1][k], t[k + 2][k]
        steps += 1
    return t, [list(column) for column in zip(*[[v.conjugate() for v in row] for row in q], strict=True)]


def eigenvectors(a: Floats) -> tuple[Floats, list[list[int]]]:
    """Approximate eigenvectors as columns, real and imaginary parts of complex ones; which columns go together."""
    n = len(a)
    t, q = schur(a)
    scale = max(abs(v) for row in t for v in row) or 1.0
    columns: Floats = []
    blocks: list[list[int]] = []
    for k in range(n):
        mu = t[k][k]
        if mu.imag < -1e-9 * scale:
            continue  # its conjugate is there, too
        y = [0j] * n
        y[k] = 1 + 0j
        for i in range(k - 1, -1, -1):
            gap = t[i][i] - mu
            gap = gap if abs(gap) > 1e-8 * scale else 1e-8 * scale + 0j
            y[i] = -sum(t[i][j] * y[j] for j in range(i + 1, k + 1)) / gap
        v = [sum(q[i][j] * y[j] for j in range(k + 1)) for i in range(n)]
        largest = max(v, key=abs)
        v = [w / largest for w in v]
        parts = [[w.real for w in v]] if mu.imag <= 1e-9 * scale else [[w.real for w in v], [w.imag for w in v]]
        blocks.append(list(range(len(columns), len(columns) + len(parts))))
        columns += parts
    if len(columns) != n:
        raise Undefined("eigenvalues were not found")
    return [list(row) for row in zip(*columns, strict=True)], blocks


Disc = tuple[Interval, Interval, Interval]


class Spectrum:
    """Discs `(real part, imaginary part, radius)` in groups: each group holds as many eigenvalues as it has discs."""

    def __init__(self, groups: list[list[Disc]]) -> None:
        self.groups = groups

    def least(self, of: Callable[[Interval, Interval, Interval], Interval]) -> Interval:
        """The least value of a function of an eigenvalue, from its ranges on discs."""
        ranges = [[of(*disc) for disc in group] for group in self.groups]
        low = least([value for group in ranges for value in group])
        high = least([hull(group).upper() for group in ranges])
        return hull([low.lower(), high.upper()])

    def least_real_part(self) -> Interval:
        """The smallest real part of an eigenvalue."""
        return self.least(lambda re, im, r: re + ball(r))

    def largest_real_part(self) -> Interval:
        """The largest one."""
        return -self.least(lambda re, im, r: -re + ball(r))

    def largest_modulus(self) -> Interval:
        """The largest modulus of an eigenvalue."""
        return -self.least(lambda re, im, r: -norm([re, im]) + ball(r))

    def step_bound(self) -> Interval:
        """`min 2 Re(mu)/|mu|**2`; all real parts have to be positive."""

        return self.least(lambda re, im, r: TWO * (re + ball(r)) / (norm([re, im]) + ball(r)).power(2))

    def negative(self) -> tuple[int, int]:
        """Least and largest possible number of eigenvalues with negative real part."""
        least_count = most = 0
        for group in self.groups:
            reach = hull(re + ball(r) for re, _, r in group)
            least_count += len(group) if reach.negative() else 0
            most += 0 if reach[0] >= 0 else len(group)
        return least_count, most


def spectrum(a: Matrix, symmetric: bool = False) -> Spectrum:
    """All eigenvalues of every matrix in this one: discs of Gershgorin for `V^-1 A V` with approximate
    eigenvectors `V`.

    A pair of conjugate eigenvalues is a block of two rows, which a unitary matrix would make diagonal; that
    matrix is not formed, but sums of sizes of entries grow at most by the factor 3/2 (a Frobenius norm times
    `sqrt 2`).
    """
    scale = max((size(x) for row in a for x in row if x[0] or x[1]), default=0)
    floats = [[float(Interval((x[0], x[1], x[2] - scale))) for x in row] for row in a]
    if symmetric:
        v, blocks = from_floats([[x.real for x in row] for row in schur(floats)[1]]), [[i] for i in range(len(a))]
    else:
        proposal, blocks = eigenvectors(floats)
        v = from_floats(proposal)
    t = similar(a, v)
    for _ in range(2):
        v = (v @ (identity(len(a)) + correction(t, blocks))).middles()
        t = similar(a, v)
    return discs(t, blocks)


def least_symmetric_eigenvalue(a: Matrix) -> Interval:
    """The least eigenvalue of the symmetric part."""
    return spectrum(a.symmetric_part(), symmetric=True).least_real_part()


def least_singular_value(a: Matrix) -> Interval:
    """Of a matrix with no more rows than columns: the root of the least eigenvalue of `A A^T`."""
    return spectrum(a.gram(), symmetric=True).least_real_part().sqrt()


def spectral_norm(a: Matrix) -> Interval:
    """The 2-norm."""
    return spectrum(a.gram(), symmetric=True).largest_real_part().sqrt()


def similar(a: Matrix, v: Matrix) -> Matrix:
    """`V^-1 A V`."""
    r = v.approximate_inverse()
    return corrected(r, v, r @ (a @ v))


def correction(t: Matrix, blocks: list[list[int]]) -> Matrix:
    """A small `E` with `T E - E T` near the part of `-T` outside of the blocks: `V (I + E)` is better than `V`."""
    e = [[0.0] * len(t) for _ in t]
    for rows in blocks:
        check_time()
        for columns in blocks:
            if rows is columns:
                continue
            places = [(i, j) for i in rows for j in columns]
            system = [[float(t[i][k]) * (j == l) - float(t[l][j]) * (i == k) for k, l in places] for i, j in places]
            entries = float_solve(system, [[-float(t[i][j])] for i, j in places])
            if entries and all(abs(x[0]) < 1e-3 for x in entries):
                for (i, j), (x,) in zip(places, entries, strict=True):
                    e[i][j] = x
    return from_floats(e)


def discs(t: Matrix, blocks: list[list[int]]) -> Spectrum:
    """The discs of a nearly block diagonal matrix, those that meet in one group."""
    found: list[Disc] = []
    factor = exact(Fraction(3, 2))
    for block in blocks:
        outside = [abs(t[i][j]) for i in block for j in range(len(t)) if j not in block]
        i = block[0]
        if len(block) == 1:
            found.append((t[i][i], ZERO, (factor * total(outside)).upper()))
            continue
        k = block[1]
        re, im = (HALF * (t[i][i] + t[k][k])).middle(), (HALF * (t[i][k] - t[k][i])).middle()
        inside = [abs(t[i][i] - re), abs(t[k][k] - re), abs(t[i][k] - im), abs(t[k][i] + im)]
        radius = (factor * total([*outside, *inside])).upper()
        found += [(re, im, radius), (re, -im, radius)]
    groups: list[list[Disc]] = []
    for disc in found:
        joined = [disc]
        for group in [g for g in groups if any(not apart(disc, other) for other in g)]:
            joined += group
            groups.remove(group)
        groups.append(joined)
    return Spectrum(groups)


def apart(p: Disc, q: Disc) -> bool:
    """Do two discs certainly not meet?"""
    return (p[2] + q[2]).below(norm([p[0] - q[0], p[1] - q[1]]))
