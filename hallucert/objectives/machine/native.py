"""Machine code of our own: what LLVM makes of a module, for this processor and this process alone."""

from __future__ import annotations

import threading
from collections.abc import Callable

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import config

from hallucert.objectives.machine.vectors import constant

_LONG = ir.IntType(64)


def _processor() -> tuple[str, str]:
    """Return name and features of this processor, or of the one that numba is told to compile for."""
    name, features = (getattr(config, setting, None) for setting in ("CPU_NAME", "CPU_FEATURES"))
    own = llvm.get_host_cpu_features().flatten() if features is None else features
    return name or llvm.get_host_cpu_name(), own


def lanes_at_once() -> int:
    """Return how many doubles to take at once: as many as a register holds on processors that we know."""
    return 8 if "+avx512f" in _processor()[1] else 4


def loaded(module: ir.Module) -> llvm.ExecutionEngine:
    """Compile a module. LLVM's passes are left out: they find nothing to do in straight-line code (measured)."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    name, features = _processor()
    target = llvm.Target.from_default_triple().create_target_machine(cpu=name, features=features, opt=2, jit=True)
    module.triple = llvm.get_process_triple()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(str(module)), target)
    engine.finalize_object()
    return engine


class Code:
    """A function of machine code, made when other code has done the same work for about as long as making it takes.

    It is made by ``emit(lanes)``, whose module has the function `name`, once `worth` steps of lanes were done without
    it; a step of fewer than `few` lanes counts as one of so many, because it takes about as long.
    """

    def __init__(self, name: str, emit: Callable[[int], ir.Module], worth: float, few: int) -> None:
        self._name, self._emit, self._worth, self._few = name, emit, worth, few
        self._lock, self._done, self._address = threading.Lock(), 0, 0
        self._engine: llvm.ExecutionEngine | None = None

    def address(self, lanes: int, steps: int) -> int:
        """Return where the function is, or 0 if `steps` more steps of `lanes` lanes are to be done without it."""
        with self._lock:
            if self._engine is None and self._done >= self._worth:
                self._engine = loaded(self._emit(lanes_at_once()))
                self._address = int(self._engine.get_function_address(self._name))
            self._done += max(lanes, self._few) * steps
            return self._address


def filled(builder: ir.IRBuilder, number: ir.Value, lanes: int) -> ir.Value:
    """Emit a vector of the same number."""
    kind, index = ir.VectorType(number.type, lanes), ir.IntType(32)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), number, index(0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(index, lanes), [0] * lanes))


def repeated(
    builder: ir.IRBuilder,
    count: ir.Value | int,
    values: list[ir.Value],
    body: Callable[[ir.Value, list[ir.Value]], list[ir.Value]],
) -> list[ir.Value]:
    """Emit ``values = body(i, values)`` for i below a count of at least 1, or known to be 0; return the last values."""
    if isinstance(count, int):
        if count < 2:
            return body(_LONG(0), values) if count else values
        count = _LONG(count)
    before, inside, after = builder.block, builder.append_basic_block(), builder.append_basic_block()
    builder.branch(inside)
    builder.position_at_end(inside)
    phis = [builder.phi(value.type) for value in (count, *values)]
    results = body(phis[0], phis[1:])
    following = builder.add(phis[0], _LONG(1))
    for phi, start, result in zip(phis, (_LONG(0), *values), (following, *results), strict=True):
        phi.add_incoming(start, before)
        phi.add_incoming(result, builder.block)
    builder.cbranch(builder.icmp_unsigned("<", following, count), inside, after)
    builder.position_at_end(after)
    return results


class VectorLoop:
    """A loop over some lanes, a vector at once, that returns whether one of them has to stop.

    After construction `builder` emits its body, for the lanes from `first` on; `end` says which of them go on. What
    ``ahead(first)`` emits is computed one vector before it is used, and stands in `values`: so a processor that looks
    ahead no further than one vector has that to do while it waits for the other. Once, it is of lanes after the last.
    """

    def __init__(
        self,
        builder: ir.IRBuilder,
        count: ir.Value,
        lanes: int,
        ahead: Callable[[ir.Value], list[ir.Value]] = lambda first: [],
    ) -> None:
        self.builder, self._lanes, self._count = builder, lanes, count
        start = ahead(_LONG(0))
        self._entry, self._body, self._done = builder.block, *(builder.append_basic_block() for _ in range(2))
        builder.cbranch(builder.icmp_unsigned("==", count, _LONG(0)), self._done, self._body)
        builder.position_at_end(self._body)
        self._flags = ir.VectorType(_LONG, lanes)
        self.first = builder.phi(_LONG)
        self._stopped, self._latest = builder.phi(self._flags), builder.phi(self._flags)
        self.values = [builder.phi(value.type) for value in start]
        none = constant(self._flags, 0)
        self._phis = [self.first, self._stopped, self._latest, *self.values]
        for phi, value in zip(self._phis, [_LONG(0), none, none, *start], strict=True):
            phi.add_incoming(value, self._entry)
        self._before = builder.or_(self._stopped, self._latest)
        self._after = builder.add(self.first, _LONG(lanes))
        self._coming = ahead(self._after)

    def end(self, goes_on: ir.Value) -> None:
        """Emit the end of the function."""
        builder, lanes, last = self.builder, self._lanes, self.builder.block
        stops = builder.sext(builder.not_(goes_on), self._flags)
        for phi, value in zip(self._phis, [self._after, self._before, stops, *self._coming], strict=True):
            phi.add_incoming(value, last)
        builder.cbranch(builder.icmp_unsigned("<", self._after, self._count), self._body, self._done)
        builder.position_at_end(self._done)
        begin, full, partial = builder.phi(_LONG), builder.phi(self._flags), builder.phi(self._flags)
        for phi, value in ((begin, self.first), (full, self._before), (partial, stops)):
            phi.add_incoming(constant(phi.type, 0), self._entry)
            phi.add_incoming(value, last)
        # The last vector may have lanes that are not there.
        numbers = builder.add(filled(builder, begin, lanes), ir.Constant(self._flags, list(range(lanes))))
        there = builder.icmp_unsigned("<", numbers, filled(builder, self._count, lanes))
        result = builder.or_(full, builder.and_(partial, builder.sext(there, self._flags)))
        some = builder.icmp_unsigned("!=", result, constant(self._flags, 0))
        builder.ret(builder.zext(builder.bitcast(some, ir.IntType(lanes)), _LONG))
