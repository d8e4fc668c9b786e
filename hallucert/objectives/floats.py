"""Objectives in floats: the public methods of `Objective` that take points, and formulas on lanes of points.

Each tape of a formula is lowered once and run by the one kernel.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.arguments import quiet
from hallucert.arrays import checked_lanes
from hallucert.errors import ArgumentError, DomainError
from hallucert.objectives.builder import TapeBuilder, node_slopes
from hallucert.objectives.domain import conditions, edge_tape, guarded
from hallucert.objectives.front_ends.functions import formula
from hallucert.objectives.objective import require_residuals
from hallucert.objectives.tape import Tape

if TYPE_CHECKING:
    from hallucert.objectives.formula import FormulaObjective
    from hallucert.objectives.machine import Program
    from hallucert.objectives.objective import Objective


class Floats:
    """A function on lanes of points (k, d), unchecked: NaN and inf in, NaN and inf out."""

    def value(self, x: np.ndarray) -> np.ndarray:
        """Return ``f``, (k,)."""
        raise NotImplementedError

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """Return the gradients, (k, d)."""
        raise NotImplementedError

    def hessian(self, x: np.ndarray) -> np.ndarray:
        """Return the Hessians, (k, d, d)."""
        raise NotImplementedError

    def hessian_vector(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return the products ``H(x) v``, (k, d)."""
        raise NotImplementedError

    def residual(self, x: np.ndarray) -> np.ndarray:
        """Return the residuals, (k, m), of an objective that has them."""
        raise NotImplementedError

    def residual_jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return the derivatives of the residuals, (k, m, d)."""
        raise NotImplementedError

    def domain_arguments(self, x: np.ndarray) -> np.ndarray:
        """Return what vanishes at the edge of the domain, (k, n)."""
        return np.empty((len(x), 0))

    def nearest_edge(self, x: np.ndarray) -> str:
        """Return the domain argument nearest to zero at a point (d,) as a formula, "" where there is none."""
        return ""

    def gradient_program(self, exponent: int) -> Program | None:
        """Return ``2**exponent g`` as a program of the float machine, None if there is none."""
        return None


# ---------------------------------------------------------------------- methods of `Objective`


@quiet
def value(self: Objective, x: object) -> Any:
    """Return ``f(x)``.

    Parameters
    ----------
    x : (d,) or (k, d) array
        One point, or lanes of points.

    Returns
    -------
    float or (k,) array

    Raises
    ------
    ArgumentError
        If `x` has the wrong shape or is not finite.
    DomainError
        If `x` is a single point where the function is not defined.
    """
    lanes, single = checked_points(self, x)
    return answer(self, self.value_lanes(lanes), single)


@quiet
def gradient(self: Objective, x: object) -> np.ndarray:
    """Return the gradient. Raises as `value`.

    Parameters
    ----------
    x : (d,) or (k, d) array
        One point, or lanes of points.

    Returns
    -------
    (d,) or (k, d) array
    """
    lanes, single = checked_points(self, x)
    return answer(self, self.gradient_lanes(lanes), single)


@quiet
def hessian(self: Objective, x: object) -> np.ndarray:
    """Return the Hessian. Raises as `value`.

    Parameters
    ----------
    x : (d,) or (k, d) array
        One point, or lanes of points.

    Returns
    -------
    (d, d) or (k, d, d) array
    """
    lanes, single = checked_points(self, x)
    return answer(self, self.hessian_lanes(lanes), single)


@quiet
def hessian_vector_product(self: Objective, x: object, v: object) -> np.ndarray:
    """Return ``H(x) v`` without forming the Hessian.

    Parameters
    ----------
    x : (d,) or (k, d) array
        One point, or lanes of points.
    v : array of the shape of `x`
        A direction for every point.

    Returns
    -------
    (d,) or (k, d) array

    Raises
    ------
    ArgumentError
        If `x` or `v` has the wrong shape or is not finite.
    DomainError
        If `x` is a single point where the function is not defined.
    """
    lanes, one = checked_points(self, x)
    directions, single = checked_points(self, v, "v")
    if lanes.shape != directions.shape:
        must = f"have the shape of x, {_shape(lanes, one)}"
        raise ArgumentError("v", f"<array of shape {_shape(directions, single)}>", must)
    return answer(self, self.hessian_vector_lanes(lanes, directions), one)


@quiet
def residual(self: Objective, x: object) -> np.ndarray:
    """Return the residuals ``r(x)``.

    Parameters
    ----------
    x : (d,) or (k, d) array
        One point, or lanes of points.

    Returns
    -------
    (m,) or (k, m) array

    Raises
    ------
    ArgumentError
        If `x` has the wrong shape or is not finite, or the objective is not in residual form.
    DomainError
        If `x` is a single point where the function is not defined.
    """
    require_residuals(self)
    lanes, single = checked_points(self, x)
    return answer(self, self.residual_lanes(lanes), single)


@quiet
def residual_jacobian(self: Objective, x: object) -> np.ndarray:
    """Return the derivative of the residuals, ``Dr(x)``. Raises as `residual`.

    Parameters
    ----------
    x : (d,) or (k, d) array
        One point, or lanes of points.

    Returns
    -------
    (m, d) or (k, m, d) array
    """
    require_residuals(self)
    lanes, single = checked_points(self, x)
    return answer(self, self.residual_jacobian_lanes(lanes), single)


def domain_arguments(self: Objective, x: np.ndarray) -> np.ndarray:
    """Return what vanishes at the edge of the domain.

    Arguments of logarithms, roots and real powers and denominators, each split into its factors: along a curve in
    the domain none changes its sign.

    Parameters
    ----------
    x : array of shape (k, d)
        Points, unchecked.

    Returns
    -------
    array of shape (k, n)
        NaN where an argument is undefined itself; n = 0 if there is no edge.
    """
    return self.floats.domain_arguments(x)


def nearest_edge(self: Objective, x: np.ndarray) -> str:
    """Return the domain argument that is nearest to zero.

    Parameters
    ----------
    x : array of shape (d,)
        A point, unchecked.

    Returns
    -------
    str
        A formula; empty where there is none, or it is long.
    """
    return self.floats.nearest_edge(x)


def gradient_program(self: Objective, exponent: int = 0) -> Program | None:
    """Return the gradient as a program of the float machine, for kernels that run it themselves.

    Parameters
    ----------
    exponent : int
        The program computes ``2**exponent g``.

    Returns
    -------
    Program or None
        None if there is none.
    """
    return self.floats.gradient_program(exponent)


def checked_points(f: Objective, x: object, argument: str = "x") -> tuple[np.ndarray, bool]:
    """Return `x` as float lanes (k, d) and whether it was a single point."""
    array = checked_lanes(x, f.dimension, argument, single=True)
    return np.atleast_2d(array), array.ndim == 1


def _shape(lanes: np.ndarray, single: bool) -> tuple[int, ...]:
    return lanes.shape[1:] if single else lanes.shape


def answer(f: Objective, lanes: np.ndarray, single: bool) -> Any:
    """Return what was computed for `checked_points`; a single point has to be in the domain."""
    if not single:
        return lanes
    if not np.isfinite(lanes).all():
        raise DomainError(f"{f.name} or its derivative is not defined (or overflows) at x")
    return float(lanes[0]) if lanes.ndim == 1 else lanes[0]


# ---------------------------------------------------------------------- formulas


class FormulaFloats(Floats):
    """A formula in floats: derivatives come out as NaN where the function itself is not defined."""

    def __init__(self, f: FormulaObjective) -> None:
        self.f = f
        self._programs: dict[str, Program] = {}

    def value(self, x: np.ndarray) -> np.ndarray:
        return self._run("tape", x)[:, 0]

    def gradient(self, x: np.ndarray) -> np.ndarray:
        return self._guarded("gradient_tape", x)

    def hessian(self, x: np.ndarray) -> np.ndarray:
        d = self.f.dimension
        lower = self._guarded("hessian_tape", x)
        full = np.empty((x.shape[0], d, d))
        rows, columns = self._lower_triangle
        full[:, rows, columns] = lower
        full[:, columns, rows] = lower
        return full

    def hessian_vector(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        return self._guarded("hessian_vector_tape", np.concatenate([x, v], axis=1))

    def residual(self, x: np.ndarray) -> np.ndarray:
        return self._run("residuals", x)

    def residual_jacobian(self, x: np.ndarray) -> np.ndarray:
        return self._guarded("residual_jacobian_tape", x).reshape(x.shape[0], self.f.residual_count, self.f.dimension)

    def domain_arguments(self, x: np.ndarray) -> np.ndarray:
        return np.empty((len(x), 0)) if self._edge is None else self._run("edge", x)

    def nearest_edge(self, x: np.ndarray) -> str:
        if self._edge is None:
            return ""
        return formula(self._edge, int(np.argmin(np.abs(self.domain_arguments(x[None, :])[0])))) or ""

    def gradient_program(self, exponent: int) -> Program:
        if exponent == 0:
            return self._program("gradient_tape", True)
        from hallucert.objectives.machine import lower

        builder = TapeBuilder(self.f.variables, strict=False)
        entries = builder.include(self.f.gradient_tape, [builder.variable(i) for i in range(self.f.dimension)])
        factor = builder.constant(Fraction(2) ** exponent)
        scaled = builder.tape([builder.mul(factor, entry) for entry in entries])
        return lower(guarded(scaled, self.f.tape))

    @cached_property
    def _edge(self) -> Tape | None:
        return edge_tape(self.f.tape)

    @cached_property
    def _has_edge(self) -> bool:
        return bool(conditions(self.f.tape))

    @cached_property
    def _lower_triangle(self) -> tuple[np.ndarray, np.ndarray]:
        return np.tril_indices(self.f.dimension)

    def _tape(self, name: str) -> Tape:
        if name == "hessian_vector_tape":
            return directional_tape(self.f.gradient_tape)
        if name == "edge" and self._edge is not None:
            return self._edge
        tape: Tape = getattr(self.f, name)
        return tape

    def _program(self, name: str, within: bool) -> Program:
        if name not in self._programs:
            from hallucert.objectives.machine import lower

            tape = self._tape(name)
            self._programs[name] = lower(guarded(tape, self.f.tape) if within else tape)
        return self._programs[name]

    def _run(self, name: str, x: np.ndarray, within: bool = False) -> np.ndarray:
        from hallucert.objectives.machine import run

        return run(self._program(name, within), x)

    def _guarded(self, name: str, x: np.ndarray) -> np.ndarray:
        """Run a tape of derivatives `within` the domain of the function."""
        out = self._run(name, x, within=True)
        if self._has_edge:
            out[np.isnan(out[:, 0])] = np.nan
        return out


def directional_tape(tape: Tape) -> Tape:
    """Return the tape of ``D tape(x) v``: inputs are the `d` coordinates of ``x`` and then the `d` of ``v``.

    Forward mode: the cost is a small multiple of the cost of `tape`, whatever the number of outputs.
    """
    d = tape.dimension
    builder = TapeBuilder([f"x{i}" for i in range(d)] + [f"v{i}" for i in range(d)], strict=False)
    inputs = [builder.variable(i) for i in range(d)]
    primal = builder.include_nodes(tape, inputs)
    zero = builder.constant(0)
    tangent: list[int] = []
    for i, node in enumerate(tape.nodes):
        if node.op == "var":
            tangent.append(builder.variable(d + node.a))
            continue
        total = zero
        for operand, slope in node_slopes(builder, node, primal[i], primal):
            total = builder.add(total, builder.mul(slope, tangent[operand]))
        tangent.append(total)
    return builder.tape([tangent[i] for i in tape.outputs])
