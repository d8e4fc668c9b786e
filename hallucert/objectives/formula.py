"""Objectives kept as tapes: a formula, or the residuals of a least-squares problem."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from hallucert.arguments import Late, checked_text
from hallucert.errors import require
from hallucert.exact import Exact, exact
from hallucert.objectives.builder import ONE, TapeBuilder, gradient_tape, hessian_tape, jacobian_tape
from hallucert.objectives.objective import Objective, require_residuals
from hallucert.objectives.tape import Arithmetic, Ball, Tape

if TYPE_CHECKING:
    from hallucert.objectives.floats import FormulaFloats


class FormulaObjective(Objective):
    """An objective kept as a tape; with the tape of its `residuals` if it is ``(1/2n) |r|^2``, see `least_squares`."""

    def __init__(self, tape: Tape, residuals: Tape | None = None, n: Fraction = ONE, name: str | None = None) -> None:
        require(len(tape.outputs) == 1, "tape", tape, "have exactly one output")
        self.tape, self.residuals = tape, residuals
        self.n, self.variables = n, tape.variables
        if given := checked_text(name, "name"):
            self.name = given

    if not TYPE_CHECKING:  # `str`
        name = Late("hallucert.objectives.writing", cached_property)

    def __repr__(self) -> str:
        form = f", {self.residual_count} residuals" if self.residuals is not None else ""
        names = ", ".join(self.variables[:6]) + ", ..." * (self.dimension > 6)
        return f"<Objective {self.name[:60]!r} of ({names}){form}>"

    @property
    def residual_count(self) -> int:
        """Number ``m`` of residuals, 0 if the objective is not in residual form."""
        return len(self.residuals.outputs) if self.residuals is not None else 0

    @cached_property
    def gradient_tape(self) -> Tape:
        """Tape of the gradient (`d` outputs)."""
        return gradient_tape(self.tape)

    @cached_property
    def hessian_tape(self) -> Tape:
        """Tape of the lower triangle of the Hessian, row by row."""
        return hessian_tape(self.gradient_tape)

    @cached_property
    def residual_jacobian_tape(self) -> Tape:
        """Tape of the residual Jacobian, row by row."""
        return jacobian_tape(self.residual_tape)

    @property
    def residual_tape(self) -> Tape:
        """Tape of the residuals, of an objective that has them."""
        require_residuals(self)
        return self.residuals  # type: ignore[return-value]

    @cached_property
    def floats(self) -> FormulaFloats:
        from hallucert.objectives.floats import FormulaFloats  # no proof needs them

        return FormulaFloats(self)

    def enclose_value(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> Ball:
        return self.tape.evaluate(arithmetic, x)[0]

    def enclose_gradient(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[Ball]:
        return self.gradient_tape.evaluate(arithmetic, x)

    def enclose_hessian(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[list[Ball]]:
        d = self.dimension
        lower = self.hessian_tape.evaluate(arithmetic, x)
        return [[lower[max(i, j) * (max(i, j) + 1) // 2 + min(i, j)] for j in range(d)] for i in range(d)]

    def enclose_residual(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[Ball]:
        return self.residual_tape.evaluate(arithmetic, x)

    def enclose_residual_jacobian(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[list[Ball]]:
        d, flat = self.dimension, self.residual_jacobian_tape.evaluate(arithmetic, x)
        return [flat[i * d : (i + 1) * d] for i in range(self.residual_count)]

    def to_json(self) -> dict[str, object]:
        from hallucert.objectives.writing import to_json  # no proof writes it

        return to_json(self)


def least_squares(residuals: Tape, n: Exact = 1, name: str | None = None) -> FormulaObjective:
    """Return ``f = (1/2n) |r|^2`` for the tape of ``r``."""
    scale = exact(n, "n")
    require(scale > 0, "n", n, "be positive")
    builder = TapeBuilder(residuals.variables)
    total = builder.constant(0)
    for output in builder.include(residuals, [builder.variable(i) for i in range(residuals.dimension)]):
        total = builder.add(total, builder.power(output, 2))
    tape = builder.tape([builder.mul(builder.constant(1 / (2 * scale)), total)])
    return FormulaObjective(tape, residuals, scale, name)
