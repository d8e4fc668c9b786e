"""Functions of formulas in compiled code, on doubles: the same bits for a number and for a lane of a vector.

All but `erf` and `real_power`, which call the mathematical library for each lane, have no branches but for what is
rare, so that loops over numbers become vector instructions. With ``u = 2^-53``:

- `exp` reduces like `vectors.exponential`, and scales by two powers of 2 because ``2^k`` alone may overflow;
- `log`: ``x = 2^k (1 + f)`` with ``1 + f`` from ``sqrt(1/2)`` to ``sqrt(2)``, and with ``s = f/(2 + f)``
  ``log(1 + f) = 2 atanh(s) = f - f^2/2 + s (f^2/2 + R)``, ``R`` the series of ``2 atanh(s)/s - 2`` in ``s^2``;
- `softplus` is ``max(x, 0) + log(1 + e^-|x|)``, the logarithm as ``2 atanh(e/(2 + e))``;
- `sin` and `cos` subtract the nearest multiple of pi/2, which is in three parts, and take Taylor's polynomials; beyond
  `LARGEST_ANGLE` they call the library.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from llvmlite import ir
from numba.core import cgutils

from hallucert.objectives.machine.vectors import (
    call,
    constant,
    emit_exponential,
    integers_of,
    operation,
    polynomial,
    reduced,
)

LARGEST_ANGLE = 2.0**20
"""Up to here pi/2 in three parts gives angles to 2u of themselves, however near to a multiple of pi/2 they are."""

_LONG = ir.IntType(64)
_SHIFT = 1.5 * 2.0**52  # adding it rounds to an integer, which then stands in the low bits
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # k times the first is exact
_HALF_PI = (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33)
_ATANH = [2 / (2 * i + 1) for i in range(1, 18)]  # of s^2, s^4, ...
_SINE = [(-1) ** i / math.factorial(2 * i + 1) for i in range(1, 9)]  # of r^2, r^4, ... beside r
_COSINE = [(-1) ** i / math.factorial(2 * i) for i in range(2, 9)]  # of r^2, r^4, ... beside r^2


def _where(builder: ir.IRBuilder, x: ir.Value, relation: str, bound: float, a: ir.Value, b: ir.Value) -> ir.Value:
    """Emit a where x is so related to the bound, otherwise, and for NaN, b."""
    return builder.select(builder.fcmp_ordered(relation, x, constant(x.type, bound)), a, b)


def emit_exp(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Emit `exp`."""
    kind, integers = x.type, integers_of(x.type)
    y = _where(builder, x, ">", 710.0, constant(kind, 710.0), x)
    y = _where(builder, y, "<", -746.0, constant(kind, -746.0), y)
    shift, one = constant(kind, _SHIFT), builder.bitcast(constant(kind, 1.0), integers)
    _, p = reduced(builder, y)
    # The same k as in `reduced`, cut into two integers that are nearly its half.
    k = builder.fsub(call(builder, "fma", y, constant(kind, 1 / math.log(2)), shift), shift)
    first = call(builder, "fma", k, constant(kind, 0.5), shift)
    second = builder.fadd(builder.fsub(k, builder.fsub(first, shift)), shift)
    value = builder.fadd(p, constant(kind, 1.0))
    for part in (first, second):
        exponent = builder.shl(builder.bitcast(part, integers), constant(integers, 52))
        value = builder.fmul(value, builder.bitcast(builder.add(exponent, one), kind))
    return value


def emit_log(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Emit `log`."""
    kind, integers = x.type, integers_of(x.type)

    def bits(number: float) -> ir.Value:
        return builder.bitcast(constant(kind, number), integers)

    def multiply(a: ir.Value, b: float) -> ir.Value:
        return builder.fmul(a, constant(kind, b))

    tiny = builder.fcmp_ordered("<", x, constant(kind, 2.0**-1022))
    scaled = builder.select(tiny, multiply(x, 2.0**54), x)
    # Counted from sqrt(1/2), the exponent is k; 1024 more is positive, and read as the low bits of 2^52 + ...
    raw = builder.bitcast(scaled, integers)
    above = builder.sub(raw, bits(math.sqrt(0.5)))
    places = builder.and_(above, constant(integers, -(2**52)))
    biased = builder.lshr(builder.add(above, constant(integers, 1024 << 52)), constant(integers, 52))
    k = builder.fsub(builder.bitcast(builder.or_(biased, bits(2.0**52)), kind), constant(kind, 2.0**52 + 1024))
    k = builder.select(tiny, builder.fsub(k, constant(kind, 54.0)), k)
    f = builder.fsub(builder.bitcast(builder.sub(raw, places), kind), constant(kind, 1.0))
    s = builder.fdiv(f, builder.fadd(f, constant(kind, 2.0)))
    z, half = builder.fmul(s, s), multiply(builder.fmul(f, f), 0.5)
    series = builder.fmul(z, polynomial(builder, z, _ATANH[:10]))
    small = call(builder, "fma", s, builder.fadd(half, series), multiply(k, _LN2_LOW))
    value = call(builder, "fma", k, constant(kind, _LN2_HIGH), builder.fsub(f, builder.fsub(half, small)))
    value = _where(builder, x, ">", 1.7976931348623157e308, x, value)
    value = _where(builder, x, "<=", 0.0, constant(kind, math.nan), value)
    value = _where(builder, x, "==", 0.0, constant(kind, -math.inf), value)
    return builder.select(builder.fcmp_unordered("uno", x, x), x, value)


def emit_softplus(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Emit `softplus`."""
    kind = x.type
    e = emit_exponential(builder, builder.fneg(call(builder, "fabs", x)))
    s = builder.fdiv(e, builder.fadd(e, constant(kind, 2.0)))
    z = builder.fmul(s, s)
    logarithm = builder.fmul(s, call(builder, "fma", z, polynomial(builder, z, _ATANH), constant(kind, 2.0)))
    return builder.fadd(_where(builder, x, "<", 0.0, constant(kind, 0.0), x), logarithm)


def _turned(name: str, quarters: int) -> Callable[[ir.IRBuilder, ir.Value], ir.Value]:
    """Return what emits the sine so many quarter turns ahead."""

    def emit(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
        kind, integers = x.type, integers_of(x.type)
        shifted = call(builder, "fma", x, constant(kind, 2 / math.pi), constant(kind, _SHIFT))
        turns, r = builder.fneg(builder.fsub(shifted, constant(kind, _SHIFT))), x
        for part in _HALF_PI:
            r = call(builder, "fma", turns, constant(kind, part), r)
        z = builder.fmul(r, r)
        sine = call(builder, "fma", builder.fmul(r, z), polynomial(builder, z, _SINE), r)
        cosine = call(builder, "fma", z, constant(kind, -0.5), constant(kind, 1.0))
        cosine = call(builder, "fma", builder.fmul(z, z), polynomial(builder, z, _COSINE), cosine)
        quarter = builder.add(builder.bitcast(shifted, integers), constant(integers, quarters))
        odd = builder.icmp_unsigned("!=", builder.and_(quarter, constant(integers, 1)), constant(integers, 0))
        sign = builder.shl(builder.and_(quarter, constant(integers, 2)), constant(integers, 62))
        value = builder.bitcast(builder.select(odd, cosine, sine), integers)
        value = builder.bitcast(builder.xor(value, sign), kind)
        large = builder.fcmp_ordered(">", call(builder, "fabs", x), constant(kind, LARGEST_ANGLE))
        return _rarely(builder, large, value, lambda: builder.select(large, call(builder, name, x), value))

    return emit


def _rarely(builder: ir.IRBuilder, condition: ir.Value, usual: ir.Value, emit: Callable[[], ir.Value]) -> ir.Value:
    """Emit a branch that is taken if the condition holds somewhere; return its value, or the usual one."""
    if isinstance(condition.type, ir.VectorType):
        together = ir.IntType(condition.type.count)
        condition = builder.icmp_unsigned("!=", builder.bitcast(condition, together), together(0))
    before = builder.block
    with builder.if_then(condition, likely=False):
        other, after = emit(), builder.block
    result = builder.phi(usual.type)
    result.add_incoming(usual, before)
    result.add_incoming(other, after)
    return result


def emit_library(builder: ir.IRBuilder, name: str, *arguments: ir.Value) -> ir.Value:
    """Emit a call of the mathematical library, for each lane of vectors."""
    kind = arguments[0].type
    number = kind.element if isinstance(kind, ir.VectorType) else kind
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(number, [number] * len(arguments)), name)
    if number is kind:
        return builder.call(function, arguments)
    result = constant(kind, 0.0)
    for i in map(ir.IntType(32), range(kind.count)):
        value = builder.call(function, [builder.extract_element(argument, i) for argument in arguments])
        result = builder.insert_element(result, value, i)
    return result


emit_sin, emit_cos = _turned("sin", 0), _turned("cos", 1)

exp = operation(1, emit_exp)
"""The exponential, to 3u where it is not subnormal; 0 and inf beyond its range."""
log = operation(1, emit_log)
"""The natural logarithm, to 2u; -inf for zeros, NaN for negative numbers."""
softplus = operation(1, emit_softplus)
"""``log(1 + e^x)``, to 6u; a result below 1e-307 is 0."""
sin = operation(1, emit_sin)
"""The sine, to 4u."""
cos = operation(1, emit_cos)
"""The cosine, to 4u."""
