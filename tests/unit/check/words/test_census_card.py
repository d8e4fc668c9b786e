"""What a census prints: points first, each called what it is, and neighbourhoods of critical points together."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

import hallucert as hc
from hallucert.check.census.census import Census, taken_out_of
from hallucert.check.census.records import HallucinatedPoint, Kind, Open, Problem, Stability, Unsettled
from hallucert.check.claim import Enclosure, Provenance
from hallucert.check.units import CALLER
from hallucert.check.words.census import _first, _together, listed


def test_a_census_prints_its_points_first_and_all_excluded_places_on_one_line():
    """Twelve places around the eight other critical points of the four wells: each lies where the line says."""
    found = hc.census(hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2"), [(-1.5, 1.5), (-1.5, 1.5)], 2, workers=1)
    lines = found.card()
    (excluded,) = [i for i, line in enumerate(lines) if "excluded: " in line]
    points = [i for i, line in enumerate(lines) if re.match(r" {4}\[", line)]
    assert len(points) == len(found.points) == 12 and max(points) < excluded
    titles = [line for line in lines if line.endswith(":")]
    assert [title.split(" (")[0].strip() for title in titles] == [
        "4 hallucinated minimizers",
        "8 hallucinated stationary points, no minimizers of f^SAM",
    ]
    assert all("repelling SAM" in title for title in titles)

    number = r"(-?[\d.e-]+)"
    within = Fraction(re.search(rf"12 places, all within {number} of", lines[excluded])[1])
    centres = [tuple(map(Fraction, pair)) for pair in re.findall(rf"\({number}, {number}\)", lines[excluded])]
    assert sorted(centres) == sorted((a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if (a, b) != (0, 0))
    for place in found.excluded:
        around = [[(v - within, v + within) for v in centre] for centre in centres]
        inside = [
            all(low <= side.lower and side.upper <= high for (low, high), side in zip(box, place.box, strict=True))
            for box in around
        ]
        assert any(inside)


def test_what_attracts_is_told_apart_from_what_is_a_minimizer():
    """The saddle (0, 1) of the four wells is the target of (0, 1 - rho), which attracts and is no minimizer."""
    found = hc.census(hc.Objective.parse("(x**2 - 1)**2 + (y**2 - 1)**2"), [(-0.1, 0.1), (-0.9, -0.1)], 1.5, workers=1)
    assert found.counts() == {"saddle": {"attractor": 1}}
    (title,) = [line for line in found.card() if line.endswith(":")]
    assert "1 hallucinated stationary point, no minimizer of f^SAM (target a saddle of f), attracting SAM" in title


def side(low, high) -> Enclosure:
    return Enclosure(Fraction(low), Fraction(high))


def place(*ends) -> Unsettled:
    """A neighbourhood of a critical point."""
    return Unsettled(tuple(side(*pair) for pair in ends), (), Open.CRITICAL_POINT)


def test_long_lists_are_cut():
    """Eight places, or as many as are asked for, and how many more there are; none more is not said."""
    lines = [str(i) for i in range(9)]
    assert _first(lines[:8], "> ") == lines[:8] and _first(lines, "> ") == [*lines[:8], "> ... and 1 more"]
    assert _first(lines, "", 3) == [*lines[:3], "... and 6 more"] and _first(lines[:2], "", 3) == lines[:2]
    point = HallucinatedPoint((side(1, 2),), 0, Kind.MINIMIZER, Stability.ATTRACTOR, side(1, 2), None, 0, ())
    one, many = (listed([point] * count, (), ()) for count in (1, 41))
    assert len(one) == 2 and "1 hallucinated minimizer (target a minimizer of f)" in one[0]
    assert len(many) == 42 and many[-1] == "    ... and 1 more" and "41 hallucinated minimizers (" in many[0]
    saddles = listed([replace(point, kind=Kind.SADDLE)] * 2, (), [place((0, 1))])
    assert "2 hallucinated stationary points, no minimizers of" in saddles[0] and "  pending: in" in saddles[-1]
    assert len(saddles) == 4 and not any("excluded" in line for line in saddles)


def test_places_lie_within_a_distance_of_their_middles():
    """Around (3, 0) within 3/8, around (-2, 0) within 1/2: a middle smaller than its side is said to be 0."""
    near = place((Fraction(23, 8), Fraction(25, 8)), (Fraction(-1, 4), Fraction(3, 8)))
    assert _together([near]) == "1 place, within 0.375 of (3, 0) in every coordinate"
    far = place((Fraction(-9, 4), Fraction(-7, 4)), (Fraction(-1, 2), Fraction(1, 4)))
    assert _together([near, far, near]) == "3 places, all within 0.5 of (3, 0), (-2, 0) in every coordinate"
    assert _together([near, near]).startswith("2 places, all within 0.375 of (3, 0) in")
    assert _together([place((1, 2), (Fraction(1, 4), Fraction(3, 4)))]) == (
        "1 place, within 0.5 of (1.5, 0.5) in every coordinate"
    )
    assert _together([Unsettled(None, (), Open.CRITICAL_POINT)]).startswith("1 place, within 0")


def test_a_census_says_of_how_much_it_is_all():
    """With its excluded places; and nothing of the time, if it was read."""
    f = hc.Objective.parse("x**2 + y**2")
    problem = Problem(f, Fraction(3, 2), np.array([[-1.0, 1.0], [0.0, 2.0]]))
    made = Census(problem, (None,), (), (), (), 7, math.nan, Provenance("", "", "", 53))
    for count, said in ((0, "complete"), (1, "complete outside of 1 excluded place"), (2, " of 2 excluded places")):
        other = replace(made, excluded=(place((1, 1), (0, 0)),) * count)
        assert repr(other).endswith(f"0 points, {said}>" if count < 2 else f"{said}>")
        assert other.card()[1].endswith(said) and other.complete
    open_ = replace(made, pending=(place((1, 1), (0, 0)),) * 3, seconds=0.123)
    assert repr(open_).endswith("rho = 3/2: 0 points, 3 places pending>") and not open_.complete
    assert open_.card()[1] == "0 hallucinated stationary points, NOT complete"
    assert open_.card()[-1] == "1 critical point within reach, 7 boxes in 0.12 s, arithmetic float"
    assert made.card()[-1] == "1 critical point within reach, 7 boxes, arithmetic float"
    assert replace(made, critical_points=()).card()[-1].startswith("0 critical points within")


@pytest.mark.parametrize(
    ("points", "excluded", "pending", "status"),
    [(0, 0, 0, "proved"), (1, 0, 0, "refuted"), (0, 1, 0, "undecided"), (0, 0, 1, "undecided"), (1, 1, 1, "refuted")],
)
def test_a_point_refutes_and_a_place_leaves_open(points, excluded, pending, status):
    """That there is no hallucination."""
    problem = Problem(hc.Objective.parse("x**2"), Fraction(3, 2), np.array([[-1.0, 1.0]]))
    parts = ((None,) * count for count in (points, excluded, pending))
    claim = Census(problem, (), *parts, 7, math.nan, Provenance("", "", "", 53)).claim
    assert claim.status == status
    assert claim.said.about == (Fraction(3, 2), (side(-1, 1),), *((1,) if points else ()))


def test_a_census_is_taken_out_of_its_units_part_by_part():
    """Critical points, points and places, each in its way; in the caller's units nothing changes."""
    made = Census("in units", ("c",), ("p", "q"), ("e",), ("o",), 7, 0.5, Provenance("", "", "", 53))
    units = SimpleNamespace(
        critical_outside=lambda c: (1, c), point_outside=lambda p: (2, p), place_outside=lambda e: (3, e)
    )
    found = taken_out_of(units, made, "outside")
    assert found == replace(
        made, problem="outside", critical_points=((1, "c"),), points=((2, "p"), (2, "q")), excluded=((3, "e"),),
        pending=((3, "o"),),
    )  # fmt: skip
    assert taken_out_of(CALLER, made, "outside") == replace(made, problem="outside")
