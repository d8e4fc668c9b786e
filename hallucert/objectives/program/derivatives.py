"""Differentiating array programs: what pulls cotangents back and what pushes tangents forward are programs themselves.

So whatever runs a function runs its derivatives, and the rules stand here once. Functions of one number take theirs
from the tape (`function_slope`). The domain of a derivative may be larger than the function's: whoever needs the domain
runs the function.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from hallucert.objectives.builder import function_slope
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.program import ENTRYWISE, LINEAR, Node, Program, Shape

T = TypeVar("T")


class LinearBuilder(Protocol[T]):
    """What builds linear maps of tangents and cotangents: nodes, or units."""

    def shape(self, x: T) -> Shape: ...
    def add(self, x: T, y: T) -> T: ...
    def mul(self, x: T, y: int) -> T: ...
    def contract(self, spec: str, a: T | int, b: T | int) -> T: ...
    def sum(self, x: T, axes: Sequence[int]) -> T: ...
    def broadcast(self, x: T, axes: Sequence[int], shape: Shape) -> T: ...
    def transpose(self, x: T, axes: Sequence[int]) -> T: ...
    def reshape(self, x: T, shape: Shape) -> T: ...
    def push(self, op: str, x: T, *, data: object = None, shape: Shape | None = None) -> T: ...


def pullback(program: Program) -> Program:
    """Return the program of ``(inputs, cotangents of the outputs) -> cotangents of the inputs``: reverse mode.

    With a program of one output of shape () and the cotangent 1 that is the gradient.
    """
    count = len(program.inputs)
    builder = ProgramBuilder([*program.inputs, *program.output_shapes])
    primal = builder.include(program, [builder.input(i) for i in range(count)])
    seeds: dict[int, int] = {}
    for j, output in enumerate(program.outputs):
        seed = builder.input(count + j)
        seeds[output] = builder.add(seeds[output], seed) if output in seeds else seed
    found = by_inputs(program, cotangents(builder, builder, program, primal, seeds))
    zeros = [found[i] if i in found else builder.filled(0, shape) for i, shape in enumerate(program.inputs)]
    return builder.program(zeros)


def cotangents(
    lines: LinearBuilder[T], builder: ProgramBuilder, program: Program, primal: list[int], seeds: dict[int, T]
) -> dict[int, T]:
    """Return the cotangents of the nodes of a program, which are `primal` in a builder, from those of its outputs.

    Nodes on which no output with a seed depends, or which depend on no input, have none.
    """
    active, back = active_nodes(program), dict(seeds)
    for i in range(len(program.nodes) - 1, -1, -1):
        node = program.nodes[i]
        if i in back and active[i]:
            for place, j in enumerate(node.args):
                if active[j]:
                    term = _pulled(lines, builder, node, place, back[i], primal[i], [primal[k] for k in node.args])
                    back[j] = lines.add(back[j], term) if j in back else term
    return back


def by_inputs(program: Program, found: dict[int, T]) -> dict[int, T]:
    """Return what was found for nodes that are inputs, by the number of the input."""
    nodes = [(i, node.data) for i, node in enumerate(program.nodes) if node.op == "input"]
    return {int(number): found[i] for i, number in nodes if i in found}  # type: ignore[call-overload]


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
                term = pushed(builder, builder, node, place, tangent, primal[i], [primal[k] for k in node.args])
                total = term if total is None else builder.add(total, term)
        forward.append(total)
    tangents = [(forward[i], program.nodes[i].shape) for i in program.outputs]
    return [builder.filled(0, shape) if tangent is None else tangent for tangent, shape in tangents]


def active_nodes(program: Program) -> list[bool]:
    """Tell which nodes depend on an input."""
    active: list[bool] = []
    for node in program.nodes:
        active.append(node.op == "input" or any(active[i] for i in node.args))
    return active


def slope_of(builder: ProgramBuilder, node: Node, result: int, operand: int) -> int:
    """Return the derivative of a function that acts entry by entry."""
    exponent = node.data if isinstance(node.data, int) else -1
    return function_slope(builder, "pow" if node.op == "power" else node.op, exponent, result, operand)


def bend_of(builder: ProgramBuilder, node: Node, operand: int) -> int:
    """Return the second derivative of a function that acts entry by entry."""
    own = ProgramBuilder([node.shape])
    x = own.input(0)
    slope = own.program([slope_of(own, node, own.push(node.op, x, data=node.data), x)])
    along = pullback(slope)
    return builder.include(along, [operand, builder.filled(1, node.shape)])[along.outputs[0]]


def softmax_of(builder: ProgramBuilder, result: int, operand: int) -> int:
    """Return the derivative of log-sum-exp: ``exp(a - logsumexp(a))``, which neither overflows nor divides."""
    shape = builder.shape(operand)
    spread = builder.broadcast(result, range(len(shape) - 1), shape)
    return builder.unary("exp", builder.sub(operand, spread))


def pushed(
    lines: LinearBuilder[T],
    builder: ProgramBuilder,
    node: Node,
    place: int,
    tangent: T,
    result: int,
    args: list[int],
) -> T:
    """Return what a tangent of one operand adds to the tangent of a node."""
    if node.op in LINEAR:
        return lines.push(node.op, tangent, data=node.data, shape=node.shape)
    if node.op in ENTRYWISE:
        return lines.mul(tangent, slope_of(builder, node, result, args[0]))
    match node.op:
        case "add":
            return tangent
        case "mul":
            return lines.mul(tangent, args[1 - place])
        case "contract" if place == 0:
            return lines.contract(str(node.data), tangent, args[1])
        case "contract":
            return lines.contract(str(node.data), args[0], tangent)
    weighted = lines.mul(tangent, softmax_of(builder, result, args[0]))  # logsumexp
    return lines.sum(weighted, [len(lines.shape(weighted)) - 1])


def _pulled(
    lines: LinearBuilder[T],
    builder: ProgramBuilder,
    node: Node,
    place: int,
    cotangent: T,
    result: int,
    args: list[int],
) -> T:
    """Return what the cotangent of a node adds to the cotangent of one operand: the transpose of `pushed`."""
    shape, data = builder.shape(args[place]), node.data
    if node.op in ENTRYWISE:
        return lines.mul(cotangent, slope_of(builder, node, result, args[0]))
    if isinstance(data, tuple):
        if node.op == "transpose":
            return lines.transpose(cotangent, [data.index(axis) for axis in range(len(data))])
        others = [axis for axis in range(max(len(node.shape), len(shape))) if axis not in data]
        return lines.sum(cotangent, others) if node.op == "broadcast" else lines.broadcast(cotangent, others, shape)
    match node.op:
        case "add":
            return cotangent
        case "scale":
            return lines.push("scale", cotangent, data=data)
        case "mul":
            return lines.mul(cotangent, args[1 - place])
        case "contract":
            operands, _, letters = str(data).partition("->")
            first, _, second = operands.partition(",")
            if place == 0:
                return lines.contract(f"{letters},{second}->{first}", cotangent, args[1])
            return lines.contract(f"{letters},{first}->{second}", cotangent, args[0])
        case "reshape":
            return lines.reshape(cotangent, shape)
        case "take":
            return lines.push("put", cotangent, data=data, shape=shape)
        case "put":
            return lines.push("take", cotangent, data=data)
    spread = lines.broadcast(cotangent, range(len(shape) - 1), shape)  # logsumexp
    return lines.mul(spread, softmax_of(builder, result, args[0]))
