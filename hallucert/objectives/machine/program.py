"""Programs of the float machine: a tape, lowered to rows of integer codes that name registers.

A register is reused as soon as its value is dead. As a pass over the registers costs more than the arithmetic in it,
products that are only added to something are fused with the sum, which then rounds once for both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from hallucert.objectives.tape import Node, Tape, node_operands

ADD, SUB, MUL, DIV, ADDC, SUBC, MULC, DIVC, SQUARE, NEG, COPY, CONST = range(12)
SQRT, EXP, LOG, SIN, COS, TANH, ERF, SOFTPLUS, RPOW = range(12, 21)
KMUL, MADD, AXPY = range(21, 24)
"""Instructions. With the constants ``k, l`` of the row: ADDC is ``k + a``, SUBC ``k - a``, MULC ``k * a`` and DIVC
``k / a``. Fused, from left to right: KMUL ``k * a * b``, MADD ``k * a * b + c + l``, AXPY ``k * a + b + l``, of which
the last product and the sum after it round once, as a fused multiply-add."""

_CODES = {
    "add": ADD, "sub": SUB, "mul": MUL, "div": DIV, "neg": NEG, "const": CONST, "pi": CONST, "sqrt": SQRT,
    "exp": EXP, "log": LOG, "sin": SIN, "cos": COS, "tanh": TANH, "erf": ERF, "softplus": SOFTPLUS, "rpow": RPOW,
}  # fmt: skip
_WITH_CONSTANT = {"add": ADDC, "sub": SUBC, "mul": MULC, "div": DIVC}

CACHE = 32768
"""Bytes the registers of a block may take: the usual first-level cache."""
MIN_BLOCK, MAX_BLOCK = 16, 256
"""Lanes per block: fewer than 16 do not fill the vector loops, more than 256 gain nothing (measured)."""
LANES_PER_THREAD = 64
"""Lanes that keep a thread busy."""


class Program(NamedTuple):
    """A tape lowered for the kernel; a named tuple, so that compiled code can take it whole.

    A row of `code` (n, 5) is ``(instruction, destination register, operands a, b, c)``; the destination is never an
    operand. `constants` (n, 2) are the numbers ``k, l`` of the rows; ``k`` is also the number of CONST and the exponent
    of a real power. `outputs` (m,) are the registers of the results, never of an input; of all `registers` the first
    `dimension` hold the inputs and are only read.
    """

    code: np.ndarray
    constants: np.ndarray
    outputs: np.ndarray
    registers: int
    dimension: int

    @property
    def lanes_per_thread(self) -> int:
        """Fewer lanes than this are not worth a thread of their own."""
        return LANES_PER_THREAD

    def block(self, lanes: int, extra: int = 0) -> int:
        """Return how many lanes to run at once, when the caller keeps `extra` rows beside the registers."""
        fitting = CACHE // (8 * (self.registers + extra))
        wanted = min(max(fitting, MIN_BLOCK), MAX_BLOCK, max(lanes, 1))
        return -(-wanted // 8) * 8


def registers_array(rows: int, block: int) -> np.ndarray:
    """Return a zeroed flat array of `rows` rows of `block` doubles that starts on a cache line."""
    memory = np.zeros(rows * block + 8)
    start = -(memory.ctypes.data // 8) % 8
    return memory[start : start + rows * block]


# ---------------------------------------------------------------------- lowering


class _Instruction(NamedTuple):
    """One row before registers are assigned: the operands are node numbers."""

    op: int
    operands: tuple[int, ...] = ()
    k: float = 1.0
    l: float = -0.0  # adding it changes nothing, not even the sign of a zero


def lower(tape: Tape) -> Program:
    """Lower a tape to a program; inputs stay in registers ``0 .. d-1``, other registers are reused."""
    return _Lowering(tape).program()


class _Lowering:
    """Emits the rows of a program and hands out its registers."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.instructions = _instructions(tape)
        self.last_use = _last_uses(tape, self.instructions)
        self.register = {i: node.a for i, node in enumerate(tape.nodes) if node.op == "var"}
        self.free: list[int] = []
        self.count = tape.dimension
        self.rows: list[tuple[int, int, int, int, int]] = []
        self.constants: list[tuple[float, float]] = []

    def program(self) -> Program:
        for i, instruction in self.instructions.items():
            sources = [self.register[j] for j in instruction.operands]
            node = self.tape.nodes[i]
            if node.op == "pow" and node.b != 2:
                self.register[i] = self.power(sources[0], node.b)
            else:
                self.register[i] = self.emit(instruction.op, sources, instruction.k, instruction.l)
            # Freed only now, so that the destination differs from the operands.
            for j in set(instruction.operands):
                if self.last_use[j] == i and self.tape.nodes[j].op != "var":
                    self.free.append(self.register[j])
        outputs = [self.output(i) for i in self.tape.outputs]
        return Program(
            np.array(self.rows, dtype=np.int64).reshape(-1, 5),
            np.array(self.constants, dtype=np.float64).reshape(-1, 2),
            np.array(outputs, dtype=np.int64),
            self.count,
            self.tape.dimension,
        )

    def emit(self, op: int, sources: Sequence[int] = (), k: float = 1.0, l: float = -0.0) -> int:
        """Append one row and return its destination, a register that holds nothing alive."""
        if self.free:
            destination = self.free.pop()
        else:
            destination, self.count = self.count, self.count + 1
        a, b, c = [*sources, *([sources[0] if sources else 0] * 3)][:3]
        self.rows.append((op, destination, a, b, c))
        self.constants.append((k, l))
        return destination

    def output(self, node: int) -> int:
        """Return the register of an output; an input that is passed through is copied."""
        passed = self.tape.nodes[node].op == "var"
        return self.emit(COPY, (self.register[node],)) if passed else self.register[node]

    def power(self, x: int, exponent: int) -> int:
        """Emit ``x ** exponent`` by squaring, from the highest binary digit of the exponent down."""
        if exponent == 0:
            zero = self.emit(SUB, (x, x))  # not just 1: where x is undefined, so is its power
            return self.replace(zero, ADDC, (zero,))
        result = x
        for digit in bin(abs(exponent))[3:]:
            result = self.emit(SQUARE, (x,)) if result == x else self.replace(result, SQUARE, (result,))
            if digit == "1":
                result = self.replace(result, MUL, (result, x))
        if exponent > 0:
            return result if result != x else self.emit(COPY, (x,))
        return self.emit(DIVC, (x,)) if result == x else self.replace(result, DIVC, (result,))

    def replace(self, old: int, op: int, sources: Sequence[int]) -> int:
        """Append one row that is the last to read the temporary register `old`."""
        destination = self.emit(op, sources)
        self.free.append(old)
        return destination


def _instructions(tape: Tape) -> dict[int, _Instruction]:
    """Choose the instruction of every node that needs one, in order."""
    uses = Counter(j for node in tape.nodes for j in node_operands(node))
    uses.update(tape.outputs)
    chosen: dict[int, _Instruction] = {}
    for i, node in enumerate(tape.nodes):
        if node.op != "var":
            once = {j: chosen[j] for j in node_operands(node) if uses[j] == 1 and j in chosen}
            chosen[i], absorbed = _fused(_plain(tape, node), once)
            if absorbed is not None:
                del chosen[absorbed]
    needed = set(tape.outputs).union(*(instruction.operands for instruction in chosen.values()))
    return {i: instruction for i, instruction in chosen.items() if instruction.op != CONST or i in needed}


def _plain(tape: Tape, node: Node) -> _Instruction:
    """Return the instruction of a node by itself; a constant operand becomes a number of the row."""
    if node.op in ("const", "pi"):
        return _Instruction(CONST, (), _number(node))
    if node.op in _WITH_CONSTANT:
        left, right = tape.nodes[node.a], tape.nodes[node.b]
        if left.op in ("const", "pi"):
            return _Instruction(_WITH_CONSTANT[node.op], (node.b,), _number(left))
        if right.op in ("const", "pi") and node.op != "div":
            number = -_number(right) if node.op == "sub" else _number(right)
            return _Instruction(MULC if node.op == "mul" else ADDC, (node.a,), number)
    if node.op == "pow":
        return _Instruction(SQUARE, (node.a, node.a)) if node.b == 2 else _Instruction(COPY, (node.a,))
    return _Instruction(_CODES[node.op], node_operands(node), _number(node) if node.op == "rpow" else 1.0)


def _fused(plain: _Instruction, once: dict[int, _Instruction]) -> tuple[_Instruction, int | None]:
    """Fuse an instruction with one operand that nothing else uses; return it and the operand, or None, it absorbed.

    `once` holds the instructions of those of its operands that are used only here.
    """
    for j, inner in once.items():
        other = [i for i in plain.operands if i != j]
        if plain.op == MUL and inner.op == MULC:
            return _Instruction(KMUL, (*inner.operands, *other), inner.k), j
        if plain.op == ADD or (plain.op == SUB and j == plain.operands[1]):
            sign = 1.0 if plain.op == ADD else -1.0
            if inner.op in (MUL, SQUARE, KMUL):
                return _Instruction(MADD, (*inner.operands, *other), sign * inner.k), j
            if inner.op == MULC:
                return _Instruction(AXPY, (*inner.operands, *other), sign * inner.k), j
        if plain.op == ADDC and inner.op in (MADD, AXPY) and inner.l == 0:
            return inner._replace(l=plain.k), j
        if plain.op == ADDC and inner.op in (ADD, SUB):
            a, b = inner.operands
            return _Instruction(AXPY, (b, a), 1.0 if inner.op == ADD else -1.0, plain.k), j
    return plain, None


def _number(node: Node) -> float:
    if node.op == "pi":
        return np.pi
    value = node.value or Fraction(0)
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def _last_uses(tape: Tape, instructions: dict[int, _Instruction]) -> list[int]:
    last = [-1] * len(tape.nodes)
    for i, instruction in instructions.items():
        for j in instruction.operands:
            last[j] = i
    for i in tape.outputs:
        last[i] = len(tape.nodes)
    return last
