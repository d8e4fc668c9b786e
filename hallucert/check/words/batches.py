"""What is said of a point that all mini-batches have in common."""

from __future__ import annotations

from fractions import Fraction

from hallucert.check.claim import Enclosure
from hallucert.decimals import decimal_above, decimal_below
from hallucert.exact import format_rational


def equation() -> str:
    """The equations that are solved."""
    return "r_b(x + rho grad f_b/|grad f_b|) = 0 for every batch b"


def gradients_above(batch: Fraction, whole: Fraction) -> str:
    """Neither a gradient of a batch nor that of f vanishes."""
    return (
        f"|grad f_b(x*)| >= {decimal_below(batch)} for every batch b, and |grad f(x*)| >= {decimal_below(whole)}: x* "
        "is a critical point neither of the loss of a batch nor of f."
    )


def target() -> str:
    """Zeros of residuals are global minimizers."""
    return "For every batch b, x_b*+ = x* + rho u_b(x*) is a global minimizer of f_b: r_b(x_b*+) = 0, and f_b >= 0."


def regular(singular_value: Fraction, manifold: int) -> str:
    """The smallest singular value is positive."""
    return (
        f"The derivative A of (r_b(x_b+))_b has full row rank at x* (smallest singular value >= "
        f"{decimal_below(singular_value)}), so near x* the common fixed points of the SAM steps of all batches with "
        f"r_b(x_b+) = 0 form a manifold of dimension {manifold}."
    )


def hallucinated(rho: Fraction, value: Enclosure) -> str:
    """The point is a hallucinated minimizer of the mean of batches."""
    return (
        f"x* is a hallucinated minimizer of mini-batch SAM for rho = {format_rational(rho)} and these batches: a "
        "global minimizer, with the value 0, of the mean of f_b(x_b+) over the batches, with whatever positive "
        f"probabilities, while f(x*) is between {decimal_below(value.lower)} and {decimal_above(value.upper)} and grad "
        "f(x*) is not 0."
    )
