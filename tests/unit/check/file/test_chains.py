"""Certificates of chains: claims by name, and how much there is."""

from __future__ import annotations

from copy import copy

import pytest

from hallucert.check.claim import Claim, Status
from hallucert.check.file.chains import ChainCertificate
from hallucert.check.file.unfinished import Unfinished
from hallucert.errors import ArgumentError


class Chains(ChainCertificate):
    """Two chains."""

    first_claim, names = "curve", ("curve", "fold", "event")

    def __init__(self, *claims, unfinished=None):
        self.all_claims, self.unfinished = claims, unfinished
        self.objective = type("Named", (), {"name": "f" * 50})
        self.__post_init__()

    def lengths(self):
        return [2, 3]


PROVED, OPEN, FOLD = (
    Claim(name, status, ".")
    for name, status in (("curve", Status.PROVED), ("curve", Status.UNDECIDED), ("fold", Status.REFUTED))
)


def test_claims_of_a_name_and_of_all_names():
    """All of a name have to be proved for it to hold; one proved piece of a curve is enough for there to be one."""
    chains = Chains(PROVED, OPEN, FOLD)
    assert list(chains) == [PROVED, OPEN, FOLD] and tuple(chains["curve"]) == (PROVED, OPEN)
    assert not chains["curve"] and Chains(PROVED, FOLD)["curve"] and not Chains(FOLD)["curve"]
    assert "fold" in chains and "event" not in chains and not chains["event"] and not chains.all_claims
    assert chains.proved and not Chains(OPEN, FOLD).proved and chains.cells == 5
    with pytest.raises(ArgumentError):
        chains["magic"]


def test_a_card_has_the_claims_and_what_is_left():
    """A line for each claim, and one more where the time was up."""
    assert len(Chains(PROVED, FOLD).card()) == 2
    assert "50%" in Chains(PROVED, unfinished=Unfinished(0.5, 3.0)).card()[-1]
    assert repr(Chains(PROVED, OPEN, FOLD)) == f"<Chains for {'f' * 40!r}: 2 pieces, 5 cells, 1 claims proved>"


def test_what_is_left_is_said_with_its_time():
    """Two digits of it, or that nobody knows; what a prover goes on from is neither compared nor shown, nor copied."""
    some = Unfinished(0.5, 12.34, work=object())
    assert (
        str(some) == "unfinished: 50% is proved when the time is up, the rest takes about 12 s more; go on with resume="
    )
    assert (
        str(Unfinished(0.25, float("inf")))
        == "unfinished: 25% is proved when the time is up, no estimate; go on with resume="
    )
    assert some == Unfinished(0.5, 12.34) and repr(some) == "Unfinished(share=0.5, seconds=12.34)"
    assert copy(some).work is None and copy(some) == some


def test_a_kind_says_how_long_its_pieces_are():
    """Chains that do not are no certificate."""
    with pytest.raises(TypeError, match="lengths"):
        ChainCertificate()
