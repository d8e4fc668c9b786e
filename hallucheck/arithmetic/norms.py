"""Norms of matrices, and which are definite: what basins and farthest points need besides eigenvalues."""

from __future__ import annotations

from fractions import Fraction

from .interval import Interval, dot, exact, total
from .linear import Matrix, Vector, identity, norm
from .spectrum import spectrum


def frobenius(a: Matrix) -> Interval:
    """The norm of all entries."""
    return norm(x for row in a for x in row)


def spectral_norm(a: Matrix) -> Interval:
    """The 2-norm."""
    return spectrum(a.gram()).largest_real_part().sqrt()


def is_positive_definite(a: Matrix) -> bool:
    """Is every symmetric matrix in this one positive definite? Yes, if all have a factor of Cholesky."""
    factor: list[Vector] = []
    for i, row in enumerate(a):
        entries = Vector()
        for j in range(i):
            entries.append((row[j] - dot(entries[:j], factor[j][:j])) / factor[j][j])
        pivot = row[i] - total(x.power(2) for x in entries)
        if not pivot.positive():
            return False
        factor.append(Vector([*entries, pivot.sqrt()]))
    return True


def is_at_most(a: Matrix, bound: Fraction) -> bool:
    """Is the 2-norm of all these matrices below a bound? None is below a negative one, whatever its square."""
    return bound >= 0 and is_positive_definite(identity(len(a)) * exact(bound * bound) - a.gram())
