"""The equation of a branch in balls, ``G(x, lambda) = g(x) + lambda (x - c)``, and its target.

``c`` is a ball that holds the true critical point ``c*``, so what is shown for ``G`` holds for ``c*``. Vectors in
``R^(d+1)`` are lists ``[x_1 .. x_d, lambda]``.

    DG = [H + lambda I, x - c],    D^2G[v, w] = D^3f[v_x, w_x] + v_lambda w_x + w_lambda v_x
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hallucert.balls import matrix
from hallucert.balls.facade import Ball, BallArithmetic, Matrix
from hallucert.balls.inertia import inertia
from hallucert.balls.krawczyk import Function, Jacobian, KrawczykOperator
from hallucert.balls.symmetric import extreme_eigenvalues
from hallucert.check.cell import Rationals, Vector
from hallucert.check.claim import Enclosure
from hallucert.errors import NotAnalyticError
from hallucert.objectives.builder import jacobian_tape
from hallucert.objectives.formula import FormulaObjective
from hallucert.objectives.objective import Objective
from hallucert.objectives.tape import Tape

Tensor = list[Matrix]

MAX_DIMENSION = 12
"""Third derivatives are formed in full, ``d^3`` of them."""


def formula_of(objective: Objective) -> FormulaObjective:
    """Return the objective itself, if it is a formula in at most `MAX_DIMENSION` variables; else `NotAnalyticError`."""
    if not isinstance(objective, FormulaObjective) or objective.dimension > MAX_DIMENSION:
        raise NotAnalyticError(
            f"branches are certified for formulas of at most {MAX_DIMENSION} variables: the proof needs third "
            f"derivatives of {objective.name[:60]}"
        )
    return objective


def third_derivative_tape(objective: Objective) -> Tape:
    """Return the tape of the derivatives of the lower triangle of the Hessian. Raises as `formula_of`."""
    return jacobian_tape(formula_of(objective).hessian_tape)


def lower_place(i: int, j: int) -> int:
    """Return the position of an entry of a symmetric matrix in its lower triangle."""
    return max(i, j) * (max(i, j) + 1) // 2 + min(i, j)


def third_derivatives(ar: BallArithmetic, tape: Tape, x: Sequence[Ball]) -> Tensor:
    """``D^3f(x)`` as `d` by `d` by `d` balls, by the `third_derivative_tape`."""
    d, flat = len(x), tape.evaluate(ar, x)
    return [[flat[lower_place(i, j) * d :][:d] for j in range(d)] for i in range(d)]


class BranchSystem:
    """``G`` for one function and one enclosed target, with the `third_derivative_tape` of the function."""

    def __init__(
        self, arithmetic: BallArithmetic, objective: Objective, target: Sequence[Ball], third: Tape | None = None
    ) -> None:
        self.arithmetic = arithmetic
        self.objective = objective
        self.target = list(target)
        self.dimension = objective.dimension
        self.third = third_derivative_tape(objective) if third is None else third
        self.target_hessian = objective.enclose_hessian(arithmetic, self.target)

    def offset(self, z: Vector) -> Vector:
        """``x - c``."""
        return [x - c for x, c in zip(z[:-1], self.target, strict=True)]

    def value(self, z: Vector) -> Vector:
        """``G(z)``, `d` balls."""
        gradient = self.objective.enclose_gradient(self.arithmetic, z[:-1])
        return [g + z[-1] * v for g, v in zip(gradient, self.offset(z), strict=True)]

    def jacobian(self, z: Vector) -> Matrix:
        """``DG(z)``: `d` rows of `d + 1` balls."""
        rows = self.objective.enclose_hessian(self.arithmetic, z[:-1])
        result = []
        for i, (row, v) in enumerate(zip(rows, self.offset(z), strict=True)):
            result.append([h + z[-1] if i == j else h for j, h in enumerate(row)] + [v])
        return result

    def third_derivatives(self, z: Vector) -> Tensor:
        """``D^3f(x)`` as `d` by `d` by `d` balls."""
        return third_derivatives(self.arithmetic, self.third, z[:-1])

    def along(self, third: Tensor, v: Vector) -> Matrix:
        """``D^2G[v, .]``: `d` rows of `d + 1` balls, linear in the second argument."""
        ar, d = self.arithmetic, self.dimension
        rows = []
        for i in range(d):
            row = [ar.dot(third[i][j], v[:-1]) for j in range(d)]
            row[i] = row[i] + v[-1]
            rows.append([*row, v[i]])
        return rows

    def second(self, third: Tensor, v: Vector, w: Vector) -> Vector:
        """``D^2G[v, w]``, `d` balls."""
        return [self.arithmetic.dot(row, w) for row in self.along(third, v)]

    def radius(self, z: Vector) -> Ball:
        """``rho = |x - c|``; indeterminate unless certainly positive."""
        return self.arithmetic.sqrt(self.squared_radius(z))

    def squared_radius(self, z: Vector) -> Ball:
        """``rho^2``."""
        return matrix.sum_of_squares(self.arithmetic, self.offset(z))

    def defined(self, z: Vector) -> bool:
        """Tell whether ``f`` is certainly defined, hence analytic, for all ``x`` of a box."""
        return bool(self.arithmetic.is_finite(self.objective.enclose_value(self.arithmetic, z[:-1])))


@dataclass(frozen=True)
class TargetBox:
    """Where the target is: ``centre +- radius`` with a preconditioner for Krawczyk's test of ``g = 0``."""

    centre: Rationals
    radius: Rationals
    preconditioner: tuple[Rationals, ...]


@dataclass(frozen=True)
class Target:
    """A proved target: a tight enclosure, those of the extreme eigenvalues of ``H(c)``, and how many are negative."""

    c: Vector
    smallest: Enclosure
    largest: Enclosure
    negative: int


def kind_of(negative: int, dimension: int) -> str:
    """Name a nondegenerate critical point with so many negative eigenvalues."""
    if negative == 0:
        return "minimizer"
    return "maximizer" if negative == dimension else f"saddle of index {negative}"


def proved_target(arithmetic: BallArithmetic, objective: Objective, box: TargetBox) -> Target | None:
    """Prove that the box holds exactly one critical point, and enclose it and its Hessian's spectrum."""
    ar = arithmetic
    operator = KrawczykOperator(ar, *equations(ar, objective), box.preconditioner)
    test = operator.image(box.centre, box.radius)
    if not test.proved:
        return None
    c = operator.tighten(test)
    if not ar.is_finite(objective.enclose_value(ar, c)):
        return None
    hessian = objective.enclose_hessian(ar, c)
    extremes = extreme_eigenvalues(ar, hessian) if ar.all_finite(hessian) else None
    if extremes is None:
        return None
    signs = inertia(ar, hessian)
    if signs.undecided:
        return None
    return Target(c, Enclosure(*extremes[0]), Enclosure(*extremes[1]), signs.negative)


def equations(arithmetic: BallArithmetic, objective: Objective) -> tuple[Function, Jacobian]:
    """Return ``g`` and ``H`` in balls."""
    return (
        lambda x: objective.enclose_gradient(arithmetic, x),
        lambda x: objective.enclose_hessian(arithmetic, x),
    )
