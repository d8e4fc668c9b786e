"""A SAM step of tiny networks as machine code for their widths: the bits of `network_kernel`, faster.

All loops but those over lanes and samples are unrolled, so activations and errors of some samples are values of LLVM
and not rows of memory, and inputs are broadcast where they are used.
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache, partial, reduce
from typing import NamedTuple

from llvmlite import ir
from numba import types
from numba.core.base import BaseContext
from numba.core.typing.templates import Signature
from numba.extending import intrinsic

from hallucert.objectives.machine.native import Code, VectorLoop, filled
from hallucert.objectives.machine.vectors import call, constant, emit_tanh
from hallucert.sam.kernels.formula_step import Kind

WORTH_COMPILING, FEW_LANES = 2**19, 8
"""After so many steps of lanes the loops have taken about as long as compiling (measured); see `Code`."""

MOST_CODE = 4000
"""Networks with more operations in the code for some samples are left to the loops, which are as fast (measured): what
is alive no longer fits into registers, nor into the first-level cache."""

SAMPLES = 4
"""Samples at a time: enough to keep the processor busy, and a weight is read once for them all."""

_DOUBLE, _LONG = ir.DoubleType(), ir.IntType(64)
_POINTER = _DOUBLE.as_pointer()

GRADIENT = ir.FunctionType(ir.VoidType(), [_POINTER, _POINTER, _POINTER, _LONG, _DOUBLE, _DOUBLE])
"""``gradient(work, inputs, targets, samples, decay, scale)`` writes the gradients at some lanes in rows ``0 .. d - 1``
of a block to the rows ``d .. 2d - 1``; errors of outputs are multiplied by `scale`."""

SIGNATURE = ir.FunctionType(_LONG, [_POINTER, _LONG, *[_DOUBLE] * 6, *GRADIENT.args[1:]])
"""``step(work, width, rho, eta, momentum, bound, absolute, factor, inputs, targets, samples, decay, scale)`` does what
`formula_step.SIGNATURE` says."""


class Shape(NamedTuple):
    """What the code is made for: widths of layers, whether outputs have a tanh, lanes and registers of a block."""

    sizes: tuple[int, ...]
    bounded: bool
    block: int
    registers: int

    @property
    def weights(self) -> int:
        """Number of weights, without biases."""
        return sum(a * b for a, b in itertools.pairwise(self.sizes))

    @property
    def dimension(self) -> int:
        """Number of parameters."""
        return self.weights + sum(self.sizes[1:])

    @property
    def code(self) -> int:
        """About how many operations the code for some samples has."""
        return SAMPLES * (3 * self.weights + 35 * sum(self.sizes[1:]))


@lru_cache(maxsize=64)
def network_step(shape: Shape, kind: Kind) -> Code:
    """Return the step of networks of a shape, the same for all of them."""
    worth = WORTH_COMPILING if shape.code <= MOST_CODE else math.inf
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
    _emit_gradient(gradient, shape, lanes)
    _emit_steps(ir.Function(module, SIGNATURE, "step"), gradient, shape, kind, lanes)
    return module


def _emit_gradient(function: ir.Function, shape: Shape, lanes: int) -> None:
    """Emit the loop over samples."""
    work, inputs, targets, samples, *numbers = function.args
    entry, body, done = (function.append_basic_block() for _ in range(3))
    builder = ir.IRBuilder(entry)
    decay, scale = (filled(builder, number, lanes) for number in numbers)
    undecayed = builder.fcmp_ordered("==", decay, constant(decay.type, 0.0))
    rows = _Rows(builder, work, shape.block, decay.type)
    for j in range(shape.dimension):
        # No product without decay: 0 * inf would be NaN.
        term = builder.select(undecayed, constant(decay.type, 0.0), builder.fmul(decay, rows.load(j)))
        rows.store(term, shape.dimension + j)
    builder.branch(body)
    builder.position_at_end(body)
    first = builder.phi(_LONG)
    _Samples(shape, rows, inputs, targets, samples, first, scale).emit()
    following = builder.add(first, _LONG(SAMPLES))
    first.add_incoming(_LONG(0), entry)
    first.add_incoming(following, body)
    builder.cbranch(builder.icmp_signed("<", following, samples), body, done)
    builder.position_at_end(done)
    builder.ret_void()


def _emit_steps(function: ir.Function, gradient: ir.Function, shape: Shape, kind: Kind, lanes: int) -> None:
    """Emit the loop over vectors of lanes; see `formula_step`."""
    work, width, *numbers = function.args[:8]
    data = function.args[8:]
    d, save, q2 = shape.dimension, shape.registers, shape.registers + shape.dimension
    loop = VectorLoop(function, width, lanes)
    builder = loop.builder
    rho, eta, momentum, bound, absolute, factor = (filled(builder, number, lanes) for number in numbers)
    down = builder.fneg(eta)
    rows = _Rows(builder, builder.gep(work, [loop.first]), shape.block, rho.type)

    def fma(a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        return call(builder, "fma", a, b, c)

    def square(total: ir.Value | None, value: ir.Value) -> ir.Value:
        return builder.fmul(value, value) if total is None else fma(value, value, total)

    builder.call(gradient, [rows.start, *data])
    size: ir.Value = None
    for j in range(d):
        size = square(size, rows.load(d + j))
    rows.store(size, q2)
    norm = size
    if not kind.warm:
        slope = builder.fdiv(rho, call(builder, "sqrt", size)) if kind.normalised else rho
    for j in range(d):
        x = rows.load(j)
        rows.store(x, save + j)
        if not kind.warm:
            rows.store(fma(slope, rows.load(d + j), x), j)
    if not kind.warm:
        builder.call(gradient, [rows.start, *data])
        norm = None
    goes_on: ir.Value = None
    for j in range(d):
        along = rows.load(d + j)
        if not kind.warm:
            norm = square(norm, along)
        if kind.heavy:
            along = fma(momentum, rows.load(q2 + 3 + j), along)
            rows.store(along, q2 + 3 + j)
        after = fma(down, along, rows.load(save + j))
        rows.store(after, j)
        inside = builder.fcmp_ordered("<=", call(builder, "fabs", after), bound)
        goes_on = inside if goes_on is None else builder.and_(goes_on, inside)
    if not kind.warm:
        rows.store(norm, q2 + 1)
    infinite = constant(norm.type, math.inf)
    for test in (
        builder.fcmp_ordered("<", fma(factor, size, absolute), norm),
        builder.fcmp_ordered("<", norm, infinite),
    ):
        goes_on = builder.and_(goes_on, test)
    loop.end(goes_on)


class _Rows(NamedTuple):
    """Rows of a block, from some lane on."""

    builder: ir.IRBuilder
    start: ir.Value
    block: int
    kind: ir.Type

    def _place(self, row: int) -> ir.Value:
        address = self.builder.gep(self.start, [_LONG(row * self.block)])
        return self.builder.bitcast(address, self.kind.as_pointer())

    def load(self, row: int) -> ir.Value:
        return self.builder.load(self._place(row), align=8)

    def store(self, value: ir.Value, row: int) -> None:
        self.builder.store(value, self._place(row), align=8)


class _Samples:
    """Emits what some samples add to the gradient; of each activation and error there is a list, one a sample."""

    def __init__(
        self, shape: Shape, rows: _Rows, inputs: ir.Value, targets: ir.Value, count: ir.Value, first: ir.Value,
        factor: ir.Value,
    ) -> None:  # fmt: skip
        self.shape, self.rows, self.builder, self.factor = shape, rows, rows.builder, factor
        self.inputs, self.targets = inputs, targets
        builder, last = self.builder, self.builder.sub(count, _LONG(1))
        numbers = [builder.add(first, _LONG(s)) for s in range(SAMPLES)]
        self.present = [builder.icmp_signed("<", number, count) for number in numbers]
        # Behind the last sample it stands again, without error.
        self.numbers = [builder.select(p, number, last) for p, number in zip(self.present, numbers, strict=True)]
        self.zero, self.one = (constant(rows.kind, number) for number in (0.0, 1.0))
        self.starts = [0]  # of the layers among the parameters
        for fan_in, fan_out in itertools.pairwise(shape.sizes):
            self.starts.append(self.starts[-1] + (fan_in + 1) * fan_out)

    def emit(self) -> None:
        """Emit the forward and the backward pass."""
        layers = [[self.data(self.inputs, 0, j) for j in range(self.shape.sizes[0])]]
        for l in range(1, len(self.shape.sizes)):
            layers.append(self.forward(l, layers[-1]))
        errors = [self.error(i, outputs) for i, outputs in enumerate(layers[-1])]
        for l in range(len(self.shape.sizes) - 1, 0, -1):
            errors = self.backward(l, layers[l - 1], errors)

    def fma(self, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        return call(self.builder, "fma", a, b, c)

    def data(self, array: ir.Value, layer: int, j: int) -> list[ir.Value]:
        """Load input or target j of the samples."""
        builder, width = self.builder, self.shape.sizes[layer]
        offsets = [builder.add(builder.mul(number, _LONG(width)), _LONG(j)) for number in self.numbers]
        return [filled(builder, builder.load(builder.gep(array, [o])), self.rows.kind.count) for o in offsets]

    def forward(self, l: int, before: list[list[ir.Value]]) -> list[list[ir.Value]]:
        """Return the activations of a layer."""
        fan_in, fan_out = self.shape.sizes[l - 1 : l + 1]
        linear = l == len(self.shape.sizes) - 1 and not self.shape.bounded
        result = []
        for i in range(fan_out):
            z = [self.rows.load(self.starts[l - 1] + fan_in * fan_out + i)] * SAMPLES
            for j in range(fan_in):
                w = self.rows.load(self.starts[l - 1] + i * fan_in + j)
                z = [self.fma(w, a, c) for a, c in zip(before[j], z, strict=True)]
            result.append(z if linear else self.tanh(z))
        return result

    def tanh(self, z: list[ir.Value]) -> list[ir.Value]:
        """Return the hyperbolic tangents: of one long vector, so that a processor sees what it can do at once."""
        builder, lanes = self.builder, self.rows.kind.count
        while len(z) > 1:
            together = _places(0, 2 * z[0].type.count)
            z = [builder.shuffle_vector(a, b, together) for a, b in zip(z[::2], z[1::2], strict=True)]
        values = emit_tanh(builder, z[0])
        return [builder.shuffle_vector(values, values, _places(s * lanes, lanes)) for s in range(SAMPLES)]

    def error(self, i: int, outputs: list[ir.Value]) -> list[ir.Value]:
        """Return the errors of output i."""
        builder, result = self.builder, []
        for a, t, present in zip(outputs, self.data(self.targets, -1, i), self.present, strict=True):
            error = builder.fmul(builder.fsub(a, t), self.factor)
            if self.shape.bounded:
                error = builder.fmul(error, self.slope(a))
            result.append(builder.select(present, error, self.zero))
        return result

    def slope(self, a: ir.Value) -> ir.Value:
        """Return ``1 - a^2``."""
        return self.fma(self.builder.fneg(a), a, self.one)

    def backward(self, l: int, before: list[list[ir.Value]], errors: list[list[ir.Value]]) -> list[list[ir.Value]]:
        """Add to the derivatives of a layer, and return the errors of the layer before, none of the inputs."""
        fan_in, fan_out = self.shape.sizes[l - 1 : l + 1]
        start, d = self.starts[l - 1], self.starts[-1]
        for i, own in enumerate(errors):
            row = d + start + fan_in * fan_out + i
            self.rows.store(reduce(self.builder.fadd, own, self.rows.load(row)), row)
        result = []
        for j in range(fan_in):
            sums = [self.zero] * SAMPLES
            for i, own in enumerate(errors):
                row = start + i * fan_in + j
                total = self.rows.load(d + row)
                for error, a in zip(own, before[j], strict=True):
                    total = self.fma(error, a, total)
                self.rows.store(total, d + row)
                if l > 1:
                    w = self.rows.load(row)
                    sums = [self.fma(error, w, c) for error, c in zip(own, sums, strict=True)]
            if l > 1:
                result.append([self.builder.fmul(c, self.slope(a)) for c, a in zip(sums, before[j], strict=True)])
        return result


def _places(first: int, count: int) -> ir.Constant:
    """Return consecutive places in vectors."""
    return ir.Constant(ir.VectorType(ir.IntType(32), count), list(range(first, first + count)))
