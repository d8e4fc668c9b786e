"""Claim: what published numbers of mini-batches show is stated from them alone, and nothing beyond a threshold."""

from __future__ import annotations

from fractions import Fraction

import pytest

import hallucert as hc
from hallucert.check.batches import attractor, mean_square, reshuffled
from hallucert.check.claim import Enclosure
from hallucert.check.point.rule import Facts
from hallucert.check.reason import Reason

BALL = {"step": Fraction(1), "basis": (), "size": Fraction(1), "bound": Fraction(1, 2), "slope": Fraction(1)}
GOOD = {"contraction": (0.1, 0.2), "leaving": (1, 2), "path": (1, 2), "radius": (0.1, 0.2)}


@pytest.fixture(scope="module")
def facts() -> Facts:
    """A point with no claims."""
    f = hc.Objective.least_squares(["x**2 - 1", "y**2 - 1"])
    cert = hc.certify(f, (-0.5, -0.5), "1.5", batches=1, precisions=[53])
    return Facts(cert.problem, cert.witness)


def enclosures(numbers: dict) -> dict:
    """Numbers as a file has them."""
    return {name: Enclosure(Fraction(low), Fraction(high)) for name, (low, high) in numbers.items()}


@pytest.mark.parametrize(
    ("rule", "numbers", "inputs", "shown"),
    [
        (mean_square, GOOD, BALL, "proved"),
        (mean_square, GOOD | {"radius": (-0.1, 0.2)}, BALL, None),
        (mean_square, GOOD, BALL | {"bound": Fraction(1)}, None),
        (mean_square, GOOD, BALL | {"bound": Fraction(0)}, None),
        (mean_square, GOOD, BALL | {"size": Fraction(0)}, None),
        (mean_square, {"contraction": (0.1, 0.2)}, BALL, None),
        (mean_square, {"expansion": (1.5, 2)}, {"step": Fraction(1), "basis": ()}, "refuted"),
        (mean_square, {"expansion": (1, 2)}, {"step": Fraction(1), "basis": ()}, None),
        (mean_square, {"expansion": (0.5, 2)}, {"step": Fraction(1), "basis": ()}, None),
        (mean_square, GOOD | {"expansion": (1.5, 2)}, {"step": Fraction(1), "basis": ()}, None),
        (mean_square, {}, {"step": Fraction(1)}, None),  # the claim attractor is not there
        (reshuffled, GOOD, BALL, "proved"),
        (reshuffled, GOOD | {"radius": (0, 0.2)}, BALL, None),
        (reshuffled, GOOD, BALL | {"bound": Fraction(1)}, None),
        (reshuffled, GOOD, BALL | {"size": Fraction(0)}, None),
        (attractor, {"smallest_real_part": (1, 2)}, {}, "proved"),
        (attractor, {"smallest_real_part": (-2, -1)}, {}, "refuted"),
        (attractor, {"smallest_real_part": (-1, 1)}, {}, None),
        (attractor, {"smallest_real_part": (0, 1)}, {}, None),
        (attractor, {"smallest_real_part": (1, 2)}, {"step": Fraction(1), "basis": ()}, None),
        (attractor, {"smallest_real_part": (1, 2), "contraction": (0.5, 1)}, {"step": Fraction(1), "basis": ()}, None),
        (
            attractor,
            {"smallest_real_part": (1, 2), "contraction": (0.5, 0.9)},
            {"step": Fraction(1), "basis": ()},
            "proved",
        ),
        (
            attractor,
            {"smallest_real_part": (-2, -1), "contraction": (0.5, 0.9)},
            {"step": Fraction(1), "basis": ()},
            None,
        ),
    ],
)
def test_numbers_show_what_they_show(facts, rule, numbers, inputs, shown):
    """At a threshold, beyond it, and with numbers that are not those of the claim, nothing is stated."""
    found = rule.RULE.conclude(facts, enclosures(numbers), inputs)
    assert isinstance(found, Reason) if shown is None else str(found[0]) == shown
