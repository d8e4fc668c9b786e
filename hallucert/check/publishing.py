"""What a prover publishes: slightly wider intervals with short ends, which a checker with other rounding re-proves.

No check needs this. *Near 0* a number inherits the rounding of others of its kind that are not. Lengths are compared
with ``|x+ - x|``, that is ``rho``, gradients with ``|g(x)|``, and so on: in other units of ``f`` or ``x`` the same
claims are proved.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert import __version__
from hallucert.balls.facade import BallArithmetic
from hallucert.check.claim import Claim, Enclosure, F, Measured, Provenance
from hallucert.check.problem import Point
from hallucert.check.reason import Reason
from hallucert.exact import dyadic, exponent, round_down, round_up
from hallucert.objectives.radius_law import SAM

LENGTH, VALUE, GRADIENT, CURVATURE, STEP = (2, 0), (0, 2), (-2, 2), (-4, 2), (4, -2)
"""Twice the exponents of length and value."""

_NAMES = {
    LENGTH: "offset radius distance length rho rho_start rho_end",
    VALUE: "level maximum target_value sam_value value value_elsewhere",
    GRADIENT: "gradient_norm decayed_gradient_norm shifted_gradient_norm sam_gradient_norm",
    CURVATURE: "multiplier curvature smallest_hessian_eigenvalue largest_hessian_eigenvalue second_derivative "
    "smallest_real_part",
    STEP: "step_bound",
    (0, 1): "residual",
    (-4, 4): "shifted_gradient_square",
    (-2, 0): "smallest_eigenvalue_sym_Du",
}
DIMENSIONS = {name: dimension for dimension, names in _NAMES.items() for name in names.split()}
"""Of published numbers; those that are not here are free of units, or nothing near 0."""

WEAKER = Fraction(257, 256)
"""The ends of a number of a whole curve or surface, counted from its threshold, are weaker by this factor."""

NEAR_ZERO = 106
"""Numbers near 0 that were enclosed in doubles are published with an error of about so many bits."""


@dataclass(frozen=True)
class Sizes:
    """The sizes of the numbers of a problem: the exponents of powers of two near its `length` and change of `value`.

    With `residual`, singular values are those of the derivative of residuals, whose squares are values.
    """

    length: int = 0
    value: int = 0
    residual: bool = False

    @property
    def box(self) -> Fraction:
        """The unit of coordinates."""
        return dyadic(1, self.length)

    def of(self, name: str) -> Fraction:
        """Return the unit of a number."""
        lengths, values = DIMENSIONS.get(name, (0, 0))
        if name == "smallest_singular_value" and self.residual:
            lengths, values = -2, 1
        return dyadic(1, (lengths * self.length + values * self.value) // 2)


UNSIZED = Sizes()
"""All numbers are compared with 1."""


def sizes_of(length: Fraction, gradient: Fraction, residual: bool = False) -> Sizes:
    """Return the sizes of a problem with this length and gradients of this size; what is 0 has the size 1."""
    long = exponent(length) if length > 0 else 0
    return Sizes(long, exponent(gradient) + long if gradient > 0 else 0, residual)


def length_at(point: Point) -> Fraction:
    """Return the length scale of a problem: ``rho``, or about ``|x+ - x|`` where that is another length."""
    ar = point.arithmetic
    if point.law == SAM or not all(map(ar.is_finite, point.u)):
        return point.exact_rho
    longest: Fraction = max(abs(ar.midpoint(u)) for u in point.u)
    return point.exact_rho * longest


def sizes_at(point: Point) -> Sizes:
    """Return the sizes of ``|x+ - x|`` and of gradients at a point, from midpoints; the point keeps them."""
    known: Sizes | None = point.__dict__.get("sizes")
    if known is None:
        ar = point.arithmetic
        gradient = max((abs(ar.midpoint(g)) for g in point.gradient if ar.is_finite(g)), default=Fraction(0))
        known = point.__dict__["sizes"] = sizes_of(length_at(point), gradient, point.problem.residual)
    return known


def published(enclosure: Enclosure, precision: int | None, unit: Fraction = Fraction(1)) -> Enclosure:
    """Move each side out by twice the width, ``2**-48`` of the size, ``2**-precision`` units, and to 64 bits.

    A checker works with twice the bits of the proof, `precision`; None leaves that term out. Signs survive unless they
    were decided by less.
    """
    low, high = enclosure.lower, enclosure.upper
    slack = 2 * (high - low) + max(abs(low), abs(high)) / 2**48
    if precision is not None:
        slack += unit / 2**precision
    return Enclosure(round_down(low - slack, 64), round_up(high + slack, 64))


def published_beside(threshold: Fraction, enclosure: Enclosure) -> Enclosure:
    """Move each side a little farther out, but none across a threshold."""
    low, high = enclosure.lower - threshold, enclosure.upper - threshold
    low = low / WEAKER if low > 0 else low * WEAKER
    high = high / WEAKER if high < 0 else high * WEAKER
    return Enclosure(round_down(threshold + low, 64), round_up(threshold + high, 64))


def published_doubles(ends: np.ndarray) -> np.ndarray:
    """Return slightly wider enclosures, shape (..., 2), than those in doubles.

    Every ball arithmetic is so much tighter than doubles that a unit in the last place is room enough.
    """
    low, high = ends[..., 0], ends[..., 1]
    slack = np.maximum(np.abs(low), np.abs(high)) * 2.0**-52 + 2.0**-NEAR_ZERO
    # Rounding is monotone: a number minus a nonnegative one is computed as at most that number.
    return np.stack([low - slack, high + slack], -1)


def publish(measured: Measured[F], facts: F, precision: int | None, sizes: Sizes = UNSIZED) -> Claim:
    """Make a claim from what is published of its numbers; an honest failure is an undecided claim."""
    theorem, inputs, threshold = measured.theorem, measured.inputs, measured.threshold
    if isinstance(measured.numbers, Reason):
        return theorem.open(measured.numbers, inputs)
    numbers = {
        key: published(number, precision, sizes.of(key)) if threshold is None else published_beside(threshold, number)
        for key, number in measured.numbers.items()
    }
    stated = theorem.state(facts, numbers, inputs)
    return theorem.open(stated, inputs) if isinstance(stated, Reason) else stated


def provenance(ar: BallArithmetic) -> Provenance:
    """Say who proves."""
    return Provenance(__version__, ar.name, ar.version, ar.precision)
