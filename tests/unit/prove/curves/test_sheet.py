"""Claims: pieces are cut until all that can be measured of them is known, and unneeded joints are left out."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import pytest

from hallucert.check.claim import Enclosure
from hallucert.check.reason import Reason
from hallucert.check.sheet.measures import Least
from hallucert.check.subdivision import Subdivision
from hallucert.prove.curves import sheet
from hallucert.prove.curves.sheet import _decides
from hallucert.prove.curves.surface import MeasuredChart, _Edges, _parts, _spanning


@pytest.mark.parametrize(
    ("ends", "decided"), [((1, 8), True), ((1, 9), False), ((-8, -1), True), ((-9, -1), False), ((-1, 1), False)]
)
def test_a_number_is_known_within_a_factor_from_its_threshold(ends, decided):
    """On either side of it; 9 is too much."""
    for threshold in (Fraction(0), Fraction(-2, 3)):
        number = Enclosure(*(threshold + end for end in ends))
        assert _decides(Least(threshold), {"n": number}, "n") is decided


def test_what_cannot_be_measured_is_cut():
    """Also where some other piece is already below the threshold, which makes numbers unimportant, not failures."""
    below = Least(Fraction(0), {"n": Enclosure(Fraction(-2), Fraction(-1))})
    for least in (Least(Fraction(0)), below):
        assert not _decides(least, Reason.PRECISION, "n")
    assert _decides(below, {"n": Enclosure(Fraction(-5), Fraction(5))}, "n")


def test_two_charts_are_joined_once():
    """Of what covers their edges the first piece is kept; an edge without any is not cut."""
    first = _Edges((Subdivision("Bcc"), Subdivision("f")), [1, 1, None])
    second = _Edges((Subdivision("Acc"), Subdivision("Bcf")), [0, 0, 0, None])
    (kept, bound), (free, cut) = _spanning([first, second], [0, 1])
    assert [cuts.letters for cuts in (kept, bound, free, cut)] == ["Bcf", "f", "f", "f"]


def test_a_piece_is_measured_until_something_is_open(monkeypatch):
    """If all has to be decided the first number that is not ends it, and there is nothing; else all are measured."""
    asked = []

    def rule(name, low, high):
        def measure(evidence, inputs):
            asked.append(name)
            return {"n": Enclosure(Fraction(low), Fraction(high))}

        return SimpleNamespace(measure=measure), ("n",)

    monkeypatch.setattr(sheet, "HARDEST_FIRST", ("a", "b", "c"))
    for ends, known in (((1, 2), True), ((-1, 2), False)):
        monkeypatch.setattr(sheet, "RULES", {"a": rule("a", 1, 2), "b": rule("b", *ends), "c": rule("c", 1, 2)})
        measures = SimpleNamespace(least={name: Least(Fraction(0)) for name in "abc"})
        asked.clear()
        found = sheet.measured(measures, None, in_full=True)
        assert (asked, found is not None) == ((["a", "b", "c"], True) if known else (["a", "b"], False))
        assert list(sheet.measured(measures, None, in_full=False)) == ["a", "b", "c"]
        measures.least["b"].failed = True
        assert list(sheet.measured(measures, None, in_full=True)) == ["a", "c"]


def test_what_was_not_measured_on_a_piece_is_open():
    """A question that had failed elsewhere, and was not asked any more, is not answered by the other pieces."""
    one = {name: {"n": Enclosure(Fraction(1), Fraction(2))} for name in sheet.RULES}
    rest = {name: numbers for name, numbers in one.items() if name != "attractor"}
    assert not sheet.folded(Fraction(1), [one, one]).least["attractor"].failed
    for pieces in ([one, rest], [rest, one]):
        least = sheet.folded(Fraction(1), pieces).least
        assert {name for name in least if least[name].failed} == {"attractor"}


def test_a_chart_is_left_out_if_a_piece_of_it_was_measured_on_a_chart_of_another_part():
    """Charts 0 and 1 hang together, 2 and 3 too; a piece of 2 lies in 0, and a piece of 3 in 2: both are left out."""
    nothing = Subdivision("f")
    bounds = [_Edges((nothing,) * 4, [owner, None, None, None]) for owner in (1, 0, 3, 2)]
    charts = [MeasuredChart(nothing, [], owners) for owners in (set(), {0}, {0}, {2})]
    assert _parts(bounds, charts) == [[0, 1]]
    assert _parts(bounds, [*charts[:2], charts[0], charts[3]]) == [[0, 1], [2, 3]]
    assert _parts(bounds[:1], charts) == [[0]], "the edges of the others are not known"
