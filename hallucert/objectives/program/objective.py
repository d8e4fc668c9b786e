"""An array program as an objective: its parameters are the coordinates, its output is the loss or the residuals."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from hallucert.arguments import checked_text
from hallucert.errors import ArgumentError, CertificateError
from hallucert.exact import Exact, exact, format_rational
from hallucert.objectives.objective import Objective, require_residuals
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.derivatives import hessian_blocks, pullback, pushforward
from hallucert.objectives.program.evaluate import Array, Arrays, BallArrays
from hallucert.objectives.program.files import program_from_json, program_to_json
from hallucert.objectives.program.program import Program, Shape, entries
from hallucert.objectives.tape import Arithmetic, Ball, read_rational

if TYPE_CHECKING:
    from hallucert.balls import BallArithmetic
    from hallucert.objectives.program.floats import ProgramFloats

NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")
"""Names of parameter arrays: those that PyTorch gives."""
LONGEST = 200


class ProgramObjective(Objective):
    """A loss that is given as an array program, such as that of a network read from PyTorch.

    Its ``d`` variables are the entries of the inputs, one array after the other, each row-major. The program has one
    output: the value, of shape (), or the residuals, of shape (m,), and then ``f = (1/2n) |r|^2``.

    Parameters
    ----------
    program : Program
        The function of the parameter arrays.
    names : sequence of str
        Names of the parameter arrays; entries are called ``0.weight[0,2]``.
    n : exact positive number
        The ``n`` in ``(1/2n) |r|^2``; 1 for a program that gives the value.
    name : str, optional
        Name for reports.
    parameters : (d,) array, optional
        The point at which the program was read, if there is one.

    Raises
    ------
    ArgumentError
        If the program has more than one output, or it is neither a number nor a vector, or names do not fit.
    """

    def __init__(
        self,
        program: Program,
        names: Sequence[str],
        n: Exact = 1,
        name: str | None = None,
        parameters: np.ndarray | None = None,
    ) -> None:
        if len(program.outputs) != 1 or len(program.output_shapes[0]) > 1:
            raise ArgumentError("program", repr(program), "have one output, of shape () or (m,)")
        if len(names) != len(program.inputs) or len(set(names)) != len(names):
            raise ArgumentError("names", names, f"be {len(program.inputs)} names, each once")
        if any(not isinstance(name, str) or len(name) > LONGEST or not NAME.fullmatch(name) for name in names):
            raise ArgumentError("names", names, f"be words, joined by dots, of at most {LONGEST} letters and digits")
        self.n = exact(n, "n")
        if self.n <= 0:
            raise ArgumentError("n", n, "be positive")
        self.program, self.names, self.parameters = program, tuple(names), parameters
        self._residuals = entries(program.output_shapes[0]) if program.output_shapes[0] else 0
        self._ends = np.cumsum([entries(shape) for shape in program.inputs]).tolist()
        self.name = checked_text(name, "name") or self._describe()

    def _describe(self) -> str:
        loss = f"squared error, {self._residuals} residuals" if self._residuals else "loss"
        return f"array program of {self.dimension} parameters, {loss}"

    def __repr__(self) -> str:
        return f"<ProgramObjective {self.name[:60]!r} of {self.dimension} parameters>"

    @property
    def dimension(self) -> int:
        """Number of parameters."""
        return int(self._ends[-1])

    @cached_property
    def variables(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the parameters: that of their array, and the indices from 0."""
        return entry_names(self.names, self.program.inputs)

    @property
    def residual_count(self) -> int:
        """Number of residuals, 0 if the program gives the value."""
        return self._residuals

    # ------------------------------------------------------------------ derived programs

    @cached_property
    def value_program(self) -> Program:
        """The value as a program: half the mean square of the residuals, if these are what is given."""
        if not self._residuals:
            return self.program
        builder = ProgramBuilder(self.program.inputs)
        done = builder.include(self.program, [builder.input(i) for i in range(len(builder.inputs))])
        r = done[self.program.outputs[0]]
        return builder.program([builder.scale(1 / (2 * self.n), builder.contract("m,m->", r, r))])

    @cached_property
    def gradients(self) -> Program:
        """The gradient, one array for each input: the pullback of 1."""
        back = pullback(self.value_program)
        builder = ProgramBuilder(self.program.inputs)
        inputs = [builder.input(i) for i in range(len(builder.inputs))]
        done = builder.include(back, [*inputs, builder.constant(1)])
        return builder.program([done[i] for i in back.outputs])

    @cached_property
    def second(self) -> Program:
        """The gradient and, for tangents, its derivative: Hessian-vector products."""
        return pushforward(self.gradients)

    @cached_property
    def blocks(self) -> Program:
        """One half of the Hessian, block by block."""
        return hessian_blocks(self.gradients)

    def full_hessian(self, arrays: Arrays, x: Array, unit: Callable[[int], Array]) -> Array:
        """Return the Hessian at one point, from `unit` matrices; exactly symmetric."""
        shapes, ends, d = self.program.inputs, [0, *self._ends], self.dimension
        tangents = [unit(entries(shape)).reshape((-1, *shape)) for shape in shapes]
        found = iter(arrays.run(self.blocks, [*self.split(x), *tangents]))
        result = np.empty((d, d), dtype=object if x.dtype == object else float)
        for i in range(len(shapes)):
            for j in range(i, len(shapes)):
                size = ends[i + 1] - ends[i], ends[j + 1] - ends[j]
                rows = np.broadcast_to(next(found), (size[0], *shapes[j])).reshape(size)
                if i == j:
                    rows = np.where(np.tri(size[0], dtype=bool), rows, rows.T)
                result[ends[i] : ends[i + 1], ends[j] : ends[j + 1]] = rows
                result[ends[j] : ends[j + 1], ends[i] : ends[i + 1]] = rows.T
        return result

    @cached_property
    def residual_pullback(self) -> Program:
        """Cotangents of the residuals pulled back to the parameters."""
        return pullback(self.program)

    # ------------------------------------------------------------------ one code for floats and balls

    def split(self, x: Array) -> list[Array]:
        """Return the parameter arrays of points (d,) or lanes (k, d)."""
        blocks = np.split(x, self._ends[:-1], axis=-1)
        return [b.reshape((*x.shape[:-1], *shape)) for b, shape in zip(blocks, self.program.inputs, strict=True)]

    def joined(self, arrays: Sequence[Array], lanes: int) -> Array:
        """Return parameter arrays as vectors (d,), or lanes (k, d) for ``k = lanes > 0``."""
        front = (lanes,) if lanes else ()
        blocks = []
        for array, shape in zip(arrays, self.program.inputs, strict=True):
            blocks.append(np.broadcast_to(array, front + shape).reshape((*front, -1)))
        return np.concatenate(blocks, axis=-1)

    def curved(self, arrays: Arrays, x: Array, v: Array) -> Array:
        """Return ``H(x) v`` for directions (k, d), at one point (d,) or at lanes (k, d)."""
        runs = arrays.run(self.second, [*self.split(x), *self.split(v)])
        return self.joined(runs[len(self.program.inputs) :], len(v))

    def slopes(self, arrays: Arrays, x: Array, unit: Array, m: int) -> Array:
        """Return the Jacobian of the residuals at one point: as many pullbacks as there are residuals."""
        return self.joined(arrays.run(self.residual_pullback, [*self.split(x), unit]), m)

    @cached_property
    def floats(self) -> ProgramFloats:
        """The programs in floats."""
        from hallucert.objectives.program.floats import ProgramFloats

        return ProgramFloats(self)

    # ------------------------------------------------------------------ balls

    def _ball_arrays(self, arithmetic: Arithmetic[Ball]) -> BallArrays:
        """The arrays of an arithmetic, in which the constants of the program are made once."""
        known: BallArrays | None = self.__dict__.get("_balls")
        if known is None or known.arithmetic is not arithmetic:
            known = self.__dict__["_balls"] = BallArrays(cast("BallArithmetic", arithmetic))
        return known

    def __getstate__(self) -> dict[str, object]:
        """The function alone: what is known of it in an arithmetic stays with the process."""
        return {key: value for key, value in self.__dict__.items() if key != "_balls"}

    def enclose_value(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> Ball:
        """Enclosure of ``f`` on the box `x`."""
        arrays = self._ball_arrays(arithmetic)
        return arrays.run(self.value_program, self.split(_balls(x)))[0][()]

    def enclose_gradient(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[Ball]:
        """Enclosure of the gradient on the box `x`."""
        arrays = self._ball_arrays(arithmetic)
        return self.joined(arrays.run(self.gradients, self.split(_balls(x))), 0).tolist()

    def enclose_hessian(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[list[Ball]]:
        """Enclosure of the Hessian on the box `x`."""
        arrays = self._ball_arrays(arithmetic)
        return self.full_hessian(arrays, _balls(x), lambda k: _unit(arithmetic, k)).tolist()

    def enclose_second_derivative(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball], v: Sequence[Ball]) -> Ball:
        """Enclosure of ``v^T H v`` on the box `x`, by one Hessian-vector product."""
        arrays = self._ball_arrays(arithmetic)
        return arrays.arithmetic.dot(self.curved(arrays, _balls(x), _balls(v)[None])[0].tolist(), list(v))

    def enclose_residual(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[Ball]:
        """Enclosure of the residuals on the box `x`."""
        require_residuals(self)
        return self._ball_arrays(arithmetic).run(self.program, self.split(_balls(x)))[0].tolist()

    def enclose_residual_jacobian(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[list[Ball]]:
        """Enclosure of the residual Jacobian on the box `x`."""
        require_residuals(self)
        arrays, unit = self._ball_arrays(arithmetic), _unit(arithmetic, self._residuals)
        return self.slopes(arrays, _balls(x), unit, len(unit)).tolist()

    def to_json(self) -> dict[str, object]:
        """Return the problem as plain data; `objective_from_json` reads it back."""
        return {
            "kind": "array_program",
            "program": program_to_json(self.program),
            "names": list(self.names),
            "n": format_rational(self.n),
        }


def entry_names(names: Sequence[str], shapes: Sequence[Shape]) -> tuple[str, ...]:
    """Return the names of all entries of arrays, such as ``0.weight[0,2]``."""
    return tuple(
        f"{name}[{','.join(map(str, index))}]" if index else name
        for name, shape in zip(names, shapes, strict=True)
        for index in np.ndindex(*shape)
    )


def _balls(x: Sequence[Ball]) -> Array:
    result = np.empty(len(x), dtype=object)
    result[:] = list(x)
    return result


def _unit(arithmetic: Arithmetic[Ball], k: int) -> Array:
    """The unit matrix in balls."""
    one, zero = arithmetic.constant(Fraction(1)), arithmetic.constant(Fraction(0))
    result = np.empty((k, k), dtype=object)
    result[:] = [[one if i == j else zero for j in range(k)] for i in range(k)]
    return result


def program_objective_from_json(data: Mapping[str, object], field: str) -> ProgramObjective:
    """Rebuild what `ProgramObjective.to_json` wrote, trusting nothing about it.

    Raises
    ------
    CertificateError
        Naming the field that is out of range, malformed or of the wrong type.
    """
    program, names = program_from_json(data["program"], f"{field}.program"), data["names"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CertificateError(f"{field}.names", "must be a list of names")
    try:
        return ProgramObjective(program, names, read_rational(data["n"], f"{field}.n"))
    except ArgumentError as error:
        raise CertificateError(f"{field}.{error.argument}", f"must {error.must}") from None
