"""A chart is proved where its image lies inside of its box, on all sides, and all else that the theorem asks holds."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import pytest

from hallucert.balls import arithmetic
from hallucert.check.sheet.surface_chart import ChartProof

INSIDE = ((-1, 1), (-2, 2))


@pytest.mark.parametrize(
    ("changes", "proved"),
    [
        ({}, True),
        ({"image": None}, False),
        ({"image": ((-1, 1), (-2, 4))}, False),
        ({"image": ((-1, 1), (-4, 2))}, False),
        ({"image": ((-3, 1), (-2, 2))}, False),
        ({"image": ((-2, 1), (-2, 2))}, False),
        ({"image": ((-1, 2), (-2, 2))}, False),
        ({"radius": (2, 0), "image": ((-1, 1), (0, 0))}, False),
        ({"radius": (2, -3)}, False),
        ({"half_width": 0}, False),
        ({"defined": False}, False),
        ({"inverse_frame": None}, False),
    ],
)
def test_each_hypothesis_counts(changes, proved):
    """Of the radii 2 and 3."""
    given = {"image": INSIDE, "radius": (2, 3), "half_width": 1, "defined": True, "inverse_frame": (), **changes}
    with arithmetic("mpmath", 106) as ar:
        made = ChartProof.__new__(ChartProof)
        chart = SimpleNamespace(half_width=given["half_width"], radius=given["radius"], square=((-1, 1),) * 2)
        image = given["image"] and [ar.interval(*map(Fraction, ends)) for ends in given["image"]]
        system = SimpleNamespace(defined=lambda z: given["defined"])
        made.__dict__.update(arithmetic=ar, chart=chart, image=image, system=system, box=None, at=lambda *_: None)
        made.__dict__["inverse_frame"] = given["inverse_frame"]
        assert bool(made.proved()) is proved
