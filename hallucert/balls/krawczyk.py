"""Krawczyk's operator: from a formula in balls to existence and uniqueness of a zero in a box.

One operator for all: `compared` draws the conclusion from enclosures of ``C G(z0)`` and ``I - C DG(Z)``, wherever these
come from; `KrawczykOperator` evaluates them for a square system; `prove_zero` and `contract` apply it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.balls.matrix import (
    all_finite,
    apply,
    float_inverse,
    from_rationals,
    identity,
    midpoints,
    multiply,
    subtract,
)
from hallucert.clock import look
from hallucert.errors import ArgumentError
from hallucert.exact import round_up

Function = Callable[[list[Ball]], list[Ball]]
"""``G``: a list of balls to a list of as many balls."""

Jacobian = Callable[[list[Ball]], Matrix]
"""``DG``: a list of balls to the rows of the matrix of partial derivatives."""

_INFLATION_STEPS = 12


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
    centre, radius : sequence of Fraction
        Z.
    step, defect : sequence of Ball, rows of Ball
        Enclosures of ``C G(centre)`` and of ``I - C DG(Z)``; empty where they are indeterminate.
    """

    proved: bool
    image: list[Ball]
    contraction: Fraction | None
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
        moved = apply(ar, self.defect, [ar.interval(-size * r, size * r) for r in self.radius])
        found = [ar.constant(c) - s + v for c, s, v in zip(centre, step, moved, strict=True)]
        pairs = ((old, new, ar.endpoints(old), ar.endpoints(new)) for old, new in zip(self.image, found, strict=True))
        return [new if d - c < b - a else old for old, new, (a, b), (c, d) in pairs]


def compared(
    ar: BallArithmetic, centre: Sequence[Fraction], radius: Sequence[Fraction], step: Sequence[Ball], defect: Matrix
) -> KrawczykResult:
    """Compare ``K(Z)`` with ``Z = centre +- radius``, from ``step``, which contains ``C G(z0)``, and ``I - C DG(Z)``.

    Of a system with parameters both may be enclosed for all parameters of a box: then the conclusion holds for each.
    """
    contraction = round_up(max(ar.absolute_sum(row) for row in defect), 30)
    half = [ar.constant(r) for r in radius]
    image, spread = [], []
    for i, row in enumerate(defect):
        look()
        turn = round_up(ar.absolute_sum([x * r for x, r in zip(row, half, strict=True)]), 30)
        low, high = ar.endpoints(step[i])
        image.append(ar.interval(centre[i] - high - turn, centre[i] - low + turn))
        spread.append(round_up(max(high, -low) + turn, 30))
    inside = all(s < r for s, r in zip(spread, radius, strict=True))  # K(Z) in the interior of Z
    return KrawczykResult(inside, image, contraction, spread, centre, radius, step, defect)


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
        self.preconditioner = from_rationals(ar, preconditioner)

    def newton_step(self, centre: Sequence[Fraction]) -> list[Ball] | None:
        """Enclose ``C G(z0)``, or None if G is indeterminate there."""
        value = self.function([self.ar.constant(c) for c in centre])
        if len(value) != len(centre):
            raise ArgumentError("function", f"<{len(value)} values>", f"return {len(centre)} values")
        step = apply(self.ar, self.preconditioner, value)
        return step if all_finite(self.ar, [step]) else None

    def tighten(self, result: KrawczykResult, max_steps: int = 12) -> list[Ball]:
        """Shrink the box of a zero that was proved, as far as the precision goes; no Jacobian is evaluated.

        Steps ``z <- z - C G(z)`` move the centre as long as they get shorter by half.
        """
        ar, step, centre = self.ar, result.step, result.centre
        best, best_step, best_size = centre, step, max(ar.magnitude(s) for s in step)
        for _ in range(max_steps):
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
        if step is None:
            step = self.newton_step(centre)
        indeterminate = KrawczykResult(False, [], None, [], centre, radius, [], [])
        if step is None:
            return indeterminate
        box = [ar.interval(c - r, c + r) for c, r in zip(centre, radius, strict=True)]
        matrix = self.jacobian(box)
        if len(matrix) != k or any(len(row) != k for row in matrix):
            raise ArgumentError("jacobian", f"<{len(matrix)} rows>", f"return a {k} by {k} matrix")
        if not (all_finite(ar, matrix) and all_finite(ar, [self.function(box)])):
            return indeterminate
        defect = subtract(identity(ar, k), multiply(ar, self.preconditioner, matrix))
        return compared(ar, centre, radius, step, defect) if all_finite(ar, defect) else indeterminate


def krawczyk_image(
    ar: BallArithmetic,
    function: Function,
    jacobian: Jacobian,
    centre: Sequence[Fraction],
    preconditioner: Sequence[Sequence[Fraction]],
    radius: Sequence[Fraction],
) -> KrawczykResult:
    """Apply Krawczyk's operator (see `KrawczykOperator`) to the box ``centre +- radius``, `radius` positive."""
    k = len(centre)
    if len(radius) != k or any(r <= 0 for r in radius):
        raise ArgumentError("radius", list(map(str, radius)), f"be {k} positive numbers")
    if len(preconditioner) != k:
        raise ArgumentError("preconditioner", f"<{len(preconditioner)} rows>", f"be a {k} by {k} matrix")
    with ar:
        return KrawczykOperator(ar, function, jacobian, preconditioner).image(centre, radius)


def approximate_preconditioner(jacobian: np.ndarray) -> list[list[Fraction]] | None:
    """Return the inverse of a matrix of doubles as exact rationals, or None if it is singular to working precision."""
    inverse = float_inverse(np.asarray(jacobian, float))
    return None if inverse is None else [[Fraction(x) for x in row] for row in inverse.tolist()]


@dataclass(frozen=True)
class ZeroEnclosure:
    """A proved zero.

    Attributes
    ----------
    box : list of Ball
        Contains the zero: Krawczyk's image of ``centre +- radius``, intersected with it.
    result : KrawczykResult
        What proved it.
    contraction : Fraction
        Upper bound of ``|I - C DG|_inf`` on that box.
    preconditioner : list of list of Fraction
        C.
    """

    box: list[Ball]
    result: KrawczykResult
    contraction: Fraction
    preconditioner: list[list[Fraction]]

    @property
    def centre(self) -> list[Fraction]:
        """The middle of the box that contains exactly one zero."""
        return list(self.result.centre)

    @property
    def radius(self) -> list[Fraction]:
        """Half widths of that box."""
        return list(self.result.radius)


def prove_zero(
    ar: BallArithmetic,
    function: Function,
    jacobian: Jacobian,
    centre: Sequence[Fraction],
    preconditioner: Sequence[Sequence[Fraction]] | None = None,
    *,
    unit: Fraction = Fraction(1),
    relative_floor: Fraction = Fraction(1, 2**60),
    absolute_floor: Fraction = Fraction(1, 2**80),
) -> ZeroEnclosure | None:
    """Prove a zero near `centre` in a small box, or return None: undecided.

    The box is found by inflation: begin with twice the Newton step (but not below the floors), and while the image
    leaves the box, take a box 9/8 of the image in each coordinate.

    Parameters
    ----------
    ar : BallArithmetic
        The arithmetic.
    function, jacobian : callable
        G and DG in balls.
    centre : sequence of Fraction
        A point near the zero.
    preconditioner : rows of Fraction, optional
        C; by default the double inverse of the Jacobian's midpoint at `centre`.
    unit : Fraction
        The size of the unknowns, positive.
    relative_floor, absolute_floor : Fraction
        No radius is below ``relative_floor * |centre_i| + absolute_floor * unit``: rounding needs room.
    """
    centre = list(centre)
    with ar:
        if preconditioner is None:
            matrix = jacobian([ar.constant(c) for c in centre])
            preconditioner = approximate_preconditioner(midpoints(ar, matrix))
            if preconditioner is None:
                return None
        c = [list(row) for row in preconditioner]
        operator = KrawczykOperator(ar, function, jacobian, c)
        step = operator.newton_step(centre)
        if step is None:
            return None
        floors = [relative_floor * abs(x) + absolute_floor * unit for x in centre]
        radius = [round_up(max(2 * ar.magnitude(s), f), 30) for s, f in zip(step, floors, strict=True)]
        for steps in range(1, _INFLATION_STEPS + 1):
            result = operator.image(centre, radius, step)
            if result.proved or not result.image:
                break
            wanted = [round_up(s * Fraction(9, 8), 30) for s in result.spread]
            if steps > 2 and any(w > 2**20 * r for w, r in zip(wanted, radius, strict=True)):
                break
            radius = [max(w, f) for w, f in zip(wanted, floors, strict=True)]
        if not result.proved or result.contraction is None:
            return None
        box = [
            ar.interval(max(ar.lower(k), x - r), min(ar.upper(k), x + r))
            for k, x, r in zip(result.image, centre, radius, strict=True)
        ]
        return ZeroEnclosure(box, result, result.contraction, c)


def contract(
    ar: BallArithmetic,
    function: Function,
    jacobian: Jacobian,
    box: Sequence[Ball],
    preconditioner: Sequence[Sequence[Fraction]] | None = None,
    max_steps: int = 10,
) -> list[Ball]:
    """Shrink a box that is known to contain a zero, keeping the zero: ``Z <- Z and K(Z)`` about the midpoint.

    Each zero in the box lies in the result; nothing else is claimed. Stops when no side shrinks to half, or after
    `max_steps`. Without a `preconditioner` there is a new one in each step.

    Raises
    ------
    ArgumentError
        If the box certainly contains no zero.
    """
    with ar:
        current = list(box)
        fixed = None if preconditioner is None else KrawczykOperator(ar, function, jacobian, preconditioner)
        if not all(ar.is_finite(x) for x in current):
            raise ArgumentError("box", "<an indeterminate box>", "be finite")
        for _ in range(max_steps):
            ends = [ar.endpoints(x) for x in current]
            centre = [ar.midpoint(ar.constant((low + high) / 2)) for low, high in ends]
            # The exact radius from this centre that covers the box; a point keeps a radius of its last bit.
            size = max(max(abs(low), abs(high)) for low, high in ends) or Fraction(1)
            radius = [
                max(high - c, c - low) or (abs(c) or size) / 2**ar.precision
                for c, (low, high) in zip(centre, ends, strict=True)
            ]
            operator = fixed
            if operator is None:
                inverse = approximate_preconditioner(midpoints(ar, jacobian(current)))
                if inverse is None:
                    break
                operator = KrawczykOperator(ar, function, jacobian, inverse)
            image = operator.image(centre, radius).image
            if not image:
                break
            smaller = []
            for old, new in zip(current, image, strict=True):
                common = ar.intersection(old, new)
                if common is None:
                    raise ArgumentError("box", "<a box without a zero>", "contain a zero of the function")
                smaller.append(common)
            widths = [ar.endpoints(x) for x in smaller]
            progress = any(2 * (b - a) <= high - low != 0 for (a, b), (low, high) in zip(widths, ends, strict=True))
            current = [
                x if b - a <= high - low else old
                for x, old, (a, b), (low, high) in zip(smaller, current, widths, ends, strict=True)
            ]
            if not progress:
                break
        return current
