"""Existence by Krawczyk's test, and what is enclosed at a point that is proved to exist.

Unknown is `z`: the point is `x = x0 + z` (system "gradient", `G(z) = g(x+)`) or `x = x0 + S z` ("residual",
`G(z) = r(x+)`). With `Z` the box of the file's half widths around 0 and the file's matrix `C`,

    K(Z) = -C G(0) + (I - C [DG(Z)]) Z    in the interior of `Z`

proves that `G` has exactly one zero in `Z`, that it lies in `K(Z)`, and that `DG` is nonsingular on `Z`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from hallucheck.interval import Interval, Undefined, between, exact, hull, meet
from hallucheck.linear import (
    Matrix,
    Vector,
    add,
    apply,
    identity,
    matmul,
    middle_of,
    middles,
    scaled,
    subtract,
    transpose,
    width,
)
from hallucheck.problem import Problem
from hallucheck.reading import Refused, choice, matrix, positive_vector, record, vector

MOST_VARIABLES = 1000
SHARPENINGS = 12  # how often at most the test is repeated in the box that it left


@dataclass
class Witness:
    """Where existence is to be proved."""

    residual: bool
    centre: list[Fraction]
    slice: list[list[Fraction]] | None
    radius: list[Fraction]
    preconditioner: list[list[Fraction]]


def read_witness(value: Any, problem: Problem) -> Witness:
    """The field `witness` of a system that is solved."""
    d = problem.f.dimension
    record(value, "witness", ("system", "centre", "slice", "radius", "preconditioner"))
    residual = choice("gradient", "residual")(value["system"], "witness.system") == "residual"
    if residual and problem.f.n is None:
        raise Refused("witness.system", "there are no residuals")
    if (problem.batches is not None and not residual) or (problem.exact_decay is not None and residual):
        raise Refused("witness.system", "batches are those of residuals, and decay is that of gradients")
    m = len(problem.f.outputs) if residual else d
    if d > MOST_VARIABLES or m > d:
        raise Refused("witness", "too many unknowns")
    if not residual and value["slice"] is not None:
        raise Refused("witness.slice", "not null")
    return Witness(
        residual,
        vector(d)(value["centre"], "witness.centre"),
        matrix(d, m)(value["slice"], "witness.slice") if residual else None,
        positive_vector(m)(value["radius"], "witness.radius"),
        matrix(m, m)(value["preconditioner"], "witness.preconditioner"),
    )


def defect(preconditioner: Matrix, derivative: Matrix) -> Matrix:
    """`I - C D`."""
    return subtract(identity(len(derivative)), matmul(preconditioner, derivative))


def krawczyk(value: Callable[[Vector], Vector], c: Matrix, derivative: Matrix, box: Vector) -> Vector:
    """`m - C G(m) + (I - C [DG(Z)]) (Z - m)` with `m` in the middle of a box `Z`; it holds all zeros in the box."""
    middle, steps = middle_of(box)
    newton, rest = apply(c, value(middle)), apply(defect(c, derivative), steps)
    return [m - n + r for m, n, r in zip(middle, newton, rest, strict=True)]


def only_zero(
    value: Callable[[Vector], Vector],
    derivative: Callable[[Vector], Matrix],
    c: Matrix,
    box: Vector,
    interior: Vector | None = None,
) -> Vector | None:
    """A small box around the only zero of `G` in a box, or nothing if the test fails.

    A box that was rounded outward comes with the one that was meant, as `interior`.
    """
    image = krawczyk(value, c, derivative(box), box)
    if not all(k.strictly_inside(z) for k, z in zip(image, interior or box, strict=True)):
        return None
    for _ in range(SHARPENINGS):  # only to know it better; a step of Newton's method makes C better, too
        slopes = derivative(image)
        c = middles(add(c, matmul(defect(c, slopes), c)))
        before, image = image, [meet(k, z) for k, z in zip(krawczyk(value, c, slopes, image), image, strict=True)]
        if not any(width(x).below(width(y) * Interval((3, 3, -2))) for x, y in zip(image, before, strict=True)):
            break
    return image


class System:
    """`G` and `DG` on boxes of `z`."""

    def __init__(self, problem: Problem, witness: Witness) -> None:
        self.problem, self.witness = problem, witness
        self.centre = [exact(v) for v in witness.centre]
        self.slice = None if witness.slice is None else [[exact(v) for v in row] for row in witness.slice]
        self.preconditioner = [[exact(v) for v in row] for row in witness.preconditioner]
        self.box = [hull([exact(-r), exact(r)]) for r in witness.radius]
        self.interior = [between(-exact(r).lower(), exact(r).lower()) for r in witness.radius]  # not rounded outward

    def x(self, z: Vector) -> Vector:
        """The points that belong to `z`."""
        steps = z if self.slice is None else apply(self.slice, z)
        return [a + b for a, b in zip(self.centre, steps, strict=True)]

    def value(self, z: Vector) -> Vector:
        """`G(z)`."""
        f, x = self.problem.f, self.x(z)
        if not self.witness.residual:
            return self.problem.field(x)
        return f.residuals_at(self.problem.plus(x, f.at(x)[1]))[0]

    def derivative(self, z: Vector) -> Matrix:
        """`DG(z)`."""
        f, x = self.problem.f, self.x(z)
        if self.slice is None:
            return self.problem.field_slopes(x)
        g, hessian = f.hessian_at(x)
        turned = self.problem.perturbation(*self.problem.direction(g), hessian)
        return matmul(f.residuals_at(self.problem.plus(x, g))[1], matmul(turned, self.slice))

    def locate(self) -> Vector | None:
        """A small box around the only zero, or nothing if the test fails."""
        return only_zero(self.value, self.derivative, self.preconditioner, self.box, self.interior)

    def point(self, z: Vector) -> Point:
        """What belongs to a `z`."""
        return Point(self.problem, self.witness.residual, self.x(z))

    def prove(self) -> Point | None:
        """The point, if the test succeeds and `f` is defined there and at `x+`."""
        try:
            z = self.locate()
            return None if z is None else self.point(z)
        except Undefined:
            return None

    def excluded(self) -> bool:
        """Is there certainly no zero in the box?"""
        middle = [exact(0) for _ in self.box]
        derivative = self.derivative(self.box)
        slopes = apply(derivative, self.box)
        values = [v + s for v, s in zip(self.value(middle), slopes, strict=True)]
        if any(v.positive() or v.negative() for v in values):
            return True
        image = krawczyk(self.value, self.preconditioner, derivative, self.box)
        return any(k.below(z) or z.below(k) for k, z in zip(image, self.box, strict=True))


class Point:
    """A point `x*` that is known to a small box, and enclosures of what belongs to it."""

    def __init__(self, problem: Problem, residual: bool, x: Vector) -> None:
        self.problem, self.residual, self.x = problem, residual, x
        self.value, self.gradient = problem.f.at(x)
        self.s, self.u = problem.direction(self.gradient)
        self.plus = problem.plus(x, self.gradient)
        self.target_value, _ = problem.f.at(self.plus)

    @cached_property
    def hessian(self) -> Matrix:
        """`H(x*)`."""
        return self.problem.f.hessian_at(self.x)[1]

    @cached_property
    def target_hessian(self) -> Matrix:
        """`H(x*+)`."""
        return self.problem.f.hessian_at(self.plus)[1]

    @cached_property
    def turn(self) -> Matrix:
        """`Du` at `x*`."""
        return self.problem.turn(self.s, self.u, self.hessian)

    @cached_property
    def perturbation(self) -> Matrix:
        """`J` at `x*`."""
        return self.problem.perturbation(self.s, self.u, self.hessian)

    @cached_property
    def b(self) -> Matrix:
        """`B = Dr(x*+)`."""
        return self.problem.f.residuals_at(self.plus)[1]

    @cached_property
    def a(self) -> Matrix:
        """`A = B J`."""
        return matmul(self.b, self.perturbation)

    @cached_property
    def dynamics(self) -> Matrix:
        """`M`, or for sums of squares the tangent kernel `K = A B^T / n`."""
        if not self.residual:
            return self.problem.field_slopes(self.x)
        assert self.problem.f.n is not None
        return scaled(exact(1 / self.problem.f.n), matmul(self.a, transpose(self.b)))
