"""Straight-line code: a function as a list of operations, its derivatives as more of them, and their values
in intervals.

A node is `(operation, arguments, data)`; arguments are numbers of earlier nodes. `VALUES` and `PARTIALS` are the only
places that know what an operation is: its value, and its derivative by each argument as nodes. Gradients sum these
from the output back, tangents from the inputs on, and `jacobian` adds up their values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from importlib import import_module
from typing import Any

from ..arithmetic.interval import ZERO, Interval, check_time, dot, exact, total
from ..arithmetic.linear import Matrix, identity, matrix_of

Node = tuple[str, tuple[int, ...], Fraction | int | None]
Values = list[Interval]


def elementary(name: str) -> Callable[..., Interval]:
    """A function that polynomials do without, of values and, for a real power, data."""

    def value(data: Any, *a: Interval) -> Interval:
        function = getattr(import_module("hallucheck.arithmetic.elementary"), name)
        result: Interval = function(*a) if data is None else function(*a, data)
        return result

    return value


VALUES: dict[str, Callable[..., Interval]] = {  # from data and the values of arguments
    "const": exact,
    "add": lambda data, a, b: a + b,
    "sub": lambda data, a, b: a - b,
    "mul": lambda data, a, b: a * b,
    "div": lambda data, a, b: a / b,
    "neg": lambda data, a: -a,
    "sum": lambda data, *terms: total(terms),
    "dot": lambda data, *both: dot(both[: len(both) // 2], both[len(both) // 2 :]),
    "pow": lambda k, a: a.power(k),
    "sqrt": lambda data, a: a.sqrt(),
    "rpow": elementary("real_power"),
    **{name: elementary(name) for name in ("pi", "exp", "log", "sin", "cos", "tanh", "erf", "softplus")},
}
PARTIALS: dict[str, Callable[..., Sequence[int]]] = {  # from the code, the node `i`, its data and its arguments
    "input": lambda code, i, data: (),
    "const": lambda code, i, data: (),
    "pi": lambda code, i, data: (),
    "add": lambda code, i, data, a, b: (code.constant(1), code.constant(1)),
    "sub": lambda code, i, data, a, b: (code.constant(1), code.constant(-1)),
    "mul": lambda code, i, data, a, b: (b, a),
    "div": lambda code, i, data, a, b: (code.of("div", code.constant(1), b), code.of("neg", code.of("div", i, b))),
    "neg": lambda code, i, data, a: (code.constant(-1),),
    "sum": lambda code, i, data, *terms: (code.constant(1),) * len(terms),
    "dot": lambda code, i, data, *both: both[len(both) // 2 :] + both[: len(both) // 2],
    "pow": lambda code, i, k, a: (code.mul(code.constant(k), code.power(a, k - 1) if k else a),),
    "rpow": lambda code, i, k, a: (code.mul(code.constant(k), code.node("rpow", (a,), k - 1)),),
    "exp": lambda code, i, data, a: (i,),
    "log": lambda code, i, data, a: (code.of("div", code.constant(1), a),),
    "sqrt": lambda code, i, data, a: (code.of("div", code.constant(1), code.mul(code.constant(2), i)),),
    "sin": lambda code, i, data, a: (code.of("cos", a),),
    "cos": lambda code, i, data, a: (code.of("neg", code.of("sin", a)),),
    "tanh": lambda code, i, data, a: (code.of("sub", code.constant(1), code.mul(i, i)),),
    "erf": lambda code, i, data, a: (code.bell(a),),
    "softplus": lambda code, i, data, a: (code.logistic(a),),
}


class Code:
    """Nodes and the helpers that append them; equal nodes are there once."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._known: dict[Node, int] = {}
        self._partials: dict[int, list[tuple[int, int]]] = {}

    def node(self, operation: str, arguments: Sequence[int] = (), data: Fraction | int | None = None) -> int:
        """The number of this node."""
        node = (operation, tuple(arguments), data)
        if node not in self._known:
            self._known[node] = len(self.nodes)
            self.nodes.append(node)
        return self._known[node]

    def constant(self, value: Fraction | int) -> int:
        """A rational number."""
        return self.node("const", (), Fraction(value))

    def of(self, operation: str, *arguments: int) -> int:
        """An operation without data."""
        return self.node(operation, arguments)

    def power(self, a: int, k: int) -> int:
        """`a**k`."""
        return self.node("pow", (a,), k) if k != 1 else a

    def bell(self, a: int) -> int:
        """`2 exp(-a**2)/sqrt(pi)`."""
        bell = self.of("exp", self.of("neg", self.mul(a, a)))
        return self.of("div", self.mul(self.constant(2), bell), self.of("sqrt", self.of("pi")))

    def logistic(self, a: int) -> int:
        """`1/(1 + exp(-a))`."""
        return self.of("div", self.constant(1), self.of("add", self.constant(1), self.of("exp", self.of("neg", a))))

    def is_constant(self, i: int, value: int) -> bool:
        """Is the node this number, as it is written?"""
        return self.nodes[i][0] == "const" and self.nodes[i][2] == value

    def mul(self, a: int, b: int) -> int:
        """A product; factors 0 and 1 are not carried along."""
        if self.is_constant(a, 0) or self.is_constant(b, 1):
            return a
        if self.is_constant(b, 0) or self.is_constant(a, 1):
            return b
        return self.power(a, 2) if a == b else self.of("mul", a, b)

    def dot(self, pairs: Sequence[tuple[int, int]]) -> int:
        """A sum of products."""
        pairs = [(a, b) for a, b in pairs if not self.is_constant(a, 0) and not self.is_constant(b, 0)]
        if len(pairs) == 1:
            return self.mul(*pairs[0])
        if all(self.is_constant(b, 1) for _, b in pairs):
            return self.sum([a for a, _ in pairs])
        return self.of("dot", *(a for a, _ in pairs), *(b for _, b in pairs))

    def sum(self, terms: Sequence[int]) -> int:
        """A sum."""
        return self.of("sum", *terms) if len(terms) > 1 else terms[0] if terms else self.constant(0)

    def partials(self, i: int) -> list[tuple[int, int]]:
        """Pairs of an argument of node `i` and the node with the derivative by it; their order does not matter."""
        if i not in self._partials:
            operation, arguments, data = self.nodes[i]
            found = PARTIALS[operation](self, i, data, *arguments)
            self._partials[i] = list(zip(arguments, found, strict=True))
        return self._partials[i]

    def gradient(self, output: int, inputs: Sequence[int]) -> list[int]:
        """The derivatives of a node by the inputs: chain rule from the output back."""
        pairs: dict[int, list[tuple[int, int]]] = {output: [(self.constant(1), self.constant(1))]}
        adjoints: dict[int, int] = {}
        for i in range(output, -1, -1):
            if i in pairs:
                adjoints[i] = self.dot(pairs.pop(i))
                if not self.is_constant(adjoints[i], 0):
                    for a, partial in self.partials(i):
                        pairs.setdefault(a, []).append((adjoints[i], partial))
        zero = self.constant(0)
        return [adjoints.get(i, zero) for i in inputs]

    def evaluate(
        self, x: Sequence[Interval], stop: int | None = None, known: Mapping[int, Interval] | None = None
    ) -> Values:
        """Enclosures of the first `stop` nodes at all points of a box; `Undefined` unless all of them are defined.

        Or at those points of it where some nodes are known to lie in other intervals.
        """
        check_time()
        values: Values = []
        for operation, arguments, data in self.nodes[:stop]:
            if operation == "input":
                value = x[int(data or 0)]
            else:
                value = VALUES[operation](data, *[values[a] for a in arguments])
            other = known and known.get(len(values))
            values.append(other if other and not value.inside(other) else value)
        return values

    def jacobian(
        self, values: Values, outputs: Sequence[int], inputs: Sequence[int], directions: Matrix | None = None
    ) -> Matrix:
        """Rows of derivatives by the inputs, or along columns, from values of all nodes; after `differentiable`."""
        needed, seeds = self._cone(outputs), directions or identity(len(inputs))
        rows = {i: {k: v for k, v in enumerate(row) if v != ZERO} for i, row in zip(inputs, seeds, strict=True)}
        for i in needed:
            if i in rows:
                continue
            row: dict[int, Interval] = {}
            for a, partial in self.partials(i):
                if rows[a]:
                    slope = values[partial]
                    for k, value in rows[a].items():
                        row[k] = row[k] + slope * value if k in row else slope * value
            rows[i] = row
        return matrix_of([rows[i].get(k, ZERO) for k in range(len(seeds[0]))] for i in outputs)

    def differentiable(self, outputs: Sequence[int]) -> None:
        """Append what `jacobian` of these outputs reads."""
        for i in self._cone(outputs):
            self.partials(i)

    def _cone(self, outputs: Sequence[int]) -> list[int]:
        """All nodes that the outputs depend on, in order."""
        seen, todo = set(outputs), list(outputs)
        while todo:
            for a in self.nodes[todo.pop()][1]:
                if a not in seen:
                    seen.add(a)
                    todo.append(a)
        return sorted(seen)
