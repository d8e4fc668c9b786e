"""One compiled kernel that runs any program over lanes of points, so that a new function costs no compilation.

The kernel walks the program once per block of lanes and does each instruction for the whole block, so that the cost of
decoding is shared and the registers of a block stay in the first-level cache.

Two things make the loops of `execute` run in vector instructions. All registers lie in one flat array that is indexed
by unsigned offsets, so no index needs a test for being negative; and no instruction writes a register that it reads,
so the compiler's test for overlapping memory always takes the vector branch. Lanes are independent and vector
instructions round like scalar ones: a lane's result does not depend on the other lanes, on the block or on the thread.
"""

from __future__ import annotations

import math

import numpy as np

from hallucert.objectives.machine import program as m
from hallucert.objectives.machine.compilation import compiled, inlined
from hallucert.objectives.machine.elementary import cos, exp, log, sin, softplus
from hallucert.objectives.machine.vectors import fma, tanh


@inlined
def execute(code, constants, work, block, width):  # type: ignore[no-untyped-def]
    """Run a program on the first `width` lanes of its registers.

    Register ``r`` of lane ``i`` is ``work[r * block + i]``. The length `block` of a register and `width` are uint64:
    unsigned, so that offsets need no test for their sign.
    """
    for row in range(code.shape[0]):
        op = code[row, 0]
        o = np.uint64(code[row, 1]) * block
        a = np.uint64(code[row, 2]) * block
        b = np.uint64(code[row, 3]) * block
        c = np.uint64(code[row, 4]) * block
        k = constants[row, 0]
        l = constants[row, 1]
        if op == m.MADD:
            for i in range(width):
                work[o + i] = fma(k * work[a + i], work[b + i], work[c + i]) + l
        elif op == m.AXPY:
            for i in range(width):
                work[o + i] = fma(k, work[a + i], work[b + i]) + l
        elif op == m.KMUL:
            for i in range(width):
                work[o + i] = k * work[a + i] * work[b + i]
        elif op == m.MUL:
            for i in range(width):
                work[o + i] = work[a + i] * work[b + i]
        elif op == m.ADD:
            for i in range(width):
                work[o + i] = work[a + i] + work[b + i]
        elif op == m.SUB:
            for i in range(width):
                work[o + i] = work[a + i] - work[b + i]
        elif op == m.MULC:
            for i in range(width):
                work[o + i] = k * work[a + i]
        elif op == m.ADDC:
            for i in range(width):
                work[o + i] = k + work[a + i]
        elif op == m.SUBC:
            for i in range(width):
                work[o + i] = k - work[a + i]
        elif op == m.SQUARE:
            for i in range(width):
                work[o + i] = work[a + i] * work[a + i]
        elif op == m.NEG:
            for i in range(width):
                work[o + i] = -work[a + i]
        elif op == m.COPY:
            for i in range(width):
                work[o + i] = work[a + i]
        elif op == m.CONST:
            for i in range(width):
                work[o + i] = k
        elif op == m.DIV:
            for i in range(width):
                work[o + i] = work[a + i] / work[b + i]
        elif op == m.DIVC:
            for i in range(width):
                work[o + i] = k / work[a + i]
        elif op == m.SQRT:
            for i in range(width):
                work[o + i] = np.sqrt(work[a + i])
        else:
            _library(op, work, o, a, k, width)


@inlined
def _library(op, work, o, a, k, width):  # type: ignore[no-untyped-def]
    """Run the instructions that call the mathematical library, lane by lane."""
    if op == m.EXP:
        for i in range(width):
            work[o + i] = exp(work[a + i])
    elif op == m.LOG:
        for i in range(width):
            work[o + i] = log(work[a + i])
    elif op == m.SIN:
        for i in range(width):
            work[o + i] = sin(work[a + i])
    elif op == m.COS:
        for i in range(width):
            work[o + i] = cos(work[a + i])
    elif op == m.TANH:
        for i in range(width):
            work[o + i] = tanh(work[a + i])
    elif op == m.ERF:
        for i in range(width):
            work[o + i] = math.erf(work[a + i])
    elif op == m.SOFTPLUS:
        for i in range(width):
            work[o + i] = softplus(work[a + i])
    elif op == m.RPOW:
        for i in range(width):
            work[o + i] = work[a + i] ** k if work[a + i] > 0.0 else np.nan


@compiled
def _run_lanes(code, constants, outputs, work, block, x, out):  # type: ignore[no-untyped-def]
    lanes, dimension = x.shape
    for start in range(0, lanes, block):
        width = np.uint64(min(block, lanes - start))
        for j in range(dimension):
            for i in range(width):
                work[np.uint64(j) * np.uint64(block) + i] = x[np.uint64(start) + i, j]
        execute(code, constants, work, np.uint64(block), width)
        for j in range(outputs.shape[0]):
            for i in range(width):
                out[np.uint64(start) + i, j] = work[np.uint64(outputs[j]) * np.uint64(block) + i]


def run(program: m.Program, x: np.ndarray) -> np.ndarray:
    """Run a program on lanes `x` of shape (k, d); returns shape (k, m). Undefined values come out as NaN or inf."""
    points = np.ascontiguousarray(x, dtype=np.float64)
    out = np.empty((points.shape[0], program.outputs.shape[0]))
    block = program.block(points.shape[0])
    work = m.registers_array(program.registers, block)
    _run_lanes(program.code, program.constants, program.outputs, work, block, points, out)
    return out
