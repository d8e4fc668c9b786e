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
from hallucert.errors import ArgumentError
from hallucert.exact import round_up

LARGEST_POWER = 1000
"""Of 2, as a double that can be multiplied with others."""

Function = Callable[[list[Ball]], list[Ball]]
"""``G``: a list of balls to a list of as many balls."""

Jacobian = Callable[[list[Ball]], Matrix]
"""``DG``: a list of balls to the rows of the matrix of partial derivatives."""


@dataclass(frozen=True)
class KrawczykResult:
    """What one application of Krawczyk's operator showed about the box ``Z = centre +- radius``.

    It is `proved`, if ``K(Z)`` lies in the interior of Z, that exactly one zero of G lies in Z and that every matrix in
    ``DG(Z)`` is nonsingular. Each zero in Z lies in `image`, which is ``K(Z)``; `spread` bounds ``|K(Z) - centre|`` for
    each coordinate; `step`, `defect` and `turn` enclose ``C G(centre)``, ``I - C DG(Z)`` and the latter times ``+-
    radius``. All are empty where indeterminate.
    """

    proved: bool
    image: list[Ball]
    spread: list[Fraction]
    centre: Sequence[Fraction]
    radius: Sequence[Fraction]
    step: Sequence[Ball]
    defect: Matrix
    turn: list[Ball]

    def around(self, ar: BallArithmetic, centre: Sequence[Fraction], step: Sequence[Ball]) -> list[Ball]:
        """Shrink the image of a proved box by what ``C G`` is at any `centre` in it: `step`.

        The zero x in Z has ``x - centre = -C G(centre) + (I - C M) (x - centre)`` with a mean M of ``DG`` on Z. In the
        norm with unit ball ``+- radius`` the matrix is at most ``a < 1``, so ``|x - centre| <= |C G(centre)|/(1 - a)``,
        and the same equation then encloses it: multiples of ``+- radius`` are turned into multiples of `turn`.
        """
        a = max(ar.magnitude(turn) / r for turn, r in zip(self.turn, self.radius, strict=True))
        if a >= 1:
            return self.image
        size = round_up(max(ar.magnitude(s) / r for s, r in zip(step, self.radius, strict=True)) / (1 - a), 30)
        share, c = ar.constant(size), map(ar.constant, centre)
        found = [middle - s + share * turn for middle, s, turn in zip(c, step, self.turn, strict=True)]
        return matrix.intersected(ar, self.image, found)


def compared(
    ar: BallArithmetic, centre: Sequence[Fraction], radius: Sequence[Fraction], step: Sequence[Ball], defect: Matrix
) -> KrawczykResult:
    """Compare ``K(Z)`` with ``Z = centre +- radius``, from ``step``, which contains ``C G(z0)``, and ``I - C DG(Z)``.

    Of a system with parameters both may be enclosed for all parameters of a box: then the conclusion holds for each.
    """
    turn = matrix.apply(ar, defect, [ar.interval(-r, r) for r in radius])
    moves = [t - s for t, s in zip(turn, step, strict=True)]
    image = [ar.constant(c) + move for c, move in zip(centre, moves, strict=True)]
    spread = [ar.magnitude(move) for move in moves]
    inside = all(s < r for s, r in zip(spread, radius, strict=True))  # K(Z) in the interior of Z
    return KrawczykResult(inside, image, spread, centre, radius, step, defect, turn)


class KrawczykOperator:
    """``K(Z) = z0 - C G(z0) + (I - C DG(Z)) (Z - z0)`` for one system and one preconditioner.

    By the mean value theorem ``K(Z)`` contains ``z - C G(z)`` for every z in the exact box ``Z = z0 +- radius``, so
    each zero of G in Z lies in it. If it lies in the interior of Z, Brouwer's theorem gives a zero. The second term is
    as wide as ``|I - C M| (Z - z0)`` for every M in ``DG(Z)``, so that ``|I - C M| r`` is below r: by Perron's theorem
    the spectral radius of ``|I - C M|`` is below 1, so C and M are nonsingular, and the zero is unique. G itself is run
    on Z as well, so that it is known to be defined on all of it. The quality of C decides success, never truth.
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

    def tighten(self, result: KrawczykResult, max_steps: int | None = None, bits: int | None = None) -> list[Ball]:
        """Shrink the box of a zero that was proved, as far as the precision goes; no Jacobian is evaluated.

        Steps ``z <- z - C G(z)`` move the centre as long as they get shorter by half. By default these are a dozen or,
        of many bits, one for each 32: with the inverse of a matrix of doubles as C a step usually gains more. There
        are none if what is known is as narrow as rounding to so many `bits` makes the first step ``C G``.
        """
        ar, step, centre = self.ar, result.step, result.centre
        if bits is not None:
            found, coarser = result.around(ar, centre, step), 2.0 ** min(ar.precision - bits, LARGEST_POWER)
            if all(ar.width(x) <= coarser * ar.width(s) for x, s in zip(found, step, strict=True)):
                return found
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
        indeterminate = KrawczykResult(False, [], [], centre, radius, [], [], [])
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
