"""Enclosure of the eigenvalues of a matrix that need not be symmetric: similarity, then Gershgorin in blocks.

Floats propose a real basis V in which the matrix is nearly block diagonal, with blocks ``[a]`` and
``[[a, b], [-b, a]]``, which are normal. ``B = V^-1 A V`` is enclosed with an enclosed inverse, so that every matrix
in B has the eigenvalues of one in A. Write ``B = N + F`` with N exactly block diagonal. For an eigenvalue mu of B
with eigenvector x take the block k where ``|x_k|_2`` is largest: ``(mu - N_k) x_k = sum_j F_kj x_j``, and since N_k
is normal the left side has at least the length ``dist(mu, spec N_k) |x_k|``. So mu is within ``sum_j |F_kj|_2`` of an
eigenvalue ``a +- ib`` of N_k. The same holds for ``N + t F``, 0 <= t <= 1, with t times the radius: eigenvalues move
continuously, so each component of the union of the discs keeps its number of them.

**The leftmost discs are made smaller.** Let the discs of block k be disjoint from all others, so that they hold as many
eigenvalues as the block has. Multiply the rows of block k of B by delta and divide its columns by it, delta < 1: its
radius gets the factor delta (but for ``F_kk``), and that of block i grows by ``|F_ik| (1/delta - 1)``. While the discs
of k stay disjoint from the larger others, they hold the same eigenvalues. With ``delta = 2 max |F_ik| / gap_i``,
where gap_i is the space between discs, they do; so the radius is of second order in the error of the basis. What is
published then depends on the matrix, and not on the digits of a basis that another arithmetic proposes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.balls.matrix import from_floats, inverse
from hallucert.errors import ArgumentError
from hallucert.exact import float_above, round_down, round_up

if TYPE_CHECKING:
    from hallucert.balls.bases import Basis


@dataclass(frozen=True)
class Disc:
    """The closed disc of the given `radius` around ``re + i im``; `count` is its part of the number of eigenvalues."""

    re: Fraction
    im: Fraction
    radius: Fraction
    count: int = 1


@dataclass(frozen=True)
class Spectrum:
    """Discs whose union contains every eigenvalue, of every matrix enclosed.

    Each connected component of it contains exactly as many eigenvalues as its discs' counts add up to.
    """

    discs: tuple[Disc, ...]

    @cached_property
    def components(self) -> tuple[tuple[Disc, ...], ...]:
        """The discs grouped by connected component of their union."""
        n = len(self.discs)
        label = list(range(n))

        def root(i: int) -> int:
            while label[i] != i:
                i = label[i]
            return i

        ends = [(disc.re - disc.radius, disc.re + disc.radius) for disc in self.discs]
        order = sorted(range(n), key=lambda i: ends[i][0])
        for place, i in enumerate(order):
            for j in order[place + 1 :]:
                if ends[j][0] > ends[i][1]:
                    break
                if root(i) != root(j) and _touch(self.discs[i], self.discs[j]):
                    label[root(i)] = root(j)
        groups: dict[int, list[Disc]] = {}
        for i in range(n):
            groups.setdefault(root(i), []).append(self.discs[i])
        return tuple(tuple(group) for group in groups.values())

    @property
    def min_real_lower(self) -> Fraction:
        """Every eigenvalue has at least this real part."""
        return min(disc.re - disc.radius for disc in self.discs)

    @property
    def min_real_upper(self) -> Fraction:
        """Some eigenvalue has at most this real part."""
        return min(max(disc.re + disc.radius for disc in group) for group in self.components)

    @property
    def all_positive(self) -> bool:
        """Whether certainly every eigenvalue has positive real part."""
        return self.min_real_lower > 0

    @property
    def some_negative(self) -> bool:
        """Whether certainly some eigenvalue has negative real part."""
        return self.min_real_upper < 0

    @cached_property
    def step_bound(self) -> tuple[Fraction, Fraction] | None:
        """Enclosure of the least ``2 Re(mu) / |mu|**2`` over the eigenvalues, or None unless `all_positive`.

        ``Re(mu) / |mu|**2 = Re(1/mu)``, and inversion maps the disc around c of radius r, which does not contain 0,
        onto the disc around ``conj(c) / (|c|**2 - r**2)`` of radius ``r / (|c|**2 - r**2)``: so ``Re(1/mu)`` over the
        disc runs from ``(Re c - r) / (|c|**2 - r**2)`` to ``(Re c + r) / (|c|**2 - r**2)``. The least over all discs
        is a lower bound; each component contains an eigenvalue, so that its largest value is an upper bound.
        """
        if not self.all_positive:
            return None
        lower = min((disc.re - disc.radius) / _power_of_zero(disc) for disc in self.discs)
        upper = min(max((disc.re + disc.radius) / _power_of_zero(disc) for disc in group) for group in self.components)
        return 2 * lower, 2 * upper


def _touch(a: Disc, b: Disc) -> bool:
    dx, dy, reach = a.re - b.re, a.im - b.im, a.radius + b.radius
    return dx * dx + dy * dy <= reach * reach


def _power_of_zero(disc: Disc) -> Fraction:
    """Return ``|c|**2 - r**2``."""
    return disc.re * disc.re + disc.im * disc.im - disc.radius * disc.radius


NEGLIGIBLE_BITS = 50
"""An error of the basis that moves an eigenvalue by less than this part of it is not worth a better bound."""

_GOOD = 1e-7
"""Discs below this part of the matrix's size are good enough; otherwise another basis is tried."""


def spectrum(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> Spectrum | None:
    """Enclose the eigenvalues of every matrix in `a` in discs; None if it is undecided.

    Takes the first float basis with small discs, or the one with the smallest; `None` if no basis is certainly one.
    """
    d = len(a)
    if d == 0 or any(len(row) != d for row in a):
        raise ArgumentError("a", f"<{d} rows>", "be a square matrix")
    with ar:
        if not ar.all_finite(a):
            return None
        if d == 1:
            return _discs(ar, [[ar.constant(Fraction(1))]], a, [[ar.constant(Fraction(1))]], [1])
        approximate = ar.approximations(a)
        if not np.isfinite(approximate).all():
            return None
        spread, narrow = _spread(ar, a), _GOOD * float(np.abs(approximate).max())
        if d == 2 and spread <= narrow and (two := _of_two(ar, a)) is not None:
            return two
        from hallucert.balls.bases import eigenvector_bases  # what two formulas give needs none

        good, best = narrow + spread, None
        for basis in eigenvector_bases(approximate):
            candidate = _from_basis(ar, a, basis)
            if candidate is not None and (best is None or _widest(candidate) < _widest(best)):
                best = candidate
            if best is not None and _widest(best) <= good:
                break
        return best


def _of_two(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> Spectrum | None:
    """Enclose both eigenvalues of narrow matrices of two rows, ``m -+ sqrt(s)``; None where the sign of s is open.

    m is the mean of the diagonal and s the square of half its difference, plus the product of the other entries. Of two
    real ones most digits of the smaller would cancel: it is the determinant divided by the other.
    """
    (p, b), (c, q) = a
    half = ar.constant(Fraction(1, 2))
    mean, square = (p + q) * half, ar.power((p - q) * half, 2) + b * c
    if ar.negative(square):
        (re, move), (im, turn) = _around(ar, mean), _around(ar, ar.sqrt(-square))
        return Spectrum((Disc(re, im, move + turn), Disc(re, -im, move + turn)))
    if not ar.positive(square):
        return None
    root = ar.sqrt(square)
    low, high = mean - root, mean + root
    if ar.positive(mean):
        low = (p * q - b * c) / high
    elif ar.negative(mean):
        high = (p * q - b * c) / low
    return Spectrum(tuple(Disc(middle, Fraction(0), reach) for middle, reach in (_around(ar, low), _around(ar, high))))


def _around(ar: BallArithmetic, ball: Ball) -> tuple[Fraction, Fraction]:
    """Return a short number near the middle of a ball, and a bound of the distance from it, which is short, too."""
    low, high = ar.endpoints(ball)
    middle = round_down((low + high) / 2, 64)
    return middle, round_up(high - middle, 30)


def _from_basis(ar: BallArithmetic, a: Sequence[Sequence[Ball]], basis: Basis) -> Spectrum | None:
    """Enclose ``V^-1`` for ``V = Q D`` as ``D^-1 Q^-1``, with D powers of two (exact); None if Q may be singular."""
    v = from_floats(ar, basis.columns)
    w = inverse(ar, v)
    if w is None:
        return None
    if any(basis.grading):
        down = [ar.constant(Fraction(1, 2**bits)) for bits in basis.grading]
        up = [ar.constant(Fraction(2**bits)) for bits in basis.grading]
        v = [[x * s for x, s in zip(row, down, strict=True)] for row in v]
        w = [[s * x for x in row] for s, row in zip(up, w, strict=True)]
    return _discs(ar, w, a, v, basis.sizes)


def _discs(ar: BallArithmetic, w: Matrix, a: Sequence[Sequence[Ball]], v: Matrix, sizes: list[int]) -> Spectrum | None:
    """Apply the theorem above with the basis V and W, an enclosure of its inverse."""
    b = ar.matrix_product(w, ar.matrix_product(a, v))
    if not ar.all_finite(b):
        return None
    blocks: list[_Block] = []
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    for k, start in enumerate(starts):
        centre = _centre(ar, b, start, sizes[k])
        if not all(map(math.isfinite, centre)):
            return None
        re, im = map(Fraction, centre)
        stop = start + sizes[k]
        own = _deviation(ar, [b[i][start:stop] for i in range(start, stop)], re, im)
        # |F|_2 is at most the sum of the sizes of its entries; for the block itself a sharper bound.
        rest = [x for i in range(start, stop) for x in b[i][:start] + b[i][stop:]]
        beside, within = ar.absolute_sum(rest), _norm(ar, own)
        blocks.append(_Block(range(start, stop), re, im, beside, within, round_up(beside + within, 30)))
    ends = [block.re - block.radius for block in blocks]
    leftmost = ends.index(min(ends))
    blocks[leftmost] = _shrunk(ar, b, blocks, leftmost)
    return Spectrum(tuple(Disc(block.re, im, block.radius) for block in blocks for im in block.heights))


class _Block(NamedTuple):
    """The discs of a block: around ``re +- i im``, with the sum of ``|F_kj|``, j != k, and of ``|F_kk|`` as radius."""

    rows: range
    re: Fraction
    im: Fraction
    rest: Fraction
    own: Fraction
    radius: Fraction

    @property
    def heights(self) -> tuple[Fraction, ...]:
        return (self.im,) if len(self.rows) == 1 else (self.im, -self.im)


def _shrunk(ar: BallArithmetic, b: Matrix, blocks: list[_Block], k: int) -> _Block:
    """Return block k with a smaller radius, if its discs are disjoint from the others; see above."""
    block, delta = blocks[k], Fraction(0)
    if block.rest <= abs(block.re) / 2**NEGLIGIBLE_BITS:
        return block
    for other in blocks:
        if other is block:
            continue
        distance = max(abs(block.re - other.re), abs(abs(block.im) - abs(other.im)))
        gap = distance - block.radius - other.radius
        if gap <= 0:
            return block
        coupling = ar.absolute_sum([b[i][j] for i in other.rows for j in block.rows])
        delta = max(delta, 2 * coupling / gap)
    return block._replace(radius=round_up(delta * block.rest + block.own, 30)) if delta < 1 else block


def _centre(ar: BallArithmetic, b: Matrix, i: int, size: int) -> tuple[float, float]:
    """Return a, b of the normal block near ``B_kk``; infinite or NaN beyond the range of doubles."""
    if size == 1:
        return ar.approximate(b[i][i]), 0.0
    re = ar.approximate(b[i][i]) / 2 + ar.approximate(b[i + 1][i + 1]) / 2
    im = ar.approximate(b[i][i + 1]) / 2 - ar.approximate(b[i + 1][i]) / 2
    return re, im


def _deviation(ar: BallArithmetic, part: Matrix, re: Fraction, im: Fraction) -> Matrix:
    """Enclose ``B_kk - N_k``."""
    a, b = ar.constant(re), ar.constant(im)
    if len(part) == 1:
        return [[part[0][0] - a]]
    return [[part[0][0] - a, part[0][1] - b], [part[1][0] + b, part[1][1] - a]]


def _norm(ar: BallArithmetic, part: Matrix) -> Fraction:
    """Return an upper bound of the 2-norm: ``|F|_2**2 <= |F|_1 |F|_inf``, so the larger of the two will do."""
    sizes = [[ar.magnitude(x) for x in row] for row in part]
    if len(sizes) == 1 and len(sizes[0]) == 1:
        return sizes[0][0]
    rows = max(sum(row, Fraction(0)) for row in sizes)
    columns = max(sum(column, Fraction(0)) for column in zip(*sizes, strict=True))
    return max(rows, columns)


def _widest(found: Spectrum) -> float:
    return max(float_above(disc.radius) for disc in found.discs)


def _spread(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> float:
    """Return many times the width of the rows: discs below it are due to the entries more than to the basis."""
    return 200.0 * float_above(ar.largest_absolute_sum([[ar.radius(x) for x in row] for row in a]))
