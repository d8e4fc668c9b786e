"""Spectral radii: what discs around eigenvalues show of the largest modulus; and roots."""

from __future__ import annotations

from fractions import Fraction

from hallucert.balls import arithmetic
from hallucert.balls.spectrum import Disc, Spectrum
from hallucert.check.attraction.norms import root, spectral_norm, spectral_radius
from hallucert.check.claim import Enclosure
from hallucert.exact import is_dyadic


def test_discs_that_touch_hold_both_eigenvalues_anywhere() -> None:
    """Of |z| <= 1 and |z - 3/2| <= 1 both may be 0, or one 5/2; apart from them |z - 4i| <= 1/4 holds one."""
    near = (Disc(Fraction(0), Fraction(0), Fraction(1)), Disc(Fraction(3, 2), Fraction(0), Fraction(1)))
    found = spectral_radius(Spectrum(near))
    assert found.lower == 0 and Fraction(5, 2) <= found.upper < Fraction(5, 2) + Fraction(1, 2**100)
    apart = Disc(Fraction(0), Fraction(4), Fraction(1, 4))
    found = spectral_radius(Spectrum((*near, apart)))
    assert Fraction(15, 4) - Fraction(1, 2**100) < found.lower <= Fraction(15, 4)
    assert Fraction(17, 4) <= found.upper < Fraction(17, 4) + Fraction(1, 2**100)


def test_moduli_reach_beyond_irrational_centres_by_the_radius() -> None:
    """Of |z - (1 + i)| <= 0 and <= 1/2: the root of 2, give or take the radius."""
    for radius in (Fraction(0), Fraction(1, 2)):
        found = spectral_radius(Spectrum((Disc(Fraction(1), Fraction(1), radius),)))
        assert (found.lower + radius) ** 2 < 2 < (found.upper - radius) ** 2
        assert found.upper - found.lower - 2 * radius < Fraction(1, 2**120)


def test_spectral_norms_are_those_of_known_matrices() -> None:
    """Of [[3, 0], [4, 5]] the root of 45, of a row its length; None where an entry is not known."""
    with arithmetic("arb", 106) as ar:
        for rows, square in (([[3, 0], [4, 5]], 45), ([[3, 4]], 25), ([[3], [4]], 25)):
            found = spectral_norm(ar, [[ar.constant(Fraction(v)) for v in row] for row in rows])
            assert found.lower**2 <= square <= found.upper**2 and found.upper - found.lower < Fraction(1, 10**6)
        assert spectral_norm(ar, [[ar.constant(Fraction(1)), ar.indeterminate()]]) is None


def test_roots_are_between_their_bounds() -> None:
    """Squares of the ends, exactly, are on both sides of numbers of any size that are no squares, and near."""
    for square in (Fraction(2), Fraction(3, 7), Fraction(1, 10**80), Fraction(10**61)):
        found = root(Enclosure(square, square))
        assert found.lower**2 < square < found.upper**2
        assert found.upper**2 - found.lower**2 < square / 2**120
        assert is_dyadic(found.lower) and is_dyadic(found.upper)
    assert root(Enclosure(Fraction(-1), Fraction(4))).lower == 0
