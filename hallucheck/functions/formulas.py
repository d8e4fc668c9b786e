"""The function of a problem: a formula of a file as straight-line code, node by node."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..files.reading import Reader, Refused, integer, items, positive, rational, record, text
from .code import Code

MOST_NODES = 20_000
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
UNARY = ("exp", "log", "sqrt", "sin", "cos", "tanh", "erf", "softplus")
ARITIES = dict.fromkeys(("add", "sub", "mul", "div"), 2) | dict.fromkeys(("neg", *UNARY), 1)


@dataclass
class Objective:
    """`f`, or with `n` the residuals of `f = |r|**2 / (2 n)`: nodes of the code, and those of the inputs."""

    code: Code
    inputs: list[int]
    outputs: list[int]
    n: Fraction | None


def read_objective(document: dict[str, Any], path: Path) -> Objective:
    """The field `problem.objective`. Long arrays in it are replaced by their hashes, for the digest."""
    value, where = document["problem"]["objective"], "problem.objective"
    kind = value.get("kind") if isinstance(value, dict) else None
    if kind == "array_program":
        from .programs import read_program

        return read_program(value, where, document, path)
    if "doubles" in document:
        raise Refused("doubles", "no long arrays belong to a formula")
    if kind == "least_squares":
        record(value, where, ("kind", "residuals", "n"))
        return read_tape(value["residuals"], f"{where}.residuals", positive(rational)(value["n"], f"{where}.n"))
    if kind != "formula":
        raise Refused(where, "unknown kind of function")
    record(value, where, ("kind", "tape"))
    objective = read_tape(value["tape"], f"{where}.tape", None)
    if len(objective.outputs) != 1:
        raise Refused(f"{where}.tape.outputs", "a formula has one output")
    return objective


def read_tape(value: Any, where: str, n: Fraction | None) -> Objective:
    """Nodes, each of which reads earlier ones."""
    record(value, where, ("variables", "nodes", "outputs"))
    names = items(value["variables"], f"{where}.variables", text, most=1000)
    if not names or len(set(names)) != len(names) or any(not NAME.fullmatch(v) or v in (*UNARY, "pi") for v in names):
        raise Refused(f"{where}.variables", "not names of variables")
    code = Code()
    inputs = [code.node("input", (), i) for i in range(len(names))]
    nodes: list[int] = []

    def earlier(value: Any, where: str) -> int:
        return nodes[integer(value, where, high=len(nodes) - 1)]

    def variable(value: Any, where: str) -> int:
        return inputs[integer(value, where, high=len(inputs) - 1)]

    of_operations: dict[str, tuple[Reader[Any], ...]] = {
        "var": (variable,),
        "const": (rational,),
        "pi": (),
        "pow": (earlier, power),
        "rpow": (earlier, rational),
        **{operation: (earlier,) * arity for operation, arity in ARITIES.items()},
    }

    def read(node: Any, where: str) -> None:
        operation = node[0] if isinstance(node, list) and node and isinstance(node[0], str) else ""
        readers = of_operations.get(operation)
        if readers is None or len(node) != 1 + len(readers):
            raise Refused(where, "not a node")
        data = [reader(v, where) for reader, v in zip(readers, node[1:], strict=True)]
        if operation == "var":
            nodes.append(data[0])
        elif operation == "const":
            nodes.append(code.constant(data[0]))
        elif operation == "mul":
            nodes.append(code.mul(*data))
        else:
            nodes.append(code.node(operation, data[:1], data[1]) if "pow" in operation else code.of(operation, *data))

    items(value["nodes"], f"{where}.nodes", read, most=MOST_NODES)
    outputs = items(value["outputs"], f"{where}.outputs", earlier, most=1000)
    inner = [node for node in value["nodes"] if node[0] not in ("var", "const")]
    read_by = [v for node in inner for v in node[1 : 1 + ARITIES.get(node[0], 1)]]
    if not outputs or set(range(len(nodes))) - set(read_by) - set(value["outputs"]):
        raise Refused(f"{where}.outputs", "none, or a node that nothing reads")
    return Objective(code, inputs, outputs, n)


def power(value: Any, where: str) -> int:
    """The exponent of an integer power."""
    return integer(value, where, -10_000, 10_000)
