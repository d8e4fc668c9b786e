"""One run gets one verdict: as a tanh network, as a module of PyTorch and as a function of JAX, read or in floats."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import hallucert as hc
from hallucert.diagnosis.report import Kind
from hallucert.errors import ArgumentError

pytestmark = pytest.mark.frameworks
RANDOM = np.random.default_rng(0)
INPUTS, LABELS = RANDOM.normal(size=(12, 3)), np.arange(12) % 3
SIZES = (3, 4, 3)


def module_at(sizes, x):
    torch = pytest.importorskip("torch", exc_type=ImportError)
    layers = [part for i, o in pairwise(sizes) for part in (torch.nn.Linear(i, o), torch.nn.Tanh())]
    net = torch.nn.Sequential(*layers[:-1]).double()
    torch.nn.utils.vector_to_parameters(torch.tensor(x), net.parameters())
    return net


def params_at(sizes, x):
    parts, place = [], 0
    for i, o in pairwise(sizes):
        parts.append((x[place : place + i * o].reshape(o, i), x[place + i * o : place + i * o + o]))
        place += i * o + o
    return parts


def function(params, inputs):
    import jax.numpy as jnp

    values = inputs
    for k, (weights, bias) in enumerate(params):
        values = values @ weights.T + bias
        values = jnp.tanh(values) if k < len(params) - 1 else values
    return values


def of_torch(sizes, x, loss, data, *asked, **options):
    return hc.diagnose(module_at(sizes, x), loss, data, *asked, **options)


def of_jax(sizes, x, loss, data, *asked, **options):
    pytest.importorskip("jax")
    return hc.diagnose(function, loss, data, *asked, params=params_at(sizes, x), **options)


def test_a_function_without_its_weights_is_named():
    """What is missing is the pytree."""
    with pytest.raises(ArgumentError) as caught:
        hc.diagnose(function, "squared", (INPUTS, INPUTS), 1)
    assert caught.value.argument == "params"


RUNS = {
    "trained": (0, "0.5", "0.5", 1, Kind.TRAINED),
    "hovering": ("1/100", 2, "0.1", 1, Kind.HOVERING),
    "two-cycle": (0, 1, "0.5", 2, Kind.BOUNCING),  # all of 36 runs from starts 1e-14 to 1e-6 away end so
    "two-cycle with decay": ("1/100", "0.05", "0.5", 1, Kind.BOUNCING),
}
"""Decay, rho, step, seed and what 3000 steps end in."""


@pytest.mark.parametrize("diagnosed", [of_torch, of_jax])
@pytest.mark.parametrize("run", RUNS)
def test_the_end_of_a_run_gets_the_verdict_of_the_tanh_network(run, diagnosed):
    """Classifiers, with and without weight decay: kind, words and numbers, also with the data in batches."""
    decay, rho, eta, seed, kind = RUNS[run]
    f = hc.TanhNetwork(SIZES, INPUTS, LABELS, loss="cross_entropy", weight_decay=decay)
    x = hc.sam.run(f, f.initial(seed=seed), rho=rho, step_size=eta, steps=3000, progress=False).x
    ours = hc.diagnose(f, x, rho, eta)
    parts = [(INPUTS[:5], LABELS[:5]), (INPUTS[5:], LABELS[5:])]
    whole = INPUTS, LABELS
    found = [diagnosed(SIZES, x, "cross_entropy", data, rho, eta, weight_decay=decay) for data in (whole, parts)]
    assert ours.kind is kind and [d.objective.rigorous for d in found] == [True, False]
    for theirs in found:
        assert theirs.kind is kind and theirs.verdict.split("(")[0][:60] == ours.verdict.split("(")[0][:60]
        assert np.isclose(theirs.shifted_gradient_norm, ours.shifted_gradient_norm, rtol=1e-6)
        assert np.isclose(theirs.best_constant_loss or 0, ours.best_constant_loss or 0)


@pytest.mark.parametrize("diagnosed", [of_torch, of_jax])
def test_minimizers_and_plateaus_are_told_apart_as_for_tanh_networks(diagnosed):
    """Regressors at ends of runs of another program: a saturated one is a plateau, in floats too; the rest attracts."""
    ends = json.loads((Path(__file__).parents[2] / "reference" / "tanh_networks.json").read_text())["ends"]
    seen = set()
    for end in [
        ends[0],
        *(e for e in ends if e["layer_sizes"] == [2, 6, 4, 1] and (e["data_seed"], e["row"]) == (2, 1)),
    ]:
        sizes, x, data = end["layer_sizes"], np.array(end["x"]), (np.array(end["inputs"]), np.array(end["targets"]))
        ours = hc.diagnose(hc.TanhNetwork(sizes, *data), x, 8, "0.05")
        batches = [tuple(part[:2] for part in data), tuple(part[2:] for part in data)]
        for given in (data, batches):
            theirs = diagnosed(sizes, x, "squared", given, 8, "0.05")
            assert theirs.kind is ours.kind and theirs.attracts == ours.attracts
            assert np.isclose(theirs.residual_ratio, ours.residual_ratio, rtol=1e-3)
            assert (theirs.step_bound is None) == (ours.step_bound is None)
            assert ours.step_bound is None or np.isclose(theirs.step_bound, ours.step_bound, rtol=1e-4)
        seen.add(ours.kind)
    assert seen == {Kind.MINIMIZER, Kind.PLATEAU}


@pytest.mark.parametrize("diagnosed", [of_torch, of_jax])
@pytest.mark.parametrize(("decay", "rho", "kind"), [("1/100", 1, Kind.CONSTANT), ("1/10", "0.5", Kind.SADDLE)])
def test_targets_that_are_saddles_are_named_and_proved(diagnosed, decay, rho, kind):
    """A constant predictor, and another saddle: the words of the tanh network, and one call from them to a proof."""
    sizes, data = (2, 2, 1), (np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1]]), np.array([-1.0, 1, 1, -1]))
    f = hc.TanhNetwork(sizes, *data, weight_decay=decay)
    x = hc.find.refine(f, f.initial(0), rho).x
    ours = hc.diagnose(f, x, rho, "0.1")
    theirs = diagnosed(sizes, x, "squared", data, rho, "0.1", weight_decay=decay)
    assert ours.kind is theirs.kind is kind and ours.verdict == theirs.verdict
    statuses = [{name: str(claim.status) for name, claim in hc.certify(d).claims.items()} for d in (ours, theirs)]
    assert statuses[0] == statuses[1] and statuses[0]["existence"] == "proved"
    assert statuses[0]["hallucinated_minimizer"] == "refuted"
