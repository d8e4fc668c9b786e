"""The readers of values refuse what is next to the last that they take, and the writer writes what they read."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hallucert.check.claim import Enclosure
from hallucert.check.file.cells import read_flag, read_positive
from hallucert.check.file.fields import READERS, read_record
from hallucert.check.writing.fields import plain
from hallucert.errors import CertificateError


@pytest.mark.parametrize("text", ["0", "-1"])
def test_positive_numbers_are_above_zero(text):
    """A half width of 0 or below is refused, whichever of them it is; 2**-4000 is taken."""
    assert read_positive(["1p-4000", "1"], 2, "radius") == (Fraction(1, 2**4000), Fraction(1))
    for values in ([text, "1"], ["1", text]):
        with pytest.raises(CertificateError) as caught:
            read_positive(values, 2, "radius")
        assert caught.value.field == "radius"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("box", ((Fraction(-1), Fraction(-1)), (Fraction(0), Fraction(3, 8)))),
        ("dyadics", (Fraction(5), Fraction(-3, 4))),
        ("exact", Fraction(2, 3)),
        ("integer", 7),
        ("rows", ((Fraction(1, 3),), (Fraction(0),))),
        ("text", "two words"),
    ],
)
def test_what_is_written_is_read_again(kind, value):
    """Each value comes back from its plain data, alone and as a field of a record."""
    assert READERS[kind](plain(value), "field") == value
    assert read_record({"a": plain(value)}, {"a": kind}, "record") == {"a": value}


def test_enclosures_are_intervals_and_other_objects_are_refused():
    """An enclosure is written as its two ends; what no field holds raises a TypeError that names its type."""
    assert READERS["interval"](plain(Enclosure(Fraction(-1), Fraction(1, 2))), "x") == (Fraction(-1), Fraction(1, 2))
    with pytest.raises(TypeError, match="complex"):
        plain(1j)


@pytest.mark.parametrize("ends", [["1", "0"], ["0"], ["0", "1", "2"]])
def test_intervals_are_two_ends_in_order(ends):
    """Reversed ends, one, and three are refused; a point is an interval."""
    assert READERS["interval"](["1", "1"], "x") == (Fraction(1), Fraction(1))
    with pytest.raises(CertificateError):
        READERS["interval"](ends, "x")


@pytest.mark.parametrize("value", [2, -1, True, "1", None])
def test_flags_are_0_or_1(value):
    """No other number is a flag, and nothing that only counts as one of them."""
    assert [read_flag(flag, "closed") for flag in (0, 1)] == [False, True]
    with pytest.raises(CertificateError, match="closed"):
        read_flag(value, "closed")
