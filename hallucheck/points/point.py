"""Existence by Krawczyk's test, and what is enclosed at a point that is proved to exist.

Unknown is `z`, in the box `Z` of the file's half widths around 0: the point is `x = x0 + z` (system "gradient", `G(z) =
g(x+)`) or `x = x0 + S z` ("residual", `G(z) = r(x+)`).
"""

from __future__ import annotations

from functools import cached_property
from types import SimpleNamespace
from typing import Any

from ..arithmetic.interval import ONE, TWO, ZERO, Undefined, ball, exact, total
from ..arithmetic.linear import Matrix, Vector, diagonal, identity, outer
from ..arithmetic.spectrum import Spectrum, spectrum
from ..files.reading import Refused, choice, fields, matrix, null, number, positive, text, vector
from .krawczyk import krawczyk, only_zero
from .problem import Problem

MOST_VARIABLES = 1000


def read_witness(value: Any, problem: Problem) -> SimpleNamespace:
    """The field `witness` of a system that is solved."""
    d = problem.f.dimension
    if not isinstance(value, dict):
        raise Refused("witness", "not an object")
    residual = choice("gradient", "residual")(value.get("system"), "witness.system") == "residual"
    if residual and problem.f.n is None:
        raise Refused("witness.system", "there are no residuals")
    if (problem.batches is not None and not residual) or (problem.exact_decay and residual):
        raise Refused("witness.system", "batches are those of residuals, and decay is that of gradients")
    m = len(problem.f.outputs) if residual else d
    if d > MOST_VARIABLES or m > d:
        raise Refused("witness", "too many unknowns")
    radius, slices = vector(m, positive(number)), matrix(d, m) if residual else null
    readers = {"centre": vector(d), "slice": slices, "radius": radius, "preconditioner": matrix(m, m)}
    return fields(value, "witness", system=text, **readers)


class System:
    """`G` and `DG` on boxes of `z`."""

    def __init__(self, problem: Problem, witness: SimpleNamespace) -> None:
        self.problem, self.witness, self.residual = problem, witness, witness.slice is not None
        self.centre: Vector = witness.centre
        self.slice: Matrix | None = witness.slice
        self.preconditioner: Matrix = witness.preconditioner
        self.box = Vector(map(ball, witness.radius))

    def x(self, z: Vector) -> Vector:
        """The points that belong to `z`."""
        steps = z if self.slice is None else self.slice @ z
        return self.centre + steps

    def value(self, z: Vector) -> Vector:
        """`G(z)`."""
        f, x = self.problem.f, self.x(z)
        if not self.residual:
            return self.problem.field(x)
        return f.residuals_at(self.problem.plus(x, f.at(x)[1]))[0]

    def derivative(self, z: Vector) -> Matrix:
        """`DG(z)`."""
        x = self.x(z)
        if self.slice is None:
            return self.problem.field_slopes(x)
        plus, turned = self.problem.ascent(x)
        return self.problem.f.residuals_at(plus)[1] @ (turned @ self.slice)

    def point(self, z: Vector) -> Point:
        """What belongs to a `z`."""
        return Point(self.problem, self.residual, self.x(z))

    def prove(self) -> Point | None:
        """The point, if the test succeeds and `f` is defined there and at `x+`."""
        try:
            z = only_zero(self.value, self.derivative, self.preconditioner, self.box)
            meant = Vector(ball(r.lower()) for r in self.witness.radius)  # radii may have been rounded outward
            point = self.point(z) if z and z.inside(meant) else None
        except Undefined:
            return None
        if point:
            point.offsets = point.x - self.centre
        return point

    def excluded(self) -> bool:
        """Is there certainly no zero in the box?"""
        derivative = self.derivative(self.box)
        values = self.value(Vector([ZERO] * len(self.box))) + derivative @ self.box
        if any(v.positive() or v.negative() for v in values):
            return True
        image = krawczyk(self.value, self.preconditioner, derivative, self.box)
        return any(k.below(z) or z.below(k) for k, z in zip(image, self.box, strict=True))


class Point:
    """A point `x*` that is known to a small box, and enclosures of what belongs to it."""

    offsets: Vector  # from the centre of the box in which it was found

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
        return self.b @ self.perturbation

    @cached_property
    def dynamics(self) -> Matrix:
        """`M`, or for sums of squares the tangent kernel `K = A B^T / n`."""
        if not self.residual:
            return self.problem.field_slopes(self.x)
        return self.a @ self.b.T * exact(self.problem.f.share)

    @cached_property
    def target_spectrum(self) -> Spectrum:
        """That of `H(x*+)`."""
        return spectrum(self.problem.f.hessian_at(self.plus)[1].symmetric_part())

    @cached_property
    def sphere_spectrum(self) -> Spectrum:
        """That of `J` on the tangent space; of USAM on all of the space."""
        matrix = self.perturbation.symmetric_part() if self.problem.variant == "usam" else tangential(self)
        return spectrum(matrix)

    @cached_property
    def dynamics_spectrum(self) -> Spectrum:
        """That of `M` or `K`."""
        return spectrum(self.dynamics)


def tangential(point: Point) -> Matrix:
    """`J` on the tangent space, in an orthonormal basis: a symmetric matrix.

    With `y = D^-1 x` the step is SAM's for `h(y) = f(D y)`, whose `J` is `I + (rho/s) P D H D` with `P = I -
    v v^T` for the unit vector `v = D g/s`. The columns but one of Householder's reflection that takes `v` to
    an axis are a basis of `v^perp`.
    """
    d, scales = len(point.x), point.problem.scales
    v = [c * g / point.s for c, g in zip(scales, point.gradient, strict=True)]
    axis = max(range(d), key=lambda i: abs(float(v[i])))
    v[axis] = v[axis] + (ONE if float(v[axis]) > 0 else -ONE)
    reflection = identity(d) - outer(v) * (TWO / total(x.power(2) for x in v))
    basis = Matrix(row for k, row in enumerate(reflection) if k != axis)
    inner = diagonal(scales) @ point.hessian @ diagonal(scales)
    return (identity(d - 1) + basis @ inner @ basis.T * (point.problem.rho / point.s)).symmetric_part()
