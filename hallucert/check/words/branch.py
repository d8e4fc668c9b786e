"""What is said of branches and diagrams."""

from __future__ import annotations

from fractions import Fraction

from hallucert.check.branch.system import kind_of
from hallucert.check.claim import Enclosure, Inputs, Numbers
from hallucert.decimals import decimal_above, decimal_below, decimal_enclosure
from hallucert.exact import format_rational

DIGITS = 12
"""Decimals of radii in sentences."""

LONGEST_BOX = 3000
"""Characters up to which a region is written out in the sentence."""


def target(negative: int, dimension: int, smallest: Fraction, largest: Fraction) -> str:
    return (
        f"f has exactly one critical point c in the target's box of the certificate. It is a nondegenerate "
        f"{kind_of(negative, dimension)}: the eigenvalues of its Hessian lie in [{decimal_below(smallest)}, "
        f"{decimal_above(largest)}], and {negative} of them are negative."
    )


def branch(count: int, critical: tuple[bool, bool], numbers: Numbers, inputs: Inputs) -> str:
    """So many cells hold one curve, which may begin and end at a critical point."""
    start, end = numbers["rho_start"], numbers["rho_end"]
    what = "hallucinated minimizers" if inputs["negative"] == 0 else "hallucinated stationary points"
    cells = f"{count} overlapping cell{'s' * (count > 1)}, each with exactly one arc"
    begins, ends = (
        "a critical point of f, where lambda = 0 and" if is_critical else "a point where" for is_critical in critical
    )
    sentence = (
        f"Branch {inputs['branch']}: {cells} of solutions of grad f(x) = lambda (c - x), hold one connected smooth "
        f"curve from {begins} rho is in {_long(start)}, to {ends} rho is in {_long(end)}. Its points, apart from "
        f"critical points at its ends, are {what} of target c for rho = |x - c|."
    )
    low, high = (start.upper, end.lower) if start.upper < end.lower else (end.upper, start.lower)
    shown = decimal_above(low, DIGITS), decimal_below(high, DIGITS)
    if Fraction(shown[0]) < Fraction(shown[1]):
        sentence += f" Every rho strictly between {shown[0]} and {shown[1]} is attained."
    if inputs["monotone"]:
        folds = inputs["folds"]
        where = ("all along it", "on each side of its fold")[folds] if folds < 2 else f"between its {folds} folds"
        sentence += f" rho is strictly monotone {where}."
    return sentence


def _long(enclosure: Enclosure) -> str:
    return decimal_enclosure(enclosure.lower, enclosure.upper, DIGITS)


def fold(index: int, numbers: Numbers) -> str:
    """A branch turns back."""
    rho, second = numbers["rho"], numbers["second_derivative"]
    what = "minimum" if second.lower > 0 else "maximum"
    least = decimal_below(second.lower) if second.lower > 0 else decimal_above(second.upper)
    return (
        f"Branch {index} has a nondegenerate fold: rho has a strict local {what} along it, at a radius in "
        f"{decimal_enclosure(rho.lower, rho.upper, 16)}, and its second derivative by the arclength "
        f"of x there is {'at least' if second.lower > 0 else 'at most'} {least}."
    )


def stability(numbers: Numbers, inputs: Inputs) -> str:
    """A part attracts or repels: said by cells, because a curve with folds has several points of one radius."""
    part = (
        f"branch {inputs['branch']}, from a point in cell {inputs['first_cell']}, where rho is in "
        f"{_long(numbers['rho_from'])}, on to a point in cell {inputs['last_cell']}, where rho is in "
        f"{_long(numbers['rho_to'])},"
    )
    if inputs["attracting"]:
        return (
            f"Every point of {part} attracts SAM, for every small enough fixed step: all eigenvalues of the SAM matrix "
            f"M = H(c) J(x) have positive real part there."
        )
    return (
        f"Every point of {part} repels SAM, for every fixed step: some eigenvalue of the SAM matrix M = H(c) J(x) has "
        f"negative real part there."
    )


def complete(region: tuple[tuple[Fraction, Fraction], ...], branches: int) -> str:
    """There are no other points in a box."""
    box = " x ".join(f"[{format_rational(low)}, {format_rational(high)}]" for low, high in region)
    if len(box) > LONGEST_BOX:
        box = "that is the region of the certificate"
    if branches == 0:
        return f"No point of the box {box} is hallucinated with the target c, for any rho > 0."
    where = f"lies on one of branches 1 to {branches}" if branches != 1 else "lies on branch 1"
    return f"Every point of the box {box} that is hallucinated with the target c, for any rho > 0, {where}."
