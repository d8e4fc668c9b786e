"""Discs in the complex plane that contain the eigenvalues of a matrix, and what they decide.

The discs come from Gershgorin's theorem, so that each connected component of their union contains as many eigenvalues
as the counts of its discs add up to. All numbers are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property


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

    Attributes
    ----------
    discs : tuple of Disc
        Each connected component of their union contains exactly as many eigenvalues as its discs' counts add up to.
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

        for i in range(n):
            for j in range(i):
                if _touch(self.discs[i], self.discs[j]):
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
    def max_real_upper(self) -> Fraction:
        """Every eigenvalue has at most this real part."""
        return max(disc.re + disc.radius for disc in self.discs)

    @property
    def all_positive(self) -> bool:
        """Whether certainly every eigenvalue has positive real part."""
        return self.min_real_lower > 0

    @property
    def some_negative(self) -> bool:
        """Whether certainly some eigenvalue has negative real part."""
        return self.min_real_upper < 0

    @property
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
