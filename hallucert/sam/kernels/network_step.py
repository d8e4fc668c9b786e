"""A SAM step of tiny networks as machine code for their widths: the bits of `network_kernel`, faster.

A step goes over the parameters `TOGETHER` at a time, between two calls of the gradient of `network_gradient`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial, reduce

from llvmlite import ir
from numba import types
from numba.core.base import BaseContext
from numba.core.typing.templates import Signature
from numba.extending import intrinsic

from hallucert.objectives.machine.native import Code, VectorLoop, filled, repeated
from hallucert.objectives.machine.vectors import LANES, call, constant
from hallucert.sam.kernels.formula_step import TOGETHER, Kind, plus_squares
from hallucert.sam.kernels.network_gradient import GRADIENT, Rows, Shape, Vectors, emit_gradient

WORTH_COMPILING, FEW_LANES = 2**19, 8
"""After so many steps of lanes the loops have taken about as long as compiling (measured); see `Code`."""
MOST_LAYERS = 12
"""Of deeper networks, with their inputs, the loops do all: LLVM takes seconds for their code, 100 s for 100 layers."""

_DOUBLE, _LONG = ir.DoubleType(), ir.IntType(64)
_POINTER = _DOUBLE.as_pointer()

SIGNATURE = ir.FunctionType(_LONG, [_POINTER, _LONG, *[_DOUBLE] * 6, *GRADIENT.args[1:]])
"""``step(work, width, rho, eta, momentum, bound, absolute, factor, inputs, targets, samples, decay, scale)`` does what
`formula_step.SIGNATURE` says."""


@lru_cache(maxsize=64)
def network_step(shape: Shape, kind: Kind) -> Code:
    """Return the step of networks of a shape, the same for all of them."""
    worth = WORTH_COMPILING if len(shape.sizes) <= MOST_LAYERS else math.inf
    return Code("step", partial(_module, shape, kind), worth, FEW_LANES)


@intrinsic
def call_network_step(  # type: ignore[no-untyped-def]
    typing, address, work, width, rho, eta, momentum, bound, absolute, factor, inputs, targets, samples, decay, scale
):
    """Call the step at an address, from code that numba compiles."""
    real, kinds = types.float64, {1: work, 9: inputs, 10: targets}

    def generate(context: BaseContext, builder: ir.IRBuilder, _: Signature, arguments: list[ir.Value]) -> ir.Value:
        values = list(arguments)
        for place, kind in kinds.items():
            values[place] = context.make_array(kind)(context, builder, values[place]).data
        return builder.call(builder.inttoptr(values[0], SIGNATURE.as_pointer()), values[1:])

    data = (inputs, targets, types.int64, real, real)
    return types.int64(types.int64, work, types.uint64, *[real] * 6, *data), generate


def _module(shape: Shape, kind: Kind, lanes: int) -> ir.Module:
    module = ir.Module()
    gradient = ir.Function(module, GRADIENT, "gradient")
    # Where a vector takes two registers there is room for half as much at a time.
    emit_gradient(gradient, shape, 2 if lanes == LANES else 1)
    _emit_steps(ir.Function(module, SIGNATURE, "step"), gradient, shape, kind)
    return module


def _over_parameters(
    builder: ir.IRBuilder, d: int, values: Vectors, body: Callable[[list[ir.Value], Vectors], Vectors]
) -> Vectors:
    """Emit ``values = body(parameters, values)`` for all `d` parameters, `TOGETHER` at a time, then one by one."""

    def some(number: ir.Value, values: Vectors) -> Vectors:
        first = builder.mul(number, _LONG(TOGETHER))
        return body([builder.add(first, _LONG(j)) for j in range(TOGETHER)], values)

    values = repeated(builder, d // TOGETHER, values, some)
    for j in range(d // TOGETHER * TOGETHER, d):
        values = body([_LONG(j)], values)
    return values


def _emit_steps(function: ir.Function, gradient: ir.Function, shape: Shape, kind: Kind) -> None:
    """Emit the loop over vectors of lanes; see `formula_step`."""
    work, width, *numbers = function.args[:8]
    data = function.args[8:]
    d, save, q2 = shape.dimension, shape.registers, shape.registers + shape.dimension
    loop = VectorLoop(builder := ir.IRBuilder(function.append_basic_block()), width, LANES)
    rho, eta, momentum, bound, absolute, factor = (filled(builder, number, LANES) for number in numbers)
    down, zero = builder.fneg(eta), constant(rho.type, 0.0)
    rows = Rows(builder, builder.gep(work, [loop.first]), shape.block, rho.type)
    derivatives, saved, speeds = (rows.behind(row) for row in (d, save, q2 + 3))

    def fma(a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        return call(builder, "fma", a, b, c)

    def squares(parameters: list[ir.Value], values: Vectors) -> Vectors:
        return [plus_squares(builder, values[0], [derivatives.load(j) for j in parameters])]

    def ascend(parameters: list[ir.Value], _: Vectors) -> Vectors:
        for j in parameters:
            x = rows.load(j)
            saved.store(x, j)
            if not kind.warm:
                rows.store(fma(slope, derivatives.load(j), x), j)
        return []

    def descend(parameters: list[ir.Value], values: Vectors) -> Vectors:
        along, inside = [derivatives.load(j) for j in parameters], []
        norm = values[0] if kind.warm else plus_squares(builder, values[0], along)
        for j, direction in zip(parameters, along, strict=True):
            if kind.heavy:
                direction = fma(momentum, speeds.load(j), direction)
                speeds.store(direction, j)
            after = fma(down, direction, saved.load(j))
            rows.store(after, j)
            inside.append(builder.fcmp_ordered("<=", call(builder, "fabs", after), bound))
        flags = builder.sext(reduce(builder.and_, inside), values[1].type)
        return [norm, builder.and_(values[1], flags)]

    builder.call(gradient, [rows.start, *data])
    size = _over_parameters(builder, d, [zero], squares)[0]
    rows.store(size, q2)
    if not kind.warm:
        slope = builder.fdiv(rho, call(builder, "sqrt", size)) if kind.normalised else rho
    _over_parameters(builder, d, [], ascend)
    if not kind.warm:
        builder.call(gradient, [rows.start, *data])
    every = constant(ir.VectorType(_LONG, LANES), -1)
    norm, inside = _over_parameters(builder, d, [size if kind.warm else zero, every], descend)
    if not kind.warm:
        rows.store(norm, q2 + 1)
    goes_on = builder.icmp_signed("!=", inside, constant(inside.type, 0))
    for test in (
        builder.fcmp_ordered("<", fma(factor, size, absolute), norm),
        builder.fcmp_ordered("<", norm, constant(norm.type, math.inf)),
    ):
        goes_on = builder.and_(goes_on, test)
    loop.end(goes_on)
