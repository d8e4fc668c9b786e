"""Array programs from plain data that nobody vouches for; `hallucert.objectives.writing` makes the data.

A node is ``[operation, arguments, data, shape]``. Doubles are written as dyadic numbers, positions as integers; shapes
are checked against what follows from the operation.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hallucert.doubles import read_doubles
from hallucert.errors import ArgumentError, CertificateError
from hallucert.objectives.program.builder import places_of, prune
from hallucert.objectives.program.program import (
    MAX_AXES,
    MAX_ENTRIES,
    MAX_NODES,
    Node,
    Program,
    Shape,
    contraction,
    entries,
    shape_of,
)
from hallucert.objectives.tape import read_index, read_rational

MAX_NUMBERS = 10**6
"""Most numbers in the constants and positions of a program that is read."""
MAX_VALUES = 2**23
"""Most entries of all values of a program that is read, together: whoever runs it keeps many of them."""
MAX_PRODUCTS = 2**27
"""Most multiplications in one contraction."""


def program_from_json(data: object, field: str) -> Program:
    """Read a program, trusting nothing about it; CertificateError names a field that is wrong, missing or too much."""
    if not isinstance(data, Mapping) or set(data) != {"inputs", "nodes", "outputs"}:
        raise CertificateError(field, "must be an object with the fields inputs, nodes and outputs")
    inputs = tuple(_shape(shape, f"{field}.inputs[{i}]") for i, shape in enumerate(_list(data, "inputs", field)))
    nodes: list[Node] = []
    left, room = MAX_NUMBERS, MAX_VALUES
    for i, item in enumerate(_list(data, "nodes", field)):
        place = f"{field}.nodes[{i}]"
        node = _node(item, nodes, inputs, left, place)
        nodes.append(node)
        left -= node.data.size if isinstance(node.data, np.ndarray) else 0
        room -= entries(node.shape)
        if room < 0:
            raise CertificateError(place, f"must leave the program with values of at most {MAX_VALUES} entries in all")
    items = enumerate(_list(data, "outputs", field))
    outputs = tuple(read_index(j, len(nodes), f"{field}.outputs[{i}]") for i, j in items)
    try:
        program = Program(inputs, tuple(nodes), outputs)
    except ArgumentError as error:
        raise CertificateError(f"{field}.nodes", f"must {error.must}") from None
    if len(prune(program).nodes) != len(nodes):
        raise CertificateError(f"{field}.nodes", "must not contain a node that no output needs")
    return program


def _list(data: Mapping[str, object], key: str, field: str) -> list[object]:
    value = data[key]
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_NODES:
        raise CertificateError(f"{field}.{key}", f"must be a list of 1 to {MAX_NODES} entries")
    return value


def _shape(value: object, field: str) -> Shape:
    if not isinstance(value, list) or len(value) > MAX_AXES:
        raise CertificateError(field, f"must be a list of at most {MAX_AXES} lengths")
    if (
        any(type(size) is not int or not 1 <= size <= MAX_ENTRIES for size in value)
        or entries(tuple(value)) > MAX_ENTRIES
    ):
        raise CertificateError(field, f"must be lengths from 1 on, of at most {MAX_ENTRIES} entries")
    return tuple(value)


def _node(item: object, nodes: list[Node], inputs: tuple[Shape, ...], left: int, field: str) -> Node:
    if not isinstance(item, list) or len(item) != 4 or not isinstance(item[0], str) or not isinstance(item[1], list):
        raise CertificateError(field, "must be a list of an operation, its arguments, data and a shape")
    op, shape = item[0], _shape(item[3], field)
    if len(item[1]) > 2:
        raise CertificateError(field, "must read at most 2 nodes")
    args = tuple(read_index(j, len(nodes), field) for j in item[1])
    data = _data(op, item[2], shape, nodes[args[0]].shape if args else (), left, field)
    if op == "input" and inputs[read_index(data, len(inputs), field)] != shape:
        raise CertificateError(field, "must have the shape of its input")
    try:
        follows = shape_of(op, tuple(nodes[j].shape for j in args), data, shape)
    except ArgumentError as error:
        raise CertificateError(field, f"must {error.must}") from None
    if follows != shape:
        raise CertificateError(field, f"must have the shape {list(follows)}")
    if op == "contract":
        plan = contraction(str(data), nodes[args[0]].shape, nodes[args[1]].shape)
        if entries(plan.batch + plan.left + plan.summed + plan.right) > MAX_PRODUCTS:
            raise CertificateError(field, f"must be a contraction of at most {MAX_PRODUCTS} products")
    return Node(op, args, data, shape)


def _data(op: str, value: object, shape: Shape, read: Shape, left: int, field: str) -> object:
    match op:
        case "constant":
            if entries(shape) > left:
                raise CertificateError(field, f"must have at most {MAX_NUMBERS} numbers in all of the program")
            return read_doubles(value, shape, field)
        case "take" | "put":
            size = shape if op == "take" else read
            places = _numbers(value, entries(size), left, field)
            if any(type(v) is not int or not -1 <= v < MAX_ENTRIES for v in places):
                raise CertificateError(field, "must have positions of entries, or -1")
            return places_of(places).reshape(size)
        case "rational" | "scale":
            return read_rational(value, field)
        case "transpose" | "broadcast" | "sum":
            if not isinstance(value, list) or len(value) > MAX_AXES or any(type(axis) is not int for axis in value):
                raise CertificateError(field, "must have a list of axes")
            return tuple(value)
        case "contract" if isinstance(value, str) and len(value) <= 3 * MAX_AXES + 3:
            return value
        case "power" | "input" if type(value) is int:
            return value
    if value is not None:
        raise CertificateError(field, "must have null where its operation needs nothing")
    return None


def _numbers(value: object, count: int, left: int, field: str) -> list[object]:
    if not isinstance(value, list) or len(value) != count or count > left:
        raise CertificateError(field, f"must have {count} numbers, {MAX_NUMBERS} in all of the program")
    return value
