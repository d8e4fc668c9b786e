"""Curves of solutions of `G(z) = 0`, one equation fewer than unknowns, held by a chain of cells.

A cell is the region `z = m + s T + N (s**2 q + w)` with `s` in an interval and `|w_i| <= r_i`, where `[T, N]`
is a nonsingular matrix. Krawczyk's test in `w`, for all `s` at once, shows that every `s` has exactly one
`w(s)` with `G = 0`, and that `DG N` is nonsingular: the solutions in the cell are one arc. Along it `z' = T +
N (2 s q + w')`, where `DG z' = 0`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import cached_property
from typing import Any

from ..arithmetic.interval import HALF, ONE, TWO, ZERO, Interval, OutOfTime, Undefined, ball, dot, exact, hull
from ..arithmetic.linear import Matrix, Vector, corrected
from ..files.reading import Reader, Refused, items, matrix, number, positive, vector
from ..functions.code import Code
from ..points.composed import tangents
from ..points.krawczyk import SHARPENINGS, defect
from ..points.rules import Claim, Numbers, Result, compare_numbers, result_of
from ..points.subdivisions import settled

MOST_PARTS = 5  # halvings of a range of s until a test holds on it


class Equation:
    """`G` as code, with derivatives along curves: first, second and third one in `s`, of `z(s)` with `z'''= 0`."""

    def __init__(self, code: Code, z: list[int], outputs: list[int], constants: int) -> None:
        """The inputs of the code are `z` first, then `constants` numbers that do not vary."""
        self.code, self.z, self.outputs = code, z, outputs
        n = len(z)
        velocity = [code.node("input", (), n + constants + i) for i in range(n)]
        acceleration = [code.node("input", (), 2 * n + constants + i) for i in range(n)]
        along = dict(zip(z, velocity, strict=True))
        self.first = tangents(code, outputs, along)
        self.end_of_first = len(code.nodes)
        code.differentiable(self.first)
        self.end_of_bends = len(code.nodes)
        along |= dict(zip(velocity, acceleration, strict=True))
        self.second = tangents(code, self.first, along)
        self.end_of_second = len(code.nodes)
        self.third = tangents(code, self.second, along)
        self.fixed = Vector([ZERO] * constants)

    def along(self, z: Vector, v: Vector, a: Vector) -> list[Vector]:
        """`G` and its first and second derivative on boxes of points, velocities and accelerations."""
        values = self.code.evaluate([*z, *self.fixed, *v, *a], self.end_of_second)
        return [Vector(values[i] for i in nodes) for nodes in (self.outputs, self.first, self.second)]

    def third_along(self, z: Vector, v: Vector, a: Vector) -> Vector:
        """The third one."""
        values = self.code.evaluate([*z, *self.fixed, *v, *a])
        return Vector(values[i] for i in self.third)

    def derivative(self, z: Vector) -> Matrix:
        """`DG`."""
        none = [ZERO] * len(z)
        values = self.code.evaluate([*z, *self.fixed, *none, *none], self.end_of_first)
        return self.code.jacobian(values, self.outputs, self.z)

    def slope(self, z: Vector, v: Vector) -> tuple[Vector, Matrix]:
        """`DG v`, and its derivatives by `z` for fixed `v`."""
        none = [ZERO] * len(z)
        values = self.code.evaluate([*z, *self.fixed, *v, *none], self.end_of_bends)
        return Vector(values[i] for i in self.first), self.code.jacobian(values, self.first, self.z)


class Cell:
    """A cell; its data are those of the file."""

    def __init__(
        self,
        equation: Equation,
        centre: Vector,
        frame: Matrix,
        bend: Vector,
        span: tuple[Fraction, Fraction],
        radius: Vector,
        preconditioner: Matrix,
    ) -> None:
        self.equation, self.span = equation, span
        self.centre, self.frame, self.bend, self.radius = centre, frame, bend, radius
        self.tangent, self.normal = frame.T[0], frame.columns(1)
        self.curvature = self.normal @ (self.bend * TWO)  # 2 N q, the acceleration
        self.box, self.preconditioner = Vector(map(ball, radius)), preconditioner
        self.arcs: dict[Interval, Vector] = {}
        self.nested = [(self.range(), self.box)]  # ranges of s, each in the one before, with boxes around their arcs

    @cached_property
    def inverse_frame(self) -> Matrix:
        """`[T, N]^-1`, or undefined if that may be singular."""
        return self.frame.inverse()

    def z(self, s: Interval, w: Vector) -> Vector:
        """The points of these parameters."""
        return self.centre + self.tangent * s + self.normal @ (self.bend * s.power(2) + w)

    def rates(self, s: Interval) -> Vector:
        """`T + 2 s N q`."""
        return self.tangent + self.curvature * s

    def image(self, s: Interval, w: Vector, c: Matrix, slopes: Matrix) -> Vector:
        """Krawczyk's operator with `C` and `DG N` on a box of `w`, for all `s` of an interval."""
        middle, steps = w.middle_and_steps()
        s0 = s.middle()
        t = s - s0
        at, rates = self.equation.along(self.z(s0, middle), self.rates(s0), self.curvature), self.rates(s)
        last = self.equation.third_along(self.z(s, middle), rates, self.curvature)
        weights = [t, HALF * t.power(2), exact(Fraction(1, 6)) * t.power(3)]
        terms = [c @ v for v in (at[0], at[1], at[2], last)]
        rest = defect(c, slopes) @ steps
        result = middle - terms[0] + rest
        for weight, term in zip(weights, terms[1:], strict=True):
            result = result - term * weight
        return result

    def holds_arc(self) -> bool:
        """Has every `s` exactly one solution in the cell?"""

        def test(s: Interval) -> bool:
            image = self.image(s, self.box, self.preconditioner, self.slopes(s, self.box, self.normal))
            return image.strictly_inside(self.box)

        return on_parts(self.range(), test)

    def arc(self, s: Interval) -> Vector:
        """A box of `w` around the arc at all these `s`, once the cell is proved."""
        if s not in self.arcs:
            self.arcs[s] = self.sharpened(s, SHARPENINGS)
        return self.arcs[s]

    def sharpened(self, s: Interval, times: int) -> Vector:
        """Such a box, from the last one for a larger range by a few steps of Newton's method."""
        if not s.inside(self.range()):
            raise Undefined("a part is not inside of its cell")
        while not s.inside(self.nested[-1][0]):
            self.nested.pop()
        w, c = self.nested[-1][1], self.preconditioner
        thin = s.width() * Interval((1, 1, -12))  # of no account beside how far the arc goes
        for _ in range(times):
            slopes = self.slopes(s, w, self.normal)
            c = (c + defect(c, slopes) @ c).middles()
            before, w = w, self.image(s, w, c, slopes).meet(w)
            if not w.is_half(before) or all(x.width().below(thin) for x in w):
                break
        if s[0] != s[1]:
            self.nested.append((s, w))
        return w

    def slopes(self, s: Interval, w: Vector, columns: Matrix) -> Matrix:
        """`DG` times columns at these parameters: the values in the middle, and slopes times steps; or as it is
        written.
        """
        middle, steps = Vector([s, *w]).middle_and_steps()
        values, whole = self.equation.derivative(self.z(middle[0], Vector(middle[1:]))) @ columns, self.z(s, w)
        moves = self.rates(s) * steps[0] + self.normal @ Vector(steps[1:])
        result = Matrix()
        for value, column in zip(values.T, columns.T, strict=True):
            plain, bends = self.equation.slope(whole, column)
            result.append((value + bends @ moves).meet(plain))
        return result.T

    def velocity(self, s: Interval, w: Vector) -> Vector:
        """`z'` on the arc at these parameters."""
        return self.frame @ self.direction(s, w)

    def direction(self, s: Interval, w: Vector) -> Vector:
        """`z'` in the frame."""
        slopes = self.slopes(s, w, self.frame)
        along = self.bend * (TWO * s)  # T + 2 s N q in the frame
        return Vector([ONE, *self.solve(slopes, slopes @ Vector([ONE, *along]), along)])

    def speed(self, s: Interval) -> Interval:
        """`|z'|` on the arc. From its coordinates in the frame, whose columns are nearly orthonormal: sharper than
        from those of `z'`.
        """
        y, square = self.direction(s, self.arc(s)), ZERO
        for i, row in enumerate(self.gram):
            square = square + row[i] * y[i].power(2) + TWO * y[i] * dot(row[:i], y[:i])
        return square.sqrt()

    @cached_property
    def gram(self) -> Matrix:
        """`F^T F` for the frame `F`."""
        return self.frame.T @ self.frame

    def solve(self, slopes: Matrix, right: Vector, start: Vector) -> Vector:
        """`start + y` with `DG N y = -right`."""
        m = slopes.columns(1)
        r = m.middles().approximate_inverse()
        return start - corrected(r, m, r @ Matrix([right]).T).T[0]

    def acceleration(self, s: Interval, w: Vector, velocity: Vector) -> Vector:
        """`z''` on the arc: `DG z'' = -D**2 G (z', z')`."""
        none = Vector([ZERO] * len(velocity))
        bends = self.equation.along(self.z(s, w), velocity, none)[2]
        slopes = self.slopes(s, w, self.frame)
        twice = self.bend * TWO
        turned = slopes.columns(1) @ twice
        return self.normal @ self.solve(slopes, bends + turned, twice)

    def coordinates(self, z: Vector) -> tuple[Interval, Vector]:
        """`(s, w)` of points."""
        s, *inner = self.inverse_frame @ (z - self.centre)
        return s, Vector(inner) - self.bend * s.power(2)

    def range(self) -> Interval:
        """All its `s`."""
        return hull([exact(self.span[0]), exact(self.span[1])])

    def ends_at(self, s: Fraction) -> Vector:
        """The point of the arc at one `s`."""
        return self.z(exact(s), self.arc(exact(s)))


def read_cell(equation: Equation, value: dict[str, Any], where: str, read: Reader[Fraction]) -> Cell:
    """A cell from the fields that all have, and `bend`, without which it is straight; ends of spans by a reader."""
    n = len(equation.z)
    low, high = items(value["span"], f"{where}.span", read, count=2)
    if not low < 0 < high:
        raise Refused(f"{where}.span", "does not hold 0")
    return Cell(
        equation,
        vector(n)(value["centre"], f"{where}.centre"),
        matrix(n, n)(value["frame"], f"{where}.frame"),
        vector(n - 1)(value["bend"], f"{where}.bend") if "bend" in value else Vector([ZERO] * (n - 1)),
        (low, high),
        vector(n - 1, positive(number))(value["radius"], f"{where}.radius"),
        matrix(n - 1, n - 1)(value["preconditioner"], f"{where}.preconditioner"),
    )


def joins(cell: Cell, following: Cell, start: Fraction) -> Interval:
    """Where the arc of a cell comes into the next one, in its `s`: the end of the arc lies in the next cell,
    not before `start`, and the velocity there has a positive component along the next `T`.
    """
    s = exact(cell.span[1])
    w = cell.arc(s)
    entry, inner = following.coordinates(cell.z(s, w))
    forward = (following.inverse_frame @ cell.velocity(s, w))[0]
    low, high = entry.ends()
    inside = inner.strictly_inside(following.box)
    if not inside or not forward.positive() or low < start or not following.span[0] <= low <= high < following.span[1]:
        raise Undefined("an arc does not go on in the next cell")
    return entry


def prove_chain(cells: list[Cell], starts: list[Fraction]) -> list[Interval]:
    """Each cell holds one arc that goes on in the next one, or this is undefined; where each begins, in its `s`."""
    if not all(cell.holds_arc() for cell in cells):
        raise Undefined("a cell is not proved to hold one arc")
    entries = [joins(a, b, start) for a, b, start in zip(cells, cells[1:], starts[1:], strict=False)]
    return [exact(starts[0]), *entries]


def keep_away(cells: list[Cell], z: Vector) -> None:
    """This point is certainly outside of these cells, so that a path through them does not pass it; or undefined."""
    for cell in cells:
        s, w = cell.coordinates(z)
        pairs = [(s, cell.range()), *zip(w, cell.box, strict=True)]
        if not any(a.below(b) or b.below(a) for a, b in pairs):
            raise Undefined("the curve may be gone round more than once")


def on_parts(s: Interval, test: Callable[[Interval], bool], parts: int = MOST_PARTS) -> bool:
    """Does a test hold on an interval, or on parts of it?"""
    return settled(Vector([s]), lambda part: test(part[0]), parts)


class Derived:
    """The claims that follow from the cells, as `(name, inputs, numbers)`, and why some do not."""

    def __init__(self) -> None:
        self.claims: list[tuple[str, dict[str, int], Numbers]] = []
        self.failures: list[tuple[dict[str, int], str]] = []

    @contextmanager
    def of(self, inputs: dict[str, int]) -> Iterator[None]:
        """What is undefined in this block fails all claims with these inputs."""
        try:
            yield
        except (Undefined, OutOfTime) as error:
            self.failures.append((inputs, str(error)))

    def compare(self, claims: list[Claim]) -> list[Result]:
        """One result for each claim of the file."""
        return [result_of(claim, self.objection) for claim in claims]

    def objection(self, claim: Claim) -> str | None:
        """An objection to a claim; a derived claim answers one claim of the file only."""
        for inputs, why in self.failures:
            if inputs.items() <= claim.inputs.items():
                return why
        for i, (name, inputs, numbers) in enumerate(self.claims):
            if name == claim.name and inputs == claim.inputs:
                del self.claims[i]
                return compare_numbers(numbers, claim)
        return "not what follows from the cells"
