"""Krawczyk's operator: from a formula in balls to existence and uniqueness of a zero in a box.

One operator for all: `compared` draws the conclusion from enclosures of ``C G(z0)`` and ``I - C DG(Z)``, wherever these
come from; `KrawczykOperator` evaluates them for a square system. `hallucert.balls.zeros` searches for boxes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.clock import look
from hallucert.errors import ArgumentError
from hallucert.exact import round_up

Function = Callable[[list[Ball]], list[Ball]]
"""``G``: a list of balls to a list of as many balls."""

Jacobian = Callable[[list[Ball]], Matrix]
"""``DG``: a list of balls to the rows of the matrix of partial derivatives."""


@dataclass(frozen=True)
class KrawczykResult:
    """What one application of Krawczyk's operator showed about the box ``Z = centre +- radius``.

    It is `proved`, if ``K(Z)`` lies in the interior of Z, that exactly one zero of G lies in Z and that every matrix in
    ``DG(Z)`` is nonsingular. Each zero in Z lies in `image`, which is ``K(Z)``; `spread` bounds ``|K(Z) - centre|`` for
    each coordinate; `step` and `defect` enclose ``C G(centre)`` and ``I - C DG(Z)``. All are empty where indeterminate.
    """

    proved: bool
    image: list[Ball]
    spread: list[Fraction]
    centre: Sequence[Fraction]
    radius: Sequence[Fraction]
    step: Sequence[Ball]
    defect: Matrix

    def around(self, ar: BallArithmetic, centre: Sequence[Fraction], step: Sequence[Ball]) -> list[Ball]:
        """Shrink the image of a proved box by what ``C G`` is at any `centre` in it: `step`.

        The zero x in Z has ``x - centre = -C G(centre) + (I - C M) (x - centre)`` with a mean M of ``DG`` on Z. In the
        norm with unit ball ``+- radius`` the matrix is at most ``a < 1``, so ``|x - centre| <= |C G(centre)|/(1 - a)``,
        and the same equation then encloses it.
        """
        half = [ar.constant(r) for r in self.radius]
        turns = (ar.absolute_sum([v * r for v, r in zip(row, half, strict=True)]) for row in self.defect)
        a = max(turn / r for turn, r in zip(turns, self.radius, strict=True))
        if a >= 1:
            return self.image
        size = round_up(max(ar.magnitude(s) / r for s, r in zip(step, self.radius, strict=True)) / (1 - a), 30)
        moved = matrix.apply(ar, self.defect, [ar.interval(-size * r, size * r) for r in self.radius])
        found = [ar.constant(c) - s + v for c, s, v in zip(centre, step, moved, strict=True)]
        pairs = ((old, new, ar.endpoints(old), ar.endpoints(new)) for old, new in zip(self.image, found, strict=True))
        return [new if d - c < b - a else old for old, new, (a, b), (c, d) in pairs]


def compared(
    ar: BallArithmetic, centre: Sequence[Fraction], radius: Sequence[Fraction], step: Sequence[Ball], defect: Matrix
) -> KrawczykResult:
    """Compare ``K(Z)`` with ``Z = centre +- radius``, from ``step``, which contains ``C G(z0)``, and ``I - C DG(Z)``.

    Of a system with parameters both may be enclosed for all parameters of a box: then the conclusion holds for each.
    """
    half = [ar.constant(r) for r in radius]
    image, spread = [], []
    for i, row in enumerate(defect):
        look()
        turn = round_up(ar.absolute_sum([x * r for x, r in zip(row, half, strict=True)]), 30)
        low, high = ar.endpoints(step[i])
        image.append(ar.interval(centre[i] - high - turn, centre[i] - low + turn))
        spread.append(round_up(max(high, -low) + turn, 30))
    inside = all(s < r for s, r in zip(spread, radius, strict=True))  # K(Z) in the interior of Z
    return KrawczykResult(inside, image, spread, centre, radius, step, defect)


class KrawczykOperator:
    """``K(Z) = z0 - C G(z0) + (I - C DG(Z)) (Z - z0)`` for one system and one preconditioner.

    By the mean value theorem ``K(Z)`` contains ``z - C G(z)`` for every z in the exact box ``Z = z0 +- radius``, so
    each zero of G in Z lies in it. If it lies in the interior of Z, Brouwer's theorem gives a zero. The second term is
    symmetric, with radius ``|I - C DG(Z)| r``, which then is below r: by Perron's theorem the spectral radius of
    ``|I - C M|`` is below 1, so C and every M in ``DG(Z)`` are nonsingular, and the zero is unique. G itself is run on
    Z as well, so that it is known to be defined on all of it. The quality of C decides success, never truth.
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
        self.preconditioner = matrix.from_rationals(ar, preconditioner)

    def newton_step(self, centre: Sequence[Fraction]) -> list[Ball] | None:
        """Enclose ``C G(z0)``, or None if G is indeterminate there."""
        value = self.function([self.ar.constant(c) for c in centre])
        if len(value) != len(centre):
            raise ArgumentError("function", f"<{len(value)} values>", f"return {len(centre)} values")
        step = matrix.apply(self.ar, self.preconditioner, value)
        return step if self.ar.all_finite([step]) else None

    def tighten(self, result: KrawczykResult, max_steps: int | None = None) -> list[Ball]:
        """Shrink the box of a zero that was proved, as far as the precision goes; no Jacobian is evaluated.

        Steps ``z <- z - C G(z)`` move the centre as long as they get shorter by half. By default these are a dozen or,
        of many bits, one for each 32: with the inverse of a matrix of doubles as C a step usually gains more.
        """
        ar, step, centre = self.ar, result.step, result.centre
        best, best_step, best_size = centre, step, max(ar.magnitude(s) for s in step)
        for _ in range(max(12, ar.precision // 32) if max_steps is None else max_steps):
            if not any(map(ar.nonzero, step)):
                break
            centre = [ar.midpoint(ar.constant(c - ar.midpoint(s))) for c, s in zip(centre, step, strict=True)]
            if any(abs(c - z) > r for c, z, r in zip(centre, result.centre, result.radius, strict=True)):
                break
            moved = self.newton_step(centre)
            if moved is None:
                break
            step, size = moved, max(ar.magnitude(s) for s in moved)
            if 2 * size > best_size:
                break
            best, best_step, best_size = centre, step, size
        return result.around(ar, best, best_step)

    def image(
        self, centre: Sequence[Fraction], radius: Sequence[Fraction], step: Sequence[Ball] | None = None
    ) -> KrawczykResult:
        """Apply the operator to ``centre +- radius``; `step` is an enclosure of ``C G(z0)`` if it is known."""
        ar, k = self.ar, len(centre)
        if len(radius) != k or any(r <= 0 for r in radius):
            raise ArgumentError("radius", list(map(str, radius)), f"be {k} positive numbers")
        if step is None:
            step = self.newton_step(centre)
        indeterminate = KrawczykResult(False, [], [], centre, radius, [], [])
        if step is None:
            return indeterminate
        box = [ar.interval(c - r, c + r) for c, r in zip(centre, radius, strict=True)]
        slopes = self.jacobian(box)
        if len(slopes) != k or any(len(row) != k for row in slopes):
            raise ArgumentError("jacobian", f"<{len(slopes)} rows>", f"return a {k} by {k} matrix")
        if not ar.all_finite([self.function(box)]):
            return indeterminate
        defect = matrix.subtract(matrix.identity(ar, k), ar.matrix_product(self.preconditioner, slopes))
        return compared(ar, centre, radius, step, defect) if ar.all_finite(defect) else indeterminate


def approximate_preconditioner(jacobian: np.ndarray) -> list[list[Fraction]] | None:
    """Return the inverse of a matrix of doubles as exact rationals, or None if it is singular to working precision."""
    inverse = matrix.float_inverse(np.asarray(jacobian, float))
    return None if inverse is None else [[Fraction(x) for x in row] for row in inverse.tolist()]
