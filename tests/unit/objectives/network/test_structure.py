"""Which array programs are tanh networks: those whose program is that of a network, whoever wrote it."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from network_strategies import networks

import hallucert as hc
from hallucert.objectives.network.structure import training_of
from hallucert.objectives.program import layers
from hallucert.objectives.program.builder import ProgramBuilder
from hallucert.objectives.program.objective import ProgramObjective
from hallucert.objectives.reading import objective_from_json

INPUTS, TARGETS = np.arange(6.0).reshape(3, 2), np.array([[1.0], [-1.0], [0.5]])


@settings(max_examples=25, deadline=None)
@given(networks())
def test_what_is_written_is_read_back_as_the_same_network(case):
    """Through JSON text and back: a program with the same names, known for a network of the same data, bit for bit."""
    f, x = case
    g = objective_from_json(json.loads(json.dumps(f.to_json())))
    assert g.to_json() == f.to_json() and g.variables == f.variables
    found = training_of(g)
    assert (found.inputs == f.inputs).all() and (found.targets == f.targets).all()
    assert (found.layer_sizes, found.loss, found.output) == (f.layer_sizes, f.loss, f.output)
    assert (found.weight_decay, found.label_smoothing) == (f.weight_decay, f.label_smoothing)
    np.testing.assert_allclose(g.value(x), f.value(x), rtol=1e-12)


def test_extreme_doubles_survive():
    """The largest and the smallest double, and -0.0 (which is 0), are exact text."""
    f = hc.TanhNetwork((1, 1), [[1.7976931348623157e308], [5e-324]], [-0.0, 0.1])
    g = training_of(objective_from_json(f.to_json()))
    assert (g.inputs == f.inputs).all() and (g.targets == f.targets).all()


def written(change=None):
    """A network of two layers as somebody else writes it, in another order of its nodes, with one change."""
    b = ProgramBuilder([(4, 2), (4,), (1, 4), (1,)])
    bias, y, x = b.input(3), b.array(TARGETS), b.array(INPUTS)
    z = layers.linear(b, x, b.input(0), b.input(1))
    a = b.unary("sin" if change == "sine" else "tanh", z)
    if change == "skip":
        a = b.add(a, z)
    outputs = b.add(b.broadcast(bias, [1], (3, 1)), layers.linear(b, a, b.input(2), None))
    r = b.reshape(b.add(b.neg(y), outputs), (3,))
    if change == "weights":
        r = b.mul(b.array([1.0, 2.0, 1.0]), r)
    return ProgramObjective(b.program([r]), list("abcd"), 4 if change == "factor" else 3)


def test_a_network_is_known_whatever_the_order_of_its_nodes():
    """It is the structure that counts; the loops that are made for networks then run it."""
    f, net = written(), hc.TanhNetwork((2, 4, 1), INPUTS, TARGETS)
    assert training_of(f).layer_sizes == (2, 4, 1)
    starts = net.initial(0, count=3)
    mine, its = (hc.sam.run_ensemble(g, starts, "1", "0.1", 50, progress=False) for g in (f, net))
    assert (mine.x == its.x).all()


@pytest.mark.parametrize("batch", [None, 3])
def test_any_factor_of_the_squared_error_is_run_by_the_loops(batch):
    """The mean over samples and outputs of PyTorch, and others: steps of SAM are those of the gradient in numpy."""
    f = written("factor")
    assert training_of(f).factor == Fraction(3, 4)
    x = hc.TanhNetwork((2, 4, 1), INPUTS, TARGETS).initial(0, count=2)
    end = hc.sam.run_ensemble(f, x, "0.5", "0.1", 5, batch_size=batch, progress=False).x
    for _ in range(5):
        g = f.gradient(x)
        x = x - 0.1 * f.gradient(x + 0.5 * g / np.linalg.norm(g, axis=1, keepdims=True))
    np.testing.assert_allclose(end, x, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("change", ["sine", "skip", "weights"])
def test_nothing_else_is_taken_for_a_network(change):
    """Another activation, a skip connection, weighted samples."""
    assert training_of(written(change)) is None
    assert training_of(hc.Objective.parse("x^2 + y^2")) is None
