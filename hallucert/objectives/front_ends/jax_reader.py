"""Reading a jaxpr equation by equation: calls and loops are read through, constants computed, the rest looked up."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.errors import NotAnalyticError
from hallucert.objectives.front_ends import frameworks, shifts
from hallucert.objectives.front_ends.frameworks import Tensor, Value, node_of
from hallucert.objectives.front_ends.jax_operations import HARMLESS, OPERATIONS
from hallucert.objectives.front_ends.shifts import Shift, Shifted
from hallucert.objectives.program import layers
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.program import entries

Jax = Any
"""What is JAX's: a jaxpr, an equation of it, or the package itself."""

CALLS = frozenset({"jit", "pjit", "closed_call", "core_call", "remat", "remat2", "checkpoint"})
CUSTOM = frozenset({"custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr"})

_ONE = ("broadcast_in_dim", "reshape", "squeeze", "expand_dims", "transpose", "slice", "dynamic_slice", "rev", "gather")
MOVES: dict[str, slice] = {
    **dict.fromkeys((*_ONE, "split", "unstack", "tile", "copy", "copy_p"), slice(1)),
    **dict.fromkeys(("pad", "dynamic_update_slice"), slice(2)),
    **dict.fromkeys(("concatenate", "stack"), slice(None)),
    "select_n": slice(1, None),
    "scatter": slice(0, 3, 2),
}
"""Operations that copy entries, and which of their arguments these are of; the others say where, and are constants."""

EXACT = frozenset({*MOVES, "max", "min", "abs", "neg", "sign", "floor", "ceil", "round", "clamp", "stop_gradient"})
EXACT |= {"convert_element_type", "bitcast_convert_type", "iota", "reduce_max", "reduce_min", "sort"}
"""Operations whose floats are not rounded, apart from conversions, which are part of the function."""
MOST = 4096
"""Most entries of constants whose arithmetic is looked at for rounding."""

SPECIAL: dict[str, Callable[..., Value]] = {
    "add": shifts.plus,
    "sub": shifts.minus,
    "div": shifts.quotient,
    "exp": shifts.exponential,
    "log": shifts.logarithm,
    "abs": shifts.magnitude,
}
"""Rules for values that lack unknown numbers, and for infinities."""


class Reader:
    """Reads jaxprs into a program, by a builder; JAX computes constants, and is to be used in double precision."""

    def __init__(self, jax: Jax, builder: ProgramBuilder) -> None:
        self.jax: Jax = jax
        self.builder = builder
        self.calls: list[str] = []
        self.known: dict[tuple[object, ...], Shift] = {}

    def run(self, closed: Jax, arguments: list[Value]) -> list[Value]:
        """Return the results of a jaxpr. One that cannot be read is an error, to be raised by whoever needs it."""
        jaxpr: Jax = getattr(closed, "jaxpr", closed)
        constants = [self._array(c) for c in getattr(closed, "consts", ())]
        known: dict[Jax, Value] = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*constants, *arguments), strict=True))

        def value(atom: Jax) -> Value:
            return np.asarray(atom.val, dtype=atom.aval.dtype) if hasattr(atom, "val") else known[atom]

        for equation in jaxpr.eqns:
            given = [value(atom) for atom in equation.invars]
            known.update(zip(equation.outvars, self._results(equation, given), strict=True))
        return [value(atom) for atom in jaxpr.outvars]

    def _array(self, x: Jax) -> Value:
        """A constant of JAX as numpy's, if it is one of numbers (and not a key of random numbers)."""
        return x if self.jax.dtypes.issubdtype(x.dtype, self.jax.dtypes.extended) else np.asarray(x)

    # ------------------------------------------------------------------ one equation

    def _results(self, equation: Jax, given: list[Value]) -> list[Value]:
        name, count = equation.primitive.name, len(equation.outvars)
        try:
            results = self._nested(equation, given)
            if results is None:
                for x in given:
                    if isinstance(x, NotAnalyticError):
                        return [x] * count
                found = self._found(equation, given)
                results = list(found) if equation.primitive.multiple_results else [found]
            for x, out in zip(results, equation.outvars, strict=True):
                if isinstance(x, Tensor | Shifted) and out.aval.dtype != np.float64:
                    raise NotAnalyticError(f"the function computes in {out.aval.dtype} ({name}): take doubles")
                if isinstance(x, Tensor) and self.builder.shape(x.number) != out.aval.shape:
                    raise NotAnalyticError(f"the function uses {name} in a form that is not read")
            return results
        except NotAnalyticError as error:
            return [error] * count
        except Exception as error:  # an option, or a kind of argument, that the tables do not know
            problem = NotAnalyticError(f"the function uses {name} in a form that is not read ({str(error)[:200]})")
            problem.__cause__ = error
            return [problem] * count

    def _found(self, equation: Jax, given: list[Value]) -> Value:
        """Read an operation."""
        name, params = equation.primitive.name, equation.params
        if all(not isinstance(x, Tensor | Shift | Shifted) for x in given):
            folded = self._folded(equation, given)
            if folded is not None:
                return folded
        if "Algorithm" in type(params.get("precision")).__name__:
            raise NotAnalyticError(f"the function uses {name} with an algorithm of lower precision, which is not read")
        if name in MOVES:
            return self._moved(equation, given)
        if name == "reduce_max":
            return shifts.maximum(self.builder, given[0], tuple(map(int, params["axes"])), self.known)
        if any(map(shifts.special, given)):
            return self._special(name, params, given)
        found = OPERATIONS[name](self.builder, *given, **_options(equation)) if name in OPERATIONS else None
        if found is None:
            raise NotAnalyticError(self._refusal(name))
        return found

    def _special(self, name: str, params: dict[str, Jax], given: list[Value]) -> Value:
        """Read an operation with unknown numbers, or infinities."""
        first, *others = given
        if name in SPECIAL:
            return SPECIAL[name](self.builder, *given)
        if name == "reduce_sum":
            return shifts.total(self.builder, first, tuple(map(int, params["axes"])))
        if name in ("stop_gradient", "convert_element_type") and isinstance(first, Shift):
            return first
        if name == "is_finite" and isinstance(first, Shift):
            return np.ones(first.labels.shape, dtype=bool)
        if name == "max":
            for low, shift in ((first, others[0]), (others[0], first)):
                if isinstance(shift, Shift) and isinstance(low, np.ndarray) and np.isneginf(low).all():
                    return shift
        raise shifts.refused(*given)

    def _refusal(self, name: str) -> str:
        """Say why an operation is not read, by the name of the function of JAX that it is part of."""
        if name in frameworks.NOT_ANALYTIC:
            name = next((call for call in self.calls if call in frameworks.NOT_ANALYTIC), name)
        return frameworks.refusal(name, "function")

    # ------------------------------------------------------------------ constants

    def _bound(self, equation: Jax, arguments: list[Value], **changed: Jax) -> Value:
        """Let JAX apply an operation to arrays."""
        found = equation.primitive.bind(*arguments, **{**equation.params, **changed})
        return [*map(self._array, found)] if equation.primitive.multiple_results else self._array(found)

    def _folded(self, equation: Jax, given: list[Value]) -> Value | None:
        """What JAX makes of constants, if nothing is rounded; None otherwise."""
        kinds = {getattr(out.aval.dtype, "kind", "") for out in equation.outvars}
        name = equation.primitive.name
        if kinds & {"f", "c"} and name not in EXACT and name not in ("add", "sub", "mul", "div", "reduce_sum"):
            return None
        found = self._bound(equation, given)
        return found if not kinds & {"f", "c"} or name in EXACT or _unrounded(name, given, found) else None

    # ------------------------------------------------------------------ entries that move

    def _moved(self, equation: Jax, given: list[Value]) -> Value:
        """An operation that copies entries: it is seen what it does to their positions."""
        name, chosen = equation.primitive.name, range(len(given))[MOVES[equation.primitive.name]]
        parts = [given[i] for i in chosen]
        if any(not isinstance(given[i], np.ndarray) for i in range(len(given)) if i not in chosen):
            raise NotAnalyticError(self._refusal("select_n"))
        if name == "select_n" and isinstance(given[0], np.ndarray) and (given[0] == given[0].flat[0]).all():
            return parts[int(given[0].flat[0])]
        changed = {}
        modes: Jax = self.jax.lax.GatherScatterMode
        if name == "gather" and equation.params["mode"] != modes.CLIP:
            changed = {"mode": modes.FILL_OR_DROP, "fill_value": -1}

        def bound(arrays: list[np.ndarray]) -> list[np.ndarray]:
            arguments = list(given)
            for i, array in zip(chosen, arrays, strict=True):
                arguments[i] = array
            found = self._bound(equation, arguments, **changed)
            return found if equation.primitive.multiple_results else [found]

        if any(isinstance(x, Shift) for x in parts):
            if len(parts) > 1:
                raise shifts.refused(*parts)
            results: list[Value] = [Shift(labels) for labels in bound([parts[0].labels])]
        elif any(map(shifts.special, parts)):
            results = self._moved_shifted(equation, parts, bound)
        else:
            numbers = [node_of(self.builder, x) for x in parts]
            results = [Tensor(number) for number in self._copied(equation, numbers, bound)]
        return results if equation.primitive.multiple_results else results[0]

    def _copied(self, equation: Jax, numbers: list[int], bound: Jax) -> list[int]:
        """The nodes of the results of a move, as sums of what comes from each of its arguments."""
        b, totals, name = self.builder, list[int](), equation.primitive.name
        if name in OPERATIONS:
            return [OPERATIONS[name](b, Tensor(numbers[0]), **_options(equation)).number]
        shapes = [b.shape(number) for number in numbers]
        counts = [entries(shape) for shape in shapes]
        ends = np.cumsum([0, *counts])
        starts = [np.arange(ends[i], ends[i + 1]).reshape(shape) for i, shape in enumerate(shapes)]
        for places in bound(starts):
            if places.min() < 0 or (name == "scatter" and (places >= counts[0]).sum() < counts[1]):
                raise NotAnalyticError(f"the function uses {name} with indices out of bounds, or twice: not read")
            total = -1
            for i, number in enumerate(numbers):
                own = (places >= ends[i]) & (places < ends[i + 1])
                if not own.any():
                    continue
                term = b.take(number, np.where(own, places - ends[i], -1))
                total = term if total < 0 else b.add(total, term)
            totals.append(total)
        return totals

    def _moved_shifted(self, equation: Jax, parts: list[Value], bound: Jax) -> list[Value]:
        """A move of values that lack unknown numbers, or are infinite; zeros go with exponentials."""
        b = self.builder
        power = any(isinstance(x, Shifted) and x.power for x in parts)
        own = []
        for x in parts:
            if power and isinstance(x, np.ndarray) and not x.any():
                zeros = np.zeros(x.shape, dtype=np.int64)
                own.append(Shifted(b.filled(0, x.shape), zeros, zeros > 0, power))
            else:
                own.append(shifts.shifted(b, x))
        if any(x.power != power for x in own):
            raise shifts.refused(*parts)
        numbers = self._copied(equation, [x.base for x in own], bound)
        labels, live = bound([x.labels for x in own]), bound([x.live.astype(np.int64) for x in own])
        moved = zip(numbers, labels, live, strict=True)
        return [shifts.settled(b, Shifted(number, label, alive > 0, power)) for number, label, alive in moved]

    # ------------------------------------------------------------------ calls and loops

    def _nested(self, equation: Jax, given: list[Value]) -> list[Value] | None:
        """Read through an equation that has jaxprs of its own; None if it has none."""
        name, params = equation.primitive.name, equation.params
        if name in CALLS or name in CUSTOM:
            inner = next(params[key] for key in ("jaxpr", "call_jaxpr", "fun_jaxpr") if key in params)
            if name == "custom_jvp_call" and self._is_logaddexp(equation):
                return [self._logaddexp(*given)]
            self.calls.append(str(params.get("name", "")))
            try:
                return self.run(inner, given)
            finally:
                self.calls.pop()
        if name == "scan":
            return self._scan(params, given)
        if name == "cond" and isinstance(given[0], np.ndarray):
            return self.run(params["branches"][int(given[0])], given[1:])
        return None

    def _is_logaddexp(self, equation: Jax) -> bool:
        """Whether a call, which has no name, has exactly the equations of JAX's own ``logaddexp``."""
        inner = equation.params["call_jaxpr"]
        if inner.consts or len(inner.in_avals) != 2:
            return False
        arguments = [self.jax.ShapeDtypeStruct(x.shape, x.dtype) for x in inner.in_avals]
        own = self.jax.make_jaxpr(self.jax.numpy.logaddexp)(*arguments)
        return [str(e.params.get("call_jaxpr")) for e in own.jaxpr.eqns] == [str(inner)]

    def _logaddexp(self, x: Value, y: Value) -> Value:
        """``log(exp(x) + exp(y)) = y + softplus(x - y)``."""
        for part in (x, y):
            if isinstance(part, NotAnalyticError):
                return part
        b = self.builder
        difference = frameworks.arithmetic(b, "sub", x, y)
        return frameworks.arithmetic(b, "add", y, Tensor(b.unary("softplus", difference.number)))

    def _scan(self, params: dict[str, Jax], given: list[Value]) -> list[Value]:
        """A loop of a fixed length, step by step."""
        fixed, width, steps = params["num_consts"], params["num_carry"], params["length"]
        consts, carry, rows = given[:fixed], given[fixed : fixed + width], given[fixed + width :]
        stacks: list[list[Value]] = [[] for _ in params["jaxpr"].out_avals[width:]]
        order = range(steps)[::-1] if params["reverse"] else range(steps)
        for i in order:
            found = self.run(params["jaxpr"], [*consts, *carry, *(self._row(x, i) for x in rows)])
            carry = found[:width]
            for stack, x in zip(stacks, found[width:], strict=True):
                stack.append(x)
        return [*carry, *(self._stacked(stack[::-1] if params["reverse"] else stack) for stack in stacks)]

    def _row(self, x: Value, i: int) -> Value:
        if isinstance(x, Tensor):
            return Tensor(self.builder.index(x.number, i))
        return x[i] if isinstance(x, np.ndarray) else x if isinstance(x, NotAnalyticError) else shifts.refused(x)

    def _stacked(self, stack: list[Value]) -> Value:
        for x in stack:
            if isinstance(x, NotAnalyticError):
                return x
        if all(isinstance(x, np.ndarray) for x in stack):
            return np.stack(stack)
        if any(map(shifts.special, stack)):
            return shifts.refused(*stack)
        b = self.builder
        numbers = [node_of(b, x) for x in stack]
        return Tensor(layers.concatenate(b, [b.reshape(x, (1, *b.shape(x))) for x in numbers], 0))


def _options(equation: Jax) -> dict[str, Jax]:
    """The parameters of an equation that change what it computes."""
    return {key: x for key, x in equation.params.items() if key not in HARMLESS}


def _unrounded(name: str, given: list[np.ndarray], found: np.ndarray) -> bool:
    """Whether arithmetic of constants is exact."""
    if not np.isfinite(found).all() or found.size > MOST or any(x.size > MOST for x in given):
        return False
    if name == "reduce_sum":
        return bool((given[0] == np.rint(given[0])).all() and np.abs(given[0]).sum() < 2**53)
    exactly = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv}[name]
    first, second = (np.broadcast_to(x, found.shape).ravel().tolist() for x in given)
    triples = zip(first, second, found.ravel().tolist(), strict=True)
    return all(exactly(Fraction(x), Fraction(y)) == Fraction(z) for x, y, z in triples)
