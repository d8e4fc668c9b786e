"""Objectives in floats: the public methods of `Objective` that take points, and formulas on lanes of points.

Each tape of a formula is lowered once and run by the one kernel.

A formula is defined where its operations are (see the table in `hallucert.objectives.tape`): ``0*log(x + 1)`` is
undefined for ``x <= -1`` although its derivative, as a formula, is 0. So the edge of its domain is where the argument
of a logarithm, a root or a real power, or a denominator, vanishes, and as these arguments are continuous, a curve
leaves the domain where one of them vanishes on it. An argument that is a product vanishes with one of its factors:
``(x + 1)**2`` does not change its sign at the edge, ``x + 1`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.arguments import quiet
from hallucert.arrays import checked_lanes, short
from hallucert.errors import ArgumentError, DomainError
from hallucert.objectives.builder import TapeBuilder, node_slopes
from hallucert.objectives.objective import require_residuals
from hallucert.objectives.tape import Node, Tape, prune
from hallucert.objectives.writing import formula

if TYPE_CHECKING:
    from hallucert.objectives.formula import FormulaObjective
    from hallucert.objectives.machine.program import Program
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
        """Return what vanishes at the edge of the domain, (k, n), NaN where undefined.

        Arguments of logarithms, roots and real powers and denominators, each split into its factors: along a curve in
        the domain none changes its sign.
        """
        return np.empty((len(x), 0))

    def nearest_edge(self, x: np.ndarray) -> str:
        """Return the domain argument nearest to zero at a point (d,) as a formula, "" if none, or it is long."""
        return ""

    def gradient_program(self, exponent: int) -> Program | None:
        """Return ``2**exponent g`` as a program of the float machine, None if there is none."""
        return None


# ---------------------------------------------------------------------- methods of `Objective`


def _method(name: str, what: str, shape: str, form: str = "") -> Any:
    """Return a method of `Objective` that checks points for that of its floats, and answers in their `shape`.

    `form` is a further condition, that of an objective in residual form.
    """

    @quiet
    def method(self: Objective, x: object) -> Any:
        if form:
            require_residuals(self)
        points, single = checked_points(self, x)
        return answer(self, points, getattr(self.floats, name)(points), single)

    method.__name__, method.__qualname__ = name, f"Objective.{name}"
    method.__doc__ = f"""Return {what}.

    Parameters
    ----------
    x : (d,) or (k, d) array
        One point, or lanes of points.

    Returns
    -------
    {shape} array

    Raises
    ------
    ArgumentError
        If `x` has the wrong shape or is not finite{form}.
    DomainError
        If `x` is a single point where the function is not defined.
    """
    return method


RESIDUAL_FORM = ", or the objective is not in residual form"

value = _method("value", "``f(x)``", "float or (k,)")
gradient = _method("gradient", "the gradient", "(d,) or (k, d)")
hessian = _method("hessian", "the Hessian", "(d, d) or (k, d, d)")
residual = _method("residual", "the residuals ``r(x)``", "(m,) or (k, m)", RESIDUAL_FORM)
residual_jacobian = _method(
    "residual_jacobian", "the derivative ``Dr(x)`` of the residuals", "(m, d) or (k, m, d)", RESIDUAL_FORM
)


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
    return answer(self, lanes, self.floats.hessian_vector(lanes, directions), one)


def checked_points(f: Objective, x: object, argument: str = "x") -> tuple[np.ndarray, bool]:
    """Return `x` as float lanes (k, d) and whether it was a single point."""
    array = checked_lanes(x, f.dimension, argument, single=True)
    return np.atleast_2d(array), array.ndim == 1


def _shape(lanes: np.ndarray, single: bool) -> tuple[int, ...]:
    return lanes.shape[1:] if single else lanes.shape


def answer(f: Objective, x: np.ndarray, lanes: np.ndarray, single: bool) -> Any:
    """Return what was computed for the `checked_points` `x`; a single point has to be in the domain."""
    if not single:
        return lanes
    if not np.isfinite(lanes).all():
        raise DomainError(f"{f.name} or its derivative is not defined (or overflows) at x = {short(x[0])}")
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
        from hallucert.objectives.machine.program import lower

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
            from hallucert.objectives.machine.program import lower

            tape = self._tape(name)
            self._programs[name] = lower(guarded(tape, self.f.tape) if within else tape)
        return self._programs[name]

    def _run(self, name: str, x: np.ndarray, within: bool = False) -> np.ndarray:
        from hallucert.objectives.machine.interpreter import run

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


# ---------------------------------------------------------------------- domains of formulas

UNKNOWN, NONNEGATIVE, POSITIVE = range(3)
"""What is known about the sign of a node wherever the tape is defined."""


@dataclass(frozen=True)
class Conditions:
    """What has to hold where a tape is defined, apart from what always holds: of which nodes, by their numbers."""

    positive: tuple[int, ...]
    nonzero: tuple[int, ...]

    def __bool__(self) -> bool:
        return bool(self.positive or self.nonzero)


def conditions(tape: Tape) -> Conditions:
    """Return the conditions of a tape: none for polynomials, exponentials, ``1/(1 + x**2)``, ``log(1 + exp(x))``."""
    sign = _signs(tape)
    positive: dict[int, None] = {}
    nonzero: dict[int, None] = {}
    for node in tape.nodes:
        if node.op in ("log", "sqrt", "rpow") and sign[node.a] != POSITIVE:
            positive[node.a] = None
        denominator = node.b if node.op == "div" else node.a if node.op == "pow" and node.b < 0 else None
        if denominator is not None and sign[denominator] != POSITIVE and not _is_nonzero(tape.nodes[denominator]):
            nonzero[denominator] = None
    return Conditions(tuple(positive), tuple(nonzero))


def edge_tape(tape: Tape) -> Tape | None:
    """Return the tape of the domain arguments, one of which vanishes on the edge; None if there is no edge.

    They are the nodes of `conditions` split into their factors. Along a curve in the domain none of them changes its
    sign; if they keep their signs from a point where the tape is defined, it stays defined.
    """
    found = conditions(tape)
    sign = _signs(tape)
    pending, seen, factors = [*found.positive, *found.nonzero], set[int](), list[int]()
    while pending:
        i = pending.pop()
        if i in seen or sign[i] == POSITIVE or _is_nonzero(tape.nodes[i]):
            continue
        seen.add(i)
        node = tape.nodes[i]
        if node.op == "mul":
            pending += [node.a, node.b]
        elif node.op in ("neg", "tanh", "erf", "div") or (node.op == "pow" and node.b > 0):
            pending.append(node.a)
        elif node.op != "pow":  # the base of a negative power is an argument itself
            factors.append(i)
    return prune(Tape(tape.variables, tape.nodes, tuple(sorted(factors)))) if factors else None


def guarded(derivative: Tape, function: Tape) -> Tape:
    """Return a tape of derivatives whose first output is undefined (NaN, in floats) where `function` is.

    Differentiation enlarges domains, ``1/x`` against ``log(x)``. What is added to the first output is zero on the
    domain. Inputs of `derivative` beyond those of `function` are not looked at.
    """
    needed = conditions(function)
    if not needed:
        return derivative
    builder = TapeBuilder(derivative.variables, strict=False)
    inputs = [builder.variable(i) for i in range(derivative.dimension)]
    first, *others = builder.include(derivative, inputs)
    nodes = builder.include_nodes(function, inputs[: function.dimension])
    for i in needed.positive:
        first = builder.add(first, builder.guard(builder.unary("sqrt", nodes[i])))
    for i in needed.nonzero:
        first = builder.add(first, builder.guard(nodes[i]))
    return builder.tape([first, *others])


def _is_nonzero(node: Node) -> bool:
    return node.op == "const" and node.value != 0


def _signs(tape: Tape) -> list[int]:
    """Return for every node what is known of its sign; negative ones are not followed."""
    sign: list[int] = []
    for node in tape.nodes:
        sign.append(_sign(node, sign))
    return sign


def _sign(node: Node, sign: list[int]) -> int:
    match node.op:
        case "const":
            return POSITIVE if node.value > 0 else NONNEGATIVE if node.value == 0 else UNKNOWN  # type: ignore[operator]
        case "pi" | "exp" | "softplus" | "sqrt" | "rpow":
            return POSITIVE
        case "add":
            return max(sign[node.a], sign[node.b]) if sign[node.a] and sign[node.b] else UNKNOWN
        case "mul":
            return min(sign[node.a], sign[node.b])
        case "div":
            return sign[node.a] if sign[node.b] else UNKNOWN
        case "tanh" | "erf":
            return sign[node.a]
        case "pow":
            known = sign[node.a] if node.b % 2 else max(sign[node.a], NONNEGATIVE)
            # A base with a negative exponent is not zero.
            return POSITIVE if node.b == 0 or (node.b < 0 and known) else known
    return UNKNOWN
