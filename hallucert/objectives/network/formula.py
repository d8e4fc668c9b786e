"""A tanh network written out as a formula, for proofs that need third derivatives: small networks only."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from hallucert.errors import NotAnalyticError
from hallucert.objectives.builder import TapeBuilder
from hallucert.objectives.formula import FormulaObjective, least_squares_tape
from hallucert.objectives.network.layout import Layer

if TYPE_CHECKING:
    from hallucert.objectives.network.tanh_network import TanhNetwork

MAX_PARAMETERS = 12


def network_formula(network: TanhNetwork) -> FormulaObjective:
    """Return the same function of the same parameters as a least-squares formula.

    Raises
    ------
    NotAnalyticError
        If the network is not in residual form, or has more than `MAX_PARAMETERS` parameters.
    """
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
