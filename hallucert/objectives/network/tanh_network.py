"""Tanh networks: the training loss as a function of the flat parameter vector.

The balls are in `enclosures` and `hessian`, the floats in `floats`. A small one can be written out as a formula, for
proofs that need third derivatives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.arguments import Late, checked_text
from hallucert.errors import ArgumentError, CertificateError, NotAnalyticError
from hallucert.exact import LARGEST_DOUBLE, Exact, format_dyadic, format_rational, parse_dyadic
from hallucert.objectives.builder import TapeBuilder
from hallucert.objectives.formula import FormulaObjective, least_squares_tape
from hallucert.objectives.network.enclosures import BallNetwork, Pass, loss_of
from hallucert.objectives.network.hessian import HessianSum, second_derivative
from hallucert.objectives.network.layout import LOSSES, MAX_LAYERS, OUTPUTS, Layer, Layout, Training
from hallucert.objectives.objective import Objective, require_residuals
from hallucert.objectives.tape import MAX_VARIABLES, read_rational

if TYPE_CHECKING:
    from hallucert.objectives.network.floats import NetworkFloats
    from hallucert.objectives.tape import Arithmetic, Ball

FLOATS = "hallucert.objectives.network.floats"

MAX_PARAMETERS = 12
"""Of a network that is written out."""

MOST_NUMBERS, MOST_PARAMETERS = 10**6, 2**17
"""In a file: numbers in the inputs, and in the targets; parameters of a network."""


class TanhNetwork(Objective):
    """The training loss of a fully connected tanh network with biases.

    Its ``d`` variables are the parameters, layer by layer, each layer's weights row-major (out x in), then its bias.
    With ``o_i`` the outputs on sample ``i`` of ``n``::

        f = (1/2n) sum_i |o_i - y_i|^2 + (w/2) |theta|^2            squared; n counts samples, not residuals
        f = (1/n) sum_i -log softmax(o_i)[y_i] + (w/2) |theta|^2    cross-entropy

    Squared loss without weight decay is in residual form: ``f = (1/2n) |r|^2`` with the ``m`` = samples x outputs
    residuals ``o_i - y_i``, sample by sample.

    Parameters
    ----------
    layer_sizes : sequence of int
        Widths from inputs to outputs: ``(2, 8, 1)`` has one hidden layer of 8 units.
    inputs : (n, p) array
        One sample a row; taken as the exact doubles they are.
    targets : (n, c) array, or (n,)
        Squared loss: numbers, taken exactly; (n,) if there is one output. Cross-entropy: (n,) integer labels.
    loss : {"squared", "cross_entropy"}
        The loss.
    weight_decay : exact nonnegative number
        ``w``; it acts on all parameters, biases too. ``"0.01"`` is 1/100.
    label_smoothing : exact number in [0, 1)
        ``s``: the label's weight is ``1 - s + s/c``, every other class has ``s/c``. Cross-entropy only.
    output : {"linear", "tanh"}
        Whether the outputs have a tanh too.
    name : str, optional
        Name for reports.

    Raises
    ------
    ArgumentError
        If an argument is not as above.

    Examples
    --------
    >>> f = TanhNetwork((1, 1, 1), [[1.0]], [0.5])
    >>> f.variables, f.dimension, f.residual_count
    (('W1_1_1', 'b1_1', 'W2_1_1', 'b2_1'), 4, 1)
    >>> f.value([0.0, 0.0, 1.0, 2.5])
    2.0
    """

    if TYPE_CHECKING:

        def initial(
            self, seed: int, scheme: str = "uniform_fan_in", gain: float = 1.0, count: int | None = None
        ) -> np.ndarray: ...
        def predict(self, x: object, inputs: object = None) -> np.ndarray: ...
        def accuracy(self, x: object, inputs: object, labels: object) -> Any: ...
        def checked_classes(self, labels: object, samples: int, argument: str) -> np.ndarray: ...
    else:
        initial = Late("hallucert.objectives.network.data")
        predict, accuracy, checked_classes = Late(FLOATS), Late(FLOATS), Late(FLOATS)

    def __init__(
        self,
        layer_sizes: Sequence[int],
        inputs: object,
        targets: object,
        loss: str = "squared",
        weight_decay: Exact = 0,
        label_smoothing: Exact = 0,
        output: str = "linear",
        name: str | None = None,
    ) -> None:
        from hallucert.objectives.network.data import checked_training  # what files hold is checked by their reader

        given = (layer_sizes, inputs, targets, loss, weight_decay, label_smoothing, output)
        self._take(checked_training(*given), checked_text(name, "name"))

    def _take(self, training: Training, name: str | None) -> None:
        self.training, self.layout = training, training.layout
        self.inputs, self.targets = training.inputs, training.targets
        self.loss, self.output = training.loss, training.output
        self.weight_decay, self.label_smoothing = training.weight_decay, training.label_smoothing
        self.n = Fraction(len(self.inputs))
        self.name = name or self._describe()
        self._loss = loss_of(training)
        self._balls = BallNetwork(self.layout, self.inputs, training.bounded)

    def _describe(self) -> str:
        widths = "-".join(map(str, self.layout.sizes))
        decay = f", weight decay {float(self.weight_decay):.3g}" if self.weight_decay else ""
        loss = {"squared": "squared error", "cross_entropy": "cross-entropy"}[self.loss]
        return f"tanh network {widths} on {len(self.inputs)} samples, {loss}{decay}"

    def __repr__(self) -> str:
        return f"<TanhNetwork {self.name[:60]!r} of {self.dimension} parameters>"

    @cached_property
    def variables(self) -> tuple[str, ...]:  # type: ignore[override]
        """Names of the parameters: ``W2_1_3`` is the weight of layer 2 to unit 1 from unit 3, ``b2_1`` a bias."""
        return tuple(self.layout.names())

    @property
    def dimension(self) -> int:
        """Number of parameters."""
        return self.layout.dimension

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Widths from inputs to outputs."""
        return self.layout.sizes

    @property
    def residual_count(self) -> int:
        """Samples times outputs for the squared loss without weight decay, 0 otherwise: no residual form."""
        return 0 if self.loss != "squared" or self.weight_decay else self.targets.size

    @property
    def lacks_decay(self) -> bool:
        """Whether this is a cross-entropy without weight decay, which may fall towards an infimum at infinity."""
        return self.loss == "cross_entropy" and not self.weight_decay

    @cached_property
    def floats(self) -> NetworkFloats:
        """The network in floats."""
        from hallucert.objectives.network.floats import NetworkFloats  # no proof needs them

        return NetworkFloats(self.training)

    # ------------------------------------------------------------------ balls

    def _run(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> Pass:
        balls: Any = arithmetic  # one that multiplies matrices, too
        return self._balls.run(balls, x)

    def enclose_value(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> Ball:
        run = self._run(arithmetic, x)
        value = self._loss.value(run)
        if self.weight_decay:
            total = arithmetic.constant(Fraction(0))
            for v in x:
                total = total + arithmetic.power(v, 2)
            value = value + arithmetic.constant(self.weight_decay / 2) * total
        return value

    def enclose_gradient(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[Ball]:
        g = self._run(arithmetic, x).gradient(self._loss)
        if self.weight_decay:
            decay = arithmetic.constant(self.weight_decay)
            g = [slope + decay * v for slope, v in zip(g, x, strict=True)]
        return g

    def enclose_hessian(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[list[Ball]]:
        h = HessianSum(self._run(arithmetic, x)).of(self._loss)
        if self.weight_decay:
            decay = arithmetic.constant(self.weight_decay)
            for i, row in enumerate(h):
                row[i] = row[i] + decay
        return h

    def enclose_second_derivative(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball], v: Sequence[Ball]) -> Ball:
        """Enclosure of ``v^T H v`` on the box `x`, without a Hessian."""
        bend = second_derivative(self._run(arithmetic, x), self._loss, v)
        if self.weight_decay:
            total = arithmetic.constant(Fraction(0))
            for a in v:
                total = total + arithmetic.power(a, 2)
            bend = bend + arithmetic.constant(self.weight_decay) * total
        return bend

    def enclose_residual(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[Ball]:
        require_residuals(self)
        run = self._run(arithmetic, x)
        rows = self._loss.residual(run)
        return [r for sample in zip(*rows, strict=True) for r in sample]

    def enclose_residual_jacobian(self, arithmetic: Arithmetic[Ball], x: Sequence[Ball]) -> list[list[Ball]]:
        require_residuals(self)
        return self._run(arithmetic, x).output_jacobian()

    def as_formula(self) -> Objective:
        """Return the network written out, up to 12 parameters; see `Objective.as_formula`."""
        return network_formula(self)

    def to_json(self) -> dict[str, object]:
        """Return architecture and data as plain data; numbers are exact text."""
        labels = self.loss == "cross_entropy"
        return {
            "kind": "tanh_network",
            "layer_sizes": list(self.layer_sizes),
            "output": self.output,
            "loss": self.loss,
            "weight_decay": format_rational(self.weight_decay),
            "label_smoothing": format_rational(self.label_smoothing),
            "inputs": _dyadic_rows(self.inputs),
            "targets": self.targets.tolist() if labels else _dyadic_rows(self.targets),
        }


def network_of(training: Training) -> TanhNetwork:
    """Make a network of what has been checked."""
    network = TanhNetwork.__new__(TanhNetwork)
    network._take(training, None)
    return network


def network_formula(network: TanhNetwork) -> FormulaObjective:
    """Return the same function of the same parameters as a least-squares formula."""
    if not network.residual_count or network.dimension > MAX_PARAMETERS:
        raise NotAnalyticError(
            f"only networks with squared loss, no weight decay and at most {MAX_PARAMETERS} parameters are written out "
            f"as formulas; this is {network.name[:60]}"
        )
    builder = TapeBuilder(network.variables)
    parameters = [builder.variable(i) for i in range(network.dimension)]
    layers = network.layout.layers
    residuals = []
    for inputs, targets in zip(network.inputs.tolist(), network.targets.tolist(), strict=True):
        values = [builder.constant(Fraction(v)) for v in inputs]
        for layer in layers:
            values = _affine(builder, parameters, layer, values)
            if layer is not layers[-1] or network.output == "tanh":
                values = [builder.unary("tanh", v) for v in values]
        residuals += [builder.sub(v, builder.constant(Fraction(y))) for v, y in zip(values, targets, strict=True)]
    tape = builder.tape(residuals)
    return FormulaObjective(least_squares_tape(tape, network.n), tape, network.n, network.name)


def _affine(builder: TapeBuilder, parameters: list[int], layer: Layer, values: list[int]) -> list[int]:
    """``W a + b``."""
    result = []
    for j in range(layer.outputs):
        total = parameters[layer.bias_start + j]
        for i, value in enumerate(values):
            total = builder.add(total, builder.mul(parameters[layer.start + j * layer.inputs + i], value))
        result.append(total)
    return result


def _dyadic_rows(array: np.ndarray) -> list[list[str]]:
    return [[format_dyadic(Fraction(v)) for v in row] for row in array.tolist()]


# ---------------------------------------------------------------------- files, for which nobody vouches


def network_from_json(data: Mapping[str, object], field: str) -> TanhNetwork:
    """Rebuild the network whose fields are exactly those of its kind; CertificateError names the one that is wrong."""
    layout = _layout(data["layer_sizes"], f"{field}.layer_sizes")
    loss = _choice(data["loss"], LOSSES, f"{field}.loss")
    output = _choice(data["output"], OUTPUTS, f"{field}.output")
    inputs = _table(data["inputs"], layout.sizes[0], f"{field}.inputs")
    classes = layout.sizes[-1]
    if loss == "squared":
        targets = _table(data["targets"], classes, f"{field}.targets")
    else:
        targets = _labels(data["targets"], classes, f"{field}.targets")
    if len(targets) != len(inputs):
        raise CertificateError(f"{field}.targets", f"must have {len(inputs)} entries, one a sample")
    if loss == "cross_entropy" and classes < 2:
        raise CertificateError(f"{field}.layer_sizes", "must have at least two outputs for the cross-entropy")
    decay = read_rational(data["weight_decay"], f"{field}.weight_decay")
    if not 0 <= decay <= LARGEST_DOUBLE:
        raise CertificateError(f"{field}.weight_decay", "must be at least 0, and within the range of doubles")
    smoothing = read_rational(data["label_smoothing"], f"{field}.label_smoothing")
    if not 0 <= smoothing < 1 or (smoothing and loss == "squared"):
        raise CertificateError(f"{field}.label_smoothing", "must be at least 0 and less than 1, and 0 for squared loss")
    for array in (inputs, targets):
        array.setflags(write=False)
    return network_of(Training(layout, inputs, targets, loss, decay, smoothing, output))


def _layout(value: object, field: str) -> Layout:
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_LAYERS:
        raise CertificateError(field, f"must be a list of 2 to {MAX_LAYERS} widths")
    if any(type(size) is not int or not 1 <= size <= MAX_VARIABLES for size in value):
        raise CertificateError(field, f"must be integers from 1 to {MAX_VARIABLES}")
    layout = Layout(tuple(value))
    if layout.dimension > MOST_PARAMETERS:
        raise CertificateError(field, f"must give at most {MOST_PARAMETERS} parameters")
    return layout


def _choice(value: object, choices: tuple[str, ...], field: str) -> str:
    if not isinstance(value, str) or value not in choices:
        raise CertificateError(field, f"must be one of {', '.join(choices)}")
    return value


def _table(value: object, width: int, field: str) -> np.ndarray:
    """Read rows of `width` doubles."""
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_NUMBERS // width:
        raise CertificateError(field, f"must be a list of rows, at least one, with at most {MOST_NUMBERS} numbers")
    for i, row in enumerate(value):
        if not isinstance(row, list) or len(row) != width:
            raise CertificateError(f"{field}[{i}]", f"must be a list of {width} numbers")
    return np.array(
        [[_double(v, f"{field}[{i}][{j}]") for j, v in enumerate(row)] for i, row in enumerate(value)], dtype=np.float64
    )


def _double(value: object, field: str) -> float:
    """Read a canonical dyadic number that a double is exactly."""
    if not isinstance(value, str):
        raise CertificateError(field, 'must be a dyadic number as text, such as "3p-3"')
    try:
        number = parse_dyadic(value)
    except ArgumentError as error:
        raise CertificateError(field, str(error)) from None
    try:
        double = float(number)
    except OverflowError:
        double = float("inf")
    if not np.isfinite(double) or Fraction(double) != number:
        raise CertificateError(field, "must be a double exactly")
    return double


def _labels(value: object, classes: int, field: str) -> np.ndarray:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_NUMBERS:
        raise CertificateError(field, f"must be a list of 1 to {MOST_NUMBERS} labels")
    for i, label in enumerate(value):
        if type(label) is not int or not 0 <= label < classes:
            raise CertificateError(f"{field}[{i}]", f"must be an integer from 0 to {classes - 1}")
    return np.array(value, dtype=np.int64)
