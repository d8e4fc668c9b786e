"""The sizes of the numbers of a problem, as powers of two: what "near 0" means for each number that is published.

A number near 0 inherits the rounding of others of its kind that are not. Lengths are compared with ``|x+ - x|``, that
is ``rho``, gradients with ``|g(x)|``, and so on: in other units of ``f`` or ``x`` the same claims are proved.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

LENGTH, VALUE, GRADIENT, CURVATURE, STEP = (2, 0), (0, 2), (-2, 2), (-4, 2), (4, -2)
"""Twice the exponents of length and value."""

DIMENSIONS = {
    "offset": LENGTH,
    "radius": LENGTH,
    "distance": LENGTH,
    "length": LENGTH,
    "rho": LENGTH,
    "rho_start": LENGTH,
    "rho_end": LENGTH,
    "level": VALUE,
    "maximum": VALUE,
    "target_value": VALUE,
    "sam_value": VALUE,
    "value": VALUE,
    "value_elsewhere": VALUE,
    "gradient_norm": GRADIENT,
    "multiplier": CURVATURE,
    "curvature": CURVATURE,
    "smallest_hessian_eigenvalue": CURVATURE,
    "largest_hessian_eigenvalue": CURVATURE,
    "second_derivative": CURVATURE,
    "smallest_real_part": CURVATURE,
    "step_bound": STEP,
    "shifted_gradient_square": (-4, 4),
    "smallest_eigenvalue_sym_Du": (-2, 0),
}
"""Of published numbers; those that are not here are free of units, or nothing near 0."""


@dataclass(frozen=True)
class Sizes:
    """Exponents of the powers of two near the length and the change of value of a problem.

    Attributes
    ----------
    length, value : int
        The exponents.
    residual : bool
        Whether singular values are those of the derivative of residuals, whose squares are values.
    """

    length: int = 0
    value: int = 0
    residual: bool = False

    @property
    def box(self) -> Fraction:
        """The unit of coordinates."""
        return Fraction(2) ** self.length

    def of(self, name: str) -> Fraction:
        """Return the unit of a number."""
        lengths, values = DIMENSIONS.get(name, (0, 0))
        if name == "smallest_singular_value" and self.residual:
            lengths, values = -2, 1
        return Fraction(2) ** ((lengths * self.length + values * self.value) // 2)


UNSIZED = Sizes()
"""All numbers are compared with 1."""


def exponent(value: Fraction) -> int:
    """Return ``floor(log2(value))`` of a positive number, or one less."""
    return value.numerator.bit_length() - value.denominator.bit_length()


def sizes_of(length: Fraction, gradient: Fraction, residual: bool = False) -> Sizes:
    """Return the sizes of a problem with this length and gradients of this size; what is 0 has the size 1."""
    long = exponent(length) if length > 0 else 0
    return Sizes(long, exponent(gradient) + long if gradient > 0 else 0, residual)
