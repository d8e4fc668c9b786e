"""Fields of chains: as many numbers as there must be, none too long, and matrices that are square."""

from __future__ import annotations

from fractions import Fraction

import pytest

from hallucert.check.claim import Claim, Status
from hallucert.check.file.cells import read_flag, read_numbers, read_positive, read_square, require_claims
from hallucert.errors import CertificateError

LONG = "1p4095"
"""A number of 4096 bits, the most there may be."""


def test_numbers_are_as_many_and_as_short_as_they_must_be():
    """Exactly; a matrix is a list of such rows."""
    assert read_numbers(["1", "-3p-1"], 2, "a") == (Fraction(1), Fraction(-3, 2))
    assert read_positive(["1", LONG], 2, "a") == (Fraction(1), Fraction(2) ** 4095)
    assert read_square([["1", "0"], ["1p1", "-1"]], 2, "a") == ((1, 0), (2, -1))
    assert read_square([], 0, "a") == () and read_flag(0, "a") is False and read_flag(1, "a") is True


@pytest.mark.parametrize(
    ("read", "value", "field"),
    [
        (read_numbers, ["1"], "a"),
        (read_numbers, ["1", "1", "1"], "a"),
        (read_numbers, ["1", "1p4096"], "a"),
        (read_numbers, ["1", "1p-4096"], "a"),
        (read_positive, ["1", "0"], "a"),
        (read_positive, ["-1", "1"], "a"),
        (read_square, [["1", "0"]], "a"),
        (read_square, [["1", "0"]] * 3, "a"),
        (read_square, [["1", "0"], ["1"]], "a"),
        (read_square, [["1"], ["1"]], "a"),
        (read_square, [["1", "0"], "10"], "a"),
        (read_square, [["1", "0"], 7], "a"),
        (read_square, [["1", "0"], ["1", "1p4096"]], "a[1]"),
        (read_square, "10", "a"),
    ],
)
def test_other_numbers_are_refused_by_name(read, value, field):
    """Too many or too few, too long, of the wrong sign, rows that are none."""
    with pytest.raises(CertificateError) as caught:
        read(value, 2, "a")
    assert caught.value.field == field


@pytest.mark.parametrize("value", [2, -1, True, "1", None, 1.0])
def test_a_flag_is_0_or_1(value):
    """An integer."""
    with pytest.raises(CertificateError, match="0 or 1"):
        read_flag(value, "a")


def test_each_chain_is_claimed_to_be_a_curve():
    """By a claim that is proved, of that name; the first that is not is named."""
    first, second = (Claim("curve", Status.PROVED, ".", inputs={"sheet": k}) for k in (1, 2))
    require_claims([first, second], "curve", "sheet", 2)
    require_claims([], "curve", "sheet", 0)
    others = [
        Claim("fold", Status.PROVED, ".", inputs={"sheet": 2}),
        Claim("curve", Status.REFUTED, ".", inputs={"sheet": 2}),
    ]
    for claims, number in (([first, *others], 2), ([second], 1), ([], 1)):
        with pytest.raises(CertificateError, match=f"'curve' about sheet {number}"):
            require_claims(claims, "curve", "sheet", 2)
