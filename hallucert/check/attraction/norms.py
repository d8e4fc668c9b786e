"""Spectral norms and radii of matrices of balls, and roots of what is known by its ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic
from hallucert.balls.spectrum import Disc, Spectrum
from hallucert.balls.symmetric import extreme_eigenvalues
from hallucert.check.claim import Enclosure
from hallucert.exact import exponent

ROOT_BITS = 128
"""Binary places of roots of rational bounds."""


def spectral_norm(ar: BallArithmetic, rows: Sequence[Sequence[Ball]]) -> Enclosure | None:
    """Enclose ``|N|_2`` of all matrices N in a matrix of balls, the root of the largest eigenvalue of ``N N^T``.

    The order of ``N N^T`` is the number of rows. None if it is indeterminate.
    """
    a = [list(row) for row in rows]
    found = extreme_eigenvalues(ar, matrix.symmetric_part(ar, ar.matrix_product(a, matrix.transpose(a))))
    return None if found is None else root(Enclosure(*found[1]))


def spectral_radius(found: Spectrum) -> Enclosure:
    """Enclose the largest modulus of an eigenvalue: each component holds one, in one of its discs."""
    moduli = [[_moduli(disc) for disc in group] for group in found.components]
    low = max(min(each.lower for each in group) for group in moduli)
    return Enclosure(low, max(each.upper for group in moduli for each in group))


def _moduli(disc: Disc) -> Enclosure:
    """Enclose the moduli of the numbers in a disc."""
    square = disc.re**2 + disc.im**2
    modulus = root(Enclosure(square, square))
    return Enclosure(max(modulus.lower - disc.radius, Fraction(0)), modulus.upper + disc.radius)


def root(square: Enclosure) -> Enclosure:
    """Enclose the root of a number that is not negative, to about `ROOT_BITS` bits of the larger end."""
    places = ROOT_BITS - exponent(square.upper) // 2 if square.upper > 0 else ROOT_BITS
    unit = Fraction(2) ** -places
    low, high = (unit * math.isqrt(math.floor(max(end, Fraction(0)) / unit**2)) for end in (square.lower, square.upper))
    return Enclosure(low, high + unit)
