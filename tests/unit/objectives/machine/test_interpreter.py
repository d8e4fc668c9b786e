"""The float machine agrees with the tape run node by node, whatever is fused, shared or passed through."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from numba import njit

from hallucert.objectives.machine import program as machine
from hallucert.objectives.machine.interpreter import execute, run
from hallucert.objectives.machine.program import MAX_BLOCK, Program, lower, registers_array
from hallucert.objectives.objective import Objective
from hallucert.objectives.tape import Node, Tape


class Doubles:
    """Python's own floats, one operation a node: what the fused kernel must reproduce."""

    def constant(self, value: Fraction) -> float:
        return float(value)

    def pi(self) -> float:
        return math.pi

    def power(self, x: float, exponent: int) -> float:
        return float(np.float64(x) ** exponent)

    def real_power(self, x: float, exponent: Fraction) -> float:
        return x ** float(exponent)

    exp, log, sqrt = staticmethod(math.exp), staticmethod(math.log), staticmethod(math.sqrt)
    sin, cos, tanh, erf = map(staticmethod, (math.sin, math.cos, math.tanh, math.erf))

    def softplus(self, x: float) -> float:
        return math.log1p(math.exp(x))


FORMULAS = [
    "(x**2 + y - 11)**2 + (x + y**2 - 7)**2",
    "(1 - x)**2 + 100*(y - x**2)**2",
    "5 - x*y - (x + y - 2)**7",
    "y - 2*x*y*3 - 3",
    "x**-3 + pi*y - x/y + 2/x",
    "sin(x)*cos(y) - tanh(x*y) + log(x)*y**5",
    "sqrt(x) + x**2.5*exp(-y)",
    "erf(x*y)*softplus(x - 3*y) + gelu(y)",
    "x*y",
    "x",
    "3 - x",
    "(x - y + 1/2)*(x + y - 1/3)",
]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("tape_name", ["tape", "gradient_tape", "hessian_tape"])
def test_program_agrees_with_tape(formula: str, tape_name: str) -> None:
    """Fused programs compute what the tape says, node by node, to a few units in the last place."""
    tape = getattr(Objective.parse(formula, ("x", "y")), tape_name)
    x = np.random.default_rng(1).uniform(0.3, 2.0, (20, 2))
    expected = [tape.evaluate(Doubles(), list(point)) for point in x]
    # The powers alone may round differently; everything is of size at most 1e4 here.
    np.testing.assert_allclose(run(lower(tape), x), expected, rtol=1e-12, atol=1e-11)


def rounded_once(a: float, b: float, c: float) -> float:
    """Return the double nearest to ``a b + c``."""
    return float(Fraction(a) * Fraction(b) + Fraction(c))


def by_rows(program: Program, point: list[float]) -> list[float]:
    """Run a program of arithmetic in Python, row by row as the instructions are documented."""
    rows: dict[int, Callable[..., float]] = {
        machine.ADD: lambda a, b, c, k, l: a + b,
        machine.SUB: lambda a, b, c, k, l: a - b,
        machine.MUL: lambda a, b, c, k, l: a * b,
        machine.DIV: lambda a, b, c, k, l: a / b,
        machine.ADDC: lambda a, b, c, k, l: k + a,
        machine.MULC: lambda a, b, c, k, l: k * a,
        machine.DIVC: lambda a, b, c, k, l: k / a,
        machine.NEG: lambda a, b, c, k, l: -a,
        machine.SUBC: lambda a, b, c, k, l: k - a,
        machine.SQUARE: lambda a, b, c, k, l: a * a,
        machine.KMUL: lambda a, b, c, k, l: k * a * b,
        machine.MADD: lambda a, b, c, k, l: rounded_once(k * a, b, c) + l,
        machine.AXPY: lambda a, b, c, k, l: rounded_once(k, a, b) + l,
    }
    registers = dict(enumerate(point))
    for (op, destination, *operands), numbers in zip(program.code.tolist(), program.constants.tolist(), strict=True):
        registers[destination] = rows[op](*(registers[i] for i in operands), *numbers)
    return [registers[i] for i in program.outputs.tolist()]


def test_every_rounding_is_as_documented() -> None:
    """Rows give, bit for bit, what exact arithmetic gives that rounds where their definition says."""
    f = Objective.parse("(x*y - 11 + y)*(x + y*3 - 7) - (x*2*y - x)/(y + 5)", ("x", "y"))
    x = np.random.default_rng(2).normal(size=(300, 2))
    for tape in (f.tape, f.gradient_tape):
        program = lower(tape)
        assert {machine.MADD, machine.AXPY} & set(program.code[:, 0].tolist())
        assert np.array_equal(run(program, x), [by_rows(program, point) for point in x.tolist()])


@pytest.mark.parametrize("exponent", [-7, -2, -1, 2, 3, 5, 10, 31])
def test_integer_powers(exponent: int) -> None:
    """Powers by squaring agree with exact rational arithmetic to a few roundings for each multiplication."""
    tape = Tape(("x",), (Node("var", 0), Node("pow", 0, exponent)), (1,))
    x = np.array([1.25, -0.75, 3.0])
    exact = np.array([float(Fraction(v) ** exponent) for v in x])
    assert (np.abs(run(lower(tape), x[:, None])[:, 0] - exact) <= 2e-15 * np.abs(exact)).all()


def test_power_zero_is_undefined_where_its_base_is() -> None:
    """A zeroth power that a tape keeps is one on the domain of its base, and NaN off it."""
    tape = Tape(("x",), (Node("var", 0), Node("log", 0), Node("pow", 1, 0)), (2,))
    values = run(lower(tape), np.array([[2.0], [-1.0]]))[:, 0]
    assert values[0] == 1 and np.isnan(values[1])


def test_result_does_not_depend_on_the_other_lanes() -> None:
    """A lane computed alone, in a short block or in a full one has the same bits."""
    program = lower(Objective.parse("sin(x)*y**3 + exp(x)/y + tanh(x*y)").gradient_tape)
    x = np.random.default_rng(3).uniform(0.5, 2, (MAX_BLOCK + 37, 2))
    together = run(program, x)
    for i in (0, 5, MAX_BLOCK - 1, MAX_BLOCK, MAX_BLOCK + 36):
        assert np.array_equal(run(program, x[i : i + 1])[0], together[i])
    assert np.array_equal(run(program, x[3:40]), together[3:40])


def test_program_rows_never_write_what_they_read() -> None:
    """No instruction writes one of its operands or an input, and no output is an input: the kernels rely on it."""
    for formula in FORMULAS:
        program = lower(Objective.parse(formula, ("x", "y")).gradient_tape)
        assert (program.code[:, 1:2] != program.code[:, 2:]).all()
        assert (program.code[:, 1] >= program.dimension).all() and (program.outputs >= program.dimension).all()


def test_overflowing_constant_becomes_infinite() -> None:
    """An exact constant beyond the doubles runs as an infinity of its sign instead of raising."""
    tape = Tape(("x",), (Node("var", 0), Node("const", value=Fraction(-(10**400))), Node("mul", 0, 1)), (2,))
    assert run(lower(tape), np.array([[2.0]]))[0, 0] == -np.inf


def test_inner_loops_are_vectorised() -> None:
    """The compiler turns the loops of `execute` into vector instructions (x86: packed products on wide registers)."""
    fresh = njit(nogil=True, error_model="numpy")(execute.py_func)  # a kernel from the cache has no assembly to show
    program = lower(Objective.parse("x*y + x").tape)
    work = registers_array(program.registers, 16)
    fresh(program.code, program.constants, work, np.uint64(16), np.uint64(16))
    assembly = "".join(fresh.inspect_asm().values())
    if "xmm" not in assembly:
        pytest.skip("not an x86 processor")
    assert any("mulpd" in line for line in assembly.splitlines())
