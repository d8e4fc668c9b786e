"""A SAM step of one formula as machine code of its own: the same bits as the interpreting loop, several times as fast.

The loop of `kernel` passes over the registers of a block once for every row of the program. Here all of a step - two
gradients, their norms, the ascent, the descent and the stopping test - is straight-line code for one vector of lanes;
only points, saved points and norms go through memory, to the rows where `kernel` has them. LLVM takes 10 ms and
up to a millisecond for each row, so a program is interpreted first; nobody can tell from the results.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import NamedTuple

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import config
from numba.core.base import BaseContext
from numba.core.typing.templates import Signature
from numba.extending import intrinsic

from hallucert.objectives.machine.program import Program
from hallucert.objectives.machine.straight_line import emit_program
from hallucert.objectives.machine.vectors import call, constant

WORTH_COMPILING, FEW_LANES = 2**20, 32
"""A step is compiled after so many steps of lanes: interpreting these has taken about as long (measured). With fewer
than `FEW_LANES` lanes, a step counts as one of so many, because it takes about as long."""

MOST_ROWS = 1500
"""Longer programs are always interpreted: LLVM would take seconds."""

_DOUBLE, _LONG = ir.DoubleType(), ir.IntType(64)

SIGNATURE = ir.FunctionType(_LONG, [_DOUBLE.as_pointer(), _LONG, _LONG, *[_DOUBLE] * 6])
"""``step(work, block, width, rho, eta, momentum, bound, absolute, factor)`` does one step on the first `width` lanes of
a block and returns whether one of them has to stop; a lane runs on if ``absolute + factor |g|^2 < |g+|^2 < inf``."""


class Kind(NamedTuple):
    """What is known of steps when they are compiled, as in `hallucert.sam.lanes.Steps`."""

    warm: bool
    normalised: bool
    heavy: bool


class FormulaStep:
    """The step of a program: interpreted at first, compiled after so many steps of lanes that it is worth it."""

    def __init__(self, program: Program, kind: Kind) -> None:
        self._program, self._kind = program, kind
        self._engine: llvm.ExecutionEngine | None = None
        self._lock, self._interpreted = threading.Lock(), 0

    def address(self, lanes: int, steps: int) -> int:
        """Return where the compiled step is, or 0 if `steps` more steps of `lanes` lanes are to be interpreted."""
        with self._lock:
            if self._engine is None and self._interpreted >= WORTH_COMPILING:
                self._engine = _compiled(self._program, self._kind)
            if self._engine is not None:
                return int(self._engine.get_function_address("step"))
            if len(self._program.code) <= MOST_ROWS:
                self._interpreted += max(lanes, FEW_LANES) * steps
            return 0


def formula_step(program: Program, kind: Kind) -> FormulaStep:
    """Return the step of a program, the same for equal programs."""
    arrays = (program.code, program.constants, program.outputs)
    return _formula_step(*(array.tobytes() for array in arrays), program.registers, program.dimension, kind)


@lru_cache(maxsize=128)
def _formula_step(
    code: bytes, numbers: bytes, outputs: bytes, registers: int, dimension: int, kind: Kind
) -> FormulaStep:
    rows, constants = np.frombuffer(code, np.int64).reshape(-1, 5), np.frombuffer(numbers).reshape(-1, 2)
    return FormulaStep(Program(rows, constants, np.frombuffer(outputs, np.int64), registers, dimension), kind)


def _compiled(program: Program, kind: Kind) -> llvm.ExecutionEngine:
    """Compile a step. LLVM's passes are left out: they find nothing to do in straight-line code (measured)."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(str(_module(program, kind))), _target())
    engine.finalize_object()
    return engine


def _processor() -> tuple[str, str]:
    """Return name and features of this processor, or of the one that numba is told to compile for."""
    name, features = (getattr(config, setting, None) for setting in ("CPU_NAME", "CPU_FEATURES"))
    own = llvm.get_host_cpu_features().flatten() if features is None else features
    return name or llvm.get_host_cpu_name(), own


def _lanes() -> int:
    """Return how many doubles to take at once: as many as a register holds on processors that we know."""
    return 8 if "+avx512f" in _processor()[1] else 4


def _target() -> llvm.TargetMachine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    name, features = _processor()
    return llvm.Target.from_default_triple().create_target_machine(cpu=name, features=features, opt=2, jit=True)


@intrinsic
def call_step(typing, address, work, block, width, rho, eta, momentum, bound, absolute, factor):  # type: ignore[no-untyped-def]
    """Call the step at an address, from code that numba compiles."""
    real = [types.float64] * 6

    def generate(context: BaseContext, builder: ir.IRBuilder, _: Signature, arguments: list[ir.Value]) -> ir.Value:
        function = builder.inttoptr(arguments[0], SIGNATURE.as_pointer())
        data = context.make_array(work)(context, builder, arguments[1]).data
        return builder.call(function, [data, *arguments[2:]])

    return types.int64(types.int64, work, types.uint64, types.uint64, *real), generate


# ---------------------------------------------------------------------- code


def _module(program: Program, kind: Kind) -> ir.Module:
    module = ir.Module()
    module.triple = llvm.get_process_triple()
    function = ir.Function(module, SIGNATURE, "step")
    entry, body, done = (function.append_basic_block(name) for name in ("entry", "body", "done"))
    lanes = _lanes()
    width = function.args[2]
    builder = ir.IRBuilder(entry)
    builder.cbranch(builder.icmp_unsigned("==", width, _LONG(0)), done, body)
    builder.position_at_end(body)
    flags = ir.VectorType(_LONG, lanes)
    first, stopped, latest = builder.phi(_LONG), builder.phi(flags), builder.phi(flags)
    for phi in (first, stopped, latest):
        phi.add_incoming(constant(phi.type, 0), entry)
    before = builder.or_(stopped, latest)
    goes_on = _emit_step(builder, program, kind, function.args, first, lanes)
    stops, after = builder.sext(builder.not_(goes_on), flags), builder.add(first, _LONG(lanes))
    last = builder.block
    for phi, value in ((first, after), (stopped, before), (latest, stops)):
        phi.add_incoming(value, last)
    builder.cbranch(builder.icmp_unsigned("<", after, width), body, done)
    builder.position_at_end(done)
    begin, full, partial = builder.phi(_LONG), builder.phi(flags), builder.phi(flags)
    for phi, value in ((begin, first), (full, before), (partial, stops)):
        phi.add_incoming(constant(phi.type, 0), entry)
        phi.add_incoming(value, last)
    # The last vector may have lanes that are not there.
    numbers = builder.add(_filled(builder, begin, lanes), ir.Constant(flags, list(range(lanes))))
    present = builder.sext(builder.icmp_unsigned("<", numbers, _filled(builder, width, lanes)), flags)
    result = builder.or_(full, builder.and_(partial, present))
    together = builder.bitcast(builder.icmp_unsigned("!=", result, constant(flags, 0)), ir.IntType(lanes))
    builder.ret(builder.zext(together, _LONG))
    return module


def _filled(builder: ir.IRBuilder, number: ir.Value, lanes: int) -> ir.Value:
    """Emit a vector of the same number."""
    kind, index = ir.VectorType(number.type, lanes), ir.IntType(32)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), number, index(0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(index, lanes), [0] * lanes))


def _emit_step(
    builder: ir.IRBuilder, program: Program, kind: Kind, arguments: list[ir.Value], first: ir.Value, lanes: int
) -> ir.Value:
    """Emit the step of the lanes from `first` on; return which of them go on. Rows stand where `kernel.Rows` says."""
    work, block, _, *numbers = arguments
    rho, eta, momentum, bound, absolute, factor = (_filled(builder, number, lanes) for number in numbers)
    down = builder.fneg(eta)
    d = program.dimension
    save, q2 = program.registers, program.registers + d

    def fma(a: ir.Value, b: ir.Value, c: ir.Value) -> ir.Value:
        return call(builder, "fma", a, b, c)

    def place(row: int) -> ir.Value:
        offset = builder.add(builder.mul(block, _LONG(row)), first)
        return builder.bitcast(builder.gep(work, [offset]), rho.type.as_pointer())

    def store(value: ir.Value, row: int) -> None:
        builder.store(value, place(row), align=8)

    def squared(g: list[ir.Value]) -> ir.Value:
        total = builder.fmul(g[0], g[0])
        for value in g[1:]:
            total = fma(value, value, total)
        return total

    x = [builder.load(place(j), align=8) for j in range(d)]
    g = emit_program(builder, program, x)
    size = norm = squared(g)
    store(size, q2)
    if not kind.warm:
        slope = builder.fdiv(rho, call(builder, "sqrt", size)) if kind.normalised else rho
        g = emit_program(builder, program, [fma(slope, b, a) for a, b in zip(x, g, strict=True)])
        norm = squared(g)
        store(norm, q2 + 1)
    least = fma(factor, size, absolute)
    infinite = constant(norm.type, np.inf)
    goes_on = builder.and_(builder.fcmp_ordered("<", least, norm), builder.fcmp_ordered("<", norm, infinite))
    for j, along in enumerate(g):
        store(x[j], save + j)
        if kind.heavy:
            row = q2 + 3 + j
            along = fma(momentum, builder.load(place(row), align=8), along)
            store(along, row)
        after = fma(down, along, x[j])
        store(after, j)
        goes_on = builder.and_(goes_on, builder.fcmp_ordered("<=", call(builder, "fabs", after), bound))
    return goes_on
