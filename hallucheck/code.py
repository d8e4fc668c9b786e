"""Straight-line code: a function as a list of operations, its derivatives as more of them, and their values
in intervals.

A node is `(operation, arguments, data)`; arguments are numbers of earlier nodes. `partials` is the only place
that knows how an operation is differentiated: it appends the derivative by each argument as nodes. Gradients
sum them from the output back, tangents from the inputs on, and `jacobian` adds up their values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from hallucheck import functions
from hallucheck.interval import ONE, ZERO, Interval, check_time, dot, exact, total
from hallucheck.linear import Matrix, matrix_of

Node = tuple[str, tuple[int, ...], Fraction | int | None]
Values = list[Interval]

OPERATIONS: dict[str, Callable[..., Interval]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "exp": functions.exp,
    "log": functions.log,
    "sqrt": Interval.sqrt,
    "sin": functions.sin,
    "cos": functions.cos,
    "tanh": functions.tanh,
    "erf": functions.erf,
    "softplus": functions.softplus,
}


SLOPES: dict[
    str, Callable[[Code, int, int], int]
] = {  # of functions of one number, at the node `a`, with the value `i`
    "neg": lambda code, a, i: code.constant(-1),
    "exp": lambda code, a, i: i,
    "log": lambda code, a, i: code.node("div", (code.constant(1), a)),
    "sqrt": lambda code, a, i: code.node("div", (code.constant(1), code.mul(code.constant(2), i))),
    "sin": lambda code, a, i: code.node("cos", (a,)),
    "cos": lambda code, a, i: code.neg(code.node("sin", (a,))),
    "tanh": lambda code, a, i: code.node("sub", (code.constant(1), code.mul(i, i))),
    "erf": lambda code, a, i: code.node(
        "div", (code.mul(code.constant(2), code.exp(code.neg(code.mul(a, a)))), code.node("sqrt", (code.node("pi"),)))
    ),
    "softplus": lambda code, a, i: code.node(
        "div", (code.constant(1), code.node("add", (code.constant(1), code.exp(code.neg(a)))))
    ),
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

    def neg(self, a: int) -> int:
        """The negative."""
        return self.node("neg", (a,))

    def exp(self, a: int) -> int:
        """The exponential."""
        return self.node("exp", (a,))

    def is_constant(self, i: int, value: int) -> bool:
        """Is the node this number, as it is written?"""
        return self.nodes[i][0] == "const" and self.nodes[i][2] == value

    def mul(self, a: int, b: int) -> int:
        """A product; factors 0 and 1 are not carried along."""
        if self.is_constant(a, 0) or self.is_constant(b, 1):
            return a
        if self.is_constant(b, 0) or self.is_constant(a, 1):
            return b
        return self.node("pow", (a,), 2) if a == b else self.node("mul", (a, b))

    def dot(self, pairs: Sequence[tuple[int, int]]) -> int:
        """A sum of products."""
        pairs = [(a, b) for a, b in pairs if not self.is_constant(a, 0) and not self.is_constant(b, 0)]
        if not pairs:
            return self.constant(0)
        if len(pairs) == 1:
            return self.mul(*pairs[0])
        if all(self.is_constant(b, 1) for _, b in pairs):
            return self.sum([a for a, _ in pairs])
        return self.node("dot", [a for a, _ in pairs] + [b for _, b in pairs])

    def sum(self, terms: Sequence[int]) -> int:
        """A sum."""
        return self.node("sum", terms) if len(terms) > 1 else terms[0] if terms else self.constant(0)

    def partials(self, i: int) -> list[tuple[int, int]]:
        """Pairs of an argument of node `i` and the node with the derivative by it; their order does not matter."""
        if i not in self._partials:
            self._partials[i] = self._differentiate(i)
        return self._partials[i]

    def _differentiate(self, i: int) -> list[tuple[int, int]]:
        """The rules."""
        operation, arguments, data = self.nodes[i]
        one = self.constant(1)
        if operation in ("input", "const", "pi"):
            return []
        if operation in ("add", "sum"):
            return [(a, one) for a in arguments]
        if operation == "dot":
            half = len(arguments) // 2
            left, right = arguments[:half], arguments[half:]
            return [*zip(left, right, strict=True), *zip(right, left, strict=True)]
        a = arguments[0]
        if operation in ("sub", "mul", "div"):
            b = arguments[1]
            if operation == "sub":
                return [(a, one), (b, self.constant(-1))]
            if operation == "mul":
                return [(a, b), (b, a)]
            return [(a, self.node("div", (one, b))), (b, self.node("neg", (self.node("div", (i, b)),)))]
        if operation == "pow":
            assert isinstance(data, int)
            if data == 0:
                return [(a, self.constant(0))]
            return [(a, self.mul(self.constant(data), a if data == 2 else self.node("pow", (a,), data - 1)))]
        if operation == "rpow":
            assert isinstance(data, Fraction)
            return [(a, self.mul(self.constant(data), self.node("rpow", (a,), data - 1)))]
        return [(a, SLOPES[operation](self, a, i))]

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

    def tangents(self, outputs: Sequence[int], direction: dict[int, int]) -> list[int]:
        """Derivatives of nodes along a direction, which has a node for each input: chain rule from the inputs on."""
        zero, known = self.constant(0), dict(direction)
        for i in range(max(outputs) + 1):
            if i not in known:
                known[i] = self.dot([(known[a], partial) for a, partial in self.partials(i)])
        return [known.get(i, zero) for i in outputs]

    def substitute(self, outputs: Sequence[int], images: dict[int, int]) -> list[int]:
        """Nodes for the outputs with other nodes in place of the inputs."""
        known = dict(images)
        for i in range(max(outputs) + 1):
            if i not in known:
                operation, arguments, data = self.nodes[i]
                known[i] = self.node(operation, [known[a] for a in arguments], data)
        return [known[i] for i in outputs]

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
                assert isinstance(data, int)
                value = x[data]
            elif operation == "const":
                assert isinstance(data, Fraction)
                value = exact(data)
            elif operation == "dot":
                half = len(arguments) // 2
                value = dot([values[a] for a in arguments[:half]], [values[a] for a in arguments[half:]])
            elif operation == "sum":
                value = total(values[a] for a in arguments)
            elif operation == "pow":
                assert isinstance(data, int)
                value = values[arguments[0]].power(data)
            elif operation == "rpow":
                assert isinstance(data, Fraction)
                value = functions.real_power(values[arguments[0]], data)
            elif operation == "pi":
                value = functions.pi()
            else:
                value = OPERATIONS[operation](*(values[a] for a in arguments))
            other = known and known.get(len(values))
            values.append(other if other and not value.inside(other) else value)
        return values

    def jacobian(self, values: Values, outputs: Sequence[int], inputs: Sequence[int]) -> Matrix:
        """Rows of derivatives of the outputs by the inputs, from values of all nodes; `differentiable` comes before."""
        needed = self._cone(outputs)
        rows: dict[int, dict[int, Interval]] = {i: {k: ONE} for k, i in enumerate(inputs)}
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
        return matrix_of([rows[i].get(k, ZERO) for k in range(len(inputs))] for i in outputs)

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
