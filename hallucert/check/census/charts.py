"""The sphere of a target in charts: where the hallucinated points of one target are solutions of smooth equations.

For a target c and ``g(x) != 0`` these are equivalent: ``x+ = c``, and ``g(x) = lambda (c - x)`` with ``lambda > 0``,
``|x - c| = rho``. So the hallucinated points of c are the points of a sphere where g is normal to it and points
inward. The sphere is covered by ``2 d`` *charts*, the faces of a cube. On the face of coordinate i and sign s, 1 or -1,
coordinates are taken in the order of the chart, i first, and numbered from 0:

    x = c + s rho n,    n = v/|v|,    v = (1, y_1, .., y_{d-1}),    -1 <= y_j <= 1,
    G_j = g_j - y_j g_0 = 0 for j > 0         (g is parallel to v),
    s g_0 < 0                                 (and points inward; g_0 |v|^2 = g . v where G = 0).

These are ``d - 1`` smooth equations in as many unknowns, also where g = 0. With ``dn/dy_k = (e_k - n n_k)/|v|`` and
``B_jl = H_jl - y_j H_0l``:

    dG_j/dy_k = s rho/|v| (B_jk - (B n)_j n_k) - g_0 [j = k].

The formulas are written once, for single balls and for lanes of boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Protocol, TypeVar

from hallucert.balls.facade import Ball, BallArithmetic, sum_of_products
from hallucert.check.claim import Enclosure
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.objectives.tape import Arithmetic

T = TypeVar("T")


class Local(Protocol):
    """A square system on a box of balls, and the points x that it is about."""

    x: list[Ball]

    @property
    def equations(self) -> list[Ball]:
        """``G``."""
        ...

    @property
    def jacobian(self) -> list[list[Ball]]:
        """``DG``."""
        ...


class Gradient:
    """The gradient of `f` and its Hessian on balls x: the system of the critical points."""

    def __init__(self, arithmetic: BallArithmetic, f: Objective, x: list[Ball]) -> None:
        self.arithmetic, self.f, self.x = arithmetic, f, x

    @cached_property
    def equations(self) -> list[Ball]:
        """``g``."""
        return self.f.enclose_gradient(self.arithmetic, self.x)

    @cached_property
    def jacobian(self) -> list[list[Ball]]:
        """``H``."""
        return self.f.enclose_hessian(self.arithmetic, self.x)


class Chart(Protocol):
    """A face of the cube, or one for each lane: coordinates in its order and back, and its sign."""

    def signed(self, value: Ball) -> Ball:
        """Return s times a value, exactly."""
        ...

    def to_chart(self, values: Sequence[Ball]) -> list[Ball]:
        """Return one value for each coordinate in the order of the chart."""
        ...

    def from_chart(self, values: Sequence[Ball]) -> list[Ball]:
        """Return them in their own order."""
        ...

    def matrix_to_chart(self, rows: Sequence[Sequence[Ball]]) -> list[list[Ball]]:
        """Return a matrix with rows and columns in the order of the chart."""
        ...


@dataclass(frozen=True)
class Face:
    """The chart in whose middle ``v`` is the coordinate vector of `axis` and its sign."""

    axis: int
    sign: int

    def signed(self, value: Ball) -> Ball:
        """Return s times a value, exactly."""
        return value if self.sign > 0 else -value

    def to_chart(self, values: Sequence[T]) -> list[T]:
        """Return one value for each coordinate in the order of the chart."""
        return [values[self.axis], *values[: self.axis], *values[self.axis + 1 :]]

    def from_chart(self, values: Sequence[T]) -> list[T]:
        """Return them in their own order."""
        return [*values[1 : self.axis + 1], values[0], *values[self.axis + 1 :]]

    def matrix_to_chart(self, rows: Sequence[Sequence[T]]) -> list[list[T]]:
        """Return a matrix with rows and columns in the order of the chart."""
        return [self.to_chart(row) for row in self.to_chart(rows)]

    def of(self, x: Sequence[Ball], centre: Sequence[Ball]) -> list[Ball]:
        """Return y where x lies over the chart, whatever its distance from the centre."""
        first, *others = self.to_chart([side - c for side, c in zip(x, centre, strict=True)])
        return [side / first for side in others]

    def faces(self, ar: BallArithmetic, x: Sequence[Ball], centre: Sequence[Ball]) -> bool:
        """Tell whether a point certainly lies on the side of the centre where the chart is."""
        return ar.positive(self.signed(x[self.axis] - centre[self.axis]))

    def holds(self, ar: BallArithmetic, x: Sequence[Ball], centre: Sequence[Ball], box: Sequence[Enclosure]) -> bool:
        """Tell whether a point certainly lies over a box of the chart, on its side of the centre."""
        return self.faces(ar, x, centre) and all(
            ar.within(y, side.lower, side.upper) for y, side in zip(self.of(x, centre), box, strict=True)
        )


def charts(dimension: int) -> list[Face]:
    """Return all faces."""
    return [Face(axis, sign) for axis in range(dimension) for sign in (1, -1)]


class ChartPoint:
    """Everything about ``x = c + s rho n`` on one chart, enclosed in balls or in lanes.

    `radius`, `centre` and `y` are ``rho``, the d coordinates of c, and the d - 1 unknowns.
    """

    def __init__(
        self, arithmetic: Arithmetic[Ball], f: Objective, radius: Ball, centre: Sequence[Ball], chart: Chart,
        y: Sequence[Ball],
    ) -> None:  # fmt: skip
        self.arithmetic, self.f, self.chart, self.y = arithmetic, f, chart, list(y)
        total = arithmetic.constant(Fraction(1))
        for value in self.y:
            total = total + arithmetic.power(value, 2)
        scale = arithmetic.constant(Fraction(1)) / arithmetic.sqrt(total)
        self.normal = [scale, *(value * scale for value in self.y)]
        steps = [chart.signed(radius * n) for n in self.normal]
        self.x = [c + step for c, step in zip(centre, chart.from_chart(steps), strict=True)]
        self.factor = steps[0]  # s rho/|v|

    @cached_property
    def gradient(self) -> list[Ball]:
        """``g(x)``, in the order of the chart."""
        return self.chart.to_chart(self.f.enclose_gradient(self.arithmetic, self.x))

    @cached_property
    def outward(self) -> Ball:
        """``s g_0``: negative where g is normal to the sphere and points inward."""
        return self.chart.signed(self.gradient[0])

    @cached_property
    def radial(self) -> Ball:
        """``s g . v``: negative at hallucinated points."""
        total = self.gradient[0]
        for g, y in zip(self.gradient[1:], self.y, strict=True):
            total = total + g * y
        return self.chart.signed(total)

    @cached_property
    def equations(self) -> list[Ball]:
        """G."""
        first, *others = self.gradient
        return [g - y * first for g, y in zip(others, self.y, strict=True)]

    @cached_property
    def jacobian(self) -> list[list[Ball]]:
        """DG."""
        rows = self.chart.matrix_to_chart(self.f.enclose_hessian(self.arithmetic, self.x))
        result = []
        for j, y in enumerate(self.y, start=1):
            b = [h - y * first for h, first in zip(rows[j], rows[0], strict=True)]
            along = sum_of_products(b, self.normal)
            row = [self.factor * (b[k] - along * self.normal[k]) for k in range(1, len(b))]
            row[j - 1] = row[j - 1] - self.gradient[0]
            result.append(row)
        return result


def is_undefined(ar: BallArithmetic, f: Objective, box: Sequence[Ball]) -> bool:
    """Tell whether `f` is certainly undefined, or not analytic, at every point of a box of balls.

    That is so if some operation of its formula gets an argument that certainly is outside of its domain
    (`hallucert.objectives.tape`).
    """
    if not isinstance(f, FormulaObjective):
        return False
    checked = {}  # node number of an argument: whether it must be positive (True), or only not be 0 (False)
    for node in f.tape.nodes:
        if node.op in ("log", "sqrt", "rpow"):
            checked[node.a] = True
        elif node.op == "div" or (node.op == "pow" and node.b < 0):
            number = node.b if node.op == "div" else node.a
            checked[number] = checked.get(number, False)
    values = f.tape.evaluate(ar, box, list(checked))
    return any(
        ar.is_finite(value) and (ar.upper(value) <= 0 if positive else ar.magnitude(value) == 0)
        for value, positive in zip(values, checked.values(), strict=True)
    )
