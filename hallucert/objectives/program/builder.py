"""Building array programs node by node: equal nodes are shared, scalings of scalings are folded exactly.

The builder has the methods that `hallucert.objectives.builder.TapeBuilder` has for one number, entry by entry: so
the derivatives of functions are written down once for both (`hallucert.objectives.builder`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from types import EllipsisType

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.objectives.program.program import MAX_NODES, Node, Program, Shape, entries, shape_of
from hallucert.objectives.tape import needed_nodes

MAX_KEPT = 2**10
"""Larger arrays are not compared entry by entry."""

Index = int | slice | tuple["int | slice | EllipsisType", ...]
"""What numpy takes for a basic index."""


class ProgramBuilder:
    """Collects nodes; every method returns the number of the node that holds its result. `inputs` are shapes."""

    def __init__(self, inputs: Sequence[Shape]) -> None:
        self.inputs = tuple(map(tuple, inputs))
        self._nodes: list[Node] = []
        self._numbers: dict[tuple[object, ...], int] = {}

    def push(self, op: str, *args: int, data: object = None, shape: Shape | None = None) -> int:
        """Any operation; see `hallucert.objectives.program.program`. Raises `ArgumentError` if it does not fit."""
        value = shape_of(op, tuple(self._nodes[i].shape for i in args), data, shape)
        if op in ("add", "mul"):  # a sum and a product have one order
            args = tuple(sorted(args))
        content = (data.shape, _content(data)) if isinstance(data, np.ndarray) else data
        key = (op, args, content, value)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._nodes)
            if number >= MAX_NODES:
                raise ArgumentError("program", f"<{number} operations>", f"need at most {MAX_NODES} operations")
            self._nodes.append(Node(op, args, data, value))
        return number

    def node(self, number: int) -> Node:
        """Return the node with the given number."""
        return self._nodes[number]

    def shape(self, number: int) -> Shape:
        """Return the shape of a node's value."""
        return self._nodes[number].shape

    def program(self, outputs: Sequence[int]) -> Program:
        """Return the finished program with the given output nodes, without unneeded nodes."""
        return prune(Program(self.inputs, tuple(self._nodes), tuple(outputs)))

    def include(self, program: Program, inputs: Sequence[int]) -> list[int]:
        """Copy a program into this one with its inputs replaced by nodes; return where each of its nodes went."""
        done: list[int] = []
        for node in program.nodes:
            if node.op == "input":
                done.append(inputs[int(node.data)])  # type: ignore[call-overload]
            else:
                done.append(self.push(node.op, *(done[i] for i in node.args), data=node.data, shape=node.shape))
        return done

    # ------------------------------------------------------------------ leaves

    def input(self, number: int) -> int:
        """One of the inputs."""
        return self.push("input", data=number, shape=self.inputs[number])

    def array(self, values: object) -> int:
        """An array of doubles, taken exactly."""
        if not (isinstance(values, np.ndarray) and values.dtype == np.float64 and _is_frozen(values)):
            values = np.array(values, dtype=np.float64)
            values.flags.writeable = False
        return self.push("constant", data=values)

    def constant(self, value: Fraction | int) -> int:
        """An exact rational number."""
        return self.push("rational", data=Fraction(value))

    def pi(self) -> int:
        """The number pi."""
        return self.push("pi")

    def filled(self, value: Fraction | int, shape: Shape) -> int:
        """An array with one rational number in all places."""
        return self.broadcast(self.constant(value), (), shape)

    # ------------------------------------------------------------------ entry by entry; numbers go with any array

    def add(self, a: int, b: int) -> int:
        """``a + b``; one of them may be of shape ()."""
        return self.push("add", *self._fitted(a, b))

    def sub(self, a: int, b: int) -> int:
        """``a - b``."""
        return self.add(a, self.neg(b))

    def neg(self, a: int) -> int:
        """``-a``."""
        return self.scale(Fraction(-1), a)

    def mul(self, a: int, b: int) -> int:
        """``a * b``; one of them may be of shape ()."""
        for x, y in ((a, b), (b, a)):
            factor = self._nodes[x].data
            if self._nodes[x].op == "rational" and isinstance(factor, Fraction):
                return self.scale(factor, y)
        return self.push("mul", *self._fitted(a, b))

    def div(self, a: int, b: int) -> int:
        """``a / b``."""
        factor = self._nodes[b].data
        if self._nodes[b].op == "rational" and isinstance(factor, Fraction) and factor:
            return self.scale(1 / factor, a)
        return self.mul(a, self.power(b, -1))

    def scale(self, factor: Fraction, a: int) -> int:
        """A rational number times ``a``."""
        node = self._nodes[a]
        if factor == 1:
            return a
        if node.op == "rational" and isinstance(node.data, Fraction):
            return self.constant(factor * node.data)
        if node.op == "scale" and isinstance(node.data, Fraction):
            return self.scale(factor * node.data, node.args[0])
        return self.push("scale", a, data=factor)

    def power(self, a: int, exponent: int) -> int:
        """``a ** exponent`` for an integer exponent; ``a ** 0`` stays a power, as it is defined where a is."""
        return a if exponent == 1 else self.push("power", a, data=exponent)

    def unary(self, op: str, a: int) -> int:
        """One of the functions of `hallucert.objectives.tape.FUNCTIONS`."""
        return self.push(op, a)

    def _fitted(self, a: int, b: int) -> tuple[int, int]:
        """Give a number the shape of the other array."""
        if self.shape(a) == () != self.shape(b):
            a = self.broadcast(a, (), self.shape(b))
        elif self.shape(b) == () != self.shape(a):
            b = self.broadcast(b, (), self.shape(a))
        return a, b

    # ------------------------------------------------------------------ linear operations

    def contract(self, spec: str, a: int, b: int) -> int:
        """A contraction such as ``"ij,jk->ik"``."""
        return self.push("contract", a, b, data=spec)

    def logsumexp(self, a: int) -> int:
        """``log(sum(exp(a)))`` over the last axis."""
        return self.push("logsumexp", a)

    def reshape(self, a: int, shape: Shape) -> int:
        """The same entries in another shape."""
        return a if self.shape(a) == tuple(shape) else self.push("reshape", a, shape=tuple(shape))

    def transpose(self, a: int, axes: Sequence[int]) -> int:
        """Axes permuted."""
        return a if list(axes) == sorted(axes) else self.push("transpose", a, data=tuple(axes))

    def broadcast(self, a: int, axes: Sequence[int], shape: Shape) -> int:
        """`a` along new axes: its own are the `axes` of the result."""
        return a if self.shape(a) == tuple(shape) else self.push("broadcast", a, data=tuple(axes), shape=tuple(shape))

    def sum(self, a: int, axes: Sequence[int]) -> int:
        """Sums over axes."""
        return self.push("sum", a, data=tuple(sorted(axes))) if axes else a

    def take(self, a: int, positions: np.ndarray) -> int:
        """Entries by their flat positions; -1 stands for a zero."""
        return self.push("take", a, data=places_of(positions))

    def put(self, a: int, positions: np.ndarray, shape: Shape) -> int:
        """The transposed map of `take`."""
        return self.push("put", a, data=places_of(positions), shape=tuple(shape))

    def index(self, a: int, key: Index) -> int:
        """What ``numpy`` calls ``a[key]``, for a basic or integer-array index."""
        return self.take(a, np.arange(entries(self.shape(a))).reshape(self.shape(a))[key])


def _is_frozen(values: np.ndarray) -> bool:
    """Tell whether nobody can change an array, also through the one that it is a view of."""
    return not values.flags.writeable and (
        values.base is None or (isinstance(values.base, np.ndarray) and _is_frozen(values.base))
    )


def _content(values: np.ndarray) -> bytes | int:
    """Return what tells arrays of one shape apart: their bytes, a digest, or of many doubles that they are this array.

    The node keeps the array, so nothing else gets its identity.
    """
    if values.size <= MAX_KEPT:
        return values.tobytes()
    return id(values) if values.dtype == np.float64 else hashlib.sha256(np.ascontiguousarray(values).data).digest()


def places_of(positions: object) -> np.ndarray:
    """Return positions as an array of integers that nobody can change."""
    places = np.array(positions, dtype=np.int64)
    places.flags.writeable = False
    return places


def prune(program: Program) -> Program:
    """Drop the nodes that no output needs and renumber the rest."""
    needed = needed_nodes(program.outputs, [node.args for node in program.nodes])
    number, nodes = [-1] * len(program.nodes), list[Node]()
    for i, node in enumerate(program.nodes):
        if i in needed:
            number[i] = len(nodes)
            nodes.append(node._replace(args=tuple(number[j] for j in node.args)))
    return Program(program.inputs, tuple(nodes), tuple(number[i] for i in program.outputs))
