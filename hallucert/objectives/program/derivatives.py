"""Differentiating array programs: what pulls cotangents back and what pushes tangents forward are programs themselves.

So whatever runs a function runs its derivatives, and the rules stand here once. Functions of one number take theirs
from the tape (`function_slope`). The domain of a derivative may be larger than the function's: whoever needs the domain
runs the function.
"""

from __future__ import annotations

from collections.abc import Sequence

from hallucert.objectives.builder import function_slope
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.program import ENTRYWISE, LINEAR, Node, Program


def pullback(program: Program) -> Program:
    """Return the program of ``(inputs, cotangents of the outputs) -> cotangents of the inputs``: reverse mode.

    With a program of one output of shape () and the cotangent 1 that is the gradient.
    """
    count = len(program.inputs)
    builder = ProgramBuilder([*program.inputs, *program.output_shapes])
    primal = builder.include(program, [builder.input(i) for i in range(count)])
    back: dict[int, int] = {}

    def collect(number: int, cotangent: int) -> None:
        back[number] = builder.add(back[number], cotangent) if number in back else cotangent

    active = _active(program)
    for j, output in enumerate(program.outputs):
        collect(output, builder.input(count + j))
    found: dict[int, int] = {}
    for i in range(len(program.nodes) - 1, -1, -1):
        if i not in back or not active[i]:
            continue
        node, cotangent = program.nodes[i], back.pop(i)
        if node.op == "input":
            number = int(node.data)  # type: ignore[call-overload]
            found[number] = builder.add(found[number], cotangent) if number in found else cotangent
            continue
        for place, j in enumerate(node.args):
            if active[j]:
                collect(j, _pulled(builder, node, place, cotangent, primal[i], [primal[k] for k in node.args]))
    zeros = [found[i] if i in found else builder.filled(0, shape) for i, shape in enumerate(program.inputs)]
    return builder.program(zeros)


def pushforward(program: Program, moving: Sequence[int] | None = None) -> Program:
    """Return the program of ``(inputs, their tangents) -> (outputs, their tangents)``: forward mode.

    Of a `pullback` it gives products with second derivatives. Inputs come first, then a tangent for each of them, or
    for each of the `moving` ones, while the others stay.
    """
    count = len(program.inputs)
    moving = range(count) if moving is None else moving
    builder = ProgramBuilder([*program.inputs, *(program.inputs[i] for i in moving)])
    primal = builder.include(program, [builder.input(i) for i in range(count)])
    tangents = _forward(builder, program, primal, {i: builder.input(count + k) for k, i in enumerate(moving)})
    return builder.program([*(primal[i] for i in program.outputs), *tangents])


def hessian_blocks(gradient: Program) -> Program:
    """Return the program of ``(inputs, a tangent of each) -> blocks of the Hessian``, of a program of a gradient.

    For each input ``i``, and then for each ``j >= i``: how the gradient by ``j`` changes along the tangent of ``i``
    alone. So tangents may have lanes of different numbers, and what does not depend on them is computed once.
    """
    count = len(gradient.inputs)
    builder = ProgramBuilder([*gradient.inputs, *gradient.inputs])
    primal = builder.include(gradient, [builder.input(i) for i in range(count)])
    blocks: list[int] = []
    for i in range(count):
        blocks += _forward(builder, gradient, primal, {i: builder.input(count + i)})[i:]
    return builder.program(blocks)


def _forward(builder: ProgramBuilder, program: Program, primal: list[int], moving: dict[int, int]) -> list[int]:
    """Return the tangents of the outputs of a program whose nodes are `primal`, from those of `moving` inputs."""
    forward: list[int | None] = []
    for i, node in enumerate(program.nodes):
        if node.op == "input":
            forward.append(moving.get(int(node.data)))  # type: ignore[call-overload]
            continue
        total: int | None = None
        for place, j in enumerate(node.args):
            tangent = forward[j]
            if tangent is not None:
                term = _pushed(builder, node, place, tangent, primal[i], [primal[k] for k in node.args])
                total = term if total is None else builder.add(total, term)
        forward.append(total)
    tangents = [(forward[i], program.nodes[i].shape) for i in program.outputs]
    return [builder.filled(0, shape) if tangent is None else tangent for tangent, shape in tangents]


def _active(program: Program) -> list[bool]:
    """Tell which nodes depend on an input."""
    active: list[bool] = []
    for node in program.nodes:
        active.append(node.op == "input" or any(active[i] for i in node.args))
    return active


def _slope(builder: ProgramBuilder, node: Node, result: int, operand: int) -> int:
    """Return the derivative of a function that acts entry by entry."""
    exponent = node.data if isinstance(node.data, int) else -1
    return function_slope(builder, "pow" if node.op == "power" else node.op, exponent, result, operand)


def _softmax(builder: ProgramBuilder, result: int, operand: int) -> int:
    """Return the derivative of log-sum-exp: ``exp(a - logsumexp(a))``, which neither overflows nor divides."""
    shape = builder.shape(operand)
    spread = builder.broadcast(result, range(len(shape) - 1), shape)
    return builder.unary("exp", builder.sub(operand, spread))


def _pushed(builder: ProgramBuilder, node: Node, place: int, tangent: int, result: int, args: list[int]) -> int:
    """Return what a tangent of one operand adds to the tangent of a node."""
    if node.op in LINEAR:
        return builder.push(node.op, tangent, data=node.data, shape=node.shape)
    if node.op in ENTRYWISE:
        return builder.mul(tangent, _slope(builder, node, result, args[0]))
    match node.op:
        case "add":
            return tangent
        case "mul":
            return builder.mul(tangent, args[1 - place])
        case "contract":
            pair = (tangent, args[1]) if place == 0 else (args[0], tangent)
            return builder.contract(str(node.data), *pair)
    weighted = builder.mul(tangent, _softmax(builder, result, args[0]))  # logsumexp
    return builder.sum(weighted, [len(builder.shape(weighted)) - 1])


def _pulled(builder: ProgramBuilder, node: Node, place: int, cotangent: int, result: int, args: list[int]) -> int:
    """Return what the cotangent of a node adds to the cotangent of one operand: the transpose of `_pushed`."""
    shape, data = builder.shape(args[place]), node.data
    if node.op in ENTRYWISE:
        return builder.mul(cotangent, _slope(builder, node, result, args[0]))
    if node.op == "scale":
        return builder.push("scale", cotangent, data=data)
    if isinstance(data, tuple):
        if node.op == "transpose":
            return builder.transpose(cotangent, [data.index(axis) for axis in range(len(data))])
        others = [axis for axis in range(max(len(node.shape), len(shape))) if axis not in data]
        return builder.sum(cotangent, others) if node.op == "broadcast" else builder.broadcast(cotangent, others, shape)
    match node.op:
        case "add":
            return cotangent
        case "mul":
            return builder.mul(cotangent, args[1 - place])
        case "contract":
            operands, _, letters = str(data).partition("->")
            first, _, second = operands.partition(",")
            if place == 0:
                return builder.contract(f"{letters},{second}->{first}", cotangent, args[1])
            return builder.contract(f"{letters},{first}->{second}", cotangent, args[0])
        case "reshape":
            return builder.reshape(cotangent, shape)
        case "take":
            return builder.push("put", cotangent, data=data, shape=shape)
        case "put":
            return builder.push("take", cotangent, data=data)
    spread = builder.broadcast(cotangent, range(len(shape) - 1), shape)  # logsumexp
    return builder.mul(spread, _softmax(builder, result, args[0]))
