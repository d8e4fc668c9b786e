"""Claims of files about pieces: each names a piece that is there, and no other."""

from __future__ import annotations

import pytest

from hallucert.check.claim import Status, Theorem
from hallucert.check.file.claims import read_claims
from hallucert.check.reason import Reason
from hallucert.errors import CertificateError

THEOREM = Theorem(
    name="piece",
    question="?",
    conclude=lambda facts, numbers, inputs: (Status.PROVED, "."),
    inputs=({"piece": "integer"},),
    subject="piece",
)


def entry(piece: int, status: str = "proved", reason: str | None = None) -> dict[str, object]:
    """A claim about a piece, as a file has it."""
    return {"name": "piece", "status": status, "inputs": {"piece": piece}, "numbers": {}, "reason": reason}


@pytest.mark.parametrize("fields", [{}, {"status": "undecided", "reason": "precision"}])
@pytest.mark.parametrize(("piece", "there"), [(0, False), (1, True), (2, True), (3, False)])
def test_a_claim_is_about_a_piece_that_is_there(piece, there, fields):
    """Of two pieces there may be claims about 1 and 2; about 0 and 3 they are refused by the place in the file."""
    claims = read_claims([entry(piece, **fields)], {"piece": THEOREM}, object(), 10, pieces=2)
    if there:
        assert next(claims).inputs == {"piece": piece}
        return
    with pytest.raises(CertificateError) as caught:
        next(claims)
    assert caught.value.field == "claims[0].inputs.piece"


def stated(facts, numbers, inputs):
    """Proved above 0, refuted below; what is not given at all provokes an error."""
    number = numbers["a"]
    return Reason.STRADDLES if number.lower <= 0 <= number.upper else (
        Status.PROVED if number.lower > 0 else Status.REFUTED, ".")  # fmt: skip


SIGN = Theorem(name="sign", question="?", conclude=stated, numbers=(frozenset({"a"}), frozenset({"a", "b"})))
FREE = Theorem(name="free", question="?", conclude=stated, inputs=({}, {"text": "text"}))
RIGHT = {"name": "sign", "status": "proved", "inputs": {}, "numbers": {"a": ["1", "1p1"]}, "reason": None}
OPEN = {"status": "undecided", "numbers": {}, "reason": "precision"}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"numbers": {"a": ["1", "1"], "b": ["0", "1"]}},
        {"status": "refuted", "numbers": {"a": ["-1p1", "-1"]}},
        {"name": "free", "inputs": {"text": "abc"}},
        {"name": "free"},
        OPEN,
    ],
)
def test_claims_that_say_what_their_numbers_show_are_read(change):
    """Each set of numbers and of inputs that a theorem has; an undecided claim has neither, and a reason."""
    (claim,) = read_claims([RIGHT | change], {"sign": SIGN, "free": FREE}, object(), 10)
    assert claim.status == (RIGHT | change)["status"] and dict(claim.inputs) == (RIGHT | change)["inputs"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "magic"}, "name"),
        ({"name": ["sign"]}, "name"),
        ({"status": "certain"}, "status"),
        ({"status": ["proved"]}, "status"),
        ({"status": "refuted"}, "status"),
        ({"numbers": {"a": ["-1", "1"]}}, "status"),
        ({"reason": "precision"}, "reason"),
        ({"reason": "magic"}, "reason"),
        ({"reason": ["precision"]}, "reason"),
        (OPEN | {"reason": None}, "reason"),
        (OPEN | {"reason": "magic"}, "reason"),
        (OPEN | {"reason": ["precision"]}, "reason"),
        (OPEN | {"numbers": {"a": ["1", "1"]}}, "numbers"),
        (OPEN | {"inputs": {"": 1}}, "inputs"),
        (OPEN | {"inputs": {"text": "abc"}, "name": "free"}, "inputs"),
        ({"inputs": []}, "numbers"),
        ({"numbers": []}, "numbers"),
        ({"inputs": {"text": "abc"}}, "inputs"),
        ({"numbers": {}}, "numbers"),
        ({"numbers": {"b": ["1", "1"]}}, "numbers"),
        ({"numbers": {"a": ["1", "1"], "c": ["1", "1"]}}, "numbers"),
        ({"name": "free", "numbers": {"b": ["1", "1"]}}, "numbers"),
        ({"name": "free", "inputs": {"text": 5}}, "inputs.text"),
    ],
)
def test_claims_that_say_anything_else_are_refused_by_their_field(change, field):
    """Names, statuses, reasons, numbers and inputs: other types, others than the theorem has, or than they show."""
    with pytest.raises(CertificateError) as caught:
        list(read_claims([RIGHT | change], {"sign": SIGN, "free": FREE}, object(), 10))
    assert caught.value.field == f"claims[0].{field}"


def test_without_facts_nothing_is_decided_and_the_list_has_an_end():
    """A decided claim needs what it is about; of two claims only one may be allowed; pieces are none by default."""
    theorems = {"sign": SIGN, "piece": THEOREM}
    for entries, facts, limit, field in (
        ([RIGHT], None, 1, "witness"),
        ([RIGHT] * 2, object(), 1, "claims"),
        ([entry(1)], object(), 1, "claims[0].inputs.piece"),
    ):
        with pytest.raises(CertificateError) as caught:
            list(read_claims(entries, theorems, facts, limit))
        assert caught.value.field == field
    assert len(list(read_claims([RIGHT | OPEN] * 2, theorems, None, 2))) == 2
