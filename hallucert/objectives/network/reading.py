"""Reading a network back from plain data nobody vouches for: the inverse of `TanhNetwork.to_json`."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from hallucert.errors import ArgumentError, CertificateError
from hallucert.exact import parse_dyadic
from hallucert.objectives.network.data import LOSSES, OUTPUTS
from hallucert.objectives.network.layout import MAX_LAYERS, Layout
from hallucert.objectives.network.tanh_network import TanhNetwork
from hallucert.objectives.tape import MAX_VARIABLES, read_rational

FIELDS = frozenset({"kind", "layer_sizes", "output", "loss", "weight_decay", "label_smoothing", "inputs", "targets"})
MAX_NUMBERS = 10**6
MAX_PARAMETERS = 2**17
"""Most numbers in the inputs, and in the targets."""


def network_from_json(data: Mapping[str, Any], field: str) -> TanhNetwork:
    """Rebuild the network whose fields are exactly `FIELDS`.

    Raises
    ------
    CertificateError
        Naming the field that is out of range, malformed or of the wrong type.
    """
    layout = _layout(data["layer_sizes"], f"{field}.layer_sizes")
    loss = _choice(data["loss"], LOSSES, f"{field}.loss")
    output = _choice(data["output"], OUTPUTS, f"{field}.output")
    inputs = _table(data["inputs"], layout.sizes[0], f"{field}.inputs")
    targets: Any
    if loss == "squared":
        targets = _table(data["targets"], layout.sizes[-1], f"{field}.targets")
    else:
        targets = _labels(data["targets"], layout.sizes[-1], f"{field}.targets")
    if len(targets) != len(inputs):
        raise CertificateError(f"{field}.targets", f"must have {len(inputs)} entries, one a sample")
    decay = read_rational(data["weight_decay"], f"{field}.weight_decay")
    smoothing = read_rational(data["label_smoothing"], f"{field}.label_smoothing")
    try:
        return TanhNetwork(layout.sizes, inputs, targets, loss, decay, smoothing, output)
    except ArgumentError as error:
        raise CertificateError(f"{field}.{error.argument}", f"must {error.must}") from None


def _layout(value: object, field: str) -> Layout:
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_LAYERS:
        raise CertificateError(field, f"must be a list of 2 to {MAX_LAYERS} widths")
    if any(type(size) is not int or not 1 <= size <= MAX_VARIABLES for size in value):
        raise CertificateError(field, f"must be integers from 1 to {MAX_VARIABLES}")
    layout = Layout(tuple(value))
    if layout.dimension > MAX_PARAMETERS:
        raise CertificateError(field, f"must give at most {MAX_PARAMETERS} parameters")
    return layout


def _choice(value: object, choices: tuple[str, ...], field: str) -> str:
    if not isinstance(value, str) or value not in choices:
        raise CertificateError(field, f"must be one of {', '.join(choices)}")
    return value


def _table(value: object, width: int, field: str) -> np.ndarray:
    """Read rows of `width` doubles."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_NUMBERS // width:
        raise CertificateError(field, f"must be a list of rows, at least one, with at most {MAX_NUMBERS} numbers")
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
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_NUMBERS:
        raise CertificateError(field, f"must be a list of 1 to {MAX_NUMBERS} labels")
    for i, label in enumerate(value):
        if type(label) is not int or not 0 <= label < classes:
            raise CertificateError(f"{field}[{i}]", f"must be an integer from 0 to {classes - 1}")
    return np.array(value, dtype=np.int64)
