"""Building tapes node by node, and differentiating them: equal nodes are shared, constants are folded exactly.

A *strict* builder (for a user's function) never drops a node that is undefined somewhere: ``0*log(x)`` keeps its
domain ``x > 0``, and a constant part that is defined nowhere is refused. A relaxed builder (for derivatives, whose
domain the function's own tape guards) may enlarge the domain and keeps what is defined nowhere as it stands.

Every simplification is an identity of real numbers on the whole domain of what it replaces. In particular nothing
is cancelled: ``x/x``, ``sqrt(x)**2``, ``(1/x)**-1``, ``x - x`` and ``log(exp(x))`` stay as they are written.

The gradient, the Hessian and directional derivatives of a tape are tapes themselves: every arithmetic that runs the
function runs its derivatives, and they are differentiated once, exactly, for all. Their domain may be larger than the
function's (``1/x`` against ``log(x)``): whoever needs the domain runs the function's own tape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from typing import Protocol

from hallucert.errors import ArgumentError
from hallucert.exact import MAX_BITS, constant_bits
from hallucert.objectives.names import check_variable_names
from hallucert.objectives.tape import BINARY, MAX_EXPONENT, MAX_NODES, PARTIAL, Node, Tape, node_operands, prune

ZERO, HALF, ONE = Fraction(0), Fraction(1, 2), Fraction(1)

_KNOWN_VALUES: dict[tuple[str, Fraction | None], int] = {
    **dict.fromkeys([("exp", ZERO), ("cos", ZERO), ("sqrt", ONE)], 1),
    **dict.fromkeys([("log", ONE), ("sin", ZERO), ("tanh", ZERO), ("erf", ZERO)], 0),
}

FOLDED_BITS = 6600
"""Constants are computed with constants up to this length; what would be longer stays an operation."""


class TapeBuilder:
    """Collects nodes; every method returns the number of the node that holds its result."""

    def __init__(self, variables: Sequence[str], strict: bool = True) -> None:
        self.variables = check_variable_names(variables)
        self.strict = strict
        self._nodes: list[Node] = []
        self._numbers: dict[Node, int] = {}
        self._constants: dict[tuple[int, int], int] = {}
        self._total: list[bool] = []  # of a strict builder

    def node(self, number: int) -> Node:
        """Return the node with the given number."""
        return self._nodes[number]

    def tape(self, outputs: Sequence[int]) -> Tape:
        """Return the finished tape with the given output nodes, without unneeded nodes."""
        return prune(Tape(self.variables, tuple(self._nodes), tuple(outputs)))

    def variable(self, index: int) -> int:
        """Input number `index`."""
        return self._push(Node("var", index))

    def constant(self, value: Fraction | int) -> int:
        """An exact rational constant."""
        key = value.numerator, value.denominator
        number = self._constants.get(key)
        if number is None:
            value = Fraction(value)
            if self.strict and constant_bits(value) > MAX_BITS:
                raise ArgumentError("constant", "<a very long number>", f"have at most {MAX_BITS} bits")
            number = self._constants[key] = self._added(Node("const", value=value))
        return number

    def pi(self) -> int:
        """The number pi."""
        return self._push(Node("pi"))

    def add(self, a: int, b: int) -> int:
        x, y = self._value(a), self._value(b)
        if x is not None and y is not None and _fits(x + y):
            return self.constant(x + y)
        if x is not None and not x:
            return b
        if y is not None and not y:
            return a
        if self._nodes[b].op == "neg":
            return self.sub(a, self._nodes[b].a)
        if self._nodes[a].op == "neg":
            return self.sub(b, self._nodes[a].a)
        return self._push(Node("add", min(a, b), max(a, b)))

    def sub(self, a: int, b: int) -> int:
        x, y = self._value(a), self._value(b)
        if x is not None and y is not None and _fits(x - y):
            return self.constant(x - y)
        if x is not None and not x:
            return self.neg(b)
        if y is not None and not y:
            return a
        if self._nodes[b].op == "neg":
            return self.add(a, self._nodes[b].a)
        return self._push(Node("sub", a, b))

    def neg(self, a: int) -> int:
        x = self._value(a)
        if x is not None:
            return self.constant(-x)
        if self._nodes[a].op == "neg":
            return self._nodes[a].a
        return self._push(Node("neg", a))

    def mul(self, a: int, b: int) -> int:
        one = self._constants.get((1, 1))
        if one in (a, b):  # most factors of a derivative are 1
            return b if a == one else a
        x, y = self._value(a), self._value(b)
        if x is not None and y is not None and _fits(x * y):
            return self.constant(x * y)
        if y is not None:
            a, b, x, y = b, a, y, x
        inner = self._nodes[b]
        if x is not None:
            return self._multiple(x, a, b)
        if a == b:
            return self.power(a, 2)
        if self._nodes[a].op == "neg" and inner.op == "neg":
            return self.mul(self._nodes[a].a, inner.a)
        return self._push(Node("mul", min(a, b), max(a, b)))

    def _multiple(self, x: Fraction, a: int, b: int) -> int:
        """``x b`` with the constant ``x`` that is node `a`."""
        if not x and self._droppable(b):
            return self.constant(0)
        if x.denominator == 1 and abs(x.numerator) == 1:
            return b if x.numerator == 1 else self.neg(b)
        inner = self._nodes[b]
        if inner.op == "mul" and (z := self._value(inner.a)) is not None and _fits(x * z):
            return self.mul(self.constant(x * z), inner.b)
        if inner.op == "neg":
            return self.mul(self.constant(-x), inner.a)
        return self._push(Node("mul", a, b))

    def div(self, a: int, b: int) -> int:
        y = self._value(b)
        if y == ZERO:
            if self.strict:
                raise ArgumentError("formula", "<division by the constant 0>", "not divide by zero")
            return self._push(Node("div", a, b))
        if y is not None:
            return self.mul(self.constant(1 / y), a)
        if self._value(a) == ZERO and not self.strict:
            return a
        return self._push(Node("div", a, b))

    def guard(self, a: int) -> int:
        """``0 / a``, kept as it stands: 0 where `a` is defined and not zero, undefined elsewhere."""
        return self._push(Node("div", self.constant(0), a))

    def power(self, a: int, exponent: int) -> int:
        """``a ** exponent`` for an integer exponent."""
        if self.strict and abs(exponent) > MAX_EXPONENT:
            raise ArgumentError("formula", exponent, f"have integer exponents of size at most {MAX_EXPONENT}")
        if exponent == 1:
            return a
        if exponent == 0 and self._droppable(a):
            return self.constant(1)
        x = self._value(a)
        if x == ZERO and exponent < 0:
            if self.strict:
                raise ArgumentError("formula", f"<0 to the power {exponent}>", "not divide by zero")
            return self._push(Node("pow", a, exponent))
        if x is not None and constant_bits(x) * abs(exponent) <= 2 * FOLDED_BITS and _fits(x**exponent):
            return self.constant(x**exponent)
        inner = self._nodes[a]
        if inner.op == "pow" and exponent > 0 and inner.b > 0 and exponent * inner.b <= MAX_EXPONENT:
            return self.power(inner.a, exponent * inner.b)
        if inner.op == "neg" and exponent % 2 == 0:
            return self.power(inner.a, exponent)
        return self._push(Node("pow", a, exponent))

    def real_power(self, a: int, exponent: Fraction) -> int:
        """``a ** exponent`` for a rational exponent, on ``a > 0``."""
        if exponent == 1 and not self.strict:
            return a
        if exponent == HALF:
            return self.unary("sqrt", a)
        x = self._value(a)
        if self.strict and x is not None and x <= 0:
            must = "raise positive numbers only to powers that are not integers"
            raise ArgumentError("formula", f"<{x} to the power {exponent}>", must)
        if self.strict and abs(exponent) > MAX_EXPONENT:
            raise ArgumentError("formula", exponent, f"have exponents of size at most {MAX_EXPONENT}")
        return self._push(Node("rpow", a, value=exponent))

    def unary(self, op: str, a: int) -> int:
        """One of `tape.FUNCTIONS` of `a`."""
        x = self._value(a)
        if self.strict and x is not None and x <= 0 and op in ("log", "sqrt"):
            raise ArgumentError("formula", f"<{op} of the constant {x}>", f"take {op} of positive numbers only")
        if x is not None and (known := _KNOWN_VALUES.get((op, x))) is not None:
            return self.constant(known)
        if op == "log" and (exponent := self._one_plus_exp(a)) is not None:
            return self.unary("softplus", exponent)
        return self._push(Node(op, a))

    def _one_plus_exp(self, number: int) -> int | None:
        """Return the exponent if a node is one plus an exponential: its logarithm is defined where that overflows."""
        node = self._nodes[number]
        if node.op == "add":
            for one, other in ((node.a, node.b), (node.b, node.a)):
                if self._value(one) == ONE and self._nodes[other].op == "exp":
                    return self._nodes[other].a
        return None

    def include(self, tape: Tape, inputs: Sequence[int]) -> list[int]:
        """Copy `tape` into this one with its inputs replaced by the nodes `inputs`; return its output nodes."""
        copied = self.include_nodes(tape, inputs)
        return [copied[i] for i in tape.outputs]

    def begin_with(self, tape: Tape) -> Sequence[int]:
        """Copy `tape` into this builder, which is empty, as it stands if it has no node twice; see `include_nodes`."""
        if len(set(tape.nodes)) < len(tape.nodes):
            return self.include_nodes(tape, [self.variable(i) for i in range(tape.dimension)])
        for node in tape.nodes:
            if node.op == "const":
                self.constant(node.value)  # type: ignore[arg-type]
            else:
                self._push(node)
        return range(len(tape.nodes))

    def include_nodes(self, tape: Tape, inputs: Sequence[int]) -> list[int]:
        """Copy `tape` as `include` does; return where each of its nodes went."""
        copied: list[int] = []
        for node in tape.nodes:
            copied.append(self._apply(node, copied, inputs))
        return copied

    def _apply(self, node: Node, done: Sequence[int], inputs: Sequence[int]) -> int:
        match node.op:
            case "var":
                return inputs[node.a]
            case "const":
                return self.constant(node.value)  # type: ignore[arg-type]
            case "pi":
                return self.pi()
            case "pow":
                return self.power(done[node.a], node.b)
            case "rpow":
                return self.real_power(done[node.a], node.value)  # type: ignore[arg-type]
            case "neg":
                return self.neg(done[node.a])
        if node.op in BINARY:
            return getattr(self, node.op)(done[node.a], done[node.b])
        return self.unary(node.op, done[node.a])

    def _push(self, node: Node) -> int:
        number = self._numbers.get(node)
        if number is None:
            number = self._numbers[node] = self._added(node)
        return number

    def _added(self, node: Node) -> int:
        number = len(self._nodes)
        if number >= MAX_NODES:
            raise ArgumentError("formula", f"<{number} operations>", f"need at most {MAX_NODES} operations")
        self._nodes.append(node)
        if self.strict:
            partial = node.op in PARTIAL or (node.op == "pow" and node.b < 0)
            self._total.append(not partial and all(self._total[j] for j in node_operands(node)))
        return number

    def _value(self, number: int) -> Fraction | None:
        node = self._nodes[number]
        return node.value if node.op == "const" else None

    def _droppable(self, number: int) -> bool:
        return not self.strict or self._total[number]


def _fits(value: Fraction) -> bool:
    """Tell whether a folded constant is short enough to be one; otherwise the operation itself is kept."""
    return constant_bits(value) <= FOLDED_BITS


# ---------------------------------------------------------------------- derivatives


def gradient_tape(tape: Tape) -> Tape:
    """Return the tape of the `d` partial derivatives of a one-output tape."""
    return _derivatives(tape, [(tape.outputs[0], tape.dimension)])


def jacobian_tape(tape: Tape) -> Tape:
    """Return the tape of the Jacobian of an `m`-output tape, row by row: ``m * d`` outputs."""
    return _derivatives(tape, [(output, tape.dimension) for output in tape.outputs])


def hessian_tape(gradient: Tape) -> Tape:
    """Return the tape of the lower triangle of the Hessian, row by row: ``d * (d + 1) / 2`` outputs."""
    return _derivatives(gradient, [(output, i + 1) for i, output in enumerate(gradient.outputs)], simple=True)


def _derivatives(tape: Tape, rows: Sequence[tuple[int, int]], simple: bool = False) -> Tape:
    """Return the tape of the derivatives of some nodes, each by so many of the first inputs; a `simple` one is kept."""
    builder = TapeBuilder(tape.variables, strict=False)
    inputs = [builder.variable(i) for i in range(tape.dimension)] if not simple else []
    primal = builder.begin_with(tape) if simple else builder.include_nodes(tape, inputs)

    @cache
    def slopes(number: int) -> list[tuple[int, int]]:
        return list(node_slopes(builder, tape.nodes[number], primal[number], primal))

    return builder.tape([entry for output, columns in rows for entry in _row(builder, tape, slopes, output)[:columns]])


def _row(builder: TapeBuilder, tape: Tape, slopes: Callable[[int], list[tuple[int, int]]], output: int) -> list[int]:
    """Reverse sweep from node `output` of `tape`, whose nodes have `slopes`; returns its derivatives by all inputs."""
    adjoint: dict[int, int] = {output: builder.constant(1)}
    result = [builder.constant(0)] * tape.dimension
    for i in range(output, -1, -1):
        if (weight := adjoint.pop(i, None)) is None:
            continue
        node = tape.nodes[i]
        if node.op == "var":
            result[node.a] = builder.add(result[node.a], weight)
            continue
        for operand, slope in slopes(i):
            term = builder.mul(weight, slope)
            adjoint[operand] = builder.add(adjoint[operand], term) if operand in adjoint else term
    return result


def node_slopes(builder: TapeBuilder, node: Node, result: int, primal: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Return the operands of `node` in its tape, each with the partial derivative by it as a node of `builder`.

    There `result` is the node, and `primal` are those before it.
    """
    operands = node_operands(node)
    return zip(operands, _slopes(builder, node, result, [primal[j] for j in operands]), strict=True)


def _slopes(builder: TapeBuilder, node: Node, result: int, operands: Sequence[int]) -> list[int]:
    """Return the partial derivatives of `node` by its operands, as nodes of `builder`."""
    one = builder.constant(1)
    match node.op:
        case "const" | "pi":
            return []
        case "add":
            return [one, one]
        case "sub":
            return [one, builder.constant(-1)]
        case "neg":
            return [builder.constant(-1)]
        case "mul":
            return [operands[1], operands[0]]
        case "div":
            return [builder.div(one, operands[1]), builder.neg(builder.div(result, operands[1]))]
        case "rpow":
            exponent = node.value or Fraction(0)
            return [builder.mul(builder.constant(exponent), builder.real_power(operands[0], exponent - 1))]
    return [function_slope(builder, node.op, node.b, result, operands[0])]


class SlopeBuilder(Protocol):
    """What a builder of tapes and one of array programs have in common."""

    def constant(self, value: Fraction | int) -> int: ...
    def pi(self) -> int: ...
    def sub(self, a: int, b: int) -> int: ...
    def neg(self, a: int) -> int: ...
    def mul(self, a: int, b: int) -> int: ...
    def div(self, a: int, b: int) -> int: ...
    def power(self, a: int, exponent: int) -> int: ...
    def unary(self, op: str, a: int) -> int: ...


def function_slope(builder: SlopeBuilder, op: str, exponent: int, result: int, operand: int) -> int:
    """Return the derivative of a power ``pow``, or of a function of the tape, as a node of the builder."""
    one = builder.constant(1)
    match op:
        case "pow":
            if exponent == 0:
                return builder.constant(0)
            return builder.mul(builder.constant(exponent), builder.power(operand, exponent - 1))
        case "exp":
            return result
        case "log":
            return builder.div(one, operand)
        case "sqrt":
            return builder.div(builder.constant(Fraction(1, 2)), result)
        case "sin":
            return builder.unary("cos", operand)
        case "cos":
            return builder.neg(builder.unary("sin", operand))
        case "tanh":
            return builder.sub(one, builder.power(result, 2))
        case "erf":  # 2/sqrt(pi) exp(-a**2)
            factor = builder.div(builder.constant(2), builder.unary("sqrt", builder.pi()))
            return builder.mul(factor, builder.unary("exp", builder.neg(builder.power(operand, 2))))
        case "softplus":  # 1/(1 + exp(-a)), in a form that neither overflows nor cancels
            return builder.unary("exp", builder.neg(builder.unary("softplus", builder.neg(operand))))
    raise ArgumentError("tape", op, "hold operations that have a derivative")
