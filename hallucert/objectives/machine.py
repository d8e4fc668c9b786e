"""The float machine: one compiled kernel that runs any tape over lanes of points.

A tape is lowered to a *program*: integer codes that name registers, with a register reused as soon as its value is
dead. The kernel walks the program once per block of lanes and does each instruction for the whole block, so that the
cost of decoding is shared and the registers of a block stay in the cache. A new function costs no compilation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from hallucert.objectives.tape import BINARY, Node, Tape, node_operands

BLOCK = 128
"""Lanes per block: 128 doubles a register, so 32 registers fill a 32 kB first-level cache."""

ADD, SUB, MUL, DIV, NEG, POW, RPOW, EXP, LOG, SQRT, SIN, COS, TANH, CONST, VAR, ADDC, MULC, SQUARE, COPY = range(19)
_CODES = {
    "add": ADD, "sub": SUB, "mul": MUL, "div": DIV, "neg": NEG, "pow": POW, "rpow": RPOW, "exp": EXP, "log": LOG,
    "sqrt": SQRT, "sin": SIN, "cos": COS, "tanh": TANH, "const": CONST, "pi": CONST, "var": VAR,
}  # fmt: skip


@dataclass(frozen=True)
class Program:
    """A tape lowered for the kernel.

    Attributes
    ----------
    code : (n, 4) int64 array
        Rows ``(operation, destination register, operand, operand)``.
    constants : (n,) float64 array
        The number that belongs to a row: a constant, or the exponent of a real power.
    outputs : (m,) int64 array
        Registers that hold the results.
    registers : int
        How many registers the program needs; the first ``dimension`` hold the inputs.
    """

    code: np.ndarray
    constants: np.ndarray
    outputs: np.ndarray
    registers: int
    dimension: int


def lower(tape: Tape) -> Program:
    """Lower a tape to a program; inputs stay in registers ``0 .. d-1``, other registers are reused."""
    instructions = _fuse(tape)
    last_use = _last_uses(tape, instructions)
    register = {i: node.a for i, node in enumerate(tape.nodes) if node.op == "var"}
    free: list[int] = []
    count = tape.dimension
    rows, constants = [], []
    for i, (code, operands, number, constant) in instructions.items():
        sources = [register[j] for j in operands]
        for j in set(operands):
            if last_use[j] == i and tape.nodes[j].op != "var":
                free.append(register[j])
        if free:
            register[i] = free.pop()
        else:
            register[i], count = count, count + 1
        a = sources[0] if sources else 0
        b = sources[1] if len(sources) > 1 else number
        rows.append((code, register[i], a, b))
        constants.append(constant)
    return Program(
        np.array(rows, dtype=np.int64).reshape(-1, 4),
        np.array(constants, dtype=np.float64),
        np.array([register[i] for i in tape.outputs], dtype=np.int64),
        count,
        tape.dimension,
    )


def _fuse(tape: Tape) -> dict[int, tuple[int, tuple[int, ...], int, float]]:
    """Choose the instruction of every node: sums and products with a constant take it from the row itself."""
    outputs = set(tape.outputs)
    result: dict[int, tuple[int, tuple[int, ...], int, float]] = {}
    constant_needed = set(outputs)
    for i, node in enumerate(tape.nodes):
        entry = _instruction(tape, node)
        if entry is not None:
            result[i] = entry
            constant_needed.update(entry[1])
    return {
        i: entry for i, entry in result.items() if tape.nodes[i].op not in ("const", "pi") or i in constant_needed
    }


def _instruction(tape: Tape, node: Node) -> tuple[int, tuple[int, ...], int, float] | None:
    if node.op == "var":
        return None
    if node.op == "const":
        return (CONST, (), 0, float(node.value))  # type: ignore[arg-type]
    if node.op == "pi":
        return (CONST, (), 0, np.pi)
    if node.op in BINARY:
        left, right = tape.nodes[node.a], tape.nodes[node.b]
        if left.op == "const" and node.op in ("add", "mul"):
            return (ADDC if node.op == "add" else MULC, (node.b,), 0, float(left.value))  # type: ignore[arg-type]
        if right.op == "const" and node.op in ("add", "sub"):
            sign = 1 if node.op == "add" else -1
            return (ADDC, (node.a,), 0, sign * float(right.value))  # type: ignore[arg-type]
    if node.op == "pow" and node.b == 2:
        return (SQUARE, (node.a,), 0, 0.0)
    constant = float(node.value) if node.op == "rpow" else 0.0  # type: ignore[arg-type]
    return (_CODES[node.op], node_operands(node), node.b if node.op == "pow" else 0, constant)


def _last_uses(tape: Tape, instructions: dict[int, tuple[int, tuple[int, ...], int, float]]) -> list[int]:
    last = [-1] * len(tape.nodes)
    for i, (_, operands, _, _) in instructions.items():
        for j in operands:
            last[j] = i
    for i in tape.outputs:
        last[i] = len(tape.nodes)
    return last


@njit(cache=True, nogil=True, error_model="numpy")
def execute(code, constants, work, width):  # type: ignore[no-untyped-def]
    """Run a program on the first `width` lanes of the registers `work`, of shape (registers, lanes)."""
    for row in range(code.shape[0]):
        op = code[row, 0]
        out = work[code[row, 1]]
        x = work[code[row, 2]]
        if op == MUL:
            y = work[code[row, 3]]
            for i in range(width):
                out[i] = x[i] * y[i]
        elif op == ADD:
            y = work[code[row, 3]]
            for i in range(width):
                out[i] = x[i] + y[i]
        elif op == SUB:
            y = work[code[row, 3]]
            for i in range(width):
                out[i] = x[i] - y[i]
        elif op == MULC:
            c = constants[row]
            for i in range(width):
                out[i] = c * x[i]
        elif op == ADDC:
            c = constants[row]
            for i in range(width):
                out[i] = x[i] + c
        elif op == SQUARE:
            for i in range(width):
                out[i] = x[i] * x[i]
        elif op == NEG:
            for i in range(width):
                out[i] = -x[i]
        elif op == DIV:
            y = work[code[row, 3]]
            for i in range(width):
                out[i] = x[i] / y[i]
        elif op == CONST:
            for i in range(width):
                out[i] = constants[row]
        elif op == POW:
            _power(out, x, code[row, 3], width)
        elif op == EXP:
            for i in range(width):
                out[i] = np.exp(x[i])
        elif op == LOG:
            for i in range(width):
                out[i] = np.log(x[i])
        elif op == SQRT:
            for i in range(width):
                out[i] = np.sqrt(x[i])
        elif op == SIN:
            for i in range(width):
                out[i] = np.sin(x[i])
        elif op == COS:
            for i in range(width):
                out[i] = np.cos(x[i])
        elif op == TANH:
            for i in range(width):
                out[i] = np.tanh(x[i])
        elif op == RPOW:
            for i in range(width):
                out[i] = x[i] ** constants[row] if x[i] > 0.0 else np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def _power(out, x, exponent, width):  # type: ignore[no-untyped-def]
    """Integer power by repeated squaring; `out` may be `x`."""
    for i in range(width):
        base, result, n = x[i], 1.0, abs(exponent)
        while n > 0:
            if n & 1:
                result *= base
            base *= base
            n >>= 1
        out[i] = result if exponent >= 0 else 1.0 / result


@njit(cache=True, nogil=True, error_model="numpy")
def _run_lanes(code, constants, outputs, registers, x, out):  # type: ignore[no-untyped-def]
    lanes, dimension = x.shape
    work = np.empty((registers, BLOCK))
    for start in range(0, lanes, BLOCK):
        width = min(BLOCK, lanes - start)
        for j in range(dimension):
            for i in range(width):
                work[j, i] = x[start + i, j]
        execute(code, constants, work, width)
        for j in range(outputs.shape[0]):
            for i in range(width):
                out[start + i, j] = work[outputs[j], i]


def run(program: Program, x: np.ndarray) -> np.ndarray:
    """Run a program on lanes `x` of shape (k, d); returns shape (k, m). Undefined values come out as NaN or inf."""
    out = np.empty((x.shape[0], program.outputs.shape[0]))
    _run_lanes(
        program.code,
        program.constants,
        program.outputs,
        program.registers,
        np.ascontiguousarray(x, dtype=np.float64),
        out,
    )
    return out
