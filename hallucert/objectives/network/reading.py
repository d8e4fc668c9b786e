"""Reading a network back from plain data nobody vouches for: the inverse of `TanhNetwork.to_json`."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from hallucert.errors import ArgumentError, CertificateError
from hallucert.exact import LARGEST_DOUBLE, parse_dyadic
from hallucert.objectives.network.layout import LOSSES, MAX_LAYERS, OUTPUTS, Layout, Training
from hallucert.objectives.network.tanh_network import TanhNetwork, network_of
from hallucert.objectives.tape import MAX_VARIABLES, read_rational

MAX_NUMBERS = 10**6
MAX_PARAMETERS = 2**17
"""Most numbers in the inputs, and in the targets."""


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
