"""A chart: a region of ``z = (x, c, lambda)`` proved to hold exactly one patch of a surface of solutions.

``z(s, w) = m + T s + N w`` with ``s`` in the square ``|s_1|, |s_2| <= h`` and ``|w_i| <= r_i``; ``[T, N]`` is a
nonsingular matrix, the *frame*, with two columns in ``T``. With a preconditioner ``C ~ (DE(m) N)^-1`` Krawczyk's test
for ``w -> E(z(s, w))``, for all ``s`` of the square at once,

    K = -C E(z(S, 0)) + (I - C [DE(Z) N]) W    in the interior of W

proves that every ``s`` has exactly one ``w(s)`` in W with ``E(z(s, w(s))) = 0``, and that ``DE N`` is nonsingular on
the chart. So the zeros in the chart are the graph of an analytic function on the square: one *patch*. Both terms are
mean-value forms with second derivatives, preconditioned before they are widened (`ChartProof.image`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from hallucert.balls import matrix
from hallucert.balls.inverse import inverse
from hallucert.prove.branch_system import Ball, Matrix, Vector
from hallucert.prove.surface_point import PatchPoint
from hallucert.prove.surface_system import SurfaceSystem

Rationals = tuple[Fraction, ...]
Rectangle = tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]

SIDES = 2
"""Dimension of a surface."""

MARGIN = 1 + Fraction(1, 1024)
"""Second derivatives are enclosed on a region larger than the chart by this factor."""


@dataclass(frozen=True)
class Chart:
    """The exact data of a chart.

    Attributes
    ----------
    centre : 2d + 1 rationals
        ``m``.
    frame : 2d + 1 rows of 2d + 1 rationals
        ``[T, N]``.
    half_width : positive rational
        ``h``.
    radius : 2d - 1 positive rationals
        ``r``.
    preconditioner : 2d - 1 rows of 2d - 1 rationals
        ``C``.
    """

    centre: Rationals
    frame: tuple[Rationals, ...]
    half_width: Fraction
    radius: Rationals
    preconditioner: tuple[Rationals, ...]

    @property
    def square(self) -> Rectangle:
        """All of the parameters."""
        return ((-self.half_width, self.half_width),) * 2


class ChartProof:
    """A chart in an arithmetic: the test, and enclosures of the patch in it.

    Parameters
    ----------
    system : SurfaceSystem
        The equation.
    chart : Chart
        The data.
    """

    def __init__(self, system: SurfaceSystem, chart: Chart) -> None:
        ar = self.arithmetic = system.arithmetic
        self.system, self.chart = system, chart
        self.centre = [ar.constant(v) for v in chart.centre]
        self.frame = matrix.from_rationals(ar, chart.frame)
        self.tangents, self.normals = ([row[:SIDES] for row in self.frame], [row[SIDES:] for row in self.frame])
        self.preconditioner = matrix.from_rationals(ar, chart.preconditioner)
        self.square = [ar.interval(*ends) for ends in chart.square]
        self.box = [ar.interval(-r, r) for r in chart.radius]

    def at(self, s: Vector, w: Vector) -> Vector:
        """``z(s, w)``."""
        return [m + v for m, v in zip(self.centre, matrix.apply(self.arithmetic, self.frame, [*s, *w]), strict=True)]

    # ------------------------------------------------------------------ the test

    @cached_property
    def bend(self) -> list[Matrix] | None:
        """``C D^2E(Z)[F_a, F_b]``: for each row of C a matrix; None where it is indeterminate.

        Z is a little larger than the chart, so that it holds every ball for a part of it.
        """
        ar, h = self.arithmetic, self.chart.half_width
        larger = [ar.interval(-r * MARGIN, r * MARGIN) for r in (h, h, *self.chart.radius)]
        second = self.system.second(self.at(larger[:SIDES], larger[SIDES:]), self.frame)
        if not all(ar.all_finite(rows) for rows in second):
            return None
        size = len(larger)
        flat = ar.matrix_product(self.preconditioner, [[v for row in rows for v in row] for rows in second])
        return [[row[a * size : (a + 1) * size] for a in range(size)] for row in flat]

    def image(self, s: Sequence[Ball], w: Sequence[Ball]) -> Vector | None:
        """Return ``K`` for a part of the square and a box of the chart; None where it is indeterminate.

        Everything is expanded about the middle ``(t, v)`` of the part, where ``(s, w) = (t, v) + y``:

            v - C E(z(t, v)) - C DE(z(t, v)) T y_s - C D^2E(Z)[T y_s, T y_s]/2
              + (I - C DE(z(t, v)) N - sum_a y_a C D^2E(Z)[F_a, N]) y_w
        """
        ar, bend = self.arithmetic, self.bend
        if bend is None:
            return None
        middle = [ar.centre(side) for side in (*s, *w)]
        y = [side - t for side, t in zip((*s, *w), middle, strict=True)]
        z = self.at(middle[:SIDES], middle[SIDES:])
        value = matrix.apply(ar, self.preconditioner, self.system.value(z))
        slope = ar.matrix_product(self.preconditioner, ar.matrix_product(self.system.jacobian(z), self.frame))
        one, half = ar.constant(Fraction(1)), ar.constant(Fraction(1, 2))
        first, second, mixed = half * ar.power(y[0], 2), half * ar.power(y[1], 2), y[0] * y[1]
        result = []
        for i, (row, curved) in enumerate(zip(slope, bend, strict=True)):
            total = middle[SIDES + i] - value[i] - y[0] * row[0] - y[1] * row[1]
            total = total - first * curved[0][0] - second * curved[1][1] - mixed * curved[0][1]
            turned = matrix.apply(ar, matrix.transpose(curved)[SIDES:], y)
            error = [-a - b for a, b in zip(row[SIDES:], turned, strict=True)]
            error[i] = error[i] + one
            result.append(total + ar.dot(error, y[SIDES:]))
        return result

    def proved(self) -> bool:
        """Tell whether the chart certainly holds exactly one patch, of hallucinated minimizers."""
        ar, chart = self.arithmetic, self.chart
        if not (chart.half_width > 0 and all(r > 0 for r in chart.radius)):
            return False
        image = self.image(self.square, self.box)
        if image is None or not ar.all_finite([image]):
            return False
        inside = all(-r < ar.lower(k) and ar.upper(k) < r for k, r in zip(image, chart.radius, strict=True))
        return inside and self.system.defined(self.at(self.square, self.box)) and self.inverse_frame is not None

    @cached_property
    def inverse_frame(self) -> Matrix | None:
        """An enclosure of the inverse of the frame, None if it may be singular."""
        return inverse(self.arithmetic, self.frame)

    # ------------------------------------------------------------------ the patch, once the chart is proved

    def part(self, rectangle: Rectangle, w: Vector, steps: int = 2) -> Vector:
        """Return a box, inside `w`, that contains ``w(s)`` for all ``s`` of a part of the square.

        Krawczyk's operator is applied at most `steps` times, as long as that halves the box.
        """
        ar, s = self.arithmetic, [self.arithmetic.interval(*ends) for ends in rectangle]
        for _ in range(steps):
            image = self.image(s, w)
            if image is None:
                break
            common = [ar.intersection(old, new) for old, new in zip(w, image, strict=True)]
            narrow = [old if new is None else new for old, new in zip(w, common, strict=True)]
            before, after = (max(ar.approximate(ar.radius(x)) for x in box) for box in (w, narrow))
            w = narrow
            if 2 * after > before:
                break
        return w

    def patch(self, rectangle: Rectangle, w: Vector) -> Vector:
        """``z(s, w)`` for a part of the square."""
        return self.at([self.arithmetic.interval(*ends) for ends in rectangle], w)

    def velocities(self, rectangle: Rectangle, w: Vector) -> list[Vector] | None:
        """Return ``z_1`` and ``z_2``, the derivatives by ``s_1`` and ``s_2``, on a part of the patch.

        ``z' = T + N w'`` with ``C DE N w' = -C DE T``. None if ``C DE N`` may be singular.
        """
        ar, bend = self.arithmetic, self.bend
        if bend is None:
            return None
        slope = self._slope([*(ar.interval(*ends) for ends in rectangle), *w], bend)
        across = inverse(ar, [row[SIDES:] for row in slope])
        if across is None:
            return None
        derivative = ar.matrix_product(across, [row[:SIDES] for row in slope])
        return matrix.transpose(matrix.subtract(self.tangents, ar.matrix_product(self.normals, derivative)))

    def _slope(self, y: Vector, bend: list[Matrix]) -> Matrix:
        """``C DE(z) [T, N]`` for ``y = (s, w)``, by the mean value theorem about the middle of `y`."""
        ar, middle = self.arithmetic, [self.arithmetic.centre(v) for v in y]
        jacobian = self.system.jacobian(self.at(middle[:SIDES], middle[SIDES:]))
        slope = ar.matrix_product(self.preconditioner, ar.matrix_product(jacobian, self.frame))
        offsets = [v - t for v, t in zip(y, middle, strict=True)]
        return [
            [a + b for a, b in zip(row, matrix.apply(ar, curved, offsets), strict=True)]
            for row, curved in zip(slope, bend, strict=True)
        ]

    def point(self, rectangle: Rectangle, w: Vector) -> PatchPoint | None:
        """The SAM map on a part of the patch, for a box that contains ``w(s)`` on it; None if it is too large."""
        ar, velocities = self.arithmetic, self.velocities(rectangle, w)
        if velocities is None:
            return None
        s = [ar.interval(*ends) for ends in rectangle]
        t = [(low + high) / 2 for low, high in rectangle]
        thin: Rectangle = ((t[0], t[0]), (t[1], t[1]))
        middle = self.patch(thin, self.part(thin, w))
        offsets = [side - ar.constant(v) for side, v in zip(s, t, strict=True)]
        return PatchPoint(self.system, self.at(s, w), middle, velocities, offsets)

    def holds(self, other: ChartProof, s: Vector, w: Vector, rectangle: Rectangle | None = None) -> bool:
        """Tell whether certainly all points ``z(s, w)`` of another chart lie in this one, off its edges.

        With a `rectangle`, off the edges of the part of this chart over it.
        """
        ar, back = self.arithmetic, self.inverse_frame
        if back is None:
            return False
        between = matrix.apply(ar, back, [a - b for a, b in zip(other.centre, self.centre, strict=True)])
        turned = matrix.apply(ar, ar.matrix_product(back, other.frame), [*s, *w])
        ends = [*(rectangle or self.chart.square), *((-r, r) for r in self.chart.radius)]
        y = [a + b for a, b in zip(between, turned, strict=True)]
        inside = (low < ar.lower(v) and ar.upper(v) < high for v, (low, high) in zip(y, ends, strict=True))
        return ar.all_finite([y]) and all(inside)
