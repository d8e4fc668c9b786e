"""Running array programs: in floats, and in any arithmetic of balls; both with lanes.

A value is an array of its node's shape, or has one axis more, in front: the *lanes*, on which everything is done at
once. So one run gives many points, or many directions at one point whose own values are computed once.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hallucert.clock import look
from hallucert.objectives.program.program import Contraction, Node, Program, Shape, contraction, entries

if TYPE_CHECKING:
    from hallucert.balls import Ball, BallArithmetic

Array = Any
"""An array of doubles, or of balls; or whatever else has their operators and moves, such as a `MidRad`."""

Data = Any
"""What a node holds besides: `hallucert.objectives.program.program.shape_of` has checked that it fits."""


class Arrays(ABC):
    """What a program needs from arrays of numbers; what only moves entries is the same for all of them."""

    @abstractmethod
    def constant(self, values: Array) -> Array:
        """An array of doubles."""

    @abstractmethod
    def number(self, value: Fraction | None) -> Array:
        """A rational number, or pi for None, of shape ()."""

    @abstractmethod
    def function(self, name: str, a: Array) -> Array:
        """A function of the tape, entry by entry."""

    @abstractmethod
    def power(self, a: Array, exponent: int) -> Array:
        """An integer power, entry by entry."""

    @abstractmethod
    def product(self, a: Array, b: Array) -> Array:
        """Products of matrices (batch, m, k) and (batch, k, n)."""

    @abstractmethod
    def logsumexp(self, a: Array) -> Array:
        """``log(sum(exp(a)))`` over the last axis."""

    def array(self, value: Array) -> Array:
        """Return an array: numpy makes numbers of arrays without axes."""
        return np.asarray(value)

    def total(self, a: Array, axes: tuple[int, ...]) -> Array:
        """Sums over axes."""
        return np.add.reduce(a, axis=axes)

    def spread(self, a: Array, shape: tuple[int, ...]) -> Array:
        """The array repeated along axes of length 1."""
        return np.broadcast_to(a, shape)

    def taken(self, flat: Array, places: np.ndarray) -> Array:
        """Entries along the last axis; a place -1 stands for a zero."""
        padded = flat if places.min() >= 0 else np.concatenate([flat, self._zeros((*flat.shape[:-1], 1))], axis=-1)
        return padded[..., places]

    def put(self, flat: Array, places: np.ndarray, size: int) -> Array:
        """Entries along the last axis added to zeros at some places of that axis; a place -1 is nowhere."""
        result, kept = self._zeros((*flat.shape[:-1], size)), places >= 0
        if np.unique(places[kept]).size == np.count_nonzero(kept):
            result[..., places[kept]] = flat[..., kept]
        else:
            np.add.at(result.T, places[kept], flat[..., kept].T)
        return result

    def defined(self, result: Array, left: Callable[[], Array]) -> Array:
        """A result, which is undefined where entries are that nobody takes, if arrays know of that."""
        return result

    def run(self, program: Program, inputs: Sequence[Array]) -> list[Array]:
        """Run a program; inputs have the program's shapes, or lanes of these."""
        values: list[Array | None] = []
        last = _last_uses(program)
        for i, node in enumerate(program.nodes):
            look()
            if node.op == "input":
                values.append(self.array(inputs[int(node.data)]))  # type: ignore[call-overload]
            else:
                shapes = [program.nodes[j].shape for j in node.args]
                values.append(self.array(self.value(node, shapes, [values[j] for j in node.args])))
            for j in node.args:
                if last[j] == i:
                    values[j] = None
        return [values[i] for i in program.outputs]

    def value(self, node: Node, shapes: list[Shape], args: list[Array]) -> Array:
        """The value of a node that is no input, from those of the nodes that it reads, whose shapes are given."""
        data: Data = node.data
        match node.op:
            case "constant":
                return self.constant(data)
            case "rational" | "pi":
                return self.number(data)
            case "add":
                return args[0] + args[1]
            case "mul":
                return args[0] * args[1]
            case "scale":
                return -args[0] if data == -1 else self.number(data) * args[0]
            case "power":
                return self.power(args[0], data)
            case "contract":
                return self._contract(contraction(data, shapes[0], shapes[1]), args[0], args[1])
            case "logsumexp":
                return self.logsumexp(args[0])
            case "reshape" | "transpose" | "broadcast" | "sum" | "take" | "put":
                return self._moved(node, args[0], args[0].ndim - len(shapes[0]))
        return self.function(node.op, args[0])

    def _moved(self, node: Node, a: Array, lanes: int) -> Array:
        """Apply an operation that moves, repeats or adds entries; `lanes` is 1 if there are any, else 0."""
        front, data = a.shape[:lanes], node.data
        if isinstance(data, tuple):
            axes = tuple(axis + lanes for axis in data)
            if node.op == "transpose":
                return a.transpose(*range(lanes), *axes)
            if node.op == "sum":
                return self.total(a, axes)
            sizes = [1] * len(node.shape)
            for axis in data:
                sizes[axis] = node.shape[axis]
            return self.spread(a.reshape((*front, *sizes)), (*front, *node.shape))
        flat = a.reshape((*front, -1))
        if node.op == "take" and isinstance(data, np.ndarray):
            return self.defined(self.taken(flat, data), lambda: np.delete(flat, data[data >= 0], axis=-1))
        if node.op == "put" and isinstance(data, np.ndarray):
            places = data.reshape(-1)
            result = self.defined(self.put(flat, places, entries(node.shape)), lambda: flat[..., places < 0])
            return result.reshape((*front, *node.shape))
        return flat.reshape((*front, *node.shape))

    def _zeros(self, shape: tuple[int, ...]) -> Array:
        return np.broadcast_to(self.number(Fraction(0)), shape).copy()

    def _contract(self, plan: Contraction, a: Array, b: Array) -> Array:
        """Contract as a batch of matrix products, with the lanes of one operand where it suits the product best.

        Lanes of one operand are further rows or columns of its matrix, lanes of both a further batch.
        """
        own = a.ndim - len(plan.first), b.ndim - len(plan.second)
        if own == (0, 0):
            return self._contract_one(plan, a, b)
        a = a.transpose(*range(own[0]), *(axis + own[0] for axis in plan.first))
        b = b.transpose(*range(own[1]), *(axis + own[1] for axis in plan.second))
        batch, left, summed, right = map(entries, (plan.batch, plan.left, plan.summed, plan.right))
        order = [axis + 1 for axis in plan.order]
        if summed == 1:
            a, b = a.reshape(-1, batch, left, 1), b.reshape(-1, batch, 1, right)
            return (a * b).reshape(-1, *plan.batch, *plan.left, *plan.right).transpose(0, *order)
        if own == (1, 1):
            k = a.shape[0]
            product = self.product(a.reshape(k * batch, left, summed), b.reshape(k * batch, summed, right))
            return product.reshape(k, *plan.batch, *plan.left, *plan.right).transpose(0, *order)
        a, b = a.reshape(-1, batch, left, summed), b.reshape(-1, batch, summed, right)
        rows = a.transpose(1, 0, 2, 3).reshape(batch, -1, summed)
        columns = b.transpose(1, 2, 0, 3).reshape(batch, summed, -1)
        product = self.product(rows, columns).reshape(batch, len(a), left, len(b), right)
        product = product.transpose(1, 3, 0, 2, 4).reshape(-1, *plan.batch, *plan.left, *plan.right)
        return product.transpose(0, *order)

    def _contract_one(self, plan: Contraction, a: Array, b: Array) -> Array:
        """Contract without lanes."""
        batch, left, summed, right = map(entries, (plan.batch, plan.left, plan.summed, plan.right))
        a = a.transpose(plan.first).reshape(batch, left, summed)
        b = b.transpose(plan.second).reshape(batch, summed, right)
        product = a * b if summed == 1 else self.product(a, b)
        return product.reshape(plan.batch + plan.left + plan.right).transpose(plan.order)


def _last_uses(program: Program) -> list[int]:
    """Return for each node the last one that reads it, so that its value can be let go; outputs stay."""
    last = [-1] * len(program.nodes)
    for i, node in enumerate(program.nodes):
        for j in node.args:
            last[j] = i
    for i in program.outputs:
        last[i] = len(program.nodes)
    return last


class FloatArrays(Arrays):
    """Arrays of doubles (or of singles): BLAS and numpy's functions. Never evidence."""

    def __init__(self, dtype: npt.DTypeLike = np.float64) -> None:
        self.dtype = np.dtype(dtype)

    def constant(self, values: Array) -> Array:
        return values.astype(self.dtype, copy=False)

    def number(self, value: Fraction | None) -> Array:
        return np.array(np.pi if value is None else float(value), self.dtype)

    def function(self, name: str, a: Array) -> Array:
        if name == "softplus":
            return np.asarray(np.logaddexp(a, 0))
        if name == "erf":
            return np.asarray(np.frompyfunc(math.erf, 1, 1)(a), self.dtype)
        return np.asarray(getattr(np, name)(a))

    def power(self, a: Array, exponent: int) -> Array:
        return a * a if exponent == 2 else a**exponent if exponent > 0 else 1 / a**-exponent

    def product(self, a: Array, b: Array) -> Array:
        return np.matmul(a, b)

    def logsumexp(self, a: Array) -> Array:
        """Shifted by the largest entry."""
        top = a.max(axis=-1)
        return top + np.log(np.exp(a - top[..., None]).sum(axis=-1))


class BallArrays(Arrays):
    """Arrays of balls of one arithmetic (objects): for programs of moderate size, and any precision."""

    def __init__(self, arithmetic: BallArithmetic) -> None:
        self.arithmetic = arithmetic
        self._constants: dict[int, tuple[Array, Array]] = {}

    def constant(self, values: Array) -> Array:
        """Each double as a ball; made once for each array."""
        known = self._constants.get(id(values))
        if known is None:
            known = self._constants[id(values)] = values, self._each(self.arithmetic.from_float, values)
        return known[1]

    def number(self, value: Fraction | None) -> Array:
        result = np.empty((), dtype=object)
        result[()] = self.arithmetic.pi() if value is None else self.arithmetic.constant(value)
        return result

    def spread(self, a: Array, shape: tuple[int, ...]) -> Array:
        for axis, (own, size) in enumerate(zip(a.shape, shape, strict=True)):
            if own != size:
                a = a.repeat(size, axis)
        return a

    def defined(self, result: Array, left: Callable[[], Array]) -> Array:
        """A result, plus an indeterminate one of the entries that are left out, if there is one."""
        undefined = (ball for ball in left().reshape(-1).tolist() if not self.arithmetic.is_finite(ball))
        return next((result + ball for ball in undefined), result)

    def function(self, name: str, a: Array) -> Array:
        return self._each(getattr(self.arithmetic, name), a)

    def power(self, a: Array, exponent: int) -> Array:
        return self._each(lambda x: self.arithmetic.power(x, exponent), a)

    def product(self, a: Array, b: Array) -> Array:
        products = map(self.arithmetic.matrix_product, a.tolist(), b.tolist())
        rows = chain.from_iterable(products)
        shape = len(a), a.shape[1], b.shape[2]
        return np.fromiter(chain.from_iterable(rows), object, entries(shape)).reshape(shape)

    def logsumexp(self, a: Array) -> Array:
        """``m + log(sum(exp(a - m)))`` with an exact number ``m`` near the largest entry, which need not be it."""
        ar, rows = self.arithmetic, a.reshape(-1, a.shape[-1])
        result = np.empty(len(rows), dtype=object)
        for i, row in enumerate(rows):
            top = max((ar.centre(v) for v in row), key=_order(ar))
            total = ar.constant(Fraction(0))
            for v in row:
                total = total + ar.exp(v - top)
            result[i] = top + ar.log(total)
        return result.reshape(a.shape[:-1])

    def _each(self, function: Callable[[Ball], Ball], a: Array) -> Array:
        return np.fromiter(map(function, a.reshape(-1).tolist()), object, a.size).reshape(a.shape)


def _order(ar: BallArithmetic) -> Callable[[Ball], float]:
    """Return the key by which balls are sorted, roughly."""

    def size(x: Ball) -> float:
        value = ar.approximate(x)
        return value if value == value else -np.inf

    return size
