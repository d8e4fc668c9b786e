"""What is asked about: a function, a radius and an ascent step; and the maps of SAM in intervals.

SAM goes along `F(x) = g(x+)`, with weight decay `w` along `F(x) = g(x+) + w x`; `M = DF`.

`s` is what the step divides by, `u = D**2 g/s`, `x+ = x + rho u`, `lambda = s/rho`, and `J = dx+/dx = I +
(rho/s) Pi H` with `Pi = D**2 - u u^T`. SAM has `D = I` and `s = |g|`, ASAM `s = |D g|`, and USAM `D = I`, `s
= 1` and `Pi = I`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from hallucheck.interval import ONE, Interval, Undefined, exact
from hallucheck.krawczyk import only_zero
from hallucheck.linear import Matrix, Vector, identity, matrix_of, norm
from hallucheck.objectives import Objective, read_objective
from hallucheck.reading import (
    Companion,
    Refused,
    check_digest,
    choice,
    integer,
    items,
    positive,
    positive_rational,
    record,
)


class Function:
    """`f` with gradient and Hessian; for a sum of squares the residuals and their derivatives, too."""

    def __init__(self, objective: Objective) -> None:
        code = self.code = objective.code
        self.inputs, self.outputs, self.n = objective.inputs, objective.outputs, objective.n
        self.dimension = len(self.inputs)
        if self.n is None:
            self.value = self.outputs[0]
        else:
            squares = code.sum([code.node("pow", (r,), 2) for r in self.outputs])
            self.value = code.mul(code.constant(1 / (2 * self.n)), squares)
        self.end = len(code.nodes)  # f is defined where all nodes before this one are
        self.gradient_nodes = code.gradient(self.value, self.inputs)
        code.differentiable(self.outputs)
        self.gradient_end = len(code.nodes)

    @cached_property
    def hessian_end(self) -> int:
        """Where the nodes end that the Hessian reads."""
        self.code.differentiable(self.gradient_nodes)
        return len(self.code.nodes)

    def at(self, x: Sequence[Interval]) -> tuple[Interval, Vector]:
        """Value and gradient."""
        values = self.code.evaluate(x, self.gradient_end)
        return values[self.value], Vector(values[i] for i in self.gradient_nodes)

    def value_at(self, x: Sequence[Interval]) -> Interval:
        """The value."""
        return self.code.evaluate(x, self.end)[self.value]

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
    exact_decay: Fraction | None = None

    def __init__(self, f: Function, rho: Fraction, variant: str | None, scales: list[Fraction] | None) -> None:
        self.f, self.variant = f, variant
        self.exact_rho, self.exact_scales = rho, scales or [Fraction(1)] * f.dimension

    @property
    def rho(self) -> Interval:
        """The radius, at the working precision."""
        return exact(self.exact_rho)

    @property
    def scales(self) -> Vector:
        """The diagonal of `D`."""
        return Vector(map(exact, self.exact_scales))

    @property
    def squares(self) -> Vector:
        """That of `D**2`."""
        return Vector(exact(s * s) for s in self.exact_scales)

    def direction(self, g: Vector) -> tuple[Interval, Vector]:
        """`s` and `u`."""
        if self.variant == "usam":
            return ONE, g
        s = norm(d * v for d, v in zip(self.scales, g, strict=True))
        if not s.positive():
            raise Undefined("the gradient may vanish")
        return s, Vector(d * v / s for d, v in zip(self.squares, g, strict=True))

    def plus(self, x: Vector, g: Vector) -> Vector:
        """`x+`."""
        return x + self.direction(g)[1] * self.rho

    def shifted(self, outputs: list[int]) -> list[int]:
        """Nodes of the code at `x+`, as nodes again."""
        f, code = self.f, self.f.code
        scales = [code.constant(c) for c in self.exact_scales]
        rho, s = code.constant(self.exact_rho), code.constant(1)
        if self.variant != "usam":
            weighted = [code.mul(c, g) for c, g in zip(scales, f.gradient_nodes, strict=True)]
            s = code.node("sqrt", (code.sum([code.mul(v, v) for v in weighted]),))
        images = {}
        for i, c, g in zip(f.inputs, scales, f.gradient_nodes, strict=True):
            moved = code.mul(rho, code.mul(code.mul(c, c), g))
            images[i] = code.node("add", (i, code.node("div", (moved, s))))
        return code.substitute(outputs, images)

    def field(self, x: Vector) -> Vector:
        """`F(x)`."""
        shifted = self.f.at(self.plus(x, self.f.at(x)[1]))[1]
        if self.exact_decay is None:
            return shifted
        decay = exact(self.exact_decay)
        return shifted + x * decay

    def field_slopes(self, x: Vector) -> Matrix:
        """`M(x)`, as it is written."""
        g, hessian = self.f.hessian_at(x)
        turned = self.perturbation(*self.direction(g), hessian)
        slopes = self.f.hessian_at(self.plus(x, g))[1] @ turned
        return slopes if self.exact_decay is None else slopes + identity(len(x)) * exact(self.exact_decay)

    @cached_property
    def entries(self) -> list[int]:
        """Nodes of all entries of `D(g(x+))`, by columns, to be differentiated."""
        code, shifted = self.f.code, self.shifted(self.f.gradient_nodes)
        nodes = [node for i in self.f.inputs for node in code.tangents(shifted, {i: code.constant(1)})]
        code.differentiable(nodes)
        return nodes

    def bends(self, x: Vector) -> list[Matrix]:
        """The derivatives of `M` by each variable, on a box."""
        entries, code, d = self.entries, self.f.code, len(x)
        slopes = code.jacobian(code.evaluate(x), entries, self.f.inputs)
        return [matrix_of([slopes[j * d + i][k] for j in range(d)] for i in range(d)) for k in range(d)]

    @cached_property
    def ascended(self) -> list[int]:
        """Nodes of `x+`, to be differentiated."""
        assert self.columns  # which would shift them, if they were there before
        nodes = self.shifted(self.f.inputs)
        self.f.code.differentiable(nodes)
        return nodes

    @cached_property
    def columns(self) -> list[int]:
        """Nodes of all entries of `A = D(r(x+))` and of `B = Dr(x+)`, by columns, to be differentiated."""
        f, code = self.f, self.f.code
        one = code.constant(1)
        of_r = [node for i in f.inputs for node in code.tangents(f.outputs, {i: one})]
        shifted = self.shifted([*f.outputs, *of_r])  # at once: what is shifted twice need not be defined
        count = len(f.outputs)
        nodes = [node for i in f.inputs for node in code.tangents(shifted[:count], {i: one})] + shifted[count:]
        code.differentiable(nodes)
        return nodes

    def projection(self, u: Vector) -> Matrix:
        """`Pi`. On the diagonal of SAM's stands `1 - u_i**2`, the sum of the other squares."""
        d = len(u)
        if self.variant == "usam":
            return identity(d)
        return matrix_of(
            [self.squares[i] - u[i].power(2) if i == j else -(u[i] * u[j]) for j in range(d)] for i in range(d)
        )

    def turn(self, s: Interval, u: Vector, hessian: Matrix) -> Matrix:
        """`Du`, where the direction is known: for SAM `P H/q`."""
        return self.projection(u) @ hessian * (ONE / s)

    def perturbation(self, s: Interval, u: Vector, hessian: Matrix) -> Matrix:
        """`J`."""
        return identity(len(u)) + self.turn(s, u, hessian) * self.rho


@dataclass
class Batches:
    """For each batch of residuals the problem of its loss, and the probability of a step with it."""

    parts: list[Problem]
    probabilities: list[Fraction]


def read_batches(value: Any, objective: Objective, problem: Problem) -> Batches:
    """The field `problem.batches`: each residual is in one batch, and the probabilities have the sum 1."""
    where, m = "problem.batches", len(objective.outputs)
    record(value, where, ("rows", "probabilities"))
    rows = items(value["rows"], f"{where}.rows", lambda row, where: items(row, where, index_below(m)), most=m)
    shares = items(value["probabilities"], f"{where}.probabilities", positive_rational, count=len(rows))
    flat = [i for row in rows for i in row]
    ordered = all(row and row == sorted(row) for row in rows) and rows == sorted(rows)
    if not ordered or sorted(flat) != list(range(m)) or sum(shares) != 1:
        raise Refused(where, "no partition in order, or no probabilities")
    if objective.n is None or problem.variant is not None:
        raise Refused(where, "only for SAM and sums of squares")
    parts = []
    for row in rows:
        outputs, n = [objective.outputs[i] for i in row], objective.n * len(row) / m
        part = Function(Objective(objective.code, objective.inputs, outputs, n))
        parts.append(Problem(part, problem.exact_rho, None, None))
    return Batches(parts, shares)


def index_below(m: int) -> Callable[[Any, str], int]:
    """A reader of numbers from 0 to below `m`."""
    return lambda value, where: integer(value, where, high=m - 1)


def read_problem(document: dict[str, Any], companion: Companion) -> Problem:
    """The field `problem`, and its digest."""
    more = ("variant", "scales", *["batches", "weight_decay"] * (document["kind"] == "point"))
    names = ("objective", "rho", *["step"] * (document["kind"] == "cycle"))
    value = record(document["problem"], "problem", names, more if document["kind"] != "cycle" else ())
    objective = read_objective(value["objective"], "problem.objective", companion)
    f = Function(objective)
    variant = choice(None, "usam", "asam")(value.get("variant"), "problem.variant")
    if ("variant" in value) != (variant is not None) or ("scales" in value) != (variant == "asam"):
        raise Refused("problem.variant", "not one of the ascent steps")
    scales = items(value["scales"], "problem.scales", positive, count=f.dimension) if variant == "asam" else None
    problem = Problem(f, positive_rational(value["rho"], "problem.rho"), variant, scales)
    if "batches" in value:
        problem.batches = read_batches(value["batches"], objective, problem)
    if "weight_decay" in value:
        problem.exact_decay = positive_rational(value["weight_decay"], "problem.weight_decay")
        if variant is not None or problem.batches is not None:
            raise Refused("problem.weight_decay", "only for SAM without batches")
    check_digest(document)
    companion.finish(document)
    return problem
