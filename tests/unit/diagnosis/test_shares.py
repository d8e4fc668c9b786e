"""Claim: every run of an ensemble is counted once, in its class, with the exact interval of the proportion."""

import math

import numpy as np
import pytest

import hallucert as hc
from hallucert.diagnosis.report import Kind
from hallucert.diagnosis.shares import clopper_pearson
from hallucert.errors import ArgumentError

WELL = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")


@pytest.fixture(scope="module")
def ends() -> hc.sam.Ensemble:
    starts = [[-0.6, 0.3], [0.7, -0.2], [0.6, 0.1], [0.0, 0.0], [1e9, 0.0], [-0.6, 0.2]]
    return hc.sam.run_ensemble(WELL, starts, hc.sam.each("1.5", "0.3"), 0.1, 2000, bound=1e10)


def test_intervals_have_the_closed_form() -> None:
    """None of n gives 1 - (alpha/2)^(1/n); otherwise the tails of the binomial distribution are alpha/2 each."""
    assert clopper_pearson(0, 10, 0.95) == (0.0, pytest.approx(1 - 0.025**0.1))
    low, high = clopper_pearson(7, 12, 0.9)
    tail = [math.comb(12, j) for j in range(13)]
    assert sum(tail[j] * low**j * (1 - low) ** (12 - j) for j in range(7, 13)) == pytest.approx(0.05)
    assert sum(tail[j] * high**j * (1 - high) ** (12 - j) for j in range(8)) == pytest.approx(0.05)


def test_runs_are_counted_by_class_and_target(ends: hc.sam.Ensemble) -> None:
    """The wells have hallucinated minimizers at -1/2 and 1/2 with the targets 1 and -1; runs elsewhere are apart."""
    shares = hc.diagnose(ends.select(rho="1.5"))
    assert sorted(run for share in shares.shares for run in share.runs) == list(range(6))
    found = {tuple(share.target.round(9) + 0.0): share for share in shares.shares if share.hallucinated}
    assert {target: share.runs.tolist() for target, share in found.items()} == {
        (1.0, 0.0): [0, 5],
        (-1.0, 0.0): [1, 2],
    }
    assert all(share.kind is Kind.MINIMIZER and share.attracts and len(share.points) == 1 for share in found.values())
    assert {share.name for share in shares.shares if not share.hallucinated} == {"diverged", "at a critical point of f"}
    assert shares.hallucinated == (4, clopper_pearson(4, 6, 0.95)) == shares.minimizers
    assert "4 of 6, 66.7 %  [22.3, 95.7]" in str(shares)


def test_runs_that_did_not_stop_are_apart() -> None:
    """With ten steps nothing has stopped: no run counts as hallucinated, and the text says that this is not known."""
    shares = hc.diagnose(hc.sam.run_ensemble(WELL, [[-0.6, 0.3], [-0.5, 1e-9]], "1.5", 1e-3, 10))
    assert shares.hallucinated[0] == 0
    assert shares.unfinished[0] == 2
    assert "not stopped: hallucinated minimizer" in str(shares)
    assert "2 had not stopped: what becomes of them is not known" in str(shares)


def test_a_two_cycle_has_stopped(ends: hc.sam.Ensemble) -> None:
    """With a small radius SAM jumps to and fro over a minimizer for ever: counted as such, not as unfinished."""
    well = hc.Objective.parse("x**2 / 2 + y**2")
    shares = hc.diagnose(hc.sam.run_ensemble(well, [[0.3, 0.0], [0.2, 0.0]], "0.3", 0.1, 500))
    assert {share.kind for share in shares.shares} == {Kind.BOUNCING}
    assert shares.unfinished[0] == 0


def test_a_selection_has_the_runs_of_one_radius(ends: hc.sam.Ensemble) -> None:
    """Runs are selected by the name of their radius; their last radius and step are recorded."""
    part = ends.select(rho="0.3", arm="SAM")
    assert set(part.rho) == {"0.3"}
    assert np.array_equal(part.x, ends.x[6:])
    assert set(part.radius) == {0.3}
    assert set(part.step_size) == {0.1}


def test_misuse_is_named(ends: hc.sam.Ensemble) -> None:
    """Several radii, an unknown one and a wrong confidence are refused by name."""
    with pytest.raises(ArgumentError, match="ensemble must be of one radius"):
        hc.diagnose(ends)
    with pytest.raises(ArgumentError, match=r"rho must be one of 1\.5, 0\.3"):
        ends.select(rho=2)
    with pytest.raises(ArgumentError, match="confidence"):
        hc.diagnose(ends.select(rho="1.5"), confidence=95)
