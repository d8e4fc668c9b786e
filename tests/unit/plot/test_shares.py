"""Claim: proportions stand at their radii, with their intervals, and every run is in one of the classes drawn."""

import numpy as np
import pytest

import hallucert as hc
from hallucert.errors import ArgumentError
from hallucert.plot.shares import CLASSES

WELL = hc.Objective.parse("(x**2 - 1)**2 / 4 + y**2 / 20")


@pytest.fixture(scope="module")
def found() -> list[hc.Prevalence]:
    box = [(-2, 2), (-1, 1)]
    return [hc.prevalence(WELL, box, rho, "0.1", runs=60, steps=2000) for rho in ("1.5", "0.2")]


def test_proportions_stand_at_their_radii(found: list[hc.Prevalence]) -> None:
    """The line of hallucinated minimizers has the proportions of the results, by ascending radius; they add up to 1."""
    ax = hc.plot.prevalence(found)
    lines = {container.get_label(): container.lines[0].get_xydata() for container in ax.containers}
    expected = [[0.2, found[1].hallucinated[0]], [1.5, found[0].hallucinated[0]]]
    np.testing.assert_allclose(lines["hallucinated minimizer"], expected)
    np.testing.assert_allclose(sum(line[:, 1] for line in lines.values()), 1)
    assert ax.get_xlabel() == r"$\rho$"


def test_every_share_is_in_one_class(found: list[hc.Prevalence]) -> None:
    """Each share belongs to exactly one of the classes drawn."""
    for item in found:
        assert all(sum(belongs(share) for _, belongs in CLASSES.values()) == 1 for share in item.shares.shares)


def test_misuse_is_named(found: list[hc.Prevalence]) -> None:
    """What is no result, and results of two functions, are refused."""
    with pytest.raises(ArgumentError, match="found"):
        hc.plot.prevalence([3])
    with pytest.raises(ArgumentError, match="found"):
        hc.plot.prevalence([])
