"""What is asked about: a function, a radius and an ascent step; and the maps of SAM in intervals.

SAM goes along `F(x) = g(x+)`, with weight decay `w` along `F(x) = g(x+) + w x`; `M = DF`.

`s` is what the step divides by, `u = D**2 g/s`, `x+ = x + rho u`, `lambda = s/rho`, and `J = dx+/dx = I +
(rho/s) Pi H` with `Pi = D**2 - u u^T`. SAM has `D = I` and `s = |g|`, ASAM `s = |D g|`, and USAM `D = I`, `s
= 1` and `Pi = I`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..arithmetic.interval import ONE, Interval, Undefined, exact
from ..arithmetic.linear import Matrix, Vector, diagonal, identity, norm, outer
from ..files.reading import Refused, check_digest, choice, items, number, positive, rational, record
from ..functions.formulas import Objective, read_objective
from .krawczyk import only_zero

if TYPE_CHECKING:
    from ..attraction.batches import Batches
    from .composed import Composed


class Function:
    """`f` with gradient and Hessian; for a sum of squares the residuals and their derivatives, too."""

    def __init__(self, objective: Objective) -> None:
        code = self.code = objective.code
        self.inputs, self.outputs, self.n = objective.inputs, objective.outputs, objective.n
        self.dimension, self.share = len(self.inputs), 1 / self.n if self.n else Fraction(0)  # 1/n
        if self.n is None:
            self.value = self.outputs[0]
        else:
            squares = code.sum([code.power(r, 2) for r in self.outputs])
            self.value = code.mul(code.constant(self.share / 2), squares)
        self.gradient_nodes = code.gradient(self.value, self.inputs)
        code.differentiable(self.outputs)
        self.gradient_end = len(code.nodes)
        code.differentiable(self.gradient_nodes)
        self.hessian_end = len(code.nodes)

    def at(self, x: Sequence[Interval]) -> tuple[Interval, Vector]:
        """Value and gradient, defined where all nodes are that they come from."""
        values = self.code.evaluate(x, self.gradient_end)
        return values[self.value], Vector(values[i] for i in self.gradient_nodes)

    def hessian_at(self, x: Sequence[Interval]) -> tuple[Vector, Matrix]:
        """Gradient and Hessian."""
        values = self.code.evaluate(x, self.hessian_end)
        hessian = self.code.jacobian(values, self.gradient_nodes, self.inputs)
        for i in range(self.dimension):
            for j in range(i):
                hessian[i][j] = hessian[j][i]
        return Vector(values[i] for i in self.gradient_nodes), hessian

    def only_critical_point(self, c: Matrix, near: Vector) -> Vector | None:
        """A small box around the only zero of the gradient in a box, by Krawczyk's test with `C`, or nothing."""
        return only_zero(lambda x: self.at(x)[1], lambda x: self.hessian_at(x)[1], c, near)

    def residuals_at(self, x: Sequence[Interval]) -> tuple[Vector, Matrix]:
        """Residuals and their derivative."""
        values = self.code.evaluate(x, self.gradient_end)
        return Vector(values[i] for i in self.outputs), self.code.jacobian(values, self.outputs, self.inputs)


class Problem:
    """A function with a radius and an ascent step; where steps see batches, the problems of these; weight decay."""

    batches: Batches | None = None
    exact_decay = Fraction(0)

    def __init__(self, f: Function, rho: Fraction, variant: str | None, scales: list[Fraction]) -> None:
        self.f, self.variant, self.exact_rho, self.exact_scales = f, variant, rho, scales

    @property
    def rho(self) -> Interval:
        """The radius, at the working precision."""
        return exact(self.exact_rho)

    @property
    def scales(self) -> Vector:
        """The diagonal of `D`."""
        return Vector(map(exact, self.exact_scales))

    def direction(self, g: Vector) -> tuple[Interval, Vector]:
        """`s` and `u`."""
        if self.variant == "usam":
            return ONE, g
        s = norm(d * v for d, v in zip(self.scales, g, strict=True))
        if not s.positive():
            raise Undefined("the gradient may vanish")
        return s, Vector(d * d * v / s for d, v in zip(self.scales, g, strict=True))

    def plus(self, x: Vector, g: Vector) -> Vector:
        """`x+`."""
        return x + self.direction(g)[1] * self.rho

    def field(self, x: Vector) -> Vector:
        """`F(x)`."""
        return self.f.at(self.plus(x, self.f.at(x)[1]))[1] + x * exact(self.exact_decay)

    def field_slopes(self, x: Vector) -> Matrix:
        """`M(x)`, as it is written."""
        plus, turned = self.ascent(x)
        return self.f.hessian_at(plus)[1] @ turned + identity(len(x)) * exact(self.exact_decay)

    def ascent(self, x: Vector) -> tuple[Vector, Matrix]:
        """`x+` and `J(x)`."""
        g, hessian = self.f.hessian_at(x)
        return self.plus(x, g), self.perturbation(*self.direction(g), hessian)

    @cached_property
    def composed(self) -> Composed:
        """Functions of `x+` as code."""
        from .composed import Composed

        return Composed(self)

    def projection(self, u: Vector) -> Matrix:
        """`Pi`."""
        return identity(len(u)) if self.variant == "usam" else diagonal([d * d for d in self.scales]) - outer(u)

    def turn(self, s: Interval, u: Vector, hessian: Matrix) -> Matrix:
        """`Du`, where the direction is known: for SAM `P H/q`."""
        return self.projection(u) @ hessian * (ONE / s)

    def perturbation(self, s: Interval, u: Vector, hessian: Matrix) -> Matrix:
        """`J`."""
        return identity(len(u)) + self.turn(s, u, hessian) * self.rho


def read_problem(document: dict[str, Any], path: Path) -> Problem:
    """The field `problem`, and its digest."""
    kind, where = document["kind"], "problem"
    more = ("variant", "scales", "batches", "weight_decay") if kind == "point" else ()
    value = record(document[where], where, ("objective", "rho", *["step"] * (kind == "cycle")), more)
    f = Function(read_objective(document, path))
    variant = choice(None, "usam", "asam")(value.get("variant"), f"{where}.variant")
    if ("variant" in value) != (variant is not None) or ("scales" in value) != (variant == "asam"):
        raise Refused(f"{where}.variant", "not one of the ascent steps")
    scales = [Fraction(1)] * f.dimension
    if "scales" in value:
        scales = items(value["scales"], f"{where}.scales", positive(number), count=f.dimension)
    problem = Problem(f, positive(rational)(value["rho"], f"{where}.rho"), variant, scales)
    if "batches" in value:
        from ..attraction.batches import read_batches

        problem.batches = read_batches(value["batches"], problem)
    if "weight_decay" in value:
        problem.exact_decay = positive(rational)(value["weight_decay"], f"{where}.weight_decay")
        if variant is not None or problem.batches is not None:
            raise Refused(f"{where}.weight_decay", "only for SAM without batches")
    check_digest(document)
    return problem
