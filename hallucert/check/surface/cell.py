"""A chart: a region of ``z = (x, c, lambda)`` proved to hold exactly one patch of a surface of solutions.

``z(s, w) = m + T s + N w`` with ``s`` in the square ``|s_1|, |s_2| <= h`` and ``|w_i| <= r_i``; ``[T, N]`` is a
nonsingular matrix, the *frame*, with two columns in ``T``. With a preconditioner ``C ~ (DE(m) N)^-1`` Krawczyk's test
for ``w -> E(z(s, w))``, for all ``s`` of the square at once,

    K = -C E(z(S, 0)) + (I - C [DE(Z) N]) W    in the interior of W

proves that every ``s`` has exactly one ``w(s)`` in W with ``E(z(s, w(s))) = 0``, and that ``DE N`` is nonsingular on
the chart. So the zeros in the chart are the graph of an analytic function on the square: one *patch*. Both terms are
mean-value forms with second derivatives, preconditioned before they are widened (`surface_part`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

from hallucert.balls import matrix
from hallucert.balls.facade import Matrix
from hallucert.balls.matrix import inverse
from hallucert.check.cell import Vector
from hallucert.check.surface.part import SIDES, Part, Rectangle
from hallucert.check.surface.system import FOURTH, SurfaceSystem

Rationals = tuple[Fraction, ...]

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
        z, size = self.at(larger[:SIDES], larger[SIDES:]), len(larger)
        mean = system.dimension <= FOURTH
        second = system.second(self.centre if mean else z, self.frame)
        if not all(ar.all_finite(rows) for rows in second):
            return None
        flat = ar.matrix_product(self.preconditioner, [[v for row in rows for v in row] for rows in second])
        if mean:
            third = ar.matrix_product(self.preconditioner, system.third_along(z, self.frame))
            if not ar.all_finite(third):
                return None
            changes = [matrix.apply(ar, [row[i : i + size] for i in range(0, len(row), size)], larger) for row in third]
            flat = matrix.add(flat, changes)
        return [[row[i : i + size] for i in range(0, len(row), size)] for row in flat]

    @cached_property
    def bend_rows(self) -> Matrix:
        """All rows of the matrices of `bend`, one below the other."""
        return [row for rows in self.bend or () for row in rows]

    @cached_property
    def curvatures(self) -> Matrix:
        """``C D^2E(Z)[T_a, T_b]`` for ``(a, b) = (1, 1), (2, 2), (1, 2)``."""
        return [[rows[0][0], rows[1][1], rows[0][1]] for rows in self.bend or ()]

    @cached_property
    def image(self) -> Vector | None:
        """Krawczyk's ``K`` for the whole chart; None where it is indeterminate."""
        if self.bend is None:
            return None
        image = Part(self, self.chart.square, self.box).image()
        return image if self.arithmetic.all_finite([image]) else None

    def proved(self) -> bool:
        """Tell whether the chart certainly holds exactly one patch, of hallucinated minimizers."""
        ar, chart = self.arithmetic, self.chart
        if not (chart.half_width > 0 and all(r > 0 for r in chart.radius)) or self.image is None:
            return False
        inside = all(-r < ar.lower(k) and ar.upper(k) < r for k, r in zip(self.image, chart.radius, strict=True))
        square = [ar.interval(*ends) for ends in chart.square]
        return inside and self.system.defined(self.at(square, self.box)) and self.inverse_frame is not None

    @cached_property
    def inverse_frame(self) -> Matrix | None:
        """An enclosure of the inverse of the frame, None if it may be singular."""
        return inverse(self.arithmetic, self.frame)

    # ------------------------------------------------------------------ the patch, once the chart is proved

    def part(self, rectangle: Rectangle, box: Vector) -> Part:
        """Return the part of the patch over a rectangle, for a box that contains its ``w(s)``, which is narrowed."""
        return Part(self, rectangle, box).narrow()

    def holds(self, part: Part, rectangle: Rectangle | None = None) -> bool:
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
