"""A SAM step of one formula as machine code of its own: the same bits as the interpreting loop, several times as fast.

The loop of `kernel` passes over the registers of a block once for every row of the program. Here all of a step - two
gradients, their norms, the ascent, the descent and the stopping test - is straight-line code for one vector of lanes;
only points, saved points and norms go through memory, to the rows where `kernel` has them. LLVM takes 10 ms and
up to a millisecond for each row, so a program is interpreted first; nobody can tell from the results.
"""

from __future__ import annotations

import math
from functools import lru_cache, partial, reduce
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.base import BaseContext
from numba.core.typing.templates import Signature
from numba.extending import intrinsic

from hallucert.objectives.machine.native import Code, VectorLoop, filled
from hallucert.objectives.machine.program import Program
from hallucert.objectives.machine.straight_line import emit_program
from hallucert.objectives.machine.vectors import call, constant

WORTH_COMPILING, FEW_LANES = 2**20, 32
"""After so many steps of lanes interpreting has taken about as long as compiling (measured); see `Code`."""

MOST_ROWS = 1500
"""Longer programs are always interpreted: LLVM would take seconds."""

_DOUBLE, _LONG = ir.DoubleType(), ir.IntType(64)

SIGNATURE = ir.FunctionType(_LONG, [_DOUBLE.as_pointer(), _LONG, _LONG, *[_DOUBLE] * 6])
"""``step(work, block, width, rho, eta, momentum, bound, absolute, factor)`` does one step on the first `width` lanes of
a block and returns whether one of them has to stop; a lane runs on if ``absolute + factor |g|^2 < |g+|^2 < inf``."""


TOGETHER = 4
"""Squares of a norm are added up by so many, as long as there are as many left: a sum of parts, as `plus_squares` does
it, waits less for its additions."""


class Kind(NamedTuple):
    """What is known of steps when they are compiled, as in `hallucert.sam.lanes.Steps`."""

    warm: bool
    normalised: bool
    heavy: bool


def formula_step(program: Program, kind: Kind) -> Code:
    """Return the step of a program, the same for equal programs."""
    arrays = (program.code, program.constants, program.outputs)
    return _formula_step(*(array.tobytes() for array in arrays), program.registers, program.dimension, kind)


@lru_cache(maxsize=128)
def _formula_step(code: bytes, numbers: bytes, outputs: bytes, registers: int, dimension: int, kind: Kind) -> Code:
    rows, constants = np.frombuffer(code, np.int64).reshape(-1, 5), np.frombuffer(numbers).reshape(-1, 2)
    program = Program(rows, constants, np.frombuffer(outputs, np.int64), registers, dimension)
    worth = WORTH_COMPILING if len(rows) <= MOST_ROWS else math.inf
    return Code("step", partial(_module, program, kind), worth, FEW_LANES)


@intrinsic
def call_step(typing, address, work, block, width, rho, eta, momentum, bound, absolute, factor):  # type: ignore[no-untyped-def]
    """Call the step at an address, from code that numba compiles."""
    real = [types.float64] * 6

    def generate(context: BaseContext, builder: ir.IRBuilder, _: Signature, arguments: list[ir.Value]) -> ir.Value:
        function = builder.inttoptr(arguments[0], SIGNATURE.as_pointer())
        data = context.make_array(work)(context, builder, arguments[1]).data
        return builder.call(function, [data, *arguments[2:]])

    return types.int64(types.int64, work, types.uint64, types.uint64, *real), generate


# ---------------------------------------------------------------------- code


def _module(program: Program, kind: Kind, lanes: int) -> ir.Module:
    module = ir.Module()
    _emit_step(ir.Function(module, SIGNATURE, "step"), program, kind, lanes)
    return module


def plus_squares(builder: ir.IRBuilder, total: ir.Value, values: list[ir.Value]) -> ir.Value:
    """Emit the total plus the squares of values: of one by `fma`, of more after adding them up."""
    start = total if len(values) == 1 else constant(total.type, 0.0)
    part = reduce(lambda part, value: call(builder, "fma", value, value, part), values, start)
    return part if len(values) == 1 else builder.fadd(total, part)


def _emit_step(function: ir.Function, program: Program, kind: Kind, lanes: int) -> None:
    """Emit the loop over vectors of lanes; rows stand where `kernel.Rows` says.

    Of the next vector the gradient, root and quotient are computed together with the rest of a step of this one; after
    the last one of what the next rows hold, and there are some.
    """
    work, block, width, *numbers = function.args
    builder = ir.IRBuilder(function.append_basic_block())
    rho, eta, momentum, bound, absolute, factor = (filled(builder, number, lanes) for number in numbers)
    down = builder.fneg(eta)
    d = program.dimension
    # Pointers of their own, because all of them are indexed alike: more would not fit into registers.
    save, q2, speed = (builder.gep(work, [builder.mul(block, _LONG(program.registers + row))]) for row in (0, d, d + 3))

    def fma(a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        return call(builder, "fma", a, b, c)

    def place(start: ir.Value, row: int, first: ir.Value) -> ir.Value:
        offset = builder.add(builder.mul(block, _LONG(row)), first)
        return builder.bitcast(builder.gep(start, [offset]), rho.type.as_pointer())

    def load(start: ir.Value, row: int, first: ir.Value) -> ir.Value:
        return builder.load(place(start, row, first), align=8)

    def store(value: ir.Value, start: ir.Value, row: int) -> None:
        builder.store(value, place(start, row, loop.first), align=8)

    def squared(g: list[ir.Value]) -> ir.Value:
        total, whole = constant(rho.type, 0.0), d // TOGETHER * TOGETHER
        for some in [g[j : j + TOGETHER] for j in range(0, whole, TOGETHER)] + [[value] for value in g[whole:]]:
            total = plus_squares(builder, total, some)
        return total

    def ahead(first: ir.Value) -> list[ir.Value]:
        x = [load(work, j, first) for j in range(d)]
        g = emit_program(builder, program, x)
        size = squared(g)
        quotient = kind.normalised and not kind.warm
        return [*g, size, builder.fdiv(rho, call(builder, "sqrt", size)) if quotient else rho]

    loop = VectorLoop(builder, width, lanes, ahead)
    x = [load(work, j, loop.first) for j in range(d)]
    g, (size, slope) = loop.values[:-2], loop.values[-2:]
    norm = size
    store(size, q2, 0)
    if not kind.warm:
        g = emit_program(builder, program, [fma(slope, b, a) for a, b in zip(x, g, strict=True)])
        norm = squared(g)
        store(norm, q2, 1)
    least = fma(factor, size, absolute)
    infinite = constant(norm.type, np.inf)
    goes_on = builder.and_(builder.fcmp_ordered("<", least, norm), builder.fcmp_ordered("<", norm, infinite))
    for j, along in enumerate(g):
        store(x[j], save, j)
        if kind.heavy:
            along = fma(momentum, load(speed, j, loop.first), along)
            store(along, speed, j)
        after = fma(down, along, x[j])
        store(after, work, j)
        goes_on = builder.and_(goes_on, builder.fcmp_ordered("<=", call(builder, "fabs", after), bound))
    loop.end(goes_on)
