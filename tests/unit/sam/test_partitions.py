"""Runs with a fixed partition into mini-batches, independent or reshuffled."""

from __future__ import annotations

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError
from hallucert.objectives.batches import checked_batches
from hallucert.sam.settings import Partition

RNG = np.random.default_rng(5)
INPUTS, TARGETS = RNG.normal(size=(6, 2)), RNG.normal(size=(6, 2))
NET = hc.TanhNetwork((2, 3, 2), INPUTS, TARGETS)
PARTS = [[0, 3, 5], [1, 2, 4]]


@pytest.mark.parametrize("order", ["independent", "reshuffled"])
def test_steps_are_those_of_networks_on_the_samples_of_the_batches(order):
    """In numpy, step by step: x - eta g_b(x + rho u_b(x)) with the batches that the seed draws."""
    x = NET.initial(2)
    end = hc.sam.run(NET, x, 0.5, 0.1, 20, batches=PARTS, batch_order=order, batch_seed=7, tolerance=0)
    drawn = Partition(np.array(PARTS), checked_batches(NET, PARTS).probabilities, order, 7).at(0, 20)
    for samples in drawn:
        alone = hc.TanhNetwork((2, 3, 2), INPUTS[samples], TARGETS[samples])
        g = alone.gradient(x)
        x = x - 0.1 * alone.gradient(x + 0.5 * g / np.linalg.norm(g))
    np.testing.assert_allclose(end.x, x, rtol=1e-12)


def test_an_epoch_has_each_batch_once_and_independent_draws_follow_their_probabilities():
    """What a step sees depends on its number alone; of 3000 draws a share near 0.9 is the second batch."""
    parts = np.array([[0], [1], [2]])
    thirds = checked_batches(hc.Objective.least_squares(["x", "y", "z"]), 1).probabilities
    epochs = Partition(parts, thirds, "reshuffled", 0).at(0, 300).reshape(100, 3)
    assert (np.sort(epochs, axis=1) == [0, 1, 2]).all() and len({tuple(row) for row in epochs.tolist()}) == 6
    two = checked_batches(NET, PARTS, ["1/10", "9/10"])
    whole = Partition(np.array(PARTS), two.probabilities, "independent", 1).at(0, 3000)[:, 0]
    again = Partition(np.array(PARTS), two.probabilities, "independent", 1)
    np.testing.assert_array_equal(np.concatenate([again.at(2000, 1000), again.at(0, 2000)])[:, 0], np.roll(whole, 1000))
    assert abs((whole == 1).mean() - 0.9) < 5 * np.sqrt(0.09 / 3000)


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"batches": [[0], [1, 2, 3, 4, 5]]}, "batches"),
        ({"batches": 4}, "batches"),
        ({"batches": 2, "batch_size": 2}, "batch_size"),
        ({"batches": 2, "batch_order": "cyclic"}, "batch_order"),
        ({"batches": checked_batches(hc.Objective.least_squares([f"x{i}" for i in range(12)]), 3)}, "batches"),
    ],
)
def test_other_partitions_are_refused(options, argument):
    """Batches of different sizes or of parts of samples, two kinds of batches, and other orders."""
    with pytest.raises(ArgumentError) as caught:
        hc.sam.run(NET, NET.initial(2), 0.5, 0.1, 5, **options)
    assert caught.value.argument == argument


def test_only_networks_run_in_batches():
    """Other objectives are refused by name."""
    with pytest.raises(ArgumentError, match="batches"):
        hc.sam.run(hc.Objective.least_squares(["x - 1", "y"]), (0.5, 0.5), 1, 0.1, 5, batches=1)
