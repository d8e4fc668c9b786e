"""The readers of values refuse what is next to the last that they take, and the writer writes what they read."""

from __future__ import annotations

import hashlib
from fractions import Fraction

import pytest

from hallucert.check.claim import Claim, Enclosure, Status
from hallucert.check.file import cells, fields
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


@pytest.mark.parametrize(
    ("read", "taken", "refused"),
    [
        (lambda v: fields.read_text(v, "f", 3), ["", "abc"], ["abcd", "a\n", "\u00e9", b"abc", 5, None, []]),
        (lambda v: fields.read_list(v, "f", 2), [[], [1, 2]], [[1, 2, 3], (1,), "ab", None]),
        (lambda v: fields.read_integer(v, "f"), [0, 1, 10**17], [-1, True, 1.0, "1", None]),
        (lambda v: fields.read_version(v, "f"), ["1.2 a+b_c-d"], ["", "a" * 61, "1/2", "a(b)"]),
        (lambda v: fields.read_dyadic(v, "f"), ["3p-3", "0"], ["6p-4", "1/3", "", 1]),
        (lambda v: fields.read_exact(v, "f"), ["3p-3", "1/3"], ["2/6", "x", None]),
        (lambda v: fields.read_rho(v), ["3/2", "1"], ["6/4", "0", "-1", "1.5", "x", 1]),
        (lambda v: fields.read_subdivision(v, "f"), ["AbAab", "a"], ["A", "ab", "?", 1]),
        (lambda v: fields.read_fields(v, {"a", "b"}, "f"), [{"a": 1, "b": 2}], [{"a": 1}, dict.fromkeys("abc"), []]),
        (lambda v: cells.read_numbers(v, 2, "f"), [["1/3", "-1p4094"]], [["1"], ["1"] * 3, ["1", "1p4096"]]),
        (lambda v: cells.read_numbers(v, 2, "f"), [["0", "1p-4095"]], [["-1p4096", "1"], ["1p-4096", "1"]]),
        (lambda v: cells.read_square(v, 2, "f"), [[["1", "2/3"]] * 2], [[["1", "2"]], [["1"]] * 2, ["12"] * 2, 5]),
        (lambda v: cells.read_square(v, 2, "f"), [[["0", "1"]] * 2], [[["1", "0"], ["1"]], [["1", "0"], "12"]]),
    ],
)
def test_readers_take_what_they_say_and_nothing_beside_it(read, taken, refused):
    """The longest and the shortest are taken; one more, another type, another spelling and another shape are not."""
    for value in taken:
        read(value)
    for value in refused:
        with pytest.raises(CertificateError):
            read(value)


@pytest.mark.parametrize(("name", "limit"), [("MAX_VECTOR_BITS", 8), ("MAX_MATRIX_BITS", 8)])
def test_bits_of_lists_are_counted(monkeypatch, name, limit):
    """1 and 2 have 2 and 3 bits, above and below the line: eight are taken, nine are not, in a list or a matrix."""
    monkeypatch.setattr(fields, name, limit)
    read = fields.read_vector if name == "MAX_VECTOR_BITS" else fields.read_rows
    wrap = (lambda v: v) if name == "MAX_VECTOR_BITS" else (lambda v: [v])
    read(wrap(["1", "1", "1", "1"]), "f")
    for values in (["1p1", "1p1", "1p1"], ["1p-1"] * 3, ["1"] * 5):
        with pytest.raises(CertificateError, match="at most 8 bits"):
            read(wrap(values), "f")


def test_who_made_a_file_and_with_how_many_bits():
    """30 to 2000 bits of three arithmetics; nothing else."""
    made = {"hallucert": "1", "backend": "midrad", "backend_version": "2", "precision": 30}
    for change in ({}, {"precision": 2000}, {"backend": "arb"}, {"backend": "mpmath"}):
        fields.read_provenance(made | change)
    for change in ({"precision": 29}, {"precision": 2001}, {"backend": "float"}, {"backend": "arb "}):
        with pytest.raises(CertificateError, match="provenance"):
            fields.read_provenance(made | change)


def test_a_file_begins_with_its_format_and_its_digest():
    """The digest is that of the text with sorted keys, no spaces and escapes, by hashlib; schema 2 is an integer."""
    problem = {"b": 1, "a": "\u00e9"}
    digest = "sha256:" + hashlib.sha256(b'{"a":"\\u00e9","b":1}').hexdigest()
    top = {"format": "hallucert-certificate", "schema": 2, "problem": problem, "digest": digest}
    assert fields.read_top(top, set(top), {"a", "b"}) == (top, problem)
    for name, value in (("format", "x"), ("schema", 3), ("schema", 2.0), ("schema", "2"), ("digest", digest[:-1])):
        with pytest.raises(CertificateError) as caught:
            fields.read_top(top | {name: value}, set(top), {"a", "b"})
        assert caught.value.field == name


def test_every_chain_has_to_be_claimed():
    """Of three chains each has a proved claim of that name; a refuted one, another name and another piece are none."""

    def claim(piece, name="curve", status=Status.PROVED):
        return Claim(name, status, ".", inputs={"sheet": piece})

    cells.require_claims([claim(2), claim(1), claim(3)], "curve", "sheet", 3)
    cells.require_claims([], "curve", "sheet", 0)
    for third in (claim(2), claim(3, "other"), claim(3, status=Status.REFUTED), claim(4), claim(0)):
        with pytest.raises(CertificateError, match="sheet 3"):
            cells.require_claims([claim(1), claim(2), third], "curve", "sheet", 3)
    with pytest.raises(CertificateError, match="sheet 1"):
        cells.require_claims([claim(2)], "curve", "sheet", 2)
