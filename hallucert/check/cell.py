"""A cell: a region of the unknowns ``z`` proved to hold exactly one arc of solutions of ``G(z) = 0``.

A cell has the form ``z(s, w) = m + s T + N (s^2 q + w)``, ``s`` in ``[s_0, s_1]`` around 0 and ``|w_i| <= r_i``, with
``[T, N]`` a nonsingular matrix, the *frame*: a tube around a parabola along the curve. ``T`` is near the tangent, so
that folds in rho, in lambda or in a coordinate are no obstacle. With a preconditioner ``C ~ (DG(m) N)^-1``,

    K = -C G(z(S, 0)) + (I - C [DG(Z) N]) W    in the interior of W

proves for every ``s`` in S (Krawczyk's test for ``w -> G(z(s, w))``): exactly one ``w(s)`` in W has
``G(z(s, w(s))) = 0``, and ``DG N`` is nonsingular on the cell. By the implicit function theorem ``w`` is analytic: the
zeros of ``G`` in the cell are one smooth arc from the face ``s = s_0`` to the face ``s = s_1``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Generic, NamedTuple, Protocol, TypeVar

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.balls.matrix import inverse

Rationals = tuple[Fraction, ...]
Vector = list[Ball]


class System(Protocol):
    """``G``, with one equation fewer than unknowns, in an arithmetic."""

    arithmetic: BallArithmetic
    dimension: int

    def value(self, z: Vector) -> Vector:
        """``G(z)``."""

    def jacobian(self, z: Vector) -> Matrix:
        """``DG(z)``."""

    def defined(self, z: Vector) -> bool:
        """Tell whether ``G`` is certainly defined and analytic on all of a box."""


@dataclass(frozen=True)
class Cell:
    """The exact data of a cell with `d` equations: ``m``, ``[T, N]``, ``q``, ``(s_0, s_1)``, ``r`` and ``C``."""

    centre: Rationals
    frame: tuple[Rationals, ...]
    bend: Rationals
    span: tuple[Fraction, Fraction]
    radius: Rationals
    preconditioner: tuple[Rationals, ...]


class Tube(NamedTuple):
    """Where an arc is said to be: ``|w_i(s) - centre_i| < radius_i`` for all ``s`` from `low` to `high`."""

    low: Fraction
    high: Fraction
    centre: Rationals
    radius: Rationals


class Joint(NamedTuple):
    """The end of a cell's arc: its enclosure, and the velocity of the arc there."""

    z: Vector
    velocity: Vector


S = TypeVar("S", bound=System)

NARROWINGS = 4
"""How often the box of a point is narrowed whose place is not known."""


class CellProof(ABC, Generic[S]):
    """A cell in an arithmetic: the test, and enclosures of the arc in it, tight at the single ``s`` of `places`."""

    def __init__(self, system: S, cell: Cell, places: Iterable[Tube] = ()) -> None:
        self.system = system
        self.cell = cell
        self.places = {place.low: place for place in places if place.low == place.high}
        ar = self.arithmetic = system.arithmetic
        self.centre = [ar.constant(x) for x in cell.centre]
        self.frame = matrix.from_rationals(ar, cell.frame)
        self.axes = matrix.transpose(self.frame)
        self.tangent, self.normals = self.axes[0], [row[1:] for row in self.frame]
        self.bend = [ar.constant(x) for x in cell.bend]
        self.bent = matrix.apply(ar, self.normals, self.bend)
        self.preconditioner = matrix.from_rationals(ar, cell.preconditioner)
        self.span = ar.interval(*cell.span)
        self.box = [ar.interval(-r, r) for r in cell.radius]
        self.sections: dict[Fraction, Vector] = {}

    def at(self, s: Ball, w: Vector) -> Vector:
        """``z(s, w)``."""
        square = self.arithmetic.power(s, 2)
        across = [q * square + v for q, v in zip(self.bend, w, strict=True)]
        sideways = matrix.apply(self.arithmetic, self.normals, across)
        return [m + s * t + v for m, t, v in zip(self.centre, self.tangent, sideways, strict=True)]

    def slope(self, s: Ball) -> Vector:
        """``b'(s) = T + 2 s N q``, of the axis ``b(s) = z(s, 0)``."""
        double = s + s
        return [t + double * b for t, b in zip(self.tangent, self.bent, strict=True)]

    @abstractmethod
    def image(self, w: Vector) -> Vector | None:
        """Return ``K`` over the whole span for the box `w` around 0; None where it is indeterminate."""

    def proved(self) -> bool:
        """Tell whether the cell certainly holds exactly one arc, with ``G`` defined on all of it."""
        ar, low, high = self.arithmetic, *self.cell.span
        if not low < 0 < high:
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
        """Return an enclosure of the point of the arc at one ``s`` of the span; a tight one if its place is known."""
        if s not in self.sections:
            exact = self.arithmetic.constant(s)
            w = self.passed(self.places[s]) if s in self.places else None
            self.sections[s] = arc_box(self, s, s, self.box, NARROWINGS)[2] if w is None else self.at(exact, w)
        return self.sections[s]

    def passed(self, tube: Tube) -> Vector | None:
        """Return a box that contains ``w(s)`` for all ``s`` of a tube; None unless Krawczyk's test shows that.

        The test gives each ``s`` a solution in the tube, and only one solution is in the cell.
        """
        ar, sides = self.arithmetic, [(c - r, c + r) for c, r in zip(tube.centre, tube.radius, strict=True)]
        if any(r < max(-low, high) for (low, high), r in zip(sides, self.cell.radius, strict=True)):
            return None
        image = self._krawczyk(ar.interval(tube.low, tube.high), [ar.interval(*side) for side in sides])
        if image is None or not ar.all_finite([image]):
            return None
        inside = (low < ar.lower(k) and ar.upper(k) < high for k, (low, high) in zip(image, sides, strict=True))
        return image if all(inside) else None

    def narrowed(self, s: Ball, w: Vector) -> Vector:
        """Return a box, inside `w`, that contains ``w(s)`` for all ``s`` of a part of the span if `w` does."""
        image = self._krawczyk(s, w)
        if image is None:
            return w
        return matrix.intersected(self.arithmetic, w, image)

    def _krawczyk(self, s: Ball, w: Vector) -> Vector | None:
        """Apply Krawczyk's operator for all ``s`` of a part of the span to the box `w`, about its middle ``v``.

        With ``t`` the middle of the part, by the mean value theorem on the segment from ``(t, v)`` to ``(s, w)``,
        ``C G(z(s, w))`` is in ``C G(z(t, v)) + C DG(Z) ((s - t) b' + N (w - v))``.
        """
        ar = self.arithmetic
        jacobian = self.system.jacobian(self.at(s, w))
        if not ar.all_finite(jacobian):
            return None
        t, v = ar.centre(s), [ar.centre(x) for x in w]
        c_jacobian = ar.matrix_product(self.preconditioner, jacobian)
        across = ar.matrix_product(c_jacobian, self.normals)
        error = matrix.subtract(matrix.identity(ar, self.system.dimension), across)
        value = matrix.apply(ar, self.preconditioner, self.system.value(self.at(t, v)))
        drift = matrix.apply(ar, c_jacobian, self.slope(s))
        spread = matrix.apply(ar, error, [x - y for x, y in zip(w, v, strict=True)])
        return [y + e - c - (s - t) * d for y, e, c, d in zip(v, spread, value, drift, strict=True)]

    def coordinates(self, z: Vector) -> tuple[Ball, Vector] | None:
        """Return ``(s, w)`` of the points `z`, or None."""
        ar, back = self.arithmetic, self.inverse_frame
        if back is None:
            return None
        y = matrix.apply(ar, back, [v - m for v, m in zip(z, self.centre, strict=True)])
        square = ar.power(y[0], 2)
        return y[0], [v - q * square for v, q in zip(y[1:], self.bend, strict=True)]

    @cached_property
    def ranges(self) -> list[tuple[Fraction, Fraction]]:
        """The ends of the span, and of ``w``."""
        return [self.cell.span, *((-r, r) for r in self.cell.radius)]

    def holds(self, z: Vector) -> bool:
        """Tell whether certainly all points `z` lie in the cell."""
        found = self.coordinates(z)
        if found is None:
            return False
        return all(self.arithmetic.within(v, *ends) for v, ends in zip([found[0], *found[1]], self.ranges, strict=True))

    def misses(self, z: Vector) -> bool:
        """Tell whether certainly no point of `z` lies in the cell."""
        found = self.coordinates(z)
        if found is None:
            return False
        return any(self._outside(v, *ends) for v, ends in zip([found[0], *found[1]], self.ranges, strict=True))

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
        moved = self.across(jacobian, [-v for v in matrix.apply(ar, jacobian, slope)])
        if moved is None:
            return None
        return [b + v for b, v in zip(slope, matrix.apply(ar, self.normals, moved), strict=True)]

    @cached_property
    def end(self) -> Joint | None:
        """The end of the arc, on its face ``s = s_1``; None if it is not enclosed."""
        s = self.cell.span[1]
        z = self.section(s)
        velocity = self.velocity(z, self.arithmetic.constant(s))
        return None if velocity is None else Joint(z, velocity)

    def entry(self, joint: Joint) -> tuple[Fraction, Fraction] | None:
        """Return an interval for the ``s`` at which a curve comes in at a joint, in the direction of the arc.

        None unless the joint certainly lies in the cell, before its end.
        """
        ar, where, back = self.arithmetic, self.coordinates(joint.z), self.inverse_frame
        if where is None or back is None or not self.holds(joint.z):
            return None
        if not ar.positive(ar.dot(back[0], joint.velocity)):  # ds/ds of this cell along the arc before
            return None
        low, high = ar.endpoints(where[0])
        return (low, high) if high < self.cell.span[1] else None

    def across(self, jacobian: Matrix, right: Vector) -> Vector | None:
        """Return an enclosure of ``(DG N)^-1 right``."""
        ar = self.arithmetic
        if not (ar.all_finite(jacobian) and ar.all_finite([right])):
            return None
        back = inverse(ar, ar.matrix_product(jacobian, self.normals))
        return None if back is None else matrix.apply(ar, back, right)


def arc_box(
    proof: CellProof[S], low: Fraction, high: Fraction, w: Vector, steps: int = 2
) -> tuple[Ball, Vector, Vector]:
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


def unrepeated(proofs: Sequence[CellProof[S]]) -> int:
    """Return how many cells there are before the first that may hold the first point of the first cell's arc again."""
    begin = proofs[0].section(proofs[0].cell.span[0])
    return next((i for i, proof in enumerate(proofs) if i > 0 and not proof.misses(begin)), len(proofs))
