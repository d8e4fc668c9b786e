"""Functions whose hallucinated minimizers are known in closed form, and two made to be seen."""

from __future__ import annotations

from fractions import Fraction

from hallucert.exact import Exact
from hallucert.objectives.gallery.entry import (
    Entry,
    checked_dimension,
    coordinate_names,
    points,
    positive_text,
    separable,
    total,
)

_SECTION = "theory, Section 10 (closed-form oracles)"


def double_well(b: Exact = "1/10") -> Entry:
    """``(x^2 - 1)^2/4 + b y^2/2``."""
    text = positive_text(b, "b")
    return Entry(
        name=f"double_well(b={text.strip('()')})",
        formula=f"(x**2 - 1)**2/4 + {text}*y**2/2",
        variables=("x", "y"),
        box=((-2, 2), (-2, 2)),
        description="Target (1, 0): the points (1 - rho, 0), 1 < rho < 2, are hallucinated minimizers and attract SAM.",
        source=_SECTION,
        minimizers=points("1, 0", "-1, 0"),
        saddles=points("0, 0"),
        minimum="0",
    )


def four_well(dimension: int = 2) -> Entry:
    """``sum_i (x_i^2 - 1)^2``."""
    d = checked_dimension(dimension)
    return Entry(
        name=f"four_well(dimension={d})",
        formula=total("(@**2 - 1)**2", d),
        variables=coordinate_names(d),
        box=((-2, 2),) * d,
        description="In two dimensions: a repelling and an attracting family, a pitchfork at rho = 3/sqrt(2), and an "
        "attractor whose target is a saddle.",
        source=_SECTION,
        minimum="0",
        **separable(d, ["1", "-1"], ["0"]),
    )


def ring() -> Entry:
    """``(|x|^2 - 1)^2/4`` in the plane, in residual form."""
    return Entry(
        name="ring",
        formula="x**2 + y**2 - 1",
        variables=("x", "y"),
        n=Fraction(2),
        box=((-2, 2), (-2, 2)),
        description="The circle of radius rho - 1, 1 < rho < 2, consists of hallucinated minimizers.",
        source=_SECTION,
        minimizers=points("1, 0", "0, 1", "-1, 0", "0, -1"),
        maximizers=points("0, 0"),
        minimum="0",
        minimizer_set="the unit circle",
    )


def cosine_lattice(dimension: int = 2) -> Entry:
    """``sum_i (1 - cos x_i)``."""
    d = checked_dimension(dimension)
    return Entry(
        name=f"cosine_lattice(dimension={d})",
        formula=total("(1 - cos(@))", d),
        variables=coordinate_names(d),
        box=((-7, 7),) * d,
        description="Target 0: -rho e_1, pi < rho < 2 pi, is a hallucinated minimizer that attracts, in any dimension.",
        source=_SECTION,
        minimum="0",
        **separable(d, ["0", "2*pi", "-2*pi"], ["pi", "-pi"]),
    )


def tilted_quartic() -> Entry:
    """``x^4/4 - x^3/3 - x^2`` on the line."""
    return Entry(
        name="tilted_quartic",
        formula="x**4/4 - x**3/3 - x**2",
        variables=("x",),
        box=((-2, 3),),
        description="One variable: g = x (x + 1)(x - 2); a point with g toward a minimizer has J = 1, it attracts.",
        source=_SECTION + ": any f on R",
        minimizers=points("2", "-1"),
        maximizers=points("0"),
        minimum="-8/3",
    )


def convex() -> Entry:
    """``exp(x) - x + y^2/2 + y^4/4``."""
    return Entry(
        name="convex",
        formula="exp(x) - x + y**2/2 + y**4/4",
        variables=("x", "y"),
        box=((-2, 2), (-2, 2)),
        description="Convex: no hallucinated minimizers for any rho (Proposition A.1).",
        source=_SECTION + ": convex f",
        minimizers=points("0, 0"),
        minimum="1",
    )


def quadratic(a: Exact = 1) -> Entry:
    """``a x^2/2`` on the line."""
    text = positive_text(a, "a")
    return Entry(
        name=f"quadratic(a={text.strip('()')})",
        formula=f"{text}*x**2/2",
        variables=("x",),
        box=((-2, 2),),
        description="No hallucinated minimizers; SAM ends in the two-cycle |x| = eta a rho/(2 - eta a).",
        source=_SECTION,
        minimizers=points("0"),
        minimum="0",
    )


def ring_of_maximizers() -> Entry:
    """``s (s - 3)^2`` with ``s = 2 (exp(x/2) - 1 - x/2) + y^2``: a whole curve of local maximizers."""
    s = "(2*(exp(x/2) - 1 - x/2) + y**2)"
    return Entry(
        name="ring_of_maximizers",
        formula=f"{s}*({s} - 3)**2",
        variables=("x", "y"),
        box=((-5, 3), (-2.5, 2.5)),
        description="s is strictly convex with minimum 0 at the origin. The maximizers form the closed curve s = 1, "
        "where f = 4: a bounded local maximizer set, as Theorem 2.2 asks for, and no isolated one. The tape factors "
        "through s (`Tape.cut_nodes`).",
        source="this library's own",
        minimizers=points("0, 0", "0, sqrt(3)", "0, -sqrt(3)"),
        maximizers=points("0, 1", "0, -1"),
        minimum="0",
        minimizer_set="the origin (isolated) and the closed curve s = 3",
        maximizer_set="the closed curve s = 1",
    )


def figure_one() -> Entry:
    """``r^2/2`` with ``r = tanh(x) + 1 - tanh(x)^2 - y^2/4``: an analytic stand-in for the paper's Figure 1."""
    return Entry(
        name="figure_one",
        formula="tanh(x) + 1 - tanh(x)**2 - y**2/4",
        variables=("x", "y"),
        n=Fraction(1),
        box=((-3, 3), (-3, 3)),
        description="The minimizers form the open, parabola-like curve r = 0; grad r vanishes only at (log(3)/2, 0), "
        "where r = 5/4 is its maximum, so that f has exactly one other critical point, an isolated local maximizer. "
        "For rho = 2 SAM is attracted by a curve of hallucinated minimizers on the right of the maximizer.",
        source="this library's own, after Figure 1 of arXiv 2509.21818 (whose function is only once differentiable)",
        minimizers=points("log((3 - sqrt(5))/(1 + sqrt(5)))/2, 0", "0, 2", "0, -2"),
        maximizers=points("log(3)/2, 0"),
        minimum="0",
        minimizer_set="the curve y^2/4 = 1 + tanh(x) - tanh(x)^2",
    )
