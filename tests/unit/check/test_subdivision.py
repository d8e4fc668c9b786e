"""A recorded subdivision covers its box whatever it says, and each of its pieces is settled by the test it names."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

import hallucert as hc
from hallucert.balls import arithmetic
from hallucert.check import subdivision
from hallucert.check.file.fields import read_subdivision
from hallucert.check.file.files import from_json
from hallucert.check.file.save import to_json
from hallucert.check.reason import Reason
from hallucert.check.subdivision import DEEPEST, LONGEST, Criteria, Subdivision, balls_of, halves, lies_in
from hallucert.errors import ArgumentError, CertificateError

UNIT = [(Fraction(0), Fraction(1))] * 2


def random_letters(rng, axes="AB"):
    """The record of a random tree."""
    letters, open_ = "", 1
    while open_:
        split = rng.random() < 0.5 and open_ < 40
        letters += rng.choice(list(axes if split else "abc"))
        open_ += 1 if split else -1
    return letters


def test_the_pieces_are_those_of_the_letters():
    """By hand: the lower half of x first; of the upper half the lower half of y first."""
    half, one, zero = Fraction(1, 2), Fraction(1), Fraction(0)
    found = list(Subdivision("AaBbc").pieces(UNIT))
    assert found == [
        ("a", [(zero, half), (zero, one)]),
        ("b", [(half, one), (zero, half)]),
        ("c", [(half, one), (half, one)]),
    ]
    assert len(Subdivision("AaBbc")) == 3 and len(Subdivision("a")) == 1


def test_the_pieces_cover_the_box_exactly():
    """Areas of the pieces of random trees add up to that of the box, and random points lie in one of them."""
    rng = np.random.default_rng(0)
    for _ in range(60):
        found = Subdivision(random_letters(rng))
        pieces = [piece for _, piece in found.pieces(UNIT)]
        assert len(pieces) == len(found)
        assert sum((b - a) * (d - c) for (a, b), (c, d) in pieces) == 1
        for point in rng.random((20, 2)):
            assert any(all(low <= v <= high for v, (low, high) in zip(point, piece, strict=True)) for piece in pieces)


@pytest.mark.parametrize(
    ("letters", "says"),
    [
        ("", "settle every piece"),
        ("A", "settle every piece"),
        ("Aa", "settle every piece"),
        ("AaBb", "settle every piece"),
        ("ab", "end with the last piece"),
        ("Aabc", "end with the last piece"),
        ("AabB", "end with the last piece"),
        ("A1a", "be letters"),
        ("A a", "be letters"),
        ("Aaé", "be letters"),
        ("Aa\x00", "be letters"),
        ("A" * (DEEPEST + 1) + "a" * (DEEPEST + 2), f"more than {DEEPEST} times"),
        ("a" * (LONGEST + 1), f"at most {LONGEST} letters"),
    ],
)
def test_what_is_no_tree_is_refused(letters, says):
    """Cut off, too long, of other characters, or too deep: an error that says which, also of a file."""
    with pytest.raises(ArgumentError, match=says):
        Subdivision(letters)
    with pytest.raises(CertificateError):
        read_subdivision(letters, "here")


def test_the_deepest_tree_is_taken():
    """As many halvings as are allowed, of the first half or of the last, and no more."""
    for letters in ("A" * DEEPEST + "a" * (DEEPEST + 1), "Aa" * DEEPEST + "a"):
        assert len(Subdivision(letters)) == DEEPEST + 1
    with pytest.raises(ArgumentError):
        Subdivision("Aa" * (DEEPEST + 1) + "a")


@pytest.mark.parametrize("value", [None, 1, ["a"], {"a": 1}, "a\n", "a" * (LONGEST + 1)])
def test_a_file_holds_one_as_text(value):
    """Anything else is refused with the name of the field."""
    with pytest.raises(CertificateError, match="here"):
        read_subdivision(value, "here")


def below(limit):
    """Tests: the sum of the coordinates is certainly below a number, or a piece lies in the lower left quarter."""
    ar = arithmetic("arb", 53)

    def is_low(seen):
        return ar.negative(seen[1][0] + seen[1][1] - ar.constant(Fraction(limit)))

    def is_quarter(seen):
        return lies_in(seen[0], [(Fraction(0), Fraction(1, 2))] * 2)

    return Criteria(ar, lambda piece, balls: (piece, balls), {"s": is_low, "q": is_quarter})


@pytest.mark.parametrize(
    ("limit", "letters", "answer"),
    [
        ("2.1", "s", None),
        ("1.9", "s", Reason.UNSETTLED),  # (1, 1) is above
        ("2.1", "q", Reason.UNSETTLED),  # true of the box, but not by this test
        ("2.1", "t", Reason.UNSETTLED),  # there is no such test
        ("1.6", "AsBss", Reason.UNSETTLED),  # the last piece reaches (1, 1)
        ("2.1", "AsBss", None),
        ("0.5", "ABqss", Reason.UNSETTLED),
        ("2.1", "ABqss", None),
        ("2.1", "ABsqs", Reason.UNSETTLED),  # the quarter is the first piece, not the second
    ],
)
def test_each_piece_is_settled_by_the_test_that_it_names(limit, letters, answer):
    """One open piece is enough for a refusal, wherever it is; no other test is tried, and nothing is halved."""
    assert below(limit).settle(Subdivision(letters), UNIT, 10) is answer


def test_a_side_that_the_box_does_not_have_is_not_halved():
    """An error with a type, which a checker reports as a failure."""
    with pytest.raises(ArgumentError, match="one of the 2 sides"):
        below(3).settle(Subdivision("Css"), UNIT, 10)


def test_more_pieces_than_allowed_are_not_looked_at():
    """Three pieces with a budget of three, and not with two; the last test is not even run."""
    seen, tests = [], below(3)
    counting = Criteria(tests.arithmetic, lambda piece, balls: seen.append(piece) or (piece, balls), tests.tests)
    assert counting.settle(Subdivision("AsBss"), UNIT, 2) is Reason.BUDGET and not seen
    assert counting.settle(Subdivision("AsBss"), UNIT, 3) is None and len(seen) == 3


def test_the_balls_hold_the_piece():
    """A test sees every point of its piece: thirds have no ends in binary."""
    for backend in ("arb", "mpmath"):
        ar = arithmetic(backend, 53)
        piece = [(Fraction(1, 3), Fraction(2, 3)), (Fraction(-1, 7), Fraction(0))]
        for (low, high), ball in zip(piece, balls_of(ar, piece), strict=True):
            assert ar.lower(ball) <= low and high <= ar.upper(ball)
            # second-order enclosures and mean value forms are about segments from the centre
            assert ar.lower(ball) <= ar.lower(ar.centre(ball)) == ar.upper(ar.centre(ball)) <= ar.upper(ball)


def test_a_box_is_halved_across_its_longest_side():
    """The first of several; or across the one that is named."""
    box = [(Fraction(0), Fraction(1)), (Fraction(0), Fraction(3)), (Fraction(1), Fraction(4))]
    low, high = halves(box)
    assert low[1] == (0, Fraction(3, 2)) and high[1] == (Fraction(3, 2), 3)
    assert [low[i] == high[i] == box[i] for i in range(3)] == [True, False, True]
    assert halves(box, 2)[1] == [*box[:2], (Fraction(5, 2), Fraction(4))]


@pytest.mark.parametrize(
    ("sides", "inside"),
    [(((0, 1), (0, 1)), True), (((0, 2), (0, 1)), False), (((0, 1), (-1, 1)), False), (((-1, 1), (0, 2)), False)],
)
def test_a_part_reaches_no_farther_on_any_side(sides, inside):
    """Ends may be equal."""
    assert lies_in([(Fraction(a), Fraction(b)) for a, b in sides], UNIT) is inside


WELLS = "(x**2 - 1)**2 + (y**2 - 1)**2"


@pytest.fixture(scope="module")
def farthest():
    """A small file: pieces are below the level, around the maximizer, or have a gradient."""
    return hc.certify(hc.find.farthest_point(hc.Objective.parse(WELLS), [0, 0], [1, 1], level="1.5"))


def changed(cert, change):
    """The certificate with another record, as read from a file."""
    data = json.loads(json.dumps(to_json(cert)))
    inputs = data["claims"][-1]["inputs"]
    inputs["subdivision"] = change(inputs["subdivision"])
    return from_json(data)


def test_the_record_is_the_same_after_a_file(farthest):
    """Letters in, letters out."""
    assert changed(farthest, lambda letters: letters).claims == farthest.claims


@pytest.mark.parametrize("backend", ["arb", "mpmath"])
@pytest.mark.parametrize(
    "change",
    [
        lambda letters: "o",
        lambda letters: "m",
        lambda letters: letters.replace("m", "o", 1),
        lambda letters: letters.replace("m", "b", 1),
        lambda letters: letters.replace("b", "m", 1),
        lambda letters: letters.replace("b", "g", 1),
        lambda letters: letters.replace("g", "m", 1),
        lambda letters: letters[:-1] + "m",
        lambda letters: letters.replace("g", "z", 1),
        lambda letters: "C" + 2 * letters,
    ],
    ids=["out", "at once", "m as o", "m as b", "b as m", "b as g", "g as m", "last as m", "no test", "no side"],
)
def test_a_record_that_claims_a_wrong_test_is_not_re_proved(farthest, change, backend):
    """A piece that names a test that does not hold there: the claim fails, and no other."""
    verdict = hc.verify(changed(farthest, change), backend)
    assert [result.name for result in verdict.results if not result.passed] == ["farthest_point"]


@pytest.mark.parametrize("change", [lambda s: s[:-1], lambda s: s + "o", lambda s: s.replace("A", "a", 1), lambda s: 5])
def test_a_record_that_is_no_tree_is_not_read(farthest, change):
    """The error names the field."""
    with pytest.raises(CertificateError, match="subdivision"):
        changed(farthest, change)


def test_a_record_of_too_many_pieces_is_a_budget_and_no_wait(farthest):
    """A tree of a quarter of a million pieces is refused before the first of them is looked at."""
    deep = changed(farthest, lambda _: _full(18))
    verdict = hc.verify(deep, "arb", max_boxes=2**17)
    assert not verdict and "ran out of boxes" in str(verdict)


def _full(depth):
    """The full binary tree."""
    letters = "o"
    for k in range(depth):
        letters = "AB"[k % 2] + 2 * letters
    return letters


def test_a_checker_looks_at_each_piece_once(farthest, monkeypatch):
    """As many views as the record has pieces: it never searches, also where a piece is open."""
    seen, honest = [], Subdivision.pieces

    def counting(self, box):
        for letter, piece in honest(self, box):
            seen.append(letter)
            yield letter, piece

    monkeypatch.setattr(Subdivision, "pieces", counting)
    assert hc.verify(changed(farthest, lambda letters: letters), "arb")
    assert len(seen) == len(farthest["farthest_point"].inputs["subdivision"])
    seen.clear()
    assert not hc.verify(changed(farthest, lambda letters: letters.replace("m", "o", 1)), "arb")
    assert 0 < len(seen) < len(farthest["farthest_point"].inputs["subdivision"])


def test_a_record_of_the_longest_length_is_read(monkeypatch):
    """Five letters where five are the most; the middle of (1, 4) x (-2, 0) is (5/2, -1)."""
    monkeypatch.setattr(subdivision, "LONGEST", 5)
    assert len(Subdivision("AbAab")) == 3
    with pytest.raises(ArgumentError, match="at most 5"):
        Subdivision("AbAaAab")
    assert subdivision.middle_of([(Fraction(1), Fraction(4)), (Fraction(-2), Fraction(0))]) == [Fraction(5, 2), -1]
