"""What is said of one point: that it exists, and what it is."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from hallucert.check.claim import Numbers, Sentence
from hallucert.check.point.hallucinated_minimizer import GLOBAL, MAXIMIZER, MINIMIZER, SADDLE
from hallucert.check.point.perturbation import MAXIMUM, MINIMUM
from hallucert.check.point.perturbation import SADDLE as SPHERE_SADDLE
from hallucert.decimals import decimal_above, decimal_below
from hallucert.exact import format_rational
from hallucert.objectives.radius_law import RadiusLaw


def place(least: Fraction, largest: Fraction, unknowns: int | None) -> str:
    """The box of a witness, or its slice, which has so many `unknowns`."""
    low, high = decimal_below(least, 3), decimal_above(largest, 3)
    width = f"{low}..." if least == largest else f"between {low} and {high}"
    if unknowns is None:
        return f"the box with the certificate's centre and half width {width}"
    return f"the slice x0 + S z, z in R^{unknowns} with half width {width}, of the certificate"


def large_slice(least: Fraction, largest: Fraction, unknowns: int) -> str:
    """The slice of a large point."""
    low, high = decimal_below(least, 3), decimal_above(largest, 3)
    width = f"{low}..." if least == largest else f"{low} to {high}"
    return (
        f"the slice x0 + S z, S = Dr(x0+)^T, z in R^{unknowns} within {width} of the certificate's z0 in "
        "each coordinate"
    )


def large_box(largest: Fraction, unknowns: int) -> str:
    """The box of a large point."""
    high = decimal_above(largest, 3)
    return f"the certificate's box x0 + z, z in R^{unknowns} within at most {high} of z0 in each coordinate"


def step_of(law: RadiusLaw) -> str:
    """The ascent step of a point ``x``."""
    return "rho grad f(x)" if law.variant == "usam" else "rho u(x)"


def direction_of(law: RadiusLaw) -> str:
    """What ``u`` is; empty where there is no ``u``."""
    if law.variant == "usam":
        return ""
    if law.variant == "sam":
        return ", u = grad f/|grad f|"
    return ", u = D^2 grad f/|D grad f|, D the certificate's diagonal"


def equation(law: RadiusLaw, residual: bool) -> str:
    return f"{'r' if residual else 'grad f'}(x + {step_of(law)}) = 0{direction_of(law)}"


def one_solution(rho: Fraction, solved: Sentence, where: Sentence, offset: Fraction) -> str:
    return (
        f"For rho = {format_rational(rho)} there is exactly one x = x* in {where} with "
        f"{solved}; |x* - centre| <= {decimal_above(offset, 3)} in every coordinate."
    )


def no_solution(rho: Fraction, solved: Sentence, where: Sentence) -> str:
    return f"For rho = {format_rational(rho)} there is no x in {where} with {solved}."


def gradient_above(norm: Fraction) -> str:
    return f"The gradient does not vanish at x*: |grad f(x*)| >= {decimal_below(norm)}."


def target(kind: str, numbers: Numbers) -> str:
    """What kind of critical point the target is."""
    if kind == GLOBAL:
        return "The perturbed point x*+ is a global minimizer of f: r(x*+) = 0, and f = |r|^2/2n >= 0."
    smallest, largest = numbers["smallest_hessian_eigenvalue"], numbers["largest_hessian_eigenvalue"]
    low, high = decimal_below(smallest.lower), decimal_above(largest.upper)
    spread = f"grad f(x*+) = 0 and the eigenvalues of the Hessian there lie in [{low}, {high}]"
    count = numbers["negative_eigenvalues"]
    index = ceil(count.lower) if ceil(count.lower) == floor(count.upper) else None  # if it is certain
    if kind in (MINIMIZER, MAXIMIZER) or (kind == SADDLE and index is not None):
        of_index = f" of index {index}" if kind == SADDLE else ""
        return f"The perturbed point x*+ is a nondegenerate {kind}{of_index} of f: {spread}."
    also = ", so it is a saddle" if kind == SADDLE else ""
    return (
        f"The perturbed point x*+ is not a local minimizer of f: {spread}, the smallest of them at most "
        f"{decimal_above(smallest.upper)} < 0{also}. Whether some are 0 is not shown."
    )


def hallucinated(rho: Fraction, law: RadiusLaw, kind: str) -> str:
    """The point is a hallucinated minimizer."""
    scope = "global" if kind == GLOBAL else "local"
    return (
        f"x* is a hallucinated minimizer of f for rho = {format_rational(rho)}: a {scope} minimizer of f^{law.name} at "
        "which grad f does not vanish."
    )


def not_hallucinated(rho: Fraction, law: RadiusLaw, kind: str) -> str:
    return (
        f"x* is not a hallucinated minimizer for rho = {format_rational(rho)}: grad f(x*+) = 0, but x*+ is a {kind} of "
        f"f and x -> x+ is a local diffeomorphism at x*, so f^{law.name} takes smaller values near x*. "
        "It is a hallucinated stationary point."
    )


def regular(singular_value: Fraction, manifold: int | None) -> str:
    """The perturbation map is a local diffeomorphism; or the solutions form a `manifold` of that dimension."""
    bound = decimal_below(singular_value)
    if manifold is None:
        return (
            "The perturbation Jacobian J(x*) is nonsingular, so x -> x+ is a local diffeomorphism at x* "
            f"(smallest singular value >= {bound})."
        )
    return (
        f"A = Dr(x*+) J(x*) has full row rank (smallest singular value >= {bound}), so the solutions of r(x+) = 0 "
        f"near x* form a manifold of dimension {manifold}."
    )


def on_a_line() -> str:
    return "In one dimension the sphere has no tangent directions and J(x*) = 1."


def on_sphere(law: RadiusLaw, kind: str) -> str:
    """What the point is on the sphere around its target."""
    what = {
        MINIMUM: "a nondegenerate strict local minimum",
        MAXIMUM: "a nondegenerate strict local maximum",
        SPHERE_SADDLE: "a saddle, with curvatures of both signs",
    }[kind]
    where = {
        "sam": "On the sphere around x*+ with radius rho, x* is a critical point of f with inward gradient",
        "usam": "x* is a critical point of the Moreau objective f(y) + |y - c|^2/(2 rho), c = x*+",
        "asam": "On the ellipsoid |D^-1 (y - c)| = rho, c = x*+, x* is a critical point of f with inward gradient",
    }[law.variant]
    return f"{where}: {what}."


def no_minimizer_near(rho: Fraction, radius: Fraction, numbers: Numbers) -> str:
    """No point of a box is mapped to a minimizer."""
    value, sam_value, side = numbers["value"], numbers["sam_value"], "."
    if sam_value.lower > value.upper:
        side = f", and f(x+) exceeds f(x) by at least {decimal_below(sam_value.lower - value.upper, 3)}."
    return (
        f"For rho = {format_rational(rho)} and every y within {decimal_below(radius, 3)} of "
        f"the given point x in every coordinate, grad f(y) != 0, and y+ = y + rho u(y) is not a local minimizer of f: "
        f"its curvature along a fixed direction is at most {decimal_above(numbers['curvature'].upper, 3)}. So a "
        "hallucinated stationary point among these y has a target that is no minimizer, and none of them with a "
        "nonsingular J(y) is a hallucinated minimizer. At x itself |grad f(x)| >= "
        f"{decimal_below(numbers['gradient_norm'].lower, 3)}, "
        f"|grad f(x+)|^2 <= {decimal_above(numbers['shifted_gradient_square'].upper, 3)}{side}"
    )
