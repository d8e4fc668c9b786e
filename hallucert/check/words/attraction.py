"""What is said of attraction: conditions, spectra and basins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from hallucert.check.claim import Enclosure
from hallucert.check.point.hallucinated_minimizer import MAXIMIZER, NO_MINIMIZER, SADDLE
from hallucert.check.words.momentum import method
from hallucert.decimals import decimal_above, decimal_below, decimal_enclosure
from hallucert.exact import format_rational
from hallucert.objectives.radius_law import RadiusLaw

LONGEST_THRESHOLD = 16
"""Characters up to which ``-1/rho`` is written out."""

LONGEST_START = 400
"""Characters up to which the start is written out in the sentence."""

LONGEST_STEP = 16
"""Characters up to which the step is written as a fraction."""

LARGEST_DENOMINATOR, DIGITS = 10**6, 12
"""Of a step that was given as a short fraction or decimal."""

# ---------------------------------------------------------------------- condition (C32)


def c32_fails(smallest: Enclosure, rho: Fraction) -> str:
    return (
        "Condition (C32) of Theorem 3.2 fails at x*: the smallest eigenvalue of the symmetric part of Du(x*) is at "
        f"most {below_threshold(smallest, rho)}."
    )


def c32_holds(smallest: Enclosure, rho: Fraction, isolated: bool, residual: bool) -> str:
    """The condition holds, and the theorem is applied if the point is proved to be `isolated`."""
    sentence = (
        "Condition (C32) of Theorem 3.2 holds at x*: the smallest eigenvalue of the symmetric part of Du(x*) is at "
        f"least {above_threshold(smallest, rho)}. "
    )
    if isolated:
        return sentence + (
            "By Corollary B.3 SAM converges to x* from every start close enough, for every small enough fixed step."
        )
    if residual:
        return sentence + "Theorem 3.2 for a connected set of minimizers needs it at every point of the set."
    return sentence + "The theorem is not applied: x* is not proved to be an isolated hallucinated minimizer."


def below_threshold(number: Enclosure, rho: Fraction) -> str:
    """Print the upper end of a number, and by how much at least the number, not that print, is below ``-1/rho``."""
    gap = decimal_below(-1 / rho - number.upper)
    return f"{decimal_above(number.upper)}, and below {_threshold(rho)} by at least {gap}"


def above_threshold(number: Enclosure, rho: Fraction) -> str:
    """Print the lower end of a number, and by how much at least the number, not that print, is above ``-1/rho``."""
    gap = decimal_below(number.lower + 1 / rho)
    return f"{decimal_below(number.lower)}, and above {_threshold(rho)} by at least {gap}"


def _threshold(rho: Fraction) -> str:
    """Print ``-1/rho`` exactly, if that is short."""
    text = format_rational(-1 / rho)
    return f"-1/rho = {text}" if len(text) <= LONGEST_THRESHOLD else "-1/rho"


def _of_variant(law: RadiusLaw) -> tuple[str, str]:
    """The condition and the matrix of another ascent step."""
    what = "J(x*) = I + rho Hess f(x*)" if law.variant == "usam" else "the symmetric part of J(x*)"
    return f"Condition (C32) of Theorem 3.2, in the form J + J^T > 0 that it has for {law.name},", what


def variant_fails(smallest: Enclosure, law: RadiusLaw) -> str:
    """The condition of another ascent step does not hold."""
    condition, what = _of_variant(law)
    return f"{condition} fails at x*: the smallest eigenvalue of {what} is at most {decimal_above(smallest.upper)}."


def variant_holds(smallest: Enclosure, law: RadiusLaw, isolated: bool) -> str:
    """The condition of another ascent step holds."""
    condition, what = _of_variant(law)
    sentence = (
        f"{condition} holds at x*: the smallest eigenvalue of {what} is at least {decimal_below(smallest.lower)}. "
    )
    if isolated:
        return sentence + (
            f"By the proof of Corollary B.3 {law.name} converges to x* from every start close enough, for every "
            "small enough fixed step."
        )
    return sentence + "The theorem is not applied: x* is not proved to be an isolated hallucinated minimizer."


_PROJECTED = "the smallest eigenvalue of N^T (J + J^T)/2 N, N an orthonormal basis of the row space of Dr(x*+), is"


def projected_fails(smallest: Enclosure) -> str:
    return (
        f"Condition (C32) fails at x* even on the row space of Dr(x*+): {_PROJECTED} at most "
        f"{decimal_above(smallest.upper)} < 0."
    )


def projected_holds(smallest: Enclosure, law: RadiusLaw) -> str:
    return (
        f"Condition (C32) holds at x* on the row space of Dr(x*+), where {law.name} moves: {_PROJECTED} at least "
        f"{decimal_below(smallest.lower)} > 0. So every eigenvalue of the {law.name} tangent kernel has positive real "
        "part."
    )


# ---------------------------------------------------------------------- spectra


def _spectrum_of(law: RadiusLaw, residual: bool) -> str:
    return f"the {law.name} tangent kernel K = A B^T / n" if residual else f"the {law.name} matrix M = H(x*+) J(x*)"


def repels(law: RadiusLaw, residual: bool, real_part: Fraction) -> str:
    return (
        f"x* repels {law.name}: some eigenvalue of {_spectrum_of(law, residual)} has real part at most "
        f"{decimal_above(real_part)}, so for every fixed step eta > 0 there is a neighbourhood of x* which {law.name} "
        "leaves from almost every start in it."
    )


def attracts(law: RadiusLaw, real_part: Fraction, step: Fraction, kind: str | None) -> str:
    """All eigenvalues of an isolated point have positive real parts; `kind` is what is proved of its target."""
    sentence = (
        f"x* attracts {law.name}: every eigenvalue of {_spectrum_of(law, False)} has real part at least "
        f"{decimal_below(real_part)}, so {law.name} converges to x* from every start close enough, for every fixed "
        f"step 0 < eta < {decimal_below(step)}."
    )
    # Only what is proved: the claim `target` may be undecided, or missing in a file.
    if kind in (SADDLE, MAXIMIZER):
        sentence += f" Its target is a {kind}, not a minimizer of f."
    elif kind == NO_MINIMIZER:
        sentence += " Its target is no local minimizer of f."
    return sentence


def manifold_attracts(law: RadiusLaw, real_part: Fraction, step_bound: Fraction) -> str:
    """All eigenvalues of a tangent kernel have positive real parts."""
    bound, step = decimal_below(real_part), decimal_below(step_bound)
    square = max(1 - Fraction(bound) * Fraction(step) / 2, Fraction(0))  # of a and E as they are printed
    factor = Fraction(math.isqrt(math.ceil(square * 4**64)) + 1, 2**64)
    return (
        f"The manifold of solutions of r(x+) = 0 through x* attracts {law.name} near x*: every eigenvalue of "
        f"{_spectrum_of(law, True)} has real part at least {bound}, for every fixed step 0 < eta < {step}. For each of "
        "these steps and each factor above sqrt(1 - 2 eta a (1 - eta/E)), a and E these two numbers, there is a norm "
        "in which r(x+) falls by this factor a step from starts close enough: above "
        f"{decimal_above(factor)} for eta = E/2."
    )


# ---------------------------------------------------------------------- basins


def as_given(step: Fraction) -> Fraction:
    """Return the short number of which `step` is the dyadic above, with 64 bits; `step` if there is none.

    What holds for every step up to `step` holds up to a smaller one.
    """
    near = (step.limit_denominator(LARGEST_DENOMINATOR), Fraction(decimal_below(step, DIGITS)))
    return next((short for short in near if 0 <= step - short <= step / 2**62), step)


def basin(law: RadiusLaw, radius: Fraction, largest_step: Fraction, bound: Fraction, path: Fraction | None) -> str:
    """A ball of starts converges to the point; or to a manifold, at a distance of at most `path` from it."""
    step = as_given(largest_step)
    bound = 1 - step / largest_step * (1 - bound)  # the factor is the same function of eta
    exact, within = format_rational(step), decimal_enclosure(step, step)
    short = exact if len(exact) <= LONGEST_STEP else decimal_below(step, DIGITS)
    largest = f"E = {short}" if Fraction(short) == step else f"E is in {within}"
    if path is not None:
        return (
            f"{law.name} with any fixed step 0 < eta <= E converges to a hallucinated minimizer with r(x+) = 0, at a "
            f"distance of at most {decimal_above(path)} from x*, from every start with |x_0 - x*| <= "
            f"{decimal_below(radius)}, where {largest}: in a fixed norm each step takes r(x+) to at most 1 - "
            f"(eta/E) (1 - {decimal_above(bound)}) of what it was."
        )
    return (
        f"{law.name} with any fixed step 0 < eta <= E converges to x* from every start with |x_0 - x*| <= "
        f"{decimal_below(radius)}, where {largest}: in a fixed norm each step "
        f"takes the distance to x* to at most 1 - (eta/E) (1 - {decimal_above(bound)}) of what it was."
    )


def converges(
    law: RadiusLaw,
    start: Sequence[Fraction],
    step: Fraction,
    steps: int,
    distance: Fraction,
    rest: Fraction | None,
    limit: Fraction,
    momentum: Fraction | None = None,
    nesterov: int = 0,
) -> str:
    """A run comes into a basin, or with momentum into its set.

    `rest` bounds the rest of its way to a manifold with momentum, and is its share of the bounds of the set without.
    """
    text = ", ".join(map(format_rational, start))
    begin = f"x_0 = ({text})" if len(text) <= LONGEST_START else "the start x_0 among the inputs of this claim"
    if momentum is None:
        run = f"{law.name} from {begin} with the fixed step {format_rational(step)} converges to"
    else:
        run = f"{method(law, step, momentum, nesterov)}, from {begin} with velocity 0, converges to"
    if rest is not None and momentum is None:
        return (
            f"{run} a hallucinated minimizer with r(x+) = 0, in exact arithmetic: after {steps} steps it is in the set "
            f"of the claim basin, of whose bounds it reaches at most {decimal_above(rest)}, at a distance of at most "
            f"{decimal_above(distance)} from x*, and it stays within {decimal_above(limit)} of x*."
        )
    if rest is not None:
        return (
            f"{run} a hallucinated minimizer with r(x+) = 0, in exact arithmetic: after {steps} steps its distance to "
            f"x* is at most {decimal_above(distance)}, and the rest of its way is at most {decimal_above(rest)} long, "
            f"so that it stays within {decimal_above(limit)} of x*."
        )
    if momentum is None:
        arrived = f"distance to x* is at most {decimal_above(distance)}, in the ball of the claim basin."
    else:
        arrived = (
            f"state is at a distance of at most {decimal_above(distance)} from x* at rest, in the norm of the claim "
            f"momentum, whose ellipsoid has the radius {decimal_below(limit)}."
        )
    return f"{run} x*, in exact arithmetic: after {steps} steps its {arrived}"
