"""Array programs, as networks are written down: every entry of every array as a node of straight-line code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from ..arithmetic.interval import check_time
from ..files.companion import LONG_ARRAY, Companion
from ..files.reading import NotCovered, Refused, dyadic, integer, items, null, positive, rational, record, text
from .code import Code
from .formulas import MOST_NODES, UNARY, Objective, power

MOST_NUMBERS = 10**6
MOST_SCALARS = 4_000_000  # operations on single numbers; more are not covered
CONTRACTION = re.compile(r"([a-z]*),([a-z]*)->([a-z]*)")
NAMES_OF_ARRAYS = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
MOVES = ("transpose", "broadcast", "sum", "take", "put")
ARITIES = (
    dict.fromkeys(("input", "constant", "rational", "pi"), 0)
    | dict.fromkeys(("add", "mul", "contract"), 2)
    | dict.fromkeys(("scale", "power", "logsumexp", "reshape", *MOVES, *UNARY), 1)
)


@dataclass
class Array:
    """The nodes of the entries, row-major."""

    shape: tuple[int, ...]
    entries: list[int]

    def at(self, index: Sequence[int]) -> int:
        """The node of an entry."""
        position = 0
        for i, n in zip(index, self.shape, strict=True):
            position = position * n + i
        return self.entries[position]


def read_shape(value: Any, where: str) -> tuple[int, ...]:
    """The sizes of an array's axes."""
    return tuple(items(value, where, lambda v, w: integer(v, w, low=1, high=1 << 23), most=16))


def read_axes(value: Any, where: str, count: int, ordered: bool = True) -> list[int]:
    """Different axes of an array that has `count` of them."""
    axes = items(value, where, lambda v, w: integer(v, w, high=count - 1), most=count)
    if len(set(axes)) != len(axes) or (ordered and sorted(axes) != axes):
        raise Refused(where, "an axis occurs twice, or axes are not in order")
    return axes


def read_program(value: Any, where: str, document: dict[str, Any], path: Path) -> Objective:
    """An array program, entry by entry."""
    record(value, where, ("kind", "program", "names", "n"))
    program = record(value["program"], f"{where}.program", ("inputs", "nodes", "outputs"))
    shapes = items(program["inputs"], f"{where}.program.inputs", read_shape, most=1000)
    names = items(value["names"], f"{where}.names", text, count=len(shapes))
    if not names or len(set(names)) != len(names) or not all(NAMES_OF_ARRAYS.fullmatch(v) for v in names):
        raise Refused(f"{where}.names", "not names of arrays")
    reader = ProgramReader(shapes, Companion(path, document))
    items(program["nodes"], f"{where}.program.nodes", reader.read, most=MOST_NODES)
    (output,) = items(program["outputs"], f"{where}.program.outputs", reader.earlier, count=1)
    n = positive(rational)(value["n"], f"{where}.n")
    if len(output.shape) > 1:
        raise Refused(f"{where}.program.outputs", "neither a number nor a vector of residuals")
    if reader.unread - {program["outputs"][0]}:
        raise Refused(f"{where}.program.nodes", "a node that nothing reads")
    reader.companion.finish()
    inputs = [i for array in reader.inputs for i in array.entries]
    return Objective(reader.code, inputs, output.entries, n if output.shape else None)


class ProgramReader:
    """Writes the nodes of an array program out as nodes of the code."""

    def __init__(self, shapes: list[tuple[int, ...]], companion: Companion) -> None:
        self.code, self.companion = Code(), companion
        self.arrays: list[Array] = []
        self.unread: set[int] = set()
        self.met: set[int] = set()
        self.numbers = self.scalars = count = 0
        self.inputs: list[Array] = []
        for shape in shapes:
            self.spend(prod(shape))
            self.inputs.append(Array(shape, [self.code.node("input", (), count + i) for i in range(prod(shape))]))
            count += prod(shape)

    def spend(self, scalars: int) -> None:
        """Count operations on single numbers before they are written out."""
        check_time()
        self.scalars += scalars
        if self.scalars > MOST_SCALARS:
            raise NotCovered(f"programs of more than {MOST_SCALARS} operations on single numbers")

    def spend_numbers(self, count: int, where: str) -> None:
        """Count constants and positions."""
        self.numbers += count
        if self.numbers > MOST_NUMBERS:
            raise Refused(where, "too many numbers")

    def earlier(self, value: Any, where: str) -> Array:
        """The array that a node number means."""
        return self.arrays[integer(value, where, high=len(self.arrays) - 1)]

    def read(self, node: Any, where: str) -> None:
        """One node `[operation, nodes it reads, data, shape]`."""
        if not isinstance(node, list) or len(node) != 4 or not isinstance(node[0], str) or node[0] not in ARITIES:
            raise Refused(where, "not a node")
        operation, arguments, data, shape = node
        reads = items(arguments, where, self.earlier, count=ARITIES[operation])
        shape = read_shape(shape, f"{where}.shape")
        self.spend(prod(shape))
        self.unread.difference_update(arguments)
        self.unread.add(len(self.arrays))
        if not reads:
            array = self.source(operation, data, shape, where)
        elif operation == "contract":
            array = self.contract(reads[0], reads[1], data, where)
        elif operation in MOVES:
            array = self.moved(operation, reads[0], data, shape, where)
        else:
            array = self.by_entry(operation, reads, data, shape, where)
        if array.shape != shape:
            raise Refused(where, "has another shape than its operation gives")
        self.arrays.append(array)

    def source(self, operation: str, data: Any, shape: tuple[int, ...], where: str) -> Array:
        """What reads nothing."""
        count = prod(shape)
        if operation == "input":
            k = integer(data, where, high=len(self.inputs) - 1)
            if k in self.met:
                raise Refused(where, "an input has one node")
            self.met.add(k)
            return self.inputs[k]
        if operation == "rational":
            return Array(shape, [self.code.constant(rational(data, where))] * count)
        if operation == "pi":
            null(data, where)
            return Array(shape, [self.code.of("pi")] * count)
        if isinstance(data, dict):
            sizes = read_shape(record(data, where, ("doubles",))["doubles"], where)
            numbers, data["sha256"] = self.companion.take(sizes, where)  # the digest is over this text
        else:
            numbers = items(data, where, double, count=count, most=LONG_ARRAY)
        self.spend_numbers(len(numbers), where)
        if len(numbers) != count:
            raise Refused(where, "not a number for each entry")
        return Array(shape, [self.code.constant(v) for v in numbers])

    def by_entry(self, operation: str, reads: list[Array], data: Any, shape: tuple[int, ...], where: str) -> Array:
        """Operations on single numbers; `reshape` is one that does nothing."""
        first, code = reads[0], self.code
        if operation == "scale":
            factor = code.constant(rational(data, where))
            return Array(first.shape, [code.mul(factor, a) for a in first.entries])
        if operation == "power":
            k = power(data, where)
            return Array(first.shape, [code.node("pow", (a,), k) for a in first.entries])
        null(data, where)
        if operation == "logsumexp":
            if not first.shape:
                raise Refused(where, "no axis")
            rows = [first.entries[i : i + first.shape[-1]] for i in range(0, len(first.entries), first.shape[-1])]
            sums = [code.sum([code.of("exp", a) for a in row]) for row in rows]
            return Array(first.shape[:-1], [code.of("log", a) for a in sums])
        if operation == "reshape":
            if prod(shape) != len(first.entries):
                raise Refused(where, "has another number of entries")
            return Array(shape, first.entries)
        if len(reads) == 2:
            if reads[1].shape != first.shape:
                raise Refused(where, "reads arrays of different shapes")
            join = code.mul if operation == "mul" else partial(code.of, "add")
            return Array(first.shape, list(map(join, first.entries, reads[1].entries)))
        return Array(first.shape, [code.of(operation, a) for a in first.entries])

    def moved(self, operation: str, read: Array, data: Any, shape: tuple[int, ...], where: str) -> Array:
        """Operations that move, repeat or add up entries."""
        if operation in ("take", "put"):
            here, there = (prod(shape), len(read.entries)) if operation == "take" else (len(read.entries), prod(shape))
            positions = items(data, where, lambda v, w: integer(v, w, low=-1, high=there - 1), count=here)
            self.spend_numbers(here, where)
            collected: list[list[int]] = [[] for _ in range(prod(shape))]
            for i, k in enumerate(positions):
                if k >= 0:
                    target, source = (i, k) if operation == "take" else (k, i)
                    collected[target].append(read.entries[source])
            return Array(shape, [self.code.sum(terms) for terms in collected])
        if operation == "broadcast":
            axes = read_axes(data, where, len(shape))
            if [shape[k] for k in axes] != list(read.shape):
                raise Refused(where, "axes that do not fit")
            return self.indexed([(read, axes)], range(len(shape)), dict(enumerate(shape)))
        own, sizes = range(len(read.shape)), dict(enumerate(read.shape))
        axes = read_axes(data, where, len(own), ordered=operation == "sum")
        if operation == "sum":
            return self.indexed([(read, own)], [k for k in own if k not in axes], sizes)
        if len(axes) != len(own):
            raise Refused(where, "not all axes")
        return self.indexed([(read, own)], axes, sizes)

    def contract(self, left: Array, right: Array, data: Any, where: str) -> Array:
        """`"ij,jk->ik"`: sums of products over the letter that is not in the result."""
        match = CONTRACTION.fullmatch(data) if isinstance(data, str) else None
        if not match:
            raise Refused(where, "not a contraction")
        a, b, c = match.groups()
        counts = [(a + b + c).count(letter) for letter in set(a + b + c)]
        if any(len(set(w)) != len(w) for w in (a, b, c)) or set(counts) != {2}:
            raise Refused(where, "a letter is not in two of the three arrays")
        if len(a) != len(left.shape) or len(b) != len(right.shape):
            raise Refused(where, "letters for other shapes")
        sizes = dict(zip(a, left.shape, strict=True))
        if any(sizes.setdefault(letter, n) != n for letter, n in zip(b, right.shape, strict=True)):
            raise Refused(where, "axes of different sizes are contracted")
        return self.indexed([(left, a), (right, b)], c, sizes)

    def indexed(self, reads: list[tuple[Array, Sequence[Any]]], of: Sequence[Any], sizes: dict[Any, int]) -> Array:
        """The array with indices `of`: sums, over those that only one or two other arrays have, of their products."""
        names, one = [*of, *(name for name in sizes if name not in of)], self.code.constant(1)
        self.spend(prod(sizes.values()))
        sums: dict[tuple[int, ...], list[tuple[int, int]]] = {}
        for values in product(*(range(sizes[name]) for name in names)):
            index = dict(zip(names, values, strict=True))
            a, b, *_ = [*(array.at([index[name] for name in own]) for array, own in reads), one]
            sums.setdefault(values[: len(of)], []).append((a, b))
        return Array(tuple(sizes[name] for name in of), [self.code.dot(pairs) for pairs in sums.values()])


def double(value: Any, where: str) -> Fraction:
    """A dyadic that is a double exactly."""
    result = dyadic(value, where)
    try:
        if Fraction(float(result)) == result:
            return result
    except OverflowError:
        pass
    raise Refused(where, "not a double")
