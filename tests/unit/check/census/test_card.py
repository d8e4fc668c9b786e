"""What a census prints: points first, each called what it is, and neighbourhoods of critical points together."""

from __future__ import annotations

import re
from fractions import Fraction

import hallucert as hc


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
