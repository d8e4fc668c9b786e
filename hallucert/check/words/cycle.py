"""What is said of cycles of two points."""

from __future__ import annotations

from fractions import Fraction

from hallucert.check.claim import Sentence
from hallucert.decimals import decimal_above, decimal_below
from hallucert.exact import format_rational


def equation(step: Fraction) -> str:
    return f"x = (p, q), S(p) = q and S(q) = p, where S(y) = y - E grad f(y + rho u(y)) and E = {format_rational(step)}"


def one_cycle(rho: Fraction, solved: Sentence, where: Sentence, offset: Fraction, distance: Fraction) -> str:
    return (
        f"For rho = {format_rational(rho)} there is exactly one x = x* in {where} with {solved}; |x* - centre| <= "
        f"{decimal_above(offset, 3)} in every coordinate. The points p and q are different: |p - q| >= "
        f"{decimal_below(distance)}."
    )


def gradients_above(norm: Fraction, ahead: Fraction) -> str:
    return (
        f"Neither p nor q is a stationary point of f (|grad f| >= {decimal_below(norm)} at both) or a hallucinated one "
        f"(|grad f| = |p - q|/E >= {decimal_below(ahead)} at p+ and at q+)."
    )


def attracts(largest: Fraction) -> str:
    return (
        "The cycle attracts SAM with this step: all multipliers, the eigenvalues of DS(q) DS(p), have modulus at most "
        f"{decimal_above(largest)}, so SAM converges to the cycle from every start close enough to p or to q."
    )


def repels(largest: Fraction) -> str:
    return (
        "The cycle repels SAM with this step: some multiplier, an eigenvalue of DS(q) DS(p), has modulus at least "
        f"{decimal_below(largest)}, so the cycle has a neighbourhood which SAM leaves from almost every start in it."
    )


def around(reach: Fraction, smallest: Fraction, distance: Fraction) -> str:
    return (
        f"The middle of p and q lies in the box of this claim, of half width {decimal_below(reach, 3)}..., which holds "
        "exactly one critical point c of f, a nondegenerate minimizer (smallest eigenvalue of the Hessian >= "
        f"{decimal_below(smallest)}); |p - c| and |q - c| are at most {decimal_above(distance)}."
    )


def basin(radius: Fraction, bound: Fraction) -> str:
    return (
        "SAM with this step converges to the cycle from every start within "
        f"{decimal_below(radius)} of p or of q: in fixed norms two steps take the distance from p, or q, to at most "
        f"{decimal_above(bound)} of what it was."
    )
