"""A program as straight-line code: the bits that the interpreter computes, without its passes over registers.

A register is a value of LLVM, which keeps it in a vector register where it can. Nothing is reassociated or contracted,
so every operation rounds like the interpreter's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from llvmlite import ir

from hallucert.objectives.machine import elementary
from hallucert.objectives.machine import program as m
from hallucert.objectives.machine.vectors import call, constant, emit_tanh

Emitter = Callable[[ir.IRBuilder, ir.Value], ir.Value]

_OF_ONE: dict[int, Emitter] = {
    m.NEG: lambda builder, a: builder.fneg(a),
    m.COPY: lambda builder, a: a,
    m.SQUARE: lambda builder, a: builder.fmul(a, a),
    m.SQRT: lambda builder, a: call(builder, "sqrt", a),
    m.EXP: elementary.emit_exp,
    m.LOG: elementary.emit_log,
    m.SIN: elementary.emit_sin,
    m.COS: elementary.emit_cos,
    m.TANH: emit_tanh,
    m.SOFTPLUS: elementary.emit_softplus,
    m.ERF: lambda builder, a: elementary.emit_library(builder, "erf", a),
}


def emit_program(builder: ir.IRBuilder, program: m.Program, inputs: Sequence[ir.Value]) -> list[ir.Value]:
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
    if op == m.RPOW:
        power = elementary.emit_library(builder, "pow", a, k)
        positive = builder.fcmp_ordered(">", a, constant(a.type, 0.0))
        return builder.select(positive, power, constant(a.type, math.nan))
    add, subtract, multiply, divide = builder.fadd, builder.fsub, builder.fmul, builder.fdiv
    rows: dict[int, Callable[[], ir.Value]] = {
        m.CONST: lambda: k,
        m.ADD: lambda: add(a, b),
        m.SUB: lambda: subtract(a, b),
        m.MUL: lambda: multiply(a, b),
        m.DIV: lambda: divide(a, b),
        m.ADDC: lambda: add(k, a),
        m.SUBC: lambda: subtract(k, a),
        m.MULC: lambda: multiply(k, a),
        m.DIVC: lambda: divide(k, a),
        m.KMUL: lambda: multiply(multiply(k, a), b),
        m.MADD: lambda: add(call(builder, "fma", multiply(k, a), b, c), l),
        m.AXPY: lambda: add(call(builder, "fma", k, a, b), l),
    }
    return rows[op]()
