"""What is said of SAM with weight decay."""

from __future__ import annotations

from fractions import Fraction

from hallucert.check.claim import Enclosure, Sentence
from hallucert.decimals import decimal_above, decimal_below, short_rational

MATRIX = "M = H(x*+) J(x*) + w I"


def equation(decay: Fraction) -> str:
    return f"grad f(x + rho u(x)) + w x = 0, u = grad f/|grad f|, w = {short_rational(decay)}"


def gradients_above(norm: Fraction, decayed: Fraction) -> str:
    return (
        f"x* is a critical point neither of f nor of f(x) + (w/2) |x|^2: |grad f(x*)| >= {decimal_below(norm)}, and "
        f"|grad f(x*) + w x*| >= {decimal_below(decayed)}."
    )


def target(norm: Enclosure) -> str:
    return (
        "The perturbed point x*+ is no critical point of f: grad f(x*+) = -w x*, whose norm is between "
        f"{decimal_below(norm.lower)} and {decimal_above(norm.upper)}."
    )


def no_minimizer(norm: Fraction) -> str:
    return (
        "x* is no local minimizer of f(x+) + (w/2) |x|^2, nor a critical point of it: its gradient there, J(x*)^T grad "
        f"f(x*+) + w x*, has at least the norm {decimal_below(norm)}."
    )


def minimizer(second: Fraction) -> str:
    return (
        "x* is a strict local minimizer of f(x+) + (w/2) |x|^2, and a critical point neither of f nor of f(x) + (w/2) "
        f"|x|^2: the second derivative is at least {decimal_below(second)}."
    )


def maximizer(second: Fraction) -> str:
    return (
        "x* is a strict local maximizer of f(x+) + (w/2) |x|^2: its second derivative is at most "
        f"{decimal_above(second)}."
    )


def repels(real_part: Fraction) -> str:
    return (
        f"x* repels SAM with weight decay: some eigenvalue of {MATRIX} has real part at most "
        f"{decimal_above(real_part)}, so for every fixed step eta > 0 there is a neighbourhood of x* which it leaves "
        "from almost every start in it."
    )


def attracts(real_part: Fraction, step: Fraction) -> str:
    return (
        f"x* attracts SAM with weight decay: every eigenvalue of {MATRIX} has real part at least "
        f"{decimal_below(real_part)}, so it converges to x* from every start close enough, for every fixed step 0 < "
        f"eta < {decimal_below(step)}."
    )


def beside(decay: Fraction, said: str | Sentence) -> str:
    return f"With weight decay w = {short_rational(decay)} at x: {said}"
