"""Claims: charts are one surface only where all of them are proved and hang together, with edges as it is said."""

from __future__ import annotations

from fractions import Fraction
from itertools import count

import numpy as np
import pytest
from flat import FlatChart, FlatPart, flat_atlas
from rings import RHO

from hallucert.balls import arithmetic
from hallucert.check.sheet import surface_atlas
from hallucert.check.sheet.measures import LATE, Measures, measured_surface
from hallucert.check.sheet.surface_atlas import Atlas, Neighbours, check_atlas, component, covering
from hallucert.check.subdivision import Subdivision
from hallucert.clock import Clock

SQUARE = [(Fraction(-1), Fraction(1))] * 2
ONE = ("0", "0", "1")


@pytest.fixture
def ar():
    with arithmetic("arb", 53) as chosen:
        yield chosen


def clock_of(ticks, report=None):
    """Return a clock whose time is up when it is looked at so often, if it is made."""
    ticking = count()
    return Clock(ticks, report, lambda: next(ticking))


FREE, COVERED = (Subdivision("f"),) * 4, (Subdivision("f"), Subdivision("Bfc"), *(Subdivision("f"),) * 2)


@pytest.mark.parametrize(
    ("closed", "cuts", "owners", "sound", "fault"),
    [
        (False, [FREE], {}, (1,), None),
        (False, [], {}, (), "no charts"),
        (False, [FREE, FREE], {}, (1, 0), "chart 1 is not shown"),
        (False, [FREE, FREE], {}, (0, 1), "chart 0 is not shown"),
        (False, [FREE, FREE], {}, (1, 1), "connected"),
        (False, [FREE, COVERED], {1: [0]}, (1, 1), None),
        (False, [COVERED, FREE, FREE], {0: [1, 2]}, (1, 1, 1), None),
        (False, [COVERED, FREE, FREE], {0: [1]}, (1, 1, 1), "connected"),
        (False, [COVERED, FREE], {0: []}, (1, 1), "edge of chart 0"),
        (False, [FREE, (Subdivision("m"), *FREE[1:])], {1: [0]}, (1, 1), "edge of chart 1"),
        (True, [(Subdivision("c"),) * 4] * 2, {0: [1], 1: [0]}, (1, 1), None),
        (True, [(Subdivision("c"),) * 4, COVERED], {0: [1], 1: [0]}, (1, 1), "edge of chart 1"),
    ],
)
def test_every_edge_that_counts_is_covered(monkeypatch, ar, closed, cuts, owners, sound, fault):
    """Free edges are no fault of an open atlas; every owner of an edge of one counts, of a closed one the first."""

    def owning(proofs, number, near, part):
        yield from owners[number][: 1 if closed else None]
        assert not closed, "one is enough"

    monkeypatch.setattr(surface_atlas, "ChartProof", lambda system, chart: chart)
    monkeypatch.setattr(surface_atlas, "covering", owning)
    charts = tuple(
        FlatChart(ar, (Fraction(k), Fraction(0)), Fraction(1), None, 0, bool(s)) for k, s in enumerate(sound)
    )
    reports = []
    found = check_atlas(None, Atlas(charts, closed, tuple(cuts)), Clock(report=lambda *told: reports.append(told)))
    if fault is None:
        assert (found.proofs, found.closed) == (charts, closed) and isinstance(found.neighbours, Neighbours)
        assert reports == [("charts", k, len(charts)) for k in range(len(charts))]
    else:
        assert fault in found


def test_an_atlas_is_given_up_when_the_time_is_up(monkeypatch, ar):
    """Before each of two charts, and before the edges of each."""
    monkeypatch.setattr(surface_atlas, "ChartProof", lambda system, chart: chart)
    atlas = Atlas(flat_atlas(ar, None, [ONE, ("1/2", "0", "1/2")]).proofs, False, (FREE, (Subdivision("c"), *FREE[1:])))
    for ticks in (1, 2, 3, 4):
        assert "time" in check_atlas(None, atlas, clock_of(ticks))
    assert not isinstance(check_atlas(None, atlas, clock_of(5)), str)


def test_charts_are_connected_in_both_directions():
    """0 is covered by 1, which covers a segment of 2; 3 is alone."""
    joined = [{1}, set(), {1}, set()]
    assert component(joined, 0) == component(joined, 1) == component(joined, 2) == {0, 1, 2}
    assert component(joined, 3) == {3}


@pytest.mark.parametrize(
    ("needs", "before", "found", "narrowed"),
    [
        ((0, 0, 0), None, [2, 1, 0], 0),
        ((0, 0, 0), 2, [1, 0], 0),
        ((0, 0, 0), 0, [], 0),
        ((1, 1, 0), None, [2], 0),
        ((1, 2, 1), None, [2, 0], 1),
        ((2, 2, 2), None, [], 2),
    ],
)
def test_charts_that_hold_a_part_are_named(ar, needs, before, found, narrowed):
    """The deepest first; the part is narrowed only if none holds it as it is, and not if there is no other chart."""
    squares = [(Fraction(k), Fraction(0)) for k in (3, 2, 1, 0)]
    proofs = [FlatChart(ar, centre, Fraction(9), None, need) for centre, need in zip(squares, (*needs, 0), strict=True)]
    part = proofs[3].part(SQUARE)
    assert list(covering(proofs, 3, Neighbours(proofs), part, before)) == found
    assert part.narrowed == narrowed


def test_the_look_up_names_six_charts_the_deepest_first(ar):
    """Of eight about places 0, 1, .. on a line, and the one that the point lies in is left out; none that is 9 off."""
    near = flat_atlas(ar, None, [(str(k), "0", "9") for k in range(8)]).neighbours
    assert near.of(np.array([0.1, 0.0])) == [0, 1, 2, 3, 4, 5]
    assert near.of(np.array([0.1, 0.0]), 2) == [0, 1, 3, 4, 5, 6]
    assert near.of(np.array([0.1, 0.0]), 0) == [1, 2, 3, 4, 5, 6]
    assert near.of(np.array([-6.0, 0.0])) == [0, 1, 2] and near.of(np.array([0.1, 9.5])) == []
    assert near._around(3) is near._around(3)
    apart = flat_atlas(ar, None, [("0", "0", "1"), ("2", "2", "1"), ("2", "3", "1")]).neighbours
    assert apart._around(0).tolist() == [1] and apart._around(1).tolist() == [0, 2]


@pytest.mark.parametrize(
    ("words", "known", "fault"),
    [
        (("m", "Amm"), None, None),
        (("m", "Acm"), None, None),
        (("m", "Acf"), None, "chart 1 is not measured"),
        (("m", "Acm"), (1, 1), "chart 1 is not measured"),
        (("c", "m"), None, "chart 0 is not shown"),
        (("m", "Amc"), None, "chart 1 is not shown"),
    ],
)
def test_what_is_covered_needs_no_measure(monkeypatch, ar, words, known, fault):
    """The left half of the second square lies in the first one, the right half does not, in which nothing is known."""
    atlas = flat_atlas(ar, None, [ONE, ("1/2", "0", "1/2")])
    atlas.proofs[0].half_width = Fraction(2)
    atlas.proofs[0].chart.square = [(Fraction(-1, 4), Fraction(3, 4)), (Fraction(-1), Fraction(1))]
    points, reports = [], []

    def point(part):
        assert part.narrowed == 1
        return None if known == (part.proof.centre[0] > 0, ar.midpoint(part.s[0]) > 0) else (part.proof.centre, part.s)

    monkeypatch.setattr(FlatPart, "point", point, raising=False)
    monkeypatch.setattr(Measures, "of", lambda self, point: points.append(point) or {})
    cuts = [Subdivision(word) for word in words]
    found = measured_surface(atlas, cuts, RHO, Clock(report=lambda *told: reports.append(told)))
    assert isinstance(found, Measures) if fault is None else fault in found
    assert fault is not None or len(points) == sum(word.count("m") for word in words)
    assert reports[0] == ("charts measured", 0, 2)
    assert measured_surface(atlas, cuts, RHO, Clock(0.0)) == LATE
