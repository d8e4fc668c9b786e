"""A program as straight-line code: the bits that the interpreter computes, without its passes over registers.

A register is a value of LLVM, which keeps it in a vector register where it can. Nothing is reassociated or contracted,
so every operation rounds like the interpreter's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from llvmlite import ir

from hallucert.objectives.machine import elementary
from hallucert.objectives.machine.program import (
    ADD,
    ADDC,
    AXPY,
    CONST,
    COPY,
    COS,
    DIV,
    DIVC,
    ERF,
    EXP,
    KMUL,
    LOG,
    MADD,
    MUL,
    MULC,
    NEG,
    RPOW,
    SIN,
    SOFTPLUS,
    SQRT,
    SQUARE,
    SUB,
    SUBC,
    TANH,
    Program,
)
from hallucert.objectives.machine.vectors import call, constant, emit_tanh

Emitter = Callable[[ir.IRBuilder, ir.Value], ir.Value]

_OF_ONE: dict[int, Emitter] = {
    NEG: lambda builder, a: builder.fneg(a),
    COPY: lambda builder, a: a,
    SQUARE: lambda builder, a: builder.fmul(a, a),
    SQRT: lambda builder, a: call(builder, "sqrt", a),
    EXP: elementary.emit_exp,
    LOG: elementary.emit_log,
    SIN: elementary.emit_sin,
    COS: elementary.emit_cos,
    TANH: emit_tanh,
    SOFTPLUS: elementary.emit_softplus,
    ERF: lambda builder, a: elementary.emit_library(builder, "erf", a),
}


def emit_program(builder: ir.IRBuilder, program: Program, inputs: Sequence[ir.Value]) -> list[ir.Value]:
    """Emit a program on `d` numbers or vectors of doubles; return its outputs."""
    registers = dict(enumerate(inputs))
    for (op, destination, *operands), numbers in zip(program.code.tolist(), program.constants.tolist(), strict=True):
        k, l = (constant(inputs[0].type, number) for number in numbers)
        registers[destination] = _emit(builder, op, [registers[i] for i in operands], k, l)
    return [registers[i] for i in program.outputs.tolist()]


def _emit(builder: ir.IRBuilder, op: int, operands: Sequence[ir.Value], k: ir.Value, l: ir.Value) -> ir.Value:
    """Emit one row; products and sums from left to right, as in `interpreter.execute`."""
    a, b, c = operands
    if op in _OF_ONE:
        return _OF_ONE[op](builder, a)
    if op == RPOW:
        power = elementary.emit_library(builder, "pow", a, k)
        positive = builder.fcmp_ordered(">", a, constant(a.type, 0.0))
        return builder.select(positive, power, constant(a.type, math.nan))
    add, subtract, multiply, divide = builder.fadd, builder.fsub, builder.fmul, builder.fdiv
    rows: dict[int, Callable[[], ir.Value]] = {
        CONST: lambda: k,
        ADD: lambda: add(a, b),
        SUB: lambda: subtract(a, b),
        MUL: lambda: multiply(a, b),
        DIV: lambda: divide(a, b),
        ADDC: lambda: add(k, a),
        SUBC: lambda: subtract(k, a),
        MULC: lambda: multiply(k, a),
        DIVC: lambda: divide(k, a),
        KMUL: lambda: multiply(multiply(k, a), b),
        MADD: lambda: add(call(builder, "fma", multiply(k, a), b, c), l),
        AXPY: lambda: add(call(builder, "fma", k, a, b), l),
    }
    return rows[op]()
