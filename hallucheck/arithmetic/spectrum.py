"""Eigenvalues, in discs around approximate ones. Floats propose them; what is proved holds whatever they are."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from .eigenvectors import eigenvectors
from .interval import HALF, TWO, ZERO, Interval, ball, check_time, exact, hull, least, total
from .linear import Matrix, corrected, float_solve, from_floats, identity, norm

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


def spectrum(a: Matrix) -> Spectrum:
    """All eigenvalues of every matrix in this one: discs of Gershgorin for `V^-1 A V` with approximate eigenvectors
    `V`, and better ones after that.

    A pair of conjugate eigenvalues is a block of two rows, which a unitary matrix would make diagonal; that
    matrix is not formed, but sums of sizes of entries grow at most by the factor 3/2 (a Frobenius norm times
    `sqrt 2`).
    """
    scale = max((x.size() for row in a for x in row if x[0] or x[1]), default=0)
    proposal, blocks = eigenvectors([[float(Interval((x[0], x[1], x[2] - scale))) for x in row] for row in a])
    v = from_floats(proposal)
    for _ in range(2):
        v = (v @ (identity(len(a)) + correction(similar(a, v), blocks))).middles()
    return discs(similar(a, v), blocks)


def least_symmetric_eigenvalue(a: Matrix) -> Interval:
    """The least eigenvalue of the symmetric part."""
    return spectrum(a.symmetric_part()).least_real_part()


def least_singular_value(a: Matrix) -> Interval:
    """Of a matrix with no more rows than columns: the root of the least eigenvalue of `A A^T`."""
    return spectrum(a.gram()).least_real_part().sqrt()


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
            if all(abs(x[0]) < 1e-3 for x in entries):
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
