"""A cell: a region of ``(x, lambda)`` proved to hold exactly one piece of a branch (parametrised Krawczyk test).

A cell has the form ``z(s, w) = m + s T + N (s^2 q + w)``, ``s`` in ``[s_0, s_1]`` around 0 and ``|w_i| <= r_i``, with
``[T, N]`` a nonsingular matrix, the *frame*: a tube around a parabola along the curve. ``T`` is near the tangent, so
that folds in rho, in lambda or in a coordinate are no obstacle. With a preconditioner ``C ~ (DG(m) N)^-1``,

    K = -C G(z(S, 0)) + (I - C [DG(Z) N]) W    in the interior of W

proves for every ``s`` in S (Krawczyk's test for ``w -> G(z(s, w))``): exactly one ``w(s)`` in W has
``G(z(s, w(s))) = 0``, and ``DG N`` is nonsingular on the cell. By the implicit function theorem ``w`` is analytic: the
zeros of ``G`` in the cell are one smooth arc from the face ``s = s_0`` to the face ``s = s_1``.

Both terms are mean-value forms, preconditioned before they are widened. With ``y = (s, s^2 q + w)`` and the columns
``F_k`` of the frame, on the convex box Z around ``m`` and the cell,

    I - C DG(z) N = (I - C DG(m) N) - sum_k y_k C D^2G(Z)[F_k, N]
    C G(z(s, 0))  = C G(m) + s C DG(m) T + (s^2/2) C (D^2G(Z)[b', b'] + 2 DG(Z) N q),    b' = T + 2 s N q.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from hallucert.balls import matrix
from hallucert.balls.facade import Ball
from hallucert.balls.krawczyk import contract
from hallucert.balls.matrix import inverse
from hallucert.check.branch.system import BranchSystem, Matrix, Vector, columns
from hallucert.errors import ArgumentError

Rationals = tuple[Fraction, ...]


@dataclass(frozen=True)
class Cell:
    """The exact data of a cell.

    Attributes
    ----------
    centre : d + 1 rationals
        ``m``.
    frame : d + 1 rows of d + 1 rationals
        ``[T, N]``.
    bend : d rationals
        ``q``.
    span : (rational, rational)
        ``s_0 < 0 < s_1``.
    radius : d positive rationals
        ``r``.
    preconditioner : d rows of d rationals
        ``C``.
    """

    centre: Rationals
    frame: tuple[Rationals, ...]
    bend: Rationals
    span: tuple[Fraction, Fraction]
    radius: Rationals
    preconditioner: tuple[Rationals, ...]

    @property
    def multiplier_ends(self) -> tuple[Fraction, Fraction] | None:
        """``lambda`` at the two faces if it depends on ``s`` alone and linearly; otherwise None."""
        row = self.frame[-1]
        if any(row[1:]) or row[0] == 0:
            return None
        return self.centre[-1] + self.span[0] * row[0], self.centre[-1] + self.span[1] * row[0]


class CellProof:
    """A cell in an arithmetic: the test, and enclosures of the arc in it.

    Parameters
    ----------
    system : BranchSystem
        The equation.
    cell : Cell
        The data.
    """

    def __init__(self, system: BranchSystem, cell: Cell) -> None:
        self.system = system
        self.cell = cell
        ar = self.arithmetic = system.arithmetic
        self.centre = [ar.constant(x) for x in cell.centre]
        self.frame = matrix.from_rationals(ar, cell.frame)
        self.axes = columns(self.frame)
        self.tangent, self.normals = self.axes[0], [row[1:] for row in self.frame]
        self.bend = [ar.constant(x) for x in cell.bend]
        self.bent = matrix.apply(ar, self.normals, self.bend)
        self.preconditioner = matrix.from_rationals(ar, cell.preconditioner)
        self.span = ar.interval(*cell.span)
        self.box = [ar.interval(-r, r) for r in cell.radius]
        # What has been found out about the arc: its points at single `s`, and by `branch_determinant`.
        self.sections: dict[Fraction, Vector] = {}
        self.determinants: dict[tuple[Fraction, Fraction], Any] = {}
        self.orientation: int | None = None

    # ------------------------------------------------------------------ the parametrisation

    def at(self, s: Ball, w: Vector) -> Vector:
        """``z(s, w)``."""
        square = self.arithmetic.power(s, 2)
        across = [q * square + v for q, v in zip(self.bend, w, strict=True)]
        sideways = matrix.apply(self.arithmetic, self.normals, across)
        return [m + s * t + v for m, t, v in zip(self.centre, self.tangent, sideways, strict=True)]

    def base(self, s: Ball) -> Vector:
        """``z(s, 0)``."""
        square = self.arithmetic.power(s, 2)
        return [m + s * t + square * b for m, t, b in zip(self.centre, self.tangent, self.bent, strict=True)]

    def slope(self, s: Ball) -> Vector:
        """``b'(s) = T + 2 s N q``."""
        double = s + s
        return [t + double * b for t, b in zip(self.tangent, self.bent, strict=True)]

    # ------------------------------------------------------------------ the test

    @cached_property
    def _at_centre(self) -> tuple[Vector, Vector, Matrix]:
        """``C G(m)``, ``C DG(m) T`` and ``I - C DG(m) N``."""
        ar, system = self.arithmetic, self.system
        jacobian = system.jacobian(self.centre)
        c_value = matrix.apply(ar, self.preconditioner, system.value(self.centre))
        c_frame = ar.matrix_product(self.preconditioner, ar.matrix_product(jacobian, self.frame))
        d = system.dimension
        error = matrix.subtract(matrix.identity(ar, d), [row[1:] for row in c_frame])
        return c_value, [row[0] for row in c_frame], error

    def image(self, w: Vector) -> Vector | None:
        """Return ``K`` over the whole span for the box `w` around 0; None where it is indeterminate."""
        ar, system, d = self.arithmetic, self.system, self.system.dimension
        z = self.at(self.span, w)
        third = system.third_derivatives(z)
        if not all(ar.all_finite(rows) for rows in third):
            return None
        c_value, c_tangent, error = self._at_centre
        square = ar.power(self.span, 2)
        y = [self.span, *(q * square + v for q, v in zip(self.bend, w, strict=True))]
        for k in range(d + 1):
            bilinear = ar.matrix_product(system.along(third, self.axes[k]), self.normals)
            error = matrix.subtract(error, matrix.scale(y[k], ar.matrix_product(self.preconditioner, bilinear)))
        slope = self.slope(self.span)
        curvature = matrix.apply(ar, self.preconditioner, system.second(third, slope, slope))
        turned = matrix.apply(ar, error, self.bend)
        half = square * ar.constant(Fraction(1, 2))
        shift = matrix.apply(ar, error, w)
        return [
            e - v - self.span * t - half * (c + (q + q) - (r + r))
            for e, v, t, c, q, r in zip(shift, c_value, c_tangent, curvature, self.bend, turned, strict=True)
        ]

    def proved(self) -> bool:
        """Tell whether the cell certainly holds exactly one arc, with ``f`` defined on all of it."""
        ar, low, high = self.arithmetic, *self.cell.span
        if not (low < 0 < high and all(r > 0 for r in self.cell.radius)):
            return False
        image = self.image(self.box)
        if image is None or not ar.all_finite([image]):
            return False
        inside = all(-r < ar.lower(k) and ar.upper(k) < r for k, r in zip(image, self.cell.radius, strict=True))
        return inside and self.system.defined(self.at(self.span, self.box)) and self.inverse_frame is not None

    @cached_property
    def inverse_frame(self) -> Matrix | None:
        """An enclosure of the inverse of the frame, None if it may be singular."""
        return inverse(self.arithmetic, self.frame)

    # ------------------------------------------------------------------ the arc, once the cell is proved

    def section(self, s: Fraction) -> Vector:
        """Return a tight enclosure of the point of the arc at one ``s`` of the span."""
        if s not in self.sections:
            self.sections[s] = self._section(s)
        return self.sections[s]

    def _section(self, s: Fraction) -> Vector:
        ar, exact = self.arithmetic, self.arithmetic.constant(s)

        def value(w: Vector) -> Vector:
            return self.system.value(self.at(exact, w))

        def jacobian(w: Vector) -> Matrix:
            return ar.matrix_product(self.system.jacobian(self.at(exact, w)), self.normals)

        narrow = self.narrowed(exact, self.box)
        try:
            return self.at(exact, contract(ar, value, jacobian, narrow))
        except ArgumentError:
            # Only if the cell is not proved; the wide enclosure is still true of nothing.
            return self.at(exact, narrow)

    def narrowed(self, s: Ball, w: Vector) -> Vector:
        """Return a box, inside `w`, that contains ``w(s)`` for all ``s`` of a part of the span.

        Krawczyk's operator about the middle ``v`` of `w`, with ``t`` the middle of the part and the first-order form
        ``C G(z(s, v)) = C G(z(t, v)) + (s - t) C DG(Z) b'``.
        """
        ar = self.arithmetic
        jacobian = self.system.jacobian(self.at(s, w))
        if not ar.all_finite(jacobian):
            return w
        t, v = ar.centre(s), [ar.centre(x) for x in w]
        c_jacobian = ar.matrix_product(self.preconditioner, jacobian)
        across = ar.matrix_product(c_jacobian, self.normals)
        error = matrix.subtract(matrix.identity(ar, self.system.dimension), across)
        value = matrix.apply(ar, self.preconditioner, self.system.value(self.at(t, v)))
        drift = matrix.apply(ar, c_jacobian, self.slope(s))
        spread = matrix.apply(ar, error, [x - y for x, y in zip(w, v, strict=True)])
        image = [y + e - c - (s - t) * d for y, e, c, d in zip(v, spread, value, drift, strict=True)]
        common = [ar.intersection(old, new) for old, new in zip(w, image, strict=True)]
        return [old if new is None else new for old, new in zip(w, common, strict=True)]

    def coordinates(self, z: Vector) -> tuple[Ball, Vector] | None:
        """Return ``(s, w)`` of the points `z`, or None."""
        ar, back = self.arithmetic, self.inverse_frame
        if back is None:
            return None
        y = matrix.apply(ar, back, [v - m for v, m in zip(z, self.centre, strict=True)])
        square = ar.power(y[0], 2)
        return y[0], [v - q * square for v, q in zip(y[1:], self.bend, strict=True)]

    def holds(self, z: Vector) -> bool:
        """Tell whether certainly all points `z` lie in the cell."""
        found = self.coordinates(z)
        if found is None:
            return False
        s, w = found
        ar = self.arithmetic
        return ar.within(s, *self.cell.span) and all(
            ar.within(v, -r, r) for v, r in zip(w, self.cell.radius, strict=True)
        )

    def misses(self, x: Vector) -> bool:
        """Tell whether certainly no point of `x` lies in the cell."""
        found = self.coordinates(x)
        if found is None:
            return False
        ranges = [self.cell.span, *((-r, r) for r in self.cell.radius)]
        return any(self._outside(v, *ends) for v, ends in zip([found[0], *found[1]], ranges, strict=True))

    def _outside(self, ball: Ball, low: Fraction, high: Fraction) -> bool:
        ar = self.arithmetic
        return ar.is_finite(ball) and bool(ar.upper(ball) < low or ar.lower(ball) > high)

    def velocity(self, z: Vector, s: Ball) -> Vector | None:
        """Return ``z'(s)`` for arc points `z` over the part `s` of the span; None if ``DG N`` may be singular.

        ``z' = b' + N w'`` with ``DG N w' = -DG b'``.
        """
        ar = self.arithmetic
        jacobian = self.system.jacobian(z)
        slope = self.slope(s)
        moved = self._solve(jacobian, [-v for v in matrix.apply(ar, jacobian, slope)])
        if moved is None:
            return None
        return [b + v for b, v in zip(slope, matrix.apply(ar, self.normals, moved), strict=True)]

    def acceleration(self, z: Vector, velocity: Vector) -> Vector | None:
        """Return ``z''(s)``: ``z'' = N v`` with ``DG N v = -D^2G[z', z']``; ``v`` takes in ``2 q``."""
        ar = self.arithmetic
        third = self.system.third_derivatives(z)
        if not all(ar.all_finite(rows) for rows in third):
            return None
        moved = self._solve(self.system.jacobian(z), [-v for v in self.system.second(third, velocity, velocity)])
        return None if moved is None else matrix.apply(ar, self.normals, moved)

    def _solve(self, jacobian: Matrix, right: Vector) -> Vector | None:
        """Return an enclosure of ``(DG N)^-1 right``."""
        ar = self.arithmetic
        if not (ar.all_finite(jacobian) and ar.all_finite([right])):
            return None
        across = inverse(ar, ar.matrix_product(jacobian, self.normals))
        return None if across is None else matrix.apply(ar, across, right)


def arc_box(proof: CellProof, low: Fraction, high: Fraction, w: Vector, steps: int = 2) -> tuple[Any, Vector, Vector]:
    """Return ``(s, w, z)``: a part of the span, a box for ``w(s)`` on it, and the enclosure of the arc there.

    The box is narrowed from `w` at most `steps` times, as long as that halves it.
    """
    ar, s = proof.arithmetic, proof.arithmetic.interval(low, high)
    for _ in range(steps):
        narrow = proof.narrowed(s, w)
        before, after = (max(ar.upper(x) - ar.lower(x) for x in box) for box in (w, narrow))
        w = narrow
        if 2 * after > before:
            break
    return s, w, proof.at(s, w)
