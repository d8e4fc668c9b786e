"""The statistics of the study against known numbers, and its three questions on runs whose answers are plain."""

from __future__ import annotations

import math

import pytest

from hallucert.tools.study_remedies import Mean, Proportion, behind, curve_rows, detected, guarded
from hallucert.training.monitor import Standing


def run(arm, rho, seed, accuracy, tenth=Standing.TRAINING, mean_rho=1.0):
    return {"arm": arm, "rho": rho, "seed": seed, "accuracy": accuracy, "tenth": str(tenth), "mean_rho": mean_rho}


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 10, 0.0, 1 - 0.025**0.1), (10, 10, 0.025**0.1, 1.0), (1, 2, 0.0125791, 0.9874209)],
)
def test_exact_intervals_of_shares(count, total, low, high):
    """Of none and all there is a closed form; the lower limit of 1 of 2 solves 2p - p^2 = 1/40."""
    interval = Proportion(count, total).interval
    assert interval == pytest.approx((low, high), abs=1e-7)


def test_intervals_of_means():
    """Of 1, 2, 3: standard deviation 1, and Student's quantile for two degrees of freedom, 4.3027, over root 3."""
    mean = Mean.of([1.0, 2.0, 3.0])
    assert (mean.value, mean.deviation) == (2.0, 1.0)
    assert mean.margin == pytest.approx(4.302652729911275 / math.sqrt(3))
    assert math.isnan(Mean.of([1.0]).margin) and str(Mean.of([1.0])) == "1.000"


def test_misses_and_false_alarms():
    """Only runs of SAM alone count; a run that diverges is an alarm, one that it is too early to tell of is none."""
    rows = [
        run("SAM", "5", 0, 0.1, Standing.AT_X),
        run("SAM", "5", 1, 0.1, Standing.DIVERGED),
        run("SAM", "5", 2, 0.1, Standing.EARLY),
        run("SAM", "1", 0, 0.9, Standing.TRAINING),
        run("SAM", "1", 1, 0.9, Standing.BOUNCING),
        run("guard", "5", 0, 0.1, Standing.TRAINING),
    ]
    assert detected(rows) == (Proportion(2, 3), Proportion(1, 2))


def test_what_the_guard_leaves_and_costs():
    """A run is lost where SGD trains from the same seed; costs count where all runs of SAM train."""
    rows = [
        *(run("SGD", "0", seed, accuracy) for seed, accuracy in ((0, 0.9), (1, 0.2))),
        *(run("SAM", "1", seed, accuracy) for seed, accuracy in ((0, 0.8), (1, 0.9))),
        *(run("SAM", "5", seed, accuracy) for seed, accuracy in ((0, 0.8), (1, 0.1))),
        *(run("guard", "1", seed, 0.8, mean_rho=mean) for seed, mean in ((0, 0.9), (1, 1.0))),
        *(run("guard", "5", seed, 0.1) for seed in (0, 1)),
    ]
    said = guarded(rows)
    assert said["stuck"] == [("5", 0)]
    (cost,) = said["where SAM trains"]
    assert cost == {"rho": "1", "behind": pytest.approx(1.0), "mean_rho": pytest.approx(0.95)}


def test_how_far_a_mean_is_behind():
    """In standard errors of the other mean, 1/sqrt(3) for 1, 2, 3; not at all if above; of one run nobody knows."""
    assert behind([1.0, 2.0, 2.4], [1.0, 2.0, 3.0]) == pytest.approx(0.2 * math.sqrt(3))
    assert behind([2.0], [1.0, 3.0]) == 0.0 and behind([1.0], [2.0]) == math.inf


def test_curves_are_tabulated_by_observation():
    """Each row has the run and one observation."""
    curves = {"steps": [1, 2], "value": [2.0, 1.0]}
    rows = curve_rows([{"seed": 3, "rho": "1", "arm": "SAM", "curves": curves}])
    assert rows[1] == {"seed": 3, "rho": "1", "arm": "SAM", "steps": 2, "value": 1.0}
    assert len(rows) == 2
