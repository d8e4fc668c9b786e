"""When a published claim follows from numbers that were measured again: each way in which it may not, and its words."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from hallucert.check.claim import Claim, Enclosure, Measured, Status, Theorem
from hallucert.check.reason import Reason
from hallucert.check.words.cards import LARGEST_COUNT

STEP = Fraction(1, 2**70)


def _interval(low, high):
    return Enclosure(Fraction(low), Fraction(high))


@pytest.mark.parametrize(
    ("low", "high", "contained"),
    [
        (1, 2, True),
        (1 + STEP, 2 - STEP, True),
        (1, 1, True),
        (2, 2, True),
        (1 - STEP, 2, False),
        (1, 2 + STEP, False),
        (0, 3, False),
        (-2, -1, False),
        (3, 4, False),
        (0, Fraction(1, 2), False),
    ],
)
def test_an_interval_contains_what_does_not_stick_out(low, high, contained):
    """Ends may touch; whatever is below the lower or above the upper end, by however little, is outside."""
    assert _interval(1, 2).contains(_interval(low, high)) is contained


def _conclude(facts, numbers, inputs):
    """Above the threshold (facts): proved; below: refuted."""
    if numbers["size"].lower > facts[0]:
        return Status.PROVED, f"The size is above {facts[0]}, {facts[1]}."
    return (Status.REFUTED, "It is not.") if numbers["size"].upper <= facts[0] else Reason.STRADDLES


THEOREM = Theorem(name="size", question="Is it large?", conclude=_conclude, subject="piece")
FACTS = 1, "as x is proved"
PUBLISHED = {"size": _interval(2, 3), "length": _interval(0, 1)}
INPUTS = {"piece": 1, "step": Fraction(1, 2)}
CLAIM = Claim("size", Status.PROVED, "The size is above 1, as x is proved.", PUBLISHED, INPUTS)


def _objection(claim=CLAIM, facts=FACTS, inputs=INPUTS, **numbers):
    return Measured(THEOREM, PUBLISHED | numbers, inputs).recheck(claim, facts)


def test_a_claim_follows_from_numbers_inside_of_the_published_ones():
    """Nothing is objected where each number lies in what is published, ends included, and the sentence is the same."""
    assert _objection() is None
    assert _objection(size=_interval(2, Fraction(5, 2)), length=_interval(1, 1)) is None


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("size", 2 - STEP, 2), ("size", 3, 3 + STEP), ("length", -STEP, 1), ("length", 0, 1 + STEP), ("size", 5, 6)],
)
def test_a_number_that_sticks_out_is_refused(name, low, high):
    """By 2**-70, on either side, of any of several numbers; the objection names it."""
    assert _objection(**{name: _interval(low, high)}).startswith(f"{name} is in ")


def test_numbers_that_could_not_be_had_prove_nothing():
    """A reason instead of numbers is said."""
    measured = Measured(THEOREM, Reason.PRECISION, INPUTS)
    assert measured.recheck(CLAIM, FACTS) == f"its numbers cannot be re-proved: {Reason.PRECISION.explanation}"


@pytest.mark.parametrize(
    "claim",
    [
        replace(CLAIM, name="length"),
        replace(CLAIM, inputs=INPUTS | {"piece": 2}),
        replace(CLAIM, inputs={"piece": 1}),
        replace(CLAIM, inputs={}),
    ],
)
def test_another_claim_in_its_place_is_refused(claim):
    """Name and every input are compared."""
    assert _objection(claim) == "it is not the claim that the data prove in its place"


def test_missing_and_surplus_numbers_are_refused():
    """A claim has the numbers that are measured, no more and no fewer; the objection lists them."""
    fewer = replace(CLAIM, numbers={"size": PUBLISHED["size"]})
    more = replace(CLAIM, numbers=PUBLISHED | {"width": _interval(0, 1)})
    assert _objection(fewer) == _objection(more) == "its numbers must be length, size"
    assert Measured(THEOREM, {}, INPUTS).recheck(CLAIM, FACTS) == "its numbers must be none"


def test_published_numbers_alone_decide():
    """Numbers that are sharper than what is published do not help a claim; status and every word must follow."""
    wide = replace(CLAIM, numbers=PUBLISHED | {"size": _interval(0, 3)})
    assert _objection(wide) == f"its numbers decide nothing: {Reason.STRADDLES.explanation}"
    assert _objection(replace(CLAIM, status=Status.REFUTED)) == "its numbers show proved, not refuted"
    changed = replace(CLAIM, said="The size is above 1.")
    assert _objection(changed).endswith(f"show another statement: {CLAIM.statement}")
    assert _objection(facts=(1, "as y is proved")).endswith(
        "show another statement: The size is above 1, as y is proved."
    )


def test_an_open_claim_keeps_what_it_is_about():
    """Of its inputs the piece alone, if there are pieces, and nothing without inputs."""
    opened = THEOREM.open(Reason.PRECISION, INPUTS)
    assert opened == Claim("size", Status.UNDECIDED, "Is it large?", {}, {"piece": 1}, Reason.PRECISION)
    assert THEOREM.open(Reason.PRECISION).inputs == {}
    assert replace(THEOREM, subject="").open(Reason.TIME, INPUTS).inputs == {}


def test_a_claim_is_printed_with_status_numbers_and_reason():
    """Status in capitals, each number with both ends; a count is printed as the integers that it may be."""
    assert str(CLAIM).split("\n") == [
        "size: PROVED. The size is above 1, as x is proved.",
        "    size in [2, 3]",
        "    length in [0, 1]",
    ]
    assert (
        str(Claim("size", Status.UNDECIDED, "Is it?", reason=Reason.TIME))
        == f"size: UNDECIDED. Is it?\n    because {Reason.TIME.explanation}"
    )


@pytest.mark.parametrize(
    ("low", "high", "printed"),
    [
        ("1/2", "5/4", "= 1"),
        ("1/2", "5/2", "from 1 to 2"),
        ("-5/2", "-1/2", "from -2 to -1"),
        ("1/4", "1/2", "in [0.25, 0.5]"),
        (0, LARGEST_COUNT, f"from 0 to {LARGEST_COUNT}"),
        (-LARGEST_COUNT, 0, f"from {-LARGEST_COUNT} to 0"),
    ],
)
def test_a_count_is_printed_as_integers(low, high, printed):
    """The integers inside of the interval; where there is none, or very many, the interval."""
    assert str(Claim("c", Status.PROVED, ".", {"turns": _interval(low, high)})).endswith(f"turns {printed}")


def test_too_many_counts_are_printed_as_an_interval():
    """Beyond the largest count on either side the ends are printed, rounded; so are all numbers that are no counts."""
    for low, high in ((0, LARGEST_COUNT + 1), (-LARGEST_COUNT - 1, 0)):
        assert " in [" in str(Claim("c", Status.PROVED, ".", {"turns": _interval(low, high)}))
    assert " in [" in str(Claim("c", Status.PROVED, ".", {"length": _interval(1, 2)}))
