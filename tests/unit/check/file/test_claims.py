"""Claims of files about pieces: each names a piece that is there, and no other."""

from __future__ import annotations

import pytest

from hallucert.check.claim import Status, Theorem
from hallucert.check.file.claims import read_claims
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
