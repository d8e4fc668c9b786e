"""Tanh networks as plain data: exact on the way out, every field checked on the way in."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from network_strategies import networks

import hallucert as hc
from hallucert.errors import CertificateError
from hallucert.objectives.reading import objective_from_json


@settings(max_examples=25, deadline=None)
@given(networks())
def test_what_is_written_is_read_back_exactly(case):
    """Through JSON text and back: the same data, bit for bit, and so the same function."""
    f, x = case
    g = objective_from_json(json.loads(json.dumps(f.to_json())))
    assert g.to_json() == f.to_json()
    assert (g.inputs == f.inputs).all() and (g.targets == f.targets).all()
    assert (g.weight_decay, g.label_smoothing) == (f.weight_decay, f.label_smoothing)
    assert (g.value(x) == f.value(x)).all()


def test_extreme_doubles_survive():
    """The largest and the smallest double, and -0.0 (which is 0), are exact text."""
    f = hc.TanhNetwork((1, 1), [[1.7976931348623157e308], [5e-324]], [-0.0, 0.1])
    g = objective_from_json(f.to_json())
    assert (g.inputs == f.inputs).all() and (g.targets == f.targets).all()


def _squared():
    return hc.TanhNetwork((2, 2, 1), [[1.0, 2.0], [0.5, 4.0]], [1.0, -1.0]).to_json()


def _labels():
    return hc.TanhNetwork((2, 2, 2), np.eye(2), [0, 1], "cross_entropy", "0.01", "0.1").to_json()


HOSTILE = [
    (_squared, ("layer_sizes",), None, "layer_sizes"),
    (_squared, ("layer_sizes",), [2], "layer_sizes"),
    (_squared, ("layer_sizes",), [2] * 101, "layer_sizes"),
    (_squared, ("layer_sizes", 1), 0, "layer_sizes"),
    (_squared, ("layer_sizes", 1), True, "layer_sizes"),
    (_squared, ("layer_sizes", 1), "2", "layer_sizes"),
    (_squared, ("layer_sizes", 1), 2.0, "layer_sizes"),
    (_squared, ("layer_sizes", 1), 10**15, "layer_sizes"),
    (_squared, ("layer_sizes", 1), 10_001, "layer_sizes"),
    (_squared, ("layer_sizes", 0), 3, "inputs[0]"),
    (_squared, ("layer_sizes", 2), 2, "targets[0]"),
    (_squared, ("loss",), "hinge", "loss"),
    (_squared, ("loss",), ["squared"], "loss"),
    (_squared, ("loss",), "cross_entropy", "targets[0]"),
    (_squared, ("output",), "relu", "output"),
    (_squared, ("inputs",), {}, "inputs"),
    (_squared, ("inputs",), [], "inputs"),
    (_squared, ("inputs", 0), "12", "inputs[0]"),
    (_squared, ("inputs", 1), ["1"], "inputs[1]"),
    (_squared, ("inputs", 1, 0), 1, "inputs[1][0]"),
    (_squared, ("inputs", 1, 0), "nan", "inputs[1][0]"),
    (_squared, ("inputs", 1, 0), "2", "inputs[1][0]"),
    (_squared, ("inputs", 1, 0), "1p1024", "inputs[1][0]"),
    (_squared, ("inputs", 1, 0), "1p-1075", "inputs[1][0]"),
    (_squared, ("inputs", 1, 0), "1p20001", "inputs[1][0]"),
    (_squared, ("inputs", 1, 0), str(2**53 + 1), "inputs[1][0]"),
    (_squared, ("inputs", 1, 0), "9" * 5000, "inputs[1][0]"),
    (_squared, ("targets",), [["1"]], "targets"),
    (_squared, ("targets", 0, 0), None, "targets[0][0]"),
    (_squared, ("weight_decay",), "-1", "weight_decay"),
    (_squared, ("weight_decay",), "2/4", "weight_decay"),
    (_squared, ("weight_decay",), "1e9", "weight_decay"),
    (_squared, ("weight_decay",), "1/0", "weight_decay"),
    (_squared, ("weight_decay",), 0, "weight_decay"),
    (_squared, ("label_smoothing",), "1/10", "label_smoothing"),
    (_labels, ("label_smoothing",), "1", "label_smoothing"),
    (_labels, ("targets", 0), 2, "targets[0]"),
    (_labels, ("targets", 0), -1, "targets[0]"),
    (_labels, ("targets", 0), True, "targets[0]"),
    (_labels, ("targets", 0), "0", "targets[0]"),
    (_labels, ("targets",), [0, 1, 1], "targets"),
    (_labels, ("targets",), "01", "targets"),
    (_labels, ("layer_sizes", 2), 1, "targets[1]"),
    (_labels, ("kind",), "network", "kind"),
    (_labels, ("kind",), "least_squares", "n"),
]


@pytest.mark.parametrize(("make", "path", "value", "field"), HOSTILE)
def test_hostile_data_are_refused_by_the_name_of_the_field(make, path, value, field):
    """One field at a time is spoilt: CertificateError names it, and nothing else is raised."""
    data = copy.deepcopy(make())
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(CertificateError) as caught:
        objective_from_json(data, "problem")
    assert caught.value.field == f"problem.{field}"


@pytest.mark.parametrize("key", sorted(_squared()))
def test_every_field_is_needed(key):
    """A network with a field missing, or one too many, is refused by that field's name."""
    data = _squared()
    del data[key]
    with pytest.raises(CertificateError) as caught:
        objective_from_json(data, "problem")
    assert caught.value.field == f"problem.{key}"
    with pytest.raises(CertificateError) as caught:
        objective_from_json({**_squared(), "extra": 1}, "problem")
    assert caught.value.field == "problem.extra"


def test_one_output_is_too_few_for_the_cross_entropy():
    """A cross-entropy of a single output is no loss: CertificateError names the widths."""
    data = _labels()
    data["layer_sizes"][2], data["targets"] = 1, [0, 0]
    with pytest.raises(CertificateError) as caught:
        objective_from_json(data, "problem")
    assert caught.value.field == "problem.layer_sizes"
