"""Claim `global_target`: what is proved, what is refuted, and how quickly it is told that neither can be."""

from __future__ import annotations

import pytest

import hallucert as hc

WELL = "(x**2 - 1)**2/4 + y**2/20"
BOX = [(-2, 2), (-1, 1)]
PIECES = 20_000
"""A tenth of what may be looked at by default."""


def _asked(formula, box, at=(-0.5, 0), rho="1.5", **options):
    f = hc.Objective.parse(formula, variables=("x", "y"))
    return hc.certify(f, at, rho, global_box=box, max_boxes=PIECES, **options)["global_target"]


@pytest.mark.parametrize(
    ("formula", "box", "reason"),
    [
        (WELL, BOX, "tie"),
        (f"1000000*({WELL})", BOX, "tie"),
        (f"{WELL} + 3", [(-2, 2), (-1, 1)], "tie"),
        (WELL, [(-1, 1.25), (-1, 1)], "tie"),  # the other one on the edge
        (f"1 + {WELL} + (1 - x)*2**(-60)", BOX, "tie"),  # the other one is higher, by less than doubles tell
        (f"{WELL} + 0*log(x + 1.2)", BOX, "domain"),
        (f"{WELL} + 0*log(x + 2)", BOX, "domain"),  # only the edge is out
        (f"{WELL} + 0/(y - 0.7)", BOX, "domain"),
        (f"{WELL} + 0*sqrt(2.1 - x - y)", BOX, "domain"),
        (f"{WELL} + 0*log((x + 1.5)**2 + (y - 0.3)**2)", BOX, "domain"),  # one point
        (WELL, [(1.5, 2), (-1, 1)], "outside"),
        (WELL, [(-2, 2), (0.25, 1)], "outside"),
    ],
)
def test_why_it_is_open(formula, box, reason):
    """Other global minimizers, places without a value and targets not inside are told apart, with few pieces."""
    claim = _asked(formula, box)
    assert (str(claim.status), str(claim.reason)) == ("undecided", reason)


@pytest.mark.parametrize("box", [[(1, 2), (-1, 1)], [(0.5, 1), (-1, 1)], [(0.5, 1.5), (0, 1)]])
def test_a_target_on_the_edge_is_in_the_box(box):
    """The target (1, 0) is a double, and so is its enclosure: the lowest point of a box that it is a side of."""
    f = hc.Objective.parse(WELL)
    cert = hc.certify(f, (-0.5, 0), "1.5", global_box=box, max_boxes=PIECES)
    assert cert["global_target"] and hc.verify(cert, backend="mpmath")


@pytest.mark.parametrize(
    ("formula", "box", "status"),
    [
        (WELL, [(-0.5, 2), (-1, 1)], "proved"),
        (f"{WELL} + 0*log(x + 1.2)", [(0, 2), (-1, 1)], "proved"),
        (f"{WELL} + (1 - x)/100", BOX, "proved"),
        (f"{WELL} + (x - 1)/100", BOX, "refuted"),
        (f"{WELL} + (x - 1)/100 + 0*log(x + 1.9)", BOX, "refuted"),  # a lower value is one wherever else there is none
    ],
)
def test_what_can_be_told_still_is(formula, box, status):
    """A lower other minimizer refutes, a higher one or none in the box does not hinder a proof."""
    f = hc.Objective.parse(formula, variables=("x", "y"))
    minimizer = max(hc.find.critical_points(f, [(0.5, 1.5), (-1, 1)]), key=lambda p: p.kind == "minimizer")
    points = [c for c in hc.find.on_sphere(f, minimizer.x, "1.5") if c.x[0] > -1.1]
    claims = [hc.certify(point, global_box=box)["global_target"] for point in points]
    assert status in {str(claim.status) for claim in claims}


def test_a_tie_says_where():
    """The tiny box that ends the search holds the other minimizer (-1, 0)."""
    claim = _asked(WELL, BOX)
    for i, value in enumerate((-1, 0)):
        side = claim.numbers[f"elsewhere[{i}]"]
        assert side.lower - 2**-20 <= value <= side.upper + 2**-20 and side.upper - side.lower < 2**-20
    low, high = (claim.numbers[name] for name in ("target_value", "value_elsewhere"))
    assert low.lower <= high.upper and high.lower <= low.upper


def test_a_tie_can_be_saved(tmp_path):
    """A certificate with an open tie is read back with its reason, and what it proves is re-proved."""
    cert = hc.certify(hc.Objective.parse(WELL), (-0.5, 0), "1.5", global_box=BOX)
    cert.save(tmp_path / "tie.json")
    assert str(hc.load(tmp_path / "tie.json")["global_target"].reason) == "tie"
    assert hc.verify(tmp_path / "tie.json")
