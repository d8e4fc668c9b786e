"""Numbers in vector registers inside compiled code: arithmetic, hyperbolic tangent and exponential.

A *number* is a float32 or a float64. A *vector* holds the same number of eight lanes in float64, a *bundle* four
vectors, of the same number for four samples. They live in vector registers, so a loop over neurons or samples keeps its
sums there, which loops over arrays of lanes cannot promise: the compiler decides about those. Every operation rounds
once (`fma` once for product and sum), on all processors: results do not depend on the machine, and a lane's result does
not depend on its neighbours. Processors with short vectors use several registers for one value.

`tanh` and `exponential` have no branches, so loops over numbers become vector instructions, too. With the unit roundoff
``u`` (2^-53, or 2^-24 in float32), `exponential` is built on the reduction ``y = k ln 2 + r``, ``|r| <= ln(2)/2``, with
``ln 2`` in two parts (Cody and Waite) and Taylor's polynomial for ``e^r - 1``: ``e^y = 2^k + 2^k (e^r - 1)``.

`tanh` must keep the processor's dividing unit busy, which takes as long for a quotient as 9 to 16 multiply-adds take:
all else has to be done meanwhile. So ``|x| = t - k ln(2)/2`` with ``|t| <= ln(2)/4``, ``k <= 0``, and a polynomial in
``t^2``, half as long as one for the exponential, whose ``e^(2t)`` is ``(c + t)/(c - t)`` with ``c = t coth t``. Then
``tanh |x| = (1 - 2^k e^(-2t))/(1 + 2^k e^(-2t))`` is

    (a + (a g + t))/(b + (b g + t)) ,  a = 1/2 - 2^(k-1) ,  b = 1/2 + 2^(k-1) ,  g = (c - 1) - t

where nothing is lost for small x: k = 0 makes a = 0. The functions of formulas that are built on `exponential` are in
`elementary`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.base import BaseContext
from numba.core.typing.context import BaseContext as Typing
from numba.core.typing.templates import Signature
from numba.extending import intrinsic, models, register_model

LANES = 8
"""Lanes in a vector."""
SAMPLES = 4
"""Vectors in a bundle."""

TANH_ERROR = 5.0
"""Largest relative error of `tanh` in units of ``u``, where tanh is not subnormal. It is largest for ``k = -1`` and
``t = -ln(2)/4``: t errs by u/8 in rounding and 0.104u because ln(2)/2 does, which count ``2/sinh(2|x|) < 5.7`` of
themselves; g by 0.15u, ``a g + t`` so by 0.17u, and the sum that it is half of, 0.122, is exact: 1.4u; the denominator
by 0.9u of itself; and the quotient rounds: 4.6u. For other k no difference is so small: 4.1u, and 2.2u for k = 0."""

EXPONENTIAL_ERROR = 2.2
"""Largest relative error of `exponential` in units of ``u``, where it is not subnormal: the polynomial's 1.7u count
at most 0.42 of themselves, the rounding of r 0.35u, and the sum rounds."""

Generator = tuple[Signature, Callable[..., ir.Value]]
"""What an intrinsic of numba answers: its types, and what emits the code."""


@dataclass(frozen=True)
class Format:
    """The constants of `tanh` and `exponential` in one floating-point format.

    The numbers have some `bits`, `mantissa` of them stored digits. Of ln 2 in two parts a multiple k of the first is
    exact for the k that occur. Taylor's polynomial has degree `terms`, and a remainder below u/4 of ``e^r - 1``; that
    for ``(t coth t - 1)/t^2`` has the coefficients `coth`, of the best approximation, and makes ``t coth t`` err by
    0.04u. Beyond `saturated` tanh rounds to 1; below `smallest`, still a normal number, `exponential` returns 0.
    """

    bits: int
    mantissa: int
    ln2_high: float
    ln2_low: float
    terms: int
    coth: tuple[float, ...]
    saturated: float
    smallest: float

    @property
    def shift(self) -> float:
        """Adding it rounds a small number to the nearest integer and leaves that in the low bits."""
        return 1.5 * 2.0**self.mantissa

    @property
    def bias(self) -> int:
        """What is added to the exponent of a number in its bits."""
        return int(2 ** (self.bits - self.mantissa - 2) - 1)


_COTH = (0.33333333333333204, -0.022222222221612176, 2.116402022846229e-3, -2.116339479551736e-4, 2.1187258206483964e-5)
_DOUBLE = Format(64, 52, 6.93147180369123816490e-01, 1.90821492927058770002e-10, 13, _COTH, 20.0, -708.0)
_COTH_SINGLE = (0.3333325148457605, -0.022134027705313787)
# ln 2 as 355/512 and a rest (Cody and Waite).
_SINGLE = Format(32, 23, 0.693359375, math.log(2) - 0.693359375, 7, _COTH_SINGLE, 10.0, -87.0)


class VectorType(types.Type):
    """Numba's type of `length` doubles in vector registers."""

    def __init__(self, length: int) -> None:
        super().__init__(name=f"Vector({length})")
        self.doubles = ir.VectorType(ir.DoubleType(), length)


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: object, kind: VectorType) -> None:
        super().__init__(manager, kind, kind.doubles)


vector, bundle = VectorType(LANES), VectorType(LANES * SAMPLES)


# ---------------------------------------------------------------------- memory


def _address(
    context: BaseContext, builder: ir.IRBuilder, kind: VectorType, of: types.Array, array: ir.Value, offset: ir.Value
) -> ir.Value:
    data = context.make_array(of)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [offset]), kind.doubles.as_pointer())


def _loader(kind: VectorType) -> Callable[..., ir.Value]:
    def function(typing: Typing, array: types.Array, offset: types.Integer) -> Generator:
        def generate(context: BaseContext, builder: ir.IRBuilder, _: Signature, arguments: list[ir.Value]) -> ir.Value:
            return builder.load(_address(context, builder, kind, array, *arguments), align=8)

        return kind(array, types.uint64), generate

    return intrinsic(function)


load, load_bundle = _loader(vector), _loader(bundle)
"""``load(array, offset)`` takes the doubles of a flat array from `offset` on, unchecked."""


@intrinsic
def store(typing: Typing, array: types.Array, offset: types.Integer, value: VectorType) -> Generator:
    """Write a vector or bundle to a flat array from `offset` on, unchecked."""

    def generate(context: BaseContext, builder: ir.IRBuilder, _: Signature, arguments: list[ir.Value]) -> ir.Value:
        builder.store(arguments[2], _address(context, builder, value, array, *arguments[:2]), align=8)
        return context.get_dummy_value()

    return types.void(array, types.uint64, value), generate


# ---------------------------------------------------------------------- arithmetic


def constant(kind: ir.Type, number: float) -> ir.Constant:
    """Return a number, or a vector or bundle of it."""
    return ir.Constant(kind, [number] * kind.count if isinstance(kind, ir.VectorType) else number)


def call(builder: ir.IRBuilder, name: str, *arguments: ir.Value) -> ir.Value:
    """Call an operation of LLVM on numbers, vectors or bundles."""
    kind = arguments[0].type
    length = f"v{kind.count}" if isinstance(kind, ir.VectorType) else ""
    function = ir.FunctionType(kind, [kind] * len(arguments))
    name = f"llvm.{name}.{length}f{format_of(kind).bits}"
    return builder.call(cgutils.get_or_insert_function(builder.module, function, name), arguments)


def format_of(kind: ir.Type) -> Format:
    """Return the format of numbers, or of those in vectors."""
    return _SINGLE if (kind.element if isinstance(kind, ir.VectorType) else kind) == ir.FloatType() else _DOUBLE


def _shuffle(builder: ir.IRBuilder, value: ir.Value, places: list[int]) -> ir.Value:
    return builder.shuffle_vector(value, value, ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places))


def _emitted(signature: Signature, emit: Callable[..., ir.Value]) -> Generator:
    """Return what an intrinsic answers that emits ``emit(builder, *arguments)``."""
    return signature, lambda context, builder, _, arguments: emit(builder, *arguments)


def operation(operands: int, emit: Callable[..., ir.Value]) -> Callable[..., ir.Value]:
    """Make an operation on numbers, vectors or bundles from what it emits, ``emit(builder, *operands)``."""

    def signature(kind: types.Type) -> Generator:
        return _emitted(kind(*[kind] * operands), emit)

    def unary(typing: Typing, a: types.Type) -> Generator:
        return signature(a)

    def binary(typing: Typing, a: types.Type, b: types.Type) -> Generator | None:
        return signature(a) if a == b else None

    def ternary(typing: Typing, a: types.Type, b: types.Type, c: types.Type) -> Generator | None:
        return signature(a) if a == b == c else None

    return intrinsic((unary, binary, ternary)[operands - 1])


def integers_of(kind: ir.Type) -> ir.Type:
    """Return the type of integers, one or a vector of them, as wide as floating-point numbers."""
    integer = ir.IntType(format_of(kind).bits)
    return ir.VectorType(integer, kind.count) if isinstance(kind, ir.VectorType) else integer


def polynomial(builder: ir.IRBuilder, z: ir.Value, coefficients: Sequence[float]) -> ir.Value:
    """Emit ``c_0 + c_1 z + ...``."""
    value = constant(z.type, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = call(builder, "fma", value, z, constant(z.type, coefficient))
    return value


def reduced(builder: ir.IRBuilder, y: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Emit ``2^k`` and ``e^r - 1``."""
    kind, form, integers = y.type, format_of(y.type), integers_of(y.type)

    def fma(a: ir.Value, b: ir.Value | float, c: ir.Value | float) -> ir.Value:
        b, c = (constant(kind, v) if isinstance(v, float) else v for v in (b, c))
        return call(builder, "fma", a, b, c)

    shifted = fma(y, 1 / math.log(2), form.shift)
    k = builder.fsub(shifted, constant(kind, form.shift))
    r = fma(k, -form.ln2_low, fma(k, -form.ln2_high, y))
    series = polynomial(builder, r, [1 / math.factorial(i) for i in range(2, form.terms + 1)])
    # The low bits of `shifted` are k; in the exponent's place they scale 1 to 2^k.
    exponent = builder.shl(builder.bitcast(shifted, integers), constant(integers, form.mantissa))
    power = builder.bitcast(builder.add(exponent, builder.bitcast(constant(kind, 1.0), integers)), kind)
    return power, fma(builder.fmul(r, r), series, r)


def emit_tanh(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Emit `tanh`."""
    kind, form, integers = x.type, format_of(x.type), integers_of(x.type)
    largest, half, size = constant(kind, form.saturated), constant(kind, 0.5), call(builder, "fabs", x)
    # The comparison is false for NaN, which so passes through.
    size = builder.select(builder.fcmp_ordered(">", size, largest), largest, size)
    # The low bits become the exponent of 2^(k - 1).
    shift = constant(kind, form.shift + form.bias - 1)
    shifted = call(builder, "fma", size, constant(kind, -2 / math.log(2)), shift)
    exponent = builder.shl(builder.bitcast(shifted, integers), constant(integers, form.mantissa))
    power = builder.bitcast(exponent, kind)
    t = call(builder, "fma", builder.fsub(shifted, shift), constant(kind, math.log(2) / 2), size)
    z = builder.fmul(t, t)
    g = call(builder, "fma", z, polynomial(builder, z, form.coth), builder.fneg(t))
    a, b = builder.fsub(half, power), builder.fadd(half, power)
    above, below = (builder.fadd(c, call(builder, "fma", c, g, t)) for c in (a, b))
    # Neither is negative or -0, so the quotient has no sign yet.
    sign = builder.and_(builder.bitcast(x, integers), constant(integers, 1 << form.bits - 1))
    return builder.bitcast(builder.or_(builder.bitcast(builder.fdiv(above, below), integers), sign), kind)


def emit_exponential(builder: ir.IRBuilder, y: ir.Value) -> ir.Value:
    """Emit `exponential`."""
    power, p = reduced(builder, y)
    small = builder.fcmp_ordered("<", y, constant(y.type, format_of(y.type).smallest))
    return builder.select(small, constant(y.type, 0.0), call(builder, "fma", power, p, power))


negated = operation(1, lambda builder, a: builder.fneg(a))
subtract = operation(2, lambda builder, a, b: builder.fsub(a, b))
multiply = operation(2, lambda builder, a, b: builder.fmul(a, b))
fma = operation(3, lambda builder, a, b, c: call(builder, "fma", a, b, c))
"""``fma(a, b, c)`` is ``a b + c``, rounded once."""
tanh = operation(1, emit_tanh)
"""The hyperbolic tangent, to a relative `TANH_ERROR`; odd, +-1 at +-inf, NaN for NaN."""
exponential = operation(1, emit_exponential)
"""``e^y`` for ``y <= 0``, to a relative `EXPONENTIAL_ERROR`; 0 where it would be nearly subnormal; NaN for NaN."""


@intrinsic
def splat(typing: Typing, number: types.Float) -> Generator:
    """Return the vector with the same number in all lanes."""

    def emit(builder: ir.IRBuilder, number: ir.Value) -> ir.Value:
        zero = constant(vector.doubles, 0.0)
        return _shuffle(builder, builder.insert_element(zero, number, ir.IntType(32)(0)), [0] * LANES)

    return _emitted(vector(types.float64), emit)


@intrinsic
def spread(typing: Typing, a: VectorType) -> Generator:
    """Return the bundle with the same vector for all samples."""
    return _emitted(bundle(vector), lambda builder, a: _shuffle(builder, a, list(range(LANES)) * SAMPLES))


def _parts(builder: ir.IRBuilder, a: ir.Value) -> list[ir.Value]:
    """Emit the vectors of a bundle."""
    return [_shuffle(builder, a, list(range(LANES * i, LANES * (i + 1)))) for i in range(SAMPLES)]


@intrinsic
def plus_all(typing: Typing, start: VectorType, a: VectorType) -> Generator:
    """Return a vector plus those of a bundle, from the first to the last."""

    def emit(builder: ir.IRBuilder, start: ir.Value, a: ir.Value) -> ir.Value:
        return reduce(builder.fadd, _parts(builder, a), start)

    return _emitted(vector(vector, bundle), emit)


@intrinsic
def plus_products(typing: Typing, start: VectorType, a: VectorType, b: VectorType) -> Generator:
    """Return a vector plus the products of the vectors of two bundles, from the first to the last, each by `fma`."""

    def emit(builder: ir.IRBuilder, start: ir.Value, a: ir.Value, b: ir.Value) -> ir.Value:
        for x, y in zip(_parts(builder, a), _parts(builder, b), strict=True):
            start = call(builder, "fma", x, y, start)
        return start

    return _emitted(vector(vector, bundle, bundle), emit)
