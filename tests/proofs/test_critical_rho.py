"""Brackets of critical radii: against float scans of circles and closed forms, and where nothing can be resolved."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.prove.absence import critical_rho as search
from hallucert.prove.absence import shells

FOLD = ("(2*x + y**2 + 1/2)**2 + (x**2 + 8*y/3 + 1)**2", (-1.9956707765941004, -1.868513193206888))
WELLS = "(x**2 - 1)**2/4 + y**2/20"
# Where points begin at a fold, at a saddle, and near several folds at once; the targets are minimizers.
FUNCTIONS = [
    FOLD,
    ("x**2/7 + y**2/7 + 2*sin(5*x/4 - y) + 3*cos(x*y/3)/2", (2.1288046, -2.2617193)),
    ("x**2/7 + y**2/7 + 2*sin(5*x/4 - y) + 3*cos(x*y/3)/2", (-0.70909318, 0.62154601)),
    ("x**2/7 + y**2/6 + 3*sin(3*x/2 + 2*y)/4 + 7*cos(x*y/3)/3", (-0.40554528, -0.43867725)),
    ("x**2/6 + y**2/8 - 5*sin(5*y/2 - x)/4 - 3*cos(x*y/3)/2", (-0.1457613, 0.5520909)),
    ("x**2/5 + y**2/8 + 2*sin(7*y/3 - x) + cos(x*y/3)/4", (0.1616014, -0.59042216)),
    ("(5*x/2 + y**2 - 3/5)**2 + (x**2 + 3*y + 6/5)**2", (0.17277622, -0.40995054)),
    ("(-3*x/4 + y**2 - 5/4)**2 + (x**2 + 2*y + 2/3)**2", (-0.91421285, -0.7512259)),
    (
        "x**2/7 + y**2/7 - 2*exp(-(x + 1/3)**2 - (y - 4)**2/2) - exp(-(x + 7/5)**2/2 - (y + 3)**2)",
        (-0.0016561, 0.0077285),
    ),
]


def first_radius_on_circles(f: hc.Objective, target: np.ndarray, last: float) -> float:
    """Scan circles in floats, ever more finely: the smallest radius at which g is normal and points inward."""
    angle = np.linspace(0, 2 * np.pi, 8001)
    normal = np.stack([np.cos(angle), np.sin(angle)], 1)
    low, high = 0.01 * last, last
    for _ in range(4):
        for radius in np.linspace(low, high, 41)[1:]:
            g = f.floats.gradient(target + radius * normal)
            tangential, radial = g[:, 1] * normal[:, 0] - g[:, 0] * normal[:, 1], (g * normal).sum(1)
            if ((tangential[:-1] * tangential[1:] <= 0) & (radial[:-1] < 0) & (radial[1:] < 0)).any():
                low, high = radius - (high - low) / 40, radius
                break
        else:
            return math.inf
    return high


@pytest.mark.parametrize(("formula", "target"), FUNCTIONS)
def test_the_bracket_is_as_narrow_as_asked_and_agrees_with_a_scan_of_circles(formula, target):
    """The scan meets nothing below the lower end and a point near the upper one, which is proved."""
    f = hc.Objective.parse(formula)
    found = hc.critical_rho(f, target)
    assert found.relative_width <= 1e-3 and found.ended == "reached" and found.boxes < 20_000
    scanned = first_radius_on_circles(f, found.target.x, 1.5 * float(found.upper))
    assert float(found.lower) <= scanned <= float(found.upper) * (1 + 1e-3)
    cert = hc.certify(f, found.point.x, found.upper)
    assert cert["hallucinated_minimizer"].status == "proved"


@pytest.mark.parametrize("rtol", [0.2, 0.01, 1e-5])
def test_the_tolerance_says_how_narrow(rtol):
    """At a fold, where boxes cannot be resolved, the upper end is found at once for every tolerance."""
    found = hc.critical_rho(hc.Objective.parse(FOLD[0]), FOLD[1], rtol=rtol)
    assert found.relative_width <= rtol and found.boxes < 20_000
    assert found.lower < Fraction("1.098874") and found.upper > Fraction("1.098873")


def test_without_proposals_the_bracket_is_true(monkeypatch):
    """If floats propose nothing the search ends by itself, with the same lower end, and says why it is wide."""
    monkeypatch.setattr(search, "lowest_point", lambda *_: None)
    found = hc.critical_rho(hc.Objective.parse(FOLD[0]), FOLD[1])
    assert found.lower < Fraction("1.098874") and float(found.lower) > 1.0985 and found.boxes < 300_000
    assert found.upper is None and found.ended == "resolution" and "cannot be decided" in str(found)
    wells = hc.critical_rho(hc.Objective.parse(WELLS), (1, 0))
    assert wells.lower <= 1 <= wells.upper and wells.ended == "reached"


def test_wrong_proposals_are_not_believed(monkeypatch):
    """Zeros that floats claim at every start and radius do not give an upper end below the truth, which is 1."""

    def claimed(around, radii, starts):
        count = len(starts.chart)
        chart, y = np.tile(starts.chart, len(radii)), np.tile(0 * starts.y, (len(radii), 1))
        return np.repeat(radii, count), shells.Places(chart, y)

    monkeypatch.setattr(shells, "_zeros", claimed)
    found = hc.critical_rho(hc.Objective.parse(WELLS), (1, 0))
    assert found.lower <= 1 <= found.upper
    assert hc.certify(hc.Objective.parse(WELLS), found.point.x, found.upper)["hallucinated_minimizer"]


def test_a_wrong_upper_end_of_the_floats_leaves_the_lower_end_exhaustive(monkeypatch):
    """If the first proposal is the point at rho = 3/2, the search below it finds what is at rho = 1."""
    proposals, calls = shells.lowest_point, []

    def late(around, floor, radii, starts, rtol):
        calls.append(floor)
        radii = radii[radii > 1.4] if len(calls) <= 2 else radii
        return proposals(around, max(floor, 1.4) if len(calls) <= 2 else floor, radii, starts, rtol)

    monkeypatch.setattr(search, "lowest_point", late)
    found = hc.critical_rho(hc.Objective.parse(WELLS), (1, 0))
    assert len(calls) > 2 and found.lower <= 1 <= found.upper


def test_a_circle_of_points_has_no_upper_end_and_the_search_ends():
    """Of h(r) = r^2 - r^4/4 every point with r > sqrt(2) is hallucinated: none is isolated, so none can be proved."""
    found = hc.critical_rho(hc.Objective.parse("x**2 + y**2 - (x**2 + y**2)**2/4"), (0, 0))
    assert found.upper is None and found.boxes < 400_000
    assert 0.999 * math.sqrt(2) < float(found.lower) <= math.sqrt(2)
    assert found.ended == "resolution" and "cannot be decided" in repr(found)


def test_of_a_degenerate_target_existence_is_not_claimed():
    """Along y, f' = 2 y - y^3 points inward beyond sqrt(2), which bounds the lower end; no upper end is given."""
    found = hc.critical_rho(hc.Objective.parse("x**4 + y**2 - y**4/4"), (0, 0))
    assert found.target.kind == "degenerate" and found.upper is None
    assert 1.4 < float(found.lower) <= math.sqrt(2)
    assert "degenerate" in str(found) and found.ended == "resolution"


def test_where_the_function_is_undefined_the_lower_end_stops():
    """1/x + x is not defined at distance 1 from its minimizer; beyond, at rho = 2, lies its maximizer -1."""
    found = hc.critical_rho(hc.Objective.parse("1/x + x + y**2"), (1, 0))
    assert found.lower <= 1 and 2 <= found.upper < 2.01 and found.ended == "resolution"


def test_a_wide_bracket_says_which_budget_was_spent():
    """Boxes, time and the largest radius; the bracket is true in all three cases."""
    f = hc.Objective.parse(WELLS)
    few = hc.critical_rho(f, (1, 0), max_boxes=10)
    assert few.ended == "boxes" and "max_boxes" in str(few) and few.lower <= 1 <= few.upper
    short = hc.critical_rho(f, (1, 0), budget=1e-9)
    assert short.ended == "time" and "seconds" in str(short) and short.lower == 0 and short.upper is None
    limited = hc.critical_rho(f, (1, 0), limit=0.9)
    assert limited.ended == "range" and "largest radius" in str(limited)


def test_three_and_four_variables():
    """More wells beside the first do not move its threshold, 1."""
    for names, more in ((("x", "y", "z"), "+ z**2/20"), (("x", "y", "z", "w"), "+ z**2/20 + w**2/20")):
        found = hc.critical_rho(hc.Objective.parse(WELLS + more, names), [1, *[0] * (len(names) - 1)])
        assert found.lower <= 1 <= found.upper and found.relative_width <= 1e-3


def test_printed_brackets_are_short_and_rounded_outward():
    """The interval in repr and str contains the exact ends."""
    f = hc.Objective.parse(WELLS)
    for found in (hc.critical_rho(f, (1, 0)), hc.safe_radius(f, (1, 0))):
        text = repr(found)
        assert text.startswith(f"<{type(found).__name__} in [") and len(text) < 60
        low, high = (Fraction(part) for part in text[text.index("[") + 1 : text.index("]")].split(", "))
        assert 0 <= found.lower - low < Fraction(1, 10**6) and 0 <= high - found.upper < Fraction(1, 10**6)
        assert "Fraction" not in text + str(found) and len(str(found)) < 500
    assert repr(hc.critical_rho(hc.Objective.parse("x**4 + y**4"), (0, 0))) == "<CriticalRho: none, f is convex>"
    assert "every radius" in repr(hc.safe_radius(hc.Objective.parse("x**4 + y**4"), (0, 0)))
