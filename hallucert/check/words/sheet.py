"""What is said of a curve or a surface of hallucinated minimizers."""

from __future__ import annotations

from hallucert.check.claim import Numbers
from hallucert.check.sheet.claims import About
from hallucert.check.words.attraction import above_threshold, below_threshold
from hallucert.decimals import decimal_above, decimal_below, decimal_enclosure


def curve(about: About, numbers: Numbers) -> str:
    """A chain of cells holds a curve."""
    gradient, length = numbers["gradient_norm"], numbers["length"]
    what = "one smooth closed curve, gone round once" if about.closed else "one connected smooth curve"
    alone = " There are no other solutions in the cells." if about.closed else ""
    return (
        f"Sheet {about.index}: {about.cells} overlapping cells, each with exactly one arc of solutions of r(x+) = 0, "
        f"hold {what}, of length in {decimal_enclosure(length.lower, length.upper)}. Each of its points is a "
        f"global hallucinated minimizer for exactly this rho: r(x+) = 0 and the norm of grad f(x) is at least "
        f"{decimal_below(gradient.lower)}.{alone}"
    )


def surface(about: About, numbers: Numbers) -> str:
    """Charts hold a surface."""
    what = "one smooth closed surface" if about.closed else "one connected smooth surface"
    whole = " It is a whole component of the solutions." if about.closed else ""
    charts = f"{about.cells} overlapping charts" if about.cells > 1 else "1 chart"
    return (
        f"Sheet {about.index}: {charts}, each with exactly one patch of solutions of r(x+) = 0, hold {what}. Each "
        f"of its points is a global hallucinated minimizer for exactly this rho: r(x+) = 0 and the norm of "
        f"grad f(x) is at least {decimal_below(numbers['gradient_norm'].lower)}.{whole}"
    )


def regular(about: About, numbers: Numbers) -> str:
    """A has full row rank everywhere."""
    end = "ends" if about.noun == "curve" else "edges"
    what = f"the {about.noun}" if about.closed else f"the {about.noun} and, at its {end}, its continuation"
    return (
        f"At every point of sheet {about.index} A = Dr(x+) J(x) has full row rank (smallest singular value >= "
        f"{decimal_below(numbers['smallest_singular_value'].lower)}), so near it the solutions of r(x+) = 0 are "
        f"nothing but {what}."
    )


_SYMMETRIC = "the smallest eigenvalue of the symmetric part of Du"


def c32_fails(about: About, numbers: Numbers) -> str:
    return (
        f"Condition (C32) of Theorem 3.2 fails at some point of sheet {about.index}: {_SYMMETRIC} is there at most "
        f"{below_threshold(numbers['smallest_eigenvalue_sym_Du'], about.rho)}."
    )


def c32_holds(about: About, numbers: Numbers) -> str:
    return (
        f"Condition (C32) of Theorem 3.2 holds at every point of sheet {about.index}: {_SYMMETRIC} is at least "
        f"{above_threshold(numbers['smallest_eigenvalue_sym_Du'], about.rho)}.{_whole(about, 'By Theorem 3.2 ')}"
    )


_PROJECTED = "the smallest eigenvalue of N^T (J + J^T)/2 N, N an orthonormal basis of the row space of Dr(x+), is"


def projected_fails(about: About, numbers: Numbers) -> str:
    return (
        f"Condition (C32) fails even on the row space of Dr(x+) at some point of sheet {about.index}: {_PROJECTED} "
        f"there at most {decimal_above(numbers['smallest_projected_eigenvalue'].upper)} < 0."
    )


def projected_holds(about: About, numbers: Numbers) -> str:
    return (
        f"Condition (C32) holds on the row space of Dr(x+), where SAM moves, at every point of sheet {about.index}: "
        f"{_PROJECTED} at least {decimal_below(numbers['smallest_projected_eigenvalue'].lower)} > "
        f"0.{_whole(about, 'So ')}"
    )


def repels(about: About, numbers: Numbers) -> str:
    return (
        f"Some point x of sheet {about.index} repels SAM: some eigenvalue of the SAM tangent kernel "
        f"K = A B^T / n has real part at most {decimal_above(numbers['smallest_real_part'].upper)} there, so for every "
        f"fixed step eta > 0 there is a neighbourhood of x which SAM leaves from almost every start in it."
    )


def attracts(about: About, numbers: Numbers) -> str:
    """Every point attracts."""
    step = decimal_below(numbers["step_bound"].lower)
    where = (
        f"SAM converges to a point of the {about.noun} from every start close enough to it, for every fixed step "
        f"0 < eta < {step}."
        if about.closed
        else f"for every fixed step 0 < eta < {step} SAM converges to a solution near x from every start close "
        f"enough to x."
    )
    return (
        f"Every point x of sheet {about.index} attracts SAM across the {about.noun}: every eigenvalue of the SAM "
        f"tangent kernel K = A B^T / n has real part at least {decimal_below(numbers['smallest_real_part'].lower)} on "
        f"it, so {where}"
    )


def turning(about: About, numbers: Numbers, sign: int) -> str:
    """The tangent goes round once, in one sense or the other."""
    way = "counterclockwise" if sign > 0 else "clockwise"
    return (
        f"The tangent of sheet {about.index} goes round exactly once, {way} in the order of its cells: its "
        f"total turning is {'-' * (sign < 0)}1 times 2 pi."
    )


def topology(about: About, numbers: Numbers, count: int) -> str:
    """Which surface it is, by its Euler characteristic."""
    kinds = {2: "a sphere", 0: "a torus"}
    what = kinds.get(count, f"a closed orientable surface of genus {1 - count // 2}")
    return f"As a surface, sheet {about.index} is {what}: its Euler characteristic is {count}."


def _whole(about: About, because: str) -> str:
    """What a condition at every point says of the whole, if that has no ends."""
    if not about.closed:
        return ""
    return (
        f" The {about.noun} is compact, connected and isolated from other minimizers of f(x+). {because}SAM "
        f"converges to it from every start close enough, for every small enough fixed step."
    )
