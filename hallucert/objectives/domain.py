"""Where a tape is defined: the nodes whose zeros are the edge of its domain, and derivatives that keep to it.

The domain is that of the operations in the tape (see the table in `hallucert.objectives.tape`): ``0*log(x + 1)`` is
undefined for ``x <= -1`` although its derivative, as a formula, is 0. So the edge is where the argument of a logarithm,
a root or a real power, or a denominator, vanishes, and as these arguments are continuous, a curve leaves the domain
where one of them vanishes on it. An argument that is a product vanishes with one of its factors: ``(x + 1)**2`` does
not change its sign at the edge, ``x + 1`` does.
"""

from __future__ import annotations

from dataclasses import dataclass

from hallucert.objectives.builder import TapeBuilder
from hallucert.objectives.tape import Node, Tape, prune

UNKNOWN, NONNEGATIVE, POSITIVE = range(3)
"""What is known about the sign of a node wherever the tape is defined."""


@dataclass(frozen=True)
class Conditions:
    """What has to hold where a tape is defined, apart from what always holds: of which nodes, by their numbers."""

    positive: tuple[int, ...]
    nonzero: tuple[int, ...]

    def __bool__(self) -> bool:
        return bool(self.positive or self.nonzero)


def conditions(tape: Tape) -> Conditions:
    """Return the conditions of a tape: none for polynomials, exponentials, ``1/(1 + x**2)``, ``log(1 + exp(x))``."""
    sign = _signs(tape)
    positive: dict[int, None] = {}
    nonzero: dict[int, None] = {}
    for node in tape.nodes:
        if node.op in ("log", "sqrt", "rpow") and sign[node.a] != POSITIVE:
            positive[node.a] = None
        denominator = node.b if node.op == "div" else node.a if node.op == "pow" and node.b < 0 else None
        if denominator is not None and sign[denominator] != POSITIVE and not _is_nonzero(tape.nodes[denominator]):
            nonzero[denominator] = None
    return Conditions(tuple(positive), tuple(nonzero))


def edge_tape(tape: Tape) -> Tape | None:
    """Return the tape of the domain arguments, one of which vanishes on the edge; None if there is no edge.

    They are the nodes of `conditions` split into their factors. Along a curve in the domain none of them changes its
    sign; if they keep their signs from a point where the tape is defined, it stays defined.
    """
    found = conditions(tape)
    sign = _signs(tape)
    pending, seen, factors = [*found.positive, *found.nonzero], set[int](), list[int]()
    while pending:
        i = pending.pop()
        if i in seen or sign[i] == POSITIVE or _is_nonzero(tape.nodes[i]):
            continue
        seen.add(i)
        node = tape.nodes[i]
        if node.op == "mul":
            pending += [node.a, node.b]
        elif node.op in ("neg", "tanh", "erf", "div") or (node.op == "pow" and node.b > 0):
            pending.append(node.a)
        elif node.op != "pow":  # the base of a negative power is an argument itself
            factors.append(i)
    return prune(Tape(tape.variables, tape.nodes, tuple(sorted(factors)))) if factors else None


def guarded(derivative: Tape, function: Tape) -> Tape:
    """Return a tape of derivatives whose first output is undefined (NaN, in floats) where `function` is.

    Differentiation enlarges domains, ``1/x`` against ``log(x)``. What is added to the first output is zero on the
    domain. Inputs of `derivative` beyond those of `function` are not looked at.
    """
    needed = conditions(function)
    if not needed:
        return derivative
    builder = TapeBuilder(derivative.variables, strict=False)
    inputs = [builder.variable(i) for i in range(derivative.dimension)]
    first, *others = builder.include(derivative, inputs)
    nodes = builder.include_nodes(function, inputs[: function.dimension])
    for i in needed.positive:
        first = builder.add(first, builder.guard(builder.unary("sqrt", nodes[i])))
    for i in needed.nonzero:
        first = builder.add(first, builder.guard(nodes[i]))
    return builder.tape([first, *others])


def _is_nonzero(node: Node) -> bool:
    return node.op == "const" and node.value != 0


def _signs(tape: Tape) -> list[int]:
    """Return for every node what is known of its sign; negative ones are not followed."""
    sign: list[int] = []
    for node in tape.nodes:
        sign.append(_sign(node, sign))
    return sign


def _sign(node: Node, sign: list[int]) -> int:
    match node.op:
        case "const":
            return POSITIVE if node.value > 0 else NONNEGATIVE if node.value == 0 else UNKNOWN  # type: ignore[operator]
        case "pi" | "exp" | "softplus" | "sqrt" | "rpow":
            return POSITIVE
        case "add":
            return max(sign[node.a], sign[node.b]) if sign[node.a] and sign[node.b] else UNKNOWN
        case "mul":
            return min(sign[node.a], sign[node.b])
        case "div":
            return sign[node.a] if sign[node.b] else UNKNOWN
        case "tanh" | "erf":
            return sign[node.a]
        case "pow":
            known = sign[node.a] if node.b % 2 else max(sign[node.a], NONNEGATIVE)
            # A base with a negative exponent is not zero.
            return POSITIVE if node.b == 0 or (node.b < 0 and known) else known
    return UNKNOWN
