"""What is said of a point that all mini-batches have in common."""

from __future__ import annotations

from fractions import Fraction

from hallucert.check.claim import Enclosure
from hallucert.decimals import decimal_above, decimal_below, short_rational
from hallucert.exact import format_rational


def equation() -> str:
    return "r_b(x + rho grad f_b/|grad f_b|) = 0 for every batch b"


def gradients_above(batch: Fraction, whole: Fraction) -> str:
    return (
        f"|grad f_b(x*)| >= {decimal_below(batch)} for every batch b, and |grad f(x*)| >= {decimal_below(whole)}: x* "
        "is a critical point neither of the loss of a batch nor of f."
    )


def target() -> str:
    return "For every batch b, x_b*+ = x* + rho u_b(x*) is a global minimizer of f_b: r_b(x_b*+) = 0, and f_b >= 0."


def regular(singular_value: Fraction, manifold: int) -> str:
    return (
        f"The derivative A of (r_b(x_b+))_b has full row rank at x* (smallest singular value >= "
        f"{decimal_below(singular_value)}), so near x* the common fixed points of the SAM steps of all batches with "
        f"r_b(x_b+) = 0 form a manifold of dimension {manifold}."
    )


def hallucinated(rho: Fraction, value: Enclosure) -> str:
    return (
        f"x* is a hallucinated minimizer of mini-batch SAM for rho = {format_rational(rho)} and these batches: a "
        "global minimizer, with the value 0, of the mean of f_b(x_b+) over the batches, with whatever positive "
        f"probabilities, while f(x*) is between {decimal_below(value.lower)} and {decimal_above(value.upper)} and grad "
        "f(x*) is not 0."
    )


MEAN_KERNEL = "the mean kernel of the batches"


def never_stable(real_part: Fraction) -> str:
    return (
        "Mini-batch SAM is not stable in mean square at x*, for no fixed step eta > 0: some eigenvalue of "
        f"{MEAN_KERNEL} has real part at most {decimal_above(real_part)}, so the mean of (r_b(x_b+))_b, linearised, "
        "grows without bound. Single runs may still converge."
    )


def attracts(real_part: Fraction, step: Fraction | None = None) -> str:
    """All eigenvalues of the mean kernel are in the right half-plane."""
    enough = "" if step is None else f" Every step 0 < eta <= {decimal_below(step)} is small enough."
    return (
        "The manifold of common fixed points with r_b(x_b+) = 0 through x* attracts mini-batch SAM near x* in mean "
        f"square, for every small enough fixed step: every eigenvalue of {MEAN_KERNEL} has real part at least "
        f"{decimal_below(real_part)}.{enough}"
    )


def unstable_as_all(step: Fraction) -> str:
    return (
        f"Mini-batch SAM with the fixed step {short_rational(step)} is not stable in mean square at x*: with no step "
        "it is so, by the claim attractor. Single runs may still converge."
    )


def unstable(step: Fraction, expansion: Fraction) -> str:
    return (
        f"Mini-batch SAM with the fixed step {short_rational(step)}, or any larger one, is not stable in mean square "
        "at x*: with this step the mean square of (r_b(x_b+))_b, linearised and in a fixed norm, grows at least by the "
        f"factor {decimal_below(expansion)}^2 a step. Single runs may still converge."
    )


def likely(step: Fraction, size: Fraction, leaving: Fraction, radius: Fraction, bound: Fraction) -> str:
    """Runs with independent batches."""
    below, away = decimal_below(size), "|x_0 - x*|"
    return (
        f"Mini-batch SAM with independent batches and any fixed step 0 < eta <= E = {short_rational(step)}, from a "
        f"start with {away} < {below}, stays within {decimal_above(size)} of x* with probability at least 1 - "
        f"{decimal_above(leaving)} {away}/({below} - {away}) (at least 1/2 if {away} <= {decimal_below(radius)}), and "
        "almost every run that stays converges to a hallucinated minimizer with r_b(x_b+) = 0 for every b. While runs "
        "stay, the mean square of a fixed norm of (r_b(x_b+))_b falls each step at least by the square of 1 - (eta/E) "
        f"(1 - {decimal_above(bound)})."
    )


def surely(step: Fraction, size: Fraction, radius: Fraction, bound: Fraction) -> str:
    return (
        f"Mini-batch SAM with the fixed step {short_rational(step)}, each batch once an epoch, in any order, converges "
        f"to a hallucinated minimizer with r_b(x_b+) = 0 for every batch b, at a distance of at most "
        f"{decimal_above(size)} from x*, from every start with |x_0 - x*| <= {decimal_below(radius)}. In a fixed norm "
        f"(r_b(x_b+))_b falls each epoch to at most {decimal_above(bound)} of what it was."
    )
