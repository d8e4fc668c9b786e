"""Objectives kept as tapes: a formula, or the residuals of a least-squares problem."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.arguments import checked_text
from hallucert.errors import ArgumentError
from hallucert.exact import Exact, exact, format_rational
from hallucert.objectives.domain import conditions, edge_tape, guarded
from hallucert.objectives.objective import Objective
from hallucert.objectives.tape.builder import TapeBuilder
from hallucert.objectives.tape.derivatives import directional_tape, gradient_tape, hessian_tape, jacobian_tape
from hallucert.objectives.tape.tape import Arithmetic, Tape
from hallucert.objectives.tape.text import formula

if TYPE_CHECKING:
    from hallucert.objectives.tape.machine import Program


DERIVATIVES = frozenset({"gradient_tape", "hessian_tape", "residual_jacobian_tape", "_hessian_vector_tape"})
"""Tapes that floats run only where the function itself is defined; elsewhere lanes come out as NaN."""


class FormulaObjective(Objective):
    """An objective kept as a tape.

    Parameters
    ----------
    tape : Tape
        The function, with one output.
    residuals : Tape, optional
        For ``f = (1/2n) |r|^2``: the tape of ``r``, with `m` outputs; `tape` must be `least_squares_tape` of it.
    n : exact positive number
        The ``n`` in ``1/2n``.
    name : str, optional
        Name for reports.
    """

    def __init__(self, tape: Tape, residuals: Tape | None = None, n: Exact = 1, name: str | None = None) -> None:
        if len(tape.outputs) != 1:
            raise ArgumentError("tape", repr(tape), "have exactly one output")
        self.tape = tape
        self.residuals = residuals
        self.n = exact(n, "n")
        if self.n <= 0:
            raise ArgumentError("n", n, "be positive")
        self.variables = tape.variables
        self.name = checked_text(name, "name") or self._describe()

    def _describe(self) -> str:
        """A name for want of one: the formula, or the residuals, if they are short."""
        if self.residuals is None:
            return formula(self.tape) or f"a function of {self.dimension} variables"
        parts = [formula(self.residuals, i) or "..." for i in range(min(self.residual_count, 3))]
        more = ", ..." if self.residual_count > 3 else ""
        return f"|({', '.join(parts)}{more})|^2 / {format_rational(2 * self.n)}"

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
        return hessian_tape(self.tape)

    @cached_property
    def residual_jacobian_tape(self) -> Tape:
        """Tape of the residual Jacobian, row by row."""
        self._require_residuals()
        return jacobian_tape(self.residuals)  # type: ignore[arg-type]

    @cached_property
    def domain_tape(self) -> Tape | None:
        """Tape of the domain arguments (`edge_tape`), or None if the function has no edge of its domain."""
        return edge_tape(self.tape)

    def in_units(self, length: int, height: int) -> FormulaObjective:
        """Return ``h(y) = f(2**length y) / 2**height``, without residuals."""
        if length == height == 0:
            return self
        builder = TapeBuilder(self.variables)
        unit = builder.constant(Fraction(2) ** length)
        inputs = [builder.mul(unit, builder.variable(i)) for i in range(self.dimension)]
        (value,) = builder.include(self.tape, inputs)
        return FormulaObjective(builder.tape([builder.mul(builder.constant(Fraction(2) ** -height), value)]))

    # floats: each tape is lowered once and run by the one kernel

    def value_lanes(self, x: np.ndarray) -> np.ndarray:
        """``f`` on lanes, unchecked."""
        return self._run("tape", x)[:, 0]

    def gradient_lanes(self, x: np.ndarray) -> np.ndarray:
        """Gradients on lanes, unchecked."""
        return self._run("gradient_tape", x)

    def hessian_lanes(self, x: np.ndarray) -> np.ndarray:
        """Hessians on lanes, unchecked."""
        d = self.dimension
        lower = self._run("hessian_tape", x)
        full = np.empty((x.shape[0], d, d))
        rows, columns = self._lower_triangle
        full[:, rows, columns] = lower
        full[:, columns, rows] = lower
        return full

    def hessian_vector_lanes(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Hessian-vector products on lanes, unchecked."""
        return self._run("_hessian_vector_tape", np.concatenate([x, v], axis=1))

    def residual_lanes(self, x: np.ndarray) -> np.ndarray:
        """Residuals on lanes, unchecked."""
        return self._run("residuals", x)

    def residual_jacobian_lanes(self, x: np.ndarray) -> np.ndarray:
        """Residual Jacobians on lanes, unchecked."""
        return self._run("residual_jacobian_tape", x).reshape(x.shape[0], self.residual_count, self.dimension)

    def domain_arguments(self, x: np.ndarray) -> np.ndarray:
        """What vanishes at the edge of the domain, on lanes."""
        return np.empty((len(x), 0)) if self.domain_tape is None else self._run("domain_tape", x)

    def nearest_edge(self, x: np.ndarray) -> str:
        """Return the domain argument nearest to zero as a formula, "" where there is none, or it is long."""
        if self.domain_tape is None:
            return ""
        return formula(self.domain_tape, int(np.argmin(np.abs(self.domain_arguments(x[None, :])[0])))) or ""

    @cached_property
    def _hessian_vector_tape(self) -> Tape:
        return directional_tape(self.gradient_tape)

    @cached_property
    def _programs(self) -> dict[str, Program]:
        return {}

    def _program(self, tape_name: str) -> Program:
        if tape_name not in self._programs:
            from hallucert.objectives.tape.machine import lower

            tape = getattr(self, tape_name)
            self._programs[tape_name] = lower(guarded(tape, self.tape) if tape_name in DERIVATIVES else tape)
        return self._programs[tape_name]

    def _run(self, tape_name: str, x: np.ndarray) -> np.ndarray:
        from hallucert.objectives.tape.machine import run

        out = run(self._program(tape_name), x)
        if tape_name in DERIVATIVES and self._has_edge:
            out[np.isnan(out[:, 0])] = np.nan
        return out

    @cached_property
    def _lower_triangle(self) -> tuple[np.ndarray, np.ndarray]:
        return np.tril_indices(self.dimension)

    @cached_property
    def _has_edge(self) -> bool:
        return bool(conditions(self.tape))

    def gradient_program(self, exponent: int = 0) -> Program:
        """Return ``2**exponent g`` as a program of the float machine."""
        if exponent == 0:
            return self._program("gradient_tape")
        from hallucert.objectives.tape.machine import lower

        builder = TapeBuilder(self.variables, strict=False)
        gradient = builder.include(self.gradient_tape, [builder.variable(i) for i in range(self.dimension)])
        factor = builder.constant(Fraction(2) ** exponent)
        scaled = builder.tape([builder.mul(factor, entry) for entry in gradient])
        return lower(guarded(scaled, self.tape))

    # balls

    def enclose_value(self, arithmetic: Arithmetic, x: Sequence[Any]) -> Any:
        """Enclosure of ``f`` on the box `x`."""
        return self.tape.evaluate(arithmetic, x)[0]

    def enclose_gradient(self, arithmetic: Arithmetic, x: Sequence[Any]) -> list[Any]:
        """Enclosure of the gradient on the box `x`."""
        return self.gradient_tape.evaluate(arithmetic, x)

    def enclose_hessian(self, arithmetic: Arithmetic, x: Sequence[Any]) -> list[list[Any]]:
        """Enclosure of the Hessian on the box `x`."""
        d = self.dimension
        lower = self.hessian_tape.evaluate(arithmetic, x)
        return [[lower[max(i, j) * (max(i, j) + 1) // 2 + min(i, j)] for j in range(d)] for i in range(d)]

    def enclose_residual(self, arithmetic: Arithmetic, x: Sequence[Any]) -> list[Any]:
        """Enclosure of the residuals on the box `x`."""
        self._require_residuals()
        return self.residuals.evaluate(arithmetic, x)  # type: ignore[union-attr]

    def enclose_residual_jacobian(self, arithmetic: Arithmetic, x: Sequence[Any]) -> list[list[Any]]:
        """Enclosure of the residual Jacobian on the box `x`."""
        d, flat = self.dimension, self.residual_jacobian_tape.evaluate(arithmetic, x)
        return [flat[i * d : (i + 1) * d] for i in range(self.residual_count)]

    def to_json(self) -> dict[str, Any]:
        """Return the problem as plain data."""
        if self.residuals is None:
            return {"kind": "formula", "tape": self.tape.to_json()}
        return {"kind": "least_squares", "residuals": self.residuals.to_json(), "n": format_rational(self.n)}


def least_squares_tape(residuals: Tape, n: Exact = 1) -> Tape:
    """Return the tape of ``(1/2n) |r|^2`` for the tape of ``r``."""
    scale = exact(n, "n")
    if scale <= 0:
        raise ArgumentError("n", n, "be positive")
    builder = TapeBuilder(residuals.variables)
    outputs = builder.include(residuals, [builder.variable(i) for i in range(residuals.dimension)])
    total = builder.constant(0)
    for output in outputs:
        total = builder.add(total, builder.power(output, 2))
    return builder.tape([builder.mul(builder.constant(1 / (2 * scale)), total)])
