"""What is said of SAM with momentum."""

from __future__ import annotations

from fractions import Fraction

from hallucert.decimals import decimal_above, decimal_below, short_rational
from hallucert.objectives.radius_law import RadiusLaw


def method(law: RadiusLaw, step: Fraction, momentum: Fraction, nesterov: int) -> str:
    """The method, with its numbers."""
    kind = "Nesterov's momentum" if nesterov else "the momentum (heavy ball)"
    return f"{law.name} with {kind} {short_rational(momentum)} and the fixed step {short_rational(step)}"


def converges(
    law: RadiusLaw, step: Fraction, momentum: Fraction, nesterov: int, radius: Fraction, bound: Fraction
) -> str:
    return (
        f"{method(law, step, momentum, nesterov)} converges to x* from every start with |x_0 - x*| <= "
        f"{decimal_below(radius)} and velocity 0, and from all states of the certificate's ellipsoid around x* at "
        f"rest: in a fixed norm of position and velocity each step takes the distance to it to at most "
        f"{decimal_above(bound)} of what it was."
    )


def manifold(
    law: RadiusLaw,
    step: Fraction,
    momentum: Fraction,
    nesterov: int,
    radius: Fraction,
    bound: Fraction,
    path: Fraction,
) -> str:
    return (
        f"{method(law, step, momentum, nesterov)} converges to a hallucinated minimizer on the manifold through x*, "
        f"within {decimal_above(path)} of x*, from every start with |x_0 - x*| <= {decimal_below(radius)} and velocity "
        f"0: in a fixed norm of r(x+) and the velocity, which bounds the rest of the path, each step takes them to at "
        f"most {decimal_above(bound)} of what they were."
    )


def repels(law: RadiusLaw, step: Fraction, momentum: Fraction, nesterov: int, expansion: Fraction) -> str:
    return (
        f"x* repels {method(law, step, momentum, nesterov)}: at rest there an eigenvalue of the derivative of its "
        f"steps has at least the modulus {decimal_below(expansion)}, so x* at rest has a neighbourhood which runs "
        "leave from almost every state in it, and from almost every one with velocity 0."
    )
