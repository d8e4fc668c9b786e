"""The function of a problem: a formula of a file as straight-line code, node by node."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from ..files.reading import Reader, Refused, integer, items, positive, rational, record, text
from .code import Code

MOST_NODES = 20_000
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
UNARY = ("exp", "log", "sqrt", "sin", "cos", "tanh", "erf", "softplus")
ARITIES = {"pi": 0} | dict.fromkeys(("add", "sub", "div"), 2) | dict.fromkeys(("neg", *UNARY), 1)


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
    met: set[int] = set()

    def earlier(value: Any, where: str) -> int:
        k = integer(value, where, high=len(nodes) - 1)
        met.add(k)
        return nodes[k]

    def variable(value: Any, where: str) -> int:
        return inputs[integer(value, where, high=len(inputs) - 1)]

    operations: dict[str, tuple[Callable[..., int], tuple[Reader[Any], ...]]] = {
        **{name: (partial(code.of, name), (earlier,) * arity) for name, arity in ARITIES.items()},
        "var": (lambda i: i, (variable,)),
        "const": (code.constant, (rational,)),
        "mul": (code.mul, (earlier, earlier)),
        "pow": (lambda a, k: code.node("pow", (a,), k), (earlier, power)),
        "rpow": (lambda a, k: code.node("rpow", (a,), k), (earlier, rational)),
    }

    def read(node: Any, where: str) -> None:
        name = node[0] if isinstance(node, list) and node and isinstance(node[0], str) else ""
        if name not in operations or len(node) != 1 + len(operations[name][1]):
            raise Refused(where, "not a node")
        write, readers = operations[name]
        nodes.append(write(*(reader(v, where) for reader, v in zip(readers, node[1:], strict=True))))

    items(value["nodes"], f"{where}.nodes", read, most=MOST_NODES)
    outputs = items(value["outputs"], f"{where}.outputs", earlier, most=1000)
    if not outputs or len(met) < len(nodes):
        raise Refused(f"{where}.outputs", "none, or a node that nothing reads")
    return Objective(code, inputs, outputs, n)


def power(value: Any, where: str) -> int:
    """The exponent of an integer power."""
    return integer(value, where, -10_000, 10_000)
