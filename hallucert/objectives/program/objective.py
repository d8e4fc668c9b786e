"""An array program as an objective: its parameters are the coordinates, its output is the loss or the residuals."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from hallucert.arguments import checked_text
from hallucert.errors import ArgumentError, CertificateError, NotAnalyticError, require
from hallucert.exact import Exact, exact
from hallucert.objectives.objective import Objective, require_residuals
from hallucert.objectives.program.calculus import Calculus, Run
from hallucert.objectives.program.derivatives import pullback
from hallucert.objectives.program.evaluate import Array, Arrays, BallArrays
from hallucert.objectives.program.files import program_from_json
from hallucert.objectives.program.program import Program, Shape, entries
from hallucert.objectives.tape import Arithmetic, Ball, read_rational

if TYPE_CHECKING:
    from hallucert.balls import BallArithmetic
    from hallucert.objectives.program.floats import ProgramFloats

NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")
"""Names of parameter arrays: those that PyTorch gives."""
LONGEST = 200

MAX_WRITTEN_OUT = 12
"""Most parameters of a program that is written out as a formula."""


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
        require(self.n > 0, "n", n, "be positive")
        self.program, self.names, self.parameters = program, tuple(names), parameters
        self._residuals = entries(program.output_shapes[0]) if program.output_shapes[0] else 0
        self._ends = np.cumsum([entries(shape) for shape in program.inputs]).tolist()
        cuts = map(slice, [0, *self._ends[:-1]], self._ends)
        self._cuts = list(zip(cuts, program.inputs, strict=True))
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

    @cached_property
    def calculus(self) -> Calculus:
        """The derivatives."""
        return Calculus(self.program, self.n)

    @cached_property
    def value_program(self) -> Program:
        """The value as a program."""
        return self.calculus.builder.program([self.calculus.value])

    @property
    def gradients(self) -> Program:
        """The gradient as a program, one array for each input."""
        return self.calculus.gradients

    @cached_property
    def residual_pullback(self) -> Program:
        """Cotangents of the residuals pulled back to the parameters, as a program."""
        return pullback(self.program)

    # ------------------------------------------------------------------ one code for floats and balls

    def split(self, x: Array) -> list[Array]:
        """Return the parameter arrays of points (d,) or lanes (k, d)."""
        front = x.shape[:-1]
        return [
            x[..., cut] if len(shape) == 1 else x[..., cut].reshape(front + shape)  # no reshape: it takes as long again
            for cut, shape in self._cuts
        ]

    def joined(self, arrays: Sequence[Array], lanes: int) -> Array:
        """Return parameter arrays as vectors (d,), or lanes (k, d) for ``k = lanes > 0``."""
        front = (lanes,) if lanes else ()
        blocks = []
        for array, shape in zip(arrays, self.program.inputs, strict=True):
            whole = array if array.shape == front + shape else np.broadcast_to(array, front + shape)
            blocks.append(whole.reshape((*front, -1)))
        return np.concatenate(blocks, axis=-1)

    def curved(self, arrays: Arrays, x: Array, v: Array) -> Array:
        """Return ``H(x) v`` for directions (k, d), at one point (d,) or at lanes (k, d)."""
        return self.joined(arrays.run(self.calculus.second, [*self.split(x), *self.split(v)]), len(v))

    @cached_property
    def floats(self) -> ProgramFloats:
        """The programs in floats."""
        from hallucert.objectives.program.floats import ProgramFloats

        return ProgramFloats(self)

    # ------------------------------------------------------------------ balls

    def _run(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> Run:
        """Run on a box of parameters.

        A proof asks for value, gradient and Hessian of ``x`` and of ``x+`` in turn, so the last two runs are kept. They
        are recognised by the balls themselves, which never change, in the same arithmetic.
        """
        box, (arrays, fixed, runs) = tuple(x), self.__dict__.get("_balls", (None, {}, []))
        if arrays is None or arrays.arithmetic is not arithmetic:
            arrays, fixed, runs = BallArrays(cast("BallArithmetic", arithmetic)), {}, []
        for known, run in runs:
            if len(known) == len(box) and all(map(operator.is_, known, box)):
                return run
        run = Run(self.calculus, arrays, self.split(_balls(box)), fixed)
        self.__dict__["_balls"] = arrays, fixed, [(box, run), *runs[:1]]
        return run

    def __getstate__(self) -> dict[str, object]:
        """The function alone: what is known of it in an arithmetic stays with the process."""
        return {
            key: value
            for key, value in self.__dict__.items()
            if key not in ("_balls", "calculus", "floats", "supervised")
        }

    def enclose_value(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> Ball:
        return self._run(arithmetic, x).values([self.calculus.value])[0][()]

    def enclose_gradient(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[Ball]:
        return self.joined(self._run(arithmetic, x).values(self.calculus.gradient), 0).tolist()

    def enclose_hessian(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[list[Ball]]:
        return self._run(arithmetic, x).hessian().tolist()

    def enclose_second_derivative(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball], v: Sequence[Ball]) -> Ball:
        """Enclosure of ``v^T H v`` on the box `x`, by one Hessian-vector product."""
        arrays = BallArrays(cast("BallArithmetic", arithmetic))
        return arrays.arithmetic.dot(self.curved(arrays, _balls(x), _balls(v)[None])[0].tolist(), list(v))

    def enclose_residual(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[Ball]:
        require_residuals(self)
        return self._run(arithmetic, x).values([self.calculus.output])[0].tolist()

    def enclose_residual_jacobian(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[list[Ball]]:
        require_residuals(self)
        return self._run(arithmetic, x).jacobian().tolist()

    def as_formula(self) -> Objective:
        """Return the program written out, up to 12 parameters; see `Objective.as_formula`."""
        from hallucert.objectives.written_out import written_out

        if self.dimension > MAX_WRITTEN_OUT:
            raise NotAnalyticError(
                f"only programs of at most {MAX_WRITTEN_OUT} parameters are written out as formulas; this is "
                f"{self.name[:60]} of {self.dimension}"
            )
        variables = self.variables if all(map(str.isidentifier, self.variables)) else _numbered(self.dimension)
        return written_out(self.program, variables, self.n, self.name)

    def to_json(self) -> dict[str, object]:
        from hallucert.objectives.writing import program_json  # no proof writes it

        return program_json(self)


def entry_names(names: Sequence[str], shapes: Sequence[Shape]) -> tuple[str, ...]:
    """Return the names of all entries of arrays, such as ``0.weight[0,2]``; those of ``W1_`` are ``W1_1_3``, from 1."""
    return tuple(
        _entry_name(name, index) for name, shape in zip(names, shapes, strict=True) for index in np.ndindex(*shape)
    )


def _entry_name(name: str, index: tuple[int, ...]) -> str:
    if name.endswith("_"):
        return name + "_".join(str(i + 1) for i in index)
    return f"{name}[{','.join(map(str, index))}]" if index else name


def _numbered(count: int) -> tuple[str, ...]:
    """Names of variables for want of others."""
    return tuple(f"x{i + 1}" for i in range(count))


def _balls(x: Sequence[Ball]) -> Array:
    return np.fromiter(x, object, len(x))


def program_objective_from_json(data: Mapping[str, object], field: str) -> ProgramObjective:
    """Rebuild what `ProgramObjective.to_json` wrote, trusting nothing; CertificateError names a field that is wrong."""
    program, names = program_from_json(data["program"], f"{field}.program"), data["names"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CertificateError(f"{field}.names", "must be a list of names")
    try:
        return ProgramObjective(program, names, read_rational(data["n"], f"{field}.n"))
    except ArgumentError as error:
        raise CertificateError(f"{field}.{error.argument}", f"must {error.must}") from None
