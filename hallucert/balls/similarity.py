"""Eigenvalues of matrices of three rows and more, by bases of eigenvectors that floats propose.

**Symmetric matrices** M, here of numbers. Let W hold float eigenvectors, L the float eigenvalues and ``R = M W - W L``.
If ``e >= |W^T W - I|_F`` is below 1, every singular value of W is at least ``sqrt(1 - e)``, and
``W^-1 M W = L + W^-1 R``, so by the theorem of Bauer and Fike every eigenvalue is within
``|W^-1 R|_2 <= |R|_F / sqrt(1 - e)`` of an entry of L. That bounds the smallest eigenvalue from below and the largest
from above. From the other side each is bounded by a quotient of Rayleigh, ``q = w^T M w / w^T w`` with a column of W.
If the disc around the smallest entry of L meets no other, it holds one eigenvalue (eigenvalues of ``L + t W^-1 R`` move
continuously), the others are at least b, the second entry less the reach, and the theorem of Temple and Kato bounds the
smallest by ``q - |M w - q w|^2 / (w^T w (b - q))``, which is of second order in the error of w.

**Other matrices: similarity, then Gershgorin in blocks.**
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
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from hallucert.balls.bases import Basis, eigenvector_bases
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.balls.matrix import float_eigenvectors, frobenius_norm, from_floats, inverse, transpose
from hallucert.exact import float_above, round_up

Circle = tuple[Fraction, Fraction, Fraction]
"""The centre, as real and imaginary part, and the radius of a closed disc, which counts as one eigenvalue."""

Ends = tuple[Fraction, Fraction]

NEGLIGIBLE_BITS = 50
"""An error of the basis that moves an eigenvalue by less than this part of it is not worth a better bound."""


# ---------------------------------------------------------------------- symmetric matrices


def extremes(ar: BallArithmetic, m: Matrix) -> tuple[Ends, Ends] | None:
    """Enclose the smallest and the largest eigenvalue of a symmetric matrix; None if the eigenvectors are useless."""
    d, pair = len(m), float_eigenvectors(ar.approximations(m))
    if pair is None:
        return None
    values, w = pair[0].tolist(), from_floats(ar, pair[1])
    products = ar.matrix_product([*m, *transpose(w)], w)  # M W above W^T W
    mw, gram = products[:d], products[d:]
    first, last = (_quotient(ar, w, mw, gram, j) for j in (0, d - 1))
    weights = gram[0][0], gram[d - 1][d - 1]
    one, shifts = ar.constant(Fraction(1)), [ar.from_float(v) for v in values]
    for i in range(d):
        gram[i][i] = gram[i][i] - one
    rest = [[x - y * s for x, y, s in zip(row, own, shifts, strict=True)] for row, own in zip(mw, w, strict=True)]
    e, size = frobenius_norm(ar, gram), frobenius_norm(ar, rest)
    if e is None or e >= 1 or size is None:
        return None
    reach = size / (1 - e)  # 1 - e <= sqrt(1 - e)
    smallest, second, third, largest = (Fraction(values[k]) for k in (0, 1, -2, -1))
    least, low = ar.upper(first), smallest - reach
    most, high = ar.lower(last), largest + reach
    if second - reach > max(smallest + reach, least) and reach > abs(smallest) / 2**NEGLIGIBLE_BITS:
        error = ar.upper(_residual(ar, w, mw, 0, first) / weights[0])
        low = max(low, ar.lower(first) - error / (second - reach - least))
    if third + reach < min(largest - reach, most) and reach > abs(largest) / 2**NEGLIGIBLE_BITS:
        error = ar.upper(_residual(ar, w, mw, d - 1, last) / weights[1])
        high = min(high, ar.upper(last) + error / (most - third - reach))
    return (low, least), (most, high)


def _quotient(ar: BallArithmetic, w: Matrix, mw: Matrix, gram: Matrix, j: int) -> Ball:
    """Enclose the quotient of Rayleigh of column j of W; the float eigenvalues ascend with j."""
    return ar.dot([row[j] for row in w], [row[j] for row in mw]) / gram[j][j]


def _residual(ar: BallArithmetic, w: Matrix, mw: Matrix, j: int, quotient: Ball) -> Ball:
    """Enclose ``|M w - q w|^2`` for column j of W and every q in `quotient`."""
    rest = [row[j] - quotient * own[j] for row, own in zip(mw, w, strict=True)]
    return ar.dot(rest, rest)


# ---------------------------------------------------------------------- other matrices


def discs(ar: BallArithmetic, a: Sequence[Sequence[Ball]], approximate: np.ndarray, good: float) -> list[Circle] | None:
    """Return discs around the eigenvalues of every matrix in `a`, near the `approximate` one; None if undecided.

    Takes the first float basis whose discs are `good`, or the one with the smallest; None if no basis is certainly one.
    """
    best, least = None, math.inf
    for basis in eigenvector_bases(approximate):
        found = _from_basis(ar, a, basis)
        if found is not None and (best is None or _widest(found) < least):
            best, least = found, _widest(found)
        if best is not None and least <= good:
            break
    return best


def _widest(found: list[Circle]) -> float:
    return max(float_above(radius) for _, _, radius in found)


def _from_basis(ar: BallArithmetic, a: Sequence[Sequence[Ball]], basis: Basis) -> list[Circle] | None:
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
    return _gershgorin(ar, w, a, v, basis.sizes)


def _gershgorin(
    ar: BallArithmetic, w: Matrix, a: Sequence[Sequence[Ball]], v: Matrix, sizes: list[int]
) -> list[Circle] | None:
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
    return [(block.re, im, block.radius) for block in blocks for im in block.heights]


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
    rows = max(sum(row, Fraction(0)) for row in sizes)
    columns = max(sum(column, Fraction(0)) for column in zip(*sizes, strict=True))
    return max(rows, columns)
