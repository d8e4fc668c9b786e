"""A tanh network as an array program, and which array programs are tanh networks."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from hallucert.objectives.network.layout import Layout, Training
from hallucert.objectives.objective import Objective
from hallucert.objectives.program import layers
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.objectives.program.program import Program, Shape

_KNOWN = "training"
"""Where an objective keeps what was found, or what it was made of."""


def outputs_program(training: Training, inputs: np.ndarray) -> Program:
    """Return the outputs (n, c) on inputs (n, p) as a program."""
    builder = ProgramBuilder(_shapes(training.layout))
    return builder.program([_outputs(builder, training, inputs)])


def loss_program(training: Training) -> Program:
    """Return the residuals (n c,) as a program, or the value if the loss is no sum of squares."""
    builder = ProgramBuilder(_shapes(training.layout))
    outputs = _outputs(builder, training, training.inputs)
    if training.loss == "squared":
        result = builder.reshape(builder.sub(outputs, builder.array(training.targets)), (training.targets.size,))
        if not training.weight_decay:
            return builder.program([result])
        scale = training.factor / (2 * len(training.inputs))
        result = builder.scale(scale, builder.contract("m,m->", result, result))
    else:
        result = layers.cross_entropy(builder, outputs, training.targets, training.label_smoothing)
    if training.weight_decay:
        arrays = [builder.input(i) for i in range(len(builder.inputs))]
        result = builder.add(result, layers.decay(builder, arrays, training.weight_decay))
    return builder.program([result])


def _shapes(layout: Layout) -> list[Shape]:
    """Shapes of weights and biases, layer by layer."""
    return [shape for layer in layout.layers for shape in ((layer.outputs, layer.inputs), (layer.outputs,))]


def _outputs(builder: ProgramBuilder, training: Training, inputs: np.ndarray) -> int:
    a, count = builder.array(inputs), len(training.layout.layers)
    for number in range(count):
        a = layers.linear(builder, a, builder.input(2 * number), builder.input(2 * number + 1))
        if number < count - 1 or training.bounded:
            a = builder.unary("tanh", a)
    return a


# ---------------------------------------------------------------------- recognition


def training_of(f: Objective) -> Training | None:
    """Return the tanh network that an objective is, by the structure of its program; None if it is none.

    What the program holds is taken for the data of a network, and it is one if that network's program is this one.
    """
    if not isinstance(f, ProgramObjective):
        return None
    if _KNOWN not in f.__dict__:
        guesses = (guess for guess in _guesses(f) if _equal(f.program, loss_program(guess)))
        f.__dict__[_KNOWN] = next(guesses, None)
    found: Training | None = f.__dict__[_KNOWN]
    return found


def _guesses(f: ProgramObjective) -> Iterator[Training]:
    """Yield the networks that the program can be, from its constants, positions and factors."""
    shapes, nodes = list(f.program.inputs), f.program.nodes
    if len(shapes) % 2 or any(len(w) != 2 or b != w[:1] for w, b in zip(shapes[::2], shapes[1::2], strict=True)):
        return
    layout = Layout((shapes[0][1], *(b[0] for b in shapes[1::2])))
    constants = [node.data for node in nodes if isinstance(node.data, np.ndarray) and node.op == "constant"]
    if _shapes(layout) != shapes or not 1 <= len(constants) <= 2:
        return
    output = "tanh" if sum(node.op == "tanh" for node in nodes) == len(layout.layers) else "linear"
    last = nodes[f.program.outputs[0]]
    factors = [Fraction(0)]  # of the sum of squares; none, or one of those in the last sum
    factors += [nodes[i].data for i in last.args if last.op == "add" and nodes[i].op == "scale"]  # type: ignore[misc]
    for factor in factors:
        if len(constants) == 2:
            for inputs, targets in (constants, constants[::-1]):
                if inputs.shape[1:] == layout.sizes[:1] and targets.shape == (len(inputs), layout.sizes[-1]):
                    for n in _counts(f) if factor else [f.n]:
                        ratio = len(inputs) / n
                        yield Training(layout, inputs, targets, "squared", 2 * factor, Fraction(0), output, ratio)
        for node in nodes:
            if node.op == "scale" and isinstance(node.data, Fraction) and nodes[node.args[0]].op == "sum":
                places = nodes[nodes[node.args[0]].args[0]].data
                smoothing, fits = 1 + node.data * len(constants[0]), constants[0].shape[1:] == layout.sizes[:1]
                if not isinstance(places, np.ndarray) or places.shape != constants[0].shape[:1]:
                    continue
                if fits and 0 <= smoothing < 1:
                    labels = places % layout.sizes[-1]
                    yield Training(layout, constants[0], labels, "cross_entropy", 2 * factor, smoothing, output)


def _counts(f: ProgramObjective) -> Iterator[Fraction]:
    """Yield the ``n`` of what may be ``(1/2n) |r|^2`` in a program."""
    nodes = f.program.nodes
    for node in nodes:
        square = node.op == "scale" and nodes[node.args[0]].op == "contract" and len(set(nodes[node.args[0]].args)) == 1
        if square and isinstance(node.data, Fraction) and node.data > 0:
            yield 1 / (2 * node.data)


def _equal(first: Program, second: Program) -> bool:
    """Tell whether two programs compute the same from the same nodes."""
    builder = ProgramBuilder(first.inputs)
    inputs = [builder.input(i) for i in range(len(first.inputs))]
    one, other = (builder.include(program, inputs)[program.outputs[0]] for program in (first, second))
    return one == other
