"""`TanhNetwork`: the training loss of a fully connected tanh network, as an array program of its own names."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from hallucert.arguments import Late, checked_text
from hallucert.exact import Exact
from hallucert.objectives.network.data import checked_training
from hallucert.objectives.network.layout import Training
from hallucert.objectives.network.structure import loss_program
from hallucert.objectives.program.objective import ProgramObjective

FLOATS = "hallucert.objectives.network.floats"


class TanhNetwork(ProgramObjective):
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
    else:
        initial = Late("hallucert.objectives.network.data")
        predict, accuracy = Late(FLOATS), Late(FLOATS)

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
        given = (layer_sizes, inputs, targets, loss, weight_decay, label_smoothing, output)
        self.training = training = checked_training(*given)
        names = [f"{kind}{number}_" for number in range(1, len(training.layer_sizes)) for kind in "Wb"]
        n = len(training.inputs) if training.loss == "squared" and not training.weight_decay else 1
        super().__init__(loss_program(training), names, n, checked_text(name, "name") or _description(training))

    def __repr__(self) -> str:
        return f"<TanhNetwork {self.name[:60]!r} of {self.dimension} parameters>"

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Widths from inputs to outputs."""
        return self.training.layer_sizes

    @property
    def inputs(self) -> np.ndarray:
        """The samples, (n, p)."""
        return self.training.inputs

    @property
    def targets(self) -> np.ndarray:
        """What the outputs should be: (n, c), or labels (n,) for cross-entropy."""
        return self.training.targets

    @property
    def loss(self) -> str:
        """``"squared"`` or ``"cross_entropy"``."""
        return self.training.loss

    @property
    def output(self) -> str:
        """``"linear"`` or ``"tanh"``."""
        return self.training.output

    @property
    def weight_decay(self) -> Fraction:
        """The ``w`` in ``(w/2) |theta|^2``."""
        return self.training.weight_decay

    @property
    def label_smoothing(self) -> Fraction:
        """The ``s``: every class has ``s/c`` of a label."""
        return self.training.label_smoothing


def _description(training: Training) -> str:
    """A name for want of one."""
    widths = "-".join(map(str, training.layer_sizes))
    decay = f", weight decay {float(training.weight_decay):.3g}" if training.weight_decay else ""
    loss = {"squared": "squared error", "cross_entropy": "cross-entropy"}[training.loss]
    return f"tanh network {widths} on {len(training.inputs)} samples, {loss}{decay}"
