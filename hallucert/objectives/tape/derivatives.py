"""Differentiating tapes: the gradient, the Hessian and directional derivatives of a tape are tapes themselves.

So every arithmetic that runs the function runs its derivatives, and they are differentiated once, exactly, for all.
The domain of a derivative tape may be larger than the function's (``1/x`` against ``log(x)``): whoever needs the
domain runs the function's own tape.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hallucert.errors import ArgumentError
from hallucert.objectives.tape.builder import TapeBuilder
from hallucert.objectives.tape.tape import Node, Tape, node_operands


def gradient_tape(tape: Tape) -> Tape:
    """Return the tape of the `d` partial derivatives of a one-output tape."""
    builder = TapeBuilder(tape.variables, strict=False)
    return builder.tape(_gradient(builder, tape, _primal(builder, tape), tape.outputs[0], tape.dimension))


def jacobian_tape(tape: Tape) -> Tape:
    """Return the tape of the Jacobian of an `m`-output tape, row by row: ``m * d`` outputs."""
    builder = TapeBuilder(tape.variables, strict=False)
    primal = _primal(builder, tape)
    rows = [_gradient(builder, tape, primal, output, tape.dimension) for output in tape.outputs]
    return builder.tape([entry for row in rows for entry in row])


def hessian_tape(tape: Tape) -> Tape:
    """Return the tape of the lower triangle of the Hessian, row by row: ``d * (d + 1) / 2`` outputs."""
    gradient = gradient_tape(tape)
    builder = TapeBuilder(tape.variables, strict=False)
    primal = _primal(builder, gradient)
    rows = [_gradient(builder, gradient, primal, output, i + 1) for i, output in enumerate(gradient.outputs)]
    return builder.tape([entry for row in rows for entry in row])


def directional_tape(tape: Tape) -> Tape:
    """Return the tape of ``D tape(x) v``: inputs are the `d` coordinates of ``x`` and then the `d` of ``v``.

    Forward mode: the cost is a small multiple of the cost of `tape`, whatever the number of outputs.
    """
    d = tape.dimension
    builder = TapeBuilder([f"x{i}" for i in range(d)] + [f"v{i}" for i in range(d)], strict=False)
    inputs = [builder.variable(i) for i in range(d)]
    primal = builder.include_nodes(tape, inputs)
    zero = builder.constant(0)
    tangent: list[int] = []
    for i, node in enumerate(tape.nodes):
        if node.op == "var":
            tangent.append(builder.variable(d + node.a))
            continue
        total = zero
        for operand, slope in zip(
            node_operands(node),
            _slopes(builder, node, primal[i], [primal[j] for j in node_operands(node)]),
            strict=True,
        ):
            total = builder.add(total, builder.mul(slope, tangent[operand]))
        tangent.append(total)
    return builder.tape([tangent[i] for i in tape.outputs])


def _primal(builder: TapeBuilder, tape: Tape) -> list[int]:
    """Copy `tape` into `builder`, on the builder's own inputs; return where each of its nodes went."""
    return builder.include_nodes(tape, [builder.variable(i) for i in range(tape.dimension)])


def _gradient(builder: TapeBuilder, tape: Tape, primal: Sequence[int], output: int, columns: int) -> list[int]:
    """Reverse sweep from node `output` of `tape`; returns its derivatives by the first `columns` inputs."""
    adjoint: dict[int, int] = {output: builder.constant(1)}
    zero = builder.constant(0)
    result = [zero] * tape.dimension
    for i in range(output, -1, -1):
        if i not in adjoint:
            continue
        weight, node = adjoint.pop(i), tape.nodes[i]
        if node.op == "var":
            result[node.a] = builder.add(result[node.a], weight)
            continue
        operands = node_operands(node)
        for operand, slope in zip(
            operands, _slopes(builder, node, primal[i], [primal[j] for j in operands]), strict=True
        ):
            term = builder.mul(weight, slope)
            adjoint[operand] = builder.add(adjoint[operand], term) if operand in adjoint else term
    return result[:columns]


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
        case "pow":
            if node.b == 0:
                return [builder.constant(0)]
            return [builder.mul(builder.constant(node.b), builder.power(operands[0], node.b - 1))]
        case "rpow":
            exponent = node.value or Fraction(0)
            return [builder.mul(builder.constant(exponent), builder.real_power(operands[0], exponent - 1))]
        case "exp":
            return [result]
        case "log":
            return [builder.div(one, operands[0])]
        case "sqrt":
            return [builder.div(builder.constant(Fraction(1, 2)), result)]
        case "sin":
            return [builder.unary("cos", operands[0])]
        case "cos":
            return [builder.neg(builder.unary("sin", operands[0]))]
        case "tanh":
            return [builder.sub(one, builder.power(result, 2))]
        case "erf":  # 2/sqrt(pi) exp(-a**2)
            factor = builder.div(builder.constant(2), builder.unary("sqrt", builder.pi()))
            return [builder.mul(factor, builder.unary("exp", builder.neg(builder.power(operands[0], 2))))]
        case "softplus":  # 1/(1 + exp(-a)), in a form that neither overflows nor cancels
            return [builder.unary("exp", builder.neg(builder.unary("softplus", builder.neg(operands[0]))))]
    raise ArgumentError("tape", node.op, "hold operations that have a derivative")
