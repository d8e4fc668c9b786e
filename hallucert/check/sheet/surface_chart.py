"""A chart: a region of ``z = (x, c, lambda)`` proved to hold exactly one patch of a surface of solutions.

``z(s, w) = m + T s + N w`` with ``s`` in the square ``|s_1|, |s_2| <= h`` and ``|w_i| <= r_i``; ``[T, N]`` is a
nonsingular matrix, the *frame*, with two columns in ``T``. With a preconditioner ``C ~ (DE(m) N)^-1`` Krawczyk's test
for ``w -> E(z(s, w))``, for all ``s`` of the square at once,

    K = -C E(z(S, 0)) + (I - C [DE(Z) N]) W    in the interior of W

proves that every ``s`` has exactly one ``w(s)`` in W with ``E(z(s, w(s))) = 0``, and that ``DE N`` is nonsingular on
the chart. So the zeros in the chart are the graph of an analytic function on the square: one *patch*. Both terms are
mean-value forms with second derivatives, preconditioned before they are widened.

*A part* of a patch, its points over a rectangle, is expanded about the middle ``(t, v)``, where
``(s, w) = (t, v) + y``, from one evaluation of ``E`` and of ``DE``. With the chart's ``B_a = C D^2E(Z) F_a``

    K = v - C E - C DE T y_s - C D^2E(Z)[T y_s, T y_s]/2 + R y_w,    R = I - C DE N - sum_a y_a B_a N

is Krawczyk's operator. Every ``w(s)`` in the box lies in ``K``, so the box may be narrowed to it. With ``y_s = 0`` the
same line encloses ``w(t)``. A first box comes from the expansion of the whole chart, for the ``s`` of the rectangle,
which costs no evaluation.

*Velocities.* ``z_k = T_k + N w_k`` with ``M w_k = -b_k``, where ``M = C DE N`` and ``b_k = C DE T_k`` at ``z(s, w(s))``
lie in ``C DE(z(t, v)) F + sum_a y_a B_a``. Let ``D = M - I``, and ``r`` the radii of the chart. Where
``sum_j |D_ij| r_j < r_i`` for all ``i``, which Krawczyk's test has shown on the whole chart up to roundings, ``M`` is
nonsingular; and where ``|w_k|_i/r_i`` has its largest value ``beta``,

    beta r_i = |b_k + D w_k|_i <= |b_k|_i + beta sum_j |D_ij| r_j,

so ``beta`` is at most the largest ``|b_k|_i / (r_i - sum_j |D_ij| r_j)``. Inserting ``|w_k|_i <= beta r_i`` in
``w_k = -b_k - D w_k`` makes it sharper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, Matrix
from hallucert.balls.matrix import inverse
from hallucert.check.cell import Vector
from hallucert.check.sheet.surface_system import FOURTH, PatchPoint, SurfaceSystem, pairs
from hallucert.check.subdivision import Box

Rationals = tuple[Fraction, ...]

SIDES = 2
"""Dimension of a surface."""

MARGIN = 1 + Fraction(1, 1024)
"""Second derivatives are enclosed on a region larger than the chart by this factor."""

NARROWED = 2
"""How often the box of a part is narrowed by the expansion of the whole chart."""

SHARPENED = 2
"""How often ``w_k = -b_k - D w_k`` is used to make bounds of ``w_k`` sharper."""


@dataclass(frozen=True)
class Chart:
    """The exact data of a chart: ``m``, ``[T, N]``, ``h``, ``r`` and ``C``, with ``2d + 1`` unknowns."""

    centre: Rationals
    frame: tuple[Rationals, ...]
    half_width: Fraction
    radius: Rationals
    preconditioner: tuple[Rationals, ...]

    @property
    def square(self) -> Box:
        """All of the parameters."""
        return [(-self.half_width, self.half_width)] * SIDES


class ChartProof:
    """A chart in an arithmetic: the test, and enclosures of the patch in it."""

    def __init__(self, system: SurfaceSystem, chart: Chart) -> None:
        ar = self.arithmetic = system.arithmetic
        self.system, self.chart = system, chart
        self.centre = [ar.constant(v) for v in chart.centre]
        self.frame = matrix.from_rationals(ar, chart.frame)
        self.tangents, self.normals = ([row[:SIDES] for row in self.frame], [row[SIDES:] for row in self.frame])
        self.preconditioner = matrix.from_rationals(ar, chart.preconditioner)
        self.radius = [ar.constant(r) for r in chart.radius]
        self.box = [ar.interval(-r, r) for r in chart.radius]

    def at(self, s: Vector, w: Vector) -> Vector:
        """``z(s, w)``."""
        return [m + v for m, v in zip(self.centre, matrix.apply(self.arithmetic, self.frame, [*s, *w]), strict=True)]

    # ------------------------------------------------------------------ the test

    @cached_property
    def bend(self) -> list[Matrix] | None:
        """``C D^2E(Z)[F_a, F_b]``: for each row of C a matrix; None where it is indeterminate.

        Z is a little larger than the chart, so that it holds every ball for a part of it. With few variables it is a
        mean-value form, ``C D^2E(m) + sum_c y_c C D^3E(Z)[., ., F_c]``: the box of x is larger than the chart if that
        lies askew.
        """
        ar, system, h = self.arithmetic, self.system, self.chart.half_width
        larger = [ar.interval(-r * MARGIN, r * MARGIN) for r in (h, h, *self.chart.radius)]
        z, places = self.at(larger[:SIDES], larger[SIDES:]), pairs(len(larger))
        mean = system.dimension <= FOURTH
        second = system.second(self.centre if mean else z, self.frame)
        if not all(ar.all_finite(rows) for rows in second):
            return None
        flat = ar.matrix_product(self.preconditioner, [[rows[a][b] for a, b in places] for rows in second])
        if mean:
            changes = self._changes(z, larger)
            if not ar.all_finite(changes):
                return None
            flat = matrix.add(flat, changes)
        result = []
        for row in flat:
            entries = dict(zip(places, row, strict=True))
            size = range(len(larger))
            result.append([[entries[max(a, b), min(a, b)] for b in size] for a in size])
        return result

    def _changes(self, z: Vector, y: Vector) -> Matrix:
        """``sum_c y_c C D^3E(z)[F_a, F_b, F_c]``: for each row of C its `pairs`."""
        ar, d, (in_x, in_c, _) = self.arithmetic, self.system.dimension, self.system.split(self.frame)
        parts: list[Matrix] = []
        columns = [row[:d] for row in self.preconditioner], [row[d + 1 :] for row in self.preconditioner]
        for c, forms, frame in zip(columns, self.system.third_pairs(z, self.frame), (in_x, in_c), strict=True):
            rows = ar.matrix_product(c, forms)
            last = [row[i : i + d] for row in rows for i in range(0, len(row), d)]
            change = matrix.apply(ar, ar.matrix_product(last, frame), y)
            size = len(change) // len(rows)
            parts.append([change[i : i + size] for i in range(0, len(change), size)])
        return matrix.add(*parts)

    @cached_property
    def bend_rows(self) -> Matrix:
        """All rows of the matrices of `bend`, one below the other."""
        return [row for rows in self.bend or () for row in rows]

    @cached_property
    def curvatures(self) -> Matrix:
        """``C D^2E(Z)[T_a, T_b]`` for ``(a, b) = (1, 1), (2, 2), (1, 2)``."""
        return [[rows[0][0], rows[1][1], rows[0][1]] for rows in self.bend or ()]

    @cached_property
    def whole(self) -> Part:
        """All of the patch, with the box as it is."""
        return Part(self, self.chart.square, self.box)

    @cached_property
    def image(self) -> Vector | None:
        """Krawczyk's ``K`` for the whole chart; None where it is indeterminate."""
        if self.bend is None:
            return None
        image = self.whole.image()
        return image if self.arithmetic.all_finite([image]) else None

    def proved(self) -> bool:
        """Tell whether the chart certainly holds exactly one patch, of hallucinated minimizers."""
        ar, chart = self.arithmetic, self.chart
        if chart.half_width <= 0 or self.image is None:
            return False
        inside = all(-r < ar.lower(k) and ar.upper(k) < r for k, r in zip(self.image, chart.radius, strict=True))
        square = [ar.interval(*ends) for ends in chart.square]
        return inside and self.system.defined(self.at(square, self.box)) and self.inverse_frame is not None

    @cached_property
    def inverse_frame(self) -> Matrix | None:
        """An enclosure of the inverse of the frame, None if it may be singular."""
        return inverse(self.arithmetic, self.frame)

    # ------------------------------------------------------------------ the patch, once the chart is proved

    def part(self, rectangle: Box) -> Part:
        """Return the part of the patch over a rectangle, in a box that costs no evaluation; see `Part.narrow`."""
        ar, box = self.arithmetic, self.box
        s = [ar.interval(*ends) for ends in rectangle]
        for _ in range(NARROWED):
            box = matrix.intersected(ar, box, self.whole.image_of(s, box))
        return Part(self, rectangle, box)

    def holds(self, part: Part, rectangle: Box | None = None) -> bool:
        """Tell whether certainly a part of the patch of another chart lies in this one, off its edges.

        With a `rectangle`, off the edges of the part of this chart over it.
        """
        ar, seen = self.arithmetic, _seen(self, part.proof)
        if seen is None:
            return False
        between, turned = seen
        y = [a + b for a, b in zip(between, matrix.apply(ar, turned, [*part.s, *part.w]), strict=True)]
        ends = [*(rectangle or self.chart.square), *((-r, r) for r in self.chart.radius)]
        return all(
            ar.positive(v - ar.constant(low)) and ar.negative(v - ar.constant(high))
            for v, (low, high) in zip(y, ends, strict=True)
        )


@lru_cache(maxsize=64)
def _seen(owner: ChartProof, other: ChartProof) -> tuple[Vector, Matrix] | None:
    """Return the centre and the frame of another chart in the coordinates ``(s, w)`` of the first."""
    ar, back = owner.arithmetic, owner.inverse_frame
    if back is None:
        return None
    between = matrix.apply(ar, back, [a - b for a, b in zip(other.centre, owner.centre, strict=True)])
    return between, ar.matrix_product(back, other.frame)


class Part:
    """The points of a chart over a rectangle with ``w`` in a box, and of the patch among them.

    What is said of the patch is said of the ``w(s)`` in the box. The chart's second derivatives (`ChartProof.bend`)
    must be finite. `s` is the rectangle in two balls; `w` a box that contains every ``w(s)`` of the given one.
    """

    def __init__(self, proof: ChartProof, rectangle: Box, box: Vector) -> None:
        ar = self.arithmetic = proof.arithmetic
        self.proof, self.w, self._narrowed = proof, box, False
        self.s = [ar.interval(*ends) for ends in rectangle]
        self.t, self.v = [ar.centre(side) for side in self.s], [ar.centre(side) for side in box]
        self.offsets, self._thickness = _minus(self.s, self.t), _minus(box, self.v)

    # ------------------------------------------------------------------ Krawczyk's operator

    def image(self) -> Vector:
        """``K`` for the box as it is now; indeterminate where something is."""
        return self.image_of(self.s, self.w)

    def image_of(self, s: Vector, w: Vector) -> Vector:
        """``K`` for some of the points, by the expansion about the middle of all of them."""
        ar, (first, second) = self.arithmetic, _minus(s, self.t)
        half = ar.constant(Fraction(1, 2))
        terms = [first, second, half * ar.power(first, 2), half * ar.power(second, 2), first * second]
        rows = [
            [*row[:SIDES], *curved, *off]
            for row, curved, off in zip(self._slope, self.proof.curvatures, self._deviation, strict=True)
        ]
        return _minus(self._newton, matrix.apply(ar, rows, [*terms, *_minus(w, self.v)]))

    def narrow(self) -> Part:
        """Narrow the box to ``K``, once."""
        if not self._narrowed:
            self.w, self._narrowed = matrix.intersected(self.arithmetic, self.w, self.image()), True
        return self

    @cached_property
    def _middle(self) -> Vector:
        """``z(t, v)``."""
        return self.proof.at(self.t, self.v)

    @cached_property
    def _newton(self) -> Vector:
        """``v - C E``."""
        proof = self.proof
        return _minus(self.v, matrix.apply(self.arithmetic, proof.preconditioner, proof.system.value(self._middle)))

    @cached_property
    def _slope(self) -> Matrix:
        """``C DE F`` in the middle."""
        ar, proof = self.arithmetic, self.proof
        jacobian = proof.system.jacobian(self._middle)
        return ar.matrix_product(proof.preconditioner, ar.matrix_product(jacobian, proof.frame))

    @cached_property
    def _slopes(self) -> Matrix:
        """``C DE F`` at all points of the part."""
        ar, size = self.arithmetic, len(self.proof.frame)
        turned = matrix.apply(ar, self.proof.bend_rows, [*self.offsets, *self._thickness])
        return matrix.add(self._slope, [turned[i : i + size] for i in range(0, len(turned), size)])

    @cached_property
    def _deviation(self) -> Matrix:
        """``C DE N - I``, which is ``-R``."""
        rows, one = [row[SIDES:] for row in self._slopes], self.arithmetic.constant(Fraction(1))
        for i, row in enumerate(rows):
            row[i] = row[i] - one
        return rows

    # ------------------------------------------------------------------ the patch, once the chart is proved

    def z(self) -> Vector:
        """All points of the part."""
        return self.proof.at(self.s, self.w)

    @cached_property
    def velocities(self) -> list[Vector] | None:
        """``z_1`` and ``z_2``, the derivatives by ``s_1`` and ``s_2``; None if ``M`` may be singular."""
        ar, proof, deviation = self.arithmetic, self.proof, self._deviation
        right = [row[:SIDES] for row in self._slopes]
        # D times the box [-r, r] reaches from -sum_j |D_ij| r_j to the sum: where that is r_i or more 0 is in the room,
        # and a quotient by it is not finite.
        room = _minus(proof.radius, matrix.apply(ar, deviation, proof.box))
        sizes = [[b / v] for row, v in zip(right, room, strict=True) for b in row]
        if not ar.all_finite(sizes):
            return None
        beta = ar.constant(ar.largest_absolute_sum(sizes))
        across = [[beta * side] * SIDES for side in proof.box]
        for _ in range(SHARPENED):
            across = [[-v for v in row] for row in matrix.add(right, ar.matrix_product(deviation, across))]
        return matrix.transpose(matrix.add(proof.tangents, ar.matrix_product(proof.normals, across)))

    def point(self) -> PatchPoint | None:
        """The SAM map on the part of the patch; None if the part is too large."""
        if self.velocities is None:
            return None
        middle = self.proof.at(self.t, self.image_of(self.t, self.w))
        return PatchPoint(self.proof.system, self.z(), middle, self.velocities, self.offsets)


def _minus(a: Sequence[Ball], b: Sequence[Ball]) -> Vector:
    """``a - b``."""
    return [x - y for x, y in zip(a, b, strict=True)]
