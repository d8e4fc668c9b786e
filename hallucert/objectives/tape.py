"""The tape: one formula as a straight-line program that any arithmetic can run.

A tape is a list of nodes in the order they are computed; a node refers only to earlier nodes. The operations are
real-analytic on their domains, and so is every function a tape computes on the set where all its nodes are defined:

============  =======================  ==========================
operation     node                     domain
============  =======================  ==========================
``var``       input number `a`
``const``     exact rational `value`
``pi``        the number pi
``add``       a + b
``sub``       a - b
``mul``       a * b
``div``       a / b                    b != 0
``neg``       -a
``pow``       a ** b, b an integer     a != 0 where b < 0
``rpow``      a ** value, no integer   a > 0
``exp``       exp(a)
``log``       log(a)                   a > 0
``sqrt``      sqrt(a)                  a > 0 (not analytic at 0)
``sin``       sin(a)
``cos``       cos(a)
``tanh``      tanh(a)
``erf``       erf(a)
``softplus``  log(1 + exp(a))
============  =======================  ==========================
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple, Protocol, TypeVar
from weakref import WeakKeyDictionary

from hallucert.arguments import Late
from hallucert.clock import look
from hallucert.errors import ArgumentError, CertificateError
from hallucert.exact import MAX_BITS, MAX_DIGITS, constant_bits, exact, format_rational
from hallucert.objectives.names import MAX_VARIABLES, check_variable_names

T = TypeVar("T")

Ball = Any
"""A value of an arithmetic, with ``+ - * /`` of its own."""

BINARY = frozenset({"add", "sub", "mul", "div"})
FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tanh", "erf", "softplus")
UNARY = frozenset({"neg", *FUNCTIONS})
PARTIAL = frozenset({"div", "log", "sqrt", "rpow"})
"""Operations that are not defined everywhere; ``pow`` is partial when its exponent is negative."""

MAX_NODES = 200_000
MAX_EXPONENT = 10_000
_RATIONAL = re.compile(r"-?[0-9]+(/[0-9]+)?")


class Node(NamedTuple):
    """One instruction: operation, the node numbers `a` and `b` it reads, and an exact `value` where it has one.

    For ``var`` `a` is the number of the variable; for ``pow`` `b` is the exponent itself. Fields an operation
    does not use are -1 and None.
    """

    op: str
    a: int = -1
    b: int = -1
    value: Fraction | None = None


class Arithmetic(Protocol[T]):
    """What a tape needs from the arithmetic it runs in; ``+ - * /`` and unary ``-`` are the values' own operators."""

    def constant(self, value: Fraction) -> T: ...
    def pi(self) -> T: ...
    def power(self, x: T, exponent: int) -> T: ...
    def real_power(self, x: T, exponent: Fraction) -> T: ...
    def exp(self, x: T) -> T: ...
    def log(self, x: T) -> T: ...
    def sqrt(self, x: T) -> T: ...
    def sin(self, x: T) -> T: ...
    def cos(self, x: T) -> T: ...
    def tanh(self, x: T) -> T: ...
    def erf(self, x: T) -> T: ...
    def softplus(self, x: T) -> T: ...


@dataclass(frozen=True)
class Tape:
    """A straight-line program from ``len(variables)`` inputs to ``len(outputs)`` outputs, which are node numbers.

    Each of the `nodes` reads only earlier ones; the names of the `variables` are as `check_variable_names` allows them.
    """

    variables: tuple[str, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]

    def __post_init__(self) -> None:
        check_variable_names(self.variables)

    @property
    def dimension(self) -> int:
        """Number of inputs."""
        return len(self.variables)

    def __repr__(self) -> str:
        return f"Tape({self.dimension} inputs, {len(self.nodes)} nodes, {len(self.outputs)} outputs)"

    def evaluate(self, arithmetic: Arithmetic[T], x: Sequence[T], nodes: Sequence[int] | None = None) -> list[T]:
        """Run the tape on inputs `x` (length ``dimension``); return its outputs, or the `nodes` of these numbers."""
        if len(x) != self.dimension:
            raise ArgumentError("x", f"<{len(x)} values>", f"have {self.dimension} values")
        look()
        values: list[Ball] = []
        push, constants = values.append, iter(self._constants(arithmetic))
        for op, a, b, value in self.nodes:
            if op == "mul":
                push(values[a] * values[b])
            elif op == "add":
                push(values[a] + values[b])
            elif op == "sub":
                push(values[a] - values[b])
            elif op == "const":
                push(next(constants))
            elif op == "var":
                push(x[a])
            elif op == "pow":
                push(arithmetic.power(values[a], b))
            elif op == "neg":
                push(-values[a])
            elif op == "div":
                push(values[a] / values[b])
            elif op == "pi":
                push(arithmetic.pi())
            elif op == "rpow":
                push(arithmetic.real_power(values[a], value))  # type: ignore[arg-type]
            else:
                push(getattr(arithmetic, op)(values[a]))
        return [values[i] for i in (self.outputs if nodes is None else nodes)]

    def __getstate__(self) -> dict[str, object]:
        """The program alone: what is known about its constants in an arithmetic stays with the process."""
        return {"variables": self.variables, "nodes": self.nodes, "outputs": self.outputs}

    @cached_property
    def _known_constants(self) -> WeakKeyDictionary[Arithmetic[Ball], list[Ball]]:
        return WeakKeyDictionary()

    def _constants(self, arithmetic: Arithmetic[Ball]) -> list[Ball]:
        """The constants in an arithmetic, in the order of their nodes; made once for each arithmetic that lasts."""
        known = self._known_constants.get(arithmetic)
        if known is None:
            constants = (node.value for node in self.nodes if node.op == "const")
            known = [arithmetic.constant(value or Fraction(0)) for value in constants]
            if getattr(arithmetic, "lasting", True):
                self._known_constants[arithmetic] = known
        return known

    @classmethod
    def from_json(cls, data: object, field: str = "tape") -> Tape:
        """Read a tape from plain data, trusting nothing about it; CertificateError names the field that is wrong."""
        if not isinstance(data, Mapping):
            raise CertificateError(field, "must be an object")
        for key in ("variables", "nodes", "outputs"):
            if not isinstance(data.get(key), list):
                raise CertificateError(f"{field}.{key}", "must be a list")
        if extra := set(data) - {"variables", "nodes", "outputs"}:
            raise CertificateError(f"{field}.{min(map(str, extra))}", "is not a field of a tape")
        if not all(isinstance(name, str) for name in data["variables"]):
            raise CertificateError(f"{field}.variables", "must be a list of names")
        try:
            variables = check_variable_names(data["variables"])
        except ArgumentError as error:
            raise CertificateError(f"{field}.variables", str(error)) from None
        if not 1 <= len(data["nodes"]) <= MAX_NODES:
            raise CertificateError(f"{field}.nodes", f"must have between 1 and {MAX_NODES} nodes")
        nodes = tuple(
            _node_from_json(item, i, len(variables), f"{field}.nodes[{i}]") for i, item in enumerate(data["nodes"])
        )
        outputs = data["outputs"]
        if not 1 <= len(outputs) <= MAX_VARIABLES**2:
            raise CertificateError(f"{field}.outputs", "must have at least one entry")
        for i, output in enumerate(outputs):
            read_index(output, len(nodes), f"{field}.outputs[{i}]")
        tape = Tape(variables, nodes, tuple(outputs))
        if len(prune(tape).nodes) != len(nodes):
            raise CertificateError(f"{field}.nodes", "must not contain a node that no output needs")
        return tape

    to_json = Late("hallucert.objectives.writing")


def node_operands(node: Node) -> tuple[int, ...]:
    """Return the node numbers that `node` reads."""
    if node.op in BINARY:
        return (node.a, node.b)
    if node.op in ("var", "const", "pi"):
        return ()
    return (node.a,)


def prune(tape: Tape) -> Tape:
    """Drop the nodes that no output needs and renumber the rest."""
    needed = needed_nodes(tape.outputs, [node_operands(node) for node in tape.nodes])
    renumber, nodes = [-1] * len(tape.nodes), list[Node]()
    for i, node in enumerate(tape.nodes):
        if i not in needed:
            continue
        renumber[i] = len(nodes)
        if node.op in BINARY:
            node = Node(node.op, renumber[node.a], renumber[node.b])
        elif node.op not in ("var", "const", "pi"):
            node = Node(node.op, renumber[node.a], node.b, node.value)
        nodes.append(node)
    return Tape(tape.variables, tuple(nodes), tuple(renumber[i] for i in tape.outputs))


def needed_nodes(outputs: Sequence[int], operands: Sequence[Sequence[int]]) -> set[int]:
    """Return the nodes that some output depends on; `operands` are the nodes that each reads."""
    needed = set(outputs)
    for i in range(len(operands) - 1, -1, -1):
        if i in needed:
            needed.update(operands[i])
    return needed


def _node_from_json(item: object, position: int, dimension: int, field: str) -> Node:
    if not isinstance(item, list) or not item or not isinstance(item[0], str):
        raise CertificateError(field, "must be a list that begins with the name of an operation")
    op, arguments = item[0], item[1:]
    length = 2 if op in BINARY or op in ("pow", "rpow") else 0 if op == "pi" else 1
    if op not in BINARY | UNARY | {"var", "const", "pi", "pow", "rpow"}:
        raise CertificateError(field, f"unknown operation {op[:20]!r}")
    if len(arguments) != length:
        raise CertificateError(field, f"{op} takes {length} arguments")
    if op == "const":
        return Node(op, value=read_rational(arguments[0], field))
    if op == "pi":
        return Node(op)
    a = read_index(arguments[0], dimension if op == "var" else position, field)
    if op == "rpow":
        value = read_rational(arguments[1], field)
        if abs(value) > MAX_EXPONENT:
            raise CertificateError(field, f"exponent must be of size at most {MAX_EXPONENT}")
        if value.denominator == 1:  # it would print, and be read, as a power that is defined everywhere
            raise CertificateError(field, "exponent must not be an integer: pow takes these")
        return Node(op, a, value=value)
    if op == "pow":
        exponent = arguments[1]
        if type(exponent) is not int or abs(exponent) > MAX_EXPONENT:
            raise CertificateError(field, f"exponent must be an integer of size at most {MAX_EXPONENT}")
        return Node(op, a, exponent)
    return Node(op, a, read_index(arguments[1], position, field)) if op in BINARY else Node(op, a)


def read_index(value: object, bound: int, field: str) -> int:
    """Return the number of something that a file has before, or raise `CertificateError` naming the field."""
    if type(value) is not int or not 0 <= value < bound:
        raise CertificateError(field, f"index must be an integer from 0 to {bound - 1}")
    return value


def read_rational(value: object, field: str) -> Fraction:
    """Return the rational that a file spells in its one way, or raise `CertificateError` naming the field."""
    if not isinstance(value, str) or len(value) > MAX_DIGITS or not _RATIONAL.fullmatch(value):
        raise CertificateError(field, f'rational must be a string such as "11" or "1/20", at most {MAX_DIGITS} long')
    try:
        result = exact(value)
    except ArgumentError as error:
        raise CertificateError(field, str(error)) from None
    if format_rational(result) != value:
        raise CertificateError(field, f"rational must be in lowest terms, as {format_rational(result)[:40]!r}")
    if constant_bits(result) > MAX_BITS:
        raise CertificateError(field, f"rational must have at most {MAX_BITS} bits")
    return result
