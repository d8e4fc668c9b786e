"""Krawczyk's operator: from a formula in balls to existence and uniqueness of a zero in a box."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.balls.linear.matrix import all_finite, apply, float_inverse, from_rationals, identity, multiply, subtract
from hallucert.clock import look
from hallucert.errors import ArgumentError
from hallucert.exact import decimal_above, decimal_below, round_up

Function = Callable[[list[Ball]], list[Ball]]
"""``G``: a list of balls to a list of as many balls."""

Jacobian = Callable[[list[Ball]], Matrix]
"""``DG``: a list of balls to the rows of the matrix of partial derivatives."""


@dataclass(frozen=True)
class KrawczykResult:
    """What one application of Krawczyk's operator showed about the box ``centre +- radius``.

    Attributes
    ----------
    proved : bool
        ``K(Z)`` lies in the interior of Z: exactly one zero of G lies in Z (and in `image`), and every matrix in
        ``DG(Z)`` is nonsingular.
    image : list of Ball
        ``K(Z)``, or an empty list where it is indeterminate. A zero in Z, if any, lies in it.
    contraction : Fraction or None
        Upper bound of ``|I - C DG(Z)|_inf``, None if indeterminate.
    spread : list of Fraction
        Upper bound of ``|K(Z) - centre|`` for each coordinate.
    reason : str
        Empty if proved; otherwise what failed, and where.
    """

    proved: bool
    image: list[Ball]
    contraction: Fraction | None
    spread: list[Fraction]
    reason: str


def approximate_preconditioner(jacobian: np.ndarray) -> list[list[Fraction]] | None:
    """Return the inverse of a matrix of doubles as exact rationals, or None if it is singular to working precision."""
    inverse = float_inverse(np.asarray(jacobian, float))
    return None if inverse is None else [[Fraction(x) for x in row] for row in inverse.tolist()]


class KrawczykOperator:
    """``K(Z) = z0 - C G(z0) + (I - C DG(Z)) (Z - z0)`` for one system and one preconditioner.

    By the mean value theorem ``K(Z)`` contains ``z - C G(z)`` for every z in the exact box ``Z = z0 +- radius``, so
    each zero of G in Z lies in it. If it lies in the interior of Z, Brouwer's theorem gives a zero. The second term is
    symmetric, with radius ``|I - C DG(Z)| r``, which then is below r: by Perron's theorem the spectral radius of
    ``|I - C M|`` is below 1, so C and every M in ``DG(Z)`` are nonsingular, and the zero is unique. G itself is run on
    Z as well, so that it is known to be defined on all of it.

    Parameters
    ----------
    ar : BallArithmetic
        The arithmetic.
    function, jacobian : callable
        G and DG, in balls.
    preconditioner : (k, k) rows of Fraction
        C, near the inverse of ``DG(z0)``. Its quality decides success, never truth.
    """

    def __init__(
        self,
        ar: BallArithmetic,
        function: Function,
        jacobian: Jacobian,
        preconditioner: Sequence[Sequence[Fraction]],
    ) -> None:
        k = len(preconditioner)
        if any(len(row) != k for row in preconditioner):
            raise ArgumentError("preconditioner", f"<{k} rows>", f"be a {k} by {k} matrix")
        self.ar, self.function, self.jacobian = ar, function, jacobian
        self.preconditioner = from_rationals(ar, preconditioner)

    def newton_step(self, centre: Sequence[Fraction]) -> list[Ball] | None:
        """Enclose ``C G(z0)``, or None if G is indeterminate there."""
        value = self.function([self.ar.constant(c) for c in centre])
        if len(value) != len(centre):
            raise ArgumentError("function", f"<{len(value)} values>", f"return {len(centre)} values")
        step = apply(self.ar, self.preconditioner, value)
        return step if all_finite(self.ar, [step]) else None

    def image(
        self, centre: Sequence[Fraction], radius: Sequence[Fraction], step: Sequence[Ball] | None = None
    ) -> KrawczykResult:
        """Apply the operator to ``centre +- radius``; `step` is an enclosure of ``C G(z0)`` if it is known."""
        ar, k = self.ar, len(centre)
        if step is None:
            step = self.newton_step(centre)
        if step is None:
            return KrawczykResult(False, [], None, [], "the function is indeterminate at the centre of the box")
        box = [ar.interval(c - r, c + r) for c, r in zip(centre, radius, strict=True)]
        matrix = self.jacobian(box)
        if len(matrix) != k or any(len(row) != k for row in matrix):
            raise ArgumentError("jacobian", f"<{len(matrix)} rows>", f"return a {k} by {k} matrix")
        if not all_finite(ar, matrix):
            return KrawczykResult(False, [], None, [], "the Jacobian is indeterminate on the box")
        if not all_finite(ar, [self.function(box)]):
            return KrawczykResult(False, [], None, [], "the function is indeterminate on the box")
        defect = subtract(identity(ar, k), multiply(ar, self.preconditioner, matrix))
        if not all_finite(ar, defect):
            return KrawczykResult(False, [], None, [], "the preconditioned Jacobian is indeterminate on the box")
        return _compared(ar, centre, radius, step, defect)


def _compared(
    ar: BallArithmetic, centre: Sequence[Fraction], radius: Sequence[Fraction], step: Sequence[Ball], defect: Matrix
) -> KrawczykResult:
    """Compare ``K(Z)`` with Z, from ``C G(z0)`` and ``I - C DG(Z)``."""
    k = len(centre)
    contraction = round_up(max(ar.absolute_sum(row) for row in defect), 30)
    half = [ar.constant(r) for r in radius]
    image, spread, failed = [], [], []
    for i in range(k):
        look()
        turn = round_up(ar.absolute_sum([x * r for x, r in zip(defect[i], half, strict=True)]), 30)
        low, high = ar.endpoints(step[i])
        image.append(ar.interval(centre[i] - high - turn, centre[i] - low + turn))
        spread.append(round_up(max(high, -low) + turn, 30))
        if not spread[i] < radius[i]:  # K(Z) in the interior of Z, coordinate i
            failed.append(i)
    if not failed:
        return KrawczykResult(True, image, contraction, spread, "")
    worst = max(failed, key=lambda i: spread[i] / radius[i])
    return KrawczykResult(
        False,
        image,
        contraction,
        spread,
        f"the image leaves the box in {len(failed)} of {k} coordinates, most in coordinate {worst}: it reaches "
        f"{decimal_above(spread[worst], 3)} from the centre where the box reaches {decimal_below(radius[worst], 3)}",
    )


def krawczyk_image(
    ar: BallArithmetic,
    function: Function,
    jacobian: Jacobian,
    centre: Sequence[Fraction],
    preconditioner: Sequence[Sequence[Fraction]],
    radius: Sequence[Fraction],
) -> KrawczykResult:
    """Apply Krawczyk's operator (see `KrawczykOperator`) to the box ``centre +- radius``.

    Parameters
    ----------
    ar : BallArithmetic
        The arithmetic.
    function, jacobian : callable
        G and DG, in balls.
    centre : sequence of Fraction, length k
        ``z0``; any exact numbers.
    preconditioner : (k, k) rows of Fraction
        C.
    radius : sequence of Fraction, length k
        Positive.
    """
    k = len(centre)
    if len(radius) != k or any(r <= 0 for r in radius):
        raise ArgumentError("radius", list(map(str, radius)), f"be {k} positive numbers")
    if len(preconditioner) != k:
        raise ArgumentError("preconditioner", f"<{len(preconditioner)} rows>", f"be a {k} by {k} matrix")
    with ar:
        return KrawczykOperator(ar, function, jacobian, preconditioner).image(centre, radius)
