"""Enclosures of the eigenvalues of matrices that need not be symmetric: discs, and what they show.

One row and two rows have formulas; more rows go through a similar matrix (`hallucert.balls.similarity`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.matrix import real_eigenvalues, require_square, two_rows
from hallucert.exact import float_above, round_down, round_up


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
        ends = [[_real_inverse(disc) for disc in group] for group in self.components]
        lower = min(low for group in ends for low, _ in group)
        return 2 * lower, 2 * min(max(high for _, high in group) for group in ends)


def _touch(a: Disc, b: Disc) -> bool:
    dx, dy, reach = a.re - b.re, a.im - b.im, a.radius + b.radius
    return dx * dx + dy * dy <= reach * reach


def _real_inverse(disc: Disc) -> tuple[Fraction, Fraction]:
    """Return ``(Re c - r)/p`` and ``(Re c + r)/p`` with ``p = |c|**2 - r**2``."""
    low, high = disc.re - disc.radius, disc.re + disc.radius
    power = low * high + disc.im * disc.im
    return low / power, high / power


_GOOD = 1e-7
"""Discs below this part of the matrix's size are good enough; otherwise another basis is tried."""


def spectrum(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> Spectrum | None:
    """Enclose the eigenvalues of every matrix in `a` in discs; None if it is undecided."""
    d = require_square(a)
    with ar:
        if not ar.all_finite(a):
            return None
        if d == 1:
            low, high = ar.endpoints(a[0][0])
            return Spectrum((Disc((low + high) / 2, Fraction(0), (high - low) / 2),))
        approximate = ar.approximations(a)
        if not np.isfinite(approximate).all():
            return None
        spread, narrow = _spread(ar, a), _GOOD * float(np.abs(approximate).max())
        if d == 2 and spread <= narrow and (two := _of_two(ar, a)) is not None:
            return two
        from hallucert.balls.similarity import discs  # what two formulas give needs none

        found = discs(ar, a, approximate, narrow + spread)
        return None if found is None else Spectrum(tuple(Disc(*disc) for disc in found))


def _of_two(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> Spectrum | None:
    """Enclose both eigenvalues of narrow matrices of two rows; None where it is open whether they are real."""
    mean, square = two_rows(ar, a)
    if ar.negative(square):
        (re, move), (im, turn) = _around(ar, mean), _around(ar, ar.sqrt(-square))
        return Spectrum((Disc(re, im, move + turn), Disc(re, -im, move + turn)))
    pair = real_eigenvalues(ar, a)
    if pair is None:
        return None
    return Spectrum(tuple(Disc(middle, Fraction(0), reach) for middle, reach in (_around(ar, end) for end in pair)))


def _around(ar: BallArithmetic, ball: Ball) -> tuple[Fraction, Fraction]:
    """Return a short number near the middle of a ball, and a bound of the distance from it, which is short, too."""
    low, high = ar.endpoints(ball)
    middle = round_down((low + high) / 2, 64)
    return middle, round_up(high - middle, 30)


def _spread(ar: BallArithmetic, a: Sequence[Sequence[Ball]]) -> float:
    """Return many times the width of the rows: discs below it are due to the entries more than to the basis."""
    return 200.0 * float_above(ar.largest_absolute_sum([[ar.radius(x) for x in row] for row in a]))
