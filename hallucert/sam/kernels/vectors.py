"""Many doubles as one value inside compiled code, and their hyperbolic tangent.

A *vector* holds the same number of eight lanes, a *bundle* four vectors, of the same number for four samples. They
live in vector registers, so a loop over neurons or samples keeps its sums there, which loops over arrays of lanes
cannot promise: the compiler decides about those. Every operation rounds once (`fma` once for product and sum), on all
processors: results do not depend on the machine, and a lane's result does not depend on its neighbours. Processors
with short vectors use several registers for one value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

LANES = 8
"""Lanes in a vector."""
SAMPLES = 4
"""Vectors in a bundle."""

TANH_ERROR = 4.5 * 2.0**-53
"""Largest relative error of `tanh`. With u = 2**-53: the polynomial errs by 1.4u; adding 2^k - 1 cancels most at
k = 1, where it amplifies this by 1.42 and rounds: 3u; in q/(q + 2) that counts at most 2/(q + 2) < 0.83 of itself
(q > 0.41; for k = 0 nothing is added and 1.4u stands), and the sum and the quotient round."""

_SATURATED = 20.0
"""Beyond it tanh rounds to 1: 1 - tanh(20) = 8.5e-18."""
_SHIFT = 1.5 * 2.0**52
"""Adding it rounds a small double to the nearest integer and leaves that in the low bits."""
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
"""ln 2 in two parts; k times the first is exact for the k that occur, 0 .. 58."""
_EXPONENTIAL = [1 / math.factorial(i) for i in range(2, 14)]
"""(e^r - 1 - r)/r^2 to a relative 2**-55 of e^r - 1, for |r| <= ln(2)/2."""


class VectorType(types.Type):
    """Numba's type of `length` doubles in vector registers."""

    def __init__(self, length: int) -> None:
        super().__init__(name=f"Vector({length})")
        self.doubles = ir.VectorType(ir.DoubleType(), length)


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: VectorType) -> None:
        super().__init__(manager, kind, kind.doubles)


vector, bundle = VectorType(LANES), VectorType(LANES * SAMPLES)


# ---------------------------------------------------------------------- memory


def _address(context: Any, builder: Any, kind: Any, array_type: Any, array: Any, offset: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [offset]), kind.doubles.as_pointer())


def _loader(kind: VectorType) -> Any:
    def function(typing: Any, array: Any, offset: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.load(_address(context, builder, kind, array, *arguments), align=8)

        return kind(array, types.uint64), generate

    return intrinsic(function)


load, load_bundle = _loader(vector), _loader(bundle)
"""``load(array, offset)`` takes the doubles of a flat array from `offset` on, unchecked."""


@intrinsic
def store(typing: Any, array: Any, offset: Any, value: Any) -> Any:
    """Write a vector or bundle to a flat array from `offset` on, unchecked."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[2], _address(context, builder, value, array, *arguments[:2]), align=8)
        return context.get_dummy_value()

    return types.void(array, types.uint64, value), generate


# ---------------------------------------------------------------------- arithmetic


def _constant(kind: Any, number: float) -> ir.Constant:
    return ir.Constant(kind, [number] * kind.count)


def _call(builder: Any, name: str, *arguments: Any) -> Any:
    """Call an operation of LLVM on vectors of doubles."""
    kind = arguments[0].type
    function = ir.FunctionType(kind, [kind] * len(arguments))
    name = f"llvm.{name}.v{kind.count}f64"
    return builder.call(cgutils.get_or_insert_function(builder.module, function, name), arguments)


def _shuffle(builder: Any, value: Any, places: list[int]) -> Any:
    return builder.shuffle_vector(value, value, ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places))


def _operation(operands: int, emit: Callable[..., Any]) -> Any:
    """Make an operation on vectors or bundles from what it emits, ``emit(builder, *operands)``."""

    def signature(kind: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return emit(builder, *arguments)

        return kind(*[kind] * operands), generate

    def unary(typing: Any, a: Any) -> Any:
        return signature(a)

    def binary(typing: Any, a: Any, b: Any) -> Any:
        return signature(a) if a == b else None

    def ternary(typing: Any, a: Any, b: Any, c: Any) -> Any:
        return signature(a) if a == b == c else None

    return intrinsic((unary, binary, ternary)[operands - 1])


def _tanh(builder: Any, x: Any) -> Any:
    """Emit ``tanh |x| = q/(q + 2)`` with ``q = e^y - 1 = 2^k (e^r - 1) + 2^k - 1``, ``y = 2|x| = k ln 2 + r``."""
    integers = ir.VectorType(ir.IntType(64), x.type.count)

    def number(value: float) -> ir.Constant:
        return _constant(x.type, value)

    size = _call(builder, "fabs", x)
    # The comparison is false for NaN, which so passes through.
    large = builder.fcmp_ordered(">", size, number(_SATURATED))
    size = builder.select(large, number(_SATURATED), size)
    y = builder.fadd(size, size)
    shifted = _call(builder, "fma", y, number(1 / math.log(2)), number(_SHIFT))
    k = builder.fsub(shifted, number(_SHIFT))
    r = _call(builder, "fma", k, number(-_LN2_HIGH), y)
    r = _call(builder, "fma", k, number(-_LN2_LOW), r)
    series = number(_EXPONENTIAL[-1])
    for coefficient in reversed(_EXPONENTIAL[:-1]):
        series = _call(builder, "fma", series, r, number(coefficient))
    p = _call(builder, "fma", builder.fmul(r, r), series, r)
    # The low bits of `shifted` are k; in the exponent's place they scale 1 to 2^k.
    exponent = builder.shl(builder.bitcast(shifted, integers), _constant(integers, 52))
    power = builder.bitcast(builder.add(exponent, builder.bitcast(number(1.0), integers)), x.type)
    q = _call(builder, "fma", power, p, builder.fsub(power, number(1.0)))
    return _call(builder, "copysign", builder.fdiv(q, builder.fadd(q, number(2.0))), x)


add = _operation(2, lambda builder, a, b: builder.fadd(a, b))
subtract = _operation(2, lambda builder, a, b: builder.fsub(a, b))
multiply = _operation(2, lambda builder, a, b: builder.fmul(a, b))
fma = _operation(3, lambda builder, a, b, c: _call(builder, "fma", a, b, c))
"""``fma(a, b, c)`` is ``a b + c``, rounded once."""
tanh = _operation(1, _tanh)
"""The hyperbolic tangent, to a relative `TANH_ERROR`; odd, +-1 at +-inf, NaN for NaN."""


@intrinsic
def splat(typing: Any, number: Any) -> Any:
    """Return the vector with the same number in all lanes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        zero = _constant(vector.doubles, 0.0)
        return _shuffle(builder, builder.insert_element(zero, arguments[0], ir.IntType(32)(0)), [0] * LANES)

    return vector(types.float64), generate


@intrinsic
def spread(typing: Any, a: Any) -> Any:
    """Return the bundle with the same vector for all samples."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _shuffle(builder, arguments[0], list(range(LANES)) * SAMPLES)

    return bundle(vector), generate


@intrinsic
def total(typing: Any, a: Any) -> Any:
    """Return the sum of the vectors of a bundle, from the first to the last."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        parts = [_shuffle(builder, arguments[0], list(range(LANES * i, LANES * (i + 1)))) for i in range(SAMPLES)]
        result = parts[0]
        for part in parts[1:]:
            result = builder.fadd(result, part)
        return result

    return vector(bundle), generate
