"""The gradient of tiny networks as machine code for their widths: the bits of `network_kernel`, faster.

Its loops go over bundles of samples, neurons and inputs. A turn of them is straight-line code that keeps its sums in
registers: of one or two neurons forward, of as many inputs backward, each at `SAMPLES` samples, so that what is loaded
is used more than once. Activations and errors of a bundle lie in the scratch rows of the block, in the first-level
cache. What is written out in a turn stays in its order: LLVM orders long straight-line code as it likes, and then
tangents wait for each other.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial, reduce
from typing import NamedTuple

from llvmlite import ir

from hallucert.objectives.machine.native import filled, repeated
from hallucert.objectives.machine.vectors import LANES, call, constant, emit_tanh

SAMPLES = 4
"""Samples at a time: enough to keep the processor busy, and a weight is read once for them all."""
UNROLLED = 16
"""Most terms of a sum that are written out; longer sums are loops."""

_DOUBLE, _LONG = ir.DoubleType(), ir.IntType(64)
_POINTER = _DOUBLE.as_pointer()

GRADIENT = ir.FunctionType(ir.VoidType(), [_POINTER, _POINTER, _POINTER, _LONG, _DOUBLE, _DOUBLE])
"""``gradient(work, inputs, targets, samples, decay, scale)`` writes the gradients at some lanes in rows ``0 .. d - 1``
of a block to the rows ``d .. 2d - 1``; errors of outputs are multiplied by `scale`."""

Vectors = list[ir.Value]


class Shape(NamedTuple):
    """What the code is made for: widths of layers, whether outputs have a tanh and weights a decay, and the numbers of
    lanes and registers of a block."""

    sizes: tuple[int, ...]
    bounded: bool
    decayed: bool
    block: int
    registers: int

    @property
    def starts(self) -> list[int]:
        """Where the parameters of each layer begin, and where they end."""
        counts = ((fan_in + 1) * fan_out for fan_in, fan_out in itertools.pairwise(self.sizes))
        return list(itertools.accumulate(counts, initial=0))

    @property
    def dimension(self) -> int:
        """Number of parameters."""
        return self.starts[-1]


class Rows(NamedTuple):
    """Vectors in memory, one every `stride` doubles."""

    builder: ir.IRBuilder
    start: ir.Value
    stride: int
    kind: ir.Type

    def _place(self, row: ir.Value | int) -> ir.Value:
        builder = self.builder
        offset = _LONG(row * self.stride) if isinstance(row, int) else builder.mul(row, _LONG(self.stride))
        return builder.bitcast(builder.gep(self.start, [offset]), self.kind.as_pointer())

    def load(self, row: ir.Value | int) -> ir.Value:
        """Load a vector."""
        return self.builder.load(self._place(row), align=8)

    def store(self, value: ir.Value, row: ir.Value | int) -> None:
        """Store a vector."""
        self.builder.store(value, self._place(row), align=8)

    def behind(self, row: ir.Value | int) -> Rows:
        """Return the rows from `row` on."""
        builder = self.builder
        offset = _LONG(row * self.stride) if isinstance(row, int) else builder.mul(row, _LONG(self.stride))
        return self._replace(start=builder.gep(self.start, [offset]))


def emit_gradient(function: ir.Function, shape: Shape, together: int) -> None:
    """Emit the body of a function of type `GRADIENT`, which takes `together` neurons or inputs at a time."""
    work, inputs, targets, samples, *numbers = function.args
    builder = ir.IRBuilder(function.append_basic_block())
    decay, scale = (filled(builder, number, LANES) for number in numbers)
    rows = Rows(builder, work, shape.block, decay.type)

    def bundle(number: ir.Value, decay: ir.Value | None) -> None:
        first = builder.mul(number, _LONG(SAMPLES))
        _Bundle(shape, together, rows, inputs, targets, samples, first, scale, decay).emit()

    def later(number: ir.Value, _: Vectors) -> Vectors:
        bundle(builder.add(number, _LONG(1)), None)
        return []

    bundle(_LONG(0), decay)
    others = builder.udiv(builder.sub(samples, _LONG(1)), _LONG(SAMPLES))
    with builder.if_then(builder.icmp_unsigned("!=", others, _LONG(0))):
        repeated(builder, others, [], later)
    builder.ret_void()


class _Bundle:
    """Emits what some samples add to the gradient, or, with the decay, what the first ones do to start it."""

    def __init__(
        self, shape: Shape, together: int, rows: Rows, inputs: ir.Value, targets: ir.Value, count: ir.Value,
        first: ir.Value, factor: ir.Value, decay: ir.Value | None,
    ) -> None:  # fmt: skip
        self.shape, self.rows, self.builder, self.factor, self.decay = shape, rows, rows.builder, factor, decay
        self.together, self.inputs, self.targets = together, inputs, targets
        builder, last = self.builder, self.builder.sub(count, _LONG(1))
        numbers = [builder.add(first, _LONG(s)) for s in range(SAMPLES)]
        present = [builder.icmp_signed("<", number, count) for number in numbers]
        # Behind the last sample it stands again, without error: with no bit of it, as 0 times it might be NaN. A choice
        # between error and 0 would become a branch, and all that the error needs would be done behind that.
        self.numbers = [builder.select(p, number, last) for p, number in zip(present, numbers, strict=True)]
        self.masks = [filled(builder, builder.sext(p, _LONG), LANES) for p in present]
        self.zero, self.one = (constant(rows.kind, number) for number in (0.0, 1.0))
        scratch = rows.behind(2 * shape.dimension)._replace(stride=LANES)
        # Of each layer behind the inputs the activations, and later in their place the errors.
        places = itertools.accumulate(shape.sizes[1:], initial=0)
        self.layers = [scratch, *(scratch.behind(SAMPLES * place) for place in places)]
        self.derivatives = rows.behind(shape.dimension)

    def emit(self) -> None:
        """Emit the forward and the backward pass."""
        layers = range(1, len(self.shape.sizes))
        for l in layers:
            self.in_tiles(self.shape.sizes[l], partial(self.forward, l))
        self.in_tiles(self.shape.sizes[-1], self.error)
        for l in reversed(layers):
            self.in_tiles(self.shape.sizes[l - 1], partial(self.backward, l))

    def in_tiles(self, count: int, body: Callable[[ir.Value, int], None]) -> None:
        """Emit ``body(first, number)`` for all of `count` neurons or inputs, `together` of them at a time."""

        def tile(number: ir.Value, _: Vectors) -> Vectors:
            body(self.builder.mul(number, _LONG(together)), together)
            return []

        together = self.together
        whole = count // together
        repeated(self.builder, whole, [], tile)
        if count % together:
            body(_LONG(whole * together), count % together)

    def summed(self, count: int, values: Vectors, body: Callable[[ir.Value, Vectors], Vectors]) -> Vectors:
        """Emit ``values = body(i, values)`` for i below `count`; a loop if they are many."""
        if count > UNROLLED:
            return repeated(self.builder, count, values, body)
        for i in range(count):
            values = body(_LONG(i), values)
        return values

    def plus(self, i: ir.Value, number: int) -> ir.Value:
        """Return ``i + number``."""
        return self.builder.add(i, _LONG(number))

    def fma(self, a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        """Emit ``a b + c``."""
        return call(self.builder, "fma", a, b, c)

    def data(self, array: ir.Value, width: int, j: ir.Value) -> Vectors:
        """Load input or target j of the samples."""
        builder = self.builder
        offsets = [builder.add(builder.mul(number, _LONG(width)), j) for number in self.numbers]
        return [filled(builder, builder.load(builder.gep(array, [o])), LANES) for o in offsets]

    def of_samples(self, rows: Rows, i: ir.Value) -> Vectors:
        """Load the vectors of neuron i."""
        own = rows.behind(self.builder.mul(i, _LONG(SAMPLES)))
        return [own.load(s) for s in range(SAMPLES)]

    def keep(self, values: Vectors, rows: Rows, i: ir.Value) -> None:
        """Store the vectors of neuron i."""
        own = rows.behind(self.builder.mul(i, _LONG(SAMPLES)))
        for s, value in enumerate(values):
            own.store(value, s)

    def before(self, l: int, j: ir.Value) -> Vectors:
        """Load activation j of the layer before layer l, or input j."""
        return self.data(self.inputs, self.shape.sizes[0], j) if l == 1 else self.of_samples(self.layers[l - 1], j)

    def forward(self, l: int, i: ir.Value, number: int) -> None:
        """Write the activations of some neurons of layer l, from the i-th on."""
        fan_in, fan_out = self.shape.sizes[l - 1 : l + 1]
        linear = l == len(self.shape.sizes) - 1 and not self.shape.bounded
        own = self.rows.behind(self.shape.starts[l - 1])
        biases, weights = own.behind(fan_in * fan_out).behind(i), own.behind(self.builder.mul(i, _LONG(fan_in)))

        def term(j: ir.Value, z: Vectors) -> Vectors:
            a, result = self.before(l, j), []
            for r in range(number):
                w = weights.behind(j).load(r * fan_in)
                result += [self.fma(w, x, c) for x, c in zip(a, z[r * SAMPLES : (r + 1) * SAMPLES], strict=True)]
            return result

        z = self.summed(fan_in, [biases.load(r) for r in range(number) for _ in range(SAMPLES)], term)
        for r in range(number):
            values = z[r * SAMPLES : (r + 1) * SAMPLES]
            self.keep(values if linear else self.tanh(values), self.layers[l], self.plus(i, r))

    def tanh(self, z: Vectors) -> Vectors:
        """Return the hyperbolic tangents: of one long vector, so that a processor sees what it can do at once."""
        builder, count = self.builder, len(z)
        while len(z) > 1:
            together = _places(0, 2 * z[0].type.count)
            z = [builder.shuffle_vector(a, b, together) for a, b in zip(z[::2], z[1::2], strict=True)]
        values = emit_tanh(builder, z[0])
        return [builder.shuffle_vector(values, values, _places(s * LANES, LANES)) for s in range(count)]

    def error(self, i: ir.Value, number: int) -> None:
        """Write the errors of some outputs."""
        builder = self.builder
        layer, width = self.layers[len(self.shape.sizes) - 1], self.shape.sizes[-1]
        for r in range(number):
            output, result = self.plus(i, r), []
            outputs, targets = self.of_samples(layer, output), self.data(self.targets, width, output)
            for a, t, mask in zip(outputs, targets, self.masks, strict=True):
                error = builder.fmul(builder.fsub(a, t), self.factor)
                if self.shape.bounded:
                    error = builder.fmul(error, self.slope(a))
                bits = builder.and_(builder.bitcast(error, mask.type), mask)
                result.append(builder.bitcast(bits, error.type))
            self.keep(result, layer, output)
            self.bias(len(self.shape.sizes) - 1, output, result)

    def start(self, parameters: Rows, derivatives: Rows, row: int) -> ir.Value:
        """Return what the bundle adds to: the decay of a parameter in the first one."""
        if self.decay is None:
            return derivatives.load(row)
        return self.builder.fmul(self.decay, parameters.load(row)) if self.shape.decayed else self.zero

    def slope(self, a: ir.Value) -> ir.Value:
        """Return ``1 - a^2``."""
        return self.fma(self.builder.fneg(a), a, self.one)

    def bias(self, l: int, i: ir.Value, errors: Vectors) -> None:
        """Add the errors of neuron i of layer l to the derivative of its bias."""
        fan_in, fan_out = self.shape.sizes[l - 1 : l + 1]
        start = self.shape.starts[l - 1] + fan_in * fan_out
        own, biases = (rows.behind(start).behind(i) for rows in (self.derivatives, self.rows))
        own.store(reduce(self.builder.fadd, errors, self.start(biases, own, 0)), 0)

    def backward(self, l: int, j: ir.Value, number: int) -> None:
        """Add to the derivatives of the weights of some inputs of layer l, and write the errors of these."""
        fan_in, fan_out = self.shape.sizes[l - 1 : l + 1]
        weights, derivatives = (
            rows.behind(self.shape.starts[l - 1]).behind(j) for rows in (self.rows, self.derivatives)
        )
        before = [self.before(l, self.plus(j, r)) for r in range(number)]

        def term(i: ir.Value, sums: Vectors) -> Vectors:
            errors, result = self.of_samples(self.layers[l], i), []
            row = self.builder.mul(i, _LONG(fan_in))
            at, own = weights.behind(row), derivatives.behind(row)
            for r in range(number):
                total = self.start(at, own, r)
                for error, a in zip(errors, before[r], strict=True):
                    total = self.fma(error, a, total)
                own.store(total, r)
                if l > 1:
                    w, of = at.load(r), sums[r * SAMPLES : (r + 1) * SAMPLES]
                    result += [self.fma(error, w, c) for error, c in zip(errors, of, strict=True)]
            return result

        sums = self.summed(fan_out, [self.zero] * (number * SAMPLES if l > 1 else 0), term)
        if l > 1:
            for r in range(number):
                of = sums[r * SAMPLES : (r + 1) * SAMPLES]
                own = [self.builder.fmul(c, self.slope(a)) for c, a in zip(of, before[r], strict=True)]
                self.keep(own, self.layers[l - 1], self.plus(j, r))
                self.bias(l - 1, self.plus(j, r), own)


def _places(first: int, count: int) -> ir.Constant:
    """Return consecutive places in vectors."""
    return ir.Constant(ir.VectorType(ir.IntType(32), count), list(range(first, first + count)))
