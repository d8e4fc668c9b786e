"""The array program: a function of arrays as a straight-line program that any arithmetic can run.

A program is a list of nodes in the order they are computed; a node reads only earlier ones, and each has a shape. The
operations are real-analytic on their domains. With ``a``, ``b`` arrays:

==============  ==================================================================  =====================
operation       node                                                                data
==============  ==================================================================  =====================
``input``       one of the inputs                                                   its number
``constant``    an array of doubles, exactly                                        the array
``rational``    an exact rational number, shape ()                                  the number
``pi``          the number pi, shape ()
``add, mul``    a + b, a * b entry by entry, equal shapes
``scale``       a times an exact rational number                                    the number
``contract``    sums of products of entries of a and b (matrix products, ...)       ``"ij,jk->ik"``
``power``       a ** n entry by entry; a != 0 where n < 0                           the integer n
functions       exp log sqrt sin cos tanh erf softplus, entry by entry
``logsumexp``   log of the sum of exp(a) over the last axis
``reshape``     the same entries in row-major order
``transpose``   axes permuted                                                       the permutation
``broadcast``   a along new axes; axis i of a becomes axis ``data[i]``              the axes
``sum``         sums over axes                                                      the axes
``take``        entries of a by their flat positions; -1 stands for a zero          the positions
``put``         adds the entries of a to zeros, at flat positions; -1: nowhere      the positions
==============  ==================================================================  =====================

Scalings, contractions, reshapes, sums, takes and puts are linear, and closed under transposition: so a derivative of a
program is a program (`hallucert.objectives.program.derivatives`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from hallucert.errors import ArgumentError
from hallucert.objectives.tape import FUNCTIONS, MAX_EXPONENT

Shape = tuple[int, ...]

MAX_NODES = 20_000
MAX_ENTRIES = 2**28
"""Largest array: 2 gigabytes of doubles."""
MAX_AXES = 16

ENTRYWISE = frozenset({*FUNCTIONS, "power"})
LINEAR = frozenset({"scale", "reshape", "transpose", "broadcast", "sum", "take", "put"})
"""Linear operations of one array."""


class Node(NamedTuple):
    """One instruction: the operation, the nodes it reads, what it needs besides, and the shape of its value."""

    op: str
    args: tuple[int, ...]
    data: object
    shape: Shape


@dataclass(frozen=True)
class Program:
    """A straight-line program over arrays: the shapes of its `inputs`, its `nodes`, and the numbers of its `outputs`.

    Each node reads only earlier ones, and its shape follows from them (`shape_of`).
    """

    inputs: tuple[Shape, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]

    def __post_init__(self) -> None:
        read = [node.data for node in self.nodes if node.op == "input"]
        if len(set(read)) < len(read):
            raise ArgumentError("program", "<an input that is read by two nodes>", "have one node for each input")

    def __repr__(self) -> str:
        return f"Program({len(self.inputs)} inputs, {len(self.nodes)} nodes, {len(self.outputs)} outputs)"

    @property
    def output_shapes(self) -> tuple[Shape, ...]:
        """The shapes of the results."""
        return tuple(self.nodes[i].shape for i in self.outputs)


def entries(shape: Shape) -> int:
    """Return the number of entries of an array."""
    return math.prod(shape)


def shape_of(op: str, shapes: tuple[Shape, ...], data: object, shape: Shape | None = None) -> Shape:
    """Return the shape of a node, or refuse it with an `ArgumentError`: the one place where nodes are checked.

    A node has an operation, arrays of some `shapes` that it reads, and `data` that it needs besides; input, reshape,
    broadcast and put, whose results these do not determine, also the `shape` of the result.
    """
    wanted = 2 if op in ("add", "mul", "contract") else 0 if op in ("input", "constant", "rational", "pi") else 1
    if len(shapes) != wanted:
        raise _bad(op, f"read {wanted} arrays")
    result = _shape(op, shapes, data, shape)
    if len(result) > MAX_AXES or entries(result) > MAX_ENTRIES or any(size < 1 for size in result):
        raise _bad(op, f"have a value of at most {MAX_AXES} axes and {MAX_ENTRIES} entries, and none of length 0")
    return result


def _shape(op: str, shapes: tuple[Shape, ...], data: object, shape: Shape | None) -> Shape:
    match op:
        case "input" | "rational" | "pi":
            return shape if op == "input" and shape is not None else ()
        case "constant":
            if not isinstance(data, np.ndarray) or data.dtype != np.float64 or not np.isfinite(data).all():
                raise _bad(op, "be an array of finite doubles")
            return data.shape
        case "add" | "mul":
            if shapes[0] != shapes[1]:
                raise _bad(op, f"read arrays of one shape, not {shapes[0]} and {shapes[1]}")
            return shapes[0]
        case "scale" if isinstance(data, Fraction):
            return shapes[0]
        case "power" if type(data) is int and abs(data) <= MAX_EXPONENT:
            return shapes[0]
        case "contract" if isinstance(data, str):
            return contraction(data, shapes[0], shapes[1]).shape
        case "logsumexp" if shapes[0]:
            return shapes[0][:-1]
        case "reshape" if shape is not None and entries(shape) == entries(shapes[0]):
            return shape
        case "transpose" if isinstance(data, tuple) and sorted(data) == list(range(len(shapes[0]))):
            return tuple(shapes[0][axis] for axis in data)
        case "broadcast" if isinstance(data, tuple) and shape is not None:
            if _increasing(data, len(shape)) and tuple(shape[axis] for axis in data) == shapes[0]:
                return shape
        case "sum" if isinstance(data, tuple) and _increasing(data, len(shapes[0])):
            return tuple(size for axis, size in enumerate(shapes[0]) if axis not in data)
        case "take" if (places := _positions(data)) is not None and places.max() < entries(shapes[0]):
            return places.shape
        case "put" if shape is not None and (places := _positions(data)) is not None:
            if places.shape == shapes[0] and places.max() < entries(shape):
                return shape
        case _ if op in FUNCTIONS:
            return shapes[0]
    raise _bad(op, f"fit to arrays of the shapes {shapes}")


def _increasing(axes: tuple[object, ...], count: int) -> bool:
    return all(type(a) is int and 0 <= a < count for a in axes) and list(axes) == sorted(set(axes))  # type: ignore[type-var]


def _positions(data: object) -> np.ndarray | None:
    if isinstance(data, np.ndarray) and data.dtype == np.int64 and data.size and data.min() >= -1:
        return data
    return None


def _bad(op: str, must: str) -> ArgumentError:
    return ArgumentError("node", op[:20], must)


class Contraction(NamedTuple):
    """A contraction as a batch of matrix products.

    The axes of the first array are brought in the order batch, left, summed; of the second batch, summed, right; the
    products have the axes batch, left, right, and `order` permutes them to those of the result.
    """

    first: tuple[int, ...]
    second: tuple[int, ...]
    batch: Shape
    left: Shape
    summed: Shape
    right: Shape
    order: tuple[int, ...]

    @property
    def shape(self) -> Shape:
        """The shape of the result."""
        sizes = self.batch + self.left + self.right
        return tuple(sizes[axis] for axis in self.order)


@lru_cache(maxsize=4096)
def contraction(spec: str, a: Shape, b: Shape) -> Contraction:
    """Read a specification such as ``"ij,jk->ik"``.

    Each letter of an operand occurs once in it, and once more, in the other operand or in the result; those of the
    result once each: so the transposed maps are contractions, too.
    """
    operands, arrow, result = spec.partition("->")
    first, comma, second = operands.partition(",")
    letters = f"{first}{second}{result}"
    if not ((arrow and comma and letters.isascii() and letters.isalpha() and letters.islower()) or not letters):
        raise _bad("contract", "have a specification such as 'ij,jk->ik'")
    if any(len(set(part)) != len(part) for part in (first, second, result)):
        raise _bad("contract", "have each letter at most once in each array")
    if set(first) - set(second + result) or set(second) - set(first + result) or set(result) - set(first + second):
        raise _bad("contract", "have each letter in two of its three arrays")
    if len(first) != len(a) or len(second) != len(b):
        raise _bad("contract", f"have as many letters as axes: {spec} for {a} and {b}")
    size = dict(zip(first, a, strict=True))
    if any(size.setdefault(letter, n) != n for letter, n in zip(second, b, strict=True)):
        raise _bad("contract", f"have axes of one length for each letter: {spec} for {a} and {b}")
    batch = [x for x in first if x in second and x in result]
    left, summed = [x for x in first if x not in second], [x for x in first if x in second and x not in result]
    right = [x for x in second if x not in first]
    sizes = [tuple(size[x] for x in part) for part in (batch, left, summed, right)]
    return Contraction(
        tuple(first.index(x) for x in batch + left + summed),
        tuple(second.index(x) for x in batch + summed + right),
        sizes[0],
        sizes[1],
        sizes[2],
        sizes[3],
        tuple((batch + left + right).index(x) for x in result),
    )
